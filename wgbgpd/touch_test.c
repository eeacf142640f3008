/* SPDX-License-Identifier: BSD-2-Clause */
/* Which interfaces a change touches, and what stays, row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "quoted.h"
#include "touch.h"
#include "util.h"

/* wg0 and wg1 with a site each; an internal neighbor by wg0, an external one by wg1. */
#define PEER_A "{'name': 'a', 'tunnel-address': ['10.0.0.2'], 'permit': ['192.168.1.0/24']}"
#define PEER_B "{'name': 'b', 'tunnel-address': ['10.0.1.2'], 'permit': ['192.168.2.0/24']}"
#define PEER_C "{'name': 'c', 'tunnel-address': ['10.0.1.3'], 'permit': ['192.168.3.0/24']}"
#define WG0 "{'name': 'wg0', 'address': ['10.0.0.1/24'], 'peer': [" PEER_A "]}"
#define WG1                                                                                       \
	"{'name': 'wg1', 'address': ['10.0.1.1/24'], 'guard': 'wg0', 'peer': [" PEER_B "," PEER_C \
	"]}"
#define WITH_WG1(text) "'w:wireguard': {'interface': [" WG0 "," text "]}"
#define WIREGUARD WITH_WG1(WG1)
#define NEAR "{'address': '10.0.0.2', 'import': ['all']}"
#define FAR "{'address': '10.0.1.2', 'import': ['p', 'all'], 'export': ['q']}"
#define FAR_C "{'address': '10.0.1.3'}"
#define BGP_OF(as, neighbors) "'w:bgp': {'as': " as ", 'neighbor': [" neighbors "]}"
#define BGP BGP_OF("65000", NEAR "," FAR "," FAR_C)
#define POLICIES_OF(p)                              \
	"'w:policy': [{'name': 'p', 'default': '" p \
	"'}, {'name': 'q'}, {'name': 'r', 'default': '" p "'}]"
#define POLICIES "'w:policy': [{'name': 'p'}, {'name': 'q'}, {'name': 'r'}]"
#define RIB_OF(text) "'w:rib': {'kernel': 'on', 'static': [" text "]}"
#define RIB RIB_OF("{'prefix': '172.16.0.0/16', 'next-hop': '10.0.1.2'}")
#define STATIC "{'prefix': '172.16.0.0/16', 'next-hop': '10.0.1.2'}"

#define EACH "10.0.0.2, 10.0.1.2, 10.0.1.3"

static const char base[] = "{" WIREGUARD "," BGP "," POLICIES "," RIB "}";

static const struct {
	const char *name, *after; /* the configuration behind the change */
	const char *touched;	  /* interfaces, and what touches them; NULL: none */
	const char *stay;	  /* neighbors that stay; NULL: not looked at */
} rows[] = {
	{"nothing", base, NULL, EACH},
	{"system", "{'w:system': {'hostname': 'x'}," WIREGUARD "," BGP "," POLICIES "," RIB "}",
	 NULL, EACH},
	{"something unknown", "{'w:new': {}," WIREGUARD "," BGP "," POLICIES "," RIB "}",
	 "wg0: w:new, wg1: w:new", NULL},
	{"a leaf of the interface",
	 "{" WITH_WG1("{'name': 'wg1', 'address': ['10.0.1.1/24'], 'guard': 'wg0', 'mtu': 1300, "
		      "'peer': [" PEER_B "," PEER_C "]}") "," BGP "," POLICIES "," RIB "}",
	 "wg1: wireguard interface wg1", "10.0.0.2"},
	{"its description",
	 "{" WITH_WG1("{'name': 'wg1', 'address': ['10.0.1.1/24'], 'guard': 'wg0', 'description': "
		      "'x', 'peer': [" PEER_B "," PEER_C "]}") "," BGP "," POLICIES "," RIB "}",
	 NULL, EACH},
	{"its guard taken away",
	 "{" WITH_WG1("{'name': 'wg1', 'address': ['10.0.1.1/24'], 'peer': [" PEER_B "," PEER_C
		      "]}") "," BGP "," POLICIES "," RIB "}",
	 "wg1: wireguard interface wg1", NULL},
	{"a guard given",
	 "{'w:wireguard': {'interface': [{'name': 'wg0', 'address': ['10.0.0.1/24'], 'guard': "
	 "'wg1', 'peer': [" PEER_A "]}," WG1 "]}," BGP "," POLICIES "," RIB "}",
	 NULL, EACH},
	{"the interface removed",
	 "{'w:wireguard': {'interface': [" WG0 "]}," BGP "," POLICIES "," RIB "}",
	 "wg1: wireguard interface wg1", NULL},
	{"another interface",
	 "{'w:wireguard': {'interface': [" WG0 "," WG1 ",{'name': 'wg2'}]}," BGP "," POLICIES
	 "," RIB "}",
	 NULL, EACH},
	{"a peer's permit",
	 "{" WITH_WG1("{'name': 'wg1', 'address': ['10.0.1.1/24'], 'guard': 'wg0', 'peer': [" PEER_B
		      ",{'name': 'c', 'tunnel-address': ['10.0.1.3']}]}") "," BGP "," POLICIES
									  "," RIB "}",
	 "wg1: wireguard interface wg1 peer c", NULL},
	{"a peer more",
	 "{" WITH_WG1("{'name': 'wg1', 'address': ['10.0.1.1/24'], 'guard': 'wg0', 'peer': [" PEER_B
		      "," PEER_C ",{'name': 'd'}]}") "," BGP "," POLICIES "," RIB "}",
	 "wg1: wireguard interface wg1 peer d", NULL},
	{"a peer revoked, its neighbor too",
	 "{" WITH_WG1("{'name': 'wg1', 'address': ['10.0.1.1/24'], 'guard': 'wg0', 'peer': [" PEER_B
		      "]}") "," BGP_OF("65000", NEAR "," FAR) "," POLICIES "," RIB "}",
	 NULL, "10.0.0.2, 10.0.1.2"},
	{"a peer switched off",
	 "{" WITH_WG1(
		 "{'name': 'wg1', 'address': ['10.0.1.1/24'], 'guard': 'wg0', 'peer': [" PEER_B
		 ",{'name': 'c', 'tunnel-address': ['10.0.1.3'], 'disabled': true}]}") "," BGP
										       "," POLICIES
										       "," RIB "}",
	 NULL, "10.0.0.2, 10.0.1.2"},
	{"a neighbor alone removed",
	 "{" WIREGUARD "," BGP_OF("65000", NEAR "," FAR) "," POLICIES "," RIB "}",
	 "wg1: bgp neighbor 10.0.1.3", NULL},
	{"a neighbor's description",
	 "{" WIREGUARD "," BGP_OF(
		 "65000", NEAR "," FAR ",{'address': '10.0.1.3', 'description': 'x'}") "," POLICIES
										       "," RIB "}",
	 NULL, EACH},
	{"a neighbor in the network",
	 "{" WIREGUARD
	 "," BGP_OF("65000", NEAR "," FAR "," FAR_C ",{'address': '10.0.1.77'}") "," POLICIES
										 "," RIB "}",
	 "wg1: bgp neighbor 10.0.1.77", "10.0.0.2"},
	{"a neighbor on the link",
	 "{" WIREGUARD
	 "," BGP_OF("65000", NEAR "," FAR "," FAR_C ",{'address': 'fe80::1%wg1'}") "," POLICIES
										   "," RIB "}",
	 "wg1: bgp neighbor fe80::1%wg1", NULL},
	{"a neighbor elsewhere",
	 "{" WIREGUARD
	 "," BGP_OF("65000", NEAR "," FAR "," FAR_C ",{'address': '203.0.113.1'}") "," POLICIES
										   "," RIB "}",
	 NULL, EACH},
	{"a policy that one names", "{" WIREGUARD "," BGP "," POLICIES_OF("reject") "," RIB "}",
	 "wg1: bgp neighbor 10.0.1.2", NULL},
	{"bgp itself",
	 "{" WIREGUARD "," BGP_OF("65001", NEAR "," FAR "," FAR_C) "," POLICIES "," RIB "}",
	 "wg0: bgp, wg1: bgp", ""},
	{"a static by next hop removed", "{" WIREGUARD "," BGP "," POLICIES "," RIB_OF("") "}",
	 "wg1: static 172.16.0.0/16", NULL},
	{"a static in what is permitted",
	 "{" WIREGUARD "," BGP "," POLICIES
	 "," RIB_OF(STATIC ",{'prefix': '192.168.2.128/25', 'interface': 'e0'}") "}",
	 "wg1: static 192.168.2.128/25", NULL},
	{"a static elsewhere",
	 "{" WIREGUARD "," BGP "," POLICIES
	 "," RIB_OF(STATIC ",{'prefix': '198.51.100.0/24', 'interface': 'e0'}") "}",
	 NULL, EACH},
	{"rib",
	 "{" WIREGUARD "," BGP "," POLICIES ",'w:rib': {'kernel': 'off', 'static': [" STATIC "]}}",
	 "wg0: rib, wg1: rib", NULL},
};

/* "wg0: rib, wg1: rib", by name. Takes FOUND over. */
static char *text_of(json_t *found)
{
	char *dump = json_dumps(found, JSON_SORT_KEYS), *out = xcalloc(1, strlen(dump) + 1);
	size_t len = 0;

	for (const char *c = dump + 1; c[1]; c++)
		if (*c != '"')
			out[len++] = *c;
	free(dump);
	json_decref(found);
	return out;
}

/* The neighbors that stay, by address. */
static char *stay_of(const json_t *before, const json_t *after)
{
	json_t *stays = touch_stays(before, after);
	char *text = text_of(json_incref(json_object_get(stays, "neighbors"))), *to = text;

	for (const char *c = text; *c; c++) /* without ": true" */
		if (strncmp(c, ": true", 6) == 0)
			c += 5;
		else
			*to++ = *c;
	*to = '\0';
	json_decref(stays);
	return text;
}

static void test_rows(void **state)
{
	json_t *before = quoted(base);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *after = quoted(rows[i].after);
		char *found = text_of(touch_interfaces(before, after));
		char *stay = stay_of(before, after);

		if (!str_eq(found, rows[i].touched ? rows[i].touched : ""))
			fail_msg("%s: touched is \"%s\"", rows[i].name, found);
		if (rows[i].stay && !str_eq(stay, rows[i].stay))
			fail_msg("%s: \"%s\" stay", rows[i].name, stay);
		free(found);
		free(stay);
		json_decref(after);
	}
	json_decref(before);
}

/* Peers with an endpoint, in both, that nothing touches. */
static void test_peers_that_stay(void **state)
{
	static const char format[] =
		"{'w:wireguard': {'interface': ["
		"{'name': 'wg0', 'peer': [{'name': 'a', 'endpoint': ['x:1']}, {'name': 'road'},"
		"{'name': 'b', 'endpoint': ['y:1']%s}, {'name': 'c', 'endpoint': ['z:1']}%s]},"
		"{'name': 'wg1', 'mtu': %d, 'peer': [{'name': 'a', 'endpoint': ['x:2']}]}]}}";
	char *texts[] = {xasprintf(format, "", ", {'name': 'd', 'endpoint': ['v:1']}", 1400),
			 xasprintf(format, ", 'disabled': true", "", 1300)};
	json_t *before = quoted(texts[0]), *after = quoted(texts[1]);
	json_t *stays = touch_stays(before, after);
	char *text = text_of(json_incref(json_object_get(stays, "peers")));

	assert_string_equal(text, "wg0 a: true, wg0 c: true");
	free(text);
	free(texts[0]);
	free(texts[1]);
	json_decref(stays);
	json_decref(before);
	json_decref(after);
}

/* A group with a range, a plane, a static route in it. */
static void test_groups_and_planes(void **state)
{
	json_t *before = quoted(
		"{'w:wireguard': {'interface': ["
		"{'name': 'wg0', 'plane': 'main', 'address': ['10.0.0.1/24']},"
		"{'name': 'wg1', 'plane': 'red', 'address': ['10.0.1.1/24']}]},"
		"'w:plane': [{'name': 'red', 'table': 7}],"
		"'w:bgp': {'neighbor-group': [{'name': 'g', 'listen-range': ['10.0.1.0/28']}]}}");
	json_t *after =
		quoted("{'w:wireguard': {'interface': ["
		       "{'name': 'wg0', 'plane': 'main', 'address': ['10.0.0.1/24']},"
		       "{'name': 'wg1', 'plane': 'red', 'address': ['10.0.1.1/24']}]},"
		       "'w:plane': [{'name': 'red', 'table': 7}],"
		       "'w:bgp': {'neighbor-group': [{'name': 'g', 'listen-range': ['10.0.1.0/28'],"
		       "'remote-as': 'internal'}]}}");
	json_t *plane;
	char *text = text_of(touch_interfaces(before, after));

	assert_string_equal(text, "wg1: bgp neighbor-group g");
	free(text);
	plane = json_array_get(json_object_get(before, "w:plane"), 0);
	json_object_set_new(plane, "table", json_integer(8));
	text = text_of(touch_interfaces(after, before));
	assert_string_equal(text, "wg1: bgp neighbor-group g");
	free(text);
	json_object_set(before, "w:bgp", json_object_get(after, "w:bgp"));
	text = text_of(touch_interfaces(before, after));
	assert_string_equal(text, "wg1: plane red");
	free(text);
	text = text_of(touch_interfaces(NULL, after));
	assert_string_equal(text, "");
	free(text);
	json_decref(before);
	json_decref(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_peers_that_stay),
		cmocka_unit_test(test_groups_and_planes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
