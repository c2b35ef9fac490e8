#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs examples of this folder, each in a folder of its own in the current one, and prints what they found beside what
# was published: quantity, published, ours, their ratio, seconds of the example. After `. build/env.sh`.
# Usage: run.sh [--quick] [NAME...] (all). --quick: the short form of each, whose figures say little.
# What was finished is kept: the same call goes on with those that are missing. The table is left in table.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
quick=
[ "${1:-}" != --quick ] || { quick=--quick && shift; }
[ $# -gt 0 ] || set -- $(cd "$here" && ls -d */ | tr -d /)
for name; do
  [ -f "$here/$name/run.sh" ] || { echo "run.sh: no example '$name' in $here" >&2 && exit 2; }
done

failed=
for name; do
  mkdir -p "$name"
  # what the other form found does not count
  [ ! -f "$name/seconds" ] || [ "$(cat "$name/form")" != "${quick:-long}" ] || continue
  rm -f "$name/seconds"
  echo "${quick:-long}" >"$name/form"
  echo "== $name: $PWD/$name/log"
  begin=$(date +%s) status=0
  (cd "$name" && exec sh "$here/$name/run.sh" $quick) >"$name/log" 2>&1 </dev/null || status=$?
  case $status in
    0) echo $(($(date +%s) - begin)) >"$name/seconds" ;;
    77) tail -n 1 "$name/log" ;;
    *) failed="$failed $name" && tail -n 20 "$name/log" ;;
  esac
done

{
  echo '| example | quantity | published | ours | ours / published | seconds |'
  echo '|---|---|--:|--:|--:|--:|'
  for name; do
    [ -f "$name/seconds" ] || continue
    awk -F '\t' -v name="$name" -v seconds="$(cat "$name/seconds")" '
      { ratio = $2 + 0 != 0 && $3 ~ /^[-0-9.e+]+$/ ? sprintf("%.3g", $3 / $2) : ""
        printf "| %s | %s | %s | %s | %s | %s |\n", name, $1, $2, $3, ratio, FNR == 1 ? seconds : "" }' "$name/results.tsv"
  done
} >table.md
cat table.md
[ -z "$failed" ] || { echo "failed:$failed" >&2 && exit 1; }
