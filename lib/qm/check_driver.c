/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/check_driver.c
 * Is what a QM driver returns the energy of the atoms that were sent, with its own derivatives? Finite differences
 * through the driver tell. A sheared cell without symmetry shows what a cubic crystal hides: transposed
 * cells, mixed-up components, permuted atoms. Energies come first: whatever else is returned must be their derivative.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/units.h"
#include "mtp/qm.h"
#include "support/support.h"

#define STEP       0.01  /* A */
#define STRAIN     0.004 /* what qm engines resolve well, and small enough for 0.1 % */
#define DISPLACE   0.05  /* A, at most, of the copy */
#define PROPORTION 0.03  /* relative: two lists of numbers are taken for proportional */
/* Beyond the first a user should know, beyond the second the driver is wrong: between them lie the errors of engines,
 * such as the stress of an incomplete set of plane waves, which no driver can mend. eV/A and GPa. */
#define FORCE_TOLERANCE(scale)  (0.005 + 0.01 * (scale))
#define STRESS_NOTICE(scale)    (0.03 + 0.005 * (scale))
#define STRESS_TOLERANCE(scale) (0.5 + 0.1 * (scale))
#define SHEAR_TOLERANCE(scale)  (0.1 + 0.01 * (scale))
#define SHEAR_SHARE             0.25 /* of the largest component of the shear */
#define SHIFT_TOLERANCE         2e-3 /* eV */
#define SHIFT                   3    /* lattice vectors: what is not one in a transposed cell misses by more */

enum { COMPONENTS = 6, MOST_CALLS = 26 };

static const int component_axes[COMPONENTS][2] = {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}};

/* A call of the check and its answer. */
typedef struct probe {
  mtp_config *config, *label;
} probe;

typedef struct check {
  const mtp_qm_check_options *options;
  mtp_qm_check *out;
  probe probes[MOST_CALLS];
  int count;
  int shift; /* number of the probe with an atom moved by a lattice vector, 0 without */
} check;

static void add_problem(check *k, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add_problem(check *k, const char *format, ...) {
  mtp_qm_check *out = k->out;
  if (out->problem_count == MTP_QM_CHECK_PROBLEMS) return;
  va_list args;
  va_start(args, format);
  mtp_vsnprintf(out->problems[out->problem_count++], sizeof out->problems[0], format, args);
  va_end(args);
}

/* ---- configurations ---- */

/* Row vectors times 1 + e. */
static void strain(mtp_config *cfg, const double e[9]) {
  double *vectors[2] = {cfg->cell, cfg->x};
  const size_t counts[2] = {3, cfg->n};
  for (int part = 0; part < 2; part++)
    for (size_t i = 0; i < counts[part]; i++) {
      double *v = vectors[part] + 3 * i, w[3];
      for (int b = 0; b < 3; b++) w[b] = v[b] + v[0] * e[b] + v[1] * e[3 + b] + v[2] * e[6 + b];
      memcpy(v, w, sizeof w);
    }
}

static mtp_config *copy_of(const mtp_config *cfg) {
  mtp_config *copy = mtp_config_copy(cfg);
  if (!copy) return NULL;
  free(copy->force);
  free(copy->site_energy);
  free(copy->grade);
  copy->force = copy->site_energy = copy->grade = NULL;
  copy->has_energy = copy->has_virial = copy->has_max_grade = false;
  return copy;
}

/* Displacements by a small fixed generator, so that a check can be repeated. */
static mtp_config *disturbed(const mtp_config *cfg, bool periodic) {
  static const double shear[9] = {0.010, 0, 0, 0.050, -0.008, 0, -0.040, 0.030, 0.006};
  mtp_config *copy = copy_of(cfg);
  if (!copy) return NULL;
  if (periodic) strain(copy, shear);
  unsigned state = 12345;
  for (size_t i = 0; i < 3 * copy->n; i++) {
    state = state * 1103515245U + 12345U;
    copy->x[i] += DISPLACE * ((double)(state >> 16 & 0x7fff) / 16384.0 - 1.0);
  }
  return copy;
}

static mtp_config *add_probe(check *k, const mtp_config *base) {
  mtp_config *cfg = copy_of(base);
  k->probes[k->count++].config = cfg;
  return cfg;
}

static bool make_probes(check *k, const mtp_config *given) {
  mtp_config *base = disturbed(given, k->out->periodic);
  k->probes[k->count++].config = base;
  bool ok = base != NULL;
  for (int a = 0; ok && a < k->out->atom_count; a++)
    for (size_t d = 0; ok && d < 6; d++) {
      mtp_config *cfg = add_probe(k, base);
      ok = cfg != NULL;
      if (ok) cfg->x[3 * k->out->atoms[a] + d / 2] += d % 2 ? -STEP : STEP;
    }
  if (!ok || !k->out->periodic) return ok;
  mtp_config *shifted = add_probe(k, base);
  k->shift = k->count - 1;
  for (int d = 0; shifted && d < 3; d++) shifted->x[d] += SHIFT * (base->cell[3 + d] + base->cell[6 + d]);
  ok = shifted != NULL;
  for (int s = 0; ok && s < 2 * COMPONENTS; s++) {
    mtp_config *cfg = add_probe(k, base);
    const int *axes = component_axes[s / 2];
    double e[9] = {0}, amount = s % 2 ? -STRAIN : STRAIN;
    e[3 * axes[0] + axes[1]] += amount / 2;
    e[3 * axes[1] + axes[0]] += amount / 2;
    ok = cfg != NULL;
    if (ok) strain(cfg, e);
  }
  return ok;
}

static void tell_progress(const check *k) {
  if (k->options && k->options->progress) k->options->progress(k->options->user, k->out->calls, k->count);
}

static mtp_status keep_label(void *user, size_t i, mtp_config *label, const mtp_qm_report *report) {
  check *k = user;
  k->probes[i].label = label;
  k->out->seconds += report->seconds;
  k->out->calls++;
  tell_progress(k);
  /* these end everything anyway, and are told then */
  if (label || report->status == MTP_QM_CANNOT_START || report->status == MTP_QM_STOPPED) return MTP_OK;
  if (k->out->problem_count == 0)
    add_problem(k, "a call failed: %s: %s%s%s", mtp_qm_status_name(report->status), report->reason,
                report->dir[0] ? "; see " : "", report->dir);
  return MTP_ERR_QM; /* differences need all of them, and each may take an hour */
}

/* ---- what is wrong ---- */

typedef struct factor {
  double value;
  const char *meaning;
} factor;

static const factor force_factors[] = {
    {-1.0, "the sign is reversed (gradients instead of forces)"},
    {1.0 / 51.4220674763, "the unit is Hartree/bohr"},
    {-1.0 / 51.4220674763, "the unit is Hartree/bohr and the sign is reversed"},
    {1.0 / 25.7110337381, "the unit is Rydberg/bohr"},
    {MTP_BOHR, "the unit of length in them is bohr (eV/bohr, or Hartree/bohr with energies in Hartree)"},
    {1.0 / MTP_HARTREE, "forces are in Hartree, or energies in eV are not"},
    {MTP_HARTREE, "the energy is in Hartree"},
    {MTP_RYDBERG, "the energy is in Rydberg"},
    {51.4220674763, "the unit of forces was converted twice, or that of energies not at all"},
    {23.0605480, "forces are in kcal/mol/A"},
    {1.0 / 23.0605480, "the energy is in kcal/mol"},
    {96.4853321, "forces are in kJ/mol/A"},
    {1.0 / 96.4853321, "the energy is in kJ/mol"},
    {2.0, "forces were taken for Hartree/bohr, or the energy for Rydberg, and are not"},
    {0.5, "forces were taken for Rydberg/bohr, or the energy for Hartree, and are not"},
};

/* Is a = r * b? */
static bool proportion(int n, const double *a, const double *b, double *r) {
  double ab = 0, bb = 0, largest = 0, deviation = 0;
  for (int i = 0; i < n; i++) {
    ab += a[i] * b[i];
    bb += b[i] * b[i];
    largest = fmax(largest, fabs(a[i]));
  }
  if (bb == 0 || largest == 0) return false;
  *r = ab / bb;
  for (int i = 0; i < n; i++) deviation = fmax(deviation, fabs(a[i] - *r * b[i]));
  return deviation < PROPORTION * largest && *r != 0;
}

static const char *meaning_of(double r, const factor *factors, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (fabs(r / factors[i].value - 1) < PROPORTION) return factors[i].meaning;
  return NULL;
}

static double deviation(int n, const double *a, const double *b, double *scale) {
  double largest = 0;
  *scale = 0;
  for (int i = 0; i < n; i++) {
    largest = fmax(largest, fabs(a[i] - b[i]));
    *scale = fmax(*scale, fabs(b[i]));
  }
  return largest;
}

/* Is the force that atom k->out->atoms[a] should have reported for another one? Then forces are of other atoms. */
static bool find_swapped(check *k) {
  const mtp_config *label = k->probes[0].label;
  double scale, most = FORCE_TOLERANCE(0);
  for (int a = 0; a < k->out->atom_count; a++) {
    if (deviation(3, k->out->force_reported + 3 * a, k->out->force_expected + 3 * a, &scale) < most) continue;
    for (size_t i = 0; i < label->n; i++) {
      if (i == k->out->atoms[a] || deviation(3, label->force + 3 * i, k->out->force_expected + 3 * a, &scale) >= most)
        continue;
      add_problem(k, "forces are of other atoms: atom %zu is given that of atom %zu", i + 1, k->out->atoms[a] + 1);
      return true;
    }
  }
  return false;
}

static const char *meaning_for_forces(const check *k, double r) {
  const char *meaning = meaning_of(r, force_factors, sizeof force_factors / sizeof force_factors[0]);
  if (meaning) return meaning;
  const double atoms = (double)k->probes[0].label->n;
  return fabs(r / atoms - 1) < PROPORTION ? "the energy is that of one atom, not of all" : "wrong unit";
}

static void explain_forces(check *k, int n, double worst, double scale) {
  double r;
  /* a factor of one is no unit: it is the rest that is wrong */
  if (proportion(n, k->out->force_reported, k->out->force_expected, &r) && fabs(r - 1) > PROPORTION)
    add_problem(k, "forces are %.5g times minus the gradient of the energy: %s", r, meaning_for_forces(k, r));
  else if (scale == 0)
    add_problem(k, "the energy does not change when atoms are moved: it is not that of the atoms that were sent");
  else if (!find_swapped(k))
    add_problem(k,
                "forces are not the gradient of the energy (off by up to %.3g eV/A of %.3g): not the free energy where "
                "there is smearing, not converged, too few digits, atoms in another order, or another cell",
                worst, scale);
}

static double judge_forces(check *k) {
  const mtp_config *label = k->probes[0].label;
  int n = 3 * k->out->atom_count;
  for (int i = 0; i < n; i++) {
    k->out->force_reported[i] = label->force[3 * k->out->atoms[i / 3] + (size_t)(i % 3)];
    k->out->force_expected[i] = -(k->probes[1 + 2 * i].label->energy - k->probes[2 + 2 * i].label->energy) / (2 * STEP);
  }
  double scale, worst = deviation(n, k->out->force_reported, k->out->force_expected, &scale);
  if (worst > FORCE_TOLERANCE(scale))
    explain_forces(k, n, worst, scale);
  else if (scale < FORCE_TOLERANCE(0))
    add_problem(k, "forces are not tested: those of this configuration vanish, so begin IN with one of several atoms "
                   "that feel each other");
  return worst;
}

/* Components in another order, such as Voigt's yz xz xy; the diagonal must agree. */
static bool is_reordered(const double *reported, const double *expected, double tolerance) {
  static const int orders[5][3] = {{5, 4, 3}, {4, 3, 5}, {3, 5, 4}, {4, 5, 3}, {5, 3, 4}};
  double scale;
  if (deviation(3, reported, expected, &scale) > tolerance) return false;
  for (int o = 0; o < 5; o++) {
    const double other[3] = {expected[orders[o][0]], expected[orders[o][1]], expected[orders[o][2]]};
    if (deviation(3, reported + 3, other, &scale) <= tolerance) return true;
  }
  return false;
}

/* The pressure of an incomplete basis is about the same in all directions, so that shear is better than the rest: what
 * is off there by a large part of it is wrong, small as it may be beside the pressure. */
static bool find_wrong_shear(check *k, double scale) {
  static const factor factors[] = {
      {0.5, "of the two triangles of the tensor only one is filled, and their mean was taken"},
      {2.0, "they are sums of both triangles of the tensor, or belong to engineering strains"},
      {-1.0, "their sign is reversed (the tensor of a turned or mirrored cell)"},
  };
  const double *reported = k->out->stress_reported + 3, *expected = k->out->stress_expected + 3;
  double shear, r, worst = deviation(3, reported, expected, &shear), unused;
  if (worst <= SHEAR_TOLERANCE(scale) || worst <= SHEAR_SHARE * shear) return false;
  const char *meaning = NULL;
  for (size_t i = 0; !meaning && i < sizeof factors / sizeof factors[0]; i++) {
    const double f = factors[i].value, other[3] = {f * expected[0], f * expected[1], f * expected[2]};
    if (deviation(3, reported, other, &unused) <= fmax(0.1 * fabs(f) * shear, SHEAR_TOLERANCE(scale) / 3)) {
      meaning = factors[i].meaning;
      r = f;
    }
  }
  if (meaning)
    add_problem(k, "the components xy, xz, yz of the virial are %g times what they should be: %s", r, meaning);
  else if (deviation(3, reported, (const double[3]){0, 0, 0}, &unused) <= 0.1 * shear)
    add_problem(k, "the components xy, xz, yz of the virial are missing: the stress has a shear of %.3g GPa", shear);
  else
    add_problem(k,
                "the components xy, xz, yz of the virial are off by up to %.3g GPa of %.3g: of another cell, or frame",
                worst, shear);
  return true;
}

static double judge_stress(check *k) {
  const mtp_config *label = k->probes[0].label;
  double volume = mtp_config_volume(label), *reported = k->out->stress_reported, *expected = k->out->stress_expected;
  for (int s = 0; s < COMPONENTS; s++) {
    const probe *plus = &k->probes[k->shift + 1 + 2 * s], *minus = plus + 1;
    reported[s] = label->virial[s] / volume * MTP_GPA;
    expected[s] = -(plus->label->energy - minus->label->energy) / (2 * STRAIN) / volume * MTP_GPA;
  }
  double scale, r, worst = deviation(COMPONENTS, reported, expected, &scale);
  if (worst <= STRESS_NOTICE(scale)) return worst;
  const factor factors[] = {
      {-1.0, "the sign is reversed (stress counted positive in tension)"},
      {1.0 / volume, "it is a stress in eV/A^3, not a virial in eV"},
      {-1.0 / volume, "it is a stress in eV/A^3 that counts tension as positive, not a virial in eV"},
      {MTP_GPA / volume, "it is a stress in GPa, not a virial in eV"},
      {-MTP_GPA / volume, "it is a stress in GPa that counts tension as positive, not a virial in eV"},
      {10 * MTP_GPA / volume, "it is a stress in kbar, not a virial in eV"},
      {MTP_GPA, "the unit of the stress is GPa, not eV/A^3"},
      {-MTP_GPA, "the unit of the stress is GPa, not eV/A^3, and the sign is reversed"},
      {10 * MTP_GPA, "the unit of the stress is kbar, not eV/A^3"},
      {1.0 / 183.6315, "the unit of the stress is Hartree/bohr^3"},
      {-1.0 / 183.6315, "the unit of the stress is Hartree/bohr^3, and the sign is reversed"},
      {1.0 / MTP_HARTREE, "the unit of the virial is Hartree"},
      {-1.0 / MTP_HARTREE, "the unit of the virial is Hartree, and the sign is reversed"},
      {2.0, "it is twice the virial"},
  };
  const char *meaning = NULL;
  if (proportion(COMPONENTS, reported, expected, &r))
    meaning = meaning_of(r, factors, sizeof factors / sizeof factors[0]);
  if (meaning)
    add_problem(k, "the virial is %.5g times minus the derivative of the energy by the strain: %s", r, meaning);
  else if (is_reordered(reported, expected, STRESS_NOTICE(scale)))
    add_problem(k, "the components xy, xz, yz of the virial are in another order");
  else if (find_wrong_shear(k, scale))
    return worst;
  else if (worst <= STRESS_TOLERANCE(scale) && k->out->problem_count == 0) /* else it says nothing about the basis */
    mtp_snprintf(k->out->notice, sizeof k->out->notice,
                 "the stress is off by up to %.2g GPa of %.3g: an incomplete basis (larger cutoffs make it less), "
                 "or an engine whose stress is not exact",
                 worst, scale);
  else
    add_problem(
        k,
        "the virial is not minus the derivative of the energy by the strain: the stress is off by up to %.3g GPa "
        "of %.3g, %s",
        worst, scale,
        k->out->problem_count
            ? "perhaps for the same reason"
            : "though forces are right: with plane waves look first at the basis (try larger cutoffs)");
  return worst;
}

static double judge_shift(check *k) {
  double change = k->probes[k->shift].label->energy - k->probes[0].label->energy;
  if (!(fabs(change) <= SHIFT_TOLERANCE))
    add_problem(k,
                "the energy changes by %.4g eV when an atom is moved by lattice vectors: the engine computes another "
                "cell than was sent (transposed?)",
                change);
  return change;
}

static void judge(check *k) {
  const mtp_config *label = k->probes[0].label;
  mtp_qm_check *out = k->out;
  if (!label->force) {
    add_problem(k, "the driver gives no forces");
    return;
  }
  out->complete = true;
  if (out->periodic) out->lattice_energy_change = judge_shift(k);
  out->force_deviation = judge_forces(k);
  if (out->periodic && label->has_virial) out->stress_deviation = judge_stress(k);
  if (out->periodic && !label->has_virial) add_problem(k, "there is no virial");
}

/* ---- the check ---- */

/* The atom to be displaced besides the first: the last one that finds itself elsewhere when an engine groups atoms by
 * species and nobody puts them back, else the last of all. */
static size_t second_atom(const mtp_config *cfg, int species_count) {
  size_t place = cfg->n;
  for (int s = species_count; s-- > 0;)
    for (size_t i = cfg->n; i-- > 0;) {
      if (cfg->species[i] != s) continue;
      if (--place != i && i > 0) return i;
    }
  return cfg->n - 1;
}

static mtp_status run_probes(mtp_context *ctx, mtp_qm *qm, int species_count, const char *const *names, check *k) {
  const mtp_config *configs[MOST_CALLS];
  for (int i = 0; i < k->count; i++) configs[i] = k->probes[i].config;
  tell_progress(k);
  const mtp_status status =
      mtp_qm_label_all(ctx, qm, (size_t)k->count, configs, NULL, species_count, names, keep_label, k);
  if (k->out->problem_count) return MTP_OK; /* the answer is that a call failed */
  if (status == MTP_OK) judge(k);
  return status;
}

mtp_status mtp_qm_check_driver(mtp_context *ctx, mtp_qm *qm, const mtp_config *cfg, int species_count,
                               const char *const *names, const mtp_qm_check_options *options, mtp_qm_check *out) {
  if (!qm || !cfg || !names || !out || cfg->n == 0)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "checking a driver: expected a driver and a configuration with its species");
  mtp_qm_check result = {.atom_count = cfg->n > 1 ? 2 : 1};
  check k = {.options = options, .out = &result};
  result.atoms[1] = second_atom(cfg, species_count);
  result.periodic = cfg->periodic[0] && cfg->periodic[1] && cfg->periodic[2];
  mtp_status status = make_probes(&k, cfg) ? run_probes(ctx, qm, species_count, names, &k) : mtp_fail_memory(ctx);
  for (int i = 0; i < k.count; i++) {
    mtp_config_free(k.probes[i].config);
    mtp_config_free(k.probes[i].label);
  }
  if (status == MTP_OK) *out = result;
  return status;
}
