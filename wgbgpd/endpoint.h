/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * endpoint: requests of clients. A client of RUNDIR/cli.sock may ask everything, a client of
 * RUNDIR/cli-read.sock only what changes nothing (cli_sockets.h).
 *
 * A client sends REQUEST and gets REPLY_HEAD, REPLY_ROW.., REPLY_END. What a daemon knows is asked
 * there, over a channel that belongs to this client and this daemon alone: while the client does
 * not read, that channel is not read either, its daemon stops producing, and nobody else notices.
 * The rest is answered here (endpoint_own.c). While a client does not read its answers, what it
 * asks waits on its own side: answers that are not taken have a bound here.
 */
#ifndef WGBGP_ENDPOINT_H
#define WGBGP_ENDPOINT_H

#include <jansson.h>
#include <stdint.h>

#include "messages.h"

#define ENDPOINT_CLIENTS_MAX 64
#define ENDPOINT_READERS_MAX 32	 /* they are kept apart: they keep nobody out */
#define ENDPOINT_REQUESTS_MAX 32 /* of one client at a time */

/* 0 or -errno. */
int endpoint_start(const char *rundir);
/* Another configuration runs: its groups may use the sockets. Clients of a group that may no longer
 * use its socket get no more answers. */
void endpoint_groups(const json_t *config);
void endpoint_free(void);

/* A daemon is gone: what was asked there ends with an error. */
void endpoint_daemon_gone(enum daemon_id id);
/* It does not answer: what was asked there ends with a sentence; so does what waits for it. */
void endpoint_daemon_silent(enum daemon_id id);
/* A daemon's EVENT, for those who monitor. */
void endpoint_event(enum daemon_id id, const uint8_t *json, size_t len);

#endif
