# SPDX-License-Identifier: GPL-2.0-or-later
# Lines "NAME n H P W": tables of H/r^n - P/r^4 - W/r^6 for pair_style table, up to 10 A, shifted to zero there.
function energy(r) { return H / r ^ n - P / r ^ 4 - W / r ^ 6 }
{ name = $1; n = $2; H = $3; P = $4; W = $5
  printf "\n%s\nN 4000 R 1.0 10.0\n\n", name
  for (k = 0; k < 4000; k++) {
    r = 1 + k * 9 / 3999
    printf "%d %.12g %.12g %.12g\n", k + 1, r, energy(r) - energy(10), n * H / r ^ (n + 1) - 4 * P / r ^ 5 - 6 * W / r ^ 7 } }
