#!/bin/sh
# Large systems learn by cut-outs: small labels that the reference agrees with, the same ones on any number of ranks, for
# blocks, slabs and skewed cells, in runs and minimisations, by spheres, and by several at a time.
. "$SOURCE_DIR/tests/lammps/_lib.sh"

# learn NAME RANKS [lmp options]: a cold start; leaves NAME.log, NAME.extxyz, NAME.almtp.
learn() {
  name=$1
  ranks=$2
  shift 2
  rm -rf train.extxyz train.extxyz.calls mtp-al.jsonl candidates.extxyz qm
  cp untrained.almtp learned.almtp
  run "$ranks" "$name.log" in.cut "$@"
  mv train.extxyz "$name.extxyz"
  mv mtp-al.jsonl "$name.jsonl"
  mv learned.almtp "$name.almtp"
}

sizes() { awk 'NF == 1' "$1"; }
# steps and atoms of the labels
labels() { sed -n 's/.*"event":"label".*"step":\([0-9-]*\).*"natoms":\([0-9]*\).*/\1 \2/p' "$1"; }
# at most ATOMS in a label
small() { [ "$(sizes "$1" | sort -n | tail -n 1)" -le "$2" ] || die "$1: a label of $(sizes "$1" | sort -n | tail -n 1) atoms"; }
# has FILE TEXT [TIMES]
has() { [ "$(grep -c -e "$2" "$1")" -ge "${3:-1}" ] || die "$1: '$2' is not there ${3:-1} times"; }

untrained 6 Al
# IDs of created atoms, and with them what is equal, depend on the number of ranks
cat >in.block <<'EOF'
units metal
lattice fcc 4.05
region box block 0 5 0 5 0 5
create_box 1 box
create_atoms 1 box
mass 1 26.982
write_data block.data nocoeff
EOF
"$MPIEXEC" -n 1 lmp -in in.block -log none -screen none </dev/null || die 'no block.data'

# ---- the same on any number of ranks
learn block 1
small block.extxyz 250
has block.extxyz 'cut=cell' 3
[ "$(sizes block.extxyz | wc -l)" -ge 5 ] || die 'too few labels to compare'
for ranks in 2 4; do
  learn block$ranks $ranks
  labels block.jsonl >want
  labels block$ranks.jsonl >got
  cmp -s want got || die "other labels on $ranks ranks: $(diff want got | head -n 4)"
  close "$(value block$ranks.log energy)" "$(value block.log energy)" 1e-6
done

# ---- what is labelled is what the reference says of the cut-out
mtp label block.extxyz -o again.extxyz --qm 'lammps reference_al.lmp' --species Al >again.txt
head -n "$(($(sizes block.extxyz | head -n 1) + 2))" block.extxyz >first.extxyz
head -n "$(($(sizes again.extxyz | head -n 1) + 2))" again.extxyz >second.extxyz
close "$(xyz_forces second.extxyz)" "$(xyz_forces first.extxyz)" 1e-9

# ---- whole cells where that is asked for
learn whole 1 -var keywords 'cut off' -var steps 10
[ "$(sizes whole.extxyz | sort -n | tail -n 1)" -eq 500 ] || die 'cut off cuts'

# ---- a slab, and a skewed cell
learn slab 2 -var kind slab -var steps 200
small slab.extxyz 250
grep -e 'cut=cell' slab.extxyz | grep -v warmup= | sed 's/.*Lattice="\([^"]*\)".*/\1/' |
  awk '$9 > 34 { exit 1 }' || die 'the vacuum of the slab is labelled'
learn skew 1 -var kind skew -var steps 30
small skew.extxyz 300

# ---- minimisation: the end is labelled by what is around its worst atom
learn relax 1 -var end minimize
small relax.extxyz 250

# ---- spheres: the file says what counts
learn sphere 2 -var keywords 'cut 8.5 shape sphere' -var steps 20
has sphere.extxyz 'cut=sphere.*config_energy_weight=0\|config_energy_weight=0.*cut=sphere'
has sphere.extxyz ':force_mask:L:1'
mtp errors sphere.almtp sphere.extxyz --json >errors.json || die 'errors of spheres'

# ---- on top of a baseline, which is that of the cut-outs
learn overlay 2 -var overlay yes -var steps 20
small overlay.extxyz 250
has overlay.extxyz 'cut=cell.*baseline=b\|baseline=b.*cut=cell'
mtp errors overlay.almtp again.extxyz --baseline 'lammps train.extxyz.baseline' --json >errors.json || die 'errors'

# ---- several at a time
cp block.almtp teacher.almtp
cat >teach.sh <<EOF
exec mtp eval $PWD/teacher.almtp in.extxyz -o out.extxyz
EOF
learn workers 2 -var qm "\"exec 'sh $PWD/teach.sh' workers=3\"" -var steps 30
small workers.extxyz 250
cut_atoms=$(sed -n 's/.* step=\([0-9]*\) .*cut_atom=\([0-9]*\).*/\1 \2/p; s/.*cut_atom=\([0-9]*\).* step=\([0-9]*\) .*/\2 \1/p' \
  workers.extxyz | sort | uniq -d)
[ -z "$cut_atoms" ] || die "cut twice around the same atom: $cut_atoms"

# ---- goes on from its files, and asks for nothing twice
rm -f train.extxyz*
cp block.extxyz train.extxyz
cp block.almtp learned.almtp
run 1 again.log in.cut
[ "$(value again.log labels)" -le "$(($(value block.log labels) / 2))" ] || die 'what is known is learned again'

# ---- wrong words
refused 'cut needs mode neighbourhood' 1 "$decks/in.cut" -var keywords 'cut 6 mode configuration' -var decks "$decks"
refused 'a radius of 3 A is below the cutoff of the potential, 5 A' 1 "$decks/in.cut" -var keywords 'cut 3' \
  -var decks "$decks"
refused 'radius of cut must be above 0' 1 "$decks/in.cut" -var keywords 'cut -6' -var decks "$decks"
