# SPDX-License-Identifier: GPL-2.0-or-later
# The lammps QM driver: the numbers of LAMMPS, for any orientation and handedness of the cell and any borders, and the
# settings that its file may hold.
. "$SOURCE_DIR/tests/lammps/_lib.sh"

label() { # IN OUT [FILE]
  rm -f "$2"
  mtp label "$1" -o "$2" --species Al,Ni --qm "lammps ${3:-reference.lmp}" >label.txt || die "label $1: $(cat label.txt)"
}

for shape in block prism; do
  run 1 $shape.log in.reference -var shape $shape
  label positions.dump $shape.extxyz
  close "$(xyz_energy $shape.extxyz)" "$(value $shape.log energy)" 1e-11
  dump_columns forces.dump 2 >forces.lammps
  close "$(xyz_forces $shape.extxyz)" "$(cat forces.lammps)" 1e-10
  close "$(xyz_virial $shape.extxyz)" "$(value $shape.log virial)" 1e-10
done

# turn IN OUT WHAT: another description of the same atoms. rotate: by an improper or proper rotation; swap: lattice vectors
# 1 and 3 exchanged, which makes the cell left-handed. Also turns forces, for a labelled IN.
cat >turn.awk <<'END'
function apply(x, y, z) {
  if (what == "swap") { a = x; b = y; c = z; return }
  a = m[1] * x + m[2] * y + m[3] * z; b = m[4] * x + m[5] * y + m[6] * z; c = m[7] * x + m[8] * y + m[9] * z
}
BEGIN { split("0.36 0.48 -0.8 -0.8 0.6 0 0.48 0.64 0.6", m, " ") }
NR == 1 { print; next }
NR == 2 {
  match($0, /Lattice="[^"]*"/)
  split(substr($0, RSTART + 9, RLENGTH - 10), l, " ")
  match($0, /pbc="[^"]*"/)
  split(substr($0, RSTART + 5, RLENGTH - 6), p, " ")
  for (i = 0; i < 3; i++) {
    apply(l[3 * i + 1], l[3 * i + 2], l[3 * i + 3])
    row[i] = sprintf("%.17g %.17g %.17g", a, b, c)
  }
  if (what == "swap") { t = row[0]; row[0] = row[2]; row[2] = t; t = p[1]; p[1] = p[3]; p[3] = t }
  printf "Lattice=\"%s %s %s\" pbc=\"%s %s %s\" Properties=species:S:1:pos:R:3:forces:R:3\n", row[0], row[1], row[2], p[1], p[2], p[3]
  next
}
{
  apply($2, $3, $4); printf "%s %.17g %.17g %.17g", $1, a, b, c
  apply($5, $6, $7); printf " %.17g %.17g %.17g\n", a, b, c
}
END
# the labelled file with columns species, positions, forces only
plain() {
  awk 'NR == 2 { match($0, /Lattice="[^"]*"/); l = substr($0, RSTART, RLENGTH); match($0, /pbc="[^"]*"/)
                 print l " " substr($0, RSTART, RLENGTH) " Properties=species:S:1:pos:R:3:forces:R:3"; next } { print }' "$1"
}
strip() { # without the forces, which are what is asked for
  awk 'NR == 2 { sub(/:forces:R:3/, "") } NR > 2 { print $1, $2, $3, $4; next } { print }' "$1"
}

for what in rotate swap; do
  plain prism.extxyz | awk -v what=$what -f turn.awk >turned.extxyz
  strip turned.extxyz >in.extxyz
  label in.extxyz out.extxyz
  close "$(xyz_energy out.extxyz)" "$(xyz_energy prism.extxyz)" 1e-10
  close "$(xyz_forces out.extxyz)" "$(xyz_forces turned.extxyz)" 1e-9
done
# the trace of the virial stays, and the swapped cell keeps all of it
trace() { xyz_virial "$1" | awk '{ printf "%.17g\n", $1 + $2 + $3 }'; }
close "$(xyz_virial out.extxyz)" "$(xyz_virial prism.extxyz)" 1e-9
plain prism.extxyz | awk -v what=rotate -f turn.awk >turned.extxyz
strip turned.extxyz >in.extxyz
label in.extxyz out.extxyz
close "$(trace out.extxyz)" "$(trace prism.extxyz)" 1e-9
# every component of the turned virial: W' = M W M^T
xyz_virial prism.extxyz | awk 'BEGIN { split("0.36 0.48 -0.8 -0.8 0.6 0 0.48 0.64 0.6", m, " ") } {
  w[1] = $1; w[5] = $2; w[9] = $3; w[2] = w[4] = $4; w[3] = w[7] = $5; w[6] = w[8] = $6
  for (i = 0; i < 3; i++) for (j = 0; j < 3; j++) for (k = 0; k < 3; k++) for (l = 0; l < 3; l++)
    v[3 * i + j] += m[3 * i + k + 1] * m[3 * j + l + 1] * w[3 * k + l + 1]
  printf "%.17g %.17g %.17g %.17g %.17g %.17g\n", v[0], v[4], v[8], v[1], v[2], v[5] }' >virial.turned
close "$(xyz_virial out.extxyz)" "$(cat virial.turned)" 1e-9

# borders: LAMMPS itself, and then the free direction in each place and turned
run 1 slab.log in.reference -var borders "p p s"
label positions.dump slab.extxyz
close "$(xyz_energy slab.extxyz)" "$(value slab.log energy)" 1e-11
dump_columns forces.dump 2 >forces.lammps
close "$(xyz_forces slab.extxyz)" "$(cat forces.lammps)" 1e-10
run 1 cluster.log in.reference -var borders "s s s"
label positions.dump cluster.extxyz
close "$(xyz_energy cluster.extxyz)" "$(value cluster.log energy)" 1e-11

# settings in the file
printf '# a comment\n\nunits   metal # as always\natom_style charge\ninclude reference.lmp\nset type 2 charge 1.0\n' >charged.lmp
label slab.extxyz charged.extxyz charged.lmp
close "$(xyz_energy charged.extxyz)" "$(xyz_energy slab.extxyz)" 1e-12

# the potential itself as the engine, in the process that is labelling and inside a learning run that uses the plugin
make_potential 6
printf 'pair_style mtp\npair_coeff * * pot.almtp Al Ni\n' >self.lmp
label prism.extxyz self.extxyz self.lmp
mtp eval pot.almtp prism.extxyz -o eval.extxyz >eval.txt
close "$(xyz_forces self.extxyz)" "$(xyz_forces eval.extxyz)" 1e-10
close "$(xyz_virial self.extxyz)" "$(xyz_virial eval.extxyz)" 1e-10
crystal -var cells 2
run 2 self.log in.learn -var steps 40 -var elements "Al Ni" -var driver "'lammps self.lmp'"
below 0 "$(value self.log calls)"

# the same with the plugin loaded by the deck, from a folder whose name needs quotes
mkdir 'my plugins'
cp "$LAMMPS_PLUGIN_PATH/mtpplugin.so" 'my plugins'
rm -f train.extxyz learned.almtp events.jsonl
{
  echo "plugin load \"$PWD/my plugins/mtpplugin.so\""
  cat "$decks/in.learn"
  # the private instance has ended with the pair style; what this instance uses must be there still
  printf '%s\n' 'thermo_style one' 'if "$(version) >= 20220623" then "uncompute gmax" "unfix g"' 'uncompute al' 'pair_style mtp' \
    'pair_coeff * * learned.almtp Al Ni' 'run 10'
} >in.loaded
LAMMPS_PLUGIN_PATH= timeout 100 "$MPIEXEC" -n 2 lmp -in in.loaded -log loaded.log -nocite -var decks "$decks" \
  -var steps 40 -var elements "Al Ni" -var driver "'lammps self.lmp'" >loaded.screen 2>&1 || die "plugin load: $(tail -n 3 loaded.screen)"
close "$(value loaded.log energy)" "$(value self.log energy)" 1e-6

# mtp: types are positions in FILE: with element names in IN their order has to be given
refuse 2 'give --species' mtp label prism.extxyz -o order.extxyz --qm "lammps reference.lmp"

# a FILE without a potential, and one that changes what was sent
mtp_refuses() { # TEXT COMMANDS: the driver must refuse with TEXT
  printf '%s\n' "$2" >odd.lmp
  rm -f odd.extxyz
  ! mtp label prism.extxyz -o odd.extxyz --species Al,Ni --qm "lammps odd.lmp retries=0" >odd.out 2>&1 ||
    die "'$2' is accepted"
  contains odd.out "$1"
}
mtp_refuses 'expected a pair_style' '# nothing'
mtp_refuses 'changed the box' "include $PWD/reference.lmp
change_box all x scale 1.1 remap"
mtp_refuses 'moved the atoms' "include $PWD/reference.lmp
displace_atoms all move 0.01 0 0"
mtp_refuses 'moved the atoms' "include $PWD/reference.lmp
fix 1 all nve
velocity all create 1000 1
run 50"

# a small dense cell with a long cutoff has more neighbours an atom than LAMMPS has room for by itself
printf 'pair_style lj/cut 10.0\npair_coeff * * 1.0 1.0\n' >dense.lmp
mtp random --species Ne --volume 1.2 --min-dist 0.95 --atoms 4 --symmetry 1 --number 1 -o dense.extxyz
mtp label dense.extxyz -o dense.labelled.extxyz --qm 'lammps dense.lmp' >dense.txt 2>&1 || die "$(cat dense.txt)"
