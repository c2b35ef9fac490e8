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
