#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# clang.sh [FOLDER]: everything compiled by clang without a warning, and the unit tests.
. "$(dirname "$0")/_lib.sh"
need 'clang libcmocka-dev' clang clang++
build -D CMAKE_C_COMPILER=clang -D CMAKE_CXX_COMPILER=clang++ -D MTP_WERROR=on
check '^(unit|golden)\.'
