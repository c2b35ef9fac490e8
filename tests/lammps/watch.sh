# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# A frozen run that is watched ends at the first grade beyond `stop`, with the configuration on disk, before anything is
# lost; the same on any number of ranks. One that is not watched goes on.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
needs_fix_pair
make_al_potential 8
crystal
al='* * pot.almtp Al Al'

# deck FILE STYLE COEFF [line ...]: a crystal under this style, then the lines.
deck() {
  file=$1
  printf '%s\n' 'include ${decks}/start.lmp' "pair_style $2" "pair_coeff $3" 'timestep 0.002' 'thermo 10' >"$file"
  shift 3
  printf '%s\n' "$@" >>"$file"
}
# ends RANKS DECK PATTERN [lmp options]: stopped by the watch; `line` is what it says.
ends() {
  ranks=$1
  file=$2
  pattern=$3
  shift 3
  refused "$pattern" "$ranks" "$file" -var decks "$decks" "$@"
  line=$(grep '^ERROR' refused.screen)
}
# goes_on RANKS LOG DECK [lmp options]
goes_on() {
  ranks=$1
  log=$2
  file=$3
  shift 3
  timeout 100 "$MPIEXEC" -n "$ranks" lmp -in "$file" -log "$log" -nocite -var decks "$decks" "$@" >"$log.screen" 2>&1 ||
    die "$file: $(tail -n 3 "$log.screen")"
}
# field NAME: the number that follows it in `line`.
field() { echo "$line" | sed -n "s/.*$1 \([-+0-9.e]*[0-9]\).*/\1/p"; }
# kept FILE GRADE: the last of the configurations says this grade, and the command finds the same in it.
kept() {
  mtp info "$1" >info.txt
  mtp grade "${3:-pot.almtp}" "$1" --json >grade.json
  close "$(sed -n 's/.*max_grade=\([^ ]*\).*/\1/p' "$1" | tail -n 1)" "$2" 1e-4
  close "$(sed 's/.*"grade":\([^,]*\).*/\1/' grade.json)" "$2" 1e-4
}

velocities='velocity all create 300.0 4711 mom yes loop geom'
heat='fix heat all nvt temp 300.0 8000.0 0.05'
deck in.heat 'mtp stop 3' "$al" "$velocities" "$heat" 'run 400'
ends 1 in.heat 'step [1-9][0-9]*: the grade [0-9.]* of atom [0-9]* is beyond stop 3; the configuration is in stopped.extxyz'
step=$(field step) grade=$(field grade) atom=$(field atom)
below 3 "$grade"
contains stopped.extxyz " step=$step"
contains stopped.extxyz 'pbc="T T T"'
[ "$(head -n 1 stopped.extxyz)" = 108 ] || die "$(head -n 1 stopped.extxyz) atoms instead of 108"
kept stopped.extxyz "$grade"
for ranks in 2 4; do
  rm stopped.extxyz
  ends $ranks in.heat "step $step: the grade [0-9.]* of atom $atom is beyond stop 3"
  close "$(field grade)" "$grade" 1e-3
  kept stopped.extxyz "$(field grade)"
done

# without the watch it goes on, and so does one that is far from its limit, with the same forces
deck in.plain '${style}' "$al" "$velocities" "$heat" 'run 400' \
  'write_dump all custom forces.dump id fx fy fz modify sort id format float %.17g'
goes_on 2 plain.log in.plain -var style mtp
goes_on 2 far.log in.plain -var style 'mtp stop 1e6'
deck in.short '${style}' "$al" "$velocities" 'fix 1 all nve' 'run 15' \
  'write_dump all custom forces.dump id fx fy fz modify sort id format float %.17g'
goes_on 1 plain.log in.short -var style mtp
dump_columns forces.dump 2 >plain.forces
goes_on 2 watched.log in.short -var style 'mtp stop 1e6 every 4'
dump_columns forces.dump 2 >watched.forces
close "$(cat watched.forces)" "$(cat plain.forces)" 1e-9

# a run that is continued; another file, to which records are appended
rm stopped.extxyz
deck in.parts 'mtp every 7 stop 3 save ends.extxyz' "$al" "$velocities" "$heat" 'run 10' 'run 20' 'run 1000 pre no'
for time in 1 2; do ends 2 in.parts 'of atom [0-9]* is beyond stop 3; the configuration is in ends.extxyz'; done
[ "$(grep -c max_grade= ends.extxyz)" = 2 ] || die 'records are not appended'
absent stopped.extxyz

# A collision of some femtoseconds between graded steps that are far apart: the same step on any number of ranks, and
# not one that the interval asks for.
deck in.shot 'mtp stop 10 every 1000000' "$al" 'velocity all set 0 0 0' 'group shot id 57' \
  'velocity shot set 300 300 0' 'fix 1 all nve' 'run 400'
ends 1 in.shot 'the grade .* is beyond stop 10'
step=$(field step) atom=$(field atom)
below 0 "$step"
below "$step" 20
for ranks in 2 4; do ends $ranks in.shot "step $step: the grade .* of atom $atom is beyond stop 10"; done

# what is not finite is beyond everything
deck in.nan 'mtp stop 1e300' "$al" 'set atom 57 x 1.0 y 1.0 z 1.0' 'set atom 58 x 1.0 y 1.0 z 1.0' 'run 0'
ends 2 in.nan 'step 0: forces or energies are not finite'

# mixed precision, minimisation, real units: the same grade in the first step
squeeze='displace_atoms all random 0.5 0.5 0.5 4711'
rm -f stopped.extxyz
deck in.first '${style}' "$al" "$squeeze" '${do}'
ends 2 in.first 'step 0: the grade' -var style 'mtp stop 2' -var do 'run 0'
grade=$(field grade)
kept stopped.extxyz "$grade"
for style in 'mtp precision mixed stop 2' 'hybrid/overlay zero 5.0 mtp stop 2'; do
  sed "s/pair_coeff.*/pair_coeff * * $(echo "$style" | grep -q hybrid && echo 'mtp ')pot.almtp Al Al/" in.first >in.other
  case $style in hybrid*) sed -i '/^pair_coeff/a pair_coeff * * zero' in.other ;; esac
  ends 2 in.other 'step 0: the grade' -var style "$style" -var do 'run 0'
  close "$(field grade)" "$grade" 1e-4
done
ends 2 in.first 'step 0: the grade' -var style 'mtp stop 2' -var do 'minimize 0 0 10 10'
close "$(field grade)" "$grade" 1e-4
ends 2 in.first 'step 0: the grade' -var style 'mtp stop 2' -var do 'run 0' -var energy_units real
close "$(field grade)" "$grade" 1e-4

# beside grades that others ask for
deck in.beside 'mtp stop 1e6 every 7' "$al" "$velocities" 'fix 1 all nve' 'compute m all pair mtp' \
  'fix g all pair 5 mtp grade 1' 'compute gmax all reduce max f_g' 'thermo 5' 'thermo_style custom step c_m[1] c_m[2] c_gmax' \
  'run 15' 'print "grades = $(c_m[1]:%.17g) $(c_gmax:%.17g)"'
goes_on 2 beside.log in.beside
set -- $(value beside.log grades)
close "$1" "$2" 1e-9

# under hybrid, atoms of others are left out
rm -f stopped.extxyz
deck in.null 'hybrid/overlay mtp stop 2 lj/cut 3.0' '* * mtp pot.almtp Al NULL' 'pair_coeff * * lj/cut 0.0 1.0' "$squeeze" \
  'print "others = $(count(others))"' 'run 0'
sed -i '/^pair_style/i group others type 2' in.null
ends 2 in.null 'is beyond stop 2; the configuration (without [1-9][0-9]* atoms of other potentials) is in stopped.extxyz'
others=$(value refused.log others)
contains refused.screen "(without $others atoms"
[ "$(head -n 1 stopped.extxyz)" = $((108 - others)) ] || die "$(head -n 1 stopped.extxyz) atoms were written"
kept stopped.extxyz "$(field grade)"

# grades of configurations
rm stopped.extxyz
mtp train untrained.almtp labelled.extxyz -o conf.almtp --linear --mode configuration >train2.txt
deck in.conf 'mtp stop 1.5' '* * conf.almtp Al Al' "$squeeze" 'run 0'
ends 2 in.conf 'step 0: the grade [0-9.]* of the configuration is beyond stop 1.5'
kept stopped.extxyz "$(field grade)" conf.almtp

# misuse: one clear line, before anything is computed
awk '/^#/ { exit } { print }' pot.almtp >bare.almtp
misused() { # PATTERN STYLE [COEFF]
  deck in.misused "$2" "${3:-$al}" 'run 0'
  refused "$1" 2 in.misused -var decks "$decks"
}
misused 'stop needs an active set, and bare.almtp has none: .*mtp train bare.almtp DATA -o OUT --max-iter 0' 'mtp stop 10' \
  '* * bare.almtp Al Al'
misused 'stop must be at least 1, found 0.5' 'mtp stop 0.5'
misused 'keyword stop expects a number, found nan' 'mtp stop nan'
misused 'keyword stop needs a value' 'mtp stop'
misused 'every must be at least 1' 'mtp stop 10 every 0'
misused 'keyword every expects a whole number' 'mtp stop 10 every 2.5'
misused 'keyword every expects a whole number' 'mtp stop 10 every 99999999999999999999'
misused 'every and save belong to stop' 'mtp every 5'
misused 'unknown keyword sop, known are precision stop every save' 'mtp sop 10'
misused 'no/such/folder' 'mtp stop 10 save no/such/folder/x.extxyz'
