/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/vasp_input.c
 * What VASP finds in the folder of a call: INCAR, POTCAR and POSCAR made for the configuration, everything else as it
 * is in the folder of the user. */
#include "qm/vasp_input.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_internal.h"
#include "config/outcar.h"
#include "qm/folder.h"
#include "qm/reason.h"
#include "support/support.h"

enum { LARGE_FILE = 1 << 20 };

static bool fail_memory(char *reason, size_t size) {
  mtp_qm_reason(reason, size, "out of memory");
  return false;
}

/* ---- reading the folder ---- */

/* malloc'ed text of FOLDER/NAME, NULL with a reason. */
static char *read_part(const mtp_vasp_input *in, const char *name, size_t *size, char *reason, size_t reason_size) {
  mtp_context *ctx = mtp_context_new();
  char *path = mtp_folder_absolute(in->folder, name), *text = NULL;
  if (!ctx || !path)
    fail_memory(reason, reason_size);
  else if (mtp_file_read(ctx, path, &text, size) != MTP_OK)
    mtp_qm_reason(reason, reason_size, "%s", mtp_context_message(ctx));
  free(path);
  mtp_context_free(ctx);
  return text;
}

static bool add_section(mtp_vasp_input *in, mtp_vasp_section section, size_t line, char *reason, size_t size) {
  if (!section.element[0]) {
    mtp_qm_reason(reason, size, "%s/POTCAR:%zu: expected a TITEL or VRHFIN with an element before the end of a section",
                  in->folder, line);
    return false;
  }
  for (size_t k = 0; k < in->section_count; k++)
    if (strcmp(in->sections[k].element, section.element) == 0) {
      mtp_qm_reason(reason, size, "%s/POTCAR:%zu: expected one section for each element, found a second one for %s",
                    in->folder, line, section.element);
      return false;
    }
  mtp_vasp_section *larger = mtp_realloc(in->sections, in->section_count + 1, sizeof *larger);
  if (!larger) return fail_memory(reason, size);
  in->sections = larger;
  larger[in->section_count++] = section;
  return true;
}

static bool read_potcar(mtp_vasp_input *in, char *reason, size_t reason_size) {
  static const char end_mark[] = "End of Dataset";
  size_t size;
  in->potcar = read_part(in, "POTCAR", &size, reason, reason_size);
  if (!in->potcar) return false;
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
    if (!add_section(in, now, scan.line, reason, reason_size)) return false;
    now = (mtp_vasp_section){"", (size_t)(scan.next - in->potcar), 0};
    has_titel = false;
    blank = true;
  }
  if (blank && in->section_count > 0) return true;
  mtp_qm_reason(reason, reason_size, "%s/POTCAR:%zu: expected '%s', found the end of the file", in->folder, scan.line,
                end_mark);
  return false;
}

static bool read_incar(mtp_vasp_input *in, char *reason, size_t reason_size) {
  size_t size;
  char *text = read_part(in, "INCAR", &size, reason, reason_size);
  char *path = mtp_folder_absolute(in->folder, "INCAR");
  bool ok = text && path && mtp_vasp_incar_parse(&in->incar, path, text, size, in->section_count, reason, reason_size);
  if (text && !path) fail_memory(reason, reason_size);
  free(path);
  free(text);
  return ok;
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

static bool add_file(mtp_vasp_input *in, const char *name, bool large, char *reason, size_t size) {
  mtp_vasp_file *larger = mtp_realloc(in->files, in->file_count + 1, sizeof *larger);
  if (!larger) return fail_memory(reason, size);
  in->files = larger;
  mtp_vasp_file *file = &larger[in->file_count++];
  *file = (mtp_vasp_file){.name = mtp_strdup(name)};
  if (large)
    file->target = mtp_folder_absolute(in->folder, name);
  else if (!(file->data = read_part(in, name, &file->size, reason, size)))
    return false;
  return (file->name && (file->data || file->target)) || fail_memory(reason, size);
}

static bool read_others(mtp_vasp_input *in, char *reason, size_t size) {
  DIR *dir = opendir(in->folder);
  bool ok = dir != NULL;
  if (!ok) mtp_qm_reason(reason, size, "cannot read the folder %s: %s", in->folder, strerror(errno));
  for (struct dirent *entry; ok && (entry = readdir(dir));) {
    struct stat st;
    if (is_left_behind(entry->d_name) || fstatat(dirfd(dir), entry->d_name, &st, 0) != 0 || !S_ISREG(st.st_mode))
      continue;
    ok = add_file(in, entry->d_name, st.st_size > LARGE_FILE, reason, size);
  }
  if (dir) closedir(dir);
  return ok;
}

static bool has_k_points(const mtp_vasp_input *in, char *reason, size_t size) {
  if (in->incar.has_kspacing) return true;
  for (size_t i = 0; i < in->file_count; i++)
    if (strcmp(in->files[i].name, "KPOINTS") == 0) return true;
  mtp_qm_reason(reason, size, "%s: expected a file KPOINTS, or KSPACING in INCAR", in->folder);
  return false;
}

bool mtp_vasp_input_open(mtp_vasp_input *in, const char *folder, char *reason, size_t reason_size) {
  *in = (mtp_vasp_input){0};
  char *current = mtp_folder_current();
  in->folder = current ? mtp_folder_absolute(current, folder) : NULL;
  free(current);
  bool ok = in->folder || fail_memory(reason, reason_size);
  struct stat st;
  if (ok && (stat(in->folder, &st) != 0 || !S_ISDIR(st.st_mode))) {
    mtp_qm_reason(reason, reason_size, "expected a FOLDER with INCAR and POTCAR, there is none at %s", in->folder);
    ok = false;
  }
  ok = ok && read_potcar(in, reason, reason_size) && read_incar(in, reason, reason_size) &&
       read_others(in, reason, reason_size) && has_k_points(in, reason, reason_size);
  if (!ok) mtp_vasp_input_close(in);
  return ok;
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

static void report_unknown(const mtp_vasp_input *in, const char *element, char *reason, size_t size) {
  mtp_text list = {0};
  for (size_t k = 0; k < in->section_count; k++) mtp_text_add(&list, "%s%s", k ? ", " : "", in->sections[k].element);
  mtp_qm_reason(reason, size, "%s/POTCAR: there is no section for '%s', only for %s", in->folder, element,
                list.failed ? "others" : list.data);
  mtp_text_free(&list);
}

static bool arrange(const mtp_vasp_input *in, const mtp_qm_call *call, layout *l, size_t *order) {
  const mtp_config *cfg = call->config;
  size_t *section_of = mtp_calloc(cfg->n, sizeof *section_of);
  l->sections = mtp_calloc(in->section_count, sizeof *l->sections);
  l->atoms = mtp_calloc(in->section_count, sizeof *l->atoms);
  bool ok = (section_of && l->sections && l->atoms) || fail_memory(call->reason, call->reason_size);
  for (size_t i = 0; ok && i < cfg->n; i++) {
    const char *element = call->names[cfg->species[i]];
    ok = find_section(in, element, &section_of[i]);
    if (!ok) report_unknown(in, element, call->reason, call->reason_size);
  }
  size_t used = 0;
  for (size_t k = 0; ok && k < in->section_count; k++) {
    size_t before = used;
    for (size_t i = 0; i < cfg->n; i++)
      if (section_of[i] == k) order[used++] = i;
    if (used == before) continue;
    l->sections[l->count] = k;
    l->atoms[l->count++] = used - before;
  }
  free(section_of);
  return ok;
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

static bool link_file(const char *dir, const mtp_vasp_file *file, char *reason, size_t size) {
  char *path = mtp_folder_absolute(dir, file->name);
  if (!path) return fail_memory(reason, size);
  bool ok = symlink(file->target, path) == 0;
  if (!ok) mtp_qm_reason(reason, size, "cannot link %s to %s: %s", path, file->target, strerror(errno));
  free(path);
  return ok;
}

static bool write_all(const mtp_vasp_input *in, const mtp_qm_call *call, const layout *l, const size_t *order) {
  mtp_text incar = {0}, poscar = {0}, potcar = {0};
  mtp_vasp_incar_write(&in->incar, call->config->n, l->sections, l->count, &incar);
  write_poscar(in, call->config, l, order, &poscar);
  for (size_t k = 0; k < l->count; k++) {
    const mtp_vasp_section *s = &in->sections[l->sections[k]];
    mtp_text_add_bytes(&potcar, in->potcar + s->begin, s->size);
  }
  bool ok = mtp_folder_write_text(call->dir, "INCAR", &incar, call->reason, call->reason_size);
  ok = mtp_folder_write_text(call->dir, "POSCAR", &poscar, call->reason, call->reason_size) && ok;
  ok = mtp_folder_write_text(call->dir, "POTCAR", &potcar, call->reason, call->reason_size) && ok;
  for (size_t i = 0; ok && i < in->file_count; i++) {
    const mtp_vasp_file *file = &in->files[i];
    ok = file->data ? mtp_folder_write(call->dir, file->name, file->data, file->size, call->reason, call->reason_size)
                    : link_file(call->dir, file, call->reason, call->reason_size);
  }
  return ok;
}

static bool is_for_vasp(const mtp_vasp_input *in, const mtp_qm_call *call) {
  const mtp_config *cfg = call->config;
  if (cfg->n == 0 || !(mtp_config_volume(cfg) > 0) || !(cfg->periodic[0] || cfg->periodic[1] || cfg->periodic[2])) {
    mtp_qm_reason(call->reason, call->reason_size,
                  "VASP needs atoms in a cell: three lattice vectors, at least one direction periodic");
    return false;
  }
  if (!in->incar.has_dipol || mtp_vasp_cell_sign(cfg) > 0) return true;
  mtp_qm_reason(call->reason, call->reason_size,
                "the cell is left-handed, which VASP refuses, and DIPOL in INCAR forbids another choice of it");
  return false;
}

mtp_qm_status mtp_vasp_input_arrange(const mtp_vasp_input *in, mtp_qm_call *call, bool write, size_t *order) {
  if (!is_for_vasp(in, call)) return MTP_QM_BAD_DATA;
  layout l = {0};
  bool ok = arrange(in, call, &l, order) && (!write || write_all(in, call, &l, order));
  free(l.sections);
  free(l.atoms);
  return ok ? MTP_QM_OK : MTP_QM_CANNOT_START;
}
