/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_peer: what the tables keep of each neighbour, by the number that its paths carry.
 *
 * A session has a number, its epoch, and a path the epoch it came with: so a session's end makes
 * all of its paths stale or void at once, and the walk only cleans up.
 */
#ifndef WGBGP_BGPD_RIB_PEER_H
#define WGBGP_BGPD_RIB_PEER_H

#include "loop.h"
#include "peer.h"
#include "rib_table.h"
#include "turnover.h"

/* rib_refused.c: what the ceiling refused since the last line about it. */
struct refused_prefixes {
	unsigned n;
	struct prefix first;
	enum reason reason; /* of the first one */
};

#define RIB_REFUSALS 14 /* reasons that are counted */

struct peer_rib {
	struct peer *peer;	  /* NULL: deleted, paths are being cleaned up */
	struct addr address;	  /* of the neighbour */
	struct addr nexthop;	  /* the same in its plane */
	uint8_t plane;		  /* whose paths its paths are */
	uint32_t router_id, as;	  /* of its last session */
	uint16_t id;		  /* number, in struct path */
	uint8_t epoch;		  /* of the present or the next session */
	uint8_t kept_epoch;	  /* stale paths of this one are kept */
	bool ebgp;		  /* last session */
	bool up;		  /* ESTABLISHED */
	bool heard;		  /* ... and a path or an End-of-RIB came since */
	bool kept[BGP_FAMILIES];  /* ... while this holds */
	bool eor[BGP_FAMILIES];	  /* this session sent it */
	uint64_t ended_at;	  /* ms: when the session before did; 0: there was none */
	bool rejudge;		  /* the walk judges its paths again */
	bool mark;		  /* the walk has their networks decided again */
	bool fresh;		  /* rib_fresh.c: the session has just come up */
	bool held_back;		  /* ... and some path of it had to wait for that */
	struct timer fresh_timer; /* ... which this ends */
	uint32_t walk_until;	  /* last lap of the walk that it needs */
	enum reason down_reason;  /* why paths of older epochs go */
	struct timer stale_timer; /* RFC 4724: end of the restart time, then of the stale time */
	uint32_t received[BGP_FAMILIES], accepted[BGP_FAMILIES]; /* paths */
	struct attr *judged;	/* last set judged, a reference; NULL none */
	uint8_t judged_af;	/* ... for prefixes of this family: policies may ask for it */
	struct attr *judged_as; /* what the policy made of it, a reference */
	enum reason judged_reason;
	struct turnover turnover;
	LIST_ENTRY(peer_rib) slowed_link; /* rib_pressure.c; while its peer is slowed */
	struct refused_prefixes refused;
	uint64_t refusals[RIB_REFUSALS]; /* paths kept out, as in rib_refusals */
};

extern struct peer_rib *peer_ribs[UINT16_MAX + 1]; /* by number; 0 is PEER_LOCAL */

static inline struct peer_rib *peer_rib_by_id(uint16_t id) /* NULL for PEER_LOCAL */
{
	return peer_ribs[id];
}
void peer_rib_number(struct peer_rib *pr); /* gives it a number that nobody has */
void rib_each_neighbor(void (*look)(struct peer_rib *pr));

/* The path, of a neighbour, belongs to a session that is over and is not kept. */
static inline bool path_is_void(const struct path *p)
{
	const struct peer_rib *pr = peer_ribs[p->peer];

	if (!pr->peer || p->epoch == pr->epoch)
		return !pr->peer;
	return !(pr->kept[p->flags & PATH_IPV6 ? BGP_IPV6 : BGP_IPV4] &&
		 p->epoch == pr->kept_epoch);
}
static inline bool path_is_stale(const struct path *p)
{
	return p->peer != PEER_LOCAL && p->epoch != peer_ribs[p->peer]->epoch && !path_is_void(p);
}
static inline bool path_is_ebgp(const struct path *p)
{
	return p->peer != PEER_LOCAL && peer_ribs[p->peer]->ebgp;
}
/* Stale, and the tunnel to its next hop is down: what restarts there does not forward. */
bool path_has_no_future(const struct path *p);

/* Removes a path and marks its network. */
void rib_remove_path(uint32_t id, enum reason why);

#endif
