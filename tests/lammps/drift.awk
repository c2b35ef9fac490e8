# SPDX-License-Identifier: GPL-2.0-or-later
# From lines of time and energy: the slope of the line of least squares, its standard error if every sample were
# independent, and the RMS deviation from the line.
NF == 2 { n++; t[n] = $1; e[n] = $2; st += $1; se += $2 }
END {
  if (n < 3) exit 1
  st /= n; se /= n
  for (i = 1; i <= n; i++) { tt += (t[i] - st) ^ 2; te += (t[i] - st) * (e[i] - se) }
  slope = te / tt
  for (i = 1; i <= n; i++) rest += (e[i] - se - slope * (t[i] - st)) ^ 2
  printf "%.6e %.6e %.6e\n", slope, sqrt(rest / (n - 2) / tt), sqrt(rest / n)
}
