# SPDX-License-Identifier: GPL-2.0-or-later
# Configurations from format to format, to the last bit.
. "$SOURCE_DIR/tests/cli/_lib.sh"

make_potential pot.almtp
{ crystals 5 3; clusters 2 4; } >mixed.extxyz
mtp eval pot.almtp mixed.extxyz -o full.extxyz --grade

mtp convert full.extxyz a.cfg
mtp convert a.cfg b.extxyz --species Al
same full.extxyz b.extxyz
mtp convert b.extxyz b.cfg
same a.cfg b.cfg

# pipes, explicit formats, suffixes that say nothing
mtp convert - - --from cfg --to cfg <a.cfg >piped.cfg
same a.cfg piped.cfg
mtp convert - - <full.extxyz >piped.extxyz
same full.extxyz piped.extxyz
cp a.cfg plain
mtp convert plain c.extxyz --species Al
same full.extxyz c.extxyz

# species: order and names
cat >two.extxyz <<'END'
2
Lattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3 pbc="T T T"
Ni 0 0 0
Al 2 2 2
END
mtp convert two.extxyz two.cfg --species Al,Ni
awk '$1 == "1" { print $2 }' two.cfg | grep -q '^1$' || die 'Ni is not species 1'
mtp convert two.cfg back.extxyz --species Al,Ni
contains back.extxyz '^Ni 0'
contains back.extxyz '^Al 2'
refuse 1 'Ni' mtp convert two.extxyz bad.cfg --species Al,Cu
absent bad.cfg

# LAMMPS data holds one configuration, and reading it gives the same cell and positions
mtp convert two.extxyz two.data
mtp convert two.data again.extxyz --species Ni,Al
mtp info two.extxyz --json >one.json
mtp info again.extxyz --json >two.json
[ "$(member one.json '"smallest_distance":')" = "$(member two.json '"smallest_distance":')" ] || die 'data file differs'
refuse 1 '.' mtp convert full.extxyz many.data
absent many.data

cat >md.dump <<'END'
ITEM: TIMESTEP
0
ITEM: NUMBER OF ATOMS
2
ITEM: BOX BOUNDS pp pp pp
0 4
0 4
0 4
ITEM: ATOMS id element x y z
2 Al 2 2 2
1 Ni 0 0 0
END
mtp convert md.dump dump.extxyz
mtp info dump.extxyz --json >three.json
[ "$(member one.json '"smallest_distance":')" = "$(member three.json '"smallest_distance":')" ] || die 'dump differs'
