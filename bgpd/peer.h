/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer: a BGP neighbour: its configuration, what was negotiated, and its counters.
 *
 * peer.c owns the list of neighbours and builds it from the configuration (static ones and those
 * that a listen range accepted). session.c runs the connection, rib.c and adjout.c the tables; each
 * keeps its own part behind a pointer that only it looks into.
 */
#ifndef WGBGP_BGPD_PEER_H
#define WGBGP_BGPD_PEER_H

#include <sys/queue.h>

#include <jansson.h>

#include "hash.h"
#include "log.h"
#include "message.h"
#include "reason.h"

enum peer_state { /* RFC 4271 section 8.2.2 */
		  PEER_IDLE,
		  PEER_CONNECT,
		  PEER_ACTIVE,
		  PEER_OPENSENT,
		  PEER_OPENCONFIRM,
		  PEER_ESTABLISHED,
};

struct password;      /* password.h */
struct policy_chain;  /* policy.h */
struct session;	      /* session.c */
struct peer_rib;      /* rib.c */
struct adjout_member; /* adjout.c */

#define SEND_HOLD_AUTO UINT32_MAX /* follows from the negotiated hold time */

struct peer_conf {
	struct addr address;
	char zone[16];	  /* interface of a link-local address, "" none */
	uint8_t plane;	  /* of its tunnel interface, or configured; 0 main */
	bool plane_given; /* configured */
	char device[16];  /* in a plane: the tunnel that the session belongs to, "" none */
	char description[128];
	char group[64];	    /* neighbor-group, "" none */
	uint32_t remote_as; /* 0: internal or external by remote_type */
	enum { REMOTE_AS, REMOTE_INTERNAL, REMOTE_EXTERNAL } remote_type;
	uint16_t port;
	struct addr local_address;		      /* family 0: any */
	uint16_t hold_time, keepalive, connect_retry; /* seconds */
	uint32_t send_hold;			      /* seconds, 0 none, or SEND_HOLD_AUTO */
	uint8_t multihop;			      /* TTL, 0: 1 for eBGP */
	uint8_t ttl_security;			      /* hops, 0: TTLs are not looked at */
	struct password *password;		      /* owned reference; NULL none */
	bool password_wanted; /* one is configured; without `password` there is no session */
	bool passive, disabled;
	bool next_hop_self, reflector_client;
	bool fast_failover; /* ends with its tunnel */
	bool aigp;	    /* the accumulated metric is sent and taken */
	bool family[BGP_FAMILIES];
	uint32_t max_prefix; /* 0 none */
	uint8_t allowas_in;
	struct policy_chain *import, *export; /* owned; NULL: not configured (RFC 8212 for eBGP) */
	char import_names[128], export_names[128]; /* of the policies, for show */
};

struct peer {
	TAILQ_ENTRY(peer) link;
	struct hash_node by_address;
	struct peer_conf conf;
	bool dynamic; /* accepted by a listen range: goes when its session ends */
	enum peer_state state;
	bool ebgp;		   /* valid from OPENCONFIRM on */
	uint32_t as;		   /* the neighbour's, from its OPEN */
	uint32_t router_id;	   /* the neighbour's, host order */
	struct addr local;	   /* our address of the connection: own next hop */
	struct addr local4;	   /* our IPv4 address on that interface, or local; family 0 none */
	struct addr local6;	   /* our IPv6 address on that interface, or local; family 0 none */
	bool family[BGP_FAMILIES]; /* negotiated */
	bool four_octet, refresh;
	bool gr_aware;			  /* neighbour announced it: it sends End-of-RIB */
	bool gr;			  /* ... and restarts gracefully itself, for some family */
	bool gr_forwarding[BGP_FAMILIES]; /* ... and kept its forwarding state for it */
	bool gr_family[BGP_FAMILIES];	  /* ... for these at all */
	bool gr_restarting;		  /* its OPEN had the restart bit */
	uint16_t gr_time;		  /* seconds */
	uint16_t hold_time, keepalive;	  /* negotiated, seconds; 0 none */
	uint32_t send_hold;		  /* in force, seconds; 0 none */
	uint64_t up_since_ms;
	struct {
		uint64_t messages_in, messages_out, updates_in, updates_out, established, dropped;
	} count;
	uint32_t claimed_as; /* of its last OPEN, whether that was accepted or not; 0: none came */
	char last_error[160];
	char last_notification[160]; /* sent or received; stays while connections fail otherwise */
	uint64_t last_notification_ms;
	struct log_bucket bucket;
	struct session *session;
	struct peer_rib *rib;
	struct adjout_member *out;
};

TAILQ_HEAD(peer_list, peer);
extern struct peer_list peers;

/* Of a link-local address: the first one, whatever its zone. */
struct peer *peer_find(const struct addr *address);
struct peer *peer_find_zone(const struct addr *address, const char *zone); /* "" none */
const char *peer_name(const struct peer *p); /* address text; valid until the next call but four */
const char *peer_state_name(enum peer_state s);
/* iBGP neighbour that is one of our reflector clients. */
bool peer_is_client(const struct peer *p);
/* Its AS is another one than ours, as far as the configuration says. */
bool peer_conf_external(const struct peer_conf *c);

/* The configuration: `bgp` and the list of neighbours become what it says. */
int peers_check(const json_t *config, char *error, size_t size); /* 0 or -EINVAL; changes nothing */
void peers_apply(const json_t *config);
void peers_stop(void); /* closes without a word and frees everything (RFC 4724) */
/* A neighbour from a listen range for this address; NULL: a stranger, or the group is full. */
struct peer *peer_from_range(const struct addr *address, const char *zone);
void peer_delete(struct peer *p); /* the session must have ended */

#endif
