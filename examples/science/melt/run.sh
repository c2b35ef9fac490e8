#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Aluminium learned in 32 atoms that melt, and the liquid that this potential makes beside the reference's. The learning
# run is that of ../checks. Run by ../run.sh in an empty folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../_lib.sh"
steps=15000 hot=1600 segments=6 cells=4
[ $quick = no ] || steps=4000 segments=2 cells=3
cp "$here/reference.lmp" .
printf 'pair_style mtp\npair_coeff * * learned.almtp Al\n' >learned.lmp

if [ ! -e learned.done ]; then
  say 'learning: 32 atoms, 300 K to 1600 K in 15 ps'
  rm -f learned.extxyz* learned.jsonl learned.almtp
  mtp init --force --level 12 --species Al --cutoff 5.6 -o untrained.almtp
  lmp -in "$here/../checks/in.learn" -log log.learn -screen none -var name learned -var options '' -var steps $steps
  touch learned.done
fi
result 'labels' 45 "$(grep -c '"event":"label"' learned.jsonl)"

say 'frames by the reference, never learned'
for state in 'crystal 600 300' 'liquid 3000 1600'; do
  set -- $state
  if [ ! -s "$1.extxyz" ]; then
    lmp -in "$here/../checks/in.reference" -log "log.$1" -screen none -var name "$1" -var start "$2" -var end "$3"
    rm -f "$1.part.extxyz"
    mtp label "$1.dump" -o "$1.part.extxyz" --qm 'lammps reference.lmp'
    mv "$1.part.extxyz" "$1.extxyz"
  fi
  mtp errors learned.almtp "$1.extxyz" --json >"$1.json"
done
result 'force RMSE, crystal, eV/A' 0.014 "$(value crystal.json force rmse)"
result 'force RMSE, liquid, eV/A' 0.036 "$(value liquid.json force rmse)"

for name in reference learned; do
  [ $name = reference ] && bins=200 || bins=110 # 0.05 A
  [ ! -s $name.segments ] || continue
  say "$name: liquid at $hot K"
  lmp -in "$here/in.liquid" -log log.liquid.$name -screen none -var potential $name.lmp -var cells $cells -var hot $hot \
    -var segments $segments -var seed 4928459 -var rdf $name.rdf -var bins $bins
  sed -n 's/^segment //p' log.liquid.$name >$name.part
  mv $name.part $name.segments
done
# compare QUANTITY COLUMN: of segments, the learned potential beside the reference.
compare() {
  right=$(mean reference.segments "$2") found=$(mean learned.segments "$2")
  result "$1 at $hot K (the reference potential)" "${right% *}" "${found% *}"
  result "$1: difference over its statistical error (${right#* } and ${found#* })" - "$(apart "$right" "$found")"
}
compare 'liquid: diffusion coefficient, A^2/ps' 1
compare 'liquid: pressure, bar' 2
compare 'liquid: energy, eV/atom' 3
result 'liquid: largest difference of g(r)' - "$(off_by reference.rdf learned.rdf 3)"
[ $quick = yes ] || picture "$here/plot.gp"
