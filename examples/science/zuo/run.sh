#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Potentials of Li and Si from the public data of Zuo et al. 2020, trained with default options, beside the published
# MTP, SNAP and qSNAP: errors, properties, dynamics, and cost against error. Run by ../run.sh in an empty folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../_lib.sh"
elements='Li Si'
levels='8 12 16 20 24'
[ $quick = no ] || elements=Li levels='4 8'
snaps='snap quadratic.snap'
has_snap || { say 'without the published SNAP: this LAMMPS has no pair_style snap (ML-SNAP)' && snaps=; }
for element in $elements; do
  need "$shared/data/mlearn/$element.training.extxyz" "$shared/data/mlearn/$element.test.extxyz" "$shared/potentials/$element.zuo2020.mtp"
done

# of an element: level and cutoff as published, structure, lattice constant, mass, where MD is hot (K), cells along each
# side of the crystal and of that with a vacancy
setting() {
  case $1 in
    Li) level=16 cutoff=5.1 lattice=bcc constant=3.44 mass=6.94 hot=900 cells=8 vacancy=3 ;;
    Si) level=24 cutoff=4.7 lattice=diamond constant=5.47 mass=28.086 hot=1500 cells=5 vacancy=2 ;;
  esac
  [ $quick = no ] || level=8 cells=4
}

# properties NAME: of the pair style in NAME.lmp, into NAME.properties.
properties() {
  lmp -in "$here/in.properties" -log none -var potential "$1.lmp" -var lattice "$lattice" -var constant "$constant" \
    -var mass "$mass" -var cells "$vacancy" >"$1.out"
  sed -n 's/^property //p' "$1.out" >"$1.properties"
}
of() { awk -v key="$2" '$1 == key { print $2 }' "$1.properties"; }

# cost NAME STEPS: microseconds an atom and step, the median of three.
cost() {
  for k in 1 2 3; do
    lmp -in "$here/in.cost" -log none -var potential "$1.lmp" -var lattice "$lattice" -var constant "$constant" \
      -var mass "$mass" -var cells "$cells" -var steps "$2" |
      awk '/^Loop time of/ { us = 1e6 * $4 / $9 / $12 } END { printf "%.4g\n", us }'
  done | sort -g | sed -n 2p
}

for element in $elements; do
  setting "$element"
  train=$shared/data/mlearn/$element.training.extxyz
  tests=$shared/data/mlearn/$element.test.extxyz

  say "$element: the published potentials"
  printf 'pair_style mtp\npair_coeff * * %s 0\n' "$shared/potentials/$element.zuo2020.mtp" >$element.published.lmp
  mtp errors "$shared/potentials/$element.zuo2020.mtp" "$tests" --species $element --json >$element.published.json
  : >$element.front
  for kind in $snaps; do
    name=$element.$kind
    stem=${element}_Zuo_JPCA2020.$kind
    printf 'pair_style snap\npair_coeff * * %scoeff %sparam %s\n' "$stem" "$stem" $element >$name.lmp
    rm -f "$name.extxyz"
    mtp label "$tests" -o "$name.extxyz" --qm "lammps $name.lmp" --species $element
    "$python" "$here/mae.py" "$tests" "$name.extxyz" >$name.mae
    printf '%s %s %s\n' $kind "$(cost $name 20)" "$(cat $name.mae)" >>$element.front
  done
  printf 'published %s %s %s\n' "$(cost $element.published 50)" "$(value $element.published.json force mae)" \
    "$(value $element.published.json energy_per_atom mae)" >>$element.front
  properties $element.published

  say "$element: training, levels $levels"
  for l in $levels; do
    name=$element.$l
    if [ ! -s "$name.almtp" ]; then
      mtp init --force --level $l --species $element --cutoff $cutoff -o $name.mtp
      mtp train $name.mtp "$train" -o $name.part.almtp
      mv $name.part.almtp $name.almtp
    fi
    mtp errors $name.almtp "$tests" --json >$name.json
    printf 'pair_style mtp\npair_coeff * * %s %s\n' $name.almtp $element >$name.lmp
    printf '%s %s %s %s\n' $l "$(cost $name 50)" "$(value $name.json force mae)" "$(value $name.json energy_per_atom mae)" >>$element.front
  done

  ours=$element.$level
  properties $ours
  for key in energy_per_atom force; do
    unit=eV/A
    [ $key = force ] || unit=eV/atom
    result "$element $key MAE on the test set, level $level, $unit" "$(value $element.published.json $key mae)" "$(value $ours.json $key mae)"
  done
  for key in a C11 C12 C44 B Ev; do
    result "$element $key (the published MTP in the same LAMMPS)" "$(of $element.published $key)" "$(of $ours $key)"
  done

  say "$element: dynamics at $hot K"
  lmp -in "$here/in.dynamics" -log $element.dynamics -screen none -var potential $ours.lmp -var lattice $lattice -var constant $constant \
    -var mass $mass -var cells $cells -var hot $hot -var steps "$([ $quick = no ] && echo 20000 || echo 500)"
  result "$element drift of the energy at $hot K, meV/atom over 10 ps" - "$(sed -n 's/^drift //p' $element.dynamics)"
done
cat *.front
[ $quick = yes ] || picture "$here/plot.gp"
