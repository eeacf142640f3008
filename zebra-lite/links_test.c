/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The channels to bgpd and wgd: what is said on each becomes what is done, whatever else comes on
 * it, and what happens when one ends and its successor comes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dut.h"
#include "fib.h"
#include "ipc.h"
#include "links.h"
#include "log.h"
#include "loop.h"
#include "messages.h"
#include "news.h"
#include "nexthop.h"
#include "out.h"
#include "rib.h"
#include "rib_kernel.h"
#include "tunnel.h"
#include "util.h"
#include "zconfig.h"

static struct ipc *wgd, *bgpd;
static char heard[1 << 16]; /* by wgd and bgpd, a line each */
static bool answers = true; /* wgd does */
static struct msg_allowed_refused no[1];
static uint32_t n_no;

static void say(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void say(const char *fmt, ...)
{
	size_t len = strlen(heard);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(heard + len, sizeof(heard) - len, fmt, ap);
	va_end(ap);
}

/* --- the kernel --- */

static void on_route(enum route_op op, const struct kroute *r, void *cookie)
{
	static const char *const names[] = {"add", "change", "del"};

	say("%s %s\n", names[op], PREFIX_STR(&r->prefix));
}

static uint32_t on_flush(void)
{
	return 0;
}

static bool on_done(uint32_t flush, bool wait)
{
	return true;
}

static void on_resync(const char *why)
{
}

static const char *on_link_name(uint32_t ifindex)
{
	return ifindex == 10 ? "wg0" : "u0";
}

static void kernel_route(const char *prefix, bool present)
{
	struct kroute r = {.table = 254, .oif = 2, .protocol = RTPROT_STATIC, .type = RTN_UNICAST};

	assert_int_equal(prefix_parse(prefix, &r.prefix), 0);
	rib_kernel_route(&r, present);
}

/* --- wgd --- */

static bool counts; /* wgd's entries and bgpd's routes, instead of saying each */
static unsigned n_set;
static bool has_route[1 << 16], is_refused[1 << 16]; /* bgpd, of nth() */

static void on_wgd(void *arg, const struct ipc_frame *f)
{
	struct msg_allowed_ack ack = {.n = n_no, .refused = no};
	struct msg_allowed m;
	struct wr w = {0};

	if (f->type == MSG_ALLOWED_SYNC) {
		assert_int_equal(msg_get_u32(f->body, f->len, &ack.batch), 0);
		say("wgd: sync\n");
		ack.n = 0;
	} else {
		assert_int_equal(f->type, MSG_ALLOWED);
		assert_int_equal(msg_get_allowed(f->body, f->len, &m), 0);
		n_set += m.n;
		for (uint32_t i = 0; i < m.n && !counts; i++)
			say("wgd: %s %s %u\n", m.changes[i].op == ALLOWED_SET ? "set" : "unset",
			    PREFIX_STR(&m.changes[i].prefix), m.changes[i].peer_id);
		ack.batch = m.batch;
		msg_free_allowed(&m);
		n_no = 0;
	}
	if (!answers)
		return;
	msg_put_allowed_ack(&w, &ack);
	dut_say(wgd, MSG_ALLOWED_ACK, &w);
}

static void on_bgpd(void *arg, const struct ipc_frame *f)
{
	struct msg_nexthop n;
	struct msg_redist r;
	struct msg_verdicts v;
	struct msg_routes routes;
	uint32_t kept;

	switch (f->type) {
	case MSG_NEXTHOP:
		assert_int_equal(msg_get_nexthop(f->body, f->len, &n), 0);
		say("bgpd: nexthop %s %s %s\n", ADDR_STR(&n.addr), reach_name(n.reach), n.ifname);
		break;
	case MSG_REDIST:
		assert_int_equal(msg_get_redist(f->body, f->len, &r), 0);
		if (counts)
			has_route[r.prefix.b[1] << 8 | r.prefix.b[2]] = r.present;
		else
			say("bgpd: %s%s %s\n", r.present ? "+" : "-", redist_name(r.source),
			    PREFIX_STR(&r.prefix));
		break;
	case MSG_REDIST_SYNC:
		assert_int_equal(msg_get_u32(f->body, f->len, &kept), 0);
		say("bgpd: sync kept %u\n", kept);
		break;
	case MSG_ROUTES_KEPT:
		assert_int_equal(msg_get_routes(f->body, f->len, &routes), 0);
		say("bgpd: kept %u from %s by", routes.n_prefixes, PREFIX_STR(&routes.prefixes[0]));
		for (unsigned i = 0; i < routes.hops.n; i++)
			say(" %s%s", ADDR_STR(&routes.hops.hop[i].addr),
			    routes.hops.hop[i].weight ? "*" : "");
		say("\n");
		msg_free_routes(&routes);
		break;
	case MSG_VERDICTS:
		assert_int_equal(msg_get_verdicts(f->body, f->len, &v), 0);
		if (counts) {
			for (uint32_t i = 0; i < v.n_prefixes; i++)
				is_refused[v.prefixes[i].b[1] << 8 | v.prefixes[i].b[2]] =
					v.verdict == VERDICT_REFUSED;
			msg_free_verdicts(&v);
			break;
		}
		say("bgpd: %s %u by %s %s:", v.verdict == VERDICT_REFUSED ? "refused" : "cleared",
		    v.n_prefixes, v.nexthop.family ? ADDR_STR(&v.nexthop) : "all",
		    reason_name(v.reason));
		for (uint32_t i = 0; i < v.n_prefixes && i < 3; i++)
			say(" %s", PREFIX_STR(&v.prefixes[i]));
		say("\n");
		msg_free_verdicts(&v);
		break;
	default:
		fail_msg("unexpected %s", msg_name(f->type));
	}
}

static void on_gone(void *arg, const char *why)
{
	say("%s: gone\n", (const char *)arg);
}

static struct ipc *open_channel(void (*open)(int fd),
				void (*frame)(void *arg, const struct ipc_frame *f), char *name)
{
	static struct ipc_handlers handlers[8];
	static unsigned n;
	int fds[2];

	assert_true(n < ARRAY_SIZE(handlers));
	handlers[n] = (struct ipc_handlers){frame, on_gone, NULL};
	assert_int_equal(ipc_pair(fds), 0);
	open(fds[1]);
	return ipc_new(fds[0], &handlers[n++], name);
}

/* What was heard since the last time, when nothing more comes. */
static const char *told(void)
{
	static char text[sizeof(heard)];

	for (int i = 0; i < 40; i++)
		event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	strcpy(text, heard);
	heard[0] = '\0';
	return text;
}

static void assert_told(const char *text, int line)
{
	const char *got = told();

	if (!str_eq(got, text))
		fail_msg("%d: %s--- instead of\n%s", line, got, text);
}
#define TOLD(text) assert_told(text, __LINE__)

static struct addr adr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static void say_u32(enum msg_type type, uint32_t value)
{
	struct wr w = {0};

	wr_u32(&w, value);
	dut_say(wgd, type, &w);
}

static void say_if(void)
{
	struct msg_tunnel_if m = {.ifindex = 10, .up = true, .name = "wg0"};
	struct wr w = {0};

	msg_put_tunnel_if(&w, &m);
	dut_say(wgd, MSG_TUNNEL_IF, &w);
}

static void say_peer(uint32_t id, const char *address)
{
	struct addr a = adr(address);
	struct msg_tunnel_peer m = {
		.id = id, .ifindex = 10, .state = TUNNEL_UP, .n_addrs = 1, .addrs = &a};
	struct wr w = {0};

	snprintf(m.name, sizeof(m.name), "p%u", id);
	msg_put_tunnel_peer(&w, &m);
	dut_say(wgd, MSG_TUNNEL_PEER, &w);
}

static void say_nothing(struct ipc *channel, enum msg_type type)
{
	struct wr w = {0};

	dut_say(channel, type, &w);
}

static void say_watch(enum msg_type type, const char *address)
{
	struct addr a = adr(address);
	struct wr w = {0};

	wr_addr(&w, &a);
	dut_say(bgpd, type, &w);
}

static void say_routes(const char *prefix, unsigned n, const char *hop)
{
	struct route_hops hops = {.n = hop != NULL};
	struct wr w = {0};
	struct prefix p;
	size_t mark;

	assert_int_equal(prefix_parse(prefix, &p), 0);
	if (hop)
		hops.hop[0] = (struct route_hop){.addr = adr(hop), .source = ROUTE_IBGP};
	mark = msg_begin_routes(&w, &hops);
	for (unsigned i = 0; i < n; i++) {
		p.b[1] = (uint8_t)(i >> 8);
		p.b[2] = (uint8_t)i;
		wr_prefix(&w, &p);
	}
	msg_end_routes(&w, mark, n);
	dut_say(bgpd, MSG_ROUTES, &w);
}

static void open_both(void)
{
	out = (struct out){.route = on_route,
			   .route_flush = on_flush,
			   .route_done = on_done,
			   .allowed = link_wgd_allowed,
			   .allowed_sync = link_wgd_allowed_sync,
			   .wgd_full = link_wgd_full,
			   .verdict = link_bgpd_verdict,
			   .nexthop = link_bgpd_nexthop,
			   .redist = link_bgpd_redist,
			   .kept = link_bgpd_kept,
			   .resync = on_resync,
			   .link_name = on_link_name};
	news_open(link_bgpd_busy);
	kernel_route("198.51.100.0/24", true);
	wgd = open_channel(link_wgd_open, on_wgd, "wgd");
	bgpd = open_channel(link_bgpd_open, on_bgpd, "bgpd");
	TOLD(""); /* nothing before the kernel was read */
}

static int setup(void **state)
{
	open_both();
	fib_kernel_ready();
	link_bgpd_kernel_ready();
	TOLD(""); /* nor before it is known whom routes lead to */
	say_if();
	say_peer(1, "10.9.0.1");
	say_peer(2, "10.9.0.2");
	say_nothing(wgd, MSG_TUNNEL_SYNC);
	TOLD("bgpd: +kernel 198.51.100.0/24\nbgpd: sync kept 0\n"
	     "add 10.9.0.1/32\nadd 10.9.0.2/32\n");
	return 0;
}

static void test_talk(void **state)
{
	say_watch(MSG_NEXTHOP_WATCH, "10.9.0.1");
	say_watch(MSG_NEXTHOP_WATCH, "198.51.100.7");
	say_routes("10.0.0.0/24", 2, "10.9.0.1");
	TOLD("bgpd: nexthop 10.9.0.1 up wg0\nbgpd: nexthop 198.51.100.7 up u0\n"
	     "wgd: set 10.0.0.0/24 1\nwgd: set 10.0.1.0/24 1\nadd 10.0.0.0/24\nadd 10.0.1.0/24\n");
	say_nothing(bgpd, MSG_ROUTES_SYNC);
	TOLD("wgd: sync\n");
	kernel_route("192.0.2.0/24", true);
	kernel_route("192.0.2.0/24", false);
	TOLD("bgpd: +kernel 192.0.2.0/24\nbgpd: -kernel 192.0.2.0/24\n");
	say_watch(MSG_NEXTHOP_UNWATCH, "10.9.0.1");
	say_u32(MSG_TUNNEL_PEER_GONE, 1);
	TOLD("del 10.0.1.0/24\ndel 10.0.0.0/24\ndel 10.9.0.1/32\n"
	     "wgd: unset 10.0.0.0/24 1\nwgd: unset 10.0.1.0/24 1\n");
	say_u32(MSG_TUNNEL_IF_GONE, 10);
	TOLD("del 10.9.0.2/32\n");
}

/* Verdicts of one kind that follow each other are one message, of 4096 prefixes at most. */
static void test_verdicts(void **state)
{
	const char *text;

	kernel_route("10.0.0.0/24", true);
	kernel_route("10.0.1.0/24", true);
	told();
	say_routes("10.0.0.0/24", 2, "10.9.0.1");
	TOLD("bgpd: refused 2 by all lost-to-protocol: 10.0.0.0/24 10.0.1.0/24\n");
	no[0] = (struct msg_allowed_refused){.peer_id = 2, .reason = REASON_FOREIGN_ALLOWED_IP};
	prefix_parse("11.0.0.0/24", &no[0].prefix);
	n_no = 1;
	say_routes("11.0.0.0/24", 1, "10.9.0.2");
	TOLD("wgd: set 11.0.0.0/24 2\n"
	     "bgpd: refused 1 by 10.9.0.2 foreign-allowed-ip: 11.0.0.0/24\n");
	kernel_route("10.0.0.0/24", false);
	link_bgpd_verdict(&(struct msg_verdicts){.verdict = VERDICT_REFUSED,
						 .reason = REASON_KERNEL_ERROR,
						 .n_prefixes = 1,
						 .prefixes = &no[0].prefix});
	link_bgpd_verdict(&(struct msg_verdicts){.verdict = VERDICT_REFUSED,
						 .reason = REASON_WG_ERROR,
						 .n_prefixes = 1,
						 .prefixes = &no[0].prefix});
	link_bgpd_verdict(&(struct msg_verdicts){.verdict = VERDICT_REFUSED,
						 .reason = REASON_WG_ERROR,
						 .nexthop = adr("10.9.0.2"),
						 .n_prefixes = 1,
						 .prefixes = &no[0].prefix});
	TOLD("bgpd: -kernel 10.0.0.0/24\n"
	     "bgpd: cleared 1 by all lost-to-protocol: 10.0.0.0/24\n"
	     "bgpd: refused 1 by all kernel-error: 11.0.0.0/24\n"
	     "bgpd: refused 1 by all wireguard-error: 11.0.0.0/24\n"
	     "bgpd: refused 1 by 10.9.0.2 wireguard-error: 11.0.0.0/24\n"
	     "wgd: set 10.0.0.0/24 1\nadd 10.0.0.0/24\n");
	for (int i = 0; i < 4097; i++)
		link_bgpd_verdict(&(struct msg_verdicts){.verdict = VERDICT_CLEARED,
							 .reason = REASON_WG_ERROR,
							 .n_prefixes = 1,
							 .prefixes = &no[0].prefix});
	text = told();
	assert_string_equal(
		text, "bgpd: cleared 4096 by all wireguard-error: 11.0.0.0/24 11.0.0.0/24 "
		      "11.0.0.0/24\nbgpd: cleared 1 by all wireguard-error: 11.0.0.0/24\n");
}

/* What nobody understands is passed over, and the next word counts. */
static void test_nonsense(void **state)
{
	static const enum msg_type from_wgd[] = {
		MSG_TUNNEL_IF,	  MSG_TUNNEL_IF_GONE, MSG_TUNNEL_PEER, MSG_TUNNEL_PEER_GONE,
		MSG_ALLOWED_HELD, MSG_ALLOWED_ACK,    MSG_ALLOWED_REFUSED, MSG_ROUTES, 9999};
	static const enum msg_type from_bgpd[] = {MSG_ROUTES, MSG_NEXTHOP_WATCH,
						  MSG_NEXTHOP_UNWATCH, MSG_TUNNEL_IF, 9999};

	for (unsigned i = 0; i < ARRAY_SIZE(from_wgd); i++)
		ipc_send(wgd, from_wgd[i], 1, "\xff", 1);
	for (unsigned i = 0; i < ARRAY_SIZE(from_bgpd); i++)
		ipc_send(bgpd, from_bgpd[i], 1, "\xff", 1);
	TOLD("");
	say_routes("10.0.0.0/24", 1, "10.9.0.1");
	say_watch(MSG_NEXTHOP_WATCH, "10.9.0.2");
	TOLD("bgpd: nexthop 10.9.0.2 up wg0\nwgd: set 10.0.0.0/24 1\nadd 10.0.0.0/24\n");
}

/* Entries that wgd has when it is met, and one that it loses later. */
static void test_entries(void **state)
{
	struct allowed_change c = {.op = ALLOWED_SET, .peer_id = 2};
	struct msg_allowed m = {.n = 1, .changes = &c};
	struct msg_allowed_refused lost = {.peer_id = 1, .reason = REASON_FOREIGN_ALLOWED_IP};
	struct wr w = {0}, v = {0};

	say_routes("10.0.0.0/24", 1, "10.9.0.1");
	told();
	prefix_parse("10.0.0.0/24", &lost.prefix);
	msg_put_allowed_refused(&v, &lost);
	dut_say(wgd, MSG_ALLOWED_REFUSED, &v);
	TOLD("del 10.0.0.0/24\nbgpd: refused 1 by 10.9.0.1 foreign-allowed-ip: 10.0.0.0/24\n");
	say_nothing(bgpd, MSG_ROUTES_SYNC);
	told();
	ipc_free(wgd);
	wgd = open_channel(link_wgd_open, on_wgd, "wgd");
	say_if();
	say_peer(1, "10.9.0.1");
	say_peer(2, "10.9.0.2");
	prefix_parse("10.7.0.0/16", &c.prefix);
	msg_put_allowed(&w, &m);
	dut_say(wgd, MSG_ALLOWED_HELD, &w);
	say_nothing(wgd, MSG_TUNNEL_SYNC);
	TOLD("wgd: unset 10.7.0.0/16 2\nwgd: sync\n"
	     "bgpd: cleared 1 by 10.9.0.1 foreign-allowed-ip: 10.0.0.0/24\n"
	     "wgd: set 10.0.0.0/24 1\nadd 10.0.0.0/24\n");
}

/* wgd goes: nothing is written until its successor has told all; then it hears all. */
static void test_wgd_again(void **state)
{
	say_routes("10.0.0.0/24", 1, "10.9.0.1");
	say_nothing(bgpd, MSG_ROUTES_SYNC);
	told();
	answers = false;
	say_routes("10.0.0.0/24", 2, "10.9.0.2");
	TOLD("wgd: set 10.0.1.0/24 2\nwgd: set 10.0.0.0/24 2\n");
	ipc_free(wgd); /* in the middle of it */
	for (int i = 0; i < 10; i++)
		dut_turn();
	link_wgd_allowed_sync(7); /* to nobody */
	assert_false(link_wgd_full());
	say_routes("11.0.0.0/24", 1, "10.9.0.2");
	TOLD("");
	answers = true;
	wgd = open_channel(link_wgd_open, on_wgd, "wgd");
	say_if();
	say_peer(21, "10.9.0.1");
	TOLD("");
	say_peer(22, "10.9.0.2");
	say_nothing(wgd, MSG_TUNNEL_SYNC);
	TOLD("wgd: sync\nwgd: set 10.0.1.0/24 22\nwgd: set 11.0.0.0/24 22\n"
	     "wgd: set 10.0.0.0/24 22\nadd 10.0.1.0/24\nadd 11.0.0.0/24\n");
	assert_non_null(rib_find(&(struct prefix){.family = AF_INET, .len = 24, .b = {11}}));
	assert_int_equal(fib_counters.queued, 0);
}

static unsigned n_watched(void)
{
	unsigned n = 0;

	for (const struct nexthop *nh = nexthop_first(); nh; nh = nexthop_next(nh))
		n += nh->watched;
	return n;
}

/* bgpd goes: its routes stay until another one has said all. */
static void test_bgpd_again(void **state)
{
	say_watch(MSG_NEXTHOP_WATCH, "10.9.0.1");
	say_watch(MSG_NEXTHOP_WATCH, "198.51.100.7");
	say_routes("10.0.0.0/24", 3, "10.9.0.1");
	say_nothing(bgpd, MSG_ROUTES_SYNC);
	told();
	assert_int_equal(n_watched(), 2);
	ipc_free(bgpd);
	for (int i = 0; i < 10; i++)
		dut_turn();
	assert_int_equal(n_watched(), 0);
	kernel_route("192.0.2.0/24", true);
	say_peer(1, "10.9.0.1");
	link_bgpd_verdict(&(struct msg_verdicts){.verdict = VERDICT_CLEARED});
	link_bgpd_busy(true);
	TOLD("");
	link_bgpd_busy(false);
	bgpd = open_channel(link_bgpd_open, on_bgpd, "bgpd");
	TOLD("bgpd: +kernel 198.51.100.0/24\nbgpd: +kernel 192.0.2.0/24\n"
	     "bgpd: kept 3 from 10.0.0.0/24 by 10.9.0.1*\nbgpd: sync kept 5\n");
	say_routes("10.0.0.0/24", 2, "10.9.0.1");
	TOLD("");
	say_nothing(bgpd, MSG_ROUTES_SYNC);
	TOLD("del 10.0.2.0/24\nwgd: unset 10.0.2.0/24 1\n");
	/* One that comes before the other one went. */
	ipc_free(bgpd);
	bgpd = open_channel(link_bgpd_open, on_bgpd, "bgpd");
	TOLD("bgpd: +kernel 198.51.100.0/24\nbgpd: +kernel 192.0.2.0/24\n"
	     "bgpd: kept 2 from 10.0.0.0/24 by 10.9.0.1*\nbgpd: sync kept 4\n");
}

/* Prefixes with the same next hops are named apart where others of these are in use. */
static void test_kept_by(void **state)
{
	static const uint8_t weights[][2] = {{1, 0}, {1, 0}, {0, 1}, {1, 1}};

	told();
	for (uint8_t i = 0; i < ARRAY_SIZE(weights); i++) {
		struct route_hops hops = {.n = 2};
		struct prefix p = {.family = AF_INET, .len = 24, .b = {10, 0, i}};

		for (unsigned k = 0; k < 2; k++) {
			hops.hop[k].addr = adr(k ? "10.9.0.2" : "10.9.0.1");
			hops.hop[k].weight = weights[i][k];
		}
		link_bgpd_kept(&hops, &p);
	}
	TOLD("bgpd: kept 2 from 10.0.0.0/24 by 10.9.0.1* 10.9.0.2\n"
	     "bgpd: kept 1 from 10.0.2.0/24 by 10.9.0.1 10.9.0.2*\n");
}

static int setup_nobody_told(void **state)
{
	open_both();
	return 0;
}

/* bgpd asks before wgd has told: it hears where the next hop leads, and not before that that it leads
 * nowhere, by which its session would end. */
static void test_asked_early(void **state)
{
	say_watch(MSG_NEXTHOP_WATCH, "10.9.0.1");
	TOLD("");
	fib_kernel_ready();
	link_bgpd_kernel_ready();
	nexthop_all_changed();
	TOLD("");
	say_if();
	say_peer(1, "10.9.0.1");
	say_nothing(wgd, MSG_TUNNEL_SYNC);
	TOLD("bgpd: nexthop 10.9.0.1 up wg0\nbgpd: +kernel 198.51.100.0/24\nbgpd: sync kept 0\n"
	     "add 10.9.0.1/32\n");
}

static void test_busy(void **state)
{
	link_bgpd_busy(true);
	say_watch(MSG_NEXTHOP_WATCH, "10.9.0.1");
	TOLD("");
	link_bgpd_busy(false);
	TOLD("bgpd: nexthop 10.9.0.1 up wg0\n");
	/* The next one waits, too, when it comes meanwhile or was not there yet. */
	link_bgpd_busy(true);
	ipc_free(bgpd);
	bgpd = open_channel(link_bgpd_open, on_bgpd, "bgpd");
	say_watch(MSG_NEXTHOP_WATCH, "10.9.0.1");
	TOLD("bgpd: +kernel 198.51.100.0/24\nbgpd: sync kept 2\n");
	link_bgpd_busy(false);
	TOLD("bgpd: nexthop 10.9.0.1 up wg0\n");
	ipc_free(bgpd);
	for (int i = 0; i < 10; i++)
		dut_turn();
	link_bgpd_busy(true);
	bgpd = open_channel(link_bgpd_open, on_bgpd, "bgpd");
	say_watch(MSG_NEXTHOP_WATCH, "10.9.0.1");
	TOLD("bgpd: +kernel 198.51.100.0/24\nbgpd: sync kept 2\n");
	link_bgpd_busy(false);
	TOLD("bgpd: nexthop 10.9.0.1 up wg0\n");
}

static void verdict(enum verdict v, enum reason reason, uint32_t n, const struct prefix *prefixes)
{
	link_bgpd_verdict(&(struct msg_verdicts){.verdict = v,
						 .reason = reason,
						 .n_prefixes = n,
						 .prefixes = (struct prefix *)prefixes});
}

/* Each change of what is said begins a message, and one that is long is cut. */
static void test_verdicts_apart(void **state)
{
	static struct prefix many[9000];

	for (unsigned i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct prefix){
			.family = AF_INET, .len = 24, .b = {10, (uint8_t)(i >> 8), (uint8_t)i}};
	verdict(VERDICT_REFUSED, REASON_KERNEL_ERROR, 1, many);
	verdict(VERDICT_CLEARED, REASON_KERNEL_ERROR, 2, many + 1);
	verdict(VERDICT_CLEARED, REASON_WG_ERROR, 1, many + 3);
	verdict(VERDICT_CLEARED, REASON_WG_ERROR, 1, many + 4);
	TOLD("bgpd: refused 1 by all kernel-error: 10.0.0.0/24\n"
	     "bgpd: cleared 2 by all kernel-error: 10.0.1.0/24 10.0.2.0/24\n"
	     "bgpd: cleared 2 by all wireguard-error: 10.0.3.0/24 10.0.4.0/24\n");
	verdict(VERDICT_REFUSED, REASON_KERNEL_ERROR, 4095, many);
	verdict(VERDICT_REFUSED, REASON_KERNEL_ERROR, 4098, many + 4095);
	verdict(VERDICT_REFUSED, REASON_WG_ERROR, 1, many + 8999);
	TOLD("bgpd: refused 4096 by all kernel-error: 10.0.0.0/24 10.0.1.0/24 10.0.2.0/24\n"
	     "bgpd: refused 4096 by all kernel-error: 10.16.0.0/24 10.16.1.0/24 10.16.2.0/24\n"
	     "bgpd: refused 1 by all kernel-error: 10.32.0.0/24\n"
	     "bgpd: refused 1 by all wireguard-error: 10.35.39.0/24\n");
	/* What waits for a bgpd that goes is not its successor's. */
	verdict(VERDICT_REFUSED, REASON_KERNEL_ERROR, 1, many);
	link_bgpd_close();
	told();
	ipc_free(bgpd);
	bgpd = open_channel(link_bgpd_open, on_bgpd, "bgpd");
	TOLD("bgpd: +kernel 198.51.100.0/24\nbgpd: sync kept 2\n");
}

/* --- a bgpd that reads slowly --- */

enum { MANY_ROUTES = 60000, HALF = MANY_ROUTES / 2 };
static unsigned n_redist; /* messages into the channel */

static void count_redist(const struct msg_redist *m)
{
	n_redist++;
	link_bgpd_redist(m);
}

static struct prefix nth(unsigned i)
{
	return (struct prefix){
		.family = AF_INET, .len = 24, .b = {20, (uint8_t)(i >> 8), (uint8_t)i}};
}

static void kernel_nth(unsigned i, bool present)
{
	struct kroute r = {.prefix = nth(i),
			   .table = 254,
			   .oif = 2,
			   .protocol = RTPROT_STATIC,
			   .type = RTN_UNICAST};

	rib_kernel_route(&r, present);
}

static unsigned n_has(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MANY_ROUTES; i++)
		n += has_route[i];
	return n;
}

/* Routes change faster than it reads: what it has not heard waits here, each route once, and so
 * does what it asks. */
static void test_slow_bgpd(void **state)
{
	struct prefix first = nth(0), last = nth(MANY_ROUTES - 1);

	counts = true;
	memset(has_route, 0, sizeof(has_route));
	out.bgpd_full = link_bgpd_full;
	out.redist = count_redist;
	n_redist = 0;
	ipc_pause(bgpd);
	for (unsigned i = 0; i < MANY_ROUTES; i++)
		kernel_nth(i, true);
	assert_in_range(n_redist, 1, HALF);
	TOLD(""); /* some goes out of the channel, and more comes into it */
	assert_true(link_bgpd_full());
	assert_in_range(n_redist, 1, HALF);
	say_watch(MSG_NEXTHOP_WATCH, "10.9.0.1");
	TOLD("");
	assert_int_equal(n_watched(), 0);
	kernel_nth(0, false);		    /* it was told that it is there */
	kernel_nth(MANY_ROUTES - 1, false); /* not yet */
	kernel_nth(MANY_ROUTES - 2, false);
	kernel_nth(MANY_ROUTES - 2, true);
	ipc_resume(bgpd);
	for (int i = 0; i < 100 && n_has() < MANY_ROUTES - 2; i++)
		told();
	told();
	assert_int_equal(n_has(), MANY_ROUTES - 2);
	assert_false(has_route[0] || has_route[MANY_ROUTES - 1]);
	assert_int_equal(n_watched(), 1);
	assert_int_equal(n_redist, MANY_ROUTES);
	assert_null(rib_find(&first));
	assert_null(rib_find(&last));
}

static unsigned n_verdicts; /* into the channel */

static void count_verdict(const struct msg_verdicts *m)
{
	n_verdicts++;
	link_bgpd_verdict(m);
}

/* No two that follow each other go into one message. */
static enum reason reason_of(unsigned i)
{
	return i % 2 ? REASON_KERNEL_ERROR : REASON_WG_ERROR;
}

static void refuse_nth(unsigned i)
{
	struct prefix p = nth(i);

	rib_refuse(rib_get(&p), NULL, reason_of(i));
}

static void clear_nth(unsigned i)
{
	struct prefix p = nth(i);

	rib_clear(rib_get(&p), NULL, reason_of(i));
}

static unsigned n_refused(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MANY_ROUTES; i++)
		n += is_refused[i];
	return n;
}

/* So do verdicts: what it has not heard and is over it never hears, and of what it has heard it
 * hears the end, where that lasts. */
static void test_slow_bgpd_verdicts(void **state)
{
	struct prefix first = nth(0), last = nth(MANY_ROUTES - 1);

	counts = true;
	memset(is_refused, 0, sizeof(is_refused));
	out.bgpd_full = link_bgpd_full;
	out.verdict = count_verdict;
	n_verdicts = 0;
	ipc_pause(bgpd);
	for (unsigned i = 0; i < MANY_ROUTES; i++)
		refuse_nth(i);
	assert_in_range(n_verdicts, 1, HALF);
	TOLD("");
	assert_true(link_bgpd_full());
	assert_in_range(n_verdicts, 1, HALF);
	clear_nth(0);
	clear_nth(1);
	refuse_nth(1);
	clear_nth(MANY_ROUTES - 2);
	refuse_nth(MANY_ROUTES - 2);
	clear_nth(MANY_ROUTES - 1);
	ipc_resume(bgpd);
	for (int i = 0; i < 100 && n_refused() < MANY_ROUTES - 2; i++)
		told();
	told();
	assert_int_equal(n_refused(), MANY_ROUTES - 2);
	assert_false(is_refused[0] || is_refused[MANY_ROUTES - 1]);
	assert_int_equal(n_verdicts, MANY_ROUTES);
	assert_null(rib_find(&first));
	assert_null(rib_find(&last));
}

/* A new one is told all, as it reads, and then that this was all. */
static void test_slow_new_bgpd(void **state)
{
	counts = true;
	memset(has_route, 0, sizeof(has_route));
	for (unsigned i = 0; i < MANY_ROUTES; i++)
		kernel_nth(i, true);
	told();
	ipc_free(bgpd);
	for (int i = 0; i < 10; i++)
		dut_turn();
	memset(has_route, 0, sizeof(has_route));
	out.bgpd_full = link_bgpd_full;
	out.redist = count_redist;
	n_redist = 0;
	bgpd = open_channel(link_bgpd_open, on_bgpd, "bgpd");
	ipc_pause(bgpd);
	TOLD("");
	assert_in_range(n_redist, 1, HALF);
	kernel_nth(5, false);
	kernel_nth(MANY_ROUTES - 1, false);
	ipc_resume(bgpd);
	for (int i = 0; i < 100 && !strstr(heard, "sync"); i++)
		dut_turn();
	TOLD("bgpd: sync kept 2\n");
	assert_int_equal(n_has(), MANY_ROUTES - 2);
	assert_false(has_route[5] || has_route[MANY_ROUTES - 1]);
}

/* A wgd that reads slowly gets everything nevertheless. */
static void test_slow_wgd(void **state)
{
	enum { MANY = 60000 };

	counts = true;
	say_routes("10.0.0.0/24", MANY, "10.9.0.1");
	say_nothing(bgpd, MSG_ROUTES_SYNC);
	for (int i = 0; i < 2000 && fib_counters.sets < MANY; i++)
		told();
	assert_int_equal(fib_counters.sets, MANY);
	told();
	ipc_free(wgd);
	wgd = open_channel(link_wgd_open, on_wgd, "wgd");
	say_if();
	say_peer(1, "10.9.0.1");
	say_peer(2, "10.9.0.2");
	say_nothing(wgd, MSG_TUNNEL_SYNC);
	n_set = 0;
	ipc_pause(wgd);
	told();
	assert_true(link_wgd_full());
	told();
	assert_true(link_wgd_full());
	assert_int_equal(n_set, 0);
	ipc_resume(wgd);
	for (int i = 0; i < 100 && n_set < MANY; i++)
		told();
	assert_int_equal(n_set, MANY);
	assert_false(link_wgd_full());
	counts = false;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_asked_early, setup_nobody_told),
		T(test_talk),	   T(test_verdicts),	   T(test_nonsense),
		T(test_entries),   T(test_wgd_again),	   T(test_bgpd_again),
		T(test_kept_by),
		T(test_busy),	   T(test_verdicts_apart), T(test_slow_wgd),
		T(test_slow_bgpd), T(test_slow_new_bgpd),  T(test_slow_bgpd_verdicts),
	};

	log_init("links_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
