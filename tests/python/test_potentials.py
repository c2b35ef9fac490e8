# SPDX-License-Identifier: BSD-3-Clause
"""Potentials and configurations: files, views, evaluation against the command and against differences, bad input."""
import gc
import os
import threading
import unittest

from support import Case, fcc, mtp, np, run, small_potential, training_set


class Configurations(Case):
    def test_arrays_are_views(self):
        cfg = fcc(1)
        positions = cfg.positions
        positions[0, 0] = 0.125
        self.assertEqual(cfg.positions[0, 0], 0.125)
        cfg.cell[1, 0] = 0.25
        self.assertEqual(cfg.cell[1, 0], 0.25)
        del cfg
        gc.collect()
        self.assertEqual(positions[0, 0], 0.125)  # its owner lives as long

    def test_views_outlive_what_takes_their_place(self):
        cfg = fcc(1)
        cfg.forces, cfg.charges = np.full((4, 3), 0.5), np.ones(4)
        forces, charges, evaluator = cfg.forces, cfg.charges, mtp.Evaluator(small_potential())
        cfg.charges = None
        first = evaluator.evaluate(cfg).forces
        kept = np.array(first)
        cfg.positions[0] += 0.1
        second = evaluator.evaluate(cfg).forces
        others = [fcc(k) for k in range(50)]  # they would take the place of what was freed
        for other in others:
            other.forces, other.charges = np.zeros((4, 3)), np.zeros(4)
        self.close(forces, np.full((4, 3), 0.5), 0)
        self.close(charges, np.ones(4), 0)
        self.close(first, kept, 0)
        self.assertGreater(np.abs(second - first).max(), 0)
        del cfg
        gc.collect()
        self.close(first, kept, 0)

    def test_a_view_outlives_growth_of_its_set(self):
        configurations = mtp.Configurations([fcc(1)])
        first, x = configurations[0], np.array(configurations[0].positions)
        configurations.extend(fcc(k) for k in range(200))
        self.close(first.positions, x, 0)

    def test_labels(self):
        cfg = fcc(2)
        self.assertTrue(all(value is None for value in (cfg.energy, cfg.forces, cfg.stress, cfg.grades, cfg.charges)))
        stress = np.array([1, 2, 3, 4, 5, 6.])
        cfg.energy, cfg.forces, cfg.stress, cfg.charges = -1.5, np.ones((4, 3)), stress, [1, -1, 1, -1]
        self.close(cfg.stress, stress, 1e-14)
        self.close(cfg.virial, -np.array([1, 2, 3, 6, 5, 4]) * cfg.volume, 1e-12)
        cfg.stress = [[1, 6, 5], [6, 2, 4], [5, 4, 3]]
        self.close(cfg.stress, stress, 1e-14)
        cfg.set_feature('group', 'a')
        mtp.write('one.extxyz', cfg)
        again = mtp.read('one.extxyz')[0]
        self.assertEqual((again.energy, again.symbols, again.features['group']), (-1.5, ['Al'] * 4, 'a'))
        self.close(again.forces, cfg.forces, 0)
        self.close(again.positions, cfg.positions, 0)
        self.close(again.charges, cfg.charges, 0)
        cfg.forces = cfg.energy = cfg.stress = cfg.charges = None
        self.assertTrue(all(value is None for value in (cfg.energy, cfg.forces, cfg.stress, cfg.charges)))

    def test_sets(self):
        both = mtp.Configurations([mtp.Configuration(['Al'], [[0, 0, 0]]),
                                   mtp.Configuration(['Ni', 'Al'], np.eye(3)[:2])])
        self.assertEqual((len(both), both.species, both[1].symbols), (2, ['Al', 'Ni'], ['Ni', 'Al']))
        both.map_species(['Ni', 'Al'])
        self.assertEqual((both[0].symbols, both[1].symbols, list(both[1].species)), (['Al'], ['Ni', 'Al'], [0, 1]))
        part = both[[1]]
        self.assertEqual((len(part), part[0].symbols), (1, ['Ni', 'Al']))
        self.assertEqual([len(c) for c in both[::-1]], [2, 1])
        self.assertEqual([len(both[5:]), len(both[[]]), len(both[[False, True]])], [0, 0, 1])
        self.assertRaises(IndexError, both.__getitem__, 2)
        self.assertEqual(len(both[-1]), 2)

    def test_bad_input(self):
        self.refused('no.extxyz', mtp.read, 'no.extxyz')
        with open('bad.extxyz', 'w') as file:
            file.write('2\npbc="F F F"\nAl 0 0 0\nAl 0 nothing 0\n')
        self.assertEqual(self.refused('bad.extxyz:4', mtp.read, 'bad.extxyz').status, 'format')
        self.refused('unknown format', mtp.read, 'bad.extxyz', 'pdb')
        self.refused('shape', mtp.Configuration, ['Al'], np.zeros((2, 3)))
        self.refused('list', mtp.Configuration, 'Al', np.zeros((2, 3)))
        self.refused('no stress', setattr, mtp.Configuration(['Al'], [[0, 0, 0]]), 'stress', np.zeros(6))
        self.refused('Ni', fcc(1, symbols=('Ni',))._owner.map_species, ['Al'])
        self.refused('energies', mtp.read, 'bad.extxyz', keys={'energies': 'e'})


class Potentials(Case):
    def test_numbers_of_the_command(self):
        potential = small_potential()
        potential.write('pot.almtp')
        mtp.write('in.extxyz', [fcc(k, cells=2) for k in range(3)])
        run('mtp', 'eval', 'pot.almtp', 'in.extxyz', '-o', 'out.extxyz', '--grade', '--error')
        theirs = mtp.read('out.extxyz')
        ours = mtp.Potential.read('pot.almtp').evaluate('in.extxyz', grades=True, errors=True)
        for a, b in zip(ours, theirs):
            self.assertEqual(a.energy, b.energy)
            for name in ('forces', 'virial', 'grades', 'force_errors'):
                self.close(getattr(a, name), getattr(b, name), 0)
            self.assertEqual(a.max_grade, b.max_grade)
            self.close(a.energies.sum(), a.energy, 1e-12)
        self.close(potential.grade('in.extxyz'), [b.max_grade for b in theirs], 0)

    def test_differences(self):
        potential, h = small_potential(), 1e-4
        cfg = fcc(5)
        evaluated = potential.evaluate(cfg)[0]

        def energy(edit):
            moved = cfg.copy()
            edit(moved)
            return potential.evaluate(moved)[0].energy

        def move(sign):
            def edit(moved):
                moved.positions[1, 2] += sign * h
            return edit

        def strain(sign):
            def edit(moved):
                deformation = np.eye(3)
                deformation[0, 1] += sign * h
                moved.positions[:] = moved.positions @ deformation
                moved.cell[:] = moved.cell @ deformation
            return edit
        self.close(-(energy(move(1)) - energy(move(-1))) / (2 * h), evaluated.forces[1, 2], 1e-6)
        self.close((energy(strain(1)) - energy(strain(-1))) / (2 * h * cfg.volume), evaluated.stress[5], 1e-6)

    def test_compute(self):
        potential = small_potential()
        evaluator, cfg = mtp.Evaluator(potential), fcc(6)
        found, evaluated = evaluator.compute(cfg, gradient=True, rows=True), potential.evaluate(cfg)[0]
        self.close(found['energy'], evaluated.energy, 1e-12)
        self.close(found['forces'], evaluated.forces, 1e-12)
        self.close(found['virial'], evaluated.virial, 1e-12)
        self.close(found['virials'].sum(0), evaluated.virial, 1e-11)
        self.close(found['rows'].sum(0), found['gradient'], 1e-11)
        potential, h = potential.copy(), 1e-5
        for k in (0, potential.parameter_count - 1):
            energies = []
            for sign in (1, -1):
                theta = small_potential().parameters
                theta[k] += sign * h
                potential.parameters = theta
                energies.append(potential.evaluate(cfg)[0].energy)
            slope = found['gradient'][k]
            self.close((energies[0] - energies[1]) / (2 * h), slope, 1e-6 * (1 + abs(slope)))
        active = small_potential().active_set
        graded = mtp.Evaluator(small_potential(), active_set=active).evaluate(cfg.copy(), grades=True)
        self.close(active.grade_rows(found['rows']), graded.grades, 1e-9)
        self.close(active.rows @ active.inverse.T, np.eye(active.size), 1e-8)

    def test_files(self):
        potential = small_potential()
        potential.write('pot.almtp')
        again = mtp.Potential.read('pot.almtp')
        self.close(again.parameters, potential.parameters, 0)
        self.assertEqual((again.level, again.elements, again.cutoff, again.active_set.mode, again.active_set.kind),
                         (6, ['Al'], 5.0, 'neighbourhood', 'all'))
        self.assertEqual(len(again.active_set.configurations), len(potential.active_set.configurations))
        self.assertEqual(again.posterior.noise, potential.posterior.noise)
        potential.write('pot.mtp')
        self.assertIsNone(mtp.Potential.read('pot.mtp').active_set)

    def test_bad_input(self):
        self.refused('level', mtp.Potential, 7, ['Al'], 5.0)
        self.refused('no.mtp', mtp.Potential.read, 'no.mtp')
        with open('bad.mtp', 'w') as file:
            file.write('MTP\nversion = 1.1.0\nnonsense\n')
        self.assertEqual(self.refused('bad.mtp:3', mtp.Potential.read, 'bad.mtp').status, 'format')
        untrained = mtp.Potential(6, ['Al'], 5.0)
        self.refused('untrained', untrained.evaluate, fcc(1))
        self.refused('active set', untrained.evaluate, fcc(1), grades=True)
        trained = small_potential()
        self.refused('Ni', trained.evaluate, fcc(1, symbols=('Ni',)))
        self.refused('shape', setattr, trained, 'parameters', np.zeros(3))
        self.refused('finite', setattr, trained, 'parameters', np.full(trained.parameter_count, np.nan))
        self.refused('precision', mtp.Evaluator, trained, precision='half')
        self.refused('active set', mtp.Evaluator(trained).evaluate, fcc(1), grades=True)

    def test_threads(self):
        potential, configurations = small_potential(), [fcc(k) for k in range(20)]
        one, evaluator = potential.evaluate(configurations), mtp.Evaluator(potential)
        for a, b in zip(one, potential.evaluate(configurations, threads=3)):
            self.close(a.forces, b.forces, 0)
        found, failures = {}, []

        def work(k):
            found[k] = evaluator.evaluate(configurations[k].copy()).forces
            try:
                mtp.read('no-%d.extxyz' % k)
            except mtp.Error as error:
                failures.append('no-%d.' % k in str(error))
        threads = [threading.Thread(target=work, args=(k,)) for k in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [True] * 20)
        for k, a in enumerate(one):
            self.close(found[k], a.forces, 0)

    def test_compare(self):
        potential, data = small_potential(), training_set(4, 900)
        data[0].set_feature('group', 'first')
        table = potential.compare(data)
        difference = np.concatenate([p.forces - d.forces for p, d in zip(potential.evaluate(data), data)])
        self.close(table.all.force.rmse, np.sqrt(np.mean(difference ** 2)), 1e-12)
        self.assertEqual((table.all.configurations, sorted(table.groups)), (4, ['', 'first']))
        self.assertEqual(list(table.species), ['Al'])

    def test_memory(self):
        potential, cfg = small_potential(), fcc(1, cells=2)

        def resident():
            with open('/proc/self/statm') as file:
                return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')
        for _ in range(2):
            before = resident()
            for _ in range(300):
                mtp.Evaluator(potential).compute(cfg)
                potential.evaluate(cfg, grades=True)[0].forces
        self.assertLess(resident() - before, 4e6)


if __name__ == '__main__':
    unittest.main(verbosity=2)
