/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/pair_part_old.c
 * The pairs of before, FILE.old with FILE.old.table, while those of --pair-part FILE are new and the potential on top
 * of them is not written yet: a kill in between leaves a potential whose pairs are the old ones, and whoever opens FILE
 * for it puts them back. The first line of FILE.old says which baseline they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "support/support.h"

#define NAME_LINE "# mtp: baseline "

/* "pairs.lmp" and ".old.table"; the command ends where memory does. */
static char *path_of(const char *file, const char *suffix) {
  char *path = cli_alloc(strlen(file) + strlen(suffix) + 1, 1);
  return strcat(strcpy(path, file), suffix);
}

static bool exists(const char *file, const char *suffix) {
  char *path = path_of(file, suffix);
  FILE *f = fopen(path, "r");
  free(path);
  if (f) fclose(f);
  return f != NULL;
}

static void drop(const char *file, const char *suffix) {
  char *path = path_of(file, suffix);
  remove(path);
  free(path);
}

static mtp_status copy(cli *c, const char *file, const char *from, const char *to, const char *head) {
  char *source = path_of(file, from), *target = path_of(file, to), *data = NULL;
  size_t size = 0;
  mtp_text text = {0};
  mtp_status status = mtp_file_read(c->ctx, source, &data, &size);
  if (status == MTP_OK) {
    const size_t skipped = strncmp(data, NAME_LINE, strlen(NAME_LINE)) == 0 ? strcspn(data, "\n") + 1 : 0;
    mtp_text_add(&text, "%s", head);
    if (skipped < size) mtp_text_add_bytes(&text, data + skipped, size - skipped);
    status = text.failed ? mtp_fail_memory(c->ctx) : mtp_file_replace(c->ctx, target, text.data, text.size);
  }
  mtp_text_free(&text);
  free(data);
  free(source);
  free(target);
  return status;
}

int cli_pair_part_keep_old(cli *c, const char *file, const char *name) {
  char head[128];
  if (!exists(file, "") || !exists(file, ".table")) return CLI_OK;
  snprintf(head, sizeof head, NAME_LINE "%.64s\n", name);
  mtp_status status = copy(c, file, ".table", ".old.table", "");
  if (status == MTP_OK) status = copy(c, file, "", ".old", head); /* says that the other one is there */
  return status == MTP_OK ? CLI_OK : cli_library(c, NULL);
}

bool cli_pair_part_has_old(const char *file) {
  return exists(file, ".old");
}

/* The tables first: as long as FILE.old is there this can be done once more. */
int cli_pair_part_restore_old(cli *c, const char *file) {
  mtp_status status = MTP_OK;
  if (exists(file, ".old.table")) status = copy(c, file, ".old.table", ".table", "");
  if (status == MTP_OK) status = copy(c, file, ".old", "", "");
  if (status != MTP_OK) return cli_library(c, NULL);
  cli_pair_part_drop_old(file);
  return CLI_OK;
}

void cli_pair_part_drop_old(const char *file) {
  drop(file, ".old");
  drop(file, ".old.table");
}

int cli_pair_part_recover(cli *c, const char *file, const char *name) {
  char *path = path_of(file, ".old"), line[128] = "";
  FILE *f = fopen(path, "r");
  free(path);
  const bool read = f && fgets(line, sizeof line, f);
  if (f) fclose(f);
  line[strcspn(line, "\n")] = '\0';
  const bool is_it =
      read && *name && strncmp(line, NAME_LINE, strlen(NAME_LINE)) == 0 && strcmp(line + strlen(NAME_LINE), name) == 0;
  return is_it ? cli_pair_part_restore_old(c, file) : CLI_OK;
}
