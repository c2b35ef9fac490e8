# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# Learning during minimisation, of configurations instead of neighbourhoods, in slabs and clusters, in real units, on
# two partitions, and from a file with an active set.
. "$SOURCE_DIR/tests/lammps/_lib.sh"

# fresh FOLDER [lmp options]: everything for a cold start in a folder of its own.
fresh() {
  mkdir "$1"
  cd "$1"
  shift
  cp ../reference_al.lmp .
  crystal -var cells 2 "$@"
  untrained 6 Al
}

(
  fresh minimize -var shape prism
  run 2 log in.modes -var keywords "refit auto"
  below "$(value log grade)" 10
  below 0 "$(value log calls)"
) || exit 1

# all parameters, each time, on all ranks; the same run needs no labels again
(
  fresh full -var shape prism
  for ranks in 1 2 4; do
    rm -f train.extxyz events.jsonl learned.almtp
    run $ranks log$ranks in.modes -var keywords "refit full" -var what md
    below 0 "$(value log$ranks calls)"
    refits=$(grep -c '"event":"refit"' events.jsonl)
    [ "$(grep -c '"kind":"full"' events.jsonl)" -eq "$refits" ] || die "$ranks ranks: not all of $refits refits are full"
    grep -q 'full refit in' log$ranks.screen || die 'a full refit is not announced'
    sed -n 's/.*"rmse_force":\([0-9.e-]*\),.*/\1/p' events.jsonl | tail -n 1 >rmse$ranks
    below "$(cat rmse$ranks)" 0.2
  done
) || exit 1

# linear refits: the same labels, squeezed ones included, on any number of ranks
(
  fresh linear -var shape prism
  for ranks in 1 2 4; do
    rm -f train.extxyz events.jsonl learned.almtp
    run $ranks log$ranks in.modes -var keywords "refit linear" -var what md
    grep -c squeezed= train.extxyz >/dev/null || die 'nothing was squeezed'
    sed -n '/"event":"label"/s/.*"step":\([0-9]*\).*"natoms":[0-9]*,\(.*\)"driver".*/\1 \2/p' events.jsonl >labels$ranks
  done
  same labels1 labels2
  same labels1 labels4
) || exit 1

(
  fresh configurations -var shape prism
  run 2 log in.modes -var keywords "mode configuration refit linear" -var what md # no training at the end changes the file
  below 0 "$(value log calls)"
  [ "$(value log worst_atom)" -eq 0 ] || die 'a configuration has no worst atom'
  # the grade of the last configuration, by the command and as a frozen potential
  mtp eval learned.almtp positions.dump -o eval.extxyz --grade >eval.txt
  close "$(value log grade)" "$(sed -n '2s/.*max_grade=\([^ ]*\).*/\1/p' eval.extxyz)" 1e-6
  # the mode is kept in the file: a second run finds it there
  run 1 log2 in.modes -var potential learned.almtp -var what once
  [ "$(value log2 worst_atom)" -eq 0 ] || die 'the mode of the file was not used'
) || exit 1

# all equations of a configuration: the same labels on any number of ranks, and the grades of the command
(
  fresh forces -var shape prism
  for ranks in 1 2; do
    rm -f train.extxyz events.jsonl learned.almtp
    run $ranks log$ranks in.modes -var keywords "mode forces refit linear" -var what md
    sed -n '/"event":"label"/s/.*"step":\([0-9]*\),.*/\1/p' events.jsonl >labels$ranks
    below 0 "$(value log$ranks calls)"
    [ "$(value log$ranks worst_atom)" -eq 0 ] || die 'a configuration has no worst atom'
  done
  same labels1 labels2
  mtp info learned.almtp >info.txt
  grep -q '^active set *forces' info.txt || die 'the file does not say its mode'
  mtp eval learned.almtp positions.dump -o eval.extxyz --grade >eval.txt
  close "$(value log2 grade)" "$(sed -n '2s/.*max_grade=\([^ ]*\).*/\1/p' eval.extxyz)" 1e-6
  run 1 log3 in.modes -var potential learned.almtp -var what once
  grep -q '"event":"start".*"mode":"forces"' events.jsonl || die 'the mode of the file was not used'
) || exit 1

for borders in "p p s" "s s s"; do
  (
    fresh "open_$(echo "$borders" | tr ' ' '_')" -var borders "$borders"
    run 2 log in.modes -var borders "$borders"
    below 0 "$(value log calls)"
    grep -q "pbc=\"$(echo "$borders" | tr ps TF)\"" train.extxyz || die 'labels have other borders than the run'
  ) || exit 1
done

(
  fresh real
  run 1 log in.modes -var what once
  mv train.extxyz metal.extxyz
  rm -f learned.almtp events.jsonl
  run 1 log_real in.modes -var what once -var energy_units real
  cmp metal.extxyz train.extxyz || die 'labels depend on the units of the deck'
  close "$(value log_real energy)" "$(awk -v e="$(value log energy)" 'BEGIN { printf "%.17g", e * 23.060549 }')" 1e-9
) || exit 1

(
  fresh partitions
  cat >in.partitions <<END
variable folder world a b
shell cp untrained.almtp crystal.data reference_al.lmp \${folder}
shell cd \${folder}
include \${decks}/in.modes
END
  mkdir a b
  timeout 200 "$MPIEXEC" -n 3 lmp -in in.partitions -partition 2 1 -log log -nocite -var decks "$decks" \
    -var what once >screen 2>&1 || die "partitions: $(tail -n 3 screen)"
  cmp a/train.extxyz b/train.extxyz || die 'two equal partitions learned something else'
) || exit 1
