# SPDX-License-Identifier: BSD-3-Clause
"""Learning with a Python function as the reference: by the loop, in LAMMPS, and in LAMMPS's own Python module."""
import os
import time
import unittest

from support import BIN, Case, fcc, mtp, np, pairs, run

DECK = '''units metal
atom_style atomic
read_data cell.data
mass 1 26.98
pair_style mtp/al qm "%s" seed 7
pair_coeff * * al.almtp Al
velocity all create 300 4711
timestep 0.002
fix move all nve
run 10
'''


class Loop(Case):
    def test_learns(self):
        asked = []

        def count(configuration):
            asked.append(len(configuration))
            return pairs(configuration)
        learner = mtp.Learner(mtp.Potential(6, ['Al'], 5.0), count, warmup=(3, 0.1), select=2, break_=2.0, wall=False)
        self.assertEqual(learner.thresholds, (2.0, 2.0))
        self.assertTrue(learner.begin(fcc(1)))
        self.assertEqual(len(asked), 3)
        potential = learner.potential
        far = fcc(2, sigma=0.6, strain=0.15)
        grade = potential.grade(far)[0]
        self.assertGreater(grade, 2)
        self.assertTrue(learner.offer(far, grade, 0, step=5))
        self.assertLess(learner.potential.grade(far)[0], grade)
        learner.pass_step(10)
        learner.end_run()
        self.assertEqual((learner.stats.labels, learner.stats.qm_calls), (len(asked), len(asked)))
        self.assertGreater(len(learner.end().active_set.configurations), 0)
        self.refused('closed', learner.end)
        with open('mtp-al.jsonl') as file:
            self.assertIn('"refit"', file.read())
        # a second one goes on from the files
        again = mtp.Learner(mtp.Potential(6, ['Al'], 5.0), count)
        self.assertFalse(again.begin(fcc(1)))
        self.assertEqual(again.stats.configurations, len(mtp.read('train.extxyz')))
        self.assertFalse(again.offer(again.potential.evaluate(fcc(3))[0], 5.0, 0, step=3))
        again.close()
        waiting = mtp.read('candidates.extxyz')[0]
        self.assertEqual((waiting.energy, waiting.forces, waiting.virial, waiting.max_grade), (None, None, None, 5.0))

    def test_follows(self):
        """What another run has learned into the same files."""
        options = dict(warmup=(3, 0.1), select=2, break_=2.0, wall=False, share=True)
        with mtp.Learner(mtp.Potential(6, ['Al'], 5.0), pairs, log='a.jsonl', **options) as one, \
                mtp.Learner(mtp.Potential(6, ['Al'], 5.0), pairs, log='b.jsonl', **options) as other:
            one.begin(fcc(1))
            other.begin(fcc(1))
            self.assertFalse(other.follow(1))
            self.assertTrue(one.offer(fcc(2, sigma=0.6, strain=0.15), float('nan'), 0, step=5))  # beyond all numbers
            for step in range(2, 200):  # it looks once a second
                if other.follow(step):
                    break
                time.sleep(0.05)
            self.assertEqual((other.stats.configurations, other.stats.labels), (4, 0))
            self.close(other.potential.parameters, one.potential.parameters, 0)

    def test_interrupt(self):
        with mtp.Learner(mtp.Potential(6, ['Al'], 5.0), 'exec sleep 100 retries=0') as learner:
            begin, timer = time.monotonic(), self.interrupt_in(0.5)
            self.assertRaises(KeyboardInterrupt, learner.begin, fcc(1))
            timer.join()
            self.assertLess(time.monotonic() - begin, 90)  # of 100 for a call

    def test_failures(self):
        def fails(asked):
            raise ValueError('no way')
        potential = mtp.Potential(6, ['Al'], 5.0)
        self.refused('unknown option speed', mtp.Learner, potential, pairs, speed=1)
        self.refused('select', mtp.Learner, potential, pairs, select='much')
        for option in ({'check': 100}, {'cut': 'auto'}):
            error = self.refused('only pair_style mtp/al has them', mtp.Learner, potential, pairs, **option)
            self.assertEqual(error.status, 'unsupported')
        with mtp.Learner(potential, fails) as learner:
            error = self.refused('no way', learner.begin, fcc(1))
            self.assertIsInstance(error.__cause__, ValueError)

        def interrupt(asked):
            raise KeyboardInterrupt
        with mtp.Learner(potential, interrupt) as learner:
            self.assertRaises(KeyboardInterrupt, learner.begin, fcc(1))


class InLammps(Case):
    def setUp(self):
        super().setUp()
        if not os.path.exists(os.path.join(BIN, 'lmp')):
            self.skipTest('no LAMMPS')
        mtp.write('cell.data', fcc(1, cells=2, sigma=0.05))
        mtp.Potential(6, ['Al'], 5.0).write('al.almtp')

    def check(self):
        learned, labels = mtp.Potential.read('al.almtp'), mtp.read('train.extxyz')
        self.assertTrue(learned.is_trained)
        self.close(labels[0].forces, pairs(labels[0])[1], 1e-12)

    def test_program(self):
        with mtp.Server(pairs) as server:
            with open('in.deck', 'w') as file:
                file.write(DECK % server.driver)
            run('lmp', '-in', 'in.deck')
        self.check()

    def test_module(self):
        try:
            from lammps import lammps
        except ImportError:
            self.skipTest("no Python module of LAMMPS")
        lmp = lammps(cmdargs=['-log', 'none', '-screen', 'none'])
        try:
            with mtp.Server(pairs) as server:
                for line in (DECK % server.driver).splitlines():
                    lmp.command(line)
            energy, forces = lmp.get_thermo('pe'), np.array(lmp.numpy.extract_atom('f')[:32])
            x = np.array(lmp.numpy.extract_atom('x')[:32])
            cell = lmp.extract_box()
        finally:
            lmp.close()
        self.check()
        (lo, hi, xy, yz, xz) = cell[:5]
        lattice = [[hi[0] - lo[0], 0, 0], [xy, hi[1] - lo[1], 0], [xz, yz, hi[2] - lo[2]]]
        evaluated = mtp.Potential.read('al.almtp').evaluate(mtp.Configuration(['Al'] * 32, x, lattice, True))[0]
        self.close(evaluated.energy, energy, 1e-10)
        self.close(evaluated.forces, forces, 1e-10)


if __name__ == '__main__':
    unittest.main(verbosity=2)
