/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file driver/baseline_lammps.c
 * What is hashed is what the commands mean and not how they are laid out or what fixes are called, so that the file
 * that a run leaves and the run itself have the same hash. Charges of elements are no part of it: a run without atoms
 * of an element does not know its charge. They follow the hash, each with its element. */
#include "baseline_lammps.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "private_lammps.h"
#include "support/support.h"

/* "b" and twelve digits */
#define HASH_SIZE 13

struct mtp_lammps_baseline {
  mtp_baseline baseline;
  char name[64];
  char *text;
  int species_count;
  char **names;
  double *charge;   /* [species_count], NULL: none */
  bool *is_charged; /* [species_count] is that known? */
  mtp_private_lammps *instance;
  char *beside; /* the file of runs before or beside this one, NULL: it is all there is */
  const char *plugin;
};

/* ---- the hash ---- */

/* FNV-1a */
static void hash_bytes(uint64_t *hash, const void *bytes, size_t size) {
  const unsigned char *b = bytes;
  for (size_t k = 0; k < size; k++) *hash = (*hash ^ b[k]) * 0x100000001b3ULL;
}

static bool is_number(const char *word) {
  char *end;
  mtp_strtod(word, &end);
  return end > word && !*end;
}

static bool is_file(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Where LAMMPS would find it; NULL: nowhere. Freed by the caller. */
static char *find_file(const char *word) {
  const char *folders = getenv("LAMMPS_POTENTIALS");
  if (is_file(word)) return mtp_strdup(word);
  for (const char *at = folders ? folders : ""; *at && *word != '/';
       at += strcspn(at, ":") + (at[strcspn(at, ":")] == ':')) {
    mtp_text path = {0};
    mtp_text_add(&path, "%.*s/%s", (int)strcspn(at, ":"), at, word);
    if (!path.failed && is_file(path.data)) return path.data;
    free(path.data);
  }
  return NULL;
}

/* A word that looks like the name of a file stands for what is in it. */
static mtp_status hash_word(mtp_context *ctx, uint64_t *hash, const char *word) {
  hash_bytes(hash, word, strlen(word) + 1);
  if (is_number(word) || !strpbrk(word, "./")) return MTP_OK;
  char *path = find_file(word), *data = NULL;
  size_t size = 0;
  const mtp_status status = path ? mtp_file_read(ctx, path, &data, &size) : MTP_OK;
  if (data) hash_bytes(hash, data, size);
  free(data);
  free(path);
  return status;
}

/* Words are parted by blanks and may be quoted; a comment ends the line. Returns where the next one begins. */
static const char *take_word(const char *at, const char *end, char *word, size_t room) {
  size_t n = 0;
  char quote = 0;
  while (at < end && isspace((unsigned char)*at)) at++;
  for (; at < end && (quote || (!isspace((unsigned char)*at) && *at != '#')); at++) {
    if (*at == quote)
      quote = 0;
    else if (!quote && (*at == '"' || *at == '\''))
      quote = *at;
    else if (n + 1 < room)
      word[n++] = *at;
  }
  word[n] = '\0';
  return at < end && *at == '#' ? end : at;
}

/* ---- charges ---- */

/* The first of the words in `types` that is `name`, as the private instance takes it; 0: none is. */
static int type_called(const char *types, const char *name) {
  const size_t length = strlen(name);
  int type = 1;
  for (const char *word = types + strspn(types, " "); *word; type++) {
    const size_t of_word = strcspn(word, " ");
    if (of_word == length && strncmp(word, name, length) == 0) return type;
    word += of_word;
    word += strspn(word, " ");
  }
  return 0;
}

/* The species of "set type 1 charge 0.5", as a run says it and as one would write it; -1 of other lines. */
static int species_charged(const mtp_lammps_baseline *b, const char *line, const char *end, double *charge) {
  char word[6][64];
  for (int k = 0; k < 6; k++) line = take_word(line, end, word[k], sizeof word[k]);
  if (strcmp(word[0], "set") != 0 || strcmp(word[1], "type") != 0 || strcmp(word[3], "charge") != 0 || *word[5])
    return -1; /* what sets more than charges belongs to the hash */
  const char *types = mtp_private_lammps_types(b->instance);
  const int type = atoi(word[2]);
  *charge = mtp_strtod(word[4], NULL);
  for (int s = 0; s < b->species_count && type > 0 && is_number(word[2]) && is_number(word[4]); s++)
    if (type == (types ? type_called(types, b->names[s]) : s + 1)) return s;
  return -1;
}

static mtp_status take_charges(mtp_context *ctx, mtp_lammps_baseline *b) {
  const size_t count = (size_t)b->species_count;
  for (const char *line = b->text; *line;) {
    const char *end = line + strcspn(line, "\n");
    double charge;
    const int s = species_charged(b, line, end, &charge);
    if (s >= 0 && !b->charge) {
      b->charge = mtp_calloc(count, sizeof *b->charge);
      b->is_charged = mtp_calloc(count, sizeof *b->is_charged);
      if (!b->charge || !b->is_charged) return mtp_fail_memory(ctx);
    }
    if (s >= 0) {
      b->charge[s] = charge;
      b->is_charged[s] = true;
    }
    line = *end ? end + 1 : end;
  }
  return MTP_OK;
}

/* In the order of the alphabet: "_Cl-1_Na+1". */
static void add_charges(mtp_text *text, const mtp_lammps_baseline *b) {
  const char *before = "";
  while (b->is_charged) {
    int next = -1;
    for (int s = 0; s < b->species_count; s++)
      if (b->is_charged[s] && strcmp(b->names[s], before) > 0 && (next < 0 || strcmp(b->names[s], b->names[next]) < 0))
        next = s;
    if (next < 0) return;
    before = b->names[next];
    double read = NAN;
    char number[40];
    for (int digits = 6; digits <= 17 && read != b->charge[next]; digits++) {
      mtp_snprintf(number, sizeof number, "%+.*g", digits, b->charge[next]);
      read = mtp_strtod(number, NULL);
    }
    mtp_text_add(text, "_%s%s", before, number);
  }
}

/* ---- the name ---- */

static mtp_status hash_line(mtp_context *ctx, const mtp_lammps_baseline *b, uint64_t *hash, const char *line,
                            const char *end) {
  char word[1024];
  double charge;
  mtp_status status = MTP_OK;
  const char *at = take_word(line, end, word, sizeof word);
  if (!*word || (strcmp(word, "units") == 0 && strncmp(at + strspn(at, " \t"), "metal", 5) == 0)) return MTP_OK;
  if (species_charged(b, line, end, &charge) >= 0) return MTP_OK;
  const bool is_fix = strcmp(word, "fix") == 0;
  for (int k = 0; *word && status == MTP_OK; k++) {
    status = k == 1 && is_fix ? MTP_OK : hash_word(ctx, hash, word);
    at = take_word(at, end, word, sizeof word);
  }
  hash_bytes(hash, "\n", 1);
  return status;
}

static mtp_status make_name(mtp_context *ctx, mtp_lammps_baseline *b) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  mtp_status status = MTP_OK;
  mtp_text charges = {0};
  const char *types = mtp_private_lammps_types(b->instance);
  for (int s = 0; s < b->species_count && !types; s++) {
    hash_bytes(&hash, " ", 1);
    hash_bytes(&hash, b->names[s], strlen(b->names[s]));
  }
  if (types) hash_bytes(&hash, types, strlen(types));
  if (mtp_private_lammps_needs_charges(b->instance)) hash_bytes(&hash, " charges", sizeof " charges");
  if (mtp_private_lammps_has_slabs(b->instance)) hash_bytes(&hash, " slab", sizeof " slab");
  hash_bytes(&hash, "\n", 1);
  for (const char *line = b->text; *line && status == MTP_OK;) {
    const char *end = line + strcspn(line, "\n");
    status = hash_line(ctx, b, &hash, line, end);
    line = *end ? end + 1 : end;
  }
  mtp_text_add(&charges, "%s", "");
  add_charges(&charges, b);
  if (charges.failed) status = mtp_fail_memory(ctx);
  const bool is_long = status == MTP_OK && HASH_SIZE + charges.size >= sizeof b->name;
  if (is_long) hash_bytes(&hash, charges.data, charges.size);
  if (status == MTP_OK)
    snprintf(b->name, sizeof b->name, "b%012llx%s", (unsigned long long)((hash ^ hash >> 48) & 0xffffffffffffULL),
             is_long ? "" : charges.data);
  mtp_text_free(&charges);
  return status;
}

/* ---- the baseline ---- */

/* Charges that the file of other runs has of species that this one does not; says whether there are any. */
static mtp_status add_known(mtp_context *ctx, mtp_lammps_baseline *b, bool *found) {
  mtp_lammps_baseline *other = NULL;
  mtp_text text = {0};
  *found = false;
  if (!b->beside || !b->is_charged || !is_file(b->beside) ||
      mtp_lammps_baseline_open(NULL, b->beside, NULL, b->species_count, (const char *const *)b->names, NULL, &other) !=
          MTP_OK)
    return MTP_OK; /* it is replaced */
  mtp_text_add(&text, "%s", b->text);
  for (const char *line = other->text; strncmp(other->name, b->name, HASH_SIZE) == 0 && *line;) {
    const char *end = line + strcspn(line, "\n");
    double charge;
    const int s = species_charged(other, line, end, &charge);
    *found = *found || (s >= 0 && !b->is_charged[s]);
    if (s >= 0 && !b->is_charged[s]) mtp_text_add(&text, "%.*s\n", (int)(end - line), line);
    line = *end ? end + 1 : end;
  }
  mtp_lammps_baseline_close(other);
  if (text.failed || !*found) {
    mtp_text_free(&text);
    return *found ? mtp_fail_memory(ctx) : MTP_OK;
  }
  free(b->text);
  b->text = text.data;
  return MTP_OK;
}

/* From its text. */
static mtp_status start(mtp_context *ctx, mtp_lammps_baseline *b, const char *path) {
  mtp_private_lammps *instance = NULL;
  const mtp_status status = mtp_private_lammps_open(ctx, path, b->text, true, b->plugin, &instance);
  if (status != MTP_OK) return status; /* one that there was goes on */
  mtp_private_lammps_close(b->instance);
  b->instance = instance;
  return take_charges(ctx, b);
}

/* Commands of a run that had no atoms of a species do not say its charge, which is hardly zero. */
static bool lacks_charge(const mtp_lammps_baseline *b, const mtp_config *cfg, size_t *atom) {
  if (!b->is_charged || !mtp_private_lammps_types(b->instance)) return false;
  for (*atom = 0; *atom < cfg->n; ++*atom)
    if (!b->is_charged[cfg->species[*atom]]) return true;
  return false;
}

static mtp_status check_charges(mtp_context *ctx, mtp_lammps_baseline *b, const mtp_config *cfg) {
  size_t atom;
  bool found;
  if (!lacks_charge(b, cfg, &atom)) return MTP_OK;
  mtp_status status = add_known(ctx, b, &found);
  if (status == MTP_OK && found) status = start(ctx, b, b->beside);
  if (status == MTP_OK && found) status = make_name(ctx, b); /* labels say what they stand on */
  if (status != MTP_OK || !lacks_charge(b, cfg, &atom)) return status;
  return mtp_fail(ctx, MTP_ERR_STATE, "the baseline is of runs without %s, whose charge it does not have",
                  b->names[cfg->species[atom]]);
}

static mtp_status compute(void *user, mtp_context *ctx, mtp_config *cfg) {
  mtp_lammps_baseline *b = user;
  mtp_qm_call call = {.config = cfg,
                      .species_count = b->species_count,
                      .names = (const char *const *)b->names,
                      .label = cfg,
                      .ctx = ctx};
  for (size_t i = 0; i < cfg->n; i++)
    if (cfg->species[i] < 0 || cfg->species[i] >= b->species_count)
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "the baseline knows no species %d", cfg->species[i]);
  const mtp_status known = check_charges(ctx, b, cfg);
  if (known != MTP_OK) return known;
  const mtp_qm_status status = mtp_private_lammps_evaluate(b->instance, &call);
  if (status == MTP_QM_OK) return MTP_OK;
  return mtp_fail(ctx, MTP_ERR_QM, "the baseline cannot be computed: %s", mtp_context_message(ctx));
}

static mtp_status copy_names(mtp_context *ctx, mtp_lammps_baseline *b, int count, const char *const *names) {
  b->names = mtp_calloc((size_t)count, sizeof *b->names);
  if (!b->names) return mtp_fail_memory(ctx);
  for (b->species_count = 0; b->species_count < count; b->species_count++) {
    b->names[b->species_count] = mtp_strdup(names[b->species_count]);
    if (!b->names[b->species_count]) return mtp_fail_memory(ctx);
  }
  return MTP_OK;
}

static mtp_status open_baseline(mtp_context *ctx, mtp_lammps_baseline *b, const char *path, const char *text,
                                const char *plugin) {
  size_t size = 0;
  bool found = false;
  b->plugin = plugin;
  mtp_status status = text ? MTP_OK : mtp_file_read(ctx, path, &b->text, &size);
  if (text && (!(b->text = mtp_strdup(text)) || !(b->beside = mtp_strdup(path)))) status = mtp_fail_memory(ctx);
  if (status == MTP_OK) status = start(ctx, b, path);
  if (status == MTP_OK) status = make_name(ctx, b);
  if (status == MTP_OK) status = add_known(ctx, b, &found);
  if (status != MTP_OK || !found) return status;
  status = start(ctx, b, path);
  return status == MTP_OK ? make_name(ctx, b) : status;
}

mtp_status mtp_lammps_baseline_open(mtp_context *ctx, const char *path, const char *text, int species_count,
                                    const char *const *names, const char *plugin, mtp_lammps_baseline **out) {
  mtp_lammps_baseline *b = mtp_calloc(1, sizeof *b);
  if (!b) return mtp_fail_memory(ctx);
  mtp_status status = copy_names(ctx, b, species_count, names);
  if (status == MTP_OK) status = open_baseline(ctx, b, path, text, plugin);
  b->baseline = (mtp_baseline){b->name, compute, b, b->charge, false};
  if (status == MTP_OK) b->baseline.takes_charges = mtp_private_lammps_needs_charges(b->instance);
  if (status == MTP_OK)
    *out = b;
  else
    mtp_lammps_baseline_close(b);
  return status;
}

void mtp_lammps_baseline_close(mtp_lammps_baseline *b) {
  if (!b) return;
  mtp_private_lammps_close(b->instance);
  for (int s = 0; s < b->species_count; s++) free(b->names[s]);
  free(b->names);
  free(b->charge);
  free(b->is_charged);
  free(b->text);
  free(b->beside);
  free(b);
}

const mtp_baseline *mtp_lammps_baseline_get(const mtp_lammps_baseline *b) {
  return b ? &b->baseline : NULL;
}

mtp_status mtp_lammps_baseline_write(mtp_context *ctx, const mtp_lammps_baseline *b, const char *path) {
  return mtp_file_replace(ctx, path, b->text, strlen(b->text));
}
