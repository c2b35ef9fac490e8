# SPDX-License-Identifier: GPL-2.0-or-later
# mtp select: whole frames of several files and formats in their order, once each; the result is the same for any
# threads and order of files; what is known is left out; wrong usage is told.
. "$SOURCE_DIR/tests/cli/_lib.sh"

make_potential pot.almtp
crystals 30 3 >a.extxyz
crystals 20 4 0.6 | sed 's/pbc=/temperature=300 pbc=/' >b.extxyz
mtp convert b.extxyz b.dump >/dev/null 2>&1
gzip -c a.extxyz >a.extxyz.gz

mtp select pot.almtp a.extxyz b.extxyz -o out.extxyz >out.txt
contains out.txt '^50 candidates, 200 atoms$'
contains out.txt '^maxvol, by neighbourhood: [1-9][0-9]* selected$'
contains out.txt '^largest grade' # by the active set of the potential
mtp select pot.almtp a.extxyz b.extxyz -o out.extxyz --json >out.json
n=$(member out.json '"selected":')
[ "$(grep -c source_frame= out.extxyz)" -eq "$n" ] || die 'not all frames that were selected'
contains out.extxyz 'temperature=300.*source_file=b.extxyz source_frame='

# every frame is what it was
i=0
while [ "$i" -lt "$n" ]; do
  sed -n "$((6 * i + 2))p" out.extxyz >comment
  from=$(sed 's/.*source_file=\([^ ]*\).*/\1/' comment)
  frame=$(sed 's/.*source_frame=\([0-9]*\).*/\1/' comment)
  sed -n "$((6 * frame - 3)),$((6 * frame))p" "$from" | awk '{ printf "%s %.9f %.9f %.9f\n", $1, $2, $3, $4 }' >want
  sed -n "$((6 * i + 3)),$((6 * i + 6))p" out.extxyz | awk '{ printf "%s %.9f %.9f %.9f\n", $1, $2, $3, $4 }' >got
  same got want
  echo "$from $frame"
  i=$((i + 1))
done >frames
sort -c -k1,1 -k2,2n frames || die 'not in the order of the files'

# neither threads nor memory nor the order of files nor what they are like matter
for method in maxvol range random energy force site-energy bayes; do
  for mode in energy forces neighbourhood; do
    if [ $method = maxvol ]; then options="--mode $mode"; else options='--max 6'; fi
    # shellcheck disable=SC2086 # words
    set -- --method $method $options --train clusters.extxyz
    mtp select pot.almtp a.extxyz b.extxyz -o one.extxyz --threads 1 "$@" >/dev/null
    mtp select pot.almtp b.extxyz a.extxyz.gz -o two.extxyz --threads 3 --memory 1e-6 "$@" >/dev/null
    for file in one two; do
      sed -n 's/.*source_file=\([ab]\).*source_frame=\([0-9]*\).*/\1 \2/p' $file.extxyz | sort >$file
    done
    [ -s one ] || die "nothing selected by $method"
    same one two
    [ $method = maxvol ] || break
  done
done

# once each, and nothing that is known
mtp select pot.almtp a.extxyz a.extxyz b.dump b.extxyz -o out.extxyz --json >out.json
[ "$(member out.json '"repeated":')" -eq 50 ] || die 'not all repeated frames were found'
[ "$(member out.json '"selected":')" -eq "$n" ] || die 'repeated frames change the result'
mtp select pot.almtp a.extxyz clusters.extxyz -o out.extxyz --train clusters.extxyz --json >out.json
[ "$(member out.json '"known":')" -eq 30 ] || die 'not all known frames were found'
contains out.json '"file":"a.extxyz"'
grep -q '"file":"clusters' out.json && die 'known frames are selected'

# of many files few are open at a time
mkdir many
for i in $(seq 60); do cp a.extxyz many/$i.extxyz; done
(ulimit -n 40 && mtp select pot.almtp many/*.extxyz -o out.extxyz --json --memory 1e-6 >out.json) || die 'many files'
[ "$(member out.json '"repeated":')" -eq 1770 ] || die 'not all frames of many files were read'

# what was selected is known then: nothing is left
mtp select pot.almtp a.extxyz b.extxyz -o new.extxyz --mode energy --train clusters.extxyz >/dev/null
cat clusters.extxyz new.extxyz >all.extxyz
mtp select pot.almtp a.extxyz b.extxyz -o none.extxyz --mode energy --train all.extxyz >none.txt
contains none.txt '^maxvol, by energy: 0 selected$'
[ ! -s none.extxyz ] || die 'something is left'
mtp select pot.almtp a.extxyz -o few.cfg --max 2 --train clusters.extxyz >/dev/null
[ "$(grep -c BEGIN_CFG few.cfg)" -eq 2 ] || die 'not as many as asked for'
mtp select pot.almtp a.extxyz -o many.cfg --max 25 --fill >/dev/null
[ "$(grep -c BEGIN_CFG many.cfg)" -eq 25 ] || die 'not as many as asked for'
contains few.cfg 'Feature.*source_frame'

refuse 2 '-o is missing\|needs -o\|-o' mtp select pot.almtp a.extxyz
refuse 2 '--method random needs --max' mtp select pot.almtp a.extxyz -o x.extxyz --method random
refuse 2 '--method: maxvol' mtp select pot.almtp a.extxyz -o x.extxyz --method best
refuse 2 '--fill is for maxvol with --max' mtp select pot.almtp a.extxyz -o x.extxyz --fill
refuse 2 '--mode: energy' mtp select pot.almtp a.extxyz -o x.extxyz --mode best
refuse 1 'cannot open nothing.extxyz' mtp select pot.almtp nothing.extxyz -o x.extxyz

# an untrained potential has functions, and no predictions
for options in '--mode energy' '--mode forces' '--mode neighbourhood' '--method range' '--method random --max 5'; do
  # shellcheck disable=SC2086 # words
  mtp select start.mtp a.extxyz -o out.extxyz $options >/dev/null
  [ -s out.extxyz ] || die "nothing selected without coefficients: $options"
done
mtp select start.mtp a.extxyz -o one.extxyz --max 3 >/dev/null
mtp train start.mtp clusters.extxyz -o linear.almtp --linear >/dev/null # the same functions
mtp select linear.almtp a.extxyz -o two.extxyz --max 3 --train a.extxyz >/dev/null
[ ! -s two.extxyz ] || die 'what is known was selected'
mtp convert linear.almtp linear.mtp >/dev/null # without its active set
mtp select linear.mtp a.extxyz -o two.extxyz --max 3 >/dev/null
same one.extxyz two.extxyz
mtp select start.mtp clusters.extxyz -o out.extxyz --method force --max 5 >out.txt
contains out.txt '^by labels'
refuse 1 'not all candidates have labels.*untrained.*forces' mtp select start.mtp b.dump -o x.extxyz --method force --max 3
refuse 1 'site-energy needs a trained' mtp select start.mtp a.extxyz -o x.extxyz --method site-energy --max 3
refuse 1 'bayes needs a trained' mtp select start.mtp a.extxyz -o x.extxyz --method bayes --max 3
refuse 1 'untrained.*linear ones' mtp select start.mtp a.extxyz -o x.extxyz --rows all
sed '21s/^Al/Ga/' a.extxyz >foreign.extxyz
refuse 1 'foreign.extxyz.*Ga\|Ga' mtp select pot.almtp foreign.extxyz -o x.extxyz
sed '40s/[0-9]/x/' a.extxyz >bad.extxyz
refuse 1 'bad.extxyz:40: ' mtp select pot.almtp bad.extxyz -o x.extxyz
absent x.extxyz

# rows of mode forces are linear, which is said where others were asked for
mtp train start.mtp clusters.extxyz -o rows.almtp --linear --mode forces --rows all >rows.txt 2>rows.err
contains rows.err '^mtp train: warning: --rows all has no effect on mode forces'
mtp select rows.almtp clusters.extxyz -o rows.extxyz --mode forces --rows all >rows.txt 2>rows.err
contains rows.err '^mtp select: warning: --rows all has no effect on mode forces'
