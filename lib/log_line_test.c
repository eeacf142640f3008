/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_line: whatever a value holds, it reads back from the text and from JSON, and JSON is valid;
 * text of any kind can be read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "log_line.h"
#include "testing.h"
#include "util.h"

static struct log_line line;
static char json_text[LOG_JSON_BYTES];

static void build(const char *event, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void build(const char *event, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line_build(&line, 0, event, fmt, &ap);
	va_end(ap);
}

static json_t *as_json(const char *host)
{
	json_t *value;
	size_t n = log_line_json(&line, "2026-11-29T10:11:12.345Z", "info", host, "wgd", json_text);

	assert_int_equal(n, strlen(json_text));
	assert_null(strchr(json_text, '\n'));
	value = json_loads(json_text, JSON_REJECT_DUPLICATES, NULL);
	if (!value)
		fail_msg("not JSON: %s", json_text);
	return value;
}

/* UTF-8 of one to four bytes, controls, and what JSON and the text have a meaning for. */
static void random_text(char *out, size_t size)
{
	static const char *const parts[] = {"\"",
					    "\\",
					    "=",
					    " ",
					    "\n",
					    "\x1b",
					    "\x7f",
					    "\xc2\x9b",
					    "a",
					    "Z",
					    "\xc3\xa4",
					    "\xe2\x82\xac",
					    "\xf0\x9f\x98\x80",
					    "x",
					    "\\x41",
					    "%n",
					    "7"};
	size_t at = 0;

	for (size_t n = random() % (size / 4); n; n--) {
		const char *part = parts[random() % ARRAY_SIZE(parts)];

		strcpy(out + at, part);
		at += strlen(part);
	}
	out[at] = '\0';
}

static void test_reads_back(void **state)
{
	unsigned seed = test_seed();

	srandom(seed);
	for (int round = 0; round < 3000; round++) {
		static const char *const keys[] = {"peer", "error", "n", "why"};
		char one[80], two[80], number[20];
		const char *want[] = {one, two, number, two};
		unsigned n = (unsigned)random() >> random() % 32;
		struct log_field f;
		size_t at = 0;
		json_t *value;

		random_text(one, sizeof(one));
		random_text(two, sizeof(two));
		snprintf(number, sizeof(number), "%u", n);
		build("event", "peer=%s error=\"%s\" n=%u why=%s", one, two, n, two);
		value = as_json("");
		for (unsigned i = 0; i < ARRAY_SIZE(keys); i++) {
			const json_t *member = json_object_get(value, keys[i]);

			if (!log_field_next(line.text, &at, &f) || strcmp(f.value, want[i]) != 0 ||
			    f.key_len != strlen(keys[i]) || memcmp(f.key, keys[i], f.key_len) != 0)
				fail_msg("seed %u: %s in %s", seed, keys[i], line.text);
			if (i == 2)
				assert_int_equal(json_integer_value(member), n);
			else
				assert_string_equal(json_string_value(member), want[i]);
		}
		assert_false(log_field_next(line.text, &at, &f));
		assert_int_equal(json_object_size(value), 4 + 4);
		json_decref(value);
	}
}

static void test_json(void **state)
{
	build("tunnel-state", "peer=%s id=%u cost=%d big=%llu at=%s:%u of=%02u as=%s what=7 %s",
	      "a", 4u, -3, 1ull << 62, "::1", 7u, 8u, "65001", "two words");
	json_decref(as_json("hub"));
	assert_string_equal(
		json_text,
		"{\"time\":\"2026-11-29T10:11:12.345Z\",\"level\":\"info\",\"host\":\"hub\","
		"\"logger\":\"wgd\",\"event\":\"tunnel-state\",\"peer\":\"a\",\"id\":4,"
		"\"cost\":-3,\"big\":4611686018427387904,\"at\":\"::1:7\",\"of\":\"08\","
		"\"as\":\"65001\",\"what\":\"7\",\"words\":\"two words\"}");
}

/* What is no UTF-8 becomes U+FFFD, byte for byte. */
static void test_no_utf8(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"a\xff", "a\xef\xbf\xbd"},
		{"\xc3", "\xef\xbf\xbd"},
		{"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},		  /* overlong */
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* half of a pair */
		{"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xf0\x9f\x98", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *value;

		build("e", "a=%s", rows[i].text);
		value = as_json("");
		assert_string_equal(json_string_value(json_object_get(value, "a")), rows[i].want);
		json_decref(value);
	}
}

/* The longest line of what grows most is still whole and valid. */
static void test_longest(void **state)
{
	static const char fill[] = {'"', '\xff', '\x01', '=', 'x'};
	char text[3000], host[256];

	memset(host, 'h', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	for (size_t i = 0; i < sizeof(fill); i++) {
		json_t *value;

		memset(text, fill[i], sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		build("e", "a=%s b=%s", text, "behind");
		value = as_json(host);
		assert_true(strlen(json_string_value(json_object_get(value, "a"))) > 400);
		assert_null(json_object_get(value, "b"));
		json_decref(value);
	}
}

/* From another process comes what may be anything: each byte is read once at most. */
static void test_any_text(void **state)
{
	static const char bytes[] = "\"\\= xn7a\n\xff";
	unsigned seed = test_seed();

	srandom(seed);
	for (int round = 0; round < 20000; round++) {
		char text[24] = "";
		struct log_field f;
		size_t at = 0, n = random() % sizeof(text), before;

		for (size_t i = 0; i < n; i++)
			text[i] = bytes[random() % (sizeof(bytes) - 1)];
		for (before = 0; log_field_next(text, &at, &f); before = at)
			if (at <= before || at > strlen(text) || strlen(f.value) > f.value_len ||
			    f.value_len > sizeof(text))
				fail_msg("seed %u round %d", seed, round);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_back), cmocka_unit_test(test_json),
		cmocka_unit_test(test_no_utf8),	   cmocka_unit_test(test_longest),
		cmocka_unit_test(test_any_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
