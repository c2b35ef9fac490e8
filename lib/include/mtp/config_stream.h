/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/config_stream.h
 * A file of configurations read in pieces: what does not fit into memory (a trajectory of millions of atoms) is seen
 * piece by piece, as often as needed. Pieces are some megabytes of text, whole configurations, at least one.
 */
#ifndef MTP_CONFIG_STREAM_H
#define MTP_CONFIG_STREAM_H

#include "mtp/config.h"
#include "mtp/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mtp_config_stream mtp_config_stream;

/** Opens a file, compressed by gzip or not, as mtp_config_set_read does (`options` may be NULL). Extended XYZ, cfg and
 * LAMMPS dumps are read in pieces; the other formats, pipes and "-" are held in memory as a whole. */
MTP_API mtp_status mtp_config_stream_open(mtp_context *ctx, const char *path, const mtp_read_options *options,
                                          mtp_config_stream **out);
MTP_API void mtp_config_stream_close(mtp_config_stream *stream);

/** Species of all pieces are those of `names` from now on, as mtp_config_set_map_species makes them of the whole file;
 * the next piece is the first one. Reads the file once where types have numbers. */
MTP_API mtp_status mtp_config_stream_map_species(mtp_context *ctx, mtp_config_stream *stream, int count,
                                                 const char *const *names);

/** The next piece, which belongs to the stream and is valid until the next call; NULL at the end of the file. Errors
 * are those of mtp_config_set_read, when the piece with the bad byte is read. Warnings are given once. */
MTP_API mtp_status mtp_config_stream_next(mtp_context *ctx, mtp_config_stream *stream, const mtp_config_set **out);
/** The next piece is the first one again. */
MTP_API mtp_status mtp_config_stream_rewind(mtp_context *ctx, mtp_config_stream *stream);
/** Part of the file that has been read, 0 to 1. */
MTP_API double mtp_config_stream_done(const mtp_config_stream *stream);

#ifdef __cplusplus
}
#endif
#endif
