# SPDX-License-Identifier: GPL-2.0-or-later
# Helpers of the tests that run LAMMPS. Sourced by them; everything happens in the (fresh) working folder.
. "$SOURCE_DIR/tests/cli/_lib.sh"
decks=$SOURCE_DIR/tests/lammps
: "${MPIEXEC:=mpiexec}"

# skip_if_old SCREEN: ends the test as skipped if LAMMPS said there that it lacks what came after 29 Sep 2021.
skip_if_old() {
  ! grep -q "^ERROR.*Unrecognized fix style 'pair'" "$1" || { echo 'skipped: this LAMMPS has no fix pair' && exit 77; }
}

# needs_fix_pair: the same for tests whose decks are their own.
needs_fix_pair() {
  lmp -help </dev/null | sed -e '1,/^\* Fix styles/d' -e '/^\*/,$d' | tr -s ' ' '\n' | grep -q -x pair ||
    { echo 'skipped: this LAMMPS has no fix pair' && exit 77; }
}

# run RANKS LOG DECK [lmp options]: a deck that must end well.
run() {
  ranks=$1
  log=$2
  deck=$3
  shift 3
  timeout 250 "$MPIEXEC" -n "$ranks" lmp -in "$decks/$deck" -log "$log" -nocite -var decks "$decks" "$@" \
    >"$log.screen" 2>&1 </dev/null ||
    { skip_if_old "$log.screen" && die "$deck on $ranks ranks: $(tail -n 5 "$log.screen")"; }
}

# refused PATTERN RANKS DECK [lmp options]: a deck that must end with a failure status and exactly one ERROR line, which
# matches the pattern.
refused() {
  pattern=$1
  ranks=$2
  deck=$3
  shift 3
  status=0
  timeout 100 "$MPIEXEC" -n "$ranks" lmp -in "$deck" -log refused.log -nocite "$@" >refused.screen 2>&1 </dev/null ||
    status=$?
  [ "$status" -ne 0 ] || die "$deck ends well instead of with '$pattern'"
  skip_if_old refused.screen
  [ "$status" -ne 124 ] || die "$deck hangs instead of ending with '$pattern'"
  [ "$(grep -c '^ERROR' refused.screen)" -eq 1 ] || die "$deck: not one ERROR line: $(cat refused.screen)"
  grep '^ERROR' refused.screen | grep -q -e "$pattern" ||
    die "$deck: '$(grep '^ERROR' refused.screen)' does not match '$pattern'"
}

# value LOG KEY: what the deck printed as `KEY = value`.
value() {
  found=$(sed -n "s/^$2 = //p" "$1" | tail -n 1)
  [ -n "$found" ] || die "$1 has no '$2 = ...'"
  echo "$found"
}

# close A B TOLERANCE: lists of numbers that differ by at most TOLERANCE * max(1, |b|) each.
close() {
  [ "$(echo "$1" | wc -w)" -eq "$(echo "$2" | wc -w)" ] || die "lists of different length: '$1' and '$2'"
  [ -n "$1" ] || die 'nothing to compare'
  printf '%s\n%s\n' "$(echo $1)" "$(echo $2)" | awk -v tolerance="$3" '
    function size(v) { return v < 0 ? -v : v }
    NR == 1 { n = split($0, a, " ") }
    NR == 2 { split($0, b, " "); for (i = 1; i <= n; i++) {
      limit = tolerance * (size(b[i]) > 1 ? size(b[i]) : 1)
      if (!(size(a[i] - b[i]) <= limit) || a[i] !~ /^[-+0-9.e]+$/) { print "entry " i ": " a[i] " and " b[i]; exit 1 } } }
  ' || die "not equal within $3"
}

# dump_forces FILE: the columns fx fy fz of a dump sorted by ID.
dump_columns() {
  awk -v from="$2" '/^ITEM: ATOMS/ { on = 1; next } /^ITEM/ { on = 0 } on { for (k = from; k <= NF; k++) print $k }' "$1"
}

# xyz_forces FILE, xyz_energy FILE, xyz_virial FILE (xx yy zz xy xz yz): of a file with one configuration.
xyz_forces() {
  awk 'NR == 2 {
         match($0, /Properties=[^ ]*/); n = split(substr($0, RSTART + 11, RLENGTH - 11), p, ":"); column = 1
         for (i = 1; i < n; i += 3) { if (p[i] ~ /^forces?$/) from = column; column += p[i + 2] }
       }
       NR > 2 { print $from; print $(from + 1); print $(from + 2) }' "$1"
}
xyz_energy() { sed -n '2s/.*energy=\([^ ]*\).*/\1/p' "$1"; }
xyz_virial() { sed -n '2s/.*virial="\([^"]*\)".*/\1/p' "$1" | awk '{ print $1, $5, $9, $2, $3, $6 }'; }

# The reference potentials of these tests: need nothing but LAMMPS itself.
cp "$decks/reference.lmp" "$decks/reference_al.lmp" .

# What an accurate learned potential is needed for has one species: one linear fit does not describe two well.
# snapshots [lmp options]: labelled.extxyz, configurations of a hot crystal labelled by the reference.
snapshots() {
  run 1 snapshots.log in.snapshots "$@"
  mtp label snapshots.dump -o labelled.extxyz --species Al,Ni \
    --qm "lammps $(sed -n 's/^reference = //p' snapshots.log)" >label.txt
}

# untrained LEVEL [SPECIES]: untrained.almtp
untrained() {
  mtp init --level "$1" --species "${2:-Al,Ni}" --cutoff 5 --min-dist 1.8 -o untrained.almtp >init.txt
}

# make_potential LEVEL: pot.almtp of Al and Ni, trained on labelled.extxyz, with an active set of neighbourhoods.
# make_al_potential LEVEL: the same for Al alone.
make_potential() {
  snapshots
  untrained "$1"
  mtp train untrained.almtp labelled.extxyz -o pot.almtp --linear --mode neighbourhood >train.txt
}
make_al_potential() {
  snapshots -var elements "Al Al" -var reference reference_al.lmp
  untrained "$1" Al
  mtp train untrained.almtp labelled.extxyz -o pot.almtp --linear --mode neighbourhood >train.txt
}

# crystal [lmp options]: crystal.data for start.lmp. Atom IDs, and with them velocities, depend on the number of ranks that
# create the atoms; here it is one.
crystal() { run 1 crystal.log in.crystal "$@"; }

# decisions FILE: the steps of the labels of an event log.
decisions() { sed -n '/"event":"label"/s/.*"step":\(-*[0-9]*\).*/\1/p' "$1"; }
