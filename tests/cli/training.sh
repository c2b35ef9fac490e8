# SPDX-License-Identifier: GPL-2.0-or-later
# Training of all parameters from the shell: better than a linear fit, the same from any number of threads, watched,
# stopped, killed and gone on with.
. "$SOURCE_DIR/tests/cli/_lib.sh"

make_potential truth.almtp
crystals 60 21 >in.extxyz
mtp eval truth.almtp in.extxyz -o train.extxyz
crystals 10 22 >in.extxyz
mtp eval truth.almtp in.extxyz -o test.extxyz
mtp init --level 4 --species Al --cutoff 5 --min-dist 1.5 -o start.mtp

force() { member "$1" '"force":{"mae":[^,]*,"rmse":'; }
loss() { member "$1" '"loss":'; }
mtp train start.mtp train.extxyz -o linear.almtp --linear --json >linear.json
mtp train start.mtp train.extxyz -o full.almtp --valid test.extxyz --threads 1 --log full.log --json >full.json
contains full.json '"kind":"full"'
awk -v f="$(loss full.json)" -v l="$(loss linear.json)" 'BEGIN { exit !(f < 0.7 * l) }' ||
  die "training gains too little: $(loss linear.json) -> $(loss full.json)"
mtp errors full.almtp test.extxyz --json >errors.json
mtp errors linear.almtp test.extxyz --json >errors-linear.json
below "$(force errors.json)" "$(force errors-linear.json)"
absent full.almtp.checkpoint
grep -q '^{"event":"iteration","stage":"final","level":4,"iteration":1,' full.log || die "$(tail -n 1 full.log)"
grep -q '"valid_rmse_force":[0-9]' full.log || die 'the log does not know the validation set'
mtp train full.almtp train.extxyz -o on.almtp --max-iter 5 --json >on.json # a trained one goes on
awk -v a="$(loss on.json)" -v b="$(loss full.json)" 'BEGIN { exit !(a <= b * (1 + 1e-9)) }' || die 'going on went up'

# the same bytes from any number of threads, and silence where nobody looks
mtp train start.mtp train.extxyz -o full2.almtp --valid test.extxyz --threads 3 >report.txt 2>report.err
same full.almtp full2.almtp
[ ! -s report.err ] || die "training is not silent: $(cat report.err)"
contains report.txt '^training: [0-9]* iterations, [0-9]* passes, '
contains report.txt '^validation set: 10 configurations'
mtp train start.mtp train.extxyz -o other.almtp --threads 1 --seed 7 --json >other.json
if cmp -s full.almtp other.almtp; then die 'the seed does nothing'; fi

# another level: of cells whose labels are of level 4 it brings nothing
mtp train start.mtp train.extxyz --compare-level 8 --threads 1 --max-iter 5 >compare.txt
contains compare.txt '^level  parameters '
contains compare.txt '^    4  .*[0-9] .*[0-9]$'
contains compare.txt '^    8  .*[0-9] .*[0-9]$'
mtp train start.mtp train.extxyz --compare-level 8 --threads 1 --max-iter 5 --json >compare.json
contains compare.json '"levels":\[{"level":4,.*"held_out":{.*"level":8,.*"verdict":"'
refuse 2 'even number' mtp train start.mtp train.extxyz --compare-level 7
refuse 2 'even number' mtp train start.mtp train.extxyz --compare-level 0 -o never.almtp
refuse 2 'without --linear' mtp train start.mtp train.extxyz --compare-level 8 --linear
refuse 2 'writes nothing.* -o' mtp train start.mtp train.extxyz --compare-level 8 -o never.almtp
refuse 1 'start.mtp is of level 4 itself' mtp train start.mtp train.extxyz --compare-level 4
absent never.almtp

# limits
mtp train start.mtp train.extxyz -o brief.almtp --time 0.001 --json >brief.json
contains brief.json '"stopped":true'
mtp errors brief.almtp test.extxyz >/dev/null
mtp train start.mtp train.extxyz -o patient.almtp --patience 2 --valid test.extxyz --json >patient.json
mtp train start.mtp train.extxyz -o close.almtp --update-min-dist --max-iter 2 >/dev/null 2>&1
mtp info close.almtp >close.txt
if grep -q 'min_dist *1.5$' close.txt; then die 'min_dist was not updated'; fi

# killed in the middle, it goes on where it was; for another job it is refused
mtp init --level 14 --species Al --cutoff 5 --min-dist 1.5 -o start.mtp --force
mtp train start.mtp train.extxyz -o killed.almtp --checkpoint-every 0 --max-iter 100000 --tol 1e-300 &
for _ in $(seq 1000); do
  if grep -q '"iterations":[1-9]' killed.almtp.checkpoint 2>/dev/null; then break; fi
  sleep 0.1
done
kill -9 $!
wait $! || true
absent killed.almtp
refuse 1 'killed.almtp.checkpoint.*another' mtp train start.mtp test.extxyz -o killed.almtp
mtp train start.mtp train.extxyz -o killed.almtp --max-iter 3 2>going.err >/dev/null
contains going.err 'going on from killed.almtp.checkpoint'
absent killed.almtp.checkpoint
echo nonsense >killed.almtp.checkpoint
refuse 1 'killed.almtp.checkpoint:1' mtp train start.mtp train.extxyz -o killed.almtp
