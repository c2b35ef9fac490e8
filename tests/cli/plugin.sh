# SPDX-License-Identifier: GPL-2.0-or-later
# The driver `plugin` with the example's library, and what `mtp label --check` says of one that makes mistakes.
. "$SOURCE_DIR/tests/cli/_lib.sh"
command -v cc >/dev/null || skip cc
build() {
  cc -std=c11 -O1 -fPIC -shared -Wall -Wextra -Wpedantic -Werror -D_GNU_SOURCE -I "$SOURCE_DIR/lib/include" "$@" -lm
}
build "$SOURCE_DIR/examples/qm-plugin/morse.c" -o morse.so
build "$SOURCE_DIR/tests/cli/wrong_plugin.c" -o wrong.so
build -D WRONG_VERSION=99 "$SOURCE_DIR/tests/cli/wrong_plugin.c" -o other_version.so
echo 'int nothing(void); int nothing(void) { return 0; }' >empty.c
build empty.c -o empty.so
crystals 3 5 0.1 >in.extxyz
numbers='0.27 1.2 2.9 5.0'

mtp label in.extxyz --check --qm "plugin ./morse.so $numbers" >check.txt
contains check.txt '26 calls.*: good$'
mtp label in.extxyz --check --json --qm "plugin ./morse.so $numbers workers=2" >check.json
below "$(member check.json '"force_max_deviation":')" 1e-3
below "$(member check.json '"stress_max_deviation":')" 1e-2
contains check.json '"ok":true,"calls":26,.*"problems":\[\]'
mtp label in.extxyz -o out.extxyz --qm "plugin ./morse.so $numbers workers=3" >label.txt
contains label.txt '^3 labelled, 0 failed'
mtp label in.extxyz -o one.extxyz --qm "plugin ./morse.so $numbers" >label.txt
same out.extxyz one.extxyz

# mistake NAME PATTERN
mistake() {
  status=0
  mtp label in.extxyz --check --qm "plugin ./wrong.so $1 $numbers retries=0" >wrong.txt 2>wrong.err || status=$?
  [ $status -eq 1 ] || die "$1 is not found: $(cat wrong.txt)"
  grep -q -e "$2" wrong.err || die "$1: '$(cat wrong.err)' does not match '$2'"
}
mistake force_sign 'sign is reversed (gradients'
mistake force_unit 'forces .*Hartree/bohr'
mistake energy_unit 'the energy is in Hartree'
mistake virial_sign 'virial.*the sign is reversed'
mistake kbar 'virial.*it is a stress in kbar'
mistake voigt 'components xy, xz, yz of the virial are in another order'
# of a crystal under pressure, beside which shear is small
cp in.extxyz loose.extxyz
awk 'BEGIN { f = 0.9 } NR % 6 == 2 { split($0, q, "\""); n = split(q[2], c, " "); s = ""
       for (i = 1; i <= n; i++) s = s " " f * c[i]
       sub(/"[^"]*"/, "\"" substr(s, 2) "\""); print; next }
     NF == 4 { print $1, f * $2, f * $3, f * $4; next } { print }' loose.extxyz >in.extxyz
mistake half_shear 'are 0.5 times.*only one is filled'
mistake double_shear 'are 2 times.*engineering strains'
mistake minus_shear 'are -1 times.*sign is reversed'
mistake no_shear 'xy, xz, yz of the virial are missing'
mistake half_component 'xy, xz, yz of the virial are off by'
mtp label in.extxyz --check --qm "plugin ./morse.so $numbers" >check.txt 2>&1
contains check.txt ': good$'
mv loose.extxyz in.extxyz
mistake zero 'the virial is zero'
mistake no_virial 'no stress'
mistake permuted 'forces are of other atoms: atom 2'
mistake energy 'not the gradient of the energy'
mistake cell 'moved by lattice vectors.*transposed'
mistake scf 'not converged'
[ "$(grep -c 'try 1 of 1' wrong.err)" -eq 1 ] || die "a check whose first call fails goes on: $(cat wrong.err)"
mistake per_atom 'energy is that of one atom'
mistake constant 'energy does not change when atoms are moved'
mistake basis 'though forces are right: with plane waves'
sed '4s/Al/Ni/; 6s/Al/Ni/' in.extxyz >alternating.extxyz
refuse_check() { # PATTERN FILE MISTAKE
  status=0
  mtp label "$2" --check --qm "plugin ./wrong.so $3 $numbers retries=0" >wrong.txt 2>wrong.err || status=$?
  [ $status -eq 1 ] || die "$2 with $3 passes: $(cat wrong.txt)"
  contains wrong.err "$1"
}
refuse_check 'atom 3 is given that of atom 2' alternating.extxyz grouped
awk 'NR == 1 { print 1 } NR == 2 || NR == 3' in.extxyz >single.extxyz
refuse_check 'forces are not tested' single.extxyz none

refuse 1 'cannot load ./nosuch.so' mtp label in.extxyz --check --qm 'plugin ./nosuch.so'
refuse 1 'no function mtp_qm_plugin_entry' mtp label in.extxyz --check --qm 'plugin ./empty.so'
refuse 1 'interface version 99, expected 1' mtp label in.extxyz --check --qm 'plugin ./other_version.so'
refuse 1 'morse: expected four positive numbers' mtp label in.extxyz --check --qm 'plugin ./morse.so 1 2 3'
refuse 1 'one call after the other' mtp label in.extxyz --check --qm "plugin ./wrong.so none $numbers workers=2"
refuse 1 'expected a LIBRARY' mtp label in.extxyz --check --qm plugin
refuse 2 'takes no -o' mtp label in.extxyz --check -o x.extxyz --qm "plugin ./morse.so $numbers"
