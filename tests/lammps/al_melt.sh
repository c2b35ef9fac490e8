#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# The demo, as a user runs it: from nothing to a potential that needs no more labels at 1000 K and knows the liquid.
. "$SOURCE_DIR/tests/lammps/_lib.sh"

sh "$SOURCE_DIR/examples/al-melt/run.sh" >demo.out 2>&1 || die "the demo fails: $(tail -n 5 demo.out)"
labels=$(grep -c '"event":"label"' mtp-al.jsonl)
[ "$labels" -le 120 ] || die "$labels labels, expected at most 120"
[ "$labels" -ge 5 ] || die "$labels labels: the warm-up alone has 5"
grep -q '^QM calls of the graded run: 0$' demo.out || die "the graded run asked for labels"
mtp errors al.almtp liquid-labelled.extxyz --json >errors.json
rmse=$(member errors.json '"force":{"mae":[^,]*,"rmse":')
below "$rmse" 0.06
# it did melt: the liquid at the end is less dense than the crystal that it came from
awk '!/^#/ { if ($1 == 3000) solid = $5; last = $5; hot = $2 } END { exit !(hot > 1300 && last < 0.96 * solid) }' history.dat ||
  die "the crystal did not melt"
