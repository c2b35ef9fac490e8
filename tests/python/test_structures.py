# SPDX-License-Identifier: BSD-3-Clause
"""What the package declares of the C interface is what the headers say: sizes, offsets, numbers, functions, version."""
import ctypes
import glob
import os
import re
import subprocess
import unittest

from support import Case, mtp
from mtp import _library, _structures as s

INCLUDE = os.path.join(os.environ['SOURCE_DIR'], 'lib', 'include')


def program():
    """C that prints a line for each structure, member and number."""
    lines = ['#include <mtp/mtp.h>', '#include <stddef.h>', '#include <stdio.h>', 'int main(void) {']
    for structure in s.STRUCTURES:
        name = structure._c_name_
        lines.append('printf("%s %%zu\\n", sizeof(%s));' % (name, name))
        for field in structure._fields_:
            lines.append('printf("%s.%s %%zu %%zu\\n", offsetof(%s, %s), sizeof(((%s *)0)->%s));' %
                         (name, field[0], name, field[0], name, field[0]))
    for enumeration in s.ENUMERATIONS:
        lines += ['printf("MTP_%s %%d\\n", (int)MTP_%s);' % (one.name, one.name) for one in enumeration]
    lines += ['printf("MTP_NO_ITERATIONS %d\\n", MTP_NO_ITERATIONS);', 'return 0;', '}']
    return '\n'.join(lines)


def declared():
    """The same as the package has it."""
    lines = []
    for structure in s.STRUCTURES:
        name = structure._c_name_
        lines.append('%s %d' % (name, ctypes.sizeof(structure)))
        for field in structure._fields_:
            member = getattr(structure, field[0])
            lines.append('%s.%s %d %d' % (name, field[0], member.offset, member.size))
    for enumeration in s.ENUMERATIONS:
        lines += ['MTP_%s %d' % (one.name, one.value) for one in enumeration]
    return lines + ['MTP_NO_ITERATIONS %d' % s.NO_ITERATIONS]


def headers():
    """All public headers without comments."""
    text = ''
    for path in sorted(glob.glob(os.path.join(INCLUDE, 'mtp', '*.h'))):
        with open(path) as file:
            text += file.read()
    return re.sub(r'/\*.*?\*/', ' ', text, flags=re.S)


class Structures(Case):
    def test_sizes_and_offsets(self):
        with open('sizes.c', 'w') as file:
            file.write(program())
        compiler = os.environ.get('CC', 'cc')
        subprocess.run([compiler, '-std=c11', '-I', INCLUDE, 'sizes.c', '-o', 'sizes'], check=True)
        found = subprocess.run(['./sizes'], check=True, stdout=subprocess.PIPE).stdout.decode().splitlines()
        self.assertEqual(found, declared())

    def test_all_members_are_declared(self):
        text = headers()
        for structure in s.STRUCTURES:
            name = structure._c_name_
            body = re.search(r'typedef struct %s \{(.*?)\n?\} ?%s;' % (name, name), text, re.S).group(1)
            members = sum(part.count(',') + 1 if '(' not in part else 1
                          for part in body.split(';') if part.strip())
            self.assertEqual(members, len(structure._fields_), name)

    def test_functions_have_as_many_arguments(self):
        text = headers()
        for name, (_, arguments) in _library.FUNCTIONS.items():
            found = re.search(r'MTP_API [^;]*?\b%s\(([^;]*?)\);' % name, text, re.S)
            self.assertIsNotNone(found, name)
            words = found.group(1).strip()
            self.assertEqual(0 if words == 'void' else words.count(',') + 1, len(arguments), name)

    def test_version(self):
        with open(os.path.join(os.environ['SOURCE_DIR'], 'CMakeLists.txt')) as file:
            version = re.search(r'VERSION ([0-9.]+) DESCRIPTION', file.read()).group(1)
        self.assertEqual(mtp.__version__, version)
        self.assertEqual(_library.lib.mtp_version().decode(), version)


if __name__ == '__main__':
    unittest.main(verbosity=2)
