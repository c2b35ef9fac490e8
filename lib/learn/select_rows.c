/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/select_rows.c
 * Rows of a block of candidates, made in threads: a configuration is a few stretches of atoms, each of which is a
 * task. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/jacobian.h"
#include "learn/rows.h"
#include "learn/select.h"
#include "learn/team.h"
#include "learn/weights.h"
#include "learn/workers.h"
#include "support/support.h"

void mtp_select_rows_clear(mtp_select_rows *rows) {
  free(rows->row);
  free(rows->owner);
  free(rows->element);
  *rows = (mtp_select_rows){0};
}

/* Of one configuration. */
typedef struct piece {
  const mtp_config *cfg;
  mtp_neighbors *nb;
  size_t number; /* of the candidate */
  size_t at, rows;
  bool is_needed; /* its neighbours are, here */
  bool has_close_atoms;
} piece;

typedef struct stretch {
  size_t piece, begin, end; /* atoms */
} stretch;

typedef struct making {
  mtp_select_job *job;
  size_t pieces, stretches;
  piece *piece;
  stretch *stretch;
  mtp_select_rows *out; /* NULL on a rank that helps */
} making;

static mtp_select_mode mode_of(const mtp_select_job *job) {
  return job->options->method == MTP_SELECT_MAXVOL ? job->options->mode : MTP_SELECT_BY_NEIGHBOURHOOD;
}

static bool has_virial(const mtp_config *cfg) {
  return cfg->periodic[0] && cfg->periodic[1] && cfg->periodic[2];
}

static size_t count_rows(const mtp_select_job *job, const mtp_config *cfg) {
  const mtp_sample sample = mtp_sample_of(cfg);
  if (cfg->n == 0 || sample.kind == MTP_SAMPLE_SQUEEZED) return 0;
  if (mode_of(job) == MTP_SELECT_BY_FORCES) return (cfg->force_mask ? 0 : has_virial(cfg) ? 7 : 1) + 3 * cfg->n;
  return mtp_rows_count(&sample,
                        mode_of(job) == MTP_SELECT_BY_ENERGY ? MTP_MODE_CONFIGURATION : MTP_MODE_NEIGHBOURHOOD);
}

/* As in mtp_screen: such atoms are on top of each other. Their grades would be the largest of all. */
static bool has_pair_within(const mtp_neighbors *nb, double distance) {
  for (size_t i = 0; i < nb->n; i++)
    for (int k = 0; k < nb->count[i]; k++) {
      const double *x = nb->x + 3 * i, *y = nb->x + 3 * (size_t)nb->list[i][k];
      const double d[3] = {y[0] - x[0], y[1] - x[1], y[2] - x[2]};
      if (d[0] * d[0] + d[1] * d[1] + d[2] * d[2] < distance * distance) return true;
    }
  return false;
}

/* Does not fail: what has no neighbours fails where its rows are made, of which all ranks hear. */
static mtp_status find_neighbors(mtp_context *ctx, void *user, int thread, size_t task, double *result) {
  const making *m = user;
  piece *p = m->piece + task;
  (void)thread;
  (void)result;
  if (!p->is_needed) return MTP_OK;
  if (mtp_neighbors_build(ctx, p->cfg, mtp_potential_cutoff(m->job->pot), &p->nb) == MTP_OK)
    p->has_close_atoms = has_pair_within(p->nb, 0.1 * mtp_potential_min_dist(m->job->pot));
  return MTP_OK;
}

/* Why a configuration has no neighbours; MTP_OK if it has. */
static mtp_status check_neighbors(mtp_context *ctx, const making *m, const piece *p) {
  mtp_neighbors *nb = NULL;
  const mtp_status status = mtp_neighbors_build(ctx, p->cfg, mtp_potential_cutoff(m->job->pot), &nb);
  mtp_neighbors_free(nb);
  return status;
}

/* Ranks do not know the numbers of their configurations: rank 0 finds the one that failed. */
static mtp_status name_failure(mtp_context *ctx, const making *m, const char *what, mtp_status status) {
  for (size_t k = 0; k < m->pieces; k++) {
    const mtp_status own = check_neighbors(ctx, m, m->piece + k);
    if (own != MTP_OK) return mtp_fail(ctx, own, "%s %zu: %s", what, m->piece[k].number + 1, mtp_context_message(ctx));
  }
  return status;
}

/* The sum over all atoms, in stretches. */
static mtp_status make_energy_row(mtp_context *ctx, mtp_select_job *job, int thread, const piece *p, double *row) {
  const mtp_atoms atoms = mtp_atoms_of(p->nb);
  mtp_output out = {.gradient = job->scratch[thread]};
  memset(out.gradient, 0, mtp_potential_parameter_count(job->pot) * sizeof(double));
  const mtp_status status = mtp_evaluator_compute(ctx, job->ev[thread], &atoms, NULL, &out);
  for (size_t k = 0; k < job->columns; k++) row[k] = out.gradient[job->first + k] / (double)p->cfg->n;
  return status;
}

static mtp_status make_site_rows(mtp_context *ctx, mtp_select_job *job, int thread, const piece *p, const stretch *s,
                                 double *rows) {
  int central[MTP_SELECT_STRETCH];
  mtp_atoms atoms = mtp_atoms_of(p->nb);
  atoms.ncentral = s->end - s->begin;
  atoms.central = central;
  for (size_t i = s->begin; i < s->end; i++) central[i - s->begin] = (int)i;
  mtp_output out = {.rows = job->scratch[thread]};
  const mtp_status status = mtp_evaluator_compute(ctx, job->ev[thread], &atoms, NULL, &out);
  const size_t n = mtp_potential_parameter_count(job->pot), columns = job->columns;
  for (size_t i = 0; i < atoms.ncentral && status == MTP_OK; i++)
    if (mtp_config_is_masked(p->cfg, s->begin + i)) /* nothing is learned of it */
      memset(rows + i * columns, 0, columns * sizeof *rows);
    else
      memcpy(rows + i * columns, out.rows + i * n + job->first, columns * sizeof *rows);
  return status;
}

static double *add_scaled(size_t n, const double *from, double scale, double *to) {
  for (size_t k = 0; k < n; k++) to[k] += scale * from[k];
  return to + n;
}

/* The equations of a fit, each by the root of its weight. The objective sums over nine components of the virial. */
static mtp_status make_force_rows(mtp_context *ctx, mtp_select_job *job, const piece *p, double *to) {
  const mtp_weights w = mtp_weights_default();
  const double atoms = (double)p->cfg->n, energy = sqrt(w.energy / atoms), stress = sqrt(w.stress / atoms);
  const size_t m = job->columns;
  mtp_linear_rows rows;
  const mtp_status status = mtp_linear_rows_compute(ctx, job->plan, p->nb, &rows);
  if (status != MTP_OK) return status;
  memset(to, 0, p->rows * m * sizeof *to);
  if (!p->cfg->force_mask) {
    for (int s = 0; s < job->plan->nspecies; s++) add_scaled(m, rows.site + (size_t)s * m, energy, to);
    to += m;
    for (int k = 0; k < 6 && has_virial(p->cfg); k++)
      to = add_scaled(m, rows.virial + (size_t)k * m, k < 3 ? stress : sqrt(2) * stress, to);
  }
  for (size_t i = 0; i < p->cfg->n; i++)
    if (!mtp_config_is_masked(p->cfg, i)) add_scaled(3 * m, rows.force + 3 * i * m, sqrt(w.force), to + 3 * i * m);
  mtp_linear_rows_clear(&rows);
  return MTP_OK;
}

/* Where the rows of a stretch begin among those of all, and how many they are. */
static size_t place_of(const making *m, const stretch *s, size_t *count) {
  const piece *p = m->piece + s->piece;
  const bool by_site = mode_of(m->job) == MTP_SELECT_BY_NEIGHBOURHOOD;
  *count = by_site ? s->end - s->begin : p->rows;
  return by_site ? p->at + s->begin : p->at;
}

/* result[0]: there are atoms at the same place. The rows follow for those who have no place for them. */
static mtp_status make_stretch(mtp_context *ctx, void *user, int thread, size_t task, double *result) {
  making *m = user;
  size_t count;
  const stretch *s = m->stretch + task;
  const piece *p = m->piece + s->piece;
  double *rows = m->out ? m->out->row + place_of(m, s, &count) * m->job->columns : result + 1;
  if (!p->nb) {
    const mtp_status status = check_neighbors(ctx, m, p);
    return status == MTP_OK ? mtp_fail_memory(ctx) : status;
  }
  result[0] = p->has_close_atoms;
  switch (mode_of(m->job)) {
  case MTP_SELECT_BY_ENERGY:
    return make_energy_row(ctx, m->job, thread, p, rows);
  case MTP_SELECT_BY_FORCES:
    return make_force_rows(ctx, m->job, p, rows);
  default:
    return make_site_rows(ctx, m->job, thread, p, s, rows);
  }
}

static void take_stretch(void *user, size_t task, const double *result) {
  making *m = user;
  const mtp_workers workers = {m->job->comm, m->job->threads};
  const stretch *s = m->stretch + task;
  size_t count;
  const size_t at = place_of(m, s, &count);
  m->piece[s->piece].has_close_atoms = result[0] != 0;
  if (!mtp_workers_has(&workers, task))
    memcpy(m->out->row + at * m->job->columns, result + 1, count * m->job->columns * sizeof *result);
}

static void take_nothing(void *user, size_t task, const double *result) {
  (void)user;
  (void)task;
  (void)result;
}

/* Each rank makes its stretches, and finds the neighbours that it needs for them. */
static mtp_status work(mtp_context *ctx, making *m) {
  const mtp_workers workers = {m->job->comm, m->job->threads}, here = {NULL, m->job->threads};
  size_t longest = 0;
  for (size_t k = 0; k < m->stretches; k++) {
    size_t count;
    place_of(m, m->stretch + k, &count);
    if (count > longest) longest = count;
    if (mtp_workers_has(&workers, k)) m->piece[m->stretch[k].piece].is_needed = true;
  }
  const mtp_tasks search = {m->pieces, 0, m, find_neighbors, take_nothing, true};
  const mtp_status status = mtp_workers_run(ctx, &here, &search);
  if (status != MTP_OK && mtp_workers_size(&workers) > 1) return mtp_workers_give_up(ctx, &workers, status);
  if (status != MTP_OK) return status;
  const size_t length = mtp_workers_size(&workers) > 1 ? 1 + longest * m->job->columns : 1;
  const mtp_tasks make = {m->stretches, length, m, make_stretch, take_stretch, false};
  return mtp_workers_run(ctx, &workers, &make);
}

/* Which configurations have rows, where these go, and in which tasks they are made. */
static mtp_status plan(mtp_context *ctx, making *m, const mtp_config_set *set, size_t first,
                       const unsigned char *states) {
  size_t total = 0;
  const bool by_site = mode_of(m->job) == MTP_SELECT_BY_NEIGHBOURHOOD;
  size_t stretches = 0;
  for (size_t k = 0; k < set->n; k++) stretches += set->configs[k]->n / MTP_SELECT_STRETCH + 1;
  m->piece = mtp_calloc(set->n, sizeof *m->piece);
  m->stretch = mtp_calloc(stretches, sizeof *m->stretch);
  if (!m->piece || !m->stretch) return mtp_fail_memory(ctx);
  for (size_t k = 0; k < set->n; k++) {
    const size_t rows = states && states[first + k] != MTP_CANDIDATE_OPEN ? 0 : count_rows(m->job, set->configs[k]);
    if (rows == 0) continue;
    for (size_t begin = 0; begin < (by_site ? rows : 1); begin += MTP_SELECT_STRETCH) {
      const size_t end = rows - begin < MTP_SELECT_STRETCH ? rows : begin + MTP_SELECT_STRETCH;
      m->stretch[m->stretches++] = (stretch){m->pieces, begin, end};
    }
    m->piece[m->pieces++] = (piece){.cfg = set->configs[k], .number = first + k, .at = total, .rows = rows};
    total += rows;
  }
  if (m->out) m->out->m = total;
  return MTP_OK;
}

static mtp_status allocate(mtp_context *ctx, making *m) {
  mtp_select_rows *out = m->out;
  out->row = mtp_alloc_aligned(out->m * m->job->columns, sizeof *out->row);
  out->owner = mtp_calloc(out->m, sizeof *out->owner);
  out->element = mtp_calloc(out->m, sizeof *out->element);
  if (!out->row || !out->owner || !out->element) return mtp_fail_memory(ctx);
  for (size_t k = 0; k < m->pieces; k++)
    for (size_t i = 0; i < m->piece[k].rows; i++) {
      out->owner[m->piece[k].at + i] = (uint32_t)m->piece[k].number;
      out->element[m->piece[k].at + i] = (uint32_t)i;
    }
  return MTP_OK;
}

static bool is_finite(size_t n, const double *x) {
  return isfinite(mtp_largest_modulus(n, x));
}

/* Takes the rows of configurations out that are not finite, or have atoms at the same place. */
static void take_out(making *m, unsigned char *states) {
  const size_t columns = m->job->columns;
  mtp_select_rows *out = m->out;
  size_t kept = 0;
  for (size_t k = 0; k < m->pieces; k++) {
    const piece *p = m->piece + k;
    const bool usable = !p->has_close_atoms && is_finite(p->rows * columns, out->row + p->at * columns);
    if (!usable && states) mtp_select_refuse(m->job, p->number);
    if (!usable) continue;
    if (kept < p->at) {
      memmove(out->row + kept * columns, out->row + p->at * columns, p->rows * columns * sizeof *out->row);
      memmove(out->owner + kept, out->owner + p->at, p->rows * sizeof *out->owner);
      memmove(out->element + kept, out->element + p->at, p->rows * sizeof *out->element);
    }
    kept += p->rows;
  }
  out->m = kept;
}

static mtp_status send_pieces(mtp_context *ctx, const making *m) {
  mtp_team_order order = {.kind = MTP_TEAM_ROWS};
  const mtp_config **configs = mtp_calloc(m->pieces, sizeof *configs);
  if (!configs) return mtp_fail_memory(ctx);
  for (size_t k = 0; k < m->pieces; k++) configs[k] = m->piece[k].cfg;
  const mtp_status status = mtp_team_send_configs(ctx, m->job->comm, &order, m->pieces, configs);
  free(configs);
  return status;
}

static void making_clear(making *m) {
  for (size_t k = 0; k < m->pieces; k++) mtp_neighbors_free(m->piece[k].nb);
  free(m->piece);
  free(m->stretch);
}

mtp_status mtp_select_rows_make(mtp_context *ctx, mtp_select_job *job, const mtp_config_set *set, size_t first,
                                unsigned char *states, mtp_select_rows *out) {
  making m = {.job = job, .out = out};
  *out = (mtp_select_rows){0};
  mtp_status status = plan(ctx, &m, set, first, states);
  if (status == MTP_OK) status = allocate(ctx, &m);
  if (status == MTP_OK) status = send_pieces(ctx, &m);
  if (status == MTP_OK) {
    status = work(ctx, &m);
    if (status != MTP_OK) status = name_failure(ctx, &m, states ? "candidate" : "known configuration", status);
  }
  if (status == MTP_OK) take_out(&m, states);
  making_clear(&m);
  if (status != MTP_OK) mtp_select_rows_clear(out);
  return status;
}

/* ---- the other ranks ---- */

static mtp_status help_begin(mtp_context *ctx, const mtp_comm *comm, const mtp_team_order *order,
                             mtp_select_job **job) {
  mtp_select_end_help(*job);
  *job = mtp_calloc(1, sizeof **job);
  if (!*job) return mtp_fail_memory(ctx);
  (*job)->own_options = order->options;
  (*job)->options = &(*job)->own_options;
  (*job)->comm = comm;
  const mtp_status status = mtp_team_take_model(ctx, comm, order, &(*job)->own_pot);
  (*job)->pot = (*job)->own_pot;
  return status == MTP_OK ? mtp_select_prepare(ctx, *job) : status;
}

static mtp_status help_rows(mtp_context *ctx, const mtp_comm *comm, const mtp_team_order *order, mtp_select_job *job) {
  making m = {.job = job};
  mtp_config_set *set = NULL;
  mtp_status status = mtp_team_take_configs(ctx, comm, order, &set);
  if (status == MTP_OK) status = plan(ctx, &m, set, 0, NULL);
  if (status == MTP_OK) status = work(ctx, &m);
  making_clear(&m);
  mtp_config_set_free(set);
  return status;
}

mtp_status mtp_select_help(mtp_context *ctx, const mtp_comm *comm, const mtp_team_order *order, mtp_select_job **job) {
  return order->kind == MTP_TEAM_SELECT ? help_begin(ctx, comm, order, job) : help_rows(ctx, comm, order, *job);
}

void mtp_select_end_help(mtp_select_job *job) {
  if (!job) return;
  mtp_select_clear(job);
  mtp_potential_free(job->own_pot);
  free(job);
}
