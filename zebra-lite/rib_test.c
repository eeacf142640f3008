/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Choice, refusals, pins, redistribution and adoption, one by one, against a kernel and a wgd that
 * write down what they are told.
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
#include <unistd.h>

#include "configured.h"
#include "fib.h"
#include "log.h"
#include "loop.h"
#include "news.h"
#include "out.h"
#include "pin.h"
#include "planes.h"
#include "rib.h"
#include "rib_kernel.h"
#include "tunnel.h"
#include "util.h"
#include "zapply.h"
#include "zceiling.h"
#include "zconfig.h"

#define UPLINK 2
#define WG0 10
#define WG1 11

static char journal[8192];		       /* what was told, one word group after another */
static uint32_t pending[8], n_pending;	       /* batches that wgd has not answered yet */
static int route_error;			       /* of the next addition */
static int change_error;		       /* of the next change */
static bool stands[64];			       /* an entry at the peer with this number */
static struct msg_allowed_refused refusals[2]; /* in the next answer of wgd */
static uint32_t n_refusals;
static uint32_t bgpd_generation; /* of the configuration that bgpd goes by */

static void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void say(const char *fmt, ...)
{
	size_t len = strlen(journal);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(journal + len, sizeof(journal) - len, fmt, ap);
	va_end(ap);
}

static void on_route(enum route_op op, const struct kroute *r, void *cookie)
{
	static const char *const names[] = {"add", "change", "del"};

	say("%s %s %u;", names[op], PREFIX_STR(&r->prefix), r->oif);
	if (op == ROUTE_ADD && route_error)
		fib_route_failed(cookie, route_error);
	route_error = 0;
	if (op == ROUTE_CHANGE && change_error) {
		fib_route_failed(cookie, change_error);
		change_error = 0;
	}
}

static uint32_t on_flush(void)
{
	return 0;
}

static bool on_done(uint32_t flush, bool wait)
{
	return true;
}

static void on_allowed(const struct msg_allowed *m)
{
	for (uint32_t i = 0; i < m->n; i++) {
		stands[m->changes[i].peer_id % 64] = m->changes[i].op == ALLOWED_SET;
		say("%s %s %u;", m->changes[i].op == ALLOWED_SET ? "set" : "unset",
		    PREFIX_STR(&m->changes[i].prefix), m->changes[i].peer_id);
	}
	pending[n_pending++] = m->batch;
}

static void on_sync(uint32_t batch)
{
	say("sync;");
	pending[n_pending++] = batch;
}

static void on_verdict(const struct msg_verdicts *m)
{
	say("%s %s %s;", m->verdict == VERDICT_REFUSED ? "refused" : "cleared",
	    PREFIX_STR(&m->prefixes[0]), reason_name(m->reason));
}

static void on_nexthop(const struct msg_nexthop *m)
{
	say("nexthop %s %s %s;", ADDR_STR(&m->addr), reach_name(m->reach),
	    m->tunnel ? m->peer : "-");
}

static void on_redist(const struct msg_redist *m)
{
	say("redist %s %s %s;", m->present ? "+" : "-", redist_name(m->source),
	    PREFIX_STR(&m->prefix));
}

static void on_resync(const char *why)
{
}

static bool link_up(uint32_t ifindex)
{
	return true;
}

static const char *link_name(uint32_t ifindex)
{
	return ifindex == WG0 ? "wg0" : ifindex == WG1 ? "wg1" : "u0";
}

static void answer(void)
{
	struct msg_allowed_ack ack = {.batch = pending[0], .n = n_refusals, .refused = refusals};

	memmove(pending, pending + 1, --n_pending * sizeof(pending[0]));
	n_refusals = 0;
	fib_acked(&ack);
}

static void settle(void)
{
	unsigned turns = 0;

	do {
		assert_true(turns++ < 100000); /* else something goes on for ever */
		event_base_loop(loop_base(), EVLOOP_NONBLOCK);
		if (n_pending)
			answer();
		event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	} while (n_pending || fib_counters.queued);
}

static bool told(const char *what)
{
	return strstr(journal, what) != NULL;
}

static struct prefix pfx(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

static void kernel_route(const char *prefix, uint8_t protocol, uint32_t metric, uint32_t oif,
			 const char *gateway, bool present)
{
	struct kroute r = {.prefix = pfx(prefix),
			   .table = 254,
			   .metric = metric,
			   .oif = oif,
			   .protocol = protocol,
			   .type = RTN_UNICAST};

	if (gateway)
		assert_int_equal(addr_parse(gateway, &r.gateway), 0);
	rib_kernel_route(&r, present);
}

/* By HOP, else by SECOND; NULL: none. */
static void bgp_by(const char *prefix, const char *hop, const char *second)
{
	struct prefix p = pfx(prefix);
	struct msg_routes m = {.n_prefixes = 1, .prefixes = &p};
	const char *const hops[] = {hop, second};

	while (m.hops.n < ARRAY_SIZE(hops) && hops[m.hops.n]) {
		assert_int_equal(addr_parse(hops[m.hops.n], &m.hops.hop[m.hops.n].addr), 0);
		m.hops.n++;
	}
	rib_bgp_routes(&m, bgpd_generation);
}

static void bgp(const char *prefix, const char *hop)
{
	bgp_by(prefix, hop, NULL);
}

static void watch(const char *address)
{
	struct addr a;

	assert_int_equal(addr_parse(address, &a), 0);
	nexthop_watch(&a);
}

static void peer_on(uint32_t ifindex, uint32_t id, const char *name, const char *addr,
		    const char *endpoint, uint8_t state)
{
	struct msg_tunnel_peer t = {.id = id, .ifindex = ifindex, .state = state, .n_addrs = 1};

	t.addrs = xcalloc(1, sizeof(*t.addrs));
	assert_int_equal(addr_parse(addr, &t.addrs[0]), 0);
	if (endpoint)
		assert_int_equal(endpoint_parse(endpoint, &t.endpoint), 0);
	str_copy(t.name, name, sizeof(t.name));
	tunnel_peer_told(&t);
	msg_free_tunnel_peer(&t);
}

static void peer_named(uint32_t id, const char *name, const char *addr, const char *endpoint,
		       uint8_t state)
{
	peer_on(WG0, id, name, addr, endpoint, state);
}

static void peer(uint32_t id, const char *addr, const char *endpoint, uint8_t state)
{
	char name[16];

	snprintf(name, sizeof(name), "p%u", id);
	peer_named(id, name, addr, endpoint, state);
}

static void refuse(uint32_t peer_id, const char *prefix)
{
	refusals[n_refusals++] =
		(struct msg_allowed_refused){peer_id, pfx(prefix), REASON_FOREIGN_ALLOWED_IP};
}

static void read_kernel(void)
{
	kernel_route("198.51.100.0/24", RTPROT_KERNEL, 0, UPLINK, NULL, true);
	kernel_route("0.0.0.0/0", RTPROT_DHCP, 100, UPLINK, "198.51.100.254", true);
}

/* wgd with two peers, at the second one of which an entry stands, or none. */
static void meet_wgd(const char *held)
{
	struct msg_tunnel_if t = {.ifindex = WG0, .up = true, .name = "wg0"};
	struct allowed_change entry = {ALLOWED_SET, 2, {0}};
	struct msg_allowed m = {.n = held != NULL, .changes = &entry};

	tunnel_begin();
	tunnel_if_told(&t);
	peer(1, "10.9.0.1", "203.0.113.1:51820", TUNNEL_UP);
	peer(2, "10.9.0.2", NULL, TUNNEL_UP);
	if (held)
		entry.prefix = pfx(held);
	fib_held(&m);
	tunnel_synced();
	fib_wgd_synced();
}

static int setup(void **state)
{
	out = (struct out){
		.route = on_route,
		.route_flush = on_flush,
		.route_done = on_done,
		.allowed = on_allowed,
		.allowed_sync = on_sync,
		.verdict = on_verdict,
		.nexthop = on_nexthop,
		.redist = on_redist,
		.resync = on_resync,
		.link_up = link_up,
		.link_name = link_name,
	};
	news_open(NULL);
	bgpd_generation = 1;
	read_kernel();
	rib_bgp_begin();
	meet_wgd(NULL);
	fib_kernel_ready();
	settle();
	assert_true(told("add 10.9.0.1/32 10;"));
	assert_true(told("redist + connected 198.51.100.0/24;"));
	assert_false(told("sync;")); /* bgpd has not said everything yet */
	rib_bgp_synced();
	settle();
	assert_true(told("sync;"));
	journal[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	fib_reset();
	pin_reset();
	rib_reset();
	rib_kernel_reset();
	nexthop_reset();
	configured_reset();
	zceiling_reset();
	tunnel_reset();
	fib_linger_reset();
	loop_free();
	journal[0] = '\0';
	n_pending = 0;
	return 0;
}

static void test_entry_before_route(void **state)
{
	bgp("10.1.0.0/16", "10.9.0.1");
	settle();
	assert_string_equal(journal, "set 10.1.0.0/16 1;add 10.1.0.0/16 10;");
	journal[0] = '\0';
	bgp("10.1.0.0/16", "10.9.0.2"); /* a move: one SET, no route */
	settle();
	assert_string_equal(journal, "set 10.1.0.0/16 2;");
	journal[0] = '\0';
	bgp("10.1.0.0/16", NULL);
	settle();
	assert_string_equal(journal, "del 10.1.0.0/16 10;unset 10.1.0.0/16 2;");
}

/* The interface takes everything now: what was learned needs no entries there; and back. */
static void test_any(void **state)
{
	struct msg_tunnel_if t = {.ifindex = WG0, .up = true, .any = true, .name = "wg0"};
	struct zstatic s = {.prefix = pfx("10.2.0.0/16")};

	addr_parse("10.9.0.1", &s.next_hop);
	zconfig.statics = &s;
	zconfig.n_statics = 1;
	rib_static_add(&s.prefix, &s.next_hop, 0, RTN_UNICAST, 1, 0);
	bgp_by("10.1.0.0/16", "10.9.0.1", "10.9.0.2");
	settle();
	for (int i = 0; i < 2; i++, t.any = !t.any) {
		journal[0] = '\0';
		tunnel_if_told(&t);
		settle();
		assert_true(told(t.any ? "unset 10.1.0.0/16 1;" : "set 10.1.0.0/16 1;"));
		assert_true(told(t.any ? "unset 10.2.0.0/16 1;" : "set 10.2.0.0/16 1;"));
		assert_false(told("add"));
		assert_false(told("del"));
	}
	zconfig.n_statics = 0;
}

static void test_hand_over(void **state)
{
	bgp("10.1.0.0/16", "10.9.0.1");
	bgp("10.1.2.0/24", "10.9.0.2");
	settle();
	journal[0] = '\0';
	bgp("10.1.2.0/24", NULL);
	settle();
	assert_string_equal(journal, "set 10.1.2.0/24 1;del 10.1.2.0/24 10;unset 10.1.2.0/24 1;");
}

/* What cannot be given to the covering route's owner may not stay where it was either. */
static void test_hand_over_refused(void **state)
{
	bgp("10.1.0.0/16", "10.9.0.1");
	bgp("10.1.2.0/24", "10.9.0.2");
	settle();
	journal[0] = '\0';
	refuse(1, "10.1.2.0/24");
	bgp("10.1.2.0/24", NULL);
	settle();
	assert_string_equal(journal, "set 10.1.2.0/24 1;unset 10.1.2.0/24 2;del 10.1.2.0/24 10;");
}

/* Would the /26 go first, its packets found the entry of the /24. */
static void test_two_refused(void **state)
{
	peer(3, "10.9.0.3", NULL, TUNNEL_UP);
	bgp("10.1.0.0/16", "10.9.0.1");
	bgp("10.1.2.0/24", "10.9.0.2");
	bgp("10.1.2.0/26", "10.9.0.3");
	settle();
	journal[0] = '\0';
	refuse(1, "10.1.2.0/26");
	refuse(1, "10.1.2.0/24");
	bgp("10.1.2.0/24", NULL);
	bgp("10.1.2.0/26", NULL);
	settle();
	assert_string_equal(journal, "set 10.1.2.0/26 1;set 10.1.2.0/24 1;"
				     "unset 10.1.2.0/24 2;unset 10.1.2.0/26 3;"
				     "del 10.1.2.0/24 10;del 10.1.2.0/26 10;");
}

/* The removal of the /24 waits until it is known who gets its entry on wg1; would the /26 not wait
 * with it, its packets took the route of the /24, which was withdrawn before. */
static void test_removal_behind_cover(void **state)
{
	struct msg_tunnel_if wg1 = {.ifindex = WG1, .up = true, .name = "wg1"};

	tunnel_if_told(&wg1);
	peer_on(WG1, 3, "p3", "10.9.1.3", NULL, TUNNEL_UP);
	peer_on(WG1, 4, "p4", "10.9.1.4", NULL, TUNNEL_UP);
	bgp_by("10.1.2.0/24", "10.9.0.1", "10.9.1.3");
	bgp("10.1.2.0/26", "10.9.0.2");
	settle();
	assert_true(told("add 10.1.2.0/24 10;"));
	journal[0] = '\0';
	bgp("10.1.0.0/16", "10.9.1.4");
	bgp("10.1.2.0/24", NULL);
	bgp("10.1.2.0/26", NULL);
	settle();
	assert_true(told("add 10.1.0.0/16 11;set 10.1.2.0/24 4;"));
	assert_true(told("del 10.1.2.0/24 10;del 10.1.2.0/26 10;"));
}

static unsigned count_peers(void)
{
	struct tunnel_peer *p;
	unsigned n = 0;

	LIST_FOREACH (p, tunnel_all_peers(), link)
		n++;
	return n;
}

/* A peer with another key is another peer for WireGuard: the entries must be given to it. */
static void test_new_key(void **state)
{
	bgp("10.1.0.0/16", "10.9.0.1");
	settle();
	journal[0] = '\0';
	peer_named(3, "p1", "10.9.0.1", "203.0.113.1:51820", TUNNEL_NEVER);
	settle();
	assert_true(told("set 10.1.0.0/16 3;"));
	assert_false(told("del ") || told("unset "));
	journal[0] = '\0';
	tunnel_peer_gone(1); /* the old one, when the change is complete */
	settle();
	assert_string_equal(journal, "");
	assert_int_equal(count_peers(), 2);
}

/* The same peer under another name keeps everything. */
static void test_new_name(void **state)
{
	bgp("10.1.0.0/16", "10.9.0.1");
	settle();
	journal[0] = '\0';
	peer_named(1, "other", "10.9.0.1", "203.0.113.1:51820", TUNNEL_UP);
	settle();
	assert_false(told("del ") || told("unset "));
	assert_true(told("nexthop 10.9.0.1 up other;") || !told("nexthop"));
	assert_int_equal(count_peers(), 2);
	journal[0] = '\0';
	bgp("10.1.0.0/16", NULL);
	settle();
	assert_string_equal(journal, "del 10.1.0.0/16 10;unset 10.1.0.0/16 1;");
}

static void test_foreign_route_wins(void **state)
{
	bgp("10.1.0.0/16", "10.9.0.1");
	settle();
	journal[0] = '\0';
	kernel_route("10.1.0.0/16", RTPROT_STATIC, 50, UPLINK, NULL, true);
	settle();
	assert_true(told("refused 10.1.0.0/16 lost-to-protocol;"));
	assert_true(told("del 10.1.0.0/16 10;unset 10.1.0.0/16 1;"));
	assert_true(told("redist + kernel 10.1.0.0/16;"));
	bgp("10.1.0.0/16", NULL); /* bgpd's answer; the refusal stays known */
	settle();
	journal[0] = '\0';
	kernel_route("10.1.0.0/16", RTPROT_STATIC, 50, UPLINK, NULL, false);
	assert_true(told("cleared 10.1.0.0/16 lost-to-protocol;"));
	bgp("10.1.0.0/16", "10.9.0.1");
	settle();
	assert_true(told("add 10.1.0.0/16 10;"));
}

static void test_route_in_the_way(void **state)
{
	route_error = -EEXIST;
	bgp("10.1.0.0/16", "10.9.0.1");
	settle();
	assert_true(told("refused 10.1.0.0/16 foreign-route;"));
	assert_true(told("unset 10.1.0.0/16 1;"));
}

static void test_drift(void **state)
{
	bgp("10.1.0.0/16", "10.9.0.1");
	settle();
	journal[0] = '\0';
	kernel_route("10.1.0.0/16", 222, 179, WG0, NULL, false);
	settle();
	assert_string_equal(journal, "add 10.1.0.0/16 10;");
	journal[0] = '\0';
	kernel_route("10.1.0.0/16", 222, 179, UPLINK, NULL, true); /* somebody changed it */
	settle();
	assert_string_equal(journal, "change 10.1.0.0/16 10;");
	assert_int_equal(fib_counters.drift, 2);
}

static void test_pin(void **state)
{
	char *pin;

	bgp("203.0.113.0/24", "10.9.0.1"); /* covers the endpoint of p1 */
	settle();
	pin = strstr(journal, "add 203.0.113.1/32 2;");
	assert_non_null(pin);
	assert_non_null(strstr(pin, "add 203.0.113.0/24 10;"));
	journal[0] = '\0';
	peer(1, "10.9.0.1", "203.0.113.77:4000", TUNNEL_UP); /* it roams */
	settle();
	assert_true(told("add 203.0.113.77/32 2;"));
	assert_true(told("del 203.0.113.1/32 2;"));
	journal[0] = '\0';
	bgp("203.0.113.0/24", NULL);
	settle();
	assert_true(told("del 203.0.113.0/24 10;"));
	assert_true(told("del 203.0.113.77/32 2;"));
}

static void test_pin_without_underlay(void **state)
{
	kernel_route("0.0.0.0/0", RTPROT_DHCP, 100, UPLINK, "198.51.100.254", false);
	bgp("203.0.113.0/24", "10.9.0.1");
	settle();
	assert_true(told("refused 203.0.113.0/24 covers-endpoint;"));
	assert_false(told("add 203.0.113.0/24"));
	journal[0] = '\0';
	kernel_route("0.0.0.0/0", RTPROT_DHCP, 100, UPLINK, "198.51.100.254", true);
	settle();
	assert_true(told("cleared 203.0.113.0/24 covers-endpoint;"));
	assert_true(told("add 203.0.113.1/32 2;"));
	assert_true(told("add 203.0.113.0/24 10;"));
}

static void test_endpoint_itself(void **state)
{
	bgp("203.0.113.1/32", "10.9.0.1");
	settle();
	assert_true(told("refused 203.0.113.1/32 covers-endpoint;"));
	assert_false(told("add 203.0.113.1/32 10;"));
}

static void test_next_hops(void **state)
{
	struct zconfig configured = zconfig;

	watch("10.9.0.1");
	assert_string_equal(journal, "nexthop 10.9.0.1 up p1;");
	journal[0] = '\0';
	peer(1, "10.9.0.1", "203.0.113.1:51820", TUNNEL_DOWN);
	settle();
	assert_string_equal(journal, "nexthop 10.9.0.1 down p1;");
	journal[0] = '\0';
	watch("192.0.2.55"); /* there is a default route, which does not count */
	assert_string_equal(journal, "nexthop 192.0.2.55 down -;");
	journal[0] = '\0';
	configured.via_default = true;
	zapply(&configured);
	settle();
	assert_string_equal(journal, "nexthop 192.0.2.55 up -;");
	journal[0] = '\0';
	bgp("192.0.2.0/24", "10.9.0.2"); /* recursive, through a learned route */
	settle();
	assert_true(told("nexthop 192.0.2.55 up p2;"));
	configured = zconfig;
	configured.via_default = false;
	zapply(&configured);
}

static void configure(const char *text)
{
	json_t *config = json_loads(text, 0, NULL);

	assert_non_null(config);
	assert_true(configured_read(config));
	assert_false(configured_read(config));
	json_decref(config);
	nexthop_all_changed();
}

/* A subnet of a tunnel interface of ours, none of whose peers has the address. */
static void test_no_peer(void **state)
{
	struct msg_tunnel_if t = {.ifindex = WG0, .up = true, .adopted = true, .name = "wg0"};
	struct addr a, other;

	assert_int_equal(addr_parse("10.9.0.7", &a), 0);
	assert_int_equal(addr_parse("10.8.0.7", &other), 0);
	kernel_route("10.9.0.0/24", RTPROT_KERNEL, 0, WG0, NULL, true);
	nexthop_watch(&a);
	nexthop_watch(&other);
	assert_int_equal(nexthop_find(&a)->reason, REASON_NO_PEER);
	assert_int_equal(nexthop_find(&other)->reason, REASON_NEXTHOP_UNREACHABLE);
	peer(7, "10.9.0.7", NULL, TUNNEL_UP);
	settle();
	assert_int_equal(nexthop_find(&a)->reach, REACH_UP);
	tunnel_peer_gone(7);
	settle();
	assert_int_equal(nexthop_find(&a)->reason, REASON_NO_PEER);
	configure("{\"wireguard\": {\"interface\": [{\"name\": \"wg0\", \"peer\": [{\"name\": "
		  "\"p7\", "
		  "\"disabled\": true, \"tunnel-address\": [\"10.9.0.7\"]}]}]}}");
	settle();
	assert_int_equal(nexthop_find(&a)->reason, REASON_ADMIN_DOWN);
	configure("{\"wireguard\": {\"interface\": [{\"name\": \"wg0\"}]}}");
	tunnel_if_told(&t); /* somebody else's peer may have it */
	nexthop_all_changed();
	settle();
	assert_int_equal(nexthop_find(&a)->reason, REASON_NEXTHOP_UNREACHABLE);
}

/* An interface that wgd refuses is there, with an address and routes of its own: no next hop is
 * reached by it, nor a tunnel's address by another way, until wgd tells of it. */
static void test_refused_interface(void **state)
{
	static const struct {
		const char *hop, *prefix, *gateway; /* a route to the hop */
		uint32_t oif;
		const char *then; /* when wgd tells of the interface */
		bool tunnel;	  /* it is a way, then */
	} rows[] = {
		{"10.8.0.2", "10.8.0.0/24", NULL, WG1, "nexthop 10.8.0.2 up q;", true},
		{"10.8.0.9", "10.8.0.0/24", NULL, WG1, "nexthop 10.8.0.9 down -;", false},
		{"10.8.0.2", "10.0.0.0/8", "198.51.100.7", UPLINK, "nexthop 10.8.0.2 up q;", true},
		{"192.0.2.7", "192.0.2.0/24", "10.8.0.2", WG1, "nexthop 192.0.2.7 up -;", false},
		{"192.0.2.7", "192.0.2.7/32", NULL, WG1, "nexthop 192.0.2.7 up -;", false},
	};
	struct msg_tunnel_if t = {.ifindex = WG1, .up = true, .name = "wg1"};
	char down[64];

	configure("{\"wireguard\": {\"interface\": [{\"name\": \"wg0\"}, {\"name\": \"wg1\", "
		  "\"peer\": [{\"name\": \"q\", \"tunnel-address\": [\"10.8.0.2\"]}]}]}}");
	kernel_route("192.0.0.0/8", RTPROT_STATIC, 0, UPLINK, "198.51.100.7", true);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		kernel_route(rows[i].prefix, RTPROT_STATIC, 0, rows[i].oif, rows[i].gateway, true);
		journal[0] = '\0';
		watch(rows[i].hop);
		snprintf(down, sizeof(down), "nexthop %s down -;", rows[i].hop);
		assert_string_equal(journal, down);
		bgp("10.1.0.0/16", rows[i].hop);
		settle();
		assert_false(told("add 10.1.0.0/16"));
		journal[0] = '\0';
		tunnel_if_told(&t);
		peer_on(WG1, 9, "q", "10.8.0.2", NULL, TUNNEL_UP);
		settle();
		assert_true(told(rows[i].then));
		assert_int_equal(told("add 10.1.0.0/16 11;"), rows[i].tunnel);
		journal[0] = '\0';
		tunnel_if_gone(WG1); /* refused again */
		settle();
		assert_true(told(down));
		assert_int_equal(told("del 10.1.0.0/16 11;"), rows[i].tunnel);
		bgp("10.1.0.0/16", NULL);
		kernel_route(rows[i].prefix, RTPROT_STATIC, 0, rows[i].oif, rows[i].gateway, false);
		nexthop_forget_watches();
		settle();
	}
	/* No longer configured: an interface like others. */
	kernel_route("10.8.0.0/24", RTPROT_KERNEL, 0, WG1, NULL, true);
	watch("10.8.0.2");
	journal[0] = '\0';
	configure("{\"wireguard\": {\"interface\": [{\"name\": \"wg0\"}]}}");
	settle();
	assert_string_equal(journal, "nexthop 10.8.0.2 up -;");
}

/* An endpoint is not pinned to an interface that wgd refuses. */
static void test_refused_interface_no_underlay(void **state)
{
	configure("{\"wireguard\": {\"interface\": [{\"name\": \"wg0\"}, {\"name\": \"wg1\"}]}}");
	kernel_route("203.0.113.0/24", RTPROT_STATIC, 0, WG1, NULL, true);
	bgp("203.0.0.0/16", "10.9.0.2");
	settle();
	assert_false(told("add 203.0.113.1/32 11;"));
	assert_true(told("add 203.0.113.1/32 2;"));
}

static void two_ways(void)
{
	bgp_by("10.1.0.0/16", "10.9.0.1", "10.9.0.2");
	watch("10.9.0.1");
	settle();
	journal[0] = '\0';
}

static void test_repair_comes_first(void **state)
{
	two_ways();
	peer(1, "10.9.0.1", NULL, TUNNEL_DOWN);
	settle();
	assert_string_equal(journal, "set 10.1.0.0/16 2;nexthop 10.9.0.1 down p1;");
}

/* wgd does not answer: bgpd is told all the same. */
static void test_repair_takes_long(void **state)
{
	uint64_t until = now_ms() + 10000;

	two_ways();
	peer(1, "10.9.0.1", NULL, TUNNEL_DOWN);
	while (!told("nexthop") && now_ms() < until) {
		event_base_loop(loop_base(), EVLOOP_NONBLOCK);
		usleep(1000);
	}
	assert_string_equal(journal, "set 10.1.0.0/16 2;nexthop 10.9.0.1 down p1;");
}

/* By a DOWN the session ends, so bgpd hears of it though all is well again. */
static void test_short_down(void **state)
{
	two_ways();
	peer(1, "10.9.0.1", NULL, TUNNEL_DOWN);
	event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	peer(1, "10.9.0.1", NULL, TUNNEL_DEGRADED);
	settle();
	assert_string_equal(journal, "set 10.1.0.0/16 2;nexthop 10.9.0.1 down p1;"
				     "nexthop 10.9.0.1 degraded p1;");
}

/* Of prefixes that are right a turn looks at a share. */
static void test_share_of_a_turn(void **state)
{
	unsigned turns = 0, before = fib_batch_max;
	struct addr hop;
	char prefix[20];

	assert_int_equal(addr_parse("10.9.0.1", &hop), 0);
	for (unsigned i = 0; i < 200; i++) {
		snprintf(prefix, sizeof(prefix), "10.1.%u.0/24", i);
		bgp(prefix, "10.9.0.1");
	}
	settle();
	fib_batch_max = 16;
	nexthop_users_dirty(nexthop_find(&hop));
	assert_int_equal(fib_counters.queued, 200);
	for (; fib_counters.queued; turns++)
		event_base_loop(loop_base(), EVLOOP_ONCE);
	assert_int_equal(turns, (200 + 15) / 16);
	fib_batch_max = before;
}

static void test_no_resolution_through_itself(void **state)
{
	struct addr a;

	kernel_route("0.0.0.0/0", RTPROT_DHCP, 100, UPLINK, "198.51.100.254", false);
	addr_parse("192.0.2.55", &a);
	bgp("192.0.2.0/24", "192.0.2.55");
	settle();
	nexthop_watch(&a);
	assert_true(told("nexthop 192.0.2.55 down -;"));
	assert_false(told("add 192.0.2.0/24"));
}

/* A new bgpd: its routes stay until it has said everything. */
static void test_stale(void **state)
{
	bgp("10.1.0.0/16", "10.9.0.1");
	bgp("10.2.0.0/16", "10.9.0.1");
	settle();
	journal[0] = '\0';
	rib_bgp_begin();
	bgp("10.1.0.0/16", "10.9.0.1");
	settle();
	assert_string_equal(journal, "");
	rib_bgp_synced();
	settle();
	assert_string_equal(journal, "del 10.2.0.0/16 10;unset 10.2.0.0/16 1;");
}

/* zebra-lite died between a route's removal and that of its entry, or before the route came: a
 * covering route would lead packets to the entry. */
static void test_entry_without_route(void **state)
{
	teardown(state);
	read_kernel();
	rib_bgp_begin();
	meet_wgd("10.1.2.0/24");
	bgp("10.1.0.0/16", "10.9.0.1");
	fib_kernel_ready();
	settle();
	assert_true(told("unset 10.1.2.0/24 2;"));
	assert_true(strstr(journal, "unset 10.1.2.0/24 2;") < strstr(journal, "10.1.0.0/16"));
	assert_true(told("add 10.1.0.0/16 10;"));
}

/* What the wgd before this one was told to remove, and did not any more. */
static void test_entry_at_new_wgd(void **state)
{
	bgp("10.1.2.0/24", "10.9.0.2");
	settle();
	bgp("10.1.2.0/24", NULL);
	settle();
	fib_wgd_away();
	journal[0] = '\0';
	meet_wgd("10.1.2.0/24");
	bgp("10.1.0.0/16", "10.9.0.1");
	settle();
	assert_string_equal(journal,
			    "unset 10.1.2.0/24 2;sync;set 10.1.0.0/16 1;add 10.1.0.0/16 10;");
}

/* The route of an earlier life leaves elsewhere; its entry stands, and goes with it, or stays. */
static void test_entry_of_adopted(void **state)
{
	for (int stays = 0; stays < 2; stays++) {
		teardown(state);
		read_kernel();
		kernel_route("10.1.2.0/24", zconfig.protocol, zconfig.metric, UPLINK, NULL, true);
		rib_bgp_begin();
		meet_wgd("10.1.2.0/24");
		fib_kernel_ready();
		settle();
		assert_true(told("set 10.1.2.0/24 2;")); /* or wgd swept it */
		journal[0] = '\0';
		if (stays)
			bgp("10.1.2.0/24", "10.9.0.2");
		rib_bgp_synced();
		settle();
		assert_string_equal(journal, stays ? "change 10.1.2.0/24 10;sync;"
						   : "del 10.1.2.0/24 2;unset 10.1.2.0/24 2;sync;");
	}
}

/* Its interface has gone to another plane: the entry is not without a route there as long as the
 * main plane's stands. */
static void test_entry_in_two_planes(void **state)
{
	json_t *config = json_pack("{s:[{s:s,s:i,s:[s]}]}", "plane", "name", "other", "number", 1,
				   "interface", "wg0");

	teardown(state);
	zconfig.plane_table[1] = 100;
	planes_read(config);
	json_decref(config);
	read_kernel();
	kernel_route("10.1.2.0/24", zconfig.protocol, zconfig.metric, WG0, NULL, true);
	rib_bgp_begin();
	meet_wgd("10.1.2.0/24");
	fib_kernel_ready();
	settle();
	assert_true(told("set 10.1.2.0/24 2;"));
	assert_false(told("unset"));
	rib_bgp_synced();
	settle();
	assert_true(told("del 10.1.2.0/24 10;unset 10.1.2.0/24 2;"));
	planes_read(NULL);
	zconfig.plane_table[1] = 0;
}

static struct route_hop hop_in(uint8_t plane, const char *address)
{
	struct route_hop hop = {0};

	assert_int_equal(addr_parse(address, &hop.addr), 0);
	hop.addr.plane = plane;
	return hop;
}

/* By 10.9.1.1 and 10.9.0.1, of which the latter is in HOP_PLANE; -1: not at all. */
static void leaked(uint8_t plane, int hop_plane)
{
	struct prefix p = pfx("10.1.0.0/16");
	struct msg_routes m = {.n_prefixes = 1, .prefixes = &p};

	p.plane = plane;
	if (hop_plane >= 0 && plane == PLANE_MAIN)
		m.hops.hop[m.hops.n++] = hop_in(PLANE_MAIN, "10.9.1.1");
	if (hop_plane >= 0)
		m.hops.hop[m.hops.n++] = hop_in((uint8_t)hop_plane, "10.9.0.1");
	rib_bgp_routes(&m, bgpd_generation);
}

/* A path was leaked, and is the main plane's own when its plane goes, whichever of the two nodes
 * moves first. */
static void test_plane_of_leak_goes(void **state)
{
	struct msg_tunnel_if wg1 = {.ifindex = WG1, .up = true, .name = "wg1"};

	for (int main_first = 0; main_first < 2; main_first++) {
		json_t *config = json_pack("{s:[{s:s,s:i,s:[s]}]}", "plane", "name", "other",
					   "number", 1, "interface", "wg0");

		zconfig.plane_table[1] = 100;
		planes_read(config);
		json_decref(config);
		tunnel_if_told(&wg1);
		peer_on(WG1, 3, "p3", "10.9.1.1", NULL, TUNNEL_UP);
		tunnel_planes_changed();
		leaked(1, 1);
		leaked(PLANE_MAIN, 1);
		settle();
		assert_true(told("set 10.1.0.0/16 1;"));
		planes_read(NULL);
		tunnel_planes_changed();
		settle();
		leaked(main_first ? PLANE_MAIN : 1, main_first ? PLANE_MAIN : -1);
		settle();
		leaked(main_first ? 1 : PLANE_MAIN, main_first ? -1 : PLANE_MAIN);
		settle();
		assert_true(stands[1]);
		zconfig.plane_table[1] = 0;
		teardown(state);
		setup(state);
	}
}

/* The same plane under another number has the table of the former one, whose routes are in the way.
 */
static void test_plane_is_renumbered(void **state)
{
	struct zconfig before = zconfig, as_one = zconfig, as_five = zconfig;
	struct prefix p = pfx("10.1.0.0/16");
	struct addr hop = hop_in(PLANE_MAIN, "10.9.0.1").addr;
	struct msg_routes m = {.n_prefixes = 1, .prefixes = &p, .hops = {1, {{.addr = hop}}}};

	as_one.plane_table[1] = as_five.plane_table[5] = 100;
	zapply(&as_one);
	p.plane = 1;
	rib_bgp_routes(&m, 1);
	settle();
	assert_string_equal(journal, "set 10.1.0.0/16 1;add 10.1.0.0/16 10;");
	journal[0] = '\0';
	zapply(&as_five);
	p.plane = 5;
	rib_bgp_routes(&m, 1);
	settle();
	assert_string_equal(journal, "del 10.1.0.0/16 10;set 10.1.0.0/16 1;add 10.1.0.0/16 10;");
	assert_int_equal(zplane_by_table(100), 5);
	assert_true(stands[1]);
	zapply(&before);
}

/* Out of the middle of the queue and in again, more often than ghosts are counted. */
static void test_queue(void **state)
{
	struct rib_node *n, *behind;
	bool urgent;

	bgp("10.1.0.0/16", "10.9.0.1");
	bgp("10.2.0.0/16", "10.9.0.1");
	n = rib_find(&(struct prefix){.family = AF_INET, .len = 16, .b = {10, 1}});
	behind = rib_find(&(struct prefix){.family = AF_INET, .len = 16, .b = {10, 2}});
	for (int i = 0; i < 600; i++) {
		fib_dequeue(n);
		fib_dirty(n, i % 3 == 0);
	}
	assert_int_equal(fib_counters.queued, 2);
	assert_ptr_equal(fib_queue_take(&urgent), behind);
	assert_ptr_equal(fib_queue_take(&urgent), n);
	assert_null(fib_queue_take(&urgent));
	fib_dirty(behind, false);
	fib_dirty(n, true);
	assert_ptr_equal(fib_queue_take(&urgent), n);
	assert_true(urgent);
	fib_queue_put_back(n, urgent);
	assert_int_equal(fib_counters.urgent, 1);
	assert_ptr_equal(fib_queue_take(&urgent), n);
	fib_dirty(n, false);
	settle();
	assert_string_equal(
		journal,
		"set 10.2.0.0/16 1;set 10.1.0.0/16 1;add 10.2.0.0/16 10;add 10.1.0.0/16 10;");
	bgp("10.1.0.0/16", NULL);
	settle();
	assert_null(rib_find(&(struct prefix){.family = AF_INET, .len = 16, .b = {10, 1}}));
}

/* What is known of a prefix that is in the queue for nothing. */
static void test_ghost_stays(void **state)
{
	struct prefix p = pfx("10.1.0.0/16");
	struct rib_node *n = rib_get(&p);

	fib_dirty(n, false);
	rib_release(n);
	assert_ptr_equal(rib_find(&p), n); /* the queue has it yet */
	assert_int_equal(fib_counters.queued, 0);
	bgp("10.1.0.0/16", "10.9.0.1");
	settle();
	assert_string_equal(journal, "set 10.1.0.0/16 1;add 10.1.0.0/16 10;");
}

static void test_kernel_off(void **state)
{
	struct rib_node *n;

	bgp("10.1.0.0/16", "10.9.0.1");
	settle();
	journal[0] = '\0';
	zconfig.kernel = false;
	for (uint32_t at = 0; (n = rib_walk(&at));)
		fib_dirty(n, false);
	settle();
	zconfig.kernel = true;
	assert_true(told("del 10.1.0.0/16 10;"));
	assert_true(told("unset 10.1.0.0/16 1;"));
	assert_false(told("refused"));
}

/* A prefix by eight interfaces of many, from the I-th on. */
static void bgp_by_eight(unsigned first)
{
	struct prefix p = pfx("10.1.0.0/16");
	struct msg_routes m = {.n_prefixes = 1, .prefixes = &p, .hops.n = 8};

	for (unsigned i = 0; i < 8; i++) {
		uint8_t b[4] = {10, 8, 0, (uint8_t)(first + i)};

		m.hops.hop[i].addr = addr_make(AF_INET, b);
	}
	rib_bgp_routes(&m, bgpd_generation);
	settle();
}

static unsigned entries(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(stands); i++)
		n += stands[i];
	return n;
}

/* Entries linger on more interfaces than the books have room for, and the kernel refuses a route
 * meanwhile: no entry is forgotten that stands. */
static void test_many_interfaces(void **state)
{
	struct rib_node *n;

	memset(stands, 0, sizeof(stands));
	for (unsigned i = 0; i < 24; i++) {
		struct msg_tunnel_if t = {.ifindex = 30 + i, .up = true};
		char addr[32];

		snprintf(t.name, sizeof(t.name), "wg%u", 30 + i);
		tunnel_if_told(&t);
		snprintf(addr, sizeof(addr), "10.8.0.%u", i);
		snprintf(t.name, sizeof(t.name), "p%u", 30 + i);
		peer_on(30 + i, 30 + i, t.name, addr, NULL, TUNNEL_UP);
	}
	settle();
	bgp_by_eight(0);
	assert_true(told("add 10.1.0.0/16 30;"));
	bgp_by_eight(8);
	assert_int_equal(entries(), 16); /* eight of them linger */
	change_error = -ENOMEM;
	bgp_by_eight(16);
	assert_int_equal(change_error, 0);
	n = rib_find(&(struct prefix){.family = AF_INET, .len = 16, .b = {10, 1}});
	assert_non_null(n);
	assert_int_equal(entries(), rib_installed(n)->n);
	for (unsigned i = 0; i < rib_installed(n)->n; i++)
		assert_true(stands[rib_installed(n)->owner[i].peer->id]);
	assert_non_null(fib_owner_on(rib_installed(n), fib_oif(rib_installed(n))));
	bgp("10.1.0.0/16", NULL);
	settle();
	assert_int_equal(entries(), 0);
}

static void ceilings(const char *permit, uint32_t generation)
{
	json_t *config = json_pack("{s:{s:[{s:s,s:[{s:s,s:[s],s:[s]},{s:s,s:[s],s:[s]}]}]}}",
				   "wireguard", "interface", "name", "wg0", "peer", "name", "p1",
				   "tunnel-address", "10.9.0.1", "permit", permit, "name", "p2",
				   "tunnel-address", "10.9.0.2", "permit", "10.0.0.0/8");

	assert_non_null(config);
	zapply_ceilings(config, generation);
	json_decref(config);
}

static void test_ceiling(void **state)
{
	struct zstatic s = {.prefix = pfx("172.16.0.0/16")};
	uint64_t beyond = fib_counters.beyond;

	ceilings("10.1.0.0/16", 1);
	addr_parse("10.9.0.1", &s.next_hop);
	rib_static_add(&s.prefix, &s.next_hop, 0, RTN_UNICAST, 1, 0);
	bgp("10.1.0.0/16", "10.9.0.1");
	settle();
	assert_true(told("set 10.1.0.0/16 1;"));
	assert_true(told("set 172.16.0.0/16 1;")); /* the operator's own */
	/* By an address inside what is permitted, and by the tunnel itself. */
	bgp("8.8.8.0/24", "10.1.0.7");
	bgp("10.2.0.0/16", "10.9.0.1");
	bgp("172.16.0.0/16", "10.9.0.1");
	settle();
	assert_true(told("refused 8.8.8.0/24 outside-permit;"));
	assert_true(told("refused 10.2.0.0/16 outside-permit;"));
	assert_false(told("set 8.8.8.0/24"));
	assert_false(told("set 10.2.0.0/16"));
	assert_false(told("del 172.16.0.0/16"));
	assert_false(told("unset 172.16.0.0/16"));
	assert_int_equal(fib_counters.beyond, beyond + 3);
	/* By another who may: so does the backup that may not stay out. */
	journal[0] = '\0';
	bgp_by("10.3.0.0/16", "10.9.0.1", "10.9.0.2");
	settle();
	assert_true(told("set 10.3.0.0/16 2;"));
	/* By links: what is for a tunnel, a stranger, and what is neither. */
	journal[0] = '\0';
	bgp("10.4.0.0/16", "198.51.100.9");
	bgp("9.9.9.0/24", "198.51.100.9");
	settle();
	assert_true(told("refused 10.4.0.0/16 not-a-tunnel;"));
	assert_true(told("refused 9.9.9.0/24 not-a-tunnel;"));
	/* Permitted from now on; what was before stays until PRUNE. */
	journal[0] = '\0';
	beyond = fib_counters.beyond;
	ceilings("10.2.0.0/16", 2);
	settle();
	assert_true(told("cleared 10.2.0.0/16 outside-permit;"));
	assert_true(told("set 10.2.0.0/16 1;"));
	assert_false(told("10.1.0.0/16"));
	zapply_ceilings_prune();
	settle();
	assert_true(told("refused 10.1.0.0/16 outside-permit;"));
	assert_true(told("del 10.1.0.0/16 10;"));
	assert_true(told("unset 10.1.0.0/16 1;"));
	bgp("10.5.0.0/16", "10.9.0.1"); /* of a bgpd that goes by the old one */
	settle();
	assert_true(told("refused 10.5.0.0/16 outside-permit;"));
	assert_int_equal(fib_counters.beyond, beyond);
}

/* What was permitted before is refused here first; bgpd finds it, too, and what it then does not
 * name any more is as if it had been so from the start. What bgpd named by the configuration in
 * force stays refused: it would name it again. */
static void test_ceiling_known_to_both(void **state)
{
	struct prefix old = pfx("10.1.0.0/16"), news = pfx("10.5.0.0/16");

	watch("10.9.0.1");
	ceilings("10.1.0.0/16", 1);
	bgp("10.1.0.0/16", "10.9.0.1");
	settle();
	ceilings("10.2.0.0/16", 2);
	zapply_ceilings_prune();
	settle();
	assert_true(told("refused 10.1.0.0/16 outside-permit;"));
	bgpd_generation = 2;
	bgp("10.1.0.0/16", NULL);
	bgp("10.5.0.0/16", "10.9.0.1");
	settle();
	assert_true(told("cleared 10.1.0.0/16 outside-permit;"));
	assert_null(rib_find(&old));
	assert_true(told("refused 10.5.0.0/16 outside-permit;"));
	bgp("10.5.0.0/16", NULL);
	settle();
	assert_false(told("cleared 10.5.0.0/16"));
	assert_non_null(rib_find(&news));
}

/* bgpd forgets a refusal with the last path of a prefix, and hears it again when it names the next
 * hop again. */
static void test_refused_again(void **state)
{
	kernel_route("10.1.0.0/16", RTPROT_STATIC, 0, UPLINK, NULL, true);
	for (int i = 0; i < 2; i++) {
		journal[0] = '\0';
		bgp("10.1.0.0/16", "10.9.0.1");
		settle();
		assert_true(told("refused 10.1.0.0/16 lost-to-protocol;"));
		bgp("10.1.0.0/16", NULL);
		settle();
	}
	/* The same for a single next hop: of those that are named. */
	refuse(1, "10.2.0.0/16");
	for (int i = 0; i < 2; i++) {
		journal[0] = '\0';
		bgp("10.2.0.0/16", "10.9.0.1");
		settle();
		assert_true(told("refused 10.2.0.0/16 foreign-allowed-ip;"));
		journal[0] = '\0';
		bgp("10.2.0.0/16", "10.9.0.2");
		settle();
		assert_false(told("refused 10.2.0.0/16"));
		bgp("10.2.0.0/16", NULL);
		settle();
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_entry_before_route),
		T(test_queue),
		T(test_ghost_stays),
		T(test_many_interfaces),
		T(test_ceiling),
		T(test_ceiling_known_to_both),
		T(test_refused_again),
		T(test_any),
		T(test_hand_over),
		T(test_hand_over_refused),
		T(test_two_refused),
		T(test_removal_behind_cover),
		T(test_new_key),
		T(test_new_name),
		T(test_foreign_route_wins),
		T(test_route_in_the_way),
		T(test_drift),
		T(test_pin),
		T(test_pin_without_underlay),
		T(test_endpoint_itself),
		T(test_next_hops),
		T(test_no_peer),
		T(test_refused_interface),
		T(test_refused_interface_no_underlay),
		T(test_repair_comes_first),
		T(test_repair_takes_long),
		T(test_short_down),
		T(test_share_of_a_turn),
		T(test_no_resolution_through_itself),
		T(test_stale),
		T(test_entry_without_route),
		T(test_entry_at_new_wgd),
		T(test_entry_of_adopted),
		T(test_entry_in_two_planes),
		T(test_plane_of_leak_goes),
		T(test_plane_is_renumbered),
		T(test_kernel_off),
	};

	log_init("rib_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
