/* SPDX-License-Identifier: BSD-3-Clause */
/**@file support/number.c
 * Numbers are written and read with a point, whatever LC_NUMERIC of the program that uses the library says: what is
 * written in one country must be read in another. */
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>

#include "support/support.h"

/* The locale of this thread alone. With glibc and musl "C" costs no memory; without it there is nothing to be done. */
static locale_t enter(void) {
  const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  return plain ? uselocale(plain) : (locale_t)0;
}

static void leave(locale_t before) {
  if (before) freelocale(uselocale(before));
}

double mtp_strtod(const char *text, char **end) {
  const locale_t before = enter();
  const double value = strtod(text, end);
  leave(before);
  return value;
}

int mtp_vsnprintf(char *buffer, size_t size, const char *format, va_list args) {
  const locale_t before = enter();
  const int length = vsnprintf(buffer, size, format, args);
  leave(before);
  return length;
}

int mtp_snprintf(char *buffer, size_t size, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const int length = mtp_vsnprintf(buffer, size, format, args);
  va_end(args);
  return length;
}
