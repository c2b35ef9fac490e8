/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_vasp.c
 * A false VASP for the tests of its driver. */
#include "support_vasp.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "mtp/config.h"

#define KILOBAR 1602.1766208

enum { MOST_ATOMS = 4096, MOST_TYPES = 4 };

/* What POSCAR says. */
typedef struct box {
  double cell[3][3], x[MOST_ATOMS][3], fraction[MOST_ATOMS][3], volume;
  char elements[MOST_TYPES][8];
  int types, counts[MOST_TYPES], n, kind[MOST_ATOMS];
} box;

void vasp_force(const char *element, const double x[3], double force[3]) {
  for (int c = 0; c < 3; c++) force[c] = 0.03 * sin(x[c]) + (strcmp(element, "Ni") == 0 ? 0.0123456789 : -0.01);
}

void vasp_install(void) {
  char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  assert_true(length > 0);
  path[length] = 0;
  assert_int_equal(symlink(path, "vasp"), 0);
}

bool vasp_is_called(const char *program) {
  const char *slash = strrchr(program, '/');
  return strcmp(slash ? slash + 1 : program, "vasp") == 0;
}

static bool read_types(FILE *f, box *b) {
  char line[256];
  int used, at = 0;
  if (!fgets(line, sizeof line, f)) return false;
  for (; b->types < MOST_TYPES && sscanf(line + at, "%7s%n", b->elements[b->types], &used) == 1; at += used) b->types++;
  for (int k = 0; k < b->types; k++) {
    if (fscanf(f, "%d", &b->counts[k]) != 1 || b->n + b->counts[k] > MOST_ATOMS) return false;
    for (int i = 0; i < b->counts[k]; i++) b->kind[b->n++] = k;
  }
  return b->types > 0;
}

static bool read_poscar(box *b) {
  FILE *f = fopen("POSCAR", "r");
  char word[32] = "";
  double scale;
  bool ok = f && fscanf(f, "%*[^\n] %lf", &scale) == 1 && scale == 1;
  for (int k = 0; ok && k < 9; k++) ok = fscanf(f, "%lf", &b->cell[k / 3][k % 3]) == 1;
  ok = ok && fscanf(f, " ") == 0 && read_types(f, b);
  ok = ok && fscanf(f, "%31s", word) == 1 && strcmp(word, "Cartesian") == 0;
  for (int i = 0; ok && i < 3 * b->n; i++) ok = fscanf(f, "%lf", &b->x[i / 3][i % 3]) == 1;
  if (f) fclose(f);
  return ok;
}

/* Folds the atoms into the cell; false if it is left-handed. */
static bool fold(box *b) {
  double normal[3][3];
  for (int k = 0; k < 3; k++) {
    const double *u = b->cell[(k + 1) % 3], *v = b->cell[(k + 2) % 3];
    for (int c = 0; c < 3; c++) normal[k][c] = u[(c + 1) % 3] * v[(c + 2) % 3] - u[(c + 2) % 3] * v[(c + 1) % 3];
  }
  b->volume = 0;
  for (int c = 0; c < 3; c++) b->volume += b->cell[0][c] * normal[0][c];
  for (int i = 0; i < b->n; i++) {
    double moved[3] = {0, 0, 0};
    for (int k = 0; k < 3; k++) {
      double f = 0;
      for (int c = 0; c < 3; c++) f += b->x[i][c] * normal[k][c] / b->volume;
      b->fraction[i][k] = f - floor(f);
      for (int c = 0; c < 3; c++) moved[c] += b->fraction[i][k] * b->cell[k][c];
    }
    memcpy(b->x[i], moved, sizeof moved);
  }
  return b->volume > 0;
}

/* The lines of the POTCAR that VASP repeats, in their order: first what each section is, then its details. */
static void copy_titles(FILE *out) {
  FILE *f = fopen("POTCAR", "r");
  char line[256];
  for (int details = 0; f && details < 2; details++) {
    rewind(f);
    while (fgets(line, sizeof line, f)) {
      const char *title = strstr(line, "TITEL  =");
      if (title) fprintf(out, " POTCAR:   %s", title + strlen("TITEL  ="));
      if (details && (title || strstr(line, "VRHFIN"))) fputs(line, out);
    }
  }
  if (f) fclose(f);
}

static void write_stress(FILE *out, const char *name, double factor) {
  static const double v[6] = VASP_VIRIAL_VALUES;
  static const int order[6] = {0, 1, 2, 3, 5, 4}; /* XX YY ZZ XY YZ ZX */
  fputs(name, out);
  for (int k = 0; k < 6; k++) fprintf(out, "%12.5f", factor * v[order[k]]);
  fputs("\n", out);
}

static void write_outcar(FILE *out, const box *b) {
  copy_titles(out);
  fprintf(out, "   number of dos      NEDOS =    301   number of ions     NIONS = %6d\n", b->n);
  fputs("   ions per type =           ", out);
  for (int k = 0; k < b->types; k++) fprintf(out, "%4d", b->counts[k]);
  fputs("\n---------- Iteration    1(   1)  ----------\n  free energy    TOTEN  =        99.00000000 eV\n", out);
  fputs("---------- Iteration    1(  12)  ----------\n  free energy    TOTEN  =        98.00000000 eV\n", out);
  fputs("---------- aborting loop because EDIFF is reached ----------\n\n", out);
  fputs("  FORCE on cell =-STRESS in cart. coord.  units (eV):\n  Alpha Z   987.58433   987.58433   987.58433\n", out);
  write_stress(out, "  Total  ", 1);
  write_stress(out, "  in kB  ", KILOBAR / b->volume);
  fputs("      direct lattice vectors                 reciprocal lattice vectors\n", out);
  for (int k = 0; k < 3; k++) {
    fprintf(out, "   %13.9f%13.9f%13.9f", b->cell[k][0], b->cell[k][1], b->cell[k][2]);
    fputs("     0.129208067 -0.027792090 -0.028010439\n", out);
  }
  fputs(" POSITION                                       TOTAL-FORCE (eV/Angst)\n ----------\n", out);
  for (int i = 0; i < b->n; i++) {
    double f[3];
    vasp_force(b->elements[b->kind[i]], b->x[i], f);
    fprintf(out, "%13.5f%13.5f%13.5f   ", b->x[i][0], b->x[i][1], b->x[i][2]);
    fprintf(out, "%14.6f%14.6f%14.6f\n", f[0], f[1], f[2]);
  }
  fputs(" ----------\n    total drift:   0.000114     -0.000574      0.000411\n\n", out);
  fprintf(out, "  free  energy   TOTEN  =  %18.8f eV\n\n", VASP_FREE_ENERGY);
  fprintf(out, "  energy  without entropy=       -8.25000000  energy(sigma->0) =%18.8f\n", VASP_OTHER_ENERGY);
  fputs(" General timing and accounting informations for this job:\n", out);
}

static void write_rows(FILE *out, const char *name, int n, const double (*rows)[3]) {
  fprintf(out, " <varray name=\"%s\" >\n", name);
  for (int i = 0; i < n; i++) fprintf(out, "  <v> %16.8f %16.8f %16.8f </v>\n", rows[i][0], rows[i][1], rows[i][2]);
  fputs(" </varray>\n", out);
}

static void write_structure(FILE *out, const char *attribute, const box *b) {
  fprintf(out, "<structure%s>\n<crystal>\n", attribute);
  write_rows(out, "basis", 3, b->cell);
  fputs("</crystal>\n", out);
  write_rows(out, "positions", b->n, b->fraction);
  fputs("</structure>\n", out);
}

static void write_xml(FILE *out, const box *b) {
  static const double v[6] = VASP_VIRIAL_VALUES;
  double force[MOST_ATOMS][3], q = KILOBAR / b->volume;
  const double stress[3][3] = {
      {q * v[0], q * v[3], q * v[4]}, {q * v[3], q * v[1], q * v[5]}, {q * v[4], q * v[5], q * v[2]}};
  for (int i = 0; i < b->n; i++) vasp_force(b->elements[b->kind[i]], b->x[i], force[i]);
  fputs("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<modeling>\n", out);
  fputs("<calculation><energy><i name=\"e_fr_energy\"> 7.0 </i></energy></calculation>\n<calculation>\n", out);
  fputs("<scstep><energy><i name=\"e_fr_energy\"> 99.0 </i></energy></scstep>\n", out);
  write_structure(out, "", b);
  write_rows(out, "forces", b->n, (const double(*)[3])force);
  write_rows(out, "stress", 3, stress);
  fprintf(out, "<energy><i name=\"e_fr_energy\"> %16.8f </i></energy>\n</calculation>\n", VASP_FREE_ENERGY);
  write_structure(out, " name=\"finalpos\"", b);
  fputs("</modeling>\n", out);
}

static bool write_file(const char *name, const box *b, void (*write)(FILE *, const box *)) {
  FILE *f = fopen(name, "w");
  if (f) write(f, b);
  return f && fclose(f) == 0;
}

int vasp_play(bool with_xml) {
  box b = {0};
  if (!read_poscar(&b)) {
    puts("ERROR: cannot read POSCAR");
    return 1;
  }
  if (!fold(&b)) {
    puts("VERY BAD NEWS! the triple product of the basis vectors is negative");
    return 1;
  }
  return write_file("OUTCAR", &b, write_outcar) && (!with_xml || write_file("vasprun.xml", &b, write_xml)) ? 0 : 1;
}
