/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file many_atoms.c
 * A program that tells LAMMPS that it has more atoms than MPI can gather, and goes on with a run.
 * Arguments: a deck, and how many atoms. Prints what LAMMPS said. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void *lammps_open_no_mpi(int argc, char **argv, void **ptr);
void lammps_close(void *handle);
void lammps_file(void *handle, const char *file);
void lammps_commands_string(void *handle, const char *commands);
void *lammps_extract_global(void *handle, const char *name);
int lammps_has_error(void *handle);
int lammps_get_last_error_message(void *handle, char *buffer, int size);
void lammps_mpi_finalize(void);

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  char *options[] = {"lammps", "-log", "none", "-screen", "none", "-nocite", NULL};
  char message[1024] = "nothing";
  void *lmp = lammps_open_no_mpi(6, options, NULL);
  if (!lmp) return 1;
  lammps_file(lmp, argv[1]);
  if (lammps_has_error(lmp)) return 1;
  *(int64_t *)lammps_extract_global(lmp, "natoms") = strtoll(argv[2], NULL, 10);
  lammps_commands_string(lmp, "run 0 post no\n");
  if (lammps_has_error(lmp)) lammps_get_last_error_message(lmp, message, sizeof message);
  printf("%s\n", message);
  lammps_close(lmp);
  lammps_mpi_finalize();
  return 0;
}
