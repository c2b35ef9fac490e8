/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_kernel_memory.c
 * The evaluator touches nothing but what it was given: every array lies against a page that cannot be touched, behind
 * it or before it, and is aligned like nothing but its elements; inputs cannot be written; entries of atoms that are
 * not central are rubbish, as in an MD engine. This finds what sanitizers do not see in vector instructions. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "support_call.h"
#include "support_data.h"
#include "support_naive.h"

/* An array with a forbidden page at either end; the elements lie against one of them. */
typedef struct fence {
  char *pages; /* forbidden, inside, forbidden */
  size_t inside, page;
  struct fence *next;
} fence;

/* The fences of one test, and at which end elements touch. */
typedef struct field {
  fence *first;
  bool behind;
} field;

static void *fenced(field *all, size_t count, size_t size, const void *from) {
  fence *f = data_calloc(1, sizeof(*f));
  const size_t bytes = count * size;
  f->page = (size_t)sysconf(_SC_PAGESIZE);
  f->inside = (bytes + f->page - 1) / f->page * f->page;
  f->pages = mmap(NULL, f->inside + 2 * f->page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (f->pages == MAP_FAILED) abort();
  if (f->inside && mprotect(f->pages + f->page, f->inside, PROT_READ | PROT_WRITE) != 0) abort();
  f->next = all->first;
  all->first = f;
  char *data = f->pages + f->page + (all->behind ? f->inside - bytes : 0);
  if (from && bytes) memcpy(data, from, bytes);
  return data;
}

/* From now on all arrays so far can only be read. */
static void seal(field *all) {
  for (fence *f = all->first; f; f = f->next) {
    if (f->inside && mprotect(f->pages + f->page, f->inside, PROT_READ) != 0) abort();
  }
}

static void field_clear(field *all) {
  while (all->first) {
    fence *f = all->first;
    all->first = f->next;
    munmap(f->pages, f->inside + 2 * f->page);
    free(f);
  }
}

/* Copies of the inputs. Counts and lists end with the real atoms, since images have none. */
static mtp_atoms fence_inputs(field *all, const mtp_potential *pot, const call *c) {
  const size_t n = c->atoms->n, nall = c->in.nall;
  int *count = fenced(all, n, sizeof(int), NULL);
  int **list = fenced(all, n, sizeof(int *), NULL);
  for (size_t i = 0; i < n; i++) {
    count[i] = c->is_central[i] ? c->in.count[i] : INT_MAX;
    list[i] = c->is_central[i] ? fenced(all, (size_t)count[i], sizeof(int), c->in.list[i]) : NULL;
  }
  mtp_atoms in = c->in;
  in.x = fenced(all, 3 * nall, sizeof(double), c->in.x);
  in.type = fenced(all, nall, sizeof(int), c->in.type);
  in.species_of_type = fenced(all, (size_t)(2 * pot->nspecies + 1), sizeof(int), c->in.species_of_type);
  in.central = c->in.central ? fenced(all, c->in.ncentral, sizeof(int), c->in.central) : NULL;
  in.count = count;
  in.list = list;
  seal(all);
  return in;
}

static mtp_output fence_outputs(field *all, const mtp_potential *pot, const mtp_atoms *in, bool gradients) {
  return (mtp_output){.force = fenced(all, 3 * in->nall, sizeof(double), NULL),
                      .site_energy = fenced(all, in->nall, sizeof(double), NULL),
                      .site_virial = fenced(all, 6 * in->nall, sizeof(double), NULL),
                      .site_virial9 = fenced(all, 9 * in->nall, sizeof(double), NULL),
                      .gradient = gradients ? fenced(all, pot->nparams, sizeof(double), NULL) : NULL,
                      .rows = gradients ? fenced(all, in->ncentral * pot->nparams, sizeof(double), NULL) : NULL};
}

/* Both ends, both precisions, with and without gradients. */
static void check_fenced(mtp_context *ctx, mtp_evaluator *ev, const mtp_potential *pot, const call *c) {
  naive_result *want = call_expected(c, pot);
  for (unsigned k = 0; k < 8; k++) {
    const mtp_precision precision = k & 2 ? MTP_PRECISION_MIXED : MTP_PRECISION_DOUBLE;
    const bool gradients = (k & 4) != 0;
    field all = {.behind = k & 1};
    const mtp_atoms in = fence_inputs(&all, pot, c);
    mtp_output out = fence_outputs(&all, pot, &in, gradients);
    data_must(ctx, mtp_evaluator_set_precision(ctx, ev, precision));
    data_must(ctx, mtp_evaluator_compute(ctx, ev, &in, NULL, &out));
    call_compare(c, &out, want, call_tolerance(gradients ? MTP_PRECISION_DOUBLE : precision));
    field_clear(&all);
  }
  naive_result_free(want);
}

static void test_fences(void **state) {
  static const data_recipe recipes[] = {{8, 1, 8, MTP_RADIAL_CHEBYSHEV, 2, 5},
                                        {6, 3, 5, MTP_RADIAL_SHAPEEV, 2, 5},
                                        {6, 9, 4, MTP_RADIAL_CHEBYSHEV_REPULS, 2.4, 5}};
  static const call_manner manners[] = {{0, 0, 0, false}, {0.1, 0.3, 0.7, true}, {0, 0.6, 0.2, false}};
  (void)state;
  mtp_context *ctx = data_context();
  for (size_t r = 0; r < 3; r++) {
    mtp_random random = {10 + r};
    mtp_potential *pot = data_potential(ctx, &random, &recipes[r]);
    mtp_evaluator *ev = NULL;
    data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
    for (size_t k = 0; k < 24; k++) {
      mtp_config *cfg = data_config(&random, k % 2 ? DATA_CLUSTER : DATA_TRICLINIC, k + 1, pot->nspecies, 2.6);
      call *c = call_new(&random, pot, cfg, &manners[k % 3]);
      check_fenced(ctx, ev, pot, c);
      call_free(c);
      mtp_config_free(cfg);
    }
    mtp_evaluator_free(ev);
    mtp_potential_free(pot);
  }
  mtp_context_free(ctx);
}

/* A rank without atoms has no arrays; one with nothing but ghosts has some. */
static void test_nobody(void **state) {
  (void)state;
  mtp_random random = {20};
  mtp_context *ctx = data_context();
  const data_recipe recipe = {8, 2, 8, MTP_RADIAL_CHEBYSHEV, 2, 5};
  mtp_potential *pot = data_potential(ctx, &random, &recipe);
  mtp_evaluator *ev = NULL;
  data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
  for (unsigned k = 0; k < 8; k++) {
    field all = {.behind = k & 1};
    const size_t nall = k & 2 ? 5 : 0;
    mtp_atoms in = {.nall = nall, .mask = -1};
    if (nall) {
      in.x = fenced(&all, 3 * nall, sizeof(double), NULL);
      in.type = fenced(&all, nall, sizeof(int), NULL);
    }
    mtp_output out = fence_outputs(&all, pot, &in, true);
    seal(&all);
    out.gradient = k & 4 ? data_calloc(pot->nparams, sizeof(double)) : NULL;
    if (!(k & 4)) out.rows = NULL;
    out.energy = 1;
    data_must(ctx, mtp_evaluator_set_precision(ctx, ev, k & 1 ? MTP_PRECISION_MIXED : MTP_PRECISION_DOUBLE));
    data_must(ctx, mtp_evaluator_compute(ctx, ev, &in, NULL, &out));
    assert_true(out.energy == 1.0 && data_largest(6, out.virial) == 0.0);
    if (out.gradient) assert_true(data_largest(pot->nparams, out.gradient) == 0.0);
    free(out.gradient);
    field_clear(&all);
  }
  mtp_evaluator_free(ev);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_fences), cmocka_unit_test(test_nobody)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
