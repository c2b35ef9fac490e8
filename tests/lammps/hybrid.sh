# SPDX-License-Identifier: GPL-2.0-or-later
# Beside other styles: an overlay with nothing changes nothing, twice is double, a split is the sum of its parts, grades
# of the sub-style are the ones it has alone.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
make_potential 8
for ranks in 1 2; do
  for mix in alone zero twice split rest; do
    run $ranks $mix.log in.hybrid -var mix $mix
    dump_columns forces.dump 2 >$mix.forces
    [ ! -e grades.dump ] || { dump_columns grades.dump 2 >$mix.grades; rm grades.dump; }
  done
  run $ranks al.log in.only_al
  doubled() { for number; do awk -v a="$number" 'BEGIN { printf "%.17g\n", 2 * a }'; done; }
  sum() { paste "$1" "$2" | awk '{ printf "%.17g\n", $1 + $2 }'; }
  values() { value "$1" "$2" | tr ' ' '\n'; }

  close "$(value zero.log energy)" "$(value alone.log energy)" 1e-12
  close "$(cat zero.forces)" "$(cat alone.forces)" 1e-11
  close "$(value zero.log pressure)" "$(value alone.log pressure)" 1e-9
  close "$(cat zero.grades)" "$(cat alone.grades)" 1e-9
  close "$(value zero.log grade)" "$(value alone.log grade)" 1e-9
  close "$(value twice.log energy)" "$(doubled "$(value alone.log energy)")" 1e-12
  close "$(cat twice.forces)" "$(doubled $(cat alone.forces))" 1e-11
  close "$(value twice.log pressure)" "$(doubled $(value alone.log pressure))" 1e-9

  values al.log energy >a
  values rest.log energy >b
  close "$(value split.log energy)" "$(sum a b)" 1e-11
  values al.log pressure >a
  values rest.log pressure >b
  close "$(value split.log pressure)" "$(sum a b)" 1e-8
done
