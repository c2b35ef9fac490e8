# SPDX-License-Identifier: GPL-2.0-or-later
# A learning run goes on: the same deck again, and another deck from a restart file. Training set, trained potential and
# active set are those of the run before, thresholds those of the deck, and the log says so.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
crystal -var cells 2
untrained 8 Al
labels() { grep -c Lattice "$1"; }
sed '$a write_restart learn.restart' "$decks/in.learn" >in.first
timeout 250 "$MPIEXEC" -n 2 lmp -in in.first -log first.log -nocite -var decks "$decks" -var steps 60 >first.screen 2>&1 ||
  die "$(tail -n 3 first.screen)"
learned=$(labels train.extxyz)
cp train.extxyz first.extxyz

# the same deck, which names the untrained potential: what was learned is not asked for again where it is met again
run 2 again.log in.learn -var steps 2
contains again.log 'learning goes on from .*learned.almtp'
contains again.log "going on from the $learned configurations of .*train.extxyz ($learned labelled by earlier runs), with select 2, break 4"
contains events.jsonl "\"event\":\"start\".*\"trained\":true.*\"configurations\":$learned,\"earlier_labels\":$learned"
head -c "$(wc -c <first.extxyz)" train.extxyz | cmp - first.extxyz || die 'the training set of the first run has changed'

# from the restart file, with other thresholds
before=$(labels train.extxyz)
run 2 resume.log in.resume
contains resume.log "going on from the $before configurations of .*train.extxyz .*, with select 3, break 6"
[ "$(value resume.log configurations)" -eq "$(labels train.extxyz)" ] || die 'the training file and its count differ'
[ "$(value resume.log step)" -eq 80 ] || die 'it did not go on from the step of the restart file'
[ "$(value resume.log calls)" -eq $(($(labels train.extxyz) - before)) ] || die 'calls without labels'
run 1 graded.log in.resume -var ways 'select 3.0 break 6.0 qm none'
[ "$(value graded.log calls)" -eq 0 ] || die 'labels without a driver'

# one training file, one run; and a file that is no potential is not overwritten
cat >hold.sh <<'END'
: >running
for wait in $(seq 1000); do [ -e release ] || sleep 0.1; done
END
sed 's/^run.*/run 0\nshell sh hold.sh\n&/' "$decks/in.learn" >in.long
timeout 200 lmp -in in.long -log none -nocite -var decks "$decks" -var steps 2 >long.screen 2>&1 &
long=$!
for wait in $(seq 1000); do [ -e running ] || sleep 0.1; done
refused 'train.extxyz: another run is writing to it' 2 "$decks/in.learn" -var decks "$decks" -var steps 2
: >release
wait $long || die "$(tail -n 3 long.screen)"
cp first.extxyz kept
sed 's/save learned.almtp/save first.extxyz/' "$decks/in.learn" >in.wrong
refused 'first.extxyz is there and would be overwritten, but is no potential' 2 in.wrong -var decks "$decks" -var steps 2
cmp first.extxyz kept || die 'a file that is no potential was overwritten'
sed 's/train train.extxyz/train new.extxyz/' in.wrong >in.worse
refused 'first.extxyz is there and would be overwritten, but is no potential' 2 in.worse -var decks "$decks" -var steps 2
cmp first.extxyz kept || die 'a file that is no potential was overwritten by a run without a training set'

# a trained potential whose training set is not given is going to be lost: that is said
sed 's/train train.extxyz/train other.extxyz/' "$decks/in.learn" >in.afresh
timeout 100 lmp -in in.afresh -log afresh.log -nocite -var decks "$decks" -var steps 2 >afresh.screen 2>&1 ||
  die "$(tail -n 3 afresh.screen)"
contains afresh.log 'learned.almtp holds a trained potential, which the first refit replaces, because .*other.extxyz is empty'
