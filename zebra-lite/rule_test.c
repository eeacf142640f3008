/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules against a kernel that keeps them in an array, and into which somebody else writes too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/fib_rules.h>
#include <string.h>

#include "log.h"
#include "loop.h"
#include "rule.h"
#include "util.h"
#include "zconfig.h"

#define SLOTS 16

static struct krule kernel[SLOTS];
static unsigned n_kernel, writes;
static int refuse;     /* error of the next write */
static int refuse_add; /* of all additions */
static bool harm;      /* the last of three stood without the others */

static bool equal(const struct krule *a, const struct krule *b)
{
	return a->family == b->family && a->priority == b->priority && a->table == b->table &&
	       a->fwmark == b->fwmark && a->protocol == b->protocol &&
	       a->icmp_first == b->icmp_first && a->source.len == b->source.len &&
	       str_eq(a->iif, b->iif);
}

/* What the kernel deletes: the first that has what is asked for. */
static int find_first(const struct krule *k)
{
	for (unsigned i = 0; i < n_kernel; i++) {
		struct krule has = kernel[i];

		has.fwmark = k->fwmark ? has.fwmark : 0;
		has.icmp_first = k->icmp_first ? has.icmp_first : 0;
		has.source.len = k->source.len ? has.source.len : 0;
		has.iif[0] = k->iif[0] ? has.iif[0] : '\0';
		if (equal(&has, k))
			return i;
	}
	return -1;
}

static int find(const struct krule *k)
{
	for (unsigned i = 0; i < n_kernel; i++)
		if (equal(&kernel[i], k))
			return i;
	return -1;
}

static void look_for_harm(void)
{
	unsigned before = 0;
	bool last = false;

	for (unsigned i = 0; i < n_kernel; i++) {
		before += kernel[i].priority == 500 || kernel[i].priority == 501;
		last = last || kernel[i].priority == 502;
	}
	harm = harm || (last && before < 2);
}

static int on_rule(bool add, const struct krule *k)
{
	int at = add ? find(k) : find_first(k), err = refuse;

	writes++;
	refuse = 0;
	if (err || (add && refuse_add))
		return err ? err : refuse_add;
	if (add && at >= 0)
		return -EEXIST;
	if (!add && at < 0)
		return -ENOENT;
	if (add)
		kernel[n_kernel++] = *k;
	else
		memmove(&kernel[at], &kernel[at + 1], (--n_kernel - at) * sizeof(kernel[0]));
	look_for_harm();
	return 0;
}

static struct krule mark(uint32_t fwmark, uint32_t table)
{
	return (struct krule){.family = AF_INET,
			      .protocol = zconfig.protocol,
			      .action = FR_ACT_TO_TBL,
			      .priority = 100,
			      .table = table,
			      .fwmark = fwmark,
			      .fwmask = UINT32_MAX};
}

static void read_kernel(void)
{
	keep_read_begin(&rules);
	for (unsigned i = 0; i < n_kernel; i++)
		rule_told(&kernel[i], true);
	keep_read_end(&rules);
}

static int setup(void **state)
{
	out = (struct out){.rule = on_rule};
	n_kernel = writes = 0;
	refuse = refuse_add = 0;
	harm = false;
	return 0;
}

static int teardown(void **state)
{
	keep_reset(&rules);
	loop_free();
	return 0;
}

static void test_wanted_twice(void **state)
{
	struct krule k = mark(1, 5);

	rule_want(&k);
	assert_int_equal(writes, 0); /* not before the kernel was read */
	assert_false(rule_in_place(&k));
	read_kernel();
	assert_int_equal(n_kernel, 1);
	assert_true(rule_in_place(&k));
	rule_want(&k);
	rule_unwant(&k);
	assert_int_equal(writes, 1);
	rule_unwant(&k);
	assert_int_equal(n_kernel, 0);
	assert_null(rule_first());
	rule_unwant(&k); /* no harm */
}

static void test_restart(void **state)
{
	struct krule keep = mark(1, 5), stale = mark(2, 6), foreign = mark(3, 7);

	foreign.protocol = 4;
	kernel[n_kernel++] = keep;
	kernel[n_kernel++] = stale;
	kernel[n_kernel++] = foreign;
	rule_want(&keep);
	read_kernel();
	assert_true(find(&keep) >= 0 && find(&foreign) >= 0);
	assert_int_equal(find(&stale), -1);
	assert_int_equal(writes, 1);
	assert_int_equal(rules.drift, 0);
}

static void test_drift(void **state)
{
	struct krule k = mark(1, 5);

	rule_want(&k);
	read_kernel();
	n_kernel = 0;
	rule_told(&k, false);
	assert_int_equal(n_kernel, 1);
	n_kernel = 0; /* unseen: found at the next reading */
	read_kernel();
	assert_int_equal(n_kernel, 1);
	assert_int_equal(rules.drift, 2);
	keep_read_begin(&rules); /* deleted after it was read */
	rule_told(&k, true);
	n_kernel = 0;
	rule_told(&k, false);
	keep_read_end(&rules);
	assert_int_equal(n_kernel, 1);
	assert_int_equal(rules.drift, 3);
}

/* A kernel that does not tell rules of two owners apart. */
static void test_foreign_in_the_way(void **state)
{
	struct krule k = mark(1, 5), his = k;

	his.protocol = 4;
	read_kernel();
	refuse = -EEXIST;
	rule_want(&k);
	assert_int_equal(n_kernel, 0);
	assert_true(rule_in_place(&k)); /* his does what ours would */
	rule_told(&his, false);
	assert_int_equal(n_kernel, 1);
	assert_int_equal(rule_first()->kept.retry.error, 0);
}

static void test_refused(void **state)
{
	struct krule k = mark(1, 5);

	read_kernel();
	refuse = -EINVAL;
	rule_want(&k);
	assert_false(rule_in_place(&k));
	assert_int_equal(rule_first()->kept.retry.error, -EINVAL);
	keep_sync_all(&rules); /* not before its time */
	assert_false(rule_in_place(&k));
	keep_kick(&rules);
	assert_true(rule_in_place(&k));
}

static void test_kernel_off_and_teardown(void **state)
{
	struct krule k = mark(1, 5), foreign = mark(3, 7);

	foreign.protocol = 4;
	kernel[n_kernel++] = foreign;
	rule_want(&k);
	read_kernel();
	zconfig.kernel = false;
	keep_sync_all(&rules);
	assert_int_equal(n_kernel, 1);
	zconfig.kernel = true;
	keep_sync_all(&rules);
	assert_int_equal(n_kernel, 2);
	keep_teardown(&rules);
	assert_int_equal(n_kernel, 1);
	assert_int_equal(find(&foreign), 0);
}

static void test_other_number(void **state)
{
	struct krule k = mark(1, 5);

	rule_want(&k);
	read_kernel();
	zconfig.protocol = 223;
	rule_renumber(222);
	assert_int_equal(n_kernel, 1);
	assert_int_equal(kernel[0].protocol, 223);
	zconfig.protocol = 222;
}

static void test_order(void **state)
{
	struct krule a = mark(1, 5), b = mark(2, 5), c = mark(3, 5);

	a.priority = 300;
	c.priority = 200;
	rule_want(&a);
	rule_want(&b);
	rule_want(&c);
	assert_int_equal(rule_first()->k.priority, 100);
	assert_int_equal(rule_next(rule_first())->k.priority, 200);
}

static void want_three(void)
{
	struct krule k = mark(0, 6);

	for (k.priority = 500; k.priority < 502; k.priority++)
		rule_want(&k);
	rule_want_behind(&k, 500);
}

/* The last of three does harm without the others: whatever is refused, whatever all of them do. */
static void test_behind(void **state)
{
	struct krule one = mark(1, 5);

	read_kernel();
	rule_want(&one);
	refuse = -ENOBUFS;
	want_three();
	assert_int_equal(n_kernel, 2);
	keep_kick(&rules);
	assert_int_equal(n_kernel, 4);
	zconfig.protocol = 223;
	rule_renumber(222);
	assert_int_equal(n_kernel, 4);
	zconfig.kernel = false;
	keep_sync_all(&rules);
	assert_int_equal(n_kernel, 0);
	zconfig.kernel = true;
	refuse = -ENOBUFS;
	keep_sync_all(&rules);
	keep_kick(&rules);
	assert_int_equal(n_kernel, 4);
	keep_teardown(&rules);
	assert_int_equal(n_kernel, 0);
	assert_false(harm);
	zconfig.protocol = 222;
}

/* What was missing is not wanted any more: the last one comes. */
static void test_behind_less(void **state)
{
	struct krule more = mark(0, 6);

	read_kernel();
	more.priority = 501;
	more.fwmark = 9;
	refuse = -EINVAL;
	rule_want(&more);
	want_three();
	assert_int_equal(n_kernel, 2);
	rule_unwant(&more);
	assert_int_equal(n_kernel, 3);
}

/* The second of two does harm without the first one of its own source; others' are no matter. */
static void test_behind_own(void **state)
{
	struct krule k = mark(0, 6);

	read_kernel();
	k.priority = 601;
	assert_int_equal(prefix_parse("10.1.0.1/32", &k.source), 0);
	refuse = -ENOBUFS;
	rule_want(&k);
	k.priority = 602;
	rule_want_behind_own(&k);
	assert_int_equal(n_kernel, 0);
	k.priority = 601;
	assert_int_equal(prefix_parse("10.2.0.0/24", &k.source), 0);
	rule_want(&k);
	k.priority = 602;
	rule_want_behind_own(&k);
	assert_int_equal(n_kernel, 2);
	keep_kick(&rules);
	assert_int_equal(n_kernel, 4);
	k.priority = 602;
	rule_unwant(&k);
	k.priority = 601;
	rule_unwant(&k);
	assert_int_equal(n_kernel, 2);
}

/* An earlier life left all three: they go, the last one first and never alone. */
static void test_behind_found(void **state)
{
	struct krule k = mark(0, 6);

	for (k.priority = 500; k.priority <= 502; k.priority++)
		kernel[n_kernel++] = k;
	refuse = -ENOBUFS;
	read_kernel();
	assert_int_equal(n_kernel, 3);
	keep_kick(&rules);
	assert_int_equal(n_kernel, 0);
	assert_null(rule_first());
	assert_false(harm);
}

static void read_prefix(struct krule *k, const char *source)
{
	assert_int_equal(prefix_parse(source, &k->source), 0);
}

/* The one that says least goes, and none of those that say more. */
static void test_says_more(void **state)
{
	struct krule all = mark(0, 5), host = all, in = all, error = all, next = all;

	all.fwmask = host.fwmask = in.fwmask = error.fwmask = next.fwmask = 0;
	str_copy(in.iif, "lo", sizeof(in.iif));
	read_prefix(&host, "10.78.0.1/32");
	error = host;
	str_copy(error.iif, "lo", sizeof(error.iif));
	error.icmp_first = 0x304;
	error.icmp_last = 0x5ff;
	next = error;
	next.icmp_first = next.icmp_last = 0xb00;
	read_kernel();
	rule_want(&error);
	rule_want(&next);
	rule_want(&in);
	rule_want(&host);
	rule_want(&all);
	assert_int_equal(n_kernel, 5);
	rule_unwant(&host);
	assert_int_equal(n_kernel, 4);
	assert_true(find(&host) < 0 && find(&error) >= 0 && find(&next) >= 0);
	rule_unwant(&all);
	assert_int_equal(n_kernel, 3);
	assert_int_equal(find(&all), -1);
	rule_unwant(&in);
	assert_true(find(&in) < 0 && find(&error) >= 0 && find(&next) >= 0);
	rule_unwant(&error);
	assert_true(n_kernel == 1 && find(&next) == 0 && rule_in_place(&next));
	assert_int_equal(rules.drift, 0);
	keep_teardown(&rules);
	assert_int_equal(n_kernel, 0);
}

/* What cannot be put back is tried again; a deletion that is refused takes nothing. */
static void test_says_more_refused(void **state)
{
	struct krule all = mark(0, 5), in = all;

	all.fwmask = in.fwmask = 0;
	str_copy(in.iif, "lo", sizeof(in.iif));
	read_kernel();
	rule_want(&in);
	rule_want(&all);
	refuse = -ENOBUFS;
	rule_unwant(&all);
	assert_int_equal(n_kernel, 2);
	assert_true(rule_in_place(&in));
	refuse_add = -ENOBUFS;
	keep_kick(&rules);
	assert_int_equal(n_kernel, 0);
	assert_false(rule_in_place(&in));
	refuse_add = 0;
	keep_kick(&rules);
	assert_true(n_kernel == 1 && find(&in) == 0 && rule_in_place(&in));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_wanted_twice),	    T(test_restart),	  T(test_drift),
		T(test_foreign_in_the_way), T(test_refused),	  T(test_kernel_off_and_teardown),
		T(test_other_number),	    T(test_order),	  T(test_behind),
		T(test_behind_less),	    T(test_behind_found), T(test_says_more),
		T(test_says_more_refused),  T(test_behind_own),
	};

	log_init("rule_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
