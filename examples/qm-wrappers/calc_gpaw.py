# SPDX-License-Identifier: GPL-2.0-or-later
"""GPAW with plane waves (the mode that has a stress): PBE, rough. Atoms come from the driver, hence no symmetries."""
from gpaw import GPAW, PW, FermiDirac

calc = GPAW(mode=PW(250), xc='PBE', kpts={'size': (4, 4, 4), 'gamma': True}, occupations=FermiDirac(0.1),
            symmetry='off', convergence={'density': 1e-6, 'energy': 1e-7, 'eigenstates': 1e-9}, txt='gpaw.txt')
