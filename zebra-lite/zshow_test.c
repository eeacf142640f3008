/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every answer of zebra-lite's as a whole, members and values, of a RIB that has one prefix of each
 * kind. The rows stand here as the CLI's JSON does, without its quotes and colons.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fib.h"
#include "ifaddr.h"
#include "kernel.h"
#include "log.h"
#include "loop_fake.h"
#include "quoted.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rig.h"
#include "rule.h"
#include "show.h"
#include "side.h"
#include "tunnel.h"
#include "util.h"
#include "zconfig.h"
#include "zshow.h"

/* --- the channel: the linker puts these in the place of ipc.c's --- */

static char answer[1 << 22];
static size_t answer_len;
static unsigned room; /* frames until the channel is full */
static bool ended;

void __wrap_ipc_send(struct ipc *ipc, uint16_t type, uint32_t generation, const void *body,
		     size_t len);
bool __wrap_ipc_full(const struct ipc *ipc);

bool __wrap_ipc_full(const struct ipc *ipc)
{
	return room == 0;
}

static void put(const char *text)
{
	size_t len = strlen(text);

	assert_true(answer_len + len < sizeof(answer));
	memcpy(answer + answer_len, text, len + 1);
	answer_len += len;
}

static void put_json(const json_t *j);

static void put_members(const json_t *j)
{
	const char *key, *space = "";
	json_t *v;

	json_object_foreach ((json_t *)j, key, v) {
		put(space);
		put(key);
		put("=");
		put_json(v);
		space = " ";
	}
}

static void put_json(const json_t *j)
{
	const char *space = "";
	char text[32];
	json_t *v;
	size_t i;

	switch (json_typeof(j)) {
	case JSON_OBJECT:
		put("{");
		put_members(j);
		put("}");
		break;
	case JSON_ARRAY:
		put("[");
		json_array_foreach (j, i, v) {
			put(space);
			put_json(v);
			space = " ";
		}
		put("]");
		break;
	case JSON_STRING:
		put(json_string_value(j));
		break;
	case JSON_INTEGER:
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(j));
		put(text);
		break;
	default:
		put(json_is_null(j) ? "-" : json_is_true(j) ? "yes" : "no");
	}
}

void __wrap_ipc_send(struct ipc *ipc, uint16_t type, uint32_t generation, const void *body,
		     size_t len)
{
	struct msg_reply m;
	json_t *j = NULL;

	assert_int_equal(msg_get_reply(type, body, len, &m), 0);
	if (m.json_len)
		j = json_loadb(m.json, m.json_len, 0, NULL);
	if (j && (json_object_size(j) || type != MSG_REPLY_HEAD)) {
		put_members(j);
		put("\n");
	}
	if (type == MSG_REPLY_HEAD && m.list[0]) {
		put(m.list);
		put(":\n");
	}
	if (type == MSG_REPLY_END) {
		put(m.error);
		assert_false(ended);
		ended = true;
	}
	room -= room > 0;
	json_decref(j);
}

static void (*between)(void); /* turns */

/* The answer to a request, whose channel takes so many FRAMES at a time. ': ". */
static const char *asked(const char *request, unsigned frames)
{
	struct show_server *server = show_server_new((struct ipc *)&answer, zebra_commands, NULL);
	struct wr w = {0};
	char *text = quoted_text(request);

	answer[0] = '\0';
	answer_len = 0;
	ended = false;
	room = frames;
	msg_put_request(&w, 7, text, strlen(text));
	show_server_frame(
		server,
		&(struct ipc_frame){.type = MSG_REQUEST, .fd = -1, .len = w.len, .body = w.data});
	for (int i = 0; i < 10000 && !ended; i++) {
		loop_fake_turn();
		if (between)
			between();
		if (room)
			continue;
		room = frames;
		show_server_drained(server);
	}
	assert_true(ended);
	show_server_free(server);
	wr_free(&w);
	free(text);
	return answer;
}

#define EXPECT(request, text) rig_equal(asked(request, 1000), text, __FILE__, __LINE__)

static const char *prefixes_of(const char *request, unsigned frames)
{
	static char list[1 << 18];
	char *copy = xstrdup(asked(request, frames)), *save = NULL, *at = list;

	list[0] = '\0';
	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		if (strncmp(l, "prefix=", 7) == 0)
			at += sprintf(at, "%s%.*s", list[0] ? " " : "", (int)strcspn(l + 7, " "),
				      l + 7);
		else if (!str_eq(l, "routes:"))
			at += sprintf(at, "(%s)", l);
	}
	free(copy);
	return list;
}

/* --- */

#define ROUTE(p) "{'command': 'route', 'prefix': '" p "'}"

static int setup(void **state)
{
	rig_begin();
	return 0;
}

static void test_bgp_routes(void **state)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG0, "10.9.0.2", NULL, TUNNEL_DEGRADED);
	rig_peer(3, RIG_WG1, "10.9.1.3", NULL, TUNNEL_DOWN);
	rig_bgp("10.1.0.0/16", "10.9.0.2 e10.9.0.1 10.9.1.3 198.51.100.7 203.0.113.1");
	rig_settle();
	loop_fake_pass(12999 * 1000);
	EXPECT(ROUTE("10.1.0.0/16"),
	       "routes:\n"
	       "prefix=10.1.0.0/16 plane=main protocol=bgp distance=20 selected=yes "
	       "installed=yes stale=no reason=none reason-text= age-seconds=12 "
	       "next-hops=[{address=10.9.0.2 interface=wg0 peer=p2 state=degraded "
	       "cost=20 active=no weight=0} {address=10.9.0.1 interface=wg0 peer=p1 "
	       "state=up cost=10 active=yes weight=0} {address=10.9.1.3 interface=wg1 "
	       "peer=p3 state=down cost=30 active=no weight=0} {address=198.51.100.7 "
	       "interface=u0 peer=- state=up cost=0 active=no weight=0} "
	       "{address=203.0.113.1 interface=- peer=- state=down cost=0 active=no "
	       "weight=0}] verdict=- error=- retry-seconds=-\n");
	rig_bgp("10.2.0.0/16", "10.9.1.3");
	rig_settle();
	EXPECT(ROUTE("10.2.0.0/16"),
	       "routes:\n"
	       "prefix=10.2.0.0/16 plane=main protocol=bgp distance=200 selected=no "
	       "installed=no stale=no reason=nexthop-unreachable reason-text=nothing "
	       "leads to the next hop age-seconds=0 next-hops=[{address=10.9.1.3 "
	       "interface=wg1 peer=p3 state=down cost=30 active=no weight=0}] verdict=- "
	       "error=- retry-seconds=-\n");
	rig_bgp("10.3.0.0/16", "198.51.100.7");
	rig_bgp("10.4.0.0/16", "10.9.0.1*1 10.9.1.3*2");
	rig_settle();
	EXPECT(ROUTE("10.3.0.0/16"),
	       "routes:\n"
	       "prefix=10.3.0.0/16 plane=main protocol=bgp distance=200 selected=yes "
	       "installed=yes stale=no reason=none reason-text= age-seconds=0 "
	       "next-hops=[{address=198.51.100.7 interface=u0 peer=- state=up cost=0 "
	       "active=yes weight=0}] verdict=- error=- retry-seconds=-\n");
	EXPECT(ROUTE("10.4.0.0/16"),
	       "routes:\n"
	       "prefix=10.4.0.0/16 plane=main protocol=bgp distance=200 selected=yes "
	       "installed=yes stale=no reason=none reason-text= age-seconds=0 "
	       "next-hops=[{address=10.9.0.1 interface=wg0 peer=p1 state=up cost=10 "
	       "active=yes weight=1} {address=10.9.1.3 interface=wg1 peer=p3 state=down "
	       "cost=30 active=no weight=2}] verdict=- error=- retry-seconds=-\n");
	rig_peer(3, RIG_WG1, "10.9.1.3", NULL, TUNNEL_UP);
	rig_settle();
	EXPECT(ROUTE("10.4.0.0/16"),
	       "routes:\n"
	       "prefix=10.4.0.0/16 plane=main protocol=bgp distance=200 selected=yes "
	       "installed=yes stale=no reason=none reason-text= age-seconds=0 "
	       "next-hops=[{address=10.9.0.1 interface=wg0 peer=p1 state=up cost=10 "
	       "active=yes weight=1} {address=10.9.1.3 interface=wg1 peer=p3 state=up "
	       "cost=30 active=yes weight=2}] verdict=- error=- retry-seconds=-\n");
}

static void test_refused_routes(void **state)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_route_error = -ENOMEM;
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_settle();
	EXPECT(ROUTE("10.1.0.0/16"),
	       "routes:\n"
	       "prefix=10.1.0.0/16 plane=main protocol=bgp distance=200 selected=no "
	       "installed=no stale=no reason=kernel-error reason-text=the kernel "
	       "refused it age-seconds=0 next-hops=[{address=10.9.0.1 interface=wg0 "
	       "peer=p1 state=up cost=10 active=no weight=0}] verdict=kernel-error "
	       "error=Cannot allocate memory retry-seconds=1\n");
	loop_fake_pass(999 * 1000);
	EXPECT(ROUTE("10.1.0.0/16"),
	       "routes:\n"
	       "prefix=10.1.0.0/16 plane=main protocol=bgp distance=200 selected=no "
	       "installed=no stale=no reason=kernel-error reason-text=the kernel "
	       "refused it age-seconds=0 next-hops=[{address=10.9.0.1 interface=wg0 "
	       "peer=p1 state=up cost=10 active=no weight=0}] verdict=kernel-error "
	       "error=Cannot allocate memory retry-seconds=1\n");
	rig_route_error = 0;
	rig_kernel(true, "10.2.0.0/16", RTPROT_STATIC, 50, RIG_U1, NULL);
	rig_bgp("10.2.0.0/16", "10.9.0.1");
	rig_settle();
	EXPECT(ROUTE("10.2.0.0/16"),
	       "routes:\n"
	       "prefix=10.2.0.0/16 plane=main protocol=bgp distance=200 selected=no "
	       "installed=no stale=no reason=lost-to-protocol reason-text=a route with "
	       "a lower distance is there age-seconds=0 next-hops=[{address=10.9.0.1 "
	       "interface=wg0 peer=p1 state=up cost=10 active=no weight=0}] "
	       "verdict=lost-to-protocol error=- retry-seconds=-\n"
	       "prefix=10.2.0.0/16 plane=main protocol=kernel distance=0 selected=yes "
	       "installed=yes stale=no reason=none reason-text= age-seconds=0 "
	       "next-hops=[{address=- interface=u peer=- state=up cost=50 active=yes}] "
	       "verdict=lost-to-protocol error=- retry-seconds=-\n");
	rig_bgp("10.3.0.0/16", "10.9.0.1");
	rig_silent = true;
	rig_settle();
	EXPECT(ROUTE("10.3.0.0/16"),
	       "routes:\n"
	       "prefix=10.3.0.0/16 plane=main protocol=bgp distance=200 selected=yes "
	       "installed=no stale=no reason=syncing reason-text=the daemon in charge "
	       "is still starting age-seconds=0 next-hops=[{address=10.9.0.1 "
	       "interface=wg0 peer=p1 state=up cost=10 active=yes weight=0}] verdict=- "
	       "error=- retry-seconds=-\n");
}

static void two_of_a_name(void)
{
	struct msg_tunnel_peer m = {
		.id = 9, .ifindex = RIG_WG2, .state = TUNNEL_DOWN, .name = "p1"};

	tunnel_peer_told(&m);
	rig_settle();
}

static void test_other_routes(void **state)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_kernel(true, "10.1.0.0/16", RTPROT_STATIC, 50, RIG_U1, "192.0.2.7");
	rig_kernel(true, "10.1.0.0/16", RTPROT_STATIC, 40, RIG_WG3, NULL);
	rig_kernel(true, "10.2.0.0/16", RTPROT_KERNEL, 0, RIG_U1, NULL);
	rig_configure("{'rib': {'distance': {'connected': 3, 'kernel': 5}, 'static': ["
		      "{'prefix': '10.2.0.0/16', 'next-hop': '10.9.0.1'},"
		      "{'prefix': '10.3.0.0/16', 'next-hop': '203.0.113.9', 'distance': 7},"
		      "{'prefix': '10.4.0.0/16', 'blackhole': true},"
		      "{'prefix': '10.5.0.0/16', 'next-hop': '10.9.0.1'}]}}");
	rig_link_down[RIG_WG3] = true;
	rig_settle();
	EXPECT(ROUTE("10.1.0.0/16"),
	       "routes:\n"
	       "prefix=10.1.0.0/16 plane=main protocol=kernel distance=5 selected=no "
	       "installed=yes stale=no reason=lost-to-protocol reason-text=a route with "
	       "a lower distance is there age-seconds=0 next-hops=[{address=- "
	       "interface=wg3 peer=- state=down cost=40 active=no}] verdict=- error=- "
	       "retry-seconds=-\n"
	       "prefix=10.1.0.0/16 plane=main protocol=kernel distance=5 selected=yes "
	       "installed=yes stale=no reason=none reason-text= age-seconds=0 "
	       "next-hops=[{address=192.0.2.7 interface=u peer=- state=up cost=50 "
	       "active=yes}] verdict=- error=- retry-seconds=-\n");
	EXPECT(ROUTE("10.2.0.0/16"),
	       "routes:\n"
	       "prefix=10.2.0.0/16 plane=main protocol=static distance=1 selected=yes "
	       "installed=yes stale=no reason=none reason-text= age-seconds=0 "
	       "next-hops=[{address=10.9.0.1 interface=wg0 peer=p1 state=up cost=10 "
	       "active=yes weight=0}] verdict=- error=- retry-seconds=-\n"
	       "prefix=10.2.0.0/16 plane=main protocol=connected distance=3 selected=no "
	       "installed=yes stale=no reason=lost-to-protocol reason-text=a route with "
	       "a lower distance is there age-seconds=0 next-hops=[{address=- "
	       "interface=u peer=- state=up cost=0 active=no}] verdict=- error=- "
	       "retry-seconds=-\n");
	EXPECT(ROUTE("10.3.0.0/16"),
	       "routes:\n"
	       "prefix=10.3.0.0/16 plane=main protocol=static distance=7 selected=no "
	       "installed=no stale=no reason=nexthop-unreachable reason-text=nothing "
	       "leads to the next hop age-seconds=0 next-hops=[{address=203.0.113.9 "
	       "interface=- peer=- state=down cost=0 active=no weight=0}] verdict=- "
	       "error=- retry-seconds=-\n");
	EXPECT(ROUTE("10.4.0.0/16"),
	       "routes:\n"
	       "prefix=10.4.0.0/16 plane=main protocol=static distance=1 selected=yes "
	       "installed=yes stale=no reason=none reason-text= age-seconds=0 "
	       "next-hops=[] verdict=- error=- retry-seconds=-\n");
	EXPECT(ROUTE("10.5.0.0/16"),
	       "routes:\n"
	       "prefix=10.5.0.0/16 plane=main protocol=static distance=1 selected=yes "
	       "installed=yes stale=no reason=none reason-text= age-seconds=0 "
	       "next-hops=[{address=10.9.0.1 interface=wg0 peer=p1 state=up cost=10 "
	       "active=yes weight=0}] verdict=- error=- retry-seconds=-\n");
	EXPECT(ROUTE("10.9.0.1/32"),
	       "routes:\n"
	       "prefix=10.9.0.1/32 plane=main protocol=tunnel distance=0 selected=yes "
	       "installed=yes stale=no reason=none reason-text= age-seconds=0 "
	       "next-hops=[{address=- interface=wg0 peer=- state=up cost=0 active=yes}] "
	       "verdict=- error=- retry-seconds=-\n");
	rig_configure("{" RIG_PERMIT ", 'rib': {'kernel': false, 'distance': {'ibgp': 77}}}");
	rig_bgp("10.6.0.0/16", "10.9.0.1");
	rig_settle();
	EXPECT(ROUTE("10.6.0.0/16"),
	       "routes:\n"
	       "prefix=10.6.0.0/16 plane=main protocol=bgp distance=77 selected=yes "
	       "installed=no stale=no reason=kernel-off reason-text=configured not to "
	       "install routes age-seconds=0 next-hops=[{address=10.9.0.1 interface=wg0 "
	       "peer=p1 state=up cost=10 active=yes weight=0}] verdict=- error=- "
	       "retry-seconds=-\n");
}

/* What an earlier bgpd or an earlier zebra-lite left. */
static void test_stale_routes(void **state)
{
	struct kroute ours = {.prefix = rig_prefix("10.2.0.0/16"),
			      .table = 254,
			      .metric = 179,
			      .oif = RIG_WG0,
			      .protocol = 222,
			      .type = RTN_UNICAST};

	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_settle();
	rib_bgp_begin();
	rig_settle();
	EXPECT(ROUTE("10.1.0.0/16"),
	       "routes:\n"
	       "prefix=10.1.0.0/16 plane=main protocol=bgp distance=200 selected=yes "
	       "installed=yes stale=yes reason=none reason-text= age-seconds=0 "
	       "next-hops=[{address=10.9.0.1 interface=wg0 peer=p1 state=up cost=10 "
	       "active=yes weight=0}] verdict=- error=- retry-seconds=-\n");
	fib_reset();
	rib_kernel_route(&ours, true);
	rig_settle();
	EXPECT(ROUTE("10.2.0.0/16"),
	       "routes:\n"
	       "prefix=10.2.0.0/16 plane=main protocol=bgp distance=20 selected=no "
	       "installed=yes stale=yes reason=stale-path reason-text=a path that is "
	       "not stale wins age-seconds=0 next-hops=[] verdict=- error=- "
	       "retry-seconds=-\n");
	/* A static one waits for bgpd. */
	zconfig.bgp = true;
	rib_kernel_route(&(struct kroute){.prefix = rig_prefix("10.3.0.0/16"),
					  .table = 254,
					  .metric = 179,
					  .oif = RIG_U1,
					  .protocol = 222,
					  .type = RTN_UNICAST},
			 true);
	rib_static_add((struct prefix[]){rig_prefix("10.3.0.0/16")}, NULL, 0, RTN_BLACKHOLE, 250,
		       0);
	rig_settle();
	EXPECT(ROUTE("10.3.0.0/16"),
	       "routes:\n"
	       "prefix=10.3.0.0/16 plane=main protocol=static distance=250 selected=yes "
	       "installed=no stale=yes reason=syncing reason-text=the daemon in charge is "
	       "still starting age-seconds=0 next-hops=[] verdict=- error=- "
	       "retry-seconds=-\n"
	       "prefix=10.3.0.0/16 plane=main protocol=bgp distance=20 selected=no "
	       "installed=yes stale=yes reason=stale-path reason-text=a path that is "
	       "not stale wins age-seconds=0 next-hops=[] verdict=- error=- "
	       "retry-seconds=-\n");
}

static void test_other_plane(void **state)
{
	rig_configure("{'plane': [{'name': 'blue', 'number': 1, 'table': 101, 'interface': "
		      "['wg1']}], 'rib': {}}");
	rig_peer(1, RIG_WG1, "10.9.1.1", NULL, TUNNEL_UP);
	rig_bgp("10.1.0.0/16", "10.9.1.1");
	rig_settle();
	EXPECT("{'command': 'route', 'prefix': '10.1.0.0/16', 'plane': 'main'}",
	       "routes:\n"
	       "prefix=10.1.0.0/16 plane=main protocol=bgp distance=200 selected=no "
	       "installed=no stale=no reason=other-plane reason-text=the next hop is a "
	       "tunnel of another plane age-seconds=0 next-hops=[{address=10.9.1.1 "
	       "interface=- peer=- state=down cost=0 active=no weight=0}] verdict=- "
	       "error=- retry-seconds=-\n");
	EXPECT("{'command': 'route', 'prefix': '10.1.0.0/16', 'plane': 'blue'}", "routes:\n");
	EXPECT("{'command': 'route', 'address': '10.9.1.1'}",
	       "routes:\n"
	       "prefix=0.0.0.0/0 plane=main protocol=kernel distance=0 selected=yes "
	       "installed=yes stale=no reason=none reason-text= age-seconds=0 "
	       "next-hops=[{address=198.51.100.254 interface=u0 peer=- state=up "
	       "cost=100 active=yes}] verdict=- error=- retry-seconds=-\n"
	       "prefix=10.9.1.1/32 plane=blue protocol=tunnel distance=0 selected=yes "
	       "installed=yes stale=no reason=none reason-text= age-seconds=0 "
	       "next-hops=[{address=- interface=wg1 peer=- state=up cost=0 active=yes}] "
	       "verdict=- error=- retry-seconds=-\n");
	EXPECT("{'command': 'route', 'plane': 'red'}", "routes:\n"
						       "no such plane");
	EXPECT("{'command': 'route', 'prefix': 'x'}", "prefix: not a prefix");
	EXPECT("{'command': 'route', 'prefix': 'x', 'longer': true}", "routes:\n"
								      "prefix: not a prefix");
	EXPECT("{'command': 'route', 'address': 'x'}", "address: not an address");
	EXPECT("{'command': 'planes'}",
	       "planes:\n"
	       "name=main number=0 table=254 rules=0 routes=3 interfaces=[]\n"
	       "name=blue number=1 table=101 rules=4 routes=1 interfaces=[wg1]\n");
	EXPECT("{'command': 'nexthops'}",
	       "nexthops:\n"
	       "address=10.9.1.1 plane=main state=down reason=other-plane interface=- "
	       "peer=- tunnel=no watched=no gateway=- cost=0\n");
	rig_configure("{'rib': {}}");
	rig_settle();
	EXPECT("{'command': 'planes'}",
	       "planes:\n"
	       "name=main number=0 table=254 rules=0 routes=4 interfaces=[]\n");
	EXPECT("{'command': 'rules'}", "rules:\n");
}

/* In the order of planes, families and prefixes, however much the channel takes at a time. */
static void test_order(void **state)
{
	char all[4096] = "0.0.0.0/0 10.0.0.0/8";

	rig_configure("{" RIG_PERMIT
		      ", 'plane': [{'name': 'a', 'number': 1, 'table': 101}, {'name': 'b', "
		      "'number': 3, 'table': 103, 'static': [{'prefix': '10.1.7.128/25', "
		      "'blackhole': true}, {'prefix': '2001:db8:1::/48', 'blackhole': true}]}],"
		      "'rib': {}}");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_kernel(true, "2001:db8::/32", RTPROT_STATIC, 50, RIG_U1, NULL);
	rig_kernel(true, "10.0.0.0/8", RTPROT_STATIC, 50, RIG_U1, NULL);
	for (int i = 150; i--;) {
		char p[32];

		snprintf(p, sizeof(p), "10.1.%d.0/24", i);
		rig_bgp(p, "10.9.0.1");
	}
	rig_settle();
	for (int i = 0; i < 150; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), " 10.1.%d.0/24", i);
	strcat(all, " 10.9.0.1/32 198.51.100.0/24 2001:db8::/32 10.1.7.128/25 2001:db8:1::/48");
	for (unsigned frames = 1; frames < 300; frames = frames * 5 + 1)
		assert_string_equal(prefixes_of("{'command': 'route'}", frames), all);
}

/* More than are sorted at a time. */
static void test_many(void **state)
{
	enum { MANY = 9000 };
	char *want = xcalloc(MANY + 4, 20), *at = want;

	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	for (int i = MANY; i--;) {
		char p[32];

		snprintf(p, sizeof(p), "172.16.%d.%d/32", i / 256, i % 256);
		rig_bgp(p, "10.9.0.1");
	}
	rig_settle();
	at += sprintf(at, "0.0.0.0/0 10.9.0.1/32");
	for (int i = 0; i < MANY; i++)
		at += sprintf(at, " 172.16.%d.%d/32", i / 256, i % 256);
	sprintf(at, " 198.51.100.0/24");
	assert_true(str_eq(prefixes_of("{'command': 'route'}", 100), want));
	free(want);
}

static void test_parts(void **state)
{
	static const struct {
		const char *arguments, *prefixes;
	} rows[] = {
		{"'family': 'ipv4'", "0.0.0.0/0 10.1.0.0/16 198.51.100.0/24 10.1.2.0/24"},
		{"'family': 'ipv6'", "2001:db8::/32 2001:db8:1::/48"},
		{"'family': 'ipv6', 'plane': 'main'", "2001:db8::/32"},
		{"'plane': 'main'", "0.0.0.0/0 10.1.0.0/16 198.51.100.0/24 2001:db8::/32"},
		{"'plane': 'b'", "10.1.2.0/24 2001:db8:1::/48"},
		{"'prefix': '10.1.0.0/16', 'longer': true", "10.1.0.0/16 10.1.2.0/24"},
		{"'prefix': '10.1.0.0/17', 'longer': true", "10.1.2.0/24"},
		{"'prefix': '10.1.0.0/16', 'longer': true, 'plane': 'b'", "10.1.2.0/24"},
		{"'prefix': '2001:db8::/32', 'longer': true", "2001:db8::/32 2001:db8:1::/48"},
		{"'prefix': '10.1.0.0/16'", "10.1.0.0/16"},
		{"'prefix': '10.1.2.0/24', 'plane': 'main'", ""},
		{"'address': '10.1.2.3'", "10.1.0.0/16 10.1.2.0/24"},
		{"'address': '10.1.2.3', 'plane': 'main'", "10.1.0.0/16"},
		{"'address': '10.2.2.3', 'plane': 'b'", ""},
	};

	rig_configure("{'plane': [{'name': 'b', 'number': 3, 'table': 103, 'static': [{'prefix': "
		      "'10.1.2.0/24', 'blackhole': true}, {'prefix': '2001:db8:1::/48', "
		      "'blackhole': true}]}], 'rib': {'static': [{'prefix': '10.1.0.0/16', "
		      "'blackhole': true}, {'prefix': '2001:db8::/32', 'blackhole': true}]}}");
	rig_settle();
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		char *request = xasprintf("{'command': 'route', %s}", rows[i].arguments);

		rig_equal(prefixes_of(request, 5), rows[i].prefixes, rows[i].arguments, (int)i);
		free(request);
	}
}

static void test_nexthops(void **state)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_DEGRADED);
	rig_peer(3, RIG_WG1, "10.9.1.3", NULL, TUNNEL_DOWN);
	rig_kernel(true, "192.0.2.0/24", RTPROT_STATIC, 50, RIG_U1, "198.51.100.9");
	rig_watch("10.9.0.1");
	rig_watch("203.0.113.1");
	rig_watch("192.0.2.9");
	rig_bgp("10.1.0.0/16", "10.9.1.2 10.9.1.3 198.51.100.77");
	rig_settle();
	EXPECT("{'command': 'nexthops'}",
	       "nexthops:\n"
	       "address=10.9.0.1 plane=main state=up reason=none interface=wg0 peer=p1 "
	       "tunnel=yes watched=yes gateway=- cost=10\n"
	       "address=10.9.1.2 plane=main state=degraded reason=lossy interface=wg1 "
	       "peer=p2 tunnel=yes watched=no gateway=- cost=20\n"
	       "address=10.9.1.3 plane=main state=down reason=handshake-stale "
	       "interface=wg1 peer=p3 tunnel=yes watched=no gateway=- cost=30\n"
	       "address=192.0.2.9 plane=main state=up reason=none interface=u peer=- "
	       "tunnel=no watched=yes gateway=198.51.100.9 cost=0\n"
	       "address=198.51.100.77 plane=main state=up reason=none interface=u0 "
	       "peer=- tunnel=no watched=no gateway=- cost=0\n"
	       "address=203.0.113.1 plane=main state=down reason=nexthop-unreachable "
	       "interface=- peer=- tunnel=no watched=yes gateway=- cost=0\n");
}

#define KEPT_IN(prefix)                                                            \
	"prefix=" prefix " plane=main protocol=keep-in distance=255 selected=yes " \
	"installed=yes stale=no reason=kept-in reason-text=no tunnel has a "       \
	"route for it age-seconds=0 next-hops=[] verdict=- error=- retry-seconds=-\n"
#define KEPT_ROW(prefix, seconds)                                              \
	"prefix=" prefix " plane=main table=254 rule-priority=0 protocol=222 " \
	"metric=4294967294 by=learned "                                        \
	"state=installed reason=refused where no tunnel has a route seconds=" seconds "\n"

static void test_keep_in(void **state)
{
	rig_configure("{'rib': {}, " RIG_PERMIT "}");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_bgp("10.2.0.0/16", "10.9.0.1");
	rig_settle();
	rig_bgp("10.1.0.0/16", "");
	rig_settle();
	EXPECT("{'command': 'keep-in'}",
	       "mode=learned keep-in-time=86400 metric=4294967294 too-many=[] "
	       "spared=[]\nprefixes:\n" KEPT_ROW("10.1.0.0/16", "86400")
		       KEPT_ROW("10.2.0.0/16", "-"));
	rig_equal(asked("{'command': 'keep-in', 'prefix': '10.2.0.0/16'}", 2),
		  "mode=learned keep-in-time=86400 metric=4294967294 too-many=[] "
		  "spared=[]\nprefixes:\n" KEPT_ROW("10.2.0.0/16", "-"),
		  __FILE__, __LINE__);
	EXPECT("{'command': 'keep-in-summary'}", "version=9 kept=2 installed=2 too-many=[]\n");
	EXPECT(ROUTE("10.1.0.0/16"), "routes:\n" KEPT_IN("10.1.0.0/16"));
	EXPECT("{'command': 'route', 'address': '10.1.2.3'}", "routes:\n" KEPT_IN("10.1.0.0/16"));
	RIG_EQ(prefixes_of("{'command': 'route', 'family': 'ipv4'}", 1000),
	       "0.0.0.0/0 10.1.0.0/16 10.2.0.0/16 10.9.0.1/32 198.51.100.0/24");
	EXPECT("{'command': 'spare-in-keep-in', 'addresses': ['10.1.0.9', 'x', 'fd00::9']}",
	       "spared=2\n");
	EXPECT("{'command': 'keep-in', 'prefix': '10.3.0.0/16'}",
	       "mode=learned keep-in-time=86400 metric=4294967294 too-many=[] spared=[10.1.0.9 "
	       "fd00::9]\nprefixes:\n");
	EXPECT("{'command': 'pins'}", "pins:\n"); /* of endpoints alone */
	EXPECT("{'command': 'spare-in-keep-in', 'addresses': []}", "spared=0\n");
	EXPECT("{'command': 'clear-keep-in', 'prefix': '10.2.0.0/16'}", "cleared=0\n");
	EXPECT("{'command': 'remember-keep-in', 'table': 254, 'prefixes': ['10.3.0.0/16', "
	       "'10.2.0.0/16', '0.0.0.0/0', 'x', 7]}",
	       "remembered=2\n");
	EXPECT("{'command': 'remember-keep-in', 'table': 100, 'prefixes': ['10.4.0.0/16']}",
	       "remembered=0\n");
	EXPECT("{'command': 'clear-keep-in', 'prefix': '10.3.0.0/16'}", "cleared=1\n");
	EXPECT("{'command': 'clear-keep-in', 'prefix': 'x'}", "prefix: not a prefix");
	EXPECT("{'command': 'clear-keep-in'}", "cleared=1\n");
	rig_settle();
	EXPECT(ROUTE("10.1.0.0/16"), "routes:\n");
	EXPECT("{'command': 'keep-in', 'prefix': '10.1.0.0/16'}",
	       "mode=learned keep-in-time=86400 metric=4294967294 too-many=[] "
	       "spared=[]\nprefixes:\n");
}

#define NO_REPAIRS                                                                            \
	"repair-times={count=0 sum-microseconds=0 within-1-ms=0 within-2-ms=0 within-5-ms=0 " \
	"within-10-ms=0 within-20-ms=0 within-50-ms=0 within-100-ms=0 within-200-ms=0 "       \
	"within-500-ms=0 within-1000-ms=0 within-5000-ms=0} "

static void test_summary(void **state)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_settle();
	EXPECT("{'command': 'rib-summary'}",
	       "prefixes=5 queued=0 urgent=0 lingering=0 paths=3 batches=1 "
	       "entries-set=2 entries-unset=0 route-writes=3 route-errors=0 "
	       "route-errors-seconds=- routes-refused=0 refused=0 beyond-ceiling=0 "
	       "beyond-ceiling-seconds=- drift-repaired=0 drift-repaired-seconds=- "
	       "routes-flushed=0 resyncs=0 local-repairs=0 " NO_REPAIRS "nexthop-objects=1 "
	       "nexthop-moves=0 rules-repaired=0 swept=yes nftables-sets=off "
	       "nftables-error=- own-addresses=off own-addresses-error=- "
	       "settings={pin-endpoints=yes resilient=no "
	       "sweep-timeout=300}\n");
	fib_counters.route_errors_ms = fib_counters.drift_ms = fib_counters.beyond_ms = now_ms();
	fib_counters.beyond = 11;
	fib_counters.urgent = 12;
	fib_counters.lingering = 13;
	fib_counters.route_errors = 14;
	fib_counters.refused = 15;
	fib_counters.drift = 16;
	fib_counters.flushed = 17;
	fib_counters.resyncs = 18;
	fib_counters.repairs = 19;
	fib_counters.queued = 20;
	rules.drift = 21;
	side_routes.drift = 100;
	zconfig.resilient = true;
	loop_fake_pass(5999 * 1000);
	EXPECT("{'command': 'rib-summary'}",
	       "prefixes=5 queued=20 urgent=12 lingering=13 paths=3 batches=1 "
	       "entries-set=2 entries-unset=0 route-writes=3 route-errors=14 "
	       "route-errors-seconds=5 routes-refused=0 refused=15 beyond-ceiling=11 "
	       "beyond-ceiling-seconds=5 drift-repaired=16 drift-repaired-seconds=5 "
	       "routes-flushed=17 resyncs=18 local-repairs=19 " NO_REPAIRS "nexthop-objects=1 "
	       "nexthop-moves=0 rules-repaired=121 swept=yes nftables-sets=off "
	       "nftables-error=- own-addresses=off own-addresses-error=- "
	       "settings={pin-endpoints=yes resilient=yes "
	       "sweep-timeout=300}\n");
	fib_counters = (struct fib_counters){0};
	rules.drift = side_routes.drift = 0;
	zconfig.resilient = false;
}

static void test_pins(void **state)
{
	static const char request[] = "{'command': 'pins'}";

	rig_kernel(true, "2001:db8::/64", RTPROT_KERNEL, 0, RIG_U1, NULL);
	rig_peer(1, RIG_WG0, "10.9.0.1", "203.0.113.1:51820", TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", "[2001:db8::7]:51820", TUNNEL_UP);
	rig_peer(3, RIG_WG1, "10.9.1.3", "[3fff::7]:51820", TUNNEL_UP);
	rig_settle();
	EXPECT(request,
	       "pins:\n"
	       "endpoint=203.0.113.1 via=198.51.100.254 interface=u0 state=not-needed reason=-\n"
	       "endpoint=2001:db8::7 via=- interface=u state=not-needed reason=-\n"
	       "endpoint=3fff::7 via=- interface=- state=no-underlay reason=-\n");
	rig_bgp("203.0.0.0/16", "10.9.1.2");
	rig_settle();
	EXPECT(request,
	       "pins:\n"
	       "endpoint=203.0.113.1 via=198.51.100.254 interface=u0 state=installed reason=-\n"
	       "endpoint=2001:db8::7 via=- interface=u state=not-needed reason=-\n"
	       "endpoint=3fff::7 via=- interface=- state=no-underlay reason=-\n");
	rig_configure("{" RIG_PERMIT ", 'rib': {'pin-endpoints': false}}");
	rig_settle();
	EXPECT(request, "pins:\n"
			"endpoint=203.0.113.1 via=198.51.100.254 interface=u0 state=off reason=-\n"
			"endpoint=2001:db8::7 via=- interface=u state=not-needed reason=-\n"
			"endpoint=3fff::7 via=- interface=- state=no-underlay reason=-\n");
	rig_route_error = -ENOMEM;
	rig_configure("{" RIG_PERMIT ", 'rib': {}}");
	rig_settle();
	EXPECT(request,
	       "pins:\n"
	       "endpoint=203.0.113.1 via=198.51.100.254 interface=u0 state=pending reason=-\n"
	       "endpoint=2001:db8::7 via=- interface=u state=not-needed reason=-\n"
	       "endpoint=3fff::7 via=- interface=- state=no-underlay reason=-\n");
	/* One that was found inside what is private, by the underlay or without one. */
	rig_route_error = 0;
	rig_configure("{'wireguard': {'interface': [{'name': 'wg1', 'peer': [{'name': 'p2', "
		      "'permit': ['203.0.0.0/16', '3fff::/16']}]}]}}");
	rig_bgp("3fff::/16", "10.9.1.2");
	rig_settle();
	EXPECT(request,
	       "pins:\n"
	       "endpoint=203.0.113.1 via=198.51.100.254 interface=u0 state=refused "
	       "reason=endpoint-inside\n"
	       "endpoint=2001:db8::7 via=- interface=u state=not-needed reason=-\n"
	       "endpoint=3fff::7 via=- interface=- state=refused reason=endpoint-inside\n");
}

static void test_rules(void **state)
{
	static const char request[] = "{'command': 'rules'}";
	struct krule stale = {.family = AF_INET6,
			      .protocol = 222,
			      .action = 1,
			      .priority = 9,
			      .table = 5,
			      .fwmark = 1,
			      .fwmask = 3};

	rig_configure("{'rib': {'rule': [{'priority': 7, 'table': 77, 'source': '10.1.0.0/16', "
		      "'destination': '10.2.0.0/16', 'fwmark': 5, 'tos': 16, 'interface': 'u'}, "
		      "{'priority': 8, 'table': 78}]}}");
	rig_settle();
	EXPECT(request, "rules:\n"
			"priority=7 family=ipv4 source=10.1.0.0/16 destination=10.2.0.0/16 "
			"interface=u bound-to=- ip-protocol=- icmp-types=- fwmark=5 "
			"fwmask=4294967295 tos=16 table=77 "
			"no-default=no state=installed\n"
			"priority=8 family=ipv4 source=- destination=- interface=- bound-to=- "
			"ip-protocol=- icmp-types=- "
			"fwmark=0 fwmask=0 tos=0 table=78 no-default=no state=installed\n"
			"priority=8 family=ipv6 source=- destination=- interface=- bound-to=- "
			"ip-protocol=- icmp-types=- "
			"fwmark=0 fwmask=0 tos=0 table=78 no-default=no state=installed\n");
	keep_read_begin(&rules);
	rule_told(&stale, true);
	EXPECT(request, "rules:\n"
			"priority=7 family=ipv4 source=10.1.0.0/16 destination=10.2.0.0/16 "
			"interface=u bound-to=- ip-protocol=- icmp-types=- fwmark=5 "
			"fwmask=4294967295 tos=16 table=77 "
			"no-default=no state=installed\n"
			"priority=8 family=ipv4 source=- destination=- interface=- bound-to=- "
			"ip-protocol=- icmp-types=- "
			"fwmark=0 fwmask=0 tos=0 table=78 no-default=no state=installed\n"
			"priority=8 family=ipv6 source=- destination=- interface=- bound-to=- "
			"ip-protocol=- icmp-types=- "
			"fwmark=0 fwmask=0 tos=0 table=78 no-default=no state=installed\n"
			"priority=9 family=ipv6 source=- destination=- interface=- bound-to=- "
			"ip-protocol=- icmp-types=- "
			"fwmark=1 fwmask=3 tos=0 table=5 no-default=no state=stale\n");
	rig_rule_error = -EEXIST;
	keep_read_end(&rules);
	EXPECT(request, "rules:\n"
			"priority=7 family=ipv4 source=10.1.0.0/16 destination=10.2.0.0/16 "
			"interface=u bound-to=- ip-protocol=- icmp-types=- fwmark=5 "
			"fwmask=4294967295 tos=16 table=77 "
			"no-default=no state=foreign\n"
			"priority=8 family=ipv4 source=- destination=- interface=- bound-to=- "
			"ip-protocol=- icmp-types=- "
			"fwmark=0 fwmask=0 tos=0 table=78 no-default=no state=foreign\n"
			"priority=8 family=ipv6 source=- destination=- interface=- bound-to=- "
			"ip-protocol=- icmp-types=- "
			"fwmark=0 fwmask=0 tos=0 table=78 no-default=no state=foreign\n"
			"priority=9 family=ipv6 source=- destination=- interface=- bound-to=- "
			"ip-protocol=- icmp-types=- "
			"fwmark=1 fwmask=3 tos=0 table=5 no-default=no state=stale\n");
	rig_rule_error = -ENOMEM;
	rig_pass(2000);
	EXPECT(request, "rules:\n"
			"priority=7 family=ipv4 source=10.1.0.0/16 destination=10.2.0.0/16 "
			"interface=u bound-to=- ip-protocol=- icmp-types=- fwmark=5 "
			"fwmask=4294967295 tos=16 table=77 "
			"no-default=no state=refused\n"
			"priority=8 family=ipv4 source=- destination=- interface=- bound-to=- "
			"ip-protocol=- icmp-types=- "
			"fwmark=0 fwmask=0 tos=0 table=78 no-default=no state=refused\n"
			"priority=8 family=ipv6 source=- destination=- interface=- bound-to=- "
			"ip-protocol=- icmp-types=- "
			"fwmark=0 fwmask=0 tos=0 table=78 no-default=no state=refused\n"
			"priority=9 family=ipv6 source=- destination=- interface=- bound-to=- "
			"ip-protocol=- icmp-types=- "
			"fwmark=1 fwmask=3 tos=0 table=5 no-default=no state=stale\n");
	rig_configure("{'rib': {'kernel': false, 'rule': [{'priority': 8, 'table': 78}]}}");
	rig_rule_error = 0;
	rig_pass(40000);
	EXPECT(request, "rules:\n"
			"priority=8 family=ipv4 source=- destination=- interface=- bound-to=- "
			"ip-protocol=- icmp-types=- "
			"fwmark=0 fwmask=0 tos=0 table=78 no-default=no state=off\n"
			"priority=8 family=ipv6 source=- destination=- interface=- bound-to=- "
			"ip-protocol=- icmp-types=- "
			"fwmark=0 fwmask=0 tos=0 table=78 no-default=no state=off\n");
	rules.ready = false;
	rig_configure("{'rib': {'rule': [{'priority': 8, 'table': 78}]}}");
	EXPECT(request, "rules:\n"
			"priority=8 family=ipv4 source=- destination=- interface=- bound-to=- "
			"ip-protocol=- icmp-types=- "
			"fwmark=0 fwmask=0 tos=0 table=78 no-default=no state=pending\n"
			"priority=8 family=ipv6 source=- destination=- interface=- bound-to=- "
			"ip-protocol=- icmp-types=- "
			"fwmark=0 fwmask=0 tos=0 table=78 no-default=no state=pending\n");
}

static void test_uplinks(void **state)
{
	char *all;
	int rp_filter = kernel_rp_filter("none");

	rig_configure("{'rib': {}, 'wireguard': {'interface': [{'name': 'wg0', 'fwmark': 77, "
		      "'uplink': {'interface': 'none', 'table': 177, 'rule-priority': 3000, "
		      "'gateway': ['192.0.2.1'], 'source': ['192.0.2.2', '2001:db8::2']}}]}}");
	uplinks_read_end();
	rig_settle();
	all = xasprintf(
		"uplinks:\n"
		"interface=wg0 uplink=none fwmark=77 table=177 rule-priority=3000 bypass=yes "
		"rp-filter=%d ipv4={state=no-interface source=- gateway=-} "
		"ipv6={state=no-interface source=- gateway=-}\n",
		rp_filter);
	assert_string_equal(asked("{'command': 'uplinks'}", 1000), all);
	free(all);
}

static void test_nftables(void **state)
{
	EXPECT("{'command': 'nftables-sets'}", "table=inet wgbgp state=off error=-\n"
					       "sets:\n");
}

/* What would go with a tunnel. */
static void test_alternatives(void **state)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_peer(3, RIG_WG1, "10.9.1.3", NULL, TUNNEL_DEGRADED);
	rig_peer(4, RIG_WG1, "10.9.1.4", NULL, TUNNEL_NEVER);
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.3");
	rig_bgp("10.3.0.0/16", "10.9.0.1 10.9.1.4");
	rig_bgp("10.4.0.0/16", "10.9.0.1 198.51.100.7");
	rig_bgp("10.5.0.0/16", "10.9.1.2 10.9.0.1");
	rig_bgp("10.6.0.0/16", "10.9.0.1");
	rig_bgp("10.7.0.0/16", "10.9.0.1 10.9.1.2-");
	rig_kernel(true, "10.6.0.0/16", RTPROT_STATIC, 50, RIG_U1, NULL);
	rig_settle();
	EXPECT("{'command': 'alternatives', 'peer': 'p1'}",
	       "interface=wg0 ifindex=10 peer=p1 state=up protocol-number=222 "
	       "prefixes=5 without-alternative=3 without=[10.2.0.0/16 10.3.0.0/16 "
	       "10.7.0.0/16]\n");
	EXPECT("{'command': 'alternatives', 'peer': 'p2', 'interface': 'wg1'}",
	       "interface=wg1 ifindex=11 peer=p2 state=up protocol-number=222 "
	       "prefixes=1 without-alternative=0 without=[]\n");
	EXPECT("{'command': 'alternatives', 'peer': 'p1', 'interface': 'wg1'}",
	       "no such tunnel peer");
	EXPECT("{'command': 'alternatives', 'peer': 'p9'}", "no such tunnel peer");
	for (int i = 0; i < 12; i++) {
		char p[32];

		snprintf(p, sizeof(p), "10.8.%d.0/24", i);
		rig_bgp(p, "10.9.1.3");
	}
	rig_settle();
	EXPECT("{'command': 'alternatives', 'peer': 'p3'}",
	       "interface=wg1 ifindex=11 peer=p3 state=degraded protocol-number=222 "
	       "prefixes=12 without-alternative=12 without=[10.8.0.0/24 10.8.1.0/24 "
	       "10.8.2.0/24 10.8.3.0/24 10.8.4.0/24 10.8.5.0/24 10.8.6.0/24 10.8.7.0/24 "
	       "10.8.8.0/24 10.8.9.0/24]\n");
	two_of_a_name();
	EXPECT("{'command': 'alternatives', 'peer': 'p1'}",
	       "several interfaces have a peer of this name: name one");
	EXPECT("{'command': 'alternatives', 'peer': 'p1', 'interface': 'wg2'}",
	       "interface=wg2 ifindex=12 peer=p1 state=down protocol-number=222 "
	       "prefixes=0 without-alternative=0 without=[]\n");
}

static void peer_goes(void)
{
	tunnel_peer_gone(1);
}

/* Of more prefixes than a turn looks at, and of a tunnel that goes meanwhile. */
static void test_many_alternatives(void **state)
{
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	for (int i = 0; i < 9000; i++) {
		char p[32];

		snprintf(p, sizeof(p), "20.%d.%d.0/24", i / 256, i % 256);
		rig_bgp(p, i % 3 ? "10.9.0.1 10.9.1.2" : "10.9.0.1");
	}
	rig_settle();
	EXPECT("{'command': 'alternatives', 'peer': 'p1'}",
	       "interface=wg0 ifindex=10 peer=p1 state=up protocol-number=222 "
	       "prefixes=9000 without-alternative=3000 without=[20.0.0.0/24 20.0.3.0/24 "
	       "20.0.6.0/24 20.0.9.0/24 20.0.12.0/24 20.0.15.0/24 20.0.18.0/24 "
	       "20.0.21.0/24 20.0.24.0/24 20.0.27.0/24]\n");
	between = peer_goes;
	EXPECT("{'command': 'alternatives', 'peer': 'p1'}", "the tunnel went away");
	between = NULL;
}

int main(void)
{
#define T(f) RIG_CHECK(f, setup)
	const struct CMUnitTest tests[] = {
		T(test_bgp_routes),
		T(test_refused_routes),
		T(test_other_routes),
		T(test_stale_routes),
		T(test_other_plane),
		T(test_order),
		T(test_many),
		T(test_parts),
		T(test_nexthops),
		T(test_summary),
		T(test_keep_in),
		T(test_pins),
		T(test_rules),
		T(test_uplinks),
		T(test_nftables),
		T(test_alternatives),
		T(test_many_alternatives),
	};

	log_init("zshow_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
