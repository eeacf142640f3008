/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen: connections that others make to us.
 *
 * The listening sockets come from the parent. A connection whose source is no neighbour and in no
 * listen range is closed at once, with a reset and without a word: nothing is kept for it, not even
 * a closed socket in the kernel.
 */
#ifndef WGBGP_BGPD_LISTEN_H
#define WGBGP_BGPD_LISTEN_H

#include <jansson.h>

#include "prefix.h"

void listen_add(const struct endpoint *at, int fd); /* takes FD */
/* Closes the sockets that the configuration does not name. */
void listen_apply(const json_t *config);
void listen_stop(void);
uint64_t listen_strangers(void); /* connections refused so far */

#endif
