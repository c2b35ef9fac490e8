# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# The engine runs on another host than rank 0: it works in the folder that all see, and a folder that only rank 0's host
# has is an error that names it, not a wait.
HOSTS=2
. "$SOURCE_DIR/tests/hosts/_lib.sh"
crystal -var cells 2
untrained 8 Al
cat >engine.sh <<END
exec $PWD/ssh.sh $(address 2) "cd '\$PWD' && . $BUILD_DIR/env.sh && hostname >>$PWD/names &&
  mtp label in.extxyz -o out.extxyz --qm 'lammps $PWD/reference_al.lmp'"
END
# learn KEYS COMMAND...
learn() {
  keys=$1
  shift
  "$@" lmp -in in.started -log none -nocite -var decks "$decks" -var steps 5 \
    -var driver "'exec sh $PWD/engine.sh $keys'"
}
! learn "dir=$PWD/scratch/qm retries=0" over >screen 2>&1 || die 'a folder that the engine cannot see does'
contains screen "^ERROR.*cd: .*scratch/qm"
rm -rf train.extxyz* events.jsonl
learn '' completes "grep -q 'Total wall time' screen" screen
[ "$(sort -u names)" = host2 ] || die "engines ran on $(sort -u names)"
[ "$(wc -l <names)" -eq "$(kept train.extxyz)" ] || die "$(wc -l <names) calls for $(kept train.extxyz) labels"
