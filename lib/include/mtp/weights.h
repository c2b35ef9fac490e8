/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/weights.h
 * What fits minimise, and the weights in it. The objective is
 *
 * - L = 1/M sum_cfg [ e (E-E0)^2 + f sum |F-F0|^2 + s ||W-W0||_F^2 ]
 *
 * with
 *
 * - "vibrations" (the default): e = wE/N, f = wF, s = wS/N
 * - "molecules": e = wE, f = wF, s = wS
 * - "structures": e = wE/N^2, f = wF/N, s = wS/N^2
 *
 * Quantities that a configuration lacks are left out. Source: Novikov et al. 2021.
 */
#ifndef MTP_WEIGHTS_H
#define MTP_WEIGHTS_H

#include "mtp/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mtp_weighting { MTP_WEIGHT_VIBRATIONS, MTP_WEIGHT_MOLECULES, MTP_WEIGHT_STRUCTURES } mtp_weighting;

typedef struct mtp_weights {
  double energy, force, stress; /**< wE, wF, wS */
  mtp_weighting weighting;
} mtp_weights;

/** 3, 0.01, 2e-4, vibrations: the weights that served all systems tried. */
MTP_API mtp_weights mtp_weights_default(void);
/** 1, 0.01, 0.001, vibrations: the defaults of MLIP. */
MTP_API mtp_weights mtp_weights_mlip(void);

#ifdef __cplusplus
}
#endif
#endif
