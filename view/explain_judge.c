/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain_judge.h"

#include <stdio.h>
#include <stdlib.h>

#include "explain_facts.h"
#include "explain_steps.h"
#include "members.h"
#include "util.h"

/* ---- what is picked out of the facts */

/* Keeps ROW in *SLOT when it covers the destination better than what is there. */
static void keep_longest(struct judge *f, const json_t **slot, const json_t *row)
{
	int len = explain_cover_len(f, row);

	if (len >= 0 && !(*slot && explain_cover_len(f, *slot) >= len))
		*slot = row;
}

/* ROW is of another plane than the one that is asked about. */
static bool is_elsewhere(struct judge *f, const json_t *row)
{
	if (!is_set(row, "plane") || str_eq(str_of(row, "plane"), f->plane))
		return false;
	keep_longest(f, &f->elsewhere, row);
	return true;
}

static void pick_bgp(struct judge *f)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(f->facts, "bgp-routes"), i, row) {
		if (is_elsewhere(f, row))
			continue;
		keep_longest(f, &f->bgp_longest, row);
		if (explain_best_path(row))
			keep_longest(f, &f->bgp, row);
	}
}

static void pick_route(struct judge *f)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(f->facts, "routes"), i, row)
		if (!is_elsewhere(f, row))
			keep_longest(f, is_true(row, "selected") ? &f->route : &f->rejected, row);
}

/* Of several that share the traffic the one that the kernel takes for this destination. */
static void pick_hop(struct judge *f)
{
	json_t *hop;
	size_t i;

	json_array_foreach (json_object_get(f->route, "next-hops"), i, hop) {
		if (!is_true(hop, "active"))
			continue;
		f->hop = f->hop ? f->hop : hop;
		if (explain_same(hop, "interface", f->kernel, "interface"))
			f->hop = hop;
	}
}

static bool is_named(const json_t *facts, const char *list, const char *key, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(facts, list), i, row)
		if (*name && str_eq(str_of(row, key), name))
			return true;
	return false;
}

bool explain_is_tunnel_if(const json_t *facts, const char *name)
{
	return is_named(facts, "interfaces", "name", name) ||
	       is_named(facts, "tunnels", "interface", name);
}

static void pick_tunnel(struct judge *f)
{
	const char *interface = str_of(f->hop, "interface");
	json_t *row;
	size_t i;

	f->on_tunnel = explain_is_tunnel_if(f->facts, interface);
	if (!f->on_tunnel)
		return;
	json_array_foreach (json_object_get(f->facts, "entries"), i, row)
		if (explain_same(row, "interface", f->hop, "interface") &&
		    is_true(row, "installed"))
			keep_longest(f, &f->owner, row);
	f->peer = str_of(is_set(f->hop, "peer") ? f->hop : f->owner, "peer");
	f->tunnel = explain_tunnel_named(f, interface, f->peer);
}

static void judge_read(struct judge *f, const json_t *facts)
{
	*f = (struct judge){.facts = facts, .peer = ""};
	prefix_parse(str_of(facts, "destination"), &f->dst_prefix);
	f->dst = addr_of_prefix(&f->dst_prefix);
	f->plane = is_set(facts, "plane") ? str_of(facts, "plane") : "main";
	f->kernel = json_object_get(facts, "kernel");
	f->source = json_object_get(facts, "source");
	addr_parse(str_of(f->source, "address"), &f->src);
	pick_bgp(f);
	pick_route(f);
	pick_hop(f);
	pick_tunnel(f);
	f->claimed = claim_find(json_object_get(facts, "interfaces"), f->plane, &f->dst_prefix,
				f->bgp_longest || explain_is_kept(f->route), &f->claim);
}

const json_t *explain_hop(const json_t *facts)
{
	struct judge f;

	judge_read(&f, facts);
	return f.hop;
}

const json_t *explain_tunnel(const json_t *facts)
{
	struct judge f;

	judge_read(&f, facts);
	return f.tunnel;
}

const json_t *explain_neighbor(const json_t *facts)
{
	struct judge f;

	judge_read(&f, facts);
	return explain_session_over(&f, f.tunnel);
}

/* ---- stages */

#define FIRST_STATUS 10 /* those below mean something else */

/* In the order in which a packet depends on them: the place is the exit status. */
static const struct {
	const char *name;
	bool guess; /* an answer may still come: it is worth asking */
} stages[] = {
	{"source", false},	   {"bgp", false},	  {"rib", false},
	{"next-hop", false},	   {"forwarding", false}, {"rp-filter", false},
	{"rule", false},	   {"kernel", false},	  {"allowed-ips", false},
	{"tunnel", false},	   {"endpoint", false},	  {"firewall", true},
	{"announced", true},	   {"back", false},	  {"far-end", false},
	{"far-forwarding", false}, {"far-route", false},  {"far-firewall", false},
	{"host", false},	   {"answer", false},	  {"mtu", false},
};

int explain_status(const char *stage)
{
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++)
		if (str_eq(stages[i].name, stage))
			return FIRST_STATUS + (int)i;
	return *stage ? 1 : 0;
}

bool explain_is_sure(const char *stage)
{
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++)
		if (str_eq(stages[i].name, stage))
			return !stages[i].guess;
	return false;
}

/* ---- the verdict */

static char *verdict_of(const struct judge *f, const char *what)
{
	if (f->failed)
		return xasprintf("%s is not reachable: %s", what, f->failed);
	if (is_true(f->kernel, "local"))
		return xasprintf("%s is this machine", what);
	if (f->on_tunnel)
		return xasprintf("%s is reachable through tunnel peer %s on %s", what, f->peer,
				 TEXT(f->hop, "interface"));
	return xasprintf("%s is reachable by %s", what, TEXT(f->hop, "interface"));
}

static json_t *answered_json(enum explain_probed answered)
{
	return answered == PROBE_NOTHING ? json_null() : json_boolean(answered == PROBE_ANSWERED);
}

json_t *explain_judge(const json_t *facts)
{
	char dst[PREFIX_STRLEN], what[2 * PREFIX_STRLEN + 8], *verdict;
	const char *src;
	struct judge f;
	json_t *doc;

	judge_read(&f, facts);
	f.steps = json_array();
	explain_walk(&f);
	src = f.source ? str_of(f.source, "address") : NULL;
	addr_str(&f.dst, dst);
	snprintf(what, sizeof(what), "%s%s%s", dst, src ? " from " : "", src ? src : "");
	verdict = verdict_of(&f, what);
	doc = json_pack("{s:s, s:s?, s:b, s:o, s:s?, s:s, s:o}", "destination", dst, "source", src,
			"reachable", !f.failed, "answered", answered_json(f.answered), "stage",
			f.failed_stage, "verdict", verdict, "steps", f.steps);
	free(verdict);
	return doc;
}
