# SPDX-License-Identifier: GPL-2.0-or-later
# One configuration in LAMMPS and in `mtp eval`: equal energy, forces and virial, in every shape of cell and any number of
# ranks; and in real units.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
make_potential 8

# compare LOG FACTOR: what in.single wrote against mtp eval on the same positions.
compare() {
  mtp eval pot.almtp positions.dump -o eval.extxyz >eval.txt
  scaled() { for number; do awk -v a="$number" -v b="$factor" 'BEGIN { printf "%.17g\n", a * b }'; done; }
  factor=$2
  close "$(value "$1" energy)" "$(scaled $(xyz_energy eval.extxyz))" 1e-10
  dump_columns forces.dump 2 >forces.lammps
  xyz_forces eval.extxyz | awk -v b="$factor" '{ printf "%.17g\n", $1 * b }' >forces.eval
  close "$(cat forces.lammps)" "$(cat forces.eval)" 1e-10
  [ "$3" = bulk ] || return 0
  close "$(value "$1" virial)" "$(scaled $(xyz_virial eval.extxyz))" 1e-10
}

for ranks in 1 2 4; do
  run $ranks block$ranks.log in.single
  compare block$ranks.log 1 bulk
done
for ranks in 1 2; do
  run $ranks prism$ranks.log in.single -var shape prism
  compare prism$ranks.log 1 bulk
  run $ranks slab$ranks.log in.single -var borders "p p s"
  compare slab$ranks.log 1 slab
  run $ranks cluster$ranks.log in.single -var borders "s s s"
  compare cluster$ranks.log 1 cluster
done
run 2 real.log in.single -var energy_units real
compare real.log 23.060549 bulk

# smaller than the cutoff: atoms are neighbours of their own images
run 1 small.log in.single -var cells 1
compare small.log 1 bulk

# more ranks than slabs of atoms: some own nothing
run 4 empty.log in.single -var cells 1 -var borders "s s s"
compare empty.log 1 cluster

close "$(value block1.log energy)" "$(value block4.log energy)" 1e-12

# a potential with the comment that LAMMPS asks of files of parameters, compressed; what is odd in it is told once
mv pot.almtp plain.almtp
{ echo '# DATE: 2025-01-16 UNITS: real CONTRIBUTOR: somebody' && cat plain.almtp; } | gzip -c >pot.almtp
run 2 dated.log in.single
close "$(value block2.log energy)" "$(value dated.log energy)" 1e-14
[ "$(grep -c 'WARNING: pair_style mtp: pot.almtp:1: UNITS: real' dated.log)" -eq 1 ] || die "$(cat dated.log)"
