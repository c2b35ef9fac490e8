/* SPDX-License-Identifier: BSD-3-Clause */
/**@file support/support.h
 * What every part of the library needs and no user sees: failing with a message, allocation, growing text, atomic
 * files. */
#ifndef MTP_SUPPORT_H
#define MTP_SUPPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "mtp/context.h"

/** Records the message (printf style, one line) and returns `status`. A NULL ctx drops the message. */
mtp_status mtp_fail(mtp_context *ctx, mtp_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/** mtp_fail(MTP_ERR_MEMORY) with a fixed text. */
mtp_status mtp_fail_memory(mtp_context *ctx);
/** Forgets the last failure. */
void mtp_context_clear(mtp_context *ctx);
/** Sends a message to the context's logger. */
void mtp_message(mtp_context *ctx, mtp_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** Is the flag of mtp_context_set_stop up? */
bool mtp_context_is_stopped(const mtp_context *ctx);
/** The flag of another context, for a helper thread. */
void mtp_context_share_stop(mtp_context *ctx, const mtp_context *from);

/** Variants of the kernels, from narrow to wide. */
typedef enum mtp_isa { MTP_ISA_BASELINE, MTP_ISA_AVX2, MTP_ISA_AVX512, MTP_ISA_COUNT } mtp_isa;
/** What the context chose; the widest there is for a NULL context. */
mtp_isa mtp_context_isa(const mtp_context *ctx);

/** count*size with overflow check; zeroed. count 0 gives a valid pointer. NULL when memory is exhausted. */
void *mtp_calloc(size_t count, size_t size);
/** realloc with overflow check. */
void *mtp_realloc(void *p, size_t count, size_t size);
/** 64-byte aligned, zeroed; freed by free(). */
void *mtp_alloc_aligned(size_t count, size_t size);
/** The same with any content, for what is large and written before it is read: the threads that write it get the pages.
 */
void *mtp_alloc_scratch(size_t count, size_t size);
char *mtp_strdup(const char *s);

/** A growing text. Appending after a failed allocation does nothing; ask once at the end. */
typedef struct mtp_text {
  char *data; /**< zero-terminated once something was appended */
  size_t size, capacity;
  int failed;
} mtp_text;
void mtp_text_add(mtp_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void mtp_text_add_bytes(mtp_text *text, const void *bytes, size_t size);
void mtp_text_free(mtp_text *text);

/** strtod and snprintf in the locale "C", whatever the one of the program is: what is written is read elsewhere. */
double mtp_strtod(const char *text, char **end);
int mtp_snprintf(char *buffer, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int mtp_vsnprintf(char *buffer, size_t size, const char *format, va_list args) __attribute__((format(printf, 3, 0)));

/** Reads a whole file ("-": standard input) into malloc'ed memory with a terminating zero beyond *size. What gzip has
 * compressed is read as what it was. */
mtp_status mtp_file_read(mtp_context *ctx, const char *path, char **data, size_t *size);
/** The same; of a compressed file that ends too early *cut becomes true instead of an error, and the data are what
 * could be read of it. */
mtp_status mtp_file_read_cut(mtp_context *ctx, const char *path, char **data, size_t *size, int *cut);
/** The first bytes of what mtp_file_read gives, `room` at most. */
mtp_status mtp_file_head(mtp_context *ctx, const char *path, char *head, size_t room, size_t *size);
/** Writes a file atomically: temporary file in the same folder, fsync, rename, fsync of the folder. Keeps the mode of
 * an existing file and follows a symbolic link to what it names. A name that ends in .gz gets compressed data. */
mtp_status mtp_file_replace(mtp_context *ctx, const char *path, const void *data, size_t size);
/** Opens a new file beside `target` for what is to be renamed to it, with a name that nobody else has; the file is
 * locked while it is open. What killed programs left there is removed. `flags` as O_RDWR. Returns -1 with errno. */
int mtp_file_temporary(const char *target, int flags, char *name, size_t size);
/** Do both names mean one file, which may not be there yet? Several devices, such as /dev/null, do no harm. */
bool mtp_file_is_same(const char *a, const char *b);
/** Data compressed by gzip, as a name (.gz) or the first bytes say. */
int mtp_is_gzip_name(const char *path);
int mtp_is_gzip(const char *data, size_t size);
/** Replaces malloc'ed data by what they were before compression, with a zero beyond *size; *cut: they end too early. */
mtp_status mtp_gunzip(mtp_context *ctx, const char *path, char **data, size_t *size, int *cut);
/** Compresses into malloc'ed memory. */
mtp_status mtp_gzip(mtp_context *ctx, const void *data, size_t size, char **out, size_t *out_size);
/** Syncs the folder of `path`: a file just created or renamed is durable only after that. */
void mtp_folder_sync(const char *path);

/** Largest |x[i]|, 0 for n = 0, NaN if any of them is not a number. */
double mtp_largest_modulus(size_t n, const double *x);

/** Wall clock in seconds (monotonic). */
double mtp_now(void);
/** Waits so many seconds, or until a signal comes. */
void mtp_sleep(double seconds);

/** A small reproducible random generator (splitmix64): uniform in [0,1), and normal deviates. */
typedef struct mtp_random {
  unsigned long long state;
} mtp_random;
double mtp_random_uniform(mtp_random *r);
double mtp_random_normal(mtp_random *r);
/** One of 0 .. n-1. */
size_t mtp_random_below(mtp_random *r, size_t n);

#endif
