/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/model.h
 * What is inside a potential, for the parts of the library that compute with it. */
#ifndef MTP_MODEL_H
#define MTP_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "mtp/potential.h"
#include "support/support.h"

#define MTP_MAX_RADIAL_SIZE 32
#define MTP_MAX_SPECIES     128
/** Words of the tag, see mtp_potential_size_is_free. */
#define MTP_FREE_SIZE     "radial_size=auto"
#define MTP_FREE_MIN_DIST "min_dist=auto"
#define MTP_MAX_RANK      10 /* largest nu of a standard basis; files with more are refused */

/** Index lists of spec section 1 and 3. */
typedef struct mtp_basis {
  int nbasic;
  int (*basic)[4]; /**< [nbasic] mu a b c */
  int ntimes;
  int (*times)[4]; /**< [ntimes] i j p k: m_k += p m_i m_j, in this order */
  int nmoments;    /**< basic and derived */
  int nscalars;    /**< S */
  int *mapping;    /**< [S] moment of each scalar basis function */
} mtp_basis;

/** The standard basis of an even level 2..30 by the graph rule. */
mtp_status mtp_basis_enumerate(mtp_context *ctx, int level, mtp_basis *out);
/** Checks index ranges and order (every entry refers to lower-numbered moments, targets complete before they are used).
 * One line on failure. */
mtp_status mtp_basis_check(mtp_context *ctx, const mtp_basis *basis, int radial_count, const char *path);
mtp_status mtp_basis_copy(mtp_context *ctx, const mtp_basis *basis, mtp_basis *out);
void mtp_basis_clear(mtp_basis *basis);
/** Level of lists that are standard (by their counts), else 0. */
int mtp_basis_level(const mtp_basis *basis);
/** K = 1 + largest mu. */
int mtp_basis_radial_count(const mtp_basis *basis);

typedef enum mtp_radial_type { MTP_RADIAL_CHEBYSHEV, MTP_RADIAL_CHEBYSHEV_REPULS, MTP_RADIAL_SHAPEEV } mtp_radial_type;

/** A radial basis Q_k(r) = weight(r) * p_k(xi(r)), xi = (2r - a - b)/(b - a), with polynomials by a three-term
 * recurrence: p_0 = start, p_1 = (alpha[0] xi + beta[0]) p_0, p_{k+1} = (alpha[k] xi + beta[k]) p_k + gamma[k] p_{k-1}.
 *  Chebyshev: weight = scaling (r-b)^2. Shapeev: weight = scaling (a/r)^2 ((b-r)/(b-a))^2, xi = 2t-1.
 *  Repulsive: r is clamped to a from below with zero derivative (also at a itself), and every directed neighbour below
 * a adds 1e4 (exp(-10(r-1)) - exp(-10(a-1))) to the site energy (not scaled, no parameters). */
typedef struct mtp_radial {
  mtp_radial_type type;
  double min_dist, max_dist; /**< a, b */
  double scaling;            /**< product of the two scalings a file may hold */
  int size;                  /**< R */
  double start;
  double alpha[MTP_MAX_RADIAL_SIZE], beta[MTP_MAX_RADIAL_SIZE], gamma[MTP_MAX_RADIAL_SIZE];
} mtp_radial;

/** Fills the recurrence from type and size. */
void mtp_radial_prepare(mtp_radial *radial);
/** Values q[R] and derivatives dq[R] at r (< b); dq may be NULL. Includes scaling, not the repulsion. */
void mtp_radial_values(const mtp_radial *radial, double r, double *q, double *dq);
/** A number that a program left for itself as the word key=number in potential_tag, which others ignore; NaN where
 * there is none. Setting it replaces what was there. */
double mtp_potential_note(const mtp_potential *pot, const char *key);
mtp_status mtp_potential_set_note(mtp_context *ctx, mtp_potential *pot, const char *key, double number);
/** The same for one word: where it begins in the tag (it ends at a blank), NULL where there is none. Setting NULL takes
 * it out. */
const char *mtp_potential_text_note(const mtp_potential *pot, const char *key);
mtp_status mtp_potential_set_text_note(mtp_context *ctx, mtp_potential *pot, const char *key, const char *value);
const char *mtp_radial_type_name(mtp_radial_type type);

struct mtp_potential {
  char *name; /**< potential_name, one word */
  char *tag;  /**< potential_tag without the elements= part, may be "" */
  int nspecies;
  int *labels;     /**< [C] as in the pair blocks */
  char **elements; /**< [C] or NULL */
  mtp_radial radial;
  int nradial; /**< K */
  mtp_basis basis;
  bool trained; /**< linear coefficients are set; radial ones always are */
  size_t nparams;
  double *params; /**< [nparams] */
};

/** Offsets into the parameter vector. */
static inline size_t mtp_offset_radial(const mtp_potential *p, int zi, int zj) {
  return ((size_t)zi * (size_t)p->nspecies + (size_t)zj) * (size_t)p->nradial * (size_t)p->radial.size;
}
static inline size_t mtp_offset_species(const mtp_potential *p) {
  return (size_t)p->nspecies * (size_t)p->nspecies * (size_t)p->nradial * (size_t)p->radial.size;
}
static inline size_t mtp_offset_moment(const mtp_potential *p) {
  return mtp_offset_species(p) + (size_t)p->nspecies;
}

/** A copy that counts as trained, all of whose linear coefficients are zero: for what only its functions matter to. */
mtp_status mtp_potential_blank(mtp_context *ctx, const mtp_potential *pot, mtp_potential **out);
/** Allocates params for the sizes in `pot`, all zero. */
mtp_status mtp_potential_allocate(mtp_context *ctx, mtp_potential *pot);
/** Decaying radial functions for all pairs (design: see mtp_potential_new); overwrites the radial part of params. */
mtp_status mtp_potential_init_radial(mtp_context *ctx, mtp_potential *pot);

/** The radial basis and the parameters of a potential with the same species and moments. */
mtp_status mtp_potential_adopt(mtp_context *ctx, mtp_potential *pot, const mtp_potential *from);

/** Text of the potential part as written to files, without a final newline. */
mtp_status mtp_potential_text(mtp_context *ctx, const mtp_potential *pot, mtp_text *text);
/** Bytes of the lines of comment before a potential, which LAMMPS asks of every file of parameters:
 * "# DATE: 2025-01-16 UNITS: metal CONTRIBUTOR: ...". */
size_t mtp_potential_comments(size_t size, const char *data);
/** Warns of what is valid in a potential read from data[size], but hardly meant: radial functions that no moment uses,
 * a comment that says other units than metal. */
void mtp_potential_remark(mtp_context *ctx, const char *path, const mtp_potential *pot, const char *data, size_t size);
/** Where the text of a potential ends and an active set begins: the first line that starts with '#' (.almtp) or '^'
 * (.als); NULL if there is none. */
const char *mtp_potential_section(const char *data, size_t size);
/** Parses the potential part in data[size]; `path` is for messages; *end (may be NULL) receives the number of bytes
 * used (up to after the last closing brace). */
mtp_status mtp_potential_parse(mtp_context *ctx, const char *path, const char *data, size_t size, mtp_potential **out,
                               size_t *end);

#endif
