/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/context.h
 * Errors and messages. One context accompanies a chain of calls in one thread; it keeps the text of the last failure
 * and forwards messages to the caller's logger. The library never prints, exits or keeps globals: what a user should
 * read goes through here. Numbers are written and read with a point whatever LC_NUMERIC is. Several contexts may live
 * side by side in one process.
 *
 * Conventions of all headers: lengths in Angstrom, energies in eV, forces in eV/A, virials in eV (positive when the
 * cell is compressed and wants to expand, dE/d(strain) = -virial). Arrays `x[3*n]` are row-major, one atom after the
 * other. Six virial components in memory are ordered xx yy zz xy xz yz. Species are 0-based. Every fallible function
 * returns mtp_status; MTP_ERR_ARGUMENT where a pointer is NULL that must not be. What only tells something of an object
 * (a count, a name, a pointer) tells of NULL what it would of an empty one: 0, NULL, NaN. A NULL context drops
 * messages. On failure the message is in the context, and output arguments are unchanged (handles NULL).
 */
#ifndef MTP_CONTEXT_H
#define MTP_CONTEXT_H

#include <signal.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MTP_API __attribute__((visibility("default")))
#else
#define MTP_API
#endif

typedef enum mtp_status {
  MTP_OK = 0,
  MTP_ERR_ARGUMENT,    /**< a null handle or a value out of range was passed in */
  MTP_ERR_MEMORY,      /**< an allocation failed */
  MTP_ERR_IO,          /**< the operating system refused to open, read, write or sync */
  MTP_ERR_FORMAT,      /**< a file does not say what it should; the message names file, line and expectation */
  MTP_ERR_UNSUPPORTED, /**< understood, but not something this library does */
  MTP_ERR_STATE,       /**< calls in the wrong order, or objects that do not belong together */
  MTP_ERR_NUMERIC,     /**< a linear system or a result is not finite or not solvable */
  MTP_ERR_QM,          /**< a QM driver failed for good */
  MTP_ERR_STOPPED      /**< asked to stop, or out of time, before the end; what is done is on disk */
} mtp_status;

typedef enum mtp_level { MTP_INFO, MTP_WARNING } mtp_level;

typedef struct mtp_context mtp_context;

/** Receives one message without a trailing newline; valid during the call only. */
typedef void (*mtp_logger)(void *user, mtp_level level, const char *message);

/** A new context, NULL only when memory is exhausted. Freed by mtp_context_free (NULL is allowed there). */
MTP_API mtp_context *mtp_context_new(void);
MTP_API void mtp_context_free(mtp_context *ctx);

/** Sets where messages go; NULL (the default) drops them. */
MTP_API void mtp_context_set_logger(mtp_context *ctx, mtp_logger logger, void *user);

/** A flag that a signal handler may put up (borrowed; NULL, the default: none). While it is not zero, training and
 * learning end soon with MTP_ERR_STOPPED; what was learned is on disk. QM calls have their own: mtp_qm_set_stop. */
MTP_API void mtp_context_set_stop(mtp_context *ctx, const volatile sig_atomic_t *flag);

/** Text of the last failure, one line, "" if there was none. Owned by the context, valid until its next failure. */
MTP_API const char *mtp_context_message(const mtp_context *ctx);

/** Which variant of the kernels objects made from now on use: "avx512", "avx2" or "baseline", which is called "neon" on
 * aarch64; "auto" (the default) is the widest that this processor has. MTP_ERR_UNSUPPORTED, and no change, if it does
 * not have it. Results agree to rounding. */
MTP_API mtp_status mtp_context_set_instruction_set(mtp_context *ctx, const char *name);
/** Names of the variants, narrow to wide: number 0, 1, ...; NULL beyond the last. This processor may lack some. */
MTP_API const char *mtp_instruction_set_name(int number);
/** The name of the variant in use. */
MTP_API const char *mtp_context_instruction_set(const mtp_context *ctx);

/** A short fixed name of a status, e.g. "format". */
MTP_API const char *mtp_status_name(mtp_status status);

/** Version of the library, e.g. "0.1.0". */
MTP_API const char *mtp_version(void);

#ifdef __cplusplus
}
#endif
#endif
