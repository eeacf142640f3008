/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "bgp.h"
#include "history.h"
#include "util.h"

#define NAMES 4 /* results of peer_name() that are valid at a time */

struct bgp bgp;
struct peer_list peers = TAILQ_HEAD_INITIALIZER(peers);
static struct hash_table by_address;

void peer_insert(struct peer *p)
{
	TAILQ_INSERT_TAIL(&peers, p, link);
	hash_insert(&by_address, &p->by_address,
		    hash_bytes(&p->conf.address, sizeof(p->conf.address)));
}

void peer_remove(struct peer *p)
{
	TAILQ_REMOVE(&peers, p, link);
	hash_remove(&by_address, &p->by_address);
}

struct peer *peer_find_zone(const struct addr *address, const char *zone)
{
	uint32_t hash = hash_bytes(address, sizeof(*address));

	for (struct hash_node *n = hash_find(&by_address, hash); n; n = hash_find_next(n)) {
		struct peer *p = container_of(n, struct peer, by_address);

		if (addr_eq(&p->conf.address, address) && (!zone || str_eq(p->conf.zone, zone)))
			return p;
	}
	return NULL;
}

struct peer *peer_find(const struct addr *address)
{
	return peer_find_zone(address, NULL);
}

struct peer *peer_find_text(const char *text)
{
	char address[ADDR_STRLEN + IF_NAMESIZE], *percent;
	struct addr a;

	if (!text || !str_copy(address, text, sizeof(address)))
		return NULL;
	percent = strchr(address, '%');
	if (percent)
		*percent = '\0';
	if (addr_parse(address, &a) < 0)
		return NULL;
	return percent ? peer_find_zone(&a, percent + 1) : peer_find(&a);
}

struct addr peer_hop(const struct peer *p)
{
	struct addr a = addr_on_link(&p->conf.address, p->conf.zone);

	return addr_in_plane(&a, p->conf.plane);
}

static struct peer *peer_at(struct hash_node *n, const struct addr *way)
{
	for (; n; n = hash_find_next(n)) {
		struct peer *p = container_of(n, struct peer, by_address);
		struct addr a = peer_hop(p);

		if (addr_eq(&a, way))
			return p;
	}
	return NULL;
}

struct peer *peer_first_at(const struct addr *way)
{
	struct addr off = addr_off_link(way),
		    a = addr_in_plane(&off, 0); /* as peer_insert() has it */

	return peer_at(hash_find(&by_address, hash_bytes(&a, sizeof(a))), way);
}

struct peer *peer_next_at(const struct peer *p, const struct addr *way)
{
	return peer_at(hash_find_next(&p->by_address), way);
}

const char *peer_name(const struct peer *p)
{
	static char names[NAMES][ADDR_STRLEN + sizeof(p->conf.zone)];
	static unsigned next;
	char *name = names[next++ % NAMES], text[ADDR_STRLEN];

	snprintf(name, sizeof(names[0]), "%s%s%s", addr_str(&p->conf.address, text),
		 p->conf.zone[0] ? "%" : "", p->conf.zone);
	return name;
}

const char *peer_state_name(enum peer_state s)
{
	static const char *const names[] = {"idle",	"connect",     "active",
					    "opensent", "openconfirm", "established"};

	return names[s];
}

/* KEEPALIVEs of many neighbours would leave no room for anything else. */
static void note_message(const struct peer *p, enum history_kind kind, enum bgp_message type,
			 size_t bytes, unsigned messages)
{
	if (type != BGP_KEEPALIVE)
		history_note((struct history_fact){.kind = kind,
						   .what = type,
						   .addr = &p->conf.address,
						   .count = (uint32_t)bytes,
						   .number = messages});
}

void peer_sent(struct peer *p, enum bgp_message type, size_t bytes)
{
	p->count.messages_out++;
	note_message(p, HISTORY_SENT, type, bytes, 1);
}

/* One event a write: with one a message, a reflector's many clients would leave no room either. */
void peer_sent_updates(struct peer *p, unsigned updates, size_t bytes)
{
	p->count.messages_out += updates;
	p->count.updates_out += updates;
	note_message(p, HISTORY_SENT, BGP_UPDATE, bytes, updates);
}

void peer_heard(struct peer *p, enum bgp_message type, size_t bytes)
{
	p->count.messages_in++;
	note_message(p, HISTORY_RECEIVED, type, bytes, 1);
}

bool peer_is_external(const struct peer_conf *c)
{
	switch (c->remote_type) {
	case REMOTE_INTERNAL:
		return false;
	case REMOTE_EXTERNAL:
		return true;
	default:
		return c->remote_as != bgp.as;
	}
}

bool peer_is_client(const struct peer *p)
{
	return p->conf.route_reflector_client && !p->ebgp;
}
