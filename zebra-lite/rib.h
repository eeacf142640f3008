/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib: per prefix the candidates of all protocols, the choice among them, and what was refused.
 *
 * A node (rib_node.h) stands while anything is known of its prefix: a ranked list from bgpd,
 * another candidate (somebody's kernel route, a static one, a pin, a tunnel's host route), a
 * refusal that bgpd was told of, or something installed. What is wanted follows from these by
 * rib_select(); what is installed is `installed`, and fib.c works off the difference. Nothing here
 * writes anywhere but verdicts and redistribution.
 *
 * Stale: a list belongs to the bgpd that sent it. When another one comes its lists stay in force
 * until it has sent everything (rib_bgp_synced()). A route of ours found in the kernel at the
 * start is ADOPTED: kept until somebody wants it, or until the sweep. It may be bgpd's, so what
 * would be worse than that waits as long as it leads somewhere (rib_found_stays()).
 */
#ifndef WGBGP_ZEBRA_RIB_H
#define WGBGP_ZEBRA_RIB_H

#include <sys/queue.h>

#include "fib.h"
#include "messages.h"
#include "nexthop.h"
#include "out.h"
#include "rib_node.h"

enum rib_proto {
	RIB_CONNECTED, /* the kernel's own, of an interface's address */
	RIB_KERNEL,    /* somebody else's */
	RIB_PIN,       /* ours: to a tunnel's endpoint, through the underlay */
	RIB_TUNNEL,    /* ours: to a tunnel address */
	RIB_STATIC,    /* ours: configured */
	RIB_BGP,
	RIB_NONE,
};
const char *rib_proto_name(enum rib_proto p);

/* A candidate that is not bgpd's. */
struct rib_cand {
	struct rib_cand *next;
	struct hopset *hops; /* of a static route with a next hop */
	struct ways *ways;   /* of a multipath route, or NULL; a reference */
	struct addr gateway;
	uint32_t oif, metric;
	uint32_t epoch;	   /* reading of the kernel's table that saw it last */
	uint8_t proto;	   /* enum rib_proto */
	uint8_t kprotocol; /* rtm_protocol of a foreign one */
	uint8_t type;	   /* RTN_… */
	uint8_t distance;  /* of a static one */
};

/* Its I-th way, of those whose link is up. False: there are no more. */
static inline bool rib_cand_way(const struct rib_cand *c, unsigned i, struct way *to)
{
	return ways_up(c->ways, &(struct way){c->oif, 1, c->gateway}, i, to);
}

/* A refusal that bgpd is told of. */
struct refusal {
	struct refusal *next;
	TAILQ_ENTRY(refusal) again;	/* of the ceiling: to be judged again */
	struct rib_node *node;		/* of the ceiling */
	struct addr hop;		/* family 0: all next hops of the prefix */
	const struct tunnel_peer *peer; /* wgd refused its entry; NULL: somebody else did */
	uint8_t reason;			/* enum reason */
	uint8_t source; /* LOST_TO_PROTOCOL: enum route_source of the route that lost */
	bool late; /* by a ceiling that bgpd did not know when it named the hop: it finds it, too */
	bool known;   /* bgpd was told of it */
	bool to_tell; /* again, or at all: as soon as bgpd is not behind */
};

/* The ranked list from bgpd, NULL none. */
static inline struct hopset *rib_hops(const struct rib_node *n)
{
	return hopset_at(n->hops);
}

/* rib_choice.c: candidates. */
struct rib_cand *rib_cand_find(const struct rib_node *n, enum rib_proto proto); /* or NULL */
bool rib_cand_active(const struct rib_node *n, const struct rib_cand *c);
uint8_t rib_cand_distance(const struct rib_node *n, const struct rib_cand *c);
bool rib_cand_better(const struct rib_node *n, const struct rib_cand *a, const struct rib_cand *b);
struct rib_cand *rib_best_other(const struct rib_node *n); /* of those that are active; or NULL */
/* The foreign candidate that the kernel uses, or NULL. */
struct rib_cand *rib_foreign(const struct rib_node *n);
uint8_t rib_bgp_distance(uint8_t source); /* enum route_source */

/* rib_choice.c: refusals, or NULL. HOP NULL: of all next hops. */
bool rib_is_ceiling(enum reason reason); /* it has to do with the ceiling, wgd's included */
struct refusal *rib_refusal(const struct rib_node *n, const struct addr *hop); /* bears on HOP */
struct refusal *rib_static_refusal(const struct rib_node *n, const struct addr *hop);
struct refusal *rib_refused_for(const struct rib_node *n, enum reason reason);
struct refusal *rib_find_refusal(const struct rib_node *n, const struct addr *hop,
				 enum reason reason); /* exactly that one */

/* rib_choice.c: the choice. *CAND is set where the result is neither BGP nor NONE. */
enum rib_proto rib_select(const struct rib_node *n, struct rib_cand **cand);
/* Of the hops that may be used and are not refused for this prefix the first one of the best level,
 * or NULL. */
struct hop_ref *rib_active_hop(const struct rib_node *n, struct hopset *s);
/* The same in the list of a static route, which the ceiling does not concern. */
struct hop_ref *rib_static_hop(const struct rib_node *n, struct hopset *s);

/* rib_found.c. Who is behind F on a tunnel's interface: the owner of its entry, or the peer of one
 * without entries; or NULL. */
struct tunnel_peer *rib_found_peer(const struct fib *f, uint32_t oif);
/* A path of bgpd would be better than all else that is known of N. */
bool rib_found_beats_others(const struct rib_node *n);
/* N's route is ADOPTED and stays for now, whereas N should have TARGET (NULL: nothing): until bgpd
 * has said what it has for N, or the sweep, or a way of it is dead. */
bool rib_found_stays(const struct rib_node *n, const struct fib *target);

/* rib_redist.c: tells bgpd which candidates of N are to be redistributed: what changed, or AGAIN
 * all. What changes while bgpd is behind is told later. */
void rib_redist_update(struct rib_node *n, bool again);
bool rib_tell_later(void); /* bgpd is behind: something is to be told later, then */
bool rib_is_late(void);	   /* something is to be; forgets that */

/* rib.c. OTHERS_CHANGED: for a prefix others' candidates are not what they were; may be NULL. */
void rib_open(void (*others_changed)(const struct prefix *p));
struct rib_cand *rib_cand_new(struct rib_node *n, enum rib_proto proto);
void rib_cand_free(struct rib_node *n, struct rib_cand *c);
void rib_others_changed(struct rib_node *n); /* whoever made or freed candidates of it calls this */
/* A route of ours to one host, by N ways: 0 takes it away. */
void rib_own_route(const struct prefix *p, enum rib_proto proto, const struct way *w, unsigned n);
void rib_statics_dirty(void); /* the next hop of some static route changed */
/* Refusals: told to bgpd once, until cleared. What comes and goes while bgpd is behind is told by
 * rib_tell_refusals(), as it is by then. HOP NULL: all. */
void rib_tell_again(struct rib_node *n, struct refusal *r);
void rib_tell_refusals(struct rib_node *n); /* NODE_EXTRA is set */
void rib_refuse(struct rib_node *n, const struct addr *hop, enum reason reason);
void rib_clear(struct rib_node *n, const struct addr *hop, enum reason reason);
/* By wgd: the entry of the peer that HOP leads to. It is PEER's, and goes with PEER or when HOP
 * leads elsewhere (rib_judge_entries()). */
void rib_refuse_entry(struct rib_node *n, const struct addr *hop, const struct tunnel_peer *peer,
		      enum reason reason);
void rib_clear_entries(struct rib_node *n, const struct tunnel_peer *peer); /* NULL: of all */
void rib_judge_entries(struct rib_node *n);
void rib_forget_refusals(void);		     /* all, without a word */
void rib_judge_distance(struct rib_node *n); /* keeps LOST_TO_PROTOCOL up to date */
/* Those for reasons of the ceiling: how many; the one that was looked at longest ago (there is
 * one), which is the last one then. */
size_t rib_beyond(void);
struct refusal *rib_beyond_next(void);
void rib_forget_all(void); /* of rib_reset() */

/* rib_ceiling.c. Refuses the hops of bgpd's list that would give packets beyond the ceiling. */
void rib_judge_ceiling(struct rib_node *n);
void rib_ceilings_wider(void); /* what was refused so is judged again, in turns */
/* The same for another way of a next hop: later, and ever later where that goes on and on, as the
 * ways of next hops may rest on what is refused. */
void rib_ceilings_again(void);
void rib_ceilings_narrower(void); /* that, and all lists */
void rib_ceiling_reset(void);

/* rib_static.c */
void rib_static_add(const struct prefix *p, const struct addr *next_hop, uint32_t oif, uint8_t type,
		    uint8_t distance, uint32_t metric);
/* Takes all static candidates away; their prefixes are looked at again. */
void rib_static_clear(void);

/* rib_bgp.c. GENERATION: of the configuration that bgpd went by. */
void rib_bgp_routes(const struct msg_routes *m, uint32_t generation);
void rib_bgp_begin(void); /* another bgpd's channel */
void rib_bgp_synced(void);
bool rib_bgp_stale(const struct rib_node *n);
/* Tells bgpd every route to redistribute, and what is kept from an earlier bgpd or zebra-lite and
 * waits for this one, and calls TOLD then, with the number of routes of ours that were there before
 * this bgpd. */
void rib_redist_all(void (*told)(uint32_t kept));
void rib_redist_go_on(void); /* bgpd is not behind any more */
void rib_reset(void);	     /* forgets all of it */

#endif
