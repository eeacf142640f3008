/* SPDX-License-Identifier: BSD-2-Clause */
/* From a tunnel's fall until the last of its prefixes has moved: what is counted, and what not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fib.h"
#include "repair_times.h"
#include "rig.h"
#include "tunnel.h"

/* All on one interface: entries have to move, and wgd says when they have. */
static int setup(void **state)
{
	rig_begin();
	rig_configure("{'rib': {}, " RIG_PERMIT "}");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG0, "10.9.0.2", NULL, TUNNEL_UP);
	rig_peer(3, RIG_WG0, "10.9.0.3", NULL, TUNNEL_UP);
	rig_bgp("10.1.0.0/16", "10.9.0.1 10.9.0.3");
	rig_bgp("10.2.0.0/16", "10.9.0.2 10.9.0.3");
	rig_bgp("10.3.0.0/16", "10.9.0.3");
	rig_settle();
	return 0;
}

static void turns(uint32_t id, enum tunnel_state state)
{
	const char *addresses[] = {"10.9.0.1", "10.9.0.2", "10.9.0.3"};

	rig_peer(id, RIG_WG0, addresses[id - 1], NULL, state);
	rig_turn();
}

static void done(void)
{
	rig_silent = false;
	rig_settle();
}

static json_int_t counted(const char *member)
{
	json_t *times = repair_times_json();
	json_int_t value = json_integer_value(json_object_get(times, member));

	json_decref(times);
	return value;
}

#define COUNTED(member, n) assert_int_equal(counted(member), n)

static void test_one(void **state)
{
	rig_silent = true;
	turns(1, TUNNEL_DOWN);
	rig_pass(30);
	COUNTED("count", 0);
	done();
	COUNTED("count", 1);
	COUNTED("within-20-ms", 0);
	COUNTED("within-50-ms", 1);
	COUNTED("within-5000-ms", 1);
	COUNTED("sum-microseconds", 30000);
}

/* One falls while another one's prefixes move: both are done with the last of them. */
static void test_two(void **state)
{
	rig_silent = true;
	turns(1, TUNNEL_DOWN);
	rig_pass(30);
	turns(2, TUNNEL_DOWN);
	rig_pass(10);
	done();
	COUNTED("count", 2);
	COUNTED("within-10-ms", 1);
	COUNTED("within-50-ms", 2);
}

/* The last path is gone: what is taken out counts, too. */
static void test_last_path(void **state)
{
	turns(3, TUNNEL_DOWN);
	done();
	COUNTED("count", 1);
	COUNTED("within-1-ms", 1);
}

static void test_not_counted(void **state)
{
	turns(1, TUNNEL_DEGRADED);
	rig_settle();
	turns(1, TUNNEL_UP);
	rig_settle();
	rig_bgp("10.1.0.0/16", "10.9.0.3");
	rig_settle();
	turns(1, TUNNEL_DOWN); /* nothing leads there */
	rig_settle();
	COUNTED("count", 0);
	rig_silent = true;
	turns(2, TUNNEL_DOWN);
	rig_silent = false;
	fib_wgd_away(); /* who would move them is gone */
	rig_settle();
	COUNTED("count", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_CHECK(test_one, setup),
		RIG_CHECK(test_two, setup),
		RIG_CHECK(test_last_path, setup),
		RIG_CHECK(test_not_counted, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
