# SPDX-License-Identifier: GPL-2.0-or-later
# Potentials: init, info, convert.
. "$SOURCE_DIR/tests/cli/_lib.sh"

mtp init --level 8 --species Al,Ni --cutoff 5.5 --min-dist 1.8 --radial-size 6 -o a.almtp
mtp info a.almtp >info.txt
contains info.txt '^level  *8$'
contains info.txt '^elements  *Al Ni$'
contains info.txt '^cutoff  *5.5 A$'
contains info.txt '^trained  *no$'
mtp info a.almtp --json >info.json
contains info.json '"elements":\["Al","Ni"\]'
contains info.json '"active_set":null'
contains info.json '"min_dist":1.8[,}]'
[ "$(member info.json '"radial_size":')" -eq 6 ] || die 'radial size is lost'
# parameters = C^2 K R + C + S
[ "$(member info.json '"parameters":')" -eq $((4 * $(member info.json '"radial_functions":') * 6 + 2 + \
  $(member info.json '"scalar_functions":'))) ] || die 'the number of parameters is wrong'

# what is not given is left to training, and said so
grep -q auto a.almtp info.txt && die 'auto, although size and min_dist were given'
contains info.json '"radial_size_auto":false'
contains info.json '"min_dist_auto":false'
mtp init --level 8 --species Al,Ni --cutoff 5.5 -o auto.almtp
contains auto.almtp '^potential_tag = elements=Al,Ni radial_size=auto min_dist=auto$'
mtp info auto.almtp >auto.txt
contains auto.txt '^  size  *8 (auto)$'
contains auto.txt '^min_dist  *2 A (auto)$'
mtp info auto.almtp --json >auto.json
contains auto.json '"min_dist":2,"min_dist_auto":true'
contains auto.json '"radial_size":8,"radial_size_auto":true'
mtp init --level 8 --species Al,Ni --cutoff 5.5 --radial-size auto --min-dist auto -o auto2.almtp
same auto.almtp auto2.almtp
mtp init --level 8 --species Al,Ni --cutoff 5.5 --radial-size 10 -o half.almtp
contains half.almtp '^potential_tag = elements=Al,Ni min_dist=auto$'
mtp init --level 8 --species Al,Ni --cutoff 5.5 --min-dist 1.7 -o half.almtp
contains half.almtp '^potential_tag = elements=Al,Ni radial_size=auto$'
mtp convert auto.almtp named.almtp --species Cu,Zr # the words stay
contains named.almtp '^potential_tag = elements=Cu,Zr radial_size=auto min_dist=auto$'
for size in 1 33 8x ''; do
  refuse 2 '2 to 32 or auto' mtp init --level 8 --species Al --cutoff 5 --radial-size "$size" -o p.mtp
done
refuse 2 'a number or auto' mtp init --level 8 --species Al --cutoff 5 --min-dist automatic -o p.mtp
for distance in 0 -1 5 nan; do
  refuse 2 'does not hold' mtp init --level 8 --species Al --cutoff 5 --min-dist $distance -o p.mtp
done
absent p.mtp

# without names, stamped afterwards
mtp init --level 4 --species 2 --cutoff 5 -o b.mtp
mtp info b.mtp --json >b.json
contains b.json '"elements":null'
refuse 1 'has 2 species, but 1 names' mtp convert b.mtp c.mtp --species Al
absent c.mtp
mtp convert b.mtp c.almtp --species Al,Ni
contains c.almtp 'elements=Al,Ni'
mtp info c.almtp --json >c.json
contains c.json '"elements":\["Al","Ni"\]'
refuse 2 'OUT has to end in' mtp convert b.mtp d.cfg
refuse 2 'for configurations' mtp convert b.mtp d.mtp --to cfg
absent d.cfg d.mtp

# an untrained potential may be overwritten, a trained one and anything else not
mtp init --level 6 --species Al --cutoff 5 -o b.mtp
make_potential trained.almtp
cp trained.almtp before
refuse 1 '--force' mtp init --level 6 --species Al --cutoff 5 -o trained.almtp
same trained.almtp before
echo precious >notes
refuse 1 '--force' mtp init --level 6 --species Al --cutoff 5 -o notes
contains notes precious
mtp init --level 6 --species Al --cutoff 5 -o notes --force
contains notes '^MTP'

# the active set survives .almtp, and .mtp goes without
mtp info trained.almtp >trained.txt
contains trained.txt '^trained  *yes$'
contains trained.txt '^active set  *neighbourhood$'
mtp convert trained.almtp copy.almtp
mtp info copy.almtp | sed 1d >copy.txt
sed 1d trained.txt | cmp -s - copy.txt || die 'a copied potential differs'
mtp convert trained.almtp bare.mtp
mtp info bare.mtp >bare.txt
contains bare.txt '^active set  *none$'
mtp convert bare.mtp bare2.mtp
same bare.mtp bare2.mtp
