# SPDX-License-Identifier: GPL-2.0-or-later
# Training data that are not as they should be are named, and left out and counted where that was asked for; weights and
# masks of the data file count.
. "$SOURCE_DIR/tests/cli/_lib.sh"

make_potential truth.almtp
crystals 20 31 >in.extxyz
mtp eval truth.almtp in.extxyz -o good.extxyz
mtp init --level 4 --species Al --cutoff 5 --min-dist 1.5 -o start.mtp
good=$(grep -c Lattice good.extxyz)

# record NAME COMMENT ATOM...: one configuration
record() {
  name=$1
  {
    echo $(($# - 2))
    echo "$2"
    shift 2
    for atom in "$@"; do echo "$atom"; done
  } >"$name.extxyz"
}
cell='Lattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3:forces:R:3'
record nan "$cell energy=nan" 'Al 0 0 0 0 0 0' 'Al 2.5 0 0 0 0 0'
record force "$cell energy=1" 'Al 0 0 0 0 inf 0' 'Al 2.5 0 0 0 0 0'
record close "$cell energy=1" 'Al 0 0 0 0 0 0' 'Al 0.01 0 0 0 0 0'
record element "$cell energy=1" 'Al 0 0 0 0 0 0' 'Xe 2.5 0 0 0 0 0'
record energy "$cell" 'Al 0 0 0 0.1 0 0' 'Al 2.5 0 0 -0.1 0 0'
record alone "$cell energy=1" 'Al 0 0 0 0 0 0'
record label 'Lattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3' 'Al 0 0 0' 'Al 2.5 0 0'

train() { mtp train start.mtp "$@" -o out.almtp --linear --json; }
for kind in 'nan nan' 'force inf' 'close 0.01 A apart' 'element Xe'; do # cannot be used
  set -- $kind
  file=$1
  shift
  cat good.extxyz "$file.extxyz" >data.extxyz
  status=0
  train data.extxyz >out.json 2>err.txt || status=$?
  [ $status -eq 1 ] || die "$file: status $status"
  contains err.txt "$*"
  contains err.txt data.extxyz
  absent out.almtp
done
for kind in 'nan not-finite' 'force not-finite' 'close close-atoms' 'element element' 'energy no-energy' 'alone no-neighbours' \
  'label no-label'; do
  set -- $kind
  cat good.extxyz "$1.extxyz" >data.extxyz
  line=$(($(wc -l <good.extxyz) + 1))
  train data.extxyz --skip-bad >out.json 2>err.txt || die "$1: $(cat err.txt)"
  contains err.txt "data.extxyz:$line: "
  contains err.txt "data.extxyz: 1 of $((good + 1)) configurations are left out: 1 $2\$"
  [ "$(member out.json '"training":{"configurations":')" -eq "$good" ] || die "$1: $(cat out.json)"
  rm out.almtp
done
# of use all the same, but never silently
cat good.extxyz energy.extxyz alone.extxyz >data.extxyz
train data.extxyz >out.json 2>err.txt
contains err.txt 'used all the same: 1 no-energy, 1 no-neighbours; --skip-bad leaves them out$'
[ "$(member out.json '"training":{"configurations":')" -eq $((good + 2)) ] || die "$(cat out.json)"
cat nan.extxyz force.extxyz close.extxyz label.extxyz good.extxyz >data.extxyz
train data.extxyz --skip-bad >/dev/null 2>err.txt
contains err.txt 'left out: 2 not-finite, 1 close-atoms, 1 no-label$'

# a spoiled configuration counts for nothing with weight 0, and one force with a mask
train good.extxyz >clean.json
awk 'NR == 2 { sub(/energy=[^ ]*/, "energy=12345"); print $0 " config_weight=0"; next } { print }' good.extxyz >data.extxyz
cp out.almtp clean.almtp
train data.extxyz >weighted.json
mtp errors clean.almtp good.extxyz --json >a.json
mtp errors out.almtp good.extxyz --json >b.json
sed 's/,"groups".*//; s/.*"force":{"mae":\([^,]*\),.*/\1/' b.json >mae.txt
sed 's/,"groups".*//; s/.*"force":{"mae":\([^,]*\),.*/\1/' a.json >mae-clean.txt
awk -v a="$(cat mae.txt)" -v b="$(cat mae-clean.txt)" 'BEGIN { exit !(a < 1.5 * b) }' ||
  die "a weight of zero does not help: $(cat mae-clean.txt) $(cat mae.txt)"
awk 'NR == 2 { sub(/Properties=[^ ]*/, "&:force_mask:L:1") } NR > 2 && NR <= n + 2 { $5 = NR == 3 ? 1000 : $5; print $0, NR == 3 ? "T" : "F"; next }
  NR == 1 { n = $1 }
  { print }' good.extxyz >masked.extxyz
train masked.extxyz >masked.json
mtp errors out.almtp masked.extxyz --json >c.json
sed 's/,"groups".*//; s/.*"force":{"mae":[^,]*,"rmse":[^,]*,"max":\([^}]*\)}.*/\1/' c.json >max.txt
below "$(cat max.txt)" 1
mtp convert masked.extxyz again.extxyz
grep -q 'force_mask:L:1' again.extxyz || die 'the mask was lost'
mtp convert masked.extxyz again.cfg 2>lost.txt
contains lost.txt 'force_mask'
sed 's/energy=/config_energy_weight=-1 energy=/' good.extxyz >data.extxyz
refuse 1 'data.extxyz:1: .*weight' mtp train start.mtp data.extxyz -o out2.almtp --linear
