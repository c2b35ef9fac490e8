#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# soak.sh [MINUTES]: a run that learns, on two ranks, for two hours or MINUTES, in a folder soak of the current one. It is
# killed or stopped about every tenth of that and goes on from its restart file; the last third is undisturbed. Then: no
# label was lost or made twice, files are whole, and the memory of that third is flat. After `. build/env.sh`.
set -eu
minutes=${1:-120}
here=$(cd "$(dirname "$0")/../.." && pwd)
export SOURCE_DIR="$here"
. "$here/tests/cli/_lib.sh"
[ -n "${MPIEXEC:-}" ] && command -v lmp >/dev/null || die 'after `. build/env.sh`'
rm -rf soak
mkdir soak
cd soak
cp "$here/examples/al-melt/reference.lmp" .
mtp init --level 8 --species Al --cutoff 5.0 -o al.almtp

# An engine of its own process, that notes who asks; the temperature goes up and down for ever.
cat >label.sh <<END
awk 'NR > 2 { line = line \$1 " " \$2 " " \$3 " " \$4 " " } END { print line }' in.extxyz >>$PWD/asked
mtp label in.extxyz -o out.extxyz --qm "lammps $PWD/reference.lmp"
END
cat >in.soak <<'END'
variable start getenv START
variable until getenv UNTIL
if "${start} == again" then "read_restart soak.*.restart" else "include in.start"
mass 1 26.982
pair_style mtp/al qm "exec sh ./label.sh workers=2" explore no
pair_coeff * * al.almtp Al
timestep 0.002
variable phase equal "step/5000*2*PI"
variable heat equal "900.0-600.0*cos(v_phase)"
fix integrate all nve
fix bath all langevin v_heat 900.0 0.1 4711
restart 50 soak.*.restart
thermo 1000
timer timeout ${until} every 10
run 100000000
END
cat >in.start <<'END'
units metal
atom_style atomic
lattice fcc 4.05
region cell block 0 3 0 3 0 3
create_box 1 cell
create_atoms 1 box
mass 1 26.982
velocity all create 300.0 11
END
: >asked
: >memory.txt
positions() {
  awk 'left == 0 { left = $1 + 2 } { left-- }
    /Lattice=/ { labelled = / energy=/; line = ""; next }
    labelled && NF > 3 { line = line $1 " " $2 " " $3 " " $4 " " }
    labelled && left == 0 { print line; labelled = 0 }' "$@"
}
# known: what is labelled in train.extxyz, or waits in train.extxyz.calls
known() { for file in train.extxyz train.extxyz.calls; do [ ! -e $file ] || positions $file; done | sort -u; }

# segment SECONDS SIGNAL: goes on; after SECONDS the ranks get SIGNAL, or end by themselves if it is none
segment() {
  # one that a kill has cut short is older than it looks
  find . -name 'soak.*.restart' -size -10k -delete
  START=fresh
  ! ls soak.*.restart >/dev/null 2>&1 || START=again
  most=$1
  [ "$2" = none ] || most=$(($1 + 60))
  export START UNTIL=$(printf '%02d:%02d:%02d' $((most / 3600)) $((most / 60 % 60)) $((most % 60)))
  begin=$(date +%s)
  "$MPIEXEC" -n 2 lmp -in in.soak -log none -nocite >screen 2>&1 </dev/null &
  pid=$!
  while [ $(($(date +%s) - begin)) -lt "$1" ] && kill -0 $pid 2>/dev/null; do
    sleep 2
    for rank in $(ranks); do sed -n "s/^VmRSS:[^0-9]*\([0-9]*\).*/$(date +%s) $rank \1/p" "/proc/$rank/status" 2>/dev/null; done \
      >>memory.txt || true
  done
  if [ "$2" != none ]; then
    victim=$(ranks | head -n 1)
    [ -z "$victim" ] || kill -"$2" "$victim" 2>/dev/null || true # it may have come to its end just now
  fi
  status=0
  wait $pid || status=$?
  [ "$2" != none ] || [ $status -eq 0 ] || die "ended with $status: $(tail -n 3 screen)"
  ! grep '^ERROR' screen | grep -v stopped || die 'an error in a run'
}
# the ranks of this mpiexec, which are children of its proxy
ranks() {
  for rank in $(pgrep -x lmp); do
    [ "$(readlink "/proc/$rank/cwd" 2>/dev/null)" != "$PWD" ] || echo "$rank"
  done
}

total=$((minutes * 60))
end=$(($(date +%s) + total * 2 / 3))
kills=0
: >before
while [ "$(date +%s)" -lt $end ]; do
  case $((kills % 3)) in 0 | 1) signal=KILL ;; *) signal=TERM ;; esac
  segment $((total / 15 + 5 * (kills % 4))) $signal
  kills=$((kills + 1))
  known >now
  [ -z "$(comm -23 before now)" ] || die "labels were lost at kill $kills"
  mv now before
  rm -f al.almtp.*.tmp
  mtp info al.almtp >info.txt
  [ ! -e train.extxyz ] || mtp info train.extxyz >info.txt
  echo "$(date +%H:%M) kill $kills ($signal): $(wc -l <before) labels, $START"
done
: >memory.txt
segment $((total / 3)) none
[ -z "$(positions train.extxyz | sort | uniq -d)" ] || die 'a configuration was labelled twice'
# calls that were under way at a kill are made again: four at most
asked=$(sort asked | uniq | wc -l)
again=$(($(wc -l <asked) - asked))
[ $again -le $((2 * kills)) ] || die "$again calls were made again after $kills kills"
# Of each rank the middle of the second and of the last fifth; a label of 108 atoms may take 100 kB with its rows.
labels=$(($(positions train.extxyz | wc -l) - $(wc -l <before)))
awk -v labels="$labels" '
  { n[$2]++; rss[$2, n[$2]] = $3 }
  function middle(rank, from, to,    k, s) { for (k = from; k <= to; k++) s += rss[rank, k]; return s / (to - from + 1) }
  END {
    for (rank in n) {
      if (n[rank] < 5) continue
      early = middle(rank, int(0.2 * n[rank]) + 1, int(0.4 * n[rank])); late = middle(rank, int(0.8 * n[rank]) + 1, n[rank])
      printf "rank %s: %.1f MB, later %.1f MB\n", rank, early / 1024, late / 1024; seen++
      if (late - early > 2048 + 100 * labels + 0.02 * early) { print "memory grows"; bad = 1 }
    }
    if (seen < 2) { print "too short to tell"; bad = 1 }
    exit bad
  }' memory.txt || die 'memory'
echo "soak of $minutes minutes: $kills kills, $(positions train.extxyz | wc -l) labels ($labels in the end), $again calls again"
