/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_locale.c
 * In a program whose LC_NUMERIC has a decimal comma, files hold the same numbers and are read as what they say. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "learn/checkpoint.h"
#include "loop/event_log.h"
#include "support/support.h"
#include "support_data.h"

/* A locale with a comma, made here if none is installed. */
static bool set_comma(const char *folder) {
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8"};
  char command[400];
  for (size_t k = 0; k < 4; k++)
    if (setlocale(LC_NUMERIC, names[k])) return true;
  snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de >/dev/null 2>&1", folder);
  if (system(command) != 0) return false;
  setenv("LOCPATH", folder, 1);
  return setlocale(LC_NUMERIC, "de") != NULL;
}

/* All that is written: bytes, of which there are the same in either locale. */
static void write_all(mtp_context *ctx, const char *folder, char **potential, char **set_text, char **log_text) {
  mtp_random random = {7};
  size_t size = 0;
  char *pot_path = data_path(folder, "pot.almtp"), *log_path = data_path(folder, "log.jsonl"),
       *checkpoint = data_path(folder, "checkpoint"), *cfg_path = data_path(folder, "set.cfg");
  const data_recipe recipe = {.level = 4, .species = 1, .radial_size = 4, .min_dist = 1.5, .cutoff = 4.25};
  mtp_potential *pot = data_potential(ctx, &random, &recipe), *read = NULL;
  mtp_config *cfg = data_config(&random, DATA_TRICLINIC, 5, 1, 2.5);
  mtp_config_set *set = mtp_config_set_new(), *again = NULL;
  mtp_config_set_species(set, "Al");
  data_append_labelled(ctx, set, pot, cfg);
  data_must(ctx, mtp_config_set_feature(ctx, set->configs[0], "config_weight", "0.25"));
  double weights[3];
  data_must(ctx, mtp_config_weights(ctx, set->configs[0], weights));
  assert_true(weights[0] == 0.25);

  data_must(ctx, mtp_potential_write(ctx, pot, pot_path));
  data_must(ctx, mtp_potential_read(ctx, pot_path, &read));
  assert_true(mtp_potential_cutoff(read) == 4.25);
  assert_memory_equal(mtp_potential_parameters(read), mtp_potential_parameters(pot),
                      mtp_potential_parameter_count(pot) * sizeof(double));
  data_must(ctx, mtp_file_read(ctx, pot_path, potential, &size));

  data_must(ctx, mtp_config_set_write(ctx, set, cfg_path, MTP_FORMAT_CFG));
  data_must(ctx, mtp_config_set_read(ctx, cfg_path, NULL, &again));
  assert_memory_equal(again->configs[0]->x, set->configs[0]->x, 15 * sizeof(double));
  mtp_config_set_free(again);
  data_must(
      ctx, mtp_config_format(ctx, set->configs[0], 1, (const char *const[]){"Al"}, MTP_FORMAT_EXTXYZ, set_text, &size));

  mtp_event_log *log = NULL;
  data_must(ctx, mtp_event_log_open(ctx, log_path, &log));
  cJSON *event = cJSON_CreateObject();
  mtp_event_number(event, "value", 0.125);
  mtp_event_write(ctx, log, event);
  mtp_event_log_close(log);
  data_must(ctx, mtp_file_read(ctx, log_path, log_text, &size));

  const mtp_checkpoint at = {.job = 5, .stage = 1, .iterations = 3, .seconds = 2.5};
  mtp_checkpoint found = {0};
  mtp_potential *resumed = NULL;
  data_must(ctx, mtp_checkpoint_write(ctx, checkpoint, &at, pot));
  data_must(ctx, mtp_checkpoint_read(ctx, checkpoint, 5, &found, &resumed));
  assert_true(found.seconds == 2.5);

  char *paths[] = {pot_path, log_path, checkpoint, cfg_path};
  for (size_t k = 0; k < 4; k++) remove(paths[k]), free(paths[k]);
  mtp_potential_free(resumed);
  mtp_potential_free(read);
  mtp_potential_free(pot);
  mtp_config_free(cfg);
  mtp_config_set_free(set);
}

static void test_comma(void **state) {
  (void)state;
  char *plain[3], *comma[3], shown[32];
  char *folder = data_folder_new();
  mtp_context *ctx = data_context();
  write_all(ctx, folder, &plain[0], &plain[1], &plain[2]);
  if (!set_comma(folder)) skip();
  snprintf(shown, sizeof shown, "%.1f", 0.5);
  assert_string_equal(shown, "0,5");
  write_all(ctx, folder, &comma[0], &comma[1], &comma[2]);
  for (size_t k = 0; k < 3; k++) assert_string_equal(comma[k], plain[k]);
  mtp_fail(ctx, MTP_ERR_STATE, "%.2f", 1.5);
  assert_string_equal(mtp_context_message(ctx), "1.50");
  snprintf(shown, sizeof shown, "%.1f", 0.5); /* the program has kept its own */
  assert_string_equal(shown, "0,5");
  for (size_t k = 0; k < 3; k++) free(plain[k]), free(comma[k]);
  char command[400];
  snprintf(command, sizeof command, "rm -rf %s/de", folder);
  if (system(command) != 0) fail();
  data_folder_remove(folder);
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_comma)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
