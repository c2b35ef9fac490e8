/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/vasp/vasp_input.c
 * What VASP finds in the folder of a call: INCAR, POTCAR and POSCAR made for the configuration, everything else as it
 * is in the folder of the user. */
#include "qm/drivers/vasp/vasp_input.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_internal.h"
#include "config/outcar.h"
#include "qm/process/folder.h"
#include "support/support.h"

enum { LARGE_FILE = 1 << 20 };

/* ---- reading the folder ---- */

/* malloc'ed text of FOLDER/NAME. */
static mtp_status read_part(mtp_context *ctx, const mtp_vasp_input *in, const char *name, char **text, size_t *size) {
  char *path = mtp_folder_absolute(in->folder, name);
  mtp_status status = path ? mtp_file_read(ctx, path, text, size) : mtp_fail_memory(ctx);
  free(path);
  return status;
}

static mtp_status add_section(mtp_context *ctx, mtp_vasp_input *in, mtp_vasp_section section, size_t line) {
  if (!section.element[0])
    return mtp_fail(ctx, MTP_ERR_FORMAT,
                    "%s/POTCAR:%zu: expected a TITEL or VRHFIN with an element before the end of a section", in->folder,
                    line);
  for (size_t k = 0; k < in->section_count; k++)
    if (strcmp(in->sections[k].element, section.element) == 0)
      return mtp_fail(ctx, MTP_ERR_FORMAT,
                      "%s/POTCAR:%zu: expected one section for each element, found a second one for %s", in->folder,
                      line, section.element);
  mtp_vasp_section *larger = mtp_realloc(in->sections, in->section_count + 1, sizeof *larger);
  if (!larger) return mtp_fail_memory(ctx);
  in->sections = larger;
  larger[in->section_count++] = section;
  return MTP_OK;
}

static mtp_status read_potcar(mtp_context *ctx, mtp_vasp_input *in) {
  static const char end_mark[] = "End of Dataset";
  size_t size;
  mtp_status status = read_part(ctx, in, "POTCAR", &in->potcar, &size);
  if (status != MTP_OK) return status;
  mtp_scan scan = mtp_scan_start(NULL, "POTCAR", in->potcar, size, 1);
  mtp_vasp_section now = {"", 0, 0};
  bool has_titel = false, blank = true;
  while (mtp_scan_line(&scan)) {
    char symbol[3];
    blank = blank && mtp_span_trim(scan.rest).n == 0;
    if (mtp_vasp_titel(scan.rest, symbol) || (!has_titel && mtp_vasp_vrhfin(scan.rest, symbol))) {
      has_titel = mtp_vasp_titel(scan.rest, symbol);
      memcpy(now.element, symbol, sizeof symbol);
    }
    if (!memmem(scan.rest.s, scan.rest.n, end_mark, strlen(end_mark))) continue;
    now.size = (size_t)(scan.next - in->potcar) - now.begin;
    status = add_section(ctx, in, now, scan.line);
    if (status != MTP_OK) return status;
    now = (mtp_vasp_section){"", (size_t)(scan.next - in->potcar), 0};
    has_titel = false;
    blank = true;
  }
  if (blank && in->section_count > 0) return MTP_OK;
  return mtp_fail(ctx, MTP_ERR_FORMAT, "%s/POTCAR:%zu: expected '%s', found the end of the file", in->folder, scan.line,
                  end_mark);
}

static mtp_status read_incar(mtp_context *ctx, mtp_vasp_input *in) {
  size_t size;
  char *text = NULL, *path = mtp_folder_absolute(in->folder, "INCAR");
  mtp_status status = path ? mtp_file_read(ctx, path, &text, &size) : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = mtp_vasp_incar_parse(ctx, &in->incar, path, text, size, in->section_count);
  free(path);
  free(text);
  return status;
}

/* Files that are made for each call, or that earlier runs have left: an old result must never pass for a new one, and
 * what VASP or the driver writes must not go through a link into the folder of the user. */
static bool is_left_behind(const char *name) {
  static const char *const begins[] = {
      "INCAR",  "POTCAR", "POSCAR",  "OUTCAR",     "OSZICAR",  "vasprun", "vaspout",       "CONTCAR",
      "CHG",    "WAVE",   "XDATCAR", "DOSCAR",     "EIGENVAL", "IBZKPT",  "PCDAT",         "REPORT",
      "PROCAR", "LOCPOT", "ELFCAR",  "AECCAR",     "PARCHG",   "TMPCAR",  "STOP",          "ML_LOGFILE",
      "ML_ABN", "ML_FFN", "PROOUT",  "BSEFATBAND", "PRJCAR",   "VASPOUT", MTP_VASP_STDOUT, MTP_VASP_STDERR};
  for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++)
    if (strncmp(name, begins[i], strlen(begins[i])) == 0) return true;
  return false;
}

static mtp_status add_file(mtp_context *ctx, mtp_vasp_input *in, const char *name, bool large) {
  mtp_vasp_file *larger = mtp_realloc(in->files, in->file_count + 1, sizeof *larger);
  if (!larger) return mtp_fail_memory(ctx);
  in->files = larger;
  mtp_vasp_file *file = &larger[in->file_count++];
  *file = (mtp_vasp_file){.name = mtp_strdup(name)};
  if (large) file->target = mtp_folder_absolute(in->folder, name);
  mtp_status status = large ? MTP_OK : read_part(ctx, in, name, &file->data, &file->size);
  if (status != MTP_OK) return status;
  return file->name && (file->data || file->target) ? MTP_OK : mtp_fail_memory(ctx);
}

static mtp_status read_others(mtp_context *ctx, mtp_vasp_input *in) {
  DIR *dir = opendir(in->folder);
  if (!dir) return mtp_fail(ctx, MTP_ERR_IO, "cannot read the folder %s: %s", in->folder, strerror(errno));
  mtp_status status = MTP_OK;
  for (struct dirent *entry; status == MTP_OK && (entry = readdir(dir));) {
    struct stat st;
    if (is_left_behind(entry->d_name) || fstatat(dirfd(dir), entry->d_name, &st, 0) != 0 || !S_ISREG(st.st_mode))
      continue;
    status = add_file(ctx, in, entry->d_name, st.st_size > LARGE_FILE);
  }
  closedir(dir);
  return status;
}

static mtp_status check_k_points(mtp_context *ctx, const mtp_vasp_input *in) {
  if (in->incar.has_kspacing) return MTP_OK;
  for (size_t i = 0; i < in->file_count; i++)
    if (strcmp(in->files[i].name, "KPOINTS") == 0) return MTP_OK;
  return mtp_fail(ctx, MTP_ERR_FORMAT, "%s: expected a file KPOINTS, or KSPACING in INCAR", in->folder);
}

mtp_status mtp_vasp_input_open(mtp_context *ctx, mtp_vasp_input *in, const char *folder) {
  *in = (mtp_vasp_input){0};
  char *current = mtp_folder_current();
  in->folder = current ? mtp_folder_absolute(current, folder) : NULL;
  free(current);
  mtp_status status = in->folder ? MTP_OK : mtp_fail_memory(ctx);
  struct stat st;
  if (status == MTP_OK && (stat(in->folder, &st) != 0 || !S_ISDIR(st.st_mode)))
    status = mtp_fail(ctx, MTP_ERR_IO, "expected a FOLDER with INCAR and POTCAR, there is none at %s", in->folder);
  if (status == MTP_OK) status = read_potcar(ctx, in);
  if (status == MTP_OK) status = read_incar(ctx, in);
  if (status == MTP_OK) status = read_others(ctx, in);
  if (status == MTP_OK) status = check_k_points(ctx, in);
  if (status != MTP_OK) mtp_vasp_input_close(in);
  return status;
}

void mtp_vasp_input_close(mtp_vasp_input *in) {
  for (size_t i = 0; i < in->file_count; i++) {
    free(in->files[i].name);
    free(in->files[i].data);
    free(in->files[i].target);
  }
  free(in->files);
  free(in->sections);
  free(in->potcar);
  mtp_vasp_incar_close(&in->incar);
  free(in->folder);
  *in = (mtp_vasp_input){0};
}

/* ---- writing the folder of a call ---- */

double mtp_vasp_cell_sign(const mtp_config *cfg) {
  double normal[3];
  mtp_cross(cfg->cell, cfg->cell + 3, normal);
  return mtp_dot(normal, cfg->cell + 6) < 0 ? -1 : 1;
}

/* Which sections a configuration needs, and its atoms sorted by them. */
typedef struct layout {
  size_t count;
  size_t *sections; /* [count] */
  size_t *atoms;    /* [count] of each */
} layout;

static bool find_section(const mtp_vasp_input *in, const char *element, size_t *section) {
  for (size_t k = 0; k < in->section_count; k++)
    if (strcmp(in->sections[k].element, element) == 0) {
      *section = k;
      return true;
    }
  return false;
}

static mtp_status fail_unknown(mtp_context *ctx, const mtp_vasp_input *in, const char *element) {
  mtp_text list = {0};
  for (size_t k = 0; k < in->section_count; k++) mtp_text_add(&list, "%s%s", k ? ", " : "", in->sections[k].element);
  mtp_fail(ctx, MTP_ERR_ARGUMENT, "%s/POTCAR: there is no section for '%s', only for %s", in->folder, element,
           list.failed ? "others" : list.data);
  mtp_text_free(&list);
  return MTP_ERR_ARGUMENT;
}

static mtp_status arrange(const mtp_vasp_input *in, const mtp_qm_call *call, layout *l, size_t *order) {
  const mtp_config *cfg = call->config;
  size_t *section_of = mtp_calloc(cfg->n, sizeof *section_of);
  l->sections = mtp_calloc(in->section_count, sizeof *l->sections);
  l->atoms = mtp_calloc(in->section_count, sizeof *l->atoms);
  mtp_status status = section_of && l->sections && l->atoms ? MTP_OK : mtp_fail_memory(call->ctx);
  for (size_t i = 0; status == MTP_OK && i < cfg->n; i++) {
    const char *element = call->names[cfg->species[i]];
    if (!find_section(in, element, &section_of[i])) status = fail_unknown(call->ctx, in, element);
  }
  size_t used = 0;
  for (size_t k = 0; status == MTP_OK && k < in->section_count; k++) {
    size_t before = used;
    for (size_t i = 0; i < cfg->n; i++)
      if (section_of[i] == k) order[used++] = i;
    if (used == before) continue;
    l->sections[l->count] = k;
    l->atoms[l->count++] = used - before;
  }
  free(section_of);
  return status;
}

static void write_poscar(const mtp_vasp_input *in, const mtp_config *cfg, const layout *l, const size_t *order,
                         mtp_text *out) {
  double sign = mtp_vasp_cell_sign(cfg);
  mtp_text_add(out, "one configuration\n1.0\n");
  for (int k = 0; k < 9; k++) mtp_text_add(out, " %.17g%s", sign * cfg->cell[k], k % 3 == 2 ? "\n" : "");
  for (size_t k = 0; k < l->count; k++) mtp_text_add(out, " %s", in->sections[l->sections[k]].element);
  mtp_text_add(out, "\n");
  for (size_t k = 0; k < l->count; k++) mtp_text_add(out, " %zu", l->atoms[k]);
  mtp_text_add(out, "\nCartesian\n");
  for (size_t i = 0; i < cfg->n; i++) {
    const double *x = cfg->x + 3 * order[i];
    mtp_text_add(out, " %.17g %.17g %.17g\n", x[0], x[1], x[2]);
  }
}

static mtp_status link_file(mtp_context *ctx, const char *dir, const mtp_vasp_file *file) {
  char *path = mtp_folder_absolute(dir, file->name);
  if (!path) return mtp_fail_memory(ctx);
  mtp_status status = MTP_OK;
  if (symlink(file->target, path) != 0)
    status = mtp_fail(ctx, MTP_ERR_IO, "cannot link %s to %s: %s", path, file->target, strerror(errno));
  free(path);
  return status;
}

static mtp_status write_all(const mtp_vasp_input *in, const mtp_qm_call *call, const layout *l, const size_t *order) {
  mtp_text incar = {0}, poscar = {0}, potcar = {0};
  mtp_vasp_incar_write(&in->incar, call->config->n, l->sections, l->count, &incar);
  write_poscar(in, call->config, l, order, &poscar);
  for (size_t k = 0; k < l->count; k++) {
    const mtp_vasp_section *s = &in->sections[l->sections[k]];
    mtp_text_add_bytes(&potcar, in->potcar + s->begin, s->size);
  }
  mtp_status status = mtp_folder_write_text(call->ctx, call->dir, "INCAR", &incar);
  if (status == MTP_OK) status = mtp_folder_write_text(call->ctx, call->dir, "POSCAR", &poscar);
  if (status == MTP_OK) status = mtp_folder_write_text(call->ctx, call->dir, "POTCAR", &potcar);
  mtp_text_free(&poscar); /* what was not written */
  mtp_text_free(&potcar);
  for (size_t i = 0; status == MTP_OK && i < in->file_count; i++) {
    const mtp_vasp_file *file = &in->files[i];
    status = file->data ? mtp_folder_write(call->ctx, call->dir, file->name, file->data, file->size)
                        : link_file(call->ctx, call->dir, file);
  }
  return status;
}

static mtp_status check_config(const mtp_vasp_input *in, const mtp_qm_call *call) {
  const mtp_config *cfg = call->config;
  if (cfg->n == 0 || !(mtp_config_volume(cfg) > 0) || !(cfg->periodic[0] || cfg->periodic[1] || cfg->periodic[2]))
    return mtp_fail(call->ctx, MTP_ERR_FORMAT,
                    "VASP needs atoms in a cell: three lattice vectors, at least one direction periodic");
  if (!in->incar.has_dipol || mtp_vasp_cell_sign(cfg) > 0) return MTP_OK;
  return mtp_fail(call->ctx, MTP_ERR_FORMAT,
                  "the cell is left-handed, which VASP refuses, and DIPOL in INCAR forbids another choice of it");
}

mtp_qm_status mtp_vasp_input_arrange(const mtp_vasp_input *in, mtp_qm_call *call, bool write, size_t *order) {
  if (check_config(in, call) != MTP_OK) return MTP_QM_BAD_DATA;
  layout l = {0};
  mtp_status status = arrange(in, call, &l, order);
  if (status == MTP_OK && write) status = write_all(in, call, &l, order);
  free(l.sections);
  free(l.atoms);
  return status == MTP_OK ? MTP_QM_OK : MTP_QM_CANNOT_START;
}
