/* SPDX-License-Identifier: BSD-2-Clause */
/* conf_schema: what is said of types, of a module of its own, and of modules that are not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_schema.h"
#include "util.h"

static const char module[] =
	"module wgbgp-rib { namespace 'urn:m'; prefix m;"
	" import ietf-inet-types { prefix inet; }"
	" container c {"
	"  leaf truth { type boolean; }"
	"  leaf one { type enumeration { enum red; } }"
	"  leaf three { type enumeration { enum red; enum green; enum blue; } }"
	"  leaf u8 { type uint8; }"
	"  leaf u16 { type uint16; }"
	"  leaf u32 { type uint32; }"
	"  leaf u64 { type uint64; }"
	"  leaf i8 { type int8; }"
	"  leaf part { type uint8 { range '3..5 | 7 | 9..max'; } }"
	"  leaf text { type string; }"
	"  leaf short { type string { length '1..15'; } }"
	"  leaf hex { type string { length '4'; pattern '[0-9a-f]*' {"
	"   error-message 'four hexadecimal digits'; } } }"
	"  leaf silent { type string { pattern 'x*'; pattern 'y*' { error-message 'ys'; } } }"
	"  leaf v4 { type inet:ipv4-address; }"
	"  leaf v6 { type inet:ipv6-prefix; }"
	"  leaf any { type union { type inet:ip-address; type enumeration { enum auto; }"
	"   type uint8; type uint8 { range '1..2'; } type enumeration { enum auto; } } }"
	"  leaf-list many { type uint16; }"
	" }"
	" container empty; list l { key k; leaf k { type string; } leaf zone { type string; } }"
	"}";

static struct ly_ctx *ctx;

static int setup(void **state)
{
	struct lys_module *mod;

	ly_log_options(LY_LOSTORE);
	if (ly_ctx_new(NULL, LY_CTX_NO_YANGLIBRARY, &ctx))
		return -1;
	return lys_parse_mem(ctx, module, LYS_IN_YANG, &mod) ? -1 : 0;
}

static int teardown(void **state)
{
	ly_ctx_destroy(ctx);
	return 0;
}

static const struct lysc_node *at(const char *name)
{
	const struct lysc_node *top = conf_schema_find(ctx, NULL, "c");

	assert_non_null(top);
	return conf_schema_find(ctx, top, name);
}

static void test_types(void **state)
{
	static const char *const rows[][2] = {
		{"truth", "true or false"},
		{"one", "red"},
		{"three", "red, green or blue"},
		{"u8", "a number from 0 to 255"},
		{"u16", "a number from 0 to 65535"},
		{"u32", "a number from 0 to 4294967295"},
		{"u64", "a number from 0 to 18446744073709551615"},
		{"i8", "a value"},
		{"part", "a number from 3 to 5 or 7 or a number from 9 to 255"},
		{"text", "a text"},
		{"short", "a text of 1 to 15 characters"},
		{"hex", "four hexadecimal digits"},
		{"silent", "ys"},
		{"v4", "an IPv4 address"},
		{"v6", "an IPv6 prefix (2001:db8::/32)"},
		{"any", "an IPv4 address or an IPv6 address or auto or a number from 0 to 255 or "
			"a number from 1 to 2"},
		{"many", "a number from 0 to 65535"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *said = conf_schema_describe_type(conf_schema_type(at(rows[i][0])));

		assert_string_equal(said, rows[i][1]);
		free(said);
	}
}

static void expect_children(const struct lysc_node *parent, const char *want)
{
	char *said = conf_schema_describe_children(ctx, parent);

	assert_string_equal(said, want);
	free(said);
}

static void test_children(void **state)
{
	expect_children(conf_schema_find(ctx, NULL, "empty"), "nothing");
	expect_children(conf_schema_find(ctx, NULL, "l"), "zone");
	assert_null(conf_schema_find(ctx, NULL, "zone"));
	assert_string_equal(conf_schema_key(conf_schema_find(ctx, NULL, "l"))->name, "k");
}

/* What lib/nearest.h takes it for; the first of equal ones; never a key. */
static void test_suggestions(void **state)
{
	static const char *const rows[][2] = {
		{"truth", "truth"}, {"thruth", "truth"}, {"trut", "truth"},  {"u46", "u16"},
		{"u3", "u8"},	    {"shrt", "short"},	 {"sihort", "short"}, {"xxxxx", NULL},
		{"", NULL},	    {"twenty", NULL},	 {"blent", "silent"}, {"bxent", NULL},
		{"u", NULL},	    {"nuy", NULL},	 {"mayn", "many"},    {"c", NULL},
		{"thr", "three"},
	};
	char longest[80];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *said = conf_schema_suggest(ctx, conf_schema_find(ctx, NULL, "c"),
						       rows[i][0]);

		if (!str_eq(said ? said : "none", rows[i][1] ? rows[i][1] : "none"))
			fail_msg("%s: %s", rows[i][0], said ? said : "none");
	}
	assert_null(conf_schema_suggest(ctx, conf_schema_find(ctx, NULL, "l"), "k"));
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(conf_schema_suggest(ctx, conf_schema_find(ctx, NULL, "c"), longest));
}

static void expect_no_schema(const char *where, const char *want)
{
	struct conf_errors errs = {0};

	assert_null(conf_schema_load(where, &errs));
	assert_int_equal(errs.errors, 1);
	if (strncmp(errs.v[0].text, want, strlen(want)) != 0)
		fail_msg("%s", errs.v[0].text);
	conf_errors_free(&errs);
}

/* Where modules are looked for, and what is said when they are not there. */
static void test_directory(void **state)
{
	char dir[] = "/tmp/conf_schema_test.XXXXXX", *path, *want;
	FILE *f;

	setenv("WGBGP_YANGDIR", "/some/where", 1);
	assert_string_equal(conf_schema_dir(), "/some/where");
	setenv("WGBGP_YANGDIR", "", 1);
	assert_string_equal(conf_schema_dir(), PKGDATADIR "/yang");
	unsetenv("WGBGP_YANGDIR");
	assert_string_equal(conf_schema_dir(), PKGDATADIR "/yang");
	expect_no_schema("/no/such/place", "/no/such/place: the YANG modules cannot be read");
	assert_non_null(mkdtemp(dir));
	want = xasprintf("%s/wgbgp-system.yang: ", dir);
	expect_no_schema(dir, want);
	path = xasprintf("%s/wgbgp-system.yang", dir);
	f = fopen(path, "we");
	fputs("module wgbgp-system {", f);
	fclose(f);
	expect_no_schema(dir, want);
	unlink(path);
	rmdir(dir);
	free(path);
	free(want);
	assert_string_equal(conf_schema_complaint(NULL), "not valid");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_types, setup, teardown),
		cmocka_unit_test_setup_teardown(test_children, setup, teardown),
		cmocka_unit_test_setup_teardown(test_suggestions, setup, teardown),
		cmocka_unit_test(test_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
