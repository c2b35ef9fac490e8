# SPDX-License-Identifier: GPL-2.0-or-later
# Random crystals: numbers, volumes, distances, formats; the same ones for a seed; what cannot be is refused.
. "$SOURCE_DIR/tests/cli/_lib.sh"

mtp random --formula SiO2 --atoms 3-12 --volume 13 --spread 0.1 --min-dist 1.5 --number 20 -o a.extxyz
[ "$(grep -c Lattice a.extxyz)" -eq 20 ] || die 'not 20 crystals'
contains a.extxyz 'operations=[1-9]'
awk 'NF == 1 { n = $1; si = 0; left = n; next } /Lattice/ { next } { si += $1 == "Si"; if (--left == 0 && 3 * si != n) exit 1 }' a.extxyz ||
  die 'other numbers than SiO2 has'
mtp info a.extxyz >info.txt
contains info.txt 'Si'
awk -F '"' '/Lattice/ { split($2, a, " "); n = before
  v = a[1] * (a[5] * a[9] - a[6] * a[8]) - a[2] * (a[4] * a[9] - a[6] * a[7]) + a[3] * (a[4] * a[8] - a[5] * a[7])
  if (v / n < 13 * 0.9 - 1e-6 || v / n > 13 * 1.1 + 1e-6) exit 1 } { before = $1 }' a.extxyz || die 'other volumes'

mtp random --formula SiO2 --atoms 3-12 --volume 13 --spread 0.1 --min-dist 1.5 --number 5 -o b.extxyz
head -n "$(wc -l <b.extxyz)" a.extxyz | cmp - b.extxyz || die 'crystals depend on their number'
mtp random --formula SiO2 --atoms 3-12 --volume 13 --spread 0.1 --min-dist 1.5 --number 5 --seed 6 -o c.extxyz
! cmp -s b.extxyz c.extxyz || die 'another seed makes the same crystals'

# an engine takes them, with the elements as they are
for file in x.poscar x.data x.cfg; do
  mtp random --species Na,Cl --atoms 4 --number 1 -o $file 2>err.txt
  [ ! -s err.txt ] || die "$file: $(cat err.txt)"
  mtp convert $file again.extxyz
  [ "$(head -n 1 again.extxyz)" -eq 4 ] || die "$file: not 4 atoms"
done
mtp random --species Al --number 2 -o - >out.txt
contains out.txt 'Lattice'
mtp random --species Al,Ni --min-dist Al-Ni=2.0,Al-Al=2.4 --number 2 -o pairs.extxyz

refuse 2 'either --species or --formula' mtp random -o x.extxyz
refuse 2 'either --species or --formula' mtp random --species Al --formula Al2 -o x.extxyz
refuse 2 'elements and numbers such as Al2O3' mtp random --formula al2 -o x.extxyz
refuse 2 'a number from 1 to 1000' mtp random --formula Al0O3 -o x.extxyz
refuse 2 "no radius of 'Qq'" mtp random --formula Qq2 -o x.extxyz
refuse 2 'a number or a range' mtp random --species Al --atoms 9-4 -o x.extxyz
refuse 2 'pairs of these species such as Al-Ni' mtp random --species Al,Ni --min-dist Al-Cu=2 -o x.extxyz
refuse 2 'no radius' mtp random --species Lr -o x.extxyz
refuse 2 '1 to 48' mtp random --species Al --symmetry 49 -o x.extxyz
refuse 1 'whole formula units of 3' mtp random --formula SiO2 --atoms 4-5 -o x.extxyz
refuse 1 'do not fit: larger volumes or smaller distances' mtp random --species Al --volume 5 --min-dist 4 -o x.extxyz
absent x.extxyz
