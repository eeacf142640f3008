/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tunnel: the WireGuard interfaces and peers that wgd tells of.
 *
 * While wgd is away its last word stays valid. A new wgd tells everything again and ends with a
 * sync mark: what it did not repeat is gone. A peer keeps its struct as long as it keeps its
 * interface and name, whatever number the wgd of the day gives it, because installed entries point
 * at it; one that is gone keeps its memory (marked `gone`) for the same reason and never comes
 * back: a peer that returns under the same name is a new one without entries.
 *
 * The endpoint of a peer that is gone and yet configured, with its interface say, stays known until
 * the peer is back, or is configured no more: the first packet of the new one is sent before we are
 * told of it, and must find the way outside of other tunnels (pin.h).
 *
 * Peers of several interfaces may have the same tunnel address: two tunnels to one router. The best
 * one has it: what may be used before what is degraded, never had a handshake or is down, then the
 * lower cost, then the interface's name. Its host route and the next hops follow.
 *
 * What follows from a change is not known here: whoever is told says so (tunnel_open()).
 */
#ifndef WGBGP_ZEBRA_TUNNEL_H
#define WGBGP_ZEBRA_TUNNEL_H

#include <sys/queue.h>

#include "ceiling.h"
#include "hash.h"
#include "messages.h"

struct tunnel_if {
	LIST_ENTRY(tunnel_if) link;
	LIST_ENTRY(tunnel_if) by_index; /* chain of the table of numbers */
	uint32_t ifindex;
	char name[MSG_NAME_MAX];
	uint16_t told_as; /* history_name() */
	bool up, adopted, any, gone;
	uint8_t plane;
	uint32_t fwmark; /* of its encrypted packets, 0 none */
	bool seen;	 /* since the last channel to wgd opened */
	uint32_t unsets; /* fib_gate.c's: last message to wgd by which entries go there; 0: none */
};

/* A tunnel address in the table of all. */
struct tunnel_place {
	struct hash_node node;
	const struct addr *addr;
	struct tunnel_peer *peer;
	uint64_t told; /* the order of these; of two on an interface the later one has it */
};

struct tunnel_peer {
	LIST_ENTRY(tunnel_peer) link;
	LIST_ENTRY(tunnel_peer) by_id; /* chain of the table of numbers */
	struct tunnel_if *iface;
	uint32_t id; /* of the present wgd */
	char name[MSG_NAME_MAX];
	uint16_t told_as; /* history_name() */
	uint8_t state;	  /* enum tunnel_state */
	uint8_t reason;	  /* enum reason */
	bool weak;	  /* down by silence or age alone */
	uint32_t cost;	  /* now, what its state adds included */
	struct endpoint endpoint;
	struct addr pinned; /* pin.c's: what it holds for it; family 0: nothing */
	bool vouched;	    /* and this: the operator says that it may be anywhere */
	uint32_t n_addrs, n_fixed;
	struct addr *addrs; /* owned; in the interface's plane, like the next, and on its link */
	struct tunnel_place *places; /* owned, of each address; NULL: they do not count any more */
	struct prefix *fixed;	     /* owned */
	struct ceiling_ref ceiling;  /* zceiling.c's */
	bool gone;
	bool seen; /* since the last channel to wgd opened */
};

LIST_HEAD(tunnel_ifs, tunnel_if);
LIST_HEAD(tunnel_peers, tunnel_peer);

/* What changed, after it did. All are set, before anything is told here. */
struct tunnel_news {
	/* A is a tunnel address on that interface; 0: it is none any more. */
	void (*host)(const struct addr *a, uint32_t ifindex);
	void (*peer)(const struct tunnel_peer *p); /* its state or addresses; it is gone */
	void (*endpoint)(struct tunnel_peer *p);
	bool (*configured)(const struct tunnel_peer *p); /* asked of one that is gone */
	void (*interface)(const struct tunnel_if *i); /* up or down */
	void (*owners)(const struct tunnel_if *i);    /* who owns prefixes on it */
	void (*marked)(void);			      /* the mark of some interface */
	void (*gone)(void);			      /* some interface */
};
void tunnel_open(const struct tunnel_news *news);

/* What wgd says. Messages' arrays are taken over (and set to NULL). */
void tunnel_if_told(const struct msg_tunnel_if *m);
void tunnel_if_gone(uint32_t ifindex);
void tunnel_peer_told(struct msg_tunnel_peer *m);
void tunnel_peer_gone(uint32_t id);
void tunnel_begin(void); /* a new channel to wgd */
void tunnel_synced(void);
void tunnel_reset(void); /* frees everything */

void tunnel_configured(void);	  /* other peers may be */
void tunnel_planes_changed(void); /* interfaces may belong to other planes than before */
/* Whose tunnel address A is in whatever plane. */
struct tunnel_peer *tunnel_by_addr_anywhere(const struct addr *a);
struct tunnel_if *tunnel_if_by_index(uint32_t ifindex);
struct tunnel_peer *tunnel_peer_by_id(uint32_t id);
/* Whose tunnel address A is exactly. Two tunnels may lead to one router: the better way of them. */
struct tunnel_peer *tunnel_by_addr(const struct addr *a);
/* Who on the interface owns address A by its tunnel addresses or fixed entries, or the one peer of
 * an `any` interface. */
struct tunnel_peer *tunnel_fixed_owner(const struct tunnel_if *iface, const struct addr *a);
bool tunnel_usable(const struct tunnel_peer *p);
const struct tunnel_ifs *tunnel_all_ifs(void);
const struct tunnel_peers *tunnel_all_peers(void); /* those that are not gone */
const struct tunnel_peers *tunnel_away_peers(void); /* gone, and configured */

#endif
