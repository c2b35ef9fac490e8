/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file fuzz_driver.c
 * Runs a fuzz target where there is no libFuzzer: mutates its seeds, and inputs that made the library say something
 * new, reproducibly for a given seed of the random numbers. What is wrong ends the program after the input has been
 * written to a file, whose path is printed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "fuzz.h"
#include "support/support.h"

enum {
  MOST_KEPT = 4096,    /* inputs */
  LEAKS_EVERY = 2000,  /* executions */
  CPU_SECONDS = 10,    /* an input that takes so long hangs */
  CLOCK_SECONDS = 120, /* the same of one that waits */
  MOST_MUTATIONS = 6
};

/* Part of the address sanitizer. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
  return "abort_on_error=1:max_allocation_size_mb=256:hard_rss_limit_mb=3000:quarantine_size_mb=32:handle_abort=0";
}
const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void) {
  return "abort_on_error=1:print_stacktrace=1";
}

static const char *name;
static mtp_random dice;
static unsigned long long seed;
static volatile sig_atomic_t executions;

typedef struct input {
  uint8_t *data;
  size_t size;
} input;
static input kept[MOST_KEPT], now = {.data = NULL};
static size_t kept_count, seed_count;

/* ---- when it goes wrong ---- */

static char crash_path[512];

/* Functions that may be called in a signal handler alone. */
static void save(const char *why) {
  const int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (fd < 0 || write(fd, now.data, now.size) != (ssize_t)now.size) why = "cannot write the input to";
  const char *words[] = {name, ": ", why, " ", crash_path, "\n"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (write(STDERR_FILENO, words[i], strlen(words[i])) < 0) break;
}

static void on_crash(int number) {
  save("crashes on");
  signal(number, SIG_DFL);
  raise(number);
}

static void on_tick(int number) {
  static volatile sig_atomic_t seen[2];
  const int k = number == SIGPROF;
  if (seen[k] == executions) {
    save("hangs on");
    _exit(70);
  }
  seen[k] = executions;
}

static void catch_signals(void) {
  struct sigaction crash = {.sa_handler = on_crash}, tick = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
  sigaction(SIGABRT, &crash, NULL); /* which the sanitizers end with */
  if (!__lsan_do_recoverable_leak_check) {
    sigaction(SIGSEGV, &crash, NULL);
    sigaction(SIGBUS, &crash, NULL);
    sigaction(SIGFPE, &crash, NULL);
  }
  sigaction(SIGPROF, &tick, NULL);
  sigaction(SIGALRM, &tick, NULL);
  setitimer(ITIMER_PROF, &(struct itimerval){{CPU_SECONDS, 0}, {CPU_SECONDS, 0}}, NULL);
  setitimer(ITIMER_REAL, &(struct itimerval){{CLOCK_SECONDS, 0}, {CLOCK_SECONDS, 0}}, NULL);
}

static void execute(void) {
  uint8_t *exact = malloc(now.size ? now.size : 1); /* so that reading beyond it is seen */
  fuzz_require(exact != NULL);
  memcpy(exact, now.data, now.size);
  LLVMFuzzerTestOneInput(exact, now.size);
  free(exact);
  executions++;
}

static void check_leaks(const char *since) {
  if (!__lsan_do_recoverable_leak_check || !__lsan_do_recoverable_leak_check()) return;
  fprintf(stderr, "%s: memory is lost since %s; -n %ld -s %llu -l finds the input\n", name, since, (long)executions,
          seed);
  save("the last input is");
  _exit(71);
}

/* ---- inputs ---- */

static void keep(const void *data, size_t size) {
  if (size > FUZZ_MOST_BYTES || kept_count == MOST_KEPT) return;
  input *in = &kept[kept_count++];
  *in = (input){malloc(size ? size : 1), size};
  fuzz_require(in->data != NULL);
  if (size) memcpy(in->data, data, size);
}

/* Messages that differ in numbers and quoted words alone are the same. */
static void on_note(const char *message) {
  static unsigned long long seen[MOST_KEPT];
  static size_t count;
  unsigned long long hash = 14695981039346656037ULL;
  int quoted = 0;
  for (const char *c = message; *c; c++) {
    if (*c == '\'' || *c == '"') quoted = !quoted;
    if (quoted || (*c >= '0' && *c <= '9')) continue;
    hash = (hash ^ (unsigned char)*c) * 1099511628211ULL;
  }
  for (size_t i = 0; i < count; i++)
    if (seen[i] == hash) return;
  if (count == MOST_KEPT) return;
  seen[count++] = hash;
  if (now.data) keep(now.data, now.size);
}

static void keep_file(const char *path) {
  char *data = NULL;
  size_t size = 0;
  FILE *file = fopen(path, "r");
  if (!file) {
    fprintf(stderr, "%s: cannot read %s: %s\n", name, path, strerror(errno));
    exit(1);
  }
  data = malloc(FUZZ_MOST_BYTES + 1);
  fuzz_require(data != NULL);
  size = fread(data, 1, FUZZ_MOST_BYTES + 1, file);
  fclose(file);
  keep(data, size);
  free(data);
}

static void keep_folder(const char *path) {
  DIR *dir = opendir(path);
  char file[1024];
  for (struct dirent *entry; dir && (entry = readdir(dir));) {
    snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
    if (entry->d_type == DT_REG) keep_file(file);
  }
  if (dir) closedir(dir);
}

/* ---- mutations ---- */

static size_t below(size_t n) {
  return n ? (size_t)(mtp_random_uniform(&dice) * (double)n) % n : 0;
}

/* Puts bytes in place of now[at..at+gone). */
static void replace(size_t at, size_t gone, const void *bytes, size_t size) {
  if (now.size - gone + size > FUZZ_MOST_BYTES) return;
  memmove(now.data + at + size, now.data + at + gone, now.size - at - gone);
  if (size) memcpy(now.data + at, bytes, size);
  now.size += size - gone;
}

static void flip(void) {
  if (now.size) now.data[below(now.size)] ^= (uint8_t)(1 << below(8));
}

static void put_byte(void) {
  static const uint8_t some[] = {0, '\n', '\r', ' ', '"', '\'', '=', '{', '}', '<', '&', '\\', 0x7f, 0x80, 0xff, '#'};
  const uint8_t byte = below(2) ? some[below(sizeof some)] : (uint8_t)below(256);
  const size_t at = below(now.size + 1);
  replace(at, at < now.size ? below(2) : 0, &byte, 1);
}

static void cut(void) {
  const size_t at = below(now.size), most = below(4) ? 16 : now.size;
  replace(at, below(now.size - at < most ? now.size - at : most), NULL, 0);
}

static void cut_end(void) {
  now.size = below(now.size + 1);
}

/* Part of another input, here or there. */
static void splice_in(void) {
  const input *other = &kept[below(kept_count)];
  const size_t from = below(other->size), size = below(other->size - from + 1), at = below(now.size + 1);
  replace(at, below(2) ? below(now.size - at + 1) : 0, other->data + from, size);
}

/* A line with its end, as *begin and a size. */
static size_t choose_line(size_t *begin) {
  size_t at = below(now.size), end = at;
  while (at > 0 && now.data[at - 1] != '\n') at--;
  while (end < now.size && now.data[end] != '\n') end++;
  *begin = at;
  return end + (end < now.size) - at;
}

static void move_line(void) {
  size_t from, to;
  const size_t size = choose_line(&from);
  choose_line(&to);
  uint8_t *line = malloc(size ? size : 1);
  fuzz_require(line != NULL);
  memcpy(line, now.data + from, size);
  const size_t what = below(3); /* duplicate, remove, move */
  if (what > 0) replace(from, size, NULL, 0);
  if (what != 1) replace(to < now.size ? to : now.size, 0, line, size);
  free(line);
}

static int is_of_number(uint8_t c) {
  return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+';
}

static void change_number(void) {
  static const char *const extremes[] = {"0",
                                         "1",
                                         "-1",
                                         "2",
                                         "3",
                                         "7",
                                         "1000",
                                         "1000000",
                                         "2147483647",
                                         "2147483648",
                                         "-2147483648",
                                         "4294967295",
                                         "4294967296",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         "-9223372036854775808",
                                         "18446744073709551615",
                                         "99999999999999999999999999",
                                         "1e308",
                                         "1e309",
                                         "-1e308",
                                         "1e-308",
                                         "4.9e-324",
                                         "1e-400",
                                         "nan",
                                         "inf",
                                         "-inf",
                                         "0x10",
                                         "1e",
                                         "1e+",
                                         "+",
                                         "-",
                                         ".",
                                         "****",
                                         "1d5",
                                         "1D-300",
                                         "00000000000000000000001",
                                         "0.1.2",
                                         "1e99999999999",
                                         "-0",
                                         "1e18",
                                         "1e10",
                                         "6148914691236517206",
                                         "1431655766",
                                         "3*4",
                                         "",
                                         "-0.0",
                                         "1e150",
                                         "1e-150"};
  size_t at = below(now.size), end;
  for (size_t k = 0; k < now.size && !is_of_number(now.data[at]); k++) at = (at + 1) % now.size;
  if (now.size == 0 || !is_of_number(now.data[at])) return;
  while (at > 0 && is_of_number(now.data[at - 1])) at--;
  for (end = at; end < now.size && is_of_number(now.data[end]);) end++;
  const char *number = extremes[below(sizeof extremes / sizeof *extremes)];
  replace(at, end - at, number, strlen(number));
}

/* As binary formats have them. */
static void change_binary(void) {
  static const int32_t whole[] = {0, 1, -1, 3, 4, 65536, INT32_MAX, INT32_MIN, 16 << 20};
  static const uint64_t wide[] = {0, 0x7ff8000000000000u, 0x7ff0000000000000u, 0x7fefffffffffffffu, 1, UINT64_MAX};
  const size_t size = below(2) ? 4 : 8;
  if (now.size < size) return;
  const size_t at = below(now.size - size + 1);
  if (size == 4)
    memcpy(now.data + at, &whole[below(sizeof whole / sizeof *whole)], size);
  else
    memcpy(now.data + at, &wide[below(sizeof wide / sizeof *wide)], size);
}

static int is_blank(uint8_t c) {
  return c <= ' ';
}

/* A word of the format in place of a word, or between words. */
static void put_word(void) {
  size_t count = 0;
  while (fuzz_words[count]) count++;
  if (!count) return;
  const char *word = fuzz_words[below(count)];
  size_t at = below(now.size + 1), end = at;
  if (below(2)) {
    while (at > 0 && !is_blank(now.data[at - 1])) at--;
    while (end < now.size && !is_blank(now.data[end])) end++;
  }
  replace(at, end - at, word, strlen(word));
}

static void mutate(void) {
  static void (*const ways[])(void) = {flip,          put_byte,  cut,      cut_end,       splice_in,
                                       move_line,     move_line, flip,     change_number, change_number,
                                       change_number, put_word,  put_word, change_binary};
  const input *from = &kept[below(2) ? below(seed_count) : below(kept_count)];
  now.size = from->size;
  memcpy(now.data, from->data, from->size);
  for (size_t k = 1 + below(MOST_MUTATIONS); k > 0; k--) ways[below(sizeof ways / sizeof *ways)]();
}

/* ---- the command ---- */

static void usage(void) {
  fprintf(stderr,
          "usage: %s [-n EXECUTIONS] [-t SECONDS] [-s SEED] [-d FOLDER of more seeds] [-w FOLDER to write seeds to]\n"
          "       [-l look for leaks after each execution]\n"
          "       %s FILE...\n",
          name, name);
  exit(2);
}

static void write_seeds(const char *folder) {
  for (size_t k = 0; k < kept_count; k++) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s-%zu", folder, name, k);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(kept[k].data, 1, kept[k].size, file) != kept[k].size || fclose(file) != 0) {
      fprintf(stderr, "%s: cannot write %s\n", name, path);
      exit(1);
    }
  }
}

static void run_seeds(void) {
  for (size_t k = 0; k < seed_count; k++) {
    now.size = kept[k].size;
    memcpy(now.data, kept[k].data, now.size);
    execute();
  }
  check_leaks("the seeds");
}

static void forget(void) {
  while (kept_count > 0) free(kept[--kept_count].data);
}

static void run_files(int count, char **paths) {
  forget();
  for (int k = 0; k < count; k++) keep_file(paths[k]);
  seed_count = kept_count;
  run_seeds();
  printf("%s: %zu inputs are fine\n", name, seed_count);
}

static void run_mutations(long most, double seconds, int leaks) {
  const double start = mtp_now();
  double slowest = 0;
  while ((most == 0 || executions < most) && (seconds <= 0 || mtp_now() - start < seconds)) {
    mutate();
    const double before = mtp_now();
    execute();
    if (mtp_now() - before > slowest) slowest = mtp_now() - before;
    if (leaks || executions % LEAKS_EVERY == 0) check_leaks("2000 executions at most");
  }
  check_leaks("2000 executions at most");
  printf("%s: %ld executions in %.1f s, seed %llu, %zu seeds, %zu inputs kept, slowest %.3f s\n", name,
         (long)executions, mtp_now() - start, seed, seed_count, kept_count, slowest);
}

int main(int argc, char **argv) {
  long most = 0;
  double seconds = 0;
  int leaks = 0;
  const char *more = NULL, *to = NULL;
  char current[256];
  name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
  seed = 1;
  for (int option; (option = getopt(argc, argv, "n:t:s:d:w:l")) != -1;) {
    if (option == 'n')
      most = atol(optarg);
    else if (option == 't')
      seconds = atof(optarg);
    else if (option == 's')
      seed = strtoull(optarg, NULL, 10);
    else if (option == 'd')
      more = optarg;
    else if (option == 'w')
      to = optarg;
    else if (option == 'l')
      leaks = 1;
    else
      usage();
  }
  now.data = malloc(FUZZ_MOST_BYTES);
  fuzz_require(now.data && getcwd(current, sizeof current));
  snprintf(crash_path, sizeof crash_path, "%s/%s-%llu.input", current, name, seed);
  dice.state = seed;
  catch_signals();
  fuzz_on_seed = keep;
  fuzz_on_note = on_note;
  fuzz_seeds();
  if (more) keep_folder(more);
  seed_count = kept_count;
  if (to)
    write_seeds(to);
  else if (optind < argc)
    run_files(argc - optind, argv + optind);
  else if (most <= 0 && seconds <= 0)
    usage();
  else {
    run_seeds();
    run_mutations(most, seconds, leaks);
  }
  forget();
  free(now.data);
  return 0;
}
