/* SPDX-License-Identifier: BSD-2-Clause */
#include "link_zebra.h"

#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "hash.h"
#include "ipc.h"
#include "log.h"
#include "rib_work.h"
#include "util.h"

#define ROUTES_BYTES (16 * 1024) /* a ROUTES message is closed when it is longer */
#define OVERFULL (512 * 1024)	 /* bytes in the channel; it is full at half of that */

static struct ipc *channel;
static uint32_t channels;			  /* how many there were: the number of this one */
static uint64_t epoch;				  /* lists that were other ones than before */
static bool synced;				  /* ROUTES_SYNC was sent on this channel */
static uint32_t replay[PLANES_MAX][BGP_FAMILIES]; /* next network of the replay; 0: not running */

static struct hash_table lists;
static LIST_HEAD(, zebra_hops) kept = LIST_HEAD_INITIALIZER(kept);
static struct zebra_hops **by_id;
static uint32_t ids_high, *ids_free, n_free; /* ids_free: numbers to use again */
static size_t ids_cap, cap_free;
static uint32_t last_ref; /* most networks have the list of the one before */

static struct wr open_message; /* being filled */
static size_t open_mark;
static uint32_t open_hops;
static uint32_t open_prefixes;

static void link_zebra_closed(void *arg, const char *why)
{
	log_warn("channel-lost", "daemon=zebra-lite why=\"%s\"", why);
	ipc_free(channel);
	channel = NULL; /* its last word on next hops holds; a new channel comes from the parent */
	rib_work();
}

static void on_drained(void *arg)
{
	rib_work();
}

void link_zebra_channel(int fd, void (*frame)(void *arg, const struct ipc_frame *f))
{
	static struct ipc_handlers handlers = {NULL, link_zebra_closed, on_drained};
	struct zebra_hops *e;

	handlers.frame = frame;
	ipc_free(channel);
	wr_reset(&open_message);
	open_prefixes = 0;
	open_hops = 0;
	channel = ipc_new(fd, &handlers, NULL);
	channels++;
	LIST_FOREACH (e, &kept, link)
		e->awaited = 0; /* it may know nothing of them */
	synced = false;
	RIB_TABLES_FOREACH (t)
		replay[t->plane][t->family] = 1;
}

void link_zebra_mute(void)
{
	ipc_free(channel);
	channel = NULL;
}

const struct zebra_hops *link_zebra_told(const struct net *net)
{
	return net->hops ? by_id[net->hops] : NULL;
}

uint32_t link_zebra_number(void)
{
	return channels;
}

void link_zebra_free(void)
{
	ipc_free(channel);
	channel = NULL;
	wr_free(&open_message);
	open_message = (struct wr){0};
	for (uint32_t i = 1; i <= ids_high; i++)
		free(by_id[i]);
	free(by_id);
	by_id = NULL;
	free(ids_free);
	ids_free = NULL;
	ids_high = n_free = 0;
	ids_cap = cap_free = 0;
	last_ref = 0;
	hash_clear(&lists);
	LIST_INIT(&kept);
	memset(replay, 0, sizeof(replay));
}

bool link_zebra_full(void)
{
	return channel && ipc_full(channel);
}

bool link_zebra_overfull(void)
{
	return channel && ipc_queued(channel) > OVERFULL;
}

static void tell(enum msg_type type, const struct wr *w)
{
	if (channel)
		ipc_send(channel, type, daemon_generation(), w ? w->data : NULL, w ? w->len : 0);
}

void link_zebra_watch(const struct addr *a, bool on)
{
	struct wr w = {0};

	wr_hop(&w, a);
	tell(on ? MSG_NEXTHOP_WATCH : MSG_NEXTHOP_UNWATCH, &w);
	wr_free(&w);
}

/* The rest differs little among lists of the same addresses and weights. */
static uint32_t hops_hash(const struct route_hops *h)
{
	struct {
		struct addr addr;
		uint8_t weight;
	} key[ROUTE_HOPS_MAX];

	for (unsigned i = 0; i < h->n; i++) {
		key[i].addr = h->hop[i].addr;
		key[i].weight = h->hop[i].weight;
	}
	return hash_bytes(key, h->n * sizeof(key[0]));
}

static bool hops_eq(const struct zebra_hops *e, const struct route_hops *h, uint32_t kept_by)
{
	if (e->n != h->n || e->kept_by != kept_by)
		return false;
	for (unsigned i = 0; i < e->n; i++)
		if (e->hop[i].source != h->hop[i].source ||
		    e->hop[i].demotion != h->hop[i].demotion ||
		    e->hop[i].weight != h->hop[i].weight ||
		    !addr_eq(&e->hop[i].addr, &h->hop[i].addr))
			return false;
	return true;
}

bool link_zebra_has_told(const struct net *net, const struct route_hops *hops)
{
	const struct zebra_hops *e = link_zebra_told(net);

	return e ? hops_eq(e, hops, 0) : !hops->n;
}

static uint32_t hops_new_id(void)
{
	if (n_free)
		return ids_free[--n_free];
	by_id = xgrow(by_id, ++ids_high, &ids_cap, sizeof(*by_id));
	return ids_high;
}

static struct zebra_hops *new_entry(const struct route_hops *h, uint32_t hash, uint32_t kept_by)
{
	struct zebra_hops *e = xcalloc(1, sizeof(*e) + h->n * sizeof(e->hop[0]));

	e->id = hops_new_id();
	by_id[e->id] = e;
	e->n = h->n;
	memcpy(e->hop, h->hop, h->n * sizeof(e->hop[0]));
	hash_insert(&lists, &e->node, hash);
	e->kept_by = kept_by;
	e->awaited = kept_by ? HOPS_ALL(h->n) : 0;
	if (kept_by)
		LIST_INSERT_HEAD(&kept, e, link);
	return e;
}

/* The number of the list, with a reference; 0 for the empty one. */
static uint32_t hops_ref(const struct route_hops *h, uint32_t kept_by)
{
	struct hash_node *n;
	struct zebra_hops *e = NULL;
	uint32_t hash;

	if (!h->n)
		return 0;
	if (last_ref && by_id[last_ref] && hops_eq(by_id[last_ref], h, kept_by)) {
		by_id[last_ref]->refs++;
		return last_ref;
	}
	hash = hops_hash(h);
	for (n = hash_find(&lists, hash); n && !e; n = hash_find_next(n)) {
		e = container_of(n, struct zebra_hops, node);
		if (!hops_eq(e, h, kept_by))
			e = NULL;
	}
	if (!e)
		e = new_entry(h, hash, kept_by);
	e->refs++;
	return last_ref = e->id;
}

static void end_message(void)
{
	if (!open_prefixes)
		return;
	msg_end_routes(&open_message, open_mark, open_prefixes);
	if (channel)
		ipc_queue(channel, MSG_ROUTES, daemon_generation(), open_message.data,
			  open_message.len);
	wr_reset(&open_message);
	open_prefixes = 0;
}

static void hops_unref(uint32_t id)
{
	struct zebra_hops *e = id ? by_id[id] : NULL;

	if (!e || --e->refs > 0)
		return;
	if (id == open_hops)
		end_message(); /* before the number is another one's */
	hash_remove(&lists, &e->node);
	if (e->kept_by)
		LIST_REMOVE(e, link);
	by_id[id] = NULL;
	ids_free = xgrow(ids_free, n_free, &cap_free, sizeof(*ids_free));
	ids_free[n_free++] = id;
	free(e);
}

void link_zebra_flush(void)
{
	end_message();
	link_zebra_kick();
}

void link_zebra_kick(void)
{
	if (channel)
		ipc_kick(channel);
}

static void link_zebra_put(const struct rib_table *t, const struct net *net)
{
	struct prefix p = net_prefix(t, net);

	if (!channel)
		return; /* the replay of the next one says it */
	if (open_prefixes && (open_hops != net->hops || open_message.len > ROUTES_BYTES))
		end_message();
	if (!open_prefixes) {
		const struct zebra_hops *e = net->hops ? by_id[net->hops] : NULL;
		struct route_hops hops = {.n = e ? e->n : 0};

		if (e)
			memcpy(hops.hop, e->hop, e->n * sizeof(e->hop[0]));
		open_hops = net->hops;
		open_mark = msg_begin_routes(&open_message, &hops);
	}
	wr_prefix(&open_message, &p);
	open_prefixes++;
}

uint64_t link_zebra_epoch(void)
{
	return epoch;
}

void link_zebra_route(struct rib_table *t, uint32_t id, const struct route_hops *hops)
{
	struct net *net = net_at(t, id);
	uint32_t was = net->hops, at = replay[t->plane][t->family];

	net->hops = hops_ref(hops, 0);
	epoch += net->hops != was;
	/* What the replay has still to come to is said then. */
	if (net->hops != was && (!at || id < at || !net->hops))
		link_zebra_put(t, net);
	hops_unref(was);
}

void link_zebra_keep(struct rib_table *t, uint32_t id, const struct route_hops *hops)
{
	struct net *net = net_at(t, id);
	uint32_t was = net->hops;

	if (was && !by_id[was]->kept_by)
		return;
	net->hops = hops_ref(hops, channels);
	hops_unref(was);
}

void link_zebra_narrow(struct rib_table *t, uint32_t id, const struct route_hops *rest)
{
	struct net *net = net_at(t, id);
	uint32_t was = net->hops;

	if (by_id[was]->n == rest->n)
		return;
	net->hops = hops_ref(rest, by_id[was]->kept_by);
	link_zebra_put(t, net);
	hops_unref(was);
}

struct zebra_hops *link_zebra_kept(const struct net *net)
{
	struct zebra_hops *e = net->hops ? by_id[net->hops] : NULL;

	return e && e->kept_by ? e : NULL;
}

struct zebra_hops *link_zebra_next_kept(const struct zebra_hops *e)
{
	return e ? LIST_NEXT(e, link) : LIST_FIRST(&kept);
}

bool link_zebra_replay_some(unsigned n)
{
	bool more = false;

	if (!channel)
		return false;
	RIB_TABLES_FOREACH (t) {
		uint32_t *at = &replay[t->plane][t->family];

		for (; *at && n > 0 && !ipc_full(channel); n--) {
			const struct net *net;

			if (*at >= t->nets.high) {
				*at = 0;
				break;
			}
			net = net_at(t, (*at)++);
			if ((net->flags & NET_USED) && net->hops && !by_id[net->hops]->kept_by)
				link_zebra_put(t, net);
		}
		more |= *at != 0;
	}
	return more;
}

void link_zebra_settled(bool keep)
{
	if (!channel || synced || keep)
		return;
	RIB_TABLES_FOREACH (t)
		if (replay[t->plane][t->family])
			return;
	end_message();
	synced = true;
	log_info("routes-synced", "daemon=zebra-lite");
	tell(MSG_ROUTES_SYNC, NULL);
}
