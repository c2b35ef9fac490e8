# SPDX-License-Identifier: GPL-2.0-or-later
# Forces are the gradient of the energy (energy is conserved), minimisation converges, ranks agree over a trajectory.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
make_al_potential 10
crystal
for ranks in 1 2; do
  run $ranks nve$ranks.log in.nve -var steps $((2400 / ranks / ranks)) -var elements "Al Al"
  # 108 atoms: 2e-5 eV an atom over half a picosecond at 1000 K
  drift=$(awk -v a="$(value nve$ranks.log start)" -v b="$(value nve$ranks.log end)" 'BEGIN { d = b - a; print d < 0 ? -d : d }')
  below "$drift" 2e-3
  below 300 "$(value nve$ranks.log end_temperature)"
  below "$(value nve$ranks.log largest_force)" 1e-2
  [ "$(value nve$ranks.log atoms)" -eq 108 ] || die 'atoms were lost'
done
close "$(value nve1.log minimum)" "$(value nve2.log minimum)" 1e-7
