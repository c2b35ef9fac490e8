# SPDX-License-Identifier: GPL-2.0-or-later
# Labelling with an exec driver: resumed after a kill, nothing computed twice, failures reported and retried.
. "$SOURCE_DIR/tests/cli/_lib.sh"

make_potential pot.almtp
crystals 8 21 >in.extxyz

# the engine: this potential; counts its calls, and in call number KILL_AT kills the labelling process
cat >engine.sh <<END
folder=$PWD
echo call >>"\$folder/calls"
if [ "\$(wc -l <"\$folder/calls")" -eq "\${KILL_AT:-0}" ]; then
  while [ ! -s "\$folder/pid" ]; do sleep 0.05; done
  kill -9 "\$(cat "\$folder/pid")"
  sleep 5
fi
mtp eval "\$folder/pot.almtp" in.extxyz -o out.extxyz
END
calls() { wc -l <calls; }

KILL_AT=4 mtp label in.extxyz -o out.extxyz --qm "exec sh $PWD/engine.sh" >first.txt 2>first.err &
echo $! >pid
status=0
wait $! || status=$?
[ "$status" -ne 0 ] || die 'the kill did not happen'
[ "$(calls)" -eq 4 ] || die "$(calls) calls before the kill"
[ "$(grep -c Lattice out.extxyz)" -eq 3 ] || die 'not three labels after three calls'

# a record cut short is dropped with a notice, and computed again with the others
head -c -20 out.extxyz >cut
cat cut >out.extxyz
mtp label in.extxyz -o out.extxyz --qm "exec sh $PWD/engine.sh" --json >second.json 2>second.err
contains second.json '"labelled":6,"skipped":2,.*"failed":\[\]'
contains second.err 'out.extxyz.*cut short'
contains out.extxyz.cut Lattice # nothing is thrown away
[ "$(wc -l <second.err)" -eq 1 ] || die "more than the notice: $(cat second.err)"
[ "$(calls)" -eq 10 ] || die "$(calls) calls in all instead of 10"
[ "$(grep -c Lattice out.extxyz)" -eq 8 ] || die 'not every configuration is labelled'
mtp errors pot.almtp out.extxyz --json >errors.json
below "$(member errors.json '"force":{"mae":[^,]*,"rmse":[^,]*,"max":')" 1e-12

# once more: nothing to do
cp out.extxyz before
mtp label in.extxyz -o out.extxyz --qm "exec sh $PWD/engine.sh" >third.txt
contains third.txt '^0 labelled, 0 failed, 8 were there'
[ "$(calls)" -eq 10 ] || die 'the engine was called for nothing'
same out.extxyz before

# the same configuration twice is one call; other formats are recognised as the same configurations
cat in.extxyz in.extxyz >twice.extxyz
mtp convert twice.extxyz twice.cfg
mtp label twice.cfg -o twice-out.extxyz --species Al --qm "exec sh $PWD/engine.sh" >fourth.txt
contains fourth.txt '^8 labelled, 0 failed, 8 were there'
mtp label in.extxyz -o twice-out.extxyz --qm "exec sh $PWD/engine.sh" >fifth.txt
contains fifth.txt '^0 labelled, 0 failed, 8 were there'

# a failure is reported with its number and tried again next time
cat >moody.sh <<END
echo call >>$PWD/moods
if [ "\$(wc -l <$PWD/moods)" -eq 2 ]; then
  echo 'engine: no convergence here' >&2
  exit 3
fi
mtp eval $PWD/pot.almtp in.extxyz -o out.extxyz
END
head -n 24 in.extxyz >four.extxyz
status=0
mtp label four.extxyz -o four-out.extxyz --qm "exec sh $PWD/moody.sh retries=0" >moody.txt 2>moody.err || status=$?
[ $status -eq 1 ] || die "status $status after a failure"
contains moody.txt '^3 labelled, 1 failed, 0 were there'
[ "$(grep -vc ': warning: ' moody.err)" -eq 1 ] || die "not one line for one failure: $(cat moody.err)"
contains moody.err '^mtp label: configuration 2: .*(tries: 1): .*no convergence here'
mtp label four.extxyz -o four-out.extxyz --qm "exec sh $PWD/moody.sh retries=0" >cured.txt
contains cured.txt '^1 labelled, 0 failed, 3 were there'

# wrong drivers, and nothing left behind
refuse 2 'nosuch' mtp label in.extxyz -o x.extxyz --qm 'nosuch thing'
refuse 2 'none' mtp label in.extxyz -o x.extxyz --qm none
refuse 2 'timeout' mtp label in.extxyz -o x.extxyz --qm 'exec true timeout=soon'
# what is wrong for all of them is one line
status=0
mtp label in.extxyz -o none.extxyz --qm 'exec false retries=0' >wrong.txt 2>wrong.err || status=$?
[ $status -eq 1 ] || die "status $status of labels that all fail"
contains wrong.txt '^0 labelled, 8 failed'
[ "$(grep -c '^mtp label: configuration' wrong.err)" -eq 1 ] || die "$(cat wrong.err)"
contains wrong.err '^mtp label: configuration 1 and 7 more: crashed'

refuse 2 "and what is read are both 'in.extxyz'" mtp label in.extxyz -o in.extxyz --qm 'exec true'
refuse 2 'extended XYZ' mtp label in.extxyz -o x.cfg --qm 'exec true'
refuse 1 'no.such.command' mtp label in.extxyz -o x.extxyz --qm 'exec /no/such/command retries=0'
absent x.extxyz x.cfg

# one writer at a time
printf ': >%s/locked\nsleep 1000\n' "$PWD" >endless.sh
mtp label in.extxyz -o locked.extxyz --qm "exec sh $PWD/endless.sh" >/dev/null 2>&1 &
other=$!
while [ ! -e locked ]; do sleep 0.05; done
refuse 1 'another run' mtp label in.extxyz -o locked.extxyz --qm 'exec true'
kill $other
wait $other || true

# blanks in the path of a program, which else are between the words of a line for the shell
mkdir 'my tools'
printf '#!/bin/sh\nexec sh %s/engine.sh\n' "$PWD" >'my tools/label it'
chmod +x 'my tools/label it'
head -n 6 in.extxyz >first.extxyz
mtp label first.extxyz -o blanks.extxyz --qm "exec './my tools/label it'" >blanks.txt
contains blanks.txt '^1 labelled, 0 failed'
mtp label first.extxyz -o line.extxyz --qm "exec 'cd . && sh \"$PWD/engine.sh\"'" >line.txt
contains line.txt '^1 labelled, 0 failed'
refuse 2 "'timout=60' looks like the key timeout=" mtp label in.extxyz -o x.extxyz --qm 'exec true timout=60'

# answers that waited are used, whoever gave them; that they are of another driver is said
cat >late.sh <<END
#!/bin/sh
grep -q "\$(sed -n 3p $PWD/in.extxyz)" in.extxyz && sleep 1000
exec sh $PWD/engine.sh
END
mtp label in.extxyz -o mixed.extxyz --qm "exec sh $PWD/late.sh workers=2" >mixed.txt 2>mixed.err &
other=$!
for wait in $(seq 600); do
  waiting=$(grep -s -c qm_call=answer mixed.extxyz.calls || true)
  [ "${waiting:-0}" -lt 7 ] || break
  sleep 0.1
done
kill -9 $other
wait $other || true
mtp label in.extxyz -o mixed.extxyz --qm "exec sh $PWD/engine.sh" >mixed.txt 2>mixed.err
contains mixed.txt '^8 labelled, 0 failed, 0 were there.*; 7 answers of an earlier call were used'
contains mixed.err "7 answers .* were given by another driver string: exec sh .*late.sh workers=2"
printf '1\nProperties=species:S:1:pos:R:3 pbc="F F F"\nAl 0 0 0\n0\npbc="F F F"\n' >hollow.extxyz
refuse 1 'hollow.extxyz: configuration 2 has no atoms' mtp label hollow.extxyz -o x.extxyz --qm 'exec true'
