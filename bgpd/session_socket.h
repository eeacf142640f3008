/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_socket: what a BGP connection needs of its TCP socket.
 */
#ifndef WGBGP_BGPD_SESSION_SOCKET_H
#define WGBGP_BGPD_SESSION_SOCKET_H

#include "peer.h"

/* A non-blocking socket on which connect() to the neighbour has begun; or -errno. */
int session_socket_connect(const struct peer *p);
/* What a listening socket of FAMILY answers a SYN with: our DSCP, and a TTL that everybody takes
 * (RFC 5082). Connections that are accepted begin with it. */
void session_socket_listening(int fd, uint8_t family);
/* TTL and the like on a socket that was accepted. 0, or -errno: what must hold does not. */
int session_socket_prepare(const struct peer *p, int fd);
/* Why the configuration allows no connection with P now, or NULL. */
const char *session_socket_obstacle(const struct peer *p);

#endif
