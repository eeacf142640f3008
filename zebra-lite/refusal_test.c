/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every writer against every refusal: what the kernel or wgd refuses is tried again, at most
 * RETRY_MINUTE times in a minute, with and without a stream of events that may help; and once it is
 * taken it is there in seconds. bgpd takes back what is refused and gives it again when that is
 * cleared, as the real one does. The clock is the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "configured.h"
#include "fib.h"
#include "fib_retry.h"
#include "log.h"
#include "loop_fake.h"
#include "news.h"
#include "nhobj.h"
#include "out.h"
#include "pin.h"
#include "planes.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rule.h"
#include "side.h"
#include "tunnel.h"
#include "util.h"
#include "zconfig.h"

enum { UPLINK = 2, WG0 = 10, WG1 = 11 };
enum { STEP_MS = 100, MINUTE_MS = 60000 };

static const int errors[] = {-EEXIST,  -EINVAL, -ENETDOWN, -EACCES, -EPERM,	-ENOSPC,
			     -ENOBUFS, -ENODEV, -ENOMEM,   -EIO,    -EOPNOTSUPP};

static int refusal; /* 0: all is taken */
static unsigned refused, taken;
static const char *subject;  /* the prefix whose routes and entries are refused; NULL: none */
static bool objects, groups; /* are refused */
static bool entries;	     /* of the subject at wgd are refused, not routes */
static uint32_t pending[16], n_pending;
static struct msg_allowed_refused no[16];
static uint32_t n_no;
static struct msg_verdicts verdicts[64]; /* that bgpd has not followed yet */
static struct prefix verdict_prefix[64];
static uint32_t n_verdicts;
static const char *listed, *listed_hops[3]; /* bgpd's list */

static int judge(bool subject_of_refusal)
{
	if (subject_of_refusal && refusal)
		refused++;
	else if (subject_of_refusal)
		taken++;
	return subject_of_refusal ? refusal : 0;
}

static bool is_subject(const struct prefix *p)
{
	return subject && str_eq(PREFIX_STR(p), subject);
}

static void on_route(enum route_op op, const struct kroute *r, void *cookie)
{
	int err = judge(!entries && is_subject(&r->prefix));

	if (err)
		fib_route_failed(cookie, err);
}

static uint32_t on_flush(void)
{
	return 0;
}

static bool on_done(uint32_t flush, bool wait)
{
	return true;
}

static int on_route_now(enum route_op op, const struct kroute *r)
{
	return judge(is_subject(&r->prefix));
}

static int on_nexthop_set(uint32_t id, uint32_t oif, uint8_t family, uint8_t protocol, bool create)
{
	return judge(objects);
}

static int on_nexthop_group(uint32_t id, const struct nhleg *legs, unsigned n, bool resilient,
			    uint8_t protocol, bool create)
{
	return judge(groups);
}

static void on_nexthop_del(uint32_t id)
{
}

static int on_rule(bool add, const struct krule *r)
{
	return judge(true);
}

static void on_allowed(const struct msg_allowed *m)
{
	for (uint32_t i = 0; i < m->n; i++) {
		const struct allowed_change *c = &m->changes[i];

		if (c->op == ALLOWED_SET && judge(entries && is_subject(&c->prefix)))
			no[n_no++] = (struct msg_allowed_refused){c->peer_id, c->prefix,
								  REASON_WG_ERROR};
	}
	pending[n_pending++] = m->batch;
}

static void on_sync(uint32_t batch)
{
	pending[n_pending++] = batch;
}

static void on_verdict(const struct msg_verdicts *m)
{
	assert_true(n_verdicts < ARRAY_SIZE(verdicts));
	verdict_prefix[n_verdicts] = m->prefixes[0];
	verdicts[n_verdicts++] = *m;
}

static void on_resync(const char *why)
{
}

static bool link_up(uint32_t ifindex)
{
	return true;
}

static bool fell;

static bool link_fell(uint32_t ifindex, uint64_t since_ms)
{
	return fell;
}

static const char *link_name(uint32_t ifindex)
{
	return ifindex == WG0 ? "wg0" : ifindex == WG1 ? "wg1" : "u0";
}

static struct prefix pfx(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

static struct addr adr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

/* --- bgpd --- */

/* The list without the hops that are refused. */
static void tell_list(void)
{
	struct prefix p = pfx(listed);
	struct msg_routes m = {.n_prefixes = 1, .prefixes = &p};
	const struct rib_node *n = rib_find(&p);

	for (unsigned i = 0; i < ARRAY_SIZE(listed_hops) && listed_hops[i]; i++) {
		struct addr hop = adr(listed_hops[i]);

		if (n && rib_refusal(n, &hop))
			continue;
		m.hops.hop[m.hops.n].addr = hop;
		if (groups)
			m.hops.hop[m.hops.n].weight = 1;
		m.hops.n++;
	}
	rib_bgp_routes(&m, 1);
}

static void list(const char *prefix, const char *hop, const char *second)
{
	listed = prefix;
	listed_hops[0] = hop;
	listed_hops[1] = second;
	tell_list();
}

static void follow_verdicts(void)
{
	bool mine = false;

	for (uint32_t i = 0; i < n_verdicts; i++)
		mine = mine || (listed && str_eq(PREFIX_STR(&verdict_prefix[i]), listed));
	n_verdicts = 0;
	if (mine)
		tell_list();
}

/* --- time --- */

static void turn(void)
{
	for (int i = 0; i < 10; i++) {
		loop_fake_turn();
		while (n_pending) {
			struct msg_allowed_ack ack = {
				.batch = pending[0], .n = n_no, .refused = no};

			memmove(pending, pending + 1, --n_pending * sizeof(pending[0]));
			n_no = 0;
			fib_acked(&ack);
		}
		follow_verdicts();
	}
}

/* A link or an address came. */
static void event(void)
{
	fib_retry_kick();
	keep_kick(&rules);
	keep_kick(&side_routes);
}

static void pass(unsigned ms, unsigned event_ms)
{
	for (unsigned t = 0; t < ms; t += STEP_MS) {
		if (event_ms && t % event_ms == 0)
			event();
		turn();
		loop_fake_pass(STEP_MS * 1000);
	}
}

/* --- the world --- */

static void peer(uint32_t id, uint32_t ifindex, const char *addr, const char *endpoint)
{
	struct msg_tunnel_peer t = {.id = id, .ifindex = ifindex, .state = TUNNEL_UP, .n_addrs = 1};

	t.addrs = xcalloc(1, sizeof(*t.addrs));
	t.addrs[0] = adr(addr);
	if (endpoint)
		assert_int_equal(endpoint_parse(endpoint, &t.endpoint), 0);
	snprintf(t.name, sizeof(t.name), "p%u", id);
	tunnel_peer_told(&t);
	msg_free_tunnel_peer(&t);
}

static void kernel_route(const char *prefix, uint8_t protocol, const char *gateway)
{
	struct kroute r = {.prefix = pfx(prefix),
			   .table = 254,
			   .oif = UPLINK,
			   .protocol = protocol,
			   .type = RTN_UNICAST};

	if (gateway)
		r.gateway = adr(gateway);
	rib_kernel_route(&r, true);
}

static void begin(void)
{
	struct msg_tunnel_if wg0 = {.ifindex = WG0, .up = true, .name = "wg0"};
	struct msg_tunnel_if wg1 = {.ifindex = WG1, .up = true, .name = "wg1"};

	out = (struct out){.route = on_route,
			   .route_flush = on_flush,
			   .route_done = on_done,
			   .route_now = on_route_now,
			   .rule = on_rule,
			   .allowed = on_allowed,
			   .allowed_sync = on_sync,
			   .verdict = on_verdict,
			   .resync = on_resync,
			   .link_up = link_up,
			   .link_name = link_name,
			   .link_fell = link_fell};
	news_open(NULL);
	kernel_route("198.51.100.0/24", RTPROT_KERNEL, NULL);
	kernel_route("0.0.0.0/0", RTPROT_DHCP, "198.51.100.254");
	rib_bgp_begin();
	tunnel_begin();
	tunnel_if_told(&wg0);
	tunnel_if_told(&wg1);
	tunnel_synced();
	fib_wgd_synced();
	fib_kernel_ready();
	rib_bgp_synced();
	keep_read_begin(&rules);
	keep_read_end(&rules);
	keep_read_begin(&side_routes);
	keep_read_end(&side_routes);
	turn();
}

static int end(void **state)
{
	listed = subject = NULL;
	objects = groups = entries = fell = false;
	refusal = 0;
	keep_reset(&rules);
	keep_reset(&side_routes);
	fib_reset();
	pin_reset();
	rib_reset();
	rib_kernel_reset();
	nexthop_reset();
	configured_reset();
	tunnel_reset();
	nhobj_reset();
	fib_linger_reset();
	loop_free();
	n_pending = n_no = n_verdicts = 0;
	refused = taken = 0;
	return 0;
}

/* --- the writers --- */

static void two_peers(void)
{
	peer(1, WG0, "10.9.0.1", NULL);
	peer(2, WG1, "10.9.1.1", NULL);
	turn();
}

static void tunnel_address(void)
{
	subject = "fd09::2/128";
	peer(1, WG0, "fd09::2", NULL);
}

static void link_local(void)
{
	subject = "fe80::2%wg0/128";
	peer(1, WG0, "fe80::2", NULL);
}

static void pin(void)
{
	subject = "203.0.113.1/32";
	peer(1, WG0, "10.9.0.1", "203.0.113.1:51820");
	list("203.0.113.0/24", "10.9.0.1", NULL);
}

static void static_interface(void)
{
	struct prefix p = pfx("192.168.7.0/24");

	subject = "192.168.7.0/24";
	rib_static_add(&p, NULL, UPLINK, RTN_UNICAST, 1, 0);
}

static void static_blackhole(void)
{
	struct prefix p = pfx("192.168.7.0/24");

	subject = "192.168.7.0/24";
	rib_static_add(&p, NULL, 0, RTN_BLACKHOLE, 1, 0);
}

static void static_tunnel(void)
{
	struct prefix p = pfx("192.168.7.0/24");
	struct addr hop = adr("10.9.0.1");

	two_peers();
	subject = "192.168.7.0/24";
	rib_static_add(&p, &hop, 0, RTN_UNICAST, 1, 0);
}

static void static_entry(void)
{
	static_tunnel();
	entries = true;
}

static void learned(void)
{
	two_peers();
	subject = "10.1.0.0/16";
	list("10.1.0.0/16", "10.9.0.1", NULL);
}

static void learned_two(void)
{
	two_peers();
	subject = "10.1.0.0/16";
	list("10.1.0.0/16", "10.9.0.1", "10.9.1.1");
}

static void changed(void)
{
	two_peers();
	list("10.1.0.0/16", "10.9.0.1", NULL);
	turn();
	subject = "10.1.0.0/16";
	list("10.1.0.0/16", "10.9.1.1", NULL);
}

static void removed(void)
{
	two_peers();
	list("10.1.0.0/16", "10.9.0.1", NULL);
	turn();
	subject = "10.1.0.0/16";
	list("10.1.0.0/16", NULL, NULL);
}

static void object(void)
{
	out.nexthop_set = on_nexthop_set;
	out.nexthop_del = on_nexthop_del;
	objects = true;
	learned_two();
	subject = NULL;
}

static void group(void)
{
	out.nexthop_set = on_nexthop_set;
	out.nexthop_group = on_nexthop_group;
	out.nexthop_del = on_nexthop_del;
	groups = true;
	learned_two();
	subject = NULL;
}

static void rule(void)
{
	struct krule k = {.family = AF_INET,
			  .protocol = zconfig.protocol,
			  .action = FR_ACT_TO_TBL,
			  .priority = 100,
			  .table = 7};

	rule_want(&k);
}

static void side(void)
{
	struct kroute k = {.table = 7,
			   .metric = 179,
			   .oif = UPLINK,
			   .protocol = zconfig.protocol,
			   .type = RTN_UNICAST,
			   .prefix = pfx("192.168.7.0/24")};

	subject = "192.168.7.0/24";
	side_want(&k);
}

static const struct writer {
	const char *name;
	void (*want)(void);
	bool gone_is_done; /* a removal of what is not there went well */
} writers[] = {
	{"tunnel address", tunnel_address, false},
	{"link-local tunnel address", link_local, false},
	{"pin", pin, false},
	{"static by interface", static_interface, false},
	{"static blackhole", static_blackhole, false},
	{"static by tunnel", static_tunnel, false},
	{"static entry at wgd", static_entry, false},
	{"learned", learned, false},
	{"learned by two", learned_two, false},
	{"changed", changed, false},
	{"removed", removed, true},
	{"nexthop object", object, false},
	{"nexthop group", group, false},
	{"rule", rule, false},
	{"side route", side, false},
};

static void a_minute_of(const struct writer *w, int err, unsigned event_ms)
{
	begin();
	refusal = err;
	w->want();
	pass(MINUTE_MS, event_ms);
	if (refused < 1 || refused > RETRY_MINUTE)
		printf("%s error %d event each %u ms: %u refused writes in a minute\n", w->name,
		       err, event_ms, refused);
	assert_in_range(refused, 1, RETRY_MINUTE);
	end(NULL);
}

static void test_every_refusal(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(writers); i++) {
		for (unsigned e = 0; e < ARRAY_SIZE(errors); e++) {
			a_minute_of(&writers[i], errors[e], 0);
			a_minute_of(&writers[i], errors[e], 1000);
		}
	}
}

/* Not what went over to another way meanwhile: objects that the kernel does not know. */
static bool comes_back(const struct writer *w, int err)
{
	if (w->want == object || w->want == group || w->want == static_entry)
		return false;
	if (w->gone_is_done && err == -ENODEV)
		return false;
	return err != -EEXIST || w->want == tunnel_address || w->want == rule;
}

static void test_recovery(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(writers); i++) {
		for (unsigned e = 0; e < ARRAY_SIZE(errors); e++) {
			if (!comes_back(&writers[i], errors[e]))
				continue;
			begin();
			refusal = errors[e];
			writers[i].want();
			pass(10000, 0);
			refusal = 0;
			taken = 0;
			pass(3000, 3000); /* something came up */
			if (!taken)
				printf("%s error %d: not there\n", writers[i].name, errors[e]);
			assert_true(taken > 0);
			taken = 0;
			pass(MINUTE_MS, 1000);
			assert_int_equal(taken, 0); /* and it stays */
			end(NULL);
		}
	}
}

/* Of several events in a row the first ones do not help: what the last one allows is there soon. */
static void test_burst(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(writers); i++) {
		if (!comes_back(&writers[i], -ENETDOWN))
			continue;
		begin();
		refusal = -ENETDOWN;
		writers[i].want();
		turn();
		event();
		turn();
		refusal = 0;
		taken = 0;
		event();
		turn();
		pass(RETRY_KICK_MIN_MS + STEP_MS, 0);
		if (!taken)
			printf("%s: not there\n", writers[i].name);
		assert_true(taken > 0);
		end(NULL);
	}
}

/* Without any event it is there when its time has come. */
static void test_patience(void **state)
{
	begin();
	refusal = -EACCES;
	tunnel_address();
	pass(MINUTE_MS, 0);
	refusal = 0;
	pass(RETRY_MAX_MS + 2000, 0);
	assert_int_equal(taken, 1);
}

/* What covers an endpoint waits for its pin, and comes with it. */
static void test_pin_then_cover(void **state)
{
	struct prefix p = pfx("203.0.113.0/24");

	begin();
	refusal = -ENOBUFS;
	pin();
	pass(10000, 0);
	assert_false(rib_find(&p) && rib_installed(rib_find(&p)));
	refusal = 0;
	pass(RETRY_MAX_MS, 0);
	assert_non_null(rib_find(&p));
	assert_non_null(rib_installed(rib_find(&p)));
}

/* Read back, a route of ours is ours, whatever its address is. */
static void test_recognised(void **state)
{
	struct kroute r = {.prefix = pfx("fe80::2/128"),
			   .table = 254,
			   .metric = zconfig.metric,
			   .oif = WG0,
			   .protocol = zconfig.protocol,
			   .type = RTN_UNICAST};

	begin();
	link_local();
	turn();
	assert_int_equal(taken, 1);
	for (unsigned i = 0; i < 10; i++) {
		rib_kernel_begin();
		kernel_route("198.51.100.0/24", RTPROT_KERNEL, NULL);
		kernel_route("0.0.0.0/0", RTPROT_DHCP, "198.51.100.254");
		rib_kernel_route(&r, true);
		rib_kernel_end(NULL);
		pass(1000, 0);
	}
	assert_int_equal(taken, 1);
	assert_int_equal(fib_counters.drift, 0);
}

static void read_without(void)
{
	rib_kernel_begin();
	kernel_route("198.51.100.0/24", RTPROT_KERNEL, NULL);
	kernel_route("0.0.0.0/0", RTPROT_DHCP, "198.51.100.254");
	rib_kernel_end(NULL);
	pass(1000, 0);
}

/* What goes with its link is nobody's drift, and a write that comes behind it no error. */
static void test_causes(void **state)
{
	begin();
	learned();
	pass(1000, 0);
	fell = true;
	read_without();
	assert_int_equal(fib_counters.drift, 0);
	assert_true(fib_counters.flushed > 0);
	fell = false;
	read_without();
	assert_true(fib_counters.drift > 0);
	assert_true(fib_counters.drift_ms > 0);
	assert_int_equal(fib_counters.route_errors, 0);
	refusal = -ENETDOWN;
	list("10.1.0.0/16", "10.9.1.1", NULL);
	pass(1000, 0);
	assert_int_equal(fib_counters.route_errors, 0);
	assert_true(fib_counters.races > 0);
	assert_int_equal(fib_retry_lasting(), 0);
	pass(10000, 0);
	assert_int_equal(fib_retry_lasting(), 1); /* of whatever cause */
	refusal = -EACCES;
	pass(MINUTE_MS, 0);
	assert_true(fib_counters.route_errors > 0);
	refusal = 0;
	pass(MINUTE_MS, 0);
	assert_int_equal(fib_retry_lasting(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_every_refusal, end),
		cmocka_unit_test_teardown(test_recovery, end),
		cmocka_unit_test_teardown(test_burst, end),
		cmocka_unit_test_teardown(test_patience, end),
		cmocka_unit_test_teardown(test_pin_then_cover, end),
		cmocka_unit_test_teardown(test_recognised, end),
		cmocka_unit_test_teardown(test_causes, end),
	};

	log_init("refusal_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
