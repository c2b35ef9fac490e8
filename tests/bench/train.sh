#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What training costs and gives, on one core: the parts of a pass (`mtp bench --train`), the sets of published potentials
# of lithium and silicon from the same data, level and cutoff, training sets for which results of MLIP-2 are known, and
# two ranks against one. Works in the current folder; data are taken from $MTP_SHARED. build/env.sh must have been
# sourced. SEEDS="1 2 3" can be set.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
shared=${MTP_SHARED:-$here/../../../shared}
seeds=${SEEDS:-1}
export OPENBLAS_NUM_THREADS=1

number() { sed -n "s/.*$2\([-+0-9.eE]*\).*/\1/p" "$1" | head -n 1; }

echo "== Parts of a pass, us an atom (38 neighbours)"
for level in 8 12 16 20 24; do
  mtp init --level $level --species Al --cutoff 5 --min-dist 2 --force -o bench.mtp
  [ -s labelled.extxyz ] || {
    cat >one.extxyz <<'END'
4
Lattice="4.05 0 0 0 4.05 0 0 0 4.05" Properties=species:S:1:pos:R:3:forces:R:3 energy=-13
Al 0.1 0 0 0.1 0 0
Al 2.025 2.025 0 -0.1 0 0
Al 2.025 0 2.025 0 0 0
Al 0 2.025 2.025 0 0 0
END
    mv one.extxyz labelled.extxyz
  }
  mtp train bench.mtp labelled.extxyz --linear -o bench-$level.mtp >/dev/null
  mtp bench bench-$level.mtp --train --json >cost.json
  awk -v l=$level -v e="$(number cost.json '"evaluation":')" -v g="$(number cost.json '"gradient":')" \
    -v k="$(number cost.json '"sketch":')" -v s="$(number cost.json '"solve":')" 'BEGIN {
      printf "level %2d: evaluation %.3f, loss and gradient %.3f (%.2f evaluations), sketch %.3f, solve %.2f\n", l, e, g, g / e, k, s }'
done

# test_errors POT DATA: MAE in meV/atom and eV/A.
test_errors() {
  mtp errors "$1" "$2" --json | sed 's/,"groups".*//' >errors.json
  awk -v e="$(number errors.json '"energy_per_atom":{"mae":')" -v f="$(number errors.json '"force":{"mae":')" \
    'BEGIN { printf "%.3f meV/atom, %.4f eV/A", 1000 * e, f }'
}

echo "== Published sets: MAE on the test set (published lithium 0.487, 0.0101; silicon 2.313, 0.0560)"
for case in 'Li 16 5.1' 'Si 24 4.7'; do
  set -- $case
  data=$shared/data/mlearn/$1
  [ -f "$data.training.extxyz" ] || continue
  mtp init --level "$2" --species "$1" --cutoff "$3" --force -o start.mtp
  for seed in $seeds; do
    mtp train start.mtp "$data.training.extxyz" -o trained.mtp --threads 1 --seed "$seed" --json 2>/dev/null >train.json
    echo "$1 level $2, seed $seed: $(test_errors trained.mtp "$data.test.extxyz"), $(number train.json '"training_seconds":') s"
  done
done

echo "== Loss on the training set with the weights of MLIP, against MLIP-2 (loss, seconds)"
for case in '02_li_level16 16 1 221' '04_nacl_level08 8 2 16' '05_nacl_level14 14 2 99' '07_lto_level06 6 3 43'; do
  set -- $case
  folder=$shared/golden/$1
  [ -d "$folder" ] || continue
  limit() { sed -n "s/.*$1 = *//p" "$folder/pot.mtp"; }
  mtp init --level "$2" --species "$3" --cutoff "$(limit max_dist)" --min-dist "$(limit min_dist)" --force -o start.mtp
  mtp train "$folder/pot.mtp" "$folder/train.cfg" -o old.mtp --weights mlip --max-iter 1 --log old.log >/dev/null 2>&1
  old=$(head -n 1 old.log | sed 's/.*"loss":\([^,]*\).*/\1/')
  for seed in $seeds; do
    mtp train start.mtp "$folder/train.cfg" -o trained.mtp --weights mlip --threads 1 --seed "$seed" --log new.log --json \
      2>/dev/null >train.json
    reached=$(awk -v old="$old" -F'[:,]' '{ for (i = 1; i < NF; i++) { if ($i == "\"seconds\"") s = $(i + 1)
      if ($i == "\"loss\"") l = $(i + 1); if ($i == "\"stage\"") stage = $(i + 1) } }
      stage == "\"final\"" && l <= old { print s; exit }' new.log)
    echo "$1, seed $seed: $(number train.json '"loss":') against $old; $(number train.json '"training_seconds":') s in all, as good as that after ${reached:-more than that} s; MLIP-2 $4 s"
  done
done

echo "== Two ranks against one"
if [ -f "$shared/data/mlearn/Li.training.extxyz" ]; then
  mtp init --level 20 --species Li --cutoff 5.1 --force -o start.mtp
  for ranks in 1 2 1 2; do
    "$MPIEXEC" -n $ranks mtp train start.mtp "$shared/data/mlearn/Li.training.extxyz" -o ranks.mtp --threads 1 --max-iter 30 \
      --json 2>/dev/null >train.json
    echo "$ranks: $(number train.json '"training_seconds":') s"
  done
fi
