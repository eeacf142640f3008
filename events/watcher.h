/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watcher: reads the tunnels at each interval of `system unusual`, and tells the hooks what is
 * unusual for one (habit.h). While there is no hook nothing is asked. What was learned of tunnels
 * is kept over a restart (habit_file.h): each ten minutes, and at the end.
 */
#ifndef WGBGP_EVENTS_WATCHER_H
#define WGBGP_EVENTS_WATCHER_H

#include <jansson.h>

/* DIR/habits keeps them; NULL: they are forgotten with this process. */
void watcher_open(const char *dir);
/* CONFIG is the whole tree; borrowed. hooks_set() came first. */
void watcher_set(const json_t *config);
void watcher_free(void);

#endif
