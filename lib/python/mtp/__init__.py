# SPDX-License-Identifier: BSD-3-Clause
"""Moment tensor potentials from Python: reading, training, evaluating, grading, selecting, labelling, learning.

The package calls the public C interface of libmtpal through ctypes; docs: lib/doc/python.md. Lengths are in A, energies
in eV, forces in eV/A, virials in eV, stresses in eV/A^3 with the sign and order of ASE. Objects may be used from any
thread; each thread has a context of the library of its own. What fails raises mtp.Error.
"""
from ._context import Error, instruction_set, set_instruction_set
from ._version import VERSION as __version__
from .active_set import ActiveSet
from .configurations import Configuration, Configurations, read, write
from .evaluator import Evaluator
from .learner import Learner, LearnerStats
from .potential import Errors, ErrorStat, ErrorTable, Posterior, Potential
from .reference import Driver, NotConverged, label
from .selection import Selection, select
from .server import Server
from .training import Progress, TrainResult, train

__all__ = ['ActiveSet', 'Configuration', 'Configurations', 'Driver', 'Error', 'ErrorStat', 'ErrorTable', 'Errors',
           'Evaluator', 'Learner', 'LearnerStats', 'NotConverged', 'Posterior', 'Potential', 'Progress', 'Selection',
           'Server', 'TrainResult', 'instruction_set', 'label', 'read', 'select', 'set_instruction_set', 'train',
           'write']
