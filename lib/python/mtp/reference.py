# SPDX-License-Identifier: BSD-3-Clause
"""Labels: energy, forces and stress of the reference, asked of a QM driver or of a Python function.

A reference is a driver string as decks have it ('qe al.in', see lib/doc/drivers.md), a calculator of ASE, or a function
that is given a Configuration and answers with (energy, forces) or (energy, forces, stress), with a dictionary of these
names, or by putting them into the configuration: eV, [n, 3] eV/A, [6] or [3, 3] eV/A^3 as in ASE. It raises
NotConverged if its answer must not be believed; any other exception is a failed call.
"""
import os
import shlex
from ctypes import POINTER, byref, c_void_p, cast
from typing import Any, Callable, List, Optional, Union

from . import _structures as s
from ._context import Error, Handle, call, encode, texts
from ._interrupt import Interruptible, code_of_user
from ._library import lib
from .configurations import Configuration, Configurations, PathLike, as_configurations

Function = Callable[[Configuration], Any]
Reference = Union[str, Function, Any]  # Any: a calculator of ASE


class NotConverged(Exception):
    """What a function raises that has a result which must not be believed."""


def as_function(reference: Any) -> Function:
    """The function that a calculator of ASE is, or the one that was given."""
    if hasattr(reference, 'get_potential_energy'):
        from .ase import reference_of
        return reference_of(reference)
    if not callable(reference):
        raise Error('a driver string, a function or a calculator of ASE is expected as the reference, not %s' %
                    type(reference).__name__)
    return reference


def _put(configuration: Configuration, answer: Any) -> None:
    """Puts an answer of a function into the configuration that it was asked of."""
    if answer is None:
        return
    if not isinstance(answer, dict):
        answer = dict(zip(('energy', 'forces', 'stress'), answer))
    unknown = set(answer) - {'energy', 'forces', 'stress', 'virial'}
    if unknown:
        raise Error('energy, forces, stress or virial are expected in an answer, not %s' % ', '.join(sorted(unknown)))
    for name, value in answer.items():
        if value is not None:
            setattr(configuration, name, float(value) if name == 'energy' else value)


def ask(function: Function, configuration: Configuration) -> None:
    """Labels a configuration in place."""
    configuration.energy = configuration.forces = configuration.virial = None
    _put(configuration, function(configuration))
    if configuration.energy is None or configuration.forces is None:
        raise Error('the function gave no %s' % ('energy' if configuration.energy is None else 'forces'))


def describe(error: BaseException) -> str:
    lines = str(error).splitlines()
    return type(error).__name__ + (': ' + lines[-1] if lines else '')


def _word(value: Any) -> str:
    """The value of a key as one word of a driver string."""
    return shlex.quote(','.join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))


class Driver(Handle):
    """A reference that is open for calls.

    Driver('lammps reference.lmp'), Driver(function, workers=2, maxforce=50): keys are those of all drivers. A function
    is called in this process; with workers above 1 in several threads at a time.
    """

    def __init__(self, reference: Reference, **keys: Any):
        self.raised: Optional[BaseException] = None  # by the function, last
        if isinstance(reference, Driver):
            raise Error('this driver is open already: hand it in as it is, without keys')
        own = None
        if isinstance(reference, str):
            text = reference
        else:
            self._function = as_function(reference)
            text, own = 'python', self._table()
            keys.setdefault('retries', 0)
        text += ''.join(' %s=%s' % (key, _word(value)) for key, value in keys.items())
        out = c_void_p()
        call(lib.mtp_qm_open, text.encode(), None if own is None else byref(own), int(own is not None), byref(out))
        self._own(out.value, lib.mtp_qm_close)

    def _table(self) -> Any:
        self._table_kept = s.QmDriver(
            name=b'python', parallel=True, in_process=True, deterministic=True,
            open=s.OPEN(self._open), label=s.LABEL(self._label), close=s.CLOSE(lambda state: None))
        return self._table_kept

    @staticmethod
    def _open(ctx: Any, user: Any, setup: Any, count: int, arguments: Any, state: Any) -> int:
        state[0] = 1  # it has none, but has to have one
        return s.QmStatus.QM_OK

    def _label(self, state: Any, qm_call: Any) -> int:
        try:
            call_of = qm_call.contents
            asked = Configurations()
            for k in range(call_of.species_count):
                asked._species_number(call_of.names[k].decode())
            copy = lib.mtp_config_copy(call_of.config)
            if not copy:
                raise MemoryError
            call(lib.mtp_config_set_append, asked, copy)
            with code_of_user():
                ask(self._function, asked[0])
            label = Configuration._of(asked, call_of.label)
            label.energy, label.forces = asked[0].energy, asked[0].forces
            label.virial = asked[0].virial
            return s.QmStatus.QM_OK
        except BaseException as error:  # noqa: B902 - nothing may cross the library
            self.raised = error
            lib.mtp_qm_fail(c_void_p(call_of.ctx), s.QmStatus.QM_CRASHED, b'%s', describe(error).encode())
            if isinstance(error, NotConverged):
                return s.QmStatus.QM_NOT_CONVERGED
            return s.QmStatus.QM_CRASHED if isinstance(error, Exception) else s.QmStatus.QM_STOPPED

    def close(self) -> None:
        """Ends what it has started; it cannot be used any more."""
        self._finalizer()
        self._as_parameter_ = c_void_p(None)

    def __enter__(self) -> 'Driver':
        return self

    def __exit__(self, *what: Any) -> None:
        self.close()


def as_driver(reference: Any, keys: Any) -> Driver:
    """The driver that was handed in, or one that is opened for the reference."""
    if isinstance(reference, Driver) and not reference._as_parameter_.value:
        raise Error('the driver is closed, or belongs to a learner', 'state')
    return reference if isinstance(reference, Driver) and not keys else Driver(reference, **keys)


class _Answers:
    """Receives labels as they come."""

    def __init__(self, asked: Configurations, progress: Optional[Callable[[int, str], Any]], stop: Any):
        self.labels: List[Optional[Configurations]] = [None] * len(asked)
        self.reasons: List[str] = [''] * len(asked)
        self.names = asked.species
        self.progress, self.stop = progress, stop
        self.raised: Optional[BaseException] = None

    def _tell(self, i: int, report: Any) -> None:
        if report.status != s.QmStatus.QM_OK:
            self.reasons[i] = '%s: %s' % (lib.mtp_qm_status_name(report.status).decode(),
                                          report.reason.decode(errors='replace'))
        with code_of_user():
            if self.progress is not None:
                self.progress(i, self.reasons[i])

    def take(self, user: Any, i: int, label: Any, report: Any) -> int:
        """mtp_qm_answer"""
        try:
            if label:
                self.labels[i] = Configurations()
                for name in self.names:
                    self.labels[i]._species_number(name)
                call(lib.mtp_config_set_append, self.labels[i], _pointer(label))
            self._tell(i, report.contents)
            return s.Status.OK
        except BaseException as error:  # noqa: B902
            self.raised = error
            return s.Status.ERR_STOPPED

    def note(self, user: Any, i: int, report: Any) -> None:
        """mtp_label_progress"""
        try:
            self._tell(i, report.contents)
        except BaseException as error:  # noqa: B902
            self.raised = error
            self.stop.value = 1


def _pointer(address: int) -> Any:
    return cast(c_void_p(address), POINTER(s.Config))


def _label_into(path: PathLike, driver: Driver, asked: Configurations, answers: _Answers) -> None:
    names, file = texts(asked.species), c_void_p()
    call(lib.mtp_label_file_open, encode(path), len(names), names, byref(file))
    try:
        call(lib.mtp_label_file_add, file, driver, len(asked), asked._c.contents.configs, s.LABELLED(answers.note),
             None)
    finally:
        lib.mtp_label_file_close(file)


def _label(path: Optional[PathLike], driver: Driver, asked: Configurations, answers: _Answers) -> None:
    try:
        if path is not None:
            _label_into(path, driver, asked, answers)
        else:
            names = texts(asked.species)
            call(lib.mtp_qm_label_all, driver, len(asked), asked._c.contents.configs, None, len(names), names,
                 s.ANSWER(answers.take), None)
    except Error as error:
        if answers.raised is None and driver.raised is not None and not isinstance(driver.raised, Exception):  # Ctrl-C
            raise driver.raised
        if answers.raised is None:
            raise error from driver.raised
    if answers.raised is not None:
        raise answers.raised


def label(configurations: Any, reference: Reference, *, path: Optional[PathLike] = None, skip_failed: bool = False,
          progress: Optional[Callable[[int, str], Any]] = None, **keys: Any) -> Configurations:
    """Configurations with energy, forces and virial of the reference, in their order.

    reference: see above, or an open Driver. path: each label is appended to this file of extended XYZ as soon as it is
    there, and what the file holds is not asked for again; all that it holds is returned. skip_failed: a call that
    failed for good is left out (else it is an Error when all are made). progress: called with the number of each
    configuration and why it failed, '' if it did not. keys: of the driver, such as workers=2, timeout=600, retries=1.
    """
    asked = as_configurations(configurations)
    driver = as_driver(reference, keys)
    driver.raised = None
    try:
        with Interruptible() as interrupt:
            answers = _Answers(asked, progress, interrupt.flag)
            lib.mtp_qm_set_stop(driver, byref(interrupt.flag))
            _label(path, driver, asked, answers)
    finally:
        lib.mtp_qm_set_stop(driver, None)
        if driver is not reference:
            driver.close()
    failed = [k for k, reason in enumerate(answers.reasons) if reason]
    if failed and not skip_failed:
        raise Error('%d of %d calls failed; configuration %d: %s' % (len(failed), len(asked), failed[0],
                                                                     answers.reasons[failed[0]]),
                    'qm') from driver.raised
    if path is not None:
        return Configurations.read(path) if os.path.exists(path) else Configurations()
    return Configurations(one[0] for one in answers.labels if one is not None)
