/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/options.c
 * Command lines: options by table on top of getopt_long, and the values that several commands take. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

enum { FIRST_CODE = 256 }; /* codes of getopt_long above all characters */

static const cli_option *find_option(size_t count, const cli_option *options, int code) {
  if (code >= FIRST_CODE && (size_t)(code - FIRST_CODE) < count) return &options[code - FIRST_CODE];
  for (size_t i = 0; i < count; i++)
    if (code && options[i].letter == code) return &options[i];
  return NULL;
}

static int parse_real(cli *c, const char *option, const char *text, double *value) {
  char *end;
  *value = strtod(text, &end);
  if (end == text || *end || !isfinite(*value)) return cli_usage(c, "%s: a number is expected, not '%s'", option, text);
  return CLI_OK;
}

static int parse_integer(cli *c, const char *option, const char *text, long long *value) {
  char *end;
  errno = 0;
  *value = strtoll(text, &end, 10);
  if (end == text || *end || errno) return cli_usage(c, "%s: a whole number is expected, not '%s'", option, text);
  return CLI_OK;
}

static int set_option(cli *c, const cli_option *option, const char *text) {
  char name[64];
  snprintf(name, sizeof name, "--%s", option->name);
  switch (option->kind) {
  case CLI_FLAG:
    *(bool *)option->value = true;
    return CLI_OK;
  case CLI_TEXT:
    *(const char **)option->value = text;
    return CLI_OK;
  case CLI_REAL:
    return parse_real(c, name, text, option->value);
  case CLI_INTEGER:
    return parse_integer(c, name, text, option->value);
  }
  return CLI_OK;
}

static int refuse_option(cli *c, int code, const cli_option *option, const char *word) {
  if (code == ':') return cli_usage(c, "option %s needs a value", word);
  if (option) return cli_usage(c, "option --%s takes no value", option->name);
  if (optopt) return cli_usage(c, "unknown option -%c", optopt);
  return cli_usage(c, "unknown option %s", word);
}

static void print_help(const cli_command *command) {
  printf("Usage: mtp %s %s\n%s.\n\n%s%s", command->name, command->usage, command->summary, command->help,
         command->end ? command->end : "");
}

static int parse_words(cli *c, int argc, char **argv, size_t count, const cli_option *options, const char *letters,
                       const struct option *table) {
  opterr = 0;
  optind = 1;
  for (;;) {
    int code = getopt_long(argc, argv, letters, table, NULL);
    if (code < 0) return CLI_GO_ON;
    if (code == 'h') return print_help(c->command), CLI_OK;
    int status = code == '?' || code == ':'
                     ? refuse_option(c, code, find_option(count, options, optopt), argv[optind - 1])
                     : set_option(c, find_option(count, options, code), optarg);
    if (status != CLI_OK) return status;
  }
}

static const char **key_of(mtp_label_keys *keys, const char *word) {
  const struct {
    const char *name;
    const char **key;
  } known[] = {{"energy", &keys->energy},
               {"forces", &keys->forces},
               {"force", &keys->forces},
               {"virial", &keys->virial},
               {"stress", &keys->stress}};
  for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
    if (strcmp(word, known[k].name) == 0) return known[k].key;
  return NULL;
}

static int parse_keys(cli *c) {
  c->keys_copy = cli_alloc(strlen(c->keys_text) + 1, 1);
  for (char *word = strcpy(c->keys_copy, c->keys_text), *next; word; word = next) {
    if ((next = strchr(word, ','))) *next++ = 0;
    char *equals = strchr(word, '=');
    if (equals) *equals = 0;
    const char **key = equals ? key_of(&c->keys, word) : NULL;
    if (!key)
      return cli_usage(c, "--keys: energy=, forces=, virial= or stress= and a name are expected, not '%s'", word);
    if (*key) return cli_usage(c, "--keys: %s is given twice", word);
    *key = equals + 1;
  }
  return CLI_GO_ON;
}

int cli_parse(cli *c, int argc, char **argv, size_t count, const cli_option *options, int min, int max) {
  struct option *table = cli_alloc(count + 2, sizeof *table);
  char *letters = cli_alloc(2 * count + 3, 1), *next = letters;
  *next++ = ':'; /* a missing value is told from an unknown option */
  *next++ = 'h';
  for (size_t i = 0; i < count; i++) {
    int argument = options[i].kind == CLI_FLAG ? no_argument : required_argument;
    table[i] = (struct option){options[i].name, argument, NULL, FIRST_CODE + (int)i};
    if (!options[i].letter) continue;
    *next++ = options[i].letter;
    if (argument == required_argument) *next++ = ':';
  }
  table[count] = (struct option){"help", no_argument, NULL, 'h'};
  int status = parse_words(c, argc, argv, count, options, letters, table);
  free(letters);
  free(table);
  if (status != CLI_GO_ON) return status;
  c->words = argv + optind;
  c->word_count = argc - optind;
  if (c->word_count < min) return cli_usage(c, "missing argument: mtp %s %s", c->command->name, c->command->usage);
  if (max >= 0 && c->word_count > max) return cli_usage(c, "unexpected argument '%s'", c->words[max]);
  return c->keys_text ? parse_keys(c) : CLI_GO_ON;
}

int cli_require(cli *c, const char *value, const char *option) {
  return value ? CLI_OK : cli_usage(c, "option %s is required", option);
}

static void add_name(cli_names *names, const char *name, size_t size) {
  char *copy = cli_alloc(size + 1, 1);
  memcpy(copy, name, size);
  names->name = cli_realloc(names->name, (size_t)names->count + 1, sizeof *names->name);
  names->name[names->count++] = copy;
}

static void add_number(cli_names *names, int number) {
  char text[16];
  int size = snprintf(text, sizeof text, "%d", number);
  add_name(names, text, (size_t)size);
}

static bool is_name(const char *text, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (!isalnum((unsigned char)text[i]) && text[i] != '_') return false;
  return size > 0 && isalpha((unsigned char)text[0]);
}

static bool has_name(const cli_names *names, const char *text, size_t size) {
  for (int i = 0; i < names->count; i++)
    if (strlen(names->name[i]) == size && memcmp(names->name[i], text, size) == 0) return true;
  return false;
}

int cli_names_parse(cli *c, const char *text, bool number_allowed, cli_names *out) {
  *out = (cli_names){0};
  if (number_allowed && isdigit((unsigned char)text[0])) {
    long long count;
    int status = parse_integer(c, "--species", text, &count);
    if (status != CLI_OK) return status;
    if (count < 1 || count > 1000) return cli_usage(c, "--species: 1 to 1000 species are possible, not %lld", count);
    out->nameless = true;
    for (int i = 0; i < count; i++) add_number(out, i);
    return CLI_OK;
  }
  for (const char *word = text;; word++) {
    size_t size = strcspn(word, ",");
    int status = CLI_OK;
    if (!is_name(word, size))
      status = cli_usage(c, "--species: element names such as Al,Ni are expected%s, not '%s'",
                         number_allowed ? ", or one number" : "", text);
    else if (has_name(out, word, size))
      status = cli_usage(c, "--species: %.*s is named twice", (int)size, word);
    if (status != CLI_OK) {
      cli_names_free(out);
      return status;
    }
    add_name(out, word, size);
    word += size;
    if (!*word) return CLI_OK;
  }
}

cli_names cli_names_of(const mtp_potential *pot) {
  cli_names names = {0};
  names.nameless = mtp_potential_element(pot, 0) == NULL;
  for (int i = 0; i < mtp_potential_species_count(pot); i++) {
    const char *element = mtp_potential_element(pot, i);
    if (element)
      add_name(&names, element, strlen(element));
    else
      add_number(&names, mtp_potential_label(pot, i));
  }
  return names;
}

const char *const *cli_names_list(const cli_names *names) {
  return (const char *const *)names->name;
}

void cli_names_free(cli_names *names) {
  for (int i = 0; i < names->count; i++) free(names->name[i]);
  free(names->name);
  *names = (cli_names){0};
}

int cli_map_species(cli *c, const char *path, const mtp_potential *pot, mtp_config_set *set) {
  cli_names names = cli_names_of(pot);
  int status = CLI_OK;
  if (mtp_config_set_map_species(c->ctx, set, names.count, cli_names_list(&names)) != MTP_OK) {
    const char *message = mtp_context_message(c->ctx);
    bool named = strstr(message, path) != NULL;
    status = cli_fail(c, "%s%s%s%s", named ? "" : path, named ? "" : ": ", message,
                      names.nameless ? "; the potential has no element names: --species gives them" : "");
  }
  cli_names_free(&names);
  return status;
}

static const char *const mode_names[] = {"configuration", "neighbourhood", "forces"}; /* by mtp_mode */

const char *cli_mode_name(mtp_mode mode) {
  return mode_names[mode];
}

int cli_parse_mode(cli *c, const char *text, mtp_mode *mode) {
  *mode = MTP_MODE_CONFIGURATION;
  if (strcmp(text, "energy") == 0) return CLI_OK;
  for (int i = 0; i < 3; i++) {
    *mode = (mtp_mode)i;
    if (strcmp(text, mode_names[i]) == 0) return CLI_OK;
  }
  return cli_usage(c, "--mode: energy, forces, neighbourhood or configuration is expected, not '%s'", text);
}
