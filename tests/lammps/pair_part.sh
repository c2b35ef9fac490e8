# SPDX-License-Identifier: GPL-2.0-or-later
# A pair part that mtp train learns: with it a small potential does better, LAMMPS computes both together as the errors
# say and as derivatives of one energy, and a learning run goes on from there.
# timeout: 200
. "$SOURCE_DIR/tests/lammps/_lib.sh"

snapshots
untrained 6
mtp train untrained.almtp labelled.extxyz -o alone.almtp --linear --json >alone.json
mtp train untrained.almtp labelled.extxyz -o pot.almtp --linear --pair-part pairs.lmp --pair-cutoff 8 --json >pot.json
contains pot.json '"pair_part":{"file":"pairs.lmp","rounds":[1-9]'
rmse() { sed 's/.*"training":{\(.*\)/\1/; s/.*"force":{[^}]*"rmse":\([^,}]*\).*/\1/; q' "$1"; }
awk "BEGIN { exit !($(rmse pot.json) < 0.8 * $(rmse alone.json)) }" ||
  die "force errors: $(rmse pot.json) with the pair part, $(rmse alone.json) without"
[ ! -e pairs.lmp.draft ] && [ ! -e pairs.lmp.draft.table ] || die 'the draft of the pair part was left'
tag=$(sed -n 's/.*baseline=\(b[0-9a-f]*\).*/\1/p' pot.almtp)
[ -n "$tag" ] || die 'the potential does not say what it stands on'

# both together in LAMMPS
{
  sed '/^# mtp/p; /^#/d; s/^pair_style.*/& mtp/' pairs.lmp
  echo 'pair_coeff * * mtp pot.almtp Al Ni'
} >total.lmp
mtp label labelled.extxyz -o total.extxyz --species Al,Ni --qm 'lammps total.lmp' >label.txt
columns() { awk '/Properties=/ { match($0, /Properties=[^ ]*/); n = split(substr($0, RSTART + 11, RLENGTH - 11), p, ":")
    column = 1; for (i = 1; i < n; i += 3) { if (p[i] ~ /^forces?$/) from = column; column += p[i + 2] } next }
  NF > 3 { print $from; print $(from + 1); print $(from + 2) }' "$1"; }
columns labelled.extxyz >a
columns total.extxyz >b
mtp errors pot.almtp labelled.extxyz --baseline 'lammps pairs.lmp' --json >errors.json
close "$(paste a b | awk '{ d = $1 - $2; s += d < 0 ? -d : d } END { printf "%.10g\n", s / NR }')" "$(member errors.json '"force":{"mae":')" 1e-6
head -n $(($(head -n 1 labelled.extxyz) + 2)) labelled.extxyz >one.extxyz
mtp label one.extxyz --species Al,Ni --qm 'lammps total.lmp' --check >check.txt || die "$(cat check.txt)"

# a run, and one that learns
cat >in.pairs <<'END'
units metal
atom_modify map array
lattice fcc 4.0
region b block 0 2 0 2 0 2
create_box 2 b
create_atoms 1 box
set group all type/fraction 2 0.3 5
mass 1 27
mass 2 58.7
pair_style hybrid/overlay table spline 10000 ${style}
pair_coeff 1 1 table pairs.lmp.table Al-Al 8
pair_coeff 1 2 table pairs.lmp.table Al-Ni 8
pair_coeff 2 2 table pairs.lmp.table Ni-Ni 8
pair_coeff * * ${sub} pot.almtp Al Ni
variable t index 600
velocity all create ${t} 3
fix 1 all nve
thermo_style custom step pe etotal
run ${steps}
print "drift = $(etotal-v_start)"
write_dump all custom last.dump id element x y z fx fy fz modify sort id element Al Ni format float %.17g
END
sed 's/^run .*/run 0\nvariable start equal $(etotal)\nrun ${steps}/' in.pairs >in.run
lmp -in in.run -log run.log -nocite -var style mtp -var sub mtp -var steps 200 >run.screen 2>&1 || die "$(tail -n 3 run.screen)"
close "$(value run.log drift)" 0 5e-3
mtp convert last.dump last.extxyz --species Al,Ni
mtp label last.extxyz -o again.extxyz --qm 'lammps total.lmp' --species Al,Ni >label.txt
dump_columns last.dump 6 >c
close "$(cat c)" "$(xyz_forces again.extxyz)" 1e-9

sed '/^print/d' in.pairs >in.learn
timeout 100 "$MPIEXEC" -n 2 lmp -in in.learn -log learn.log -nocite -var sub mtp/al -var steps 40 -var t 2500 \
  -var style "mtp/al qm 'lammps reference.lmp' train more.extxyz save more.almtp log more.jsonl select 1.05 break 1.2 explore no" \
  >learn.screen 2>&1 </dev/null || die "$(tail -n 3 learn.screen)"
contains more.extxyz "baseline=$tag"
contains more.almtp "baseline=$tag"

# by sums over the lattice; what does not go together
mtp train untrained.almtp labelled.extxyz -o lattice.almtp --linear --pair-part lattice.lmp --pair-lattice >train.txt
contains train.txt '^pair part: lattice.lmp, loss alone'
contains lattice.lmp '^pair_coeff 1 2 table "lattice.lmp.table" Al-Ni 10$'
refuse 2 'it goes without --baseline' mtp train untrained.almtp labelled.extxyz -o x.almtp --pair-part x --baseline 'lammps y'
refuse 2 'go with --pair-part' mtp train untrained.almtp labelled.extxyz -o x.almtp --pair-lattice
refuse 1 'one in use is none' mtp train pot.almtp total.extxyz -o x.almtp --linear
refuse 2 'changes nothing' mtp train pot.almtp labelled.extxyz -o x.almtp --max-iter 0 --pair-part x

# without the potential there is no new file, and an old one stays as it is
cp pairs.lmp before.lmp
cp pairs.lmp.table before.table
refuse 1 'cannot write nowhere/x.jsonl' mtp train untrained.almtp labelled.extxyz -o x.almtp --linear --pair-part pairs.lmp \
  --pair-cutoff 7 --log nowhere/x.jsonl
refuse 1 'cannot write nowhere/x.jsonl' mtp train untrained.almtp labelled.extxyz -o x.almtp --linear --pair-part new.lmp \
  --log nowhere/x.jsonl
same pairs.lmp before.lmp
same pairs.lmp.table before.table
[ ! -e new.lmp ] && [ ! -e new.lmp.table ] || die 'a pair part was left by a training that failed'
[ -z "$(ls | grep draft)" ] || die 'a draft was left by a training that failed'
