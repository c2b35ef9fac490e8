/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/report_page.c
 * Pages, and the conversation with gnuplot. */
#include "cli/report_page.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char style[] =
    "body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:1080px;margin:2em auto;padding:0 1em}"
    "h1{font-size:1.6em}h2{border-bottom:1px solid #ccc;margin-top:2em}"
    "table{border-collapse:collapse;margin:1em 0}td,th{padding:.2em .9em;text-align:right;border-bottom:1px solid "
    "#e4e4e4}"
    "td:first-child,th:first-child{text-align:left}"
    "figure{display:inline-block;margin:.5em;vertical-align:top;max-width:520px}figcaption{font-size:.85em;color:#555}"
    "figure svg{width:100%;height:auto}";

void report_add(report_page *page, const char *format, ...) {
  char *text = NULL;
  va_list args;
  va_start(args, format);
  const int size = vasprintf(&text, format, args);
  va_end(args);
  if (size >= 0) mtp_text_add_bytes(&page->html, text, (size_t)size);
  page->html.failed |= size < 0;
  free(size >= 0 ? text : NULL);
}

void report_add_text(report_page *page, const char *text) {
  for (; *text; text++) {
    const char *special = *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : NULL;
    if (special)
      mtp_text_add_bytes(&page->html, special, strlen(special));
    else
      mtp_text_add_bytes(&page->html, text, 1);
  }
}

int report_page_begin(cli *c, report_page *page, const char *title) {
  *page = (report_page){.c = c, .folder = "/tmp/mtp-report-XXXXXX"};
  if (system("gnuplot --version >/dev/null 2>&1") != 0) {
    page->folder[0] = 0;
    return cli_fail(c, "pictures are drawn by gnuplot, which is not there: install it (Debian: gnuplot-nox)");
  }
  if (!mkdtemp(page->folder)) {
    page->folder[0] = 0;
    return cli_fail(c, "cannot make a folder in /tmp: %s", strerror(errno));
  }
  report_add(page, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
  report_add_text(page, title);
  report_add(page, "</title><style>%s</style></head>\n<body><h1>", style);
  report_add_text(page, title);
  report_add(page, "</h1>\n");
  return CLI_OK;
}

int report_page_write(report_page *page, const char *path) {
  report_add(page, "</body></html>\n");
  if (page->html.failed) return cli_fail(page->c, "out of memory");
  if (mtp_file_replace(page->c->ctx, path, page->html.data, page->html.size) == MTP_OK) return CLI_OK;
  return cli_library(page->c, path);
}

static void path_of(const report_page *page, const char *name, char *path, size_t size) {
  snprintf(path, size, "%s/%s", page->folder, name);
}

void report_page_end(report_page *page) {
  mtp_text_free(&page->html);
  DIR *folder = page->folder[0] ? opendir(page->folder) : NULL;
  if (!folder) return;
  char path[512];
  for (struct dirent *entry; (entry = readdir(folder));) {
    path_of(page, entry->d_name, path, sizeof path);
    if (entry->d_name[0] != '.') unlink(path);
  }
  closedir(folder);
  rmdir(page->folder);
}

FILE *report_open(report_page *page, const char *name) {
  char path[512];
  path_of(page, name, path, sizeof path);
  FILE *file = fopen(path, "w");
  if (!file) cli_fail(page->c, "cannot write %s: %s", path, strerror(errno));
  return file;
}

int report_close(report_page *page, FILE *file) {
  const bool bad = ferror(file) != 0;
  if ((fclose(file) != 0) | bad) return cli_fail(page->c, "cannot write to %s: %s", page->folder, strerror(errno));
  return CLI_OK;
}

/* Names inside one picture must not meet those of another: each gets the number of its picture. */
static void add_svg(report_page *page, const char *svg) {
  static const char *const before[] = {"id='", "id=\"", "href='#", "href=\"#", "url(#"};
  for (const char *at = svg; *at;) {
    size_t skip = 0;
    for (size_t k = 0; k < sizeof before / sizeof before[0] && !skip; k++)
      if (strncmp(at, before[k], strlen(before[k])) == 0) skip = strlen(before[k]);
    mtp_text_add_bytes(&page->html, at, skip ? skip : 1);
    if (skip) report_add(page, "p%d-", page->pictures);
    at += skip ? skip : 1;
  }
}

static int add_picture(report_page *page, const char *path, const char *caption) {
  char *text = NULL;
  size_t size;
  if (mtp_file_read(page->c->ctx, path, &text, &size) != MTP_OK) return cli_library(page->c, path);
  const char *svg = strstr(text, "<svg");
  if (svg) {
    report_add(page, "<figure>");
    add_svg(page, svg);
    report_add(page, "<figcaption>");
    report_add_text(page, caption);
    report_add(page, "</figcaption></figure>\n");
  }
  free(text);
  return svg ? CLI_OK : cli_fail(page->c, "gnuplot made no picture");
}

int report_picture(report_page *page, const char *script, const char *caption) {
  char command[256], path[512];
  page->pictures++;
  path_of(page, "picture.svg", path, sizeof path);
  /* from a file, because a pipe to a gnuplot that dies early would end this process too */
  snprintf(command, sizeof command, "cd %s && gnuplot picture.gp >gnuplot.out 2>gnuplot.err", page->folder);
  FILE *file = report_open(page, "picture.gp");
  if (!file) return CLI_FAILED;
  fprintf(file,
          "set terminal svg size 520,400 dynamic font 'Helvetica,13' background 'white'\nset output 'picture.svg'\n"
          "set grid lc rgb '#dddddd'\nset key top left\nset border lw 0.7\n%s\n",
          script);
  const int written = report_close(page, file);
  if (written != CLI_OK) return written;
  if (system(command) != 0) {
    char *text = NULL;
    size_t size;
    path_of(page, "gnuplot.err", path, sizeof path);
    if (mtp_file_read(page->c->ctx, path, &text, &size) != MTP_OK) text = NULL;
    char *end = text ? strchr(text + strspn(text, "\n"), '\n') : NULL;
    if (end) *end = 0;
    const int status = cli_fail(page->c, "gnuplot fails: %s", text ? text + strspn(text, "\n") : "no reason given");
    free(text);
    return status;
  }
  return add_picture(page, path, caption);
}
