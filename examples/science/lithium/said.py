# SPDX-License-Identifier: GPL-2.0-or-later
"""What a potential says of frames before anybody labels them: RMS of the errors to expect (eV/A), and the largest grade."""
import sys

import numpy as np

import mtp

frames = mtp.Potential.read(sys.argv[1]).evaluate(sys.argv[2], grades=True, errors=True)
errors = np.concatenate([frame.force_errors for frame in frames])
print(f'{np.sqrt(np.mean(errors**2)):.3g}; {max(frame.max_grade for frame in frames):.3g}')
