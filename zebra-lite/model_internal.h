/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model_internal: what the parts of the model share.
 *
 * model.c makes the world and changes it, model_far.c is the kernel and wgd, model_bgpd.c what bgpd
 * is told, model_check.c knows what is wanted and compares, model_ceiling.c has the permit lists.
 */
#ifndef WGBGP_ZEBRA_MODEL_INTERNAL_H
#define WGBGP_ZEBRA_MODEL_INTERNAL_H

#include "model.h"
#include "nexthop.h"
#include "nhobj.h"
#include "util.h"

#define UNDERLAY 100	    /* ifindex of the link that is no tunnel */
#define GATEWAY MODEL_PEERS /* number of the one hop that is no tunnel peer */
#define HOPS (MODEL_PEERS + 1)
#define WGD_QUEUE 64 /* messages that wgd has not answered yet */
#define LOG_LINES 40
#define OBJECTS 256
#define WRITES 1024 /* routes that the kernel has not answered yet */
#define WORDS 1024  /* of wgd that are on their way */

struct mpermit {
	unsigned n;
	struct prefix list[3];
};

struct mpeer {
	unsigned iface;		       /* index */
	struct mpermit permit, before; /* in force; and until the next rest those before */
	uint32_t id;
	bool up, degraded, weak;
	bool gone; /* from the configuration; at wgd until the next rest, and its entries with it */
	struct addr addr;
	uint8_t told; /* enum reach: what bgpd knows of the address */
};

struct mobject {
	uint32_t id, oif; /* id 0: free */
	unsigned n;	  /* legs of a group; 0: not a group */
	bool resilient;
	struct nhleg legs[ROUTE_HOPS_MAX];
};

struct mwrite {
	enum route_op op;
	struct kroute route;
	void *cookie;
	int err;
};

struct mprefix {
	struct prefix p;
	unsigned n;		   /* hops; 0: withdrawn */
	unsigned hop[HOPS];	   /* ranked peers or GATEWAY */
	uint8_t demotion[HOPS];	   /* of these, by attributes */
	uint8_t weight[HOPS];	   /* their shares */
	bool stale;		   /* bgpd restarted without it: wanted until the sweep */
	bool foreign;		   /* somebody else has a route for it */
	bool beside;		   /* there is a static one, by the link, worse than bgpd's */
	uint32_t metric;	   /* of that */
	bool refused[MODEL_PEERS]; /* wgd refuses the entry at this peer */
	/* the two tables */
	bool route;
	bool kept; /* what keepin.h writes: it refuses where there is no route */
	uint32_t oif, nhid;
	int owner[MODEL_IFS]; /* peer, -1 none */
};

struct model {
	uint64_t seed, rng, clock_rng, checks, ops, moves;
	struct model_hooks hooks;
	struct mprefix prefix[MODEL_PREFIXES];
	struct mpeer peer[MODEL_PEERS];
	struct mobject object[OBJECTS];
	bool overtaken;	      /* since the last rest an object moved in front of the queue */
	bool no_objects;      /* the kernel refuses them */
	bool no_resilient;    /* groups */
	bool ceilings;	      /* peers have permit lists */
	bool pruned;	      /* `before` is over for all but what is under way */
	bool judging;	      /* since the last rest they changed */
	bool unjudged;	      /* model_learn(): the state before what they permit anew is known */
	bool unanswered;      /* the same, before what wgd refuses is known */
	bool hostile;	      /* bgpd is in somebody else's hands */
	bool planes;	      /* there is another one besides that of the prefixes */
	bool away[MODEL_IFS]; /* it has the interface */
	struct addr sample[MODEL_SAMPLES];
	bool had_way[MODEL_SAMPLES]; /* in all wanted states since the last rest */
	uint32_t wanted_since_rest[MODEL_PREFIXES][MODEL_IFS]; /* owners of the prefix itself */
	uint32_t right[MODEL_SAMPLES][MODEL_IFS]; /* peers that were right since then, a bit each */
	struct msg_allowed queue[WGD_QUEUE];
	unsigned head, tail;
	struct mwrite write[WRITES];
	uint32_t given, written, answered; /* to the kernel, by it, and zebra-lite knows */
	struct msg_allowed_ack
		word[WORDS]; /* that wgd said; number 0: no answer, an entry is free */
	unsigned heard, said;
	unsigned batch_max;
	uint32_t next_id;
	uint32_t generation;   /* of the configuration that bgpd goes by */
	bool without_stale;    /* model_learn(): the state behind the sweep */
	uint32_t sweep, swept; /* number of the ALLOWED_SYNC that wgd works on, or 0; prefixes
				  that it has looked at: what was not set since its start goes */
	bool in_step;	       /* it was done since wgd is there */
	bool touched[MODEL_PREFIXES][MODEL_IFS];
	char log[LOG_LINES][128];
	unsigned logged;
};
extern struct model model;

/* model.c */
void model_note(const char *fmt, ...) PRINTF_LIKE(1, 2); /* printed when it fails */
_Noreturn void model_fail(const char *what, const struct addr *at);
unsigned model_random(unsigned n); /* below N */
uint32_t model_ifindex(unsigned iface);
struct mprefix *model_prefix(const struct prefix *p);
struct mobject *model_object(uint32_t id); /* 0: a free one */

/* model_ceiling.c */
/* May the prefix go to the peer, or to GATEWAY; LATE: or might it before, and be under way? */
bool model_permits(const struct prefix *p, unsigned hop, bool late);
void model_op_permits(void);
void model_ceilings_again(void); /* after a restart */
void model_op_hostile(void);
void model_check_entry(const struct prefix *p, unsigned peer); /* a new one */
void model_check_route(const struct prefix *p, uint32_t oif, const struct addr *gateway);
void model_check_ceilings(void); /* at rest: everything */

/* model_check.c */
bool model_uses_foreign(const struct mprefix *p); /* the kernel does */
void model_learn(void); /* the wanted state as it is now counts as right from here on */
void model_learn_found(const struct prefix *in);
void model_check(void); /* behind each operation: every sample address */
/* bgpd has not spoken since the restart: the routes are those FOUND then, all MODEL_PREFIXES. */
void model_check_found(const struct mprefix *found);
bool model_object_in_use(uint32_t id);
void model_check_rest(void); /* both tables are exactly what is wanted */

/* model_bgpd.c */
void model_bgpd_begin(void);   /* fills its part of the table of out.h */
void model_bgpd_restart(void); /* another one knows of no refusal */
void model_bgpd_turn(void);    /* it stops reading, or goes on */
void model_bgpd_reads(void);   /* it goes on, if it had stopped */
void model_bgpd_check(void);   /* at rest: it knows what there is */
void model_bgpd_stop(void);

/* model_far.c */
void model_far_begin(void); /* fills the table of out.h */
void model_kernel_turn(void);
void model_kernel_write_all(void); /* what it was given; the answers are on their way */
void model_wgd_turn(void);
bool model_wgd_rests(void); /* all is done and heard */
void model_wgd_says_free(const struct prefix *p, unsigned peer);
void model_tell_peer(unsigned i);
void model_wgd_drop(void);
void model_wgd_drop_peer(unsigned i);
void model_wgd_restart(void);

#endif
