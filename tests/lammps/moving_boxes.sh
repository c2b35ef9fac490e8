# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# Learning while atoms come and go, while the box is sheared and flips with candidates that wait, and under rRESPA: what
# the run went through is right by the reference.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
mtp init --level 8 --species Al --cutoff 5 --min-dist 1.8 -o first.almtp >init.txt

# box FILE KEYWORDS REGION LINE ...
box() {
  file=$1
  keywords=$2
  region=$3
  shift 3
  {
    printf '%s\n' 'units metal' 'atom_modify map array' 'lattice fcc 4.05' "region all $region" 'create_box 1 all' \
      'region solid block 0 1.9 0 1.9 0 1.9' 'create_atoms 1 region solid' 'mass 1 26.98' \
      'displace_atoms all random 0.05 0.05 0.05 99' \
      "pair_style mtp/al qm 'lammps reference_al.lmp' log events.jsonl explore no refit linear $keywords" \
      'pair_coeff * * learned.almtp Al' 'compute al all pair mtp/al' 'velocity all create 600 1'
    printf '%s\n' "$@" 'timestep 0.001' 'thermo 10' 'thermo_style custom step temp pe atoms xy c_al[1]' \
      'dump d all custom 10 states.dump id element x y z' 'dump_modify d sort id element Al format float %.15g' 'run 200' \
      'print "xy = $(xy)"' 'print "atoms = $(atoms)"' 'print "steps = $(step)"'
  } >"$file"
}
goes_well() { # RANKS DECK
  rm -f train.extxyz* events.jsonl exploded.extxyz candidates.extxyz
  cp first.almtp learned.almtp
  timeout 200 "$MPIEXEC" -n "$1" lmp -in "$2" -log "$2.log" -nocite >"$2.screen" 2>&1 </dev/null ||
    die "$2 on $1 ranks: $(tail -n 3 "$2.screen")"
}
is_right() { # FORCE ENERGY
  mtp label states.dump -o states.extxyz --species Al --qm 'lammps reference_al.lmp' >label.txt
  mtp errors learned.almtp states.extxyz --json >errors.json
  below "$(member errors.json '"force":{"mae":[^,]*,"rmse":')" "$1"
  below "$(member errors.json '"energy_per_atom":{"mae":')" "$2"
  rm states.extxyz
  absent exploded.extxyz
}

motion='fix 1 all nve'
for ranks in 1 2; do
  box in.deposit '' 'block 0 2 0 2 0 5' "$motion" 'region above block 0 2 0 2 2.5 2.7' \
    'fix d all deposit 3 1 40 4711 region above near 0.5 vz -4 -4'
  goes_well $ranks in.deposit
  [ "$(value in.deposit.log atoms)" -eq 35 ] || die "$(value in.deposit.log atoms) atoms after a deposition"
  is_right 0.3 0.02

  box in.evaporate '' 'block 0 2 0 2 0 5' "$motion" 'region solid2 block 0 2 0 2 1.2 2' 'fix e all evaporate 50 1 solid2 4711'
  goes_well $ranks in.evaporate
  below "$(value in.evaporate.log atoms)" 31
  is_right 0.3 0.02

  # 0.5 * 8.1 A are sheared off after 100 steps: the box flips while candidates wait
  box in.shear 'select 1.5 break 20 pool 4' 'prism 0 2 0 2 0 2 0 0 0' "$motion" 'fix d all deform 1 xy erate 6.0 remap x flip yes'
  goes_well $ranks in.shear
  below "$(value in.shear.log xy)" 4.06
  below 5 "$(grep -c '"event":"candidate"' events.jsonl)"
  [ "$(grep -c '"event":"label".*"warmup":false' events.jsonl)" -gt 2 ] || die 'nothing was learned under way'
  is_right 0.3 0.02

  box in.respa '' 'block 0 2 0 2 0 2' "$motion" 'run_style respa 2 2 pair 1'
  goes_well $ranks in.respa
  is_right 0.3 0.02
done
