# SPDX-License-Identifier: BSD-3-Clause
"""The same in LAMMPS, by its Python module: it runs the atoms, a Python function is the reference."""
from ase.calculators.emt import EMT
from lammps import lammps

import mtp

mtp.Potential(10, ['Al'], cutoff=5.5).write('al.almtp')
lmp = lammps(cmdargs=['-log', 'log.lammps', '-screen', 'none'])
with mtp.Server(EMT()) as server:
    lmp.commands_string(f'''
        units metal
        lattice fcc 4.05
        region cell block 0 2 0 2 0 2
        create_box 1 cell
        create_atoms 1 box
        mass 1 26.982
        pair_style mtp/al qm "{server.driver}"
        pair_coeff * * al.almtp Al
        velocity all create 600 4711
        timestep 0.002
        fix move all nve
        fix heat all langevin 300 1500 0.1 4711
        run 300
    ''')
lmp.close()
print('%d labels in train.extxyz' % len(mtp.read('train.extxyz')))
