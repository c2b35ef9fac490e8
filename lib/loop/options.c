/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/options.c
 * Options of a learner: their defaults, their words in decks and scripts, and which values make sense. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "loop/loop.h"
#include "support/support.h"

enum { MOST = 1000000 }; /* candidates, and configurations of the warm-up */

mtp_learner_options mtp_learner_defaults(void) {
  return (mtp_learner_options){
      .train_path = "train.extxyz",
      .log_path = "mtp-al.jsonl",
      .candidate_path = "candidates.extxyz",
      .mode = MTP_MODE_NEIGHBOURHOOD,
      .select_grade = 2.0,
      .break_grade = 10.0,
      .check_error = INFINITY,
      .pool = 50,
      .doubt = true,
      .wait = true,
      .refit = MTP_REFIT_AUTO,
      .wall = true,
      .threads = 1,
      .weights = mtp_weights_default(),
      .warmup = -1,
      .warmup_sigma = 0.1,
      .cut = mtp_cut_defaults(),
      .max_calls = -1,
      .onfail = MTP_ONFAIL_STOP,
      .seed = 12345,
  };
}

/* ---- values ---- */

typedef struct reading {
  mtp_context *ctx;
  const char *keyword;
  mtp_status status;
} reading;

static double number(reading *r, const char *word) {
  char *end;
  const double value = mtp_strtod(word, &end);
  if (r->status == MTP_OK && (end == word || *end || !isfinite(value)))
    r->status = mtp_fail(r->ctx, MTP_ERR_ARGUMENT, "keyword %s expects a number, found %s", r->keyword, word);
  return value;
}

static long long integer(reading *r, const char *word) {
  char *end;
  errno = 0;
  const long long value = strtoll(word, &end, 10);
  if (r->status == MTP_OK && (end == word || *end || errno || value < 0))
    r->status = mtp_fail(r->ctx, MTP_ERR_ARGUMENT, "keyword %s expects a whole number that is not negative, found %s",
                         r->keyword, word);
  return value;
}

/* mtp_learner_check says which are possible. */
static int small_integer(reading *r, const char *word) {
  const long long value = integer(r, word);
  return value < INT_MAX ? (int)value : INT_MAX;
}

/* The number of the word in a list such as "linear full auto". */
static int choice(reading *r, const char *word, const char *list) {
  char known[100] = "";
  size_t used = 0;
  int count = 0;
  for (const char *at = list; *at; count++) {
    const size_t length = strcspn(at, " ");
    const char *next = at + length + strspn(at + length, " ");
    if (strlen(word) == length && strncmp(word, at, length) == 0) return count;
    used += (size_t)snprintf(known + used, sizeof known - used, "%s%.*s",
                             count == 0 ? ""
                             : *next    ? ", "
                                        : " or ",
                             (int)length, at);
    at = next;
  }
  if (r->status == MTP_OK)
    r->status = mtp_fail(r->ctx, MTP_ERR_ARGUMENT, "%s must be %s, found %s", r->keyword, known, word);
  return 0;
}

/* ---- keywords ---- */

/* Of query bayes, unless they are given: an error that labels can take away is worth one above what is allowed. */
#define BAYES_SELECT 1.0
#define BAYES_BREAK  2.0

static void set_mode(reading *r, mtp_learner_options *o, const char *const *value) {
  static const mtp_mode modes[] = {MTP_MODE_CONFIGURATION, MTP_MODE_FORCES, MTP_MODE_NEIGHBOURHOOD,
                                   MTP_MODE_CONFIGURATION};
  o->mode = modes[choice(r, value[0], "energy forces neighbourhood configuration")];
}
static void set_select(reading *r, mtp_learner_options *o, const char *const *value) {
  o->auto_select = strcmp(value[0], "auto") == 0;
  o->select_grade = o->auto_select ? mtp_learner_defaults().select_grade : number(r, value[0]);
  o->has_select = true;
  if (o->query == MTP_QUERY_BAYES && !o->has_break) o->break_grade = fmax(BAYES_BREAK, o->select_grade);
}
static void set_break(reading *r, mtp_learner_options *o, const char *const *value) {
  o->auto_break = strcmp(value[0], "auto") == 0;
  o->break_grade = o->auto_break ? mtp_learner_defaults().break_grade : number(r, value[0]);
  o->has_break = true;
}
static void set_query(reading *r, mtp_learner_options *o, const char *const *value) {
  const mtp_learner_options standard = mtp_learner_defaults();
  o->query = choice(r, value[0], "maxvol bayes") == 0 ? MTP_QUERY_MAXVOL : MTP_QUERY_BAYES;
  o->query_error = value[1] ? number(r, value[1]) : 0.0;
  if (!o->has_select) o->select_grade = o->query == MTP_QUERY_BAYES ? BAYES_SELECT : standard.select_grade;
  if (!o->has_break)
    o->break_grade = o->query == MTP_QUERY_BAYES ? fmax(BAYES_BREAK, o->select_grade) : standard.break_grade;
  if (r->status == MTP_OK && value[1] && !(o->query == MTP_QUERY_BAYES && o->query_error > 0.0))
    r->status = mtp_fail(r->ctx, MTP_ERR_ARGUMENT,
                         "query takes an error in eV/A above 0 after bayes, and nothing after maxvol, found %s %s",
                         value[0], value[1]);
}
static void set_check(reading *r, mtp_learner_options *o, const char *const *value) {
  o->check_every = strcmp(value[0], "off") == 0 ? 0 : integer(r, value[0]);
  o->check_error = value[1] ? number(r, value[1]) : INFINITY;
  if (r->status == MTP_OK && strcmp(value[0], "off") != 0 && o->check_every < 1)
    r->status = mtp_fail(r->ctx, MTP_ERR_ARGUMENT, "check must be off or a number of steps of at least 1");
}
static void set_pool(reading *r, mtp_learner_options *o, const char *const *value) {
  o->pool = small_integer(r, value[0]);
}
static void set_doubt(reading *r, mtp_learner_options *o, const char *const *value) {
  o->doubt = choice(r, value[0], "no yes") == 1;
}
static void set_refit(reading *r, mtp_learner_options *o, const char *const *value) {
  static const mtp_refit kinds[] = {MTP_REFIT_LINEAR, MTP_REFIT_FULL, MTP_REFIT_AUTO};
  o->refit = kinds[choice(r, value[0], "linear full auto")];
}
static void set_rows(reading *r, mtp_learner_options *o, const char *const *value) {
  static const mtp_grading kinds[] = {MTP_GRADE_LINEAR, MTP_GRADE_ALL, MTP_GRADE_AUTO};
  o->grading = kinds[choice(r, value[0], "linear all auto")];
}
static void set_wall(reading *r, mtp_learner_options *o, const char *const *value) {
  o->wall = choice(r, value[0], "auto off") == 0;
}
static void set_weights(reading *r, mtp_learner_options *o, const char *const *value) {
  if (strcmp(value[0], "mlip") == 0) {
    o->weights = mtp_weights_mlip();
    return;
  }
  o->weights.energy = number(r, value[0]);
  o->weights.force = number(r, value[1]);
  o->weights.stress = number(r, value[2]);
}
static void set_warmup(reading *r, mtp_learner_options *o, const char *const *value) {
  o->warmup = -1;
  if (strcmp(value[0], "auto") == 0) return;
  o->warmup = small_integer(r, value[0]);
  o->warmup_sigma = number(r, value[1]);
}
static void set_cut(reading *r, mtp_learner_options *o, const char *const *value) {
  char *end;
  const double radius = mtp_strtod(value[0], &end);
  if (end == value[0] || *end) {
    static const mtp_cutting kinds[] = {MTP_CUTTING_OFF, MTP_CUTTING_AUTO, MTP_CUTTING_ON};
    o->cutting = kinds[choice(r, value[0], "off auto on")];
    if (r->status != MTP_OK)
      r->status =
          mtp_fail(r->ctx, MTP_ERR_ARGUMENT, "cut must be off, auto, on or a radius in Angstrom, found %s", value[0]);
    o->cut.radius = 0.0;
    return;
  }
  o->cutting = MTP_CUTTING_ON;
  o->cut.radius = radius;
  if (!(isfinite(radius) && radius > 0.0))
    r->status = mtp_fail(r->ctx, MTP_ERR_ARGUMENT, "the radius of cut must be above 0, found %s", value[0]);
}
static void set_shape(reading *r, mtp_learner_options *o, const char *const *value) {
  o->cut.shape = choice(r, value[0], "cell sphere") == 0 ? MTP_CUT_CELL : MTP_CUT_SPHERE;
}
static void set_grow(reading *r, mtp_learner_options *o, const char *const *value) {
  o->grow = choice(r, value[0], "no yes") == 1;
}
static void set_share(reading *r, mtp_learner_options *o, const char *const *value) {
  o->share = choice(r, value[0], "no yes") == 1;
}
static void set_wait(reading *r, mtp_learner_options *o, const char *const *value) {
  o->wait = choice(r, value[0], "no yes") == 1;
}
static void set_budget(reading *r, mtp_learner_options *o, const char *const *value) {
  o->max_calls = strcmp(value[0], "unlimited") == 0 ? -1 : integer(r, value[0]);
}
static void set_onfail(reading *r, mtp_learner_options *o, const char *const *value) {
  o->onfail = choice(r, value[0], "stop skip") == 0 ? MTP_ONFAIL_STOP : MTP_ONFAIL_SKIP;
}
static void set_seed(reading *r, mtp_learner_options *o, const char *const *value) {
  o->seed = (unsigned long long)integer(r, value[0]);
}

typedef struct keyword {
  const char *name;
  int values;
  void (*set)(reading *r, mtp_learner_options *options, const char *const *value);
  const char *alone; /* a value that stands for all of several, */
  const char *needs; /* and what to say when there are not enough */
  bool more;         /* a number may follow the value: value[1] is NULL without one */
} keyword;

static const keyword keywords[] = {
    {"mode", 1, set_mode, NULL, NULL, false},
    {"query", 1, set_query, NULL, NULL, true},
    {"check", 1, set_check, NULL, NULL, true},
    {"select", 1, set_select, NULL, NULL, false},
    {"break", 1, set_break, NULL, NULL, false},
    {"pool", 1, set_pool, NULL, NULL, false},
    {"doubt", 1, set_doubt, NULL, NULL, false},
    {"refit", 1, set_refit, NULL, NULL, false},
    {"rows", 1, set_rows, NULL, NULL, false},
    {"wall", 1, set_wall, NULL, NULL, false},
    {"weights", 3, set_weights, "mlip", "three numbers (energy, force, stress) or mlip", false},
    {"warmup", 2, set_warmup, "auto", "a number of configurations and a displacement in Angstrom, or auto", false},
    {"cut", 1, set_cut, NULL, NULL, false},
    {"shape", 1, set_shape, NULL, NULL, false},
    {"grow", 1, set_grow, NULL, NULL, false},
    {"share", 1, set_share, NULL, NULL, false},
    {"wait", 1, set_wait, NULL, NULL, false},
    {"maxqm", 1, set_budget, NULL, NULL, false},
    {"onfail", 1, set_onfail, NULL, NULL, false},
    {"seed", 1, set_seed, NULL, NULL, false},
};
enum { KEYWORDS = sizeof keywords / sizeof keywords[0] };

static bool is_number(const char *word) {
  char *end;
  mtp_strtod(word, &end);
  return end != word && *end == 0;
}

const char *mtp_learner_keyword(int number) {
  return number >= 0 && number < KEYWORDS ? keywords[number].name : NULL;
}

mtp_status mtp_learner_set(mtp_context *ctx, mtp_learner_options *options, int count, const char *const *words,
                           int *used) {
  if (!options || !words || !used || count < 1)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: expected options and a keyword with its values");
  const keyword *k = keywords;
  while (k < keywords + KEYWORDS && strcmp(k->name, words[0]) != 0) k++;
  if (k == keywords + KEYWORDS) {
    *used = 0;
    return MTP_OK;
  }
  if (count < 2) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "keyword %s needs a value", k->name);
  const int values = k->alone && strcmp(words[1], k->alone) == 0 ? 1 : k->values;
  if (count <= values) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "%s needs %s", k->name, k->needs);
  mtp_learner_options changed = *options;
  reading r = {.ctx = ctx, .keyword = k->name};
  const bool followed = k->more && count > 2 && is_number(words[2]);
  const char *const two[2] = {words[1], followed ? words[2] : NULL};
  k->set(&r, &changed, k->more ? two : words + 1);
  if (r.status != MTP_OK) return r.status;
  *options = changed;
  *used = 1 + values + followed;
  return MTP_OK;
}

/* ---- what makes sense ---- */

static const char *wrong_value(const mtp_learner_options *o) {
  if (o->mode < MTP_MODE_CONFIGURATION || o->mode > MTP_MODE_FORCES)
    return "mode must be energy, forces, neighbourhood or configuration";
  if (!(isfinite(o->select_grade) && o->select_grade >= 1.0)) return "select must be at least 1";
  /* an automatic one gives way to the other */
  const double least = o->auto_select || o->auto_break ? 1.0 : o->select_grade;
  if (!(isfinite(o->break_grade) && o->break_grade >= least)) return "break must not be below select";
  if (o->query == MTP_QUERY_BAYES && (o->auto_select || o->auto_break))
    return "select auto and break auto go with query maxvol: grades of query bayes are errors already";
  if (o->query < MTP_QUERY_MAXVOL || o->query > MTP_QUERY_BAYES) return "query must be maxvol or bayes";
  if (!(isfinite(o->query_error) && o->query_error >= 0.0)) return "the error of query must not be negative";
  if (o->query == MTP_QUERY_BAYES && o->mode != MTP_MODE_NEIGHBOURHOOD)
    return "query bayes needs mode neighbourhood: it goes by the errors of forces on atoms";
  if (o->query == MTP_QUERY_BAYES && o->grading != MTP_GRADE_AUTO)
    return "rows says what query maxvol grades by: it does not go with query bayes";
  if (o->mode == MTP_MODE_FORCES && o->grading == MTP_GRADE_ALL)
    return "mode forces grades by the linear coefficients: it does not go with rows all";
  if (o->check_every < 0 || !(o->check_error > 0.0)) return "the error of check must be above 0";
  if (o->threads < 1) return "threads must be at least 1";
  if (o->pool < 1 || o->pool > MOST) return "pool must be between 1 and 1000000";
  if (o->warmup < -1 || o->warmup > MOST) return "warmup must be between 0 and 1000000";
  if (!(isfinite(o->warmup_sigma) && o->warmup_sigma > 0.0)) return "the displacement of warmup must be positive";
  if (o->max_calls < -1) return "maxqm must not be negative";
  const double weights[3] = {o->weights.energy, o->weights.force, o->weights.stress};
  for (int i = 0; i < 3; i++)
    if (!(isfinite(weights[i]) && weights[i] >= 0.0)) return "weights must not be negative";
  if (o->grading < MTP_GRADE_AUTO || o->grading > MTP_GRADE_LINEAR) return "rows must be auto, all or linear";
  if (o->cutting < MTP_CUTTING_AUTO || o->cutting > MTP_CUTTING_ON) return "cut must be off, auto, on or a radius";
  if (o->cutting == MTP_CUTTING_ON && o->mode != MTP_MODE_NEIGHBOURHOOD)
    return "cut needs mode neighbourhood: a configuration as a whole cannot be cut";
  if (!(isfinite(o->cut.radius) && o->cut.radius >= 0.0) || !(isfinite(o->cut.vacuum) && o->cut.vacuum >= 0.0))
    return "radius and vacuum of cut must not be negative";
  if (o->cut.shape != MTP_CUT_CELL && o->cut.shape != MTP_CUT_SPHERE) return "shape must be cell or sphere";
  if (o->grow && o->refit == MTP_REFIT_LINEAR)
    return "grow yes needs refit auto or full: levels differ in radial functions";
  if (o->onfail < MTP_ONFAIL_STOP || o->onfail > MTP_ONFAIL_SKIP) return "onfail must be stop or skip";
  if (o->refit < MTP_REFIT_LINEAR || o->refit > MTP_REFIT_AUTO) return "refit must be linear, full or auto";
  return NULL;
}

mtp_status mtp_learner_check(mtp_context *ctx, const mtp_learner_options *options) {
  const char *wrong = options ? wrong_value(options) : "a null pointer was passed in";
  return wrong ? mtp_fail(ctx, MTP_ERR_ARGUMENT, "%s", wrong) : MTP_OK;
}
