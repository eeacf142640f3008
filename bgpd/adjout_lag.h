/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * adjout_lag: a member that lags: the networks that it still has to be told about, as bits, and the
 * bytes that are encoded from them for it alone (adjout_group.h).
 */
#ifndef WGBGP_BGPD_ADJOUT_LAG_H
#define WGBGP_BGPD_ADJOUT_LAG_H

#include "adjout_group.h"

/* Bytes that were handed out are a prefix of: what is its own, then the log. */
static inline size_t lag_own_left(const struct adjout_member *m)
{
	return m->own.len - m->own_sent;
}
static inline bool lag_has_pending(const struct adjout_member *m)
{
	return m->lagging &&
	       (bits_next(&m->pending[BGP_IPV4], 0) || bits_next(&m->pending[BGP_IPV6], 0));
}
/* From its position in the log to bits: of what it has not read; nothing where it lags already. */
void lag_begin(struct adjout_member *m);
void lag_want_all(struct adjout_member *m, enum bgp_family f); /* sets all bits */
void lag_refresh(struct adjout_member *m, enum bgp_family f);  /* both */
void lag_encode(struct adjout_member *m); /* fills the member's own bytes from its bits */
/* It was told everything: End-of-RIB, a refresh that was asked for, or the log. */
void lag_caught_up(struct adjout_member *m);
void lag_release_nets(struct adjout_member *m); /* networks kept for this member only may go */
/* The network has no paths (any more): frees it unless a member still has to be told. */
void adjout_release_net(struct rib_table *t, uint32_t net);

#endif
