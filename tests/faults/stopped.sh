# SPDX-License-Identifier: GPL-2.0-or-later
# SIGTERM and SIGINT during QM calls: the run and `mtp label` stop at once with one line, leave no engine behind, and what
# was labelled is kept; the next start goes on. The same for a budget that is spent.
. "$SOURCE_DIR/tests/faults/_lib.sh"
crystal -var cells 1
untrained 6 Al
crystals 6 21 >in.extxyz

# the third call and those after it take very long, until the file `quick` is there
cat >engine.sh <<END
echo \$\$ >>$PWD/engines
[ -e $PWD/quick ] || [ "\$(grep -n -x \$\$ $PWD/engines | cut -d: -f1)" -le 2 ] || sleep 1000
mtp label in.extxyz -o out.extxyz --qm "lammps $PWD/reference_al.lmp"
END
# await_slow WORKERS FILE: until the first two calls are labelled in FILE, and all workers wait for slow ones.
await_slow() {
  for wait in $(seq 1200); do
    [ "$(wc -l <engines)" -lt $(($1 + 2)) ] || [ "$(kept "$2")" -lt 2 ] || return 0
    sleep 0.05
  done
  die "no call number $(($1 + 2))"
}
# stops_soon PID: waits for it; its status must tell of a failure.
stops_soon() {
  started=$(date +%s)
  status=0
  wait "$1" || status=$?
  [ $status -ne 0 ] || die 'a run that was stopped ends well'
  [ $(($(date +%s) - started)) -lt 60 ] || die 'it does not stop'
  for engine in $(cat engines); do gone 'an engine' "$engine"; done
}
labels() { [ ! -e "$1" ] || grep -c 'Lattice.* energy=' "$1" || true; }
fresh() {
  rm -rf train.extxyz* out.extxyz* learned.almtp events.jsonl qm quick
  : >engines
}

for signal in TERM INT; do
  for workers in 1 2; do
    fresh
    # an interactive shell's children listen to SIGINT; those of a script in the background do not; perl would
    # complain of a locale that is not installed
    PERL_BADLANG=0 perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' mtp label in.extxyz -o out.extxyz \
      --qm "exec sh $PWD/engine.sh workers=$workers" >label.txt 2>label.err &
    pid=$!
    await_slow $workers out.extxyz
    kill -$signal $pid
    stops_soon $pid
    [ "$(cat label.err | wc -l)" -eq 1 ] || die "not one line: $(cat label.err)"
    contains label.err '^mtp label: stopped: .*the same call goes on from there'
    [ "$(kept out.extxyz)" -eq 2 ] || die 'what was labelled is not kept'
    [ "$(ls qm | wc -l)" -eq $workers ] || die 'not the folders of the calls that were stopped'
    : >quick
    mtp label in.extxyz -o out.extxyz --qm "exec sh $PWD/engine.sh workers=$workers" >label.txt
    [ "$(labels out.extxyz)" -eq 6 ] || die 'not every configuration is labelled'
    absent out.extxyz.calls
    [ -z "$(ls qm)" ] || die 'folders of calls that were stopped stay for ever'
  done
done

# five copies are asked for together
warm='select 2.0 break 4.0 warmup 5 0.1'
# a run that learns, stopped in its warm-up by a signal to one of its ranks, and to mpiexec
for ranks in 1 2; do
  for workers in 1 2; do
    fresh
    "$MPIEXEC" -n $ranks lmp -in "$decks/in.learn" -log none -nocite -var decks "$decks" -var steps 5 -var keywords "$warm" \
      -var driver "'exec sh $PWD/engine.sh workers=$workers'" >screen 2>&1 &
    pid=$!
    await_slow $workers train.extxyz
    root=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$(tail -n 1 engines)/status")
    kill -TERM "$root"
    stops_soon $pid
    [ "$(grep -c '^ERROR' screen)" -eq 1 ] || die "not one ERROR line: $(cat screen)"
    contains screen '^ERROR.*stopped in a QM call'
    [ "$(kept train.extxyz)" -eq 2 ] || die 'what was labelled is not kept'
    contains events.jsonl '"event":"stop"'
    : >quick
    run $ranks last.log in.learn -var steps 5 -var keywords "$warm" \
      -var driver "'exec sh $PWD/engine.sh workers=$workers'"
    [ "$(labels train.extxyz)" -eq "$(value last.log configurations)" ] || die 'the training file and its count differ'
    contains last.log.screen 'an earlier run left 5 QM calls\|going on from the'
    absent train.extxyz.calls
    [ -z "$(ls qm)" ] || die 'folders of calls that were stopped stay for ever'
  done
done

# a budget: no call is begun that cannot end in time
fresh
printf '[ -e %s/hurry ] || sleep 3\n. %s/engine.sh\n' "$PWD" "$PWD" >slow.sh
: >quick
status=0
mtp label in.extxyz -o out.extxyz --qm "exec sh $PWD/slow.sh budget=5.9" >label.txt 2>label.err || status=$?
[ $status -eq 1 ] || die "status $status when the budget is spent"
contains label.err 'stopped: .*budget=5.9: .* are left'
[ "$(labels out.extxyz)" -eq 1 ] || die "$(labels out.extxyz) labels in a budget for one"
: >hurry
mtp label in.extxyz -o out.extxyz --qm "exec sh $PWD/slow.sh budget=60" >label.txt
[ "$(labels out.extxyz)" -eq 6 ] || die 'not every configuration is labelled'
[ "$(sort -u engines | wc -l)" -eq 6 ] || die 'a configuration was labelled twice'

# a training that a signal interrupts, of rank 0: the run ends as it does in a call, with the event of its end, and goes
# on from its labels
cat >kill.sh <<'END'
echo label >>asked
[ "$(wc -l <asked)" -eq 5 ] || exit 0
pid=$PPID
until grep -q '^Name:[[:space:]]*lmp' "/proc/$pid/status"; do pid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status"); done
kill -TERM "$pid"
END
{ echo 'shell sh kill.sh'; cat reference_al.lmp; } >signalled.lmp
for ranks in 1 2; do
  fresh
  rm -f asked
  status=0
  timeout 100 "$MPIEXEC" -n $ranks lmp -in "$decks/in.learn" -log none -nocite -var decks "$decks" -var steps 5 \
    -var keywords 'warmup 5 0.1 wall off refit full' -var driver "'lammps signalled.lmp'" >screen 2>&1 || status=$?
  [ $status -ne 0 ] && [ $status -ne 124 ] || die "a signal in a training: status $status"
  [ "$(grep -c '^ERROR' screen)" -eq 1 ] || die "not one ERROR line: $(cat screen)"
  contains screen '^ERROR.*stopped in a refit; 5 configurations are in .*the next start goes on from there'
  [ "$(labels train.extxyz)" -eq 5 ] || die 'what was labelled is not kept'
  contains events.jsonl '"event":"stop"'
  contains events.jsonl '"event":"end"'
  run $ranks last.log in.learn -var steps 5 -var keywords 'warmup 5 0.1 wall off refit full' \
    -var driver "'lammps signalled.lmp'"
  contains last.log.screen 'going on from the 5 configurations'
done
