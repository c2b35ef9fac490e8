#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# update.sh FILE.yaml ...: computes anew what such a file says from natoms on; what it says before is kept, and is
# written by hand in a new one. To be run in the root of the tree, after `. build/env.sh`.
#
# AlNi.mtp: `mtp init --level 8 --species Al,Ni --cutoff 5 --min-dist 1.8`, then `mtp train --wall off`, on the labels
# of `snapshots` in tests/lammps/_lib.sh. data.mtp: tests/lammps/crystal.lmp (cells 2, shape prism), displaced once more
# by up to 0.1 A, so that no component of a force is small (deviations are relative), with velocities of 300 K.
set -eu
SOURCE_DIR=$PWD
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for file; do
  file=$(realpath "$file")
  (
    cd "$folder"
    . "$SOURCE_DIR/tests/lammps/_force_style.sh"
    simulate 1 "$file"
    version=$(sed -n 's/^LAMMPS (\([^)]*\)).*/\1/p' described.log | sed 's/ - .*//')
    sed -e '/^natoms:/,$d' -e "s/^lammps_version:.*/lammps_version: $version/" \
      -e "s/^date_generated:.*/date_generated: $(date -u '+%a %b %e %T %Y')/" "$file"
    cat results.yaml
    echo '...'
  ) >"$folder/new.yaml"
  cp "$folder/new.yaml" "$file"
done
