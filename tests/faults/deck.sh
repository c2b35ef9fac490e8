# SPDX-License-Identifier: GPL-2.0-or-later
# Decks that cannot work: one clear line each, before anything is computed or written.
. "$SOURCE_DIR/tests/faults/_lib.sh"
make_potential 6

for style in mtp mtp/al; do
  stops 'works in metal and real units, not in lj' $style '* * pot.almtp Al Ni' 'variable energy_units index lj'
  stops 'needs newton pair on' $style '* * pot.almtp Al Ni' 'newton off'
  stops 'expected precision double or mixed, found half' "$style precision half" '* * pot.almtp Al Ni'
  stops 'unknown keyword bogus' "$style bogus 1" '* * pot.almtp Al Ni'
  stops 'keyword precision needs a value' "$style precision" '* * pot.almtp Al Ni'
done

al() { stops "$1" "mtp/al $2" '* * pot.almtp Al Ni'; }
al 'keyword select expects a number, found two' 'select two'
al 'keyword select expects a number, found nan' 'select nan'
al 'select must be at least 1' 'select 0.5'
al 'break must not be below select' 'select 5 break 4'
al 'every must be at least 1' 'every 0'
al 'keyword every expects a whole number' 'every 1.5'
al 'pool must be between' 'pool 0'
al 'mode must be energy, forces, neighbourhood or configuration, found both' 'mode both'
al 'refit must be linear, full or auto, found sometimes' 'refit sometimes'
al 'cut must be off, auto, on or a radius' 'cut large'
al 'onfail must be stop or skip, found retry' 'onfail retry'
al 'weights needs three numbers' 'weights 1 2'
al 'keyword weights expects a number, found heavy' 'weights 1 heavy 3'
al 'warmup needs' 'warmup 5'
al 'keyword maxqm expects a whole number that is not negative, found -3' 'maxqm -3'
al 'unknown keyword precison' 'precison double'
al 'expects a whole number' 'seed abc'

steps=10
grades='mode neighbourhood'
deck mtp '* * bare.almtp Al Ni'
mtp train untrained.almtp labelled.extxyz -o conf.almtp --linear --mode configuration >train2.txt
awk '/^#/ { exit } { print }' pot.almtp >bare.almtp
sed 's/^run.*/fix g all pair 1 mtp grade 1\nrun 1/' in.fault >in.grade
refused 'grades need an active set, and bare.almtp has none' 1 in.grade
sed 's/bare.almtp/conf.almtp/' in.grade >in.grade_mode
refused 'mode neighbourhood' 2 in.grade_mode

cat >in.hybrid <<END
variable cells index 2
include $decks/crystal.lmp
pair_style hybrid mtp/al lj/cut 4.0
pair_coeff * * mtp/al pot.almtp Al NULL
pair_coeff * 2 lj/cut 0.0 1.0
run 0
END
refused 'works alone or as a sub-style of hybrid/overlay' 2 in.hybrid

cat >in.list <<END
variable cells index 2
include $decks/crystal.lmp
pair_style mtp
run 0
END
refused '[Aa]ll pair coeffs are not set' 2 in.list
absent train.extxyz mtp-al.jsonl candidates.extxyz

# what is graded must be what is labelled
cat >in.exclude <<END
variable cells index 2
include $decks/crystal.lmp
pair_style mtp/al qm none train excluded.extxyz
pair_coeff * * pot.almtp Al Ni
neigh_modify exclude type 1 1
run 0
END
refused 'does not work with neigh_modify exclude' 2 in.exclude
absent excluded.extxyz
