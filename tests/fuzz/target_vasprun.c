/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_vasprun.c
 * vasprun.xml as a file of configurations and as what gives the results of OUTCAR more digits. */
#include "fuzz.h"
#include "qm/drivers/vasp/vasp_xml.h"

const char *const fuzz_words[] = {"<calculation>",
                                  "</calculation>",
                                  "<structure name=\"finalpos\" >",
                                  "</structure>",
                                  "<varray name=\"forces\" >",
                                  "<varray name=\"stress\" >",
                                  "<varray name=\"positions\" >",
                                  "</varray>",
                                  "<v> 1 2 3 </v>",
                                  "<i name=\"e_fr_energy\"> -1 </i>",
                                  "<scstep></scstep>",
                                  "<atominfo>",
                                  "<rc><c>Al</c><c>   1</c></rc>",
                                  "&lt;",
                                  "&#0;",
                                  "<![CDATA[",
                                  "<!--",
                                  "<!DOCTYPE m [<!ENTITY a \"b\"><!ENTITY c \"&a;&a;\">]>",
                                  "&c;",
                                  "</modeling>",
                                  NULL};

#define VECTORS "<v> 8 0 0 </v><v> 0 4 0 </v><v> 0 0 4 </v>"
#define STRUCTURE(NAME)                                                                                                \
  "<structure" NAME "><crystal><varray name=\"basis\" >" VECTORS "</varray></crystal>\n<varray name=\"positions\" >\n" \
  "<v> 0 0 0 </v>\n<v> 0.25 0 0.5 </v>\n<v> 0.25 0.5 0 </v>\n</varray></structure>\n"
#define CALCULATION(SCF, ENERGY)                                                                                       \
  " <calculation>\n" SCF STRUCTURE("") "<varray name=\"forces\" >\n<v> 0.1 0.2 0.0 </v>\n<v> 0.1 0.2 0.25 </v>\n"      \
                                       "<v> 0.1 0.2 0.5 </v>\n</varray>\n<varray name=\"stress\" >\n<v> 1 2 3 "        \
                                       "</v>\n<v> 2 4 5 </v>\n<v> 3 5 6 </v>\n"                                        \
                                       "</varray>\n<energy><i name=\"e_fr_energy\"> " ENERGY                           \
                                       " </i><i name=\"e_wo_entrp\"> -8.25 </i></energy>\n"                            \
                                       "</calculation>\n"
#define SCSTEP "<scstep><energy><i name=\"e_fr_energy\"> 99 </i></energy></scstep>\n"

void fuzz_seeds(void) {
  fuzz_seed_text(
      "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<modeling>\n <parameters><separator name=\"electronic\">"
      "<i type=\"int\" name=\"NELM\">     3</i></separator></parameters>\n <atominfo>\n  <atoms>       3 "
      "</atoms>\n  <array name=\"atoms\" >\n   <set>\n<rc><c>Al</c><c>   1</c></rc>\n<rc><c>Al</c><c>   1</c></rc>\n"
      "<rc><c>Cu</c><c>   2</c></rc>\n   </set>\n  </array>\n </atominfo>\n" CALCULATION(SCSTEP, "-10.5")
          CALCULATION(SCSTEP SCSTEP SCSTEP, "-11.5") STRUCTURE(" name=\"finalpos\"") "</modeling>\n");
}

/* The step that an OUTCAR of the same run would hold. */
static mtp_config *last_step(void) {
  static const double x[9] = {0, 0, 0, 2, 0, 2, 2, 2, 0}, force[9] = {0.1, 0.2, 0, 0.1, 0.2, 0.25, 0.1, 0.2, 0.5};
  mtp_config *step = mtp_config_new(3);
  fuzz_require(step && mtp_config_require_force(NULL, step) == MTP_OK);
  for (int k = 0; k < 9; k++) {
    step->x[k] = x[k];
    step->force[k] = force[k];
  }
  for (int k = 0; k < 3; k++) {
    step->cell[4 * k] = k ? 4 : 8;
    step->periodic[k] = true;
  }
  step->has_energy = true;
  step->energy = -11.5;
  return step;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mtp_context *ctx = mtp_context_new();
  fuzz_read_configs(MTP_FORMAT_VASPRUN, "vasprun.xml", data, size);
  mtp_config *step = last_step();
  const mtp_status status = mtp_vasp_xml_refine(ctx, fuzz_path("vasprun.xml"), step);
  fuzz_end_call(status == MTP_OK ? MTP_QM_OK : MTP_QM_BAD_DATA, mtp_context_message(ctx));
  mtp_config_free(step);
  mtp_context_free(ctx);
  return 0;
}
