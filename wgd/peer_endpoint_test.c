/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a peer is reached: which endpoint is given, tried, followed, gone back to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>

#include "endpoints.h"
#include "rig.h"
#include "roster.h"
#include "way.h"

#define LIVE(more)                                                                    \
	", 'liveness': {'probe-timeout': 1000, 'probe-interval': 500, 'up-hold': 0, " \
	"'poll-interval': 100}, 'endpoint-timeout': 5000" more
#define TWO "'192.0.2.1:5', '[2001:db8::1]:6'"
#define RIG_PEER_LOCAL "{'name': 'b', 'public-key': '" RIG_B "', 'tunnel-address': ['169.254.0.3']}"
#define ENDPOINTS(list, more)                           \
	RIG_WG0(", 'liveness': {'poll-interval': 100}", \
		RIG_PEER_A(LIVE(", 'endpoint': [" list "]" more)))

static void begin(const char *config)
{
	rig_mute("probe");
	rig_zebra();
	rig_apply(config);
	rig_pass(200);
}

static void at(const char *endpoint)
{
	assert_int_equal(endpoint_parse(endpoint, &rig_peer("wg0", 'a')->info.endpoint), 0);
}

/* It lives for so long. */
static void live(unsigned ms)
{
	for (unsigned t = 0; t < ms; t += 100) {
		rig_alive("wg0", 'a');
		rig_pass(100);
	}
}

static void test_each_in_turn(void **state)
{
	begin(ENDPOINTS(TWO, ""));
	rig_pass(12000);
	rig_expect("create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a at 192.0.2.1:5 keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "zebra: sync\n"
		   "@5000\n"
		   "wg0 update a at [2001:db8::1]:6\n"
		   "@5100\n"
		   "zebra: a is 1 on 7 never handshake-never at [2001:db8::1]:6 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@10000\n"
		   "wg0 update a at 192.0.2.1:5\n"
		   "@10100\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
	rig_handshake("wg0", 'a');
	live(3000);
	rig_expect("@100\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'a',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n");
	/* It dies; each has its time again, the one that worked first. */
	rig_pass(18000);
	rig_expect("@910\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'probe-unanswered','to':'down'}\n"
		   "zebra: a is 1 on 7 down probe-unanswered weak at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@5910\n"
		   "wg0 update a at 192.0.2.1:5\n"
		   "@10910\n"
		   "wg0 update a at [2001:db8::1]:6\n"
		   "@11010\n"
		   "zebra: a is 1 on 7 down probe-unanswered weak at [2001:db8::1]:6 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@15910\n"
		   "wg0 update a at 192.0.2.1:5\n"
		   "@16010\n"
		   "zebra: a is 1 on 7 down probe-unanswered weak at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
}

/* The one that nothing leads to is left out while another one is fit. */
static void test_no_way(void **state)
{
	rig.route_error = -ENETUNREACH;
	begin(ENDPOINTS(TWO, ""));
	rig_pass(6000);
	rig_expect("create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a at 192.0.2.1:5 keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "zebra: sync\n"
		   "@5000\n"
		   "wg0 update a at [2001:db8::1]:6\n"
		   "@5100\n"
		   "zebra: a is 1 on 7 never handshake-never at [2001:db8::1]:6 10.9.0.2 "
		   "10.9.0.2/32\n");
	rig.route_error = 0;
	rig_pass(6000);
	rig_expect("@100\n"
		   "wg0 update a at [2001:db8::1]:6\n"
		   "@3800\n"
		   "wg0 update a at 192.0.2.1:5\n"
		   "@3900\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
}

static void test_follows(void **state)
{
	begin(ENDPOINTS(TWO, ""));
	rig_handshake("wg0", 'a');
	live(200);
	rig_forget();
	at("[2001:db8::1]:6");
	live(200);
	rig_expect("@100\n"
		   "event {'configured':true,'event':'endpoint-changed','from':'192.0.2.1:5',"
		   "'interface':'wg0','peer':'a','to':'[2001:db8::1]:6'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh at [2001:db8::1]:6 10.9.0.2 "
		   "10.9.0.2/32\n");
	at("198.51.100.7:99");
	live(200);
	rig_expect("@100\n"
		   "event {'configured':false,'event':'endpoint-changed',"
		   "'from':'[2001:db8::1]:6','interface':'wg0','peer':'a',"
		   "'to':'198.51.100.7:99'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 198.51.100.7:99 10.9.0.2 "
		   "10.9.0.2/32\n");
	rig_show("{'command': 'wireguard'}");
	rig_forget();
	/* Its packets come through the tunnel itself. */
	at("10.9.0.2:5");
	live(200);
	rig_expect("@100\n"
		   "wg0 update a at 198.51.100.7:99\n");
	/* A reload leaves it where it is; another list does not. */
	rig_apply(ENDPOINTS(TWO, ""));
	live(200);
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 198.51.100.7:99 10.9.0.2 "
		   "10.9.0.2/32\n");
	rig_apply(ENDPOINTS("'192.0.2.3:5', '198.51.100.7:99'", ""));
	live(200);
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 198.51.100.7:99 10.9.0.2 "
		   "10.9.0.2/32\n");
	rig_apply(ENDPOINTS("'192.0.2.3:5'", ""));
	live(200);
	rig_expect("wg0 update a at 192.0.2.3:5\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 198.51.100.7:99 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@10\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.3:5 10.9.0.2 10.9.0.2/32\n");
	rig_apply(ENDPOINTS("", ""));
	live(200);
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.3:5 10.9.0.2 10.9.0.2/32\n");
}

/* Its packets come through another peer's tunnel: it is not there, unless that is configured. */
static void test_through_another(void **state)
{
	begin(RIG_WG0(", 'liveness': {'poll-interval': 100}",
		      RIG_PEER_A(LIVE(
			      ", 'endpoint': ['192.0.2.1:5', '10.9.0.3:6']")) ", " RIG_PEER_B("")));
	rig_handshake("wg0", 'a');
	live(200);
	rig_forget();
	at("10.9.0.3:5");
	live(200);
	rig_expect("@100\n"
		   "wg0 update a at 192.0.2.1:5\n");
	at("10.9.0.3:6");
	live(200);
	rig_expect("@100\n"
		   "event {'configured':true,'event':'endpoint-changed','from':'192.0.2.1:5',"
		   "'interface':'wg0','peer':'a','to':'10.9.0.3:6'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 10.9.0.3:6 10.9.0.2 10.9.0.2/32\n");
}

/* Nobody has said where it is: it may have gone behind another peer, and is where it speaks from.
 */
static void test_roams_behind_another(void **state)
{
	begin(RIG_WG0(", 'liveness': {'poll-interval': 100}",
		      RIG_PEER_A(LIVE("")) ", " RIG_PEER_B("")));
	at("198.51.100.7:5");
	rig_handshake("wg0", 'a');
	live(200);
	rig_forget();
	at("10.9.0.3:5");
	live(200);
	rig_expect("@100\n"
		   "event {'configured':false,'event':'endpoint-changed',"
		   "'from':'198.51.100.7:5','interface':'wg0','peer':'a','to':'10.9.0.3:5'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 10.9.0.3:5 10.9.0.2 10.9.0.2/32\n");
	at("10.9.0.2:5"); /* but not inside its own tunnel */
	live(200);
	rig_expect("@100\n"
		   "wg0 update a at 10.9.0.3:5\n");
}

/* A link-local address of another tunnel is another one on another link. */
static void test_link_local(void **state)
{
	begin(RIG_WG0(", 'liveness': {'poll-interval': 100}",
		      RIG_PEER_A(LIVE(", 'endpoint': ['192.0.2.1:5']")) ", " RIG_PEER_LOCAL));
	rig_handshake("wg0", 'a');
	live(200);
	rig_forget();
	at("169.254.0.3:5");
	live(200);
	rig_expect("@100\n"
		   "event {'configured':false,'event':'endpoint-changed','from':'192.0.2.1:5',"
		   "'interface':'wg0','peer':'a','to':'169.254.0.3:5'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 169.254.0.3:5 10.9.0.2 10.9.0.2/32\n");
}

/* What a name leads to is not given where it is inside what is private, unless a longer route of
 * somebody else leads there; nor is WireGuard followed there. */
static void test_inside_permit(void **state)
{
	begin(ENDPOINTS("'far.example:7'", ""));
	rig_resolved("far.example", "192.168.2.10", 1);
	rig_pass(100);
	assert_int_equal(rig_peer("wg0", 'a')->info.endpoint.addr.family, 0);
	rig_pass(6000); /* asked again */
	rig_resolved("far.example", "192.168.2.10 192.0.2.77", 1);
	rig_pass(100);
	assert_string_equal(ENDPOINT_STR(&rig_peer("wg0", 'a')->info.endpoint), "192.0.2.77:7");
	rig_handshake("wg0", 'a');
	live(300);
	rig_forget();
	at("192.168.2.10:7");
	live(200);
	rig_expect("@100\n"
		   "wg0 update a at 192.0.2.77:7\n");
	at("192.168.2.10:7");
	rig.route_len = 24; /* the network of an interface, say */
	live(200);
	rig_expect(
		"@100\n"
		"event {'configured':false,'event':'endpoint-changed','from':'192.0.2.77:7',"
		"'interface':'wg0','peer':'a','to':'192.168.2.10:7'}\n"
		"zebra: a is 1 on 7 up handshake-fresh at 192.168.2.10:7 10.9.0.2 10.9.0.2/32\n");
	at("192.0.2.77:7");
	live(1200); /* it was sent back a moment ago */
	rig_forget();
	rig.route_oif = 7; /* into the tunnel itself */
	at("192.168.2.10:7");
	live(200);
	rig_expect("@100\n"
		   "wg0 update a at 192.0.2.77:7\n");
	live(3000);
	rig.route_oif = 0;
	rig.route_len = 16; /* no longer than the `permit` */
	at("192.168.2.10:7");
	live(200);
	assert_string_equal(ENDPOINT_STR(&rig_peer("wg0", 'a')->info.endpoint), "192.0.2.77:7");
}

/* Somebody sends each packet again from a private address: how often WireGuard is sent back. */
static unsigned set_back(unsigned ms, bool lives)
{
	unsigned n = 0;

	for (unsigned t = 0; t < ms; t += 100) {
		struct endpoint *e = &rig_peer("wg0", 'a')->info.endpoint;

		if (lives)
			rig_handshake("wg0", 'a');
		at("192.168.2.10:7");
		rig_pass(100);
		n += !str_eq(ENDPOINT_STR(e), "192.168.2.10:7");
	}
	return n;
}

/* After 1, 2, 4, 8, 16, 30 seconds, not at each reading; and at once when it was quiet for long. */
static void test_set_back_slower(void **state)
{
	unsigned n;

	begin(ENDPOINTS("'192.0.2.77:7'", ""));
	rig_handshake("wg0", 'a');
	live(300);
	n = set_back(60000, true);
	assert_in_range(n, 5, 7);
	assert_int_equal(
		peer_find(device_find("wg0"), rig_peer("wg0", 'a')->info.key)->where.set_back, n);
	assert_in_range(set_back(60000, true), 1, 2);
	for (n = 0; n < 400 && !set_back(100, true); n++)
		;
	at("192.0.2.77:7");
	live(10000);
	assert_int_equal(set_back(5000, true), 0); /* that was no long time */
	at("192.0.2.77:7");
	for (n = 0; n < 310; n++) {
		rig_handshake("wg0", 'a');
		rig_pass(1000);
	}
	assert_int_equal(set_back(500, true), 1);
}

/* Meanwhile the next endpoint has its turn. */
static void test_set_back_is_no_trial(void **state)
{
	begin(ENDPOINTS("'192.0.2.77:7', '192.0.2.78:7'", ""));
	rig_handshake("wg0", 'a');
	live(300);
	rig_forget();
	for (unsigned t = 0; t < 30; t++)
		if (set_back(1000, false) &&
		    str_eq(ENDPOINT_STR(&rig_peer("wg0", 'a')->info.endpoint), "192.0.2.78:7"))
			return;
	fail_msg("the second endpoint was not tried");
}

/* The operator vouches for it: by a number, or for whatever is found. */
static void test_vouched(void **state)
{
	static const char *const configs[] = {
		ENDPOINTS("'192.0.2.77:7', '192.168.2.10:7'", ""),
		ENDPOINTS("'192.0.2.77:7'", ", 'endpoint-inside-permit': true"),
	};

	for (unsigned i = 0; i < ARRAY_SIZE(configs); i++) {
		begin(configs[i]);
		at("192.0.2.77:7");
		rig_handshake("wg0", 'a');
		live(300);
		rig_forget();
		at("192.168.2.10:7");
		live(200);
		assert_string_equal(ENDPOINT_STR(&rig_peer("wg0", 'a')->info.endpoint),
				    "192.168.2.10:7");
		at("192.0.2.77:7");
	}
}

/* It is written, of another peer: zebra-lite has a host route for it, whoever is there. */
static void test_written_of_another(void **state)
{
	begin(RIG_WG0(", 'liveness': {'poll-interval': 100}",
		      RIG_PEER_A(LIVE(", 'endpoint': ['192.0.2.77:7']")) ", " RIG_PEER_B(
			      ", 'endpoint': ['192.168.2.10:9']")));
	rig_handshake("wg0", 'a');
	live(300);
	at("192.168.2.10:7");
	live(200);
	assert_string_equal(ENDPOINT_STR(&rig_peer("wg0", 'a')->info.endpoint), "192.168.2.10:7");
}

/* Nobody knows another place: it is told, for zebra-lite to say so, and not remembered. */
static void test_nowhere_else(void **state)
{
	begin(ENDPOINTS("", ""));
	at("192.168.2.10:7");
	rig_handshake("wg0", 'a');
	rig_forget();
	live(100);
	rig_expect(
		"@100\n"
		"event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'a',"
		"'reason':'handshake-fresh','to':'up'}\n"
		"zebra: a is 1 on 7 up handshake-fresh at 192.168.2.10:7 10.9.0.2 10.9.0.2/32\n");
	assert_false(endpoints_find("wg0", rig_peer("wg0", 'a')->info.key,
				    &(struct endpoint){.port = 0}));
}

/* With an uplink the encrypted packets have a table of their own: there is nothing to doubt. */
static void test_inside_permit_by_uplink(void **state)
{
	begin(RIG_WG0(", 'uplink': {'interface': 'u0'}, 'liveness': {'poll-interval': 100}",
		      RIG_PEER_A(LIVE(", 'endpoint': ['far.example:7']"))));
	rig_resolved("far.example", "192.168.2.10", 1);
	rig_pass(100);
	assert_string_equal(ENDPOINT_STR(&rig_peer("wg0", 'a')->info.endpoint), "192.168.2.10:7");
}

/* What was believed when it was written is so at a start before the network is up. */
static void test_remembered_inside_permit(void **state)
{
	static const struct {
		int route_error;
		const char *endpoint;
	} rows[] = {{-ENETUNREACH, "192.168.2.10:7"}, {0, "-"}};

	begin(ENDPOINTS("", ""));
	rig.route_len = 24;
	at("192.168.2.10:7");
	rig_handshake("wg0", 'a');
	live(300);
	rig.route_len = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct endpoint *e;

		devices_close();
		rig_link_gone("wg0");
		rig.route_error = rows[i].route_error;
		devices_open(rig.dir);
		rig_apply(ENDPOINTS("", ""));
		e = &rig_peer("wg0", 'a')->info.endpoint;
		assert_string_equal(e->addr.family ? ENDPOINT_STR(e) : "-", rows[i].endpoint);
		rig_forget();
	}
}

/* Another list in which the one in use is: it stays in use. */
static void test_list_changes(void **state)
{
	begin(ENDPOINTS(TWO, ""));
	at("192.0.2.1:5");
	live(1000);
	rig_forget();
	rig_apply(ENDPOINTS("'192.0.2.1:5', '192.0.2.7:5'", ""));
	live(1000);
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
	rig_apply(ENDPOINTS("'192.0.2.8:5', '192.0.2.1:5'", ""));
	live(1000);
	rig_expect("zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
	rig_apply(ENDPOINTS("'192.0.2.9:5'", ""));
	live(1000);
	rig_expect("wg0 update a at 192.0.2.9:5\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@10\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.9:5 10.9.0.2 "
		   "10.9.0.2/32\n");
}

static void test_returns(void **state)
{
	begin(ENDPOINTS(TWO, ", 'endpoint-return': 20"));
	at("[2001:db8::1]:6");
	rig_handshake("wg0", 'a');
	live(19000);
	rig_expect("create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a at 192.0.2.1:5 keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "zebra: sync\n"
		   "@300\n"
		   "event {'configured':true,'event':'endpoint-changed','from':'192.0.2.1:5',"
		   "'interface':'wg0','peer':'a','to':'[2001:db8::1]:6'}\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'a',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh at [2001:db8::1]:6 10.9.0.2 "
		   "10.9.0.2/32\n");
	live(3000);
	rig_expect("@1100\n"
		   "wg0 update a at 192.0.2.1:5\n"
		   "@1200\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n");
	/* It does not answer there. */
	rig_pass(5000);
	rig_expect("@910\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'probe-unanswered','to':'down'}\n"
		   "zebra: a is 1 on 7 down probe-unanswered weak at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@3110\n"
		   "wg0 update a at [2001:db8::1]:6\n"
		   "@3210\n"
		   "zebra: a is 1 on 7 down probe-unanswered weak at [2001:db8::1]:6 10.9.0.2 "
		   "10.9.0.2/32\n");
	at("[2001:db8::1]:6");
	live(1000);
	rig_forget();
	live(19500);
	live(6000);
	rig_expect("@19010\n"
		   "wg0 update a at 192.0.2.1:5\n"
		   "@19110\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n");
	/* And this time it does: it stays. */
	live(30000);
	rig_expect("");
}

static void test_returns_in_vain(void **state)
{
	begin(ENDPOINTS(TWO, ", 'endpoint-return': 20"));
	at("[2001:db8::1]:6");
	rig_handshake("wg0", 'a');
	live(20300);
	rig_forget();
	/* WireGuard goes back by itself as soon as the other one speaks. */
	at("[2001:db8::1]:6");
	live(5000);
	rig_expect("@100\n"
		   "event {'configured':true,'event':'endpoint-changed','from':'192.0.2.1:5',"
		   "'interface':'wg0','peer':'a','to':'[2001:db8::1]:6'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh at [2001:db8::1]:6 10.9.0.2 "
		   "10.9.0.2/32\n");
	live(21000);
	rig_expect("@19900\n"
		   "wg0 update a at 192.0.2.1:5\n"
		   "@20000\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n");
}

static void test_names(void **state)
{
	begin(ENDPOINTS("'far.example:7', '192.0.2.1:5'", ""));
	rig_expect("create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "resolve far.example for 1 at 0\n"
		   "wg0 create a at 192.0.2.1:5 keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "zebra: sync\n");
	rig_resolved("far.example", "", 0);
	rig_pass(100);
	rig_expect("");
	rig_pass(5000);
	rig_expect("@4700\n"
		   "resolve far.example for 1 at 0\n"
		   "wg0 update a at 192.0.2.1:5\n");
	rig_resolved("far.example", "192.0.2.77 192.0.2.78", 60);
	rig_pass(100);
	rig_show("{'command': 'wireguard'}");
	rig_expect("@100\n"
		   "cli: {}\n"
		   "cli: {'addresses':['10.9.0.1/24'],'adopted':false,'backend':'kernel',"
		   "'beyond-ceiling':0,'beyond-ceiling-seconds':null,'description':'',"
		   "'error':null,'fwmark':0,'ifindex':7,'listen-port':0,'mtu':1420,"
		   "'name':'wg0','peers':[{'allowed-ips':[],'allowed-ips-count':1,"
		   "'configured-endpoint':'far.example:7',"
		   "'configured-endpoints':[{'addresses':['192.0.2.77','192.0.2.78'],"
		   "'current':false,'endpoint':'far.example:7','error':null,'failures':0,"
		   "'ttl-seconds':59},{'addresses':['192.0.2.1'],'current':true,"
		   "'endpoint':'192.0.2.1:5','error':null,'failures':1,'ttl-seconds':null}],"
		   "'description':'','echo-lost':0,'echo-received':0,'echo-sent':0,"
		   "'endpoint':'192.0.2.1:5','endpoint-changes':0,'endpoint-set-back':0,'foreign':"
		   "false,"
		   "'handshake-seconds':null,'jitter-ms':null,'latency-ms':null,"
		   "'loss-percent':null,'name':'a','permit':['192.168.0.0/16',"
		   "'2001:db8::/32'],'persistent-keepalive':0,"
		   "'public-key':'YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',"
		   "'reason':'handshake-never','rx-bytes':0,"
		   "'settings':{'bfd':{'enabled':false,'interval':50,'multiplier':3,"
		   "'passive':false,'receive-interval':50},'echo':{'enabled':false,"
		   "'interval':200,'multiplier':4,'size':0},'endpoint-inside-permit':false,'"
		   "endpoint-return':0,"
		   "'endpoint-timeout':5000,'liveness':{'degraded-after':160,"
		   "'degraded-loss':3,'icmp-errors':true,'poll-interval':100,'probe':true,"
		   "'probe-interval':500,'probe-timeout':1000,'stale-after':180,'up-hold':0,"
		   "'up-hold-max':60000},'quality':{'hold':10000,'jitter-weight':0,"
		   "'latency-weight':0,'loss-weight':0,'minimum-improvement':20,'step':5}},"
		   "'state':'never','tunnel-addresses':['10.9.0.2'],'tx-bytes':0}],"
		   "'plane':'main','public-key':null,'rx-bytes':0,'source-check-drops':0,"
		   "'source-check-drops-per-second':0.0,'source-check-drops-seconds':null,"
		   "'state':'ready','tx-bytes':0,'up':true}\n");
	rig_pass(16000);
	rig_expect("@4600\n"
		   "wg0 update a at 192.0.2.77:7\n"
		   "@4700\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.77:7 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@9600\n"
		   "wg0 update a at 192.0.2.78:7\n"
		   "@9700\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.78:7 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@14600\n"
		   "wg0 update a at 192.0.2.77:7\n"
		   "@14700\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.77:7 10.9.0.2 "
		   "10.9.0.2/32\n");
	rig_handshake("wg0", 'a');
	live(61000);
	rig_expect("@100\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'a',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.77:7 10.9.0.2 10.9.0.2/32\n"
		   "@43900\n"
		   "resolve far.example for 1 at 0\n");
	/* Another answer means nothing while it works. */
	rig_resolved("far.example", "192.0.2.80", 60);
	live(100);
	rig_expect("");
}

/* The answer to the only one there is is given at once; so is another answer while it is tried. */
static void test_name_alone(void **state)
{
	begin(ENDPOINTS("'far.example:7'", ""));
	rig_expect("create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "resolve far.example for 1 at 0\n"
		   "wg0 create a keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "zebra: sync\n");
	rig_resolved("far.example", "192.0.2.77", 1);
	rig_expect("wg0 update a at 192.0.2.77:7\n");
	rig_pass(6000);
	rig_expect("@100\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.77:7 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@5000\n"
		   "resolve far.example for 1 at 0\n"
		   "wg0 update a at 192.0.2.77:7\n");
	rig_resolved("far.example", "192.0.2.78", 1);
	rig_expect("wg0 update a at 192.0.2.78:7\n");
	rig_pass(8000);
	rig_resolved("far.example", "192.0.2.78", 1);
	rig_expect("@100\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.78:7 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@5000\n"
		   "resolve far.example for 1 at 0\n"
		   "wg0 update a at 192.0.2.78:7\n");
	/* Nobody waits for the answer any more. */
	rig_pass(8000);
	rig_apply(RIG_WG0("", RIG_PEER_B(RIG_QUIET)));
	rig_resolved("far.example", "192.0.2.79", 1);
	devices_prune();
	rig_pass(100);
	rig_expect("@2000\n"
		   "wg0 update a at 192.0.2.78:7\n"
		   "@5000\n"
		   "resolve far.example for 1 at 0\n"
		   "@7000\n"
		   "wg0 update a at 192.0.2.78:7\n"
		   "@8000\n"
		   "wg0 create b keepalive 0\n"
		   "wg0 + b 10.9.0.3/32\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: b is 2 on 7 never handshake-never 10.9.0.3 10.9.0.3/32\n"
		   "zebra: no peer 1\n"
		   "wg0 remove a\n");
}

/* What a device has when wgd starts stays: it may have roamed. */
static void test_start(void **state)
{
	rig_link_add("wg0", "wireguard", "wgbgp");
	rig_peer_add("wg0", 'a');
	at("198.51.100.7:99");
	begin(ENDPOINTS(TWO, ""));
	rig_expect("wg0 open kernel\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 7 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 never handshake-never at 198.51.100.7:99 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "zebra: sync\n");
	/* A device that is made anew gets what it had. */
	rig_handshake("wg0", 'a');
	live(300);
	rig_forget();
	rig_link_gone("wg0");
	rig_pass(300);
	rig_expect("@100\n"
		   "wg0 close\n"
		   "event {'error':'the link was deleted','event':'interface-state',"
		   "'interface':'wg0','state':'waiting'}\n"
		   "zebra: a is 1 on 7 down interface-gone at 198.51.100.7:99 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "zebra: no interface 7\n"
		   "@110\n"
		   "create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a at 198.51.100.7:99 keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-never','to':'never'}\n"
		   "zebra: wg0 is 8 up 10.9.0.1/24\n"
		   "zebra: a is 1 on 8 never handshake-never at 198.51.100.7:99 10.9.0.2 "
		   "10.9.0.2/32\n");
}

/* Where it was last heard outlives the machine; of a list only what is in the list. */
static void test_kept(void **state)
{
	begin(ENDPOINTS("", ""));
	at("198.51.100.7:99");
	rig_handshake("wg0", 'a');
	live(300);
	rig_forget();
	live(2900);
	rig_tell_file("endpoints");
	rig_expect("@2900\n"
		   "endpoints:\n"
		   "| wg0 YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= 198.51.100.7:99\n");
	at("198.51.100.8:99");
	live(100);
	devices_close();
	rig_link_gone("wg0");
	devices_open(rig.dir);
	rig_forget();
	rig_tell_file("endpoints");
	rig_apply(ENDPOINTS("", ""));
	rig_expect("endpoints:\n"
		   "| wg0 YQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= 198.51.100.8:99\n"
		   "create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a at 198.51.100.8:99 keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 8 up 10.9.0.1/24\n"
		   "zebra: a is 2 on 8 never handshake-never at 198.51.100.8:99 10.9.0.2 "
		   "10.9.0.2/32\n");
	devices_close();
	rig_link_gone("wg0");
	devices_open(rig.dir);
	rig_apply(ENDPOINTS("'192.0.2.1:5', '198.51.100.8:99'", ""));
	rig_expect("wg0 close\n"
		   "create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a at 198.51.100.8:99 keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 9 up 10.9.0.1/24\n"
		   "zebra: a is 3 on 9 never handshake-never at 198.51.100.8:99 10.9.0.2 "
		   "10.9.0.2/32\n");
	devices_close();
	rig_link_gone("wg0");
	devices_open(rig.dir);
	rig_apply(ENDPOINTS(TWO, ""));
	rig_expect("wg0 close\n"
		   "create link wg0\n"
		   "wg0 open kernel\n"
		   "link wg0 alias wgbgp\n"
		   "wg0 create a at 192.0.2.1:5 keepalive 0\n"
		   "wg0 + a 10.9.0.2/32\n"
		   "link wg0 add 10.9.0.1/24\n"
		   "link wg0 up\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "zebra: wg0 is 10 up 10.9.0.1/24\n"
		   "zebra: a is 4 on 10 never handshake-never at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
}

/* A device that did not take it gets it again. */
static void test_blank(void **state)
{
	begin(ENDPOINTS(TWO, ""));
	rig_forget();
	rig_peer("wg0", 'a')->info.endpoint = (struct endpoint){0};
	rig_pass(3000);
	rig_expect("@100\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "wg0 update a at 192.0.2.1:5\n"
		   "@200\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n");
}

/* Idle: nobody sends, and nothing is known. */
static void test_idle(void **state)
{
	begin(ENDPOINTS(TWO, ""));

	rig_forget();
	rig_link("wg0")->info.admin_up = false;
	devices_link_event("wg0", 1);
	rig_pass(20000);
	rig_expect("@10\n"
		   "zebra: wg0 is 7 down 10.9.0.1/24\n"
		   "event {'event':'tunnel-state','from':'never','interface':'wg0','peer':'a',"
		   "'reason':'interface-down','to':'down'}\n"
		   "zebra: a is 1 on 7 down interface-down at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n");
}

/* Another way leads there, or none. */
static void test_underlay(void **state)
{
	rig.route_oif = 1000001;
	begin(RIG_WG0(", 'liveness': {'poll-interval': 100}, 'fwmark': 9",
		      RIG_PEER_A(LIVE(", 'endpoint': ['192.0.2.1:5']"))));
	rig_handshake("wg0", 'a');
	live(300);
	rig_forget();
	rig_mute(NULL);
	rig.route_oif = 1000002;
	live(100);
	assert_int_equal(rig.route_mark, 9);
	rig_expect("@100\n"
		   "wg0 update a at 192.0.2.1:5\n"
		   "probe wg0 10.9.0.2\n");
	rig.route_type = 7;
	live(100);
	rig_show("{'command': 'tunnels'}");
	rig_expect("@100\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'underlay-down','to':'degraded'}\n"
		   "zebra: a is 1 on 7 degraded underlay-down cost 1000 at 192.0.2.1:5 "
		   "10.9.0.2 10.9.0.2/32\n"
		   "probe wg0 10.9.0.2\n"
		   "cli: {}\n"
		   "cli: {'bfd':'none','changes':2,'configured-cost':0,'cost':1000,"
		   "'counters-seconds':0.0,'downs':{},"
		   "'draining':false,'echo-lost':0,'echo-received':0,"
		   "'echo-sent':0,'endpoint':'192.0.2.1:5','fwmark':9,'handshake-seconds':0,"
		   "'handshakes':1,"
		   "'hold-seconds':0,'interface':'wg0','jitter-ms':null,'latency-ms':null,"
		   "'loss-percent':null,'peer':'a','quality-cost':0,"
		   "'reading-interval-ms':100,'reason':'underlay-down',"
		   "'reason-text':'nothing leads to the endpoint','rx-bytes':3500,"
		   "'since-seconds':0,'state':'degraded','tunnel-addresses':['10.9.0.2'],"
		   "'tx-bytes':0,'underlay-error':null,'underlay-error-seconds':null,"
		   "'underlay-errors':0,'weak':false}\n");
	rig.route_type = 0;
	live(200);
	rig_expect("@100\n"
		   "wg0 update a at 192.0.2.1:5\n"
		   "event {'event':'tunnel-state','from':'degraded','interface':'wg0',"
		   "'peer':'a','reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n"
		   "probe wg0 10.9.0.2\n"
		   "@200\n"
		   "probe wg0 10.9.0.2\n");
	rig.route_error = -EACCES;
	live(100);
	rig_expect("@100\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'underlay-down','to':'degraded'}\n"
		   "zebra: a is 1 on 7 degraded underlay-down cost 1000 at 192.0.2.1:5 "
		   "10.9.0.2 10.9.0.2/32\n"
		   "probe wg0 10.9.0.2\n");
	/* Something changed: all are looked at, at once. */
	rig.route_error = 0;
	rig_link_event("eth9", 99);
	rig_turn();
	rig_expect("wg0 update a at 192.0.2.1:5\n"
		   "event {'event':'tunnel-state','from':'degraded','interface':'wg0',"
		   "'peer':'a','reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n"
		   "probe wg0 10.9.0.2\n");
	rig.route_error = -EACCES;
	live(100);
	rig_forget();
	rig.route_error = -EIO;
	live(200);
	rig_expect("@100\n"
		   "wg0 update a at 192.0.2.1:5\n"
		   "event {'event':'tunnel-state','from':'degraded','interface':'wg0',"
		   "'peer':'a','reason':'handshake-fresh','to':'up'}\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n"
		   "probe wg0 10.9.0.2\n"
		   "@200\n"
		   "probe wg0 10.9.0.2\n");
}

/* A peer that moves is said; one that is heard for the first time, or no more, did not move. */
static void test_moves_said(void **state)
{
	static const char *const places[] = {"192.0.2.1:5", "192.0.2.1:6", "",
					     "192.0.2.1:7", "192.0.2.1:7", "[3fff::1]:7"};

	begin(RIG_WG0(", 'liveness': {'poll-interval': 100}", RIG_PEER_A(RIG_QUIET)));
	rig_log(LOG_LEVEL_INFO);
	rig_forget();
	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		rig_peer("wg0", 'a')->info.endpoint = (struct endpoint){0};
		if (*places[i])
			at(places[i]);
		rig_pass(100);
	}
	rig_expect("@100\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@200\n"
		   "log warning: endpoint-changed peer=a interface=wg0 from=192.0.2.1:5 "
		   "to=192.0.2.1:6 configured=no\n"
		   "event {'configured':false,'event':'endpoint-changed','from':'192.0.2.1:5',"
		   "'interface':'wg0','peer':'a','to':'192.0.2.1:6'}\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.1:6 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@300\n"
		   "zebra: a is 1 on 7 never handshake-never 10.9.0.2 10.9.0.2/32\n"
		   "@400\n"
		   "zebra: a is 1 on 7 never handshake-never at 192.0.2.1:7 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "@600\n"
		   "log warning: endpoint-changed peer=a interface=wg0 from=192.0.2.1:7 "
		   "to=[3fff::1]:7 configured=no\n"
		   "event {'configured':false,'event':'endpoint-changed','from':'192.0.2.1:7',"
		   "'interface':'wg0','peer':'a','to':'[3fff::1]:7'}\n"
		   "zebra: a is 1 on 7 never handshake-never at [3fff::1]:7 10.9.0.2 "
		   "10.9.0.2/32\n");
}

/* What a lookup says, and what is made of it where it fails. */
static void test_lookups(void **state)
{
	static const struct {
		enum rig_fault fault;
		int error;
		uint8_t type;
		uint32_t oif;
		bool leads;
	} rows[] = {
		{RIG_FINE, 0, RTN_UNICAST, 0, true},	   {RIG_FINE, 0, RTN_LOCAL, 0, true},
		{RIG_FINE, 0, RTN_UNICAST, 1000001, true}, /* it went just now */
		{RIG_FINE, 0, RTN_UNREACHABLE, 0, false},  {RIG_FINE, 0, RTN_BLACKHOLE, 0, false},
		{RIG_FINE, 0, RTN_PROHIBIT, 0, false},	   {RIG_FINE, -ENETUNREACH, 0, 0, false},
		{RIG_FINE, -EHOSTUNREACH, 0, 0, false},	   {RIG_FINE, -ENETDOWN, 0, 0, false},
		{RIG_FINE, -EACCES, 0, 0, false},	   {RIG_FINE, -EINVAL, 0, 0, false},
		{RIG_FINE, -ENOBUFS, 0, 0, true},	   {RIG_FINE, -EPERM, 0, 0, true},
		{RIG_UNSENT, -ENETUNREACH, 0, 0, false},   {RIG_UNSENT, -ENOBUFS, 0, 0, true},
		{RIG_UNREAD, -ENETUNREACH, 0, 0, false},   {RIG_UNREAD, -ENOBUFS, 0, 0, true},
		{RIG_EMPTY, -ENETUNREACH, 0, 0, true},	   {RIG_LATE, -ENETUNREACH, 0, 0, false},
		{RIG_LATE, 0, RTN_UNREACHABLE, 0, false},  {RIG_LATE, 0, RTN_UNICAST, 0, true},
	};
	struct addr to;

	assert_int_equal(addr_parse("192.0.2.1", &to), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		rig.route_fault = rows[i].fault;
		rig.route_error = rows[i].error;
		rig.route_type = rows[i].type;
		rig.route_oif = rows[i].oif;
		if (way_leads(&to, 0, NULL) != rows[i].leads)
			fail_msg("row %u", i);
	}
	assert_int_equal(rig.lookups, ARRAY_SIZE(rows));
}

static unsigned lookups_of_event(void)
{
	rig.lookups = 0;
	rig_link_event("eth9", 99);
	for (int i = 0; i < 5; i++)
		rig_turn();
	return rig.lookups;
}

/* Nobody asks about a peer of somebody else, an endpoint that is not known or on the link, or for a
 * device that is not there. */
static void test_not_looked_up(void **state)
{
	struct wg_peer *b;

	rig_link_add("wg0", "wireguard", "")->info.admin_up = true;
	b = &rig_peer_add("wg0", 'f')->info;
	assert_int_equal(endpoint_parse("192.0.2.9:9", &b->endpoint), 0);
	begin(RIG_WG0(", 'adopt': true", RIG_PEER_A(RIG_QUIET) ", " RIG_PEER_B(RIG_QUIET)));
	b = &rig_peer("wg0", 'b')->info;
	assert_int_equal(addr_parse("fe80::1", &b->endpoint.addr), 0);
	b->endpoint.port = 7;
	rig_handshake("wg0", 'a');
	rig_handshake("wg0", 'b');
	rig_pass(1000);
	rig_forget();
	rig.route_error = -ENETUNREACH;
	assert_int_equal(lookups_of_event(), 0);
	rig_pass(3000);
	assert_int_equal(rig.lookups, 0);
	rig_expect("");
	at("192.0.2.1:5");
	rig_pass(1000);
	assert_int_equal(lookups_of_event(), 1);
	/* One that is not known any more is not given again. */
	rig_peer("wg0", 'a')->info.endpoint = (struct endpoint){0};
	rig_pass(1000);
	at("192.0.2.1:5");
	rig_pass(3000);
	rig_expect("@800\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n"
		   "event {'event':'tunnel-state','from':'up','interface':'wg0','peer':'a',"
		   "'reason':'underlay-down','to':'degraded'}\n"
		   "zebra: a is 1 on 7 degraded underlay-down cost 1000 at 192.0.2.1:5 "
		   "10.9.0.2 10.9.0.2/32\n"
		   "@1800\n"
		   "zebra: a is 1 on 7 degraded underlay-down cost 1000 10.9.0.2 10.9.0.2/32\n"
		   "zebra: a is 1 on 7 degraded up-hold cost 1000 10.9.0.2 10.9.0.2/32\n"
		   "@2800\n"
		   "zebra: a is 1 on 7 degraded up-hold cost 1000 at 192.0.2.1:5 10.9.0.2 "
		   "10.9.0.2/32\n"
		   "zebra: a is 1 on 7 degraded underlay-down cost 1000 at 192.0.2.1:5 "
		   "10.9.0.2 10.9.0.2/32\n");
	rig_refuse("wg0 open", -EIO, 1000);
	device_lost(device_find("wg0"), "test");
	rig_pass(1000);
	rig_forget();
	assert_int_equal(lookups_of_event(), 0);
	rig.route_error = 0;
	rig_refuse("wg0 open", 0, 0);
	rig_pass(10000);
	rig_expect("@510\n"
		   "wg0 open kernel\n"
		   "event {'error':null,'event':'interface-state','interface':'wg0',"
		   "'state':'ready'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'a',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "event {'event':'tunnel-state','from':'down','interface':'wg0','peer':'b',"
		   "'reason':'handshake-fresh','to':'up'}\n"
		   "zebra: wg0 is 7 up adopted 10.9.0.1/24\n"
		   "zebra: a is 1 on 7 up handshake-fresh at 192.0.2.1:5 10.9.0.2 10.9.0.2/32\n"
		   "zebra: b is 2 on 7 up handshake-fresh at [fe80::1]:7 10.9.0.3 10.9.0.3/32\n");
}

enum { MANY = 70 };

/* With the peers from FIRST on. Release with free(). */
static char *config_of_many(unsigned first)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	static char peers[MANY * 200];
	char *end = peers;

	for (unsigned i = first; i <= MANY; i++)
		end += sprintf(end,
			       "%s{'name': 'p%u', 'public-key': '%c%c" RIG_KEY(
				       "") "', 'endpoint': ['192.0.2.%u:5']" RIG_QUIET "}",
			       i > first ? ", " : "", i, digits[i >> 2], digits[(i & 3) << 4], i);
	return xasprintf(RIG_WG0("", "%s"), peers);
}

/* Many are looked at in pieces, each of them once. */
static void test_many_looked_up(void **state)
{
	char *all = config_of_many(1), *last = config_of_many(MANY);

	begin(all);
	rig.lookups = 0;
	rig_link_event("eth9", 99);
	rig_turn();
	assert_int_equal(rig.lookups, 64);
	rig_turn();
	assert_int_equal(rig.lookups, MANY);
	for (int i = 0; i < 5; i++)
		rig_turn();
	assert_int_equal(rig.lookups, MANY);
	/* And by the polls, some of them each time. */
	rig.lookups = 0;
	rig_pass(1000);
	assert_int_equal(rig.lookups, 16);
	rig_pass(4000);
	assert_int_equal(rig.lookups, MANY);
	/* The one whose turn it would be goes, with all others but the last. */
	rig_apply(last);
	devices_prune();
	rig.lookups = 0;
	rig_pass(500);
	assert_int_equal(rig.lookups, 1);
	free(all);
	free(last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_CHECK(test_each_in_turn),
		RIG_CHECK(test_no_way),
		RIG_CHECK(test_follows),
		RIG_CHECK(test_through_another),
		RIG_CHECK(test_written_of_another),
		RIG_CHECK(test_set_back_slower),
		RIG_CHECK(test_set_back_is_no_trial),
		RIG_CHECK(test_roams_behind_another),
		RIG_CHECK(test_link_local),
		RIG_CHECK(test_returns),
		RIG_CHECK(test_list_changes),
		RIG_CHECK(test_returns_in_vain),
		RIG_CHECK(test_names),
		RIG_CHECK(test_name_alone),
		RIG_CHECK(test_start),
		RIG_CHECK(test_kept),
		RIG_CHECK(test_blank),
		RIG_CHECK(test_idle),
		RIG_CHECK(test_underlay),
		RIG_CHECK(test_moves_said),
		RIG_CHECK(test_lookups),
		RIG_CHECK(test_not_looked_up),
		RIG_CHECK(test_many_looked_up),
		RIG_CHECK(test_inside_permit),
		RIG_CHECK(test_inside_permit_by_uplink),
		RIG_CHECK(test_remembered_inside_permit),
		RIG_CHECK(test_vouched),
		RIG_CHECK(test_nowhere_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
