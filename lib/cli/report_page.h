/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/report_page.h
 * A page of HTML that needs nothing else: text, tables and pictures by gnuplot as SVG inside it. Pictures are made in a
 * private folder that goes with the page. */
#ifndef MTP_REPORT_PAGE_H
#define MTP_REPORT_PAGE_H

#include <stdio.h>

#include "cli/cli.h"
#include "support/support.h"

typedef struct report_page {
  cli *c;
  mtp_text html;    /**< what is below the verdict */
  mtp_text verdict; /**< plain text, of learning runs, a line each; */
  const char *told; /**< the log that it is of, if it is one alone */
  mtp_text remarks; /**< of data, below it */
  const char *title;
  char folder[512];
  int pictures;
} report_page;

/** Makes the folder; fails with one line if there is no gnuplot. `title` has to last as long as the page. */
int report_page_begin(cli *c, report_page *page, const char *title);
/** Writes the page atomically. */
int report_page_write(report_page *page, const char *path);
/** Removes the folder and all in it. */
void report_page_end(report_page *page);

/** HTML as it is, printf style. */
void report_add(report_page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Text with the special characters of HTML escaped. */
void report_add_text(report_page *page, const char *text);

/** Adds to the verdict or the remarks at the top of the page: plain text, printf style. */
void report_tell(report_page *page, mtp_text *where, const char *format, ...) __attribute__((format(printf, 3, 4)));
/** A heading. Pictures stand in a <div class="grid">, tables in a <div class="wide">. */
void report_section(report_page *page, const char *name);

/** A file in the folder for data of a picture; NULL after it has printed why not. */
FILE *report_open(report_page *page, const char *name);
int report_close(report_page *page, FILE *file);

/** Draws a picture, all of which have one size: `script` is gnuplot's, in the folder, without terminal and output. */
int report_picture(report_page *page, const char *script, const char *caption);

#endif
