/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * needed: hosts that this machine must go on reaching, whatever is kept in: the far ends of the SSH
 * sessions on it (to port 22 or one of sshd_config), since somebody may be working by one, and the
 * name servers that it asks, since endpoints may be names. The kernel says which sessions there are
 * and by which interface it reaches a host now.
 */
#ifndef WGBGP_NEEDED_H
#define WGBGP_NEEDED_H

#include <net/if.h>
#include <stdbool.h>

#include "prefix.h"

#define NEEDED_MAX 64

struct needed {
	struct addr addr;
	char interface[IF_NAMESIZE]; /* that leads there */
	bool resolver;		     /* a name server; else the far end of an SSH session */
};

/* Those to whom something leads by another interface than lo, each once: how many. */
unsigned needed_read(struct needed out[NEEDED_MAX]);

extern const char *needed_tcp[2], *needed_resolv[2], *needed_sshd; /* files; tests have others */

#endif
