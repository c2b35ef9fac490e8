# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# A run that explodes between two graded steps: the configuration gets no label but a file of its own, the run ends with
# one line, or goes back to a snapshot (positions, velocities, images, box, thermostat), learns before the place and gets
# past it. Crystals near 4000 K fall into the holes of a potential that knows only a cold one (`wall off`).
. "$SOURCE_DIR/tests/lammps/_lib.sh"
needs_fix_pair
crystal -var cells 2
untrained 8 Al
cp untrained.almtp first.almtp

# hot FILE KEYWORDS LINE ...
hot() {
  file=$1
  keywords=$2
  shift 2
  {
    printf '%s\n' 'variable elements index "Al Al"' 'include ${decks}/start.lmp'
    printf '%s\n' "pair_style mtp/al qm 'lammps reference_al.lmp maxforce=1000' log events.jsonl explore no &" \
      " wall off warmup 1 0.02 $keywords" 'pair_coeff * * untrained.almtp Al Al' 'velocity all create 8000 11'
    printf '%s\n' 'timestep 0.002' 'thermo 10' "$@" 'run 400'
  } >"$file"
}
fresh() {
  rm -f train.extxyz* events.jsonl candidates.extxyz exploded.extxyz
  cp first.almtp untrained.almtp
}
goes_on() { # RANKS DECK [lmp options]
  ranks=$1
  file=$2
  shift 2
  timeout 100 "$MPIEXEC" -n "$ranks" lmp -in "$file" -log "$file.log" -nocite -var decks "$decks" "$@" >"$file.screen" 2>&1 ||
    die "$file on $ranks ranks: $(tail -n 3 "$file.screen")"
}
events() { grep -c "\"event\":\"$1\"" events.jsonl || true; }
# atoms FILE STEP: what a dump has of a step, the step left out.
atoms() { awk -v step="$2" '/^ITEM: TIMESTEP/ { getline; on = $1 == step; next } on' "$1"; }

nvt='fix 1 all nvt temp 5000 5000 0.1'
hot in.ends 'every 100' "$nvt" 'thermo 100'
hot in.back 'every 100 rewind 100' "$nvt" 'dump d all custom 1 atoms.dump id type vx vy vz x y z' \
  'dump_modify d sort id format float %.15g' 'thermo_style custom step temp pe lx f_1[1] f_1[2] f_1[4] f_1[5] ke f_1' \
  'thermo_modify format float %.13g' 'thermo 1'

# without the keyword the run is over, with one line and the configuration on disk
for ranks in 1 2; do
  fresh
  refused 'step 200: the atoms have exploded: .*; it is in .*/exploded.extxyz; lower the timestep, or go back before it with rewind N' \
    $ranks in.ends -var decks "$decks"
  [ "$(head -n 1 exploded.extxyz)" -gt 0 ] || die 'no atoms in the file'
  contains exploded.extxyz ' step=200'
  contains exploded.extxyz 'reason='
  absent_in=$(grep -c 'step=200' train.extxyz || true)
  [ "$absent_in" -eq 0 ] || die 'the exploded configuration has a label'
  [ "$(events stop)" -eq 1 ] || die 'no stop event'
done

# with it, it goes on: the atoms are those of the snapshot, the place is learned
for ranks in 1 2 4; do
  fresh
  goes_on $ranks in.back
  [ "$(events rewind)" -ge 1 ] || die 'the run did not go back'
  back=$(sed -n 's/.*"event":"rewind".*"step":\([0-9]*\).*/\1/p' events.jsonl | head -n 1)
  to=$(sed -n 's/.*the run goes on from what it was at step \([0-9]*\)$/\1/p' in.back.log | head -n 1)
  below 100 "$back"
  [ "$(grep -c 'not taken back\|time goes on' in.back.screen)" -eq 1 ] || die 'not told once what is not taken back'
  [ "$(awk -v from="$back" '/"event":"label"/ { sub(/.*"step":/, ""); if ($0 + 0 > from) n++ } END { print n + 0 }' events.jsonl)" -gt 0 ] ||
    die 'nothing was learned where it exploded'
  contains exploded.extxyz "step=$back"
  echo "$ranks: from $back to $to" >>went
  # at the end of that step atoms and thermostat are those of the snapshot
  atoms atoms.dump "$back" >now
  atoms atoms.dump "$to" >then
  [ "$(grep -c '^[0-9]* 1 ' now)" -ge 16 ] || die 'the dump lacks atoms'
  close "$(awk 'NF == 8 { print $3, $4, $5, $6, $7, $8 }' now)" "$(awk 'NF == 8 { print $3, $4, $5, $6, $7, $8 }' then)" 1e-9
  for step in "$back" "$to"; do awk -v s="$step" '$1 == s && NF == 10 { $1 = $2 = $3 = ""; print }' in.back.log >state.$step; done
  close "$(cat "state.$back")" "$(cat "state.$to")" 1e-9
done

# and what other thermostats have done to the energy
fresh
hot in.csvr 'every 100 rewind 100' 'fix 1 all nve' 'fix 2 all temp/csvr 5000 5000 0.1 4711' 'thermo_style custom step ke f_2 ecouple' \
  'thermo_modify format float %.13g' 'thermo 1'
goes_on 2 in.csvr
back=$(sed -n 's/.*"event":"rewind".*"step":\([0-9]*\).*/\1/p' events.jsonl | head -n 1)
to=$(sed -n 's/.*the run goes on from what it was at step \([0-9]*\)$/\1/p' in.csvr.log | head -n 1)
for step in "${back:-no rewind}" "$to"; do awk -v s="$step" '$1 == s && NF == 4 { print $2, $3, $4 }' in.csvr.log >"state.$step"; done
close "$(cat "state.$back")" "$(cat "state.$to")" 1e-9
! grep -q 'not taken back' in.csvr.screen || die 'the thermostat is said not to be taken back'

# where the reference has no label for a step the run ends, or goes back as well
fresh
hot in.refused 'rewind off' "$nvt"
hot in.left 'rewind 100' "$nvt"
for most in 9 8 7; do
  fresh
  sed -i "s/maxforce=[0-9]*/maxforce=$most/" in.refused in.left
  lmp -in in.refused -log in.refused.log -screen none -nocite -var decks "$decks" || break
done
# which labels are refused is a matter of rounding; unit.sanity has it for certain
if grep -q "QM call failed .* or rewind N if the atoms were led astray" in.refused.log; then
  fresh
  lmp -in in.left -log in.left.log -screen none -nocite -var decks "$decks" || true
  grep -q '"event":"rewind".*"reason":"the QM driver has no label: ' events.jsonl || die 'it did not go back'
fi

# what is learned outlives the run
fresh
goes_on 1 in.back
cp train.extxyz before.extxyz
goes_on 1 in.back
cmp -n "$(wc -c <before.extxyz)" before.extxyz train.extxyz || die 'labels of the run before are lost'

# atoms that a fix took are not brought back
fresh
hot in.gone 'every 100 rewind 100' 'region r block INF INF INF INF INF INF' 'fix 1 all nve' 'fix e all evaporate 150 1 r 4711'
sed -i 's/create 8000 11/create 8000 12/' in.gone
refused 'the atoms have exploded: .*; there is no way back: atoms came, went or changed' 1 in.gone -var decks "$decks"

# what cannot be taken back is refused before anything is computed
misused() { # PATTERN KEYWORDS LINE ...
  pattern=$1
  shift
  fresh
  hot in.misused "$@"
  refused "$pattern" 2 in.misused -var decks "$decks"
  [ ! -s train.extxyz ] || [ "$(events label)" -eq 0 ] || die "a label was bought before '$pattern'"
}
misused 'rewind must be at least 1' 'rewind 0' 'fix 1 all nve'
misused 'keyword rewind expects a whole number' 'rewind soon' 'fix 1 all nve'
misused 'rewind does not work with run_style respa' 'rewind 10' 'fix 1 all nve' 'run_style respa 2 2 pair 1'
misused 'rewind does not work with fix m, which puts atoms where they belong by the time' 'rewind 10' 'group some id 1' \
  'group others subtract all some' 'fix 1 others nve' 'fix m some move linear 0 0 0.1'
misused 'rewind does not work with fix d, which sets the box by the time' 'rewind 10' 'fix 1 all nve' \
  'fix d all deform 1 x erate 0.01'
if lmp -h | grep -q '[ \t]rigid/nve[ \t]'; then # LAMMPS with RIGID
  misused 'rewind does not work with the rigid bodies of fix 1 rigid/nve' 'rewind 10' 'group b id 1 2' 'group a subtract all b' \
    'fix 1 b rigid/nve group 1 b' 'fix 2 a nve'
fi
