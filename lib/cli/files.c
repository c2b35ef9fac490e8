/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/files.c
 * Reading and writing the files that commands take, with messages that name the file and say what would help. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "config/species.h"
#include "learn/active_set.h"
#include "support/support.h"

static bool is_dash(const char *path) {
  return strcmp(path, "-") == 0;
}

/* The first byte of a line that is neither blank nor a comment. */
static const char *first_byte(const char *at, const char *end) {
  for (;;) {
    while (at < end && isspace((unsigned char)*at)) at++;
    if (at == end || *at != '#') return at;
    while (at < end && *at != '\n') at++;
  }
}

int cli_recognise(cli *c, const char *path, cli_content *content) {
  *content = CLI_CONFIGURATIONS;
  if (is_dash(path)) return CLI_OK; /* cannot be looked at twice */
  char head[4096];
  size_t size = 0;
  if (mtp_file_head(c->ctx, path, head, sizeof head, &size) != MTP_OK) return cli_library(c, path);
  const char *end = head + size, *at = first_byte(head, end);
  if (at < end && *at == '{')
    *content = CLI_LOG;
  else if (end - at > 3 && memcmp(at, "MTP", 3) == 0 && isspace((unsigned char)at[3]))
    *content = CLI_POTENTIAL;
  return CLI_OK;
}

bool cli_has_suffix(const char *path, const char *suffix) {
  size_t length = strlen(path) - (mtp_is_gzip_name(path) ? 3 : 0), tail = strlen(suffix);
  return length > tail && strncmp(path + length - tail, suffix, tail) == 0;
}

int cli_format(cli *c, const char *option, const char *name, mtp_format *format) {
  *format = MTP_FORMAT_AUTO;
  if (!name) return CLI_OK;
  *format = mtp_format_from_name(name);
  if (*format != MTP_FORMAT_AUTO) return CLI_OK;
  return cli_usage(
      c, "%s: unknown format '%s', known are cfg, extxyz, poscar, outcar, vasprun, lammps-data and lammps-dump", option,
      name);
}

int cli_output_format(cli *c, const char *path, const char *name, mtp_format *format) {
  if (name) return cli_format(c, "--to", name, format);
  *format = MTP_FORMAT_EXTXYZ;
  if (is_dash(path)) return CLI_OK;
  *format = mtp_format_from_path(path);
  if (*format != MTP_FORMAT_AUTO) return CLI_OK;
  return cli_usage(c, "the suffix of %s does not tell a format: give it with --to", path);
}

int cli_check_output(cli *c, const char *path) {
  struct stat st;
  if (is_dash(path)) return CLI_OK;
  if (stat(path, &st) == 0) {
    if (S_ISDIR(st.st_mode)) return cli_fail(c, "cannot write %s: it is a folder", path);
    if (!S_ISREG(st.st_mode)) return CLI_OK;
  }
  /* files are replaced by renaming, so the folder has to be writable */
  const char *slash = strrchr(path, '/');
  size_t size = slash ? (size_t)(slash - path) + 1 : 2;
  char *folder = cli_alloc(size + 1, 1);
  memcpy(folder, slash ? path : "./", size);
  int status = access(folder, W_OK | X_OK) == 0 ? CLI_OK : cli_fail(c, "cannot write %s: %s", path, strerror(errno));
  free(folder);
  return status;
}

int cli_check_differ(cli *c, const char *what, const char *path, const char *of, const char *other) {
  if (!path || !other || is_dash(path) || !mtp_file_is_same(path, other)) return CLI_OK;
  return cli_usage(c, "%s and %s are both '%s': expected different files", what, of, path);
}

int cli_check_inputs_differ(cli *c, const char *what, const char *path, int first) {
  int status = CLI_OK;
  for (int k = first; k < c->word_count && status == CLI_OK; k++)
    status = cli_check_differ(c, what, path, "what is read", c->words[k]);
  return status;
}

int cli_check_route(cli *c, cli_route *route) {
  int status = cli_format(c, "--from", route->from, &route->input_format);
  route->output_format = MTP_FORMAT_AUTO;
  if (status != CLI_OK || !route->output) return status;
  status = cli_output_format(c, route->output, route->to, &route->output_format);
  if (status == CLI_OK) status = cli_check_inputs_differ(c, "-o", route->output, 0);
  return status == CLI_OK ? cli_check_output(c, route->output) : status;
}

static int check_names(cli *c, const char *path, const mtp_potential *pot, const cli_names *names) {
  for (int i = 0; i < names->count; i++) {
    const char *element = mtp_potential_element(pot, i);
    if (element && strcmp(element, names->name[i]) != 0)
      return cli_fail(c, "--species: species %d of %s is %s, not %s", i + 1, path, element, names->name[i]);
  }
  return CLI_OK;
}

int cli_name_species(cli *c, const char *path, mtp_potential *pot, const char *species, bool may_rename) {
  cli_names names;
  int status = cli_names_parse(c, species, false, &names);
  if (status != CLI_OK) return status;
  const int count = mtp_potential_species_count(pot);
  if (names.count != count)
    status = cli_fail(c, "--species: %s has %d species, but %d names are given", path, count, names.count);
  else if (!may_rename)
    status = check_names(c, path, pot, &names);
  if (status == CLI_OK && mtp_potential_set_elements(c->ctx, pot, cli_names_list(&names)) != MTP_OK)
    status = cli_library(c, path);
  cli_names_free(&names);
  return status;
}

int cli_read_potential(cli *c, const char *path, mtp_potential **pot, mtp_active_set **as) {
  if (mtp_model_read(c->ctx, path, pot, as) != MTP_OK) return cli_library(c, path);
  const int status = c->species_text ? cli_name_species(c, path, *pot, c->species_text, false) : CLI_OK;
  if (status == CLI_OK) return status;
  mtp_potential_free(*pot);
  *pot = NULL;
  if (as) {
    mtp_active_set_free(*as);
    *as = NULL;
  }
  return status;
}

bool cli_writes_active_set(const char *path) {
  return !cli_has_suffix(path, ".mtp");
}

int cli_write_potential(cli *c, const char *path, const char *head, const mtp_potential *pot,
                        const mtp_active_set *as) {
  mtp_text text = {0};
  mtp_text_add(&text, "%s", head);
  mtp_status status = mtp_active_set_text(c->ctx, cli_writes_active_set(path) ? as : NULL, pot, &text);
  if (status == MTP_OK) status = mtp_file_replace(c->ctx, path, text.data, text.size);
  mtp_text_free(&text);
  return status == MTP_OK ? CLI_OK : cli_library(c, path);
}

int cli_read_set(cli *c, const char *path, mtp_format format, mtp_config_set **out) {
  mtp_read_options options = {.format = format, .keys = c->keys, .whole_records = true};
  if (mtp_config_set_read(c->ctx, path, &options, out) != MTP_OK) return cli_library(c, path);
  if ((*out)->n > 0) return CLI_OK;
  mtp_config_set_free(*out);
  *out = NULL;
  return cli_fail(c, "%s: there is no configuration in it", path);
}

/* Moves all configurations of `from` to the end of `to`. */
static int move_configs(cli *c, mtp_config_set *from, mtp_config_set *to) {
  for (size_t i = 0; i < from->n; i++) {
    mtp_config *cfg = from->configs[i];
    from->configs[i] = NULL;
    if (mtp_config_set_append(c->ctx, to, cfg) == MTP_OK) continue;
    /* the rest stays with `from`, whose array may hold no holes */
    memmove(from->configs, from->configs + i + 1, (from->n - i - 1) * sizeof *from->configs);
    from->n -= i + 1;
    return cli_library(c, NULL);
  }
  from->n = 0;
  return CLI_OK;
}

/* Adds the configurations of `set`, which goes, to those of *all. */
static int merge(cli *c, mtp_config_set *set, mtp_config_set **all) {
  int status = CLI_OK;
  if (!*all) {
    *all = set;
    return status;
  }
  status = move_configs(c, set, *all);
  free((*all)->path); /* of the first file alone */
  (*all)->path = NULL;
  mtp_config_set_free(set);
  return status;
}

/* The only species with atoms, -1 if there are none or several. */
static int only_species(const mtp_config_set *set) {
  int only = -1;
  for (size_t k = 0; k < set->n; k++)
    for (size_t i = 0; i < set->configs[k]->n; i++) {
      const int s = set->configs[k]->species[i];
      if (only >= 0 && s != only) return -1;
      only = s;
    }
  return only;
}

/* One species without a name and one in the data are the same, unless a label that is an atomic number says another. */
int cli_adopt_name(cli *c, const char *path, mtp_potential *pot, const mtp_config_set *set) {
  if (mtp_potential_species_count(pot) != 1 || mtp_potential_element(pot, 0)) return CLI_OK;
  const int species = only_species(set), label = mtp_potential_label(pot, 0);
  const char *name = species >= 0 ? set->names[species] : NULL;
  if (!name || mtp_element_number(name) == 0 || (label > 0 && mtp_element_number(name) != label)) return CLI_OK;
  return mtp_potential_set_elements(c->ctx, pot, &name) == MTP_OK ? CLI_OK : cli_library(c, path);
}

int cli_read_data(cli *c, int count, char *const *paths, mtp_format format, mtp_potential *pot, mtp_config_set **out) {
  int status = CLI_OK;
  *out = NULL;
  for (int i = 0; i < count && status == CLI_OK; i++) {
    mtp_config_set *set = NULL;
    status = cli_read_set(c, paths[i], format, &set);
    if (status == CLI_OK) status = cli_adopt_name(c, paths[i], pot, set);
    if (status == CLI_OK) status = cli_map_species(c, paths[i], pot, set);
    if (status == CLI_OK)
      status = merge(c, set, out);
    else
      mtp_config_set_free(set);
  }
  if (status == CLI_OK) return CLI_OK;
  mtp_config_set_free(*out);
  *out = NULL;
  return status;
}

int cli_read_training(cli *c, int count, char *const *paths, mtp_format format, mtp_potential *pot, bool skip_bad,
                      mtp_config_set **out) {
  int status = CLI_OK;
  bool any = false;
  *out = NULL;
  for (int i = 0; i < count && status == CLI_OK; i++) {
    const mtp_read_options options = {
        .format = format, .keys = c->keys, .whole_records = true, .tolerate_bad_numbers = skip_bad};
    mtp_config_set *set = NULL;
    bool labelled = false;
    if (mtp_config_set_read(c->ctx, paths[i], &options, &set) != MTP_OK)
      status = cli_library(c, paths[i]);
    else if (set->n == 0)
      status = cli_fail(c, "%s: there is no configuration in it", paths[i]);
    if (status == CLI_OK) status = cli_adopt_name(c, paths[i], pot, set);
    if (status == CLI_OK) status = cli_screen_file(c, paths[i], pot, skip_bad, &labelled, set);
    if (status == CLI_OK && !labelled && count > 1) cli_warn(c, "%s: there is nothing to train on in it", paths[i]);
    any = any || labelled;
    if (status == CLI_OK)
      status = merge(c, set, out);
    else
      mtp_config_set_free(set);
  }
  if (status == CLI_OK && !any) status = cli_fail(c, "no configuration has energy, forces or virial to train on");
  if (status == CLI_OK) return CLI_OK;
  mtp_config_set_free(*out);
  *out = NULL;
  return status;
}

int cli_write_set(cli *c, const mtp_config_set *set, const char *path, mtp_format format) {
  return mtp_config_set_write(c->ctx, set, path, format) == MTP_OK ? CLI_OK : cli_library(c, path);
}

size_t cli_atom_count(const mtp_config_set *set) {
  size_t atoms = 0;
  for (size_t i = 0; i < set->n; i++) atoms += set->configs[i]->n;
  return atoms;
}
