#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What calling an engine costs beside the engine: workers on calls of one second, a persistent client (unix socket and
# loopback) and a fresh process for each call, and the processor time of ranks that wait. Works in the current folder;
# build/env.sh must have been sourced, and the build folder must hold the tests (their i-PI client is used).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(dirname "$(dirname "$(command -v mtp)")")
client=$build/tests/bin/unit-qm_ipi
. "$here/../cli/_lib.sh"
seconds() { sed -n 's/.*"seconds":\([-+0-9.eE]*\).*/\1/p' "$1"; }

crystals 401 7 0.1 >many.extxyz
head -n 6 many.extxyz >one.extxyz
head -n 48 many.extxyz >eight.extxyz

# an engine that thinks for a while and answers nonsense that adds up
cat >engine.sh <<'END'
sleep "$1"
awk 'NR == 2 { sub(/Properties=[^ ]*/, "Properties=species:S:1:pos:R:3:forces:R:3 energy=-1 virial=\"1 0 0 0 1 0 0 0 1\"") }
     NR > 2 { $0 = $0 (NR % 2 ? " 0 0 1" : " 0 0 -1") } { print }' in.extxyz >out.extxyz
END

echo "== Eight calls of one second"
for workers in 1 2 4 8; do
  rm -f out.extxyz
  start=$(date +%s.%N)
  mtp label eight.extxyz -o out.extxyz --qm "exec sh $PWD/engine.sh 1 workers=$workers" >/dev/null
  end=$(date +%s.%N)
  [ $workers -ne 1 ] || alone=$(echo "$start $end" | awk '{ print $2 - $1 }')
  echo "$start $end $alone" | awk -v w=$workers '{ printf "workers=%d: %.2f s, %.2f times one worker\n", w, $2 - $1, $3 / ($2 - $1) }'
done

# per_call WHAT DRIVER: milliseconds of a call, without the start of the first.
per_call() {
  rm -f out.extxyz
  mtp label one.extxyz -o out.extxyz --json --qm "$2" >first.json
  rm -f out.extxyz
  mtp label many.extxyz -o out.extxyz --json --qm "$2" >all.json
  echo "$(seconds first.json) $(seconds all.json)" |
    awk -v what="$1" '{ printf "%-28s %7.3f ms a call, %.1f ms to start\n", what, 1000 * ($2 - $1) / 400, 1000 * $1 }'
}
echo "== Overhead of a call (the engine itself takes about 0.02 ms)"
per_call 'ipi, unix socket' "ipi unix:mtp-bench-$$ $client client cp2k mtp-bench-$$"
cat >inet.sh <<END
exec 3<>/dev/tcp/localhost/31999
exec $client client cp2k fd:3
END
per_call 'ipi, loopback' "ipi localhost:31999 bash inet.sh"
per_call 'exec, a shell script' "exec sh $PWD/engine.sh 0"

echo "== Ranks that wait, processor seconds for each of a label"
cp "$here/../lammps/reference_al.lmp" .
mtp init --level 6 --species Al --cutoff 5 --min-dist 1.8 -o untrained.almtp --force
decks=$here/../lammps
lmp -in "$decks/in.crystal" -log none -screen none -nocite -var decks "$decks" -var cells 2
# cpu SECONDS: of three ranks and everything they start, with two labels that take so long
cpu() {
  rm -rf train.extxyz learned.almtp events.jsonl
  bash -c 'mpiexec -n 3 lmp -in "$1/in.learn" -log none -screen none -nocite -var decks "$1" -var steps 0 \
    -var driver "$2" -var keywords "warmup 2 0.1" >/dev/null; times' sh "$decks" "'exec sh $PWD/engine.sh $1'" |
    tail -n 1 | awk '{ split($1, u, /[ms]/); split($2, s, /[ms]/); print 60 * (u[1] + s[1]) + u[2] + s[2] }'
}
short=$(cpu 1)
long=$(cpu 6)
echo "$short $long" | awk '{ printf "%.2f %% of a core for each of two ranks while a label runs\n", 100 * ($2 - $1) / (2 * 2 * 5) }'
