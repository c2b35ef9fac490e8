# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# The wrappers of examples/qm-wrappers: logs that lie are refused, with or without an engine; every engine that is
# installed labels one configuration, and none when it is not given the steps to converge.
. "$SOURCE_DIR/tests/cli/_lib.sh"
[ -x /usr/bin/python3 ] || skip /usr/bin/python3
cp -R "$SOURCE_DIR/examples/qm-wrappers" wrappers
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

cat >al.extxyz <<'END'
4
Lattice="4.05 0 0 0.05 4.05 0 0.1 -0.07 4.0905" Properties=species:S:1:pos:R:3 pbc="T T T"
Al -0.04000129 0.03262209 0.03460537
Al 0.15172281 1.96264347 2.03652321
Al 2.10834425 0.00338314 1.99289451
Al 1.97251286 2.07021237 -0.073407
END
cat >si.extxyz <<'END'
8
Lattice="5.43 0 0 0.05 5.43 0 0.1 -0.07 5.4843" Properties=species:S:1:pos:R:3 pbc="T T T"
Si -0.03000097 0.02446657 0.02595403
Si 0.13254211 2.65948260 2.73560491
Si 2.79000819 -0.00621264 2.70288338
Si 2.68188465 2.74890928 -0.05505525
Si 1.40669191 1.30948367 1.37785037
Si 1.47182630 4.00769405 4.07513899
Si 4.17751486 1.33098530 4.08981807
Si 4.19157744 4.09514389 1.35788604
END

# label IN OUT COMMAND
label() {
  mtp label "$1" -o "$2" --qm "exec $3 retries=0" >label.txt 2>label.err || die "$3: $(cat label.err)"
  [ ! -s label.err ] || die "$3: $(cat label.err)"
}

# refused IN PATTERN COMMAND: no label, and one line that says why
refused() {
  status=0
  mtp label "$1" -o refused.extxyz --qm "exec $3 retries=0" >refused.txt 2>refused.err || status=$?
  [ "$status" -eq 1 ] || die "$3: status $status instead of 1: $(cat refused.err)"
  [ "$(grep -vc ': warning: ' refused.err)" -eq 1 ] || die "$3: not one line for one failure: $(cat refused.err)"
  grep -v ': warning: ' refused.err | grep -q -e "$2" || die "$3: '$(cat refused.err)' does not match '$2'"
  absent refused.extxyz
}

# near NAME VALUES TOLERANCE EXPECTED...: as many numbers, each within the tolerance
near() {
  name=$1 values=$2 tolerance=$3
  shift 3
  echo "$values" "$*" | awk -v t="$tolerance" '{
    for (i = 1; i <= NF / 2; i++) { d = $i - $(i + NF / 2); if (!(d < t && d > -t)) exit 1 }
    exit NF % 2 || NF == 0
  }' || die "$name: '$values' instead of '$*' (within $tolerance)"
}

# energy FILE, virial FILE (xx xy xz yx ...), force FILE (of the first atom)
energy() { sed -n 's/.* energy=\([^ ]*\).*/\1/p' "$1"; }
virial() { sed -n 's/.* virial="\([^"]*\)".*/\1/p' "$1"; }
force() { awk 'NR == 3 { print $5, $6, $7 }' "$1"; }

# ---- CP2K's two dialects from logs, and what must not pass; the engine is `cat`
cat >two.extxyz <<'END'
2
Lattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3 pbc="T T T"
Si 0 0 0
Si 2 2 2
END
cp2k_log() { # FILE: the rest of the log
  cat <<'END'
 CELL| Volume [angstrom^3]:                                            64.000000
 CELL| Vector a [angstrom]:       4.000     0.000     0.000   |a| =     4.000000
 CELL| Vector b [angstrom]:       0.000     4.000     0.000   |b| =     4.000000
 CELL| Vector c [angstrom]:       0.000     0.000     4.000   |c| =     4.000000
  *** SCF run converged in    22 steps ***
END
  cat "$1"
}
cat >old <<'END'
 ENERGY| Total FORCE_EVAL ( QS ) energy [a.u.]:               -2.000000000000000

 ATOMIC FORCES in [a.u.]

 # Atom   Kind   Element          X                      Y                      Z
      1      1      Si          0.0010000000000000    -0.0020000000000000     0.0000000000000000
      2      1      Si         -0.0010000000000000     0.0020000000000000     0.0000000000000000
 SUM OF ATOMIC FORCES           0.0000000000000000     0.0000000000000000     0.0000000000000000     0.0000000000000000

 STRESS| Analytical stress tensor [GPa]
 STRESS|                        x                   y                   z
 STRESS|      x        1.00000000000E+00   2.00000000000E-01   0.00000000000E+00
 STRESS|      y        2.00000000000E-01   1.00000000000E+00   0.00000000000E+00
 STRESS|      z        0.00000000000E+00   0.00000000000E+00  -1.00000000000E+00
  **** **** ******  **  PROGRAM ENDED AT                 2023-01-01 00:00:00.000
END
cat >new <<'END'
 ENERGY| Total FORCE_EVAL ( QS ) energy [hartree]             -2.000000000000000

 FORCES| Atomic forces [hartree/bohr]
 FORCES|   Atom     x                  y                  z                  |f|
 FORCES|      1  1.0000000000000000E-03 -2.0000000000000000E-03  0.0000000000000000E+00  2.2360679774998E-03
 FORCES|      2 -1.0000000000000000E-03  2.0000000000000000E-03  0.0000000000000000E+00  2.2360679774998E-03
 FORCES| Sum     0.0000000000000000E+00  0.0000000000000000E+00  0.0000000000000000E+00  0.0000000000000E+00

 STRESS| Analytical stress tensor [bar]
 STRESS|                        x                   y                   z
 STRESS|      x        1.00000000000E+04   2.00000000000E+03   0.00000000000E+00
 STRESS|      y        2.00000000000E+03   1.00000000000E+04   0.00000000000E+00
 STRESS|      z        0.00000000000E+00   0.00000000000E+00  -1.00000000000E+04
  **** **** ******  **  PROGRAM ENDED AT                 2025-01-01 00:00:00.000
END
printf '#!/bin/sh\ncat "%s/log"\n' "$PWD" >engine
chmod +x engine
template=wrappers/si-xtb.cp2k
fake="wrappers/cp2k.py $template -- ./engine"
for dialect in old new; do
  cp2k_log $dialect >log
  mtp label two.extxyz -o $dialect.extxyz --qm "exec retries=0 $fake" >label.txt 2>label.err || die "$(cat label.err)"
  near "$dialect energy" "$(energy $dialect.extxyz)" 1e-9 -54.422772491976
  near "$dialect force" "$(force $dialect.extxyz)" 1e-9 0.05142206747632 -0.10284413495264 0
  near "$dialect virial" "$(virial $dialect.extxyz)" 1e-7 0.39945658 0.07989132 0 0.07989132 0.39945658 0 0 0 \
    -0.39945658
done
spoil() { # PATTERN SED
  cp2k_log old | sed "$2" >log
  status=0
  mtp label two.extxyz -o spoilt.extxyz --qm "exec retries=0 $fake" >label.txt 2>label.err || status=$?
  [ "$status" -eq 1 ] || die "spoilt by $2: status $status"
  contains label.err "$1"
  absent spoilt.extxyz
}
spoil 'not converged: .*NOT converged' '/SCF run/s/.*/ *** WARNING in qs_scf.F:601 :: SCF run NOT converged ***/'
spoil 'not converged: .*does not say' '/SCF run/d'
spoil 'PROGRAM ENDED' '/PROGRAM ENDED/d'
spoil 'the energy 0 times' '/ENERGY|/d'
spoil 'not finite' '/ENERGY|/s/-2.0*/NaN/'
spoil 'where a number was expected' '/^      1 /s/0.0010*/******/'
spoil 'forces' '/^      1 /d'
spoil 'stress' '/STRESS|      y/d'
spoil 'expected one of' 's/GPa/atm/'
spoil 'another cell' '/Vector b/s/4.000 /4.100 /'

# ---- ABINIT gets right-handed cells only, whatever the hand of the configuration's; this one keeps its input
printf '#!/bin/sh\ncp mtp.abi "%s"/deck\nexit 1\n' "$PWD" >abinit_input
chmod +x abinit_input
sed 's/Si/Al/; s/Lattice="[^"]*"/Lattice="0 4.5 0.25 4 0 0.5 0 0 5"/' two.extxyz >left.extxyz
refused left.extxyz 'exit code 1' "wrappers/abinit.py wrappers/al.abi -- ./abinit_input"
near 'cell for ABINIT' "$(sed -n '/^rprim/,/^xcart/p' deck | awk 'NF == 3 { for (k = 1; k < 4; k++) print $k * 0.529177210903 }' |
  xargs)" 1e-5 0 -4.5 -0.25 -4 0 -0.5 0 0 -5

# ---- engines
tried=
if /usr/bin/python3 -c 'import ase' 2>/dev/null; then
  tried="$tried ase"
  label al.extxyz emt.extxyz "wrappers/ase_calc.py wrappers/calc_emt.py"
  near 'EMT energy' "$(energy emt.extxyz)" 1e-8 0.049651851499
  near 'EMT force' "$(force emt.extxyz)" 1e-8 0.053847378093 -0.072919781848 -0.228283934912
  near 'EMT virial' "$(virial emt.extxyz)" 1e-8 -0.627580702211 -0.152447179534 -0.287471325238 -0.152447179534 \
    -0.760544314927 0.244143523438 -0.287471325238 0.244143523438 -0.643749397375
  cp emt.extxyz before
  label al.extxyz emt.extxyz "wrappers/ase_calc.py wrappers/calc_emt.py"
  contains label.txt '^0 labelled, 0 failed, 1 were there'
  same emt.extxyz before
  refused si.extxyz 'No EMT-potential for Si' "wrappers/ase_calc.py wrappers/calc_emt.py"

  # a calculator with smearing, and one whose energy may be another function than its forces
  cat >scripted.py <<'END'
from ase.calculators.calculator import Calculator
from numpy import array

class Scripted(Calculator):
    implemented_properties = ['energy', 'forces', 'stress']

    def calculate(self, *arguments, **options):
        super().calculate(*arguments, **options)
        self.results = {'energy': -1.0, 'forces': 0 * self.atoms.positions, 'stress': array([0.01, 0, 0, 0, 0, 0])}
        self.results.update(more)

more = {}
calc = Scripted()
END
  refused al.extxyz 'energy_matches_forces' "wrappers/ase_calc.py scripted.py"
  sed "s/^more = .*/more = {'free_energy': -2.0}/" scripted.py >smeared.py
  label al.extxyz smeared.extxyz "wrappers/ase_calc.py smeared.py"
  near 'free energy' "$(energy smeared.extxyz)" 1e-12 -2
  near 'virial' "$(virial smeared.extxyz)" 1e-6 -0.67094426 0 0 0 0 0 0 0 0
  sed 's/^more = .*/more = {}; energy_matches_forces = True/' scripted.py >plain.py
  label al.extxyz plain.extxyz "wrappers/ase_calc.py plain.py"
  near 'plain energy' "$(energy plain.extxyz)" 1e-12 -1
  sed "s/^more = .*/more = {'free_energy': float('nan')}/" scripted.py >nan.py
  refused al.extxyz 'not finite' "wrappers/ase_calc.py nan.py"
fi

if command -v cp2k.psmp >/dev/null; then
  tried="$tried cp2k"
  label si.extxyz xtb.extxyz "wrappers/cp2k.py $template"
  near 'CP2K energy' "$(energy xtb.extxyz)" 1e-3 -400.721181
  near 'CP2K force' "$(force xtb.extxyz)" 1e-3 0.626107 0.223212 -0.936877
  near 'CP2K virial' "$(virial xtb.extxyz)" 1e-2 5.257222 -1.075489 -1.645599 -1.075489 5.361041 0.444352 -1.645599 \
    0.444352 4.630152
  label si.extxyz xtb.extxyz "wrappers/cp2k.py $template"
  contains label.txt '^0 labelled, 0 failed, 1 were there'
  sed 's/MAX_SCF 100/MAX_SCF 2/' $template >short.cp2k
  refused si.extxyz 'not converged .*SCF run NOT converged' "wrappers/cp2k.py short.cp2k"
  sed 's/MAX_SCF 100/MAX_SKF 2/' $template >wrong.cp2k
  refused si.extxyz 'unknown keyword MAX_SKF' "wrappers/cp2k.py wrong.cp2k"
fi

if command -v abinit >/dev/null && [ -r /usr/share/abinit/psp/Pseudodojo_nc_sr_04_pbe_standard_psp8/Al.psp8 ]; then
  tried="$tried abinit"
  label al.extxyz abinit.extxyz "wrappers/abinit.py wrappers/al.abi"
  near 'ABINIT energy' "$(energy abinit.extxyz)" 1e-3 -252.096324
  near 'ABINIT force' "$(force abinit.extxyz)" 1e-3 0.087356 -0.079291 -0.285951
  near 'ABINIT virial' "$(virial abinit.extxyz)" 1e-2 -0.118785 -0.202534 -0.412220 -0.202534 -0.341061 0.315293 \
    -0.412220 0.315293 -0.057915
  label al.extxyz abinit.extxyz "wrappers/abinit.py wrappers/al.abi"
  contains label.txt '^0 labelled, 0 failed, 1 were there'
  sed 's/nstep 60/nstep 2/; s/ngkpt .*/ngkpt 1 1 1/' wrappers/al.abi >short.abi
  refused al.extxyz 'not converged .*not enough SCF cycles' "wrappers/abinit.py short.abi"
  sed 's/ngkpt .*/ngkpt 1 1 1/; s/nband .*/nband 7/' wrappers/al.abi >few.abi
  refused al.extxyz 'raise nband' "wrappers/abinit.py few.abi"
  refused si.extxyz 'znucl has 0 types for Si' "wrappers/abinit.py wrappers/al.abi"
  echo 'ndtset 2' | cat wrappers/al.abi - >two.abi
  refused al.extxyz "found 'ndtset'" "wrappers/abinit.py two.abi"
fi

if /usr/bin/python3 -c 'import gpaw' 2>/dev/null; then
  tried="$tried gpaw"
  sed "s/(4, 4, 4)/(2, 2, 2)/" wrappers/calc_gpaw.py >gpaw222.py
  label al.extxyz gpaw.extxyz "wrappers/ase_calc.py gpaw222.py"
  near 'GPAW energy' "$(energy gpaw.extxyz)" 1e-3 -12.807252
  near 'GPAW force' "$(force gpaw.extxyz)" 1e-3 0.015723 -0.119737 -0.262436
  near 'GPAW virial' "$(virial gpaw.extxyz)" 1e-2 -1.846309 0.377630 0.504364 0.377630 -2.021726 -0.301190 0.504364 \
    -0.301190 -0.284646
  sed 's/txt=/maxiter=2, txt=/' gpaw222.py >short.py
  refused al.extxyz 'not converged .*KohnShamConvergenceError' "wrappers/ase_calc.py short.py"
fi

[ -n "$tried" ] || { echo "no engine is here: logs only"; exit 77; }
echo "engines:$tried"
