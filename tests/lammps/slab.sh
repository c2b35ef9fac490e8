# SPDX-License-Identifier: GPL-2.0-or-later
# Baselines with sums over the lattice where a direction is not periodic: a slab of ions under kspace_modify slab, learned
# whole, in sheared copies and in cut-outs; what LAMMPS computes itself, finite differences, ranks; msm; what is refused.
# timeout: 300
. "$SOURCE_DIR/tests/lammps/_lib.sh"
. "$SOURCE_DIR/tests/lammps/_baseline.sh"

# ---- the sum itself: eight ions with a dipole, by LAMMPS with a wide gap and by the private instance

cat >ions.data <<'END_OF_DATA'
ions

8 atoms
2 atom types
0 9.0 xlo xhi
0 8.0 ylo yhi
0 10.0 zlo zhi

Atoms # charge

1 1 0 1.0 1.0 1.0
2 2 0 3.5 1.2 1.3
3 1 0 6.2 4.3 2.0
4 2 0 1.1 5.0 4.2
5 1 0 4.4 6.0 5.5
6 2 0 7.7 2.2 6.1
7 1 0 2.5 3.3 8.2
8 2 0 5.9 7.1 2.9
END_OF_DATA
# ions STYLES KSPACE CHARGE: as LAMMPS has it, and as the private instance does
ions() {
  cat >in.ions <<END_OF_DECK
units metal
atom_style charge
atom_modify map array
boundary p p f
read_data ions.data
mass * 1
set type 1 charge 1
set type 2 charge $3
$1
kspace_style $2
kspace_modify slab 5.0
run 0
write_dump all custom ions.dump id element x y z fx fy fz modify sort id element Na Cl format float %.17g
print "energy = \$(pe:%.17g)"
END_OF_DECK
  lmp -in in.ions -log ions.log -nocite >ions.screen 2>&1 || die "$(tail -n 3 ions.screen)"
  printf '%s\n' '# mtp: slab' 'atom_style charge' 'set type 1 charge 1' "set type 2 charge $3" "$1" "kspace_style $2" >slab.lmp
  mtp convert ions.dump ions.extxyz --species Na,Cl
  contains ions.extxyz 'pbc="T T F"'
  rm -f label.extxyz
  mtp label ions.extxyz -o label.extxyz --qm 'lammps slab.lmp' --species Na,Cl >label.txt
}
sheared_is_exact() {
  sed 's/Lattice="[^"]*"/Lattice="9 0 0 1.3 8 0 0.4 -0.7 0"/' ions.extxyz >sheared.extxyz
  mtp label sheared.extxyz --qm 'lammps slab.lmp' --species Na,Cl --check >check.txt || die "$(cat check.txt)"
}
dispersion='pair_style lj/long/coul/long long long 8.0
pair_coeff * * 0.02 2.0'
ions "$dispersion" 'ewald/disp 1e-7' -1
close "$(xyz_forces label.extxyz)" "$(dump_columns ions.dump 6)" 1e-5
close "$(xyz_energy label.extxyz)" "$(value ions.log energy)" 1e-5
sheared_is_exact
for negative in -0.5 -1; do # not neutral, and neutral
  ions 'pair_style coul/long 8.0
pair_coeff * *' 'ewald 1e-8' $negative
  close "$(xyz_forces label.extxyz)" "$(dump_columns ions.dump 6)" 1e-6
  # of charged slabs the energy depends on the height of the cell, forces do not
  [ "$negative" != -1 ] || close "$(xyz_energy label.extxyz)" "$(value ions.log energy)" 1e-6
done
sheared_is_exact
sed '/^kspace/d; s/coul\/long/coul\/cut/' slab.lmp >sums.lmp
refuse 1 'sums.lmp: expected a kspace_style' mtp label ions.extxyz -o x.extxyz --qm 'lammps sums.lmp' --species Na,Cl

# ---- learned

untrained 6 Na,Cl
cp untrained.almtp slab.untrained.almtp
surface=$(echo "$salt" | sed 's/^region.*/region b block 0 2 0 2 -1 3\nregion s block 0 2 0 2 0 1.9/
  s/create_atoms 1 box/create_atoms 1 region s/; s/^atom_style.*/&\nboundary p p f/')
deck slab 'Na Cl' "$surface" 'coul/long 5.0' 'pair_coeff * * coul/long
kspace_style pppm 1e-5
kspace_modify slab 3.0'
sed -i 's/ log ${name}/ ${keywords} explore no&/; 1i variable keywords index "cut off"' in.slab
{
  printf '%s\n' '# mtp: slab' 'atom_style charge' 'set type 1 charge 1' 'set type 2 charge -1' 'pair_style born/coul/long 5.0'
  echo "$bmhtf"
  echo 'kspace_style ewald 1e-6'
} >ref.slab.lmp
for ranks in 1 2; do
  learn slab $ranks "-var name slab$ranks -var steps 20"
  decisions slab$ranks.jsonl >slab$ranks.decisions
done
same slab1.decisions slab2.decisions
contains slab2.extxyz.baseline '^# mtp: slab$'
for what in extxyz extxyz.baseline almtp; do cp slab2.$what slab.$what; done
subtracted slab Na,Cl
mtp errors slab.almtp slab.qm.extxyz --json --baseline 'lammps slab.extxyz.baseline' >made.json
mtp errors slab.almtp slab.extxyz --json >told.json
close "$(member told.json '"force":{"mae":')" "$(member made.json '"force":{"mae":')" 1e-8

# in cut-outs, which have their own vacuum
sed 's/cut off/cut on/' in.slab >in.cuts
learn cuts 1 '-var name cuts -var steps 4'
[ "$(grep -c 'pbc="T T F".*cut=cell\|cut=cell.*pbc="T T F"' cuts.extxyz)" -gt 1 ] || die 'nothing was cut out'

# with sums of dispersion
sed 's/coul.long/lj\/long\/coul\/long/g; s/lj.long.coul.long 5.0/lj\/long\/coul\/long long long 5.0/
  s/^pair_coeff.*coul.long$/& 0.02 2.0/; s/^kspace_style.*/kspace_style ewald\/disp 1e-4/' in.slab >in.disp
learn disp 2 '-var name disp -var steps 2'
sed '/long 5.0/s/long long 5.0/long off 5.0/' in.disp >in.other
refused 'corrects for charges, which sums of dispersion alone do not have' 1 in.other -var name other

# ---- sums without an end, and what has none

cp untrained.almtp msm.untrained.almtp
deck msm 'Na Cl' "$salt" 'coul/msm 5.0' 'pair_coeff * * coul/msm
kspace_style msm 1e-3
kspace_modify pressure/scalar no'
sed '/^# mtp/d' ref.slab.lmp >ref.msm.lmp
learn msm 1 '-var steps 2'
contains msm.extxyz.baseline '^kspace_modify pressure/scalar no$'

# by a style that takes no sheared cells, of which the warm-up has some
sed '/^kspace/d; s/^pair_style .* mtp.al/pair_style hybrid\/overlay lj\/long\/coul\/long long long 5.0 mtp\/al/
  s/^pair_coeff.*coul.msm$/pair_coeff * * lj\/long\/coul\/long 0.02 2.0\nkspace_style pppm\/disp 1e-4\
kspace_modify force\/disp\/real 1e-3 force\/disp\/kspace 1e-3/' in.msm >in.grid
learn grid 2 '-var name grid -var steps 2'
contains grid.extxyz.baseline '^kspace_style ewald/disp 0.0001$'
sed 's/^pair_style .* mtp.al/pair_style hybrid\/overlay coul\/long 5.0 mtp\/al/; s/coul.msm$/coul\/long/; /^kspace_m/d
  s/^kspace_style.*/kspace_style pppm\/stagger 1e-4/' in.msm >in.stagger
learn stagger 1 '-var name stagger -var steps 2'
contains stagger.extxyz.baseline '^kspace_style pppm 0.0001$'

sed 's/^atom_style.*/&\nboundary p p f/' in.msm >in.walls
refused 'in all directions as a part of the baseline, or sums by ewald or pppm with kspace_modify slab (msm' 1 in.walls
