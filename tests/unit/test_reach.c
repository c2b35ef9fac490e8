/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_reach.c
 * Whether a longer cutoff would do better: told where labels have pair forces beyond it, and only there. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "learn/reach.h"
#include "mtp/neighbors.h"
#include "support_data.h"

#define CUTOFF 4.5

typedef struct fixture {
  mtp_context *ctx;
  mtp_random random;
  mtp_potential *pot;
  mtp_config_set *set;
} fixture;

/* Adds pair forces that are a hump from `from` to `to`, of unlike species of the other sign. */
static void add_pairs(fixture *f, mtp_config *cfg, double from, double to) {
  mtp_neighbors *nb = NULL;
  data_must(f->ctx, mtp_neighbors_build(f->ctx, cfg, to, &nb));
  for (size_t i = 0; i < nb->n; i++)
    for (int q = 0; q < nb->count[i]; q++) {
      const size_t j = (size_t)nb->list[i][q];
      double d[3], r = 0;
      for (size_t c = 0; c < 3; c++) d[c] = nb->x[3 * j + c] - nb->x[3 * i + c], r += d[c] * d[c];
      r = sqrt(r);
      if (r < from) continue;
      const double sign = nb->species[i] == nb->species[j] ? 1.0 : -1.0;
      for (size_t c = 0; c < 3; c++) cfg->force[3 * i + c] += sign * pow((r - from) * (to - r), 2) * d[c] / r;
    }
  mtp_neighbors_free(nb);
}

/* Labels are the potential's own, noise and these pairs. */
static void open_fixture(fixture *f, size_t n, double from, double to) {
  const data_recipe recipe = {8, 2, 6, MTP_RADIAL_CHEBYSHEV, 2, CUTOFF};
  memset(f, 0, sizeof *f);
  f->ctx = mtp_context_new();
  f->random.state = 11;
  f->pot = data_potential(f->ctx, &f->random, &recipe);
  f->set = mtp_config_set_new();
  for (int s = 0; s < 2; s++) assert_int_equal(mtp_config_set_species(f->set, s ? "Cl" : "Na"), s);
  for (size_t k = 0; k < n; k++) {
    mtp_config *cfg = data_config(&f->random, DATA_TRICLINIC, 30, 2, 2.5);
    data_append_labelled(f->ctx, f->set, f->pot, cfg);
    mtp_config_free(cfg);
    cfg = f->set->configs[k];
    for (size_t i = 0; i < 3 * cfg->n; i++) cfg->force[i] += 0.01 * mtp_random_normal(&f->random);
    add_pairs(f, cfg, from, to);
  }
}

static void close_fixture(fixture *f) {
  mtp_config_set_free(f->set);
  mtp_potential_free(f->pot);
  mtp_context_free(f->ctx);
}

static void a_longer_cutoff_is_told(void **state) {
  (void)state;
  fixture f;
  mtp_reach r;
  open_fixture(&f, 12, 4.2, 6.0);
  data_must(f.ctx, mtp_reach_compare(f.ctx, f.pot, f.set, &r));
  assert_true(r.cutoff > 5.5 && r.cutoff < 7.0);
  assert_true(r.now > 0.05 && r.then < 0.5 * r.now);
  assert_true(r.then > 0.009); /* of the noise nothing is explained */
  close_fixture(&f);
}

static void what_is_within_reach_is_not(void **state) {
  (void)state;
  fixture f;
  mtp_reach r;
  open_fixture(&f, 12, 1.0, 3.5);
  data_must(f.ctx, mtp_reach_compare(f.ctx, f.pot, f.set, &r));
  assert_true(r.cutoff == 0.0);
  assert_true(r.now > 0.05);
  close_fixture(&f);
}

/* Nor anything where there is little to tell it from; forces that are masked, and squeezed configurations, do not
 * count. */
static void little_data_tell_nothing(void **state) {
  (void)state;
  fixture f;
  mtp_reach r;
  open_fixture(&f, 12, 4.2, 6.0);
  for (size_t k = 3; k < 12; k++) data_must(f.ctx, mtp_config_set_feature(f.ctx, f.set->configs[k], "squeezed", "0.7"));
  data_must(f.ctx, mtp_reach_compare(f.ctx, f.pot, f.set, &r));
  assert_true(r.cutoff == 0.0);
  close_fixture(&f);
  open_fixture(&f, 12, 4.2, 6.0);
  for (size_t k = 0; k < 12; k++) {
    mtp_config *cfg = f.set->configs[k];
    cfg->force_mask = data_calloc(cfg->n, sizeof *cfg->force_mask);
    cfg->force_mask[0] = 1;
    cfg->force[0] = 1e6;
  }
  data_must(f.ctx, mtp_reach_compare(f.ctx, f.pot, f.set, &r));
  assert_true(r.cutoff > 5.5 && r.now < 10.0);
  f.set->configs[1]->force[3] = 1e200; /* nothing can be solved with that: no advice, and no failure */
  data_must(f.ctx, mtp_reach_compare(f.ctx, f.pot, f.set, &r));
  assert_true(r.cutoff == 0.0);
  close_fixture(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_longer_cutoff_is_told),
      cmocka_unit_test(what_is_within_reach_is_not),
      cmocka_unit_test(little_data_tell_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
