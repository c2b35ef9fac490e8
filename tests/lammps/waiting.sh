# SPDX-License-Identifier: GPL-2.0-or-later
# Ranks that wait for the QM engine sleep, so that the engine gets their cores.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
crystal -var cells 2
untrained 6 Al
cat >engine.sh <<END
sleep \$1
mtp label in.extxyz -o out.extxyz --qm "lammps $PWD/reference_al.lmp"
END

# seconds FILE: processor time of all children so far, from what `times` wrote. It must not run in a subshell.
seconds() { awk 'NR == 2 { split($0, t, "[ ms]+"); print 60 * t[1] + t[2] + 60 * t[3] + t[4] }' "$1"; }

times >before
for pause in 0 4; do
  rm -f train.extxyz learned.almtp events.jsonl
  run 3 log in.learn -var steps 0 -var driver "'exec sh $PWD/engine.sh $pause'" -var keywords "warmup 2 0.1"
  [ "$(value log calls)" -ge 2 ] || die "$(value log calls) calls instead of two"
  times >after$pause
done
used() { echo "$(seconds "$1") $(seconds "$2")" | awk '{ print $2 - $1 }'; }
below 0 "$(used before after0)"
# what is computed takes as long as the machine needs; two ranks that spin would use up to 2 * 8 s more
below "$(awk -v a="$(used after0 after4)" -v b="$(used before after0)" 'BEGIN { print a - b }')" 3
