/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_config_stream.c
 * A file in pieces holds what it holds as a whole, in every format, compressed or not, cut short or not; and errors
 * name the same lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mtp/config_stream.h"
#include "support/support.h"
#include "support_config.h"
#include "support_data.h"

/* All pieces as one set; *pieces counts them. */
static mtp_config_set *read_pieces(bench *b, mtp_config_stream *s, size_t *pieces) {
  mtp_config_set *all = mtp_config_set_new();
  const mtp_config_set *piece = NULL;
  *pieces = 0;
  for (;;) {
    data_must(b->ctx, mtp_config_stream_next(b->ctx, s, &piece));
    if (!piece) break;
    assert_true(piece->n > 0);
    for (int k = all->species_count; k < piece->species_count; k++) mtp_config_set_species(all, piece->names[k]);
    for (size_t k = 0; k < piece->n; k++)
      data_must(b->ctx, mtp_config_set_append(b->ctx, all, mtp_config_copy(piece->configs[k])));
    ++*pieces;
  }
  return all;
}

static void expect_same(bench *b, const mtp_read_options *options, size_t least) {
  mtp_config_set *whole = NULL;
  mtp_config_stream *s = NULL;
  size_t pieces;
  data_must(b->ctx, mtp_config_set_read(b->ctx, b->path, options, &whole));
  data_must(b->ctx, mtp_config_stream_open(b->ctx, b->path, options, &s));
  for (int pass = 0; pass < 2; pass++) {
    mtp_config_set *all = read_pieces(b, s, &pieces);
    assert_true(mtp_config_stream_done(s) == 1);
    assert_true(pieces >= least);
    assert_int_equal(all->n, whole->n);
    bench_same(all, whole, BENCH_ALL);
    for (size_t k = 0; k < all->n; k++) assert_int_equal(all->configs[k]->line, whole->configs[k]->line);
    mtp_config_set_free(all);
    data_must(b->ctx, mtp_config_stream_rewind(b->ctx, s));
  }
  mtp_config_stream_close(s);
  mtp_config_set_free(whole);
}

/* Some frames again and again, until there are `size` bytes. */
static char *repeat(const mtp_config_set *set, mtp_context *ctx, mtp_format format, const char *path, size_t size,
                    size_t *length) {
  char *one = NULL;
  size_t n = 0;
  data_must(ctx, mtp_config_set_write(ctx, set, path, format));
  data_must(ctx, mtp_file_read(ctx, path, &one, &n));
  char *text = data_calloc(size / n + 2, n);
  for (*length = 0; *length < size; *length += n) memcpy(text + *length, one, n);
  free(one);
  return text;
}

static void test_formats(void **state) {
  bench *b = *state;
  static const struct {
    mtp_format format;
    const char *name, *packed;
  } all[] = {{MTP_FORMAT_CFG, "x.cfg", "y.cfg.gz"},
             {MTP_FORMAT_EXTXYZ, "x.extxyz", "y.extxyz.gz"},
             {MTP_FORMAT_LAMMPS_DUMP, "x.dump", "y.dump.gz"}};
  for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
    const bool is_dump = all[k].format == MTP_FORMAT_LAMMPS_DUMP;
    mtp_config_set *set = bench_random_set(5 + k, 40, !is_dump);
    size_t size, packed_size;
    char *packed = NULL;
    bench_put(b, "one", "", 0);
    char *text = repeat(set, b->ctx, all[k].format, b->path, 9000000, &size);
    bench_put(b, all[k].name, text, size);
    expect_same(b, NULL, 2);
    data_must(b->ctx, mtp_gzip(b->ctx, text, size, &packed, &packed_size));
    bench_put(b, all[k].packed, packed, packed_size);
    expect_same(b, NULL, 2);
    free(packed);
    free(text);
    mtp_config_set_free(set);
  }
}

/* The last record may be cut anywhere. */
static void test_cut_tail(void **state) {
  bench *b = *state;
  const mtp_read_options options = {.whole_records = true};
  mtp_config_set *set = bench_random_set(9, 12, true);
  size_t size;
  bench_put(b, "one", "", 0);
  char *text = repeat(set, b->ctx, MTP_FORMAT_EXTXYZ, b->path, 9000000, &size);
  for (size_t less = 1; less < 2000; less += 797) {
    bench_put(b, "cut.extxyz", text, size - less);
    expect_same(b, &options, 2);
  }
  bench_put(b, "small.extxyz", text, 4000);
  expect_same(b, &options, 1);
  free(text);
  mtp_config_set_free(set);
}

static void test_errors(void **state) {
  bench *b = *state;
  mtp_config_set *set = bench_random_set(3, 12, true), *whole = NULL;
  const mtp_config_set *piece = NULL;
  mtp_config_stream *s = NULL;
  size_t size;
  char message[512];
  bench_put(b, "one", "", 0);
  char *text = repeat(set, b->ctx, MTP_FORMAT_EXTXYZ, b->path, 10000000, &size);
  text[7000000] = '@';
  bench_put(b, "bad.extxyz", text, size);
  assert_int_equal(mtp_config_set_read(b->ctx, b->path, NULL, &whole), MTP_ERR_FORMAT);
  snprintf(message, sizeof message, "%s", mtp_context_message(b->ctx));
  data_must(b->ctx, mtp_config_stream_open(b->ctx, b->path, NULL, &s));
  mtp_status status;
  while ((status = mtp_config_stream_next(b->ctx, s, &piece)) == MTP_OK) assert_non_null(piece);
  assert_int_equal(status, MTP_ERR_FORMAT);
  assert_string_equal(mtp_context_message(b->ctx), message);
  mtp_config_stream_close(s);
  free(text);
  mtp_config_set_free(set);
}

/* Numbers mean what they mean in the whole file: 1 alone would be hydrogen. */
static void test_species(void **state) {
  bench *b = *state;
  static const char record[] = "BEGIN_CFG\n Size\n 1\n AtomData: id type cartes_x cartes_y cartes_z\n 1 %d 0 0 0\n"
                               "END_CFG\n";
  static const char *const names[] = {"O", "H"};
  mtp_text text = {0};
  mtp_config_stream *s = NULL;
  const mtp_config_set *piece = NULL;
  for (size_t k = 0; k < 120000; k++) mtp_text_add(&text, record, k < 110000 ? 1 : 0);
  bench_put(b, "types.cfg", text.data, text.size);
  data_must(b->ctx, mtp_config_stream_open(b->ctx, b->path, NULL, &s));
  data_must(b->ctx, mtp_config_stream_map_species(b->ctx, s, 2, names));
  data_must(b->ctx, mtp_config_stream_next(b->ctx, s, &piece));
  assert_int_equal(piece->species_count, 2);
  assert_string_equal(piece->names[0], "O");
  assert_int_equal(piece->configs[0]->species[0], 1);
  mtp_config_stream_close(s);
  mtp_text_free(&text);
}

/* What is no file of records comes as one piece. */
static void test_other_formats(void **state) {
  bench *b = *state;
  static const char poscar[] = "Al\n1\n4 0 0\n0 4 0\n0 0 4\nAl\n1\nDirect\n0 0 0\n";
  mtp_config_stream *s = NULL;
  bench_put(b, "POSCAR", poscar, sizeof poscar - 1);
  expect_same(b, NULL, 1);
  bench_put(b, "empty.extxyz", "", 0);
  expect_same(b, NULL, 0);
  bench_put(b, "strange", "what is this\n", 13);
  assert_int_equal(mtp_config_stream_open(b->ctx, b->path, NULL, &s), MTP_ERR_FORMAT);
  assert_int_equal(mtp_config_stream_open(b->ctx, "/no/such/file", NULL, &s), MTP_ERR_IO);
  assert_null(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_formats), cmocka_unit_test(test_cut_tail),
                                     cmocka_unit_test(test_errors), cmocka_unit_test(test_species),
                                     cmocka_unit_test(test_other_formats)};
  return cmocka_run_group_tests(tests, bench_open, bench_close);
}
