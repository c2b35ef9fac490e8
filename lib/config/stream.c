/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/stream.c
 * Files of records in pieces: a window over the text that ends where a record does. The last record that is complete
 * stays in the window, so that the last piece decides about a record that is cut short as the reader of whole files
 * does. */
#include "mtp/config_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "config/config_internal.h"

/* Bytes of text that are read at a time. */
#define PIECE ((size_t)4 << 20)
/* Of the beginning, which tells the format. */
#define HEAD ((size_t)1 << 16)

struct mtp_config_stream {
  char *path;
  mtp_read_options options;
  char *keys[4]; /* copies of those of the options */
  double bytes;  /* of the file */

  const mtp_record_format *format; /* NULL: all is in `whole` */
  mtp_config_set *whole;
  bool whole_was_read;

  gzFile file;
  char *text; /* [capacity], of which the first `used` are there */
  size_t used, capacity, line;
  bool at_end, is_over, cut, any;
  void *state;
  bool ended;           /* the state was reported */
  mtp_context *silent;  /* for what was read before */
  mtp_config_set *read; /* has the names of the file; its configurations go to `piece` */
  mtp_config_set *piece;

  int count; /* names that are wanted, -1: those of the file */
  char **names;
  int *target, targets; /* species of the file -> wanted ones, for the first `targets` names */
};

static void free_names(int count, char **names) {
  for (int i = 0; i < count && names; i++) free(names[i]);
  free(names);
}

/* ---- opening ---- */

static bool keep_key(const char **key, char **copy) {
  if (!*key) return true;
  *key = *copy = mtp_strdup(*key);
  return *copy;
}

static mtp_status keep_options(mtp_context *ctx, mtp_config_stream *s, const mtp_read_options *options) {
  if (options) s->options = *options;
  mtp_label_keys *k = &s->options.keys;
  const bool kept = keep_key(&k->energy, &s->keys[0]) && keep_key(&k->forces, &s->keys[1]) &&
                    keep_key(&k->virial, &s->keys[2]) && keep_key(&k->stress, &s->keys[3]);
  s->silent = mtp_context_new();
  s->read = mtp_config_set_new();
  s->piece = mtp_config_set_new();
  return kept && s->path && s->silent && s->read && s->piece ? MTP_OK : mtp_fail_memory(ctx);
}

static bool is_file(mtp_config_stream *s) {
  struct stat st;
  if (strcmp(s->path, "-") == 0 || stat(s->path, &st) != 0 || !S_ISREG(st.st_mode)) return false;
  s->bytes = (double)st.st_size;
  return true;
}

/* The format if it is one of records; whatever is wrong is told by who reads the file as a whole. */
static const mtp_record_format *find_records(mtp_config_stream *s) {
  static const mtp_record_format *const of[] = {[MTP_FORMAT_CFG] = &mtp_cfg_records,
                                                [MTP_FORMAT_EXTXYZ] = &mtp_extxyz_records,
                                                [MTP_FORMAT_LAMMPS_DUMP] = &mtp_lammps_dump_records};
  mtp_format format = s->options.format;
  char *head = mtp_calloc(HEAD + 1, 1);
  size_t size = 0;
  const mtp_record_format *found = NULL;
  if (head && is_file(s) && mtp_file_head(s->silent, s->path, head, HEAD, &size) == MTP_OK && size > 0) {
    mtp_scan scan = mtp_scan_start(s->silent, s->path, head, size, 1);
    if (mtp_find_format(&scan, size, &format) == MTP_OK && (size_t)format < sizeof of / sizeof *of) found = of[format];
    if (found == &mtp_cfg_records && mtp_is_binary_cfg(head, size)) found = NULL;
  }
  free(head);
  return found;
}

static mtp_status open_file(mtp_context *ctx, mtp_config_stream *s) {
  s->line = 1;
  errno = 0;
  s->file = gzopen(s->path, "rb");
  if (!s->file) return mtp_fail(ctx, MTP_ERR_IO, "cannot open %s: %s", s->path, strerror(errno ? errno : ENOMEM));
  gzbuffer(s->file, 1 << 18);
  return MTP_OK;
}

static mtp_status start_file(mtp_context *ctx, mtp_config_stream *s) {
  if (s->format != &mtp_extxyz_records) mtp_tell_of_keys(ctx, s->path, &s->options);
  s->state = mtp_calloc(1, s->format->state);
  if (!s->state) return mtp_fail_memory(ctx);
  if (s->format->begin) s->format->begin(s->state, &s->options, s->read);
  return open_file(ctx, s);
}

/* Of many streams that wait for the next pass none keeps a file open, or a window. */
static void close_file(mtp_config_stream *s) {
  if (s->file) gzclose(s->file);
  s->file = NULL;
  free(s->text);
  s->text = NULL;
  s->used = s->capacity = 0;
}

void mtp_config_stream_close(mtp_config_stream *s) {
  if (!s) return;
  if (s->format && s->state) s->format->end(NULL, s->state, s->path, false);
  close_file(s);
  for (int k = 0; k < 4; k++) free(s->keys[k]);
  free_names(s->count, s->names);
  free(s->target);
  free(s->state);
  free(s->text);
  mtp_config_set_free(s->read);
  mtp_config_set_free(s->piece);
  mtp_config_set_free(s->whole);
  mtp_context_free(s->silent);
  free(s->path);
  free(s);
}

mtp_status mtp_config_stream_open(mtp_context *ctx, const char *path, const mtp_read_options *options,
                                  mtp_config_stream **out) {
  if (out) *out = NULL;
  if (!path || !out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "no file to read given");
  mtp_config_stream *s = mtp_calloc(1, sizeof *s);
  if (!s) return mtp_fail_memory(ctx);
  s->path = mtp_strdup(path);
  s->count = -1;
  mtp_status status = keep_options(ctx, s, options);
  if (status == MTP_OK) {
    s->format = find_records(s);
    status = s->format ? start_file(ctx, s) : mtp_config_set_read(ctx, path, options, &s->whole);
  }
  if (status == MTP_OK)
    *out = s;
  else
    mtp_config_stream_close(s);
  return status;
}

/* ---- the window ---- */

static mtp_status make_room(mtp_context *ctx, mtp_config_stream *s, size_t more) {
  if (s->used + more <= s->capacity) return MTP_OK;
  char *larger = mtp_realloc(s->text, s->used + more, 1);
  if (!larger) return mtp_fail_memory(ctx);
  s->text = larger;
  s->capacity = s->used + more;
  return MTP_OK;
}

/* Of compressed data, which may end too early. */
static mtp_status note_end(mtp_context *ctx, mtp_config_stream *s) {
  int code;
  gzerror(s->file, &code);
  s->at_end = true;
  if (code == Z_OK || code == Z_STREAM_END) return MTP_OK;
  if (code != Z_BUF_ERROR) return mtp_fail(ctx, MTP_ERR_FORMAT, "%s: the compressed data are damaged", s->path);
  s->cut = s->options.whole_records;
  if (!s->cut) return mtp_fail(ctx, MTP_ERR_FORMAT, "%s: the compressed data are cut short", s->path);
  mtp_message(ctx, MTP_WARNING, "%s: the compressed data are cut short", s->path);
  return MTP_OK;
}

/* Twice as much text, so that a long record is not looked at too often. */
static mtp_status read_more(mtp_context *ctx, mtp_config_stream *s) {
  size_t more = s->used < PIECE ? PIECE - s->used : s->used;
  mtp_status status = make_room(ctx, s, more);
  while (status == MTP_OK && more > 0 && !s->at_end) {
    errno = 0;
    const int got = gzread(s->file, s->text + s->used, (unsigned)(more < PIECE ? more : PIECE));
    if (got < 0 && errno) return mtp_fail(ctx, MTP_ERR_IO, "cannot read %s: %s", s->path, strerror(errno));
    if (got <= 0) return note_end(ctx, s);
    s->used += (size_t)got;
    more -= (size_t)got < more ? (size_t)got : more;
  }
  return status;
}

/* Bytes of records before the last one that is complete; 0 if more has to be read to know. */
static size_t find_boundary(const mtp_config_stream *s) {
  const char *at = s->text, *end = s->text + s->used, *before = at;
  bool bad = false;
  for (const char *next; (next = s->format->skip(at, end, &bad)); at = next) before = at;
  return bad ? s->used : (size_t)(before - s->text);
}

static mtp_status fill_window(mtp_context *ctx, mtp_config_stream *s, size_t *size) {
  mtp_status status = MTP_OK;
  *size = 0;
  while (status == MTP_OK && *size == 0 && !s->at_end) {
    status = read_more(ctx, s);
    if (status == MTP_OK && !s->at_end) *size = find_boundary(s);
  }
  if (s->at_end) *size = s->used;
  return status;
}

static void move_window(mtp_config_stream *s, size_t size) {
  const char *end = s->text + size;
  for (const char *at = s->text; size && (at = memchr(at, '\n', (size_t)(end - at))); at++) s->line++;
  s->used -= size;
  if (size) memmove(s->text, s->text + size, s->used);
}

/* ---- species ---- */

/* Of the names of the file: what whole files make of them, found with an atom of each. */
static mtp_status find_targets(mtp_context *ctx, mtp_config_stream *s) {
  const int known = s->read->species_count;
  int *larger = mtp_realloc(s->target, (size_t)known + 1, sizeof *larger);
  mtp_config_set *set = mtp_config_set_new();
  mtp_config *cfg = mtp_config_new((size_t)known);
  if (larger) s->target = larger;
  mtp_status status = larger && set && cfg ? MTP_OK : mtp_fail_memory(ctx);
  for (int k = 0; k < known && status == MTP_OK; k++) {
    cfg->species[k] = mtp_config_set_species(set, s->read->names[k]);
    if (cfg->species[k] < 0) status = mtp_fail_memory(ctx);
  }
  if (status == MTP_OK)
    status = mtp_config_set_append(ctx, set, cfg);
  else
    mtp_config_free(cfg);
  if (status == MTP_OK) status = mtp_config_set_map_species(ctx, set, s->count, (const char *const *)s->names);
  for (int k = 0; k < known && status == MTP_OK; k++) s->target[k] = set->configs[0]->species[k];
  if (status == MTP_OK) s->targets = known;
  mtp_config_set_free(set);
  return status;
}

static mtp_status name_piece(mtp_context *ctx, mtp_config_stream *s) {
  const int count = s->count < 0 ? s->read->species_count : s->count;
  char *const *names = s->count < 0 ? s->read->names : s->names;
  for (int k = s->piece->species_count; k < count; k++)
    if (mtp_config_set_species(s->piece, names[k]) < 0) return mtp_fail_memory(ctx);
  if (s->count >= 0 && s->targets < s->read->species_count) return find_targets(ctx, s);
  return MTP_OK;
}

/* What was read becomes the piece. */
static mtp_status hand_over(mtp_context *ctx, mtp_config_stream *s) {
  mtp_status status = name_piece(ctx, s);
  const size_t n = s->read->n;
  size_t k = 0;
  for (; k < n && status == MTP_OK; k++) {
    mtp_config *cfg = s->read->configs[k];
    for (size_t i = 0; s->count >= 0 && i < cfg->n; i++) cfg->species[i] = s->target[cfg->species[i]];
    status = mtp_config_set_append(ctx, s->piece, cfg);
  }
  for (; k < n; k++) mtp_config_free(s->read->configs[k]);
  s->read->n = 0;
  return status;
}

static bool is_number(const char *name) {
  return *name && strspn(name, "0123456789") == strlen(name);
}

static bool has_numbers(const mtp_config_set *set) {
  for (int k = 0; k < set->species_count; k++)
    if (is_number(set->names[k])) return true;
  return false;
}

/* What a number stands for depends on which others there are. */
static mtp_status survey(mtp_context *ctx, mtp_config_stream *s) {
  const mtp_config_set *piece = NULL;
  mtp_status status = mtp_config_stream_next(ctx, s, &piece);
  while (status == MTP_OK && piece && has_numbers(s->read)) status = mtp_config_stream_next(ctx, s, &piece);
  return status;
}

static mtp_status take_names(mtp_context *ctx, mtp_config_stream *s, int count, const char *const *names) {
  free_names(s->count, s->names);
  s->count = -1;
  s->names = mtp_calloc((size_t)count, sizeof *s->names);
  if (!s->names) return mtp_fail_memory(ctx);
  for (int k = 0; k < count; k++)
    if (!(s->names[k] = mtp_strdup(names[k]))) {
      free_names(k, s->names);
      s->names = NULL;
      return mtp_fail_memory(ctx);
    }
  s->count = count;
  s->targets = 0;
  mtp_config_set_free(s->piece);
  s->piece = mtp_config_set_new();
  return s->piece ? MTP_OK : mtp_fail_memory(ctx);
}

mtp_status mtp_config_stream_map_species(mtp_context *ctx, mtp_config_stream *s, int count, const char *const *names) {
  if (!s || count < 0 || (count && !names)) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "no species table given");
  if (s->whole) {
    s->whole_was_read = false;
    return mtp_config_set_map_species(ctx, s->whole, count, names);
  }
  mtp_status status = mtp_config_stream_rewind(ctx, s);
  if (status == MTP_OK && s->count < 0) status = survey(ctx, s);
  if (status == MTP_OK) status = mtp_config_stream_rewind(ctx, s);
  return status == MTP_OK ? take_names(ctx, s, count, names) : status;
}

/* ---- pieces ---- */

static mtp_status parse_piece(mtp_context *ctx, mtp_config_stream *s, size_t size) {
  mtp_read_options options = s->options;
  if (!s->at_end) options.whole_records = options.tolerate_cut_tail = false; /* nothing is cut here */
  if (s->cut) options.tolerate_cut_tail = true;
  mtp_status status =
      mtp_records_parse_piece(s->format, ctx, s->path, s->text, size, s->line, &options, s->state, s->read);
  for (size_t k = 0; status == MTP_OK && k < s->read->n; k++)
    status = mtp_check_made(ctx, s->path, s->read->configs[k], s->options.tolerate_bad_numbers);
  return status;
}

static mtp_status read_piece(mtp_context *ctx, mtp_config_stream *s) {
  size_t size = 0;
  mtp_status status = s->file ? MTP_OK : open_file(ctx, s);
  if (status == MTP_OK) status = fill_window(ctx, s, &size);
  if (status == MTP_OK && size) status = parse_piece(ctx, s, size);
  if (status == MTP_OK) status = hand_over(ctx, s);
  if (status != MTP_OK) mtp_set_truncate(s->read, 0);
  move_window(s, size);
  s->is_over = s->at_end;
  if (s->is_over) close_file(s);
  return status;
}

static mtp_status next_of_records(mtp_context *ctx, mtp_config_stream *s, const mtp_config_set **out) {
  mtp_context *to = s->ended ? s->silent : ctx; /* warnings are given once */
  mtp_status status = MTP_OK;
  mtp_set_truncate(s->piece, 0);
  while (status == MTP_OK && s->piece->n == 0 && !s->is_over) status = read_piece(to, s);
  if (status != MTP_OK && to != ctx) status = mtp_fail(ctx, status, "%s", mtp_context_message(to));
  if (s->piece->n > 0) s->any = true;
  if (status == MTP_OK && s->piece->n > 0) *out = s->piece;
  if (status == MTP_OK && s->is_over && !s->ended) {
    s->ended = true;
    status = s->format->end(ctx, s->state, s->path, s->any);
  }
  return status;
}

mtp_status mtp_config_stream_next(mtp_context *ctx, mtp_config_stream *s, const mtp_config_set **out) {
  if (out) *out = NULL;
  if (!s || !out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "no stream of configurations given");
  if (!s->whole) return next_of_records(ctx, s, out);
  if (!s->whole_was_read && s->whole->n > 0) *out = s->whole;
  s->whole_was_read = true;
  return MTP_OK;
}

mtp_status mtp_config_stream_rewind(mtp_context *ctx, mtp_config_stream *s) {
  if (!s) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "no stream of configurations given");
  s->whole_was_read = false;
  if (s->whole) return MTP_OK;
  mtp_set_truncate(s->piece, 0);
  s->at_end = s->is_over = s->cut = false;
  close_file(s); /* it is opened when the next piece is asked for */
  return MTP_OK;
}

double mtp_config_stream_done(const mtp_config_stream *s) {
  if (!s) return 0;
  if (s->whole) return s->whole_was_read ? 1 : 0;
  if (s->is_over || !(s->bytes > 0)) return 1;
  if (!s->file) return 0;
  const double done = (double)gzoffset(s->file) / s->bytes;
  return done > 1 ? 1 : done;
}
