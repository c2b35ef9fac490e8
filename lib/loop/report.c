/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/report.c
 * What is said of a refit: as an event, and as one line. Errors of the training set say how well the potential fits;
 * what it made of labels before it learned from them says how well it predicts. */
#include <math.h>
#include <stdlib.h>

#include "learn/reach.h"
#include "loop/loop.h"
#include "support/support.h"

/* Of the RMS force: an error above it is more than more data will mend. */
#define POOR 0.15
/* Labels that make an average. */
#define WINDOW 8
/* Force components for each parameter: with so many the basis is what limits. */
#define PLENTY 40.0

typedef struct errors_of {
  double energy, force, part; /* eV/atom, eV/A, of the RMS force */
} errors_of;

static errors_of errors_from(const mtp_residual *r) {
  return (errors_of){mtp_rmse(r->energy, r->energies), mtp_rmse(r->force, r->forces),
                     mtp_rmse(r->force, r->force_size)};
}

/* ---- labels ahead of learning ---- */

void mtp_loop_note_ahead(mtp_learner *l, const mtp_residual *residual, long long step) {
  mtp_ahead *a = &l->ahead[1];
  if (!(residual->forces > 0.0)) return;
  if (a->labels == WINDOW) {
    l->ahead[0] = *a;
    *a = (mtp_ahead){0};
  }
  if (a->labels == 0) a->step = step;
  l->last_part = mtp_rmse(residual->force, residual->force_size);
  a->squares += residual->force;
  a->force_squares += residual->force_size;
  a->components += residual->forces;
  a->parts += fmin(l->last_part, 1.0);
  a->labels++;
}

/* A label is predicted well if its error is not above the one that the fit leaves anyway, or small by itself. */
#define AS_FITTED 1.5
#define SMALL     0.01
#define LARGE     0.05

bool mtp_loop_predicted_well(const mtp_learner *l) {
  const double fitted = mtp_rmse(l->residual.force, l->residual.force_size);
  return l->history.here && l->last_part < fmin(fmax(AS_FITTED * fitted, SMALL), LARGE);
}

/* Of the last labels. */
static mtp_ahead recent(const mtp_learner *l) {
  const mtp_ahead *before = &l->ahead[0], *now = &l->ahead[1];
  if (now->labels >= WINDOW / 2 || before->labels == 0) return *now;
  return (mtp_ahead){before->squares + now->squares,       before->force_squares + now->force_squares,
                     before->components + now->components, before->parts + now->parts,
                     before->labels + now->labels,         before->step};
}

double mtp_loop_predicted_part(const mtp_learner *l) {
  const mtp_ahead a = recent(l);
  return a.labels >= WINDOW / 2 ? a.parts / (double)a.labels : NAN;
}

/* ---- the event ---- */

static void add_ahead(const mtp_learner *l, cJSON *event) {
  const mtp_ahead a = recent(l);
  mtp_event_integer(event, "predicted_labels", a.labels);
  mtp_event_number(event, "predicted_rmse_force", mtp_rmse(a.squares, a.components));
  mtp_event_number(event, "predicted_part_of_force", mtp_rmse(a.squares, a.force_squares));
}

static void log_refit(mtp_context *ctx, const mtp_learner *l, const mtp_refit_report *r, errors_of before,
                      errors_of after) {
  cJSON *event = mtp_event_new(l->log, "refit", r->step);
  mtp_event_text(event, "kind", r->full ? "full" : "linear");
  mtp_event_number(event, "grade", r->grade);
  mtp_event_integer(event, "labels", r->labels);
  mtp_event_integer(event, "configurations", l->stats.configurations);
  mtp_event_number(event, "seconds", r->seconds);
  mtp_event_number(event, "loss", mtp_loop_loss(l->normal, l->pot));
  mtp_event_number(event, "rmse_energy_before", before.energy);
  mtp_event_number(event, "rmse_energy", after.energy);
  mtp_event_number(event, "rmse_force_before", before.force);
  mtp_event_number(event, "rmse_force", after.force);
  mtp_event_number(event, "part_of_force", after.part);
  add_ahead(l, event);
  mtp_event_number(event, "force_noise", mtp_posterior_noise(l->posterior).force);
  mtp_event_number(event, "typical_force_error", mtp_posterior_typical(l->posterior));
  mtp_event_number(event, "error_scale", mtp_posterior_scale(l->posterior));
  mtp_event_integer(event, "level", mtp_potential_level(l->pot));
  mtp_event_integer(event, "radial_size", mtp_potential_radial_size(l->pot));
  mtp_event_number(event, "min_dist", mtp_potential_min_dist(l->pot));
  mtp_event_flag(event, "hole", l->hole.a >= 0);
  mtp_event_number(event, "select", l->options.select_grade);
  mtp_event_number(event, "break", l->options.break_grade);
  mtp_loop_add_outlook(l, event);
  mtp_event_text(event, "rows", mtp_active_set_kind(l->as) == MTP_ROWS_LINEAR ? "linear" : "all");
  mtp_event_number(event, "active_set_logdet", mtp_active_set_log_volume(l->as));
  mtp_event_integer(event, "active_set_rows", (long long)mtp_active_set_filled(l->as));
  mtp_event_integer(event, "active_set_size", (long long)mtp_active_set_columns(l->as));
  mtp_event_write(ctx, l->log, event);
}

/* ---- the line ---- */

/* "1.23 -> 0.45 unit", or the second number alone when there was no potential before. */
static void add_change(mtp_text *text, const char *what, double before, double after, const char *unit) {
  mtp_text_add(text, ", %s RMSE ", what);
  if (isfinite(before)) mtp_text_add(text, "%.4g -> ", before);
  mtp_text_add(text, "%.4g %s", after, unit);
}

static void announce(mtp_context *ctx, const mtp_learner *l, const mtp_refit_report *r, errors_of before,
                     errors_of after) {
  mtp_text text = {0};
  if (r->step >= 0)
    mtp_text_add(&text, "step %lld: ", r->step);
  else
    mtp_text_add(&text, "start: ");
  if (isfinite(r->grade)) mtp_text_add(&text, "grade %.4g, ", r->grade);
  if (r->labels)
    mtp_text_add(&text, "%d label%s by %s in %.3g s, ", r->labels, r->labels == 1 ? "" : "s", mtp_qm_name(l->qm),
                 r->label_seconds);
  mtp_text_add(&text, "%lld configuration%s", l->stats.configurations, l->stats.configurations == 1 ? "" : "s");
  add_change(&text, "energy", 1e3 * before.energy, 1e3 * after.energy, "meV/atom");
  add_change(&text, "force", before.force, after.force, "eV/A");
  if (isfinite(after.part)) mtp_text_add(&text, " (%.2g %%)", 100.0 * after.part);
  mtp_text_add(&text, ", %srefit in %.3g s", r->full ? "full " : "", r->seconds);
  if (l->options.auto_select || l->options.auto_break)
    mtp_text_add(&text, ", select %.2g, break %.2g", l->options.select_grade, l->options.break_grade);
  if (!text.failed) mtp_message(ctx, MTP_INFO, "%s", text.data);
  mtp_text_free(&text);
}

void mtp_loop_report(mtp_context *ctx, const mtp_learner *l, const mtp_refit_report *r) {
  const errors_of before = errors_from(&r->before), after = errors_from(&l->residual);
  log_refit(ctx, l, r, before, after);
  announce(ctx, l, r, before, after);
}

void mtp_loop_report_refused(mtp_context *ctx, const mtp_learner *l, long long step, bool full, double seconds) {
  cJSON *event = mtp_event_new(l->log, "refused", step);
  mtp_event_text(event, "kind", full ? "full" : "linear");
  mtp_event_text(event, "for", l->mending ? "hole" : "error");
  mtp_event_integer(event, "configurations", (long long)l->train->n);
  mtp_event_number(event, "seconds", seconds);
  mtp_event_write(ctx, l->log, event);
  if (!l->mending)
    mtp_message(ctx, MTP_INFO, "training on all %zu configurations found nothing better in %.3g s", l->train->n,
                seconds);
}

/* ---- the end ---- */

/* Is it the basis that limits, and not the data? */
static bool basis_limits(const mtp_learner *l) {
  return l->history.here && l->residual.forces >= PLENTY * (double)mtp_potential_parameter_count(l->pot) &&
         mtp_rmse(l->residual.force, l->residual.force_size) > POOR;
}

/* What a higher level would bring: some linear fits, which are made where it is worth knowing. */
static void tell_of_higher_level(mtp_context *ctx, const mtp_learner *l, cJSON *end) {
  mtp_higher h;
  /* who is told to stop may have seconds left */
  if (!ctx || mtp_context_is_stopped(ctx) || mtp_loop_compare_higher(ctx, l, &h) != MTP_OK || h.higher == 0) return;
  mtp_event_integer(end, "higher_level", h.higher);
  mtp_event_number(end, "held_out_rmse_force", h.now);
  mtp_event_number(end, "higher_level_rmse_force", h.then);
  mtp_message(ctx, MTP_INFO,
              "level %d instead of %d would bring %.3g instead of %.3g eV/A on a held-out quarter of the labels, by "
              "linear fits (mtp train --compare-level %d tells more)",
              h.higher, h.level, h.then, h.now, h.higher);
}

/* Whether it is the cutoff that limits. */
static void tell_of_longer_cutoff(mtp_context *ctx, const mtp_learner *l, cJSON *end) {
  char text[300];
  mtp_reach r;
  if (!ctx || mtp_context_is_stopped(ctx) || !(mtp_rmse(l->residual.force, l->residual.force_size) > MTP_REACH_FROM) ||
      mtp_reach_compare(ctx, l->pot, l->train, &r) != MTP_OK || !(r.cutoff > 0))
    return;
  mtp_event_number(end, "longer_cutoff", r.cutoff);
  mtp_event_number(end, "longer_cutoff_rmse_force", r.then);
  mtp_reach_describe(l->pot, &r, text, sizeof text);
  mtp_message(ctx, MTP_INFO, "%s", text);
}

void mtp_loop_conclude(mtp_context *ctx, const mtp_learner *l, cJSON *end) {
  const mtp_ahead a = recent(l);
  add_ahead(l, end);
  if (l->residual_known) {
    mtp_event_number(end, "rmse_force", mtp_rmse(l->residual.force, l->residual.forces));
    mtp_event_number(end, "part_of_force", mtp_rmse(l->residual.force, l->residual.force_size));
  }
  double error, force;
  size_t labels;
  if (a.labels > 0 && mtp_loop_expect(ctx, l, WINDOW, &error, &force, &labels)) {
    mtp_event_number(end, "expected_force_error", error);
    mtp_event_number(end, "expected_part_of_force", error / force);
    mtp_message(ctx, MTP_INFO,
                "expected force error %.3g eV/A (%.2g %%) on configurations like the last %zu labels; %.3g eV/A "
                "(%.2g %%) on the training set",
                error, 100.0 * error / force, labels, mtp_rmse(l->residual.force, l->residual.forces),
                100.0 * mtp_rmse(l->residual.force, l->residual.force_size));
  } else if (a.labels > 0)
    mtp_message(
        ctx, MTP_INFO,
        "expected force error %.3g eV/A (%.2g %%) on configurations like the last %lld labels, before they were "
        "learned; %.3g eV/A (%.2g %%) on the training set",
        mtp_rmse(a.squares, a.components), 100.0 * mtp_rmse(a.squares, a.force_squares), a.labels,
        mtp_rmse(l->residual.force, l->residual.forces), 100.0 * mtp_rmse(l->residual.force, l->residual.force_size));
  if (l->residual_known && basis_limits(l))
    mtp_message(ctx, MTP_WARNING,
                "the potential misses %.0f %% of the forces although it has data enough: its basis limits it; a higher "
                "level, a longer cutoff, or species of their own for atoms in different states may do better",
                100.0 * mtp_rmse(l->residual.force, l->residual.force_size));
  if (l->residual_known && basis_limits(l)) tell_of_higher_level(ctx, l, end);
  if (l->residual_known && l->history.here) tell_of_longer_cutoff(ctx, l, end);
}
