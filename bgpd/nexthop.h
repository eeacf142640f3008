/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nexthop: the next hops of all paths and the addresses of all neighbours, with what zebra-lite
 * says of them.
 *
 * Each distinct one is watched once (NEXTHOP_WATCH). One that changed has the walk over the tables
 * mark the networks of its paths (rib_lap.h): one lap for all that changed, and no links in
 * millions of paths. While zebra-lite is away its last word holds; one it never spoke of is
 * unknown, and paths through it wait.
 */
#ifndef WGBGP_BGPD_NEXTHOP_H
#define WGBGP_BGPD_NEXTHOP_H

#include <sys/queue.h>

#include "hash.h"
#include "messages.h"
#include "policy_ceiling.h"
#include "rib_table.h"

struct nexthop {
	struct hash_node node;
	struct hash_node by_tunnel; /* where is_by_tunnel: of a neighbour, through a tunnel */
	bool is_by_tunnel;
	struct msg_nexthop state; /* zebra-lite's last word; reach UNKNOWN before the first */
	uint16_t id;		  /* number, for struct path */
	uint16_t neighbors;	  /* neighbours with this address */
	uint32_t n_paths;
	bool others; /* a best path that came from elsewhere than this address led here; while it
			has paths. adjout's. */
	uint32_t walk_until; /* it changed: the walk marks its networks up to this lap */
	bool renew;	     /* that walk: what our announcements say of its state changed */
	bool recost;	     /* ... or of its cost */
	uint64_t down_at;    /* ms: it went down; while it is */
	uint64_t back_at;    /* ms: it came back from down; 0: it never did */
	uint8_t ceiling;     /* enum ceiling_hop: what its state says */
	const struct ceiling_peer *to;
	const struct peer *held_by;    /* whose session is to be proved first; NULL */
	LIST_ENTRY(nexthop) held_link; /* then: nexthops_held */
	struct msg_nexthop held;       /* what zebra-lite said meanwhile */
};
extern LIST_HEAD(nexthop_list, nexthop) nexthops_held;

#define NEXTHOPS_MAX 65535

/* The next hop with this number; NULL for 0. */
struct nexthop *nexthop_by_id(uint16_t id);
struct nexthop *nexthop_find(const struct addr *a);

/* Hangs the path on the next hop of its attributes, away from the one before; a path of our own has
 * none. When there are too many next hops it has none, and stays ineligible. */
void nexthop_attach(uint32_t path);
void nexthop_detach(uint32_t path); /* it is about to be freed */
/* A neighbour's address. */
struct nexthop *nexthop_watch_neighbor(const struct addr *a);
void nexthop_unwatch_neighbor(const struct addr *a);

/* zebra-lite's last word on it is M. */
void nexthop_set(struct nexthop *nh, const struct msg_nexthop *m);
/* Wants a lap of the walk for its paths, if there are any; RENEW, RECOST: see above. */
void nexthop_walk(struct nexthop *nh, bool renew, bool recost);
void nexthop_hold(struct nexthop *nh, const struct peer *by); /* NULL: no more */
/* Of neighbours behind the same tunnel peer as NH; AFTER NULL: the first. NULL: there is no more.
 */
struct nexthop *nexthop_beside(const struct nexthop *nh, const struct nexthop *after);
uint32_t nexthop_unknown(void); /* how many it has not judged yet */
/* A new channel: every watch is sent again, by nexthop_replay_some(). */
void nexthop_replay(void);
/* N of them at most, none while the channel is full; true: there are more. */
bool nexthop_replay_some(unsigned n);

/* Why a path with this next hop may not be used now; NONE: it may. */
enum reason nexthop_objection(const struct nexthop *nh);
/* Why a path for P by it may never be used, as long as it leads where it does. */
enum reason nexthop_beyond_ceiling(const struct nexthop *nh, const struct prefix *p);
static inline bool nexthop_has_ceiling(const struct nexthop *nh) /* worth asking */
{
	return nh && nh->ceiling != CEILING_SAID;
}
/* The ceiling is another one. */
void nexthop_ceiling_changed(void);
/* How far behind paths by it stand (decide.h), and for what reason. NULL: of a path of ours. */
enum demotion nexthop_demotion(const struct nexthop *nh, enum reason *why);
/* Its tunnel is to be emptied. NULL: no. */
bool nexthop_is_draining(const struct nexthop *nh);
/* `last-path` changed. */
void nexthop_config_changed(void);
void nexthop_free_all(void);

#endif
