#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Silver and palladium, learned in melts and deformed crystals of 32 atoms: phonons of both and of an ordered alloy, and
# mixing enthalpies by Monte Carlo, beside the reference's. Run by ../run.sh in an empty folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../_lib.sh"
level=16 melt=5000 deform=2500 cells=3 steps=5000 temperatures=800 crystals='Ag Pd AgPd'
[ $quick = no ] || level=8 melt=500 deform=300 cells=2 steps=500 temperatures=800 crystals='Pd AgPd'
"$python" -c 'import ase' 2>/dev/null || { echo "skipped: $python has no ase" && exit 77; }
cp "$here/reference.lmp" .
printf 'pair_style mtp\npair_coeff * * learned.almtp Ag Pd\n' >learned.lmp

if [ ! -e learned.done ]; then
  say 'learning: melts and deformed crystals'
  rm -f learned.extxyz* learned.jsonl learned.almtp
  mtp init --force --level $level --species Ag,Pd --cutoff 6 -o untrained.almtp
  lmp -in "$here/in.learn" -log log.learn -screen none -var melt $melt -var deform $deform
  touch learned.done
fi
result labels - "$(grep -c '"event":"label"' learned.jsonl)"

phonons() { "$python" "$here/phonons.py" "$@"; }
for crystal in $crystals; do
  [ $crystal = AgPd ] && n=4 || n=6
  say "$crystal: phonons"
  phonons crystal $crystal $crystal.extxyz
  mtp convert $crystal.extxyz $crystal.data --species Ag,Pd
  for name in reference learned; do
    lmp -in "$here/in.relax" -log log.relax -screen none -var potential $name.lmp -var crystal $crystal \
      -var out $name.$crystal.data
    sed -n 's/^crystal //p' log.relax >$name.$crystal.crystal
    mtp convert $name.$crystal.data $name.$crystal.extxyz --species Ag,Pd
    phonons displace $name.$crystal.extxyz $n $name.$crystal.moved.extxyz
  done
  rm -f reference.$crystal.forces.extxyz
  mtp label reference.$crystal.moved.extxyz -o reference.$crystal.forces.extxyz --species Ag,Pd --qm 'lammps reference.lmp'
  mtp eval learned.almtp learned.$crystal.moved.extxyz -o learned.$crystal.forces.extxyz
  for name in reference learned; do
    phonons bands $name.$crystal.extxyz $n $name.$crystal.forces.extxyz $name.$crystal.bands
  done
  set -- $(cat reference.$crystal.crystal learned.$crystal.crystal)
  result "$crystal: energy, eV/atom (the reference potential)" "$1" "$3"
  result "$crystal: volume, A^3/atom (the reference potential)" "$2" "$4"
  set -- $(phonons compare learned.$crystal.bands reference.$crystal.bands)
  result "$crystal: phonon frequencies, RMS difference, %" 2 "$1"
  result "$crystal: phonon frequencies, largest difference, %" 2 "$2"
done

for hot in $temperatures; do
  for name in reference learned; do
    [ ! -s $name.$hot.mix ] || continue
    say "$name: alloys at $hot K"
    lmp -in "$here/in.mix" -log log.mix.$name.$hot -screen none -var potential $name.lmp -var cells $cells -var hot "$hot" \
      -var steps $steps -var seed 4711
    # composition, enthalpy of mixing and its error (meV/atom), unlike neighbours: the first and the last are pure
    sed -n 's/^mix //p' log.mix.$name.$hot | while read -r x h v unlike; do
      sed '/^#/d' "$name.lmp.$x.blocks" >blocks
      echo "$x $h $(mean blocks 2 | cut -d ' ' -f 2) $unlike"
    done >$name.pure
    awk '{ x[NR] = $1; h[NR] = $2; e[NR] = $3; u[NR] = $4 }
      END { for (k = 1; k <= NR; k++) {
        d = 1000 * (h[k] - (1 - x[k]) * h[1] - x[k] * h[NR])
        s = k == 1 || k == NR ? 0 : 1000 * sqrt(e[k] ^ 2 + ((1 - x[k]) * e[1]) ^ 2 + (x[k] * e[NR]) ^ 2)
        printf "%s %.2f %.2f %s\n", x[k], d, s, u[k] } }' $name.pure >$name.$hot.mix
  done
  paste -d ' ' reference.$hot.mix learned.$hot.mix >mix
  while read -r x h e u x2 h2 e2 u2; do
    case $x in 0.0 | 1.0) continue ;; esac
    result "Pd $x, $hot K: enthalpy of mixing, meV/atom (the reference potential)" "$h" "$h2"
    result "Pd $x, $hot K: difference over its statistical error ($e and $e2)" - "$(apart "$h $e" "$h2 $e2")"
    result "Pd $x, $hot K: neighbours of Pd that are Ag (the reference potential)" "$u" "$u2"
  done <mix
done
[ $quick = yes ] || picture "$here/plot.gp"
