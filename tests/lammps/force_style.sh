# SPDX-License-Identifier: GPL-2.0-or-later
# The files of force-styles/ have the form of LAMMPS' own tests of pair styles (unittest/force-styles/tests there; the
# plugin is found through LAMMPS_PLUGIN_PATH). What they say of energies, virials and forces, at the start and after
# four steps, holds within their epsilon, on one rank and on two.
. "$SOURCE_DIR/tests/lammps/_force_style.sh"

# within FILE KEY EPSILON: every number of results.yaml is that of FILE, up to EPSILON of the smaller one of both, as
# LAMMPS has it. Atom IDs are equal in any case.
within() {
  field "$1" "$2" >want
  field results.yaml "$2" >got
  [ "$(wc -w <want)" -gt 0 ] || die "$1 has no $2"
  [ "$(wc -w <want)" -eq "$(wc -w <got)" ] || die "$1: $2 has $(wc -w <got) numbers instead of $(wc -w <want)"
  paste -d ' ' want got | awk -v epsilon="$3" '
    function size(v) { return v < 0 ? -v : v }
    { for (i = 1; i <= NF / 2; i++) {
        least = size($i) < size($(NF / 2 + i)) ? size($i) : size($(NF / 2 + i))
        off = size($i - $(NF / 2 + i))
        if (!(off <= epsilon * least)) { print "line " NR ": " $(NF / 2 + i) " instead of " $i; exit 1 }
    } }' >off || die "$1: $2, $(cat off)"
}

count=0
for file in "$decks"/force-styles/*.yaml; do
  epsilon=$(field "$file" epsilon)
  for ranks in 1 2; do
    simulate $ranks "$file"
    for key in natoms init_vdwl init_coul init_stress init_forces run_vdwl run_coul run_stress; do
      within "$file" $key "$epsilon"
    done
    within "$file" run_forces "$(awk -v e="$epsilon" 'BEGIN { print 5 * e }')"
  done
  count=$((count + 1))
done
[ $count -ge 2 ] || die "$count files"
