/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/json.c
 * JSON output. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "support/json.h"

static void *allocate(size_t size) {
  return cli_alloc(1, size);
}

/* With an allocation that cannot fail none of the many cJSON calls has to be checked. */
void cli_json_start(void) {
  cJSON_Hooks hooks = {allocate, free};
  cJSON_InitHooks(&hooks);
}

void cli_json_number(cJSON *object, const char *key, double value) {
  cJSON_AddNumberToObject(object, key, value);
}

int cli_json_print(cli *c, cJSON *object) {
  char *text = mtp_json_print(object);
  cJSON_Delete(object);
  if (!text) return cli_fail(c, "out of memory");
  puts(text);
  cJSON_free(text);
  return CLI_OK;
}

static cJSON *error_stat(const mtp_error_stat *stat) {
  cJSON *object = cJSON_CreateObject();
  cli_json_number(object, "mae", stat->count ? stat->mae : NAN);
  cli_json_number(object, "rmse", stat->count ? stat->rmse : NAN);
  cli_json_number(object, "max", stat->count ? stat->max : NAN);
  return object;
}

cJSON *cli_json_errors(const mtp_errors *errors) {
  cJSON *object = cJSON_CreateObject();
  cli_json_number(object, "configurations", (double)errors->configurations);
  cli_json_number(object, "atoms", (double)errors->atoms);
  cJSON_AddItemToObject(object, "energy_per_atom", error_stat(&errors->energy_per_atom));
  cJSON_AddItemToObject(object, "force", error_stat(&errors->force));
  cJSON_AddItemToObject(object, "stress", error_stat(&errors->stress));
  cli_json_number(object, "force_rms", errors->force_rms);
  return object;
}

cJSON *cli_json_error_table(const mtp_error_table *table, const cli_names *species) {
  cJSON *object = cli_json_errors(&table->all);
  cJSON *groups = cJSON_AddObjectToObject(object, "groups");
  for (size_t g = 0; g < table->group_count; g++)
    cJSON_AddItemToObject(groups, table->groups[g].name, cli_json_errors(&table->groups[g].errors));
  cJSON *all_species = cJSON_AddObjectToObject(object, "species");
  for (int s = 0; s < table->species_count; s++)
    cJSON_AddItemToObject(cJSON_AddObjectToObject(all_species, species->name[s]), "force",
                          error_stat(&table->species_force[s]));
  return object;
}
