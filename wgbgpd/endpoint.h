/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * endpoint: what clients ask. Who came in by RUNDIR/cli.sock may ask everything, who came in by
 * RUNDIR/cli-read.sock only what changes nothing (cli_sockets.h).
 *
 * A client sends REQUEST and gets REPLY_HEAD, REPLY_ROW.., REPLY_END. What a daemon knows is asked
 * there, over a channel that belongs to this client and this daemon alone: while the client does
 * not read, that channel is not read either, its daemon stops producing, and nobody else notices.
 * The rest is answered here (endpoint_own.c).
 */
#ifndef WGBGP_ENDPOINT_H
#define WGBGP_ENDPOINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ipc.h"
#include "messages.h"

#define ENDPOINT_CLIENTS_MAX 64
#define ENDPOINT_READERS_MAX 32 /* they are kept apart: they keep nobody out */
#define ENDPOINT_REQUESTS_MAX 32 /* of one client at a time */

/* Something asked and not yet answered to the end. */
struct request {
	LIST_ENTRY(request) link;
	struct client *client;
	uint32_t id; /* the client's */
	int daemon;  /* enum daemon_id; -1: answered here */
	bool events; /* gets what the daemons report, until it is cancelled */
};

/* 0 or -errno. */
int endpoint_start(const char *rundir);
/* Another configuration runs: its groups may use the sockets. Those who are there by a right that is
 * gone get nothing more. */
void endpoint_groups(const json_t *config);
void endpoint_shut(void); /* takes no more clients; those that are there get their answers */
void endpoint_free(void);

/* A daemon is gone: what was asked there ends with an error. */
void endpoint_daemon_gone(enum daemon_id id);
/* It does not answer: what was asked there ends with a sentence; so does what waits for it. */
void endpoint_daemon_silent(enum daemon_id id);
/* A daemon's EVENT, for those who monitor. */
void endpoint_event(enum daemon_id id, const uint8_t *json, size_t len);
/* One of our own; takes over the reference. */
void endpoint_tell(json_t *event);

/* Answers to a request. HEAD and row take over the reference; LIST may be NULL. */
void request_head(struct request *r, json_t *head, const char *list);
void request_row(struct request *r, json_t *row);
void request_end(struct request *r, const char *error_or_null); /* frees it */
/* Head without a list, and the end. */
void request_object(struct request *r, json_t *object);

/*
 * endpoint_own.c: a request that the parent answers. False: no such command. The handler ends the
 * request, now or later; a client that goes meanwhile is told by endpoint_own_forget().
 */
bool endpoint_own_run(struct request *r, const char *command, const json_t *args);
bool endpoint_own_changes(const char *command); /* something; true where it is not known */
void endpoint_own_forget(struct request *r);
void endpoint_own_silent(enum daemon_id id);

#endif
