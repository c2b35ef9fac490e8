# SPDX-License-Identifier: BSD-3-Clause
"""examples/python runs: the scripts, and the cells of the notebook, which has its pictures."""
import json
import os
import runpy
import unittest

from support import Case, mtp, need, np

need('ase')
EXAMPLES = os.path.join(os.environ['SOURCE_DIR'], 'examples', 'python')


class Examples(Case):
    def test_learn(self):
        np.random.seed(1)  # ASE's velocities
        found = runpy.run_path(os.path.join(EXAMPLES, 'learn.py'))
        self.assertLess(found['force'].rmse, 0.1)
        self.assertTrue(mtp.Potential.read('al.almtp').is_trained)

    def test_learn_in_lammps(self):
        try:
            import lammps  # noqa: F401
        except ImportError:
            self.skipTest('no Python module of LAMMPS')
        runpy.run_path(os.path.join(EXAMPLES, 'learn_lammps.py'))
        self.assertGreater(len(mtp.read('train.extxyz')), 2)

    def test_notebook(self):
        try:
            import matplotlib
        except ImportError:
            self.skipTest('no matplotlib')
        matplotlib.use('Agg')
        with open(os.path.join(EXAMPLES, 'aluminium.ipynb'), encoding='utf-8') as file:
            cells = [cell for cell in json.load(file)['cells'] if cell['cell_type'] == 'code']
        space = {}
        for cell in cells:
            exec(compile(''.join(cell['source']), 'aluminium.ipynb', 'exec'), space)
        self.assertEqual(len(space['grade']), 201)
        pictures = sum('image/png' in output.get('data', ()) for cell in cells for output in cell['outputs'])
        self.assertEqual(pictures, len(matplotlib.pyplot.get_fignums()))


if __name__ == '__main__':
    unittest.main(verbosity=2)
