/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/xml.c
 * Finding elements and numbers in the XML files of engines. */
#include "config/xml.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "support/support.h"

void mtp_xml_start(void) {
  xmlInitParser();
}

static void say_nothing(void *user, const char *message, ...) {
  (void)user;
  (void)message;
}

xmlDoc *mtp_xml_parse(xmlParserCtxt *parser, const char *text, size_t size, const char *path, int options) {
  const xmlGenericErrorFunc printer = xmlGenericError;
  void *user = xmlGenericErrorContext;
  xmlSetGenericErrorFunc(NULL, say_nothing);
  xmlDoc *doc = xmlCtxtReadMemory(parser, text, (int)size, path, NULL,
                                  options | XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  xmlSetGenericErrorFunc(user, printer);
  return doc;
}

xmlDoc *mtp_xml_open(const char *path, bool *found) {
  char *text = NULL;
  size_t size = 0;
  *found = mtp_file_read(NULL, path, &text, &size) == MTP_OK && size <= INT_MAX;
  xmlDoc *doc = NULL;
  xmlParserCtxt *parser = *found ? xmlNewParserCtxt() : NULL;
  if (parser) doc = mtp_xml_parse(parser, text, size, path, 0);
  xmlFreeParserCtxt(parser);
  free(text);
  return doc;
}

bool mtp_xml_attribute_is(xmlNode *node, const char *name, const char *expected) {
  xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
  bool same = value && strcmp((const char *)value, expected) == 0;
  xmlFree(value);
  return same;
}

/* Whether an element is what a part of a path asks for: NAME, or NAME=VALUE of its attribute `name`. */
static bool is_part(xmlNode *node, const char *part, size_t length) {
  const char *equals = memchr(part, '=', length);
  size_t name_length = equals ? (size_t)(equals - part) : length;
  if (node->type != XML_ELEMENT_NODE || xmlStrlen(node->name) != (int)name_length ||
      strncmp((const char *)node->name, part, name_length) != 0)
    return false;
  if (!equals) return true;
  xmlChar *value = xmlGetProp(node, (const xmlChar *)"name");
  size_t value_length = length - name_length - 1;
  bool same =
      value && xmlStrlen(value) == (int)value_length && strncmp((const char *)value, equals + 1, value_length) == 0;
  xmlFree(value);
  return same;
}

static xmlNode *child(xmlNode *node, const char *part, size_t length) {
  for (xmlNode *c = node->children; c; c = c->next)
    if (is_part(c, part, length)) return c;
  return NULL;
}

xmlNode *mtp_xml_find(xmlNode *node, const char *path) {
  while (node && *path) {
    size_t length = strcspn(path, "/");
    node = child(node, path, length);
    path += length + (path[length] == '/');
  }
  return node;
}

static bool numbers_in(const char *text, double *out, size_t count) {
  for (size_t i = 0; i < count; i++) {
    char *end;
    out[i] = mtp_strtod(text, &end);
    if (end == text) return false;
    text = end;
  }
  return text[strspn(text, " \t\r\n")] == 0;
}

bool mtp_xml_numbers(xmlNode *node, double *out, size_t count) {
  xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
  bool ok = text && numbers_in((const char *)text, out, count);
  xmlFree(text);
  return ok;
}
