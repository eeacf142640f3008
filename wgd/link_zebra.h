/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link_zebra: the channel to zebra-lite: tunnels up, AllowedIPs down, acknowledgements up.
 *
 * A new channel gets every interface and peer, then (once each interface was tried) the end mark.
 * What comes down is the business of batches.h; ALLOWED_SYNC is answered when the sweep is over.
 */
#ifndef WGBGP_LINK_ZEBRA_H
#define WGBGP_LINK_ZEBRA_H

void link_zebra_channel(int fd); /* replaces the one before */
void link_zebra_close(void);

#endif
