#!/bin/sh
# The demo: learn, then use what was learned. Run in an empty folder after `. build/env.sh`; NP=2 uses two MPI ranks.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cp "$here"/in.* "$here"/reference.lmp "$here"/plot.gp .
np=${NP:-1}

echo "== 1. An untrained level-12 potential for aluminium"
mtp init --force --level 12 --species Al --cutoff 6.0 --min-dist 2.0 -o al.almtp

echo "== 2. Learning on the fly: 300 K -> 1600 K, 256 atoms, labels by an embedded-atom potential"
rm -f train.extxyz mtp-al.jsonl candidates.extxyz
"$MPIEXEC" -n "$np" lmp -log log.learn -in in.learn

echo "== 3. Production with the frozen potential: 2048 atoms at 1000 K"
"$MPIEXEC" -n "$np" lmp -log log.frozen -in in.frozen

echo "== 4. A graded run at 1000 K: does it still ask for labels?"
"$MPIEXEC" -n "$np" lmp -log log.graded -screen none -in in.graded
grep "^QM calls" log.graded

echo "== 5. Force errors on fresh liquid"
"$MPIEXEC" -n "$np" lmp -log log.liquid -screen none -in in.liquid
mtp convert liquid.dump liquid.extxyz
rm -f liquid-labelled.extxyz
mtp label liquid.extxyz -o liquid-labelled.extxyz --qm "lammps reference.lmp"
mtp errors al.almtp liquid-labelled.extxyz

mtp info mtp-al.jsonl
if command -v gnuplot > /dev/null; then
  gnuplot plot.gp && echo "The picture: $PWD/al-melt.png"
fi
