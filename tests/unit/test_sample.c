/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_sample.c
 * Samples: who holds them, what they keep, and that what is learned from them is the same in every bit as from the
 * configurations alone, whatever the number of threads. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/pairs.h"
#include "learn/active_set.h"
#include "learn/normal.h"
#include "support_data.h"

#define CUTOFF  5.0
#define CONFIGS 40

typedef data_training fixture;

static void fixture_open(fixture *f) {
  data_training_open(f, 11, CONFIGS);
  data_must(f->ctx, mtp_config_set_feature(f->ctx, f->set->configs[5], "squeezed", "0.8"));
}

static mtp_sample_set *borrow(fixture *f) {
  mtp_sample_set *samples = NULL;
  data_must(f->ctx, mtp_sample_set_borrow(f->ctx, f->set, &samples));
  return samples;
}

/* ---- who holds what ---- */

static void test_holders(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  mtp_sample_set *first = mtp_sample_set_new(), *second = mtp_sample_set_new();
  const mtp_config *cfg = f.set->configs[5];
  data_must(f.ctx, mtp_sample_set_adopt(f.ctx, first, f.set));
  assert_null(f.set->configs[5]);
  assert_int_equal(first->n, CONFIGS);
  assert_int_equal(first->view->n, CONFIGS);
  assert_ptr_equal(first->view->configs[5], cfg);
  assert_int_equal(first->sample[5]->kind, MTP_SAMPLE_SQUEEZED);
  assert_int_equal(first->sample[6]->kind, MTP_SAMPLE_ORDINARY);
  data_must(f.ctx, mtp_sample_set_add(f.ctx, second, first->sample[5]));
  mtp_sample_set_free(first); /* the second one still holds it */
  assert_ptr_equal(second->sample[0]->config, cfg);
  assert_non_null(mtp_config_get_feature(second->view->configs[0], "squeezed"));
  mtp_sample *sample = mtp_sample_hold(second->sample[0]);
  mtp_sample_set_free(second);
  assert_true(sample->config->n > 0);
  mtp_sample_release(sample);
  mtp_sample_release(NULL);
  mtp_sample_set_free(NULL);
  data_training_close(&f);
}

static void test_borrowed(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  mtp_sample_set *samples = borrow(&f);
  assert_int_equal(samples->view->species_count, 2);
  assert_string_equal(samples->view->names[1], "Cl");
  for (size_t k = 0; k < CONFIGS; k++) assert_ptr_equal(samples->sample[k]->config, f.set->configs[k]);
  mtp_sample_set_free(samples);
  data_training_close(&f); /* frees the configurations, once */
}

/* ---- neighbours ---- */

static void expect_same_lists(const mtp_neighbors *a, const mtp_neighbors *b) {
  assert_int_equal(a->nall, b->nall);
  assert_memory_equal(a->x, b->x, 3 * a->nall * sizeof(double));
  for (size_t i = 0; i < a->n; i++) {
    assert_int_equal(a->count[i], b->count[i]);
    assert_memory_equal(a->list[i], b->list[i], (size_t)a->count[i] * sizeof(int));
  }
}

static void test_neighbors(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  mtp_sample_set *samples = borrow(&f);
  data_must(f.ctx, mtp_sample_set_keep_neighbors(f.ctx, samples, 3, CUTOFF, 3));
  assert_null(samples->sample[2]->kept);
  assert_true(samples->bytes > 0 && mtp_sample_set_has_room(samples));
  for (size_t k = 0; k < CONFIGS; k++) {
    mtp_neighbors *nb = NULL, *fresh = NULL, *other = NULL;
    const mtp_sample *s = samples->sample[k];
    data_must(f.ctx, mtp_sample_acquire_neighbors(f.ctx, s, CUTOFF, &nb));
    data_must(f.ctx, mtp_neighbors_build(f.ctx, s->config, CUTOFF, &fresh));
    assert_int_equal(nb == s->kept, k >= 3);
    expect_same_lists(nb, fresh);
    mtp_sample_release_neighbors(s, nb);
    data_must(f.ctx, mtp_sample_acquire_neighbors(f.ctx, s, 4.0, &other)); /* another cutoff is another list */
    assert_ptr_not_equal(other, s->kept);
    mtp_sample_release_neighbors(s, other);
    mtp_neighbors_free(fresh);
  }
  mtp_sample_set_free(samples);
  data_training_close(&f);
}

/* A longer list tells the same closest pairs, also which of several that are equally close. */
static void test_closest_pairs(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  mtp_config *crystal = mtp_config_new(8); /* rock salt: all distances are shared */
  for (size_t i = 0; i < 8; i++) {
    crystal->species[i] = (int)((i & 1) ^ (i >> 1 & 1) ^ (i >> 2 & 1));
    for (size_t d = 0; d < 3; d++) crystal->x[3 * i + d] = 2.8 * (double)(i >> d & 1);
  }
  for (int d = 0; d < 3; d++) {
    crystal->cell[4 * d] = 5.6;
    crystal->periodic[d] = true;
  }
  data_must(f.ctx, mtp_config_set_append(f.ctx, f.set, crystal));
  for (size_t k = 0; k < f.set->n; k++) {
    mtp_close_pair direct[4], from_list[4];
    mtp_neighbors *nb = NULL;
    data_must(f.ctx, mtp_neighbors_build(f.ctx, f.set->configs[k], 6.0, &nb));
    for (double reach = 2.6; reach < 4.6; reach += 0.4) {
      data_must(f.ctx, mtp_config_closest_pairs(f.ctx, f.set->configs[k], reach, 2, NULL, direct));
      mtp_neighbors_closest_pairs(nb, reach, 2, NULL, from_list);
      for (int p = 0; p < 4; p++) {
        assert_true(direct[p].r == from_list[p].r);
        assert_int_equal(direct[p].i, from_list[p].i);
        assert_int_equal(direct[p].j, from_list[p].j);
        assert_memory_equal(direct[p].d, from_list[p].d, sizeof direct[p].d);
      }
    }
    mtp_neighbors_free(nb);
  }
  data_training_close(&f);
}

/* ---- what is learned ---- */

static void test_equations(void **state) {
  (void)state;
  fixture f;
  mtp_normal *plain = NULL, *kept = NULL;
  fixture_open(&f);
  mtp_sample_set *samples = borrow(&f);
  data_must(f.ctx, mtp_sample_set_keep_neighbors(f.ctx, samples, 0, CUTOFF, 2));
  data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, mtp_weights_default(), &plain));
  data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, mtp_weights_default(), &kept));
  for (size_t k = 0; k < CONFIGS; k++) data_must(f.ctx, mtp_normal_add(f.ctx, plain, f.set->configs[k]));
  data_must(f.ctx, mtp_normal_add_sample(f.ctx, kept, samples->sample[0]));
  data_must(f.ctx, mtp_normal_add_samples(f.ctx, kept, CONFIGS - 1, samples->sample + 1, 3));
  const size_t m = mtp_normal_size(plain);
  assert_int_equal(mtp_normal_configs(plain), mtp_normal_configs(kept));
  assert_memory_equal(mtp_normal_matrix(plain), mtp_normal_matrix(kept), m * m * sizeof(double));
  assert_memory_equal(mtp_normal_rhs(plain), mtp_normal_rhs(kept), m * sizeof(double));
  mtp_normal_free(plain);
  mtp_normal_free(kept);
  mtp_sample_set_free(samples);
  data_training_close(&f);
}

static void expect_same_sets(const mtp_active_set *a, const mtp_active_set *b) {
  const size_t n = mtp_active_set_size(a);
  assert_memory_equal(a->rows, b->rows, n * n * sizeof(double));
  assert_memory_equal(a->inverse, b->inverse, n * n * sizeof(double));
  assert_memory_equal(a->origin, b->origin, 2 * n * sizeof *a->origin);
  assert_memory_equal(a->config, b->config, n * sizeof *a->config);
  assert_int_equal(a->samples->n, b->samples->n);
}

/* Built in one thread from borrowed configurations and in three from samples that own theirs; then grown. */
static void test_active_sets(void **state) {
  (void)state;
  for (int k = 0; k < 4; k++) {
    const mtp_mode mode = (mtp_mode)(k & 1);
    const mtp_rows rows = (mtp_rows)(k >> 1);
    fixture f;
    mtp_active_set *one = NULL, *three = NULL, *grown = NULL, *grown_by_three = NULL, *copy = NULL;
    fixture_open(&f);
    mtp_config_set part = *f.set;
    part.n = 30;
    data_must(f.ctx, mtp_active_set_build_of(f.ctx, f.pot, &part, mode, rows, 1.001, NULL, &one));
    data_must(f.ctx, mtp_active_set_grow(f.ctx, f.pot, f.set, 30, 1.001, one, &grown));
    mtp_sample_set *all = mtp_sample_set_new(), *some = mtp_sample_set_new();
    data_must(f.ctx, mtp_sample_set_adopt(f.ctx, all, f.set));
    data_must(f.ctx, mtp_sample_set_keep_neighbors(f.ctx, all, 0, CUTOFF, 3));
    for (size_t i = 0; i < 30; i++) data_must(f.ctx, mtp_sample_set_add(f.ctx, some, all->sample[i]));
    data_must(f.ctx, mtp_active_set_build_samples(f.ctx, f.pot, some, mode, rows, 1.001, NULL, 3, &three));
    expect_same_sets(one, three);
    mtp_sample_set_free(some);
    data_must(f.ctx, mtp_active_set_grow_samples(f.ctx, f.pot, all, 30, 1.001, three, 3, &grown_by_three));
    expect_same_sets(grown, grown_by_three);
    mtp_sample_set_free(all); /* the sets hold what they need */
    data_must(f.ctx, mtp_active_set_copy(f.ctx, grown_by_three, &copy));
    assert_ptr_equal(copy->samples->sample[0], grown_by_three->samples->sample[0]);
    mtp_active_set_free(grown_by_three);
    assert_true(mtp_active_set_configs(copy)->configs[0]->n > 0);
    mtp_active_set_free(one);
    mtp_active_set_free(three);
    mtp_active_set_free(grown);
    mtp_active_set_free(copy);
    data_training_close(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_holders),       cmocka_unit_test(test_borrowed),  cmocka_unit_test(test_neighbors),
      cmocka_unit_test(test_closest_pairs), cmocka_unit_test(test_equations), cmocka_unit_test(test_active_sets),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
