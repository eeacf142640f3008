/* SPDX-License-Identifier: BSD-2-Clause */
#include "rib_lost.h"

#include <stdlib.h>
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
static struct hash_table by_prefix; /* all of them */
static unsigned others;		    /* LOST_NEW beyond NAMED_MAX */

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

/* Room for one more of those that were said to be lost. */
static void make_room(void)
{
	if (counts[LOST_SAID] + counts[LOST_BACK] < NAMED_MAX)
		return;
	lost_free(TAILQ_FIRST(&lists[counts[LOST_SAID] ? LOST_SAID : LOST_BACK]));
}

/* Where all that are known came back the others are taken to have done so, too. */
static void rib_lost_say(void *arg)
{
	const struct lost *first;

	if (counts[LOST_NEW]) {
		first = TAILQ_FIRST(&lists[LOST_NEW]);
		log_warn("last-path-lost", "peer=%s interface=%s prefixes=%u first=%s", first->peer,
			 first->interface, counts[LOST_NEW] + others, PREFIX_STR(&first->prefix));
		lost_line.said_ms = now_ms();
	}
	others = 0;
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
		 first->interface, counts[LOST_BACK], PREFIX_STR(&first->prefix),
		 counts[LOST_SAID]);
	back_line.said_ms = now_ms();
	forget_all(LOST_BACK);
}

/* ---- what happens */

/* A host route without an entry is that of a tunnel address, which goes with its peer. */
static bool is_learned(const struct rib_node *n, const struct tunnel_peer *owner)
{
	const struct prefix p = rib_prefix(n);

	return owner || p.len < family_bits(p.family);
}

/* NULL: there are too many. */
static struct lost *lost_new(const struct prefix *p)
{
	struct lost *l;

	if (counts[LOST_NEW] >= NAMED_MAX) {
		others++;
		return NULL;
	}
	l = xcalloc(1, sizeof(*l));
	l->prefix = *p;
	hash_insert(&by_prefix, &l->hash, hash_of(p));
	lost_put(l, LOST_NEW);
	return l;
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
		l = lost_new(&p);
		if (l)
			lost_name(l, owner, iface);
		say_soon(&lost_line, rib_lost_say);
	}
}

void rib_lost_back(const struct rib_node *n, const struct fib *f)
{
	const struct tunnel_if *iface =
		by_prefix.count && f ? tunnel_if_by_index(fib_oif(f)) : NULL;
	struct prefix p;
	struct lost *l;

	if (!iface)
		return;
	forget_old();
	p = rib_prefix(n);
	l = lost_find(&p);
	if (!l || l->state == LOST_BACK)
		return;
	if (l->state == LOST_NEW) {
		lost_free(l);
		return;
	}
	lost_name(l, fib_owner_on(f, fib_oif(f)), iface);
	lost_move(l, LOST_BACK);
	say_soon(&back_line, rib_lost_say_back);
}

void rib_lost_forget(const struct prefix *p)
{
	struct lost *l;

	if (!p) {
		forget_all(LOST_SAID);
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
	others = 0;
	hash_clear(&by_prefix);
	line_reset(&lost_line);
	line_reset(&back_line);
}
