/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_judge: one healthy set of facts, and everything that can break it, one by one and in
 * random company: what is meant for a tunnel is never called reachable when it leaves by another
 * way, and the stage is that of the cause.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain_judge.h"
#include "quoted.h"
#include "members.h"
#include "testing.h"
#include "util.h"

static json_t *facts;

/* A destination behind peer b on wg0, by BGP; a default route by eth0 is there, too. */
static const char healthy[] =
	"{'destination': '192.168.2.7', 'plane': 'main',"
	" 'bgp-routes': [{'prefix': '192.168.2.0/24', 'plane': 'main', 'paths': [{'best': true,"
	"   'eligible': true, 'reason': 'none', 'from': '10.9.0.2', 'next-hop': '10.9.0.2'}]}],"
	" 'routes': [{'prefix': '192.168.2.0/24', 'plane': 'main', 'protocol': 'bgp',"
	"   'distance': 20, 'selected': true, 'installed': true, 'next-hops': [{'address':"
	"   '10.9.0.2', 'interface': 'wg0', 'peer': 'b', 'state': 'up', 'active': true}]}],"
	" 'entries': [{'interface': 'wg0', 'peer': 'b', 'prefix': '192.168.2.0/24', 'origin':"
	"   'learned', 'installed': true}],"
	" 'interfaces': [{'name': 'wg0', 'state': 'ready', 'up': true, 'plane': 'main',"
	"   'addresses': ['10.9.0.1/24'], 'peers': [{'name': 'b', 'permit': ['192.168.0.0/16'],"
	"   'allowed-ips': ['172.16.0.0/12'], 'tunnel-addresses': ['10.9.0.2']}]}],"
	" 'tunnels': [{'interface': 'wg0', 'peer': 'b', 'state': 'up', 'reason-text': 'fresh',"
	"   'handshake-seconds': 5, 'endpoint': '198.51.100.2:51820',"
	"   'tunnel-addresses': ['10.9.0.2']}],"
	" 'neighbors': [{'address': '10.9.0.2', 'state': 'established', 'tunnel': {'interface':"
	"   'wg0', 'peer': 'b'}}],"
	" 'pins': [], 'kernel': {'error': null, 'local': false, 'interface': 'wg0', 'gateway':"
	"   null}, 'endpoint': {'error': null, 'local': false, 'interface': 'eth0', 'gateway':"
	"   '203.0.113.1'}, 'forwarding': {'needed': true, 'on': true}}";

static json_t *first(const char *list)
{
	return json_array_get(json_object_get(facts, list), 0);
}

static void set(json_t *row, const char *key, const char *value)
{
	json_object_set_new(row, key, quoted(value));
}

/* ---- what breaks: each leaves the facts as the daemons and the kernel would have them */

static void no_route(void)
{
	set(facts, "entries", "[]");
	set(facts, "kernel", "{'interface': 'eth0', 'gateway': '203.0.113.1'}");
	set(facts, "routes",
	    "[{'prefix': '0.0.0.0/0', 'protocol': 'kernel', 'distance': 0, 'selected': true,"
	    " 'installed': true, 'next-hops': [{'address': '203.0.113.1', 'interface': 'eth0',"
	    " 'peer': null, 'state': 'up', 'active': true}]}]");
}

static void nothing_announced(void)
{
	no_route();
	set(facts, "bgp-routes", "[]");
}

static void session_lost(void)
{
	nothing_announced();
	set(first("neighbors"), "state", "'active'");
	set(first("neighbors"), "last-error", "'hold timer expired'");
}

static void wrong_key(void)
{
	session_lost();
	set(first("tunnels"), "state", "'never'");
}

static void tunnel_down(void)
{
	session_lost();
	set(first("tunnels"), "state", "'down'");
	set(first("tunnels"), "reason-text", "'silence'");
}

static void tunnel_down_path_kept(void)
{
	no_route();
	set(first("tunnels"), "state", "'down'");
	set(first("tunnels"), "reason-text", "'silence'");
	set(first("bgp-routes"), "paths",
	    "[{'best': false, 'eligible': false, 'reason': 'tunnel-down', 'reason-text':"
	    " 'the tunnel is down', 'from': '10.9.0.2', 'next-hop': '10.9.0.2'}]");
}

static void interface_down(void)
{
	session_lost();
	set(first("interfaces"), "up", "false");
}

static void interface_refused(void)
{
	session_lost();
	set(first("interfaces"), "state", "'refused'");
	set(facts, "tunnels", "[]");
}

static void foreign_in_front(void)
{
	no_route();
	set(first("routes"), "prefix", "'192.168.2.0/28'");
}

static void foreign_in_front_unseen(void)
{
	set(facts, "kernel", "{'interface': 'eth0', 'gateway': '203.0.113.1'}");
}

static void blackhole_in_front(void)
{
	set(facts, "kernel", "{'error': 'Invalid argument', 'interface': ''}");
}

static void blackhole_known(void)
{
	no_route();
	set(first("routes"), "prefix", "'192.168.2.0/28'");
	set(first("routes"), "next-hops", "[]");
	set(facts, "kernel", "{'error': 'Invalid argument', 'interface': ''}");
}

/* No tunnel has a route: ours refuses it. */
static void keep_in(void)
{
	set(facts, "routes",
	    "[{'prefix': '192.168.0.0/16', 'plane': 'main', 'protocol': 'keep-in', 'distance': 255,"
	    " 'selected': true, 'installed': true, 'reason': 'kept-in', 'age-seconds': 61,"
	    " 'next-hops': []}]");
	set(facts, "kernel", "{'error': 'No route to host', 'interface': ''}");
}

static void kept_in(void)
{
	session_lost();
	keep_in();
}

static void kept_in_tunnel_down(void)
{
	tunnel_down();
	keep_in();
}

static void kept_in_path_kept(void)
{
	tunnel_down_path_kept();
	keep_in();
}

static void forwarding_off(void)
{
	set(facts, "forwarding", "{'needed': true, 'on': false}");
}

static void entry_missing(void)
{
	set(facts, "entries", "[]");
}

static void entry_of_another(void)
{
	set(first("entries"), "peer", "'c'");
}

static void endpoint_in_tunnel(void)
{
	set(facts, "endpoint", "{'interface': 'wg0'}");
}

static void endpoint_unknown(void)
{
	set(first("tunnels"), "endpoint", "null");
}

static const struct {
	const char *name;
	void (*apply)(void);
	const char *stage, *verdict;
} breaks[] = {
	{"nothing announced", nothing_announced, "bgp", "in the permit list of peer b on wg0"},
	{"session lost", session_lost, "bgp", "the session with 10.9.0.2 is active, hold timer"},
	{"wrong key", wrong_key, "tunnel", "that tunnel was never up"},
	{"tunnel down", tunnel_down, "tunnel", "that tunnel is down (silence): it leaves by eth0"},
	{"tunnel down, path kept", tunnel_down_path_kept, "bgp",
	 "the tunnel is down (b on wg0: silence, last handshake "},
	{"interface down", interface_down, "tunnel", "wg0 is down: it leaves by eth0"},
	{"interface refused", interface_refused, "tunnel", "wg0 is refused"},
	{"foreign more-specific", foreign_in_front, "kernel", "192.168.2.0/28 of protocol kernel"},
	{"foreign rule", foreign_in_front_unseen, "kernel", "by eth0 instead of wg0"},
	{"blackhole", blackhole_in_front, "kernel", "the kernel has no way"},
	{"blackhole, known", blackhole_known, "next-hop",
	 "192.168.2.0/28 of protocol kernel leads nowhere"},
	{"kept in", kept_in, "bgp", "is active, hold timer expired: it is kept in"},
	{"kept in, tunnel down", kept_in_tunnel_down, "tunnel", "is down (silence): it is kept in"},
	{"kept in, path kept", kept_in_path_kept, "bgp", "the tunnel is down"},
	{"forwarding off", forwarding_off, "forwarding", "does not forward IPv4"},
	{"entry missing", entry_missing, "allowed-ips", "no AllowedIPs entry"},
	{"entry of another", entry_of_another, "allowed-ips", "belongs to peer c"},
	{"endpoint in the tunnel", endpoint_in_tunnel, "endpoint", "into the tunnel"},
	{"endpoint unknown", endpoint_unknown, "endpoint", "is not known"},
};

static int setup(void **state)
{
	facts = quoted(healthy);
	return 0;
}

static int teardown(void **state)
{
	json_decref(facts);
	facts = NULL;
	return 0;
}

static void again(void)
{
	teardown(NULL);
	setup(NULL);
}

/* STAGE NULL: reachable. Otherwise the first step that fails is of that stage. */
static void judged(const char *what, const char *stage, const char *text)
{
	json_t *doc = explain_judge(facts), *row;
	const char *verdict = json_string_value(json_object_get(doc, "verdict")), *failed = NULL;
	size_t i;

	json_array_foreach (json_object_get(doc, "steps"), i, row)
		if (json_is_false(json_object_get(row, "ok")) && !failed)
			failed = json_string_value(json_object_get(row, "stage"));
	if (is_true(doc, "reachable") != !failed || !stage != !failed ||
	    (stage && !str_eq(stage, failed)) || !strstr(verdict, text)) {
		char *dump = json_dumps(doc, JSON_INDENT(1));

		fail_msg("%s: wanted %s with \"%s\":\n%s", what, stage ? stage : "reachable", text,
			 dump);
	}
	json_decref(doc);
}

static void test_healthy(void **state)
{
	judged("healthy", NULL, "reachable through tunnel peer b on wg0");
	set(facts, "forwarding", "{'needed': false, 'on': false}");
	judged("nobody is behind it", NULL, "reachable through");
}

static void test_each(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(breaks); i++) {
		again();
		breaks[i].apply();
		judged(breaks[i].name, breaks[i].stage, breaks[i].verdict);
	}
}

/* What claims a destination without any help of BGP. */
static void test_claims(void **state)
{
	static const struct {
		const char *dst, *stage, *text;
	} rows[] = {
		{"'172.16.9.1'", "rib", "172.16.0.0/12 is a static AllowedIPs entry of peer b"},
		{"'10.9.0.2'", "rib", "10.9.0.2/32 is a tunnel address of peer b on wg0"},
		{"'10.9.0.77'", "rib", "10.9.0.0/24 is the network of wg0"},
		{"'192.168.7.7'", "bgp", "192.168.0.0/16 is in the permit list of peer b"},
		{"'203.0.113.99'", NULL, "is reachable by eth0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		again();
		nothing_announced();
		set(facts, "destination", rows[i].dst);
		judged(rows[i].dst, rows[i].stage, rows[i].text);
		if (!rows[i].stage)
			continue;
		set(first("interfaces"), "up", "false");
		judged(rows[i].dst, "tunnel", "wg0 is down");
		set(first("interfaces"), "plane", "'lab'");
		judged("of another plane", NULL, "is reachable by eth0");
	}
}

/* The same where no route at all covers it. */
static void test_claims_without_a_route(void **state)
{
	static const struct {
		const char *dst, *stage, *text;
	} rows[] = {
		{"'172.16.9.1'", "rib", "172.16.0.0/12 is a static AllowedIPs entry of peer b"},
		{"'10.9.0.2'", "rib", "10.9.0.2/32 is a tunnel address of peer b on wg0"},
		{"'10.9.0.77'", "rib", "10.9.0.0/24 is the network of wg0, but no route leads"},
		{"'192.168.7.7'", "bgp", "192.168.0.0/16 is in the permit list of peer b"},
		{"'203.0.113.99'", "bgp", "no prefix in the BGP table covers 203.0.113.99"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		again();
		nothing_announced();
		set(facts, "routes", "[]");
		set(facts, "destination", rows[i].dst);
		judged(rows[i].dst, rows[i].stage, rows[i].text);
		if (i + 1 == ARRAY_SIZE(rows))
			break;
		set(first("tunnels"), "state", "'down'");
		judged(rows[i].dst, i == 2 ? "rib" : "tunnel",
		       i == 2 ? "wg0" : "that tunnel is down");
		set(first("interfaces"), "up", "false");
		judged(rows[i].dst, "tunnel", "wg0 is down: no route covers it");
	}
}

static const char *text_of_step(const json_t *doc, const char *part)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(doc, "steps"), i, row)
		if (strstr(json_string_value(json_object_get(row, "text")), part))
			return json_string_value(json_object_get(row, "text"));
	return NULL;
}

static void says_step(const char *part, bool there)
{
	json_t *doc = explain_judge(facts);

	if (!text_of_step(doc, part) != !there) {
		char *dump = json_dumps(doc, JSON_INDENT(1));

		fail_msg("%s \"%s\" in\n%s", there ? "no" : "a", part, dump);
	}
	json_decref(doc);
}

/* Since when, and that nothing else is said of a route that is no way. */
static void test_kept_in(void **state)
{
	kept_in_tunnel_down();
	says_step("192.168.0.0/16 is kept in, for 00:01:01: no tunnel has a route for it", true);
	says_step("leads nowhere", false);
	says_step("no prefix in the BGP table", false);
	says_step("protocol keep-in", false);
	says_step("leaves by", false);
}

/* Of claims of one length the stronger one is named, wherever it stands. */
static void test_equal_claims(void **state)
{
	json_t *peer = json_array_get(json_object_get(first("interfaces"), "peers"), 0);

	nothing_announced();
	set(facts, "destination", "'172.16.9.1'");
	set(peer, "permit", "['172.16.0.0/12', '10.9.0.0/24']");
	judged("entry and permit", "rib", "static AllowedIPs entry");
	set(facts, "destination", "'10.9.0.77'");
	judged("permit and network", "bgp", "10.9.0.0/24 is in the permit list");
	set(peer, "permit", "['172.16.9.0/24']");
	set(facts, "destination", "'172.16.9.1'");
	judged("a longer permit", "bgp", "172.16.9.0/24 is in the permit list");
}

/* Of several next hops the one that the kernel takes is looked at, the others are named. */
static void test_shared_traffic(void **state)
{
	set(first("routes"), "next-hops",
	    "[{'address': '10.8.0.2', 'interface': 'wg1', 'peer': 'c', 'state': 'up', 'active': "
	    "true},"
	    " {'address': '10.9.0.2', 'interface': 'wg0', 'peer': 'b', 'state': 'up', 'active': "
	    "true},"
	    " {'address': '10.7.0.2', 'interface': 'wg2', 'peer': 'e', 'state': 'up', 'active': "
	    "false}]");
	judged("three next hops", NULL, "through tunnel peer b on wg0");
	says_step("10.8.0.2 by wg1 peer c shares the traffic", true);
	says_step("10.9.0.2 by wg0 peer b shares the traffic", false);
	says_step("10.7.0.2 by wg2 peer e shares the traffic", false);
	set(facts, "kernel", "{'interface': 'wg1'}");
	says_step("10.9.0.2 by wg0 peer b shares the traffic", true);
}

/* Rows that are not selected are named where they are as specific as the one that is. */
static void test_rejected(void **state)
{
	json_t *rejected =
		quoted("{'prefix': '192.168.2.0/24', 'protocol': 'static', 'selected': false,"
		       " 'reason-text': 'first', 'next-hops': []}");

	json_array_append_new(json_object_get(facts, "routes"), rejected);
	json_array_append_new(
		json_object_get(facts, "routes"),
		quoted("{'prefix': '192.168.2.0/24', 'protocol': 'kernel', 'selected':"
		       " false, 'reason-text': 'second', 'next-hops': []}"));
	judged("another protocol lost", NULL, "reachable");
	says_step("of protocol static is not selected: first", true);
	set(rejected, "prefix", "'192.168.0.0/16'");
	json_array_remove(json_object_get(facts, "routes"), 2);
	says_step("is not selected", false);
}

static void test_no_hop(void **state)
{
	json_t *route;

	no_route();
	route = first("routes");
	set(route, "next-hops", "[]");
	set(facts, "bgp-routes", "[]");
	set(facts, "destination", "'203.0.113.9'");
	says_step("0.0.0.0/0 of protocol kernel leads nowhere", true);
	set(route, "installed", "false");
	set(route, "reason-text", "'refused'");
	says_step("leads nowhere", false);
	says_step("no next hop is in use: refused", true);
	set(route, "installed", "true");
	set(route, "next-hops", "[{'interface': 'eth0', 'state': 'up', 'active': false}]");
	says_step("leads nowhere", false);
	says_step("no next hop is in use", true);
}

static void test_bgp_said(void **state)
{
	says_step("192.168.2.0/24 is installed", true);
	json_array_append_new(
		json_object_get(first("bgp-routes"), "paths"),
		quoted("{'eligible': true, 'reason': 'same-interface', 'reason-text':"
		       " 'its sentence', 'from': '10.9.0.3', 'next-hop': '10.9.0.3'}"));
	says_step("192.168.2.0/24 from 10.9.0.3 shares no traffic: its sentence", true);
	no_route(); /* somebody's route of the same prefix */
	set(first("routes"), "prefix", "'192.168.2.0/24'");
	judged("the same prefix", "kernel", "192.168.2.0/24 of protocol kernel is in front of");
}

/* One cause is said, not what follows from it. */
static void test_one_cause(void **state)
{
	interface_down();
	says_step("wg0 is down", true);
	says_step("the session with", false);
	again();
	wrong_key();
	says_step("was never up", true);
	says_step("the session with", false);
}

static void test_endpoint(void **state)
{
	says_step("endpoint 198.51.100.2:51820 is reached by eth0", true);
	set(facts, "pins",
	    "[{'endpoint': '198.51.100.9', 'state': 'not-needed'}, {'endpoint': '198.51.100.2',"
	    " 'state': 'installed'}]");
	says_step("pinned to the underlay", true);
	set(facts, "pins", "[{'endpoint': '198.51.100.2', 'state': 'not-needed'}]");
	says_step("no learned route covers it", true);
	set(facts, "endpoint", "{'error': 'Network is unreachable', 'interface': ''}");
	judged("no underlay", "endpoint", "the kernel has no way to the endpoint");
}

/* Either table of wgd says that an interface is a tunnel. */
static void test_half_of_wgd(void **state)
{
	json_object_del(facts, "interfaces");
	judged("tunnels alone", NULL, "through tunnel peer b");
	again();
	json_object_del(facts, "tunnels");
	judged("interfaces alone", "tunnel", "wgd knows no peer b on wg0");
}

/* What another plane knows is named where this one knows nothing as specific. */
static void test_other_plane(void **state)
{
	set(first("routes"), "plane", "'lab'");
	set(first("bgp-routes"), "plane", "'lab'");
	says_step("plane lab has 192.168.2.0/24, but this is plane main", true);
	says_step("is best from", false);
	again();
	json_array_append_new(
		json_object_get(facts, "routes"),
		quoted("{'prefix': '192.168.0.0/16', 'plane': 'lab', 'selected': true}"));
	says_step("plane lab has", false);
}

/* What is ours may leave by no tunnel, whatever the ceilings cover. */
static void test_own(void **state)
{
	static const char *const protocols[] = {"'connected'", "'static'", "'pin'"};

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		again();
		nothing_announced();
		set(first("routes"), "prefix", "'192.168.2.0/24'");
		set(first("routes"), "protocol", protocols[i]);
		judged(protocols[i], NULL, "reachable by eth0");
	}
	set(first("routes"), "protocol", "'kernel'");
	judged("somebody's", "bgp", "permit list");
	set(facts, "bgp-routes",
	    "[{'prefix': '192.168.2.0/24', 'paths': [{'best': true,"
	    " 'eligible': true, 'from': null}]}]");
	judged("originated here", NULL, "reachable by eth0");
	nothing_announced();
	set(facts, "destination", "'198.51.100.2'");
	json_array_append_new(
		json_object_get(json_array_get(json_object_get(first("interfaces"), "peers"), 0),
				"permit"),
		json_string("198.51.100.0/24"));
	judged("an endpoint", NULL, "reachable by eth0");
}

/* A permit list of everything means what BGP knows of, not the Internet as such. */
static void test_everything(void **state)
{
	json_t *peer = json_array_get(json_object_get(first("interfaces"), "peers"), 0);

	set(peer, "permit", "['0.0.0.0/0']");
	nothing_announced();
	judged("no default route is learned", NULL, "reachable by eth0");
	set(facts, "bgp-routes",
	    "[{'prefix': '0.0.0.0/0', 'paths': [{'best': false, 'eligible':"
	    " false, 'reason-text': 'down', 'from': '10.9.0.2'}]}]");
	set(first("tunnels"), "state", "'down'");
	judged("a full tunnel that is down", "tunnel", "is down (fresh): it leaves by eth0");
	set(first("routes"), "prefix", "'192.168.0.0/16'");
	judged("more specific than everything", NULL, "reachable by eth0");
}

/* A text of others that is too long for a sentence is cut, never in the middle of a character. */
static void test_long_words(void **state)
{
	for (size_t n = 480; n < 1200; n++) {
		char *text = xcalloc(1, n + 5), *step;
		json_t *doc;

		memset(text, 'x', n);
		strcat(text, "\xe2\x82\xac");
		again();
		entry_of_another();
		json_object_set_new(first("entries"), "origin", json_string(text));
		json_object_set_new(first("tunnels"), "reason-text", json_string(text));
		doc = explain_judge(facts);
		assert_non_null(doc);
		step = json_dumps(doc, 0);
		assert_non_null(step);
		assert_non_null(text_of_step(doc, "belongs to peer c (xxx"));
		assert_non_null(text_of_step(doc, "b on wg0 is up (xxx"));
		free(step);
		free(text);
		json_decref(doc);
	}
}

/* Whatever comes together: never reachable. */
static void test_random(void **state)
{
	unsigned seed = test_seed();

	srandom(seed);
	for (int round = 0; round < 2000; round++) {
		char names[512] = "";
		json_t *doc;

		again();
		for (int n = 1 + random() % 3; n; n--) {
			size_t i = random() % ARRAY_SIZE(breaks);

			if (json_array_size(json_object_get(facts, "tunnels")) == 0 ||
			    json_array_size(json_object_get(facts, "bgp-routes")) == 0 ||
			    json_array_size(json_object_get(facts, "entries")) == 0)
				break; /* nothing is left to break */
			breaks[i].apply();
			strcat(strcat(names, breaks[i].name), ", ");
		}
		doc = explain_judge(facts);
		if (is_true(doc, "reachable"))
			fail_msg("seed %u: reachable with %s", seed, names);
		json_decref(doc);
	}
}

/* Rows with members missing or of the wrong kind are no news, but nothing falls over. */
static void test_poor_facts(void **state)
{
	static const char *const lists[] = {"bgp-routes", "routes",    "entries", "interfaces",
					    "tunnels",	  "neighbors", "pins",	  "kernel",
					    "endpoint",	  "forwarding"};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		again();
		json_object_del(facts, lists[i]);
		json_decref(explain_judge(facts));
		set(facts, lists[i], "[{}, 7, null, [], {'prefix': 7, 'peers': 1, 'paths': {}}]");
		json_decref(explain_judge(facts));
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_healthy),
		TEST(test_each),
		TEST(test_claims),
		TEST(test_claims_without_a_route),
		TEST(test_own),
		TEST(test_equal_claims),
		TEST(test_shared_traffic),
		TEST(test_rejected),
		TEST(test_no_hop),
		TEST(test_bgp_said),
		TEST(test_one_cause),
		TEST(test_endpoint),
		TEST(test_half_of_wgd),
		TEST(test_other_plane),
		TEST(test_everything),
		TEST(test_random),
		TEST(test_poor_facts),
		TEST(test_long_words),
		TEST(test_kept_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
