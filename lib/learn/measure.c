/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/measure.c
 * Times of the parts of training, one core. The parts are timed in turns, so that a disturbance of the machine meets
 * all of them. */
#include "mtp/bench.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "learn/objective.h"
#include "mtp/evaluator.h"

#define MAX_TURNS 1000
#define PARTS     5

typedef struct bench {
  mtp_context *ctx;
  mtp_sample_set *set;
  mtp_objective *o;
  mtp_evaluator *ev;
  mtp_neighbors **nb; /* [set->n] of the samples */
  double **force;     /* [set->n][3*nall] */
  double *theta, *gradient, *matrix;
  size_t atoms;
} bench;

static double processor_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define ALL MTP_PART_BIT(MTP_PART_TRAINING)

static mtp_status evaluate(bench *b) {
  mtp_status status = MTP_OK;
  for (size_t k = 0; status == MTP_OK && k < b->set->n; k++) {
    const mtp_atoms atoms = mtp_atoms_of(b->nb[k]);
    mtp_output out = {.force = b->force[k]};
    status = mtp_evaluator_compute(b->ctx, b->ev, &atoms, NULL, &out);
  }
  return status;
}

static mtp_status run_part(bench *b, int part) {
  mtp_fit_stats stats[MTP_PARTS];
  switch (part) {
  case 0:
    return evaluate(b);
  case 1:
    return mtp_objective_pass(b->ctx, b->o, b->theta, ALL, ALL, stats, NULL);
  case 2:
    return mtp_objective_pass(b->ctx, b->o, b->theta, ALL, ALL, stats, b->gradient);
  case 3:
    return mtp_objective_sketch(b->ctx, b->o, b->theta, ALL, 1, 1, false, b->matrix);
  default:
    return mtp_objective_solve(b->ctx, b->o, ALL, 0.0, b->theta);
  }
}

static int ascending(const void *left, const void *right) {
  const double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static mtp_status time_parts(bench *b, double seconds, double *median) {
  double(*samples)[MAX_TURNS] = mtp_calloc(PARTS, sizeof *samples), spent[PARTS] = {0};
  size_t count[PARTS] = {0};
  mtp_status status = samples ? MTP_OK : mtp_fail_memory(b->ctx);
  bool busy = true;
  for (size_t turn = 0; status == MTP_OK && busy && turn < MAX_TURNS; turn++) {
    busy = false;
    for (int p = 0; status == MTP_OK && p < PARTS; p++) {
      if (turn > 1 && spent[p] >= seconds) continue;
      busy = true;
      const double start = processor_seconds();
      status = run_part(b, p);
      const double took = processor_seconds() - start;
      spent[p] += took;
      if (turn > 0) samples[p][count[p]++] = took; /* the first turn warms up */
    }
  }
  for (int p = 0; status == MTP_OK && p < PARTS; p++) {
    qsort(samples[p], count[p], sizeof(double), ascending);
    median[p] = 1e6 * samples[p][count[p] / 2] / (double)b->atoms;
  }
  free(samples);
  return status;
}

static mtp_status prepare(bench *b, const mtp_potential *pot) {
  const mtp_objective_options options = {.weights = mtp_weights_default(), .memory = 1e10};
  const mtp_workers workers = {NULL, 1};
  const size_t n = pot->nparams;
  mtp_part *part = mtp_calloc(b->set->n, sizeof *part); /* all are MTP_PART_TRAINING */
  b->nb = mtp_calloc(b->set->n, sizeof *b->nb);
  b->force = mtp_calloc(b->set->n, sizeof *b->force);
  b->theta = mtp_calloc(n, sizeof(double));
  b->gradient = mtp_calloc(n, sizeof(double));
  b->matrix = mtp_calloc(n, sizeof(double));
  mtp_status status = MTP_OK;
  if (!part || !b->nb || !b->force || !b->theta || !b->gradient || !b->matrix) status = mtp_fail_memory(b->ctx);
  if (status == MTP_OK) memcpy(b->theta, pot->params, n * sizeof(double));
  if (status == MTP_OK) status = mtp_evaluator_new(b->ctx, pot, &b->ev);
  if (status == MTP_OK)
    status = mtp_objective_new(b->ctx, &options, &workers, b->set->n, b->set->sample, part, pot, &b->o);
  for (size_t k = 0; status == MTP_OK && k < b->set->n; k++) {
    status = mtp_sample_acquire_neighbors(b->ctx, b->set->sample[k], pot->radial.max_dist, &b->nb[k]);
    if (status == MTP_OK && !(b->force[k] = mtp_calloc(3 * b->nb[k]->nall, sizeof(double))))
      status = mtp_fail_memory(b->ctx);
    b->atoms += b->set->sample[k]->config->n;
  }
  free(part);
  return status;
}

mtp_status mtp_train_measure(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set, double seconds,
                             mtp_train_cost *out) {
  if (!pot || !set || set->n == 0 || !out)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "measuring: expected a potential and configurations");
  bench b = {.ctx = ctx};
  double median[PARTS];
  mtp_status status = mtp_sample_set_borrow(ctx, set, &b.set);
  if (status == MTP_OK) status = mtp_sample_set_keep_neighbors(ctx, b.set, 0, mtp_potential_cutoff(pot), 1);
  if (status == MTP_OK) status = prepare(&b, pot);
  if (status == MTP_OK) status = time_parts(&b, seconds, median);
  if (status == MTP_OK) *out = (mtp_train_cost){median[0], median[1], median[2], median[3] - median[1], median[4]};
  mtp_objective_free(b.o);
  mtp_evaluator_free(b.ev);
  for (size_t k = 0; b.nb && b.force && k < set->n; k++) {
    mtp_sample_release_neighbors(b.set->sample[k], b.nb[k]);
    free(b.force[k]);
  }
  mtp_sample_set_free(b.set);
  free(b.nb);
  free(b.force);
  free(b.theta);
  free(b.gradient);
  free(b.matrix);
  return status;
}
