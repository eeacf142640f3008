/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_effective: numbers that a configuration leaves to us. Those of planes are kept as long as
 * the process lives, so each check here begins with none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_effective.h"
#include "conf_load.h"
#include "conf_place.h"
#include "util.h"

static char dir[] = "/tmp/conf_effective_test.XXXXXX";
static struct ly_ctx *ctx;

static int setup(void **state)
{
	ctx = conf_place_make(dir, NULL, 0);
	return ctx ? 0 : -1;
}

static int teardown(void **state)
{
	conf_place_remove(ctx, dir, NULL, 0);
	return 0;
}

/* "NAME NUMBER, ..." of all planes; they are given as "NAME" or "NAME=NUMBER". */
static const char *numbers_of(const char *planes)
{
	static char out[4096];
	char *copy = xstrdup(planes), *text = xstrdup(""), *longer;
	struct conf_loaded loaded = {0};
	struct conf_errors errs = {0};
	size_t len = 0;

	for (char *name = strtok(copy, " "); name; name = strtok(NULL, " ")) {
		char *number = strchr(name, '=');

		if (number)
			*number++ = '\0';
		longer = xasprintf("%splane %s { %s%s%s table %zu; }\n", text, name,
				   number ? "number " : "", number ? number : "", number ? ";" : "",
				   1000 + strlen(text));
		free(text);
		text = longer;
	}
	out[0] = '\0';
	if (!conf_load_text(ctx, "t", text, strlen(text), 0, &loaded, &errs))
		snprintf(out, sizeof(out), "%u errors", errs.errors);
	else
		for (struct lyd_node *p = conf_top(loaded.effective, "plane"); p; p = conf_next(p))
			len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%s %s",
						len ? ", " : "", lyd_get_value(lyd_child(p)),
						conf_value(p, "number") ? conf_value(p, "number")
									: "none");
	conf_loaded_free(&loaded);
	conf_errors_free(&errs);
	free(copy);
	free(text);
	return out;
}

/* A plane keeps its number while others come and go, and finds it again when it comes back. */
static void test_planes_keep_their_numbers(void **state)
{
	assert_string_equal(numbers_of("a b c"), "a 1, b 2, c 3");
	assert_string_equal(numbers_of("b"), "b 2");
	assert_string_equal(numbers_of("d b"), "d 4, b 2");
	assert_string_equal(numbers_of("c a"), "c 3, a 1");
	/* One that is written is nobody else's. */
	assert_string_equal(numbers_of("a x=1"), "a 5, x 1");
	assert_string_equal(numbers_of("a"), "a 5");
	assert_string_equal(numbers_of("x=7 y"), "x 7, y 1");
	assert_string_equal(numbers_of("x"), "x 7");
	assert_string_equal(numbers_of("a=2 b"), "a 2, b 5");
}

/* Those of names that are gone are given away when there are no others, the lowest first. */
static void test_planes_without_room(void **state)
{
	char many[512] = "", all[600];
	const char *last;

	for (int i = 1; i <= 31; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), "p%d ", i);
	last = numbers_of(many);
	assert_non_null(strstr(last, "p1 1, "));
	assert_non_null(strstr(last, "p30 30, p31 31"));
	assert_string_equal(numbers_of("p2 new"), "p2 2, new 1");
	assert_string_equal(numbers_of("p2 newer new"), "p2 2, newer 3, new 1");
	assert_string_equal(numbers_of("p2 newer p1"), "p2 2, newer 3, p1 1");
	snprintf(all, sizeof(all), "%s one-more", many);
	assert_string_equal(numbers_of(all), "1 errors"); /* that they are too many */
}

static unsigned long number_at(const struct conf_loaded *loaded, const char *name, const char *leaf)
{
	struct lyd_node *i = conf_child(conf_top(loaded->effective, "wireguard"), "interface");
	const char *value;

	while (i && !str_eq(lyd_get_value(lyd_child(i)), name))
		i = conf_next(i);
	assert_non_null(i);
	value = conf_value(str_eq(leaf, "table") ? conf_child(i, "uplink") : i, leaf);
	assert_non_null(value);
	return strtoul(value, NULL, 0);
}

/* The number of interface NAME beside MORE. */
static unsigned long uplink_number(const char *name, const char *more)
{
	char *text =
		xasprintf("wireguard { interface %s { adopt true; uplink { interface e; } } %s }",
			  name, more);
	struct conf_loaded loaded = {0};
	struct conf_errors errs = {0};
	unsigned long number;

	if (!conf_load_text(ctx, "t", text, strlen(text), 0, &loaded, &errs)) {
		conf_errors_print(&errs, stderr);
		fail();
	}
	number = number_at(&loaded, name, "fwmark");
	assert_int_equal(number_at(&loaded, name, "table"), number);
	conf_loaded_free(&loaded);
	conf_errors_free(&errs);
	free(text);
	return number;
}

/* By the name; what somebody else has, as a mark or a table, is passed over, round about. */
static void test_uplinks(void **state)
{
	unsigned long first = 0x77670001, last = 0x7767ffff, n = uplink_number("wg0", "");
	char name[32], *more;

	assert_in_range(n, first, last);
	assert_int_equal(uplink_number("wg0", "interface wg1 { adopt true; fwmark 1; }"), n);
	more = xasprintf("interface wg1 { adopt true; fwmark %lu; }", n);
	assert_int_equal(uplink_number("wg0", more), n + 1);
	free(more);
	more = xasprintf(
		"interface wg1 { adopt true; fwmark %lu; uplink { interface e; table %lu; } }",
		n + 1, n);
	assert_int_equal(uplink_number("wg0", more), n + 2);
	free(more);
	more = xasprintf("interface wg1 { adopt true; fwmark %lu; }", last);
	for (unsigned i = 0; i < 2000000; i++) { /* a name that would have the last one */
		uint32_t hash = 2166136261;

		snprintf(name, sizeof(name), "w%u", i);
		for (const char *c = name; *c; c++)
			hash = (hash ^ (unsigned char)*c) * 16777619;
		if ((hash ^ hash >> 16) % 0xffff == 0xfffe)
			break;
	}
	assert_int_equal(uplink_number(name, ""), last);
	assert_int_equal(uplink_number(name, more), first);
	free(more);
}

/* What is said of a policy that is not there, where the last of all others has a name of N letters.
 */
static const char *said_of_names(unsigned n)
{
	static const char fmt[] =
		"policy %.*s { } policy %.*s { } policy %.*s { } policy %.*s { }\n"
		"bgp { as 1; neighbor 10.0.0.1 { import q; remote-as 2; } }";
	static char said[1024];
	char names[4][65];
	struct conf_loaded loaded = {0};
	struct conf_errors errs = {0};
	char *text;

	for (int i = 0; i < 4; i++)
		memset(names[i], 'a' + i, 64);
	text = xasprintf(fmt, 64, names[0], 64, names[1], 64, names[2], (int)n, names[3]);
	assert_false(conf_load_text(ctx, "t", text, strlen(text), 0, &loaded, &errs));
	assert_true(errs.n > 0);
	str_copy(said, errs.v[0].text, sizeof(said));
	conf_loaded_free(&loaded);
	conf_errors_free(&errs);
	free(text);
	return said;
}

/* All names that there are, as far as they fit into 255 letters. */
static void test_names(void **state)
{
	char *want =
		xasprintf("cc, %.*s", 46, "dddddddddddddddddddddddddddddddddddddddddddddddddd");
	const char *said = said_of_names(46);

	assert_non_null(strstr(said, "there is no policy 'q'; expected one of all, none, aaa"));
	if (!str_eq(said + strlen(said) - strlen(want), want))
		fail_msg("%s", said);
	said = said_of_names(47);
	memcpy(want + strlen(want) - 3, "...", 3);
	if (!str_eq(said + strlen(said) - strlen(want), want))
		fail_msg("%s", said);
	free(want);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_planes_keep_their_numbers),
		TEST(test_planes_without_room),
		TEST(test_uplinks),
		TEST(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
