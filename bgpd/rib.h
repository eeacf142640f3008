/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib: Adj-RIB-In and Loc-RIB in one table: per prefix the paths of all neighbours and the best of
 * them.
 */
#ifndef WGBGP_BGPD_RIB_H
#define WGBGP_BGPD_RIB_H

#include "messages.h"
#include "peer.h"
#include "show.h"

/* Called by main. The rest of the configuration (policies, network, redistribute, permit) is the
 * tables' own: apply() comes after `bgp` and the list of neighbours are up to date. */
void rib_start(void);
void rib_stop(void);					       /* frees everything; sends nothing */
int rib_check(const json_t *config, char *error, size_t size); /* 0 or -EINVAL; changes nothing */
void rib_apply(const json_t *config);
void rib_channel(int fd); /* a new channel to zebra-lite */
/* Everything that is known was decided and handed on. */
bool rib_settled(void);
extern const struct show_command rib_commands[]; /* bgp-routes ...; ends with a nameless row */

/* Called by peer.c for each neighbour: it exists now (watch its address). */
void rib_peer_new(struct peer *p);
/* What `show` says of a neighbour. */
struct rib_peer_counts {
	uint32_t received[BGP_FAMILIES], accepted[BGP_FAMILIES];
};
struct rib_peer_counts rib_peer_counts(const struct peer *p);
/* Paths of an earlier session are kept until it has announced them again. */
bool rib_peer_keeps_stale(const struct peer *p);

/* Called by the session. */
void rib_peer_up(struct peer *p); /* ESTABLISHED: start sending everything, then End-of-RIB */
/* RETAIN: keep its paths as stale for the neighbour's restart time (RFC 4724). */
void rib_peer_down(struct peer *p, bool retain, enum reason why);
void rib_update(struct peer *p, const struct update *u);
void rib_end_of_rib(struct peer *p, enum bgp_family family);
void rib_send_again(struct peer *p, enum bgp_family family); /* it asked by ROUTE-REFRESH */
void rib_peer_free(struct peer *p); /* the neighbour is deleted: everything of it goes */
/* Import policy or anything else that judges this neighbour's paths changed: judge them again (the
 * rib keeps what was received before policy), without a refresh. */
void rib_rejudge(struct peer *p);
void rib_rejudge_all(void); /* of all neighbours */
/* A path of ours: ATTR's reference is taken over, NULL removes it. */
void rib_set_local(const struct prefix *p, struct attr *attr, enum reason refused);

#endif
