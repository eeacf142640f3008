/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watcher: reads the tunnels at each interval of `system unusual`, and tells the hooks what is
 * unusual for one (habit.h). While there is no hook nothing is asked.
 */
#ifndef WGBGP_EVENTS_WATCHER_H
#define WGBGP_EVENTS_WATCHER_H

#include <jansson.h>

/* CONFIG is the whole tree; borrowed. hooks_set() came first. */
void watcher_set(const json_t *config);
void watcher_free(void);

#endif
