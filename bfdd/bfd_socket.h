/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bfd_socket: UDP for BFD over one interface (RFC 5881).
 *
 * Both kinds of socket are bound to the interface. Packets leave with TTL 255 from a source port of
 * the session's own (section 4), and are taken only with TTL 255 (section 5): nobody behind another
 * router can speak. No privilege is needed from Linux 5.7 on.
 */
#ifndef WGBGP_BFD_SOCKET_H
#define WGBGP_BFD_SOCKET_H

#include "prefix.h"

#define BFD_TTL 255

/* The socket that hears all sessions of a family on an interface; -errno. */
int bfd_socket_listen(uint8_t family, const char *ifname);
/* The one that a session speaks from; -errno. */
int bfd_socket_speak(const struct addr *local, const char *ifname, uint32_t ifindex);
/* 0 or -errno; never blocks. */
int bfd_socket_send(int fd, const struct addr *remote, uint32_t ifindex, const void *data,
		    size_t len);
/* Length of the next packet, cut to SIZE; -EAGAIN: none waits; else -errno. TTL: -1 not known. */
int bfd_socket_receive(int fd, struct addr *from, int *ttl, void *data, size_t size);

#endif
