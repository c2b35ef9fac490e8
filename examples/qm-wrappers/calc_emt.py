# SPDX-License-Identifier: GPL-2.0-or-later
"""Effective-medium theory (Al Cu Ag Au Ni Pd Pt): milliseconds, for trying things out."""
from ase.calculators.emt import EMT

calc = EMT()
