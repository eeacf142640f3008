/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * originate: the paths of our own: `network` where a route of ours stands for it, and what
 * `redistribute` takes from zebra-lite's other routes. That may be a whole table: what concerns all
 * of them is done by a walk, some at a time.
 */
#ifndef WGBGP_BGPD_ORIGINATE_H
#define WGBGP_BGPD_ORIGINATE_H

#include <jansson.h>

#include "messages.h"

void originate_apply(const json_t *config);
bool originate_some(unsigned n); /* N steps of the walk; true: there are more */
bool originate_is_walking(void);
void originate_free(void);

/* From zebra-lite. A new channel replays: restart, then heard for each, then synced. */
void originate_restart(void);
void originate_heard(const struct msg_redist *m);
void originate_synced(void);

/* What a path of ours is, for show: "network", "connected", "static", "kernel". */
const char *originate_source(const struct prefix *p);

#endif
