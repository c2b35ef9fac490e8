#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Crystal structures of silicon from random ones, with a potential that learns from nothing. Run by ../run.sh in an empty
# folder. The reference is the Stillinger-Weber potential of LAMMPS: reference.lmp.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../_lib.sh"
number=60
[ $quick = no ] || number=5
cp "$here/reference.lmp" .
rm -f rss.extxyz* rss.jsonl rss.almtp

say "$number random crystals of 2 to 8 atoms"
mkdir -p start

for k in $(seq $number); do
  mtp random --species Si --atoms 2-8 --volume 20 --number 1 --seed "$k" -o "start/$k.data"
done

say 'relaxed while a level-12 potential learns'
mtp init --force --level 12 --species Si --cutoff 5 -o untrained.almtp
lmp -in "$here/in.rss" -log log.rss -var structures start -var number $number >rss.out
sed -n 's/^found //p' rss.out >found

say 'what the reference says of the same crystals, and of their way'
lmp -in "$here/in.check" -log log.check -var number $number >check.out
sed -n 's/^there //p' check.out >there
lmp -in "$here/in.direct" -log log.direct -var structures start -var number $number >direct.out
sed -n 's/^direct //p' direct.out >direct

# found: k E V labels; there: k E E_relaxed V_relaxed; direct: k E evaluations
paste -d ' ' found there direct >all
cat all
lowest=$(awk '{ if (NR == 1 || $7 < e) e = $7 } END { print e }' all)
result 'energy of the lowest crystal, eV/atom (diamond: -4.33660)' -4.33660 "$lowest"
result 'crystals until it was found (first within 1 meV/atom)' - "$(awk -v e="$lowest" '$7 < e + 0.001 { print $1; exit }' all)"
result 'labels until then' - "$(awk -v e="$lowest" '{ n += $4 } $7 < e + 0.001 { print n; exit }' all)"
result "labels of $number crystals" - "$(awk '{ n += $4 } END { print n }' all)"
result 'calculations of the same search without learning' - "$(awk '{ n += $11 } END { print n }' all)"
result 'mean error of the energies of minima, meV/atom' - "$(awk '{ d = $2 - $7; s += d < 0 ? -d : d } END { printf "%.2f\n", 1000 * s / NR }' all)"
[ $quick = yes ] || picture "$here/plot.gp"
