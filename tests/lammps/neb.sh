# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# Nudged elastic band of a vacancy that moves: each replica learns into files of its own, and one potential of all their
# labels has the barrier of the reference.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
. "$SOURCE_DIR/tests/lammps/_neb.sh"

band in.reference 'include reference_al.lmp' ''
right=$(barrier in.reference)
for w in 1 2 3; do cp first.almtp al.$w.almtp; done
band in.learn "pair_style mtp/al qm 'lammps reference_al.lmp' train train.\$w.extxyz save al.\$w.almtp log events.\$w.jsonl explore no" \
  'pair_coeff * * al.$w.almtp Al'
learned=$(barrier in.learn)
for w in 1 2 3; do grep -q '"event":"label"' events.$w.jsonl || die "replica $w learned nothing"; done

mtp train al.2.almtp train.1.extxyz train.2.extxyz train.3.extxyz -o al.almtp >train.txt
band in.frozen 'pair_style mtp' 'pair_coeff * * al.almtp Al'
frozen=$(barrier in.frozen)
echo "$right $learned $frozen" >barriers
close "$frozen" "$right" 0.05
