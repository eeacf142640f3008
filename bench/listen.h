/* SPDX-License-Identifier: BSD-2-Clause */
/* listen: connections that come in, given to whoever waits for one from that address. One listening
 * socket per local address and port, made when the first session wants it. */
#ifndef WGBGP_BENCH_LISTEN_H
#define WGBGP_BENCH_LISTEN_H

#include "prefix.h"

/* FD is the receiver's, non-blocking. */
typedef void (*listen_fn)(int fd, void *arg);
void listen_add(const struct addr *local, uint16_t port, const struct addr *remote, listen_fn fn,
		void *arg);
void listen_remove(void *arg);

#endif
