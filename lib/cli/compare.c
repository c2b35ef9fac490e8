/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/compare.c
 * `mtp train --compare-level`: what another level would bring with the labels that there are. Both are trained briefly
 * on four fifths of them, and the rest judges. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>

#include "cli/cli.h"

enum { PART = 5 };               /* one configuration in so many is held out */
static const double WORTH = 0.9; /* of the error: what is gained by less is within what another split would say */

typedef struct level {
  int number;
  size_t parameters;
  mtp_errors training, held_out;
  double seconds;
} level;

/* Squeezed configurations are trained on in any case. */
static int split(cli *c, const mtp_config_set *set, mtp_config_set *parts[2]) {
  size_t ordinary = 0;
  for (size_t k = 0; k < set->n; k++) {
    const bool held_out = !mtp_config_is_squeezed(set->configs[k]) && ordinary++ % PART == PART - 1;
    mtp_config *copy = mtp_config_copy(set->configs[k]);
    if (!copy) cli_die_of_memory();
    if (mtp_config_set_append(c->ctx, parts[held_out], copy) != MTP_OK) return cli_library(c, NULL);
  }
  if (parts[1]->n > 0) return CLI_OK;
  return cli_fail(c, "--compare-level: %zu configurations are too few to hold some out, %d are needed", ordinary, PART);
}

static mtp_status new_potential(cli *c, const mtp_potential *like, int number, mtp_potential **out) {
  if (number == mtp_potential_level(like)) return mtp_potential_copy(c->ctx, like, out);
  cli_names names = cli_names_of(like);
  const mtp_potential_spec spec = {.level = number,
                                   .species_count = mtp_potential_species_count(like),
                                   .elements = mtp_potential_element(like, 0) ? cli_names_list(&names) : NULL,
                                   .cutoff = mtp_potential_cutoff(like)};
  const mtp_status status = mtp_potential_new(c->ctx, &spec, out);
  cli_names_free(&names);
  return status;
}

/* Both from nothing, so that neither has seen what is held out. */
static int try_level(cli *c, const mtp_train_options *options, const mtp_potential *like, mtp_config_set *parts[2],
                     level *out) {
  mtp_potential *pot = NULL;
  mtp_train_result result;
  mtp_train_options full = *options, linear = *options;
  const double start = cli_now();
  full.fresh = full.economical = linear.linear = true;
  full.checkpoint = linear.checkpoint = NULL;
  mtp_status status = new_potential(c, like, out->number, &pot);
  if (status == MTP_OK) status = mtp_train(c->ctx, &full, pot, parts[0], NULL, &result);
  if (status == MTP_OK) status = mtp_train(c->ctx, &linear, pot, parts[0], NULL, &result);
  if (status == MTP_OK) status = mtp_errors_compute(c->ctx, pot, parts[0], &out->training);
  if (status == MTP_OK) status = mtp_errors_compute(c->ctx, pot, parts[1], &out->held_out);
  if (status == MTP_OK) out->parameters = mtp_potential_parameter_count(pot);
  out->seconds = cli_now() - start;
  mtp_potential_free(pot);
  return status == MTP_OK ? CLI_OK : cli_library(c, NULL);
}

static const char *verdict(const level *of) {
  const double gain = of[1].held_out.force.rmse / of[0].held_out.force.rmse;
  if (!isfinite(gain)) return "there are no forces to judge by";
  if (gain < WORTH)
    return of[1].number > of[0].number ? "the basis limits: the higher level is worth it"
                                       : "the lower level does better with so few labels";
  if (gain > 1.0 / WORTH)
    return of[1].number > of[0].number ? "the data limit: more labels come before a higher level"
                                       : "the lower level is not enough";
  return "the two predict equally well: the lower one does";
}

static int print_json(cli *c, const level *of) {
  cJSON *object = cJSON_CreateObject(), *levels = cJSON_AddArrayToObject(object, "levels");
  for (int k = 0; k < 2; k++) {
    cJSON *one = cJSON_CreateObject();
    cli_json_number(one, "level", of[k].number);
    cli_json_number(one, "parameters", (double)of[k].parameters);
    cli_json_number(one, "seconds", of[k].seconds);
    cJSON_AddItemToObject(one, "training", cli_json_errors(&of[k].training));
    cJSON_AddItemToObject(one, "held_out", cli_json_errors(&of[k].held_out));
    cJSON_AddItemToArray(levels, one);
  }
  cJSON_AddStringToObject(object, "verdict", verdict(of));
  return cli_json_print(c, object);
}

static void print(const level *of) {
  printf("level  parameters  force RMSE, eV/A: trained on   held out    energy, meV/atom: held out        s\n");
  for (int k = 0; k < 2; k++)
    printf("%5d  %10zu  %28.4g %10.4g  %26.4g %8.3g\n", of[k].number, of[k].parameters, of[k].training.force.rmse,
           of[k].held_out.force.rmse, 1e3 * of[k].held_out.energy_per_atom.rmse, of[k].seconds);
  printf("%s\n", verdict(of));
}

int cli_compare_levels(cli *c, const mtp_train_options *options, const mtp_potential *pot, int other,
                       const mtp_config_set *set, bool json) {
  level of[2] = {{.number = mtp_potential_level(pot)}, {.number = other}};
  if (other == of[0].number) return cli_fail(c, "--compare-level: %s is of level %d itself", c->words[0], other);
  mtp_config_set *parts[2] = {mtp_config_set_new(), mtp_config_set_new()};
  if (!parts[0] || !parts[1]) cli_die_of_memory();
  int status = split(c, set, parts);
  for (int k = 0; k < 2 && status == CLI_OK; k++) status = try_level(c, options, pot, parts, &of[k]);
  for (int k = 0; k < 2; k++) mtp_config_set_free(parts[k]);
  if (status != CLI_OK) return status;
  if (json) return print_json(c, of);
  print(of);
  return CLI_OK;
}
