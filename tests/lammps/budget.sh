# SPDX-License-Identifier: GPL-2.0-or-later
# Without QM calls, or with a few: a run goes on below break and stops at it, what was not labelled is written down, and
# a failed call is skipped if the deck says so.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
crystal -var cells 2
untrained 8 Al
labels() { grep -c Lattice "$1"; }

# the first 40 steps teach what is known near 300 K
run 2 start.log in.learn -var steps 40
cp train.extxyz start.extxyz
cp learned.almtp start.almtp

# stopped LOG PATTERN [lmp options]: in.learn ends with one error line that matches.
stopped() {
  log=$1
  pattern=$2
  shift 2
  refused "$pattern" 2 "$decks/in.learn" -var decks "$decks" -var potential start.almtp "$@"
  mv refused.screen "$log"
}
fresh() {
  rm -f candidates.extxyz events.jsonl learned.almtp
  cp start.extxyz train.extxyz
}

fresh
stopped none.screen 'break' -var driver none
[ "$(labels train.extxyz)" -eq "$(labels start.extxyz)" ] || die 'labels without a driver'
[ "$(labels candidates.extxyz)" -gt 0 ] || die 'nothing was written down'
contains events.jsonl '"event":"end"'
step=$(sed -n '/"event":"stop"/s/.*"step":\([0-9]*\).*/\1/p' events.jsonl)
[ "$step" -gt 0 ] || die 'no stop event'

# the same far from break goes on
fresh
run 2 far.log in.learn -var driver none -var potential start.almtp -var keywords "select 2.0 break 1e9"
[ "$(value far.log calls)" -eq 0 ] || die 'calls of a driver that is not there'

# a budget
fresh
stopped budget.screen 'break' -var keywords "select 2.0 break 4.0 maxqm 1"
[ "$(labels train.extxyz)" -eq "$(($(labels start.extxyz) + 1))" ] || die 'the budget was not kept'
[ "$(labels candidates.extxyz)" -gt 0 ] || die 'nothing was written down'

# failed calls: stop, or go on without the label below break
cat >moody.sh <<'END'
exit 1
END
fresh
stopped stop.screen 'after 1 try,' -var driver "'exec sh $PWD/moody.sh retries=0'" -var keywords "select 2.0 break 1e9 pool 1"
fresh
run 2 skip.log in.learn -var potential start.almtp -var driver "'exec sh $PWD/moody.sh retries=0 maxfail=0'" \
  -var keywords "select 2.0 break 1e9 pool 1 onfail skip"
below 0 "$(value skip.log calls)"
[ "$(value skip.log configurations)" -eq "$(labels start.extxyz)" ] || die 'a failed call became a label'
