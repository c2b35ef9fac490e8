# SPDX-License-Identifier: GPL-2.0-or-later
# Published potentials have their published errors (Zuo et al., J. Phys. Chem. A 124, 731 (2020)), recomputed.
. "$SOURCE_DIR/tests/cli/_lib.sh"
[ -d "${MTP_SHARED:-/nonexistent}/potentials" ] || skip 'published potentials beside the repository'

check() { # ELEMENT ENERGY FORCE: MAE in meV/atom and eV/A
  mtp errors "$MTP_SHARED/potentials/$1.zuo2020.mtp" "$1.extxyz" --json >errors.json
  awk -v e="$(member errors.json '"energy_per_atom":{"mae":')" -v f="$(member errors.json '"force":{"mae":')" \
      -v e0="$2" -v f0="$3" 'function off(a, b) { return a > b ? a - b : b - a }
      BEGIN { exit !(off(1000 * e, e0) < 0.0006 && off(f, f0) < 0.00006) }' || die "$1: $(cat errors.json)"
}

for case in 'Ni 0.482 0.0140' 'Cu 0.411 0.0069'; do
  set -- $case
  # the potentials have no names: species numbers
  mtp convert "$MTP_SHARED/data/mlearn/$1.test.extxyz" numbered.cfg --species "$1"
  cp numbered.cfg "$1.extxyz"
  check "$@"
done

# the same with stamped names and the data as it is
mtp convert "$MTP_SHARED/potentials/Ni.zuo2020.mtp" Ni.almtp --species Ni
mtp errors Ni.almtp "$MTP_SHARED/data/mlearn/Ni.test.extxyz" --json >named.json
mtp errors "$MTP_SHARED/potentials/Ni.zuo2020.mtp" Ni.extxyz --json >numbered.json
contains named.json '"species":{"Ni":'
contains numbered.json '"species":{"0":'
for file in named numbered; do sed 's/,"species":.*//' $file.json >$file.txt; done
same named.txt numbered.txt
