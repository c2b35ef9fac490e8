/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/thresholds.c
 * `select auto`, `break auto`: what a grade means differs from one material, level and temperature to the next, and
 * each label tells. At grade 1, which the training set ends at, forces are off by what the fit leaves; from there the
 * error grows as a power of the grade, which the labels so far say: each has the grade that it was asked for at, and
 * the true error of the force on that atom before it was learned. The thresholds are the grades at which an error is so
 * much larger than what the fit leaves that a label mends it (select), or that the run had better not go on (break). */
#include <math.h>

#include "loop/loop.h"
#include "support/support.h"

/* Errors at the thresholds, over what the fit leaves. Before there are labels errors are believed to grow as the grade
 * itself, as they do where the fit is right but for noise: these are the grades then. */
#define AT_SELECT 2.0
#define AT_BREAK  10.0
#define POWER     1.0
/* As much as so many labels at a grade of 4. */
#define BELIEF 6.0
/* A label counts less with each one that follows: radial functions change, and the run does. */
#define MEMORY 0.95
/* One tells no more than this factor. That a force is right by chance tells nothing: a grade is as dangerous as the
 * worst that comes with it. */
#define MOST 100.0
/* Nor is a fit so good that less than this part of the RMS force is an error. */
#define SMALL 0.01
/* Where thresholds may be: what grades beyond these mean was not tested by labels. */
#define LEAST_SELECT 1.5
#define MOST_SELECT  5.0
#define LEAST_BREAK  4.0
#define MOST_BREAK   20.0
#define APART        2.0

void mtp_loop_note_grade(mtp_learner *l, const mtp_candidate *c, const mtp_residual *before) {
  const double usual = fmax(l->fitted, SMALL * mtp_rmse(before->force_size, before->forces));
  if (!l->history.here || !(c->grade > 1.0) || !isfinite(c->grade) || !(usual > 0.0)) return;
  /* nothing was found of a label that another run had learned before */
  if (!(before->forces > 0.0) || !isfinite(before->at_atom)) return;
  const double x = log(c->grade), y = fmin(fmax(log(before->at_atom / usual), 0.0), log(MOST));
  mtp_history *h = &l->history;
  h->grade_square = MEMORY * h->grade_square + x * x;
  h->grade_error = MEMORY * h->grade_error + x * y;
}

/* By which the error grows with the grade. */
static double power(const mtp_history *h) {
  const double belief = BELIEF * log(4.0) * log(4.0);
  return (belief * POWER + h->grade_error) / (belief + h->grade_square);
}

/* The grade at which the error is so much larger. */
static double grade_at(const mtp_history *h, double larger, double least, double most) {
  const double p = power(h);
  return p > 0.0 ? fmin(fmax(pow(larger, 1.0 / p), least), most) : most;
}

/* Two digits: thresholds are read, and what they rest on is not known any better. */
static double rounded(double x) {
  return x < 10.0 ? round(10.0 * x) / 10.0 : round(x);
}

void mtp_loop_order_thresholds(mtp_learner_options *o) {
  if (o->auto_break)
    o->break_grade = fmax(o->break_grade, o->select_grade);
  else if (o->auto_select)
    o->select_grade = fmin(o->select_grade, o->break_grade);
}

void mtp_loop_set_thresholds(mtp_learner *l) {
  mtp_learner_options *o = &l->options;
  const double at_select = rounded(grade_at(&l->history, AT_SELECT, LEAST_SELECT, MOST_SELECT));
  const double at_break = rounded(grade_at(&l->history, AT_BREAK, LEAST_BREAK, MOST_BREAK));
  if (o->auto_select) o->select_grade = o->auto_break ? at_select : fmin(at_select, o->break_grade);
  if (o->auto_break) o->break_grade = fmax(at_break, o->auto_select ? APART * at_select : o->select_grade);
}

mtp_status mtp_learner_thresholds(mtp_context *ctx, const mtp_learner *l, double *select, double *break_grade) {
  if (!l || !select || !break_grade) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: a null pointer was passed in");
  *select = l->options.select_grade;
  *break_grade = l->options.break_grade;
  return MTP_OK;
}
