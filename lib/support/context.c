/* SPDX-License-Identifier: BSD-3-Clause */
/**@file support/context.c
 * The context: last failure and logger. */
#include "mtp/context.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/support.h"

#ifndef MTP_VERSION
#define MTP_VERSION "0.1.0"
#endif

struct mtp_context {
  bool forced; /* isa was asked for */
  mtp_isa isa;
  char message[2048];
  mtp_logger logger;
  void *user;
  const volatile sig_atomic_t *stop; /* NULL: none */
};

#if defined(__aarch64__)
#define BASELINE "neon" /* every processor of this kind has it */
#else
#define BASELINE "baseline"
#endif
static const char *const isa_names[MTP_ISA_COUNT] = {BASELINE, "avx2", "avx512"};

static bool processor_has(mtp_isa isa) {
#if defined(__x86_64__)
  if (isa == MTP_ISA_AVX512)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
  if (isa == MTP_ISA_AVX2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  return isa == MTP_ISA_BASELINE;
}

mtp_isa mtp_context_isa(const mtp_context *ctx) {
  if (ctx && ctx->forced) return ctx->isa;
  mtp_isa isa = MTP_ISA_COUNT - 1;
  while (!processor_has(isa)) isa--;
  return isa;
}

mtp_status mtp_context_set_instruction_set(mtp_context *ctx, const char *name) {
  if (!ctx || !name) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "no instruction set given");
  if (strcmp(name, "auto") == 0) {
    ctx->forced = false;
    return MTP_OK;
  }
  for (mtp_isa isa = 0; isa < MTP_ISA_COUNT; isa++) {
    if (strcmp(name, isa_names[isa]) != 0) continue;
    if (!processor_has(isa)) return mtp_fail(ctx, MTP_ERR_UNSUPPORTED, "this processor does not have %s", name);
    ctx->forced = true;
    ctx->isa = isa;
    return MTP_OK;
  }
  return mtp_fail(ctx, MTP_ERR_ARGUMENT, "instruction set %s: expected auto, " BASELINE ", avx2 or avx512", name);
}

const char *mtp_instruction_set_name(int number) {
  return number >= 0 && number < MTP_ISA_COUNT ? isa_names[number] : NULL;
}

const char *mtp_context_instruction_set(const mtp_context *ctx) {
  return isa_names[mtp_context_isa(ctx)];
}

mtp_context *mtp_context_new(void) {
  return mtp_calloc(1, sizeof(mtp_context));
}

void mtp_context_free(mtp_context *ctx) {
  free(ctx);
}

void mtp_context_set_logger(mtp_context *ctx, mtp_logger logger, void *user) {
  if (!ctx) return;
  ctx->logger = logger;
  ctx->user = user;
}

void mtp_context_set_stop(mtp_context *ctx, const volatile sig_atomic_t *flag) {
  if (ctx) ctx->stop = flag;
}

bool mtp_context_is_stopped(const mtp_context *ctx) {
  return ctx && ctx->stop && *ctx->stop;
}

void mtp_context_share_stop(mtp_context *ctx, const mtp_context *from) {
  if (ctx && from) ctx->stop = from->stop;
}

const char *mtp_context_message(const mtp_context *ctx) {
  return ctx ? ctx->message : "";
}

const char *mtp_status_name(mtp_status status) {
  static const char *const names[] = {"ok",          "argument", "memory",  "input/output", "format",
                                      "unsupported", "state",    "numeric", "qm",           "stopped"};
  size_t i = (size_t)status;
  return i < sizeof names / sizeof names[0] ? names[i] : "unknown";
}

const char *mtp_version(void) {
  return MTP_VERSION;
}

/* "one line" is a promise of the interface, and quoted text of a file or an engine may break it, or hold the codes by
 * which a terminal is controlled. */
static void make_one_line(char *line) {
  for (char *c = line; *c; c++)
    if ((unsigned char)*c < ' ' || *c == 0x7f) *c = ' ';
}

mtp_status mtp_fail(mtp_context *ctx, mtp_status status, const char *format, ...) {
  if (!ctx) return status;
  /* the arguments may contain the previous message, so it is formatted aside */
  char line[sizeof ctx->message];
  va_list args;
  va_start(args, format);
  mtp_vsnprintf(line, sizeof line, format, args);
  va_end(args);
  make_one_line(line);
  memcpy(ctx->message, line, sizeof line);
  return status;
}

void mtp_context_clear(mtp_context *ctx) {
  if (ctx) ctx->message[0] = 0;
}

mtp_status mtp_fail_memory(mtp_context *ctx) {
  return mtp_fail(ctx, MTP_ERR_MEMORY, "out of memory");
}

void mtp_message(mtp_context *ctx, mtp_level level, const char *format, ...) {
  if (!ctx || !ctx->logger) return;
  char line[2048];
  va_list args;
  va_start(args, format);
  mtp_vsnprintf(line, sizeof line, format, args);
  va_end(args);
  make_one_line(line);
  ctx->logger(ctx->user, level, line);
}
