# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# kill -9 at random instants of three runs that share what they learn (KILLS, 8), each in a host of its own as far as names,
# process numbers, network and shared memory go, where that can be had: what was answered is never gone and never asked for
# again, calls of the dead are made by the living, and files are never corrupt.
. "$SOURCE_DIR/tests/faults/_lib.sh"
kills=${KILLS:-8}
untrained 8 Al

# The engine notes what it is asked for, and what is known of that by then; 0.1 s is enough to be killed in.
cat >engine.sh <<END
line=\$(awk 'NR > 2 { line = line \$1 " " \$2 " " \$3 " " \$4 " " } END { print line }' in.extxyz)
$(sed -n '/^positions()/,/^}/p' "$SOURCE_DIR/tests/faults/_lib.sh")
! positions $PWD/train.extxyz | grep -q -x -F -e "\$line" || echo "\$line" >>$PWD/known_before
echo "\$line" >>$PWD/asked
sleep 0.1
mtp label in.extxyz -o out.extxyz --qm "lammps $PWD/reference_al.lmp"
END
cat >in.share <<'END'
units metal
atom_modify map array
lattice fcc 4.05
region cell block 0 1 0 1 0 1
create_box 1 cell
create_atoms 1 box
mass 1 26.98
pair_style mtp/al qm "exec sh engine.sh" share yes save learned.almtp log ${name}.jsonl refit linear select 1.5 break 1.5 explore no
pair_coeff * * untrained.almtp Al
velocity all create $(2*v_temperature) ${seed}
fix 1 all nvt temp ${temperature} ${temperature} 0.1
timestep 0.002
run 150
END
# Without the right to have namespaces it is a process like any other. Shared memory is named after process numbers, so that
# each gets its own, too; MPI wants to talk to its own host, whose name nobody else knows.
own=
cat >host.sh <<'END'
name=$1
shift
mount -t tmpfs none /dev/shm && hostname "$name" && [ "$(hostname)" = "$name" ] || exit 1
ip link set lo up 2>/dev/null || : # not needed by one rank
exec "$@"
END
for words in '' '--user --map-root-user '; do
  host="unshare $words--uts --net --ipc --pid --mount-proc --fork --kill-child sh host.sh"
  if [ -z "$own" ] && $host node-0 true 2>/dev/null; then own=$host; fi
done
echo "own hosts: ${own:-no}"

# start NUMBER: the run of that number, in the background; its process in run.NUMBER
start() {
  seed=$(((seed * 16807) % 2147483647))
  ${own:+$own node-$1} lmp -in in.share -log none -nocite -var name "$1" -var seed $((seed % 90000 + 1)) \
    -var temperature $((400 * $1)) >"screen.$1" 2>&1 </dev/null &
  echo $! >"run.$1"
}
# ended NUMBER: how it came to its end, which must be a good one or a kill.
ended() {
  status=0
  wait "$(cat "run.$1")" 2>/dev/null || status=$?
  [ $status -eq 0 ] || [ $status -eq 137 ] || die "run $1 ends with $status: $(tail -n 3 "screen.$1")"
}

# together KILLS: from nothing, until so many were killed and the others have come to their end.
together() {
  rm -rf asked known_before known_then train.extxyz learned.almtp ./*.jsonl qm
  : >asked
  : >known_then
  for k in 1 2 3; do start $k; done
  done=0
  while [ $done -lt "$1" ]; do
    seed=$(((seed * 16807) % 2147483647))
    sleep "$(awk -v s=$seed 'BEGIN { print 0.05 + 0.5 * s / 2147483647 }')"
    k=$((seed / 7 % 3 + 1))
    pid=$(cat run.$k)
    if lives "$pid"; then
      kill -9 "$pid"
      done=$((done + 1))
    fi
    ended $k
    positions train.extxyz | sort -u >known_now
    [ -z "$(comm -23 known_then known_now)" ] || die "lost: $(comm -23 known_then known_now)"
    mv known_now known_then
    [ ! -e learned.almtp ] || mtp info learned.almtp >info.txt || die 'the potential is corrupt'
    start $k
  done
  for k in 1 2 3; do ended $k; done
  start 1 # what the last of them left when it was killed
  ended 1
}

# check KILLS
check() {
  [ ! -e known_before ] || die "asked for although it is in the training file: $(cat known_before)"
  mtp info train.extxyz >info.txt || die 'the training file is corrupt'
  positions train.extxyz | sort | uniq -d >twice
  [ ! -s twice ] || die "twice in the training file: $(cat twice)"
  sort -u asked >asked_once
  positions train.extxyz | sort -u >labelled
  # one call of each run that was killed may have been on its way
  again=$(($(wc -l <asked) - $(wc -l <asked_once)))
  [ $again -le "$1" ] || die "$again calls were made again after $1 kills"
  [ -z "$(comm -23 asked_once labelled)" ] || die "asked for and forgotten: $(comm -23 asked_once labelled | wc -l)"
  [ -z "$(ls | grep -e '^train.extxyz\.')" ] || die "left: $(ls)"
  echo "$1 kills, $(wc -l <labelled) labels, $again calls made again"
}

# Afresh now and then, since there is less and less to ask for.
seed=${SEED:-4711}
while [ "$kills" -gt 0 ]; do
  now=$((kills < 8 ? kills : 8))
  together $now
  check $now
  kills=$((kills - now))
done
