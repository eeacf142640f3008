/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configurations, good and bad: what each says, and that what is printed reads back as the same
 * tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "conf_check.h"
#include "conf_diff.h"
#include "conf_lex.h"
#include "conf_load.h"
#include "conf_parse.h"
#include "conf_print.h"
#include "conf_schema.h"

static struct ly_ctx *ctx;
static const char *srcdir;

#define KEY_A "GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU="

/* What testdata/said.txt cannot hold. SAYS is part of what must be said; NULL: nothing at all. */
static const struct {
	const char *text;
	bool good; /* warnings only */
	const char *says;
} cases[] = {
	{"", true, NULL},
	{"{\"wgbgp-bgp:bgp\":{\"as\":\"1\",\"router-id\":\"1.1.1.1\",\"network\":[\"10.0.0.0/"
	 "8\"]}}",
	 false, "t:1:"}, /* libyang's words */
	{"rib { rule 100 { fwmark 1; } }", false, "table"},
	{"{\"system\":{\"hostname\":\"a\"}}", false, "t:1:1: "},
	{"system { on-event x { program /bin/true; } }", true, NULL},
	{"system { on-event x { program /bin/true; url https://h/; } }", false,
	 "t:1:10: system on-event x: expected either program or url"},
	{"system { on-event x { event commit; } }", false, "either program or url"},
	{"system { on-event x { program true; } }", false, "the path of a program"},
	{"system { on-event x { url http://example.com/; } }", false, "https://"},
	{"system { on-event x { url http://[::1]:8080/x; rate 0; } }", false, "from 1 to 1000"},
	{"{\"wgbgp-bgp:system\":{\"hostname\":\"a\"}}", false, "t:1:1: "},
	{"{\"wgbgp-system:system\":{\"@hostname\":{\"x:y\":[1]},\"hostname\":\"a\"}}", false,
	 "t:1:1: "},
};

static void test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct conf_errors errs = {0};
		struct conf_loaded loaded = {0};
		bool good = conf_load_text(ctx, "t", cases[i].text, strlen(cases[i].text), 0,
					   &loaded, &errs);

		if (good != cases[i].good || good == (errs.errors > 0) ||
		    (cases[i].says ? !conf_errors_has(&errs, cases[i].says) : errs.n > 0)) {
			print_error("case: %s\nexpected: %s\n", cases[i].text,
				    cases[i].says ? cases[i].says : "nothing");
			conf_errors_print(&errs, stderr);
			fail();
		}
		conf_loaded_free(&loaded);
		conf_errors_free(&errs);
	}
}

/* N peers that lack a permit; SAYS is said, and nothing else. */
static void check_lacking(unsigned n, unsigned warnings, const char *says)
{
	static const char head[] = "wireguard { interface wg0 { private-key-file /k; peer off { "
				   "disabled true; public-key "
				   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAZZA=; } ";
	struct conf_errors errs = {0};
	struct conf_loaded loaded = {0};
	static char text[65536];
	size_t len = (size_t)snprintf(text, sizeof(text), "%s", head);

	for (unsigned i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"peer p%u { tunnel-address 10.9.%u.%u; public-key "
					"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%c%cAA=; }\n",
					i, i / 200, 1 + i % 200, 'a' + i / 26, 'a' + i % 26);
	len += (size_t)snprintf(text + len, sizeof(text) - len, "} }");
	if (!conf_load_text(ctx, "t", text, len, 0, &loaded, &errs) || errs.warnings != warnings ||
	    !conf_errors_has(&errs, says)) {
		conf_errors_print(&errs, stderr);
		fail();
	}
	conf_loaded_free(&loaded);
	conf_errors_free(&errs);
}

/* What hundreds of peers lack is one line, which leaves room for the others. */
static void test_lacking(void **state)
{
	check_lacking(8, 8, "peer p7: without 'permit' nothing is learned through this peer");
	check_lacking(9, 1,
		      "peer p0: without 'permit' nothing is learned through 9 peers: p0, p1, p2, "
		      "p3, p4 and 4 more");
	check_lacking(500, 1, "through 500 peers: p0, p1, p2, p3, p4 and 495 more");
}

static void test_many_errors_in_one_pass(void **state)
{
	static const char text[] = "system { hostnam a; forwarding maybe; }\n"
				   "bgp { as 0; neighbor x { remote-as 5; } router-id 1; }\n"
				   "rib { kernel on }\n"
				   "policy p { term 1 { the accept; match { prefixes 5; } } }\n";
	static const char *const all[] = {"t:1:10: ", "t:1:32: ", "t:2:10: ", "t:2:22: ",
					  "t:2:51: ", "t:3:17: ", "t:4:21: ", "t:4:41: "};
	struct conf_errors errs = {0};

	assert_null(conf_parse_text(ctx, "t", text, strlen(text), &errs));
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!conf_errors_has(&errs, all[i])) {
			conf_errors_print(&errs, stderr);
			fail_msg("nothing at %s", all[i]);
		}
	assert_int_equal(errs.errors, ARRAY_SIZE(all));
	conf_errors_free(&errs);
}

/* Prints CONF with PRINT, reads that, and wants the same tree and the same print. */
static void round_trip(const struct conf *conf, char *(*print)(const struct conf *))
{
	struct conf_errors errs = {0};
	char *text = print(conf), *again;
	struct conf *read = conf_parse_text(ctx, "printed", text, strlen(text), &errs);

	conf_errors_print(&errs, stderr);
	assert_non_null(read);
	assert_int_equal(lyd_compare_siblings(conf->tree, read->tree, LYD_COMPARE_FULL_RECURSION),
			 LY_SUCCESS);
	again = print(read);
	assert_string_equal(text, again);
	free(again);
	free(text);
	conf_free(read);
}

static char *print_json(const struct conf *conf)
{
	return conf_print_json(conf, false);
}

static char *read_text(const char *name)
{
	char *path = xasprintf("%s/wgbgpd/testdata/%s", srcdir, name);
	FILE *f = fopen(path, "re");
	char *text = xcalloc(1, 65536);

	if (!f)
		fail_msg("%s cannot be read", path);
	text[fread(text, 1, 65535, f)] = '\0';
	fclose(f);
	free(path);
	return text;
}

static struct conf_loaded load_golden(const char *name)
{
	char *path = xasprintf("%s/wgbgpd/testdata/%s", srcdir, name);
	struct conf_errors errs = {0};
	struct conf_loaded loaded;
	bool good = conf_load_file(ctx, path, 0, &loaded, &errs);

	conf_errors_print(&errs, stderr);
	assert_true(good);
	assert_int_equal(errs.n, 0);
	free(path);
	return loaded;
}

static void test_golden(void **state)
{
	static const struct {
		const char *conf, *printed;
	} files[] = {
		{"empty.conf", NULL}, {"example.conf", "example.out"}, {"hub.conf", "hub.out"}};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct conf_loaded loaded = load_golden(files[i].conf);

		if (files[i].printed) {
			char *want = read_text(files[i].printed);
			char *got = conf_print_text(loaded.written);

			assert_string_equal(got, want);
			free(got);
			free(want);
		}
		round_trip(loaded.written, conf_print_text);
		round_trip(loaded.written, print_json);
		conf_loaded_free(&loaded);
	}
}

static const struct lyd_node *entry(const struct lyd_node *outer, const char *list, const char *key)
{
	for (struct lyd_node *n = conf_child(outer, list); n; n = conf_next(n))
		if (str_eq(lyd_get_value(lyd_child(n)), key))
			return n;
	fail_msg("no %s %s", list, key);
	return NULL;
}

static void test_effective(void **state)
{
	struct conf_loaded loaded = load_golden("hub.conf");
	const struct lyd_node *wg = conf_top(loaded.effective, "wireguard");
	const struct lyd_node *bgp = conf_top(loaded.effective, "bgp");
	const struct lyd_node *wg0 = entry(wg, "interface", "wg0");
	const struct lyd_node *a = entry(wg0, "peer", "site-a"), *b = entry(wg0, "peer", "site-b");
	const struct lyd_node *n = entry(bgp, "neighbor", "10.99.0.2");
	const struct lyd_node *g = entry(bgp, "neighbor-group", "sites");
	const struct lyd_node *ll = entry(bgp, "neighbor", "fe80::1%wg0");
	const struct {
		const struct lyd_node *node;
		const char *leaf, *value;
	} want[] = {
		{wg0, "backend", "userspace"}, /* from wireguard */
		{entry(wg, "interface", "wg1"), "backend", "kernel"},
		{wg0, "mtu", "1420"},		   /* default */
		{a, "persistent-keepalive", "25"}, /* template */
		{a, "cost", "10"},
		{b, "cost", "20"},				       /* its own */
		{conf_child(a, "liveness"), "probe-interval", "1000"}, /* template */
		{conf_child(b, "liveness"), "probe-interval", "2000"}, /* its own */
		{conf_child(b, "liveness"), "probe-timeout", "3000"},  /* template */
		{conf_child(b, "liveness"), "stale-after", "200"},     /* interface */
		{conf_child(b, "liveness"), "degraded-after", "160"},  /* default */
		{n, "hold-time", "60"},				       /* its own */
		{n, "keepalive", "3"},				       /* bgp */
		{n, "remote-as", "internal"},			       /* group */
		{n, "next-hop-self", "true"},
		{n, "connect-retry", "120"}, /* default */
		{g, "hold-time", "30"},
		{g, "keepalive", "3"},
		{ll, "hold-time", "9"},
		{ll, "passive", "false"},
		{conf_child(bgp, "graceful-restart"), "restart-time", "60"},
		{conf_child(bgp, "graceful-restart"), "stale-time", "300"},
		{entry(bgp, "redistribute", "static"), "policy", "all"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_string_equal(conf_value(want[i].node, want[i].leaf), want[i].value);
	conf_loaded_free(&loaded);
}

static uint32_t number_of(const struct lyd_node *node, const char *leaf)
{
	const char *text = conf_value(node, leaf);

	return text ? strtoul(text, NULL, 10) : 0;
}

/* Marks and tables that nobody wrote down follow from the names alone, and are distinct. */
static void test_uplink_numbers(void **state)
{
	static const char text[] =
		"wireguard {"
		" interface wg1 { adopt true; uplink { interface eth1; } }"
		" interface wg2 { adopt true; uplink { interface eth2; } }"
		" interface wg3 { adopt true; fwmark 0x101; uplink { interface eth1; } }"
		" interface wg4 { adopt true; uplink { interface eth1; table 77; } }"
		" interface wg5 { adopt true; } }";
	struct conf_errors errs = {0};
	struct conf_loaded loaded = {0};
	const struct lyd_node *wg, *i[5];
	char name[8];

	assert_true(conf_load_text(ctx, "t", text, strlen(text), 0, &loaded, &errs));
	wg = conf_top(loaded.effective, "wireguard");
	for (unsigned n = 0; n < 5; n++) {
		snprintf(name, sizeof(name), "wg%u", n + 1);
		i[n] = entry(wg, "interface", name);
	}
	for (unsigned n = 0; n < 2; n++) {
		assert_in_range(number_of(i[n], "fwmark"), 0x77670001, 0x7767ffff);
		assert_int_equal(number_of(i[n], "fwmark"),
				 number_of(conf_child(i[n], "uplink"), "table"));
	}
	assert_int_not_equal(number_of(i[0], "fwmark"), number_of(i[1], "fwmark"));
	assert_int_equal(number_of(i[2], "fwmark"), 0x101);
	assert_in_range(number_of(conf_child(i[2], "uplink"), "table"), 0x77670001, 0x7767ffff);
	assert_int_equal(number_of(conf_child(i[3], "uplink"), "table"), 77);
	assert_int_equal(number_of(i[4], "fwmark"), 0);
	conf_loaded_free(&loaded);
	conf_errors_free(&errs);
}

static void test_defaults_of_nothing(void **state)
{
	struct conf_loaded loaded = load_golden("empty.conf");

	assert_string_equal(conf_value(conf_top(loaded.effective, "rib"), "kernel"), "on");
	assert_string_equal(conf_value(conf_top(loaded.effective, "rib"), "metric"), "179");
	assert_null(loaded.written->tree);
	conf_loaded_free(&loaded);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f;

	unlink(path); /* it may not be ours to write */
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
}

/* WireGuard would drop such a peer and say nothing. */
static void test_own_key(void **state)
{
	/* The example keys of RFC 7748 section 6.1: Alice's private, her and Bob's public one. */
	static const char private[] = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\n",
			  own[] = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=",
			  far[] = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=";
	char path[] = "/tmp/conf_test.XXXXXX";

	close(mkstemp(path));
	write_file(path, private, 0600);
	for (int i = 0; i < 2; i++) {
		char *text = xasprintf("wireguard { interface wg0 { private-key-file %s;\n"
				       "peer a { public-key \"%s\"; disabled true; } } }",
				       path, i ? own : far);
		struct conf_errors errs = {0};
		struct conf_loaded loaded;

		assert_int_equal(conf_load_text(ctx, "t", text, strlen(text), CONF_CHECK_FILES,
						&loaded, &errs),
				 !i);
		assert_int_equal(conf_errors_has(&errs, "t:2:21: wireguard interface wg0 peer a "
							"public-key: 'hSDwCYkw"),
				 i);
		conf_loaded_free(&loaded);
		conf_errors_free(&errs);
		free(text);
	}
	unlink(path);
}

/* What is refused leaves nothing, whatever was there. */
static void test_nothing_is_left(void **state)
{
	static const char *const rows[] = {"nonsense;", "wireguard {",
					   "bgp { neighbor 10.0.0.1; }"};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct conf_errors errs = {0};
		struct conf_loaded loaded;

		memset(&loaded, 0xa5, sizeof(loaded));
		assert_false(conf_load_text(ctx, "t", rows[i], strlen(rows[i]), 0, &loaded, &errs));
		assert_null(loaded.written);
		assert_null(loaded.effective);
		conf_errors_free(&errs);
	}
}

/* A file of each kind is looked at where whoever changes the configuration can see it, and only
 * then; that of a peer or a neighbor that is disabled is not. */
static void test_files_of_all_kinds(void **state)
{
	static const char *const rows[][2] = {
		{"wireguard { interface wg0 { private-key-file %s; } }",
		 "wireguard interface wg0 private-key-file: "},
		{"wireguard { interface wg0 { adopt true; peer p { public-key " KEY_A "; "
		 "preshared-key-file %s; } } }",
		 "wireguard interface wg0 peer p preshared-key-file: "},
		{"wireguard { interface wg0 { adopt true; peer p { disabled true; public-key " KEY_A
		 "; preshared-key-file %s; } } }",
		 NULL},
		{"bgp { as 1; router-id 1.1.1.1; neighbor 10.0.0.1 { remote-as 1; "
		 "password-file %s; } }",
		 "bgp neighbor 10.0.0.1 password-file: "},
		{"bgp { as 1; router-id 1.1.1.1; neighbor 10.0.0.1 { disabled true; remote-as 1; "
		 "password-file %s; } }",
		 NULL},
		{"bgp { as 1; router-id 1.1.1.1; neighbor-group g { remote-as 1; "
		 "listen-range 10.0.0.0/24; password-file %s; } }",
		 "bgp neighbor-group g password-file: "},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned flags = 0; flags <= CONF_CHECK_FILES; flags += CONF_CHECK_FILES) {
			const char *at = strstr(rows[i][0], "%s");
			char *text = xasprintf("%.*s/no/such/file%s", (int)(at - rows[i][0]),
					       rows[i][0], at + 2);
			struct conf_errors errs = {0};
			struct conf_loaded loaded;
			bool good;

			memset(&loaded, 0xa5, sizeof(loaded)); /* whatever was there */
			good = conf_load_text(ctx, "t", text, strlen(text), flags, &loaded, &errs);
			if (good != !(flags && rows[i][1]))
				fail_msg("row %zu %u: %s", i, flags, errs.n ? errs.v[0].text : "");
			if (!good)
				assert_true(conf_errors_has(&errs, rows[i][1]));
			assert_int_equal(loaded.written != NULL, good);
			assert_int_equal(loaded.effective != NULL, good);
			conf_loaded_free(&loaded);
			conf_errors_free(&errs);
			free(text);
		}
}

static void test_key_files(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *says;
	} files[] = {
		{KEY_A "\n", 0600, NULL},
		{KEY_A "\n", 0400, NULL},
		{KEY_A "\n", 0640,
		 "has mode 0640: others than its owner may use it; expected 0600"},
		{KEY_A "\n", 0604, "has mode 0604"},
		{"short\n", 0600, "holds no key"},
		{"", 0600, "holds no key"},
		{NULL, 0, "No such file"},
	};
	char path[] = "/tmp/conf_test.XXXXXX";
	int fd = mkstemp(path);
	char *text;

	close(fd);
	text = xasprintf("\n wireguard { interface wg0 {\n  private-key-file %s; } }", path);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct conf_errors errs = {0};
		struct conf_loaded loaded;
		bool good;

		if (files[i].text)
			write_file(path, files[i].text, files[i].mode);
		else
			unlink(path);
		good = conf_load_text(ctx, "t", text, strlen(text), CONF_CHECK_FILES, &loaded,
				      &errs);
		assert_int_equal(good, !files[i].says);
		if (files[i].says) {
			assert_true(conf_errors_has(&errs, files[i].says));
			assert_true(conf_errors_has(&errs,
						    "t:3:20: wireguard interface wg0 private-key"));
		}
		conf_loaded_free(&loaded);
		conf_errors_free(&errs);
	}
	free(text);
}

static void test_include(void **state)
{
	char dir[] = "/tmp/conf_test.XXXXXX", *a, *b;
	struct conf_errors errs = {0};
	struct conf *conf;

	assert_non_null(mkdtemp(dir));
	a = xasprintf("%s/a.conf", dir);
	b = xasprintf("%s/b.conf", dir);
	write_file(a, "system { include b.conf; }", 0644);
	write_file(b, "\nhostname x;", 0644);
	conf = conf_parse_file(ctx, a, &errs);
	assert_non_null(conf);
	assert_string_equal(conf_value(conf_top(conf, "system"), "hostname"), "x");
	assert_string_equal(conf_pos(conf_child(conf_top(conf, "system"), "hostname"))->file, b);
	conf_free(conf);
	write_file(b, "include b.conf;", 0644);
	assert_null(conf_parse_file(ctx, a, &errs));
	assert_true(conf_errors_has(&errs, "is nested more than 8 deep"));
	conf_errors_free(&errs);
	unlink(b);
	assert_null(conf_parse_file(ctx, a, &errs));
	assert_true(conf_errors_has(&errs, "a.conf:1:10: include: "));
	conf_errors_free(&errs);
	unlink(a);
	assert_null(conf_parse_file(ctx, a, &errs));
	assert_true(conf_errors_has(&errs, "a.conf: No such file"));
	conf_errors_free(&errs);
	rmdir(dir);
	free(a);
	free(b);
}

static void test_diff(void **state)
{
	static const struct {
		const char *before, *after, *text;
		unsigned n;
	} rows[] = {
		{"{\"x:system\":{\"hostname\":\"a\"}}", "{\"x:system\":{\"hostname\":\"a\"}}", "",
		 0},
		{"{\"x:system\":{\"hostname\":\"a\"}}", "{\"x:system\":{\"hostname\":\"b\"}}",
		 "~system hostname", 1},
		{"{}", "{\"x:system\":{\"hostname\":\"b\"}}", "+system", 1},
		{"{\"x:bgp\":{\"as\":1,\"neighbor\":[{\"address\":\"fe80::1\",\"import\":[\"all\"]}"
		 ","
		 "{\"address\":\"10.0.0.2\"}]}}",
		 "{\"x:bgp\":{\"neighbor\":[{\"address\":\"10.0.0.3\"},{\"address\":\"fe80::1\","
		 "\"import\":[\"none\"]}]}}",
		 "-bgp as, -bgp neighbor 10.0.0.2, +bgp neighbor 10.0.0.3, ~bgp neighbor fe80::1 "
		 "import",
		 4},
		{"{\"x:policy\":[{\"name\":\"a\"}]}", "{}", "-policy a", 1},
		{"{}", "{\"x:rib\":{\"rule\":[{\"priority\":7}]}}", "+rib", 1},
		{"{\"x:rib\":{}}", "{\"x:rib\":{\"rule\":[{\"priority\":7}]}}", "+rib rule 7", 1},
	};
	char out[256];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *before = json_loads(rows[i].before, 0, NULL);
		json_t *after = json_loads(rows[i].after, 0, NULL);

		assert_int_equal(conf_diff(before, after, out, sizeof(out)), rows[i].n);
		assert_string_equal(out, rows[i].text);
		json_decref(before);
		json_decref(after);
	}
}

/* Thousands of statements make one line that says how many are not in it. */
static void test_diff_is_bounded(void **state)
{
	json_t *list = json_array(), *after = json_pack("{s:{s:o}}", "x:bgp", "neighbor", list);
	json_t *before = json_pack("{s:{s:[]}}", "x:bgp", "neighbor");
	char out[128];

	for (int i = 0; i < 5000; i++)
		json_array_append_new(list, json_pack("{s:i}", "address", i));
	assert_int_equal(conf_diff(before, after, out, sizeof(out)), 5000);
	assert_true(strlen(out) < sizeof(out));
	assert_non_null(strstr(out, "+bgp neighbor 0, +bgp neighbor 1"));
	assert_non_null(strstr(out, " more"));
	/* to the byte: what fits is there */
	assert_int_equal(conf_diff(before, after, out, 60), 5000);
	assert_string_equal(out, "+bgp neighbor 0, +bgp neighbor 1 and 4998 more");
	assert_int_equal(conf_diff(before, after, out, 57), 5000);
	assert_string_equal(out, "+bgp neighbor 0, +bgp neighbor 1 and 4998 more");
	assert_int_equal(conf_diff(before, after, out, 56), 5000);
	assert_string_equal(out, "+bgp neighbor 0 and 4999 more");
	json_decref(before);
	json_decref(after);
}

static void test_plain_words(void **state)
{
	static const struct {
		const char *word;
		bool plain;
	} words[] = {{"a", true},
		     {"", false},
		     {"a b", false},
		     {"a;", false},
		     {"10.0.0.0/8{16,24}", true},
		     {"10.0.0.0/8{16}", false},
		     {"x{1,2}y", false},
		     {"[2001:db8::1]:51820", true},
		     {"[2001:db8::1]", false},
		     {"a#b", false},
		     {KEY_A, true},
		     {"\"", false}};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(conf_lex_is_plain(words[i].word), words[i].plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_lacking),
		cmocka_unit_test(test_many_errors_in_one_pass),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_effective),
		cmocka_unit_test(test_own_key),
		cmocka_unit_test(test_key_files),
		cmocka_unit_test(test_files_of_all_kinds),
		cmocka_unit_test(test_nothing_is_left),
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_plain_words),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_diff_is_bounded),
		cmocka_unit_test(test_defaults_of_nothing),
		cmocka_unit_test(test_uplink_numbers),
	};
	struct conf_errors errs = {0};
	char *yang;
	int failed;

	srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
	yang = xasprintf("%s/yang", srcdir);
	ctx = conf_schema_load(yang, &errs);
	conf_errors_print(&errs, stderr);
	if (!ctx)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	ly_ctx_destroy(ctx);
	free(yang);
	return failed;
}
