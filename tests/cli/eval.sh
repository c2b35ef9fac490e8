# SPDX-License-Identifier: GPL-2.0-or-later
# What mtp eval and mtp grade write is of the given potential, and nothing of another one is handed on.
. "$SOURCE_DIR/tests/cli/_lib.sh"

make_potential pot.almtp
crystals 2 9 >in.extxyz
mtp eval pot.almtp in.extxyz -o clean.extxyz
mtp eval pot.almtp in.extxyz -o graded.extxyz --grade
for file in clean graded; do contains $file.extxyz ' energy='; done
contains graded.extxyz 'max_grade='

# both halves of a potential come from one reading: a pipe gives them once
mtp grade pot.almtp in.extxyz >file.txt
cat pot.almtp | mtp grade - in.extxyz >pipe.txt
same file.txt pipe.txt

# labels, grades and their origin of somebody else
awk 'NR % 6 == 2 { sub(/Properties=[^ ]*/, "&:forces:R:3:site_energy:R:1:grade:R:1"); print $0 " energy=77 virial=\"77 0 0 0 77 0 0 0 77\" max_grade=77 EFS_by=VASP qm=exec"; next }
  NR % 6 == 1 { print; next } { print $0, 77, 77, 77, 77, 77 }' in.extxyz >foreign.extxyz
mtp eval pot.almtp foreign.extxyz -o out.extxyz
grep -q 77 out.extxyz && grep -o '.\{20\}\b77\b.*' out.extxyz && die 'old labels or grades'
contains out.extxyz 'old_EFS_by=VASP old_qm=exec$'
sed 's/ old_EFS_by=VASP old_qm=exec//' out.extxyz >stripped.extxyz
same stripped.extxyz clean.extxyz
mtp grade pot.almtp foreign.extxyz -o out.extxyz >/dev/null
sed 's/ old_EFS_by=VASP old_qm=exec//' out.extxyz >stripped.extxyz
same stripped.extxyz graded.extxyz
mtp convert foreign.extxyz foreign.cfg
mtp eval pot.almtp foreign.cfg -o out.cfg
grep -e nbh_grades -e MV_grade -e '	77' out.cfg && die 'old grades in cfg'

# grades of configurations leave no grades of atoms
mtp train start.mtp clusters.extxyz -o whole.almtp --linear --mode configuration >/dev/null
mtp grade whole.almtp foreign.extxyz -o out.extxyz >/dev/null
contains out.extxyz 'max_grade='
grep -q 'grade:R:1' out.extxyz && die 'grades of atoms in mode configuration'
exit 0
