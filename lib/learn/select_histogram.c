/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/select_histogram.c
 * Selection that is uniform in a quantity: energy per atom, modulus of the force on an atom, site energy. As many
 * candidates are drawn from each bin of a histogram as there are, bins that are poor in what is known first. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/select.h"
#include "learn/workers.h"
#include "support/support.h"

#define MOST_BINS ((size_t)100)
/* Part of the values at either end that may be beyond the bins. */
#define OUTSIDE 0.005

/* Values of the quantity: one a configuration or one an atom. */
typedef struct values {
  size_t n, capacity;
  double *value;
  uint32_t *owner;
} values;

typedef struct histogram {
  mtp_select_job *job;
  bool by_labels;   /* of all candidates so far */
  values of, known; /* of candidates, of the training set */
} histogram;

static bool append(values *v, double value, uint32_t owner) {
  if (v->n == v->capacity) {
    const size_t capacity = v->capacity ? 2 * v->capacity : 4096;
    double *larger = mtp_realloc(v->value, capacity, sizeof *larger);
    if (larger) v->value = larger;
    uint32_t *owners = mtp_realloc(v->owner, capacity, sizeof *owners);
    if (owners) v->owner = owners;
    if (!larger || !owners) return false;
    v->capacity = capacity;
  }
  v->value[v->n] = value;
  v->owner[v->n++] = owner;
  return true;
}

/* ---- labels ---- */

static bool has_label(mtp_select_method method, const mtp_config *cfg) {
  return method == MTP_SELECT_ENERGY ? cfg->has_energy : method == MTP_SELECT_FORCE && cfg->force;
}

static double modulus(const double f[3]) {
  return sqrt(f[0] * f[0] + f[1] * f[1] + f[2] * f[2]);
}

static bool append_label(const histogram *h, const mtp_config *cfg, uint32_t owner, values *v) {
  if (cfg->n == 0) return true;
  if (h->job->options->method == MTP_SELECT_ENERGY) return append(v, cfg->energy / (double)cfg->n, owner);
  for (size_t i = 0; i < cfg->n; i++)
    if (!mtp_config_is_masked(cfg, i) && !append(v, modulus(cfg->force + 3 * i), owner)) return false;
  return true;
}

static mtp_status take_labels(mtp_context *ctx, void *user, const mtp_config_set *block, size_t first) {
  histogram *h = user;
  for (size_t k = 0; k < block->n && h->by_labels; k++) {
    if (h->job->state[first + k] != MTP_CANDIDATE_OPEN) continue;
    h->by_labels = has_label(h->job->options->method, block->configs[k]);
    if (h->by_labels && !append_label(h, block->configs[k], (uint32_t)(first + k), &h->of)) return mtp_fail_memory(ctx);
  }
  return MTP_OK;
}

/* ---- predictions ---- */

/* Of the configurations of a block of candidates from `first` on, or of the training set. */
typedef struct prediction {
  histogram *h;
  const mtp_config_set *set;
  bool is_known;
  size_t first;
  double **value; /* [set->n], each [atoms] or [1] */
} prediction;

/* Of a part of a system, with ghosts, there is no energy and not all of the forces. */
static bool is_wanted(const prediction *p, size_t k) {
  return p->is_known ? !p->set->configs[k]->ghost : p->h->job->state[p->first + k] == MTP_CANDIDATE_OPEN;
}

static bool append_prediction(const prediction *p, size_t k, values *v) {
  const mtp_config *cfg = p->set->configs[k];
  const uint32_t owner = (uint32_t)(p->first + k);
  if (p->h->job->options->method == MTP_SELECT_ENERGY) return cfg->n == 0 || append(v, p->value[k][0], owner);
  for (size_t i = 0; i < cfg->n; i++)
    if (!mtp_config_is_masked(cfg, i) && !append(v, p->value[k][i], owner)) return false;
  return true;
}

static mtp_status predict(mtp_context *ctx, void *user, int thread, size_t task, double *result) {
  const prediction *p = user;
  const mtp_config *cfg = p->set->configs[task];
  const mtp_select_method method = p->h->job->options->method;
  mtp_neighbors *nb = NULL;
  (void)result;
  if (!is_wanted(p, task)) return MTP_OK;
  mtp_status status = mtp_neighbors_build(ctx, cfg, mtp_potential_cutoff(p->h->job->pot), &nb);
  if (status != MTP_OK)
    return mtp_fail(ctx, status, "%s %zu: %s", p->is_known ? "known configuration" : "candidate", p->first + task + 1,
                    mtp_context_message(ctx));
  const mtp_atoms atoms = mtp_atoms_of(nb);
  mtp_output out = {0};
  if (method == MTP_SELECT_FORCE) out.force = mtp_calloc(3 * nb->nall, sizeof *out.force);
  if (method == MTP_SELECT_SITE_ENERGY) out.site_energy = mtp_calloc(nb->nall, sizeof *out.site_energy);
  double *value = p->value[task] = mtp_calloc(cfg->n, sizeof *value);
  if (!value || (method == MTP_SELECT_FORCE && !out.force) || (method == MTP_SELECT_SITE_ENERGY && !out.site_energy))
    status = mtp_fail_memory(ctx);
  const mtp_request request = {.skip_virial = true};
  if (status == MTP_OK) status = mtp_evaluator_compute(ctx, p->h->job->ev[thread], &atoms, &request, &out);
  if (status == MTP_OK && out.force) /* forces on images are those on their atoms */
    for (size_t i = cfg->n; i < nb->nall; i++)
      for (int d = 0; d < 3; d++) out.force[3 * (size_t)nb->owner[i] + (size_t)d] += out.force[3 * i + (size_t)d];
  for (size_t i = 0; i < cfg->n && status == MTP_OK; i++)
    value[i] = out.force ? modulus(out.force + 3 * i) : out.site_energy ? out.site_energy[i] : 0;
  if (status == MTP_OK && method == MTP_SELECT_ENERGY && cfg->n) value[0] = out.energy / (double)cfg->n;
  free(out.force);
  free(out.site_energy);
  mtp_neighbors_free(nb);
  return status;
}

static void take_nothing(void *user, size_t task, const double *result) {
  (void)user;
  (void)task;
  (void)result;
}

static bool are_finite(size_t n, const double *value) {
  return isfinite(mtp_largest_modulus(n, value));
}

static mtp_status predict_all(mtp_context *ctx, histogram *h, const mtp_config_set *set, bool is_known, size_t first,
                              values *v) {
  const mtp_workers workers = {NULL, h->job->threads};
  prediction p = {h, set, is_known, first, mtp_calloc(set->n, sizeof *p.value)};
  const mtp_tasks tasks = {set->n, 0, &p, predict, take_nothing, false};
  mtp_status status = p.value ? mtp_workers_run(ctx, &workers, &tasks) : mtp_fail_memory(ctx);
  for (size_t k = 0; k < set->n && status == MTP_OK; k++) {
    const size_t n = h->job->options->method == MTP_SELECT_ENERGY ? set->configs[k]->n > 0 : set->configs[k]->n;
    if (!is_wanted(&p, k)) continue;
    if (!are_finite(n, p.value[k])) {
      if (!is_known) mtp_select_refuse(h->job, first + k);
    } else if (!append_prediction(&p, k, v)) {
      status = mtp_fail_memory(ctx);
    }
  }
  for (size_t k = 0; p.value && k < set->n; k++) free(p.value[k]);
  free(p.value);
  return status;
}

static mtp_status take_predictions(mtp_context *ctx, void *user, const mtp_config_set *block, size_t first) {
  histogram *h = user;
  return predict_all(ctx, h, block, false, first, &h->of);
}

static mtp_status take_training(mtp_context *ctx, histogram *h) {
  const mtp_config_set *train = h->job->train;
  if (!train) return MTP_OK;
  if (!h->by_labels) return predict_all(ctx, h, train, true, 0, &h->known);
  for (size_t k = 0; k < train->n; k++)
    if (has_label(h->job->options->method, train->configs[k]) &&
        !append_label(h, train->configs[k], (uint32_t)k, &h->known))
      return mtp_fail_memory(ctx);
  return MTP_OK;
}

/* ---- drawing ---- */

typedef struct entry {
  uint32_t bin, owner;
  uint64_t lot;
} entry;

static int by_bin_and_lot(const void *a, const void *b) {
  const entry *x = a, *y = b;
  if (x->bin != y->bin) return x->bin < y->bin ? -1 : 1;
  if (x->lot != y->lot) return x->lot < y->lot ? -1 : 1;
  return (x->owner > y->owner) - (x->owner < y->owner);
}

typedef struct bins {
  size_t count;
  double low, high;
  size_t fill[MOST_BINS];     /* drawn from it, or known */
  size_t next[MOST_BINS + 1]; /* of the entries, the one that is drawn next */
  size_t end[MOST_BINS];
} bins;

/* What is beyond the range is in the outermost bins. */
static uint32_t bin_of(const bins *b, double value) {
  const double at = b->high > b->low ? (value - b->low) / (b->high - b->low) * (double)b->count : 0;
  return !(at > 0) ? 0 : at < (double)b->count ? (uint32_t)at : (uint32_t)b->count - 1;
}

static int ascending(const void *left, const void *right) {
  const double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* Of all values but a few at both ends: with one exploded configuration everything else would be in one bin. */
static mtp_status find_range(mtp_context *ctx, bins *b, const values *v) {
  double *sorted = mtp_calloc(v->n, sizeof *sorted);
  if (!sorted) return mtp_fail_memory(ctx);
  if (v->n) memcpy(sorted, v->value, v->n * sizeof *sorted);
  qsort(sorted, v->n, sizeof *sorted, ascending);
  const size_t out = (size_t)(OUTSIDE * (double)v->n);
  if (v->n) {
    b->low = sorted[out];
    b->high = sorted[v->n - 1 - out];
  }
  free(sorted);
  return MTP_OK;
}

/* A labelled configuration counts as if it had been drawn from the poorest bin that it is in. */
static void count_known(bins *b, const values *known) {
  for (size_t i = 0, end; i < known->n; i = end) {
    uint32_t poorest = bin_of(b, known->value[i]);
    for (end = i; end < known->n && known->owner[end] == known->owner[i]; end++) {
      const uint32_t bin = bin_of(b, known->value[end]);
      if (b->fill[bin] < b->fill[poorest]) poorest = bin;
    }
    b->fill[poorest]++;
  }
}

/* The next one of a bin that nobody has chosen. */
static bool has_next(const mtp_select_job *job, bins *b, const entry *entries, size_t bin) {
  while (b->next[bin] < b->end[bin] && job->state[entries[b->next[bin]].owner] != MTP_CANDIDATE_OPEN) b->next[bin]++;
  return b->next[bin] < b->end[bin];
}

static void draw(mtp_select_job *job, bins *b, const entry *entries) {
  for (size_t drawn = 0; drawn < job->options->max; drawn++) {
    size_t poorest = SIZE_MAX;
    for (size_t k = 0; k < b->count; k++)
      if (has_next(job, b, entries, k) && (poorest == SIZE_MAX || b->fill[k] < b->fill[poorest])) poorest = k;
    if (poorest == SIZE_MAX) return;
    b->fill[poorest]++;
    mtp_select_choose(job, entries[b->next[poorest]].owner);
  }
}

static mtp_status draw_all(mtp_context *ctx, histogram *h) {
  const values *v = &h->of;
  bins b = {.count = h->job->options->max < MOST_BINS ? h->job->options->max : MOST_BINS};
  const mtp_status status = find_range(ctx, &b, v);
  entry *entries = status == MTP_OK ? mtp_calloc(v->n, sizeof *entries) : NULL;
  if (!entries) return status == MTP_OK ? mtp_fail_memory(ctx) : status;
  for (size_t i = 0; i < v->n; i++) {
    const uint32_t bin = bin_of(&b, v->value[i]);
    entries[i] =
        (entry){bin, v->owner[i], mtp_select_mix(h->job->key[v->owner[i]], mtp_select_mix(h->job->options->seed, bin))};
    b.end[bin]++;
  }
  qsort(entries, v->n, sizeof *entries, by_bin_and_lot);
  for (size_t k = 0, at = 0; k < b.count; k++) {
    b.next[k] = at;
    b.end[k] += at;
    at = b.end[k];
  }
  count_known(&b, &h->known);
  draw(h->job, &b, entries);
  free(entries);
  return MTP_OK;
}

static void values_clear(values *v) {
  free(v->value);
  free(v->owner);
  *v = (values){0};
}

mtp_status mtp_select_by_histogram(mtp_context *ctx, mtp_select_job *job) {
  histogram h = {.job = job, .by_labels = job->options->method != MTP_SELECT_SITE_ENERGY};
  mtp_status status = mtp_select_pass(ctx, job, 0, take_labels, &h);
  if (status == MTP_OK && !h.by_labels && job->is_blank)
    status = mtp_fail(ctx, MTP_ERR_STATE, "not all candidates have labels, and the untrained potential predicts no %s",
                      job->options->method == MTP_SELECT_FORCE ? "forces" : "energies");
  if (status == MTP_OK && !h.by_labels) {
    values_clear(&h.of);
    status = mtp_select_pass(ctx, job, 1, take_predictions, &h);
  }
  job->selection->by_labels = h.by_labels;
  if (status == MTP_OK) status = take_training(ctx, &h);
  if (status == MTP_OK) status = draw_all(ctx, &h);
  values_clear(&h.of);
  values_clear(&h.known);
  return status;
}
