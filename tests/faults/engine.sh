# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# An engine that misbehaves in every way that was seen of real ones: none of its answers becomes a label, none hangs the
# run, each has its status and its one line, and the folder of the call is kept.
. "$SOURCE_DIR/tests/faults/_lib.sh"
crystal -var cells 1
untrained 6 Al

# the good answer, then what the mode makes of it
cat >engine.sh <<END
# usage: engine.sh MODE
answer() { mtp label in.extxyz -o out.extxyz --qm "lammps $PWD/reference_al.lmp" >label.txt || exit 1; }
swap() { awk 'NR == 3 { third = \$0; next } { print } NR == 4 { print third }' out.extxyz >swapped; mv swapped out.extxyz; }
case \$1 in
  good) answer ;;
  unconverged) answer; sed -i '2s/\$/ status=not_converged/' out.extxyz; echo 'JOB DONE.' ;;
  done_exit2) answer; echo 'JOB DONE.'; exit 2 ;;
  nan) answer; sed -i '3s/[^ ]*\$/nan/' out.extxyz ;;
  stars) answer; sed -i '3s/[^ ]*\$/*********/' out.extxyz ;;
  no_stress) answer; sed -i '2s/virial="[^"]*"//' out.extxyz ;;
  no_forces) answer; mtp convert out.extxyz x.cfg >/dev/null; sed -i 's/:forces:R:3//; 3,\$s/\\( [^ ]*\\)\\{3\\}\$//' out.extxyz ;;
  permuted) answer; swap ;;
  other_cell) answer; sed -i '2s/Lattice="[^ ]*/Lattice="9.9/' out.extxyz ;;
  other_atoms) answer; sed -i 's/^Al/Ni/' out.extxyz ;;
  fewer_atoms) answer; sed -i '1s/.*/3/; \$d' out.extxyz ;;
  stale) cp $PWD/stale.extxyz out.extxyz ;;
  truncated) answer; head -c -30 out.extxyz >cut; mv cut out.extxyz ;;
  two_frames) answer; cat out.extxyz out.extxyz >two; mv two out.extxyz ;;
  empty) : >out.extxyz ;;
  nothing) ;;
  instant) answer; sed -i '2s/energy=[^ ]*/energy=0.0/; 3,\$s/\\( [^ ]*\\)\\{3\\}\$/ 0.0 0.0 0.0/' out.extxyz ;;
  far_forces) answer; sed -i '3s/[^ ]*\$/1e6/; 4s/[^ ]*\$/-1e6/' out.extxyz ;;
  hang) sleep 1000 ;;
  stubborn) trap '' TERM; while :; do sleep 1; done ;;
  segv) kill -SEGV \$\$ ;;
  children) answer; sleep 1000 & echo \$! >$PWD/child ;;
  ranks) exec bash -c 'set -m; sleep 1000 & echo \$! >$PWD/child; wait' ;; # in a process group of its own
  flood) exec yes 'SCF iteration' ;;
  deluge) answer; yes 'Al 0 0 0 0 0 0' | head -c 50000000 >>out.extxyz ;;
  ruler) printf 'the grid is too coarse\n-----\n =====\n\n' >&2; exit 1 ;;
esac
END
sed -i "s/mtp convert out.extxyz x.cfg >\/dev\/null; //" engine.sh

crystals 1 21 >start.extxyz
mtp label start.extxyz -o stale.extxyz --qm "exec sh $PWD/engine.sh good" >/dev/null
# what is asked for is not quite that
awk 'NR > 2 { $2 += 0.05 * (NR % 3) } { print }' start.extxyz >asked.extxyz

# bad MODE STATUS PATTERN: refused with that status and a line that matches.
bad() {
  rm -rf out.extxyz bad.json bad.err qm
  status=0
  timeout 60 mtp label asked.extxyz -o out.extxyz --json \
    --qm "exec sh $PWD/engine.sh $1 timeout=${limit:-50} retries=0" >bad.json 2>bad.err || status=$?
  [ $status -eq 1 ] || die "$1: status $status: $(cat bad.json bad.err)"
  contains bad.json "\"labelled\":0,.*\"status\":\"$2\""
  contains bad.json "\"reason\":\".*$3"
  [ "$(grep -vc ': warning: ' bad.err)" -eq 1 ] || die "$1: not one line: $(cat bad.err)"
  absent out.extxyz out.extxyz.calls
  kept=$(ls qm | wc -l)
  [ "$kept" -eq 1 ] || die "$1: $kept folders are kept"
}
bad unconverged 'not converged' 'status=not_converged'
bad done_exit2 crashed 'exit code 2.*JOB DONE'
bad nan 'bad data' 'finite\|nan'
bad stars 'bad data' 'out.extxyz:3'
bad no_stress 'bad data' 'no stress'
bad no_forces 'bad data' 'no forces'
bad permuted 'bad data' 'atom 1 is .* A away'
bad other_cell 'bad data' 'another cell'
bad other_atoms 'bad data' 'Ni'
bad fewer_atoms 'bad data' '3 atoms, 4 were sent'
bad stale 'bad data' 'away from where it was sent'
bad truncated 'bad data' 'out.extxyz'
bad two_frames 'bad data' 'holds 2 configurations'
bad empty 'bad data' 'out.extxyz'
bad nothing 'bad data' 'out.extxyz'
bad instant 'bad data' 'nothing was computed'
bad far_forces 'bad data' 'more than maxforce=100'
bad segv crashed 'signal 11'
bad flood crashed 'printed more than'
bad deluge 'bad data' 'bytes, too many for 4 atoms'
bad ruler crashed 'the grid is too coarse'
limit=1
bad hang timeout 'killed after timeout=1'
bad stubborn timeout 'killed after timeout=1'
bad ranks timeout 'killed after timeout=1'
gone 'a rank of the engine' "$(cat child)"
unset limit

# a good answer with a child that would outlive the engine: the label counts, the child is gone
rm -rf out.extxyz qm
mtp label asked.extxyz -o out.extxyz --qm "exec sh $PWD/engine.sh children" >good.txt
contains good.txt '^1 labelled'
gone 'a child of the engine' "$(cat child)"

# the same through a run that learns: one ERROR line, nothing learned, nothing hangs
for mode in unconverged nan permuted truncated hang segv; do
  rm -f train.extxyz* events.jsonl candidates.extxyz
  refused "QM call failed after 1 try, " 2 "$decks/in.learn" -var decks "$decks" -var steps 5 \
    -var driver "'exec sh $PWD/engine.sh $mode timeout=1 retries=0'"
  absent train.extxyz learned.almtp
  contains events.jsonl '"event":"reject"'
  contains events.jsonl '"event":"stop"'
done

# shell words and names with blanks and quotes: nothing runs that was not named
mkdir "it's a folder"
cat >"it's a folder/my engine.sh" <<END
echo "\$1" >"$PWD/argument"
exec sh $PWD/engine.sh good
END
chmod +x "it's a folder/my engine.sh"
rm -f out.extxyz
mtp label asked.extxyz -o out.extxyz \
  --qm "exec sh \"it's a folder/my engine.sh\" '\$(touch stolen) ; touch stolen2 \"&\"' dir='call \"folders\"'" >quoted.txt
contains quoted.txt '^1 labelled'
contains argument '^\$(touch stolen) ; touch stolen2 "&"$'
absent stolen stolen2
