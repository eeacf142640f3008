/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model: a world for the RIB in tests: a kernel table, AllowedIPs, a clock that stalls now and
 * then, and a random stream of changes, all from one seed. The kernel and wgd do what they are
 * given when they like, and their answers come some time after that, or never, with a channel that
 * ends. wgd's reasons to refuse an entry come and go, and so do peers, and routes of others, with a
 * better metric than ours, with the same, and with a worse one. bgpd does not read now and then.
 *
 * Every single operation that the RIB emits is applied to the two tables, and after each one every
 * sample address is looked up in both: the longest route, and where that leaves by a tunnel
 * interface, the longest AllowedIPs entry there. The peer found must be one that some wanted state
 * since the last rest gives the address on that interface; and an address that had a way in all of
 * these states must have one now. At rest (nothing queued, everything acknowledged, nothing
 * lingering) both tables must be exactly what a brute-force reading of the ranked lists says, and
 * bgpd must know how each tunnel is, and what is refused.
 *
 * The generator only knows struct model and the feed functions, so another back end (a real
 * interface, a real kernel table) can be driven by the same stream through struct model_hooks.
 */
#ifndef WGBGP_ZEBRA_MODEL_H
#define WGBGP_ZEBRA_MODEL_H

#include "messages.h"
#include "out.h"

#define MODEL_PREFIXES 48
#define MODEL_IFS 4    /* the last one is `any` with one peer */
#define MODEL_PEERS 10 /* over all interfaces */
#define MODEL_SAMPLES (2 * MODEL_PREFIXES)

/* Called behind each operation that was applied to the model; any may be NULL. */
struct model_hooks {
	void (*route)(enum route_op op, const struct kroute *r);
	void (*allowed)(const struct allowed_change *c);
	void (*rest)(void); /* the tables are at rest and were found right */
};

void model_start(uint64_t seed, const struct model_hooks *hooks);
void model_planes(void);   /* from now on interfaces go to another plane and come back */
void model_ceilings(void); /* peers get permit lists, which change */
void model_statics(void);  /* some prefixes have static routes, too, which are worse */
/* bgpd says what it likes, by next hops of all kinds: the tables are held against the permit lists
 * alone. */
void model_hostile(void);
void model_stop(void);
void model_op(void);		/* one random change, told to the RIB */
void model_turn(void);		/* the RIB and wgd do something, or nothing */
void model_rest(void);		/* until nothing moves any more, then the exact check */
void model_restart_zebra(void); /* all state of the RIB is lost, tables stay, all is told again */
uint64_t model_moves(void);	/* writes that moved a nexthop object so far */
uint64_t model_checks(void);	/* lookups done so far, to show that something was tested */

#endif
