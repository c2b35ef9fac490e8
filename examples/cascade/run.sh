#!/bin/sh
# A displacement cascade in tungsten: learn one, run another. Run in an empty folder after `. build/env.sh`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cp "$here"/in.* "$here"/*.lmp "$here"/plot.gp .
np=${NP:-1}

echo "== 1. Learning: a recoil of 1 keV in 3456 atoms, on top of the repulsion of nuclei"
mtp init --force --level 10 --species W --cutoff 5.0 -o w.almtp
rm -f train.extxyz train.extxyz.* mtp-al.jsonl candidates.extxyz
"$MPIEXEC" -n "$np" lmp -log log.learn -screen none -in in.learn
grep -e 'expected force error' log.learn

echo "== 2. A recoil in another direction, with the reference and with the frozen potential"
for model in reference frozen; do
  "$MPIEXEC" -n "$np" lmp -log log.$model -screen none -in in.cascade -var model $model
done

echo "== 3. Errors on frames of that cascade"
rm -f frames.extxyz labelled.extxyz
mtp convert reference.dump frames.extxyz
mtp label frames.extxyz -o labelled.extxyz --qm "lammps reference.lmp maxforce=5000"
mtp errors w.almtp labelled.extxyz --baseline "lammps train.extxyz.baseline"
if command -v gnuplot > /dev/null; then
  gnuplot plot.gp && echo "The picture: $PWD/cascade.png"
fi
