/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table: values as text in rooms of each size, whole characters only; what counts as there; times
 * and sizes at their bounds; columns.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "util.h"

/* A room that is guarded: nothing behind it is written. */
static const char *text_in(const json_t *obj, size_t size)
{
	static char room[1024];

	memset(room, '#', sizeof(room));
	assert_ptr_equal(text_of(obj, "k", room, size), room);
	for (size_t i = size; i < sizeof(room); i++)
		assert_int_equal(room[i], '#');
	return room;
}

/* The longest beginning of TEXT with whole characters that fits. */
static void whole_beginning(const char *text, size_t size, char *out)
{
	size_t len = strlen(text);

	if (len > size - 1)
		len = size - 1;
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	memcpy(out, text, len);
	out[len] = '\0';
}

static void test_rooms(void **state)
{
	static const char *const texts[] = {"a", "plain text", "\xc3\xa4\xc3\xb6",
					    "a\xe2\x82\xac\xe2\x82\xac"
					    "b",
					    "\xf0\x9f\x98\x80x\xf0\x9f\x98\x80"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		json_t *obj = json_pack("{s:s}", "k", texts[i]);

		for (size_t size = 2; size < 20; size++) {
			char want[32];

			whole_beginning(texts[i], size, want);
			assert_string_equal(text_in(obj, size), *want ? want : "-");
		}
		json_decref(obj);
	}
}

static void test_trim(void **state)
{
	static const struct {
		const char *before, *after;
	} rows[] = {
		{"", ""},
		{"abc", "abc"},
		{"ab\xc3", "ab"},
		{"ab\xc3\xa4", "ab\xc3\xa4"},
		{"\xe2", ""},
		{"\xe2\x82", ""},
		{"\xe2\x82\xac", "\xe2\x82\xac"},
		{"x\xf0\x9f\x98", "x"},
		{"x\xf0\x9f", "x"},
		{"x\xf0", "x"},
		{"x\xf0\x9f\x98\x80", "x\xf0\x9f\x98\x80"},
		{"\xdf\xbf", "\xdf\xbf"},
		{"\xdf", ""},
		{"\xef\xbf\xbf", "\xef\xbf\xbf"},
		{"\xef\xbf", ""},
		{"\xc2\x80", "\xc2\x80"},
		{"x\xc0", "x"},
		{"x\xe0\xa0", "x"},
		{"x\xe0\xa0\x80", "x\xe0\xa0\x80"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[16];

		strcpy(text, rows[i].before);
		text_trim(text);
		assert_string_equal(text, rows[i].after);
	}
}

static void test_values(void **state)
{
	static const struct {
		const char *value, *text;
		bool set, true_;
		int64_t number;
	} rows[] = {
		{"null", "-", false, false, 0},
		{"true", "yes", true, true, 0},
		{"false", "no", true, false, 0},
		{"\"\"", "-", false, false, 0},
		{"\"a\\tb\\u001bc\\u007fd\"", "a?b?c?d", true, false, 0},
		{"\"a\\u009bb\\u00a0\"", "a??b\xc2\xa0", true, false, 0},
		{"7", "7", true, false, 7},
		{"-9007199254740991", "-9007199254740991", true, false, -9007199254740991},
		{"1.25", "1.2", true, false, 1},
		{"-0.04", "-0.0", true, false, 0},
		{"[]", "-", false, false, 0},
		{"[\"a\"]", "a", true, false, 0},
		{"[\"a\", 1, true, [2, 3]]", "a 1 yes 2 3", true, false, 0},
		{"[null, \"a\"]", " a", true, false, 0},
		{"{}", "-", true, false, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *obj = json_object();

		json_object_set_new(obj, "k", json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
		assert_string_equal(TEXT(obj, "k"), rows[i].text);
		assert_int_equal(is_set(obj, "k"), rows[i].set);
		assert_int_equal(is_true(obj, "k"), rows[i].true_);
		assert_int_equal(int_of(obj, "k"), rows[i].number);
		json_decref(obj);
	}
	assert_string_equal(TEXT(NULL, "k"), "-");
	assert_false(is_set(NULL, "k"));
	assert_false(is_true(NULL, "k"));
	assert_int_equal(int_of(NULL, "k"), 0);
}

static void test_times(void **state)
{
	static const struct {
		double seconds;
		const char *age, *ago;
	} rows[] = {
		{-1, "never", "never"},
		{0, "00:00:00", "now"},
		{0.9, "00:00:00", "now"},
		{1, "00:00:01", "1 second ago"},
		{59, "00:00:59", "59 seconds ago"},
		{60, "00:01:00", "1 minute ago"},
		{3599, "00:59:59", "59 minutes, 59 seconds ago"},
		{3600, "01:00:00", "1 hour ago"},
		{86399, "23:59:59", "23 hours, 59 minutes, 59 seconds ago"},
		{86400, "1d00h00m", "1 day ago"},
		{172799, "1d23h59m", "1 day, 23 hours, 59 minutes, 59 seconds ago"},
		{183845, "2d03h04m", "2 days, 3 hours, 4 minutes, 5 seconds ago"},
		{8640000, "100d00h00m", "100 days ago"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *obj = json_pack("{s:f}", "k", rows[i].seconds);

		assert_string_equal(AGE(obj, "k"), rows[i].age);
		assert_string_equal(AGO(obj, "k"), rows[i].ago);
		json_decref(obj);
	}
	assert_string_equal(AGE(NULL, "k"), "never");
	assert_string_equal(AGO(NULL, "k"), "never");
}

/* A room that is too small cuts, and nothing more. */
static void test_small_rooms(void **state)
{
	static const char whole[] = "2 days, 3 hours, 4 minutes, 5 seconds ago";
	json_t *value = json_integer(183845);

	for (size_t size = 1; size <= sizeof(whole); size++) {
		char room[64];

		memset(room, '#', sizeof(room));
		text_ago(value, room, size);
		assert_int_equal(room[size], '#');
		assert_int_equal(strlen(room), size - 1);
		assert_memory_equal(room, whole, size - 1);
	}
	json_decref(value);
}

static void test_bytes(void **state)
{
	static const struct {
		double bytes;
		const char *text;
	} rows[] = {
		{0, "0 B"},
		{1023, "1023 B"},
		{1024, "1.00 KiB"},
		{1536, "1.50 KiB"},
		{1048575, "1024.00 KiB"},
		{1048576, "1.00 MiB"},
		{1073741824, "1.00 GiB"},
		{1099511627776, "1.00 TiB"},
		{1125899906842624, "1024.00 TiB"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *obj = json_pack("{s:f}", "k", rows[i].bytes);

		assert_string_equal(BYTES(obj, "k"), rows[i].text);
		json_decref(obj);
	}
	assert_string_equal(BYTES(NULL, "k"), "0 B");
}

static void test_columns(void **state)
{
	static const struct column left[] = {{"Name", "name", 6, COL_TEXT, 0},
					     {"No", "no", 4, COL_NUMBER, 0},
					     {"Age", "age", 9, COL_AGE, 0},
					     {"Size", "size", 8, COL_BYTES, 0},
					     {"Note", "note", 0, COL_NOTE, 0}};
	static const struct column right[] = {{"Name", "name", 6, COL_NOTE, 0},
					      {"No", "no", 4, COL_NUMBER, 0}};
	static const struct column size[] = {{"Size", "size", 8, COL_BYTES, 0}};
	json_t *row = json_pack("{s:s, s:i, s:i, s:i, s:s}", "name", "a long one", "no", 7, "age",
				61, "size", 2048, "note", "none");
	json_t *poor = json_pack("{s:s}", "note", "words");
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	table_titles(out, &(struct table)TABLE(left));
	table_row(out, &(struct table)TABLE(left), row);
	table_row(out, &(struct table)TABLE(left), poor);
	table_titles(out, &(struct table)TABLE(right));
	table_row(out, &(struct table)TABLE(right), row);
	table_row(out, &(struct table)TABLE(right), poor);
	table_row(out, &(struct table)TABLE(size), row);
	fclose(out);
	assert_string_equal(text, "Name     No Age           Size Note\n"
				  "a long one    7 00:01:01  2.00 KiB \n"
				  "-         - never          0 B words\n"
				  "Name     No\n"
				  "a long one    7\n"
				  "          -\n"
				  "2.00 KiB\n");
	free(text);
	json_decref(row);
	json_decref(poor);
}

/* ---- on a terminal */

static const struct column fitted[] = {
	{"Name", "name", 20, COL_TEXT, 0}, {"State", "state", 12, COL_STATE, 0},
	{"No", "no", 4, COL_NUMBER, 3},	   {"Age", "age", 9, COL_AGE, 2},
	{"Size", "size", 8, COL_BYTES, 3}, {"Note", "note", 0, COL_NOTE, 1}};

static char *table_on(unsigned screen_width, bool colour, const json_t *rows)
{
	struct table t = TABLE(fitted);
	char *text;
	size_t len, i;
	json_t *row;
	FILE *out = open_memstream(&text, &len);

	t.screen = screen_width;
	t.colour = colour;
	table_fit(&t, rows);
	table_titles(out, &t);
	json_array_foreach ((json_t *)rows, i, row)
		table_row(out, &t, row);
	fclose(out);
	return text;
}

static json_t *some_rows(void)
{
	return json_pack("[{s:s, s:s, s:i, s:i, s:i, s:s}, {s:s, s:s, s:i, s:i, s:i, s:s}]", "name",
			 "a", "state", "up", "no", 7, "age", 61, "size", 2048, "note", "none",
			 "name", "b\xc3\xa4r", "state", "never", "no", 123, "age", 5, "size", 1,
			 "note", "the handshake is older than that");
}

static void test_fit(void **state)
{
	static const struct {
		unsigned screen;
		const char *text;
	} rows[] = {
		{200, "Name State  No Age          Size Note\n"
		      "a    up      7 00:01:01 2.00 KiB \n"
		      "b\xc3\xa4r  never 123 00:00:05      1 B the handshake is older than that\n"},
		{54, "Name State  No Age          Size Note\n"
		     "a    up      7 00:01:01 2.00 KiB \n"
		     "b\xc3\xa4r  never 123 00:00:05      1 B the handshake is old~\n"},
		{48, "Name State  No Age      Note\n"
		     "a    up      7 00:01:01 \n"
		     "b\xc3\xa4r  never 123 00:00:05 the handshake is older ~\n"},
		{39, "Name State Age      Note\n"
		     "a    up    00:01:01 \n"
		     "b\xc3\xa4r  never 00:00:05 the handshake is o~\n"},
		{30, "Name State Note\n"
		     "a    up    \n"
		     "b\xc3\xa4r  never the handshake is o~\n"},
		{20, "Name State\n"
		     "a    up\n"
		     "b\xc3\xa4r  never\n"},
		{8, "Name St~\n"
		    "a    up\n"
		    "b\xc3\xa4r  ne~\n"},
		{3, "Na~\n"
		    "a  \n"
		    "b\xc3\xa4r\n"},
	};
	json_t *some = some_rows();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = table_on(rows[i].screen, false, some);

		assert_string_equal(text, rows[i].text);
		free(text);
	}
	json_decref(some);
}

static size_t widest(const char *text)
{
	size_t most = 0, n = 0;

	for (; *text; text++) {
		n = *text == '\n' ? 0 : n + (((unsigned char)*text & 0xc0) != 0x80);
		most = n > most ? n : most;
	}
	return most;
}

/* At no width a line is wider than the screen, whatever the later rows have. */
static void test_never_wraps(void **state)
{
	json_t *some = some_rows(),
	       *long_row = json_pack("{s:s, s:s, s:I, s:i}", "name",
				     "a name that none of the first rows had", "state",
				     "established", "no", 12345678901LL, "size", 1);

	for (unsigned width = 1; width < 120; width++) {
		struct table t = TABLE(fitted);
		char *text;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		t.screen = width;
		table_fit(&t, some);
		table_titles(out, &t);
		table_row(out, &t, json_array_get(some, 1));
		table_row(out, &t, long_row);
		fclose(out);
		assert_true(widest(text) <= width);
		free(text);
	}
	json_decref(long_row);
	json_decref(some);
}

/* Colours take no room, and are only in states. */
static void test_colours(void **state)
{
	static const struct {
		const char *state, *cell;
	} rows[] = {
		{"up", "\033[32mup\033[0m"},
		{"Established", "\033[32mEstablished\033[0m"},
		{"down", "\033[31mdown\033[0m"},
		{"refused", "\033[31mrefused\033[0m"},
		{"degraded", "\033[33mdegraded\033[0m"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *row = json_pack("[{s:s, s:s}]", "name", "up", "state", rows[i].state);
		char *text = table_on(80, true, row), *plain = table_on(80, false, row), *want;

		want = xasprintf("up   %s", rows[i].cell);
		assert_non_null(strstr(text, want));
		assert_null(strstr(plain, "\033"));
		assert_null(strstr(text, "\033[32mName"));
		free(want);
		free(text);
		free(plain);
		json_decref(row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rooms),	    cmocka_unit_test(test_trim),
		cmocka_unit_test(test_values),	    cmocka_unit_test(test_times),
		cmocka_unit_test(test_bytes),	    cmocka_unit_test(test_small_rooms),
		cmocka_unit_test(test_columns),	    cmocka_unit_test(test_fit),
		cmocka_unit_test(test_never_wraps), cmocka_unit_test(test_colours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
