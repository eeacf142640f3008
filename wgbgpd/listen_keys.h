/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen_keys: the passwords (TCP MD5) that listening sockets ask of neighbours and listen ranges.
 *
 * The parent sets them, since it makes the sockets: a socket has its passwords before it listens
 * and keeps them while bgpd is away, so at no time is a connection accepted without one. The
 * passwords of a new configuration are prepared together with its sockets. Sockets that exist
 * already get them when the configuration is in force.
 */
#ifndef WGBGP_LISTEN_KEYS_H
#define WGBGP_LISTEN_KEYS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Reads what CONFIG (effective) wants, and tries whether the kernel takes it; 0, or -errno and a
 * text. */
int listen_keys_prepare(const json_t *config, char *error, size_t size);
/* What is prepared, on a new socket of FAMILY. 0 or -errno. */
int listen_keys_put(int fd, uint8_t family);
/* The same on one that has what was in force before. */
void listen_keys_change(int fd, uint8_t family);
/* The prepared passwords are on all sockets and in force now. If nothing is prepared,
 * listen_keys_change() does nothing. */
void listen_keys_commit(void);
void listen_keys_abort(void); /* forgets what is prepared */
void listen_keys_free(void);

#endif
