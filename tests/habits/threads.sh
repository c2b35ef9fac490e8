#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# threads.sh [FOLDER]: training, teams and calls of QM engines under ThreadSanitizer: the unit tests of what has threads,
# and trainings by the command.
. "$(dirname "$0")/_lib.sh"
need 'build-essential libcmocka-dev' cc
unset LAMMPS_SOURCE_DIR
topics="workers trainer train team calls climb continuation checkpoint normal posterior"
targets=mtp
for topic in $topics; do
  [ ! -e "$root/tests/unit/test_$topic.c" ] || targets="$targets unit-$topic"
done
flags="-fsanitize=thread -g -O1"
build -D CMAKE_BUILD_TYPE=None -D "CMAKE_C_FLAGS=$flags" -D "CMAKE_CXX_FLAGS=$flags" \
  -D "CMAKE_EXE_LINKER_FLAGS=-fsanitize=thread" -D "CMAKE_SHARED_LINKER_FLAGS=-fsanitize=thread"
# The linear algebra library is not compiled for it, and has threads of its own unless told.
# Tests of interrupted calls end processes in the middle of threads, which is no leak.
export OPENBLAS_NUM_THREADS=1 TSAN_OPTIONS="halt_on_error=1 report_thread_leaks=0 exitcode=66 second_deadlock_stack=1"
check "^unit\.($(echo "$topics" | tr ' ' '|'))\$"

work=$folder/train
rm -rf "$work"
mkdir "$work"
cd "$work"
PATH=$folder/bin:$PATH
export SOURCE_DIR="$root" BUILD_DIR="$folder" OMP_NUM_THREADS=4
. "$root/tests/cli/_lib.sh"
clusters 60 7 >data.extxyz
clusters 20 8 >fresh.extxyz
mtp init --level 8 --species Al --cutoff 5 --min-dist 1.5 -o start.almtp
for options in '--linear' '--linear --mode configuration' '--max-iter 30' '--max-iter 15 --valid fresh.extxyz'; do
  say "mtp train $options"
  # shellcheck disable=SC2086 # words
  mtp train start.almtp data.extxyz -o trained.almtp $options >train.txt || die "mtp train $options: $?"
done
mtp eval trained.almtp fresh.extxyz -o eval.extxyz --grade --error
mtp select trained.almtp fresh.extxyz -o select.extxyz --train data.extxyz
mtp label fresh.extxyz -o labels.extxyz --qm "exec 'mtp eval $PWD/trained.almtp in.extxyz -o out.extxyz' workers=4"
say "No data race."
