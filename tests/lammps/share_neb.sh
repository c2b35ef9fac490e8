# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# Nudged elastic band with share yes: all images have the same potential at every step, learn it together, and the
# barrier of the run is that of the potential that it leaves, and of the reference.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
. "$SOURCE_DIR/tests/lammps/_neb.sh"

band in.reference 'include reference_al.lmp' ''
right=$(barrier in.reference)
band in.learn "pair_style mtp/al qm 'lammps reference_al.lmp' share yes save al.almtp log events.\$w.jsonl explore no" \
  'pair_coeff * * first.almtp Al'
learned=$(barrier in.learn)
# the same band with the potential that was left
band in.frozen 'pair_style mtp' 'pair_coeff * * al.almtp Al'
frozen=$(barrier in.frozen)
echo "$right $learned $frozen" >barriers
close "$learned" "$right" 0.08 # some seven labels
close "$frozen" "$right" 0.08
close "$learned" "$frozen" 0.05 # of the same potential, but for its last training
[ "$(grep -c '"event":"label"' events.1.jsonl events.2.jsonl events.3.jsonl | awk -F: '{ n += $2 } END { print n }')" -eq \
  "$(grep -c Lattice train.extxyz)" ] || die 'labels and events differ'
