/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp_plan_sessions.h"

#include <stdio.h>
#include <stdlib.h>

#include "conf.h"
#include "password.h"
#include "peer.h"
#include "peer_way.h"
#include "show.h"
#include "policy.h"
#include "rib_peer.h"
#include "rib_session.h"
#include "util.h"

enum fate { FATE_SAME, FATE_CHANGED, FATE_RESET, FATE_DISABLED, FATE_ENABLED, FATE_REMOVED };

static const char *const fates[] = {"same", "changed", "reset", "disabled", "enabled", "removed"};

/* A neighbour as it was. */
struct before {
	struct peer_conf conf; /* owned */
	bool up;
	uint16_t rib_id;
	uint32_t received, accepted;
	struct msg_nexthop way; /* to it; reach UNKNOWN: not known */
	enum fate fate;
	bool awaited; /* it is not up, and a tunnel leads there now */
	bool open;    /* what it says next decides */
};
static struct before *befores;
static size_t n_befores;

static bool opens[UINT16_MAX + 1]; /* by rib_id */
static const struct addr *addresses[UINT16_MAX + 1];

static uint32_t sum(const uint32_t count[BGP_FAMILIES])
{
	return count[BGP_IPV4] + count[BGP_IPV6];
}

static void note(struct before *b, const struct peer *p)
{
	struct rib_session_counts counts = rib_session_counts(p);

	peer_conf_copy(&b->conf, &p->conf);
	b->up = p->state == PEER_ESTABLISHED;
	b->rib_id = p->rib->id;
	b->received = sum(counts.received);
	b->accepted = sum(counts.accepted);
	addresses[b->rib_id] = &b->conf.address;
	if (!peer_way_nexthop(p, &b->way))
		b->way = (struct msg_nexthop){.reach = REACH_UNKNOWN};
}

void plan_sessions_note(void)
{
	struct peer *p;
	size_t n = 0;

	TAILQ_FOREACH (p, &peers, link)
		n++;
	befores = xcalloc(n, sizeof(*befores));
	TAILQ_FOREACH (p, &peers, link)
		note(&befores[n_befores++], p);
}

static struct peer *now_of(const struct before *b)
{
	return peer_find_zone(&b->conf.address, b->conf.zone);
}

static void differs(json_t *names, const char *name, bool yes)
{
	if (yes)
		json_array_append_new(names, json_string(name));
}

/* Statements of the neighbour that differ. */
static json_t *statements(const struct peer_conf *a, const struct peer_conf *b)
{
	json_t *old = conf_leaves_json(conf_neighbor_leaves, a, NULL);
	json_t *new = conf_leaves_json(conf_neighbor_leaves, b, NULL);
	json_t *names = json_array(), *value;
	const char *name;

	json_object_foreach (new, name, value)
		differs(names, name, !json_equal(value, json_object_get(old, name)));
	differs(names, "remote-as", a->remote_type != b->remote_type);
	differs(names, "local-address", !addr_eq(&a->local_address, &b->local_address));
	differs(names, "password-file",
		a->password_wanted != b->password_wanted || !password_eq(a->password, b->password));
	differs(names, "import", !policy_chain_eq(a->import, b->import));
	differs(names, "export", !policy_chain_eq(a->export, b->export));
	differs(names, "description", !str_eq(a->description, b->description));
	differs(names, "group", !str_eq(a->group, b->group));
	differs(names, "plane", a->plane != b->plane);
	json_decref(old);
	json_decref(new);
	return names;
}

static enum fate fate_of(const struct before *b, const struct peer *p)
{
	json_t *names;
	bool same;

	if (!p)
		return FATE_REMOVED;
	if (p->conf.disabled != b->conf.disabled)
		return p->conf.disabled ? FATE_DISABLED : FATE_ENABLED;
	if (b->up && p->state != PEER_ESTABLISHED)
		return FATE_RESET;
	names = statements(&b->conf, &p->conf);
	same = !json_array_size(names);
	json_decref(names);
	return same ? FATE_SAME : FATE_CHANGED;
}

static bool is_among(const json_t *list, const struct addr *a)
{
	json_t *item;
	struct addr one;
	size_t i;

	json_array_foreach (list, i, item)
		if (json_is_string(item) && addr_parse(json_string_value(item), &one) == 0 &&
		    addr_eq(&one, a))
			return true;
	return false;
}

void plan_sessions_look(const json_t *come)
{
	for (size_t i = 0; i < n_befores; i++) {
		struct before *b = &befores[i];
		const struct peer *p = now_of(b);

		b->fate = fate_of(b, p);
		b->awaited = p && !p->conf.disabled && !b->up && is_among(come, &p->conf.address);
		b->open = (b->fate == FATE_RESET && !peer_way_tunnel_gone(p)) ||
			  b->fate == FATE_ENABLED || b->awaited;
		opens[b->rib_id] = b->open;
	}
}

bool plan_sessions_open(uint16_t rib_id)
{
	return opens[rib_id];
}

const struct addr *plan_sessions_address(uint16_t rib_id)
{
	return addresses[rib_id];
}

static json_t *plan_session_row(const struct peer_conf *conf, const char *change)
{
	char zoned[ADDR_STRLEN + sizeof(conf->zone) + 1];

	snprintf(zoned, sizeof(zoned), "%s%s%s", ADDR_STR(&conf->address), conf->zone[0] ? "%" : "",
		 conf->zone);
	return json_pack("{s:s, s:s, s:s}", "kind", "session", "neighbor", zoned, "change", change);
}

static bool session_ends(const struct before *b)
{
	return b->up &&
	       (b->fate == FATE_RESET || b->fate == FATE_DISABLED || b->fate == FATE_REMOVED);
}

static const char *change_of(const struct before *b)
{
	if (b->fate == FATE_SAME)
		return b->awaited ? "awaited" : fates[FATE_CHANGED];
	return fates[b->fate];
}

static void say_before(json_t *rows, const struct before *b)
{
	const struct peer *p = now_of(b);
	struct rib_session_counts counts = {0};
	bool ends = session_ends(b);
	json_t *row;

	if (p)
		counts = rib_session_counts(p);
	if (b->fate == FATE_SAME && !b->awaited && sum(counts.accepted) == b->accepted)
		return;
	row = plan_session_row(&b->conf, change_of(b));
	json_object_set_new(row, "disruptive", json_boolean(ends));
	json_object_set_new(row, "established", json_boolean(b->up));
	json_object_set_new(row, "open", json_boolean(b->open));
	json_object_set_new(row, "statements", p ? statements(&b->conf, &p->conf) : json_array());
	json_object_set_new(row, "why",
			    ends && p ? json_string(p->last_notification) : json_null());
	json_object_set_new(row, "interface", json_text_or_null(b->way.ifname));
	json_object_set_new(row, "peer", json_text_or_null(b->way.peer));
	json_object_set_new(row, "received", json_integer(b->received));
	json_object_set_new(row, "accepted", json_integer(b->accepted));
	json_object_set_new(row, "accepted-after", json_integer(sum(counts.accepted)));
	json_array_append_new(rows, row);
}

static bool was_there(const struct peer *p)
{
	for (size_t i = 0; i < n_befores; i++)
		if (addr_eq(&befores[i].conf.address, &p->conf.address) &&
		    str_eq(befores[i].conf.zone, p->conf.zone))
			return true;
	return false;
}

static void say_made(json_t *rows, const struct peer *p)
{
	json_t *row = plan_session_row(&p->conf, "made");

	json_object_update_new(row, json_pack("{s:b, s:b, s:b, s:[], s:n, s:n, s:n, s:i, s:i, s:i}",
					      "disruptive", 0, "established", 0, "open",
					      !p->conf.disabled, "statements", "why", "interface",
					      "peer", "received", 0, "accepted", 0,
					      "accepted-after", 0));
	json_array_append_new(rows, row);
}

unsigned plan_sessions_say(json_t *rows)
{
	struct peer *p;
	unsigned ends = 0;

	for (size_t i = 0; i < n_befores; i++) {
		const struct before *b = &befores[i];

		say_before(rows, b);
		ends += session_ends(b);
	}
	TAILQ_FOREACH (p, &peers, link)
		if (!was_there(p))
			say_made(rows, p);
	return ends;
}
