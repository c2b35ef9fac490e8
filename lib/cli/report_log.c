/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/report_log.c
 * The part of a report that is made of a log: its lines go to who knows them, a learning run or a training. */
#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "cli/report.h"
#include "loop/event_log.h"

/* Iterations of a training go to a file as they come; of many, a part. */
typedef struct training {
  FILE *file;
  size_t count;
  double shown; /* seconds of the last one that was written */
} training;

static const double STEP = 1.004; /* of the time between two of them */

static void take_iteration(training *t, const cJSON *event) {
  static const char *const keys[] = {"seconds",     "loss",       "rmse_energy", "rmse_force",
                                     "rmse_stress", "valid_loss", "level"};
  const cJSON *seconds = cJSON_GetObjectItemCaseSensitive(event, "seconds");
  t->count++;
  if (t->count > 500 && cJSON_IsNumber(seconds) && seconds->valuedouble < STEP * t->shown) return;
  if (cJSON_IsNumber(seconds)) t->shown = seconds->valuedouble;
  for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(event, keys[k]);
    /* gnuplot takes the word for a gap */
    if (cJSON_IsNumber(item) && isfinite(item->valuedouble))
      fprintf(t->file, "%.6g ", item->valuedouble);
    else
      fprintf(t->file, "nan ");
  }
  fputc('\n', t->file);
}

/* Where the events of a log go. */
typedef struct takers {
  report_run *run;
  training *training;
} takers;

static void take_event(void *user, const char *name, const cJSON *event) {
  const takers *t = user;
  if (strcmp(name, "iteration") == 0)
    take_iteration(t->training, event);
  else
    report_run_take(t->run, event);
}

/* A crash may cut the last line short. */
static int read_events(report_page *page, const char *path, report_run *run, training *t) {
  takers all = {run, t};
  size_t cut;
  const mtp_status status = mtp_event_log_read(page->c->ctx, path, take_event, &all, &cut);
  return status == MTP_OK ? CLI_OK : cli_library(page->c, path);
}

static int draw_training(report_page *page) {
  report_add(page, "<div class=\"grid\">\n");
  int status =
      report_picture(page,
                     "set logscale y\nset xlabel 'time (s)'\nset ylabel 'loss'\nset key top right\n"
                     "plot 'iterations.dat' using 1:2 with lines lw 1.5 lc rgb '#1f5fa8' title 'training', '' using "
                     "1:6 with lines lw 1.5 lc rgb '#d08020' title 'validation'",
                     "The objective: jumps are changes of level, from low ones to that of the potential.");
  if (status == CLI_OK)
    status = report_picture(
        page,
        "set logscale y\nset xlabel 'time (s)'\nset ylabel 'RMSE on the training set'\nset key top right\n"
        "plot 'iterations.dat' using 1:4 with lines lw 1.5 lc rgb '#b03a2e' title 'forces (eV/A)', '' using "
        "1:3 with lines lw 1.5 lc rgb '#1f5fa8' title 'energy (eV/atom)', '' using 1:5 with lines lw 1.5 lc "
        "rgb '#3a8a4a' title 'stress (GPa)'",
        "Errors on the training set.");
  report_add(page, "</div>\n");
  return status;
}

/* One run needs no name in the verdict, several do. */
static void begin_verdict(report_page *page, const char *path) {
  if (page->verdict.size == 0) {
    page->told = path;
    return;
  }
  mtp_text others = page->verdict;
  page->verdict = (mtp_text){0};
  report_tell(page, &page->verdict, "%s%s%s\n%s: ", page->told ? page->told : "", page->told ? ": " : "", others.data,
              path);
  page->told = NULL;
  mtp_text_free(&others);
}

int report_log(report_page *page, const char *path) {
  report_run *run = report_run_new();
  training t = {.file = report_open(page, "iterations.dat")};
  int status = t.file ? read_events(page, path, run, &t) : CLI_FAILED;
  if (t.file && report_close(page, t.file) != CLI_OK) status = CLI_FAILED;
  if (status == CLI_OK && report_run_is_empty(run) && t.count == 0)
    status = cli_fail(page->c, "%s: there is no label, refit or iteration in it", path);
  if (status == CLI_OK) report_section(page, path);
  if (status == CLI_OK && !report_run_is_empty(run)) {
    begin_verdict(page, path);
    status = report_run_draw(page, run);
  }
  if (status == CLI_OK && t.count) status = draw_training(page);
  report_run_free(run);
  return status;
}
