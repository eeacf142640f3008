/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routes in other tables: what is written for what is wanted, what the kernel tells of them, and
 * how what it refuses is tried again.
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

#include "log.h"
#include "loop_fake.h"
#include "rig.h"
#include "rule.h"
#include "side.h"
#include "uplink.h"
#include "zconfig.h"

static int setup(void **state)
{
	rig_begin();
	return 0;
}

static struct kroute route(uint32_t table, const char *prefix, const char *gateway)
{
	struct kroute k = {.prefix = rig_prefix(prefix),
			   .table = table,
			   .metric = 179,
			   .oif = RIG_U0,
			   .protocol = 222,
			   .type = RTN_UNICAST};

	if (gateway)
		k.gateway = rig_addr(gateway);
	return k;
}

static void want(struct kroute k)
{
	side_want(&k);
}

static void unwant(struct kroute k)
{
	side_unwant(&k);
}

static void told(struct kroute k, bool present)
{
	side_told(&k, present);
}

static bool in_place(struct kroute k)
{
	return side_in_place(&k);
}

/* One for each prefix, table and metric: the newest word counts, and is written where it says
 * something else. */
static void test_wanted(void **state)
{
	struct kroute k = route(7, "10.1.0.0/16", "198.51.100.7"), other = k;

	assert_false(in_place(k));
	want(k);
	RIG_TOLD("add 10.1.0.0/16 table 7 via 198.51.100.7 dev u0\n");
	assert_true(in_place(k));
	want(k);
	RIG_TOLD("");
	other.table = 8;
	want(other);
	RIG_TOLD("add 10.1.0.0/16 table 8 via 198.51.100.7 dev u0\n");
	other = k;
	other.metric = 180;
	want(other);
	other = k;
	other.prefix = rig_prefix("10.1.0.0/17");
	want(other);
	RIG_TOLD("add 10.1.0.0/16 table 7 metric 180 via 198.51.100.7 dev u0\n"
		 "add 10.1.0.0/17 table 7 via 198.51.100.7 dev u0\n");
	k.gateway = rig_addr("198.51.100.8");
	want(k);
	RIG_TOLD("change 10.1.0.0/16 table 7 via 198.51.100.8 dev u0\n");
	k.source = rig_addr("198.51.100.1");
	want(k);
	RIG_TOLD("change 10.1.0.0/16 table 7 via 198.51.100.8 dev u0\n");
	k.oif = RIG_U1;
	want(k);
	RIG_TOLD("change 10.1.0.0/16 table 7 via 198.51.100.8 dev u\n");
	k.type = RTN_UNREACHABLE;
	want(k);
	RIG_TOLD("change 10.1.0.0/16 table 7 unreachable via 198.51.100.8 dev u\n");
	k.oif = 0; /* says nothing about one that leads nowhere */
	want(k);
	RIG_TOLD("");
	k.protocol = 223;
	want(k);
	RIG_TOLD("change 10.1.0.0/16 table 7 protocol 223 unreachable via 198.51.100.8\n");
	unwant(k);
	RIG_TOLD("del 10.1.0.0/16 table 7 protocol 223 unreachable via 198.51.100.8\n");
	assert_false(in_place(k));
	unwant(k);
	RIG_TOLD("");
}

/* What is read and wanted stays; what is read and wanted otherwise is changed; what nobody wants
 * goes; what is not there is put in. Of others nothing is known. */
static void test_reading(void **state)
{
	struct kroute k = route(7, "10.1.0.0/16", "198.51.100.7"), foreign;

	keep_reset(&side_routes);
	want(k);
	want(route(7, "10.2.0.0/16", NULL));
	want(route(7, "10.3.0.0/16", NULL));
	RIG_TOLD("");
	assert_false(in_place(k));
	keep_read_begin(&side_routes);
	told(k, true);
	told(route(7, "10.2.0.0/16", "198.51.100.9"), true);
	told(route(7, "10.4.0.0/16", NULL), true);
	told(route(7, "10.5.0.0/16", NULL), true);
	told(route(7, "10.5.0.0/16", NULL), false); /* meanwhile */
	foreign = route(7, "10.6.0.0/16", NULL);
	foreign.protocol = 4;
	told(foreign, true);
	RIG_TOLD("");
	keep_read_end(&side_routes);
	RIG_TOLD("del 10.4.0.0/16 table 7 dev u0\n"
		 "add 10.3.0.0/16 table 7 dev u0\n"
		 "change 10.2.0.0/16 table 7 dev u0\n");
	assert_int_equal(side_routes.drift, 0);
	assert_true(in_place(k));
	/* A later reading without one: somebody took it. */
	keep_read_begin(&side_routes);
	told(k, true);
	told(route(7, "10.3.0.0/16", NULL), true);
	keep_read_end(&side_routes);
	RIG_TOLD("add 10.2.0.0/16 table 7 dev u0\n");
	assert_int_equal(side_routes.drift, 1);
	told(route(7, "10.9.0.0/16", NULL), true); /* not ours, by now */
	told(route(7, "10.9.0.0/16", NULL), false);
	RIG_TOLD("");
}

/* What somebody took or changed comes back when it is wanted still. */
static void test_lost(void **state)
{
	struct kroute k = route(7, "10.1.0.0/16", NULL), other = k;

	want(k);
	RIG_TOLD("add 10.1.0.0/16 table 7 dev u0\n");
	other.gateway = rig_addr("198.51.100.9");
	told(other, false); /* another one */
	want(k);
	RIG_TOLD("");
	other = k;
	other.protocol = 4;
	told(other, false);
	want(k);
	RIG_TOLD("");
	told(k, false);
	RIG_TOLD("");
	assert_false(in_place(k));
	want(k);
	RIG_TOLD("add 10.1.0.0/16 table 7 dev u0\n");
	assert_int_equal(side_routes.drift, 1);
	other = k;
	other.gateway = rig_addr("198.51.100.9");
	told(other, true);
	assert_false(in_place(k));
	want(k);
	RIG_TOLD("change 10.1.0.0/16 table 7 dev u0\n");
	assert_int_equal(side_routes.drift, 2);
	told(k, true); /* as it is */
	want(k);
	RIG_TOLD("");
	assert_int_equal(side_routes.drift, 2);
	told(k, false);
	want(other); /* what is wanted changed with it: nobody's drift */
	RIG_TOLD("add 10.1.0.0/16 table 7 via 198.51.100.9 dev u0\n");
	assert_int_equal(side_routes.drift, 2);
	told(other, false);
	told(other, false);
	unwant(other);
	RIG_TOLD("");
	assert_null(TAILQ_FIRST(&side_routes.list));
}

/* The kernel may have dropped some in silence. */
static void test_rewrite(void **state)
{
	want(route(7, "10.1.0.0/16", NULL));
	want(route(8, "10.2.0.0/16", NULL));
	rig_told();
	side_rewrite(7);
	RIG_TOLD("change 10.1.0.0/16 table 7 dev u0\n");
	rig_route_error = -ENETDOWN;
	side_rewrite(8);
	RIG_TOLD("change 10.2.0.0/16 table 8 dev u0\n"
		 "add 10.2.0.0/16 table 8 dev u0\n");
	side_rewrite(8); /* what is not in is not changed */
	RIG_TOLD("");
	rig_route_error = 0;
	rig_pass(2000);
	RIG_TOLD("add 10.2.0.0/16 table 8 dev u0\n");
	keep_teardown(&side_routes);
	RIG_TOLD("del 10.2.0.0/16 table 8 dev u0\n"
		 "del 10.1.0.0/16 table 7 dev u0\n");
	side_rewrite(7);
	RIG_TOLD("");
}

/* Refused: again after one second, two, four, with the last word of what is wanted. */
static void test_refused(void **state)
{
	struct kroute k = route(7, "10.1.0.0/16", NULL);

	rig_route_error = -ENETDOWN;
	want(k);
	RIG_TOLD("add 10.1.0.0/16 table 7 dev u0\n");
	want(k);
	rig_pass(980);
	RIG_TOLD("");
	rig_pass(40);
	RIG_TOLD("add 10.1.0.0/16 table 7 dev u0\n");
	rig_pass(1940);
	RIG_TOLD("");
	want(route(7, "10.2.0.0/16", NULL)); /* has its own time */
	RIG_TOLD("add 10.2.0.0/16 table 7 dev u0\n");
	rig_pass(80);
	RIG_TOLD("add 10.1.0.0/16 table 7 dev u0\n");
	rig_pass(1000);
	RIG_TOLD("add 10.2.0.0/16 table 7 dev u0\n");
	keep_kick(&side_routes); /* something changed that may help */
	RIG_TOLD("add 10.2.0.0/16 table 7 dev u0\n"
		 "add 10.1.0.0/16 table 7 dev u0\n");
	keep_kick(&side_routes);
	RIG_TOLD("");
	k.gateway = rig_addr("198.51.100.9");
	want(k); /* another write is another thing */
	RIG_TOLD("add 10.1.0.0/16 table 7 via 198.51.100.9 dev u0\n");
	unwant(route(7, "10.2.0.0/16", NULL));
	rig_route_error = 0;
	rig_pass(1100);
	RIG_TOLD("add 10.1.0.0/16 table 7 via 198.51.100.9 dev u0\n");
	rig_pass(40000);
	RIG_TOLD("");
	assert_true(in_place(k));
}

static int delete_error;

static int (*route_now)(enum route_op op, const struct kroute *r);

static int on_route_now(enum route_op op, const struct kroute *r)
{
	int err = route_now(op, r);

	return op == ROUTE_DEL ? delete_error : err;
}

/* What is not there is taken out; else it is tried again. */
static void test_removed(void **state)
{
	static const struct {
		int err;
		bool gone;
	} rows[] = {{0, true},	      {-ESRCH, true},  {-ENOENT, true},
		    {-ENODEV, true}, {-EPERM, false}, {-EBUSY, false}};

	route_now = out.route_now;
	out.route_now = on_route_now;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		want(route(7, "10.1.0.0/16", NULL));
		RIG_TOLD("add 10.1.0.0/16 table 7 dev u0\n");
		delete_error = rows[i].err;
		unwant(route(7, "10.1.0.0/16", NULL));
		RIG_TOLD("del 10.1.0.0/16 table 7 dev u0\n");
		assert_int_equal(TAILQ_EMPTY(&side_routes.list), rows[i].gone);
		delete_error = 0;
		rig_pass(1100);
		assert_string_equal(rig_told(),
				    rows[i].gone ? "" : "del 10.1.0.0/16 table 7 dev u0\n");
		assert_true(TAILQ_EMPTY(&side_routes.list));
	}
}

/* With `kernel false` nothing of ours stands; at the end everything goes, be it refused or not. */
static void test_off(void **state)
{
	want(route(7, "10.1.0.0/16", NULL));
	rig_told();
	rig_configure("{'rib': {'kernel': false}}");
	RIG_TOLD("del 10.1.0.0/16 table 7 dev u0\n");
	want(route(7, "10.2.0.0/16", NULL));
	RIG_TOLD("");
	rig_configure("{'rib': {}}");
	RIG_TOLD("add 10.2.0.0/16 table 7 dev u0\n"
		 "add 10.1.0.0/16 table 7 dev u0\n");
	rig_route_error = -ENOMEM;
	want(route(7, "10.1.0.0/16", "198.51.100.7"));
	RIG_TOLD("change 10.1.0.0/16 table 7 via 198.51.100.7 dev u0\n");
	keep_teardown(&side_routes);
	RIG_TOLD("del 10.2.0.0/16 table 7 dev u0\n"
		 "del 10.1.0.0/16 table 7 dev u0\n");
	want(route(7, "10.3.0.0/16", NULL));
	RIG_TOLD("");
}

static const char *tables(unsigned max)
{
	static char text[128];
	uint32_t list[16];
	unsigned n = uplink_tables(list, max);

	text[0] = '\0';
	for (unsigned i = 0; i < n; i++)
		sprintf(text + strlen(text), "%s%u", i ? " " : "", list[i]);
	return text;
}

/* Which tables are read: of uplinks, of what is wanted, and before the first reading of rules that
 * nobody wants any more. The kernel's own and those of planes are read anyhow. */
static void test_tables(void **state)
{
	struct krule stale = {.family = AF_INET,
			      .protocol = 222,
			      .action = FR_ACT_TO_TBL,
			      .priority = 100,
			      .table = 90},
		     wanted = stale;

	assert_string_equal(tables(16), "");
	want(route(7, "10.1.0.0/16", NULL));
	want(route(7, "10.2.0.0/16", NULL));
	want(route(8, "10.1.0.0/16", NULL));
	want(route(252, "10.1.0.0/16", NULL));
	want(route(253, "10.1.0.0/16", NULL));
	want(route(254, "10.1.0.0/16", NULL));
	want(route(255, "10.1.0.0/16", NULL));
	want(route(256, "10.1.0.0/16", NULL));
	assert_string_equal(tables(16), "256 252 8 7");
	assert_string_equal(tables(2), "256 252");
	rig_configure("{'rib': {}, 'plane': [{'name': 'blue', 'number': 1, 'table': 256}], "
		      "'wireguard': {'interface': [{'name': 'wg0', 'fwmark': 77, 'uplink': "
		      "{'interface': 'u0', 'table': 177, 'rule-priority': 3000}}]}}");
	assert_string_equal(tables(16), "177 252 8 7");
	keep_reset(&side_routes);
	assert_string_equal(tables(16), "177");
	keep_read_begin(&rules);
	rule_told(&stale, true);
	wanted.table = 91;
	rule_want(&wanted);
	rule_told(&wanted, true);
	assert_string_equal(tables(16), "177 90");
	keep_read_begin(&side_routes);
	keep_read_end(&side_routes);
	assert_string_equal(tables(16), "177");
}

/* A change that was refused and waits for its time keeps no removal waiting. */
static void test_refused_and_removed(void **state)
{
	struct kroute k = route(7, "10.1.0.0/16", "198.51.100.7");

	want(k);
	rig_told();
	rig_route_error = -EPERM;
	k.gateway = rig_addr("198.51.100.8");
	want(k);
	RIG_TOLD("change 10.1.0.0/16 table 7 via 198.51.100.8 dev u0\n");
	want(k);
	RIG_TOLD("");
	unwant(k);
	RIG_TOLD("del 10.1.0.0/16 table 7 via 198.51.100.7 dev u0\n");
	rig_route_error = 0;
	rig_pass(70000);
	RIG_TOLD("");
}

int main(void)
{
#define T(f) RIG_CHECK(f, setup)
	const struct CMUnitTest tests[] = {
		T(test_wanted),	 T(test_reading), T(test_lost),	T(test_rewrite),
		T(test_refused), T(test_removed), T(test_off),	T(test_tables),
		T(test_refused_and_removed),
	};

	log_init("side_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
