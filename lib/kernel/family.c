/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/family.c
 * From families of targets to groups of products. A tensor T[a][b] = sum_c M[a,c] N[b,c] is one family for each a, with
 * the same partners N[b,c]; such targets go through the kernel in parallel, so that a partner is fetched and its
 * adjoint updated once for several a. */
#include "kernel/family.h"

#include <stdlib.h>
#include <string.h>

/* ---- parallel targets ---- */

/* Families that grow and shrink, and memory for the lists of new ones. */
typedef struct nursery {
  size_t count, capacity;
  mtp_family *families;
  int *factor;
  double *p;
  mtp_row *row;
  size_t factors, rows; /* used */
} nursery;

/* How the columns of g go with those of f if their rows r and q are the same; false if they cannot be. */
static bool match_columns(const mtp_family *f, int r, const mtp_family *g, int q, int *column) {
  for (int e = 0; e < f->n; e++) {
    column[e] = -1;
    for (int k = 0; k < g->n; k++)
      if (g->row[q].partner[k] == f->row[r].partner[e]) column[e] = k;
    if (column[e] < 0) return false;
    for (int k = 0; k < e; k++)
      if (column[k] == column[e]) return false;
  }
  return true;
}

/* The row of g that is row r of f, -1 if there is none. */
static int find_row(const mtp_family *f, int r, const mtp_family *g, const int *column) {
  for (int q = 0; q < g->nrows; q++) {
    int e = 0;
    while (e < f->n && f->row[r].partner[e] == g->row[q].partner[column[e]]) e++;
    if (e == f->n) return q;
  }
  return -1;
}

/* Number of rows in common; leaves the first way to match columns that there is. */
static int count_common(const mtp_family *f, const mtp_family *g, int *column) {
  for (int r = 0; r < f->nrows; r++)
    for (int q = 0; q < g->nrows; q++) {
      if (!match_columns(f, r, g, q, column)) continue;
      int common = 0;
      for (int k = r; k < f->nrows; k++) common += find_row(f, k, g, column) >= 0;
      return common;
    }
  return 0;
}

/* Updates of adjoints that are saved when the common rows go together. Every group loads and updates its factors, and
 * costs some time of its own, so what is left over makes parallel targets dearer. */
static int gain_of(const mtp_family *f, const mtp_family *g, int common) {
  const int group = 8 + f->height * f->n, left = (f->nrows > common) + (g->nrows > common);
  return common * f->n + 8 - left * group;
}

/* A family of the common rows; they are taken off f and g. */
static void join(nursery *at, mtp_family *f, mtp_family *g, const int *column) {
  const int n = f->n, h = f->height;
  mtp_family joined = {.live = f->live, .depth = f->depth, .n = n, .height = 2 * h};
  joined.factor = at->factor + at->factors;
  joined.p = at->p + at->factors;
  joined.row = at->row + at->rows;
  memcpy(joined.factor, f->factor, (size_t)(h * n) * sizeof(int));
  memcpy(joined.p, f->p, (size_t)(h * n) * sizeof(double));
  for (int k = 0; k < h; k++)
    for (int e = 0; e < n; e++) {
      joined.factor[(h + k) * n + e] = g->factor[k * n + column[e]];
      joined.p[(h + k) * n + e] = g->p[k * n + column[e]];
    }
  int left = 0;
  for (int r = 0; r < f->nrows; r++) {
    const int q = find_row(f, r, g, column);
    if (q < 0) {
      f->row[left++] = f->row[r];
      continue;
    }
    mtp_row *row = &joined.row[joined.nrows++];
    *row = f->row[r];
    for (int k = 0; k < h; k++) row->target[h + k] = g->row[q].target[k];
    g->row[q] = g->row[--g->nrows];
  }
  f->nrows = left;
  at->factors += (size_t)(2 * h * n);
  at->rows += (size_t)joined.nrows;
  at->families[at->count++] = joined;
}

/* Looks for parallel targets among the families first..last-1, of one list length and height, each with the best of
 * those that follow as long as that gains something. */
static void join_all(nursery *at, size_t first, size_t last) {
  int column[MTP_MAX_PARALLEL_LIST];
  for (size_t i = first; i < last; i++)
    for (;;) {
      int best = 0;
      size_t parallel = 0;
      for (size_t k = i + 1; k < last; k++) {
        mtp_family *f = &at->families[i], *g = &at->families[k];
        if (f->nrows == 0 || g->nrows == 0) continue;
        const int common = count_common(f, g, column), gain = common ? gain_of(f, g, common) : 0;
        if (gain > best) best = gain, parallel = k;
      }
      if (best == 0) break;
      count_common(&at->families[i], &at->families[parallel], column);
      join(at, &at->families[i], &at->families[parallel], column);
    }
}

/* ---- order ---- */

static int compare_families(const void *left, const void *right) {
  const mtp_family *a = left, *b = right;
  if (a->live != b->live) return a->live ? -1 : 1;
  if (a->depth != b->depth) return a->depth < b->depth ? -1 : 1;
  if (a->n != b->n) return a->n > b->n ? -1 : 1;
  if (a->height != b->height) return a->height > b->height ? -1 : 1;
  if (a->nrows != b->nrows) return a->nrows > b->nrows ? -1 : 1;
  for (int e = 0; e < a->n; e++)
    if (a->factor[e] != b->factor[e]) return a->factor[e] < b->factor[e] ? -1 : 1;
  return 0;
}

static bool one_class(const mtp_family *a, const mtp_family *b) {
  return a->live == b->live && a->depth == b->depth && a->n == b->n && a->height == b->height;
}

/* How far back an adjoint that is updated again makes the processor wait for the update before. */
#define RECENT 8

static bool share_partner(const mtp_row *a, const mtp_row *b, int n) {
  for (int k = 0; k < n; k++)
    for (int e = 0; e < n; e++)
      if (a->partner[k] == b->partner[e]) return true;
  return false;
}

/* Puts the rows into an order in which few have a partner in common with one of the last RECENT rows. Looks only so far
 * ahead: long families would take quadratic time. */
static void spread_partners(mtp_family *f) {
  for (int at = 1; at < f->nrows; at++) {
    int best = at, best_distance = 0;
    for (int k = at; k < f->nrows && k < at + 64; k++) {
      int distance = 1;
      while (distance <= RECENT && distance <= at && !share_partner(&f->row[at - distance], &f->row[k], f->n))
        distance++;
      if (distance <= best_distance) continue;
      best = k;
      best_distance = distance;
      if (distance > RECENT || distance > at) break;
    }
    const mtp_row moved = f->row[best];
    memmove(&f->row[at + 1], &f->row[at], (size_t)(best - at) * sizeof *f->row);
    f->row[at] = moved;
  }
}

/* ---- writing ---- */

typedef struct writer {
  mtp_plan *plan;
  int *number;
  int factors, partners, next;
} writer;

/* Columns from..from+width-1. */
static void write_group(writer *w, const mtp_family *f, int from, int width, int target) {
  mtp_plan *plan = w->plan;
  plan->group[plan->ngroup++] = (mtp_group){.width = width,
                                            .height = f->height,
                                            .nrows = f->nrows,
                                            .fresh = from == 0,
                                            .factor = w->factors,
                                            .target = target,
                                            .partner = w->partners};
  for (int h = 0; h < f->height; h++)
    for (int e = from; e < from + width; e++) {
      plan->factor[w->factors] = f->factor[h * f->n + e];
      plan->weight[w->factors++] = f->p[h * f->n + e];
    }
  for (int r = 0; r < f->nrows; r++)
    for (int e = from; e < from + width; e++) plan->partner[w->partners++] = f->row[r].partner[e];
}

/* Long lists are cut into pieces that fit into registers. */
static void write_family(writer *w, const mtp_family *f) {
  const int n = f->n, target = w->next, most = f->height > 1 ? MTP_MAX_PAIR_WIDTH : MTP_MAX_GROUP;
  const int pieces = (n + most - 1) / most;
  for (int h = 0; h < f->height; h++)
    for (int r = 0; r < f->nrows; r++) w->number[f->row[r].target[h]] = w->next++;
  for (int piece = 0; piece < pieces; piece++) {
    const int from = piece * n / pieces;
    write_group(w, f, from, (piece + 1) * n / pieces - from, target);
  }
}

static void write_all(mtp_plan *plan, int derived, nursery *at, int *number) {
  writer w = {.plan = plan, .number = number, .next = derived};
  plan->nlive = derived;
  for (size_t k = 0; k < at->count; k++) {
    mtp_family *f = &at->families[k];
    if (f->nrows == 0) continue;
    spread_partners(f);
    write_family(&w, f);
    if (!f->live) continue;
    plan->nlive = w.next;
    plan->nlive_group = plan->ngroup;
  }
  for (int k = 0; k < w.factors; k++) {
    plan->factor[k] = number[plan->factor[k]];
    plan->factor_offset[k] = (unsigned)(plan->factor[k] * plan->vector_bytes);
  }
  for (int k = 0; k < w.partners; k++) {
    plan->partner[k] = number[plan->partner[k]];
    plan->partner_offset[k] = (unsigned)(plan->partner[k] * plan->vector_bytes);
  }
}

/* Joins families of all classes of one height. */
static void join_height(nursery *at, int height, int longest) {
  if (at->count) qsort(at->families, at->count, sizeof *at->families, compare_families);
  const size_t count = at->count;
  for (size_t first = 0, last; first < count; first = last) {
    for (last = first + 1; last < count && one_class(&at->families[first], &at->families[last]); last++) continue;
    const mtp_family *f = &at->families[first];
    if (f->height == height && f->n <= longest) join_all(at, first, last);
  }
}

mtp_status mtp_plan_write_groups(mtp_context *ctx, mtp_plan *plan, int derived, size_t nfamilies,
                                 const mtp_family *families, int *number) {
  /* Joined families have lists twice as long and at least one row of two or more; so all lists together are at most
   * twice as long again at each of the two steps, and all rows are at most as many again. */
  size_t factors = 1, rows = 1;
  for (size_t k = 0; k < nfamilies; k++) {
    factors += (size_t)families[k].n * (size_t)families[k].nrows;
    rows += (size_t)families[k].nrows;
  }
  nursery at = {.count = nfamilies, .capacity = nfamilies + 2 * rows};
  at.families = mtp_calloc(at.capacity, sizeof *at.families);
  at.factor = mtp_calloc(4 * factors, sizeof *at.factor);
  at.p = mtp_calloc(4 * factors, sizeof *at.p);
  at.row = mtp_calloc(2 * rows, sizeof *at.row);
  const bool there = at.families && at.factor && at.p && at.row;
  if (there) {
    if (nfamilies) memcpy(at.families, families, nfamilies * sizeof *families);
    join_height(&at, 1, MTP_MAX_PARALLEL_LIST);
    join_height(&at, 2, MTP_MAX_QUAD_WIDTH);
    if (at.count) qsort(at.families, at.count, sizeof *at.families, compare_families);
    write_all(plan, derived, &at, number);
  }
  free(at.families);
  free(at.factor);
  free(at.p);
  free(at.row);
  return there ? MTP_OK : mtp_fail_memory(ctx);
}
