/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file fuzz.h
 * What a fuzz target is made of, and what it may use. A target is one file target_NAME.c: a function that gives the
 * library some bytes, a few good inputs to begin with, and the words of the format. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/qm.h"

/* ---- what a target defines ---- */

/** The entry point of libFuzzer: takes any bytes; whatever is wrong ends the program. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/** Hands good inputs to fuzz_seed. */
void fuzz_seeds(void);
/** Words of the format, closed by NULL. */
extern const char *const fuzz_words[];

/* ---- what it may use ---- */

/** Inputs above this size are not made. */
#define FUZZ_MOST_BYTES ((size_t)1 << 16)

void fuzz_seed(const void *data, size_t size);
void fuzz_seed_text(const char *text);

/** A context whose messages are looked at. */
mtp_context *fuzz_context(void);
/** Frees a context after a call that returned `status`: a failure must have left one line of text. */
void fuzz_end(mtp_context *ctx, mtp_status status);
/** The same for a QM driver's status and its reason. */
void fuzz_end_call(mtp_qm_status status, const char *reason);
/** Something that an input made the library say: inputs that make it say something new are worth keeping. */
void fuzz_note(const char *message);

/** Ends the program unless the condition holds. */
void fuzz_require_at(int holds, const char *what, const char *file, int line);
#define fuzz_require(condition) fuzz_require_at((condition) != 0, #condition, __FILE__, __LINE__)

/** A folder of this process, in memory where the system has that; removed at the end. */
const char *fuzz_folder(void);
/** Writes a file of that folder, and the path of one; valid until the next call. `name` may have one folder in it. */
const char *fuzz_file(const char *name, const void *data, size_t size);
const char *fuzz_path(const char *name);
/** Hands the content of a file to fuzz_seed. */
void fuzz_seed_file(const char *path);

/** Atoms of Al and Cu: with all that a label may have, without a direction of the cell, and without any. */
mtp_config_set *fuzz_sample_set(void);
/** The first of them, alone, and its species. */
mtp_config *fuzz_sample(void);
extern const char *const fuzz_elements[2];
/** The sample written in that format, as a seed. */
void fuzz_seed_format(mtp_format format, const char *name);

/** Reads an input in all ways that the reader of configurations has; what it accepts without being told to be tolerant
 * must be sound, and written and read again it must be the same number of atoms. */
void fuzz_read_configs(mtp_format format, const char *name, const uint8_t *data, size_t size);

/* ---- between fuzz_support.c and fuzz_driver.c, which libFuzzer takes the place of ---- */

extern void (*fuzz_on_seed)(const void *data, size_t size);
extern void (*fuzz_on_note)(const char *message);

#endif
