/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/lammps_data_read.c
 * Reads data files of LAMMPS: box, types and positions. Velocities, bonds and coefficients are left out. */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/lammps.h"

typedef struct data_file {
  mtp_scan *scan;
  mtp_config_set *set;
  mtp_config *cfg;
  size_t size, types;
  bool has_size, has_types, has_atoms, general, has_axis[3];
  double low[3], high[3], tilt[3];
  double rows[9];
  bool periodic[3];
  char **names; /* [types] or NULL; entries are NULL where no name was found */
  mtp_dropped dropped;
} data_file;

typedef enum style { STYLE_ATOMIC, STYLE_CHARGE, STYLE_MOLECULAR, STYLE_FULL } style;

static const struct {
  const char *name;
  style style;
} style_names[] = {{"atomic", STYLE_ATOMIC},  {"charge", STYLE_CHARGE},   {"molecular", STYLE_MOLECULAR},
                   {"bond", STYLE_MOLECULAR}, {"angle", STYLE_MOLECULAR}, {"full", STYLE_FULL}};

/* Columns of the type, of x and of the charge, counted from 0; no charge: 0. */
static const struct {
  size_t type, x, charge;
} style_columns[] = {
    [STYLE_ATOMIC] = {1, 2, 0}, [STYLE_CHARGE] = {1, 3, 2}, [STYLE_MOLECULAR] = {2, 3, 0}, [STYLE_FULL] = {2, 4, 3}};

#define MAX_WORDS 16

typedef struct words {
  mtp_span word[MAX_WORDS];
  size_t count;
  mtp_span comment; /* what follows '#' */
} words;

static words split(mtp_span line) {
  words w = {.count = 0};
  const char *hash = line.n ? memchr(line.s, '#', line.n) : NULL;
  if (hash) {
    w.comment = mtp_span_trim((mtp_span){hash + 1, (size_t)(line.s + line.n - hash - 1)});
    line.n = (size_t)(hash - line.s);
  }
  mtp_span token;
  while (w.count < MAX_WORDS && mtp_span_token(&line, &token)) w.word[w.count++] = token;
  return w;
}

/* The next line that holds more than a comment. */
static bool next_words(mtp_scan *scan, words *w) {
  while (mtp_scan_filled_line(scan)) {
    *w = split(scan->rest);
    if (w->count) return true;
  }
  return false;
}

static bool words_are(const words *w, size_t from, const char *text) {
  mtp_span rest = {text, strlen(text)}, expected;
  for (; mtp_span_token(&rest, &expected); from++)
    if (from >= w->count || w->word[from].n != expected.n || memcmp(w->word[from].s, expected.s, expected.n) != 0)
      return false;
  return from == w->count;
}

/* The title is free text, but LAMMPS leaves "units = metal" there, and the writer here "boundary p p f": the only
 * traces of what the rest does not say. */
static mtp_status read_title(data_file *f) {
  static const char *const other_units[] = {"lj", "si", "cgs", "electron", "micro", "nano"};
  for (int d = 0; d < 3; d++) f->periodic[d] = true;
  if (!mtp_scan_line(f->scan)) return MTP_OK;
  words w = split(f->scan->rest);
  for (size_t k = 0; k + 3 < w.count; k++) {
    bool flags = mtp_span_is(w.word[k], "boundary");
    for (size_t d = 1; d <= 3; d++) flags = flags && w.word[k + d].n == 1 && strchr("pfsm", w.word[k + d].s[0]);
    for (size_t d = 0; flags && d < 3; d++) f->periodic[d] = w.word[k + 1 + d].s[0] == 'p';
  }
  for (size_t k = 0; k + 2 < w.count; k++)
    for (size_t u = 0; u < sizeof other_units / sizeof *other_units; u++)
      if (mtp_span_is(w.word[k], "units") && mtp_span_is(w.word[k + 1], "=") &&
          mtp_span_is(w.word[k + 2], other_units[u]))
        return mtp_fail(f->scan->ctx, MTP_ERR_UNSUPPORTED, "%s:1: found units = %s, expected units metal",
                        f->scan->path, other_units[u]);
  return MTP_OK;
}

static mtp_status header_reals(data_file *f, const words *w, double *values, size_t count) {
  for (size_t k = 0; k < count; k++)
    if (!mtp_span_real(w->word[k], &values[k])) return mtp_scan_expected(f->scan, w->word[k], "a finite number");
  return MTP_OK;
}

/* Words that follow one count and say nothing about positions. */
static bool is_ignored_count(const words *w) {
  static const char *const names[] = {"bonds",      "angles",      "dihedrals",      "impropers",
                                      "bond types", "angle types", "dihedral types", "improper types",
                                      "ellipsoids", "lines",       "triangles",      "bodies"};
  for (size_t k = 0; k < sizeof names / sizeof *names; k++)
    if (words_are(w, 1, names[k])) return true;
  return w->count > 2 && mtp_span_is(w->word[1], "extra");
}

static mtp_status read_bounds(data_file *f, const words *w, int d) {
  double side[2];
  mtp_status status = header_reals(f, w, side, 2);
  if (status == MTP_OK && !(side[1] > side[0]))
    status = mtp_scan_fail(f->scan, "found a box of no extent along %c", "xyz"[d]);
  f->low[d] = side[0];
  f->high[d] = side[1];
  f->has_axis[d] = true;
  return status;
}

static mtp_status read_header_line(data_file *f, const words *w) {
  static const char *const bounds[3] = {"xlo xhi", "ylo yhi", "zlo zhi"}, *const vectors[3] = {"avec", "bvec", "cvec"};
  double origin[3];
  if (words_are(w, 1, "atoms")) {
    f->has_size = mtp_span_count(w->word[0], INT_MAX, &f->size);
    return f->has_size ? MTP_OK : mtp_scan_expected(f->scan, w->word[0], "the number of atoms");
  }
  if (words_are(w, 1, "atom types")) {
    f->has_types = mtp_span_count(w->word[0], 10000, &f->types);
    return f->has_types ? MTP_OK : mtp_scan_expected(f->scan, w->word[0], "the number of atom types");
  }
  for (int d = 0; d < 3; d++) {
    if (words_are(w, 2, bounds[d])) return read_bounds(f, w, d);
    if (words_are(w, 3, vectors[d])) {
      f->general = f->has_axis[d] = true;
      return header_reals(f, w, f->rows + 3 * d, 3);
    }
  }
  if (words_are(w, 3, "xy xz yz")) return header_reals(f, w, f->tilt, 3);
  if (words_are(w, 3, "abc origin")) return header_reals(f, w, origin, 3); /* positions do not depend on it */
  if (is_ignored_count(w)) return MTP_OK;
  return mtp_scan_expected(f->scan, w->word[w->count - 1], "a header line such as '8 atoms' or '0 10 xlo xhi'");
}

static mtp_status read_type_number(data_file *f, mtp_span token, size_t *type) {
  if (mtp_span_count(token, f->types, type) && *type > 0) {
    --*type;
    return MTP_OK;
  }
  for (size_t t = 0; f->names && t < f->types; t++)
    if (f->names[t] && mtp_span_is(token, f->names[t])) {
      *type = t;
      return MTP_OK;
    }
  return mtp_scan_fail(f->scan, "found '%s', expected a type from 1 to %zu", mtp_span_quote(token).text, f->types);
}

static mtp_status set_name(data_file *f, size_t type, mtp_span name) {
  if (!mtp_span_is_name(name)) return mtp_scan_expected(f->scan, name, "the name of a type");
  if (!f->names) f->names = mtp_calloc(f->types, sizeof *f->names);
  if (!f->names) return mtp_fail_memory(f->scan->ctx);
  free(f->names[type]);
  f->names[type] = mtp_span_copy(name);
  return f->names[type] ? MTP_OK : mtp_fail_memory(f->scan->ctx);
}

/* "1 26.98 # Al" in Masses, "1 Al" in Atom Type Labels. */
static mtp_status read_types(data_file *f, bool labels) {
  for (size_t k = 0; k < f->types; k++) {
    words w;
    size_t type = 0;
    double mass;
    if (!next_words(f->scan, &w) || w.count != 2)
      return mtp_scan_fail(f->scan, "found something else, expected line %zu of %zu: a type and its %s", k + 1,
                           f->types, labels ? "label" : "mass");
    mtp_status status = read_type_number(f, w.word[0], &type);
    if (status == MTP_OK && !labels && !mtp_span_real(w.word[1], &mass))
      status = mtp_scan_expected(f->scan, w.word[1], "a mass");
    mtp_span name;
    if (status == MTP_OK && labels)
      status = set_name(f, type, w.word[1]);
    else if (status == MTP_OK && mtp_span_token(&w.comment, &name) && !(f->names && f->names[type]))
      status = set_name(f, type, name);
    if (status != MTP_OK) return status;
  }
  return MTP_OK;
}

/* From the comment "Atoms # charge", else from the number of columns where that tells. */
static mtp_status find_style(data_file *f, mtp_span comment, size_t columns, style *out) {
  mtp_span name;
  if (mtp_span_token(&comment, &name)) {
    for (size_t k = 0; k < sizeof style_names / sizeof *style_names; k++)
      if (mtp_span_is(name, style_names[k].name)) {
        *out = style_names[k].style;
        return MTP_OK;
      }
    return mtp_fail(f->scan->ctx, MTP_ERR_UNSUPPORTED,
                    "%s:%zu: found atom style '%s', expected atomic, charge, bond, angle, molecular or full",
                    f->scan->path, f->scan->line, mtp_span_quote(name).text);
  }
  *out = STYLE_ATOMIC;
  if (columns == 5 || columns == 8) return MTP_OK;
  return mtp_scan_fail(
      f->scan, "found %zu columns, expected 5 or 8 (atomic) or a style after the title: 'Atoms # charge'", columns);
}

static mtp_status read_atom(data_file *f, const words *w, style s, size_t i, size_t *id) {
  size_t x = style_columns[s].x, charge = style_columns[s].charge, type = 0;
  if (w->count != x + 3 && w->count != x + 6)
    return mtp_scan_fail(f->scan, "found %zu columns, expected %zu or %zu", w->count, x + 3, x + 6);
  if (!mtp_span_count(w->word[0], SIZE_MAX / 10, id))
    return mtp_scan_expected(f->scan, w->word[0], "the id of an atom");
  mtp_status status = read_type_number(f, w->word[style_columns[s].type], &type);
  f->cfg->species[i] = (int)type;
  for (size_t a = 0; a < 3 && status == MTP_OK; a++)
    if (!mtp_span_real(w->word[x + a], &f->cfg->x[3 * i + a]))
      status = mtp_scan_expected(f->scan, w->word[x + a], "a finite coordinate");
  if (charge && status == MTP_OK && !mtp_span_real(w->word[charge], &f->cfg->charge[i]))
    status = mtp_scan_expected(f->scan, w->word[charge], "a charge");
  return status;
}

static mtp_status read_atoms(data_file *f, mtp_span comment) {
  if (f->has_atoms) return mtp_scan_fail(f->scan, "found a second section Atoms, expected one");
  f->has_atoms = true;
  /* a wrong number must not claim all memory: an atom takes ten bytes of text at least */
  size_t most = (size_t)(f->scan->end - f->scan->next) / 10 + 1, n = f->size < most ? f->size : most;
  f->cfg = mtp_config_new(n);
  size_t *ids = mtp_calloc(n, sizeof *ids);
  mtp_status status = f->cfg && ids ? MTP_OK : mtp_fail_memory(f->scan->ctx);
  style s = STYLE_ATOMIC;
  for (size_t i = 0; i < f->size && status == MTP_OK; i++) {
    words w;
    if (!next_words(f->scan, &w))
      status = mtp_scan_fail(f->scan, "found the end of the file, expected atom %zu of %zu: the file is cut short",
                             i + 1, f->size);
    if (status == MTP_OK && i == 0) status = find_style(f, comment, w.count, &s);
    if (status == MTP_OK && i == 0 && style_columns[s].charge && !(f->cfg->charge = mtp_calloc(n, sizeof(double))))
      status = mtp_fail_memory(f->scan->ctx);
    if (status == MTP_OK) status = read_atom(f, &w, s, i, &ids[i]);
  }
  if (status == MTP_OK) status = mtp_lammps_sort(f->scan, f->cfg, ids);
  free(ids);
  return status;
}

static bool is_left_out(const words *w) {
  static const char *const names[] = {"Velocities", "Bonds", "Angles",    "Dihedrals", "Impropers",
                                      "Ellipsoids", "Lines", "Triangles", "Bodies"};
  for (size_t k = 0; k < sizeof names / sizeof *names; k++)
    if (words_are(w, 0, names[k])) return true;
  mtp_span last = w->word[w->count - 1];
  return w->count > 1 && (mtp_span_is(last, "Coeffs") || mtp_span_is(last, "Labels"));
}

static bool starts_section(const words *w) {
  char c = w->word[0].s[0];
  return c >= 'A' && c <= 'Z';
}

/* Everything up to the next section; leaves its title in `w`. */
static bool skip_section(data_file *f, words *w) {
  while (next_words(f->scan, w))
    if (starts_section(w)) return true;
  return false;
}

static mtp_status read_sections(data_file *f, words *w) {
  bool more = true;
  while (more) {
    mtp_status status = MTP_OK;
    if (words_are(w, 0, "Masses"))
      status = read_types(f, false);
    else if (words_are(w, 0, "Atom Type Labels"))
      status = read_types(f, true);
    else if (words_are(w, 0, "Atoms"))
      status = read_atoms(f, w->comment);
    else if (is_left_out(w)) {
      more = skip_section(f, w);
      continue;
    } else
      status = mtp_scan_expected(f->scan, w->word[0], "a section such as Masses or Atoms");
    if (status != MTP_OK) return status;
    more = next_words(f->scan, w);
  }
  return MTP_OK;
}

/* Gives all types their names in order, so that type i is the name i-1 also where a type has no atom. */
static mtp_status finish_species(data_file *f) {
  bool named = f->names != NULL;
  for (size_t t = 0; named && t < f->types; t++) named = f->names[t] != NULL;
  int *species = mtp_calloc(f->types, sizeof *species);
  if (!species) return mtp_fail_memory(f->scan->ctx);
  mtp_status status = MTP_OK;
  for (size_t t = 0; t < f->types && status == MTP_OK; t++) {
    char number[24];
    snprintf(number, sizeof number, "%zu", t);
    species[t] = mtp_config_set_species(f->set, named ? f->names[t] : number);
    if (species[t] < 0) status = mtp_fail_memory(f->scan->ctx);
  }
  for (size_t i = 0; i < f->cfg->n && status == MTP_OK; i++) f->cfg->species[i] = species[f->cfg->species[i]];
  free(species);
  return status;
}

static void finish_cell(data_file *f) {
  double *cell = f->cfg->cell;
  if (f->general)
    memcpy(cell, f->rows, sizeof f->rows);
  else {
    for (int d = 0; d < 3; d++) cell[4 * d] = f->high[d] - f->low[d];
    cell[3] = f->tilt[0];
    cell[6] = f->tilt[1];
    cell[7] = f->tilt[2];
  }
  memcpy(f->cfg->periodic, f->periodic, sizeof f->periodic);
}

static mtp_status read_file(data_file *f) {
  words w;
  bool more;
  mtp_status status = read_title(f);
  if (status != MTP_OK) return status;
  while ((more = next_words(f->scan, &w)) && !starts_section(&w)) {
    status = read_header_line(f, &w);
    if (status != MTP_OK) return status;
  }
  if (!f->has_size || !f->has_types)
    return mtp_scan_fail(f->scan, "found no number of %s, expected it in the header", f->has_size ? "types" : "atoms");
  if (!f->has_axis[0] || !f->has_axis[1] || !f->has_axis[2])
    return mtp_scan_fail(f->scan, "found no complete box, expected xlo xhi, ylo yhi, zlo zhi in the header");
  if (more) status = read_sections(f, &w);
  if (status == MTP_OK && f->size && !f->has_atoms)
    status = mtp_scan_fail(f->scan, "found the end of the file, expected the section Atoms: the file is cut short");
  if (status == MTP_OK && !f->cfg && !(f->cfg = mtp_config_new(0))) status = mtp_fail_memory(f->scan->ctx);
  if (status == MTP_OK) status = finish_species(f);
  if (status == MTP_OK) finish_cell(f);
  return status;
}

mtp_status mtp_lammps_data_parse(mtp_context *ctx, const char *path, const char *data, size_t size, size_t first_line,
                                 const mtp_read_options *options, mtp_config_set *set) {
  (void)options; /* one record that nobody appends to: half of it is an error in any case */
  mtp_scan scan = mtp_scan_start(ctx, path, data, size, first_line);
  data_file f = {.scan = &scan, .set = set};
  mtp_status status = read_file(&f);
  for (size_t t = 0; f.names && t < f.types; t++) free(f.names[t]);
  free(f.names);
  mtp_dropped_report(&f.dropped, ctx, scan.path, "columns that are not kept");
  if (status != MTP_OK) {
    mtp_config_free(f.cfg);
    return status;
  }
  set->dropped_tail = false;
  set->good_size = (long long)size;
  return mtp_config_set_append(ctx, set, f.cfg);
}
