/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_judge: from what the daemons and the kernel said of a destination to what becomes of a
 * packet for it. Pure: facts in, verdict out; explain.c asks for the facts.
 *
 * Facts are one object; what is absent is not known, and nothing is concluded from it:
 *
 *	destination, plane	address and name of the plane that it is looked for in
 *	bgp-routes, routes	rows of the BGP table and the RIB that cover it, of all planes
 *	entries			AllowedIPs of the next hop's interface that cover it
 *	interfaces, tunnels	all rows of `wireguard` and `tunnels`
 *	neighbors, pins		all rows of `bgp-neighbors` and `pins`
 *	kernel			{error, local, interface, gateway}: the kernel's own word
 *	endpoint		the same for the endpoint of the tunnel
 *	forwarding		{needed, on}: whether packets of others should, and do, pass
 *
 * Of packets with a certain source, what "kernel" says is of them, and there are
 *
 *	source			{address, local, interface, error, forwards, probe-from}; in a
 *				plane bound, too: no rule of the plane is for that source
 *	kernel			has rp-filter, too: whether that of the source's interface drops it
 *	kernel-any		as "kernel", of any packet; absent in a plane
 *	firewall		rows {way, hook, chain, drops}: what does not surely pass; way: out,
 *				back, or probe (our own packets that stand for the source's); or
 *				{unknown}: why the rules are not known
 *	announced		rows that cover the source of what the tunnel's neighbor is sent
 *	back			as "kernel", of answers; with in (where they come in), forwards
 *	probe			what echo requests showed (explain_probe.h); from: their source
 */
#ifndef WGBGP_VIEW_EXPLAIN_JUDGE_H
#define WGBGP_VIEW_EXPLAIN_JUDGE_H

#include <jansson.h>
#include <stdbool.h>

/* {destination, source, reachable, answered, stage, verdict, steps [{stage, ok, text}]}; owned by
 * the caller. Answered is null where no echo request shows anything, stage that of the first step
 * that failed, or null. */
json_t *explain_judge(const json_t *facts);

/* Exit status for a stage; 0 for "". */
int explain_status(const char *stage);
/* Behind a failure at that stage nothing is sent: it is sure that nothing would come through. */
bool explain_is_sure(const char *stage);

/* What is asked for next, once the rows before it are among the facts; borrowed or NULL. */
const json_t *explain_hop(const json_t *facts);	   /* next hop in use: routes, kernel */
const json_t *explain_tunnel(const json_t *facts); /* its tunnel: interfaces, entries, tunnels */

const json_t *explain_neighbor(const json_t *facts); /* its session: the same, neighbors */

bool explain_is_tunnel_if(const json_t *facts, const char *name); /* one of WireGuard */

#endif
