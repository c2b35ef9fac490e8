# SPDX-License-Identifier: GPL-2.0-or-later
# The same learning run through every way to one engine, ASE's EMT and the plugin of the example: a fresh process for each
# call, a client that stays up, one and three calls at a time, one rank and two. What is learned is the same.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
python=/usr/bin/python3
$python -c 'import ase.calculators.socketio' 2>/dev/null || skip ASE
crystal -var cells 1
untrained 6 Al
cat >client.py <<'END'
import sys
from ase.calculators.emt import EMT
from ase.calculators.socketio import SocketClient
from ase.io import read

atoms = read('in.extxyz')
atoms.calc = EMT()
SocketClient(unixsocket=sys.argv[1]).run(atoms, use_stress=True)
END
echo 'from ase.calculators.emt import EMT; calc = EMT()' >emt.py
wrapper=$SOURCE_DIR/examples/qm-wrappers/ase_calc.py
labels() { grep -c Lattice "$1"; }

# learn NAME RANKS DRIVER
learn() {
  rm -rf train.extxyz learned.almtp events.jsonl qm
  run "$2" "$1.log" in.learn -var steps 40 -var keywords "select 2.0 break 4.0 refit linear" -var driver "'$3'"
  [ "$(value "$1.log" configurations)" -eq "$(labels train.extxyz)" ] || die "$1: the training file and its count differ"
  absent train.extxyz.calls
  cp train.extxyz "$1.extxyz"
}
# same_learning A B: as many labels, and nearly the same energy at the end
same_learning() {
  [ "$(labels "$1.extxyz")" -eq "$(labels "$2.extxyz")" ] ||
    die "$1 has $(labels "$1.extxyz") labels, $2 $(labels "$2.extxyz")"
  close "$(value "$1.log" energy)" "$(value "$2.log" energy)" 1e-5
}
learn exec 1 "exec $wrapper emt.py"
[ "$(labels exec.extxyz)" -gt 5 ] || die 'nothing was learned after the warm-up'
learn exec3 2 "exec $wrapper emt.py workers=3"
same_learning exec exec3
learn ipi 2 "ipi unix:mtp-$$ $python client.py mtp-$$"
same_learning exec ipi
learn ipi2 1 "ipi unix:mtp-$$ $python client.py mtp-$$ workers=2"
same_learning exec ipi2
[ ! -e /tmp/ipi_mtp-$$ ] || die 'the socket is left behind'

command -v cc >/dev/null || exit 0
cc -std=c11 -O2 -fPIC -shared -I "$SOURCE_DIR/lib/include" "$SOURCE_DIR/examples/qm-plugin/morse.c" -o morse.so -lm
learn plugin 1 'plugin ./morse.so 0.27 1.2 2.9 5.0'
learn plugin2 2 'plugin ./morse.so 0.27 1.2 2.9 5.0 workers=2'
same_learning plugin plugin2
