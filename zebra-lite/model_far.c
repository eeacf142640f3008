/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keepin.h"
#include "fib.h"
#include "news.h"
#include "tunnel.h"

/* --- the kernel --- */

/* Where the object with this number goes: O, or room when it is NULL; NULL and the kernel's answer
 * in ERR. */
static struct mobject *place_object(struct mobject *o, bool create, int *err)
{
	*err = model.no_objects	       ? -EOPNOTSUPP
	       : create == (o != NULL) ? (create ? -EEXIST : -ENOENT)
				       : 0;
	if (*err)
		return NULL;
	if (!o)
		o = model_object(0);
	ensure(o);
	return o;
}

static int object_written(bool create)
{
	model.moves += !create;
	model.overtaken = model.overtaken || !create;
	model_check();
	return 0;
}

static int on_nexthop_set(uint32_t id, uint32_t oif, uint8_t family, uint8_t protocol, bool create)
{
	struct mobject *o = model_object(id);
	int err;

	ensure(id && oif && oif != UNDERLAY && family == AF_INET && protocol == 222);
	o = place_object(o, create, &err);
	if (!o)
		return err;
	model_note("object %u %s oif %u", id - NHOBJ_FIRST, create ? "new" : "moves", oif);
	if (!create && o->n)
		model_fail("a group becomes a plain object", NULL);
	*o = (struct mobject){.id = id, .oif = oif};
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		if (model.prefix[i].route && model.prefix[i].nhid == id) {
			model_check_route(&model.prefix[i].p, oif, NULL);
			model.prefix[i].oif = oif;
		}
	return object_written(create);
}

/* A route by the group G. */
static void check_legs(const struct prefix *p, const struct mobject *g)
{
	for (unsigned i = 0; i < g->n; i++)
		model_check_route(p, model_object(g->legs[i].id)->oif, NULL);
}

static int on_nexthop_group(uint32_t id, const struct nhleg *legs, unsigned n, bool resilient,
			    uint8_t protocol, bool create)
{
	struct mobject *o = model_object(id);
	int err;

	ensure(id && protocol == 222 && n <= ROUTE_HOPS_MAX);
	if (!n || (o && (!o->n || o->resilient != resilient)) || (resilient && model.no_resilient))
		return -EINVAL;
	for (unsigned i = 0; i < n; i++)
		if (!model_object(legs[i].id) || model_object(legs[i].id)->n || !legs[i].weight)
			return -EINVAL;
	o = place_object(o, create, &err);
	if (!o)
		return err;
	*o = (struct mobject){.id = id, .n = n, .resilient = resilient};
	for (unsigned i = 0; i < n; i++) {
		model_note("group %u leg %u oif %u", id - NHOBJ_FIRST, i,
			   model_object(legs[i].id)->oif);
		o->legs[i] = legs[i];
	}
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		if (model.prefix[i].route && model.prefix[i].nhid == id)
			check_legs(&model.prefix[i].p, o);
	return object_written(create);
}

static void on_nexthop_del(uint32_t id)
{
	struct mobject *o = model_object(id);

	model_note("object %u deleted", id - NHOBJ_FIRST);
	if (model_object_in_use(id))
		model_fail("an object with routes is deleted", NULL);
	for (unsigned i = 0; i < OBJECTS; i++)
		for (unsigned k = 0; model.object[i].id && k < model.object[i].n; k++)
			if (model.object[i].legs[k].id == id)
				model.object[i].legs[k--] =
					model.object[i].legs[--model.object[i].n];
	if (o)
		o->id = 0;
}

/* The kernel's answer. */
static int write_route(enum route_op op, const struct kroute *r)
{
	struct mprefix *p = model_prefix(&r->prefix);

	if (!p) /* a tunnel address, or an entry of a permit list */
		return 0;
	if (keepin_is_ours(r)) {
		model_note("kept in %s %d", PREFIX_STR(&p->p), op != ROUTE_DEL);
		p->kept = op != ROUTE_DEL;
		model_check();
		return 0;
	}
	model_note("route %s %s oif %u",
		   op == ROUTE_DEL   ? "del"
		   : op == ROUTE_ADD ? "add"
				     : "change",
		   PREFIX_STR(&p->p), r->oif);
	if (op == ROUTE_ADD && (p->route || (p->foreign && p->metric == r->metric)))
		return -EEXIST;
	if (op == ROUTE_CHANGE && !p->route && p->foreign && p->metric == r->metric)
		model_fail("a route of somebody else is overwritten", NULL);
	if (op != ROUTE_DEL && r->nhid &&
	    (!model_object(r->nhid) ||
	     (!model_object(r->nhid)->n && model_object(r->nhid)->oif != r->oif)))
		model_fail("a route by an object that is not there or leads elsewhere", NULL);
	if (op != ROUTE_DEL)
		model_check_route(&p->p, r->oif, &r->gateway);
	if (op != ROUTE_DEL && r->nhid && model_object(r->nhid)->n)
		check_legs(&p->p, model_object(r->nhid));
	p->route = op != ROUTE_DEL;
	p->oif = r->oif;
	p->nhid = r->nhid;
	if (model.hooks.route)
		model.hooks.route(op, r);
	model_check();
	return 0;
}

static void on_route(enum route_op op, const struct kroute *r, void *cookie)
{
	ensure(model.given - model.answered < WRITES);
	model.write[model.given++ % WRITES] = (struct mwrite){op, *r, cookie, 0};
}

static void write_next(void)
{
	struct mwrite *w = &model.write[model.written++ % WRITES];

	w->err = write_route(w->op, &w->route);
}

static void answer_next(void)
{
	const struct mwrite *w = &model.write[model.answered++ % WRITES];

	if (w->err)
		fib_route_failed(w->cookie, w->err);
}

static uint32_t on_flush(void)
{
	return model.given;
}

static bool on_done(uint32_t flush, bool wait)
{
	while (wait && model.written < flush)
		write_next();
	while (wait && model.answered < flush)
		answer_next();
	return model.answered >= flush;
}

void model_kernel_write_all(void)
{
	while (model.written < model.given)
		write_next();
}

/* It works, and its answers may be behind that. */
void model_kernel_turn(void)
{
	for (unsigned n = model_random(4); n && model.written < model.given; n--)
		write_next();
	for (unsigned n = model_random(6); n && model.answered < model.written; n--)
		answer_next();
	fib_look();
}

/* --- wgd --- */

static int peer_by_id(uint32_t id)
{
	for (unsigned i = 0; i < MODEL_PEERS; i++)
		if (model.peer[i].id == id)
			return i;
	return -1;
}

static void on_allowed(const struct msg_allowed *in)
{
	struct msg_allowed *q = &model.queue[model.tail++ % WGD_QUEUE];

	ensure(model.tail - model.head <= WGD_QUEUE);
	*q = *in;
	q->changes = xcalloc(in->n, sizeof(*q->changes));
	memcpy(q->changes, in->changes, in->n * sizeof(*q->changes));
}

static void on_allowed_sync(uint32_t batch)
{
	struct msg_allowed *q = &model.queue[model.tail++ % WGD_QUEUE];

	ensure(model.tail - model.head <= WGD_QUEUE);
	*q = (struct msg_allowed){.batch = batch, .n = UINT32_MAX};
}

/* wgd's words come in their order, some time later. */
static void say(struct msg_allowed_ack word)
{
	ensure(model.said - model.heard < WORDS);
	model.word[model.said++ % WORDS] = word;
}

static void hear_next(void)
{
	struct msg_allowed_ack *word = &model.word[model.heard++ % WORDS];

	if (word->batch)
		fib_acked(word);
	else
		fib_allowed_refused(&word->refused[0]);
	free(word->refused);
}

void model_wgd_says_free(const struct prefix *p, unsigned peer)
{
	struct msg_allowed_ack word = {.n = 1, .refused = xcalloc(1, sizeof(*word.refused))};

	word.refused[0] = (struct msg_allowed_refused){model.peer[peer].id, *p, REASON_NONE};
	say(word);
}

static bool wgd_full(void)
{
	return model.tail - model.head > WGD_QUEUE / 2;
}

/* True when it was done; false: refused. */
static bool apply_change(const struct allowed_change *c)
{
	int peer = peer_by_id(c->peer_id);
	struct mprefix *p = model_prefix(&c->prefix);
	unsigned iface;

	if (peer < 0 && c->op == ALLOWED_UNSET)
		return true; /* it went with the peer */
	if (peer < 0 || !p)
		model_fail("an entry for an unknown peer or prefix", NULL);
	iface = model.peer[peer].iface;
	model_note("%s %s peer %d if %u", c->op == ALLOWED_SET ? "set" : "unset", PREFIX_STR(&p->p),
		   peer, iface);
	if (c->op == ALLOWED_SET) {
		if (p->refused[peer] || model.peer[peer].gone)
			return false;
		model_check_entry(&p->p, peer);
		p->owner[iface] = peer;
		model.touched[p - model.prefix][iface] = true;
	} else if (p->owner[iface] == peer) {
		p->owner[iface] = -1;
	}
	if (model.hooks.allowed)
		model.hooks.allowed(c);
	model_check();
	return true;
}

/* A few of those that nobody has set; the answer when all are gone. */
static void wgd_sweep(void)
{
	struct msg_allowed_ack ack = {.batch = model.sweep};

	for (unsigned n = model_random(MODEL_PREFIXES); n && model.swept < MODEL_PREFIXES;
	     n--, model.swept++)
		for (unsigned k = 0; k < MODEL_IFS; k++)
			if (!model.touched[model.swept][k])
				model.prefix[model.swept].owner[k] = -1;
	model_check();
	if (model.swept < MODEL_PREFIXES)
		return;
	model_note("wgd swept");
	model.sweep = 0;
	model.in_step = true;
	say(ack);
}

bool model_wgd_rests(void)
{
	return model.head == model.tail && model.heard == model.said;
}

/* Works off one message, or what it said is heard. */
void model_wgd_turn(void)
{
	struct msg_allowed *q = &model.queue[model.head % WGD_QUEUE];
	struct msg_allowed_ack ack = {.batch = q->batch};

	if (model.said != model.heard && model_random(2)) {
		hear_next();
		return;
	}
	if (model.sweep && (model.head == model.tail || model_random(2))) {
		wgd_sweep();
		return;
	}
	if (model.head == model.tail)
		return;
	model.head++;
	if (q->n == UINT32_MAX) {
		model.sweep = q->batch;
		model.swept = 0;
		return;
	}
	ack.refused = xcalloc(q->n, sizeof(*ack.refused));
	for (uint32_t i = 0; i < q->n; i++)
		if (!apply_change(&q->changes[i]))
			ack.refused[ack.n++] = (struct msg_allowed_refused){
				.peer_id = q->changes[i].peer_id,
				.prefix = q->changes[i].prefix,
				.reason = REASON_FOREIGN_ALLOWED_IP,
			};
	free(q->changes);
	q->changes = NULL;
	say(ack);
}

static void tell_if(unsigned i)
{
	struct msg_tunnel_if t = {
		.ifindex = model_ifindex(i), .up = true, .any = i == MODEL_IFS - 1};

	snprintf(t.name, sizeof(t.name), "wg%u", i);
	tunnel_if_told(&t);
}

void model_tell_peer(unsigned i)
{
	const struct mpeer *p = &model.peer[i];
	struct addr *addrs = xcalloc(1, sizeof(*addrs));
	struct msg_tunnel_peer t = {.id = p->id,
				    .ifindex = model_ifindex(p->iface),
				    .state = !p->up	   ? TUNNEL_DOWN
					     : p->degraded ? TUNNEL_DEGRADED
							   : TUNNEL_UP,
				    .reason = p->up ? REASON_NONE : REASON_HANDSHAKE_STALE,
				    .weak = p->weak,
				    .n_addrs = 1,
				    .addrs = addrs};

	*addrs = p->addr;
	snprintf(t.name, sizeof(t.name), "peer%u", i);
	tunnel_peer_told(&t);
	msg_free_tunnel_peer(&t);
}

void model_wgd_drop(void)
{
	for (; model.head != model.tail; model.head++)
		free(model.queue[model.head % WGD_QUEUE].changes);
	for (; model.heard != model.said; model.heard++)
		free(model.word[model.heard % WORDS].refused);
}

void model_wgd_drop_peer(unsigned i)
{
	int *owner;

	for (unsigned k = 0; k < MODEL_PREFIXES; k++) {
		owner = &model.prefix[k].owner[model.peer[i].iface];
		*owner = *owner == (int)i ? -1 : *owner;
	}
	model.peer[i].id = 0;
}

static void tell_held(void)
{
	struct allowed_change held[MODEL_PREFIXES * MODEL_IFS];
	struct msg_allowed m = {.changes = held};

	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		for (unsigned k = 0; k < MODEL_IFS; k++)
			if (model.prefix[i].owner[k] >= 0)
				held[m.n++] = (struct allowed_change){
					ALLOWED_SET, model.peer[model.prefix[i].owner[k]].id,
					model.prefix[i].p};
	fib_held(&m);
}

void model_wgd_restart(void)
{
	model_note("wgd restarts");
	model_wgd_drop();
	fib_wgd_away();
	tunnel_begin();
	model.sweep = 0;
	model.in_step = false;
	memset(model.touched, 0, sizeof(model.touched));
	for (unsigned i = 0; i < MODEL_IFS; i++)
		tell_if(i);
	for (unsigned i = 0; i < MODEL_PEERS; i++) {
		model.peer[i].id = ++model.next_id;
		model.peer[i].gone = false;
	}
	model_learn();
	for (unsigned i = 0; i < MODEL_PEERS; i++)
		model_tell_peer(i);
	tell_held();
	tunnel_synced();
	fib_wgd_synced();
}

/* --- the seam --- */

static void on_resync(const char *why)
{
}

static bool link_up(uint32_t ifindex)
{
	return true;
}

void model_far_begin(void)
{
	out = (struct out){
		.route = on_route,
		.route_flush = on_flush,
		.route_done = on_done,
		.nexthop_set = on_nexthop_set,
		.nexthop_group = on_nexthop_group,
		.nexthop_del = on_nexthop_del,
		.allowed = on_allowed,
		.allowed_sync = on_allowed_sync,
		.wgd_full = wgd_full,
		.resync = on_resync,
		.link_up = link_up,
	};
	model_bgpd_begin();
	news_open(NULL);
}
