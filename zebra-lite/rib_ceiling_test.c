/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a prefix may be given to by its peers' permit lists: what is refused, and when it is judged
 * again, as lists grow and shrink and next hops lead elsewhere.
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

#include "fib.h"
#include "log.h"
#include "loop_fake.h"
#include "nexthop.h"
#include "rib.h"
#include "rig.h"
#include "tunnel.h"
#include "zconfig.h"

#define PERMITS(one, two)                                                                       \
	"{'wireguard': {'interface': [{'name': 'wg0', 'peer': [{'name': 'p1', "                 \
	"'tunnel-address': ['10.9.0.1'], 'permit': [" one "]}]}, {'name': 'wg1', 'peer': "      \
	"[{'name': 'p2', 'tunnel-address': ['10.9.1.2'], 'permit': [" two "]}]}]}, 'rib': {}}"

static int setup(void **state)
{
	rig_begin();
	rig_configure(PERMITS("'10.1.0.0/16', '10.9.0.0/16'", "'0.0.0.0/0'"));
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.2", NULL, TUNNEL_UP);
	rig_told();
	return 0;
}

/* The first of the list that may, and what may not is refused for each hop. */
static void test_judged(void **state)
{
	uint64_t beyond = fib_counters.beyond;

	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	rig_bgp("10.2.0.0/16", "10.9.0.1 10.9.1.2");
	rig_bgp("10.3.0.0/16", "10.9.0.1");
	rig_bgp("10.4.0.0/16", "198.51.100.7");
	RIG_TOLD("object 1 new dev wg0\n"
		 "refused 10.2.0.0/16 by 10.9.0.1 outside-permit\n"
		 "refused 10.3.0.0/16 by 10.9.0.1 outside-permit\n"
		 "refused 10.4.0.0/16 by 198.51.100.7 not-a-tunnel\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "set 10.2.0.0/16 p2\n"
		 "add 10.1.0.0/16 object 1\n"
		 "add 10.2.0.0/16 dev wg1\n");
	assert_int_equal(fib_counters.beyond, beyond + 3); /* bgpd knew */
	rig_configure(PERMITS("'10.0.0.0/8'", "'10.2.0.0/16'"));
	RIG_TOLD("cleared 10.2.0.0/16 by 10.9.0.1 outside-permit\n"
		 "cleared 10.3.0.0/16 by 10.9.0.1 outside-permit\n"
		 "refused 10.1.0.0/16 by 10.9.1.2 outside-permit\n"
		 "set 10.2.0.0/16 p1\n"
		 "set 10.3.0.0/16 p1\n"
		 "add 10.3.0.0/16 dev wg0\n"
		 "change 10.2.0.0/16 object 1\n"
		 "change 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p2\n");
	rig_configure(PERMITS("'10.3.0.0/16'", ""));
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.1.2 no-permit\n"
		 "cleared 10.1.0.0/16 by 10.9.1.2 outside-permit\n"
		 "refused 10.1.0.0/16 by 10.9.0.1 outside-permit\n"
		 "refused 10.2.0.0/16 by 10.9.0.1 outside-permit\n"
		 "refused 10.2.0.0/16 by 10.9.1.2 no-permit\n"
		 "del 10.2.0.0/16 object 1\n"
		 "del 10.1.0.0/16 dev wg0\n"
		 "unset 10.1.0.0/16 p1\n"
		 "unset 10.2.0.0/16 p1\n"
		 "unset 10.2.0.0/16 p2\n"
		 "object 1 del\n");
	rig_configure(PERMITS("'0.0.0.0/0'", "'0.0.0.0/0'"));
	RIG_TOLD("cleared 10.1.0.0/16 by 10.9.1.2 no-permit\n"
		 "cleared 10.1.0.0/16 by 10.9.0.1 outside-permit\n"
		 "cleared 10.2.0.0/16 by 10.9.0.1 outside-permit\n"
		 "cleared 10.2.0.0/16 by 10.9.1.2 no-permit\n"
		 "object 2 new dev wg0\n"
		 "set 10.1.0.0/16 p1\n"
		 "set 10.1.0.0/16 p2\n"
		 "set 10.2.0.0/16 p1\n"
		 "set 10.2.0.0/16 p2\n"
		 "add 10.1.0.0/16 object 2\n"
		 "add 10.2.0.0/16 object 2\n");
}

static void move(unsigned peer)
{
	rig_bgp("10.1.0.0/16", peer == 1 ? "10.9.0.1" : "10.9.1.2");
}

/* Moves the next hop to PEER and waits until what was refused is judged again. */
static void say_wait(unsigned peer)
{
	move(peer);
	for (unsigned ms = 0; ms <= 25000; ms += 10) {
		const char *told = rig_told();

		if (strstr(told, "8.8.8.0/24")) {
			rig_say("%u ms: %s\n", ms, strstr(told, "cleared") ? "cleared" : "refused");
			return;
		}
		loop_fake_pass(10 * 1000);
	}
	rig_say("never\n");
}

/* A next hop leads elsewhere: what was refused is judged again a while later, ever later when that
 * goes on, at most 10 s, and soon again when it was calm for a minute. */
static void test_again(void **state)
{
	char waits[512] = "";

	rig_watch("10.1.0.7");
	move(1);
	rig_bgp("8.8.8.0/24", "10.1.0.7");
	RIG_TOLD("nexthop 10.1.0.7 down nexthop-unreachable dev - peer - cost 0\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n"
		 "nexthop 10.1.0.7 up none tunnel dev wg0 peer p1 cost 10\n"
		 "refused 8.8.8.0/24 by 10.1.0.7 outside-permit\n");
	for (unsigned i = 0; i < 10; i++) {
		say_wait(2);
		strcat(waits, rig_told());
		rig_bgp("8.8.8.0/24", "");
		move(1);
		rig_told();
		rig_bgp("8.8.8.0/24", "10.1.0.7");
		rig_told();
	}
	rig_say("%s", waits);
	waits[0] = '\0';
	RIG_TOLD("100 ms: cleared\n"
		 "200 ms: cleared\n"
		 "400 ms: cleared\n"
		 "800 ms: cleared\n"
		 "1600 ms: cleared\n"
		 "3200 ms: cleared\n"
		 "6400 ms: cleared\n"
		 "10000 ms: cleared\n"
		 "10000 ms: cleared\n"
		 "10000 ms: cleared\n");
	rig_pass(70000);
	say_wait(2);
	RIG_TOLD("100 ms: cleared\n");
}

/* A prefix goes from a peer that loses it to one that may have it from now on, and is looked at
 * before either was judged: it is never without a way. */
static void test_exchanged(void **state)
{
	struct prefix p = rig_prefix("10.1.0.0/16");

	rig_configure(PERMITS("'10.1.0.0/16'", ""));
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.1.2");
	RIG_TOLD("refused 10.1.0.0/16 by 10.9.1.2 no-permit\n"
		 "set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n");
	fib_dirty(rib_find(&p), true);
	rig_configure(PERMITS("", "'10.1.0.0/16'"));
	RIG_TOLD("cleared 10.1.0.0/16 by 10.9.1.2 no-permit\n"
		 "refused 10.1.0.0/16 by 10.9.0.1 no-permit\n"
		 "set 10.1.0.0/16 p2\n"
		 "change 10.1.0.0/16 dev wg1\n"
		 "unset 10.1.0.0/16 p1\n");
}

/* What waits to be judged again goes with its prefix before its turn: what is refused later waits
 * for its own turn. */
static void test_left(void **state)
{
	struct prefix p = rig_prefix("10.3.0.0/16");

	rig_bgp("10.3.0.0/16", "10.9.0.1");
	RIG_TOLD("refused 10.3.0.0/16 by 10.9.0.1 outside-permit\n");
	fib_dirty(rib_find(&p), true);
	rig_configure(PERMITS("'10.1.0.0/16', '10.3.0.0/16'", "'0.0.0.0/0'"));
	RIG_TOLD("cleared 10.3.0.0/16 by 10.9.0.1 outside-permit\n"
		 "set 10.3.0.0/16 p1\n"
		 "add 10.3.0.0/16 dev wg0\n");
	move(1);
	rig_bgp("8.8.8.0/24", "10.1.0.7");
	RIG_TOLD("set 10.1.0.0/16 p1\n"
		 "add 10.1.0.0/16 dev wg0\n"
		 "refused 8.8.8.0/24 by 10.1.0.7 outside-permit\n");
	say_wait(2);
	RIG_TOLD("100 ms: cleared\n");
}

int main(void)
{
#define T(f) RIG_CHECK(f, setup)
	const struct CMUnitTest tests[] = {
		T(test_judged),
		T(test_again),
		T(test_exchanged),
		T(test_left),
	};

	log_init("rib_ceiling_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
