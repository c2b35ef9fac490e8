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

/* Nothing is wider than the screen: pictures go one below the other on a phone, and tables scroll on their own. */
static const char style[] =
    "body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:1240px;margin:1.5em auto;padding:0 1em;"
    "overflow-wrap:anywhere}"
    "h1{font-size:1.5em;margin:.3em 0}h2{font-size:1.2em;border-bottom:1px solid #ccc;margin-top:2em}"
    ".verdict{font-size:1.1em;background:#eef3f9;border-left:4px solid #1f5fa8;padding:.6em .9em;margin:.8em "
    "0;white-space:pre-line}"
    ".wide{overflow-x:auto;overflow-wrap:normal}summary{cursor:pointer;margin-top:1em}"
    "table{border-collapse:collapse;margin:1em 0;font-variant-numeric:tabular-nums}"
    "td,th{padding:.2em .7em;text-align:right;border-bottom:1px solid #e4e4e4}"
    "td:first-child,th:first-child{text-align:left}"
    ".grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:1em}"
    "figure{margin:0}figcaption{font-size:.85em;color:#555}figure svg{display:block;width:100%;height:auto}";

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

/* Where the user wants what is temporary. */
static int make_folder(cli *c, char *folder, size_t size) {
  const char *parent = getenv("TMPDIR");
  if (!parent || !*parent) parent = "/tmp";
  const int length = snprintf(folder, size, "%s/mtp-report-XXXXXX", parent);
  if (length > 0 && (size_t)length < size && mkdtemp(folder)) return CLI_OK;
  const int reason = length > 0 && (size_t)length < size ? errno : ENAMETOOLONG;
  folder[0] = 0;
  return cli_fail(c, "cannot make a folder in %s: %s", parent, strerror(reason));
}

int report_page_begin(cli *c, report_page *page, const char *title) {
  *page = (report_page){.c = c, .title = title};
  if (system("gnuplot --version >/dev/null 2>&1") != 0)
    return cli_fail(c, "pictures are drawn by gnuplot, which is not there: install it (Debian: gnuplot-nox)");
  return make_folder(c, page->folder, sizeof page->folder);
}

void report_tell(report_page *page, mtp_text *where, const char *format, ...) {
  char *text = NULL;
  va_list args;
  va_start(args, format);
  const int size = vasprintf(&text, format, args);
  va_end(args);
  if (size >= 0) mtp_text_add_bytes(where, text, (size_t)size);
  page->html.failed |= where->failed || size < 0;
  free(size >= 0 ? text : NULL);
}

void report_section(report_page *page, const char *name) {
  report_add(page, "<h2>");
  report_add_text(page, name);
  report_add(page, "</h2>\n");
}

static void add_paragraph(report_page *page, const char *kind, const mtp_text *text) {
  if (text->size == 0) return;
  report_add(page, "<p class=\"%s\">", kind);
  report_add_text(page, text->data);
  report_add(page, "</p>\n");
}

int report_page_write(report_page *page, const char *path) {
  report_page whole = {.c = page->c};
  report_add(&whole, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                     "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>");
  report_add_text(&whole, page->title);
  report_add(&whole, "</title><style>%s</style></head>\n<body><h1>", style);
  report_add_text(&whole, page->title);
  report_add(&whole, "</h1>\n");
  add_paragraph(&whole, "verdict", &page->verdict);
  add_paragraph(&whole, page->verdict.size ? "remarks" : "verdict", &page->remarks);
  mtp_text_add_bytes(&whole.html, page->html.data, page->html.size);
  report_add(&whole, "</body></html>\n");
  int status = CLI_OK;
  if (page->html.failed || whole.html.failed)
    status = cli_fail(page->c, "out of memory");
  else if (mtp_file_replace(page->c->ctx, path, whole.html.data, whole.html.size) != MTP_OK)
    status = cli_library(page->c, path);
  mtp_text_free(&whole.html);
  return status;
}

static void path_of(const report_page *page, const char *name, char *path, size_t size) {
  snprintf(path, size, "%s/%s", page->folder, name);
}

void report_page_end(report_page *page) {
  mtp_text_free(&page->html);
  mtp_text_free(&page->verdict);
  mtp_text_free(&page->remarks);
  DIR *folder = page->folder[0] ? opendir(page->folder) : NULL;
  if (!folder) return;
  char path[800];
  for (struct dirent *entry; (entry = readdir(folder));) {
    path_of(page, entry->d_name, path, sizeof path);
    if (entry->d_name[0] != '.') unlink(path);
  }
  closedir(folder);
  rmdir(page->folder);
}

FILE *report_open(report_page *page, const char *name) {
  char path[800];
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
  char path[800];
  page->pictures++;
  path_of(page, "picture.svg", path, sizeof path);
  /* from a file, because a pipe to a gnuplot that dies early would end this process too */
  FILE *file = report_open(page, "picture.gp");
  if (!file) return CLI_FAILED;
  fprintf(
      file,
      "set terminal svg size 480,360 dynamic rounded font 'Helvetica,13' background 'white'\nset output 'picture.svg'\n"
      "set grid lc rgb '#dddddd'\nset key top left\nset border lw 0.7\nset format '%%g'\n%s\n",
      script);
  const int written = report_close(page, file);
  if (written != CLI_OK) return written;
  if (setenv("MTP_REPORT", page->folder, 1) != 0 || /* whatever is in the name */
      system("cd \"$MTP_REPORT\" && exec gnuplot picture.gp >gnuplot.out 2>gnuplot.err") != 0) {
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
