/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen: the TCP sockets that BGP neighbours connect to. The parent makes them, since port 179
 * needs a privilege, and keeps them: a restarted bgpd gets the same sockets, and connections that
 * come meanwhile wait in the backlog.
 *
 * A configuration's sockets are prepared before it is applied (an address in use refuses it), and
 * committed or dropped. bgpd closes those that its new configuration does not name.
 */
#ifndef WGBGP_LISTEN_H
#define WGBGP_LISTEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ipc.h"

/* Makes what CONFIG (effective) needs and is not there yet; 0, or -errno and a text. After an error
 * a listen_commit() leaves everything as it is. */
int listen_prepare(const json_t *config, char *error, size_t size);
/* For a configuration that ran before: what cannot be had is logged and done without. */
void listen_prepare_anyway(const json_t *config);
/* The prepared set is in force: the rest is closed; new ones go to BGPD (NULL: it is not running).
 */
void listen_commit(struct ipc *bgpd, uint32_t generation);
void listen_abort(void);
/* All sockets in force, to a new bgpd. */
void listen_send_all(struct ipc *bgpd, uint32_t generation);
void listen_free(void);

#endif
