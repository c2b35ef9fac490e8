# SPDX-License-Identifier: BSD-3-Clause
"""The learning loop, for any program that moves atoms: it offers what it meets, and goes on with what was learned."""
import math
import os
from ctypes import POINTER, byref, c_double, c_int, c_void_p
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from . import _structures as s
from ._context import Error, Handle, call, context, encode, texts
from ._interrupt import Interruptible
from ._library import lib
from .active_set import ActiveSet
from .configurations import Configuration, PathLike
from .potential import Potential
from .reference import Reference, as_driver


@dataclass(frozen=True)
class LearnerStats:
    """Of this run: labels asked for and accepted, configurations in the training set, refits and those of all
    parameters, candidates that wait, seconds."""
    qm_calls: int
    labels: int
    configurations: int
    refits: int
    full_refits: int
    candidates: int
    qm_seconds: float
    refit_seconds: float


def _words(name: str, value: Any) -> 'list[str]':
    """The words of a deck that a value stands for."""
    if isinstance(value, bool):
        return [('off', 'auto')[value] if name == 'wall' else ('no', 'yes')[value]]
    if isinstance(value, (list, tuple)):
        return [word for one in value for word in _words(name, one)]
    return [repr(float(value)) if isinstance(value, float) else str(value)]


class Learner(Handle):
    """Owns a potential, its training set and a reference; one thread uses it.

        learner = Learner(potential, function, train='train.extxyz', save='al.almtp', select=2, break_=10)
        learner.begin(first)
        ...
        if grade > learner.thresholds[0] and learner.offer(configuration, grade, atom, step):
            potential = learner.potential  # evaluate this step again

    A program that is killed goes on from these files: nothing that was paid for is asked for twice.
    """

    def __init__(self, potential: Potential, reference: Reference = 'none', *, train: PathLike = 'train.extxyz',
                 save: PathLike = 'learned.almtp', log: PathLike = 'mtp-al.jsonl',
                 candidates: PathLike = 'candidates.extxyz', threads: int = 1, **options: Any):
        """options: the keywords of pair_style mtp/al that are not of LAMMPS alone (mode, query, select, break_, pool,
        refit, rows, wall, weights, warmup, grow, share, wait, maxqm, onfail, seed), with numbers, words, booleans or
        tuples of them; mtp.Learner(..., weights=(3, 0.01, 2e-4), warmup=(5, 0.1)).
        """
        given = lib.mtp_learner_defaults()
        paths = [encode(os.path.abspath(path)) for path in (train, save, log, candidates)]
        given.train_path, given.save_path, given.log_path, given.candidate_path = paths
        given.threads = threads
        active_set = potential.active_set
        if active_set is not None:
            given.active_set = active_set._as_parameter_
            given.mode = lib.mtp_active_set_mode(active_set)
        self._set(given, 'cut', 'off')  # what is offered is labelled as a whole
        whole = given.cutting
        for name, value in options.items():
            self._set(given, name.rstrip('_'), value)
        if given.check_every > 0 or given.cutting != whole:
            raise Error('check and cut: only pair_style mtp/al has them', 'unsupported')
        call(lib.mtp_learner_check, byref(given))
        self._driver = as_driver(reference, {})
        self._paths, out = paths, c_void_p()
        self._stop = c_int()
        lib.mtp_qm_set_stop(self._driver, byref(self._stop))
        # the learner closes the driver, also if it cannot be made
        call(lib.mtp_learner_new, byref(given), potential, self._driver._release(), byref(out))
        self._own(out.value, lib.mtp_learner_free)
        self.save = os.fsdecode(paths[1])
        self.names = potential.names

    @staticmethod
    def _set(options: Any, name: str, value: Any) -> None:
        words = [name] + _words(name, value)
        used = c_int()
        call(lib.mtp_learner_set, byref(options), len(words), texts(words), byref(used))
        if used.value != len(words):
            known, number = [], 0
            while lib.mtp_learner_keyword(number):
                known.append(lib.mtp_learner_keyword(number).decode())
                number += 1
            raise Error('%s takes no %r' % (name, value) if used.value else
                        'unknown option %s: %s are known' % (name, ', '.join(known)))

    def _call(self, function: Any, *arguments: Any) -> None:
        """What the reference raised is the cause of the failure; Ctrl-C in it is Ctrl-C here."""
        self._driver.raised = None
        try:
            with Interruptible(self._stop):
                call(function, self, *arguments)
        except Error as error:
            raised = self._driver.raised
            if raised is not None and not isinstance(raised, Exception):
                raise raised
            raise error from raised

    def _mapped(self, configuration: Configuration) -> Any:
        if configuration.names[:len(self.names)] != self.names:
            configuration._owner.map_species(self.names)
        return configuration._c

    def begin(self, first: Configuration, step: int = 0) -> bool:
        """To be called with the first configuration: labels the warm-up if the potential is untrained. True if the
        potential has changed."""
        action = c_int()
        self._call(lib.mtp_learner_begin, self._mapped(first), step, byref(action))
        return action.value == s.Action.REDO

    def pass_step(self, step: int) -> None:
        """The program has come to this step, whether it offers something there or not."""
        lib.mtp_learner_pass(self, step)

    def offer(self, configuration: Configuration, grade: float, atom: Optional[int] = None, step: int = 0) -> bool:
        """Offers a configuration with its largest grade, above `select`, and the atom that has it. True if the
        potential has changed: the step is to be evaluated again, and offered again if it is still beyond `break`. An
        Error ends the run; what was learned is on disk."""
        action, bare = c_int(), configuration.copy()
        bare.energy = bare.forces = bare.virial = None  # predictions, which files would have as a label
        bare._set_array('site_energy', None, float)
        self._call(lib.mtp_learner_offer, self._mapped(bare), grade, -1 if atom is None else atom, step,
                   byref(action))
        return action.value == s.Action.REDO

    def follow(self, step: int) -> bool:
        """With wait=False or share=True, every few steps: learns what has come since from workers or other runs. True
        if the potential has changed."""
        action = c_int()
        self._call(lib.mtp_learner_follow, step, 0, byref(action))
        return action.value == s.Action.REDO

    def end_run(self) -> None:
        """A run is over, others may follow: logs whether labels are still to be expected."""
        self._call(lib.mtp_learner_end_run)

    def explore(self, temperature: float, timestep: float, masses: Any, steps: int, quiet_steps: int = 0) -> None:
        """Before the end: trains, and lets the potential run alone at this temperature (K; timestep in ps, masses in
        g/mol by species), as long as the run was (steps), learning what it does not know there."""
        masses = np.ascontiguousarray(masses, float)
        conditions = s.Conditions(temperature, timestep, masses.ctypes.data_as(POINTER(c_double)), steps, quiet_steps)
        self._call(lib.mtp_learner_explore, byref(conditions))

    def end(self) -> Potential:
        """Trains all parameters once more if labels were learned, writes waiting candidates, and closes everything.
        Returns the potential with its active set."""
        if not self._as_parameter_.value:
            raise Error('the learner is closed', 'state')
        potential, known = self.potential, self.stats.configurations
        with Interruptible(self._stop):
            lib.mtp_learner_end(context(), self._release())
        # also of a run before this one, which was killed before its end
        return Potential.read(self.save) if known > 0 and os.path.exists(self.save) else potential

    def close(self) -> None:
        """Ends it without training."""
        self._finalizer()
        self._as_parameter_ = c_void_p(None)

    def __enter__(self) -> 'Learner':
        return self

    def __exit__(self, *what: Any) -> None:
        self.close()

    @property
    def potential(self) -> Potential:
        """A copy of the present one, with its active set."""
        pointer, active = c_void_p(), c_void_p()
        call(lib.mtp_potential_copy, lib.mtp_learner_potential(self), byref(pointer))
        held = lib.mtp_learner_active_set(self)
        if held:
            call(lib.mtp_active_set_copy, held, byref(active))
        return Potential._of(pointer, ActiveSet._of(active) if active.value else None)

    @property
    def thresholds(self) -> 'tuple[float, float]':
        """Grades select and break."""
        select, beyond = c_double(math.nan), c_double(math.nan)
        call(lib.mtp_learner_thresholds, self, byref(select), byref(beyond))
        return select.value, beyond.value

    @property
    def stats(self) -> LearnerStats:
        stats = lib.mtp_learner_get_stats(self)
        return LearnerStats(*(getattr(stats, name) for name in LearnerStats.__dataclass_fields__))
