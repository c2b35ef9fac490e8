# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# Orphaned jobs, which outlive a killed run as the jobs of a queue do: what they bring to an end is taken by the next start,
# whether of `mtp label` or of a run that learns, and not asked for again.
. "$SOURCE_DIR/tests/faults/_lib.sh"
crystal -var cells 2
untrained 8 Al
crystals 4 21 >in.extxyz

# The command of the driver hands its folder to the queue, as `sbatch --wait` would, and waits.
cat >submit.sh <<END
echo "\$PWD" >>$PWD/jobs
while [ ! -e finished ]; do sleep 0.02; done
END
# The queue makes one job after the other, but no more than the file `most` says.
cat >queue.sh <<END
made=0
while [ ! -e closed ]; do
  folder=\$(sed -n \$((made + 1))p jobs)
  if [ "\$folder" ] && [ \$made -lt "\$(cat most)" ]; then
    made=\$((made + 1))
    (cd "\$folder" && mtp label in.extxyz -o answer.extxyz --qm "lammps $PWD/reference_al.lmp" &&
      sed 's/energy=/status=ok energy=/' answer.extxyz >out.extxyz && : >finished && echo \$made >>$PWD/ended)
  fi
  sleep 0.02
done
END
# open_queue N: makes N jobs, and then no more until `most` is changed.
open_queue() {
  rm -f closed
  : >jobs
  : >ended
  echo "$1" >most
  sh queue.sh >queue.txt 2>&1 &
  queue=$!
}
close_queue() {
  : >closed
  wait $queue
}
# await FILE N: until there are N lines in it.
await() {
  for wait in $(seq 2000); do
    [ "$(wc -l <"$1")" -lt "$2" ] || return 0
    sleep 0.05
  done
  die "$1 has no line $2"
}
# outlive PID: the run is killed, and after that the queue makes all jobs that it has.
outlive() {
  kill -9 "$1"
  wait "$1" 2>/dev/null || true
  echo 1000 >most
  await ended "$(calls)"
}
calls() { wc -l <jobs; }

open_queue 1
mtp label in.extxyz -o out.extxyz --qm "exec sh $PWD/submit.sh workers=2" >first.txt 2>&1 &
pid=$!
await jobs 3 # one is answered, two wait
for wait in $(seq 2000); do
  [ "$(kept out.extxyz)" -eq 0 ] || break
  sleep 0.05
done
outlive $pid
[ "$(kept out.extxyz)" -eq 1 ] || die "$(kept out.extxyz) labels were kept"
# on a terminal the command says what is only good to know
again="mtp label in.extxyz -o out.extxyz --qm 'exec sh $PWD/submit.sh workers=2' --json >second.json"
if command -v script >/dev/null; then
  script -qec "$again" terminal.txt >/dev/null </dev/null
  contains terminal.txt 'QM: a call of an earlier run has finished since'
else
  sh -c "$again"
fi
close_queue
# the answer of the killed run is in the file, or it waits for the one before
contains second.json '"labelled":\(3,"skipped":1,"recovered":2\|4,"skipped":0,"recovered":3\)'
[ "$(calls)" -eq 4 ] || die "$(calls) calls for four configurations"
mtp label in.extxyz -o undisturbed.extxyz --qm "lammps $PWD/reference_al.lmp" >third.txt
positions out.extxyz >labels
positions undisturbed.extxyz | cmp - labels || die 'the labels are not those of an undisturbed call'
absent out.extxyz.calls
[ -z "$(ls qm)" ] || die 'folders of good calls are left'

# learn LOG: a run that learns at every small step out of what it knows
learn() {
  exec lmp -in "$decks/in.learn" -log "$1" -nocite -var decks "$decks" -var driver "'exec sh $PWD/submit.sh'" \
    -var keywords 'select 1.5 break 1.5'
}
open_queue 7
learn killed.log >killed.screen 2>&1 &
pid=$!
await jobs 8
outlive $pid
before=$(kept train.extxyz)
[ "$before" -eq 7 ] || die "$before labels of seven calls"
(learn last.log) >last.screen 2>&1 || die "after the kill: $(tail -n 3 last.screen)"
close_queue
contains last.screen 'a call of an earlier run has finished since'
contains events.jsonl '"recovered":true'
[ "$(kept train.extxyz)" -gt 8 ] || die 'nothing more was learned'
[ "$(calls)" -eq "$(kept train.extxyz)" ] || die "$(calls) calls for $(kept train.extxyz) labels"
[ "$(value last.log calls)" -eq "$(($(calls) - 8))" ] || die 'the answer of an earlier run counts as a call of this one'
