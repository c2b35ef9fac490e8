/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/parse.c
 * Reads the potential part of .mtp, .almtp and .als files (spec 5.1). Tolerant about blanks, line ends, optional lines
 * and the order inside the header; strict about everything that carries meaning. Words, numbers and lists are read
 * in parser.c. */
#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "model/parser.h"

#define SHAPEEV_MAX_SIZE 12 /* the closed form was checked up to here, and files hold no more */

/* What was read and cannot be put into the potential before its sizes are known. */
typedef struct draft {
  mtp_potential *pot;
  char *elements; /* the comma list, or NULL */
  int species_count;
  bool has_radial, has_species, has_moment;
  mtp_ints pairs; /* two labels a block */
  mtp_reals radial, species, moment;
} draft;

/* Header. */

/* As mtp_parse_key, and at most once: `bit` of *seen says whether. */
static bool read_once(mtp_model_reader *p, const char *key, unsigned *seen, unsigned bit) {
  const char *start = p->at;
  if (!mtp_parse_key(p, key)) return false;
  if (*seen & bit) {
    p->at = start;
    mtp_parse_refuse(p, MTP_ERR_FORMAT, "%s is given twice", key);
    return false;
  }
  *seen |= bit;
  return true;
}

static void read_version(mtp_model_reader *p) {
  static const char known[] = "1.1.0";
  bool titled = mtp_parse_word(p, "MTP");
  if (!mtp_parse_key(p, "version")) {
    mtp_parse_expected(p, titled ? "version = " : "'MTP' in the first line", titled ? known : "");
    return;
  }
  char *version = mtp_parse_line(p, "version");
  if (version && strcmp(version, known) != 0)
    mtp_parse_refuse(p, MTP_ERR_UNSUPPORTED, "version %.40s of the format is not supported, expected %s", version,
                     known);
  free(version);
  if (!titled) {
    p->at = p->begin + mtp_potential_comments((size_t)(p->limit - p->begin), p->begin);
    mtp_parse_expected(p, "'MTP' in the first line", "");
  }
}

static void read_scaling(mtp_model_reader *p, mtp_radial *radial) {
  const char *start = p->at;
  radial->scaling *= mtp_parse_real(p, "scaling");
  if (p->status == MTP_OK && (!isfinite(radial->scaling) || radial->scaling == 0.0)) {
    p->at = start;
    mtp_parse_expected(p, "a scaling that is not zero", "");
  }
}

static void read_name(mtp_model_reader *p, draft *d) {
  char *name = mtp_parse_line(p, "potential_name");
  if (!name) return;
  for (const char *c = name; *c; c++)
    if (isspace((unsigned char)*c))
      mtp_parse_refuse(p, MTP_ERR_FORMAT, "potential_name: expected one word, found '%.60s'", name);
  if (!name[0]) { /* an empty name would swallow the next word in other readers, so it is not kept */
    free(name);
    return;
  }
  free(d->pot->name);
  d->pot->name = name;
}

/* Element names are one word `elements=A,B` among the words of the tag; the others are kept. */
static void read_tag(mtp_model_reader *p, draft *d) {
  static const char mark[] = "elements=";
  const size_t length = sizeof mark - 1;
  char *tag = mtp_parse_line(p, "potential_tag");
  if (!tag) return;
  free(d->pot->tag);
  d->pot->tag = tag;
  char *word = tag;
  while ((word = strstr(word, mark)) && word > tag && !isspace((unsigned char)word[-1])) word += length;
  if (!word) return;
  size_t n = strcspn(word + length, " \t");
  d->elements = mtp_calloc(n + 1, 1);
  if (!d->elements) {
    mtp_parse_out_of_memory(p);
    return;
  }
  memcpy(d->elements, word + length, n);
  char *rest = word + length + n;
  rest += strspn(rest, " \t");
  memmove(word, rest, strlen(rest) + 1);
  for (size_t end = strlen(tag); end > 0 && isspace((unsigned char)tag[end - 1]); end--) tag[end - 1] = 0;
}

static void read_header(mtp_model_reader *p, draft *d) {
  unsigned seen = 0;
  read_version(p);
  while (p->status == MTP_OK) {
    if (read_once(p, "potential_name", &seen, 1))
      read_name(p, d);
    else if (read_once(p, "scaling", &seen, 2))
      read_scaling(p, &d->pot->radial);
    else if (read_once(p, "species_count", &seen, 4))
      d->species_count = mtp_parse_count(p, "species_count", 1, MTP_MAX_SPECIES);
    else if (read_once(p, "potential_tag", &seen, 8))
      read_tag(p, d);
    else
      break;
  }
}

/* Radial block. */

static void read_radial_type(mtp_model_reader *p, mtp_radial *radial) {
  mtp_parse_need_key(p, "radial_basis_type");
  char *type = mtp_parse_line(p, "radial_basis_type");
  if (!type) return;
  bool known = false;
  for (int t = MTP_RADIAL_CHEBYSHEV; t <= MTP_RADIAL_SHAPEEV && !known; t++) {
    radial->type = (mtp_radial_type)t;
    known = strcmp(type, mtp_radial_type_name(radial->type)) == 0;
  }
  if (!known)
    mtp_parse_refuse(
        p, MTP_ERR_UNSUPPORTED,
        "radial_basis_type '%.60s' is not supported, expected RBChebyshev, RBChebyshev_repuls or RBShapeev", type);
  free(type);
}

/* The four keys that must be there, in any order, with the spellings of both generations. */
static void read_radial_keys(mtp_model_reader *p, mtp_potential *pot) {
  enum { SCALING = 1, MIN = 2, MAX = 4, SIZE = 8, COUNT = 16 };
  mtp_radial *radial = &pot->radial;
  unsigned seen = 0;
  while (p->status == MTP_OK) {
    if (read_once(p, "scaling", &seen, SCALING))
      read_scaling(p, radial);
    else if (read_once(p, "min_dist", &seen, MIN) || read_once(p, "min_val", &seen, MIN))
      radial->min_dist = mtp_parse_real(p, "min_dist");
    else if (read_once(p, "max_dist", &seen, MAX) || read_once(p, "max_val", &seen, MAX))
      radial->max_dist = mtp_parse_real(p, "max_dist");
    else if (read_once(p, "radial_basis_size", &seen, SIZE) || read_once(p, "basis_size", &seen, SIZE))
      radial->size = mtp_parse_count(p, "radial_basis_size", 1,
                                     radial->type == MTP_RADIAL_SHAPEEV ? SHAPEEV_MAX_SIZE : MTP_MAX_RADIAL_SIZE);
    else if (read_once(p, "radial_funcs_count", &seen, COUNT))
      pot->nradial = mtp_parse_count(p, "radial_funcs_count", 1, 1000);
    else
      break;
  }
  if (!(seen & MIN)) mtp_parse_expected(p, "min_dist = ...", "");
  if (!(seen & MAX)) mtp_parse_expected(p, "max_dist = ...", "");
  if (!(seen & SIZE)) mtp_parse_expected(p, "radial_basis_size = ...", "");
  if (!(seen & COUNT)) mtp_parse_expected(p, "radial_funcs_count = ...", "");
  if (p->status == MTP_OK && !(radial->min_dist > 0.0 && radial->min_dist < radial->max_dist))
    mtp_parse_refuse(p, MTP_ERR_FORMAT, "min_dist = %g and max_dist = %g: expected 0 < min_dist < max_dist",
                     radial->min_dist, radial->max_dist);
}

static void read_radial_blocks(mtp_model_reader *p, draft *d) {
  const mtp_potential *pot = d->pot;
  if (!mtp_parse_word(p, "radial_coeffs")) return;
  d->has_radial = true;
  mtp_parse_skip_space(p);
  while (p->status == MTP_OK && p->at < p->limit && isdigit((unsigned char)*p->at)) {
    mtp_parse_add_int(p, &d->pairs, mtp_parse_int(p, "a pair such as 0-0"));
    if (!mtp_parse_byte(p, '-')) mtp_parse_expected(p, "'-' between two species", "");
    mtp_parse_add_int(p, &d->pairs, mtp_parse_int(p, "a pair such as 0-0"));
    for (int mu = 0; mu < pot->nradial && p->status == MTP_OK; mu++)
      mtp_parse_need_count(p, "radial_coeffs", mtp_parse_list(p, mtp_parse_real_item, &d->radial, "radial_coeffs"),
                           (size_t)pot->radial.size);
    if (p->status == MTP_OK && d->pairs.count > 2 * MTP_MAX_SPECIES * MTP_MAX_SPECIES)
      mtp_parse_refuse(p, MTP_ERR_FORMAT, "radial_coeffs: more than %d species", MTP_MAX_SPECIES);
    mtp_parse_skip_space(p);
  }
  if (d->pairs.count == 0) mtp_parse_expected(p, "a pair such as 0-0", "");
}

static int species_of_label(const mtp_potential *pot, int label) {
  for (int z = 0; z < pot->nspecies; z++)
    if (pot->labels[z] == label) return z;
  return -1;
}

/* Species are numbered by the first appearance of their label as a centre. */
static void assign_species(mtp_model_reader *p, draft *d) {
  mtp_potential *pot = d->pot;
  if (p->status != MTP_OK) return;
  if (!d->has_radial && d->species_count == 0)
    mtp_parse_expected(p, "species_count (there are no radial_coeffs to count)", "");
  int room = d->species_count > MTP_MAX_SPECIES ? d->species_count : MTP_MAX_SPECIES;
  if (p->status == MTP_OK && !(pot->labels = mtp_calloc((size_t)room, sizeof *pot->labels))) mtp_parse_out_of_memory(p);
  if (p->status != MTP_OK) return;
  if (!d->has_radial) {
    pot->nspecies = d->species_count;
    for (int z = 0; z < pot->nspecies; z++) pot->labels[z] = z;
    return;
  }
  for (size_t b = 0; b < d->pairs.count && p->status == MTP_OK; b += 2)
    if (species_of_label(pot, d->pairs.data[b]) < 0) {
      if (pot->nspecies == MTP_MAX_SPECIES)
        mtp_parse_refuse(p, MTP_ERR_FORMAT, "radial_coeffs: more than %d species", MTP_MAX_SPECIES);
      else
        pot->labels[pot->nspecies++] = d->pairs.data[b];
    }
  if (p->status == MTP_OK && d->species_count && d->species_count != pot->nspecies)
    mtp_parse_refuse(p, MTP_ERR_FORMAT, "radial_coeffs: expected blocks for %d species, found %d", d->species_count,
                     pot->nspecies);
}

static void check_pairs(mtp_model_reader *p, const draft *d) {
  const mtp_potential *pot = d->pot;
  int n = pot->nspecies;
  if (p->status != MTP_OK) return;
  bool *seen = mtp_calloc((size_t)n * (size_t)n, sizeof *seen);
  if (!seen) mtp_parse_out_of_memory(p);
  for (size_t b = 0; b < d->pairs.count && p->status == MTP_OK; b += 2) {
    const int *pair = d->pairs.data + b;
    int zi = species_of_label(pot, pair[0]), zj = species_of_label(pot, pair[1]);
    if (zj < 0)
      mtp_parse_refuse(p, MTP_ERR_FORMAT, "radial_coeffs: pair %d-%d, but there are no pairs %d-...", pair[0], pair[1],
                       pair[1]);
    else if (seen[zi * n + zj])
      mtp_parse_refuse(p, MTP_ERR_FORMAT, "radial_coeffs: pair %d-%d is given twice", pair[0], pair[1]);
    else
      seen[zi * n + zj] = true;
  }
  for (int i = 0; i < n * n && p->status == MTP_OK; i++)
    if (!seen[i])
      mtp_parse_refuse(p, MTP_ERR_FORMAT, "radial_coeffs: expected %d pairs, pair %d-%d is missing", n * n,
                       pot->labels[i / n], pot->labels[i % n]);
  free(seen);
}

static void read_radial(mtp_model_reader *p, draft *d) {
  read_radial_type(p, &d->pot->radial);
  read_radial_keys(p, d->pot);
  if (p->status == MTP_OK) mtp_radial_prepare(&d->pot->radial);
  read_radial_blocks(p, d);
  assign_species(p, d);
  if (d->has_radial) check_pairs(p, d);
}

/* Index lists and linear coefficients. */

static void read_basis(mtp_model_reader *p, draft *d) {
  mtp_basis *basis = &d->pot->basis;
  mtp_parse_need_key(p, "alpha_moments_count");
  basis->nmoments = mtp_parse_count(p, "alpha_moments_count", 1, INT_MAX / 4);
  basis->nbasic = mtp_parse_quadruples(p, "alpha_index_basic_count", "alpha_index_basic", &basis->basic);
  basis->ntimes = mtp_parse_quadruples(p, "alpha_index_times_count", "alpha_index_times", &basis->times);
  mtp_ints mapping = {0};
  mtp_parse_need_key(p, "alpha_scalar_moments");
  int count = mtp_parse_count(p, "alpha_scalar_moments", 1, INT_MAX / 4);
  mtp_parse_need_key(p, "alpha_moment_mapping");
  mtp_parse_need_count(p, "alpha_moment_mapping",
                       mtp_parse_list(p, mtp_parse_int_item, &mapping, "alpha_moment_mapping"), (size_t)count);
  basis->mapping = mapping.data;
  if (p->status != MTP_OK) return;
  basis->nscalars = count;
  p->status = mtp_basis_check(p->ctx, basis, d->pot->nradial, p->path);
}

static bool read_coefficients(mtp_model_reader *p, const char *key, mtp_reals *values, int count) {
  if (!mtp_parse_key(p, key)) return false;
  mtp_parse_need_count(p, key, mtp_parse_list(p, mtp_parse_real_item, values, key), (size_t)count);
  return true;
}

static void set_elements(mtp_model_reader *p, const draft *d) {
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

static void set_parameters(mtp_model_reader *p, draft *d) {
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

static void read_potential(mtp_model_reader *p, draft *d, size_t *end) {
  mtp_potential *pot = d->pot;
  pot->radial.scaling = 1.0;
  pot->name = mtp_strdup("MTP1m");
  pot->tag = mtp_strdup("");
  if (!pot->name || !pot->tag) mtp_parse_out_of_memory(p);
  read_header(p, d);
  read_radial(p, d);
  read_basis(p, d);
  d->has_species = read_coefficients(p, "species_coeffs", &d->species, pot->nspecies);
  d->has_moment = read_coefficients(p, "moment_coeffs", &d->moment, pot->basis.nscalars);
  if (end) *end = (size_t)(p->at - p->begin);
  mtp_parse_skip_space(p);
  if (p->status == MTP_OK && p->at < p->limit) {
    const char *missing = d->has_moment    ? ""
                          : d->has_species ? "moment_coeffs or "
                                           : "species_coeffs, moment_coeffs or ";
    mtp_parse_expected(p, missing, "the end of the potential");
  }
  set_elements(p, d);
  set_parameters(p, d);
}

mtp_status mtp_potential_parse(mtp_context *ctx, const char *path, const char *data, size_t size, mtp_potential **out,
                               size_t *end) {
  *out = NULL;
  mtp_model_reader p = {.ctx = ctx, .path = path, .begin = data, .at = data, .limit = data + size};
  const char *section = mtp_potential_section(data, size);
  if (section) p.limit = section;
  p.at += mtp_potential_comments(size, data);
  draft d = {.pot = mtp_calloc(1, sizeof(mtp_potential))};
  size_t used = 0;
  if (!d.pot) return mtp_fail_memory(ctx);
  read_potential(&p, &d, &used);
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
