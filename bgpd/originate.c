/* SPDX-License-Identifier: BSD-2-Clause */
#include "originate.h"

#include <stdlib.h>
#include <string.h>

#include "bgp.h"
#include "conf_leaves.h"
#include "planes.h"
#include "policy.h"
#include "rib_update.h"
#include "rib_work.h"
#include "trie.h"
#include "util.h"

/* A prefix that is configured as `network`, or that zebra-lite has a route of others for. */
struct own {
	struct trie_node node;
	uint16_t network; /* number of the last configuration that has it */
	/* Number of the last channel that said a route of this source; 0: there is none. */
	uint16_t present[REDIST_COUNT];
	uint32_t metric;    /* of the static route */
	const char *source; /* of the path that there is, for people and policies */
};

struct redistribute {
	bool on;
	struct policy_chain *policy; /* owned */
	bool has_metric;
	uint32_t metric;
};

static struct trie owns;
static uint16_t configuration = 1, channel = 1; /* numbers of the present ones; never 0 */

/* The walk over all of them. */
static struct {
	bool on;
	bool sweep;	  /* what only earlier channels said goes */
	bool renew;	  /* paths are made again: the configuration is another one */
	struct prefix at; /* next one */
} walk;
static struct redistribute redistribute[PLANES_MAX][REDIST_COUNT];

static struct own *get(const struct prefix *p)
{
	struct trie_node *n = trie_exact(&owns, p);
	struct own *o;

	if (n)
		return container_of(n, struct own, node);
	o = xcalloc(1, sizeof(*o));
	trie_insert(&owns, &o->node, p);
	return o;
}

static struct attr *base(enum attr_origin origin)
{
	struct attr_edit *e = attr_edit_begin(NULL);

	attr_edit_origin(e, origin);
	return attr_edit_finish(e);
}

/* What the policy makes of the route of this source; NULL: not redistributed. */
static struct attr *redistributed(const struct own *o, enum redist_source s)
{
	const struct redistribute *r = &redistribute[o->node.p.plane][s];
	struct policy_input in = {
		.prefix = &o->node.p,
		.protocol = POLICY_CONNECTED << s,
		.own_as = bgp.as,
		.default_local_pref = bgp.default_local_pref,
	};
	struct policy_output out;
	struct attr_edit *e;

	if (!r->on || !o->present[s])
		return NULL;
	e = attr_edit_begin(NULL);
	attr_edit_origin(e, ORIGIN_INCOMPLETE);
	if (r->has_metric)
		attr_edit_med(e, true, r->metric);
	else if (s == REDIST_STATIC && o->metric)
		attr_edit_med(e, true, o->metric);
	in.attr = attr_edit_finish(e);
	if (!r->policy)
		return in.attr;
	if (!policy_run(r->policy, &in, &out))
		out.attr = NULL;
	attr_unref(in.attr);
	return out.attr;
}

static bool is_network(const struct own *o)
{
	return o->network == configuration;
}

static bool any_present(const struct own *o)
{
	for (int s = 0; s < REDIST_COUNT; s++)
		if (o->present[s])
			return true;
	return false;
}

/* Brings the path of ours up to date; O may be gone afterwards. */
static void update(struct own *o)
{
	struct prefix p = o->node.p;
	struct attr *attr = NULL;
	enum reason refused = REASON_NONE;

	if (is_network(o)) {
		attr = base(ORIGIN_IGP);
		if (!any_present(o))
			refused = REASON_IMPORT_CHECK;
	}
	o->source = "network";
	for (int s = 0; s < REDIST_COUNT && (!attr || refused); s++) {
		struct attr *other = redistributed(o, s);

		if (other) {
			attr_unref(attr);
			attr = other;
			refused = REASON_NONE;
			o->source = redist_name(s);
		}
	}
	rib_set_local(&p, attr, refused);
	if (!is_network(o) && !any_present(o)) {
		trie_remove(&owns, &o->node);
		free(o);
	}
}

static void visit(struct own *o)
{
	bool changed = walk.renew;

	if (!is_network(o))
		o->network = 0; /* that number comes again */
	for (int s = 0; s < REDIST_COUNT && walk.sweep; s++)
		if (o->present[s] && o->present[s] != channel) {
			o->present[s] = 0;
			changed = true;
		}
	if (changed)
		update(o);
}

static void walk_again(void)
{
	walk.on = true;
	walk.at = (struct prefix){.family = AF_INET};
	rib_work();
}

bool originate_some(unsigned n)
{
	struct trie_node *node = walk.on ? trie_first_from(&owns, &walk.at) : NULL, *next;

	for (; node && n > 0; n--, node = next) {
		next = trie_next(&owns, node);
		visit(container_of(node, struct own, node));
	}
	if (node)
		walk.at = node->p;
	else
		memset(&walk, 0, sizeof(walk));
	return walk.on;
}

bool originate_is_walking(void)
{
	return walk.on;
}

static uint16_t next_number(uint16_t n)
{
	return n < UINT16_MAX ? n + 1 : 1;
}

static void forget_redistribute(void)
{
	for (int i = 0; i < PLANES_MAX * REDIST_COUNT; i++) {
		struct redistribute *r = &redistribute[i / REDIST_COUNT][i % REDIST_COUNT];

		policy_chain_free(r->policy);
		*r = (struct redistribute){0};
	}
}

/* FROM: `bgp` itself, or the part of one plane. */
static void read_redistribute(const json_t *config, const json_t *from, uint8_t plane)
{
	json_t *item;
	size_t i;

	json_array_foreach (conf_list(from, "redistribute"), i, item) {
		for (int s = 0; s < REDIST_COUNT; s++) {
			struct redistribute *r = &redistribute[plane][s];

			if (!str_eq(redist_name(s), conf_str(item, "protocol", "")))
				continue;
			r->on = true;
			r->policy = policy_chain_named(
				config, conf_str(item, "policy", CONF_REDISTRIBUTE_POLICY));
			r->has_metric = conf_has(item, "metric");
			r->metric = conf_u32(item, "metric", 0);
		}
	}
}

static void read_part(const json_t *config, const json_t *from, uint8_t plane)
{
	size_t n;
	struct prefix *networks = conf_prefixes(from, "network", &n);

	read_redistribute(config, from, plane);
	for (size_t i = 0; i < n; i++) {
		networks[i].plane = plane;
		get(&networks[i])->network = configuration;
	}
	free(networks);
}

void originate_apply(const json_t *config)
{
	const json_t *bgp_conf = conf_get(config, "bgp");
	json_t *item;
	size_t i;

	forget_redistribute();
	configuration = next_number(configuration);
	read_part(config, bgp_conf, PLANE_MAIN);
	json_array_foreach (conf_list(bgp_conf, "plane"), i, item) {
		int plane = plane_by_name(conf_str(item, "name", ""));

		if (plane > 0)
			read_part(config, item, (uint8_t)plane);
	}
	walk.renew = true;
	walk_again();
}

void originate_free(void)
{
	for (struct trie_node *n = trie_first(&owns), *next; n; n = next) {
		next = trie_next(&owns, n);
		trie_remove(&owns, n);
		free(container_of(n, struct own, node));
	}
	forget_redistribute();
	memset(&walk, 0, sizeof(walk));
}

void originate_restart(void)
{
	channel = next_number(channel);
	walk.sweep = false;
}

void originate_heard(const struct msg_redist *m)
{
	struct own *o;

	if (m->source >= REDIST_COUNT)
		return;
	if (!m->present && !trie_exact(&owns, &m->prefix))
		return;
	o = get(&m->prefix);
	o->present[m->source] = m->present ? channel : 0;
	if (m->source == REDIST_STATIC)
		o->metric = m->metric;
	update(o);
}

void originate_synced(void)
{
	walk.sweep = true;
	walk_again();
}

const char *originate_source(const struct prefix *p)
{
	struct trie_node *n = trie_exact(&owns, p);

	return n ? container_of(n, struct own, node)->source : "none";
}
