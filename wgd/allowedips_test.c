/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * allowedips: random operations against plain arrays, applied to a mock device, with single removal
 * and by way of the graveyard, on interfaces of ours and on adopted ones. After each round the
 * device must hold exactly what the arrays say. The seed is printed; WGBGP_SEED repeats a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "allowedips_going.h"
#include "testing.h"
#include "util.h"
#include "wg_mock.h"

#define OWNERS 6 /* configured ones, then the strangers of an adopted interface */
#define STRANGERS 2
#define PREFIXES 160
#define ROUNDS 3000

/* What should be where. */
struct truth {
	int owner; /* -1: nobody */
	enum allowed_origin origin;
	bool leaving;	  /* no longer configured, still there */
	unsigned refused; /* owners whose SET was, because of a foreign entry; a bit each */
	bool ledger;	  /* ours was or may still be in the device */
	int handed;	  /* a foreign entry at this owner is handed over; -1: none */
};

static struct {
	struct mock *mock;
	struct allowedips a;
	struct owner owners[OWNERS + STRANGERS];
	struct prefix prefixes[PREFIXES];
	struct truth truth[PREFIXES];
	bool adopted;
	bool holds; /* removals wait for the next comparison */
} t;

static unsigned seed;

static unsigned rnd(unsigned below)
{
	return (unsigned)rand_r(&seed) % below;
}

static int index_of(const struct prefix *p)
{
	for (int i = 0; i < PREFIXES; i++)
		if (prefix_eq(&t.prefixes[i], p))
			return i;
	return -1;
}

/* Few bits vary, so that prefixes nest and cover each other. */
static void make_prefixes(void)
{
	for (int n = 0; n < PREFIXES;) {
		uint8_t b[16] = {10, rnd(4) << 6, rnd(4) << 6, rnd(2) << 7};
		bool six = rnd(3) == 0;
		struct prefix p = prefix_make(six ? AF_INET6 : AF_INET, b, 6 + rnd(20));

		if (index_of(&p) < 0)
			t.prefixes[n++] = p;
	}
}

static bool is_fixed(const struct truth *truth)
{
	return truth->owner >= 0 && truth->origin < ORIGIN_LEARNED && !truth->leaving;
}

static enum reason expect_set(int owner, int i)
{
	enum reason fixed = REASON_NONE;
	int longest = -1;

	for (int j = 0; j < PREFIXES; j++) {
		const struct truth *other = &t.truth[j];

		if (other->origin == ORIGIN_IMPORTED && other->owner != owner && i != j)
			continue;
		if (is_fixed(other) && prefix_covers(&t.prefixes[j], &t.prefixes[i]) &&
		    t.prefixes[j].len > longest) {
			longest = t.prefixes[j].len;
			fixed = other->owner == owner			 ? REASON_NONE
				: other->origin == ORIGIN_TUNNEL_ADDRESS ? REASON_OWN_ADDRESS
				: other->origin == ORIGIN_STATIC	 ? REASON_STATIC_ENTRY
								 : REASON_FOREIGN_ALLOWED_IP;
		}
	}
	if (fixed != REASON_NONE)
		return fixed;
	for (int j = 0; j < PREFIXES; j++) {
		const struct truth *other = &t.truth[j];

		if (other->owner >= 0 && other->origin == ORIGIN_FOREIGN && other->owner != owner &&
		    prefix_covers(&t.prefixes[i], &t.prefixes[j]))
			return REASON_FOREIGN_ALLOWED_IP;
	}
	return REASON_NONE;
}

static void op_set(int owner, int i)
{
	enum reason want = expect_set(owner, i);
	struct truth *truth = &t.truth[i];

	assert_int_equal(allowedips_set(&t.a, &t.owners[owner], &t.prefixes[i]), want);
	if (want == REASON_FOREIGN_ALLOWED_IP)
		truth->refused |= 1u << owner;
	if (want != REASON_NONE || (is_fixed(truth) && truth->origin != ORIGIN_IMPORTED) ||
	    (truth->owner >= 0 && truth->origin == ORIGIN_FOREIGN))
		return;
	truth->owner = owner;
	truth->origin = ORIGIN_LEARNED;
	truth->leaving = false;
}

static void op_unset(int owner, int i)
{
	struct truth *truth = &t.truth[i];
	bool there = truth->owner == owner && truth->origin == ORIGIN_LEARNED;

	assert_int_equal(allowedips_unset(&t.a, &t.owners[owner], &t.prefixes[i]), there);
	if (there)
		truth->owner = -1;
}

static void op_fix(int owner, int i)
{
	enum allowed_origin origin = rnd(t.adopted ? ORIGIN_IMPORTED : ORIGIN_LEARNED);
	struct truth *truth = &t.truth[i];
	enum reason reason = allowedips_fix(&t.a, &t.owners[owner], &t.prefixes[i], origin);

	if (truth->owner >= 0 && truth->origin == ORIGIN_FOREIGN) {
		assert_int_equal(reason,
				 truth->owner == owner ? REASON_NONE : REASON_FOREIGN_ALLOWED_IP);
		return;
	}
	assert_int_equal(reason, REASON_NONE);
	if (origin == ORIGIN_IMPORTED && truth->owner >= 0 && truth->origin == ORIGIN_LEARNED)
		return; /* BGP has it */
	truth->owner = owner;
	truth->origin = origin;
	truth->leaving = false;
}

/* The configuration names what somebody else has there, or what he has not. */
static void op_hand_over(int owner, int i)
{
	struct truth *truth = &t.truth[i];

	if (t.adopted)
		truth->handed = rnd(4) ? truth->owner : owner;
}

static bool take(void *arg, const struct owner *owner, const struct prefix *p)
{
	struct truth *truth = &t.truth[index_of(p)];

	assert_int_equal(truth->origin, ORIGIN_FOREIGN);
	assert_ptr_equal(owner, &t.owners[truth->owner]);
	if (truth->handed != truth->owner)
		return false;
	truth->handed = -1;
	truth->origin = ORIGIN_LEARNED;
	truth->ledger = true;
	return true;
}

static void op_unfix(int owner, int i)
{
	struct truth *truth = &t.truth[i];

	allowedips_unfix(&t.a, &t.owners[owner], &t.prefixes[i]);
	if (truth->owner == owner && is_fixed(truth))
		truth->leaving = true;
}

/* Nobody needs what the configuration no longer has. */
static void op_prune(void)
{
	allowedips_prune(&t.a);
	for (int i = 0; i < PREFIXES; i++) {
		if (t.truth[i].leaving)
			t.truth[i].owner = -1;
		t.truth[i].leaving = false;
	}
}

static void dump_with_owners(struct wg_dump *dump, struct owner **owners)
{
	assert_int_equal(wg_get(&t.mock->wg, true, dump), 0);
	for (size_t i = 0; i < dump->n_peers; i++) {
		owners[i] = NULL;
		for (int j = 0; j < OWNERS + STRANGERS; j++)
			if (memcmp(t.owners[j].key, dump->peers[i].key, WG_KEY_BYTES) == 0)
				owners[i] = &t.owners[j];
	}
}

/* Some of ours moved while the device was read: the dump has them twice, last where they are. */
static void put_twice(struct wg_dump *dump)
{
	for (size_t i = 0, n = dump->n_entries; i < n; i++) {
		struct wg_entry e = dump->entries[i];

		if (rnd(8) || !trie_exact(&t.a.ours, &e.prefix))
			continue;
		wg_dump_add_entry(dump, &e.prefix);
		dump->entries[dump->n_entries - 1].peer = e.peer;
		dump->entries[i].peer = rnd(dump->n_peers);
	}
}

static void compare(void)
{
	struct owner *owners[64];
	struct allowed_drift drift;
	struct wg_dump dump;

	dump_with_owners(&dump, owners);
	if (rnd(2))
		put_twice(&dump);
	allowedips_compare(&t.a, &dump, owners, &drift);
	wg_dump_free(&dump);
}

/* What waits to be removed is where packets for it go without it. */
static void check_covered(void)
{
	TRIE_FOREACH (&t.a.going, node) {
		struct trie_node *cover = trie_match(&t.a.ours, &node->p);
		const uint8_t *at = mock_owner(t.mock, &node->p);

		while (cover && !allowed_entry_of(cover)->have)
			cover = trie_cover(cover);
		if (cover)
			assert_memory_equal(at, allowed_entry_of(cover)->have->key, WG_KEY_BYTES);
	}
}

/* Applies the queue; a change that fails in the middle is read back and put right. */
static void flush(void)
{
	int err;

	for (size_t i = 0; i < t.a.n_queue; i++)
		t.truth[index_of(&t.a.queue[i].prefix)].ledger |= !t.a.queue[i].remove;
	if (t.holds)
		allowedips_hold_removals(&t.a);
	else
		allowedips_give_going(&t.a);
	err = wg_change(&t.mock->wg, t.a.queue, t.a.n_queue);

	allowedips_applied(&t.a);
	if (err == 0)
		check_covered();
	if (err < 0) {
		if (!t.mock->wg.single_removal)
			wg_remove_peer(&t.mock->wg, t.mock->wg.graveyard);
		t.mock->fail_after = 0;
		compare();
		allowedips_give_going(&t.a);
		assert_int_equal(wg_change(&t.mock->wg, t.a.queue, t.a.n_queue), 0);
		allowedips_applied(&t.a);
	}
	for (int i = 0; i < PREFIXES; i++)
		t.truth[i].ledger =
			(t.truth[i].owner >= 0 && t.truth[i].origin != ORIGIN_FOREIGN) ||
			trie_exact(&t.a.going, &t.prefixes[i]);
}

/* Somebody else changes the device. */
static void op_meddle(int i)
{
	int owner = rnd(OWNERS + (t.adopted ? STRANGERS : 0));
	struct truth *truth = &t.truth[i];
	bool ours = truth->owner >= 0 && truth->origin != ORIGIN_FOREIGN;
	struct trie_node *going = trie_exact(&t.a.going, &t.prefixes[i]);

	if (rnd(2)) {
		if (going && (allowed_entry_of(going)->have == &t.owners[owner] ||
			      allowed_entry_of(going)->want == &t.owners[owner]))
			return; /* it is there */
		mock_put(t.mock, &t.prefixes[i], t.owners[owner].key);
		if (!ours && t.adopted) {
			truth->owner = owner;
			truth->origin = ORIGIN_FOREIGN;
		}
	} else {
		mock_take(t.mock, &t.prefixes[i]);
		if (!ours)
			truth->owner = -1;
	}
	compare();
}

static void on_retry(void *arg, uint32_t id, const struct prefix *p)
{
	int i = index_of(p);

	assert_true(i >= 0 && (t.truth[i].refused >> (id - 1) & 1));
	t.truth[i].refused &= ~(1u << (id - 1));
}

static bool is_mine(void *arg, const struct prefix *p)
{
	return t.truth[index_of(p)].ledger;
}

static void on_forget(void *arg, const struct prefix *p)
{
	t.truth[index_of(p)].ledger = false;
}

static void init_table(void)
{
	static const struct allowedips_hooks hooks = {
		.on_retry = on_retry, .is_mine = is_mine, .on_forget = on_forget, .take = take};

	allowedips_init(&t.a, t.adopted, &hooks, NULL);
}

static void find_everything(void)
{
	struct owner *owners[64];
	struct wg_dump dump;

	dump_with_owners(&dump, owners);
	for (size_t i = 0; i < dump.n_entries; i++) {
		int j = index_of(&dump.entries[i].prefix);

		allowedips_found(&t.a, owners[dump.entries[i].peer], &dump.entries[i].prefix,
				 t.truth[j].origin != ORIGIN_FOREIGN);
	}
	wg_dump_free(&dump);
}

/* Half of what was learned is said again, the rest goes bit by bit. */
static void say_again(void)
{
	for (int i = 0; i < PREFIXES; i++) {
		struct truth *truth = &t.truth[i];

		if (truth->owner < 0 || truth->origin != ORIGIN_LEARNED)
			continue;
		/* One that a configured entry stands in the way of by now is refused, and swept. */
		if (expect_set(truth->owner, i) == REASON_NONE && rnd(2))
			op_set(truth->owner, i);
		else
			truth->owner = -1;
	}
	/* A refresh changes nothing. */
	assert_int_equal(t.a.n_queue, 0);
	while (allowedips_sweep(&t.a, 7)) {
		assert_true(t.a.n_queue <= 7);
		flush();
	}
	assert_int_equal(t.a.n_stale, 0);
}

/* Who sets entries dies, while a sweep for the one before is under way perhaps. */
static void op_successor(void)
{
	op_prune();
	flush();
	allowedips_mark_stale(&t.a);
	if (rnd(2))
		allowedips_mark_stale(&t.a);
	say_again();
}

/* The daemon dies and another one finds the device. */
static void op_restart(void)
{
	if (rnd(2))
		op_prune();
	flush();
	allowedips_free(&t.a);
	for (int i = 0; i < OWNERS + STRANGERS; i++) {
		t.owners[i].learned = t.owners[i].entries = 0;
		t.owners[i].here = (struct tally){0};
	}
	init_table();
	find_everything();
	for (int i = 0; i < PREFIXES; i++) {
		t.truth[i].refused = 0;
		if (is_fixed(&t.truth[i]))
			allowedips_fix(&t.a, &t.owners[t.truth[i].owner], &t.prefixes[i],
				       t.truth[i].origin);
	}
	for (int i = 0; i < PREFIXES; i++) {
		struct truth *truth = &t.truth[i];

		if (truth->leaving)
			truth->owner = -1;
		truth->leaving = false;
	}
	say_again();
}

static void check_tallies(void)
{
	const struct trie *tries[] = {&t.a.ours, &t.a.foreign};
	struct tally here[OWNERS + STRANGERS] = {0};
	size_t right = 0, installed = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(tries); i++)
		TRIE_FOREACH (tries[i], node) {
			const struct allowed_entry *e = allowed_entry_of(node);

			if (!e->have)
				continue;
			tally_add(&here[e->have - t.owners], &node->p);
			right += i == 0 && e->have == e->want;
			installed++;
		}
	for (int i = 0; i < OWNERS + STRANGERS; i++)
		assert_true(tally_eq(&t.owners[i].here, &here[i]));
	assert_int_equal(t.a.n_right, right);
	assert_int_equal(t.a.n_installed, installed);
}

static void check_device(void)
{
	size_t entries[OWNERS + STRANGERS] = {0}, count = 0;

	for (int i = 0; i < PREFIXES; i++) {
		const uint8_t *key = mock_owner(t.mock, &t.prefixes[i]);
		const struct truth *truth = &t.truth[i];

		bool there = truth->owner >= 0 && !t.owners[truth->owner].away;

		if (there != (key != NULL) ||
		    (key && memcmp(key, t.owners[truth->owner].key, WG_KEY_BYTES) != 0))
			fail_msg("%s: at %d, should be at %d (origin %d)",
				 PREFIX_STR(&t.prefixes[i]), key ? key[0] - 1 : -1, truth->owner,
				 truth->origin);
		if (truth->owner < 0)
			continue;
		entries[truth->owner]++;
		count += there;
	}
	check_tallies();
	assert_int_equal(t.mock->entries.count, count);
	assert_false(mock_has_peer(t.mock, t.mock->wg.graveyard));
	for (int i = 0; i < OWNERS + STRANGERS; i++)
		assert_int_equal(t.owners[i].entries, entries[i]);
}

static void one_op(void)
{
	static int last;
	int owner = rnd(OWNERS), i = rnd(3) ? (int)rnd(PREFIXES) : last;

	last = i; /* often the same one again */
	switch (rnd(20)) {
	case 0:
		op_fix(owner, i);
		break;
	case 1:
		op_unfix(t.truth[i].owner < 0 ? owner : t.truth[i].owner, i);
		break;
	case 2:
	case 3:
	case 4:
	case 5:
	case 6:
		op_unset(t.truth[i].owner < 0 || t.truth[i].owner >= OWNERS ? owner
									    : t.truth[i].owner,
			 i);
		break;
	case 7:
		op_unset(owner, i);
		break;
	case 8:
		op_hand_over(owner, i);
		break;
	default:
		op_set(owner, i);
	}
}

static void setup_run(bool single_removal, bool adopted)
{
	memset(&t, 0, sizeof(t));
	t.adopted = adopted;
	t.mock = mock_new("wg0", single_removal);
	make_prefixes();
	init_table();
	for (int i = 0; i < OWNERS + STRANGERS; i++) {
		t.owners[i].id = i + 1;
		memset(t.owners[i].key, i + 1, WG_KEY_BYTES);
		if (i < OWNERS || adopted)
			wg_set_peer(&t.mock->wg,
				    &(struct wg_peer_set){.key = t.owners[i].key, .create = true});
	}
	for (int i = 0; i < PREFIXES; i++) {
		t.truth[i].owner = t.truth[i].handed = -1;
		if (!adopted || rnd(10) != 0)
			continue;
		t.truth[i].owner = rnd(OWNERS + STRANGERS);
		t.truth[i].origin = ORIGIN_FOREIGN;
		mock_put(t.mock, &t.prefixes[i], t.owners[t.truth[i].owner].key);
	}
	find_everything();
}

/* What waits for a comparison gets one; where that are many they get more. */
static void settle(void)
{
	flush();
	t.holds = false;
	while (t.a.going.count) {
		compare();
		for (int n = rnd(6); n > 0; n--)
			op_set(rnd(OWNERS), rnd(PREFIXES));
		flush();
	}
}

static void run(bool single_removal, bool adopted)
{
	setup_run(single_removal, adopted);
	for (int round = 0; round < ROUNDS; round++) {
		for (int n = rnd(12); n >= 0; n--)
			one_op();
		if (rnd(10) == 0)
			t.mock->fail_after = 1 + rnd(6);
		t.holds = adopted && !single_removal && rnd(2);
		flush();
		t.mock->fail_after = 0;
		for (int n = t.holds ? rnd(6) : 0; n > 0; n--)
			one_op();
		flush();
		if (rnd(4) == 0)
			op_meddle(rnd(PREFIXES));
		if (rnd(3) == 0)
			op_prune();
		if (rnd(100) == 0)
			op_restart();
		if (rnd(50) == 0)
			op_successor();
		settle();
		flush();
		check_device();
	}
	allowedips_free(&t.a);
	wg_close(&t.mock->wg);
}

static void own_single(void **state)
{
	run(true, false);
}

static void own_graveyard(void **state)
{
	run(false, false);
}

static void adopted_single(void **state)
{
	run(true, true);
}

static void adopted_graveyard(void **state)
{
	run(false, true);
}

/* A prefix that has moved on is not taken from its new owner by the old one's removal. */
static void late_removal(void **state)
{
	setup_run(false, false);
	op_set(0, 0);
	op_set(1, 0);
	op_unset(0, 0);
	flush();
	check_device();
	assert_int_equal(t.truth[0].owner, 1);
	allowedips_free(&t.a);
	wg_close(&t.mock->wg);
}

/* Some owners, or all, leave the device with what they have there, or come back. */
static void leave_or_return(bool leave)
{
	for (int i = 0; i < OWNERS; i++) {
		if (leave && rnd(2)) {
			wg_remove_peer(&t.mock->wg, t.owners[i].key);
			t.owners[i].away = true;
		} else if (!leave && t.owners[i].away) {
			wg_set_peer(&t.mock->wg,
				    &(struct wg_peer_set){.key = t.owners[i].key, .create = true});
			t.owners[i].away = false;
		}
	}
	if (leave)
		allowedips_forget_away(&t.a);
	else
		allowedips_reconcile(&t.a);
	flush();
}

static void check_no_drift(void)
{
	struct owner *owners[64];
	struct allowed_drift drift;
	struct wg_dump dump;

	dump_with_owners(&dump, owners);
	allowedips_compare(&t.a, &dump, owners, &drift);
	wg_dump_free(&dump);
	assert_int_equal(drift.missing + drift.moved + drift.extra, 0);
	assert_int_equal(t.a.n_queue, 0);
}

/* A comparison, whose changes are made. True: it looked up each entry. */
static bool looked_up(void)
{
	uint32_t round = t.a.round;
	struct owner *owners[64];
	struct allowed_drift d;
	struct wg_dump dump;

	dump_with_owners(&dump, owners);
	allowedips_compare(&t.a, &dump, owners, &d);
	wg_dump_free(&dump);
	if (t.a.round == round)
		assert_int_equal(d.missing + d.moved + d.extra + d.foreign + d.foreign_gone, 0);
	flush();
	return t.a.round != round;
}

/* P is gone, at another owner, or the owner has OTHER in its place. Then it is back. */
static void drift_is_found(const struct prefix *p, const struct prefix *other, unsigned kind)
{
	uint8_t key[WG_KEY_BYTES];

	memcpy(key, mock_owner(t.mock, p), WG_KEY_BYTES);
	if (kind == 1)
		mock_put(t.mock, p, t.owners[key[0] == 1].key);
	else
		mock_take(t.mock, p);
	if (kind == 2)
		mock_put(t.mock, other, key);
	assert_true(looked_up());
	mock_take(t.mock, other);
	mock_put(t.mock, p, key);
	looked_up();
	assert_false(looked_up());
}

/* Where all is as it should be no entry is looked up: that would take a second for a million. */
static void looked_up_for_drift(void **state)
{
	for (int adopted = 0; adopted < 2; adopted++) {
		int other = PREFIXES - 1;

		setup_run(true, adopted);
		for (int i = 0; i < PREFIXES / 2; i++)
			op_set(rnd(OWNERS), i);
		flush();
		while (mock_owner(t.mock, &t.prefixes[other]))
			other--;
		assert_false(looked_up());
		for (int i = 0; i < PREFIXES; i++)
			if (mock_owner(t.mock, &t.prefixes[i]))
				drift_is_found(&t.prefixes[i], &t.prefixes[other], rnd(3));
		allowedips_free(&t.a);
		wg_close(&t.mock->wg);
	}
}

/* Whatever is wanted of owners that are away is nowhere, no drift, and there when they are back. */
static void away(void **state)
{
	for (int single = 0; single < 2; single++) {
		setup_run(single, false);
		for (int round = 0; round < ROUNDS / 3; round++) {
			for (int n = rnd(12); n >= 0; n--)
				one_op();
			if (rnd(3) == 0)
				op_prune();
			flush();
			if (rnd(4) == 0)
				leave_or_return(rnd(2));
			check_device();
			check_no_drift();
		}
		leave_or_return(false);
		check_device();
		allowedips_free(&t.a);
		wg_close(&t.mock->wg);
	}
}

/* An entry of an adopted device waits to be removed, and a write and the look behind it fail: it is
 * still ours, and goes by the next look. */
static void forgotten_while_going(void **state)
{
	int i = 0;

	setup_run(false, true);
	while (t.truth[i].owner >= 0 || expect_set(0, i) != REASON_NONE)
		i++;
	op_set(0, i);
	flush();
	t.holds = true;
	op_unset(0, i);
	flush();
	assert_int_equal(t.a.going.count, 1);
	allowedips_forget(&t.a);
	assert_int_equal(t.a.going.count, 0);
	assert_true(t.truth[i].ledger);
	t.holds = false;
	compare();
	flush();
	assert_null(mock_owner(t.mock, &t.prefixes[i]));
	allowedips_free(&t.a);
	wg_close(&t.mock->wg);
}

/* Where very many are going each comparison lets some of them go; what is set meanwhile finds none
 * in its way. */
static void going_in_parts(void **state)
{
	for (int round = 0; round < ROUNDS / 10; round++) {
		setup_run(false, true);
		t.a.going_most = 1 + rnd(20);
		for (int i = 0; i < PREFIXES; i++)
			op_set(rnd(OWNERS), i);
		flush();
		t.holds = true;
		for (int i = 0; i < PREFIXES; i++)
			if (rnd(2) && t.truth[i].owner >= 0)
				op_unset(t.truth[i].owner, i);
		settle();
		check_device();
		allowedips_free(&t.a);
		wg_close(&t.mock->wg);
	}
}

static unsigned told_free; /* owners, a bit each */

static void on_free(void *arg, uint32_t id, const struct prefix *p)
{
	assert_false(told_free >> id & 1);
	told_free |= 1u << id;
}

/* Of several owners that were refused a prefix each is told, unless it took that back or is gone.
 */
static void refused_by_several(void **state)
{
	static const struct allowedips_hooks hooks = {.on_retry = on_free};
	static const struct {
		unsigned unset, gone, told;
	} rows[] = {{0, 0, 0xe},   {0x2, 0, 0xc}, {0x4, 0, 0xa},  {0x8, 0, 0x6},
		    {0xe, 0, 0},   {0, 0x2, 0xc}, {0, 0x4, 0xa},  {0, 0x8, 0x6},
		    {0, 0x6, 0x8}, {0, 0xe, 0},	  {0x4, 0x2, 0x8}};
	struct prefix p;

	assert_int_equal(prefix_parse("10.1.0.0/16", &p), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct owner o[4] = {{.id = 0}, {.id = 1}, {.id = 2}, {.id = 3}};
		struct allowedips a;

		allowedips_init(&a, true, &hooks, NULL);
		told_free = 0;
		allowedips_found(&a, &o[0], &p, false);
		for (unsigned k = 1; k < 8; k++) /* once more each */
			assert_int_equal(allowedips_set(&a, &o[1 + k % 3], &p),
					 REASON_FOREIGN_ALLOWED_IP);
		for (unsigned k = 1; k < 4; k++)
			if (rows[i].unset >> k & 1)
				allowedips_unset(&a, &o[k], &p);
		for (unsigned k = 1; k < 4; k++)
			if (rows[i].gone >> k & 1)
				o[k].fate = OWNER_GONE;
		allowedips_take_leave(&a);
		allowedips_forget(&a);
		assert_int_equal(told_free, rows[i].told);
		allowedips_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_single),
		cmocka_unit_test(own_graveyard),
		cmocka_unit_test(adopted_single),
		cmocka_unit_test(adopted_graveyard),
		cmocka_unit_test(late_removal),
		cmocka_unit_test(looked_up_for_drift),
		cmocka_unit_test(away),
		cmocka_unit_test(refused_by_several),
		cmocka_unit_test(forgotten_while_going),
		cmocka_unit_test(going_in_parts),
	};

	seed = test_seed();
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
