/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/pair_table.c
 * A pair part as commands and tables of LAMMPS. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/pair_part.h"
#include "support/support.h"

/* Values of a table, at equal steps of r^2: with so many LAMMPS takes them as they are, and splines between them are
 * right to 1e-7 of the repulsion at 1.5 A. */
#define VALUES 10000
/* Where tables begin, A. */
#define INNER 0.1

static void add_table(mtp_text *text, const mtp_pair_part *p, const mtp_pair_basis *basis, size_t pair, const char *s,
                      const char *t) {
  const double low = INNER * INNER, step = (basis->cutoff * basis->cutoff - low) / (VALUES - 1);
  mtp_text_add(text, "\n%s-%s\nN %d RSQ %.17g %.17g\n\n", s, t, VALUES, INNER, basis->cutoff);
  for (int k = 0; k < VALUES; k++) {
    double slope;
    const double r = k == VALUES - 1 ? basis->cutoff : sqrt(low + k * step);
    const double energy = mtp_pair_part_at(p, basis, pair, r, &slope);
    mtp_text_add(text, "%d %.17g %.17g %.17g\n", k + 1, r, energy, -slope);
  }
}

static mtp_status write_tables(mtp_context *ctx, const mtp_pair_part *p, const mtp_pair_basis *basis,
                               const char *const *names, const char *path) {
  mtp_text text = {0};
  mtp_text_add(&text, "# UNITS: metal\n# pairs of species: number, r (A), energy (eV), force (eV/A)\n");
  for (int s = 0; s < basis->species_count; s++)
    for (int t = s; t < basis->species_count; t++)
      add_table(&text, p, basis, mtp_pair_basis_pair(basis, s, t), names[s], names[t]);
  const mtp_status status = text.failed ? mtp_fail_memory(ctx) : mtp_file_replace(ctx, path, text.data, text.size);
  mtp_text_free(&text);
  return status;
}

static void add_coefficients(mtp_text *text, const mtp_pair_part *p, const char *const *names) {
  for (int s = 0; s < p->basis.species_count; s++)
    for (int t = s; t < p->basis.species_count; t++) {
      mtp_text_add(text, "# %s-%s", names[s], names[t]);
      for (int k = p->basis.first; k <= p->basis.last; k++)
        mtp_text_add(text, " %.17g/r^%d", mtp_pair_part_coefficient(p, s, t, k), k);
      const double r = p->shortest[mtp_pair_basis_pair(&p->basis, s, t)];
      if (isfinite(r))
        mtp_text_add(text, " from %.6g A on\n", r);
      else
        mtp_text_add(text, " (no such pairs in the data)\n");
    }
}

/* In the words and the order in which a run under hybrid/overlay says what its baseline is, so that both have the same
 * hash. */
static mtp_status write_commands(mtp_context *ctx, const mtp_pair_part *p, const char *const *names, double cutoff,
                                 const char *tables, const char *path) {
  mtp_text text = {0};
  mtp_text_add(&text, "# mtp: types");
  for (int s = 0; s < p->basis.species_count; s++) mtp_text_add(&text, " %s", names[s]);
  mtp_text_add(&text, "\n# learned pair part (eV, A), %s\n",
               p->basis.cutoff > 0 ? "cut off smoothly" : "by sums over the lattice, cut off smoothly in the tables");
  add_coefficients(&text, p, names);
  mtp_text_add(&text, "pair_style hybrid/overlay table spline %d\npair_coeff * * none\n", VALUES);
  for (int s = 0; s < p->basis.species_count; s++)
    for (int t = s; t < p->basis.species_count; t++)
      mtp_text_add(&text, "pair_coeff %d %d table \"%s\" %s-%s %.17g\n", s + 1, t + 1, tables, names[s], names[t],
                   cutoff);
  const mtp_status status = text.failed ? mtp_fail_memory(ctx) : mtp_file_replace(ctx, path, text.data, text.size);
  mtp_text_free(&text);
  return status;
}

mtp_status mtp_pair_part_write(mtp_context *ctx, const mtp_pair_part *p, const char *const *names, double cutoff,
                               const char *path) {
  if (!p || !names || !path) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "pair part: expected one, names and a path");
  mtp_pair_basis basis = p->basis;
  if (basis.cutoff == 0.0) basis.cutoff = cutoff;
  if (!(basis.cutoff > INNER) || !isfinite(basis.cutoff))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "pair part: a table needs a cutoff above %g A", INNER);
  mtp_text tables = {0};
  mtp_text_add(&tables, "%s.table", path);
  mtp_status status = tables.failed ? mtp_fail_memory(ctx) : write_tables(ctx, p, &basis, names, tables.data);
  if (status == MTP_OK) status = write_commands(ctx, p, names, basis.cutoff, tables.data, path);
  mtp_text_free(&tables);
  return status;
}
