/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_socket: what a BGP connection needs of its TCP socket.
 */
#ifndef WGBGP_BGPD_SESSION_SOCKET_H
#define WGBGP_BGPD_SESSION_SOCKET_H

#include "peer.h"

/* A non-blocking socket on which connect() to the neighbour has begun; or -errno. */
int session_socket_connect(const struct peer *p);
/* The DSCP of all that BGP sends on FD, a socket of FAMILY; a listening one hands it down. */
void session_socket_mark(int fd, uint8_t family);
/* TTL and the like on a socket that was accepted. */
void session_socket_prepare(const struct peer *p, int fd);
/* Our addresses at this end of the connection: p->local, and p->local4 and p->local6 of the
 * interface that has it. */
void session_socket_locals(struct peer *p, int fd);

#endif
