/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/refit.c
 * From a grown training set to a better potential. Everything is made beside the old state and put in its place only
 * when it is complete and on the disk.
 *
 * Errors before and after: those of the new potential are evaluated on the whole training set up to 1e5 atoms, beyond
 * that on every k-th configuration such that about so many atoms remain. Those of the old potential are not evaluated
 * again: they are its errors at the last refit together with its errors on the labels since then. */
#include <math.h>
#include <stdlib.h>

#include "loop/loop.h"
#include "support/support.h"

#define MAX_ERROR_ATOMS 100000

double mtp_rmse(double squares, double count) {
  return count > 0.0 ? sqrt(squares / count) : NAN;
}

static mtp_status measure(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *train,
                          mtp_residual *residual) {
  size_t atoms = 0;
  for (size_t i = 0; i < train->n; i++) atoms += train->configs[i]->n;
  size_t stride = atoms / MAX_ERROR_ATOMS + 1;
  mtp_config_set part = *train; /* shares the configurations; never freed */
  part.n = 0;
  part.configs = mtp_calloc(train->n, sizeof *part.configs);
  if (!part.configs) return mtp_fail_memory(ctx);
  for (size_t i = 0; i < train->n; i += stride) part.configs[part.n++] = train->configs[i];
  mtp_errors errors;
  mtp_status status = mtp_errors_compute(ctx, pot, &part, &errors);
  free(part.configs);
  if (status != MTP_OK) return status;
  residual->energies = (double)errors.energy_per_atom.count;
  residual->energy = errors.energy_per_atom.rmse * errors.energy_per_atom.rmse * residual->energies;
  residual->forces = (double)errors.force.count;
  residual->force = errors.force.rmse * errors.force.rmse * residual->forces;
  return MTP_OK;
}

/* The linear coefficients are the last of the parameters, species constants first. */
static double loss_of(const mtp_normal *normal, const mtp_potential *pot) {
  const double *theta = mtp_potential_parameters(pot);
  return mtp_normal_loss(normal, theta + mtp_potential_parameter_count(pot) - mtp_normal_size(normal));
}

typedef struct fitted {
  mtp_potential *pot;
  mtp_active_set *as;
  mtp_normal *normal; /* for its radial functions, if all parameters were trained */
  mtp_residual residual;
} fitted;

static void fitted_clear(fitted *f) {
  mtp_potential_free(f->pot);
  mtp_active_set_free(f->as);
  mtp_normal_free(f->normal);
}

/* Force components for each parameter at which all are trained for the first time: with fewer, the radial functions
 * become steep where there are no data, which costs labels later and stability beyond them. Fits that are poor, with
 * errors of more than this part of the RMS force (alloys, mostly), cannot wait so long. */
#define DATA_PER_PARAMETER      250.0
#define DATA_PER_PARAMETER_POOR 20.0
#define POOR                    0.1
/* Growth of the loss of linear fits, and of the training set, after which all parameters are trained again. */
#define LOSS_GROWTH 1.02
#define DATA_GROWTH 1.25
/* Iterations of training, always from where the potential is. More fit the data at hand better, and those that come
 * next no better. */
#define FULL_ITERATIONS 60

/* Whether there is enough to train all parameters for the first time. */
static mtp_status has_enough(mtp_context *ctx, const mtp_learner *l, const mtp_potential *linear, bool *enough) {
  double components = 0, squares = 0;
  for (size_t i = 0; i < l->train->n; i++) {
    const mtp_config *cfg = l->train->configs[i];
    components += 3.0 * (double)cfg->n;
    for (size_t k = 0; k < 3 * cfg->n; k++) squares += cfg->force[k] * cfg->force[k];
  }
  const double data = components / (double)mtp_potential_parameter_count(l->pot);
  *enough = data >= DATA_PER_PARAMETER;
  if (*enough || data < DATA_PER_PARAMETER_POOR) return MTP_OK;
  mtp_residual residual;
  const mtp_status status = measure(ctx, linear, l->train, &residual);
  if (status == MTP_OK) *enough = mtp_rmse(residual.force, residual.forces) > POOR * mtp_rmse(squares, components);
  return status;
}

static mtp_status wants_full(mtp_context *ctx, const mtp_learner *l, const mtp_potential *linear, bool *wanted) {
  *wanted = l->options.refit == MTP_REFIT_FULL || l->train_all;
  if (l->options.refit != MTP_REFIT_AUTO || *wanted) return MTP_OK;
  if (!l->radial_trained) return has_enough(ctx, l, linear, wanted);
  const double loss = loss_of(l->normal, linear);
  *wanted = l->full_configs > 0 &&
            (loss > LOSS_GROWTH * l->full_loss || (double)l->train->n >= DATA_GROWTH * (double)l->full_configs);
  return MTP_OK;
}

/* All parameters, on all ranks; then the equations of the linear coefficients for the new radial functions. */
static mtp_status fit_all(mtp_context *ctx, const mtp_learner *l, fitted *f) {
  const mtp_comm *comm = l->options.comm && l->options.comm->size > 1 ? l->options.comm : NULL;
  mtp_train_options options = mtp_train_defaults();
  options.weights = l->options.weights;
  options.seed = l->options.seed;
  options.max_iterations = FULL_ITERATIONS;
  options.comm = comm;
  if (comm) l->options.summon(l->options.summon_user);
  mtp_status status = mtp_train(ctx, &options, f->pot, l->train, NULL, NULL);
  if (comm) mtp_trainer_release(comm);
  if (status == MTP_OK) status = mtp_normal_new(ctx, f->pot, l->options.weights, &f->normal);
  for (size_t i = 0; status == MTP_OK && i < l->train->n; i++)
    status = mtp_normal_add(ctx, f->normal, l->train->configs[i]);
  return status;
}

static mtp_status fit(mtp_context *ctx, const mtp_learner *l, fitted *f) {
  mtp_status status = mtp_potential_copy(ctx, l->pot, &f->pot);
  if (status == MTP_OK) status = mtp_normal_fit(ctx, l->normal, 0.0, f->pot);
  bool full = false;
  if (status == MTP_OK) status = wants_full(ctx, l, f->pot, &full);
  if (status == MTP_OK && full) status = fit_all(ctx, l, f);
  if (status == MTP_OK)
    status = mtp_active_set_build(ctx, f->pot, l->train, l->options.mode, MTP_LOOP_THRESHOLD,
                                  l->as_is_of_train ? l->as : NULL, &f->as);
  if (status == MTP_OK) status = measure(ctx, f->pot, l->train, &f->residual);
  if (status == MTP_OK) status = mtp_active_set_write(ctx, f->as, f->pot, l->save_path);
  return status;
}

/* The old state goes. */
static void take_over(mtp_learner *l, fitted *f) {
  const bool full = f->normal != NULL;
  mtp_potential_free(l->pot);
  mtp_active_set_free(l->as);
  if (full) mtp_normal_free(l->normal);
  l->pot = f->pot;
  l->as = f->as;
  if (full) l->normal = f->normal;
  l->as_is_of_train = true;
  l->residual = f->residual;
  l->residual_known = true;
  l->radial_trained = l->radial_trained || full;
  if (full || l->full_configs == 0) { /* what came trained counts as trained on what it is first fitted to */
    l->full_loss = loss_of(l->normal, l->pot);
    l->full_configs = l->radial_trained ? l->train->n : 0;
  }
  l->stats.refits++;
  l->stats.full_refits += full;
}

typedef struct errors_of {
  double energy, force;
} errors_of;

static errors_of errors_from(const mtp_residual *r, bool known) {
  if (!known) return (errors_of){NAN, NAN};
  return (errors_of){mtp_rmse(r->energy, r->energies), mtp_rmse(r->force, r->forces)};
}

static void log_refit(mtp_context *ctx, const mtp_learner *l, bool full, long long step, double grade, int labels,
                      double seconds, errors_of before, errors_of after) {
  cJSON *event = mtp_event_new(l->log, "refit", step);
  mtp_event_text(event, "kind", full ? "full" : "linear");
  mtp_event_number(event, "grade", grade);
  mtp_event_integer(event, "labels", labels);
  mtp_event_integer(event, "configurations", l->stats.configurations);
  mtp_event_number(event, "seconds", seconds);
  mtp_event_number(event, "loss", loss_of(l->normal, l->pot));
  mtp_event_number(event, "rmse_energy_before", before.energy);
  mtp_event_number(event, "rmse_energy", after.energy);
  mtp_event_number(event, "rmse_force_before", before.force);
  mtp_event_number(event, "rmse_force", after.force);
  mtp_event_number(event, "active_set_logdet", mtp_active_set_log_volume(l->as));
  mtp_event_integer(event, "active_set_rows", (long long)mtp_active_set_filled(l->as));
  mtp_event_integer(event, "active_set_size", (long long)mtp_active_set_size(l->as));
  mtp_event_write(ctx, l->log, event);
}

/* "1.23 -> 0.45 unit", or the second number alone when there was no potential before. */
static void add_change(mtp_text *text, const char *what, double before, double after, const char *unit) {
  mtp_text_add(text, ", %s RMSE ", what);
  if (isfinite(before)) mtp_text_add(text, "%.4g -> ", before);
  mtp_text_add(text, "%.4g %s", after, unit);
}

static void announce(mtp_context *ctx, const mtp_learner *l, bool full, long long step, double grade, int labels,
                     double label_seconds, double seconds, errors_of before, errors_of after) {
  mtp_text text = {0};
  if (step >= 0)
    mtp_text_add(&text, "step %lld: ", step);
  else
    mtp_text_add(&text, "start: ");
  if (isfinite(grade)) mtp_text_add(&text, "grade %.4g, ", grade);
  if (labels)
    mtp_text_add(&text, "%d label%s by %s in %.3g s, ", labels, labels == 1 ? "" : "s", mtp_qm_name(l->qm),
                 label_seconds);
  mtp_text_add(&text, "%lld configuration%s", l->stats.configurations, l->stats.configurations == 1 ? "" : "s");
  add_change(&text, "energy", 1e3 * before.energy, 1e3 * after.energy, "meV/atom");
  add_change(&text, "force", before.force, after.force, "eV/A");
  mtp_text_add(&text, ", %srefit in %.3g s", full ? "full " : "", seconds);
  if (!text.failed) mtp_message(ctx, MTP_INFO, "%s", text.data);
  mtp_text_free(&text);
}

mtp_status mtp_loop_refit(mtp_context *ctx, mtp_learner *l, long long step, double grade, int labels,
                          double label_seconds) {
  double start = mtp_now();
  fitted f = {0};
  mtp_status status = fit(ctx, l, &f);
  if (status != MTP_OK) {
    fitted_clear(&f);
    return status;
  }
  const bool full = f.normal != NULL;
  errors_of before = errors_from(&l->residual, l->residual_known), after = errors_from(&f.residual, true);
  take_over(l, &f);
  double seconds = mtp_now() - start;
  l->stats.refit_seconds += seconds;
  log_refit(ctx, l, full, step, grade, labels, seconds, before, after);
  announce(ctx, l, full, step, grade, labels, label_seconds, seconds, before, after);
  return MTP_OK;
}
