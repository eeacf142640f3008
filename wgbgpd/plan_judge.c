/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan_judge.h"

#include <stdio.h>
#include <string.h>

#include "conf.h"
#include "util.h"

static bool is_disruptive(const json_t *row)
{
	return json_is_true(json_object_get(row, "disruptive"));
}

const char *plan_verdict(const json_t *rows, unsigned changed)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (is_disruptive(row))
			return "disruptive";
	return changed || json_array_size(rows) ? "harmless" : "nothing";
}

/* A row in a few words: "session 10.9.0.2: reset", "prefixes: 3 lost, 1 moved". */
static json_t *in_words(const json_t *row)
{
	const char *kind = conf_str(row, "kind", ""), *change = conf_str(row, "change", "");

	if (str_eq(kind, "session"))
		return json_sprintf("session %s: %s", conf_str(row, "neighbor", ""), change);
	if (str_eq(kind, "peer"))
		return json_sprintf("peer %s: %s", conf_str(row, "peer", ""), change);
	if (str_eq(kind, "prefix"))
		return json_sprintf("prefix %s: %s", conf_str(row, "prefix", ""), change);
	if (str_eq(kind, "prefixes"))
		return json_sprintf("prefixes: %u lost, %u moved", conf_u32(row, "lost", 0),
				    conf_u32(row, "moved", 0));
	if (str_eq(kind, "entry"))
		return json_sprintf("entry %s: %s", conf_str(row, "prefix", ""), change);
	return json_sprintf("%s: %s", kind, change);
}

/* The first disruptive row of the interface; NULL: none. */
static const json_t *hurts(const json_t *rows, const char *interface)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (is_disruptive(row) && str_eq(conf_str(row, "interface", ""), interface))
			return row;
	return NULL;
}

static bool is_noted(const json_t *list, const char *interface, const char *consumer)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (str_eq(conf_str(item, "interface", ""), interface) &&
		    str_eq(conf_str(item, "consumer", ""), consumer))
			return true;
	return false;
}

static void add_consumers(json_t *out, const json_t *rows, const json_t *config)
{
	json_t *interface, *consumer;
	size_t i, k;

	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, interface) {
		const char *name = conf_str(interface, "name", "");
		const json_t *row = hurts(rows, name);

		json_array_foreach (conf_list(interface, "consumer"), k, consumer)
			if (row && !is_noted(out, name, json_string_value(consumer)))
				json_array_append_new(out, json_pack("{s:s, s:O, s:o}", "interface",
								     name, "consumer", consumer,
								     "why", in_words(row)));
	}
}

json_t *plan_consumers(const json_t *rows, const json_t *before, const json_t *after)
{
	json_t *out = json_array();

	add_consumers(out, rows, before);
	add_consumers(out, rows, after);
	return out;
}

/* ---- the operator's own session */

/* Length of the longest of the peer's prefixes that has A; -1: none. */
static int plan_covers(const json_t *peer, const struct addr *a)
{
	static const char *const lists[] = {"tunnel-address", "allowed-ips", "imported", "permit"};
	int longest = -1;
	json_t *item;
	size_t i;

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		json_array_foreach (conf_list(peer, lists[k]), i, item) {
			const char *text = json_string_value(item);
			struct prefix p;
			struct addr host;

			if (!text)
				continue;
			if (str_eq(text, "any"))
				longest = longest < 0 ? 0 : longest;
			if (addr_parse(text, &host) == 0)
				p = prefix_of_addr(&host);
			else if (prefix_parse(text, &p) < 0)
				continue;
			if (prefix_has_addr(&p, a) && p.len > longest)
				longest = p.len;
		}
	return longest;
}

/* The peer of the interface that has A; NULL: none, or no such interface. */
static const char *plan_peer_of(const json_t *config, const char *name, const struct addr *a)
{
	json_t *interface, *peer;
	const char *best = NULL;
	int longest = -1;
	size_t i, k;

	json_array_foreach (conf_list(conf_get(config, "wireguard"), "interface"), i, interface) {
		if (!str_eq(conf_str(interface, "name", ""), name))
			continue;
		json_array_foreach (conf_list(interface, "peer"), k, peer)
			if (plan_covers(peer, a) > longest) {
				longest = plan_covers(peer, a);
				best = conf_str(peer, "name", NULL);
			}
	}
	return best;
}

/* Does what the row says touch a session by this peer? */
static bool touches(const json_t *row, const char *interface, const char *peer)
{
	const char *kind = conf_str(row, "kind", "");

	if (str_eq(kind, "prefix")) /* also where a longer one is new */
		return json_is_true(json_object_get(row, "watched")) &&
		       !str_eq(conf_str(row, "change", ""), "changed");
	if (!is_disruptive(row) || !str_eq(conf_str(row, "interface", ""), interface))
		return false;
	if (str_eq(kind, "interface"))
		return true;
	return str_eq(kind, "peer") && peer && str_eq(conf_str(row, "peer", ""), peer);
}

json_t *plan_own_session(const json_t *rows, const json_t *before, const char *from,
			 const char *interface)
{
	json_t *why = json_array(), *row;
	const char *peer = NULL;
	struct addr a;
	size_t i;

	if (addr_parse(from, &a) == 0)
		peer = plan_peer_of(before, interface, &a);
	json_array_foreach (rows, i, row)
		if (touches(row, interface, peer))
			json_array_append_new(why, in_words(row));
	return json_pack("{s:s, s:s?, s:s?, s:b, s:o}", "from", from, "interface",
			 *interface ? interface : NULL, "peer", peer, "affected",
			 json_array_size(why) > 0, "why", why);
}

json_t *plan_gone_peers(const json_t *rows)
{
	json_t *out = json_array(), *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const char *change = conf_str(row, "change", "");

		if (str_eq(conf_str(row, "kind", ""), "peer") &&
		    (str_eq(change, "removed") || str_eq(change, "replaced")))
			json_array_append_new(out, json_pack("{s:s, s:s, s:b}", "interface",
							     conf_str(row, "interface", ""), "peer",
							     conf_str(row, "peer", ""), "replaced",
							     str_eq(change, "replaced")));
		if (json_is_true(json_object_get(row, "goes-down")))
			json_array_append_new(out, json_pack("{s:s}", "interface",
							     conf_str(row, "interface", "")));
	}
	return out;
}

json_t *plan_new_addresses(const json_t *rows)
{
	json_t *out = json_array(), *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (str_eq(conf_str(row, "kind", ""), "peer") &&
		    str_eq(conf_str(row, "change", ""), "made"))
			json_array_extend(out, json_object_get(row, "tunnel-addresses"));
	return out;
}

json_t *plan_costs(const json_t *rows)
{
	json_t *out = json_array(), *row, *by;
	size_t i;

	json_array_foreach (rows, i, row)
		if ((by = json_object_get(row, "cost-change")))
			json_array_append_new(out, json_pack("{s:s, s:s, s:O}", "interface",
							     conf_str(row, "interface", ""), "peer",
							     conf_str(row, "peer", ""), "by", by));
	return out;
}
