/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/vasp/vasp_xml.h
 * The digits that vasprun.xml has beyond those of OUTCAR. */
#ifndef MTP_QM_VASP_XML_H
#define MTP_QM_VASP_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "mtp/config.h"

/** Replaces cell, positions, energy, forces and virial of `step`, the last step of an OUTCAR, by those of the
 * vasprun.xml of the same run, which have more digits, if there is such a file and it is complete. MTP_ERR_FORMAT,
 * and `step` unspecified, if the two files contradict each other beyond what is printed. */
mtp_status mtp_vasp_xml_refine(mtp_context *ctx, const char *path, mtp_config *step);

#endif
