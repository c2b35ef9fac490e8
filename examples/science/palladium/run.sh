#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Palladium on silver: an island learned on a slab of 70 atoms, and what becomes of a larger one, beside the reference's.
# Run by ../run.sh in an empty folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../_lib.sh"
hot=1000 learn=15000 level=12 steps=30000 seeds='1 2 3'
[ $quick = no ] || learn=1000 level=8 steps=4000 seeds='1 2'
cp "$here/reference.lmp" .
printf 'pair_style mtp\npair_coeff * * learned.almtp Ag Pd\n' >learned.lmp
small="-var cells 4 -var layers 4 -var radius 1.3 -var hot $hot" # 64 atoms of silver, 6 of palladium
large="-var cells 8 -var layers 5 -var radius 2.2 -var hot $hot" # 320 and 18

if [ ! -e learned.done ]; then
  say "learning: 70 atoms, 300 K to $hot K"
  rm -f learned.extxyz* learned.jsonl learned.almtp
  mtp init --force --level $level --species Ag,Pd --cutoff 6 -o untrained.almtp
  lmp -in "$here/in.learn" -log log.learn -screen none -var deck "$here/in.slab" $small -var steps $learn -var start 11
  touch learned.done
fi
result 'labels (published: environments)' 91 "$(grep -c '"event":"label"' learned.jsonl)"

for name in reference learned; do
  lmp -in "$here/in.exchange" -log log.exchange.$name -screen none -var deck "$here/in.slab" $large -var potential $name.lmp
  sed -n 's/^exchange \(.*\) .*/\1/p' log.exchange.$name >$name.exchange
  for seed in $seeds; do
    [ ! -s $name.$seed.counts ] || continue
    say "$name: island at $hot K, $seed"
    lmp -in "$here/in.island" -log log.island.$name.$seed -screen none -var deck "$here/in.slab" $large \
      -var potential $name.lmp -var steps $steps -var seed "$seed" -var out $name.$seed.part
    mv $name.$seed.part $name.$seed.counts
  done
  # what is in the surface in the last quarter of each run
  for seed in $seeds; do
    awk -v from=$((steps * 3 / 4)) '!/^#/ && $1 > from { n++; on += $2; in_it += $3; up += $4 }
      END { print on / n, in_it / n, up / n }' $name.$seed.counts
  done >$name.ends
done
result 'exchange of Pd and Ag at the surface, eV (the reference potential)' "$(cat reference.exchange)" "$(cat learned.exchange)"

say 'frames of the large island by the reference, never learned'
if [ ! -s frames.extxyz ]; then
  rm -f frames.labelled.extxyz*
  mtp label reference.1.part.dump -o frames.labelled.extxyz --species Ag,Pd --qm 'lammps reference.lmp'
  mv frames.labelled.extxyz frames.extxyz
fi
mtp errors learned.almtp frames.extxyz --json >frames.json
result 'force RMSE on frames of the large island, eV/A' - "$(value frames.json force rmse)"

# compare QUANTITY COLUMN: of the ends of the runs.
compare() {
  right=$(mean reference.ends "$2") found=$(mean learned.ends "$2")
  result "$1 (the reference potential)" "${right% *}" "${found% *}"
  result "$1: difference over its statistical error (${right#* } and ${found#* })" - "$(apart "$right" "$found")"
}
compare 'atoms of Pd still on the surface, of 18' 1
compare 'atoms of Pd in the surface layer' 2
compare 'atoms of Ag that came up' 3

# the mean course of all runs: time (ps), on, in, up
for name in reference learned; do
  for seed in $seeds; do cat $name.$seed.counts; done | awk '!/^#/ { n[$1]++; a[$1] += $2; b[$1] += $3; c[$1] += $4 }
    END { for (t in n) print t * 0.002, a[t] / n[t], b[t] / n[t], c[t] / n[t] }' | sort -g >$name.course
done
[ $quick = yes ] || picture "$here/plot.gp"
