/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/records.c
 * What the readers of files with many records have in common: the loop, the cut tail, columns that are left out. */
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"

void mtp_set_truncate(mtp_config_set *set, size_t first) {
  while (set->n > first) mtp_config_free(set->configs[--set->n]);
}

static void drop_tail(mtp_scan *scan, mtp_config_set *set, size_t line) {
  set->dropped_tail = true;
  mtp_message(scan->ctx, MTP_WARNING, "%s:%zu: the last record is cut short and was left out", scan->path, line);
}

/* Weights are found wrong where they are read, not when they are used. */
static mtp_status check_weights(mtp_scan *scan, mtp_config *cfg, size_t line) {
  double weights[3];
  const mtp_status status = mtp_config_weights(scan->ctx, cfg, weights);
  if (status == MTP_OK) return MTP_OK;
  mtp_config_free(cfg);
  return mtp_fail(scan->ctx, status, "%s:%zu: %s", scan->path, line, mtp_context_message(scan->ctx));
}

mtp_status mtp_records_parse(mtp_scan *scan, const mtp_read_options *options, mtp_record_reader *reader, void *state,
                             mtp_config_set *set) {
  bool tolerant = options && options->tolerate_cut_tail, whole = options && options->whole_records;
  size_t first = set->n;
  mtp_status status = MTP_OK;
  /* a file system that lost power may have extended a file by zeros */
  const char *end = scan->end;
  while ((tolerant || whole) && scan->end > scan->next && scan->end[-1] == 0) scan->end--;
  set->dropped_tail = false;
  set->good_size = 0;
  while (status == MTP_OK && mtp_scan_filled_line(scan)) {
    size_t line = scan->line;
    mtp_config *cfg = NULL;
    status = reader(scan, state, &cfg);
    bool ended = mtp_scan_line_is_ended(scan);
    /* a line that has its end was written in full, and what is wrong in it is wrong */
    bool cut = status == MTP_ERR_FORMAT && (scan->past_end || !ended);
    /* without its line end the last number of a record may lack digits, which only a reader of good will can accept */
    bool unsure = status == MTP_OK && !ended;
    if ((tolerant && (cut || unsure)) || (whole && cut && set->n > first)) {
      mtp_config_free(cfg);
      drop_tail(scan, set, line);
      status = MTP_OK;
      break;
    }
    if (whole && unsure && set->n > first)
      mtp_message(scan->ctx, MTP_WARNING,
                  "%s:%zu: the last line has no end: if the file was cut short there, its last number lacks digits",
                  scan->path, scan->line);
    if (cut)
      mtp_fail(scan->ctx, status, "%s (the file ends here: its last record may be cut short)",
               mtp_context_message(scan->ctx));
    if (status == MTP_OK) status = check_weights(scan, cfg, line);
    if (status == MTP_OK) cfg->line = (long long)line;
    if (status == MTP_OK) status = mtp_config_set_append(scan->ctx, set, cfg);
    if (status == MTP_OK) set->good_size = (long long)(scan->next - scan->begin);
  }
  if (status == MTP_OK && scan->end < end && !set->dropped_tail) drop_tail(scan, set, scan->line + 1);
  if (status != MTP_OK) mtp_set_truncate(set, first);
  return status;
}

mtp_status mtp_records_parse_piece(const mtp_record_format *format, mtp_context *ctx, const char *path,
                                   const char *data, size_t size, size_t first_line, const mtp_read_options *options,
                                   void *state, mtp_config_set *set) {
  mtp_scan scan = mtp_scan_start(ctx, path, data, size, first_line);
  const size_t first = set->n;
  scan.tolerates_bad_numbers = format->holds_bad_numbers && options && options->tolerate_bad_numbers;
  mtp_status status = mtp_records_parse(&scan, options, format->reader, state, set);
  if (status == MTP_OK && format->finish) status = format->finish(ctx, state, set, first);
  if (status != MTP_OK) mtp_set_truncate(set, first);
  return status;
}

mtp_status mtp_records_parse_all(const mtp_record_format *format, mtp_context *ctx, const char *path, const char *data,
                                 size_t size, size_t first_line, const mtp_read_options *options, mtp_config_set *set) {
  const size_t first = set->n;
  void *state = mtp_calloc(1, format->state);
  if (!state) return mtp_fail_memory(ctx);
  if (format->begin) format->begin(state, options, set);
  mtp_status status = mtp_records_parse_piece(format, ctx, path, data, size, first_line, options, state, set);
  const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
  const mtp_status ended = format->end(ctx, state, name, status == MTP_OK && set->n > first);
  free(state);
  if (status == MTP_OK && ended != MTP_OK) mtp_set_truncate(set, first);
  return status != MTP_OK ? status : ended;
}

void mtp_dropped_add(mtp_dropped *dropped, mtp_span name) {
  mtp_text *names = &dropped->names;
  for (size_t at = 0; at < names->size; at++) {
    const char *comma = memchr(names->data + at, ',', names->size - at);
    size_t end = comma ? (size_t)(comma - names->data) : names->size;
    if (end - at == name.n && memcmp(names->data + at, name.s, name.n) == 0) return;
    at = end + 1; /* and the blank after the comma */
  }
  if (names->size > 500) return; /* enough for a message */
  if (names->size) mtp_text_add_bytes(names, ", ", 2);
  mtp_text_add_bytes(names, name.s, name.n);
}

void mtp_dropped_report(mtp_dropped *dropped, mtp_context *ctx, const char *path, const char *what) {
  if (dropped->names.size) mtp_message(ctx, MTP_WARNING, "%s: %s: %s", path, what, dropped->names.data);
  mtp_text_free(&dropped->names);
}
