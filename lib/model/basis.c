/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/basis.c
 * Index lists as objects: checking, copying, freeing, and recognising the standard ones. Their construction is in
 * enumerate.c. */
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

void mtp_basis_clear(mtp_basis *basis) {
  if (!basis) return;
  free(basis->basic);
  free(basis->times);
  free(basis->mapping);
  memset(basis, 0, sizeof *basis);
}

static void *duplicate(const void *data, int count, size_t size) {
  void *copy = mtp_calloc((size_t)count, size);
  if (copy && count) memcpy(copy, data, (size_t)count * size);
  return copy;
}

mtp_status mtp_basis_copy(mtp_context *ctx, const mtp_basis *basis, mtp_basis *out) {
  mtp_basis copy = *basis;
  copy.basic = duplicate(basis->basic, basis->nbasic, sizeof *basis->basic);
  copy.times = duplicate(basis->times, basis->ntimes, sizeof *basis->times);
  copy.mapping = duplicate(basis->mapping, basis->nscalars, sizeof *basis->mapping);
  if (!copy.basic || !copy.times || !copy.mapping) {
    mtp_basis_clear(&copy);
    return mtp_fail_memory(ctx);
  }
  *out = copy;
  return MTP_OK;
}

int mtp_basis_radial_count(const mtp_basis *basis) {
  int largest = -1;
  for (int i = 0; i < basis->nbasic; i++)
    if (basis->basic[i][0] > largest) largest = basis->basic[i][0];
  return largest + 1;
}

static mtp_status check_basic(mtp_context *ctx, const mtp_basis *basis, int radial_count, const char *path) {
  if (basis->nbasic < 1) return mtp_fail(ctx, MTP_ERR_FORMAT, "%s: alpha_index_basic is empty", path);
  for (int i = 0; i < basis->nbasic; i++) {
    const int *m = basis->basic[i];
    if (m[0] < 0 || m[0] >= radial_count)
      return mtp_fail(ctx, MTP_ERR_FORMAT, "%s: alpha_index_basic entry %d: expected mu in 0..%d, found %d", path, i,
                      radial_count - 1, m[0]);
    for (int d = 1; d < 4; d++)
      if (m[d] < 0 || m[d] > MTP_MAX_RANK)
        return mtp_fail(ctx, MTP_ERR_FORMAT, "%s: alpha_index_basic entry %d: expected powers in 0..%d, found %d", path,
                        i, MTP_MAX_RANK, m[d]);
    if (m[1] + m[2] + m[3] > MTP_MAX_RANK)
      return mtp_fail(ctx, MTP_ERR_UNSUPPORTED,
                      "%s: alpha_index_basic entry %d: tensor rank %d, at most %d is supported", path, i,
                      m[1] + m[2] + m[3], MTP_MAX_RANK);
  }
  return MTP_OK;
}

/* last[m]: the last product that adds to moment m. */
static mtp_status check_times(mtp_context *ctx, const mtp_basis *basis, const char *path, int *last) {
  for (int m = 0; m < basis->nmoments; m++) last[m] = -1;
  for (int t = 0; t < basis->ntimes; t++) {
    const int *e = basis->times[t];
    if (e[3] < basis->nbasic || e[3] >= basis->nmoments)
      return mtp_fail(ctx, MTP_ERR_FORMAT, "%s: alpha_index_times entry %d: expected a target in %d..%d, found %d",
                      path, t, basis->nbasic, basis->nmoments - 1, e[3]);
    for (int s = 0; s < 2; s++)
      if (e[s] < 0 || e[s] >= e[3])
        return mtp_fail(ctx, MTP_ERR_FORMAT,
                        "%s: alpha_index_times entry %d: expected factors below their target %d, found %d", path, t,
                        e[3], e[s]);
    last[e[3]] = t;
  }
  for (int t = 0; t < basis->ntimes; t++)
    for (int s = 0; s < 2; s++)
      if (last[basis->times[t][s]] > t)
        return mtp_fail(ctx, MTP_ERR_FORMAT,
                        "%s: alpha_index_times entry %d uses moment %d, which entry %d still adds to; expected "
                        "complete factors",
                        path, t, basis->times[t][s], last[basis->times[t][s]]);
  return MTP_OK;
}

/* `seen` is work space of one int a moment. */
static mtp_status check_mapping(mtp_context *ctx, const mtp_basis *basis, const char *path, int *seen) {
  if (basis->nscalars < 1) return mtp_fail(ctx, MTP_ERR_FORMAT, "%s: alpha_moment_mapping is empty", path);
  memset(seen, 0, (size_t)basis->nmoments * sizeof *seen);
  for (int t = 0; t < basis->nscalars; t++) {
    int m = basis->mapping[t];
    if (m < 0 || m >= basis->nmoments)
      return mtp_fail(ctx, MTP_ERR_FORMAT, "%s: alpha_moment_mapping entry %d: expected a moment in 0..%d, found %d",
                      path, t, basis->nmoments - 1, m);
    if (seen[m]++)
      return mtp_fail(ctx, MTP_ERR_FORMAT, "%s: alpha_moment_mapping entry %d: moment %d is listed twice", path, t, m);
  }
  return MTP_OK;
}

mtp_status mtp_basis_check(mtp_context *ctx, const mtp_basis *basis, int radial_count, const char *path) {
  mtp_status status = check_basic(ctx, basis, radial_count, path);
  if (status != MTP_OK) return status;
  /* each derived moment needs a product, which also bounds what a count in a file may make us allocate */
  if (basis->nmoments < basis->nbasic || basis->nmoments - basis->nbasic > basis->ntimes)
    return mtp_fail(ctx, MTP_ERR_FORMAT,
                    "%s: alpha_moments_count = %d does not go with %d basic moments and %d products", path,
                    basis->nmoments, basis->nbasic, basis->ntimes);
  int *work = mtp_calloc((size_t)basis->nmoments, sizeof *work);
  if (!work) return mtp_fail_memory(ctx);
  status = check_times(ctx, basis, path, work);
  if (status == MTP_OK) status = check_mapping(ctx, basis, path, work);
  free(work);
  return status;
}

/* Counts of the standard lists, spec section 3. The length of alpha_index_times is left out: it depends on how the
 * contractions are factored, not on what they are. */
int mtp_basis_level(const mtp_basis *basis) {
  static const struct {
    int level, radial, basic, scalars;
  } standard[] = {{2, 1, 1, 1},      {4, 1, 1, 2},      {6, 2, 5, 5},       {8, 2, 11, 9},      {10, 3, 25, 16},
                  {12, 3, 46, 29},   {14, 4, 81, 52},   {16, 4, 130, 92},   {18, 5, 201, 163},  {20, 5, 295, 288},
                  {22, 6, 421, 500}, {24, 6, 581, 864}, {26, 6, 706, 1464}, {28, 6, 866, 2445}, {30, 6, 988, 3996}};
  int radial = mtp_basis_radial_count(basis);
  for (size_t i = 0; i < sizeof standard / sizeof standard[0]; i++)
    if (standard[i].radial == radial && standard[i].basic == basis->nbasic && standard[i].scalars == basis->nscalars)
      return standard[i].level;
  return 0;
}
