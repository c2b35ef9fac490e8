# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# A learning run from nothing on 1, 2 and 4 ranks makes the same decisions, redoes the steps it learns at, can be
# repeated without QM calls, and leaves a potential that runs frozen. With linear refits: those of all parameters magnify
# the last bits, in which the labels of different numbers of ranks differ.
. "$SOURCE_DIR/tests/lammps/_lib.sh"

crystal -var cells 2
for ranks in 1 2 4; do
  mkdir ranks$ranks
  (
    cd ranks$ranks
    cp ../reference_al.lmp ../crystal.data .
    untrained 8 Al
    run $ranks learn.log in.learn -var keywords "select 2.0 break 4.0 refit linear"
    [ "$(grep -c Lattice train.extxyz)" -eq "$(value learn.log configurations)" ] || die 'training file and count differ'
    [ "$(decisions events.jsonl | wc -l)" -eq "$(value learn.log calls)" ] || die 'event log and count of calls differ'
    decisions events.jsonl >decisions
    contains events.jsonl '"event":"end"'
    # the last step was accepted, so nothing in it is beyond break; the two ways to ask for the grade agree
    below "$(value learn.log grade)" 4.0000001
    close "$(value learn.log grade)" "$(value learn.log grade_peratom)" 1e-12
  ) || exit 1
done
cmp ranks1/decisions ranks2/decisions || die "1 and 2 ranks learn at other steps: $(paste ranks1/decisions ranks2/decisions)"
cmp ranks1/decisions ranks4/decisions || die "1 and 4 ranks learn at other steps: $(paste ranks1/decisions ranks4/decisions)"
close "$(value ranks1/learn.log energy)" "$(value ranks4/learn.log energy)" 1e-6

cd ranks2
# learning did not end with the warm-up, and the step that triggered it was done again with what was learned
[ "$(awk '$1 > 0' decisions | wc -l)" -gt 0 ] || die 'nothing was learned during the run'
[ "$(value learn.log refits)" -gt 1 ] || die 'no second refit'
contains learn.log.screen 'refit'
# the forces in LAMMPS are those of the potential on disk: the last step was not left with an older one
mtp eval learned.almtp positions.dump -o eval.extxyz --grade >eval.txt
dump_columns forces.dump 2 >forces.lammps
close "$(xyz_energy eval.extxyz)" "$(value learn.log energy)" 1e-8
close "$(cat forces.lammps)" "$(xyz_forces eval.extxyz)" 1e-8
# labels are what the reference says
mtp errors learned.almtp train.extxyz --json >errors.json
below "$(member errors.json '"force":{"mae":[^,]*,"rmse":')" 0.3

# the same run again: the training file knows everything, no call is made
cp train.extxyz before.extxyz
run 2 again.log in.learn -var potential learned.almtp -var steps 0
[ "$(value again.log calls)" -eq 0 ] || die "$(value again.log calls) calls in a run that has nothing to learn"
run 2 resumed.log in.learn
[ "$(value resumed.log configurations)" -ge "$(value learn.log configurations)" ] || die 'labels were lost'
cmp -n "$(wc -c <before.extxyz)" before.extxyz train.extxyz || die 'the training file was written over'

# frozen: grades by fix pair, compute pair and mtp eval are the same
for ranks in 1 2; do
  run $ranks frozen.log in.frozen
  close "$(value frozen.log grade)" "$(value frozen.log grade_peratom)" 1e-12
  mtp eval learned.almtp positions.dump -o eval.extxyz --grade >eval.txt
  close "$(value frozen.log grade)" "$(sed -n '2s/.*max_grade=\([^ ]*\).*/\1/p' eval.extxyz)" 1e-7
  worst=$(awk '/^ITEM: ATOMS/ { on = 1; next } on && $2 > largest { largest = $2; id = $1 } END { print id }' grades.dump)
  [ "$worst" -eq "$(value frozen.log worst_atom)" ] || die 'compute pair names another atom than fix pair'
done
