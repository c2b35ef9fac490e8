# SPDX-License-Identifier: GPL-2.0-or-later
# Bench: a time and a small deviation for every instruction set and precision, as a table and as JSON.
. "$SOURCE_DIR/tests/cli/_lib.sh"

quick='--atoms 256 --time 0.02'
make_potential pot.almtp

# shellcheck disable=SC2086 # words
mtp bench pot.almtp $quick >table.txt 2>table.err
[ ! -s table.err ] || die "prints on stderr: $(cat table.err)"
contains table.txt '^level 6, 256 displaced fcc atoms, '
contains table.txt '^38 neighbours inside 5 A, '
number='[0-9][0-9.]*'
contains table.txt "^isa  *precision  *us/atom  *speed-up  *all, us/atom  .*graded, us/atom\$"
# the reference comes first
sed -n '/^isa /{n;p;}' table.txt >first.txt
contains first.txt "^[a-z0-9]*  *double  *$number  *1.00  *$number  *0.00e+00  *0.0e+00  *0.00e+00  *$number\$"
contains table.txt "^[a-z0-9]*  *mixed  *$number  *$number  .* -\$"
# both precisions of the same instruction sets
sed -n 's/^\([a-z0-9]*\)  *double .*/\1/p' table.txt >double.txt
sed -n 's/^\([a-z0-9]*\)  *mixed .*/\1/p' table.txt >mixed.txt
same double.txt mixed.txt

# results FILE: one result a line
results() { sed 's/.*"results":\[//; s/},{/}\n{/g' "$1"; }

# shellcheck disable=SC2086
mtp bench pot.almtp $quick --json >bench.json
[ "$(wc -l <bench.json)" -eq 1 ] || die 'more than one JSON object'
if command -v python3 >/dev/null; then python3 -m json.tool bench.json >/dev/null || die 'not JSON'; fi
contains bench.json '^{"file":"pot.almtp","level":6,"species":1,"atoms":256,"lattice_constant":'
contains bench.json '"neighbours":38,"listed_neighbours":'
below 0 "$(member bench.json '"force_rms":')"
below 0 "$(member bench.json '"processor_share":')"
below "$(member bench.json '"processor_share":')" 1.1
results bench.json | sed -n 's/.*"isa":"\([a-z0-9]*\)","precision":"double".*/\1/p' >isa.txt
same isa.txt double.txt
results bench.json >results.json
[ "$(wc -l <results.json)" -eq $((2 * $(wc -l <isa.txt))) ] || die "not two results for each instruction set"
while read -r line; do
  echo "$line" >one.json
  below 0 "$(member one.json '"us_per_atom":')"
  below 0 "$(member one.json '"speedup":')"
  below 0 "$(member one.json '"all_us_per_atom":')"
  case $line in
    *'"precision":"double"'*) limit=1e-10 && below 0 "$(member one.json '"graded_us_per_atom":')" ;;
    *'"precision":"mixed"'*) limit=1e-3 && contains one.json '"graded_us_per_atom":null' ;;
    *) die "neither double nor mixed: $line" ;;
  esac
  relative=$(member one.json '"force_relative_deviation":')
  energy=$(member one.json '"energy_deviation":')
  below "$relative" $limit
  below "$energy" $limit
  awk -v a="$(member one.json '"force_rms_deviation":')" -v b="$relative" -v rms="$(member bench.json '"force_rms":')" \
    'BEGIN { d = a - b * rms; exit !(d * d <= 1e-12 * a * a) }' || die "the two deviations disagree: $line"
done <results.json

# without grades of atoms there is no column for them
mtp convert pot.almtp bare.mtp
mtp train start.mtp clusters.extxyz -o whole.almtp --linear --mode configuration >/dev/null
for pot in bare.mtp whole.almtp; do
  # shellcheck disable=SC2086
  mtp bench $pot $quick >bare.txt
  contains bare.txt 'eV/atom$'
  # shellcheck disable=SC2086
  mtp bench $pot $quick --json >bare.json
  results bare.json | grep -v -q '"graded_us_per_atom":null' && die "$pot: grades from nowhere"
done

# species are mixed, and the number of neighbours is the one that was asked for
mtp init --level 6 --species Al,Ni --cutoff 5 --min-dist 1.5 -o two.mtp
awk '/^Al/ && n++ % 2 { sub("Al", "Ni") } { print }' clusters.extxyz >alloy.extxyz
mtp train two.mtp alloy.extxyz -o two.almtp --linear >/dev/null
# shellcheck disable=SC2086
mtp bench two.almtp $quick --neighbours 57 --json >two.json
contains two.json '"species":2,.*"neighbours":57,'
results two.json | while read -r line; do
  echo "$line" >one.json
  relative=$(member one.json '"force_relative_deviation":')
  below "$relative" 1e-3
done

refuse 1 'start.mtp: .*untrained' mtp bench start.mtp
refuse 1 'missing.almtp' mtp bench missing.almtp
refuse 1 'clusters.extxyz' mtp bench clusters.extxyz
refuse 1 'below min_dist 1.5 A; at most [0-9]* fit' mtp bench pot.almtp --neighbours 900
for word in x 3.5 '' 0 -1 100000000; do
  refuse 2 '^mtp bench: --neighbours: ' mtp bench pot.almtp --neighbours "$word"
  refuse 2 '^mtp bench: --atoms: ' mtp bench pot.almtp --atoms "$word"
done
for word in x '' 0 -1 nan inf 1e9; do
  refuse 2 '^mtp bench: --time: ' mtp bench pot.almtp --time "$word"
done
refuse 2 "unexpected argument 'b'" mtp bench a b
# what the message says does fit
most=$(mtp bench pot.almtp --neighbours 900 2>&1 | sed -n 's/.*at most \([0-9]*\) fit.*/\1/p')
# shellcheck disable=SC2086
mtp bench pot.almtp $quick --neighbours "$most" --json >most.json
contains most.json "\"neighbours\":$most,"
refuse 1 'at most' mtp bench pot.almtp --atoms 256 --neighbours $((most + 10))

status=0
# shellcheck disable=SC2086
mtp bench pot.almtp $quick >/dev/full 2>full.err || status=$?
[ $status -eq 1 ] && [ "$(wc -l <full.err)" -eq 1 ] || die "a full disk behind stdout: $status, $(cat full.err)"
