# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1800
# processors: 1
# kill -9 at 100 random instants (KILLS=1000 for a night) of a run that learns with slow labels, two at a time: what was answered is there after
# the restart and never asked for again, files are never corrupt, and the training set becomes that of a run that nobody
# disturbed, in the same order. With linear refits: what a training of all parameters comes to depends on those before it,
# which a restart does not know.
. "$SOURCE_DIR/tests/faults/_lib.sh"
kills=${KILLS:-100}
run 1 snapshots.log in.snapshots -var elements "Al Al" -var reference reference_al.lmp -var cells 1
untrained 8 Al
cp "$SOURCE_DIR/tests/faults/in.replay" .

# The engine notes who asks for what; 0.1 s is enough to be killed in.
cat >engine.sh <<END
awk 'NR > 2 { line = line \$1 " " \$2 " " \$3 " " \$4 " " } END { print line }' in.extxyz >>$PWD/asked
sleep 0.1
mtp label in.extxyz -o out.extxyz --qm "lammps $PWD/reference_al.lmp"
END
cat >start.sh <<END
first=\$(sed -n '/warmup=/!s/.* step=\([0-9]*\).*/\1/p' train.extxyz train.extxyz.calls 2>/dev/null | tail -n 1)
exec lmp -in in.replay -log none -nocite -var decks $decks -var cells 1 -var first \${first:-0} -var driver "'exec sh $PWD/engine.sh workers=2'" \
  -var keywords "select 2.0 break 2.0 warmup 8 0.1 refit linear" >screen 2>&1
END

fresh() { rm -rf train.extxyz train.extxyz.calls learned.almtp events.jsonl candidates.extxyz qm; }

fresh
: >asked
sh start.sh || die "the undisturbed run: $(tail -n 3 screen)"
positions train.extxyz >undisturbed
[ "$(wc -l <undisturbed)" -gt 15 ] || die 'too little was learned to be disturbed'
[ "$(wc -l <asked)" -eq "$(wc -l <undisturbed)" ] || die 'the undisturbed run asks twice'
# without calls to make: how long it takes to come to the point, which the kills should be around
begin=$(date +%s.%N)
sh start.sh || die "once more: $(tail -n 3 screen)"
span=$(echo "$begin $(date +%s.%N)" | awk '{ print $2 - $1 + 0.45 }')

fresh
: >asked
: >known
rounds=0
stretch=1
seed=4711
while [ "$kills" -gt 0 ]; do
  sh start.sh &
  pid=$!
  seed=$(((seed * 16807) % 2147483647))
  sleep "$(awk -v s=$seed -v t="$span" -v stretch=$stretch 'BEGIN { print 0.02 + stretch * t * s / 2147483647 }')"
  kill -9 $pid 2>/dev/null || true
  status=0
  wait $pid 2>/dev/null || status=$?
  # nothing that was answered before this start has been asked for in it, or is gone after it
  tail -n +"$(($(cat asked_before 2>/dev/null || echo 0) + 1))" asked >asked_now
  if grep -q -x -F -f known asked_now && [ -s known ]; then die "asked twice: $(grep -x -F -f known asked_now)"; fi
  { positions train.extxyz; positions train.extxyz.calls; } | sort -u >known_now
  [ -z "$(comm -23 known known_now)" ] || die "lost: $(comm -23 known known_now)"
  # the machine may have become slower than it was when the time was taken, and no start would come to anything
  ! cmp -s known known_now || stretch=$(awk -v f=$stretch 'BEGIN { print 1.05 * f }')
  mv known_now known
  wc -l <asked >asked_before
  rm -f learned.almtp.*.tmp # of a potential that was being written
  if [ -e train.extxyz ] && grep -q Lattice train.extxyz; then
    mtp info train.extxyz >info.txt || die 'the training file is corrupt'
  fi
  [ ! -e learned.almtp ] || mtp info learned.almtp >info.txt || die 'the potential is corrupt'
  if grep -q '^ERROR' screen; then die "$(grep '^ERROR' screen)"; fi
  # Whether it came to its end only its status tells: it may be killed between its last line and the tidying after it,
  # or before it has emptied the screen of the start before.
  if [ $status -eq 137 ]; then
    kills=$((kills - 1))
  elif [ $status -ne 0 ]; then
    die "ended with $status: $(tail -n 3 screen)"
  else
    rounds=$((rounds + 1))
    stretch=1
    positions train.extxyz | cmp - undisturbed || die 'the training set differs from that of an undisturbed run'
    absent train.extxyz.calls
    fresh
    : >asked
    : >known
    rm -f asked_before
  fi
done
echo "killed ${KILLS:-100} times, $rounds runs were completed in spite of it"
[ "$rounds" -gt 0 ] || die 'no run was ever completed'
