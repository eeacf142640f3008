/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Side tables against a kernel in an array: what is wanted gets there, what somebody takes comes
 * back, what an earlier life left is found by its rule.
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
#include <stdio.h>
#include <string.h>

#include "ifaddr.h"
#include "log.h"
#include "loop.h"
#include "rule.h"
#include "side.h"
#include "uplink.h"
#include "util.h"
#include "zconfig.h"

#define SLOTS 32
#define TABLE 5000

static struct kroute kernel[SLOTS];
static unsigned n_kernel;

static int find(const struct kroute *k)
{
	for (unsigned i = 0; i < n_kernel; i++)
		if (kernel[i].table == k->table && kernel[i].metric == k->metric &&
		    prefix_eq(&kernel[i].prefix, &k->prefix))
			return i;
	return -1;
}

static int on_route_now(enum route_op op, const struct kroute *k)
{
	int at = find(k);

	if (op == ROUTE_ADD && at >= 0)
		return -EEXIST;
	if (op == ROUTE_DEL && at < 0)
		return -ESRCH;
	if (op == ROUTE_DEL)
		kernel[at] = kernel[--n_kernel];
	else
		kernel[at >= 0 ? (unsigned)at : n_kernel++] = *k;
	return 0;
}

static int on_rule(bool add, const struct krule *k)
{
	return 0;
}

static struct kroute route(const char *prefix, const char *gateway, uint32_t table)
{
	struct kroute k = {
		.table = table, .metric = 179, .oif = 2, .protocol = 222, .type = RTN_UNICAST};

	prefix_parse(prefix, &k.prefix);
	if (gateway)
		addr_parse(gateway, &k.gateway);
	return k;
}

static void read_kernel(void)
{
	uint32_t tables[8];
	unsigned n;

	keep_read_begin(&side_routes);
	n = side_tables(tables, 0, ARRAY_SIZE(tables));
	for (unsigned i = 0; i < n_kernel; i++)
		for (unsigned j = 0; j < n; j++)
			if (kernel[i].table == tables[j])
				side_told(&kernel[i], true);
	keep_read_end(&side_routes);
}

static int setup(void **state)
{
	out = (struct out){.route_now = on_route_now, .rule = on_rule};
	n_kernel = 0;
	return 0;
}

static int teardown(void **state)
{
	uplinks_reset();
	keep_reset(&side_routes);
	keep_reset(&rules);
	ifaddr_reset();
	loop_free();
	return 0;
}

static void test_wanted(void **state)
{
	struct kroute k = route("0.0.0.0/0", "192.0.2.1", TABLE), other = k;

	side_want(&k);
	assert_int_equal(n_kernel, 0); /* not before the kernel was read */
	read_kernel();
	assert_true(side_in_place(&k));
	addr_parse("192.0.2.9", &other.gateway);
	side_want(&other); /* another gateway: the same route, changed */
	assert_int_equal(n_kernel, 1);
	assert_true(addr_eq(&kernel[0].gateway, &other.gateway));
	side_unwant(&k);
	assert_int_equal(n_kernel, 0);
}

static void test_drift(void **state)
{
	struct kroute k = route("0.0.0.0/0", "192.0.2.1", TABLE), foreign = k;

	side_want(&k);
	read_kernel();
	foreign.protocol = 4;
	side_told(&foreign, false); /* not ours: whatever it was */
	assert_int_equal(side_routes.drift, 0);
	n_kernel = 0;
	read_kernel();
	assert_int_equal(n_kernel, 1);
	assert_int_equal(side_routes.drift, 1);
	n_kernel = 0;
	side_told(&k, false);
	side_want(&k); /* whoever wants it says so again, and then it is drift */
	assert_int_equal(n_kernel, 1);
	assert_int_equal(side_routes.drift, 2);
	n_kernel = 0;
	side_told(&k, false);
	addr_parse("192.0.2.9", &k.gateway);
	side_want(&k); /* it went with its address: none */
	assert_int_equal(n_kernel, 1);
	assert_int_equal(side_routes.drift, 2);
}

/* What somebody replaced is changed back, not added beside it. */
static void test_replaced(void **state)
{
	struct kroute k = route("0.0.0.0/0", "192.0.2.1", TABLE), other = k;

	side_want(&k);
	read_kernel();
	addr_parse("192.0.2.9", &other.gateway);
	kernel[0] = other;
	side_told(&other, true);
	side_want(&k);
	assert_true(side_in_place(&k));
	assert_true(addr_eq(&kernel[0].gateway, &k.gateway));
	assert_int_equal(side_routes.drift, 1);
	n_kernel = 0;
	side_told(&k, false);
	read_kernel(); /* before whoever wants it says so again */
	side_want(&k);
	assert_true(side_in_place(&k));
	assert_int_equal(n_kernel, 1);
}

static void test_stale(void **state)
{
	struct kroute keep = route("0.0.0.0/0", "192.0.2.1", TABLE);
	struct kroute stale = route("10.0.0.0/8", NULL, TABLE);
	struct kroute gone = route("0.0.0.0/0", "192.0.2.1", 6000), foreign = gone;
	struct krule rule = {.family = AF_INET,
			     .protocol = 222,
			     .action = FR_ACT_TO_TBL,
			     .priority = 17900,
			     .table = 6000,
			     .fwmark = 5,
			     .fwmask = UINT32_MAX};

	foreign.metric = 0;
	foreign.protocol = 4;
	kernel[n_kernel++] = keep;
	kernel[n_kernel++] = stale;
	kernel[n_kernel++] = gone;
	kernel[n_kernel++] = foreign;
	side_want(&keep);
	keep_read_begin(&rules);
	rule_told(&rule, true); /* nobody wants it: its table is looked into */
	read_kernel();
	keep_read_end(&rules);
	assert_true(find(&keep) >= 0 && find(&foreign) >= 0);
	assert_int_equal(find(&stale), -1);
	assert_int_equal(find(&gone), -1);
}

static void test_off_and_teardown(void **state)
{
	struct kroute k = route("0.0.0.0/0", "192.0.2.1", TABLE);

	side_want(&k);
	read_kernel();
	zconfig.kernel = false;
	keep_sync_all(&side_routes);
	assert_int_equal(n_kernel, 0);
	zconfig.kernel = true;
	keep_sync_all(&side_routes);
	assert_int_equal(n_kernel, 1);
	keep_teardown(&side_routes);
	assert_int_equal(n_kernel, 0);
}

static void address(const char *text, uint32_t ifindex, uint32_t flags, uint8_t scope, bool present)
{
	struct kaddr a = {.ifindex = ifindex, .flags = flags, .scope = scope};
	uint8_t len;

	assert_int_equal(addr_parse_with_len(text, &a.local, &len), 0);
	a.subnet = prefix_make(a.local.family, a.local.b, len);
	ifaddr_told(&a, present);
}

static void test_source(void **state)
{
	struct addr a;

	ifaddr_read_begin();
	address("fe80::1/64", 2, 0, RT_SCOPE_LINK, true);
	address("2001:db8::9/64", 2, IFA_F_TENTATIVE, 0, true);
	address("2001:db8::2/64", 2, IFA_F_DEPRECATED, 0, true);
	address("2001:db8::3/64", 2, 0, 0, true);
	address("192.0.2.1/24", 3, 0, 0, true);
	ifaddr_read_end();
	assert_string_equal(ADDR_STR(&ifaddr_source(2, AF_INET6)->local), "2001:db8::3");
	assert_null(ifaddr_source(2, AF_INET));
	address("2001:db8::9/64", 2, 0, 0, true); /* no longer tentative: it stands in front */
	assert_string_equal(ADDR_STR(&ifaddr_source(2, AF_INET6)->local), "2001:db8::9");
	addr_parse("192.0.2.1", &a);
	assert_true(ifaddr_local(&a));
	ifaddr_read_begin();
	ifaddr_read_end(); /* a reading without them */
	assert_null(ifaddr_source(2, AF_INET6));
	assert_false(ifaddr_local(&a));
}

static bool told(const char *text, uint32_t flags, uint8_t scope, bool present)
{
	struct kaddr a = {.ifindex = 2, .flags = flags, .scope = scope};
	uint8_t len;

	assert_int_equal(addr_parse_with_len(text, &a.local, &len), 0);
	a.subnet = prefix_make(a.local.family, a.local.b, len);
	return ifaddr_told(&a, present);
}

/* Those of interface 2, in order. */
static const char *addresses(void)
{
	static char text[256];
	const struct kaddr *a;

	text[0] = '\0';
	for (unsigned i = 0; (a = ifaddr_get(2, i)); i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s/%u flags %u scope %u",
			 i ? ", " : "", ADDR_STR(&a->local), a->subnet.len, a->flags, a->scope);
	return text;
}

/* What is news, and what several readings leave: those that the last one saw, or that were told
 * since it began. */
static void test_addresses(void **state)
{
	ifaddr_read_begin();
	assert_true(told("192.0.2.1/24", 0, 0, true));
	assert_false(told("192.0.2.1/24", 0, 0, true));
	assert_true(told("192.0.2.1/25", 0, 0, true)); /* beside it */
	assert_true(told("192.0.2.1/24", 5, 0, true));
	assert_true(told("192.0.2.1/24", 5, 9, true));
	assert_false(told("192.0.2.1/24", 5, 9, true));
	ifaddr_read_end();
	assert_string_equal(addresses(),
			    "192.0.2.1/24 flags 5 scope 9, 192.0.2.1/25 flags 0 scope 0");
	assert_false(told("192.0.2.1/26", 0, 0, false)); /* was not there */
	assert_false(told("192.0.2.1/25", 0, 0, false));
	assert_string_equal(addresses(), "192.0.2.1/24 flags 5 scope 9");
	assert_true(told("192.0.2.2/24", 0, 0, true));
	ifaddr_read_begin();
	assert_false(told("192.0.2.2/24", 0, 0, true));
	assert_true(told("192.0.2.3/24", 0, 0, true));
	ifaddr_read_end();
	assert_string_equal(addresses(),
			    "192.0.2.2/24 flags 0 scope 0, 192.0.2.3/24 flags 0 scope 0");
	ifaddr_read_begin();
	assert_false(told("192.0.2.3/24", 0, 0, true));
	ifaddr_read_end();
	assert_string_equal(addresses(), "192.0.2.3/24 flags 0 scope 0");
	ifaddr_reset();
	assert_string_equal(addresses(), "");
	assert_true(told("192.0.2.3/24", 0, 0, true));
}

/* Without its interface an uplink keeps the packets at home. */
static void test_uplink_without_interface(void **state)
{
	struct uplink_conf conf = {.wg = "wg1",
				   .ifname = "no-such-if",
				   .fwmark = 7,
				   .table = TABLE,
				   .priority = 17900};
	struct tunnel_if wg1 = {.name = "wg1", .fwmark = 7};

	uplinks_apply(&conf, 1);
	keep_read_begin(&rules);
	keep_read_begin(&side_routes);
	uplinks_read_end();
	keep_read_end(&rules);
	event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	assert_int_equal(n_kernel, 2);
	assert_int_equal(kernel[0].type, RTN_UNREACHABLE);
	assert_int_equal(uplink_first()->family[0].state, UPLINK_NO_LINK);
	assert_true(uplink_bypasses(&wg1));
	wg1.fwmark = 8; /* the device does not carry the mark yet */
	assert_false(uplink_bypasses(&wg1));
	wg1.fwmark = 7;
	uplinks_apply(NULL, 0);
	assert_false(uplink_bypasses(&wg1)); /* pins come before the rule goes */
	assert_int_equal(n_kernel, 2);
	uplinks_prune();
	assert_int_equal(n_kernel, 0);
	assert_null(rule_first());
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_wanted),
		T(test_drift),
		T(test_replaced),
		T(test_stale),
		T(test_off_and_teardown),
		T(test_source),
		T(test_addresses),
		T(test_uplink_without_interface),
	};

	log_init("uplink_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
