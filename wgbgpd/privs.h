/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privs: what each process may do. The parent keeps what it or a child needs and gives the rest up
 * at its start. bgpd and bfdd become an unprivileged user; bfdd is given a real-time policy first,
 * where this may be done, for which it needs no right later, and zebra-lite a lower nice value,
 * which only its thread that writes routes keeps. zebra-lite and wgd stay the parent's user, so that
 * its files are theirs, with all capabilities gone but CAP_NET_ADMIN (for wgd also CAP_NET_RAW, for
 * its probes, and CAP_SYS_NICE, for a userspace WireGuard), also from the bounding set: nothing that
 * they start gets more. All are under no_new_privs.
 *
 * In a container some of that is missing. What can be done without is done without, and each lack is
 * said once with what it costs. Where the user cannot be changed, bgpd and bfdd run as a user who
 * may read the key files: there they do not start without a sandbox (lib/sandbox.h).
 */
#ifndef WGBGP_PRIVS_H
#define WGBGP_PRIVS_H

#include <jansson.h>

#include "messages.h"

/*
 * Before any other descriptor, thread or fork. Looks the unprivileged user up, says what is missing,
 * gives up what is not needed. -EPERM with a line on standard error: bgpd and bfdd would neither
 * change their user nor be in a sandbox.
 */
int privs_init(void);
/* bgpd and bfdd keep the parent's user. */
bool privs_keep_user(void);
/* What is missing: [{"capability", "lost"}]; the caller's. */
json_t *privs_missing(void);
/* Looks into /proc with the eyes of that user, or with our own again. */
void privs_look_as_user(bool on);
/* In the child, before exec. Ends the child when it cannot be done. */
void privs_drop(enum daemon_id id);

#endif
