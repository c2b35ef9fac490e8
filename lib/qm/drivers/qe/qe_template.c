/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/qe/qe_template.c
 * Reads a pw.x input as Fortran does (namelists, then cards), remembers where the things stand that change from call to
 * call, and writes inputs with these replaced. Everything else is copied byte for byte. */
#include "qm/drivers/qe/qe_template.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/compare.h"
#include "qm/process/folder.h"

typedef enum edit_kind { EDIT_DELETE, EDIT_CONTROL_HERE, EDIT_SYSTEM_HERE } edit_kind;

/* text[begin..end) is left out, or an offset is to be remembered at begin. In ascending order. */
typedef struct edit {
  size_t begin, end;
  edit_kind kind;
} edit;

typedef struct parser {
  mtp_qe_template *out;
  const char *path;
  char *text; /* the whole file with \n line ends */
  size_t pos;
  edit *edits;
  size_t edit_count;
  long ntyp;
  bool has_control, has_system, has_electrons, has_k_points;
  mtp_context *ctx;
  mtp_status status; /* of what failed */
} parser;

static bool fail_at(parser *p, size_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Always false, so that callers can return it. */
static bool fail_at(parser *p, size_t at, const char *format, ...) {
  char line[512];
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  size_t number = 1;
  for (size_t i = 0; i < at; i++) number += p->text[i] == '\n';
  p->status = mtp_fail(p->ctx, MTP_ERR_FORMAT, "%s:%zu: %s", p->path, number, line);
  return false;
}

static bool fail_memory(parser *p) {
  p->status = mtp_fail_memory(p->ctx);
  return false;
}

static bool add_edit(parser *p, size_t begin, size_t end, edit_kind kind) {
  edit *larger = mtp_realloc(p->edits, p->edit_count + 1, sizeof *larger);
  if (!larger) return fail_memory(p);
  p->edits = larger;
  larger[p->edit_count++] = (edit){begin, end, kind};
  return true;
}

static bool is_comment_mark(char c) {
  return c == '!' || c == '#';
}

static size_t line_end(const char *text, size_t pos) {
  return pos + strcspn(text + pos, "\n");
}

static size_t word_end(const char *text, size_t pos) {
  while (isalnum((unsigned char)text[pos]) || text[pos] == '_' || text[pos] == '%') pos++;
  return pos;
}

/* Blanks, line ends and comments between the things of a namelist. */
static void skip_blanks(parser *p) {
  for (;;) {
    if (is_comment_mark(p->text[p->pos]))
      p->pos = line_end(p->text, p->pos);
    else if (isspace((unsigned char)p->text[p->pos]))
      p->pos++;
    else
      return;
  }
}

static size_t skip_spaces(const char *text, size_t pos) {
  return pos + strspn(text + pos, " \t\n");
}

/* Where the '=' is if `NAME =` or `NAME(...) =` starts at pos, else 0. */
static size_t find_equals(const char *text, size_t pos) {
  if (!isalpha((unsigned char)text[pos])) return 0;
  size_t at = skip_spaces(text, word_end(text, pos));
  if (text[at] == '(') {
    at += strcspn(text + at, ")\n=");
    if (text[at] != ')') return 0;
    at = skip_spaces(text, at + 1);
  }
  return text[at] == '=' ? at : 0;
}

/* Reads one value at the current position; strings lose their quotes. NULL after a failure. */
static char *read_value(parser *p) {
  mtp_text value = {0};
  size_t at = p->pos;
  char quote = p->text[at];
  mtp_text_add_bytes(&value, "", 0);
  if (quote == '\'' || quote == '"') {
    for (at++;; at++) {
      if (!p->text[at] || p->text[at] == '\n') {
        mtp_text_free(&value);
        fail_at(p, p->pos, "expected a closing %c", quote);
        return NULL;
      }
      if (p->text[at] == quote && p->text[++at] != quote) break; /* a doubled quote stands for itself */
      mtp_text_add_bytes(&value, p->text + at, 1);
    }
  } else {
    size_t length = strcspn(p->text + at, " \t\n,/!#&='\"");
    mtp_text_add_bytes(&value, p->text + at, length);
    at += length;
    if (length == 0) {
      mtp_text_free(&value);
      fail_at(p, p->pos, "expected a value, found '%c'", p->text[at]);
      return NULL;
    }
  }
  p->pos = at;
  if (value.failed) {
    mtp_text_free(&value);
    fail_memory(p);
    return NULL;
  }
  return value.data;
}

/* ---- the settings that matter here ---- */

static bool check_calculation(parser *p, size_t at, const char *value) {
  return strcasecmp(value, "scf") == 0 ||
         fail_at(p, at, "expected calculation = 'scf' (a template is a single point), found '%s'", value);
}

static bool check_restart_mode(parser *p, size_t at, const char *value) {
  return strcasecmp(value, "from_scratch") == 0 ||
         fail_at(p, at, "expected restart_mode = 'from_scratch' (each call starts anew), found '%s'", value);
}

static bool check_disk_io(parser *p, size_t at, const char *value) {
  return strcasecmp(value, "none") != 0 ||
         fail_at(p, at, "disk_io = 'none' makes pw.x write no result file; expected 'nowf', 'low' or no such line");
}

static bool refuse_space_group(parser *p, size_t at, const char *value) {
  return fail_at(p, at, "space_group = %s: a template cannot prescribe a space group", value);
}

static bool parse_ntyp(parser *p, size_t at, const char *value) {
  char *end;
  p->ntyp = strtol(value, &end, 10);
  return (end != value && !*end && p->ntyp > 0) || fail_at(p, at, "expected ntyp = a positive number, found %s", value);
}

static bool parse_pseudo_dir(parser *p, size_t at, const char *value) {
  (void)at;
  char *template_dir = mtp_strdup(p->path), *current = mtp_folder_current();
  char *slash = template_dir ? strrchr(template_dir, '/') : NULL;
  if (slash) slash[slash == template_dir] = 0;
  char *base = slash && current ? mtp_folder_absolute(current, template_dir) : NULL;
  free(p->out->pseudo_dir);
  const char *from = slash ? base : current;
  p->out->pseudo_dir = from ? mtp_folder_absolute(from, value) : NULL;
  free(base);
  free(current);
  free(template_dir);
  return p->out->pseudo_dir || fail_memory(p);
}

typedef struct setting {
  const char *group, *name;
  bool replaced; /* taken out of the text, since each input gets a value of ours */
  bool (*look)(parser *p, size_t at, const char *value);
} setting;

static const setting settings[] = {
    {"control", "calculation", true, check_calculation},
    {"control", "restart_mode", false, check_restart_mode},
    {"control", "disk_io", false, check_disk_io},
    {"control", "pseudo_dir", true, parse_pseudo_dir},
    {"control", "tprnfor", true, NULL},
    {"control", "tstress", true, NULL},
    {"control", "outdir", true, NULL},
    {"control", "prefix", true, NULL},
    {"system", "ntyp", false, parse_ntyp},
    {"system", "space_group", false, refuse_space_group},
    {"system", "nat", true, NULL},
    {"system", "ibrav", true, NULL},
    {"system", "celldm", true, NULL},
    {"system", "a", true, NULL},
    {"system", "b", true, NULL},
    {"system", "c", true, NULL},
    {"system", "cosab", true, NULL},
    {"system", "cosac", true, NULL},
    {"system", "cosbc", true, NULL},
};

static const setting *find_setting(const char *group, const char *name, size_t length) {
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
    if (strcmp(group, settings[i].group) == 0 && strlen(settings[i].name) == length &&
        strncasecmp(name, settings[i].name, length) == 0)
      return &settings[i];
  return NULL;
}

/* ---- namelists ---- */

/* `NAME = VALUE, VALUE ...` at the current position; the last comma belongs to it. */
static bool parse_assignment(parser *p, const char *group) {
  size_t begin = p->pos, equals = find_equals(p->text, begin);
  if (!equals) return fail_at(p, begin, "expected 'name = value' or '/' in &%s", group);
  const setting *s = find_setting(group, p->text + begin, word_end(p->text, begin) - begin);
  size_t end = p->pos = equals + 1;
  bool first = true;
  for (;;) {
    skip_blanks(p);
    char c = p->text[p->pos];
    if (c == ',') {
      end = ++p->pos;
      continue;
    }
    if (!c || c == '/' || c == '&' || find_equals(p->text, p->pos)) break;
    char *value = read_value(p);
    if (!value) return false;
    bool ok = !first || !s || !s->look || s->look(p, begin, value);
    free(value);
    if (!ok) return false;
    first = false;
    end = p->pos;
  }
  if (first) return fail_at(p, begin, "expected a value after '='");
  return !s || !s->replaced || add_edit(p, begin, end, EDIT_DELETE);
}

/* The namelist whose '&' is at the current position. */
static bool parse_namelist(parser *p) {
  char group[32];
  size_t begin = p->pos, end = word_end(p->text, begin + 1), length = end - begin - 1;
  if (length == 0 || length >= sizeof group) return fail_at(p, begin, "expected the name of a namelist after '&'");
  for (size_t i = 0; i < length; i++) group[i] = (char)tolower((unsigned char)p->text[begin + 1 + i]);
  group[length] = 0;
  bool control = strcmp(group, "control") == 0, system = strcmp(group, "system") == 0;
  if ((control && (p->has_control || p->has_system)) || (system && p->has_system))
    return fail_at(p, begin, "expected the namelists &control, &system, &electrons once and in this order");
  p->has_control |= control;
  p->has_system |= system;
  p->has_electrons |= strcmp(group, "electrons") == 0;
  if (control && !add_edit(p, end, end, EDIT_CONTROL_HERE)) return false;
  if (system && !add_edit(p, end, end, EDIT_SYSTEM_HERE)) return false;
  p->pos = end;
  for (;;) {
    skip_blanks(p);
    char c = p->text[p->pos];
    if (!c) return fail_at(p, begin, "expected a '/' that ends &%s", group);
    if (c == ',') {
      p->pos++;
    } else if (c == '/') {
      p->pos++;
      return true;
    } else if (strncasecmp(p->text + p->pos, "&end", 4) == 0) {
      p->pos += 4;
      return true;
    } else if (!parse_assignment(p, group)) {
      return false;
    }
  }
}

static bool parse_namelists(parser *p) {
  for (;;) {
    skip_blanks(p);
    if (p->text[p->pos] != '&') return true;
    if (!parse_namelist(p)) return false;
    /* Fortran ignores what follows the '/' on its line */
    p->pos = line_end(p->text, p->pos);
  }
}

/* ---- cards ---- */

typedef enum card { CARD_NONE, CARD_KEPT, CARD_SPECIES, CARD_K_POINTS, CARD_REPLACED, CARD_REFUSED } card;

static card find_card(const char *word, size_t length) {
  static const struct {
    const char *name;
    card kind;
  } cards[] = {{"ATOMIC_SPECIES", CARD_SPECIES},
               {"ATOMIC_POSITIONS", CARD_REPLACED},
               {"CELL_PARAMETERS", CARD_REPLACED},
               {"K_POINTS", CARD_K_POINTS},
               {"ADDITIONAL_K_POINTS", CARD_KEPT},
               {"OCCUPATIONS", CARD_KEPT},
               {"SOLVENTS", CARD_KEPT},
               {"HUBBARD", CARD_KEPT},
               {"CONSTRAINTS", CARD_REFUSED},
               {"ATOMIC_VELOCITIES", CARD_REFUSED},
               {"ATOMIC_FORCES", CARD_REFUSED}};
  for (size_t i = 0; i < sizeof cards / sizeof cards[0]; i++)
    if (strlen(cards[i].name) == length && strncasecmp(cards[i].name, word, length) == 0) return cards[i].kind;
  return CARD_NONE;
}

/* A row of ATOMIC_SPECIES: label, mass, pseudopotential. */
static bool parse_species_row(parser *p, size_t begin, size_t end) {
  size_t length = strcspn(p->text + begin, " \t\n");
  int words = 0;
  for (size_t at = begin; at < end; words++) {
    at += strcspn(p->text + at, " \t\n");
    at += strspn(p->text + at, " \t");
    if (is_comment_mark(p->text[at])) at = end;
  }
  if (words < 3) return fail_at(p, begin, "expected 'label mass pseudopotential' in ATOMIC_SPECIES");
  mtp_qe_template *t = p->out;
  char **larger = mtp_realloc(t->labels, (size_t)t->label_count + 1, sizeof *larger);
  if (!larger) return fail_memory(p);
  t->labels = larger;
  mtp_text label = {0};
  mtp_text_add_bytes(&label, p->text + begin, length);
  if (label.failed) return fail_memory(p);
  larger[t->label_count++] = label.data;
  return true;
}

/* One line that is neither blank nor a comment; begin is behind its leading blanks. */
static bool parse_card_line(parser *p, size_t begin, size_t end, card *current) {
  card found = find_card(p->text + begin, word_end(p->text, begin) - begin);
  if (found == CARD_REFUSED)
    return fail_at(p, begin, "the card %.*s is about particular atoms, which a template cannot know",
                   (int)(word_end(p->text, begin) - begin), p->text + begin);
  if (found == CARD_NONE && *current == CARD_NONE)
    return fail_at(p, begin, "expected a namelist or a card such as ATOMIC_SPECIES or K_POINTS");
  if (p->text[begin] == '&') return fail_at(p, begin, "expected the namelists before the cards");
  if (found == CARD_NONE && *current == CARD_SPECIES) return parse_species_row(p, begin, end);
  if (found != CARD_NONE) *current = found;
  p->has_k_points |= *current == CARD_K_POINTS;
  return true;
}

static bool parse_cards(parser *p) {
  card current = CARD_NONE;
  while (p->text[p->pos]) {
    size_t begin = p->pos + strspn(p->text + p->pos, " \t"), end = line_end(p->text, begin);
    size_t next = end + (p->text[end] == '\n');
    if (begin < end && !is_comment_mark(p->text[begin])) {
      if (!parse_card_line(p, begin, end, &current)) return false;
      if (current == CARD_REPLACED && !add_edit(p, p->pos, next, EDIT_DELETE)) return false;
    }
    p->pos = next;
  }
  return true;
}

static bool check_whole(parser *p) {
  const char *missing = !p->has_control            ? "the namelist &control"
                        : !p->has_system           ? "the namelist &system"
                        : !p->has_electrons        ? "the namelist &electrons"
                        : p->ntyp == 0             ? "ntyp in &system"
                        : p->out->label_count == 0 ? "the card ATOMIC_SPECIES"
                        : !p->has_k_points         ? "the card K_POINTS"
                                                   : NULL;
  if (missing) return fail_at(p, p->pos, "expected %s, which is nowhere in this file", missing);
  if (p->ntyp != p->out->label_count)
    return fail_at(p, p->pos, "ntyp = %ld, but ATOMIC_SPECIES has %d rows", p->ntyp, p->out->label_count);
  return true;
}

/* ---- what stays ---- */

static bool is_blank(const char *text, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (!isspace((unsigned char)text[i])) return false;
  return true;
}

/* Copies the text without the deleted ranges; lines that become blank by that disappear. */
static bool apply_edits(parser *p) {
  mtp_text out = {0};
  const edit *e = p->edits, *last = e + p->edit_count;
  size_t line_start = 0;
  bool touched = false;
  mtp_text_add_bytes(&out, "", 0);
  for (size_t pos = 0; p->text[pos]; pos++) {
    for (; e < last && e->begin == pos && e->kind != EDIT_DELETE; e++)
      *(e->kind == EDIT_CONTROL_HERE ? &p->out->control_at : &p->out->system_at) = out.size;
    if (e < last && pos >= e->begin) {
      touched = true;
      if (pos + 1 == e->end) e++;
      continue;
    }
    mtp_text_add_bytes(&out, p->text + pos, 1);
    if (p->text[pos] != '\n' || out.failed) continue;
    if (touched && is_blank(out.data + line_start, out.size - line_start)) out.data[out.size = line_start] = 0;
    line_start = out.size;
    touched = false;
  }
  if (!out.failed && out.size && out.data[out.size - 1] != '\n') mtp_text_add_bytes(&out, "\n", 1);
  p->out->text = out.data;
  return !out.failed || fail_memory(p);
}

static char *copy_with_plain_line_ends(const char *text, size_t size) {
  char *copy = mtp_calloc(size + 1, 1);
  size_t used = 0;
  for (size_t i = 0; copy && i < size; i++)
    if (text[i] != '\r') copy[used++] = text[i];
  return copy;
}

mtp_status mtp_qe_template_parse(mtp_context *ctx, mtp_qe_template *t, const char *path, const char *text,
                                 size_t size) {
  *t = (mtp_qe_template){.path = mtp_strdup(path)};
  parser p = {.out = t, .path = path, .text = copy_with_plain_line_ends(text, size), .ctx = ctx};
  bool ok = (t->path && p.text) || fail_memory(&p);
  if (ok && memchr(text, 0, size)) ok = fail_at(&p, strlen(p.text), "expected text, found a zero byte");
  ok = ok && parse_namelists(&p) && parse_cards(&p) && check_whole(&p) && apply_edits(&p);
  free(p.edits);
  free(p.text);
  if (!ok) mtp_qe_template_close(t);
  return p.status;
}

mtp_status mtp_qe_template_open(mtp_context *ctx, mtp_qe_template *t, const char *path) {
  char *text = NULL;
  size_t size = 0;
  mtp_status status = mtp_file_read(ctx, path, &text, &size);
  if (status == MTP_OK)
    status = mtp_qe_template_parse(ctx, t, path, text, size);
  else
    mtp_fail(ctx, status, "template: %s", mtp_context_message(ctx));
  free(text);
  return status;
}

void mtp_qe_template_close(mtp_qe_template *t) {
  for (int i = 0; i < t->label_count; i++) free(t->labels[i]);
  free(t->labels);
  free(t->pseudo_dir);
  free(t->text);
  free(t->path);
  *t = (mtp_qe_template){0};
}

/* Whether a label such as Al1, Al_a or Al-2 is of that element. */
static bool starts_with_symbol(const char *label, const char *element) {
  size_t length = 0;
  while (isalpha((unsigned char)label[length])) length++;
  return length > 0 && strlen(element) == length && strncmp(label, element, length) == 0;
}

const char *mtp_qe_template_label(mtp_context *ctx, const mtp_qe_template *t, const char *element) {
  const char *found = NULL;
  for (int i = 0; i < t->label_count; i++)
    if (strcmp(t->labels[i], element) == 0) return t->labels[i];
  for (int i = 0; i < t->label_count; i++) {
    if (!starts_with_symbol(t->labels[i], element)) continue;
    if (found) {
      mtp_fail(ctx, MTP_ERR_ARGUMENT, "%s: element %s could be %s or %s in ATOMIC_SPECIES", t->path, element, found,
               t->labels[i]);
      return NULL;
    }
    found = t->labels[i];
  }
  if (!found)
    mtp_fail(ctx, MTP_ERR_ARGUMENT, "%s: element '%s' is not in ATOMIC_SPECIES (first there is %s)", t->path, element,
             t->labels[0]);
  return found;
}

/* 'TEXT' with quotes doubled, as Fortran wants them. */
static void add_quoted(mtp_text *deck, const char *text) {
  mtp_text_add_bytes(deck, "'", 1);
  for (; *text; text++) mtp_text_add(deck, *text == '\'' ? "''" : "%c", *text);
  mtp_text_add_bytes(deck, "'", 1);
}

void mtp_qe_template_write(const mtp_qe_template *t, const mtp_config *cfg, const char *const *labels, mtp_text *deck) {
  mtp_text_add_bytes(deck, t->text, t->control_at);
  mtp_text_add(deck, "\n  calculation = 'scf'\n  prefix = '" MTP_QE_PREFIX "'\n  outdir = './" MTP_QE_OUTDIR "'\n");
  if (t->pseudo_dir) {
    mtp_text_add(deck, "  pseudo_dir = ");
    add_quoted(deck, t->pseudo_dir);
    mtp_text_add(deck, "\n");
  }
  mtp_text_add(deck, "  tprnfor = .true.\n  tstress = %s", mtp_config_is_periodic(cfg) ? ".true." : ".false.");
  mtp_text_add_bytes(deck, t->text + t->control_at, t->system_at - t->control_at);
  mtp_text_add(deck, "\n  ibrav = 0\n  nat = %zu", cfg->n);
  mtp_text_add(deck, "%s", t->text + t->system_at);
  mtp_text_add(deck, "CELL_PARAMETERS angstrom\n");
  for (int k = 0; k < 3; k++)
    mtp_text_add(deck, "%.15f %.15f %.15f\n", cfg->cell[3 * k], cfg->cell[3 * k + 1], cfg->cell[3 * k + 2]);
  mtp_text_add(deck, "ATOMIC_POSITIONS angstrom\n");
  for (size_t i = 0; i < cfg->n; i++)
    mtp_text_add(deck, "%s %.15f %.15f %.15f\n", labels[cfg->species[i]], cfg->x[3 * i], cfg->x[3 * i + 1],
                 cfg->x[3 * i + 2]);
}
