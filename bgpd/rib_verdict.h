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
void rib_verdicts_forget(const struct prefix *p); /* NULL: all */

#endif
