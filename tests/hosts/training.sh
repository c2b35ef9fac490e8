# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# mtp train on three hosts gives the bytes of one host; where a host is cut off or killed it ends with an error, and the
# same command goes on from its checkpoint.
. "$SOURCE_DIR/tests/hosts/_lib.sh"
clusters 60 7 >clusters.extxyz
mtp init --level 12 --species Al --cutoff 5 --min-dist 1.5 -o start.almtp >init.txt
completes '[ -e hosts.almtp ]' hosts.txt mtp train start.almtp clusters.extxyz -o hosts.almtp --linear
mtp train start.almtp clusters.extxyz -o alone.almtp --linear >alone.txt 2>&1
same hosts.almtp alone.almtp
for case in 'kill 2' 'cut 3'; do
  over mtp train start.almtp clusters.extxyz -o trained.almtp --time 300 >train.txt 2>&1 &
  pid=$!
  for wait in $(seq 1200); do
    [ -z "$(ranks_of 2 mtp)" ] || break
    sleep 0.05
  done
  sleep 3 # they are in it by then, or still on their way to it
  [ -n "$(ranks_of 2 mtp)" ] || die "no training to disturb: $(cat train.txt)"
  # shellcheck disable=SC2086 # two words
  fault $case mtp
  ends_soon $pid "$case in a training"
  mend "${case#* }" mtp
  absent trained.almtp
done
