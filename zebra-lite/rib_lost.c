/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib_lost.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "hash.h"
#include "log.h"
#include "loop.h"
#include "rib.h"
#include "util.h"

#define GATHER_MS 1000
#define QUIET_MS 60000
#define NAMED_MAX 1024 /* of which it is known when they come back */

struct lost {
	struct hash_node hash;
	TAILQ_ENTRY(lost) link;
	struct prefix prefix;
	char peer[MSG_NAME_MAX], interface[MSG_NAME_MAX];
};

static TAILQ_HEAD(, lost) all = TAILQ_HEAD_INITIALIZER(all); /* the first one that was lost first */
static struct hash_table by_prefix;
static unsigned others; /* beyond NAMED_MAX */
static struct timer timer;
static uint64_t said_ms;

static uint32_t hash_of(const struct prefix *p)
{
	return hash_bytes(p, sizeof(*p));
}

static struct lost *lost_find(const struct prefix *p)
{
	struct hash_node *n = hash_find(&by_prefix, hash_of(p));

	while (n && !prefix_eq(&container_of(n, struct lost, hash)->prefix, p))
		n = hash_find_next(n);
	return n ? container_of(n, struct lost, hash) : NULL;
}

static void lost_free(struct lost *l)
{
	TAILQ_REMOVE(&all, l, link);
	hash_remove(&by_prefix, &l->hash);
	free(l);
}

static void forget_all(void)
{
	while (!TAILQ_EMPTY(&all))
		lost_free(TAILQ_FIRST(&all));
	others = 0;
}

/* Where all that are known came back the others are taken to have done so, too. */
static void rib_lost_say(void *arg)
{
	const struct lost *first = TAILQ_FIRST(&all);

	if (first) {
		log_warn("last-path-lost", "peer=%s interface=%s prefixes=%zu first=%s",
			 first->peer, first->interface, by_prefix.count + others,
			 PREFIX_STR(&first->prefix));
		said_ms = now_ms();
	}
	forget_all();
}

/* A host route without an entry is that of a tunnel address, which goes with its peer. */
static bool is_learned(const struct rib_node *n, const struct tunnel_peer *owner)
{
	const struct prefix p = rib_prefix(n);

	return owner || p.len < family_bits(p.family);
}

static void lost_add(const struct prefix *p, const char *peer, const char *interface)
{
	struct lost *l;

	if (by_prefix.count >= NAMED_MAX) {
		others++;
		return;
	}
	l = xcalloc(1, sizeof(*l));
	l->prefix = *p;
	str_copy(l->peer, peer, sizeof(l->peer));
	str_copy(l->interface, interface, sizeof(l->interface));
	hash_insert(&by_prefix, &l->hash, hash_of(p));
	TAILQ_INSERT_TAIL(&all, l, link);
}

static void say_soon(void)
{
	uint64_t now = now_ms(), wait = GATHER_MS;

	if (!timer.ready)
		timer_init(&timer, rib_lost_say, NULL);
	if (timer_running(&timer))
		return;
	if (said_ms && now < said_ms + QUIET_MS - GATHER_MS)
		wait = said_ms + QUIET_MS - now;
	timer_start(&timer, wait);
}

void rib_lost(const struct rib_node *n, const struct fib *f)
{
	const struct tunnel_if *iface = f ? tunnel_if_by_index(fib_oif(f)) : NULL;
	const struct tunnel_peer *owner = iface ? fib_owner_on(f, fib_oif(f)) : NULL;
	struct prefix p = rib_prefix(n);

	if (!iface || !is_learned(n, owner) || rib_best_other(n) || lost_find(&p))
		return;
	lost_add(&p, owner ? owner->name : "", iface->name);
	say_soon();
}

void rib_lost_back(const struct rib_node *n, const struct fib *f)
{
	struct prefix p;
	struct lost *l;

	if (TAILQ_EMPTY(&all) || !f || !tunnel_if_by_index(fib_oif(f)))
		return;
	p = rib_prefix(n);
	l = lost_find(&p);
	if (l)
		lost_free(l);
}

void rib_lost_reset(void)
{
	forget_all();
	hash_clear(&by_prefix);
	timer_stop(&timer);
	timer.ready = false;
	said_ms = 0;
}
