/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_qm.h
 * For the tests of QM drivers: a scratch folder to work in, small files, and a configuration to label. */
#ifndef SUPPORT_QM_H
#define SUPPORT_QM_H

#include <stdbool.h>

#include "mtp/qm.h"

/** cmocka group set-up and tear-down: makes a scratch folder the current one, and removes it again. */
int qm_enter_scratch(void **state);
int qm_leave_scratch(void **state);

/** Writes a file in the current folder. */
void qm_write_file(const char *path, const char *text);
/** Writes an executable shell script in the current folder. */
void qm_write_script(const char *path, const char *body);
/** Text of a file, malloc'ed; the test fails if it cannot be read. */
char *qm_read_file(const char *path);
bool qm_exists(const char *path);
/** Number of entries of a folder, -1 if there is no such folder. */
int qm_count_entries(const char *path);
/** Removes the folder `qm` of the test before. */
void qm_remove_calls(void);

/** Opens a driver string of the drivers that are built in; the test fails if that fails. */
mtp_qm *qm_open(const char *text);
/** One that cannot start, with a message that contains `expected`. */
void qm_open_fails(const char *text, const char *expected);

/** The label that a process gets which is started again after a kill in the middle of this call, NULL for none. The
 * report of a call that was not made has no tries. */
mtp_config *qm_label_again(const char *text, const mtp_config *cfg, int species_count, const char *const *names,
                           mtp_qm_report *report);

/** Two atoms of species 0 and 1 in a sheared periodic cell, 4 A wide. */
mtp_config *qm_small_cell(void);

#endif
