# SPDX-License-Identifier: GPL-2.0-or-later
# examples/production with fewer atoms: it runs, tells what it costs, and needs little memory; its model of scaling runs.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
example=$SOURCE_DIR/examples/production
NP=2 CELLS=28 STEPS=3 sh "$example/run.sh" >table 2>&1 || die "run.sh: $(tail -n 3 table)"
for precision in double mixed; do
  set -- $(grep "^$precision " table)
  [ $# = 7 ] || die "no line for $precision: $(cat table)"
  below 0 "$2"
  below 0 "$3"
  below 20 "$4"
  below "$7" 300
done

awk -f "$example/docs/scaling.awk" >model
awk '/ ranks$/ { n++ } /^ *[0-9]+ / { for (k = 2; k <= NF; k++) if ($k != "-" && !($k > 0 && $k <= 1)) exit 1; rows++ }
  END { exit !(n == 2 && rows == 8) }' model || die "the model of scaling tells: $(cat model)"
