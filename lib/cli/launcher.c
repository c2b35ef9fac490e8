/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/launcher.c
 * Variables by which launchers tell the processes that they start how many these are. */
#include "cli/launcher.h"

#include <stdbool.h>
#include <stdlib.h>

/* A launcher says one or both; `needs_rank`: the size alone may be left from one around it. */
typedef struct launcher {
  const char *size, *rank;
  bool needs_rank;
} launcher;

/* The first that says a size decides: mpiexec within a job of SLURM may start its processes by srun. */
static const launcher launchers[] = {
    {"PMI_SIZE", "PMI_RANK", false},
    {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", false},
    {"MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK", false},
    {"JSM_NAMESPACE_SIZE", "JSM_NAMESPACE_RANK", false},
    {"FLUX_JOB_SIZE", "FLUX_TASK_RANK", true},
    {"SLURM_STEP_NUM_TASKS", "SLURM_PROCID", true},
    {"SLURM_NTASKS", "PMIX_RANK", true},
    {"SLURM_NTASKS", "PALS_RANKID", true},
    {"PALS_LOCAL_SIZE", "PALS_RANKID", true}, /* at least so many */
    {"MPI_LOCALNRANKS", "MPI_LOCALRANKID", true},
};
enum { LAUNCHER_COUNT = sizeof launchers / sizeof launchers[0] };

/* Ranks without a size: SLURM_PROCID is not among them, for the script of a job has one. */
static const char *const ranks[] = {"PMI_RANK",    "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK", "PMIX_RANK",
                                    "PALS_RANKID", "JSM_NAMESPACE_RANK",   "FLUX_TASK_RANK",      "ALPS_APP_PE"};
enum { RANK_COUNT = sizeof ranks / sizeof ranks[0] };

/* A number that is not negative, -1 without. */
static long read_number(const char *variable) {
  const char *value = getenv(variable);
  char *end;
  if (!value || *value < '0' || *value > '9') return -1;
  const long number = strtol(value, &end, 10);
  return *end || number > 1000000000 ? -1 : number;
}

cli_launch cli_launched(void) {
  for (int i = 0; i < LAUNCHER_COUNT; i++) {
    const long size = read_number(launchers[i].size), rank = read_number(launchers[i].rank);
    if (size < 1 || (launchers[i].needs_rank && rank < 0)) continue;
    return (cli_launch){(int)size, rank < 0 ? 0 : (int)rank, launchers[i].size};
  }
  for (int i = 0; i < RANK_COUNT; i++) {
    const long rank = read_number(ranks[i]);
    if (rank >= 0) return (cli_launch){0, (int)rank, ranks[i]};
  }
  return (cli_launch){1, 0, NULL};
}
