#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ABINIT (9 and later) for the driver `exec`:  abinit.py TEMPLATE [-- COMMAND...]   (COMMAND: abinit)

TEMPLATE is an ordinary input for one data set. Cell, atoms and symmetries are replaced (the type of an atom is the one
of its element in znucl), forces and stress are asked for, and whatever would move atoms is taken out; all else stays.
ABINIT ends with exit code 0 when the self-consistency fails, so its output decides.
"""
import os
import re
import sys

sys.dont_write_bytecode = True
import mtp_exec
from mtp_exec import BOHR, HARTREE, SYMBOLS, Failure, NotConverged

DECK, OUTPUT, LOG = 'mtp.abi', 'mtp.abo', 'abinit.log'

REPLACED = set('''acell angdeg angdef rprim scalecart natom typat xcart xred xangst nsym symrel tnons symafm optforces
    optstress ionmov optcell ntime geoopt moldyn dtion vel vel_cell restartxf natfix natfixx natfixy natfixz iatfix
    iatfixx iatfixy iatfixz output_file outdata_prefix indata_prefix tmpdata_prefix'''.split())
REFUSED = set('''ndtset jdtset udtset include structure xyzfile spgroup brvltt nobj natrd nimage ntypalch
    supercell_latt'''.split())
UNITS = set('''angstr angstrom angstroms ang bohr bohrs au nm pm ev mev ha hartree hartrees ry rydberg rydbergs k t te
    tesla s sec fs'''.split())


class Template:
    """Variables of an input: their names, and the text of each with its values."""

    def __init__(self, path):
        self.path, self.parts = path, []
        text = '\n'.join(without_comment(line) for line in mtp_exec.read_text(path).splitlines())
        starts = [m for m in re.finditer(r'"[^"]*"|\'[^\']*\'|[^\s=,;"\']+', text) if is_name(m.group())]
        for m, after in zip(starts, [m.start() for m in starts[1:]] + [len(text)]):
            name = m.group().lower()
            if name.rstrip('0123456789+?*:') in REFUSED:
                raise Failure("%s: found '%s', which does not go with atoms that are given" % (path, name))
            self.parts.append((name, text[m.end():after].strip(' \t\n=,;'), text[m.start():after].rstrip()))

    def value(self, name):
        found = [value for part, value, _ in self.parts if part == name]
        if len(found) > 1:
            raise Failure('%s: found %s more than once' % (self.path, name))
        return found[0] if found else None

    def nuclei(self):
        """Atomic numbers of the types, in order; 2*13 is 13 twice."""
        numbers = []
        for word in re.split(r'[\s,;]+', self.value('znucl') or ''):
            m = re.fullmatch(r'(?:(\d+)\*)?(\d+)(?:\.\d*)?(?:[dDeE][-+]?0+)?', word)
            if not m or not 0 < int(m.group(2)) < len(SYMBOLS):
                raise Failure("%s: expected atomic numbers behind znucl, found '%s'" % (self.path, word))
            numbers += int(m.group(1) or 1) * [int(m.group(2))]
        return numbers


def without_comment(line):
    """Comments start with # or !, but not within quotes."""
    return re.match(r'(?:"[^"]*"|\'[^\']*\'|[^#!])*', line).group()


def is_name(token):
    return token[0].isalpha() and token.lower() not in UNITS and not token.lower().startswith('sqrt(')


def types(template, frame):
    nuclei, numbers = template.nuclei(), []
    for name in frame.names:
        count = nuclei.count(SYMBOLS.index(name)) if name in SYMBOLS else 0
        if count != 1:
            raise Failure('%s: znucl has %d types for %s, expected one' % (template.path, count, name))
        numbers.append(nuclei.index(SYMBOLS.index(name)) + 1)
    return numbers


def pseudo_folder(template):
    """ABINIT runs in another folder: files that stand next to the template are found by their absolute path."""
    folder, given = os.path.dirname(template.path), template.value('pp_dirpath')
    if given:
        path = os.path.join(folder, given.strip('"\''))
        return path if os.path.isdir(path) else None
    files = (template.value('pseudos') or '').strip('"\'').split(',')
    return folder if os.path.isfile(os.path.join(folder, files[0].strip())) else None


def deck(template, frame):
    """Lengths are in bohr, so that none depends on ABINIT's own constants. It refuses left-handed cells."""
    def rows(vectors):
        return '\n'.join('  ' + ' '.join('%.17g' % (x / BOHR) for x in vector) for vector in vectors)

    folder = pseudo_folder(template)
    lines = [text for name, _, text in template.parts
             if name not in REPLACED and not (name == 'pp_dirpath' and folder)]
    if folder:
        lines.append('pp_dirpath "%s"' % folder)
    for name, value in (('prtwf', 0), ('prtden', 0)):
        if template.value(name) is None:
            lines.append('%s %d' % (name, value))
    lines += ['nsym 1', 'optforces 1', 'optstress 1', 'natom %d' % len(frame.names), 'typat']
    lines += ['  %d' % t for t in types(template, frame)]
    lines += ['acell 3*1.0', 'rprim', rows(frame.right_handed_cell()), 'xcart', rows(frame.positions)]
    return '\n'.join(lines) + '\n'


def judge(log, output, end):
    for text in (log, output):
        if 'ScfConvergenceWarning' in text or 'was not enough SCF cycles' in text:
            raise NotConverged('ABINIT: nstep was not enough SCF cycles to converge')
    error = re.search(r'--- !(?:ERROR|BUG)\n.*?message: \|\n(.*?)\n\.\.\.', log, re.S)
    said = ': ' + error.group(1) if error else ''
    if end or error:
        raise Failure((end or 'ABINIT stopped') + said)
    if 'Calculation completed.' not in output:
        raise Failure("%s has no 'Calculation completed.': ABINIT did not finish" % OUTPUT)
    if not re.search(r'^ At SCF step\s+\d+.*converged', output, re.M):
        raise NotConverged("%s does not say 'At SCF step ... converged'" % OUTPUT)
    # told in the first five steps only; the first two start from random wave functions
    if log.rfind('The minimal occupation factor') > log.find('\n ETOT  2') > 0:
        raise Failure('ABINIT: the highest band is not empty: raise nband in the template')


def only(pattern, text, what):
    found = re.findall(pattern, text, re.M)
    if len(found) != 1:
        raise Failure('%s has %s %d times, expected once' % (OUTPUT, what, len(found)))
    return found[0]


def table(title, output):
    """Rows behind a title: number, x, y, z. They have more digits than those of the final echo."""
    block = only(r'^ %s at end:\n((?:\s+\d+(?:\s+\S+){3}\n)+)' % re.escape(title), output, title)
    return [[mtp_exec.number(word) for word in row.split()[1:]] for row in block.splitlines()]


def read_energy(output):
    """The electronic free energy: ETOT of the last step has all digits, the final echo confirms it."""
    echo = mtp_exec.number(only(r'^\s+etotal\s+(\S+)$', output, 'etotal'))
    steps = re.findall(r'^ ETOT\s*\d+\s+(\S+)', output, re.M)
    last = mtp_exec.number(steps[-1]) if steps else float('nan')
    return HARTREE * (last if abs(last - echo) < 1e-9 * abs(echo) else echo)


def read_virial(output, frame):
    """ABINIT's stress is positive under tension; order xx yy zz yz xz xy."""
    words = only(r'^\s+strten((?:\s+[-+\dEe.*NaInfity]+){6})\s*$', output, 'the stress').split()
    xx, yy, zz, yz, xz, xy = [mtp_exec.number(word) * HARTREE / BOHR**3 for word in words]
    return frame.virial_of([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def check_atoms(output, frame):
    """Cell and atoms are the ones that were asked for."""
    found = table('cartesian coordinates (angstrom)', output)
    rows = re.findall(r'^ R\([123]\)=(.{11})(.{11})(.{11})', output, re.M)
    found += [[mtp_exec.number(word) * BOHR for word in row] for row in rows[:3]]
    sent = frame.positions + frame.right_handed_cell()
    if len(found) != len(sent) or any(abs(x - y) > 1e-5 for a, b in zip(found, sent) for x, y in zip(a, b)):
        raise Failure('ABINIT computed other atoms or another cell than was asked for')


def label(frame):
    path, command = mtp_exec.arguments('abinit.py TEMPLATE [-- COMMAND...]', 'abinit')
    if not frame.cell or not all(frame.pbc):
        raise Failure('ABINIT needs a cell that is periodic in all directions')
    text = deck(Template(path), frame)
    with open(DECK, 'w', encoding='utf-8') as file:
        file.write(text)
    end = mtp_exec.run(command + [DECK], LOG, [OUTPUT])
    log = mtp_exec.read_text(LOG)
    output = mtp_exec.read_text(OUTPUT) if os.path.exists(OUTPUT) else ''
    judge(log, output, end)
    check_atoms(output, frame)
    forces = [[x * HARTREE / BOHR for x in row] for row in table('cartesian forces (hartree/bohr)', output)]
    mtp_exec.write_result(frame, read_energy(output), forces, read_virial(output, frame))


mtp_exec.main(label)
