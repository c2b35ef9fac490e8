/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file failed_coeff.c
 * A program that bears errors of LAMMPS: what becomes of a pair style after a pair_coeff that failed.
 * Arguments: the folder of the decks, the style, and pair_coeffs that fail. Prints energies, and what LAMMPS said. */
#include <stdio.h>
#include <stdlib.h>

void *lammps_open_no_mpi(int argc, char **argv, void **ptr);
void lammps_close(void *handle);
void lammps_commands_string(void *handle, const char *commands);
double lammps_get_thermo(void *handle, const char *keyword);
int lammps_config_has_exceptions(void);
int lammps_has_error(void *handle);
int lammps_get_last_error_message(void *handle, char *buffer, int size);
void lammps_mpi_finalize(void);

/* Must end well, or must not. */
static void run(void *lmp, const char *commands, int well) {
  char message[1024] = "";
  lammps_commands_string(lmp, commands);
  if (lammps_has_error(lmp)) lammps_get_last_error_message(lmp, message, sizeof message);
  if (*message) printf("%s", message);
  if ((*message == 0) == well) return;
  fprintf(stderr, "'%s' %s\n", commands, well ? "fails" : "ends well");
  exit(1);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  if (!lammps_config_has_exceptions()) return 77; /* old versions end the program, unless they were built otherwise */
  char *none[] = {"lammps", "-log", "none", "-screen", "none", "-nocite", "-var", "decks", argv[1], NULL};
  char commands[1024];
  void *lmp = lammps_open_no_mpi(9, none, NULL);
  if (!lmp) return 1;
  run(lmp, "include ${decks}/crystal.lmp\n", 1);
  snprintf(commands, sizeof commands, "pair_style %s\npair_coeff * * pot.almtp Al Ni\nrun 0\n", argv[2]);
  run(lmp, commands, 1);
  printf("energy %.17g\n", lammps_get_thermo(lmp, "pe"));
  for (int i = 3; i < argc; i++) {
    run(lmp, argv[i], 0);
    run(lmp, "run 0\n", 0);
    run(lmp, "run 1 pre no\n", 0);
  }
  run(lmp, "pair_coeff * * pot.almtp Al Ni\nrun 0\n", 1);
  printf("energy %.17g\n", lammps_get_thermo(lmp, "pe"));
  lammps_close(lmp);
  lammps_mpi_finalize();
  return 0;
}
