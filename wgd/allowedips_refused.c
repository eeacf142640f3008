/* SPDX-License-Identifier: BSD-2-Clause */
#include "allowedips_refused.h"

static struct refusal *refusal_of(struct refusal *r, const struct owner *owner)
{
	while (r && r->owner != owner)
		r = r->next;
	return r;
}

void allowedips_refuse(struct allowedips *a, struct owner *owner, const struct prefix *p)
{
	struct refusal *first = (struct refusal *)trie_exact(&a->refused, p), *r;

	if (refusal_of(first, owner))
		return;
	r = slab_alloc(&a->refusals);
	r->owner = owner;
	if (first) {
		r->next = first->next;
		first->next = r;
	} else {
		trie_insert(&a->refused, &r->node, p);
	}
}

/* R, which is FIRST or behind it. */
static void forget_refusal(struct allowedips *a, struct refusal *first, struct refusal *r)
{
	struct refusal *before = first;

	if (r == first && r->next) { /* its node stays for the next one */
		r = first->next;
		first->owner = r->owner;
	}
	while (before->next && before->next != r)
		before = before->next;
	if (r == first)
		trie_remove(&a->refused, &r->node);
	else
		before->next = r->next;
	slab_free(&a->refusals, r);
}

void allowedips_refused_forget(struct allowedips *a, const struct owner *owner,
			       const struct prefix *p)
{
	struct refusal *first =
		a->refused.count ? (struct refusal *)trie_exact(&a->refused, p) : NULL;
	struct refusal *refused = refusal_of(first, owner);

	if (refused)
		forget_refusal(a, first, refused);
}

static void forget_gone(struct allowedips *a, struct refusal *first)
{
	struct refusal *r, *next;

	for (r = first->next; r; r = next) {
		next = r->next;
		if (r->owner->fate == OWNER_GONE)
			forget_refusal(a, first, r);
	}
	if (first->owner->fate == OWNER_GONE)
		forget_refusal(a, first, first);
}

void allowedips_refused_gone(struct allowedips *a)
{
	TRIE_FOREACH_SAFE (&a->refused, node, next)
		forget_gone(a, (struct refusal *)node);
}

/* It may be tried again. */
static void retry_refusal(struct allowedips *a, struct refusal *first)
{
	struct prefix what = first->node.p;

	for (const struct refusal *r = first; r && a->hooks->on_retry; r = r->next)
		a->hooks->on_retry(a->arg, r->owner->id, &what);
	while (first->next)
		forget_refusal(a, first, first->next);
	forget_refusal(a, first, first);
}

void allowedips_retry(struct allowedips *a)
{
	a->retrying = true;
	a->retry_at.family = 0;
}

bool allowedips_retry_some(struct allowedips *a, size_t quantum)
{
	struct trie_node *node = NULL, *next;

	if (a->retrying)
		node = allowedips_behind(&a->refused, &a->retry_at);
	for (; node && quantum; node = next, quantum--) {
		next = trie_next(&a->refused, node);
		a->retry_at = node->p;
		retry_refusal(a, (struct refusal *)node);
	}
	a->retrying = node != NULL;
	return a->retrying;
}

void allowedips_refused_retry(struct allowedips *a, const struct prefix *p)
{
	struct trie_node *node = trie_match(&a->refused, p);

	while (node) {
		struct trie_node *cover = trie_cover(node);

		retry_refusal(a, (struct refusal *)node);
		node = cover;
	}
}
