/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/outcar.c
 * Reads OUTCAR line by line. It is a log for people: what counts is found by the words around it, and numbers are in
 * Fortran's fixed formats, so that two of them may touch. */
#include "config/outcar.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "config/units.h"
#include "support/support.h"

/* Decimals of the formats. */
enum { CELL_DECIMALS = 9, POSITION_DECIMALS = 5, FORCE_DECIMALS = 6, STRESS_DECIMALS = 5, ENERGY_DECIMALS = 8 };

/* Of the step that is being read. */
typedef struct step {
  mtp_span number; /* as printed */
  bool converged, has_stress;
  bool in_kilobar; /* the stress, else in eV */
  double virial[6];
  mtp_config *config; /* once there are forces */
} step;

/* Elements of the sections of the POTCAR, in order; "" where none can be told. */
typedef struct elements {
  char (*symbols)[3]; /* [count] */
  size_t count;
} elements;

typedef struct reader {
  mtp_scan scan;
  mtp_vasp_output *out;
  char vrhfin[3];               /* of a section without a TITEL that says more */
  elements titel, vrhfin_lines; /* NWRITE = 0 leaves both out */
  elements heads;               /* of lines "POTCAR:", in which each run of sections may come twice */
  size_t n;
  int *species;    /* [n] */
  bool has_counts; /* species are known */
  double cell[9];
  bool has_cell, in_stress;
  bool cut; /* no line is left that is whole */
  step now;
} reader;

/* ---- lines and numbers ---- */

/* A line that the end of the file cuts short may end in half a number. */
static bool next_line(reader *r) {
  r->cut = r->cut || !mtp_scan_line(&r->scan) || !mtp_scan_line_is_ended(&r->scan);
  return !r->cut;
}

static bool starts_with(mtp_span line, const char *words) {
  line = mtp_span_trim(line);
  size_t length = strlen(words);
  return line.n >= length && memcmp(line.s, words, length) == 0;
}

/* What follows the words in the line. */
static bool find_words(mtp_span line, const char *words, mtp_span *rest) {
  const char *at = memmem(line.s, line.n, words, strlen(words));
  if (!at) return false;
  at += strlen(words);
  *rest = (mtp_span){at, (size_t)(line.s + line.n - at)};
  return true;
}

static bool contains(mtp_span line, const char *words) {
  mtp_span rest;
  return find_words(line, words, &rest);
}

static size_t digits_at(mtp_span text, size_t at) {
  size_t count = 0;
  while (at + count < text.n && isdigit((unsigned char)text.s[at + count])) count++;
  return count;
}

/* Takes a number of a fixed format off the front. Where another one touches it without a sign, the number of decimals
 * tells where it ends. */
static mtp_status take_number(reader *r, size_t decimals, const char *what, double *value) {
  mtp_span rest = r->scan.rest, token = {rest.s, 0};
  while (rest.n && isspace((unsigned char)*rest.s)) rest.s++, rest.n--;
  size_t at = rest.n && (*rest.s == '-' || *rest.s == '+');
  at += digits_at(rest, at);
  if (at < rest.n && rest.s[at] == '.') {
    size_t count = digits_at(rest, at + 1);
    if (at + 1 + count < rest.n && rest.s[at + 1 + count] == '.' && count > decimals) count = decimals;
    at += 1 + count;
  }
  token = (mtp_span){rest.s, at};
  if (!mtp_span_real(token, value)) {
    mtp_span_token(&rest, &token);
    return mtp_scan_expected(&r->scan, token, what);
  }
  r->scan.rest = (mtp_span){rest.s + at, rest.n - at};
  return MTP_OK;
}

static mtp_status take_numbers(reader *r, size_t decimals, const char *what, double *values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    mtp_status status = take_number(r, decimals, what, values + i);
    if (status != MTP_OK) return status;
  }
  return MTP_OK;
}

/* ---- what the run is of ---- */

/* Reads a symbol such as Al at the front of a word such as Al_sv or H1.25. */
static bool take_symbol(mtp_span word, char symbol[3]) {
  size_t length = 0;
  while (length < word.n && isalpha((unsigned char)word.s[length])) length++;
  if (length < 1 || length > 2 || !isupper((unsigned char)word.s[0])) return false;
  if (length == 2 && !islower((unsigned char)word.s[1])) return false;
  memset(symbol, 0, 3);
  memcpy(symbol, word.s, length);
  return true;
}

bool mtp_vasp_titel(mtp_span line, char symbol[3]) {
  mtp_span rest, kind, word;
  if (!starts_with(line, "TITEL") || !find_words(line, "=", &rest)) return false;
  return mtp_span_token(&rest, &kind) && mtp_span_token(&rest, &word) && take_symbol(word, symbol);
}

bool mtp_vasp_vrhfin(mtp_span line, char symbol[3]) {
  mtp_span rest, word;
  if (!starts_with(line, "VRHFIN") || !find_words(line, "=", &rest)) return false;
  return mtp_span_token(&rest, &word) && take_symbol(word, symbol);
}

static mtp_status add_element(reader *r, elements *list, const char symbol[3]) {
  char(*larger)[3] = mtp_realloc(list->symbols, list->count + 1, sizeof *larger);
  if (!larger) return mtp_fail_memory(r->scan.ctx);
  list->symbols = larger;
  memcpy(larger[list->count++], symbol, sizeof *larger);
  return MTP_OK;
}

static mtp_status read_titel(reader *r) {
  char symbol[3];
  if (!mtp_vasp_titel(r->scan.rest, symbol)) memcpy(symbol, r->vrhfin, sizeof symbol);
  if (!symbol[0]) return mtp_scan_expected(&r->scan, mtp_span_trim(r->scan.rest), "a TITEL with an element");
  r->vrhfin[0] = 0;
  return add_element(r, &r->titel, symbol);
}

static mtp_status read_vrhfin(reader *r) {
  if (!mtp_vasp_vrhfin(r->scan.rest, r->vrhfin)) r->vrhfin[0] = 0;
  return add_element(r, &r->vrhfin_lines, r->vrhfin);
}

/* "POTCAR:    PAW_PBE Al 04Jan2001" */
static mtp_status read_head(reader *r, mtp_span rest) {
  char symbol[3] = "";
  mtp_span word;
  for (int k = 0; k < 2 && !symbol[0] && mtp_span_token(&rest, &word); k++)
    if (!take_symbol(word, symbol)) symbol[0] = 0;
  return add_element(r, &r->heads, symbol);
}

static mtp_status read_atom_count(reader *r, mtp_span rest) {
  mtp_span token;
  mtp_span_token(&rest, &token);
  if (r->n > 0) return mtp_scan_fail(&r->scan, "expected the output of one run, found the beginning of another");
  size_t most = (size_t)(r->scan.end - r->scan.begin); /* each has a line of its own */
  if (!mtp_span_count(token, most, &r->n) || r->n == 0)
    return mtp_scan_expected(&r->scan, token, "the number of atoms");
  r->species = mtp_calloc(r->n, sizeof *r->species);
  return r->species ? MTP_OK : mtp_fail_memory(r->scan.ctx);
}

enum { COUNTS_PER_LINE = 10, COUNT_WIDTH = 4 };

static bool counts_touch(mtp_span line, size_t expected) {
  mtp_span token;
  size_t found = 0;
  while (mtp_span_token(&line, &token)) found++;
  return found < (expected < COUNTS_PER_LINE ? expected : COUNTS_PER_LINE);
}

/* Takes a number of atoms off the front: a word, or what of it fills the first field if the next one touches it. */
static bool take_atom_count(mtp_span *rest, bool touching, mtp_span *token) {
  if (!mtp_span_token(rest, token)) return false;
  if (!touching || token->n <= COUNT_WIDTH) return true;
  const char *end = rest->s + rest->n;
  token->n = (token->n - 1) % COUNT_WIDTH + 1;
  *rest = (mtp_span){token->s + token->n, (size_t)(end - token->s) - token->n};
  return true;
}

/* Ten numbers of four columns stand in a line, one for each section of the POTCAR. *used: atoms of the first `sections`
 * of them, whose numbers go to r->species. */
static mtp_status take_atom_counts(reader *r, mtp_span rest, size_t sections, size_t *used) {
  bool touching = counts_touch(rest, sections);
  *used = 0;
  for (size_t k = 0; k < sections; k++) {
    mtp_span token;
    size_t count;
    while (!take_atom_count(&rest, touching, &token)) {
      if (!next_line(r)) return MTP_OK;
      rest = r->scan.rest;
      touching = counts_touch(rest, sections - k);
    }
    if (!mtp_span_count(token, r->n - *used, &count))
      return mtp_scan_expected(&r->scan, token, "the number of atoms of a type, together NIONS");
    for (size_t i = 0; i < count; i++) r->species[(*used)++] = (int)k;
  }
  return MTP_OK;
}

/* Does the list consist of its first `count` elements, once or several times? */
static bool repeats(const elements *list, size_t count) {
  if (list->count % count != 0) return false;
  for (size_t k = count; k < list->count; k++)
    if (strcmp(list->symbols[k], list->symbols[k - count]) != 0) return false;
  return true;
}

/* Places in the list become species. */
static mtp_status name_atoms(reader *r, const elements *list, size_t sections) {
  for (size_t k = 0; k < sections; k++) {
    if (!list->symbols[k][0])
      return mtp_scan_fail(
          &r->scan, "the element of type %zu is not known: expected it in a line TITEL, VRHFIN or POTCAR:", k + 1);
    const int species = mtp_config_set_species(r->out->steps, list->symbols[k]);
    if (species < 0) return mtp_fail_memory(r->scan.ctx);
    for (size_t i = 0; i < r->n; i++)
      if (r->species[i] == (int)k) r->species[i] = -1 - species;
  }
  for (size_t i = 0; i < r->n; i++) r->species[i] = -1 - r->species[i];
  r->has_counts = true;
  return MTP_OK;
}

static mtp_status read_atoms_per_type(reader *r, mtp_span rest) {
  const bool has_lines = r->titel.count || r->vrhfin_lines.count;
  const elements *list = r->titel.count ? &r->titel : r->vrhfin_lines.count ? &r->vrhfin_lines : &r->heads;
  const mtp_scan begin = r->scan;
  size_t used = 0;
  for (size_t sections = has_lines ? list->count : 1; sections <= list->count; sections++) {
    if (!has_lines && !repeats(list, sections)) continue;
    r->scan = begin;
    mtp_status status = take_atom_counts(r, rest, sections, &used);
    if (status != MTP_OK || r->cut) return status;
    if (used == r->n) return name_atoms(r, list, sections);
  }
  return mtp_scan_fail(&r->scan, "expected %zu atoms in %zu types, found %zu", r->n, list->count, used);
}

/* ---- what it found ---- */

static void begin_step(reader *r, mtp_span number) {
  mtp_config_free(r->now.config);
  r->now = (step){.number = number};
  r->out->begun++;
  r->out->last_is_complete = false;
  r->in_stress = false;
}

/* "Iteration    2(   1)": ionic and electronic step. */
static void read_iteration(reader *r, mtp_span rest) {
  size_t length = 0;
  while (length < rest.n && rest.s[length] != '(') length++;
  mtp_span number = mtp_span_trim((mtp_span){rest.s, length});
  rest = (mtp_span){rest.s + length, rest.n - length};
  bool same = r->out->begun > 0 && number.n == r->now.number.n && memcmp(number.s, r->now.number.s, number.n) == 0;
  bool overflown = number.n && *number.s == '*';
  if (!same || (overflown && starts_with(rest, "(   1)"))) begin_step(r, number);
  r->now.converged = r->out->last_converged = false;
  r->out->finished = false;
}

static void read_loop_end(reader *r) {
  r->now.converged = r->out->last_converged = contains(r->scan.rest, "because EDIFF is reached");
}

static mtp_status read_cell(reader *r) {
  for (size_t k = 0; k < 3; k++) {
    if (!next_line(r)) return MTP_OK;
    mtp_status status = take_numbers(r, CELL_DECIMALS, "a component of a lattice vector", r->cell + 3 * k, 3);
    if (status != MTP_OK) return status;
  }
  r->has_cell = true;
  return MTP_OK;
}

/* A row XX YY ZZ XY YZ ZX. "Total" is in eV; "in kB" serves where that line is missing. */
static mtp_status read_stress(reader *r, mtp_span rest, bool in_kilobar) {
  static const int position[6] = {0, 1, 2, 3, 5, 4}; /* xx yy zz xy xz yz */
  double row[6];
  r->scan.rest = rest;
  mtp_status status = take_numbers(r, STRESS_DECIMALS, "a component of the stress", row, 6);
  if (status != MTP_OK || (in_kilobar && r->now.has_stress)) return status;
  for (int k = 0; k < 6; k++) r->now.virial[k] = row[position[k]];
  r->now.has_stress = true;
  r->now.in_kilobar = in_kilobar;
  return MTP_OK;
}

static bool is_rule(mtp_span line) {
  return starts_with(line, "----");
}

static mtp_status read_forces(reader *r) {
  if (r->out->begun == 0 || !r->has_cell || r->n == 0)
    return mtp_scan_fail(&r->scan, "expected NIONS, lattice vectors and an iteration before the forces");
  if (!r->has_counts) return mtp_scan_fail(&r->scan, "expected 'ions per type =' before the forces");
  if (!next_line(r)) return MTP_OK;
  if (!is_rule(r->scan.rest)) return mtp_scan_expected(&r->scan, mtp_span_trim(r->scan.rest), "a line of -----");
  mtp_config *cfg = mtp_config_new(r->n);
  mtp_status status = cfg ? mtp_config_require_force(r->scan.ctx, cfg) : mtp_fail_memory(r->scan.ctx);
  for (size_t i = 0; status == MTP_OK && i < r->n && next_line(r); i++) {
    status = take_numbers(r, POSITION_DECIMALS, "a coordinate of an atom", cfg->x + 3 * i, 3);
    if (status == MTP_OK) status = take_numbers(r, FORCE_DECIMALS, "a component of a force", cfg->force + 3 * i, 3);
  }
  if (status == MTP_OK && next_line(r) && !is_rule(r->scan.rest))
    status = mtp_scan_fail(&r->scan, "expected a line of ----- after the forces of %zu atoms", r->n);
  if (status != MTP_OK || r->cut) {
    mtp_config_free(cfg);
    return status;
  }
  memcpy(cfg->cell, r->cell, sizeof cfg->cell);
  if (!(mtp_config_volume(cfg) > 0)) {
    mtp_config_free(cfg);
    return mtp_scan_fail(&r->scan, "expected lattice vectors that span a volume before the forces");
  }
  for (size_t i = 0; i < r->n; i++) cfg->species[i] = r->species[i];
  for (int k = 0; k < 3; k++) cfg->periodic[k] = true;
  mtp_config_free(r->now.config);
  r->now.config = cfg;
  return MTP_OK;
}

/* The free energy closes a step; it comes after forces and stress. */
static mtp_status end_step(reader *r, mtp_span rest) {
  double energy;
  r->scan.rest = rest;
  mtp_config *cfg = r->now.config;
  mtp_status status = take_number(r, ENERGY_DECIMALS, "the free energy", &energy);
  if (status != MTP_OK || !cfg) return status;
  mtp_vasp_output *out = r->out;
  bool *larger = mtp_realloc(out->converged, out->steps->n + 1, sizeof *larger);
  if (!larger) return mtp_fail_memory(r->scan.ctx);
  out->converged = larger;
  out->converged[out->steps->n] = r->now.converged;
  cfg->has_energy = true;
  cfg->energy = energy;
  cfg->has_virial = r->now.has_stress;
  double factor =
      r->now.in_kilobar ? mtp_config_volume(cfg) / MTP_VASP_KILOBAR : 1; /* the cell comes after the stress */
  for (int k = 0; k < 6; k++) cfg->virial[k] = factor * r->now.virial[k];
  cfg->line = (long long)r->scan.line;
  r->now.config = NULL;
  out->last_is_complete = true;
  return mtp_config_set_append(r->scan.ctx, out->steps, cfg);
}

static mtp_status read_line(reader *r) {
  mtp_span line = r->scan.rest, rest;
  if (starts_with(line, "VRHFIN")) return read_vrhfin(r);
  if (starts_with(line, "TITEL")) return read_titel(r);
  if (starts_with(line, "POTCAR:") && find_words(line, "POTCAR:", &rest)) return read_head(r, rest);
  if (find_words(line, "NIONS =", &rest)) return read_atom_count(r, rest);
  if (starts_with(line, "ions per type =") && find_words(line, "=", &rest)) return read_atoms_per_type(r, rest);
  if (starts_with(line, "direct lattice vectors")) return read_cell(r);
  if (is_rule(line) && find_words(line, " Iteration", &rest)) read_iteration(r, rest);
  if (is_rule(line) && contains(line, "aborting loop")) read_loop_end(r);
  if (starts_with(line, "FORCE on cell =-STRESS")) r->in_stress = true;
  if (r->in_stress && starts_with(line, "Total ") && find_words(line, "Total", &rest))
    return read_stress(r, rest, false);
  if (r->in_stress && starts_with(line, "in kB ") && find_words(line, "in kB", &rest)) {
    r->in_stress = false;
    return read_stress(r, rest, true);
  }
  /* VASP marks what a machine-learned field says by (ML) */
  if (starts_with(line, "POSITION") && contains(line, "TOTAL-FORCE") && !contains(line, "(ML)")) return read_forces(r);
  if (starts_with(line, "free  energy   TOTEN") && find_words(line, "=", &rest)) return end_step(r, rest);
  if (starts_with(line, "General timing and accounting")) r->out->finished = true;
  return MTP_OK;
}

static mtp_status read_text(mtp_context *ctx, const char *path, const char *text, size_t size, mtp_vasp_output *out) {
  reader r = {.scan = mtp_scan_start(ctx, path, text, size, 1), .out = out};
  mtp_status status = MTP_OK;
  while (status == MTP_OK && next_line(&r)) status = read_line(&r);
  mtp_config_free(r.now.config);
  free(r.titel.symbols);
  free(r.vrhfin_lines.symbols);
  free(r.heads.symbols);
  free(r.species);
  return status;
}

mtp_status mtp_vasp_outcar_parse(mtp_context *ctx, const char *path, const char *text, size_t size,
                                 mtp_vasp_output *out) {
  *out = (mtp_vasp_output){.steps = mtp_config_set_new()};
  mtp_status status = out->steps ? read_text(ctx, path, text, size, out) : mtp_fail_memory(ctx);
  if (status != MTP_OK) mtp_vasp_output_free(out);
  return status;
}

mtp_status mtp_vasp_outcar_read(mtp_context *ctx, const char *path, mtp_vasp_output *out) {
  *out = (mtp_vasp_output){0};
  char *text = NULL;
  size_t size = 0;
  mtp_status status = mtp_file_read(ctx, path, &text, &size);
  if (status == MTP_OK) status = mtp_vasp_outcar_parse(ctx, path, text, size, out);
  free(text);
  return status;
}

void mtp_vasp_output_free(mtp_vasp_output *out) {
  mtp_config_set_free(out->steps);
  free(out->converged);
  *out = (mtp_vasp_output){0};
}
