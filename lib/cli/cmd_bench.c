/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_bench.c
 * `mtp bench`: time and force deviation of every kernel that this machine can run, outside of any engine. Speed and
 * correctness come from the same run, so that they cannot drift apart. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/crystal.h"
#include "mtp/bench.h"
#include "mtp/evaluator.h"

static const char help[] =
    "Processor time of calls for forces and virial, which is what a step of dynamics asks for, on one\n"
    "core: a line for every instruction set of this machine and precision. The atoms are a periodic fcc crystal, every "
    "one displaced by 5 %\n"
    "of the lattice constant, species handed out at random; neighbour lists are those of an MD engine,\n"
    "full, with ghosts and a skin of 20 % of the cutoff. Calls for all (energies and virials, also of\n"
    "every atom, beside the forces) are timed as well, and if POT holds an active set of atoms, calls that\n"
    "ask for the largest grade. Deviations are from the reference kernel, the first line. A line says so\n"
    "if other processes want the processor: times are longer then, as caches are shared.\n\n"
    "  --neighbours N      neighbours inside the cutoff on average (38): chooses the lattice constant\n"
    "  --atoms N           about so many atoms, the nearest cube of cells is taken (2048)\n"
    "  --time S            seconds spent on every time that is measured (1)\n"
    "  --train             time the parts of training instead: crystals of 32 atoms, about so many atoms in all\n"
    "  --json              one JSON object\n\n"
    "Example: mtp bench pot.almtp --neighbours 60\n";

static const double SKIN = 0.2; /* of the cutoff */
enum {
  TURNS = 20,           /* in which the time of a variant is spent */
  MAX_SAMPLES = 100000, /* more do not make a median better */
  MAX_ATOMS = 1000000,
  MAX_NEIGHBOURS = 1000
};
static const double MAX_SECONDS = 3600;
static const double LEAST_SHARE = 0.95; /* of the processor, below which the machine counts as loaded */

/* Of OpenBLAS, if that is the library in use. */
extern void openblas_set_num_threads(int) __attribute__((weak));

/* What is measured */

typedef struct timing {
  double *sample; /* seconds of a call */
  size_t count, capacity;
  double total;
} timing;

/* What a call asks for beside forces: the virial alone, all but grades, the largest grade. */
typedef enum call_kind { CALL_PLAIN, CALL_ALL, CALL_GRADED, CALL_KINDS } call_kind;

typedef struct variant {
  const char *isa;
  mtp_precision precision;
  mtp_evaluator *ev;
  timing time[CALL_KINDS]; /* no graded samples: there are no grades */
  double force_deviation, energy_deviation;
} variant;

typedef struct bench {
  const mtp_potential *pot;
  const mtp_active_set *as; /* NULL: no grades of atoms */
  mtp_neighbors *nb;
  mtp_atoms atoms;
  double lattice, neighbours, listed;
  double *force;                     /* [3*nall]: of the last call, like the next two */
  double *site_energy, *site_virial; /* [nall], [6*nall] */
  double energy;                     /* of the last call */
  double *folded, *expected;         /* [3*n] */
  double expected_energy, force_rms;
  variant *variants;
  size_t variant_count;
  double seconds;
  double share; /* of the processor that this process got while it was timed */
} bench;

static const char *precision_name(mtp_precision precision) {
  return precision == MTP_PRECISION_MIXED ? "mixed" : "double";
}

static int place_atoms(cli *c, bench *b, size_t neighbours, size_t atoms) {
  const double cutoff = mtp_potential_cutoff(b->pot);
  int cells = (int)lround(cbrt((double)atoms / CRYSTAL_CELL_ATOMS));
  mtp_config *cfg = crystal_new(cells > 0 ? cells : 1, mtp_potential_species_count(b->pot));
  if (!cfg) return cli_fail(c, "out of memory");
  int status = crystal_choose_lattice(c, b->pot, cfg, neighbours, &b->lattice);
  if (status == CLI_OK) {
    crystal_scale(cfg, b->lattice);
    if (mtp_neighbors_build(c->ctx, cfg, (1 + SKIN) * cutoff, &b->nb) != MTP_OK) status = cli_library(c, NULL);
  }
  mtp_config_free(cfg);
  if (status != CLI_OK) return status;
  const mtp_neighbors *nb = b->nb;
  b->neighbours = (double)crystal_count_pairs(nb, cutoff) / (double)nb->n;
  b->listed = (double)crystal_count_pairs(nb, INFINITY) / (double)nb->n;
  b->atoms = mtp_atoms_of(nb);
  b->force = cli_alloc(3 * nb->nall, sizeof *b->force);
  b->site_energy = cli_alloc(nb->nall, sizeof *b->site_energy);
  b->site_virial = cli_alloc(6 * nb->nall, sizeof *b->site_virial);
  b->folded = cli_alloc(3 * nb->n, sizeof *b->folded);
  b->expected = cli_alloc(3 * nb->n, sizeof *b->expected);
  return CLI_OK;
}

/* An evaluator for every instruction set that this machine has, from the reference on, and every precision. */
static int make_variants(cli *c, bench *b) {
  const char *isa;
  for (int number = 0; (isa = mtp_instruction_set_name(number)); number++) {
    mtp_status status = mtp_context_set_instruction_set(c->ctx, isa);
    if (status == MTP_ERR_UNSUPPORTED) continue;
    if (status != MTP_OK) return cli_library(c, NULL);
    for (int mixed = 0; mixed < 2; mixed++) {
      b->variants = cli_realloc(b->variants, b->variant_count + 1, sizeof *b->variants);
      variant *v = &b->variants[b->variant_count++];
      *v = (variant){.isa = isa, .precision = mixed ? MTP_PRECISION_MIXED : MTP_PRECISION_DOUBLE};
      if (mtp_evaluator_new(c->ctx, b->pot, &v->ev) != MTP_OK ||
          mtp_evaluator_set_precision(c->ctx, v->ev, v->precision) != MTP_OK ||
          (b->as && !mixed && mtp_evaluator_set_active_set(c->ctx, v->ev, b->as) != MTP_OK))
        return cli_library(c, c->words[0]);
    }
  }
  return CLI_OK;
}

static void bench_free(bench *b) {
  for (size_t i = 0; i < b->variant_count; i++) {
    mtp_evaluator_free(b->variants[i].ev);
    for (int kind = 0; kind < CALL_KINDS; kind++) free(b->variants[i].time[kind].sample);
  }
  free(b->variants);
  free(b->force);
  free(b->site_energy);
  free(b->site_virial);
  free(b->folded);
  free(b->expected);
  mtp_neighbors_free(b->nb);
}

/* Time on the processor: what another process takes away in the middle of a call is not the kernel's. */
static double processor_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double wall_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One call, into arrays cleared beforehand as an engine clears them. */
static int call(cli *c, bench *b, const variant *v, call_kind kind, double *seconds) {
  const mtp_request request = {.skip_energy = kind != CALL_ALL, .largest_grade = kind == CALL_GRADED};
  mtp_output out = {.force = b->force};
  memset(b->force, 0, 3 * b->nb->nall * sizeof *b->force);
  if (kind == CALL_ALL) {
    out.site_energy = memset(b->site_energy, 0, b->nb->nall * sizeof *b->site_energy);
    out.site_virial = memset(b->site_virial, 0, 6 * b->nb->nall * sizeof *b->site_virial);
  }
  const double start = processor_now();
  if (mtp_evaluator_compute(c->ctx, v->ev, &b->atoms, &request, &out) != MTP_OK) return cli_library(c, c->words[0]);
  *seconds = processor_now() - start;
  b->energy = out.energy;
  return CLI_OK;
}

/* Correctness */

static double root_mean_square(size_t n, const double *x, const double *minus) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (x[i] - (minus ? minus[i] : 0)) * (x[i] - (minus ? minus[i] : 0));
  return sqrt(sum / (double)n);
}

/* The images' forces belong to the atoms that they are images of. */
static void fold_forces(bench *b) {
  const mtp_neighbors *nb = b->nb;
  memset(b->folded, 0, 3 * nb->n * sizeof *b->folded);
  for (size_t j = 0; j < nb->nall; j++)
    for (size_t a = 0; a < 3; a++) b->folded[3 * (size_t)nb->owner[j] + a] += b->force[3 * j + a];
}

static int compare_variants(cli *c, bench *b) {
  const size_t n = b->nb->n;
  for (size_t i = 0; i < b->variant_count; i++) {
    variant *v = &b->variants[i];
    double seconds;
    int status = call(c, b, v, CALL_ALL, &seconds);
    if (status != CLI_OK) return status;
    fold_forces(b);
    if (i == 0) {
      memcpy(b->expected, b->folded, 3 * n * sizeof *b->expected);
      b->expected_energy = b->energy;
      b->force_rms = root_mean_square(3 * n, b->expected, NULL);
    }
    v->force_deviation = root_mean_square(3 * n, b->folded, b->expected);
    v->energy_deviation = fabs(b->energy - b->expected_energy) / (double)n;
  }
  return CLI_OK;
}

/* Speed */

static void add_sample(timing *t, double seconds) {
  if (t->count == t->capacity) {
    t->capacity = t->capacity ? 2 * t->capacity : 64;
    t->sample = cli_realloc(t->sample, t->capacity, sizeof *t->sample);
  }
  t->sample[t->count++] = seconds;
  t->total += seconds;
}

static bool enough(const bench *b, const timing *t) {
  return t->total >= b->seconds || t->count >= MAX_SAMPLES;
}

/* The first call of a turn finds the caches as another variant left them and does not count. */
static int take_turn(cli *c, bench *b, variant *v, call_kind kind) {
  timing *t = &v->time[kind];
  double seconds;
  if (enough(b, t)) return CLI_OK;
  const double limit = t->total + b->seconds / TURNS;
  int status = call(c, b, v, kind, &seconds);
  do {
    if (status == CLI_OK) status = call(c, b, v, kind, &seconds);
    if (status != CLI_OK) return status;
    add_sample(t, seconds);
  } while (t->total < limit && !enough(b, t));
  cli_progress_step(c, 1);
  return CLI_OK;
}

/* In turn, so that a slow moment of the machine hits all alike. */
static int measure(cli *c, bench *b) {
  const double processor = processor_now(), wall = wall_now();
  int status = CLI_OK;
  cli_progress_begin(c, "timing", TURNS * b->variant_count * (b->as ? 5 : 4) / 2);
  for (bool done = false; !done;) {
    done = true;
    for (size_t i = 0; i < b->variant_count && status == CLI_OK; i++) {
      variant *v = &b->variants[i];
      const int kinds = b->as && v->precision == MTP_PRECISION_DOUBLE ? CALL_KINDS : CALL_GRADED;
      for (int kind = 0; kind < kinds && status == CLI_OK; kind++) {
        status = take_turn(c, b, v, (call_kind)kind);
        done = done && enough(b, &v->time[kind]);
      }
    }
  }
  cli_progress_end(c);
  b->share = (processor_now() - processor) / (wall_now() - wall);
  return status;
}

static int compare_reals(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Microseconds an atom of the median call, NAN without calls. */
static double us_per_atom(const bench *b, const timing *t) {
  if (t->count == 0) return NAN;
  qsort(t->sample, t->count, sizeof *t->sample, compare_reals);
  const double median = 0.5 * (t->sample[(t->count - 1) / 2] + t->sample[t->count / 2]);
  return 1e6 * median / (double)b->nb->n;
}

/* The outcome */

static int print_json(cli *c, const bench *b) {
  const int level = mtp_potential_level(b->pot);
  const double reference = us_per_atom(b, &b->variants[0].time[CALL_PLAIN]);
  cJSON *object = cJSON_CreateObject(), *list = cJSON_CreateArray();
  cJSON_AddStringToObject(object, "file", c->words[0]);
  cli_json_number(object, "level", level ? level : NAN);
  cli_json_number(object, "species", mtp_potential_species_count(b->pot));
  cli_json_number(object, "atoms", (double)b->nb->n);
  cli_json_number(object, "lattice_constant", b->lattice);
  cli_json_number(object, "neighbours", b->neighbours);
  cli_json_number(object, "listed_neighbours", b->listed);
  cli_json_number(object, "force_rms", b->force_rms);
  cli_json_number(object, "processor_share", b->share);
  for (size_t i = 0; i < b->variant_count; i++) {
    const variant *v = &b->variants[i];
    const double us = us_per_atom(b, &v->time[CALL_PLAIN]);
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "isa", v->isa);
    cJSON_AddStringToObject(item, "precision", precision_name(v->precision));
    cli_json_number(item, "us_per_atom", us);
    cli_json_number(item, "speedup", reference / us);
    cli_json_number(item, "force_rms_deviation", v->force_deviation);
    cli_json_number(item, "force_relative_deviation", v->force_deviation / b->force_rms);
    cli_json_number(item, "energy_deviation", v->energy_deviation);
    cli_json_number(item, "graded_us_per_atom", us_per_atom(b, &v->time[CALL_GRADED]));
    cli_json_number(item, "all_us_per_atom", us_per_atom(b, &v->time[CALL_ALL]));
    cJSON_AddItemToArray(list, item);
  }
  cJSON_AddItemToObject(object, "results", list);
  return cli_json_print(c, object);
}

static void print_table(const bench *b) {
  const int level = mtp_potential_level(b->pot);
  const double reference = us_per_atom(b, &b->variants[0].time[CALL_PLAIN]);
  if (level)
    printf("level %d, ", level);
  else
    printf("no standard level, ");
  printf("%zu displaced fcc atoms, lattice constant %.4g A, one core\n"
         "%.4g neighbours inside %.4g A, %.4g in the list; RMS force %.3g eV/A\n",
         b->nb->n, b->lattice, b->neighbours, mtp_potential_cutoff(b->pot), b->listed, b->force_rms);
  if (b->share < LEAST_SHARE)
    printf("other processes had the processor for %.0f %% of the time: these times are too long\n",
           100 * (1 - b->share));
  printf("%-9s %-9s %9s %9s %12s %12s %10s %15s", "isa", "precision", "us/atom", "speed-up", "all, us/atom",
         "force, eV/A", "relative", "energy, eV/atom");
  printf(b->as ? " %15s\n" : "\n", "graded, us/atom");
  for (size_t i = 0; i < b->variant_count; i++) {
    const variant *v = &b->variants[i];
    const double us = us_per_atom(b, &v->time[CALL_PLAIN]);
    printf("%-9s %-9s %9.3f %9.2f %12.3f %12.2e %10.1e %15.2e", v->isa, precision_name(v->precision), us,
           reference / us, us_per_atom(b, &v->time[CALL_ALL]), v->force_deviation, v->force_deviation / b->force_rms,
           v->energy_deviation);
    if (v->time[CALL_GRADED].count)
      printf(" %15.3f", us_per_atom(b, &v->time[CALL_GRADED]));
    else if (b->as)
      printf(" %15s", "-");
    putchar('\n');
  }
}

static int time_variants(cli *c, bench *b, size_t neighbours, size_t atoms, bool json) {
  if (!mtp_potential_is_trained(b->pot))
    return cli_fail(c, "%s: the potential is untrained, there is nothing to time: `mtp train` makes one", c->words[0]);
  if (openblas_set_num_threads) openblas_set_num_threads(1);
  int status = place_atoms(c, b, neighbours, atoms);
  if (status == CLI_OK) status = make_variants(c, b);
  if (status == CLI_OK) status = compare_variants(c, b);
  if (status == CLI_OK) status = measure(c, b);
  if (status != CLI_OK) return status;
  if (json) return print_json(c, b);
  print_table(b);
  return CLI_OK;
}

/* Training */

enum { TRAIN_CELLS = 2 }; /* cubed: cells of the size of those that people label */

/* Crystals with labels of zero: what they say does not change what they cost. */
static int make_training_set(cli *c, const mtp_potential *pot, size_t neighbours, size_t atoms, mtp_config_set **out) {
  mtp_config *large = crystal_new(8, mtp_potential_species_count(pot));
  mtp_config_set *set = *out = mtp_config_set_new();
  if (!large || !set) return cli_fail(c, "out of memory");
  double lattice;
  int status = crystal_choose_lattice(c, pot, large, neighbours, &lattice);
  mtp_config_free(large);
  for (size_t done = 0; status == CLI_OK && done < atoms;) {
    mtp_config *cfg = crystal_new(TRAIN_CELLS, mtp_potential_species_count(pot));
    if (!cfg || mtp_config_require_force(c->ctx, cfg) != MTP_OK) return cli_fail(c, "out of memory");
    crystal_scale(cfg, lattice);
    cfg->has_energy = cfg->has_virial = true;
    done += cfg->n;
    if (mtp_config_set_append(c->ctx, set, cfg) != MTP_OK) return cli_library(c, NULL);
  }
  return status;
}

static int run_train(cli *c, const mtp_potential *pot, size_t neighbours, size_t atoms, double seconds, bool json) {
  mtp_config_set *set = NULL;
  mtp_train_cost cost;
  if (openblas_set_num_threads) openblas_set_num_threads(1);
  int status = make_training_set(c, pot, neighbours, atoms, &set);
  if (status == CLI_OK && mtp_train_measure(c->ctx, pot, set, seconds, &cost) != MTP_OK) status = cli_library(c, NULL);
  const size_t count = set ? cli_atom_count(set) : 0;
  mtp_config_set_free(set);
  if (status != CLI_OK) return status;
  if (!json) {
    printf("level %d, %zu parameters, %zu displaced fcc atoms, %zu neighbours, %s\n", mtp_potential_level(pot),
           mtp_potential_parameter_count(pot), count, neighbours, mtp_context_instruction_set(c->ctx));
    printf("  %-44s %8s %8s\n", "us/atom on one core", "", "ratio");
    printf("  %-44s %8.3f %8.2f\n", "energy, forces, virial (evaluator)", cost.evaluation, 1.0);
    printf("  %-44s %8.3f %8.2f\n", "the same in training, neighbourhoods kept", cost.forces,
           cost.forces / cost.evaluation);
    printf("  %-44s %8.3f %8.2f\n", "loss and its gradient", cost.gradient, cost.gradient / cost.evaluation);
    printf("  %-44s %8.3f %8.2f\n", "a row of the Gauss-Newton sketch", cost.sketch, cost.sketch / cost.evaluation);
    printf("  %-44s %8.3f %8.2f\n", "exact linear coefficients", cost.solve, cost.solve / cost.evaluation);
    return CLI_OK;
  }
  cJSON *object = cJSON_CreateObject();
  cli_json_number(object, "level", mtp_potential_level(pot));
  cli_json_number(object, "parameters", (double)mtp_potential_parameter_count(pot));
  cli_json_number(object, "atoms", (double)count);
  cli_json_number(object, "neighbours", (double)neighbours);
  cJSON_AddStringToObject(object, "isa", mtp_context_instruction_set(c->ctx));
  cJSON *us = cJSON_AddObjectToObject(object, "us_per_atom");
  cli_json_number(us, "evaluation", cost.evaluation);
  cli_json_number(us, "forces", cost.forces);
  cli_json_number(us, "gradient", cost.gradient);
  cli_json_number(us, "sketch", cost.sketch);
  cli_json_number(us, "solve", cost.solve);
  return cli_json_print(c, object);
}

static int run_bench(cli *c, int argc, char **argv) {
  long long neighbours = 38, atoms = 2048;
  double seconds = 1;
  bool json = false, train = false;
  const cli_option options[] = {{"neighbours", 0, CLI_INTEGER, &neighbours},
                                {"atoms", 0, CLI_INTEGER, &atoms},
                                {"time", 0, CLI_REAL, &seconds},
                                {"train", 0, CLI_FLAG, &train},
                                {"json", 0, CLI_FLAG, &json}};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 1, 1);
  if (status != CLI_GO_ON) return status;
  if (neighbours < 1 || neighbours > MAX_NEIGHBOURS)
    return cli_usage(c, "--neighbours: 1 to %d is expected", MAX_NEIGHBOURS);
  if (atoms < CRYSTAL_CELL_ATOMS || atoms > MAX_ATOMS)
    return cli_usage(c, "--atoms: %d to %d is expected", CRYSTAL_CELL_ATOMS, MAX_ATOMS);
  if (!(seconds > 0 && seconds <= MAX_SECONDS))
    return cli_usage(c, "--time: more than 0 and at most %g s is expected", MAX_SECONDS);

  mtp_potential *pot = NULL;
  mtp_active_set *as = NULL;
  if ((status = cli_read_potential(c, c->words[0], &pot, &as)) != CLI_OK) return status;
  bench b = {.pot = pot, .seconds = seconds};
  if (as && mtp_active_set_mode(as) == MTP_MODE_NEIGHBOURHOOD) b.as = as;
  if (train && !mtp_potential_is_trained(pot))
    status =
        cli_fail(c, "%s: the potential is untrained, there is nothing to time: `mtp train` makes one", c->words[0]);
  else if (train)
    status = run_train(c, pot, (size_t)neighbours, (size_t)atoms, seconds, json);
  else
    status = time_variants(c, &b, (size_t)neighbours, (size_t)atoms, json);
  bench_free(&b);
  mtp_active_set_free(as);
  mtp_potential_free(pot);
  return status;
}

const cli_command cli_cmd_bench = {
    .name = "bench",
    .summary = "Time a potential with every kernel of this machine",
    .usage = "POT [--neighbours N] [--atoms N] [--time S] [--train] [--json]",
    .help = help,
    .run = run_bench,
};
