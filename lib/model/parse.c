/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/parse.c
 * Reads the potential part of .mtp, .almtp and .als files (spec 5.1). Tolerant about blanks, line ends, optional lines
 * and the order inside the header; strict about everything that carries meaning. Lists grow with what is really in the
 * file, so that a wrong count cannot make us allocate. After the first failure every step does nothing, and the caller
 * asks once at the end. */
#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

#define SHAPEEV_MAX_SIZE 12 /* the closed form was checked up to here, and files hold no more */

typedef struct parser {
  mtp_context *ctx;
  const char *path, *begin, *limit, *at;
  mtp_status status;
} parser;

typedef struct reals {
  double *data;
  size_t count, capacity;
} reals;

typedef struct ints {
  int *data;
  size_t count, capacity;
} ints;

/* What was read and cannot be put into the potential before its sizes are known. */
typedef struct draft {
  mtp_potential *pot;
  char *elements; /* the comma list, or NULL */
  int species_count;
  bool has_radial, has_species, has_moment;
  ints pairs; /* two labels a block */
  reals radial, species, moment;
} draft;

/* Messages: where, what was expected, what was there. */

static int line_of(const parser *p) {
  int line = 1;
  for (const char *c = p->begin; c < p->at; c++) line += *c == '\n';
  return line;
}

static void expected(parser *p, const char *what, const char *detail) {
  if (p->status != MTP_OK) return;
  char found[40] = "end of file";
  size_t n = 0;
  while (n < 24 && p->at + n < p->limit && isgraph((unsigned char)p->at[n])) n++;
  if (n > 0)
    snprintf(found, sizeof found, "'%.*s'", (int)n, p->at);
  else if (p->at < p->limit)
    snprintf(found, sizeof found, *p->at == '\n' || *p->at == '\r' ? "end of line" : "a stray byte");
  static const char magnetic[] = "magnetic";
  if (n >= sizeof magnetic - 1 && strncmp(p->at, magnetic, sizeof magnetic - 1) == 0)
    p->status =
        mtp_fail(p->ctx, MTP_ERR_UNSUPPORTED, "%s:%d: magnetic potentials are not supported", p->path, line_of(p));
  else
    p->status =
        mtp_fail(p->ctx, MTP_ERR_FORMAT, "%s:%d: expected %s%s, found %s", p->path, line_of(p), what, detail, found);
}

/* A value that was read well and makes no sense. */
static void refuse(parser *p, mtp_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void refuse(parser *p, mtp_status status, const char *format, ...) {
  if (p->status != MTP_OK) return;
  char reason[512];
  va_list args;
  va_start(args, format);
  vsnprintf(reason, sizeof reason, format, args);
  va_end(args);
  p->status = mtp_fail(p->ctx, status, "%s:%d: %s", p->path, line_of(p), reason);
}

static void out_of_memory(parser *p) {
  if (p->status == MTP_OK) p->status = mtp_fail_memory(p->ctx);
}

/* Bytes and words. */

static void skip_blanks(parser *p) {
  while (p->at < p->limit && (*p->at == ' ' || *p->at == '\t')) p->at++;
}

static void skip_space(parser *p) {
  while (p->at < p->limit && isspace((unsigned char)*p->at)) p->at++;
}

/* Consumes `word` if it is what comes next as a whole. */
static bool take_word(parser *p, const char *word) {
  if (p->status != MTP_OK) return false;
  skip_space(p);
  size_t n = strlen(word);
  if ((size_t)(p->limit - p->at) < n || memcmp(p->at, word, n) != 0) return false;
  const char *after = p->at + n;
  if (after < p->limit && (isalnum((unsigned char)*after) || *after == '_')) return false;
  p->at = after;
  return true;
}

/* Consumes `key =` and the blanks behind it. */
static bool take_key(parser *p, const char *key) {
  if (!take_word(p, key)) return false;
  skip_blanks(p);
  if (p->at == p->limit || *p->at != '=') {
    expected(p, "'=' after ", key);
    return false;
  }
  p->at++;
  skip_blanks(p);
  return true;
}

static void need_key(parser *p, const char *key) {
  if (!take_key(p, key)) expected(p, key, " = ...");
}

static bool take_byte(parser *p, char c) {
  if (p->status != MTP_OK) return false;
  skip_space(p);
  if (p->at == p->limit || *p->at != c) return false;
  p->at++;
  return true;
}

/* The rest of the line without surrounding blanks. */
static char *take_line(parser *p, const char *key) {
  if (p->status != MTP_OK) return NULL;
  const char *start = p->at;
  while (p->at < p->limit && *p->at != '\n') {
    if (iscntrl((unsigned char)*p->at) && *p->at != '\t' && *p->at != '\r') expected(p, "text in the line of ", key);
    if (p->status != MTP_OK) return NULL;
    p->at++;
  }
  const char *stop = p->at;
  while (stop > start && isspace((unsigned char)stop[-1])) stop--;
  size_t n = (size_t)(stop - start);
  char *text = mtp_calloc(n + 1, 1);
  if (!text) {
    out_of_memory(p);
    return NULL;
  }
  memcpy(text, start, n);
  return text;
}

/* Numbers are copied out first: the data need not end in a zero byte, and strtod knows words and hexadecimals. */
static bool take_number(parser *p, const char *characters, char *buffer, size_t size, const char *what) {
  if (p->status != MTP_OK) return false;
  skip_space(p);
  size_t n = 0;
  while (p->at + n < p->limit && n < size - 1 && p->at[n] && strchr(characters, p->at[n])) {
    buffer[n] = p->at[n];
    n++;
  }
  buffer[n] = 0;
  bool whole = p->at + n == p->limit || !isgraph((unsigned char)p->at[n]) || strchr(",}-", p->at[n]);
  if (n == 0 || !whole) expected(p, what, "");
  return n > 0 && whole;
}

static double take_real(parser *p, const char *what) {
  char buffer[64], *end;
  if (!take_number(p, "+-.0123456789eE", buffer, sizeof buffer, what)) return 0.0;
  double value = mtp_strtod(buffer, &end);
  if (*end || !isfinite(value)) {
    expected(p, what, " (a finite number)");
    return 0.0;
  }
  p->at += strlen(buffer);
  return value;
}

static int take_int(parser *p, const char *what) {
  char buffer[16], *end;
  bool negative = take_byte(p, '-');
  if (!take_number(p, "0123456789", buffer, sizeof buffer, what)) return 0;
  long value = strtol(buffer, &end, 10);
  if (*end || value > INT_MAX) {
    expected(p, what, " (an integer of 32 bits)");
    return 0;
  }
  p->at += strlen(buffer);
  return (int)(negative ? -value : value);
}

static int take_count(parser *p, const char *what, int low, int high) {
  const char *start = p->at;
  int value = take_int(p, what);
  if (p->status == MTP_OK && (value < low || value > high)) {
    p->at = start;
    refuse(p, MTP_ERR_FORMAT, "%s = %d: expected %d..%d", what, value, low, high);
  }
  return value;
}

/* Lists. */

static bool grow(parser *p, void **data, size_t count, size_t *capacity, size_t item) {
  if (p->status != MTP_OK) return false;
  if (count < *capacity) return true;
  size_t larger = *capacity ? 2 * *capacity : 64;
  void *moved = mtp_realloc(*data, larger, item);
  if (!moved) {
    out_of_memory(p);
    return false;
  }
  *data = moved;
  *capacity = larger;
  return true;
}

static void add_int(parser *p, ints *list, int value) {
  void *data = list->data;
  if (!grow(p, &data, list->count, &list->capacity, sizeof value)) return;
  list->data = data;
  list->data[list->count++] = value;
}

static void take_real_item(parser *p, void *list, const char *what) {
  reals *values = list;
  double value = take_real(p, what);
  void *data = values->data;
  if (!grow(p, &data, values->count, &values->capacity, sizeof value)) return;
  values->data = data;
  values->data[values->count++] = value;
}

static void take_int_item(parser *p, void *list, const char *what) {
  add_int(p, list, take_int(p, what));
}

/* {item, item, ...}; returns how many. */
static size_t take_list(parser *p, void (*item)(parser *, void *, const char *), void *list, const char *what) {
  size_t count = 0;
  if (!take_byte(p, '{')) expected(p, "'{' of ", what);
  if (take_byte(p, '}')) return 0;
  while (p->status == MTP_OK) {
    item(p, list, what);
    count++;
    if (take_byte(p, '}')) break;
    if (!take_byte(p, ',')) expected(p, "',' or '}' in ", what);
  }
  return count;
}

static void take_quadruple(parser *p, void *list, const char *what) {
  size_t count = take_list(p, take_int_item, list, what);
  if (p->status == MTP_OK && count != 4)
    refuse(p, MTP_ERR_FORMAT, "%s: expected four integers, found %zu", what, count);
}

static void need_count(parser *p, const char *what, size_t found, size_t wanted) {
  if (p->status == MTP_OK && found != wanted)
    refuse(p, MTP_ERR_FORMAT, "%s: expected %zu entries, found %zu", what, wanted, found);
}

/* `KEY_count = n` and `KEY = {{...}, ...}` with n entries, which go to *out. */
static int take_quadruples(parser *p, const char *count_key, const char *key, int (**out)[4]) {
  ints list = {0};
  need_key(p, count_key);
  int count = take_count(p, count_key, 0, INT_MAX / 4);
  need_key(p, key);
  need_count(p, key, take_list(p, take_quadruple, &list, key), (size_t)count);
  if (p->status == MTP_OK && !list.data && !(list.data = mtp_calloc(4, sizeof *list.data))) out_of_memory(p);
  *out = (int(*)[4])list.data; /* rows of four ints are exactly four ints in a row */
  return p->status == MTP_OK ? count : 0;
}

/* Header. */

/* As take_key, and at most once: `bit` of *seen says whether. */
static bool take_once(parser *p, const char *key, unsigned *seen, unsigned bit) {
  const char *start = p->at;
  if (!take_key(p, key)) return false;
  if (*seen & bit) {
    p->at = start;
    refuse(p, MTP_ERR_FORMAT, "%s is given twice", key);
    return false;
  }
  *seen |= bit;
  return true;
}

static void take_version(parser *p) {
  static const char known[] = "1.1.0";
  bool titled = take_word(p, "MTP");
  if (!take_key(p, "version")) {
    expected(p, titled ? "version = " : "'MTP' in the first line", titled ? known : "");
    return;
  }
  char *version = take_line(p, "version");
  if (version && strcmp(version, known) != 0)
    refuse(p, MTP_ERR_UNSUPPORTED, "version %.40s of the format is not supported, expected %s", version, known);
  free(version);
  if (!titled) {
    p->at = p->begin + mtp_potential_comments((size_t)(p->limit - p->begin), p->begin);
    expected(p, "'MTP' in the first line", "");
  }
}

static void take_scaling(parser *p, mtp_radial *radial) {
  const char *start = p->at;
  radial->scaling *= take_real(p, "scaling");
  if (p->status == MTP_OK && (!isfinite(radial->scaling) || radial->scaling == 0.0)) {
    p->at = start;
    expected(p, "a scaling that is not zero", "");
  }
}

static void take_name(parser *p, draft *d) {
  char *name = take_line(p, "potential_name");
  if (!name) return;
  for (const char *c = name; *c; c++)
    if (isspace((unsigned char)*c)) refuse(p, MTP_ERR_FORMAT, "potential_name: expected one word, found '%.60s'", name);
  if (!name[0]) { /* an empty name would swallow the next word in other readers, so it is not kept */
    free(name);
    return;
  }
  free(d->pot->name);
  d->pot->name = name;
}

/* Element names are one word `elements=A,B` among the words of the tag; the others are kept. */
static void take_tag(parser *p, draft *d) {
  static const char mark[] = "elements=";
  const size_t length = sizeof mark - 1;
  char *tag = take_line(p, "potential_tag");
  if (!tag) return;
  free(d->pot->tag);
  d->pot->tag = tag;
  char *word = tag;
  while ((word = strstr(word, mark)) && word > tag && !isspace((unsigned char)word[-1])) word += length;
  if (!word) return;
  size_t n = strcspn(word + length, " \t");
  d->elements = mtp_calloc(n + 1, 1);
  if (!d->elements) {
    out_of_memory(p);
    return;
  }
  memcpy(d->elements, word + length, n);
  char *rest = word + length + n;
  rest += strspn(rest, " \t");
  memmove(word, rest, strlen(rest) + 1);
  for (size_t end = strlen(tag); end > 0 && isspace((unsigned char)tag[end - 1]); end--) tag[end - 1] = 0;
}

static void take_header(parser *p, draft *d) {
  unsigned seen = 0;
  take_version(p);
  while (p->status == MTP_OK) {
    if (take_once(p, "potential_name", &seen, 1))
      take_name(p, d);
    else if (take_once(p, "scaling", &seen, 2))
      take_scaling(p, &d->pot->radial);
    else if (take_once(p, "species_count", &seen, 4))
      d->species_count = take_count(p, "species_count", 1, MTP_MAX_SPECIES);
    else if (take_once(p, "potential_tag", &seen, 8))
      take_tag(p, d);
    else
      break;
  }
}

/* Radial block. */

static void take_radial_type(parser *p, mtp_radial *radial) {
  need_key(p, "radial_basis_type");
  char *type = take_line(p, "radial_basis_type");
  if (!type) return;
  bool known = false;
  for (int t = MTP_RADIAL_CHEBYSHEV; t <= MTP_RADIAL_SHAPEEV && !known; t++) {
    radial->type = (mtp_radial_type)t;
    known = strcmp(type, mtp_radial_type_name(radial->type)) == 0;
  }
  if (!known)
    refuse(p, MTP_ERR_UNSUPPORTED,
           "radial_basis_type '%.60s' is not supported, expected RBChebyshev, RBChebyshev_repuls or RBShapeev", type);
  free(type);
}

/* The four keys that must be there, in any order, with the spellings of both generations. */
static void take_radial_keys(parser *p, mtp_potential *pot) {
  enum { SCALING = 1, MIN = 2, MAX = 4, SIZE = 8, COUNT = 16 };
  mtp_radial *radial = &pot->radial;
  unsigned seen = 0;
  while (p->status == MTP_OK) {
    if (take_once(p, "scaling", &seen, SCALING))
      take_scaling(p, radial);
    else if (take_once(p, "min_dist", &seen, MIN) || take_once(p, "min_val", &seen, MIN))
      radial->min_dist = take_real(p, "min_dist");
    else if (take_once(p, "max_dist", &seen, MAX) || take_once(p, "max_val", &seen, MAX))
      radial->max_dist = take_real(p, "max_dist");
    else if (take_once(p, "radial_basis_size", &seen, SIZE) || take_once(p, "basis_size", &seen, SIZE))
      radial->size = take_count(p, "radial_basis_size", 1,
                                radial->type == MTP_RADIAL_SHAPEEV ? SHAPEEV_MAX_SIZE : MTP_MAX_RADIAL_SIZE);
    else if (take_once(p, "radial_funcs_count", &seen, COUNT))
      pot->nradial = take_count(p, "radial_funcs_count", 1, 1000);
    else
      break;
  }
  if (!(seen & MIN)) expected(p, "min_dist = ...", "");
  if (!(seen & MAX)) expected(p, "max_dist = ...", "");
  if (!(seen & SIZE)) expected(p, "radial_basis_size = ...", "");
  if (!(seen & COUNT)) expected(p, "radial_funcs_count = ...", "");
  if (p->status == MTP_OK && !(radial->min_dist > 0.0 && radial->min_dist < radial->max_dist))
    refuse(p, MTP_ERR_FORMAT, "min_dist = %g and max_dist = %g: expected 0 < min_dist < max_dist", radial->min_dist,
           radial->max_dist);
}

static void take_radial_blocks(parser *p, draft *d) {
  const mtp_potential *pot = d->pot;
  if (!take_word(p, "radial_coeffs")) return;
  d->has_radial = true;
  skip_space(p);
  while (p->status == MTP_OK && p->at < p->limit && isdigit((unsigned char)*p->at)) {
    add_int(p, &d->pairs, take_int(p, "a pair such as 0-0"));
    if (!take_byte(p, '-')) expected(p, "'-' between two species", "");
    add_int(p, &d->pairs, take_int(p, "a pair such as 0-0"));
    for (int mu = 0; mu < pot->nradial && p->status == MTP_OK; mu++)
      need_count(p, "radial_coeffs", take_list(p, take_real_item, &d->radial, "radial_coeffs"),
                 (size_t)pot->radial.size);
    if (p->status == MTP_OK && d->pairs.count > 2 * MTP_MAX_SPECIES * MTP_MAX_SPECIES)
      refuse(p, MTP_ERR_FORMAT, "radial_coeffs: more than %d species", MTP_MAX_SPECIES);
    skip_space(p);
  }
  if (d->pairs.count == 0) expected(p, "a pair such as 0-0", "");
}

static int species_of_label(const mtp_potential *pot, int label) {
  for (int z = 0; z < pot->nspecies; z++)
    if (pot->labels[z] == label) return z;
  return -1;
}

/* Species are numbered by the first appearance of their label as a centre. */
static void settle_species(parser *p, draft *d) {
  mtp_potential *pot = d->pot;
  if (p->status != MTP_OK) return;
  if (!d->has_radial && d->species_count == 0) expected(p, "species_count (there are no radial_coeffs to count)", "");
  int room = d->species_count > MTP_MAX_SPECIES ? d->species_count : MTP_MAX_SPECIES;
  if (p->status == MTP_OK && !(pot->labels = mtp_calloc((size_t)room, sizeof *pot->labels))) out_of_memory(p);
  if (p->status != MTP_OK) return;
  if (!d->has_radial) {
    pot->nspecies = d->species_count;
    for (int z = 0; z < pot->nspecies; z++) pot->labels[z] = z;
    return;
  }
  for (size_t b = 0; b < d->pairs.count && p->status == MTP_OK; b += 2)
    if (species_of_label(pot, d->pairs.data[b]) < 0) {
      if (pot->nspecies == MTP_MAX_SPECIES)
        refuse(p, MTP_ERR_FORMAT, "radial_coeffs: more than %d species", MTP_MAX_SPECIES);
      else
        pot->labels[pot->nspecies++] = d->pairs.data[b];
    }
  if (p->status == MTP_OK && d->species_count && d->species_count != pot->nspecies)
    refuse(p, MTP_ERR_FORMAT, "radial_coeffs: expected blocks for %d species, found %d", d->species_count,
           pot->nspecies);
}

static void check_pairs(parser *p, const draft *d) {
  const mtp_potential *pot = d->pot;
  int n = pot->nspecies;
  if (p->status != MTP_OK) return;
  bool *seen = mtp_calloc((size_t)n * (size_t)n, sizeof *seen);
  if (!seen) out_of_memory(p);
  for (size_t b = 0; b < d->pairs.count && p->status == MTP_OK; b += 2) {
    const int *pair = d->pairs.data + b;
    int zi = species_of_label(pot, pair[0]), zj = species_of_label(pot, pair[1]);
    if (zj < 0)
      refuse(p, MTP_ERR_FORMAT, "radial_coeffs: pair %d-%d, but there are no pairs %d-...", pair[0], pair[1], pair[1]);
    else if (seen[zi * n + zj])
      refuse(p, MTP_ERR_FORMAT, "radial_coeffs: pair %d-%d is given twice", pair[0], pair[1]);
    else
      seen[zi * n + zj] = true;
  }
  for (int i = 0; i < n * n && p->status == MTP_OK; i++)
    if (!seen[i])
      refuse(p, MTP_ERR_FORMAT, "radial_coeffs: expected %d pairs, pair %d-%d is missing", n * n, pot->labels[i / n],
             pot->labels[i % n]);
  free(seen);
}

static void take_radial(parser *p, draft *d) {
  take_radial_type(p, &d->pot->radial);
  take_radial_keys(p, d->pot);
  if (p->status == MTP_OK) mtp_radial_prepare(&d->pot->radial);
  take_radial_blocks(p, d);
  settle_species(p, d);
  if (d->has_radial) check_pairs(p, d);
}

/* Index lists and linear coefficients. */

static void take_basis(parser *p, draft *d) {
  mtp_basis *basis = &d->pot->basis;
  need_key(p, "alpha_moments_count");
  basis->nmoments = take_count(p, "alpha_moments_count", 1, INT_MAX / 4);
  basis->nbasic = take_quadruples(p, "alpha_index_basic_count", "alpha_index_basic", &basis->basic);
  basis->ntimes = take_quadruples(p, "alpha_index_times_count", "alpha_index_times", &basis->times);
  ints mapping = {0};
  need_key(p, "alpha_scalar_moments");
  int count = take_count(p, "alpha_scalar_moments", 1, INT_MAX / 4);
  need_key(p, "alpha_moment_mapping");
  need_count(p, "alpha_moment_mapping", take_list(p, take_int_item, &mapping, "alpha_moment_mapping"), (size_t)count);
  basis->mapping = mapping.data;
  if (p->status != MTP_OK) return;
  basis->nscalars = count;
  p->status = mtp_basis_check(p->ctx, basis, d->pot->nradial, p->path);
}

static bool take_coefficients(parser *p, const char *key, reals *values, int count) {
  if (!take_key(p, key)) return false;
  need_count(p, key, take_list(p, take_real_item, values, key), (size_t)count);
  return true;
}

static void set_elements(parser *p, const draft *d) {
  if (!d->elements || p->status != MTP_OK) return;
  const char *names[MTP_MAX_SPECIES];
  int count = 0, commas = 0;
  for (const char *c = d->elements; *c; c++) commas += *c == ',';
  if (commas + 1 != d->pot->nspecies) {
    p->status = mtp_fail(p->ctx, MTP_ERR_FORMAT, "%s: potential_tag: expected %d element names, found elements=%.80s",
                         p->path, d->pot->nspecies, d->elements);
    return;
  }
  char *name = d->elements;
  while (count <= commas) {
    names[count++] = name;
    char *comma = strchr(name, ',');
    if (!comma) break;
    *comma = 0;
    name = comma + 1;
  }
  mtp_status status = mtp_potential_set_elements(p->ctx, d->pot, names);
  if (status == MTP_ERR_ARGUMENT)
    status = mtp_fail(p->ctx, MTP_ERR_FORMAT, "%s: potential_tag: %s", p->path, mtp_context_message(p->ctx));
  p->status = status;
}

static void set_parameters(parser *p, draft *d) {
  mtp_potential *pot = d->pot;
  if (p->status == MTP_OK) p->status = mtp_potential_allocate(p->ctx, pot);
  if (p->status != MTP_OK) return;
  if (!d->has_radial) {
    p->status = mtp_potential_init_radial(p->ctx, pot);
    if (p->status == MTP_ERR_ARGUMENT)
      p->status = mtp_fail(p->ctx, MTP_ERR_FORMAT, "%s: %s", p->path, mtp_context_message(p->ctx));
  }
  size_t block = (size_t)pot->nradial * (size_t)pot->radial.size;
  for (size_t b = 0; 2 * b < d->pairs.count; b++) {
    int zi = species_of_label(pot, d->pairs.data[2 * b]), zj = species_of_label(pot, d->pairs.data[2 * b + 1]);
    memcpy(pot->params + mtp_offset_radial(pot, zi, zj), d->radial.data + b * block, block * sizeof(double));
  }
  pot->trained = d->has_radial && d->has_species && d->has_moment;
  if (pot->trained) {
    memcpy(pot->params + mtp_offset_species(pot), d->species.data, d->species.count * sizeof(double));
    memcpy(pot->params + mtp_offset_moment(pot), d->moment.data, d->moment.count * sizeof(double));
  } else if (d->has_species || d->has_moment)
    mtp_message(p->ctx, MTP_WARNING, "%s: some coefficients are missing: the potential counts as untrained", p->path);
}

static void take_potential(parser *p, draft *d, size_t *end) {
  mtp_potential *pot = d->pot;
  pot->radial.scaling = 1.0;
  pot->name = mtp_strdup("MTP1m");
  pot->tag = mtp_strdup("");
  if (!pot->name || !pot->tag) out_of_memory(p);
  take_header(p, d);
  take_radial(p, d);
  take_basis(p, d);
  d->has_species = take_coefficients(p, "species_coeffs", &d->species, pot->nspecies);
  d->has_moment = take_coefficients(p, "moment_coeffs", &d->moment, pot->basis.nscalars);
  if (end) *end = (size_t)(p->at - p->begin);
  skip_space(p);
  if (p->status == MTP_OK && p->at < p->limit) {
    const char *missing = d->has_moment    ? ""
                          : d->has_species ? "moment_coeffs or "
                                           : "species_coeffs, moment_coeffs or ";
    expected(p, missing, "the end of the potential");
  }
  set_elements(p, d);
  set_parameters(p, d);
}

mtp_status mtp_potential_parse(mtp_context *ctx, const char *path, const char *data, size_t size, mtp_potential **out,
                               size_t *end) {
  *out = NULL;
  parser p = {.ctx = ctx, .path = path, .begin = data, .at = data, .limit = data + size};
  const char *section = mtp_potential_section(data, size);
  if (section) p.limit = section;
  p.at += mtp_potential_comments(size, data);
  draft d = {.pot = mtp_calloc(1, sizeof(mtp_potential))};
  size_t used = 0;
  if (!d.pot) return mtp_fail_memory(ctx);
  take_potential(&p, &d, &used);
  free(d.elements);
  free(d.pairs.data);
  free(d.radial.data);
  free(d.species.data);
  free(d.moment.data);
  if (p.status != MTP_OK) {
    mtp_potential_free(d.pot);
    return p.status;
  }
  if (end) *end = used;
  *out = d.pot;
  return MTP_OK;
}
