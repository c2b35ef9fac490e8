# SPDX-License-Identifier: GPL-2.0-or-later
# How often errors of forces are within what was expected of them. Usage: awk -f coverage.awk LABELS EVALUATED, two
# extended XYZ files of the same frames, the second by `mtp eval --error`. Prints name, components, RMS error, RMS
# expected error, and the parts within one and two of the expected errors.
FNR == 1 { file++; frame = 0; left = -1 }
left < 0 { left = $1; next }
/Properties=/ && !inside {
  inside = 1; frame++; atom = 0; column = 1; force = error = 0
  text = $0; sub(/.*Properties=/, "", text); sub(/ .*/, "", text); n = split(text, word, ":")
  for (k = 1; k <= n; k += 3) {
    if (word[k] ~ /^forces?$/) force = column
    if (word[k] == "force_error") error = column
    column += word[k + 2]
  }
  if (left == 0) { inside = 0; left = -1 }
  next
}
{
  atom++
  for (a = 0; a < 3; a++) {
    if (file == 1) label[frame, atom, a] = $(force + a)
    else {
      d = $(force + a) - label[frame, atom, a]; s = $error; count++
      squares += d * d; expected += s * s; one += (d * d <= s * s); two += (d * d <= 4 * s * s)
    }
  }
  if (--left == 0) { inside = 0; left = -1 }
}
END { printf "%-10s %9d %10.4f %10.4f %8.3f %8.3f\n", name, count, sqrt(squares / count), sqrt(expected / count), one / count, two / count }
