/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nexthop: what leads to an address, and the ranked lists of such addresses.
 *
 * A next hop is known once for each address that bgpd watches or that a ranked list names. It
 * resolves, in this order, to a tunnel peer (exact tunnel address), or by the longest match in the
 * RIB: to a neighbour on a connected subnet, to the gateway of somebody's route, or through a
 * learned route to what that route's own next hop resolves to (limited in depth, never through a
 * route that hangs on the next hop itself). It is looked at again when its tunnel, its link or a
 * route that covers it changes.
 *
 * bgpd ranks by demotion first (decide.h of bgpd), and the demotion of a next hop by its tunnel's
 * state is known here before bgpd has ranked anew. So a list is read by level: of the hops that
 * may be used those of the best level, in their order. What bgpd then sends reads the same.
 *
 * Ranked lists are interned: thousands of prefixes share one struct hopset. From a next hop lead
 * references to the lists that use it. Where the prefixes of some lists are to be looked at again,
 * one walk over the RIB finds them for all lists and next hops that changed in one turn: that is
 * a few ms at a million prefixes, and cheaper than links in every one of them.
 */
#ifndef WGBGP_ZEBRA_NEXTHOP_H
#define WGBGP_ZEBRA_NEXTHOP_H

#include <sys/queue.h>

#include "hash.h"
#include "islab.h"
#include "messages.h"
#include "trie.h"
#include "tunnel.h"

enum hop_kind { HOP_NONE, HOP_TUNNEL, HOP_GATEWAY };

struct hop_ref;
struct rib_node;

struct nexthop {
	struct trie_node node; /* the address as a host prefix */
	struct addr addr;
	LIST_HEAD(, hop_ref) users; /* ranked lists with it */
	TAILQ_ENTRY(nexthop) queue; /* when dirty */
	struct tunnel_peer *peer;   /* HOP_TUNNEL; also set while that tunnel is down */
	uint32_t oif;
	struct addr gateway; /* HOP_GATEWAY; family 0: the address itself is on the link */
	uint32_t cost;
	uint8_t kind;	     /* enum hop_kind */
	uint8_t reach;	     /* enum reach */
	uint8_t reason;	     /* enum reason when not up */
	bool weak;	     /* down by a guess */
	uint8_t depth;	     /* learned routes on the way */
	uint8_t via_len;     /* length of the route that it was resolved by */
	bool connected;	     /* tunnel address or connected subnet */
	bool stranger;	     /* HOP_GATEWAY: no way of a neighbour's: not for what bgpd says */
	bool held;	     /* it would lead elsewhere, and has to wait */
	uint8_t ways;	     /* how often it was led elsewhere by learned routes, */
	uint64_t ways_ms;    /* since then */
	uint64_t changed_ms; /* monotonic: it led elsewhere until then; 0: never */
	bool watched;	     /* by bgpd */
	bool dirty;	     /* to be looked at again */
	bool to_tell;	     /* it changed, and bgpd does not know yet */
	bool told_before;    /* bgpd knows a state of it */
};

/* One place in one ranked list. */
struct hop_ref {
	LIST_ENTRY(hop_ref) link; /* in nexthop.users */
	struct nexthop *nh;
	struct hopset *set;
	uint8_t source;	  /* enum route_source */
	uint8_t demotion; /* enum demotion, by the path's attributes */
	uint8_t weight;	  /* its share among those that have one; 0: a backup */
};

#define HOP_OUT (DEMOTED_LAST + 1) /* a level: may not be used */

enum hopset_look { LOOK_NOT, LOOK, LOOK_URGENTLY };

struct hopset {
	struct hash_node hash;
	uint32_t refs;
	uint32_t id; /* number, for struct rib_node */
	uint8_t n;
	uint8_t look;	      /* enum hopset_look: its prefixes are to be looked at */
	struct hop_ref ref[]; /* best first */
};

/* Interned; the caller owns one reference. N of 1 at least. */
struct hopset *hopset_get(const struct route_hops *hops);
extern struct islab hopset_numbers;		    /* struct hopset * */
static inline struct hopset *hopset_at(uint32_t id) /* 0: NULL */
{
	return id ? *(struct hopset **)islab_at(&hopset_numbers, id) : NULL;
}
struct hopset *hopset_ref(struct hopset *s);
void hopset_unref(struct hopset *s);
bool hopset_has(const struct hopset *s, const struct nexthop *nh);
bool hopset_has_peer(const struct hopset *s, const struct tunnel_peer *p);

struct nexthop *nexthop_find(const struct addr *a); /* NULL: nobody asks for it */
void nexthop_users_dirty(struct nexthop *nh);	    /* looks at all prefixes with it again */
bool nexthop_usable(const struct nexthop *nh);
/* bgpd knows where it leads, and has had the time to go by it. */
bool nexthop_settled(const struct nexthop *nh);
/* An interface that is configured as WireGuard's, and wgd does not tell: it cannot use it. */
bool nexthop_refused_if(uint32_t oif);
/* enum demotion, or HOP_OUT. */
unsigned hop_level(const struct hop_ref *r);
unsigned nexthop_level(const struct nexthop *nh); /* by its tunnel's state alone */
void nexthop_watch(const struct addr *a);
void nexthop_unwatch(const struct addr *a);
void nexthop_forget_watches(void); /* a new bgpd watches again */

/* Nothing is told before the kernel was read and wgd has told its tunnels: until then bgpd goes by
 * what it last heard. */
void nexthop_kernel_ready(void);
void nexthop_tunnels_ready(void);

/* Something changed; the next hops concerned are looked at in the next turn. */
void nexthop_tunnel_changed(const struct tunnel_peer *p);
void nexthop_tunnel_if_changed(const struct tunnel_if *i);
/* Its peers own prefixes otherwise than before, wherever next hops lead. */
void nexthop_owners_changed(const struct tunnel_if *i);
void nexthop_link_changed(uint32_t ifindex);
void nexthop_route_changed(const struct prefix *p);
void nexthop_all_changed(void); /* the configuration says otherwise what a tunnel is */
void nexthop_run(void);		/* looks at all dirty ones now */
/* Tells bgpd what changed, now or, as long as fib_repairing(), a little later; whoever has moved
 * prefixes calls this again. */
void nexthop_tell(void);

struct nexthop *nexthop_first(void);
struct nexthop *nexthop_next(const struct nexthop *nh);
void nexthop_reset(void);

#endif
