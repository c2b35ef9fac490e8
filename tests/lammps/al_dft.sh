#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# processors: 1
# The first steps of the example with real density-functional theory, at its mean-value point and with few plane waves
# to save time.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
command -v pw.x >/dev/null && [ -r /usr/share/espresso/pseudo/Al.pz-vbc.UPF ] || {
  echo "pw.x or its pseudopotential is not here"
  exit 77
}

mkdir example
cp "$SOURCE_DIR"/examples/al-dft/* example
sed -i 's/2 2 2 1 1 1/1 1 1 1 1 1/; s/ecutwfc = 12/ecutwfc = 8/' example/al.in
STEPS=20 PW=pw.x sh example/run.sh >dft.out 2>&1 || die "the example fails: $(tail -n 5 dft.out)"
labels=$(grep -c '"event":"label"' mtp-al.jsonl)
[ "$labels" -ge 5 ] || die "$labels labels, expected at least those of the warm-up"
! grep -q '"event":"reject"' mtp-al.jsonl || die "pw.x failed: $(grep reject mtp-al.jsonl | head -n 1)"
mtp info train.extxyz --json >info.json
grep -q "\"configurations\":$labels" info.json || die "the training set does not hold $labels configurations"
mtp errors al.almtp train.extxyz --json >errors.json
rmse=$(member errors.json '"force":{"mae":[^,]*,"rmse":')
below "$rmse" 0.3
