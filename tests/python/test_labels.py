# SPDX-License-Identifier: BSD-3-Clause
"""A Python function as the reference: in this process, for the command, and when it fails."""
import os
import signal
import socket
import tempfile
import threading
import time
import unittest

from support import Case, fcc, mtp, np, pairs, run


class Labels(Case):
    def test_answers(self):
        cfg = fcc(1)
        energy, forces, stress = pairs(cfg)

        def put(asked):
            asked.energy, asked.forces, asked.stress = pairs(asked)
        for function in (pairs, put, lambda c: dict(energy=energy, forces=forces, stress=stress),
                         lambda c: (energy, forces.tolist(), np.array(
                             [[stress[0, 0], stress[0, 1], stress[0, 2]], stress[1], stress[2]]))):
            label = mtp.label(cfg, function)[0]
            self.assertEqual(label.energy, energy)
            self.close(label.forces, forces, 0)
            self.close(label.stress, stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]], 1e-12)
            self.close(label.positions, cfg.positions, 0)

    def test_function_is_right(self):
        """The reference of these tests has forces and stress that are derivatives of its energy."""
        cfg, h, energies = fcc(3), 1e-4, []
        cfg.positions[1, 0] += cfg.cell[0, 0]
        _, forces, stress = pairs(cfg)
        for sign in (1, -1):
            moved, strained, deformation = cfg.copy(), cfg.copy(), np.eye(3)
            moved.positions[2, 1] += sign * h
            deformation[0, 2] += sign * h
            strained.positions[:], strained.cell[:] = cfg.positions @ deformation, cfg.cell @ deformation
            energies.append([pairs(moved)[0], pairs(strained)[0] / cfg.volume])
        slopes = (np.array(energies[0]) - energies[1]) / (2 * h)
        self.close(slopes, [-forces[2, 1], stress[0, 2]], 1e-6)

    def test_failures(self):
        def fails(asked):
            if len(asked) == 4:
                raise ValueError('not four')
            return pairs(asked)
        data = [fcc(1), mtp.Configuration(['Al', 'Al'], [[0, 0, 0], [0, 0, 2.5]])]
        error = self.refused('1 of 2 calls failed; configuration 0: crashed: ValueError: not four',
                             mtp.label, data, fails)
        self.assertIsInstance(error.__cause__, ValueError)
        self.assertEqual([len(label) for label in mtp.label(data, fails, skip_failed=True)], [2])

        def doubts(asked):
            raise mtp.NotConverged('no end')
        self.refused('not converged', mtp.label, fcc(1), doubts)
        self.refused('no forces', mtp.label, fcc(1), lambda asked: (1.0, None))
        self.refused('shape', mtp.label, fcc(1), lambda asked: (1.0, np.zeros((3, 3))))
        self.refused('maxforce|force', mtp.label, fcc(1), lambda asked: (1.0, np.full((4, 3), 1e4), np.zeros(6)))
        self.refused('finite', mtp.label, fcc(1), lambda asked: (np.nan, np.zeros((4, 3)), np.zeros(6)))
        self.refused('nonsense', mtp.label, fcc(1), 'nonsense 1')
        self.refused('expected as the reference', mtp.label, fcc(1), 5)
        self.refused('speed', mtp.label, fcc(1), pairs, speed=3)

        raises = [True]

        def raises_once(asked):
            if raises.pop():
                raises.append(False)
                raise ValueError('once')
            return np.nan, np.zeros((4, 3)), np.zeros(6)
        with mtp.Driver(raises_once) as driver:
            self.refused('once', mtp.label, fcc(1), driver)
            self.assertIsNone(self.refused('finite', mtp.label, fcc(1), driver).__cause__)

        def interrupt(asked):
            raise KeyboardInterrupt
        self.assertRaises(KeyboardInterrupt, mtp.label, fcc(1), interrupt)

    def test_interrupt(self):
        """Ctrl-C while a program runs, with and without a file."""
        for options in ({}, {'path': 'labels.extxyz'}):
            begin, timer = time.monotonic(), self.interrupt_in(0.5)
            self.assertRaises(KeyboardInterrupt, mtp.label, [fcc(1), fcc(2)], 'exec sleep 100', retries=0, **options)
            timer.join()
            self.assertLess(time.monotonic() - begin, 90)  # of 100 for a call
            self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)

    def test_progress_that_raises(self):
        asked = []

        def count(configuration):
            asked.append(1)
            return pairs(configuration)

        def fail(number, reason):
            raise ZeroDivisionError('by the watcher')
        for options in ({}, {'path': 'labels.extxyz'}):
            self.assertRaises(ZeroDivisionError, mtp.label, [fcc(k) for k in range(9)], count, progress=fail, **options)
        self.assertLess(len(asked), 9)

    def test_keys_are_words(self):
        folder = os.path.join(self.folder, 'with a space')
        os.mkdir(folder)
        self.refused('failed', mtp.label, fcc(1), 'exec false', retries=0, dir=folder, keep='failed')
        self.assertEqual(len(os.listdir(folder)), 1)

    def test_closed_driver(self):
        driver = mtp.Driver(pairs)
        self.assertEqual(len(mtp.label(fcc(1), driver)), 1)
        driver.close()
        self.refused('the driver is closed', mtp.label, fcc(1), driver)
        self.refused('the driver is closed', mtp.Learner, mtp.Potential(6, ['Al'], 5.0), driver)
        server = mtp.Server(pairs)
        server.close()
        self.refused('closed', lambda: server.driver)

    def test_file_goes_on(self):
        asked = []

        def count(configuration):
            asked.append(len(configuration))
            return pairs(configuration)
        data = [fcc(k) for k in range(4)]
        self.assertEqual(len(mtp.label(data[:2], count, path='labels.extxyz')), 2)
        self.assertEqual(len(mtp.label(data, count, path='labels.extxyz')), 4)
        self.assertEqual(len(asked), 4)
        self.close(mtp.read('labels.extxyz')[3].forces, pairs(data[3])[1], 1e-12)

    def test_workers(self):
        together, most, lock = [0], [0], threading.Lock()
        met = threading.Barrier(2, timeout=60)

        def count(configuration):
            with lock:
                together[0] += 1
                most[0] = max(most[0], together[0])
            met.wait()
            with lock:
                together[0] -= 1
            return pairs(configuration)
        data = [fcc(k) for k in range(4)]
        labels = mtp.label(data, count, workers=2)
        self.assertEqual(most[0], 2)
        for cfg, one in zip(data, labels):
            self.close(one.forces, pairs(cfg)[1], 0)


class Servers(Case):
    def test_for_the_command(self):
        data = mtp.Configurations([fcc(1), fcc(2), mtp.Configuration(['Al', 'Al'], [[0, 0, 0], [0, 0, 2.5]])])
        data.write('in.extxyz')
        with mtp.Server(pairs, parallel=True) as server:
            run('mtp', 'label', 'in.extxyz', '-o', 'out.extxyz', '--qm', server.driver + ' workers=2')
            folder = os.path.dirname(server._path)
            self.assertTrue(os.path.isdir(folder))
        self.assertFalse(os.path.exists(folder))
        for cfg, label in zip(data, mtp.read('out.extxyz')):
            self.close(label.forces, pairs(cfg)[1], 1e-12)
            self.close(label.energy, pairs(cfg)[0], 1e-12)

    def test_failures(self):
        def fails(asked):
            raise ValueError('no way')

        def doubts(asked):
            raise mtp.NotConverged('no end')
        with mtp.Server(fails) as server:
            driver = server.driver + ' retries=0'
            self.refused('ValueError: no way', mtp.label, fcc(1), driver)
        self.refused('has gone', mtp.label, fcc(1), driver)
        with mtp.Server(doubts) as server:
            self.refused('not converged', mtp.label, fcc(1), server.driver + ' retries=0')
        self.refused('needs no server', mtp.Server, 'exec ./x')
        self.refused('expected as the reference', mtp.Server, 5)

    def test_who_has_gone_is_not_served(self):
        begun, go_on, asked = threading.Event(), threading.Event(), []

        def waits(configuration):
            asked.append(configuration.positions[0, 0])
            begun.set()
            go_on.wait(60)
            return pairs(configuration)
        mtp.write('in.extxyz', fcc(3))
        with mtp.Server(waits) as server:
            first = threading.Thread(target=mtp.label, args=(fcc(1), server.driver))
            first.start()
            begun.wait(60)
            with socket.socket(socket.AF_UNIX) as gone:
                gone.connect(server._path)
                gone.sendall(os.fsencode(self.folder) + b'\n')
            go_on.set()
            first.join()
            mtp.label(fcc(2), server.driver)
        self.assertEqual(asked, [fcc(k).positions[0, 0] for k in (1, 2)])

    def test_long_folder(self):
        long = os.path.join(self.folder, 100 * 'x')
        os.mkdir(long)
        tempfile.tempdir = long
        try:
            with mtp.Server(pairs) as server:
                self.assertEqual(len(mtp.label(fcc(1), server.driver)), 1)
        finally:
            tempfile.tempdir = None


if __name__ == '__main__':
    unittest.main(verbosity=2)
