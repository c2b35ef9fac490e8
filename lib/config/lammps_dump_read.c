/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/lammps_dump_read.c
 * Reads custom dumps of LAMMPS. */
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/lammps.h"

/* Three columns in a row of the same kind: the enumerator of x plus 0, 1, 2. */
enum column {
  COLUMN_DROPPED,
  COLUMN_ID,
  COLUMN_TYPE,
  COLUMN_TYPELABEL,
  COLUMN_ELEMENT,
  COLUMN_X,
  COLUMN_XU = COLUMN_X + 3,
  COLUMN_XS = COLUMN_XU + 3,
  COLUMN_XSU = COLUMN_XS + 3,
  COLUMN_FX = COLUMN_XSU + 3,
  COLUMN_CHARGE = COLUMN_FX + 3,
  COLUMN_COUNT
};

static const char *const column_names[COLUMN_COUNT] = {"",    "id",  "type", "typelabel", "element", "x",  "y",
                                                       "z",   "xu",  "yu",   "zu",        "xs",      "ys", "zs",
                                                       "xsu", "ysu", "zsu",  "fx",        "fy",      "fz", "q"};

#define MAX_COLUMNS 128

typedef struct file_state {
  mtp_config_set *set;
  mtp_dropped dropped;
  int naming;     /* the column that tells the species: 0 = not known yet, COLUMN_TYPE, _TYPELABEL or _ELEMENT */
  bool any_atom;  /* was read */
  bool has_label; /* LAMMPS puts labels into the column type as well (dump_modify types labels) */
} file_state;

typedef struct record {
  mtp_scan *scan;
  file_state *file;
  mtp_config *cfg;
  size_t size;
  size_t timestep;
  bool has_timestep, has_size, has_box, scaled;
  double cell[9], origin[3];
  bool periodic[3];
  int columns[MAX_COLUMNS], column_count;
  int position; /* first of the three columns that give positions */
} record;

/* Up to three boundary flags of the rest of the line, "pp" or two of f, s, m. */
static mtp_status read_flags(record *r) {
  mtp_span token;
  int count = 0;
  for (int d = 0; d < 3; d++) r->periodic[d] = true;
  for (; mtp_span_token(&r->scan->rest, &token); count++) {
    bool known = token.n == 2 && strchr("pfsm", token.s[0]) && strchr("pfsm", token.s[1]) && token.s[0] && token.s[1];
    if (!known || count == 3) return mtp_scan_expected(r->scan, token, "three boundary flags such as pp or ff");
    r->periodic[count] = token.s[0] == 'p';
  }
  if (count != 0 && count != 3) return mtp_scan_expected(r->scan, token, "three boundary flags such as pp or ff");
  return MTP_OK;
}

static mtp_status read_row(record *r, double *values, int count) {
  mtp_span token = {0};
  if (!mtp_scan_line(r->scan)) return mtp_scan_expected(r->scan, token, "the bounds of the box");
  for (int k = 0; k < count; k++) {
    mtp_span_token(&r->scan->rest, &token);
    if (!mtp_span_real(token, &values[k])) return mtp_scan_expected(r->scan, token, "the bounds of the box");
  }
  return mtp_span_token(&r->scan->rest, &token) ? mtp_scan_expected(r->scan, token, "the end of the line") : MTP_OK;
}

static mtp_status read_box(record *r) {
  mtp_scan before = *r->scan;
  mtp_span first = {0}, second = {0}, third = {0};
  mtp_span_token(&r->scan->rest, &first);
  mtp_span_token(&r->scan->rest, &second);
  bool general = mtp_span_is(first, "abc") && mtp_span_is(second, "origin");
  bool tilted = mtp_span_is(first, "xy") && mtp_span_is(second, "xz") && mtp_span_token(&r->scan->rest, &third) &&
                mtp_span_is(third, "yz");
  if (!general && !tilted) *r->scan = before;
  mtp_status status = read_flags(r);
  double rows[3][4] = {{0}};
  for (int d = 0; d < 3 && status == MTP_OK; d++) status = read_row(r, rows[d], general ? 4 : tilted ? 3 : 2);
  if (status != MTP_OK) return status;
  r->has_box = true;
  if (general) {
    for (int d = 0; d < 3; d++) {
      memcpy(r->cell + 3 * d, rows[d], 3 * sizeof(double));
      r->origin[d] = rows[d][3];
    }
    return MTP_OK;
  }
  double xy = rows[0][2], xz = rows[1][2], yz = rows[2][2];
  r->origin[0] = rows[0][0] - fmin(fmin(0, xy + xz), fmin(xy, xz));
  r->origin[1] = rows[1][0] - fmin(0, yz);
  r->origin[2] = rows[2][0];
  double high[3] = {rows[0][1] - fmax(fmax(0, xy + xz), fmax(xy, xz)), rows[1][1] - fmax(0, yz), rows[2][1]};
  double cell[9] = {high[0] - r->origin[0], 0, 0, xy, high[1] - r->origin[1], 0, xz, yz, high[2] - r->origin[2]};
  for (int d = 0; d < 3; d++)
    if (!(cell[4 * d] > 0)) return mtp_scan_fail(r->scan, "found a box of no extent along %c", "xyz"[d]);
  memcpy(r->cell, cell, sizeof cell);
  return MTP_OK;
}

static bool has_column(const record *r, int column) {
  for (int k = 0; k < r->column_count; k++)
    if (r->columns[k] == column) return true;
  return false;
}

static bool has_three(const record *r, int first) {
  return has_column(r, first) && has_column(r, first + 1) && has_column(r, first + 2);
}

static int column_of(mtp_span name) {
  for (int c = COLUMN_ID; c < COLUMN_COUNT; c++)
    if (mtp_span_is(name, column_names[c])) return c;
  return COLUMN_DROPPED;
}

/* Which columns there are, and which of them count. */
static mtp_status read_columns(record *r) {
  mtp_span name;
  for (; mtp_span_token(&r->scan->rest, &name); r->column_count++) {
    if (r->column_count == MAX_COLUMNS) return mtp_scan_fail(r->scan, "found more than %d columns", MAX_COLUMNS);
    int column = column_of(name);
    if (column != COLUMN_DROPPED && has_column(r, column))
      return mtp_scan_fail(r->scan, "found column '%s' twice, expected it once", column_names[column]);
    if (column == COLUMN_DROPPED) mtp_dropped_add(&r->file->dropped, name);
    r->columns[r->column_count] = column;
  }
  static const int positions[] = {COLUMN_X, COLUMN_XU, COLUMN_XS, COLUMN_XSU};
  r->position = 0;
  for (int k = 0; k < 4 && !r->position; k++)
    if (has_three(r, positions[k])) r->position = positions[k];
  if (!r->position) return mtp_scan_fail(r->scan, "found no columns x y z, xu yu zu, xs ys zs or xsu ysu zsu");
  if (!has_three(r, COLUMN_FX) &&
      (has_column(r, COLUMN_FX) || has_column(r, COLUMN_FX + 1) || has_column(r, COLUMN_FX + 2)))
    return mtp_scan_fail(r->scan, "found one or two of the columns fx fy fz, expected all or none");
  r->scaled = r->position == COLUMN_XS || r->position == COLUMN_XSU;
  int naming = COLUMN_ELEMENT;
  while (naming >= COLUMN_TYPE && !has_column(r, naming)) naming--;
  if (naming < COLUMN_TYPE || (r->file->naming && naming != r->file->naming))
    return mtp_scan_fail(r->scan, "found %s, expected %s in all frames",
                         naming < COLUMN_TYPE ? "no column" : "another column",
                         r->file->naming ? column_names[r->file->naming] : "element, typelabel or type");
  r->file->naming = naming;
  return MTP_OK;
}

static mtp_status set_element(record *r, size_t i, mtp_span token) {
  if (!mtp_span_is_name(token)) return mtp_scan_expected(r->scan, token, "the name of an element");
  r->cfg->species[i] = mtp_set_species_of(r->file->set, token);
  return r->cfg->species[i] < 0 ? mtp_fail_memory(r->scan->ctx) : MTP_OK;
}

/* A number, or a label, which LAMMPS lets begin neither with a digit nor with '#' or '*'. */
static mtp_status set_type(record *r, size_t i, mtp_span token) {
  file_state *file = r->file;
  size_t type;
  const bool is_number = mtp_span_count(token, INT_MAX, &type) && type > 0;
  const bool is_label = token.n && !strchr("0123456789+-#*", token.s[0]);
  if (!is_number && !is_label) return mtp_scan_expected(r->scan, token, "a type 1, 2, ... or its label");
  if (file->any_atom && is_label != file->has_label)
    return mtp_scan_expected(r->scan, token, file->has_label ? "the label of a type, as before" : "a type 1, 2, ...");
  file->has_label = is_label;
  if (is_label) return set_element(r, i, token);
  r->cfg->species[i] = (int)type - 1;
  return MTP_OK;
}

static mtp_status read_value(record *r, size_t i, int column, mtp_span token, size_t *id) {
  if (column == r->file->naming) return column == COLUMN_TYPE ? set_type(r, i, token) : set_element(r, i, token);
  double *target = NULL;
  if (column >= r->position && column < r->position + 3) target = r->cfg->x + 3 * i + (column - r->position);
  if (column == COLUMN_CHARGE) target = r->cfg->charge + i;
  if (column >= COLUMN_FX && column < COLUMN_FX + 3 && r->cfg->force)
    target = r->cfg->force + 3 * i + (column - COLUMN_FX);
  if (target && !mtp_span_real(token, target)) return mtp_scan_expected(r->scan, token, "a finite number");
  if (column == COLUMN_ID && !mtp_span_count(token, SIZE_MAX / 10, id))
    return mtp_scan_expected(r->scan, token, "the id of an atom");
  return MTP_OK;
}

static mtp_status read_atom(record *r, size_t i, size_t *id) {
  if (!mtp_scan_line(r->scan))
    return mtp_scan_fail(r->scan, "found the end of the file, expected atom %zu of %zu", i + 1, r->size);
  mtp_span token;
  for (int k = 0; k < r->column_count; k++) {
    if (!mtp_span_token(&r->scan->rest, &token))
      return mtp_scan_fail(r->scan, "found %d columns, expected %d", k, r->column_count);
    mtp_status status = read_value(r, i, r->columns[k], token, id);
    if (status != MTP_OK) return status;
  }
  if (mtp_span_token(&r->scan->rest, &token)) return mtp_scan_expected(r->scan, token, "the end of the line");
  r->file->any_atom = true;
  if (!r->scaled) return MTP_OK;
  double *x = r->cfg->x + 3 * i, s[3] = {x[0], x[1], x[2]};
  for (int a = 0; a < 3; a++) x[a] = r->origin[a] + s[0] * r->cell[a] + s[1] * r->cell[3 + a] + s[2] * r->cell[6 + a];
  return MTP_OK;
}

static mtp_status read_atoms(record *r) {
  mtp_scan *scan = r->scan;
  if (!r->has_size || !r->has_box)
    return mtp_scan_fail(scan, "found ITEM: ATOMS, expected NUMBER OF ATOMS and BOX BOUNDS before it");
  mtp_status status = read_columns(r);
  if (status != MTP_OK) return status;
  /* a wrong number must not claim all memory: an atom takes eight bytes of text at least */
  size_t most = (size_t)(scan->end - scan->next) / 8 + 1, n = r->size < most ? r->size : most;
  r->cfg = mtp_config_new(n);
  size_t *ids = mtp_calloc(n, sizeof *ids);
  if (!r->cfg || !ids) status = mtp_fail_memory(scan->ctx);
  if (status == MTP_OK && has_three(r, COLUMN_FX)) status = mtp_config_require_force(scan->ctx, r->cfg);
  if (status == MTP_OK && has_column(r, COLUMN_CHARGE) && !(r->cfg->charge = mtp_calloc(n, sizeof(double))))
    status = mtp_fail_memory(scan->ctx);
  for (size_t i = 0; i < r->size && status == MTP_OK; i++) status = read_atom(r, i, &ids[i]);
  if (status == MTP_OK && has_column(r, COLUMN_ID)) status = mtp_lammps_sort(scan, r->cfg, ids);
  free(ids);
  if (status != MTP_OK) return status;
  memcpy(r->cfg->cell, r->cell, sizeof r->cell);
  memcpy(r->cfg->periodic, r->periodic, sizeof r->periodic);
  if (!r->has_timestep) return MTP_OK;
  char text[32];
  snprintf(text, sizeof text, "%zu", r->timestep);
  return mtp_config_set_feature(scan->ctx, r->cfg, "timestep", text);
}

static mtp_status read_units(record *r) {
  mtp_span token = {0};
  mtp_scan_token(r->scan, &token);
  if (mtp_span_is(token, "metal")) return MTP_OK;
  return mtp_scan_expected(r->scan, token, "units metal");
}

/* One ITEM; *done after the atoms. */
static mtp_status read_item(record *r, bool *done) {
  mtp_span token = {0};
  mtp_span_token(&r->scan->rest, &token);
  mtp_span item = mtp_span_trim(r->scan->rest);
  if (!mtp_span_is(token, "ITEM:")) return mtp_scan_expected(r->scan, token, "ITEM:");
  double time;
  if (mtp_span_is(item, "TIMESTEP")) {
    r->has_timestep = true;
    r->scan->rest.n = 0;
    return mtp_scan_count(r->scan, "a time step", SIZE_MAX / 10, &r->timestep);
  }
  if (mtp_span_is(item, "NUMBER OF ATOMS")) {
    r->has_size = true;
    r->scan->rest.n = 0;
    return mtp_scan_count(r->scan, "the number of atoms", INT_MAX, &r->size);
  }
  if (mtp_span_is(item, "TIME")) {
    r->scan->rest.n = 0;
    return mtp_scan_real(r->scan, "a time", &time);
  }
  if (mtp_span_is(item, "UNITS")) {
    r->scan->rest.n = 0;
    return read_units(r);
  }
  mtp_span_token(&r->scan->rest, &token);
  if (mtp_span_is(token, "ATOMS")) {
    *done = true;
    return read_atoms(r);
  }
  if (mtp_span_is(token, "BOX")) {
    mtp_span_token(&r->scan->rest, &token);
    if (mtp_span_is(token, "BOUNDS")) return read_box(r);
  }
  return mtp_scan_expected(r->scan, item, "TIMESTEP, NUMBER OF ATOMS, BOX BOUNDS, ATOMS, UNITS or TIME after ITEM:");
}

static mtp_status read_record(mtp_scan *scan, void *state, mtp_config **out) {
  record r = {.scan = scan, .file = state};
  bool done = false;
  mtp_status status = read_item(&r, &done);
  while (status == MTP_OK && !done) {
    mtp_span none = {0};
    if (mtp_span_token(&scan->rest, &none))
      status = mtp_scan_expected(scan, none, "the end of the line");
    else if (!mtp_scan_filled_line(scan))
      status = mtp_scan_expected(scan, none, "ITEM: ATOMS");
    else
      status = read_item(&r, &done);
  }
  if (status == MTP_OK)
    *out = r.cfg;
  else
    mtp_config_free(r.cfg);
  return status;
}

static void begin_file(void *user, const mtp_read_options *options, mtp_config_set *set) {
  file_state *state = user;
  (void)options;
  state->set = set;
}

static mtp_status name_types(mtp_context *ctx, void *user, mtp_config_set *set, size_t first) {
  const file_state *state = user;
  return state->naming == COLUMN_TYPE && !state->has_label ? mtp_set_name_types(ctx, set, first) : MTP_OK;
}

static mtp_status end_file(mtp_context *ctx, void *user, const char *path, bool any) {
  file_state *state = user;
  (void)any;
  mtp_dropped_report(&state->dropped, ctx, path, "columns that are not kept");
  return MTP_OK;
}

/* Up to the first ITEM behind the atoms. */
static const char *skip_record(const char *at, const char *end, bool *bad) {
  static const char item[] = "ITEM:", atoms[] = "ITEM: ATOMS";
  bool has_atoms = false;
  (void)bad;
  for (const char *newline; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1) {
    const size_t size = (size_t)(newline - at);
    if (size < sizeof item - 1 || memcmp(at, item, sizeof item - 1) != 0) continue;
    if (has_atoms) return at;
    has_atoms = size >= sizeof atoms - 1 && memcmp(at, atoms, sizeof atoms - 1) == 0;
  }
  return NULL;
}

const mtp_record_format mtp_lammps_dump_records = {sizeof(file_state), begin_file,  read_record, name_types,
                                                   end_file,           skip_record, false};

mtp_status mtp_lammps_dump_parse(mtp_context *ctx, const char *path, const char *data, size_t size, size_t first_line,
                                 const mtp_read_options *options, mtp_config_set *set) {
  return mtp_records_parse_all(&mtp_lammps_dump_records, ctx, path, data, size, first_line, options, set);
}
