/* SPDX-License-Identifier: BSD-2-Clause */
#include "allowedips.h"

#include <stdlib.h>

#include "allowedips_going.h"
#include "allowedips_refused.h"
#include "util.h"

#define NO_LENGTH 129
#define GOING_MOST 65536 /* a third of a second */

const char *allowed_origin_name(enum allowed_origin origin)
{
	static const char *const names[] = {"tunnel-address", "static", "imported", "learned",
					    "foreign"};

	return names[origin];
}

void allowedips_init(struct allowedips *a, bool adopted, const struct allowedips_hooks *hooks,
		     void *arg)
{
	static const struct allowedips_hooks none;

	*a = (struct allowedips){.adopted = adopted,
				 .going_most = GOING_MOST,
				 .hooks = hooks ? hooks : &none,
				 .arg = arg,
				 .entries = SLAB_INIT("allowed-ips", struct allowed_entry),
				 .refusals = SLAB_INIT("refused allowed-ips", struct refusal),
				 .shortest = {NO_LENGTH, NO_LENGTH}};
}

/* The trie's own branching nodes go with the last of the others. */
static void empty_trie(struct trie *t, struct slab *slab)
{
	struct trie_node *node;

	while ((node = trie_first(t))) {
		trie_remove(t, node);
		slab_free(slab, node);
	}
}

void allowedips_free(struct allowedips *a)
{
	empty_trie(&a->ours, &a->entries);
	empty_trie(&a->foreign, &a->entries);
	empty_trie(&a->refused, &a->refusals);
	empty_trie(&a->going, &a->entries);
	slab_destroy(&a->entries);
	slab_destroy(&a->refusals);
	free(a->queue);
}

static struct wg_change *append(struct allowedips *a)
{
	a->queue = xgrow(a->queue, a->n_queue, &a->cap_queue, sizeof(*a->queue));
	return &a->queue[a->n_queue++];
}

static void queue_remove(struct allowedips *a, struct owner *from, const struct prefix *p)
{
	*append(a) = (struct wg_change){.remove = true, .key = from->key, .prefix = *p};
}

static bool is_right(const struct allowed_entry *e)
{
	return e->origin != ORIGIN_FOREIGN && e->have && e->have == e->want;
}

/* E is installed at OWNER (NULL: nowhere), as far as is known. */
static void allowedips_put(struct allowedips *a, struct allowed_entry *e, struct owner *owner)
{
	if (e->have == owner)
		return;
	a->n_right -= is_right(e);
	if (e->have)
		tally_take(&e->have->here, &e->node.p);
	if (owner)
		tally_add(&owner->here, &e->node.p);
	a->n_installed += (owner != NULL) - (e->have != NULL);
	e->have = owner;
	a->n_right += is_right(e);
}

/* To one that is away: only from where it is. */
static void queue_insert(struct allowedips *a, struct allowed_entry *e)
{
	if (e->want->away) {
		if (e->have && !e->have->away)
			queue_remove(a, e->have, &e->node.p);
		allowedips_put(a, e, NULL);
		return;
	}
	allowedips_going_forget(a, &e->node.p);
	*append(a) = (struct wg_change){.key = e->want->key, .prefix = e->node.p};
	allowedips_put(a, e, e->want);
}

void allowedips_applied(struct allowedips *a)
{
	a->n_queue = 0;
}

static void count_fixed(struct allowedips *a, const struct prefix *p, int n)
{
	unsigned family = p->family == AF_INET6, len = 0;

	a->fixed[family][p->len] += n;
	while (len < NO_LENGTH && !a->fixed[family][len])
		len++;
	a->shortest[family] = len;
}

/* By the configuration that is in force. */
static bool is_fixed(const struct allowed_entry *e)
{
	return e->origin < ORIGIN_LEARNED && !e->leaving;
}

/* Counts E in or out at its owner. */
static void allowedips_count(struct allowedips *a, struct allowed_entry *e, int n)
{
	if (!e->want)
		return;
	if (is_fixed(e))
		count_fixed(a, &e->node.p, n);
	a->n_right += is_right(e) ? n : 0;
	e->want->entries += n;
	e->want->foreign += e->origin == ORIGIN_FOREIGN ? n : 0;
	if (e->origin == ORIGIN_LEARNED) {
		e->want->learned += n;
		a->n_learned += n;
	}
	if (allowed_entry_stale(a, e))
		a->n_stale += n;
}

static void assign(struct allowedips *a, struct allowed_entry *e, struct owner *owner,
		   enum allowed_origin origin, bool stale)
{
	allowedips_count(a, e, -1);
	e->want = owner;
	e->origin = origin;
	e->leaving = false;
	e->epoch = stale ? a->epoch - 1 : a->epoch;
	allowedips_count(a, e, 1);
}

static struct allowed_entry *allowedips_find(const struct trie *t, const struct prefix *p)
{
	return allowed_entry_of(trie_exact(t, p));
}

/* One way down the trie, be it there or not. Of a new one `want` is NULL. */
static struct allowed_entry *find_or_add(struct allowedips *a, struct trie *t,
					 const struct prefix *p)
{
	struct allowed_entry *e = slab_alloc(&a->entries);
	struct trie_node *there = trie_insert(t, &e->node, p);

	if (!there)
		return e;
	slab_free(&a->entries, e);
	return allowed_entry_of(there);
}

static void delete_entry(struct allowedips *a, struct trie *t, struct allowed_entry *e)
{
	allowedips_put(a, e, NULL);
	allowedips_count(a, e, -1);
	trie_remove(t, &e->node);
	slab_free(&a->entries, e);
}

/* A foreign entry at P, or one inside P that belongs to another peer. */
static bool foreign_conflict(const struct allowedips *a, const struct owner *owner,
			     const struct prefix *p)
{
	for (struct trie_node *n = trie_first_in(&a->foreign, p); n;
	     n = trie_next_in(&a->foreign, n, p))
		if (allowed_entry_of(n)->want != owner)
			return true;
	return false;
}

/* The longest configured entry at P or covering it is of another peer. Most are longer than what is
 * learned. What was handed over to us there is in nobody's way but where it is P itself. */
static enum reason fixed_conflict(const struct allowedips *a, const struct owner *owner,
				  const struct prefix *p)
{
	if (p->len < a->shortest[p->family == AF_INET6])
		return REASON_NONE;
	for (struct trie_node *n = trie_match(&a->ours, p); n; n = trie_cover(n)) {
		const struct allowed_entry *e = allowed_entry_of(n);

		if (!is_fixed(e))
			continue;
		if (e->want == owner)
			return REASON_NONE;
		if (e->origin != ORIGIN_IMPORTED)
			return e->origin == ORIGIN_STATIC ? REASON_STATIC_ENTRY
							  : REASON_OWN_ADDRESS;
		if (prefix_eq(&e->node.p, p))
			return REASON_FOREIGN_ALLOWED_IP;
	}
	return REASON_NONE;
}

/* E, a foreign entry, is learned where it is. True: it is ours now, without a change. */
static bool take_over(struct allowedips *a, struct allowed_entry *e)
{
	struct prefix p = e->node.p;
	struct owner *owner = e->want;

	if (!a->hooks->take || !a->hooks->take(a->arg, owner, &p))
		return false;
	delete_entry(a, &a->foreign, e);
	e = find_or_add(a, &a->ours, &p);
	assign(a, e, owner, ORIGIN_LEARNED, false);
	allowedips_put(a, e, owner);
	allowedips_refused_retry(a, &p);
	return true;
}

enum reason allowedips_set(struct allowedips *a, struct owner *owner, const struct prefix *p)
{
	enum reason reason = fixed_conflict(a, owner, p);
	struct allowed_entry *e;
	bool gives_way;

	if (reason == REASON_NONE && a->foreign.count && foreign_conflict(a, owner, p))
		reason = REASON_FOREIGN_ALLOWED_IP;
	if (reason == REASON_FOREIGN_ALLOWED_IP)
		allowedips_refuse(a, owner, p);
	if (reason != REASON_NONE)
		return reason;
	e = a->foreign.count ? allowedips_find(&a->foreign, p) : NULL;
	if (e && !take_over(a, e))
		return REASON_NONE; /* it is just there by somebody else, ... */
	e = find_or_add(a, &a->ours, p);
	if (e->want && is_fixed(e) && e->origin != ORIGIN_IMPORTED)
		return REASON_NONE; /* ... or by configuration */
	gives_way = e->want && e->origin == ORIGIN_IMPORTED;
	assign(a, e, owner, ORIGIN_LEARNED, false);
	if (gives_way)
		allowedips_refused_retry(a, p);
	if (e->have != owner)
		queue_insert(a, e);
	return REASON_NONE;
}

/* What a learned entry leaves behind: nothing, and its removal is queued where it was installed. */
static void remove_entry(struct allowedips *a, struct allowed_entry *e)
{
	struct prefix p = e->node.p;
	bool was_imported = e->origin == ORIGIN_IMPORTED;

	if (e->have)
		queue_remove(a, e->have, &e->node.p);
	else if (a->hooks->on_forget)
		a->hooks->on_forget(a->arg, &e->node.p);
	delete_entry(a, &a->ours, e);
	if (was_imported)
		allowedips_refused_retry(a, &p);
}

bool allowedips_unset(struct allowedips *a, struct owner *owner, const struct prefix *p)
{
	struct allowed_entry *e = allowedips_find(&a->ours, p);

	allowedips_refused_forget(a, owner, p);
	if (!e || e->want != owner || e->origin != ORIGIN_LEARNED)
		return false;
	remove_entry(a, e);
	return true;
}

enum reason allowedips_fix(struct allowedips *a, struct owner *owner, const struct prefix *p,
			   enum allowed_origin origin)
{
	struct allowed_entry *e = allowedips_find(&a->foreign, p);

	if (e)
		return e->want == owner ? REASON_NONE : REASON_FOREIGN_ALLOWED_IP;
	e = find_or_add(a, &a->ours, p);
	if (origin == ORIGIN_IMPORTED && e->want && e->origin == ORIGIN_LEARNED &&
	    !allowed_entry_stale(a, e))
		return REASON_NONE;
	assign(a, e, owner, origin, false);
	if (e->have != owner)
		queue_insert(a, e);
	return REASON_NONE;
}

void allowedips_unfix(struct allowedips *a, struct owner *owner, const struct prefix *p)
{
	struct allowed_entry *e = allowedips_find(&a->ours, p);

	if (!e || e->want != owner || !is_fixed(e))
		return;
	allowedips_count(a, e, -1);
	e->leaving = a->any_leaving = true;
	allowedips_count(a, e, 1);
}

void allowedips_prune(struct allowedips *a)
{
	if (!a->any_leaving)
		return; /* most changes take none away: a full table is not walked */
	a->any_leaving = false;
	TRIE_FOREACH_SAFE (&a->ours, node, next) {
		if (allowed_entry_of(node)->leaving)
			remove_entry(a, allowed_entry_of(node));
	}
}

void allowedips_found(struct allowedips *a, struct owner *owner, const struct prefix *p, bool mine)
{
	bool foreign = a->adopted && !mine;
	struct allowed_entry *e = find_or_add(a, foreign ? &a->foreign : &a->ours, p);

	assign(a, e, owner, foreign ? ORIGIN_FOREIGN : ORIGIN_LEARNED, !foreign);
	allowedips_put(a, e, owner);
}

void allowedips_drop(struct allowedips *a, struct owner *owner, const struct prefix *p)
{
	struct allowed_entry *e = allowedips_find(&a->ours, p);

	if (e && e->want == owner && e->origin == ORIGIN_LEARNED)
		remove_entry(a, e);
}

void allowedips_forget(struct allowedips *a)
{
	TRIE_FOREACH (&a->ours, node)
		allowedips_put(a, allowed_entry_of(node), NULL);
	allowedips_going_unknown(a);
	while (a->foreign.count) {
		struct trie_node *node = trie_first(&a->foreign);
		struct prefix p = node->p;

		delete_entry(a, &a->foreign, allowed_entry_of(node));
		allowedips_refused_retry(a, &p);
	}
}

void allowedips_forget_away(struct allowedips *a)
{
	TRIE_FOREACH (&a->ours, node) {
		struct allowed_entry *e = allowed_entry_of(node);

		if (!e->have || !e->have->away)
			continue;
		allowedips_put(a, e, NULL);
		if (a->hooks->on_forget)
			a->hooks->on_forget(a->arg, &e->node.p);
	}
	allowedips_going_left(a);
}

void allowedips_reconcile(struct allowedips *a)
{
	TRIE_FOREACH (&a->ours, node) {
		struct allowed_entry *e = allowed_entry_of(node);

		if (e->have != e->want)
			queue_insert(a, e);
	}
}

static void take_leave_of(struct allowedips *a, struct trie *t)
{
	TRIE_FOREACH_SAFE (t, node, next) {
		struct allowed_entry *e = allowed_entry_of(node);

		if (e->have && e->have->fate != OWNER_STAYS)
			allowedips_put(a, e, NULL);
		if (e->want->fate != OWNER_GONE)
			continue;
		if (a->hooks->on_forget && t == &a->ours)
			a->hooks->on_forget(a->arg, &e->node.p);
		delete_entry(a, t, e);
	}
}

void allowedips_take_leave(struct allowedips *a)
{
	take_leave_of(a, &a->ours);
	take_leave_of(a, &a->foreign);
	allowedips_going_left(a);
	allowedips_refused_gone(a);
}

void allowedips_clear(struct allowedips *a)
{
	struct trie_node *node;

	while ((node = trie_first(&a->ours)))
		remove_entry(a, allowed_entry_of(node));
	allowedips_going_some(a, SIZE_MAX, queue_remove);
}

static void allowedips_note(struct allowed_drift *drift, size_t *counter, const struct prefix *p)
{
	if (!drift->first.family)
		drift->first = *p;
	(*counter)++;
}

/* An entry of the device that is not one of ours. */
static void compare_other(struct allowedips *a, struct owner *owner, const struct prefix *p,
			  struct allowed_drift *drift)
{
	struct allowed_entry *e;

	if (allowedips_going_seen(a, owner, p)) {
		queue_remove(a, owner, p);
		return;
	}
	if (!a->adopted || (a->hooks->is_mine && a->hooks->is_mine(a->arg, p))) {
		queue_remove(a, owner, p);
		allowedips_note(drift, &drift->extra, p);
		return;
	}
	e = allowedips_find(&a->foreign, p);
	if (!e) {
		e = find_or_add(a, &a->foreign, p);
		drift->foreign++;
	}
	if (e->want != owner)
		assign(a, e, owner, ORIGIN_FOREIGN, false);
	allowedips_put(a, e, owner);
	e->seen = a->round;
}

static size_t sweep_foreign(struct allowedips *a)
{
	size_t gone = 0;

	TRIE_FOREACH_SAFE (&a->foreign, node, next) {
		struct prefix p = node->p;

		if (allowed_entry_of(node)->seen == a->round)
			continue;
		delete_entry(a, &a->foreign, allowed_entry_of(node));
		allowedips_refused_retry(a, &p);
		gone++;
	}
	return gone;
}

/*
 * Takes from the dump where ours are; with DRIFT the others are dealt with, too. True when all of
 * ours are where they are wanted, the usual case: nobody needs to look at each of them then, which
 * for a full table takes longer than to look up what the dump has.
 */
static bool take_dump(struct allowedips *a, const struct wg_dump *dump, struct owner **owners,
		      struct allowed_drift *drift)
{
	size_t right = 0;
	bool again = false; /* one was moved under the dump, which has it twice */

	a->round++;
	for (size_t i = 0; i < dump->n_entries; i++) {
		const struct prefix *p = &dump->entries[i].prefix;
		struct owner *owner = owners[dump->entries[i].peer];
		struct allowed_entry *e = owner ? allowedips_find(&a->ours, p) : NULL;

		if (e) {
			right += owner == e->want;
			again |= e->seen == a->round;
			e->seen = a->round;
			allowedips_put(a, e, owner);
		} else if (owner && drift) {
			compare_other(a, owner, p, drift);
		}
	}
	return right == a->ours.count && !again;
}

/* What the dump does not have is nowhere. */
static void forget_unseen(struct allowedips *a)
{
	TRIE_FOREACH (&a->ours, node) {
		struct allowed_entry *e = allowed_entry_of(node);

		if (e->seen != a->round)
			allowedips_put(a, e, NULL);
	}
}

void allowedips_observe(struct allowedips *a, const struct wg_dump *dump, struct owner **owners)
{
	if (!take_dump(a, dump, owners, NULL))
		forget_unseen(a);
}

bool allowedips_installed(const struct allowedips *a, const struct owner *owner,
			  const struct prefix *p)
{
	const struct allowed_entry *e = allowedips_find(&a->ours, p);

	if (!e)
		e = allowedips_find(&a->foreign, p);
	return e && e->want == owner && e->have == owner;
}

bool allowedips_is(const struct allowedips *a, const struct owner *owner, const struct prefix *p,
		   enum allowed_origin origin)
{
	const struct allowed_entry *e =
		allowedips_find(origin == ORIGIN_FOREIGN ? &a->foreign : &a->ours, p);

	return e && e->want == owner && e->origin == origin;
}

bool allowedips_moved_on(const struct allowedips *a, const struct owner *owner,
			 const struct prefix *p)
{
	const struct allowed_entry *e = allowedips_find(&a->ours, p);

	return e && e->want != owner;
}

/* Queues what is not where it is wanted. */
static void queue_drift(struct allowedips *a, struct allowed_drift *drift)
{
	TRIE_FOREACH (&a->ours, node) {
		struct allowed_entry *e = allowed_entry_of(node);

		if (e->have == e->want || (!e->have && e->want->away))
			continue;
		allowedips_note(drift, e->have ? &drift->moved : &drift->missing, &node->p);
		queue_insert(a, e);
	}
}

/* All of ours are where they are wanted, and the device has what the books say, nothing else. The
 * usual case: to look up each entry takes a second where there are a million, and everything that
 * wgd does would wait for it. */
static bool is_as_wanted(const struct allowedips *a, const struct wg_dump *dump,
			 struct owner **owners)
{
	size_t seen = 0;

	for (size_t i = 0; i < dump->n_peers; i++) {
		if (!owners[i])
			continue;
		if (!tally_eq(&owners[i]->here, &dump->peers[i].entries))
			return false;
		seen += owners[i]->here.n;
	}
	return seen == a->n_installed && a->n_right == a->ours.count;
}

void allowedips_compare(struct allowedips *a, const struct wg_dump *dump, struct owner **owners,
			struct allowed_drift *drift)
{
	*drift = (struct allowed_drift){0};
	if (is_as_wanted(a, dump, owners)) {
		allowedips_going_some(a, a->going_most, queue_remove);
		return;
	}
	if (!take_dump(a, dump, owners, drift)) {
		forget_unseen(a);
		queue_drift(a, drift);
	}
	allowedips_going_gone(a);
	if (a->foreign.count)
		drift->foreign_gone = sweep_foreign(a);
}

void allowedips_mark_stale(struct allowedips *a)
{
	a->epoch++;
	a->n_stale = a->n_learned;
	a->sweep_at.family = 0;
}

bool allowedips_sweep(struct allowedips *a, size_t quantum)
{
	struct trie_node *node = allowedips_behind(&a->ours, &a->sweep_at), *next;

	for (; node && quantum && a->n_stale; node = next, quantum--) {
		struct allowed_entry *e = allowed_entry_of(node);

		next = trie_next(&a->ours, node);
		a->sweep_at = node->p;
		if (allowed_entry_stale(a, e))
			remove_entry(a, e);
	}
	if (!node)
		a->sweep_at.family = 0;
	return a->n_stale > 0;
}
