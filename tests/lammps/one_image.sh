# SPDX-License-Identifier: GPL-2.0-or-later
# Potential and active set are of one image of the file that pair_coeff names: who replaces it before the first step
# changes nothing, and other keywords for pair_style begin with what the last ones had.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
make_potential 8
mtp train untrained.almtp labelled.extxyz -o other.almtp --linear --mode neighbourhood --weights 300,0.01,0.0002 >other.txt
crystal
cat >in.image <<'END'
include ${decks}/start.lmp
pair_style mtp/al log events.jsonl save saved.almtp select 1e6 break 1e6
pair_coeff * * here.almtp Al Ni
variable replace index no
if "${replace} == yes" then "shell cp other.almtp here.almtp"
compute al all pair mtp/al
thermo_style custom step pe c_al[1]
run 0 post no
print "before = $(pe:%.17g) $(c_al[1]:%.17g)"
pair_style mtp/al log events.jsonl save saved.almtp select 2e6 break 2e6
run 0 post no
print "after = $(pe:%.17g) $(c_al[1]:%.17g)"
END
image() { # LOG [lmp options]
  log=$1
  shift
  timeout 100 "$MPIEXEC" -n 2 lmp -in in.image -log "$log" -nocite -var decks "$decks" "$@" >"$log.screen" 2>&1 ||
    die "in.image: $(tail -n 3 "$log.screen")"
}
cp other.almtp here.almtp
image other.log
cp pot.almtp here.almtp
image kept.log
image replaced.log -var replace yes
same here.almtp other.almtp
[ "$(value kept.log before)" != "$(value other.log before)" ] || die 'the potentials are alike: this test says nothing'
close "$(value replaced.log before)" "$(value kept.log before)" 1e-12
close "$(value replaced.log after)" "$(value kept.log before)" 1e-12
