# SPDX-License-Identifier: GPL-2.0-or-later
# The other sub-styles of hybrid/overlay are the baseline of mtp/al: for several of them, that a label and its baseline
# are the reference, that what is learned and the baseline are a potential (forces and virial are its derivatives) that
# comes near the reference, and that ranks, restarts and changes of the baseline are as they have to be.
# timeout: 150
. "$SOURCE_DIR/tests/lammps/_lib.sh"
needs_fix_pair
. "$SOURCE_DIR/tests/lammps/_baseline.sh"

# ---- combinations ----

untrained 8 Al
cp untrained.almtp zbl.untrained.almtp
deck zbl Al "$metal" 'zbl 3.0 4.0' 'pair_coeff * * zbl 13 13'
cat >ref.zbl.lmp <<'END'
pair_style hybrid/overlay morse 6.0 zbl 3.0 4.0
pair_coeff * * morse 0.32 1.25 3.00
pair_coeff * * zbl 13 13
END
learn zbl 1
subtracted zbl Al
together zbl Al 0.3

# two types of one species, in other units, and a tail
cp untrained.almtp lj.untrained.almtp
deck lj 'Al Al' "$(echo "$metal" | sed 's/^units metal/units real/; s/create_box 1/create_box 2/; s/dt index.*/dt index 2.0/
  s/^mass.*/mass * 27\nset group all type\/fraction 2 0.5 7/')" 'lj/cut 5.0' 'pair_coeff * * lj/cut 1.0 2.5
pair_modify tail yes'
cat >ref.lj.lmp <<'END'
pair_style hybrid/overlay morse 6.0 lj/cut 5.0
pair_coeff * * morse 0.32 1.25 3.00
pair_coeff * * lj/cut 0.04336410390059322 2.5
pair_modify tail yes
END
learn lj 1
contains lj.extxyz.baseline '^# mtp: types Al NULL$'

untrained 8 Na,Cl
cp untrained.almtp coul.untrained.almtp
deck coul 'Na Cl' "$salt" 'coul/long 5.0' 'pair_coeff * * coul/long
kspace_style ewald 1e-6'
{
  echo 'atom_style charge
set type 1 charge 1
set type 2 charge -1
pair_style born/coul/long 5.0'
  echo "$bmhtf"
  echo 'kspace_style ewald 1e-6'
} >ref.coul.lmp
learn coul 1
subtracted coul Na,Cl
together coul Na,Cl 0.1

# pair styles alone, and the other two of the family
cp untrained.almtp dsf.untrained.almtp
deck dsf 'Na Cl' "$salt" 'coul/dsf 0.2 5.0' 'pair_coeff * * coul/dsf'
sed 's|born/coul/long 5.0|born/coul/dsf 0.2 5.0|; /kspace/d' ref.coul.lmp >ref.dsf.lmp
learn dsf 1
subtracted dsf Na,Cl
together dsf Na,Cl 0.1

cp zbl.untrained.almtp eam.untrained.almtp
deck eam Al "$metal" 'eam/alloy zero 5.0' 'pair_coeff * * eam/alloy Al_zhou.eam.alloy Al
pair_coeff * * zero'
cat >ref.eam.lmp <<'END'
pair_style hybrid/overlay morse 6.0 eam/alloy
pair_coeff * * morse 0.05 1.25 3.00
pair_coeff * * eam/alloy Al_zhou.eam.alloy Al
END
learn eam 1
subtracted eam Al
together eam Al 0.3

# a table, which is called by what is in it
{
  echo 'half'
  echo 'N 2000 R 0.5 5.0'
  echo
  awk 'BEGIN { for (k = 0; k < 2000; k++) { r = 0.5 + 4.5 * k / 1999; t = (1 - (r / 5) ^ 2) ^ 3
    dt = -6 * r / 25 * (1 - (r / 5) ^ 2) ^ 2; e = 30 * exp(-2.2 * r)
    printf "%d %.17g %.17g %.17g\n", k + 1, r, e * t, 2.2 * e * t - e * dt } }'
} >repulsion.table
cp zbl.untrained.almtp tab.untrained.almtp
deck tab Al "$metal" 'table spline 2000' 'pair_coeff * * table repulsion.table half 5.0'
cat >ref.tab.lmp <<'END'
pair_style hybrid/overlay morse 6.0 table spline 2000
pair_coeff * * morse 0.32 1.25 3.00
pair_coeff * * table repulsion.table half 5.0
END
learn tab 1
subtracted tab Al
together tab Al 0.3

# ---- ranks and restarts ----

decisions() { sed -n '/"event":"label"/{/"explored"/d; s/.*"step":\([-0-9]*\),"gamma":.*"natoms":\([0-9]*\),.*/\1 \2/p;}' "$1"; }
{
  echo "$salt"
  echo 'velocity all create $t 11'
  echo 'write_data salt.data'
} >in.salt
lmp -in in.salt -log none >salt.screen 2>&1
# linear fits: a training makes more of the last bits of sums over a mesh
sed -e '/^lattice/,/^set type 2/d; s/^atom_modify.*/&\nread_data salt.data/; /^velocity/d' -e 's/kspace_style ewald.*/kspace_style pppm 1e-5/' \
  -e 's/ log \${name}.jsonl/& refit linear/' in.coul >in.ranks
learns_alike_on_ranks 1
[ "$(tail -n 1 ranks1.jsonl | sed 's/.*"qm_calls":\([0-9]*\).*/\1/')" -eq 0 ] || die "a restart asks again"

# ---- a run without the whole of it: minimisers, grades, exploration ----

sed 's/^run .*/minimize 1e-6 1e-2 200 1000/; s/^fix 1.*/displace_atoms all random 0.05 0.05 0.05 3\nfix g all pair 1 mtp\/al grade 1\n&/' in.zbl >in.relaxed
learn relaxed 1 '-var name relaxed'
[ "$(grep -c '"event":"endpoint"' relaxed.jsonl)" -ge 1 ] || die 'the end point got no label'

# ---- the same from files ----

model='lammps zbl.extxyz.baseline'
mtp train zbl.untrained.almtp zbl.extxyz -o told.almtp --linear >train.txt 2>&1
mtp train zbl.untrained.almtp zbl.qm.extxyz -o made.almtp --linear --baseline "$model" >train.txt 2>&1
same told.almtp made.almtp
tag=$(sed -n 's/.*baseline=\(b[0-9a-f]*\).*/\1/p' zbl.almtp)
contains made.almtp "^potential_tag.* baseline=$tag\( \|$\)"
[ "$(sed -n "s/.* baseline=\([^ ]*\).*/\1/p" zbl.extxyz | sort -u)" = "$tag" ] || die 'labels and potential have not the same baseline'
mtp errors made.almtp zbl.extxyz --json >told.json
mtp errors made.almtp zbl.qm.extxyz --json --baseline "$model" >made.json
below "$(member told.json '"force":{"mae":')" 1
close "$(member told.json '"force":{"mae":')" "$(member made.json '"force":{"mae":')" 1e-12
refuse 1 "made.almtp was trained on top of the baseline $tag, the one in use is none" mtp errors made.almtp zbl.qm.extxyz
refuse 1 'the one in use is' mtp errors made.almtp zbl.qm.extxyz --baseline 'lammps ref.zbl.lmp'
refuse 2 '"lammps FILE" is expected' mtp errors made.almtp zbl.qm.extxyz --baseline 'exec calculator'
refuse 1 'nowhere' mtp errors made.almtp zbl.qm.extxyz --baseline 'lammps nowhere'
mtp eval made.almtp zbl.qm.extxyz -o eval.extxyz
contains eval.extxyz " baseline=$tag$"

# the instance is kept for atoms that were moved, also by several cells
n=$(head -n 1 zbl.qm.extxyz)
head -n $((n + 2)) zbl.qm.extxyz >one.extxyz
{
  cat one.extxyz
  awk 'NR == 2 { match($0, /Lattice="[^"]*/); split(substr($0, RSTART + 9, RLENGTH - 9), a, " ") }
    NR > 2 { for (d = 1; d <= 3; d++) $(d + 1) = sprintf("%.15g", $(d + 1) + (NR % 7 - 3) * a[d]) } { print }' one.extxyz
} >two.extxyz
for file in one two; do mtp errors made.almtp $file.extxyz --json --baseline "$model" >$file.json; done
contains two.json '"configurations":2'
close "$(member two.json '"force":{"mae":')" "$(member one.json '"force":{"mae":')" 1e-10

mtp info zbl.almtp >info.txt
contains info.txt "baseline  *$tag$"

# alone it is no potential
sed 's/^pair_style.*/pair_style mtp/; s/^pair_coeff.*mtp.al.*/pair_coeff * * zbl.almtp Al/; /^pair_coeff .* zbl 13/d; /^shell/d' \
  in.zbl >in.alone
learn alone 1 '-var steps 0'
contains screen.alone "WARNING.*zbl.almtp was learned on top of other pair styles (baseline $tag)"

# ---- what is refused ----

again() { # NAME SED: in.other, a deck that goes on from the files of NAME
  sed "$2" "in.$1" >in.other
}
again zbl 's/zbl 3.0 4.0/zbl 3.0 4.1/'
refused 'zbl.extxyz: configuration 1 is labelled relative to the baseline b[0-9a-f]*, the one in use is b[0-9a-f]*' 1 in.other
again zbl 's/hybrid.overlay zbl 3.0 4.0 //; s/ mtp.al zbl.untrained/ zbl.untrained/; /^pair_coeff .* zbl 13/d'
refused 'zbl.extxyz: configuration 1 is labelled relative to the baseline b[0-9a-f]*, the one in use is none' 2 in.other
again zbl 's/train ${name}.extxyz/train new.extxyz/; s/mtp.al zbl.untrained/mtp\/al eam/'
refused 'eam.almtp was trained on top of the baseline\|was trained on top of the baseline b[0-9a-f]*, the one in use is b' 1 in.other
again zbl 's/overlay zbl 3.0 4.0/scaled 1.0 zbl 3.0 4.0 1.0/'
refused 'a sub-style of hybrid/overlay' 1 in.other
cp repulsion.table kept.table
sed -i '4s/ [^ ]*$/ 0.125/' repulsion.table
again tab 's/^run .*/run 1/'
refused 'tab.extxyz: configuration 1 is labelled relative to the baseline b[0-9a-f]*, the one in use is b[0-9a-f]*' 1 in.other
cp kept.table repulsion.table
again lj 's/untrained.almtp Al Al/untrained.almtp Al NULL/'
refused 'atoms are NULL in pair_coeff' 2 in.other -var name null
again lj 's/^pair_modify.*/pair_modify tail yes\npair_coeff 1 2 lj\/cut 2.0 2.5/; s/^set group.*/set group all type\/fraction 2 0.5 8/'
refused 'types of one element that differ in it' 1 in.other -var name mixed
again coul 's/^run/run 1\nset atom 1 charge 0.9\nrun/'
refused 'began with one charge for all atoms of an element, now those of type 1 and its like have 0.9' 2 in.other \
  -var name charges -var steps 1
again coul 's/^run/run 1\ndielectric 1.01\nrun/'
refused 'the baseline, computed by its commands, is not what the run has' 2 in.other -var name changed -var steps 1
again coul 's/^run/run 1\npair_coeff * * coul\/long\npair_modify shift yes\nrun/' # changes nothing
lmp -in in.other -log other.log -var name unchanged -var steps 1 >other.screen 2>&1 || die "commands again: $(tail -n 3 other.screen)"

# ---- a cell that is tilted far ----

# The instance that computes the baseline is kept for atoms that move in one cell. An atom that leaves it by more than
# LAMMPS follows is in the cell again before.
printf 'pair_style lj/cut 5\npair_coeff * * 0.1 2.5\n' >tilted.lmp
for there in '0 0 0' '3.6 4.9 4.5'; do
  cat <<END_OF_CELL
4
Lattice="3.7 0 0 -2.4 5.0 0 -2.1 -3.2 4.6" Properties=species:S:1:pos:R:3 pbc="T T T"
Al $there
Al 0.1 2.1 4.5
Al -0.6 2.2 1.8
Al -1.36 0 3.7
END_OF_CELL
done >tilted.extxyz
rm -f tilted.labelled.extxyz
mtp label tilted.extxyz -o tilted.labelled.extxyz --species Al --qm 'lammps tilted.lmp maxforce=1e9' >label.txt
mtp init --force --level 4 --species Al --cutoff 4 -o tilted.almtp
mtp train tilted.almtp tilted.labelled.extxyz -o tilted.almtp --linear --baseline 'lammps tilted.lmp' --skip-bad --json >tilted.json
below "$(sed 's/.*"training":{\(.*\)/\1/; s/.*"force":{[^}]*"max":\([^,}]*\).*/\1/' tilted.json)" 1e-6
