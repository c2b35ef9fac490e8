/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_golden.c
 * Reference data of third parties; see support_golden.h. */
#include "support_golden.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support_data.h"

const char *const golden_cases[] = {"01_li_level06",
                                    "02_li_level16",
                                    "04_nacl_level08",
                                    "05_nacl_level14",
                                    "07_lto_level06",
                                    "10_pdag_level20_repuls",
                                    "11_li_rbshapeev61",
                                    "13_graphene_level18",
                                    "15_molecule_ch4_level10_motep",
                                    "18_periodicity_edge_cases",
                                    NULL};

bool golden_available(void) {
  const char *shared = getenv("MTP_SHARED");
  if (!shared) return false;
  char *path = data_path(shared, "golden");
  const bool there = access(path, R_OK) == 0;
  free(path);
  return there;
}

char *golden_path(const char *name, const char *file) {
  const char *shared = getenv("MTP_SHARED");
  char *golden = data_path(shared ? shared : "", "golden"), *folder = data_path(golden, name);
  char *path = data_path(folder, file);
  free(golden);
  free(folder);
  return path;
}

bool golden_has(const char *name, const char *file) {
  char *path = golden_path(name, file);
  const bool there = access(path, R_OK) == 0;
  free(path);
  return there;
}

mtp_potential *golden_potential(mtp_context *ctx, const char *name, const char *file) {
  mtp_potential *pot = NULL;
  char *path = golden_path(name, file);
  data_must(ctx, mtp_potential_read(ctx, path, &pot));
  free(path);
  return pot;
}

mtp_config_set *golden_configs(mtp_context *ctx, const char *name, const char *file, const mtp_potential *pot) {
  mtp_config_set *set = NULL;
  char *path = golden_path(name, file);
  data_must(ctx, mtp_config_set_read(ctx, path, NULL, &set));
  const int count = mtp_potential_species_count(pot);
  char(*labels)[16] = data_calloc((size_t)count, sizeof(*labels));
  const char **names = data_calloc((size_t)count, sizeof(*names));
  for (int s = 0; s < count; s++) {
    snprintf(labels[s], sizeof(labels[s]), "%d", mtp_potential_label(pot, s));
    names[s] = labels[s];
  }
  data_must(ctx, mtp_config_set_map_species(ctx, set, count, names));
  free(names);
  free(labels);
  free(path);
  return set;
}

golden_text *golden_text_open(const char *name, const char *file) {
  golden_text *text = data_calloc(1, sizeof(*text));
  size_t size;
  text->path = golden_path(name, file);
  data_must(NULL, mtp_file_read(NULL, text->path, &text->data, &size));
  text->at = text->data;
  return text;
}

void golden_text_close(golden_text *text) {
  free(text->data);
  free(text->path);
  free(text);
}

bool golden_has_ahead(const golden_text *text, const char *word) {
  return strstr(text->at, word) != NULL;
}

void golden_seek(golden_text *text, const char *word) {
  char *found = strstr(text->at, word);
  if (!found) fail_msg("%s: no '%s'", text->path, word);
  text->at = found + strlen(word);
}

double golden_number(golden_text *text) {
  char *end;
  const double value = strtod(text->at, &end);
  if (end == text->at) fail_msg("%s: a number expected at '%.20s'", text->path, text->at);
  text->at = end;
  return value;
}

void golden_numbers(golden_text *text, size_t n, double *values) {
  for (size_t i = 0; i < n; i++) values[i] = golden_number(text);
}

void golden_aux_read(golden_text *text, const mtp_potential *pot, golden_aux *aux) {
  const size_t n = pot->nparams, scalars = (size_t)pot->basis.nscalars + 1;
  golden_seek(text, "natoms");
  aux->natoms = (size_t)golden_number(text);
  aux->listed = aux->natoms < 2 ? aux->natoms : 2;
  aux->neighbors = data_calloc(aux->natoms, sizeof(double));
  aux->site_energy = data_calloc(aux->natoms, sizeof(double));
  aux->gradient = data_calloc(n, sizeof(double));
  aux->rows = data_calloc(aux->listed * n, sizeof(double));
  aux->scalars = data_calloc(aux->listed * scalars, sizeof(double));
  golden_seek(text, "neighbor_counts");
  golden_numbers(text, aux->natoms, aux->neighbors);
  golden_seek(text, "site_energies");
  golden_numbers(text, aux->natoms, aux->site_energy);
  golden_seek(text, "dE_dparams");
  golden_numbers(text, n, aux->gradient);
  golden_seek(text, "dEsite_dparams");
  for (size_t i = 0; i < aux->listed; i++) {
    golden_seek(text, i ? "atom 1" : "atom 0");
    golden_numbers(text, n, aux->rows + i * n);
  }
  golden_seek(text, "basis_values");
  for (size_t i = 0; i < aux->listed; i++) {
    golden_seek(text, i ? "atom 1" : "atom 0");
    golden_numbers(text, scalars, aux->scalars + i * scalars);
  }
}

void golden_aux_clear(golden_aux *aux) {
  free(aux->neighbors);
  free(aux->site_energy);
  free(aux->gradient);
  free(aux->rows);
  free(aux->scalars);
}

void golden_check(int *failures, const char *name, size_t config, const char *quantity, size_t n, const double *got,
                  const double *want, double scale, double tolerance) {
  const double deviation = data_deviation(n, got, want, scale);
  const bool good = deviation <= tolerance;
  print_message("%-32s %3zu  %-24s %9.2e %s\n", name, config, quantity, deviation, good ? "" : "TOO LARGE");
  if (!good) ++*failures;
}

double golden_force_scale(const golden_visit *visit) {
  const size_t scalars = (size_t)visit->pot->basis.nscalars;
  const double *xi = visit->pot->params + visit->pot->nparams - scalars;
  double terms = 0;
  for (size_t i = 0; i < visit->aux->listed; i++) {
    double sum = 0;
    for (size_t t = 0; t < scalars; t++) sum += fabs(xi[t] * visit->aux->scalars[i * (scalars + 1) + 1 + t]);
    terms = fmax(terms, sum);
  }
  return fmax(GOLDEN_FLOOR, 1e-15 * terms / GOLDEN_FORCE);
}

/* Factors of a configuration of N atoms: energy, force, stress. */
static void factors(mtp_weighting weighting, double n, double w[3]) {
  const double powers[3][3] = {{1, 0, 1}, {0, 0, 0}, {2, 1, 2}}, base[3] = {1, 0.01, 0.001};
  for (int q = 0; q < 3; q++) w[q] = base[q] / pow(n, powers[weighting][q]);
}

double golden_loss(const mtp_config *got, const mtp_config *ref, mtp_weighting weighting, double phi) {
  double w[3], sum = 0;
  factors(weighting, (double)ref->n, w);
  if (ref->has_energy) sum += w[0] * pow(got->energy - ref->energy, 2);
  for (size_t i = 0; ref->force && i < ref->n; i++) {
    double difference = 0, size = 0;
    for (size_t a = 3 * i; a < 3 * i + 3; a++) {
      difference += pow(got->force[a] - ref->force[a], 2);
      size += ref->force[a] * ref->force[a];
    }
    sum += w[1] * difference * (phi > 0 ? phi / (size + phi) : 1);
  }
  for (int c = 0; ref->has_virial && c < 6; c++) {
    sum += (c < 3 ? 1 : 2) * w[2] * pow(got->virial[c] - ref->virial[c], 2);
  }
  return sum;
}

double golden_form_noise(const mtp_normal *nq, const double *x) {
  const size_t m = mtp_normal_size(nq);
  double sum = 0;
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < m; j++) sum += fabs(x[i] * mtp_normal_matrix(nq)[i * m + j] * x[j]);
  }
  return 1e-15 * sum / (double)mtp_normal_configs(nq);
}

/* The originals expand the functions of RBShapeev in powers and lose digits. */
double golden_gradient_tolerance(const char *name) {
  return strstr(name, "rbshapeev") ? 1e-9 : 1e-10;
}

static void visit_case(golden_visit *visit, void (*check)(golden_visit *visit)) {
  mtp_context *ctx = visit->ctx;
  visit->pot = golden_potential(ctx, visit->name, "pot.mtp");
  mtp_config_set *input = golden_configs(ctx, visit->name, "input.cfg", visit->pot);
  mtp_config_set *reference = golden_configs(ctx, visit->name, "reference.cfg", visit->pot);
  golden_text *text = golden_text_open(visit->name, "aux.txt");
  assert_int_equal(input->n, reference->n);
  for (size_t k = 0; k < input->n; k++) {
    golden_aux aux;
    golden_aux_read(text, visit->pot, &aux);
    visit->number = k;
    visit->input = input->configs[k];
    visit->reference = reference->configs[k];
    visit->aux = &aux;
    assert_int_equal(aux.natoms, visit->input->n);
    assert_int_equal(aux.natoms, visit->reference->n);
    assert_false(visit->input->has_energy || visit->input->has_virial || visit->input->force);
    check(visit);
    golden_aux_clear(&aux);
  }
  golden_text_close(text);
  mtp_config_set_free(reference);
  mtp_config_set_free(input);
  mtp_potential_free(visit->pot);
}

void golden_visit_all(mtp_context *ctx, void (*check)(golden_visit *visit)) {
  golden_visit visit = {.ctx = ctx};
  for (int c = 0; golden_cases[c]; c++) {
    visit.name = golden_cases[c];
    visit_case(&visit, check);
  }
  assert_int_equal(visit.failures, 0);
}

void golden_visit_cases(const char *file, int minimum, void (*check)(const char *name, int *failures)) {
  int failures = 0, cases = 0;
  for (int c = 0; golden_cases[c]; c++) {
    if (!golden_has(golden_cases[c], file)) continue;
    check(golden_cases[c], &failures);
    cases++;
  }
  assert_true(cases >= minimum);
  assert_int_equal(failures, 0);
}
