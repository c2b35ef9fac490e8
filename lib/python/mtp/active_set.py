# SPDX-License-Identifier: BSD-3-Clause
"""Active sets: how far a configuration lies outside of what a potential was trained on (D-optimality, maxvol)."""
from ctypes import byref, c_double, c_int, c_void_p
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from . import _structures as s
from ._context import Error, Handle, call, view
from ._library import lib
from .configurations import Configuration, Configurations

if TYPE_CHECKING:
    from .potential import Potential

MODES = {'configuration': s.Mode.MODE_CONFIGURATION, 'neighbourhood': s.Mode.MODE_NEIGHBOURHOOD,
         'forces': s.Mode.MODE_FORCES}
ROWS = {'all': s.Rows.ROWS_ALL, 'linear': s.Rows.ROWS_LINEAR}


def word(table: Any, what: str, name: Any) -> int:
    """The number that a word stands for."""
    if name not in table:
        raise Error('%s: %s is expected, not %r' % (what, ', '.join(map(repr, table)), name))
    return table[name]


class ActiveSet(Handle):
    """Rows of largest |det A|: n gradients by the n parameters of a potential. It belongs to the parameters that the
    potential had when it was made.
    """

    @classmethod
    def _of(cls, pointer: c_void_p) -> 'ActiveSet':
        self = cls.__new__(cls)
        self._own(pointer.value, lib.mtp_active_set_free)
        return self

    @classmethod
    def build(cls, potential: 'Potential', configurations: Configurations, *, mode: str = 'neighbourhood',
              rows: str = 'linear', threshold: float = 1.001) -> 'ActiveSet':
        """That of a training set.

        mode: 'neighbourhood' (a row an atom), 'configuration' or 'forces'. rows: gradients by the 'linear' coefficients
        or by 'all' parameters. threshold: growth of the volume that is worth a swap.
        """
        out = c_void_p()
        configurations = potential._mapped(configurations)
        call(lib.mtp_active_set_build_of, potential, configurations, word(MODES, 'mode', mode),
             word(ROWS, 'rows', rows), threshold, None, byref(out))
        return cls._of(out)

    @property
    def mode(self) -> str:
        """What a row is of: 'neighbourhood', 'configuration' or 'forces'."""
        return list(MODES)[lib.mtp_active_set_mode(self)]

    @property
    def kind(self) -> str:
        """By which parameters rows are gradients: 'all' or 'linear'."""
        return list(ROWS)[lib.mtp_active_set_kind(self)]

    @property
    def size(self) -> int:
        """n, rows and parameters."""
        return lib.mtp_active_set_size(self)

    @property
    def filled(self) -> int:
        """Rows that came from configurations."""
        return lib.mtp_active_set_filled(self)

    @property
    def log_volume(self) -> float:
        """ln |det A| of the columns that rows are gradients by."""
        return lib.mtp_active_set_log_volume(self)

    @property
    def rows(self) -> np.ndarray:
        """A [n, n]; a view that cannot be written to."""
        return view(self, lib.mtp_active_set_rows(self), (self.size, self.size), writable=False)

    @property
    def inverse(self) -> np.ndarray:
        """[n, n], transposed: A inverse^T = 1; a view that cannot be written to."""
        return view(self, lib.mtp_active_set_inverse(self), (self.size, self.size), writable=False)

    @property
    def origins(self) -> np.ndarray:
        """[n, 2] number of the configuration and of the atom (-1: the whole) of each row, -1 -1 for an initial one."""
        return view(self, lib.mtp_active_set_origins(self), (self.size, 2), np.int64, writable=False)

    @property
    def configurations(self) -> Configurations:
        """Copies of the configurations that rows come from."""
        held = lib.mtp_active_set_configs(self)
        out = Configurations()
        if not held:
            return out
        holder = _Held(held, self)
        out.extend(Configuration._of(holder, holder.config(k)) for k in range(len(holder)))
        return out

    def grade_rows(self, rows: Any) -> np.ndarray:
        """Grades [m] of rows [m, n] such as Evaluator.compute gives them."""
        rows = np.ascontiguousarray(rows, float)
        if rows.ndim != 2 or rows.shape[1] != self.size:
            raise Error('rows of the shape %s, but there are %d parameters' % (rows.shape, self.size))
        grades = np.empty(len(rows))
        call(lib.mtp_active_set_grade, self, len(rows), rows.ctypes.data, grades.ctypes.data)
        return grades

    def grade(self, potential: 'Potential', configuration: Configuration) -> 'tuple[float, Optional[int]]':
        """The largest grade of a configuration, and the atom that has it (None: the configuration as a whole)."""
        grade, atom = c_double(), c_int()
        mapped = potential._mapped(Configurations([configuration]))
        call(lib.mtp_active_set_grade_config, self, potential, mapped[0]._c, byref(grade), byref(atom))
        return grade.value, atom.value if atom.value >= 0 else None


class _Held:
    """The species and configurations of a set that something else owns."""

    def __init__(self, pointer_to_set: Any, owner: Any):
        self._c, self._owner = pointer_to_set, owner

    def __len__(self) -> int:
        return self._c.contents.n

    @property
    def species(self) -> 'list[str]':
        return [self._c.contents.names[k].decode() for k in range(self._c.contents.species_count)]

    def config(self, k: int) -> Any:
        return self._c.contents.configs[k]
