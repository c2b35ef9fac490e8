# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# Monte Carlo moves with a potential that learns: trial states are evaluated and neither graded nor labelled, accepted
# ones are graded by the next step, and what is learned there is right by the reference.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
mtp init --level 8 --species Al,Ni --cutoff 5 --min-dist 1.8 -o first.almtp >init.txt

# carlo FILE KEYWORDS LINE ...: 40 atoms of two kinds below a vacuum.
carlo() {
  file=$1
  keywords=$2
  shift 2
  cat >"$file" <<'END'
units metal
atom_modify map array
lattice fcc 4.05
region all block 0 2 0 2 0 4
create_box 2 all
region solid block 0 2 0 2 0 2
create_atoms 1 region solid
mass 1 26.98
mass 2 58.69
displace_atoms all random 0.05 0.05 0.05 99
set type 1 type/fraction 2 0.4 77
END
  {
    echo "pair_style mtp/al qm 'lammps reference.lmp' log events.jsonl explore no refit linear $keywords"
    echo 'pair_coeff * * learned.almtp Al Ni'
    printf '%s\n' 'compute al all pair mtp/al' 'velocity all create 600 1' "$@" 'timestep 0.001' 'thermo 5' \
      'thermo_style custom step temp pe atoms c_al[1]' 'dump d all custom 5 states.dump id element x y z' \
      'dump_modify d sort id element Al Ni format float %.15g' 'run 60' 'print "calls = $(c_al[3])"' 'print "pe = $(pe:%.15g)"'
  } >>"$file"
}
goes_well() { # RANKS DECK
  rm -f train.extxyz* events.jsonl exploded.extxyz
  cp first.almtp learned.almtp
  timeout 200 "$MPIEXEC" -n "$1" lmp -in "$2" -log "$2.log" -nocite >"$2.screen" 2>&1 </dev/null ||
    die "$2 on $1 ranks: $(tail -n 3 "$2.screen")"
}
# is_right DECK FORCE ENERGY: the states that the run went through, by the reference.
is_right() {
  mtp label states.dump -o states.extxyz --species Al,Ni --qm 'lammps reference.lmp' >label.txt
  mtp errors learned.almtp states.extxyz --json >errors.json
  below "$(member errors.json '"force":{"mae":[^,]*,"rmse":')" "$2"
  below "$(member errors.json '"energy_per_atom":{"mae":')" "$3"
  rm states.extxyz
}
labels() { grep -c '"event":"label"' events.jsonl; }
sizes() { awk 'NF == 1' train.extxyz | sort -un | tr '\n' ' '; }

# Insertions that nobody may accept: without trials all labels are of the solid, with them some are not.
gcmc='fix g all gcmc 10 5 0 2 4567 300 -3.0 0.5 full_energy overlap_cutoff 1.5'
widom='fix g all widom 10 5 2 4567 300 full_energy'
swap='fix g all atom/swap 5 4 4567 1000 ke no types 1 2'
motion='fix 1 all nve'
for ranks in 1 2; do
  for trial in gcmc widom swap; do
    eval "fix=\$$trial"
    carlo in.$trial '' "$motion" "$fix"
    goes_well $ranks in.$trial
    is_right in.$trial 0.5 0.03
    # one trial state tells what an atom more or less adds to the energy, which no label of the solid does
    tried=1
    [ $trial != swap ] || tried=0
    [ "$(grep -c ' trial=1' train.extxyz)" -eq $tried ] || die "$(grep -c ' trial=1' train.extxyz) trial states of $trial are labelled"
    absent exploded.extxyz
  done
done
carlo in.trials 'trials yes onfail skip' "$motion" "$gcmc"
goes_well 1 in.trials
below 1 "$(grep -c ' trial=1' train.extxyz)"

# the chain changes the composition of sites, or the number of atoms, and what comes of it is learned
carlo in.accept '' "$motion" 'fix g all gcmc 10 5 0 2 4567 300 -1.0 0.5 full_energy overlap_cutoff 1.5'
goes_well 2 in.accept
is_right in.accept 0.8 0.05
[ "$(value in.accept.log calls)" -eq "$(($(labels) + $(grep -c '"event":"reject"' events.jsonl)))" ] || die 'calls and events differ'

# force-biased moves are steps
carlo in.tfmc '' 'fix 1 all tfmc 0.1 600 4567'
goes_well 2 in.tfmc
is_right in.tfmc 0.5 0.03
