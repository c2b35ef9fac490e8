/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/extxyz.h
 * The comment line of extended XYZ as a list of keys and values. */
#ifndef MTP_CONFIG_EXTXYZ_H
#define MTP_CONFIG_EXTXYZ_H

#include "config/config_internal.h"

/** Reads the next `key=value` (or bare key, which means T) of the line. The two texts are malloc'ed and hold what is
 * between quotes or braces, with escapes undone; brackets stay. *key is NULL at the end of the line. */
mtp_status mtp_extxyz_next_pair(mtp_scan *scan, mtp_span *line, char **key, char **value);
/** Appends ` key=value`, quoted where needed. */
void mtp_extxyz_add_pair(mtp_text *text, const char *key, const char *value);
/** Keys that stand for fields of a configuration, whatever the case of their letters. */
bool mtp_extxyz_is_reserved(const char *key);

#endif
