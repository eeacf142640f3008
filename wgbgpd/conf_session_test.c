/* SPDX-License-Identifier: BSD-2-Clause */
/* What protects a session and the memory: statements of a neighbour, right and wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_check.h"
#include "conf_load.h"
#include "conf_place.h"
#include "util.h"

#define KEY0 "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=" /* RFC 7748: Alice's private one */
#define KEY1 "XasIfmJKikt54X+Lg4AO5m87sSkmGLb9HC+LJ/+I4Os=" /* Bob's */
#define FAR "GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU="

#define TEN "0123456789"

static struct ly_ctx *ctx;
static char dir[] = "/tmp/conf_session_test.XXXXXX";

/* @ stands for the directory of the keys. */
static const char base[] =
	"system { hostname a; }\n"
	"wireguard {\n"
	"    interface wg0 { private-key-file @/k0; listen-port 51820;\n"
	"        address [ 10.9.0.1/24 fd09::1/64 ];\n"
	"        peer b { public-key \"" FAR "\"; endpoint 198.51.100.2:51820;\n"
	"            tunnel-address [ 10.9.0.2 fd09::2 ]; permit [ 192.168.2.0/24 ]; } }\n"
	"    interface wg1 { private-key-file @/k1; listen-port 51821; address [ 10.8.0.1/24 ];\n"
	"        peer c { public-key \"" FAR "\"; endpoint 198.51.100.2:51821;\n"
	"            tunnel-address [ 10.8.0.2 ]; permit [ 192.168.3.0/24 ]; } }\n"
	"}\n"
	"bgp { as 65001; router-id 10.9.0.1; network [ 192.168.1.0/24 ];\n"
	"    neighbor 10.9.0.2 { remote-as 65002; import all; export all; max-prefix 9; }\n"
	"}\n"
	"plane p { table 100; }\n"
	"rib { static 10.77.0.0/16 { next-hop 10.9.0.2; } }\n";

enum verdict { REFUSED, WARNED, FINE };

static const struct {
	const char *from, *to; /* the first FROM of the base becomes TO */
	enum verdict verdict;
	const char *says;
} rows[] = {
	{"", "", FINE, NULL},
	/* memory */
	{"max-prefix 9;", "", WARNED,
	 "warning: bgp neighbor 10.9.0.2: max-prefix is missing: a neighbor without a limit"},
	{"max-prefix 9; }",
	 "} neighbor 10.9.0.3 { remote-as internal; } neighbor 10.9.0.4 { remote-as 3; "
	 "import all; export all; max-prefix 1; } neighbor 10.9.0.5 { remote-as internal; } ",
	 WARNED, "bgp neighbor 10.9.0.2: max-prefix is missing (and for 2 more)"},
	{"max-prefix 9;", "disabled true;", FINE, NULL},
	{"neighbor 10.9.0.2 { remote-as 65002; import all; export all; max-prefix 9;",
	 "neighbor-group g { max-prefix 5; }\n neighbor 10.9.0.2 { group g; remote-as 65002; "
	 "import all; export all;",
	 FINE, NULL},
	{"neighbor 10.9.0.2 {",
	 "neighbor-group g { remote-as internal; listen-range 10.9.0.0/26; }\n"
	 "    neighbor 10.9.0.2 {",
	 FINE, NULL},
	/* what protects a session */
	{"remote-as 65002;", "remote-as 65002; password-file @/pw;", FINE, NULL},
	{"remote-as 65002;", "remote-as 65002; password-file @/p80;", FINE, NULL},
	{"remote-as 65002;", "remote-as 65002; password-file @/p81;", REFUSED,
	 "bgp neighbor 10.9.0.2 password-file: @/p81: holds no password; expected 1 to 80 "},
	{"remote-as 65002;", "remote-as 65002; password-file @/p0;", REFUSED, "holds no password"},
	{"remote-as 65002;", "remote-as 65002; password-file @/none;", REFUSED, "No such file"},
	{"remote-as 65002;", "remote-as 65002; password-file pw;", REFUSED, "password-file"},
	{"router-id 10.9.0.1",
	 "router-id 10.9.0.1; neighbor-group g { remote-as 65009; import all; export all; "
	 "password-file @/none; listen-range [ 10.9.0.128/25 ]; }",
	 REFUSED, "neighbor-group g password-file: @/none: No such file"},
	{"router-id 10.9.0.1",
	 "router-id 10.9.0.1; neighbor-group g { remote-as 65009; import all; export all; "
	 "password-file @/pw; listen-range [ 10.9.0.128/25 ]; }",
	 FINE, NULL},
	{"router-id 10.9.0.1",
	 "router-id 10.9.0.1; neighbor-group g { remote-as 65009; import all; export all; "
	 "password-file @/pw; listen-range [ 10.9.0.0/25 ]; }",
	 REFUSED,
	 "bgp neighbor 10.9.0.2: password-file is missing: the address is in listen-range "
	 "'10.9.0.0/25' of neighbor-group g"},
	{"router-id 10.9.0.1; network [ 192.168.1.0/24 ];\n    neighbor 10.9.0.2 {",
	 "router-id 10.9.0.1; neighbor-group g { remote-as 65009; import all; export all; "
	 "password-file @/pw; listen-range [ 10.9.0.0/25 ]; }\n neighbor 10.9.0.2 { group g;",
	 FINE, NULL},
	{"router-id 10.9.0.1",
	 "router-id 10.9.0.1; neighbor fe80::1%wg0 { remote-as internal; password-file @/pw; "
	 "max-prefix 9; } "
	 "neighbor fe80::1%wg1 { remote-as internal; password-file @/p80; }",
	 REFUSED, "neighbor fe80::1%wg1: has another password-file than 'fe80::1%wg0'"},
	{"router-id 10.9.0.1",
	 "router-id 10.9.0.1; neighbor fe80::1%wg0 { remote-as internal; password-file @/pw; "
	 "max-prefix 9; } "
	 "neighbor fe80::1%wg1 { remote-as internal; }",
	 REFUSED, "neighbor fe80::1%wg1: has another password-file than 'fe80::1%wg0'"},
	{"router-id 10.9.0.1",
	 "router-id 10.9.0.1; neighbor fe80::1%wg0 { remote-as internal; password-file @/pw; "
	 "max-prefix 9; } "
	 "neighbor fe80::1%wg1 { remote-as internal; password-file @/pw; max-prefix 9; } "
	 "neighbor fe80::2%wg1 { remote-as internal; max-prefix 9; }",
	 FINE, NULL},
	{"remote-as 65002;", "remote-as 65002; ttl-security 1;", FINE, NULL},
	{"remote-as 65002;", "remote-as 65002; ttl-security 255;", REFUSED, "ttl-security"},
	{"remote-as 65002;", "remote-as 65002; ttl-security 0;", REFUSED, "ttl-security"},
	{"remote-as 65002;", "remote-as 65002; ttl-security 2; multihop 2;", REFUSED,
	 "bgp neighbor 10.9.0.2 ttl-security: 'multihop' says that"},
	{"neighbor 10.9.0.2 { remote-as 65002;",
	 "neighbor-group g { multihop 3; } neighbor 10.9.0.2 { remote-as 65002; group g; "
	 "ttl-security 2;",
	 REFUSED, "'multihop' says that"},
	{"neighbor 10.9.0.2 {", "neighbor 203.0.113.77 { ttl-security 2;", FINE, NULL},
	{"neighbor 10.9.0.2 {", "neighbor 203.0.113.77 { ttl-security 1;", WARNED,
	 "must be directly connected"},
	{"router-id 10.9.0.1", "router-id 10.9.0.1; send-hold-time 90", WARNED,
	 "bgp send-hold-time: '90' is not above the hold-time of 90"},
	{"router-id 10.9.0.1", "router-id 10.9.0.1; send-hold-time 91", FINE, NULL},
	{"router-id 10.9.0.1", "router-id 10.9.0.1; send-hold-time 0", FINE, NULL},
	{"router-id 10.9.0.1", "router-id 10.9.0.1; hold-time 0; send-hold-time 9", FINE, NULL},
};

/* OUT: TEXT with each @ and its first FROM replaced. */
static char *filled(const char *text, const char *from, const char *to)
{
	char *out = xstrdup(text);

	if (*from) {
		char *at = strstr(out, from), *whole;

		if (!at)
			fail_msg("no %s in the base", from);
		*at = '\0';
		whole = xasprintf("%s%s%s", out, to, at + strlen(from));
		free(out);
		out = whole;
	}
	for (char *at; (at = strchr(out, '@'));) {
		char *whole;

		*at = '\0';
		whole = xasprintf("%s%s%s", out, dir, at + 1);
		free(out);
		out = whole;
	}
	return out;
}

static void test_each(void **state)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = filled(base, rows[i].from, rows[i].to);
		char *says = rows[i].says ? filled(rows[i].says, "", "") : NULL;
		struct conf_errors errs = {0};
		struct conf_loaded loaded;
		bool ok = conf_load_text(ctx, "t", text, strlen(text), CONF_CHECK_FILES, &loaded,
					 &errs);

		if (ok != (rows[i].verdict != REFUSED) ||
		    (rows[i].verdict == WARNED) != (ok && errs.warnings) ||
		    (says && !conf_errors_has(&errs, says))) {
			conf_errors_print(&errs, stderr);
			print_error("'%s' -> '%s': wanted %s\n", rows[i].from, rows[i].to,
				    says ? says : "nothing");
			wrong++;
		}
		conf_loaded_free(&loaded);
		conf_errors_free(&errs);
		free(text);
		free(says);
	}
	assert_int_equal(wrong, 0);
}

static const struct conf_place_file keys[] = {{"k0", KEY0 "\n"},
					      {"k1", KEY1 "\n"},
					      {"pw", "a b\xc3\xa9\r\nx\n"},
					      {"p80", TEN TEN TEN TEN TEN TEN TEN TEN "\n"},
					      {"p81", TEN TEN TEN TEN TEN TEN TEN TEN "1\n"},
					      {"p0", "\nx\n"}};

static int setup(void **state)
{
	ctx = conf_place_make(dir, keys, ARRAY_SIZE(keys));
	return ctx ? 0 : -1;
}

static int teardown(void **state)
{
	conf_place_remove(ctx, dir, keys, ARRAY_SIZE(keys));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
