# SPDX-License-Identifier: BSD-3-Clause
"""The calculator of ASE: equal to LAMMPS, a calculator as ASE understands it, and one that learns."""
import os
import re
import time
import unittest

from support import BIN, Case, mtp, need, np, pairs, run, small_potential

need('ase')
from ase import Atoms, units  # noqa: E402
from ase.build import bulk, molecule  # noqa: E402
from ase.calculators.calculator import PropertyNotImplementedError  # noqa: E402
from ase.calculators.emt import EMT  # noqa: E402
from ase.calculators.test import gradient_test  # noqa: E402
from ase.io import read, write  # noqa: E402
from ase.md.langevin import Langevin  # noqa: E402
from ase.optimize import BFGS  # noqa: E402

from mtp.ase import MTP, LearningMTP  # noqa: E402


def crystal(seed=1, cells=2):
    atoms = bulk('Al', cubic=True, a=4.05) * (cells, 1, 1)
    atoms.rattle(0.1, seed=seed)
    atoms.set_cell(atoms.cell.array @ np.array([[1, 0, 0], [0.03, 1, 0], [0.02, -0.01, 1.01]]), scale_atoms=True)
    return atoms


DECK = '''units metal
atom_style atomic
read_data cell.data
pair_style mtp
pair_coeff * * pot.almtp Al
compute virial all pressure NULL virial
compute each all pe/atom
compute stress all stress/atom NULL
thermo_style custom step pe vol c_virial[1] c_virial[2] c_virial[3] c_virial[4] c_virial[5] c_virial[6]
run 0 post no
write_dump all custom out.dump id fx fy fz c_each c_stress[1] c_stress[2] c_stress[3] c_stress[4] c_stress[5] &
 c_stress[6] modify sort id format float %.17g
print "energy $(pe:%.17g)"
'''
BAR = 1.6021765e6  # LAMMPS: eV/A^3 in bar


class AsLammps(Case):
    def test_equal(self):
        if not os.path.exists(os.path.join(BIN, 'lmp')):
            self.skipTest('no LAMMPS')
        potential, atoms = small_potential(), crystal(cells=2)
        potential.write('pot.almtp')
        mtp.write('cell.data', atoms)
        with open('in.deck', 'w') as file:
            file.write(DECK)
        said = run('lmp', '-in', 'in.deck')
        dump = np.loadtxt('out.dump', skiprows=9)
        atoms.wrap(eps=0)  # as LAMMPS has them
        atoms.calc = MTP('pot.almtp')
        self.close(atoms.get_potential_energy(), float(re.search(r'^energy (\S+)', said, re.M).group(1)), 1e-10)
        self.close(atoms.get_forces(), dump[:, 1:4], 1e-10)
        self.close(atoms.get_potential_energies(), dump[:, 4], 1e-10)
        order = [5, 6, 7, 10, 9, 8]  # LAMMPS: xx yy zz xy xz yz, as pressure times volume with a minus: a stress
        stresses = dump[:, order] / BAR / atoms.get_volume()
        self.close(atoms.get_stresses(), stresses, 1e-10)
        self.close(atoms.get_stress(), stresses.sum(0), 1e-10)


class AsCalculator(Case):
    @classmethod
    def setUpClass(cls):
        cls.potential = small_potential()

    def test_derivatives(self):
        atoms = crystal()
        atoms.calc = MTP(self.potential)
        numeric, analytic = gradient_test(atoms, [0, 3])
        self.close(analytic, numeric, 1e-5)
        self.close(atoms.get_forces()[:2], atoms.calc.calculate_numerical_forces(atoms)[:2], 1e-5)
        self.close(atoms.get_stress(), atoms.calc.calculate_numerical_stress(atoms), 1e-6)
        self.close(atoms.get_stresses().sum(0), atoms.get_stress(), 1e-12)
        self.close(atoms.get_potential_energies().sum(), atoms.get_potential_energy(), 1e-11)
        self.assertEqual(atoms.get_potential_energy(force_consistent=True), atoms.get_potential_energy())

    def test_results_are_kept_until_atoms_change(self):
        atoms, calc = crystal(), MTP(self.potential)
        atoms.calc, calls = calc, []
        compute = calc._compute
        calc._compute = lambda *arguments: calls.append(1) or compute(*arguments)
        energy = atoms.get_potential_energy()
        atoms.get_forces(), atoms.get_stress()
        self.assertEqual(len(calls), 1)
        atoms.positions[0, 0] += 0.1
        self.assertTrue(calc.calculation_required(atoms, ['energy']))
        self.assertNotEqual(atoms.get_potential_energy(), energy)
        self.assertEqual(len(calls), 2)
        other = atoms.copy()
        other.calc = calc
        atoms.get_forces()[:] = 0  # a copy
        self.assertGreater(np.abs(other.get_forces()).max(), 0)
        self.assertEqual(len(calls), 2)

    def test_files(self):
        atoms = crystal()
        atoms.calc = MTP(self.potential, grades=True, errors=True)
        energy, forces, grade = atoms.get_potential_energy(), atoms.get_forces(), atoms.info['max_grade']
        self.assertEqual(grade, atoms.calc.results['grades'].max())
        self.assertEqual(len(atoms.calc.results['force_errors']), len(atoms))
        for name in ('atoms.traj', 'atoms.extxyz'):
            write(name, atoms)
            again = read(name)
            self.close(again.get_potential_energy(), energy, 1e-7)
            self.close(again.get_forces(), forces, 1e-7)
        self.close(read('atoms.extxyz').info['max_grade'], grade, 1e-7)
        ours = mtp.read('atoms.extxyz')[0]
        self.close(ours.energy, energy, 1e-7)
        self.close(ours.stress, atoms.get_stress(), 1e-7)

    def test_conversions(self):
        atoms = crystal()
        atoms.calc = MTP(self.potential)
        atoms.get_forces(), atoms.get_stress()
        cfg = mtp.Configuration.from_ase(atoms)
        self.assertEqual(cfg.energy, atoms.get_potential_energy())
        self.close(cfg.stress, atoms.get_stress(), 1e-15)
        back = cfg.to_ase()
        self.close(back.get_forces(), atoms.get_forces(), 0)
        self.close(back.get_stress(), atoms.get_stress(), 1e-15)
        cfg.charges = np.arange(len(atoms))
        cfg.set_feature('config_weight', '0.5')
        cfg.set_feature('baseline', 'b1')
        charged = cfg.to_ase()
        self.close(charged.get_forces(), atoms.get_forces(), 0)
        again = mtp.Configuration.from_ase(charged)
        self.assertEqual((again.energy, again.features), (cfg.energy, {'config_weight': '0.5', 'baseline': 'b1'}))
        self.close(again.charges, cfg.charges, 0)
        atoms.positions += 0.01 * np.eye(len(atoms), 3)
        self.assertIsNone(mtp.Configuration.from_ase(atoms).energy)  # those of other atoms

    def test_shapes(self):
        cluster = Atoms('Al3', positions=[[0, 0, 0], [2.6, 0, 0], [0, 2.7, 0.1]])
        cluster.calc = MTP(self.potential)
        self.close(cluster.get_forces().sum(0), np.zeros(3), 1e-12)
        self.assertRaises(PropertyNotImplementedError, cluster.get_stress)
        slab = crystal()
        slab.pbc = (True, True, False)
        slab.center(vacuum=6, axis=2)
        slab.calc = MTP(self.potential)
        self.assertEqual(len(slab.get_stress()), 6)
        alone = Atoms('Al', positions=[[1, 2, 3]])
        alone.calc = MTP(self.potential)
        self.close(alone.get_forces(), np.zeros((1, 3)), 0)

    def test_relaxation(self):
        atoms = crystal()
        atoms.calc = MTP(self.potential)
        before = atoms.get_potential_energy()
        BFGS(atoms, logfile=None).run(fmax=0.05, steps=30)
        self.assertLess(atoms.get_potential_energy(), before)

    def test_bad_input(self):
        water = molecule('H2O')
        water.calc = MTP(self.potential)
        self.refused('O', water.get_potential_energy)
        self.refused('untrained', MTP, mtp.Potential(6, ['Al'], 5.0))
        self.refused('active set', MTP, self._without_active_set(), grades=True)
        self.refused('none.almtp', MTP, 'none.almtp')

    def _without_active_set(self):
        potential = self.potential.copy()
        potential.active_set = None
        return potential


class AsReference(Case):
    def test_labels(self):
        atoms = crystal()
        label = mtp.label(atoms, EMT())[0]
        atoms.calc = EMT()
        self.close(label.forces, atoms.get_forces(), 1e-14)
        self.close(label.stress, atoms.get_stress(), 1e-14)

    def test_threads_take_turns(self):
        inside, most = [], []

        class Slow(EMT):
            def calculate(self, *arguments, **options):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.02)
                super().calculate(*arguments, **options)
                inside.pop()
        data = [crystal(k) for k in range(4)]
        labels = mtp.label(data, Slow(), workers=4)
        self.assertEqual(max(most), 1)
        for atoms, label in zip(data, labels):
            atoms.calc = EMT()
            self.close(label.forces, atoms.get_forces(), 1e-12)

    def test_learning(self):
        atoms = crystal(cells=2)
        calc = atoms.calc = LearningMTP(mtp.Potential(6, ['Al'], 5.0), pairs, seed=3)
        Langevin(atoms, 2 * units.fs, temperature_K=500, friction=0.02, rng=np.random.RandomState(1)).run(30)
        stats = calc.learner.stats
        self.assertGreater(stats.labels, 0)
        self.assertEqual(len(mtp.read('train.extxyz')), stats.configurations)
        potential = calc.end()
        self.assertTrue(potential.is_trained)
        self.close(atoms.get_potential_energy(), potential.evaluate(atoms)[0].energy, 1e-12)
        self.close(mtp.Potential.read('learned.almtp').parameters, potential.parameters, 0)

    def test_a_grade_that_is_no_number_is_far_out(self):
        atoms = crystal(cells=2)
        calc = atoms.calc = LearningMTP(mtp.Potential(6, ['Al'], 5.0), pairs, select=1e3, break_=1e3, wall=False)
        atoms.get_potential_energy()
        labels, compute, spoilt = calc.learner.stats.labels, calc._compute, [True]

        def spoil(*arguments):
            compute(*arguments)
            if spoilt:
                calc.results['max_grade'] = float('nan' if spoilt.pop() else 0)
        calc._compute = spoil
        atoms.rattle(0.2, seed=5)
        self.assertTrue(np.isfinite(atoms.get_potential_energy()))
        self.assertEqual(calc.learner.stats.labels, labels + 1)
        self.assertLess(calc.results['max_grade'], 1e3)
        calc.close()

    def test_follows_other_runs(self):
        options = dict(select=1e3, break_=1e3, wall=False, share=True)
        atoms = crystal(cells=2)
        calc = atoms.calc = LearningMTP(mtp.Potential(6, ['Al'], 5.0), pairs, log='a.jsonl', **options)
        atoms.get_potential_energy()
        with mtp.Learner(mtp.Potential(6, ['Al'], 5.0), pairs, log='b.jsonl', **options) as other:
            other.begin(mtp.Configuration.from_ase(crystal(3)))
            self.assertTrue(other.offer(mtp.Configuration.from_ase(crystal(4)), 2e3, 0, step=1))
            learned = other.potential.parameters
        for k in range(200):  # it looks once a second
            atoms.rattle(1e-3, seed=k)
            atoms.get_forces()
            if np.array_equal(calc.potential.parameters, learned):
                break
            time.sleep(0.05)
        self.close(calc.potential.parameters, learned, 0)
        self.close(atoms.get_forces(), calc.learner.potential.evaluate(atoms)[0].forces, 1e-12)
        calc.close()

    def test_what_it_cannot_grade_is_refused(self):
        for option in ({'query': 'bayes'}, {'mode': 'forces'}):
            error = self.refused('it grades by active sets', LearningMTP, mtp.Potential(6, ['Al'], 5.0), pairs, **option)
            self.assertEqual(error.status, 'unsupported')


if __name__ == '__main__':
    unittest.main(verbosity=2)
