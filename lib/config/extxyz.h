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
/** What the comment line may hold as a label. Of LABEL_ENERGY and LABEL_FREE_ENERGY the latter counts. */
typedef enum mtp_label {
  LABEL_NONE,
  LABEL_ENERGY,
  LABEL_FREE_ENERGY,
  LABEL_FORCES,
  LABEL_VIRIAL,
  LABEL_STRESS,
  LABEL_COUNT
} mtp_label;

/** Behind hints at the option --keys: decks have none. */
#define MTP_EXTXYZ_FOR_DECKS " (mtp convert, for a deck)"

/** What is known of the labels of a file while it is read. */
typedef struct mtp_extxyz_labels {
  mtp_label_keys keys;
  bool seen[LABEL_COUNT];     /**< in some record */
  mtp_dropped unread;         /**< names that look like labels */
  mtp_text hint[LABEL_COUNT]; /**< the first of them that could be read as this */
  bool told_free_energy;      /**< that it is not the energy of the same record */
  bool energy_alone;          /**< some record has that and no free energy */
} mtp_extxyz_labels;

/** Which label the key of a comment line, or the column of that name, is. */
mtp_label mtp_extxyz_label_of_key(const mtp_extxyz_labels *labels, const char *key);
mtp_label mtp_extxyz_label_of_column(const mtp_extxyz_labels *labels, mtp_span name);
/** Fails if the name that the user chose says other units than ours. */
mtp_status mtp_extxyz_check_key(mtp_scan *scan, const char *key);
/** True if a key that is not read is usual for a label, so that it needs another name to be kept. */
bool mtp_extxyz_is_usual(const char *key);
/** Notes a key or column that is not read, if it looks like a label. */
void mtp_extxyz_note_key(mtp_extxyz_labels *labels, const char *key, const char *value);
bool mtp_extxyz_note_column(mtp_extxyz_labels *labels, mtp_span name, int columns);
/** True for a key such as energy_unit whose value is not the unit that we need; *of is what it speaks of, LABEL_NONE:
 * of positions or of everything. */
bool mtp_extxyz_is_other_unit(const char *key, const char *value, mtp_label *of);
/** The warning on what was not read, and an error or a warning if a chosen key is in no record; frees the lists.
 * `any_record`: the file was read well and holds one. */
mtp_status mtp_extxyz_labels_end(mtp_extxyz_labels *labels, mtp_context *ctx, const char *path, bool any_record);

/** Keys that stand for fields of a configuration, whatever the case of their letters. */
bool mtp_extxyz_is_reserved(const char *key);

#endif
