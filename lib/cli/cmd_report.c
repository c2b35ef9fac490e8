/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_report.c
 * `mtp report`: one page with what is known of a potential: parity plots and errors on data, the history of a learning
 * run, the course of a training. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report_page.h"
#include "config/units.h"
#include "loop/event_log.h"

static const char help[] =
    "Writes one page that needs nothing else (HTML with pictures in it). FILEs in any order:\n\n"
    "  a potential         with the configurations below it is compared\n"
    "  configurations      labelled: parity, distribution of errors, tables by group and species\n"
    "  an event log        of pair_style mtp/al: learning curve, grades, labels\n"
    "  a training log      of `mtp train --log`: loss and errors by iteration\n\n"
    "  -o, --output PAGE   the page to write\n"
    "  --title TEXT        what is written above it\n" CLI_KEYS_HELP CLI_SPECIES_HELP "\n"
    "Pictures are drawn by gnuplot.\n\n"
    "Example: mtp report pot.almtp test.extxyz mtp-al.jsonl -o report.html\n";

/* Points of a parity plot; of more, a part is drawn, and all that are far off. */
enum { MAX_POINTS = 20000 };
static const double FAR_OFF = 6.0; /* in the mean error so far */

/* ---- a potential against data ---- */

/* One quantity: points go to a file as label and difference, all differences are kept for their distribution. */
typedef struct quantity {
  FILE *file;
  size_t stride, count, drawn, kept, capacity;
  double sum;
  float *differences;
} quantity;

typedef struct comparison {
  cli *c;
  quantity energy, force, stress;
} comparison;

static void add_point(quantity *q, double label, double model) {
  const double off = fabs(model - label);
  q->sum += off;
  if (q->kept == q->capacity) {
    q->capacity = q->capacity ? 2 * q->capacity : 4096;
    q->differences = cli_realloc(q->differences, q->capacity, sizeof *q->differences);
  }
  q->differences[q->kept++] = (float)off;
  if (q->count++ % q->stride != 0 && off < FAR_OFF * q->sum / (double)q->count) return;
  q->drawn++;
  fprintf(q->file, "%.9g %.9g\n", label, model);
}

static void watch(void *user, const mtp_config *labelled, const mtp_config *computed) {
  comparison *p = user;
  const double volume = mtp_config_volume(labelled), gpa = MTP_GPA;
  const double n = (double)labelled->n;
  if (labelled->has_energy && labelled->n) add_point(&p->energy, labelled->energy / n, computed->energy / n);
  for (size_t k = 0; labelled->force && k < 3 * labelled->n; k++)
    if (!mtp_config_is_masked(labelled, k / 3)) add_point(&p->force, labelled->force[k], computed->force[k]);
  for (int k = 0; labelled->has_virial && volume > 0 && k < 6; k++)
    add_point(&p->stress, labelled->virial[k] / volume * gpa, computed->virial[k] / volume * gpa);
  cli_progress_step(p->c, 1);
}

static int ascending(const void *left, const void *right) {
  const float a = *(const float *)left, b = *(const float *)right;
  return (a > b) - (a < b);
}

/* What part of the differences is larger than each of some values. */
static int write_distribution(report_page *page, quantity *q, const char *name) {
  FILE *file = report_open(page, name);
  if (!file) return CLI_FAILED;
  qsort(q->differences, q->kept, sizeof *q->differences, ascending);
  const size_t step = q->kept / 1000 + 1;
  for (size_t k = 0; k < q->kept; k += step)
    if (q->differences[k] > 0)
      fprintf(file, "%.6g %.6g\n", (double)q->differences[k], (double)(q->kept - k) / (double)q->kept);
  return report_close(page, file);
}

static int draw_parity(report_page *page, const quantity *q, const char *name, const char *what, const char *unit) {
  char script[1024], caption[160];
  if (q->count == 0) return CLI_OK;
  snprintf(script, sizeof script,
           "set xlabel '%s, labels (%s)'\nset ylabel '%s, potential (%s)'\nunset key\nstats '%s' using 1 nooutput\n"
           "set size square\nset xtics rotate by -35\nset xrange "
           "[STATS_min-0.02*(STATS_max-STATS_min)-1e-12:STATS_max+0.02*(STATS_max-STATS_min)+1e-12]\n"
           "set yrange [STATS_min-0.02*(STATS_max-STATS_min)-1e-12:STATS_max+0.02*(STATS_max-STATS_min)+1e-12]\n"
           "plot x lc rgb '#999999' lw 1, '%s' using 1:2 with points pt 7 ps 0.25 lc rgb '#1f5fa8'",
           what, unit, what, unit, name, name);
  snprintf(caption, sizeof caption, "Parity of the %s: %zu points%s.", what, q->drawn,
           q->drawn < q->count ? ", a part of all and those that are far off" : "");
  return report_picture(page, script, caption);
}

static int draw_distribution(report_page *page, quantity *q, const char *name, const char *what, const char *unit) {
  char script[512], caption[160];
  if (q->count == 0) return CLI_OK;
  int status = write_distribution(page, q, name);
  if (status != CLI_OK) return status;
  double smallest = (double)q->differences[q->kept / 50]; /* the very smallest say nothing */
  if (smallest <= 0) smallest = 1e-3 * (double)q->differences[q->kept - 1];
  if (q->differences[q->kept - 1] <= 0) return CLI_OK; /* all are exact: nothing to see on a logarithmic axis */
  snprintf(script, sizeof script,
           "set logscale xy\nset format x '10^{%%L}'\nset format y '10^{%%L}'\nset xlabel '%s error (%s)'\n"
           "set ylabel 'part with a larger error'\nset xrange [%g:]\nunset key\nplot '%s' using 1:2 with lines lw 2 lc "
           "rgb '#b03a2e'",
           what, unit, smallest, name);
  snprintf(caption, sizeof caption, "Distribution of the %s errors: median %.3g, 99 %% below %.3g, largest %.3g %s.",
           what, (double)q->differences[q->kept / 2], (double)q->differences[(size_t)(0.99 * (double)(q->kept - 1))],
           (double)q->differences[q->kept - 1], unit);
  return report_picture(page, script, caption);
}

static void add_stat(report_page *page, const mtp_error_stat *s, double scale) {
  if (s->count)
    report_add(page, "<td>%.4g</td><td>%.4g</td><td>%.4g</td>", scale * s->mae, scale * s->rmse, scale * s->max);
  else
    report_add(page, "<td>-</td><td>-</td><td>-</td>");
}

static void add_row(report_page *page, const char *name, const mtp_errors *e) {
  report_add(page, "<tr><td>");
  report_add_text(page, *name ? name : "(none)");
  report_add(page, "</td><td>%zu</td><td>%zu</td>", e->configurations, e->atoms);
  add_stat(page, &e->energy_per_atom, 1e3);
  add_stat(page, &e->force, 1.0);
  add_stat(page, &e->stress, 1.0);
  report_add(page, "</tr>\n");
}

static void add_tables(report_page *page, const mtp_potential *pot, const mtp_error_table *table) {
  report_add(page,
             "<table><tr><th></th><th>cells</th><th>atoms</th><th colspan=\"3\">energy, meV/atom<br>MAE, RMSE, max"
             "</th><th colspan=\"3\">force component, eV/&Aring;<br>MAE, RMSE, max</th><th colspan=\"3\">stress "
             "component, GPa<br>MAE, RMSE, max</th></tr>\n");
  add_row(page, "all", &table->all);
  for (size_t g = 0; table->group_count > 1 && g < table->group_count; g++)
    add_row(page, table->groups[g].name, &table->groups[g].errors);
  report_add(page, "</table>\n");
  if (table->species_count < 2) return;
  cli_names names = cli_names_of(pot);
  report_add(page, "<table><tr><th>force component on, eV/&Aring;</th><th>MAE</th><th>RMSE</th><th>max</th></tr>\n");
  for (int s = 0; s < table->species_count; s++) {
    report_add(page, "<tr><td>");
    report_add_text(page, names.name[s]);
    report_add(page, "</td>");
    add_stat(page, &table->species_force[s], 1.0);
    report_add(page, "</tr>\n");
  }
  report_add(page, "</table>\n");
  cli_names_free(&names);
}

static int open_quantities(report_page *page, comparison *p, const mtp_config_set *set) {
  const size_t atoms = cli_atom_count(set);
  p->energy.stride = set->n / MAX_POINTS + 1;
  p->force.stride = 3 * atoms / MAX_POINTS + 1;
  p->stress.stride = 6 * set->n / MAX_POINTS + 1;
  p->energy.file = report_open(page, "energy.dat");
  p->force.file = p->energy.file ? report_open(page, "force.dat") : NULL;
  p->stress.file = p->force.file ? report_open(page, "stress.dat") : NULL;
  return p->stress.file ? CLI_OK : CLI_FAILED;
}

static int close_quantities(report_page *page, comparison *p) {
  quantity *const all[] = {&p->energy, &p->force, &p->stress};
  int status = CLI_OK;
  for (int k = 0; k < 3; k++) {
    if (all[k]->file && report_close(page, all[k]->file) != CLI_OK) status = CLI_FAILED;
    all[k]->file = NULL;
  }
  return status;
}

static int draw_comparison(report_page *page, comparison *p) {
  int status = draw_parity(page, &p->energy, "energy.dat", "energy", "eV/atom");
  if (status == CLI_OK) status = draw_distribution(page, &p->energy, "energy.err", "energy", "eV/atom");
  if (status == CLI_OK) status = draw_parity(page, &p->force, "force.dat", "force components", "eV/A");
  if (status == CLI_OK) status = draw_distribution(page, &p->force, "force.err", "force component", "eV/A");
  if (status == CLI_OK) status = draw_parity(page, &p->stress, "stress.dat", "stress components", "GPa");
  if (status == CLI_OK) status = draw_distribution(page, &p->stress, "stress.err", "stress component", "GPa");
  return status;
}

static int report_data(report_page *page, mtp_potential *pot, char *path) {
  cli *c = page->c;
  comparison p = {.c = c};
  mtp_config_set *set = NULL;
  mtp_error_table *table = NULL;
  int status = cli_read_data(c, 1, &path, MTP_FORMAT_AUTO, pot, &set);
  if (status == CLI_OK && mtp_potential_check_baseline(c->ctx, pot, mtp_baseline_of_set(set), NULL) != MTP_OK)
    status = cli_library(c, path);
  if (status == CLI_OK) status = open_quantities(page, &p, set);
  if (status == CLI_OK) {
    cli_progress_begin(c, "comparing", set->n);
    if (mtp_error_table_compute(c->ctx, pot, set, watch, &p, &table) != MTP_OK) status = cli_library(c, path);
    cli_progress_end(c);
  }
  if (close_quantities(page, &p) != CLI_OK && status == CLI_OK) status = CLI_FAILED;
  if (status == CLI_OK && p.energy.count + p.force.count + p.stress.count == 0)
    status = cli_fail(c, "%s: no configuration has energy, forces or virial to compare with", path);
  if (status == CLI_OK) {
    report_add(page, "<h2>");
    report_add_text(page, path);
    report_add(page, "</h2>\n");
    add_tables(page, pot, table);
    status = draw_comparison(page, &p);
  }
  free(p.energy.differences);
  free(p.force.differences);
  free(p.stress.differences);
  mtp_error_table_free(table);
  mtp_config_set_free(set);
  return status;
}

/* ---- logs ---- */

/* A number of an event as text, what gnuplot takes for a gap where there is none. */
static const char *column(const cJSON *event, const char *key, char *text, size_t size) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(event, key);
  if (cJSON_IsNumber(item) && isfinite(item->valuedouble))
    snprintf(text, size, "%.9g", item->valuedouble);
  else
    snprintf(text, size, "nan");
  return text;
}

typedef struct log_data {
  FILE *refits, *labels, *iterations;
  size_t refit_count, label_count, graded_count, predicted_count, iteration_count;
  double predicted, predicted_part; /* force error to expect, as the end of the run says */
  double label_seconds, refit_seconds;
} log_data;

static void put(FILE *file, const cJSON *event, size_t count, const char *const *keys) {
  char text[32];
  for (size_t k = 0; k < count; k++) fprintf(file, "%s%s", k ? " " : "", column(event, keys[k], text, sizeof text));
  fputc('\n', file);
}

/* 0 if it is no number. */
static double member(const cJSON *event, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(event, key);
  return cJSON_IsNumber(item) ? item->valuedouble : 0.0;
}

static void add_event(void *user, const char *name, const cJSON *event) {
  static const char *const refit_keys[] = {"configurations", "rmse_energy", "rmse_force", "step"};
  static const char *const label_keys[] = {"step", "gamma", "force_rmse_before"};
  static const char *const iteration_keys[] = {"seconds",     "loss",       "rmse_energy", "rmse_force",
                                               "rmse_stress", "valid_loss", "level"};
  log_data *d = user;
  const double took = member(event, "seconds");
  if (strcmp(name, "refit") == 0) {
    put(d->refits, event, 4, refit_keys);
    d->refit_count++;
    d->refit_seconds += took;
  } else if (strcmp(name, "label") == 0) {
    put(d->labels, event, 3, label_keys);
    d->label_count++;
    d->graded_count += cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(event, "gamma"));
    d->predicted_count += cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(event, "force_rmse_before"));
    d->label_seconds += took;
  } else if (strcmp(name, "end") == 0) {
    d->predicted = member(event, "predicted_rmse_force");
    d->predicted_part = member(event, "predicted_part_of_force");
  } else if (strcmp(name, "iteration") == 0) {
    put(d->iterations, event, 7, iteration_keys);
    d->iteration_count++;
  }
}

static int draw_learning(report_page *page, const log_data *d) {
  report_add(page, "<p>%zu labels (%.3g s in the driver), %zu refits (%.3g s).</p>\n", d->label_count, d->label_seconds,
             d->refit_count, d->refit_seconds);
  int status = CLI_OK;
  if (d->refit_count)
    status = report_picture(
        page,
        "set logscale y\nset xlabel 'configurations in the training set'\nset ylabel 'RMSE'\n"
        "set key top right\nplot 'refits.dat' using 1:3 with linespoints pt 7 ps 0.4 lc rgb '#b03a2e' title "
        "'forces (eV/A)', '' using 1:2 with linespoints pt 7 ps 0.4 lc rgb '#1f5fa8' title 'energy (eV/atom)'",
        "Learning curve: errors on the training set after each refit.");
  if (status == CLI_OK && d->predicted_count)
    status = report_picture(page,
                            "set logscale y\nset xlabel 'step'\nset ylabel 'force RMSE (eV/A)'\nunset key\n"
                            "plot 'labels.dat' using 1:3 with points pt 7 ps 0.5 lc rgb '#b03a2e'",
                            "True errors: what the potential made of each label before it learned from it.");
  if (status == CLI_OK && d->predicted_count && d->predicted > 0)
    report_add(page, "<p>Expected force error at the end: %.3g eV/A (%.2g %% of the RMS force).</p>\n", d->predicted,
               100 * d->predicted_part);
  if (status == CLI_OK && d->graded_count) /* those of a warm-up have no grade */
    status = report_picture(page,
                            "set logscale y\nset xlabel 'step'\nset ylabel 'grade of what was labelled'\nunset key\n"
                            "plot 'labels.dat' using 1:2 with impulses lw 1.5 lc rgb '#1f5fa8'",
                            "When labels were asked for, and how far the configurations were beyond the known.");
  if (status == CLI_OK && d->label_count)
    status = report_picture(page,
                            "set xlabel 'step'\nset ylabel 'labels'\nunset key\n"
                            "plot 'labels.dat' using 1:0 with steps lw 2 lc rgb '#1f5fa8'",
                            "Labels so far: a run that has learned what it needs is flat at the end.");
  return status;
}

static int draw_training(report_page *page) {
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
  return status;
}

static int report_log(report_page *page, const char *path) {
  log_data d = {.refits = report_open(page, "refits.dat")};
  d.labels = d.refits ? report_open(page, "labels.dat") : NULL;
  d.iterations = d.labels ? report_open(page, "iterations.dat") : NULL;
  int status = d.iterations ? CLI_OK : CLI_FAILED;
  size_t cut;
  if (status == CLI_OK && mtp_event_log_read(page->c->ctx, path, add_event, &d, &cut) != MTP_OK)
    status = cli_library(page->c, path);
  FILE *const all[] = {d.refits, d.labels, d.iterations};
  for (int k = 0; k < 3; k++)
    if (all[k] && report_close(page, all[k]) != CLI_OK) status = CLI_FAILED;
  if (status == CLI_OK && d.refit_count + d.label_count + d.iteration_count == 0)
    status = cli_fail(page->c, "%s: there is no label, refit or iteration in it", path);
  if (status != CLI_OK) return status;
  report_add(page, "<h2>");
  report_add_text(page, path);
  report_add(page, "</h2>\n");
  if (d.refit_count + d.label_count) status = draw_learning(page, &d);
  if (status == CLI_OK && d.iteration_count) status = draw_training(page);
  return status;
}

/* ---- the command ---- */

static void describe_potential(report_page *page, const char *path, const mtp_potential *pot) {
  report_add(page, "<p>Potential: ");
  report_add_text(page, path);
  report_add(page, ", level %d, %d species, %zu parameters, cutoff %.4g &Aring;, smallest distance %.4g &Aring;.</p>\n",
             mtp_potential_level(pot), mtp_potential_species_count(pot), mtp_potential_parameter_count(pot),
             mtp_potential_cutoff(pot), mtp_potential_min_dist(pot));
}

/* One potential at most; data need one. */
static int find_potential(cli *c, mtp_potential **pot, const char **path) {
  bool data = false;
  int status = CLI_OK;
  for (int k = 0; k < c->word_count && status == CLI_OK; k++) {
    cli_content content;
    status = cli_recognise(c, c->words[k], &content);
    data = data || content == CLI_CONFIGURATIONS;
    if (status != CLI_OK || content != CLI_POTENTIAL) continue;
    if (*pot) return cli_usage(c, "%s and %s are two potentials, one is expected", *path, c->words[k]);
    *path = c->words[k];
    status = cli_read_potential(c, c->words[k], pot, NULL);
  }
  if (status == CLI_OK && data && !*pot) return cli_usage(c, "configurations are compared with a potential: give one");
  if (status == CLI_OK && *pot && !mtp_potential_is_trained(*pot))
    status = cli_fail(c, "%s: the potential is untrained", *path);
  return status;
}

static int fill_page(report_page *page, mtp_potential *pot, const char *path) {
  cli *c = page->c;
  int status = CLI_OK;
  if (pot) describe_potential(page, path, pot);
  for (int k = 0; k < c->word_count && status == CLI_OK; k++) {
    cli_content content;
    status = cli_recognise(c, c->words[k], &content);
    if (status == CLI_OK && content == CLI_CONFIGURATIONS) status = report_data(page, pot, c->words[k]);
    if (status == CLI_OK && content == CLI_LOG) status = report_log(page, c->words[k]);
  }
  return status;
}

static int run(cli *c, int argc, char **argv) {
  const char *output = NULL, *title = "Moment tensor potential", *path = NULL;
  const cli_option options[] = {
      {"output", 'o', CLI_TEXT, &output}, {"title", 0, CLI_TEXT, &title}, CLI_KEYS_OPTION(c), CLI_SPECIES_OPTION(c)};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 1, -1);
  if (status != CLI_GO_ON) return status;
  if ((status = cli_require(c, output, "-o")) != CLI_OK) return status;
  if (strcmp(output, "-") == 0) return cli_usage(c, "-o: a page needs a file, not standard output");
  mtp_potential *pot = NULL;
  report_page page = {0};
  status = cli_check_output(c, output);
  if (status == CLI_OK) status = find_potential(c, &pot, &path);
  if (status == CLI_OK) status = report_page_begin(c, &page, title);
  if (status == CLI_OK) status = fill_page(&page, pot, path);
  if (status == CLI_OK) status = report_page_write(&page, output);
  report_page_end(&page);
  mtp_potential_free(pot);
  return status;
}

const cli_command cli_cmd_report = {
    .name = "report",
    .summary = "One page with pictures: parity, errors, learning and training history",
    .usage = "FILE... -o PAGE [--title TEXT]",
    .help = help,
    .run = run,
};
