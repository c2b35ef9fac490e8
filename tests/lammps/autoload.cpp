/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file autoload.cpp
 * For tests with a LAMMPS that does not look at LAMMPS_PLUGIN_PATH yet: preloaded, it makes this one load the plugin
 * where later ones do, when an instance is made and after each `clear`. */
#include <cstdlib>
#include <dlfcn.h>
#include <string>

#include "input.h"
#include "lammps.h"

void LAMMPS_NS::LAMMPS::post_create() {
  using function = void (*)(LAMMPS *);
  const auto original = (function)dlsym(RTLD_NEXT, "_ZN9LAMMPS_NS6LAMMPS11post_createEv");
  if (original) original(this);
  const char *folder = getenv("LAMMPS_PLUGIN_PATH");
  if (folder && *folder) input->one("plugin load '" + std::string(folder) + "/mtpplugin.so'");
}
