/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keepin: prefixes whose packets are refused rather than sent in the clear while no tunnel has a
 * route for them.
 *
 * The kernel drops the routes of a link that goes down at once, so what refuses has to be there
 * before: an unreachable route of the worst metric, beside the real one. keepin.c has the facts:
 * what was learned through a tunnel, what the `permit` lists cover, what of it the kernel has.
 * keepin_wish.c says whether a prefix should have such a route now. It should not where the next
 * shorter route leads into a tunnel, which is to carry the packets then; where it would lie inside
 * the network of an interface; or where it would catch an endpoint that can have no host route
 * (pin.h), for which it waits. keepin_run.c writes it, in front of the routes of the same batch.
 *
 * A shorter route that leads into a tunnel may be dropped with its link, too. Where what follows is
 * not kept in itself (a default route, say), the prefix has its own unreachable route as long as it
 * has a route of its own, beside which that does not count.
 *
 * A learned prefix is kept in from its first route on until KEEPIN_TIME after its last one, as long
 * as some `permit` covers it. Of more than keepin_max learned prefixes of a plane the entries of
 * `permit` are kept in instead, until somebody clears that; where that is a default route, the
 * prefixes learned before. A default route is kept in where it is an entry of `permit` and the mode
 * says so; that of the main table by keepin_default.h. The routes are recognised by our protocol,
 * KEEPIN_METRIC and their type; those found at the start are taken for learned, and stay as they
 * are until wgd has told of its tunnels. Where the kernel has no other route of ours then, no
 * tunnel is at work: what `permit` says is written without wgd.
 */
#ifndef WGBGP_ZEBRA_KEEPIN_H
#define WGBGP_ZEBRA_KEEPIN_H

#include <jansson.h>
#include <sys/queue.h>

#include "conf_leaves.h"
#include "out.h"
#include "retry.h"
#include "trie.h"

#define KEEPIN_METRIC 4294967294u /* the worst one is the kernel's own mark of "no route" */

enum keepin_state {
	KEEPIN_PENDING,	    /* not judged or not written yet */
	KEEPIN_WANTED,	    /* it should have its route */
	KEEPIN_OVER,	    /* neither learned nor permitted any more */
	KEEPIN_COVERED,	    /* the next shorter route leads into a tunnel */
	KEEPIN_CONNECTED,   /* inside the network of an interface */
	KEEPIN_ENDPOINT,    /* it would catch a tunnel's endpoint */
	KEEPIN_KERNEL_OFF,  /* nothing is installed */
	KEEPIN_PIN_AWAITED, /* wanted when an endpoint inside has its host route */
	KEEPIN_STATES
};

struct keepin {
	struct trie_node node;	  /* the prefix */
	TAILQ_ENTRY(keepin) link; /* in the queue, or among those under way */
	struct retry retry;	  /* of what the kernel refused */
	uint64_t until_ms; /* monotonic: LEARNED ends, unless it has a route; 0: it has one */
	uint32_t epoch;	   /* reading of the kernel's table that saw it last */
	int err;	   /* of the write under way: the kernel's, 0 fine */
	uint8_t state;	   /* enum keepin_state, when it was last judged */
	uint8_t write;	   /* enum route_op under way; ROUTE_NONE */
	bool learned;	   /* a route of it led through a tunnel */
	bool permit;	   /* it is an entry of `permit` that is kept in */
	bool queued;	   /* to be judged */
	bool installed;	   /* the kernel has its route */
};

/* WAKE: something is queued. */
void keepin_open(void (*wake)(void));
void keepin_configure(const json_t *config); /* after planes_read() */
enum conf_keep_in keepin_mode(void);	     /* the one of `rib` */
uint32_t keepin_time_s(void);
/* A default route of the main table is to be kept in, which keepin_default.h does. */
bool keepin_permits_default(uint8_t family);
bool keepin_too_many(uint8_t plane); /* the entries of `permit` are kept in instead */
size_t keepin_count(void);
bool keepin_in(uint8_t plane); /* something is kept in there */
uint64_t keepin_version(void); /* counts changes of what is kept in, and of what became of it */
void keepin_changed(void);     /* a state, a refusal, what the kernel has: counts it */

struct keepin *keepin_find(const struct prefix *p);
struct keepin *keepin_match(const struct addr *a);   /* the longest; NULL */
struct keepin *keepin_cover(const struct keepin *e); /* the next shorter one; NULL */
struct keepin *keepin_first(void);
struct keepin *keepin_next(const struct keepin *e);
struct keepin *keepin_first_from(const struct prefix *p); /* P, or what is behind it */
struct keepin *keepin_first_in(const struct prefix *p);	  /* P and what is inside */
struct keepin *keepin_next_in(const struct keepin *e, const struct prefix *p);

/* P gets a route through a tunnel: what is kept in for it then, NULL: nothing. */
struct keepin *keepin_learn(const struct prefix *p);
void keepin_gone(struct keepin *e); /* it has no such route any more: its time begins */
/* P was learned in an earlier life, of which nothing may be left in the kernel. False: no `permit`
 * of the configuration covers it. */
bool keepin_remember(const struct prefix *p);
/* Whether it has one, for the end of its time. */
void keepin_ask(bool (*has_route)(const struct keepin *e));
/* Forgets what was learned and has no route through a tunnel; NULL: all. Returns how many. */
size_t keepin_clear(const struct prefix *p);
void keepin_fewer(uint8_t plane); /* too many no more: what is learned from now on is kept in */

/* To be judged again: E; all inside P; all that covers A; everything. */
void keepin_queue(struct keepin *e);
void keepin_look(const struct prefix *p);
void keepin_look_over(const struct addr *a);
void keepin_look_all(void);
struct keepin *keepin_take(void);      /* out of the queue; NULL: empty */
void keepin_unqueue(struct keepin *e); /* that is queued and not under way */
bool keepin_queued(void);
void keepin_forget(struct keepin *e); /* not queued and not under way; it is freed */

/* What the kernel has. */
bool keepin_looks_ours(const struct kroute *r); /* but for the protocol number */
bool keepin_is_ours(const struct kroute *r);
void keepin_told(const struct kroute *r, bool present);
void keepin_read_end(void); /* of this reading all were told */
void keepin_reset(void);

extern unsigned keepin_max; /* 10000 learned prefixes of a plane; tests make it smaller */

#endif
