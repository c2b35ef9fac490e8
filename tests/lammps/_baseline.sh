# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of baselines share: systems, decks, and that what is learned and its baseline are one potential. Sourced
# after _lib.sh.

metal='units metal
atom_modify map array
lattice fcc 4.05
region b block 0 2 0 2 0 2
create_box 1 b
create_atoms 1 box
mass 1 27
variable t index 800
variable dt index 0.002'
salt='units metal
atom_style charge
atom_modify map array
lattice custom 5.64 a1 1 0 0 a2 0 1 0 a3 0 0 1 basis 0 0 0 basis 0.5 0.5 0 basis 0.5 0 0.5 basis 0 0.5 0.5 &
  basis 0.5 0 0 basis 0 0.5 0 basis 0 0 0.5 basis 0.5 0.5 0.5
region b block 0 2 0 2 0 2
create_box 2 b
create_atoms 1 box basis 5 2 basis 6 2 basis 7 2 basis 8 2
mass 1 22.99
mass 2 35.45
set type 1 charge 1
set type 2 charge -1
variable t index 500
variable dt index 0.002'
# of Tosi and Fumi
bmhtf='pair_coeff 1 1 0.2637 0.317 2.340 1.0486 -0.4993
pair_coeff 1 2 0.2110 0.317 2.755 6.9906 -8.6758
pair_coeff 2 2 0.1582 0.317 3.170 72.4022 -145.4285'

# deck NAME ELEMENTS SYSTEM STYLES COEFFS: in.NAME, and total.NAME.lmp of what it has in the end
deck() {
  name=$1
  cat >"in.$name" <<END
variable name index $name
variable steps index 40
variable driver index "'lammps ref.$name.lmp'"
variable more index ""
variable q index ""
$3
pair_style hybrid/overlay $4 mtp/al qm \${driver} train \${name}.extxyz save \${name}.almtp log \${name}.jsonl
pair_coeff * * mtp/al $name.untrained.almtp $2
$5
\${more}
velocity all create \$t 11
fix 1 all nve
timestep \${dt}
run \${steps}
shell cp \${name}.almtp \${name}.now.almtp # before the end of the run trains it once more
write_dump all custom \${name}.dump id element \${q} x y z fx fy fz modify sort id element $2 format float %.17g
print "energy = \$(pe:%.17g)"
END
  {
    sed -n '/^set /p; s/^atom_style/&/p' <<END
$3
END
    echo "pair_style hybrid/overlay $4 mtp"
    echo "pair_coeff * * mtp $name.now.almtp $2"
    echo "$5"
  } >"total.$name.lmp"
}

# numbers FILE [KEY]: energies and forces, one a line; what KEY says is added to energies.
numbers() {
  awk -v key="${2:-}" '
    function value(name) {
      if (!match($0, "(^| )" name "=\"?[^ \"]*")) return 0
      text = substr($0, RSTART, RLENGTH); sub(/^[^=]*="?/, "", text); return text
    }
    NF == 1 { next }
    /Properties=/ {
      printf "%.15g\n", value("energy") + (key == "" ? 0 : value(key))
      match($0, /Properties=[^ ]*/); n = split(substr($0, RSTART + 11, RLENGTH - 11), p, ":"); column = 1
      for (i = 1; i < n; i += 3) { if (p[i] ~ /^forces?$/) from = column; column += p[i + 2] }
      next
    }
    { print $from; print $(from + 1); print $(from + 2) }' "$1"
}

# subtracted NAME SPECIES: every label and its baseline are the reference.
subtracted() {
  mtp label "$1.extxyz" -o "$1.qm.extxyz" --qm "lammps ref.$1.lmp" --species "$2" >label.txt
  sed 's/^units real/units metal/' "$1.extxyz.baseline" >"$1.base.lmp"
  mtp label "$1.extxyz" -o "$1.base.extxyz" --qm "lammps $1.base.lmp" --species "$2" >label.txt
  ! grep -q 'baseline=' "$1.qm.extxyz" || die "$1: a label of the reference says that it is of a baseline"
  numbers "$1.extxyz" baseline_energy >a
  numbers "$1.base.extxyz" >b
  numbers "$1.qm.extxyz" >c
  [ "$(wc -l <c)" -gt 100 ] || die "$1: hardly any labels"
  # energies lead each configuration: baseline_energy is in them already
  n=$(head -n 1 "$1.extxyz")
  paste a b c | awk -v block="$((3 * n + 1))" '
    { d = NR % block == 1 ? $1 - $3 : $1 + $2 - $3; if (d < 0) d = -d; if (!(d < 1e-9)) { print NR ": " $0; exit 1 } }
  ' || die "$1: a label and its baseline are not the reference"
}

# together NAME SPECIES: a potential, near the reference, and what the run itself had.
together() {
  mtp convert "$1.dump" "$1.last.extxyz" --species "$2"
  mtp label "$1.last.extxyz" -o "$1.total.extxyz" --qm "lammps total.$1.lmp" --species "$2" >label.txt
  mtp label "$1.last.extxyz" -o "$1.ref.extxyz" --qm "lammps ref.$1.lmp maxforce=1000" --species "$2" >label.txt
  numbers "$1.total.extxyz" | sed 1d >a
  numbers "$1.ref.extxyz" | sed 1d >b
  paste a b | awk -v limit="$3" '{ s += ($1 - $2)^2; f += $2^2 } END { exit !(sqrt(s / f) < limit) }' ||
    die "$1: learned forces are far from the reference"
  grep -q '^ITEM: ATOMS.* q ' "$1.dump" && column=7 || column=6
  dump_columns "$1.dump" $column >c
  close "$(cat a)" "$(cat c)" "${4:-1e-9}"
  mtp label "$1.last.extxyz" --qm "lammps total.$1.lmp" --species "$2" --check >check.txt ||
    die "$1: $(cat check.txt)"
}

# learn NAME RANKS [options]
learn() {
  timeout 100 "$MPIEXEC" -n "$2" lmp -in "in.$1" -log "log.$1" -nocite ${3:-} >"screen.$1" 2>&1 </dev/null ||
    die "$1 on $2 ranks: $(tail -n 5 "screen.$1")"
}

# learns_alike_on_ranks RANKS: in.ranks on one and on two ranks, and a restart on RANKS that pays for nothing twice.
learns_alike_on_ranks() {
  for ranks in 1 2; do
    learn ranks $ranks "-var name ranks$ranks"
    decisions ranks$ranks.jsonl >ranks$ranks.decisions
  done
  [ "$(wc -l <ranks1.decisions)" -gt 3 ] || die "hardly a label: $(cat ranks1.decisions)"
  same ranks1.decisions ranks2.decisions
  same ranks1.extxyz.baseline ranks2.extxyz.baseline
  cp ranks1.extxyz before.extxyz
  learn ranks "$1" '-var name ranks1 -var steps 0'
  same ranks1.extxyz before.extxyz
}
