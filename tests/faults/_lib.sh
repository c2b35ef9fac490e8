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
