/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations on the tables with neighbours of all kinds that read at their own pace: slow
 * ones, ones that stop, that come and go, ask for refreshes and change their groups. Whenever
 * everything was read, the table that each neighbour makes of the bytes it got must be what the
 * rules say; and what zebra-lite was told, on this channel alone, must be the ranked next hops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adjout_lag.h"
#include "community.h"
#include "decide.h"
#include "ipc.h"
#include "link_zebra.h"
#include "loop.h"
#include "neighbors.h"
#include "nexthop.h"
#include "peer_conf.h"
#include "policy.h"
#include "restart.h"
#include "rib.h"
#include "rib_decide.h"
#include "rib_fresh.h"
#include "rib_peer.h"
#include "rib_session.h"
#include "rib_update.h"
#include "session.h"
#include "session_proof.h"
#include "session_say.h"
#include "testing.h"
#include "trie.h"
#include "util.h"
#include "zebra_news.h"

#define PEERS 9
#define PREFIXES 200
#define QUANTUM 4096 /* lag_quantum, as long as a test has no other */
#define OWN_AS 65000u

/* What the tables need of the rest of the daemon. */
struct bgp bgp = {.as = OWN_AS,
		  .router_id = 0x0a000001,
		  .cluster_id = 0x0a000001,
		  .default_local_pref = 100,
		  .graceful_restart = {.restart_time = 120, .stale_time = 300}};
struct peer_list peers = TAILQ_HEAD_INITIALIZER(peers);

struct peer *peer_find(const struct addr *address)
{
	return NULL;
}

static struct peer *peer_from(struct peer *p, const struct addr *way)
{
	while (p && !addr_eq(&p->conf.address, way))
		p = TAILQ_NEXT(p, link);
	return p;
}

struct peer *peer_first_at(const struct addr *way)
{
	return peer_from(TAILQ_FIRST(&peers), way);
}

struct peer *peer_next_at(const struct peer *p, const struct addr *way)
{
	return peer_from(TAILQ_NEXT(p, link), way);
}

struct addr peer_hop(const struct peer *p)
{
	return p->conf.address;
}

bool peer_is_client(const struct peer *p)
{
	return !p->ebgp && p->conf.route_reflector_client;
}

bool peer_groups_listen(void)
{
	return false;
}

static unsigned kicks;

void session_kick(struct peer *p)
{
	kicks++;
}

void session_stop(struct peer *p, uint8_t subcode, const char *why)
{
}

void session_path_changed(struct peer *p, bool up)
{
}

void session_tunnel_dead(struct peer *p, enum reason why)
{
}

bool session_prove(struct peer *p, uint64_t since)
{
	return false;
}

const struct session_hooks *session_hooks;

void session_hooks_open(const struct session_hooks *hooks)
{
	session_hooks = hooks;
}

void neighbor_delete(struct peer *p)
{
}

/* A neighbour as seen from its own side. */
struct entry {
	struct trie_node node;
	struct attr *attr;
};
struct far_end {
	struct peer peer;
	struct trie table;
	struct wr stream; /* bytes not decoded yet */
	unsigned pace;	  /* bytes at a time, 0: reads nothing */
	unsigned eor, spurious, updates;
};
static struct far_end ends[PEERS];

static void clear_table(struct far_end *e)
{
	for (struct trie_node *n = trie_first(&e->table), *next; n; n = next) {
		struct entry *entry = container_of(n, struct entry, node);

		next = trie_next(&e->table, n);
		trie_remove(&e->table, n);
		attr_unref(entry->attr);
		free(entry);
	}
	wr_reset(&e->stream);
	e->eor = 0;
}

static void far_announce(struct far_end *e, const struct prefix *p, struct attr *a)
{
	struct trie_node *n = trie_exact(&e->table, p);
	struct entry *entry = n ? container_of(n, struct entry, node) : xcalloc(1, sizeof(*entry));

	if (!n)
		trie_insert(&e->table, &entry->node, p);
	attr_unref(entry->attr);
	entry->attr = attr_ref(a);
}

static void far_withdraw(struct far_end *e, const struct prefix *p)
{
	struct trie_node *n = trie_exact(&e->table, p);

	if (!n) {
		e->spurious++;
		return;
	}
	trie_remove(&e->table, n);
	attr_unref(container_of(n, struct entry, node)->attr);
	free(container_of(n, struct entry, node));
}

static void far_update(struct far_end *e, const uint8_t *body, size_t len)
{
	struct update_context ctx = {.ebgp = e->peer.ebgp,
				     .four_octet = e->peer.four_octet,
				     .family = {true, true},
				     .as = OWN_AS,
				     .aigp = true};
	struct update u;
	struct bgp_error error;
	struct prefix p;

	e->updates++;
	assert_int_equal(update_decode(body, len, &ctx, &u, &error), 0);
	assert_false(u.treat_as_withdraw);
	for (int i = 0; i < 2; i++) {
		while (nlri_next(&u.withdrawn[i], &p))
			far_withdraw(e, &p);
		while (nlri_next(&u.announced[i], &p))
			far_announce(e, &p, i ? u.mp_attr : u.attr);
		e->eor += u.eor[i];
	}
	update_release(&u);
}

static void far_decode(struct far_end *e)
{
	size_t at = 0;

	while (e->stream.len - at >= BGP_HEADER_BYTES) {
		const uint8_t *m = e->stream.data + at;
		size_t len = (size_t)m[16] << 8 | m[17];

		assert_in_range(len, BGP_HEADER_BYTES, BGP_MESSAGE_MAX);
		if (e->stream.len - at < len)
			break;
		assert_int_equal(m[18], BGP_UPDATE);
		far_update(e, m + BGP_HEADER_BYTES, len - BGP_HEADER_BYTES);
		at += len;
	}
	if (at)
		memmove(e->stream.data, e->stream.data + at, e->stream.len - at);
	e->stream.len -= at;
}

/* Takes at most MAX bytes; true when there were any. */
static bool far_read(struct far_end *e, size_t max)
{
	struct iovec iov[4];
	size_t taken = 0;
	int n = adjout_next(&e->peer, iov, 4);

	for (int i = 0; i < n && taken < max; i++) {
		size_t part = iov[i].iov_len < max - taken ? iov[i].iov_len : max - taken;

		wr_bytes(&e->stream, iov[i].iov_base, part);
		taken += part;
	}
	if (taken)
		adjout_sent(&e->peer, taken);
	far_decode(e);
	return taken > 0;
}

static struct prefix prefix_number(unsigned i)
{
	uint8_t b4[4] = {10, 1, (uint8_t)i, 0}, b6[16] = {0xfd, 1, (uint8_t)i};

	return i % 4 ? prefix_make(AF_INET, b4, 24) : prefix_make(AF_INET6, b6, 48);
}

static struct addr nexthop_number(unsigned i, uint8_t family)
{
	struct addr a = {.family = family, .b = {10, 99, 0, (uint8_t)(i + 2)}};

	if (family == AF_INET6)
		memcpy(a.b, (uint8_t[16]){0xfd, 0x99, [15] = (uint8_t)(i + 2)}, 16);
	return a;
}

static struct attr *random_attr(const struct peer *p, unsigned from, uint8_t family)
{
	struct attr_edit *e = attr_edit_begin(NULL);
	struct addr nexthop = nexthop_number(random() % 3 ? from : random() % PEERS, family);
	struct attr *a;

	attr_edit_nexthop(e, &nexthop);
	attr_edit_prepend(e, 65100 + random() % 3, 1 + random() % 3);
	if (p->ebgp)
		attr_edit_prepend(e, p->as, 1);
	else
		attr_edit_local_pref(e, true, random() % 8 ? 100 + random() % 2 : 0);
	if (random() % 2)
		attr_edit_med(e, true, random() % 3);
	if (random() % 8 == 0)
		attr_edit_aigp(e, true, random() % 3);
	if (random() % 16 == 0)
		attr_edit_community(e, true,
				    random() % 2 ? COMMUNITY_NO_EXPORT : COMMUNITY_NO_ADVERTISE);
	if (random() % 8 == 0)
		attr_edit_link_bandwidth(e, 65100, 1 + random() % 2);
	if (!p->ebgp && random() % 8 == 0)
		attr_edit_originator(e, 0x0b000000 + random() % 4);
	a = attr_edit_finish(e);
	return a;
}

/* An UPDATE of E that announces the prefixes in NLRI with A, or withdraws them. */
static void tell(struct far_end *e, bool announce, struct attr *a, const struct wr *nlri,
		 uint8_t family)
{
	int part = family == AF_INET6;
	struct update u = {0};

	if (announce)
		u.attr = u.mp_attr = a;
	(announce ? u.announced : u.withdrawn)[part] =
		(struct nlri_iter){nlri->data, nlri->data + nlri->len, family};
	rib_update(&e->peer, &u);
}

static void op_update(unsigned from, bool announce)
{
	struct far_end *e = &ends[from];
	unsigned first = random() % PREFIXES, n = 1 + random() % 20;
	uint8_t family = random() % 4 ? AF_INET : AF_INET6;
	struct attr *a = random_attr(&e->peer, from, family);
	struct wr w = {0};

	if (!e->peer.rib->up) {
		attr_unref(a);
		return;
	}
	for (unsigned i = first; i < first + n; i++) {
		struct prefix p = prefix_number(i % PREFIXES);

		if (p.family == family)
			nlri_put(&w, &p);
	}
	if (!w.len) {
		attr_unref(a);
		return;
	}
	tell(e, announce, a, &w, family);
	wr_free(&w);
	attr_unref(a);
}

/* zebra-lite's side of the channel. */
struct told {
	struct trie_node node;
	struct route_hops hops;
};
static struct ipc *zebra;
static struct trie fib;
static bool zebra_synced;
static enum reach reach[PEERS];
static uint32_t cost[PEERS];
static bool weak[PEERS], draining[PEERS];

static void hear(const struct addr *a)
{
	unsigned i = a->b[a->family == AF_INET ? 3 : 15] - 2u;
	struct msg_nexthop m = {
		.addr = *a,
		.reach = reach[i % PEERS],
		.reason = draining[i % PEERS] ? REASON_DRAINING : REASON_NONE,
		.weak = weak[i % PEERS],
		.cost = cost[i % PEERS],
		.tunnel = true,
		.ifname = {'a' + a->b[a->family == AF_INET ? 3 : 15] % 4},
	};
	struct wr w = {0};

	msg_put_nexthop(&w, &m);
	ipc_send(zebra, MSG_NEXTHOP, 0, w.data, w.len);
	wr_free(&w);
}

static void told_one(const struct prefix *p, const struct route_hops *hops)
{
	struct trie_node *n = trie_exact(&fib, p);
	struct told *t = n ? container_of(n, struct told, node) : NULL;

	if (!hops->n) {
		if (n)
			trie_remove(&fib, n);
		free(t);
		return;
	}
	if (!t) {
		t = xcalloc(1, sizeof(*t));
		trie_insert(&fib, &t->node, p);
	}
	t->hops = *hops;
}

static void on_told(void *arg, const struct ipc_frame *f)
{
	struct msg_routes m;
	struct addr a;

	if (f->type == MSG_NEXTHOP_WATCH) {
		assert_int_equal(msg_get_addr(f->body, f->len, &a), 0);
		hear(&a);
	} else if (f->type == MSG_ROUTES) {
		assert_int_equal(msg_get_routes(f->body, f->len, &m), 0);
		for (uint32_t i = 0; i < m.n_prefixes; i++)
			told_one(&m.prefixes[i], &m.hops);
		msg_free_routes(&m);
	} else if (f->type == MSG_ROUTES_SYNC) {
		zebra_synced = true;
	}
}

static void forget_told(void)
{
	ipc_free(zebra);
	zebra = NULL;
	for (struct trie_node *n = trie_first(&fib), *next; n; n = next) {
		next = trie_next(&fib, n);
		trie_remove(&fib, n);
		free(container_of(n, struct told, node));
	}
}

static void on_gone(void *arg, const char *why)
{
}

static void new_zebra(void)
{
	static const struct ipc_handlers handlers = {on_told, on_gone, NULL};
	int fds[2];

	forget_told();
	zebra_synced = false;
	assert_int_equal(ipc_pair(fds), 0);
	zebra = ipc_new(fds[0], &handlers, NULL);
	zebra_channel(fds[1]);
}

static void op_nexthop(unsigned i)
{
	struct addr a;

	reach[i] = random() % 3 ? REACH_UP : REACH_DOWN + random() % 2;
	cost[i] = random() % 3;
	weak[i] = reach[i] == REACH_DOWN && random() % 2;
	draining[i] = reach[i] == REACH_DEGRADED && random() % 2;
	for (int v6 = 0; v6 < 2; v6++) {
		a = nexthop_number(i, v6 ? AF_INET6 : AF_INET);
		hear(&a);
	}
}

static bool is_told(const struct told *told, const struct addr *hop, unsigned from)
{
	for (unsigned i = from; i < told->hops.n; i++)
		if (addr_eq(&told->hops.hop[i].addr, hop))
			return true;
	return false;
}

/* Behind the first RANK next hops stand those of the paths that only wait for their tunnel. */
static void check_waiting(const struct told *told, const struct net *net, unsigned rank)
{
	unsigned waiting = 0;

	for (unsigned i = rank; i < told->hops.n; i++) {
		bool found = false;

		for (uint32_t id = net->paths; id; id = path_at(id)->next)
			found |= path_at(id)->reason == REASON_TUNNEL_DOWN &&
				 addr_eq(&path_at(id)->attr->nexthop, &told->hops.hop[i].addr);
		assert_true(found);
		assert_false(is_told(told, &told->hops.hop[i].addr, i + 1));
		waiting++;
	}
	for (uint32_t id = net->paths; id && rank + waiting < ROUTE_HOPS_MAX;
	     id = path_at(id)->next)
		if (path_at(id)->reason == REASON_TUNNEL_DOWN)
			assert_true(is_told(told, &path_at(id)->attr->nexthop, 0));
}

/* Leaves those that may share with BEST, beside the RANK next hops in front. */
static unsigned keep_sharing(struct candidate *c, unsigned n, const struct candidate *best,
			     const struct told *told, unsigned rank)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct addr *hop = &path_at(c[i].path)->attr->nexthop;
		bool ok = decide_ties(best, &c[i], bgp.multipath.as_path_relax, true);

		for (unsigned k = 0; k < rank; k++)
			ok = ok && told->hops.hop[k].addr.b[hop->family == AF_INET ? 3 : 15] % 4 !=
					   hop->b[hop->family == AF_INET ? 3 : 15] % 4;
		if (ok)
			c[kept++] = c[i];
	}
	return rank < (best->ebgp ? bgp.multipath.ebgp : bgp.multipath.ibgp) ? kept : 0;
}

/* The ranked next hops of NET by asking for the best again and again. */
static void check_told(const struct prefix *p, const struct net *net)
{
	struct trie_node *n = trie_exact(&fib, p);
	const struct told *told = n ? container_of(n, struct told, node) : NULL;
	uint32_t left[PEERS + 1];
	unsigned n_left = 0, rank = 0;
	struct candidate first = {0};
	bool sharing = true;

	for (uint32_t id = net ? net->paths : 0; id; id = path_at(id)->next)
		if (path_at(id)->flags & PATH_ELIGIBLE)
			left[n_left++] = id;
	if (n_left && path_at(net->paths)->peer == PEER_LOCAL)
		n_left = 0;
	while (n_left && rank < ROUTE_HOPS_MAX) {
		struct candidate c[PEERS + 1], shares[PEERS + 1];
		unsigned kept = 0, n_c = 0, n_shares = 0;
		const struct path *best;

		for (unsigned i = 0; i < n_left; i++)
			if (path_at(left[i])->peer != PEER_LOCAL)
				c[n_c++] = rib_candidate(left[i]);
		if (!n_c)
			break;
		if (rank > 0 && sharing && told) {
			memcpy(shares, c, sizeof(shares));
			n_shares = keep_sharing(shares, n_c, &first, told, rank);
			sharing = n_shares > 0;
		}
		if (n_shares) {
			best = path_at(shares[decide(shares, n_shares)].path);
		} else {
			unsigned at = decide(c, n_c);

			best = path_at(c[at].path);
			if (rank == 0)
				first = c[at];
		}
		if (!told || rank >= told->hops.n)
			fail_msg("%s: too few next hops", PREFIX_STR(p));
		assert_true(addr_eq(&told->hops.hop[rank].addr, &best->attr->nexthop));
		assert_int_equal(told->hops.hop[rank].source,
				 path_is_ebgp(best) ? ROUTE_EBGP : ROUTE_IBGP);
		assert_int_equal(told->hops.hop[rank].demotion,
				 best->attr->has_local_pref && !best->attr->local_pref
					 ? DEMOTED
					 : DEMOTED_NOT);
		if (rank > 0)
			assert_int_equal(told->hops.hop[rank].weight > 0, n_shares > 0);
		if (rank == 1)
			assert_int_equal(told->hops.hop[0].weight > 0, n_shares > 0);
		rank++;
		for (unsigned i = 0; i < n_left; i++)
			if (!addr_eq(&path_at(left[i])->attr->nexthop, &best->attr->nexthop))
				left[kept++] = left[i];
		n_left = kept;
	}
	if (told && !rank)
		fail_msg("%s: told without an eligible path", PREFIX_STR(p));
	if (told)
		check_waiting(told, net, rank);
}

static void op_session(unsigned i)
{
	struct far_end *e = &ends[i];

	if (e->peer.rib->up) {
		e->peer.state = PEER_IDLE;
		session_hooks->down(&e->peer, random() % 2, REASON_SESSION_DOWN);
		clear_table(e);
	} else {
		e->peer.state = PEER_ESTABLISHED;
		session_hooks->up(&e->peer);
	}
}

/* An external neighbour without a policy is sent nothing. */
static void set_export(struct peer *p, bool on)
{
	json_t *names = json_pack("[s]", "all"), *config = json_object();

	policy_chain_free(p->conf.export);
	p->conf.export = on ? policy_chain_new(config, names) : NULL;
	json_decref(names);
	json_decref(config);
}

static void op_regroup(unsigned i)
{
	struct peer *p = &ends[i].peer;

	if (p->ebgp && random() % 2)
		set_export(p, !p->conf.export);
	else if (random() % 2)
		p->conf.next_hop_self = !p->conf.next_hop_self;
	else
		p->local.b[3] = 1 + random() % 2;
	adjout_regroup(p);
}

static void op_local(void)
{
	struct prefix p = prefix_number(random() % PREFIXES);

	rib_set_local(&p, random() % 2 ? attr_edit_finish(attr_edit_begin(NULL)) : NULL,
		      random() % 4 ? REASON_NONE : REASON_IMPORT_CHECK);
}

static void spin(void)
{
	for (int i = 0; i < 5; i++)
		event_base_loop(loop_base(), EVLOOP_NONBLOCK);
}

static void settle(void)
{
	bool any = true;

	while (any) {
		spin();
		any = !rib_settled() || !zebra_synced;
		for (unsigned i = 0; i < PEERS; i++)
			if (ends[i].peer.rib->up)
				any |= far_read(&ends[i], SIZE_MAX) ||
				       lag_has_pending(ends[i].peer.out);
	}
}

/* The rules, told once more: what P is to have of the best path; NULL: nothing. */
static struct attr *expected(const struct peer *p, const struct path *best, uint8_t family)
{
	const struct peer_rib *from = peer_rib_by_id(best->peer);
	struct attr_edit *e;
	unsigned hop, i = p->conf.address.b[3] - 2u;
	struct addr self = family == AF_INET ? p->local : p->local6;

	if (from == p->rib || attr_community_has(best->attr, COMMUNITY_NO_ADVERTISE) ||
	    (p->ebgp && attr_community_has(best->attr, COMMUNITY_NO_EXPORT)) ||
	    (p->ebgp && !p->conf.export))
		return NULL;
	if (from && !from->ebgp && !p->ebgp && !peer_is_client(p) && !peer_is_client(from->peer))
		return NULL;
	if (from && addr_eq(&best->attr->nexthop, &p->conf.address))
		return NULL;
	hop = best->attr->nexthop.b[family == AF_INET ? 3 : 15] - 2u;
	e = attr_edit_begin(best->attr);
	if (draining[i])
		attr_edit_community(e, true, COMMUNITY_GRACEFUL_SHUTDOWN);
	if (!from || p->ebgp || p->conf.next_hop_self) {
		attr_edit_nexthop(e, &self);
		if (family == AF_INET6)
			attr_edit_nexthop_ll(e, &p->local_ll);
		if (from && best->attr->has_aigp && p->conf.aigp)
			attr_edit_aigp(e, true, attr_aigp(best->attr) + cost[hop]);
	}
	if (!p->conf.aigp)
		attr_edit_aigp(e, false, 0);
	if (p->ebgp) {
		attr_edit_drop_internal(e);
		attr_edit_drop_nontransitive(e, false);
		if (from)
			attr_edit_med(e, false, 0);
		attr_edit_prepend(e, OWN_AS, 1);
	} else {
		if (!best->attr->has_local_pref)
			attr_edit_local_pref(e, true, 100);
		if (draining[i] || (from && p->conf.next_hop_self && reach[hop] != REACH_UP))
			attr_edit_local_pref(e, true, 0);
		if (from && p->conf.next_hop_self && reach[hop] == REACH_DOWN)
			attr_edit_community(e, true, COMMUNITY_LLGR_STALE);
		if (from && !from->ebgp) {
			if (!best->attr->has_originator)
				attr_edit_originator(e, from->router_id);
			attr_edit_cluster_prepend(e, bgp.cluster_id);
		}
	}
	return attr_edit_finish(e);
}

/* It is from an internal neighbour, and neither that nor P is a client. */
static bool between_others(const struct peer *p, const struct path *best)
{
	const struct peer_rib *from = peer_rib_by_id(best->peer);

	return from && from != p->rib && !from->ebgp && !p->ebgp && !peer_is_client(p) &&
	       !peer_is_client(from->peer) &&
	       !attr_community_has(best->attr, COMMUNITY_NO_ADVERTISE);
}

static uint32_t not_sent(const struct peer *p, enum reason why)
{
	for (unsigned i = 0; i < ADJOUT_WITHHELD; i++)
		if (adjout_withheld[i] == why)
			return adjout_not_sent(p, BGP_IPV4, i) + adjout_not_sent(p, BGP_IPV6, i);
	fail();
	return 0;
}

/* One that was told everything reads the log alone, and keeps no room for more. */
static void check_member(const struct adjout_member *m)
{
	assert_false(m->owes_eor);
	if (m->lagging) /* it has still to find that there is nothing for it */
		return;
	assert_null(m->own.data);
	assert_int_equal(adjout_log_lag(&m->group->log, &m->at), 0);
	for (int f = 0; f < BGP_FAMILIES; f++)
		assert_true(!m->pending[f].words && !m->had[f].words && !m->refresh[f]);
}

static void check_end(struct far_end *e)
{
	size_t n = 0, not_clients = 0;

	assert_int_equal(e->stream.len, 0);
	assert_int_equal(e->eor, 2);
	for (unsigned i = 0; i < PREFIXES; i++) {
		struct prefix p = prefix_number(i);
		struct rib_table *t = rib_table_for(&p);
		uint32_t id = net_find(t, &p);
		struct net *net = id ? net_at(t, id) : NULL;
		struct trie_node *node = trie_exact(&e->table, &p);
		struct attr *want = NULL;

		if (net && (net->flags & NET_BEST))
			want = expected(&e->peer, path_at(net->paths), p.family);
		not_clients += net && (net->flags & NET_BEST) &&
			       between_others(&e->peer, path_at(net->paths));
		if (want && !node)
			fail_msg("%s lacks %s", ADDR_STR(&e->peer.conf.address), PREFIX_STR(&p));
		if (!want && node)
			fail_msg("%s still has %s", ADDR_STR(&e->peer.conf.address),
				 PREFIX_STR(&p));
		if (want && container_of(node, struct entry, node)->attr != want)
			fail_msg("%s has another %s", ADDR_STR(&e->peer.conf.address),
				 PREFIX_STR(&p));
		n += want != NULL;
		attr_unref(want);
	}
	assert_int_equal(e->table.count, n);
	assert_int_equal(not_sent(&e->peer, REASON_NOT_A_CLIENT), not_clients);
	assert_int_equal(not_sent(&e->peer, REASON_NO_OWN_ADDRESS), 0);
	assert_int_equal(adjout_prefixes(&e->peer, BGP_IPV4) + adjout_prefixes(&e->peer, BGP_IPV6),
			 n);
	check_member(e->peer.out);
}

static void check_all(void)
{
	for (unsigned i = 0; i < PEERS; i++)
		rib_fresh_end(ends[i].peer.rib);
	settle();
	for (unsigned i = 0; i < PEERS; i++)
		if (ends[i].peer.rib->up)
			check_end(&ends[i]);
	for (unsigned i = 0; i < PREFIXES; i++) {
		struct prefix p = prefix_number(i);
		struct rib_table *t = rib_table_for(&p);
		uint32_t id = net_find(t, &p);

		check_told(&p, id ? net_at(t, id) : NULL);
		for (uint32_t at = id ? net_at(t, id)->paths : 0; at; at = path_at(at)->next)
			assert_false(path_has_no_future(path_at(at)));
	}
}

static void set_up(void)
{
	json_t *names = json_pack("[s]", "all"), *config = json_object();

	rib_start();
	for (unsigned i = 0; i < PEERS; i++) {
		struct peer *p = &ends[i].peer;

		ends[i] = (struct far_end){0};
		p->conf.address = nexthop_number(i, AF_INET);
		p->ebgp = i < 4;
		p->as = p->ebgp ? 65001 + i : OWN_AS;
		p->conf.route_reflector_client = i >= 4 && i < 7;
		p->conf.import = policy_chain_new(config, names);
		p->conf.export = i == 3 ? NULL : policy_chain_new(config, names);
		p->router_id = 0x0b000000 + i;
		p->local = (struct addr){.family = AF_INET, .b = {10, 99, 0, 1}};
		p->local6 = (struct addr){.family = AF_INET6, .b = {0xfd, 0x99, [15] = 1}};
		if (i % 3 == 2)
			p->local_ll =
				(struct addr){.family = AF_INET6, .b = {0xfe, 0x80, [15] = 1}};
		p->family[BGP_IPV4] = p->family[BGP_IPV6] = true;
		p->four_octet = i != 1;
		p->gr = p->gr_forwarding[0] = p->gr_forwarding[1] = true;
		p->gr_time = 1000;
		p->conf.aigp = i % 2;
		TAILQ_INSERT_TAIL(&peers, p, link);
		nexthop_watch_neighbor(&p->conf.address);
		rib_session_new(p);
	}
	json_decref(names);
	json_decref(config);
	restart_begin();
	new_zebra();
	spin();
}

static void tear_down(void)
{
	struct peer *p;

	rib_stop();
	forget_told();
	while ((p = TAILQ_FIRST(&peers))) {
		struct far_end *e = container_of(p, struct far_end, peer);

		TAILQ_REMOVE(&peers, p, link);
		clear_table(e);
		wr_free(&e->stream);
		policy_chain_free(p->conf.import);
		policy_chain_free(p->conf.export);
	}
	assert_int_equal(attr_count(), 0);
}

static void random_operations(void **state)
{
	unsigned seed = test_seed(), spurious = 0, updates = 0;

	srandom(seed);
	adjout_lag_max = 2000;
	lag_quantum = 1 + random() % 60;
	set_up();
	bgp.last_path = random() % 2;
	bgp.multipath.ebgp = 1 + random() % 4;
	bgp.multipath.ibgp = 1 + random() % 4;
	bgp.multipath.as_path_relax = random() % 2;
	for (unsigned i = 0; i < PEERS; i++) {
		reach[i] = REACH_UP;
		op_session(i);
	}
	for (int round = 0; round < 6000; round++) {
		unsigned i = random() % PEERS, what = random() % 100;

		if (what < 45)
			op_update(i, true);
		else if (what < 75)
			op_update(i, false);
		else if (what < 80)
			op_nexthop(i);
		else if (what < 82)
			op_session(i);
		else if (what < 84)
			op_regroup(i);
		else if (what < 86)
			adjout_refresh(&ends[i].peer, random() % 2);
		else if (what < 88)
			rib_end_of_rib(&ends[i].peer, random() % 2);
		else if (what < 92)
			op_local();
		else if (what == 92 && random() % 4 == 0)
			new_zebra();
		else
			ends[i].pace = random() % 3 ? 1 + random() % 3000 : 0;
		if (random() % 3)
			event_base_loop(loop_base(), EVLOOP_NONBLOCK);
		for (i = 0; i < PEERS; i++)
			if (ends[i].peer.rib->up && ends[i].pace)
				far_read(&ends[i], 1 + random() % ends[i].pace);
		if (round % 100 == 99)
			check_all();
	}
	for (unsigned i = 0; i < PEERS; i++) {
		spurious += ends[i].spurious;
		updates += ends[i].updates;
	}
	print_message("%u updates, %u needless withdrawals\n", updates, spurious);
	assert_in_range(spurious, 0, updates / 50);
	tear_down();
	lag_quantum = QUANTUM;
}

/* A policy that adds 60 communities. */
static struct policy_chain *lengthening(void)
{
	json_t *add = json_array(), *names = json_pack("[s]", "longer"), *config;
	struct policy_chain *c;

	for (int i = 0; i < 60; i++)
		json_array_append_new(add, json_sprintf("65000:%d", i));
	config = json_pack("{s:[{s:s, s:s, s:[{s:s, s:{s:o}, s:s}]}]}", "wgbgp-policy:policy",
			   "name", "longer", "default", "accept", "term", "name", "1", "set",
			   "community-add", add, "then", "accept");
	c = policy_chain_new(config, names);
	json_decref(names);
	json_decref(config);
	return c;
}

/* What the export policy made longer than a message is not announced, to a peer of either kind. */
static void too_long(void **state)
{
	struct wr nlri = {0};
	struct prefix p = prefix_number(1);
	struct addr nexthop = nexthop_number(0, AF_INET);
	struct attr_edit *e;
	struct attr *a;

	for (unsigned i = 0; i < PEERS; i++)
		reach[i] = REACH_UP; /* before zebra-lite is asked the first time */
	set_up();
	for (unsigned i = 0; i < 3; i++) {
		policy_chain_free(ends[i].peer.conf.export);
		ends[i].peer.conf.export = lengthening();
	}
	for (unsigned i = 0; i < PEERS; i++)
		op_session(i);
	e = attr_edit_begin(NULL);
	attr_edit_nexthop(e, &nexthop);
	attr_edit_prepend(e, ends[0].peer.as, 1);
	for (uint32_t i = 0; i < 960; i++)
		attr_edit_community(e, true, 65100u << 16 | i);
	a = attr_edit_finish(e);
	nlri_put(&nlri, &p);
	tell(&ends[0], true, a, &nlri, AF_INET);
	settle(); /* no message beyond the limit: far_decode() looks */
	assert_null(trie_exact(&ends[1].table, &p));
	assert_null(trie_exact(&ends[2].table, &p));
	assert_non_null(trie_exact(&ends[4].table, &p));
	attr_unref(a);
	wr_free(&nlri);
	tear_down();
}

/* N communities and numbers that two octets do not hold; at times so many of these instead of
 * communities that the limit is met where they are sent twice, AS_TRANS and AS4_PATH. */
static struct attr *long_set(unsigned n, uint8_t family)
{
	struct attr_edit *e = attr_edit_begin(NULL);
	struct addr nexthop = nexthop_number(0, family);
	unsigned wide = random() % 2 ? 1 + random() % 3 : 200;

	if (wide == 200)
		n -= wide + wide / 2;
	attr_edit_nexthop(e, &nexthop);
	attr_edit_prepend(e, 4200000000, wide);
	attr_edit_prepend(e, ends[0].peer.as, 1);
	for (uint32_t i = 0; i < n; i++)
		attr_edit_community(e, true, 65100u << 16 | i);
	return attr_edit_finish(e);
}

/* Whether a message holds what P is to have of it. */
static bool has_room(const struct peer *p, const struct prefix *prefix)
{
	struct rib_table *t = rib_table_for(prefix);
	struct net *net = net_at(t, net_find(t, prefix));
	struct attr *want = expected(p, path_at(net->paths), prefix->family);
	struct wr w = {0};
	size_t len = BGP_HEADER_BYTES + 4 + (prefix->family == AF_INET ? 0 : 25);

	len += want->has_nexthop_ll ? 16 : 0;
	attr_put(&w, want, prefix->family == AF_INET, p->four_octet);
	len += w.len + nlri_bytes(prefix);
	attr_unref(want);
	wr_free(&w);
	return len <= BGP_MESSAGE_MAX;
}

/* What fits is sent, to the byte; what does not is counted. */
static void message_limit(void **state)
{
	unsigned seed = test_seed(), sent = 0, kept = 0;

	srandom(seed);
	for (unsigned i = 0; i < PEERS; i++)
		reach[i] = REACH_UP;
	set_up();
	for (unsigned i = 0; i < PEERS; i++)
		op_session(i);
	for (int round = 0; round < 400; round++) {
		uint8_t family = random() % 2 ? AF_INET : AF_INET6;
		uint8_t bytes[16] = {family == AF_INET ? 10 : 0xfd, 1, 2, 3, 4, 5, 6, 7};
		struct prefix p = prefix_make(family, bytes, 8 + random() % 25);
		struct attr *a = long_set(985 + random() % 40, family);
		struct wr nlri = {0};

		nlri_put(&nlri, &p);
		tell(&ends[0], true, a, &nlri, family);
		settle();
		for (unsigned i = 1; i < PEERS; i++) {
			const struct peer *to = &ends[i].peer;
			bool room = i != 3 && has_room(to, &p);

			if ((trie_exact(&ends[i].table, &p) != NULL) != room)
				fail_msg("neighbour %u, %s: room %d", i, PREFIX_STR(&p), room);
			assert_int_equal(not_sent(to, REASON_TOO_LONG), i != 3 && !room);
			sent += room;
			kept += i != 3 && !room;
		}
		tell(&ends[0], false, NULL, &nlri, family);
		settle();
		assert_int_equal(not_sent(&ends[1].peer, REASON_TOO_LONG), 0);
		attr_unref(a);
		wr_free(&nlri);
	}
	assert_true(sent > 500 && kept > 500);
	tear_down();
}

/* Neighbour FROM announces (LOCAL_PREF, where it is internal) or withdraws the prefix with number
 * 1, next hop itself. */
static void say(unsigned from, bool announce, uint32_t local_pref)
{
	struct wr nlri = {0};
	struct prefix p = prefix_number(1);
	struct addr nexthop = nexthop_number(from, AF_INET);
	struct attr_edit *e = attr_edit_begin(NULL);
	struct attr *a;

	attr_edit_nexthop(e, &nexthop);
	attr_edit_local_pref(e, true, local_pref);
	a = attr_edit_finish(e);
	nlri_put(&nlri, &p);
	tell(&ends[from], announce, a, &nlri, AF_INET);
	attr_unref(a);
	wr_free(&nlri);
	settle();
}

/* By whom zebra-lite sends, and neighbour 8 was told; and why another one is not used. */
static void expect_by(unsigned first, unsigned other, enum reason lost_by)
{
	struct prefix p = prefix_number(1);
	struct rib_table *t = rib_table_for(&p);
	const struct net *net = net_at(t, net_find(t, &p));
	struct trie_node *n = trie_exact(&fib, &p);
	struct addr nexthop = nexthop_number(first, AF_INET);

	assert_non_null(n);
	assert_true(addr_eq(&container_of(n, struct told, node)->hops.hop[0].addr, &nexthop));
	assert_int_equal(path_at(net->paths)->peer, ends[first].peer.rib->id);
	assert_int_equal(path_at(path_of_peer(net, ends[other].peer.rib->id))->reason, lost_by);
	n = trie_exact(&ends[8].table, &p);
	assert_non_null(n);
	assert_true(addr_eq(&container_of(n, struct entry, node)->attr->nexthop, &nexthop));
}

/* Its session comes (again), and stays as fresh as it is. */
static void comes_up(unsigned i, bool retained)
{
	struct far_end *e = &ends[i];

	if (e->peer.rib->up)
		session_hooks->down(&e->peer, retained, REASON_SESSION_DOWN);
	clear_table(e);
	e->peer.state = PEER_ESTABLISHED;
	session_hooks->up(&e->peer);
	timer_stop(&e->peer.rib->fresh_timer);
}

/* Whose session has just come up takes nothing off a path in use, but is better than none. */
static void fresh_session(void **state)
{
	for (unsigned i = 0; i < PEERS; i++)
		reach[i] = REACH_UP;
	set_up();
	for (unsigned i = 4; i < PEERS; i++)
		comes_up(i, false);
	rib_fresh_end(ends[4].peer.rib);
	say(4, true, 100);
	say(5, true, 200);
	expect_by(4, 5, REASON_SESSION_FRESH);
	/* Its time is over. */
	rib_fresh_end(ends[5].peer.rib);
	settle();
	expect_by(5, 4, REASON_LOWER_LOCAL_PREF);
	/* The path in use goes first. */
	say(6, true, 300);
	expect_by(5, 6, REASON_SESSION_FRESH);
	say(5, false, 0);
	expect_by(6, 4, REASON_LOWER_LOCAL_PREF);
	/* Both have just come up. */
	comes_up(4, false);
	say(4, true, 400);
	expect_by(4, 6, REASON_LOWER_LOCAL_PREF);
	rib_fresh_end(ends[4].peer.rib);
	rib_fresh_end(ends[6].peer.rib);
	say(6, true, 500);
	expect_by(6, 4, REASON_LOWER_LOCAL_PREF);
	/* What was kept over a restart was in use all the time. */
	comes_up(6, true);
	say(6, true, 600);
	expect_by(6, 4, REASON_LOWER_LOCAL_PREF);
	assert_false(ends[6].peer.rib->fresh);
	tear_down();
}

/* Lines that say of routes not sent, in the file FD. */
static unsigned lines_of_withheld(int fd)
{
	static char text[65536];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	unsigned lines = 0;

	text[n > 0 ? n : 0] = '\0';
	for (const char *at = text; (at = strstr(at, "routes-not-sent")); at++)
		lines++;
	return lines;
}

#define MANY 6000 /* more than a turn's */

/* Groups that were not sent a route as neither side is a client. */
static unsigned groups_without(void)
{
	uint32_t ids[PEERS];
	unsigned n = 0, k;

	for (unsigned i = 4; i < PEERS; i++) {
		struct peer *p = &ends[i].peer;

		if (!not_sent(p, REASON_NOT_A_CLIENT))
			continue;
		for (k = 0; k < n && ids[k] != adjout_group_id(p); k++)
			;
		ids[k] = adjout_group_id(p);
		n = k == n ? n + 1 : n;
	}
	return n;
}

/* The first route that a group is not sent is worth a line, but neither the same once
 * more nor a neighbour's own. */
static void withheld_said(void **state)
{
	FILE *log = tmpfile();
	int saved = dup(2), fd = fileno(log);
	unsigned many, first, again, after;

	for (unsigned i = 0; i < PEERS; i++)
		reach[i] = REACH_UP;
	set_up();
	for (unsigned i = 4; i < PEERS; i++)
		comes_up(i, false);
	dup2(fd, 2);
	log_set_level(LOG_LEVEL_INFO);
	say(7, true, 100);
	first = lines_of_withheld(fd);
	many = groups_without();
	say(7, true, 200);
	again = lines_of_withheld(fd);
	say(7, false, 0);
	after = lines_of_withheld(fd);
	log_set_level(LOG_LEVEL_ERROR);
	dup2(saved, 2);
	close(saved);
	fclose(log);
	tear_down();
	assert_true(many > 0);
	assert_int_equal(first, many);
	assert_int_equal(again, many);
	assert_int_equal(after, many);
}

/* Routes that have nowhere to go are counted: no address of the family, no client on either side,
 * a next hop that the family cannot have. */
static void withheld(void **state)
{
	static const char wrong[] = "[{\"name\": \"wrong\", \"default\": \"accept\", \"term\": "
				    "[{\"name\": \"1\", \"set\": {\"next-hop\": \"fd99::7\"}, "
				    "\"then\": \"accept\"}]}]";
	json_t *config = json_pack("{s:o}", "wgbgp-policy:policy", json_loads(wrong, 0, NULL));
	json_t *names = json_pack("[s]", "wrong");
	struct prefix six = prefix_number(0);
	struct peer *p = &ends[8].peer;

	for (unsigned i = 0; i < PEERS; i++)
		reach[i] = REACH_UP;
	set_up();
	for (unsigned i = 4; i < PEERS; i++)
		comes_up(i, false);
	say(7, true, 100);
	assert_int_equal(not_sent(p, REASON_NOT_A_CLIENT), 1);
	assert_int_equal(not_sent(&ends[7].peer, REASON_NOT_A_CLIENT), 0);
	assert_int_equal(not_sent(&ends[4].peer, REASON_NOT_A_CLIENT), 0);
	say(7, false, 0);
	assert_int_equal(not_sent(p, REASON_NOT_A_CLIENT), 0);
	p->local6 = (struct addr){0};
	adjout_regroup(p);
	rib_set_local(&six, attr_edit_finish(attr_edit_begin(NULL)), REASON_NONE);
	settle();
	assert_int_equal(not_sent(p, REASON_NO_OWN_ADDRESS), 1);
	assert_int_equal(not_sent(&ends[7].peer, REASON_NO_OWN_ADDRESS), 0);
	assert_null(trie_exact(&ends[8].table, &six));
	rib_set_local(&six, NULL, REASON_NONE);
	settle();
	assert_int_equal(not_sent(p, REASON_NO_OWN_ADDRESS), 0);
	policy_chain_free(p->conf.export);
	p->conf.export = policy_chain_new(config, names);
	adjout_regroup(p);
	say(4, true, 100);
	assert_int_equal(not_sent(p, REASON_NEXTHOP_FAMILY), 1);
	assert_int_equal(not_sent(&ends[7].peer, REASON_NEXTHOP_FAMILY), 0);
	json_decref(names);
	json_decref(config);
	tear_down();
}

static unsigned pending(const struct adjout_member *m)
{
	unsigned n = 0;
	const struct rib_table *t = group_table(m->group, BGP_IPV6);

	for (uint32_t id = 1; id < t->nets.high; id++)
		n += bits_has(&m->pending[BGP_IPV6], id) ||
		     (member_is_before(m, BGP_IPV6, id) && net_at(t, id)->flags & NET_USED);
	return n;
}

static void set_many(bool present)
{
	for (unsigned i = 0; i < MANY; i++) {
		uint8_t bytes[16] = {0xfd, 1, (uint8_t)(i >> 8), (uint8_t)i};
		struct prefix six = prefix_make(AF_INET6, bytes, 32);

		rib_set_local(&six, present ? attr_edit_finish(attr_edit_begin(NULL)) : NULL,
			      REASON_NONE);
	}
	settle();
}

/* Who joins, or asks for all once more, is not told of the table in that event: of a part of it in
 * each turn. */
static void joins_at_once(void **state)
{
	struct peer *p = &ends[8].peer;
	struct iovec iov[2];

	for (unsigned i = 0; i < PEERS; i++)
		reach[i] = REACH_UP;
	set_up();
	set_many(true);
	for (unsigned round = 0; round < 2; round++) {
		const struct stretch *ahead;

		if (round)
			adjout_refresh(p, BGP_IPV6);
		else
			comes_up(8, false);
		ahead = &p->out->ahead[BGP_IPV6];
		assert_true(p->out->lagging);
		assert_null(p->out->pending[BGP_IPV6].words);
		assert_int_equal(pending(p->out), MANY);
		assert_true(adjout_next(p, iov, 2) > 0);
		assert_in_range(ahead->from, 2, QUANTUM + 1);
		settle();
		assert_int_equal(pending(p->out), 0);
		assert_int_equal(adjout_prefixes(p, BGP_IPV6), MANY);
		assert_int_equal(ends[8].table.count, MANY);
	}
	set_many(false);
	tear_down();
}

/* Networks that lead to no message are looked at in turns, too. */
static void in_turns(void **state)
{
	struct peer *p = &ends[8].peer;
	struct iovec iov[2];
	unsigned left;

	for (unsigned i = 0; i < PEERS; i++)
		reach[i] = REACH_UP;
	set_up();
	set_many(true);
	comes_up(8, false);
	p->local6 = (struct addr){0}; /* nowhere to lead to */
	adjout_regroup(p);
	assert_int_equal(pending(p->out), MANY);
	assert_int_equal(adjout_next(p, iov, 2), 0);
	left = pending(p->out);
	assert_in_range(left, 1, MANY - 1);
	settle();
	assert_int_equal(pending(p->out), 0);
	assert_int_equal(not_sent(p, REASON_NO_OWN_ADDRESS), MANY);
	set_many(false);
	tear_down();
}

void __wrap_conn_hold_reading(struct peer *p, bool hold);

void __wrap_conn_hold_reading(struct peer *p, bool hold)
{
	p->held = hold;
}

/* N networks from the FIRST on. */
static void tell_many(bool announce, struct attr *a, unsigned first, unsigned n)
{
	struct wr nlri = {0};

	for (unsigned i = first; i < first + n; i++) {
		uint8_t bytes[4] = {10 + (i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 0};
		struct prefix p = prefix_make(AF_INET, bytes, 24);

		nlri_put(&nlri, &p);
	}
	tell(&ends[4], announce, a, &nlri, AF_INET);
	wr_free(&nlri);
}

#define HIGH 4096

/* A neighbour is not read any more as soon as so many of its networks are undecided, before any is
 * decided; when most are, it is read again. */
static void held_in_time(void **state)
{
	struct addr nexthop = nexthop_number(4, AF_INET);
	struct attr_edit *e = attr_edit_begin(NULL);
	const bool *held = &ends[4].peer.held;
	struct attr *a;

	attr_edit_nexthop(e, &nexthop);
	a = attr_edit_finish(e);
	set_up();
	comes_up(4, false);
	settle();
	for (unsigned i = 0; i < HIGH; i += 1024) {
		tell_many(true, a, i, 1024);
		assert_false(*held);
	}
	tell_many(true, a, HIGH, 1);
	assert_true(*held);
	settle();
	assert_false(*held);
	for (unsigned i = 0; i <= HIGH; i += 1024)
		tell_many(false, NULL, i, 1024);
	settle();
	assert_false(*held);
	attr_unref(a);
	tear_down();
}

static unsigned path_count(const struct rib_table *t, const struct prefix *p)
{
	uint32_t id = net_find(t, p);

	return id && path_of_peer(net_at(t, id), ends[4].peer.rib->id);
}

/* RFC 7606: what came without attributes, or with some that are wrong, is withdrawn; in each part
 * of the UPDATE for itself. */
static void treated_as_withdrawn(void **state)
{
	for (unsigned i = 0; i < 8; i++) {
		bool wrong = i & 1, bare = i & 2, six = i & 4;
		struct addr nexthop = nexthop_number(4, six ? AF_INET6 : AF_INET);
		struct prefix p = prefix_number(six ? 4 : 1);
		struct rib_table *t = rib_table_for(&p);
		struct attr_edit *e = attr_edit_begin(NULL);
		struct wr nlri = {0};
		struct update u = {0};
		struct attr *a;

		attr_edit_nexthop(e, &nexthop);
		a = attr_edit_finish(e);
		set_up();
		comes_up(4, false);
		nlri_put(&nlri, &p);
		tell(&ends[4], true, a, &nlri, p.family);
		assert_int_equal(path_count(t, &p), 1);
		u.treat_as_withdraw = wrong;
		if (!bare)
			*(six ? &u.mp_attr : &u.attr) = a;
		u.announced[six] = (struct nlri_iter){nlri.data, nlri.data + nlri.len, p.family};
		rib_update(&ends[4].peer, &u);
		if (path_count(t, &p) != !(wrong || bare))
			fail_msg("row %u", i);
		tell(&ends[4], false, NULL, &nlri, p.family);
		settle();
		attr_unref(a);
		wr_free(&nlri);
		tear_down();
	}
}

/* Who has taken everything is kicked once when there is more, until it comes for it. */
static void kicked_once(void **state)
{
	for (unsigned i = 0; i < PEERS; i++)
		reach[i] = REACH_UP;
	set_up();
	comes_up(8, false);
	settle();
	for (int round = 0; round < 3; round++) {
		kicks = 0;
		for (unsigned i = 0; i < 3; i++) {
			struct prefix p = prefix_number(3 * round + i);

			rib_set_local(&p, attr_edit_finish(attr_edit_begin(NULL)), REASON_NONE);
			spin();
			assert_int_equal(kicks, 1);
		}
		settle();
		check_end(&ends[8]);
	}
	for (unsigned i = 0; i < 9; i++) {
		struct prefix p = prefix_number(i);

		rib_set_local(&p, NULL, REASON_NONE);
	}
	settle();
	tear_down();
}

/* A neighbour without a session is told nothing; one that joins again begins anew, alone. */
static void joins(void **state)
{
	struct peer *p = &ends[5].peer;
	struct prefix prefix = prefix_number(1);
	struct rib_table *t = rib_table_for(&prefix);
	struct iovec iov[2];
	uint32_t members;
	struct attr *a;

	for (unsigned i = 0; i < PEERS; i++)
		reach[i] = REACH_UP;
	set_up();
	comes_up(4, false);
	say(4, true, 100);
	assert_int_equal(adjout_prefixes(p, BGP_IPV4), 0);
	assert_int_equal(adjout_not_sent(p, BGP_IPV4, 0), 0);
	assert_int_equal(adjout_group_id(p), 0);
	assert_null(adjout_exported(p, t, net_find(t, &prefix)));
	assert_int_equal(adjout_next(p, iov, 2), 0);
	adjout_sent(p, 0);
	comes_up(5, false);
	assert_int_equal(adjout_next(p, iov, 0), 0);
	settle();
	check_end(&ends[5]);
	assert_int_not_equal(adjout_group_id(p), 0);
	a = adjout_exported(p, t, net_find(t, &prefix));
	assert_ptr_equal(
		a, container_of(trie_exact(&ends[5].table, &prefix), struct entry, node)->attr);
	attr_unref(a);
	assert_null(adjout_exported(&ends[4].peer, t, net_find(t, &prefix))); /* its own */
	members = p->out->group->members;
	clear_table(&ends[5]);
	adjout_join(p);
	assert_int_equal(p->out->group->members, members);
	settle();
	check_end(&ends[5]);
	tear_down();
}

/* What the only member of a group announces would come back to it alone: nothing is made of it, as
 * long as it is the only one. */
static void alone(void **state)
{
	const struct group *g;

	for (unsigned i = 0; i < PEERS; i++)
		reach[i] = REACH_UP;
	set_up();
	comes_up(4, false);
	say(4, true, 100);
	g = ends[4].peer.out->group;
	assert_int_equal(g->n_announced[BGP_IPV4], 0);
	check_end(&ends[4]);
	comes_up(6, false); /* in the same group */
	settle();
	assert_ptr_equal(ends[6].peer.out->group, g);
	assert_int_equal(g->n_announced[BGP_IPV4], 1);
	check_end(&ends[4]);
	check_end(&ends[6]);
	say(6, true, 200);
	check_end(&ends[4]);
	check_end(&ends[6]);
	session_hooks->down(&ends[6].peer, false, REASON_SESSION_DOWN);
	clear_table(&ends[6]);
	settle();
	check_end(&ends[4]);
	say(4, true, 300);
	assert_int_equal(g->n_announced[BGP_IPV4], 0);
	check_end(&ends[4]);
	tear_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_operations),
					   cmocka_unit_test(message_limit),
					   cmocka_unit_test(withheld),
					   cmocka_unit_test(withheld_said),
					   cmocka_unit_test(in_turns),
					   cmocka_unit_test(joins_at_once),
					   cmocka_unit_test(too_long),
					   cmocka_unit_test(treated_as_withdrawn),
					   cmocka_unit_test(held_in_time),
					   cmocka_unit_test(kicked_once),
					   cmocka_unit_test(joins),
					   cmocka_unit_test(alone),
					   cmocka_unit_test(fresh_session)};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
