# SPDX-License-Identifier: BSD-3-Clause
"""Errors, messages, and handles of objects of the library.

A context of the library accompanies the calls of one thread, so each thread has its own, made when it first calls and
freed when it ends. What the library has to say goes to the logger `mtp` of the module logging.
"""
import logging
import os
import threading
import weakref
from ctypes import c_char_p, c_void_p
from typing import Any, Iterable, Optional, Tuple

import numpy as np

from . import _structures as s
from ._library import LOGGER, lib

log = logging.getLogger('mtp')
log.addHandler(logging.NullHandler())


class Error(Exception):
    """A call of the library failed.

    The text is its message: one line that names what was found and what was expected. `status` says what kind of
    failure it is: 'argument', 'memory', 'io', 'format', 'unsupported', 'state', 'numeric', 'qm', 'stopped'.
    """

    def __init__(self, message: str, status: str = 'argument'):
        super().__init__(message)
        self.status = status


@LOGGER
def _on_message(user: Optional[int], level: int, message: bytes) -> None:
    log.log(logging.WARNING if level == s.Level.WARNING else logging.INFO, '%s', message.decode(errors='replace'))


class _Context:
    """The context of a thread."""

    def __init__(self) -> None:
        pointer = lib.mtp_context_new()
        if not pointer:
            raise MemoryError('no memory for a context of libmtpal')
        self._as_parameter_ = c_void_p(pointer)
        lib.mtp_context_set_logger(self._as_parameter_, _on_message, None)
        weakref.finalize(self, lib.mtp_context_free, pointer)


_local = threading.local()


def context() -> _Context:
    if not hasattr(_local, 'context'):
        _local.context = _Context()
    return _local.context


def message() -> str:
    return lib.mtp_context_message(context()).decode(errors='replace')


def check(status: int) -> None:
    """Raises what a function of the library that returned `status` has to say."""
    if status != s.Status.OK:
        name = lib.mtp_status_name(status).decode()
        raise Error(message() or name, name)


def call(function: Any, *arguments: Any) -> None:
    """function(context, *arguments), which returns a status."""
    check(function(context(), *arguments))


def set_instruction_set(name: str) -> None:
    """Which kernels objects that this thread makes from now on use: 'auto', 'avx512', 'avx2' or 'baseline'."""
    call(lib.mtp_context_set_instruction_set, encode(name))


def instruction_set() -> str:
    """The kernels that objects made by this thread use."""
    return lib.mtp_context_instruction_set(context()).decode()


class Handle:
    """Owns an object of the library and frees it when it goes itself, at the latest when the program ends."""

    _as_parameter_: Optional[c_void_p]

    def _own(self, pointer: Optional[int], free: Any) -> None:
        self._as_parameter_ = c_void_p(pointer)
        self._finalizer = weakref.finalize(self, free, c_void_p(pointer))

    def _release(self) -> Optional[c_void_p]:
        """Gives the object away: this handle is empty then, and what is asked of it is an error."""
        pointer, self._as_parameter_ = self._as_parameter_, c_void_p(None)
        self._finalizer.detach()
        return pointer


class _Borrowed:
    """Memory of the library as numpy understands it. An array that is made of it keeps its owner alive."""

    def __init__(self, owner: Any, address: int, shape: Tuple[int, ...], dtype: Any, writable: bool):
        self.owner = owner
        self.__array_interface__ = {'data': (address, not writable), 'shape': shape,
                                    'typestr': np.dtype(dtype).str, 'version': 3}


def view(owner: Any, address: Optional[int], shape: Tuple[int, ...], dtype: Any = np.float64,
         writable: bool = True) -> np.ndarray:
    """An array of memory that belongs to `owner`, without a copy."""
    if not address or 0 in shape:
        return np.zeros(shape, dtype)
    return np.asarray(_Borrowed(owner, address, shape, dtype, writable))


def encode(text: Any) -> bytes:
    """A str or path as the library takes it."""
    return os.fsencode(text)


def texts(words: Iterable[str]) -> Any:
    """char *[count] of words; keeps the bytes alive."""
    encoded = [word.encode() for word in words]
    return (c_char_p * len(encoded))(*encoded)


