/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file plugin.cpp
 * Makes the pair styles known to LAMMPS, through `plugin load mtpplugin.so` or LAMMPS_PLUGIN_PATH. */
#include "lammpsplugin.h"

#include "error.h"
#include "fix_words.h"
#include "force.h"
#include "foreign.h"
#include "lammps.h"
#include "lmptype.h"
#include "overlay.h"
#include "pair_mtp.h"
#include "pair_mtp_al.h"
#include "version.h"

#include <cstdlib>

using namespace LAMMPS_NS;

/* Of OpenBLAS, if that is the library in use. */
extern "C" void openblas_set_num_threads(int) __attribute__((weak));
/* Of LAMMPS's library, which a program that is linked statically may lack. */
extern "C" int lammps_extract_setting(void *, const char *) __attribute__((weak));

static Pair *create_mtp(LAMMPS *lmp) {
  return new PairMTP(lmp);
}

static Pair *create_mtp_al(LAMMPS *lmp) {
  return new PairMTPAL(lmp);
}

static Pair *create_overlay(LAMMPS *lmp) {
  return new MTPOverlay(lmp);
}

/* Quietly, and for good: it is the style of LAMMPS but for what it remembers, and our code stays mapped. Names with a
 * suffix that stand for the same class exist where that package does. */
static void replace_overlay(LAMMPS *lmp) {
  for (const char *name : {"hybrid/overlay", "hybrid/overlay/omp"}) {
    const auto found = lmp->force->pair_map->find(name);
    if (found != lmp->force->pair_map->end()) found->second = create_overlay;
  }
}

static void add_pair_style(LAMMPS *lmp, void *handle, lammpsplugin_regfunc add, const char *name, const char *info,
                           Pair *(*create)(LAMMPS *)) {
  lammpsplugin_t plugin;
  plugin.version = LAMMPS_VERSION;
  plugin.style = "pair";
  plugin.name = name;
  plugin.info = info;
  plugin.author = "the authors of mtp/al";
  plugin.creator.v1 = (lammpsplugin_factory1 *)create;
  plugin.handle = handle;
  (*add)(&plugin, lmp);
  /* LAMMPS keeps one list of plugins for the whole process and ignores a style that another instance has registered;
   * a second instance, such as the private one of the lammps driver, would never see it. */
  (*lmp->force->pair_map)[name] = create;
}

/* Arrays of LAMMPS would be read with a wrong stride, and atom IDs come out wrong, before anything else fails. */
static void check_sizes(LAMMPS *lmp) {
  const struct {
    const char *name;
    int bytes;
  } ours[] = {{"tagint", sizeof(tagint)}, {"bigint", sizeof(bigint)}, {"imageint", sizeof(imageint)}};
  for (const auto &type : ours) {
    const int theirs = lammps_extract_setting ? lammps_extract_setting(lmp, type.name) : 0;
    if (theirs > 0 && theirs != type.bytes)
      lmp->error->all(FLERR,
                      "mtpplugin.so was built for a LAMMPS whose {} has {} bytes, here it has {}: build it with "
                      "-D LAMMPS_SOURCE_DIR=... of this LAMMPS and -D LAMMPS_SIZES=smallbig, bigbig or smallsmall",
                      type.name, type.bytes, theirs);
  }
}

extern "C" __attribute__((visibility("default"))) void lammpsplugin_init(void *lmp, void *handle, void *regfunc) {
  /* The matrices of one rank are small: threads would only get in the way of the other ranks. */
  if (openblas_set_num_threads && !getenv("OPENBLAS_NUM_THREADS")) openblas_set_num_threads(1);
  auto *instance = static_cast<LAMMPS *>(lmp);
  auto add = (lammpsplugin_regfunc)regfunc;
  check_sizes(instance);
  add_pair_style(instance, handle, add, "mtp", "moment tensor potential " MTP_VERSION, create_mtp);
  add_pair_style(instance, handle, add, "mtp/al", "moment tensor potential that learns on the fly " MTP_VERSION,
                 create_mtp_al);
  mtp_add_foreign_styles(instance);
  replace_overlay(instance);
  mtp_remember_fixes(instance);
}
