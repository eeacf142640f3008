/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privs: what each daemon may do. bgpd and bfdd become an unprivileged user; bfdd is given a
 * real-time policy first, where this may be done, for which it needs no right later, and zebra-lite
 * a lower nice value, which only its thread that writes routes keeps. zebra-lite and wgd stay user
 * 0, so that files of root are theirs, with all capabilities gone but CAP_NET_ADMIN (for wgd also
 * CAP_NET_RAW, for its probes, and CAP_SYS_NICE, for a userspace WireGuard), also from the bounding
 * set: nothing that they start gets more.
 */
#ifndef WGBGP_PRIVS_H
#define WGBGP_PRIVS_H

#include "messages.h"

/* Looks the unprivileged user up, before any fork. Says so when there is none and nobody serves. */
void privs_init(void);
/* Looks into /proc with the eyes of that user, or with our own again. */
void privs_look_as_user(bool on);
/* In the child, before exec. Ends the child when it cannot be done. */
void privs_drop(enum daemon_id id);

#endif
