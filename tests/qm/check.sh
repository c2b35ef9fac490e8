# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 3000
# `mtp label --check` of the wrappers and drivers with every engine that is installed: forces and virial are derivatives of
# the energy. Through sockets CP2K sends results whether they are converged or not: its log decides.
. "$SOURCE_DIR/tests/cli/_lib.sh"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
cp -R "$SOURCE_DIR/examples/qm-wrappers" wrappers

cat >al.extxyz <<'END'
4
Lattice="4.05 0 0 0 4.05 0 0 0 4.05" Properties=species:S:1:pos:R:3 pbc="T T T"
Al 0 0 0
Al 0 2.025 2.025
Al 2.025 0 2.025
Al 2.025 2.025 0
END
awk 'NR == 1 { print 8 }
     NR == 2 { gsub("4.05", "5.43"); print }
     NR > 2 { for (k = 0; k < 2; k++) print "Si", $2 * 5.43 / 4.05 + 1.3575 * k, $3 * 5.43 / 4.05 + 1.3575 * k,
                                            $4 * 5.43 / 4.05 + 1.3575 * k }' al.extxyz >si.extxyz

checked=0
# check NAME PROGRAM IN DRIVER: says what was found; skipped where PROGRAM is not installed.
check() {
  command -v "$2" >/dev/null || { echo "$1: no $2 here" && return 0; }
  mtp label "$3" --check --qm "$4 timeout=600" >check.txt 2>check.err || die "$1: $(cat check.err)"
  echo "$1: $(tail -n 1 check.txt) $(cat check.err)"
  checked=$((checked + 1))
}
check 'CP2K, xTB' cp2k.psmp si.extxyz 'exec wrappers/cp2k.py wrappers/si-xtb.cp2k'
check 'CP2K, PBE' cp2k.psmp si.extxyz 'exec wrappers/cp2k.py wrappers/si-pbe.cp2k workers=2'
check ABINIT abinit al.extxyz 'exec wrappers/abinit.py wrappers/al.abi workers=2'
check GPAW gpaw al.extxyz 'exec wrappers/ase_calc.py wrappers/calc_gpaw.py workers=2'
check 'EMT of ASE' gpaw al.extxyz 'exec wrappers/ase_calc.py wrappers/calc_emt.py workers=2'
[ $checked -gt 0 ] || skip 'QM engine'

# CP2K as a client, with and without enough steps
if command -v cp2k.psmp >/dev/null; then
  name=mtp-$$
  sed 's#^&GLOBAL#\&GLOBAL\n  RUN_TYPE DRIVER#
       s#^&END FORCE_EVAL#  STRESS_TENSOR ANALYTICAL\n  \&SUBSYS\n    @INCLUDE atoms.inc\n  \&END SUBSYS\n\&END FORCE_EVAL#' \
    wrappers/si-xtb.cp2k >template
  cat >client.sh <<END
# CP2K reads species, cell and first positions from its input, here made of in.extxyz
{
  cat $PWD/template
  printf '&MOTION\n &DRIVER\n  HOST $name\n  PORT 1\n  UNIX T\n  SLEEP_TIME 0.001\n &END\n&END\n'
} >cp2k.inp
awk 'NR == 2 { match(\$0, /Lattice="[^"]*/); split(substr(\$0, RSTART + 9, RLENGTH - 9), c, " "); print "&CELL"
              for (k = 0; k < 3; k++) print substr("ABC", k + 1, 1), c[3*k+1], c[3*k+2], c[3*k+3]; print "&END\n&COORD" }
     NR > 2 { print } END { print "&END" }' in.extxyz >atoms.inc
exec cp2k.psmp -i cp2k.inp -o cp2k.log
END
  mtp label si.extxyz -o exec.extxyz --qm 'exec wrappers/cp2k.py wrappers/si-xtb.cp2k' >label.txt
  mtp label si.extxyz -o ipi.extxyz --qm "ipi unix:$name sh $PWD/client.sh timeout=300" >label.txt
  for file in exec ipi; do sed -n 's/.* energy=\([^ ]*\).*/\1/p' $file.extxyz; done | xargs |
    awk '{ d = $1 - $2; exit !(d < 1e-5 && d > -1e-5) }' || die 'CP2K as a client gives another energy'
  sed -i 's/MAX_SCF .*/MAX_SCF 2/' template
  status=0
  mtp label si.extxyz -o bad.extxyz --json --qm "ipi unix:$name sh $PWD/client.sh timeout=300 retries=0" >bad.json \
    2>bad.err || status=$?
  [ $status -eq 1 ] || die "CP2K without convergence gives a label: $(cat bad.json)"
  contains bad.json '"status":"not converged","reason":"cp2k.log: .*SCF run NOT converged'
fi
