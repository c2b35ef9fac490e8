# SPDX-License-Identifier: GPL-2.0-or-later
# Precision mixed against double in LAMMPS: energy, pressure and forces for both styles and any number of ranks, also
# ranks without atoms; changed within a deck and taken up after a restart; several styles; constant energy; bad values.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
make_al_potential 16
crystal

# evaluate NAME RANKS STYLE [lmp options]: NAME.log and NAME.dump
evaluate() {
  name=$1
  ranks=$2
  style=$3
  shift 3
  run "$ranks" "$name.log" in.precision -var elements "Al Al" -var style "$style" "$@"
  mv forces.dump "$name.dump"
}

# agree NAME REFERENCE: the promise of precision mixed, 1e-4 of the RMS force, energies to 1e-6 eV an atom, virials to
# 3e-4.
agree() {
  atoms=$(value "$1.log" atoms)
  difference "$(value "$1.log" energy)" "$(value "$2.log" energy)" "$(awk -v n="$atoms" 'BEGIN { print 1e-6 * n }')"
  bars=$(awk -v v="$(value "$2.log" volume)" -v n="$atoms" 'BEGIN { print 3e-4 * n / v * 1.6021765e6 }')
  for k in 1 2 3 4 5 6; do
    difference "$(value "$1.log" pressure | cut -d ' ' -f $k)" "$(value "$2.log" pressure | cut -d ' ' -f $k)" "$bars"
  done
  dump_columns "$1.dump" 2 >got
  dump_columns "$2.dump" 2 >want
  [ "$(wc -l <got)" -eq $((3 * atoms)) ] || die "$1.dump does not hold the forces of $atoms atoms"
  deviation=$(paste got want | awk '{ d += ($1 - $2) ^ 2; f += $2 ^ 2 } END { print sqrt(d / f) }')
  below "$deviation" 1e-4
  close "$(value "$1.log" energy_double)" "$(value "$2.log" energy)" 1e-11
  close "$(value "$1.log" energy_again)" "$(value "$1.log" energy)" 1e-6
  close "$(value "$1.log" energy_restart)" "$(value "$1.log" energy)" 1e-6
}

# difference A B LIMIT
difference() {
  below "$(awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; print d < 0 ? -d : d }')" "$3"
}

al="mtp/al qm none select 1e9 break 1e9 train none.extxyz save unused.almtp every 7 precision"
for corner in yes no; do
  evaluate double 1 "mtp precision double" -var corner $corner
  for ranks in 1 2 4; do
    evaluate mixed$ranks $ranks "mtp precision mixed" -var corner $corner
    agree mixed$ranks double
    close "$(value mixed$ranks.log energy_again)" "$(value mixed$ranks.log energy)" 1e-7
  done
  evaluate al 2 "$al mixed" -var corner $corner
  agree al double
done
# told once by each of the styles of the deck, which says the precision as well, but not like this
told() { grep -c "^pair_style $2: level 16, 1 species, 125 parameters, cutoff 5, [a-z0-9]*, $3 precision\$" "$1" || :; }
for log in mixed1.log mixed4.log; do
  [ "$(told $log mtp mixed) $(told $log mtp double)" = '3 1' ] || die "$log does not tell the precision"
done
[ "$(told al.log mtp/al mixed) $(told al.log mtp double)" = '3 1' ] || die 'al.log does not tell the precision'
[ "$(value mixed1.log pressure)" != "$(value double.log pressure)" ] || die 'precision mixed computes in double'

# Each of several styles has its own, and a style that is given again without its coefficients the new one.
for ranks in 1 2; do
  run $ranks mix.log in.precision_mix -var elements "Al Al"
  close "$(value mix.log double)" "$(value double.log energy)" 1e-12
  close "$(value mix.log mixed)" "$(value mixed1.log energy)" 1e-7
  close "$(value mix.log both)" "$(awk -v a="$(value mix.log mixed)" -v b="$(value mix.log double)" \
    'BEGIN { printf "%.17g", a + b }')" 1e-7
done

# Energy is conserved as well as in double: drift in eV an atom and ps, its error, fluctuation.
for precision in double mixed; do
  run 2 nve_$precision.log in.drift -var precision $precision -var samples $precision.samples
  awk -f "$decks/drift.awk" $precision.samples >$precision.drift
  echo "$precision $(cat $precision.drift)"
done
difference "$(cut -d ' ' -f 1 mixed.drift)" "$(cut -d ' ' -f 1 double.drift)" 2e-6
difference "$(cut -d ' ' -f 3 mixed.drift)" "$(cut -d ' ' -f 3 double.drift)" 2e-6

# refused_style PATTERN STYLE
refused_style() {
  cat >in.refused <<END
variable cells index 2
include $decks/crystal.lmp
pair_style $2
pair_coeff * * pot.almtp Al Al
run 0
END
  refused "$1" 2 in.refused -var decks "$decks"
}
for style in mtp mtp/al; do
  refused_style 'expected precision double or mixed, found half' "$style precision half"
  refused_style 'expected precision double or mixed, found MIXED' "$style precision MIXED"
done
refused_style 'keyword precision needs a value' 'mtp precision'
