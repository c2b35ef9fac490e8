/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/normal.c
 * Normal equations of the linear coefficients, kept incrementally, and their solution. */
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/contribution.h"
#include "learn/normal.h"
#include "learn/weights.h"
#include "learn/workers.h"
#include "mtp/evaluator.h"

#define DEFAULT_RIDGE 1e-11

/* Energies of configurations are large and alike, and so are the sums of basis functions over their atoms: solved as
 * they stand, a relative ridge would drown the small differences that matter. So the solver works with unknowns in
 * which the average site of the first configuration is taken out: B_t -> B_t - mean_t[species], E -> E - N *
 * mean_energy; the species constants absorb the difference, x_s = x'_s + mean_energy - sum_t mean_t[s] x_t. */
struct mtp_normal {
  const mtp_plan *plan;
  mtp_plan *own_plan; /* NULL if it is the caller's */
  mtp_evaluator
      *fixed; /* what does not depend on the coefficients (short-range repulsion), or NULL if there is nothing */
  mtp_weights weights;
  size_t m, configs, squeezed; /* unknowns; what was added, and how many of it are squeezed */
  mtp_equations plain;         /* as the header promises */
  mtp_equations centred;       /* for the solver */
  mtp_equations wall;          /* the same of squeezed configurations alone, which the other sums leave out */
  mtp_equations force;         /* forces alone, not weighted, of configurations that errors count */
  mtp_equations site;          /* their energies per atom, centred */
  mtp_equations virial;        /* their virials per atom, six components */
  double virials;              /* components of them */
  mtp_normal_residual errors;  /* what of it does not depend on coefficients */
  double *mean; /* [C*m] average basis functions of the sites of each species; species columns are zero */
  double mean_energy;
  int has_mean;
  mtp_contribution_desk desk; /* memory of what is added alone */
  mtp_contribution one;
};

/* An evaluator of the same potential with all linear coefficients zero. */
static mtp_status make_fixed(mtp_context *ctx, const mtp_potential *pot, mtp_evaluator **out) {
  *out = NULL;
  if (pot->radial.type != MTP_RADIAL_CHEBYSHEV_REPULS) return MTP_OK;
  mtp_potential *copy = NULL;
  mtp_status status = mtp_potential_blank(ctx, pot, &copy);
  if (status != MTP_OK) return status;
  status = mtp_evaluator_new(ctx, copy, out);
  mtp_potential_free(copy);
  return status;
}

/* With the plan of the caller, or one of its own if that is NULL. */
static mtp_status create(mtp_context *ctx, const mtp_potential *pot, const mtp_plan *plan, const mtp_weights *weights,
                         mtp_normal **out) {
  mtp_status status = mtp_weights_check(ctx, weights);
  if (status != MTP_OK) return status;
  mtp_normal *nq = mtp_calloc(1, sizeof *nq);
  if (!nq) return mtp_fail_memory(ctx);
  nq->weights = *weights;
  nq->m = (size_t)pot->nspecies + (size_t)pot->basis.nscalars;
  nq->mean = mtp_calloc((size_t)pot->nspecies * nq->m, sizeof(double));
  if (!nq->mean || !mtp_equations_new(nq->m, &nq->plain) || !mtp_equations_new(nq->m, &nq->centred))
    status = mtp_fail_memory(ctx);
  /* a part of a training is never asked for errors, and treats all configurations alike */
  if (status == MTP_OK && !plan &&
      (!mtp_equations_new(nq->m, &nq->force) || !mtp_equations_new(nq->m, &nq->site) ||
       !mtp_equations_new(nq->m, &nq->virial) || !mtp_equations_new(nq->m, &nq->wall)))
    status = mtp_fail_memory(ctx);
  if (status == MTP_OK && !plan) status = mtp_plan_new(ctx, pot, MTP_PLAN_FROZEN, 0, &nq->own_plan);
  nq->plan = plan ? plan : nq->own_plan;
  if (status == MTP_OK) status = make_fixed(ctx, pot, &nq->fixed);
  if (status != MTP_OK) {
    mtp_normal_free(nq);
    return status;
  }
  *out = nq;
  return MTP_OK;
}

mtp_status mtp_normal_new(mtp_context *ctx, const mtp_potential *pot, mtp_weights weights, mtp_normal **out) {
  if (out) *out = NULL;
  if (!pot || !out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "linear fit: no potential given");
  return create(ctx, pot, NULL, &weights, out);
}

mtp_status mtp_normal_new_part(mtp_context *ctx, const mtp_potential *pot, const mtp_plan *plan,
                               const mtp_weights *weights, mtp_normal **out) {
  *out = NULL;
  return create(ctx, pot, plan, weights, out);
}

void mtp_normal_free(mtp_normal *nq) {
  if (!nq) return;
  mtp_plan_free(nq->own_plan);
  mtp_evaluator_free(nq->fixed);
  mtp_equations_clear(&nq->plain);
  mtp_equations_clear(&nq->centred);
  mtp_equations_clear(&nq->wall);
  mtp_equations_clear(&nq->force);
  mtp_equations_clear(&nq->site);
  mtp_equations_clear(&nq->virial);
  mtp_contribution_desk_clear(&nq->desk);
  mtp_contribution_clear(&nq->one);
  free(nq->mean);
  free(nq);
}

static bool counts_for_errors(const mtp_normal *nq, const mtp_config *cfg) {
  return nq->force.matrix && !mtp_config_is_squeezed(cfg);
}

static bool is_of_wall(const mtp_normal *nq, const mtp_config *cfg) {
  return nq->wall.matrix && mtp_config_is_squeezed(cfg);
}

/* Of configurations that errors count: every component once. */
static void add_plain_virial(mtp_normal *nq, const mtp_linear_rows *rows, const mtp_config *target) {
  const double count = (double)target->n;
  mtp_equations_add_rows(&nq->virial, nq->m, 6, rows->virial, target->virial, 1.0 / (count * count));
  nq->virials += 6.0;
}

static void add_weighted(mtp_equations *e, size_t m, const mtp_contribution *c) {
  mtp_equations_add(e, m, &c->force, c->weights.force);
  if (c->has_virial) mtp_equations_add(e, m, &c->virial, c->weights.stress);
}

/* The centring leaves derivatives alone: they are summed once for all. */
static void add_derivatives(mtp_normal *nq, const mtp_config *cfg, const mtp_contribution *c) {
  const size_t m = nq->m;
  if (is_of_wall(nq, cfg)) {
    add_weighted(&nq->wall, m, c);
  } else {
    add_weighted(&nq->plain, m, c);
    add_weighted(&nq->centred, m, c);
  }
  if (c->atoms && counts_for_errors(nq, cfg)) {
    mtp_equations_add(&nq->force, m, &c->force, 1.0);
    nq->errors.components += 3.0 * (double)c->atoms;
  }
}

/* The averages of the first configuration that has an energy; a species that it lacks keeps zero. */
static void set_means(mtp_normal *nq, const mtp_linear_rows *rows, const mtp_config *target) {
  const size_t C = (size_t)nq->plan->nspecies, m = nq->m;
  nq->has_mean = 1;
  if (target->n) nq->mean_energy = target->energy / (double)target->n;
  for (size_t s = 0; s < C; s++) {
    const double *site = rows->site + s * m;
    for (size_t t = C; t < m; t++) nq->mean[s * m + t] = site[s] > 0 ? site[t] / site[s] : 0.0;
  }
}

static mtp_status add_energy(mtp_context *ctx, mtp_normal *nq, const mtp_linear_rows *rows, const mtp_config *target,
                             double weight) {
  const size_t C = (size_t)nq->plan->nspecies, m = nq->m;
  double *plain = mtp_calloc(2 * m, sizeof(double)), *centred = plain ? plain + m : NULL;
  if (!plain) return mtp_fail_memory(ctx);
  if (!nq->has_mean) set_means(nq, rows, target);
  for (size_t s = 0; s < C; s++)
    for (size_t t = 0; t < m; t++) {
      plain[t] += rows->site[s * m + t];
      centred[t] += rows->site[s * m + t] - rows->site[s * m + s] * nq->mean[s * m + t];
    }
  const double energy = target->energy - (double)target->n * nq->mean_energy;
  const bool squeezed = is_of_wall(nq, target);
  if (!squeezed) mtp_equations_add_rows(&nq->plain, m, 1, plain, &target->energy, weight);
  mtp_equations_add_rows(squeezed ? &nq->wall : &nq->centred, m, 1, centred, &energy, weight);
  if (target->n && counts_for_errors(nq, target)) {
    const double count = (double)target->n;
    mtp_equations_add_rows(&nq->site, m, 1, centred, &energy, 1.0 / (count * count));
    nq->errors.energies += 1.0;
  }
  free(plain);
  return MTP_OK;
}

static mtp_status check_labels(mtp_context *ctx, const mtp_normal *nq, const mtp_config *cfg) {
  double probe = 0;
  if (cfg->has_energy) probe += cfg->energy * 0.0;
  for (size_t k = 0; cfg->force && k < 3 * cfg->n; k++) probe += cfg->force[k] * 0.0;
  for (size_t k = 0; cfg->has_virial && k < 6; k++) probe += cfg->virial[k] * 0.0;
  if (probe != 0.0) return mtp_fail(ctx, MTP_ERR_NUMERIC, "linear fit: a label is not a finite number");
  for (size_t i = 0; i < cfg->n; i++)
    if (cfg->species[i] < 0 || cfg->species[i] >= nq->plan->nspecies)
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "linear fit: atom %zu has species %d, the potential has %d", i + 1,
                      cfg->species[i], nq->plan->nspecies);
  return MTP_OK;
}

/* The labels less what does not depend on the coefficients; NULL if there is nothing of the kind. */
static mtp_status make_targets(mtp_context *ctx, mtp_normal *nq, const mtp_config *cfg, mtp_config **out) {
  if (!nq->fixed) return MTP_OK;
  mtp_config *target = mtp_config_copy(cfg), *fixed = target ? mtp_config_copy(cfg) : NULL;
  mtp_status status = fixed ? mtp_evaluator_config(ctx, nq->fixed, fixed, 0) : mtp_fail_memory(ctx);
  if (status == MTP_OK) {
    target->energy -= fixed->energy;
    for (size_t k = 0; target->force && k < 3 * cfg->n; k++) target->force[k] -= fixed->force[k];
    for (size_t k = 0; k < 6; k++) target->virial[k] -= fixed->virial[k];
    *out = target;
  } else {
    mtp_config_free(target);
  }
  mtp_config_free(fixed);
  return status;
}

static void add_force_squares(mtp_normal *nq, const mtp_config *cfg) {
  for (size_t i = 0; i < 3 * cfg->n; i++)
    if (!mtp_config_is_masked(cfg, i / 3)) nq->errors.force_squares += cfg->force[i] * cfg->force[i];
}

/* Nearly all of the work; nothing of `nq` changes, but what is fixed is evaluated with it. */
static mtp_status prepare(mtp_context *ctx, mtp_normal *nq, const mtp_sample *sample, mtp_contribution_desk *desk,
                          mtp_contribution *c) {
  const mtp_config *cfg = sample->config;
  double own[3];
  mtp_config_free(c->target);
  c->target = NULL;
  mtp_status status = check_labels(ctx, nq, cfg);
  if (status == MTP_OK) status = mtp_sample_weights(ctx, sample, own);
  if (status == MTP_OK) status = make_targets(ctx, nq, cfg, &c->target);
  if (status == MTP_OK) status = mtp_contribution_sum(ctx, nq->plan, sample, desk, c);
  if (status == MTP_OK) c->weights = mtp_weights_of(&nq->weights, cfg, own);
  return status;
}

static mtp_status add(mtp_context *ctx, mtp_normal *nq, const mtp_config *cfg, const mtp_contribution *c) {
  const mtp_config *target = c->target ? c->target : cfg;
  mtp_status status = MTP_OK;
  if (cfg->has_energy) status = add_energy(ctx, nq, &c->rows, target, c->weights.energy);
  if (status != MTP_OK) return status;
  add_derivatives(nq, cfg, c);
  if (target->has_virial && target->n && counts_for_errors(nq, cfg)) add_plain_virial(nq, &c->rows, target);
  if (cfg->force && counts_for_errors(nq, cfg)) add_force_squares(nq, cfg);
  nq->configs++;
  nq->squeezed += is_of_wall(nq, cfg);
  return MTP_OK;
}

/* What is solved and shown has both triangles. */
static void fill(mtp_normal *nq) {
  mtp_equations_fill(&nq->plain, nq->m);
  mtp_equations_fill(&nq->centred, nq->m);
  mtp_equations_fill(&nq->wall, nq->m);
}

mtp_status mtp_normal_add_sample(mtp_context *ctx, mtp_normal *nq, const mtp_sample *sample) {
  mtp_status status = prepare(ctx, nq, sample, &nq->desk, &nq->one);
  if (status == MTP_OK) status = add(ctx, nq, sample->config, &nq->one);
  fill(nq);
  return status;
}

mtp_status mtp_normal_add(mtp_context *ctx, mtp_normal *nq, const mtp_config *cfg) {
  if (!nq || !cfg) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "linear fit: no configuration given");
  const mtp_sample sample = mtp_sample_of(cfg);
  return mtp_normal_add_sample(ctx, nq, &sample);
}

/* ---- many at once ---- */

/* Contributions that are held at a time, and bytes of their matrices beyond which there are fewer. */
#define CHUNK       64
#define CHUNK_BYTES 6.4e7

typedef struct chunk {
  size_t count;
  const mtp_sample *sample[CHUNK];
  mtp_sample borrowed[CHUNK];
  mtp_contribution of[CHUNK];
} chunk;

/* Sums are made in the order of the samples, by one thread, while others prepare the chunk that comes next. */
typedef struct adding {
  mtp_normal *nq;
  chunk *next, *last;          /* two, which change places */
  mtp_contribution_desk *desk; /* [threads] */
  int threads;
} adding;

static mtp_status add_chunk(mtp_context *ctx, mtp_normal *nq, chunk *k) {
  mtp_status status = MTP_OK;
  for (size_t i = 0; i < k->count && status == MTP_OK; i++) status = add(ctx, nq, k->sample[i]->config, &k->of[i]);
  k->count = 0;
  return status;
}

static mtp_status work_task(mtp_context *ctx, void *user, int thread, size_t task, double *result) {
  adding *a = user;
  (void)result;
  if (task == 0) return add_chunk(ctx, a->nq, a->last);
  return prepare(ctx, a->nq, a->next->sample[task - 1], &a->desk[thread], &a->next->of[task - 1]);
}

static size_t chunk_size(const mtp_normal *nq, int threads) {
  const double most = CHUNK_BYTES / (4.0 * (double)(nq->m * nq->m) * sizeof(double));
  const size_t least = threads < CHUNK ? (size_t)threads : CHUNK;
  return most > CHUNK ? CHUNK : most > (double)least ? (size_t)most : least;
}

static mtp_status adding_begin(mtp_context *ctx, mtp_normal *nq, int threads, adding *a) {
  *a = (adding){.nq = nq, .threads = nq->fixed ? 1 : threads}; /* an evaluator is for one thread at a time */
  a->desk = mtp_calloc((size_t)a->threads, sizeof *a->desk);
  a->next = mtp_calloc(1, sizeof *a->next);
  a->last = mtp_calloc(1, sizeof *a->last);
  return a->desk && a->next && a->last ? MTP_OK : mtp_fail_memory(ctx);
}

/* Prepares the chunk that was filled and adds the one before. */
static mtp_status advance(mtp_context *ctx, adding *a) {
  const mtp_workers workers = {NULL, a->threads};
  const mtp_tasks tasks = {a->next->count + 1, 0, a, work_task, NULL, false};
  const mtp_status status = mtp_workers_run(ctx, &workers, &tasks);
  chunk *prepared = a->next;
  a->next = a->last;
  a->last = prepared;
  return status;
}

static void chunk_free(chunk *k) {
  for (size_t i = 0; k && i < CHUNK; i++) mtp_contribution_clear(&k->of[i]);
  free(k);
}

static mtp_status adding_end(mtp_context *ctx, adding *a, mtp_status status) {
  if (status == MTP_OK) status = add_chunk(ctx, a->nq, a->last);
  fill(a->nq);
  chunk_free(a->next);
  chunk_free(a->last);
  for (int t = 0; a->desk && t < a->threads; t++) mtp_contribution_desk_clear(&a->desk[t]);
  free(a->desk);
  return status;
}

mtp_status mtp_normal_add_samples(mtp_context *ctx, mtp_normal *nq, size_t n, mtp_sample *const *samples, int threads) {
  const size_t most = chunk_size(nq, threads);
  adding a;
  mtp_status status = adding_begin(ctx, nq, threads, &a);
  for (size_t done = 0; done < n && status == MTP_OK;) {
    for (chunk *k = a.next; k->count < most && done < n; done++) k->sample[k->count++] = samples[done];
    status = advance(ctx, &a);
  }
  return adding_end(ctx, &a, status);
}

mtp_status mtp_normal_add_all(mtp_context *ctx, mtp_normal *nq, size_t n, const mtp_config *const *configs,
                              int threads) {
  if (!nq || (n && !configs) || threads < 1)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "linear fit: expected configurations and at least one thread");
  const size_t most = chunk_size(nq, threads);
  adding a;
  mtp_status status = adding_begin(ctx, nq, threads, &a);
  for (size_t done = 0; done < n && status == MTP_OK;) {
    for (chunk *k = a.next; k->count < most && done < n; done++) {
      k->borrowed[k->count] = mtp_sample_of(configs[done]);
      k->sample[k->count] = &k->borrowed[k->count];
      k->count++;
    }
    status = advance(ctx, &a);
  }
  return adding_end(ctx, &a, status);
}

mtp_status mtp_normal_set_origin(mtp_context *ctx, mtp_normal *nq, const mtp_sample *sample) {
  mtp_config *target = NULL;
  mtp_status status = make_targets(ctx, nq, sample->config, &target);
  if (status == MTP_OK) status = mtp_contribution_rows(ctx, nq->plan, sample, &nq->desk);
  if (status == MTP_OK) set_means(nq, &nq->desk.rows, target ? target : sample->config);
  mtp_config_free(target);
  return status;
}

/* Sums of a part: centred equations [m*m], [m], 1; the diagonal of the plain ones [m]; configurations. */
size_t mtp_normal_sums_length(size_t m) {
  return m * m + 2 * m + 2;
}

void mtp_normal_take_sums(mtp_normal *nq, double *sums) {
  const size_t m = nq->m;
  memcpy(sums, nq->centred.matrix, m * m * sizeof *sums);
  memcpy(sums += m * m, nq->centred.rhs, m * sizeof *sums);
  for (size_t i = 0; i < m; i++) sums[m + i] = nq->plain.matrix[i * m + i];
  sums[2 * m] = nq->centred.targets;
  sums[2 * m + 1] = (double)nq->configs;
  mtp_equations *const both[2] = {&nq->plain, &nq->centred};
  for (int k = 0; k < 2; k++) {
    memset(both[k]->matrix, 0, m * m * sizeof(double));
    memset(both[k]->rhs, 0, m * sizeof(double));
    both[k]->targets = 0;
  }
  nq->configs = 0;
}

void mtp_normal_add_sums(mtp_normal *nq, const double *sums) {
  const size_t m = nq->m;
  for (size_t k = 0; k < m * m; k++) nq->centred.matrix[k] += sums[k];
  sums += m * m;
  for (size_t i = 0; i < m; i++) {
    nq->centred.rhs[i] += sums[i];
    nq->plain.matrix[i * m + i] += sums[m + i];
  }
  nq->centred.targets += sums[2 * m];
  nq->configs += (size_t)sums[2 * m + 1];
}

size_t mtp_normal_configs(const mtp_normal *nq) {
  return nq ? nq->configs : 0;
}
size_t mtp_normal_size(const mtp_normal *nq) {
  return nq ? nq->m : 0;
}
const double *mtp_normal_matrix(const mtp_normal *nq) {
  return nq ? nq->plain.matrix : NULL;
}
const double *mtp_normal_rhs(const mtp_normal *nq) {
  return nq ? nq->plain.rhs : NULL;
}

/* From centred unknowns to plain ones, in place; sign -1 goes the other way. */
static void shift_constants(const mtp_normal *nq, double *x, double sign) {
  const size_t C = (size_t)nq->plan->nspecies;
  for (size_t s = 0; s < C; s++) {
    double shift = nq->mean_energy;
    for (size_t t = C; t < nq->m; t++) shift -= nq->mean[s * nq->m + t] * x[t];
    x[s] += sign * shift;
  }
}

/* What the fit may lose of what runs met for the sake of squeezed configurations: errors grow by this factor, or to
 * this part of the labels. */
#define COSTS 1.25
#define GOOD  0.01
/* Parts of their weight that are tried. */
#define LEAST_PART 1e-13

/* The largest sum of squares that the fit may leave, where the best one leaves that of `best`. */
static double limit_of(const mtp_normal *nq, const double *best) {
  return fmax(COSTS * COSTS * mtp_equations_residual(&nq->centred, nq->m, best), GOOD * GOOD * nq->centred.targets);
}

/* Radial functions that were never told of short distances may explode there. The rows of squeezed configurations are
 * then so large that the smallest weight bends everything else; so they weigh as much as they may without harm. */
static mtp_status solve_with_wall(mtp_context *ctx, const mtp_normal *nq, double ridge, double *y) {
  const size_t m = nq->m;
  const double top = mtp_equations_top(&nq->plain, m);
  mtp_equations sum = {0};
  double *best = mtp_calloc(m, sizeof(double));
  mtp_status status = best && mtp_equations_new(m, &sum) ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = mtp_equations_solve(ctx, &nq->centred, m, top, ridge, best);
  const double limit = status == MTP_OK ? limit_of(nq, best) : 0;
  bool fits = false;
  for (double part = 1.0; status == MTP_OK && !fits && part > LEAST_PART; part *= 0.1) {
    mtp_equations_copy(&nq->centred, m, &sum);
    mtp_equations_add(&sum, m, &nq->wall, part);
    mtp_equations_fill(&sum, m);
    /* what cannot be solved with this weight may be with a smaller one */
    fits = mtp_equations_solve(NULL, &sum, m, top, ridge, y) == MTP_OK &&
           mtp_equations_residual(&nq->centred, m, y) <= limit;
  }
  if (status == MTP_OK && !fits) memcpy(y, best, m * sizeof(double));
  mtp_equations_clear(&sum);
  free(best);
  return status;
}

mtp_status mtp_normal_solve(mtp_context *ctx, const mtp_normal *nq, double ridge, double *x) {
  if (!nq || !x || !(ridge >= 0))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "linear fit: expected a ridge that is not negative");
  if (nq->configs == 0) return mtp_fail(ctx, MTP_ERR_STATE, "linear fit: there are no configurations to fit to");
  const size_t m = nq->m;
  double *y = mtp_calloc(m, sizeof(double));
  if (!y) return mtp_fail_memory(ctx);
  if (!(ridge > 0)) ridge = DEFAULT_RIDGE;
  mtp_status status;
  if (nq->squeezed == 0)
    status = mtp_equations_solve(ctx, &nq->centred, m, mtp_equations_top(&nq->plain, m), ridge, y);
  else if (nq->squeezed == nq->configs)
    status = mtp_equations_solve(ctx, &nq->wall, m, mtp_equations_top(&nq->wall, m), ridge, y);
  else
    status = solve_with_wall(ctx, nq, ridge, y);
  if (status == MTP_OK) {
    memcpy(x, y, m * sizeof(double));
    shift_constants(nq, x, 1.0);
  }
  free(y);
  return status;
}

/* Sums of the weighted squares that x leaves: of squeezed configurations, and of all others. */
static bool find_losses(const mtp_normal *nq, const double *x, double *others, double *squeezed) {
  const size_t m = nq->m;
  double *y = mtp_calloc(m, sizeof(double));
  if (!y) return false;
  memcpy(y, x, m * sizeof(double));
  shift_constants(nq, y, -1.0);
  *others = mtp_equations_residual(&nq->centred, m, y);
  *squeezed = nq->squeezed ? mtp_equations_residual(&nq->wall, m, y) : 0.0;
  free(y);
  return true;
}

double mtp_normal_loss(const mtp_normal *nq, const double *x) {
  double others, squeezed;
  if (!nq || !x) return NAN;
  if (!nq->configs) return 0.0;
  return find_losses(nq, x, &others, &squeezed) ? (others + squeezed) / (double)nq->configs : NAN;
}

double mtp_normal_loss_of_others(const mtp_normal *nq, const double *x) {
  double others, squeezed;
  if (nq->configs == nq->squeezed) return 0.0;
  return find_losses(nq, x, &others, &squeezed) ? others / (double)(nq->configs - nq->squeezed) : NAN;
}

mtp_status mtp_normal_errors(mtp_context *ctx, const mtp_normal *nq, const double *x, mtp_normal_residual *out) {
  if (!nq || !x || !out || !nq->force.matrix)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "linear fit: nothing to take errors from");
  const size_t m = nq->m;
  double *y = mtp_calloc(m, sizeof(double));
  if (!y) return mtp_fail_memory(ctx);
  *out = nq->errors;
  memcpy(y, x, m * sizeof(double));
  out->force = fmax(mtp_equations_residual(&nq->force, m, y), 0.0); /* species constants have no forces */
  shift_constants(nq, y, -1.0);
  out->energy = fmax(mtp_equations_residual(&nq->site, m, y), 0.0);
  free(y);
  return MTP_OK;
}

bool mtp_normal_has_kinds(const mtp_normal *nq) {
  return nq->force.matrix != NULL;
}

void mtp_normal_get_kinds(const mtp_normal *nq, double *x, mtp_normal_kinds *out) {
  *out = (mtp_normal_kinds){.force = &nq->force,
                            .energy = &nq->site,
                            .virial = &nq->virial,
                            .forces = nq->errors.components,
                            .energies = nq->errors.energies,
                            .virials = nq->virials,
                            .nspecies = (size_t)nq->plan->nspecies,
                            .mean = nq->mean};
  shift_constants(nq, x, -1.0);
}

bool mtp_normal_has_functions_of(const mtp_normal *nq, const mtp_potential *pot) {
  return mtp_plan_has_functions_of(nq->plan, pot);
}

mtp_status mtp_normal_fit(mtp_context *ctx, const mtp_normal *nq, double ridge, mtp_potential *pot) {
  if (!nq || !pot) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "linear fit: expected normal equations and a potential");
  if (!mtp_plan_has_functions_of(nq->plan, pot))
    return mtp_fail(ctx, MTP_ERR_STATE,
                    "linear fit: the potential has other radial functions than the normal equations");
  double *theta = mtp_calloc(pot->nparams, sizeof(double));
  if (!theta) return mtp_fail_memory(ctx);
  memcpy(theta, pot->params, pot->nparams * sizeof(double));
  mtp_status status = mtp_normal_solve(ctx, nq, ridge, theta + mtp_offset_species(pot));
  if (status == MTP_OK) status = mtp_potential_set_parameters(ctx, pot, theta);
  free(theta);
  return status;
}
