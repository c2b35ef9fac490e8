/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_train.c
 * `mtp train`: fits a potential to labelled configurations. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const char help[] =
    "Fits POT to all configurations of the files DATA and writes it with its active set to OUT\n"
    "(a name that ends in .mtp gets the potential alone).\n\n"
    "  --linear            solve for the linear coefficients, keep the radial functions\n"
    "  -o, --output OUT    the file to write; may be POT\n"
    "  --valid FILE        also print the errors on this set, which is not trained on\n"
    "  --weights E,F,S     of energy, forces, stress in the objective (3,0.01,0.0002); mlip: 1,0.01,0.001\n"
    "  --weighting W       vibrations (default), molecules or structures: powers of 1/N on E and S\n"
    "  --mode M            active set of neighbourhood or configuration rows (what POT has, else\n"
    "                      neighbourhood)\n"
    "  --ridge R           relative ridge on the scaled normal equations (chosen by the solver)\n"
    "  --seed N            accepted; a linear fit uses no random numbers\n"
    "  --from F            format of DATA: cfg, extxyz (by content)\n"
    "  --json              one JSON object\n\n"
    "Example: mtp train pot.almtp train.extxyz -o fitted.almtp --linear --valid test.extxyz\n";

static const double SWAP_THRESHOLD = 1.001; /* growth of the volume that is worth a swap of active rows */

typedef struct job {
  const char *output, *valid;
  mtp_weights weights;
  mtp_mode mode;
  bool mode_given; /* else the one that the potential file says */
  mtp_format format;
  double ridge;
  bool json;
} job;

typedef struct outcome {
  double loss, seconds;
  mtp_errors training, validation;
  mtp_active_set *as;
} outcome;

static int parse_weights(cli *c, const char *text, mtp_weights *weights) {
  if (strcmp(text, "mlip") == 0) {
    *weights = mtp_weights_mlip();
    return CLI_OK;
  }
  double *parts[3] = {&weights->energy, &weights->force, &weights->stress};
  for (int i = 0; i < 3; i++) {
    char *end;
    *parts[i] = strtod(text, &end);
    if (end == text || *end != (i < 2 ? ',' : '\0') || !isfinite(*parts[i]) || *parts[i] < 0)
      return cli_usage(c, "--weights: three numbers E,F,S that are not negative, or mlip, are expected");
    text = end + 1;
  }
  if (weights->energy + weights->force + weights->stress > 0) return CLI_OK;
  return cli_usage(c, "--weights: one of them has to be positive");
}

static int parse_weighting(cli *c, const char *text, mtp_weighting *weighting) {
  static const char *const names[] = {"vibrations", "molecules", "structures"};
  static const mtp_weighting values[] = {MTP_WEIGHT_VIBRATIONS, MTP_WEIGHT_MOLECULES, MTP_WEIGHT_STRUCTURES};
  for (int i = 0; i < 3; i++)
    if (strcmp(text, names[i]) == 0) {
      *weighting = values[i];
      return CLI_OK;
    }
  return cli_usage(c, "--weighting: vibrations, molecules or structures is expected, not '%s'", text);
}

static bool has_label(const mtp_config *cfg) {
  return cfg->has_energy || cfg->has_virial || cfg->force;
}

/* What the fit would not complain about but the user should know. */
static int check_data(cli *c, const mtp_config_set *set, const mtp_potential *pot) {
  size_t unlabelled = 0, close = 0;
  double smallest = INFINITY, min_dist = mtp_potential_min_dist(pot);
  for (size_t i = 0; i < set->n; i++) {
    double distance;
    int status = cli_smallest_distance(c, set->configs[i], &distance);
    if (status != CLI_OK) return status;
    if (!has_label(set->configs[i])) unlabelled++;
    if (distance < min_dist) close++;
    smallest = fmin(smallest, distance);
  }
  if (unlabelled == set->n) return cli_fail(c, "no configuration has energy, forces or virial to train on");
  if (unlabelled) cli_warn(c, "%zu of %zu configurations have no labels and are left out", unlabelled, set->n);
  if (close)
    cli_warn(c, "%zu configurations have atoms closer (down to %.4g A) than min_dist = %.4g A of the potential", close,
             smallest, min_dist);
  return CLI_OK;
}

/* Nothing is known of these, so the active set must not count them as known either. */
static void drop_unlabelled(mtp_config_set *set) {
  size_t kept = 0;
  for (size_t i = 0; i < set->n; i++) {
    if (has_label(set->configs[i]))
      set->configs[kept++] = set->configs[i];
    else
      mtp_config_free(set->configs[i]);
  }
  set->n = kept;
}

static int fit(cli *c, const job *job, const mtp_config_set *set, mtp_potential *pot, double *loss) {
  mtp_normal *nq = NULL;
  if (mtp_normal_new(c->ctx, pot, job->weights, &nq) != MTP_OK) return cli_library(c, NULL);
  int status = CLI_OK;
  cli_progress_begin(c, "training", set->n);
  for (size_t i = 0; i < set->n && status == CLI_OK; i++) {
    if (mtp_normal_add(c->ctx, nq, set->configs[i]) != MTP_OK)
      status = cli_fail(c, "configuration %zu: %s", i + 1, mtp_context_message(c->ctx));
    cli_progress_step(c, 1);
  }
  cli_progress_end(c);
  if (status == CLI_OK && mtp_normal_fit(c->ctx, nq, job->ridge, pot) != MTP_OK) status = cli_library(c, NULL);
  if (status == CLI_OK) {
    size_t linear = mtp_normal_size(nq), all = mtp_potential_parameter_count(pot);
    *loss = mtp_normal_loss(nq, mtp_potential_parameters(pot) + (all - linear));
  }
  mtp_normal_free(nq);
  return status;
}

static int train(cli *c, const job *job, mtp_potential *pot, mtp_config_set *set, const mtp_config_set *valid,
                 outcome *out) {
  double start = cli_now();
  int status = check_data(c, set, pot);
  if (status == CLI_OK) drop_unlabelled(set);
  if (status == CLI_OK) status = fit(c, job, set, pot, &out->loss);
  if (status == CLI_OK) status = cli_compute_errors(c, pot, set, &out->training);
  if (status == CLI_OK && valid) status = cli_compute_errors(c, pot, valid, &out->validation);
  if (status == CLI_OK && cli_writes_active_set(job->output) &&
      mtp_active_set_build(c->ctx, pot, set, job->mode, SWAP_THRESHOLD, NULL, &out->as) != MTP_OK)
    status = cli_library(c, NULL);
  if (status == CLI_OK) status = cli_write_potential(c, job->output, pot, out->as);
  out->seconds = cli_now() - start;
  return status;
}

static int print_json(cli *c, const job *job, const mtp_potential *pot, const outcome *out) {
  cJSON *object = cJSON_CreateObject();
  cJSON_AddStringToObject(object, "output", job->output);
  cJSON_AddStringToObject(object, "kind", "linear");
  cli_json_number(object, "parameters", (double)mtp_potential_parameter_count(pot));
  cli_json_number(object, "loss", out->loss);
  cli_json_number(object, "seconds", out->seconds);
  cJSON_AddItemToObject(object, "training", cli_json_errors(&out->training));
  cJSON_AddItemToObject(object, "validation", job->valid ? cli_json_errors(&out->validation) : cJSON_CreateNull());
  if (!out->as) {
    cJSON_AddNullToObject(object, "active_set");
    return cli_json_print(c, object);
  }
  cJSON *as = cJSON_AddObjectToObject(object, "active_set");
  cJSON_AddStringToObject(as, "mode", cli_mode_name(mtp_active_set_mode(out->as)));
  cli_json_number(as, "rows", (double)mtp_active_set_size(out->as));
  cli_json_number(as, "filled", (double)mtp_active_set_filled(out->as));
  cli_json_number(as, "log_volume", mtp_active_set_log_volume(out->as));
  return cli_json_print(c, object);
}

static void print_report(const job *job, const outcome *out) {
  cli_print_errors("training set", &out->training);
  if (job->valid) cli_print_errors("validation set", &out->validation);
  printf("loss %.6g, %.3g s\n", out->loss, out->seconds);
  if (out->as)
    printf("active set: %zu of %zu rows filled, %s mode, ln|det A| = %.6g\n", mtp_active_set_filled(out->as),
           mtp_active_set_size(out->as), cli_mode_name(mtp_active_set_mode(out->as)),
           mtp_active_set_log_volume(out->as));
  printf("written: %s\n", job->output);
}

static int read_and_train(cli *c, job *job) {
  mtp_potential *pot = NULL;
  mtp_active_set *old = NULL;
  mtp_config_set *set = NULL, *valid = NULL;
  outcome out = {0};
  char *valid_path[] = {(char *)job->valid};
  int status = cli_read_potential(c, c->words[0], &pot, &old);
  if (old && !job->mode_given) job->mode = mtp_active_set_mode(old);
  mtp_active_set_free(old);
  if (status == CLI_OK) status = cli_read_data(c, c->word_count - 1, c->words + 1, job->format, pot, &set);
  if (status == CLI_OK && job->valid) status = cli_read_data(c, 1, valid_path, MTP_FORMAT_AUTO, pot, &valid);
  if (status == CLI_OK) status = train(c, job, pot, set, valid, &out);
  if (status == CLI_OK && job->json)
    status = print_json(c, job, pot, &out);
  else if (status == CLI_OK)
    print_report(job, &out);
  mtp_active_set_free(out.as);
  mtp_config_set_free(valid);
  mtp_config_set_free(set);
  mtp_potential_free(pot);
  return status;
}

static int run(cli *c, int argc, char **argv) {
  job job = {.weights = mtp_weights_default(), .mode = MTP_MODE_NEIGHBOURHOOD};
  const char *weights = NULL, *weighting = NULL, *mode = NULL, *from = NULL;
  bool linear = false;
  long long seed;
  const cli_option options[] = {{"linear", 0, CLI_FLAG, &linear},       {"output", 'o', CLI_TEXT, &job.output},
                                {"valid", 0, CLI_TEXT, &job.valid},     {"weights", 0, CLI_TEXT, &weights},
                                {"weighting", 0, CLI_TEXT, &weighting}, {"mode", 0, CLI_TEXT, &mode},
                                {"ridge", 0, CLI_REAL, &job.ridge},     {"seed", 0, CLI_INTEGER, &seed},
                                {"from", 0, CLI_TEXT, &from},           {"json", 0, CLI_FLAG, &job.json}};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 2, -1);
  if (status != CLI_GO_ON) return status;
  if (!linear) return cli_usage(c, "only linear fits exist in this version: give --linear");
  if ((status = cli_require(c, job.output, "-o")) != CLI_OK ||
      (weights && (status = parse_weights(c, weights, &job.weights)) != CLI_OK) ||
      (weighting && (status = parse_weighting(c, weighting, &job.weights.weighting)) != CLI_OK) ||
      (mode && (status = cli_parse_mode(c, mode, &job.mode)) != CLI_OK) ||
      (status = cli_format(c, "--from", from, &job.format)) != CLI_OK)
    return status;
  job.mode_given = mode != NULL;
  if (job.ridge < 0) return cli_usage(c, "--ridge: a number that is not negative is expected");
  if (strcmp(job.output, "-") == 0) return cli_usage(c, "-o: a potential needs a file, not standard output");
  if ((status = cli_check_output(c, job.output)) != CLI_OK) return status;
  return read_and_train(c, &job);
}

const cli_command cli_cmd_train = {
    .name = "train",
    .summary = "Fit a potential to labelled configurations",
    .usage = "POT DATA... -o OUT --linear [--valid FILE] [--weights E,F,S|mlip] [--mode M]",
    .help = help,
    .run = run,
};
