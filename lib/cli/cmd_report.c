/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_report.c
 * `mtp report`: one page with what is known of a potential: parity plots and errors on data, the history of a learning
 * run, the course of a training. */
#include <string.h>

#include "cli/report.h"

static const char help[] =
    "Writes one page that needs nothing else (HTML with pictures in it), with a verdict on top. FILEs in any order:\n\n"
    "  a potential         with the configurations below it is compared\n"
    "  configurations      labelled: parity, distribution of errors, errors by group and species\n"
    "  an event log        of pair_style mtp/al: whether it has learned enough, labels and their causes,\n"
    "                      grades, true errors, cost\n"
    "  a training log      of `mtp train --log`: loss and errors by iteration\n\n"
    "  -o, --output PAGE   the page to write\n"
    "  --title TEXT        what is written above it\n" CLI_KEYS_HELP CLI_SPECIES_HELP "\n"
    "Pictures are drawn by gnuplot.\n\n"
    "Example: mtp report pot.almtp test.extxyz mtp-al.jsonl -o report.html\n";

static void describe_potential(report_page *page, const char *path, const mtp_potential *pot) {
  report_add(page, "<p>Potential: ");
  report_add_text(page, path);
  report_add(page, ", level %d, %d species, %zu parameters, cutoff %.4g &Aring;, smallest distance %.4g &Aring;.</p>\n",
             mtp_potential_level(pot), mtp_potential_species_count(pot), mtp_potential_parameter_count(pot),
             mtp_potential_cutoff(pot), mtp_potential_min_dist(pot));
}

/* One potential at most; data need one. */
static int find_potential(cli *c, mtp_potential **pot, const char **path) {
  bool data = false;
  int status = CLI_OK;
  for (int k = 0; k < c->word_count && status == CLI_OK; k++) {
    cli_content content;
    status = cli_recognise(c, c->words[k], &content);
    data = data || content == CLI_CONFIGURATIONS;
    if (status != CLI_OK || content != CLI_POTENTIAL) continue;
    if (*pot) return cli_usage(c, "%s and %s are two potentials, one is expected", *path, c->words[k]);
    *path = c->words[k];
    status = cli_read_potential(c, c->words[k], pot, NULL);
  }
  if (status == CLI_OK && data && !*pot) return cli_usage(c, "configurations are compared with a potential: give one");
  if (status == CLI_OK && *pot && !mtp_potential_is_trained(*pot))
    status = cli_fail(c, "%s: the potential is untrained", *path);
  return status;
}

static int fill_page(report_page *page, mtp_potential *pot, const char *path) {
  cli *c = page->c;
  int status = CLI_OK;
  if (pot) describe_potential(page, path, pot);
  for (int k = 0; k < c->word_count && status == CLI_OK; k++) {
    cli_content content;
    status = cli_recognise(c, c->words[k], &content);
    if (status == CLI_OK && content == CLI_CONFIGURATIONS) status = report_data(page, pot, c->words[k]);
    if (status == CLI_OK && content == CLI_LOG) status = report_log(page, c->words[k]);
  }
  return status;
}

static int run_report(cli *c, int argc, char **argv) {
  const char *output = NULL, *title = "Moment tensor potential", *path = NULL;
  const cli_option options[] = {
      {"output", 'o', CLI_TEXT, &output}, {"title", 0, CLI_TEXT, &title}, CLI_KEYS_OPTION(c), CLI_SPECIES_OPTION(c)};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 1, -1);
  if (status != CLI_GO_ON) return status;
  if ((status = cli_require(c, output, "-o")) != CLI_OK) return status;
  if (strcmp(output, "-") == 0) return cli_usage(c, "-o: a page needs a file, not standard output");
  if ((status = cli_check_inputs_differ(c, "-o", output, 0)) != CLI_OK) return status;
  mtp_potential *pot = NULL;
  report_page page = {0};
  status = cli_check_output(c, output);
  if (status == CLI_OK) status = find_potential(c, &pot, &path);
  if (status == CLI_OK) status = report_page_begin(c, &page, title);
  if (status == CLI_OK) status = fill_page(&page, pot, path);
  if (status == CLI_OK) status = report_page_write(&page, output);
  report_page_end(&page);
  mtp_potential_free(pot);
  return status;
}

const cli_command cli_cmd_report = {
    .name = "report",
    .summary = "One page with pictures: parity, errors, learning and training history",
    .usage = "FILE... -o PAGE [--title TEXT]",
    .help = help,
    .run = run_report,
};
