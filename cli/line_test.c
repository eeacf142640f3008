/* SPDX-License-Identifier: BSD-2-Clause */
/* line: where a command begins and ends, patterns, what is wrong and at which column; completion.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "line.h"
#include "util.h"

static void test_parts(void **state)
{
	static const struct {
		const char *line, *command, *kinds; /* of filters: i, x, b, c */
		unsigned watch;
		bool no_more;
	} rows[] = {
		{"", "", "", 0, false},
		{"show route", "show route", "", 0, false},
		{"show route | include wg0", "show route ", "i", 0, false},
		{"show route|exclude wg0|wg1 | count", "show route", "xc", 0, false},
		{"show route | i a | e b | b c | c", "show route ", "ixbc", 0, false},
		{"show route | grep a | except b | find c", "show route ", "ixb", 0, false},
		{"show route | json", "show route  json", "", 0, false},
		{"show route | no-more | json | count", "show route  json", "c", 0, true},
		{"rollback 1 comment \"a | b\" | count", "rollback 1 comment \"a | b\" ", "c", 0,
		 false},
		{"show route # a | b", "show route # a | b", "", 0, false},
		{"# | include", "# | include", "", 0, false},
		{"watch show route", "      show route", "", LINE_WATCH_SECONDS, false},
		{"wat 7 show route | count", "      show route ", "c", 7, false},
		{"watch 10.0.0.1", "      10.0.0.1", "", LINE_WATCH_SECONDS, false},
		{"watch 123456 x", "      123456 x", "", LINE_WATCH_SECONDS, false},
		{"watch", "watch", "", 0, false},
		{"w 7 show", "w 7 show", "", 0, false},
		{"watches 7 show", "watches 7 show", "", 0, false},
		{"x | i \" a|b \" | i \"", "x ", "ii", 0, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct line_parts parts;
		struct cli_error error;
		char kinds[LINE_FILTERS_MAX + 1] = "";

		if (line_split(rows[i].line, &parts, &error) < 0)
			fail_msg("%s: %s", rows[i].line, error.text);
		for (size_t k = 0; k < parts.n_filters; k++)
			kinds[k] = "ixbc"[parts.filter[k].kind];
		if (!str_eq(parts.command, rows[i].command) || !str_eq(kinds, rows[i].kinds) ||
		    parts.watch != rows[i].watch || parts.no_more != rows[i].no_more)
			fail_msg("%s: \"%s\" %s %u", rows[i].line, parts.command, kinds,
				 parts.watch);
		line_free(&parts);
		assert_null(parts.command);
	}
}

/* All up to the next pipe, without quotes around the whole. */
static void test_patterns(void **state)
{
	static const struct {
		const char *line, *yes, *no;
	} rows[] = {
		{"x | i wg0|wg1", "by wg1", "by wg2"},
		{"x | i  two words  ", "of two words here", "two  words"},
		{"x | i \"two \"", "two three", "two"},
		{"x | i ^B.*10\\.0\\.", "B 10.0.0.0/8", "B 10.1.0.0/8"},
		{"x | i \"a|b\"", "b", "c"},
		{"x | i #", "a # b", "a b"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct line_parts parts;
		struct cli_error error;

		assert_int_equal(line_split(rows[i].line, &parts, &error), 0);
		assert_int_equal(parts.n_filters, 1);
		if (regexec(&parts.filter[0].pattern, rows[i].yes, 0, NULL, 0) ||
		    !regexec(&parts.filter[0].pattern, rows[i].no, 0, NULL, 0))
			fail_msg("%s", rows[i].line);
		line_free(&parts);
	}
}

static void test_errors(void **state)
{
	static const struct {
		const char *line;
		size_t offset;
		const char *says;
	} rows[] = {
		{"show route |", 12,
		 "expected one of: begin, count, exclude, include, json, no-more, section"},
		{"show route | | count", 13, "expected one of: begin"},
		{"show route | inculde a", 13, "did you mean include? expected one of: begin"},
		{"show route | include", 20, "expected a pattern"},
		{"show route | include | count", 21, "expected a pattern"},
		{"show route | include [a", 21, "Unmatched"},
		{"show route | count all", 19, "expected a pipe, or nothing"},
		{"show route | json all", 18, "expected a pipe, or nothing"},
		{"| count", 0, "expected a command"},
		{"  | count", 2, "expected a command"},
		{"watch 2 ", 8, "expected a command"},
		{"watch 2 | count", 8, "expected a command"},
		{"x |i a |i a |i a |i a |i a |i a |i a |i a |i a", 45, "too many pipes"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct line_parts parts;
		struct cli_error error = {.text = ""};

		if (line_split(rows[i].line, &parts, &error) != -1)
			fail_msg("%s is taken", rows[i].line);
		assert_null(parts.command);
		if (error.offset != rows[i].offset || !strstr(error.text, rows[i].says))
			fail_msg("%s: %zu %s", rows[i].line, error.offset, error.text);
	}
}

static void test_choices(void **state)
{
	static const struct {
		const char *typed, *choices;
		size_t word_start;
	} rows[] = {
		{"show route | ", "begin count exclude include json no-more section", 13},
		{"show route |", "begin count exclude include json no-more section", 12},
		{"show route | in", "include", 13},
		{"show route | i a | c", "count", 19},
		{"show route | include a", "<cr>", 22},
		{"show bgp nei", "neighbors ADDRESS PREFIX", 9},
		{"watch 2 show bgp nei", "neighbors ADDRESS PREFIX", 17},
		{"watch show bgp nei", "neighbors ADDRESS PREFIX", 15},
		{"watch 2 sh", "show", 8},
		{"wat", "watch", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cli_choices c;
		struct cli_error error;
		char have[256] = "";

		assert_true(line_choices(&cli_commands, rows[i].typed, &c, &error));
		for (size_t k = 0; k < c.n; k++)
			snprintf(have + strlen(have), sizeof(have) - strlen(have), "%s%s",
				 k ? " " : "", c.word[k]->word);
		if (!c.n && c.end)
			strcpy(have, "<cr>");
		if (!str_eq(have, rows[i].choices) || c.word_start != rows[i].word_start)
			fail_msg("%s: %zu %s", rows[i].typed, c.word_start, have);
	}
}

/* Behind `watch` any command may stand, or the seconds. */
static void test_watch_choices(void **state)
{
	struct cli_choices c;
	struct cli_error error;

	assert_true(line_choices(&cli_commands, "watch ", &c, &error));
	assert_string_equal(c.word[c.n - 1]->word, "SECONDS");
	assert_true(line_choices(&cli_commands, "watch 2 ", &c, &error));
	assert_string_not_equal(c.word[c.n - 1]->word, "SECONDS");
	assert_false(line_choices(&cli_commands, "watch 2 shwo bgp", &c, &error));
	assert_int_equal(error.offset, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),	      cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_errors),	      cmocka_unit_test(test_choices),
		cmocka_unit_test(test_watch_choices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
