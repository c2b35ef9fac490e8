/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/extxyz_labels.c
 * Under which names extended XYZ files hold their labels. Every program has its own; what looks like a label and is not
 * read is named, and what is in other units is refused. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/extxyz.h"

static const struct {
  const char *name;
  mtp_label label;
} usual[] = {{"energy", LABEL_ENERGY},  {"free_energy", LABEL_FREE_ENERGY}, {"virial", LABEL_VIRIAL},
             {"virials", LABEL_VIRIAL}, {"stress", LABEL_STRESS},           {"stresses", LABEL_STRESS}};
enum { USUAL_COUNT = sizeof usual / sizeof *usual };

static const char *chosen_key(const mtp_label_keys *keys, mtp_label label) {
  switch (label) {
  case LABEL_ENERGY:
  case LABEL_FREE_ENERGY:
    return keys->energy;
  case LABEL_FORCES:
    return keys->forces;
  case LABEL_VIRIAL:
    return keys->virial;
  case LABEL_STRESS:
    return keys->stress;
  default:
    return NULL;
  }
}

bool mtp_extxyz_is_usual(const char *key) {
  for (int k = 0; k < USUAL_COUNT; k++)
    if (strcasecmp(key, usual[k].name) == 0) return true;
  return false;
}

mtp_label mtp_extxyz_label_of_key(const mtp_extxyz_labels *labels, const char *key) {
  static const mtp_label in_comment[] = {LABEL_ENERGY, LABEL_VIRIAL, LABEL_STRESS};
  for (size_t k = 0; k < sizeof in_comment / sizeof *in_comment; k++) {
    const char *chosen = chosen_key(&labels->keys, in_comment[k]);
    if (chosen && strcmp(chosen, key) == 0) return in_comment[k];
  }
  for (int k = 0; k < USUAL_COUNT; k++)
    if (strcasecmp(key, usual[k].name) == 0)
      return chosen_key(&labels->keys, usual[k].label) ? LABEL_NONE : usual[k].label;
  return LABEL_NONE;
}

mtp_label mtp_extxyz_label_of_column(const mtp_extxyz_labels *labels, mtp_span name) {
  const char *chosen = labels->keys.forces;
  bool is = chosen ? mtp_span_is(name, chosen) : mtp_span_is(name, "forces") || mtp_span_is(name, "force");
  return is ? LABEL_FORCES : LABEL_NONE;
}

/* ---- what a name says ---- */

/* The next run of letters and digits, in lower case and shortened; false at the end. */
static bool next_word(const char **name, char word[16]) {
  while (**name && !isalnum((unsigned char)**name)) ++*name;
  size_t n = 0;
  for (; isalnum((unsigned char)**name); ++*name)
    if (n < 15) word[n++] = (char)tolower((unsigned char)**name);
  word[n] = 0;
  return n > 0;
}

static bool is_one_of(const char *word, const char *const *list) {
  for (; *list; list++)
    if (strcmp(word, *list) == 0) return true;
  return false;
}

/* True if the name ends in the name of a unit that is not ours, or says that it is not of the whole cell. */
static bool says_other_units(const char *name) {
  static const char *const others[] = {"ha",  "hartree", "hartrees", "ry",   "rydberg", "bohr", "gpa",
                                       "mpa", "kpa",     "pa",       "kbar", "kb",      "bar",  "kcal",
                                       "kj",  "mol",     "mev",      "per",  "peratom", "au",   NULL};
  char word[16];
  bool first = true;
  while (next_word(&name, word)) {
    if (!first && is_one_of(word, others)) return true;
    first = false;
  }
  return false;
}

mtp_status mtp_extxyz_check_key(mtp_scan *scan, const char *key) {
  if (!says_other_units(key)) return MTP_OK;
  return mtp_scan_fail(scan,
                       "found the key '%s', whose name says other units, expected eV, eV/A or eV/A^3 of the whole "
                       "cell: convert the values",
                       key);
}

static mtp_label kind_of_name(const char *name) {
  if (strcasestr(name, "force") || strcasestr(name, "gradient")) return LABEL_FORCES;
  if (strcasestr(name, "virial")) return LABEL_VIRIAL;
  if (strcasestr(name, "stress")) return LABEL_STRESS;
  if (strcasestr(name, "energ")) return LABEL_ENERGY;
  return LABEL_NONE;
}

/* Keys of ours, and of others that speak about labels without being any. */
static bool is_about_labels(const char *name) {
  static const char *const words[] = {"weight", "mask", "unit", "unused", "error", "rmse", "baseline"};
  for (size_t k = 0; k < sizeof words / sizeof *words; k++)
    if (strcasestr(name, words[k])) return true;
  return false;
}

static int count_numbers(const char *value) {
  static const char between[] = " \t\r\n,[]{}()";
  int count = 0;
  for (value += strspn(value, between); *value; value += strspn(value, between)) {
    size_t length = strcspn(value, between);
    double number;
    if (!mtp_span_real((mtp_span){value, length}, &number)) return -1;
    count++;
    value += length;
  }
  return count;
}

static void note_label(mtp_extxyz_labels *labels, mtp_label kind, mtp_span name, bool usable) {
  mtp_dropped_add(&labels->unread, name);
  if (usable && !labels->hint[kind].size) mtp_text_add_bytes(&labels->hint[kind], name.s, name.n);
}

void mtp_extxyz_note_key(mtp_extxyz_labels *labels, const char *key, const char *value) {
  mtp_label kind = kind_of_name(key);
  if (kind == LABEL_NONE && strcmp(key, "E") == 0) kind = LABEL_ENERGY;
  if (kind == LABEL_NONE || is_about_labels(key)) return;
  int count = count_numbers(value);
  bool fits = kind == LABEL_ENERGY ? count == 1 : kind == LABEL_FORCES ? false : count == 6 || count == 9;
  if (!fits && !(kind == LABEL_FORCES && count >= 3)) return;
  note_label(labels, kind, (mtp_span){key, strlen(key)}, fits && !says_other_units(key));
}

bool mtp_extxyz_note_column(mtp_extxyz_labels *labels, mtp_span name, int columns) {
  static const char *const others[] = {"f", "fx", "fy", "fz", NULL};
  char *text = mtp_span_copy(name);
  if (!text) return false;
  mtp_label kind = kind_of_name(text);
  const char *at = text;
  char word[16];
  if (kind == LABEL_NONE && next_word(&at, word) && !*at && is_one_of(word, others)) kind = LABEL_FORCES;
  bool is = kind != LABEL_NONE && !is_about_labels(text);
  if (is) note_label(labels, kind, name, kind == LABEL_FORCES && columns == 3 && !says_other_units(text));
  free(text);
  return is;
}

/* ---- keys that name units ---- */

/* "eV / Angstrom^3" as "ev/a3"; UTF-8 has the letter A with a ring in two bytes, or as a sign of its own in three. */
static void normalise(const char *value, size_t size, char *out, size_t room) {
  static const struct {
    const char *from, *to;
  } parts[] = {{"angstroms", "a"},      {"angstrom", "a"},     {"ang", "a"},
               {"\xC3\x85", "a"},       {"\xC3\xA5", "a"},     {"\xE2\x84\xAB", "a"},
               {"electronvolts", "ev"}, {"electronvolt", "ev"}};
  size_t n = 0;
  for (size_t k = 0; k < size && n + 3 < room;) {
    size_t p = 0;
    while (p < sizeof parts / sizeof *parts &&
           (size - k < strlen(parts[p].from) || strncasecmp(value + k, parts[p].from, strlen(parts[p].from)) != 0))
      p++;
    if (p < sizeof parts / sizeof *parts) {
      for (const char *c = parts[p].to; *c; c++) out[n++] = *c;
      k += strlen(parts[p].from);
      continue;
    }
    if (!strchr(" \t\"'*^_[]{}()", value[k])) out[n++] = (char)tolower((unsigned char)value[k]);
    k++;
  }
  out[n] = 0;
}

static bool is_our_unit(const char *value, mtp_label of, bool length) {
  static const char *const energies[] = {"ev", NULL}, *const lengths[] = {"a", NULL},
                           *const forces[] = {"ev/a", "eva-1", NULL}, *const stresses[] = {"ev/a3", "eva-3", NULL};
  char text[64];
  normalise(value, strlen(value), text, sizeof text);
  if (length) return is_one_of(text, lengths);
  if (of == LABEL_FORCES) return is_one_of(text, forces);
  return is_one_of(text, of == LABEL_STRESS ? stresses : energies);
}

/* A list for everything, such as "metal" or "eV, A". */
static bool are_our_units(const char *value) {
  static const char *const ours[] = {"metal", "ase", "ev", "a", "ev/a", "ev/a3", "/", "", NULL};
  static const char between[] = " \t,;";
  for (value += strspn(value, between); *value; value += strspn(value, between)) {
    size_t size = strcspn(value, between);
    char text[64];
    normalise(value, size, text, sizeof text);
    if (!is_one_of(text, ours)) return false;
    value += size;
  }
  return true;
}

static bool is_unit_key(const char *key) {
  char word[16];
  while (next_word(&key, word)) {
    size_t n = strlen(word);
    if ((n >= 4 && strcmp(word + n - 4, "unit") == 0) || (n >= 5 && strcmp(word + n - 5, "units") == 0)) return true;
  }
  return false;
}

bool mtp_extxyz_is_other_unit(const char *key, const char *value, mtp_label *of) {
  static const char *const lengths[] = {"length", "pos", "dist", "coord", "lattice", "cell"};
  if (!is_unit_key(key)) return false;
  *of = kind_of_name(key);
  if (*of != LABEL_NONE) return !is_our_unit(value, *of, false);
  if (strcasecmp(key, "unit") == 0 || strcasecmp(key, "units") == 0) return !are_our_units(value);
  for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++)
    if (strcasestr(key, lengths[k])) return !is_our_unit(value, *of, true);
  return false; /* of time, charge and the like */
}

/* ---- the end of a file ---- */

static void add_hints(const mtp_extxyz_labels *labels, mtp_text *text) {
  static const char *const names[LABEL_COUNT] = {
      [LABEL_ENERGY] = "energy", [LABEL_FORCES] = "forces", [LABEL_VIRIAL] = "virial", [LABEL_STRESS] = "stress"};
  bool any = false;
  for (int k = 0; k < LABEL_COUNT; k++) {
    bool known = labels->seen[k] || chosen_key(&labels->keys, (mtp_label)k) ||
                 (k == LABEL_ENERGY && labels->seen[LABEL_FREE_ENERGY]);
    if (!names[k] || !labels->hint[k].size || known) continue;
    mtp_text_add(text, "%s%s=%s", any ? "," : "; to read them: --keys ", names[k], labels->hint[k].data);
    any = true;
  }
  if (any) mtp_text_add(text, MTP_EXTXYZ_FOR_DECKS);
}

static void tell_unread(const mtp_extxyz_labels *labels, mtp_context *ctx, const char *path) {
  mtp_text text = {0};
  if (labels->unread.names.size) {
    mtp_text_add(&text, "%s", labels->unread.names.data);
    add_hints(labels, &text);
    if (!text.failed) mtp_message(ctx, MTP_WARNING, "%s: look like labels, but are not read: %s", path, text.data);
  }
  mtp_text_free(&text);
}

mtp_status mtp_extxyz_labels_end(mtp_extxyz_labels *labels, mtp_context *ctx, const char *path, bool any_record) {
  static const mtp_label all[] = {LABEL_ENERGY, LABEL_FORCES, LABEL_VIRIAL, LABEL_STRESS};
  mtp_text missing = {0};
  bool found = false;
  for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
    const char *chosen = chosen_key(&labels->keys, all[k]);
    if (!chosen || !*chosen) continue;
    found = found || labels->seen[all[k]];
    if (!labels->seen[all[k]]) mtp_text_add(&missing, "%s%s", missing.size ? ", " : "", chosen);
  }
  mtp_status status = MTP_OK;
  if (missing.size && any_record && !found)
    status =
        mtp_fail(ctx, MTP_ERR_FORMAT, "%s: no configuration has what was asked for as labels: %s", path, missing.data);
  else if (missing.size && any_record)
    mtp_message(ctx, MTP_WARNING, "%s: no configuration has what was asked for as a label: %s", path, missing.data);
  mtp_text_free(&missing);
  if (status == MTP_OK && labels->told_free_energy && labels->energy_alone)
    mtp_message(ctx, MTP_WARNING,
                "%s: some configurations have no free_energy=; of these energy= is taken, which is another quantity",
                path);
  if (status == MTP_OK && any_record) tell_unread(labels, ctx, path);
  mtp_text_free(&labels->unread.names);
  for (int k = 0; k < LABEL_COUNT; k++) mtp_text_free(&labels->hint[k]);
  return status;
}
