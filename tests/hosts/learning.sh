# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1800
# A run that learns on three hosts: another host is cut off, or its ranks are killed, in a label and in a refit; the host
# of rank 0 is cut off. An error within a minute, never a hang; nothing is lost, and the next start goes on.
. "$SOURCE_DIR/tests/hosts/_lib.sh"
crystal -var cells 2
# the Nth call, N in the file `which`, says so in the file `now` and takes as long as `seconds` says
cat >engine.sh <<END
echo call >>$PWD/calls
if [ "\$(wc -l <$PWD/calls)" -eq "\$(cat $PWD/which)" ]; then : >$PWD/now; sleep "\$(cat $PWD/seconds)"; fi
mtp label in.extxyz -o out.extxyz --qm "lammps $PWD/reference_al.lmp"
END
# learn COMMAND...: COMMAND with the run that learns
learn() {
  "$@" lmp -in in.started -log none -nocite -var decks "$decks" -var driver "'exec sh $PWD/engine.sh'" \
    -var keywords "warmup 4 0.1 $keywords" -var steps 10
}
# disturbed WHICH SECONDS LATER KIND HOST: a new run, and a fault LATER seconds after the call WHICH began
disturbed() {
  rm -rf train.extxyz* learned.almtp* events.jsonl candidates.extxyz qm now
  : >calls
  echo "$1" >which
  echo "$2" >seconds
  what="$4 $5 at call $1"
  learn launches screen
  await now
  sleep "$3"
  fault "$4" "$5" lmp
  ends_soon $pid "$what"
  mend "$5" lmp
  known=$(kept train.extxyz)
  echo "$what: $known labels are kept: $(tail -n 1 screen)"
  [ "$known" -ge $(($1 - 1)) ] || die "$what: $known labels are left"
  [ ! -e learned.almtp ] || mtp info learned.almtp >info.txt || die "$what: the potential is broken"
}
# goes_on: the next start asks for what is not there yet, and for nothing else
goes_on() {
  before=$(kept train.extxyz)
  calls=$(wc -l <calls)
  echo 0 >which
  learn completes "grep -q 'Total wall time' last.screen" last.screen
  grep -q -e 'going on from the' -e 'an earlier run left' last.screen || die "after $what it begins anew"
  [ "$(kept train.extxyz)" -eq "$(value last.screen configurations)" ] || die 'the training file and its count differ'
  [ "$(positions train.extxyz | sort | uniq -d | wc -l)" -eq 0 ] || die 'a configuration was labelled twice'
  [ $(($(wc -l <calls) - calls)) -eq $(($(kept train.extxyz) - before)) ] || die 'it asks for what it knows'
}

# in a label: rank 0 notices where it goes on with the others
untrained 8 Al
keywords='refit linear'
disturbed 3 8 1 kill 2
disturbed 3 8 1 cut 3
goes_on
disturbed 3 8 1 cut 1
# in a refit of all parameters, on the ranks
untrained 16 Al
keywords='refit full'
disturbed 4 0 2 kill 3
disturbed 4 0 2 cut 2
untrained 8 Al
keywords='refit linear'
goes_on
