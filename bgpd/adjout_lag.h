/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * adjout_lag: a member that lags: the networks that it still has to be told about, and the bytes
 * that are encoded from them for it alone (adjout_group.h).
 */
#ifndef WGBGP_BGPD_ADJOUT_LAG_H
#define WGBGP_BGPD_ADJOUT_LAG_H

#include "adjout_group.h"
#include "restart.h"

extern unsigned lag_quantum; /* networks looked at for a member at a time */

/* Bytes that were handed out are a prefix of: what is its own, then the log. */
static inline size_t lag_own_left(const struct adjout_member *m)
{
	return m->own.len - m->own_sent;
}
static inline bool lag_has_pending(const struct adjout_member *m)
{
	for (int f = 0; m->lagging && f < BGP_FAMILIES; f++)
		if (m->ahead[f].from < m->ahead[f].end || bits_next(&m->pending[f], 0))
			return true;
	return false;
}
/* It leaves the log: what it has not read of it is pending. Nothing where it lags already. */
void lag_begin(struct adjout_member *m);
/* To be told about one network, before that gets another path; about all that there are: in no
 * time, they are looked at as it comes to them. */
void lag_want(struct adjout_member *m, const struct rib_table *t, uint32_t net);
void lag_want_all(struct adjout_member *m, enum bgp_family f);
void lag_count_anew(struct adjout_member *m); /* it entered another group; lag_want_all() follows */
void lag_refresh(struct adjout_member *m,
		 enum bgp_family f);	  /* leaves the log, to be told of all */
void lag_encode(struct adjout_member *m); /* fills its own bytes from what is pending */
/* It was told everything: End-of-RIB, a refresh that was asked for, or the log. */
void lag_caught_up(struct adjout_member *m);
extern enum restart_over lag_over; /* who may have End-of-RIB */
void lag_end_of_rib(struct adjout_member *m); /* that changed */
void lag_release_nets(struct adjout_member *m); /* networks kept for this member only may go */
/* The network has no paths (any more): frees it unless a member still has to be told. */
void adjout_release_net(struct rib_table *t, uint32_t net);

#endif
