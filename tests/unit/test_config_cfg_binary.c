/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_config_cfg_binary.c
 * Binary configuration files of MLIP say what the text says; what is damaged is refused, and what is cut short is
 * left out where that is asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "mtp/config_stream.h"
#include "support_config.h"

typedef struct file {
  char bytes[4096];
  size_t size;
} file;

static void put(file *f, char name, const void *data, size_t size) {
  assert_true(f->size + size + 1 <= sizeof f->bytes);
  if (name) f->bytes[f->size++] = name;
  if (size) memcpy(f->bytes + f->size, data, size);
  f->size += size;
}

static void put_text(file *f, char name, const char *text) {
  const int32_t length = (int32_t)strlen(text);
  put(f, name, &length, sizeof length);
  put(f, 0, text, (size_t)length);
}

static const double cell[9] = {4, 0, 0.5, 0, 5, 0, 0, 0, 6}, none[9] = {0};
static const double x[6] = {1.1, 1.2, 1.3, 2.1, 2.2, 2.3}, force[6] = {0.1, 0.2, 0.3, -0.1, -0.2, -0.3};
static const double site[2] = {-1.5, -2.5}, charge[2] = {0.25, -0.25}, stress[6] = {1, 2, 3, 6, 4, 5}, energy = -4.25;
static const int32_t two = 2, types[2] = {1, 29};

static void put_begin(file *f, const double lattice[9]) {
  put(f, 'n', &two, sizeof two);
  put(f, 'l', lattice, 9 * sizeof *lattice);
  put(f, 'p', x, sizeof x);
}

/* With all that MLIP-2 writes. */
static void put_full(file *f) {
  put_begin(f, cell);
  put(f, 't', types, sizeof types);
  put(f, 'f', force, sizeof force);
  put(f, 'v', site, sizeof site);
  put(f, 'c', charge, sizeof charge);
  put(f, 's', stress, sizeof stress);
  put(f, 'e', &energy, sizeof energy);
  put_text(f, 'F', "EFS_by");
  put_text(f, 0, "VASP 6.3");
  put_text(f, 'F', "two words");
  put_text(f, 0, "one\ntwo");
  put_text(f, 'F', "MV_grade");
  put_text(f, 0, "9.9e99");
  put(f, '#', NULL, 0);
}

static const char text[] =
    "BEGIN_CFG\n Size\n2\n Supercell\n4 0 0.5\n0 5 0\n0 0 6\n"
    " AtomData: id type cartes_x cartes_y cartes_z site_en fx fy fz charge\n"
    "1 1 1.1 1.2 1.3 -1.5 0.1 0.2 0.3 0.25\n2 29 2.1 2.2 2.3 -2.5 -0.1 -0.2 -0.3 -0.25\n Energy\n-4.25\n"
    " PlusStress: xx yy zz yz xz xy\n1 2 3 4 5 6\n Feature EFS_by\tVASP 6.3\n Feature two\\_words\tone\n"
    " Feature two\\_words\ttwo\n Feature MV_grade\t9.9e99\nEND_CFG\n\n"
    "BEGIN_CFG\n Size\n2\n AtomData: id cartes_x cartes_y cartes_z\n1 1.1 1.2 1.3\n2 2.1 2.2 2.3\nEND_CFG\n\n";

static mtp_config_set *read_bytes(bench *b, const file *f) {
  mtp_config_set *set = NULL;
  bench_put(b, "binary.cfg", f->bytes, f->size);
  b->warnings[0] = 0;
  if (mtp_config_set_read(b->ctx, b->path, NULL, &set) != MTP_OK) fail_msg("%s", mtp_context_message(b->ctx));
  assert_int_equal(set->good_size, f->size);
  return set;
}

/* A labelled cell, and a molecule of which types and labels are not said. */
static void test_same_as_text(void **state) {
  bench *b = *state;
  file f = {.size = 0};
  put_full(&f);
  put_begin(&f, none);
  put(&f, '#', NULL, 0);
  mtp_config_set *set = read_bytes(b, &f), *same = bench_read(b, "text.cfg", text);
  assert_int_equal(set->n, 2);
  bench_same(set, same, BENCH_ALL);
  assert_string_equal(b->warnings, "");
  mtp_config_set_free(same);
  mtp_config_set_free(set);
}

static void test_read_in_pieces(void **state) {
  bench *b = *state;
  file f = {.size = 0};
  put_full(&f);
  put_full(&f);
  bench_put(b, "binary.cfg", f.bytes, f.size);
  mtp_config_stream *stream = NULL;
  const mtp_config_set *piece = NULL;
  assert_int_equal(mtp_config_stream_open(b->ctx, b->path, NULL, &stream), MTP_OK);
  assert_int_equal(mtp_config_stream_next(b->ctx, stream, &piece), MTP_OK);
  assert_non_null(piece);
  assert_int_equal(piece->n, 2);
  mtp_config_stream_close(stream);
}

/* What MLIP-3 has more: ghosts, and magnetic moments, which are told and left out. */
static void test_more_fields(void **state) {
  bench *b = *state;
  file f = {.size = 0};
  put_begin(&f, none);
  put(&f, 'm', force, sizeof force);
  put(&f, 'd', force, sizeof force);
  put(&f, 'g', "01", 2);
  put(&f, '#', NULL, 0);
  mtp_config_set *set = read_bytes(b, &f);
  assert_true(set->configs[0]->ghost && !set->configs[0]->ghost[0] && set->configs[0]->ghost[1]);
  assert_non_null(strstr(b->warnings, "not kept: magmom, en_der_m"));
  mtp_config_set_free(set);
}

static void refuse(bench *b, const file *f, size_t at, const char *part) {
  char place[160];
  mtp_config_set *set = NULL;
  bench_put(b, "binary.cfg", f->bytes, f->size);
  if (mtp_config_set_read(b->ctx, b->path, NULL, &set) == MTP_OK) fail_msg("accepted, expected: %s", part);
  assert_null(set);
  snprintf(place, sizeof place, "%s: byte %zu: ", b->path, at);
  const char *message = mtp_context_message(b->ctx);
  if (!strstr(message, place) || !strstr(message, part)) fail_msg("expected %s and '%s' in: %s", place, part, message);
}

/* One field behind lattice and positions, at byte 128. */
static void refuse_field(bench *b, char name, const void *data, size_t size, size_t at, const char *part) {
  file f = {.size = 0};
  put_begin(&f, cell);
  assert_int_equal(f.size, 127);
  put(&f, name, data, size);
  put(&f, '#', NULL, 0);
  refuse(b, &f, at, part);
}

static void test_damaged(void **state) {
  bench *b = *state;
  const double infinite[6] = {0, 1, INFINITY, 3, 4, 5};
  const int32_t negative[2] = {0, -1}, huge = INT32_MAX;
  refuse_field(b, 'q', NULL, 0, 128, "one that names a field");
  refuse_field(b, 'p', x, sizeof x, 128, "twice");
  refuse_field(b, 'f', infinite, sizeof infinite, 145, "not finite");
  refuse_field(b, 't', negative, sizeof negative, 133, "negative type");
  refuse_field(b, 'g', "02", 2, 130, "ghost");
  refuse_field(b, 'F', "\1\0\0\0k\1\0\0\0\0", 10, 129, "text of a feature");
  refuse_field(b, 'F', "\1\0\0\0\n\1\0\0\0v", 10, 129, "text of a feature");
  refuse_field(b, 'F', "\xff\xff\xff\xff", 4, 129, "negative number");
  refuse_field(b, 'F', "\x8\0\0\0MV_grade\3\0\0\0big", 19, 129, "MV_grade");
  refuse_field(b, 'F', "\xd\0\0\0config_weight\2\0\0\0-1", 23, 1, "not negative");
  refuse_field(b, 'F', &huge, sizeof huge, 134, "end of the file");
  file f = {.size = 0};
  put(&f, 'n', &two, sizeof two);
  put(&f, 'p', x, sizeof x);
  put(&f, '#', NULL, 0);
  refuse(b, &f, 1, "without lattice");
  f.size = 0;
  put(&f, 'n', "\xff\xff\0\x7f", 4); /* more atoms than memory has room for */
  put(&f, 'l', cell, sizeof cell);
  refuse(b, &f, f.size + 1, "end of the file");
}

/* At every byte: an error that names the file, or the records before are read. */
static void test_cut_tail(void **state) {
  bench *b = *state;
  file f = {.size = 0};
  put_full(&f);
  const size_t one = f.size;
  put_full(&f);
  for (size_t size = 5; size < f.size; size++) {
    const bool whole = size == one;
    mtp_read_options options = {.format = MTP_FORMAT_AUTO};
    mtp_config_set *set = NULL;
    bench_put(b, "cut.cfg", f.bytes, size);
    assert_int_equal(mtp_config_set_read(b->ctx, b->path, &options, &set) == MTP_OK, whole);
    if (!whole) assert_non_null(strstr(mtp_context_message(b->ctx), "cut short"));
    mtp_config_set_free(set);
    options.tolerate_cut_tail = true;
    assert_int_equal(mtp_config_set_read(b->ctx, b->path, &options, &set), MTP_OK);
    assert_int_equal(set->n, size >= one);
    assert_int_equal(set->dropped_tail, !whole);
    assert_int_equal(set->good_size, size >= one ? one : 0);
    mtp_config_set_free(set);
    options = (mtp_read_options){.format = MTP_FORMAT_AUTO, .whole_records = true};
    assert_int_equal(mtp_config_set_read(b->ctx, b->path, &options, &set) == MTP_OK, size >= one);
    mtp_config_set_free(set);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_same_as_text), cmocka_unit_test(test_read_in_pieces), cmocka_unit_test(test_more_fields),
      cmocka_unit_test(test_damaged),      cmocka_unit_test(test_cut_tail),
  };
  return cmocka_run_group_tests(tests, bench_open, bench_close);
}
