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
  mtp_text html;
  char folder[64];
  int pictures;
} report_page;

/** Makes the folder; fails with one line if there is no gnuplot. */
int report_page_begin(cli *c, report_page *page, const char *title);
/** Writes the page atomically. */
int report_page_write(report_page *page, const char *path);
/** Removes the folder and all in it. */
void report_page_end(report_page *page);

/** HTML as it is, printf style. */
void report_add(report_page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Text with the special characters of HTML escaped. */
void report_add_text(report_page *page, const char *text);

/** A file in the folder for data of a picture; NULL after it has printed why not. */
FILE *report_open(report_page *page, const char *name);
int report_close(report_page *page, FILE *file);

/** Draws a picture: `script` is gnuplot's, in the folder, without terminal and output. */
int report_picture(report_page *page, const char *script, const char *caption);

#endif
