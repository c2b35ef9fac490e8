# SPDX-License-Identifier: BSD-3-Clause
"""Liquid and solid aluminium learned while ASE moves the atoms, from nothing; the reference is ASE's EMT."""
from ase import units
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution

import mtp
from mtp.ase import LearningMTP

atoms = bulk('Al', cubic=True) * (2, 2, 2)
atoms.calc = LearningMTP(mtp.Potential(10, ['Al'], cutoff=5.5), EMT(), save='al.almtp')
MaxwellBoltzmannDistribution(atoms, temperature_K=600)
for temperature in (300, 900, 1500):
    Langevin(atoms, 2 * units.fs, temperature_K=temperature, friction=0.01 / units.fs).run(150)
    print('%4d K: %d labels so far' % (temperature, atoms.calc.learner.stats.labels))
potential = atoms.calc.end()

atoms.rattle(0.05)  # what no label was asked for
force = potential.compare(mtp.label(atoms, EMT())).all.force
print('force RMSE on new atoms: %.3f eV/A, grade %.2f' % (force.rmse, potential.grade(atoms)[0]))
