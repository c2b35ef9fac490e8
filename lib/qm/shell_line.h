/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/shell_line.h
 * Making a line for the shell independent of the folder that it runs in. */
#ifndef MTP_QM_SHELL_LINE_H
#define MTP_QM_SHELL_LINE_H

#include "support/support.h"

/** Appends `line` to `out` with relative paths made absolute: unquoted words with a slash, such as ./label.sh, that
 * name something in `run_dir`. What the line writes to (behind `>`), and what follows a `cd`, stays as it is. Check
 * out->failed. */
void mtp_shell_line_add(mtp_text *out, const char *line, const char *run_dir);

#endif
