/* SPDX-License-Identifier: BSD-2-Clause */
/* become: root becomes the user that a program needs, who may ask wgbgpd and owns nothing. */
#ifndef WGBGP_WEB_BECOME_H
#define WGBGP_WEB_BECOME_H

/* Nothing for whoever is not root. The user is a member of the group that may read RUNDIR's
 * cli-read.sock, too, and gets no new rights by programs that it runs. 0, or -1 with what is wrong
 * on standard error, after PROGRAM. */
int become_user(const char *program, const char *user, const char *rundir);

#endif
