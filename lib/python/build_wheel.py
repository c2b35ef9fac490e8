# SPDX-License-Identifier: BSD-3-Clause
"""The build backend (PEP 517) of the package: makes wheels and source archives with Python's standard library alone."""
import base64
import csv
import hashlib
import io
import os
import re
import sysconfig
import tarfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
NAME = 'mtpal'


def _version():
    with open(os.path.join(HERE, 'mtp', '_version.py'), encoding='utf-8') as file:
        return re.search(r"^VERSION = '([^']+)'", file.read(), re.M).group(1)


def _metadata():
    return '\n'.join(['Metadata-Version: 2.1', 'Name: ' + NAME, 'Version: ' + _version(),
                      'Summary: Moment tensor potentials: training, evaluation and learning on the fly',
                      'License: BSD-3-Clause', 'Requires-Python: >=3.8', 'Requires-Dist: numpy',
                      'Provides-Extra: ase', "Requires-Dist: ase; extra == 'ase'", ''])


def _library():
    """The file of libmtpal that goes into the wheel, or None."""
    named = os.environ.get('MTP_LIBRARY')
    if named and os.path.isdir(named):
        named = os.path.join(named, 'libmtpal.so')
    if named and not os.path.isfile(named):
        raise FileNotFoundError('MTP_LIBRARY: there is no %s' % named)
    built = os.path.join(HERE, '..', '..', 'build', 'lib', 'libmtpal.so')
    return named or (built if os.path.isfile(built) else None)


def _license():
    """Beside lib/python in the source tree, within it in an archive of sources."""
    places = [os.path.join(HERE, 'LICENSE'), os.path.join(HERE, '..', 'LICENSE')]
    return next(path for path in places if os.path.isfile(path))


def _sources():
    folder = os.path.join(HERE, 'mtp')
    for name in sorted(os.listdir(folder)):
        if name.endswith('.py') or name == 'py.typed':
            yield 'mtp/' + name, os.path.join(folder, name)


class _Wheel:
    """A wheel that is being written, with the table of what is in it."""

    def __init__(self, path, info):
        self.zip, self.info, self.rows = zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED), info, []

    def add(self, name, data, executable=False):
        entry = zipfile.ZipInfo(name)  # its date is always the same
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = (0o755 if executable else 0o644) << 16
        self.zip.writestr(entry, data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()
        self.rows.append([name, 'sha256=' + digest, len(data)])

    def close(self):
        record = self.info + '/RECORD'
        text = io.StringIO()
        csv.writer(text, lineterminator='\n').writerows(self.rows + [[record, '', '']])
        self.zip.writestr(zipfile.ZipInfo(record), text.getvalue())
        self.zip.close()


def _read(path):
    with open(path, 'rb') as file:
        return file.read()


def _make(folder, library, contents):
    tag = 'py3-none-' + (re.sub(r'[-.]', '_', sysconfig.get_platform()) if library else 'any')
    info = '%s-%s.dist-info' % (NAME, _version())
    name = '%s-%s-%s.whl' % (NAME, _version(), tag)
    wheel = _Wheel(os.path.join(folder, name), info)
    for inside, data in contents:
        wheel.add(inside, data)
    if library:
        wheel.add('mtp/libmtpal.so', _read(library), executable=True)
    wheel.add(info + '/LICENSE', _read(_license()))
    wheel.add(info + '/METADATA', _metadata().encode())
    wheel.add(info + '/WHEEL', ('Wheel-Version: 1.0\nGenerator: mtpal\nRoot-Is-Purelib: %s\nTag: %s\n' %
                                ('false' if library else 'true', tag)).encode())
    wheel.close()
    return name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """The package and, if there is one, the library."""
    return _make(wheel_directory, _library(), [(name, _read(path)) for name, path in _sources()])


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """A pointer to this folder; the library is found by MTP_LIBRARY or by the loader."""
    return _make(wheel_directory, None, [('mtpal.pth', (HERE + '\n').encode())])


def _nobody(entry):
    """Archives do not tell who made them."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ''
    return entry


def build_sdist(sdist_directory, config_settings=None):
    root = '%s-%s' % (NAME, _version())
    name = root + '.tar.gz'
    with tarfile.open(os.path.join(sdist_directory, name), 'w:gz', format=tarfile.PAX_FORMAT) as archive:
        data = _metadata().encode()
        entry = tarfile.TarInfo(root + '/PKG-INFO')
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
        for path in (os.path.join(HERE, 'pyproject.toml'), os.path.join(HERE, 'build_wheel.py'), _license()):
            archive.add(path, root + '/' + os.path.basename(path), filter=_nobody)
        for inside, path in _sources():
            archive.add(path, root + '/' + inside, filter=_nobody)
    return name
