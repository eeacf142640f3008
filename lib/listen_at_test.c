/* SPDX-License-Identifier: BSD-2-Clause */
/* Which addresses BGP listens on, by who the neighbours are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listen_at.h"
#include "quoted.h"
#include "util.h"

#define TUNNELS                                                                             \
	"{'name': 'wg0', 'address': ['10.9.0.1/24', 'fd09::1/64', 'fe80::1/64'], 'peer': [" \
	"{'name': 'a', 'tunnel-address': ['10.9.0.2', '172.16.0.2']}]}, "                   \
	"{'name': 'wg1', 'address': ['10.8.0.1/32'], 'peer': ["                             \
	"{'name': 'b', 'tunnel-address': ['10.8.0.2', 'fd08::2']}]}, {'name': 'wg2'}"
#define OURS "10.9.0.1 fd09::1 10.8.0.1"

/* ' stands for ". */
static const struct {
	const char *bgp, *addrs; /* "" all */
} rows[] = {
	{"'neighbor': [{'address': '10.9.0.2'}]", OURS},
	{"'neighbor': [{'address': '172.16.0.2'}]", OURS},
	{"'neighbor': [{'address': '10.9.0.77'}]", OURS}, /* by `any`, or behind a range */
	{"'neighbor': [{'address': '10.8.0.2'}, {'address': 'fd09::5'}]", OURS},
	{"'neighbor': [{'address': 'fd08::2'}]", ""}, /* wg1 has no IPv6 address that we know */
	{"'neighbor': [{'address': '10.9.0.2'}, {'address': '192.0.2.1'}]", ""},
	{"'neighbor': [{'address': '192.0.2.1', 'disabled': true}]", OURS},
	{"'neighbor': [{'address': '192.0.2.1', 'local-address': '192.0.2.9'}]", OURS " 192.0.2.9"},
	{"'neighbor': [{'address': '192.0.2.1', 'local-address': '10.9.0.1'}, {'address': "
	 "'192.0.2.2', 'local-address': '192.0.2.9'}, {'address': '192.0.2.3', 'local-address': "
	 "'192.0.2.9'}]",
	 OURS " 192.0.2.9"},
	{"'neighbor': [{'address': 'fe80::2%wg0'}]", ""},
	{"'neighbor': [{'address': 'fe80::2%wg0', 'local-address': 'fe80::1'}]", ""},
	{"'neighbor': [{'address': 'fe80::2%wg0', 'local-address': 'fd09::1'}]", OURS},
	{"'neighbor-group': [{'name': 'g', 'listen-range': ['10.9.0.128/25', 'fd09::/64']}]", OURS},
	{"'neighbor-group': [{'name': 'g', 'listen-range': ['10.9.0.0/24', '10.9.1.0/24']}]", ""},
	{"'neighbor-group': [{'name': 'g', 'listen-range': ['10.0.0.0/8']}]", ""},
	{"'neighbor-group': [{'name': 'g', 'listen-range': ['10.0.0.0/8'], 'local-address': "
	 "'10.9.0.1'}]",
	 OURS},
	{"'neighbor-group': [{'name': 'g', 'listen-range': ['10.0.0.0/8'], 'disabled': true}]",
	 OURS},
	{"'neighbor-group': [{'name': 'g'}, {'name': 'h', 'listen-range': []}]", OURS},
	{"'neighbor': []", OURS},
	{"'listen-address': ['10.1.1.1', '::'], 'neighbor': [{'address': '192.0.2.1'}]",
	 "10.1.1.1 ::"},
	{"'listen-address': ['10.1.1.1'], 'neighbor': [{'address': '10.9.0.2'}]", "10.1.1.1"},
};

static json_t *parse(const char *tunnels, const char *bgp)
{
	char *text =
		xasprintf("{'wireguard': {'interface': [%s]}, 'bgp': {'as': 1, %s}}", tunnels, bgp);
	json_t *config = quoted(text);

	free(text);
	return config;
}

static void expect(const char *tunnels, const char *bgp, const char *addrs)
{
	json_t *config = parse(tunnels, bgp);
	struct listen_at at = listen_at(config);
	char text[1024] = "", one[ADDR_STRLEN];

	for (size_t i = 0; i < at.n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			 addr_str(&at.addrs[i], one));
	if (!str_eq(text, addrs))
		fail_msg("%s: '%s', not '%s'", bgp, text, addrs);
	assert_int_equal(at.written, strstr(bgp, "listen-address") != NULL);
	free(at.addrs);
	json_decref(config);
}

static void test_addresses(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect(TUNNELS, rows[i].bgp, rows[i].addrs);
	expect("", "'neighbor': []", "");
	/* of a link-local network the interface is not known */
	expect("{'name': 'wg0', 'address': ['10.9.0.1/24', 'fe80::1/64', 7]}",
	       "'neighbor': [{'address': 'fe80::5'}]", "");
	expect("", "'neighbor': [{'address': '10.9.0.2', 'local-address': '10.9.0.1'}]",
	       "10.9.0.1");
}

/* So many sockets would be too many. */
static void test_bound(void **state)
{
	for (int n = LISTEN_AT_MAX; n <= LISTEN_AT_MAX + 1; n++) {
		char *list = xcalloc(n + 1, 64);
		struct listen_at at;
		json_t *config;

		for (int i = 0; i < n; i++)
			sprintf(list + strlen(list),
				"%s{'name': 'wg%d', 'address': ['10.1.%d.1/24']}", i ? ", " : "", i,
				i);
		config = parse(list, "'neighbor': [{'address': '10.1.0.2'}]");
		at = listen_at(config);
		assert_int_equal(at.n, n > LISTEN_AT_MAX ? 0 : n);
		free(at.addrs);
		json_decref(config);
		free(list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
