# SPDX-License-Identifier: GPL-2.0-or-later
# What the examples of this folder share. Sourced by NAME/run.sh, whose folder is $here, in the folder of its results.
export LC_ALL=C OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}"
quick=no
[ "${1:-}" != --quick ] || quick=yes
shared=${MTP_SHARED:-$here/../../../../shared} # data and potentials of others
python=${PYTHON:-/usr/bin/python3}             # one that has numpy
: >results.tsv

# need FILE...: what the example cannot do without; its end is no failure where data of others are missing.
need() {
  for file; do
    [ -e "$file" ] || { echo "skipped: no $file (MTP_SHARED says where data of others are)" | tee skipped && exit 77; }
  done
}

# has_snap: whether this LAMMPS has pair_style snap, of its package ML-SNAP.
has_snap() { lmp -help </dev/null | grep -q -w snap; }

# say WORD...: how far it is.
say() { echo "== $*"; }

# result QUANTITY PUBLISHED OURS: a line of the table; - where nothing was published.
result() { printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>results.tsv; }

# value FILE KEY...: a number out of JSON, by its path.
value() {
  file=$1
  shift
  "$python" - "$file" "$@" <<'END'
import json, sys
found = json.load(open(sys.argv[1]))
for key in sys.argv[2:]:
    found = found[int(key) if isinstance(found, list) else key]
print(f'{found:.5g}' if isinstance(found, float) else found)
END
}

# picture SCRIPT: by gnuplot, where there is one.
picture() { if command -v gnuplot >/dev/null; then gnuplot "$1"; fi; }

# mean FILE COLUMN: mean and its standard error, of independent lines.
mean() {
  awk -v k="$2" '{ n++; s += $k; q += $k * $k }
    END { m = s / n; v = n > 1 ? (q / n - m * m) / (n - 1) : 0; if (v < 0) v = 0; printf "%.5g %.2g\n", m, sqrt(v) }' "$1"
}

# apart A B: by how many of its standard errors the difference of two "mean error" is not zero.
apart() { echo "$1 $2" | awk '{ e = sqrt($2 * $2 + $4 * $4); printf "%.1f\n", (e > 0 ? ($3 - $1) / e : 0) }'; }

# off_by A B COLUMN: largest difference of a column of two radial distribution functions of LAMMPS (r is column 2), which
# may have other bins: where B has a point.
off_by() {
  awk -v k="$3" '/^#/ || NF < 4 { next }
    FNR == NR { r[++n] = $2; g[n] = $k; next }
    $1 == 1 { j = 0 } # the next average in time
    { while (j + 1 < n && r[j + 2] < $2) j++
      if (j < 1 || $2 > r[n]) next
      d = g[j + 1] + (g[j + 2] - g[j + 1]) * ($2 - r[j + 1]) / (r[j + 2] - r[j + 1]) - $k
      if (d < 0) d = -d
      if (d > m) m = d }
    END { printf "%.3f\n", m }' "$1" "$2"
}
