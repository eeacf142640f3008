/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privs: user, capabilities and scheduling of each process.
 *
 *   wgbgpd       the capabilities that it or a daemon needs; drops the others at its start
 *   bgpd, bfdd   an unprivileged user, no capabilities; bfdd has a real-time policy, set before
 *   zebra-lite   the parent's user, CAP_NET_ADMIN; a lower nice value, which only the thread that
 *                writes routes keeps
 *   wgd          the parent's user, CAP_NET_ADMIN, CAP_NET_RAW for its probes, CAP_SYS_NICE for a
 *                userspace WireGuard
 *
 * The bounding set is reduced as well, so that a program which a daemon starts gets no more. All
 * have no_new_privs.
 *
 * In a container some capabilities are missing. Then a function is missing, and one line of the log
 * says which. Where the user cannot be changed, bgpd and bfdd run as a user who may read the key
 * files; they then do not start without a sandbox (lib/sandbox.h).
 */
#ifndef WGBGP_PRIVS_H
#define WGBGP_PRIVS_H

#include <jansson.h>

#include "messages.h"

/*
 * Call it before there is a descriptor, a thread or a child. Looks up the unprivileged user, logs
 * which capabilities are missing, and drops those that are not needed. -EPERM, with a line on
 * standard error, when bgpd and bfdd could neither change their user nor enter a sandbox.
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
