/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/report.h
 * The parts of a report: each adds a section to the page, and a sentence to the verdict above. */
#ifndef MTP_CLI_REPORT_H
#define MTP_CLI_REPORT_H

#include "cli/report_page.h"

struct cJSON;

/** A potential against labelled configurations. */
int report_data(report_page *page, mtp_potential *pot, char *path);
/** The log of a learning run or a training. */
int report_log(report_page *page, const char *path);

/** A learning run, event by event. */
typedef struct report_run report_run;
report_run *report_run_new(void);
void report_run_free(report_run *run);
/** Takes what it knows; the others are of no interest to it. */
void report_run_take(report_run *run, const struct cJSON *event);
bool report_run_is_empty(const report_run *run);
int report_run_draw(report_page *page, report_run *run);

#endif
