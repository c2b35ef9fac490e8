#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Times force calls of `mtp` in both precisions and of `mtp/al` (graded at every step) next to `snap` and `eam/alloy` in
# the same LAMMPS, on one core: microseconds an atom and step, and ratios to the yardsticks of the same run, which travel
# to other machines when times do not. Then the same potentials in `mtp bench`, outside LAMMPS. Works in the current
# folder; potentials are made on the spot from embedded-atom labels, published ones taken from $MTP_SHARED/potentials.
# Usage: run.sh [--json]. Everything measured is also left in bench.json. LEVELS="8 12 16 20 24", ROUNDS=3 and SPEND=12
# (seconds for each style, all rounds together) can be set. build/env.sh must have been sourced.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
levels=${LEVELS:-8 12 16 20 24}
rounds=${ROUNDS:-3}
spend=${SPEND:-12}
library=${MTP_SHARED:-$here/../../../shared}/potentials
export OPENBLAS_NUM_THREADS=1

json=no
case $#${1:-} in
  0) ;;
  1--json) json=yes ;;
  *) echo "Usage: run.sh [--json]" >&2 && exit 2 ;;
esac

# progress WORD...: on a terminal, written over.
progress() { if [ -t 2 ]; then printf '\r%s\033[K' "$*" >&2; fi; }

# crystal NAME LATTICE CONSTANT CELLS CUTOFF: variables of in.bench, with a skin of a fifth of the cutoff, and, counted
# in LAMMPS, what the crystal holds: atoms, neighbours inside the cutoff, neighbours in the list.
crystal() {
  skin=$(awk -v r="$5" 'BEGIN { printf "%.4g", r / 5 }')
  echo "-var lattice $2 -var constant $3 -var cells $4 -var skin $skin" > "crystal.$1"
  style count "pair_style zero $5 full" "pair_coeff * *" "compute near all coord/atom cutoff $5" \
    "compute mean all reduce ave c_near" "thermo_style custom step atoms c_mean"
  call_lammps count "$1" 0
  awk '/^ *Step/ { getline; atoms = $2; near = $3 } /^Ave neighs\/atom/ { printf "%d %.2f %.1f\n", atoms, near, $4 }' \
    log.bench > "counts.$1"
}

# A style file for in.bench: name, then lines.
style() {
  name=$1
  shift
  printf '%s\n' "$@" > "style.$name"
}

# job NAME CRYSTAL STYLE LEVEL PRECISION POTENTIAL: one thing to time; style.NAME says how.
job() { echo "$@" >> jobs.list; }

# call_lammps NAME CRYSTAL STEPS
call_lammps() {
  # shellcheck disable=SC2046 # words
  lmp -log log.bench -screen none $(cat "crystal.$2") -var style "style.$1" -var steps "$3" -in "$here/in.bench" \
    </dev/null && return 0
  echo "error: LAMMPS fails with style.$1: $(grep '^ERROR' log.bench)" >&2
  exit 1
}

# time_style NAME CRYSTAL STEPS: microseconds an atom and step on the processor: what other processes take away in
# between is not the pair style's.
time_style() {
  call_lammps "$@"
  awk '/^Loop time of/ { us = $4 / $9 / $12 * 1e6 } /% CPU use/ { printf "%.5f\n", us * $1 / 100 }' log.bench
}

yardsticks() {
  style eam "pair_style eam/alloy" "pair_coeff * * Cu_mishin1.eam.alloy Cu"
  job eam own eam/alloy - double Cu_mishin1
  style snap "pair_style snap" "pair_coeff * * Cu_Zuo_JPCA2020.snapcoeff Cu_Zuo_JPCA2020.snapparam Cu"
  job snap own snap - double Cu_Zuo_JPCA2020
}

# mtp_jobs NAME CRYSTAL LEVEL FILE PAIR_COEFF: both precisions, and `mtp bench` afterwards.
mtp_jobs() {
  style "$1-double" "pair_style mtp precision double" "pair_coeff * * $5"
  style "$1-mixed" "pair_style mtp precision mixed" "pair_coeff * * $5"
  job "$1-double" "$2" mtp "$3" double "$1"
  job "$1-mixed" "$2" mtp "$3" mixed "$1"
  echo "$1 $4" >> files.list
}

own_potentials() {
  lmp -log none -screen none -in "$here/in.cells" </dev/null
  mtp convert cells.dump cells.extxyz
  mtp label cells.extxyz -o labelled.extxyz --qm "lammps style.eam" > label.log
  for level in $levels; do
    progress "fitting level $level"
    mtp init --force --level "$level" --species Cu --cutoff 5.0 --min-dist 2.0 -o start.mtp
    mtp train start.mtp labelled.extxyz --linear -o "level$level.almtp" > "train$level.log"
    mtp_jobs "level$level" own "$level" "level$level.almtp" "level$level.almtp Cu"
    style "al-$level" "pair_style mtp/al qm none select 1e9 break 1e9 train none$level.extxyz save unused.almtp" \
      "pair_coeff * * level$level.almtp Cu"
    job "al-$level" own mtp/al "$level" double "level$level"
  done
}

# published NAME LATTICE CELLS [CONSTANT]: without a constant, as many neighbours as the own potentials have.
published() {
  if [ ! -r "$library/$1.mtp" ]; then
    echo "$1 is left out: no $library/$1.mtp" >&2
    return 0
  fi
  cp "$library/$1.mtp" .
  mtp info "$1.mtp" --json > info.json
  cutoff=$(number cutoff < info.json)
  side=${4:-$(awk -v r="$cutoff" -v a="$constant" 'BEGIN { printf "%.6g", a * r / 5 }')}
  crystal "$1" "$2" "$side" "$3" "$cutoff"
  mtp_jobs "$1" "$1" "$(number level < info.json)" "$1.mtp" "$1.mtp"
}

# number KEY: what follows the key in a line of JSON.
number() { sed -n "s/.*\"$1\":\([^,}]*\).*/\1/p"; }

median() { sort -n "$1" | awk '{ x[NR] = $1 } END { print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'; }

# A few steps tell how many are wanted. The last step of a run costs more than others, up to twice (energies for the
# thermodynamic output), so a run needs enough of them not to wrong a yardstick.
choose_steps() {
  while read -r name crystal _; do
    progress "choosing steps: $name"
    us=$(time_style "$name" "$crystal" 5)
    read -r atoms _ < "counts.$crystal"
    awk -v us="$us" -v atoms="$atoms" -v seconds="$spend" -v rounds="$rounds" \
      'BEGIN { n = int(1e6 * seconds / (rounds * us * atoms)); print (n < 20 ? 20 : n) }' > "steps.$name"
  done < jobs.list
}

# Everything is timed in turn, round after round, so that a slow moment of the machine hits all alike.
measure() {
  round=0
  while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    while read -r name crystal _; do
      progress "round $round of $rounds: $name"
      time_style "$name" "$crystal" "$(cat "steps.$name")" >> "time.$name"
    done < jobs.list
  done
}

bench_potentials() {
  while read -r name file; do
    progress "mtp bench: $name"
    mtp bench "$file" --json > "bench.$name.json"
  done < files.list
}

# One line for each job: style potential level precision us atoms neighbours listed
collect() {
  while read -r name crystal style level precision potential; do
    echo "$style $potential $level $precision $(median "time.$name") $(cat "counts.$crystal")"
  done < jobs.list
}

# One line for each result of mtp bench: potential level isa precision, then its numbers in their order.
collect_bench() {
  while read -r name file; do
    level=$(number level < "bench.$name.json")
    sed 's/.*"results":\[//; s/},{/}\n{/g' "bench.$name.json" |
      sed -n "s/[{}\"]//g; s/\]//g; s/[a-z_]*://gp" | sed "s/^/$name,$level,/"
  done < files.list
}

print_json() {
  printf '{"rounds":%d,"seconds":%g,"results":[\n' "$rounds" "$spend"
  awk -v eam="$eam" -v snap="$snap" '{
    printf "%s{\"style\":\"%s\",\"potential\":\"%s\",\"level\":%s,\"precision\":\"%s\",\"us_per_atom\":%.4f,", \
      (NR > 1 ? ",\n" : ""), $1, $2, ($3 == "-" ? "null" : $3), $4, $5
    printf "\"over_eam\":%.4f,\"below_snap\":%.3f,\"atoms\":%d,\"neighbours\":%s,\"listed_neighbours\":%s}", \
      $5 / eam, snap / $5, $6, $7, $8 } END { print "" }' results
  echo '],'
  echo '"bench":['
  comma=
  while read -r name file; do
    printf '%s' "$comma" && cat "bench.$name.json"
    comma=,
  done < files.list
  echo ']}'
}

print_tables() {
  read -r atoms near listed < counts.own
  echo "$atoms displaced fcc atoms, MTP cutoff 5 A ($near neighbours, $listed in the list), one core, processor time,"
  echo "median of $rounds rounds; time/eam and snap/time are ratios to the yardsticks of this run (first two lines)"
  awk -v eam="$eam" -v snap="$snap" 'BEGIN {
      printf "%-10s %-16s %5s %-9s %10s %10s %10s %7s %10s\n", "style", "potential", "level", "precision", "us/atom", \
        "time/eam", "snap/time", "atoms", "neighbours" }
    { printf "%-10s %-16s %5s %-9s %10.3f %10.2f %10.1f %7d %10.1f\n", $1, $2, $3, $4, $5, $5 / eam, snap / $5, $6, $7 }' \
    results
  echo
  echo "mtp bench, outside LAMMPS: deviations of forces and energy are from the first line of each potential, the reference"
  collect_bench | awk -F, 'BEGIN {
      printf "%-16s %5s %-9s %-9s %9s %9s %12s %10s %12s %9s %9s\n", "potential", "level", "isa", "precision", \
        "us/atom", "speed-up", "force, eV/A", "relative", "eV/atom", "graded", "all" }
    { printf "%-16s %5s %-9s %-9s %9.3f %9.2f %12.2e %10.1e %12.2e %9s %9.3f\n", $1, $2, $3, $4, $5, $6, $7, $8, $9, \
        ($10 == "null" ? "-" : sprintf("%.3f", $10)), $11 }'
}

rm -f jobs.list files.list time.*
constant=3.947 # of fcc: 38 neighbours inside 5 A
crystal own fcc $constant 8 5
yardsticks
own_potentials
published Li.zuo2020 bcc 10 3.49
published Ni.zuo2020 fcc 8
published Cu.zuo2020 fcc 8
published Si.zuo2020 fcc 8
choose_steps
measure
bench_potentials
progress

eam=$(median time.eam)
snap=$(median time.snap)
collect > results
print_json > bench.json
if [ "$json" = yes ]; then cat bench.json; else print_tables; fi
