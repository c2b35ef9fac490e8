# SPDX-License-Identifier: GPL-2.0-or-later
# Minimisations with a potential that learns under way end where they should: at the criterion of the command, at a place
# that the reference has had a word on, and with what the reference says there.
. "$SOURCE_DIR/tests/lammps/_lib.sh"

# reasons LOG: why its minimisations stopped.
reasons() { sed -n 's/ *Stopping criterion = //p' "$1" | tr '\n' ';'; }
# steps [EVENT]: when it happened in the run; labels without those of the warm-up.
steps() { sed -n "/\"event\":\"$1\"/{/\"warmup\":true/d; s/.*\"step\":\(-*[0-9]*\).*/\1/p;}" events.jsonl | tr '\n' ' '; }
count() { steps "$1" | wc -w; }
last_label() { sed -n '/ squeezed=/d; s/.* energy=\([^ ]*\).*/\1/p' train.extxyz | tail -n 1; } # that of a hole may follow
# apart: by how much a coordinate differs in the last two labels that are not of holes, A; by more it is an image.
apart() {
  awk 'NF == 1 { next }
    /Properties=/ { on = !/ squeezed=/; if (on) { for (i = 0; i < n; i++) before[i] = x[i]; n = 0 } next }
    on { for (k = 2; k <= 4; k++) x[n++] = $k }
    END { for (i = 0; i < n; i++) { d = x[i] - before[i]; if (d < 0) d = -d; if (d < 3 && d > most) most = d } print most + 0 }' train.extxyz
}
# relaxation FOLDER RANKS [lmp options]: in.relax from a cold start; leaves the script in FOLDER.
relaxation() {
  folder=$1
  ranks=$2
  shift 2
  mkdir "$folder"
  cd "$folder"
  cp ../crystal.data ../reference_al.lmp .
  untrained 12 Al
  run "$ranks" relax.log in.relax "$@"
}

crystal -var cells 2

# expect_relaxed TOLERANCE: both minimisations end at the tolerance and the end point was labelled; the second one asks for
# nothing, unless it leaves a saddle, which the last bits of a fit decide, for a lower place.
expect_relaxed() {
  [ "$(reasons relax.log)" = 'force tolerance;force tolerance;' ] || die "$folder: ends with $(reasons relax.log)"
  below "$(value relax.log force)" "$1"
  if [ "$(value relax.log calls_again)" -ne "$(value relax.log calls)" ]; then
    below "$(value relax.log energy_again)" "$(value relax.log energy)" # and not where it was
    below 0.05 "$(apart)"
    below 5e-3 "$(awk -v a="$(value relax.log energy)" -v b="$(value relax.log energy_again)" 'BEGIN { print a - b }')"
  fi
  [ "$(count endpoint)" -gt 0 ] || die "$folder: the end point has no label"
  below 0 "$(value relax.log dynamics)"
}

for run in cg1 cg2 fire1 fire2 sd1 hftn1 quickmin1; do
  (
    relaxation $run ${run#"${run%?}"} -var style ${run%?} -var box none -var ftol 0.01 \
      -var keywords "refit auto pool 1000" # a full pool would be learned from, and perhaps be as good as the end point
    expect_relaxed 0.01
    close "$(value relax.log energy)" "$(last_label)" 1e-3
    steps label >labels
  ) || exit 1
done
for style in cg fire; do
  same ${style}1/labels ${style}2/labels
  close "$(value ${style}1/relax.log energy)" "$(value ${style}2/relax.log energy)" 1e-4
done

# With the cell, most of what is learned is learned within line searches.
for line in quadratic forcezero; do
  (
    relaxation box-$line 1 -var line $line -var keywords "break 4" -var ftol 0.02
    expect_relaxed 0.02
    [ "$(count label)" -gt "$(count endpoint)" ] || die 'nothing was learned under way'
    close "$(value relax.log pressure)" 0 200
    close "$(value relax.log energy)" "$(last_label)" 2e-3
  ) || exit 1
done

# Whatever is learned under way, the few numbers of an end point do not drown in it: 2 meV/atom.
for seed in 7 8; do
  (
    relaxation seed-$seed 1 -var line forcezero -var keywords "break 4 seed $seed" -var ftol 0.02
    close "$(value relax.log energy)" "$(last_label)" 0.064
  ) || exit 1
done

# Limits are those of the whole, and what meets one has no end point.
(
  relaxation iterations 1 -var limits "20 20000" -var keywords "break 4"
  [ "$(reasons relax.log)" = 'max iterations;max iterations;' ] || die "ends with $(reasons relax.log)"
  contains relax.log 'Iterations, force evaluations = 20 '
  [ "$(count label)" -gt 0 ] || die 'nothing was learned under way'
  [ "$(count endpoint)" -eq 0 ] || die 'what is not relaxed was labelled as if it were'
) || exit 1
(
  relaxation evaluations 1 -var limits "2000 30" -var keywords "break 4"
  [ "$(reasons relax.log)" = 'max force evaluations;max force evaluations;' ] || die "ends with $(reasons relax.log)"
  below "$(sed -n 's/.*Iterations, force evaluations = [0-9]* //p' relax.log | head -n 1)" 60
) || exit 1

# Thermo output goes on after a refit in the middle of an interval, and on it.
(
  relaxation output 1 -var every 1 -var keywords "break 4"
  awk '/^ *Step/ { on = 1; at = -1; next } /^Loop/ { on = 0 }
       on && $1 ~ /^[0-9]+$/ { if (at >= 0 && $1 != at + 1) exit 1; at = $1; rows++ } END { exit rows < 20 }' relax.log ||
    die 'steps are missing in the thermo output'
) || exit 1

# Without a label to be had: one notice, and the minimisation is what it is.
(
  relaxation unlabelled 1 -var box none -var ftol 0.01 -var keywords "relaxed no"
  [ "$(count endpoint)" -eq 0 ] || die 'relaxed no is not heard'
  cp learned.almtp known.almtp
  run 1 none.log in.relax -var driver none -var potential known.almtp -var box none -var ftol 0.01
  [ "$(reasons none.log)" = 'force tolerance;force tolerance;' ] || die "qm none ends with $(reasons none.log)"
  [ "$(grep -c 'the end point of the relaxation gets no label: qm is none' none.log)" -eq 1 ] || die 'not one notice'
) || exit 1
