/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keep_in: remembers what zebra-lite keeps in (I10), for the next boot (kept_file.h) and for the
 * next zebra-lite. zebra-lite opens no file, so it is asked whether something changed, as soon as
 * it says so and every few seconds, and for all of it then. A new one is told of all that the one
 * before it kept in: of what was left out of the kernel, because a shorter route carries, it would
 * find nothing there. A file that cannot be read or written is said once; nothing else depends on
 * it.
 */
#ifndef WGBGP_KEEP_IN_H
#define WGBGP_KEEP_IN_H

#include <jansson.h>

#include "messages.h"

void keep_in_open(void);
void keep_in_daemon_configured(enum daemon_id id); /* it has the running configuration */
void keep_in_event(enum daemon_id id, const json_t *event);
void keep_in_daemon_gone(enum daemon_id id); /* its successor knows nothing */
void keep_in_forget(void);		     /* all that is installed was removed: so is the file */
void keep_in_close(void);

#endif
