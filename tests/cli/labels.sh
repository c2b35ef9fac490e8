# SPDX-License-Identifier: GPL-2.0-or-later
# Labels in files of other programs: their keys can be chosen, what is not read is named, and a free energy goes first.
. "$SOURCE_DIR/tests/cli/_lib.sh"

make_potential pot.almtp
mtp eval pot.almtp clusters.extxyz -o usual.extxyz
mtp errors pot.almtp usual.extxyz --json >want.json
sed 's/ energy=/ REF_energy=/; s/:forces:/:REF_forces:/; s/ virial=/ REF_virial=/' usual.extxyz >other.extxyz
keys=energy=REF_energy,forces=REF_forces,virial=REF_virial
mtp errors pot.almtp other.extxyz --json --keys $keys >got.json 2>got.err
same want.json got.json
[ ! -s got.err ] || die "$(cat got.err)"
mtp convert other.extxyz back.extxyz --keys $keys
same usual.extxyz back.extxyz

# nobody is left to wonder where the labels are
mtp errors pot.almtp other.extxyz >out.txt 2>err.txt && die 'no labels, but no error'
contains err.txt "look like labels, but are not read: REF_forces, REF_energy, REF_virial; to read them: --keys $keys (mtp convert, for a deck)\$"
contains err.txt 'no configuration has energy, forces or virial'
refuse 1 'other.extxyz: no configuration has what was asked for as labels: REF' mtp errors pot.almtp other.extxyz --keys energy=REF
refuse 2 'energy=, forces=, virial= or stress=' mtp errors pot.almtp other.extxyz --keys pressure=REF
refuse 2 'energy is given twice' mtp errors pot.almtp other.extxyz --keys energy=a,energy=b
for command in train errors eval grade convert label info report; do
  mtp $command --help | grep -q -e '--keys' || die "mtp $command has no --keys"
done
mtp train start.mtp other.extxyz -o a.almtp --linear --keys $keys >a.txt
mtp train start.mtp usual.extxyz -o b.almtp --linear >b.txt
mtp train start.mtp usual.extxyz -o b.mtp --linear >b.txt
same a.almtp b.almtp
mtp info other.extxyz --keys $keys >info.txt
contains info.txt 'energ'

# the forces of a smeared calculation are the gradient of the free energy
awk 'match($0, / energy=[^ ]*/) { e = substr($0, RSTART + 8, RLENGTH - 8)
       sub(/ energy=[^ ]*/, sprintf(" energy=%.17g free_energy=%s", e + 0.25, e)) }
     { print }' usual.extxyz >smeared.extxyz
mtp train start.mtp smeared.extxyz -o c.mtp --linear >c.txt 2>c.err
same b.mtp c.mtp
contains c.err 'smeared.extxyz:2: free_energy= is taken for the energy'
[ "$(wc -l <c.err)" -eq 1 ] || die "$(cat c.err)"
mtp errors pot.almtp smeared.extxyz --json --keys energy=energy >shifted.json 2>shifted.err
below 0.04 "$(member shifted.json '"energy_per_atom":{"mae":')"
mtp convert smeared.extxyz kept.extxyz 2>kept.err
contains kept.extxyz 'unused_energy='
