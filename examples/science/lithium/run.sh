#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Lithium, the questions of Podryabinkin and Shapeev (2017): errors by the number of functions, how a training set is
# chosen and how long its potential lives, thresholds, and temperatures that were not trained at. Run by ../run.sh in an
# empty folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../_lib.sh"
cells=3 frames=60 every=20 tests=12 levels='8 12 16' level=12 seeds='1 2 3' life=20000 thresholds='1.1 3 11 auto' steps=3000
temperatures='300 450 900'
[ $quick = no ] || cells=2 frames=25 every=5 tests=5 levels='4 6' level=6 seeds=1 life=2000 thresholds='3 auto' steps=200 temperatures='300 900'
has_snap || { echo 'skipped: this LAMMPS has no pair_style snap (ML-SNAP)' && exit 77; }
cp "$here/reference.lmp" .

# reference NAME KELVIN FRAMES SEED: labelled frames of the reference's own run.
reference() {
  [ ! -s "$1.extxyz" ] || return 0
  say "$1: $3 frames at $2 K"
  lmp -in "$here/in.reference" -log "log.$1" -screen none -var decks "$here" -var cells $cells -var hot "$2" -var frames "$3" \
    -var every $every -var seed "$4" -var name "$1"
  rm -f "$1.part.extxyz"
  mtp label "$1.dump" -o "$1.part.extxyz" --qm 'lammps reference.lmp'
  mv "$1.part.extxyz" "$1.extxyz"
}
reference candidates 300 $frames 1
for t in $temperatures; do reference "test.$t" "$t" $tests 2; done

# fitted NAME POT DATA [OPTION...]: a potential that is there or is trained.
fitted() {
  name=$1
  [ -s "$name.almtp" ] || {
    say "$name"
    pot=$2 data=$3
    shift 3
    mtp train "$pot" "$data" -o "$name.part.almtp" "$@"
    mv "$name.part.almtp" "$name.almtp"
  }
}
# errors NAME KELVIN: on the frames of the test.
errors() { mtp errors "$1.almtp" "test.$2.extxyz" --json >"$1.$2.json"; }
# milli NUMBER, in thousandths.
milli() { awk -v x="$1" 'BEGIN { printf "%.4g\n", 1000 * x }'; }

# compared NAME PUBLISHED-E PUBLISHED-F PUBLISHED-S TITLE: RMS errors of energies, forces and stresses.
compared() {
  result "$5: energy RMSE, meV/atom" "$2" "$(milli "$(value "$1.300.json" energy_per_atom rmse)")"
  result "$5: force RMSE, eV/A" "$3" "$(value "$1.300.json" force rmse)"
  result "$5: stress RMSE, GPa" "$4" "$(value "$1.300.json" stress rmse)"
}

# 1. Errors by the number of functions; published are those of 10 and of 1000.
: >levels
for l in $levels; do
  mtp init --force --level "$l" --species Li --cutoff 5 -o "untrained.$l.almtp"
  fitted "level.$l" "untrained.$l.almtp" candidates.extxyz
  errors "level.$l" 300
  mtp info --json "untrained.$l.almtp" >info.json
  title="$(value info.json scalar_functions) functions (level $l)"
  echo "$(value info.json scalar_functions) $(value "level.$l.300.json" energy_per_atom rmse) $(value "level.$l.300.json" force rmse)" >>levels
  case $l in
    8) compared "level.$l" 0.35 0.023 0.073 "$title" ;;
    24) compared "level.$l" 0.15 0.015 0.040 "$title" ;;
    *) compared "level.$l" - - - "$title" ;;
  esac
done

# 2. Training sets out of one trajectory: all, by lot, and the three query strategies; each fitted by default, and linearly
# in functions that were never trained, as the paper fits. Lives of the frozen potentials.
choose() {
  [ -s "$1.extxyz" ] || { shift && mtp select "untrained.$level.almtp" candidates.extxyz "$@"; }
}
cp candidates.extxyz passive.extxyz
choose QS1 -o QS1.extxyz --mode energy --rows linear
choose QS2 -o QS2.extxyz --mode forces --rows linear
choose QS3 -o QS3.extxyz --mode neighbourhood --rows linear
largest=$(for k in 1 2 3; do grep -c Lattice QS$k.extxyz; done | sort -g | tail -n 1)
choose random -o random.extxyz --method random --max "$largest"

# lives NAME: median of the times (ps) until two atoms are closer than 1.5 A, of all seeds; + if that many lived to the end.
lives() {
  for seed in $seeds; do
    [ -s "$1.$seed.life" ] || lmp -in "$here/in.life" -log none -screen none -var decks "$here" -var cells $cells -var hot 300 \
      -var steps $life -var seed "$seed" -var name "$1" || true
    awk '/^lived/ { t = $2 } END { print t + 0 }' "$1.$seed.life"
  done | sort -g | awk -v end="$life" '{ t[NR] = $1 } END { x = t[int((NR + 1) / 2)]; e = end * 2e-3; print (x >= e ? "> " e : x) }'
}
# strategy NAME FORCE-RMSE FORCE-MAX LIFE: what was published of it.
strategy() {
  for way in default linear; do
    name=$1.$way
    if [ $way = linear ]; then
      fitted "$name" "untrained.$level.almtp" "$1.extxyz" --linear --wall off
    else
      [ "$1" != passive ] || cp "level.$level.almtp" "$name.almtp" # of the same data
      fitted "$name" "untrained.$level.almtp" "$1.extxyz"
    fi
    errors "$name" 300
    title="$1, $(grep -c Lattice "$1.extxyz") labels, $way fit"
    result "$title: force RMSE, eV/A" "$2" "$(value "$name.300.json" force rmse)"
    result "$title: largest force error, eV/A" "$3" "$(value "$name.300.json" force max)"
    result "$title: lives at 300 K, ps" "$4" "$(lives "$name")"
  done
}
strategy passive '0.016 to 0.017' 0.13 180
strategy random '0.016 to 0.017' 0.28 170
strategy QS1 '0.016 to 0.017' 0.10 660
strategy QS2 '0.016 to 0.017' 0.10 1290
strategy QS3 '0.016 to 0.017' 0.09 3840

# learned NAME KELVIN OPTIONS: a run that learns from nothing.
learned() {
  [ ! -s "$1.done" ] || return 0
  say "learning: $1"
  rm -f "$1.extxyz" "$1.extxyz".* "$1.jsonl" "$1.almtp"
  cp "untrained.$level.almtp" untrained.almtp
  lmp -in "$here/in.learn" -log "log.$1" -screen none -var decks "$here" -var cells $cells -var hot "$2" -var steps $steps \
    -var name "$1" -var options "$3"
  echo "$2" >"$1.done"
}

# 3. Thresholds: learned at once above it.
for g in $thresholds; do
  learned "threshold.$g" 300 "select $g break $g"
  errors "threshold.$g" 300
  [ "$g" != auto ] || g="auto ($(sed -n 's/.*"select":\([0-9.]*\).*"break":\([0-9.]*\).*/\1 and \2/p' threshold.auto.jsonl | tail -n 1))"
  name=threshold.${g%% *}
  result "threshold $g: labels" - "$(grep -c '"event":"label"' "$name.jsonl")"
  result "threshold $g: force RMSE, eV/A" - "$(value "$name.300.json" force rmse)"
done

# transfer FROM TO: published.
transfer() {
  case $1.$2 in
    300.300) echo 0.016 ;; 300.450) echo 0.022 ;; 300.900) echo 12.1 ;;
    450.300) echo 0.017 ;; 450.450) echo 0.020 ;; 450.900) echo 11.7 ;;
    900.300) echo 0.030 ;; 900.450) echo 0.033 ;; 900.900) echo 0.062 ;;
  esac
}

# 4. Learned at one temperature, used at another: errors, what the potential itself expects them to be, and grades.
: >transfers
for from in $temperatures; do
  learned "at.$from" "$from" ''
  for to in $temperatures; do
    errors "at.$from" "$to"
    said=$("$python" "$here/said.py" "at.$from.almtp" "test.$to.extxyz")
    result "learned at $from K, used at $to K: force RMSE, eV/A" "$(transfer "$from" "$to")" "$(value "at.$from.$to.json" force rmse)"
    result "learned at $from K, used at $to K: expected error, eV/A; largest grade" - "$said"
    echo "$from $to $(value "at.$from.$to.json" force rmse) $said" | tr -d ';' >>transfers
  done
done
cat levels transfers
[ $quick = yes ] || picture "$here/plot.gp"
