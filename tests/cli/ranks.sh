# SPDX-License-Identifier: GPL-2.0-or-later
# mtp eval, grade, errors and select on several ranks: the same output in every byte, one word of a failure, no help
# for what fails before.
. "$SOURCE_DIR/tests/cli/_lib.sh"
. "$BUILD_DIR/env.sh"
[ -n "${MPIEXEC:-}" ] || exit 77

make_potential pot.almtp
crystals 40 3 >a.extxyz
mtp train start.mtp clusters.extxyz -o whole.almtp --linear --mode configuration >/dev/null
for n in 1 2 3; do
  if [ $n = 1 ]; then on=; else on="$MPIEXEC -n $n"; fi
  # shellcheck disable=SC2086 # words
  {
    $on mtp eval pot.almtp a.extxyz -o eval.$n.extxyz --grade --error
    $on mtp eval pot.almtp eval.1.extxyz -o again.$n.extxyz # errors of the old forces go
    $on mtp eval whole.almtp a.extxyz -o whole.$n.extxyz --grade
    $on mtp grade pot.almtp a.extxyz >grade.$n.txt
    $on mtp errors pot.almtp clusters.extxyz >errors.$n.txt
    $on mtp select pot.almtp a.extxyz -o select.$n.extxyz --train clusters.extxyz >select.$n.txt
    $on mtp select pot.almtp a.extxyz -o forces.$n.extxyz --mode forces --memory 1e-6 >forces.$n.txt
    $on mtp select pot.almtp a.extxyz -o range.$n.extxyz --method range >range.$n.txt
    $on mtp select pot.almtp a.extxyz -o bayes.$n.extxyz --method bayes --max 5 >bayes.$n.txt
  }
  for file in eval again whole select forces range bayes; do same $file.1.extxyz $file.$n.extxyz; done
  for file in grade errors select forces range bayes; do same $file.1.txt $file.$n.txt; done
done

# shellcheck disable=SC2086 # words
{
  status=0
  $MPIEXEC -n 2 mtp eval pot.almtp nothing.extxyz -o x.extxyz 2>err.txt || status=$?
  [ $status -ne 0 ] || die 'a file that is not there is evaluated'
  [ "$(grep -c 'mtp eval: cannot open nothing.extxyz' err.txt)" -eq 1 ] || die "not one line: $(cat err.txt)"
  sed '14s/Lattice="[^"]*"/Lattice="4 0 0 4 0 0 0 0 4"/' a.extxyz >flat.extxyz
  status=0
  $MPIEXEC -n 2 mtp eval pot.almtp flat.extxyz -o x.extxyz 2>err.txt || status=$?
  [ $status -ne 0 ] || die 'a cell without volume is evaluated'
  [ "$(grep -c 'mtp eval:.*configuration 3' err.txt)" -eq 1 ] || die "not one line: $(cat err.txt)"
  status=0
  $MPIEXEC -n 2 mtp select pot.almtp flat.extxyz -o x.extxyz 2>err.txt || status=$?
  [ $status -ne 0 ] || die 'a cell without volume is selected'
  [ "$(grep -c 'mtp select:.*candidate 3:' err.txt)" -eq 1 ] || die "not one line: $(cat err.txt)"
  crystals 270 3 | sed '1556s/Lattice="[^"]*"/Lattice="4 0 0 4 0 0 0 0 4"/' >flat.extxyz
  $MPIEXEC -n 2 mtp eval pot.almtp flat.extxyz -o x.extxyz 2>err.txt || true
  [ "$(grep -c 'mtp eval:.*configuration 260: ' err.txt)" -eq 1 ] || die "not that one: $(cat err.txt)"
}
absent x.extxyz
