/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * links: the channels to bgpd and wgd: messages in, out.h's verbs out.
 *
 * When a channel breaks, what the other side said stays valid until its successor has said
 * everything again. Verdicts of the same kind that follow each other are put into one message.
 * While a channel is full nothing is read from bgpd that would be answered on it, and what can wait
 * (out.bgpd_full) goes on when it has drained.
 */
#ifndef WGBGP_ZEBRA_LINKS_H
#define WGBGP_ZEBRA_LINKS_H

#include "messages.h"

void link_bgpd_open(int fd);
void link_bgpd_close(void);
void link_bgpd_kernel_ready(void); /* redistribution may begin */
void link_bgpd_tunnels_ready(void); /* ... when wgd has told its tunnels once, too */
void link_bgpd_verdict(const struct msg_verdicts *m);
void link_bgpd_nexthop(const struct msg_nexthop *m);
void link_bgpd_redist(const struct msg_redist *m);
/* Prefixes by the same next hops share a message. */
void link_bgpd_kept(const struct route_hops *hops, const struct prefix *p);
void link_bgpd_busy(bool busy);
bool link_bgpd_full(void);

void link_wgd_open(int fd);
void link_wgd_close(void);
void link_wgd_allowed(const struct msg_allowed *m);
void link_wgd_allowed_sync(uint32_t batch);
bool link_wgd_full(void);

#endif
