/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_ipi.c
 * The client of i-PI that the tests of the driver start; see support_ipi.h. */
#include "support_ipi.h"

#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "config/units.h"
#include "mtp/config.h"
#include "support_learning.h"

static int server = -1;
static bool only_aluminium; /* no other element is in what this client was started with */

static bool get(void *data, size_t size) {
  char *at = data;
  while (size) {
    ssize_t done = read(server, at, size);
    if (done <= 0) return false;
    at += done;
    size -= (size_t)done;
  }
  return true;
}

static void put(const void *data, size_t size) {
  if (write(server, data, size) != (ssize_t)size) exit(5);
}

static void put_word(const char *word) {
  char header[13];
  snprintf(header, sizeof header, "%-12s", word);
  put(header, 12);
}

int ipi_connect(const char *name) {
  struct sockaddr_un where = {.sun_family = AF_UNIX};
  snprintf(where.sun_path, sizeof where.sun_path, "/tmp/ipi_%s", name);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  return fd >= 0 && connect(fd, (struct sockaddr *)&where, sizeof where) == 0 ? fd : -1;
}

/* Many clients read six numbers of a cell, and some lose atoms that are not within. */
static void check_frame(const mtp_config *cfg) {
  const double *h = cfg->cell;
  if (h[1] != 0 || h[2] != 0 || h[5] != 0 || !(h[0] > 0 && h[4] > 0 && h[8] > 0)) exit(10);
  for (size_t i = 0; i < cfg->n; i++) {
    double left[3];
    memcpy(left, cfg->x + 3 * i, sizeof left);
    for (int k = 2; k >= 0; k--) {
      const double f = left[k] / h[4 * k];
      if (!(f > -1e-9 && f < 1 + 1e-9)) exit(11);
      for (int c = 0; c < 3; c++) left[c] -= f * h[3 * k + c];
    }
  }
}

static mtp_config *get_atoms(void) {
  double cell[9], inverse[9];
  int32_t n;
  if (!get(cell, sizeof cell) || !get(inverse, sizeof inverse) || !get(&n, sizeof n)) exit(6);
  mtp_config *cfg = mtp_config_new((size_t)n);
  if (!cfg || !get(cfg->x, 3 * cfg->n * sizeof(double))) exit(6);
  for (int i = 0; i < 3; i++) {
    cfg->periodic[i] = true;
    for (int j = 0; j < 3; j++) {
      cfg->cell[3 * i + j] = cell[3 * j + i] * MTP_BOHR;
      double product = 0;
      for (int k = 0; k < 3; k++) product += inverse[3 * i + k] * cell[3 * k + j];
      if (fabs(product - (i == j)) > 1e-10) exit(7); /* not the inverse of the cell in the same layout */
    }
  }
  for (size_t i = 0; i < 3 * cfg->n; i++) cfg->x[i] *= MTP_BOHR;
  check_frame(cfg);
  return cfg;
}

static void put_results(mtp_config *cfg, const char *mode) {
  learning_morse(cfg);
  if (strcmp(mode, "late") == 0) cfg->energy = only_aluminium ? -1 : -100;
  double energy = cfg->energy / MTP_HARTREE, virial[9];
  const int order[9] = {0, 3, 4, 3, 1, 5, 4, 5, 2};
  for (int k = 0; k < 9; k++) virial[k] = cfg->virial[order[k]] / MTP_HARTREE;
  for (size_t i = 0; i < 3 * cfg->n; i++) cfg->force[i] *= MTP_BOHR / MTP_HARTREE;
  int32_t n = (int32_t)cfg->n, extra = 5;
  if (strcmp(mode, "nan") == 0) cfg->force[1] = NAN;
  if (strcmp(mode, "atoms") == 0) n++;
  if (strcmp(mode, "zero") == 0) memset(virial, 0, sizeof virial);
  if (strcmp(mode, "upper") == 0) virial[3] = virial[6] = virial[7] = 0;
  if (strcmp(mode, "lower") == 0) virial[1] = virial[2] = virial[5] = 0;
  if (strcmp(mode, "skew") == 0) virial[6] = -virial[2];
  if (strcmp(mode, "extra") == 0) extra = 1 << 30;
  put_word(strcmp(mode, "word") == 0 ? "FORCEDREADY\001" : "FORCEREADY");
  put(&energy, sizeof energy);
  put(&n, sizeof n);
  if (strcmp(mode, "cut") == 0) exit(0);
  put(cfg->force, 3 * cfg->n * sizeof(double));
  put(virial, sizeof virial);
  put(&extra, sizeof extra);
  put("hello", 5);
}

/* Deaf to polite signals, and too late for its own start in the first try, but not for the next one. The client of the
 * first try has Al atoms only. */
static void come_late(void) {
  char line[256] = "";
  FILE *in = fopen("in.extxyz", "r");
  bool nickel = false;
  while (in && fgets(line, sizeof line, in)) nickel = nickel || strncmp(line, "Ni", 2) == 0;
  if (in) fclose(in);
  signal(SIGTERM, SIG_IGN);
  const char *attempt = getenv("MTP_TRY");
  bool first = attempt && strcmp(attempt, "0") == 0;
  struct timespec wait = {.tv_sec = !nickel && first ? 1 : 0, .tv_nsec = 400000000};
  nanosleep(&wait, NULL);
  only_aluminium = !nickel;
}

/* pw.x wants an INIT before each configuration, and one byte in it; ASE from the second on, CP2K never. */
int ipi_client(const char *mode, const char *name) {
  bool as_pw = strcmp(mode, "pw") == 0, as_ase = strcmp(mode, "ase") == 0, ready = !as_pw, has_data = false;
  mtp_config *cfg = NULL;
  char word[13] = "";
  if (strcmp(mode, "absent") == 0) return 3;
  if (strcmp(mode, "asleep") == 0) sleep(100);
  if (strcmp(mode, "late") == 0) come_late();
  server = strncmp(name, "fd:", 3) == 0 ? atoi(name + 3) : ipi_connect(name);
  if (server < 0) return 4;
  if (strcmp(mode, "log") == 0) printf(" *** WARNING: SCF run NOT converged ***\n"), fflush(stdout);
  for (int calls = 0; get(word, 12);) {
    word[strcspn(word, " ")] = 0;
    if (strcmp(word, "STATUS") == 0) {
      if (strcmp(mode, "hang") == 0 && has_data) sleep(100);
      if (strcmp(mode, "mute") == 0) sleep(100);
      if (strcmp(mode, "busy") == 0 && has_data)
        put_word("BUSY");
      else if (strcmp(mode, "stale") == 0)
        put_word("HAVEDATA");
      else
        put_word(has_data ? "HAVEDATA" : ready ? "READY" : "NEEDINIT");
    } else if (strcmp(word, "INIT") == 0) {
      int32_t numbers[2];
      char byte;
      if (!get(numbers, sizeof numbers) || numbers[1] != 1 || !get(&byte, 1)) return 8;
      ready = true;
    } else if (strcmp(word, "POSDATA") == 0) {
      mtp_config_free(cfg);
      cfg = get_atoms();
      has_data = true;
      if (strcmp(mode, "die") == 0) raise(SIGKILL);
      if (strcmp(mode, "second") == 0 && calls == 1) return 9;
    } else if (strcmp(word, "GETFORCE") == 0) {
      put_results(cfg, mode);
      calls++;
      has_data = false;
      ready = !as_pw && !as_ase;
    } else if (strcmp(word, "EXIT") == 0) {
      mtp_config_free(cfg);
      return 14; /* as ABINIT does */
    }
  }
  mtp_config_free(cfg);
  return 0;
}
