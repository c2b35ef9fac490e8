/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/crystal.h
 * The atoms of `mtp bench`: a periodic fcc crystal, every atom displaced, species handed out at random. */
#ifndef MTP_CLI_CRYSTAL_H
#define MTP_CLI_CRYSTAL_H

#include "cli/cli.h"

enum { CRYSTAL_CELL_ATOMS = 4 };

/** cells^3 cells of lattice constant 1; NULL when memory is exhausted. */
mtp_config *crystal_new(int cells, int species_count);
void crystal_scale(mtp_config *cfg, double lattice);
/** Lattice constant at which atoms of a crystal of lattice constant 1 have `neighbours` others inside the cutoff on
 * average. Fails if atoms would be closer than min_dist. */
int crystal_choose_lattice(cli *c, const mtp_potential *pot, const mtp_config *cfg, size_t neighbours, double *lattice);
/** Pairs within the cutoff, each from both sides. */
size_t crystal_count_pairs(const mtp_neighbors *nb, double cutoff);

#endif
