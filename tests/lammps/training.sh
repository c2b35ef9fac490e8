# SPDX-License-Identifier: GPL-2.0-or-later
# The training example, as a user runs it, at a low level: all parameters are better than the linear ones alone.
. "$SOURCE_DIR/tests/lammps/_lib.sh"

LEVEL=8 sh "$SOURCE_DIR/examples/training/run.sh" >example.out 2>&1 || die "the example fails: $(tail -n 5 example.out)"
rmse() { mtp errors "$1" test.extxyz --json | sed 's/,"groups".*//; s/.*"force":{"mae":[^,]*,"rmse":\([^,]*\),.*/\1/'; }
awk -v full="$(rmse al.almtp)" -v linear="$(rmse linear.almtp)" 'BEGIN { exit !(full < 0.8 * linear) }' ||
  die "$(rmse linear.almtp) -> $(rmse al.almtp)"
command -v gnuplot >/dev/null && contains report.html '</body></html>'
exit 0
