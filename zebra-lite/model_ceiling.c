/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "model_internal.h"

#include "keepin.h"
#include "rib.h"
#include "zapply.h"

/* --- brute force --- */

static bool in_list(const struct mpermit *m, const struct prefix *p)
{
	for (unsigned i = 0; i < m->n; i++)
		if (prefix_covers(&m->list[i], p))
			return true;
	return false;
}

static bool for_no_tunnel(const struct prefix *p, bool before)
{
	for (unsigned i = 0; i < MODEL_PEERS; i++)
		if (in_list(before ? &model.peer[i].before : &model.peer[i].permit, p))
			return false;
	return true;
}

static bool permits(const struct prefix *p, unsigned hop, bool before)
{
	if (hop == GATEWAY)
		return for_no_tunnel(p, before);
	return in_list(before ? &model.peer[hop].before : &model.peer[hop].permit, p);
}

bool model_permits(const struct prefix *p, unsigned hop, bool late)
{
	bool now, before;

	if (!model.ceilings)
		return true;
	now = permits(p, hop, false);
	before = permits(p, hop, true);
	return model.unjudged ? now && before : now || (late && before);
}

/* --- the configuration --- */

static struct mpermit random_permit(void)
{
	struct mpermit m = {.n = model_random(4)};

	for (unsigned i = 0; i < m.n; i++) {
		uint8_t b[4] = {10, 0, model_random(4) << 6, model_random(4) << 6};
		static const uint8_t lens[] = {8, 16, 17, 18, 20, 22};

		m.list[i] = prefix_make(AF_INET, b, lens[model_random(sizeof(lens))]);
	}
	return m;
}

static json_t *peer_config(unsigned i)
{
	const struct mpeer *p = &model.peer[i];
	json_t *permit = json_array();
	char name[16];

	for (unsigned k = 0; k < p->permit.n; k++)
		json_array_append_new(permit, json_string(PREFIX_STR(&p->permit.list[k])));
	snprintf(name, sizeof(name), "peer%u", i);
	return json_pack("{s:s,s:[s],s:o}", "name", name, "tunnel-address", ADDR_STR(&p->addr),
			 "permit", permit);
}

static json_t *config(void)
{
	json_t *ifs = json_array();

	for (unsigned i = 0; i < MODEL_IFS; i++) {
		json_t *peers = json_array();
		char name[16];

		for (unsigned k = 0; k < MODEL_PEERS; k++)
			if (model.peer[k].iface == i)
				json_array_append_new(peers, peer_config(k));
		snprintf(name, sizeof(name), "wg%u", i);
		json_array_append_new(ifs, json_pack("{s:s,s:o}", "name", name, "peer", peers));
	}
	return json_pack("{s:{s:o},s:{s:[{s:s}]}}", "wireguard", "interface", ifs, "bgp",
			 "neighbor", "address", "192.0.2.9");
}

static void apply(void)
{
	json_t *c = config();

	model.overtaken = true; /* lists are judged anew in turns, beside the queue */

	model_note("permit lists, generation %u", model.generation + 1);
	model.pruned = false;
	model.judging = true;
	model_learn();
	zapply_ceilings(c, ++model.generation);
	json_decref(c);
}

void model_ceilings_again(void)
{
	json_t *c = config();

	keepin_configure(c);
	json_decref(c);
}

static void prune(void)
{
	model_note("pruned");
	model.pruned = model.overtaken = model.judging = true;
	model_learn();
	zapply_ceilings_prune();
}

void model_op_permits(void)
{
	model_rest(); /* nothing of an older list is under way */
	for (unsigned i = 0; i < MODEL_PEERS; i++) {
		model.peer[i].before = model.peer[i].permit;
		if (model_random(3) == 0)
			model.peer[i].permit = random_permit();
	}
	apply();
	for (unsigned i = model_random(20); i; i--)
		model_turn();
	if (model_random(2))
		model_rest();
	prune();
}

void model_ceilings(void)
{
	model.ceilings = true;
	for (unsigned i = 0; i < MODEL_PEERS; i++)
		model.peer[i].before = model.peer[i].permit = random_permit();
	apply();
	prune();
	model_rest();
}

/* --- a bgpd in somebody else's hands --- */

/* Peers, the gateway, a stranger, or an address inside some prefix, whose route may itself rest on
 * another one, in a circle, too. */
static struct addr random_hop(void)
{
	unsigned i = model_random(MODEL_PEERS + 6);
	struct addr a = addr_of_prefix(&model.prefix[model_random(MODEL_PREFIXES)].p);

	a.b[3] = (uint8_t)model_random(256);
	if (i < MODEL_PEERS)
		return model.peer[i].addr;
	if (i == MODEL_PEERS)
		addr_parse("192.0.2.1", &a);
	if (i == MODEL_PEERS + 1)
		addr_parse("203.0.113.7", &a);
	return a;
}

static bool has_hop(const struct route_hops *hops, const struct addr *a)
{
	for (unsigned i = 0; i < hops->n; i++)
		if (addr_eq(&hops->hop[i].addr, a))
			return true;
	return false;
}

void model_op_hostile(void)
{
	struct prefix some[4];
	struct msg_routes r = {.n_prefixes = 1 + model_random(4), .prefixes = some};
	unsigned n = model_random(5);
	struct addr a;

	for (unsigned i = 0; i < r.n_prefixes; i++)
		some[i] = model.prefix[model_random(MODEL_PREFIXES)].p;
	while (r.hops.n < n) {
		a = random_hop();
		if (has_hop(&r.hops, &a))
			continue;
		r.hops.hop[r.hops.n].addr = a;
		r.hops.hop[r.hops.n].weight = model_random(3);
		r.hops.hop[r.hops.n++].source = model_random(2);
	}
	if (model_random(20) == 0) {
		a = random_hop();
		(model_random(2) ? nexthop_watch : nexthop_unwatch)(&a);
		for (unsigned i = 0; i < MODEL_PEERS; i++)
			nexthop_watch(&model.peer[i].addr);
	}
	model_note("bgpd: %s and %u more by %u hops, first %s", PREFIX_STR(&some[0]),
		   r.n_prefixes - 1, r.hops.n, r.hops.n ? ADDR_STR(&r.hops.hop[0].addr) : "-");
	rib_bgp_routes(&r, model.generation);
}

void model_hostile(void)
{
	model.hostile = true;
}

/* --- the checks --- */

void model_check_entry(const struct prefix *p, unsigned peer)
{
	struct addr a = addr_of_prefix(p);

	if (!model_permits(p, peer, true))
		model_fail("an entry beyond the peer's permit list", &a);
}

static void check_leg(const struct prefix *p, uint32_t oif, bool late)
{
	struct addr a = addr_of_prefix(p);

	if (oif == UNDERLAY && !model_permits(p, GATEWAY, late))
		model_fail("what is for a tunnel leaves by a link", &a);
	if (oif == model_ifindex(MODEL_IFS - 1) && !model_permits(p, MODEL_PEERS - 1, late))
		model_fail("a route beyond the permit list of the one peer", &a);
}

void model_check_route(const struct prefix *p, uint32_t oif, const struct addr *gateway)
{
	struct addr stranger;

	addr_parse("203.0.113.7", &stranger);
	if (model.ceilings && gateway && addr_eq(gateway, &stranger))
		model_fail("a route by a gateway that is no neighbour's", gateway);
	check_leg(p, oif, true);
}

void model_check_ceilings(void)
{
	bool late = !model.pruned;

	for (unsigned i = 0; model.ceilings && i < MODEL_PREFIXES; i++) {
		const struct mprefix *p = &model.prefix[i];
		const struct mobject *o = p->route && p->nhid ? model_object(p->nhid) : NULL;
		struct addr a = addr_of_prefix(&p->p);

		for (unsigned k = 0; k < MODEL_IFS; k++)
			if (p->owner[k] >= 0 && !model_permits(&p->p, p->owner[k], late))
				model_fail("an entry beyond the new permit list stays", &a);
		if (p->route && !(o && o->n)) /* else it says where it led when it was written */
			check_leg(&p->p, p->oif, late);
		for (unsigned k = 0; o && k < o->n; k++)
			check_leg(&p->p, model_object(o->legs[k].id)->oif, late);
	}
}
