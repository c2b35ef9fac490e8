# SPDX-License-Identifier: GPL-2.0-or-later
# mtp eval, grade, errors and select on several ranks: the same output in every byte, one word of a failure, no help
# for what fails before.
. "$SOURCE_DIR/tests/cli/_lib.sh"
. "$BUILD_DIR/env.sh"
[ -n "${MPIEXEC:-}" ] || skip mpiexec

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

# Labels: as many calls at a time as there are ranks, each once, in the order of one rank; and after a kill the rest.
cat >engine.sh <<END
echo x >>$PWD/asked
touch $PWD/now.\$\$
ls $PWD/now.* | wc -l >>$PWD/at_once
while [ -e $PWD/hold ] && [ "\$(wc -l <$PWD/asked)" -ge 5 ]; do sleep 0.05; done
sleep 0.3
mtp eval $PWD/pot.almtp in.extxyz -o out.extxyz
rm $PWD/now.\$\$
END
crystals 8 3 >some.extxyz
# shellcheck disable=SC2086 # words
for n in 1 2; do
  if [ $n = 1 ]; then on=; else on="$MPIEXEC -n $n"; fi
  rm -f asked at_once
  $on mtp label some.extxyz -o label.$n.extxyz --qm "exec sh engine.sh" >label.$n.txt
  [ "$(wc -l <asked)" -eq 8 ] || die "$(wc -l <asked) calls for 8 labels on $n ranks"
  [ "$(sort -n at_once | tail -n 1)" -eq $n ] || die "$(sort -n at_once | tail -n 1) calls at a time on $n ranks"
done
same label.1.extxyz label.2.extxyz
rm -f asked at_once
touch hold
$MPIEXEC -n 2 mtp label some.extxyz -o killed.extxyz --qm "exec sh engine.sh keep=none" >killed.txt 2>&1 &
pid=$!
for wait in $(seq 600); do
  [ "$(cat asked 2>/dev/null | wc -l)" -lt 5 ] || break
  sleep 0.05
done
kill -9 $pid
wait $pid 2>/dev/null || true
# The ranks of the dead go by themselves, but not at once: until then they would ask for more.
ranks_live() {
  for rank in $(pgrep -x mtp); do [ "$(readlink "/proc/$rank/cwd")" != "$PWD" ] || return 0; done
  return 1
}
for wait in $(seq 600); do
  ranks_live || break
  sleep 0.05
done
rm -f hold now.*
for wait in $(seq 100); do # and their lock with them
  ! $MPIEXEC -n 2 mtp label some.extxyz -o killed.extxyz --qm "exec sh engine.sh keep=none" >killed.txt 2>&1 || break
  sleep 0.1
done
same label.1.extxyz killed.extxyz
[ "$(wc -l <asked)" -le 10 ] || die "$(wc -l <asked) calls for 8 labels, two of which were under way at the kill"

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
