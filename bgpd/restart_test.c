/* SPDX-License-Identifier: BSD-2-Clause */
/* Our own restart: who is waited for, how long, and when what zebra-lite kept may be swept. The
 * neighbours, the RIB and the clock are stand-ins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bgp.h"
#include "log.h"
#include "loop.h"
#include "nexthop.h"
#include "peer_conf.h"
#include "restart.h"
#include "rib_peer.h"
#include "rib_work.h"
#include "util.h"

struct peer_list peers = TAILQ_HEAD_INITIALIZER(peers);
struct bgp bgp;
static bool listening;
static uint32_t unknown;

bool peer_groups_listen(void)
{
	return listening;
}

uint32_t nexthop_unknown(void)
{
	return unknown;
}

void rib_work(void)
{
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
}

/* --- the clock --- */

static uint64_t now;
static struct timer *timers[2];
static uint64_t due[2]; /* 0: not running */

static unsigned timer_number(const struct timer *t)
{
	for (unsigned i = 0; i < ARRAY_SIZE(timers); i++)
		if (timers[i] == t || !timers[i])
			return i;
	fail_msg("more timers than there are");
	return 0;
}

void timer_init(struct timer *t, timer_fn fn, void *arg)
{
	timers[timer_number(t)] = t;
	t->fn = fn;
	t->arg = arg;
}

void timer_start(struct timer *t, uint64_t ms)
{
	due[timer_number(t)] = now + ms;
}

void timer_stop(struct timer *t)
{
	due[timer_number(t)] = 0;
}

static void pass(uint64_t seconds)
{
	now += seconds * 1000;
	for (unsigned i = 0; i < ARRAY_SIZE(timers); i++)
		if (due[i] && due[i] <= now) {
			due[i] = 0;
			timers[i]->fn(timers[i]->arg);
		}
}

/* --- the neighbours --- */

static struct peer a, b;
static struct peer_rib rib_a, rib_b;

static void neighbor(struct peer *p, struct peer_rib *pr)
{
	*p = (struct peer){.rib = pr, .family = {true, true}};
	*pr = (struct peer_rib){.peer = p};
	TAILQ_INSERT_TAIL(&peers, p, link);
}

/* Up, with graceful restart in both roles. */
static void comes_up(struct peer *p)
{
	p->state = PEER_ESTABLISHED;
	p->gr_aware = p->gr = true;
	p->rib->up = true;
	restart_check();
}

static void sends_all(struct peer *p)
{
	for (int f = 0; f < BGP_FAMILIES; f++)
		p->rib->eor[f] = true;
	restart_check();
}

/* Two configured neighbours; zebra-lite has told our routes and kept KEPT of the last time. */
static void begin(uint32_t kept)
{
	restart_free();
	now = 1000;
	TAILQ_INIT(&peers);
	memset(timers, 0, sizeof(timers));
	memset(due, 0, sizeof(due));
	bgp.graceful_restart.enabled = true;
	bgp.graceful_restart.restart_time = 120;
	listening = false;
	unknown = 0;
	neighbor(&a, &rib_a);
	neighbor(&b, &rib_b);
	restart_begin();
	assert_true(restart_deferring() && restart_keeping());
	restart_routes_kept(kept);
	restart_own_known();
}

static void test_all_have_sent(void **state)
{
	begin(5);
	comes_up(&a);
	sends_all(&a);
	comes_up(&b);
	b.rib->eor[BGP_IPV4] = true;
	restart_check();
	assert_true(restart_deferring()); /* IPv6 is missing */
	sends_all(&b);
	assert_false(restart_deferring() || restart_keeping());
}

static void test_away(void **state)
{
	begin(5);
	comes_up(&a);
	sends_all(&a);
	pass(9);
	assert_true(restart_deferring());
	pass(1); /* b is not waited for any longer */
	assert_false(restart_deferring() || restart_keeping());

	begin(5);
	b.conf.disabled = true;
	comes_up(&a);
	sends_all(&a);
	assert_false(restart_deferring());
}

static void test_silent(void **state)
{
	begin(5);
	comes_up(&a);
	sends_all(&a);
	comes_up(&b);
	pass(119);
	assert_true(restart_deferring() && restart_keeping());
	pass(1); /* the restart time is over */
	assert_false(restart_deferring() || restart_keeping());
}

/* Who restarts itself is not waited for; but what was learned from it is kept until it comes. */
static void test_both_restart(void **state)
{
	begin(5);
	comes_up(&a);
	sends_all(&a);
	b.gr_restarting = true;
	comes_up(&b);
	assert_false(restart_deferring());
	assert_true(restart_keeping());
	sends_all(&b);
	assert_false(restart_keeping());

	begin(5); /* it never says that it has sent all */
	a.gr_restarting = b.gr_restarting = true;
	comes_up(&a);
	comes_up(&b);
	assert_false(restart_deferring());
	pass(119);
	assert_true(restart_keeping());
	pass(1);
	assert_false(restart_keeping());
}

/* Its session ends while we wait: nothing more is expected of it but a return in time. */
static void test_goes_again(void **state)
{
	begin(5);
	comes_up(&a);
	sends_all(&a);
	comes_up(&b);
	pass(10);
	assert_true(restart_deferring());
	b.state = PEER_ACTIVE;
	b.rib->up = false;
	restart_check();
	assert_false(restart_deferring() || restart_keeping());
}

/* A helper (it does not restart gracefully itself) matters where something was kept. */
static void test_helper(void **state)
{
	for (unsigned kept = 0; kept < 2; kept++) {
		begin(kept);
		comes_up(&a);
		sends_all(&a);
		comes_up(&b);
		b.gr = false;
		restart_check();
		assert_true(restart_deferring() == (kept > 0));
	}
}

static void test_first_start(void **state)
{
	begin(0);
	listening = true;
	restart_check();
	assert_false(restart_deferring() || restart_keeping());

	begin(1);
	listening = true; /* those of a listen range connect again */
	comes_up(&a);
	sends_all(&a);
	comes_up(&b);
	sends_all(&b);
	assert_true(restart_deferring());
	pass(10);
	assert_false(restart_deferring());
}

static void test_next_hops(void **state)
{
	begin(5);
	unknown = 2;
	comes_up(&a);
	sends_all(&a);
	comes_up(&b);
	sends_all(&b);
	assert_true(restart_deferring()); /* zebra-lite has not judged them */
	unknown = 0;
	restart_check();
	assert_false(restart_deferring());
}

static void test_off(void **state)
{
	begin(5);
	restart_free();
	bgp.graceful_restart.enabled = false;
	restart_begin();
	assert_false(restart_deferring());
}

/* At the end nothing runs any more, and nothing of it is left for the next beginning. */
static void test_freed(void **state)
{
	begin(1);
	comes_up(&a);
	restart_free();
	assert_int_equal(due[0], 0);
	assert_int_equal(due[1], 0);
	assert_true(restart_deferring());
	assert_true(restart_keeping());
	restart_begin();
	assert_true(restart_deferring()); /* what is known of our own routes was forgotten, too */
	sends_all(&a);
	pass(11);
	assert_true(restart_deferring());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_have_sent), cmocka_unit_test(test_away),
		cmocka_unit_test(test_silent),	      cmocka_unit_test(test_both_restart),
		cmocka_unit_test(test_goes_again),    cmocka_unit_test(test_helper),
		cmocka_unit_test(test_first_start),   cmocka_unit_test(test_next_hops),
		cmocka_unit_test(test_off),	      cmocka_unit_test(test_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
