# SPDX-License-Identifier: GPL-2.0-or-later
# Files of VASP on the command line: by their names, compressed, as training data.
. "$SOURCE_DIR/tests/cli/_lib.sh"

make_potential pot.almtp
crystals 1 3 >raw.extxyz
mtp convert raw.extxyz cell.extxyz
mtp convert cell.extxyz POSCAR
mtp convert POSCAR back.extxyz
sed 's/ comment=.*//' back.extxyz >stripped.extxyz
same cell.extxyz stripped.extxyz
mtp convert POSCAR CONTCAR.gz
gzip -dc CONTCAR.gz | cmp -s - POSCAR || die 'CONTCAR.gz'
mtp convert POSCAR - --to poscar | cmp -s - POSCAR || die 'standard output'
mtp convert - a.cfg --from poscar <POSCAR
mtp eval pot.almtp POSCAR -o from-poscar.cfg
mtp eval pot.almtp cell.extxyz -o from-xyz.cfg
grep -v comment from-poscar.cfg >a.txt
same a.txt from-xyz.cfg
crystals 2 3 >two.extxyz
refuse 1 'a POSCAR holds one configuration, not 2' mtp convert two.extxyz two.vasp
absent two.vasp
refuse 1 'read only' mtp convert cell.extxyz OUTCAR
absent OUTCAR

# a relaxation of two steps, by the potential itself, as VASP prints it
awk -v s=0 'BEGIN { print " vasp.6.4.2 20Jul23 complex\n TITEL  = PAW_PBE Al 04Jan2001\n   number of ions     NIONS =      4"
    print "   ions per type =               4" }
  $1 == "BEGIN_CFG" { s++; printf "---- Iteration %4d(   1) ----\n---- aborting loop because EDIFF is reached ----\n", s }
  $1 == "Supercell" { for (d = 0; d < 3; d++) { getline; cell[d] = sprintf("%13.9f%13.9f%13.9f", $1, $2, $3) } }
  $1 == "AtomData:" { for (i = 0; i < 4; i++) { getline; atom[i] = sprintf("%13.5f%13.5f%13.5f   %14.6f%14.6f%14.6f", $3, $4, $5, $7, $8, $9) } }
  $1 == "Energy" { getline; energy = $1 }
  $1 == "PlusStress:" { getline; stress = sprintf("%12.5f%12.5f%12.5f%12.5f%12.5f%12.5f", $1, $2, $3, $6, $4, $5) }
  $1 == "END_CFG" {
    print "  FORCE on cell =-STRESS in cart. coord.  units (eV):\n  Total   " stress
    print "      direct lattice vectors                 reciprocal lattice vectors"
    for (d = 0; d < 3; d++) print "   " cell[d] "  0 0 0"
    print " POSITION                                       TOTAL-FORCE (eV/Angst)\n -----"
    for (i = 0; i < 4; i++) print atom[i]
    printf " -----\n  free  energy   TOTEN  =  %18.8f eV\n", energy
  }
  END { print " General timing and accounting informations for this job:" }' >OUTCAR <<END
$(mtp eval pot.almtp two.extxyz -o - --to cfg)
END
mtp errors pot.almtp OUTCAR --json >errors.json
[ "$(member errors.json '"configurations":')" -eq 2 ] || die "$(cat errors.json)"
sed 's/,"groups".*//' errors.json | grep -o '"max":[^}]*' >max.txt
[ "$(wc -l <max.txt)" -eq 3 ] || die "$(cat errors.json)"
for max in $(sed 's/.*://' max.txt); do below "$max" 1e-3; done
mtp train start.mtp clusters.extxyz OUTCAR -o fit.almtp --linear >train.txt
mtp convert OUTCAR OUTCAR.cfg
[ "$(grep -c PlusStress OUTCAR.cfg)" -eq 2 ] || die 'no stress'
head -n -4 OUTCAR >OUTCAR.killed
mtp info OUTCAR.killed >info.txt 2>info.err
contains info.txt '^configurations  *1$'
contains info.err 'OUTCAR.killed:[0-9]*: the last ionic step is cut short and was left out'
