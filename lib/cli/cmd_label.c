/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_label.c
 * `mtp label`: a QM driver on many configurations. The output is the memory: each label is appended and synced at once,
 * and a repeated call computes only what is not in it yet. */
#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "mtp/qm.h"
#ifdef MTP_HAVE_LAMMPS
#include "qm_lammps.h"
#endif

static const char help[] =
    "Labels every configuration of IN with energy, forces and virial of a QM driver and appends it to\n"
    "OUT (extended XYZ). Configurations that OUT holds already are skipped, so a call that was\n"
    "interrupted or had failures is simply repeated.\n\n"
    "  -o, --output OUT    the file to append to\n"
    "  --qm \"DRIVER ...\"   exec COMMAND; qe TEMPLATE [COMMAND]; lammps FILE (where it is built in); with\n"
    "                      timeout=S retries=N dir=PATH keep=failed|all|none maxforce=F require=forces,stress\n"
    "  --species Al,Ni     names for the species of an IN that holds numbers; with the\n"
    "                      lammps driver also the order of the types in its file,\n"
    "                      and needed there if IN has several species\n"
    "  --from F            format of IN: cfg, extxyz, lammps-data, lammps-dump (by content)\n"
    "  --json              one JSON object\n\n"
    "Example: mtp label selected.cfg -o train.extxyz --species Al --qm \"qe al.in 'mpirun -np 8 pw.x'\"\n";

/* Labelled configurations, found by species, cell and positions. Files keep all digits, so equal means equal. */
typedef struct known_entry {
  uint64_t hash;
  const mtp_config *config; /* NULL: free */
  char *const *names;
} known_entry;

typedef struct known {
  size_t count, capacity; /* a power of two, at most half full */
  known_entry *entries;
} known;

static uint64_t mix(uint64_t hash, const void *bytes, size_t size) {
  const unsigned char *b = bytes;
  for (size_t i = 0; i < size; i++) hash = (hash ^ b[i]) * 0x100000001b3ULL; /* FNV-1a */
  return hash;
}

static uint64_t mix_number(uint64_t hash, double value) {
  double number = value == 0 ? 0 : value; /* -0 equals 0 */
  return mix(hash, &number, sizeof number);
}

static uint64_t hash_config(const mtp_config *cfg, char *const *names) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (int i = 0; i < 9; i++) hash = mix_number(hash, cfg->cell[i]);
  for (size_t i = 0; i < cfg->n; i++) {
    const char *name = names[cfg->species[i]];
    hash = mix(hash, name, strlen(name) + 1);
  }
  for (size_t i = 0; i < 3 * cfg->n; i++) hash = mix_number(hash, cfg->x[i]);
  return hash;
}

static bool same_config(const mtp_config *a, char *const *a_names, const mtp_config *b, char *const *b_names) {
  if (a->n != b->n || memcmp(a->periodic, b->periodic, sizeof a->periodic) != 0) return false;
  for (int i = 0; i < 9; i++)
    if (a->cell[i] != b->cell[i]) return false;
  for (size_t i = 0; i < 3 * a->n; i++)
    if (a->x[i] != b->x[i]) return false;
  for (size_t i = 0; i < a->n; i++)
    if (strcmp(a_names[a->species[i]], b_names[b->species[i]]) != 0) return false;
  return true;
}

/* The entry of an equal configuration, or the free one where it would go. */
static known_entry *known_find(const known *k, uint64_t hash, const mtp_config *cfg, char *const *names) {
  for (size_t i = hash & (k->capacity - 1);; i = (i + 1) & (k->capacity - 1)) {
    known_entry *e = &k->entries[i];
    if (!e->config || (e->hash == hash && same_config(e->config, e->names, cfg, names))) return e;
  }
}

static bool known_has(const known *k, const mtp_config *cfg, char *const *names) {
  return known_find(k, hash_config(cfg, names), cfg, names)->config != NULL;
}

/* The table must be made for as many configurations as will be added. */
static void known_add(known *k, const mtp_config *cfg, char *const *names) {
  uint64_t hash = hash_config(cfg, names);
  known_entry *e = known_find(k, hash, cfg, names);
  if (!e->config) *e = (known_entry){hash, cfg, names};
}

static known known_new(size_t count) {
  known k = {.capacity = 16};
  while (k.capacity < 2 * count) k.capacity *= 2;
  k.entries = cli_alloc(k.capacity, sizeof *k.entries);
  return k;
}

/* The output file, locked, positioned at the end of its last complete label. */
typedef struct sink {
  const char *path;
  int fd;
  off_t size;
  bool created;
  mtp_config_set *old; /* what it holds, NULL for a new file */
} sink;

static int sink_error(cli *c, const sink *s, const char *what) {
  return cli_fail(c, "cannot %s %s: %s", what, s->path, strerror(errno));
}

static int write_bytes(int fd, const char *data, size_t size) {
  while (size > 0) {
    ssize_t done = write(fd, data, size);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return -1;
    data += done;
    size -= (size_t)done;
  }
  return 0;
}

/* Appends and syncs; after a failure the file ends where it ended before. */
static int sink_append(cli *c, sink *s, const char *data, size_t size) {
  if (write_bytes(s->fd, data, size) == 0 && fsync(s->fd) == 0) {
    s->size += (off_t)size;
    return CLI_OK;
  }
  int status = sink_error(c, s, "write");
  if (ftruncate(s->fd, s->size) != 0) cli_warn(c, "the end of %s may be cut short", s->path);
  return status;
}

/* Reads what is there, and drops the record that a kill cut short. */
static int sink_resume(cli *c, sink *s) {
  mtp_read_options options = {.format = MTP_FORMAT_EXTXYZ, .tolerate_cut_tail = true};
  if (mtp_config_set_read(c->ctx, s->path, &options, &s->old) != MTP_OK) return cli_library(c, s->path);
  if (s->old->good_size >= 0 && s->old->good_size < s->size) {
    s->size = s->old->good_size;
    if (ftruncate(s->fd, s->size) != 0) return sink_error(c, s, "shorten");
  }
  if (lseek(s->fd, s->size, SEEK_SET) < 0) return sink_error(c, s, "position in");
  char last = '\n';
  if (s->size > 0 && pread(s->fd, &last, 1, s->size - 1) != 1) return sink_error(c, s, "read");
  return last == '\n' ? CLI_OK : sink_append(c, s, "\n", 1);
}

static int sink_open(cli *c, const char *path, sink *s) {
  struct stat st;
  *s = (sink){.path = path, .created = access(path, F_OK) != 0};
  s->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (s->fd < 0) return sink_error(c, s, "open");
  if (flock(s->fd, LOCK_EX | LOCK_NB) != 0) {
    s->created = false; /* whoever holds it now */
    return cli_fail(c, "%s is being written by another process", path);
  }
  if (fstat(s->fd, &st) != 0) return sink_error(c, s, "look at");
  if (!S_ISREG(st.st_mode)) return cli_fail(c, "%s: an ordinary file is needed", path);
  s->size = st.st_size;
  return s->size > 0 ? sink_resume(c, s) : CLI_OK;
}

static void sink_close(sink *s) {
  if (s->fd >= 0) {
    if (s->created && s->size == 0) unlink(s->path);
    close(s->fd);
  }
  mtp_config_set_free(s->old);
}

typedef struct failure {
  size_t index; /* counted from 1 */
  mtp_qm_report report;
} failure;

typedef struct tally {
  size_t labelled, skipped, failed;
  double seconds;
  failure *failures;
} tally;

static void note_failure(tally *t, size_t index, const mtp_qm_report *report) {
  t->failures = cli_realloc(t->failures, t->failed + 1, sizeof *t->failures);
  t->failures[t->failed++] = (failure){index, *report};
}

static int label_one(cli *c, mtp_qm *qm, const mtp_config_set *set, size_t i, sink *s, tally *t) {
  const char *const *names = (const char *const *)set->names;
  mtp_config *label = NULL;
  mtp_qm_report report = {.status = MTP_QM_OK};
  char *text = NULL;
  size_t size = 0;
  if (mtp_qm_label(c->ctx, qm, set->configs[i], set->species_count, names, &label, &report) != MTP_OK)
    return cli_fail(c, "configuration %zu: %s", i + 1, mtp_context_message(c->ctx));
  t->seconds += report.seconds;
  if (report.status != MTP_QM_OK) {
    note_failure(t, i + 1, &report);
    return CLI_OK;
  }
  int status = CLI_OK;
  if (mtp_config_format(c->ctx, label, set->species_count, names, MTP_FORMAT_EXTXYZ, &text, &size) != MTP_OK)
    status = cli_library(c, NULL);
  else
    status = sink_append(c, s, text, size);
  if (status == CLI_OK) t->labelled++;
  free(text);
  mtp_config_free(label);
  return status;
}

static int label_all(cli *c, mtp_qm *qm, const mtp_config_set *set, sink *s, tally *t) {
  size_t old = s->old ? s->old->n : 0;
  known k = known_new(old + set->n);
  for (size_t i = 0; i < old; i++)
    if (s->old->configs[i]->has_energy) known_add(&k, s->old->configs[i], s->old->names);
  size_t to_do = 0;
  for (size_t i = 0; i < set->n; i++) to_do += !known_has(&k, set->configs[i], set->names);
  int status = CLI_OK;
  cli_progress_begin(c, "labelling", to_do);
  for (size_t i = 0; i < set->n && status == CLI_OK; i++) {
    if (known_has(&k, set->configs[i], set->names)) {
      t->skipped++;
      continue;
    }
    size_t failed = t->failed;
    status = label_one(c, qm, set, i, s, t);
    if (status == CLI_OK && t->failed == failed) known_add(&k, set->configs[i], set->names);
    cli_progress_step(c, 1);
  }
  cli_progress_end(c);
  free(k.entries);
  return status;
}

static int print_json(cli *c, const tally *t) {
  cJSON *object = cJSON_CreateObject();
  cli_json_number(object, "labelled", (double)t->labelled);
  cli_json_number(object, "skipped", (double)t->skipped);
  cli_json_number(object, "seconds", t->seconds);
  cJSON *list = cJSON_AddArrayToObject(object, "failed");
  for (size_t i = 0; i < t->failed; i++) {
    const failure *f = &t->failures[i];
    cJSON *item = cJSON_CreateObject();
    cli_json_number(item, "index", (double)f->index);
    cJSON_AddStringToObject(item, "status", mtp_qm_status_name(f->report.status));
    cJSON_AddStringToObject(item, "reason", f->report.reason);
    cli_json_number(item, "tries", f->report.tries);
    cJSON_AddStringToObject(item, "dir", f->report.dir);
    cJSON_AddItemToArray(list, item);
  }
  return cli_json_print(c, object);
}

static void print_failures(cli *c, const tally *t) {
  for (size_t i = 0; i < t->failed; i++) {
    const mtp_qm_report *r = &t->failures[i].report;
    cli_fail(c, "configuration %zu: %s (tries: %d): %s%s%s", t->failures[i].index, mtp_qm_status_name(r->status),
             r->tries, r->reason, r->dir[0] ? "; kept in " : "", r->dir);
  }
}

static int open_driver(cli *c, const char *text, mtp_qm **qm) {
  const mtp_qm_driver *extra = NULL;
#ifdef MTP_HAVE_LAMMPS
  extra = mtp_qm_lammps_driver();
#else
  const char *first = text + strspn(text, " \t");
  if (strcspn(first, " \t") == 6 && strncmp(first, "lammps", 6) == 0)
    return cli_usage(c, "--qm: this mtp was built without LAMMPS, so it has no driver lammps");
#endif
  mtp_status status = mtp_qm_open(c->ctx, text, extra, extra ? 1 : 0, qm);
  if (status == MTP_ERR_ARGUMENT) return cli_usage(c, "--qm: %s", mtp_context_message(c->ctx));
  if (status != MTP_OK) return cli_library(c, NULL);
  return mtp_qm_is_none(*qm) ? cli_usage(c, "--qm: the driver none labels nothing") : CLI_OK;
}

static int run_driver(cli *c, const mtp_config_set *set, const char *output, const char *driver, bool json) {
  mtp_qm *qm = NULL;
  sink s = {.fd = -1};
  tally t = {0};
  int status = open_driver(c, driver, &qm);
  if (status == CLI_OK) status = sink_open(c, output, &s);
  if (status == CLI_OK) status = label_all(c, qm, set, &s, &t);
  bool finished = status == CLI_OK;
  print_failures(c, &t);
  if (finished && json) status = print_json(c, &t);
  if (finished && !json)
    printf("%zu labelled, %zu failed, %zu were there; %.3g s in the driver\n", t.labelled, t.failed, t.skipped,
           t.seconds);
  if (t.failed) status = CLI_FAILED;
  sink_close(&s);
  mtp_qm_close(qm);
  free(t.failures);
  return status;
}

/* Its file holds types, not names, and which is which must not depend on the order of atoms in IN. Numbers are types.
 */
static bool is_lammps(const char *driver) {
  driver += strspn(driver, " \t");
  return strncmp(driver, "lammps", 6) == 0 && strchr(" \t", driver[6]);
}

static int run(cli *c, int argc, char **argv) {
  const char *output = NULL, *driver = NULL, *species = NULL, *from = NULL;
  bool json = false;
  const cli_option options[] = {{"output", 'o', CLI_TEXT, &output},
                                {"qm", 0, CLI_TEXT, &driver},
                                {"species", 0, CLI_TEXT, &species},
                                {"from", 0, CLI_TEXT, &from},
                                {"json", 0, CLI_FLAG, &json}};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 1, 1);
  if (status != CLI_GO_ON) return status;
  mtp_format input_format;
  if ((status = cli_require(c, output, "-o")) != CLI_OK || (status = cli_require(c, driver, "--qm")) != CLI_OK ||
      (status = cli_format(c, "--from", from, &input_format)) != CLI_OK)
    return status;
  if (!cli_has_suffix(output, ".xyz") && !cli_has_suffix(output, ".extxyz"))
    return cli_usage(c, "-o: OUT is extended XYZ, its name has to end in .extxyz or .xyz");
  struct stat in, out;
  if (stat(c->words[0], &in) == 0 && stat(output, &out) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
    return cli_usage(c, "IN and OUT are the same file");

  cli_names names = {0};
  mtp_config_set *set = NULL;
  if (species) status = cli_names_parse(c, species, false, &names);
  if (status == CLI_OK) status = cli_read_set(c, c->words[0], input_format, &set);
  if (status == CLI_OK && !species && set->species_count > 1 && !isdigit((unsigned char)set->names[0][0]) &&
      is_lammps(driver))
    status = cli_usage(c, "%s has %d species: give --species, the order of the types in the file of the lammps driver",
                       c->words[0], set->species_count);
  if (status == CLI_OK && species &&
      mtp_config_set_map_species(c->ctx, set, names.count, cli_names_list(&names)) != MTP_OK)
    status = cli_library(c, c->words[0]);
  if (status == CLI_OK) status = run_driver(c, set, output, driver, json);
  mtp_config_set_free(set);
  cli_names_free(&names);
  return status;
}

const cli_command cli_cmd_label = {
    .name = "label",
    .summary = "Label configurations with a QM driver",
    .usage = "IN -o OUT --qm \"DRIVER ...\" [--species Al,Ni]",
    .help = help,
    .run = run,
};
