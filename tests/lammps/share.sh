# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# share yes: two jobs at other temperatures and on other numbers of ranks, partitions of one job, and the images of a
# band learn one potential into one training file. Nothing is labelled twice, and at the end all have the same potential.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
labels() { grep -c Lattice "$1"; }
# distinct FILE: no configuration is there twice. The first atom would not do: it may be where it was.
distinct() {
  awk 'left == 0 { left = $1 + 2 } { left-- } NF > 3 && !/Lattice=/ { line = line $2 " " $3 " " $4 " " }
       left == 0 { print line; line = "" }' "$1" | sort | uniq -d >twice
  [ ! -s twice ] || die "$1 has a configuration twice"
}
untrained 8 Al
cat >in.share <<'END'
variable name index one two
variable temperature index 600
variable steps index 150
units metal
atom_modify map array
lattice fcc 4.05
region cell block 0 2 0 2 0 2
create_box 1 cell
create_atoms 1 box
mass 1 26.98
pair_style mtp/al qm "lammps reference_al.lmp" share ${share} save learned.almtp log ${name}.jsonl refit linear select 2 break 4
pair_coeff * * untrained.almtp Al
velocity all create $(2*v_temperature) 11
fix 1 all nvt temp ${temperature} ${temperature} 0.1
timestep 0.002
compute al all pair mtp/al
thermo_style custom step temp pe c_al[1] c_al[3]
run ${steps}
print "calls = $(c_al[3])"
END

# jobs
timeout 200 "$MPIEXEC" -n 2 lmp -in in.share -var share yes -var name one -log one.log -nocite >one.screen 2>&1 </dev/null &
one=$!
timeout 200 lmp -in in.share -var share yes -var name two -var temperature 1500 -log two.log -nocite >two.screen 2>&1 </dev/null ||
  die "job two: $(tail -n 3 two.screen)"
wait $one || die "job one: $(tail -n 3 one.screen)"
distinct train.extxyz
one=$(grep -c '"event":"label"' one.jsonl) two=$(grep -c '"event":"label"' two.jsonl)
[ $((one + two)) -eq "$(labels train.extxyz)" ] || die "$one and $two labels make $(labels train.extxyz)"
grep -q '"event":"adopt"' one.jsonl two.jsonl || die 'no run has taken over a potential of the other one'
[ -z "$(ls | grep '^train.extxyz.')" ] || die "left: $(ls)"
contains learned.almtp 'al_generation='

# without share the second one is told how
mkdir alone && cd alone
cp ../untrained.almtp ../reference_al.lmp .
sed 's/^run.*/run 0\nshell touch running\nshell sh hold.sh/' ../in.share >in.hold
echo 'for wait in $(seq 600); do [ -e release ] || sleep 0.1; done' >hold.sh
timeout 100 lmp -in in.hold -var share no -log none -nocite >hold.screen 2>&1 </dev/null &
hold=$!
for wait in $(seq 600); do [ -e running ] || sleep 0.1; done
refused 'another run is writing to it; runs that are to learn together need share yes' 1 ../in.share -var share no -var name two
refused 'another run is writing to it' 1 ../in.share -var share yes -var name two
: >release
wait $hold || die "$(tail -n 3 hold.screen)"
cd ..

# partitions
rm -f train.extxyz learned.almtp ./*.jsonl
sed -e 's/^variable name.*/variable name world one two/' -e 's/^variable temperature.*/variable temperature world 600 1200/' \
  in.share >in.partitions
timeout 200 "$MPIEXEC" -n 2 lmp -in in.partitions -partition 1 1 -var share yes -var steps 60 -log log -nocite >screen 2>&1 ||
  die "partitions: $(tail -n 3 screen)"
distinct train.extxyz
one=$(grep -c '"event":"label"' one.jsonl) two=$(grep -c '"event":"label"' two.jsonl)
[ $((one + two)) -eq "$(labels train.extxyz)" ] || die "$one and $two labels of partitions make $(labels train.extxyz)"
