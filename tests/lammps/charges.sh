# SPDX-License-Identifier: GPL-2.0-or-later
# Baselines whose charges are not those of elements: of each atom, from the data file, in whole cells and in cut-outs, and
# a function of the positions (fix qeq). A label and its baseline are the reference, what is learned
# and the baseline are one potential, ranks do not matter, and the training file has what is needed to do it again.
# timeout: 200
. "$SOURCE_DIR/tests/lammps/_lib.sh"
. "$SOURCE_DIR/tests/lammps/_baseline.sh"

# charged CELLS: charged.data, rock salt whose ions differ in charge, neutral as a whole
charged() {
  {
    echo "$salt" | sed "s/block 0 2 0 2 0 2/block 0 $1 0 $1 0 $1/"
    echo 'write_data even.data nocoeff'
  } >in.even
  lmp -in in.even -log none >even.screen 2>&1 || die "$(tail -n 3 even.screen)"
  awk '/^Atoms/ { on = 1 } /^Velocities/ { on = 0 }
    on && NF >= 6 { n++; d = 0.08 * sin(n); if (n % 2) last = d; else d = -last; $3 += d } { print }' even.data >charged.data
}
charged_salt='units metal
atom_style charge
atom_modify map array
read_data charged.data
mass 1 22.99
mass 2 35.45
variable t index 500
variable dt index 0.002'

untrained 8 Na,Cl
cp untrained.almtp atoms.untrained.almtp
charged 2
deck atoms 'Na Cl' "$charged_salt" 'coul/long 5.0' 'pair_coeff * * coul/long
kspace_style ewald 1e-6'
{
  echo 'atom_style charge
pair_style born/coul/long 5.0'
  echo "$bmhtf"
  echo 'kspace_style ewald 1e-6'
} >ref.atoms.lmp
learn atoms 1 '-var q q'
contains atoms.extxyz ':initial_charges:R:1'
contains atoms.extxyz.baseline '^# mtp: charges$'
! grep -q '^set ' atoms.extxyz.baseline || die 'charges of types where atoms have their own'
subtracted atoms Na,Cl
together atoms Na,Cl 0.1

# labels of a rectangular cell are what LAMMPS has in a rectangular box: at some of these heights its `ewald` misses a wave
# vector in a box that may be tilted
sed 's/1e-6/1e-5/' ref.atoms.lmp >ref.heights.lmp
for height in 11.29 11.31 11.34 11.43 11.44 11.52 11.53 11.65; do
  echo clear
  echo "$charged_salt" | sed '/^variable/d'
  sed '/^atom_style/d' ref.heights.lmp
  printf 'change_box all z final 0 %s remap\nrun 0 post no\nprint "height: $(pe:%%.17g)"\n' $height
  echo 'write_dump all custom heights.dump id element q x y z modify sort id element Na Cl format float %.17g append yes'
done >in.heights
lmp -in in.heights -log none >heights.txt 2>&1 || die "$(tail -n 3 heights.txt)"
mtp convert heights.dump heights.extxyz --species Na,Cl
mtp label heights.extxyz -o heights.qm.extxyz --qm 'lammps ref.heights.lmp maxforce=1000' --species Na,Cl >label.txt
close "$(sed -n 's/^height: //p' heights.txt)" "$(grep -o ' energy=[^ ]*' heights.qm.extxyz | sed 's/.*=//')" 1e-12

# the same from files, and what lacks the charges
model='lammps atoms.extxyz.baseline'
mtp train untrained.almtp atoms.extxyz -o told.almtp --linear >train.txt 2>&1
mtp train untrained.almtp atoms.qm.extxyz -o made.almtp --linear --baseline "$model" >train.txt 2>&1
same told.almtp made.almtp
sed 's/initial_charges/tag/' atoms.qm.extxyz >bare.extxyz
if mtp train untrained.almtp bare.extxyz -o bare.almtp --linear --baseline "$model" >train.txt 2>&1; then
  die 'a label without charges was taken'
fi
contains train.txt 'configuration 1: the baseline cannot be computed: .*configuration has none (column initial_charges)'

# ranks, and a restart
sed -e 's/kspace_style ewald.*/kspace_style pppm 1e-5/' -e 's/ log ${name}.jsonl/& refit linear/' in.atoms >in.ranks
learns_alike_on_ranks 2

# charges by element are another baseline
sed 's/^velocity/set type 1 charge 1\nset type 2 charge -1\n&/; s/^run.*/run 1/' in.atoms >in.other
refused 'configuration 1 is labelled relative to the baseline b[0-9a-f]*, the one in use is b' 1 in.other

# runs that lack an element do not know its charge: what they learn together is of one baseline, whoever comes first
deck lacks 'Na Cl' "$salt" 'coul/dsf 0.2 5.0' 'pair_coeff * * coul/dsf'
cp untrained.almtp lacks.untrained.almtp
sed '/kspace/d; s/^pair_style.*/set type 1 charge 1\nset type 2 charge -1\npair_style born\/coul\/dsf 0.2 5.0/' ref.atoms.lmp >ref.lacks.lmp
sed -i 's/^velocity/delete_atoms group ions\n&/; s/^set type 2.*/&\nvariable ions index 1\ngroup ions type ${ions}/
  s/ log ${name}/ explore no&/; s/^pair_coeff.*untrained.almtp/pair_coeff * * mtp\/al ${pot}/; 1i variable pot index lacks.untrained.almtp' in.lacks
learn lacks 1 '-var steps 4 -var ions 2'
contains lacks.extxyz.baseline '^set type 1 charge 1$'
! grep -q '^set type 2' lacks.extxyz.baseline || die 'a charge of atoms that are not there'
contains lacks.extxyz ' baseline=b[0-9a-f]*_Na+1 '
first=$(head -n 1 lacks.extxyz)
learn lacks 1 '-var steps 4 -var ions 1 -var pot lacks.almtp'
grep -q '^Cl ' lacks.extxyz || die 'the second run learned nothing'
[ "$(head -n 1 lacks.extxyz)" = "$first" ] || die 'labels of the first run are gone'
for charge in 1 2; do contains lacks.extxyz.baseline "^set type $charge charge"; done
subtracted lacks Na,Cl # configurations of as many atoms
sed 's/^delete_atoms.*//' in.lacks >in.both
learn both 1 '-var name lacks -var pot lacks.almtp -var steps 4'
contains lacks.extxyz ' baseline=b[0-9a-f]*_Cl-1_Na+1 '
sed 's/^set type 2 charge.*/set type 2 charge -0.5/' in.lacks >in.other
refused 'the one in use is b[0-9a-f]*_Cl-0.5' 1 in.other -var name lacks -var pot lacks.almtp
sed '/^set type 2/d' lacks.extxyz.baseline >part.lmp
# labels may be of pairs pushed below the min_dist of untrained.almtp, which would be a warning
mtp init --level 8 --species Na,Cl --cutoff 5 --min-dist 1 -o close.almtp >init.txt
refuse 1 'of runs without Cl, whose charge' mtp train close.almtp lacks.qm.extxyz -o x.almtp --linear --baseline 'lammps part.lmp'

# named FILE: what labels on top of it say
named() {
  mtp train untrained.almtp lacks.qm.extxyz -o named.almtp --linear --baseline "lammps $1" >train.txt
  sed -n 's/.*baseline=\([^ ]*\).*/\1/p' named.almtp
}
# what fixes are called is nobody's business
for id in a b; do
  { cat lacks.extxyz.baseline && printf '\nfix %s all momentum 1 linear 1 1 1\n' $id; } >fix.lmp
  named fix.lmp >>fix.names
done
[ "$(sort -u fix.names | wc -l)" -eq 1 ] && [ "$(wc -l <fix.names)" -eq 2 ] || die "names differ by IDs: $(cat fix.names)"
# atoms of an element with several types are of the first one, and have its charge
sed 's/^# mtp: types.*/& Na/; s/^set type 2 charge.*/&\nset type 3 charge 5/' lacks.extxyz.baseline >twice.lmp
named twice.lmp >twice.name
contains twice.name '_Cl-1_Na+1$'
# what a line sets beside a charge counts
for file in plain more; do
  [ $file = plain ] && more='' || more=' vx 0'
  sed "s/^set type . charge.*/&$more/" lacks.extxyz.baseline >$file.lmp
  named $file.lmp | sed 's/_.*//' >$file.name
done
! cmp -s plain.name more.name || die "set with more than a charge is not seen: $(cat more.name)"

# cut-outs: as many of each ion, each with its charge
charged 4
cp untrained.almtp cuts.untrained.almtp
deck cuts 'Na Cl' "$charged_salt" 'coul/long 5.0' 'pair_coeff * * coul/long
kspace_style ewald 1e-5'
sed -i 's/ log ${name}.jsonl/& cut on warmup 1 0.1 explore no/; s/^variable t index.*/variable t index 3000/' in.cuts
cp ref.atoms.lmp ref.cuts.lmp
for ranks in 1 2; do learn cuts $ranks "-var steps 8 -var name cuts$ranks"; done
decisions cuts1.jsonl >cuts1.decisions
decisions cuts2.jsonl >cuts2.decisions
same cuts1.decisions cuts2.decisions
mv cuts2.extxyz cuts.extxyz
cp cuts2.extxyz.baseline cuts.extxyz.baseline
awk 'NF == 1 { if (n && (ions || q > 0.6 || q < -0.6)) exit 1; if ($1 > 250) exit 1; n++; q = ions = 0; next }
  /Properties=/ { c = $0 ~ /forces:R:3:initial_charges:R:1/ ? 8 : 0; if (!c) exit 1; next }
  { ions += $1 == "Na" ? 1 : -1; q += $c } END { exit !(n > 2) }' cuts.extxyz ||
  die 'cut-outs are not neutral, or without charges'
[ "$(grep -c ' cut=cell' cuts.extxyz)" -gt 2 ] || die 'nothing was cut out'
mtp label cuts.extxyz -o cuts.qm.extxyz --qm 'lammps ref.cuts.lmp maxforce=1000' --species Na,Cl >label.txt
mtp errors cuts2.almtp cuts.extxyz --json >told.json
mtp errors cuts2.almtp cuts.qm.extxyz --json --baseline 'lammps cuts.extxyz.baseline' >made.json
close "$(member told.json '"force":{"mae":')" "$(member made.json '"force":{"mae":')" 1e-8

# ---- charges that follow the positions ----

oxide='units metal
atom_style charge
atom_modify map array
lattice custom 4.8 a1 1 0 0 a2 0 1 0 a3 0 0 1 basis 0 0 0 basis 0.5 0.5 0 basis 0.5 0 0.5 basis 0 0.5 0.5 &
  basis 0.5 0 0 basis 0 0.5 0 basis 0 0 0.5 basis 0.5 0.5 0.5
region b block 0 2 0 2 0 2
create_box 2 b
create_atoms 1 box basis 5 2 basis 6 2 basis 7 2 basis 8 2
mass 1 26.98
mass 2 16.00
variable t index 300
variable dt index 0.0005'
refuses_comb() {
  deck comb 'Hf O' "$oxide" 'comb' 'pair_coeff * * comb ffield.comb Hf O
fix q all qeq/comb 1 0.001'
  mtp init --level 6 --species Hf,O --cutoff 5 --force -o comb.untrained.almtp >init.txt
  refused 'fix q qeq/comb equilibrates charges after the forces' 1 in.comb
}
refuses_comb

# fixes begin with the charges of the commands, also where the instance is kept for the next configuration
{
  echo "$oxide" | sed 's/block 0 2 0 2 0 2/block 0 1 0 1 0 1/'
  printf '%s\n' 'pair_style lj/cut 6.0' 'pair_coeff * * 0.01 2.0' 'velocity all create 300 11' 'fix 1 all nve' \
    'dump d all custom 20 frames.dump id element x y z' 'dump_modify d sort id element Hf O format float %.17g' 'run 20'
} >in.frames
lmp -in in.frames -log none >frames.screen 2>&1 || die "$(tail -n 3 frames.screen)"
mtp convert frames.dump frames.extxyz --species Hf,O
printf '%s\n' 'pair_style lj/cut 6.0' 'pair_coeff * * 0.01 2.0' >lj.lmp
mtp label frames.extxyz -o oxide.extxyz --qm 'lammps lj.lmp' --species Hf,O >label.txt
for comment in '' ' # not kept'; do
  printf '%s\n' '# mtp: types Hf O' 'atom_style charge' 'set type 1 charge 1' 'set type 2 charge -1' 'pair_style comb' \
    'pair_coeff * * ffield.comb Hf O' "fix q all qeq/comb 1 0.1$comment" >comb.lmp
  mtp train comb.untrained.almtp oxide.extxyz -o comb.almtp --linear --baseline 'lammps comb.lmp' >train.txt 2>&1
  mtp errors comb.almtp oxide.extxyz --json --baseline 'lammps comb.lmp' >"comb$comment.json"
done
close "$(member comb.json '"force":{"mae":')" "$(member 'comb # not kept.json' '"force":{"mae":')" 1e-9

lmp -h | grep -q 'qeq/slater' || [ -n "${QEQ_PLUGIN:-}" ] || exit 0 # LAMMPS without QEQ
untrained 8 Al,O
cp untrained.almtp qeq.untrained.almtp
deck qeq 'Al O' "${QEQ_PLUGIN:-}$oxide" 'coul/streitz 8.0 wolf 0.31' 'pair_coeff * * coul/streitz AlO.streitz Al O
fix q all qeq/slater 1 8.0 1.0e-8 200 coul/streitz'
cat >ref.qeq.lmp <<'END'
atom_style charge
pair_style hybrid/overlay coul/streitz 8.0 wolf 0.31 eam/alloy
pair_coeff * * coul/streitz AlO.streitz Al O
pair_coeff * * eam/alloy AlO.eam.alloy Al O
fix q all qeq/slater 1 8.0 1.0e-8 200 coul/streitz
END
learn qeq 1 "-var steps 20"
contains qeq.extxyz.baseline '^fix q all qeq/slater 1 8.0 1.0e-8 200 coul/streitz$'
subtracted qeq Al,O
# as the run had it; LAMMPS's own forces of coul/streitz with wolf are 0.1 eV/A from the derivative of its energy
mtp convert qeq.dump qeq.last.extxyz --species Al,O
mtp label qeq.last.extxyz -o qeq.total.extxyz --qm 'lammps total.qeq.lmp' --species Al,O >label.txt
close "$(numbers qeq.total.extxyz | sed 1d)" "$(dump_columns qeq.dump 6)" 1e-5

# charges are sought anew for each configuration, also in an instance that is kept for the next one
sed 's/^fix q .*/& # not kept/' qeq.extxyz.baseline >anew.lmp
for model in qeq.extxyz.baseline anew.lmp; do
  mtp errors qeq.almtp qeq.qm.extxyz --json --baseline "lammps $model" >$model.json
done
close "$(member qeq.extxyz.baseline.json '"force":{"mae":')" "$(member anew.lmp.json '"force":{"mae":')" 1e-10

sed 's/qeq.slater 1 8/qeq\/slater 2 8/' in.qeq >in.other
refused 'fix q qeq/slater must act at every step' 1 in.other -var name other
sed 's/fix q all/group some type 1\nfix q some/' in.qeq >in.other
refused 'fix q qeq/slater must act on all atoms' 1 in.other -var name other
# charges without their cost: forces that are the derivative of nothing
printf '1 0.0 10.0 0.0 0.0 0.0\n2 14.0 14.0 0.0 0.0 0.0\n' >point.qeq
sed 's/coul.streitz 8.0 wolf 0.31/coul\/dsf 0.2 8.0/; s/^pair_coeff.*streitz.*/pair_coeff * * coul\/dsf/
  s/qeq.slater.*/qeq\/point 1 8.0 1e-9 300 point.qeq/' in.qeq >in.other
refused 'by its energy' 1 in.other -var name other
