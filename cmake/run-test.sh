#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run-test.sh SCRIPT FOLDER: runs a test script in a fresh folder with the environment of the build; Python by $PYTHON.
set -eu
. "$BUILD_DIR/env.sh"
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
