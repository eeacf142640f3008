/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer: a BGP neighbour: its configuration, what was negotiated, and its counters.
 *
 * peer.c keeps the list of neighbours, which neighbors.c makes what the configuration says.
 * Sessions, tables and Adj-RIB-Outs each keep a part of their own behind a pointer that only their
 * files look into.
 */
#ifndef WGBGP_BGPD_PEER_H
#define WGBGP_BGPD_PEER_H

#include <sys/queue.h>

#include "hash.h"
#include "log.h"
#include "message.h"
#include "peer_conf.h"
#include "reason.h"

enum peer_state { /* RFC 4271 section 8.2.2 */
		  PEER_IDLE,
		  PEER_CONNECT,
		  PEER_ACTIVE,
		  PEER_OPENSENT,
		  PEER_OPENCONFIRM,
		  PEER_ESTABLISHED,
};

struct session;	      /* session.h */
struct peer_rib;      /* rib_peer.h */
struct adjout_member; /* adjout_group.h */

struct peer {
	TAILQ_ENTRY(peer) link;
	struct hash_node by_address;
	struct peer_conf conf;
	bool dynamic; /* accepted by a listen range: goes when its session ends */
	enum peer_state state;
	bool ebgp;	      /* valid from OPENCONFIRM on */
	uint32_t as;	      /* the neighbour's, from its OPEN */
	uint32_t router_id;   /* the neighbour's, host order */
	struct addr local;    /* our address of the connection: own next hop */
	struct addr local4;   /* our IPv4 address on that interface, or local; family 0 none */
	struct addr local6;   /* our IPv6 address on that interface, or local; family 0 none */
	char ifname[16];      /* the interface that has `local`; "" not known */
	struct addr local_ll; /* our link-local one, where the session runs over such; or none */
	bool family[BGP_FAMILIES]; /* negotiated */
	bool four_octet, refresh;
	bool extended_hop;		  /* both: next hops of IPv4 may be IPv6 */
	bool gr_aware;			  /* neighbour announced it: it sends End-of-RIB */
	bool gr;			  /* ... and restarts gracefully itself, for some family */
	bool gr_forwarding[BGP_FAMILIES]; /* ... and kept its forwarding state for it */
	bool gr_family[BGP_FAMILIES];	  /* ... for these at all */
	bool gr_restarting;		  /* its OPEN had the restart bit */
	uint16_t gr_time;		  /* seconds */
	uint16_t hold_time, keepalive;	  /* negotiated, seconds; 0 none */
	uint32_t send_hold;		  /* in force, seconds; 0 none */
	uint64_t up_since_ms;
	bool held;	    /* what it sends is not read now: conn_hold_reading() */
	uint64_t slowed_ms; /* since when: it is read a message at a time, with rests; 0: no */
	struct {
		uint64_t messages_in, messages_out, updates_in, updates_out, established, dropped;
	} count;
	uint32_t claimed_as; /* of its last OPEN, whether that was accepted or not; 0: none came */
	char last_error[160];
	char last_notification[160]; /* sent or received; stays while connections fail otherwise */
	char before_rejection[160];  /* NOTIFICATION, before Connection Rejected; "" since it was up
				      */
	uint64_t last_notification_ms;
	bool end_asked;	     /* the last connection ended since somebody asked for it */
	bool end_wanted;     /* ... or our own configuration did: no reason to worry */
	uint16_t end_silent; /* seconds: or since nothing was heard for so long; else 0 */
	struct log_bucket bucket;
	struct session *session;
	struct peer_rib *rib;
	struct adjout_member *out;
};

TAILQ_HEAD(peer_list, peer);
extern struct peer_list peers;

/* Into the list and out of it; the address must not change in between. */
void peer_insert(struct peer *p);
void peer_remove(struct peer *p);
/* Of a link-local address: the first one, whatever its zone. */
struct peer *peer_find(const struct addr *address);
/* ZONE: "" none, NULL whichever. */
struct peer *peer_find_zone(const struct addr *address, const char *zone);
/* By "10.0.0.1" or "fe80::1%wg0"; NULL: no such neighbour, or no address. */
struct peer *peer_find_text(const char *text);
/* Those whose address, in their plane, is the next hop WAY: several where zones differ. */
struct peer *peer_first_at(const struct addr *way); /* NULL: none */
struct peer *peer_next_at(const struct peer *p, const struct addr *way);
/* Its address as a next hop: in its plane, on its link. */
struct addr peer_hop(const struct peer *p);
const char *peer_name(const struct peer *p); /* address text; valid until the next call but four */
const char *peer_state_name(enum peer_state s);
/* A message to the neighbour, or from it, of so many bytes with its header; 0: not known. */
void peer_sent(struct peer *p, enum bgp_message type, size_t bytes);
/* UPDATEs that began in one write, which took so many bytes of routes. */
void peer_sent_updates(struct peer *p, unsigned updates, size_t bytes);
void peer_heard(struct peer *p, enum bgp_message type, size_t bytes);
/* iBGP neighbour that is one of our reflector clients. */
bool peer_is_client(const struct peer *p);
/* Its AS is another one than ours, as far as the configuration says. */
bool peer_is_external(const struct peer_conf *c);

#endif
