/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/vasp/vasp_incar.c
 * Takes an INCAR apart as VASP does (`TAG = VALUE`, ended by a line end or a semicolon; # and ! begin comments; \ at
 * the end of a line continues it; "..." may span lines) and copies what stays byte for byte. */
#include "qm/drivers/vasp/vasp_incar.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/scan.h"

typedef enum action {
  DROP,          /* each call gets a value of ours, or none */
  FORBID,        /* whatever its value */
  FORBID_SWITCH, /* unless it is false */
  PER_SECTION,   /* one value for each section of the POTCAR */
  MOMENTS,
  NOTE_KSPACING,
  NOTE_DIPOL,
  NOTE_NONCOLLINEAR
} action;

typedef struct setting {
  const char *tag;
  action action;
  const char *why; /* of what is forbidden */
} setting;

static const setting settings[] = {
    {"NSW", DROP, NULL},
    {"IBRION", DROP, NULL},
    {"ISIF", DROP, NULL},
    {"ISTART", DROP, NULL},
    {"ICHARG", DROP, NULL},
    {"LWAVE", DROP, NULL},
    {"LCHARG", DROP, NULL},
    {"POTIM", DROP, NULL},
    {"PSTRESS", DROP, NULL}, /* it is a matter of moving cells, and would be mixed into the stress */
    {"IMAGES", DROP, NULL},
    {"ML_LMLFF", FORBID_SWITCH, "what a machine-learned field says is no label"},
    {"NELECT", FORBID, "the number of electrons depends on the atoms, which differ from call to call"},
    {"M_CONSTR", FORBID, "it is a list of atoms, which differ from call to call"},
    {"MAGMOM", MOMENTS, NULL},
    {"LSORBIT", NOTE_NONCOLLINEAR, NULL},
    {"LNONCOLLINEAR", NOTE_NONCOLLINEAR, NULL},
    {"KSPACING", NOTE_KSPACING, NULL},
    {"DIPOL", NOTE_DIPOL, NULL},
    {"LDAUL", PER_SECTION, NULL},
    {"LDAUU", PER_SECTION, NULL},
    {"LDAUJ", PER_SECTION, NULL},
    {"RWIGS", PER_SECTION, NULL},
    {"ROPT", PER_SECTION, NULL},
    {"POMASS", PER_SECTION, NULL},
    {"ZVAL", PER_SECTION, NULL},
    {"VDW_ALPHA", PER_SECTION, NULL},
    {"VDW_C6", PER_SECTION, NULL},
    {"VDW_R0", PER_SECTION, NULL},
    {"VDW_C6AU", PER_SECTION, NULL},
    {"VDW_R0AU", PER_SECTION, NULL},
    {"QUAD_EFG", PER_SECTION, NULL},
    {"NGYROMAG", PER_SECTION, NULL},
};

typedef struct parser {
  mtp_vasp_incar *out;
  const char *path;
  char *text; /* with \n line ends */
  size_t pos, copied;
  mtp_text kept;
  mtp_context *ctx;
} parser;

static size_t line_at(const parser *p, size_t at) {
  size_t line = 1;
  for (size_t i = 0; i < at; i++) line += p->text[i] == '\n';
  return line;
}

static const setting *find_setting(const char *tag, size_t length) {
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
    if (strlen(settings[i].tag) == length && strncasecmp(settings[i].tag, tag, length) == 0) return &settings[i];
  return NULL;
}

/* ---- values ---- */

/* The next value of a list in which Fortran's 3*1.5 stands for 1.5 1.5 1.5. */
static bool next_value(mtp_span *rest, size_t *repeat, mtp_span *value) {
  *repeat = 1;
  if (!mtp_span_token(rest, value)) return false;
  const char *star = memchr(value->s, '*', value->n);
  if (!star) return true;
  mtp_span count = {value->s, (size_t)(star - value->s)};
  *value = (mtp_span){star + 1, value->n - count.n - 1};
  if (!mtp_span_count(count, 1000000000, repeat)) *repeat = 0;
  return true;
}

static bool is_true(const char *value) {
  value += strspn(value, " \t\n.");
  return *value == 'T' || *value == 't';
}

static bool is_false(const char *value) {
  value += strspn(value, " \t\n.");
  return *value == 'F' || *value == 'f';
}

/* One moment is a property of the species as far as this goes; a list of several is one of atoms that may not be the
 * ones that will be sent. */
static mtp_status parse_moments(parser *p, size_t at, const char *value) {
  mtp_span rest = {value, strlen(value)}, text, first = {NULL, 0};
  double number, common = 0;
  size_t repeat;
  while (next_value(&rest, &repeat, &text)) {
    if (repeat == 0 || !mtp_span_real(text, &number))
      return mtp_fail(p->ctx, MTP_ERR_FORMAT, "%s:%zu: expected MAGMOM = N*number, found '%s'", p->path, line_at(p, at),
                      mtp_span_quote(text).text);
    if (!first.s) {
      first = text;
      common = number;
    } else if (number != common) {
      return mtp_fail(
          p->ctx, MTP_ERR_FORMAT,
          "%s:%zu: MAGMOM has different values for different atoms, but the atoms differ from call to call: "
          "expected one value for all, such as 60*1.0",
          p->path, line_at(p, at));
    }
  }
  if (!first.s) return mtp_fail(p->ctx, MTP_ERR_FORMAT, "%s:%zu: expected a value of MAGMOM", p->path, line_at(p, at));
  if (!p->out->moment) p->out->moment = mtp_span_copy(first); /* VASP takes the first of several */
  return p->out->moment ? MTP_OK : mtp_fail_memory(p->ctx);
}

static bool has_list(const mtp_vasp_incar *incar, const char *tag) {
  for (size_t i = 0; i < incar->list_count; i++)
    if (strcmp(incar->lists[i].tag, tag) == 0) return true;
  return false;
}

static mtp_status parse_list(parser *p, size_t at, const char *tag, const char *value) {
  mtp_vasp_incar *out = p->out;
  if (has_list(out, tag)) return MTP_OK;
  mtp_vasp_list *larger = mtp_realloc(out->lists, out->list_count + 1, sizeof *larger);
  if (!larger) return mtp_fail_memory(p->ctx);
  out->lists = larger;
  mtp_vasp_list *list = &larger[out->list_count++];
  *list = (mtp_vasp_list){mtp_strdup(tag), mtp_calloc(out->section_count, sizeof *list->values)};
  if (!list->tag || !list->values) return mtp_fail_memory(p->ctx);
  mtp_span rest = {value, strlen(value)}, text;
  size_t repeat, count = 0;
  while (next_value(&rest, &repeat, &text)) {
    for (size_t i = 0; i < repeat && count + i < out->section_count; i++)
      if (!(list->values[count + i] = mtp_span_copy(text))) return mtp_fail_memory(p->ctx);
    count += repeat;
  }
  if (count == out->section_count) return MTP_OK;
  return mtp_fail(p->ctx, MTP_ERR_FORMAT,
                  "%s:%zu: expected %zu values of %s, one for each section of the POTCAR, found %zu", p->path,
                  line_at(p, at), out->section_count, tag, count);
}

/* Does what the tag asks for; *taken tells that it must not stay in the text. */
static mtp_status look_at(parser *p, const setting *s, size_t at, const char *value, bool *taken) {
  *taken = s->action == DROP || s->action == MOMENTS || s->action == PER_SECTION;
  if (s->action == FORBID || (s->action == FORBID_SWITCH && !is_false(value)))
    return mtp_fail(p->ctx, MTP_ERR_FORMAT, "%s:%zu: %s cannot be used here: %s", p->path, line_at(p, at), s->tag,
                    s->why);
  if (s->action == NOTE_KSPACING) p->out->has_kspacing = true;
  if (s->action == NOTE_DIPOL) p->out->has_dipol = true;
  if (s->action == NOTE_NONCOLLINEAR && is_true(value)) p->out->noncollinear = true;
  if (s->action == MOMENTS) return parse_moments(p, at, value);
  if (s->action == PER_SECTION) return parse_list(p, at, s->tag, value);
  return MTP_OK;
}

/* ---- statements ---- */

/* The end of a value that starts at pos. */
static size_t value_end(const char *text, size_t pos) {
  pos += strspn(text + pos, " \t");
  if (text[pos] == '"') {
    pos += 1 + strcspn(text + pos + 1, "\"");
    return pos + (text[pos] == '"');
  }
  for (;;) {
    pos += strcspn(text + pos, "\n;#!\\}");
    if (text[pos] != '\\') return pos;
    pos++;
    size_t next = pos + strspn(text + pos, " \t");
    if (text[next] == '\n') pos = next + 1;
  }
}

/* A value as blank-separated words; malloc'ed. */
static char *plain_value(const char *text, size_t size) {
  char *copy = mtp_span_copy((mtp_span){text, size});
  for (char *c = copy; c && *c; c++)
    if (strchr("\\\n\t,\"", *c)) *c = ' ';
  return copy;
}

/* Leaves text[begin..end) out, and its line if nothing else is on it. */
static void remove_tag(parser *p, size_t begin, size_t end) {
  mtp_text_add_bytes(&p->kept, p->text + p->copied, begin - p->copied);
  end += strspn(p->text + end, " \t");
  if (p->text[end] == ';') end++;
  size_t line_end = end + strspn(p->text + end, " \t");
  size_t used = p->kept.failed ? 0 : p->kept.size;
  while (used && (p->kept.data[used - 1] == ' ' || p->kept.data[used - 1] == '\t')) used--;
  if (p->text[line_end] == '\n' && (used == 0 || p->kept.data[used - 1] == '\n')) {
    if (p->kept.data) p->kept.data[p->kept.size = used] = 0;
    end = line_end + 1;
  }
  p->copied = end;
}

/* A statement at the current position; what is none is left alone, as VASP does. */
static mtp_status parse_statement(parser *p) {
  size_t begin = p->pos, name_end = begin;
  if (isalpha((unsigned char)p->text[begin]))
    while (isalnum((unsigned char)p->text[name_end]) || strchr("_/", p->text[name_end] ? p->text[name_end] : ' '))
      name_end++;
  size_t equals = name_end + strspn(p->text + name_end, " \t");
  bool is_tag = name_end > begin && p->text[equals] == '=';
  size_t end = p->pos = is_tag ? value_end(p->text, equals + 1) : begin + strcspn(p->text + begin, "\n;#!{}");
  const setting *s = is_tag ? find_setting(p->text + begin, name_end - begin) : NULL;
  if (!s) return MTP_OK;
  char *value = plain_value(p->text + equals + 1, end - equals - 1);
  bool taken = false;
  mtp_status status = value ? look_at(p, s, begin, value, &taken) : mtp_fail_memory(p->ctx);
  free(value);
  if (status != MTP_OK || !taken) return status;
  remove_tag(p, begin, end);
  p->pos = p->copied;
  return MTP_OK;
}

static mtp_status parse_text(parser *p) {
  mtp_status status = MTP_OK;
  while (status == MTP_OK && p->text[p->pos]) {
    if (strchr(" \t\n;{}", p->text[p->pos])) {
      p->pos++;
    } else if (p->text[p->pos] == '#' || p->text[p->pos] == '!') {
      p->pos += strcspn(p->text + p->pos, "\n");
    } else {
      status = parse_statement(p);
    }
  }
  if (status != MTP_OK) return status;
  mtp_text_add(&p->kept, "%s", p->text + p->copied);
  if (!p->kept.failed && p->kept.size && p->kept.data[p->kept.size - 1] != '\n') mtp_text_add(&p->kept, "\n");
  return p->kept.failed ? mtp_fail_memory(p->ctx) : MTP_OK;
}

mtp_status mtp_vasp_incar_parse(mtp_context *ctx, mtp_vasp_incar *incar, const char *path, const char *text,
                                size_t size, size_t section_count) {
  *incar = (mtp_vasp_incar){.section_count = section_count};
  parser p = {.out = incar, .path = path, .ctx = ctx};
  p.text = mtp_calloc(size + 1, 1);
  for (size_t i = 0, used = 0; p.text && i < size; i++)
    if (text[i] != '\r') p.text[used++] = text[i];
  mtp_status status;
  if (!p.text)
    status = mtp_fail_memory(ctx);
  else if (memchr(text, 0, size))
    status =
        mtp_fail(ctx, MTP_ERR_FORMAT, "%s:%zu: expected text, found a zero byte", path, line_at(&p, strlen(p.text)));
  else
    status = parse_text(&p);
  incar->text = p.kept.data;
  free(p.text);
  if (status != MTP_OK) mtp_vasp_incar_close(incar);
  return status;
}

void mtp_vasp_incar_close(mtp_vasp_incar *incar) {
  for (size_t i = 0; i < incar->list_count; i++) {
    mtp_vasp_list *list = &incar->lists[i];
    for (size_t k = 0; list->values && k < incar->section_count; k++) free(list->values[k]);
    free(list->values);
    free(list->tag);
  }
  free(incar->lists);
  free(incar->moment);
  free(incar->text);
  *incar = (mtp_vasp_incar){0};
}

/* VASP takes the first of several values of a tag, so ours come first. */
void mtp_vasp_incar_write(const mtp_vasp_incar *incar, size_t atoms, const size_t *sections, size_t count,
                          mtp_text *out) {
  mtp_text_add(out, "NSW = 0\nIBRION = -1\nISIF = 2\nLWAVE = .FALSE.\nLCHARG = .FALSE.\n");
  if (incar->moment) mtp_text_add(out, "MAGMOM = %zu*%s\n", (incar->noncollinear ? 3 : 1) * atoms, incar->moment);
  for (size_t i = 0; i < incar->list_count; i++) {
    mtp_text_add(out, "%s =", incar->lists[i].tag);
    for (size_t k = 0; k < count; k++) mtp_text_add(out, " %s", incar->lists[i].values[sections[k]]);
    mtp_text_add(out, "\n");
  }
  mtp_text_add(out, "%s", incar->text);
}
