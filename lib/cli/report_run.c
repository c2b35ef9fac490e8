/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/report_run.c
 * The part of a report that tells of a learning run: whether it has learned enough, when labels were asked for and why,
 * what the potential made of them before it knew them, and what all this cost. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "mtp/outlook.h"

enum { MOST_ROWS = 300, BINS = 20 };

typedef struct label {
  double step; /* that the configuration is of: candidates wait, and are labelled later */
  double grade, energy, force, expected, seconds, atoms; /* NAN: not known */
  char cause[40];
  bool counts;   /* asked for by the run itself, at a step */
  bool explored; /* by the potential on its own when the run was over */
} label;

typedef struct refit {
  double configurations, energy, force, seconds;
  size_t labels; /* before it */
} refit;

typedef struct check {
  double step, force, expected;
} check;

struct report_run {
  size_t label_count, refit_count, check_count, rejected;
  check *checks; /* true errors that were bought on the way */
  label *labels;
  refit *refits;
  size_t first_label;                             /* of the last run in the log */
  double first_step, now_step;                    /* of that run */
  double higher_level, held_out, held_out_higher; /* level that was tried at the end, and force errors; else NAN */
  double last_step, predicted, predicted_part, label_seconds, refit_seconds;
  bool has_ended;
  bool is_told; /* the outlook, by the last event of all: it knows whether steps were counted anew */
  mtp_outlook told;
  char stopped[200];
};

report_run *report_run_new(void) {
  report_run *run = cli_alloc(1, sizeof *run);
  run->predicted = run->first_step = run->now_step = run->higher_level = NAN;
  return run;
}

void report_run_free(report_run *run) {
  free(run->labels);
  free(run->refits);
  free(run->checks);
  free(run);
}

bool report_run_is_empty(const report_run *run) {
  return run->label_count + run->refit_count == 0;
}

/* ---- events ---- */

static double number(const cJSON *event, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(event, key);
  return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

static bool flag(const cJSON *event, const char *key) {
  return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(event, key));
}

static double or_zero(double x) {
  return isfinite(x) ? x : 0;
}

/* Why it was asked for. */
static void find_cause(const cJSON *event, label *l) {
  const double squeezed = number(event, "squeezed"), explored = number(event, "explored");
  l->counts = false;
  l->explored = isfinite(explored);
  if (flag(event, "warmup"))
    snprintf(l->cause, sizeof l->cause, "warm-up");
  else if (isfinite(squeezed))
    snprintf(l->cause, sizeof l->cause, "pair squeezed to %.3g", squeezed);
  else if (isfinite(explored))
    snprintf(l->cause, sizeof l->cause, "exploration, %.3g ps", explored);
  else if (flag(event, "check"))
    snprintf(l->cause, sizeof l->cause, "check");
  else {
    l->counts = true;
    snprintf(l->cause, sizeof l->cause, isfinite(l->grade) ? "grade" : "no grade yet");
  }
  if (!flag(event, "recovered")) return;
  l->counts = false;
  strncat(l->cause, ", earlier run", sizeof l->cause - strlen(l->cause) - 1);
}

static void take_label(report_run *run, const cJSON *event) {
  run->labels = cli_realloc(run->labels, run->label_count + 1, sizeof *run->labels);
  label *l = run->labels + run->label_count++;
  *l = (label){.step = or_zero(number(event, "step")),
               .grade = number(event, "gamma"),
               .energy = number(event, "energy_error_before"),
               .force = number(event, "force_rmse_before"),
               .expected = number(event, "expected_force_rmse"),
               .seconds = number(event, "seconds"),
               .atoms = number(event, "natoms")};
  find_cause(event, l);
  run->label_seconds += or_zero(l->seconds);
}

static void take_refit(report_run *run, const cJSON *event) {
  run->refits = cli_realloc(run->refits, run->refit_count + 1, sizeof *run->refits);
  run->refits[run->refit_count++] = (refit){.configurations = number(event, "configurations"),
                                            .energy = number(event, "rmse_energy"),
                                            .force = number(event, "rmse_force"),
                                            .seconds = number(event, "seconds"),
                                            .labels = run->label_count};
  run->refit_seconds += or_zero(number(event, "seconds"));
}

static void take_check(report_run *run, const cJSON *event) {
  run->checks = cli_realloc(run->checks, run->check_count + 1, sizeof *run->checks);
  run->checks[run->check_count++] = (check){.step = or_zero(number(event, "step")),
                                            .force = number(event, "force_rmse"),
                                            .expected = number(event, "expected_force_rmse")};
}

/* Logs of older runs tell the error of labels before they were learned, newer ones what is to be expected. */
static void take_end(report_run *run, const cJSON *event) {
  const bool known = number(event, "expected_force_error") > 0;
  run->has_ended = true;
  run->higher_level = number(event, "higher_level");
  run->held_out = number(event, "held_out_rmse_force");
  run->held_out_higher = number(event, "higher_level_rmse_force");
  run->predicted = number(event, known ? "expected_force_error" : "predicted_rmse_force");
  run->predicted_part = or_zero(number(event, known ? "expected_part_of_force" : "predicted_part_of_force"));
}

static void take_outlook(report_run *run, const cJSON *event) {
  const mtp_outlook told = {.steps = number(event, "step") - number(event, "first_step"),
                            .labels = (size_t)or_zero(number(event, "asked_labels")),
                            .late = (size_t)or_zero(number(event, "late_labels")),
                            .next = number(event, "next_label"),
                            .soonest = number(event, "next_label_soonest"),
                            .latest = number(event, "next_label_latest"),
                            .quiet = number(event, "quiet_steps"),
                            .converged = flag(event, "converged")};
  run->is_told = told.steps > 0.0 && isfinite(told.next) && isfinite(told.quiet);
  run->told = told;
}

/* Steps may be counted anew in each run, and what was asked for in an earlier one says little of this one. */
static void take_start(report_run *run) {
  run->has_ended = false;
  *run->stopped = 0;
  run->first_label = run->label_count;
  run->first_step = run->now_step = run->higher_level = NAN;
}

void report_run_take(report_run *run, const cJSON *event) {
  const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "event"));
  const double step = number(event, "step");
  if (step > run->last_step) run->last_step = step;
  if (strcmp(name, "end") == 0 || strcmp(name, "outlook") == 0)
    take_outlook(run, event);
  else
    run->is_told = false;
  if (step >= 0 && !flag(event, "recovered")) { /* NAN where there is none; the others are of an earlier run */
    run->first_step = fmin(run->first_step, step);
    run->now_step = fmax(run->now_step, step);
  }
  if (strcmp(name, "label") == 0) take_label(run, event);
  if (strcmp(name, "refit") == 0) take_refit(run, event);
  if (strcmp(name, "reject") == 0) run->rejected++;
  if (strcmp(name, "start") == 0) take_start(run);
  if (strcmp(name, "check") == 0) take_check(run, event);
  if (strcmp(name, "end") == 0) take_end(run, event);
  const char *reason = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "reason"));
  if (strcmp(name, "stop") == 0) snprintf(run->stopped, sizeof run->stopped, "%s", reason ? reason : "no reason given");
}

/* ---- the verdict ---- */

/* Of a run that did not come to tell it, or has a log of an earlier version. */
static mtp_status find_outlook(report_page *page, const report_run *run, mtp_outlook *outlook) {
  size_t n = 0;
  double *steps = cli_alloc(run->label_count, sizeof *steps);
  for (size_t k = run->first_label; k < run->label_count; k++)
    if (run->labels[k].counts) steps[n++] = run->labels[k].step;
  const double first = or_zero(run->first_step), last = fmax(or_zero(run->now_step), first);
  const mtp_status status = mtp_outlook_find(page->c->ctx, first, last, n, steps, outlook);
  free(steps);
  return status;
}

/* What the run says itself at its end, from its log. */
static int tell_of_learning(report_page *page, const report_run *run) {
  char text[256];
  mtp_outlook outlook = run->told;
  if (*run->stopped) report_tell(page, &page->verdict, "The run was stopped: %s. ", run->stopped);
  mtp_status status = run->is_told ? MTP_OK : find_outlook(page, run, &outlook);
  if (status == MTP_OK) status = mtp_outlook_describe(page->c->ctx, &outlook, sizeof text, text);
  if (status != MTP_OK) return cli_library(page->c, NULL);
  if (outlook.steps > 0.0)
    report_tell(page, &page->verdict, "%s: %s. ", outlook.converged ? "Learned" : "Still learning", text);
  else
    report_tell(page, &page->verdict, "The run has made no steps. ");
  return CLI_OK;
}

static int tell(report_page *page, const report_run *run) {
  size_t explored = 0;
  for (size_t k = 0; k < run->label_count; k++) explored += run->labels[k].explored;
  const int status = tell_of_learning(page, run);
  if (explored) report_tell(page, &page->verdict, "The exploration after it took %zu more. ", explored);
  if (isfinite(run->predicted) && run->predicted > 0)
    report_tell(page, &page->verdict, "Error to expect of a force: %.3g eV/A (%.2g %% of the RMS force). ",
                run->predicted, 100 * run->predicted_part);
  if (isfinite(run->higher_level))
    report_tell(page, &page->verdict, "Level %g would bring %.3g instead of %.3g eV/A on held-out labels. ",
                run->higher_level, run->held_out_higher, run->held_out);
  report_tell(page, &page->verdict, "%zu labels. ", run->label_count);
  if (!run->has_ended && !*run->stopped)
    report_tell(page, &page->verdict, "The log has no end: the run goes on, or was killed. ");
  return status;
}

/* ---- pictures ---- */

static int by_step(const void *a, const void *b) {
  const double x = ((const label *)a)->step, y = ((const label *)b)->step;
  return (x > y) - (x < y);
}

static void print_number(FILE *file, double x) {
  if (isfinite(x))
    fprintf(file, "%.6g ", x);
  else
    fprintf(file, "nan ");
}

/* Sorted by step, so that no curve runs backwards: step, grade, force error, expected error, labels so far. */
static int write_labels(report_page *page, const report_run *run, const label *sorted) {
  FILE *file = report_open(page, "labels.dat");
  if (!file) return CLI_FAILED;
  for (size_t k = 0; k < run->label_count; k++) {
    print_number(file, sorted[k].step);
    print_number(file, sorted[k].grade);
    print_number(file, sorted[k].force);
    print_number(file, sorted[k].expected);
    fprintf(file, "%zu\n", k + 1);
  }
  if (run->label_count) fprintf(file, "%.6g nan nan nan %zu\n", run->last_step, run->label_count);
  return report_close(page, file);
}

static int write_rate(report_page *page, const report_run *run) {
  size_t count[BINS] = {0};
  FILE *file = report_open(page, "rate.dat");
  if (!file) return CLI_FAILED;
  for (size_t k = 0; k < run->label_count; k++) {
    const double at = run->labels[k].step / run->last_step * BINS;
    count[at < 0 ? 0 : at < BINS ? (int)at : BINS - 1]++;
  }
  for (int k = 0; k < BINS; k++) fprintf(file, "%.6g %zu\n", (k + 0.5) * run->last_step / BINS, count[k]);
  return report_close(page, file);
}

/* Seconds so far in the order of the log, by labels: of labels, of refits. */
static int write_cost(report_page *page, const report_run *run) {
  double qm = 0, fits = 0;
  FILE *file = report_open(page, "cost.dat");
  if (!file) return CLI_FAILED;
  for (size_t k = 0, r = 0; k < run->label_count; k++) {
    for (; r < run->refit_count && run->refits[r].labels <= k; r++) fits += or_zero(run->refits[r].seconds);
    qm += or_zero(run->labels[k].seconds);
    fprintf(file, "%zu %.6g %.6g\n", k + 1, qm, fits);
  }
  return report_close(page, file);
}

static int write_refits(report_page *page, const report_run *run) {
  FILE *file = report_open(page, "refits.dat");
  if (!file) return CLI_FAILED;
  for (size_t k = 0; k < run->refit_count; k++) {
    print_number(file, run->refits[k].configurations);
    print_number(file, run->refits[k].energy);
    print_number(file, run->refits[k].force);
    fputc('\n', file);
  }
  return report_close(page, file);
}

static int write_checks(report_page *page, const report_run *run) {
  FILE *file = report_open(page, "checks.dat");
  if (!file) return CLI_FAILED;
  for (size_t k = 0; k < run->check_count; k++) {
    print_number(file, run->checks[k].step);
    print_number(file, run->checks[k].force);
    print_number(file, run->checks[k].expected);
    fputc('\n', file);
  }
  return report_close(page, file);
}

static int write_all(report_page *page, const report_run *run) {
  label *sorted = cli_alloc(run->label_count, sizeof *sorted);
  if (run->label_count) memcpy(sorted, run->labels, run->label_count * sizeof *sorted);
  qsort(sorted, run->label_count, sizeof *sorted, by_step);
  int status = write_labels(page, run, sorted);
  free(sorted);
  if (status == CLI_OK) status = write_rate(page, run);
  if (status == CLI_OK) status = write_cost(page, run);
  if (status == CLI_OK) status = write_checks(page, run);
  return status == CLI_OK ? write_refits(page, run) : status;
}

/* What a picture needs to have something in it. */
typedef enum need { LABELS, GRADES, ERRORS, EXPECTED, CHECKS, STEPS, REFITS, SECONDS } need;

static bool has(const report_run *run, need what) {
  size_t grades = 0, errors = 0, expected = 0;
  for (size_t k = 0; k < run->label_count; k++) {
    grades += isfinite(run->labels[k].grade);
    errors += isfinite(run->labels[k].force);
    expected += isfinite(run->labels[k].force) && run->labels[k].expected > 0;
  }
  switch (what) {
  case GRADES:
    return grades > 0;
  case ERRORS:
    return errors > 0;
  case EXPECTED:
    return expected > 0;
  case CHECKS:
    return run->check_count > 0;
  case STEPS:
    return run->label_count > 0 && run->last_step > 0;
  case REFITS:
    return run->refit_count > 0;
  case SECONDS:
    return run->label_count > 0 && run->label_seconds + run->refit_seconds > 0;
  default:
    return run->label_count > 0;
  }
}

static const struct {
  need need;
  const char *script, *caption;
} pictures[] = {
    {LABELS,
     "set xlabel 'step'\nset ylabel 'labels'\nunset key\nset yrange [0:]\n"
     "plot 'labels.dat' using 1:5 with steps lw 2 lc rgb '#1f5fa8'",
     "Labels so far, by the step that they are of: a run that has learned what it needs is flat at the end."},
    {STEPS,
     "set style fill solid 0.8\nset xlabel 'step'\nset ylabel 'labels in a twentieth of the run'\nunset key\n"
     "set yrange [0:]\nplot 'rate.dat' using 1:2 with boxes lc rgb '#1f5fa8'",
     "How often labels were asked for."},
    {GRADES,
     "set logscale y\nset xlabel 'step'\nset ylabel 'grade of what was labelled'\nunset key\n"
     "plot 'labels.dat' using 1:2 with impulses lw 1.5 lc rgb '#1f5fa8'",
     "How far the labelled configurations were beyond the known."},
    {ERRORS,
     "set logscale y\nset xlabel 'step'\nset ylabel 'force RMSE (eV/A)'\nunset key\n"
     "plot 'labels.dat' using 1:3 with points pt 7 ps 0.5 lc rgb '#b03a2e'",
     "True errors: what the potential made of each label before it learned from it."},
    {CHECKS,
     "set logscale y\nset xlabel 'step'\nset ylabel 'force RMSE (eV/A)'\nset key top right\n"
     "plot 'checks.dat' using 1:2 with linespoints pt 7 ps 0.5 lc rgb '#b03a2e' title 'true', '' using 1:3 with "
     "linespoints pt 6 ps 0.5 lc rgb '#1f5fa8' title 'expected'",
     "Checks: true errors that were bought on the way."},
    {EXPECTED,
     "set logscale xy\nset xlabel 'expected force RMSE (eV/A)'\nset ylabel 'true (eV/A)'\nset key top left\n"
     "plot x lc rgb '#999999' title 'as expected', 'labels.dat' using 4:3 with points pt 7 ps 0.5 lc rgb '#b03a2e' "
     "title 'labels'",
     "Calibration: the errors that were expected of labels, and the true ones."},
    {REFITS,
     "set logscale y\nset xlabel 'configurations in the training set'\nset ylabel 'RMSE'\n"
     "set key top right\nplot 'refits.dat' using 1:3 with linespoints pt 7 ps 0.4 lc rgb '#b03a2e' title "
     "'forces (eV/A)', '' using 1:2 with linespoints pt 7 ps 0.4 lc rgb '#1f5fa8' title 'energy (eV/atom)'",
     "Learning curve: errors on the training set after each refit."},
    {SECONDS,
     "set xlabel 'labels'\nset ylabel 'time so far (s)'\nset key top left\nset yrange [0:]\n"
     "plot 'cost.dat' using 1:2 with lines lw 2 lc rgb '#1f5fa8' title 'in the driver', '' using 1:3 with lines lw 2 "
     "lc "
     "rgb '#d08020' title 'in refits'",
     "Cost."},
};

static int draw_all(report_page *page, const report_run *run) {
  int status = CLI_OK;
  report_add(page, "<div class=\"grid\">\n");
  for (size_t k = 0; k < sizeof pictures / sizeof *pictures && status == CLI_OK; k++)
    if (has(run, pictures[k].need)) status = report_picture(page, pictures[k].script, pictures[k].caption);
  report_add(page, "</div>\n");
  return status;
}

/* ---- the table ---- */

static void add_cell(report_page *page, const char *format, double x) {
  char text[32];
  snprintf(text, sizeof text, format, x);
  report_add(page, "<td>%s</td>", isfinite(x) ? text : "-");
}

static void add_label(report_page *page, const label *l, size_t index) {
  report_add(page, "<tr><td>%zu</td>", index + 1);
  add_cell(page, "%.9g", l->step);
  report_add(page, "<td>");
  report_add_text(page, l->cause);
  report_add(page, "</td>");
  add_cell(page, "%.3g", l->grade);
  add_cell(page, "%.0f", l->atoms);
  add_cell(page, "%.3g", 1e3 * l->energy);
  add_cell(page, "%.3g", l->force);
  add_cell(page, "%.3g", l->seconds);
  report_add(page, "</tr>\n");
}

/* Of very many the first and the last ones. */
static void add_labels(report_page *page, const report_run *run) {
  if (run->label_count == 0) return;
  const size_t hidden = run->label_count > MOST_ROWS ? run->label_count - MOST_ROWS : 0;
  report_add(page,
             "<details%s><summary>The labels, in the order in which they were learned</summary>"
             "<div class=\"wide\"><table><tr><th></th><th>step</th><th>cause</th><th>grade</th><th>atoms</th>"
             "<th>energy off by, meV/atom</th><th>forces off by, eV/&Aring;</th><th>s</th></tr>\n",
             run->label_count <= 50 ? " open" : "");
  for (size_t k = 0; k < run->label_count; k++) {
    if (hidden && k == MOST_ROWS / 2) {
      report_add(page, "<tr><td colspan=\"8\">%zu more</td></tr>\n", hidden);
      k += hidden;
    }
    add_label(page, run->labels + k, k);
  }
  report_add(page, "</table></div></details>\n");
}

int report_run_draw(report_page *page, report_run *run) {
  int status = tell(page, run);
  report_add(page, "<p>%zu labels (%.3g s in the driver), %zu refits (%.3g s)", run->label_count, run->label_seconds,
             run->refit_count, run->refit_seconds);
  if (run->rejected) report_add(page, ", %zu calls without a label", run->rejected);
  report_add(page, ".</p>\n");
  if (status == CLI_OK) status = write_all(page, run);
  if (status == CLI_OK) status = draw_all(page, run);
  add_labels(page, run);
  return status;
}
