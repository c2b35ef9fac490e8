# SPDX-License-Identifier: GPL-2.0-or-later
# mtp train on the ranks of an mpiexec: the same bytes as alone, its messages and exit status once; and a run that trains
# all parameters on all of its ranks.
. "$SOURCE_DIR/tests/lammps/_lib.sh"

mtp init --level 6 --species Al --cutoff 5 --min-dist 1.8 -o start.mtp
cp "$decks"/reference*.lmp .
run 1 snapshots.log in.snapshots -var elements "Al Al" -var reference reference_al.lmp
mtp convert snapshots.dump snapshots.extxyz
mtp label snapshots.extxyz -o train.extxyz --qm 'lammps reference_al.lmp' >/dev/null
mtp train start.mtp train.extxyz -o one.almtp --threads 1 --max-iter 20 --json >one.json
for ranks in 2 4; do
  "$MPIEXEC" -n $ranks mtp train start.mtp train.extxyz -o many.almtp --max-iter 20 --json >many.json
  same one.almtp many.almtp
  [ "$(wc -l <many.json)" -eq 1 ] || die "$ranks ranks print $(cat many.json)"
done
status=0
"$MPIEXEC" -n 2 mtp train missing.mtp train.extxyz -o x.almtp >missing.out 2>missing.err || status=$?
[ $status -ne 0 ] || die 'a missing file is no failure'
[ "$(grep -c 'cannot open missing.mtp' missing.err)" -eq 1 ] || die "$(cat missing.err)"
