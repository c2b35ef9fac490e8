#!/bin/sh
# A growing surface that is learned by cut-outs and, for comparison, by whole cells. Run in an empty folder after
# `. build/env.sh`; NP=2 uses two MPI ranks, LEVELS="8 12" are the levels, ATOMS=100 land, one every EVERY=400 steps.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cp "$here"/in.* "$here"/reference.lmp "$here"/plot.gp .
np=${NP:-1} levels=${LEVELS:-8 12 16}
size="-var atoms ${ATOMS:-612} -var every ${EVERY:-400}"

echo "== 1. Fresh configurations, by the reference itself"
"$MPIEXEC" -n "$np" lmp -log log.fresh -screen none -in in.fresh $size
mtp convert fresh.dump fresh-bare.extxyz --species Cu
rm -f fresh.extxyz
mtp label fresh-bare.extxyz -o fresh.extxyz --qm "lammps reference.lmp"

# last_atom: how many atoms had landed when the last label was asked for
last_atom() {
  sed -n 's/.*"event":"label".*"step":\([0-9]*\).*/\1/p' mtp-al.jsonl | tail -n 1 |
    awk -v every="${EVERY:-400}" '{ print int($1 / every) }'
}

printf '%-6s %-6s %7s %12s %11s %13s %9s\n' level labels number 'atoms/label' 'last at' 'RMSE eV/A' seconds >table.txt
for level in $levels; do
  for cut in auto off; do
    echo "== 2. Level $level, cut $cut"
    rm -f train.extxyz mtp-al.jsonl candidates.extxyz
    mtp init --force --level "$level" --species Cu --cutoff 5.0 -o cu.almtp
    begin=$(date +%s)
    "$MPIEXEC" -n "$np" lmp -log "log.$cut-$level" -screen none -in in.deposition -var cut $cut $size
    seconds=$(($(date +%s) - begin))
    name=$([ "$cut" = auto ] && echo cells || echo whole)
    error=$(mtp errors cu.almtp fresh.extxyz --json | sed 's/.*"force":{"mae":[^,]*,"rmse":\([^,]*\),.*/\1/')
    printf '%-6s %-6s %7s %12s %11s %13.4f %9s\n' "$level" $name "$(awk 'NF == 1' train.extxyz | wc -l)" \
      "$(awk 'NF == 1 { n++; s += $1 } END { printf "%.0f", s / n }' train.extxyz)" "$(last_atom)" "$error" \
      $seconds >>table.txt
    mv history.dat "history-$name-$level.dat"
    mv train.extxyz "train-$name-$level.extxyz"
    mv cu.almtp "cu-$name-$level.almtp"
  done
done
cat table.txt
if command -v gnuplot >/dev/null; then
  gnuplot -e "levels='$levels'" plot.gp && echo "The picture: $PWD/cu-deposition.png"
fi
