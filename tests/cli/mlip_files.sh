# SPDX-License-Identifier: GPL-2.0-or-later
# Files as MLIP and its interface to LAMMPS write them: candidates with ghosts, potentials with unused radial functions
# or with the line of comment that LAMMPS asks for.
. "$SOURCE_DIR/tests/cli/_lib.sh"

make_potential pot.almtp
crystals 1 3 >cell.extxyz
mtp eval pot.almtp cell.extxyz -o cell.cfg --grade

# a part of a run: the atoms of one processor, and all of their neighbours as ghosts
awk 'NR == 2 { match($0, /Lattice="[^"]*"/); split(substr($0, RSTART + 9, RLENGTH - 10), l, " ") }
  NR > 2 { n++; for (d = 0; d < 3; d++) x[n, d] = $(2 + d) }
  END {
    printf "BEGIN_CFG\n Size\n %d\n AtomData: id type cartes_x cartes_y cartes_z ghost\n", 343 * n
    for (pass = 0; pass < 2; pass++)
      for (a = -3; a <= 3; a++) for (b = -3; b <= 3; b++) for (c = -3; c <= 3; c++) {
        real = a == 0 && b == 0 && c == 0
        if (real != (pass == 0)) continue
        for (i = 1; i <= n; i++)
          printf "%d 0 %.17g %.17g %.17g %s\n", ++id, x[i, 0] + a * l[1] + b * l[4] + c * l[7],
            x[i, 1] + a * l[2] + b * l[5] + c * l[8], x[i, 2] + a * l[3] + b * l[6] + c * l[9], real ? "false" : "true"
      }
    print "END_CFG"
  }' cell.extxyz >part.cfg
mtp eval pot.almtp part.cfg -o part-out.cfg --grade
energy() { awk '$1 == "Energy" { getline; print $1 }' "$1"; }
grade() { awk '$2 == "MV_grade" { print $3 }' "$1"; }
close_to() { awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; exit !(d * d < 1e-18 * a * a && a != 0) }' || die "$3: $1 and $2"; }
close_to "$(energy cell.cfg)" "$(energy part-out.cfg)" energy
close_to "$(grade cell.cfg)" "$(grade part-out.cfg)" grade
[ "$(grep -c ' true 0 ' part-out.cfg)" -eq 1368 ] || die 'ghosts have energies'
mtp info part.cfg >info.txt
contains info.txt 'that are ghosts  *1368$'
refuse 1 'ghost' mtp label part.cfg -o label.extxyz --qm 'exec true'
absent label.extxyz
cp part-out.cfg labelled.cfg
mtp train start.mtp clusters.extxyz labelled.cfg -o no.almtp --linear >train.txt 2>train.err && die 'trains on ghosts'
contains train.err 'labelled.cfg:1: it has ghost atoms'
mtp train start.mtp clusters.extxyz labelled.cfg -o yes.almtp --linear --skip-bad >train.txt 2>train.err
contains train.err '1 ghosts$'

# more radial functions than the moments use, in a potential that is trained and in one that is not
for file in start.mtp pot.mtp; do
  [ -f $file ] || mtp convert pot.almtp $file
  functions=$(awk '$1 == "radial_funcs_count" { print $3 }' $file)
  awk -v f="$functions" '$1 == "radial_funcs_count" { sub("= " f, "= " f + 1) } { print }
    /^\t*\{.*\}$/ && ++k == f { print }' $file >more.mtp
  mtp convert more.mtp carried.mtp 2>more.err
  contains more.err "more.mtp: radial_funcs_count = $((functions + 1)), but alpha_index_basic uses only $functions radial functions"
  [ "$(wc -l <more.err)" -eq 1 ] || die "$(cat more.err)"
  [ "$(grep -c '^[[:blank:]]*{' carried.mtp)" -eq $((functions + 1)) ] || die 'unused parameters are lost'
done
mtp eval pot.mtp cell.extxyz -o used.cfg
mtp eval more.mtp cell.extxyz -o more.cfg 2>more.err
same used.cfg more.cfg
mtp train more.mtp clusters.extxyz -o trained.almtp --max-iter 5 >train.txt 2>train.err
mtp grade trained.almtp cell.extxyz >grade.txt 2>grade.err
mtp train more.mtp clusters.extxyz -o all.almtp --max-iter 0 >train.txt 2>train.err
mtp grade all.almtp cell.extxyz >grade.txt 2>grade.err
grep -q nan grade.txt && die "$(cat grade.txt)"

# LAMMPS asks for a first line of comment
for file in pot.mtp pot.almtp; do
  { echo '# DATE: 2025-01-16 UNITS: metal CONTRIBUTOR: somebody'; echo '# a second'; echo; cat $file; } >dated.${file#*.}
  mtp info dated.${file#*.} >dated.txt 2>dated.err
  mtp info $file >plain.txt
  [ ! -s dated.err ] || die "$(cat dated.err)"
  sed 's/dated/pot/' dated.txt | tail -n +3 >a.txt
  tail -n +3 plain.txt >b.txt
  same a.txt b.txt
done
mtp grade dated.almtp cell.extxyz >a.txt
mtp grade pot.almtp cell.extxyz >b.txt
same a.txt b.txt
# ... which convert writes
for file in pot.mtp pot.almtp pot.mtp.gz; do
  mtp convert pot.almtp "for.$file" --lammps
  mtp convert pot.almtp "plain.$file"
  cat "for.$file" >for.text
  cat "plain.$file" >plain.text
  case $file in *.gz) gzip -dc "for.$file" >for.text && gzip -dc "plain.$file" >plain.text ;; esac
  head -n 1 for.text | grep -q -x -E '# DATE: [0-9]{4}-[0-9]{2}-[0-9]{2} UNITS: metal' || die "$(head -n 1 for.text)"
  sed 1d for.text >rest.text
  same rest.text plain.text
done
refuse 2 '--lammps is for potentials' mtp convert cell.extxyz cell.cfg --lammps
sed 's/UNITS: metal/UNITS: real/' dated.mtp >real.mtp
mtp info real.mtp >real.txt 2>real.err
contains real.err 'real.mtp:1: UNITS: real'
{ head -n 2 dated.mtp; echo; sed 's/^version.*/version = 9/' pot.mtp; } >bad.mtp
refuse 1 'bad.mtp:5: version 9' mtp info bad.mtp

# `mlp convert-cfg --output-format=bin`: an atom in a cell of 4 A, twice, with an energy of -2 eV
zero='\000\000\000\000\000\000\000\000'
four='\000\000\000\000\000\000\020\100'
for copy in 1 2; do
  printf "n\001\000\000\000l$four$zero$zero$zero$four$zero$zero$zero$four"
  printf "p$four$zero${zero}t\000\000\000\000e\000\000\000\000\000\000\000\300F\001\000\000\000k\001\000\000\000v#"
done >binary.cfg
mtp convert binary.cfg text.cfg
[ "$(grep -c BEGIN_CFG text.cfg)" -eq 2 ] || die "$(cat text.cfg)"
[ "$(awk '$1 == "Energy" { getline; print $1 }' text.cfg | sort -u)" = -2 ] || die "$(cat text.cfg)"
gzip -c binary.cfg >binary.cfg.gz
for file in binary.cfg.gz -; do
  mtp convert $file again.cfg <binary.cfg
  same text.cfg again.cfg
done
mtp eval pot.almtp binary.cfg -o from-binary.cfg
mtp eval pot.almtp text.cfg -o from-text.cfg
same from-text.cfg from-binary.cfg
head -c 230 binary.cfg >cut.cfg
mtp convert cut.cfg again.cfg 2>cut.err
contains cut.err 'cut.cfg: byte 130: the last record is cut short and was left out'
head -c 100 binary.cfg >cut.cfg
refuse 1 'cut.cfg: byte 101: found the end of the file' mtp convert cut.cfg again.cfg
