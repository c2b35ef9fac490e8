/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/poscar.c
 * POSCAR and CONTCAR of VASP, read and written. */
#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "config/species.h"

enum { MAX_TYPES = 128 };

typedef struct reader {
  mtp_scan scan;
  mtp_config_set *set;
  mtp_config *cfg;
  mtp_span title;
  double scale[3];
  size_t types, counts[MAX_TYPES], n;
  int species[MAX_TYPES];
  bool named, cartesian, has_flags;
  mtp_dropped dropped;
} reader;

/* ---- reading ---- */

/* Everything that follows on a line is a comment once a word begins so. */
static bool take_word(reader *r, mtp_span *word) {
  return mtp_span_token(&r->scan.rest, word) && word->s[0] != '!' && word->s[0] != '#';
}

static mtp_status next_line(reader *r, const char *what) {
  mtp_span none = {0};
  return mtp_scan_line(&r->scan) ? MTP_OK : mtp_scan_expected(&r->scan, none, what);
}

static mtp_status take_reals(reader *r, double *values, size_t count, const char *what) {
  for (size_t k = 0; k < count; k++) {
    mtp_span word = {0};
    if (!take_word(r, &word) || !mtp_span_real(word, &values[k])) return mtp_scan_expected(&r->scan, word, what);
  }
  return MTP_OK;
}

/* One factor for all, one for each axis, or minus the volume. */
static mtp_status read_scale(reader *r) {
  mtp_status status = next_line(r, "the scaling factor");
  if (status == MTP_OK) status = take_reals(r, r->scale, 1, "the scaling factor");
  if (status != MTP_OK) return status;
  r->scale[1] = r->scale[2] = r->scale[0];
  mtp_span word;
  if (take_word(r, &word)) {
    if (!mtp_span_real(word, &r->scale[1])) return mtp_scan_expected(&r->scan, word, "one or three scaling factors");
    status = take_reals(r, &r->scale[2], 1, "one or three scaling factors");
    if (status != MTP_OK) return status;
    for (int a = 0; a < 3; a++)
      if (!(r->scale[a] > 0)) return mtp_scan_fail(&r->scan, "found three scaling factors, expected positive ones");
  }
  return r->scale[0] != 0 ? MTP_OK : mtp_scan_fail(&r->scan, "found the scaling factor 0");
}

static mtp_status read_cell(reader *r) {
  mtp_status status = read_scale(r);
  double *cell = r->cfg->cell;
  for (size_t d = 0; d < 3 && status == MTP_OK; d++) {
    status = next_line(r, "a lattice vector");
    if (status == MTP_OK) status = take_reals(r, cell + 3 * d, 3, "three numbers of a lattice vector");
  }
  if (status != MTP_OK) return status;
  const double volume = mtp_config_volume(r->cfg);
  if (!(volume > 0)) return mtp_scan_fail(&r->scan, "found lattice vectors that span no volume");
  if (r->scale[0] < 0) r->scale[0] = r->scale[1] = r->scale[2] = cbrt(-r->scale[0] / volume);
  for (int k = 0; k < 9; k++) cell[k] *= r->scale[k % 3];
  for (int d = 0; d < 3; d++) r->cfg->periodic[d] = true;
  return MTP_OK;
}

/* The element of a word such as Al, Al_sv or Al/5f2e (of VASP 6.4, with a hash of the potential). */
static mtp_span element_of(mtp_span word) {
  for (size_t k = 0; k < word.n; k++)
    if (word.s[k] == '_' || word.s[k] == '/') return (mtp_span){word.s, k};
  return word;
}

static bool is_element(mtp_span name) {
  char symbol[4] = "";
  if (name.n < 1 || name.n > 2) return false;
  memcpy(symbol, name.s, name.n);
  return mtp_element_number(symbol) > 0;
}

static mtp_status add_type(reader *r, mtp_span name) {
  if (r->types == MAX_TYPES) return mtp_scan_fail(&r->scan, "found more than %d types", MAX_TYPES);
  r->species[r->types] = mtp_set_species_of(r->set, name);
  return r->species[r->types++] < 0 ? mtp_fail_memory(r->scan.ctx) : MTP_OK;
}

/* The line of names that VASP 5 has and VASP 4 has not. */
static mtp_status read_names(reader *r) {
  mtp_status status = next_line(r, "names of elements, or numbers of atoms");
  mtp_span line = r->scan.rest, word;
  if (status != MTP_OK) return status;
  if (!take_word(r, &word)) return mtp_scan_expected(&r->scan, word, "names of elements, or numbers of atoms");
  r->named = !isdigit((unsigned char)word.s[0]);
  if (!r->named) {
    r->scan.rest = line;
    return MTP_OK;
  }
  do {
    mtp_span name = element_of(word);
    if (!is_element(name)) return mtp_scan_expected(&r->scan, word, "the symbol of an element");
    status = add_type(r, name);
  } while (status == MTP_OK && take_word(r, &word));
  return status == MTP_OK ? next_line(r, "numbers of atoms") : status;
}

static mtp_status read_counts(reader *r) {
  mtp_span word;
  size_t types = 0;
  const size_t most = (size_t)(r->scan.end - r->scan.next) / 5 + 1; /* an atom takes five bytes of text at least */
  for (; take_word(r, &word); types++) {
    if (types == MAX_TYPES || !mtp_span_count(word, INT_MAX, &r->counts[types]))
      return mtp_scan_expected(&r->scan, word, "numbers of atoms");
    if (r->counts[types] > most - r->n)
      return mtp_scan_fail(&r->scan, "found %zu atoms, more than the rest of the file can hold: is it cut short?",
                           r->n + r->counts[types]);
    r->n += r->counts[types];
  }
  if (types == 0 || (r->named && types != r->types))
    return mtp_scan_fail(&r->scan, "found %zu numbers of atoms, expected %zu, as there are names", types,
                         r->named ? r->types : 1);
  if (r->named) return MTP_OK;
  /* VASP 4: by custom the title has the elements */
  mtp_span title = r->title, names[MAX_TYPES];
  size_t known = 0;
  while (known < types && mtp_span_token(&title, &word) && is_element(names[known] = element_of(word))) known++;
  const bool by_title = known == types;
  if (!by_title)
    mtp_message(r->scan.ctx, MTP_WARNING, "%s:1: no line names the elements, nor does the title: types are 0, 1, ...",
                r->scan.path);
  mtp_status status = MTP_OK;
  for (size_t t = 0; t < types && status == MTP_OK; t++) {
    char number[24];
    snprintf(number, sizeof number, "%zu", t);
    status = add_type(r, by_title ? names[t] : (mtp_span){number, strlen(number)});
  }
  return status;
}

static mtp_status read_mode(reader *r) {
  mtp_span word = {0};
  mtp_status status = next_line(r, "Direct or Cartesian");
  take_word(r, &word);
  if (status == MTP_OK && word.n && tolower((unsigned char)word.s[0]) == 's') {
    static const char flags[] = "selective dynamics";
    mtp_dropped_add(&r->dropped, (mtp_span){flags, sizeof flags - 1});
    r->has_flags = true;
    status = next_line(r, "Direct or Cartesian");
    take_word(r, &word);
  }
  if (status != MTP_OK) return status;
  if (!word.n || !strchr("dDcCkK", word.s[0])) return mtp_scan_expected(&r->scan, word, "Direct or Cartesian");
  r->cartesian = tolower((unsigned char)word.s[0]) != 'd';
  mtp_span more;
  if (mtp_span_token(&r->scan.rest, &more) && mtp_span_is_ignoring_case(more, "configuration="))
    return mtp_fail(
        r->scan.ctx, MTP_ERR_UNSUPPORTED,
        "%s:%zu: found an XDATCAR, expected one configuration: vasprun.xml and OUTCAR have all, with labels",
        r->scan.path, r->scan.line);
  return MTP_OK;
}

static mtp_status read_atom(reader *r, size_t i) {
  double s[3], *x = r->cfg->x + 3 * i;
  const double *cell = r->cfg->cell;
  mtp_span word;
  if (!mtp_scan_line(&r->scan))
    return mtp_scan_fail(&r->scan, "found the end of the file, expected atom %zu of %zu: the file is cut short", i + 1,
                         r->n);
  mtp_status status = take_reals(r, s, 3, "three coordinates of an atom");
  for (int k = 0; k < 3 && r->has_flags && status == MTP_OK; k++)
    if (!take_word(r, &word) || !strchr("TtFf.", word.s[0])) status = mtp_scan_expected(&r->scan, word, "T or F");
  for (int a = 0; a < 3 && status == MTP_OK; a++)
    x[a] = r->cartesian ? s[a] * r->scale[a] : s[0] * cell[a] + s[1] * cell[3 + a] + s[2] * cell[6 + a];
  return status;
}

static mtp_status read_atoms(reader *r) {
  mtp_config *with_atoms = mtp_config_new(r->n);
  if (!with_atoms) return mtp_fail_memory(r->scan.ctx);
  memcpy(with_atoms->cell, r->cfg->cell, sizeof with_atoms->cell);
  memcpy(with_atoms->periodic, r->cfg->periodic, sizeof with_atoms->periodic);
  mtp_config_free(r->cfg);
  r->cfg = with_atoms;
  size_t i = 0;
  mtp_status status = MTP_OK;
  for (size_t t = 0; t < r->types; t++)
    for (size_t k = 0; k < r->counts[t] && status == MTP_OK; k++, i++) {
      r->cfg->species[i] = r->species[t];
      status = read_atom(r, i);
    }
  if (status != MTP_OK || !mtp_scan_line(&r->scan)) return status;
  static const char velocities[] = "velocities";
  mtp_span word;
  double value;
  if (mtp_span_token(&r->scan.rest, &word) && mtp_span_real(word, &value))
    return mtp_scan_fail(&r->scan, "found one more line of numbers after %zu atoms, expected the end or a blank line",
                         r->n);
  if (word.n || mtp_scan_filled_line(&r->scan))
    mtp_dropped_add(&r->dropped, (mtp_span){velocities, sizeof velocities - 1});
  return status;
}

static mtp_status keep_title(reader *r) {
  char *title = r->title.n && !memchr(r->title.s, 0, r->title.n) ? mtp_span_copy(r->title) : NULL;
  mtp_status status = title ? mtp_config_set_feature(r->scan.ctx, r->cfg, "comment", title) : MTP_OK;
  free(title);
  return status;
}

mtp_status mtp_poscar_parse(mtp_context *ctx, const char *path, const char *data, size_t size, size_t first_line,
                            const mtp_read_options *options, mtp_config_set *set) {
  (void)options; /* one record that nobody appends to: half of it is an error in any case */
  reader r = {.scan = mtp_scan_start(ctx, path, data, size, first_line), .set = set, .cfg = mtp_config_new(0)};
  mtp_status status = r.cfg ? next_line(&r, "a title") : mtp_fail_memory(ctx);
  r.title = mtp_span_trim(r.scan.rest);
  if (status == MTP_OK) status = read_cell(&r);
  if (status == MTP_OK) status = read_names(&r);
  if (status == MTP_OK) status = read_counts(&r);
  if (status == MTP_OK) status = read_mode(&r);
  if (status == MTP_OK) status = read_atoms(&r);
  if (status == MTP_OK) status = keep_title(&r);
  mtp_dropped_report(&r.dropped, ctx, r.scan.path, "not kept");
  if (status != MTP_OK) {
    mtp_config_free(r.cfg);
    return status;
  }
  r.cfg->line = (long long)first_line;
  set->dropped_tail = false;
  set->good_size = (long long)size;
  return mtp_config_set_append(ctx, set, r.cfg);
}

bool mtp_poscar_looks_like(mtp_scan scan) {
  double value;
  mtp_span word;
  if (!mtp_scan_line(&scan) || !mtp_scan_line(&scan)) return false;
  if (!mtp_span_token(&scan.rest, &word) || !mtp_span_real(word, &value)) return false;
  for (int d = 0; d < 3; d++) {
    if (!mtp_scan_line(&scan)) return false;
    for (int a = 0; a < 3; a++)
      if (!mtp_span_token(&scan.rest, &word) || !mtp_span_real(word, &value)) return false;
    if (mtp_span_token(&scan.rest, &word) && mtp_span_real(word, &value)) return false;
  }
  return mtp_scan_line(&scan) && mtp_span_token(&scan.rest, &word) && isalnum((unsigned char)word.s[0]);
}

/* ---- writing ---- */

static void lose(mtp_writer *w, bool there, const char *name) {
  if (there) mtp_dropped_add(&w->lost, (mtp_span){name, strlen(name)});
}

static void note_losses(mtp_writer *w, const mtp_config *cfg) {
  lose(w, cfg->has_energy, "energy");
  lose(w, cfg->has_virial, "virial");
  lose(w, cfg->force != NULL, "forces");
  lose(w, cfg->site_energy != NULL, "site_energy");
  lose(w, cfg->grade || cfg->has_max_grade, "grade");
  lose(w, cfg->force_error != NULL, "force_error");
  lose(w, cfg->charge != NULL, "initial_charges");
  lose(w, cfg->ghost != NULL, "ghost");
  lose(w, cfg->force_mask != NULL, "force_mask");
  lose(w, !cfg->periodic[0] || !cfg->periodic[1] || !cfg->periodic[2], "directions that are not periodic");
  for (size_t k = 0; k < cfg->feature_count; k++)
    lose(w, strcmp(cfg->features[k].key, "comment") != 0, cfg->features[k].key);
}

/* VASP demands a right-handed cell; the lattice of the negative vectors is the same. */
static void write_cell(mtp_writer *w, const mtp_config *cfg) {
  double normal[3], row[3];
  mtp_cross(cfg->cell, cfg->cell + 3, normal);
  const double sign = mtp_dot(normal, cfg->cell + 6) < 0 ? -1 : 1;
  for (int d = 0; d < 3; d++) {
    for (int a = 0; a < 3; a++) row[a] = sign * cfg->cell[3 * d + a];
    mtp_write_reals(w, " ", row, 3);
    mtp_text_add(&w->text, "\n");
  }
}

static size_t count_of(const mtp_config *cfg, int species) {
  size_t count = 0;
  for (size_t i = 0; i < cfg->n; i++) count += cfg->species[i] == species;
  return count;
}

mtp_status mtp_poscar_write(mtp_writer *w, const mtp_config *cfg) {
  bool elements = true;
  if (cfg->n == 0 || !(mtp_config_volume(cfg) > 0))
    return mtp_fail(w->ctx, MTP_ERR_ARGUMENT, "a POSCAR needs atoms and a cell of three lattice vectors");
  for (int s = 0; s < w->species_count; s++) elements = elements && mtp_element_number(w->names[s]) > 0;
  note_losses(w, cfg);
  const char *title = mtp_config_get_feature(cfg, "comment");
  if (!elements) title = NULL; /* it would be taken for a list of elements, should it begin like one */
  mtp_text_add(&w->text, "%.*s\n1.0\n", title ? (int)strcspn(title, "\r\n") : 17, title ? title : "one configuration");
  write_cell(w, cfg);
  for (int s = 0; s < w->species_count && elements; s++)
    if (count_of(cfg, s)) mtp_text_add(&w->text, " %s", w->names[s]);
  if (elements)
    mtp_text_add(&w->text, "\n");
  else
    lose(w, true, "names that are no elements");
  for (int s = 0; s < w->species_count; s++)
    if (count_of(cfg, s)) mtp_text_add(&w->text, " %zu", count_of(cfg, s));
  mtp_text_add(&w->text, "\nCartesian\n");
  for (int s = 0; s < w->species_count; s++)
    for (size_t i = 0; i < cfg->n; i++) {
      if (cfg->species[i] != s) continue;
      mtp_write_reals(w, " ", cfg->x + 3 * i, 3);
      mtp_text_add(&w->text, "\n");
    }
  return MTP_OK;
}
