# SPDX-License-Identifier: BSD-3-Clause
"""What crosses the border to C: every structure and enumeration of mtp/*.h that the package uses, in their order.

This module holds nothing else, so that a test can compare all of it with the headers (tests/python/structures.py).
A structure is called as in C, without `mtp_`; its `_c_name_` is the whole name.
"""
from ctypes import (CFUNCTYPE, POINTER, Structure, c_bool, c_char, c_char_p, c_double, c_int, c_long, c_longlong,
                    c_size_t, c_ubyte, c_ulonglong, c_void_p)
from enum import IntEnum

# ---- enumerations ----


class Status(IntEnum):
    """mtp_status"""
    OK = 0
    ERR_ARGUMENT = 1
    ERR_MEMORY = 2
    ERR_IO = 3
    ERR_FORMAT = 4
    ERR_UNSUPPORTED = 5
    ERR_STATE = 6
    ERR_NUMERIC = 7
    ERR_QM = 8
    ERR_STOPPED = 9


class Level(IntEnum):
    """mtp_level"""
    INFO = 0
    WARNING = 1


class Mode(IntEnum):
    """mtp_mode"""
    MODE_CONFIGURATION = 0
    MODE_NEIGHBOURHOOD = 1
    MODE_FORCES = 2


class Rows(IntEnum):
    """mtp_rows"""
    ROWS_ALL = 0
    ROWS_LINEAR = 1


class Format(IntEnum):
    """mtp_format"""
    FORMAT_AUTO = 0
    FORMAT_CFG = 1
    FORMAT_EXTXYZ = 2
    FORMAT_LAMMPS_DATA = 3
    FORMAT_LAMMPS_DUMP = 4
    FORMAT_POSCAR = 5
    FORMAT_OUTCAR = 6
    FORMAT_VASPRUN = 7


class Weighting(IntEnum):
    """mtp_weighting"""
    WEIGHT_VIBRATIONS = 0
    WEIGHT_MOLECULES = 1
    WEIGHT_STRUCTURES = 2


class Wall(IntEnum):
    """mtp_wall"""
    WALL_NONE = 0
    WALL_WEIGHT = 1
    WALL_REPULS = 2
    WALL_FAILED = 3


class SelectMethod(IntEnum):
    """mtp_select_method"""
    SELECT_MAXVOL = 0
    SELECT_RANGE = 1
    SELECT_ENERGY = 2
    SELECT_FORCE = 3
    SELECT_SITE_ENERGY = 4
    SELECT_RANDOM = 5
    SELECT_BAYES = 6


class SelectMode(IntEnum):
    """mtp_select_mode"""
    SELECT_BY_ENERGY = 0
    SELECT_BY_FORCES = 1
    SELECT_BY_NEIGHBOURHOOD = 2


class QmStatus(IntEnum):
    """mtp_qm_status"""
    QM_OK = 0
    QM_NOT_CONVERGED = 1
    QM_CRASHED = 2
    QM_TIMEOUT = 3
    QM_BAD_DATA = 4
    QM_CANNOT_START = 5
    QM_STOPPED = 6


class Action(IntEnum):
    """mtp_action"""
    GO_ON = 0
    REDO = 1
    REWIND = 2


ENUMERATIONS = (Status, Level, Mode, Rows, Format, Weighting, Wall, SelectMethod, SelectMode, QmStatus, Action)
NO_ITERATIONS = -1  # MTP_NO_ITERATIONS

# ---- configurations ----


class Feature(Structure):
    _c_name_ = 'mtp_feature'
    _fields_ = [('key', c_char_p), ('value', c_char_p)]


class Config(Structure):
    _c_name_ = 'mtp_config'
    _fields_ = [
        ('n', c_size_t), ('cell', c_double * 9), ('periodic', c_bool * 3), ('species', POINTER(c_int)),
        ('x', POINTER(c_double)), ('has_energy', c_bool), ('energy', c_double), ('has_virial', c_bool),
        ('virial', c_double * 6), ('force', POINTER(c_double)), ('force_mask', POINTER(c_ubyte)),
        ('ghost', POINTER(c_ubyte)), ('site_energy', POINTER(c_double)), ('grade', POINTER(c_double)),
        ('force_error', POINTER(c_double)), ('charge', POINTER(c_double)), ('id', POINTER(c_longlong)),
        ('has_max_grade', c_bool), ('max_grade', c_double), ('line', c_longlong), ('feature_count', c_size_t),
        ('features', POINTER(Feature)),
    ]


class ConfigSet(Structure):
    _c_name_ = 'mtp_config_set'
    _fields_ = [
        ('n', c_size_t), ('configs', POINTER(POINTER(Config))), ('species_count', c_int), ('names', POINTER(c_char_p)),
        ('dropped_tail', c_bool), ('good_size', c_longlong), ('path', c_char_p),
    ]


class LabelKeys(Structure):
    _c_name_ = 'mtp_label_keys'
    _fields_ = [('energy', c_char_p), ('forces', c_char_p), ('virial', c_char_p), ('stress', c_char_p)]


class ReadOptions(Structure):
    _c_name_ = 'mtp_read_options'
    _fields_ = [
        ('format', c_int), ('keys', LabelKeys), ('tolerate_cut_tail', c_bool), ('whole_records', c_bool),
        ('tolerate_bad_numbers', c_bool),
    ]


class Neighbors(Structure):
    _c_name_ = 'mtp_neighbors'
    _fields_ = [
        ('n', c_size_t), ('nall', c_size_t), ('x', POINTER(c_double)), ('species', POINTER(c_int)),
        ('owner', POINTER(c_int)), ('count', POINTER(c_int)), ('list', POINTER(POINTER(c_int))),
        ('storage', POINTER(c_int)),
    ]


# ---- potentials and their evaluation ----


class PotentialSpec(Structure):
    _c_name_ = 'mtp_potential_spec'
    _fields_ = [
        ('level', c_int), ('species_count', c_int), ('elements', POINTER(c_char_p)), ('cutoff', c_double),
        ('min_dist', c_double), ('radial_size', c_int),
    ]


class Atoms(Structure):
    _c_name_ = 'mtp_atoms'
    _fields_ = [
        ('nall', c_size_t), ('ncentral', c_size_t), ('central', POINTER(c_int)), ('x', POINTER(c_double)),
        ('type', POINTER(c_int)), ('species_of_type', POINTER(c_int)), ('count', POINTER(c_int)),
        ('list', POINTER(POINTER(c_int))), ('mask', c_int),
    ]


class Request(Structure):
    _c_name_ = 'mtp_request'
    _fields_ = [('skip_energy', c_bool), ('skip_virial', c_bool), ('largest_grade', c_bool)]


class Output(Structure):
    _c_name_ = 'mtp_output'
    _fields_ = [
        ('energy', c_double), ('virial', c_double * 6), ('force', POINTER(c_double)),
        ('site_energy', POINTER(c_double)), ('site_virial', POINTER(c_double)), ('site_virial9', POINTER(c_double)),
        ('gradient', POINTER(c_double)), ('rows', POINTER(c_double)), ('grade', POINTER(c_double)),
        ('max_grade', c_double), ('max_grade_atom', c_int), ('site_variance', POINTER(c_double)),
    ]


class Noise(Structure):
    _c_name_ = 'mtp_noise'
    _fields_ = [('energy', c_double), ('force', c_double), ('virial', c_double)]


class ErrorStat(Structure):
    _c_name_ = 'mtp_error_stat'
    _fields_ = [('mae', c_double), ('rmse', c_double), ('max', c_double), ('count', c_size_t)]


class Errors(Structure):
    _c_name_ = 'mtp_errors'
    _fields_ = [
        ('configurations', c_size_t), ('atoms', c_size_t), ('energy_per_atom', ErrorStat), ('force', ErrorStat),
        ('stress', ErrorStat), ('force_rms', c_double),
    ]


class ErrorGroup(Structure):
    _c_name_ = 'mtp_error_group'
    _fields_ = [('name', c_char_p), ('errors', Errors)]


class ErrorTable(Structure):
    _c_name_ = 'mtp_error_table'
    _fields_ = [
        ('all', Errors), ('group_count', c_size_t), ('groups', POINTER(ErrorGroup)), ('species_count', c_int),
        ('species_force', POINTER(ErrorStat)),
    ]


# ---- training ----


class Weights(Structure):
    _c_name_ = 'mtp_weights'
    _fields_ = [('energy', c_double), ('force', c_double), ('stress', c_double), ('weighting', c_int)]


class TrainRmse(Structure):
    _c_name_ = 'mtp_train_rmse'
    _fields_ = [('energy', c_double), ('force', c_double), ('stress', c_double)]


class TrainProgress(Structure):
    _c_name_ = 'mtp_train_progress'
    _fields_ = [
        ('level', c_int), ('stage', c_char_p), ('iteration', c_long), ('max_iterations', c_long),
        ('seconds', c_double), ('stage_seconds', c_double), ('seconds_left', c_double), ('loss', c_double),
        ('training', TrainRmse), ('held_out', TrainRmse), ('validation', TrainRmse), ('validation_loss', c_double),
    ]


WATCH = CFUNCTYPE(c_bool, c_void_p, POINTER(TrainProgress))


class TrainOptions(Structure):
    _c_name_ = 'mtp_train_options'
    _fields_ = [
        ('weights', Weights), ('scale_by_force', c_double), ('penalty', c_double), ('bending', c_double),
        ('ridge', c_double), ('linear', c_bool), ('fresh', c_bool), ('update_min_dist', c_bool), ('starts', c_int), ('held_out', c_double),
        ('components', c_double), ('economical', c_bool), ('max_iterations', c_long), ('max_seconds', c_double),
        ('tolerance', c_double), ('patience', c_long), ('seed', c_ulonglong), ('threads', c_int), ('comm', c_void_p),
        ('memory', c_double), ('checkpoint', c_char_p), ('checkpoint_seconds', c_double), ('watch', WATCH),
        ('user', c_void_p),
    ]


class TrainResult(Structure):
    _c_name_ = 'mtp_train_result'
    _fields_ = [
        ('loss', c_double), ('iterations', c_long), ('passes', c_long), ('seconds', c_double), ('stopped', c_bool),
        ('held_out', c_double), ('held_out_before', c_double),
    ]


class WallReport(Structure):
    _c_name_ = 'mtp_wall_report'
    _fields_ = [('wall', c_int), ('a', c_int), ('b', c_int), ('known', c_double), ('r', c_double), ('depth', c_double)]


# ---- selection ----

REWIND = CFUNCTYPE(c_int, c_void_p, c_void_p)
NEXT = CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(c_void_p))
PASS = CFUNCTYPE(None, c_void_p, c_size_t)


class Candidates(Structure):
    _c_name_ = 'mtp_candidates'
    _fields_ = [('user', c_void_p), ('rewind', REWIND), ('next', NEXT)]


class SelectOptions(Structure):
    _c_name_ = 'mtp_select_options'
    _fields_ = [
        ('method', c_int), ('mode', c_int), ('rows', c_int), ('max', c_size_t), ('fill', c_bool),
        ('threshold', c_double), ('swap', c_double), ('seed', c_ulonglong), ('threads', c_int), ('comm', c_void_p),
        ('memory', c_double), ('progress', PASS), ('user', c_void_p),
    ]


class Selection(Structure):
    _c_name_ = 'mtp_selection'
    _fields_ = [
        ('candidates', c_size_t), ('atoms', c_size_t), ('repeated', c_size_t), ('known', c_size_t),
        ('unusable', c_size_t), ('count', c_size_t), ('chosen', POINTER(c_size_t)), ('key', POINTER(c_ulonglong)),
        ('has_grades', c_bool), ('largest', c_double), ('beyond', c_size_t), ('by_labels', c_bool),
    ]


# ---- labels ----


class QmCall(Structure):
    _c_name_ = 'mtp_qm_call'
    _fields_ = [
        ('config', POINTER(Config)), ('species_count', c_int), ('names', POINTER(c_char_p)), ('dir', c_char_p),
        ('timeout', c_double), ('deadline', c_double), ('attempt', c_int), ('worker', c_int), ('stop', c_void_p),
        ('label', POINTER(Config)), ('ctx', c_void_p), ('log', c_void_p), ('log_user', c_void_p),
        ('folders', c_void_p), ('own_dir', c_void_p), ('own_dir_size', c_size_t),
    ]


class QmSetup(Structure):
    _c_name_ = 'mtp_qm_setup'
    _fields_ = [('workers', c_int), ('keep_all', c_bool), ('keep_failed', c_bool)]


OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(QmSetup), c_int, POINTER(c_char_p), POINTER(c_void_p))
LABEL = CFUNCTYPE(c_int, c_void_p, POINTER(QmCall))
CLOSE = CFUNCTYPE(None, c_void_p)


class QmDriver(Structure):
    _c_name_ = 'mtp_qm_driver'
    _fields_ = [
        ('name', c_char_p), ('needs_dir', c_bool), ('makes_dirs', c_bool), ('parallel', c_bool),
        ('in_process', c_bool), ('deterministic', c_bool), ('ladder', c_int), ('open', OPEN), ('label', LABEL),
        ('close', CLOSE), ('user', c_void_p), ('prepare', LABEL), ('collect', LABEL),
    ]


class QmReport(Structure):
    _c_name_ = 'mtp_qm_report'
    _fields_ = [
        ('status', c_int), ('tries', c_int), ('seconds', c_double), ('max_force', c_double), ('net_force', c_double),
        ('reason', c_char * 1024), ('dir', c_char * 512),
    ]


ANSWER = CFUNCTYPE(c_int, c_void_p, c_size_t, c_void_p, POINTER(QmReport))
LABELLED = CFUNCTYPE(None, c_void_p, c_size_t, POINTER(QmReport))

# ---- learning ----


class CutOptions(Structure):
    _c_name_ = 'mtp_cut_options'
    _fields_ = [('shape', c_int), ('radius', c_double), ('vacuum', c_double), ('still', c_bool), ('baseline', c_void_p)]


class LearnerOptions(Structure):
    _c_name_ = 'mtp_learner_options'
    _fields_ = [
        ('train_path', c_char_p), ('save_path', c_char_p), ('log_path', c_char_p), ('candidate_path', c_char_p),
        ('active_set', c_void_p), ('baseline', c_void_p), ('mode', c_int), ('query', c_int),
        ('query_error', c_double), ('select_grade', c_double), ('break_grade', c_double), ('has_select', c_bool),
        ('has_break', c_bool), ('auto_select', c_bool), ('auto_break', c_bool), ('check_every', c_longlong),
        ('check_error', c_double), ('pool', c_int), ('doubt', c_bool), ('refit', c_int), ('grading', c_int),
        ('wall', c_bool), ('grow', c_bool), ('weights', Weights), ('warmup', c_int), ('warmup_sigma', c_double),
        ('cutting', c_int), ('cut', CutOptions), ('share', c_bool), ('wait', c_bool), ('max_calls', c_longlong),
        ('onfail', c_int), ('seed', c_ulonglong), ('threads', c_int), ('comm', c_void_p),
        ('start_helpers', c_void_p), ('helpers_user', c_void_p),
    ]


class Conditions(Structure):
    _c_name_ = 'mtp_conditions'
    _fields_ = [
        ('temperature', c_double), ('timestep', c_double), ('masses', POINTER(c_double)), ('steps', c_longlong),
        ('quiet_steps', c_longlong), ('moves_cell', c_bool), ('pressure', c_double),
    ]


class LearnerStats(Structure):
    _c_name_ = 'mtp_learner_stats'
    _fields_ = [
        ('qm_calls', c_longlong), ('labels', c_longlong), ('configurations', c_longlong), ('refits', c_longlong),
        ('full_refits', c_longlong), ('candidates', c_longlong), ('qm_seconds', c_double),
        ('refit_seconds', c_double), ('adopted', c_longlong), ('generation', c_longlong),
    ]


STRUCTURES = (Feature, Config, ConfigSet, LabelKeys, ReadOptions, Neighbors, PotentialSpec, Atoms, Request, Output,
              Noise, ErrorStat, Errors, ErrorGroup, ErrorTable, Weights, TrainRmse, TrainProgress, TrainOptions,
              TrainResult, WallReport, Candidates, SelectOptions, Selection, QmCall, QmSetup, QmDriver, QmReport,
              CutOptions, LearnerOptions, Conditions, LearnerStats)
