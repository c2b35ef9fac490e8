/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_qe_output.c
 * What pw.x leaves: the XML file, and after a line "-----" in the input its output, as the driver collects them. */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "qm/drivers/drivers.h"

const char *const fuzz_words[] = {"<output>",
                                  "</output>",
                                  "<convergence_achieved>true</convergence_achieved>",
                                  "<atom name=\"Al\" index=\"1\">0 0 0</atom>",
                                  "<cell><a1>1 0 0</a1>",
                                  "<etot>-8.5</etot>",
                                  "<forces rank=\"2\" dims=\"3 2\">",
                                  "<stress>1 2 3 4 5 6 7 8 9</stress>",
                                  "<exit_status>0</exit_status>",
                                  "<!DOCTYPE m [<!ENTITY a \"b\">]>",
                                  "&a;",
                                  "<![CDATA[",
                                  "-----",
                                  "Error in routine electrons (1):",
                                  "convergence NOT achieved",
                                  "Maximum CPU time exceeded",
                                  "JOB DONE",
                                  "%%%%%",
                                  NULL};

static const char template[] =
    "&control\n/\n&system\n ecutwfc=20, ntyp=2\n/\n&electrons\n/\nATOMIC_SPECIES\nAl1 26.98 Al.UPF\n"
    "Cu 63.5 Cu.UPF\nK_POINTS gamma\n";
static const char rule[] = "\n-----\n";

#define BOHR 0.529177210903
static void seed(const char *converged, const char *output) {
  mtp_config *cfg = fuzz_sample();
  char text[8192];
  int n = snprintf(
      text, sizeof text,
      "<?xml version=\"1.0\"?>\n<qes:espresso xmlns:qes=\"http://www.quantum-espresso.org/ns/qes/qes-1.0\">\n"
      "<input><atomic_structure nat=\"1\"/></input>\n<output><convergence_info><scf_conv><convergence_achieved>"
      " %s </convergence_achieved></scf_conv></convergence_info>\n<atomic_structure nat=\"4\" alat=\"1\">"
      "<atomic_positions>\n",
      converged);
  for (size_t i = 0; i < cfg->n; i++)
    n += snprintf(text + n, sizeof text - (size_t)n, "<atom name=\"%s\" index=\"%zu\">%.16e %.16e %.16e</atom>\n",
                  cfg->species[i] ? "Cu" : "Al1", i + 1, cfg->x[3 * i] / BOHR, cfg->x[3 * i + 1] / BOHR,
                  cfg->x[3 * i + 2] / BOHR);
  n += snprintf(text + n, sizeof text - (size_t)n, "</atomic_positions><cell>");
  for (int k = 0; k < 3; k++)
    n += snprintf(text + n, sizeof text - (size_t)n, "<a%d>%.16e %.16e %.16e</a%d>", k + 1, cfg->cell[3 * k] / BOHR,
                  cfg->cell[3 * k + 1] / BOHR, cfg->cell[3 * k + 2] / BOHR, k + 1);
  n += snprintf(
      text + n, sizeof text - (size_t)n,
      "</cell>\n</atomic_structure>\n<total_energy><etot>-8.5</etot></total_energy>\n<forces rank=\"2\" dims=\"3 4\">"
      "1.0e-2 2.0e-2 -3.0e-2\n -1.0e-2 -2.0e-2 3.0e-2 0 0 0 0 0 0</forces>\n<stress>1e-3 2e-3 3e-3\n 2e-3 4e-3 "
      "5e-3\n 3e-3 5e-3 6e-3</stress></output>\n<exit_status>0</exit_status></qes:espresso>\n%s%s",
      rule, output);
  fuzz_require((size_t)n < sizeof text);
  fuzz_seed_text(text);
  mtp_config_free(cfg);
}

void fuzz_seeds(void) {
  seed("true", "   Program PWSCF v.6.7 starts\n!    total energy = -8.5 Ry\n=---=\n   JOB DONE.\n=---=\n");
  seed("true", " %%%%%%%%%%%%%%\n     Error in routine electrons (1):\n     charge is wrong\n %%%%%%%%%%%%%%\n");
  seed("false", " convergence NOT achieved after 100 iterations: stopping\n JOB DONE.\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void *state;
  char dir[256];
  mtp_context *ctx = mtp_context_new();
  if (!state) { /* once: it looks for the command */
    static char path[256];
    strcpy(path, fuzz_file("template.in", template, strlen(template)));
    const char *words[] = {path, "/bin/true"};
    const mtp_qm_setup setup = {.workers = 1};
    fuzz_require(mtp_qm_qe.open(ctx, NULL, &setup, 2, words, &state) == MTP_QM_OK);
  }
  const uint8_t *split = memmem(data, size, rule, strlen(rule));
  const size_t xml = split ? (size_t)(split - data) : size, rest = split ? xml + strlen(rule) : size;
  fuzz_file("call/pw.out", data + rest, size - rest);
  fuzz_file("call/stderr", "", 0);
  strcpy(dir, fuzz_path("call"));
  fuzz_file("call/out/mtp.xml", data, xml);
  mtp_config *cfg = fuzz_sample(), *label = fuzz_sample();
  mtp_qm_call call = {
      .config = cfg, .species_count = 2, .names = fuzz_elements, .dir = dir, .label = label, .ctx = ctx};
  const mtp_qm_status status = mtp_qm_qe.collect(state, &call);
  fuzz_end_call(status, mtp_context_message(ctx));
  mtp_config_free(label);
  mtp_config_free(cfg);
  mtp_context_free(ctx);
  return 0;
}
