/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Neighbours as an operator meets them: who may connect, listen ranges, collisions of connections,
 * what `show` says of them, `clear`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "listen.h"
#include "loop.h"
#include "rig.h"
#include "util.h"

#define EXT 11
#define INT 12
#define OFF 13	     /* disabled */
#define BARE 14	     /* external, no policies */
#define ELSEWHERE 15 /* local-address is not the one it connects to */
#define ACTIVE 16    /* we connect */
#define ANY_EXT 17   /* remote-as external */
#define ANY_INT 18   /* remote-as internal */

#define BGP                                                                            \
	"'as': 65000, 'router-id': '10.0.0.5', 'graceful-restart': {'enabled': true, " \
	"'restart-time': 77, 'stale-time': 300}"
#define GROUP(max)                                                                              \
	"'neighbor-group': [{'name': 'sites', 'listen-range': ['10.9.0.128/25'], 'remote-as': " \
	"'external', 'import': ['all'], 'export': ['none'], 'max-peers': " max                  \
	"}, {'name': 'few', 'listen-range': ['10.9.0.192/26'], 'remote-as': 65000}]"
#define NEIGHBORS                                                                                \
	"{'address': '10.9.0.11', 'remote-as': 65011, 'passive': true, 'import': ['all', "       \
	"'none'], 'export': ['all'], 'description': 'the first', 'hold-time': 60, 'keepalive': " \
	"7, 'connect-retry': 11, 'max-prefix': 1000},"                                           \
	"{'address': '10.9.0.12', 'remote-as': 65000, 'passive': true, 'next-hop-self': true, "  \
	"'route-reflector-client': true},"                                                       \
	"{'address': '10.9.0.13', 'remote-as': 65000, 'disabled': true},"                        \
	"{'address': '10.9.0.14', 'remote-as': 65014, 'passive': true},"                         \
	"{'address': '10.9.0.15', 'remote-as': 65000, 'passive': true, 'local-address': "        \
	"'10.9.0.2'},"                                                                           \
	"{'address': '10.9.0.17', 'remote-as': 'external', 'passive': true, 'import': ['all']}," \
	"{'address': '10.9.0.18', 'remote-as': 'internal', 'passive': true}"

static int setup(void **state)
{
	rig_start("{'bgp': {" BGP ", " GROUP("3") ", 'neighbor': [" NEIGHBORS "]}}");
	return 0;
}

static int teardown(void **state)
{
	rig_stop();
	return 0;
}

/* The row of 10.9.0.LAST; valid until the next one. */
static json_t *row(const char *command, unsigned last)
{
	static json_t *kept;
	char *request = xasprintf("{'command': '%s'}", command);
	char *address = xasprintf("10.9.0.%u", last);
	json_t *r, *found = NULL;
	size_t i;

	json_decref(kept);
	kept = rig_show(request);
	json_array_foreach (json_object_get(kept, "neighbors"), i, r)
		if (str_eq(rig_str(r, "address"), address))
			found = r;
	free(request);
	free(address);
	return found;
}

static void test_strangers(void **state)
{
	static const struct {
		unsigned last;
		bool comes;
	} rows[] = {{EXT, true},  {INT, true}, {OFF, false},	{ELSEWHERE, false},
		    {BARE, true}, {99, false}, {127, false},	{128, true},
		    {191, true},  {192, true}, {ANY_EXT, true}, {ANY_INT, true}};
	uint64_t before = listen_strangers();
	unsigned refused = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far *f = far_connect(rows[i].last);

		rig_settle();
		if (f->ended == rows[i].comes)
			fail_msg("10.9.0.%u: ended %d", rows[i].last, f->ended);
		refused += !rows[i].comes && rows[i].last != OFF; /* that one is told */
		assert_int_equal(listen_strangers() - before, refused);
	}
	assert_int_equal(rig_int(rig_ask("{'command': 'bgp-summary'}"), "connections-refused"),
			 listen_strangers());
}

static void test_as(void **state)
{
	static const struct {
		unsigned last;
		uint32_t as, router_id;
		uint8_t code, subcode; /* of the NOTIFICATION; 0 up */
		bool ebgp;
	} rows[] = {
		{EXT, 65011, 0, 0, 0, true},	       {EXT, 65012, 0, 2, 2, true},
		{EXT, 65000, 0, 2, 2, true},	       {INT, 65000, 0, 0, 0, false},
		{INT, 65000, 0x0a000005, 2, 3, false}, /* our identifier */
		{EXT, 65011, 0x0a000005, 0, 0, true},  /* in another AS it is another one */
		{ANY_EXT, 1, 0, 0, 0, true},	       {ANY_EXT, 65000, 0, 2, 2, true},
		{ANY_INT, 65000, 0, 0, 0, false},      {ANY_INT, 65001, 0, 2, 2, false},
		{150, 4200000000, 0, 0, 0, true},      {150, 65000, 0, 2, 2, true},
		{200, 65000, 0, 0, 0, false},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far *f =
			far_up(rows[i].last, &(struct far_open){.as = rows[i].as,
								.router_id = rows[i].router_id});

		if (f->ended != (rows[i].code != 0) || f->error.code != rows[i].code ||
		    f->error.subcode != rows[i].subcode)
			fail_msg("row %u: %u/%u", i, f->error.code, f->error.subcode);
		if (!f->ended) {
			assert_int_equal(far_peer(f)->as, rows[i].as);
			assert_int_equal(far_peer(f)->ebgp, rows[i].ebgp);
		}
		/* Whoever made a mistake waits: the next row comes to a fresh bgpd. */
		teardown(NULL);
		setup(NULL);
	}
}

/* RFC 4271 section 6.2: one and two seconds are no hold time. The smaller one of both counts. */
static void test_hold_time(void **state)
{
	static const struct {
		uint16_t theirs, negotiated, keepalive;
		bool refused;
	} rows[] = {{1, 0, 0, true},	{2, 0, 0, true},    {3, 3, 1, false},
		    {59, 59, 7, false}, {60, 60, 7, false}, {61, 60, 7, false}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far *f =
			far_up(EXT, &(struct far_open){.as = 65011, .hold_time = rows[i].theirs});

		assert_int_equal(f->ended, rows[i].refused);
		assert_int_equal(f->error.code, rows[i].refused ? 2 : 0);
		assert_int_equal(f->error.subcode, rows[i].refused ? 6 : 0);
		if (!rows[i].refused) {
			assert_int_equal(far_peer(f)->hold_time, rows[i].negotiated);
			assert_int_equal(far_peer(f)->keepalive, rows[i].keepalive);
		}
		teardown(NULL);
		setup(NULL);
	}
}

static void test_families(void **state)
{
	struct far *f;

	rig_config("{'bgp': {" BGP ", 'neighbor': [{'address': '10.9.0.12', 'remote-as': 65000, "
		   "'passive': true, 'ipv4-unicast': false}]}}");
	f = far_up(INT, &(struct far_open){.as = 65000, .only4 = true});
	assert_true(f->ended);
	assert_int_equal(f->error.code, 2); /* RFC 5492: unsupported capability */
	assert_int_equal(f->error.subcode, 7);
	far_close(f);
}

static void test_listen_range(void **state)
{
	struct far *f[4];
	json_t *r;

	for (unsigned i = 0; i < 3; i++) {
		f[i] = far_up(130 + i, &(struct far_open){.as = 64512 + i});
		assert_false(f[i]->ended);
	}
	f[3] = far_connect(133); /* one too many, and not of the other group */
	rig_settle();
	assert_true(f[3]->ended);
	assert_false(far_up(193, &(struct far_open){.as = 65000})->ended);
	r = row("bgp-neighbors", 131);
	assert_true(rig_bool(r, "dynamic"));
	assert_string_equal(rig_str(r, "group"), "sites");
	assert_string_equal(rig_text(r, "remote-as"), "64513");
	assert_string_equal(rig_text(r, "max-prefix"), "10000"); /* whoever may connect has one */
	assert_string_equal(rig_str(row("bgp-neighbors", 193), "group"), "few");
	/* A smaller range lets go of those outside. */
	rig_config("{'bgp': {" BGP ", 'neighbor-group': [{'name': 'sites', 'listen-range': "
		   "['10.9.0.130/31'], 'remote-as': 'external', 'import': ['all'], 'export': "
		   "['none']}]}}");
	rig_settle();
	assert_false(f[0]->ended || f[1]->ended);
	assert_true(f[2]->ended);
	assert_int_equal(f[2]->error.subcode, 3);
	assert_null(row("bgp-summary", 132));
}

static void test_show(void **state)
{
	static const struct {
		const char *member, *value;
	} rows[] = {
		{"address", "\"10.9.0.11\""},
		{"description", "\"the first\""},
		{"remote-as", "65011"},
		{"state", "\"established\""},
		{"down-seconds", "null"},
		{"received-prefixes", "3"},
		{"accepted-prefixes", "0"}, /* all and none: none */
		{"sent-prefixes", "1"},
		{"group", "\"\""},
		{"plane", "\"main\""},
		{"last-error", "\"\""},
		{"warning", "null"},
		{"dynamic", "false"},
		{"passive", "true"},
		{"type", "\"external\""},
		{"remote-router-id", "\"10.1.2.3\""},
		{"local-address", "\"10.9.0.1\""},
		{"capabilities",
		 "{\"extended-next-hop\":false,\"families\":[\"ipv4-unicast\",\"ipv6-unicast\"],"
		 "\"four-octet-as\":true,\"graceful-restart\":true,\"route-refresh\":true}"},
		{"graceful-restart",
		 "{\"families\":[\"ipv4-unicast\",\"ipv6-unicast\"],\"forwarding-preserved\":"
		 "[\"ipv4-unicast\",\"ipv6-unicast\"],\"offered\":true,\"restart-time-seconds\":"
		 "120,\"restarting\":false,\"stale-paths\":false}"},
		{"timers", "{\"configured-hold-time-seconds\":60,\"configured-keepalive-seconds\":"
			   "7,\"configured-send-hold-time-seconds\":null,\"connect-retry-"
			   "seconds\":11,\"hold-time-seconds\":30,\"keepalive-seconds\":7,"
			   "\"send-hold-time-seconds\":480}"},
		{"families",
		 "{\"ipv4-unicast\":{\"accepted-prefixes\":0,\"negotiated\":true,\"received-"
		 "prefixes\":2,\"sent-prefixes\":1},\"ipv6-unicast\":{\"accepted-prefixes\":0,"
		 "\"negotiated\":true,\"received-prefixes\":1,\"sent-prefixes\":0}}"},
		{"import", "\"all none\""},
		{"export", "\"all\""},
		{"next-hop-self", "false"},
		{"route-reflector-client", "false"},
		{"max-prefix", "1000"},
		{"tunnel", "{\"interface\":\"wg7\",\"peer\":\"site\",\"reach\":\"degraded\","
			   "\"reason\":\"lossy\"}"},
	};
	struct far *inside = far_up(INT, &(struct far_open){.as = 65000});
	struct far *f = far_up(
		EXT, &(struct far_open){
			     .as = 65011, .router_id = 0x0a010203, .gr = true, .hold_time = 30});
	const json_t *r;

	far_announce(f, &(struct news){.prefix = "10.1.0.0/16 10.2.0.0/16",
				       .nexthop = "10.9.0.99",
				       .path = {65011}});
	far_announce(f, &(struct news){
				.prefix = "2001:db8::/32", .nexthop = "fd09::99", .path = {65011}});
	far_announce(
		inside,
		&(struct news){.prefix = "10.3.0.0/16", .nexthop = "10.9.0.99", .local_pref = 100});
	rig_nexthop("10.9.0.99", REACH_UP, REASON_NONE);
	rig_tunnel("10.9.0.11", "wg7", "site", REACH_DEGRADED, REASON_LOSSY);
	r = row("bgp-neighbors", EXT);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (!str_eq(rig_text(r, rows[i].member), rows[i].value))
			fail_msg("%s: %s", rows[i].member, rig_text(r, rows[i].member));
	assert_true(json_real_value(json_object_get(r, "up-seconds")) < 60);
	assert_int_equal(rig_int(r, "messages-received"), 4);
	assert_string_equal(rig_text(json_object_get(r, "counters"), "updates-received"), "2");
	assert_string_equal(rig_text(json_object_get(r, "counters"), "messages-received"), "4");
	assert_string_equal(rig_text(json_object_get(r, "counters"), "established"), "1");
	assert_string_equal(rig_text(json_object_get(r, "counters"), "dropped"), "0");
	assert_true(rig_int(r, "messages-sent") >= 5); /* two End-of-RIBs and a path among them */
	assert_true(rig_int(json_object_get(r, "counters"), "updates-sent") >= 3);
	assert_true(rig_int(r, "update-group") > 0);
	/* The summary says the same. */
	r = row("bgp-summary", EXT);
	for (unsigned i = 0; i < 12; i++)
		assert_string_equal(rig_text(r, rows[i].member), rows[i].value);
	assert_string_equal(rig_str(json_object_get(r, "tunnel"), "peer"), "site");
	assert_string_equal(rig_text(r, "timers"), "absent");
	r = row("bgp-neighbors", INT);
	assert_string_equal(rig_text(r, "type"), "\"internal\"");
	assert_string_equal(rig_text(r, "warning"), "null");
	assert_string_equal(rig_text(r, "import"), "\"none: everything passes\"");
	assert_true(rig_bool(r, "next-hop-self") && rig_bool(r, "route-reflector-client"));
	assert_string_equal(rig_text(r, "max-prefix"), "null");
	assert_int_equal(rig_int(r, "accepted-prefixes"), 1);
	/* One that is gone. */
	far_close(f);
	rig_settle();
	r = row("bgp-neighbors", EXT);
	assert_string_equal(rig_text(r, "up-seconds"), "null");
	assert_true(json_is_real(json_object_get(r, "down-seconds")));
	assert_string_equal(rig_text(r, "capabilities"), "null");
	assert_string_equal(rig_text(r, "remote-router-id"), "null");
	assert_string_equal(rig_text(r, "local-address"), "null");
	assert_int_equal(rig_int(r, "sent-prefixes"), 0);
	assert_int_equal(rig_int(r, "update-group"), 0);
	assert_true(rig_bool(json_object_get(r, "graceful-restart"), "stale-paths"));
	assert_string_equal(rig_text(json_object_get(r, "counters"), "dropped"), "1");
}

static void test_show_others(void **state)
{
	json_t *all = rig_show("{'command': 'bgp-summary'}");

	assert_int_equal(json_array_size(json_object_get(all, "neighbors")), 7);
	assert_string_equal(rig_str(all, "router-id"), "10.0.0.5");
	assert_int_equal(rig_int(all, "as"), 65000);
	json_decref(all);
	all = rig_show("{'command': 'bgp-neighbors'}");
	assert_int_equal(json_array_size(json_object_get(all, "neighbors")), 7);
	json_decref(all);
	assert_string_equal(rig_str(row("bgp-summary", OFF), "state"), "disabled");
	assert_string_equal(rig_text(row("bgp-summary", ANY_EXT), "remote-as"), "null");
	assert_string_equal(rig_text(row("bgp-summary", ANY_INT), "remote-as"), "65000");
	assert_string_equal(rig_str(row("bgp-summary", BARE), "warning"),
			    "external neighbor without policies: nothing is accepted, nothing is "
			    "sent");
	assert_string_equal(rig_str(row("bgp-summary", ANY_EXT), "warning"),
			    "external neighbor without export policy: nothing is sent");
	assert_string_equal(rig_str(row("bgp-neighbors", BARE), "import"),
			    "missing: nothing passes");
	all = rig_show("{'command': 'bgp-neighbors', 'neighbor': '10.9.0.14'}");
	assert_int_equal(json_array_size(json_object_get(all, "neighbors")), 1);
	json_decref(all);
	assert_string_equal(
		rig_str(rig_ask("{'command': 'bgp-neighbors', 'neighbor': '10.9.0.99'}"), "error"),
		"no such neighbor");
	assert_string_equal(
		rig_str(rig_ask("{'command': 'bgp-neighbors', 'neighbor': 'x%y'}"), "error"),
		"no such neighbor");
	assert_string_equal(
		rig_str(rig_ask("{'command': 'clear', 'neighbor': '10.9.0.99'}"), "error"),
		"no such neighbor");
	assert_string_equal(
		rig_str(rig_ask("{'command': 'clear', 'neighbor': 'all', 'soft': 'x'}"), "error"),
		"soft is in, out or both");
}

/* Prefixes of the rows, in order. */
static const char *prefixes(const char *arguments)
{
	static char out[512];
	char *request = xasprintf("{'command': 'bgp-routes'%s}", arguments);
	json_t *all = rig_show(request), *r;
	size_t i, at = 0;

	free(request);
	out[0] = '\0';
	if (json_object_get(all, "error"))
		at += snprintf(out, sizeof(out), "%s", rig_str(all, "error"));
	json_array_foreach (json_object_get(all, "routes"), i, r)
		at += snprintf(out + at, sizeof(out) - at, "%s%s", i ? " " : "",
			       rig_str(r, "prefix"));
	json_decref(all);
	return out;
}

static void test_show_routes(void **state)
{
	static const struct {
		const char *arguments, *expected;
	} rows[] = {
		{"", "10.0.0.0/8 10.1.0.0/16 10.1.2.0/24 172.16.0.0/12 2001:db8::/32"},
		{", 'family': 'ipv4'", "10.0.0.0/8 10.1.0.0/16 10.1.2.0/24 172.16.0.0/12"},
		{", 'family': 'ipv6'", "2001:db8::/32"},
		{", 'prefix': '10.1.0.0/16'", "10.1.0.0/16"},
		{", 'prefix': '10.1.0.0/17'", "10.1.0.0/16"},
		{", 'prefix': '10.0.0.0/7'", ""},
		{", 'prefix': '11.0.0.0/8'", ""},
		{", 'prefix': '10.1.0.0/16', 'longer': true", "10.1.0.0/16 10.1.2.0/24"},
		{", 'prefix': '0.0.0.0/0', 'longer': true",
		 "10.0.0.0/8 10.1.0.0/16 10.1.2.0/24 172.16.0.0/12"},
		{", 'address': '10.1.2.3'", "10.1.2.0/24 10.1.0.0/16 10.0.0.0/8"},
		{", 'address': '10.1.3.3'", "10.1.0.0/16 10.0.0.0/8"},
		{", 'address': '11.1.3.3'", ""},
		{", 'address': '2001:db8::1'", "2001:db8::/32"},
		{", 'prefix': 'x'", "prefix: expected an address or a prefix"},
		{", 'neighbor': '10.9.0.12'", "10.0.0.0/8 10.1.2.0/24"},
		{", 'neighbor': '10.9.0.11', 'direction': 'advertised'", "10.0.0.0/8 10.1.2.0/24"},
		{", 'neighbor': '10.9.0.12', 'direction': 'advertised'", ""},
		{", 'neighbor': '10.9.0.14'", ""},
		{", 'neighbor': '10.9.0.99'", "no such neighbor"},
		{", 'plane': 'nowhere'", "no such plane"},
		{", 'plane': 'main', 'family': 'ipv6'", "2001:db8::/32"},
	};
	struct far *f = far_up(EXT, &(struct far_open){.as = 65011}),
		   *inside = far_up(INT, &(struct far_open){.as = 65000});
	json_t *path, *all;

	far_announce(f, &(struct news){.prefix = "172.16.0.0/12 10.1.0.0/16",
				       .nexthop = "10.9.0.99",
				       .path = {65011}});
	far_announce(f, &(struct news){
				.prefix = "2001:db8::/32", .nexthop = "fd09::99", .path = {65011}});
	far_announce(inside, &(struct news){.prefix = "10.0.0.0/8 10.1.2.0/24",
					    .nexthop = "10.9.0.99",
					    .path = {7, 8, 9},
					    .med = 4,
					    .communities = {0xfde80001, 0xffffff01},
					    .local_pref = 100});
	rig_nexthop("10.9.0.99", REACH_UP, REASON_NONE);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *want = rows[i].expected;

		/* no-export: not to the external one */
		if (strstr(rows[i].arguments, "10.9.0.11', 'direction"))
			want = "";
		if (!str_eq(prefixes(rows[i].arguments), want))
			fail_msg("%s: %s", rows[i].arguments, prefixes(rows[i].arguments));
	}
	path = rig_path("10.1.2.0/24", INT);
	assert_string_equal(rig_text(path, "next-hop"), "\"10.9.0.99\"");
	assert_string_equal(rig_text(path, "next-hop-state"), "\"up\"");
	assert_string_equal(rig_text(path, "next-hop-cost"), "10");
	assert_string_equal(rig_text(path, "peer-as"), "65000");
	assert_string_equal(rig_text(path, "demotion"), "\"none\"");
	assert_string_equal(rig_text(path, "source"), "\"ibgp\"");
	assert_string_equal(rig_text(path, "as-path"), "\"7 8 9\"");
	assert_string_equal(rig_text(path, "med"), "4");
	assert_string_equal(rig_text(path, "communities"), "[\"65000:1\",\"no-export\"]");
	assert_string_equal(rig_text(path, "multipath"), "false");
	assert_true(rig_int(path, "age-seconds") < 60);
	path = rig_path("172.16.0.0/12", EXT);
	assert_string_equal(rig_text(path, "source"), "\"ebgp\"");
	assert_string_equal(rig_text(path, "peer-as"), "65011");
	assert_string_equal(rig_str(path, "reason"), "import-policy");
	/* Brief: what is not so is left out. */
	all = rig_show("{'command': 'bgp-routes', 'brief': true}");
	path = json_array_get(
		json_object_get(json_array_get(json_object_get(all, "routes"), 0), "paths"), 0);
	assert_string_equal(rig_text(path, "best"), "true");
	assert_string_equal(rig_text(path, "stale"), "absent");
	assert_string_equal(rig_text(path, "source"), "absent");
	assert_string_equal(rig_text(path, "reason"), "absent");
	assert_string_equal(rig_text(path, "local-preference"), "100");
	assert_string_equal(rig_text(json_array_get(json_object_get(all, "routes"), 0), "plane"),
			    "absent");
	assert_string_equal(rig_text(all, "as"), "65000");
	assert_string_equal(rig_text(all, "router-id"), "\"10.0.0.5\"");
	assert_string_equal(rig_text(all, "family"), "null");
	json_decref(all);
}

static void test_clear(void **state)
{
	struct far *f = far_up(EXT, &(struct far_open){.as = 65011}),
		   *inside = far_up(INT, &(struct far_open){.as = 65000});
	unsigned before;

	far_announce(
		inside,
		&(struct news){.prefix = "10.3.0.0/16", .nexthop = "10.9.0.99", .local_pref = 100});
	rig_nexthop("10.9.0.99", REACH_UP, REASON_NONE);
	assert_non_null(json_object_get(f->rib, "10.3.0.0/16"));
	before = f->updates;
	rig_ask("{'command': 'clear', 'neighbor': '10.9.0.11', 'soft': 'out'}");
	rig_settle();
	assert_true(f->updates > before); /* everything again */
	assert_int_equal(f->refreshes, 0);
	before = f->updates;
	rig_ask("{'command': 'clear', 'neighbor': '10.9.0.11', 'soft': 'in'}");
	rig_settle();
	assert_int_equal(f->updates, before);
	assert_int_equal(f->refreshes, 2); /* asked for both families */
	rig_ask("{'command': 'clear', 'neighbor': '10.9.0.11', 'soft': 'both'}");
	rig_settle();
	assert_true(f->updates > before);
	assert_int_equal(f->refreshes, 4);
	assert_false(f->ended || inside->ended);
	rig_ask("{'command': 'clear', 'neighbor': '10.9.0.11'}");
	rig_settle();
	assert_true(f->ended && !inside->ended);
	assert_int_equal(f->error.code, 6);
	assert_int_equal(f->error.subcode, 4);
	far_close(f);
	f = far_up(EXT, &(struct far_open){.as = 65011});
	assert_false(f->ended); /* and it may come back at once */
	rig_ask("{'command': 'clear', 'neighbor': 'all'}");
	rig_settle();
	assert_true(f->ended && inside->ended);
}

/* RFC 4271 section 6.8, RFC 6286 section 2.3: both have connected, and both OPENs are there. */
static void test_collision(void **state)
{
	static const struct {
		uint32_t as, router_id;
		bool ours_stays;
	} rows[] = {
		{65016, 0x0a000004, true},  {65016, 0x0a000006, false},
		{65016, 0x0a000005, false}, /* a tie: the higher AS */
		{64999, 0x0a000005, true},  {64999, 0x0a000006, false},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far_open o = {.as = rows[i].as, .router_id = rows[i].router_id};
		char *config =
			xasprintf("{'bgp': {" BGP ", 'neighbor': [{'address': '10.9.0.16', "
				  "'remote-as': %u, 'import': ['all'], 'export': ['all']}]}}",
				  rows[i].as);
		struct far *out, *in;
		int listener;

		rig_stop();
		listener = far_listen(ACTIVE);
		rig_start(config);
		free(config);
		out = far_accept(ACTIVE, listener);
		in = far_connect(ACTIVE);
		far_open(in, &o);
		for (int n = 0; n < 20; n++) {
			rig_turn();
			far_hear(out);
		}
		far_open(out, &o);
		RIG_AWAIT((far_hear(out), out->ended || in->ended));
		if (out->ended == rows[i].ours_stays)
			fail_msg("row %u: out %d in %d", i, out->ended, in->ended);
		assert_int_equal((out->ended ? out : in)->error.code, 6);
		assert_int_equal((out->ended ? out : in)->error.subcode, 7);
		far_keepalive(out->ended ? in : out);
		RIG_AWAIT(far_peer(in)->state == PEER_ESTABLISHED);
		assert_false(out->ended && in->ended);
		far_close(out);
		close(listener);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_strangers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_as, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hold_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_families, setup, teardown),
		cmocka_unit_test_setup_teardown(test_listen_range, setup, teardown),
		cmocka_unit_test_setup_teardown(test_show, setup, teardown),
		cmocka_unit_test_setup_teardown(test_show_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_show_routes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clear, setup, teardown),
		cmocka_unit_test_setup_teardown(test_collision, setup, teardown),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
