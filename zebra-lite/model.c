/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_internal.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fib.h"
#include "loop_fake.h"
#include "keepin.h"
#include "nexthop.h"
#include "nhobj.h"
#include "pin.h"
#include "planes.h"
#include "rib.h"
#include "rib_kernel.h"
#include "tunnel.h"
#include "util.h"
#include "zceiling.h"
#include "zconfig.h"

struct model model;

void model_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(model.log[model.logged++ % LOG_LINES], sizeof(model.log[0]), fmt, ap);
	va_end(ap);
	if (getenv("WGBGP_TRACE"))
		fprintf(stderr, "%s\n", model.log[(model.logged - 1) % LOG_LINES]);
}

_Noreturn void model_fail(const char *what, const struct addr *at)
{
	unsigned from = model.logged > LOG_LINES ? model.logged - LOG_LINES : 0;

	for (unsigned i = from; i < model.logged; i++)
		fprintf(stderr, "  %s\n", model.log[i % LOG_LINES]);
	fatal("seed %llu op %llu: %s at %s", (unsigned long long)model.seed,
	      (unsigned long long)model.ops, what, at ? ADDR_STR(at) : "-");
}

unsigned model_random(unsigned n)
{
	model.rng ^= model.rng << 13;
	model.rng ^= model.rng >> 7;
	model.rng ^= model.rng << 17;
	return (model.rng >> 16) % n;
}

/* Mostly less than a timer waits, sometimes a stall. */
static void time_passes(void)
{
	static const uint32_t longest_us[] = {50, 50, 50, 50, 500, 500, 5000, 4000000};

	model.clock_rng = model.clock_rng * 6364136223846793005u + 1442695040888963407u;
	loop_fake_pass((model.clock_rng >> 32) % longest_us[model.clock_rng >> 61]);
}

uint32_t model_ifindex(unsigned iface)
{
	return iface + 10;
}

struct mprefix *model_prefix(const struct prefix *p)
{
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		if (prefix_eq(&model.prefix[i].p, p))
			return &model.prefix[i];
	return NULL;
}

struct mobject *model_object(uint32_t id)
{
	for (unsigned i = 0; i < OBJECTS; i++)
		if (model.object[i].id == id)
			return &model.object[i];
	return NULL;
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
		r.hops.hop[i].addr =
			p->hop[i] == GATEWAY ? gateway_addr() : model.peer[p->hop[i]].addr;
	}
	rib_bgp_routes(&r, model.generation);
}

/* The first hops share the traffic, as far as they are tunnels by different interfaces. */
static void give_shares(struct mprefix *p)
{
	unsigned ifs = 0, n = 0;

	memset(p->weight, 0, sizeof(p->weight));
	if (model_random(2))
		return;
	for (; n < p->n && p->hop[n] != GATEWAY && !(ifs >> model.peer[p->hop[n]].iface & 1); n++)
		ifs |= 1u << model.peer[p->hop[n]].iface;
	for (unsigned i = 0; i < n && n > 1; i++) {
		p->weight[i] = 1 + model_random(2);
		p->demotion[i] = p->demotion[0];
	}
}

static void op_announce(struct mprefix *p)
{
	unsigned n = 1 + model_random(4);

	p->n = 0;
	p->stale = false;
	while (p->n < n) {
		unsigned hop = model_random(HOPS);
		bool there = false;

		for (unsigned i = 0; i < p->n; i++)
			there = there || p->hop[i] == hop;
		if (there)
			continue;
		p->demotion[p->n] = model_random(6) ? DEMOTED_NOT : model_random(DEMOTED_LAST + 1);
		p->hop[p->n++] = hop;
	}
	give_shares(p);
	model_note("announce %s first hop %u of %u, shares %u %u %u", PREFIX_STR(&p->p), p->hop[0],
		   p->n, p->weight[0], p->weight[1], p->weight[2]);
	model_learn();
	tell_prefix(p);
}

static void op_withdraw(struct mprefix *p)
{
	model_note("withdraw %s", PREFIX_STR(&p->p));
	p->n = 0;
	p->stale = false;
	model_learn();
	tell_prefix(p);
}

static struct kroute foreign_route(const struct mprefix *p)
{
	return (struct kroute){.prefix = p->p,
			       .table = 254,
			       .metric = p->metric,
			       .oif = UNDERLAY,
			       .gateway = gateway_addr(),
			       .protocol = RTPROT_BOOT,
			       .type = RTN_UNICAST};
}

/* Better than ours, worse, or in the place of ours. */
static void op_foreign(struct mprefix *p)
{
	const uint32_t metrics[] = {0, zconfig.metric, 201};
	struct kroute r;

	model_kernel_write_all();
	p->foreign = !p->foreign;
	if (p->foreign)
		p->metric = metrics[model_random(ARRAY_SIZE(metrics))];
	r = foreign_route(p);
	r.replaced = p->foreign && p->route && p->metric == zconfig.metric;
	p->route = p->route && !r.replaced;
	model_note("foreign %s metric %u %s", PREFIX_STR(&p->p), p->metric,
		   p->foreign ? "comes" : "goes");
	model_learn();
	for (unsigned s = 0; s < MODEL_SAMPLES; s++) /* nobody can close the gap of one that goes */
		if (prefix_has_addr(&p->p, &model.sample[s]))
			model.had_way[s] = false;
	rib_kernel_route(&r, p->foreign);
}

/* What is in the way at wgd, which refuses what it is asked for; it takes nothing away. */
static void op_refusal(struct mprefix *p)
{
	unsigned peer = model_random(MODEL_PEERS - 1);
	bool *refused = &p->refused[peer];

	if (!*refused && p->owner[model.peer[peer].iface] == (int)peer)
		return;
	*refused = !*refused;
	model_note("wgd %s %s at peer %u", *refused ? "refuses" : "would take", PREFIX_STR(&p->p),
		   peer);
	model_learn();
	if (!*refused)
		model_wgd_says_free(&p->p, peer);
}

static void op_tunnel(void)
{
	struct mpeer *p = &model.peer[model_random(MODEL_PEERS)];

	if (p->gone)
		return;
	if (p->up && model_random(2)) {
		p->degraded = !p->degraded;
	} else {
		p->up = !p->up;
		p->weak = !p->up && model_random(2);
	}
	model_note("tunnel %d %s", (int)(p - model.peer),
		   p->up     ? p->degraded ? "degraded" : "up"
		   : p->weak ? "down by a guess"
			     : "down");
	model_learn();
	model_tell_peer(p - model.peer);
}

/* It is taken out of the configuration, or is there again. */
static void op_peer(void)
{
	unsigned i = model_random(MODEL_PEERS - 1);
	struct mpeer *p = &model.peer[i];

	if (!model.in_step) /* its entries go with what is stale, whatever anybody does */
		return;
	p->gone = !p->gone;
	model_note("peer %u %s", i, p->gone ? "goes" : "is there again");
	if (p->gone) {
		model_learn();
		tunnel_peer_gone(p->id);
		return;
	}
	p->id = p->id ? p->id : ++model.next_id;
	model_learn();
	model_tell_peer(i);
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

	if (!p->route || model.batch_max < MODEL_PREFIXES)
		return;
	if (p->oif == UNDERLAY)
		r.gateway = gateway_addr();
	model_note("somebody deletes %s", PREFIX_STR(&p->p));
	p->route = false;
	memset(model.had_way, 0, sizeof(model.had_way));
	model_learn_found(&p->p); /* until it is repaired a covering route leads to what was kept */
	rib_kernel_route(&r, false);
}

static void op_bgpd_restart(void)
{
	model_note("bgpd restarts");
	model_bgpd_restart();
	rib_bgp_begin();
	for (unsigned i = 0; i < MODEL_PREFIXES; i++) {
		struct mprefix *p = &model.prefix[i];

		if (p->n && model_random(10) == 0)
			p->stale = true; /* gone meanwhile */
	}
	model_learn();
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		if (model.prefix[i].n && !model.prefix[i].stale)
			tell_prefix(&model.prefix[i]);
	rib_bgp_synced();
}

/* The object is gone, from its groups, too; a group without legs and the routes of both go with it.
 */
static void kernel_drops(uint32_t id, bool gone[MODEL_PREFIXES])
{
	model_object(id)->id = 0;
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		if (model.prefix[i].route && model.prefix[i].nhid == id) {
			model.prefix[i].route = false;
			gone[i] = true;
		}
	for (unsigned i = 0; i < OBJECTS; i++) {
		struct mobject *g = &model.object[i];
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
	uint32_t id = model.object[model_random(8)].id;
	bool gone[MODEL_PREFIXES] = {0};

	if (!id || model.batch_max < MODEL_PREFIXES)
		return;
	model_note("the kernel drops object %u", id - NHOBJ_FIRST);
	memset(model.had_way, 0, sizeof(model.had_way));
	kernel_drops(id, gone);
	nhobj_lost(id);
	for (unsigned i = 0; i < MODEL_PREFIXES; i++) {
		struct kroute r = {.prefix = model.prefix[i].p,
				   .table = 254,
				   .metric = 179,
				   .nhid = model.prefix[i].nhid,
				   .protocol = 222,
				   .type = RTN_UNICAST};

		if (!gone[i] || model.prefix[i].route)
			continue;
		model.prefix[i].nhid = 0;
		rib_kernel_route(&r, false);
	}
}

static void tell_planes(void)
{
	json_t *ifs = json_array(), *config;

	for (unsigned i = 0; i < MODEL_IFS; i++)
		if (model.away[i])
			json_array_append_new(ifs, json_pack("{s:s+,s:s}", "name", "wg",
							     (const char[]){'0' + i, 0}, "plane",
							     "other"));
	config = json_pack("{s:[{s:s,s:i}],s:{s:o}}", "plane", "name", "other", "number", 1,
			   "wireguard", "interface", ifs);
	planes_read(config);
	json_decref(config);
	tunnel_planes_changed();
}

/* Only the main plane has prefixes: their hops by the interface are out while it is away. */
static void op_plane(void)
{
	unsigned i = model_random(MODEL_IFS);

	model.away[i] = !model.away[i];
	model_note("if %u goes %s", i, model.away[i] ? "to another plane" : "back");
	model_learn();
	tell_planes();
}

void model_op(void)
{
	struct mprefix *p = &model.prefix[model_random(MODEL_PREFIXES)];
	unsigned r = model_random(1000);

	model.ops++;
	time_passes();
	if (model.ceilings && model_random(50) == 0)
		model_op_permits();
	else if (model.hostile && r < 700)
		model_op_hostile();
	else if (r < 450)
		op_announce(p);
	else if (r < 700)
		op_withdraw(p);
	else if (r < 950)
		op_tunnel();
	else if (r < 965)
		op_foreign(p);
	else if (r < 971)
		op_refusal(p);
	else if (r < 975)
		op_peer();
	else if (r < 981)
		op_drift(p);
	else if (r < 985)
		op_flush();
	else if (r < 990 && model.planes)
		op_plane();
	else if (r < 993)
		model_wgd_restart();
	else
		op_bgpd_restart();
}

void model_turn(void)
{
	time_passes();
	model_bgpd_turn();
	switch (model_random(3)) {
	case 0:
		model_kernel_turn();
		break;
	case 1:
		model_wgd_turn();
		break;
	default:
		loop_fake_turn();
		break;
	}
}

enum { TURNS_MAX = 10000 }; /* until rest; 19 is what it takes */

void model_rest(void)
{
	unsigned turns = 0;

	do {
		if (turns++ > TURNS_MAX)
			model_fail("never at rest", NULL);
		if (turns % 4 == 0) /* a hostile circle is held by how often it turns in how long */
			time_passes();
		model_bgpd_reads();
		loop_fake_turn();
		model_kernel_turn();
		model_wgd_turn();
	} while (!model_wgd_rests() || keepin_queued() || model.answered < model.given ||
		 fib_counters.queued || fib_counters.lingering || !fib_idle());
	model_check_rest();
}

/* --- the world --- */

static void begin(void)
{
	struct kroute link = {
		.table = 254, .oif = UNDERLAY, .protocol = RTPROT_KERNEL, .type = RTN_UNICAST};
	const char *linger = getenv("WGBGP_LINGER");

	model_far_begin();
	fib_linger_ms = linger ? strtoul(linger, NULL, 0) : 1;
	nhobj_home_ms = 1;
	fib_batch_max = model.batch_max;
	prefix_parse("192.0.2.0/24", &link.prefix);
	rib_kernel_route(&link, true);
	prefix_parse("203.0.113.0/24", &link.prefix); /* no neighbour is there */
	rib_kernel_route(&link, true);
	for (unsigned i = 0; i < OBJECTS; i++)
		if (model.object[i].id && !model.object[i].n)
			nhobj_found(model.object[i].id, model.object[i].oif, AF_INET);
	for (unsigned i = 0; i < OBJECTS; i++)
		if (model.object[i].id && model.object[i].n)
			nhgroup_found(model.object[i].id, model.object[i].legs, model.object[i].n,
				      model.object[i].resilient);
	for (unsigned i = 0; i < MODEL_PEERS; i++)
		nexthop_watch(&model.peer[i].addr);
}

static void make_prefixes(void)
{
	for (unsigned i = 0; i < MODEL_PREFIXES;) {
		static const uint8_t lens[] = {16, 18, 20, 22, 24, 26};
		uint8_t b[4] = {10, 0, model_random(256) & 0xcc, model_random(256) & 0xc0}, last[4];
		struct prefix p = prefix_make(AF_INET, b, lens[model_random(ARRAY_SIZE(lens))]);

		if (model_prefix(&p))
			continue;
		model.prefix[i].p = p;
		for (unsigned k = 0; k < MODEL_IFS; k++)
			model.prefix[i].owner[k] = -1;
		for (unsigned k = 0; k < MODEL_PEERS; k++)
			model.prefix[i].refused[k] =
				model.peer[k].iface != MODEL_IFS - 1 && model_random(50) == 0;
		for (unsigned k = 0; k < 4; k++)
			last[k] = p.b[k] | (k * 8 + 8 <= p.len ? 0
					    : k * 8 >= p.len   ? 0xff
							       : 0xff >> (p.len - k * 8));
		model.sample[2 * i] = addr_make(AF_INET, p.b);
		model.sample[2 * i + 1] = addr_make(AF_INET, last);
		i++;
	}
}

void model_start(uint64_t seed, const struct model_hooks *hooks)
{
	const char *clock = getenv("WGBGP_CLOCK");

	memset(&model, 0, sizeof(model));
	model.seed = seed;
	model.rng = seed * 0x9e3779b97f4a7c15ull + 1;
	model.clock_rng = clock ? strtoull(clock, NULL, 0) : seed;
	if (hooks)
		model.hooks = *hooks;
	for (unsigned i = 0; i < MODEL_PEERS; i++) {
		uint8_t b[4] = {172, 16, 0, 1 + i};

		model.peer[i].iface = i == MODEL_PEERS - 1 ? MODEL_IFS - 1 : i % (MODEL_IFS - 1);
		model.peer[i].up = true;
		model.peer[i].addr = addr_make(AF_INET, b);
	}
	model.no_objects = seed % 5 == 0;
	model.no_resilient = seed % 4 == 0;
	zconfig.last_path_keep = seed % 4 == 1;
	zconfig.resilient = seed % 3 != 0;
	zconfig.bgp = true;
	model.batch_max = seed % 3 ? 4096 : 1 + seed % 7;
	make_prefixes();
	begin();
	rib_bgp_begin();
	rib_bgp_synced();
	fib_kernel_ready();
	model_wgd_restart();
	model_rest();
}

static void add_statics(void)
{
	struct addr by = gateway_addr();

	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		if (model.prefix[i].beside)
			rib_static_add(&model.prefix[i].p, &by, UNDERLAY, RTN_UNICAST, 250, 0);
}

static void forget(void)
{
	model_wgd_drop();
	fib_reset();
	pin_reset();
	rib_reset();
	rib_kernel_reset();
	nexthop_reset();
	tunnel_reset();
	fib_linger_reset();
	nhobj_reset();
}

/* bgpd is there a while after wgd. */
static void bgpd_comes(void)
{
	static struct mprefix found[MODEL_PREFIXES];

	memcpy(found, model.prefix, sizeof(found));
	for (unsigned i = model_random(40); i; i--)
		model_turn();
	if (!model.ceilings)
		model_check_found(found);
	op_bgpd_restart();
}

/* Another zebra-lite finds the tables as they are; wgd lives on but gets a new channel. */
void model_restart_zebra(void)
{
	model_note("zebra-lite restarts");
	forget();
	begin();
	add_statics();
	if (model.ceilings)
		model_ceilings_again();
	for (unsigned i = 0; i < MODEL_PREFIXES; i++) {
		const struct mprefix *p = &model.prefix[i];
		struct kroute kept = {.prefix = p->p,
				      .table = 254,
				      .metric = KEEPIN_METRIC,
				      .protocol = 222,
				      .type = RTN_UNREACHABLE};
		struct kroute r = {.prefix = p->p,
				   .table = 254,
				   .metric = 179,
				   .oif = p->nhid ? 0 : p->oif, /* compat_mode 0 */
				   .nhid = p->nhid,
				   .protocol = 222,
				   .type = RTN_UNICAST};
		struct kroute f = foreign_route(p);

		if (p->oif == UNDERLAY)
			r.gateway = gateway_addr();
		if (p->route)
			rib_kernel_route(&r, true);
		if (p->foreign)
			rib_kernel_route(&f, true);
		if (p->kept)
			rib_kernel_route(&kept, true);
	}
	keepin_read_end();
	rib_bgp_begin();
	fib_kernel_ready();
	model_wgd_restart();
	bgpd_comes();
}

void model_statics(void)
{
	for (unsigned i = 0; i < MODEL_PREFIXES; i++)
		model.prefix[i].beside = model_random(2);
	model_learn();
	add_statics();
	model_rest();
}

void model_planes(void)
{
	model.planes = true;
	zconfig.plane_table[1] = 100;
	tell_planes();
}

void model_stop(void)
{
	forget();
	zconfig.plane_table[1] = 0;
	planes_read(NULL);
	zceiling_reset();
	model_bgpd_stop();
	loop_free();
}

uint64_t model_moves(void)
{
	return model.no_objects ? 1 : model.moves;
}

uint64_t model_checks(void)
{
	return model.checks;
}
