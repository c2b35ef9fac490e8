#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Are errors of forces what was to be expected? On frames that were never learned. Needs `. build/env.sh`.
# Usage: calibration.sh [NAME ...]      of materials/*.in: a short learning run, then frames of the reference's own run
#        calibration.sh TRAINING TEST   of labelled files: mtp train, then the others
# Environment: LEVEL (12), STEPS (of the learning run, 4000), ITER (300, of mtp train), OPTS, KEEP, REF as in materials.sh.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export LC_ALL=C OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
keep=${KEEP:-calibration}
level=${LEVEL:-12}
mkdir -p "$keep"
keep=$(cd "$keep" && pwd)

# compare NAME POT LABELS
compare() {
  mtp eval "$2" "$3" -o "$keep/$1.eval.extxyz" --error
  awk -v name="$1" -f "$here/coverage.awk" "$3" "$keep/$1.eval.extxyz"
}

echo "material  components RMS_error   expected  in_1sigma in_2sigma"
case ${1:-} in
  *.extxyz)
    name=$(basename "$1" | sed 's/\..*//')
    species=$(awk '/Properties=/ { getline; print $1; exit }' "$1")
    mtp init --level "$level" --species "${SPECIES:-$species}" --cutoff 5 -o "$keep/start.almtp"
    mtp train "$keep/start.almtp" "$1" -o "$keep/$name.almtp" --max-iter "${ITER:-300}" >"$keep/$name.log"
    compare "$name" "$keep/$name.almtp" "$2"
    ;;
  *)
    export STEPS="${STEPS:-4000}" KEEP="$keep"
    for name in ${*:-al32 alni nacl}; do
      PARTS="${PARTS-learn errors}" sh "$here/materials.sh" "$name" >"$keep/$name.log" 2>&1
      references=${REF:-${XDG_CACHE_HOME:-$HOME/.cache}/libmtpal/materials}
      folder=$(ls -td "$references/$name"-*-"$STEPS" | head -n 1)
      compare "$name" "$keep/$name/pot.almtp" "$folder/test.extxyz"
    done
    ;;
esac
