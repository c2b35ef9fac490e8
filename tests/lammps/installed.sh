# SPDX-License-Identifier: GPL-2.0-or-later
# A complete installation (MTP_BUNDLE_LAMMPS) works where neither the source tree nor the build nor LAMMPS's own folder
# can be seen, and in another place than it was installed in.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
grep -q '^MTP_BUNDLE_LAMMPS:BOOL=[oO1]' "$BUILD_DIR/CMakeCache.txt" && ! grep -q '^MTP_BUNDLE_LAMMPS:BOOL=[oO][fF]' \
  "$BUILD_DIR/CMakeCache.txt" || exit 77
cmake --install "$BUILD_DIR" --prefix "$PWD/first" >install.txt 2>&1 || die "$(cat install.txt)"
! grep -e 'Warning' install.txt || die "$(cat install.txt)"
mv first prefix
lammps=$(sed -n 's/^LAMMPS_SOURCE_DIR:[A-Z]*=//p' "$BUILD_DIR/CMakeCache.txt")
for text in "$BUILD_DIR" "$SOURCE_DIR" "$(dirname "$lammps")"; do
  # but for where it was installed, which a shell that cannot tell where a script lies falls back on
  found=$(find prefix -name '*.md' -prune -o -type f -exec grep -H -I -F -e "$text/" {} + | grep -v -F "$PWD/first") || true
  [ -z "$found" ] || die "$text is named: $found"
  for file in prefix/bin/mtp prefix/lib/lammps/lmp prefix/lib/lammps/plugins/mtpplugin.so prefix/lib/libmtpal.so; do
    ! objdump -p "$file" | grep -E -e 'RUNPATH|RPATH' | grep -F -e "$text" || die "$file looks for libraries in $text"
  done
done

mkdir run outside
cp prefix/share/doc/mtpal/examples/al-melt/in.learn prefix/share/doc/mtpal/examples/al-melt/reference.lmp run
sed -i 's/^run .*/run 30/; s/0 4 0 4 0 4/0 2 0 2 0 2/' run/in.learn
mkdir outside/it
mv prefix run outside/it
cat >outside/it/try.sh <<'END'
cd "$(dirname "$0")/run" || exit 1
. ../prefix/env.sh || exit 1
. ../prefix/env.sh
[ "$(command -v lmp)" = "$MTP_HOME/bin/lmp" ] || exit 1
[ "$(cd .. && pwd)/prefix" = "$MTP_HOME" ] || exit 1
mtp init --level 6 --species Al --cutoff 5 -o al.almtp && "$MPIEXEC" -n 2 lmp -in in.learn -log none || exit 1
! python3 -c 'import numpy' || python3 -c 'import mtp; print(mtp.Potential.read("al.almtp").level)' || exit 1
cat >in.alone <<'DECK'
units metal
lattice fcc 4.05
region cell block 0 2 0 2 0 2
create_box 1 cell
create_atoms 1 box
mass 1 26.982
pair_style mtp
pair_coeff * * al.almtp Al
run 0
DECK
# without an environment, by links as they are in /usr/bin
env -i PATH=/usr/bin:/bin sh -c 'ln -sf ../prefix/bin/lmp lmp-mtp && ./lmp-mtp -in in.alone -log none' && touch done
END
# Folders are covered where that is allowed; elsewhere only the place is another one.
shell="env -i PATH=/usr/bin:/bin HOME=$PWD bash $PWD/outside/it/try.sh"
if unshare -m true 2>unshare.txt; then
  mkdir empty
  work=$(mktemp -d)
  cp -a outside/it "$work/it"
  # the run is beside what is hidden
  shell="env -i PATH=/usr/bin:/bin HOME=$work bash $work/it/try.sh"
  status=0
  timeout 250 unshare -m sh -c 'empty=$1 shell=$2; shift 2; for folder; do [ ! -d "$folder" ] || mount --bind "$empty" "$folder"; done
    exec $shell' sh "$PWD/empty" "$shell" "$(dirname "$lammps")" "$SOURCE_DIR" "$BUILD_DIR" >try.txt 2>&1 || status=$?
  [ -e "$work/it/run/done" ] || status=1
  rm -rf "$work"
else
  status=0
  timeout 250 $shell >try.txt 2>&1 || status=$?
fi
[ $status -eq 0 ] || die "$(tail -n 20 try.txt)"
