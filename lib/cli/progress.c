/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/progress.c
 * A progress bar with rate and time left, on a terminal only: logs and pipes stay clean. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

enum { BAR_WIDTH = 24 };
static const double REDRAW_SECONDS = 0.1;

double cli_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void cli_progress_begin(cli *c, const char *what, size_t total) {
  cli_progress_end(c);
  if (total == 0 || !isatty(STDERR_FILENO)) return;
  c->progress = (cli_progress){.shown = true, .what = what, .total = total, .start = cli_now()};
  cli_progress_step(c, 0);
}

static void draw(const cli_progress *p, double now) {
  char bar[BAR_WIDTH + 1];
  size_t filled = BAR_WIDTH * p->done / p->total;
  memset(bar, '.', BAR_WIDTH);
  memset(bar, '#', filled);
  bar[BAR_WIDTH] = 0;
  fprintf(stderr, "\r%s [%s] %zu/%zu", p->what, bar, p->done, p->total);
  double elapsed = now - p->start;
  if (p->done > 0 && elapsed > 0) {
    double rate = (double)p->done / elapsed;
    long long left = (long long)((double)(p->total - p->done) / rate + 0.5);
    fprintf(stderr, "  %.3g/s  %lld:%02lld:%02lld left", rate, left / 3600, left / 60 % 60, left % 60);
  }
  fputs("\033[K", stderr);
  fflush(stderr);
}

void cli_progress_step(cli *c, size_t done) {
  cli_progress *p = &c->progress;
  if (!p->shown) return;
  p->done = p->done + done < p->total ? p->done + done : p->total;
  double now = cli_now();
  if (p->last > 0 && now - p->last < REDRAW_SECONDS) return;
  p->last = now;
  draw(p, now);
}

void cli_progress_end(cli *c) {
  if (!c->progress.shown) return;
  fputs("\r\033[K", stderr);
  fflush(stderr);
  c->progress.shown = false;
}
