/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/main.c
 * The command `mtp`: finds the subcommand and runs it, on one rank or several. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/launcher.h"
#include "mtp/team.h"
#ifdef MTP_HAVE_MPI
#include "mpi/mpi_comm.h"
#endif

static const cli_command *const commands[] = {
    &cli_cmd_init,  &cli_cmd_train,   &cli_cmd_eval,   &cli_cmd_errors, &cli_cmd_grade, &cli_cmd_select, &cli_cmd_cut,
    &cli_cmd_label, &cli_cmd_convert, &cli_cmd_random, &cli_cmd_info,   &cli_cmd_bench, &cli_cmd_report};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_help(void) {
  puts("Usage: mtp COMMAND ...\n"
       "Moment tensor potentials: make, train, evaluate, grade and label.\n\n"
       "Commands:");
  for (int i = 0; i < COMMAND_COUNT; i++) printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
  puts("\nmtp COMMAND --help explains a command; mtp --version prints the version.\n"
       "Units: A, eV, eV/A, GPa. Files are recognised by content or suffix; - is standard input or output.\n"
       "Exit status: 0 done, 1 failed, 2 wrong usage.");
}

static const cli_command *find_command(const char *name) {
  for (int i = 0; i < COMMAND_COUNT; i++)
    if (strcmp(commands[i]->name, name) == 0) return commands[i];
  return NULL;
}

/* One rank speaks for all. Launchers end all ranks when the first one fails, so the others leave it the time to speak.
 */
static int fail_in_silence(void) {
  nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
  return CLI_USAGE;
}

/* Most commands would do the same work on all ranks and write the same file. */
static int refuse_ranks(cli *c, const cli_launch *launch) {
  if (launch->size > 1 && launch->rank > 0) return fail_in_silence();
  return cli_usage(c, "runs as one process in this version, and is one of several here, as %s=%s says",
                   launch->variable, getenv(launch->variable));
}

#ifdef MTP_HAVE_MPI
/* A launcher of another MPI: each process would take itself for the only one, and train on its own. */
static int refuse_launcher(cli *c, const cli_launch *launch) {
  if (launch->size > 1 && launch->rank > 0) return fail_in_silence();
  return cli_usage(c,
                   "is one of several processes, as %s=%s says, but the MPI that it is built with does not know of the "
                   "others: start it by the mpiexec of that MPI, or as one process",
                   launch->variable, getenv(launch->variable));
}

static bool is_one_of_several(const cli_launch *launch) {
  return launch->size > 1 || launch->rank > 0;
}

/* Engines want the cores of ranks that wait, so these do not ask all the time whether it is over. */
static void sleep_until_all_are_here(MPI_Comm world) {
  MPI_Request request;
  int done = 0;
  MPI_Ibarrier(world, &request);
  while (MPI_Test(&request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && !done)
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static void let_go(const cli *c, MPI_Comm world) {
  if (c->command->ranks == CLI_SLEEPS)
    sleep_until_all_are_here(world);
  else
    (c->command->ranks == CLI_TRAINS ? mtp_trainer_end_help : mtp_team_end_help)(c->comm);
}

/* What the others do until they are let go. */
static mtp_status help_first(const cli *c, const mtp_comm *comm, MPI_Comm world) {
  if (c->command->ranks != CLI_SLEEPS)
    return (c->command->ranks == CLI_TRAINS ? mtp_trainer_help : mtp_team_help)(c->ctx, comm);
  sleep_until_all_are_here(world);
  return MTP_OK;
}

/* Rank 0 runs the command, the others work for it. */
static int run_ranks(cli *c, const cli_launch *launch, int argc, char **argv) {
  MPI_Comm world = MPI_COMM_WORLD;
  int status = CLI_OK;
  MPI_Init(NULL, NULL);
  const mtp_comm comm = mtp_mpi_comm(&world);
  if (comm.size < 2 && is_one_of_several(launch)) {
    status = refuse_launcher(c, launch);
  } else if (comm.size < 2) {
    status = c->command->run(c, argc, argv);
  } else if (comm.rank == 0) {
    c->comm = &comm;
    status = c->command->run(c, argc, argv);
    let_go(c, world);
  } else if (help_first(c, &comm, world) != MTP_OK) {
    status = cli_library(c, NULL);
  }
  MPI_Finalize();
  return status;
}
#endif

/* MPI is not asked how many ranks there are unless a launcher has started this one: a plain command starts at once, and
 * runs where MPI does not. */
static int run_command(cli *c, int argc, char **argv) {
  const cli_launch launch = cli_launched();
  if (launch.size == 1) return c->command->run(c, argc, argv);
#ifdef MTP_HAVE_MPI
  if (c->command->ranks != CLI_ALONE) return run_ranks(c, &launch, argc, argv);
#endif
  if (launch.size == 0 && launch.rank == 0) return c->command->run(c, argc, argv);
  return refuse_ranks(c, &launch);
}

static int run_named(cli *c, int argc, char **argv) {
  if (argc < 2) return cli_usage(c, "no command given");
  const char *name = argv[1];
  if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) return print_help(), CLI_OK;
  if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) return printf("mtp %s\n", mtp_version()), CLI_OK;
  if (name[0] == '-') return cli_usage(c, "unknown option %s", name);
  const cli_command *command = find_command(name);
  if (!command) return cli_usage(c, "unknown command '%s'", name);
  c->command = command;
  return run_command(c, argc - 1, argv + 1);
}

int main(int argc, char **argv) {
  cli c = {.ctx = mtp_context_new()};
  if (!c.ctx) cli_die_of_memory();
  mtp_context_set_logger(c.ctx, cli_forward_message, &c);
  cli_json_start();
  int status = run_named(&c, argc, argv);
  cli_progress_end(&c);
  /* a full disk behind standard output shows only now, and must not end as success */
  if ((fflush(stdout) != 0 || ferror(stdout)) && status == CLI_OK)
    status = cli_fail(&c, "cannot write to standard output: %s", strerror(errno));
  free(c.keys_copy);
  mtp_context_free(c.ctx);
  return status;
}
