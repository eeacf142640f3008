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
 */
#ifndef WGBGP_CLI_EXPLAIN_JUDGE_H
#define WGBGP_CLI_EXPLAIN_JUDGE_H

#include <jansson.h>
#include <stdbool.h>

/* {destination, reachable, verdict, steps [{stage, ok, text}]}; owned by the caller. */
json_t *explain_judge(const json_t *facts);

/* What is asked for next, once the rows before it are among the facts; borrowed or NULL. */
const json_t *explain_hop(const json_t *facts);	   /* next hop in use: routes, kernel */
const json_t *explain_tunnel(const json_t *facts); /* its tunnel: interfaces, entries, tunnels */

bool explain_is_tunnel_if(const json_t *facts, const char *name); /* one of WireGuard */

#endif
