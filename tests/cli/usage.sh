# SPDX-License-Identifier: GPL-2.0-or-later
# Help, version and wrong usage: exit status 0 and 2, one line on stderr.
. "$SOURCE_DIR/tests/cli/_lib.sh"

mtp --help >help.txt
mtp --version >version.txt
contains version.txt '^mtp [0-9]*\.[0-9]*\.[0-9]*$'
for command in init train eval errors grade info convert label bench report; do
  contains help.txt "^  $command "
  mtp $command --help >one.txt
  contains one.txt "^Usage: mtp $command "
  contains one.txt '^Example'
  refuse 2 "^mtp $command: unknown option --no-such" mtp $command --no-such
  refuse 2 "^mtp $command: unknown option -Q" mtp $command -Q
  refuse 2 "^mtp $command: " mtp $command
done

# ranks of an mpiexec would all do the same; one speaks for them
for command in init eval errors grade info convert label bench; do
  refuse 2 "^mtp $command: runs as one process" env PMI_SIZE=2 PMI_RANK=0 mtp $command x y -o z.mtp
  refuse 2 "^mtp $command: runs as one process" env OMPI_COMM_WORLD_SIZE=2 mtp $command x y -o z.mtp
done
status=0
env PMI_SIZE=2 PMI_RANK=1 mtp info x >second.out 2>&1 || status=$?
[ $status -eq 2 ] && [ ! -s second.out ] || die "the second rank ends with $status: $(cat second.out)"
refuse 1 '^mtp info: ' env PMI_SIZE=1 mtp info x # the rank of a queue is no other rank

refuse 2 '^mtp: no command' mtp
refuse 2 "^mtp: unknown command 'nonsense'" mtp nonsense
refuse 2 '^mtp: unknown option --nonsense' mtp --nonsense

refuse 2 'needs a value' mtp eval a b -o
refuse 2 'takes no value' mtp eval a b -o c --grade=1
refuse 2 "unexpected argument 'c'" mtp grade a b c
refuse 2 '-o is required' mtp eval a b
refuse 2 "unknown format 'png'" mtp eval a b -o c --to png
refuse 2 'suffix of c.png' mtp eval a b -o c.png
refuse 2 'even number' mtp init --level 7 --species Al --cutoff 5 -o p.mtp
refuse 2 'whole number' mtp init --level 6x --species Al --cutoff 5 -o p.mtp
refuse 2 'a number is expected' mtp init --level 6 --species Al --cutoff nan -o p.mtp
refuse 2 'min-dist' mtp init --level 6 --species Al --cutoff 1 --min-dist 2 -o p.mtp
refuse 2 'element names' mtp init --level 6 --species Al,,Ni --cutoff 5 -o p.mtp
refuse 2 'named twice' mtp init --level 6 --species Al,Al --cutoff 5 -o p.mtp
refuse 2 'a number from 1' mtp train p.mtp data.cfg -o q.mtp --starts 0
refuse 2 'gigabytes' mtp train p.mtp data.cfg -o q.mtp --memory -1
refuse 2 'not negative' mtp train p.mtp data.cfg -o q.mtp --tol -1
refuse 2 'three numbers' mtp train p.mtp data.cfg -o q.mtp --linear --weights 1,2
refuse 2 'vibrations' mtp train p.mtp data.cfg -o q.mtp --linear --weighting best
refuse 2 'configuration or neighbourhood' mtp train p.mtp data.cfg -o q.mtp --linear --mode both
absent p.mtp q.mtp c c.png

status=0
mtp --help >/dev/full 2>full.err || status=$?
[ $status -eq 1 ] || die 'a full disk behind stdout goes unnoticed'
contains full.err 'cannot write to standard output'
