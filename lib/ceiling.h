/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ceiling: which prefixes may be learned at all, whatever a neighbour or a policy says.
 *
 * Each daemon makes the ceiling from the tunnels of a configuration; it does not change afterwards.
 * The question is whether packets for a prefix may be given to a tunnel peer. It is asked when the
 * next hop is resolved, of the peer that really gets the packets:
 *
 *   - the prefix must not be an address of ours or of a tunnel, nor the subnet of an interface;
 *   - it must not be, or lie inside, an AllowedIPs entry that is configured for another peer of the
 *     same interface. The longest configured entry counts: inside its own longer entry a peer takes
 *     nothing away from another one;
 *   - it has to be inside the peer's `permit` list.
 *
 * The other question is whether packets for a prefix may leave by a link that is no tunnel. They
 * must not when the prefix is inside the `permit` list or a configured entry of some tunnel, since
 * private traffic would leave unencrypted. A default route in a `permit` list is the exception: it
 * does not say whose traffic that is.
 *
 * Prefixes of permit and entries are in the plane of their interface. planes_read() comes first.
 */
#ifndef WGBGP_CEILING_H
#define WGBGP_CEILING_H

#include <jansson.h>

#include "prefix.h"
#include "reason.h"

struct ceiling;	     /* of one configuration */
struct ceiling_peer; /* of one tunnel peer in it */

/* CONFIG: the whole, effective configuration. Never NULL; owned by the caller. */
struct ceiling *ceiling_new(const json_t *config);
void ceiling_free(struct ceiling *c); /* NULL is fine */
/* Both were made from the same tunnels and planes: they judge alike, static routes aside. */
bool ceiling_same(const struct ceiling *a, const struct ceiling *b);

/* NULL: no tunnel peer of the configuration. */
const struct ceiling_peer *ceiling_peer_at(struct ceiling *c, const struct addr *tunnel_address);
const struct ceiling_peer *ceiling_peer_named(const struct ceiling *c, const char *interface,
					      const char *name);
const char *ceiling_peer_name(const struct ceiling_peer *p);
const char *ceiling_peer_interface(const struct ceiling_peer *p);
/* HOP, as a neighbour on the link of the interface LINK says it. Where peers of several interfaces
 * have that IPv4 address (two tunnels to one router) it is the one on LINK that is meant. */
struct addr ceiling_hop_by(const struct ceiling *c, const struct addr *hop, const char *link);
bool ceiling_own_address(const struct ceiling *c, const struct addr *a); /* of our interfaces */

/* NONE: packets for P may be given to TO. P may be in another plane than the peer (leaked): then
 * it is judged in both. TO NULL: the peer is not known yet; only addresses are judged. */
enum reason ceiling_judge(const struct ceiling *c, const struct prefix *p,
			  const struct ceiling_peer *to);
/* There is something that ceiling_judge_link() may refuse. */
bool ceiling_judges_links(const struct ceiling *c);
/* NONE: packets for P may leave by a link that is no tunnel. */
enum reason ceiling_judge_link(const struct ceiling *c, const struct prefix *p);

/* --- what is in force while configurations change ---
 *
 * From CONFIG_APPLY to CONFIG_PRUNE the others go by the old configuration or by the new one: what
 * either lets through is fine. Behind it only the new one counts. */
struct ceilings {
	struct ceiling *now, *before; /* NULL: none */
	uint32_t generation;	      /* of NOW's configuration */
	uint32_t epoch;		      /* another one with each change of these */
	uint64_t changed_ms;	      /* monotonic: BEFORE went; 0: never */
};

/* The tunnel peer that a question is about: interface and name. A peer whose name is not known
 * here, because its configuration has not arrived yet, is found by its tunnel addresses (in the
 * plane of the interface). */
struct ceiling_who {
	const char *interface, *name;
	const struct addr *addrs;
	size_t n_addrs;
};

/* Kept by the asker for each of these and zero at first: what was found in the present epoch. */
struct ceiling_ref {
	const struct ceiling_peer *now, *before;
	uint32_t epoch;
};

/* True: the answers may be others, but nothing that was NONE is a refusal now. planes_read() comes
 * first. */
bool ceilings_apply(struct ceilings *c, const json_t *config, uint32_t generation);
/* True: what was NONE may be a refusal now. */
bool ceilings_prune(struct ceilings *c);
void ceilings_free(struct ceilings *c);
/* As ceiling_judge() for that peer, and NO_PERMIT for one that is not configured. NONE before the
 * first configuration. */
enum reason ceilings_judge(const struct ceilings *c, struct ceiling_ref *ref,
			   const struct ceiling_who *who, const struct prefix *p);
enum reason ceilings_judge_link(const struct ceilings *c, const struct prefix *p);
/* The same for an AllowedIPs entry of the peer, which may also be for a static route of the
 * configuration, or a part of an entry that is configured for the peer. P's plane is that of the
 * interface, whatever it says. */
enum reason ceilings_judge_entry(const struct ceilings *c, struct ceiling_ref *ref,
				 const struct ceiling_who *who, const struct prefix *p);
/* The length of the longest prefix around A that is private by the newest configuration: of a
 * `permit` list or a configured entry, a default route and its halves aside; a subnet or address of
 * ours, a tunnel address. -1: none. */
int ceilings_private_len(const struct ceilings *c, const struct addr *a);
/* An endpoint inside what is private, of that length, that no number in the configuration and no
 * `endpoint-inside-permit` vouches for. WAY: the length of the underlay's route there, -1 or 0:
 * none but a default one. zebra-lite gives it no host route, wgd does not give it to WireGuard: the
 * one rule of both. */
static inline bool ceiling_doubts_endpoint(int private_len, int way)
{
	return private_len >= 0 && private_len >= way;
}
/* A daemon that sends with this generation of the configuration has the ceilings that are in force
 * here, and has had the time to apply them: if it asks for more, that is an attack or a bug. */
bool ceilings_known(const struct ceilings *c, uint32_t generation);

#endif
