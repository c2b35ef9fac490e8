/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/process/process.c
 * Running an engine as a child of a program that is not ours. */
#include "qm/process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "qm/process/session.h"
#include "support/support.h"

#define GRACE          2.0  /* seconds between the polite and the final signal */
#define SHORTEST_SLEEP 1e-3 /* of the waiting parent; grows to the longest */
#define LONGEST_SLEEP  2e-2
#define LOOK_INTERVAL  0.1
/* What an engine may print: a runaway one must not fill the disk that the labels go to. */
enum { FIRST_FILE = 3, FILE_LIMIT = 1 << 20, OUTPUT_LIMIT = 256 << 20 };

/* Where a child failed before its command ran, sent through a pipe that the exec closes. */
typedef struct failure {
  int error;
  char step; /* 'd' folder, 'f' files, 'x' exec */
} failure;

/* All that the child needs, prepared before the fork: after it only async-signal-safe calls are allowed, since other
 * threads of the host may have held any lock. */
typedef struct plan {
  char *const *argv;
  char *const *environment;
  const char *dir, *out, *err;
  int report; /* write end of the pipe */
  unsigned open_files;
} plan;

static _Noreturn void give_up(const plan *p, char step) {
  failure f = {.error = errno, .step = step};
  ssize_t sent;
  do sent = write(p->report, &f, sizeof f);
  while (sent < 0 && errno == EINTR);
  _exit(127);
}

static void attach(const plan *p, const char *path, int flags, int target) {
  int fd = open(path, flags, 0666);
  if (fd < 0 || dup2(fd, target) < 0) give_up(p, 'f');
}

/* Closes all files above the standard three, now or at an exec. */
static void close_files(unsigned open_files, bool at_exec) {
#if defined(__linux__) && defined(SYS_close_range)
  enum { CLOEXEC_RANGE = 1 << 2 };
  if (syscall(SYS_close_range, FIRST_FILE, ~0U, at_exec ? CLOEXEC_RANGE : 0) == 0) return;
#endif
  for (int fd = FIRST_FILE; fd < (int)open_files; fd++) at_exec ? fcntl(fd, F_SETFD, FD_CLOEXEC) : close(fd);
}

/* mpirun binds each rank to a core, and children inherit that; the kernel cuts the mask to what is allowed. */
static void allow_all_processors(void) {
#ifdef __linux__
  unsigned long mask[1024];
  memset(mask, 0xff, sizeof mask);
  syscall(SYS_sched_setaffinity, 0, sizeof mask, mask);
#endif
}

static _Noreturn void child_main(const plan *p) {
  setsid();
  allow_all_processors();
  if (chdir(p->dir) != 0) give_up(p, 'd');
  attach(p, "/dev/null", O_RDONLY, STDIN_FILENO);
  attach(p, p->out, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
  attach(p, p->err, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
  close_files(p->open_files, true); /* not now: the pipe has to live until the exec */
  struct sigaction action = {.sa_handler = SIG_DFL};
  for (int s = 1; s < NSIG; s++) sigaction(s, &action, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(p->argv[0], p->argv, p->environment);
  give_up(p, 'x');
}

/* The pipe's ends stay clear of 0, 1, 2 even if the host has closed those, because the child replaces them. */
static bool make_pipe(int ends[2]) {
  int raw[2];
  if (pipe(raw) != 0) return false;
  bool ok = true;
  for (int i = 0; i < 2; i++) {
    ends[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, FIRST_FILE);
    ok = ok && ends[i] >= 0;
    close(raw[i]);
  }
  for (int i = 0; !ok && i < 2; i++)
    if (ends[i] >= 0) close(ends[i]);
  return ok;
}

/* Forks with all signals blocked, and so they stay in the child, lest a handler of the host runs there. */
static pid_t fork_quietly(void) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = fork();
  if (pid == 0) return 0;
  int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return pid;
}

/* Two seconds' notice for the group, which launchers use to end their ranks, then death for the whole session. */
static void end_group(pid_t group) {
  kill(-group, SIGTERM);
  kill(-group, SIGCONT);
  for (double waited = 0; waited < GRACE && mtp_session_signal(group, 0) > 0; waited += LONGEST_SLEEP)
    mtp_sleep(LONGEST_SLEEP);
  kill(-group, SIGKILL);
  mtp_session_signal(group, SIGKILL);
}

/* A process that outlives a killed host long enough to end the engine with all its offspring. It notices by a pipe of
 * which the host holds the only other end. The kernel's own signal at a parent's death would reach the first process
 * only, and launchers such as mpirun take a second SIGTERM as leave to abandon their ranks. */
typedef struct guard {
  pid_t pid; /* -1: could not be started; the engine runs without */
  int hold;
} guard;

/* The guard lives as long as the engine, perhaps as long as the run, and would keep all pages that the host writes
 * meanwhile, were it only forked: a shell has none of them. It does what end_group does; a name in /proc/PID/stat may
 * hold anything, even lines, but the last bracket ends it. */
static const char guard_script[] = "members() {\n"
                                   "  for stat in /proc/[0-9]*/stat; do\n"
                                   "    last=\n"
                                   "    while read -r line; do last=$line; done <\"$stat\"\n"
                                   "    set -- ${last##*) }\n"
                                   "    case $1 in Z | X) continue ;; esac\n"
                                   "    [ \"$4\" = \"$group\" ] || continue\n"
                                   "    stat=${stat#/proc/}\n"
                                   "    echo \"${stat%/stat}\"\n"
                                   "  done\n"
                                   "  [ -r /proc/1/stat ] || { kill -0 \"-$group\" && echo \"-$group\"; }\n"
                                   "}\n"
                                   "group=$1\n"
                                   "while read -r line; do :; done\n"
                                   "kill -TERM \"-$group\"\n"
                                   "kill -CONT \"-$group\"\n"
                                   "for wait in 1 2 3 4 5 6 7 8 9 10; do\n"
                                   "  [ -n \"$(members)\" ] || exit 0\n"
                                   "  sleep 0.2\n"
                                   "done\n"
                                   "kill -KILL \"-$group\"\n"
                                   "for pid in $(members); do kill -KILL \"$pid\"; done\n";

/* What is prepared before the fork, as for a child. */
typedef struct guard_plan {
  char *const *argv, *const *environment;
  unsigned open_files;
} guard_plan;

static _Noreturn void guard_main(const guard_plan *p, int pipe_end, pid_t group) {
  char word;
  ssize_t got;
  setsid(); /* a terminal or launcher that ends the host must not end the guard too */
  if (dup2(pipe_end, STDIN_FILENO) < 0) _exit(1);
  close(STDOUT_FILENO);
  close(STDERR_FILENO);
  close_files(p->open_files, false);
  if (open("/dev/null", O_RDWR) == STDOUT_FILENO) dup2(STDOUT_FILENO, STDERR_FILENO);
  struct sigaction action = {.sa_handler = SIG_DFL}; /* a shell waits for its children; all else stays blocked */
  sigaction(SIGCHLD, &action, NULL);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_UNBLOCK, &child, NULL);
  execve(p->argv[0], p->argv, p->environment);
  do got = read(STDIN_FILENO, &word, 1); /* without a shell, as well as this process can */
  while (got < 0 && errno == EINTR);
  end_group(group);
  _exit(0);
}

static guard start_guard(pid_t group, char *const *environment, unsigned open_files) {
  int ends[2];
  guard g = {.pid = -1, .hold = -1};
  char number[24];
  snprintf(number, sizeof number, "%ld", (long)group);
  char *const argv[] = {"/bin/sh", "-c", (char *)guard_script, "mtp-guard", number, NULL};
  const guard_plan p = {.argv = argv, .environment = environment, .open_files = open_files};
  if (!make_pipe(ends)) return g;
  g.pid = fork_quietly();
  if (g.pid == 0) guard_main(&p, ends[0], group);
  close(ends[0]);
  g.hold = ends[1];
  return g;
}

static void reap(pid_t pid) {
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}

static void dismiss_guard(guard g) {
  if (g.pid > 0) {
    kill(g.pid, SIGKILL); /* before the pipe is closed, which would set it to work */
    reap(g.pid);
  }
  if (g.hold >= 0) close(g.hold);
}

/* False if the child wrote no report, that is, if its command was started. */
static bool read_failure(int fd, failure *f) {
  ssize_t got;
  do got = read(fd, f, sizeof *f);
  while (got < 0 && errno == EINTR);
  return got == (ssize_t)sizeof *f;
}

static bool has_ended(pid_t pid) {
  siginfo_t info = {0};
  int rc = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
  if (rc == 0) return info.si_pid == pid;
  return errno != EINTR; /* no such child: the host reaps all children itself */
}

/* Sleeps for at most `seconds`, but not longer than the child lives. A descriptor of the process wakes at its end;
 * where there are none, short sleeps that grow have to do. */
static void sleep_beside(pid_t pid, double seconds, double *pause) {
#if defined(__linux__) && defined(SYS_pidfd_open)
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (fd >= 0) {
    struct pollfd end = {.fd = fd, .events = POLLIN};
    poll(&end, 1, (int)(1000 * seconds) + 1);
    close(fd);
    return;
  }
#else
  (void)pid;
#endif
  mtp_sleep(seconds < *pause ? seconds : *pause);
  *pause = *pause * 1.25 < LONGEST_SLEEP ? *pause * 1.25 : LONGEST_SLEEP;
}

/* Waits until the child has ended (true) or `seconds` have passed. The child is not reaped: until that is done nobody
 * else can get its number, and its group can be signalled safely. */
static bool wait_for_end(pid_t pid, double seconds) {
  double start = mtp_now(), pause = SHORTEST_SLEEP;
  for (;;) {
    if (has_ended(pid)) return true;
    double left = start + seconds - mtp_now();
    if (left <= 0) return false;
    sleep_beside(pid, left, &pause);
  }
}

/* Bytes in a file of the working folder. */
static long long file_size(const mtp_process *p, const char *name) {
  char path[PATH_MAX];
  struct stat st;
  if (snprintf(path, sizeof path, "%s/%s", p->dir, name) >= (int)sizeof path || stat(path, &st) != 0) return 0;
  return (long long)st.st_size;
}

/* MTP_QM_OK when the child has ended by itself, else why it must be ended. */
static mtp_qm_status await_end(const mtp_process *p, pid_t pid) {
  double start = mtp_now(), slice = LOOK_INTERVAL;
  for (;;) {
    double left = p->timeout > 0 ? start + p->timeout - mtp_now() : slice;
    if (left <= 0) return MTP_QM_TIMEOUT;
    if (wait_for_end(pid, left < slice ? left : slice)) return MTP_QM_OK;
    if (p->stop && *p->stop) return MTP_QM_STOPPED;
    if (file_size(p, p->out) > OUTPUT_LIMIT || file_size(p, p->err) > OUTPUT_LIMIT) return MTP_QM_CRASHED;
  }
}

/* Ends the group and reaps the child; false if somebody else took its status away. */
static bool finish(pid_t pid, bool politely, int *status) {
  if (politely) end_group(pid);
  kill(-pid, SIGKILL);
  pid_t got;
  do got = waitpid(pid, status, 0);
  while (got < 0 && errno == EINTR);
  return got == pid;
}

static mtp_qm_status describe_failure(mtp_context *ctx, const mtp_process *p, const failure *f) {
  const char *name = p->command->name, *why = strerror(f->error);
  if (f->step == 'd') return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "cannot enter the folder %s: %s", p->dir, why);
  if (f->step == 'f')
    return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "cannot create %s and %s in %s: %s", p->out, p->err, p->dir, why);
  if (f->error == ENOEXEC) why = "not a program, and no script that starts with #!";
  return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "cannot run '%s': %s", name, why);
}

static mtp_qm_status describe_end(mtp_context *ctx, const mtp_process *p, int status, int *exit_code) {
  const char *name = p->command->name;
  if (WIFSIGNALED(status)) {
    int number = WTERMSIG(status);
    return mtp_qm_fail(ctx, MTP_QM_CRASHED, "'%s' was ended by signal %d (%s)", name, number, strsignal(number));
  }
  *exit_code = WEXITSTATUS(status);
  if (*exit_code == 0) return MTP_QM_OK;
  if (p->command->shell && (*exit_code == 126 || *exit_code == 127))
    return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "the shell cannot run '%s'", name);
  return mtp_qm_fail(ctx, MTP_QM_CRASHED, "'%s' ended with exit code %d", name, *exit_code);
}

static plan make_plan(const mtp_process *process, char **environment, int report) {
  struct rlimit limit = {.rlim_cur = FILE_LIMIT};
  getrlimit(RLIMIT_NOFILE, &limit);
  return (plan){.argv = process->command->argv,
                .environment = environment,
                .dir = process->dir,
                .out = process->out,
                .err = process->err,
                .report = report,
                .open_files = limit.rlim_cur < FILE_LIMIT ? (unsigned)limit.rlim_cur : FILE_LIMIT};
}

mtp_qm_status mtp_process_start(mtp_context *ctx, const mtp_process *process, mtp_running *running) {
  *running = (mtp_running){.process = *process, .guard = -1, .hold = -1};
  int ends[2];
  char **environment = mtp_command_environment(process->command, process->attempt);
  if (!environment || !make_pipe(ends)) {
    mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "cannot start '%s': %s", process->command->name, strerror(errno));
    mtp_command_environment_free(environment);
    return MTP_QM_CANNOT_START;
  }
  plan p = make_plan(process, environment, ends[1]);
  pid_t pid = fork_quietly();
  if (pid == 0) child_main(&p);
  int error = errno;
  close(ends[1]);
  failure f;
  mtp_qm_status status = MTP_QM_OK;
  if (pid < 0) {
    status = mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "cannot start '%s': %s", process->command->name, strerror(error));
  } else if (read_failure(ends[0], &f)) {
    finish(pid, false, &error);
    status = describe_failure(ctx, process, &f);
  } else {
    guard g = start_guard(pid, environment, p.open_files);
    running->pid = pid;
    running->guard = g.pid;
    running->hold = g.hold;
  }
  close(ends[0]);
  mtp_command_environment_free(environment);
  return status;
}

bool mtp_process_has_ended(const mtp_running *running) {
  return running->pid <= 0 || has_ended(running->pid);
}

mtp_qm_status mtp_process_end(mtp_context *ctx, mtp_running *running, bool politely, int *exit_code) {
  int status = 0;
  *exit_code = -1;
  bool known = finish(running->pid, politely, &status);
  dismiss_guard((guard){running->guard, running->hold});
  running->pid = 0;
  if (known) return describe_end(ctx, &running->process, status, exit_code);
  return mtp_qm_fail(ctx, MTP_QM_CRASHED, "how '%s' ended is not known: the program around ignores SIGCHLD",
                     running->process.command->name);
}

mtp_qm_status mtp_process_run(mtp_context *ctx, const mtp_process *process, int *exit_code) {
  mtp_running running;
  *exit_code = -1;
  mtp_qm_status status = mtp_process_start(ctx, process, &running);
  if (status != MTP_QM_OK) return status;
  mtp_qm_status why = await_end(process, running.pid);
  status = mtp_process_end(ctx, &running, why != MTP_QM_OK, exit_code);
  const char *name = process->command->name;
  if (why == MTP_QM_TIMEOUT) return mtp_qm_fail(ctx, why, "'%s' was killed after timeout=%g s", name, process->timeout);
  if (why == MTP_QM_STOPPED) return mtp_qm_fail(ctx, why, "'%s' was ended because the run stops", name);
  if (why == MTP_QM_CRASHED)
    return mtp_qm_fail(ctx, why, "'%s' was killed: it printed more than %d MiB", name, OUTPUT_LIMIT >> 20);
  return status;
}

mtp_qm_status mtp_process_run_call(const mtp_command *command, const mtp_qm_call *call, const char *out,
                                   const char *err, int *exit_code) {
  const mtp_process process = {.command = command,
                               .dir = call->dir,
                               .out = out,
                               .err = err,
                               .timeout = call->timeout,
                               .stop = call->stop,
                               .attempt = call->attempt};
  return mtp_process_run(call->ctx, &process, exit_code);
}
