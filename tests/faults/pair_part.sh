# SPDX-License-Identifier: GPL-2.0-or-later
# mtp train --pair-part replaces the pairs and the potential on top of them, one after the other: killed at any moment it
# leaves two that belong together, or that the next command puts together.
# timeout: 300
. "$SOURCE_DIR/tests/faults/_lib.sh"
snapshots
untrained 6
mtp train untrained.almtp labelled.extxyz -o pot.almtp --linear --pair-part pairs.lmp --pair-cutoff 8 >train.txt
mkdir before
cp pot.almtp pairs.lmp pairs.lmp.table before

belong() {
  mtp errors pot.almtp labelled.extxyz --baseline 'lammps pairs.lmp' >errors.txt 2>&1 || die "$1: $(tail -n 1 errors.txt)"
  [ ! -e pairs.lmp.old ] || cmp -s pot.almtp before/pot.almtp || rm pairs.lmp.old pairs.lmp.old.table # OUT is new, they are not
}

# a kill as soon as the old pairs are put aside, and some time later

for pause in 0 0.05 0.3; do
  cp before/* .
  rm -f pairs.lmp.old*
  mtp train untrained.almtp labelled.extxyz -o pot.almtp --linear --pair-part pairs.lmp --pair-cutoff 7 >train.txt 2>&1 &
  pid=$!
  while [ ! -e pairs.lmp.old ] && kill -0 $pid 2>/dev/null; do :; done
  sleep $pause
  kill -9 $pid 2>/dev/null || true
  wait $pid 2>/dev/null || true
  belong "killed after $pause s"
done

# the state that a kill leaves between the two, also with half of it put back, or trained once more
between() {
  cp before/* .
  rm -f pairs.lmp.old*
  { echo "# mtp: baseline $(sed -n 's/.*baseline=\([^ ]*\).*/\1/p' pot.almtp)"; cat pairs.lmp; } >kept.lmp
  cp pairs.lmp.table kept.table
  mtp train untrained.almtp labelled.extxyz -o other.almtp --linear --pair-part pairs.lmp --pair-cutoff 7 >train.txt
  mv kept.lmp pairs.lmp.old
  mv kept.table pairs.lmp.old.table
}
between
mtp errors other.almtp labelled.extxyz --baseline 'lammps pairs.lmp' >errors.txt # of these pairs: nothing is put back
[ -e pairs.lmp.old ] || die 'pairs were put back for a potential that is not theirs'
belong between
same pairs.lmp before/pairs.lmp
same pairs.lmp.table before/pairs.lmp.table
[ ! -e pairs.lmp.old ] && [ ! -e pairs.lmp.old.table ] || die 'put back, and still there'
between
mv pairs.lmp.old.table pairs.lmp.table
belong 'half put back'
same pairs.lmp before/pairs.lmp
between
mtp train untrained.almtp labelled.extxyz -o pot.almtp --linear --pair-part pairs.lmp --pair-cutoff 6.5 >train.txt 2>&1 ||
  die "$(cat train.txt)"
belong 'once more'
[ ! -e pairs.lmp.old ] || die 'old pairs are left of a training that went well'

# a training that fails takes its pairs back, and one that would replace its own pairs does not begin
cp before/* .
refuse 2 'both' mtp train untrained.almtp labelled.extxyz -o pairs.lmp --linear --pair-part pairs.lmp
same pairs.lmp before/pairs.lmp
if [ "$(id -u)" -ne 0 ] || [ -e /dev/full ]; then
  refuse 1 '/dev/full' mtp train untrained.almtp labelled.extxyz -o /dev/full --linear --pair-part pairs.lmp --pair-cutoff 7
  same pairs.lmp before/pairs.lmp
  same pairs.lmp.table before/pairs.lmp.table
fi
