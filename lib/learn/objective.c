/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/objective.c
 * Residuals of batches, from which the second pass of the kernel makes gradients and rows of sketches; orders to the
 * other ranks. */
#include "learn/objective.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/labels.h"
#include "learn/normal.h"
#include "learn/weights.h"

/* What rank 0 asks for; theta follows those that need it. */
typedef enum order_kind {
  ORDER_RELEASE,
  ORDER_NEW,
  ORDER_FREE,
  ORDER_POTENTIAL,
  ORDER_PASS,
  ORDER_SKETCH,
  ORDER_SOLVE
} order_kind;

typedef struct order {
  order_kind kind;
  unsigned parts, trained;
  int threads;  /* of each process */
  size_t count; /* vectors of a sketch a batch; bytes of a potential */
  unsigned long long seed;
  mtp_objective_options options;
} order;

struct mtp_objective {
  mtp_objective_options options;
  mtp_workers workers;
  mtp_isa isa;
  mtp_shards shards;
  mtp_potential *pot;
  mtp_plan *plan;
  mtp_batch_work *work; /* [threads] */
  const double *forms;  /* borrowed, or NULL */
  /* of the order in hand */
  order order;
  mtp_fit_stats *stats; /* where results go */
  double *gradient;
  mtp_normal **normal; /* [threads] parts of the linear equations */
  mtp_normal *total;
  double *gn;   /* where the sketch goes */
  bool full;    /* or its diagonal alone */
  double *rows; /* [capacity][n] of a sketch, not yet in gn */
  size_t nrows, capacity;
};

#define STATS (sizeof(mtp_fit_stats) / sizeof(double))

/* Sample `position` in the order of the shards, number c of the batch. */
static mtp_labels labels_of(const mtp_objective *o, size_t position, const mtp_batch *batch, const mtp_batch_work *work,
                            size_t c) {
  return mtp_labels_compare(&o->options, o->shards.order[position]->config,
                            o->shards.weight[o->shards.number[position]], batch, work, c);
}

/* ---- tasks ---- */

static bool in(unsigned parts, mtp_part part) {
  return (parts & MTP_PART_BIT(part)) != 0;
}

static mtp_status pass_shard(mtp_context *ctx, void *user, int thread, size_t task, double *result) {
  mtp_objective *o = user;
  const mtp_shard *shard = &o->shards.shard[task];
  mtp_batch_work *work = &o->work[thread];
  const bool trained = in(o->order.trained, shard->part);
  mtp_fit_stats stats = {0};
  mtp_status status = MTP_OK;
  if (!in(o->order.parts, shard->part)) return MTP_OK;
  for (size_t k = 0; k < shard->nbatches && status == MTP_OK; k++) {
    mtp_batch *batch = NULL;
    status = mtp_shards_acquire_batch(ctx, &o->shards, shard, k, o->plan, &batch);
    if (status == MTP_OK) status = mtp_batch_work_reserve(ctx, o->plan, batch, work);
    if (status == MTP_OK) {
      mtp_batch_forces(o->isa, o->plan, batch, work);
      for (size_t c = 0; c < batch->nconfigs; c++) {
        const mtp_labels l = labels_of(o, shard->begin[k] + c, batch, work, c);
        mtp_labels_add_stats(&l, work, &stats);
        if (trained) mtp_labels_ask_gradient(&l, c, work);
      }
      if (trained) mtp_batch_gradient(o->isa, o->plan, batch, work, result + STATS);
    }
    if (batch) mtp_shards_release_batch(shard, k, batch);
  }
  memcpy(result, &stats, sizeof stats);
  return status;
}

static void reduce_pass(void *user, size_t task, const double *result) {
  mtp_objective *o = user;
  const mtp_part part = o->shards.shard[task].part;
  double *sums = (double *)&o->stats[part];
  for (size_t k = 0; k < STATS; k++) sums[k] += result[k];
  if (o->gradient && in(o->order.trained, part))
    for (size_t k = 0; k < o->plan->nparams; k++) o->gradient[k] += result[STATS + k];
}

static mtp_status sketch_shard(mtp_context *ctx, void *user, int thread, size_t task, double *result) {
  mtp_objective *o = user;
  const mtp_shard *shard = &o->shards.shard[task];
  mtp_batch_work *work = &o->work[thread];
  mtp_status status = MTP_OK;
  if (!in(o->order.trained, shard->part)) return MTP_OK;
  for (size_t k = 0; k < shard->nbatches && status == MTP_OK; k++) {
    mtp_random random = {o->order.seed + 0x9e3779b97f4a7c15ull * (task * 1000003u + k + 1)};
    mtp_batch *batch = NULL;
    status = mtp_shards_acquire_batch(ctx, &o->shards, shard, k, o->plan, &batch);
    if (status == MTP_OK) status = mtp_batch_work_reserve(ctx, o->plan, batch, work);
    if (status == MTP_OK) {
      mtp_batch_forces(o->isa, o->plan, batch, work);
      for (size_t v = 0; v < o->order.count; v++, result += o->plan->nparams) {
        for (size_t c = 0; c < batch->nconfigs; c++) {
          const mtp_labels l = labels_of(o, shard->begin[k] + c, batch, work, c);
          mtp_labels_ask_combination(&l, c, &random, work);
        }
        mtp_batch_gradient(o->isa, o->plan, batch, work, result);
      }
    }
    if (batch) mtp_shards_release_batch(shard, k, batch);
  }
  return status;
}

static void flush_rows(mtp_objective *o) {
  const size_t n = o->plan->nparams;
  if (o->full)
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (int)n, (int)o->nrows, 1.0, o->rows, (int)n, 1.0, o->gn, (int)n);
  for (size_t r = 0; !o->full && r < o->nrows; r++)
    for (size_t k = 0; k < n; k++) o->gn[k] += o->rows[r * n + k] * o->rows[r * n + k];
  o->nrows = 0;
}

static void reduce_sketch(void *user, size_t task, const double *result) {
  mtp_objective *o = user;
  const mtp_shard *shard = &o->shards.shard[task];
  const size_t n = o->plan->nparams;
  if (!in(o->order.trained, shard->part)) return;
  for (size_t k = 0; k < shard->nbatches * o->order.count; k++, result += n) {
    memcpy(o->rows + o->nrows++ * n, result, n * sizeof *result);
    if (o->nrows == o->capacity) flush_rows(o);
  }
}

static size_t most_batches(const mtp_objective *o) {
  size_t most = 0;
  for (size_t q = 0; q < o->shards.nshards; q++)
    if (o->shards.shard[q].nbatches > most) most = o->shards.shard[q].nbatches;
  return most;
}

/* Sums of normal equations are large: several shards make one task. */
#define SHARDS_PER_SOLVE ((size_t)16)

static mtp_status solve_shards(mtp_context *ctx, void *user, int thread, size_t task, double *result) {
  mtp_objective *o = user;
  const size_t first = task * SHARDS_PER_SOLVE, end = first + SHARDS_PER_SOLVE;
  mtp_status status = MTP_OK;
  for (size_t q = first; q < end && q < o->shards.nshards; q++) {
    const mtp_shard *shard = &o->shards.shard[q];
    if (!in(o->order.trained, shard->part)) continue;
    for (size_t k = 0; k < shard->n && status == MTP_OK; k++)
      status = mtp_normal_add_sample(ctx, o->normal[thread], o->shards.order[shard->first + k]);
  }
  mtp_normal_take_sums(o->normal[thread], result);
  return status;
}

static void reduce_solve(void *user, size_t task, const double *result) {
  mtp_objective *o = user;
  (void)task;
  mtp_normal_add_sums(o->total, result);
}

/* The first with an energy that is trained on, or the first at all. */
static const mtp_sample *origin(const mtp_objective *o) {
  for (size_t k = 0; k < o->shards.n; k++)
    if (in(o->order.trained, o->shards.part[k]) && o->shards.sample[k]->config->has_energy) return o->shards.sample[k];
  return o->shards.sample[0];
}

static mtp_status new_normal(mtp_context *ctx, mtp_objective *o, mtp_normal **out) {
  mtp_status status = mtp_normal_new_part(ctx, o->pot, o->plan, &o->options.weights, out);
  return status == MTP_OK ? mtp_normal_set_origin(ctx, *out, origin(o)) : status;
}

static void free_normals(mtp_objective *o) {
  for (int t = 0; o->normal && t < o->workers.threads; t++) mtp_normal_free(o->normal[t]);
  free(o->normal);
  mtp_normal_free(o->total);
  o->normal = NULL;
  o->total = NULL;
}

/* On every rank, before it runs. */
static mtp_status make_normals(mtp_context *ctx, mtp_objective *o) {
  o->normal = mtp_calloc((size_t)o->workers.threads, sizeof(mtp_normal *));
  mtp_status status = o->normal ? MTP_OK : mtp_fail_memory(ctx);
  for (int t = 0; status == MTP_OK && t < o->workers.threads; t++) status = new_normal(ctx, o, &o->normal[t]);
  if (status == MTP_OK && mtp_workers_rank(&o->workers) == 0) status = new_normal(ctx, o, &o->total);
  return status;
}

static mtp_status run_order(mtp_context *ctx, mtp_objective *o) {
  const size_t n = o->plan->nparams;
  mtp_tasks tasks = {.count = o->shards.nshards, .user = o};
  if (o->order.kind == ORDER_PASS) {
    tasks.length = STATS + (o->order.trained ? n : 0);
    tasks.work = pass_shard, tasks.reduce = reduce_pass;
  } else if (o->order.kind == ORDER_SOLVE) {
    const mtp_status status = make_normals(ctx, o);
    if (status != MTP_OK) return mtp_workers_give_up(ctx, &o->workers, status);
    tasks.length = mtp_normal_sums_length((size_t)o->plan->nspecies + (size_t)o->plan->nscalars);
    tasks.count = (o->shards.nshards + SHARDS_PER_SOLVE - 1) / SHARDS_PER_SOLVE;
    tasks.work = solve_shards, tasks.reduce = reduce_solve;
  } else {
    tasks.length = most_batches(o) * o->order.count * n;
    tasks.work = sketch_shard, tasks.reduce = reduce_sketch;
  }
  return mtp_workers_run(ctx, &o->workers, &tasks);
}

/* ---- setting up ---- */

static void clear_work(mtp_objective *o) {
  for (int t = 0; o->work && t < o->workers.threads; t++) mtp_batch_work_clear(&o->work[t]);
}

static void destroy(mtp_objective *o) {
  if (!o) return;
  clear_work(o);
  free(o->work);
  mtp_shards_clear(&o->shards);
  mtp_plan_free(o->plan);
  mtp_potential_free(o->pot);
  free(o);
}

/* On every rank. */
static mtp_status install_potential(mtp_context *ctx, mtp_objective *o, const mtp_potential *pot) {
  mtp_plan *plan = NULL;
  mtp_potential *copy = NULL;
  mtp_status status = mtp_potential_copy(ctx, pot, &copy);
  if (status == MTP_OK) status = mtp_plan_new(ctx, pot, MTP_PLAN_VARIABLE, mtp_isa_vector_bytes(o->isa), &plan);
  if (status != MTP_OK) {
    mtp_potential_free(copy);
    return status;
  }
  clear_work(o);
  mtp_plan_free(o->plan);
  mtp_potential_free(o->pot);
  o->plan = plan;
  o->pot = copy;
  return MTP_OK;
}

static mtp_status create(mtp_context *ctx, const mtp_objective_options *options, const mtp_workers *workers,
                         mtp_objective **out) {
  mtp_objective *o = mtp_calloc(1, sizeof *o);
  if (!o) return mtp_fail_memory(ctx);
  o->options = *options;
  o->workers = *workers;
  o->isa = mtp_context_isa(ctx);
  o->work = mtp_calloc((size_t)workers->threads, sizeof *o->work);
  *out = o;
  return o->work ? MTP_OK : mtp_fail_memory(ctx);
}

/* Tells the other ranks what comes now. */
static void send_order(mtp_objective *o, order what) {
  o->order = what;
  o->order.options = o->options;
  o->order.threads = o->workers.threads;
  mtp_workers_broadcast(&o->workers, &o->order, sizeof o->order);
}

/* The potential as text to the others. */
static mtp_status send_potential(mtp_context *ctx, mtp_objective *o, const mtp_potential *pot) {
  if (mtp_workers_size(&o->workers) == 1) return MTP_OK;
  mtp_text text = {0};
  mtp_status status = mtp_potential_text(ctx, pot, &text);
  if (status == MTP_OK) {
    send_order(o, (order){.kind = ORDER_POTENTIAL, .count = text.size});
    mtp_workers_broadcast(&o->workers, text.data, text.size);
  }
  mtp_text_free(&text);
  return status;
}

mtp_status mtp_objective_set_potential(mtp_context *ctx, mtp_objective *o, const mtp_potential *pot) {
  const mtp_status status = install_potential(ctx, o, pot);
  o->forms = NULL;
  return status == MTP_OK ? send_potential(ctx, o, pot) : status;
}

mtp_status mtp_objective_new(mtp_context *ctx, const mtp_objective_options *options, const mtp_workers *workers,
                             size_t n, mtp_sample *const *samples, const mtp_part *part, const mtp_potential *pot,
                             mtp_objective **out) {
  mtp_objective *o = NULL;
  *out = NULL;
  mtp_status status = mtp_weights_check(ctx, &options->weights);
  if (status == MTP_OK) status = create(ctx, options, workers, &o);
  if (status == MTP_OK) status = mtp_shards_init(ctx, &o->shards, n, samples, part, pot->nspecies);
  if (status == MTP_OK) status = install_potential(ctx, o, pot);
  if (status == MTP_OK) status = mtp_shards_lay_out(ctx, workers, &o->shards, o->plan, options->memory);
  if (status != MTP_OK) {
    destroy(o);
    return status;
  }
  if (mtp_workers_size(workers) > 1) {
    send_order(o, (order){.kind = ORDER_NEW, .count = (size_t)pot->nspecies});
    status = mtp_shards_share(ctx, workers, &o->shards, pot->nspecies);
    if (status == MTP_OK) status = send_potential(ctx, o, pot);
  }
  *out = o;
  return status;
}

void mtp_objective_free(mtp_objective *o) {
  if (!o) return;
  send_order(o, (order){.kind = ORDER_FREE});
  destroy(o);
}

const mtp_potential *mtp_objective_potential(const mtp_objective *o) {
  return o->pot;
}

size_t mtp_objective_configs(const mtp_objective *o, unsigned parts) {
  size_t n = 0;
  for (int p = 0; p < MTP_PARTS; p++)
    if (in(parts, (mtp_part)p)) n += o->shards.configs[p];
  return n;
}

/* ---- orders ---- */

static void set_theta(mtp_objective *o, const double *theta) {
  double *own = o->plan->params;
  if (own != theta) memcpy(own, theta, o->plan->nparams * sizeof *own);
  mtp_workers_broadcast(&o->workers, own, o->plan->nparams * sizeof *own);
  mtp_plan_set_parameters(o->plan, own);
}

/* p [ sum_mu (|c_mu|^2 - 1)^2 + sum_{mu<nu} (c_mu.c_nu)^2 ], c_mu over all pairs of species; its gradient is added. */
static double penalty(const mtp_objective *o, const double *theta, double *gradient) {
  const size_t R = (size_t)o->plan->rsize, K = (size_t)o->plan->nradial,
               pairs = (size_t)(o->plan->nspecies * o->plan->nspecies);
  const double p = o->options.penalty;
  double sum = 0;
  if (!(p > 0)) return 0;
  for (size_t mu = 0; mu < K; mu++)
    for (size_t nu = mu; nu < K; nu++) {
      double product = mu == nu ? -1.0 : 0.0;
      for (size_t z = 0; z < pairs; z++)
        product += cblas_ddot((int)R, theta + (z * K + mu) * R, 1, theta + (z * K + nu) * R, 1);
      sum += product * product;
      for (size_t z = 0; gradient && z < pairs; z++) {
        cblas_daxpy((int)R, 2.0 * p * product, theta + (z * K + nu) * R, 1, gradient + (z * K + mu) * R, 1);
        cblas_daxpy((int)R, 2.0 * p * product, theta + (z * K + mu) * R, 1, gradient + (z * K + nu) * R, 1);
      }
    }
  return p * sum;
}

void mtp_objective_set_forms(mtp_objective *o, const double *forms) {
  o->forms = forms;
}

/* Their sum; its gradient is added. */
static double add_forms(const mtp_objective *o, const double *theta, double *gradient) {
  const size_t R = (size_t)o->plan->rsize,
               functions = (size_t)(o->plan->nspecies * o->plan->nspecies * o->plan->nradial);
  double sum = 0;
  for (size_t f = 0; o->forms && f < functions; f++)
    for (size_t i = 0; i < R; i++) {
      const double slope = cblas_ddot((int)R, o->forms + (f * R + i) * R, 1, theta + f * R, 1);
      sum += theta[f * R + i] * slope;
      if (gradient) gradient[f * R + i] += 2.0 * slope;
    }
  return sum;
}

void mtp_objective_add_forms(const mtp_objective *o, bool full, double *gn) {
  const size_t R = (size_t)o->plan->rsize, n = o->plan->nparams,
               functions = (size_t)(o->plan->nspecies * o->plan->nspecies * o->plan->nradial);
  for (size_t f = 0; o->forms && f < functions; f++)
    for (size_t i = 0; i < R; i++) {
      const double *row = o->forms + (f * R + i) * R;
      if (!full) gn[f * R + i] += 2.0 * row[i];
      for (size_t k = 0; full && k <= i; k++) gn[(f * R + i) * n + f * R + k] += 2.0 * row[k];
    }
}

double mtp_objective_loss(const mtp_objective *o, const double *theta, const mtp_fit_stats stats[MTP_PARTS],
                          unsigned trained) {
  double loss = 0, configs = 0;
  for (int p = 0; p < MTP_PARTS; p++)
    if (in(trained, (mtp_part)p)) loss += stats[p].loss, configs += stats[p].configs;
  return (configs > 0 ? loss / configs : 0.0) + penalty(o, theta, NULL) + add_forms(o, theta, NULL);
}

mtp_status mtp_objective_pass(mtp_context *ctx, mtp_objective *o, const double *theta, unsigned parts, unsigned trained,
                              mtp_fit_stats stats[MTP_PARTS], double *gradient) {
  send_order(o, (order){.kind = ORDER_PASS, .parts = parts | trained, .trained = gradient ? trained : 0});
  set_theta(o, theta);
  memset(stats, 0, MTP_PARTS * sizeof *stats);
  if (gradient) memset(gradient, 0, o->plan->nparams * sizeof *gradient);
  o->stats = stats;
  o->gradient = gradient;
  const mtp_status status = run_order(ctx, o);
  if (status != MTP_OK || !gradient) return status;
  double configs = 0;
  for (int p = 0; p < MTP_PARTS; p++)
    if (in(trained, (mtp_part)p)) configs += stats[p].configs;
  for (size_t k = 0; k < o->plan->nparams && configs > 0; k++) gradient[k] /= configs;
  penalty(o, theta, gradient);
  add_forms(o, theta, gradient);
  return MTP_OK;
}

/* Rows that a flush takes at once. */
#define ROWS_AT_ONCE 256

mtp_status mtp_objective_sketch(mtp_context *ctx, mtp_objective *o, const double *theta, unsigned trained, size_t rows,
                                unsigned long long seed, bool full, double *gn) {
  const size_t n = o->plan->nparams;
  size_t batches = 0;
  for (size_t q = 0; q < o->shards.nshards; q++)
    if (in(trained, o->shards.shard[q].part)) batches += o->shards.shard[q].nbatches;
  if (batches == 0) return mtp_fail(ctx, MTP_ERR_STATE, "there are no configurations to train on");
  o->rows = mtp_calloc(ROWS_AT_ONCE * n, sizeof *o->rows);
  if (!o->rows) return mtp_fail_memory(ctx);
  send_order(o, (order){.kind = ORDER_SKETCH, .trained = trained, .count = (rows - 1) / batches + 1, .seed = seed});
  set_theta(o, theta);
  o->capacity = ROWS_AT_ONCE;
  o->nrows = 0;
  o->gn = gn;
  o->full = full;
  memset(gn, 0, (full ? n * n : n) * sizeof *gn);
  const mtp_status status = run_order(ctx, o);
  if (status == MTP_OK && o->nrows) flush_rows(o);
  const double factor = 2.0 / (double)(mtp_objective_configs(o, trained) * o->order.count);
  for (size_t k = 0; k < (full ? n * n : n); k++) gn[k] *= factor;
  free(o->rows);
  o->rows = NULL;
  return status;
}

mtp_status mtp_objective_solve(mtp_context *ctx, mtp_objective *o, unsigned trained, double ridge, double *theta) {
  send_order(o, (order){.kind = ORDER_SOLVE, .trained = trained});
  set_theta(o, theta);
  mtp_status status = run_order(ctx, o);
  if (status == MTP_OK)
    status = mtp_normal_solve(ctx, o->total, ridge, theta + mtp_plan_radial(o->plan, o->plan->nspecies, 0));
  free_normals(o);
  return status;
}

/* ---- the other ranks ---- */

static mtp_status help_new(mtp_context *ctx, const mtp_workers *workers, const order *order, mtp_objective **o) {
  const mtp_workers here = {workers->comm, order->threads};
  destroy(*o);
  *o = NULL;
  const mtp_status status = create(ctx, &order->options, &here, o);
  return status == MTP_OK ? mtp_shards_share(ctx, &here, &(*o)->shards, (int)order->count) : status;
}

static mtp_status help_potential(mtp_context *ctx, mtp_objective *o, size_t size) {
  char *text = mtp_calloc(size + 1, 1);
  mtp_potential *pot = NULL;
  if (!text) return mtp_fail_memory(ctx);
  mtp_workers_broadcast(&o->workers, text, size);
  mtp_status status = mtp_potential_parse(ctx, "potential", text, size, &pot, NULL);
  if (status == MTP_OK) status = install_potential(ctx, o, pot);
  if (status == MTP_OK && o->shards.bytes == 0)
    status = mtp_shards_lay_out(ctx, &o->workers, &o->shards, o->plan, o->options.memory);
  mtp_potential_free(pot);
  free(text);
  return status;
}

mtp_status mtp_objective_help(mtp_context *ctx, const mtp_workers *workers) {
  mtp_objective *o = NULL;
  mtp_status status = MTP_OK;
  while (status == MTP_OK) {
    order order = {0};
    mtp_workers_broadcast(workers, &order, sizeof order);
    switch (order.kind) {
    case ORDER_RELEASE:
      destroy(o);
      return MTP_OK;
    case ORDER_NEW:
      status = help_new(ctx, workers, &order, &o);
      break;
    case ORDER_FREE:
      destroy(o);
      o = NULL;
      break;
    case ORDER_POTENTIAL:
      status = help_potential(ctx, o, order.count);
      break;
    default:
      o->order = order;
      set_theta(o, o->plan->params);
      run_order(ctx, o); /* a failure goes to rank 0 with the results */
      free_normals(o);
    }
  }
  destroy(o);
  return mtp_workers_give_up(ctx, workers, status);
}

void mtp_objective_end_help(const mtp_workers *workers) {
  order order = {.kind = ORDER_RELEASE};
  mtp_workers_broadcast(workers, &order, sizeof order);
}
