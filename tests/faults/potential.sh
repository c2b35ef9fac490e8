# SPDX-License-Identifier: GPL-2.0-or-later
# Potential files that are missing or broken, and pair_coeff lines that do not fit them: one clear line each.
. "$SOURCE_DIR/tests/faults/_lib.sh"
make_potential 6

for style in mtp mtp/al; do
  stops 'missing.almtp' $style '* * missing.almtp Al Ni'
  stops 'element Cu is not in pot.almtp, which has Al Ni' $style '* * pot.almtp Al Cu'
  stops 'names 1 elements, the system has 2 atom types' $style '* * pot.almtp Al'
  stops 'names 3 elements, the system has 2 atom types' $style '* * pot.almtp Al Ni Ni'
  stops 'names 0 elements, the system has 2 atom types' $style '* * pot.almtp'
  stops 'must start with \* \*\|expected pair_coeff' $style '1 2 pot.almtp Al Ni'
  stops 'expected pair_coeff \* \* FILE' $style '* *'
  stops '[Aa]ll pair coeffs are not set' $style '* * pot.almtp Al NULL'

  # cut short inside the coefficients, a word instead of a number, a radial basis of nobody, another kind of file
  lines=$(grep -a -n 'moment_coeffs' pot.almtp | head -n 1 | cut -d: -f1)
  head -n $((lines - 1)) pot.almtp | head -c -40 >broken.almtp
  stops 'broken.almtp' $style '* * broken.almtp Al Ni'
  sed 's/^\(scaling *= *\).*/\1often/; s/^\([[:space:]]*max_dist *= *\).*/\1far/' pot.almtp >broken.almtp
  stops 'broken.almtp.*[0-9]' $style '* * broken.almtp Al Ni'
  sed 's/RBChebyshev/RBNobody/' pot.almtp >broken.almtp
  stops 'broken.almtp.*RBNobody' $style '* * broken.almtp Al Ni'
  echo 'not a potential' >broken.almtp
  stops 'broken.almtp:1' $style '* * broken.almtp Al Ni'
  : >broken.almtp
  stops 'broken.almtp' $style '* * broken.almtp Al Ni'
  rm broken.almtp
done
stops 'pot.almtp\|untrained' mtp '* * untrained.almtp Al Ni'
stops 'untrained.almtp is untrained' mtp '* * untrained.almtp Al Ni'

# without element names
sed 's/elements=[^ ,]*\(,[^ ]*\)*//' pot.almtp >nameless.almtp
stops 'holds no element names.*mtp convert' mtp '* * nameless.almtp Al Ni'
stops 'species 2 is not in nameless.almtp' mtp '* * nameless.almtp 0 2'
deck mtp '* * nameless.almtp 0 1'
lmp -in in.fault -log numbers.log >screen 2>&1 || die "species numbers: $(tail -n 2 screen)"
deck mtp '* * nameless.almtp'
lmp -in in.fault -log nothing.log >screen 2>&1 || die "no species: $(tail -n 2 screen)"
deck mtp '* * pot.almtp Al Ni'
lmp -in in.fault -log names.log >screen 2>&1 || die "names: $(tail -n 2 screen)"
energy() { awk '/^ *Step/ { on = 1; next } on { print $3; exit }' "$1"; }
[ -n "$(energy names.log)" ] || die 'no energy'
[ "$(energy names.log)" = "$(energy numbers.log)" ] || die 'names and numbers give different energies'
[ "$(energy names.log)" = "$(energy nothing.log)" ] || die 'names and nothing give different energies'
