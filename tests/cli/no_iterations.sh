# SPDX-License-Identifier: GPL-2.0-or-later
# `mtp train --max-iter 0` gives a potential that somebody else trained an active set, and says how sure it is where that
# is not there. It changes nothing else.
. "$SOURCE_DIR/tests/cli/_lib.sh"

# check POTENTIAL DATA
check() {
  mtp convert "$1" before.mtp
  mtp train "$1" "$2" -o zero.almtp --max-iter 0 >zero.txt 2>zero.err
  contains zero.txt '^training: 0 iterations, 0 passes, '
  contains zero.txt '^active set: .* neighbourhood mode'
  mtp convert zero.almtp after.mtp
  contains after.mtp '^potential_tag = .*posterior='
  grep -q posterior= before.mtp || sed -i 's/ *posterior=[^ ]*//' after.mtp
  same before.mtp after.mtp # in every bit, min_dist too
  absent zero.almtp.checkpoint
  mtp grade zero.almtp "$2" --json >grade.json
  below "$(member grade.json '"max_grade":')" 1.01
}

mtp init --level 6 --species Al --cutoff 5 -o start.mtp
clusters 30 7 >clusters.extxyz
mtp train start.mtp clusters.extxyz -o theirs.mtp >/dev/null
clusters 40 8 >data.extxyz # others than it was trained on, some of them closer
check theirs.mtp data.extxyz
cp theirs.mtp given.mtp
mtp train given.mtp data.extxyz -o given.mtp --max-iter 0 --json >zero.json
contains zero.json '"kind":"none"'
contains zero.json '"iterations":0'
same theirs.mtp given.mtp

# a checkpoint of another run is left alone
echo nonsense >zero.almtp.checkpoint
mtp train theirs.mtp data.extxyz -o zero.almtp --max-iter 0 >/dev/null
contains zero.almtp.checkpoint nonsense

refuse 1 'expected a trained potential' mtp train start.mtp data.extxyz -o q.almtp --max-iter 0
for option in --linear --fix-radial --fresh --update-min-dist; do
  refuse 2 '--max-iter 0 changes nothing' mtp train theirs.mtp data.extxyz -o q.almtp --max-iter 0 $option
done
for n in -1 -5; do
  refuse 2 'a number from 0' mtp train theirs.mtp data.extxyz -o q.almtp --max-iter $n
done
absent q.almtp

# published ones
shared=${MTP_SHARED:-/nonexistent}
[ -d "$shared/potentials" ] && [ -d "$shared/data/mlearn" ] || exit 0
rm zero.almtp.checkpoint
mtp convert "$shared/potentials/Li.zuo2020.mtp" Li.mtp --species Li
check Li.mtp "$shared/data/mlearn/Li.training.extxyz"
