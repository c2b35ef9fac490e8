# SPDX-License-Identifier: GPL-2.0-or-later
# What bootstrap and build-lammps.sh share: messages, and running something long with its output in a file.
# Sourced by bash. Everything goes to stderr, so that a script can hand a result to its caller on stdout.

say() { printf '%s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

# quietly LOG COMMAND...: runs it with all output in LOG, and shows the end of LOG only if it fails.
quietly() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 </dev/null && return 0
  tail -n 25 "$log" >&2
  return 1
}

# Reads the output of a build with lines "[ 12%] ..." and shows how far it is: one line that is written over on a
# terminal, else one line every 10 %.
show_percent() {
  local line percent shown=-1
  while IFS= read -r line; do
    [[ $line =~ ^\[\ *([0-9]+)%\] ]] || continue
    percent=$((10#${BASH_REMATCH[1]}))
    if [ -t 2 ]; then
      ((percent == shown)) || printf '\r  %3d %%' "$percent" >&2
      shown=$percent
    elif ((percent / 10 > shown)); then
      shown=$((percent / 10))
      say "  $((shown * 10)) %"
    fi
  done
  if [ -t 2 ] && ((shown >= 0)); then printf '\r       \r' >&2; fi
}

# compile LOG FOLDER [TARGET]: builds a configured folder. On failure the first error and where to read on.
compile() {
  local log=$1 folder=$2 target=${3:-all}
  LC_ALL=C cmake --build "$folder" --parallel "$(nproc)" --target "$target" 2>&1 </dev/null | tee "$log" | show_percent
  ((PIPESTATUS[0] == 0)) && return 0
  grep -m 5 -A 5 -E '(error: |undefined reference|No space left)|\*\*\*' "$log" >&2
  return 1
}
