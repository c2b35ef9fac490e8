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
for negative in -1 -0.5; do # neutral, and not
  cat >in.ions <<END_OF_DECK
units metal
atom_style charge
atom_modify map array
boundary p p f
read_data ions.data
mass * 1
set type 1 charge 1
set type 2 charge $negative
pair_style coul/long 8.0
pair_coeff * *
kspace_style ewald 1e-8
kspace_modify slab 5.0
run 0
write_dump all custom ions.dump id element x y z fx fy fz modify sort id element Na Cl format float %.17g
print "energy = \$(pe:%.17g)"
END_OF_DECK
  lmp -in in.ions -log ions.log -nocite >ions.screen 2>&1 || die "$(tail -n 3 ions.screen)"
  printf '%s\n' '# mtp: slab' 'atom_style charge' 'set type 1 charge 1' "set type 2 charge $negative" 'pair_style coul/long 8.0' \
    'pair_coeff * *' 'kspace_style ewald 1e-8' >slab.lmp
  mtp convert ions.dump ions.extxyz --species Na,Cl
  contains ions.extxyz 'pbc="T T F"'
  rm -f label.extxyz
  mtp label ions.extxyz -o label.extxyz --qm 'lammps slab.lmp' --species Na,Cl >label.txt
  close "$(xyz_forces label.extxyz)" "$(dump_columns ions.dump 6)" 1e-6
  # of charged slabs the energy depends on the height of the cell, forces do not
  [ "$negative" != -1 ] || close "$(xyz_energy label.extxyz)" "$(value ions.log energy)" 1e-6
done
sed -i 's/charge -0.5/charge -1/' slab.lmp
sed 's/Lattice="[^"]*"/Lattice="9 0 0 1.3 8 0 0.4 -0.7 0"/' ions.extxyz >sheared.extxyz
mtp label sheared.extxyz --qm 'lammps slab.lmp' --species Na,Cl --check >check.txt || die "$(cat check.txt)"
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

# ---- sums without an end, and what has none

cp untrained.almtp msm.untrained.almtp
deck msm 'Na Cl' "$salt" 'coul/msm 5.0' 'pair_coeff * * coul/msm
kspace_style msm 1e-3
kspace_modify pressure/scalar no'
sed '/^# mtp/d' ref.slab.lmp >ref.msm.lmp
learn msm 1 '-var steps 2'
contains msm.extxyz.baseline '^kspace_modify pressure/scalar no$'

sed 's/^atom_style.*/&\nboundary p p f/' in.msm >in.walls
refused 'periodic in all directions as a part of the baseline, or ewald or pppm with kspace_modify slab' 1 in.walls
