# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# wait no: the run goes on while an engine that takes its time answers, learns from answers when they come, and at its end
# from those that are still out; after a kill the next run takes up what was asked for.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
untrained 8 Al
cat >engine.sh <<END
echo asked >>$PWD/asked
sleep 0.5
exec mtp label in.extxyz -o out.extxyz --qm "lammps $PWD/reference_al.lmp"
END
cat >in.late <<'END'
variable last index ""
units metal
atom_modify map array
lattice fcc 4.05
region cell block 0 2 0 2 0 2
create_box 1 cell
create_atoms 1 box
mass 1 26.98
pair_style mtp/al qm "exec sh engine.sh workers=2" wait ${wait} save learned.almtp log ${wait}.jsonl refit linear pool 2 select 1.5 break 30 explore no
pair_coeff * * untrained.almtp Al
velocity all create 2400 11
fix 1 all nvt temp 1200 1200 0.1
timestep 0.002
thermo 100
run ${steps}
${last}
END
for ranks in 1 2; do
  rm -f train.extxyz learned.almtp no.jsonl
  timeout 200 "$MPIEXEC" -n $ranks lmp -in in.late -var wait no -var steps 2000 -log late.log -nocite >late.screen 2>&1 </dev/null ||
    die "$ranks ranks: $(tail -n 3 late.screen)"
  # the warm-up, and every label of the run
  [ "$(grep -c '"event":"label"' no.jsonl)" -eq "$(grep -c Lattice train.extxyz)" ] || die 'labels and events differ'
  awk -F'"step":' '/"event":"label"/ && !/"warmup":true/ && !/squeezed/ { split($2, s, ","); asked = s[1] }
    /"event":"refit"/ { split($2, s, ","); if (asked != "" && s[1] > asked + 20) late++ } END { exit late == 0 }' no.jsonl ||
    die "no label was learned later than it was asked for: $(cat no.jsonl)"
  [ -z "$(ls | grep '^train.extxyz.')" ] || die "left: $(ls)"
done

# a kill while something is out
rm -f train.extxyz learned.almtp no.jsonl asked
lmp -in in.late -var wait no -var steps 100000 -log none -nocite >killed.screen 2>&1 </dev/null &
pid=$!
for round in $(seq 400); do
  ! grep -q '"event":"refit"' no.jsonl 2>/dev/null || [ ! -s train.extxyz.calls ] || break
  sleep 0.05
done
kill -9 $pid
wait $pid 2>/dev/null || true
[ -s train.extxyz.calls ] || die "nothing was out: $(tail -n 3 killed.screen)"
before=$(grep -c Lattice train.extxyz)
timeout 200 lmp -in in.late -var wait no -var steps 2 -log again.log -nocite >again.screen 2>&1 </dev/null || die "$(tail -n 3 again.screen)"
contains again.log 'an earlier run left [0-9]* QM calls'
[ "$(grep -c Lattice train.extxyz)" -gt "$before" ] || die 'what was out is not learned'
[ ! -e train.extxyz.calls ] || die 'train.extxyz.calls is left'

