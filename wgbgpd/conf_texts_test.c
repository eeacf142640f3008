/* SPDX-License-Identifier: BSD-2-Clause */
/* conf_texts: sets of files, and their way through a blob. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "buf.h"
#include "conf_texts.h"
#include "util.h"

static void add(struct conf_texts *t, const char *path, const char *bytes, size_t len)
{
	char *text = xcalloc(1, len + 1);

	memcpy(text, bytes, len);
	conf_texts_add(t, path, text, len);
}

static struct conf_texts example(void)
{
	struct conf_texts t = {0};

	add(&t, "/etc/a.conf", "include b;\n# \xe4\xff\0\n", 16);
	add(&t, "/etc/b", "", 0);
	add(&t, "/etc/c", "x\n{\"files\":[]}\n", 15);
	return t;
}

/* So are their hashes. */
static bool equal(const struct conf_texts *a, const struct conf_texts *b)
{
	char one[CONF_HASH_HEX], other[CONF_HASH_HEX];
	bool same = conf_texts_equal(a, b);

	conf_texts_hash_all(a, one);
	conf_texts_hash_all(b, other);
	assert_int_equal(strlen(one), CONF_HASH_HEX - 1);
	assert_int_equal(strcmp(one, other) == 0, same);
	return same;
}

static void test_equal(void **state)
{
	struct conf_texts a = example(), b = {0};

	conf_texts_copy(&b, &a);
	assert_true(equal(&a, &b));
	assert_string_equal(conf_texts_find(&a, "/etc/c")->text, "x\n{\"files\":[]}\n");
	assert_null(conf_texts_find(&a, "/etc"));
	b.v[0].text[14] = 'x';
	assert_false(equal(&a, &b));
	b.v[0].text[14] = a.v[0].text[14];
	assert_true(equal(&a, &b));
	b.v[2].path[0] = 'x';
	assert_false(equal(&a, &b));
	b.v[2].path[0] = '/';
	add(&b, "/d", "", 0);
	assert_false(equal(&a, &b));
	conf_texts_free(&a);
	conf_texts_free(&b);
	assert_int_equal(a.n, 0);
}

/* Each byte counts: one that is another, or missing, and one that is too many. */
static void test_blob(void **state)
{
	struct conf_texts a = example(), b;
	struct wr w = {0};

	assert_int_equal(conf_texts_put(&a, &w), 0);
	assert_int_equal(conf_texts_get(w.data, w.len, &b), 0);
	assert_true(conf_texts_equal(&a, &b));
	conf_texts_free(&b);
	for (size_t i = 0; i < w.len; i++) {
		assert_int_equal(conf_texts_get(w.data, i, &b), -EBADMSG);
		assert_int_equal(b.n, 0);
		w.data[i] ^= 1;
		if (conf_texts_get(w.data, w.len, &b) == 0 && conf_texts_equal(&a, &b))
			fail_msg("byte %zu: %.*s", i, (int)w.len, w.data);
		conf_texts_free(&b);
		w.data[i] ^= 1;
	}
	wr_u8(&w, 'x');
	assert_int_equal(conf_texts_get(w.data, w.len, &b), -EBADMSG);
	assert_int_equal(conf_texts_get("{}\n", 3, &b), -EBADMSG);
	wr_reset(&w);
	add(&a, "/\xff", "", 0);
	assert_int_equal(conf_texts_put(&a, &w), -EILSEQ);
	wr_free(&w);
	conf_texts_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_blob),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
