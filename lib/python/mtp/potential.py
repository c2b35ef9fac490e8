# SPDX-License-Identifier: BSD-3-Clause
"""Moment tensor potentials: what one is, and what it says of configurations."""
from ctypes import POINTER, byref, c_void_p
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from . import _structures as s
from ._context import Error, Handle, call, encode, texts, view
from ._library import lib
from .active_set import ActiveSet
from .configurations import Configuration, Configurations, PathLike, as_configurations


class Potential(Handle):
    """A moment tensor potential, with the active set that its file holds.

    Potential.read opens a file; Potential(level, species, cutoff) is an untrained one.
    """

    #: What it grades by, or None. It belongs to the present parameters; training replaces it.
    active_set: Optional[ActiveSet]

    def __init__(self, level: int, species: Sequence[str], cutoff: float, *, min_dist: float = 0.0,
                 radial_size: int = 0):
        """level: even, 2 to 30. species: element names. cutoff: A. min_dist: A, lower end of the radial functions; 0:
        training takes it from the data. radial_size: 2 to 32; 0: training chooses it.
        """
        if isinstance(species, str):
            species = [species]
        spec = s.PotentialSpec(level, len(species), texts(species), cutoff, min_dist, radial_size)
        out = c_void_p()
        call(lib.mtp_potential_new, byref(spec), byref(out))
        self._own(out.value, lib.mtp_potential_free)
        self.active_set = None

    @classmethod
    def _of(cls, pointer: c_void_p, active_set: Optional[ActiveSet] = None) -> 'Potential':
        self = cls.__new__(cls)
        self._own(pointer.value, lib.mtp_potential_free)
        self.active_set = active_set
        return self

    @classmethod
    def read(cls, path: PathLike, species: Optional[Sequence[str]] = None) -> 'Potential':
        """Reads `.mtp` or `.almtp`. species: element names, for a file that has none."""
        pot, active = c_void_p(), c_void_p()
        call(lib.mtp_model_read, encode(path), byref(pot), byref(active))
        self = cls._of(pot, ActiveSet._of(active) if active.value else None)
        if species is not None:
            self.set_elements([species] if isinstance(species, str) else species)
        return self

    def write(self, path: PathLike, *, active_set: bool = True) -> None:
        """Writes it in place of what was there, with its active set if it has one and the name does not end in .mtp."""
        with_set = self.active_set is not None and active_set and not str(path).endswith(('.mtp', '.mtp.gz'))
        if with_set:
            call(lib.mtp_active_set_write, self.active_set, self, encode(path))
        else:
            call(lib.mtp_potential_write, self, encode(path))

    def copy(self) -> 'Potential':
        out = c_void_p()
        call(lib.mtp_potential_copy, self, byref(out))
        active = c_void_p()
        if self.active_set is not None:
            call(lib.mtp_active_set_copy, self.active_set, byref(active))
        return Potential._of(out, ActiveSet._of(active) if active.value else None)

    def _take(self, other: 'Potential') -> None:
        """Becomes what `other` is, which must not be used any more."""
        self._finalizer()
        self._own(other._release().value, lib.mtp_potential_free)
        self.active_set = other.active_set

    def __repr__(self) -> str:
        return 'Potential(level %d, %s, cutoff %g A, %strained)' % (
            self.level, ', '.join(self.names), self.cutoff, '' if self.is_trained else 'un')

    # ---- what it is ----

    @property
    def level(self) -> int:
        """0 if its basis is of no standard level."""
        return lib.mtp_potential_level(self)

    @property
    def cutoff(self) -> float:
        """A"""
        return lib.mtp_potential_cutoff(self)

    @property
    def min_dist(self) -> float:
        """A"""
        return lib.mtp_potential_min_dist(self)

    @property
    def radial_size(self) -> int:
        return lib.mtp_potential_radial_size(self)

    @property
    def radial_name(self) -> str:
        """RBChebyshev, for example."""
        return lib.mtp_potential_radial_name(self).decode()

    @property
    def is_trained(self) -> bool:
        return lib.mtp_potential_is_trained(self)

    @property
    def elements(self) -> Optional[List[str]]:
        """Element names of the species; None for a file without."""
        count = lib.mtp_potential_species_count(self)
        names = [lib.mtp_potential_element(self, k) for k in range(count)]
        return None if None in names else [name.decode() for name in names]

    def set_elements(self, names: Sequence[str]) -> None:
        if len(names) != lib.mtp_potential_species_count(self):
            raise Error('the potential has %d species, but %d names are given' %
                        (lib.mtp_potential_species_count(self), len(names)))
        call(lib.mtp_potential_set_elements, self, texts(names))

    @property
    def names(self) -> List[str]:
        """What species are called in configurations: the elements, or numbers as text."""
        return self.elements or [str(lib.mtp_potential_label(self, k))
                                 for k in range(lib.mtp_potential_species_count(self))]

    @property
    def parameter_count(self) -> int:
        return lib.mtp_potential_parameter_count(self)

    @property
    def parameters(self) -> np.ndarray:
        """Radial coefficients, species constants, linear coefficients, in one vector (a copy). Setting
        it (with all values finite) makes the potential a trained one without an active set.
        """
        return np.array(view(self, lib.mtp_potential_parameters(self), (self.parameter_count,)))

    @parameters.setter
    def parameters(self, values: Any) -> None:
        values = np.ascontiguousarray(values, float)
        if values.shape != (self.parameter_count,):
            raise Error('%d parameters, but values of the shape %s' % (self.parameter_count, values.shape))
        call(lib.mtp_potential_set_parameters, self, values.ctypes.data)
        self.active_set = None

    # ---- what it says of configurations ----

    def _mapped(self, configurations: Any) -> Configurations:
        """As a set whose species are the potential's. A set that is handed in stays the same one."""
        mapped = as_configurations(configurations)
        if mapped.species != self.names:
            mapped.map_species(self.names)
        return mapped

    def evaluate(self, configurations: Any, *, grades: bool = False, errors: bool = False,
                 threads: int = 1) -> Configurations:
        """Copies of configurations (or of Atoms of ASE, or of those of a file) with energies, forces, virials and site
        energies in place of their labels.

        grades: also how far each is outside of the training set (the active set says it). errors: also the error to
        expect of the force on each atom. Results do not depend on the number of threads.
        """
        if grades and self.active_set is None:
            raise Error('there is no active set to grade with: training makes one', 'state')
        out = self._mapped(as_configurations(configurations).copy())
        by_forces = grades and self.active_set.mode == 'forces'
        posterior = self.posterior if errors else None
        if errors and posterior is None:
            raise Error('it does not say how sure it is: training leaves that', 'state')
        team = c_void_p()
        call(lib.mtp_team_new, self, self.active_set if grades and not by_forces else None, threads, None, byref(team))
        try:
            call(lib.mtp_team_evaluate, team, 0, len(out), out._c.contents.configs)
            if errors:
                found = [np.empty(len(configuration)) for configuration in out]
                call(lib.mtp_team_errors, team, posterior, 0, len(out), out._c.contents.configs,
                     (c_void_p * len(out))(*(array.ctypes.data for array in found)))
        finally:
            lib.mtp_team_free(team)
        for configuration in out if by_forces else ():
            grade, _ = self.active_set.grade(self, configuration)
            configuration._c.contents.has_max_grade, configuration._c.contents.max_grade = True, grade
        for configuration, array in zip(out, found) if errors else ():
            configuration._set_array('force_error', array, float)
        return out

    def grade(self, configurations: Any, *, threads: int = 1) -> np.ndarray:
        """[configurations] grades: up to 1 is interpolation, above 2 is worth learning, above 10 not to be trusted."""
        graded = self.evaluate(configurations, grades=True, threads=threads)
        return np.array([configuration.max_grade for configuration in graded])

    @property
    def posterior(self) -> Optional['Posterior']:
        """How sure it is of its linear coefficients; None where that is not known."""
        out = c_void_p()
        call(lib.mtp_posterior_of, self, byref(out))
        return Posterior._of(out) if out.value else None

    def compare(self, configurations: Any, *, threads: int = 1) -> 'ErrorTable':
        """Errors on labelled configurations."""
        mapped, team, table = self._mapped(configurations), c_void_p(), POINTER(s.ErrorTable)()
        name = lib.mtp_baseline_of_set(mapped)  # a difference compares with differences
        call(lib.mtp_baseline_check, name, mapped, b'the configurations')
        call(lib.mtp_potential_check_baseline, self, name, b'the potential')
        call(lib.mtp_team_new, self, None, threads, None, byref(team))
        try:
            call(lib.mtp_error_table_compute_by, team, self, mapped, None, None, byref(table))
        finally:
            lib.mtp_team_free(team)
        try:
            return ErrorTable._of(table.contents, self.names)
        finally:
            lib.mtp_error_table_free(table)


class Posterior(Handle):
    """How sure a fit is of its linear coefficients, and so of the forces that it predicts."""

    @classmethod
    def _of(cls, pointer: c_void_p) -> 'Posterior':
        self = cls.__new__(cls)
        self._own(pointer.value, lib.mtp_posterior_free)
        return self

    @property
    def noise(self) -> Tuple[float, float, float]:
        """Standard deviations of what the fit does not describe: energy (eV/atom), force (eV/A), virial (eV/atom)."""
        noise = lib.mtp_posterior_noise(self)
        return noise.energy, noise.force, noise.virial

    @property
    def typical(self) -> float:
        """What residuals of forces are typically, eV/A."""
        return lib.mtp_posterior_typical(self)

    @property
    def scale(self) -> float:
        """By which standard deviations are multiplied, because a model that is not the truth is too sure."""
        return lib.mtp_posterior_scale(self)

    def errors(self, potential: Potential, configuration: Configuration) -> np.ndarray:
        """[n] errors to expect of the forces on the atoms, RMS of a component, eV/A."""
        errors = np.empty(len(configuration))
        mapped = potential._mapped(Configurations([configuration]))
        call(lib.mtp_posterior_errors, self, mapped[0]._c, errors.ctypes.data)
        return errors


@dataclass(frozen=True)
class ErrorStat:
    """Moduli of `count` differences."""
    mae: float
    rmse: float
    max: float
    count: int

    @classmethod
    def _of(cls, stat: Any) -> 'ErrorStat':
        return cls(stat.mae, stat.rmse, stat.max, stat.count)


@dataclass(frozen=True)
class Errors:
    """energy_per_atom: eV/atom. force: eV/A, over components. stress: GPa, over the 9 components. force_rms: eV/A, of
    the labels over the same components."""
    configurations: int
    atoms: int
    energy_per_atom: ErrorStat
    force: ErrorStat
    stress: ErrorStat
    force_rms: float

    @classmethod
    def _of(cls, errors: Any) -> 'Errors':
        return cls(errors.configurations, errors.atoms, ErrorStat._of(errors.energy_per_atom),
                   ErrorStat._of(errors.force), ErrorStat._of(errors.stress), errors.force_rms)


@dataclass(frozen=True)
class ErrorTable:
    """all: of all configurations. groups: of each group (feature `group` or `config_type`; '' for the rest). species:
    of the forces on the atoms of each species, eV/A."""
    all: Errors
    groups: Dict[str, Errors]
    species: Dict[str, ErrorStat]

    @classmethod
    def _of(cls, table: Any, names: Sequence[str]) -> 'ErrorTable':
        groups = {table.groups[k].name.decode(errors='replace'): Errors._of(table.groups[k].errors)
                  for k in range(table.group_count)}
        species = {names[k]: ErrorStat._of(table.species_force[k]) for k in range(table.species_count)}
        return cls(Errors._of(table.all), groups, species)
