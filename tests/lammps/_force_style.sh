# SPDX-License-Identifier: GPL-2.0-or-later
# Files of force-styles/ as runs of LAMMPS. Sourced.
. "$SOURCE_DIR/tests/lammps/_lib.sh"

# field FILE KEY: what follows the key on its line, or the lines of its block.
field() {
  awk -v key="$2:" '
    inside && /^[^ ]/ { exit }
    inside && NF > 0 { sub(/^ +/, ""); print }
    index($0, key) == 1 {
      text = substr($0, length(key) + 1)
      inside = text ~ /^ *! *\|/
      sub(/^ *(! *)?/, "", text)
      if (!inside) { if (text != "\"\"" && text != "") print text; exit }
    }' "$1"
}

# describe FILE: the deck that the tests of LAMMPS make of it (plain, newton on), and what prints the results.
describe() {
  echo 'variable newton_pair index on'
  echo "variable input_dir index $(dirname "$1")"
  field "$1" pre_commands
  case $(field "$1" pre_commands) in
    *'units index real'*) echo 'variable nktv2p equal 68568.415' ;;
    *) echo 'variable nktv2p equal 1.6021765e6' ;;
  esac
  echo "include \${input_dir}/$(field "$1" input_file)"
  echo "pair_style $(field "$1" pair_style)"
  field "$1" pair_coeff | sed 's/^/pair_coeff /'
  echo 'pair_modify table 0'
  echo 'pair_modify table/disp 0'
  field "$1" post_commands
  cat <<'END'
compute virial all pressure NULL virial
thermo_style custom step evdwl ecoul c_virial[*]
thermo 2
variable scale equal vol/v_nktv2p
thermo_modify norm no
print "natoms: $(atoms)"
run 0 post no
END
  states init
  echo 'fix 1 all nve'
  echo 'run 4 post no'
  states run
}

# states WHEN: commands that print energies and virial, and write forces.
states() {
  echo "print '$1_vdwl: \$(evdwl:%.17g)'"
  echo "print '$1_coul: \$(ecoul:%.17g)'"
  printf "print '%s_stress:" "$1"
  printf ' $(c_virial[%s]*v_scale:%%23.16e)' 1 2 3 4 5 6
  echo "'"
  echo "write_dump all custom $1.dump id fx fy fz modify sort id format line '%3d %23.16e %23.16e %23.16e'"
}

# simulate RANKS FILE: results.yaml, the keys from natoms on as FILE has them.
simulate() {
  describe "$2" >in.described
  timeout 100 "$MPIEXEC" -n "$1" lmp -in in.described -log described.log -nocite >described.screen 2>&1 </dev/null ||
    die "$2 on $1 ranks: $(tail -n 5 described.screen)"
  {
    grep '^natoms: ' described.log
    for when in init run; do
      grep -e "^${when}_vdwl: " -e "^${when}_coul: " described.log
      printf '%s_stress: ! |2-\n  %s\n' $when "$(sed -n "s/^${when}_stress: //p" described.log)"
      echo "${when}_forces: ! |2"
      sed '1,/^ITEM: ATOMS/d; s/^/  /' $when.dump
    done
  } >results.yaml
}
