# SPDX-License-Identifier: BSD-3-Clause
"""Finds and loads libmtpal, and says what its functions take.

The library is looked for beside this package (a wheel or an installation has it there), then where the environment
variable MTP_LIBRARY points (a file, or its folder), then where the loader of the system looks. It has to be of the same
version as the package, for structures may differ in another one.
"""
import ctypes
import ctypes.util
import glob
import os
from ctypes import POINTER, c_bool, c_char_p, c_double, c_int, c_longlong, c_size_t, c_void_p
from typing import Iterator

from . import _structures as s
from ._version import VERSION

LOGGER = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p)
OUT = POINTER(c_void_p)  # where a new handle goes
TEXTS = POINTER(c_char_p)
CONFIG = POINTER(s.Config)
CONFIGS = POINTER(CONFIG)
SET = POINTER(s.ConfigSet)

# name: (result, arguments). Handles, and arrays that numpy gives the address of, are void pointers here.
FUNCTIONS = {
    # context.h
    'mtp_context_new': (c_void_p, []),
    'mtp_context_free': (None, [c_void_p]),
    'mtp_context_set_logger': (None, [c_void_p, LOGGER, c_void_p]),
    'mtp_context_set_stop': (None, [c_void_p, c_void_p]),
    'mtp_context_message': (c_char_p, [c_void_p]),
    'mtp_context_set_instruction_set': (c_int, [c_void_p, c_char_p]),
    'mtp_context_instruction_set': (c_char_p, [c_void_p]),
    'mtp_instruction_set_name': (c_char_p, [c_int]),
    'mtp_status_name': (c_char_p, [c_int]),
    'mtp_version': (c_char_p, []),
    # config.h
    'mtp_config_new': (CONFIG, [c_size_t]),
    'mtp_config_copy': (CONFIG, [CONFIG]),
    'mtp_config_free': (None, [CONFIG]),
    'mtp_config_volume': (c_double, [CONFIG]),
    'mtp_config_require_force': (c_int, [c_void_p, CONFIG]),
    'mtp_config_set_feature': (c_int, [c_void_p, CONFIG, c_char_p, c_char_p]),
    'mtp_config_set_new': (SET, []),
    'mtp_config_set_free': (None, [SET]),
    'mtp_config_set_append': (c_int, [c_void_p, SET, CONFIG]),
    'mtp_config_set_species': (c_int, [SET, c_char_p]),
    'mtp_config_set_map_species': (c_int, [c_void_p, SET, c_int, TEXTS]),
    'mtp_format_from_name': (c_int, [c_char_p]),
    'mtp_format_from_path': (c_int, [c_char_p]),
    'mtp_config_set_read': (c_int, [c_void_p, c_char_p, POINTER(s.ReadOptions), POINTER(SET)]),
    'mtp_config_set_write': (c_int, [c_void_p, SET, c_char_p, c_int]),
    'mtp_config_smallest_distance': (c_int, [c_void_p, CONFIG, c_double, POINTER(c_double)]),
    # neighbors.h
    'mtp_neighbors_build': (c_int, [c_void_p, CONFIG, c_double, POINTER(POINTER(s.Neighbors))]),
    'mtp_neighbors_free': (None, [POINTER(s.Neighbors)]),
    # baseline.h
    'mtp_baseline_check': (c_int, [c_void_p, c_char_p, SET, c_char_p]),
    'mtp_baseline_of_set': (c_char_p, [SET]),
    'mtp_potential_set_baseline': (c_int, [c_void_p, c_void_p, c_char_p]),
    'mtp_potential_check_baseline': (c_int, [c_void_p, c_void_p, c_char_p, c_char_p]),
    # potential.h
    'mtp_potential_new': (c_int, [c_void_p, POINTER(s.PotentialSpec), OUT]),
    'mtp_potential_write': (c_int, [c_void_p, c_void_p, c_char_p]),
    'mtp_potential_copy': (c_int, [c_void_p, c_void_p, OUT]),
    'mtp_potential_free': (None, [c_void_p]),
    'mtp_potential_level': (c_int, [c_void_p]),
    'mtp_potential_species_count': (c_int, [c_void_p]),
    'mtp_potential_radial_count': (c_int, [c_void_p]),
    'mtp_potential_radial_size': (c_int, [c_void_p]),
    'mtp_potential_scalar_count': (c_int, [c_void_p]),
    'mtp_potential_cutoff': (c_double, [c_void_p]),
    'mtp_potential_min_dist': (c_double, [c_void_p]),
    'mtp_potential_is_trained': (c_bool, [c_void_p]),
    'mtp_potential_radial_name': (c_char_p, [c_void_p]),
    'mtp_potential_element': (c_char_p, [c_void_p, c_int]),
    'mtp_potential_label': (c_int, [c_void_p, c_int]),
    'mtp_potential_set_elements': (c_int, [c_void_p, c_void_p, TEXTS]),
    'mtp_potential_parameter_count': (c_size_t, [c_void_p]),
    'mtp_potential_parameters': (c_void_p, [c_void_p]),
    'mtp_potential_set_parameters': (c_int, [c_void_p, c_void_p, c_void_p]),
    # evaluator.h
    'mtp_evaluator_new': (c_int, [c_void_p, c_void_p, OUT]),
    'mtp_evaluator_free': (None, [c_void_p]),
    'mtp_evaluator_set_precision': (c_int, [c_void_p, c_void_p, c_int]),
    'mtp_atoms_of': (s.Atoms, [POINTER(s.Neighbors)]),
    'mtp_evaluator_compute':
        (c_int, [c_void_p, c_void_p, POINTER(s.Atoms), POINTER(s.Request), POINTER(s.Output)]),
    'mtp_evaluator_config': (c_int, [c_void_p, c_void_p, CONFIG, c_int]),
    # active_set.h
    'mtp_active_set_free': (None, [c_void_p]),
    'mtp_active_set_mode': (c_int, [c_void_p]),
    'mtp_active_set_size': (c_size_t, [c_void_p]),
    'mtp_active_set_filled': (c_size_t, [c_void_p]),
    'mtp_active_set_columns': (c_size_t, [c_void_p]),
    'mtp_active_set_kind': (c_int, [c_void_p]),
    'mtp_active_set_log_volume': (c_double, [c_void_p]),
    'mtp_active_set_rows': (c_void_p, [c_void_p]),
    'mtp_active_set_inverse': (c_void_p, [c_void_p]),
    'mtp_active_set_origins': (c_void_p, [c_void_p]),
    'mtp_active_set_configs': (SET, [c_void_p]),
    'mtp_active_set_copy': (c_int, [c_void_p, c_void_p, OUT]),
    'mtp_active_set_grade': (c_int, [c_void_p, c_void_p, c_size_t, c_void_p, c_void_p]),
    'mtp_active_set_grade_config':
        (c_int, [c_void_p, c_void_p, c_void_p, CONFIG, POINTER(c_double), POINTER(c_int)]),
    'mtp_evaluator_set_active_set': (c_int, [c_void_p, c_void_p, c_void_p]),
    'mtp_active_set_build_of': (c_int, [c_void_p, c_void_p, SET, c_int, c_int, c_double, c_void_p, OUT]),
    'mtp_active_set_write': (c_int, [c_void_p, c_void_p, c_void_p, c_char_p]),
    'mtp_model_read': (c_int, [c_void_p, c_char_p, OUT, OUT]),
    # posterior.h
    'mtp_posterior_train': (c_int, [c_void_p, c_void_p, SET, SET, c_int, OUT]),
    'mtp_posterior_free': (None, [c_void_p]),
    'mtp_posterior_of': (c_int, [c_void_p, c_void_p, OUT]),
    'mtp_posterior_stamp': (c_int, [c_void_p, c_void_p, c_void_p]),
    'mtp_posterior_noise': (s.Noise, [c_void_p]),
    'mtp_posterior_typical': (c_double, [c_void_p]),
    'mtp_posterior_scale': (c_double, [c_void_p]),
    'mtp_posterior_errors': (c_int, [c_void_p, c_void_p, CONFIG, c_void_p]),
    # team.h
    'mtp_team_new': (c_int, [c_void_p, c_void_p, c_void_p, c_int, c_void_p, OUT]),
    'mtp_team_free': (None, [c_void_p]),
    'mtp_team_evaluate': (c_int, [c_void_p, c_void_p, c_size_t, c_size_t, CONFIGS]),
    'mtp_team_errors': (c_int, [c_void_p, c_void_p, c_void_p, c_size_t, c_size_t, CONFIGS, c_void_p]),
    # errors.h
    'mtp_error_table_compute_by':
        (c_int, [c_void_p, c_void_p, c_void_p, SET, c_void_p, c_void_p, POINTER(POINTER(s.ErrorTable))]),
    'mtp_error_table_free': (None, [POINTER(s.ErrorTable)]),
    # weights.h, trainer.h
    'mtp_weights_default': (s.Weights, []),
    'mtp_weights_mlip': (s.Weights, []),
    'mtp_train_defaults': (s.TrainOptions, []),
    'mtp_train':
        (c_int, [c_void_p, POINTER(s.TrainOptions), c_void_p, SET, SET, POINTER(s.TrainResult)]),
    'mtp_train_wall_on':
        (c_int, [c_void_p, POINTER(s.Weights), c_void_p, SET, c_void_p, POINTER(s.WallReport)]),
    # select.h
    'mtp_select_method_name': (c_char_p, [c_int]),
    'mtp_select_defaults': (s.SelectOptions, []),
    'mtp_select': (c_int, [c_void_p, POINTER(s.SelectOptions), c_void_p, c_void_p, SET, POINTER(s.Candidates),
                           POINTER(POINTER(s.Selection))]),
    'mtp_selection_free': (None, [POINTER(s.Selection)]),
    # qm.h, label_file.h
    'mtp_qm_status_name': (c_char_p, [c_int]),
    'mtp_qm_open': (c_int, [c_void_p, c_char_p, POINTER(s.QmDriver), c_int, OUT]),
    'mtp_qm_close': (None, [c_void_p]),
    'mtp_qm_set_stop': (None, [c_void_p, c_void_p]),
    'mtp_qm_label_all':
        (c_int, [c_void_p, c_void_p, c_size_t, CONFIGS, c_void_p, c_int, TEXTS, s.ANSWER, c_void_p]),
    'mtp_label_file_open': (c_int, [c_void_p, c_char_p, c_int, TEXTS, OUT]),
    'mtp_label_file_close': (None, [c_void_p]),
    'mtp_label_file_add': (c_int, [c_void_p, c_void_p, c_void_p, c_size_t, CONFIGS, s.LABELLED, c_void_p]),
    # learner.h
    'mtp_learner_defaults': (s.LearnerOptions, []),
    'mtp_learner_set': (c_int, [c_void_p, POINTER(s.LearnerOptions), c_int, TEXTS, POINTER(c_int)]),
    'mtp_learner_keyword': (c_char_p, [c_int]),
    'mtp_learner_check': (c_int, [c_void_p, POINTER(s.LearnerOptions)]),
    'mtp_learner_new': (c_int, [c_void_p, POINTER(s.LearnerOptions), c_void_p, c_void_p, OUT]),
    'mtp_learner_pass': (None, [c_void_p, c_longlong]),
    'mtp_learner_end_run': (c_int, [c_void_p, c_void_p]),
    'mtp_learner_explore': (c_int, [c_void_p, c_void_p, POINTER(s.Conditions)]),
    'mtp_learner_end': (None, [c_void_p, c_void_p]),
    'mtp_learner_free': (None, [c_void_p]),
    'mtp_learner_begin': (c_int, [c_void_p, c_void_p, CONFIG, c_longlong, POINTER(c_int)]),
    'mtp_learner_offer':
        (c_int, [c_void_p, c_void_p, CONFIG, c_double, c_int, c_longlong, POINTER(c_int)]),
    'mtp_learner_follow': (c_int, [c_void_p, c_void_p, c_longlong, c_longlong, POINTER(c_int)]),
    'mtp_learner_potential': (c_void_p, [c_void_p]),
    'mtp_learner_active_set': (c_void_p, [c_void_p]),
    'mtp_learner_thresholds': (c_int, [c_void_p, c_void_p, POINTER(c_double), POINTER(c_double)]),
    'mtp_learner_get_stats': (s.LearnerStats, [c_void_p]),
}


def _places() -> Iterator[str]:
    here = os.path.dirname(os.path.abspath(__file__))
    yield from sorted(glob.glob(os.path.join(here, 'libmtpal.so*')))
    named = os.environ.get('MTP_LIBRARY')
    if named:
        yield os.path.join(named, 'libmtpal.so') if os.path.isdir(named) else named
    yield 'libmtpal.so.0'
    found = ctypes.util.find_library('mtpal')
    if found:
        yield found


def _load() -> ctypes.CDLL:
    reasons = []
    for place in _places():
        try:
            library = ctypes.CDLL(place)
        except OSError as error:
            reasons.append(str(error))
            continue
        try:
            library.mtp_version.restype = c_char_p
            version = library.mtp_version().decode()
        except AttributeError:
            raise ImportError('mtp: %s is not libmtpal' % place) from None
        if version != VERSION:
            raise ImportError('mtp: %s is version %s, but this package needs %s' % (place, version, VERSION))
        return library
    raise ImportError('mtp: libmtpal was found neither beside the package nor by MTP_LIBRARY nor by the loader: ' +
                      '; '.join(reasons))


lib = _load()
for _name, (_result, _arguments) in FUNCTIONS.items():
    _function = getattr(lib, _name)
    _function.restype = _result
    _function.argtypes = _arguments
#: Takes a line as printf does; the variable part has no types to declare.
lib.mtp_qm_fail.restype = c_int

libc = ctypes.CDLL(None)
libc.calloc.restype = c_void_p
libc.calloc.argtypes = [c_size_t, c_size_t]
libc.free.restype = None
libc.free.argtypes = [c_void_p]
