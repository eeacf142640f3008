/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zceiling: what bgpd may ask for, by the configuration (ceiling.h), judged here once more: a bgpd
 * in somebody else's hands moves traffic only within what is permitted.
 *
 * A hop of bgpd's list is judged where the list is looked at (rib_judge_ceiling()), behind the
 * resolution of here: by the tunnel peer that the next hop leads to, `any` interfaces included; or
 * for a link that is no tunnel. By such a link a next hop has to be a neighbour's or go by the
 * subnet of one: others are strangers, for bgpd's lists, not for static routes.
 *
 * Both old and new configuration are in force from APPLY to PRUNE.
 */
#ifndef WGBGP_ZEBRA_ZCEILING_H
#define WGBGP_ZEBRA_ZCEILING_H

#include <jansson.h>

#include "hopset.h"
#include "reason.h"

/* After planes_read(). True: more is permitted than before. */
bool zceiling_apply(const json_t *config, uint32_t generation);
bool zceiling_prune(void); /* true: less is */
void zceiling_reset(void);

/* Why packets for P may not go by NH, as it is resolved now; NONE. */
enum reason zceiling_judge(const struct prefix *p, const struct nexthop *nh);
/* By a link that is no tunnel. */
enum reason zceiling_judge_link(const struct prefix *p);
enum reason zceiling_judge_peer(const struct prefix *p, struct tunnel_peer *peer);
int zceiling_private_len(const struct addr *a); /* ceiling.h */
/* Whoever goes by the configuration of that generation knows what is refused. */
bool zceiling_known(uint32_t generation);
/* No neighbour's way: A, a next hop, by GATEWAY (A itself where it is on the link) and the link. */
bool zceiling_is_stranger(const struct addr *a, const struct addr *gateway, uint32_t oif);

#endif
