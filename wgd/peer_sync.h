/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer_sync: what a peer should be: its configuration, what the device is given of it, and its
 * configured entries.
 */
#ifndef WGBGP_PEER_SYNC_H
#define WGBGP_PEER_SYNC_H

#include <stdbool.h>
#include <stdint.h>

struct peer;
struct peer_conf;
struct wg_peer;

void peer_configure(struct peer *p, const struct peer_conf *conf);
/* To be removed when it is free of learned entries, at the latest at AT, ms; 0: not. */
void peer_leave_at(struct peer *p, uint64_t at);
/* Gives the device what it lacks or has otherwise. CREATE: it is not there. 0 or -errno. */
int peer_install(struct peer *p, bool create, const struct wg_peer *found);
/* OLD: its configuration before, NULL where all of it is given anew. */
void peer_fix_entries(struct peer *p, const struct peer_conf *old);
/* Those of the configuration before, OLD, that it has no more; NULL: none. */
void peer_unfix_entries(struct peer *p, const struct peer_conf *old);

#endif
