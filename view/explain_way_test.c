/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_way: packets with a source: one healthy set of facts, and what each fact that differs
 * makes of it; and the exit status of every stage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "explain_judge.h"
#include "quoted.h"
#include "members.h"
#include "util.h"

/* From our LAN, 192.168.1.1, to what is behind peer b on wg0. */
static const char healthy[] =
	"{'destination': '192.168.2.7', 'plane': 'main',"
	" 'bgp-routes': [{'prefix': '192.168.2.0/24', 'paths': [{'best': true, 'eligible': true,"
	"   'from': '10.9.0.2', 'next-hop': '10.9.0.2'}]}],"
	" 'routes': [{'prefix': '192.168.2.0/24', 'protocol': 'bgp', 'distance': 20,"
	"   'selected': true, 'installed': true, 'next-hops': [{'address': '10.9.0.2',"
	"   'interface': 'wg0', 'peer': 'b', 'state': 'up', 'active': true}]}],"
	" 'entries': [{'interface': 'wg0', 'peer': 'b', 'prefix': '192.168.2.0/24', 'origin':"
	"   'learned', 'installed': true}],"
	" 'interfaces': [{'name': 'wg0', 'state': 'ready', 'up': true, 'addresses':"
	"   ['10.9.0.1/24'], 'peers': [{'name': 'b'}]}],"
	" 'tunnels': [{'interface': 'wg0', 'peer': 'b', 'state': 'up', 'reason-text': 'fresh',"
	"   'endpoint': '198.51.100.2:51820', 'tunnel-addresses': ['10.9.0.2']}],"
	" 'neighbors': [{'address': '10.9.0.2', 'state': 'established', 'tunnel': {'interface':"
	"   'wg0', 'peer': 'b'}}], 'pins': [],"
	" 'forwarding': {'needed': true, 'on': false},"
	" 'source': {'address': '192.168.1.1', 'local': true, 'interface': 'lan0', 'error': null,"
	"   'forwards': null, 'probe-from': '192.168.1.1'},"
	" 'kernel': {'error': null, 'local': false, 'interface': 'wg0', 'rp-filter': false},"
	" 'kernel-any': {'error': null, 'local': false, 'interface': 'wg0'},"
	" 'announced': [{'prefix': '192.168.1.0/24'}], 'firewall': [],"
	" 'back': {'error': null, 'local': true, 'interface': 'lo', 'in': 'wg0', 'forwards': true,"
	"   'rp-filter': false}}";

/* A host of the LAN instead. */
#define BEHIND                                                                    \
	"'source': {'address': '192.168.1.9', 'local': false, 'forwards': true}," \
	"'back': {'local': false, 'interface': 'lan0'}"
#define ANSWER(text) "'probe': {'from': '192.168.1.1', 'answer': {" text "}"
#define ANSWERED ANSWER("'answered': 1")
#define SILENT ANSWER("'answered': 0")
#define VERY(text) "'probe': {'from': '192.168.1.9', 'answer': {" text "}}"
#define DROPS(n) ANSWER("'answered': 0, 'sent': 3") ", 'rp-filter-drops': " n

/* CHANGE is merged into the facts. STAGE NULL: reachable. */
static const struct {
	const char *change, *stage, *text;
} rows[] = {
	{"{}", NULL, "192.168.2.7 from 192.168.1.1 is reachable through tunnel peer b on wg0"},
	{"{" BEHIND "}", NULL, "192.168.2.7 from 192.168.1.9 is reachable"},
	/* the source, and what comes in by its interface */
	{"{'source': {'error': 'Network is unreachable'}}", "source", "no way to 192.168.1.1"},
	{"{'source': {'local': false, 'forwards': false}}", "forwarding",
	 "does not forward IPv4 packets that come in by lan0"},
	{"{'source': {'local': false}, 'kernel': {'rp-filter': true, 'error': 'x'}}", "rp-filter",
	 "rp_filter of lan0 drops packets of 192.168.1.1"},
	{"{'kernel': {'interface': 'u0'}}", "rule",
	 "packets of 192.168.1.1 leave by u0, others by wg0"},
	{"{'kernel': {'error': 'Invalid argument', 'interface': ''}}", "rule",
	 "packets of 192.168.1.1 have no way, others have one"},
	{"{'kernel': {'interface': 'u0'}, 'kernel-any': {'interface': 'u0'}}", "kernel",
	 "would send it by u0 instead of wg0"},
	/* the way back */
	{"{'firewall': [{'way': 'out', 'hook': 'output', 'chain': 'ip f o', 'drops': true}]}",
	 "firewall", "chain ip f o (output) drops echo requests"},
	{"{'firewall': [{'way': 'back', 'hook': 'input', 'chain': 'ip f i', 'drops': true}]}",
	 "firewall", "chain ip f i (input) drops answers"},
	{"{'firewall': [{'way': 'back', 'hook': 'input', 'chain': 'ip f i', 'drops': false}]}",
	 NULL, "reachable"},
	{"{'firewall': {'unknown': 'x'}}", NULL, "reachable"},
	{"{'announced': []}", "announced", "nothing that covers 192.168.1.1 is announced to b"},
	{"{'announced': null}", NULL, "reachable"},
	{"{'announced': [], 'source': {'address': '10.9.0.1'}}", NULL, "reachable"},
	{"{'back': {'rp-filter': true, 'error': 'x'}}", "rp-filter",
	 "rp_filter of wg0 drops the answers: the way to 192.168.2.7 leads elsewhere"},
	{"{'back': {'error': 'No route to host'}}", "back",
	 "answers that come in by wg0 have no way to 192.168.1.1: No route to host"},
	{"{'back': {'local': false}}", "back", "do not come to 192.168.1.1"},
	{"{'source': {'local': false, 'forwards': true}, 'back': {'forwards': false}}",
	 "forwarding", "packets that come in by wg0"},
	/* an answer proves what is only likely, for the very source */
	{"{'announced': [], " ANSWERED "}}", NULL, "reachable"},
	{"{'announced': [], " BEHIND ", " ANSWERED "}}", "announced", "192.168.1.9"},
	{"{'announced': [], " ANSWER("'answered': 0, 'said': 'no-host', 'by': '10.9.0.2'") "}}",
	 "host", "10.9.0.2 says that 192.168.2.7 is unreachable"},
	{"{'announced': [], " ANSWER("'answered': 0, 'said': 'no-route', 'by': '10.9.0.1'") "}}",
	 "announced", "nothing that covers"},
	{"{'firewall': [{'way': 'out', 'chain': 'x', 'drops': true}], " ANSWERED "}}", NULL,
	 "reachable"},
	{"{'firewall': [{'way': 'out', 'chain': 'x', 'drops': true}], " BEHIND ", " ANSWERED "}}",
	 "firewall", "chain x"},
	/* what only our own packets meet */
	{"{'firewall': [{'way': 'probe', 'chain': 'x', 'drops': true}], " BEHIND ", " SILENT "}}",
	 NULL, "reachable"},
	{"{'firewall': [{'way': 'probe', 'chain': 'x', 'drops': false}], " BEHIND ", " SILENT "}}",
	 "far-end", "no echo requests at all"},
	{"{" BEHIND ", " ANSWER("'answered': 0, 'refused': 'x'") "}}", NULL, "reachable"},
	/* the very source, though it is behind this machine: only our own rules were not met */
	{"{'announced': [], " BEHIND ", " VERY("'answered': 1") "}", NULL, "reachable"},
	{"{'firewall': [{'way': 'out', 'chain': 'x', 'drops': true}], " BEHIND
	 ", " VERY("'answered': 1") "}",
	 "firewall", "chain x"},
	{"{'firewall': [{'way': 'probe', 'chain': 'x', 'drops': true}], " BEHIND
	 ", " VERY("'answered': 0") "}",
	 "far-end", "no echo requests at all"},
	{"{" BEHIND ", " VERY("'answered': 0, 'refused': 'x'") "}", "firewall",
	 "refuses to send from 192.168.1.9: x"},
	{"{" BEHIND ", 'probe': {'from': '192.168.1.9', 'answer': {'answered': 1}, 'whole':"
	 " {'answered': 0, 'size': 1420, 'refused': 'x'}}}",
	 "mtu", "refuses to send packets of 1420 bytes: x"},
	/* silence, by what else is answered */
	{"{" SILENT "}}", "far-end", "b answers no echo requests at all"},
	{"{" SILENT ", 'tunnel': {'answered': 1}}}", "far-end",
	 "its AllowedIPs for us, or its way back, lack that address"},
	{"{" SILENT ", 'tunnel': {'answered': 1}, 'peer': {'answered': 1}}}", "far-forwarding",
	 "packets to 192.168.2.7 are not passed on there"},
	{"{'plane': 'lab', " SILENT ", 'peer': {'answered': 1}}}", "answer",
	 "a router in a plane may be unable to say why"},
	{"{" SILENT ", 'peer': {'answered': 1}, 'hop': {'said': 'hops', 'by': '10.9.0.2'}}}",
	 "answer", "passes them on (10.9.0.2 says so)"},
	{"{'tunnels': [{'interface': 'wg0', 'peer': 'b', 'state': 'up', 'tunnel-addresses':"
	 " ['192.168.2.7'], 'endpoint': '198.51.100.2:51820'}], " SILENT "}}",
	 "answer", "192.168.2.7 does not answer: a firewall there?"},
	{"{" DROPS("3") "}}", "rp-filter", "dropped 3 packets meanwhile: perhaps the answers"},
	{"{" DROPS("6") ", 'whole': {'answered': 0, 'sent': 3}}}", "rp-filter",
	 "dropped 6 packets"},
	{"{" DROPS("3") ", 'whole': {'answered': 0, 'sent': 1, 'refused': 'x'}}}", "rp-filter", ""},
	/* fewer than were not answered, or what has that source is: others' drops */
	{"{" DROPS("2") "}}", "far-end", "at all"},
	{"{" DROPS("5") ", 'whole': {'answered': 0, 'sent': 3}, 'tunnel': {'answered': 1}}}",
	 "far-end", "lack that address"},
	{"{" DROPS("9") ", 'peer': {'answered': 1, 'sent': 1}}}", "far-forwarding",
	 "not passed on"},
	/* somebody says why */
	{"{" ANSWER("'answered': 0, 'refused': 'Operation not permitted'") "}}", "firewall",
	 "refuses to send from 192.168.1.1: Operation not permitted"},
	{"{" ANSWER("'answered': 0, 'said': 'no-host', 'by': '192.168.2.1'") "}}", "host",
	 "192.168.2.1 says that 192.168.2.7 is unreachable"},
	{"{" ANSWER("'answered': 0, 'said': 'no-route', 'by': '10.9.0.2'") "}}", "far-route",
	 "10.9.0.2 says that it has no route"},
	{"{" ANSWER("'answered': 0, 'said': 'prohibited', 'by': '10.9.0.2'") "}}", "far-firewall",
	 "refused there"},
	{"{" ANSWER("'answered': 0, 'said': 'hops', 'by': '10.9.0.2'") "}}", "far-route",
	 "round in a circle"},
	{"{" ANSWER("'answered': 0, 'said': 'other', 'by': '10.9.0.2'") "}}", "answer",
	 "10.9.0.2 says that packets to 192.168.2.7 are lost"},
	/* large ones */
	{"{" ANSWERED ", 'whole': {'answered': 1, 'size': 1420}}}", NULL, "reachable"},
	{"{" ANSWERED ", 'whole': {'answered': 0, 'said': 'too-large', 'mtu': 1300, 'size': 1420},"
	 " 'fits': {'answered': 1, 'size': 1300}}}",
	 NULL, "reachable"},
	{"{" ANSWERED ", 'whole': {'answered': 0, 'size': 1420},"
	 " 'fits': {'answered': 1, 'size': 1280}}}",
	 "mtu", "packets of 1420 bytes are lost, and nobody says so; those of 1280 pass"},
	{"{" ANSWERED ", 'whole': {'answered': 0, 'size': 1420}, 'fits': {'answered': 0}}}", "mtu",
	 "packets of 1420 bytes are lost, and nobody says so"},
	{"{" ANSWERED ", 'whole': {'answered': 0, 'size': 1420, 'said': 'too-large', 'mtu': 20,"
	 " 'by': '10.9.0.2'}, 'fits': {'answered': 1, 'size': 1280}}}",
	 "mtu", "packets of 1420 bytes are lost: 10.9.0.2 says \"too-large\"; those of 1280 pass"},
	{"{" ANSWERED ", 'whole': {'answered': 0, 'size': 1420, 'said': 'prohibited', 'by':"
	 " '10.9.0.2'}, 'fits': {'answered': 0, 'size': 1280}}}",
	 "mtu", "packets of 1420 bytes are lost: 10.9.0.2 says \"prohibited\""},
	{"{" ANSWERED ", 'whole': {'answered': 0, 'size': 1420, 'refused': 'Operation not"
	 " permitted'}}}",
	 "mtu", "this machine refuses to send packets of 1420 bytes: Operation not permitted"},
	{"{" BEHIND ", " ANSWERED ", 'whole': {'answered': 0, 'size': 1420, 'refused': 'x'}}}",
	 NULL, "reachable"},
	{"{" BEHIND ", 'probe': {'from': null}}", NULL, "reachable"},
};

static void judged(size_t i)
{
	json_t *facts = quoted(healthy), *change = quoted(rows[i].change), *doc;
	const char *verdict, *stage;

	assert_int_equal(json_object_update_recursive(facts, change), 0);
	doc = explain_judge(facts);
	verdict = json_string_value(json_object_get(doc, "verdict"));
	stage = json_string_value(json_object_get(doc, "stage"));
	if (is_true(doc, "reachable") != !stage || !stage != !rows[i].stage ||
	    (stage && !str_eq(stage, rows[i].stage)) || !strstr(verdict, rows[i].text)) {
		char *dump = json_dumps(doc, JSON_INDENT(1));

		fail_msg("%s: wanted %s with \"%s\":\n%s", rows[i].change,
			 rows[i].stage ? rows[i].stage : "reachable", rows[i].text, dump);
	}
	if (stage)
		assert_in_range(explain_status(stage), 10, 99);
	json_decref(doc);
	json_decref(change);
	json_decref(facts);
}

static void test_each(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		judged(i);
}

/* Nothing is lost but the word that says why: a step, and reachable all the same. */
static void test_errors(void **state)
{
	static const struct {
		const char *change, *text; /* NULL: no step */
	} cases[] = {
		{"{" BEHIND "}", NULL},
		{"{" BEHIND
		 ", 'errors': {'interface': 'lan0', 'error': null, 'inbound-address': true}}",
		 NULL},
		{"{" BEHIND
		 ", 'errors': {'interface': 'eth0', 'error': null, 'inbound-address': true}}",
		 "packets too big or without a way leaves by eth0 instead of lan0"},
		{"{" BEHIND ", 'errors': {'interface': '', 'error': 'x', 'inbound-address': true}}",
		 "packets too big or without a way has no way: such"},
		{"{" BEHIND ", 'errors': {'interface': 'lan0', 'inbound-address': false}}",
		 "icmp_errors_use_inbound_ifaddr of this machine is 0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *facts = quoted(healthy), *change = quoted(cases[i].change), *doc;
		char *dump;

		assert_int_equal(json_object_update_recursive(facts, change), 0);
		doc = explain_judge(facts);
		dump = json_dumps(doc, 0);
		assert_true(is_true(doc, "reachable"));
		if (!strstr(dump, cases[i].text ? cases[i].text : "\"reachable\"") ||
		    !strstr(dump, "\"errors\"") != !cases[i].text)
			fail_msg("%s: %s", cases[i].change, dump);
		free(dump);
		json_decref(doc);
		json_decref(change);
		json_decref(facts);
	}
}

/* What is not known for certain is neither fine nor a failure. */
static void test_doubts(void **state)
{
	static const char *const changes[] = {
		"{'firewall': {'unknown': 'x'}}",
		"{'firewall': [{'way': 'back', 'hook': 'input', 'chain': 'c', 'drops': false}]}",
		"{'firewall': [{'way': 'out', 'hook': 'output', 'chain': 'c', 'drops': "
		"true}], " ANSWERED "}}",
		"{" BEHIND ", 'errors': {'interface': 'lan0', 'inbound-address': false}}",
		"{" BEHIND ", 'errors': {'interface': '', 'error': 'x', 'inbound-address': true}}"};

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		json_t *facts = quoted(healthy), *change = quoted(changes[i]), *doc, *row;
		unsigned doubts = 0;
		size_t k;

		assert_int_equal(json_object_update_recursive(facts, change), 0);
		doc = explain_judge(facts);
		json_array_foreach (json_object_get(doc, "steps"), k, row) {
			bool doubt = json_is_null(json_object_get(row, "ok"));

			assert_int_equal(doubt, str_eq(str_of(row, "stage"), "firewall") ||
							str_eq(str_of(row, "stage"), "errors"));
			doubts += doubt;
		}
		assert_int_equal(doubts, 1);
		assert_true(is_true(doc, "reachable"));
		json_decref(doc);
		json_decref(change);
		json_decref(facts);
	}
}

/* Members that are missing or of the wrong kind: nothing falls over. */
static void test_poor_facts(void **state)
{
	static const char *const names[] = {"source", "kernel-any", "firewall", "announced",
					    "back",   "probe",	    "tunnels",	"interfaces"};
	static const char *const values[] = {"{}",
					     "[]",
					     "7",
					     "null",
					     "[{}, 7, null, []]",
					     "{'answer': 7, 'from': [], 'address': 1}"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (size_t k = 0; k < ARRAY_SIZE(values); k++) {
			json_t *facts = quoted(healthy);

			json_object_set_new(facts, names[i], quoted(values[k]));
			json_decref(explain_judge(facts));
			json_decref(facts);
		}
}

/* They are in the man page: what has a number keeps it. */
static void test_statuses(void **state)
{
	assert_int_equal(explain_status(""), 0);
	assert_int_equal(explain_status("source"), 10);
	assert_int_equal(explain_status("kernel"), 17);
	assert_int_equal(explain_status("firewall"), 21);
	assert_int_equal(explain_status("far-end"), 24);
	assert_int_equal(explain_status("mtu"), 30);
	assert_int_equal(explain_status("nonsense"), 1);
	assert_false(explain_is_sure(""));
	assert_false(explain_is_sure("announced"));
	assert_true(explain_is_sure("tunnel"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),	 cmocka_unit_test(test_errors),
		cmocka_unit_test(test_doubts),	 cmocka_unit_test(test_poor_facts),
		cmocka_unit_test(test_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
