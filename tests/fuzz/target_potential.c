/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_potential.c
 * Potentials with and without an active set. One that is accepted has to be of use: it is written and read again, and
 * evaluated. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mtp/active_set.h"
#include "mtp/evaluator.h"
#include "mtp/posterior.h"
#include "support/support.h"

const char *const fuzz_words[] = {
    "MTP",
    "version = 1.1.0",
    "potential_name = MTP",
    "scaling = 1",
    "species_count = 2",
    "potential_tag = elements=Al,Cu",
    " posterior=",
    "radial_basis_type = RBChebyshev",
    "RBChebyshev_repuls",
    "RBShapeev",
    "min_dist = 2",
    "max_dist = 5",
    "radial_basis_size = 4",
    "radial_funcs_count = 2",
    "radial_coeffs",
    "0-0",
    "29-13",
    "alpha_moments_count = 1",
    "alpha_index_basic_count = 1",
    "alpha_index_basic = {{0, 0, 0, 0}}",
    "alpha_index_times_count = 0",
    "alpha_index_times = {}",
    "alpha_scalar_moments = 1",
    "alpha_moment_mapping = {0}",
    "species_coeffs = {0}",
    "moment_coeffs = {0}",
    "magnetic_basis_type",
    "basis_size",
    "{",
    "}",
    "#MVS_v1.1",
    "\n#\n",
    "energy_weight 0\nforce_weight 0\nstress_weight 0\nsite_en_weight 1\nweight_scaling 1",
    "BEGIN_CFG",
    "END_CFG",
    NULL};

static mtp_potential *new_potential(int level, int species, int named, int trained) {
  const mtp_potential_spec spec = {.level = level,
                                   .species_count = species,
                                   .elements = named ? fuzz_elements : NULL,
                                   .cutoff = 5,
                                   .min_dist = 1.5,
                                   .radial_size = level == 2 ? 2 : 4};
  mtp_potential *pot = NULL;
  fuzz_require(mtp_potential_new(NULL, &spec, &pot) == MTP_OK);
  if (!trained) return pot;
  const size_t n = mtp_potential_parameter_count(pot);
  double *theta = malloc(n * sizeof *theta);
  fuzz_require(theta != NULL);
  for (size_t k = 0; k < n; k++) theta[k] = mtp_potential_parameters(pot)[k] + 0.125 * (double)(k % 7);
  fuzz_require(mtp_potential_set_parameters(NULL, pot, theta) == MTP_OK);
  free(theta);
  return pot;
}

/* The same with a row that says it is of an equation with the smallest number that there is. */
static void seed_odd_rows(void) {
  char *data = NULL;
  size_t size = 0;
  mtp_text odd = {0};
  fuzz_require(mtp_file_read(NULL, fuzz_path("seed.almtp"), &data, &size) == MTP_OK);
  const char *rows = memmem(data, size, "\n#\n", 3), *end = rows ? strchr(rows + 3, '\n') : NULL;
  fuzz_require(end != NULL);
  mtp_text_add_bytes(&odd, data, (size_t)(rows + 3 - data));
  mtp_text_add(&odd, "0 -9223372036854775808");
  mtp_text_add_bytes(&odd, end, size - (size_t)(end - data));
  fuzz_seed(odd.data, odd.size);
  mtp_text_free(&odd);
  free(data);
}

static void seed_active_set(int species, mtp_mode mode) {
  mtp_config_set *set = fuzz_sample_set();
  mtp_potential *pot = new_potential(2, species, 1, 1);
  mtp_active_set *as = NULL;
  for (size_t k = 0; k < set->n; k++)
    for (size_t i = 0; i < set->configs[k]->n; i++)
      if (species == 1) set->configs[k]->species[i] = 0;
  if (species == 1) free(set->names[--set->species_count]);
  fuzz_require(mtp_active_set_build(NULL, pot, set, mode, 1.001, NULL, &as) == MTP_OK);
  fuzz_require(mtp_active_set_write(NULL, as, pot, fuzz_path("seed.almtp")) == MTP_OK);
  fuzz_seed_file(fuzz_path("seed.almtp"));
  seed_odd_rows();
  mtp_active_set_free(as);
  mtp_potential_free(pot);
  mtp_config_set_free(set);
}

static void seed_posterior(void) {
  mtp_config_set *set = fuzz_sample_set();
  mtp_potential *pot = new_potential(2, 2, 1, 1);
  mtp_normal *normal = NULL;
  mtp_posterior *posterior = NULL;
  fuzz_require(mtp_normal_new(NULL, pot, mtp_weights_default(), &normal) == MTP_OK);
  for (size_t k = 0; k < set->n; k++) fuzz_require(mtp_normal_add(NULL, normal, set->configs[k]) == MTP_OK);
  fuzz_require(mtp_posterior_new(NULL, normal, pot, &posterior) == MTP_OK);
  fuzz_require(mtp_posterior_stamp(NULL, posterior, pot) == MTP_OK);
  fuzz_require(mtp_potential_write(NULL, pot, fuzz_path("seed.mtp")) == MTP_OK);
  fuzz_seed_file(fuzz_path("seed.mtp"));
  mtp_posterior_free(posterior);
  mtp_normal_free(normal);
  mtp_potential_free(pot);
  mtp_config_set_free(set);
}

void fuzz_seeds(void) {
  for (int k = 0; k < 4; k++) {
    mtp_potential *pot = new_potential(k < 2 ? 2 : 6, 1 + k % 2, k > 0, k != 1);
    fuzz_require(mtp_potential_write(NULL, pot, fuzz_path("seed.mtp")) == MTP_OK);
    fuzz_seed_file(fuzz_path("seed.mtp"));
    mtp_potential_free(pot);
  }
  seed_active_set(1, MTP_MODE_NEIGHBOURHOOD);
  seed_active_set(1, MTP_MODE_CONFIGURATION);
  seed_active_set(2, MTP_MODE_NEIGHBOURHOOD);
  seed_posterior();
}

static void read_again(const mtp_potential *pot, const mtp_active_set *as) {
  mtp_context *ctx = fuzz_context();
  mtp_potential *again = NULL;
  mtp_status status = mtp_active_set_write(ctx, as, pot, fuzz_path("again.almtp"));
  if (status == MTP_OK) status = mtp_potential_read(ctx, fuzz_path("again.almtp"), &again);
  if (status == MTP_OK) fuzz_require(mtp_potential_parameter_count(again) == mtp_potential_parameter_count(pot));
  mtp_potential_free(again);
  fuzz_end(ctx, status);
  fuzz_require(status == MTP_OK);
}

/* What is accepted is of the potential, and goes into it again. */
static void look_at_posterior(mtp_potential *pot) {
  mtp_context *ctx = fuzz_context();
  mtp_posterior *posterior = NULL;
  mtp_status status = mtp_posterior_of(ctx, pot, &posterior);
  if (posterior) status = mtp_posterior_stamp(ctx, posterior, pot);
  mtp_posterior_free(posterior);
  fuzz_end(ctx, status);
  fuzz_require(status == MTP_OK);
}

static void evaluate(const mtp_potential *pot, const mtp_active_set *as) {
  mtp_context *ctx = fuzz_context();
  mtp_evaluator *ev = NULL;
  mtp_config *cfg = fuzz_sample();
  if (mtp_potential_species_count(pot) < 2)
    for (size_t i = 0; i < cfg->n; i++) cfg->species[i] = 0;
  mtp_status status = mtp_evaluator_new(ctx, pot, &ev);
  if (status == MTP_OK && as) status = mtp_evaluator_set_active_set(ctx, ev, as);
  if (status == MTP_OK) status = mtp_evaluator_config(ctx, ev, cfg, as != NULL);
  mtp_evaluator_free(ev);
  mtp_config_free(cfg);
  fuzz_end(ctx, status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mtp_context *ctx = fuzz_context();
  mtp_potential *pot = NULL;
  mtp_active_set *as = NULL;
  mtp_status status = mtp_potential_read(ctx, fuzz_file("in.almtp", data, size), &pot);
  fuzz_require((status == MTP_OK) == (pot != NULL));
  if (pot) status = mtp_active_set_read(ctx, fuzz_path("in.almtp"), pot, &as);
  fuzz_end(ctx, status);
  if (status == MTP_OK) {
    read_again(pot, as);
    look_at_posterior(pot);
    if (mtp_potential_cutoff(pot) < 8) evaluate(pot, as); /* others have too many neighbours for this */
  }
  mtp_active_set_free(as);
  mtp_potential_free(pot);
  return 0;
}
