# SPDX-License-Identifier: GPL-2.0-or-later
# Partitions that learn side by side in one folder keep their candidates apart.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
make_al_potential 6
crystal -var cells 2
cat >in.partitions <<'END'
variable name world one two
variable temperature world 900 1200
include ${decks}/start.lmp
pair_style mtp/al qm none train train.${name}.extxyz save learned.${name}.almtp log ${name}.jsonl select 1.0001 break 1e9
pair_coeff * * pot.almtp Al Al
velocity all create ${temperature} 11
fix 1 all nve
timestep 0.002
run 40
END
timeout 100 "$MPIEXEC" -n 2 lmp -in in.partitions -partition 1 1 -log log -nocite -var decks "$decks" >screen 2>&1 ||
  die "partitions: $(tail -n 3 screen)"
for name in one two; do
  [ "$(grep -c Lattice candidates.$name.extxyz)" -gt 0 ] || die "no candidates of partition $name"
  contains $name.jsonl "\"candidates_written\":$(grep -c Lattice candidates.$name.extxyz),\"candidates_lost\":0"
done
absent candidates.extxyz
