/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_conf: the container `bgp` of the configuration as structs: the instance, neighbours, and the
 * groups whose listen ranges accept more of them; and what a change of them asks for.
 */
#ifndef WGBGP_BGPD_PEER_CONF_H
#define WGBGP_BGPD_PEER_CONF_H

#include <jansson.h>

#include "bgp.h"
#include "message.h"
#include "messages.h"

struct password;     /* password.h */
struct policy_chain; /* policy.h */

#define SEND_HOLD_AUTO UINT32_MAX /* follows from the negotiated hold time */

struct peer_conf {
	struct conf_neighbor; /* of the schema; first. What is 0 there is none */
	struct addr address;
	char zone[16];	  /* interface of a link-local address, "" none */
	uint8_t plane;	  /* of its tunnel interface, or configured; 0 main */
	bool plane_given; /* configured */
	char device[16];  /* in a plane: the tunnel that the session belongs to, "" none */
	char description[128];
	char group[MSG_NAME_MAX]; /* neighbor-group, "" none */
	enum { REMOTE_AS, REMOTE_INTERNAL, REMOTE_EXTERNAL } remote_type; /* without remote_as */
	struct addr local_address;					  /* family 0: any */
	struct addr link_address; /* of the zone, as configured: what we call from; family 0: any */
	uint32_t send_hold;	   /* seconds, 0 none, or SEND_HOLD_AUTO */
	struct password *password; /* owned reference; NULL none */
	bool password_wanted;	   /* one is configured; without `password` there is no session */
	bool family[BGP_FAMILIES];
	struct policy_chain *import, *export; /* owned; NULL: not configured (RFC 8212 for eBGP) */
	char import_names[128], export_names[128]; /* of the policies, for show */
};

/* A neighbor-group with listen ranges. */
struct peer_group {
	struct peer_conf conf; /* without an address; conf.group is its name */
	uint32_t max_peers;
	struct prefix *ranges; /* owned */
	size_t n_ranges;
};

struct peer_confs {
	struct peer_conf *conf;
	size_t n;
};

/* Bits of what a change asks for. */
enum peer_change {
	PEER_CHANGE_NONE = 0,
	PEER_CHANGE_DISABLE = 1, /* Cease, and stay down */
	PEER_CHANGE_ENABLE = 2,
	PEER_CHANGE_RESET = 4,	/* Cease, and connect again */
	PEER_CHANGE_IN = 8,	/* received paths are judged again */
	PEER_CHANGE_CALL = 16,	/* how we connect: no matter to a session that is up */
	PEER_CHANGE_TIMES = 32, /* those that need no other OPEN */
};
unsigned peer_conf_compare(const struct peer_conf *from, const struct peer_conf *to);

void peer_conf_free(struct peer_conf *c); /* what it owns */
/* Finds the plane of C's address, by the configuration last read, unless it is given. */
void peer_conf_find_plane(struct peer_conf *c);
/* A copy with chains of its own. */
void peer_conf_copy(struct peer_conf *to, const struct peer_conf *from);

/* 0, or -EINVAL with a text. Changes nothing. */
int peer_conf_check(const json_t *config, char *error, size_t size);
void bgp_conf_read(const json_t *config, struct bgp *out);	    /* started_ms is kept */
void peer_confs_read(const json_t *config, struct peer_confs *out); /* owned by the caller */
void peer_confs_free(void); /* of the configuration last read: groups, tunnels */
const struct peer_conf *peer_confs_find(const struct peer_confs *all, const struct peer_conf *c);

/* The groups of the configuration last read. */
void peer_groups_read(const json_t *config);
bool peer_groups_listen(void); /* some group has a range: neighbours may come that nobody named */
const struct peer_group *peer_group_named(const char *name);
/* The group with the most specific range for ADDRESS, or NULL. */
const struct peer_group *peer_group_for(const struct addr *address);

#endif
