/* SPDX-License-Identifier: BSD-2-Clause */
/* filter: which lines get through, however they are cut into writes; flushes; a broken end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "util.h"

static const char lines[] = "one\ntwo\n\nthree two\nfour";

/* What comes of TEXT in pieces of STEP letters. */
static char *filtered(const char *text, enum filter_kind kind, const char *pattern, size_t step)
{
	struct line_filter what = {.kind = kind};
	char *answer;
	size_t len;
	FILE *out = open_memstream(&answer, &len), *in;

	if (pattern)
		assert_int_equal(regcomp(&what.pattern, pattern, REG_EXTENDED | REG_NOSUB), 0);
	in = filter_open(out, &what);
	for (size_t i = 0; i < strlen(text); i += step) {
		size_t rest = strlen(text) - i;

		fwrite(text + i, 1, rest < step ? rest : step, in);
		fflush(in);
	}
	fclose(in);
	fclose(out);
	if (pattern)
		regfree(&what.pattern);
	return answer;
}

static void test_lines(void **state)
{
	static const struct {
		enum filter_kind kind;
		const char *pattern, *answer;
	} rows[] = {
		{FILTER_INCLUDE, "two", "two\nthree two\n"},
		{FILTER_INCLUDE, "^two$", "two\n"},
		{FILTER_INCLUDE, "four", "four\n"},
		{FILTER_INCLUDE, "x", ""},
		{FILTER_EXCLUDE, "two", "one\n\nfour\n"},
		{FILTER_BEGIN, "t", "two\n\nthree two\nfour\n"},
		{FILTER_BEGIN, "x", ""},
		{FILTER_COUNT, NULL, "5\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t step = 1; step <= sizeof(lines); step++) {
			char *answer = filtered(lines, rows[i].kind, rows[i].pattern, step);

			assert_string_equal(answer, rows[i].answer);
			free(answer);
		}
}

/* Up to the brace that ends it, or the next line that is as far left. */
static void test_sections(void **state)
{
	static const char conf[] = "a {\n    b one {\n        c;\n    }\n    b two;\n    d {\n"
				   "        b three;\n    }\n}\ne;\n";
	static const char *const rows[][2] = {
		{"^ *b",
		 "    b one {\n        c;\n    }\n    b two;\n        b three;\n"},
		{"one", "    b one {\n        c;\n    }\n"},
		{"d", "    d {\n        b three;\n    }\n"},
		{"^a", "a {\n    b one {\n        c;\n    }\n    b two;\n    d {\n"
		       "        b three;\n    }\n}\n"},
		{"^e", "e;\n"},
		{"x", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *answer = filtered(conf, FILTER_SECTION, rows[i][0], 1);

		assert_string_equal(answer, rows[i][1]);
		free(answer);
	}
}

/* A whole line is at the other end as soon as it is flushed. */
static void test_flush(void **state)
{
	struct line_filter first = {.kind = FILTER_INCLUDE}, second = {.kind = FILTER_EXCLUDE};
	char *answer;
	size_t len;
	FILE *out = open_memstream(&answer, &len), *below, *top;

	assert_int_equal(regcomp(&first.pattern, "a", REG_NOSUB), 0);
	assert_int_equal(regcomp(&second.pattern, "b", REG_NOSUB), 0);
	below = filter_open(out, &second);
	top = filter_open(below, &first);
	fputs("a\nab\nc\na", top);
	fflush(top);
	assert_string_equal(answer, "a\n");
	fclose(top);
	fclose(below);
	assert_string_equal(answer, "a\na\n");
	fclose(out);
	free(answer);
	regfree(&first.pattern);
	regfree(&second.pattern);
}

/* Who writes learns that nobody reads. */
static void test_broken(void **state)
{
	struct line_filter what = {.kind = FILTER_EXCLUDE};
	FILE *out = fopen("/dev/full", "we"), *in;

	assert_non_null(out);
	assert_int_equal(regcomp(&what.pattern, "x", REG_NOSUB), 0);
	in = filter_open(out, &what);
	fputs("a line\n", in);
	fflush(in);
	assert_true(ferror(in));
	fclose(in);
	fclose(out);
	regfree(&what.pattern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
