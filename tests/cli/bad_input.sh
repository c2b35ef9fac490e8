# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input: one line that names the file, exit status 1, and no output file.
. "$SOURCE_DIR/tests/cli/_lib.sh"

make_potential pot.almtp
crystals 2 5 >good.extxyz

# every command that reads POT and IN, with the given pair of files
all() {
  refuse 1 "$1" mtp eval "$2" "$3" -o out.extxyz
  refuse 1 "$1" mtp eval "$2" "$3" -o out.cfg --grade
  refuse 1 "$1" mtp grade "$2" "$3" -o out.extxyz
  refuse 1 "$1" mtp errors "$2" "$3"
  refuse 1 "$1" mtp train "$2" "$3" -o out.almtp --linear
  absent out.extxyz out.cfg out.almtp
}

all 'missing.almtp' missing.almtp good.extxyz
all 'missing.extxyz' pot.almtp missing.extxyz
refuse 1 'missing' mtp info missing
refuse 1 'missing' mtp convert missing out.cfg
refuse 1 'missing' mtp label missing -o out.extxyz --qm 'exec true'

# potentials cut short at many places: in the text, in the binary part
size=$(wc -c <pot.almtp)
for tenth in 1 3 5 7 9; do
  head -c $((size * tenth / 10)) pot.almtp >cut.almtp
  refuse 1 'cut.almtp' mtp grade cut.almtp good.extxyz -o out.extxyz
  refuse 1 'cut.almtp' mtp info cut.almtp
  refuse 1 'cut.almtp' mtp convert cut.almtp out.mtp
  refuse 1 'cut.almtp' mtp train cut.almtp clusters.extxyz -o out.mtp --linear
  absent out.extxyz out.mtp
done

sed '3s/^Al/Xx/' good.extxyz >unknown.extxyz
all 'unknown.extxyz.*Xx' pot.almtp unknown.extxyz
for word in nan inf 1e999 0x 1,5; do
  sed "5s/^Al [^ ]*/Al $word/" good.extxyz >number.extxyz
  all 'number.extxyz:5' pot.almtp number.extxyz
  refuse 1 'number.extxyz:5' mtp info number.extxyz
  refuse 1 'number.extxyz:5' mtp convert number.extxyz out.cfg
  refuse 1 'number.extxyz:5' mtp label number.extxyz -o out.extxyz --qm 'exec true'
  absent out.cfg out.extxyz
done
head -n 4 good.extxyz >short.extxyz # of several configurations the whole ones count: compressed.sh
all 'short.extxyz' pot.almtp short.extxyz
: >empty.extxyz
all 'empty.extxyz' pot.almtp empty.extxyz
: >empty.almtp
all 'empty.almtp' empty.almtp good.extxyz

# an untrained potential evaluates nothing
refuse 1 'trained' mtp eval start.mtp good.extxyz -o out.extxyz
# element names with a potential that has none: the way out is named
mtp init --level 4 --species 2 --cutoff 5 -o nameless.mtp
refuse 1 'no element names: --species' mtp train nameless.mtp clusters.extxyz -o out.mtp --linear
absent out.extxyz out.mtp

# outputs that cannot be written are refused before the work
refuse 1 'nowhere/out.cfg' mtp eval pot.almtp good.extxyz -o nowhere/out.cfg
mkdir folder.cfg
refuse 1 'folder.cfg' mtp eval pot.almtp good.extxyz -o folder.cfg
for command in 'convert good.extxyz -' 'eval pot.almtp good.extxyz -o -' 'grade pot.almtp good.extxyz' 'info good.extxyz'; do
  status=0
  mtp $command >/dev/full 2>full.err || status=$?
  [ $status -eq 1 ] || die "$command: a full disk behind stdout goes unnoticed"
  [ "$(wc -l <full.err)" -eq 1 ] || die "$command: not one line: $(cat full.err)"
done
