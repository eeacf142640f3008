/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_facts: the facts of explain with what is picked out of them, the questions that its
 * sentences ask them, and the list of steps that the sentences go to.
 */
#ifndef WGBGP_VIEW_EXPLAIN_FACTS_H
#define WGBGP_VIEW_EXPLAIN_FACTS_H

#include <jansson.h>
#include <stdbool.h>

#include "explain_claim.h"
#include "prefix.h"
#include "util.h"

/* What echo requests showed of the destination. */
enum explain_probed { PROBE_NOTHING, PROBE_LOST, PROBE_ANSWERED };

/* The facts, with what is picked out of them; all borrowed but the steps. */
struct judge {
	const json_t *facts;
	struct addr dst;
	struct prefix dst_prefix; /* the destination, or its host prefix */
	const char *plane;
	const json_t *elsewhere;   /* longest covering row of other planes' tables */
	const json_t *bgp;	   /* longest covering row of the BGP table with a best path */
	const json_t *bgp_longest; /* longest covering row at all */
	const json_t *route;	   /* longest covering selected row of the RIB */
	const json_t *rejected;	   /* longest covering row of the RIB that is not selected */
	const json_t *hop;	   /* the route's next hop in use */
	const json_t *owner;	   /* longest match in the AllowedIPs of the hop's interface */
	const json_t *tunnel;	   /* of the peer */
	const json_t *kernel;
	const json_t *source; /* of the packets; NULL: anybody's */
	struct addr src;      /* the same; family 0 */
	bool on_tunnel;	      /* the hop's interface is one of WireGuard */
	const char *peer;     /* the hop's, or else the owner of the destination there; or "" */
	bool claimed;
	struct claim claim; /* whom the destination is meant for */
	enum explain_probed answered;
	json_t *steps;
	const char *failed;	  /* text of the first step that failed */
	const char *failed_stage; /* its stage */
};

/* Appends a step; what fails first is the verdict. */
void explain_step(struct judge *f, const char *stage, bool ok, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* Appends what may be in the way, or not: it is no part of the verdict. */
void explain_doubt(struct judge *f, const char *stage, const char *fmt, ...) PRINTF_LIKE(3, 4);

bool explain_same(const json_t *a, const char *key_a, const json_t *b, const char *key_b);
#define COVERS_NOT (-1)
/* The length of ROW's prefix when it covers the destination, else COVERS_NOT. */
int explain_cover_len(const struct judge *f, const json_t *row);
const json_t *explain_best_path(const json_t *row); /* of a row of the BGP table; or NULL */
const json_t *explain_tunnel_named(const struct judge *f, const char *interface, const char *peer);
/* The session that runs through a tunnel; or NULL. */
const json_t *explain_session_over(const struct judge *f, const json_t *tunnel);
const char *explain_pin_state(const struct judge *f, const struct addr *endpoint);
bool explain_is_endpoint(const struct judge *f); /* the destination is one of a tunnel */
/* Ours, where no tunnel has a route: it refuses packets, so that they do not leave in the clear. */
bool explain_is_kept(const json_t *route);

/* The address in "192.0.2.1:51820", "192.0.2.1/32" or "192.0.2.1"; -EINVAL. */
int explain_addr(const char *text, struct addr *out);

#endif
