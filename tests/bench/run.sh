#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Times a force call of `mtp` and `mtp/al` (graded at every step) next to `snap` and `eam/alloy` in the same LAMMPS, on one
# core: microseconds an atom and step, and ratios to the yardsticks of the same run, which travel to other machines when
# times do not. Works in the current folder; the potentials are made on the spot from embedded-atom labels.
# Usage: run.sh [--json]; LEVELS="8 12 16 20" and ROUNDS=3 can be set. build/env.sh must have been sourced.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
levels=${LEVELS:-8 12 16 20}
rounds=${ROUNDS:-3}
export OPENBLAS_NUM_THREADS=1

# A style file for in.bench: name, then lines.
style() {
  name=$1
  shift
  printf '%s\n' "$@" > "style.$name"
}

make_potentials() {
  lmp -log none -screen none -in "$here/in.cells"
  mtp convert cells.dump cells.extxyz
  rm -f labelled.extxyz
  mtp label cells.extxyz -o labelled.extxyz --qm "lammps style.eam" > label.log
  for level in $levels; do
    mtp init --force --level "$level" --species Cu --cutoff 5.0 --min-dist 2.0 -o start.mtp
    mtp train start.mtp labelled.extxyz --linear -o "level$level.almtp" > "train$level.log"
    style "mtp-$level" "pair_style mtp" "pair_coeff * * level$level.almtp Cu"
    style "mtp-al-$level" "pair_style mtp/al qm none select 1e9 break 1e9 train none$level.extxyz save unused.almtp" \
      "pair_coeff * * level$level.almtp Cu"
  done
}

# time_style NAME STEPS: microseconds an atom and step.
time_style() {
  lmp -log log.bench -screen none -var style "style.$1" -var steps "$2" -in "$here/in.bench"
  awk '/^Loop time of/ { printf "%.4f\n", $4 / $9 / $12 * 1e6 }' log.bench
}

median() { sort -n "$1" | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'; }

# Everything is timed in turn, round after round, so that a slow moment of the machine hits all alike.
measure() {
  round=0
  while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    [ -t 2 ] && printf '\rround %d of %d ' "$round" "$rounds" >&2
    time_style eam 400 >> time.eam
    time_style snap 10 >> time.snap
    for level in $levels; do
      time_style "mtp-$level" 200 >> "time.mtp-$level"
      time_style "mtp-al-$level" 100 >> "time.mtp-al-$level"
    done
  done
  [ -t 2 ] && printf '\r\033[K' >&2
  return 0
}

# report NAME TITLE LEVEL
report() {
  us=$(median "time.$1")
  if [ "$json" = yes ]; then
    awk -v t="$us" -v style="$2" -v level="$3" -v eam="$eam" -v snap="$snap" -v comma="$comma" 'BEGIN {
      printf "%s{\"style\":\"%s\",\"level\":%s,\"us_per_atom\":%.4f,\"over_eam\":%.3f,\"below_snap\":%.2f}",
        comma, style, level == "-" ? "null" : level, t, t / eam, snap / t }'
    comma=,
  else
    awk -v t="$us" -v style="$2" -v level="$3" -v eam="$eam" -v snap="$snap" \
      'BEGIN { printf "%-12s %5s %12.3f %12.2f %14.1f\n", style, level, t, t / eam, snap / t }'
  fi
}

report_all() {
  eam=$(median time.eam)
  snap=$(median time.snap)
  comma=
  if [ "$json" = yes ]; then
    printf '{"atoms":2048,"rounds":%d,"results":[' "$rounds"
  else
    echo "2048 displaced fcc atoms, MTP cutoff 5 A (38 neighbours), one core, median of $rounds"
    printf '%-12s %5s %12s %12s %14s\n' style level "us/atom" "time/eam" "snap/time"
  fi
  report eam eam/alloy -
  report snap snap -
  for level in $levels; do
    report "mtp-$level" mtp "$level"
    report "mtp-al-$level" mtp/al "$level"
  done
  [ "$json" = no ] || printf ']}\n'
}

json=no
[ "${1:-}" = --json ] && json=yes
rm -f time.*
style eam "pair_style eam/alloy" "pair_coeff * * Cu_mishin1.eam.alloy Cu"
style snap "pair_style snap" "pair_coeff * * Cu_Zuo_JPCA2020.snapcoeff Cu_Zuo_JPCA2020.snapparam Cu"
make_potentials
measure
report_all
