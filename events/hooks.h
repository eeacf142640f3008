/* SPDX-License-Identifier: BSD-2-Clause */
/* hooks: all that `system on-event` of the running configuration asks for. */
#ifndef WGBGP_EVENTS_HOOKS_H
#define WGBGP_EVENTS_HOOKS_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

/* CONFIG is the whole tree; borrowed. Hooks that did not change keep what they are busy with; a
 * program of one that did has its time. */
void hooks_set(const json_t *config);
void hooks_tell(const json_t *event); /* borrowed */
/* What happened now, of which nobody else has said when; takes over the reference. */
void hooks_tell_now(json_t *event);
void hooks_ended(pid_t pid, int status);
size_t hooks_count(void);
void hooks_free(void);

#endif
