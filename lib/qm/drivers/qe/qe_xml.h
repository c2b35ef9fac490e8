/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/qe/qe_xml.h
 * Results of pw.x from the XML file in its output folder. */
#ifndef MTP_QM_QE_XML_H
#define MTP_QM_QE_XML_H

#include "mtp/qm.h"

/** Reads a result into `label`, whose atoms and cell are the ones that were sent with `labels[species]`, after
 * comparing them with those in the file. MTP_QM_NOT_CONVERGED, MTP_QM_CRASHED (the file says that the run failed) or
 * MTP_QM_BAD_DATA with a line in `ctx` otherwise. A virial is taken if the file has a stress. */
mtp_qm_status mtp_qe_xml_read(mtp_context *ctx, const char *path, const char *const *labels, mtp_config *label);

#endif
