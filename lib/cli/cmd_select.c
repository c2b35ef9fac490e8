/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_select.c
 * `mtp select`: which frames of trajectories are worth labels. The frames are read in pieces, as often as the selection
 * asks, and those that are selected once more for the output. */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "mtp/config_stream.h"
#include "mtp/select.h"

static const char help[] =
    "Writes those of the configurations in CANDIDATES to OUT that are worth labels, whole, with all that they carry,\n"
    "in their order, and with source_file and source_frame (from 1) where the format can say it. Files are read in\n"
    "pieces, so that trajectories may be larger than memory. The same structure is taken once. An untrained POT will\n"
    "do where it is not asked for predictions: by lot, by labels, range, maxvol with linear rows.\n\n"
    "  -o, --output OUT    the file to write\n"
    "  --train FILE        what is labelled already: nothing of it is\n"
    "                      selected, the active set begins with it, and bins count it. Without it maxvol begins with\n"
    "                      the active set of POT, if that has one of such rows\n"
    "  --method M          maxvol       largest volume of the active set: what lies outside of what is known "
    "(default)\n"
    "                      range        what holds the smallest or largest value of a basis function, beyond those\n"
    "                                   that are known\n"
    "                      energy, force, site-energy   as many from each bin of a histogram of the energy per atom,\n"
    "                                   the force on an atom, the energy of a site. Of energies and forces the labels\n"
    "                                   are taken if all candidates have them, else what POT predicts\n"
    "                      random       by lot\n"
    "                      bayes        again and again the frame with the least certain force, whose forces count as\n"
    "                                   known then. Grades are standard deviations over the noise of the labels, by\n"
    "                                   what POT knows of itself, or by the labels of --train if that is given\n"
    "  --mode M            what maxvol grades: neighbourhood (a row an atom), energy (one a configuration; also\n"
    "                      configuration), forces (energy, forces and virial of a configuration, as fits weigh them;\n"
    "                      by the linear coefficients). What the active set of POT has, else neighbourhood\n"
    "  --rows R            rows are the gradient by linear coefficients or all parameters (what the active set of\n"
    "                      POT has, else linear)\n"
    "  --max N             select N at most: by maxvol and range those that add most, first. The others need it\n"
    "  --fill              maxvol selects fewer configurations than there are parameters: go on with the active\n"
    "                      set of the rest, until there are N of --max\n"
    "  --threshold G       maxvol: select nothing unless a grade is above G (1.1); bayes counts frames above it\n"
    "  --swap G            maxvol: growth of the volume that is worth a change (1.001)\n"
    "  --seed N            of lots (12345)\n"
    "  --threads N         of this process (all cores). The result does not depend on it\n"
    "  --memory GB         for rows; what does not fit is made anew in each pass (1.2)\n"
    "  --json              one JSON object, with what was selected\n" CLI_KEYS_HELP CLI_SPECIES_HELP
    "  --from F, --to F    formats: cfg, extxyz, poscar, lammps-data, lammps-dump; read only: outcar, vasprun\n"
    "                      (by content, by name)\n\n"
    "Example: mtp select pot.almtp md-*.dump -o new.extxyz --train train.extxyz --max 200\n";

/* ---- the candidates ---- */

typedef struct reader {
  cli *c;
  int count, at; /* files, and the one that is read */
  char *const *path;
  mtp_config_stream **stream;
  size_t first; /* frames of this file before the block */
  size_t size;  /* frames of the block */
} reader;

static void reader_close(reader *r) {
  for (int k = 0; k < r->count && r->stream; k++) mtp_config_stream_close(r->stream[k]);
  free(r->stream);
}

/* The species of all files are those of the potential. */
static int open_file(cli *c, mtp_potential *pot, const char *path, mtp_format format, mtp_config_stream **out) {
  const mtp_read_options options = {.format = format, .keys = c->keys, .whole_records = true};
  const mtp_config_set *piece = NULL;
  if (mtp_config_stream_open(c->ctx, path, &options, out) != MTP_OK ||
      mtp_config_stream_next(c->ctx, *out, &piece) != MTP_OK)
    return cli_library(c, path);
  if (!piece) return cli_fail(c, "%s: there is no configuration in it", path);
  int status = cli_adopt_name(c, path, pot, piece);
  if (status != CLI_OK) return status;
  cli_names names = cli_names_of(pot);
  if (mtp_config_stream_map_species(c->ctx, *out, names.count, cli_names_list(&names)) != MTP_OK)
    status = cli_library(c, path);
  cli_names_free(&names);
  return status;
}

static int reader_open(cli *c, mtp_potential *pot, mtp_format format, reader *r) {
  int status = CLI_OK;
  *r = (reader){.c = c, .count = c->word_count - 1, .path = c->words + 1};
  r->stream = cli_alloc((size_t)r->count, sizeof *r->stream);
  for (int k = 0; k < r->count && status == CLI_OK; k++) status = open_file(c, pot, r->path[k], format, &r->stream[k]);
  return status;
}

static mtp_status reader_rewind(mtp_context *ctx, void *user) {
  reader *r = user;
  r->at = 0;
  r->first = r->size = 0;
  return mtp_config_stream_rewind(ctx, r->stream[0]);
}

static mtp_status reader_next(mtp_context *ctx, void *user, const mtp_config_set **block) {
  reader *r = user;
  r->first += r->size;
  mtp_status status = mtp_config_stream_next(ctx, r->stream[r->at], block);
  while (status == MTP_OK && !*block && r->at + 1 < r->count) {
    r->first = 0;
    status = mtp_config_stream_rewind(ctx, r->stream[++r->at]);
    if (status == MTP_OK) status = mtp_config_stream_next(ctx, r->stream[r->at], block);
  }
  r->size = status == MTP_OK && *block ? (*block)->n : 0;
  return status;
}

/* ---- the bar ---- */

enum { STEPS = 1000 };

typedef struct viewer {
  reader *r;
  size_t pass, blocks, seen; /* blocks that there are, and those of this pass */
  char what[40];
} viewer;

/* How many blocks there are is known after the first pass, which reads the files; later ones may not have to. */
static double part_of_pass(viewer *v) {
  const reader *r = v->r;
  v->seen++;
  if (v->pass > 0) return (double)v->seen / (double)v->blocks;
  v->blocks++;
  return (r->at + mtp_config_stream_done(r->stream[r->at])) / r->count;
}

static void show(void *user, size_t pass) {
  viewer *v = user;
  cli *c = v->r->c;
  if (pass != v->pass) {
    snprintf(v->what, sizeof v->what, "pass %zu", pass + 1);
    cli_progress_begin(c, v->what, STEPS);
    v->pass = pass;
    v->seen = 0;
  }
  const size_t done = (size_t)(part_of_pass(v) * STEPS);
  if (c->progress.shown && done > c->progress.done) cli_progress_step(c, done - c->progress.done);
}

/* ---- the output ---- */

static int add_frame(reader *r, const mtp_config *frame, size_t number, mtp_config_set *out) {
  mtp_config *copy = mtp_config_copy(frame);
  char text[32];
  snprintf(text, sizeof text, "%zu", number);
  if (!copy) cli_die_of_memory();
  mtp_status status = MTP_OK;
  if (!mtp_config_get_feature(copy, "source_file")) { /* else it was selected before, and that says where it is from */
    status = mtp_config_set_feature(r->c->ctx, copy, "source_file", r->path[r->at]);
    if (status == MTP_OK) status = mtp_config_set_feature(r->c->ctx, copy, "source_frame", text);
  }
  if (status == MTP_OK)
    status = mtp_config_set_append(r->c->ctx, out, copy);
  else
    mtp_config_free(copy);
  return status == MTP_OK ? CLI_OK : cli_library(r->c, NULL);
}

/* Copies the chosen frames of a block whose first one has the number `first` among all; `list` names them in JSON. */
static int copy_block(reader *r, const mtp_config_set *block, size_t first, const mtp_selection *s, size_t *at,
                      mtp_config_set *out, cJSON *list) {
  int status = CLI_OK;
  for (; *at < s->count && s->chosen[*at] < first + block->n && status == CLI_OK; ++*at) {
    const size_t k = s->chosen[*at] - first, number = r->first + k + 1;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "file", r->path[r->at]);
    cli_json_number(item, "frame", (double)number);
    cJSON_AddItemToArray(list, item);
    if (!mtp_selection_is(s, *at, block->configs[k]))
      return cli_fail(r->c, "%s: configuration %zu is not what was selected: the file was changed", r->path[r->at],
                      number);
    status = add_frame(r, block->configs[k], number, out);
  }
  return status;
}

static int copy_frames(reader *r, const mtp_potential *pot, const mtp_selection *s, mtp_config_set *out, cJSON *list) {
  cli *c = r->c;
  cli_names names = cli_names_of(pot);
  for (int k = 0; k < names.count; k++)
    if (mtp_config_set_species(out, names.name[k]) < 0) cli_die_of_memory();
  cli_names_free(&names);
  int status = reader_rewind(c->ctx, r) == MTP_OK ? CLI_OK : cli_library(c, NULL);
  for (size_t at = 0, first = 0; at < s->count && status == CLI_OK;) {
    const mtp_config_set *block = NULL;
    if (reader_next(c->ctx, r, &block) != MTP_OK) return cli_library(c, r->path[r->at]);
    if (!block) return cli_fail(c, "%s: there are fewer configurations in it than before", r->path[r->at]);
    status = copy_block(r, block, first, s, &at, out, list);
    first += block->n;
  }
  return status;
}

/* ---- the report ---- */

typedef struct job {
  const char *output, *train;
  mtp_format input_format, output_format;
  mtp_select_options options;
  bool json;
} job;

static const char *mode_name(mtp_select_mode mode) {
  static const char *const names[] = {"energy", "forces", "neighbourhood"};
  return names[mode];
}

static int print_json(cli *c, const job *job, const mtp_selection *s, cJSON *list) {
  const bool maxvol = job->options.method == MTP_SELECT_MAXVOL;
  cJSON *object = cJSON_CreateObject();
  cJSON_AddStringToObject(object, "method", mtp_select_method_name(job->options.method));
  cJSON_AddItemToObject(object, "mode", maxvol ? cJSON_CreateString(mode_name(job->options.mode)) : cJSON_CreateNull());
  cli_json_number(object, "candidates", (double)s->candidates);
  cli_json_number(object, "atoms", (double)s->atoms);
  cli_json_number(object, "repeated", (double)s->repeated);
  cli_json_number(object, "known", (double)s->known);
  cli_json_number(object, "unusable", (double)s->unusable);
  cli_json_number(object, "selected", (double)s->count);
  cJSON_AddItemToObject(object, "largest_grade", s->has_grades ? cJSON_CreateNumber(s->largest) : cJSON_CreateNull());
  cJSON_AddItemToObject(object, "above_threshold",
                        s->has_grades ? cJSON_CreateNumber((double)s->beyond) : cJSON_CreateNull());
  cJSON_AddItemToObject(object, "frames", list);
  return cli_json_print(c, object);
}

static void print_report(const job *job, const mtp_selection *s) {
  const mtp_select_method method = job->options.method;
  printf("%zu candidates, %zu atoms", s->candidates, s->atoms);
  if (s->repeated) printf("; %zu are there twice", s->repeated);
  if (s->known) printf("; %zu are known", s->known);
  if (s->unusable) printf("; %zu cannot be used: atoms at the same place, or ghosts", s->unusable);
  printf("\n");
  if (method == MTP_SELECT_ENERGY || method == MTP_SELECT_FORCE)
    printf("by %s\n", s->by_labels ? "labels" : "predictions of the potential, as not all candidates have labels");
  if (s->has_grades)
    printf("largest grade %.6g; %zu configurations above %g\n", s->largest, s->beyond, job->options.threshold);
  printf("%s%s%s: %zu selected\n", mtp_select_method_name(method), method == MTP_SELECT_MAXVOL ? ", by " : "",
         method == MTP_SELECT_MAXVOL ? mode_name(job->options.mode) : "", s->count);
}

/* ---- the whole ---- */

static int parse_method(cli *c, const char *text, mtp_select_method *method) {
  for (int k = 0; *mtp_select_method_name((mtp_select_method)k); k++)
    if (strcmp(text, mtp_select_method_name((mtp_select_method)k)) == 0) {
      *method = (mtp_select_method)k;
      return CLI_OK;
    }
  return cli_usage(c, "--method: maxvol, range, energy, force, site-energy, random or bayes is expected, not '%s'",
                   text);
}

static int parse_mode(cli *c, const char *text, mtp_select_mode *mode) {
  for (int k = 0; k < 3; k++)
    if (strcmp(text, mode_name((mtp_select_mode)k)) == 0) {
      *mode = (mtp_select_mode)k;
      return CLI_OK;
    }
  *mode = MTP_SELECT_BY_ENERGY;
  if (strcmp(text, "configuration") == 0) return CLI_OK;
  return cli_usage(c, "--mode: energy (or configuration), forces or neighbourhood is expected, not '%s'", text);
}

static int parse_rows(cli *c, const char *text, mtp_rows *rows) {
  *rows = strcmp(text, "linear") == 0 ? MTP_ROWS_LINEAR : MTP_ROWS_ALL;
  if (*rows == MTP_ROWS_LINEAR || strcmp(text, "all") == 0) return CLI_OK;
  return cli_usage(c, "--rows: linear or all is expected, not '%s'", text);
}

static int check_numbers(cli *c, const job *job, long long max, long long threads) {
  const mtp_select_options *o = &job->options;
  if (max < 0) return cli_usage(c, "--max: a positive number is expected");
  if (max == 0 && o->method != MTP_SELECT_MAXVOL && o->method != MTP_SELECT_RANGE)
    return cli_usage(c, "--method %s needs --max", mtp_select_method_name(o->method));
  if (o->fill && (max == 0 || o->method != MTP_SELECT_MAXVOL)) return cli_usage(c, "--fill is for maxvol with --max");
  if (threads < 0 || threads > 4096) return cli_usage(c, "--threads: a number from 1 to 4096 is expected");
  if (o->threshold < 1) return cli_usage(c, "--threshold: a number from 1 on is expected");
  if (o->swap < 1) return cli_usage(c, "--swap: a number from 1 on is expected");
  if (!(o->memory > 0)) return cli_usage(c, "--memory: a positive number of gigabytes is expected");
  return CLI_OK;
}

static int read_train(cli *c, const job *job, mtp_potential *pot, mtp_config_set **train) {
  char *paths[1] = {(char *)job->train};
  return job->train ? cli_read_data(c, 1, paths, MTP_FORMAT_AUTO, pot, train) : CLI_OK;
}

/* What the options leave open is as in the active set of the potential. */
static void use_defaults(job *job, const mtp_active_set *as, bool mode_given, bool rows_given) {
  if (!as) return;
  if (!mode_given && mtp_active_set_mode(as) == MTP_MODE_CONFIGURATION) job->options.mode = MTP_SELECT_BY_ENERGY;
  if (!mode_given && mtp_active_set_mode(as) == MTP_MODE_FORCES) job->options.mode = MTP_SELECT_BY_FORCES;
  if (!rows_given) job->options.rows = mtp_active_set_kind(as);
}

static int select_frames(cli *c, job *job, const mtp_potential *pot, const mtp_active_set *as,
                         const mtp_config_set *train, reader *r) {
  viewer v = {.r = r, .pass = SIZE_MAX};
  const mtp_candidates candidates = {r, reader_rewind, reader_next};
  mtp_selection *s = NULL;
  job->options.progress = show;
  job->options.user = &v;
  const mtp_status done = mtp_select(c->ctx, &job->options, pot, as, train, &candidates, &s);
  cli_progress_end(c);
  if (done != MTP_OK) return cli_library(c, NULL);
  mtp_config_set *out = mtp_config_set_new();
  cJSON *list = cJSON_CreateArray();
  if (!out) cli_die_of_memory();
  int status = copy_frames(r, pot, s, out, list);
  if (status == CLI_OK) status = cli_write_set(c, out, job->output, job->output_format);
  if (status == CLI_OK && job->json)
    status = print_json(c, job, s, list);
  else
    cJSON_Delete(list);
  if (status == CLI_OK && !job->json && strcmp(job->output, "-") != 0) print_report(job, s);
  mtp_config_set_free(out);
  mtp_selection_free(s);
  return status;
}

static int run_job(cli *c, job *job, bool mode_given, bool rows_given) {
  mtp_potential *pot = NULL;
  mtp_active_set *as = NULL;
  mtp_config_set *train = NULL;
  reader r = {0};
  int status = cli_read_potential(c, c->words[0], &pot, &as);
  if (status == CLI_OK) use_defaults(job, as, mode_given, rows_given);
  if (status == CLI_OK && rows_given && job->options.rows == MTP_ROWS_ALL && job->options.mode == MTP_SELECT_BY_FORCES)
    cli_warn(c, CLI_ROWS_OF_FORCES);
  if (status == CLI_OK) status = read_train(c, job, pot, &train);
  if (status == CLI_OK) status = reader_open(c, pot, job->input_format, &r);
  if (status == CLI_OK) status = select_frames(c, job, pot, as, train, &r);
  reader_close(&r);
  mtp_config_set_free(train);
  mtp_active_set_free(as);
  mtp_potential_free(pot);
  return status;
}

static int run_select(cli *c, int argc, char **argv) {
  job job = {.options = mtp_select_defaults()};
  mtp_select_options *o = &job.options;
  const char *method = NULL, *mode = NULL, *rows = NULL, *from = NULL, *to = NULL;
  long long max = 0, seed = (long long)o->seed, threads = 0;
  double memory = 1e-9 * o->memory;
  const cli_option options[] = {{"output", 'o', CLI_TEXT, &job.output},
                                {"train", 0, CLI_TEXT, &job.train},
                                {"method", 0, CLI_TEXT, &method},
                                {"mode", 0, CLI_TEXT, &mode},
                                {"rows", 0, CLI_TEXT, &rows},
                                {"max", 0, CLI_INTEGER, &max},
                                {"fill", 0, CLI_FLAG, &o->fill},
                                {"threshold", 0, CLI_REAL, &o->threshold},
                                {"swap", 0, CLI_REAL, &o->swap},
                                {"seed", 0, CLI_INTEGER, &seed},
                                {"threads", 0, CLI_INTEGER, &threads},
                                {"memory", 0, CLI_REAL, &memory},
                                {"json", 0, CLI_FLAG, &job.json},
                                CLI_KEYS_OPTION(c),
                                CLI_SPECIES_OPTION(c),
                                {"from", 0, CLI_TEXT, &from},
                                {"to", 0, CLI_TEXT, &to}};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 2, -1);
  if (status != CLI_GO_ON) return status;
  o->memory = 1e9 * memory;
  if ((status = cli_require(c, job.output, "-o")) != CLI_OK ||
      (method && (status = parse_method(c, method, &o->method)) != CLI_OK) ||
      (mode && (status = parse_mode(c, mode, &o->mode)) != CLI_OK) ||
      (rows && (status = parse_rows(c, rows, &o->rows)) != CLI_OK) ||
      (status = check_numbers(c, &job, max, threads)) != CLI_OK ||
      (status = cli_format(c, "--from", from, &job.input_format)) != CLI_OK ||
      (status = cli_output_format(c, job.output, to, &job.output_format)) != CLI_OK ||
      (status = cli_check_output(c, job.output)) != CLI_OK ||
      (status = cli_check_inputs_differ(c, "-o", job.output, 0)) != CLI_OK ||
      (status = cli_check_differ(c, "-o", job.output, "--train", job.train)) != CLI_OK)
    return status;
  if (job.json && strcmp(job.output, "-") == 0) return cli_usage(c, "-o - and --json both want standard output");
  o->max = (size_t)max;
  o->seed = (unsigned long long)seed;
  o->threads = cli_threads(c, threads);
  o->comm = c->comm;
  return run_job(c, &job, mode != NULL, rows != NULL);
}

const cli_command cli_cmd_select = {
    .name = "select",
    .summary = "Choose what is worth a label from trajectories",
    .usage = "POT CANDIDATES... -o OUT [--train FILE] [--method M] [--max N]",
    .help = help,
    .run = run_select,
    .ranks = CLI_EVALUATES,
};
