/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/cfg_binary.c
 * Reads the binary configuration files of MLIP (`mlp convert-cfg --output-format=bin`): each configuration is the byte
 * n and a number of atoms, then fields that one byte names each, then #. Numbers are as processors have them that MLIP
 * is run on, of which all today are little-endian. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"

typedef struct reader {
  mtp_context *ctx;
  const char *path;
  const char *begin, *at, *end;
  bool past_end; /* more bytes were asked for than there are */
  bool tolerates_bad_numbers;
  mtp_dropped dropped;
  mtp_config *cfg;
  char seen[32]; /* names of the fields that were read */
} reader;

/* Counted from 1, as lines are. */
static mtp_status fail(reader *r, const char *at, const char *text) {
  return mtp_fail(r->ctx, MTP_ERR_FORMAT, "%s: byte %zu: %s", r->path, (size_t)(at - r->begin) + 1, text);
}

/* The next `count` items, NULL if the file ends before. */
static const char *next_bytes(reader *r, size_t count, size_t size) {
  const char *at = r->at;
  if (count > (size_t)(r->end - at) / size) {
    r->past_end = true;
    return NULL;
  }
  r->at += count * size;
  return at;
}

static mtp_status at_the_end(reader *r, const char *expected) {
  char text[96];
  snprintf(text, sizeof text, "found the end of the file, expected %s", expected);
  return fail(r, r->end, text);
}

static mtp_status read_count(reader *r, const char *what, size_t *count) {
  const char *at = next_bytes(r, 1, sizeof(int32_t));
  int32_t number;
  if (!at) return at_the_end(r, what);
  memcpy(&number, at, sizeof number);
  if (number < 0) return fail(r, at, "found a negative number, expected how much follows");
  *count = (size_t)number;
  return MTP_OK;
}

static mtp_status read_reals(reader *r, const char *what, size_t count, double *values) {
  const char *at = next_bytes(r, count, sizeof *values);
  if (!at) return at_the_end(r, what);
  if (count) memcpy(values, at, count * sizeof *values);
  for (size_t k = 0; k < count && !r->tolerates_bad_numbers; k++)
    if (!isfinite(values[k])) return fail(r, at + k * sizeof *values, "found a number that is not finite");
  return MTP_OK;
}

static mtp_status read_array(reader *r, const char *what, size_t count, double **values) {
  *values = mtp_calloc(count, sizeof **values);
  return *values ? read_reals(r, what, count, *values) : mtp_fail_memory(r->ctx);
}

static mtp_status read_lattice(reader *r) {
  mtp_status status = read_reals(r, "three lattice vectors", 9, r->cfg->cell);
  for (int d = 0; d < 3 && status == MTP_OK; d++) r->cfg->periodic[d] = mtp_cell_has_row(r->cfg, d);
  return status;
}

static mtp_status read_positions(reader *r) {
  return read_reals(r, "positions", 3 * r->cfg->n, r->cfg->x);
}

static mtp_status read_types(reader *r) {
  const char *at = next_bytes(r, r->cfg->n, sizeof(int32_t));
  if (!at) return at_the_end(r, "types");
  for (size_t i = 0; i < r->cfg->n; i++) {
    int32_t type;
    memcpy(&type, at + i * sizeof type, sizeof type);
    if (type < 0) return fail(r, at + i * sizeof type, "found a negative type, expected 0, 1, 2, ...");
    r->cfg->species[i] = type;
  }
  return MTP_OK;
}

static mtp_status read_forces(reader *r) {
  return read_array(r, "forces", 3 * r->cfg->n, &r->cfg->force);
}

static mtp_status read_site_energies(reader *r) {
  return read_array(r, "site energies", r->cfg->n, &r->cfg->site_energy);
}

static mtp_status read_charges(reader *r) {
  return read_array(r, "charges", r->cfg->n, &r->cfg->charge);
}

static mtp_status skip_vectors(reader *r, const char *name) {
  mtp_dropped_add(&r->dropped, (mtp_span){name, strlen(name)});
  return next_bytes(r, 3 * r->cfg->n, sizeof(double)) ? MTP_OK : at_the_end(r, name);
}

static mtp_status skip_moments(reader *r) {
  return skip_vectors(r, "magmom");
}

static mtp_status skip_moment_forces(reader *r) {
  return skip_vectors(r, "en_der_m");
}

/* One digit an atom. */
static mtp_status read_ghosts(reader *r) {
  const char *at = next_bytes(r, r->cfg->n, 1);
  if (!at) return at_the_end(r, "which atoms are ghosts");
  r->cfg->ghost = mtp_calloc(r->cfg->n, 1);
  if (!r->cfg->ghost) return mtp_fail_memory(r->ctx);
  for (size_t i = 0; i < r->cfg->n; i++) {
    if (at[i] != '0' && at[i] != '1') return fail(r, at + i, "found another byte, expected 0 or 1 for no ghost or one");
    r->cfg->ghost[i] = at[i] == '1';
  }
  mtp_config_drop_false_ghosts(r->cfg);
  return MTP_OK;
}

/* The field PlusStress of the text, but xy yz xz in the end. */
static mtp_status read_virial(reader *r) {
  static const int place[6] = {0, 1, 2, 3, 5, 4}; /* in xx yy zz xy xz yz */
  double values[6];
  const mtp_status status = read_reals(r, "six components of stress", 6, values);
  for (int k = 0; k < 6 && status == MTP_OK; k++) r->cfg->virial[place[k]] = values[k];
  r->cfg->has_virial = status == MTP_OK;
  return status;
}

static mtp_status read_energy(reader *r) {
  const mtp_status status = read_reals(r, "the energy", 1, &r->cfg->energy);
  r->cfg->has_energy = status == MTP_OK;
  return status;
}

static mtp_status read_text(reader *r, const char *what, mtp_span *text) {
  mtp_status status = read_count(r, what, &text->n);
  if (status == MTP_OK && !(text->s = next_bytes(r, text->n, 1))) status = at_the_end(r, what);
  return status;
}

/* What a text can hold: one line of a key, and lines of a value. */
static bool is_key(mtp_span text) {
  for (size_t k = 0; k < text.n; k++)
    if ((unsigned char)text.s[k] < ' ' && text.s[k] != '\t') return false;
  return text.n > 0;
}

static bool is_value(mtp_span text) {
  for (size_t k = 0; k < text.n; k++)
    if ((unsigned char)text.s[k] < ' ' && text.s[k] != '\t' && text.s[k] != '\n') return false;
  return true;
}

static mtp_status read_feature(reader *r) {
  const char *begin = r->at;
  mtp_span key = {0}, value = {0};
  mtp_status status = read_text(r, "the key of a feature", &key);
  if (status == MTP_OK) status = read_text(r, "the value of a feature", &value);
  if (status != MTP_OK) return status;
  if (!is_key(key) || !is_value(value)) return fail(r, begin, "found other bytes, expected the text of a feature");
  if (mtp_span_is(key, "MV_grade")) {
    if (!mtp_span_real(mtp_span_trim(value), &r->cfg->max_grade))
      return fail(r, begin, "found another text, expected the number MV_grade");
    r->cfg->has_max_grade = true;
    return MTP_OK;
  }
  char *name = mtp_span_copy(key), *text = mtp_span_copy(value);
  status = name && text ? mtp_config_set_feature(r->ctx, r->cfg, name, text) : mtp_fail_memory(r->ctx);
  free(name);
  free(text);
  return status;
}

static const struct {
  char name;
  mtp_status (*read)(reader *r);
} fields[] = {{'l', read_lattice}, {'p', read_positions},     {'t', read_types},         {'f', read_forces},
              {'m', skip_moments}, {'d', skip_moment_forces}, {'v', read_site_energies}, {'c', read_charges},
              {'g', read_ghosts},  {'s', read_virial},        {'e', read_energy},        {'F', read_feature}};

static mtp_status read_field(reader *r, char name) {
  const char *at = r->at - 1;
  for (size_t k = 0; k < sizeof fields / sizeof *fields; k++) {
    if (fields[k].name != name) continue;
    if (name != 'F' && strchr(r->seen, name)) return fail(r, at, "found a field twice, expected it once");
    if (name != 'F') r->seen[strlen(r->seen)] = name;
    return fields[k].read(r);
  }
  return fail(r, at, "found another byte, expected one that names a field: l p t f m d v c g s e F, or #");
}

/* Up to '#'. */
static mtp_status read_record(reader *r) {
  const char *begin = r->at++;
  size_t n = 0;
  if (*begin != 'n') return fail(r, begin, "found another byte, expected n and the number of atoms");
  mtp_status status = read_count(r, "the number of atoms", &n);
  if (status != MTP_OK) return status;
  /* a wrong number must not claim all memory: an atom has a position */
  if (n > (size_t)(r->end - r->at) / (3 * sizeof(double))) {
    r->past_end = true;
    return at_the_end(r, "positions");
  }
  r->cfg = mtp_config_new(n);
  if (!r->cfg) return mtp_fail_memory(r->ctx);
  memset(r->seen, 0, sizeof r->seen);
  for (const char *name; status == MTP_OK;) {
    if (!(name = next_bytes(r, 1, 1))) return at_the_end(r, "#");
    if (*name == '#') break;
    status = read_field(r, *name);
  }
  if (status == MTP_OK && (!strchr(r->seen, 'l') || !strchr(r->seen, 'p')))
    return fail(r, begin, "found a configuration without lattice or positions");
  double weights[3];
  if (status == MTP_OK && mtp_config_weights(r->ctx, r->cfg, weights) != MTP_OK)
    return fail(r, begin, mtp_context_message(r->ctx));
  return status;
}

static bool are_blank(const char *at, const char *end) {
  while (at < end && (*at == 0 || *at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) at++;
  return at == end;
}

/* A record that the end of the file cuts short, as mtp_records_parse decides about one. */
static mtp_status end_cut(reader *r, mtp_status status, const mtp_read_options *options, mtp_config_set *set,
                          size_t first) {
  if (status != MTP_ERR_FORMAT || !r->past_end) return status;
  if (options && (options->tolerate_cut_tail || (options->whole_records && set->n > first))) {
    set->dropped_tail = true;
    mtp_message(r->ctx, MTP_WARNING, "%s: byte %lld: the last record is cut short and was left out", r->path,
                set->good_size + 1);
    return MTP_OK;
  }
  return mtp_fail(r->ctx, status, "%s (its last record may be cut short)", mtp_context_message(r->ctx));
}

bool mtp_is_binary_cfg(const char *data, size_t size) {
  /* a number of atoms of four bytes is hardly printable */
  return size >= 5 && data[0] == 'n' && (data[3] == 0 || data[4] == 0);
}

mtp_status mtp_cfg_binary_parse(mtp_context *ctx, const char *path, const char *data, size_t size, size_t first_line,
                                const mtp_read_options *options, mtp_config_set *set) {
  (void)first_line;
  reader r = {.ctx = ctx, .begin = data, .at = data, .end = data + size};
  r.path = strcmp(path, "-") == 0 ? "standard input" : path;
  r.tolerates_bad_numbers = options && options->tolerate_bad_numbers;
  const size_t first = set->n;
  mtp_status status = MTP_OK;
  set->dropped_tail = false;
  set->good_size = 0;
  while (status == MTP_OK && !are_blank(r.at, r.end)) {
    status = read_record(&r);
    if (status == MTP_OK) {
      status = mtp_config_set_append(ctx, set, r.cfg);
      set->good_size = (long long)(r.at - r.begin);
    } else {
      mtp_config_free(r.cfg);
      status = end_cut(&r, status, options, set, first);
      if (status == MTP_OK) break;
    }
    r.cfg = NULL;
  }
  if (status == MTP_OK) status = mtp_set_name_types(ctx, set, first);
  if (status != MTP_OK) mtp_set_truncate(set, first);
  mtp_dropped_report(&r.dropped, ctx, r.path, "fields that are not kept");
  return status;
}
