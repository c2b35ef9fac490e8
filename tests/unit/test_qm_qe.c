/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_qm_qe.c
 * The driver for pw.x: inputs made from templates, results read from XML, and, where pw.x and its pseudopotentials are
 * installed, real calculations whose forces and stress are compared with differences of the energy. */
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

#include "mtp/qm.h"
#include "qm/drivers/qe/qe_template.h"
#include "qm/drivers/qe/qe_xml.h"
#include "support_qm.h"

#define BOHR       0.529177210903
#define HARTREE    27.211386245988
#define PSEUDO_DIR "/usr/share/espresso/pseudo"

static mtp_context *ctx; /* what is said goes there */

static const char *said(void) {
  return mtp_context_message(ctx);
}

/* ---- templates ---- */

static const char tricky[] = "! a comment = 'before'\r\n"
                             " &CONTROL Calculation='scf', title = 'a ''b'' / & ! c', prefix=\"x\" outdir='./tmp/'\r\n"
                             "  pseudo_dir = './pseudo'  ! where they are\r\n"
                             "  tprnfor=.false. , etot_conv_thr = 1.0d-5\r\n"
                             "/ trailing words\r\n"
                             "\r\n"
                             "&system\r\n"
                             "  ibrav = 2\r\n"
                             "  celldm(1) = 7.6, 0,\r\n"
                             "  1.0 nat=4, ntyp = 2 A = 4.05 ! nat = 7\r\n"
                             "# nat = 8\r\n"
                             "  starting_magnetization(1) = 0.1, starting_magnetization( 2 )=0.2\r\n"
                             "  ecutwfc = 20 cosAB=0.1 &end\r\n"
                             "&ELECTRONS/\r\n"
                             "ATOMIC_POSITIONS {alat}\r\n"
                             "Al1 0 0 0\r\n"
                             "\r\n"
                             "# kept\r\n"
                             "ATOMIC_SPECIES\r\n"
                             " Al1 26.98 Al.UPF ! first\r\n"
                             " Ni 58.7 Ni.UPF\r\n"
                             "CELL_PARAMETERS alat\r\n"
                             "1 0 0\r\n"
                             "0 1 0\r\n"
                             "0 0 1\r\n"
                             "K_POINTS automatic\r\n"
                             "4 4 4 0 0 0";

static const char golden[] = "! a comment = 'before'\n"
                             " &CONTROL\n"
                             "  calculation = 'scf'\n"
                             "  prefix = 'mtp'\n"
                             "  outdir = './out'\n"
                             "  pseudo_dir = '/o''dd/pseudo'\n"
                             "  tprnfor = .true.\n"
                             "  tstress = .true.  title = 'a ''b'' / & ! c',  \n"
                             "    ! where they are\n"
                             "   etot_conv_thr = 1.0d-5\n"
                             "/ trailing words\n"
                             "\n"
                             "&system\n"
                             "  ibrav = 0\n"
                             "  nat = 2\n"
                             "    ntyp = 2  ! nat = 7\n"
                             "# nat = 8\n"
                             "  starting_magnetization(1) = 0.1, starting_magnetization( 2 )=0.2\n"
                             "  ecutwfc = 20  &end\n"
                             "&ELECTRONS/\n"
                             "# kept\n"
                             "ATOMIC_SPECIES\n"
                             " Al1 26.98 Al.UPF ! first\n"
                             " Ni 58.7 Ni.UPF\n"
                             "K_POINTS automatic\n"
                             "4 4 4 0 0 0\n"
                             "CELL_PARAMETERS angstrom\n"
                             "4.000000000000000 0.000000000000000 0.000000000000000\n"
                             "0.500000000000000 4.000000000000000 0.000000000000000\n"
                             "-0.250000000000000 0.125000000000000 4.000000000000000\n"
                             "ATOMIC_POSITIONS angstrom\n"
                             "Al1 0.100000000000000 -0.200000000000000 0.050000000000000\n"
                             "Ni 2.000000000000000 2.100000000000000 1.900000000000000\n";

static void assert_same_lines(const char *got, const char *expected) {
  if (strcmp(got, expected) == 0) return;
  size_t i = 0, line = 1;
  for (; got[i] == expected[i]; i++) line += got[i] == '\n';
  fail_msg("line %zu differs at '%.30s', expected '%.30s'; the whole text:\n%s", line, got + i, expected + i, got);
}

static void test_template(void **state) {
  (void)state;
  mtp_qe_template t;
  if (mtp_qe_template_parse(ctx, &t, "/o'dd/al.in", tricky, strlen(tricky)) != MTP_OK) fail_msg("%s", said());
  assert_string_equal(t.pseudo_dir, "/o'dd/pseudo");
  assert_int_equal(t.label_count, 2);
  const char *labels[] = {mtp_qe_template_label(ctx, &t, "Al"), mtp_qe_template_label(ctx, &t, "Ni")};
  mtp_config *cfg = qm_small_cell();
  mtp_text deck = {0};
  mtp_qe_template_write(&t, cfg, labels, &deck);
  assert_int_equal(deck.failed, 0);
  assert_same_lines(deck.data, golden);
  mtp_text_free(&deck);

  cfg->periodic[2] = false; /* a slab in its box: no stress */
  mtp_qe_template_write(&t, cfg, labels, &deck);
  assert_non_null(strstr(deck.data, "tstress = .false."));
  mtp_text_free(&deck);
  mtp_config_free(cfg);
  mtp_qe_template_close(&t);
}

#define HEAD    "&control\n/\n&system\nntyp=3\n/\n&electrons\n/\n"
#define SPECIES "ATOMIC_SPECIES\nFe1 1 x\nFe2 1 x\nC_a 1 x\n"
#define POINTS  "K_POINTS gamma\n"

static void test_labels(void **state) {
  (void)state;
  static const char text[] = HEAD SPECIES POINTS;
  mtp_qe_template t;
  if (mtp_qe_template_parse(ctx, &t, "x.in", text, strlen(text)) != MTP_OK) fail_msg("%s", said());
  assert_null(t.pseudo_dir);
  assert_string_equal(mtp_qe_template_label(ctx, &t, "C"), "C_a");
  assert_string_equal(mtp_qe_template_label(ctx, &t, "Fe2"), "Fe2");
  assert_null(mtp_qe_template_label(ctx, &t, "Fe"));
  assert_string_equal(said(), "x.in: element Fe could be Fe1 or Fe2 in ATOMIC_SPECIES");
  assert_null(mtp_qe_template_label(ctx, &t, "F"));
  assert_null(mtp_qe_template_label(ctx, &t, "0"));
  assert_non_null(strstr(said(), "element '0' is not in ATOMIC_SPECIES"));
  mtp_qe_template_close(&t);
}

static void test_bad_templates(void **state) {
  (void)state;
  static const struct {
    const char *text, *expected;
  } cases[] = {
      {"", "t.in:1: expected the namelist &control"},
      {"&control\n/\n", "expected the namelist &system"},
      {"&system\n/\n&control\n/\n", "t.in:3: expected the namelists &control, &system, &electrons once and in this"},
      {"&control\ncalculation = 'relax'\n/\n", "t.in:2: expected calculation = 'scf' (a template is a single point)"},
      {"&control\n\nrestart_mode='restart'\n/\n", "t.in:3: expected restart_mode = 'from_scratch'"},
      {"&control\ndisk_io='none'\n/\n", "t.in:2: disk_io = 'none' makes pw.x write no result"},
      {"&control\nprefix = 'x\n/\n", "t.in:2: expected a closing '"},
      {"&control\nprefix =\n/\n", "t.in:2: expected a value after '='"},
      {"&control\nprefix\n/\n", "t.in:2: expected 'name = value' or '/' in &control"},
      {"&control\nprefix = = 2\n/\n", "t.in:2: expected a value, found '='"},
      {"! x\n&control\nprefix = 'x'\n", "t.in:2: expected a '/' that ends &control"},
      {"&\n", "expected the name of a namelist"},
      {"&control\n/\n&system\nspace_group = 225\n/\n", "t.in:4: space_group = 225"},
      {"&control\n/\n&system\nntyp = two\n/\n", "t.in:4: expected ntyp = a positive number"},
      {"&control\n/\n&system\nntyp = 1\n/\n" POINTS, "expected the namelist &electrons"},
      {HEAD POINTS, "expected the card ATOMIC_SPECIES"},
      {HEAD SPECIES, "expected the card K_POINTS"},
      {HEAD "ATOMIC_SPECIES\nFe 1 x\n" POINTS, "ntyp = 3, but ATOMIC_SPECIES has 1 rows"},
      {HEAD "ATOMIC_SPECIES\nFe 1 ! x\n" POINTS, "t.in:9: expected 'label mass pseudopotential'"},
      {HEAD "\nAl 0 0 0\n", "t.in:9: expected a namelist or a card"},
      {HEAD SPECIES POINTS "ATOMIC_FORCES\n", "t.in:13: the card ATOMIC_FORCES is about particular atoms"},
      {HEAD SPECIES POINTS "&ions\n/\n", "t.in:13: expected the namelists before the cards"},
      {"&control\nprefix='x", "t.in:2: expected a closing '"},
      {"&control x(1 = 3 /", "expected 'name = value'"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    mtp_qe_template t;
    if (mtp_qe_template_parse(ctx, &t, "t.in", cases[i].text, strlen(cases[i].text)) != MTP_ERR_FORMAT ||
        !strstr(said(), cases[i].expected))
      fail_msg("case %zu: expected '%s', got '%s'", i, cases[i].expected, said());
  }
  static const char zero[] = "&control\0/\n";
  mtp_qe_template t;
  assert_int_equal(mtp_qe_template_parse(ctx, &t, "t.in", zero, sizeof zero - 1), MTP_ERR_FORMAT);
  assert_non_null(strstr(said(), "zero byte"));
  /* any cut of a good file is an error or a good file, never a crash */
  for (size_t n = 0; n < strlen(tricky); n++)
    if (mtp_qe_template_parse(ctx, &t, "t.in", tricky, n) == MTP_OK) mtp_qe_template_close(&t);
}

/* ---- results ---- */

/* What pw.x writes for the small cell, with holes for what tests change. */
static const char xml_format[] =
    "<?xml version=\"1.0\"?>\n"
    "<qes:espresso xmlns:qes=\"http://www.quantum-espresso.org/ns/qes/qes-1.0\">\n"
    "<input><atomic_structure nat=\"1\"/></input>\n"
    "<output><convergence_info><scf_conv><convergence_achieved> %s "
    "</convergence_achieved></scf_conv></convergence_info>\n"
    "<atomic_structure nat=\"2\" alat=\"1\"><atomic_positions>\n"
    "<atom name=\"%s\" index=\"1\">%.16e %.16e %.16e</atom>\n<atom name=\"Ni\" index=\"2\">%.16e %.16e %.16e</atom>\n"
    "</atomic_positions><cell><a1>%.16e %.16e %.16e</a1><a2>%.16e %.16e %.16e</a2><a3>%.16e %.16e %.16e</a3></cell>\n"
    "</atomic_structure>\n<total_energy><etot>%s</etot><demet>-1.0e0</demet></total_energy>\n"
    "<forces rank=\"2\" dims=\"3 2\">1.0e-2 2.0e-2 -3.0e-2\n -1.0e-2 -2.0e-2 3.0e-2 %s</forces>\n"
    "%s</output>\n<%s>%s</%s></qes:espresso>\n";

typedef struct xml_case {
  const char *converged, *name, *energy, *more_forces, *stress, *status_name, *status;
  double moved, strained; /* bohr */
  mtp_qm_status expected;
  const char *words;
} xml_case;

#define STRESS "<stress>1e-3 2e-3 3e-3\n 2e-3 4e-3 5e-3\n 3e-3 5e-3 6e-3</stress>"

static void write_xml(const xml_case *c, const mtp_config *cfg) {
  double x[6], h[9];
  for (int k = 0; k < 6; k++) x[k] = cfg->x[k] / BOHR + (k == 4 ? c->moved : 0);
  for (int k = 0; k < 9; k++) h[k] = cfg->cell[k] / BOHR + (k == 3 ? c->strained : 0);
  mtp_text text = {0};
  mtp_text_add(&text, xml_format, c->converged, c->name, x[0], x[1], x[2], x[3], x[4], x[5], h[0], h[1], h[2], h[3],
               h[4], h[5], h[6], h[7], h[8], c->energy, c->more_forces, c->stress, c->status_name, c->status,
               c->status_name);
  assert_int_equal(text.failed, 0);
  qm_write_file("mtp.xml", text.data);
  mtp_text_free(&text);
}

static void test_xml(void **state) {
  (void)state;
  static const char *const labels[] = {"Al1", "Ni"};
  static const xml_case cases[] = {
      {"true", "Al1", "-8.5e0", "", STRESS, "status", "0", 0, 0, MTP_QM_OK, ""},
      {"true", "Al1", "-8.5e0", "", STRESS, "exit_status", " 0 ", 1e-7, 1e-7, MTP_QM_OK, ""},
      {"false", "Al1", "-8.5", "", STRESS, "status", "0", 0, 0, MTP_QM_NOT_CONVERGED, "did not converge"},
      {"true", "Al1", "-8.5", "", STRESS, "exit_status", "2", 0, 0, MTP_QM_CRASHED, "exit status"},
      {"true", "Al1", "-8.5", "", STRESS, "other", "0", 0, 0, MTP_QM_CRASHED, "cut short"},
      {"true", "Cu", "-8.5", "", STRESS, "status", "0", 0, 0, MTP_QM_BAD_DATA, "atom 1 is not Al1"},
      {"true", "Al1", "-8.5", "", STRESS, "status", "0", 1e-5, 0, MTP_QM_BAD_DATA, "atom 2 is"},
      {"true", "Al1", "-8.5", "", STRESS, "status", "0", 0, 1e-5, MTP_QM_BAD_DATA, "lattice vector 2"},
      {"true", "Al1", "*****", "", STRESS, "status", "0", 0, 0, MTP_QM_BAD_DATA, "no total energy"},
      {"true", "Al1", "-8.5", "1.0", STRESS, "status", "0", 0, 0, MTP_QM_BAD_DATA, "no forces of 2 atoms"},
      {"true", "Al1", "-8.5", "", "<stress>1 2</stress>", "status", "0", 0, 0, MTP_QM_BAD_DATA, "nine numbers"},
      {"true", "Al1", "-8.5", "", "", "status", "0", 0, 0, MTP_QM_OK, ""},
  };
  mtp_config *cfg = qm_small_cell();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    mtp_config *label = mtp_config_copy(cfg);
    write_xml(&cases[i], cfg);
    mtp_qm_status status = mtp_qe_xml_read(ctx, "mtp.xml", labels, label);
    if (status != cases[i].expected || (status != MTP_QM_OK && !strstr(said(), cases[i].words)))
      fail_msg("case %zu: %s: %s", i, mtp_qm_status_name(status), said());
    if (status == MTP_QM_OK) {
      static const double stress[6] = {1e-3, 4e-3, 6e-3, 2e-3, 3e-3, 5e-3};
      double volume = 64 / (BOHR * BOHR * BOHR);
      assert_true(fabs(label->energy + 8.5 * HARTREE) < 1e-10);
      assert_true(fabs(label->force[2] + 0.03 * HARTREE / BOHR) < 1e-10);
      assert_int_equal(label->has_virial, cases[i].stress[0] != 0);
      for (int k = 0; label->has_virial && k < 6; k++)
        assert_true(fabs(label->virial[k] - stress[k] * volume * HARTREE) < 1e-9);
      assert_memory_equal(label->x, cfg->x, 6 * sizeof(double)); /* as sent, not as rounded by the engine */
    }
    mtp_config_free(label);
  }

  write_xml(&cases[0], cfg);
  char *text = qm_read_file("mtp.xml"); /* whatever is cut off, the rest is not believed */
  for (size_t n = strlen(text) - 5; n > 100; n -= 97) {
    text[n] = 0;
    qm_write_file("mtp.xml", text);
    mtp_config *label = mtp_config_copy(cfg);
    assert_int_equal(mtp_qe_xml_read(ctx, "mtp.xml", labels, label), MTP_QM_BAD_DATA);
    mtp_config_free(label);
  }
  free(text);
  mtp_config_free(cfg);
}

/* ---- the driver with a false pw.x ---- */

static const char *const names[] = {"Al", "Ni"};

static void label_and_expect(mtp_qm *qm, const mtp_config *cfg, mtp_qm_status expected, const char *words) {
  mtp_config *label = NULL;
  mtp_qm_report report;
  mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report);
  if (report.status != expected || !strstr(report.reason, words))
    fail_msg("%s: %s", mtp_qm_status_name(report.status), report.reason);
  mtp_config_free(label);
}

static void test_false_engine(void **state) {
  (void)state;
  static const struct {
    const char *script, *words;
    mtp_qm_status status;
  } cases[] = {
      {"test \"$1 $2\" = '-in pw.in' && mkdir out && cp $MTP_RUN_DIR/mtp.xml out", "", MTP_QM_OK},
      {"true", "there is no result file", MTP_QM_BAD_DATA},
      {"mkdir out; head -c 900 $MTP_RUN_DIR/mtp.xml > out/mtp.xml", "is cut short", MTP_QM_BAD_DATA},
      /* a launcher may swallow the exit code */
      {"mkdir out; cp $MTP_RUN_DIR/mtp.xml out; echo ' convergence NOT achieved after 9 iterations: stopping'",
       "pw.x: convergence NOT achieved after 9 iterations: stopping", MTP_QM_NOT_CONVERGED},
      {"echo JOB DONE.; exit 2", "exit code 2", MTP_QM_NOT_CONVERGED},
      {"echo '  Maximum CPU time exceeded'; exit 2", "Maximum CPU time exceeded", MTP_QM_NOT_CONVERGED},
      {"printf ' %%%%\\n   Error in routine readpp (1):\\n   file x not found\\n %%%%\\n'; exit 1",
       "exit code 1: Error in routine readpp (1): file x not found", MTP_QM_CRASHED},
      {"echo last words >&2; kill -KILL $$", "signal 9 (Killed): last words", MTP_QM_CRASHED},
      {"exec sleep 60", "timeout=0.5", MTP_QM_TIMEOUT},
  };
  static const char deck[] = "&control\n/\n&system\nntyp=2\n/\n&electrons\n/\nATOMIC_SPECIES\nAl1 1 x\nNi 1 y\n" POINTS;
  static const xml_case good = {"true", "Al1", "-8.5e0", "", STRESS, "status", "0", 0, 0, MTP_QM_OK, ""};
  mtp_config *cfg = qm_small_cell();
  qm_write_file("deck.in", deck);
  write_xml(&good, cfg);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    qm_write_script("fake.sh", cases[i].script);
    bool hangs = cases[i].status == MTP_QM_TIMEOUT; /* all others get the time that a busy machine needs */
    mtp_qm *qm = qm_open(hangs ? "qe deck.in ./fake.sh timeout=0.5 retries=0 keep=none"
                               : "qe deck.in ./fake.sh timeout=50 retries=0 keep=none");
    label_and_expect(qm, cfg, cases[i].status, cases[i].words);
    mtp_qm_close(qm);
  }

  /* an engine that outlived its run is believed if it says that its job is done */
  for (int done = 0; done < 2; done++) {
    mtp_qm_report report;
    qm_remove_calls();
    qm_write_script("fake.sh", done ? "mkdir out && cp $MTP_RUN_DIR/mtp.xml out; echo JOB DONE." : cases[0].script);
    mtp_qm *qm = qm_open("qe deck.in ./fake.sh keep=all");
    label_and_expect(qm, cfg, MTP_QM_OK, "");
    mtp_qm_close(qm);
    qm_write_file("qm/000001/.unfinished", "");
    mtp_config *label = qm_label_again("qe deck.in false retries=0", cfg, 2, names, &report);
    assert_int_equal(label != NULL, done);
    assert_int_equal(report.tries, !done);
    assert_true(!done || label->energy < -200);
    mtp_config_free(label);
  }
  qm_remove_calls();
  qm_write_script("fake.sh", cases[0].script);
  mtp_qm *qm = qm_open("qe deck.in 'sh -e $MTP_RUN_DIR/fake.sh' retries=0 keep=none"); /* a line for a shell */
  label_and_expect(qm, cfg, MTP_QM_OK, "");
  for (int k = 0; k < 3; k++) cfg->periodic[k] = false;
  label_and_expect(qm, cfg, MTP_QM_BAD_DATA, "pw.x needs a cell");
  for (int k = 0; k < 3; k++) cfg->periodic[k] = true;
  memset(cfg->cell + 6, 0, 3 * sizeof(double));
  label_and_expect(qm, cfg, MTP_QM_BAD_DATA, "pw.x needs a cell");
  mtp_qm_close(qm);
  mtp_config_free(cfg);

  cfg = qm_small_cell();
  qm_write_file("one.in", "&control\n/\n&system\nntyp=1\n/\n&electrons\n/\nATOMIC_SPECIES\nAl 1 x\n" POINTS);
  qm = qm_open("qe one.in ./fake.sh keep=none");
  label_and_expect(qm, cfg, MTP_QM_CANNOT_START, "element 'Ni' is not in ATOMIC_SPECIES");
  mtp_qm_close(qm);
  mtp_config_free(cfg);

  qm_open_fails("qe not-there.in ./fake.sh", "not-there.in: No such file");
  qm_open_fails("qe deck.in no-such-pw.x", "'no-such-pw.x' is not on PATH");
  qm_write_file("bad.in", "&control\nnat\n/\n");
  qm_open_fails("qe bad.in ./fake.sh", "bad.in:2: expected 'name = value'");
  assert_false(qm_exists("qm"));
}

/* ---- the real pw.x ---- */

static const char al_deck[] = "&control\n  calculation = 'scf'\n  pseudo_dir = '" PSEUDO_DIR "'\n  disk_io = 'low'\n/\n"
                              "&system\n  ibrav = 2, celldm(1) = 7.6, nat = 1, ntyp = 1\n  ecutwfc = 20\n"
                              "  nosym = .true.\n  occupations = 'smearing', smearing = 'mv', degauss = 0.02\n/\n"
                              "&electrons\n  conv_thr = 1.0d-10\n  mixing_beta = 0.5\n%s/\n"
                              "ATOMIC_SPECIES\nAl 26.98 %s\nATOMIC_POSITIONS alat\nAl 0 0 0\n"
                              "K_POINTS automatic\n3 3 3 0 0 0\n";

static void write_al_deck(const char *path, const char *electrons, const char *pseudo) {
  mtp_text text = {0};
  mtp_text_add(&text, al_deck, electrons, pseudo);
  qm_write_file(path, text.data);
  mtp_text_free(&text);
}

static mtp_config *displaced_aluminium(void) {
  static const double cell[9] = {4.05, 0, 0, 0.05, 4.05, 0, 0.1, -0.07, 4.0905};
  static const double x[12] = {-0.04000129, 0.03262209, 0.03460537, 0.15172281, 1.96264347, 2.03652321,
                               2.10834425,  0.00338314, 1.99289451, 1.97251286, 2.07021237, -0.073407};
  mtp_config *cfg = mtp_config_new(4);
  assert_non_null(cfg);
  memcpy(cfg->cell, cell, sizeof cell);
  memcpy(cfg->x, x, sizeof x);
  for (int k = 0; k < 3; k++) cfg->periodic[k] = true;
  return cfg;
}

static mtp_config *label_well(mtp_qm *qm, const mtp_config *cfg) {
  mtp_config *label = NULL;
  mtp_qm_report report;
  assert_int_equal(mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report), MTP_OK);
  if (!label) fail_msg("%s: %s", mtp_qm_status_name(report.status), report.reason);
  return label;
}

static double energy_of(mtp_qm *qm, const mtp_config *cfg) {
  mtp_config *label = label_well(qm, cfg);
  double energy = label->energy;
  mtp_config_free(label);
  return energy;
}

/* Energy after the strain 1 + e in the xz component and direction: x += e z. */
static double sheared_energy(mtp_qm *qm, const mtp_config *cfg, double e) {
  mtp_config *strained = mtp_config_copy(cfg);
  for (int k = 0; k < 3; k++) strained->cell[3 * k] += e * strained->cell[3 * k + 2];
  for (size_t i = 0; i < cfg->n; i++) strained->x[3 * i] += e * strained->x[3 * i + 2];
  double energy = energy_of(qm, strained);
  mtp_config_free(strained);
  return energy;
}

/* The same for the xx component: x *= 1 + e. */
static double stretched_energy(mtp_qm *qm, const mtp_config *cfg, double e) {
  mtp_config *strained = mtp_config_copy(cfg);
  for (int k = 0; k < 3; k++) strained->cell[3 * k] *= 1 + e;
  for (size_t i = 0; i < cfg->n; i++) strained->x[3 * i] *= 1 + e;
  double energy = energy_of(qm, strained);
  mtp_config_free(strained);
  return energy;
}

static void test_real_engine(void **state) {
  (void)state;
  if (!qm_exists(PSEUDO_DIR "/Al.pz-vbc.UPF") || system("command -v pw.x > /dev/null") != 0) skip();
  write_al_deck("al.in", "", "Al.pz-vbc.UPF");
  mtp_qm *qm = qm_open("qe al.in timeout=300 retries=0");
  mtp_config *cfg = displaced_aluminium();
  cfg->x[1] += 1e-9; /* digits that an engine might lose */
  mtp_config *label = label_well(qm, cfg);
  assert_int_equal(qm_count_entries("qm"), 0);

  const double h = 0.01;
  cfg->x[5] += h;
  double up = energy_of(qm, cfg);
  cfg->x[5] -= 2 * h;
  double down = energy_of(qm, cfg);
  cfg->x[5] += h;
  double force = -(up - down) / (2 * h);
  if (fabs(force - label->force[5]) > 2e-3) fail_msg("force %.6f, by differences %.6f", label->force[5], force);

  /* A stretch changes the set of plane waves, which the analytic stress does not see: 0.25 GPa at this cut-off, less at
   * higher ones. The shear hardly does. */
  const double e = 4e-3, gpa = 160.21766;
  double volume = mtp_config_volume(cfg);
  double xx = -(stretched_energy(qm, cfg, e) - stretched_energy(qm, cfg, -e)) / (2 * e);
  double xz = -(sheared_energy(qm, cfg, e) - sheared_energy(qm, cfg, -e)) / (2 * e);
  if (fabs(xx - label->virial[0]) * gpa / volume > 0.4 || fabs(xz - label->virial[4]) * gpa / volume > 0.05)
    fail_msg("stress xx %.4f xz %.4f GPa, by differences %.4f %.4f", label->virial[0] * gpa / volume,
             label->virial[4] * gpa / volume, xx * gpa / volume, xz * gpa / volume);
  assert_true(fabs(label->virial[0]) * gpa / volume > 2); /* so that the sign is really tested */

  mtp_config_free(label);
  mtp_qm_close(qm);
  write_al_deck("unconverged.in", "  electron_maxstep = 1\n", "Al.pz-vbc.UPF");
  qm = qm_open("qe unconverged.in retries=0 keep=none");
  label_and_expect(qm, cfg, MTP_QM_NOT_CONVERGED, "convergence NOT achieved");
  mtp_qm_close(qm);
  write_al_deck("missing.in", "", "no-such-file.UPF");
  qm = qm_open("qe missing.in retries=0 keep=none");
  label_and_expect(qm, cfg, MTP_QM_CRASHED, "Error in routine readpp (1): file");
  mtp_qm_close(qm);
  mtp_config_free(cfg);
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
      cmocka_unit_test(test_template), cmocka_unit_test(test_labels),       cmocka_unit_test(test_bad_templates),
      cmocka_unit_test(test_xml),      cmocka_unit_test(test_false_engine), cmocka_unit_test(test_real_engine),
  };
  return cmocka_run_group_tests(tests, enter, leave);
}
