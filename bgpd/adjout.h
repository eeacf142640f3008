/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * adjout: what each neighbour is to be sent, as bytes.
 *
 * Neighbours with the same outgoing policy, capabilities and own next hop form an update group: one
 * Adj-RIB-Out, one stream of encoded messages in shared buffers, each member holding only its
 * position. The session pulls: when its socket takes bytes it asks for the next segments and says
 * how many were written.
 */
#ifndef WGBGP_BGPD_ADJOUT_H
#define WGBGP_BGPD_ADJOUT_H

#include <sys/uio.h>

#include "peer.h"
#include "restart.h"
#include "rib_table.h"

/* Fills up to MAX segments with whole messages to send next, in order; returns how many. The bytes
 * stay valid until control returns to the loop. 0: nothing now; session_kick() comes when there is.
 * Where adjout_sent() ended within a message, the rest of that one comes first; what would have
 * followed may have changed. */
int adjout_next(struct peer *p, struct iovec *iov, int max);
/* N bytes of those segments were written. */
void adjout_sent(struct peer *p, size_t n);
void adjout_join(struct peer *p);  /* ESTABLISHED: everything, then End-of-RIB is sent */
void adjout_leave(struct peer *p); /* the session ended, or the neighbour goes */
void adjout_refresh(struct peer *p, enum bgp_family family); /* everything again: ROUTE-REFRESH */
/* The export policy or another setting that decides the group changed while ESTABLISHED: moves the
 * neighbour to its group and sends it the differences. */
void adjout_regroup(struct peer *p);
uint32_t adjout_prefixes(const struct peer *p, enum bgp_family family); /* announced to it */
/* Networks that are not announced to it, by reason: those that are in no configuration. */
#define ADJOUT_WITHHELD 4
extern const enum reason adjout_withheld[ADJOUT_WITHHELD];
uint32_t adjout_not_sent(const struct peer *p, enum bgp_family family, unsigned which);
uint32_t adjout_group_id(const struct peer *p);				/* 0: in none */

/* Bytes of a group's log: a member further behind is detached; the queue waits where all members
 * are half as far behind and reading. */
extern uint64_t adjout_lag_max;

/* From the tables. */
/* The best path of a network changed, or its attributes did; PATH 0: none is left. */
void adjout_net(struct rib_table *t, uint32_t net, uint32_t path);
/* The best path is the same, its next hop's state or cost is not: for those whom we tell of it. */
void adjout_renew(struct rib_table *t, uint32_t net, uint32_t path, bool state, bool cost);
/* The end of a quantum (sessions are kicked), and of the queue (open messages are closed). */
void adjout_kick(void);
void adjout_flush(void);
/* Too much is waiting for members that are reading: the queue should wait. rib_work() comes. */
bool adjout_full(void);
void adjout_free_all(void);
/* Everything known was decided for the first time: from now on members are sent something. */
void adjout_open(void);
/* To whom End-of-RIB may go by now, behind what was announced. */
void adjout_end_of_rib(enum restart_over over);
/* What P is sent for this network now: a reference, or NULL. */
struct attr *adjout_exported(const struct peer *p, const struct rib_table *t, uint32_t net);

#endif
