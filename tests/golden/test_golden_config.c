/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_golden_config.c
 * Real files of other programs: read, written losslessly, and neighbour counts as those programs print them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtp/config.h"
#include "mtp/neighbors.h"
#include "support/support.h"
#include "support_config.h"

static const char *shared;

static mtp_config_set *read_shared(bench *b, const char *name) {
  char path[512];
  mtp_config_set *set = NULL;
  snprintf(path, sizeof path, "%s/%s", shared, name);
  b->warnings[0] = 0;
  if (mtp_config_set_read(b->ctx, path, NULL, &set) != MTP_OK) fail_msg("%s", mtp_context_message(b->ctx));
  return set;
}

/* Counts, and that every format keeps every bit. */
static void test_data_files(void **state) {
  static const struct {
    const char *name;
    size_t n, atoms;
    const char *species;
    bool virial;
  } files[] = {
      {"data/mlip/Li_T450.cfg", 73, 73 * 128, "0", true},   {"data/mlip/NaClVasp300.cfg", 300, 2400, "0", true},
      {"data/mlearn/Li.test.extxyz", 0, 0, "Li", true},     {"data/mlearn/Li.training.extxyz", 0, 0, "Li", true},
      {"data/mlearn/Si.training.extxyz", 0, 0, "Si", true}, {"data/mlearn/Ni.test.extxyz", 0, 0, "Ni", true},
  };
  for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
    mtp_config_set *set = read_shared(*state, files[k].name);
    size_t atoms = 0;
    for (size_t c = 0; c < set->n; c++) {
      atoms += set->configs[c]->n;
      assert_true(set->configs[c]->has_energy && set->configs[c]->force);
      assert_int_equal(set->configs[c]->has_virial, files[k].virial);
      assert_true(set->configs[c]->periodic[0] && set->configs[c]->periodic[1] && set->configs[c]->periodic[2]);
    }
    if (files[k].n) assert_int_equal(set->n, files[k].n);
    if (files[k].n) assert_int_equal(atoms, files[k].atoms);
    assert_true(set->n > 0 && atoms > set->n);
    assert_string_equal(set->names[0], files[k].species);
    mtp_config_set *xyz = bench_round_trip(*state, set, "again.xyz");
    bench_same(set, xyz, BENCH_ALL);
    mtp_config_set *cfg = bench_round_trip(*state, xyz, "again.cfg");
    const char *const *names = (const char *const *)set->names;
    assert_int_equal(mtp_config_set_map_species(((bench *)*state)->ctx, cfg, set->species_count, names), MTP_OK);
    bench_same(set, cfg, BENCH_ALL);
    mtp_config_set_free(cfg);
    mtp_config_set_free(xyz);
    mtp_config_set_free(set);
  }
}

/* First and last numbers of a file, so that columns and signs cannot be exchanged. */
static void test_values(void **state) {
  mtp_config_set *set = read_shared(*state, "data/mlearn/Li.test.extxyz");
  const mtp_config *cfg = set->configs[0];
  static const double virial[6] = {2.6599154, 1.9149516, 1.1982805, -1.304243, 0.47173782, -0.12636577};
  assert_int_equal(cfg->n, 53);
  assert_memory_equal(cfg->virial, virial, sizeof virial);
  assert_true(cfg->energy == -98.3706469300 && cfg->cell[8] == 10.280451);
  assert_true(cfg->x[0] == 10.06448957 && cfg->force[2] == 0.0995387);
  assert_string_equal(mtp_config_get_feature(cfg, "group"), "Vacancy");
  mtp_config_set_free(set);
  set = read_shared(*state, "golden/07_lto_level06/mlip3/graded_nbh.cfg");
  assert_true(set->configs[0]->grade[0] == 3.3191760512520752e-01);
  assert_true(set->configs[0]->has_max_grade && set->configs[0]->max_grade == 0.41276536044162498);
  assert_string_equal(mtp_config_get_feature(set->configs[0], "ID"), "0");
  assert_int_equal(set->species_count, 3);
  mtp_config_set_free(set);
  set = read_shared(*state, "golden/07_lto_level06/reference.cfg");
  static const double plus_stress[6] = {-9.9046878174604629e+00, -1.0454083876262825e+01, -1.0291354615338793e+01,
                                        -3.1086244689504383e-15, 1.4077929534994843e-02,  -6.6613381477509392e-16};
  assert_memory_equal(set->configs[0]->virial, plus_stress, sizeof plus_stress);
  mtp_config_set_free(set);
}

static double cutoff_of(const char *folder) {
  char path[512], line[512];
  double cutoff = 0;
  snprintf(path, sizeof path, "%s/golden/%s/pot.mtp", shared, folder);
  FILE *f = fopen(path, "r");
  while (f && cutoff == 0 && fgets(line, sizeof line, f)) {
    const char *at = strstr(line, "max_dist = ");
    if (at) cutoff = atof(at + 11);
  }
  if (f) fclose(f);
  return cutoff;
}

/* Compares the lists of one configuration with the next "neighbor_counts" of aux.txt. */
static void compare_counts(bench *b, const mtp_config *cfg, double cutoff, char **aux) {
  mtp_neighbors *nb = NULL;
  *aux = strstr(*aux, "neighbor_counts");
  assert_non_null(*aux);
  *aux += strlen("neighbor_counts");
  if (mtp_neighbors_build(b->ctx, cfg, cutoff, &nb) != MTP_OK) fail_msg("%s", mtp_context_message(b->ctx));
  for (size_t i = 0; i < cfg->n; i++) assert_int_equal(nb->count[i], strtol(*aux, aux, 10));
  mtp_neighbors_free(nb);
}

static void test_neighbor_counts(void **state) {
  static const char *const folders[] = {"01_li_level06",
                                        "04_nacl_level08",
                                        "07_lto_level06",
                                        "10_pdag_level20_repuls",
                                        "13_graphene_level18",
                                        "15_molecule_ch4_level10_motep",
                                        "18_periodicity_edge_cases"};
  bench *b = *state;
  for (size_t k = 0; k < sizeof folders / sizeof *folders; k++) {
    char name[128], path[512], *aux = NULL;
    size_t size;
    snprintf(name, sizeof name, "golden/%s/input.cfg", folders[k]);
    snprintf(path, sizeof path, "%s/golden/%s/aux.txt", shared, folders[k]);
    mtp_config_set *set = read_shared(b, name);
    assert_int_equal(mtp_file_read(b->ctx, path, &aux, &size), MTP_OK);
    double cutoff = cutoff_of(folders[k]);
    assert_true(cutoff > 1);
    char *at = aux;
    for (size_t c = 0; c < set->n; c++) compare_counts(b, set->configs[c], cutoff, &at);
    assert_null(strstr(at, "neighbor_counts")); /* all of them */
    free(aux);
    mtp_config_set_free(set);
  }
}

int main(void) {
  shared = getenv("MTP_SHARED");
  char path[512];
  snprintf(path, sizeof path, "%s/data/mlip/Li_T450.cfg", shared ? shared : "");
  FILE *f = shared ? fopen(path, "r") : NULL;
  if (!f) return 77;
  fclose(f);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_data_files),
      cmocka_unit_test(test_values),
      cmocka_unit_test(test_neighbor_counts),
  };
  return cmocka_run_group_tests(tests, bench_open, bench_close);
}
