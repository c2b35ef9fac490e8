#!/bin/sh
# Learning on the fly from real DFT: a crystal that melts, or with the word `surface` 180 atoms by cut-outs. Run in an
# empty folder after `. build/env.sh`; run there again, it goes on from the labels of before. STEPS=100 is a short
# version, PW is the command for pw.x; WHOLE=yes compares the surface as a whole in the end, which takes long.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
what=${1:-crystal}
cp "$here"/in.* "$here"/al.in "$here"/surface.in "$here"/plot.gp .
# Debian's pw.x belongs to Open MPI, which refuses to start for root unless told.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
if [ "$(nproc)" -gt 1 ] && command -v mpirun.openmpi > /dev/null; then
  pw="mpirun.openmpi -np 2 pw.x -nk 2"
else
  pw="pw.x"
fi
printf '#!/bin/sh\nexec %s "$@"\n' "${PW:-$pw}" > pw.sh
chmod +x pw.sh

if [ "$what" = surface ]; then
  [ -e surface.almtp ] || mtp init --level 12 --species Al --cutoff 4.2 --min-dist 2.0 -o surface.almtp
  lmp -log log.surface -var steps "${STEPS:-2000}" -in in.surface
  mtp errors surface.almtp surface.extxyz
  awk 'NF == 1 { n++; s += $1 } END { print n " labels of " int(s / n + 0.5) " atoms" }' surface.extxyz
  [ "${WHOLE:-no}" = yes ] || exit 0
  # with no less k points for their length: six rows of atoms and two points are three and four
  mtp convert surface.dump whole.extxyz
  sed 's/  3 3 1 1 1 0/  2 2 1 1 1 0/' surface.in > whole.in
  sed 's/ -nk 2//' pw.sh > whole.sh
  chmod +x whole.sh
  rm -f labelled.extxyz
  mtp label whole.extxyz -o labelled.extxyz --qm "qe whole.in ./whole.sh timeout=3000"
  mtp errors surface.almtp labelled.extxyz
  exit 0
fi

[ -e al.almtp ] || mtp init --level 16 --species Al --cutoff 5.0 --min-dist 2.0 -o al.almtp
lmp -log log.learn -var steps "${STEPS:-10000}" -in in.learn
mtp errors al.almtp train.extxyz
mtp info mtp-al.jsonl
if command -v gnuplot > /dev/null; then
  gnuplot plot.gp && echo "The picture: $PWD/al-dft.png"
fi
