/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "support_learning.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mtp/evaluator.h"
#include "support/support.h"
#include "support_data.h"

#define REACH 4.9

/* V(r) = D [(1 - e^{-a(r-r0)})^2 - 1] s(r) with s = (1 - (r/R)^2)^2: roughly aluminium. */
static double morse(double r, double *slope) {
  const double depth = 0.27, a = 1.2, r0 = 2.9;
  double e = exp(-a * (r - r0)), v = depth * (e * e - 2.0 * e), dv = 2.0 * depth * a * (e - e * e);
  double t = 1.0 - r * r / (REACH * REACH), s = t * t, ds = -4.0 * t * r / (REACH * REACH);
  *slope = dv * s + v * ds;
  return v * s;
}

void learning_morse(mtp_config *cfg) {
  static const int first[6] = {0, 1, 2, 0, 0, 1}, second[6] = {0, 1, 2, 1, 2, 2};
  mtp_neighbors *nb = NULL;
  assert_int_equal(mtp_neighbors_build(NULL, cfg, REACH, &nb), MTP_OK);
  assert_int_equal(mtp_config_require_force(NULL, cfg), MTP_OK);
  memset(cfg->force, 0, 3 * cfg->n * sizeof(double));
  memset(cfg->virial, 0, sizeof cfg->virial);
  cfg->energy = -1.5 * (double)cfg->n;
  cfg->has_energy = cfg->has_virial = true;
  for (size_t i = 0; i < nb->n; i++)
    for (int k = 0; k < nb->count[i]; k++) {
      size_t j = (size_t)nb->list[i][k];
      double d[3], r2 = 0.0, slope;
      for (int c = 0; c < 3; c++) {
        d[c] = nb->x[3 * j + (size_t)c] - nb->x[3 * i + (size_t)c];
        r2 += d[c] * d[c];
      }
      double r = sqrt(r2);
      cfg->energy += 0.5 * morse(r, &slope);
      for (int c = 0; c < 3; c++) cfg->force[3 * i + (size_t)c] += slope * d[c] / r;
      for (int c = 0; c < 6; c++) cfg->virial[c] -= 0.5 * slope * d[first[c]] * d[second[c]] / r;
    }
  mtp_neighbors_free(nb);
}

static mtp_qm_status reference_open(mtp_context *ctx, void *user, const mtp_qm_setup *setup, int count,
                                    const char *const *arguments, void **state) {
  (void)setup;
  (void)count, (void)arguments, (void)ctx;
  *state = user;
  return MTP_QM_OK;
}

static mtp_qm_status fail_call(mtp_qm_call *call, mtp_qm_status status, const char *reason) {
  return mtp_qm_fail(call->ctx, status, "%s", reason);
}

static mtp_qm_status reference_label(void *state, mtp_qm_call *call) {
  learning_reference *reference = state;
  reference->calls++;
  if (reference->calls == reference->signal_call) reference->signalled = 1;
  bool strikes = reference->fault_call && (reference->calls == reference->fault_call ||
                                           (reference->lasting && reference->calls > reference->fault_call));
  learning_morse(call->label);
  switch (strikes ? reference->fault : LEARNING_FINE) {
  case LEARNING_FINE:
    return MTP_QM_OK;
  case LEARNING_NAN:
    call->label->force[4] = NAN;
    return MTP_QM_OK;
  case LEARNING_NO_FORCES:
    free(call->label->force);
    call->label->force = NULL;
    return MTP_QM_OK;
  case LEARNING_OTHER_ATOMS:
    call->label->x[1] += 0.3;
    return MTP_QM_OK;
  case LEARNING_CRASH:
    return fail_call(call, MTP_QM_CRASHED, "the engine said: segmentation fault");
  case LEARNING_CANNOT_START:
    return fail_call(call, MTP_QM_CANNOT_START, "no such command: pw.x");
  case LEARNING_KILL:
    kill(getpid(), SIGKILL);
  }
  return MTP_QM_CRASHED;
}

static void reference_close(void *state) {
  ((learning_reference *)state)->closed = true;
}

mtp_qm *learning_qm(mtp_context *ctx, learning_reference *reference, const char *keys) {
  const mtp_qm_driver driver = {
      .name = "morse", .open = reference_open, .label = reference_label, .close = reference_close, .user = reference};
  char text[128];
  snprintf(text, sizeof text, "morse %s", keys ? keys : "retries=0");
  mtp_qm *qm = NULL;
  data_must(ctx, mtp_qm_open(ctx, text, &driver, 1, &qm));
  return qm;
}

mtp_config *learning_crystal(int cells, double lattice, double displacement, unsigned long long seed) {
  static const double base[4][3] = {{0, 0, 0}, {0.5, 0.5, 0}, {0.5, 0, 0.5}, {0, 0.5, 0.5}};
  mtp_random random = {seed};
  mtp_config *cfg = mtp_config_new((size_t)(4 * cells * cells * cells));
  assert_non_null(cfg);
  for (int d = 0; d < 3; d++) {
    cfg->cell[4 * d] = cells * lattice;
    cfg->periodic[d] = true;
  }
  for (size_t i = 0; i < cfg->n; i++) {
    int cell = (int)i / 4, at[3] = {cell % cells, cell / cells % cells, cell / cells / cells};
    for (int d = 0; d < 3; d++)
      cfg->x[3 * i + (size_t)d] = lattice * (at[d] + base[i % 4][d]) + displacement * mtp_random_normal(&random);
  }
  return cfg;
}

mtp_potential *learning_potential(mtp_context *ctx, int level) {
  const char *const elements[] = {"Al"};
  const mtp_potential_spec spec = {
      .level = level, .species_count = 1, .elements = elements, .cutoff = 4.9, .min_dist = 1.9, .radial_size = 8};
  mtp_potential *pot = NULL;
  data_must(ctx, mtp_potential_new(ctx, &spec, &pot));
  return pot;
}

/* ---- molecular dynamics ---- */

#define MASS   27.0
#define FORCE  9.648533e-3 /* (eV/A)/u in A/fs^2 */
#define KELVIN 8.617333e-5 /* eV */
#define DT     3.0

learning_run *learning_run_new(mtp_context *ctx, mtp_config *cfg, double kelvin, unsigned long long seed) {
  learning_run *run = data_calloc(1, sizeof *run);
  mtp_random random = {seed};
  run->ctx = ctx;
  run->cfg = cfg;
  run->velocity = data_calloc(3 * cfg->n, sizeof *run->velocity);
  for (size_t i = 0; i < 3 * cfg->n; i++)
    run->velocity[i] = sqrt(KELVIN * kelvin / MASS * FORCE) * mtp_random_normal(&random);
  return run;
}

void learning_run_free(learning_run *run) {
  mtp_evaluator_free(run->evaluator);
  mtp_config_free(run->cfg);
  free(run->velocity);
  free(run);
}

static mtp_status make_evaluator(learning_run *run) {
  const mtp_active_set *as = mtp_learner_active_set(run->learner);
  mtp_status status = mtp_evaluator_new(run->ctx, mtp_learner_potential(run->learner), &run->evaluator);
  return status == MTP_OK && as ? mtp_evaluator_set_active_set(run->ctx, run->evaluator, as) : status;
}

static void drop_evaluator(learning_run *run) {
  mtp_evaluator_free(run->evaluator);
  run->evaluator = NULL;
}

static mtp_status evaluate(learning_run *run, int *atom) {
  bool graded = mtp_learner_active_set(run->learner) != NULL;
  mtp_status status = run->evaluator ? MTP_OK : make_evaluator(run);
  if (status == MTP_OK) status = mtp_evaluator_config(run->ctx, run->evaluator, run->cfg, graded);
  run->largest_grade = graded ? run->cfg->max_grade : INFINITY;
  *atom = -1;
  for (size_t i = 0; graded && run->cfg->grade && i < run->cfg->n; i++)
    if (*atom < 0 || run->cfg->grade[i] > run->cfg->grade[*atom]) *atom = (int)i;
  return status;
}

static mtp_status evaluate_and_learn(learning_run *run) {
  for (;; run->redone++) {
    int atom;
    mtp_action action = MTP_GO_ON;
    mtp_status status = evaluate(run, &atom);
    if (status == MTP_OK && run->largest_grade > run->select)
      status = mtp_learner_offer(run->ctx, run->learner, run->cfg, run->largest_grade, atom, run->step, &action);
    if (status != MTP_OK || action == MTP_GO_ON) return status;
    drop_evaluator(run);
  }
}

mtp_status learning_run_attach(learning_run *run, mtp_learner *learner, double select) {
  mtp_action action;
  drop_evaluator(run);
  run->learner = learner;
  run->select = select;
  mtp_status status = mtp_learner_begin(run->ctx, learner, run->cfg, run->step, &action);
  return status == MTP_OK ? evaluate_and_learn(run) : status;
}

mtp_status learning_run_steps(learning_run *run, int steps) {
  const double half_kick = 0.5 * DT * FORCE / MASS;
  for (int s = 0; s < steps; s++) {
    for (size_t i = 0; i < 3 * run->cfg->n; i++) {
      run->velocity[i] += half_kick * run->cfg->force[i];
      run->cfg->x[i] += DT * run->velocity[i];
    }
    run->step++;
    mtp_status status = evaluate_and_learn(run);
    if (status != MTP_OK) return status;
    for (size_t i = 0; i < 3 * run->cfg->n; i++) run->velocity[i] += half_kick * run->cfg->force[i];
  }
  return MTP_OK;
}

/* ---- a folder with everything ---- */

static void remember_message(void *user, mtp_level level, const char *message) {
  learning_world *world = user;
  size_t used = strlen(world->messages), size = strlen(message) + 2;
  char *longer = realloc(world->messages, used + size);
  assert_non_null(longer);
  snprintf(longer + used, size, "%s\n", message);
  world->messages = longer;
  world->warnings += level == MTP_WARNING;
}

int learning_world_new(void **state) {
  learning_world *world = data_calloc(1, sizeof *world);
  world->ctx = mtp_context_new();
  world->messages = data_calloc(1, 1);
  mtp_context_set_logger(world->ctx, remember_message, world);
  world->folder = data_folder_new();
  world->train = data_path(world->folder, "train.extxyz");
  world->save = data_path(world->folder, "pot.almtp");
  world->log = data_path(world->folder, "mtp-al.jsonl");
  world->candidates = data_path(world->folder, "candidates.extxyz");
  world->pot = learning_potential(world->ctx, 6);
  world->options = mtp_learner_defaults();
  world->options.train_path = world->train;
  world->options.save_path = world->save;
  world->options.log_path = world->log;
  world->options.candidate_path = world->candidates;
  world->options.break_grade = 3.0;
  *state = world;
  return 0;
}

int learning_plain_world_new(void **state) {
  learning_world_new(state);
  learning_world *world = *state;
  world->options.warmup = 5;
  world->options.wall = false;
  world->options.doubt = false;
  return 0;
}

int learning_world_free(void **state) {
  learning_world *world = *state;
  mtp_potential_free(world->pot);
  mtp_context_free(world->ctx);
  free(world->train);
  free(world->save);
  free(world->log);
  free(world->candidates);
  free(world->messages);
  data_folder_remove(world->folder);
  free(world);
  return 0;
}

mtp_status learning_world_learner_of(learning_world *world, const mtp_potential *pot, const char *keys,
                                     mtp_learner **out) {
  mtp_qm *qm = keys && strcmp(keys, "none") == 0 ? NULL : learning_qm(world->ctx, &world->reference, keys);
  return mtp_learner_new(world->ctx, &world->options, pot, qm, out);
}

mtp_status learning_world_learner(learning_world *world, const char *keys, mtp_learner **out) {
  return learning_world_learner_of(world, world->pot, keys, out);
}

mtp_config_set *learning_world_train(learning_world *world) {
  mtp_config_set *set = NULL;
  data_must(world->ctx, mtp_config_set_read(world->ctx, world->train, NULL, &set));
  return set;
}

void learning_world_expect_distinct(learning_world *world) {
  mtp_config_set *set = learning_world_train(world);
  for (size_t i = 0; i < set->n; i++)
    for (size_t j = 0; j < i; j++)
      if (memcmp(set->configs[i]->x, set->configs[j]->x, 3 * set->configs[i]->n * sizeof(double)) == 0)
        fail_msg("configurations %zu and %zu of the training file are the same", j, i);
  mtp_config_set_free(set);
}

/* ---- event logs ---- */

cJSON *learning_log_read(const char *path) {
  char *text = NULL;
  size_t size = 0;
  assert_int_equal(mtp_file_read(NULL, path, &text, &size), MTP_OK);
  assert_true(size > 0 && text[size - 1] == '\n');
  cJSON *log = cJSON_CreateArray();
  for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
    *end = 0;
    cJSON *event = cJSON_ParseWithOpts(line, NULL, 1);
    if (!event || !cJSON_IsObject(event)) fail_msg("%s: not a JSON object: %s", path, line);
    cJSON_AddItemToArray(log, event);
  }
  free(text);
  return log;
}

int learning_log_count(const cJSON *log, const char *name) {
  int count = 0;
  const cJSON *event;
  cJSON_ArrayForEach(event, log) count += strcmp(cJSON_GetObjectItem(event, "event")->valuestring, name) == 0;
  return count;
}

void learning_world_expect_message(const learning_world *world, const char *part) {
  if (!strstr(mtp_context_message(world->ctx), part))
    fail_msg("\"%s\" does not say \"%s\"", mtp_context_message(world->ctx), part);
  assert_null(strchr(mtp_context_message(world->ctx), '\n'));
}

mtp_learner *learning_world_warm_learner(learning_world *world, const char *keys) {
  mtp_learner *learner = NULL;
  mtp_action action;
  mtp_config *first = learning_crystal(2, 4.05, 0.05, 1);
  data_must(world->ctx, learning_world_learner(world, keys, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, first, 0, &action));
  mtp_config_free(first);
  return learner;
}

mtp_status learning_world_offer(learning_world *world, mtp_learner *learner, unsigned seed, double grade,
                                long long step, mtp_action *action) {
  mtp_config *cfg = learning_crystal(2, 4.05, 0.25, 1000 + seed);
  mtp_status status = mtp_learner_offer(world->ctx, learner, cfg, grade, 2, step, action);
  mtp_config_free(cfg);
  return status;
}

void learning_world_expect_event(const learning_world *world, const char *name, const char *key, const char *part) {
  cJSON *log = learning_log_read(world->log), *event;
  const char *found = NULL;
  cJSON_ArrayForEach(event, log) {
    if (strcmp(cJSON_GetObjectItem(event, "event")->valuestring, name) == 0)
      found = cJSON_GetStringValue(cJSON_GetObjectItem(event, key));
  }
  if (!found || !strstr(found, part)) fail_msg("%s of event %s is \"%s\"", key, name, found ? found : "(none)");
  cJSON_Delete(log);
}
