# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# kill -9 in the middle of learning: whatever was labelled is kept, nothing is labelled twice, and the next run goes on.
. "$SOURCE_DIR/tests/faults/_lib.sh"
crystal -var cells 2
untrained 8 Al
cat >engine.sh <<END
echo call >>$PWD/calls
cp in.extxyz $PWD/last.extxyz
[ "\$(wc -l <$PWD/calls)" -ne "\$(cat $PWD/kill_at)" ] || { kill -9 "\$(cat $PWD/pid)"; sleep 3; exit 1; }
mtp label in.extxyz -o out.extxyz --qm "lammps $PWD/reference_al.lmp"
END
calls() { wc -l <calls; }
labels() { grep -c Lattice train.extxyz || true; }

: >calls
# twice among the squeezed configurations of the warm-up, once during the run, which learns at every small step out of what it knows
keywords='select 1.5 break 1.5'
for kill_at in 3 5 10; do
  echo $kill_at >kill_at
  sh -c 'echo $$ >pid; exec lmp -in "$1/in.learn" -log killed.log -nocite -var decks "$1" -var driver "$2" \
    -var keywords "$3"' sh "$decks" "'exec sh $PWD/engine.sh'" "$keywords" >killed.screen 2>&1 && die 'the kill did not happen'
  [ "$(calls)" -eq "$kill_at" ] || die "killed at call $(calls) instead of $kill_at: $(tail -n 2 killed.screen)"
  rm -f pid
  clean
  # the call in flight is the only one that was lost
  before=${total:-0}
  total=$(labels)
  [ "$total" -ge "$before" ] || die 'labels were lost'
done
echo 1000000 >kill_at
sleep 1
lmp -in "$decks/in.learn" -log last.log -nocite -var decks "$decks" -var driver "'exec sh $PWD/engine.sh'" \
  -var keywords "$keywords" >last.screen 2>&1 || die "after the kills: $(tail -n 3 last.screen)"
[ "$(labels)" -eq "$(value last.log configurations)" ] || die 'the training file and its count differ'
# three calls were killed in flight, all others are in the training file, each once
[ "$(labels)" -eq "$(($(calls) - 3))" ] || die "$(labels) labels of $(calls) calls"
distinct=$(positions train.extxyz | sort -u | wc -l)
[ "$distinct" -eq "$(labels)" ] || die 'a configuration was labelled twice'
mtp eval learned.almtp train.extxyz -o eval.extxyz >eval.txt || die 'the saved potential is broken'
