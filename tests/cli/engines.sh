# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# Real engines that are always tested: pw.x by `qe`, by `exec` and by `ipi` gives the same label at the same settings; so does ASE's EMT by `exec` and by `ipi`, over a unix socket and over loopback, with its own i-PI client.
. "$SOURCE_DIR/tests/cli/_lib.sh"
python=/usr/bin/python3
$python -c 'import ase.calculators.socketio' 2>/dev/null || skip ASE
wrapper=$SOURCE_DIR/examples/qm-wrappers/ase_calc.py
crystals 3 5 0.2 >in.extxyz
# crystals of the same cell, for clients whose basis does not follow it
awk 'NR == 2 { cell = $0 } NR % 6 == 2 { $0 = cell } { print }' in.extxyz >fixed.extxyz

# alike A B ENERGY FORCE: every energy within ENERGY eV, every force within FORCE eV/A, every virial within 30 times that
alike() {
  for file in "$1" "$2"; do
    awk 'NR % 6 == 2 { match($0, /energy=[^ ]*/); print "e", substr($0, RSTART + 7, RLENGTH - 7)
                       match($0, /virial="[^"]*/); n = split(substr($0, RSTART + 8, RLENGTH - 8), v, " ")
                       for (k = 1; k <= n; k++) print "v", v[k] }
         NR % 6 == 3 || NR % 6 == 4 || NR % 6 == 5 || NR % 6 == 0 { print "f", $5; print "f", $6; print "f", $7 }' \
      "$file" >"$file.numbers"
  done
  paste "$1.numbers" "$2.numbers" | awk -v e="$3" -v f="$4" '
    { d = $2 - $4; if (d < 0) d = -d; if (d > worst[$1]) worst[$1] = d; n++ }
    END { if (n != 3 * 22 || worst["e"] > e || worst["f"] > f || worst["v"] > 30 * f) {
            print n, "numbers, off by", worst["e"], "eV", worst["f"], "eV/A", worst["v"], "eV"; exit 1 } }' ||
    die "$1 and $2 differ"
}

cat >client.py <<'END'
import sys
from ase.calculators.emt import EMT
from ase.calculators.socketio import SocketClient
from ase.io import read

atoms = read('in.extxyz')
atoms.calc = EMT()
kind, where = sys.argv[1:]
client = SocketClient(unixsocket=where) if kind == 'unix' else SocketClient(host='localhost', port=int(where))
client.run(atoms, use_stress=True)
END
echo 'from ase.calculators.emt import EMT; calc = EMT()' >emt.py
port=$((20000 + $$ % 10000)) # below those that the kernel hands out
mtp label in.extxyz -o emt.extxyz --qm "exec $wrapper emt.py workers=2" >label.txt
mtp label in.extxyz -o unix.extxyz --qm "ipi unix:mtp-$$ $python client.py unix mtp-$$" >label.txt
mtp label in.extxyz -o inet.extxyz --qm "ipi localhost:$port $python client.py inet $port workers=2" >label.txt
for way in unix inet; do alike emt.extxyz $way.extxyz 1e-6 1e-6; done
[ ! -e /tmp/ipi_mtp-$$ ] || die 'the socket is left behind'
mtp label in.extxyz --check --qm "ipi unix:mtp-$$ $python client.py unix mtp-$$" >check.txt
contains check.txt ': good$'

# pw.x
command -v pw.x >/dev/null && [ -r /usr/share/espresso/pseudo/Al.pz-vbc.UPF ] || exit 0
cat >al.in <<'END'
&control
  calculation = 'scf'
  pseudo_dir = '/usr/share/espresso/pseudo'
/
&system
  ntyp = 1
  nosym = .true.
  ecutwfc = 12
  ecutrho = 48
  occupations = 'smearing'
  smearing = 'mv'
  degauss = 0.02
/
&electrons
  conv_thr = 1.0d-11
  mixing_beta = 0.5
/
ATOMIC_SPECIES
Al 26.98 Al.pz-vbc.UPF
K_POINTS automatic
2 2 2 0 0 0
END
# a user's own way: the input by hand, the numbers from the text that pw.x prints
cat >pw.sh <<END
{
  sed 's/ntyp = 1/ntyp = 1, nat = 4, ibrav = 0/; s/calculation.*/&, tstress = .true., tprnfor = .true./' $PWD/al.in
  awk 'NR == 2 { match(\$0, /Lattice="[^"]*/); split(substr(\$0, RSTART + 9, RLENGTH - 9), c, " ")
                 print "CELL_PARAMETERS angstrom"; for (k = 0; k < 3; k++) print c[3*k+1], c[3*k+2], c[3*k+3]
                 print "ATOMIC_POSITIONS angstrom" }
       NR > 2 { print }' in.extxyz
} >pw.in
pw.x -in pw.in >pw.out || exit 1
awk '
  BEGIN { rydberg = 27.211386245988 / 2; bohr = 0.529177210903 }
  /unit-cell volume/ { volume = \$4 }
  /^!/ { energy = \$5 * rydberg }
  / force = / && \$1 == "atom" { n = \$2; for (k = 7; k <= 9; k++) force[n] = force[n] " " \$k * rydberg / bohr }
  rows > 0 { rows--; for (k = 1; k <= 3; k++) virial = virial " " \$k * volume * rydberg }
  /total   stress/ { rows = 3 }
  FILENAME == "in.extxyz" && FNR == 1 { print }
  FILENAME == "in.extxyz" && FNR == 2 {
    sub(/Properties=[^ ]*/, "Properties=species:S:1:pos:R:3:forces:R:3")
    printf "%s energy=%.12f virial=\"%s\"\n", \$0, energy, virial }
  FILENAME == "in.extxyz" && FNR > 2 { print \$0 force[FNR - 2] }' pw.out in.extxyz >out.extxyz
END
mtp label fixed.extxyz -o qe.extxyz --qm "qe al.in workers=2" >label.txt
mtp label fixed.extxyz -o exec.extxyz --qm "exec sh $PWD/pw.sh workers=2" >label.txt
mtp label fixed.extxyz -o ipi.extxyz --qm "ipi unix:mtp-$$ pw.x -in al.in --ipi mtp-$$:UNIX keep=all" >label.txt
[ "$(ls qm | wc -l)" -eq 1 ] || die 'pw.x was started again for the same cell'
for way in exec ipi; do alike qe.extxyz $way.extxyz 1e-6 1e-4; done

# other cells: pw.x is started again, with a notice, and the labels are those of single points
rm -rf qm
mtp label in.extxyz -o cells.qe.extxyz --qm "qe al.in workers=2" >label.txt
mtp label in.extxyz -o cells.ipi.extxyz --qm "ipi unix:mtp-$$ pw.x -in al.in --ipi mtp-$$:UNIX" >label.txt 2>label.err
alike cells.qe.extxyz cells.ipi.extxyz 1e-6 1e-4
contains label.err "client's basis belongs to the cell"

# what did not converge is no label, by any way
sed 's/conv_thr.*/&\n  electron_maxstep = 2/' al.in >short.in
for driver in 'qe short.in' "ipi unix:mtp-$$ pw.x -in short.in --ipi mtp-$$:UNIX"; do
  status=0
  mtp label fixed.extxyz -o short.extxyz --json --qm "$driver retries=0" >short.json 2>short.err || status=$?
  [ $status -eq 1 ] || die "$driver: status $status without convergence"
  contains short.json '"labelled":0,.*"failed":\[{"index":1,"status":"not converged"'
  absent short.extxyz
done
# a ladder: more steps at the second try
mtp label fixed.extxyz -o ladder.extxyz --qm "qe short.in ladder=al.in" >label.txt 2>label.err
alike qe.extxyz ladder.extxyz 1e-6 1e-4
