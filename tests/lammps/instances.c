/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file instances.c
 * Two LAMMPS instances in one process that use the plugin side by side; one ends while the other runs on.
 * Arguments: the folder of the decks. */
#include <stdio.h>
#include <stdlib.h>

void *lammps_open_no_mpi(int argc, char **argv, void **ptr);
void lammps_close(void *handle);
void lammps_commands_string(void *handle, const char *commands);
double lammps_get_thermo(void *handle, const char *keyword);
int lammps_has_error(void *handle);
int lammps_get_last_error_message(void *handle, char *buffer, int size);
void lammps_mpi_finalize(void);

static double run(void *lmp, const char *commands) {
  lammps_commands_string(lmp, commands);
  if (lammps_has_error(lmp)) {
    char message[1024];
    lammps_get_last_error_message(lmp, message, sizeof(message));
    fprintf(stderr, "%s", message);
    exit(1);
  }
  return lammps_get_thermo(lmp, "pe");
}

int main(int argc, char **argv) {
  char *none[] = {"lammps", "-log", "none", "-screen", "none", "-nocite", "-var", "decks", argc > 1 ? argv[1] : ".",
                  NULL};
  static const char set_up[] = "include ${decks}/crystal.lmp\ninclude ${decks}/hybrid_alone.lmp\nrun 0\n";
  void *first = lammps_open_no_mpi(9, none, NULL);
  void *second = lammps_open_no_mpi(9, none, NULL);
  if (!first || !second) return 1;
  const double a = run(first, set_up), b = run(second, set_up);
  lammps_close(first);
  const double c = run(second, "run 0\n");
  void *third = lammps_open_no_mpi(9, none, NULL);
  const double d = run(third, set_up);
  const double e = run(second, "clear\ninclude ${decks}/crystal.lmp\ninclude ${decks}/hybrid_alone.lmp\nrun 0\n");
  const double f = run(third, "run 0\n");
  lammps_close(second);
  lammps_close(third);
  printf("%.17g %.17g %.17g %.17g %.17g %.17g\n", a, b, c, d, e, f);
  lammps_mpi_finalize();
  return 0;
}
