# SPDX-License-Identifier: BSD-3-Clause
"""Training and selection: the numbers of the command, what ends a training, what a failure leaves."""
import json
import unittest

from support import Case, fcc, mtp, np, run, small_potential, training_set


class Training(Case):
    def test_same_as_the_command(self):
        data = training_set(8)
        data.write('train.extxyz')
        potential = mtp.Potential(6, ['Al'], 5.0)
        potential.write('start.mtp')
        run('mtp', 'train', 'start.mtp', 'train.extxyz', '-o', 'out.almtp', '--max-iter', 20, '--threads', 1)
        seen = []
        result = mtp.train(potential, data, max_iterations=20, threads=2, progress=seen.append)
        other = mtp.Potential.read('out.almtp')
        self.close(potential.parameters, other.parameters, 0)
        self.assertEqual((potential.active_set.kind, potential.active_set.log_volume),
                         (other.active_set.kind, other.active_set.log_volume))
        self.assertEqual(potential.posterior.scale, other.posterior.scale)
        self.assertFalse(result.stopped)
        self.assertEqual((seen[-1].stage, seen[-1].level), ('final', 6))
        self.assertLess(result.loss, seen[0].loss)

    def test_validation_and_weights(self):
        potential = mtp.Potential(6, ['Al'], 5.0)
        seen = []
        mtp.train(potential, training_set(8), validation=training_set(3, 50), weights='mlip', weighting='molecules',
                  max_iterations=5, mode='configuration', rows='all', wall=False, progress=seen.append)
        self.assertTrue(np.isfinite(seen[-1].validation.force))
        self.assertEqual((potential.active_set.mode, potential.active_set.kind), ('configuration', 'all'))

    def test_stopped(self):
        potential = mtp.Potential(6, ['Al'], 5.0)
        self.assertTrue(mtp.train(potential, training_set(8), progress=lambda p: p.stage != 'final').stopped)

        def fail(progress):
            raise ZeroDivisionError('by the watcher')
        trained = potential.parameters
        self.assertRaises(ZeroDivisionError, mtp.train, potential, training_set(8), progress=fail)
        self.close(potential.parameters, trained, 0)
        self.assertIsNotNone(potential.active_set)
        data = training_set(40)
        for progress in (None, lambda p: True):
            timer = self.interrupt_in(0.1)
            self.assertRaises(KeyboardInterrupt, mtp.train, potential, data, max_iterations=100000,
                              tolerance=1e-300, progress=progress)
            timer.join()
        self.close(potential.parameters, trained, 0)

    def test_without_iterations(self):
        potential = small_potential()
        parameters, noise = potential.parameters, potential.posterior.noise
        mtp.train(potential, training_set(8, 40), max_iterations=-1)
        self.close(potential.parameters, parameters, 0)
        self.assertEqual((potential.active_set.kind, potential.posterior.noise), ('all', noise))

    def test_bad_input(self):
        potential = mtp.Potential(6, ['Al'], 5.0)
        self.refused('label|energy', mtp.train, potential, [fcc(1)])
        self.refused('weights', mtp.train, potential, training_set(1), weights=(1, -1, 0))
        self.refused('weighting', mtp.train, potential, training_set(1), weighting='atoms')
        self.refused('mode', mtp.train, potential, training_set(4), mode='cell', max_iterations=1)
        self.assertFalse(potential.is_trained)


class Selection(Case):
    def test_same_as_the_command(self):
        potential = small_potential()
        candidates = mtp.Configurations(fcc(k, 0.05 * (k % 7), strain=0.1) for k in range(40))
        potential.write('pot.almtp')
        candidates.write('candidates.extxyz')
        for options, words in (({}, []), ({'max': 5}, ['--max', 5]),
                               ({'method': 'random', 'max': 4}, ['--method', 'random', '--max', 4]),
                               ({'method': 'bayes', 'max': 3}, ['--method', 'bayes', '--max', 3])):
            said = json.loads(run('mtp', 'select', 'pot.almtp', 'candidates.extxyz', '-o', 'out.extxyz', '--json',
                                  *words))
            found = mtp.select(potential, candidates, threads=2, **options)
            self.assertEqual([frame['frame'] - 1 for frame in said['frames']], list(found.chosen))
            self.assertEqual(len(found.configurations), len(found.chosen))
            if said['largest_grade'] is not None:
                self.close(found.largest_grade, said['largest_grade'], 1e-6 * said['largest_grade'])
        self.assertGreater(len(found.chosen), 0)

    def test_what_is_known(self):
        potential, candidates = small_potential(), mtp.Configurations(fcc(k) for k in range(5))
        candidates.extend(candidates[:2])
        found = mtp.select(potential, candidates, train=candidates[3:4], method='random', max=9)
        self.assertEqual((found.repeated, found.known), (2, 1))
        self.refused('method', mtp.select, potential, candidates, method='guess')
        self.refused('how many', mtp.select, potential, candidates, method='energy')


if __name__ == '__main__':
    unittest.main(verbosity=2)
