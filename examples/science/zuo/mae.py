# SPDX-License-Identifier: GPL-2.0-or-later
"""Mean absolute errors of one file of labels against another: force components (eV/A), energies (eV/atom)."""
import sys

import numpy as np

import mtp

truth, found = (mtp.read(path) for path in sys.argv[1:])
forces = np.concatenate([(b.forces - a.forces).ravel() for a, b in zip(truth, found)])
energies = np.array([(b.energy - a.energy) / len(a.positions) for a, b in zip(truth, found)])
print(f'{np.abs(forces).mean():.5g} {np.abs(energies).mean():.5g}')
