# SPDX-License-Identifier: BSD-3-Clause
"""A Python function as the reference of other programs: LAMMPS in this process or another one, the command mtp.

    with mtp.Server(function) as server:
        lmp.command(f'pair_style mtp/al qm "{server.driver}"')

The driver string is one of `exec`: each call starts a program of a few lines (_ask.py) that tells the server, through a
socket that only this user can open, in which folder it stands; a thread here reads in.extxyz from that folder, calls
the function and writes out.extxyz. So calls have a limit of time (timeout=) and can go on side by side (workers=).
"""
import os
import shutil
import socket
import sys
import tempfile
import threading
import weakref
from typing import Any, Optional

from ._context import Error
from .configurations import read
from .reference import NotConverged, Reference, as_function, ask, describe


def _answer(folder: str, function: Any) -> None:
    """Labels folder/in.extxyz. The whole answer appears at once, or none."""
    asked = read(os.path.join(folder, 'in.extxyz'))
    configuration = asked[0]
    try:
        ask(function, configuration)
        configuration.set_feature('status', 'ok')
    except NotConverged:
        configuration.energy = configuration.forces = configuration.virial = None
        configuration.set_feature('status', 'not_converged')
        raise
    finally:
        if 'status' in configuration.features:
            asked.write(os.path.join(folder, 'out.extxyz'))


def _serve(listener: socket.socket, function: Any, turns: Any) -> None:
    """Until the listener is closed: a thread for each call."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve_one, args=(connection, function, turns), daemon=True).start()


def _has_gone(connection: socket.socket) -> bool:
    """Has who asked been ended, by a limit of time? Nobody would read the answer."""
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _serve_one(connection: socket.socket, function: Any, turns: Any) -> None:
    with connection, connection.makefile('rwb') as stream:
        try:
            folder = os.fsdecode(stream.readline()[:-1])
            with turns:
                if _has_gone(connection):
                    return
                _answer(folder, function)
            said = 'ok'
        except NotConverged as error:
            said = 'ok ' + describe(error)
        except BaseException as error:  # noqa: B902 - goes to who asked
            said = 'failed ' + describe(error)
        try:
            stream.write((said + '\n').encode())
            stream.flush()
        except OSError:
            pass  # who asked has gone: a limit of time


def _end(listener: socket.socket, folder: str) -> None:
    try:
        listener.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
    except OSError:
        pass
    listener.close()
    shutil.rmtree(folder, ignore_errors=True)


class Server:
    """Serves a function, or a calculator of ASE, until it is closed or collected."""

    def __init__(self, reference: Reference, *, parallel: bool = False):
        """parallel: the function may be called in several threads at a time; else calls take turns."""
        if isinstance(reference, str):
            raise Error('a driver string needs no server: %r' % reference)
        function = as_function(reference)
        long = len(tempfile.gettempdir()) > 80  # names of sockets have 108 bytes
        self._folder: Optional[str] = tempfile.mkdtemp(prefix='mtp-', dir='/tmp' if long else None)
        listener = socket.socket(socket.AF_UNIX)
        self._path = os.path.join(self._folder, 'socket')
        listener.bind(self._path)
        listener.listen()
        turns = threading.Semaphore(1024 if parallel else 1)
        threading.Thread(target=_serve, args=(listener, function, turns), daemon=True).start()
        self._finalizer = weakref.finalize(self, _end, listener, self._folder)

    @property
    def driver(self) -> str:
        """The driver string; keys may follow it: server.driver + ' workers=2'."""
        if not self._finalizer.alive:
            raise Error('the server is closed', 'state')
        client = os.path.join(os.path.dirname(os.path.abspath(__file__)), '_ask.py')
        python = sys.executable or 'python3'  # a program that Python is built into has none
        return "exec '%s' -I -S '%s' '%s'" % (python, client, self._path)

    def close(self) -> None:
        self._finalizer()

    def __enter__(self) -> 'Server':
        return self

    def __exit__(self, *what: Any) -> None:
        self.close()
