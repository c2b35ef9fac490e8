/* SPDX-License-Identifier: BSD-3-Clause */
/**@file support/context.c
 * The context: last failure and logger. */
#include "mtp/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/support.h"

#ifndef MTP_VERSION
#define MTP_VERSION "0.1.0"
#endif

struct mtp_context {
  char message[2048];
  mtp_logger logger;
  void *user;
};

mtp_context *mtp_context_new(void) {
  return calloc(1, sizeof(mtp_context));
}

void mtp_context_free(mtp_context *ctx) {
  free(ctx);
}

void mtp_context_set_logger(mtp_context *ctx, mtp_logger logger, void *user) {
  if (!ctx) return;
  ctx->logger = logger;
  ctx->user = user;
}

const char *mtp_context_message(const mtp_context *ctx) {
  return ctx ? ctx->message : "";
}

const char *mtp_status_name(mtp_status status) {
  static const char *const names[] = {"ok",    "argument", "memory", "input/output", "format", "unsupported",
                                      "state", "numeric",  "qm"};
  size_t i = (size_t)status;
  return i < sizeof names / sizeof names[0] ? names[i] : "unknown";
}

const char *mtp_version(void) {
  return MTP_VERSION;
}

mtp_status mtp_fail(mtp_context *ctx, mtp_status status, const char *format, ...) {
  if (!ctx) return status;
  /* the arguments may contain the previous message, so it is formatted aside */
  char line[sizeof ctx->message];
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  /* "one line" is a promise of the interface, and quoted engine output may break it */
  for (char *c = line; *c; c++)
    if (*c == '\n' || *c == '\r') *c = ' ';
  memcpy(ctx->message, line, sizeof line);
  return status;
}

mtp_status mtp_fail_memory(mtp_context *ctx) {
  return mtp_fail(ctx, MTP_ERR_MEMORY, "out of memory");
}

void mtp_message(mtp_context *ctx, mtp_level level, const char *format, ...) {
  if (!ctx || !ctx->logger) return;
  char line[2048];
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  ctx->logger(ctx->user, level, line);
}
