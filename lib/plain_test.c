/* SPDX-License-Identifier: BSD-2-Clause */
/* plain: each control character, and each byte beside one that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "plain.h"
#include "util.h"

static void test_bytes(void **state)
{
	for (unsigned c = 0; c < 256; c++) {
		char text[] = {(char)c, 'x', '\0'};
		bool control = c && (c < 0x20 || c == 0x7f);

		assert_int_equal(plain_control(text), control);
		plain_text(text);
		assert_int_equal((unsigned char)text[0], control ? '?' : c);
		assert_int_equal(text[1], 'x');
	}
}

/* U+0080 to U+009f are 0xc2 and one byte; other characters have such a byte, too. */
static void test_pairs(void **state)
{
	for (unsigned a = 0x80; a < 256; a++)
		for (unsigned b = 0x80; b < 256; b++) {
			char text[] = {(char)a, (char)b, '\0'}, before[sizeof(text)];
			bool control = a == 0xc2 && b < 0xa0;

			memcpy(before, text, sizeof(text));
			assert_int_equal(plain_control(text), control ? 2 : 0);
			plain_text(text);
			assert_string_equal(text, control ? "??" : before);
		}
}

static void test_texts(void **state)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"plain, \xc3\xa4\xe2\x82\xac", "plain, \xc3\xa4\xe2\x82\xac"},
		{"a\x1b[2Jb\n\t", "a?[2Jb??"},
		{"\xc2\x9b"
		 "31m\x7f",
		 "??31m?"},
		{"\xc2", "\xc2"}, /* the end is no second byte */
		{"\xc2\xc2\x80", "\xc2??"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[32];

		strcpy(text, rows[i][0]);
		plain_text(text);
		assert_string_equal(text, rows[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
