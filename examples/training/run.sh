#!/bin/sh
# Training from the shell: label, train, compare, report. Run in an empty folder after `. build/env.sh`; NP=4 trains on
# four ranks, LEVEL=16 is the level.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cp "$here"/in.snapshots "$here"/reference.lmp .
level=${LEVEL:-16}

echo "== 1. Frames from 300 to 2600 K, labelled by an embedded-atom potential: 100 to train on, 40 others to test"
for set in 'train 120 4928459' 'test 300 271828'; do
  set -- $set
  lmp -log none -screen none -in in.snapshots -var name "$1" -var every "$2" -var seed "$3"
  mtp convert "$1.dump" "$1-bare.extxyz"
  rm -f "$1.extxyz"
  mtp label "$1-bare.extxyz" -o "$1.extxyz" --qm "lammps reference.lmp"
done

echo "== 2. A linear fit, for comparison"
mtp init --force --level "$level" --species Al --cutoff 6.0 -o al.mtp
mtp train al.mtp train.extxyz -o linear.almtp --linear --valid test.extxyz

echo "== 3. All parameters"
if [ "${NP:-1}" -gt 1 ]; then
  "$MPIEXEC" -n "$NP" mtp train al.mtp train.extxyz -o al.almtp --valid test.extxyz --log train.log
else
  mtp train al.mtp train.extxyz -o al.almtp --valid test.extxyz --log train.log
fi

if command -v gnuplot >/dev/null; then
  mtp report al.almtp test.extxyz train.log -o report.html --title "Aluminium, level $level"
  echo "== The page: $PWD/report.html"
fi
