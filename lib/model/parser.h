/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/parser.h
 * The words, numbers and lists that files of potentials consist of. After the first failure every step does nothing,
 * and the caller asks for `status` once at the end. */
#ifndef MTP_MODEL_PARSER_H
#define MTP_MODEL_PARSER_H

#include <stdbool.h>
#include <stddef.h>

#include "mtp/context.h"

typedef struct mtp_model_reader {
  mtp_context *ctx;
  const char *path, *begin, *limit, *at; /**< `path` is for messages; begin..limit need not end in a zero byte */
  mtp_status status;
} mtp_model_reader;

/** Lists grow with what is really in the file, so that a wrong count cannot make us allocate. `data` is the caller's.
 */
typedef struct mtp_reals {
  double *data;
  size_t count, capacity;
} mtp_reals;

typedef struct mtp_ints {
  int *data;
  size_t count, capacity;
} mtp_ints;

/** Fails: expected `what` and `detail`, found what is there. */
void mtp_parse_expected(mtp_model_reader *p, const char *what, const char *detail);
/** Fails: a value that was read well makes no sense. */
void mtp_parse_refuse(mtp_model_reader *p, mtp_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void mtp_parse_out_of_memory(mtp_model_reader *p);

void mtp_parse_skip_space(mtp_model_reader *p);
/** Consumes `word` if it is what comes next as a whole. */
bool mtp_parse_word(mtp_model_reader *p, const char *word);
/** Consumes `key =` and the blanks behind it, if the key comes next. */
bool mtp_parse_key(mtp_model_reader *p, const char *key);
void mtp_parse_need_key(mtp_model_reader *p, const char *key);
bool mtp_parse_byte(mtp_model_reader *p, char c);
/** The rest of the line without surrounding blanks, malloc'ed; `key` is for messages. */
char *mtp_parse_line(mtp_model_reader *p, const char *key);

double mtp_parse_real(mtp_model_reader *p, const char *what);
int mtp_parse_int(mtp_model_reader *p, const char *what);
/** An integer low..high. */
int mtp_parse_count(mtp_model_reader *p, const char *what, int low, int high);

void mtp_parse_add_int(mtp_model_reader *p, mtp_ints *list, int value);
/** {item, item, ...}; returns how many. Items are: */
size_t mtp_parse_list(mtp_model_reader *p, void (*item)(mtp_model_reader *, void *, const char *), void *list,
                      const char *what);
void mtp_parse_real_item(mtp_model_reader *p, void *list, const char *what); /**< of an mtp_reals */
void mtp_parse_int_item(mtp_model_reader *p, void *list, const char *what);  /**< of an mtp_ints */
void mtp_parse_need_count(mtp_model_reader *p, const char *what, size_t found, size_t wanted);
/** `COUNT_KEY = n` and `KEY = {{...}, ...}` with n rows of four integers, which go to *out (malloc'ed); returns n. */
int mtp_parse_quadruples(mtp_model_reader *p, const char *count_key, const char *key, int (**out)[4]);

#endif
