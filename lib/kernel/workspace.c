/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/workspace.c
 * Scratch memory of an evaluator, and the points through which atoms go into the blocks and forces come out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/block.h"

/* So far from everything that its square is beyond every cutoff. */
#define FAR_AWAY 1e100

/* Offsets of points, of 32 bytes, are counted in 32 bits. */
#define MAX_POINTS ((size_t)1 << 27)

/* What depends on the longest neighbour list. */
static void free_lists(mtp_workspace *ws) {
  free(ws->near);
  free(ws->unsorted);
  free(ws->keys);
  free(ws->tally);
  free(ws->neighbour);
  free(ws->geometry);
  free(ws->function);
  free(ws->slope);
  free(ws->derivative);
  ws->near = ws->unsorted = ws->neighbour = NULL;
  ws->keys = ws->tally = NULL;
  ws->geometry = ws->function = ws->slope = ws->derivative = NULL;
  ws->max_count = ws->slots = 0;
}

static void free_points(mtp_workspace *ws) {
  free(ws->point);
  free(ws->force);
  free(ws->virial);
  free(ws->virial9);
  ws->point = ws->force = ws->virial = ws->virial9 = NULL;
  ws->capacity = 0;
}

void mtp_workspace_clear(mtp_workspace *ws) {
  free_lists(ws);
  free_points(ws);
  free(ws->near_count);
  free(ws->border);
  free(ws->moment);
  free(ws->adjoint);
  free(ws->wide);
  free(ws->radial);
}

mtp_status mtp_workspace_init(mtp_context *ctx, mtp_workspace *ws, const mtp_plan *plan) {
  const size_t C = (size_t)plan->nspecies, moments = (size_t)plan->nmoments;
  ws->near_count = mtp_calloc(MTP_CHUNK * C, sizeof(int));
  ws->border = mtp_alloc_aligned(C + 1, MTP_MAX_VECTOR);
  ws->moment = mtp_alloc_aligned(moments, MTP_MAX_VECTOR);
  ws->adjoint = mtp_alloc_aligned(moments, MTP_MAX_VECTOR);
  ws->radial = mtp_alloc_aligned(mtp_plan_radial(plan, 1, 0), MTP_MAX_VECTOR);
  return ws->near_count && ws->border && ws->moment && ws->adjoint && ws->radial ? MTP_OK : mtp_fail_memory(ctx);
}

mtp_status mtp_workspace_widen(mtp_context *ctx, mtp_workspace *ws, const mtp_plan *plan) {
  if (!ws->wide) ws->wide = mtp_alloc_aligned(2 * (size_t)plan->nmoments, MTP_MAX_VECTOR);
  return ws->wide ? MTP_OK : mtp_fail_memory(ctx);
}

static mtp_status reserve_lists(mtp_context *ctx, mtp_workspace *ws, const mtp_plan *plan, int longest) {
  if (ws->near && longest <= ws->max_count) return MTP_OK;
  free_lists(ws);
  const size_t count = (size_t)longest + (size_t)longest / 4 + MTP_MAX_FLOATS; /* lists grow a little during a run */
  const size_t slots = (count + MTP_MAX_UNROLL) / 2 * 2, K = (size_t)plan->nradial;
  ws->near = mtp_calloc(MTP_CHUNK * count + MTP_MAX_FLOATS, sizeof(int));
  ws->unsorted = mtp_calloc(count + MTP_MAX_FLOATS, sizeof(int));
  ws->keys = mtp_calloc(count + MTP_MAX_FLOATS, sizeof(int));
  ws->tally = mtp_calloc(count + 1, sizeof(int));
  ws->neighbour = mtp_alloc_aligned(MTP_MAX_FLOATS * (slots + MTP_MAX_FLOATS), sizeof(int));
  ws->geometry = mtp_alloc_aligned(5 * slots, MTP_MAX_VECTOR);
  ws->function = mtp_alloc_aligned(slots * K, MTP_MAX_VECTOR);
  ws->slope = mtp_alloc_aligned(slots * K, MTP_MAX_VECTOR);
  ws->derivative = mtp_alloc_aligned(4 * slots, MTP_MAX_VECTOR);
  if (!ws->near || !ws->unsorted || !ws->keys || !ws->tally || !ws->neighbour || !ws->geometry || !ws->function ||
      !ws->slope || !ws->derivative) {
    free_lists(ws);
    return mtp_fail_memory(ctx);
  }
  ws->max_count = (int)count;
  ws->slots = (int)slots;
  return MTP_OK;
}

static mtp_status reserve_points(mtp_context *ctx, mtp_workspace *ws, size_t nall) {
  if (ws->point && nall + 1 <= ws->capacity) return MTP_OK;
  free_points(ws);
  const size_t capacity = nall + nall / 16 + 1;
  ws->point = mtp_alloc_aligned(4 * capacity, sizeof(double));
  ws->force = mtp_alloc_aligned(4 * capacity, sizeof(double));
  if (!ws->point || !ws->force) {
    free_points(ws);
    return mtp_fail_memory(ctx);
  }
  ws->capacity = capacity;
  return MTP_OK;
}

/* Rows of zeros for all atoms if they are wanted. */
static mtp_status zero_rows(mtp_context *ctx, const mtp_workspace *ws, size_t nall, const double *wanted, size_t width,
                            double **rows) {
  if (!wanted) return MTP_OK;
  if (!*rows) *rows = mtp_alloc_aligned(width * ws->capacity, sizeof(double));
  if (!*rows) return mtp_fail_memory(ctx);
  memset(*rows, 0, width * (nall + 1) * sizeof **rows);
  return MTP_OK;
}

static void set_points(mtp_workspace *ws, const mtp_plan *plan, const mtp_atoms *atoms) {
  const int C = plan->nspecies, *of_type = atoms->species_of_type;
  for (size_t i = 0; i < atoms->nall; i++) {
    double *p = ws->point + 4 * i;
    const int s = of_type ? of_type[atoms->type[i]] : atoms->type[i];
    memcpy(p, atoms->x + 3 * i, 3 * sizeof *p);
    p[3] = (double)s;
    if (s < 0 || s >= C) p[0] = FAR_AWAY; /* a foreign atom is nobody's neighbour */
  }
  double *dummy = ws->point + 4 * atoms->nall;
  dummy[0] = FAR_AWAY;
  dummy[1] = dummy[2] = dummy[3] = 0.0;
}

mtp_status mtp_workspace_begin(mtp_context *ctx, mtp_workspace *ws, const mtp_plan *plan, const mtp_atoms *atoms,
                               const mtp_output *out) {
  if (atoms->nall >= MAX_POINTS)
    return mtp_fail(ctx, MTP_ERR_UNSUPPORTED, "%zu atoms with ghosts: expected fewer than %zu a process", atoms->nall,
                    (size_t)MAX_POINTS);
  int longest = 0;
  for (size_t k = 0; k < atoms->ncentral; k++) {
    const int i = atoms->central ? atoms->central[k] : (int)k;
    if (atoms->count[i] > longest) longest = atoms->count[i];
  }
  mtp_status status = reserve_lists(ctx, ws, plan, longest);
  if (status == MTP_OK) status = reserve_points(ctx, ws, atoms->nall);
  if (status == MTP_OK) status = zero_rows(ctx, ws, atoms->nall, out->site_virial, MTP_VIRIAL_ROW, &ws->virial);
  if (status == MTP_OK) status = zero_rows(ctx, ws, atoms->nall, out->site_virial9, MTP_VIRIAL9_ROW, &ws->virial9);
  if (status != MTP_OK) return status;
  set_points(ws, plan, atoms);
  memset(ws->force, 0, 4 * (atoms->nall + 1) * sizeof *ws->force);
  return MTP_OK;
}

/* Adds the first n of each row of `width`. */
static void add_rows(size_t nall, size_t n, size_t width, const double *rows, double *to) {
  if (!to) return;
  for (size_t i = 0; i < nall; i++)
    for (size_t c = 0; c < n; c++) to[n * i + c] += rows[width * i + c];
}

void mtp_workspace_end(const mtp_workspace *ws, const mtp_atoms *atoms, mtp_output *out) {
  add_rows(atoms->nall, 3, 4, ws->force, out->force);
  add_rows(atoms->nall, 6, MTP_VIRIAL_ROW, ws->virial, out->site_virial);
  add_rows(atoms->nall, 9, MTP_VIRIAL9_ROW, ws->virial9, out->site_virial9);
}

double mtp_workspace_bytes(const mtp_workspace *ws, const mtp_plan *plan) {
  const double slots = ws->slots, K = plan->nradial, vector = MTP_MAX_VECTOR;
  const double rows = (ws->virial ? MTP_VIRIAL_ROW : 0) + (ws->virial9 ? MTP_VIRIAL9_ROW : 0);
  return (64.0 + sizeof(double) * rows) * (double)ws->capacity + 4.0 * MTP_CHUNK * ws->max_count +
         slots * vector * (9 + 2 * K) + (ws->wide ? 4 : 2) * vector * plan->nmoments;
}
