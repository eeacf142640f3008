/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zebra_news: what zebra-lite says goes to those who keep it: states of next hops, verdicts and the
 * routes of others.
 */
#ifndef WGBGP_BGPD_ZEBRA_NEWS_H
#define WGBGP_BGPD_ZEBRA_NEWS_H

void zebra_channel(int fd); /* takes FD: a new channel to zebra-lite, on which all is said again */

#endif
