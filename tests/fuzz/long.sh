#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# long.sh SECONDS [FOLDER]: runs every fuzz target for so many seconds, as many at a time as there are cores, with a new
# seed of the random numbers, and prints the executions of each. FOLDER has the programs; by default they are those of
# the sanitized build of ./bootstrap test, else of the plain one. Inputs that something is wrong with are left in the
# current folder. With ../shared beside the repository, its small files are further seeds.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:?usage: long.sh SECONDS [FOLDER]}
folder=${2:-$root/build/sanitize/tests/bin}
[ $# -gt 1 ] || [ -d "$folder" ] || folder=$root/build/tests/bin
seed=${SEED:-$(date +%s)}
more=$(mktemp -d)
trap 'rm -rf "$more"' EXIT

# The files that a target may begin with, by their names.
collect() {
  mkdir "$more/$1"
  [ -d "$root/../shared" ] || return 0
  for pattern in $2; do
    find "$root/../shared/" -type f -size -64k -name "$pattern"
  done | head -200 | awk '{ printf "%s\n%s\n", $0, NR }' | while read -r file && read -r number; do
    cp "$file" "$more/$1/$number"
  done
}
collect potential '*.mtp *.almtp *.als'
collect cfg '*.cfg'
collect extxyz '*.xyz *.extxyz'
collect data '*.data *.lmp'
collect dump '*.dump *.lammpstrj'
collect poscar '*POSCAR* *CONTCAR*'
collect outcar '*OUTCAR*'
collect vasprun 'vasprun*.xml'
collect gzip '*.gz'
collect qe_input '*.in pw*'

failed=0
for program in "$folder"/fuzz-*; do
  [ -x "$program" ] && echo "$program"
done | xargs -P "$(nproc)" -I '{}' sh -c '
  name=${1##*/fuzz-}
  extra=
  [ ! -d "$4/$name" ] || extra="-d $4/$name"
  "$1" -t "$2" -s "$3" $extra || { echo "$1: failed, seed $3"; exit 1; }
' sh '{}' "$seconds" "$seed" "$more" || failed=1
exit $failed
