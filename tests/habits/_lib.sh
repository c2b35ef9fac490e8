# SPDX-License-Identifier: GPL-2.0-or-later
# What the habits share: a build folder each, build/NAME or the one that is named, and the tests of it. Sourced by sh.
# LAMMPS_SOURCE_DIR in the environment builds the plugin as well; CMAKE_OPTIONS are more options of cmake.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
habit=$(basename "$0" .sh)
folder=${1:-$root/build/$habit}

say() { printf '%s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# need PACKAGES PROGRAM...: what has to be there
need() {
  packages=$1
  shift
  for program; do
    command -v "$program" >/dev/null || die "no $program; on Debian: apt-get install $packages"
  done
}

# build OPTION...: all of it, or what $targets says
build() {
  mkdir -p "$folder"
  say "Building in $folder ..."
  # shellcheck disable=SC2086 # words
  cmake -G 'Unix Makefiles' -S "$root" -B "$folder" ${LAMMPS_SOURCE_DIR:+-D "LAMMPS_SOURCE_DIR=$LAMMPS_SOURCE_DIR"} \
    "$@" ${CMAKE_OPTIONS:-} >"$folder/configure.log" 2>&1 || die "cmake failed, see $folder/configure.log"
  # shellcheck disable=SC2086
  nice -n "${NICE:-15}" cmake --build "$folder" --parallel "$(nproc)" ${targets:+--target $targets} >"$folder/build.log" 2>&1 ||
    die "the build failed, see $folder/build.log"
}

# check PATTERN: the tests whose names match
check() { nice -n "${NICE:-15}" ctest --test-dir "$folder" --output-on-failure --parallel "$(nproc)" --tests-regex "$1"; }
