#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Four runs of a melt at four temperatures that learn one potential together (share yes), and one run that goes through all
# four temperatures: labels, wall time, and errors of both potentials on frames of the reference that neither has seen.
# Needs `. build/env.sh`. A label takes DELAY seconds more than its reference (a sleep), as one of DFT would.
# Usage: share.sh
# Environment: DELAY (2), STEPS (of each temperature, 3000), LEVEL (12), TEMPERATURES ("600 1000 1400 1800"), FOLDER (./share).
set -eu
delay=${DELAY:-2}
steps=${STEPS:-3000}
temperatures=${TEMPERATURES:-600 1000 1400 1800}
export LC_ALL=C OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
rm -rf "${FOLDER:-share}"
mkdir -p "${FOLDER:-share}"
cd "${FOLDER:-share}"
set -- $temperatures
count=$#

cat >reference.lmp <<'END'
pair_style eam/alloy
pair_coeff * * Al_zhou.eam.alloy Al
END
cat >engine.sh <<END
sleep $delay
exec mtp label in.extxyz -o out.extxyz --qm "lammps $PWD/reference.lmp"
END
cat >in.cell <<'END'
units metal
lattice fcc 4.15
region cell block 0 2 0 2 0 2
create_box 1 cell
create_atoms 1 box
mass 1 26.982
timestep 0.002
END
cat >in.learn <<'END'
include in.cell
pair_style mtp/al qm "exec sh engine.sh" share ${share} train ${name}.extxyz save ${name}.almtp log ${log}.jsonl explore no
pair_coeff * * start.almtp Al
velocity all create $(2*v_from) ${seed} mom yes rot no dist gaussian
fix 1 all nve
fix 2 all langevin ${from} ${to} 0.1 ${seed}
thermo 1000
run ${steps}
END
cat >in.test <<'END'
include in.cell
include reference.lmp
velocity all create $(2*v_from) 777 mom yes rot no dist gaussian
fix 1 all nve
fix 2 all langevin ${from} ${from} 0.1 991
run 2000
dump 1 all custom 200 test.${from}.dump id element x y z
dump_modify 1 element Al sort id
run 4000
END
mtp init --level "${LEVEL:-12}" --species Al --cutoff 6 -o start.almtp >/dev/null

# learn NAME LOG SHARE FROM TO STEPS SEED
learn() {
  lmp -in in.learn -log none -screen "$2.screen" -nocite -var name "$1" -var log "$2" -var share "$3" -var from "$4" -var to "$5" \
    -var steps "$6" -var seed "$7" </dev/null
}
seconds() { date +%s.%N; }
# score NAME BEGIN END
score() {
  echo "$1 $2 $3" | awk '{ printf "%-10s %8.1f s", $1, $3 - $2 }'
  printf '  %3d labels, force RMSE (eV/A) at' "$(grep -c Lattice "$1.extxyz")"
  for t in $temperatures; do
    printf ' %s K: %s' "$t" "$(mtp errors "$1.almtp" "test.$t.extxyz" --json | sed 's/.*"force":{[^}]*"rmse":\([-+0-9.eE]*\).*/\1/' | cut -c1-7)"
  done
  echo
}

for t in $temperatures; do
  lmp -in in.test -log none -screen none -nocite -var from "$t" </dev/null
  mtp label "test.$t.dump" -o "test.$t.extxyz" --species Al --qm 'lammps reference.lmp' >/dev/null
done

begin=$(seconds)
last=$(eval echo "\$$count")
learn alone alone no "$1" "$last" $((count * steps)) 4711
end=$(seconds)
score alone "$begin" "$end"

begin=$(seconds)
pids=
for t in $temperatures; do
  learn together "$t" yes "$t" "$t" "$steps" $((4711 + t)) &
  pids="$pids $!"
done
for pid in $pids; do wait "$pid"; done
end=$(seconds)
score together "$begin" "$end"
