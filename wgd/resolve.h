/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolve: endpoints given by name, looked up without blocking the daemon (libevent's evdns).
 *
 * /etc/hosts comes first, then the name servers of /etc/resolv.conf, both addresses' kinds at once.
 * Both files are read again for each burst of lookups, and the sockets to the name servers are made
 * anew: a laptop's or a DHCP client's change with the network they are in.
 */
#ifndef WGBGP_RESOLVE_H
#define WGBGP_RESOLVE_H

#include <stdint.h>

#include "prefix.h"

#define RESOLVE_ADDRS_MAX 8

struct resolved {
	struct addr addr[RESOLVE_ADDRS_MAX]; /* IPv6 first */
	unsigned n;
	uint32_t ttl;	   /* seconds, the shortest; of /etc/hosts 0 */
	const char *error; /* NULL: there are addresses */
};

/* Called once for each lookup, never from within resolve_start(). */
typedef void (*resolve_fn)(uint32_t id, unsigned slot, const char *host, const struct resolved *r);

void resolve_open(resolve_fn fn);
void resolve_close(void);
/* Looks up HOST for SLOT of ID, the caller's numbers. */
void resolve_start(uint32_t id, unsigned slot, const char *host);
void resolve_cancel(uint32_t id); /* of all its slots */

/* For tests: where the files are. */
extern const char *resolve_hosts_file, *resolve_conf_file;

#endif
