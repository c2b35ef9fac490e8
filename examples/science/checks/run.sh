#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# One melt of aluminium, learned by four rules of when to ask: D-optimality (the default), FLARE's (the standard deviation of a
# force above the noise), a limit of the expected error, and true errors every N steps. Run by ../run.sh in an empty folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../_lib.sh"
steps=15000
[ $quick = no ] || steps=500
cp "$here/reference.lmp" "$here/in.reference" .

say 'frames by the reference, never learned'
for state in 'crystal 600 300' 'liquid 3000 1600'; do
  set -- $state
  [ ! -s "$1.extxyz" ] || continue
  lmp -log log.$1 -screen none -in in.reference -var name "$1" -var start "$2" -var end "$3"
  mtp convert "$1.dump" "$1.frames.extxyz"
  mtp label "$1.frames.extxyz" -o "$1.part.extxyz" --qm 'lammps reference.lmp'
  mv "$1.part.extxyz" "$1.extxyz"
done

# learn NAME TITLE OPTIONS
learn() {
  say "$2: ${3:-defaults}"
  rm -f $1.extxyz $1.extxyz.* $1.almtp $1.jsonl
  mtp init --force --level 12 --species Al --cutoff 5.6 -o untrained.almtp
  lmp -in "$here/in.learn" -log log.$1 -screen none -var name $1 -var options "$3" -var steps $steps
  labels=$(grep -c '"event":"label"' $1.jsonl)
  # calls of the run: checks, and labels but for those of a check; not the warm-up and what is bought with it
  run=$(sed -n 's/.*"event":"\(label\|check\)".*"step":\([1-9][0-9]*\).*/\1 \2/p' $1.jsonl |
    awk '{ seen[$1, $2]++; n += $1 == "check" || !(("check", $2) in seen) } END { print n + 0 }')
  for state in crystal liquid; do mtp errors $1.almtp $state.extxyz --json >$1.$state.json; done
  result "$2: labels" "$4" "$labels"
  result "$2: steps without QM, %" "$5" "$(awk -v n="$run" -v s=$steps 'BEGIN { printf "%.2f\n", 100 * (1 - n / s) }')"
  result "$2: force RMSE, crystal, eV/A" "$6" "$(value $1.crystal.json force rmse)"
  result "$2: force RMSE, liquid, eV/A" "$7" "$(value $1.liquid.json force rmse)"
}
learn maxvol 'D-optimality' '' - - - -
learn flare "FLARE's rule" 'query bayes' 45 - 0.014 0.036
learn error 'expected error above 0.05 eV/A' 'query bayes 0.05' - 99 - -
learn checks 'true errors every 100 steps, above 0.05 eV/A' 'select 1e9 break 1e9 check 100 0.05' - - - -
