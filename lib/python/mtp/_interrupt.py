# SPDX-License-Identifier: BSD-3-Clause
"""Ctrl-C while the library works.

Python raises KeyboardInterrupt where the next line of Python begins, which within a call of the library is the first of
a callback: outside of whatever that tries, so that ctypes drops it. Therefore such a call has a handler of its own: it
puts up a flag that the library looks at, and raises only in code of the user. A handler runs between lines of Python
alone, so a thread that reads what the system tells of signals at once puts up the flag, too.
"""
import contextlib
import signal
import socket
import threading
from ctypes import byref, c_int
from typing import Any, Iterator, Optional

from ._context import context
from ._library import lib


def _sees_signals() -> bool:
    return threading.get_ident() == threading.main_thread().ident


class Interruptible:
    """with Interruptible() as interrupt: a call. Ctrl-C ends it, and is raised when the block ends.

    Does nothing in other threads than the first, which alone see signals, nor where a program handles Ctrl-C itself.
    """
    now: Optional['Interruptible'] = None

    def __init__(self, flag: Optional[c_int] = None):
        self.flag = c_int() if flag is None else flag
        self.depth, self.seen, self.acts = 0, False, False

    def __enter__(self) -> 'Interruptible':
        self.flag.value = 0
        self.acts = _sees_signals() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self.acts:
            self.ours, self.theirs = socket.socketpair()
            signal.signal(signal.SIGINT, self._handle)
            lib.mtp_context_set_stop(context(), byref(self.flag))
            Interruptible.now = self
            self._listen()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if not self.acts:
            return
        signal.set_wakeup_fd(self.before)
        self.theirs.close()  # which ends the thread
        Interruptible.now = None
        lib.mtp_context_set_stop(context(), None)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if self.seen and not isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt from error

    def _listen(self) -> None:
        self.theirs.setblocking(False)
        self.before = signal.set_wakeup_fd(self.theirs.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        with self.ours:
            told = self.ours.recv(64)
            while told:
                if signal.SIGINT in told:
                    self.flag.value = 1
                told = self.ours.recv(64)

    def _handle(self, number: int, frame: Any) -> None:
        self.seen, self.flag.value = True, 1
        if self.depth > 0:
            raise KeyboardInterrupt


@contextlib.contextmanager
def code_of_user() -> Iterator[None]:
    """Where a callback calls what the user wrote: Ctrl-C is raised there as everywhere."""
    now = Interruptible.now if _sees_signals() else None
    if now is None:
        yield
        return
    now.depth += 1
    try:
        if now.seen:
            raise KeyboardInterrupt
        yield
    finally:
        now.depth -= 1
