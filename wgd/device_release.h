/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * device_release: peers that leave.
 */
#ifndef WGBGP_DEVICE_RELEASE_H
#define WGBGP_DEVICE_RELEASE_H

struct peer;

void peer_free(struct peer *p); /* and everybody forgets it */

#endif
