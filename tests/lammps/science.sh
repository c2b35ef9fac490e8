# SPDX-License-Identifier: GPL-2.0-or-later
# The short forms of the examples of examples/science: a table with a line for each figure, checked loosely.
# timeout: 900
. "$SOURCE_DIR/tests/lammps/_lib.sh"
/usr/bin/python3 -c 'import numpy' 2>/dev/null || skip 'numpy for /usr/bin/python3'

sh "$SOURCE_DIR/examples/science/run.sh" --quick >table.txt 2>err.txt || die "$(cat err.txt table.txt)"
# ours EXAMPLE QUANTITY: the figure, which has to be there.
ours() {
  found=$(awk -F ' *[|] *' -v example="$1" -v quantity="$2" '$2 == example && index($3, quantity) == 1 { print $5; exit }' table.md)
  [ -n "$found" ] || die "$1: no '$2' in $(cat table.md)"
  echo "$found"
}

close "$(ours rss 'energy of the lowest crystal')" -4.3366 1e-3
below "$(ours rss 'labels of 5 crystals')" 80
below "$(ours rss 'mean error of the energies')" 20
for rule in D-optimality "FLARE's rule" 'expected error' 'true errors'; do
  below "$(ours checks "$rule")" 40
done
close "$(ours vacancy 'lattice constant')" 4.0817 0.01
close "$(ours vacancy 'formation energy')" 0.720 0.05
close "$(ours vacancy 'barrier of the jump')" 0.342 0.03
below "$(ours melt labels)" 60
below "$(ours melt 'force RMSE, liquid')" 0.036
close "$(ours melt 'liquid: diffusion coefficient')" 1.5 0.5
below "$(ours melt 'liquid: largest difference')" 0.3
for method in random energy force site-energy maxvol bayes; do
  set -- $(ours nacl "8 by $method: force MAE, RMSE")
  below "$2" 0.1
  [ -n "$(ours nacl "8 by $method and")" ]
done
below "$(ours kruglov 'Lennard-Jones: energy RMSE')" 0.05
[ -n "$(ours kruglov 'Lennard-Jones, no pair part')" ]
for method in range maxvol random; do
  set -- $(ours kruglov "selected of 150 by $method" | tr -d ,)
  below "$1" 60
  below "$2" 0.2
done
[ -n "$(ours kruglov 'labels by lot over labels by range')" ]
below "$(ours palladium labels)" 60
close "$(ours palladium 'exchange of Pd and Ag')" -0.51 0.3
below "$(ours palladium 'force RMSE')" 0.2
below "$(ours palladium 'atoms of Pd still on the surface')" 18.001
below "$(ours fast-ion labels)" 60
below "$(ours fast-ion 'force RMSE')" 0.1
close "$(ours fast-ion 'D of silver')" 0.38 0.25
if /usr/bin/python3 -c 'import ase' 2>/dev/null; then
  below "$(ours agpd labels)" 120
  for crystal in Pd AgPd; do below "$(ours agpd "$crystal: phonon frequencies, RMS")" 10; done
  close "$(ours agpd 'Pd 0.5, 800 K: enthalpy of mixing')" -74 40
fi
if lmp -help </dev/null | grep -q -w snap; then
  below "$(ours lithium '5 functions (level 6): force RMSE')" 0.03
  for way in passive random QS1 QS2 QS3; do below "$(ours lithium "$way, ")" 0.1; done
  below "$(ours lithium 'threshold 3: labels')" 60
  below "$(ours lithium 'learned at 900 K, used at 900 K: force RMSE')" 0.1
fi
if [ -d "${MTP_SHARED:-/nonexistent}/potentials" ]; then
  below "$(ours zuo 'Li energy_per_atom MAE')" 3e-3
  below "$(ours zuo 'Li force MAE')" 0.05
  close "$(ours zuo 'Li a ')" 3.44 0.05
fi

# what was finished is kept; what fails is told, and what is no example is refused
mv rss/seconds seconds
mkdir broken && cp -R "$SOURCE_DIR/examples/science/." broken
printf 'echo what is wrong\nexit 3\n' >broken/rss/run.sh
status=0
sh broken/run.sh --quick >table.txt 2>err.txt || status=$?
[ $status -eq 1 ] || die "status $status"
contains err.txt 'failed: rss'
contains table.txt 'what is wrong'
mv seconds rss/seconds
sh "$SOURCE_DIR/examples/science/run.sh" --quick rss >table.txt
status=0
sh broken/run.sh rss >table.txt 2>err.txt || status=$?
[ $status -eq 1 ] || die 'what the short form found counts for the long one'
refuse 2 "no example 'nothing'" sh "$SOURCE_DIR/examples/science/run.sh" nothing
