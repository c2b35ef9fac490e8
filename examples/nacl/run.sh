#!/bin/sh
# Learning molten salt with and without the charges of its ions. Run in an empty folder after `. build/env.sh`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cp "$here"/in.* "$here"/*.lmp "$here"/plot.gp .
np=${NP:-1}

echo "== 1. Learning: 64 atoms, 300 K -> 1500 K, once beside the charges of the ions and once without them"
mtp init --force --level 12 --species Na,Cl --cutoff 6.0 -o untrained.almtp
for model in charges whole; do
  [ $model = charges ] && charges=yes || charges=no
  rm -f $model.extxyz $model.extxyz.* $model.jsonl
  "$MPIEXEC" -n "$np" lmp -log log.learn.$model -screen none -in in.learn -var name $model -var charges $charges
  grep -e 'expected force error' -e 'ran alone' log.learn.$model
done

echo "== 2. The same by cut-outs of 1000 atoms at 1400 K"
for model in charges whole; do
  name=${model}_cut
  [ $model = charges ] && charges=yes || charges=no
  rm -f $name.extxyz $name.extxyz.* $name.jsonl
  "$MPIEXEC" -n "$np" lmp -log log.learn.$name -screen none -in in.cut -var name $name -var charges $charges
  awk -v name=$name 'NF == 1 { n++; s += $1 } END { print name ": " n " labels of " int(s / n + 0.5) " atoms" }' $name.extxyz
done

echo "== 3. The melt: 1000 atoms at 1400 K with all of them, and with the reference"
for model in reference charges whole charges_cut whole_cut; do
  case $model in charges*) beside=yes ;; *) beside=no ;; esac
  "$MPIEXEC" -n "$np" lmp -log log.melt.$model -screen none -in in.melt -var model $model -var beside $beside
  echo "$model: pressure $(tail -n 1 pressure.$model | cut -d' ' -f2) bar"
done

echo "== 4. Errors on frames of that melt"
rm -f frames.extxyz labelled.extxyz
mtp convert frames.dump frames.extxyz
mtp label frames.extxyz -o labelled.extxyz --species Na,Cl --qm "lammps reference.lmp maxforce=1000"
for name in charges charges_cut; do
  mtp errors $name.almtp labelled.extxyz --baseline "lammps $name.extxyz.baseline"
done
for name in whole whole_cut; do mtp errors $name.almtp labelled.extxyz; done
if command -v gnuplot > /dev/null; then
  gnuplot plot.gp && echo "The picture: $PWD/nacl.png"
fi
