# SPDX-License-Identifier: GPL-2.0-or-later
# When a learning run is over its potential is tried alone, on any number of ranks; that is told, can be forbidden, and
# is left when something else than plain dynamics moves the atoms. Also after `quit`, which spares no time for last words
# of LAMMPS's own.
. "$SOURCE_DIR/tests/lammps/_lib.sh"
crystal -var cells 2

# learn RANKS NAME [lmp options]: a short run from nothing in a folder of its own.
learn() {
  ranks=$1 name=$2
  shift 2
  mkdir "$name"
  (
    cd "$name"
    cp ../reference_al.lmp ../crystal.data .
    untrained 8 Al
    run "$ranks" learn.log in.learn "$@" -var steps 100 -var explore yes
  ) || exit 1
}
told='the potential ran alone for [0-9.]* ps at [0-9.]* K: [0-9]* labels*, none in the last'

for ranks in 1 2 4; do
  learn $ranks ranks$ranks
  contains ranks$ranks/learn.log.screen "$told"
  [ "$(grep -c '"event":"exploration".*"ended":null' ranks$ranks/events.jsonl)" -ge 1 ] || die 'no event of it'
  [ "$(grep -c '"event":"end"' ranks$ranks/events.jsonl)" -eq 1 ] || die 'not one end'
  [ "$(grep -c Lattice ranks$ranks/train.extxyz)" -eq \
    "$(sed -n '/"event":"end"/s/.*"configurations":\([0-9]*\).*/\1/p' ranks$ranks/events.jsonl)" ] ||
    die 'training file and count differ'
done

# hotter for longer than the run: what it meets is learned, and says when
learn 1 hot -var steps 5 -var more 'velocity all create 6000.0 12'
contains hot/learn.log.screen "$told"
labels=$(sed -n 's/.*"event":"exploration".*"labels":\([0-9]*\).*/\1/p' hot/events.jsonl | awk '{ n += $1 } END { print n + 0 }')
[ "$labels" -ge 1 ] || die 'a hot exploration meets nothing new'
[ "$(grep -c 'explored=' hot/train.extxyz)" -eq "$labels" ] || die 'labels do not say that they were explored'

# what is not plain dynamics, and what the user forbids
learn 1 held -var more 'fix held all setforce NULL NULL NULL'
contains held/learn.log.screen 'the potential is not tried alone: fix held setforce takes part'
learn 1 forbidden -var explore no
if grep -e ' alone' forbidden/learn.log.screen || grep -e 'explored=' forbidden/train.extxyz; then die 'explore no explores'; fi

# the budget of the run holds for these labels, too
learn 1 spent -var heat 3000.0 -var keywords 'select 2.0 break 4.0 maxqm 6'
[ "$(grep -c Lattice spent/train.extxyz)" -le 6 ] || die 'more labels than maxqm allows'

# quit
for ranks in 1 2; do
  learn $ranks quit$ranks -var last quit
  contains quit$ranks/learn.log.screen "$told"
  [ "$(grep -c '"event":"end"' quit$ranks/events.jsonl)" -eq 1 ] || die 'quit leaves out the end'
done

# LAMMPS deletes a pair style late, when much is gone, after a private LAMMPS was closed: here that of a first learner
printf 'pair_coeff * * learned.almtp Al Al\nvelocity all scale 3000.0\nrun 50\n' >in.more
learn 1 anew -var last "include $PWD/in.more"
sed -n '/^going on from the /,$p' anew/learn.log.screen >second
contains second "$told" # the first one was tried before
contains anew/learn.log.screen "$told"
[ "$(grep -c '"event":"end"' anew/events.jsonl)" -eq 2 ] || die 'a second learner has no end'
