/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/sample.h
 * A labelled configuration as learning sees it: with its neighbour list, which is searched for once, and held by all
 * that learn from it (a training set, active sets) instead of copied. */
#ifndef MTP_SAMPLE_H
#define MTP_SAMPLE_H

#include <stdatomic.h>

#include "mtp/config.h"
#include "mtp/neighbors.h"

/** What a configuration is there for. */
typedef enum mtp_sample_kind {
  MTP_SAMPLE_ORDINARY, /**< one that a run met, or may meet */
  MTP_SAMPLE_SQUEEZED  /**< see mtp_config_is_squeezed */
} mtp_sample_kind;

/** Fields are for reading. */
typedef struct mtp_sample {
  const mtp_config *config;
  mtp_sample_kind kind;
  const bool
      *counts; /**< [n] whether an atom has forces and a row of its own to learn from; NULL, so far always: all */
  mtp_neighbors *kept; /**< neighbours within `cutoff`, or NULL: they are searched for whenever they are needed */
  double cutoff;
  double scale;    /**< all weights of the configuration are multiplied by it; 1 */
  mtp_config *own; /**< the same as `config`; NULL if that is borrowed */
  atomic_size_t holders;
} mtp_sample;

/** A sample that is held by the caller alone and owns `cfg`; NULL when memory is exhausted, and `cfg` stays as it is.
 */
mtp_sample *mtp_sample_new(mtp_config *cfg);
/** The same of a configuration that outlives it. */
mtp_sample *mtp_sample_borrow(const mtp_config *cfg);
/** One on the stack, which nobody holds. */
mtp_sample mtp_sample_of(const mtp_config *cfg);
/** Another holder; returns `sample`. */
mtp_sample *mtp_sample_hold(mtp_sample *sample);
/** One holder less; with the last one it goes. */
void mtp_sample_release(mtp_sample *sample);

/** Searches for the neighbours within `cutoff` and keeps them. Not while others use the sample. */
mtp_status mtp_sample_keep_neighbors(mtp_context *ctx, mtp_sample *sample, double cutoff);
/** The neighbours that are kept, or found now; to be released. Any thread may ask. */
mtp_status mtp_sample_acquire_neighbors(mtp_context *ctx, const mtp_sample *sample, double cutoff, mtp_neighbors **out);
void mtp_sample_release_neighbors(const mtp_sample *sample, mtp_neighbors *nb);

/** What its energy, its forces and its stress weigh. */
mtp_status mtp_sample_weights(mtp_context *ctx, const mtp_sample *sample, double weights[3]);

/** The distance of the closest atoms within `cutoff`; infinite if there are none. */
mtp_status mtp_sample_smallest_distance(mtp_context *ctx, const mtp_sample *sample, double cutoff, double *distance);

/** Samples of one species table, in their order. */
typedef struct mtp_sample_set {
  size_t n;
  mtp_sample **sample;  /**< [n], held by the set */
  mtp_config_set *view; /**< their configurations, which the samples own: nothing is appended or freed here */
  size_t capacity;
  double bytes; /**< memory of the neighbours that are kept */
} mtp_sample_set;

/** An empty set; NULL when memory is exhausted. */
mtp_sample_set *mtp_sample_set_new(void);
void mtp_sample_set_free(mtp_sample_set *set);
/** Borrows all configurations of `from` and the names of its species. */
mtp_status mtp_sample_set_borrow(mtp_context *ctx, const mtp_config_set *from, mtp_sample_set **out);
/** Appends all configurations of `from`, which go over to samples: its places are empty afterwards. */
mtp_status mtp_sample_set_adopt(mtp_context *ctx, mtp_sample_set *set, mtp_config_set *from);
/** Takes the names of the species of another set. */
mtp_status mtp_sample_set_name(mtp_context *ctx, mtp_sample_set *set, int count, char *const *names);
/** Appends a sample, which the set then holds as well. */
mtp_status mtp_sample_set_add(mtp_context *ctx, mtp_sample_set *set, mtp_sample *sample);
/** What squeezed ones weigh, in units of what their configurations ask for. */
void mtp_sample_set_scale_squeezed(const mtp_sample_set *set, double scale);
/** Whether neighbours may be kept: all lists together have a limit. */
bool mtp_sample_set_has_room(const mtp_sample_set *set);
/** Keeps the neighbours within `cutoff` of the samples from `first` on, searched for in `threads` threads, while
 * there is room. */
mtp_status mtp_sample_set_keep_neighbors(mtp_context *ctx, mtp_sample_set *set, size_t first, double cutoff,
                                         int threads);

#endif
