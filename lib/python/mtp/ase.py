# SPDX-License-Identifier: BSD-3-Clause
"""Calculators of ASE: a moment tensor potential, and one that learns while ASE moves the atoms."""
import threading
from typing import Any, List, Optional, Union

import numpy as np
from ase.calculators.calculator import Calculator, PropertyNotImplementedError, all_changes

from ._context import Error, call, log
from ._library import lib
from .configurations import Configuration, PathLike
from .evaluator import Evaluator
from .learner import Learner
from .potential import Potential
from .reference import Function, NotConverged, Reference

# ASE's xx yy zz yz xz xy from xx yy zz xy xz yz
_VOIGT = [0, 1, 2, 5, 4, 3]


class MTP(Calculator):
    """A moment tensor potential as a calculator of ASE: atoms.calc = MTP('al.almtp').

    energy and free_energy (eV, the same), energies (site energies), forces, and for a cell with three vectors stress
    and stresses (of the atoms; they add up to the stress). With grades=True results has also `grades` [n], `max_grade`
    and, in atoms.info of what was given to the calculator, max_grade; with errors=True `force_errors` [n], eV/A.
    """

    implemented_properties = ['energy', 'free_energy', 'energies', 'forces', 'stress', 'stresses']
    nolabel = True

    def __init__(self, potential: Union[Potential, PathLike], *, grades: bool = False, errors: bool = False,
                 precision: str = 'double', **keywords: Any):
        super().__init__(**keywords)
        self.grades, self.errors, self.precision = grades, errors, precision
        self._use(potential if isinstance(potential, Potential) else Potential.read(potential))

    def _use(self, potential: Potential) -> None:
        try:
            call(lib.mtp_potential_check_baseline, potential, None, b'the potential')
        except Error as error:  # its user may add the other part
            log.warning('%s: its energies and forces are those beside a baseline', error)
        if self.grades and potential.active_set is None:
            raise Error('there is no active set to grade with: training makes one', 'state')
        self.potential = potential
        self._evaluator = Evaluator(potential, active_set=potential.active_set if self.grades else None,
                                    precision=self.precision)
        self._posterior = potential.posterior if self.errors else None
        if self.errors and self._posterior is None:
            raise Error('the potential does not say how sure it is: training leaves that', 'state')
        self.results = {}

    def calculate(self, atoms: Any = None, properties: Optional[List[str]] = None,
                  system_changes: Any = all_changes) -> None:
        super().calculate(atoms, properties or ['energy'], system_changes)
        self._compute(self._configuration(), properties or [])
        self._tell(atoms)

    def _configuration(self) -> Configuration:
        atoms = self.atoms
        return self._evaluator.new(atoms.get_chemical_symbols(), atoms.positions, atoms.cell.array, atoms.pbc)

    def _compute(self, configuration: Configuration, properties: List[str]) -> None:
        """Puts into results what the potential says of a configuration."""
        evaluated = self._evaluator.evaluate(configuration, grades=self.grades)
        n, volume = len(configuration), configuration.volume
        results = {'energy': evaluated.energy, 'free_energy': evaluated.energy,
                   'energies': np.array(evaluated.energies) if n else np.zeros(0),
                   'forces': np.array(evaluated.forces) if n else np.zeros((0, 3))}
        if volume > 0:
            results['stress'] = evaluated.stress
        if 'stresses' in properties and volume > 0:
            results['stresses'] = -self._evaluator.compute(configuration)['virials'][:, _VOIGT] / volume
        if self.grades:
            results['max_grade'] = evaluated.max_grade
            if evaluated.grades is not None:
                results['grades'] = np.array(evaluated.grades)
        if self._posterior is not None:
            results['force_errors'] = self._posterior.errors(self.potential, configuration)
        self.results = results
        for name in ('stress', 'stresses'):
            if name in properties and name not in results:
                raise PropertyNotImplementedError('%s: the cell has no volume' % name)

    def _tell(self, atoms: Any) -> None:
        """Grades into atoms.info, which files keep."""
        for given in (atoms, self.atoms):
            if given is not None and 'max_grade' in self.results:
                given.info['max_grade'] = self.results['max_grade']


class LearningMTP(MTP):
    """A potential that learns while ASE moves the atoms, the calculator as the engine: each calculation is a step.

    It is graded; beyond `select` it is a candidate, beyond `break` the reference is asked and the step is done again
    with what was learned. Options are those of mtp.Learner. close() ends it, end() trains once more.
    """

    def __init__(self, potential: Union[Potential, PathLike], reference: Reference, **options: Any):
        for name, refused in (('query', 'bayes'), ('mode', 'forces')):
            if options.get(name) == refused:
                raise Error('%s=%r: it grades by active sets of neighbourhoods or configurations' % (name, refused),
                            'unsupported')
        start = potential if isinstance(potential, Potential) else Potential.read(potential)
        self.learner = Learner(start, reference, **options)
        self.step, self._learns, self._follows = -1, True, 'share' in options or 'wait' in options
        Calculator.__init__(self)
        self.grades, self.errors, self.precision = True, False, 'double'

    def calculate(self, atoms: Any = None, properties: Optional[List[str]] = None,
                  system_changes: Any = all_changes) -> None:
        if not self._learns or (self.results and not system_changes):  # more of what is known is no step
            super().calculate(atoms, properties, system_changes)
            return
        Calculator.calculate(self, atoms, properties or ['energy'], system_changes)
        self._learn(properties or [])
        self._tell(atoms)

    def _learn(self, properties: List[str]) -> None:
        """A step: evaluated, and again as long as that teaches something."""
        self.step += 1
        if self.step == 0:
            first = Configuration(self.atoms.get_chemical_symbols(), self.atoms.positions, self.atoms.cell.array,
                                  self.atoms.pbc)
            self.learner.begin(first)
            self._use(self.learner.potential)
        self.learner.pass_step(self.step)
        if self._follows and self.learner.follow(self.step):
            self._use(self.learner.potential)
        while True:
            configuration = self._configuration()
            self._compute(configuration, properties)
            grade, grades = self.results['max_grade'], self.results.get('grades')
            if grade <= self.learner.thresholds[0]:  # what is no number is far out
                return
            atom = None if grades is None else int(np.argmax(grades))
            if not self.learner.offer(configuration, grade, atom, self.step):
                return
            self._use(self.learner.potential)

    def end(self) -> Potential:
        """Ends the learning as Learner.end does, and goes on as a calculator of the potential that came of it."""
        self._use(self.learner.end())
        self._learns = False
        return self.potential

    def close(self) -> None:
        self.learner.close()


def _energy_of(atoms: Any, energy_matches_forces: bool) -> float:
    energy = atoms.get_potential_energy()  # first: what is wrong with the atoms shows here
    try:
        return atoms.get_potential_energy(force_consistent=True)
    except (NotImplementedError, TypeError):  # without the property, or without the argument
        if not energy_matches_forces:
            raise Error('the calculator has no force-consistent energy: if its forces are derivatives of its energy, '
                        'say energy_matches_forces=True', 'qm') from None
    return energy


def _ask(calculator: Any, atoms: Any, energy_matches_forces: bool) -> Any:
    energy = _energy_of(atoms, energy_matches_forces)
    forces = atoms.get_forces(apply_constraint=False)
    try:
        stress = atoms.get_stress() if all(atoms.pbc) else None
    except NotImplementedError:  # what is required is for the driver to say
        stress = None
    for owner in (calculator, getattr(calculator, 'scf', None)):
        converged = getattr(owner, 'converged', None)
        if isinstance(converged, (bool, np.bool_)) and not converged:
            raise NotConverged('the calculator says that it has not converged')
    return energy, forces, stress


def reference_of(calculator: Any, *, energy_matches_forces: bool = False) -> Function:
    """A calculator of ASE as the function that labels are asked of.

    The energy of a label is the one that forces are derivatives of. A calculator that does not know it (with electronic
    smearing the plain energy would be another function) is refused unless energy_matches_forces says that they fit.
    Threads take turns with it, for it holds the results of one configuration.
    """
    turns = threading.Lock()

    def function(configuration: Configuration) -> Any:
        atoms = configuration.to_ase()
        atoms.calc = calculator
        with turns:
            return _ask(calculator, atoms, energy_matches_forces)
    return function
