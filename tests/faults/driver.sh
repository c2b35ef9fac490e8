# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# QM drivers that are not there or misbehave: the run stops with one clear line, and no bad label reaches the training
# file; a retry that works; files that cannot be written.
. "$SOURCE_DIR/tests/faults/_lib.sh"
make_potential 6
rm -rf qm train.extxyz
here=$PWD

# fault PATTERN DRIVER [KEYWORDS]: a cold start with this driver.
fault() {
  rm -rf train.extxyz saved.almtp events.jsonl candidates.extxyz qm
  stops "$1" "mtp/al qm \"$2\" save saved.almtp log events.jsonl ${3:-}" '* * untrained.almtp Al Ni'
  absent saved.almtp
  [ ! -e train.extxyz ] || ! grep -q Lattice train.extxyz || die "'$2': a bad label is in the training file"
}

# not there, or not meant
fault 'nosuch' 'nosuch thing'
fault 'missing.lmp' 'lammps missing.lmp'
fault 'expected a file of LAMMPS commands' 'lammps'
fault 'cannot run .*no_such_engine' "exec $here/no_such_engine retries=0"
fault 'nonsense' 'lammps reference.lmp nonsense=1'

# the lammps driver: what its commands do wrong
echo 'pair_style nosuch' >wrong.lmp
fault 'nosuch' 'lammps wrong.lmp retries=0'
printf 'units real\npair_style lj/cut 4.0\npair_coeff * * 0.1 2.5\n' >wrong.lmp
fault 'wrong.lmp:1: expected metal units' 'lammps wrong.lmp retries=0'
printf 'pair_style lj/cut 4.0\npair_coeff 1 1 0.1 2.5\n' >wrong.lmp
fault 'coeffs are not set' 'lammps wrong.lmp retries=0'
printf 'include reference.lmp\ndelete_atoms group all\n' >wrong.lmp
fault 'the commands changed the number of atoms' 'lammps wrong.lmp retries=0'

# engines that answer badly; the good answer is the potential's, spoiled on the way
cat >good.sh <<END
mtp eval $here/pot.almtp in.extxyz -o out.extxyz >/dev/null
END
spoil() {
  { cat good.sh; echo "$1"; } >engine.sh
}
spoil "sed -i '3s/ [-0-9.e]*\$/ nan/' out.extxyz"
fault "found 'nan', expected a finite number" "exec sh $here/engine.sh retries=0"
spoil 'head -c 200 out.extxyz >cut; mv cut out.extxyz'
fault 'out.extxyz:2: found the end' "exec sh $here/engine.sh retries=0"
spoil "awk 'NR == 1 { print \$1 - 1 } NR > 1 && NR != 5' out.extxyz >less; mv less out.extxyz"
fault 'of 31 atoms, 32 were sent' "exec sh $here/engine.sh retries=0"
spoil "sed -i '3s/^Al/Ni/' out.extxyz"
fault 'atom 1 is of another species' "exec sh $here/engine.sh retries=0"
echo 'echo "the disk is full" >&2; exit 3' >engine.sh
fault 'exit code 3: the disk is full' "exec sh $here/engine.sh retries=0"
echo 'kill -9 $$' >engine.sh
fault 'signal 9' "exec sh $here/engine.sh retries=0"
echo 'sleep 1000' >engine.sh
fault 'killed after timeout=1 s' "exec sh $here/engine.sh retries=0 timeout=1"
echo 'exit 0' >engine.sh
fault 'cannot open .*out.extxyz' "exec sh $here/engine.sh retries=0"

# no driver and nothing to start from
fault 'needs a QM driver or a training file' none

# a retry that works
cat >engine.sh <<END
[ -e $here/second ] || { : >$here/second; exit 1; }
. $here/good.sh
END
rm -rf train.extxyz saved.almtp events.jsonl qm second
steps=5
deck "mtp/al qm \"exec sh $here/engine.sh retries=1\" save saved.almtp log events.jsonl" '* * untrained.almtp Al Ni'
timeout 100 "$MPIEXEC" -n 2 lmp -in in.fault -log retry.log >retry.screen 2>&1 || die "retry: $(tail -n 3 retry.screen)"
[ -e saved.almtp ] || die 'nothing was learned after a retry'
clean

# a training file and a log that cannot be written: refused before the first QM call
mkdir folder
: >calls
printf 'echo call >>%s/calls\n' "$here" >engine.sh
cat good.sh >>engine.sh
for target in 'train folder' 'train nowhere/train.extxyz' 'log nowhere/log' 'log folder'; do
  stops 'folder\|nowhere' "mtp/al qm \"exec sh $here/engine.sh\" save saved2.almtp $target" '* * untrained.almtp Al Ni'
done
[ ! -s calls ] || die 'a QM call was made although its label could not be kept'
absent saved2.almtp

# a training file with a wrong line: refused with file and line, and left alone
cp labelled.extxyz wrong.extxyz
sed -i '5s/[0-9]\.[0-9]*/xyz/' wrong.extxyz
cp wrong.extxyz wrong.copy
stops 'wrong.extxyz:5' "mtp/al qm \"exec sh $here/engine.sh\" save saved2.almtp train wrong.extxyz" '* * untrained.almtp Al Ni'
cmp wrong.extxyz wrong.copy || die 'a training file that was refused has changed'
