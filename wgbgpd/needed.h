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

#define NEEDED_MAX 256 /* sshd lets 100 strangers begin at once, behind a backlog of 128 */

struct needed {
	struct addr addr;
	char interface[IF_NAMESIZE]; /* that leads there; "": none, to a name server */
	char local[IF_NAMESIZE];     /* that has the session's address on this machine, or "" */
	bool resolver;		     /* a name server; else the far end of an SSH session */
};

/* Is it one that the caller asks for? */
typedef bool (*needed_fn)(void *arg, const struct needed *needed);

/* Those to whom something leads by another interface than lo, and name servers to whom nothing
 * leads, of whom IS_WANTED says so, each once: how many; none where the kernel cannot be asked. A
 * session of an address that this machine has no more is none. */
unsigned needed_read(struct needed out[NEEDED_MAX], needed_fn is_wanted, void *arg);

extern const char *needed_tcp[2], *needed_resolv[2], *needed_sshd; /* files; tests have others */

#endif
