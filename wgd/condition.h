/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * condition: whether an interface can be used, and if not why: for `show`, the monitor and the
 * parent, who tells systemd.
 *
 * Each change goes up as the event `interface-state`: `interface`, `state` (condition_name(), or
 * "removed") and `error` (a sentence, null where there is none). An interface that is READY may
 * have one, too: what is asked of it is refused then.
 */
#ifndef WGBGP_CONDITION_H
#define WGBGP_CONDITION_H

#include "roster.h"

const char *condition_name(enum device_state state);
/* ERROR NULL: there is none. Says it where anything is new. */
void condition_set(struct device *dev, enum device_state state, const char *error);
void condition_removed(const struct device *dev);
/* The peers of an interface that was lost, or that cannot be used: down for REASON. */
void condition_peers_down(struct device *dev, enum reason reason);

#endif
