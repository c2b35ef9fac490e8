#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Pairs and many-body terms for structure prediction: energies of random crystals A_xB_y of two Lennard-Jones species, and
# what a choice of structures by ranges of their features saves. Run by ../run.sh in an empty folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../_lib.sh"
number=1200 pool=1200 tests=300 level=10 most=150 rounds=4 starts='1 2'
[ $quick = no ] || number=400 pool=150 tests=50 level=6 most=40 rounds=2 starts=1
cp "$here/"*.lmp .

# labelled FILE SPECIES REFERENCE NUMBER VOLUME SEED: random crystals of 2 to 8 atoms with labels. Whatever the forces are.
labelled() {
  [ ! -s "$1" ] || return 0
  mtp random --species "$2" --atoms 2-8 --volume "$5" --number "$4" --seed "$6" -o random.extxyz
  mtp label random.extxyz -o "$1.part.extxyz" --species "$2" --qm "lammps $3 maxforce=1e9"
  mv "$1.part.extxyz" "$1"
}
# within FILE LOW HIGH: the configurations whose energy (of the cell) is between.
within() {
  awk -v low="$2" -v high="$3" '/^[0-9]+$/ { count = $0; next }
    /Lattice=/ { match($0, / energy=[^ ]*/); e = substr($0, RSTART + 8, RLENGTH - 8) + 0
      if (keep = e >= low && e <= high) print count }
    keep' "$1"
}
# every FILE K OF: configurations K, K + OF, ...
every() { awk -v k="$2" -v of="$3" '/^[0-9]+$/ { n++ } n % of == k % of' "$1"; }

# recovered NAME REFERENCE TITLE [OPTIONS]: half of the crystals learned, the other half predicted.
recovered() {
  name=$1 reference=$2 title=$3
  shift 3
  say "$name: pairs and many-body terms"
  labelled $name.all.extxyz Ar,Kr $reference $number 16 1
  within $name.all.extxyz -30 -2 >$name.extxyz
  every $name.extxyz 1 2 >$name.train.extxyz
  every $name.extxyz 2 2 >$name.test.extxyz
  mtp init --force --level 8 --species Ar,Kr --cutoff 5 -o untrained.almtp
  mtp train untrained.almtp $name.train.extxyz -o $name.almtp --pair-part $name.pairs.lmp "$@"
  mtp errors $name.almtp $name.test.extxyz --baseline "lammps $name.pairs.lmp" --json >$name.json
  result "$title: energy RMSE of $(value $name.json configurations) new crystals, eps/atom" 1e-7 \
    "$(value $name.json energy_per_atom rmse)"
}
recovered cut lennard-jones.lmp 'Lennard-Jones'
# the potential alone
mtp train untrained.almtp cut.train.extxyz -o plain.almtp
mtp errors plain.almtp cut.test.extxyz --json >plain.json
result 'Lennard-Jones, no pair part: energy RMSE, eps/atom' - "$(value plain.json energy_per_atom rmse)"
[ $quick = yes ] || recovered lattice lattice.lmp 'Lennard-Jones over the lattice' --pair-lattice

say 'selection by ranges, by volume, by lot: aluminium and nickel'
labelled alloy.all.extxyz Al,Ni alloy.lmp $((pool + tests)) 14 2
awk -v n=$tests '/^[0-9]+$/ { k++ } k <= n' alloy.all.extxyz >alloy.test.extxyz
awk -v n=$tests '/^[0-9]+$/ { k++ } k > n' alloy.all.extxyz >pool.extxyz
mtp init --force --level $level --species Al,Ni --cutoff 5 -o alloy.almtp

count() { grep -c Lattice= "$1"; }
# learn NAME: from NAME.extxyz; a line of NAME.course: labels, energy RMSE and largest error, force RMSE.
learn() {
  mtp train alloy.almtp $1.extxyz -o $1.almtp >$1.train
  mtp errors $1.almtp alloy.test.extxyz --json >$1.json
  echo "$(count $1.extxyz) $(value $1.json energy_per_atom rmse) $(value $1.json energy_per_atom max)" \
    "$(value $1.json force rmse)" >>$1.course
}
# select_by METHOD START: adds what METHOD keeps of the pool to 20 by lot, again with each new potential.
select_by() {
  method=$1 name=$1.$2
  rm -f $name.course
  mtp select alloy.almtp pool.extxyz -o $name.extxyz --method random --max 20 --seed "$2"
  learn $name
  round=0
  while [ "$(count $name.extxyz)" -lt $most ] && [ $round -lt $rounds ]; do
    round=$((round + 1))
    more='' && [ $method != random ] || more="--max $(($(count $name.extxyz) / 2)) --seed $2" # half as many more
    mtp select $name.almtp pool.extxyz -o chosen.extxyz --train $name.extxyz --method $method $more
    [ -s chosen.extxyz ] || break
    cat chosen.extxyz >>$name.extxyz
    learn $name
  done
}
# of the last potentials of all starts: geometric means
ends() {
  for start in $starts; do tail -n 1 $1.$start.course; done | awk '{ for (k = 1; k <= NF; k++) s[k] += log($k) }
    END { printf "%.0f %.3g %.3g %.3g\n", exp(s[1] / NR), exp(s[2] / NR), exp(s[3] / NR), exp(s[4] / NR) }'
}
for method in range maxvol random; do
  say "by $method"
  for start in $starts; do select_by $method $start; done
  set -- $(ends $method)
  result "selected of $pool by $method: labels, energy RMSE and largest error (eV/atom), force RMSE (eV/A)" - "$1, $2, $3, $4"
done
# all that there is, for comparison
cp pool.extxyz all.extxyz
rm -f all.course
learn all
set -- $(cat all.course)
result "all of $pool: labels, energy RMSE and largest error (eV/atom), force RMSE (eV/A)" - "$1, $2, $3, $4"
# labels that a choice by lot needs for the error that METHOD ends with, over those of METHOD: error = a labels^b by lot
for method in range maxvol; do
  saving=$(for start in $starts; do cat random.$start.course; done | awk -v n="$(ends $method | cut -d ' ' -f 1)" \
    -v e="$(ends $method | cut -d ' ' -f 2)" '{ x = log($1); y = log($2); k++; a += x; b += y; c += x * x; d += x * y }
      END { slope = (k * d - a * b) / (k * c - a * a); printf "%.2f\n", exp((log(e) - b / k) / slope + a / k) / n }')
  result "labels by lot over labels by $method, at equal energy error" - "$saving"
done
[ $quick = yes ] || picture "$here/plot.gp"
