/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pin: no learned route may capture the endpoint of a tunnel.
 *
 * A route through a tunnel that covers a tunnel's current endpoint would send the encrypted packets
 * into a tunnel again (WireGuard answers ELOOP and the tunnel dies). Such a prefix is installed
 * only when the endpoint has a host route of ours through the underlay: through the longest route
 * of somebody else that covers it, by all ways of that which can be used. No pin is needed where
 * that route is longer than the learned one. Without an underlay route, or with pins switched off,
 * or when the prefix is the endpoint itself, the prefix is refused (covers-endpoint). An endpoint
 * behind an interface with an uplink is looked up elsewhere (uplink.h) and not looked at here.
 * Endpoints roam and the underlay changes: both are followed, and what was refused is looked at
 * again.
 *
 * An endpoint may be where an answer of the DNS says it is, or whoever sent its last packet again
 * from another address. Where it is not written as a number in the configuration, nor vouched for
 * (`endpoint-inside-permit`), and lies inside what is private, it has no host route: others'
 * packets for that address would leave in the clear. Nor does it keep a route out. Private is what
 * a `permit` or an AllowedIPs entry of the configuration names, a default route and its halves
 * aside; the network of a tunnel's interface; and a static route into a tunnel. What was learned is
 * not: a neighbor could take away the way to an endpoint. A route of the underlay that is longer
 * decides before.
 *
 * Of several ways the kernel takes one for each far end, by a hash. Where that is dark somewhere
 * behind the provider no link says so: while a tunnel is down whose endpoint has several ways, and
 * none with the same endpoint is alive, it is pinned to one of them after the other, each round
 * with more time. The one by which answers come is kept until the underlay changes.
 *
 * Hosts that are spared (the far ends of the operator's sessions, name servers) have such a host
 * route while nothing but what is kept in (keepin.h) would take their packets. A learned route that
 * covers them does as ever. So has each endpoint that is inside what is kept in: first its host
 * route, then what refuses. Where the default route is kept in (keepin_default.h), each endpoint
 * that nothing else covers has one all the time.
 */
#ifndef WGBGP_ZEBRA_PIN_H
#define WGBGP_ZEBRA_PIN_H

#include "rib.h"
#include "tunnel.h"

struct pin {
	struct trie_node node; /* the endpoint as a host prefix */
	struct addr addr;
	unsigned peers;	  /* tunnels with this endpoint */
	unsigned vouched; /* of these: it may be inside what is private */
	bool doubted;	  /* it is inside, and nobody vouches for it: no host route */
	bool refused;	  /* and so one that is wanted is missing; said */
	bool spared;	  /* it is to be reached where it is inside what is kept in */
	bool wanted;	  /* a learned prefix would capture it, or it is held back */
	bool placed;	  /* has a candidate in the RIB */
	bool held;	  /* for it is inside what is kept in */
	bool there;	  /* held, and its route was in the kernel at the last look */
	uint8_t via_len;  /* of the underlay's route */
	uint8_t n_ways;	  /* into the underlay; 0: there is none */
	struct way way[ROUTE_WAYS_MAX];
	bool down, alive;   /* some tunnel with this endpoint is so; both where it is held down */
	unsigned turns;	    /* ways that were tried alone since the underlay changed */
	uint64_t turned_ms; /* when the last one began; 0: it is not dark */
};

void pin_endpoint(struct tunnel_peer *p); /* it may be another one, or unknown (family 0) */
/* Another protocol's candidates for P changed: the underlay may have. */
void pin_route_changed(const struct prefix *p);
/* The ranked list of N changed, or how it may be reached. True: endpoints are inside N. */
bool pin_prefix_changed(struct rib_node *n);
enum pin_answer {
	PIN_CLEAR,   /* nothing is captured: go on */
	PIN_WAIT,    /* a pin is on its way into the kernel: ask again in the next batch */
	PIN_REFUSED, /* nothing can be done about it */
};
/* Asked before N is installed through a tunnel, where pin_prefix_changed() says that it matters. */
enum pin_answer pin_ask(const struct rib_node *n);
/* The same for a route for P that leads nowhere, and so takes packets from endpoints inside. */
enum pin_answer pin_ask_kept(const struct prefix *p);
void pin_kept_changed(const struct prefix *p); /* whether P is kept in: pin_look_held() follows */
/* Each host route that is placed is in the kernel; but for those that were GIVEN_UP, on which no
 * tunnel at work and no spared host depends. */
bool pin_all_there(bool (*given_up)(const struct rib_node *host));
/* The hosts that are spared, instead of those before. */
void pin_spare(const struct addr *list, size_t n);
/* The route of P was written. True: it is about one that is spared or held, look at those. */
bool pin_moved(const struct prefix *p);
void pin_look_held(void);		  /* where something about them may be another way */
void pin_hurry(const struct rib_node *n); /* the pins that N waits for come first */
/* The host route to P, if it is a pin that was refused, may be tried again: so may what waits for
 * it.
 */
void pin_try_again(const struct prefix *p);
void pin_config_changed(void);
/* The state of P is another one. */
void pin_tunnel_changed(const struct tunnel_peer *p);
void pin_uplinks_changed(void); /* which interfaces keep out of the RIB's table */
void pin_configured(void);	/* after configured_read(): who is believed */

/* P is where it is not believed to be: it has no host route. */
bool pin_doubts(const struct tunnel_peer *p);

struct pin *pin_first(void);
struct pin *pin_next(const struct pin *p);
void pin_reset(void);

/* pin_facts.c. */
void pin_find_underlay(struct pin *to);	      /* the ways to its address, or none */
bool pin_tunnelled(const struct rib_node *n); /* has, or would like to have, a way by a tunnel */
bool pin_is_doubtful(const struct pin *pin);  /* by its ways and the tables as they are now */

#endif
