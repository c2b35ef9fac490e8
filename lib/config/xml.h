/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/xml.h
 * Finding elements and numbers in the XML files of engines. */
#ifndef MTP_CONFIG_XML_H
#define MTP_CONFIG_XML_H

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>

/** To be called before several threads parse. */
void mtp_xml_start(void);

/** Parses text[size] without going to the network. XML_PARSE_NOERROR leaves out what goes wrong in converting an
 * encoding, which libxml2 prints by the function of the thread for errors that belong to no parser: that one is put
 * aside meanwhile. `options` are further ones. */
xmlDoc *mtp_xml_parse(xmlParserCtxt *parser, const char *text, size_t size, const char *path, int options);

/** Parses a file without going to the network; NULL if it cannot be read (*found false), or is cut short or no XML.
 * Freed by xmlFreeDoc. */
xmlDoc *mtp_xml_open(const char *path, bool *found);

/** The first element at a path such as "output/total_energy/etot" below `node`, which may be NULL; a part
 * "varray=forces" is an element <varray name="forces">. NULL if there is none. */
xmlNode *mtp_xml_find(xmlNode *node, const char *path);

/** Exactly `count` numbers, and nothing else, from the text of an element and of those within; false for NULL. */
bool mtp_xml_numbers(xmlNode *node, double *out, size_t count);

bool mtp_xml_attribute_is(xmlNode *node, const char *name, const char *expected);

#endif
