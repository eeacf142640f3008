/* SPDX-License-Identifier: BSD-2-Clause */
#include "keepin.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "dirty.h"
#include "log.h"
#include "loop.h"
#include "planes.h"
#include "rib_node.h"
#include "slab.h"
#include "util.h"
#include "zconfig.h"

#define LOOK_MAX_MS 60000 /* between two looks at what is over */
#define TELL_MS 100	  /* changes within it are told as one */

struct permit { /* an entry of some `permit` list */
	struct trie_node node;
	bool permit; /* kept in from the start; else what is learned inside */
};

unsigned keepin_max = 10000;

static struct trie kept, permits;
static TAILQ_HEAD(, keepin) queue = TAILQ_HEAD_INITIALIZER(queue);
static struct slab slab = SLAB_INIT("keep-in", struct keepin);
static size_t by_length[2][129]; /* of kept, by family */
static int longest[2] = {-1, -1};
static size_t learned[PLANES_MAX];
static bool too_many[PLANES_MAX];
static enum conf_keep_in mode;
static uint32_t time_s = CONF_RIB_KEEP_IN_TIME;
static uint64_t version;
static bool was_read; /* the kernel's table, once */
static struct timer end_timer, tell_timer;
static struct log_bucket drift_bucket;
static void (*when_queued)(void);
static bool (*has_route)(const struct keepin *e);

void keepin_open(void (*wake)(void))
{
	when_queued = wake;
}

void keepin_ask(bool (*ask)(const struct keepin *e))
{
	has_route = ask;
}

enum conf_keep_in keepin_mode(void)
{
	return mode;
}

uint32_t keepin_time_s(void)
{
	return time_s;
}

bool keepin_too_many(uint8_t plane)
{
	return too_many[plane];
}

size_t keepin_count(void)
{
	return kept.count;
}

uint64_t keepin_version(void)
{
	return version;
}

static void keepin_tell(void *arg)
{
	out.kept_in(version);
}

void keepin_changed(void)
{
	version++;
	if (!out.kept_in)
		return;
	if (!tell_timer.ready)
		timer_init(&tell_timer, keepin_tell, NULL);
	if (!timer_running(&tell_timer))
		timer_start(&tell_timer, TELL_MS);
}

/* --- the set --- */

static struct keepin *entry_of(struct trie_node *t)
{
	return t ? container_of(t, struct keepin, node) : NULL;
}

/* Nothing is P or inside P: asked for each route that is written. */
static bool none_in(const struct prefix *p)
{
	return p->len > longest[p->family == AF_INET6];
}

static void count_length(const struct prefix *p, int more)
{
	int *at = &longest[p->family == AF_INET6];
	size_t *n = by_length[p->family == AF_INET6];

	n[p->len] += (size_t)more;
	*at = more > 0 && p->len > *at ? p->len : *at;
	while (*at >= 0 && !n[*at])
		--*at;
}

struct keepin *keepin_find(const struct prefix *p)
{
	return none_in(p) ? NULL : entry_of(trie_exact(&kept, p));
}

struct keepin *keepin_match(const struct addr *a)
{
	return kept.count ? entry_of(trie_match_addr(&kept, a)) : NULL;
}

struct keepin *keepin_cover(const struct keepin *e)
{
	return entry_of(trie_cover(&e->node));
}

struct keepin *keepin_first(void)
{
	return entry_of(trie_first(&kept));
}

struct keepin *keepin_next(const struct keepin *e)
{
	return entry_of(trie_next(&kept, &e->node));
}

struct keepin *keepin_first_from(const struct prefix *p)
{
	return entry_of(trie_first_from(&kept, p));
}

struct keepin *keepin_first_in(const struct prefix *p)
{
	return none_in(p) ? NULL : entry_of(trie_first_in(&kept, p));
}

struct keepin *keepin_next_in(const struct keepin *e, const struct prefix *p)
{
	return entry_of(trie_next_in(&kept, &e->node, p));
}

static struct keepin *keepin_get(const struct prefix *p)
{
	struct keepin *e = keepin_find(p);

	if (e)
		return e;
	e = slab_alloc(&slab);
	e->write = ROUTE_NONE;
	trie_insert(&kept, &e->node, p);
	count_length(p, 1);
	keepin_changed();
	return e;
}

void keepin_forget(struct keepin *e)
{
	count_length(&e->node.p, -1);
	trie_remove(&kept, &e->node);
	slab_free(&slab, e);
	keepin_changed();
}

bool keepin_in(uint8_t plane)
{
	const struct prefix least = {.family = AF_INET, .plane = plane};
	const struct trie_node *t = trie_first_from(&kept, &least);

	return t && t->p.plane == plane;
}

/* --- the queue --- */

void keepin_queue(struct keepin *e)
{
	if (e->queued)
		return;
	e->queued = true;
	if (e->write != ROUTE_NONE)
		return; /* it is among those under way, and comes behind */
	TAILQ_INSERT_TAIL(&queue, e, link);
	if (when_queued)
		when_queued();
}

void keepin_look(const struct prefix *p)
{
	for (struct keepin *e = keepin_first_in(p); e; e = keepin_next_in(e, p))
		keepin_queue(e);
}

void keepin_look_over(const struct addr *a)
{
	for (struct keepin *e = keepin_match(a); e; e = keepin_cover(e))
		keepin_queue(e);
}

void keepin_look_all(void)
{
	for (struct keepin *e = keepin_first(); e; e = keepin_next(e))
		keepin_queue(e);
}

bool keepin_queued(void)
{
	return !TAILQ_EMPTY(&queue);
}

struct keepin *keepin_take(void)
{
	struct keepin *e = TAILQ_FIRST(&queue);

	if (!e)
		return NULL;
	TAILQ_REMOVE(&queue, e, link);
	e->queued = false;
	return e;
}

void keepin_unqueue(struct keepin *e)
{
	TAILQ_REMOVE(&queue, e, link);
	e->queued = false;
}

/* --- what is permitted --- */

static struct permit *permit_of(struct trie_node *t)
{
	return t ? container_of(t, struct permit, node) : NULL;
}

/* Some `permit` of at least LEAST bits covers P. */
static bool is_permitted_here(const struct prefix *p, uint8_t least)
{
	const struct trie_node *t = trie_match(&permits, p);

	return t && t->p.len >= least;
}

/* The same for one which may have been leaked from another plane. */
static bool is_permitted(const struct prefix *p, uint8_t least)
{
	if (is_permitted_here(p, least))
		return true;
	for (uint8_t i = 0; i < PLANES_MAX && rib_several_planes(); i++)
		if (is_permitted_here((struct prefix[]){prefix_in_plane(p, i)}, least))
			return true;
	return false;
}

static void add_permit(const struct prefix *p, bool from_the_start)
{
	struct permit *here = permit_of(trie_exact(&permits, p));

	if (!here) {
		here = xcalloc(1, sizeof(*here));
		trie_insert(&permits, &here->node, p);
	}
	here->permit = here->permit || from_the_start;
}

static void read_peer(const json_t *peer, uint8_t plane)
{
	struct conf_peer leaves;
	enum conf_keep_in how;
	struct prefix *list;
	size_t n;

	conf_leaves_read(conf_peer_leaves, peer, &leaves);
	how = leaves.has_keep_in ? leaves.keep_in : mode;
	if (how == KEEP_IN_OFF)
		return;
	list = conf_prefixes(peer, "permit", &n);
	for (size_t i = 0; i < n; i++) {
		list[i].plane = plane;
		add_permit(&list[i], how == KEEP_IN_PERMIT);
	}
	free(list);
}

static void forget_permits(void)
{
	struct trie_node *t;

	while ((t = trie_first(&permits))) {
		trie_remove(&permits, t);
		free(permit_of(t));
	}
}

static void read_permits(const json_t *config)
{
	const json_t *interface, *peer;
	size_t i, k;

	forget_permits();
	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, interface)
		json_array_foreach (conf_list(interface, "peer"), k, peer)
			read_peer(peer, plane_of_interface(conf_str(interface, "name", "")));
}

static void unlearn(struct keepin *e)
{
	if (!e->learned)
		return;
	e->learned = false;
	learned[e->node.p.plane]--;
	keepin_changed();
	keepin_queue(e);
}

/* The default route of the main table is kept in by another table: keepin_default.h. */
static bool is_elsewhere(const struct prefix *p)
{
	return !p->len && p->plane == PLANE_MAIN && zconfig.table == RT_TABLE_MAIN;
}

bool keepin_permits_default(uint8_t family)
{
	const struct prefix all = {.family = family};
	const struct permit *here = permit_of(trie_exact(&permits, &all));

	return here && here->permit && is_elsewhere(&all);
}

/* Those that are to have a route of their own, and get it before others lose theirs. */
static void apply_permits(void)
{
	for (struct keepin *e = keepin_first(); e; e = keepin_next(e))
		e->permit = false;
	TRIE_FOREACH (&permits, t) {
		struct keepin *e;

		if (is_elsewhere(&t->p) ||
		    !(permit_of(t)->permit || (t->p.len && too_many[t->p.plane])))
			continue;
		e = keepin_get(&t->p);
		e->permit = true;
		keepin_queue(e);
	}
	keepin_look_all();
	keepin_changed();
}

void keepin_configure(const json_t *config)
{
	struct conf_rib rib;

	conf_leaves_read(conf_rib_leaves, conf_get(config, "rib"), &rib);
	mode = rib.keep_in;
	time_s = rib.keep_in_time;
	read_permits(config);
	for (struct keepin *e = keepin_first(); e; e = keepin_next(e))
		if (!is_permitted(&e->node.p, 0))
			unlearn(e);
	apply_permits();
}

/* --- what was learned --- */

static void end_due(void *arg);

static void watch_ends(void)
{
	uint64_t ms = time_s * 1000ull / 20;

	if (!end_timer.ready)
		timer_init(&end_timer, end_due, NULL);
	if (!timer_running(&end_timer))
		timer_start(&end_timer, ms > LOOK_MAX_MS ? LOOK_MAX_MS : ms < 100 ? 100 : ms);
}

void keepin_gone(struct keepin *e)
{
	if (e->learned && !e->until_ms)
		e->until_ms = now_ms() + time_s * 1000ull;
}

static void end_due(void *arg)
{
	uint64_t now = now_ms();
	bool any = false;

	for (struct keepin *e = keepin_first(); e; e = keepin_next(e)) {
		if (has_route && has_route(e))
			e->until_ms = 0;
		else
			keepin_gone(e);
		if (e->until_ms && e->until_ms <= now)
			unlearn(e);
		any = any || e->learned;
	}
	timer_stop(&end_timer);
	if (any)
		watch_ends();
}

/* What nothing but a default route covers has no such entry, and stays kept in: else one peer could
 * take that from what others announced before. */
static void note_too_many(uint8_t plane)
{
	const struct prefix all[] = {{.family = AF_INET, .plane = plane},
				     {.family = AF_INET6, .plane = plane}};
	bool bare = false;

	too_many[plane] = true;
	apply_permits();
	for (struct keepin *e = keepin_first(); e; e = keepin_next(e))
		if (e->node.p.plane == plane && is_permitted(&e->node.p, 1))
			unlearn(e);
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		bare = bare || trie_exact(&permits, &all[i]);
	log_warn("keep-in-too-many", "table=%u prefixes=%u why=\"%s\"", zconfig.plane_table[plane],
		 keepin_max,
		 bare ? "entries of permit are kept in instead, for default routes what was learned"
		      : "entries of permit are kept in instead");
}

static struct keepin *note_learned(const struct prefix *p)
{
	struct keepin *e = keepin_get(p);

	if (!e->learned) {
		e->learned = true;
		learned[p->plane]++;
		keepin_changed();
		watch_ends();
	}
	return e;
}

struct keepin *keepin_learn(const struct prefix *p)
{
	struct keepin *e = keepin_find(p);

	if (!p->len)
		return NULL;
	if (!too_many[p->plane] && !(e && e->learned) && is_permitted(p, 0)) {
		if (learned[p->plane] >= keepin_max)
			note_too_many(p->plane);
		else
			e = note_learned(p);
	}
	if (e)
		e->until_ms = 0;
	return e;
}

size_t keepin_clear(const struct prefix *p)
{
	size_t n = 0;

	for (struct keepin *e = keepin_first(); e; e = keepin_next(e)) {
		if (!e->learned || (p && !prefix_eq(p, &e->node.p)) || (has_route && has_route(e)))
			continue;
		unlearn(e);
		n++;
	}
	log_info("keep-in-cleared", "prefix=%s prefixes=%zu", p ? PREFIX_STR(p) : "all", n);
	return n;
}

void keepin_fewer(uint8_t plane)
{
	too_many[plane] = false;
	apply_permits();
}

/* --- earlier lives --- */

/* Its time begins; NULL: it is not permitted any more. */
static struct keepin *learn_again(const struct prefix *p)
{
	struct keepin *e = keepin_learn(p);

	if (e)
		keepin_gone(e);
	return e;
}

bool keepin_remember(const struct prefix *p)
{
	struct keepin *e = keepin_find(p);

	if (e && e->learned)
		return true;
	e = learn_again(p);
	if (e)
		keepin_queue(e);
	return e != NULL;
}

/* --- what the kernel has --- */

bool keepin_looks_ours(const struct kroute *r)
{
	return r->metric == KEEPIN_METRIC && r->type == RTN_UNREACHABLE;
}

bool keepin_is_ours(const struct kroute *r)
{
	return r->protocol == zconfig.protocol && keepin_looks_ours(r);
}

static void lost(struct keepin *e)
{
	e->installed = false;
	keepin_changed();
	if (e->state == KEEPIN_WANTED) {
		fib_counters.drift++;
		fib_counters.drift_ms = now_ms();
		log_limited(&drift_bucket, LOG_LEVEL_WARN, "drift-repaired",
			    "what=keep-in prefix=%s", PREFIX_STR(&e->node.p));
	}
	keepin_queue(e);
}

/* One that we know nothing of is of an earlier life, or was told of late and is gone by now: then
 * it is taken out once more. */
static struct keepin *found(const struct prefix *p)
{
	struct keepin *e = was_read ? NULL : learn_again(p);

	return e ? e : keepin_get(p);
}

void keepin_told(const struct kroute *r, bool present)
{
	struct keepin *e = keepin_find(&r->prefix);

	if (!present) {
		if (e && e->installed)
			lost(e);
		return;
	}
	if (!e || !was_read)
		e = found(&r->prefix);
	if (!e->installed) {
		keepin_changed();
		keepin_queue(e);
	}
	e->installed = true;
	e->epoch = rib_kernel_epoch;
}

void keepin_read_end(void)
{
	was_read = true;
	for (struct keepin *e = keepin_first(); e; e = keepin_next(e))
		if (e->installed && e->epoch != rib_kernel_epoch)
			lost(e);
}

void keepin_reset(void)
{
	timer_stop(&end_timer);
	end_timer.ready = false;
	while (kept.count)
		keepin_forget(keepin_first());
	TAILQ_INIT(&queue);
	slab_destroy(&slab);
	forget_permits();
	for (unsigned i = 0; i < PLANES_MAX; i++) {
		learned[i] = 0;
		too_many[i] = false;
	}
	was_read = false;
	version = 0;
	timer_stop(&tell_timer);
	tell_timer.ready = false;
	mode = KEEP_IN_LEARNED;
	time_s = CONF_RIB_KEEP_IN_TIME;
}
