/* SPDX-License-Identifier: BSD-2-Clause */
#include "model.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fib.h"
#include "loop_fake.h"
#include "nexthop.h"
#include "nhobj.h"
#include "pin.h"
#include "rib.h"
#include "rib_kernel.h"
#include "tunnel.h"
#include "util.h"
#include "zconfig.h"

#define UNDERLAY 100	    /* ifindex of the link that is no tunnel */
#define GATEWAY MODEL_PEERS /* number of the one hop that is no tunnel peer */
#define HOPS (MODEL_PEERS + 1)
#define WGD_QUEUE 64 /* messages that wgd has not answered yet */
#define LOG_LINES 40
#define OBJECTS 256
#define WRITES 1024 /* routes that the kernel has not got yet */

struct mpeer {
	unsigned iface; /* index */
	uint32_t id;
	bool up, degraded, weak;
	struct addr addr;
};

struct mobject {
	uint32_t id, oif; /* id 0: free */
	unsigned n;	  /* legs of a group; 0: not a group */
	bool resilient;
	struct nhleg legs[ROUTE_HOPS_MAX];
};

struct mwrite {
	enum route_op op;
	struct kroute route;
	void *cookie;
};

struct mprefix {
	struct prefix p;
	unsigned n;		   /* hops; 0: withdrawn */
	unsigned hop[HOPS];	   /* ranked peers or GATEWAY */
	uint8_t demotion[HOPS];	   /* of these, by attributes */
	uint8_t weight[HOPS];	   /* their shares */
	bool stale;		   /* bgpd restarted without it: wanted until the sweep */
	bool foreign;		   /* somebody else has a route for it */
	bool refused[MODEL_PEERS]; /* wgd refuses the entry at this peer, always */
	/* the two tables */
	bool route;
	uint32_t oif, nhid;
	int owner[MODEL_IFS]; /* peer, -1 none */
};

static struct {
	uint64_t seed, rng, clock_rng, checks, ops, moves;
	struct model_hooks hooks;
	struct mprefix prefix[MODEL_PREFIXES];
	struct mpeer peer[MODEL_PEERS];
	struct mobject object[OBJECTS];
	bool overtaken;	   /* since the last rest an object moved in front of the queue */
	bool no_objects;   /* the kernel refuses them */
	bool no_resilient; /* groups */
	struct addr sample[MODEL_SAMPLES];
	bool had_way[MODEL_SAMPLES]; /* in all wanted states since the last rest */
	uint32_t wanted_since_rest[MODEL_PREFIXES][MODEL_IFS]; /* owners of the prefix itself */
	uint32_t right[MODEL_SAMPLES][MODEL_IFS]; /* peers that were right since then, a bit each */
	struct msg_allowed queue[WGD_QUEUE];
	unsigned head, tail;
	struct mwrite write[WRITES];
	uint32_t written, given; /* that the kernel has done, that it was given */
	unsigned batch_max;
	uint32_t next_id;
	bool without_stale;    /* learn(): the state behind the sweep */
	uint32_t sweep, swept; /* number of the ALLOWED_SYNC that wgd works on, or 0; prefixes
				  that it has looked at: what was not set since its start goes */
	bool touched[MODEL_PREFIXES][MODEL_IFS];
	char log[LOG_LINES][128];
	unsigned logged;
} m;

static void note(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(m.log[m.logged++ % LOG_LINES], sizeof(m.log[0]), fmt, ap);
	va_end(ap);
	if (getenv("WGBGP_TRACE"))
		fprintf(stderr, "%s\n", m.log[(m.logged - 1) % LOG_LINES]);
}

static _Noreturn void fail(const char *what, const struct addr *at)
{
	unsigned from = m.logged > LOG_LINES ? m.logged - LOG_LINES : 0;

	for (unsigned i = from; i < m.logged; i++)
		fprintf(stderr, "  %s\n", m.log[i % LOG_LINES]);
	fatal("seed %llu op %llu: %s at %s", (unsigned long long)m.seed, (unsigned long long)m.ops,
	      what, at ? ADDR_STR(at) : "-");
}

static unsigned rnd(unsigned n)
{
	m.rng ^= m.rng << 13;
	m.rng ^= m.rng >> 7;
	m.rng ^= m.rng << 17;
	return (m.rng >> 16) % n;
}

/* Mostly less than a timer waits, sometimes a stall. */
static void time_passes(void)
{
	static const uint32_t longest_us[] = {50, 50, 50, 50, 500, 500, 5000, 4000000};

	m.clock_rng = m.clock_rng * 6364136223846793005u + 1442695040888963407u;
	loop_fake_pass((m.clock_rng >> 32) % longest_us[m.clock_rng >> 61]);
}

static uint32_t ifindex_of(unsigned iface)
{
	return iface + 10;
}

/* --- brute force: what is wanted --- */

/* The level of the I-th hop, DEMOTED_NOT to DEMOTED_LAST; beyond that it may not be used. */
static unsigned level(const struct mprefix *p, unsigned i)
{
	const struct mpeer *peer = p->hop[i] == GATEWAY ? NULL : &m.peer[p->hop[i]];
	unsigned state = DEMOTED_NOT;

	if (peer && p->refused[p->hop[i]])
		return DEMOTED_LAST + 1;
	if (peer && !peer->up)
		state = peer->weak && zconfig.last_path_keep ? DEMOTED_LAST : DEMOTED_LAST + 1;
	else if (peer && peer->degraded)
		state = DEMOTED;
	return state > p->demotion[i] ? state : p->demotion[i];
}

/* The first one of the best level, on the interface only where that is not negative; -1: none. */
static int best_hop(const struct mprefix *p, int iface)
{
	int best = -1;

	for (unsigned i = 0; i < p->n; i++) {
		if (iface >= 0 && (p->hop[i] == GATEWAY || (int)m.peer[p->hop[i]].iface != iface))
			continue;
		if (level(p, i) <= DEMOTED_LAST && (best < 0 || level(p, i) < level(p, best)))
			best = i;
	}
	return best < 0 ? -1 : (int)p->hop[best];
}

/* The interface that the route wants: an index, -1 for the link, -2 for none. */
static int wanted_if(const struct mprefix *p)
{
	int hop;

	if (p->foreign || (p->stale && m.without_stale))
		return -2;
	hop = best_hop(p, -1);
	if (hop < 0)
		return -2;
	return hop == GATEWAY ? -1 : (int)m.peer[hop].iface;
}

/* Those whose hops share the traffic, a bit each; 0: it is one, see wanted_if(). */
static unsigned wanted_shares(const struct mprefix *p)
{
	unsigned all = 0, in = 0, best = DEMOTED_LAST + 1,
		 n = p->n < ROUTE_HOPS_MAX ? p->n : ROUTE_HOPS_MAX;

	if (wanted_if(p) < 0 || m.no_objects)
		return 0;
	for (unsigned i = 0; i < p->n; i++)
		best = level(p, i) < best ? level(p, i) : best;
	for (unsigned i = 0; i < n; i++) {
		if (!p->weight[i] || p->refused[p->hop[i]])
			continue;
		all |= 1u << m.peer[p->hop[i]].iface;
		if (level(p, i) == best)
			in |= 1u << m.peer[p->hop[i]].iface;
	}
	return (all & (all - 1)) ? in : 0;
}

static int wanted_owner(const struct mprefix *p, unsigned iface)
{
	if (wanted_if(p) == -2 || iface == MODEL_IFS - 1)
		return -1;
	return best_hop(p, iface);
}

static int longest(const struct addr *a, bool (*has)(const struct mprefix *p, unsigned iface),
		   unsigned iface)
{
	int best = -1;

	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		if (prefix_has_addr(&m.prefix[i].p, a) && has(&m.prefix[i], iface) &&
		    (best < 0 || m.prefix[i].p.len > m.prefix[best].p.len))
			best = i;
	return best;
}

static bool wants_route(const struct mprefix *p, unsigned iface)
{
	return p->foreign || wanted_if(p) != -2;
}

static bool wants_owner(const struct mprefix *p, unsigned iface)
{
	return wanted_owner(p, iface) >= 0;
}

static bool has_route(const struct mprefix *p, unsigned iface)
{
	return p->foreign || p->route;
}

static bool has_owner(const struct mprefix *p, unsigned iface)
{
	return p->owner[iface] >= 0;
}

static void learn_state(void)
{
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		for (unsigned k = 0; k < MODEL_IFS; k++)
			if (wanted_owner(&m.prefix[i], k) >= 0)
				m.wanted_since_rest[i][k] |= 1u << wanted_owner(&m.prefix[i], k);
	for (unsigned s = 0; s < MODEL_SAMPLES; s++) {
		if (longest(&m.sample[s], wants_route, 0) < 0)
			m.had_way[s] = false;
		for (unsigned i = 0; i < MODEL_IFS - 1; i++) {
			int at = longest(&m.sample[s], wants_owner, i);

			if (at >= 0)
				m.right[s][i] |= 1u << wanted_owner(&m.prefix[at], i);
		}
	}
}

/* The wanted state as it is now counts as right from here on. */
static void learn(void)
{
	learn_state();
	m.without_stale = true;
	learn_state();
	m.without_stale = false;
}

/* --- the checks --- */

/* With a queue longer than a batch, or where a nexthop object moves in front of it, a prefix may
 * wait while a covering one moves, or get what that one has just now: right is then what was right
 * for one of them. */
static bool right_for_cover(const struct addr *a, unsigned iface, int owner)
{
	if (m.batch_max >= MODEL_PREFIXES && !m.overtaken)
		return false;
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		if (prefix_has_addr(&m.prefix[i].p, a) &&
		    (m.wanted_since_rest[i][iface] >> owner & 1))
			return true;
	return false;
}

static struct mobject *find_object(uint32_t id);

/* The interfaces by which the route leaves. */
static unsigned leaves(const struct mprefix *p, uint32_t oifs[ROUTE_HOPS_MAX])
{
	const struct mobject *o = p->nhid ? find_object(p->nhid) : NULL;

	oifs[0] = p->oif;
	for (unsigned i = 0; o && i < o->n; i++)
		oifs[i] = find_object(o->legs[i].id)->oif;
	return o && o->n ? o->n : 1;
}

static void check_leg(unsigned s, int at, unsigned iface)
{
	const struct addr *a = &m.sample[s];
	int owner_at, owner;

	if (iface == MODEL_IFS - 1)
		return;
	owner_at = longest(a, has_owner, iface);
	if (owner_at < 0)
		fail("a route into a tunnel interface where nobody has the address", a);
	owner = m.prefix[owner_at].owner[iface];
	if (!(m.right[s][iface] >> owner & 1) && !right_for_cover(a, iface, owner)) {
		note("route %s if %u entry %s peer %d", PREFIX_STR(&m.prefix[at].p), iface,
		     PREFIX_STR(&m.prefix[owner_at].p), owner);
		fail("a packet would go to a wrong peer", a);
	}
}

static void check_sample(unsigned s)
{
	const struct addr *a = &m.sample[s];
	int at = longest(a, has_route, 0);
	uint32_t oifs[ROUTE_HOPS_MAX];
	unsigned n;

	m.checks++;
	if (at < 0) {
		/* Within one batch only: between two, what is urgent overtakes. */
		if (m.had_way[s] && m.batch_max >= MODEL_PREFIXES)
			fail("no route for an address that had one before and has one after", a);
		return;
	}
	if (m.prefix[at].foreign)
		return;
	n = leaves(&m.prefix[at], oifs);
	for (unsigned i = 0; i < n; i++)
		if (oifs[i] != UNDERLAY)
			check_leg(s, at, oifs[i] - 10);
}

static void check_all(void)
{
	for (unsigned s = 0; s < MODEL_SAMPLES; s++)
		check_sample(s);
}

/* A peer that is down but in the list may keep the entry while the route leaves elsewhere. */
static bool may_keep(const struct mprefix *p, unsigned iface, int owner)
{
	if (wanted_if(p) == -2)
		return false;
	for (unsigned i = 0; i < p->n; i++)
		if ((int)p->hop[i] == owner && m.peer[owner].iface == iface && !m.peer[owner].up)
			return true;
	return false;
}

static void note_hops(const struct mprefix *p, unsigned by, unsigned shares)
{
	for (unsigned i = 0; i < p->n; i++)
		note("hop %u peer %u share %u level %u refused %d", i, p->hop[i], p->weight[i],
		     level(p, i), p->hop[i] != GATEWAY && p->refused[p->hop[i]]);
	note("leaves by %x, wanted %x, object %d", by, shares, p->nhid - NHOBJ_FIRST);
}

static void check_prefix_at_rest(const struct mprefix *p)
{
	struct addr a = addr_of_prefix(&p->p);
	int want = wanted_if(p);
	uint32_t oif = want == -1 ? UNDERLAY : ifindex_of(want), oifs[ROUTE_HOPS_MAX];
	unsigned shares = wanted_shares(p), by = 0, n;

	if (p->route != (want != -2))
		fail(p->route ? "a route too many" : "a route is missing", &a);
	n = p->route ? leaves(p, oifs) : 0;
	for (unsigned i = 0; i < n; i++)
		by |= oifs[i] == UNDERLAY ? 0 : 1u << (oifs[i] - 10);
	if (p->route && shares && (by != shares || (unsigned)__builtin_popcount(by) != n))
		note_hops(p, by, shares),
			fail("the shares are not by the interfaces that are wanted", &a);
	if (p->route && !shares && (n != 1 || oifs[0] != oif))
		fail("the route leaves by the wrong interface", &a);
	for (unsigned i = 0; i < MODEL_IFS; i++) {
		int owner = wanted_owner(p, i);

		if (p->owner[i] == owner || (owner < 0 && may_keep(p, i, p->owner[i])))
			continue;
		note("prefix %s if %u has %d wants %d", PREFIX_STR(&p->p), i, p->owner[i], owner);
		fail("the entry is not what is wanted", &a);
	}
}

/* I1: the entry that an address finds on its way out belongs to the route that it follows. */
static void check_agreement(unsigned s)
{
	int at = longest(&m.sample[s], has_route, 0);
	uint32_t oifs[ROUTE_HOPS_MAX];
	unsigned n;

	if (at < 0 || m.prefix[at].foreign)
		return;
	n = leaves(&m.prefix[at], oifs);
	for (unsigned i = 0; i < n; i++)
		if (oifs[i] != UNDERLAY && oifs[i] - 10 != MODEL_IFS - 1 &&
		    longest(&m.sample[s], has_owner, oifs[i] - 10) != at)
			fail("an entry without its route on the way", &m.sample[s]);
}

/* A route names it, or a group that a route names. */
static bool in_use(uint32_t id)
{
	for (unsigned i = 0; i < MODEL_PREFIXES; i++) {
		const struct mobject *g = m.prefix[i].route && m.prefix[i].nhid
						  ? find_object(m.prefix[i].nhid)
						  : NULL;

		if (g && g->id == id)
			return true;
		for (unsigned k = 0; g && k < g->n; k++)
			if (g->legs[k].id == id)
				return true;
	}
	return false;
}

static void check_objects_at_rest(void)
{
	for (unsigned k = 0; k < OBJECTS; k++)
		if (m.object[k].id && !in_use(m.object[k].id))
			fail("an object that nobody uses stays", NULL);
}

static void check_rest(void)
{
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		if (m.prefix[i].stale) {
			m.prefix[i].stale = false;
			m.prefix[i].n = 0;
		}
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		check_prefix_at_rest(&m.prefix[i]);
	check_objects_at_rest();
	m.overtaken = false;
	memset(m.right, 0, sizeof(m.right));
	memset(m.wanted_since_rest, 0, sizeof(m.wanted_since_rest));
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		for (unsigned k = 0; k < MODEL_IFS; k++)
			if (m.prefix[i].owner[k] >= 0)
				m.wanted_since_rest[i][k] |= 1u << m.prefix[i].owner[k];
	for (unsigned s = 0; s < MODEL_SAMPLES; s++) {
		check_agreement(s);
		m.had_way[s] = true;
		for (unsigned i = 0; i < MODEL_IFS - 1; i++) {
			int at = longest(&m.sample[s], has_owner, i);

			if (at >= 0)
				m.right[s][i] |= 1u << m.prefix[at].owner[i];
		}
	}
	learn();
	if (m.hooks.rest)
		m.hooks.rest();
}

/* --- the kernel --- */

static struct mprefix *find_prefix(const struct prefix *p)
{
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		if (prefix_eq(&m.prefix[i].p, p))
			return &m.prefix[i];
	return NULL;
}

static struct mobject *find_object(uint32_t id)
{
	for (unsigned i = 0; i < OBJECTS; i++)
		if (m.object[i].id == id)
			return &m.object[i];
	return NULL;
}

static int on_nexthop_set(uint32_t id, uint32_t oif, uint8_t family, uint8_t protocol, bool create)
{
	struct mobject *o = find_object(id);

	ensure(id && oif && oif != UNDERLAY && family == AF_INET && protocol == 222);
	if (m.no_objects)
		return -EOPNOTSUPP;
	if (create == (o != NULL))
		return create ? -EEXIST : -ENOENT;
	if (!o)
		o = find_object(0);
	ensure(o);
	note("object %u %s oif %u", id - NHOBJ_FIRST, create ? "new" : "moves", oif);
	if (!create && o->n)
		fail("a group becomes a plain object", NULL);
	*o = (struct mobject){.id = id, .oif = oif};
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		if (m.prefix[i].route && m.prefix[i].nhid == id)
			m.prefix[i].oif = oif;
	m.moves += !create;
	m.overtaken = m.overtaken || !create;
	check_all();
	return 0;
}

static int on_nexthop_group(uint32_t id, const struct nhleg *legs, unsigned n, bool resilient,
			    uint8_t protocol, bool create)
{
	struct mobject *o = find_object(id);

	ensure(id && protocol == 222 && n <= ROUTE_HOPS_MAX);
	if (!n || (o && (!o->n || o->resilient != resilient)) || (resilient && m.no_resilient))
		return -EINVAL;
	for (unsigned i = 0; i < n; i++)
		if (!find_object(legs[i].id) || find_object(legs[i].id)->n || !legs[i].weight)
			return -EINVAL;
	if (m.no_objects)
		return -EOPNOTSUPP;
	if (create == (o != NULL))
		return create ? -EEXIST : -ENOENT;
	if (!o)
		o = find_object(0);
	ensure(o);
	*o = (struct mobject){.id = id, .n = n, .resilient = resilient};
	for (unsigned i = 0; i < n; i++) {
		note("group %u leg %u oif %u", id - NHOBJ_FIRST, i, find_object(legs[i].id)->oif);
		o->legs[i] = legs[i];
	}
	m.moves += !create;
	m.overtaken = m.overtaken || !create;
	check_all();
	return 0;
}

static void on_nexthop_del(uint32_t id)
{
	struct mobject *o = find_object(id);

	note("object %u deleted", id - NHOBJ_FIRST);
	if (in_use(id))
		fail("an object with routes is deleted", NULL);
	for (unsigned i = 0; i < OBJECTS; i++)
		for (unsigned k = 0; m.object[i].id && k < m.object[i].n; k++)
			if (m.object[i].legs[k].id == id)
				m.object[i].legs[k--] = m.object[i].legs[--m.object[i].n];
	if (o)
		o->id = 0;
}

static void write_route(enum route_op op, const struct kroute *r, void *cookie)
{
	struct mprefix *p = find_prefix(&r->prefix);

	if (!p) /* a tunnel address */
		return;
	note("route %s %s oif %u",
	     op == ROUTE_DEL   ? "del"
	     : op == ROUTE_ADD ? "add"
			       : "change",
	     PREFIX_STR(&p->p), r->oif);
	if (op == ROUTE_ADD && p->route) {
		fib_route_failed(cookie, -EEXIST);
		return;
	}
	if (op != ROUTE_DEL && r->nhid &&
	    (!find_object(r->nhid) ||
	     (!find_object(r->nhid)->n && find_object(r->nhid)->oif != r->oif)))
		fail("a route by an object that is not there or leads elsewhere", NULL);
	p->route = op != ROUTE_DEL;
	p->oif = r->oif;
	p->nhid = r->nhid;
	if (m.hooks.route)
		m.hooks.route(op, r);
	check_all();
}

static void on_route(enum route_op op, const struct kroute *r, void *cookie)
{
	ensure(m.given - m.written < WRITES);
	m.write[m.given++ % WRITES] = (struct mwrite){op, *r, cookie};
}

static void write_next(void)
{
	const struct mwrite *w = &m.write[m.written++ % WRITES];

	write_route(w->op, &w->route, w->cookie);
}

static uint32_t on_flush(void)
{
	return m.given;
}

static bool on_done(uint32_t flush, bool wait)
{
	while (wait && m.written < flush)
		write_next();
	return m.written >= flush;
}

static void kernel_turn(void)
{
	for (unsigned n = rnd(4); n && m.written < m.given; n--)
		write_next();
	fib_routes_written();
}

/* --- wgd --- */

static int peer_by_id(uint32_t id)
{
	for (unsigned i = 0; i < MODEL_PEERS; i++)
		if (m.peer[i].id == id)
			return i;
	return -1;
}

static void on_allowed(const struct msg_allowed *in)
{
	struct msg_allowed *q = &m.queue[m.tail++ % WGD_QUEUE];

	ensure(m.tail - m.head <= WGD_QUEUE);
	*q = *in;
	q->changes = xcalloc(in->n, sizeof(*q->changes));
	memcpy(q->changes, in->changes, in->n * sizeof(*q->changes));
}

static void on_allowed_sync(uint32_t batch)
{
	struct msg_allowed *q = &m.queue[m.tail++ % WGD_QUEUE];

	ensure(m.tail - m.head <= WGD_QUEUE);
	*q = (struct msg_allowed){.batch = batch, .n = UINT32_MAX};
}

static bool wgd_full(void)
{
	return m.tail - m.head > WGD_QUEUE / 2;
}

/* True when it was done; false: refused. */
static bool apply_change(const struct allowed_change *c)
{
	int peer = peer_by_id(c->peer_id);
	struct mprefix *p = find_prefix(&c->prefix);
	unsigned iface;

	if (peer < 0 || !p)
		fail("an entry for an unknown peer or prefix", NULL);
	iface = m.peer[peer].iface;
	note("%s %s peer %d if %u", c->op == ALLOWED_SET ? "set" : "unset", PREFIX_STR(&p->p), peer,
	     iface);
	if (c->op == ALLOWED_SET) {
		if (p->refused[peer])
			return false;
		p->owner[iface] = peer;
		m.touched[p - m.prefix][iface] = true;
	} else if (p->owner[iface] == peer) {
		p->owner[iface] = -1;
	}
	if (m.hooks.allowed)
		m.hooks.allowed(c);
	check_all();
	return true;
}

/* A few of those that nobody has set; the answer when all are gone. */
static void wgd_sweep(void)
{
	struct msg_allowed_ack ack = {.batch = m.sweep};

	for (unsigned n = rnd(MODEL_PREFIXES); n && m.swept < MODEL_PREFIXES; n--, m.swept++)
		for (unsigned k = 0; k < MODEL_IFS; k++)
			if (!m.touched[m.swept][k])
				m.prefix[m.swept].owner[k] = -1;
	check_all();
	if (m.swept < MODEL_PREFIXES)
		return;
	note("wgd swept");
	m.sweep = 0;
	fib_acked(&ack);
}

/* Works off one message and answers. */
static void wgd_turn(void)
{
	struct msg_allowed *q = &m.queue[m.head % WGD_QUEUE];
	struct msg_allowed_ack ack = {.batch = q->batch};

	if (m.sweep && (m.head == m.tail || rnd(2))) {
		wgd_sweep();
		return;
	}
	if (m.head == m.tail)
		return;
	m.head++;
	if (q->n == UINT32_MAX) {
		m.sweep = q->batch;
		m.swept = 0;
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
	fib_acked(&ack);
	free(ack.refused);
}

static void tell_if(unsigned i)
{
	struct msg_tunnel_if t = {.ifindex = ifindex_of(i), .up = true, .any = i == MODEL_IFS - 1};

	snprintf(t.name, sizeof(t.name), "wg%u", i);
	tunnel_if_told(&t);
}

static void tell_peer(unsigned i)
{
	const struct mpeer *p = &m.peer[i];
	struct addr *addrs = xcalloc(1, sizeof(*addrs));
	struct msg_tunnel_peer t = {.id = p->id,
				    .ifindex = ifindex_of(p->iface),
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

static void drop_queue(void)
{
	for (; m.head != m.tail; m.head++)
		free(m.queue[m.head % WGD_QUEUE].changes);
}

static void wgd_restart(void)
{
	note("wgd restarts");
	drop_queue();
	fib_wgd_away();
	tunnel_begin();
	m.sweep = 0;
	memset(m.touched, 0, sizeof(m.touched));
	for (unsigned i = 0; i < MODEL_IFS; i++)
		tell_if(i);
	for (unsigned i = 0; i < MODEL_PEERS; i++) {
		m.peer[i].id = ++m.next_id;
		tell_peer(i);
	}
	tunnel_synced();
	fib_wgd_synced();
}

/* --- changes --- */

static struct addr gateway_addr(void)
{
	struct addr a;

	addr_parse("192.0.2.1", &a);
	return a;
}

static void tell_prefix(const struct mprefix *p)
{
	struct prefix copy = p->p;
	struct msg_routes r = {.n_prefixes = 1, .prefixes = &copy};

	r.hops.n = p->n < ROUTE_HOPS_MAX ? p->n : ROUTE_HOPS_MAX;
	for (unsigned i = 0; i < r.hops.n; i++) {
		r.hops.hop[i].demotion = p->demotion[i];
		r.hops.hop[i].weight = p->weight[i];
		r.hops.hop[i].addr = p->hop[i] == GATEWAY ? gateway_addr() : m.peer[p->hop[i]].addr;
	}
	rib_bgp_routes(&r);
}

/* The first hops share the traffic, as far as they are tunnels by different interfaces. */
static void give_shares(struct mprefix *p)
{
	unsigned ifs = 0, n = 0;

	memset(p->weight, 0, sizeof(p->weight));
	if (rnd(2))
		return;
	for (; n < p->n && p->hop[n] != GATEWAY && !(ifs >> m.peer[p->hop[n]].iface & 1); n++)
		ifs |= 1u << m.peer[p->hop[n]].iface;
	for (unsigned i = 0; i < n && n > 1; i++) {
		p->weight[i] = 1 + rnd(2);
		p->demotion[i] = p->demotion[0];
	}
}

static void op_announce(struct mprefix *p)
{
	unsigned n = 1 + rnd(4);

	p->n = 0;
	p->stale = false;
	while (p->n < n) {
		unsigned hop = rnd(HOPS);
		bool there = false;

		for (unsigned i = 0; i < p->n; i++)
			there = there || p->hop[i] == hop;
		if (there)
			continue;
		p->demotion[p->n] = rnd(6) ? DEMOTED_NOT : rnd(DEMOTED_LAST + 1);
		p->hop[p->n++] = hop;
	}
	give_shares(p);
	note("announce %s first hop %u of %u, shares %u %u %u", PREFIX_STR(&p->p), p->hop[0], p->n,
	     p->weight[0], p->weight[1], p->weight[2]);
	learn();
	tell_prefix(p);
}

static void op_withdraw(struct mprefix *p)
{
	note("withdraw %s", PREFIX_STR(&p->p));
	p->n = 0;
	p->stale = false;
	learn();
	tell_prefix(p);
}

static void op_foreign(struct mprefix *p)
{
	struct kroute r = {.prefix = p->p,
			   .table = 254,
			   .oif = UNDERLAY,
			   .protocol = RTPROT_BOOT,
			   .type = RTN_UNICAST};

	r.gateway = gateway_addr();
	p->foreign = !p->foreign;
	note("foreign %s %s", PREFIX_STR(&p->p), p->foreign ? "comes" : "goes");
	learn();
	for (unsigned s = 0; s < MODEL_SAMPLES; s++) /* nobody can close the gap of one that goes */
		if (prefix_has_addr(&p->p, &m.sample[s]))
			m.had_way[s] = false;
	rib_kernel_route(&r, p->foreign);
}

static void op_tunnel(void)
{
	struct mpeer *p = &m.peer[rnd(MODEL_PEERS)];

	if (p->up && rnd(2)) {
		p->degraded = !p->degraded;
	} else {
		p->up = !p->up;
		p->weak = !p->up && rnd(2);
	}
	note("tunnel %d %s", (int)(p - m.peer),
	     p->up     ? p->degraded ? "degraded" : "up"
	     : p->weak ? "down by a guess"
		       : "down");
	learn();
	tell_peer(p - m.peer);
}

static void op_drift(struct mprefix *p)
{
	struct kroute r = {.prefix = p->p,
			   .table = 254,
			   .metric = 179,
			   .oif = p->oif,
			   .nhid = p->nhid,
			   .protocol = 222,
			   .type = RTN_UNICAST};

	if (!p->route || m.batch_max < MODEL_PREFIXES)
		return;
	if (p->oif == UNDERLAY)
		r.gateway = gateway_addr();
	note("somebody deletes %s", PREFIX_STR(&p->p));
	p->route = false;
	memset(m.had_way, 0, sizeof(m.had_way));
	rib_kernel_route(&r, false);
}

static void op_bgpd_restart(void)
{
	note("bgpd restarts");
	rib_bgp_begin();
	for (unsigned i = 0; i < MODEL_PREFIXES; i++) {
		struct mprefix *p = &m.prefix[i];

		if (p->n && rnd(10) == 0)
			p->stale = true; /* gone meanwhile */
	}
	learn();
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		if (m.prefix[i].n && !m.prefix[i].stale)
			tell_prefix(&m.prefix[i]);
	rib_bgp_synced();
}

/* The object is gone, from its groups, too; a group without legs and the routes of both go with it.
 */
static void kernel_drops(uint32_t id, bool gone[MODEL_PREFIXES])
{
	find_object(id)->id = 0;
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		if (m.prefix[i].route && m.prefix[i].nhid == id) {
			m.prefix[i].route = false;
			gone[i] = true;
		}
	for (unsigned i = 0; i < OBJECTS; i++) {
		struct mobject *g = &m.object[i];
		unsigned had = g->id ? g->n : 0;

		for (unsigned k = 0; k < (g->id ? g->n : 0); k++)
			if (g->legs[k].id == id)
				g->legs[k--] = g->legs[--g->n];
		if (had && !g->n)
			kernel_drops(g->id, gone);
	}
}

/* A link blinks, or somebody deletes an object: its routes go with it. */
static void op_flush(void)
{
	uint32_t id = m.object[rnd(8)].id;
	bool gone[MODEL_PREFIXES] = {0};

	if (!id || m.batch_max < MODEL_PREFIXES)
		return;
	note("the kernel drops object %u", id - NHOBJ_FIRST);
	memset(m.had_way, 0, sizeof(m.had_way));
	kernel_drops(id, gone);
	nhobj_lost(id);
	for (unsigned i = 0; i < MODEL_PREFIXES; i++) {
		struct kroute r = {.prefix = m.prefix[i].p,
				   .table = 254,
				   .metric = 179,
				   .nhid = m.prefix[i].nhid,
				   .protocol = 222,
				   .type = RTN_UNICAST};

		if (!gone[i] || m.prefix[i].route)
			continue;
		m.prefix[i].nhid = 0;
		rib_kernel_route(&r, false);
	}
}

void model_op(void)
{
	struct mprefix *p = &m.prefix[rnd(MODEL_PREFIXES)];
	unsigned r = rnd(1000);

	m.ops++;
	time_passes();
	if (r < 450)
		op_announce(p);
	else if (r < 700)
		op_withdraw(p);
	else if (r < 950)
		op_tunnel();
	else if (r < 970)
		op_foreign(p);
	else if (r < 981)
		op_drift(p);
	else if (r < 985)
		op_flush();
	else if (r < 993)
		wgd_restart();
	else
		op_bgpd_restart();
}

void model_turn(void)
{
	time_passes();
	switch (rnd(3)) {
	case 0:
		kernel_turn();
		break;
	case 1:
		wgd_turn();
		break;
	default:
		loop_fake_turn();
		break;
	}
}

void model_rest(void)
{
	do {
		time_passes();
		loop_fake_turn();
		kernel_turn();
		wgd_turn();
	} while (m.head != m.tail || fib_counters.queued || fib_counters.lingering || !fib_idle());
	check_rest();
}

/* --- the world --- */

static void on_resync(const char *why)
{
}

static bool link_up(uint32_t ifindex)
{
	return true;
}

static void begin(void)
{
	struct kroute link = {
		.table = 254, .oif = UNDERLAY, .protocol = RTPROT_KERNEL, .type = RTN_UNICAST};

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
	fib_linger_ms = 1;
	nhobj_home_ms = 1;
	fib_batch_max = m.batch_max;
	prefix_parse("192.0.2.0/24", &link.prefix);
	rib_kernel_route(&link, true);
	for (unsigned i = 0; i < OBJECTS; i++)
		if (m.object[i].id && !m.object[i].n)
			nhobj_found(m.object[i].id, m.object[i].oif, AF_INET);
	for (unsigned i = 0; i < OBJECTS; i++)
		if (m.object[i].id && m.object[i].n)
			nhgroup_found(m.object[i].id, m.object[i].legs, m.object[i].n,
				      m.object[i].resilient);
}

static void make_prefixes(void)
{
	for (unsigned i = 0; i < MODEL_PREFIXES;) {
		static const uint8_t lens[] = {16, 18, 20, 22, 24, 26};
		uint8_t b[4] = {10, 0, rnd(256) & 0xcc, rnd(256) & 0xc0}, last[4];
		struct prefix p = prefix_make(AF_INET, b, lens[rnd(ARRAY_SIZE(lens))]);

		if (find_prefix(&p))
			continue;
		m.prefix[i].p = p;
		for (unsigned k = 0; k < MODEL_IFS; k++)
			m.prefix[i].owner[k] = -1;
		for (unsigned k = 0; k < MODEL_PEERS; k++)
			m.prefix[i].refused[k] = m.peer[k].iface != MODEL_IFS - 1 && rnd(50) == 0;
		for (unsigned k = 0; k < 4; k++)
			last[k] = p.b[k] | (k * 8 + 8 <= p.len ? 0
					    : k * 8 >= p.len   ? 0xff
							       : 0xff >> (p.len - k * 8));
		m.sample[2 * i] = addr_make(AF_INET, p.b);
		m.sample[2 * i + 1] = addr_make(AF_INET, last);
		i++;
	}
}

void model_start(uint64_t seed, const struct model_hooks *hooks)
{
	const char *clock = getenv("WGBGP_CLOCK");

	memset(&m, 0, sizeof(m));
	m.seed = seed;
	m.rng = seed * 0x9e3779b97f4a7c15ull + 1;
	m.clock_rng = clock ? strtoull(clock, NULL, 0) : seed;
	if (hooks)
		m.hooks = *hooks;
	for (unsigned i = 0; i < MODEL_PEERS; i++) {
		uint8_t b[4] = {172, 16, 0, 1 + i};

		m.peer[i].iface = i == MODEL_PEERS - 1 ? MODEL_IFS - 1 : i % (MODEL_IFS - 1);
		m.peer[i].up = true;
		m.peer[i].addr = addr_make(AF_INET, b);
	}
	m.no_objects = seed % 5 == 0;
	m.no_resilient = seed % 4 == 0;
	zconfig.last_path_keep = seed % 4 == 1;
	zconfig.resilient = seed % 3 != 0;
	m.batch_max = seed % 3 ? 4096 : 1 + seed % 7;
	make_prefixes();
	begin();
	rib_bgp_begin();
	rib_bgp_synced();
	fib_kernel_ready();
	wgd_restart();
	model_rest();
}

static void forget(void)
{
	drop_queue();
	fib_reset();
	pin_reset();
	rib_reset();
	rib_kernel_reset();
	nexthop_reset();
	tunnel_reset();
	fib_linger_reset();
	nhobj_reset();
}

/* Another zebra-lite finds the tables as they are; wgd lives on but gets a new channel. */
void model_restart_zebra(void)
{
	note("zebra-lite restarts");
	forget();
	begin();
	for (unsigned i = 0; i < MODEL_PREFIXES; i++) {
		const struct mprefix *p = &m.prefix[i];
		struct kroute r = {.prefix = p->p,
				   .table = 254,
				   .metric = 179,
				   .oif = p->nhid ? 0 : p->oif, /* compat_mode 0 */
				   .nhid = p->nhid,
				   .protocol = 222,
				   .type = RTN_UNICAST};
		struct kroute f = {.prefix = p->p,
				   .table = 254,
				   .oif = UNDERLAY,
				   .protocol = RTPROT_BOOT,
				   .type = RTN_UNICAST};

		if (p->oif == UNDERLAY)
			r.gateway = gateway_addr();
		f.gateway = gateway_addr();
		if (p->route)
			rib_kernel_route(&r, true);
		if (p->foreign)
			rib_kernel_route(&f, true);
	}
	fib_kernel_ready();
	wgd_restart();
	op_bgpd_restart();
}

void model_stop(void)
{
	forget();
	loop_free();
}

uint64_t model_moves(void)
{
	return m.no_objects ? 1 : m.moves;
}

uint64_t model_checks(void)
{
	return m.checks;
}
