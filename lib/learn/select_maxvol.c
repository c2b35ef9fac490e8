/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/select_maxvol.c
 * Selection by maxvol among more rows than fit into memory. Each round grades all rows with the same active set and
 * lets the best of them compete for places in it; when no row gains any more, whoever owns rows is selected. Neither
 * step depends on the order of the rows, unlike offering one block after the other. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/active_set.h"
#include "learn/select.h"
#include "support/support.h"

#define INITIAL 1e-6
/* Doubles of the rows that compete at a time. */
#define POOL_ENTRIES ((size_t)1 << 20)
#define MAX_ROUNDS   200
/* Of rows that are no candidates'. */
#define NOT_A_CANDIDATE (-2)

/* ---- rows that are kept ---- */

typedef struct store {
  mtp_select_rows *block;
  size_t count, capacity;
  double bytes;
  bool is_complete; /* all blocks are there */
} store;

static void store_clear(store *s) {
  for (size_t k = 0; k < s->count; k++) mtp_select_rows_clear(&s->block[k]);
  free(s->block);
  *s = (store){0};
}

static double bytes_of(const mtp_select_rows *rows, size_t columns) {
  return (double)rows->m * ((double)columns * sizeof(double) + 2 * sizeof(uint32_t));
}

/* Takes the rows over if there is room; blocks are kept from the first one on. */
static bool keep_rows(store *s, size_t number, double limit, size_t columns, const mtp_select_rows *rows) {
  const double bytes = bytes_of(rows, columns);
  if (s->count != number || s->bytes + bytes > limit) return false;
  if (s->count == s->capacity) {
    const size_t capacity = s->capacity ? 2 * s->capacity : 64;
    mtp_select_rows *larger = mtp_realloc(s->block, capacity, sizeof *larger);
    if (!larger) return false;
    s->block = larger;
    s->capacity = capacity;
  }
  s->block[s->count++] = *rows;
  s->bytes += bytes;
  return true;
}

/* ---- rows that compete ---- */

typedef struct competitor {
  double grade;
  uint64_t key; /* decides between equals */
  uint32_t owner, element;
  size_t slot;
} competitor;

/* The `most` best of all rows that were put in: up to twice as many wait to be sorted out. */
typedef struct pool {
  size_t columns, most, count;
  competitor *entry; /* [2*most] */
  double *row;       /* [2*most][columns] by slot */
  double cut;        /* grade below which there is no place */
} pool;

static int better_first(const void *a, const void *b) {
  const competitor *x = a, *y = b;
  if (x->grade != y->grade) return x->grade > y->grade ? -1 : 1;
  return (x->key > y->key) - (x->key < y->key);
}

static mtp_status pool_new(mtp_context *ctx, size_t columns, pool *p) {
  *p = (pool){.columns = columns, .most = POOL_ENTRIES / columns};
  if (p->most < 2 * columns) p->most = 2 * columns;
  p->entry = mtp_calloc(2 * p->most, sizeof *p->entry);
  p->row = mtp_alloc_aligned(2 * p->most * columns, sizeof *p->row);
  return p->entry && p->row ? MTP_OK : mtp_fail_memory(ctx);
}

static void pool_clear(pool *p) {
  free(p->entry);
  free(p->row);
}

static void pool_empty(pool *p) {
  p->count = 0;
  p->cut = 0;
}

/* Whoever goes leaves a slot behind: entries beyond `count` hold the free ones. */
static void pool_sort(pool *p) {
  qsort(p->entry, p->count, sizeof *p->entry, better_first);
  if (p->count <= p->most) return;
  p->count = p->most;
  p->cut = p->entry[p->count - 1].grade;
}

static void pool_put(pool *p, competitor c, const double *row) {
  if (c.grade < p->cut) return;
  if (p->count == 2 * p->most) pool_sort(p);
  c.slot = p->cut > 0 ? p->entry[p->count].slot : p->count; /* no slot is free before something was sorted out */
  p->entry[p->count++] = c;
  memcpy(p->row + c.slot * p->columns, row, p->columns * sizeof *row);
}

/* ---- rounds ---- */

typedef struct maxvol {
  mtp_select_job *job;
  mtp_active_set *as;
  store kept;
  pool pool;
  size_t pass, block; /* of this pass */
  double largest;     /* of the first pass */
  uint32_t last;      /* candidate that was counted as beyond */
} maxvol;

/* In the first pass grades are also told. */
static void note_grade(maxvol *v, uint32_t owner, double grade) {
  mtp_selection *s = v->job->selection;
  v->largest = fmax(v->largest, grade);
  if (grade <= v->job->options->threshold || owner == v->last) return;
  s->beyond++;
  v->last = owner;
}

static mtp_status grade_rows(mtp_context *ctx, maxvol *v, const mtp_select_rows *rows) {
  const double swap = v->job->options->swap;
  double *grade = mtp_calloc(rows->m, sizeof *grade);
  mtp_status status = grade ? mtp_active_set_grade(ctx, v->as, rows->m, rows->row, grade) : mtp_fail_memory(ctx);
  for (size_t k = 0; k < rows->m && status == MTP_OK; k++) {
    const uint32_t owner = rows->owner[k];
    if (v->pass == 0) note_grade(v, owner, grade[k]);
    if (grade[k] <= swap || v->job->state[owner] != MTP_CANDIDATE_OPEN) continue;
    const competitor c = {grade[k], mtp_select_mix(v->job->key[owner], rows->element[k] + 1), owner, rows->element[k],
                          0};
    pool_put(&v->pool, c, rows->row + k * v->job->columns);
  }
  free(grade);
  return status;
}

static mtp_status take_block(mtp_context *ctx, void *user, const mtp_config_set *block, size_t first) {
  maxvol *v = user;
  const size_t number = v->block++;
  if (number < v->kept.count) return grade_rows(ctx, v, &v->kept.block[number]);
  mtp_select_rows rows;
  mtp_status status = mtp_select_rows_make(ctx, v->job, block, first, v->job->state, &rows);
  if (status != MTP_OK) return status;
  status = grade_rows(ctx, v, &rows);
  if (!keep_rows(&v->kept, number, v->job->options->memory, v->job->columns, &rows)) mtp_select_rows_clear(&rows);
  return status;
}

/* Grades all rows; those that gain most are in the pool afterwards. */
static mtp_status grade_all(mtp_context *ctx, maxvol *v) {
  mtp_status status = MTP_OK;
  pool_empty(&v->pool);
  v->block = 0;
  v->last = UINT32_MAX;
  if (!v->kept.is_complete) {
    status = mtp_select_pass(ctx, v->job, v->pass, take_block, v);
    v->kept.is_complete = v->kept.count == v->block;
  } else {
    for (size_t k = 0; k < v->kept.count && status == MTP_OK; k++) {
      status = grade_rows(ctx, v, &v->kept.block[k]);
      if (v->job->options->progress) v->job->options->progress(v->job->options->user, v->pass);
    }
  }
  pool_sort(&v->pool);
  v->pass++;
  return status;
}

/* Offers what is in the pool, best first. */
static mtp_status compete(mtp_context *ctx, maxvol *v, size_t *swaps) {
  const pool *p = &v->pool;
  const size_t n = p->columns;
  double *rows = mtp_alloc_aligned(p->count * n, sizeof *rows);
  long long *origin = mtp_calloc(2 * p->count, sizeof *origin);
  mtp_swap *list = NULL;
  mtp_status status = rows && origin ? MTP_OK : mtp_fail_memory(ctx);
  for (size_t k = 0; k < p->count && status == MTP_OK; k++) {
    memcpy(rows + k * n, p->row + p->entry[k].slot * n, n * sizeof *rows);
    origin[2 * k] = p->entry[k].owner;
    origin[2 * k + 1] = p->entry[k].element;
  }
  *swaps = 0;
  if (status == MTP_OK)
    status = mtp_active_set_offer(ctx, v->as, p->count, rows, origin, v->job->options->swap, &list, swaps);
  free(list);
  free(rows);
  free(origin);
  return status;
}

static mtp_status run_rounds(mtp_context *ctx, maxvol *v) {
  const bool is_first = v->pass == 0;
  mtp_status status = grade_all(ctx, v);
  if (is_first && v->largest <= v->job->options->threshold) return status;
  for (int round = 0; round < MAX_ROUNDS && status == MTP_OK && v->pool.count > 0; round++) {
    size_t swaps;
    status = compete(ctx, v, &swaps);
    if (status != MTP_OK || swaps == 0) break;
    status = grade_all(ctx, v);
  }
  return status;
}

/* ---- where it begins ---- */

/* Rows of an active set by the same columns, which belong to no candidate. */
static bool adopt(maxvol *v, const mtp_active_set *start) {
  const size_t n = v->job->columns, first = v->job->first;
  const mtp_mode mode = v->job->options->mode == MTP_SELECT_BY_ENERGY ? MTP_MODE_CONFIGURATION : MTP_MODE_NEIGHBOURHOOD;
  if (v->job->options->mode == MTP_SELECT_BY_FORCES || mtp_active_set_mode(start) != mode ||
      mtp_active_set_columns(start) != n || start->n != first + n)
    return false;
  mtp_active_set_copy_columns(start->n, first, n, start->rows + first * start->n, n, v->as->rows);
  mtp_active_set_copy_columns(start->n, first, n, start->inverse + first * start->n, n, v->as->inverse);
  for (size_t i = 0; i < n; i++)
    if (start->origin[2 * (first + i)] >= 0) v->as->origin[2 * i] = NOT_A_CANDIDATE;
  return true;
}

static mtp_status offer_part(mtp_context *ctx, maxvol *v, const mtp_config_set *part, size_t first, size_t *swaps) {
  mtp_select_rows rows;
  mtp_status status = mtp_select_rows_make(ctx, v->job, part, first, NULL, &rows);
  if (status != MTP_OK) return status;
  mtp_swap *list = NULL;
  size_t count = 0;
  long long *origin = mtp_calloc(2 * rows.m, sizeof *origin);
  if (!origin) status = mtp_fail_memory(ctx);
  for (size_t k = 0; k < 2 * rows.m && status == MTP_OK; k++) origin[k] = NOT_A_CANDIDATE;
  if (status == MTP_OK)
    status = mtp_active_set_offer(ctx, v->as, rows.m, rows.row, origin, v->job->options->swap, &list, &count);
  *swaps += count;
  free(list);
  free(origin);
  mtp_select_rows_clear(&rows);
  return status;
}

/* In several parts until none gains any more. */
static mtp_status offer_training(mtp_context *ctx, maxvol *v) {
  const mtp_config_set *train = v->job->train;
  mtp_status status = MTP_OK;
  size_t swaps = 1, parts = 2;
  for (int round = 0; round < MAX_ROUNDS && swaps > 0 && parts > 1 && status == MTP_OK; round++) {
    swaps = parts = 0;
    for (size_t begin = 0; begin < train->n && status == MTP_OK; parts++) {
      const mtp_config_set part = mtp_select_part(v->job, train, begin);
      status = offer_part(ctx, v, &part, begin, &swaps);
      begin += part.n;
    }
  }
  return status;
}

static mtp_status make_set(mtp_context *ctx, maxvol *v) {
  const mtp_status status = mtp_active_set_new(ctx, v->job->columns, MTP_MODE_NEIGHBOURHOOD, INITIAL, &v->as);
  if (status == MTP_OK) v->as->threads = v->job->threads;
  return status;
}

static mtp_status begin(mtp_context *ctx, maxvol *v, const mtp_active_set *start) {
  mtp_status status = make_set(ctx, v);
  if (status == MTP_OK) status = pool_new(ctx, v->job->columns, &v->pool);
  if (status != MTP_OK) return status;
  bool is_known = v->job->train != NULL;
  if (v->job->train) status = offer_training(ctx, v);
  if (!v->job->train && start) is_known = adopt(v, start);
  v->job->selection->has_grades = is_known;
  return status;
}

/* ---- whose rows are in the end ---- */

static void choose_owners(maxvol *v) {
  for (size_t i = 0; i < v->as->n; i++)
    if (v->as->origin[2 * i] >= 0) mtp_select_choose(v->job, (size_t)v->as->origin[2 * i]);
}

/* Different candidates that own rows. */
static size_t count_owners(const maxvol *v) {
  size_t count = 0;
  for (size_t i = 0; i < v->as->n; i++) {
    bool is_new = v->as->origin[2 * i] >= 0;
    for (size_t j = 0; j < i && is_new; j++) is_new = v->as->origin[2 * j] != v->as->origin[2 * i];
    count += is_new;
  }
  return count;
}

/* The open owner of the row with the largest grade, -1 without one. */
static long long find_best(const maxvol *v, const double *grade) {
  long long best = -1;
  double most = 0;
  for (size_t i = 0; i < v->as->n; i++) {
    const long long owner = v->as->origin[2 * i];
    if (owner < 0 || v->job->state[owner] != MTP_CANDIDATE_OPEN) continue;
    const bool is_tie = best >= 0 && grade[i] == most;
    if (best >= 0 && !(grade[i] > most) && !(is_tie && v->job->key[owner] < v->job->key[best])) continue;
    best = owner;
    most = grade[i];
  }
  return best;
}

static mtp_status offer_owner(mtp_context *ctx, const maxvol *v, long long owner, mtp_active_set *to) {
  mtp_status status = MTP_OK;
  for (size_t i = 0; i < v->as->n && status == MTP_OK; i++)
    if (v->as->origin[2 * i] == owner)
      status = mtp_active_set_offer(ctx, to, 1, v->as->rows + i * v->as->n, v->as->origin + 2 * i,
                                    v->job->options->swap, NULL, NULL);
  return status;
}

/* The best owners: each time the one that what is known and those before know least. */
static mtp_status choose_best(mtp_context *ctx, maxvol *v, size_t most, mtp_active_set *from) {
  double *grade = mtp_calloc(v->as->n, sizeof *grade);
  mtp_status status = grade ? MTP_OK : mtp_fail_memory(ctx);
  for (size_t k = 0; k < most && status == MTP_OK; k++) {
    status = mtp_active_set_grade(ctx, from, v->as->n, v->as->rows, grade);
    const long long best = status == MTP_OK ? find_best(v, grade) : -1;
    if (best < 0) break;
    status = offer_owner(ctx, v, best, from);
    mtp_select_choose(v->job, (size_t)best);
  }
  free(grade);
  return status;
}

/* One active set, whose owners are chosen: `left` at most. */
static mtp_status choose_set(mtp_context *ctx, maxvol *v, size_t left, size_t *chosen) {
  mtp_active_set *before = NULL;
  mtp_status status = mtp_active_set_copy(ctx, v->as, &before);
  if (status == MTP_OK) status = run_rounds(ctx, v);
  *chosen = status == MTP_OK ? count_owners(v) : 0;
  if (status == MTP_OK && *chosen <= left) {
    choose_owners(v);
  } else if (status == MTP_OK) {
    status = choose_best(ctx, v, left, before);
    *chosen = left;
  }
  mtp_active_set_free(before);
  return status;
}

/* The next sets are of what is left, as if the ones before were not. */
static mtp_status fill_up(mtp_context *ctx, maxvol *v, size_t count) {
  mtp_status status = MTP_OK;
  for (size_t chosen = count; chosen > 0 && count < v->job->options->max && status == MTP_OK; count += chosen) {
    mtp_active_set_free(v->as);
    v->as = NULL;
    status = make_set(ctx, v);
    if (status == MTP_OK) status = choose_set(ctx, v, v->job->options->max - count, &chosen);
  }
  return status;
}

mtp_status mtp_select_by_maxvol(mtp_context *ctx, mtp_select_job *job, const mtp_active_set *start) {
  maxvol v = {.job = job};
  size_t count = 0;
  mtp_status status = begin(ctx, &v, start);
  if (status == MTP_OK) status = choose_set(ctx, &v, job->options->max ? job->options->max : SIZE_MAX, &count);
  if (status == MTP_OK) job->selection->largest = v.largest;
  if (status == MTP_OK && job->options->fill) status = fill_up(ctx, &v, count);
  mtp_active_set_free(v.as);
  store_clear(&v.kept);
  pool_clear(&v.pool);
  return status;
}
