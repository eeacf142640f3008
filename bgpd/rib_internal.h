/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_internal: what the files of the tables share with each other and nobody else.
 *
 * One job does all the work in quanta (rib.c): the walk, and deciding what is in the queue. The
 * walk goes round the tables as long as somebody needs it: a next hop that changed, for its paths
 * to be decided again; a neighbour, for paths to be removed (its session ended, or it did not send
 * them again after a restart) or judged again. A session has a number, its epoch, and a path the
 * epoch it came with: so a session's end makes all of its paths stale or void at once, and the walk
 * only cleans up.
 */
#ifndef WGBGP_BGPD_RIB_INTERNAL_H
#define WGBGP_BGPD_RIB_INTERNAL_H

#include "bgp.h"
#include "decide.h"
#include "loop.h"
#include "nexthop.h"
#include "policy.h"
#include "rib.h"
#include "rib_table.h"

/* rib_refused.c: what the ceiling refused since the last line about it. */
struct refused_prefixes {
	unsigned n;
	struct prefix first;
	enum reason reason; /* of the first one */
};

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
	struct attr *judged_as; /* what the policy made of it, a reference */
	enum reason judged_reason;
	struct refused_prefixes refused;
};

/* The job has something to do. */
void rib_work(void);
/* The walk is to meet every path once from now on; it has when the lap with this number ends. */
uint32_t rib_need_walk(void);
bool rib_is_walking(uint32_t until); /* that lap has not ended yet */
void rib_walk_for(struct peer_rib *pr); /* the same, on behalf of a neighbour's flags */
/* rib_pressure.c: neighbours are read no faster than networks are decided. Call rib_pressure() when
 * some were marked, and when N were decided. */
void rib_pressure(unsigned decided);
void rib_pressure_free(void);

/* PR announces P, which is beyond a ceiling for REASON: the log will have a line about such. */
void rib_refused(struct peer_rib *pr, const struct prefix *p, enum reason reason);
void rib_refused_free(void);
void rib_each_neighbor(void (*look)(struct peer_rib *pr));

/* Everything that is known was decided and handed on. */
bool rib_settled(void);

struct peer_rib *peer_rib_by_id(uint16_t id); /* NULL for PEER_LOCAL */
/* The path, of a neighbour, belongs to a session that is over and is not kept. */
bool path_is_void(const struct path *p);
bool path_is_stale(const struct path *p);
/* Stale, and the tunnel to its next hop is down: what restarts there does not forward. */
bool path_has_no_future(const struct path *p);
bool path_is_ebgp(const struct path *p);

/* The network has no paths (any more): frees it unless somebody still needs it. */
void rib_release_net(struct rib_table *t, uint32_t id);
/* Removes a path and marks its network. */
void rib_remove_path(uint32_t id, enum reason why);
/* A path of ours: ATTR's reference is taken over, NULL removes it. */
void rib_set_local(const struct prefix *p, struct attr *attr, enum reason refused);
/* All paths have to be judged again. */
void rib_rejudge_all(void);

/* rib_judge.c: whether a path may compete, whatever its next hop's state; sets its attributes as
 * policy makes them. RECEIVED is a reference, taken over. */
void rib_judge(uint32_t path, struct attr *received);
void rib_judge_forget(struct peer_rib *pr); /* the chain or a check changed */

/* rib_fresh.c: begins when a session comes up (after what is kept of the last one is known), ends
 * by itself or with the session. */
void rib_fresh_init(struct peer_rib *pr);
void rib_fresh_begin(struct peer_rib *pr);
void rib_fresh_end(struct peer_rib *pr);
/* Demotes those of the candidates that come by a fresh session where the path USED (0: none) is
 * among them, too, and BEST would take traffic off it, or share it. True: decide again. */
bool rib_fresh_hold_back(struct candidate *c, size_t n, uint32_t used, uint32_t best);

/* rib_decide.c: decides one network and hands the result on. */
void rib_decide(struct rib_table *t, uint32_t id);
struct candidate rib_candidate(uint32_t path); /* as the decision process sees it */
/* How far behind it stands by its attributes alone, whatever its next hop's state. */
enum demotion path_attr_demotion(const struct path *p, enum reason *why);
/* The worse of that and its next hop's. */
enum demotion path_demotion(const struct path *p, enum reason *why);

/* rib_multipath.c: begin with the best path, add the best of those that tie as long as there are
 * some, end when all are in the list of next hops, in this order and in front. */
struct multipath_choice {
	unsigned most; /* 0: no multipath */
	unsigned n;
	uint32_t path[ROUTE_HOPS_MAX];
	struct candidate best;
};
void multipath_begin(struct multipath_choice *m, const struct candidate *best);
size_t multipath_ties(const struct multipath_choice *m, struct candidate *c, size_t n);
void multipath_add(struct multipath_choice *m, uint32_t path);
void multipath_end(const struct multipath_choice *m, struct route_hops *hops);

/* rib_verdict.c: refusals of zebra-lite. */
void rib_verdicts_heard(const struct msg_verdicts *m);
enum reason rib_verdict(const struct rib_table *t, const struct net *n, const struct addr *nexthop);
void rib_verdicts_forget(const struct prefix *p); /* NULL: all */

#endif
