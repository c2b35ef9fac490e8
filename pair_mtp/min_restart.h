/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file min_restart.h
 * Minimisers that bear a potential which changes under way. Those of LAMMPS compare energies of different steps; after
 * a refit these belong to different potentials, and a line search ends for no reason. */
#ifndef MTP_MIN_RESTART_H
#define MTP_MIN_RESTART_H

namespace LAMMPS_NS {
class LAMMPS;
}

namespace mtp_min {

/** Puts into the place of the minimiser that was just initialised one of the same style and settings that starts anew
 * after each refit, and has its end point confirmed by the pair style. Leaves alone what is one already, and styles
 * other than cg, sd, hftn, fire and quickmin: false. */
bool use_restarting(LAMMPS_NS::LAMMPS *lmp);

} // namespace mtp_min

#endif
