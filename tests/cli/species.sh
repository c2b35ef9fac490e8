# SPDX-License-Identifier: GPL-2.0-or-later
# Potentials without names of elements and data with them.
. "$SOURCE_DIR/tests/cli/_lib.sh"

make_potential named.almtp
mtp init --level 6 --species 1 --cutoff 5 --min-dist 1.5 -o nameless.mtp >/dev/null
crystals 3 8 >al.extxyz
sed 's/^Al/Cu/' al.extxyz >cu.extxyz

# one species here and one there are the same
mtp train nameless.mtp clusters.extxyz -o one.almtp --linear >train.txt
mtp train start.mtp clusters.extxyz -o two.almtp --linear >train.txt
same one.almtp two.almtp
sed 's/elements=Al *//' named.almtp | sed '/^#/,$d' >old.mtp
sed '/^#/,$d' named.almtp >new.mtp
grep -q Al old.mtp && die 'old.mtp has names'
mtp eval new.mtp al.extxyz -o new.extxyz
mtp eval old.mtp al.extxyz -o old.extxyz
same new.extxyz old.extxyz
mtp eval old.mtp cu.extxyz -o cu-out.extxyz
contains cu-out.extxyz '^Cu '
mtp errors old.mtp new.extxyz >errors.txt
refuse 1 "species 'Cu' matches none" mtp errors old.mtp new.extxyz cu-out.extxyz
refuse 1 "species 'Cu' matches none" mtp eval new.mtp cu.extxyz -o none.extxyz
refuse 1 'species 1 of new.mtp is Al, not Cu' mtp eval new.mtp cu.extxyz -o none.extxyz --species Cu
mtp train nameless.mtp clusters.extxyz -o skip.almtp --linear --skip-bad >train.txt 2>train.err
[ ! -s train.err ] || die "$(cat train.err)"
# a label that is an atomic number is a name
sed 's/0-0$/29-29/' old.mtp >copper.mtp
mtp eval copper.mtp cu.extxyz -o none.extxyz
rm none.extxyz
refuse 1 "species 'Al' matches none" mtp eval copper.mtp al.extxyz -o none.extxyz

# for more of them the order is given
mtp init --level 4 --species 2 --cutoff 5 --min-dist 1.5 -o both.mtp >/dev/null
awk 'NR % 8 == 3 { sub(/^Al/, "Ni") } { print }' clusters.extxyz >alni.extxyz
refuse 1 'no element names: --species gives them' mtp train both.mtp alni.extxyz -o none.almtp --linear
mtp train both.mtp alni.extxyz -o alni.almtp --linear --species Al,Ni >train.txt
contains alni.almtp 'elements=Al,Ni'
sed 's/elements=Al,Ni *//' alni.almtp | sed '/^#/,$d' >bare.mtp
for command in 'errors bare.mtp alni.extxyz' 'eval bare.mtp alni.extxyz -o out.extxyz' 'report bare.mtp alni.extxyz -o page.html'; do
  [ "${command%% *}" != report ] || command -v gnuplot >/dev/null || continue
  mtp $command --species Al,Ni >out.txt
done
mtp errors alni.almtp alni.extxyz --json >want.json
mtp errors bare.mtp alni.extxyz --species Al,Ni --json >got.json
same want.json got.json
mtp errors bare.mtp alni.extxyz --species Ni,Al --json >swapped.json
cmp -s want.json swapped.json && die 'the order makes no difference'
mtp grade alni.almtp alni.extxyz --species Al,Ni >out.txt
refuse 1 'bare.mtp has 2 species, but 3 names' mtp errors bare.mtp alni.extxyz --species Al,Ni,Cu
refuse 2 'named twice' mtp errors bare.mtp alni.extxyz --species Al,Al
