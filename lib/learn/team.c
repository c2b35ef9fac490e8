/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/team.c
 * Evaluating many configurations in threads and on ranks. Rank 0 sends them, each rank evaluates its part, and what
 * comes back is put in place in their order. */
#include "learn/team.h"

#include <stdlib.h>
#include <string.h>

struct mtp_team {
  mtp_workers workers;
  mtp_evaluator **ev; /* [threads] */
  bool graded;
  mtp_mode mode;
  mtp_potential *pot;       /* on ranks other than 0 */
  mtp_posterior *posterior; /* of that; NULL until it is asked for */
};

void mtp_team_free(mtp_team *team) {
  if (!team) return;
  mtp_posterior_free(team->posterior);
  mtp_potential_free(team->pot);
  for (int t = 0; team->ev && t < team->workers.threads; t++) mtp_evaluator_free(team->ev[t]);
  free(team->ev);
  free(team);
}

/* With the inverse of an active set of size n, 0: without. */
static mtp_status create(mtp_context *ctx, const mtp_potential *pot, int threads, const mtp_comm *comm, mtp_mode mode,
                         size_t n, const double *inverse, mtp_team **out) {
  mtp_team *team = mtp_calloc(1, sizeof *team);
  if (!team) return mtp_fail_memory(ctx);
  team->workers = (mtp_workers){comm, threads};
  team->graded = n > 0;
  team->mode = mode;
  team->ev = mtp_calloc((size_t)threads, sizeof *team->ev);
  mtp_status status = team->ev ? MTP_OK : mtp_fail_memory(ctx);
  for (int t = 0; t < threads && status == MTP_OK; t++) {
    status = mtp_evaluator_new(ctx, pot, &team->ev[t]);
    if (status == MTP_OK && n) status = mtp_evaluator_set_inverse(ctx, team->ev[t], mode, n, inverse);
  }
  if (status == MTP_OK)
    *out = team;
  else
    mtp_team_free(team);
  return status;
}

mtp_status mtp_team_new(mtp_context *ctx, const mtp_potential *pot, const mtp_active_set *as, int threads,
                        const mtp_comm *comm, mtp_team **out) {
  if (out) *out = NULL;
  if (!pot || !out || threads < 1) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "team: expected a potential and a thread");
  const size_t n = mtp_active_set_size(as);
  if (mtp_active_set_mode(as) == MTP_MODE_FORCES)
    return mtp_fail(ctx, MTP_ERR_UNSUPPORTED, "an active set of mode forces grades configurations one by one");
  mtp_team_order order = {.kind = MTP_TEAM_MODEL, .threads = threads, .mode = mtp_active_set_mode(as), .count = n};
  /* what this rank refuses the others are not asked to do */
  mtp_status status = create(ctx, pot, threads, comm, order.mode, n, mtp_active_set_inverse(as), out);
  if (status == MTP_OK) status = mtp_team_send_model(ctx, comm, &order, pot);
  if (status == MTP_OK && n) mtp_team_broadcast(comm, (double *)mtp_active_set_inverse(as), n * n * sizeof(double));
  if (status == MTP_OK) return status;
  mtp_team_free(*out);
  *out = NULL;
  return status;
}

/* ---- evaluating ---- */

/* Configurations that are sent, and whose results wait, at a time. */
#define ATOMS_AT_ONCE ((size_t)50000)
/* Numbers beside those of the atoms: energy, virial, grade; of an atom: force, site energy, grade. */
enum { OF_ALL = 8, OF_ATOM = 5 };

typedef struct evaluation {
  mtp_team *team;
  size_t first; /* number of the first one among all */
  mtp_config *const *config;
  bool is_leader;
} evaluation;

static void pack(const mtp_config *cfg, double *result) {
  double *at = result + OF_ALL;
  result[0] = cfg->energy;
  memcpy(result + 1, cfg->virial, sizeof cfg->virial);
  result[7] = cfg->max_grade;
  memcpy(at, cfg->force, 3 * cfg->n * sizeof *at);
  memcpy(at + 3 * cfg->n, cfg->site_energy, cfg->n * sizeof *at);
  if (cfg->grade) memcpy(at + 4 * cfg->n, cfg->grade, cfg->n * sizeof *at);
}

/* On rank 0 a configuration is evaluated in place where it is its own task. */
static mtp_status evaluate(mtp_context *ctx, void *user, int thread, size_t task, double *result) {
  const evaluation *e = user;
  mtp_config *cfg = e->config[task];
  const mtp_status status = mtp_evaluator_config(ctx, e->team->ev[thread], cfg, e->team->graded);
  if (status != MTP_OK)
    return mtp_fail(ctx, status, "configuration %zu: %s", e->first + task + 1, mtp_context_message(ctx));
  if (!e->is_leader) pack(cfg, result);
  return MTP_OK;
}

static bool require(double **array, size_t n) {
  if (!*array) *array = mtp_calloc(n, sizeof **array);
  return *array;
}

/* Room for what the others send. */
static bool make_room(const mtp_team *team, mtp_config *cfg) {
  const bool by_atom = team->graded && team->mode == MTP_MODE_NEIGHBOURHOOD;
  if (!by_atom) {
    free(cfg->grade);
    cfg->grade = NULL;
  }
  free(cfg->force_error);
  cfg->force_error = NULL;
  return require(&cfg->force, 3 * cfg->n) && require(&cfg->site_energy, cfg->n) &&
         (!by_atom || require(&cfg->grade, cfg->n));
}

static void fill(const mtp_team *team, mtp_config *cfg, const double *result) {
  const double *at = result + OF_ALL;
  free(cfg->force_error); /* as mtp_evaluator_config does: it is not of these forces */
  cfg->force_error = NULL;
  cfg->has_energy = cfg->has_virial = true;
  cfg->energy = result[0];
  memcpy(cfg->virial, result + 1, sizeof cfg->virial);
  cfg->has_max_grade = team->graded;
  cfg->max_grade = result[7];
  memcpy(cfg->force, at, 3 * cfg->n * sizeof *at);
  memcpy(cfg->site_energy, at + 3 * cfg->n, cfg->n * sizeof *at);
  if (cfg->grade) memcpy(cfg->grade, at + 4 * cfg->n, cfg->n * sizeof *at);
}

static void store_result(void *user, size_t task, const double *result) {
  evaluation *e = user;
  if (!mtp_workers_has(&e->team->workers, task)) fill(e->team, e->config[task], result);
}

static mtp_status run(mtp_context *ctx, evaluation *e, size_t n) {
  size_t length = 0;
  for (size_t k = 0; k < n && mtp_workers_size(&e->team->workers) > 1; k++) {
    const size_t needed = OF_ALL + OF_ATOM * e->config[k]->n;
    if (needed > length) length = needed;
  }
  const mtp_tasks tasks = {n, length, e, evaluate, store_result, true};
  return mtp_workers_run(ctx, &e->team->workers, &tasks);
}

/* Configurations from `first` on that go together. */
static size_t count_next(size_t first, size_t n, const mtp_config *const *configs) {
  size_t atoms = 0, k = first;
  while (k < n && (k == first || atoms + configs[k]->n <= ATOMS_AT_ONCE)) atoms += configs[k++]->n;
  return k - first;
}

mtp_status mtp_team_evaluate(mtp_context *ctx, mtp_team *team, size_t number, size_t n, mtp_config *const *configs) {
  if (!team || (n && !configs)) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "team: expected configurations");
  const bool alone = mtp_workers_size(&team->workers) == 1;
  mtp_status status = MTP_OK;
  for (size_t k = 0; k < n && !alone; k++)
    if (!make_room(team, configs[k])) return mtp_fail_memory(ctx);
  for (size_t first = 0, count; first < n && status == MTP_OK; first += count) {
    mtp_team_order order = {.kind = MTP_TEAM_EVALUATE, .number = number + first};
    evaluation e = {.team = team, .first = number + first, .config = configs + first, .is_leader = true};
    count = count_next(first, n, (const mtp_config *const *)configs);
    status = mtp_team_send_configs(ctx, team->workers.comm, &order, count, (const mtp_config *const *)e.config);
    if (status == MTP_OK) status = run(ctx, &e, count);
  }
  return status;
}

/* ---- errors to expect ---- */

typedef struct doubting {
  const mtp_team *team;
  const mtp_posterior *posterior;
  size_t first;
  const mtp_config *const *config;
  double *const *error; /* on rank 0 */
} doubting;

static mtp_status find_errors(mtp_context *ctx, void *user, int thread, size_t task, double *result) {
  const doubting *d = user;
  (void)thread;
  const mtp_status status =
      mtp_posterior_errors(ctx, d->posterior, d->config[task], d->error ? d->error[task] : result);
  if (status == MTP_OK) return MTP_OK;
  return mtp_fail(ctx, status, "configuration %zu: %s", d->first + task + 1, mtp_context_message(ctx));
}

static void store_errors(void *user, size_t task, const double *result) {
  const doubting *d = user;
  if (!mtp_workers_has(&d->team->workers, task)) memcpy(d->error[task], result, d->config[task]->n * sizeof *result);
}

static mtp_status run_errors(mtp_context *ctx, doubting *d, size_t n) {
  size_t length = 0;
  for (size_t k = 0; k < n && mtp_workers_size(&d->team->workers) > 1; k++)
    if (d->config[k]->n > length) length = d->config[k]->n;
  const mtp_tasks tasks = {n, length, d, find_errors, store_errors, false};
  return mtp_workers_run(ctx, &d->team->workers, &tasks);
}

mtp_status mtp_team_errors(mtp_context *ctx, mtp_team *team, const mtp_posterior *posterior, size_t number, size_t n,
                           const mtp_config *const *configs, double *const *error) {
  if (!team || !posterior || (n && (!configs || !error)))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "team: expected a posterior and configurations");
  for (size_t k = 0; k < n; k++)
    if (!configs[k] || !error[k])
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "team: configuration %zu is missing", number + k + 1);
  mtp_status status = MTP_OK;
  for (size_t first = 0, count; first < n && status == MTP_OK; first += count) {
    mtp_team_order order = {.kind = MTP_TEAM_ERRORS, .number = number + first};
    doubting d = {team, posterior, number + first, configs + first, error + first};
    count = count_next(first, n, configs);
    status = mtp_team_send_configs(ctx, team->workers.comm, &order, count, d.config);
    if (status == MTP_OK) status = run_errors(ctx, &d, count);
  }
  return status;
}

/* ---- the other ranks ---- */

static mtp_status help_model(mtp_context *ctx, const mtp_comm *comm, const mtp_team_order *order, mtp_team **team) {
  mtp_potential *pot = NULL;
  double *inverse = mtp_alloc_aligned(order->count * order->count + 1, sizeof *inverse);
  mtp_team_free(*team);
  *team = NULL;
  mtp_status status = inverse ? mtp_team_take_model(ctx, comm, order, &pot) : mtp_fail_memory(ctx);
  if (status == MTP_OK && order->count)
    mtp_team_broadcast(comm, inverse, order->count * order->count * sizeof *inverse);
  if (status == MTP_OK) status = create(ctx, pot, order->threads, comm, order->mode, order->count, inverse, team);
  free(inverse);
  if (status == MTP_OK)
    (*team)->pot = pot;
  else
    mtp_potential_free(pot);
  return status;
}

static mtp_status help_evaluate(mtp_context *ctx, const mtp_comm *comm, const mtp_team_order *order, mtp_team *team) {
  mtp_config_set *set = NULL;
  mtp_status status = mtp_team_take_configs(ctx, comm, order, &set);
  if (status != MTP_OK) return status;
  evaluation e = {.team = team, .first = order->number, .config = set->configs};
  status = run(ctx, &e, set->n);
  mtp_config_set_free(set);
  return status;
}

static mtp_status help_errors(mtp_context *ctx, const mtp_comm *comm, const mtp_team_order *order, mtp_team *team) {
  mtp_config_set *set = NULL;
  mtp_status status = mtp_team_take_configs(ctx, comm, order, &set);
  if (status == MTP_OK && !team->posterior) status = mtp_posterior_of(ctx, team->pot, &team->posterior);
  if (status == MTP_OK && !team->posterior)
    status = mtp_fail(ctx, MTP_ERR_STATE, "the potential does not say how sure it is");
  doubting d = {.team = team, .posterior = team->posterior, .first = order->number};
  if (status == MTP_OK) {
    d.config = (const mtp_config *const *)set->configs;
    status = run_errors(ctx, &d, set->n);
  }
  mtp_config_set_free(set);
  return status;
}

mtp_status mtp_team_help(mtp_context *ctx, const mtp_comm *comm) {
  if (!comm) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "team: expected a communicator to help");
  const mtp_workers workers = {comm, 1};
  mtp_team *team = NULL;
  struct mtp_select_job *job = NULL;
  mtp_status status = MTP_OK;
  for (bool goes_on = comm->size > 1; goes_on && status == MTP_OK;) {
    mtp_team_order order;
    mtp_team_give_order(comm, &order);
    if (order.kind == MTP_TEAM_END)
      goes_on = false;
    else if (order.kind == MTP_TEAM_MODEL)
      status = help_model(ctx, comm, &order, &team);
    else if (order.kind == MTP_TEAM_EVALUATE)
      status = help_evaluate(ctx, comm, &order, team);
    else if (order.kind == MTP_TEAM_ERRORS)
      status = help_errors(ctx, comm, &order, team);
    else
      status = mtp_select_help(ctx, comm, &order, &job);
  }
  mtp_team_free(team);
  mtp_select_end_help(job);
  return status == MTP_OK ? MTP_OK : mtp_workers_give_up(ctx, &workers, status);
}

void mtp_team_end_help(const mtp_comm *comm) {
  mtp_team_order order = {.kind = MTP_TEAM_END};
  if (comm) mtp_team_give_order(comm, &order);
}
