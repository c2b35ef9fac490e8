#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Compares every source file with .clang-format; exit status 77 (skipped) without the one version that decides.
cd "$(dirname "$0")/.." || exit 1
command -v clang-format-14 >/dev/null || { echo 'skipped: no clang-format-14'; exit 77; }
find lib pair_mtp tests -type f \( -name '*.c' -o -name '*.h' -o -name '*.cpp' \) -exec clang-format-14 --dry-run -Werror {} +
