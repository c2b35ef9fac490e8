#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What options of pair_style mtp/al are worth: the same decks of materials/ with each of them, labels and final errors
# on frames of the reference's own run. Needs `. build/env.sh`. Usage: options.sh [NAME ...] (al32, si, alni)
# Environment: TRIED, options in lines (the defaults, thresholds by themselves, a level that grows); the variables of
# materials.sh, of which LEVEL is 16 and STEPS 1500 here.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || set -- al32 si alni
keep=${KEEP:-options}
tried=${TRIED-'
select auto break auto
grow yes'}
printf '%s\n' "$tried" | while IFS= read -r options; do
  tag=$(printf '%s' "${options:-default}" | tr ' ' _)
  PARTS="learn errors" LEVEL=${LEVEL:-16} STEPS=${STEPS:-1500} KEEP=$keep/$tag OPTS=$options TAG=$(printf '%.12s' "$tag") \
    sh "$here/materials.sh" "$@" </dev/null
done
