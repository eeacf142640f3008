/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib_lost.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "hash.h"
#include "keepin.h"
#include "log.h"
#include "loop.h"
#include "rib.h"
#include "util.h"

#define GATHER_MS 1000
#define QUIET_MS 60000
#define NAMED_MAX 1024 /* of which it is known when they come back */

/* In the order in which a prefix goes through them. */
enum lost_state {
	LOST_NEW,  /* has no route; nothing was said */
	LOST_SAID, /* nor when it was said */
	LOST_BACK, /* has one again, which was not said */
	LOST_STATES
};

struct lost {
	struct hash_node hash;
	TAILQ_ENTRY(lost) link;
	struct prefix prefix;
	char peer[MSG_NAME_MAX], interface[MSG_NAME_MAX]; /* of its last route, or the new one */
	uint64_t since_ms;				  /* monotonic; in its state */
	enum lost_state state;
};

TAILQ_HEAD(lost_list, lost);

static struct lost_list lists[LOST_STATES]; /* each begins with the one that came into it first */
static unsigned counts[LOST_STATES];
static struct hash_table by_prefix;   /* all of them */
static unsigned unnamed[LOST_STATES]; /* more of each, of which just the number is known */
static uint64_t unnamed_ms;	      /* monotonic; the last of LOST_SAID came to be so */

/* A line that gathers. */
struct line {
	struct timer timer;
	uint64_t said_ms; /* monotonic; 0: never */
};

static struct line lost_line, back_line;

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

static void lost_put(struct lost *l, enum lost_state state)
{
	if (!lists[state].tqh_last)
		TAILQ_INIT(&lists[state]);
	l->state = state;
	l->since_ms = now_ms();
	TAILQ_INSERT_TAIL(&lists[state], l, link);
	counts[state]++;
}

static void lost_take(struct lost *l)
{
	TAILQ_REMOVE(&lists[l->state], l, link);
	counts[l->state]--;
}

static void lost_move(struct lost *l, enum lost_state state)
{
	lost_take(l);
	lost_put(l, state);
}

static void lost_free(struct lost *l)
{
	lost_take(l);
	hash_remove(&by_prefix, &l->hash);
	free(l);
}

static void forget_all(enum lost_state state)
{
	while (counts[state])
		lost_free(TAILQ_FIRST(&lists[state]));
}

/* Those that nobody waits for any more, as nothing is kept in for them. */
static void forget_old(void)
{
	const uint64_t keep_ms = keepin_time_s() * 1000ull, now = now_ms();

	while (counts[LOST_SAID] && TAILQ_FIRST(&lists[LOST_SAID])->since_ms + keep_ms <= now)
		lost_free(TAILQ_FIRST(&lists[LOST_SAID]));
	if (unnamed_ms + keep_ms <= now)
		unnamed[LOST_SAID] = 0;
}

static void lost_name(struct lost *l, const struct tunnel_peer *owner,
		      const struct tunnel_if *iface)
{
	str_copy(l->peer, owner ? owner->name : "", sizeof(l->peer));
	str_copy(l->interface, iface->name, sizeof(l->interface));
}

/* ---- what is said */

static void say_soon(struct line *line, void (*say)(void *arg))
{
	uint64_t now = now_ms(), wait = GATHER_MS;

	if (!line->timer.ready)
		timer_init(&line->timer, say, NULL);
	if (timer_running(&line->timer))
		return;
	if (line->said_ms && now < line->said_ms + QUIET_MS - GATHER_MS)
		wait = line->said_ms + QUIET_MS - now;
	timer_start(&line->timer, wait);
}

static void put_unnamed(enum lost_state state, unsigned n)
{
	unnamed[state] += n;
	if (n && state == LOST_SAID)
		unnamed_ms = now_ms();
}

/* For one more of those that were said to be lost. */
static void make_room(void)
{
	enum lost_state from = counts[LOST_SAID] ? LOST_SAID : LOST_BACK;

	if (counts[LOST_SAID] + counts[LOST_BACK] < NAMED_MAX)
		return;
	lost_free(TAILQ_FIRST(&lists[from]));
	put_unnamed(from, 1);
}

static void rib_lost_say(void *arg)
{
	const struct lost *first;

	if (counts[LOST_NEW]) {
		first = TAILQ_FIRST(&lists[LOST_NEW]);
		log_warn("last-path-lost", "peer=%s interface=%s prefixes=%u first=%s", first->peer,
			 first->interface, counts[LOST_NEW] + unnamed[LOST_NEW],
			 PREFIX_STR(&first->prefix));
		lost_line.said_ms = now_ms();
	}
	put_unnamed(LOST_SAID, unnamed[LOST_NEW]);
	unnamed[LOST_NEW] = 0;
	while (counts[LOST_NEW]) {
		make_room();
		lost_move(TAILQ_FIRST(&lists[LOST_NEW]), LOST_SAID);
	}
}

static void rib_lost_say_back(void *arg)
{
	const struct lost *first;

	forget_old();
	if (!counts[LOST_BACK])
		return;
	first = TAILQ_FIRST(&lists[LOST_BACK]);
	log_info("last-path-back", "peer=%s interface=%s prefixes=%u first=%s lost=%u", first->peer,
		 first->interface, counts[LOST_BACK] + unnamed[LOST_BACK],
		 PREFIX_STR(&first->prefix), counts[LOST_SAID] + unnamed[LOST_SAID]);
	back_line.said_ms = now_ms();
	forget_all(LOST_BACK);
	unnamed[LOST_BACK] = 0;
}

/* ---- what happens */

/* A host route without an entry is that of a tunnel address, which goes with its peer. */
static bool is_learned(const struct rib_node *n, const struct tunnel_peer *owner)
{
	const struct prefix p = rib_prefix(n);

	return owner || p.len < family_bits(p.family);
}

/* NULL: there are too many. */
static struct lost *lost_new(const struct prefix *p, enum lost_state state)
{
	struct lost *l;

	if (counts[state] >= NAMED_MAX) {
		unnamed[state]++;
		return NULL;
	}
	l = xcalloc(1, sizeof(*l));
	l->prefix = *p;
	hash_insert(&by_prefix, &l->hash, hash_of(p));
	lost_put(l, state);
	return l;
}

/* One of those whose names are not known, as far as anybody can tell. NULL: there are none, or too
 * many that are back. */
static struct lost *unnamed_back(const struct prefix *p)
{
	if (!unnamed[LOST_SAID])
		return NULL;
	unnamed[LOST_SAID]--;
	if (counts[LOST_BACK] < NAMED_MAX)
		make_room();
	return lost_new(p, LOST_BACK);
}

void rib_lost(const struct rib_node *n, const struct fib *f)
{
	const struct tunnel_if *iface = f ? tunnel_if_by_index(fib_oif(f)) : NULL;
	const struct tunnel_peer *owner = iface ? fib_owner_on(f, fib_oif(f)) : NULL;
	struct prefix p = rib_prefix(n);
	struct lost *l;

	if (!iface || !is_learned(n, owner) || rib_best_other(n))
		return;
	forget_old();
	l = lost_find(&p);
	if (l && l->state == LOST_BACK) {
		lost_move(l, LOST_SAID);
	} else if (!l) {
		l = lost_new(&p, LOST_NEW);
		if (l)
			lost_name(l, owner, iface);
		say_soon(&lost_line, rib_lost_say);
	}
}

void rib_lost_back(const struct rib_node *n, const struct fib *f)
{
	bool any = by_prefix.count || unnamed[LOST_SAID];
	const struct tunnel_if *iface = any && f ? tunnel_if_by_index(fib_oif(f)) : NULL;
	struct prefix p;
	struct lost *l;

	if (!iface)
		return;
	forget_old();
	p = rib_prefix(n);
	l = lost_find(&p);
	if (l && l->state == LOST_BACK)
		return;
	if (l && l->state == LOST_NEW) {
		lost_free(l);
		return;
	}
	if (l)
		lost_move(l, LOST_BACK);
	else
		l = unnamed_back(&p);
	if (!l)
		return;
	lost_name(l, fib_owner_on(f, fib_oif(f)), iface);
	say_soon(&back_line, rib_lost_say_back);
}

void rib_lost_forget(const struct prefix *p)
{
	struct lost *l;

	if (!p) {
		forget_all(LOST_SAID);
		unnamed[LOST_SAID] = 0;
		return;
	}
	l = lost_find(p);
	if (l && l->state == LOST_SAID)
		lost_free(l);
}

static void line_reset(struct line *line)
{
	timer_stop(&line->timer);
	*line = (struct line){0};
}

void rib_lost_reset(void)
{
	for (enum lost_state s = 0; s < LOST_STATES; s++)
		forget_all(s);
	memset(unnamed, 0, sizeof(unnamed));
	hash_clear(&by_prefix);
	line_reset(&lost_line);
	line_reset(&back_line);
}
