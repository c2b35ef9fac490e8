/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/vasp/vasp_xml.c
 * vasprun.xml holds what OUTCAR holds with 8 decimals; the stress is in kilobar, positions are fractions of the lattice
 * vectors. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/compare.h"
#include "config/outcar.h"
#include "config/units.h"
#include "config/xml.h"
#include "qm/drivers/vasp/vasp_xml.h"
#include "support/support.h"

/* Largest differences of the two files, by the decimals of OUTCAR; VASP computes with an older value of
 * MTP_VASP_KILOBAR. */
#define POSITION_TOLERANCE 1e-4
#define ENERGY_TOLERANCE   2e-8
#define FORCE_TOLERANCE    1e-6
#define VIRIAL_TOLERANCE   2e-5
#define VIRIAL_RELATIVE    1e-6

static mtp_status fail(mtp_context *ctx, const char *what) {
  return mtp_fail(ctx, MTP_ERR_FORMAT, "vasprun.xml contradicts OUTCAR: %s", what);
}

static bool read_structure(xmlNode *structure, mtp_config *out) {
  if (!mtp_xml_numbers(mtp_xml_find(structure, "crystal/varray=basis"), out->cell, 9)) return false;
  if (!mtp_xml_numbers(mtp_xml_find(structure, "varray=positions"), out->x, 3 * out->n)) return false;
  for (size_t i = 0; i < out->n; i++) {
    double *x = out->x + 3 * i, f[3] = {x[0], x[1], x[2]};
    for (int c = 0; c < 3; c++) x[c] = f[0] * out->cell[c] + f[1] * out->cell[3 + c] + f[2] * out->cell[6 + c];
  }
  return true;
}

/* The virial of a stress that is symmetric but for its last digits. */
static bool read_virial(xmlNode *calculation, mtp_config *out) {
  static const int position[6] = {0, 4, 8, 1, 2, 5};
  double stress[9], factor = mtp_config_volume(out) / MTP_VASP_KILOBAR;
  if (!mtp_xml_numbers(mtp_xml_find(calculation, "varray=stress"), stress, 9)) return false;
  for (int k = 0; k < 6; k++) out->virial[k] = factor * stress[position[k]];
  return true;
}

/* Not close if one is no number. */
static bool are_close(size_t n, const double *a, const double *b, double tolerance, double relative) {
  for (size_t i = 0; i < n; i++)
    if (!(fabs(a[i] - b[i]) <= tolerance + relative * fabs(b[i]))) return false;
  return true;
}

static mtp_status refine(mtp_context *ctx, xmlNode *root, const mtp_config *step, mtp_config *fine) {
  xmlNode *calculation = NULL;
  for (xmlNode *c = root->children; c; c = c->next)
    if (c->type == XML_ELEMENT_NODE && strcmp((const char *)c->name, "calculation") == 0) calculation = c;
  if (!read_structure(mtp_xml_find(root, "structure=finalpos"), fine)) return fail(ctx, "it has other atoms");
  if (mtp_config_compare(ctx, step, fine, POSITION_TOLERANCE) != MTP_OK) return fail(ctx, mtp_context_message(ctx));
  if (!mtp_xml_numbers(mtp_xml_find(calculation, "energy/i=e_fr_energy"), &fine->energy, 1) ||
      !are_close(1, &fine->energy, &step->energy, ENERGY_TOLERANCE, 0))
    return fail(ctx, "it has another free energy");
  if (!mtp_xml_numbers(mtp_xml_find(calculation, "varray=forces"), fine->force, 3 * fine->n) ||
      !are_close(3 * fine->n, fine->force, step->force, FORCE_TOLERANCE, 0))
    return fail(ctx, "it has other forces");
  double tolerance =
      VIRIAL_TOLERANCE * (1 + mtp_config_volume(fine) / MTP_VASP_KILOBAR); /* it may have been read in kilobar */
  if (step->has_virial &&
      (!read_virial(calculation, fine) || !are_close(6, fine->virial, step->virial, tolerance, VIRIAL_RELATIVE)))
    return fail(ctx, "it has another stress");
  return MTP_OK;
}

mtp_status mtp_vasp_xml_refine(mtp_context *ctx, const char *path, mtp_config *step) {
  bool found;
  xmlDoc *doc = mtp_xml_open(path, &found);
  xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
  mtp_config *fine = root ? mtp_config_copy(step) : NULL;
  mtp_status status = MTP_OK;
  if (fine) {
    status = refine(ctx, root, step, fine);
    if (status == MTP_OK) {
      mtp_config swapped = *step; /* so that the caller's pointer holds the better one */
      *step = *fine;
      *fine = swapped;
    }
  } else if (root) {
    status = mtp_fail_memory(ctx);
  }
  mtp_config_free(fine);
  xmlFreeDoc(doc);
  return status;
}
