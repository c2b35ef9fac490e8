/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/process/log_scan.h
 * Looking for bad news in what an engine writes beside its answers: CP2K and ABINIT send a result through a socket
 * whether their SCF converged or not, and only their logs tell. */
#ifndef MTP_QM_LOG_SCAN_H
#define MTP_QM_LOG_SCAN_H

#include <stdbool.h>
#include <stddef.h>

typedef struct mtp_log_file {
  char *name;
  long long seen; /* bytes that were looked at */
} mtp_log_file;

/** The files of a folder, as far as they were read. Zeroed at the beginning. */
typedef struct mtp_log_scan {
  size_t n;
  mtp_log_file *files;
} mtp_log_scan;

/** Reads what the files directly in `dir` have gained since the last time. If that contains a line by which an engine
 * says that it did not converge, or one with `also` (NULL: nothing else), the first such line goes into line[size]
 * with the name of its file before it, and true is returned. */
bool mtp_log_scan_next(mtp_log_scan *scan, const char *dir, const char *also, char *line, size_t size);
void mtp_log_scan_free(mtp_log_scan *scan);

#endif
