/* SPDX-License-Identifier: BSD-2-Clause */
#include "allowedips_going.h"

#include "util.h"

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

void allowedips_hold_removals(struct allowedips *a)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->n_queue; i++) {
		const struct wg_change *c = &a->queue[i];

		if (!c->remove)
			a->queue[kept++] = *c;
		else if (!is_set_again(a, &c->prefix))
			going_begin(a, c);
	}
	a->n_queue = kept;
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
	if (e->have != owner) {
		going_lost(a, e);
		return false;
	}
	going_end(a, e);
	return true;
}

void allowedips_going_all(struct allowedips *a, void (*fn)(struct allowedips *a, struct owner *from,
							   const struct prefix *p))
{
	TRIE_FOREACH_SAFE (&a->going, node, next) {
		struct owner *from = allowed_entry_of(node)->have;
		struct prefix p = node->p;

		going_end(a, allowed_entry_of(node));
		fn(a, from, &p);
	}
}

void allowedips_going_gone(struct allowedips *a)
{
	TRIE_FOREACH_SAFE (&a->going, node, next)
		going_lost(a, allowed_entry_of(node));
}

void allowedips_going_left(struct allowedips *a)
{
	TRIE_FOREACH_SAFE (&a->going, node, next) {
		const struct owner *from = allowed_entry_of(node)->have;

		if (from->away || from->fate != OWNER_STAYS)
			going_lost(a, allowed_entry_of(node));
	}
}
