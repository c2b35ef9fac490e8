#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Does a learning event cost more as data grow? A run of mtp/al goes on from training sets of 32 atoms of aluminium a
# configuration and heats until LABELS were bought, with linear refits.
# Usage: growth.sh [CONFIGURATIONS ...] (100 1000 10000), after `. build/env.sh`.
# Environment: LEVEL (16), LABELS (12), ROWS (auto), THREADS (1), FOLDER of the runs (./growth).
# Prints the seconds until the run begins, the median and the largest of an event's refits, and the memory of LAMMPS.
set -eu
[ $# -gt 0 ] || set -- 100 1000 10000
export OMP_NUM_THREADS="${THREADS:-1}" OPENBLAS_NUM_THREADS=1 LC_ALL=C
mkdir -p "${FOLDER:-growth}"
cd "${FOLDER:-growth}"

cat >reference.lmp <<'END'
pair_style eam/alloy
pair_coeff * * Al_zhou.eam.alloy Al
END
cat >in.common <<'END'
units metal
lattice fcc 4.05
region cell block 0 2 0 2 0 2
create_box 1 cell
create_atoms 1 box
mass 1 26.982
velocity all create $(2*v_hot) 5281 dist gaussian
timestep 0.001
thermo 1000
fix 1 all nve
fix 2 all langevin ${hot} ${hot} 0.1 771
END
cat >in.frames <<'END'
variable hot index 900
include in.common
include reference.lmp
dump 1 all custom 10 frames.dump id element x y z
dump_modify 1 element Al sort id
run $(10*(v_count-1))
END
cat >in.learn <<'END'
variable hot index 6000
include in.common
pair_style mtp/al qm 'lammps reference.lmp' refit linear rows ${rows} maxqm ${labels} select 1.5 break 3
pair_coeff * * pot.almtp Al
run 200000
END

# LAMMPS, and its largest memory in kB where GNU time is there to tell; the budget ends the run: its last words are an
# error.
learn() {
  rm -f memory
  if [ -x /usr/bin/time ]; then set -- /usr/bin/time -o memory -f %M "$@"; fi
  "$@" -in in.learn -log log.learn -screen none -var labels "${LABELS:-12}" -var rows "${ROWS:-auto}" >screen.learn 2>&1 ||
    true
}

# numbers KEY FILE: what lines of JSON say, one a line.
numbers() { sed -n "s/^.*\"$1\":\([-+0-9.eE]*\).*/\1/p" "$2"; }

largest=0
for n in "$@"; do [ "$n" -le "$largest" ] || largest=$n; done
if [ ! -s "labelled.$largest.extxyz" ]; then
  lmp -in in.frames -log log.frames -screen none -var count "$largest"
  mtp convert frames.dump frames.extxyz >label.log
  mtp label frames.extxyz -o "labelled.$largest.extxyz" --qm "lammps reference.lmp" >>label.log
fi
printf '%14s %9s %9s %9s %7s\n' configurations 'start, s' 'event, s' 'worst, s' MB
for n in "$@"; do
  rm -f train.extxyz.* mtp-al.jsonl candidates.extxyz
  mtp init --force --level "${LEVEL:-16}" --species Al --cutoff 5.6 -o pot.almtp >init.log
  awk -v n="$n" 'NF == 1 && k++ == n { exit } { print }' "labelled.$largest.extxyz" >train.extxyz
  learn lmp
  grep '"event":"refit"' mtp-al.jsonl >refits || {
    echo "error: no refit with $n configurations: $(tail -n 2 screen.learn log.learn)" >&2
    exit 1
  }
  numbers seconds refits | tail -n +2 | sort -g >seconds
  printf '%14d %9.3f %9.3f %9.3f %7s\n' "$n" "$(numbers time refits | head -n 1)" \
    "$(awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }' seconds)" "$(tail -n 1 seconds)" "$(if [ -s memory ]; then echo $(($(tail -n 1 memory) / 1024)); else echo -; fi)"
done
