# SPDX-License-Identifier: GPL-2.0-or-later
# Helpers of the tests of what goes wrong in LAMMPS.
. "$SOURCE_DIR/tests/lammps/_lib.sh"

# deck STYLE COEFFICIENTS [BEFORE [AFTER]]: in.fault, a crystal with this pair style.
deck() {
  cat >in.fault <<END
variable cells index 2
${3:-}
include $decks/crystal.lmp
${4:-}
pair_style $1
pair_coeff $2
run ${steps:-0} post no
END
}

# stops PATTERN STYLE COEFFICIENTS [BEFORE [AFTER]]: such a deck ends with one line, on one rank and on two.
stops() {
  text=$1
  shift
  deck "$@"
  for ranks in 1 2; do
    refused "$text" $ranks in.fault
    clean
  done
}

# Nothing half-written: no temporary files of the library.
clean() {
  left=$(find . -name '*.tmp*' -o -name '*.part*' | head -n 1)
  [ -z "$left" ] || die "$left is left behind"
}

# positions FILE: the atoms of each labelled configuration on a line, which tells them apart. One atom would not do: in a
# squeezed one most of them are where they were.
positions() {
  [ ! -e "$1" ] || awk '
    left == 0 { left = $1 + 2 }
    { left-- }
    /Lattice=/ { labelled = / energy=/; line = ""; next }
    labelled && NF > 3 { line = line $1 " " $2 " " $3 " " $4 " " }
    labelled && left == 0 { print line; labelled = 0 }' "$1"
}

# kept FILE: how many configurations are labelled in FILE or wait in FILE.calls.
kept() { { positions "$1"; positions "$1.calls"; } | sort -u | wc -l; }

# lives PID: a process that is more than a zombie, which only its adopter can bury.
lives() { [ -e "/proc/$1/status" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }

# gone WHAT PID: it has been killed, and on a busy machine even that takes its time.
gone() {
  for wait in $(seq 400); do
    lives "$2" || return 0
    sleep 0.05
  done
  die "$1 is still there"
}
