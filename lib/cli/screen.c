/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/screen.c
 * Training data as they come from the world: every configuration that is not as it should be is named, and left out if
 * that was asked for. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "mtp/screen.h"

enum { MAX_LINES = 20 }; /* of configurations that are named */

/* Of one file. */
typedef struct filter {
  cli *c;
  const char *path;
  bool skip;
  size_t seen, named, counts[MTP_FAULTS], close;
  double smallest;
} filter;

static void name_config(filter *f, const mtp_config *cfg, size_t number, const char *text) {
  if (f->named++ >= MAX_LINES) return;
  if (cfg->line > 0)
    cli_warn(f->c, "%s:%lld: %s", f->path, cfg->line, text);
  else
    cli_warn(f->c, "%s: configuration %zu: %s", f->path, number, text);
}

/* Whether it may stay; what is wrong with it is counted and named. */
static bool may_stay(filter *f, const mtp_config *cfg, mtp_fault fault, const char *text) {
  const size_t number = f->seen++ + 1;
  if (fault == MTP_FAULT_NONE) return true;
  f->counts[fault]++;
  name_config(f, cfg, number, text);
  return !f->skip && !mtp_fault_is_fatal(fault) && fault != MTP_FAULT_NO_LABEL;
}

/* What is left out goes, the rest moves together. */
static void drop(mtp_config_set *set, size_t *kept, size_t i, bool stays) {
  if (stays)
    set->configs[(*kept)++] = set->configs[i];
  else
    mtp_config_free(set->configs[i]);
}

/* Configurations with elements that the potential lacks, while the elements still have their names. */
static int screen_elements(filter *f, const mtp_potential *pot, mtp_config_set *set) {
  cli_names names = cli_names_of(pot);
  bool *known = cli_alloc((size_t)set->species_count, sizeof *known);
  const mtp_status status = mtp_config_set_known_species(f->c->ctx, set, names.count, cli_names_list(&names), known);
  size_t kept = 0;
  for (size_t i = 0; status == MTP_OK && i < set->n; i++) {
    const mtp_config *cfg = set->configs[i];
    const char *foreign = NULL;
    for (size_t k = 0; k < cfg->n && !foreign; k++)
      if (!known[cfg->species[k]]) foreign = set->names[cfg->species[k]];
    char text[128];
    snprintf(text, sizeof text, "the potential has no element %s", foreign ? foreign : "");
    if (foreign)
      drop(set, &kept, i, may_stay(f, cfg, MTP_FAULT_ELEMENT, text));
    else
      drop(set, &kept, i, true);
  }
  if (status == MTP_OK) set->n = kept;
  free(known);
  cli_names_free(&names);
  return status == MTP_OK ? CLI_OK : cli_library(f->c, f->path);
}

static int screen_all(filter *f, const mtp_potential *pot, mtp_config_set *set) {
  size_t kept = 0, i = 0;
  int status = CLI_OK;
  for (; i < set->n && status == CLI_OK; i++) {
    mtp_screening s;
    if (mtp_screen(f->c->ctx, pot, set->configs[i], &s) != MTP_OK) {
      status = cli_fail(f->c, "%s: configuration %zu: %s", f->path, i + 1, mtp_context_message(f->c->ctx));
      break;
    }
    if (s.smallest < mtp_potential_min_dist(pot) && s.fault != MTP_FAULT_CLOSE_ATOMS) {
      f->close++;
      f->smallest = fmin(f->smallest, s.smallest);
    }
    drop(set, &kept, i, may_stay(f, set->configs[i], s.fault, s.text));
  }
  for (; i < set->n; i++) drop(set, &kept, i, true); /* after a failure */
  set->n = kept;
  return status;
}

/* "2 not-finite, 3 close-atoms" of those that are left out, or of the others. */
static size_t list_counts(const filter *f, bool left_out, char *text, size_t size) {
  size_t total = 0, used = 0;
  text[0] = 0;
  for (int k = 1; k < MTP_FAULTS; k++) {
    const bool out = f->skip || mtp_fault_is_fatal((mtp_fault)k) || k == MTP_FAULT_NO_LABEL;
    if (f->counts[k] == 0 || out != left_out) continue;
    used += (size_t)snprintf(text + used, size - used, "%s%zu %s", used ? ", " : "", f->counts[k],
                             mtp_fault_name((mtp_fault)k));
    total += f->counts[k];
  }
  return total;
}

static int conclude(const filter *f, size_t total, const mtp_potential *pot) {
  char text[256];
  if (f->named > MAX_LINES) cli_warn(f->c, "%s: and %zu more", f->path, f->named - MAX_LINES);
  for (int k = 1; k < MTP_FAULTS && !f->skip; k++)
    if (f->counts[k] && mtp_fault_is_fatal((mtp_fault)k)) {
      list_counts(f, true, text, sizeof text);
      return cli_fail(f->c, "%s: there are configurations that cannot be used (%s); --skip-bad leaves them out",
                      f->path, text);
    }
  const size_t left_out = list_counts(f, true, text, sizeof text);
  if (left_out) cli_warn(f->c, "%s: %zu of %zu configurations are left out: %s", f->path, left_out, total, text);
  if (list_counts(f, false, text, sizeof text))
    cli_warn(f->c, "%s: used all the same: %s; --skip-bad leaves them out", f->path, text);
  if (f->close && !mtp_potential_min_dist_is_free(pot)) /* else training moves it below them */
    cli_warn(f->c, "%s: %zu configurations have atoms closer (down to %.4g A) than min_dist = %.4g A of the potential",
             f->path, f->close, f->smallest, mtp_potential_min_dist(pot));
  return CLI_OK;
}

static bool has_label(const mtp_config_set *set) {
  for (size_t i = 0; i < set->n; i++)
    if (set->configs[i]->has_energy || set->configs[i]->has_virial || set->configs[i]->force) return true;
  return false;
}

/* Somebody took the wrong file: no need to name every configuration. */
static void drop_all(mtp_config_set *set) {
  for (size_t i = 0; i < set->n; i++) mtp_config_free(set->configs[i]);
  set->n = 0;
}

int cli_screen_file(cli *c, const char *path, const mtp_potential *pot, bool skip, bool *labelled,
                    mtp_config_set *set) {
  filter f = {.c = c, .path = path, .skip = skip, .smallest = INFINITY};
  const size_t total = set->n;
  int status = skip ? screen_elements(&f, pot, set) : CLI_OK;
  if (status == CLI_OK) status = cli_map_species(c, path, pot, set);
  if (status == CLI_OK && !has_label(set)) drop_all(set);
  f.seen = 0;
  if (status == CLI_OK) status = screen_all(&f, pot, set);
  if (status == CLI_OK) status = conclude(&f, total, pot);
  *labelled = set->n > 0;
  return status;
}
