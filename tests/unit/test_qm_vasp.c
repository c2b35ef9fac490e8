/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_qm_vasp.c
 * The driver for VASP: what the folder of a call holds, results read from OUTCAR and vasprun.xml, and what must not
 * pass for a label. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/outcar.h"
#include "mtp/qm.h"
#include "qm/drivers/vasp/vasp_incar.h"
#include "support/support.h"
#include "support_qm.h"
#include "support_vasp.h"

static const char *const names[] = {"Al", "Ni", "Cu"};

#define POTCAR_AL                                                                                                      \
  "  PAW_PBE Al_sv\n   VRHFIN =Al: s2p1\n   TITEL  = PAW_PBE Al_sv_GW 04Jan2001\n al data\n End of Dataset\n"
#define POTCAR_NI "  PAW_PBE Ni\n   VRHFIN =Ni: 3d\n   TITEL  = PAW_PBE Ni 02Aug2007\n ni data\n End of Dataset\n"
/* says nothing of use in its TITEL */
#define POTCAR_CU "  PAW\n   VRHFIN =Cu: d10\n   TITEL  = copper\n cu data\n End of Dataset\n"
#define SETTINGS  "NSW = 0\nIBRION = -1\nISIF = 2\nLWAVE = .FALSE.\nLCHARG = .FALSE.\n"

static void write_folder(const char *incar, const char *potcar) {
  if (qm_exists("in")) assert_int_equal(system("rm -r in"), 0);
  assert_int_equal(mkdir("in", 0777), 0);
  qm_write_file("in/INCAR", incar);
  qm_write_file("in/POTCAR", potcar);
  qm_write_file("in/KPOINTS", "mesh\n0\nGamma\n2 2 2\n");
}

/* The label, or NULL where `expected` is not MTP_QM_OK. */
static mtp_config *label(mtp_qm *qm, const mtp_config *cfg, mtp_qm_status expected, const char *words) {
  mtp_config *out = NULL;
  mtp_qm_report report;
  mtp_qm_label(NULL, qm, cfg, 3, names, &out, &report);
  if (report.status != expected || !strstr(report.reason, words))
    fail_msg("%s: %s; expected %s: %s", mtp_qm_status_name(report.status), report.reason, mtp_qm_status_name(expected),
             words);
  assert_int_equal(out != NULL, expected == MTP_QM_OK);
  return out;
}

/* Six atoms Ni Al Ni Ni Al Ni in a sheared cell whose components fill the fields of OUTCAR; some are outside. */
static mtp_config *mixed_cell(void) {
  static const double cell[9] = {120.5, 0, 0, -12.25, 14, 0, 1.0 / 3, -10.75, 115};
  mtp_config *cfg = mtp_config_new(6);
  assert_non_null(cfg);
  memcpy(cfg->cell, cell, sizeof cell);
  for (int k = 0; k < 3; k++) cfg->periodic[k] = true;
  for (size_t i = 0; i < 6; i++) {
    cfg->species[i] = i == 1 || i == 4 ? 0 : 1;
    for (size_t c = 0; c < 3; c++) cfg->x[3 * i + c] = sin(1.0 + (double)(3 * i + c)) * 3.1 - 1;
  }
  return cfg;
}

/* Forces of the false VASP, which folds atoms into the cell first. */
static void assert_forces(const mtp_config *sent, const mtp_config *got, double tolerance) {
  double h[9]; /* lower triangular, and right-handed as VASP wants it */
  for (int k = 0; k < 9; k++) h[k] = sent->cell[0] < 0 ? -sent->cell[k] : sent->cell[k];
  assert_non_null(got->force);
  for (size_t i = 0; i < sent->n; i++) {
    double left[3], x[3] = {0, 0, 0}, want[3];
    memcpy(left, sent->x + 3 * i, sizeof left);
    for (int k = 2; k >= 0; k--) {
      double f = left[k] / h[4 * k];
      for (int c = 0; c < 3; c++) {
        left[c] -= f * h[3 * k + c];
        x[c] += (f - floor(f)) * h[3 * k + c];
      }
    }
    vasp_force(names[sent->species[i]], x, want);
    for (size_t c = 0; c < 3; c++)
      if (!(fabs(got->force[3 * i + c] - want[c]) <= tolerance))
        fail_msg("force %zu of atom %zu: %.10f, expected %.10f", c, i, got->force[3 * i + c], want[c]);
  }
}

static void assert_results(const mtp_config *sent, const mtp_config *got, double tolerance) {
  static const double virial[6] = VASP_VIRIAL_VALUES;
  assert_true(got->has_energy && fabs(got->energy - VASP_FREE_ENERGY) < 1e-12);
  assert_forces(sent, got, tolerance);
  assert_true(got->has_virial);
  for (int k = 0; k < 6; k++)
    if (!(fabs(got->virial[k] - virial[k]) < 2e-5))
      fail_msg("virial %d: %.8f, expected %.8f", k, got->virial[k], virial[k]);
  assert_memory_equal(got->x, sent->x, 3 * sent->n * sizeof(double)); /* as sent, not as rounded */
  assert_memory_equal(got->cell, sent->cell, sizeof sent->cell);
  assert_memory_equal(got->species, sent->species, sent->n * sizeof(int));
}

/* ---- good results ---- */

static void test_results(void **state) {
  (void)state;
  write_folder("ENCUT = 300\n", POTCAR_AL POTCAR_CU POTCAR_NI);
  mtp_config *cfg = mixed_cell();
  mtp_qm *qm = qm_open("vasp in ./vasp retries=0 keep=none");
  mtp_config *got = label(qm, cfg, MTP_QM_OK, "");
  assert_results(cfg, got, 1.0e-6);
  mtp_config_free(got);
  mtp_qm_close(qm);
  qm = qm_open("vasp in ./vasp xml retries=0 keep=none");
  got = label(qm, cfg, MTP_QM_OK, "");
  assert_results(cfg, got, 1.0e-8); /* only the longer file has these digits */
  mtp_config_free(got);
  mtp_qm_close(qm);
  mtp_config_free(cfg);
}

static void test_cells(void **state) {
  (void)state;
  write_folder("ENCUT = 300\n", POTCAR_AL POTCAR_NI);
  mtp_config *cfg = mixed_cell(), *got;
  mtp_qm *qm = qm_open("vasp in ./vasp retries=0 keep=none");
  cfg->periodic[2] = false; /* a slab: VASP folds atoms all the same, and its stress is none */
  got = label(qm, cfg, MTP_QM_OK, "");
  assert_forces(cfg, got, 1e-6);
  assert_false(got->has_virial);
  mtp_config_free(got);
  for (int k = 0; k < 3; k++) cfg->periodic[k] = false;
  label(qm, cfg, MTP_QM_BAD_DATA, "VASP needs atoms in a cell");
  for (int k = 0; k < 3; k++) cfg->periodic[k] = true;

  /* the same crystal, left-handed */
  for (int k = 0; k < 3; k++) cfg->cell[k] *= -1;
  got = label(qm, cfg, MTP_QM_OK, "");
  assert_forces(cfg, got, 1e-6);
  assert_memory_equal(got->cell, cfg->cell, sizeof cfg->cell);
  for (int k = 0; k < 3; k++) cfg->cell[k] *= -1;
  mtp_config_free(got);

  memset(cfg->cell + 6, 0, 3 * sizeof(double));
  label(qm, cfg, MTP_QM_BAD_DATA, "VASP needs atoms in a cell");
  mtp_qm_close(qm);
  mtp_config_free(cfg);

  write_folder("LDIPOL = T; DIPOL = 0.5 0.5 0.25\n", POTCAR_AL POTCAR_NI);
  cfg = mixed_cell();
  qm = qm_open("vasp in ./vasp retries=0 keep=none");
  mtp_config_free(label(qm, cfg, MTP_QM_OK, ""));
  for (int k = 0; k < 3; k++) cfg->cell[k] *= -1;
  label(qm, cfg, MTP_QM_BAD_DATA, "left-handed");
  mtp_qm_close(qm);
  mtp_config_free(cfg);
}

/* Numbers of atoms have four columns each in OUTCAR, with nothing between them. */
static void test_thousands_of_atoms(void **state) {
  (void)state;
  enum { ALUMINIUM = 1000, ATOMS = 2003 };
  write_folder("ENCUT = 300\n", POTCAR_AL POTCAR_NI);
  mtp_config *cfg = mtp_config_new(ATOMS);
  assert_non_null(cfg);
  for (int k = 0; k < 3; k++) {
    cfg->cell[4 * k] = 40;
    cfg->periodic[k] = true;
  }
  for (size_t i = 0; i < ATOMS; i++) {
    cfg->species[i] = i < ALUMINIUM ? 0 : 1;
    cfg->x[3 * i] = 3.0 * (double)(i % 13);
    cfg->x[3 * i + 1] = 3.0 * (double)(i / 13 % 13);
    cfg->x[3 * i + 2] = 3.0 * (double)(i / 169);
  }
  mtp_qm *qm = qm_open("vasp in ./vasp retries=0 keep=all");
  mtp_config *got = label(qm, cfg, MTP_QM_OK, "");
  assert_forces(cfg, got, 1e-6);
  assert_int_equal(system("grep -q 'ions per type = *10001003$' qm/*/OUTCAR"), 0);
  mtp_config_free(got);
  mtp_qm_close(qm);
  mtp_config_free(cfg);
}

/* A VASP that outlived its run is believed if all of its input is the same and its output is whole. */
static void test_orphaned(void **state) {
  (void)state;
  static const char *const doubts[] = {"truncate -s -30 OUTCAR", "echo >>POTCAR", "echo >>INCAR", "rm KPOINTS",
                                       "sed -i '/EDIFF is reached/d' OUTCAR"};
  mtp_config *cfg = mixed_cell();
  for (size_t i = 0; i <= sizeof doubts / sizeof doubts[0]; i++) {
    char command[256];
    mtp_qm_report report;
    qm_remove_calls();
    write_folder("ENCUT = 300\n", POTCAR_AL POTCAR_NI);
    mtp_qm *qm = qm_open("vasp in ./vasp xml keep=all");
    mtp_config_free(label(qm, cfg, MTP_QM_OK, ""));
    mtp_qm_close(qm);
    snprintf(command, sizeof command, "cd qm/000001 && %s", i ? doubts[i - 1] : "true");
    assert_int_equal(system(command), 0);
    qm_write_file("qm/000001/.unfinished", "");
    mtp_config *got = qm_label_again("vasp in false retries=0", cfg, 3, names, &report);
    assert_int_equal(got != NULL, i == 0);
    assert_int_equal(report.tries, i != 0);
    if (got) assert_results(cfg, got, 1e-8);
    mtp_config_free(got);
  }
  qm_remove_calls();
  mtp_config_free(cfg);
}

/* ---- what must not pass ---- */

static void test_false_results(void **state) {
  (void)state;
  static const struct {
    const char *script; /* after the false VASP has written its files */
    mtp_qm_status status;
    const char *words;
  } cases[] = {
      {"true", MTP_QM_OK, ""},
      {"sed -i '/EDIFF is reached/d' OUTCAR", MTP_QM_NOT_CONVERGED, "did not reach EDIFF"},
      {"sed -i 's/because EDIFF is/EDIFF was not/' OUTCAR", MTP_QM_NOT_CONVERGED, "did not reach EDIFF"},
      {"sed -i 's/because EDIFF is reached/because hard stop was set/' OUTCAR; exit 3", MTP_QM_NOT_CONVERGED, "EDIFF"},
      /* an earlier loop converged, the last one did not */
      {"sed -i '/ FORCE on/i ------ Iteration    1(  13)  ------' OUTCAR", MTP_QM_NOT_CONVERGED, "EDIFF"},
      {"sed -i '$d' OUTCAR; echo last words", MTP_QM_BAD_DATA,
       "cut short: it lacks 'General timing and accounting': last"},
      {"truncate -s -1 OUTCAR", MTP_QM_BAD_DATA, "cut short"},
      {"truncate -s 1500 OUTCAR", MTP_QM_BAD_DATA, "cut short"},
      {"sed -i '$d' OUTCAR; echo '  VERY BAD NEWS! internal error'", MTP_QM_CRASHED,
       "says: VERY BAD NEWS! internal error"},
      {"rm OUTCAR; echo ' ZBRENT: fatal error in bracketing'", MTP_QM_CRASHED, "ZBRENT: fatal error in bracketing"},
      /* a warning on the way to a good result */
      {"echo 'WARNING: Sub-Space-Matrix is not hermitian in DAV'", MTP_QM_OK, ""},
      {"rm OUTCAR", MTP_QM_BAD_DATA, "OUTCAR: No such file"},
      {": > OUTCAR", MTP_QM_BAD_DATA, "cut short"},
      {"echo ' General timing and accounting' > OUTCAR", MTP_QM_BAD_DATA, "has no iteration"},
      {"exit 7", MTP_QM_CRASHED, "exit code 7"},
      {"kill -SEGV $$", MTP_QM_CRASHED, "signal 11"},
      {"exec sleep 60", MTP_QM_TIMEOUT, "timeout=2"},
      /* overflow, no numbers */
      {"sed -i -E '/TOTAL-FORCE/,/drift/s/ [-0-9]+[.][0-9]+$/ **************/' OUTCAR", MTP_QM_BAD_DATA,
       "found '**************', expected a component of a force"},
      {"sed -i -E '/TOTAL-FORCE/,/drift/s/ [-0-9]+[.][0-9]+$/ NaN/' OUTCAR", MTP_QM_BAD_DATA, "found 'NaN', expected"},
      {"sed -i 's/=   *-8.50000123/=  ******************/' OUTCAR", MTP_QM_BAD_DATA, "expected the free energy"},
      {"sed -i 's/^  Total  .*/  Total   ************************/' OUTCAR", MTP_QM_BAD_DATA,
       "component of the stress"},
      {"sed -i 's/115.000000000/*************/' OUTCAR", MTP_QM_BAD_DATA, "component of a lattice vector"},
      /* parts that are missing */
      {"sed -i '/ Total /d' OUTCAR", MTP_QM_OK, ""}, /* in kB says the same */
      {"sed -i '/ Total /d; / in kB /d' OUTCAR", MTP_QM_BAD_DATA, "no stress in the result"},
      {"sed -i '/free  energy/d' OUTCAR", MTP_QM_BAD_DATA, "no free energy in its last step"},
      {"sed -i 's/eV.Angst)/& (ML)/' OUTCAR", MTP_QM_BAD_DATA, "no forces or"},
      {"sed -i '/TOTAL-FORCE/,/drift/{/0.5/d}' OUTCAR", MTP_QM_BAD_DATA, "OUTCAR:"},
      {"sed -i '/General/i ---- Iteration    2(   1) ----\\n---- aborting loop because EDIFF is reached' OUTCAR",
       MTP_QM_BAD_DATA, "no forces or no free energy in its last step"},
      {"sed -i '/TOTAL-FORCE/{n;n;p}' OUTCAR", MTP_QM_BAD_DATA, "a line of ----- after the forces of 6 atoms"},
      {"sed -i 's/NIONS =  *6/NIONS = 5/' OUTCAR", MTP_QM_BAD_DATA, "together NIONS"},
      {"sed -i 's/NIONS =  *6/NIONS = 7/' OUTCAR", MTP_QM_BAD_DATA, "expected 7 atoms in 2 types, found 6"},
      {"sed -i '/TITEL/d' OUTCAR", MTP_QM_OK, ""}, /* VRHFIN says it */
      {"sed -i '/POTCAR:/d' OUTCAR", MTP_QM_OK, ""},
      /* NWRITE = 0: POTCAR: says it, before and in each section, or only before */
      {"sed -i '/TITEL/d; /VRHFIN/d' OUTCAR", MTP_QM_OK, ""},
      {"sed -i '3,${/TITEL/d; /VRHFIN/d; /POTCAR:/d}' OUTCAR", MTP_QM_OK, ""},
      {"sed -i '/TITEL/d; /VRHFIN/d; s/_PBE Ni/_PBE Al/' OUTCAR", MTP_QM_BAD_DATA, "atom 3 is Al, not Ni"},
      {"sed -i '/TITEL/d; /VRHFIN/d; s/_PBE Ni.*/_PBE nickel/' OUTCAR", MTP_QM_BAD_DATA, "type 2 is not known"},
      {"sed -i '/TITEL/d; /VRHFIN/d; /POTCAR:/d' OUTCAR", MTP_QM_BAD_DATA, "expected 6 atoms in 0 types"},
      {"sed -i '/ions per type/d' OUTCAR", MTP_QM_BAD_DATA, "expected 'ions per type ='"},
      {"cat OUTCAR OUTCAR > x; mv x OUTCAR", MTP_QM_BAD_DATA, "the output of one run"},
      /* other atoms */
      {"sed -i 's/ 14.000000000/ 14.000200000/' OUTCAR", MTP_QM_BAD_DATA, "component y of lattice vector 2 is 14.0002"},
      {"sed -i -E '/TOTAL-FORCE/,/drift/s/^( +[0-9]+)\\./\\17./' OUTCAR", MTP_QM_BAD_DATA, "from where it was sent"},
      {"sed -i 's/_PBE Ni/_PBE Al/' OUTCAR", MTP_QM_BAD_DATA, "atom 3 is Al, not Ni"},
      {"sed -i 's/per type = .*/per type = 3 3/' OUTCAR", MTP_QM_BAD_DATA, "atom 3 is Al, not Ni"},
      {"sed -i '7s/.*/1 1/;11,$d' POSCAR; $MTP_RUN_DIR/vasp", MTP_QM_BAD_DATA, "of 2 atoms, 6 were sent"},
  };
  write_folder("ENCUT = 300\n", POTCAR_AL POTCAR_NI);
  mtp_config *cfg = mixed_cell();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char script[512];
    snprintf(script, sizeof script, "$MTP_RUN_DIR/vasp || exit 99\n%s", cases[i].script);
    qm_write_script("fake.sh", script);
    bool hangs = cases[i].status == MTP_QM_TIMEOUT; /* all others get the time that a busy machine needs */
    mtp_qm *qm = qm_open(hangs ? "vasp in ./fake.sh timeout=2 retries=0 keep=none"
                               : "vasp in ./fake.sh timeout=50 retries=0 keep=none");
    mtp_config_free(label(qm, cfg, cases[i].status, cases[i].words));
    mtp_qm_close(qm);
  }
  mtp_config_free(cfg);
}

static void test_contradictions(void **state) {
  (void)state;
  static const struct {
    const char *script;
    mtp_qm_status status;
    const char *words;
  } cases[] = {
      {"true", MTP_QM_OK, ""},
      {"truncate -s -5 vasprun.xml", MTP_QM_OK, ""}, /* not complete: OUTCAR is enough */
      {"sed -i 's/-8.50000123/-8.50000120/' vasprun.xml", MTP_QM_BAD_DATA, "another free energy"},
      {"sed -i 's/-8.50000123/ nan/' vasprun.xml", MTP_QM_BAD_DATA, "another free energy"},
      {"sed -i '/forces/,/varray/s/0\\.0/0.1/' vasprun.xml", MTP_QM_BAD_DATA, "other forces"},
      {"sed -i '/forces/,/varray/s/<v>.*/<v> **** **** **** <.v>/' vasprun.xml", MTP_QM_OK, ""}, /* no XML at all */
      {"sed -i '/forces/,/varray/s/<v>.*/<v> **** **** ****<\\/v>/' vasprun.xml", MTP_QM_BAD_DATA, "other forces"},
      {"sed -i '/stress/,/varray/s/-/ /' vasprun.xml", MTP_QM_BAD_DATA, "another stress"},
      {"sed -i 's/name=.stress./name=\"x\"/' vasprun.xml", MTP_QM_BAD_DATA, "another stress"},
      {"sed -i 's/ 14.00000000/ 14.00100000/' vasprun.xml", MTP_QM_BAD_DATA,
       "contradicts OUTCAR: the result is of another cell"},
      {"sed -i '/finalpos/,/structure/{/positions/,/varray/s/ 0\\.0/ 0.01/}' vasprun.xml", MTP_QM_BAD_DATA,
       "contradicts OUTCAR: the result is of other atoms"},
      {"sed -i 's/finalpos/initialpos/' vasprun.xml", MTP_QM_BAD_DATA, "it has other atoms"},
  };
  write_folder("ENCUT = 300\n", POTCAR_AL POTCAR_NI);
  mtp_config *cfg = mixed_cell();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char script[512];
    snprintf(script, sizeof script, "$MTP_RUN_DIR/vasp xml || exit 99\n%s", cases[i].script);
    qm_write_script("fake.sh", script);
    mtp_qm *qm = qm_open("vasp in ./fake.sh retries=0 keep=none");
    mtp_config_free(label(qm, cfg, cases[i].status, cases[i].words));
    mtp_qm_close(qm);
  }
  mtp_config_free(cfg);
}

/* ---- the folder of a call ---- */

static void assert_file(const char *path, const char *expected) {
  char *text = qm_read_file(path);
  assert_string_equal(text, expected);
  free(text);
}

static void test_folder(void **state) {
  (void)state;
  write_folder("! made by hand\nENCUT = 300\nNSW = 5\nLDAUU = 1.5 2*4\n", POTCAR_NI "\n" POTCAR_CU POTCAR_AL "  \n");
  /* complete results of an earlier run, in every way that one may find them */
  assert_int_equal(
      system("mkdir old && cd old && ln -s ../in/POTCAR . && printf 'x\\n1.0\\n4 0 0\\n0.5 4 0\\n-0.25 0.125 4"
             "\\nAl Ni\\n1 1\\nCartesian\\n0.1 -0.2 0.05\\n2 2.1 1.9\\n' > POSCAR && ../vasp xml && "
             "cp OUTCAR vasprun.xml ../in && echo precious > ../in/vasp.out && rm -r ../old"),
      0);
  qm_write_file("in/CHGCAR", "x");
  qm_write_file("in/WAVECAR", "x");
  qm_write_file("in/STOPCAR", "LABORT = T\n");
  qm_write_file("in/POSCAR", "x");
  qm_write_file("in/extra", "extra\n");
  assert_int_equal(system("mkdir in/folder && head -c 1048577 /dev/zero > in/vdw_kernel.bindat"), 0);

  mtp_config *cfg = qm_small_cell();
  cfg->species[0] = 2;
  mtp_qm *qm = qm_open("vasp in true retries=0 keep=all");
  label(qm, cfg, MTP_QM_BAD_DATA, "OUTCAR: No such file");
  assert_int_equal(qm_count_entries("qm/000001"), 8);
  assert_file("qm/000001/INCAR", SETTINGS "LDAUU = 1.5 4\n! made by hand\nENCUT = 300\n");
  assert_file("qm/000001/POTCAR", POTCAR_NI "\n" POTCAR_CU);
  assert_file("qm/000001/KPOINTS", "mesh\n0\nGamma\n2 2 2\n");
  assert_file("qm/000001/extra", "extra\n");
  assert_file("qm/000001/POSCAR", "one configuration\n1.0\n 4 0 0\n 0.5 4 0\n -0.25 0.125 4\n Ni Cu\n 1 1\nCartesian\n"
                                  " 2 2.1000000000000001 1.8999999999999999\n"
                                  " 0.10000000000000001 -0.20000000000000001 0.050000000000000003\n");
  struct stat st;
  assert_int_equal(lstat("qm/000001/vdw_kernel.bindat", &st), 0);
  assert_true(S_ISLNK(st.st_mode));
  assert_int_equal(stat("qm/000001/vdw_kernel.bindat", &st), 0);
  assert_int_equal(st.st_size, 1048577);
  assert_file("in/vasp.out", "precious\n");

  assert_int_equal(system("rm in/INCAR in/POTCAR in/extra"), 0); /* they have been read */
  label(qm, cfg, MTP_QM_BAD_DATA, "OUTCAR: No such file");
  assert_file("qm/000002/extra", "extra\n");
  assert_file("qm/000002/POTCAR", POTCAR_NI "\n" POTCAR_CU);
  mtp_qm_close(qm);
  qm_remove_calls();

  write_folder("", POTCAR_NI); /* an INCAR may be empty */
  qm = qm_open("vasp in true retries=0 keep=all");
  label(qm, cfg, MTP_QM_CANNOT_START, "in/POTCAR: there is no section for 'Cu', only for Ni");
  cfg->species[0] = 1;
  label(qm, cfg, MTP_QM_BAD_DATA, "OUTCAR: No such file");
  assert_file("qm/000002/INCAR", SETTINGS);
  mtp_qm_close(qm);
  qm_remove_calls();
  mtp_config_free(cfg);
}

static void test_bad_folders(void **state) {
  (void)state;
  write_folder("ENCUT = 300\n", POTCAR_AL);
  qm_open_fails("vasp", "expected a FOLDER (with INCAR, KPOINTS, POTCAR) and a COMMAND");
  qm_open_fails("vasp in", "and a COMMAND");
  qm_open_fails("vasp in no-such-vasp", "'no-such-vasp' is not on PATH");
  qm_open_fails("vasp nowhere true", "expected a FOLDER with INCAR and POTCAR, there is none at /");
  qm_open_fails("vasp in/INCAR true", "expected a FOLDER");
  unlink("in/KPOINTS");
  qm_open_fails("vasp in true", "expected a file KPOINTS, or KSPACING in INCAR");
  qm_write_file("in/INCAR", "kspacing = 0.2");
  mtp_qm_close(qm_open("vasp in true"));
  unlink("in/INCAR");
  qm_open_fails("vasp in true", "in/INCAR: No such file");
  unlink("in/POTCAR");
  qm_open_fails("vasp in true", "in/POTCAR: No such file");
  write_folder("", POTCAR_AL POTCAR_NI POTCAR_AL);
  qm_open_fails("vasp in true", "in/POTCAR:15: expected one section for each element, found a second one for Al");
  write_folder("", POTCAR_AL " and more\n");
  qm_open_fails("vasp in true", "in/POTCAR:6: expected 'End of Dataset', found the end of the file");
  write_folder("", "\n");
  qm_open_fails("vasp in true", "expected 'End of Dataset'");
  write_folder("", " PAW\n TITEL = PAW_PBE\nEnd of Dataset\n");
  qm_open_fails("vasp in true", "in/POTCAR:3: expected a TITEL or VRHFIN with an element");
  write_folder("NSW = 1\nMAGMOM = 2 1\n", POTCAR_AL);
  qm_open_fails("vasp in true", "in/INCAR:2: MAGMOM has different values");
  assert_false(qm_exists("qm"));
}

static void test_incar(void **state) {
  (void)state;
  static const struct {
    const char *text, *expected; /* what is written, or NULL and why not */
    const char *words;
  } cases[] = {
      {"SYSTEM = a title\r\n  ENCUT = 300 # NSW = 3\r\n! NSW = 4\n\nPREC = A",
       "SYSTEM = a title\n  ENCUT = 300 # NSW = 3\n! NSW = 4\n\nPREC = A\n", ""},
      {"NSW=3;IBRION = 2 ; ENCUT=300; ISIF = 3 # relax\nPOTIM = 0.5 ! step\n Lwave=T\n",
       " ENCUT=300; # relax\n! step\n", ""},
      {"nsw = 3\nISTART = 1; ICHARG = 11\nLCHARG = T\nPSTRESS = 10; IMAGES = 4\nNELM = 60; NSWX = 1",
       "NELM = 60; NSWX = 1\n", ""},
      {"NSW = \\\n 3\nENCUT = \\  \n 300\nISIF \\\n", "ENCUT = \\  \n 300\nISIF \\\n", ""},
      {"X = \"a # b\nNSW = 3; c\"\nNSW = 4\n", "X = \"a # b\nNSW = 3; c\"\n", ""},
      {"PLUGINS { A = T\n B = F }\nNSW = 4\nA = {\n", "PLUGINS { A = T\n B = F }\nA = {\n", ""},
      {"words without sense\n = 3\n", "words without sense\n = 3\n", ""},
      {"ML_LMLFF = .FALSE.\n", "ML_LMLFF = .FALSE.\n", ""},
      {"MAGMOM = 60*1.0\n", "MAGMOM = 5*1.0\n", ""},
      {"MAGMOM = 2*1.0 1 \\\n 3*1e0; LSORBIT = .T.\n", "MAGMOM = 15*1.0\n LSORBIT = .T.\n", ""},
      {"LDAUL = -1 2; ldauu = 2*3.5\nRWIGS=1.1 1.2\n", "LDAUL = 2 -1\nLDAUU = 3.5 3.5\nRWIGS = 1.2 1.1\n", ""},
      {"LDAUU = 1 2\nLDAUU = 3 4\n", "LDAUU = 2 1\n", ""}, /* the first counts */
      {"\nML_LMLFF = .TRUE.\n", NULL, "INCAR:2: ML_LMLFF cannot be used here: what a machine-learned"},
      {"ENCUT = 3; ml_lmlff=T", NULL, "ML_LMLFF cannot"},
      {"NELECT = 20", NULL, "NELECT cannot be used here"},
      {"M_CONSTR = 1 0 0", NULL, "M_CONSTR cannot be used here"},
      {"\n\nMAGMOM = 4*1.0 -1.0", NULL, "INCAR:3: MAGMOM has different values for different atoms"},
      {"MAGMOM = up", NULL, "expected MAGMOM = N*number, found 'up'"},
      {"MAGMOM = x*1", NULL, "expected MAGMOM = N*number"},
      {"MAGMOM =", NULL, "expected a value of MAGMOM"},
      {"LDAUU = 4", NULL, "INCAR:1: expected 2 values of LDAUU, one for each section of the POTCAR, found 1"},
      {"LDAUU = 3*4", NULL, "found 3"},
  };
  static const size_t sections[] = {1, 0};
  mtp_context *ctx = mtp_context_new();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    mtp_vasp_incar incar;
    bool ok = mtp_vasp_incar_parse(ctx, &incar, "INCAR", cases[i].text, strlen(cases[i].text), 2) == MTP_OK;
    if (ok != (cases[i].expected != NULL) || (!ok && !strstr(mtp_context_message(ctx), cases[i].words)))
      fail_msg("case %zu: %s", i, mtp_context_message(ctx));
    if (!ok) continue;
    mtp_text text = {0};
    mtp_vasp_incar_write(&incar, 5, sections, 2, &text);
    assert_int_equal(text.failed, 0);
    assert_memory_equal(text.data, SETTINGS, strlen(SETTINGS));
    assert_string_equal(text.data + strlen(SETTINGS), cases[i].expected);
    mtp_text_free(&text);
    mtp_vasp_incar_close(&incar);
  }
  mtp_vasp_incar incar;
  assert_int_equal(mtp_vasp_incar_parse(ctx, &incar, "INCAR", "A = 1\n\0B", 8, 2), MTP_ERR_FORMAT);
  assert_non_null(strstr(mtp_context_message(ctx), "INCAR:2: expected text, found a zero byte"));
  mtp_context_free(ctx);
}

static int enter(void **state) {
  if (qm_enter_scratch(state) != 0) return -1;
  vasp_install();
  return 0;
}

int main(int count, char **arguments) {
  if (vasp_is_called(arguments[0])) return vasp_play(count > 1);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_results),        cmocka_unit_test(test_cells),    cmocka_unit_test(test_false_results),
      cmocka_unit_test(test_contradictions), cmocka_unit_test(test_folder),   cmocka_unit_test(test_bad_folders),
      cmocka_unit_test(test_incar),          cmocka_unit_test(test_orphaned), cmocka_unit_test(test_thousands_of_atoms),
  };
  return cmocka_run_group_tests(tests, enter, qm_leave_scratch);
}
