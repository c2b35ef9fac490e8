# SPDX-License-Identifier: GPL-2.0-or-later
# What is labelled is what is graded: an atom that `fix gcmc` has put aside is absent for both, a plane has no images
# above and below, and settings that take pairs out of the neighbour list are refused by name before the first label.
. "$SOURCE_DIR/tests/lammps/_lib.sh"

# goes_well RANKS DECK: it ends well.
goes_well() {
  timeout 200 "$MPIEXEC" -n "$1" lmp -in "$2" -log "$2.log" -nocite >"$2.screen" 2>&1 </dev/null ||
    die "$2 on $1 ranks: $(tail -n 3 "$2.screen")"
}

# An ideal gas of atoms with energy E0 = -kT each: z V exp(1) atoms on average, 54.4.
mtp init --level 2 --species Al --cutoff 4 --min-dist 2 -o gas.almtp >init.txt
{ cat gas.almtp; printf '\nspecies_coeffs = {-0.1}\nmoment_coeffs = {0}\n'; } >free.almtp
cat >in.gas <<'END'
units metal
variable T equal 0.1/8.617333262e-5
variable P equal 20*0.1/60^3*1.6021765e6
region b block 0 60 0 60 0 60
create_box 1 b
create_atoms 1 random 54 123 NULL
mass 1 26.98
pair_style mtp
pair_coeff * * free.almtp Al
fix g all gcmc 1 10 10 1 4567 $T 0.0 1.0 pressure $P full_energy
variable n equal atoms
fix av all ave/time 1 1 1 v_n ave running start 500
thermo_style custom step atoms f_av
run 4000
print "average = $(f_av)"
END
goes_well 1 in.gas
average=$(value in.gas.log average)
below 51 "$average"
below "$average" 58

# learning with trial moves, twice
cat >in.gcmc <<'END'
units metal
atom_modify map array
lattice fcc 4.05
region bb block 0 2 0 2 0 4
create_box 2 bb
region s block 0 2 0 2 0 2
create_atoms 1 region s
mass 1 26.98
mass 2 63.55
displace_atoms all random 0.05 0.05 0.05 99
pair_style mtp/al qm "lammps reference.lmp" maxqm 100 trials yes log events.jsonl
pair_coeff * * untrained.almtp Al Ni
fix 1 all nve
fix g all gcmc 10 5 0 2 4567 300 -3.0 0.5 full_energy overlap_cutoff 2.2
timestep 0.0005
run 20
run 20
END
for ranks in 1 2; do
  rm -f untrained.almtp train.extxyz events.jsonl
  untrained 6
  goes_well $ranks in.gcmc
  grep -q '"event":"label"' events.jsonl || die 'nothing was labelled'
  awk 'NF == 1 { print }' train.extxyz | sort -u | wc -l >sizes
  below 1 "$(cat sizes)" # trial insertions or deletions are among the labels
done

# a plane
cat >in.plane <<'END'
units metal
dimension 2
boundary p p p
atom_modify map array
lattice hex 2.8
region box block 0 5 0 3 -0.25 0.25
create_box 1 box
create_atoms 1 box
mass 1 26.98
displace_atoms all random 0.05 0.05 0 99
pair_style mtp/al qm "lammps reference_al.lmp" train plane.extxyz log plane.jsonl
pair_coeff * * plane.almtp Al
velocity all create 300 1
fix 1 all nve
fix 2 all enforce2d
timestep 0.001
run 20
END
mtp init --level 6 --species Al --cutoff 5 --min-dist 1.8 -o plane.almtp >init.txt
goes_well 2 in.plane
contains plane.extxyz 'pbc="T T F"'

# refusals
cat >in.base <<'END'
units metal
atom_style bond
atom_modify map array
lattice fcc 4.05
region box block 0 3 0 3 0 3
create_box 1 box bond/types 1 extra/bond/per/atom 12 extra/special/per/atom 200
create_atoms 1 box
mass 1 26.98
displace_atoms all random 0.05 0.05 0.05 99
group few id 1:10
group rest subtract all few
group none empty
bond_style zero
bond_coeff 1
pair_style mtp/al qm "lammps reference_al.lmp" train never.extxyz log never.jsonl
pair_coeff * * other.almtp Al
END
rejects() { # PATTERN LINES...
  pattern=$1
  shift
  mtp init --level 6 --species Al --cutoff 5 --min-dist 1.8 -o other.almtp --force >init.txt
  { cat in.base; printf '%s\n' "$@"; } >in.rejected
  for ranks in 1 2; do
    rm -f never.*
    refused "$pattern" $ranks in.rejected
    [ ! -s never.extxyz ] || die "a label was bought before '$pattern'"
  done
}
rejects 'does not work with neigh_modify exclude type: ' 'neigh_modify exclude type 1 1' 'run 0'
rejects 'does not work with neigh_modify exclude group few rest: ' 'neigh_modify exclude group few rest' 'run 0'
rejects 'does not work with neigh_modify exclude group few few: ' 'neigh_modify exclude group few few' 'run 0'
rejects 'does not work with neigh_modify exclude molecule: ' 'neigh_modify exclude molecule/intra all' 'run 0'
rejects 'would label other pairs than are graded: .*special_bonds lj/coul 1 1 1' \
  'create_bonds many all all 1 2.5 3.2' 'run 0'
rejects 'would label other pairs than are graded: .*special_bonds lj/coul 1 1 1' \
  'create_bonds many all all 1 2.5 3.2' 'special_bonds lj/coul 1 0 0' 'run 0'
sed -i 's/^atom_modify.*/atom_modify map array first few/' in.base
rejects 'does not work with neigh_modify include: ' 'neigh_modify include few' 'run 0'
sed -i 's/^atom_modify.*/atom_modify map array/' in.base

# an outdated list, found when the first candidate comes; what was learned before is on disk
{
  sed 's/never/late/; s/other.almtp/late.almtp/' in.base
  printf '%s\n' 'velocity all create 6000 1' 'neigh_modify delay 1000 every 1000 check no' 'neighbor 0.1 bin' 'fix 1 all nve' \
    'timestep 0.002' 'run 300'
} >in.late
mtp init --level 6 --species Al --cutoff 5 --min-dist 1.8 -o late.almtp >init.txt
refused 'would label other pairs than are graded: .*steps ago .*neigh_modify delay 0 every 1 check yes' 2 in.late
[ -s late.extxyz ] || die 'the labels before are lost'

# what excludes nothing does no harm, and special bonds may keep their pairs; a later change is seen
mtp init --level 6 --species Al --cutoff 5 --min-dist 1.8 -o good.almtp >init.txt
{
  sed 's/never/good/; s/other.almtp/good.almtp/' in.base
  printf '%s\n' 'create_bonds many all all 1 2.5 3.2' 'special_bonds lj/coul 1 1 1' 'neigh_modify exclude group none all' 'run 0'
} >in.good
goes_well 2 in.good
[ -s good.extxyz ] || die 'nothing was learned'
printf '%s\n' 'neigh_modify exclude group few few' 'run 0' >>in.good
refused 'does not work with neigh_modify exclude group few few: ' 2 in.good
