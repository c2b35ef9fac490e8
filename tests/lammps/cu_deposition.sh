# examples/cu-deposition with few atoms: cells and whole configurations learn, and the table compares them.
. "$SOURCE_DIR/tests/lammps/_lib.sh"

ATOMS=4 EVERY=60 LEVELS=6 NP=2 timeout 250 sh "$SOURCE_DIR/examples/cu-deposition/run.sh" >example.out 2>&1 ||
  die "the example fails: $(tail -n 5 example.out)"
[ "$(grep -c '^6 ' table.txt)" -eq 2 ] || die "no table: $(cat table.txt)"
awk 'NR == 1 { next } $2 == "cells" && $4 > 150 { exit 1 } $2 == "whole" && $4 < 700 { exit 1 } $6 > 0.3 { exit 1 }' table.txt ||
  die "labels of another size, or not learned: $(cat table.txt)"
