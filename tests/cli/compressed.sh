# SPDX-License-Identifier: GPL-2.0-or-later
# Files compressed by gzip are read and written like others, and files that a killed job cut short up to there.
. "$SOURCE_DIR/tests/cli/_lib.sh"

make_potential pot.almtp
crystals 4 3 >in.extxyz
mtp eval pot.almtp in.extxyz -o plain.extxyz

# every text format, both ways; named by its suffix, recognised by its content
for suffix in extxyz xyz cfg dump lammpstrj; do
  mtp convert plain.extxyz a.$suffix 2>/dev/null
  mtp convert plain.extxyz b.$suffix.gz 2>/dev/null
  gzip -dc b.$suffix.gz >b.$suffix
  same a.$suffix b.$suffix
  mtp convert a.$suffix a.cfg 2>/dev/null
  mtp convert b.$suffix.gz b.cfg 2>/dev/null
  same a.cfg b.cfg
done
head -n 6 plain.extxyz >one.extxyz
mtp convert one.extxyz a.data 2>/dev/null
mtp convert one.extxyz a.lmp.gz 2>/dev/null
gzip -dc a.lmp.gz >b.data
same a.data b.data
mtp convert a.lmp.gz again.extxyz
cp b.extxyz.gz nameless
mtp convert - - <nameless >piped.extxyz
same plain.extxyz piped.extxyz

# several members, as `cat` makes them
gzip -c one.extxyz >many.gz
gzip -c plain.extxyz >>many.gz
[ "$(mtp info many.gz --json | sed 's/.*"configurations"://; s/,.*//')" -eq 5 ] || die "$(mtp info many.gz)"

# potentials and logs
mtp convert pot.almtp zipped.almtp.gz
gzip -dc zipped.almtp.gz >unzipped.almtp
same pot.almtp unzipped.almtp
mtp convert pot.almtp zipped.mtp.gz
mtp convert pot.almtp plain.mtp
gzip -dc zipped.mtp.gz >unzipped.mtp
same plain.mtp unzipped.mtp
mtp errors zipped.mtp.gz b.extxyz.gz --json >zipped.json
mtp errors plain.mtp plain.extxyz --json >plain.json
same zipped.json plain.json
mtp train zipped.mtp.gz b.extxyz.gz -o trained.almtp.gz --linear >train.txt
mtp grade trained.almtp.gz plain.extxyz >grade.txt
echo '{"event":"label","step":1,"seconds":2}' | gzip -c >log.jsonl.gz
mtp info log.jsonl.gz >log.txt
contains log.txt 'QM calls'

# a job that was killed: the whole frames are there, and a line says so
for suffix in extxyz cfg dump; do
  head -c -25 a.$suffix >cut.$suffix
  mtp convert cut.$suffix whole.cfg 2>cut.err
  contains cut.err "cut.$suffix:[0-9]*: the last record is cut short and was left out\$"
  [ "$(grep -c BEGIN_CFG whole.cfg)" -eq 3 ] || die "cut.$suffix: $(grep -c BEGIN_CFG whole.cfg) configurations"
done
gzip -c plain.extxyz | head -c 700 >cut.gz
mtp convert cut.gz whole.extxyz 2>cut.err
contains cut.err 'cut.gz: the compressed data are cut short'
contains cut.err 'cut.gz:[0-9]*: the last record is cut short'
head -n "$(wc -l <whole.extxyz)" plain.extxyz >head.extxyz
same whole.extxyz head.extxyz
head -c -1 plain.extxyz >end.extxyz
mtp convert end.extxyz whole.extxyz 2>end.err
same whole.extxyz plain.extxyz
contains end.err 'end.extxyz:24: the last line has no end'
head -c 300 plain.extxyz >first.extxyz
refuse 1 'first.extxyz:[0-9]*: .*cut short' mtp convert first.extxyz none.extxyz
head -c 5000 zipped.almtp.gz >cut.almtp.gz
refuse 1 'cut.almtp.gz: the compressed data are cut short' mtp info cut.almtp.gz
{ gzip -c plain.extxyz | head -c 200; echo; echo damaged; gzip -c plain.extxyz | tail -c 200; } >bad.gz
refuse 1 'bad.gz: the compressed data are damaged' mtp convert bad.gz none.extxyz
printf 'BZh91AY&SY' >data.bz2
refuse 1 'data.bz2: found data compressed by bzip2' mtp convert data.bz2 none.extxyz
absent none.extxyz

# what is appended to stays plain
refuse 2 'OUT is extended XYZ' mtp label one.extxyz -o labels.cfg.gz --qm 'exec true'
status=0
mtp label one.extxyz -o labels.extxyz.gz --qm 'exec true' >label.txt 2>&1 || status=$?
[ $status -eq 1 ] || die "labels went into a compressed file: $(cat label.txt)"
contains label.txt 'labels.extxyz.gz: it is compressed'
absent labels.extxyz.gz
