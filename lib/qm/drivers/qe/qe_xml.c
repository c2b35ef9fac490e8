/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/qe/qe_xml.c
 * Results of pw.x. The file is in Hartree atomic units; <etot> is the energy whose gradient the forces are (with
 * smearing, the free energy); <stress> is positive under compression. */
#include "qm/drivers/qe/qe_xml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/compare.h"
#include "config/units.h"
#include "config/xml.h"
#include "support/support.h"

/* What is sent with 17 digits comes back with 16, in units of a bohr that may be of an older CODATA. */
#define TOLERANCE          1e-6
#define RELATIVE_TOLERANCE 1e-8

static bool text_is(xmlNode *node, const char *expected) {
  xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
  const char *begin = text ? (const char *)text + strspn((const char *)text, " \t\r\n") : "";
  size_t length = strcspn(begin, " \t\r\n");
  bool same = text && length == strlen(expected) && strncmp(begin, expected, length) == 0;
  xmlFree(text);
  return same;
}

/* The atoms of the file into `found`, a copy of what was sent. MTP_ERR_FORMAT if they cannot be read. */
static mtp_status read_atoms(mtp_context *ctx, xmlNode *structure, const char *const *labels, mtp_config *found) {
  static const char *const rows[] = {"cell/a1", "cell/a2", "cell/a3"};
  for (int k = 0; k < 3; k++)
    if (!mtp_xml_numbers(mtp_xml_find(structure, rows[k]), found->cell + 3 * k, 3))
      return mtp_fail(ctx, MTP_ERR_FORMAT, "the XML file has no %s", rows[k]);
  size_t n = 0;
  xmlNode *positions = mtp_xml_find(structure, "atomic_positions");
  for (xmlNode *atom = positions ? positions->children : NULL; atom; atom = atom->next) {
    if (atom->type != XML_ELEMENT_NODE) continue;
    if (n < found->n && !mtp_xml_numbers(atom, found->x + 3 * n, 3))
      return mtp_fail(ctx, MTP_ERR_FORMAT, "the XML file has no position of atom %zu", n + 1);
    if (n < found->n && !mtp_xml_attribute_is(atom, "name", labels[found->species[n]]))
      return mtp_fail(ctx, MTP_ERR_FORMAT, "the result is of other atoms: atom %zu is not %s", n + 1,
                      labels[found->species[n]]);
    n++;
  }
  if (n != found->n) return mtp_fail(ctx, MTP_ERR_FORMAT, "the result is of %zu atoms, %zu were sent", n, found->n);
  for (size_t i = 0; i < 3 * n; i++) found->x[i] *= MTP_BOHR;
  for (int k = 0; k < 9; k++) found->cell[k] *= MTP_BOHR;
  return MTP_OK;
}

static double largest_length(const mtp_config *cfg) {
  double largest = 0;
  for (int k = 0; k < 9; k++) largest = fmax(largest, fabs(cfg->cell[k]));
  for (size_t i = 0; i < 3 * cfg->n; i++) largest = fmax(largest, fabs(cfg->x[i]));
  return largest;
}

static mtp_status compare_atoms(mtp_context *ctx, xmlNode *root, const char *const *labels, const mtp_config *sent) {
  mtp_config *found = mtp_config_copy(sent);
  if (!found) return mtp_fail_memory(ctx);
  double tolerance = TOLERANCE + RELATIVE_TOLERANCE * largest_length(sent);
  /* pw.x takes every cell as periodic; what was sent decides which vectors are compared */
  mtp_status status = read_atoms(ctx, mtp_xml_find(root, "output/atomic_structure"), labels, found);
  if (status == MTP_OK) status = mtp_config_compare(ctx, sent, found, tolerance);
  mtp_config_free(found);
  return status;
}

static mtp_qm_status read_results(mtp_context *ctx, xmlNode *root, mtp_config *label) {
  double stress[9];
  if (!mtp_xml_numbers(mtp_xml_find(root, "output/total_energy/etot"), &label->energy, 1))
    return mtp_qm_fail(ctx, MTP_QM_BAD_DATA, "the XML file has no total energy");
  label->energy *= MTP_HARTREE;
  label->has_energy = true;
  if (mtp_config_require_force(NULL, label) != MTP_OK ||
      !mtp_xml_numbers(mtp_xml_find(root, "output/forces"), label->force, 3 * label->n))
    return mtp_qm_fail(ctx, MTP_QM_BAD_DATA, "the XML file has no forces of %zu atoms", label->n);
  for (size_t i = 0; i < 3 * label->n; i++) label->force[i] *= MTP_HARTREE / MTP_BOHR;
  xmlNode *element = mtp_xml_find(root, "output/stress");
  label->has_virial = mtp_xml_numbers(element, stress, 9);
  if (element && !label->has_virial)
    return mtp_qm_fail(ctx, MTP_QM_BAD_DATA, "the stress in the XML file is not nine numbers");
  static const int position[6] = {0, 4, 8, 1, 2, 5};
  double factor = mtp_config_volume(label) * MTP_HARTREE / (MTP_BOHR * MTP_BOHR * MTP_BOHR);
  for (int k = 0; label->has_virial && k < 6; k++) label->virial[k] = factor * stress[position[k]];
  return MTP_QM_OK;
}

/* pw.x up to 6.x writes <status>, later ones <exit_status>; an interrupted one neither. */
static mtp_status check_end(mtp_context *ctx, xmlNode *root) {
  xmlNode *exit_status = mtp_xml_find(root, "exit_status"), *status = mtp_xml_find(root, "status");
  if (!exit_status && !status)
    return mtp_fail(ctx, MTP_ERR_FORMAT, "the XML file is cut short: no <status> or <exit_status>");
  if ((exit_status && !text_is(exit_status, "0")) || (status && !text_is(status, "0")))
    return mtp_fail(ctx, MTP_ERR_FORMAT, "the XML file says that pw.x failed (exit status)");
  return MTP_OK;
}

static mtp_qm_status read_tree(mtp_context *ctx, xmlNode *root, const char *const *labels, mtp_config *label) {
  xmlNode *converged = mtp_xml_find(root, "output/convergence_info/scf_conv/convergence_achieved");
  if (!converged) return mtp_qm_fail(ctx, MTP_QM_BAD_DATA, "the XML file does not say whether the SCF converged");
  if (!text_is(converged, "true")) return mtp_qm_fail(ctx, MTP_QM_NOT_CONVERGED, "pw.x: the SCF did not converge");
  if (check_end(ctx, root) != MTP_OK) return MTP_QM_CRASHED;
  if (compare_atoms(ctx, root, labels, label) != MTP_OK) return MTP_QM_BAD_DATA;
  return read_results(ctx, root, label);
}

mtp_qm_status mtp_qe_xml_read(mtp_context *ctx, const char *path, const char *const *labels, mtp_config *label) {
  bool found;
  xmlDoc *doc = mtp_xml_open(path, &found);
  xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
  mtp_qm_status status;
  if (root)
    status = read_tree(ctx, root, labels, label);
  else if (found)
    status = mtp_qm_fail(ctx, MTP_QM_BAD_DATA, "the result file %s is cut short or no XML", path);
  else
    status = mtp_qm_fail(ctx, MTP_QM_BAD_DATA, "there is no result file %s", path);
  xmlFreeDoc(doc);
  return status;
}
