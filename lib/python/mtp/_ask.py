# SPDX-License-Identifier: BSD-3-Clause
"""_ask.py SOCKET: the command of a server's driver string; see server.py. Standard library only, starts fast."""
import os
import socket
import sys


def main() -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(sys.argv[1])
        except OSError as error:
            sys.exit('the Python program that serves this reference has gone (%s)' % error.strerror)
        with connection.makefile('rwb') as stream:
            stream.write(os.fsencode(os.getcwd()) + b'\n')
            stream.flush()
            said = stream.readline().decode(errors='replace').strip()
    if not said.startswith('ok'):
        sys.exit(said[len('failed '):] or 'the Python program that serves this reference ended')


main()
