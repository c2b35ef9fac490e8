#!/bin/sh
# A large run with a frozen potential of level 16, in both precisions, and what it costs. Run in an empty folder after
# `. build/env.sh`. NP=2 ranks (default: all cores), CELLS=63 (1000188 atoms), STEPS=50 can be set.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cp "$here"/in.* "$here"/reference.lmp .
np=${NP:-$(nproc)}
cells=${CELLS:-63}
steps=${STEPS:-50}
export OPENBLAS_NUM_THREADS=1

if [ ! -s cu.almtp ]; then
  echo "== A potential of level 16, fitted to cells labelled by an embedded-atom potential"
  lmp -log none -screen none -in in.cells
  mtp convert cells.dump cells.extxyz
  rm -f labelled.extxyz
  mtp label cells.extxyz -o labelled.extxyz --qm "lammps reference.lmp" > label.log
  mtp init --force --level 16 --species Cu --cutoff 5.0 --min-dist 1.8 -o cu.mtp
  mtp train cu.mtp labelled.extxyz --linear -o cu.almtp > train.log
fi

# run_style NAME PAIR COEFF: log.NAME, and in peak.NAME the largest memory of a rank in kilobytes.
run_style() {
  : > "peak.$1"
  "$MPIEXEC" -n "$np" sh -c '
    name=$1; shift
    "$@" &
    while kill -0 $! 2>/dev/null; do
      kilobytes=$(sed -n "s/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p" /proc/$!/status 2>/dev/null) || :
      [ -z "$kilobytes" ] || echo "$!" "$kilobytes" >> "peak.$name"
      sleep 0.2
    done
    wait $!' sh "$1" lmp -log "log.$1" -screen none -in in.production -var pair "$2" -var coeff "$3" \
    -var cells "$cells" -var steps "$steps" </dev/null
}

# bytes NAME ATOMS: of all ranks, an atom.
bytes() {
  awk -v n="$2" '$2 > most[$1] { most[$1] = $2 } END { for (rank in most) sum += most[rank]; print 1024 * sum / n }' \
    "peak.$1"
}

# share NAME PART: of the time, in percent, as LAMMPS tells it.
share() { awk -F '|' -v part="$2" '$1 ~ "^" part { v = $6 } END { print v + 0 }' "log.$1"; }

# Not watched (no `stop`), so that evaluations alone are timed.
echo "== $((4 * cells * cells * cells)) atoms, $np ranks, $steps steps"
run_style zero "zero 5.0 full" ""
run_style double "mtp precision double" "cu.almtp Cu"
run_style mixed "mtp precision mixed" "cu.almtp Cu"
printf '%-10s %16s %10s %7s %7s %7s %22s\n' precision "us/atom/step/core" ns/day "pair %" "neigh %" "comm %" "bytes/atom over zero"
for name in double mixed; do
  atoms=$(awk '/^Loop time of/ { n = $12 } END { print n }' "log.$name")
  awk '/^Loop time of/ { t = $4; p = $6; s = $9; n = $12 } /^Performance:/ { d = $2 } END { print t * p / s / n * 1e6, d }' \
    "log.$name" | {
    read -r us ns
    over=$(awk -v a="$(bytes "$name" "$atoms")" -v b="$(bytes zero "$atoms")" 'BEGIN { print a - b }')
    printf '%-10s %16.3f %10.4f %7.1f %7.1f %7.1f %22.0f\n' "$name" "$us" "$ns" "$(share "$name" Pair)" \
      "$(share "$name" Neigh)" "$(share "$name" Comm)" "$over"
  }
done
