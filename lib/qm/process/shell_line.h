/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/process/shell_line.h
 * Making a line for the shell independent of the folder that it runs in. */
#ifndef MTP_QM_SHELL_LINE_H
#define MTP_QM_SHELL_LINE_H

#include "support/support.h"

/** Appends `line` to `out` with relative paths made absolute: unquoted words with a slash, such as ./label.sh, and
 * names of scripts, such as label.py, that exist in `run_dir`. What the line writes to (behind `>`) stays as it is from
 * there on, and so does all that follows a `cd`. Check out->failed. */
void mtp_shell_line_add(mtp_text *out, const char *line, const char *run_dir);

#endif
