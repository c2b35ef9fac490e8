# SPDX-License-Identifier: GPL-2.0-or-later
# A frozen potential keeps its inverse active set off the ranks until something asks for grades; who asks late gets the
# same grades.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
needs_fix_pair
make_potential 14
mtp convert pot.almtp pot.mtp
crystal
cat >in.lazy <<'END'
include ${decks}/start.lmp
pair_style mtp
pair_coeff * * ${potential} Al Ni
variable first index nothing
if "${first} == grades" then "compute g all pair mtp"
run 0 post no
if "${first} == grades" then "print 'grade = $(c_g[1]:%.17g)'"
variable late index no
if "${late} == yes" then &
  "fix g all pair 1 mtp grade 1" &
  "compute g all reduce max f_g" &
  "thermo_style custom step pe c_g" &
  "run 0 post no" &
  "print 'grade = $(c_g:%.17g)'"
END
lazy() { # LOG [lmp options]
  log=$1
  shift
  timeout 100 "$MPIEXEC" -n 2 lmp -in in.lazy -log "$log" -nocite -var decks "$decks" "$@" >"$log.screen" 2>&1 ||
    die "in.lazy: $(tail -n 3 "$log.screen")"
}
lazy bare.log -var potential pot.mtp
lazy plain.log -var potential pot.almtp -var late yes
lazy early.log -var potential pot.almtp -var first grades
close "$(value plain.log grade)" "$(value early.log grade)" 1e-12

rows=$(mtp info pot.almtp --json | sed -n 's/.*"parameters":\([0-9]*\).*/\1/p')
matrix=$(awk -v n="$rows" 'BEGIN { print n * n * 8 / 1048576 }')
below 0.2 "$matrix" # else this test says nothing
# rank 0 alone holds it as long as nobody asks, so the least of the ranks is that of a potential without an active set
least() { sed -n 's/^Per MPI rank memory allocation[^=]*= \([0-9.]*\) .*/\1/p' "$1" | head -n 1; }
awk -v with="$(least plain.log)" -v without="$(least bare.log)" -v matrix="$matrix" \
  'BEGIN { exit !(with - without < 0.1 * matrix) }' ||
  die "$(least plain.log) MB with an active set that nobody asks for, $(least bare.log) without"
awk -v with="$(least early.log)" -v without="$(least bare.log)" -v matrix="$matrix" \
  'BEGIN { exit !(with - without > 0.98 * matrix) }' || die "grades take $(least early.log) - $(least bare.log) MB, not $matrix"
