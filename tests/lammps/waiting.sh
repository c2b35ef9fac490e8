# SPDX-License-Identifier: GPL-2.0-or-later
# Ranks that wait for the QM engine sleep, so that the engine gets their cores.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
crystal -var cells 2
untrained 6 Al
cat >engine.sh <<END
sleep 4
mtp label in.extxyz -o out.extxyz --qm "lammps $PWD/reference_al.lmp"
END

# seconds FILE: processor time of all children so far, from what `times` wrote. It must not run in a subshell.
seconds() { awk 'NR == 2 { split($0, t, "[ ms]+"); print 60 * t[1] + t[2] + 60 * t[3] + t[4] }' "$1"; }

times >before
run 3 log in.learn -var steps 0 -var driver "'exec sh $PWD/engine.sh'" -var keywords "warmup 2 0.1"
times >after
[ "$(value log calls)" -ge 2 ] || die "$(value log calls) calls instead of two"
used=$(echo "$(seconds before) $(seconds after)" | awk '{ print $2 - $1 }')
below 0 "$used"
# two ranks that spin would have used up to 2 * 8 s
below "$used" 4
