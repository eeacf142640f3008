/* SPDX-License-Identifier: BSD-2-Clause */
#include "allowedips_going.h"

#include <stdlib.h>

#include "util.h"

struct queue {
	struct wg_change *changes;
	size_t n, cap;
};

static void queue_add(struct queue *q, const struct wg_change *c)
{
	q->changes = xgrow(q->changes, q->n, &q->cap, sizeof(*q->changes));
	q->changes[q->n++] = *c;
}

static void going_end(struct allowedips *a, struct allowed_entry *e)
{
	tally_take(&e->have->here, &e->node.p);
	a->n_installed--;
	trie_remove(&a->going, &e->node);
	slab_free(&a->entries, e);
}

/* It is not there, or not ours. */
static void going_lost(struct allowedips *a, struct allowed_entry *e)
{
	struct prefix p = e->node.p;

	going_end(a, e);
	if (a->hooks->on_forget && !trie_exact(&a->ours, &p))
		a->hooks->on_forget(a->arg, &p);
}

static void going_begin(struct allowedips *a, const struct wg_change *c)
{
	struct allowed_entry *e = slab_alloc(&a->entries);

	allowedips_going_forget(a, &c->prefix);
	trie_insert(&a->going, &e->node, &c->prefix);
	e->have = container_of(c->key, struct owner, key); /* whose keys are in the queue */
	tally_add(&e->have->here, &e->node.p);
	a->n_installed++;
}

/* Behind its removal it is set again, which takes it from wherever it is. */
static bool is_set_again(const struct allowedips *a, const struct prefix *p)
{
	struct trie_node *node = trie_exact(&a->ours, p);

	return node && allowed_entry_of(node)->have;
}

/* Who packets for P go to when P itself is gone; NULL: nobody. By all that is in the queue. */
static struct owner *next_owner(const struct allowedips *a, const struct prefix *p)
{
	struct trie_node *node = trie_match(&a->ours, p);

	while (node && !allowed_entry_of(node)->have)
		node = trie_cover(node);
	return node ? allowed_entry_of(node)->have : NULL;
}

/* What is going at P or inside would draw packets for what covers it to another peer: it is given
 * to that one's. */
static void give_inside(struct allowedips *a, const struct prefix *p, struct queue *q)
{
	for (struct trie_node *node = trie_first_in(&a->going, p); node;
	     node = trie_next_in(&a->going, node, p)) {
		struct allowed_entry *e = allowed_entry_of(node);
		struct owner *to = next_owner(a, &node->p);

		if (!to || to == e->have)
			continue;
		tally_take(&e->have->here, &node->p);
		tally_add(&to->here, &node->p);
		if (!e->want)
			e->want = e->have; /* where it is if that fails, and what follows, too */
		e->have = to;
		queue_add(q, &(struct wg_change){.key = to->key, .prefix = node->p});
	}
}

static void make_queue(struct allowedips *a, bool hold)
{
	struct queue q = {0};

	for (size_t i = 0; i < a->n_queue; i++) {
		const struct wg_change *c = &a->queue[i];

		if (hold && c->remove && is_set_again(a, &c->prefix))
			continue;
		if (hold && c->remove)
			going_begin(a, c);
		give_inside(a, &c->prefix, &q);
		if (!hold || !c->remove)
			queue_add(&q, c);
	}
	free(a->queue);
	a->queue = q.changes;
	a->n_queue = q.n;
	a->cap_queue = q.cap;
}

void allowedips_hold_removals(struct allowedips *a)
{
	make_queue(a, true);
}

void allowedips_give_going(struct allowedips *a)
{
	make_queue(a, false);
}

void allowedips_going_forget(struct allowedips *a, const struct prefix *p)
{
	struct trie_node *node = a->going.count ? trie_exact(&a->going, p) : NULL;

	if (node)
		going_end(a, allowed_entry_of(node));
}

bool allowedips_going_seen(struct allowedips *a, const struct owner *owner, const struct prefix *p)
{
	struct trie_node *node = a->going.count ? trie_exact(&a->going, p) : NULL;
	struct allowed_entry *e = allowed_entry_of(node);

	if (!node)
		return false;
	if (e->have != owner && e->want != owner) {
		going_lost(a, e);
		return false;
	}
	going_end(a, e);
	return true;
}

void allowedips_going_some(struct allowedips *a, size_t most,
			   void (*fn)(struct allowedips *a, struct owner *from,
				      const struct prefix *p))
{
	TRIE_FOREACH_SAFE (&a->going, node, next) {
		struct owner *from = allowed_entry_of(node)->have;
		struct prefix p = node->p;

		if (!most--)
			break;
		going_end(a, allowed_entry_of(node));
		fn(a, from, &p);
	}
}

void allowedips_going_unknown(struct allowedips *a)
{
	TRIE_FOREACH_SAFE (&a->going, node, next)
		going_end(a, allowed_entry_of(node));
}

void allowedips_going_gone(struct allowedips *a)
{
	TRIE_FOREACH_SAFE (&a->going, node, next)
		going_lost(a, allowed_entry_of(node));
}

void allowedips_going_left(struct allowedips *a)
{
	TRIE_FOREACH_SAFE (&a->going, node, next) {
		struct allowed_entry *e = allowed_entry_of(node);
		const struct owner *from = e->have;

		if (e->want && e->want->fate != OWNER_STAYS)
			e->want = NULL;
		if (from->away || from->fate != OWNER_STAYS)
			going_lost(a, e);
	}
}
