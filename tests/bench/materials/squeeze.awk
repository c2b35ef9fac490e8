# SPDX-License-Identifier: GPL-2.0-or-later
# Reads extended XYZ with orthogonal cells. Of each of the last `frames` configurations (evenly out of the second half),
# and for each kind of pair in it, the closest pair is pushed together: one atom is moved towards the other. Writes the
# configurations; `scans` gets a line for each of them: frame, pair, distance, share of the first distance.
BEGIN { n_frames = 0 }
FNR == 1 || left == 0 { left = $1 + 1; atoms = $1; n_frames++; count[n_frames] = atoms; next }
left == atoms + 1 { header[n_frames] = $0; left--; next }
{ line = atoms - left + 1; name[n_frames, line] = $1; for (k = 0; k < 3; k++) x[n_frames, line, k] = $(2 + k); left-- }

function cell_of(f, text, part, n) {
  text = header[f]
  sub(/.*Lattice="/, "", text); sub(/".*/, "", text)
  n = split(text, part, " ")
  side[0] = part[1]; side[1] = part[5]; side[2] = part[9]
  lattice = text
  text = header[f]
  periods = "T T T"
  if (sub(/.*pbc="/, "", text)) { sub(/".*/, "", text); periods = text }
  split(periods, part, " ")
  for (k = 0; k < 3; k++) wraps[k] = part[k + 1] == "T"
}
function apart(f, i, j, k, d, sum) {
  sum = 0
  for (k = 0; k < 3; k++) {
    d = x[f, j, k] - x[f, i, k]
    if (wraps[k]) d -= side[k] * (d >= 0 ? int(d / side[k] + 0.5) : -int(0.5 - d / side[k]))
    away[k] = d
    sum += d * d
  }
  return sum
}
function find_pairs(f, i, j, k, r2, pair) {
  split("", nearest)
  for (i = 1; i <= count[f]; i++)
    for (j = i + 1; j <= count[f]; j++) {
      pair = name[f, i] < name[f, j] ? name[f, i] "-" name[f, j] : name[f, j] "-" name[f, i]
      r2 = apart(f, i, j)
      if (!(pair in nearest) || r2 < nearest[pair]) {
        nearest[pair] = r2; first[pair] = i; second[pair] = j
        for (k = 0; k < 3; k++) way[pair, k] = away[k]
      }
    }
}
function write_pushed(f, pair, share, i, k) {
  printf "%d\nLattice=\"%s\" Properties=species:S:1:pos:R:3 pbc=\"%s\"\n", count[f], lattice, periods
  for (i = 1; i <= count[f]; i++) {
    printf "%s", name[f, i]
    for (k = 0; k < 3; k++) printf " %.8f", x[f, i, k] - (i == second[pair] ? (1 - share) * way[pair, k] : 0)
    print ""
  }
  print f, pair, sqrt(nearest[pair]) * share, share > scans
}
END {
  for (s = frames; s >= 1; s--) {
    f = n_frames - int((s - 1) * n_frames / (2 * frames))
    cell_of(f)
    find_pairs(f)
    for (pair in nearest)
      for (step = 0; step <= 20; step++) write_pushed(f, pair, step == 0 ? 0.9999 : 1 - 0.025 * step)
  }
}
