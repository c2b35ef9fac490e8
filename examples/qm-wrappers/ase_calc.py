#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Any calculator of ASE for the driver `exec`:  ase_calc.py SCRIPT

SCRIPT is a Python file that defines `calc`, or a function `make_calc(atoms)`. The energy of a label is the one that the
forces are derivatives of (ASE: force-consistent or free energy). A calculator that does not know it is refused, unless
SCRIPT says `energy_matches_forces = True`: with electronic smearing the plain energy would be another function.
"""
import os
import runpy
import sys

# The folder of this file is on the path for this one import: its modules must not hide installed ones from SCRIPT.
here = os.path.dirname(os.path.realpath(__file__))
sys.path = [here] + [folder for folder in sys.path if folder != here]
sys.dont_write_bytecode = True
import mtp_exec
from mtp_exec import Failure, NotConverged
sys.path.remove(here)


def is_about_convergence(error):
    """KohnShamConvergenceError of GPAW, SCFError of ASE, and their like."""
    names = [kind.__name__ for kind in type(error).__mro__]
    return any('Converge' in name or name.startswith('SCF') for name in names)


def said(what, error):
    lines = [line for line in str(error).splitlines() if line.strip()]
    return '%s: %s%s' % (what, type(error).__name__, ': ' + lines[-1] if lines else '')


def make_atoms(frame):
    from ase import Atoms
    try:
        return Atoms(frame.names, positions=frame.positions, cell=frame.cell, pbc=frame.pbc)
    except KeyError as error:
        raise Failure('ASE knows no element %s' % error)


def attach(path, atoms):
    """Runs SCRIPT and gives the atoms their calculator; returns whether its plain energy will do."""
    try:
        settings = runpy.run_path(path)
        make = settings.get('make_calc')
        atoms.calc = make(atoms) if make else settings.get('calc')
    except Exception as error:
        raise Failure(said(path, error))
    if atoms.calc is None:
        raise Failure('%s: expected that it defines calc or make_calc(atoms)' % path)
    return settings.get('energy_matches_forces') is True


def energy_of(atoms, plain_will_do):
    energy = atoms.get_potential_energy()  # first: what is wrong with the atoms shows here
    try:
        return atoms.get_potential_energy(force_consistent=True)
    except (NotImplementedError, TypeError):  # without the property, or without the argument
        if not plain_will_do:
            raise Failure('the calculator has no force-consistent energy: if its forces are derivatives of its energy, '
                          'let SCRIPT say energy_matches_forces = True')
    return energy


def virial_of(atoms, frame):
    """ASE's stress is positive under tension. None if the calculator has none: what is required is the driver's."""
    if not all(frame.pbc):
        return None
    try:
        stress = atoms.get_stress(voigt=False)
    except NotImplementedError:
        return None
    return frame.virial_of([[float(x) for x in row] for row in stress])


def calculate(atoms, frame, plain_will_do):
    try:
        energy = float(energy_of(atoms, plain_will_do))
        forces = [[float(x) for x in row] for row in atoms.get_forces(apply_constraint=False)]
        virial = virial_of(atoms, frame)
    except Failure:
        raise
    except Exception as error:
        kind = NotConverged if is_about_convergence(error) else Failure
        raise kind(said('the calculator failed', error))
    for owner in (atoms.calc, getattr(atoms.calc, 'scf', None)):
        if getattr(owner, 'converged', None) is False:
            raise NotConverged('the calculator says that it has not converged')
    return energy, forces, virial


def check_ranks(world):
    """Under another MPI's mpirun every rank takes itself for the only one, and all of them compute the same."""
    started = max(int(os.environ.get(name, 1)) for name in ('OMPI_COMM_WORLD_SIZE', 'PMI_SIZE'))
    if started > 1 and world.size == 1:
        raise Failure('%d processes were started, but ASE sees one: use the mpirun of the MPI that the calculator was '
                      'built with, or none' % started)


def label(frame):
    if len(sys.argv) != 2:
        raise Failure('usage: ase_calc.py SCRIPT')
    path = mtp_exec.find_file(sys.argv[1])
    sys.path.append(os.path.dirname(path))
    atoms = make_atoms(frame)
    plain_will_do = attach(path, atoms)
    from ase.parallel import world
    check_ranks(world)
    result = calculate(atoms, frame, plain_will_do)
    if world.rank == 0:
        mtp_exec.write_result(frame, *result)


mtp_exec.main(label)
