/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/evaluator.c
 * The evaluator: central atoms sorted by species, handed to the block kernel, gradient rows graded in batches. */
#include "mtp/evaluator.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/block.h"
#include "kernel/grade.h"
#include "kernel/plan.h"

struct mtp_evaluator {
  mtp_plan *plan;
  mtp_isa isa;
  mtp_precision precision;
  mtp_workspace ws;
  int *order;            /* central atoms sorted by species */
  size_t order_capacity; /* entries of order */
  mtp_grader *grader;    /* or NULL */
  mtp_mode mode;
  double *rows;    /* [MTP_GRADE_BATCH*length] compact ones */
  double *factor;  /* [m*m] of a posterior of the linear coefficients, or NULL */
  double *product; /* [MTP_GRADE_BATCH*S] */
};

static mtp_block_function *choose_block(mtp_isa isa, mtp_precision precision) {
  const int mixed = precision == MTP_PRECISION_MIXED;
#if defined(__x86_64__)
  if (isa == MTP_ISA_AVX512) return mixed ? mtp_block_mixed_avx512 : mtp_block_avx512;
  if (isa == MTP_ISA_AVX2) return mixed ? mtp_block_mixed_avx2 : mtp_block_avx2;
#endif
  (void)isa;
  return mixed ? mtp_block_mixed_baseline : mtp_block_baseline;
}

mtp_status mtp_evaluator_new(mtp_context *ctx, const mtp_potential *pot, mtp_evaluator **out) {
  if (out) *out = NULL;
  if (!pot || !out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "evaluator: no potential given");
  if (!pot->trained)
    return mtp_fail(ctx, MTP_ERR_STATE, "the potential is untrained: it has no coefficients to evaluate");
  mtp_evaluator *ev = mtp_calloc(1, sizeof *ev);
  if (!ev) return mtp_fail_memory(ctx);
  ev->isa = mtp_context_isa(ctx);
  mtp_status status = mtp_plan_new(ctx, pot, MTP_PLAN_FROZEN, mtp_isa_vector_bytes(ev->isa), &ev->plan);
  if (status == MTP_OK) status = mtp_workspace_init(ctx, &ev->ws, ev->plan);
  if (status != MTP_OK) {
    mtp_evaluator_free(ev);
    return status;
  }
  *out = ev;
  return MTP_OK;
}

void mtp_evaluator_free(mtp_evaluator *ev) {
  if (!ev) return;
  mtp_workspace_clear(&ev->ws);
  free(ev->order);
  mtp_grader_free(ev->grader);
  free(ev->rows);
  free(ev->factor);
  free(ev->product);
  mtp_plan_free(ev->plan);
  free(ev);
}

mtp_status mtp_evaluator_set_precision(mtp_context *ctx, mtp_evaluator *ev, mtp_precision precision) {
  if (!ev || (precision != MTP_PRECISION_DOUBLE && precision != MTP_PRECISION_MIXED))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "evaluator: expected precision double or mixed");
  if (precision == MTP_PRECISION_MIXED) {
    const mtp_status status = mtp_workspace_widen(ctx, &ev->ws, ev->plan);
    if (status != MTP_OK) return status;
  }
  ev->precision = precision;
  return MTP_OK;
}

mtp_status mtp_evaluator_set_inverse(mtp_context *ctx, mtp_evaluator *ev, mtp_mode mode, size_t n,
                                     const double *inverse) {
  if (!ev || !inverse) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "evaluator: no active set given");
  if (n != ev->plan->nparams)
    return mtp_fail(ctx, MTP_ERR_STATE,
                    "the active set has %zu rows, the potential %zu parameters: they do not belong together", n,
                    ev->plan->nparams);
  mtp_grader *grader = NULL;
  const mtp_status status = mtp_grader_new(ctx, ev->plan, mode, inverse, &grader);
  if (status != MTP_OK) return status;
  mtp_grader_free(ev->grader);
  ev->grader = grader;
  ev->mode = mode;
  return MTP_OK;
}

static size_t coefficients(const mtp_evaluator *ev) {
  return (size_t)ev->plan->nspecies + (size_t)ev->plan->nscalars;
}

mtp_status mtp_evaluator_set_factor(mtp_context *ctx, mtp_evaluator *ev, size_t m, const double *factor) {
  if (!ev || !factor) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "evaluator: no posterior given");
  if (m != coefficients(ev))
    return mtp_fail(ctx, MTP_ERR_STATE, "the posterior is of %zu coefficients, the potential has %zu", m,
                    coefficients(ev));
  if (!ev->factor) ev->factor = mtp_alloc_aligned(m * m, sizeof(double));
  if (!ev->product) ev->product = mtp_alloc_aligned(MTP_GRADE_BATCH * m, sizeof(double));
  if (!ev->factor || !ev->product) return mtp_fail_memory(ctx);
  memcpy(ev->factor, factor, m * m * sizeof(double));
  return MTP_OK;
}

double mtp_evaluator_memory(const mtp_evaluator *ev) {
  if (!ev) return 0.0;
  const size_t rows = ev->rows ? MTP_GRADE_BATCH * mtp_plan_row_length(ev->plan, false) : 0;
  const double m = (double)coefficients(ev), factor = ev->factor ? sizeof(double) * m * (m + MTP_GRADE_BATCH) : 0.0;
  return mtp_workspace_bytes(&ev->ws, ev->plan) + (double)(ev->order_capacity * sizeof *ev->order) +
         (double)(rows * sizeof(double)) + factor + (ev->grader ? mtp_grader_memory(ev->grader) : 0.0);
}

mtp_status mtp_evaluator_grade_row(mtp_context *ctx, mtp_evaluator *ev, const double *row, double *grade) {
  if (!ev || !row || !grade) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "evaluator: no row given");
  if (!ev->grader) return mtp_fail(ctx, MTP_ERR_STATE, "grades need an active set");
  *grade = mtp_grader_full_row(ev->grader, row);
  return MTP_OK;
}

mtp_atoms mtp_atoms_of(const mtp_neighbors *nb) {
  if (!nb) return (mtp_atoms){.mask = -1};
  return (mtp_atoms){.nall = nb->nall,
                     .ncentral = nb->n,
                     .x = nb->x,
                     .type = nb->species,
                     .count = nb->count,
                     .list = nb->list,
                     .mask = -1};
}

/* Counting sort of the central atoms by species into ev->order; start[C+1]. Skips atoms of no species. */
static mtp_status sort_by_species(mtp_context *ctx, mtp_evaluator *ev, const mtp_atoms *atoms, size_t *start) {
  const int C = ev->plan->nspecies;
  if (atoms->ncentral > ev->order_capacity) {
    size_t capacity = atoms->ncentral + atoms->ncentral / 8;
    int *larger = mtp_realloc(ev->order, capacity, sizeof(int));
    if (!larger) return mtp_fail_memory(ctx);
    ev->order = larger;
    ev->order_capacity = capacity;
  }
  memset(start, 0, ((size_t)C + 2) * sizeof *start);
  for (int pass = 0; pass < 2; pass++) { /* count, then place; start[s+1] runs through species s in the second pass */
    for (size_t k = 0; k < atoms->ncentral; k++) {
      const int i = atoms->central ? atoms->central[k] : (int)k;
      const int s = atoms->species_of_type ? atoms->species_of_type[atoms->type[i]] : atoms->type[i];
      if (s < 0 && atoms->species_of_type) continue;
      if (s < 0 || s >= C)
        return mtp_fail(ctx, MTP_ERR_ARGUMENT, "atom %d has species %d: the potential has %d", i + 1, s, C);
      if (pass == 0)
        start[s + 2]++;
      else
        ev->order[start[s + 1]++] = i;
    }
    if (pass == 0)
      for (int s = 0; s < C; s++) start[s + 2] += start[s + 1];
  }
  return MTP_OK;
}

static bool wants_grades(const mtp_request *request, const mtp_output *out) {
  return out->grade || request->largest_grade;
}

/* Where the row of an atom goes in mtp_output.rows: atom -> position in the central list. NULL when memory is
 * exhausted. */
static size_t *row_places(const mtp_atoms *atoms) {
  size_t nall = 0;
  for (size_t k = 0; k < atoms->ncentral; k++) {
    const size_t i = atoms->central ? (size_t)atoms->central[k] : k;
    if (i >= nall) nall = i + 1;
  }
  size_t *place = mtp_calloc(nall, sizeof *place);
  if (place)
    for (size_t k = 0; k < atoms->ncentral; k++) place[atoms->central ? (size_t)atoms->central[k] : k] = k;
  return place;
}

/* Grades of the rows of task->list, of each or only the largest so far. */
static void grade_batch(mtp_evaluator *ev, const mtp_task *task) {
  mtp_output *out = task->out;
  if (!out->grade) {
    const int found = mtp_grader_largest(ev->grader, task->species, task->natoms, task->rows, &out->max_grade);
    if (found >= 0) out->max_grade_atom = task->list[found];
    return;
  }
  double grade[MTP_GRADE_BATCH];
  mtp_grader_rows(ev->grader, task->species, task->natoms, task->rows, grade);
  for (size_t k = 0; k < task->natoms; k++) {
    out->grade[task->list[k]] = grade[k];
    if (grade[k] <= out->max_grade) continue;
    out->max_grade = grade[k];
    out->max_grade_atom = task->list[k];
  }
}

/* The full row of a compact one. */
static void expand_row(const mtp_plan *plan, int species, const double *compact, double *row) {
  const size_t radial = mtp_plan_radial(plan, 1, 0), constants = mtp_plan_radial(plan, plan->nspecies, 0);
  memset(row, 0, plan->nparams * sizeof *row);
  memcpy(row + (size_t)species * radial, compact, radial * sizeof *row);
  row[constants + (size_t)species] = compact[radial];
  memcpy(row + constants + (size_t)plan->nspecies, compact + radial + 1, (size_t)plan->nscalars * sizeof *row);
}

/* Variances of the site energies: |F b|^2 with b the 1 of the species and the scalars. */
static void site_variances(mtp_evaluator *ev, const mtp_task *task) {
  const mtp_plan *plan = ev->plan;
  const size_t length = mtp_plan_row_length(plan, task->linear), S = (size_t)plan->nscalars, C = (size_t)plan->nspecies;
  const size_t m = C + S, species = (size_t)task->species;
  double constant = 0;
  for (size_t i = species; i < C; i++) constant += ev->factor[i * m + species] * ev->factor[i * m + species];
  for (size_t k = 0; k < task->natoms; k++)
    memcpy(ev->product + k * S, task->rows + (k + 1) * length - S, S * sizeof(double));
  cblas_dtrmm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, (int)task->natoms, (int)S, 1.0,
              ev->factor + C * m + C, (int)m, ev->product, (int)S);
  for (size_t k = 0; k < task->natoms; k++) {
    double sum = constant;
    for (size_t t = 0; t < S; t++) {
      const double element = ev->product[k * S + t] + ev->factor[(C + t) * m + species];
      sum += element * element;
    }
    task->out->site_variance[task->list[k]] = sum;
  }
}

/* Leaves the linear coefficients of the rows of a batch. */
static void drop_radial(const mtp_plan *plan, mtp_task *task) {
  const size_t from = mtp_plan_row_length(plan, false), to = mtp_plan_row_length(plan, true);
  for (size_t k = 0; k < task->natoms; k++)
    memmove(task->rows + k * to, task->rows + (k + 1) * from - to, to * sizeof(double));
  task->linear = true;
}

/* Evaluates the atoms of a task batch by batch, keeping and grading the rows of each batch. */
static void compute_batches(mtp_evaluator *ev, mtp_task all, const size_t *place) {
  const mtp_plan *plan = ev->plan;
  const mtp_output *out = all.out;
  const bool graded = wants_grades(all.request, out), linear_grades = graded && mtp_grader_is_linear(ev->grader);
  const size_t total = all.natoms, length = mtp_plan_row_length(plan, false);
  all.rows = ev->rows;
  all.linear = !out->rows && !all.total && (!graded || linear_grades);
  for (size_t done = 0; done < total; done += MTP_GRADE_BATCH, all.list += MTP_GRADE_BATCH) {
    mtp_task task = all;
    task.natoms = total - done < MTP_GRADE_BATCH ? total - done : MTP_GRADE_BATCH;
    choose_block(ev->isa, MTP_PRECISION_DOUBLE)(plan, &ev->ws, &task);
    if (out->rows)
      for (size_t k = 0; k < task.natoms; k++)
        expand_row(plan, task.species, ev->rows + k * length, out->rows + place[task.list[k]] * plan->nparams);
    if (linear_grades && !task.linear) drop_radial(plan, &task);
    if (graded) grade_batch(ev, &task);
    if (out->site_variance) site_variances(ev, &task);
  }
}

static mtp_status compute_sorted(mtp_context *ctx, mtp_evaluator *ev, const mtp_atoms *atoms, const size_t *start,
                                 const mtp_request *request, mtp_output *out) {
  const bool want_rows = out->rows || out->site_variance || wants_grades(request, out);
  size_t *place = NULL;
  if (want_rows && !ev->rows)
    ev->rows = mtp_alloc_aligned(MTP_GRADE_BATCH * mtp_plan_row_length(ev->plan, false), sizeof(double));
  if (out->rows) {
    place = row_places(atoms);
    memset(out->rows, 0, atoms->ncentral * ev->plan->nparams * sizeof(double)); /* also of atoms of no species */
  }
  if ((want_rows && !ev->rows) || (out->rows && !place)) {
    free(place);
    return mtp_fail_memory(ctx);
  }
  for (int s = 0; s < ev->plan->nspecies; s++) {
    const mtp_task task = {.atoms = atoms,
                           .species = s,
                           .natoms = start[s + 1] - start[s],
                           .list = ev->order + start[s],
                           .total = out->gradient,
                           .request = request,
                           .out = out};
    if (want_rows)
      compute_batches(ev, task, place);
    else
      choose_block(ev->isa, out->gradient ? MTP_PRECISION_DOUBLE : ev->precision)(ev->plan, &ev->ws, &task);
  }
  free(place);
  return MTP_OK;
}

mtp_status mtp_evaluator_compute(mtp_context *ctx, mtp_evaluator *ev, const mtp_atoms *atoms,
                                 const mtp_request *request, mtp_output *out) {
  static const mtp_request all = {0};
  if (!ev || !atoms || !out || (atoms->ncentral && (!atoms->x || !atoms->type || !atoms->count || !atoms->list)))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "evaluator: no atoms given");
  if (!request) request = &all;
  const bool graded = wants_grades(request, out);
  if (graded && !ev->grader) return mtp_fail(ctx, MTP_ERR_STATE, "grades need an active set");
  if (graded && ev->mode != MTP_MODE_NEIGHBOURHOOD)
    return mtp_fail(ctx, MTP_ERR_STATE, "grades of atoms need an active set of mode neighbourhood");
  if (out->site_variance && !ev->factor) return mtp_fail(ctx, MTP_ERR_STATE, "errors to expect need a posterior");
  if (graded) {
    out->max_grade = 0.0;
    out->max_grade_atom = -1;
  }
  if (atoms->ncentral == 0) return MTP_OK;
  size_t *start = mtp_calloc((size_t)ev->plan->nspecies + 2, sizeof *start);
  if (!start) return mtp_fail_memory(ctx);
  mtp_status status = sort_by_species(ctx, ev, atoms, start);
  if (status == MTP_OK) status = mtp_workspace_begin(ctx, &ev->ws, ev->plan, atoms, out);
  if (status == MTP_OK) status = compute_sorted(ctx, ev, atoms, start, request, out);
  if (status == MTP_OK) mtp_workspace_end(&ev->ws, atoms, out);
  /* where all grades are zero, the first atom has the largest */
  if (graded && out->max_grade_atom < 0 && start[ev->plan->nspecies] > 0) out->max_grade_atom = ev->order[0];
  free(start);
  return status;
}

/* The forces of images belong to the atoms that they are images of. */
static void fold_forces(const mtp_neighbors *nb, const double *force, double *folded) {
  memcpy(folded, force, 3 * nb->n * sizeof(double));
  for (size_t j = nb->n; j < nb->nall; j++)
    for (size_t a = 0; a < 3; a++) folded[3 * (size_t)nb->owner[j] + a] += force[3 * j + a];
}

/* Results of one configuration, allocated before anything is computed so that a failure leaves the configuration alone.
 */
typedef struct config_results {
  mtp_neighbors *nb;
  double *all_force; /* [3*nall] */
  double *force, *site_energy, *grade, *gradient;
  int *central; /* or NULL for all */
} config_results;

static void config_results_free(config_results *r) {
  mtp_neighbors_free(r->nb);
  free(r->all_force);
  free(r->force);
  free(r->site_energy);
  free(r->grade);
  free(r->gradient);
  free(r->central);
}

/* Ghosts have neither energy nor grade. */
static mtp_status leave_out_ghosts(mtp_context *ctx, const mtp_config *cfg, mtp_atoms *atoms, config_results *r) {
  if (!cfg->ghost) return MTP_OK;
  r->central = mtp_calloc(cfg->n, sizeof *r->central);
  if (!r->central) return mtp_fail_memory(ctx);
  atoms->central = r->central;
  atoms->ncentral = 0;
  for (size_t i = 0; i < cfg->n; i++)
    if (!cfg->ghost[i]) r->central[atoms->ncentral++] = (int)i;
  return MTP_OK;
}

/* Replaces what was known before, also by nothing. */
static void replace(double **field, double **value) {
  free(*field);
  *field = *value;
  *value = NULL;
}

mtp_status mtp_evaluator_config(mtp_context *ctx, mtp_evaluator *ev, mtp_config *cfg, int graded) {
  if (!ev || !cfg) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "evaluator: no configuration given");
  if (graded && !ev->grader) return mtp_fail(ctx, MTP_ERR_STATE, "grades need an active set");
  const int by_atom = graded && ev->mode == MTP_MODE_NEIGHBOURHOOD, by_config = graded && !by_atom;
  config_results r = {0};
  mtp_status status = mtp_neighbors_build(ctx, cfg, ev->plan->radial.max_dist, &r.nb);
  if (status != MTP_OK) return status;
  r.all_force = mtp_calloc(3 * r.nb->nall, sizeof(double));
  r.force = mtp_calloc(3 * cfg->n, sizeof(double));
  r.site_energy = mtp_calloc(cfg->n, sizeof(double));
  if (by_atom) r.grade = mtp_calloc(cfg->n, sizeof(double));
  if (by_config) r.gradient = mtp_calloc(ev->plan->nparams, sizeof(double));
  if (!r.all_force || !r.force || !r.site_energy || (by_atom && !r.grade) || (by_config && !r.gradient))
    status = mtp_fail_memory(ctx);
  mtp_output out = {.force = r.all_force, .site_energy = r.site_energy, .grade = r.grade, .gradient = r.gradient};
  mtp_atoms atoms = mtp_atoms_of(r.nb);
  if (status == MTP_OK) status = leave_out_ghosts(ctx, cfg, &atoms, &r);
  if (status == MTP_OK) status = mtp_evaluator_compute(ctx, ev, &atoms, NULL, &out);
  if (status == MTP_OK) {
    fold_forces(r.nb, r.all_force, r.force);
    replace(&cfg->force, &r.force);
    replace(&cfg->site_energy, &r.site_energy);
    replace(&cfg->grade, &r.grade);
    free(cfg->force_error);
    cfg->force_error = NULL;
    cfg->has_energy = cfg->has_virial = true;
    cfg->energy = out.energy;
    memcpy(cfg->virial, out.virial, sizeof out.virial);
    if (by_config) {
      for (size_t k = 0; k < ev->plan->nparams; k++) r.gradient[k] /= atoms.ncentral ? (double)atoms.ncentral : 1.0;
      status = mtp_evaluator_grade_row(ctx, ev, r.gradient, &out.max_grade);
    }
    cfg->has_max_grade = graded;
    cfg->max_grade = graded ? out.max_grade : 0;
  }
  config_results_free(&r);
  return status;
}
