/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/outlook.c
 * When the next label is to be expected. Fitted exponents of the rate (Duane, Crow) were not better: a run has few
 * labels, and one that is heated asks at a constant rate until it is hot, which such a fit never forgets. */
#include "mtp/outlook.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "loop/loop.h"
#include "support/support.h"

/* The run is looked at from the step on that is this part of it. */
#define WINDOW 2.0
/* Jeffreys' prior of a rate. */
#define PRIOR 0.5
/* Probability that it comes later than `soonest`; earlier than `latest`. */
#define SURELY 0.9

static int ascending(const void *left, const void *right) {
  const double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* Steps to which the next label is still to come with this probability. */
static double quantile(double steps, size_t late, double probability) {
  const double doublings = pow(probability, -1.0 / ((double)late + PRIOR)) - 1.0;
  return steps * (pow(WINDOW, doublings) - 1.0);
}

/* Of sorted steps. */
static mtp_outlook look(double first, double last, size_t n, const double *step) {
  mtp_outlook o = {.steps = last - first, .next = NAN, .soonest = NAN, .latest = NAN, .quiet = NAN};
  double previous = NAN;
  for (size_t k = 0; k < n; k++) {
    if (!(step[k] >= first && step[k] <= last) || step[k] == previous) continue;
    previous = step[k];
    o.labels++;
    o.late += step[k] - first > o.steps / WINDOW;
  }
  if (!(o.steps > 0.0)) return o;
  o.next = quantile(o.steps, o.late, 0.5);
  o.soonest = quantile(o.steps, o.late, SURELY);
  o.latest = quantile(o.steps, o.late, 1.0 - SURELY);
  o.converged = o.next > o.steps;
  o.quiet = o.converged ? 0.0 : WINDOW * (previous - first) - o.steps;
  return o;
}

mtp_status mtp_outlook_find(mtp_context *ctx, double first, double last, size_t n, const double *step,
                            mtp_outlook *out) {
  if (!out || (n > 0 && !step)) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "outlook: a null pointer was passed in");
  if (!isfinite(first) || !isfinite(last) || last < first)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "outlook: a run cannot go from step %g to step %g", first, last);
  double *sorted = mtp_calloc(n, sizeof *sorted);
  if (!sorted) return mtp_fail_memory(ctx);
  for (size_t k = 0; k < n; k++) {
    sorted[k] = step[k];
    if (isfinite(step[k])) continue;
    free(sorted);
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "outlook: label %zu is of no step", k + 1);
  }
  qsort(sorted, n, sizeof *sorted, ascending);
  *out = look(first, last, n, sorted);
  free(sorted);
  return MTP_OK;
}

/* Two digits are more than is known. */
static void put_steps(double steps, size_t size, char *text) {
  if (steps < 1e15 && steps >= 1.0) {
    const double unit = pow(10.0, fmax(floor(log10(steps)) - 1.0, 0.0));
    snprintf(text, size, "%.0f", unit * round(steps / unit));
  } else
    snprintf(text, size, "%s", steps < 1.0 ? "1" : "1e15");
}

mtp_status mtp_outlook_describe(mtp_context *ctx, const mtp_outlook *o, size_t size, char *text) {
  char next[32], soonest[32], latest[32];
  if (!o || !text || size == 0) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "outlook: a null pointer was passed in");
  if (!(o->steps > 0.0)) {
    snprintf(text, size, "no steps were made");
    return MTP_OK;
  }
  put_steps(o->next, sizeof next, next);
  put_steps(o->soonest, sizeof soonest, soonest);
  put_steps(o->latest, sizeof latest, latest);
  int used = snprintf(text, size,
                      "%zu label%s in %.0f steps, %zu in the second half; the next one is expected in %s "
                      "steps (80 %%: %s to %s): ",
                      o->labels, o->labels == 1 ? "" : "s", o->steps, o->late, next, soonest, latest);
  if (used < 0 || (size_t)used >= size) return MTP_OK;
  if (o->converged)
    snprintf(text + used, size - (size_t)used, "converged");
  else
    snprintf(text + used, size - (size_t)used, "not converged; %.0f more steps without a label would be",
             ceil(fmax(o->quiet, 1.0)));
  return MTP_OK;
}

/* ---- of a learner ---- */

mtp_status mtp_loop_note_asked(mtp_context *ctx, mtp_learner *l, long long step) {
  mtp_asked *a = &l->asked;
  double *grown = mtp_realloc(a->step, a->n + 1, sizeof *grown);
  if (!grown) return mtp_fail_memory(ctx);
  a->step = grown;
  a->step[a->n++] = (double)step;
  return MTP_OK;
}

void mtp_loop_note_step(mtp_learner *l, long long step) {
  mtp_asked *a = &l->asked;
  if (!a->begun || step < a->last) { /* steps are counted anew */
    a->first = step;
    a->n = 0;
  }
  a->begun = true;
  a->last = step;
}

/* The same steps come again: what was asked on the way stays known, and counts once they have been made. */
void mtp_loop_note_return(mtp_learner *l, long long step) {
  mtp_asked *a = &l->asked;
  if (a->begun && step >= a->first && step < a->last) a->last = step;
}

void mtp_learner_pass(mtp_learner *l, long long step) {
  if (l) mtp_loop_note_step(l, step);
}

bool mtp_loop_outlook(const mtp_learner *l, mtp_outlook *out) {
  const mtp_asked *a = &l->asked;
  return a->begun && a->last > a->first &&
         mtp_outlook_find(NULL, (double)a->first, (double)a->last, a->n, a->step, out) == MTP_OK;
}

void mtp_loop_add_outlook(const mtp_learner *l, cJSON *event) {
  mtp_outlook o;
  if (!mtp_loop_outlook(l, &o)) return;
  mtp_event_integer(event, "first_step", l->asked.first);
  mtp_event_integer(event, "asked_labels", (long long)o.labels);
  mtp_event_integer(event, "late_labels", (long long)o.late);
  mtp_event_number(event, "next_label", o.next);
  mtp_event_number(event, "next_label_soonest", o.soonest);
  mtp_event_number(event, "next_label_latest", o.latest);
  mtp_event_number(event, "quiet_steps", o.quiet);
  mtp_event_flag(event, "converged", o.converged);
}

void mtp_loop_tell_outlook(mtp_context *ctx, mtp_learner *l) {
  char text[256];
  mtp_outlook o;
  if (l->asked.told == l->asked.last || !mtp_loop_outlook(l, &o)) return;
  if (mtp_outlook_describe(ctx, &o, sizeof text, text) != MTP_OK) return;
  mtp_message(ctx, MTP_INFO, "%s", text);
  l->asked.told = l->asked.last;
}

mtp_status mtp_learner_end_run(mtp_context *ctx, mtp_learner *l) {
  mtp_outlook o;
  if (!l) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: none is given");
  if (!l->qm || l->asked.told == l->asked.last || !mtp_loop_outlook(l, &o)) return MTP_OK;
  cJSON *event = mtp_event_new(l->log, "outlook", l->asked.last);
  mtp_loop_add_outlook(l, event);
  mtp_event_write(ctx, l->log, event);
  mtp_loop_tell_outlook(ctx, l);
  return MTP_OK;
}
