/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_train.c
 * `mtp train`: fits a potential to labelled configurations. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "learn/hole.h"
#include "learn/reach.h"
#include "mtp/posterior.h"

static const char help[] =
    "Fits POT to all configurations of the files DATA and writes it with its active set to OUT\n"
    "(a name that ends in .mtp gets the potential alone). An untrained POT is trained from low levels up to its\n"
    "own, from several starts, then from small radial functions up to its own radial size or, where that is auto,\n"
    "to the one that the data support; a trained one goes on from its parameters.\n\n"
    "  -o, --output OUT    the file to write; may be POT\n"
    "  --linear            solve for the linear coefficients, keep the radial functions (also --fix-radial)\n"
    "  --fresh             begin anew with a trained POT\n"
    "  --valid FILE        also watch this set, which is not trained on, and print its errors\n"
    "  --weights E,F,S     of energy, forces, stress in the objective (3,0.01,0.0002); mlip: 1,0.01,0.001\n"
    "  --weighting W       vibrations (default), molecules or structures: powers of 1/N on E and S\n"
    "  --scale-by-force X  multiply the weight of a force by X/(|F|^2 + X) (0: off)\n"
    "  --penalty P         on radial functions that are not orthonormal (0)\n"
    "  --bending P         part of the loss that radial functions which bend below the closest pairs of DATA cost "
    "(0.05);\n"
    "                      0: nothing\n"
    "  --update-min-dist   set min_dist to 0.99 of the smallest distance in DATA first, also where it is not auto\n"
    "  --skip-bad          leave out configurations with nan or inf, atoms on top of each other, elements that POT\n"
    "                      lacks, no label, no energy or no neighbours; they are named and counted in any case\n"
    "  --max-iter N        iterations of the last fit (240). 0: leave the parameters of a trained POT as they are,\n"
    "                      and give it the active set of DATA\n"
    "  --time S            stop after so many seconds, with the best so far\n"
    "  --tol T             end when 30 iterations gain less than this part of the loss (0.003)\n"
    "  --patience N        end when the validation set was best N iterations ago, and take that; without\n"
    "                      --valid a part of DATA is held out for it (off)\n"
    "  --starts N          starts at the lowest level, of which the best go on (3)\n"
    "  --held-out X        part of DATA that chooses starts and radial size and is trained on in the end (0.1)\n"
    "  --ridge R           relative ridge on the scaled normal equations (chosen by the solver)\n"
    "  --seed N            of everything random (12345)\n"
    "  --threads N         of this process (all cores; under mpiexec 1 a rank). Results do not depend on it\n"
    "  --memory GB         for neighbourhoods, each rank (2); what does not fit is made anew in each pass\n";

static const char more_help[] =
    "  --checkpoint FILE   what is needed to go on after a kill (OUT.checkpoint), written every minute; the same\n"
    "                      command goes on from it. none: write none\n"
    "  --checkpoint-every S  seconds between writing it (60)\n"
    "  --log FILE          one line of JSON an iteration\n"
    "  --wall auto|off     look whether the energy falls where atoms come closer than in DATA, and mend that\n"
    "                      (auto)\n"
    "  --rows R            what active rows are the gradient by: linear (coefficients), all (parameters, as MLIP\n"
    "                      has it); linear after training, all with --linear or --max-iter 0\n"
    "  --mode M            active set of neighbourhood, energy or forces rows (what POT has, else\n"
    "                      neighbourhood)\n" CLI_KEYS_HELP CLI_SPECIES_HELP CLI_BASELINE_HELP CLI_PAIR_PART_HELP
    "  --compare-level L   write nothing: brief fits of POT and of level L, judged on a fifth of DATA\n"
    "  --from F            format of DATA: cfg, extxyz, outcar, vasprun (by content)\n"
    "  --json              one JSON object\n\n"
    "Example: mtp train pot.almtp train.extxyz -o fitted.almtp --valid test.extxyz\n";

static const double SWAP_THRESHOLD = 1.001; /* growth of the volume that is worth a swap of active rows */

typedef struct job {
  const char *baseline_text;
  cli_baseline baseline;
  cli_pair_part pairs;
  const char *output, *valid, *checkpoint, *log;
  mtp_train_options options;
  int other_level; /* to compare with, 0: none */
  mtp_mode mode;
  bool mode_given; /* else the one that the potential file says */
  mtp_format format;
  mtp_rows rows;
  bool rows_given; /* else linear ones of what was trained in full, all of the others */
  bool json, skip_bad, wall;
} job;

typedef struct outcome {
  mtp_train_result result;
  double seconds;
  mtp_errors training, validation;
  mtp_wall_report wall;
  mtp_reach reach; /* would a longer cutoff do better? */
  mtp_active_set *as;
  mtp_noise noise; /* of the posterior; zero without one */
  double typical, scale;
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

/* Options of which only some words are possible, as they were given. */
typedef struct words {
  const char *weights, *weighting, *mode, *from, *rows, *wall;
} words;

static int parse_rows(cli *c, const char *rows, const char *wall, job *job) {
  if (rows && strcmp(rows, "linear") != 0 && strcmp(rows, "all") != 0)
    return cli_usage(c, "--rows: linear or all is expected, not '%s'", rows);
  if (wall && strcmp(wall, "auto") != 0 && strcmp(wall, "off") != 0)
    return cli_usage(c, "--wall: auto or off is expected, not '%s'", wall);
  job->rows_given = rows != NULL;
  job->rows = rows && strcmp(rows, "linear") == 0 ? MTP_ROWS_LINEAR : MTP_ROWS_ALL;
  job->wall = !wall || strcmp(wall, "auto") == 0;
  return CLI_OK;
}

static int parse_words(cli *c, const words *w, job *job) {
  int status = CLI_OK;
  if ((w->weights && (status = parse_weights(c, w->weights, &job->options.weights)) != CLI_OK) ||
      (w->weighting && (status = parse_weighting(c, w->weighting, &job->options.weights.weighting)) != CLI_OK) ||
      (w->mode && (status = cli_parse_mode(c, w->mode, &job->mode)) != CLI_OK) ||
      (status = parse_rows(c, w->rows, w->wall, job)) != CLI_OK)
    return status;
  job->mode_given = w->mode != NULL;
  return cli_format(c, "--from", w->from, &job->format);
}

/* ---- watching ---- */

typedef struct viewer {
  cli *c;
  FILE *log;
  bool shown; /* a line on the terminal */
  double last;
} viewer;

static void log_progress(FILE *log, const mtp_train_progress *p) {
  cJSON *line = cJSON_CreateObject();
  cJSON_AddStringToObject(line, "event", "iteration");
  cJSON_AddStringToObject(line, "stage", p->stage);
  cli_json_number(line, "level", p->level);
  cli_json_number(line, "iteration", (double)p->iteration);
  cli_json_number(line, "seconds", p->seconds);
  cli_json_number(line, "loss", p->loss);
  cli_json_number(line, "rmse_energy", p->training.energy);
  cli_json_number(line, "rmse_force", p->training.force);
  cli_json_number(line, "rmse_stress", p->training.stress);
  cli_json_number(line, "valid_loss", p->validation_loss);
  cli_json_number(line, "valid_rmse_energy", p->validation.energy);
  cli_json_number(line, "valid_rmse_force", p->validation.force);
  cli_json_number(line, "valid_rmse_stress", p->validation.stress);
  char *text = cJSON_PrintUnformatted(line);
  if (text) fprintf(log, "%s\n", text);
  cJSON_free(text);
  cJSON_Delete(line);
  fflush(log);
}

static void show_progress(const mtp_train_progress *p) {
  const double rest = (double)(p->max_iterations - p->iteration), done = (double)p->iteration;
  double left = p->seconds_left;
  if (done > 0 && strcmp(p->stage, "final") == 0)
    left = fmin(isnan(left) ? INFINITY : left, p->stage_seconds / done * rest);
  fprintf(stderr, "\r%s, level %d, iteration %ld/%ld: loss %.4g, RMSE %.3g meV/atom, %.4g eV/A, %.3g GPa", p->stage,
          p->level, p->iteration, p->max_iterations, p->loss, 1e3 * p->training.energy, p->training.force,
          p->training.stress);
  if (isfinite(p->validation.force)) fprintf(stderr, "; validation %.4g eV/A", p->validation.force);
  if (isfinite(left)) fprintf(stderr, ", at most %.0f s left", left);
  fputs("\033[K", stderr);
  fflush(stderr);
}

static bool on_iteration(void *user, const mtp_train_progress *p) {
  viewer *v = user;
  if (v->log) log_progress(v->log, p);
  if (v->shown && cli_now() - v->last >= 0.2) {
    v->last = cli_now();
    show_progress(p);
  }
  return true;
}

static int fit(cli *c, const job *job, const mtp_config_set *set, const mtp_config_set *valid, mtp_potential *pot,
               mtp_train_result *result) {
  viewer v = {.c = c, .shown = isatty(STDERR_FILENO)};
  mtp_train_options options = job->options;
  if (job->log && !(v.log = fopen(job->log, "w"))) return cli_fail(c, "cannot write %s: %s", job->log, strerror(errno));
  char *checkpoint = NULL;
  if (job->checkpoint && strcmp(job->checkpoint, "none") == 0)
    options.checkpoint = NULL;
  else if (job->checkpoint)
    options.checkpoint = job->checkpoint;
  else {
    static const char suffix[] = ".checkpoint";
    checkpoint = cli_alloc(strlen(job->output) + sizeof suffix, 1);
    strcat(strcpy(checkpoint, job->output), suffix);
    options.checkpoint = checkpoint;
  }
  /* over before one would be written */
  if (options.linear || options.max_iterations == MTP_NO_ITERATIONS) options.checkpoint = NULL;
  options.comm = c->comm;
  options.watch = on_iteration;
  options.user = &v;
  const mtp_status done = mtp_train(c->ctx, &options, pot, set, valid, result);
  if (v.shown) fputs("\r\033[K", stderr);
  free(checkpoint);
  int status = done == MTP_OK ? CLI_OK : cli_library(c, NULL);
  const bool failed = v.log && ferror(v.log) != 0, unwritten = v.log && fclose(v.log) != 0;
  if ((failed || unwritten) && status == CLI_OK) status = cli_fail(c, "cannot write %s: %s", job->log, strerror(errno));
  return status;
}

static mtp_rows rows_of(const job *job) {
  if (job->rows_given) return job->rows;
  return job->options.linear || job->options.max_iterations == MTP_NO_ITERATIONS ? MTP_ROWS_ALL : MTP_ROWS_LINEAR;
}

/* Warns of configurations with which the potential makes no numbers. */
static int compute_errors(cli *c, const mtp_potential *pot, const mtp_config_set *set, mtp_errors *out) {
  const char *name = set->path ? set->path : "data";
  char broken[200];
  mtp_error_table *table = NULL;
  int status = cli_compute_error_table(c, name, pot, set, sizeof broken, broken, &table);
  if (status != CLI_OK) return status;
  if (*broken) cli_warn(c, "%s: %s", name, broken);
  *out = table->all;
  mtp_error_table_free(table);
  return CLI_OK;
}

/* How sure the coefficients are goes into the file. Without forces in the data, nothing is known of it. */
static int stamp_posterior(cli *c, const job *job, mtp_potential *pot, const mtp_config_set *set,
                           const mtp_config_set *valid, outcome *out) {
  mtp_posterior *posterior = NULL;
  mtp_status status = mtp_posterior_of(c->ctx, pot, &posterior);
  if (status == MTP_OK && posterior && job->options.max_iterations == MTP_NO_ITERATIONS) { /* it stays what it is */
    mtp_posterior_free(posterior);
    return CLI_OK;
  }
  mtp_posterior_free(posterior);
  if (status == MTP_OK) status = mtp_posterior_train(c->ctx, pot, set, valid, job->options.threads, &posterior);
  if (status == MTP_OK) {
    out->noise = mtp_posterior_noise(posterior);
    out->typical = mtp_posterior_typical(posterior);
    out->scale = mtp_posterior_scale(posterior);
  } else if (status == MTP_ERR_STATE || status == MTP_ERR_NUMERIC) {
    status = MTP_OK;
  }
  if (status == MTP_OK) status = mtp_posterior_stamp(c->ctx, posterior, pot);
  mtp_posterior_free(posterior);
  return status == MTP_OK ? CLI_OK : cli_library(c, NULL);
}

static int train(cli *c, job *job, mtp_potential *pot, mtp_config_set *set, const mtp_config_set *valid, outcome *out) {
  double start = cli_now();
  int status = fit(c, job, set, valid, pot, &out->result);
  /* whether the energy falls cannot be told without the baseline */
  const bool is_whole = job->baseline.model || !job->baseline.name;
  if (status == CLI_OK && job->wall && is_whole && job->options.max_iterations != MTP_NO_ITERATIONS &&
      mtp_train_wall_on(c->ctx, &job->options.weights, pot, set, job->baseline.model, &out->wall) != MTP_OK)
    status = cli_library(c, NULL);
  if (status == CLI_OK) status = compute_errors(c, pot, set, &out->training);
  if (status == CLI_OK && valid) status = compute_errors(c, pot, valid, &out->validation);
  if (status == CLI_OK && out->training.force.rmse > MTP_REACH_FROM * out->training.force_rms &&
      mtp_reach_compare(c->ctx, pot, set, &out->reach) != MTP_OK)
    status = cli_library(c, NULL);
  if (status == CLI_OK && job->rows_given && job->rows == MTP_ROWS_ALL && job->mode == MTP_MODE_FORCES)
    cli_warn(c, CLI_ROWS_OF_FORCES);
  if (status == CLI_OK) status = cli_pair_part_keep(c, &job->pairs, pot, set, job->output); /* rows say so, too */
  if (status == CLI_OK && cli_writes_active_set(job->output) &&
      mtp_active_set_build_of(c->ctx, pot, set, job->mode, rows_of(job), SWAP_THRESHOLD, NULL, &out->as) != MTP_OK)
    status = cli_library(c, NULL);
  if (status == CLI_OK) status = stamp_posterior(c, job, pot, set, valid, out);
  if (status == CLI_OK) status = cli_write_potential(c, job->output, "", pot, out->as);
  if (status == CLI_OK) status = cli_pair_part_is_written(c, &job->pairs, pot);
  out->seconds = cli_now() - start;
  return status;
}

static const char *kind_of(const mtp_train_options *options) {
  if (options->max_iterations == MTP_NO_ITERATIONS) return "none";
  return options->linear ? "linear" : "full";
}

static int print_json(cli *c, const job *job, const mtp_potential *pot, const outcome *out) {
  cJSON *object = cJSON_CreateObject();
  cJSON_AddStringToObject(object, "output", job->output);
  cJSON_AddStringToObject(object, "kind", kind_of(&job->options));
  cli_json_number(object, "parameters", (double)mtp_potential_parameter_count(pot));
  cli_json_number(object, "loss", out->result.loss);
  cli_json_number(object, "iterations", (double)out->result.iterations);
  cli_json_number(object, "passes", (double)out->result.passes);
  cJSON_AddBoolToObject(object, "stopped", out->result.stopped);
  cli_json_number(object, "training_seconds", out->result.seconds);
  cli_json_number(object, "seconds", out->seconds);
  if (job->pairs.file) {
    cJSON *pairs = cJSON_AddObjectToObject(object, "pair_part");
    cJSON_AddStringToObject(pairs, "file", job->pairs.file);
    cli_json_number(pairs, "rounds", job->pairs.report.rounds);
    cli_json_number(pairs, "loss_alone", job->pairs.report.alone);
    cli_json_number(pairs, "loss", job->pairs.report.loss);
  }
  cJSON_AddItemToObject(object, "training", cli_json_errors(&out->training));
  cJSON_AddItemToObject(object, "validation", job->valid ? cli_json_errors(&out->validation) : cJSON_CreateNull());
  cli_json_number(object, "longer_cutoff", out->reach.cutoff > 0 ? out->reach.cutoff : NAN);
  cli_json_number(object, "longer_cutoff_rmse_force", out->reach.cutoff > 0 ? out->reach.then : NAN);
  cli_json_number(object, "force_noise", out->noise.force);
  cli_json_number(object, "typical_force_error", out->typical);
  cli_json_number(object, "error_scale", out->scale);
  if (!out->as) {
    cJSON_AddNullToObject(object, "active_set");
    return cli_json_print(c, object);
  }
  cJSON *as = cJSON_AddObjectToObject(object, "active_set");
  cJSON_AddStringToObject(as, "mode", cli_mode_name(mtp_active_set_mode(out->as)));
  cli_json_number(as, "rows", (double)mtp_active_set_columns(out->as));
  cJSON_AddStringToObject(as, "of", mtp_active_set_kind(out->as) == MTP_ROWS_LINEAR ? "linear" : "all");
  cli_json_number(as, "filled", (double)mtp_active_set_filled(out->as));
  cli_json_number(as, "log_volume", mtp_active_set_log_volume(out->as));
  return cli_json_print(c, object);
}

static void print_wall(const mtp_potential *pot, const mtp_wall_report *w) {
  static const char *const done[] = {
      "", "more weight on squeezed configurations mends it",
      "a wall (RBChebyshev_repuls) is put there, nothing above it changes",
      ("nothing mends it: label configurations with such pairs (a run of mtp/al with this "
       "training set and warmup 1 0.05 does), or watch runs with stop")};
  if (w->a < 0) return;
  const char *a = mtp_potential_element(pot, w->a), *b = mtp_potential_element(pot, w->b);
  printf("below the data the energy fell by %s%.3g eV where %s and %s come as near as %.3g A (known: %.3g A): %s\n",
         w->depth > MTP_HOLE_DEEP ? "more than " : "", fmin(w->depth, MTP_HOLE_DEEP), a ? a : "atoms", b ? b : "atoms",
         w->r, w->known, done[w->wall]);
}

static void print_reach(const mtp_potential *pot, const mtp_reach *r) {
  char text[300];
  if (!(r->cutoff > 0)) return;
  mtp_reach_describe(pot, r, text, sizeof text);
  puts(text);
}

static void print_report(const job *job, const mtp_potential *pot, const outcome *out) {
  cli_print_errors("training set", &out->training);
  if (job->valid) cli_print_errors("validation set", &out->validation);
  if (!job->options.linear) {
    printf("training: %ld iterations, %ld passes, %.3g s%s\n", out->result.iterations, out->result.passes,
           out->result.seconds, out->result.stopped ? ", stopped" : "");
  }
  printf("loss %.6g, %.3g s\n", out->result.loss, out->seconds);
  cli_pair_part_print(&job->pairs);
  print_wall(pot, &out->wall);
  print_reach(pot, &out->reach);
  if (out->noise.force > 0)
    printf(
        "errors to expect: %.4g eV/A of a force however much is learned, and %.3g times what the labels leave open\n",
        out->typical, out->scale);
  if (out->as)
    printf("active set: %zu of %zu rows filled, %s mode, ln|det A| = %.6g\n", mtp_active_set_filled(out->as),
           mtp_active_set_columns(out->as), cli_mode_name(mtp_active_set_mode(out->as)),
           mtp_active_set_log_volume(out->as));
  printf("written: %s\n", job->output);
}

/* Half of the time is for this, half for the training on top of it. After a kill it is learned once more, the same. */
static int learn_pairs(cli *c, job *job, mtp_potential *pot, const mtp_config_set *set) {
  viewer v = {.c = c, .shown = isatty(STDERR_FILENO)};
  mtp_train_options options = job->options;
  options.max_seconds = job->options.max_seconds *= 0.5;
  options.checkpoint = NULL;
  options.comm = c->comm;
  options.watch = on_iteration;
  options.user = &v;
  const int status = cli_pair_part_learn(c, &job->pairs, &options, pot, set);
  if (v.shown) fputs("\r\033[K", stderr);
  job->baseline_text = job->pairs.baseline;
  job->options.fresh = job->options.update_min_dist = false; /* that was done */
  return status;
}

/* What the labels are relative to is what the potential will stand on. */
static int take_baseline(cli *c, job *job, mtp_potential *pot, mtp_config_set *set, mtp_config_set *valid) {
  const bool stands = !job->options.fresh && !job->pairs.file;
  int status = job->pairs.file ? learn_pairs(c, job, pot, set) : CLI_OK;
  if (status == CLI_OK) status = cli_baseline_open(c, job->baseline_text, pot, &job->baseline);
  if (status == CLI_OK) status = cli_baseline_apply(c, &job->baseline, set);
  if (status == CLI_OK && valid) status = cli_baseline_apply(c, &job->baseline, valid);
  if (status == CLI_OK && stands) status = cli_baseline_check(c, &job->baseline, pot, c->words[0]);
  if (status == CLI_OK && mtp_potential_set_baseline(c->ctx, pot, job->baseline.name) != MTP_OK)
    status = cli_library(c, NULL);
  return status;
}

static int train_and_print(cli *c, job *job, mtp_potential *pot, mtp_config_set *set, const mtp_config_set *valid,
                           outcome *out) {
  const int status = train(c, job, pot, set, valid, out);
  if (status == CLI_OK && job->json) return print_json(c, job, pot, out);
  if (status == CLI_OK) print_report(job, pot, out);
  return status;
}

static int read_and_train(cli *c, job *job) {
  mtp_potential *pot = NULL;
  mtp_active_set *old = NULL;
  mtp_config_set *set = NULL, *valid = NULL;
  outcome out = {.wall = {.a = -1, .b = -1}};
  char *valid_path[] = {(char *)job->valid};
  int status = cli_read_potential(c, c->words[0], &pot, &old);
  if (old && !job->mode_given) job->mode = mtp_active_set_mode(old);
  mtp_active_set_free(old);
  if (status == CLI_OK)
    status = cli_read_training(c, c->word_count - 1, c->words + 1, job->format, pot, job->skip_bad, &set);
  if (status == CLI_OK && job->valid) status = cli_read_data(c, 1, valid_path, MTP_FORMAT_AUTO, pot, &valid);
  if (status == CLI_OK) status = take_baseline(c, job, pot, set, valid);
  job->options.comm = c->comm;
  if (status == CLI_OK && job->other_level > 0)
    status = cli_compare_levels(c, &job->options, pot, job->other_level, set, job->json);
  else if (status == CLI_OK)
    status = train_and_print(c, job, pot, set, valid, &out);
  mtp_active_set_free(out.as);
  cli_baseline_close(&job->baseline);
  cli_pair_part_end(c, &job->pairs);
  mtp_config_set_free(valid);
  mtp_config_set_free(set);
  mtp_potential_free(pot);
  return status;
}

#define NOT_GIVEN LLONG_MIN
#define BRIEF     40 /* iterations of a comparison of levels */

/* Numbers that are read as they come, to be checked and converted. */
typedef struct numbers {
  long long max_iter, patience, starts, seed, threads, level;
  double memory;
} numbers;

static int check_numbers(cli *c, const job *job, const numbers *n) {
  const mtp_train_options *o = &job->options;
  if (o->ridge < 0) return cli_usage(c, "--ridge: a number that is not negative is expected");
  if (o->penalty < 0) return cli_usage(c, "--penalty: a number that is not negative is expected");
  if (o->bending < 0) return cli_usage(c, "--bending: a number that is not negative is expected");
  if (o->scale_by_force < 0) return cli_usage(c, "--scale-by-force: a number that is not negative is expected");
  if (o->max_seconds < 0) return cli_usage(c, "--time: a number that is not negative is expected");
  if (o->tolerance < 0) return cli_usage(c, "--tol: a number that is not negative is expected");
  if (o->held_out < 0 || o->held_out > 0.5) return cli_usage(c, "--held-out: a number from 0 to 0.5 is expected");
  if ((n->max_iter < 0 && n->max_iter != NOT_GIVEN) || n->max_iter > 1000000000)
    return cli_usage(c, "--max-iter: a number from 0 to 1e9 is expected");
  if (n->max_iter == 0 && (o->linear || o->fresh || o->update_min_dist || job->pairs.file))
    return cli_usage(c, "--max-iter 0 changes nothing: it goes without --linear, --fresh, --update-min-dist and "
                        "--pair-part");
  if (n->patience < 0 || n->patience > 1000000000)
    return cli_usage(c, "--patience: a number from 0 to 1e9 is expected");
  if (n->starts < 1 || n->starts > 1000) return cli_usage(c, "--starts: a number from 1 to 1000 is expected");
  if (n->threads < 0 || n->threads > 4096) return cli_usage(c, "--threads: a number from 1 to 4096 is expected");
  if (!(n->memory > 0)) return cli_usage(c, "--memory: a positive number of gigabytes is expected");
  return CLI_OK;
}

/* A comparison of levels leaves nothing behind, which whoever names a file had better hear before. */
static int check_comparison(cli *c, const job *job, const numbers *n) {
  if (n->level == NOT_GIVEN) return CLI_OK;
  if (n->level < 2 || n->level > 30 || n->level % 2)
    return cli_usage(c, "--compare-level: an even number from 2 to 30 is expected");
  if (job->options.linear || n->max_iter == 0 || job->output || job->valid || job->log || job->checkpoint ||
      job->pairs.file)
    return cli_usage(c, "--compare-level trains all parameters, on a part of DATA, and writes nothing: it goes without "
                        "--linear, --max-iter 0, --valid, -o, --log, --checkpoint and --pair-part");
  return CLI_OK;
}

/* What is written would ruin what is read, labels among it, and what else is written. */
static int check_files(cli *c, const job *job) {
  const bool has_checkpoint = job->checkpoint && strcmp(job->checkpoint, "none") != 0;
  char *tables = cli_pair_part_tables(&job->pairs);
  const struct {
    const char *what, *path;
    int first; /* -o may be POT */
  } files[] = {{"-o", job->output, 1},
               {"--log", job->log, 0},
               {"--checkpoint", has_checkpoint ? job->checkpoint : NULL, 0},
               {"--pair-part", job->pairs.file, 0},
               {"the tables of --pair-part", tables, 0}};
  int status = CLI_OK;
  for (size_t a = 0; a < sizeof files / sizeof files[0] && status == CLI_OK; a++) {
    status = cli_check_inputs_differ(c, files[a].what, files[a].path, files[a].first);
    if (status == CLI_OK) status = cli_check_differ(c, files[a].what, files[a].path, "--valid", job->valid);
    for (size_t b = 0; b < a && status == CLI_OK; b++)
      status = cli_check_differ(c, files[a].what, files[a].path, files[b].what, files[b].path);
  }
  free(tables);
  return status;
}

static void use_numbers(const cli *c, job *job, const numbers *n) {
  mtp_train_options *o = &job->options;
  o->max_iterations = n->max_iter == NOT_GIVEN ? 0 : n->max_iter > 0 ? (long)n->max_iter : MTP_NO_ITERATIONS;
  o->patience = (long)n->patience;
  o->starts = (int)n->starts;
  o->seed = (unsigned long long)n->seed;
  o->threads = cli_threads(c, n->threads);
  o->memory = 1e9 * n->memory;
  job->other_level = n->level == NOT_GIVEN ? 0 : (int)n->level;
  if (job->other_level > 0 && n->max_iter == NOT_GIVEN) o->max_iterations = BRIEF;
}

static int run_train(cli *c, int argc, char **argv) {
  job job = {.options = mtp_train_defaults(), .mode = MTP_MODE_NEIGHBOURHOOD};
  mtp_train_options *o = &job.options;
  words w = {0};
  bool fix_radial = false;
  numbers n = {.max_iter = NOT_GIVEN,
               .level = NOT_GIVEN,
               .starts = o->starts,
               .seed = (long long)o->seed,
               .memory = 1e-9 * o->memory};
  const cli_option options[] = {{"linear", 0, CLI_FLAG, &o->linear},
                                {"fix-radial", 0, CLI_FLAG, &fix_radial},
                                {"fresh", 0, CLI_FLAG, &o->fresh},
                                {"output", 'o', CLI_TEXT, &job.output},
                                {"valid", 0, CLI_TEXT, &job.valid},
                                {"weights", 0, CLI_TEXT, &w.weights},
                                {"weighting", 0, CLI_TEXT, &w.weighting},
                                {"scale-by-force", 0, CLI_REAL, &o->scale_by_force},
                                {"penalty", 0, CLI_REAL, &o->penalty},
                                {"bending", 0, CLI_REAL, &o->bending},
                                {"update-min-dist", 0, CLI_FLAG, &o->update_min_dist},
                                {"max-iter", 0, CLI_INTEGER, &n.max_iter},
                                {"time", 0, CLI_REAL, &o->max_seconds},
                                {"tol", 0, CLI_REAL, &o->tolerance},
                                {"patience", 0, CLI_INTEGER, &n.patience},
                                {"starts", 0, CLI_INTEGER, &n.starts},
                                {"held-out", 0, CLI_REAL, &o->held_out},
                                {"ridge", 0, CLI_REAL, &o->ridge},
                                {"seed", 0, CLI_INTEGER, &n.seed},
                                {"threads", 0, CLI_INTEGER, &n.threads},
                                {"memory", 0, CLI_REAL, &n.memory},
                                {"checkpoint", 0, CLI_TEXT, &job.checkpoint},
                                {"checkpoint-every", 0, CLI_REAL, &o->checkpoint_seconds},
                                {"log", 0, CLI_TEXT, &job.log},
                                {"mode", 0, CLI_TEXT, &w.mode},
                                {"rows", 0, CLI_TEXT, &w.rows},
                                {"wall", 0, CLI_TEXT, &w.wall},
                                {"compare-level", 0, CLI_INTEGER, &n.level},
                                {"from", 0, CLI_TEXT, &w.from},
                                {"baseline", 0, CLI_TEXT, &job.baseline_text},
                                {"pair-part", 0, CLI_TEXT, &job.pairs.file},
                                {"pair-cutoff", 0, CLI_REAL, &job.pairs.cutoff},
                                {"pair-lattice", 0, CLI_FLAG, &job.pairs.lattice},
                                CLI_KEYS_OPTION(c),
                                CLI_SPECIES_OPTION(c),
                                {"skip-bad", 0, CLI_FLAG, &job.skip_bad},
                                {"json", 0, CLI_FLAG, &job.json}};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 2, -1);
  if (status != CLI_GO_ON) return status;
  o->linear = o->linear || fix_radial;
  if ((n.level == NOT_GIVEN && (status = cli_require(c, job.output, "-o")) != CLI_OK) ||
      (status = parse_words(c, &w, &job)) != CLI_OK || (status = check_numbers(c, &job, &n)) != CLI_OK ||
      (status = check_comparison(c, &job, &n)) != CLI_OK ||
      (status = cli_pair_part_check(c, &job.pairs, job.baseline_text)) != CLI_OK ||
      (status = check_files(c, &job)) != CLI_OK)
    return status;
  use_numbers(c, &job, &n);
  if (job.other_level > 0) return read_and_train(c, &job);
  if (strcmp(job.output, "-") == 0) return cli_usage(c, "-o: a potential needs a file, not standard output");
  if ((status = cli_check_output(c, job.output)) != CLI_OK) return status;
  return read_and_train(c, &job);
}

const cli_command cli_cmd_train = {
    .name = "train",
    .summary = "Fit a potential to labelled configurations",
    .usage = "POT DATA... -o OUT [--valid FILE] [--linear] [--weights E,F,S|mlip] [--time S] ...",
    .help = help,
    .end = more_help,
    .run = run_train,
    .ranks = CLI_TRAINS,
};
