# SPDX-License-Identifier: BSD-3-Clause
"""Training: fits a potential to labelled configurations."""
import math
import os
from ctypes import byref, c_void_p
from dataclasses import dataclass
from typing import Any, Callable, List, Optional, Sequence, Tuple, Union

from . import _structures as s
from ._context import Error, call
from ._interrupt import Interruptible, code_of_user
from ._library import lib
from .active_set import MODES, ROWS, ActiveSet, word
from .configurations import Configurations, PathLike
from .potential import Potential

WEIGHTINGS = {'vibrations': s.Weighting.WEIGHT_VIBRATIONS, 'molecules': s.Weighting.WEIGHT_MOLECULES,
              'structures': s.Weighting.WEIGHT_STRUCTURES}
WALLS = ('none', 'weight', 'repuls', 'failed')
_SWAP = 1.001  # growth of the volume that is worth a swap of active rows


@dataclass(frozen=True)
class Rmse:
    """Root mean squares of deviations from labels: eV/atom, eV/A over components, GPa. NaN where there are none."""
    energy: float
    force: float
    stress: float


@dataclass(frozen=True)
class Progress:
    """How far training is; lower levels come first."""
    level: int
    stage: str
    iteration: int
    max_iterations: int
    seconds: float
    loss: float
    training: Rmse
    validation: Rmse
    validation_loss: float


@dataclass(frozen=True)
class TrainResult:
    """loss: of the training set. stopped: by a limit of time or by `progress`. wall: what was made of an energy that
    falls where atoms come closer than in the data: 'none' (it does not), 'weight', 'repuls' (mended), 'failed'."""
    loss: float
    iterations: int
    seconds: float
    stopped: bool
    wall: str


def make_weights(weights: Union[str, Sequence[float], None], weighting: str) -> Any:
    """mtp_weights of (energy, force, stress), 'mlip' or None (the default)."""
    made = lib.mtp_weights_mlip() if weights == 'mlip' else lib.mtp_weights_default()
    if weights is not None and not isinstance(weights, str):
        made.energy, made.force, made.stress = map(float, weights)
    elif weights not in (None, 'mlip'):
        raise Error("weights: three numbers or 'mlip' are expected, not %r" % weights)
    if not all(math.isfinite(w) and w >= 0 for w in (made.energy, made.force, made.stress)):
        raise Error('weights: numbers that are not negative are expected, not %r' % (weights,))
    made.weighting = word(WEIGHTINGS, 'weighting', weighting)
    return made


class _Watch:
    """Calls `progress` from within the library. What it raises, also Ctrl-C, ends training and is raised again."""

    def __init__(self, progress: Optional[Callable[[Progress], Any]]):
        self.progress = progress
        self.raised: Optional[BaseException] = None
        self.callback = s.WATCH(self._on_iteration)

    def _on_iteration(self, user: Any, progress: Any) -> bool:
        try:
            p = progress.contents
            with code_of_user():
                if self.progress is None:
                    return True
                rmse = [Rmse(r.energy, r.force, r.stress) for r in (p.training, p.validation)]
                said = self.progress(Progress(p.level, p.stage.decode(), p.iteration, p.max_iterations, p.seconds,
                                              p.loss, rmse[0], rmse[1], p.validation_loss))
            return said is not False
        except BaseException as error:  # noqa: B902 - nothing may cross the library
            self.raised = error
            return False


def _settle_baseline(potential: Potential, sets: List[Configurations], fresh: bool) -> None:
    """What labels are relative to is what the potential will stand on; all of them have to agree."""
    name = lib.mtp_baseline_of_set(sets[0])
    for configurations in sets:
        call(lib.mtp_baseline_check, name, configurations, b'the training set')
    if not fresh:
        call(lib.mtp_potential_check_baseline, potential, name, b'the potential')
    call(lib.mtp_potential_set_baseline, potential, name)


def _stamp_posterior(potential: Potential, configurations: Configurations, validation: Optional[Configurations],
                     threads: int) -> None:
    """How sure the coefficients are. Without forces in the data, nothing is known of it."""
    posterior = c_void_p()
    try:
        call(lib.mtp_posterior_train, potential, configurations, validation, threads, byref(posterior))
    except Error as error:
        if error.status not in ('state', 'numeric'):
            raise
    try:
        call(lib.mtp_posterior_stamp, posterior, potential)
    finally:
        lib.mtp_posterior_free(posterior)


def train(potential: Potential, configurations: Any, *, validation: Any = None,
          weights: Union[str, Tuple[float, float, float], None] = None, weighting: str = 'vibrations',
          linear: bool = False, fresh: bool = False, max_iterations: int = 0, max_seconds: float = 0.0,
          tolerance: float = 0.0, patience: int = 0, starts: int = 3, held_out: float = 0.1, ridge: float = 0.0,
          update_min_dist: bool = False, wall: bool = True, mode: Optional[str] = None, rows: Optional[str] = None,
          checkpoint: Optional[PathLike] = None, seed: int = 12345, threads: int = 1, memory: float = 2e9,
          progress: Optional[Callable[[Progress], Any]] = None) -> TrainResult:
    """Fits `potential` to labelled configurations, as `mtp train` does, and gives it an active set and a posterior.

    validation: watched, not trained on. weights: of energy, force, stress; 'mlip': 1, 0.01, 0.001. linear: solves for
    the linear coefficients, the radial functions stay. fresh: begins anew with a trained potential. max_iterations: at
    its own level; 0: chosen; -1: none, the parameters stay. patience: ends when the validation loss was lowest so many
    iterations ago. mode, rows: of the active set ('neighbourhood' or that of the potential; 'linear' after training,
    'all' with linear=True and without iterations).
    checkpoint: file that lets a training that was killed go on. memory: bytes for neighbourhoods. progress: called at
    each iteration; if it returns False, training ends with the best so far.

    Results do not depend on the number of threads. After a failure the potential is as it was.
    """
    options = lib.mtp_train_defaults()
    watch = _Watch(progress)
    options.weights = make_weights(weights, weighting)
    options.watch = watch.callback
    options.checkpoint = None if checkpoint is None or linear else os.fsencode(checkpoint)  # it is over before one
    for name, value in dict(linear=linear, fresh=fresh, max_iterations=max_iterations, max_seconds=max_seconds,
                            tolerance=tolerance, patience=patience, starts=starts, held_out=held_out, ridge=ridge,
                            update_min_dist=update_min_dist, seed=seed, threads=threads, memory=memory).items():
        setattr(options, name, value)

    active_set = potential.active_set
    mode = mode or (active_set.mode if active_set is not None else 'neighbourhood')
    stays = max_iterations == s.NO_ITERATIONS
    rows = rows or ('all' if linear or stays else 'linear')
    word(MODES, 'mode', mode), word(ROWS, 'rows', rows)  # not after hours of training
    fitted, result = potential.copy(), s.TrainResult()
    training = fitted._mapped(configurations)
    valid = None if validation is None else fitted._mapped(validation)
    _settle_baseline(fitted, [training] + ([valid] if valid is not None else []), fresh)
    with Interruptible():
        try:
            call(lib.mtp_train, byref(options), fitted, training, valid, byref(result))
        finally:
            if watch.raised is not None:
                raise watch.raised
    report = s.WallReport()
    if wall and not stays and lib.mtp_baseline_of_set(training) is None:  # else it cannot be told without the baseline
        call(lib.mtp_train_wall_on, byref(options.weights), fitted, training, None, byref(report))
    fitted.active_set = ActiveSet.build(fitted, training, mode=mode, rows=rows, threshold=_SWAP)
    if not stays or fitted.posterior is None:
        _stamp_posterior(fitted, training, valid, threads)
    potential._take(fitted)
    return TrainResult(result.loss, result.iterations, result.seconds, result.stopped, WALLS[report.wall])
