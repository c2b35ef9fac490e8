/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/ipi/ipi.c
 * The driver `ipi ADDRESS [key=value ...] [COMMAND]`: a server for engines that stay up between calls. Each worker has
 * a client of its own, started by COMMAND in a folder with the atoms of its first call (in.extxyz), and started again
 * when it dies, fails, or is of no use for the next configuration: the protocol carries neither species nor, for some
 * engines, a basis that follows the cell. Keys: connect=S (300), cell=frozen|free (frozen for pw.x), bad=TEXT. */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qm/drivers/drivers.h"
#include "qm/drivers/ipi/ipi_protocol.h"
#include "qm/drivers/qe/qe_template.h"
#include "qm/drivers/reason.h"
#include "qm/drivers/request.h"
#include "qm/process/folder.h"
#include "qm/process/log_scan.h"
#include "support/support.h"

#define OUT_FILE      "stdout"
#define ERR_FILE      "stderr"
#define PW_INPUT      "pw.in"
#define CONNECT       300.0 /* s */
#define SLICE         0.02  /* s between two looks at a client that has not connected yet */
#define EXIT_PATIENCE 5.0   /* s for a client that was told to end */
#define SAME_CELL     1e-9  /* A */

/* An engine at the other end of a socket, one a worker. */
typedef struct client {
  mtp_channel channel;
  mtp_running running; /* pid 0: not ours */
  mtp_config *first;   /* the configuration it was started with */
  char dir[512];
  mtp_log_scan scan;
  bool failed;
} client;

typedef struct ipi {
  mtp_qm_setup setup;
  mtp_listener listener;
  bool has_command, frozen, tells_frozen;
  mtp_command command;
  int input_word;        /* of the command: the input of pw.x; 0: none */
  mtp_qe_template input; /* that input */
  double connect;
  char *bad_line;
  pthread_mutex_t lock; /* one client is started at a time, so that a connection can be told whose it is */
  atomic_int replica;
  atomic_bool logged; /* that clients are started again for other cells */
  client *clients;    /* [setup.workers] */
} ipi;

/* ---- opening ---- */

static bool starts_with(const char *text, const char *start, const char **rest) {
  size_t length = strlen(start);
  if (strncmp(text, start, length) != 0) return false;
  *rest = text + length;
  return true;
}

/* The keys between address and command: *used words. */
static mtp_status parse_keys(mtp_context *ctx, ipi *s, int count, const char *const *words, int *used) {
  bool cell_given = false;
  for (*used = 0; *used < count; ++*used) {
    const char *word = words[*used];
    const char *value;
    char *end;
    bool good = true;
    if (starts_with(word, "connect=", &value)) {
      s->connect = mtp_strtod(value, &end);
      good = end != value && !*end && s->connect > 0 && isfinite(s->connect);
    } else if (starts_with(word, "cell=", &value)) {
      s->frozen = strcmp(value, "frozen") == 0;
      good = s->frozen || strcmp(value, "free") == 0;
      cell_given = true;
    } else if (starts_with(word, "bad=", &value)) {
      free(s->bad_line);
      s->bad_line = mtp_strdup(value);
      good = *value && s->bad_line;
    } else {
      break;
    }
    if (good) continue;
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "ipi: %s: expected connect=SECONDS, cell=frozen, cell=free or bad=TEXT",
                    word);
  }
  s->tells_frozen = !cell_given;
  return MTP_OK;
}

static bool is_program(const char *word, const char *name) {
  const char *slash = strrchr(word, '/');
  return strcmp(slash ? slash + 1 : word, name) == 0;
}

/* The plane waves of pw.x are those of the cell in its input. Where that input can be found it is written anew for each
 * client. */
static mtp_status look_for_pw(mtp_context *ctx, ipi *s, int count, const char *const *words) {
  static const char *const flags[] = {"-in", "-i", "-inp", "-input"};
  int program = 0;
  while (program < count && !is_program(words[program], "pw.x")) program++;
  if (program == count) return MTP_OK;
  if (s->tells_frozen) s->frozen = true;
  for (int i = program + 1; i + 1 < count; i++)
    for (size_t f = 0; f < sizeof flags / sizeof flags[0]; f++)
      if (!s->input_word && strcmp(words[i], flags[f]) == 0) s->input_word = i + 1;
  return s->input_word ? mtp_qe_template_open(ctx, &s->input, words[s->input_word]) : MTP_OK;
}

static mtp_status parse_command(mtp_context *ctx, ipi *s, int count, const char *const *words) {
  if (count == 0) return MTP_OK;
  mtp_status status = look_for_pw(ctx, s, count, words);
  if (status == MTP_OK) status = mtp_command_open(ctx, &s->command, count, words, 0, NULL);
  if (status != MTP_OK) return status;
  s->has_command = true;
  if (!s->input_word) return MTP_OK;
  char *word = mtp_strdup(PW_INPUT);
  if (!word) return mtp_fail_memory(ctx);
  free(s->command.argv[s->input_word]);
  s->command.argv[s->input_word] = word;
  return MTP_OK;
}

static void ipi_close(void *state);

static mtp_qm_status ipi_open(mtp_context *ctx, void *user, const mtp_qm_setup *setup, int count,
                              const char *const *arguments, void **state) {
  (void)user;
  if (count < 1)
    return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "ipi: expected an ADDRESS (unix:NAME or HOST:PORT) after the name");
  ipi *s = mtp_calloc(1, sizeof *s);
  if (!s) return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "out of memory");
  s->setup = *setup;
  s->listener.fd = -1;
  s->connect = CONNECT;
  pthread_mutex_init(&s->lock, NULL);
  s->clients = mtp_calloc((size_t)setup->workers, sizeof *s->clients);
  for (int i = 0; s->clients && i < setup->workers; i++) s->clients[i].channel.fd = -1;
  int keys = 0;
  mtp_status status = s->clients ? parse_keys(ctx, s, count - 1, arguments + 1, &keys) : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = parse_command(ctx, s, count - 1 - keys, arguments + 1 + keys);
  if (status == MTP_OK) status = mtp_listen(ctx, &s->listener, arguments[0]);
  if (status == MTP_OK)
    *state = s;
  else
    ipi_close(s);
  return status == MTP_OK ? MTP_QM_OK : MTP_QM_CANNOT_START;
}

/* ---- clients ---- */

/* Ends a client that may be in any state. */
static void drop(const ipi *s, client *c, bool failed) {
  int exit_code;
  mtp_channel_close(&c->channel);
  if (c->running.pid > 0) mtp_process_end(NULL, &c->running, true, &exit_code);
  bool keep = s->setup.keep_all || ((failed || c->failed) && s->setup.keep_failed);
  if (c->dir[0] && !keep) mtp_folder_remove(c->dir);
  mtp_config_free(c->first);
  mtp_log_scan_free(&c->scan);
  *c = (client){.channel = {.fd = -1}};
}

/* Ends clients that wait for the next call: all are told first, then each gets its time. */
static void ipi_close(void *state) {
  ipi *s = state;
  for (int i = 0; s->clients && i < s->setup.workers; i++)
    if (s->clients[i].channel.fd >= 0) mtp_ipi_say_exit(&s->clients[i].channel);
  double deadline = mtp_now() + EXIT_PATIENCE;
  for (int i = 0; s->clients && i < s->setup.workers; i++) {
    client *c = &s->clients[i];
    while (c->channel.fd >= 0 && !mtp_process_has_ended(&c->running) && mtp_now() < deadline) mtp_sleep(0.002);
    drop(s, c, false);
  }
  free(s->clients);
  mtp_listener_close(&s->listener);
  mtp_command_close(&s->command);
  mtp_qe_template_close(&s->input);
  pthread_mutex_destroy(&s->lock);
  free(s->bad_line);
  free(s);
}

/* What a client reads when it starts: the very atoms that it will be sent. */
static mtp_status write_inputs(const ipi *s, const client *c, const mtp_ipi_atoms *atoms, const mtp_qm_call *call) {
  mtp_qm_call turned = *call;
  turned.config = atoms->config;
  mtp_status status = mtp_qm_write_request(&turned, c->dir);
  if (status == MTP_OK && s->input_word) status = mtp_qe_write_input(&s->input, &turned, c->dir, PW_INPUT);
  return status;
}

static mtp_qm_status spawn(const ipi *s, client *c, const mtp_ipi_atoms *atoms, mtp_qm_call *call) {
  if (mtp_folders_make(call->ctx, call->folders, c->dir, sizeof c->dir) != MTP_OK) return MTP_QM_CANNOT_START;
  if (write_inputs(s, c, atoms, call) != MTP_OK) return MTP_QM_BAD_DATA;
  const mtp_process process = {
      .command = &s->command, .dir = c->dir, .out = OUT_FILE, .err = ERR_FILE, .attempt = call->attempt};
  return mtp_process_start(call->ctx, &process, &c->running);
}

/* Connections that nobody waits for are of unknown clients. */
static void refuse_unknown_clients(const ipi *s) {
  for (int fd; (fd = mtp_listener_accept(&s->listener, 0)) >= 0;) close(fd);
}

static mtp_qm_status await_connection(const ipi *s, client *c, mtp_qm_call *call) {
  double deadline = mtp_now() + s->connect;
  if (call->deadline > 0 && call->deadline < deadline) deadline = call->deadline;
  for (;;) {
    int fd = mtp_listener_accept(&s->listener, SLICE);
    if (fd >= 0) {
      c->channel = mtp_channel_open(fd, s->listener.path == NULL);
      return MTP_QM_OK;
    }
    if (call->stop && *call->stop) return mtp_qm_fail(call->ctx, MTP_QM_STOPPED, "the run stops");
    if (s->has_command && mtp_process_has_ended(&c->running)) {
      int exit_code;
      mtp_qm_status status = mtp_process_end(call->ctx, &c->running, false, &exit_code);
      if (status != MTP_QM_OK) return status;
      return mtp_qm_fail(call->ctx, MTP_QM_CRASHED, "'%s' ended before it connected", s->command.name);
    }
    if (mtp_now() > deadline)
      return mtp_qm_fail(call->ctx, MTP_QM_TIMEOUT, "no client connected within connect=%g s", s->connect);
  }
}

static mtp_qm_status start(ipi *s, client *c, const mtp_ipi_atoms *atoms, mtp_qm_call *call) {
  c->first = mtp_config_copy(atoms->config);
  if (!c->first) return mtp_qm_fail(call->ctx, MTP_QM_CANNOT_START, "out of memory");
  pthread_mutex_lock(&s->lock);
  mtp_qm_status status = MTP_QM_OK;
  if (s->has_command) {
    refuse_unknown_clients(s);
    status = spawn(s, c, atoms, call);
  }
  if (status == MTP_QM_OK) status = await_connection(s, c, call);
  if (status != MTP_QM_OK && c->running.pid > 0) { /* not later: it could connect when another worker waits */
    int exit_code;
    mtp_process_end(NULL, &c->running, true, &exit_code);
  }
  pthread_mutex_unlock(&s->lock);
  return status;
}

static bool same_species(const mtp_config *a, const mtp_config *b) {
  return a->n == b->n && memcmp(a->species, b->species, a->n * sizeof *a->species) == 0;
}

static bool same_cell(const mtp_config *a, const mtp_config *b) {
  for (int k = 0; k < 9; k++)
    if (!(fabs(a->cell[k] - b->cell[k]) < SAME_CELL)) return false;
  return true;
}

static void log_frozen_cell(ipi *s, mtp_qm_call *call) {
  if (!atomic_exchange(&s->logged, true) && call->log)
    call->log(
        call->log_user,
        "QM ipi: the client's basis belongs to the cell that it was started with, so it is started again for each "
        "other cell; where the cell changes from call to call, a driver without a socket serves better");
}

/* Makes sure that there is a client for this configuration. */
static mtp_qm_status ensure_client(ipi *s, client *c, const mtp_ipi_atoms *atoms, mtp_qm_call *call) {
  if (c->channel.fd >= 0 && s->has_command) {
    bool alien = !same_species(c->first, call->config);
    bool frozen = !alien && s->frozen && !same_cell(c->first, atoms->config);
    if (frozen) log_frozen_cell(s, call);
    if (alien || frozen || mtp_process_has_ended(&c->running)) drop(s, c, false);
  }
  if (c->channel.fd < 0) return start(s, c, atoms, call);
  if (same_species(c->first, call->config)) return MTP_QM_OK;
  return mtp_qm_fail(
      call->ctx, MTP_QM_CANNOT_START,
      "the client computes the %zu atoms that it began with, and without a COMMAND it cannot be started again "
      "for others",
      c->first->n);
}

static mtp_qm_status compute(ipi *s, client *c, const mtp_ipi_atoms *atoms, mtp_qm_call *call) {
  mtp_qm_status status = ensure_client(s, c, atoms, call);
  if (status != MTP_QM_OK) return status;
  char line[512];
  status = mtp_ipi_compute(&c->channel, atoms, call, atomic_fetch_add(&s->replica, 1), s->connect);
  bool bad = c->dir[0] && mtp_log_scan_next(&c->scan, c->dir, s->bad_line, line, sizeof line);
  if (!bad || status == MTP_QM_STOPPED || status == MTP_QM_TIMEOUT) return status;
  return mtp_qm_fail(call->ctx, MTP_QM_NOT_CONVERGED, "%s", line);
}

static mtp_qm_status ipi_label(void *state, mtp_qm_call *call) {
  ipi *s = state;
  client *c = &s->clients[call->worker];
  mtp_ipi_atoms atoms;
  mtp_qm_status status = mtp_ipi_atoms_make(call, &atoms);
  if (status != MTP_QM_OK) return status;
  status = compute(s, c, &atoms, call);
  mtp_ipi_atoms_free(&atoms);
  snprintf(call->own_dir, call->own_dir_size, "%s", c->dir);
  if (status == MTP_QM_OK) return status;
  if (c->dir[0] && status != MTP_QM_NOT_CONVERGED && status != MTP_QM_STOPPED)
    mtp_qm_add_last_words(call->ctx, c->dir, ERR_FILE, OUT_FILE);
  drop(s, c, status != MTP_QM_STOPPED); /* whatever it did, the next call gets a fresh one */
  return status;
}

const mtp_qm_driver mtp_qm_ipi = {
    .name = "ipi", .makes_dirs = true, .parallel = true, .open = ipi_open, .label = ipi_label, .close = ipi_close};
