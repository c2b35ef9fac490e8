/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/cfg_read.c
 * Reads the text configuration files of MLIP. */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"

enum column {
  COLUMN_ID,
  COLUMN_TYPE,
  COLUMN_X,
  COLUMN_Y,
  COLUMN_Z,
  COLUMN_DIRECT_X,
  COLUMN_DIRECT_Y,
  COLUMN_DIRECT_Z,
  COLUMN_SITE_ENERGY,
  COLUMN_FX,
  COLUMN_FY,
  COLUMN_FZ,
  COLUMN_GRADE,
  COLUMN_GHOST,
  COLUMN_DROPPED /* known to other programs, no place for it here */
};

static const struct {
  const char *name;
  enum column column;
} column_names[] = {
    {"id", COLUMN_ID},
    {"type", COLUMN_TYPE},
    {"cartes_x", COLUMN_X},
    {"cartes_y", COLUMN_Y},
    {"cartes_z", COLUMN_Z},
    {"direct_x", COLUMN_DIRECT_X},
    {"direct_y", COLUMN_DIRECT_Y},
    {"direct_z", COLUMN_DIRECT_Z},
    {"site_en", COLUMN_SITE_ENERGY},
    {"fx", COLUMN_FX},
    {"fy", COLUMN_FY},
    {"fz", COLUMN_FZ},
    {"nbh_grades", COLUMN_GRADE},
    {"ghost", COLUMN_GHOST},
    {"charge", COLUMN_DROPPED},
    {"magmom_x", COLUMN_DROPPED},
    {"magmom_y", COLUMN_DROPPED},
    {"magmom_z", COLUMN_DROPPED},
    {"en_der_mx", COLUMN_DROPPED},
    {"en_der_my", COLUMN_DROPPED},
    {"en_der_mz", COLUMN_DROPPED},
};

#define MAX_COLUMNS 32

typedef struct record {
  mtp_scan *scan;
  mtp_dropped *dropped;
  mtp_config *cfg; /* NULL before Size */
  size_t size;
  int rows; /* lattice vectors */
  bool has_supercell, has_atoms, has_direct;
  size_t atoms_line;
} record;

typedef mtp_status field_reader(record *r);

static mtp_status once(record *r, bool already, const char *name) {
  return already ? mtp_scan_fail(r->scan, "found a second '%s', expected one per configuration", name) : MTP_OK;
}

static mtp_status read_size(record *r) {
  mtp_status status = once(r, r->cfg != NULL, "Size");
  if (status == MTP_OK) status = mtp_scan_count(r->scan, "the number of atoms", INT_MAX, &r->size);
  if (status != MTP_OK) return status;
  /* a wrong number must not claim all memory: no atom takes less than four bytes of text, so that a text which ends
   * before the last atom is noticed before the arrays end */
  size_t most = (size_t)(r->scan->end - r->scan->begin) / 4 + 1;
  r->cfg = mtp_config_new(r->size < most ? r->size : most);
  return r->cfg ? MTP_OK : mtp_fail_memory(r->scan->ctx);
}

static mtp_status require_size(record *r, const char *name) {
  return r->cfg ? MTP_OK : mtp_scan_fail(r->scan, "found '%s', expected 'Size' before it", name);
}

/* Up to nine numbers; the first token that is none starts the next field. */
static mtp_status read_supercell(record *r) {
  mtp_status status = require_size(r, "Supercell");
  if (status == MTP_OK) status = once(r, r->has_supercell, "Supercell");
  if (status != MTP_OK) return status;
  r->has_supercell = true;
  int count = 0;
  while (count < 9) {
    mtp_scan before = *r->scan;
    mtp_span token = {0};
    mtp_scan_token(r->scan, &token);
    double value;
    if (!mtp_scan_number(r->scan, token, &value)) {
      /* "nan" and "inf" start no field and are told here */
      if (token.n && strchr("0123456789+-.nNiI", token.s[0])) return mtp_scan_expected(r->scan, token, "a number");
      if (count % 3 || !token.n) return mtp_scan_expected(r->scan, token, "three numbers for each lattice vector");
      *r->scan = before;
      break;
    }
    r->cfg->cell[count++] = value;
  }
  r->rows = count / 3;
  for (int d = 0; d < 3; d++) r->cfg->periodic[d] = mtp_cell_has_row(r->cfg, d);
  return MTP_OK;
}

static int find_column(mtp_span name) {
  for (size_t k = 0; k < sizeof column_names / sizeof *column_names; k++)
    if (mtp_span_is(name, column_names[k].name)) return (int)column_names[k].column;
  return -1;
}

/* The names after "AtomData:"; seen[c] tells which columns there are. */
static mtp_status read_header(record *r, int columns[MAX_COLUMNS], size_t *count, bool seen[COLUMN_DROPPED + 1]) {
  mtp_span name;
  *count = 0;
  while (mtp_span_token(&r->scan->rest, &name)) {
    int column = find_column(name);
    if (column < 0 || *count == MAX_COLUMNS)
      return mtp_scan_expected(r->scan, name, "names of columns such as id type cartes_x fx site_en nbh_grades");
    if (seen[column] && column != COLUMN_DROPPED)
      return mtp_scan_fail(r->scan, "found column '%s' twice, expected it once", mtp_span_quote(name).text);
    if (column == COLUMN_DROPPED) mtp_dropped_add(r->dropped, name);
    seen[column] = true;
    columns[(*count)++] = column;
  }
  bool cartesian = seen[COLUMN_X] && seen[COLUMN_Y] && seen[COLUMN_Z];
  bool direct = seen[COLUMN_DIRECT_X] && seen[COLUMN_DIRECT_Y] && seen[COLUMN_DIRECT_Z];
  bool some_cartesian = seen[COLUMN_X] || seen[COLUMN_Y] || seen[COLUMN_Z];
  bool some_direct = seen[COLUMN_DIRECT_X] || seen[COLUMN_DIRECT_Y] || seen[COLUMN_DIRECT_Z];
  if (!(cartesian && !some_direct) && !(direct && !some_cartesian))
    return mtp_scan_fail(r->scan, "found other columns, expected cartes_x cartes_y cartes_z or direct_x direct_y "
                                  "direct_z");
  if (seen[COLUMN_FX] + seen[COLUMN_FY] + seen[COLUMN_FZ] == 1 ||
      seen[COLUMN_FX] + seen[COLUMN_FY] + seen[COLUMN_FZ] == 2)
    return mtp_scan_fail(r->scan, "found one or two of the columns fx fy fz, expected all or none");
  r->has_direct = direct;
  return MTP_OK;
}

static mtp_status read_cell_of_atom(record *r, int column, size_t i, mtp_span token) {
  mtp_config *cfg = r->cfg;
  size_t number = 0;
  double value = 0;
  switch (column) {
  case COLUMN_ID:
    if (mtp_span_count(token, SIZE_MAX / 10, &number) && number == i + 1) return MTP_OK;
    return mtp_scan_fail(r->scan, "found id '%s', expected %zu", mtp_span_quote(token).text, i + 1);
  case COLUMN_TYPE:
    if (!mtp_span_count(token, INT_MAX, &number)) return mtp_scan_expected(r->scan, token, "a type 0, 1, 2, ...");
    cfg->species[i] = (int)number;
    return MTP_OK;
  case COLUMN_GHOST:
    cfg->ghost[i] = mtp_span_is(token, "true");
    return cfg->ghost[i] || mtp_span_is(token, "false") ? MTP_OK : mtp_scan_expected(r->scan, token, "true or false");
  case COLUMN_DROPPED:
    return MTP_OK;
  default:
    if (!mtp_scan_number(r->scan, token, &value)) return mtp_scan_expected(r->scan, token, "a finite number");
  }
  if (column >= COLUMN_X && column <= COLUMN_Z) cfg->x[3 * i + (size_t)(column - COLUMN_X)] = value;
  if (column >= COLUMN_DIRECT_X && column <= COLUMN_DIRECT_Z)
    cfg->x[3 * i + (size_t)(column - COLUMN_DIRECT_X)] = value;
  if (column >= COLUMN_FX && column <= COLUMN_FZ) cfg->force[3 * i + (size_t)(column - COLUMN_FX)] = value;
  if (column == COLUMN_SITE_ENERGY) cfg->site_energy[i] = value;
  if (column == COLUMN_GRADE) cfg->grade[i] = value;
  return MTP_OK;
}

static mtp_status read_atom(record *r, const int *columns, size_t count, size_t i) {
  if (!mtp_scan_filled_line(r->scan))
    return mtp_scan_fail(r->scan, "found the end of the file, expected atom %zu of %zu", i + 1, r->size);
  mtp_span token = {0};
  mtp_status status = MTP_OK;
  for (size_t k = 0; k < count && status == MTP_OK; k++) {
    if (!mtp_span_token(&r->scan->rest, &token))
      return mtp_scan_fail(r->scan, "found %zu columns for atom %zu, expected %zu", k, i + 1, count);
    status = read_cell_of_atom(r, columns[k], i, token);
  }
  if (status == MTP_OK && mtp_span_token(&r->scan->rest, &token))
    return mtp_scan_fail(r->scan, "found '%s', expected the end of the line after %zu columns",
                         mtp_span_quote(token).text, count);
  return status;
}

static mtp_status read_atoms(record *r) {
  int columns[MAX_COLUMNS];
  size_t count;
  bool seen[COLUMN_DROPPED + 1] = {false};
  mtp_status status = require_size(r, "AtomData:");
  if (status == MTP_OK) status = once(r, r->has_atoms, "AtomData:");
  if (status == MTP_OK) status = read_header(r, columns, &count, seen);
  if (status != MTP_OK) return status;
  r->has_atoms = true;
  r->atoms_line = r->scan->line;
  mtp_config *cfg = r->cfg;
  if (seen[COLUMN_FX]) cfg->force = mtp_calloc(3 * cfg->n, sizeof *cfg->force);
  if (seen[COLUMN_SITE_ENERGY]) cfg->site_energy = mtp_calloc(cfg->n, sizeof *cfg->site_energy);
  if (seen[COLUMN_GRADE]) cfg->grade = mtp_calloc(cfg->n, sizeof *cfg->grade);
  if (seen[COLUMN_GHOST]) cfg->ghost = mtp_calloc(cfg->n, 1);
  if ((seen[COLUMN_FX] && !cfg->force) || (seen[COLUMN_GHOST] && !cfg->ghost) ||
      (seen[COLUMN_SITE_ENERGY] && !cfg->site_energy) || (seen[COLUMN_GRADE] && !cfg->grade))
    return mtp_fail_memory(r->scan->ctx);
  for (size_t i = 0; i < r->size && status == MTP_OK; i++) status = read_atom(r, columns, count, i);
  if (status == MTP_OK) mtp_config_drop_false_ghosts(cfg);
  return status;
}

static mtp_status read_energy(record *r) {
  mtp_status status = require_size(r, "Energy");
  if (status == MTP_OK) status = once(r, r->cfg->has_energy, "Energy");
  if (status == MTP_OK) status = mtp_scan_real(r->scan, "the energy", &r->cfg->energy);
  if (status == MTP_OK) r->cfg->has_energy = true;
  return status;
}

static mtp_status read_plus_stress(record *r) {
  static const char *const names[6] = {"xx", "yy", "zz", "xy", "xz", "yz"};
  int order[6];
  bool seen[6] = {false};
  mtp_status status = require_size(r, "PlusStress:");
  if (status == MTP_OK) status = once(r, r->cfg->has_virial, "PlusStress:");
  for (int k = 0; k < 6 && status == MTP_OK; k++) {
    mtp_span token;
    mtp_span_token(&r->scan->rest, &token);
    int c = 0;
    while (c < 6 && !mtp_span_is(token, names[c])) c++;
    if (c == 6 || seen[c]) return mtp_scan_expected(r->scan, token, "xx yy zz yz xz xy, each once, on this line");
    seen[c] = true;
    order[k] = c;
  }
  for (int k = 0; k < 6 && status == MTP_OK; k++)
    status = mtp_scan_real(r->scan, "six components of PlusStress", &r->cfg->virial[order[k]]);
  if (status == MTP_OK) r->cfg->has_virial = true;
  return status;
}

static mtp_status refuse(record *r, const char *text) {
  return mtp_fail(r->scan->ctx, MTP_ERR_UNSUPPORTED, "%s:%zu: %s", r->scan->path, r->scan->line, text);
}

static mtp_status refuse_stress(record *r) {
  return refuse(r, "found 'Stress:', expected 'PlusStress:': the sign of Stress differs between programs and versions; "
                   "rename the field and give the sign in which a compressed cell is positive");
}

static mtp_status refuse_virial(record *r) {
  return refuse(r, "found 'Virial:', expected 'PlusStress:': other programs divide Virial by the volume on reading, so "
                   "what it holds is ambiguous; rename the field and give virials in eV");
}

static mtp_status refuse_features(record *r) {
  return refuse(r, "found 'Features:', expected one line 'Feature KEY VALUE' for each feature");
}

/* "\_" stands for a blank in a key, "\t" for a tab. */
static char *unescape_key(mtp_span key) {
  char *text = mtp_span_copy(key), *to = text;
  for (const char *from = text; text && *from; from++) {
    bool escape = *from == '\\' && (from[1] == '_' || from[1] == 't' || from[1] == '\\');
    if (escape) from++;
    *to++ = !escape || *from == '\\' ? *from : *from == '_' ? ' ' : '\t';
  }
  if (text) *to = 0;
  return text;
}

/* A key that comes again adds a line to its value. */
static mtp_status add_feature(record *r, const char *key, mtp_span value) {
  const char *before = mtp_config_get_feature(r->cfg, key);
  mtp_text text = {0};
  if (before) mtp_text_add(&text, "%s\n", before);
  mtp_text_add_bytes(&text, value.s, value.n);
  mtp_status status =
      text.failed ? mtp_fail_memory(r->scan->ctx) : mtp_config_set_feature(r->scan->ctx, r->cfg, key, text.data);
  mtp_text_free(&text);
  return status;
}

static mtp_status read_feature(record *r) {
  mtp_status status = require_size(r, "Feature");
  if (status != MTP_OK) return status;
  mtp_span key, value;
  if (!mtp_span_token(&r->scan->rest, &key)) return mtp_scan_expected(r->scan, key, "a key and a value after Feature");
  value = mtp_span_trim(r->scan->rest);
  r->scan->rest = (mtp_span){value.s + value.n, 0};
  if (memchr(key.s, 0, key.n) || (value.n && memchr(value.s, 0, value.n)))
    return mtp_scan_fail(r->scan, "found a zero byte, expected the text of a feature");
  if (mtp_span_is(key, "MV_grade")) {
    if (!mtp_span_real(value, &r->cfg->max_grade)) return mtp_scan_expected(r->scan, value, "the number MV_grade");
    r->cfg->has_max_grade = true;
    return MTP_OK;
  }
  char *name = unescape_key(key);
  if (!name) return mtp_fail_memory(r->scan->ctx);
  status = add_feature(r, name, value);
  free(name);
  return status;
}

static const struct {
  const char *name;
  field_reader *read;
} fields[] = {
    {"Size", read_size},        {"Supercell", read_supercell},     {"SuperCell", read_supercell},
    {"AtomData:", read_atoms},  {"Atomic_data:", read_atoms},      {"Energy", read_energy},
    {"Feature", read_feature},  {"PlusStress:", read_plus_stress}, {"Stress:", refuse_stress},
    {"Virial:", refuse_virial}, {"Features:", refuse_features},
};

/* Fractional coordinates need the cell, which may come after the atoms. */
static mtp_status finish(record *r) {
  mtp_config *cfg = r->cfg;
  if (!cfg) return mtp_scan_fail(r->scan, "found the end of the configuration, expected 'Size'");
  if (r->size && !r->has_atoms)
    return mtp_scan_fail(r->scan, "found the end of the configuration, expected 'AtomData:'");
  if (!r->has_direct) return MTP_OK;
  if (r->rows < 3) {
    r->scan->line = r->atoms_line;
    return mtp_scan_fail(r->scan, "found direct coordinates and %d lattice vectors, expected three", r->rows);
  }
  for (size_t i = 0; i < cfg->n; i++) {
    double s[3] = {cfg->x[3 * i], cfg->x[3 * i + 1], cfg->x[3 * i + 2]};
    for (size_t a = 0; a < 3; a++)
      cfg->x[3 * i + a] = s[0] * cfg->cell[a] + s[1] * cfg->cell[3 + a] + s[2] * cfg->cell[6 + a];
  }
  return MTP_OK;
}

static mtp_status read_fields(record *r, const char *end_name) {
  mtp_span token = {0};
  for (;;) {
    if (!mtp_scan_token(r->scan, &token)) return mtp_scan_expected(r->scan, token, end_name);
    if (mtp_span_is(token, end_name)) return finish(r);
    field_reader *reader = NULL;
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
      if (mtp_span_is(token, fields[k].name)) reader = fields[k].read;
    if (!reader)
      return mtp_scan_expected(r->scan, token, "Size, Supercell, AtomData:, Energy, PlusStress:, Feature or END_CFG");
    mtp_status status = reader(r);
    if (status != MTP_OK) return status;
  }
}

static mtp_status read_record(mtp_scan *scan, void *state, mtp_config **out) {
  mtp_span token;
  mtp_span_token(&scan->rest, &token);
  if (!mtp_span_is(token, "BEGIN_CFG") && !mtp_span_is(token, "BEGIN"))
    return mtp_scan_expected(scan, token, "BEGIN_CFG");
  record r = {.scan = scan, .dropped = state};
  mtp_status status = read_fields(&r, mtp_span_is(token, "BEGIN") ? "END" : "END_CFG");
  if (status == MTP_OK && mtp_span_token(&scan->rest, &token))
    status = mtp_scan_expected(scan, token, "nothing more on the line that ends a configuration");
  if (status == MTP_OK)
    *out = r.cfg;
  else
    mtp_config_free(r.cfg);
  return status;
}

static mtp_status name_types(mtp_context *ctx, void *state, mtp_config_set *set, size_t first) {
  (void)state;
  return mtp_set_name_types(ctx, set, first);
}

static mtp_status end_file(mtp_context *ctx, void *dropped, const char *path, bool any) {
  (void)any;
  mtp_dropped_report(dropped, ctx, path, "columns that are not kept");
  return MTP_OK;
}

/* Up to the line END_CFG. */
static const char *skip_record(const char *at, const char *end, bool *bad) {
  (void)bad;
  for (const char *newline; (newline = memchr(at, '\n', (size_t)(end - at)));) {
    const mtp_span line = mtp_span_trim((mtp_span){at, (size_t)(newline - at)});
    at = newline + 1;
    if (mtp_span_is(line, "END_CFG") || mtp_span_is(line, "END")) return at;
  }
  return NULL;
}

const mtp_record_format mtp_cfg_records = {sizeof(mtp_dropped), NULL, read_record, name_types, end_file,
                                           skip_record,         true};

mtp_status mtp_cfg_parse(mtp_context *ctx, const char *path, const char *data, size_t size, size_t first_line,
                         const mtp_read_options *options, mtp_config_set *set) {
  return mtp_records_parse_all(&mtp_cfg_records, ctx, path, data, size, first_line, options, set);
}
