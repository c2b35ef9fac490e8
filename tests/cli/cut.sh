# SPDX-License-Identifier: GPL-2.0-or-later
# What is around the worst atom of large configurations: which atom that is, how large the cut-outs are, what counts of
# them, and what their size is worth.
. "$SOURCE_DIR/tests/cli/_lib.sh"

# blocks N: crystals of 6 x 6 x 6 fcc cells, atom 500 of each pushed by 0.8 A; a step in each
blocks() {
  awk -v n="$1" 'BEGIN {
    for (c = 1; c <= n; c++) {
      printf "864\nLattice=\"24.3 0 0 0 24.3 0 0 0 24.3\" Properties=species:S:1:pos:R:3:grade:R:1 step=%d\n", 10 * c
      for (i = 0; i < 864; i++) {
        k = int(i / 4); m = i % 4
        x = 4.05 * (k % 6 + (m == 1 || m == 2) / 2); y = 4.05 * (int(k / 6) % 6 + (m == 1 || m == 3) / 2)
        z = 4.05 * (int(k / 36) + (m == 2 || m == 3) / 2)
        printf "Al %.17g %.17g %.17g %g\n", x + (i == 499 ? 0.8 : 0), y, z, (i == 499 ? 7.5 : 1.25)
      }
    }
  }'
}

make_potential pot.almtp
mtp convert pot.almtp plain.mtp
blocks 2 >blocks.extxyz

# ---- of the grades of POT, and of those in IN where it has none
mtp cut plain.mtp blocks.extxyz -o by-file.extxyz
[ "$(grep -c 'cut=cell.*cut_atom=500\|cut_atom=500.*cut=cell' by-file.extxyz)" -eq 2 ] || die 'another atom, or no cell'
contains by-file.extxyz 'max_grade=7.5'
contains by-file.extxyz 'step=20'
mtp cut pot.almtp blocks.extxyz -o by-grade.extxyz
[ "$(grep -c 'cut_atom=' by-grade.extxyz)" -eq 2 ] || die 'not two cut-outs'
worst=$(mtp grade pot.almtp blocks.extxyz --json | sed 's/.*"index":1,[^}]*"atom":\([0-9]*\).*/\1/')
contains by-grade.extxyz "cut_atom=$worst"

# ---- a cell is as long as three cells of the crystal, a sphere has what does not count masked
sed -n 's/.*Lattice="\([^"]*\)".*/\1/p' by-file.extxyz | awk '
  { for (k = 1; k <= 9; k++) { d = $k - (k % 4 == 1 ? 12.15 : 0); if (d * d > 1e-12) exit 1 } }' || die 'other edges'
[ "$(head -n 1 by-file.extxyz)" -eq 108 ] || die "$(head -n 1 by-file.extxyz) atoms instead of 108"
mtp cut plain.mtp blocks.extxyz -o sphere.extxyz --shape sphere --radius 8 --vacuum 10
contains sphere.extxyz 'Lattice="26 0 0 0 26 0 0 0 26"'
contains sphere.extxyz 'force_mask:L:1'
contains sphere.extxyz 'config_energy_weight=0'
mtp cut plain.mtp blocks.extxyz --atom 3 -o - >other.extxyz
contains other.extxyz 'cut_atom=3'

# ---- labels of them train a potential; masked forces are no part of its errors
mtp eval pot.almtp sphere.extxyz -o labelled.extxyz
contains labelled.extxyz 'force_mask:L:1'
mtp errors pot.almtp labelled.extxyz --json >errors.json
below "$(member errors.json '"force":{"mae":')" 1e-9

# ---- a driver that is the potential itself: cells and spheres agree in the middle as its locality says
cat >teach.sh <<EOF
exec mtp eval '$PWD/pot.almtp' in.extxyz -o out.extxyz
EOF
mtp cut plain.mtp blocks.extxyz --check "exec 'sh $PWD/teach.sh'" --shape sphere --radius 10.5 --json >check.json
[ "$(member check.json '"compared":')" -ge 13 ] || die "too few atoms: $(cat check.json)"
mtp cut plain.mtp blocks.extxyz --check "exec 'sh $PWD/teach.sh'" >check.txt
contains check.txt 'forces on [1-9][0-9]* atoms in the middle differ by'

# ---- wrong usage
refuse 2 'option -o is missing\|-o' mtp cut plain.mtp blocks.extxyz
refuse 2 'cell or sphere, found box' mtp cut plain.mtp blocks.extxyz -o x.extxyz --shape box
refuse 2 'must be above 0' mtp cut plain.mtp blocks.extxyz -o x.extxyz --radius -3
refuse 1 'a radius of 3 A is below the cutoff of the potential' mtp cut plain.mtp blocks.extxyz -o x.extxyz --radius 3
refuse 2 'takes no -o' mtp cut plain.mtp blocks.extxyz -o x.extxyz --check 'exec true'
refuse 2 'goes with --check' mtp cut plain.mtp blocks.extxyz -o x.extxyz --json
refuse 1 'no atom 900' mtp cut plain.mtp blocks.extxyz -o x.extxyz --atom 900
sed 's/^\(Al [^ ]* [^ ]* [^ ]*\) .*/\1/; s/:grade:R:1//' blocks.extxyz >bare.extxyz
refuse 1 'has no grades.*give --atom' mtp cut plain.mtp bare.extxyz -o x.extxyz
absent x.extxyz
