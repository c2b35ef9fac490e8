#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Molten salt at 1400 K: which frames of a trajectory make a training set? Potentials of frames that were chosen by lot, by
# energies, forces, site energies, maxvol and Bayesian regression: errors, and the melt that they make. Run by ../run.sh
# in an empty folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../_lib.sh"
salt=$here/../../nacl
sizes='8 24' cells=3 steps=6000 every=6 level=12
methods='random energy force site-energy maxvol bayes'
[ $quick = no ] || sizes=8 cells=2 steps=1000 every=25 level=8
cp "$salt/reference.lmp" "$salt/born.lmp" .
qm='lammps reference.lmp maxforce=1000'

if [ ! -s melt.data ]; then
  say 'the melt, by the reference'
  lmp -in "$here/in.reference" -log log.reference -screen none -var salt "$salt" -var cells $cells -var steps $steps -var every $every
fi
for set in candidates test; do
  [ ! -e $set.done ] || continue
  say "labels: $set"
  mtp label $set.dump -o $set.extxyz --species Na,Cl --qm "$qm"
  touch $set.done
done

if [ ! -s first.almtp ]; then
  say 'a first potential, of 8 frames by lot: what grades and predicts for the selection'
  mtp init --force --level $level --species Na,Cl --cutoff 6 -o untrained.almtp
  mtp select untrained.almtp candidates.extxyz -o first.extxyz --method random --max 8 --seed 1
  mtp train untrained.almtp first.extxyz -o first.part.almtp
  mv first.part.almtp first.almtp
fi

for size in $sizes; do
  for method in $methods; do
    name=$method.$size
    if [ ! -s $name.almtp ]; then
      say "$name"
      fill=
      [ $method != maxvol ] || fill=--fill
      mtp select first.almtp candidates.extxyz -o $name.extxyz --method $method --max $size $fill
      mtp train untrained.almtp $name.extxyz -o $name.part.almtp >$name.train 2>&1 || { cat $name.train && exit 1; }
      mv $name.part.almtp $name.almtp
    fi
    mtp errors $name.almtp test.extxyz --json >$name.json
    safe=$name.safe
    if [ ! -s $safe.done ]; then
      rm -f $safe.*
      cp $name.extxyz $safe.extxyz
      cp $name.almtp $safe.almtp
      lmp -in "$here/in.wall" -log log.$safe -screen none -var name $safe
      grep -c '"event":"label"' $safe.jsonl >$safe.done
    fi
    mtp errors $safe.almtp test.extxyz --json >$safe.json
    # a potential that fails tells so by the time until then
    for model in $name $safe; do
      [ -s $model.rdf ] || lmp -in "$here/in.model" -log log.model.$model -screen none -var name $model -var steps $steps ||
        tail -n 1 log.model.$model
    done
  done
done

# false_peak NAME: largest g(r) of any two species where the reference had no pair in as many steps.
false_peak() {
  awk '/^#/ || NF < 8 { next }
    FNR == NR { for (k = 3; k <= 7; k += 2) if ($k > 0 && !(k in first)) first[k] = $2; next }
    { for (k = 3; k <= 7; k += 2) if ($2 < first[k] && $k > m) m = $k }
    END { printf "%.2g\n", m }' reference.rdf "$1.rdf"
}
# melt NAME: largest difference of g(r), and the largest value where the reference has none; or when it failed.
melt() {
  if grep -q '^Total wall time' log.model.$1; then
    echo "$(for k in 3 5 7; do off_by reference.rdf $1.rdf $k; done | sort -g | tail -n 1), $(false_peak $1)"
  else
    awk '/^ *[0-9]+ +[0-9.e+-]+ / { t = $1 * 2e-3 } END { print "lost after " t " ps" }' log.model.$1
  fi
}
for size in $sizes; do
  for method in $methods; do
    name=$method.$size
    result "$size by $method: force MAE, RMSE, largest error, eV/A" - \
      "$(for key in mae rmse max; do value $name.json force $key; done | paste -s -d ' ')"
    # what no label says of closer atoms mtp train tells
    warned=$(grep -q 'nothing mends it' $name.train && echo ' (holes were told)' || true)
    result "$size by $method: g(r) off by, of pairs where the reference has none" - "$(melt $name)$warned"
    result "$size by $method and $(cat $name.safe.done) labels of pairs pushed together: largest error; g(r)" - \
      "$(value $name.safe.json force max); $(melt $name.safe)"
  done
done
for method in $methods; do # for the picture: method, then MAE, RMSE and largest error of each size
  printf '%s' "$method"
  for size in $sizes; do
    for key in mae rmse max; do printf ' %s' "$(value $method.$size.json force $key)"; done
  done
  echo
done >errors
cat errors
[ $quick = yes ] || picture "$here/plot.gp"
