# SPDX-License-Identifier: GPL-2.0-or-later
# A full disk, folders that cannot be written to, files and folders that vanish: one clear line, and everything that was
# synced before is intact.
. "$SOURCE_DIR/tests/faults/_lib.sh"
crystal -var cells 1
untrained 6 Al
crystals 40 21 >in.extxyz
here=$PWD
cat >engine.sh <<END
echo call >>$PWD/calls
[ ! -e $PWD/trouble ] || [ "\$(wc -l <$PWD/calls)" -ne 4 ] || . $PWD/trouble
mtp label in.extxyz -o out.extxyz --qm "lammps $PWD/reference_al.lmp"
END
labels() { if [ -e "$1" ]; then grep -c 'Lattice.* energy=' "$1" || true; else echo 0; fi; }
fresh() {
  rm -rf "$here/calls" "$here/trouble"
  : >calls
}
# fails PATTERN COMMAND...: one line that matches, besides warnings.
fails() {
  pattern=$1
  shift
  status=0
  timeout 100 "$@" >"$here/fails.out" 2>"$here/fails.err" || status=$?
  [ $status -eq 1 ] || die "$*: status $status: $(cat "$here/fails.err")"
  [ "$(grep -vc ': warning: ' "$here/fails.err")" -eq 1 ] || die "$*: not one line: $(cat "$here/fails.err")"
  grep -q -e "$pattern" "$here/fails.err" || die "$*: '$(cat "$here/fails.err")' does not match '$pattern'"
}

# the file of labels is replaced or removed behind our back
for trouble in "rm $here/out.extxyz" "cp $here/out.extxyz $here/copy; mv $here/copy $here/out.extxyz"; do
  fresh
  echo "$trouble" >trouble
  fails 'out.extxyz: it was removed or replaced while it was in use' \
    mtp label in.extxyz -o out.extxyz --qm "exec sh $here/engine.sh"
  [ "$(wc -l <calls)" -eq 4 ] || die 'calls were made whose labels could not be kept'
  rm -rf out.extxyz*
done

# the working folder vanishes, and the folder of the call with it
mkdir gone
fresh
echo "rm -rf $here/gone" >trouble
cd gone
status=0
timeout 100 mtp label ../in.extxyz -o out.extxyz --qm "exec sh $here/engine.sh retries=0" >"$here/gone.out" \
  2>"$here/gone.err" || status=$?
[ $status -eq 1 ] || die "status $status when the working folder is gone: $(cat "$here/gone.err")"
contains "$here/gone.err" '^mtp label: cannot append to out.extxyz: it was removed or replaced'
cd "$here"

# folders that cannot be written to: root may, so this needs another user
if [ "$(id -u)" != 0 ]; then
  mkdir closed
  chmod a-w closed
  fresh
  fails 'closed' mtp label in.extxyz -o closed/out.extxyz --qm "exec sh $here/engine.sh"
  fails 'closed' mtp label in.extxyz -o out.extxyz --qm "exec sh $here/engine.sh dir=closed/qm"
  [ ! -s calls ] || die 'a call was made whose label could not be kept'
fi

# a small disk: full in the middle, enlarged, and everything goes on
mkdir disk
if mount -t tmpfs -o size=52k mtp-test disk 2>/dev/null; then
  trap 'umount "$here/disk"' EXIT
  fresh
  fails 'disk/out.extxyz.*: No space left' mtp label in.extxyz -o disk/out.extxyz --qm "exec sh $here/engine.sh retries=0"
  done=$(labels disk/out.extxyz)
  [ "$done" -gt 3 ] || die "only $done labels before the disk was full"
  mtp info disk/out.extxyz >info.txt || die 'the file of labels is corrupt'
  asked=$(wc -l <calls)
  [ "$asked" -le $((done + 1)) ] || die 'calls were made whose labels could not be kept'
  mount -o remount,size=4m disk
  mtp label in.extxyz -o disk/out.extxyz --qm "exec sh $here/engine.sh" >label.txt
  [ "$(labels disk/out.extxyz)" -eq 40 ] || die 'not every configuration is labelled'

  # the folders of the calls on a full disk, and a run that learns there
  head -c 5000000 /dev/zero >disk/filler 2>/dev/null || true
  fails 'disk/qm' mtp label in.extxyz -o other.extxyz --qm "exec sh $here/engine.sh dir=disk/qm retries=0"
  rm -rf disk/* candidates.extxyz
  mount -o remount,size=64k disk
  cp untrained.almtp disk/
  sed "s#train train.extxyz save learned.almtp#train disk/train.extxyz save learned.almtp#" "$decks/in.learn" >in.learn
  refused 'disk/train.extxyz.*: No space left' 2 in.learn -var decks "$decks" -var steps 200 \
    -var keywords "select 1.1 break 1.1 warmup 40 0.1"
  mtp info disk/train.extxyz >info.txt || die 'the training file is corrupt'
  done=$(labels disk/train.extxyz)
  [ "$done" -gt 3 ] || die 'nothing was learned before the disk was full'
  mount -o remount,size=4m disk
  timeout 100 lmp -in in.learn -log last.log -nocite -var decks "$decks" -var steps 5 >last.screen 2>&1 ||
    die "after the disk was enlarged: $(tail -n 3 last.screen)"
  [ "$(labels disk/train.extxyz)" -ge $((done + 1)) ] || die 'the label that could not be stored was not made again'
else
  echo 'no tmpfs could be mounted: the full disk is left out'
fi
