/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/batch.c
 * Laying out batches, their scratch memory, and the choice of the kernel. */
#include "kernel/batch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An atom of the batch with its neighbours. */
typedef struct site {
  int atom, species, count;
  const mtp_neighbors *nb;
  size_t i;    /* in nb */
  size_t base; /* number in the batch of the first atom of its configuration */
} site;

/* By species, then by the number of neighbours: blocks have few slots that are not full. */
static int compare_sites(const void *left, const void *right) {
  const site *a = left, *b = right;
  if (a->species != b->species) return a->species < b->species ? -1 : 1;
  if (a->count != b->count) return a->count < b->count ? -1 : 1;
  return (a->atom > b->atom) - (a->atom < b->atom);
}

typedef struct builder {
  const mtp_plan *plan;
  mtp_batch *batch;
  size_t lanes;
  const mtp_neighbors *const *nb; /* [nconfigs] */
  site *sites;                    /* [natoms] */
} builder;

void mtp_batch_free(mtp_batch *batch) {
  if (!batch) return;
  free(batch->first);
  free(batch->owner);
  free(batch->block);
  free(batch->geometry);
  free(batch->border);
  free(batch->neighbour);
  free(batch);
}

/* Blocks of up to `lanes` successive sites of one species; with `block` NULL they are only counted. */
static void cut_blocks(const builder *b, mtp_batch_block *block) {
  mtp_batch *batch = b->batch;
  size_t geometry = 0, neighbour = 0, border = 0;
  batch->nblocks = batch->max_slots = 0;
  for (size_t begin = 0, end; begin < batch->natoms; begin = end) {
    const site *s = b->sites + begin;
    for (end = begin; end < batch->natoms && end - begin < b->lanes && b->sites[end].species == s->species;) end++;
    const int slots = (b->sites[end - 1].count + 1) / 2 * 2;
    if (block) {
      mtp_batch_block *to = &block[batch->nblocks];
      *to = (mtp_batch_block){.species = s->species, .natoms = (int)(end - begin), .slots = slots};
      to->geometry = geometry, to->neighbour = neighbour, to->border = border;
      for (size_t l = 0; l < b->lanes; l++) to->atom[l] = s[begin + l < end ? l : 0].atom;
    }
    geometry += 5 * (size_t)slots;
    neighbour += b->lanes * (size_t)slots;
    border += (size_t)b->plan->nspecies + 1;
    batch->nblocks++;
    if (slots > batch->max_slots) batch->max_slots = slots;
  }
  batch->nslots = neighbour / b->lanes;
  batch->bytes = (geometry + border) * b->lanes * sizeof(double) + neighbour * sizeof(unsigned) +
                 (size_t)batch->nblocks * sizeof *block;
}

/* What fills a lane is put at the cutoff, where all radial functions vanish, and belongs to no atom. */
static void pad(const builder *b, const mtp_batch_block *block, size_t lane) {
  const double rc = b->plan->radial.max_dist;
  double *at = b->batch->geometry + block->geometry * b->lanes + lane;
  unsigned *neighbour = b->batch->neighbour + block->neighbour + lane;
  const size_t slots = (size_t)block->slots, row = slots * b->lanes;
  for (size_t k = 0; k < slots; k++) {
    double *to = at + k * b->lanes;
    to[0] = 1.0, to[row] = to[2 * row] = 0.0, to[3 * row] = rc, to[4 * row] = 1.0 / rc;
    neighbour[k * b->lanes] = (unsigned)b->batch->natoms * 32u;
  }
}

static void fill_lane(const builder *b, const mtp_batch_block *block, size_t lane, const site *s) {
  const mtp_neighbors *nb = s->nb;
  const size_t lanes = b->lanes, row = (size_t)block->slots * lanes;
  double *at = b->batch->geometry + block->geometry * lanes + lane;
  double *border = b->batch->border + block->border * lanes + lane;
  unsigned *neighbour = b->batch->neighbour + block->neighbour + lane;
  size_t slot = 0;
  for (int species = 0; species < b->plan->nspecies; species++) {
    border[(size_t)species * lanes] = (double)slot;
    for (int k = 0; k < nb->count[s->i]; k++) {
      const size_t j = (size_t)nb->list[s->i][k];
      if (nb->species[j] != species) continue;
      double d[3], *to = at + slot * lanes;
      for (size_t c = 0; c < 3; c++) d[c] = nb->x[3 * j + c] - nb->x[3 * s->i + c];
      const double r = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
      for (size_t c = 0; c < 3; c++) to[c * row] = d[c] / r;
      to[3 * row] = r, to[4 * row] = 1.0 / r;
      neighbour[slot++ * lanes] = (unsigned)(s->base + (size_t)nb->owner[j]) * 32u;
    }
  }
}

static void fill_blocks(const builder *b) {
  const mtp_batch *batch = b->batch;
  const site *s = b->sites;
  for (const mtp_batch_block *block = batch->block; block < batch->block + batch->nblocks; block++) {
    double *last = batch->border + (block->border + (size_t)b->plan->nspecies) * b->lanes;
    for (size_t l = 0; l < b->lanes; l++) {
      pad(b, block, l);
      if (l < (size_t)block->natoms) fill_lane(b, block, l, s + l);
      last[l] = block->slots; /* what pads a lane belongs to the last species */
    }
    s += block->natoms;
  }
}

static mtp_status find_sites(mtp_context *ctx, builder *b) {
  mtp_batch *batch = b->batch;
  for (size_t c = 0; c < batch->nconfigs; c++) {
    const mtp_neighbors *nb = b->nb[c];
    for (size_t i = 0; i < nb->n; i++) {
      const size_t atom = batch->first[c] + i;
      const int species = nb->species[i];
      if (species < 0 || species >= b->plan->nspecies)
        return mtp_fail(ctx, MTP_ERR_ARGUMENT, "atom %zu has species %d, the potential has %d", i + 1, species,
                        b->plan->nspecies);
      batch->owner[atom] = (int)c;
      b->sites[atom] = (site){(int)atom, species, nb->count[i], nb, i, batch->first[c]};
    }
  }
  return MTP_OK;
}

static mtp_status build(mtp_context *ctx, builder *b) {
  mtp_batch *batch = b->batch;
  batch->first = mtp_calloc(batch->nconfigs + 1, sizeof *batch->first);
  if (!batch->first) return mtp_fail_memory(ctx);
  for (size_t c = 0; c < batch->nconfigs; c++) batch->first[c + 1] = batch->first[c] + b->nb[c]->n;
  batch->natoms = batch->first[batch->nconfigs];
  batch->owner = mtp_calloc(batch->natoms, sizeof *batch->owner);
  b->sites = mtp_calloc(batch->natoms, sizeof *b->sites);
  if (!batch->owner || !b->sites) return mtp_fail_memory(ctx);
  const mtp_status status = find_sites(ctx, b);
  if (status != MTP_OK) return status;
  qsort(b->sites, batch->natoms, sizeof *b->sites, compare_sites);
  cut_blocks(b, NULL);
  batch->block = mtp_calloc((size_t)batch->nblocks, sizeof *batch->block);
  if (!batch->block) return mtp_fail_memory(ctx);
  cut_blocks(b, batch->block);
  const size_t slots = batch->nslots;
  batch->geometry = mtp_alloc_aligned(5 * slots * b->lanes, sizeof(double));
  batch->border =
      mtp_alloc_aligned((size_t)batch->nblocks * ((size_t)b->plan->nspecies + 1) * b->lanes, sizeof(double));
  batch->neighbour = mtp_alloc_aligned(slots * b->lanes, sizeof(unsigned));
  if (!batch->geometry || !batch->border || !batch->neighbour) return mtp_fail_memory(ctx);
  fill_blocks(b);
  return MTP_OK;
}

mtp_status mtp_batch_new(mtp_context *ctx, const mtp_plan *plan, size_t nconfigs, const mtp_neighbors *const *nb,
                         mtp_batch **out) {
  builder b = {.plan = plan, .lanes = (size_t)plan->vector_bytes / sizeof(double), .nb = nb};
  b.batch = mtp_calloc(1, sizeof *b.batch);
  if (!b.batch) return mtp_fail_memory(ctx);
  b.batch->nconfigs = nconfigs;
  const mtp_status status = build(ctx, &b);
  free(b.sites);
  if (status == MTP_OK)
    *out = b.batch;
  else
    mtp_batch_free(b.batch);
  return status;
}

/* ---- scratch ---- */

void mtp_batch_work_clear(mtp_batch_work *work) {
  double **const all[] = {&work->energy,     &work->virial,      &work->force,          &work->weight,
                          &work->strain,     &work->direction,   &work->moment,         &work->adjoint,
                          &work->function,   &work->by_function, &work->by_slope,       &work->slope,
                          &work->derivative, &work->tangent,     &work->tangent_moment, &work->tangent_adjoint,
                          &work->value_sum,  &work->slope_sum,   &work->direct_sum,     &work->top_sum};
  for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) free(*all[k]);
  *work = (mtp_batch_work){0};
}

static bool allocate(double **array, size_t count) {
  free(*array);
  *array = mtp_alloc_aligned(count, sizeof(double));
  return *array != NULL;
}

static bool grow_configs(mtp_batch_work *work, size_t n) {
  if (n <= work->configs) return true;
  work->configs = 0;
  if (!allocate(&work->energy, n) || !allocate(&work->virial, 6 * n) || !allocate(&work->weight, n) ||
      !allocate(&work->strain, 6 * n))
    return false;
  work->configs = n;
  return true;
}

static bool grow_atoms(mtp_batch_work *work, size_t n) {
  if (n <= work->atoms) return true;
  work->atoms = 0;
  if (!allocate(&work->force, 4 * (n + 1)) || !allocate(&work->direction, 4 * (n + 1))) return false;
  work->atoms = n;
  return true;
}

static bool grow_blocks(mtp_batch_work *work, size_t n, size_t block) {
  if (n <= work->blocks) return true;
  work->blocks = 0;
  if (!allocate(&work->moment, n * block) || !allocate(&work->adjoint, n * block)) return false;
  work->blocks = n;
  return true;
}

static bool grow_slots(mtp_batch_work *work, size_t n, size_t vectors, size_t lanes) {
  if (n <= work->slots) return true;
  work->slots = 0;
  if (!allocate(&work->by_function, n * vectors * lanes) || !allocate(&work->by_slope, n * vectors * lanes) ||
      !allocate(&work->derivative, 4 * n * lanes) || !allocate(&work->tangent, 4 * n * lanes))
    return false;
  work->slots = n;
  return true;
}

static bool grow_all_slots(mtp_batch_work *work, size_t n, size_t vectors, size_t lanes) {
  if (n <= work->all_slots) return true;
  work->all_slots = 0;
  if (!allocate(&work->function, n * vectors * lanes) || !allocate(&work->slope, n * vectors * lanes)) return false;
  work->all_slots = n;
  return true;
}

/* What depends on the plan alone. */
static bool allocate_sums(mtp_batch_work *work, const mtp_plan *plan, size_t lanes) {
  const size_t series = mtp_plan_radial(plan, 1, 0), nlive = (size_t)plan->nlive;
  if (work->value_sum) return true;
  return allocate(&work->value_sum, series * lanes) && allocate(&work->slope_sum, series * lanes) &&
         allocate(&work->direct_sum, plan->nlinear_term * lanes) &&
         allocate(&work->top_sum, ((size_t)plan->nmoments - nlive) * lanes) &&
         allocate(&work->tangent_moment, nlive * lanes) && allocate(&work->tangent_adjoint, nlive * lanes);
}

mtp_status mtp_batch_work_reserve(mtp_context *ctx, const mtp_plan *plan, const mtp_batch *batch,
                                  mtp_batch_work *work) {
  const size_t lanes = (size_t)plan->vector_bytes / sizeof(double);
  if (allocate_sums(work, plan, lanes) && grow_configs(work, batch->nconfigs) && grow_atoms(work, batch->natoms) &&
      grow_blocks(work, (size_t)batch->nblocks, (size_t)plan->nlive * lanes) &&
      grow_slots(work, (size_t)batch->max_slots, (size_t)plan->nradial, lanes) &&
      grow_all_slots(work, batch->nslots, (size_t)plan->nradial, lanes))
    return MTP_OK;
  return mtp_fail_memory(ctx);
}

/* ---- passes ---- */

void mtp_batch_forces(mtp_isa isa, const mtp_plan *plan, const mtp_batch *batch, mtp_batch_work *work) {
  mtp_batch_forces_function *pass = mtp_batch_forces_baseline;
#if defined(__x86_64__)
  if (isa == MTP_ISA_AVX512) pass = mtp_batch_forces_avx512;
  if (isa == MTP_ISA_AVX2) pass = mtp_batch_forces_avx2;
#endif
  (void)isa;
  pass(plan, batch, work);
}

void mtp_batch_gradient(mtp_isa isa, const mtp_plan *plan, const mtp_batch *batch, mtp_batch_work *work,
                        double *gradient) {
  mtp_batch_gradient_function *pass = mtp_batch_gradient_baseline;
#if defined(__x86_64__)
  if (isa == MTP_ISA_AVX512) pass = mtp_batch_gradient_avx512;
  if (isa == MTP_ISA_AVX2) pass = mtp_batch_gradient_avx2;
#endif
  (void)isa;
  pass(plan, batch, work, gradient);
}
