# SPDX-License-Identifier: BSD-3-Clause
"""Selection: which of many configurations are worth labels."""
from ctypes import POINTER, addressof, byref
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from . import _structures as s
from ._context import call
from ._interrupt import Interruptible
from ._library import lib
from .active_set import ROWS, word
from .configurations import Configurations
from .potential import Potential

METHODS = {lib.mtp_select_method_name(k).decode(): k for k in s.SelectMethod}
MODES = {'energy': s.SelectMode.SELECT_BY_ENERGY, 'forces': s.SelectMode.SELECT_BY_FORCES,
         'neighbourhood': s.SelectMode.SELECT_BY_NEIGHBOURHOOD}
_OF_ACTIVE_SET = {'configuration': 'energy', 'forces': 'forces', 'neighbourhood': 'neighbourhood'}


@dataclass(frozen=True)
class Selection:
    """chosen: [count] numbers of candidates, ascending. configurations: copies of these. repeated, known, unusable:
    candidates that are the same as another one, are known, or have atoms at the same place. largest_grade: of all
    candidates before anything is selected (maxvol, bayes; else None), beyond: how many were above the threshold."""
    chosen: np.ndarray
    configurations: Configurations
    repeated: int
    known: int
    unusable: int
    largest_grade: Optional[float]
    beyond: int


class _Block:
    """All candidates as one block of mtp_candidates."""

    def __init__(self, candidates: Configurations):
        self.candidates, self.given = candidates, False
        self.c = s.Candidates(None, s.REWIND(self._rewind), s.NEXT(self._next))

    def _rewind(self, ctx: Any, user: Any) -> int:
        self.given = False
        return s.Status.OK

    def _next(self, ctx: Any, user: Any, block: Any) -> int:
        block[0] = None if self.given else addressof(self.candidates._c.contents)
        self.given = True
        return s.Status.OK


def select(potential: Potential, candidates: Any, *, train: Any = None, method: str = 'maxvol',
           max: int = 0, mode: Optional[str] = None, rows: Optional[str] = None, fill: bool = False,
           threshold: float = 1.1, swap: float = 1.001, seed: int = 12345, threads: int = 1,
           memory: float = 1.2e9) -> Selection:
    """Selects at most `max` of the candidates (0: any number, for maxvol and range).

    train: what is known; without it, the active set of the potential is (maxvol), or its posterior (bayes). method:
    'maxvol', 'range', 'energy', 'force', 'site-energy', 'random', 'bayes'. mode: rows of maxvol, 'neighbourhood',
    'energy' or 'forces'. fill: goes on with the rest until there are `max`. threshold: nothing is selected unless the
    largest grade is above it.
    """
    options = lib.mtp_select_defaults()
    active_set = potential.active_set
    if active_set is not None:
        mode = mode or _OF_ACTIVE_SET[active_set.mode]
        rows = rows or active_set.kind
    options.method = word(METHODS, 'method', method)
    if mode is not None:
        options.mode = word(MODES, 'mode', mode)
    if rows is not None:
        options.rows = word(ROWS, 'rows', rows)
    for name, value in dict(max=max, fill=fill, threshold=threshold, swap=swap, seed=seed, threads=threads,
                            memory=memory).items():
        setattr(options, name, value)
    mapped = potential._mapped(candidates)
    known = None if train is None else potential._mapped(train)
    block, out = _Block(mapped), POINTER(s.Selection)()
    try:
        with Interruptible():  # it has callbacks, in which Ctrl-C would get lost
            call(lib.mtp_select, byref(options), potential, active_set, known, byref(block.c), byref(out))
        found = out.contents
        chosen = np.array(found.chosen[:found.count], int)
        return Selection(chosen, mapped[chosen], found.repeated, found.known, found.unusable,
                         found.largest if found.has_grades else None, found.beyond)
    finally:
        lib.mtp_selection_free(out)
