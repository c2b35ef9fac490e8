# SPDX-License-Identifier: BSD-3-Clause
"""The wheel that the source tree makes, and what `cmake --install` leaves, work on their own; types are there."""
import glob
import os
import shutil
import subprocess
import sys
import unittest
import zipfile

from support import Case, mtp

SOURCE = os.path.join(os.environ['SOURCE_DIR'], 'lib', 'python')
PROGRAM = '''import mtp, mtp._library
print(mtp.__file__, mtp._library.lib._name, mtp.Potential(8, ['Al'], 5.0).parameter_count)
'''


def clean(**more):
    """The environment without what the build says of the package."""
    environment = {key: value for key, value in os.environ.items() if key not in ('PYTHONPATH', 'MTP_LIBRARY')}
    return dict(environment, PYTHONDONTWRITEBYTECODE='1', **more)


def output(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=250, **options)
    if done.returncode != 0:
        raise AssertionError('%s: %s' % (' '.join(command), done.stderr.decode()[-2000:]))
    return done.stdout.decode()


class Wheel(Case):
    def build(self, **environment):
        code = 'import sys; sys.path.insert(0, %r); import build_wheel; print(build_wheel.build_wheel("."))' % SOURCE
        return output(sys.executable, '-c', code, env=clean(**environment)).strip()

    def test_holds_the_library(self):
        name = self.build(MTP_LIBRARY=os.environ['MTP_LIBRARY'])
        self.assertRegex(name, r'^mtpal-[0-9.]+-py3-none-linux_')
        zipfile.ZipFile(name).extractall('site')
        said = output(sys.executable, '-c', PROGRAM, env=clean(PYTHONPATH=os.path.abspath('site')))
        self.assertEqual(said.split(), [os.path.abspath('site/mtp/' + name)
                                        for name in ('__init__.py', 'libmtpal.so')] + ['26'])
        self.assertTrue(os.path.exists('site/mtp/py.typed'))
        self.assertEqual(len(glob.glob('site/mtpal-*.dist-info/LICENSE')), 1)

    def test_sources_make_the_same_wheel(self):
        code = 'import sys; sys.path.insert(0, %r); import build_wheel; print(build_wheel.build_%s("."))'
        archive = output(sys.executable, '-c', code % (SOURCE, 'sdist'), env=clean()).strip()
        shutil.unpack_archive(archive, 'sources')
        unpacked = os.path.abspath(os.path.join('sources', archive[:-len('.tar.gz')]))
        again = output(sys.executable, '-c', code % (unpacked, 'wheel'), env=clean(
            MTP_LIBRARY=os.environ['MTP_LIBRARY'])).strip()
        os.rename(again, 'again.whl')
        name = self.build(MTP_LIBRARY=os.environ['MTP_LIBRARY'])
        with zipfile.ZipFile(name) as ours, zipfile.ZipFile('again.whl') as theirs:
            self.assertEqual(ours.namelist(), theirs.namelist())

    def test_pip(self):
        try:
            import pip  # noqa: F401
        except ImportError:
            self.skipTest('no pip')
        output(sys.executable, '-m', 'venv', '--without-pip', '--system-site-packages', 'venv')
        output('venv/bin/python', '-m', 'pip', 'install', '--no-index', '--quiet', SOURCE,
               env=clean(MTP_LIBRARY=os.path.dirname(os.environ['MTP_LIBRARY']), PIP_DISABLE_PIP_VERSION_CHECK='1'))
        said = output('venv/bin/python', '-c', PROGRAM, env=clean())
        self.assertIn(os.path.abspath('venv'), said)
        self.assertTrue(said.endswith(' 26\n'))

    def test_without_a_library(self):
        shutil.copytree(os.path.join(SOURCE, 'mtp'), 'site/mtp')
        environment = clean(PYTHONPATH=os.path.abspath('site'))
        with self.assertRaisesRegex(AssertionError, 'libmtpal was found neither beside'):
            output(sys.executable, '-c', PROGRAM, env=environment)
        with self.assertRaisesRegex(AssertionError, 'is not libmtpal'):
            output(sys.executable, '-c', PROGRAM, env=dict(environment, MTP_LIBRARY='libc.so.6'))

    def test_installation(self):
        if not shutil.which('cmake'):
            self.skipTest('no cmake')
        output('cmake', '--install', os.environ['BUILD_DIR'], '--prefix', os.path.abspath('prefix'))
        module, = glob.glob('prefix/**/mtp/__init__.py', recursive=True)
        package = os.path.dirname(os.path.dirname(os.path.abspath(module)))
        said = output(sys.executable, '-c', PROGRAM, env=clean(PYTHONPATH=package))
        self.assertIn(os.path.abspath('prefix'), said)

    def test_nothing_is_printed(self):
        self.assertEqual(output(sys.executable, '-c', 'import mtp; mtp.Potential(8, ["Al"], 5.0)',
                                env=dict(clean(), PYTHONPATH=os.environ['PYTHONPATH'],
                                         MTP_LIBRARY=os.environ['MTP_LIBRARY'])), '')
        for path in glob.glob(os.path.join(os.path.dirname(mtp.__file__), '*.py')):
            with open(path) as file:
                self.assertNotIn('print(', file.read(), path)


if __name__ == '__main__':
    unittest.main(verbosity=2)
