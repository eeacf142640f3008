/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen_keys: the passwords (TCP MD5) that listening sockets ask of neighbours and listen ranges.
 *
 * They are the parent's because the sockets are: a socket has them before it listens, and keeps them
 * while bgpd is away, so nobody comes in without one at any time. What a configuration wants is
 * prepared with its sockets, and put on those that are there when it is in force.
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
/* All sockets have what is prepared: it is in force. Without it listen_keys_change() does nothing. */
void listen_keys_commit(void);
void listen_keys_abort(void); /* forgets what is prepared */
void listen_keys_free(void);

#endif
