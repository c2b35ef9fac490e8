# SPDX-License-Identifier: GPL-2.0-or-later
# Errors by group and by species: those of a group are those of its configurations alone.
. "$SOURCE_DIR/tests/cli/_lib.sh"

plain() { sed 's/,"groups":.*/}/' "$1"; } # FILE: the object without its parts
group() {                                 # FILE NAME: the object of a group
  sed -n "s/.*[{,]\"$2\":\({\"configurations\":[^}]*},[^}]*},[^}]*},\"force_rms\":[^}]*}\).*/\1/p" "$1"
}
expect_group() { # FILE NAME WHOLE: the group must be what the errors of a file of it are
  [ -n "$(group "$1" "$2")" ] || die "$1 has no group '$2': $(cat "$1")"
  [ "$(group "$1" "$2")" = "$(plain "$3")" ] || die "group '$2': $(group "$1" "$2") instead of $(plain "$3")"
}

make_potential pot.almtp
make_potential other.almtp
crystals 40 31 >in.extxyz
mtp eval pot.almtp in.extxyz -o train.extxyz
mtp init --level 4 --species Al --cutoff 5 --min-dist 1.5 -o start.mtp
mtp train start.mtp train.extxyz -o pot.almtp --linear >/dev/null
crystals 6 32 >in.extxyz
mtp eval other.almtp in.extxyz -o crystals.extxyz
clusters 5 33 >clusters.extxyz
clusters 4 34 >loose.extxyz
for set in crystals clusters loose; do
  mtp errors pot.almtp $set.extxyz --json >$set.json
  contains $set.json '"groups":{},"species":{"Al":{"force":{"mae":'
done

# both keys, in any order in the file
sed 's/pbc=/config_type=loose group="the crystals" pbc=/' crystals.extxyz >grouped-crystals.extxyz # `group` comes first
sed 's/pbc=/config_type=clusters pbc=/' clusters.extxyz >grouped-clusters.extxyz
head -n 6 grouped-crystals.extxyz >mixed.extxyz
cat grouped-clusters.extxyz >>mixed.extxyz
tail -n +7 grouped-crystals.extxyz >>mixed.extxyz
cat loose.extxyz >>mixed.extxyz
mtp errors pot.almtp mixed.extxyz --json >mixed.json
[ "$(wc -l <mixed.json)" -eq 1 ] || die '--json prints more than an object'
contains mixed.json '^{"configurations":15,"atoms":78,"energy_per_atom":'
expect_group mixed.json 'the crystals' crystals.json
expect_group mixed.json clusters clusters.json
expect_group mixed.json '' loose.json
mtp convert mixed.extxyz mixed.cfg # the groups are features there
mtp errors pot.almtp mixed.cfg --json >cfg.json
expect_group cfg.json 'the crystals' crystals.json

# the table, which is not there for a single group or species
mtp errors pot.almtp mixed.extxyz >mixed.txt
[ "$(grep -c '^  (none)  *4 .* -  *-$' mixed.txt)" -eq 1 ] || die "no line for what is in no group: $(cat mixed.txt)"
contains mixed.txt '^  clusters  *5 '
contains mixed.txt '^  the crystals  *6 '
mtp errors pot.almtp grouped-clusters.extxyz >single.txt
[ "$(wc -l <single.txt)" -eq 6 ] || die "more than the errors of all: $(cat single.txt)"

# several files are one set
mtp errors pot.almtp grouped-crystals.extxyz grouped-clusters.extxyz --json >several.json
cat grouped-crystals.extxyz grouped-clusters.extxyz >joined.extxyz
mtp errors pot.almtp joined.extxyz --json >joined.json
same several.json joined.json
mtp errors pot.almtp grouped-crystals.extxyz grouped-clusters.extxyz >several.txt
contains several.txt '^2 files: 11 configurations, 54 atoms$'

# species: every second atom another one
awk 'NF == 8 && $1 == "Al" && NR % 2 { $1 = "Ni" } { print }' train.extxyz >alloy.extxyz
grep -q '^Ni' alloy.extxyz || die 'the data for two species has one'
mtp init --level 4 --species Al,Ni --cutoff 5 --min-dist 1.5 -o start.mtp
mtp train start.mtp alloy.extxyz -o alloy.almtp --linear >/dev/null
mtp errors alloy.almtp alloy.extxyz --json >alloy.json
mtp errors alloy.almtp alloy.extxyz >alloy.txt
contains alloy.txt '^  Ni  *[0-9]'
force='"force":{"mae":[^,]*,"rmse":'
al=$(member alloy.json "\"Al\":{$force")
ni=$(member alloy.json "\"Ni\":{$force")
[ "$al" != "$ni" ] || die "two species have the same error: $(cat alloy.json)"
# both have the same number of atoms, so the mean squares of the two average to that of all
awk -v al="$al" -v ni="$ni" -v all="$(member alloy.json "$force")" \
  'BEGIN { d = (al * al + ni * ni) / 2 - all * all; exit !(d * d < 1e-20 * all ^ 4) }' || die "$(cat alloy.json)"
mtp errors alloy.almtp crystals.extxyz --json >pure.json
contains pure.json '"Ni":{"force":{"mae":null,"rmse":null,"max":null}}}}$'

# atoms at the same place
awk 'NR == 10 { print last; next } { last = $0; print }' crystals.extxyz >same.extxyz
refuse 1 'same.extxyz: configuration 2: .* not finite' mtp errors pot.almtp same.extxyz
refuse 1 '2 files: configuration 8: ' mtp errors pot.almtp crystals.extxyz same.extxyz --json
