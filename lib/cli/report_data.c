/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/report_data.c
 * The part of a report that compares a potential with labelled configurations: errors by group and species, parity,
 * distributions. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "config/units.h"

/* Of a parity plot: points of one cell are drawn once. */
enum { CELLS = 200 };

/* One quantity: label and prediction of all, in turn, and how far they are apart. */
typedef struct quantity {
  const char *name, *unit, *short_name;
  size_t count, capacity, drawn;
  float *pair, *difference;
} quantity;

typedef struct comparison {
  cli *c;
  size_t seen, broken; /* configurations; the first one whose predictions are not finite, from 1, or 0 */
  quantity energy, force, stress;
} comparison;

/* False unless both are finite. */
static bool add_point(quantity *q, double label, double model) {
  if (!isfinite(label) || !isfinite(model)) return false;
  if (q->count == q->capacity) {
    q->capacity = q->capacity ? 2 * q->capacity : 4096;
    q->pair = cli_realloc(q->pair, 2 * q->capacity, sizeof *q->pair);
    q->difference = cli_realloc(q->difference, q->capacity, sizeof *q->difference);
  }
  q->pair[2 * q->count] = (float)label;
  q->pair[2 * q->count + 1] = (float)model;
  q->difference[q->count++] = (float)fabs(model - label);
  return true;
}

static void quantity_clear(quantity *q) {
  free(q->pair);
  free(q->difference);
}

static void add_points(void *user, const mtp_config *labelled, const mtp_config *computed) {
  comparison *p = user;
  const double volume = mtp_config_volume(labelled), gpa = MTP_GPA;
  const double n = (double)labelled->n;
  bool fine = true;
  p->seen++;
  if (labelled->has_energy && labelled->n) fine &= add_point(&p->energy, labelled->energy / n, computed->energy / n);
  for (size_t k = 0; labelled->force && k < 3 * labelled->n; k++)
    if (!mtp_config_is_masked(labelled, k / 3)) fine &= add_point(&p->force, labelled->force[k], computed->force[k]);
  for (int k = 0; labelled->has_virial && volume > 0 && k < 6; k++)
    fine &= add_point(&p->stress, labelled->virial[k] / volume * gpa, computed->virial[k] / volume * gpa);
  if (!fine && p->broken == 0) p->broken = p->seen;
  cli_progress_step(p->c, 1);
}

/* Points as strokes with round ends, which are the shortest form of a point in SVG. */
static int write_points(report_page *page, quantity *q, const char *name, double low, double width) {
  FILE *file = report_open(page, name);
  if (!file) return CLI_FAILED;
  bool *seen = cli_alloc((size_t)CELLS * CELLS, sizeof *seen);
  for (size_t k = 0; k < q->count; k++) {
    const double x = (double)q->pair[2 * k], y = (double)q->pair[2 * k + 1];
    const size_t column = (size_t)((x - low) / width * (CELLS - 1)), row = (size_t)((y - low) / width * (CELLS - 1));
    if (column >= CELLS || row >= CELLS || seen[row * CELLS + column]) continue;
    seen[row * CELLS + column] = true;
    q->drawn++;
    fprintf(file, "%.6g %.6g\n%.6g %.6g\n\n", x, y, x + 1e-3 * width, y);
  }
  free(seen);
  return report_close(page, file);
}

static int draw_parity(report_page *page, quantity *q) {
  char script[768], caption[160], name[32];
  double low = INFINITY, high = -INFINITY;
  for (size_t k = 0; k < 2 * q->count; k++) {
    low = fmin(low, (double)q->pair[k]);
    high = fmax(high, (double)q->pair[k]);
  }
  if (q->count == 0 || !isfinite(low) || !isfinite(high)) return CLI_OK;
  const double margin = 0.02 * (high - low) + 1e-9 * fabs(high) + 1e-12, width = high - low + 2 * margin;
  snprintf(name, sizeof name, "%s.dat", q->short_name);
  int status = write_points(page, q, name, low - margin, width);
  if (status != CLI_OK) return status;
  snprintf(script, sizeof script,
           "set xlabel '%s, labels (%s)'\nset ylabel 'potential (%s)'\nunset key\n"
           "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n"
           "plot x lc rgb '#999999' lw 1, '%s' using 1:2 with lines lw 3 lc rgb '#1f5fa8'",
           q->name, q->unit, q->unit, low - margin, high + margin, low - margin, high + margin, name);
  snprintf(caption, sizeof caption, "Parity of the %s: %zu points%s.", q->name, q->count,
           q->drawn < q->count ? ", where they are too close drawn once" : "");
  return report_picture(page, script, caption);
}

static int ascending(const void *left, const void *right) {
  const float a = *(const float *)left, b = *(const float *)right;
  return (a > b) - (a < b);
}

/* What part of the differences is larger than each of some values: fewer of these where there are many. */
static int write_distribution(report_page *page, const quantity *q, const char *name) {
  FILE *file = report_open(page, name);
  if (!file) return CLI_FAILED;
  for (double left = (double)q->count; left >= 1; left = fmin(left - 1, left * 0.97)) {
    const size_t k = q->count - (size_t)left;
    if (q->difference[k] > 0) fprintf(file, "%.6g %.6g\n", (double)q->difference[k], floor(left) / (double)q->count);
  }
  return report_close(page, file);
}

static int draw_distribution(report_page *page, quantity *q) {
  char script[512], caption[200], name[32];
  if (q->count == 0) return CLI_OK;
  qsort(q->difference, q->count, sizeof *q->difference, ascending);
  if (!(q->difference[q->count - 1] > 0)) return CLI_OK; /* all are exact: nothing to see on a logarithmic axis */
  snprintf(name, sizeof name, "%s.err", q->short_name);
  int status = write_distribution(page, q, name);
  if (status != CLI_OK) return status;
  double smallest = (double)q->difference[q->count / 50]; /* the very smallest say nothing */
  if (smallest <= 0) smallest = 1e-3 * (double)q->difference[q->count - 1];
  snprintf(script, sizeof script,
           "set logscale xy\nset format x '10^{%%L}'\nset format y '10^{%%L}'\nset xlabel 'error of the %s (%s)'\n"
           "set ylabel 'part with a larger error'\nset xrange [%g:]\nunset key\nplot '%s' using 1:2 with lines lw 2 lc "
           "rgb '#b03a2e'",
           q->name, q->unit, smallest, name);
  snprintf(caption, sizeof caption, "Errors of the %s: median %.3g, 99 %% below %.3g, largest %.3g %s.", q->name,
           (double)q->difference[q->count / 2], (double)q->difference[(size_t)(0.99 * (double)(q->count - 1))],
           (double)q->difference[q->count - 1], q->unit);
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
  report_add(page, "<div class=\"wide\"><table><tr><th></th><th>cells</th><th>atoms</th><th colspan=\"3\">energy, "
                   "meV/atom<br>MAE, RMSE, max"
                   "</th><th colspan=\"3\">force component, eV/&Aring;<br>MAE, RMSE, max</th><th colspan=\"3\">stress "
                   "component, GPa<br>MAE, RMSE, max</th></tr>\n");
  add_row(page, "all", &table->all);
  for (size_t g = 0; table->group_count > 1 && g < table->group_count; g++)
    add_row(page, table->groups[g].name, &table->groups[g].errors);
  report_add(page, "</table></div>\n");
  if (table->species_count < 2) return;
  cli_names names = cli_names_of(pot);
  report_add(page, "<div class=\"wide\"><table><tr><th>force component on, "
                   "eV/&Aring;</th><th>MAE</th><th>RMSE</th><th>max</th></tr>\n");
  for (int s = 0; s < table->species_count; s++) {
    report_add(page, "<tr><td>");
    report_add_text(page, names.name[s]);
    report_add(page, "</td>");
    add_stat(page, &table->species_force[s], 1.0);
    report_add(page, "</tr>\n");
  }
  report_add(page, "</table></div>\n");
  cli_names_free(&names);
}

/* ---- errors by name ---- */

typedef struct bar {
  const char *name;
  double height;
} bar;

/* Of several bytes in UTF-8, not the first one. */
static bool is_inside_character(char byte) {
  return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Names are of any bytes: gnuplot takes them between quotes, on one line. */
static void put_name(FILE *file, const char *name) {
  enum { MOST = 24 };
  fputc('"', file);
  for (size_t k = 0; name[k] && (k < MOST || (k < MOST + 3 && is_inside_character(name[k]))); k++)
    fputc(name[k] == '"' || name[k] == '\\' || iscntrl((unsigned char)name[k]) ? '_' : name[k], file);
  fputc('"', file);
}

static int draw_bars(report_page *page, size_t n, const bar *bars, const char *name, const char *caption) {
  char script[400];
  FILE *file = report_open(page, name);
  if (!file) return CLI_FAILED;
  for (size_t k = 0; k < n; k++) {
    put_name(file, *bars[k].name ? bars[k].name : "(none)");
    fprintf(file, " %.6g\n", bars[k].height);
  }
  const int status = report_close(page, file);
  snprintf(script, sizeof script,
           "set style fill solid 0.8\nset boxwidth 0.6\nset yrange [0:]\nset xrange [-0.6:%.1f]\nunset key\n"
           "set xtics noenhanced rotate by %d\nset ylabel 'RMSE of the forces (eV/A)'\n"
           "plot '%s' using 0:2:xtic(1) with boxes lc rgb '#1f5fa8'",
           (double)n - 0.4, n > 5 ? -45 : 0, name);
  return status == CLI_OK ? report_picture(page, script, caption) : status;
}

static int draw_names(report_page *page, const mtp_potential *pot, const mtp_error_table *table) {
  enum { MOST = 24 };
  bar bars[MOST];
  size_t n = 0;
  int status = CLI_OK;
  for (size_t g = 0; g < table->group_count && n < MOST; g++)
    if (table->groups[g].errors.force.count)
      bars[n++] = (bar){table->groups[g].name, table->groups[g].errors.force.rmse};
  if (n > 1) status = draw_bars(page, n, bars, "groups.bar", "Error of the forces in each group of configurations.");
  cli_names names = cli_names_of(pot);
  n = 0;
  for (int s = 0; s < table->species_count && n < MOST; s++)
    if (table->species_force[s].count) bars[n++] = (bar){names.name[s], table->species_force[s].rmse};
  if (status == CLI_OK && n > 1)
    status = draw_bars(page, n, bars, "species.bar", "Error of the forces on each species.");
  cli_names_free(&names);
  return status;
}

/* ---- the whole ---- */

static int draw_comparison(report_page *page, comparison *p) {
  quantity *const all[] = {&p->energy, &p->force, &p->stress};
  int status = CLI_OK;
  for (int k = 0; k < 3 && status == CLI_OK; k++) {
    status = draw_parity(page, all[k]);
    if (status == CLI_OK) status = draw_distribution(page, all[k]);
  }
  return status;
}

static void describe_errors(report_page *page, const char *path, const mtp_errors *e) {
  report_tell(page, &page->remarks, "On %s the RMS error is", path);
  if (e->energy_per_atom.count) report_tell(page, &page->remarks, " %.3g meV/atom", 1e3 * e->energy_per_atom.rmse);
  if (e->force.count) {
    report_tell(page, &page->remarks, "%s %.3g eV/A of a force component", e->energy_per_atom.count ? "," : "",
                e->force.rmse);
    if (e->force_rms > 0)
      report_tell(page, &page->remarks, " (%.2g %% of the RMS force)", 100 * e->force.rmse / e->force_rms);
  }
  if (e->stress.count)
    report_tell(page, &page->remarks, "%s %.3g GPa", e->energy_per_atom.count + e->force.count ? "," : "",
                e->stress.rmse);
  report_tell(page, &page->remarks, ". ");
}

int report_data(report_page *page, mtp_potential *pot, char *path) {
  cli *c = page->c;
  comparison p = {.c = c,
                  .energy = {.name = "energy per atom", .unit = "eV", .short_name = "energy"},
                  .force = {.name = "force components", .unit = "eV/A", .short_name = "force"},
                  .stress = {.name = "stress components", .unit = "GPa", .short_name = "stress"}};
  mtp_config_set *set = NULL;
  mtp_error_table *table = NULL;
  int status = cli_read_data(c, 1, &path, MTP_FORMAT_AUTO, pot, &set);
  if (status == CLI_OK && mtp_potential_check_baseline(c->ctx, pot, mtp_baseline_of_set(set), NULL) != MTP_OK)
    status = cli_library(c, path);
  if (status == CLI_OK) {
    cli_progress_begin(c, "comparing", set->n);
    if (mtp_error_table_compute(c->ctx, pot, set, add_points, &p, &table) != MTP_OK) status = cli_library(c, path);
    cli_progress_end(c);
  }
  if (status == CLI_OK && p.broken) status = cli_fail(c, "%s: " CLI_NOT_FINITE, path, p.broken);
  if (status == CLI_OK && p.energy.count + p.force.count + p.stress.count == 0)
    status = cli_fail(c, "%s: no configuration has energy, forces or virial to compare with", path);
  if (status == CLI_OK) {
    report_section(page, path);
    describe_errors(page, path, &table->all);
    add_tables(page, pot, table);
    report_add(page, "<div class=\"grid\">\n");
    status = draw_comparison(page, &p);
    if (status == CLI_OK) status = draw_names(page, pot, table);
    report_add(page, "</div>\n");
  }
  quantity_clear(&p.energy);
  quantity_clear(&p.force);
  quantity_clear(&p.stress);
  mtp_error_table_free(table);
  mtp_config_set_free(set);
  return status;
}
