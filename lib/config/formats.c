/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/formats.c
 * Reading and writing whole files: which format it is, and who does it. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_internal.h"

typedef mtp_status writer_function(mtp_writer *w, const mtp_config *cfg);

static const struct {
  const char *name;
  const char *suffixes[4];
  mtp_parser *parse;
  writer_function *write;
} formats[] = {
    [MTP_FORMAT_CFG] = {"cfg", {".cfg", ".cfgs"}, mtp_cfg_parse, mtp_cfg_write},
    [MTP_FORMAT_EXTXYZ] = {"extxyz", {".extxyz", ".xyz"}, mtp_extxyz_parse, mtp_extxyz_write},
    [MTP_FORMAT_LAMMPS_DATA] = {"lammps-data", {".data", ".lmp"}, mtp_lammps_data_parse, mtp_lammps_data_write},
    [MTP_FORMAT_LAMMPS_DUMP] = {"lammps-dump", {".dump", ".lammpstrj"}, mtp_lammps_dump_parse, mtp_lammps_dump_write},
    [MTP_FORMAT_POSCAR] = {"poscar", {".poscar", ".vasp", ".contcar"}, mtp_poscar_parse, mtp_poscar_write},
    [MTP_FORMAT_OUTCAR] = {"outcar", {".outcar"}, mtp_outcar_parse, NULL},
    [MTP_FORMAT_VASPRUN] = {"vasprun", {NULL}, mtp_vasprun_parse, NULL},
};
#define FORMAT_COUNT ((int)(sizeof formats / sizeof *formats))

mtp_format mtp_format_from_name(const char *name) {
  if (!name) return MTP_FORMAT_AUTO;
  for (int f = MTP_FORMAT_AUTO + 1; f < FORMAT_COUNT; f++) {
    if (strcasecmp(name, formats[f].name) == 0) return (mtp_format)f;
    for (int k = 0; k < 4 && formats[f].suffixes[k]; k++)
      if (strcasecmp(name, formats[f].suffixes[k] + 1) == 0) return (mtp_format)f;
  }
  return MTP_FORMAT_AUTO;
}

/* VASP has names of its own, and people add to them: POSCAR-12, OUTCAR_relax. */
static mtp_format format_of_vasp_name(const char *name) {
  static const struct {
    const char *begin;
    mtp_format format;
  } known[] = {{"POSCAR", MTP_FORMAT_POSCAR},
               {"CONTCAR", MTP_FORMAT_POSCAR},
               {"OUTCAR", MTP_FORMAT_OUTCAR},
               {"vasprun", MTP_FORMAT_VASPRUN}};
  for (size_t k = 0; k < sizeof known / sizeof *known; k++)
    if (strncmp(name, known[k].begin, strlen(known[k].begin)) == 0) return known[k].format;
  return MTP_FORMAT_AUTO;
}

/* By the suffix before .gz, if there is that. */
mtp_format mtp_format_from_path(const char *path) {
  const char *slash = path ? strrchr(path, '/') : NULL, *name = slash ? slash + 1 : path ? path : "";
  const size_t length = strlen(name) - (mtp_is_gzip_name(name) ? 3 : 0);
  const char *dot = memrchr(name, '.', length);
  char suffix[16];
  mtp_format format = MTP_FORMAT_AUTO;
  if (dot && (size_t)(name + length - dot) <= sizeof suffix) {
    snprintf(suffix, sizeof suffix, "%.*s", (int)(name + length - dot - 1), dot + 1);
    format = mtp_format_from_name(suffix);
  }
  return format != MTP_FORMAT_AUTO ? format : format_of_vasp_name(name);
}

/* True if the header of a LAMMPS data file says how many atoms there are. */
static bool looks_like_data(mtp_scan scan) {
  for (int k = 0; k < 40 && mtp_scan_line(&scan); k++) {
    mtp_span count, word;
    size_t n;
    if (mtp_span_token(&scan.rest, &count) && mtp_span_token(&scan.rest, &word) && mtp_span_is(word, "atoms") &&
        mtp_span_count(count, SIZE_MAX / 10, &n))
      return true;
  }
  return false;
}

/* What the first line tells; a text of blanks is a set without configurations in any format. */
static mtp_format format_of_content(mtp_scan scan) {
  mtp_scan whole = scan;
  mtp_span token, more;
  if (!mtp_scan_filled_line(&scan)) return MTP_FORMAT_EXTXYZ;
  mtp_span_token(&scan.rest, &token);
  size_t n;
  bool alone = !mtp_span_token(&scan.rest, &more);
  if (mtp_span_is(token, "BEGIN_CFG") || mtp_span_is(token, "BEGIN")) return MTP_FORMAT_CFG;
  if (mtp_span_is(token, "ITEM:")) return MTP_FORMAT_LAMMPS_DUMP;
  if (token.n > 5 && memcmp(token.s, "vasp.", 5) == 0) return MTP_FORMAT_OUTCAR;
  if (mtp_span_is(token, "<?xml") || mtp_span_is(token, "<modeling>")) return MTP_FORMAT_VASPRUN;
  if (mtp_poscar_looks_like(whole)) return MTP_FORMAT_POSCAR; /* whose title may be a number */
  if (alone && mtp_span_count(token, SIZE_MAX / 10, &n)) return MTP_FORMAT_EXTXYZ;
  return looks_like_data(whole) ? MTP_FORMAT_LAMMPS_DATA : MTP_FORMAT_AUTO;
}

mtp_status mtp_find_format(mtp_scan *scan, size_t size, mtp_format *format) {
  if (*format == MTP_FORMAT_AUTO && mtp_is_binary_cfg(scan->begin, size)) *format = MTP_FORMAT_CFG;
  if (*format == MTP_FORMAT_AUTO) *format = format_of_content(*scan);
  if (*format == MTP_FORMAT_AUTO) *format = mtp_format_from_path(scan->path);
  if (*format != MTP_FORMAT_AUTO) return MTP_OK;
  mtp_scan_filled_line(scan);
  return mtp_scan_expected(scan, mtp_span_trim(scan->rest),
                           "the start of a configuration file: BEGIN_CFG (cfg), a number of atoms (extxyz), ITEM: "
                           "(LAMMPS dump), the header of a LAMMPS data file, or a file of VASP (POSCAR, OUTCAR, "
                           "vasprun.xml)");
}

/* Compressed data that end too early may end anywhere: their last record is one to be left out. */
static mtp_status read_file(mtp_context *ctx, const char *path, const mtp_read_options **options,
                            mtp_read_options *cut_options, char **data, size_t *size) {
  if (!*options || !(*options)->whole_records) return mtp_file_read(ctx, path, data, size);
  int cut;
  mtp_status status = mtp_file_read_cut(ctx, path, data, size, &cut);
  if (status != MTP_OK || !cut) return status;
  mtp_message(ctx, MTP_WARNING, "%s: the compressed data are cut short", path);
  *cut_options = **options;
  cut_options->tolerate_cut_tail = true;
  *options = cut_options;
  return MTP_OK;
}

/* Whoever chose names for labels shall know where they count for nothing. */
void mtp_tell_of_keys(mtp_context *ctx, const char *path, const mtp_read_options *options) {
  if (options && (options->keys.energy || options->keys.forces || options->keys.virial || options->keys.stress))
    mtp_message(ctx, MTP_WARNING, "%s: no extended XYZ, so that no names of labels are chosen in it", path);
}

static bool are_finite(const double *values, size_t n) {
  for (size_t i = 0; values && i < n; i++)
    if (!isfinite(values[i])) return false;
  return true;
}

/* Numbers of a file are finite; what is made of them (coordinates of scaled ones, a virial of a stress) may be not, and
 * a lattice vector may vanish. No writer could write that. */
mtp_status mtp_check_made(mtp_context *ctx, const char *path, const mtp_config *cfg, bool tolerant) {
  const char *what = NULL;
  for (int d = 0; d < 3; d++)
    if (cfg->periodic[d] && !mtp_cell_has_row(cfg, d)) what = "a periodic direction whose lattice vector is zero";
  if (!tolerant && !(are_finite(cfg->cell, 9) && are_finite(cfg->x, 3 * cfg->n) && are_finite(cfg->force, 3 * cfg->n) &&
                     are_finite(&cfg->energy, cfg->has_energy) && are_finite(cfg->virial, cfg->has_virial ? 6 : 0)))
    what = "numbers that are beyond what double precision holds";
  if (!what) return MTP_OK;
  return mtp_fail(ctx, MTP_ERR_FORMAT, "%s:%lld: the configuration that begins here has %s", path,
                  cfg->line > 0 ? cfg->line : 1, what);
}

mtp_status mtp_config_set_read(mtp_context *ctx, const char *path, const mtp_read_options *options,
                               mtp_config_set **out) {
  if (out) *out = NULL;
  if (!path || !out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "no file to read given");
  mtp_format format = options ? options->format : MTP_FORMAT_AUTO;
  if ((int)format < 0 || (int)format >= FORMAT_COUNT) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "no such format");
  char *data = NULL;
  size_t size = 0;
  mtp_read_options cut_options = {0};
  mtp_status status = read_file(ctx, path, &options, &cut_options, &data, &size);
  if (status != MTP_OK) return status;
  mtp_config_set *set = mtp_config_set_new();
  if (set) set->path = mtp_strdup(path);
  if (!set || !set->path) status = mtp_fail_memory(ctx);
  mtp_scan scan = mtp_scan_start(ctx, path, data, size, 1);
  if (status == MTP_OK) status = mtp_find_format(&scan, size, &format);
  if (status == MTP_OK && format != MTP_FORMAT_EXTXYZ) mtp_tell_of_keys(ctx, scan.path, options);
  const bool binary = format == MTP_FORMAT_CFG && mtp_is_binary_cfg(data, size);
  mtp_parser *parse = binary ? mtp_cfg_binary_parse : formats[format].parse;
  if (status == MTP_OK) status = parse(ctx, path, data, size, 1, options, set);
  for (size_t k = 0; status == MTP_OK && k < set->n; k++)
    status = mtp_check_made(ctx, scan.path, set->configs[k], options && options->tolerate_bad_numbers);
  free(data);
  if (status != MTP_OK) {
    mtp_config_set_free(set);
    return status;
  }
  struct stat st;
  if (strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISREG(st.st_mode)) set->good_size = -1;
  *out = set;
  return MTP_OK;
}

static mtp_status write_one(mtp_writer *w, const mtp_config *cfg, mtp_format format) {
  for (size_t i = 0; i < cfg->n; i++)
    if (cfg->species[i] < 0 || cfg->species[i] >= w->species_count)
      return mtp_fail(w->ctx, MTP_ERR_ARGUMENT, "atom %zu of configuration %zu has species %d, expected 0 to %d", i + 1,
                      w->index + 1, cfg->species[i], w->species_count - 1);
  mtp_status status = formats[format].write(w, cfg);
  if (status == MTP_OK && w->text.failed) return mtp_fail_memory(w->ctx);
  if (status == MTP_OK && w->not_finite)
    return mtp_fail(w->ctx, MTP_ERR_NUMERIC, "configuration %zu holds a number that is not finite, and is not written",
                    w->index + 1);
  return status;
}

mtp_status mtp_config_format(mtp_context *ctx, const mtp_config *cfg, int species_count, const char *const *names,
                             mtp_format format, char **text, size_t *size) {
  if (!cfg || !text || !size || (species_count > 0 && !names))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "no configuration or no species table given");
  if (format != MTP_FORMAT_CFG && format != MTP_FORMAT_EXTXYZ)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "a single configuration is put into words as cfg or extxyz only");
  mtp_writer w = {.ctx = ctx, .species_count = species_count, .names = names};
  mtp_status status = write_one(&w, cfg, format);
  mtp_text_free(&w.lost.names); /* to be told for a file, not for each of its records */
  if (status != MTP_OK) {
    mtp_text_free(&w.text);
    return status;
  }
  *text = w.text.data;
  *size = w.text.size;
  return MTP_OK;
}

static mtp_status write_standard_output(mtp_context *ctx, const char *data, size_t size) {
  while (size) {
    ssize_t done = write(STDOUT_FILENO, data, size);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return mtp_fail(ctx, MTP_ERR_IO, "cannot write standard output: %s", strerror(errno));
    data += done;
    size -= (size_t)done;
  }
  return MTP_OK;
}

mtp_status mtp_config_set_write(mtp_context *ctx, const mtp_config_set *set, const char *path, mtp_format format) {
  if (!set || !path) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "no configurations or no file to write given");
  bool standard = strcmp(path, "-") == 0;
  if (format == MTP_FORMAT_AUTO) format = standard ? MTP_FORMAT_EXTXYZ : mtp_format_from_path(path);
  if ((int)format <= MTP_FORMAT_AUTO || (int)format >= FORMAT_COUNT)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT,
                    "%s: found no known suffix, expected .cfg, .extxyz, .xyz, .data, .lmp, .dump, .lammpstrj, .vasp "
                    "or POSCAR, or a format that is named",
                    path);
  if (!formats[format].write)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "%s: files of the format %s are read only", path, formats[format].name);
  if ((format == MTP_FORMAT_LAMMPS_DATA || format == MTP_FORMAT_POSCAR) && set->n != 1)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "%s: %s holds one configuration, not %zu", path,
                    format == MTP_FORMAT_POSCAR ? "a POSCAR" : "a LAMMPS data file", set->n);
  mtp_writer w = {.ctx = ctx, .species_count = set->species_count, .names = (const char *const *)set->names};
  mtp_status status = MTP_OK;
  for (; w.index < set->n && status == MTP_OK; w.index++) status = write_one(&w, set->configs[w.index], format);
  const char *data = w.text.data ? w.text.data : "";
  if (status == MTP_OK)
    status = standard ? write_standard_output(ctx, data, w.text.size) : mtp_file_replace(ctx, path, data, w.text.size);
  mtp_dropped_report(&w.lost, ctx, path, "not written, as the format has no place for it");
  mtp_text_free(&w.text);
  return status;
}
