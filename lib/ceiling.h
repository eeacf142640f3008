/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ceiling: what may be learned at all, whatever a neighbour or a policy says.
 *
 * Made from the tunnels of one configuration, by each daemon for itself, and never changed. It
 * answers for a prefix and the tunnel peer that its packets would be given to, behind all
 * resolution of next hops:
 *
 *   - an address of ours or of a tunnel is nobody's to announce, nor what it is inside of;
 *   - on the peer's interface an AllowedIPs entry that is configured for another peer is not
 *     taken over, nor a part of it. The longest entry counts: inside one of its own a peer takes
 *     nothing away from anybody;
 *   - it has to be inside the peer's `permit` list.
 *
 * Packets that would leave by no tunnel must not be for what some tunnel is for (its `permit` or
 * configured entries), or private traffic would leave in the clear. A default route in a `permit`
 * list is the exception: it says nothing of whose traffic that is.
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
/* Both were made from the same sections: they give the same answers. */
bool ceiling_same(const struct ceiling *a, const struct ceiling *b);

/* NULL: no tunnel peer of the configuration. */
const struct ceiling_peer *ceiling_peer_at(struct ceiling *c, const struct addr *tunnel_address);
const struct ceiling_peer *ceiling_peer_named(const struct ceiling *c, const char *interface,
					      const char *name);
bool ceiling_own_address(const struct ceiling *c, const struct addr *a); /* of our interfaces */

/* NONE: packets for P may be given to TO. P may be in another plane than the peer (leaked): then
 * it is judged in both. TO NULL: to nobody that is known yet; only addresses are judged. */
enum reason ceiling_judge(const struct ceiling *c, const struct prefix *p,
			  const struct ceiling_peer *to);
/* NONE: packets for P may leave by a link that is no tunnel. */
enum reason ceiling_judge_link(const struct ceiling *c, const struct prefix *p);

#endif
