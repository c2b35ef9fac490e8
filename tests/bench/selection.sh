#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Errors on a test set after training on N selected configurations, against N at random: lithium and silicon of Zuo et
# al. (2020), level 12. A pilot of 20 random configurations gives the potential that selects (and counts as --train);
# N - 20 more are selected without a look at labels. Works in the current folder; data are taken from $MTP_SHARED.
# build/env.sh must have been sourced. SEEDS="1 2 3 4 5", SIZES="50 100 200", LEVEL=12 can be set.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
shared=${MTP_SHARED:-$here/../../../shared}
level=${LEVEL:-12}
export OPENBLAS_NUM_THREADS=1

number() { sed -n "s/.*$2\([-+0-9.eE]*\).*/\1/p" "$1" | head -n 1; }

# take LIST FILE: the configurations whose numbers (from 1) are in the list.
take() {
  awk 'FNR == NR { wanted[$1]; next }
    left == 0 { left = $1 + 2; frame++ }
    { left-- }
    frame in wanted { print }' "$1" "$2"
}

# train DATA OUT
train() { mtp train start.mtp "$1" -o "$2" --starts 1 --threads 1 >train.log 2>&1; }

# select POT DATA TRAIN OPTIONS...: the selected configurations, whatever their labels are.
select_from() {
  pot=$1 data=$2 train=$3
  shift 3
  mtp select "$pot" "$data" -o selected.extxyz --train "$train" --threads 1 --json \
    --keys energy=,forces=,virial=,stress= "$@" >select.json 2>select.err
  grep -o '"frame":[0-9]*' select.json | cut -d: -f2 >list
  take list "$data"
}

for case in 'Li 5.1' 'Si 4.7'; do
  set -- $case
  element=$1
  data=$shared/data/mlearn/$1.training.extxyz
  test=$shared/data/mlearn/$1.test.extxyz
  [ -f "$data" ] || continue
  mtp init --level "$level" --species "$element" --cutoff "$2" --force -o start.mtp
  rm -f results
  train "$data" all.almtp
  mtp errors all.almtp "$test" --json | sed 's/,"groups".*//' >errors.json
  echo "$element, all $(grep -c Lattice "$data"): $(number errors.json '"force":{"mae":[^,]*,"rmse":') eV/A RMSE"
  for seed in ${SEEDS:-1 2 3 4 5}; do
    head -n "$(($(head -n 1 "$data") + 2))" "$data" >one.extxyz
    mtp select all.almtp "$data" -o pilot.extxyz --method random --max 20 --seed "$seed" >/dev/null
    train pilot.extxyz pilot.almtp
    for size in ${SIZES:-50 100 200}; do
      more=$((size - 20))
      for method in random 'maxvol --fill --mode neighbourhood' 'maxvol --fill --mode energy' \
        'maxvol --fill --mode forces' range energy force site-energy; do
        # shellcheck disable=SC2086 # words
        select_from pilot.almtp "$data" pilot.extxyz --method $method --max $more --seed "$seed" >more.extxyz
        cat pilot.extxyz more.extxyz >set.extxyz
        train set.extxyz trained.almtp
        mtp errors trained.almtp "$test" --json | sed 's/,"groups".*//' >errors.json
        echo "$method|$size|$(grep -c Lattice set.extxyz)|$(number errors.json '"energy_per_atom":{"mae":[^,]*,"rmse":')|$(
          number errors.json '"force":{"mae":[^,]*,"rmse":')|$(number errors.json '"force":{[^}]*"max":')" >>results
      done
    done
  done
  # mean over the seeds, and the spread of one
  sed 's/ --fill --mode/ of/' results | awk -F'|' '
    { key = $1 "|" $2; n[key]++; held[key] += $3; e[key] += $4; f[key] += $5; ff[key] += $5 * $5; m[key] += $6
      if (!(key in seen)) { seen[key]; order[++count] = key } }
    END { for (k = 1; k <= count; k++) { key = order[k]; c = n[key]; mean = f[key] / c
            printf "%-26s %5.0f in all: %.2f meV/atom, forces %.4f +- %.4f eV/A, largest %.2f\n", key, held[key] / c, 1000 * e[key] / c, mean,
              sqrt(ff[key] / c - mean * mean > 0 ? ff[key] / c - mean * mean : 0), m[key] / c } }'
done
