# SPDX-License-Identifier: GPL-2.0-or-later
# A linear fit to what a potential of the same form says reproduces it; grades say what was trained on.
. "$SOURCE_DIR/tests/cli/_lib.sh"

make_potential a.almtp
contains train.log '^training set: 30 configurations, 180 atoms$'
contains train.log '^active set: '

crystals 25 11 >train-in.extxyz
crystals 10 12 >test-in.extxyz
mtp eval a.almtp train-in.extxyz -o train.extxyz
mtp eval a.almtp test-in.extxyz -o test.cfg
for format in extxyz cfg; do mtp eval a.almtp - -o - --to $format <test-in.extxyz >piped.$format; done
same test.cfg piped.cfg
mtp convert piped.extxyz piped2.cfg
same test.cfg piped2.cfg

mtp init --level 6 --species Al --cutoff 5 --min-dist 1.5 -o b.mtp
mtp train b.mtp train.extxyz -o b.almtp --linear --valid test.cfg --json >train.json
[ "$(wc -l <train.json)" -eq 1 ] || die '--json prints more than an object'
mtp errors b.almtp test.cfg --json >errors.json
grep -q '^{"configurations":10,"atoms":40,"energy_per_atom":{"mae":[^,]*,"rmse":[^,]*,"max":[^,]*},"force":{"mae":' \
  errors.json || die "errors --json is not as promised: $(cat errors.json)"
below "$(member errors.json '"energy_per_atom":{"mae":[^,]*,"rmse":[^,]*,"max":')" 1e-8
below "$(member errors.json '"force":{"mae":[^,]*,"rmse":[^,]*,"max":')" 1e-7
below "$(member errors.json '"stress":{"mae":[^,]*,"rmse":[^,]*,"max":')" 1e-6
# the errors are not small because nothing is there to compare
mtp errors b.almtp clusters.extxyz --json >other.json
contains other.json '"stress":{"mae":null,"rmse":null,"max":null}'
mtp errors b.almtp clusters.extxyz >other.txt
contains other.txt '^  stress component, GPa .* 0$'
awk '/^  force/ { exit !($4 > 1e-3) }' other.txt || die 'clusters are reproduced by a fit that never saw them'

# several files, weights and modes; OUT may be POT
head -n 60 train.extxyz >first.extxyz
tail -n +61 train.extxyz >second.extxyz
cp b.mtp c.almtp
mtp train c.almtp first.extxyz second.extxyz -o c.almtp --linear --mode configuration --json >two.json
[ "$(member two.json '"training":{"configurations":')" -eq 25 ] || die 'two files are not 25 configurations'
contains two.json '"mode":"configuration"'
mtp train c.almtp train.extxyz -o c.almtp --linear --json >three.json # the file keeps its mode
contains three.json '"mode":"configuration"'
mtp train b.mtp train.extxyz -o d.mtp --linear --weights mlip --weighting structures --seed 3 >/dev/null
mtp errors d.mtp test.cfg --json >errors.json
below "$(member errors.json '"force":{"mae":[^,]*,"rmse":[^,]*,"max":')" 1e-6
refuse 1 'no active set' mtp grade d.mtp test.cfg
refuse 1 'no active set' mtp eval d.mtp test.cfg -o graded.cfg --grade
absent graded.cfg

# what was trained on interpolates, a far away configuration does not
mtp grade b.almtp train.extxyz --json >inside.json
below "$(member inside.json '"max_grade":')" 1.01
crystals 3 13 1.6 >far.extxyz
mtp grade b.almtp far.extxyz -o far.cfg >far.txt
awk 'NR > 1 && NR < 5 && $3 > worst { worst = $3 } END { exit !(worst > 2) }' far.txt || die "$(cat far.txt)"
contains far.cfg 'MV_grade'
contains far.cfg 'nbh_grades'
mtp grade c.almtp train.extxyz >c.txt
contains c.txt 'configuration grades: '

# what has no label is not known: it is left out of the active set as well
crystals 3 14 1.6 >wild.extxyz
mtp train b.mtp train.extxyz wild.extxyz -o f.almtp --linear >/dev/null 2>f.err
contains f.err 'wild.extxyz: there is nothing to train on in it'
mtp grade f.almtp wild.extxyz --json >wild.json
below 2 "$(member wild.json '"max_grade":')"

# data without labels
refuse 1 'no configuration has energy' mtp train b.mtp train-in.extxyz -o e.almtp --linear
refuse 1 'no configuration has energy' mtp errors b.almtp test-in.extxyz
absent e.almtp
