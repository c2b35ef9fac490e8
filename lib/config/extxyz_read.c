/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/extxyz_read.c
 * Reads extended XYZ in the dialects that are around, and plain XYZ. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/extxyz.h"
#include "config/species.h"

enum role {
  ROLE_DROPPED,
  ROLE_SPECIES,
  ROLE_NUMBER,
  ROLE_POSITION,
  ROLE_FORCE,
  ROLE_SITE_ENERGY,
  ROLE_GRADE,
  ROLE_FORCE_ERROR,
  ROLE_CHARGE,
  ROLE_MASK,
  ROLE_GHOST
};

#define MAX_PROPERTIES 64

typedef struct property {
  enum role role;
  int columns;
} property;

/* What outlives a record. */
typedef struct file_state {
  mtp_config_set *set;
  mtp_dropped dropped;
  mtp_extxyz_labels labels;
  bool warned_asymmetry, warned_extra;
} file_state;

typedef struct record {
  mtp_scan *scan;
  file_state *file;
  mtp_config *cfg;
  size_t size;
  property properties[MAX_PROPERTIES];
  int property_count, column_count;
  bool plain; /* no Properties: species x y z, and more columns are not an error */
  bool has_lattice, has_pbc, has_label[LABEL_COUNT];
  double free_energy, stress[6];
  char other_unit[LABEL_COUNT][64]; /* what a key says of the unit of a label */
} record;

static const struct {
  const char *name;
  enum role role;
  int columns;
} known_properties[] = {
    {"species", ROLE_SPECIES, 1},
    {"element", ROLE_SPECIES, 1},
    {"Z", ROLE_NUMBER, 1},
    {"numbers", ROLE_NUMBER, 1},
    {"pos", ROLE_POSITION, 3},
    {"positions", ROLE_POSITION, 3},
    {"site_energy", ROLE_SITE_ENERGY, 1},
    {"local_energy", ROLE_SITE_ENERGY, 1},
    {"energies", ROLE_SITE_ENERGY, 1},
    {"grade", ROLE_GRADE, 1},
    {"force_error", ROLE_FORCE_ERROR, 1},
    {"initial_charges", ROLE_CHARGE, 1},
    {"charge", ROLE_CHARGE, 1},
    {"force_mask", ROLE_MASK, 1},
    {"ghost", ROLE_GHOST, 1},
};

/* Up to the next ':'. */
static mtp_span take_field(mtp_span *rest) {
  const char *colon = memchr(rest->s, ':', rest->n);
  mtp_span field = {rest->s, colon ? (size_t)(colon - rest->s) : rest->n};
  size_t used = field.n + (colon ? 1 : 0);
  *rest = (mtp_span){rest->s + used, rest->n - used};
  return field;
}

static bool has_role(const record *r, enum role role) {
  for (int k = 0; k < r->property_count; k++)
    if (r->properties[k].role == role) return true;
  return false;
}

static mtp_status check_force_column(record *r, mtp_span name, mtp_span type, size_t columns) {
  const mtp_quote quote = mtp_span_quote(name);
  const char *shown = quote.text;
  if (has_role(r, ROLE_FORCE))
    return mtp_scan_fail(r->scan,
                         "found '%s' beside another column of forces, expected one: choose with --keys "
                         "forces=NAME" MTP_EXTXYZ_FOR_DECKS,
                         shown);
  if (columns != 3 || mtp_span_is(type, "L"))
    return mtp_scan_fail(r->scan, "found property '%s' with %zu columns of type %c, expected 3 of numbers", shown,
                         columns, type.s[0]);
  r->file->labels.seen[LABEL_FORCES] = r->has_label[LABEL_FORCES] = true;
  return r->file->labels.keys.forces ? mtp_extxyz_check_key(r->scan, shown) : MTP_OK;
}

static mtp_status add_property(record *r, mtp_span name, mtp_span type, size_t columns) {
  property p = {ROLE_DROPPED, (int)columns};
  if (mtp_extxyz_label_of_column(&r->file->labels, name) == LABEL_FORCES) {
    mtp_status status = check_force_column(r, name, type, columns);
    if (status != MTP_OK) return status;
    p.role = ROLE_FORCE;
    r->properties[r->property_count++] = p;
    r->column_count += p.columns;
    return MTP_OK;
  }
  for (size_t k = 0; k < sizeof known_properties / sizeof *known_properties; k++) {
    if (!mtp_span_is(name, known_properties[k].name)) continue;
    p.role = known_properties[k].role;
    const bool logical = p.role == ROLE_MASK || p.role == ROLE_GHOST;
    if (p.columns != known_properties[k].columns || (!logical && mtp_span_is(type, "L")) ||
        (logical && !mtp_span_is(type, "L") && !mtp_span_is(type, "I")))
      return mtp_scan_fail(r->scan, "found property '%s' with %d columns of type %c, expected %d of %s",
                           known_properties[k].name, p.columns, type.s[0], known_properties[k].columns,
                           logical ? "type L" : "numbers or text");
  }
  /* of two names for one thing the first counts; the other is reported like an unknown one */
  if (p.role != ROLE_DROPPED && has_role(r, p.role)) p.role = ROLE_DROPPED;
  if (p.role == ROLE_DROPPED && !mtp_extxyz_note_column(&r->file->labels, name, p.columns))
    mtp_dropped_add(&r->file->dropped, name);
  r->properties[r->property_count++] = p;
  r->column_count += p.columns;
  return MTP_OK;
}

static mtp_status parse_properties(record *r, const char *value) {
  mtp_span rest = {value, strlen(value)};
  r->property_count = r->column_count = 0;
  while (rest.n) {
    mtp_span name = take_field(&rest), type = take_field(&rest), columns = take_field(&rest);
    size_t count = 0;
    bool known_type = type.n == 1 && strchr("RISL", type.s[0]);
    if (!name.n || !known_type || !mtp_span_count(columns, 1000, &count) || !count ||
        r->property_count == MAX_PROPERTIES)
      return mtp_scan_fail(r->scan, "found Properties=%s, expected NAME:TYPE:COUNT:... with types R, I, S, L",
                           mtp_span_quote((mtp_span){value, strlen(value)}).text);
    mtp_status status = add_property(r, name, type, count);
    if (status != MTP_OK) return status;
  }
  r->plain = false;
  return MTP_OK;
}

/* Numbers between blanks, commas and brackets. Returns how many, -1 for something else or more than `most`. */
static int parse_numbers(const record *r, const char *value, double *numbers, int most) {
  int count = 0;
  while (*value) {
    size_t skip = strspn(value, " \t\r\n,[]{}()");
    size_t length = strcspn(value + skip, " \t\r\n,[]{}()");
    if (length && (count == most || !mtp_scan_number(r->scan, (mtp_span){value + skip, length}, &numbers[count++])))
      return -1;
    value += skip + length;
  }
  return count;
}

static mtp_status bad_value(record *r, const char *key, const char *value, const char *expected) {
  return mtp_scan_fail(r->scan, "found %s=\"%s\", expected %s", key,
                       mtp_span_quote((mtp_span){value, strlen(value)}).text, expected);
}

static mtp_status parse_lattice(record *r, const char *value) {
  if (parse_numbers(r, value, r->cfg->cell, 9) != 9) return bad_value(r, "Lattice", value, "nine finite numbers");
  r->has_lattice = true;
  return MTP_OK;
}

/* T, true or 1; F, false or 0. */
static bool parse_logical(mtp_span word, bool *value) {
  *value = mtp_span_is_ignoring_case(word, "T") || mtp_span_is_ignoring_case(word, "true") || mtp_span_is(word, "1");
  return *value || mtp_span_is_ignoring_case(word, "F") || mtp_span_is_ignoring_case(word, "false") ||
         mtp_span_is(word, "0");
}

static mtp_status parse_pbc(record *r, const char *value) {
  mtp_span rest = {value, strlen(value)};
  int count = 0;
  while (rest.n) {
    size_t skip = strspn(rest.s, " \t,[]{}()"), length = strcspn(rest.s + skip, " \t,[]{}()");
    mtp_span word = {rest.s + skip, length};
    rest = (mtp_span){word.s + length, rest.n - skip - length};
    bool periodic;
    if (!length) continue;
    if (count == 3 || !parse_logical(word, &periodic)) return bad_value(r, "pbc", value, "three times T or F");
    r->cfg->periodic[count++] = periodic;
  }
  if (count != 3) return bad_value(r, "pbc", value, "three times T or F");
  r->has_pbc = true;
  return MTP_OK;
}

/* Nine numbers row by row, or six in the order xx yy zz yz xz xy. */
static mtp_status parse_tensor(record *r, const char *key, const char *value, double out[6]) {
  double t[9];
  int count = parse_numbers(r, value, t, 9);
  if (count == 6) {
    const double in_memory[6] = {t[0], t[1], t[2], t[5], t[4], t[3]};
    memcpy(out, in_memory, sizeof in_memory);
    return MTP_OK;
  }
  if (count != 9) return bad_value(r, key, value, "nine or six finite numbers");
  double largest = 0, asymmetry = fmax(fabs(t[1] - t[3]), fmax(fabs(t[2] - t[6]), fabs(t[5] - t[7])));
  for (int k = 0; k < 9; k++) largest = fmax(largest, fabs(t[k]));
  if (asymmetry > 1e-3 * largest && !r->file->warned_asymmetry) {
    r->file->warned_asymmetry = true;
    mtp_message(r->scan->ctx, MTP_WARNING, "%s:%zu: %s is not symmetric, its symmetric part is taken", r->scan->path,
                r->scan->line, key);
  }
  const double in_memory[6] = {t[0],
                               t[4],
                               t[8],
                               t[1] == t[3] ? t[1] : 0.5 * t[1] + 0.5 * t[3],
                               t[2] == t[6] ? t[2] : 0.5 * t[2] + 0.5 * t[6],
                               t[5] == t[7] ? t[5] : 0.5 * t[5] + 0.5 * t[7]};
  memcpy(out, in_memory, sizeof in_memory);
  return MTP_OK;
}

static mtp_status parse_number(record *r, const char *key, const char *value, bool *has, double *number) {
  if (*has) return mtp_scan_fail(r->scan, "found '%s' a second time, expected it once", key);
  if (parse_numbers(r, value, number, 1) != 1) return bad_value(r, key, value, "a finite number");
  *has = true;
  return MTP_OK;
}

static mtp_status take_label(record *r, mtp_label label, const char *key, const char *value) {
  mtp_config *cfg = r->cfg;
  mtp_extxyz_labels *labels = &r->file->labels;
  if (r->has_label[label] && (label == LABEL_VIRIAL || label == LABEL_STRESS))
    return mtp_scan_fail(r->scan, "found '%s' beside another %s, expected one", key,
                         label == LABEL_VIRIAL ? "virial" : "stress");
  mtp_status status = mtp_extxyz_is_usual(key) ? MTP_OK : mtp_extxyz_check_key(r->scan, key);
  if (status != MTP_OK) return status;
  labels->seen[label] = true;
  if (label == LABEL_ENERGY) return parse_number(r, key, value, &cfg->has_energy, &cfg->energy);
  if (label == LABEL_FREE_ENERGY) return parse_number(r, key, value, &r->has_label[label], &r->free_energy);
  r->has_label[label] = true;
  return parse_tensor(r, key, value, label == LABEL_VIRIAL ? cfg->virial : r->stress);
}

/* Whatever is no field of a configuration. */
static mtp_status keep_pair(record *r, const char *key, const char *value) {
  char name[32];
  mtp_label of;
  mtp_extxyz_note_key(&r->file->labels, key, value);
  if (mtp_extxyz_is_other_unit(key, value, &of) && !r->other_unit[of][0])
    snprintf(r->other_unit[of], sizeof r->other_unit[of], "%.28s=%.28s", key, value);
  if (mtp_extxyz_is_usual(key)) { /* or it would be read when it is written again */
    snprintf(name, sizeof name, "unused_%s", key);
    key = name;
  }
  const char *before = mtp_config_get_feature(r->cfg, key);
  if (before && strcmp(before, value) != 0)
    return mtp_scan_fail(r->scan, "found '%s' a second time with another value, expected it once",
                         mtp_span_quote((mtp_span){key, strlen(key)}).text);
  return mtp_config_set_feature(r->scan->ctx, r->cfg, key, value);
}

static mtp_status take_pair(record *r, const char *key, const char *value) {
  mtp_config *cfg = r->cfg;
  mtp_label label = mtp_extxyz_label_of_key(&r->file->labels, key);
  if (label != LABEL_NONE) return take_label(r, label, key, value);
  if (strcasecmp(key, "Lattice") == 0) return parse_lattice(r, value);
  if (strcasecmp(key, "Properties") == 0) return parse_properties(r, value);
  if (strcasecmp(key, "pbc") == 0) return parse_pbc(r, value);
  if (strcasecmp(key, "max_grade") == 0 || strcasecmp(key, "MV_grade") == 0)
    return parse_number(r, key, value, &cfg->has_max_grade, &cfg->max_grade);
  return keep_pair(r, key, value);
}

/* Forces are the gradient of the free energy; with electronic smearing the other energy is extrapolated to none. */
static mtp_status choose_energy(record *r) {
  mtp_config *cfg = r->cfg;
  r->file->labels.energy_alone |= cfg->has_energy && !r->has_label[LABEL_FREE_ENERGY];
  if (!r->has_label[LABEL_FREE_ENERGY]) return MTP_OK;
  mtp_status status = MTP_OK;
  if (cfg->has_energy && cfg->energy != r->free_energy) {
    char text[40];
    mtp_snprintf(text, sizeof text, "%.17g", cfg->energy);
    status = mtp_config_set_feature(r->scan->ctx, cfg, "unused_energy", text);
    if (!r->file->labels.told_free_energy)
      mtp_message(
          r->scan->ctx, MTP_WARNING,
          "%s:%zu: free_energy= is taken for the energy, as forces are its gradient; energy= is another and kept "
          "as unused_energy=; to take it: --keys energy=energy" MTP_EXTXYZ_FOR_DECKS,
          r->scan->path, r->scan->line);
    r->file->labels.told_free_energy = true;
  }
  cfg->has_energy = true;
  cfg->energy = r->free_energy;
  return status;
}

static mtp_status check_units(record *r) {
  r->has_label[LABEL_NONE] = true; /* positions */
  r->has_label[LABEL_ENERGY] = r->cfg->has_energy;
  for (int k = 0; k < LABEL_COUNT; k++)
    if (r->has_label[k] && r->other_unit[k][0])
      return mtp_scan_fail(r->scan, "found %s, expected eV, A, eV/A and eV/A^3: convert the file", r->other_unit[k]);
  return MTP_OK;
}

/* Printed digits and sums in another order make no contradiction. */
static mtp_status compare_stress(record *r, double volume) {
  double largest = 0, difference = 0;
  const double *virial = r->cfg->virial;
  for (int k = 0; k < 6; k++) {
    largest = fmax(largest, fmax(fabs(virial[k]), fabs(r->stress[k] * volume)));
    difference = fmax(difference, fabs(virial[k] + r->stress[k] * volume));
  }
  if (!(difference > 1e-3 * largest + 1e-5 * volume)) return MTP_OK;
  return mtp_scan_fail(r->scan,
                       "found a virial and a stress that disagree by %.3g eV, expected virial = -stress * volume: "
                       "leave one out with --keys stress= or virial=" MTP_EXTXYZ_FOR_DECKS,
                       difference);
}

/* The cell is complete: periodic directions, and a stress as the virial it means. */
static mtp_status finish_cell(record *r) {
  mtp_config *cfg = r->cfg;
  for (int d = 0; d < 3; d++) {
    bool row = mtp_cell_has_row(cfg, d);
    if (!r->has_pbc) cfg->periodic[d] = row;
    if (cfg->periodic[d] && !row)
      return mtp_scan_fail(r->scan, "found direction %d periodic without a lattice vector, expected one in Lattice",
                           d + 1);
  }
  const bool has_virial = r->has_label[LABEL_VIRIAL];
  cfg->has_virial = has_virial || r->has_label[LABEL_STRESS];
  if (!r->has_label[LABEL_STRESS]) return MTP_OK;
  const double volume = mtp_config_volume(cfg);
  if (volume == 0) return mtp_scan_fail(r->scan, "found a stress without a cell, expected a Lattice of three vectors");
  if (has_virial) return compare_stress(r, volume);
  for (int k = 0; k < 6; k++) {
    cfg->virial[k] = -r->stress[k] * volume;
    if (!isfinite(cfg->virial[k]) && !r->scan->tolerates_bad_numbers)
      return mtp_scan_fail(r->scan, "found a stress beyond all bounds");
  }
  return MTP_OK;
}

static mtp_status read_comment(record *r) {
  mtp_scan *scan = r->scan;
  if (!mtp_scan_line(scan)) return mtp_scan_expected(scan, scan->rest, "the comment line of a configuration");
  mtp_span line = mtp_span_trim(scan->rest);
  scan->rest = (mtp_span){scan->rest.s + scan->rest.n, 0};
  r->plain = true;
  r->properties[0] = (property){ROLE_SPECIES, 1};
  r->properties[1] = (property){ROLE_POSITION, 3};
  r->property_count = 2;
  r->column_count = 4;
  mtp_status status = MTP_OK;
  if (line.n && !memchr(line.s, '=', line.n)) { /* free text of a plain file */
    if (memchr(line.s, 0, line.n)) return mtp_scan_fail(scan, "found a zero byte, expected a comment line");
    char *comment = mtp_span_copy(line);
    status = comment ? mtp_config_set_feature(scan->ctx, r->cfg, "comment", comment) : mtp_fail_memory(scan->ctx);
    free(comment);
    return status;
  }
  for (;;) {
    char *key, *value;
    status = mtp_extxyz_next_pair(scan, &line, &key, &value);
    if (status != MTP_OK || !key) break;
    status = take_pair(r, key, value);
    free(key);
    free(value);
    if (status != MTP_OK) break;
  }
  if (status == MTP_OK) status = choose_energy(r);
  if (status == MTP_OK) status = finish_cell(r);
  if (status == MTP_OK) status = check_units(r);
  if (status == MTP_OK && !has_role(r, ROLE_POSITION))
    return mtp_scan_fail(scan, "found Properties without positions, expected pos:R:3");
  if (status == MTP_OK && !has_role(r, ROLE_SPECIES) && !has_role(r, ROLE_NUMBER))
    return mtp_scan_fail(scan, "found Properties without species, expected species:S:1 or Z:I:1");
  return status;
}

static mtp_status set_species(record *r, size_t i, mtp_span token) {
  if (!mtp_span_is_name(token)) return mtp_scan_expected(r->scan, token, "the name of an element");
  r->cfg->species[i] = mtp_set_species_of(r->file->set, token);
  return r->cfg->species[i] < 0 ? mtp_fail_memory(r->scan->ctx) : MTP_OK;
}

static mtp_status set_number(record *r, size_t i, mtp_span token) {
  size_t number;
  if (!mtp_span_count(token, MTP_ELEMENT_MAX, &number)) return mtp_scan_expected(r->scan, token, "an atomic number");
  const char *symbol = mtp_element_symbol((int)number);
  return set_species(r, i, (mtp_span){symbol, strlen(symbol)});
}

static mtp_status read_property(record *r, const property *p, size_t i) {
  double *target = NULL;
  if (p->role == ROLE_POSITION) target = r->cfg->x + 3 * i;
  if (p->role == ROLE_FORCE) target = r->cfg->force + 3 * i;
  if (p->role == ROLE_SITE_ENERGY) target = r->cfg->site_energy + i;
  if (p->role == ROLE_GRADE) target = r->cfg->grade + i;
  if (p->role == ROLE_FORCE_ERROR) target = r->cfg->force_error + i;
  if (p->role == ROLE_CHARGE) target = r->cfg->charge + i;
  for (int k = 0; k < p->columns; k++) {
    mtp_span token;
    if (!mtp_span_token(&r->scan->rest, &token))
      return mtp_scan_fail(r->scan, "found too few columns for atom %zu of %zu, expected %d", i + 1, r->size,
                           r->column_count);
    mtp_status status = MTP_OK;
    if (target && !mtp_scan_number(r->scan, token, &target[k]))
      return mtp_scan_expected(r->scan, token, "a finite number");
    if (p->role == ROLE_SPECIES) status = set_species(r, i, token);
    if (p->role == ROLE_NUMBER && !has_role(r, ROLE_SPECIES)) status = set_number(r, i, token);
    if (p->role == ROLE_MASK || p->role == ROLE_GHOST) {
      bool set;
      if (!parse_logical(token, &set)) return mtp_scan_expected(r->scan, token, "T or F");
      (p->role == ROLE_MASK ? r->cfg->force_mask : r->cfg->ghost)[i] = set;
    }
    if (status != MTP_OK) return status;
  }
  return MTP_OK;
}

static mtp_status read_atom(record *r, size_t i) {
  mtp_scan *scan = r->scan;
  if (!mtp_scan_line(scan))
    return mtp_scan_fail(scan, "found the end of the file, expected atom %zu of %zu", i + 1, r->size);
  for (int k = 0; k < r->property_count; k++) {
    mtp_status status = read_property(r, &r->properties[k], i);
    if (status != MTP_OK) return status;
  }
  mtp_span token;
  if (!mtp_span_token(&scan->rest, &token)) return MTP_OK;
  if (!r->plain)
    return mtp_scan_fail(scan, "found '%s', expected the end of the line after %d columns", mtp_span_quote(token).text,
                         r->column_count);
  scan->rest.n = 0;
  if (!r->file->warned_extra)
    mtp_message(scan->ctx, MTP_WARNING,
                "%s:%zu: columns beyond the position are not kept: Properties does not name them", scan->path,
                scan->line);
  r->file->warned_extra = true;
  return MTP_OK;
}

static mtp_status allocate_columns(record *r) {
  mtp_config *cfg = r->cfg;
  bool force = has_role(r, ROLE_FORCE), site = has_role(r, ROLE_SITE_ENERGY), grade = has_role(r, ROLE_GRADE);
  if (force) cfg->force = mtp_calloc(3 * cfg->n, sizeof *cfg->force);
  if (site) cfg->site_energy = mtp_calloc(cfg->n, sizeof *cfg->site_energy);
  if (grade) cfg->grade = mtp_calloc(cfg->n, sizeof *cfg->grade);
  const bool error = has_role(r, ROLE_FORCE_ERROR), charge = has_role(r, ROLE_CHARGE);
  if (error) cfg->force_error = mtp_calloc(cfg->n, sizeof *cfg->force_error);
  if (charge) cfg->charge = mtp_calloc(cfg->n, sizeof *cfg->charge);
  bool mask = has_role(r, ROLE_MASK), ghost = has_role(r, ROLE_GHOST);
  if (mask) cfg->force_mask = mtp_calloc(cfg->n, sizeof *cfg->force_mask);
  if (ghost) cfg->ghost = mtp_calloc(cfg->n, sizeof *cfg->ghost);
  bool ok = (!mask || cfg->force_mask) && (!ghost || cfg->ghost) && (!force || cfg->force) &&
            (!site || cfg->site_energy) && (!grade || cfg->grade) && (!error || cfg->force_error) &&
            (!charge || cfg->charge);
  return ok ? MTP_OK : mtp_fail_memory(r->scan->ctx);
}

static mtp_status read_record(mtp_scan *scan, void *state, mtp_config **out) {
  record r = {.scan = scan, .file = state};
  mtp_span line = mtp_span_trim(scan->rest);
  if (!mtp_span_count(line, INT_MAX, &r.size))
    return mtp_scan_expected(scan, line, "a line with nothing but the number of atoms");
  /* a wrong number must not claim all memory: an atom takes four bytes of text at least, and the text ends first */
  size_t most = (size_t)(scan->end - scan->next) / 4 + 1;
  r.cfg = mtp_config_new(r.size < most ? r.size : most);
  mtp_status status = r.cfg ? read_comment(&r) : mtp_fail_memory(scan->ctx);
  if (status == MTP_OK) status = allocate_columns(&r);
  for (size_t i = 0; i < r.size && status == MTP_OK; i++) status = read_atom(&r, i);
  if (status == MTP_OK) mtp_config_drop_false_ghosts(r.cfg);
  if (status == MTP_OK)
    *out = r.cfg;
  else
    mtp_config_free(r.cfg);
  return status;
}

static void begin_file(void *user, const mtp_read_options *options, mtp_config_set *set) {
  file_state *state = user;
  state->set = set;
  if (options) state->labels.keys = options->keys;
}

static mtp_status end_file(mtp_context *ctx, void *user, const char *path, bool any) {
  file_state *state = user;
  mtp_dropped_report(&state->dropped, ctx, path, "columns that are not kept");
  return mtp_extxyz_labels_end(&state->labels, ctx, path, any);
}

/* A line with the number of atoms, one of keys, one an atom. */
static const char *skip_record(const char *at, const char *end, bool *bad) {
  size_t lines = 0;
  bool counted = false;
  while (!counted || lines > 0) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    if (!newline) return NULL;
    const mtp_span line = mtp_span_trim((mtp_span){at, (size_t)(newline - at)});
    at = newline + 1;
    if (counted)
      lines--;
    else if (line.n) {
      counted = mtp_span_count(line, INT_MAX, &lines);
      if (!counted) return *bad = true, NULL;
      lines++;
    }
  }
  return at;
}

const mtp_record_format mtp_extxyz_records = {sizeof(file_state), begin_file,  read_record, NULL,
                                              end_file,           skip_record, true};

mtp_status mtp_extxyz_parse(mtp_context *ctx, const char *path, const char *data, size_t size, size_t first_line,
                            const mtp_read_options *options, mtp_config_set *set) {
  return mtp_records_parse_all(&mtp_extxyz_records, ctx, path, data, size, first_line, options, set);
}
