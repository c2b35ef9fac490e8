# SPDX-License-Identifier: GPL-2.0-or-later
# Energies and virials per atom: sums are right, and no value depends on the number of ranks; also in real units.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
make_potential 8
crystal -var shape prism
for ranks in 1 2; do
  log=atoms$ranks.log
  run $ranks $log in.per_atom
  close "$(value $log energy_sum)" "$(value $log energy)" 1e-11
  close "$(value $log virial_sum)" "$(value $log virial)" 1e-9
  close "$(value $log centroid_sum)" "$(value $log virial)" 1e-9
  # no torque on the whole: the summed tensor is symmetric
  close "$(value $log centroid_transposed)" "$(value $log centroid_upper)" 1e-9
  dump_columns atoms.dump 2 >atoms$ranks
done
close "$(cat atoms1)" "$(cat atoms2)" 1e-9
run 2 real.log in.per_atom -var energy_units real
close "$(value real.log energy_sum)" "$(value real.log energy)" 1e-11
close "$(value real.log virial_sum)" "$(value real.log virial)" 1e-9
close "$(value real.log centroid_sum)" "$(value real.log virial)" 1e-9
