# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of the Python package share. A test of what is not on this machine is skipped (exit status 77)."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.environ['SOURCE_DIR'], 'lib', 'python'))


def need(module):
    """Ends the test with a word if a module is missing."""
    try:
        return __import__(module)
    except ImportError as error:
        print('skipped: %s' % error)
        sys.exit(77)


np = need('numpy')
import mtp  # noqa: E402

BIN = os.path.join(os.environ['BUILD_DIR'], 'bin')


def run(*command, **options):
    """Runs a command of the build, which must end well; returns what it prints."""
    done = subprocess.run([os.path.join(BIN, command[0])] + [str(word) for word in command[1:]],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=200,
                          **options)
    if done.returncode != 0:
        raise AssertionError('%s: %s' % (' '.join(map(str, command)), done.stdout.decode()[-2000:]))
    return done.stdout.decode()


def fcc(seed, sigma=0.1, cells=1, strain=0.03, symbols=('Al',)):
    """A displaced fcc cell, strained and sheared as LAMMPS wants it, without a label."""
    random = np.random.default_rng(seed)
    base = np.array([[0, 0, 0], [.5, .5, 0], [.5, 0, .5], [0, .5, .5]])
    grid = np.array([[i, j, k] for i in range(cells) for j in range(cells) for k in range(cells)])
    scaled = (grid[:, None, :] + base[None, :, :]).reshape(-1, 3) / cells
    cell = 4.05 * cells * (np.eye(3) + strain * np.tril(random.uniform(-1, 1, (3, 3))))
    positions = scaled @ cell + sigma * random.uniform(-1, 1, scaled.shape)
    kinds = [symbols[random.integers(len(symbols))] for _ in scaled]
    return mtp.Configuration(kinds, positions, cell, True)


def pairs(configuration, cutoff=6.0):
    """The reference: exp(-r) - 0.3 exp(-r/2) between all pairs within the cutoff, brought smoothly to zero there."""
    x, cell = np.array(configuration.positions), np.array(configuration.cell)
    for k in np.flatnonzero(configuration.pbc):  # into the cell, so that a few images are enough
        x -= np.floor(x @ np.linalg.inv(cell + np.diag(~cell.any(1))))[:, k:k + 1] * cell[k]
    steps = [range(-3, 4) if p else (0,) for p in configuration.pbc]
    shifts = np.array([[i, j, k] for i in steps[0] for j in steps[1] for k in steps[2]]) @ cell
    energy, forces, virial = 0.0, np.zeros_like(x), np.zeros((3, 3))
    for i in range(len(x)):
        d = (x[None, :, :] + shifts[:, None, :] - x[i]).reshape(-1, 3)
        j = np.tile(np.arange(len(x)), len(shifts))
        r = np.linalg.norm(d, axis=1)
        keep = (r > 1e-9) & (r < cutoff)
        d, r, j = d[keep], r[keep], j[keep]
        u, du = np.exp(-r) - 0.3 * np.exp(-r / 2), -np.exp(-r) + 0.15 * np.exp(-r / 2)
        s, ds = (1 - (r / cutoff) ** 2) ** 2, -4 * r / cutoff ** 2 * (1 - (r / cutoff) ** 2)
        u, du = 10 * u * s, 10 * (du * s + u * ds)
        energy += 0.5 * u.sum()
        f = (du / r)[:, None] * d
        forces[i] += f.sum(0)
        virial -= 0.5 * np.einsum('ka,kb->ab', f, d)
    stress = -virial / configuration.volume if configuration.volume > 0 else None
    return energy, forces, stress


def training_set(count, first=0, **options):
    return mtp.label([fcc(first + k, **options) for k in range(count)], pairs)


def small_potential(seed=1, level=6):
    """A trained potential with an active set."""
    potential = mtp.Potential(level, ['Al'], 5.0, min_dist=1.8)
    mtp.train(potential, training_set(12, 100 * seed), linear=True)
    return potential


class Case(unittest.TestCase):
    """Each test in a folder of its own."""

    def setUp(self):
        self.old, self.folder = os.getcwd(), tempfile.mkdtemp()
        os.chdir(self.folder)

    def interrupt_in(self, seconds):
        """Ctrl-C, which a shell that runs tests in the background has ignored."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        return timer

    def tearDown(self):
        os.chdir(self.old)
        shutil.rmtree(self.folder)

    def refused(self, pattern, function, *arguments, **options):
        with self.assertRaisesRegex(mtp.Error, pattern) as caught:
            function(*arguments, **options)
        self.assertNotIn('\n', str(caught.exception))
        return caught.exception

    def close(self, a, b, tolerance):
        a, b = np.asarray(a, float), np.asarray(b, float)
        self.assertEqual(a.shape, b.shape)
        self.assertLessEqual(np.max(np.abs(a - b), initial=0.0), tolerance)
