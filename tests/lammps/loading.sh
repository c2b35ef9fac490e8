# SPDX-License-Identifier: GPL-2.0-or-later
# processors: 1
# A plugin that was built for other sizes of integers does not load; a pair_coeff that failed leaves no half of anything;
# more atoms than MPI can gather are refused.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
library=$(sed -n 's/^LAMMPS_LIBRARY:[^=]*=//p' "$BUILD_DIR/CMakeCache.txt")
[ -e "$library" ] || skip "library of LAMMPS: '$library'"
command -v cc >/dev/null || skip cc

# a LAMMPS that says that its atom IDs have other sizes than the plugin's
cat >sizes.c <<'C'
int lammps_extract_setting(void *handle, const char *keyword);
int lammps_extract_setting(void *handle, const char *keyword) { return handle && *keyword == 't' ? 16 : -1; }
C
cc -shared -fPIC -o sizes.so sizes.c
echo 'units metal' >empty.in
status=0
LD_PRELOAD=$PWD/sizes.so${LD_PRELOAD:+:$LD_PRELOAD} lmp -in empty.in -log none >sizes.txt 2>&1 </dev/null || status=$?
[ $status -ne 0 ] || die "loaded all the same: $(cat sizes.txt)"
contains sizes.txt 'ERROR.*built for a LAMMPS whose tagint has [48] bytes, here it has 16'
lmp -in empty.in -log none >sizes.txt 2>&1 </dev/null || die "$(cat sizes.txt)"

make_potential 8
cp untrained.almtp other.almtp
head -n 20 pot.almtp >cut.almtp
cc -O1 -Wall -o failed_coeff "$decks/failed_coeff.c" "$library" -Wl,-rpath,"$(dirname "$library")"
for style in mtp 'mtp/al explore no'; do
  set -- 'pair_coeff * * nowhere.almtp Al Ni' 'pair_coeff * * cut.almtp Al Ni' 'pair_coeff * * pot.almtp Al Cu' \
    'pair_coeff * * pot.almtp Al'
  [ "$style" != mtp ] || set -- "$@" 'pair_coeff * * other.almtp Al Ni'
  status=0
  ./failed_coeff "$decks" "$style" "$@" >said.txt 2>said.err || status=$?
  [ $status -ne 77 ] || { echo 'skipped the rest: an error ends this LAMMPS and its program' && exit 77; }
  [ $status -eq 0 ] || die "$style: $(cat said.err said.txt)"
  [ "$(grep -c 'the last pair_coeff failed' said.txt)" -eq $# ] || die "$style: $(cat said.txt)"
  [ "$(grep '^energy' said.txt | sort -u | wc -l)" -eq 1 ] || die "$style: $(cat said.txt)"
done

cc -O1 -Wall -o many_atoms "$decks/many_atoms.c" "$library" -Wl,-rpath,"$(dirname "$library")"
untrained 4
cat >many.in <<END
variable decks string $decks
include $decks/crystal.lmp
pair_style mtp/al qm "lammps $decks/reference.lmp" train many.extxyz log many.jsonl cut off explore no
pair_coeff * * untrained.almtp Al Ni
thermo_modify lost ignore
END
./many_atoms many.in 500000000 >many.txt
contains many.txt 'the system has 500000000 atoms, at most [0-9]* can be gathered on one rank'
absent many.extxyz.calls
