#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A vacancy in aluminium, learned in 31 atoms: its formation energy, the barrier of its jump, and how fast it diffuses,
# beside the reference's. Run by ../run.sh in an empty folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../_lib.sh"
hot=600 learn=30000 cells=3 images=5 temperatures='500 600' steps=100000
[ $quick = no ] || learn=2000 images=3 temperatures=600 steps=5000
cp "$here/reference.lmp" .
printf 'pair_style mtp\npair_coeff * * learned.almtp Al\n' >learned.lmp

if [ ! -e learned.done ]; then
  say "learning: 31 atoms, $hot K"
  rm -f learned.extxyz* learned.jsonl learned.almtp
  mtp init --force --level 12 --species Al --cutoff 6 -o untrained.almtp
  lmp -in "$here/in.learn" -log log.learn -screen none -var hot $hot -var steps $learn
  touch learned.done
fi
result 'labels' - "$(grep -c '"event":"label"' learned.jsonl)"

of() { awk -v key="$2" '$1 == key { print $2 }' "$1.properties"; }
# compare QUANTITY KEY: the learned potential beside the reference.
compare() { result "$1 (the reference potential)" "$(of reference "$2")" "$(of learned "$2")"; }

for name in reference learned; do
  say "$name: crystal, barrier"
  lmp -in "$here/in.crystal" -log log.crystal.$name -screen none -var potential $name.lmp -var cells $cells
  sed -n 's/^property //p' log.crystal.$name >$name.properties
  printf '1\n2 0.0 0.0 0.0\n' >final.neb
  "$MPIEXEC" -n $images lmp -partition ${images}x1 -in "$here/in.neb" -log log.neb.$name -plog none -pscreen none -screen none \
    -var potential $name.lmp -var a "$(of $name a)" -var cells $cells -var final final.neb
  # the last line of the band: reaction coordinates and energies of the images
  awk '/EBF/ { for (k = 1; k <= NF; k++) if ($k == "RD1") at = k; next }
    $1 ~ /^[0-9]+$/ && NF > 9 { line = $0 }
    END { n = split(line, v); for (k = at; k < n; k += 2) print v[k], v[k + 1] - v[at + 1] }' log.neb.$name >$name.band
  echo "Em $(awk '$2 > e { e = $2 } END { print e }' $name.band)" >>$name.properties

  for t in $temperatures; do
    [ ! -s $name.$t.hops ] || continue
    say "$name: jumps at $t K"
    rm -f $name.$t.part
    lmp -in "$here/in.jumps" -log log.jumps.$name.$t -screen none -var potential $name.lmp -var a "$(of $name a)" \
      -var cells $cells -var hot "$t" -var steps $steps -var seed 4711 -var hops $name.$t.part
    mv $name.$t.part $name.$t.hops
  done
done
compare 'lattice constant, A' a
compare 'formation energy, eV' Ev
compare 'barrier of the jump, eV' Em

# A jump moves the vacancy by a/sqrt(2), so D = jumps d^2 / (6 t); jumps are rare and independent, so that the square root
# of their number is their error.
for name in reference learned; do
  for t in $temperatures; do
    jumps=$(awk '/NUMBER OF ATOMS/ { getline; n += $1 } END { print n + 0 }' $name.$t.hops)
    awk -v t="$t" -v n="$jumps" -v a="$(of $name a)" -v ns="$(awk -v s=$steps 'BEGIN { print s * 2e-6 }')" \
      'BEGIN { d = a * a / 2 / 6 / ns; print t, n * d, sqrt(n > 0 ? n : 1) * d, n }'
  done >$name.diffusion
done
paste -d ' ' reference.diffusion learned.diffusion >diffusion
while read -r t d error n t2 d2 error2 n2; do
  result "D of the vacancy at $t K, A^2/ns (the reference potential)" "$d" "$d2"
  result "D at $t K: difference over its statistical error ($n and $n2 jumps)" - "$(apart "$d $error" "$d2 $error2")"
done <diffusion
[ $quick = yes ] || picture "$here/plot.gp"
