/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_config.h
 * For the tests of configuration files: a folder of their own, texts as files, bitwise comparison, and the attack on a
 * reader by cutting and flipping bytes. */
#ifndef SUPPORT_CONFIG_H
#define SUPPORT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "mtp/config.h"

/** What a test works with: a context whose warnings are collected, and a temporary folder. */
typedef struct bench {
  mtp_context *ctx;
  char folder[64];
  char path[96];       /**< of the last file that was written */
  char warnings[4096]; /**< one a line */
} bench;

/** cmocka set-up and tear-down; the state is a bench. */
int bench_open(void **state);
int bench_close(void **state);

/** Writes bench->path = FOLDER/name. */
void bench_put(bench *b, const char *name, const char *text, size_t size);
/** Reads a text as a file of that name; fails the test if it is refused. */
mtp_config_set *bench_read(bench *b, const char *name, const char *text);
mtp_config_set *bench_read_tolerant(bench *b, const char *name, const char *text);
/** Reads a text that has to be refused; the message must contain ":LINE: " and `part`. */
void bench_refuse(bench *b, const char *name, const char *text, int line, const char *part);
/** Writes a set and reads it again. */
mtp_config_set *bench_round_trip(bench *b, const mtp_config_set *set, const char *name);

/** Which parts of two configurations have to agree in every bit. */
typedef enum bench_parts { BENCH_GEOMETRY, BENCH_ALL } bench_parts;
void bench_same(const mtp_config_set *a, const mtp_config_set *b, bench_parts parts);

/** Random configurations with everything that can be known of one; `cells` chooses slabs, wires, molecules too. */
mtp_config_set *bench_random_set(unsigned long long seed, size_t count, bool cells);

/** Reads the file cut at each length and with flipped bytes: success, or a message that names file and line. */
void bench_attack(bench *b, const char *name, const char *text, size_t size);

#endif
