/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel_route: which way the kernel itself would send a packet; needs no privilege. */
#ifndef WGBGP_VIEW_KERNEL_ROUTE_H
#define WGBGP_VIEW_KERNEL_ROUTE_H

#include <net/if.h>

#include "prefix.h"

struct kernel_route {
	char interface[IF_NAMESIZE]; /* "" when there is none */
	struct addr gateway;	     /* family 0: directly on the interface */
	bool local;		     /* the address is this machine's */
	uint32_t mtu; /* what the kernel learned of the way, else the interface's; 0: not known */
};

/* 0, or -errno: -ENETUNREACH and the like where the kernel has no way. */
int kernel_route_get(const struct addr *to, struct kernel_route *out);
/* The same for packets with MARK (0: none), such as those of a tunnel with a firewall mark. */
int kernel_route_get_marked(const struct addr *to, uint32_t mark, struct kernel_route *out);
/* The same for a socket that is bound to the interface FROM: by the rules of its plane. */
int kernel_route_get_bound(const struct addr *to, const char *from, struct kernel_route *out);

/* The same for a packet with the source SRC, an address of this machine; of a socket that is bound
 * to the interface FROM, unless that is "". */
int kernel_route_get_from(const struct addr *to, const char *from, const struct addr *src,
			  struct kernel_route *out);

/* The same for a packet that came in by the interface FROM with the source SRC; -EHOSTUNREACH where
 * this machine does not forward, -EXDEV or (Linux 6.13) -EINVAL where its rp_filter drops it. */
int kernel_route_get_forwarded(const struct addr *to, const char *from, const struct addr *src,
			       struct kernel_route *out);

/* The same for an ICMP error that this machine sends from its own address SRC. */
int kernel_route_get_error(const struct addr *to, const struct addr *src, struct kernel_route *out);

#endif
