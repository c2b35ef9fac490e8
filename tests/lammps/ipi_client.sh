# SPDX-License-Identifier: GPL-2.0-or-later
# LAMMPS as a client of i-PI: fix ipi reads six numbers of a cell and fills one triangle of the virial. Labels are those
# of the driver `lammps`, for cells in any orientation and of either hand.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
lmp -h | grep -qw ipi || skip 'fix ipi in LAMMPS'

printf 'pair_style soft 5.0\npair_coeff 1 1 0.8\npair_coeff 2 2 1.2\npair_coeff 1 2 1.0\n' >reference.lmp # smooth
cat >client.in <<END
units metal
atom_modify map array
lattice fcc 4.0
region b prism 0 2 0 2 0 2 0 0 0
box tilt large
create_box 2 b
create_atoms 1 box
set group all type 2
group first id 1:8
set group first type 1
mass * 1.0
include $PWD/reference.lmp
fix 1 all ipi mtp-$$ 1 unix
run 1000000
END
# cells of 32 atoms: as LAMMPS has them, in another orientation, left-handed
awk 'BEGIN {
  cell[1] = "8 0 0 0.48 8.16 0 -0.32 0.4 7.84"; cell[2] = "8 0.4 -0.16 0.48 8.16 0.24 -0.32 0.4 7.84"
  cell[3] = "0.48 8.16 0.24 8 0.4 -0.16 -0.32 0.4 7.84"
  for (m = 1; m <= 3; m++) {
    split(cell[m], h, " ")
    printf "32\nLattice=\"%s\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\n", cell[m]
    seed = 7
    for (k = 0; k < 32; k++) {
      q = k % 4; i = int(k / 4) # a cubic cell of four atoms, eight times
      f[1] = (i % 2 + (q % 2) / 2) / 2; f[2] = (int(i / 2) % 2 + (q == 1 || q == 2) / 2) / 2
      f[3] = (int(i / 4) + (q > 1) / 2) / 2
      for (c = 1; c <= 3; c++) { seed = (seed * 16807) % 2147483647; f[c] += 0.02 * seed / 2147483647 - (k == 5) }
      printf k < 8 ? "Al" : "Ni"
      for (c = 1; c <= 3; c++) printf " %.12f", f[1] * h[c] + f[2] * h[3 + c] + f[3] * h[6 + c]
      print ""
    }
  }
}' >cells.extxyz
client="ipi unix:mtp-$$ $(command -v lmp) -in $PWD/client.in maxforce=1e6 retries=0"
mtp label cells.extxyz -o client.extxyz --qm "$client" >label.txt
mtp label cells.extxyz -o plain.extxyz --species Al,Ni --qm 'lammps reference.lmp maxforce=1e6' >label.txt
numbers() { # energy, virial and forces, one a line
  sed -n 's/.* energy=\([^ ]*\) .*virial="\([^"]*\)".*/\1 \2/p; /^[AN]/s/^[^ ]* [^ ]* [^ ]* [^ ]* //p' "$1" |
    tr ' ' '\n'
}
numbers client.extxyz >one
numbers plain.extxyz >two
paste one two | awk '{ d = $1 - $2; s = $2 < 0 ? -$2 : $2; n++
                       if (d > 1e-6 * (1 + s) || d < -1e-6 * (1 + s)) { print n, $0; bad = 1 } }
                     END { exit bad || n != 3 * (1 + 9 + 96) }' || die 'a client of i-PI gives another label'
mtp label cells.extxyz --check --qm "$client" >check.txt 2>&1
contains check.txt ': good$'
