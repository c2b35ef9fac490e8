#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Silver iodide, whose silver flows through a crystal of iodine: learned in 108 atoms, and how fast silver diffuses in as many,
# beside the reference's. Run by ../run.sh in an empty folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../_lib.sh"
level=12 learn=10000 cells=3 segments=5 temperatures='500 800' seeds='1 2 3'
[ $quick = no ] || level=8 learn=1000 cells=3 segments=2 temperatures=800 seeds=1
lmp -help </dev/null | grep -q -w coul/long || { echo 'skipped: this LAMMPS has no coul/long (KSPACE)' && exit 77; }
cp "$here/reference.lmp" .
printf 'Ag-Ag 11 0.16 0 0\nAg-I 9 1310 14.9 0\nI-I 7 5328 29.8 84.5\n' | awk -f "$here/tables.awk" >agi.table
# in decks the style of atoms comes earlier
sed '/^atom_style/d' reference.lmp >reference.md.lmp
printf 'pair_style mtp\npair_coeff * * learned.almtp Ag I\n' >learned.md.lmp

if [ ! -e learned.done ]; then
  say 'learning: 108 atoms, 300 K to 800 K'
  rm -f learned.extxyz* learned.jsonl learned.almtp
  mtp init --force --level $level --species Ag,I --cutoff 7 -o untrained.almtp
  lmp -in "$here/in.learn" -log log.learn -screen none -var deck "$here/in.start" -var cells 3 -var hot 800 -var steps $learn
  touch learned.done
fi
result labels - "$(grep -c '"event":"label"' learned.jsonl)"

for name in reference learned; do
  [ $name = reference ] && bins=200 || bins=140 # 0.05 A
  for t in $temperatures; do
    [ ! -s $name.$t.segments ] || continue
    rm -f $name.part
    for seed in $seeds; do
      say "$name: $t K, $seed"
      lmp -in "$here/in.diffusion" -log log.$name.$t.$seed -screen none -var deck "$here/in.start" \
        -var potential $name.md.lmp -var cells $cells -var hot "$t" -var segments $segments -var seed "$seed" \
        -var rdf $name.$t.$seed.rdf -var bins $bins -var frames $name.$t.$seed.dump
      sed -n 's/^segment //p' log.$name.$t.$seed >>$name.part
    done
    mv $name.part $name.$t.segments
  done
done

say 'frames by the reference, never learned'
hottest=${temperatures##* }
if [ ! -s frames.extxyz ]; then
  rm -f frames.part.extxyz*
  mtp label reference.$hottest.1.dump -o frames.part.extxyz --species Ag,I --qm 'lammps reference.lmp'
  mv frames.part.extxyz frames.extxyz
fi
mtp errors learned.almtp frames.extxyz --json >frames.json
result "force RMSE at $hottest K, eV/A" - "$(value frames.json force rmse)"
result "energy RMSE at $hottest K, meV/atom" - "$(value frames.json energy_per_atom rmse | awk '{ print 1000 * $1 }')"

# compare QUANTITY COLUMN: of the segments at $t, the learned potential beside the reference.
compare() {
  right=$(mean reference.$t.segments "$2") found=$(mean learned.$t.segments "$2")
  result "$1 at $t K (the reference potential)" "${right% *}" "${found% *}"
  result "$1 at $t K: difference over its statistical error (${right#* } and ${found#* })" - "$(apart "$right" "$found")"
}
rm -f reference.new learned.new # of a call that was ended
for t in $temperatures; do
  compare 'D of silver, A^2/ps' 1
  compare 'pressure, bar' 3
  result "largest difference of g(r), Ag-Ag, at $t K" - "$(off_by reference.$t.1.rdf learned.$t.1.rdf 3)"
  result "largest difference of g(r), Ag-I, at $t K" - "$(off_by reference.$t.1.rdf learned.$t.1.rdf 5)"
  result "largest difference of g(r), I-I, at $t K" - "$(off_by reference.$t.1.rdf learned.$t.1.rdf 7)"
  for name in reference learned; do echo "$t $(mean $name.$t.segments 1) $(mean $name.$t.segments 2)"; done >pair
  sed -n 1p pair >>reference.new && sed -n 2p pair >>learned.new
done
for name in reference learned; do mv $name.new $name.diffusion; done
result "D of iodine at $hottest K, A^2/ps (0 in a crystal)" - "$(tail -n 1 learned.diffusion | cut -d ' ' -f 4)"
[ $quick = yes ] || picture "$here/plot.gp"
