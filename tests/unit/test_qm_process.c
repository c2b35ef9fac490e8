/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_qm_process.c
 * Child processes: how they end, what they inherit, and that nothing of them is left. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "qm/process/process.h"
#include "support/support.h"
#include "support_qm.h"

static mtp_context *ctx; /* what is said goes there */

static const char *said(void) {
  return mtp_context_message(ctx);
}

/* Runs words in the folder `work`, with output in work/out and work/err. */
static mtp_qm_status run_words(int count, const char *const *words, double timeout, int *exit_code) {
  mtp_command command;
  mkdir("work", 0777);
  if (mtp_command_open(ctx, &command, count, words, 0, NULL) != MTP_OK) return MTP_QM_CANNOT_START;
  mtp_process process = {.command = &command, .dir = "work", .out = "out", .err = "err", .timeout = timeout};
  mtp_qm_status status = mtp_process_run(ctx, &process, exit_code);
  mtp_command_close(&command);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie, no child */
  assert_int_equal(errno, ECHILD);
  return status;
}

static mtp_qm_status run_line(const char *line, double timeout) {
  int exit_code;
  const char *const words[] = {"/bin/sh", "-c", line};
  return run_words(3, words, timeout, &exit_code);
}

static void assert_output(const char *path, const char *expected) {
  char *text = qm_read_file(path);
  assert_string_equal(text, expected);
  free(text);
}

static bool is_gone(pid_t pid) {
  char path[64], state = 'Z';
  snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
  FILE *f = fopen(path, "r");
  if (!f) return kill(pid, 0) != 0;
  if (fscanf(f, "%*d %*s %c", &state) != 1) state = 'Z';
  fclose(f);
  return state == 'Z'; /* an orphan whose new parent has not looked yet */
}

static void assert_gone_soon(const char *pid_file) {
  char *text = qm_read_file(pid_file);
  pid_t pid = (pid_t)atol(text);
  free(text);
  assert_true(pid > 0);
  for (int i = 0; i < 10000 && !is_gone(pid); i++) usleep(10000);
  assert_true(is_gone(pid));
}

static void test_ends(void **state) {
  (void)state;
  int exit_code;
  const char *const words[] = {"sh", "-c", "echo one two; echo three >&2; pwd -P > here; cat"};
  assert_int_equal(run_words(3, words, 0, &exit_code), MTP_QM_OK);
  assert_int_equal(exit_code, 0);
  assert_output("work/out", "one two\n"); /* and `cat` saw an empty input */
  assert_output("work/err", "three\n");
  char *here = qm_read_file("work/here");
  assert_non_null(strstr(here, "/work\n"));
  free(here);

  const char *const fails[] = {"sh", "-c", "exit 3"};
  assert_int_equal(run_words(3, fails, 0, &exit_code), MTP_QM_CRASHED);
  assert_int_equal(exit_code, 3);
  assert_string_equal(said(), "'sh' ended with exit code 3");
  assert_int_equal(run_line("kill -SEGV $$", 0), MTP_QM_CRASHED);
  assert_non_null(strstr(said(), "ended by signal 11"));
}

static void test_cannot_start(void **state) {
  (void)state;
  int exit_code;
  const char *const missing[] = {"no-such-command-here"}, *const folder[] = {"./work"};
  assert_int_equal(run_words(1, missing, 0, &exit_code), MTP_QM_CANNOT_START);
  assert_string_equal(said(), "no such command: 'no-such-command-here' is not on PATH");
  assert_int_equal(run_words(1, folder, 0, &exit_code), MTP_QM_CANNOT_START);
  assert_non_null(strstr(said(), "cannot run './work'"));

  /* 127 of a command is its own business, of a shell that was given a line it means that there is no such command */
  assert_int_equal(run_line("exit 127", 0), MTP_QM_CRASHED);
  const char *const line[] = {"no-such-command-here --with arguments"};
  assert_int_equal(run_words(1, line, 0, &exit_code), MTP_QM_CANNOT_START);

  qm_write_file("text.txt", "no program\n");
  assert_int_equal(chmod("text.txt", 0755), 0);
  const char *const text[] = {"./text.txt"};
  assert_int_equal(run_words(1, text, 0, &exit_code), MTP_QM_CANNOT_START);
  assert_non_null(strstr(said(), "#!"));

  mtp_command command;
  const char *const good[] = {"true"};
  assert_int_equal(mtp_command_open(ctx, &command, 1, good, 0, NULL), MTP_OK);
  mtp_process process = {.command = &command, .dir = "no/such/folder", .out = "out", .err = "err"};
  assert_int_equal(mtp_process_run(ctx, &process, &exit_code), MTP_QM_CANNOT_START);
  assert_non_null(strstr(said(), "no/such/folder"));
  process.dir = "work";
  process.out = "no-such-folder/out";
  assert_int_equal(mtp_process_run(ctx, &process, &exit_code), MTP_QM_CANNOT_START);
  assert_non_null(strstr(said(), "cannot create"));
  mtp_command_close(&command);
}

/* The time is enough for a busy machine to start a script; the upper bounds are those of a call that hangs. */
static void test_timeout(void **state) {
  (void)state;
  double start = mtp_now();
  assert_int_equal(run_line("sleep 1000 & echo $! > grandchild; wait", 2), MTP_QM_TIMEOUT);
  assert_in_range((unsigned)((mtp_now() - start) * 1000), 2000, 60000);
  assert_non_null(strstr(said(), "timeout=2"));
  assert_gone_soon("work/grandchild");

  assert_int_equal(unlink("work/grandchild"), 0);
  start = mtp_now(); /* deaf to the polite signal */
  assert_int_equal(run_line("trap '' TERM; sleep 1000 & echo $! > grandchild; while :; do sleep 1; done", 2),
                   MTP_QM_TIMEOUT);
  assert_in_range((unsigned)((mtp_now() - start) * 1000), 4000, 60000);
  assert_gone_soon("work/grandchild");

  assert_int_equal(run_line("sleep 0.1", 30), MTP_QM_OK);
}

static int count_children(pid_t parent) {
  DIR *proc = opendir("/proc");
  assert_non_null(proc);
  int count = 0;
  for (struct dirent *entry; (entry = readdir(proc));) {
    char path[300];
    long its_parent = 0;
    snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
    FILE *f = atol(entry->d_name) > 0 ? fopen(path, "r") : NULL;
    if (!f) continue;
    count += fscanf(f, "%*d (%*[^)]) %*c %ld", &its_parent) == 1 && its_parent == parent;
    fclose(f);
  }
  closedir(proc);
  return count;
}

static void test_nothing_left_running(void **state) {
  (void)state;
  assert_int_equal(run_line("sleep 1000 & echo $! > grandchild", 0), MTP_QM_OK);
  assert_gone_soon("work/grandchild");

  /* a host that is killed takes its engine with it: what a script has started, and what is deaf to SIGTERM */
  static const char *const lines[] = {
      "sleep 1000 & echo $! > started; mv started child; wait",
      "trap '' TERM; sleep 1000 & echo $! > started; mv started child; sleep 1000; sleep 1000",
      /* in a process group of its own, as the ranks of launchers are */
      "(trap '' TERM; exec timeout 1000 sh -c 'echo $$ > started; mv started child; sleep 1000; sleep 1000') & wait"};
  for (size_t k = 0; k < sizeof lines / sizeof lines[0]; k++) {
    mkdir("work", 0777);
    unlink("work/child");
    pid_t host = fork();
    if (host == 0) {
      run_line(lines[k], 0);
      _exit(0);
    }
    /* the engine may be ahead of the guard, which is started after it */
    for (int i = 0; i < 5000 && !(qm_exists("work/child") && count_children(host) == 2); i++) usleep(10000);
    assert_int_equal(kill(host, SIGKILL), 0);
    assert_int_equal(waitpid(host, NULL, 0), host);
    assert_gone_soon("work/child");
  }
}

#ifdef __linux__
/* What the guard shared with its host would be copied whenever the host writes to it, and moves under the adapters that
 * it has registered it with. */
static void test_guard_is_small(void **state) {
  (void)state;
  mtp_command command;
  const char *const words[] = {"sleep", "1000"};
  assert_int_equal(mtp_command_open(ctx, &command, 2, words, 0, NULL), MTP_OK);
  mkdir("work", 0777);
  const mtp_process process = {.command = &command, .dir = "work", .out = "out", .err = "err"};
  mtp_running running;
  int exit_code;
  assert_int_equal(mtp_process_start(ctx, &process, &running), MTP_QM_OK);
  assert_true(running.guard > 0);
  char path[64], ours[4096], its[4096];
  snprintf(path, sizeof path, "/proc/%ld/exe", (long)running.guard);
  const ssize_t length = readlink("/proc/self/exe", ours, sizeof ours);
  bool same = true;
  for (int i = 0; i < 3000 && same; i++) {
    const ssize_t its_length = readlink(path, its, sizeof its);
    same = its_length == length && memcmp(ours, its, (size_t)length) == 0;
    if (same) usleep(10000);
  }
  assert_false(same);
  assert_int_equal(mtp_process_end(ctx, &running, false, &exit_code), MTP_QM_CRASHED);
  mtp_command_close(&command);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}
#endif

static void test_waiting_is_idle(void **state) {
  (void)state;
  struct rusage before, after;
  getrusage(RUSAGE_SELF, &before);
  assert_int_equal(run_line("sleep 1", 0), MTP_QM_OK);
  getrusage(RUSAGE_SELF, &after);
  double used =
      (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec) +
      1e-6 *
          (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_stime.tv_usec);
  assert_true(used < 0.2);
}

static void test_environment(void **state) {
  (void)state;
  static const char *const removed[] = {
      "OMPI_COMM_WORLD_RANK", "PMIX_RANK",          "PMI_FD",         "PRTE_X",     "ORTE_X",
      "HYDI_CONTROL_FD",      "MPI_LOCALRANKID",    "MPICH_X",        "HYDRA_X",    "PALS_RANKID",
      "MV2_COMM_WORLD_RANK",  "JSM_NAMESPACE_RANK", "FLUX_TASK_RANK", "ALPS_APP_PE"};
  static const char *const kept[] = {"OMPI_ALLOW_RUN_AS_ROOT=1\n", "MY_PMI_OWN=1\n"};
  for (size_t i = 0; i < sizeof removed / sizeof removed[0]; i++) setenv(removed[i], "7", 1);
  setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
  setenv("MY_PMI_OWN", "1", 1);
  unsetenv("OMP_NUM_THREADS");
  assert_int_equal(run_line("env; echo RUN=$MTP_RUN_DIR", 0), MTP_QM_OK);
  char *text = qm_read_file("work/out"), *current = getcwd(NULL, 0), line[4200];
  for (size_t i = 0; i < sizeof removed / sizeof removed[0]; i++) {
    snprintf(line, sizeof line, "%s=", removed[i]);
    if (strstr(text, line)) fail_msg("%s reaches the command", removed[i]);
  }
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) assert_non_null(strstr(text, kept[i]));
  assert_non_null(strstr(text, "OMP_NUM_THREADS=1\n"));
  snprintf(line, sizeof line, "RUN=%s\n", current);
  assert_non_null(strstr(text, line));
  free(current);
  free(text);

  setenv("OMP_NUM_THREADS", "3", 1);
  assert_int_equal(run_line("echo $OMP_NUM_THREADS", 0), MTP_QM_OK);
  assert_output("work/out", "3\n");
  unsetenv("OMP_NUM_THREADS");
  for (size_t i = 0; i < sizeof removed / sizeof removed[0]; i++) unsetenv(removed[i]);
}

/* A script that calls srun has to see the job that it is in, but not the task that LAMMPS is. */
static void test_slurm(void **state) {
  (void)state;
  static const char *const job[] = {"SLURM_JOB_ID", "SLURM_JOBID",         "SLURM_JOB_NODELIST",
                                    "SLURM_NTASKS", "SLURM_CPUS_PER_TASK", "SLURM_CONF"};
  static const char *const task[] = {
      "SLURM_PROCID",   "SLURM_LOCALID",       "SLURM_NODEID",         "SLURM_TASK_PID",     "SLURM_GTIDS",
      "SLURM_STEP_ID",  "SLURM_STEPID",        "SLURM_STEP_NUM_TASKS", "SLURM_MPI_TYPE",     "SLURM_SRUN_COMM_PORT",
      "SLURM_CPU_BIND", "SLURM_CPU_BIND_LIST", "SLURM_PMIX_RANK",      "SLURM_MEM_BIND_LIST"};
  const size_t job_count = sizeof job / sizeof job[0], task_count = sizeof task / sizeof task[0];
  for (size_t i = 0; i < job_count; i++) setenv(job[i], "7", 1);
  for (size_t i = 0; i < task_count; i++) setenv(task[i], "7", 1);
  char line[64];
  int exit_code;
  qm_write_script("script.sh", "env");
  qm_write_script("srun", "env");
  const char *const ways[] = {"./script.sh", "./srun", "env | cat"};
  for (size_t w = 0; w < 3; w++) {
    assert_int_equal(run_words(1, ways + w, 0, &exit_code), MTP_QM_OK);
    char *text = qm_read_file("work/out");
    for (size_t i = 0; i < job_count + task_count; i++) {
      const bool kept = i < job_count;
      snprintf(line, sizeof line, "%s=", kept ? job[i] : task[i - job_count]);
      if ((strstr(text, line) != NULL) != kept) fail_msg("%s: %s", ways[w], line);
    }
    free(text);
  }
  /* in the script of a job, where no srun has set them, these are the user's */
  for (size_t i = 0; i < task_count; i++) unsetenv(task[i]);
  setenv("SLURM_MPI_TYPE", "pmix", 1);
  setenv("SLURM_CPU_BIND", "none", 1);
  assert_int_equal(run_line("echo $SLURM_JOB_ID $SLURM_MPI_TYPE $SLURM_CPU_BIND", 0), MTP_QM_OK);
  assert_output("work/out", "7 pmix none\n");
  unsetenv("SLURM_MPI_TYPE");
  unsetenv("SLURM_CPU_BIND");
  for (size_t i = 0; i < job_count; i++) unsetenv(job[i]);
}

#ifdef __linux__
static char *line_of(const char *path, const char *key) {
  char *text = qm_read_file(path), *at = strstr(text, key);
  assert_non_null(at);
  char *line = strndup(at, strcspn(at, "\n"));
  free(text);
  return line;
}

static void assert_status_line(const char *key, const char *expected) {
  char *line = line_of("work/out", key);
  assert_string_equal(line, expected);
  free(line);
}

static void test_inheritance(void **state) {
  (void)state;
  cpu_set_t before, one, all;
  assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
  memset(&all, 0xff, sizeof all); /* the test itself may have been started on one processor */
  assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
  char *allowed = line_of("/proc/self/status", "Cpus_allowed_list");
  int first = 0;
  while (!CPU_ISSET(first, &before)) first++;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
  int high = fcntl(STDERR_FILENO, F_DUPFD, 57);
  assert_true(high >= 57);
  void (*old)(int) = signal(SIGTERM, SIG_IGN);
  sigset_t some, mask;
  sigemptyset(&some);
  sigaddset(&some, SIGUSR1);
  sigprocmask(SIG_BLOCK, &some, &mask);

  int exit_code;
  const char *const words[] = {"cat", "/proc/self/status"};
  mtp_qm_status status = run_words(2, words, 0, &exit_code);
  sigset_t now;
  sigprocmask(SIG_SETMASK, &mask, &now);
  signal(SIGTERM, old);
  sched_setaffinity(0, sizeof before, &before);
  assert_int_equal(status, MTP_QM_OK);
  assert_true(sigismember(&now, SIGUSR1) == 1 && sigismember(&now, SIGUSR2) == 0); /* ours is as it was */
  assert_status_line("Cpus_allowed_list", allowed);
  assert_status_line("SigBlk", "SigBlk:\t0000000000000000");
  assert_status_line("SigIgn", "SigIgn:\t0000000000000000");
  free(allowed);

  char line[64];
  snprintf(line, sizeof line, "test ! -e /proc/self/fd/%d", high);
  status = run_line(line, 0);
  close(high);
  assert_int_equal(status, MTP_QM_OK);
}
#endif

static void test_words_and_folders(void **state) {
  (void)state;
  int exit_code;
  qm_write_script("calc.sh", "cat \"$1\"; echo \"$2|$3|$4\"");
  qm_write_file("settings", "from the start folder\n");
  mkdir("scf", 0777);
  const char *const words[] = {"./calc.sh", "settings", "scf", "a  b", "not-there"};
  assert_int_equal(run_words(5, words, 0, &exit_code), MTP_QM_OK);
  assert_output("work/out", "from the start folder\nscf|a  b|not-there\n");

  const char *const line[] = {"cat $MTP_RUN_DIR/settings | tr a-z A-Z"};
  assert_int_equal(run_words(1, line, 0, &exit_code), MTP_QM_OK);
  assert_output("work/out", "FROM THE START FOLDER\n");

  /* the folder of the run may hold files of the names that each call has for itself */
  qm_write_file("in.extxyz", "of the run\n");
  qm_write_file("work/in.extxyz", "of the call\n");
  const char *const copy[] = {"cat", "in.extxyz"};
  assert_int_equal(run_words(2, copy, 0, &exit_code), MTP_QM_OK);
  assert_output("work/out", "of the call\n");
}

/* Lines as users write them, from a folder whose name needs quotes. */
static void test_shell_lines(void **state) {
  (void)state;
  static const struct {
    const char *line, *out; /* NULL: it fails, without harm */
  } cases[] = {
      {"ulimit -c 0; env A=1 ./inner.sh one", "inner one\n"},
      {"true && (./inner.sh 'a  b') | cat", "inner a  b\n"},
      {"cat <./data; cat sub/data", "data\ndeep\n"},
      {"echo new >./data; cat data; echo more>>sub/data; cat sub/data", NULL},
      {"echo new >./data 2>&1 && cat data", "new\n"},
      {"ls ./inner.sh >/dev/null; cat \"./data\" './data'", NULL},
      {"cp ./inner.sh copy; ./copy x", "inner x\n"},
      {". env.sh && sh inner.sh $A data", "inner a\n"},
      {"cp inner.sh mine.sh; echo more >>env.sh; sh ./mine.sh z; cat env.sh ./data; echo 3 >./data; cat ./data",
       "inner z\nmore\ndata\n3\n"},
      {"cd $MTP_RUN_DIR/sub 2>/dev/null || cd \"$MTP_RUN_DIR\"/sub; cat ./data", "deep\n"},
      {"echo a#b ./none # it's a comment ./data", "a#b ./none\n"},
      {"echo $(./inner.sh y) `./inner.sh z`", "inner y inner z\n"},
  };
  assert_int_equal(mkdir("it's here", 0777), 0);
  assert_int_equal(chdir("it's here"), 0);
  assert_int_equal(mkdir("sub", 0777), 0);
  qm_write_script("inner.sh", "echo inner \"$1\"");
  qm_write_file("env.sh", "A=a\n");
  qm_write_file("data", "data\n");
  qm_write_file("sub/data", "deep\n");
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    int exit_code;
    mtp_qm_status status = run_words(1, &cases[i].line, 0, &exit_code);
    if (!cases[i].out) continue;
    if (status != MTP_QM_OK) fail_msg("%s: %s", cases[i].line, said());
    assert_output("work/out", cases[i].out);
  }
  assert_output("data", "data\n"); /* what a line writes to is in the folder of the call */
  assert_output("sub/data", "deep\n");
  assert_int_equal(chdir(".."), 0);
}

static int enter(void **state) {
  ctx = mtp_context_new();
  return ctx ? qm_enter_scratch(state) : -1;
}

static int leave(void **state) {
  mtp_context_free(ctx);
  return qm_leave_scratch(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ends),
      cmocka_unit_test(test_cannot_start),
      cmocka_unit_test(test_timeout),
      cmocka_unit_test(test_nothing_left_running),
#ifdef __linux__
      cmocka_unit_test(test_guard_is_small),
#endif
      cmocka_unit_test(test_waiting_is_idle),
      cmocka_unit_test(test_environment),
      cmocka_unit_test(test_slurm),
#ifdef __linux__
      cmocka_unit_test(test_inheritance),
#endif
      cmocka_unit_test(test_words_and_folders),
      cmocka_unit_test(test_shell_lines),
  };
  return cmocka_run_group_tests(tests, enter, leave);
}
