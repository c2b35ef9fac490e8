#!/bin/sh
# The small cell of in.cell32 and the force errors of what it learned, on crystal and liquid that the reference itself made.
# Run in an empty folder after `. build/env.sh`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cp "$here"/in.* "$here"/reference.lmp .
rm -f cell32.extxyz cell32.jsonl

mtp init --force --level 16 --species Al --cutoff 5.6 --min-dist 2.0 -o cell32.almtp
lmp -log log.cell32 -screen none -in in.cell32
grep "^Loop time" log.cell32
mtp info cell32.jsonl

# start and end temperature of the reference runs
for state in "crystal 600 300" "liquid 3000 1600"; do
  set -- $state
  lmp -log log.reference -screen none -var name "$1" -var start "$2" -var end "$3" -in in.reference
  mtp convert "$1.dump" "$1.extxyz"
  rm -f "$1-labelled.extxyz"
  mtp label "$1.extxyz" -o "$1-labelled.extxyz" --qm "lammps reference.lmp"
  mtp errors cell32.almtp "$1-labelled.extxyz"
done
