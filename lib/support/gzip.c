/* SPDX-License-Identifier: BSD-3-Clause */
/**@file support/gzip.c
 * Compressed files, as a whole in memory. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#define ZLIB_CONST
#include <zlib.h>

#include "support/support.h"

enum { GZIP_ONLY = 16 + MAX_WBITS }; /* windowBits of zlib for the gzip format */

int mtp_is_gzip_name(const char *path) {
  size_t length = strlen(path);
  return length > 3 && strcasecmp(path + length - 3, ".gz") == 0;
}

int mtp_is_gzip(const char *data, size_t size) {
  return size >= 2 && (unsigned char)data[0] == 0x1f && (unsigned char)data[1] == 0x8b;
}

/* Room for at least one more byte and the zero at the end. */
static int make_room(mtp_text *out) {
  if (out->size + 1 < out->capacity) return 1;
  size_t capacity = out->capacity ? out->capacity : 1 << 16;
  char *larger = mtp_realloc(out->data, capacity, 2);
  if (!larger) return 0;
  out->data = larger;
  out->capacity = 2 * capacity;
  return 1;
}

static uInt as_piece(size_t size) {
  return size < UINT_MAX / 2 ? (uInt)size : UINT_MAX / 2;
}

/* One member of a file after the other, as `cat a.gz b.gz` makes them; what follows them and is no member is padding.
 * Returns Z_STREAM_END, Z_BUF_ERROR if the data end too early, or what else zlib says. */
static int inflate_all(z_stream *z, const char *data, size_t size, mtp_text *out) {
  size_t used = 0;
  int result = Z_OK;
  while (result == Z_OK) {
    if (!make_room(out)) return Z_MEM_ERROR;
    const uInt room = as_piece(out->capacity - out->size - 1), given = as_piece(size - used);
    z->next_in = (const Bytef *)data + used;
    z->avail_in = given;
    z->next_out = (Bytef *)out->data + out->size;
    z->avail_out = room;
    result = inflate(z, Z_NO_FLUSH);
    used += given - z->avail_in;
    out->size += room - z->avail_out;
    if (result == Z_BUF_ERROR && z->avail_out == 0) result = Z_OK; /* there was no room left, not no data */
    if (result == Z_STREAM_END && mtp_is_gzip(data + used, size - used)) result = inflateReset(z);
  }
  return result;
}

mtp_status mtp_gunzip(mtp_context *ctx, const char *path, char **data, size_t *size, int *cut) {
  z_stream z = {0};
  mtp_text out = {0};
  if (inflateInit2(&z, GZIP_ONLY) != Z_OK) return mtp_fail_memory(ctx);
  const int result = make_room(&out) ? inflate_all(&z, *data, *size, &out) : Z_MEM_ERROR;
  inflateEnd(&z);
  *cut = result == Z_BUF_ERROR;
  if (result != Z_STREAM_END && result != Z_BUF_ERROR) {
    free(out.data);
    return result == Z_MEM_ERROR ? mtp_fail_memory(ctx)
                                 : mtp_fail(ctx, MTP_ERR_FORMAT, "%s: the compressed data are damaged", path);
  }
  free(*data);
  out.data[out.size] = 0;
  *data = out.data;
  *size = out.size;
  return MTP_OK;
}

mtp_status mtp_gzip(mtp_context *ctx, const void *data, size_t size, char **out, size_t *out_size) {
  z_stream z = {0};
  mtp_text text = {0};
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_ONLY, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return mtp_fail_memory(ctx);
  size_t used = 0;
  int result = Z_OK;
  while (result == Z_OK) {
    if (!make_room(&text)) {
      result = Z_MEM_ERROR;
      break;
    }
    const uInt room = as_piece(text.capacity - text.size), given = as_piece(size - used);
    z.next_in = (const Bytef *)data + used;
    z.avail_in = given;
    z.next_out = (Bytef *)text.data + text.size;
    z.avail_out = room;
    result = deflate(&z, used + given == size ? Z_FINISH : Z_NO_FLUSH);
    used += given - z.avail_in;
    text.size += room - z.avail_out;
    if (result == Z_BUF_ERROR) result = Z_OK; /* more room is what it wants */
  }
  deflateEnd(&z);
  if (result != Z_STREAM_END) {
    free(text.data);
    return mtp_fail_memory(ctx);
  }
  *out = text.data;
  *out_size = text.size;
  return MTP_OK;
}
