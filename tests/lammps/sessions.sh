# SPDX-License-Identifier: GPL-2.0-or-later
# Starting over in one process: clear, other styles in between, restart files, partitions, several instances, and
# `plugin load` instead of LAMMPS_PLUGIN_PATH.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
make_potential 8

for ranks in 1 2; do
  run $ranks sessions.log in.sessions
  for key in again after_other_style after_restart; do
    close "$(value sessions.log $key)" "$(value sessions.log first)" 1e-11
  done
  close "$(value sessions.log types)" "$(value sessions.log types_before)" 1e-11
done

run 2 replicas.log in.replicas -partition 2x1
for cells in 2 3; do
  run 1 alone$cells.log in.hybrid -var cells $cells
  close "$(value replicas.log.$((cells - 2)) cells$cells)" "$(value alone$cells.log energy)" 1e-11
done

cat >in.load <<END
plugin load $LAMMPS_PLUGIN_PATH/mtpplugin.so
plugin list
include \${decks}/in.hybrid
END
LAMMPS_PLUGIN_PATH= lmp -in in.load -log load.log -nocite -var decks "$decks" >load.screen 2>&1 ||
  die "plugin load: $(tail -n 3 load.screen)"
contains load.log 'pair style plugin mtp/al'
close "$(value load.log energy)" "$(value alone3.log energy)" 1e-12

library=$(sed -n 's/^LAMMPS_LIBRARY:[^=]*=//p' "$BUILD_DIR/CMakeCache.txt")
if [ -e "$library" ] && command -v cc >/dev/null; then
  cc -O1 -o instances "$decks/instances.c" "$library" -Wl,-rpath,"$(dirname "$library")"
  ./instances "$decks" >instances.txt
  expected=$(value alone3.log energy)
  close "$(cat instances.txt)" "$expected $expected $expected $expected $expected $expected" 1e-12
fi
