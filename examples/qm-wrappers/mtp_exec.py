# SPDX-License-Identifier: GPL-2.0-or-later
"""What the wrappers of this folder share: the two files of the driver `exec`, running an engine, and ending well.

in.extxyz holds one configuration in Angstrom, out.extxyz the same atoms with energy (eV), forces (eV/A) and virial
(eV, positive when compressed). Python's standard library only.
"""
import math
import os
import re
import shlex
import signal
import subprocess
import sys

BOHR = 0.529177210903  # A
HARTREE = 27.211386245988  # eV
GPA = 1 / 160.2176634  # eV/A^3

SYMBOLS = ('X H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr '
           'Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb '
           'Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf '
           'Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og').split()

IN, OUT = 'in.extxyz', 'out.extxyz'


class Failure(Exception):
    """There is no result; the text is one line that says why."""


class NotConverged(Failure):
    """The engine ended, but its self-consistency did not."""


class Frame:
    """Atoms and cell: names[n], positions[n][3], cell[3][3] (rows are lattice vectors; None without), pbc[3]."""

    def __init__(self, names, positions, cell, pbc):
        self.names, self.positions, self.cell, self.pbc = names, positions, cell, pbc

    def _triple_product(self):
        a, b, c = self.cell
        return (a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) +
                a[2] * (b[0] * c[1] - b[1] * c[0]))

    def volume(self):
        return abs(self._triple_product())

    def right_handed_cell(self):
        """The lattice and its k-points remain what they are if all vectors change sign."""
        return [[0.0 - x for x in vector] for vector in self.cell] if self._triple_product() < 0 else self.cell

    def virial_of(self, tension):
        """Virial (eV, 3x3) from a stress in eV/A^3 that is positive under tension, dE/deps/V."""
        return [[-self.volume() * value for value in row] for row in tension]


def _pairs(comment):
    """key=value pairs of a comment line; values may be quoted."""
    text = r'"(?:[^"\\]|\\.)*"'
    found = re.findall(r'(%s|[^\s="]+)\s*=\s*(%s|\S+)' % (text, text), comment)
    return {key: value[1:-1] if value[0] == '"' else value for key, value in found}


def _columns(properties):
    """First column of each property."""
    fields, columns, at = properties.split(':'), {}, 0
    for name, count in zip(fields[0::3], fields[2::3]):
        columns[name] = at
        at += int(count)
    return columns


def read_frame(path=IN):
    try:
        with open(path, encoding='utf-8') as file:
            lines = file.read().splitlines()
        pairs, n = _pairs(lines[1]), int(lines[0])
        columns = _columns(pairs['Properties'])
        rows = [line.split() for line in lines[2:2 + n]]
        names = [row[columns['species']] for row in rows]
        positions = [[float(row[columns['pos'] + k]) for k in range(3)] for row in rows]
        numbers = [float(word) for word in pairs['Lattice'].split()] if 'Lattice' in pairs else None
        cell = [numbers[0:3], numbers[3:6], numbers[6:9]] if numbers else None
        pbc = [word == 'T' for word in pairs['pbc'].split()]
    except OSError as error:
        raise Failure('cannot read %s: %s' % (path, error.strerror))
    except (ValueError, KeyError, IndexError) as error:
        raise Failure('%s is not a configuration as the driver writes it: %r' % (path, error))
    if len(names) != n or n == 0 or len(pbc) != 3 or (cell and len(numbers) != 9):
        raise Failure('%s is cut short' % path)
    return Frame(names, positions, cell, pbc)


def _words(numbers):
    return ' '.join('%.17g' % number for number in numbers)


def _write(frame, keys, forces):
    """The whole file appears at once, or not at all."""
    comment = 'Lattice="%s" ' % _words(sum(frame.cell, [])) if frame.cell else ''
    comment += 'Properties=species:S:1:pos:R:3%s ' % (':forces:R:3' if forces else '')
    comment += '%s pbc="%s"' % (keys, ' '.join('FT'[p] for p in frame.pbc))
    lines = [str(len(frame.names)), comment]
    for i, name in enumerate(frame.names):
        lines.append('%s %s' % (name, _words(frame.positions[i] + (forces[i] if forces else []))))
    temporary = '%s.%d' % (OUT, os.getpid())
    with open(temporary, 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines) + '\n')
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, OUT)


def write_result(frame, energy, forces, virial=None):
    """A label with status=ok; refuses what is incomplete or not finite."""
    if len(forces) != len(frame.names) or any(len(force) != 3 for force in forces):
        raise Failure('%d forces for %d atoms' % (len(forces), len(frame.names)))
    numbers = [energy] + [x for row in list(forces) + list(virial or []) for x in row]
    if not all(math.isfinite(x) for x in numbers):
        raise Failure('a number of the result is not finite')
    keys = 'energy=%.17g' % energy
    if virial:
        keys += ' virial="%s"' % _words(x for row in virial for x in row)
    _write(frame, keys + ' status=ok', forces)


def arguments(usage, default):
    """TEMPLATE [-- COMMAND...] of the command line: the path of an existing file, and a list of words."""
    words = sys.argv[1:]
    command = [default]
    if '--' in words:
        at = words.index('--')
        words, command = words[:at], words[at + 1:]
    if len(command) == 1 and not os.path.exists(command[0]):
        command = shlex.split(command[0])
    if len(words) != 1 or not command:
        raise Failure('usage: ' + usage)
    return find_file(words[0]), command


def find_file(word):
    """Here, or in the folder where the run was started."""
    for folder in ('', os.environ.get('MTP_RUN_DIR', '')):
        path = os.path.join(folder, word)
        if os.path.isfile(path):
            return os.path.abspath(path)
    raise Failure('there is no file %s' % word)


def read_text(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            return file.read()
    except OSError as error:
        raise Failure('cannot read %s: %s' % (path, error.strerror))


def remove(path):
    try:
        os.remove(path)
    except FileNotFoundError:
        pass  # also if another rank was faster


def run(command, log, outputs=()):
    """Runs an engine to its end with standard output in the file `log`; "" or what its end has to complain about.

    Files that an earlier run may have left under the names of `outputs` are removed first.
    """
    for path in outputs:
        remove(path)
    try:
        with open(log, 'wb') as file:
            code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file, check=False).returncode
    except OSError as error:
        raise Failure("cannot start '%s': %s" % (command[0], error.strerror))
    if code < 0:
        return "'%s' was ended by signal %d (%s)" % (command[0], -code, signal.strsignal(-code))
    return "'%s' ended with exit code %d" % (command[0], code) if code else ''


def number(word):
    """A number as Fortran prints it; stars and the like are a failure."""
    try:
        return float(word.replace('D', 'E').replace('d', 'e'))
    except ValueError:
        raise Failure("found '%s' where a number was expected" % word)


def main(label):
    """Calls label(frame), which has to write a result, and turns failures into what the driver understands.

    Not converged is a file with status=not_converged and exit code 0, anything else exit code 1 without a file. The
    last line on standard error says why.
    """
    try:
        remove(OUT)
        frame = read_frame()
        try:
            label(frame)
        except NotConverged as reason:
            _write(frame, 'status=not_converged', None)
            raise
    except Failure as reason:
        print('%s: %s' % (os.path.basename(sys.argv[0]), ' '.join(str(reason).split())), file=sys.stderr)
        sys.exit(0 if isinstance(reason, NotConverged) else 1)
