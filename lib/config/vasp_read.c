/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/vasp_read.c
 * All ionic steps of an OUTCAR or a vasprun.xml, with their labels where the electrons converged. */
#include <libxml/parser.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "config/outcar.h"
#include "config/units.h"
#include "config/xml.h"

/* ---- what both have in common ---- */

/* A step whose electrons did not converge has its atoms and nothing that could be learned from. */
static mtp_status drop_labels(mtp_context *ctx, mtp_config *cfg) {
  cfg->has_energy = cfg->has_virial = false;
  free(cfg->force);
  cfg->force = NULL;
  return mtp_config_set_feature(ctx, cfg, "converged", "F");
}

static void tell_unconverged(mtp_context *ctx, const char *path, size_t unconverged, size_t steps) {
  if (unconverged)
    mtp_message(ctx, MTP_WARNING, "%s: the electrons of %zu of %zu ionic steps did not converge: these have no labels",
                path, unconverged, steps);
}

/* Of a job that was killed, or still runs. */
static mtp_status judge_cut(mtp_scan *scan, const mtp_read_options *options, size_t steps) {
  if (steps == 0) return mtp_scan_fail(scan, "found no ionic step that is whole, with energy and forces");
  if (!options || !(options->whole_records || options->tolerate_cut_tail))
    return mtp_scan_fail(scan, "found the end of the file within an ionic step: it is cut short");
  mtp_message(scan->ctx, MTP_WARNING, "%s:%zu: the last ionic step is cut short and was left out", scan->path,
              scan->line);
  return MTP_OK;
}

/* ---- OUTCAR ---- */

static size_t count_lines(const char *data, size_t size) {
  size_t lines = 1;
  for (const char *at = data, *end = data + size; (at = memchr(at, '\n', (size_t)(end - at))); at++) lines++;
  return size && data[size - 1] == '\n' ? lines - 1 : lines;
}

/* The steps go to the set, with the species of that. */
static mtp_status move_steps(mtp_context *ctx, mtp_vasp_output *out, mtp_config_set *set, size_t *unconverged) {
  mtp_config_set *steps = out->steps;
  int *species = mtp_calloc((size_t)steps->species_count, sizeof *species);
  mtp_status status = species ? MTP_OK : mtp_fail_memory(ctx);
  for (int s = 0; s < steps->species_count && status == MTP_OK; s++)
    if ((species[s] = mtp_config_set_species(set, steps->names[s])) < 0) status = mtp_fail_memory(ctx);
  for (size_t k = 0; k < steps->n && status == MTP_OK; k++) {
    mtp_config *cfg = steps->configs[k];
    for (size_t i = 0; i < cfg->n; i++) cfg->species[i] = species[cfg->species[i]];
    if (!out->converged[k]) {
      ++*unconverged;
      status = drop_labels(ctx, cfg);
    }
    if (status != MTP_OK) break;
    steps->configs[k] = NULL;
    status = mtp_config_set_append(ctx, set, cfg);
  }
  free(species);
  return status;
}

mtp_status mtp_outcar_parse(mtp_context *ctx, const char *path, const char *data, size_t size, size_t first_line,
                            const mtp_read_options *options, mtp_config_set *set) {
  mtp_scan scan = mtp_scan_start(ctx, path, data, size, first_line);
  mtp_vasp_output out;
  size_t unconverged = 0;
  const size_t first = set->n;
  mtp_status status = mtp_vasp_outcar_parse(ctx, scan.path, data, size, &out);
  if (status != MTP_OK) return status;
  const size_t steps = out.steps->n;
  const bool cut = steps == 0 || !out.last_is_complete;
  scan.line = count_lines(data, size);
  if (cut) status = judge_cut(&scan, options, steps);
  if (status == MTP_OK && out.begun - cut > steps)
    mtp_message(ctx, MTP_WARNING, "%s: %zu of %zu ionic steps have no forces or no energy and were left out", scan.path,
                out.begun - cut - steps, out.begun);
  if (status == MTP_OK) status = move_steps(ctx, &out, set, &unconverged);
  mtp_vasp_output_free(&out);
  if (status == MTP_OK) tell_unconverged(ctx, scan.path, unconverged, steps);
  if (status != MTP_OK) mtp_set_truncate(set, first);
  set->dropped_tail = cut;
  set->good_size = -1;
  return status;
}

/* ---- vasprun.xml ---- */

typedef struct run {
  mtp_scan scan; /* for messages */
  mtp_config_set *set;
  size_t n;
  int *species;
  double most_steps; /* NELM */
  size_t unconverged;
} run;

static mtp_status fail_at(run *r, xmlNode *node, const char *what) {
  if (node) r->scan.line = (size_t)xmlGetLineNo(node);
  return mtp_scan_fail(&r->scan, "found something else, expected %s", what);
}

static bool are_finite(const double *values, size_t count) {
  for (size_t k = 0; k < count; k++)
    if (!isfinite(values[k])) return false;
  return true;
}

/* `count` numbers of an element below `parent`. */
static mtp_status need_numbers(run *r, xmlNode *parent, const char *path, double *values, size_t count) {
  xmlNode *node = mtp_xml_find(parent, path);
  if (node && mtp_xml_numbers(node, values, count) && are_finite(values, count)) return MTP_OK;
  char what[96];
  snprintf(what, sizeof what, "%zu numbers in %s", count, path);
  return fail_at(r, node ? node : parent, what);
}

static size_t count_children(xmlNode *parent, const char *name) {
  size_t count = 0;
  for (xmlNode *c = parent ? parent->children : NULL; c; c = c->next)
    count += c->type == XML_ELEMENT_NODE && strcmp((const char *)c->name, name) == 0;
  return count;
}

static mtp_status read_atoms(run *r, xmlNode *root) {
  xmlNode *atoms = mtp_xml_find(root, "atominfo/array=atoms/set");
  r->n = count_children(atoms, "rc");
  if (r->n == 0) return fail_at(r, root, "atominfo with the elements of the atoms");
  r->species = mtp_calloc(r->n, sizeof *r->species);
  if (!r->species) return mtp_fail_memory(r->scan.ctx);
  size_t i = 0;
  for (xmlNode *c = atoms->children; c; c = c->next) {
    if (c->type != XML_ELEMENT_NODE || strcmp((const char *)c->name, "rc") != 0) continue;
    xmlNode *cell = mtp_xml_find(c, "c");
    xmlChar *text = cell ? xmlNodeGetContent(cell) : NULL;
    mtp_span rest = {(const char *)text, text ? strlen((const char *)text) : 0}, name;
    const bool ok = mtp_span_token(&rest, &name) && mtp_span_is_name(name);
    if (ok) r->species[i] = mtp_set_species_of(r->set, name);
    xmlFree(text);
    if (!ok) return fail_at(r, c, "the element of an atom");
    if (r->species[i++] < 0) return mtp_fail_memory(r->scan.ctx);
  }
  return MTP_OK;
}

/* The first element <i name="..."> anywhere below. */
static xmlNode *find_item(xmlNode *node, const char *name) {
  for (xmlNode *c = node ? node->children : NULL; c; c = c->next) {
    if (c->type != XML_ELEMENT_NODE) continue;
    if (strcmp((const char *)c->name, "i") == 0 && mtp_xml_attribute_is(c, "name", name)) return c;
    xmlNode *found = find_item(c, name);
    if (found) return found;
  }
  return NULL;
}

static mtp_status read_structure(run *r, xmlNode *calculation, mtp_config *cfg) {
  xmlNode *structure = mtp_xml_find(calculation, "structure");
  mtp_status status = need_numbers(r, structure ? structure : calculation, "crystal/varray=basis", cfg->cell, 9);
  if (status == MTP_OK && !(mtp_config_volume(cfg) > 0))
    return fail_at(r, structure, "lattice vectors that span a volume");
  if (status == MTP_OK) status = need_numbers(r, structure, "varray=positions", cfg->x, 3 * cfg->n);
  if (status != MTP_OK) return status;
  for (size_t i = 0; i < cfg->n; i++) {
    double *x = cfg->x + 3 * i, f[3] = {x[0], x[1], x[2]};
    for (int a = 0; a < 3; a++) x[a] = f[0] * cfg->cell[a] + f[1] * cfg->cell[3 + a] + f[2] * cfg->cell[6 + a];
  }
  for (int d = 0; d < 3; d++) cfg->periodic[d] = true;
  memcpy(cfg->species, r->species, cfg->n * sizeof *cfg->species);
  return MTP_OK;
}

static mtp_status read_labels(run *r, xmlNode *calculation, mtp_config *cfg) {
  static const int position[6] = {0, 4, 8, 1, 2, 5};
  double stress[9];
  mtp_status status = mtp_config_require_force(r->scan.ctx, cfg);
  if (status == MTP_OK) status = need_numbers(r, calculation, "energy/i=e_fr_energy", &cfg->energy, 1);
  if (status == MTP_OK) status = need_numbers(r, calculation, "varray=forces", cfg->force, 3 * cfg->n);
  cfg->has_energy = status == MTP_OK;
  cfg->has_virial = mtp_xml_find(calculation, "varray=stress") != NULL;
  if (status != MTP_OK || !cfg->has_virial) return status;
  status = need_numbers(r, calculation, "varray=stress", stress, 9);
  for (int k = 0; k < 6 && status == MTP_OK; k++)
    cfg->virial[k] = stress[position[k]] * mtp_config_volume(cfg) / MTP_VASP_KILOBAR;
  return status;
}

/* VASP stops its electrons after NELM steps, converged or not, and this file does not say which: energies may agree to
 * EDIFF where eigenvalues, which VASP also asks, do not. OUTCAR tells. */
static mtp_status read_step(run *r, xmlNode *calculation) {
  mtp_config *cfg = mtp_config_new(r->n);
  if (!cfg) return mtp_fail_memory(r->scan.ctx);
  mtp_status status = read_structure(r, calculation, cfg);
  if (status == MTP_OK) status = read_labels(r, calculation, cfg);
  if (status == MTP_OK && r->most_steps > 0 && (double)count_children(calculation, "scstep") >= r->most_steps) {
    r->unconverged++;
    status = drop_labels(r->scan.ctx, cfg);
  }
  cfg->line = xmlGetLineNo(calculation);
  if (status == MTP_OK) return mtp_config_set_append(r->scan.ctx, r->set, cfg);
  mtp_config_free(cfg);
  return status;
}

static mtp_status read_run(run *r, xmlNode *root) {
  if (!root || strcmp((const char *)root->name, "modeling") != 0)
    return fail_at(r, root, "the element modeling of VASP");
  mtp_status status = read_atoms(r, root);
  xmlNode *limit = find_item(mtp_xml_find(root, "parameters"), "NELM");
  if (limit && !mtp_xml_numbers(limit, &r->most_steps, 1)) r->most_steps = 0;
  for (xmlNode *c = root->children; c && status == MTP_OK; c = c->next)
    if (c->type == XML_ELEMENT_NODE && strcmp((const char *)c->name, "calculation") == 0) status = read_step(r, c);
  return status;
}

static const char *find_last(const char *data, size_t size, const char *words) {
  const char *last = NULL;
  const size_t length = strlen(words);
  for (const char *at = data, *end = data + size; (at = memmem(at, (size_t)(end - at), words, length)); at += length)
    last = at;
  return last;
}

/* The text, or of one that is cut short the whole steps; NULL when memory is exhausted. */
static char *complete_text(const char *data, size_t size, bool *cut, size_t *length) {
  static const char root_end[] = "</modeling>", step_end[] = "</calculation>";
  *cut = find_last(data, size, root_end) == NULL;
  const char *end = *cut ? find_last(data, size, step_end) : data + size;
  if (*cut) end = end ? end + strlen(step_end) : data;
  *length = (size_t)(end - data);
  char *text = mtp_calloc(*length + sizeof root_end, 1);
  if (!text) return NULL;
  memcpy(text, data, *length);
  if (*cut) strcpy(text + *length, root_end);
  *length = strlen(text) > *length ? *length + strlen(root_end) : *length;
  return text;
}

static xmlDoc *open_text(mtp_scan *scan, const char *text, size_t length) {
  xmlParserCtxt *parser = length <= INT_MAX ? xmlNewParserCtxt() : NULL;
  xmlDoc *doc = parser ? mtp_xml_parse(parser, text, length, scan->path, XML_PARSE_HUGE) : NULL;
  if (!doc) {
    const xmlError *error = parser ? xmlCtxtGetLastError(parser) : NULL;
    char why[128] = "too long";
    if (error && error->message)
      snprintf(why, sizeof why, "%.*s", (int)strcspn(error->message, "\r\n"), error->message);
    scan->line = error ? (size_t)error->line : 1;
    mtp_scan_fail(scan, "found XML that cannot be read: %s", why);
  }
  xmlFreeParserCtxt(parser);
  return doc;
}

mtp_status mtp_vasprun_parse(mtp_context *ctx, const char *path, const char *data, size_t size, size_t first_line,
                             const mtp_read_options *options, mtp_config_set *set) {
  run r = {.scan = mtp_scan_start(ctx, path, data, size, first_line), .set = set};
  const size_t first = set->n;
  bool cut;
  size_t length = 0;
  char *text = complete_text(data, size, &cut, &length);
  mtp_status status = text ? MTP_OK : mtp_fail_memory(ctx);
  r.scan.line = count_lines(data, size);
  if (status == MTP_OK && cut) status = judge_cut(&r.scan, options, length > strlen("</modeling>"));
  xmlDoc *doc = status == MTP_OK ? open_text(&r.scan, text, length) : NULL;
  if (status == MTP_OK) status = doc ? read_run(&r, xmlDocGetRootElement(doc)) : MTP_ERR_FORMAT;
  xmlFreeDoc(doc);
  free(text);
  free(r.species);
  if (status == MTP_OK && set->n == first)
    status = mtp_scan_fail(&r.scan, "found no ionic step (calculation) that came to its end");
  if (status == MTP_OK) tell_unconverged(ctx, r.scan.path, r.unconverged, set->n - first);
  if (status != MTP_OK) mtp_set_truncate(set, first);
  set->dropped_tail = cut;
  set->good_size = -1;
  return status;
}
