# SPDX-License-Identifier: GPL-2.0-or-later
# Helpers of the command line tests. Sourced by them; everything happens in the (fresh) working folder.
set -eu

die() {
  echo "FAILED: $*" >&2
  exit 1
}

# skip WHAT: it is not on this machine.
skip() {
  echo "skipped: no $*"
  exit 77
}

# refuse STATUS PATTERN COMMAND...: the command must end with this status, print nothing on stdout and exactly one line
# on stderr, which matches the pattern.
refuse() {
  want=$1
  pattern=$2
  shift 2
  status=0
  "$@" >refuse.out 2>refuse.err </dev/null || status=$?
  [ "$status" -eq "$want" ] || die "$*: status $status instead of $want: $(cat refuse.err)"
  [ "$(wc -l <refuse.err)" -eq 1 ] || die "$*: not one line on stderr: $(cat refuse.err)"
  grep -q -e "$pattern" refuse.err || die "$*: '$(cat refuse.err)' does not match '$pattern'"
  [ ! -s refuse.out ] || die "$*: prints on stdout although it fails"
}

absent() {
  for file; do [ ! -e "$file" ] || die "$file is left behind"; done
}

contains() { # FILE PATTERN
  grep -q -e "$2" "$1" || die "$1 does not match '$2': $(cat "$1")"
}

same() { # FILE FILE
  cmp -s "$1" "$2" || die "$1 and $2 differ"
}

# member FILE TEXT: the number that follows the first TEXT in a line of JSON.
member() {
  value=$(sed -n "s/$2\([-+0-9.eE][-+0-9.eE]*\)/\n\1\n/; s/^[^\n]*\n\([^\n]*\)\n.*/\1/p" "$1")
  [ -n "$value" ] || die "$1 has no number after $2: $(cat "$1")"
  echo "$value"
}

# below VALUE LIMIT
below() {
  awk -v value="$1" -v limit="$2" 'BEGIN { exit !(value + 0 < limit + 0) }' || die "$1 is not below $2"
}

random='function random() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 }'

# crystals N SEED [SIGMA]: N fcc cells of 4 atoms with displaced atoms and strained, sheared cells, without labels.
crystals() {
  awk -v n="$1" -v seed="$2" -v sigma="${3:-0.3}" "$random"'
  BEGIN {
    for (c = 0; c < n; c++) {
      a = 3.9 + 0.4 * random()
      printf "4\nLattice=\"%.17g 0 0 %.17g %.17g 0 0 %.17g %.17g\" pbc=\"T T T\" Properties=species:S:1:pos:R:3\n",
             a, 0.2 * random(), a, 0.1 * random(), a * 1.03
      for (i = 0; i < 4; i++) {
        x = i == 1 || i == 2; y = i == 1 || i == 3; z = i == 2 || i == 3
        printf "Al %.17g %.17g %.17g\n", a / 2 * x + sigma * (random() - 0.5), a / 2 * y + sigma * (random() - 0.5),
               a / 2 * z + sigma * (random() - 0.5)
      }
    }
  }'
}

# clusters N SEED: N open clusters of 6 atoms with energies and forces of a pair function exp(-r) - 0.3 exp(-r/2).
clusters() {
  awk -v n="$1" -v seed="$2" "$random"'
  BEGIN {
    for (c = 0; c < n; c++) {
      e = 0
      for (i = 0; i < 6; i++) {
        x[i] = 2.6 * (i % 2) + 0.6 * random(); y[i] = 2.6 * (int(i / 2) % 2) + 0.6 * random()
        z[i] = 2.6 * int(i / 4) + 0.6 * random()
        fx[i] = fy[i] = fz[i] = 0
      }
      for (i = 0; i < 6; i++)
        for (j = 0; j < i; j++) {
          dx = x[i] - x[j]; dy = y[i] - y[j]; dz = z[i] - z[j]; r = sqrt(dx * dx + dy * dy + dz * dz)
          e += exp(-r) - 0.3 * exp(-r / 2); f = (exp(-r) - 0.15 * exp(-r / 2)) / r
          fx[i] += f * dx; fy[i] += f * dy; fz[i] += f * dz; fx[j] -= f * dx; fy[j] -= f * dy; fz[j] -= f * dz
        }
      printf "6\nProperties=species:S:1:pos:R:3:forces:R:3 energy=%.17g pbc=\"F F F\"\n", e
      for (i = 0; i < 6; i++)
        printf "Al %.17g %.17g %.17g %.17g %.17g %.17g\n", x[i], y[i], z[i], fx[i], fy[i], fz[i]
    }
  }'
}

# make_potential OUT: a small trained potential of Al with an active set.
make_potential() {
  mtp init --level 6 --species Al --cutoff 5 --min-dist 1.5 -o start.mtp >/dev/null
  clusters 30 7 >clusters.extxyz
  mtp train start.mtp clusters.extxyz -o "$1" --linear >train.log
}
