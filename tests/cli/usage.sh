# SPDX-License-Identifier: GPL-2.0-or-later
# Help, version and wrong usage: exit status 0 and 2, one line on stderr.
. "$SOURCE_DIR/tests/cli/_lib.sh"

mtp --help >help.txt
mtp --version >version.txt
contains version.txt '^mtp [0-9]*\.[0-9]*\.[0-9]*$'
for command in init train eval errors grade info convert label; do
  contains help.txt "^  $command "
  mtp $command --help >one.txt
  contains one.txt "^Usage: mtp $command "
  contains one.txt '^Example'
  refuse 2 "^mtp $command: unknown option --no-such" mtp $command --no-such
  refuse 2 "^mtp $command: unknown option -Q" mtp $command -Q
  refuse 2 "^mtp $command: " mtp $command
done

refuse 2 '^mtp: no command' mtp
refuse 2 "^mtp: unknown command 'nonsense'" mtp nonsense
refuse 2 '^mtp: unknown option --nonsense' mtp --nonsense

refuse 2 'needs a value' mtp eval a b -o
refuse 2 'takes no value' mtp eval a b -o c --grade=1
refuse 2 "unexpected argument 'c'" mtp errors a b c
refuse 2 '-o is required' mtp eval a b
refuse 2 "unknown format 'png'" mtp eval a b -o c --to png
refuse 2 'suffix of c.png' mtp eval a b -o c.png
refuse 2 'even number' mtp init --level 7 --species Al --cutoff 5 -o p.mtp
refuse 2 'whole number' mtp init --level 6x --species Al --cutoff 5 -o p.mtp
refuse 2 'a number is expected' mtp init --level 6 --species Al --cutoff nan -o p.mtp
refuse 2 'min-dist' mtp init --level 6 --species Al --cutoff 1 -o p.mtp
refuse 2 'element names' mtp init --level 6 --species Al,,Ni --cutoff 5 -o p.mtp
refuse 2 'named twice' mtp init --level 6 --species Al,Al --cutoff 5 -o p.mtp
refuse 2 'only linear' mtp train p.mtp data.cfg -o q.mtp
refuse 2 'three numbers' mtp train p.mtp data.cfg -o q.mtp --linear --weights 1,2
refuse 2 'vibrations' mtp train p.mtp data.cfg -o q.mtp --linear --weighting best
refuse 2 'configuration or neighbourhood' mtp train p.mtp data.cfg -o q.mtp --linear --mode both
absent p.mtp q.mtp c c.png

status=0
mtp --help >/dev/full 2>full.err || status=$?
[ $status -eq 1 ] || die 'a full disk behind stdout goes unnoticed'
contains full.err 'cannot write to standard output'
