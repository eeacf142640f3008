/* SPDX-License-Identifier: BSD-2-Clause */
#include "disjoint.h"

#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "slab.h"
#include "trie.h"
#include "util.h"

struct element {
	struct trie_node node;
	TAILQ_ENTRY(element) link; /* while queued */
	bool present;		   /* its prefix is one of the set */
	bool in;		   /* the kernel has it */
	bool queued;
};

static struct trie elements;
static struct slab slab = SLAB_INIT("nft-element", struct element);
static TAILQ_HEAD(, element) queue = TAILQ_HEAD_INITIALIZER(queue);
static size_t n_queued;
static size_t count[PLANES_MAX][2];

static struct element *element_of(const struct trie_node *n)
{
	return n ? container_of(n, struct element, node) : NULL;
}

static void enqueue(struct element *e)
{
	if (e->queued)
		return;
	e->queued = true;
	TAILQ_INSERT_TAIL(&queue, e, link);
	n_queued++;
}

static void put_one(struct element *e, bool add, disjoint_put put)
{
	const struct prefix *p = &e->node.p;

	if (e->in == add)
		return;
	e->in = add;
	count[p->plane][p->family == AF_INET6] += add ? 1 : (size_t)-1;
	put(add, p);
}

/* The first node behind the subtree of E, inside P. */
static struct trie_node *behind(const struct element *e, const struct prefix *p)
{
	struct trie_node *n = trie_next_in(&elements, &e->node, p);

	while (n && prefix_covers(&e->node.p, &n->p))
		n = trie_next_in(&elements, n, p);
	return n;
}

static void take_inner(const struct element *e, disjoint_put put)
{
	const struct prefix *p = &e->node.p;

	for (struct trie_node *n = trie_first_in(&elements, p); n;
	     n = trie_next_in(&elements, n, p))
		if (n != &e->node)
			put_one(element_of(n), false, put);
}

/* What only E covered comes in. */
static void give_inner(const struct element *e, disjoint_put put)
{
	const struct prefix *p = &e->node.p;
	struct trie_node *n = trie_first_in(&elements, p);

	while (n) {
		struct element *inner = element_of(n);

		if (inner == e || !inner->present) {
			n = trie_next_in(&elements, n, p);
			continue;
		}
		put_one(inner, true, put);
		n = behind(inner, p);
	}
}

/* What is outermost of those that are present around E, and E itself, comes in; what is not present
 * any more goes out, and what it alone covered comes in. */
static void work_one(struct element *e, disjoint_put put)
{
	struct element *top = e->present ? e : NULL, *gone = e->in && !e->present ? e : NULL;

	for (struct trie_node *n = trie_cover(&e->node); n; n = trie_cover(n)) {
		if (element_of(n)->present)
			top = element_of(n);
		else if (element_of(n)->in)
			gone = element_of(n);
	}
	if (gone)
		put_one(gone, false, put);
	if (top && !top->in) {
		take_inner(top, put);
		put_one(top, true, put);
	}
	if (gone && !(top && prefix_covers(&top->node.p, &gone->node.p)))
		give_inner(gone, put);
}

void disjoint_set(const struct prefix *p, bool present)
{
	struct element *e = element_of(trie_exact(&elements, p));

	if (e ? e->present == present : !present)
		return;
	if (!e) {
		e = slab_alloc(&slab);
		trie_insert(&elements, &e->node, p);
	}
	e->present = present;
	enqueue(e);
}

void disjoint_emptied(uint8_t plane, uint8_t family)
{
	const struct prefix all = {.family = family, .plane = plane};

	for (struct trie_node *n = trie_first_in(&elements, &all); n;
	     n = trie_next_in(&elements, n, &all)) {
		element_of(n)->in = false;
		enqueue(element_of(n));
	}
	count[plane][family == AF_INET6] = 0;
}

void disjoint_work(size_t max, disjoint_put put)
{
	struct element *e;

	while (max-- && (e = TAILQ_FIRST(&queue))) {
		TAILQ_REMOVE(&queue, e, link);
		n_queued--;
		e->queued = false;
		work_one(e, put);
		if (e->present)
			continue;
		trie_remove(&elements, &e->node);
		slab_free(&slab, e);
	}
}

size_t disjoint_queued(void)
{
	return n_queued;
}

size_t disjoint_count(uint8_t plane, uint8_t family)
{
	return count[plane][family == AF_INET6];
}

void disjoint_reset(void)
{
	struct trie_node *n, *next;

	for (n = trie_first(&elements); n; n = next) {
		next = trie_next(&elements, n);
		trie_remove(&elements, n);
	}
	TAILQ_INIT(&queue);
	n_queued = 0;
	memset(count, 0, sizeof(count));
	slab_destroy(&slab);
}
