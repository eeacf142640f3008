/* SPDX-License-Identifier: BSD-2-Clause */
/* json_text: what is written must read back as what jansson would have made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "util.h"

static void assert_reads(const struct json_text *t, const char *expected)
{
	json_t *got = json_loadb((char *)t->out.data, t->out.len, JSON_DECODE_ANY, NULL);
	json_t *want = json_loads(expected, JSON_DECODE_ANY, NULL);

	assert_non_null(got);
	assert_non_null(want);
	assert_true(json_equal(got, want));
	json_decref(got);
	json_decref(want);
}

static void nested(void **state)
{
	struct json_text t = {0};
	struct addr a = {0};

	for (int i = 0; i < 2; i++) {
		json_text_reset(&t);
		json_text_object(&t, NULL);
		json_text_addr(&t, "none", &a);
		json_text_array(&t, "empty");
		json_text_end_array(&t);
		json_text_array(&t, "list");
		json_text_object(&t, NULL);
		json_text_end_object(&t);
		json_text_object(&t, NULL);
		json_text_boolean(&t, "yes", true);
		json_text_boolean(&t, "no", false);
		json_text_end_object(&t);
		json_text_integer(&t, NULL, 7);
		json_text_string(&t, NULL, "");
		json_text_end_array(&t);
		addr_parse("2001:db8::1", &a);
		json_text_addr(&t, "some", &a);
		json_text_null(&t, "nothing");
		json_text_end_object(&t);
		a.family = 0;
		assert_reads(&t, "{\"none\":null,\"empty\":[],\"list\":[{},{\"yes\":true,"
				 "\"no\":false},7,\"\"],\"some\":\"2001:db8::1\","
				 "\"nothing\":null}");
	}
	json_text_free(&t);
}

static void integers(void **state)
{
	static const int64_t values[] = {0, 1, -1, 9, 10, 4294967295, INT64_MAX, INT64_MIN};
	struct json_text t = {0};
	json_t *got;

	json_text_array(&t, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		json_text_integer(&t, NULL, values[i]);
	json_text_end_array(&t);
	got = json_loadb((char *)t.out.data, t.out.len, 0, NULL);
	assert_int_equal(json_array_size(got), ARRAY_SIZE(values));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_true(json_integer_value(json_array_get(got, i)) == values[i]);
	json_decref(got);
	json_text_free(&t);
}

static void strings(void **state)
{
	static const char *const values[] = {"plain",	    "\"",	 "\\",
					     "a\nb\tc\x01", "h\xc3\xa9", "\x7f"};
	struct json_text t = {0};
	json_t *got;

	json_text_array(&t, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		json_text_string(&t, NULL, values[i]);
	json_text_end_array(&t);
	got = json_loadb((char *)t.out.data, t.out.len, 0, NULL);
	assert_int_equal(json_array_size(got), ARRAY_SIZE(values));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_string_equal(json_string_value(json_array_get(got, i)), values[i]);
	json_decref(got);
	json_text_free(&t);
}

/* Each byte by itself: a reader gets it back, whatever it has to be written as. */
static void every_byte(void **state)
{
	struct json_text t = {0};

	for (int c = 1; c < 0x80; c++) {
		const char text[] = {'a', (char)c, 'z', '\0'};
		json_t *got;

		json_text_reset(&t);
		json_text_string(&t, NULL, text);
		got = json_loadb((char *)t.out.data, t.out.len, JSON_DECODE_ANY, NULL);
		if (!got)
			fail_msg("byte %d", c);
		assert_string_equal(json_string_value(got), text);
		json_decref(got);
	}
	json_text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nested),
		cmocka_unit_test(integers),
		cmocka_unit_test(strings),
		cmocka_unit_test(every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
