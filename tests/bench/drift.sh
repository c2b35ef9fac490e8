#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# How well the total energy is conserved in precision double and mixed: drift (least squares) and fluctuation of 500 atoms
# of fcc aluminium at constant energy, with a potential that is made on the spot from embedded-atom labels. Works in the
# current folder. LEVEL=16, PS=50 (picoseconds) and TEMPERATURE=600 (at the start; half of it remains) can be set.
# build/env.sh must have been sourced. Usage: drift.sh
set -eu
SOURCE_DIR=$(cd "$(dirname "$0")/../.." && pwd)
. "$SOURCE_DIR/tests/lammps/_lib.sh"
level=${LEVEL:-16}
ps=${PS:-50}
temperature=${TEMPERATURE:-600}
export OPENBLAS_NUM_THREADS=1

make_al_potential "$level"
echo "500 atoms of fcc Al, level $level, $ps ps at constant energy, start at $temperature K"
printf '%-10s %20s %20s %22s\n' precision 'drift (eV/atom/ps)' 'standard error' 'fluctuation (eV/atom)'
for precision in double mixed; do
  lmp -log "drift.$precision.log" -screen none -in "$decks/in.drift" \
    -var cells 5 -var temperature "$temperature" -var steps "$(awk -v ps="$ps" 'BEGIN { printf "%d", 1000 * ps }')" \
    -var precision "$precision" -var samples "drift.$precision.samples" </dev/null
  awk -f "$decks/drift.awk" "drift.$precision.samples" >"drift.$precision"
  read -r drift error fluctuation <"drift.$precision"
  printf '%-10s %20s %20s %22s\n' "$precision" "$drift" "$error" "$fluctuation"
done
