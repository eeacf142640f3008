/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The phases of a batch, planned and applied by hand to a model of both tables: each rule of the
 * planner alone, and random batches where every address is looked up behind every operation.
 * WGBGP_SEED takes other batches, WGBGP_OPS more of them.
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
#include <string.h>

#include "fib_internal.h"
#include "log.h"
#include "rib.h"
#include "rig.h"
#include "testing.h"
#include "util.h"

enum {
	IFS = 3,   /* from RIG_WG0 on */
	PEERS = 9, /* p1 to p9, three an interface */
	PREFIXES = 16,
	SAMPLES = 2 * PREFIXES,
};

/* What is in the two tables, or shall be. */
struct row {
	uint32_t oif;	     /* of the route; 0: none */
	uint32_t owner[IFS]; /* peer, 0: nobody */
};

static const char *const texts[PREFIXES] = {
	"10.0.0.0/8",	 "10.1.0.0/16", "10.1.1.0/24",	 "10.1.1.128/25",
	"10.1.1.192/26", "10.1.2.0/24", "10.1.2.64/26",	 "10.1.0.0/18",
	"10.2.0.0/16",	 "10.2.0.0/15", "10.2.128.0/17", "10.2.128.0/24",
	"10.3.3.0/24",	 "10.3.3.3/32", "10.3.0.0/16",	 "10.3.0.0/20",
};
static struct prefix prefixes[PREFIXES];
static struct addr samples[SAMPLES];
static struct row table[PREFIXES];		     /* now */
static struct row before[PREFIXES], after[PREFIXES]; /* the round; what it wants, */
static struct row rest[PREFIXES];		     /* and without what dropped out */
static bool again[PREFIXES];			     /* it dropped out, or its time has come */
static bool refusing, failing;			     /* wgd, the kernel; something, in this round */
static struct fib_entries entries;
static char journal[4096];
static bool checking;
static uint64_t rng, seed, rounds;
static unsigned n_dropped, n_handed, n_refused; /* in all rounds: the test tests something */

/* --- the world --- */

static unsigned iface_of(uint32_t peer)
{
	return (peer - 1) % IFS;
}

static void say(const char *fmt, ...)
{
	size_t len = strlen(journal);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(journal + len, sizeof(journal) - len, fmt, ap);
	va_end(ap);
}

static int index_of(const struct prefix *p)
{
	for (int i = 0; i < PREFIXES; i++)
		if (prefix_eq(&prefixes[i], p))
			return i;
	return -1;
}

static int longest(const struct row *t, const struct addr *a, int iface) /* -1: by routes */
{
	int best = -1;

	for (int i = 0; i < PREFIXES; i++)
		if (prefix_has_addr(&prefixes[i], a) &&
		    (iface < 0 ? t[i].oif : t[i].owner[iface]) &&
		    (best < 0 || prefixes[i].len > prefixes[best].len))
			best = i;
	return best;
}

static uint32_t owner_of(const struct row *t, const struct addr *a, unsigned iface)
{
	int at = longest(t, a, (int)iface);

	return at < 0 ? 0 : t[at].owner[iface];
}

/* Where something was refused, a prefix may be as it was beside others that are as they shall be.
 */
static bool right_for_some(const struct addr *a, unsigned iface, uint32_t owner)
{
	for (int i = 0; i < PREFIXES; i++)
		if (prefix_has_addr(&prefixes[i], a) &&
		    (before[i].owner[iface] == owner || after[i].owner[iface] == owner))
			return true;
	return false;
}

static void wrong(const char *what, const struct addr *a)
{
	static const struct row *const tables[] = {before, after, table};
	static const char *const names[] = {"before", "after", "now"};

	fprintf(stderr, "%sround %llu: %s: %s\n", journal, (unsigned long long)rounds, what,
		ADDR_STR(a));
	for (int i = 0; i < PREFIXES; i++)
		for (unsigned k = 0; k < 3 && prefix_has_addr(&prefixes[i], a); k++)
			fprintf(stderr, "%s %s: dev %s, p%u p%u p%u\n", PREFIX_STR(&prefixes[i]),
				names[k], rig_link_name(tables[k][i].oif), tables[k][i].owner[0],
				tables[k][i].owner[1], tables[k][i].owner[2]);
	fail_msg("seed %llu", (unsigned long long)seed);
}

static void check_sample(const struct addr *a)
{
	int at = longest(table, a, -1);
	unsigned iface;
	uint32_t owner;

	if (at < 0) {
		if (!failing && longest(before, a, -1) >= 0 && longest(after, a, -1) >= 0)
			wrong("no way, with one before and one after", a);
		return;
	}
	if (table[at].oif == RIG_U0)
		return;
	iface = table[at].oif - RIG_WG0;
	owner = owner_of(table, a, iface);
	if (owner != owner_of(before, a, iface) && owner != owner_of(after, a, iface) &&
	    owner != owner_of(rest, a, iface) &&
	    !((refusing || failing) && right_for_some(a, iface, owner)))
		wrong("a wrong peer", a);
}

static void check(void)
{
	for (unsigned i = 0; i < SAMPLES && checking; i++)
		check_sample(&samples[i]);
}

static void on_route(enum route_op op, const struct kroute *r, void *cookie)
{
	static const char *const names[] = {"add", "change", "del"};
	int i = index_of(&r->prefix);

	say("%s %s dev %s\n", names[op], PREFIX_STR(&r->prefix), rig_link_name(r->oif));
	if (failing && rng % 5 == 0) {
		say("  refused\n");
		fib_route_failed(cookie, -ENOMEM);
		return;
	}
	if (i >= 0)
		table[i].oif = op == ROUTE_DEL ? 0 : r->oif;
	check();
}

static uint32_t on_flush(void)
{
	return 0;
}

static bool on_done(uint32_t flush, bool wait)
{
	return true;
}

static unsigned random_below(unsigned n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng >> 16) % n;
}

static void apply_entry(const struct allowed_change *c)
{
	int i = index_of(&c->prefix);
	uint32_t *owner = i >= 0 ? &table[i].owner[iface_of(c->peer_id)] : NULL;

	say("%s %s p%u\n", c->op == ALLOWED_SET ? "set" : "unset", PREFIX_STR(&c->prefix),
	    c->peer_id);
	if (owner && c->op == ALLOWED_SET)
		*owner = c->peer_id;
	else if (owner && *owner == c->peer_id)
		*owner = 0;
	check();
}

static struct msg_allowed_refused *wgd_does(unsigned one_in, unsigned *n)
{
	static struct msg_allowed_refused no[64];

	*n = 0;
	for (uint32_t i = 0; i < entries.m.n; i++) {
		const struct allowed_change *c = &entries.m.changes[i];

		if (c->op == ALLOWED_SET && one_in && !random_below(one_in) && *n < 64) {
			say("  refused: set %s p%u\n", PREFIX_STR(&c->prefix), c->peer_id);
			no[(*n)++] = (struct msg_allowed_refused){c->peer_id, c->prefix,
								  REASON_FOREIGN_ALLOWED_IP};
		} else {
			apply_entry(c);
		}
	}
	entries.m.n = entries.sets = 0;
	return no;
}

static void send_all(unsigned one_in)
{
	unsigned n;
	struct msg_allowed_refused *no = wgd_does(one_in, &n);

	for (unsigned i = n; i--;)
		fib_entry_refused(&no[i], &entries);
	n_refused += n;
	if (entries.m.n)
		send_all(0);
}

/* --- prefixes --- */

static struct fib *fib_of(const struct row *r)
{
	struct fib_plan plan = {0};

	if (r->oif) {
		plan.type = RTN_UNICAST;
		plan.oif = r->oif;
	}
	for (unsigned i = 0; i < IFS; i++)
		if (r->owner[i])
			fib_plan_owner(&plan, RIG_WG0 + i, tunnel_peer_by_id(r->owner[i]));
	return fib_get(&plan);
}

static struct row row_of(const struct fib *f)
{
	struct row r = {0};

	if (f && f->type)
		r.oif = f->oif;
	for (unsigned i = 0; f && i < f->n; i++)
		r.owner[f->owner[i].ifindex - RIG_WG0] = f->owner[i].peer->id;
	return r;
}

static struct item *put(unsigned i)
{
	struct batch *b = &fib_batches[0];
	struct rib_node *n = rib_get(&prefixes[i]);
	struct fib *target = fib_of(&after[i]);
	struct item *it;

	if (target == rib_installed(n)) {
		fib_unref(target);
		return NULL;
	}
	it = fib_batch_put(b, n);
	*it = (struct item){.node = n,
			    .target = target,
			    .write = ROUTE_NONE,
			    .removed = !fib_has_route(target)};
	return it;
}

/* What was not done, or not all of it, is looked at again in the next round. */
static void note(const struct item *it)
{
	int i = index_of(RIB_PREFIX(it->node));

	again[i] = it->drop || it->bad || it->err;
	n_dropped += it->drop != DROP_NOT;
	n_handed += it->n_given;
}

static void finish(void)
{
	struct batch *b = &fib_batches[0];

	fib_plan_routes(b);
	memcpy(rest, after, sizeof(rest));
	for (unsigned i = 0; i < b->n; i++) {
		int at = index_of(RIB_PREFIX(b->items[i].node));

		if (b->items[i].drop)
			rest[at] = before[at];
	}
	fib_run_routes(b);
	for (unsigned i = 0; i < b->n; i++)
		note(&b->items[i]);
	fib_run_books(b, &entries);
	send_all(0);
	fib_queue_reset();
}

static int begin(void **state)
{
	rig_begin();
	for (uint32_t p = 1; p <= PEERS; p++) {
		char addr[32];

		snprintf(addr, sizeof(addr), "172.16.0.%u", p);
		rig_peer(p, RIG_WG0 + iface_of(p), addr, NULL, TUNNEL_UP);
	}
	rig_told();
	out.route = on_route;
	out.route_flush = on_flush;
	out.route_done = on_done;
	for (unsigned i = 0; i < PREFIXES; i++) {
		prefixes[i] = rig_prefix(texts[i]);
		samples[2 * i] = addr_of_prefix(&prefixes[i]);
		samples[2 * i + 1] = samples[2 * i];
		for (unsigned bit = prefixes[i].len; bit < 32; bit++)
			samples[2 * i + 1].b[bit / 8] |= 0x80 >> bit % 8;
	}
	memset(table, 0, sizeof(table));
	memset(before, 0, sizeof(before));
	memset(after, 0, sizeof(after));
	memset(again, 0, sizeof(again));
	refusing = failing = checking = false;
	journal[0] = '\0';
	return 0;
}

static int end(void **state)
{
	fib_batch_abort(&fib_batches[0]);
	for (unsigned i = 0; i < PREFIXES; i++) {
		struct rib_node *n = rib_find(&prefixes[i]);

		if (n)
			fib_set_installed(n, NULL);
	}
	free(entries.m.changes);
	entries = (struct fib_entries){0};
	return rig_end(state);
}

/* --- one rule each --- */

static void has(unsigned i, struct row r)
{
	before[i] = after[i] = table[i] = r;
	fib_set_installed(rib_get(&prefixes[i]), fib_of(&r));
}

static struct item *wants(unsigned i, struct row r)
{
	after[i] = r;
	return put(i);
}

static const char *read_journal(void)
{
	static char text[sizeof(journal)];

	strcpy(text, journal);
	journal[0] = '\0';
	return text;
}

#define SAYS(text) RIG_EQ(read_journal(), text)

static void plan_and_send(void)
{
	fib_plan_entries(&fib_batches[0], &entries);
	send_all(0);
}

static const struct row on_p1 = {RIG_WG0, {1}}, on_p4 = {RIG_WG0, {4}}, on_p2 = {RIG_WG1, {0, 2}},
			on_both = {RIG_WG0, {1, 2}}, nothing;

/* New entries come before those that move, longest first; then the routes. */
static void test_order(void **state)
{
	has(1, on_p1);
	wants(0, on_p4);
	wants(1, on_p4);
	wants(2, on_p1);
	wants(3, on_p2);
	plan_and_send();
	SAYS("set 10.1.1.128/25 p2\n"
	     "set 10.1.1.0/24 p1\n"
	     "set 10.0.0.0/8 p4\n"
	     "set 10.1.0.0/16 p4\n");
	finish();
	SAYS("add 10.1.1.128/25 dev wg1\n"
	     "add 10.1.1.0/24 dev wg0\n"
	     "add 10.0.0.0/8 dev wg0\n");
}

/* Additions, then changes, then removals, shortest first; entries that go are last. */
static void test_removals(void **state)
{
	has(1, on_p1);
	has(2, on_p1);
	has(3, on_both);
	wants(1, nothing);
	wants(2, nothing);
	wants(3, (struct row){RIG_WG1, {0, 2}});
	wants(8, on_p4);
	plan_and_send();
	SAYS("set 10.2.0.0/16 p4\n");
	finish();
	SAYS("add 10.2.0.0/16 dev wg0\n"
	     "change 10.1.1.128/25 dev wg1\n"
	     "del 10.1.0.0/16 dev wg0\n"
	     "del 10.1.1.0/24 dev wg0\n"
	     "unset 10.1.0.0/16 p1\n"
	     "unset 10.1.1.0/24 p1\n"
	     "unset 10.1.1.128/25 p1\n");
}

/* Where the covering route leaves by an interface with an entry, its owner gets that first. */
static void test_hand_over(void **state)
{
	has(1, on_p4);
	has(2, on_p1);
	wants(2, nothing);
	plan_and_send();
	SAYS("set 10.1.1.0/24 p4\n");
	finish();
	SAYS("del 10.1.1.0/24 dev wg0\n"
	     "unset 10.1.1.0/24 p4\n");
}

/* Wgd may refuse the owner that the covering prefix gets in this batch: the removal waits. */
static void test_hand_over_pending(void **state)
{
	struct item *it;

	has(1, on_p4);
	has(2, on_p1);
	wants(1, on_p1);
	it = wants(2, nothing);
	plan_and_send();
	assert_int_equal(it->drop, DROP_BEHIND);
	SAYS("set 10.1.0.0/16 p1\n");
	finish();
	SAYS("");
	assert_true(again[2]);
}

/* What covers an item that dropped out stays, too. */
static void test_root_and_behind(void **state)
{
	struct msg_allowed_refused no = {2, rig_prefix(texts[3]), REASON_FOREIGN_ALLOWED_IP};
	struct item *root, *cover, *aside;

	has(1, on_p1);
	cover = wants(1, nothing);
	root = wants(3, on_p2);
	aside = wants(8, on_p4);
	fib_plan_entries(&fib_batches[0], &entries);
	entries.m.n = 0;
	fib_entry_refused(&no, &entries);
	fib_plan_routes(&fib_batches[0]);
	assert_int_equal(root->drop, DROP_ROOT);
	assert_int_equal(cover->drop, DROP_BEHIND);
	assert_int_equal(aside->drop, DROP_NOT);
	assert_int_equal(root->write, ROUTE_NONE);
	assert_int_equal(cover->write, ROUTE_NONE);
	assert_int_equal(aside->write, ROUTE_ADD);
}

/* A removal waits for what covers it, and that for what covers that. */
static void test_removals_in_the_closure(void **state)
{
	struct msg_allowed_refused no = {2, rig_prefix(texts[0]), REASON_FOREIGN_ALLOWED_IP};

	rig_kernel(true, texts[1], RTPROT_STATIC, 5, RIG_U1, NULL); /* it is there beside ours */
	has(1, on_p1);
	has(2, on_p1);
	has(8, on_p1);
	wants(0, on_p2);
	wants(1, nothing);
	wants(2, nothing);
	wants(8, nothing);
	fib_plan_entries(&fib_batches[0], &entries);
	entries.m.n = 0;
	fib_entry_refused(&no, &entries);
	fib_plan_routes(&fib_batches[0]);
	for (unsigned i = 0; i < fib_batches[0].n; i++) {
		assert_int_not_equal(fib_batches[0].items[i].drop, DROP_NOT);
		assert_int_equal(fib_batches[0].items[i].write, ROUTE_NONE);
	}
}

/* An entry that wgd refused beside the way of the route is no reason to stay. */
static void test_refused_aside(void **state)
{
	struct msg_allowed_refused no = {2, rig_prefix(texts[1]), REASON_FOREIGN_ALLOWED_IP};
	struct row installed;

	wants(1, on_both);
	fib_plan_entries(&fib_batches[0], &entries);
	for (uint32_t i = 0; i < entries.m.n; i++)
		if (entries.m.changes[i].peer_id != 2)
			apply_entry(&entries.m.changes[i]);
	entries.m.n = 0;
	fib_entry_refused(&no, &entries);
	finish();
	SAYS("set 10.1.0.0/16 p1\n"
	     "add 10.1.0.0/16 dev wg0\n");
	installed = row_of(rib_installed(rib_get(&prefixes[1])));
	assert_memory_equal(&installed, &on_p1, sizeof(on_p1));
}

/* --- at random --- */

static struct row random_row(void)
{
	struct row r = {0};
	unsigned lead = random_below(IFS + 2);

	if (lead > IFS)
		return r;
	for (unsigned i = 0; i < IFS; i++)
		if (i == lead || !random_below(3))
			r.owner[i] = i + 1 + IFS * random_below(PEERS / IFS);
	r.oif = lead < IFS ? RIG_WG0 + lead : RIG_U0;
	return r;
}

static void compare_books(void)
{
	for (unsigned i = 0; i < PREFIXES; i++) {
		struct rib_node *n = rib_find(&prefixes[i]);
		struct row r = row_of(n ? rib_installed(n) : NULL);

		if (memcmp(&r, &table[i], sizeof(r)) != 0)
			wrong("the books say something else", &samples[2 * i]);
	}
}

static void round_of(void)
{
	struct batch *b = &fib_batches[0];

	refusing = !random_below(3);
	failing = !random_below(6);
	memcpy(before, table, sizeof(before));
	memcpy(after, table, sizeof(after));
	memcpy(rest, table, sizeof(rest));
	for (unsigned i = 0; i < PREFIXES; i++) {
		bool take = again[i] || !random_below(3);

		again[i] = false;
		if (take)
			after[i] = random_row();
		if (take)
			put(i);
	}
	if (!b->n)
		return;
	checking = true;
	fib_plan_entries(b, &entries);
	send_all(refusing ? 4 : 0);
	finish();
	checking = false;
	compare_books();
	journal[0] = '\0';
}

static void test_random(void **state)
{
	const char *text = getenv("WGBGP_OPS");
	uint64_t n = text ? strtoull(text, NULL, 0) : 3000;

	seed = test_seed();
	rng = seed * 0x9e3779b97f4a7c15ull + 1;
	n_dropped = n_handed = n_refused = 0;
	for (rounds = 0; rounds < n; rounds++)
		round_of();
	if (n < 3000)
		return;
	assert_true(n_dropped && n_handed && n_refused);
}

#define CHECK(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(test_order),	     CHECK(test_removals),
		CHECK(test_hand_over),	     CHECK(test_hand_over_pending),
		CHECK(test_root_and_behind), CHECK(test_removals_in_the_closure),
		CHECK(test_refused_aside),   CHECK(test_random),
	};

	log_init("fib_plan_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
