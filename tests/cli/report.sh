# SPDX-License-Identifier: GPL-2.0-or-later
# One page with pictures: of a potential against data, of a training, of a learning run. Nothing outside it is needed and
# nothing stays behind.
. "$SOURCE_DIR/tests/cli/_lib.sh"
command -v gnuplot >/dev/null || skip gnuplot

make_potential truth.almtp
crystals 20 41 >in.extxyz
mtp eval truth.almtp in.extxyz -o train.extxyz
sed 's/energy=/config_type="a<b" energy=/' train.extxyz | awk 'NR % 10 { print } !(NR % 10) { sub(/a<b/, "c"); print }' >data.extxyz
mtp init --level 4 --species Al --cutoff 5 --min-dist 1.5 -o start.mtp
mtp train start.mtp data.extxyz -o pot.almtp --threads 1 --max-iter 5 --log train.log >/dev/null
cat >events.jsonl <<'END'
{"event":"start","step":-1}
{"event":"label","step":0,"gamma":12.5,"seconds":1.5,"force_rmse_before":0.2}
{"event":"refit","step":0,"configurations":1,"rmse_energy":0.001,"rmse_force":0.1,"seconds":0.1}
{"event":"label","step":90,"gamma":null,"seconds":1.5}
{"event":"refit","step":90,"configurations":2,"rmse_energy":0.0005,"rmse_force":0.05,"seconds":0.1}
{"event":"label","st
END
printf '%s' "$(cat events.jsonl)" >cut.jsonl

# a gnuplot that dies at once is one line
mkdir false
printf '#!/bin/sh\n[ "$1" != --version ] || exit 0\nexec <&-\necho broken >&2\nexit 1\n' >false/gnuplot
chmod +x false/gnuplot
PATH="$PWD/false:$PATH" refuse 1 'gnuplot fails: broken' mtp report pot.almtp data.extxyz -o never.html
absent never.html

TMPDIR=$PWD/nowhere refuse 1 'cannot make a folder in .*/nowhere: No such' mtp report pot.almtp data.extxyz -o never.html
mkdir "it's here"
TMPDIR="$PWD/it's here" mtp report pot.almtp data.extxyz cut.jsonl train.log -o report.html --title 'A & B' >out.txt 2>err.txt || die "$(cat err.txt)"
[ ! -s out.txt ] && [ ! -s err.txt ] || die "prints: $(cat out.txt err.txt)"
[ -z "$(ls -A "it's here")" ] || die "left behind: $(ls -A "it's here")"
[ "$(grep -o '<svg' report.html | wc -l)" -eq 15 ] || die "$(grep -o '<svg' report.html | wc -l) pictures"
grep -o 'http[^"'"'"' ]*' report.html | grep -v 'www.w3.org' && die 'the page needs something from elsewhere'
contains report.html '<title>A &amp; B</title>'
contains report.html '<tr><td>all</td><td>20</td>'
contains report.html '<tr><td>a&lt;b</td><td>1[0-9]</td>'
contains report.html '<p class="verdict">Still learning: 2 labels in 90 steps, 1 in the second half; the next one is expected in 45 steps (80 %: 5 to 1000): not converged; 90 more steps without a label would be. '
contains report.html '<p class="remarks">On data.extxyz the RMS error is .* meV/atom, .* eV/A'
contains report.html '<meta name="viewport" content="width=device-width,initial-scale=1">'
[ "$(wc -c <report.html)" -lt 600000 ] || die "the page has $(wc -c <report.html) bytes"
contains report.html '2 labels (3 s in the driver), 2 refits'
contains report.html '</body></html>'
# names inside the pictures are their own
grep -o " id='[^']*'" report.html | sort | uniq -d >twice.txt
[ ! -s twice.txt ] || die "$(head -n 3 twice.txt)"
# a run that needed no more than its warm-up
sed 's/"gamma":12.5/"gamma":null/' cut.jsonl >warm.jsonl
mtp report warm.jsonl -o warm.html >out.txt 2>err.txt || die "$(cat err.txt)"
[ "$(grep -o '<svg' warm.html | wc -l)" -eq 5 ] || die "$(grep -o '<svg' warm.html | wc -l) pictures of a warm-up"
# candidates are labelled after the steps that they are of: the curve of labels goes up all the same, and each label
# has its cause
cat >late.jsonl <<'END'
{"event":"start","step":null}
{"event":"label","step":7000,"gamma":5,"warmup":false,"natoms":32,"seconds":1,"recovered":true}
{"event":"label","step":0,"gamma":null,"warmup":true,"natoms":32,"seconds":1}
{"event":"label","step":400,"gamma":11,"warmup":false,"natoms":32,"seconds":1,"force_rmse_before":0.2,"energy_error_before":0.001}
{"event":"label","step":300,"gamma":3,"warmup":false,"natoms":32,"seconds":1,"force_rmse_before":0.1,"energy_error_before":0.001}
{"event":"label","step":400,"gamma":null,"squeezed":0.8,"natoms":32,"seconds":1}
{"event":"label","step":1000,"gamma":4,"explored":2.5,"natoms":32,"seconds":1}
{"event":"refit","step":400,"configurations":4,"rmse_energy":0.001,"rmse_force":0.1,"seconds":0.1}
{"event":"check","step":500,"force_rmse":0.06,"expected_force_rmse":0.05}
{"event":"check","step":900,"force_rmse":0.04,"expected_force_rmse":0.05}
{"event":"end","step":1000,"predicted_rmse_force":0.05,"predicted_part_of_force":0.02}
END
mtp report late.jsonl -o late.html
contains late.html 'Learned: 2 labels in 1000 steps, 0 in the second half; the next one is expected in 7000 steps (80 %: .*): converged. The exploration after it took 1 more. Error to expect of a force: 0.05 eV/A (2 %'
contains late.html 'Checks: true errors'
for cause in warm-up grade 'pair squeezed to 0.8' 'exploration, 2.5 ps'; do contains late.html "<td>$cause</td>"; done
contains late.html '<tr><td>4</td><td>300</td><td>grade</td><td>3</td><td>32</td><td>1</td><td>0.1</td><td>1</td></tr>'
# steps that were counted anew: the run knows, and its last word is taken
cat >anew.jsonl <<'END'
{"event":"start","step":-1}
{"event":"label","step":900,"gamma":12.5,"seconds":1.5,"force_rmse_before":0.2}
{"event":"refit","step":900,"configurations":1,"rmse_energy":0.001,"rmse_force":0.1,"seconds":0.1}
{"event":"outlook","step":1000,"first_step":0,"asked_labels":1,"late_labels":1,"next_label":500,"next_label_soonest":50,"next_label_latest":9000,"quiet_steps":800,"converged":false}
{"event":"end","step":50,"first_step":0,"asked_labels":0,"late_labels":0,"next_label":350,"next_label_soonest":5,"next_label_latest":90000,"quiet_steps":0,"converged":true,"higher_level":16,"held_out_rmse_force":0.2,"higher_level_rmse_force":0.1}
END
mtp report anew.jsonl -o anew.html
contains anew.html 'Learned: 0 labels in 50 steps, 0 in the second half; the next one is expected in 350 steps (80 %: 5 to 90000): converged'
contains anew.html 'Level 16 would bring 0.1 instead of 0.2 eV/A on held-out labels'
# runs that share have a line each, which says whose it is
mtp report late.jsonl anew.jsonl late.jsonl -o three.html
contains three.html '<p class="verdict">late.jsonl: Learned: 2 labels in 1000 steps'
[ "$(grep -c '^anew.jsonl: Learned: 0 labels in 50 steps' three.html)" = 1 ] || die 'a verdict does not say of which run'
[ "$(grep -c '^late.jsonl: Learned: 2 labels' three.html)" = 1 ] || die 'a verdict does not say of which run'
# which is nothing of a run that goes on in the same log
sed -n '1,3p' anew.jsonl >>anew.jsonl
mtp report anew.jsonl -o anew.html
! grep -q 'would bring' anew.html || die 'a higher level of the run before'

mtp report events.jsonl -o log.html 2>err.txt && die 'a bad line is accepted'
contains err.txt 'events.jsonl:6'
absent log.html
refuse 2 'give one' mtp report data.extxyz -o x.html
refuse 2 'two potentials' mtp report pot.almtp truth.almtp -o x.html
refuse 1 'untrained' mtp report start.mtp -o x.html
refuse 2 '-o is required' mtp report pot.almtp
refuse 1 'no configuration has energy' mtp report pot.almtp in.extxyz -o x.html
absent x.html
