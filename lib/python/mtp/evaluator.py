# SPDX-License-Identifier: BSD-3-Clause
"""Energies, forces, virials, gradients and grades of one configuration at a time."""
import threading
from ctypes import POINTER, byref, c_double, c_void_p
from typing import TYPE_CHECKING, Any, Dict, Optional

import numpy as np

from . import _structures as s
from ._context import Error, Handle, call
from ._library import lib
from .active_set import ActiveSet, word
from .configurations import Configuration

if TYPE_CHECKING:
    from .potential import Potential

PRECISIONS = ('double', 'mixed')


class Evaluator(Handle):
    """A potential compiled for speed, at the parameters that it has now. Threads take turns with it."""

    def __init__(self, potential: 'Potential', *, active_set: Optional[ActiveSet] = None, precision: str = 'double'):
        """active_set: what it grades by, of mode neighbourhood or configuration; that of the potential is not taken."""
        out = c_void_p()
        call(lib.mtp_evaluator_new, potential, byref(out))
        self._own(out.value, lib.mtp_evaluator_free)
        self._lock = threading.Lock()
        self._graded = active_set is not None
        self.names = potential.names
        self.cutoff = potential.cutoff
        self.parameter_count = potential.parameter_count
        if active_set is not None:
            call(lib.mtp_evaluator_set_active_set, self, active_set)
        call(lib.mtp_evaluator_set_precision, self, word({p: k for k, p in enumerate(PRECISIONS)}, 'precision',
                                                         precision))

    def new(self, symbols: Any, positions: Any, cell: Any, pbc: Any) -> Configuration:
        """A configuration whose species are the potential's, as evaluate and compute want it."""
        configuration = Configuration(symbols, positions, cell, pbc)
        configuration._owner.map_species(self.names)
        return configuration

    def _map(self, configuration: Configuration) -> None:
        """Its species become the potential's."""
        if configuration.names[:len(self.names)] != self.names:
            configuration._owner.map_species(self.names)

    def evaluate(self, configuration: Configuration, grades: bool = False) -> Configuration:
        """Puts energy, forces, virial and site energies into the configuration, and grades if asked for."""
        if grades and not self._graded:
            raise Error('the evaluator has no active set to grade with', 'state')
        self._map(configuration)
        configuration._let_go('force', 'site_energy', 'grade', 'force_error')
        with self._lock:
            call(lib.mtp_evaluator_config, self, configuration._c, int(grades))
        return configuration

    def compute(self, configuration: Configuration, *, gradient: bool = False, rows: bool = False) -> Dict[str, Any]:
        """What evaluate has no place for.

        energy: eV. forces: [n, 3] eV/A. virial: [6] eV, xx yy zz xy xz yz. energies: [n] eV. virials: [n, 6] eV, those
        of pairs half to either atom. gradient: [parameters] of the energy, rows: [n, parameters] of the site energies.
        """
        self._map(configuration)
        neighbors = POINTER(s.Neighbors)()
        call(lib.mtp_neighbors_build, configuration._c, self.cutoff, byref(neighbors))
        try:
            return self._compute(neighbors, gradient, rows)
        finally:
            lib.mtp_neighbors_free(neighbors)

    def _compute(self, neighbors: Any, gradient: bool, rows: bool) -> Dict[str, Any]:
        n, nall = neighbors.contents.n, neighbors.contents.nall
        arrays = {'force': np.zeros((nall, 3)), 'site_energy': np.zeros(nall), 'site_virial': np.zeros((nall, 6))}
        if gradient:
            arrays['gradient'] = np.zeros(self.parameter_count)
        if rows:
            arrays['rows'] = np.zeros((n, self.parameter_count))
        out = s.Output(**{name: array.ctypes.data_as(POINTER(c_double)) for name, array in arrays.items()})
        atoms = lib.mtp_atoms_of(neighbors)
        with self._lock:
            call(lib.mtp_evaluator_compute, self, byref(atoms), None, byref(out))
        # what images have is their atom's
        owner = np.ctypeslib.as_array(neighbors.contents.owner, (nall,)) if nall else np.zeros(0, int)
        for name in ('force', 'site_virial'):
            np.add.at(arrays[name], owner[n:], arrays[name][n:])
        result = {'energy': out.energy, 'forces': arrays['force'][:n], 'virial': np.array(out.virial),
                  'energies': arrays['site_energy'][:n], 'virials': arrays['site_virial'][:n]}
        result.update({name: arrays[name] for name in ('gradient', 'rows') if name in arrays})
        return result
