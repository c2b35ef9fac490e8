/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/driver.c
 * QM drivers in the command. */
#include <signal.h>
#include <string.h>

#include "cli/cli.h"
#ifdef MTP_HAVE_LAMMPS
#include "driver/qm_lammps.h"
#endif

/* The one way in which a signal reaches the library. */
static volatile sig_atomic_t stop_signal;

static void on_signal(int number) {
  stop_signal = number;
}

/* The first signal lets what runs be written down; a second one ends the process as usual. */
static void watch_signals(void) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

bool cli_is_lammps(const char *driver) {
  driver += strspn(driver, " \t");
  return strncmp(driver, "lammps", 6) == 0 && strchr(" \t", driver[6]);
}

int cli_open_driver(cli *c, const char *option, const char *text, mtp_qm **qm) {
  const mtp_qm_driver *extra = NULL;
#ifdef MTP_HAVE_LAMMPS
  extra = mtp_qm_lammps_driver();
#else
  if (cli_is_lammps(text))
    return cli_usage(c, "%s: this mtp was built without LAMMPS, so it has no driver lammps", option);
#endif
  const int ranks = c->comm ? c->comm->size : 1;
  const mtp_status status = mtp_qm_open_for_ranks(c->ctx, text, extra, extra ? 1 : 0, ranks, qm);
  if (status == MTP_ERR_ARGUMENT) return cli_usage(c, "%s: %s", option, mtp_context_message(c->ctx));
  if (status != MTP_OK) return cli_library(c, NULL);
  watch_signals();
  mtp_qm_set_stop(*qm, &stop_signal);
  return mtp_qm_is_none(*qm) ? cli_usage(c, "%s: the driver none labels nothing", option) : CLI_OK;
}
