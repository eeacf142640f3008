/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * adjout_internal: what the tables tell the Adj-RIB-Outs, and their files each other.
 */
#ifndef WGBGP_BGPD_ADJOUT_INTERNAL_H
#define WGBGP_BGPD_ADJOUT_INTERNAL_H

#include "adjout.h"
#include "rib_table.h"

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
/* A member still has to be told about this network, which has no paths: it must not go. */
bool adjout_needs_net(const struct rib_table *t, uint32_t net);
void adjout_free_all(void);
/* Everything known was decided for the first time: from now on members are sent something. */
void adjout_open(void);
/* What P is sent for this network now: a reference, or NULL. */
struct attr *adjout_exported(const struct peer *p, const struct rib_table *t, uint32_t net);

#endif
