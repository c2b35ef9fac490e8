#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What potentials are worth that learned by default: many materials, each from a cold start, with a classical potential
# of LAMMPS as the reference. Needs `. build/env.sh`. Usage: materials.sh [NAME ...] (all of materials/*.in)
# Parts, in PARTS="learn errors squeeze frozen hot":
#   learn    a run of the deck with mtp/al
#   errors   of what it learned on frames of the reference's own run of the deck (made once, kept in the cache folder)
#   squeeze  pairs of these frames pushed together: where does the energy fall though the reference's rises
#   frozen   a run with the learned potential alone and HOLD ps at the highest temperature: does it live
#   hot      the same to OVER=1.5 times that temperature, at constant volume, watched (WATCH="stop 10"): it lives, is
#            stopped, or dies
#   cold     (not by default) mtp train on the colder half of the reference's frames: force errors (eV/A) on the next
#            quarter and on the last one, cold_next and cold_last of the lines of JSON
# Environment: LEVEL (12), HOLD (100), SEED, OPTS (options of pair_style mtp/al), INIT (options of mtp init), TRAIN
# (those of mtp train), STEPS (of the learning run), KEEP (folder of the runs, ./materials; parts that are not asked for are kept from earlier calls),
# REF (folder of the references), TAG (a word for the table). A potential that is put into $KEEP/NAME/pot.almtp is judged by
# the parts after learn as well. One core; lines of JSON are appended to $KEEP/results.jsonl.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
decks=$here/materials
parts=${PARTS:-learn errors squeeze frozen hot}
level=${LEVEL:-12}
hold=${HOLD:-100}
seed=${SEED:-4928459}
keep=${KEEP:-materials}
references=${REF:-${XDG_CACHE_HOME:-$HOME/.cache}/libmtpal/materials}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 LC_ALL=C
mkdir -p "$keep" "$references"
keep=$(cd "$keep" && pwd)
references=$(cd "$references" && pwd)

die() { echo "error: $*" >&2 && exit 1; }

# setting NAME KEY: what a deck sets.
setting() { sed -n "s/^variable  *$2 index *//p" "$decks/$1.in" | tr -d '"' | sed 's/ *#.*//; s/ *$//'; }

# deck NAME MODE SEED [lmp options]: leaves log.MODE.
deck() {
  system=$1 mode=$2 velocities=$3
  shift 3
  lmp -in "$decks/common.lmp" -log "log.$mode" -screen none -nocite -var folder "$decks" -var system "$system" \
    -var mode "$mode" -var seed "$velocities" ${STEPS:+-var steps "$STEPS"} "$@" </dev/null >"screen.$mode" 2>&1
}

# thermo LOG COLUMN: what thermodynamic output says.
thermo() {
  awk -v name="$2" '/^ *Step/ { for (k = 1; k <= NF; k++) if ($k == name) column = k; on = 1; next }
    /^Loop time|^ERROR/ { on = 0 } on && $1 ~ /^[0-9]+$/ && column && NF >= column && $column ~ /^[-+.0-9eE]+$/ { print $column }' "$1"
}

# number KEY FILE: the first number that follows the key in JSON.
number() { sed -n "s/^.*\"$1\":\([-+0-9.eE]*\).*/\1/p" "$2" | tail -n 1 | grep . || echo null; }

# energies FILE: one a line.
energies() { sed -n 's/^.*[ "]energy=\([^ ]*\).*/\1/p; s/^energy=\([^ ]*\).*/\1/p' "$1"; }

# root_mean_square FILE: of the force components.
root_mean_square() {
  awk '/Properties=/ { text = $0; sub(/.*Properties=/, "", text); sub(/ .*/, "", text); n = split(text, word, ":"); column = 1; at = 0
      for (k = 1; k <= n; k += 3) { if (word[k] ~ /^forces?$/) at = column; column += word[k + 2] }
      next }
    at && NF >= at + 2 { for (k = 0; k < 3; k++) sum += $(at + k)^2; n_sum += 3 } END { printf "%.6g\n", sqrt(sum / n_sum) }' "$1"
}

# make_reference NAME: in the current folder, the reference's frames, and pairs of them pushed together, with their energies.
make_reference() {
  driver="lammps reference.lmp maxforce=1e300"
  names=$(setting "$1" species | tr ' ' ',')
  deck "$1" ref 7713
  mtp convert frames.dump frames.extxyz >label.log
  mtp label frames.extxyz -o test.extxyz --species "$names" --qm "$driver" >>label.log
  thermo log.ref c_closest | sort -g | head -n 1 >closest
  root_mean_square test.extxyz >rms
  awk -v frames=5 -v scans=scans -f "$decks/squeeze.awk" test.extxyz >squeezed.extxyz
  mtp label squeezed.extxyz -o squeezed.labelled.extxyz --species "$names" --qm "$driver" >>label.log
  energies squeezed.labelled.extxyz >squeezed.energies
}

# reference NAME: sets folder to that of the reference's own frames; makes it where it is not there.
reference() {
  key=$(cat "$decks"/*.lmp "$decks/squeeze.awk" "$decks/$1.in" | sed 's/#.*//' | cksum | cut -d ' ' -f 1)
  folder=$references/$1-$key${STEPS:+-$STEPS}
  [ ! -d "$folder" ] || return 0
  new=$folder.part$$
  rm -rf "$new"
  mkdir "$new"
  cd "$new"
  set +e # tested below: within a condition the shell would go on after failures
  (set -e && make_reference "$1") 2>errors
  status=$?
  set -e
  cd "$keep"
  if [ $status -ne 0 ]; then
    echo "warning: $1 is left out, the reference fails in $new: $(cat "$new/errors" "$new/log.ref" 2>/dev/null | grep -m 1 -i error)" >&2
    return 0
  fi
  mv "$new" "$folder" 2>/dev/null || rm -rf "$new" # another call was faster
}

part_learn() {
  rm -f ./*.part train.extxyz* mtp-al.jsonl candidates.extxyz pot.almtp
  # shellcheck disable=SC2086 # options are words
  mtp init --force --level "$level" --species "$(setting "$1" species | tr ' ' ',')" --cutoff "$(setting "$1" cutoff)" \
    ${INIT:-} -o pot.almtp >init.log
  begun=$(date +%s.%N)
  how=ok
  deck "$1" learn "$seed" ${OPTS:+-var options "$OPTS"} || how=failed
  ended=$(date +%s.%N)
  grep '"event":"end"' mtp-al.jsonl >end.json || how=failed
  full=$(grep -c '"event":"refit".*"kind":"full"' mtp-al.jsonl || true)
  [ "$how" = ok ] || grep -h '^ERROR' log.learn screen.learn | head -n 1 >&2 || true
  printf '"learn":"%s","atoms":%s,"labels":%s,"configurations":%s,"refits":%s,"full":%s,"qm_s":%s,"refit_s":%s,"wall_s":%s\n' \
    "$how" "$(thermo log.learn Atoms | tail -n 1)" "$(number labels end.json)" "$(number configurations end.json)" \
    "$(number refits end.json)" "$full" "$(number qm_seconds end.json)" "$(number refit_seconds end.json)" \
    "$(awk -v a="$begun" -v b="$ended" 'BEGIN { printf "%.2f", b - a }')" >learn.part
}

part_errors() {
  mtp errors pot.almtp "$folder/test.extxyz" --json >errors.json
  sed 's/,"groups".*//; s/.*"energy_per_atom":{[^}]*"rmse":\([^,}]*\).*"force":{[^}]*"rmse":\([^,}]*\).*/\1 \2/' errors.json |
    awk -v rms="$(cat "$folder/rms")" '{ printf "\"energy\":%.4f,\"force\":%.5f,\"relative\":%.3f\n", 1000 * $1, $2, 100 * $2 / rms }' >errors.part
}

# force_error POT FILE
force_error() { mtp errors "$1" "$2" --json | sed 's/,"groups".*//; s/.*"force":{[^}]*"rmse":\([^,}]*\).*/\1/'; }

part_cold() {
  awk -v frames="$(grep -c Properties= "$folder/test.extxyz")" '
    left == 0 { left = $1 + 2; n++; file = n <= frames / 2 ? "cold" : n <= 3 * frames / 4 ? "next" : "last" }
    { print >(file ".extxyz"); left-- }' "$folder/test.extxyz"
  # shellcheck disable=SC2086 # options are words
  mtp init --force --level "$level" --species "$(setting "$1" species | tr ' ' ',')" --cutoff "$(setting "$1" cutoff)" \
    ${INIT:-} -o cold.untrained.almtp >init.log
  # shellcheck disable=SC2086 # options are words
  mtp train cold.untrained.almtp cold.extxyz -o cold.almtp --seed "$seed" ${TRAIN:-} >cold.log 2>&1
  printf '"cold":%s,"cold_next":%s,"cold_last":%s\n' "$(force_error cold.almtp cold.extxyz)" "$(force_error cold.almtp next.extxyz)" \
    "$(force_error cold.almtp last.extxyz)" >cold.part
}

part_squeeze() {
  mtp eval pot.almtp "$folder/squeezed.extxyz" -o squeezed.extxyz >squeezed.log 2>&1 || return 1
  energies squeezed.extxyz >squeezed.energies
  paste -d ' ' "$folder/scans" "$folder/squeezed.energies" squeezed.energies |
    awk -v detail=squeeze.txt -f "$decks/verdict.awk" >squeeze.part
}

# long NAME MODE [lmp options]: how many ps a run of the potential alone lived, and how it ended.
long() {
  name=$1 mode=$2 how=lives
  shift 2
  deck "$name" "$mode" 99173 -var hold "$hold" -var closest "$(awk '{ print 0.6 * $1 }' "$folder/closest")" "$@" || how=dies
  grep -q '^frozen run survived' "log.$mode" || how=dies
  if [ $how = dies ] && grep -q 'is beyond stop' "log.$mode" "screen.$mode"; then how=stopped; fi
  why=null
  if [ $how != lives ]; then
    why="\"$(grep -h '^ERROR' "log.$mode" "screen.$mode" | head -n 1 | tr -d '"\134' | cut -c 1-90)\""
  fi
  printf '"%s":"%s","%s_ps":%.1f,"%s_why":%s\n' "$mode" $how "$mode" "$(thermo "log.$mode" Time | tail -n 1)" "$mode" \
    "$why" >"$mode.part"
}
part_frozen() { long "$1" frozen; }
part_hot() { long "$1" hot -var over "${OVER:-1.5}" -var watch "${WATCH:-stop 10}"; }

# record NAME: the line of JSON of what is known.
record() {
  printf '{"name":"%s","tag":"%s","revision":"%s","level":%s,"seed":%s' "$1" "${TAG:-}" \
    "$(git -C "$here" describe --always --dirty 2>/dev/null || echo '?')" "$level" "$seed"
  for part in learn errors squeeze frozen hot cold; do
    if [ -s $part.part ]; then printf ',%s' "$(cat $part.part)"; fi
  done
  echo '}'
}

# shellcheck disable=SC2046,SC2012 # words without blanks
if [ $# -eq 0 ]; then set -- $(cd "$decks" && ls ./*.in | sed 's/.*\///; s/\.in$//'); fi
for name in "$@"; do [ -r "$decks/$name.in" ] || die "no material $name; there are: $(cd "$decks" && echo *.in | sed 's/\.in//g')"; done
lines=3
for name in "$@"; do
  reference "$name"
  [ -d "$folder" ] || continue
  mkdir -p "$keep/$name"
  cd "$keep/$name"
  for part in $parts; do
    if [ -t 2 ]; then printf '\r%s: %s\033[K' "$name" "$part" >&2; fi
    rm -f "$part.part"
    "part_$part" "$name" || true # what is missing is a dash in the table
    [ -s "$part.part" ] || echo "warning: $name: $part fails, see $keep/$name" >&2
  done
  if [ -t 2 ]; then printf '\r\033[K' >&2; fi
  record "$name" | tee -a "$keep/results.jsonl" >line.json
  awk -f "$decks/table.awk" line.json | tail -n "$lines"
  lines=1 # the head of the table once
done
