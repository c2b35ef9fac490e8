/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file driver/private_lammps.c
 * Evaluates configurations in a private LAMMPS instance, through LAMMPS's C library interface only, so that the same
 * file serves the plugin and the command. Cells are turned into LAMMPS's restricted form (a along x, b in the xy
 * plane), and forces and virial are turned back. */
#define LAMMPS_LIB_MPI
#include "private_lammps.h"

#include <math.h>
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __linux__
#include <dlfcn.h>
#include <link.h>
#endif

#include "config/lammps.h"
#include "config/rotate.h"
#include "library.h"
#include "slab.h"
#include "support/support.h"

/* The line of FILE that says which element each type is: a comment to LAMMPS. */
#define TYPES "# mtp: types"
/* This one says that charges are those of the atoms, which a configuration then must have. */
#define CHARGES "# mtp: charges"
/* And this one that their sums over the lattice in cells that are periodic in two directions are those of slabs. */
#define SLAB "# mtp: slab"
/* Fixes that make charges a function of the positions. */
static const char *const families[] = {"qeq/", "acks2/", "qtpie/"};
/* kcal/mol, as LAMMPS converts them */
#define EV_IN_REAL 23.060549

struct mtp_private_lammps {
  char *path;
  char *commands; /* FILE without its units and atom_style lines */
  char *atom_style;
  char *types; /* the names after "# mtp: types", a blank before each; NULL: type i is species i-1 */
  int type_count;
  bool takes_real, is_real; /* units */
  bool keeps;               /* the instance for the next configuration of the same cell */
  bool needs_charges;       /* of atoms */
  bool has_slabs;           /* sums over the lattice of cells that are periodic in two directions */
  bool has_state;           /* of fixes, which would depend on what was asked before */
  char *renewal;            /* the commands that make fixes of charges anew, NULL: none */
  const char *plugin;
  void *lmp;        /* NULL until the first label and after an error */
  bool proven;      /* FILE has been read without error once */
  mtp_config *last; /* what the instance holds, NULL: nothing that can be kept */
  double *charge;   /* [last->n] before the fixes of `renewal` made others, NULL: none */
};

/* Walls of a cell that is not periodic mean nothing to the energy: only lattice vectors count, and the rest of the box
 * is found around the atoms. */
static bool make_box(const mtp_config *cfg, mtp_lammps_box *box) {
  mtp_config lattice = *cfg; /* shares the atoms */
  for (int d = 0; d < 3; d++)
    if (!cfg->periodic[d]) memset(lattice.cell + 3 * d, 0, 3 * sizeof(double));
  return mtp_lammps_box_make(NULL, &lattice, 0, box) == MTP_OK;
}

/* One line of what LAMMPS says: its messages span several. */
static void one_line(char *text) {
  char *to = text;
  for (const char *from = text; *from; from++) {
    const char c = *from == '\n' || *from == '\t' || *from == '\r' ? ' ' : *from;
    if (c == ' ' && (to == text || to[-1] == ' ')) continue;
    *to++ = c;
  }
  while (to > text && to[-1] == ' ') to--;
  *to = '\0';
}

#ifdef __linux__

typedef struct name_list {
  char **names;
  size_t n;
} name_list;

static int collect_name(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  name_list *list = data;
  if (!info->dlpi_name || !*info->dlpi_name) return 0;
  char **names = mtp_realloc(list->names, list->n + 1, sizeof(char *));
  if (!names) return 1;
  list->names = names;
  names[list->n] = mtp_strdup(info->dlpi_name);
  if (!names[list->n]) return 1;
  list->n++;
  return 0;
}

/* LAMMPS closes the plugins of the whole process when one instance is cleared or deleted, also those whose styles
 * another instance is running at that moment. Keep their code mapped. */
static void pin_plugins(void) {
  name_list list = {NULL, 0};
  dl_iterate_phdr(collect_name, &list); /* collected first: dlopen is not for inside the iteration */
  for (size_t i = 0; i < list.n; i++) {
    void *handle = dlopen(list.names[i], RTLD_LAZY | RTLD_NOLOAD);
    if (handle) {
      void *pinned =
          dlsym(handle, "lammpsplugin_init") ? dlopen(list.names[i], RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) : NULL;
      if (pinned) dlclose(pinned);
      dlclose(handle);
    }
    free(list.names[i]);
  }
  free(list.names);
}

#else

static void pin_plugins(void) {}

#endif

static void forget(mtp_private_lammps *s) {
  mtp_config_free(s->last);
  free(s->charge);
  s->last = NULL;
  s->charge = NULL;
}

static void close_instance(mtp_private_lammps *s) {
  forget(s);
  if (!s->lmp) return;
  pin_plugins();
  lammps_close(s->lmp);
  s->lmp = NULL;
}

/* Runs commands; on failure the reason is LAMMPS's own message, and the instance is given up. */
static mtp_qm_status check_engine(mtp_private_lammps *s, mtp_qm_call *call) {
  if (!lammps_has_error(s->lmp)) return MTP_QM_OK;
  char said[512] = "";
  lammps_get_last_error_message(s->lmp, said, sizeof(said));
  one_line(said);
  close_instance(s);
  return mtp_qm_fail(call->ctx, MTP_QM_CRASHED, "%s: LAMMPS says: %s", s->path, said);
}

static mtp_qm_status run_commands(mtp_private_lammps *s, mtp_qm_call *call, const char *commands) {
  lammps_commands_string(s->lmp, commands);
  return check_engine(s, call);
}

/* For lists of neighbours: LAMMPS's own is too small for small dense cells with long cutoffs. FILE may ask for more. */
#define ROOM "neigh_modify one 20000 page 200000\n"

static mtp_qm_status create_box(mtp_private_lammps *s, mtp_qm_call *call, const mtp_lammps_box *b) {
  mtp_text text = {0};
  const bool *periodic = call->config->periodic;
  mtp_text_add(&text, "clear\n");
  if (s->plugin) mtp_text_add(&text, "plugin load \"%s\"\n", s->plugin);
  mtp_text_add(&text, "units %s\natom_style %s\natom_modify map array\n", s->is_real ? "real" : "metal", s->atom_style);
  if (s->keeps) mtp_text_add(&text, "atom_modify sort 0 0\n"); /* sums do not depend on what was there before */
  mtp_text_add(&text, "boundary %c %c %c\nbox tilt large\n", periodic[0] ? 'p' : 'f', periodic[1] ? 'p' : 'f',
               periodic[2] ? 'p' : 'f');
  const double *cell = b->cell, *lo = b->lo;
  /* A prism without tilt is a tilted box to LAMMPS all the same: some styles refuse it, and `ewald` may take the last
   * wave vector along z from memory that nobody has set. */
  const bool is_tilted = cell[3] != 0.0 || cell[6] != 0.0 || cell[7] != 0.0;
  mtp_text_add(&text, "region mtp_qm %s %.17g %.17g %.17g %.17g %.17g %.17g", is_tilted ? "prism" : "block", lo[0],
               lo[0] + cell[0], lo[1], lo[1] + cell[4], lo[2], lo[2] + cell[8]);
  if (is_tilted) mtp_text_add(&text, " %.17g %.17g %.17g", cell[3], cell[6], cell[7]);
  mtp_text_add(&text, " units box\n");
  mtp_text_add(&text, "create_box %d mtp_qm\nmass * 1.0\n" ROOM, s->types ? s->type_count : call->species_count);
  const mtp_qm_status status =
      text.failed ? mtp_qm_fail(call->ctx, MTP_QM_CRASHED, "memory is exhausted") : run_commands(s, call, text.data);
  mtp_text_free(&text);
  return status;
}

/* The first type that is called so, 0 without one. */
static int type_of(const mtp_private_lammps *s, const char *name) {
  const size_t length = strlen(name);
  int number = 0;
  for (const char *word = s->types; *word; word += strcspn(word + 1, " ") + 1) {
    number++;
    if (strncmp(word + 1, name, length) == 0 && (word[1 + length] == ' ' || !word[1 + length])) return number;
  }
  return 0;
}

static mtp_qm_status find_types(const mtp_private_lammps *s, mtp_qm_call *call, int *type) {
  const mtp_config *cfg = call->config;
  for (size_t i = 0; i < cfg->n; i++) {
    type[i] = s->types ? type_of(s, call->names[cfg->species[i]]) : cfg->species[i] + 1;
    if (type[i] == 0)
      return mtp_qm_fail(call->ctx, MTP_QM_CANNOT_START, "%s: no type is called %s", s->path,
                         call->names[cfg->species[i]]);
  }
  return MTP_QM_OK;
}

/* LAMMPS itself folds atoms that are moved by one cell and no further: in a cell that is tilted, of its lattice. */
static void fold(const mtp_lammps_box *b, const bool *periodic, double *y) {
  double part[3];
  for (int k = 2; k >= 0; k--) {
    part[k] = y[k] - b->lo[k];
    for (int j = k + 1; j < 3; j++) part[k] -= part[j] * b->cell[3 * j + k];
    part[k] /= b->cell[4 * k];
    const double turns = periodic[k] ? floor(part[k]) : 0.0;
    part[k] -= turns;
    for (int m = 0; m <= k; m++) y[m] -= turns * b->cell[3 * k + m];
  }
}

static void turn_atoms(const mtp_private_lammps *s, const mtp_config *cfg, const mtp_lammps_box *b, double *y) {
  for (size_t i = 0; i < cfg->n; i++) {
    mtp_lammps_rotate(b, cfg->x + 3 * i, y + 3 * i);
    if (s->keeps) fold(b, cfg->periodic, y + 3 * i);
  }
}

/* Charges that a configuration has; commands that set others come later. */
static mtp_qm_status set_charges(mtp_private_lammps *s, mtp_qm_call *call) {
  const mtp_config *cfg = call->config;
  char q[] = "q";
  if (s->needs_charges && !cfg->charge)
    return mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA,
                       "%s: the charges are those of the atoms, and the configuration has none (column "
                       "initial_charges)",
                       s->path);
  if (!cfg->charge || !lammps_extract_setting(s->lmp, "q_flag")) return MTP_QM_OK;
  lammps_scatter_atoms(s->lmp, q, 1, 1, cfg->charge);
  return check_engine(s, call);
}

static mtp_qm_status create_atoms(mtp_private_lammps *s, mtp_qm_call *call, const mtp_lammps_box *b) {
  const mtp_config *cfg = call->config;
  int *type = mtp_calloc(cfg->n, sizeof(int));
  double *y = mtp_calloc(3 * cfg->n, sizeof(double));
  mtp_qm_status status =
      type && y ? find_types(s, call, type) : mtp_qm_fail(call->ctx, MTP_QM_CRASHED, "memory is exhausted");
  if (status == MTP_QM_OK) {
    turn_atoms(s, cfg, b, y);
    /* Without IDs given LAMMPS numbers the atoms 1..n in this order, whatever the width of its IDs. */
    const int created = lammps_create_atoms(s->lmp, (int)cfg->n, NULL, type, y, NULL, NULL, 0);
    status = check_engine(s, call);
    if (status == MTP_QM_OK && created != (int)cfg->n)
      status =
          mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, "LAMMPS did not accept all atoms (positions that are not finite?)");
  }
  free(type);
  free(y);
  return status;
}

/* Are the atoms and the box still what was sent? FILE may hold any command. y is where LAMMPS has atom `tag`. */
static bool atom_is_where_sent(const mtp_qm_call *call, const mtp_lammps_box *b, int64_t tag, const double *y) {
  double d[3];
  mtp_lammps_rotate(b, call->config->x + 3 * (tag - 1), d);
  for (int k = 0; k < 3; k++) d[k] = y[k] - d[k];
  for (int k = 2; k >= 0; k--) { /* LAMMPS folds atoms into its box */
    const double turns = call->config->periodic[k] ? round(d[k] / b->cell[4 * k]) : 0.0;
    for (int m = 0; m < 3; m++) d[m] -= turns * b->cell[3 * k + m];
  }
  return sqrt(mtp_dot(d, d)) < 1e-6;
}

static bool box_is_as_sent(mtp_private_lammps *s, const mtp_lammps_box *b) {
  double low[3], high[3], xy, yz, xz;
  int periodic[3], change;
  lammps_extract_box(s->lmp, low, high, &xy, &yz, &xz, periodic, &change);
  const double found[9] = {high[0] - low[0], 0, 0, xy, high[1] - low[1], 0, xz, yz, high[2] - low[2]};
  for (int k = 0; k < 9; k++)
    if (!(fabs(found[k] - b->cell[k]) < 1e-6)) return false;
  return true;
}

/* Forces by atom ID, turned back. */
static mtp_qm_status read_forces(mtp_private_lammps *s, mtp_qm_call *call, const mtp_lammps_box *b) {
  const size_t n = call->config->n;
  double **f = lammps_extract_atom(s->lmp, "f"), **x = lammps_extract_atom(s->lmp, "x");
  const void *id = lammps_extract_atom(s->lmp, "id");
  const int wide = lammps_extract_setting(s->lmp, "tagint") == 8;
  if (!f || !x || !id || (size_t)lammps_extract_setting(s->lmp, "nlocal") != n)
    return mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, "the commands changed the number of atoms");
  for (size_t i = 0; i < n; i++) {
    const int64_t tag = wide ? ((const int64_t *)id)[i] : ((const int32_t *)id)[i];
    if (tag < 1 || (size_t)tag > n) return mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, "the commands changed the atom IDs");
    if (!atom_is_where_sent(call, b, tag, x[i]))
      return mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, "the commands moved the atoms");
    mtp_lammps_rotate_back(b, f[i], call->label->force + 3 * (tag - 1));
  }
  for (size_t k = 0; s->is_real && k < 3 * n; k++) call->label->force[k] /= EV_IN_REAL;
  return MTP_QM_OK;
}

static mtp_qm_status read_virial(mtp_private_lammps *s, mtp_qm_call *call, const mtp_lammps_box *b) {
  const double *pressure = lammps_extract_compute(s->lmp, "mtp_qm_virial", LMP_STYLE_GLOBAL, LMP_TYPE_VECTOR);
  const double *nktv2p = lammps_extract_global(s->lmp, "nktv2p");
  const mtp_qm_status status = check_engine(s, call);
  if (status != MTP_QM_OK) return status;
  if (!pressure || !nktv2p) return mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, "LAMMPS gives no virial");
  const double factor = b->cell[0] * b->cell[4] * b->cell[8] / *nktv2p / (s->is_real ? EV_IN_REAL : 1.0);
  for (int k = 0; k < 6; k++) call->label->virial[k] = factor * pressure[k];
  mtp_rotate_tensor_back(b->rotation, call->label->virial);
  call->label->has_virial = true;
  return MTP_QM_OK;
}

/* ---- an instance that is kept ---- */

static mtp_status remember(mtp_private_lammps *s, const mtp_config *cfg) {
  mtp_config bare = *cfg;
  bare.force = bare.site_energy = bare.grade = NULL;
  bare.force_mask = bare.ghost = NULL;
  bare.feature_count = 0;
  s->last = mtp_config_copy(&bare);
  return s->last ? MTP_OK : MTP_ERR_MEMORY;
}

static bool has_same_charges(const mtp_config *a, const mtp_config *b) {
  if (!a->charge || !b->charge) return !a->charge && !b->charge;
  return memcmp(a->charge, b->charge, a->n * sizeof *a->charge) == 0;
}

/* The same atoms in the same cell, without walls that would have to follow them. */
static bool is_kept(const mtp_private_lammps *s, const mtp_config *cfg) {
  const mtp_config *last = s->last;
  return s->lmp && last && !s->has_state && last->n == cfg->n && has_same_charges(last, cfg) && cfg->periodic[0] &&
         cfg->periodic[1] && cfg->periodic[2] && last->periodic[0] && last->periodic[1] && last->periodic[2] &&
         memcmp(last->cell, cfg->cell, sizeof cfg->cell) == 0 &&
         memcmp(last->species, cfg->species, cfg->n * sizeof *cfg->species) == 0;
}

/* What the commands have set, from which fixes begin to seek others. */
static mtp_qm_status remember_charges(mtp_private_lammps *s, mtp_qm_call *call) {
  char q[] = "q";
  if (!s->keeps || !s->renewal || !lammps_extract_setting(s->lmp, "q_flag")) return MTP_QM_OK;
  s->charge = mtp_calloc(call->config->n, sizeof(double));
  if (!s->charge) return mtp_qm_fail(call->ctx, MTP_QM_CRASHED, "memory is exhausted");
  lammps_gather_atoms(s->lmp, q, 1, 1, s->charge);
  return check_engine(s, call);
}

/* As if nothing had been asked before: charges that are iterated from the last ones have other last digits. */
static mtp_qm_status renew_charges(mtp_private_lammps *s, mtp_qm_call *call) {
  char q[] = "q";
  if (!s->renewal) return MTP_QM_OK;
  if (s->charge) lammps_scatter_atoms(s->lmp, q, 1, 1, s->charge);
  return run_commands(s, call, s->renewal);
}

static mtp_qm_status move_atoms(mtp_private_lammps *s, mtp_qm_call *call, const mtp_lammps_box *b) {
  const mtp_config *cfg = call->config;
  char x[] = "x";
  double *y = mtp_calloc(3 * cfg->n, sizeof(double));
  if (!y) return mtp_qm_fail(call->ctx, MTP_QM_CRASHED, "memory is exhausted");
  turn_atoms(s, cfg, b, y);
  lammps_scatter_atoms(s->lmp, x, 1, 3, y);
  free(y);
  const mtp_qm_status status = check_engine(s, call);
  return status == MTP_QM_OK ? renew_charges(s, call) : status;
}

/* ---- a configuration ---- */

static mtp_qm_status set_up(mtp_private_lammps *s, mtp_qm_call *call, const mtp_lammps_box *b) {
  static const char finish[] = "compute mtp_qm_virial all pressure NULL virial\n"
                               "thermo_style custom step pe c_mtp_qm_virial[1] c_mtp_qm_virial[2] c_mtp_qm_virial[3] "
                               "c_mtp_qm_virial[4] c_mtp_qm_virial[5] c_mtp_qm_virial[6]\n";
  mtp_qm_status status = create_box(s, call, b);
  if (status == MTP_QM_OK) status = create_atoms(s, call, b);
  if (status == MTP_QM_OK) status = set_charges(s, call);
  if (status == MTP_QM_OK) {
    status = run_commands(s, call, s->commands);
    if (status == MTP_QM_OK) s->proven = true;
    /* a file that LAMMPS has never accepted will not do better at the next configuration */
    if (status == MTP_QM_CRASHED && !s->proven) status = MTP_QM_CANNOT_START;
  }
  if (status == MTP_QM_OK) status = remember_charges(s, call);
  return status == MTP_QM_OK ? run_commands(s, call, finish) : status;
}

static mtp_qm_status evaluate(mtp_private_lammps *s, mtp_qm_call *call, const mtp_lammps_box *b) {
  const bool kept = s->keeps && is_kept(s, call->config);
  if (!kept) forget(s);
  mtp_qm_status status = kept ? move_atoms(s, call, b) : set_up(s, call, b);
  if (status == MTP_QM_OK) status = run_commands(s, call, "run 0 post no\n");
  if (status != MTP_QM_OK) return status;
  if (s->keeps && !kept && remember(s, call->config) != MTP_OK)
    return mtp_qm_fail(call->ctx, MTP_QM_CRASHED, "memory is exhausted");
  if (mtp_config_require_force(NULL, call->label) != MTP_OK)
    return mtp_qm_fail(call->ctx, MTP_QM_CRASHED, "memory is exhausted");
  call->label->energy = lammps_get_thermo(s->lmp, "pe") / (s->is_real ? EV_IN_REAL : 1.0);
  call->label->has_energy = true;
  status = check_engine(s, call);
  if (status == MTP_QM_OK && !box_is_as_sent(s, b))
    status = mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, "the commands changed the box");
  if (status == MTP_QM_OK) status = read_forces(s, call, b);
  const bool *periodic = call->config->periodic;
  if (status == MTP_QM_OK && periodic[0] && periodic[1] && periodic[2]) status = read_virial(s, call, b);
  return status;
}

static mtp_qm_status evaluate_in_box(mtp_private_lammps *s, mtp_qm_call *call) {
  mtp_lammps_box b;
  if (call->config->n > INT32_MAX) return mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, "too many atoms");
  if (!make_box(call->config, &b)) return mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, "the cell spans no volume");
  if (!s->lmp) {
    char *argv[] = {"lammps", "-log", "none", "-screen", "none", "-nocite", NULL};
    s->lmp = lammps_open(6, argv, MPI_COMM_SELF, NULL);
    if (!s->lmp) return mtp_qm_fail(call->ctx, MTP_QM_CRASHED, "no private LAMMPS instance could be started");
  }
  pin_plugins();
  return evaluate(s, call, &b);
}

/* What the instance has computed, images of the slab with it, becomes what the slab has alone. */
static mtp_qm_status correct(mtp_private_lammps *s, mtp_qm_call *call) {
  const double *unit = lammps_extract_global(s->lmp, "qqrd2e");
  double *charge = mtp_calloc(call->config->n, sizeof *charge);
  char q[] = "q";
  if (!charge) return mtp_qm_fail(call->ctx, MTP_QM_CRASHED, "memory is exhausted");
  call->label->has_virial = false;
  if (lammps_extract_setting(s->lmp, "q_flag")) lammps_gather_atoms(s->lmp, q, 1, 1, charge);
  mtp_qm_status status = check_engine(s, call);
  if (status == MTP_QM_OK && !unit) status = mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, "LAMMPS gives no unit of charges");
  if (status == MTP_QM_OK)
    mtp_slab_correct(call->config, charge, *unit / (s->is_real ? EV_IN_REAL : 1.0), &call->label->energy,
                     call->label->force);
  free(charge);
  return status;
}

mtp_qm_status mtp_private_lammps_evaluate(mtp_private_lammps *s, mtp_qm_call *call) {
  mtp_config slab;
  mtp_qm_call extended = *call;
  if (!s->has_slabs || !mtp_slab_is(call->config)) return evaluate_in_box(s, call);
  if (!mtp_slab_extend(call->config, &slab)) return mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, "the cell spans no area");
  extended.config = &slab;
  const mtp_qm_status status = evaluate_in_box(s, &extended);
  return status == MTP_QM_OK ? correct(s, &extended) : status;
}

void mtp_private_lammps_close(mtp_private_lammps *s) {
  if (!s) return;
  close_instance(s);
  free(s->path);
  free(s->commands);
  free(s->atom_style);
  free(s->types);
  free(s->renewal);
  free(s);
}

/* "# mtp: types Al Ni Al" */
static mtp_status parse_types(mtp_context *ctx, mtp_private_lammps *s, const char *line, const char *end) {
  mtp_text text = {0};
  s->type_count = 0;
  mtp_text_add(&text, "%s", "");
  for (const char *word = line + strlen(TYPES); word < end;) {
    word += strspn(word, " \t\r");
    const size_t length = word < end ? strcspn(word, " \t\r\n") : 0;
    if (length == 0) break;
    mtp_text_add(&text, " %.*s", (int)length, word);
    s->type_count++;
    word += length;
  }
  free(s->types);
  s->types = text.data;
  if (text.failed) return mtp_fail_memory(ctx);
  return s->type_count ? MTP_OK : mtp_fail(ctx, MTP_ERR_FORMAT, "%s: expected names after \"" TYPES "\"", s->path);
}

static bool is_command(const char *word, size_t length, const char *command) {
  return length == strlen(command) && strncmp(word, command, length) == 0;
}

static bool is_value(const char *value, const char *wanted) {
  const size_t length = strlen(wanted);
  return strncmp(value, wanted, length) == 0 && strcspn(value, " \t\r\n#") == length;
}

bool mtp_private_lammps_equilibrates(const char *style) {
  for (size_t k = 0; k < sizeof families / sizeof *families; k++)
    if (strncmp(style, families[k], strlen(families[k])) == 0) return true;
  return false;
}

static const char *next_word(const char *at) {
  at += strcspn(at, " \t\r\n");
  return at + strspn(at, " \t");
}

/* "fix q all qeq/point 1 8.0 1e-9 300 my.qeq" can be made anew while all else stays; what another fix keeps is not
 * known, nor what a line says that LAMMPS has to complete. */
static mtp_status add_fix(mtp_context *ctx, mtp_private_lammps *s, const char *line, const char *end) {
  const char *id = next_word(line), *style = next_word(next_word(id));
  mtp_text text = {0};
  for (const char *c = line; c < end; c++) s->has_state = s->has_state || strchr("&$\"'#", *c);
  s->has_state = s->has_state || style >= end || !mtp_private_lammps_equilibrates(style);
  if (s->has_state) return MTP_OK;
  mtp_text_add(&text, "%sunfix %.*s\n%.*s\n", s->renewal ? s->renewal : "", (int)strcspn(id, " \t"), id,
               (int)(end - line), line);
  free(s->renewal);
  s->renewal = text.data;
  return text.failed ? mtp_fail_memory(ctx) : MTP_OK;
}

/* The box is made before FILE runs, so its lines about units and atom style are read here and blanked. */
static mtp_status parse_settings(mtp_context *ctx, mtp_private_lammps *s) {
  int number = 1;
  bool has_style = false, has_sums = false;
  for (char *line = s->commands; *line; number++) {
    char *end = line + strcspn(line, "\n");
    char *next = *end ? end + 1 : end;
    char *word = line + strspn(line, " \t");
    const size_t length = strcspn(word, " \t\r\n#");
    char *value = word + length + strspn(word + length, " \t");
    const size_t value_length = strcspn(value, "\r\n#&");
    const bool includes = is_command(word, length, "include"), units = is_command(word, length, "units");
    has_style = has_style || includes || is_command(word, length, "pair_style");
    has_sums = has_sums || includes || is_command(word, length, "kspace_style");
    if (units && s->takes_real) s->is_real = is_value(value, "real");
    s->has_state = s->has_state || includes; /* who knows */
    if (is_command(word, length, "fix") && add_fix(ctx, s, word, end) != MTP_OK) return MTP_ERR_MEMORY;
    s->needs_charges = s->needs_charges || strncmp(line, CHARGES, strlen(CHARGES)) == 0;
    s->has_slabs = s->has_slabs || strncmp(line, SLAB, strlen(SLAB)) == 0;
    if (strncmp(line, TYPES, strlen(TYPES)) == 0 && parse_types(ctx, s, line, end) != MTP_OK) return MTP_ERR_FORMAT;
    if (units && !is_value(value, "metal") && !s->is_real)
      return mtp_fail(ctx, MTP_ERR_FORMAT,
                      "%s:%d: expected metal units (the lammps driver knows no others), found \"%.*s\"", s->path,
                      number, (int)(end - word), word);
    if (is_command(word, length, "atom_style")) {
      free(s->atom_style);
      s->atom_style = mtp_calloc(value_length + 1, 1);
      if (!s->atom_style) return mtp_fail_memory(ctx);
      memcpy(s->atom_style, value, value_length);
      memset(line, ' ', (size_t)(end - line));
    } else if (units) {
      memset(line, ' ', (size_t)(end - line));
    }
    line = next;
  }
  if (!has_style) return mtp_fail(ctx, MTP_ERR_FORMAT, "%s: expected a pair_style and found none", s->path);
  if (!s->has_slabs || has_sums) return MTP_OK; /* what images do to each other would be taken off where it is not */
  return mtp_fail(ctx, MTP_ERR_FORMAT, "%s: expected a kspace_style beside \"" SLAB "\" and found none", s->path);
}

static mtp_status read_commands(mtp_context *ctx, mtp_private_lammps *s, const char *path, const char *text) {
  size_t size = 0;
  s->atom_style = mtp_strdup("atomic");
  s->path = realpath(path, NULL);
  if (!s->path) s->path = mtp_strdup(path); /* the read below says what is wrong with it */
  if (!s->atom_style || !s->path) return mtp_fail_memory(ctx);
  if (text) s->commands = mtp_strdup(text);
  if (text && !s->commands) return mtp_fail_memory(ctx);
  const mtp_status status = text ? MTP_OK : mtp_file_read(ctx, s->path, &s->commands, &size);
  return status == MTP_OK ? parse_settings(ctx, s) : status;
}

mtp_status mtp_private_lammps_open(mtp_context *ctx, const char *path, const char *text, bool keeps, const char *plugin,
                                   mtp_private_lammps **out) {
  mtp_private_lammps *s = mtp_calloc(1, sizeof *s);
  if (!s) return mtp_fail_memory(ctx);
  s->plugin = plugin;
  s->keeps = s->takes_real = keeps;
  const mtp_status status = read_commands(ctx, s, path, text);
  if (status == MTP_OK)
    *out = s;
  else
    mtp_private_lammps_close(s);
  return status;
}

const char *mtp_private_lammps_types(const mtp_private_lammps *s) {
  return s->types;
}

bool mtp_private_lammps_has_slabs(const mtp_private_lammps *s) {
  return s->has_slabs;
}

bool mtp_private_lammps_needs_charges(const mtp_private_lammps *s) {
  return s->needs_charges;
}
