/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/qe_xml.c
 * Results of pw.x. The file is in Hartree atomic units; <etot> is the energy whose gradient the forces are (with
 * smearing, the free energy); <stress> is positive under compression. */
#include "qm/qe_xml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/units.h"
#include "config/xml.h"
#include "qm/check.h"
#include "qm/reason.h"

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

/* The atoms of the file into `found`, a copy of what was sent. False with a reason if they cannot be read. */
static bool read_atoms(xmlNode *structure, const char *const *labels, mtp_config *found, char *reason, size_t size) {
  static const char *const rows[] = {"cell/a1", "cell/a2", "cell/a3"};
  for (int k = 0; k < 3; k++)
    if (!mtp_xml_numbers(mtp_xml_find(structure, rows[k]), found->cell + 3 * k, 3)) {
      mtp_qm_reason(reason, size, "the XML file has no %s", rows[k]);
      return false;
    }
  size_t n = 0;
  xmlNode *positions = mtp_xml_find(structure, "atomic_positions");
  for (xmlNode *atom = positions ? positions->children : NULL; atom; atom = atom->next) {
    if (atom->type != XML_ELEMENT_NODE) continue;
    if (n < found->n && !mtp_xml_numbers(atom, found->x + 3 * n, 3)) {
      mtp_qm_reason(reason, size, "the XML file has no position of atom %zu", n + 1);
      return false;
    }
    if (n < found->n && !mtp_xml_attribute_is(atom, "name", labels[found->species[n]])) {
      mtp_qm_reason(reason, size, "the result is of other atoms: atom %zu is not %s", n + 1, labels[found->species[n]]);
      return false;
    }
    n++;
  }
  if (n != found->n) {
    mtp_qm_reason(reason, size, "the result is of %zu atoms, %zu were sent", n, found->n);
    return false;
  }
  for (size_t i = 0; i < 3 * n; i++) found->x[i] *= MTP_BOHR;
  for (int k = 0; k < 9; k++) found->cell[k] *= MTP_BOHR;
  return true;
}

static double largest_length(const mtp_config *cfg) {
  double largest = 0;
  for (int k = 0; k < 9; k++) largest = fmax(largest, fabs(cfg->cell[k]));
  for (size_t i = 0; i < 3 * cfg->n; i++) largest = fmax(largest, fabs(cfg->x[i]));
  return largest;
}

static bool compare_atoms(xmlNode *root, const char *const *labels, const mtp_config *sent, char *reason, size_t size) {
  mtp_config *found = mtp_config_copy(sent);
  if (!found) {
    mtp_qm_reason(reason, size, "out of memory");
    return false;
  }
  double tolerance = TOLERANCE + RELATIVE_TOLERANCE * largest_length(sent);
  /* pw.x takes every cell as periodic; what was sent decides which vectors are compared */
  bool same = read_atoms(mtp_xml_find(root, "output/atomic_structure"), labels, found, reason, size) &&
              mtp_qm_same_atoms(sent, found, tolerance, reason, size);
  mtp_config_free(found);
  return same;
}

static mtp_qm_status read_results(xmlNode *root, mtp_config *label, char *reason, size_t size) {
  double stress[9];
  if (!mtp_xml_numbers(mtp_xml_find(root, "output/total_energy/etot"), &label->energy, 1)) {
    mtp_qm_reason(reason, size, "the XML file has no total energy");
    return MTP_QM_BAD_DATA;
  }
  label->energy *= MTP_HARTREE;
  label->has_energy = true;
  if (mtp_config_require_force(NULL, label) != MTP_OK ||
      !mtp_xml_numbers(mtp_xml_find(root, "output/forces"), label->force, 3 * label->n)) {
    mtp_qm_reason(reason, size, "the XML file has no forces of %zu atoms", label->n);
    return MTP_QM_BAD_DATA;
  }
  for (size_t i = 0; i < 3 * label->n; i++) label->force[i] *= MTP_HARTREE / MTP_BOHR;
  xmlNode *element = mtp_xml_find(root, "output/stress");
  label->has_virial = mtp_xml_numbers(element, stress, 9);
  if (element && !label->has_virial) {
    mtp_qm_reason(reason, size, "the stress in the XML file is not nine numbers");
    return MTP_QM_BAD_DATA;
  }
  static const int position[6] = {0, 4, 8, 1, 2, 5};
  double factor = mtp_config_volume(label) * MTP_HARTREE / (MTP_BOHR * MTP_BOHR * MTP_BOHR);
  for (int k = 0; label->has_virial && k < 6; k++) label->virial[k] = factor * stress[position[k]];
  return MTP_QM_OK;
}

/* pw.x up to 6.x writes <status>, later ones <exit_status>; an interrupted one neither. */
static bool ended_well(xmlNode *root, char *reason, size_t size) {
  xmlNode *exit_status = mtp_xml_find(root, "exit_status"), *status = mtp_xml_find(root, "status");
  if (!exit_status && !status)
    mtp_qm_reason(reason, size, "the XML file is cut short: no <status> or <exit_status>");
  else if ((exit_status && !text_is(exit_status, "0")) || (status && !text_is(status, "0")))
    mtp_qm_reason(reason, size, "the XML file says that pw.x failed (exit status)");
  else
    return true;
  return false;
}

static mtp_qm_status read_tree(xmlNode *root, const char *const *labels, mtp_config *label, char *reason, size_t size) {
  xmlNode *converged = mtp_xml_find(root, "output/convergence_info/scf_conv/convergence_achieved");
  if (!converged) {
    mtp_qm_reason(reason, size, "the XML file does not say whether the SCF converged");
    return MTP_QM_BAD_DATA;
  }
  if (!text_is(converged, "true")) {
    mtp_qm_reason(reason, size, "pw.x: the SCF did not converge");
    return MTP_QM_NOT_CONVERGED;
  }
  if (!ended_well(root, reason, size)) return MTP_QM_CRASHED;
  if (!compare_atoms(root, labels, label, reason, size)) return MTP_QM_BAD_DATA;
  return read_results(root, label, reason, size);
}

mtp_qm_status mtp_qe_xml_read(const char *path, const char *const *labels, mtp_config *label, char *reason,
                              size_t reason_size) {
  bool found;
  xmlDoc *doc = mtp_xml_open(path, &found);
  xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
  mtp_qm_status status = MTP_QM_BAD_DATA;
  if (root)
    status = read_tree(root, labels, label, reason, reason_size);
  else if (found)
    mtp_qm_reason(reason, reason_size, "the result file %s is cut short or no XML", path);
  else
    mtp_qm_reason(reason, reason_size, "there is no result file %s", path);
  xmlFreeDoc(doc);
  return status;
}
