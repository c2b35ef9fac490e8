/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/rotate.h
 * Turning cells into the orientation that programs ask for: right-handed, a along x, b in the xy plane. LAMMPS has no
 * other boxes, i-PI's protocol no other cells. */
#ifndef MTP_CONFIG_ROTATE_H
#define MTP_CONFIG_ROTATE_H

#include <stdbool.h>

/** Is the cell (rows are lattice vectors) already so? */
bool mtp_is_restricted(const double cell[9]);
/** The rotation that turns a right-handed basis of some volume into that orientation. `axes` are its rows, the new axes
 * in the old frame (exactly the identity where nothing has to be turned); `cell` is the turned basis, with exact zeros
 * above its diagonal. */
void mtp_rotation_make(const double basis[9], double axes[9], double cell[9]);
/** Into the new frame, and back from it; `v` and `out` must not overlap. */
void mtp_rotate(const double axes[9], const double v[3], double out[3]);
void mtp_rotate_back(const double axes[9], const double v[3], double out[3]);
/** A symmetric tensor xx yy zz xy xz yz back from the new frame, in place. */
void mtp_rotate_tensor_back(const double axes[9], double tensor[6]);

#endif
