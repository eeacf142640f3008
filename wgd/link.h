/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link: network interfaces and their addresses, by rtnetlink (libnl-route-3).
 *
 * Calls are synchronous and short. Errors are negative errno values.
 */
#ifndef WGBGP_LINK_H
#define WGBGP_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "messages.h"

struct link_info {
	int ifindex;
	char kind[16]; /* "wireguard", "tun", "" */
	char alias[32];
	bool admin_up, running; /* IFF_UP; IFF_LOWER_UP or operational state unknown */
	uint32_t mtu;
	uint64_t frame_errors; /* received with a source that is not the sending peer's */
};

#define LINK_ALIAS "wgbgp" /* ifalias of interfaces that are ours */

void link_open(void); /* fatal on failure */
void link_close(void);

int link_get(const char *ifname, struct link_info *out); /* -ENODEV: none */
/* Calls FN for each interface that carries our alias. */
int link_each_ours(void (*fn)(void *arg, const char *ifname, int ifindex), void *arg);
int link_create(const char *ifname); /* of kind wireguard */
int link_delete(int ifindex);
int link_set_alias(int ifindex, const char *alias);
int link_set_mtu(int ifindex, uint32_t mtu);
int link_set_up(int ifindex, bool up);

/* The addresses of an interface, link-local IPv6 ones left out; the caller frees *OUT. */
int link_addrs(int ifindex, struct tunnel_addr **out, size_t *n);
int link_add_addr(int ifindex, const struct tunnel_addr *a);
int link_delete_addr(int ifindex, const struct tunnel_addr *a);

/* Calls FN at each change of a link or of its addresses; IFNAME is NULL where only the index is
 * known; index 0: anything may have changed. DELETED: the link was, or went to another namespace;
 * it may be back already, with the same index. */
typedef void (*link_event_fn)(void *arg, const char *ifname, int ifindex, bool deleted);
void link_watch(link_event_fn fn, void *arg); /* fatal on failure */

#endif
