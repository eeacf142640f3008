/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rib_verdict: refusals of zebra-lite and wgd, by prefix and next hop.
 */
#ifndef WGBGP_BGPD_RIB_VERDICT_H
#define WGBGP_BGPD_RIB_VERDICT_H

#include "messages.h"
#include "rib_table.h"

void rib_verdicts_heard(const struct msg_verdicts *m);
enum reason rib_verdict(const struct rib_table *t, const struct net *n, const struct addr *nexthop);
void rib_verdicts_forget(const struct prefix *p); /* it is nobody's any more */
/* A new channel: refusals of the one before hold no more. Networks that had any are decided again
 * by rib_verdicts_forget_some(), N at most; true: there are more. */
void rib_verdicts_restart(void);
bool rib_verdicts_forget_some(unsigned n);
bool rib_verdicts_are_old(void); /* some are left of a channel before */
void rib_verdicts_free(void);

#endif
