/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interfaces: whether each WireGuard interface can be used, and if not why, as wgd's event
 * `interface-state` said last. The status that systemd shows is made from it.
 */
#ifndef WGBGP_INTERFACES_H
#define WGBGP_INTERFACES_H

#include <jansson.h>
#include <stdbool.h>

#include "messages.h"

void interfaces_init(void (*changed)(void));
void interfaces_event(enum daemon_id id, const json_t *event);
void interfaces_daemon_gone(enum daemon_id id); /* its successor says it again */
void interfaces_free(void);

/* wgd has tried each interface of the configuration. */
bool interfaces_settled(const json_t *config);
/* "Running", and which interfaces cannot be used and why; the caller frees it. */
char *interfaces_status(void);

#endif
