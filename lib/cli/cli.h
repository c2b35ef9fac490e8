/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cli.h
 * What the subcommands of `mtp` share. The command stands on the public headers of the library and small helpers of
 * support/ and config/ (whole files, JSON, units); here, and only here, it is allowed to print and to end the process.
 *
 * Functions that return `int` return an exit status: 0 done, 1 failed, 2 wrong usage. They have already printed the one
 * line that says why, so callers pass the number on.
 */
#ifndef MTP_CLI_H
#define MTP_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "mtp/active_set.h"
#include "mtp/baseline.h"
#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/pair_part.h"
#include "mtp/potential.h"
#include "mtp/qm.h"
#include "mtp/trainer.h"

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

typedef struct cli cli;

/** What ranks of an mpiexec other than 0 do for a command; CLI_SLEEPS: they leave their cores to engines. */
typedef enum cli_ranks { CLI_ALONE, CLI_TRAINS, CLI_EVALUATES, CLI_SLEEPS } cli_ranks;

typedef struct cli_command {
  const char *name;
  const char *summary; /**< one line of `mtp --help` */
  const char *usage;   /**< what follows the name on the command line */
  const char *help;    /**< options and an example, after the usage line */
  const char *end;     /**< what follows `help` where that is longer than a string of C should be; else NULL */
  int (*run)(cli *c, int argc, char **argv);
  cli_ranks ranks; /**< CLI_ALONE: it does not run on several */
} cli_command;

extern const cli_command cli_cmd_init, cli_cmd_train, cli_cmd_eval, cli_cmd_errors, cli_cmd_grade, cli_cmd_info,
    cli_cmd_convert, cli_cmd_cut, cli_cmd_label, cli_cmd_bench, cli_cmd_report, cli_cmd_select, cli_cmd_random;

/** A bar on a terminal's stderr; nothing at all when stderr is something else. */
typedef struct cli_progress {
  bool shown;
  const char *what;
  size_t total, done;
  double start, last;
} cli_progress;

struct cli {
  mtp_context *ctx;
  const cli_command *command; /**< NULL before the command is known */
  const mtp_comm *comm;       /**< of the ranks, this one being rank 0; NULL: this process alone */
  char **words;               /**< arguments that are not options */
  int word_count;
  cli_progress progress;
  const char *keys_text;    /**< of the option --keys, for commands that have it */
  mtp_label_keys keys;      /**< the same, once cli_parse is done */
  const char *species_text; /**< of the option --species of commands that read a potential and data */
  char *keys_copy;          /**< holds them; freed at the end */
};

/** What is told where rows of mode forces are to be all. */
#define CLI_ROWS_OF_FORCES                                                                                             \
  "--rows all has no effect on mode forces: its rows are the equations of a fit, by the linear coefficients"

/* message.c: the one line of an error, and memory */

/** Prints one line to stderr and returns `status`: `mtp COMMAND: message` for CLI_FAILED, with a pointer to --help for
 * CLI_USAGE, `mtp COMMAND: warning: message` for CLI_OK. */
int cli_say(cli *c, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define cli_fail(c, ...)  cli_say(c, CLI_FAILED, __VA_ARGS__)
#define cli_usage(c, ...) cli_say(c, CLI_USAGE, __VA_ARGS__)
#define cli_warn(c, ...)  ((void)cli_say(c, CLI_OK, __VA_ARGS__))
/** cli_fail with the message of the library; names `path` (may be NULL) if the message does not. */
int cli_library(cli *c, const char *path);
/** calloc that ends the process with one line when memory is exhausted. */
void *cli_alloc(size_t count, size_t size);
void *cli_realloc(void *p, size_t count, size_t size);
/** Prints that memory is exhausted and ends the process. */
void cli_die_of_memory(void);
/** The logger of the context: warnings, and on a terminal what else there is to say. `user` is the cli. */
void cli_forward_message(void *user, mtp_level level, const char *message);

/* options.c */

typedef enum cli_kind {
  CLI_FLAG,   /**< value: bool */
  CLI_TEXT,   /**< value: const char * */
  CLI_REAL,   /**< value: double, finite */
  CLI_INTEGER /**< value: long long */
} cli_kind;

typedef struct cli_option {
  const char *name; /**< without dashes */
  char letter;      /**< short form, 0 for none */
  cli_kind kind;
  void *value;
} cli_option;

/** An option of all commands that read configurations, for their tables, and its lines of the help. */
#define CLI_KEYS_OPTION(c)                                                                                             \
  { "keys", 0, CLI_TEXT, &(c)->keys_text }
#define CLI_KEYS_HELP                                                                                                  \
  "  --keys K=NAME,...   names of labels in extended XYZ; K: energy, forces, virial or stress, and an\n"               \
  "                      empty NAME: not read. Example: --keys energy=REF_energy,forces=REF_forces\n"

/** The same of those that read a potential as well. */
#define CLI_SPECIES_OPTION(c)                                                                                          \
  { "species", 0, CLI_TEXT, &(c)->species_text }
#define CLI_SPECIES_HELP "  --species Al,Ni     the elements of a POT without names, in its order\n"

/** The command is not over after parsing: go on with it. */
enum { CLI_GO_ON = -1 };
/** Parses options (in any order, GNU style) and leaves `min` to `max` (-1: any number) words in c->words. Returns
 * CLI_GO_ON, or the exit status after --help or wrong usage. */
int cli_parse(cli *c, int argc, char **argv, size_t count, const cli_option *options, int min, int max);
/** Wrong usage unless `value` was given. */
int cli_require(cli *c, const char *value, const char *option);

/** Species names; `nameless`: only their number was given, and the names are 0, 1, ... */
typedef struct cli_names {
  int count;
  char **name;
  bool nameless;
} cli_names;
/** "Al,Ni", or "2" if numbers are allowed. */
int cli_names_parse(cli *c, const char *text, bool number_allowed, cli_names *out);
/** Element names, or the labels of the pair blocks where the potential has no names. */
cli_names cli_names_of(const mtp_potential *pot);
const char *const *cli_names_list(const cli_names *names);
void cli_names_free(cli_names *names);
/** Configurations to the species of the potential. */
int cli_map_species(cli *c, const char *path, const mtp_potential *pot, mtp_config_set *set);
/** "configuration" or "neighbourhood". */
int cli_parse_mode(cli *c, const char *text, mtp_mode *mode);
const char *cli_mode_name(mtp_mode mode);

/* files.c: reading and writing with the messages a shell user needs */

typedef enum cli_content { CLI_CONFIGURATIONS, CLI_POTENTIAL, CLI_LOG } cli_content;
/** What a file holds, by its first bytes. */
int cli_recognise(cli *c, const char *path, cli_content *content);
/** The name ends in the suffix, or in that and .gz. */
bool cli_has_suffix(const char *path, const char *suffix);
/** Format of a --from or --to name; NULL gives MTP_FORMAT_AUTO. */
int cli_format(cli *c, const char *option, const char *name, mtp_format *format);
/** Format to write `path` in: `name` if given, else by suffix, extended XYZ on standard output. */
int cli_output_format(cli *c, const char *path, const char *name, mtp_format *format);
/** Fails early, before the work, if `path` cannot be written. */
int cli_check_output(cli *c, const char *path);
/** Wrong usage if both names (NULL: none) mean one file, of which one is written; `what` and `of` say what they are. */
int cli_check_differ(cli *c, const char *what, const char *path, const char *of, const char *other);
/** The same of a file that is written and the arguments of the command from `first` on. */
int cli_check_inputs_differ(cli *c, const char *what, const char *path, int first);
/** Where configurations go, and in which formats they come and go: -o, --from and --to, and what these mean. */
typedef struct cli_route {
  const char *output, *from, *to;
  mtp_format input_format, output_format;
} cli_route;
#define CLI_ROUTE_OPTIONS(route)                                                                                       \
  {"output", 'o', CLI_TEXT, &(route)->output}, {"from", 0, CLI_TEXT, &(route)->from}, {                                \
    "to", 0, CLI_TEXT, &(route)->to                                                                                    \
  }
/** Finds the formats, and fails early if the output, where there is one, is an input or cannot be written. */
int cli_check_route(cli *c, cli_route *route);
/** Gives the potential the names of "Al,Ni"; those that it has already have to be the same. */
int cli_name_species(cli *c, const char *path, mtp_potential *pot, const char *species, bool may_rename);
/** Reads a potential; if `as` is not NULL also its active set (NULL if it has none). With the names of --species. */
int cli_read_potential(cli *c, const char *path, mtp_potential **pot, mtp_active_set **as);
/** Writes `.mtp` without the active set and everything else as `.almtp`, after `head` (lines of comment, or ""). */
int cli_write_potential(cli *c, const char *path, const char *head, const mtp_potential *pot, const mtp_active_set *as);
bool cli_writes_active_set(const char *path);
/** Reads configurations; an empty file is an error. */
int cli_read_set(cli *c, const char *path, mtp_format format, mtp_config_set **out);
/** Reads the files one after the other into one set with the species of the potential. One without names and with one
 * species takes the name of the one species of the data. */
int cli_read_data(cli *c, int count, char *const *paths, mtp_format format, mtp_potential *pot, mtp_config_set **out);
/** The same for training: configurations without labels are left out, those that are not as they should be are named,
 * and left out too with `skip_bad`. */
int cli_read_training(cli *c, int count, char *const *paths, mtp_format format, mtp_potential *pot, bool skip_bad,
                      mtp_config_set **out);
/** The name of the one species of the data for a potential without names and with one species. */
int cli_adopt_name(cli *c, const char *path, mtp_potential *pot, const mtp_config_set *set);
int cli_write_set(cli *c, const mtp_config_set *set, const char *path, mtp_format format);
size_t cli_atom_count(const mtp_config_set *set);

/* screen.c */

/** Maps the species of a file that was read and screens it; *labelled: something is left to train on. */
int cli_screen_file(cli *c, const char *path, const mtp_potential *pot, bool skip, bool *labelled, mtp_config_set *set);

/* progress.c */

double cli_now(void);
void cli_progress_begin(cli *c, const char *what, size_t total);
void cli_progress_step(cli *c, size_t done);
/** Takes the bar off the screen; harmless without one. */
void cli_progress_end(cli *c);

/* json.c: cJSON; what is printed reads back as the same number, and null stands where there is none */

struct cJSON;
void cli_json_start(void);
void cli_json_number(struct cJSON *object, const char *key, double value);
/** Prints the object as one line and frees it. */
int cli_json_print(cli *c, struct cJSON *object);
struct cJSON *cli_json_errors(const mtp_errors *errors);
/** The same with the members `groups` and `species`. */
struct cJSON *cli_json_error_table(const mtp_error_table *table, const cli_names *species);

/* work.c */

/** Threads of this process: those that were asked for, or 0: all cores, of several ranks one each. What is worked on in
 * parallel is not so again inside the linear algebra. */
int cli_threads(const cli *c, long long asked);
/** Key of the largest error to expect of a force. */
#define CLI_MAX_FORCE_ERROR "max_force_error"
/** Evaluates all configurations in place, with grades if `as` is not NULL. Errors to expect that were there go. */
int cli_evaluate(cli *c, const mtp_potential *pot, const mtp_active_set *as, mtp_config_set *set);
/** Reads a potential with its active set, which must be there. */
int cli_read_graded(cli *c, const char *path, mtp_potential **pot, mtp_active_set **as);
/** Of the number of a configuration. */
#define CLI_NOT_FINITE                                                                                                 \
  "configuration %zu: energy or forces of the potential are not finite: are atoms at the same place?"
/** The errors of a potential on labelled data, which messages call `name`. broken[size] receives the line on
 * configurations with which it makes no numbers, "" without any. */
int cli_compute_error_table(cli *c, const char *name, const mtp_potential *pot, const mtp_config_set *set, size_t size,
                            char *broken, mtp_error_table **out);

/* driver.c */

/** Opens the driver that `option` asks for. From now on SIGINT and SIGTERM end its calls early, once. */
int cli_open_driver(cli *c, const char *option, const char *text, mtp_qm **qm);
/** Is it the driver lammps? Its file holds types, not names, and which is which must not depend on the order of atoms
 * in a file. Numbers are types. */
bool cli_is_lammps(const char *driver);

/* baseline.c */

#define CLI_BASELINE_HELP                                                                                              \
  "  --baseline \"lammps FILE\"  what acts beside POT: LAMMPS commands, whose energies and forces are subtracted\n"    \
  "                      from labels that are not relative to it already\n"

/** What the labels are relative to. */
typedef struct cli_baseline {
  const mtp_baseline *model; /**< NULL: the option was not given */
  const char *name;          /**< of the labels, once cli_baseline_apply was called; NULL: none. Belongs to the data */
  void *owner;
  bool applied;
} cli_baseline;
/** The value of --baseline, NULL: not given. */
int cli_baseline_open(cli *c, const char *text, const mtp_potential *pot, cli_baseline *b);
/** The name of the baseline that FILE is, "none" if it is none. */
void cli_baseline_name(const char *file, const mtp_potential *pot, char *name, size_t size);
void cli_baseline_close(cli_baseline *b);
/** Subtracts it from labels, or sees that all are relative to the same one. */
int cli_baseline_apply(cli *c, cli_baseline *b, mtp_config_set *set);
/** Fails if the potential, read from `path`, stands on another one than the labels. */
int cli_baseline_check(cli *c, const cli_baseline *b, const mtp_potential *pot, const char *path);

/* pair_part.c */

#define CLI_PAIR_PART_HELP                                                                                             \
  "  --pair-part FILE    learn pairs sum A_k/r^k beside POT and write them to FILE, the --baseline of OUT\n"           \
  "  --pair-cutoff R     of them, A (10)\n"                                                                            \
  "  --pair-lattice      A_k from sums over the lattice; R is that of FILE alone\n"

typedef struct cli_pair_part {
  const char *file; /**< NULL: the option was not given */
  double cutoff;    /**< 0: not given; as it is used, once it is learned */
  bool lattice;
  mtp_pair_part_report report; /**< once it is learned */
  char *baseline;              /**< the value of --baseline that it stands for, with a draft of FILE */
  mtp_pair_part *part;
  bool is_new;   /**< FILE is, and OUT is not written yet */
  bool replaces; /**< there was a FILE before */
} cli_pair_part;
/** Options that do not go together are wrong usage. */
int cli_pair_part_check(cli *c, const cli_pair_part *p, const char *baseline);
/** The name of the file of tables that goes with FILE, to be freed; NULL without FILE. */
char *cli_pair_part_tables(const cli_pair_part *p);
/** Learns it in turns with `pot`, and writes a draft to train on. */
int cli_pair_part_learn(cli *c, cli_pair_part *p, const mtp_train_options *train, mtp_potential *pot,
                        const mtp_config_set *set);
/** Writes the file once the potential that stands on it is trained, which is told so, with its labels. */
int cli_pair_part_keep(cli *c, cli_pair_part *p, mtp_potential *pot, mtp_config_set *set, const char *output);
/** Removes the draft, whatever became of it. */
void cli_pair_part_end(cli *c, cli_pair_part *p);
void cli_pair_part_print(const cli_pair_part *p);
/** OUT, which is `pot`, is written: the pairs of before go. */
int cli_pair_part_is_written(cli *c, cli_pair_part *p, const mtp_potential *pot);

/* pair_part_old.c */

/** Copies FILE and FILE.table, if they are there, to FILE.old and FILE.old.table, as the baseline of that name. */
int cli_pair_part_keep_old(cli *c, const char *file, const char *name);
bool cli_pair_part_has_old(const char *file);
int cli_pair_part_restore_old(cli *c, const char *file);
void cli_pair_part_drop_old(const char *file);
/** Puts the old ones back if they are the baseline of that name ("" of none): that of a potential, which a kill has
 * left beside pairs that are newer. */
int cli_pair_part_recover(cli *c, const char *file, const char *name);

/* compare.c */

/** Trains potentials like `pot`, of its level and of another, on a part of the set, and prints the errors of both on
 * the rest. */
int cli_compare_levels(cli *c, const mtp_train_options *options, const mtp_potential *pot, int other,
                       const mtp_config_set *set, bool json);

/* error_table.c */

void cli_print_errors(const char *title, const mtp_errors *errors);
/** The same, then by groups and species where there are several. */
void cli_print_error_table(const char *title, const mtp_error_table *table, const cli_names *species);

#endif
