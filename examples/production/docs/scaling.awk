#!/usr/bin/awk -f
# SPDX-License-Identifier: GPL-2.0-or-later
# Time of a step on P ranks and what of it is communication: see scaling.md. Usage: awk -f scaling.awk [-v name=value ...]
# Times in seconds, lengths in A.
BEGIN {
  if (!atom) atom = 0.47e-6      # measured: force call of level 16, mixed, an atom
  if (!rest) rest = 0.03e-6      # measured: integration and the rest of a step, an atom
  if (!list) list = 1.9e-6       # measured: making a neighbour list, an atom
  if (!every) every = 20         # measured: steps from one list to the next
  if (!pack) pack = 0.03e-6      # measured: packing and unpacking a halo atom, both ways
  if (!density) density = 0.0845 # atoms in a cubic A: copper
  if (!halo) halo = 6.0          # cutoff and skin
  if (!latency) latency = 2e-6   # assumed: of a message
  if (!bandwidth) bandwidth = 2e9 # assumed: bytes a second of a rank when all of its node communicate
  if (!reduce) reduce = 5e-6     # assumed: of each of log2 P stages of an allreduce
  if (!jitter) jitter = 0.02     # assumed: share of a step that waiting for the slowest rank costs

  print "weak scaling: efficiency against one rank with the same number of atoms"
  header()
  for (n = 1e3; n <= 1.1e6; n *= 10) row(n, 1)
  print "\nstrong scaling: efficiency against one rank"
  header()
  for (n = 1e6; n <= 1.1e9; n *= 10) row(n, 0)
  n = 8 * halo ^ 3 * density / ((2 ^ (1 / 3) - 1) ^ 3)
  printf "\nThe halo outnumbers the owned atoms below %d atoms a rank.\n", n
}

# Atoms of the halo around a cube of n atoms.
function halo_atoms(n, side) {
  side = (n / density) ^ (1 / 3)
  return ((side + 2 * halo) ^ 3 - side ^ 3) * density
}

# Of n atoms a rank. One rank has no one to wait for, but its halo are images that are copied all the same.
function step(n, ranks, h, t) {
  h = halo_atoms(n)
  t = n * (atom + rest + list / every) + h * pack
  if (ranks == 1) return t
  # positions out and forces back, six messages each; energies and temperature are summed every ten steps
  t += 12 * latency + 2 * 24 * h / bandwidth + reduce * log(ranks) / log(2) / 10
  return t * (1 + jitter)
}

function header(p) {
  printf "%12s", "atoms"
  for (p = 1; p <= 1e5; p *= 10) printf "%10d", p
  print "  ranks"
}

function row(n, weak, p, efficiency) {
  printf "%12d", n
  for (p = 1; p <= 1e5; p *= 10) {
    efficiency = weak ? step(n, 1) / step(n, p) : step(n, 1) / (p * step(n / p, p))
    if (!weak && n / p < 50) printf "%10s", "-"
    else printf "%10.2f", efficiency
  }
  print ""
}
