# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# processors: 1
# LAMMPS's own tester of pair styles (newton on and off, runs, restarts, data files, without fdotr): potentials of one
# and three species, levels 8 to 24, in the ways that decks use them. Values at the start are those of the library on the
# same atoms; the tester itself says that it is content even if it skips what it does not know, so its words are counted.
. "$SOURCE_DIR/tests/lammps/_force_style.sh"
tester=$BUILD_DIR/tests/bin/pair-style-tester
[ -x "$tester" ] || { echo 'skipped: it needs the source of the tester, GoogleTest and libyaml' && exit 77; }

# tested FILE FOLDER: the tester finds in it what the file says.
tested() {
  timeout 100 "$tester" "$1" -d "$2" >tester.txt 2>&1 </dev/null || die "$1: $(grep -B 1 -A 6 -m 3 Failure tester.txt)"
  grep -q '^\[       OK \] PairStyle.plain' tester.txt || die "$1 is skipped: $(cat tester.txt)"
  count=$((count + 1))
}

# Weights of basis functions that matter alike come from fits, here of labels that need not be good.
snapshots
awk 'NR == 1 { n = $1 + 2 } FNR % n == 1 { k++ } k % 4 == 0' labelled.extxyz >few.extxyz
awk '/^Al /{ print; next } /^Ni / && ++k % 2 { sub("^Ni", "Cu") } { print }' few.extxyz >three.extxyz
sed -e 's/^Ni /Al /' few.extxyz >one.extxyz

# fitted NAME LEVEL SPECIES DATA: NAME.almtp, and NAME.mtp without an active set.
fitted() {
  mtp init --level "$2" --species "$3" --cutoff 5 --min-dist 1.8 -o start.almtp >init.txt
  mtp train start.almtp "$4" -o "$1.almtp" --linear --wall off >train.txt
  mtp convert "$1.almtp" "$1.mtp"
}
fitted one8 8 Al one.extxyz
fitted one16 16 Al one.extxyz
fitted three12 12 Al,Ni,Cu three.extxyz
fitted three20 20 Al,Ni,Cu three.extxyz
fitted three24 24 Al,Ni,Cu three.extxyz
mtp convert three12.almtp dated.almtp --lammps

# atoms TYPES: data.mtp of force-styles/ with so many types of atoms, type T of which is number T of the list.
atoms() {
  awk -v list="$1" '
    BEGIN { n = split(list, to, " "); mass["1"] = 26.982; mass["2"] = 58.693; mass["3"] = 63.546 }
    /atom types$/ { print n " atom types"; next }
    /^Masses/ { print; print ""; for (t = 1; t <= n; t++) print t, mass[t]; print ""; skip = 1; next }
    /^Atoms/ { atoms = 1; skip = 0 }
    /^Velocities/ { atoms = 0 }
    skip { next }
    atoms && NF >= 5 { $2 = to[($1 - 1) % n + 1] }
    { print }' "$decks/force-styles/data.mtp"
}

# case NAME POTENTIAL EPSILON SPECIES COMMANDS STYLE COEFF...: a file of the tester whose values at the start are the
# library's (with what $extra has, in eV; $unit is an eV in those of the deck), and whose later ones are the plugin's.
extra=
unit=1
check() {
  name=$1 potential=$2 epsilon=$3 types=$4 commands=$5 style=$6
  shift 6
  mkdir "$name"
  cp "$decks/force-styles/in.mtp" "$name"
  case $types in 1) atoms 1 ;; *) atoms '1 2 3' ;; esac >"$name/data.mtp"
  {
    printf '%s\n' --- 'lammps_version: any' 'date_generated: today' "epsilon: $epsilon" 'skip_tests:' \
      'prerequisites: ! |' '  pair mtp' 'pre_commands: ! |' '  variable newton_pair delete' \
      '  variable newton_pair index on'
    [ -z "$commands" ] || printf '  %s\n' "$commands"
    printf '%s\n' 'post_commands: ! ""' 'input_file: in.mtp' "pair_style: $style" 'pair_coeff: ! |'
    printf '  %s\n' "$@"
    echo 'extract: ! ""'
  } >"$name.yaml"
  cp "$name.yaml" "$name/deck.yaml"
  simulate 1 "$name/deck.yaml"
  atoms "$types" >evaluated.data
  mtp eval "$potential" evaluated.data --from lammps-data -o evaluated.extxyz
  field results.yaml init_vdwl >got
  field results.yaml init_stress >>got
  field results.yaml init_forces | awk '{ print $2, $3, $4 }' >>got
  { xyz_energy evaluated.extxyz && xyz_virial evaluated.extxyz && xyz_forces evaluated.extxyz; } | tr '\n' ' ' >want
  tr '\n' ' ' <got | cat - "${extra:-/dev/null}" | awk -v epsilon="$epsilon" -v unit="$unit" '
    function size(v) { return v < 0 ? -v : v }
    NR == FNR { n = split($0, want, " "); next }
    { if (NF < n) { print NF " values instead of " n; exit 1 }
      for (i = 1; i <= n; i++) {
        expected = want[i] * unit + (NF > n ? $(n + i) : 0)
        if (!(size($i - expected) <= epsilon * (size(expected) > 1 ? size(expected) : 1))) {
          print "value " i ": " $i " instead of " expected; exit 1 } } }' want - >off || die "$name: $(cat off)"
  { cat "$name.yaml" results.yaml && echo ...; } >"$name/made.yaml"
  tested "$name/made.yaml" "$name"
}

count=0
for file in "$decks"/force-styles/*.yaml; do tested "$file" "$decks/force-styles"; done

here=$PWD
check one_level_8 one8.mtp 2e-9 1 '' mtp "* * $here/one8.mtp Al"
check one_level_16 one16.mtp 2e-9 1 '' 'mtp precision double' "* * $here/one16.almtp Al"
check three_level_12 three12.mtp 2e-9 '1 2 3' '' mtp "* * $here/three12.mtp Al Ni Cu"
check three_level_20 three20.mtp 2e-9 '1 2 3' '' mtp "* * $here/three20.almtp Al Ni Cu"
check three_level_24 three24.mtp 2e-9 '1 2 3' '' mtp "* * $here/three24.mtp Al Ni Cu"
check mapped three12.mtp 2e-9 '3 1 2' '' mtp "* * $here/three12.mtp Cu Al Ni"
check dated three12.mtp 2e-9 '1 2 3' '' mtp "* * $here/dated.almtp Al Ni Cu"
check mixed three20.mtp 2e-3 '1 2 3' '' 'mtp precision mixed' "* * $here/three20.mtp Al Ni Cu"
unit=23.060549
check real three12.mtp 2e-9 '1 2 3' 'variable units index real' mtp "* * $here/three12.mtp Al Ni Cu"
unit=1
# what is added is LAMMPS's own
cp three_level_12/in.mtp three_level_12/data.mtp .
sed -e 's/^pair_style:.*/pair_style: zbl 2.0 4.0/' -e 's/^  \* \* .*three12.*/  * * 20 20/' three_level_12.yaml >zbl.yaml
simulate 1 zbl.yaml
{
  field results.yaml init_vdwl
  field results.yaml init_stress
  field results.yaml init_forces | awk '{ print $2, $3, $4 }'
} | tr '\n' ' ' >zbl.txt
extra=zbl.txt
check overlay three12.mtp 2e-9 '1 2 3' '' 'hybrid/overlay mtp zbl 2.0 4.0' "* * mtp $here/three12.mtp Al Ni Cu" \
  '* * zbl 20 20'
[ $count -eq 12 ] || die "$count files"
