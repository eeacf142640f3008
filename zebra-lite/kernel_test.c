/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is written into the kernel of a namespace, as `ip` lists it, and what is read from it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dut.h"
#include "fib.h"
#include "fib_internal.h"
#include "ifaddr.h"
#include "kernel.h"
#include "log.h"
#include "loop.h"
#include "news.h"
#include "nexthop.h"
#include "nhobj.h"
#include "rib.h"
#include "rib_kernel.h"
#include "rule.h"
#include "side.h"
#include "tunnel.h"
#include "uplink.h"
#include "util.h"
#include "zconfig.h"

static unsigned resyncs;
static uint32_t a, b;

static void on_resync(const char *why)
{
	resyncs++;
	kernel_resync(why);
}

/* What a command prints, without trailing blanks. */
static const char *lines(const char *command)
{
	static char text[1 << 16];
	char *line = xasprintf("%s | sed 's/ *$//'", command);
	FILE *f = popen(line, "r");
	size_t n = fread(text, 1, sizeof(text) - 1, f);

	pclose(f);
	free(line);
	text[n] = '\0';
	return text;
}

static struct prefix pfx(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(text, &p), 0);
	return p;
}

static struct addr adr(const char *text)
{
	struct addr x;

	assert_int_equal(addr_parse(text, &x), 0);
	return x;
}

static int setup(void **state)
{
	dut_namespace();
	dut_link("l0");
	dut_link("l1");
	dut_ip("addr add 10.20.0.1/24 dev l0");
	dut_ip("addr add 2001:db8:20::1/64 dev l0 nodad");
	a = if_nametoindex("l0");
	b = if_nametoindex("l1");
	out = (struct out){.resync = on_resync,
			   .link_up = kernel_link_up,
			   .link_name = kernel_link_name,
			   .route_now = kernel_write_route_now,
			   .route = kernel_write_route,
			   .route_flush = kernel_thread_flush,
			   .route_done = kernel_thread_done,
			   .rule = kernel_write_rule};
	news_open(NULL);
	assert_int_equal(kernel_write_start(), 0);
	return 0;
}

static int teardown(void **state)
{
	kernel_write_stop();
	return 0;
}

static struct kroute route(const char *prefix, uint32_t oif, const char *gateway)
{
	struct kroute r = {.prefix = pfx(prefix),
			   .table = 254,
			   .metric = 179,
			   .oif = oif,
			   .protocol = 222,
			   .type = RTN_UNICAST};

	if (gateway)
		r.gateway = adr(gateway);
	return r;
}

#define ROUTES4 lines("ip -N -d -4 route show table all proto 222")
#define ROUTES6 lines("ip -N -d -6 route show table all proto 222 | sed 's/ pref .*//'")

static void test_routes_now(void **state)
{
	struct kroute link = route("10.1.0.0/16", a, NULL),
		      by = route("10.2.0.0/16", a, "10.20.0.9"),
		      hole = route("10.3.0.0/16", 0, NULL), far = route("10.4.0.0/16", b, NULL),
		      six = route("2001:db8:1::/48", a, NULL),
		      six_by = route("2001:db8:2::/48", a, "2001:db8:20::9");

	by.source = adr("10.20.0.1");
	hole.type = RTN_BLACKHOLE;
	far.table = 5000;
	far.metric = 7;
	six_by.source = adr("2001:db8:20::1");
	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &link), 0);
	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &by), 0);
	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &hole), 0);
	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &far), 0);
	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &six), 0);
	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &six_by), 0);
	assert_string_equal(ROUTES4, "1 10.4.0.0/16 dev l1 table 5000 scope 253 metric 7\n"
				     "1 10.1.0.0/16 dev l0 table 254 scope 253 metric 179\n"
				     "1 10.2.0.0/16 via 10.20.0.9 dev l0 table 254 scope 0 src "
				     "10.20.0.1 metric 179\n"
				     "6 10.3.0.0/16 table 254 scope 0 metric 179\n");
	assert_string_equal(ROUTES6,
			    "1 2001:db8:1::/48 dev l0 table 254 scope 0 metric 179\n"
			    "1 2001:db8:2::/48 via 2001:db8:20::9 dev l0 table 254 scope 0 "
			    "src 2001:db8:20::1 metric 179\n");
	/* One that is there is added by nobody, changed by us, and removed whatever it is. */
	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &link), -EEXIST);
	link.oif = b;
	assert_int_equal(kernel_write_route_now(ROUTE_CHANGE, &link), 0);
	hole.type = RTN_UNICAST;
	hole.oif = a;
	assert_int_equal(kernel_write_route_now(ROUTE_CHANGE, &hole), 0);
	by.oif = b;
	assert_int_equal(kernel_write_route_now(ROUTE_DEL, &by), 0);
	assert_int_equal(kernel_write_route_now(ROUTE_DEL, &by), -ESRCH);
	assert_int_equal(kernel_write_route_now(ROUTE_DEL, &far), 0);
	assert_int_equal(kernel_write_route_now(ROUTE_DEL, &six), 0);
	assert_string_equal(ROUTES4, "1 10.1.0.0/16 dev l1 table 254 scope 253 metric 179\n"
				     "1 10.3.0.0/16 dev l0 table 254 scope 253 metric 179\n");
	six_by.gateway = adr("3fff::1");
	assert_int_equal(kernel_write_route_now(ROUTE_CHANGE, &six_by), -EHOSTUNREACH);
}

static void test_multipath(void **state)
{
	struct kroute four = route("10.5.0.0/16", a, "10.20.0.8"),
		      six = route("2001:db8:5::/48", a, "2001:db8:20::8");

	four.n_ways = six.n_ways = 2;
	four.way[0] = (struct way){a, 1, four.gateway};
	four.way[1] = (struct way){a, 3, adr("10.20.0.9")};
	six.way[0] = (struct way){a, 1, six.gateway};
	six.way[1] = (struct way){a, 2, adr("2001:db8:20::9")};
	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &four), 0);
	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &six), 0);
	assert_string_equal(lines("ip -N route show proto 222"),
			    "10.5.0.0/16 metric 179\n"
			    "\tnexthop via 10.20.0.8 dev l0 weight 1\n"
			    "\tnexthop via 10.20.0.9 dev l0 weight 3\n");
	assert_string_equal(lines("ip -N -6 route show proto 222"),
			    "2001:db8:5::/48 metric 179 pref medium\n"
			    "\tnexthop via 2001:db8:20::8 dev l0 weight 1\n"
			    "\tnexthop via 2001:db8:20::9 dev l0 weight 2\n");
	/* One way is left, all are there again, all go. */
	four.n_ways = six.n_ways = 0;
	assert_int_equal(kernel_write_route_now(ROUTE_CHANGE, &four), 0);
	assert_int_equal(kernel_write_route_now(ROUTE_CHANGE, &six), 0);
	assert_string_equal(lines("(ip -N route show proto 222; ip -N -6 route show proto 222)"),
			    "10.5.0.0/16 via 10.20.0.8 dev l0 metric 179\n"
			    "2001:db8:5::/48 via 2001:db8:20::8 dev l0 metric 179 pref medium\n");
	four.n_ways = six.n_ways = 2;
	assert_int_equal(kernel_write_route_now(ROUTE_CHANGE, &four), 0);
	assert_int_equal(kernel_write_route_now(ROUTE_CHANGE, &six), 0);
	assert_int_equal(kernel_write_route_now(ROUTE_DEL, &four), 0);
	assert_int_equal(kernel_write_route_now(ROUTE_DEL, &six), 0);
	assert_string_equal(lines("(ip route show proto 222; ip -6 route show proto 222)"), "");
}

/* Of ways that have a gateway and such that need none, in either order. */
static void test_mixed_ways(void **state)
{
	struct kroute r = route("10.6.0.0/16", b, NULL);
	struct way link = {b, 1, {0}}, by = {a, 1, adr("10.20.0.8")};

	r.n_ways = 2;
	r.way[0] = link;
	r.way[1] = by;
	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &r), 0);
	assert_string_equal(ROUTES4, "1 10.6.0.0/16 table 254 scope 0 metric 179\n"
				     "\tnexthop dev l1 weight 1\n"
				     "\tnexthop via 10.20.0.8 dev l0 weight 1\n");
	r.way[0] = by;
	r.way[1] = link;
	r.oif = a;
	r.gateway = by.gateway;
	assert_int_equal(kernel_write_route_now(ROUTE_CHANGE, &r), 0);
	assert_string_equal(ROUTES4, "1 10.6.0.0/16 table 254 scope 0 metric 179\n"
				     "\tnexthop via 10.20.0.8 dev l0 weight 1\n"
				     "\tnexthop dev l1 weight 1\n");
	r.way[0] = (struct way){a, 1, {0}};
	r.gateway = (struct addr){0};
	assert_int_equal(kernel_write_route_now(ROUTE_CHANGE, &r), 0);
	assert_string_equal(ROUTES4, "1 10.6.0.0/16 table 254 scope 253 metric 179\n"
				     "\tnexthop dev l0 weight 1\n"
				     "\tnexthop dev l1 weight 1\n");
}

/* Many, by the thread: more than its buffers hold; errors come to the items, in order. */
static void test_thread(void **state)
{
	enum { MANY = 6000 };
	struct item *items = xcalloc(MANY, sizeof(*items));
	uint32_t first, second;

	alarm(test_patience_ms() / 1000); /* who waits for the thread */
	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < MANY; i++) {
			struct kroute r = route("172.16.0.0/32", a, NULL);

			r.prefix.b[2] = (uint8_t)(i >> 8);
			r.prefix.b[3] = (uint8_t)i;
			kernel_write_route(ROUTE_ADD, &r, &items[i].err);
		}
		first = kernel_thread_flush();
		assert_true(kernel_thread_done(first, true));
		assert_true(kernel_thread_done(first, false));
		for (unsigned i = 0; i < MANY; i++)
			assert_int_equal(items[i].err, round ? -EEXIST : 0);
	}
	assert_int_equal(atoi(lines("ip -4 route show proto 222 | wc -l")), MANY);
	for (unsigned i = 0; i < MANY; i++) {
		struct kroute r = route("172.16.0.0/32", a, NULL);

		r.prefix.b[2] = (uint8_t)(i >> 8);
		r.prefix.b[3] = (uint8_t)i;
		items[i].err = 0;
		kernel_write_route(ROUTE_DEL, &r, &items[i].err);
	}
	second = kernel_thread_flush();
	assert_int_equal((int32_t)(second - first) > 0, true);
	DUT_AWAIT(kernel_thread_done(second, false));
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(items[i].err, 0);
	assert_string_equal(ROUTES4, "");
	/* What it was given is in before it ends. */
	for (unsigned i = 0; i < MANY; i++) {
		struct kroute r = route("172.16.0.0/32", a, NULL);

		r.prefix.b[2] = (uint8_t)(i >> 8);
		r.prefix.b[3] = (uint8_t)i;
		kernel_write_route(ROUTE_ADD, &r, &items[i].err);
	}
	kernel_thread_flush();
	kernel_write_stop();
	kernel_write_stop();
	assert_int_equal(atoi(lines("ip -4 route show proto 222 | wc -l")), MANY);
	assert_int_equal(kernel_write_start(), 0);
	free(items);
}

static void test_objects(void **state)
{
	const uint32_t first = NHOBJ_FIRST, second = NHOBJ_FIRST + 1, both = NHOBJ_FIRST + 2;
	struct nhleg legs[] = {{first, 1}, {second, 255}};
	struct kroute r = route("10.1.0.0/16", 0, NULL);

	assert_int_equal(kernel_write_nexthop(first, a, AF_INET, 222, true), 0);
	assert_int_equal(kernel_write_nexthop(second, b, AF_INET, 222, true), 0);
	assert_int_equal(kernel_write_nexthop(first, b, AF_INET, 222, true), -EEXIST);
	assert_int_equal(kernel_write_nexthop(both, b, AF_INET6, 222, false), -ENOENT);
	assert_int_equal(kernel_write_nexthop(first, b, AF_INET, 222, false), 0);
	assert_int_equal(kernel_write_nexthop(first, a, AF_INET, 222, false), 0);
	assert_int_equal(kernel_write_group(both, legs, 2, false, 222, false), -ENOENT);
	assert_int_equal(kernel_write_group(both, legs, 2, false, 222, true), 0);
	assert_int_equal(kernel_write_group(both, legs, 2, false, 222, true), -EEXIST);
	r.nhid = both;
	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &r), 0);
	assert_string_equal(lines("ip -N nexthop show"),
			    "id 2003238913 dev l0 scope 254 proto 222\n"
			    "id 2003238914 dev l1 scope 254 proto 222\n"
			    "id 2003238915 group 2003238913/2003238914,255 proto 222\n");
	assert_non_null(strstr(ROUTES4, "10.1.0.0/16 nhid 2003238915 table 254"));
	assert_int_equal(kernel_write_group(both, legs, 1, false, 222, false), 0);
	assert_non_null(strstr(lines("ip -N nexthop show"), "group 2003238913 proto 222"));
	kernel_delete_nexthop(both);
	assert_string_equal(ROUTES4, "");
	kernel_delete_nexthop(first);
	kernel_delete_nexthop(first); /* nothing */
	assert_string_equal(lines("ip -N nexthop show"),
			    "id 2003238914 dev l1 scope 254 proto 222\n");
	assert_int_equal(kernel_write_group(both, legs + 1, 1, true, 222, true), 0);
	assert_non_null(strstr(lines("ip -N -d nexthop show id 2003238915"),
			       "type resilient buckets 512 idle_timer 10 unbalanced_timer 0"));
}

#define RULES lines("(ip -N rule show; ip -N -6 rule show) | grep -v 'from all lookup 25[345] *$'")

static void test_rules(void **state)
{
	struct krule all = {.family = AF_INET,
			    .protocol = 222,
			    .action = FR_ACT_TO_TBL,
			    .tos = 8,
			    .priority = 5,
			    .table = 77,
			    .fwmark = 3,
			    .fwmask = 15,
			    .source = pfx("10.1.0.0/16"),
			    .dst = pfx("10.2.0.0/15"),
			    .iif = "l0",
			    .oif = "l1"};
	struct krule six = {.family = AF_INET6,
			    .protocol = 222,
			    .action = FR_ACT_TO_TBL,
			    .tos = 0xb8,
			    .priority = 6,
			    .table = 70000,
			    .source = pfx("2001:db8::/32")};
	struct krule hole = {
		.family = AF_INET, .protocol = 222, .action = FR_ACT_BLACKHOLE, .priority = 7};
	struct krule longer = {.family = AF_INET6,
			       .protocol = 222,
			       .action = FR_ACT_TO_TBL,
			       .priority = 8,
			       .table = 254,
			       .no_default = true};

	struct krule errors = {.family = AF_INET6,
			       .protocol = 222,
			       .action = FR_ACT_TO_TBL,
			       .priority = 9,
			       .table = 103,
			       .source = pfx("2001:db8::1/128"),
			       .iif = "lo",
			       .icmp_first = 0x105,
			       .icmp_last = 0x300};

	assert_int_equal(kernel_write_rule(true, &errors), 0);
	assert_string_equal(RULES, "9:	from 2001:db8::1 iif lo ipproto ipproto-58 dport 261-768 "
				   "lookup 103 proto 222\n");
	assert_int_equal(kernel_write_rule(true, &errors), -EEXIST);
	assert_int_equal(kernel_write_rule(false, &errors), 0);
	errors.icmp_first = errors.icmp_last = 0;
	errors.ip_protocol = IPPROTO_TCP;
	assert_int_equal(kernel_write_rule(true, &errors), 0);
	assert_string_equal(RULES,
			    "9:	from 2001:db8::1 iif lo ipproto ipproto-6 lookup 103 proto 222\n");
	assert_int_equal(kernel_write_rule(false, &errors), 0);
	assert_int_equal(kernel_write_rule(true, &longer), 0);
	assert_string_equal(RULES, "8:	from all lookup 254 suppress_prefixlength 0 proto 222\n");
	assert_int_equal(kernel_write_rule(false, &longer), 0);
	assert_int_equal(kernel_write_rule(true, &all), 0);
	assert_int_equal(kernel_write_rule(true, &six), 0);
	assert_int_equal(kernel_write_rule(true, &hole), 0);
	assert_int_equal(kernel_write_rule(true, &all), -EEXIST);
	assert_string_equal(RULES, "5:	from 10.1.0.0/16 to 10.2.0.0/15 tos 0x08 fwmark 0x3/0xf "
				   "iif l0 oif l1 lookup 77 proto 222\n"
				   "7:	from all 6 proto 222\n"
				   "6:	from 2001:db8::/32 tos 0xb8 lookup 70000 proto 222\n");
	assert_int_equal(kernel_write_rule(false, &all), 0);
	assert_int_equal(kernel_write_rule(false, &all), -ENOENT);
	assert_int_equal(kernel_write_rule(false, &six), 0);
	assert_int_equal(kernel_write_rule(false, &hole), 0);
	assert_string_equal(RULES, "");
}

/* --- reading --- */

static int setup_reading(void **state)
{
	setup(state);
	zconfig.plane_table[2] = 102;
	dut_ip("route add 10.1.0.0/16 via 10.20.0.9 dev l0 proto static metric 7");
	dut_ip("route add 10.2.0.0/16 dev l1 table 102 proto static");
	dut_ip("-6 route add 2001:db8:1::/48 dev l0 proto static");
	dut_ip("-6 route add 2001:db8:2::/48 dev l1 table 102 proto static");
	dut_ip("route add 10.3.0.0/16 dev l1 table 5000 proto static");
	dut_ip("rule add priority 5 table 5001 proto 222");
	dut_ip("-6 rule add priority 6 table 5002 proto 222");
	dut_ip("route add 10.4.0.0/16 dev l1 table 5001 proto 222 metric 8");
	dut_ip("-6 route add 2001:db8:4::/48 dev l1 table 5002 proto 222 metric 8");
	dut_ip("nexthop add id 2003238913 dev l0 proto 222");
	dut_ip("nexthop add id 2003238914 dev l1 proto 222");
	dut_ip("nexthop add id 2003238915 group 2003238913/2003238914,3 proto 222");
	dut_ip("nexthop add id 2003238920 dev l1 proto 99");
	assert_int_equal(kernel_read_start(), 0);
	kernel_resync("in the middle of the first one");
	return 0;
}

static int teardown_reading(void **state)
{
	kernel_read_stop();
	kernel_read_stop();
	assert_int_equal(kernel_link_by_name("l0"), 0);
	return teardown(state);
}

/* Whoever has PREFIX in PLANE: "static dev l0 via 10.20.0.9 metric 7". */
static const char *cands(const char *prefix, uint8_t plane)
{
	static char text[256];
	struct prefix p = pfx(prefix);
	const struct rib_node *n;

	p.plane = plane;
	n = rib_find(&p);
	text[0] = '\0';
	for (const struct rib_cand *c = n ? rib_others(n) : NULL; c; c = c->next)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s%s dev %s%s%s metric %u", text[0] ? "; " : "", rib_proto_name(c->proto),
			 kernel_link_name(c->oif), c->gateway.family ? " via " : "",
			 c->gateway.family ? ADDR_STR(&c->gateway) : "", c->metric);
	return text;
}

static bool has_rule(uint8_t family, uint32_t priority)
{
	for (const struct rule *r = rule_first(); r; r = rule_next(r))
		if (r->k.family == family && r->k.priority == priority)
			return true;
	return false;
}

static unsigned n_side(void)
{
	const struct kept *e;
	unsigned n = 0;

	TAILQ_FOREACH (e, &side_routes.list, link)
		n++;
	return n;
}

static void await_read(void)
{
	uint32_t before = rib_kernel_epoch;

	kernel_resync("test");
	DUT_AWAIT(rib_kernel_epoch > before && side_routes.ready && !side_routes.reading);
	for (int i = 0; i < 5; i++)
		dut_turn();
}

static void test_first_reading(void **state)
{
	const struct kaddr *k;
	uint32_t oifs[ROUTE_HOPS_MAX];

	DUT_AWAIT(side_routes.ready);
	assert_int_equal(kernel_link_by_name("l0"), a);
	assert_int_equal(kernel_link_by_name("l1"), b);
	assert_int_equal(kernel_link_by_name("l9"), 0);
	assert_string_equal(kernel_link_name(a), "l0");
	assert_string_equal(kernel_link_name(9999), "");
	assert_true(kernel_link_up(a));
	assert_false(kernel_link_up(9999));
	assert_false(kernel_link_pointopoint(a));
	k = ifaddr_get(a, 0);
	assert_non_null(k);
	assert_string_equal(ADDR_STR(&k->local), "10.20.0.1");
	assert_string_equal(PREFIX_STR(&k->subnet), "10.20.0.0/24");
	assert_string_equal(cands("10.1.0.0/16", 0), "kernel dev l0 via 10.20.0.9 metric 7");
	assert_string_equal(cands("10.2.0.0/16", 2), "kernel dev l1 metric 0");
	assert_string_equal(cands("10.2.0.0/16", 0), "");
	assert_string_equal(cands("2001:db8:1::/48", 0), "kernel dev l0 metric 1024");
	assert_string_equal(cands("2001:db8:2::/48", 2), "kernel dev l1 metric 1024");
	assert_string_equal(cands("10.20.0.0/24", 0), "connected dev l0 metric 0");
	assert_string_equal(cands("10.3.0.0/16", 0), "");
	/* Tables of stale rules were read: what is ours there is gone with them. */
	DUT_AWAIT(!has_rule(AF_INET, 5) && !has_rule(AF_INET6, 6) && !n_side());
	DUT_AWAIT(str_eq(lines("ip route show table 5001; ip -6 route show table 5002"), ""));
	assert_non_null(nhobj_by_id(NHOBJ_FIRST));
	assert_int_equal(nhobj_by_id(NHOBJ_FIRST)->oif, a);
	assert_non_null(nhobj_by_id(NHOBJ_FIRST + 1));
	assert_non_null(nhobj_by_id(NHOBJ_FIRST + 2));
	assert_int_equal(nhobj_oifs(nhobj_by_id(NHOBJ_FIRST + 2), oifs), 2);
	assert_null(nhobj_by_id(NHOBJ_FIRST + 7)); /* somebody else's */
}

/* An address that goes takes no route out of the books that names another one and no interface. */
static void test_source_without_interface(void **state)
{
	uint32_t before;

	DUT_AWAIT(side_routes.ready);
	await_read();
	dut_ip("route add blackhole 10.70.0.0/16 src 10.20.0.1 metric 3");
	DUT_AWAIT(str_eq(cands("10.70.0.0/16", 0), "kernel dev  metric 3"));
	dut_ip("addr add 10.22.0.1/24 dev l1");
	DUT_AWAIT(str_eq(cands("10.22.0.0/24", 0), "connected dev l1 metric 0"));
	before = rib_kernel_epoch;
	dut_ip("addr del 10.22.0.1/24 dev l1");
	DUT_AWAIT(rib_kernel_epoch > before && !side_routes.reading);
	for (int i = 0; i < 5; i++)
		dut_turn();
	assert_string_equal(cands("10.70.0.0/16", 0), "kernel dev  metric 3");
}

static void test_notifications(void **state)
{
	struct kroute ours = route("10.60.0.0/16", b, NULL);

	DUT_AWAIT(side_routes.ready);
	await_read();
	dut_ip("route add 10.50.0.0/16 dev l1 metric 3");
	DUT_AWAIT(str_eq(cands("10.50.0.0/16", 0), "kernel dev l1 metric 3"));
	dut_ip("route add 10.51.0.0/16 dev l1 table 102 metric 3");
	DUT_AWAIT(str_eq(cands("10.51.0.0/16", 2), "kernel dev l1 metric 3"));
	dut_ip("-6 route add 2001:db8:50::/48 dev l1 metric 3");
	DUT_AWAIT(str_eq(cands("2001:db8:50::/48", 0), "kernel dev l1 metric 3"));
	dut_ip("route del 10.50.0.0/16 dev l1");
	DUT_AWAIT(str_eq(cands("10.50.0.0/16", 0), ""));
	dut_ip("-6 route del 2001:db8:50::/48 dev l1");
	DUT_AWAIT(str_eq(cands("2001:db8:50::/48", 0), ""));
	dut_ip("addr add 10.21.0.1/24 dev l1");
	DUT_AWAIT(str_eq(cands("10.21.0.0/24", 0), "connected dev l1 metric 0"));
	dut_ip("addr del 10.21.0.1/24 dev l1");
	DUT_AWAIT(str_eq(cands("10.21.0.0/24", 0), ""));
	for (unsigned i = 0; ifaddr_get(b, i); i++)
		assert_int_equal(ifaddr_get(b, i)->local.family, AF_INET6);
	dut_ip("-6 addr add 2001:db8:21::1/64 dev l1 nodad");
	DUT_AWAIT(str_eq(cands("2001:db8:21::/64", 0), "connected dev l1 metric 256"));
	DUT_AWAIT(ifaddr_source(b, AF_INET6) != NULL);
	/* Of what we write ourselves nothing is heard. */
	assert_int_equal(kernel_write_route_now(ROUTE_ADD, &ours), 0);
	kernel_write_route(ROUTE_CHANGE, &ours, NULL);
	kernel_thread_done(kernel_thread_flush(), true);
	dut_ip("route add 10.52.0.0/16 dev l1 metric 3");
	DUT_AWAIT(str_eq(cands("10.52.0.0/16", 0), "kernel dev l1 metric 3"));
	assert_null(rib_find(&ours.prefix));
	/* Objects. */
	dut_ip("nexthop add id 2003238925 dev l0 proto 222");
	DUT_AWAIT(nhobj_by_id(NHOBJ_FIRST + 12));
	dut_ip("nexthop del id 2003238925");
	DUT_AWAIT(!nhobj_by_id(NHOBJ_FIRST + 12));
}

static void test_links(void **state)
{
	uint64_t start = now_ms();
	unsigned before;

	DUT_AWAIT(side_routes.ready);
	await_read();
	assert_false(kernel_link_fell(a, start));
	assert_true(kernel_link_fell(9999, start));
	dut_ip("link set l1 down");
	assert_true(kernel_link_fell(b, now_ms())); /* before the word of it comes */
	before = fib_counters.resyncs;
	DUT_AWAIT(!kernel_link_up(b));
	assert_true(fib_counters.resyncs > before);
	/* Routes by it are gone without a word, and found gone. */
	DUT_AWAIT(str_eq(cands("10.2.0.0/16", 2), ""));
	start = now_ms();
	dut_ip("link set l1 up");
	DUT_AWAIT(kernel_link_up(b));
	assert_true(kernel_link_fell(b, start - 1000)); /* it was, since then */
	await_read();
	assert_false(kernel_link_fell(b, start + 100000));
	dut_ip("link set l1 down");
	dut_ip("link set l1 name l9");
	DUT_AWAIT(kernel_link_by_name("l9") == b && !kernel_link_by_name("l1"));
	assert_string_equal(kernel_link_name(b), "l9");
	dut_ip("link del l9");
	DUT_AWAIT(!kernel_link_by_name("l9"));
	assert_string_equal(kernel_link_name(b), "");
	assert_false(kernel_link_up(b));
	dut_ip("link add l2 type veth peer name l2.far");
	DUT_AWAIT(kernel_link_by_name("l2"));
	assert_false(kernel_link_up(kernel_link_by_name("l2")));
	dut_ip("link set l2 up");
	assert_false(kernel_link_up(kernel_link_by_name("l2"))); /* no carrier */
	dut_ip("link set l2.far up");
	DUT_AWAIT(kernel_link_up(kernel_link_by_name("l2")));
	if (system("ip tuntap add l3 mode tun 2>/dev/null") == 0)
		DUT_AWAIT(kernel_link_pointopoint(kernel_link_by_name("l3")));
}

static void set_sysctl(const char *name, int value)
{
	char *path = xasprintf("/proc/sys/net/%s", name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fprintf(f, "%d", value);
	assert_int_equal(fclose(f), 0);
	free(path);
}

/* What the kernel drops without a word is found gone, and nobody's doing. */
static void test_untold(void **state)
{
	uint64_t start = now_ms();

	DUT_AWAIT(side_routes.ready);
	await_read();
	assert_false(kernel_link_fell(a, start));
	dut_ip("addr del 10.20.0.1/24 dev l0");
	DUT_AWAIT(kernel_link_fell(a, start));
	assert_false(kernel_link_fell(b, start));
	DUT_AWAIT(str_eq(cands("10.1.0.0/16", 0), ""));
	set_sysctl("ipv6/route/skip_notify_on_dev_down", 1);
	dut_ip("link set l1 mtu 1279");
	DUT_AWAIT(kernel_link_fell(b, start));
	DUT_AWAIT(str_eq(cands("2001:db8:2::/48", 2), ""));
	set_sysctl("ipv6/conf/l0/disable_ipv6", 1);
	DUT_AWAIT(str_eq(cands("2001:db8:1::/48", 0), ""));
	/* With no address left the word of it comes when IPv6 is back. */
	set_sysctl("ipv6/conf/l0/disable_ipv6", 0);
	await_read();
	dut_ip("-6 addr flush dev l0");
	dut_ip("-6 route add 2001:db8:1::/48 dev l0 proto static");
	DUT_AWAIT(!str_eq(cands("2001:db8:1::/48", 0), ""));
	set_sysctl("ipv6/conf/l0/disable_ipv6", 1);
	set_sysctl("ipv6/conf/l0/disable_ipv6", 0);
	DUT_AWAIT(str_eq(cands("2001:db8:1::/48", 0), ""));
}

static void set_rp_filter(const char *name, int value)
{
	char *path = xasprintf("ipv4/conf/%s/rp_filter", name);

	set_sysctl(path, value);
	free(path);
}

static void test_rp_filter(void **state)
{
	DUT_AWAIT(side_routes.ready);
	set_rp_filter("all", 0);
	set_rp_filter("l0", 0);
	assert_int_equal(kernel_rp_filter("l0"), 0);
	set_rp_filter("l0", 2);
	assert_int_equal(kernel_rp_filter("l0"), 2);
	set_rp_filter("all", 1);
	assert_int_equal(kernel_rp_filter("l0"), 2);
	set_rp_filter("l0", 0);
	assert_int_equal(kernel_rp_filter("l0"), 1);
	assert_int_equal(kernel_rp_filter("none"), 1);
}

static bool many_turns(void)
{
	for (int i = 0; i < 1000; i++)
		event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	return true;
}

/* More at once than the socket has room for: what was lost is read. */
static void test_lost_notifications(void **state)
{
	unsigned before;
	FILE *f;

	DUT_AWAIT(side_routes.ready);
	await_read();
	before = fib_counters.resyncs;
	f = popen("ip -batch -", "w");
	for (unsigned i = 0; i < 30000; i++)
		fprintf(f, "route add 172.16.%u.%u/32 dev l0\n", i >> 8, i & 255);
	assert_int_equal(pclose(f), 0);
	DUT_AWAIT(many_turns() && str_eq(cands("172.16.117.47/32", 0), "kernel dev l0 metric 0"));
	assert_true(fib_counters.resyncs > before);
	DUT_AWAIT(many_turns() && rib_count() > 30000);
	dut_ip("route flush root 172.16.0.0/16");
	DUT_AWAIT(many_turns() && str_eq(cands("172.16.117.47/32", 0), "") &&
		  str_eq(cands("172.16.0.0/32", 0), ""));
}

/* Rules of ours that somebody deletes come back; routes of ours in a side table, too. */
static void test_kept(void **state)
{
	struct krule k = {
		.family = AF_INET6, .action = FR_ACT_TO_TBL, .priority = 9, .table = 5003};
	struct kroute r = route("2001:db8:9::/48", a, NULL), four = route("10.9.0.0/16", a, NULL);

	r.table = 5003;
	four.table = 5004;
	rule_want(&k);
	side_want(&r);
	side_want(&four);
	DUT_AWAIT(side_in_place(&r) && side_in_place(&four) && rule_in_place(&k));
	dut_ip("-6 rule del priority 9");
	DUT_AWAIT(rules.drift == 1);
	DUT_AWAIT(str_eq(lines("ip -N -6 rule show priority 9"),
			 "9:	from all lookup 5003 proto 222\n"));
	dut_ip("-6 route del 2001:db8:9::/48 table 5003");
	/* By the notification, when who wants it says so again, or by a reading. */
	DUT_AWAIT((side_in_place(&r) || (side_want(&r), true)) &&
		  str_eq(lines("ip -6 route show table 5003 | wc -l"), "1\n"));
	await_read();
	DUT_AWAIT(side_in_place(&r) && side_in_place(&four) && rule_in_place(&k));
	rule_unwant(&k);
	side_unwant(&r);
	side_unwant(&four);
	assert_string_equal(lines("ip -N -6 rule show priority 9; ip -6 route show table 5003; "
				  "ip route show table 5004"),
			    "");
}

int main(void)
{
#define W(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define R(f) cmocka_unit_test_setup_teardown(f, setup_reading, teardown_reading)
	const struct CMUnitTest tests[] = {
		W(test_routes_now),    W(test_multipath),
		W(test_thread),	       W(test_objects),
		W(test_rules),	       W(test_mixed_ways),
		R(test_first_reading), R(test_notifications),
		R(test_links),	       R(test_untold),
		R(test_rp_filter),     R(test_lost_notifications),
		R(test_kept),	       R(test_source_without_interface),
	};

	if (geteuid() != 0)
		return 77;
	log_init("kernel_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
