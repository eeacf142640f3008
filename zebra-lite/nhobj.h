/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nhobj: nexthop objects of the kernel, one for each pair of tunnel next hops and family.
 *
 * A route whose ranked list has a usable tunnel hop and, next to it, one on another interface
 * names an object instead of an interface. The object leads to the first of the two (`active`);
 * when that one dies a single write leads it, and with it all its routes, to the other one, and
 * the queue of fib_order.c finds the routes right already. That is done only where every prefix
 * that uses the object has its entry on the other interface (I2); else each prefix goes its own
 * way to another object.
 *
 * Where the active hop is only demoted (degraded, say) and the other one is not, the object moves,
 * too, if all prefixes that use it want that.
 *
 * When the hop that ranked first (`home`) is back, prefixes that want it are held where they are
 * for a moment, so that bgpd can rank the others again; then the object moves home, and whoever
 * did not want that is looked at again.
 *
 * Prefixes whose first hops share the traffic (they have a weight) name a group instead: an object
 * of the kernel over objects that only lead to one interface each (leaves). A group knows all hops
 * that may be in it; those are in it whose tunnels are at the best level among them. One that dies
 * is taken out by one write for all prefixes, one that is back is put in when each prefix has its
 * entry there. Groups with the same hops, shares and kind are one; one that is resilient (the
 * kernel's, by the configuration) cannot become another kind: its prefixes go to another one. Where
 * all hops of a group are down its prefixes go to their backup one by one.
 *
 * Objects are counted by the struct fib that name them. One that nobody names is deleted when the
 * queue is empty, or when a second has passed: deleting an object deletes its routes. One
 * that the kernel has dropped (it flushes those of a link that goes down, and their routes) is
 * `gone` and never comes back; numbers are not used twice. Objects of an earlier life are found by
 * protocol and number, and belong to the first prefix that has a route by one and wants that
 * interface.
 */
#ifndef WGBGP_ZEBRA_NHOBJ_H
#define WGBGP_ZEBRA_NHOBJ_H

#include <sys/queue.h>

#include "fib.h"
#include "nexthop.h"
#include "rib.h"

#define NHOBJ_FIRST 0x77670001u /* our range of numbers */
#define NHOBJ_LAST 0x7767ffffu

struct nhobj_member {
	struct addr addr; /* family 0: of an earlier life */
	uint32_t oif;
	uint32_t leaf; /* 0: not in the group now */
	uint8_t weight;
};

struct nhobj {
	LIST_ENTRY(nhobj) link;
	struct hash_node hash; /* by number */
	uint32_t id, oif;
	uint32_t refs;	    /* of struct fib */
	uint32_t epoch;	    /* reading of the kernel's tables that saw it */
	uint32_t moved;	    /* the last one when it was led to where it is now */
	struct addr active; /* family 0: of an earlier life, nobody's yet */
	struct addr other, home;
	uint64_t home_asked_ms; /* last time that a prefix wanted it home */
	uint8_t home_tries;
	uint8_t family; /* of the prefixes */
	bool home_wanted;
	bool gone;	  /* not in the kernel any more */
	bool leaf;	  /* for groups */
	bool resilient;	  /* a group that keeps flows where they are; for its life */
	uint8_t n;	  /* members, in it or not; 0: not a group */
	uint8_t demotion; /* enum demotion of all of them by attributes */
	struct nhobj_member member[ROUTE_HOPS_MAX];
};

/* FIRST gives the route of PLAN: puts an object in its place when N's list S has a pair. */
void nhobj_choose(const struct rib_node *n, const struct hopset *s, const struct nexthop *first,
		  struct fib_plan *plan);
/* Before the prefixes are looked at: moves what the state of NH makes move. */
void nhobj_hop_changed(const struct nexthop *nh);
void nhobj_link_down(uint32_t ifindex);
/* Entries were set: hops that waited for them join their groups. */
void nhgroup_batch_done(void);
void nhgroup_settle(void); /* those that wait for something else, when the queue is worked off */
/* A question: a group leads by a hop that is not one of its best. */
bool nhgroup_lags(const struct nhobj *o);

/* The interfaces that it leads to now; how many. */
unsigned nhobj_oifs(const struct nhobj *o, uint32_t oifs[ROUTE_HOPS_MAX]);
bool nhobj_leads_to(const struct nhobj *o, const struct addr *hop);

struct nhobj *nhobj_by_id(uint32_t id); /* NULL: unknown, or gone */
struct nhobj *nhobj_ref(struct nhobj *o);
void nhobj_unref(struct nhobj *o); /* NULL is fine, both */

/* Reading: one with our protocol; all were told. */
void nhobj_found(uint32_t id, uint32_t oif, uint8_t family);
void nhgroup_found(uint32_t id, const struct nhleg *legs, unsigned n, bool resilient);
void nhobj_read(void);
void nhobj_lost(uint32_t id);	     /* somebody deleted it */
void nhobj_refused(struct nhobj *o); /* by the kernel, for a route */
void nhobj_taken(const struct nhobj *o); /* the same, the other way */
void nhobj_kick(void);		     /* one that could not be made may be made now */
void nhobj_settle(void);	     /* the queue is worked off: looks for prefixes that miss one */

void nhobj_collect(void);  /* deletes those that nobody names */
void nhobj_renumber(void); /* another protocol number is in force */
void nhobj_teardown(void); /* all routes are gone: the objects go too */
bool nhobj_busy(void);	   /* one waits to go home, or to be deleted */
void nhobj_reset(void);	   /* behind rib_reset() */

struct nhobj_counters {
	uint64_t moves, lost;
	size_t objects;
};
extern struct nhobj_counters nhobj_counters;
extern unsigned nhobj_home_ms; /* 100; tests make it shorter */

#endif
