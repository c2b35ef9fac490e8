#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run-test.sh SCRIPT FOLDER: runs a test script in a fresh folder with the environment of the build; Python by $PYTHON.
set -eu
. "$BUILD_DIR/env.sh"
# For a LAMMPS that does not look for plugins itself.
if [ -f "$BUILD_DIR/tests/autoload.so" ]; then export LD_PRELOAD="$BUILD_DIR/tests/autoload.so"; fi
rm -rf "$2"
mkdir -p "$2"
cd "$2"
case $1 in
  *.py)
    command -v "$PYTHON" >/dev/null || { echo 'skipped: no python3'; exit 77; }
    exec "$PYTHON" -W ignore::ResourceWarning "$1"
    ;;
  *) exec sh "$1" ;;
esac
