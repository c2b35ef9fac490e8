#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CP2K for the driver `exec`:  cp2k.py TEMPLATE [-- COMMAND...]   (COMMAND: cp2k.psmp)

TEMPLATE is an ordinary CP2K input. Cell and coordinates are replaced, forces and the analytical stress tensor are asked
for, and what would move, fix or rescale something is taken out; all else stays. CP2K up to 2023 ends with exit code 0
when the self-consistency fails, so its log decides.
"""
import os
import re
import sys

sys.dont_write_bytecode = True
import mtp_exec
from mtp_exec import BOHR, GPA, HARTREE, Failure, NotConverged

DECK, LOG = 'mtp.inp', 'cp2k.log'
STRESS_UNITS = {'GPa': GPA, 'bar': 1e-4 * GPA, 'kbar': 0.1 * GPA}
REAL = r'([-+]?[\d.]+(?:[DEde][-+]?\d+)?|\S*\*+\S*|[-+]?NaN|[-+]?Infinity)'


class Section:
    """&NAME PARAMETERS ... &END, with lines of text and sections in it."""

    def __init__(self, name, parameters=''):
        self.name, self.parameters, self.items = name, parameters, []

    def sections(self, name):
        return [item for item in self.items if isinstance(item, Section) and item.name == name]

    def section(self, name):
        """The only section of that name; made if there is none."""
        found = self.sections(name)
        if len(found) > 1:
            raise Failure('the template has %d sections &%s where one was expected' % (len(found), name))
        if not found:
            found = [Section(name)]
            self.items += found
        return found[0]

    def drop(self, *names):
        """Sections and keywords of these names go away."""
        self.items = [item for item in self.items
                      if (item.name if isinstance(item, Section) else keyword(item)) not in names]

    def value(self, name):
        """The first word behind a keyword, in capitals; "" if it is not there."""
        for item in self.items:
            if isinstance(item, str) and keyword(item) == name:
                return (bare(item).split()[1:] or [''])[0].upper()
        return ''

    def put(self, line, *aliases):
        self.drop(keyword(line), *aliases)
        self.items.insert(0, line)

    def text(self):
        inner = ''.join(item + '\n' if isinstance(item, str) else item.text() for item in self.items)
        return '&%s %s\n%s&END %s\n' % (self.name, self.parameters, inner, self.name) if self.name else inner


def bare(line):
    """A line without its comment."""
    return re.split('[!#]', line, maxsplit=1)[0].strip()


def keyword(line):
    return (bare(line).split() or [''])[0].upper()


def parse(path, root=None, depth=0):
    """The tree of an input file. File names in it that are relative to its folder become absolute."""
    stack = [root or Section('')]
    folder = os.path.dirname(path)
    for count, line in enumerate(mtp_exec.read_text(path).splitlines(), 1):
        words = bare(line).split(None, 1)
        first = words[0].upper() if words else ''
        rest = words[1] if len(words) > 1 else ''
        if first == '@INCLUDE' and depth < 10:
            parse(os.path.join(folder, rest.strip('\'"')), stack[-1], depth + 1)
        elif first.startswith('&END'):
            if len(stack) == 1:
                raise Failure('%s:%d: &END without a section' % (path, count))
            stack.pop()
        elif first.startswith('&'):
            stack[-1].items.append(Section(first[1:], rest))
            stack.append(stack[-1].items[-1])
        else:
            file = os.path.join(folder, rest.strip('\'"'))
            known = first.endswith('FILE_NAME') and rest and os.path.isfile(file)
            stack[-1].items.append('%s "%s"' % (first, file) if known else line)
    if len(stack) > 1:
        raise Failure('%s: &%s has no &END' % (path, stack[-1].name))
    return stack[0]


def insert_atoms(subsys, frame):
    """Numbers are in bohr, so that none depends on CP2K's own constants."""
    subsys.drop('CELL', 'COORD', 'VELOCITY')
    for topology in subsys.sections('TOPOLOGY'):
        topology.drop('COORD_FILE_NAME', 'COORD_FILE', 'COORD_FILE_FORMAT', 'COORDINATE', 'MULTIPLE_UNIT_CELL',
                      'NUMBER_OF_ATOMS', 'NATOMS')
    cell = subsys.section('CELL')
    for name, vector in zip('ABC', frame.cell):
        cell.items.append('%s [bohr] %s' % (name, ' '.join('%.17g' % (x / BOHR) for x in vector)))
    cell.items.append('PERIODIC ' + (''.join(axis for axis, p in zip('XYZ', frame.pbc) if p) or 'NONE'))
    coord = subsys.section('COORD')
    coord.items.append('UNIT bohr')
    for name, position in zip(frame.names, frame.positions):
        coord.items.append('%s %s' % (name, ' '.join('%.17g' % (x / BOHR) for x in position)))
    report = subsys.section('PRINT')
    report.drop('CELL')
    report.items.append(Section('CELL', 'ON'))


def deck(template, frame):
    """Text of the input, and whether it has a self-consistency that must converge."""
    tree = parse(template)
    tree.drop('MOTION', 'EXT_RESTART')  # constraints there clear forces; a restart brings other atoms
    if not tree.sections('FORCE_EVAL'):
        raise Failure('%s: expected a section &FORCE_EVAL' % template)
    force_eval = tree.section('FORCE_EVAL')
    force_eval.drop('RESCALE_FORCES')
    force_eval.put('STRESS_TENSOR ANALYTICAL' if all(frame.pbc) else 'STRESS_TENSOR NONE')
    report = force_eval.section('PRINT')
    report.drop('FORCES', 'STRESS_TENSOR')
    report.items += [Section('FORCES', 'ON'), Section('STRESS_TENSOR', 'ON')]
    report.section('FORCES').put('NDIGITS 16')
    insert_atoms(force_eval.section('SUBSYS'), frame)
    settings = tree.section('GLOBAL')
    settings.put('RUN_TYPE ENERGY_FORCE')
    settings.put('PROJECT mtp', 'PROJECT_NAME')
    if settings.value('PRINT_LEVEL') == 'SILENT':
        settings.put('PRINT_LEVEL LOW', 'IOLEVEL')  # else convergence is not told
    return tree.text(), force_eval.value('METHOD') in ('', 'QS', 'QUICKSTEP')


def complaint(log):
    """What CP2K says in its box with [ABORT]."""
    box = re.search(r'\[ABORT\](.*?)\n \*{20}', log, re.S)
    lines = [re.sub(r'^[\s*]*(\\___/|\||O/\||/\| \||/ \\)?|[\s*]*$', '', line)
             for line in box.group(1).splitlines()] if box else []
    return ': ' + ' '.join(line for line in lines if line) if box else ''


def judge(log, end, needs_convergence):
    if 'SCF run NOT converged' in log or re.search(r'SCF loop FAILED to converge', log):
        raise NotConverged('CP2K: SCF run NOT converged')
    if end:
        raise Failure(end + complaint(log))
    if 'PROGRAM ENDED' not in log:
        raise Failure("%s has no 'PROGRAM ENDED': CP2K did not finish%s" % (LOG, complaint(log)))
    if needs_convergence and not re.search(r'SCF (run|loop) converged', log):
        raise NotConverged("%s does not say 'SCF run converged'" % LOG)


def only(pattern, log, what):
    found = re.findall(pattern, log, re.M)
    if len(found) != 1:
        raise Failure('%s has %s %d times, expected once' % (LOG, what, len(found)))
    return found[0]


def read_energy(log):
    word = only(r'^ ENERGY\| Total FORCE_EVAL.* energy \[(?:a\.u\.|hartree)\]:?\s+(\S+)\s*$', log, 'the energy')
    return mtp_exec.number(word) * HARTREE


def read_forces(log):
    """The table of CP2K up to 2024, or the one with FORCES| of later releases."""
    if ' FORCES| Atomic forces [' in log:
        block = only(r'^ FORCES\| Atomic forces \[hartree/bohr\]\n((?: FORCES\|.*\n|\s*\n)+)', log, 'forces')
        rows = re.findall(r'^ FORCES\|\s+\d+\s+%s\s+%s\s+%s' % (REAL, REAL, REAL), block, re.M)
    else:
        block = only(r'^ ATOMIC FORCES in \[a\.u\.\]\n((?:.*\n)*?) SUM OF ATOMIC FORCES', log, 'forces')
        rows = re.findall(r'^\s+\d+\s+\d+\s+\S+\s+%s\s+%s\s+%s\s*$' % (REAL, REAL, REAL), block, re.M)
    return [[mtp_exec.number(word) * HARTREE / BOHR for word in row] for row in rows]


def read_virial(log, frame):
    """CP2K's stress is positive under compression, as the virial is."""
    unit, block = only(r'^ STRESS\| Analytical stress tensor \[(\w+)\]\n((?: STRESS\|.*\n){4})', log, 'the stress')
    if unit not in STRESS_UNITS:
        raise Failure('the stress is in %s, expected one of %s' % (unit, ', '.join(STRESS_UNITS)))
    rows = re.findall(r'^ STRESS\|\s+[xyz]\s+%s\s+%s\s+%s\s*$' % (REAL, REAL, REAL), block, re.M)
    if len(rows) != 3:
        raise Failure('%s has a stress of %d rows' % (LOG, len(rows)))
    return frame.virial_of([[-mtp_exec.number(word) * STRESS_UNITS[unit] for word in row] for row in rows])


def check_cell(log, frame):
    """The cell that was computed is the one that was asked for (printed with few digits)."""
    volume = mtp_exec.number(only(r'^ CELL\| Volume \[angstrom\^3\]:\s+(\S+)\s*$', log, 'the volume'))
    vectors = re.findall(r'^ CELL\| Vector ([abc]) \[angstrom\]:\s+%s\s+%s\s+%s' % (REAL, REAL, REAL), log, re.M)
    same = len(vectors) == 3 and abs(volume / frame.volume() - 1) < 1e-6
    for name, *words in vectors:
        same &= all(abs(float(w) - x) < 1.5e-3 for w, x in zip(words, frame.cell['abc'.index(name)]))
    if not same:
        raise Failure('CP2K computed another cell than was asked for')


def label(frame):
    template, command = mtp_exec.arguments('cp2k.py TEMPLATE [-- COMMAND...]', 'cp2k.psmp')
    if not frame.cell or frame.volume() == 0:
        raise Failure('CP2K needs a cell of three lattice vectors')
    text, needs_convergence = deck(template, frame)
    with open(DECK, 'w', encoding='utf-8') as file:
        file.write(text)
    end = mtp_exec.run(command + ['-i', DECK], LOG)
    log = mtp_exec.read_text(LOG)
    judge(log, end, needs_convergence)
    check_cell(log, frame)
    virial = read_virial(log, frame) if all(frame.pbc) else None
    mtp_exec.write_result(frame, read_energy(log), read_forces(log), virial)


mtp_exec.main(label)
