# SPDX-License-Identifier: GPL-2.0-or-later
# A vacancy in aluminium that moves, as a band of three images, and its barrier. Sourced after _lib.sh.

mtp init --level 12 --species Al --cutoff 6 --min-dist 1.8 -o first.almtp >init.txt
printf '1\n2 0.2 0.2 0.2\n' >final.neb # the neighbour of the vacancy, in its place

# band FILE STYLE COEFF
band() {
  printf '%s\n' 'units metal' 'atom_modify map array sort 0 0.0' 'variable w world 1 2 3' 'lattice fcc 4.05' \
    'region b block 0 2 0 2 0 2' 'create_box 1 b' 'create_atoms 1 box' 'mass 1 26.98' 'group hole id 1' "$2" "$3" \
    'delete_atoms group hole compress no' 'min_style quickmin' 'timestep 0.005' 'minimize 0 0.02 100 100' 'fix 1 all neb 1.0' \
    'thermo 10' 'neb 0 0.02 120 120 10 final final.neb' >"$1"
}
# barrier DECK: of the last line of the band.
barrier() {
  timeout 250 "$MPIEXEC" -n 3 lmp -partition 3x1 -in "$1" -nocite >"$1.screen" 2>&1 </dev/null ||
    die "$1: $(tail -n 3 "$1.screen" log.lammps.*)"
  awk '/EBF/ { for (k = 1; k <= NF; k++) if ($k == "EBF") at = k; next } $1 ~ /^[0-9]+$/ && NF > 9 { e = $at } END { print e }' log.lammps
}
