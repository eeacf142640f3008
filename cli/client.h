/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client: the CLI's end of RUNDIR/cli.sock: one request at a time, answers handed on as they come.
 *
 * The sink writes to a terminal or a pipe and may block there; nothing is read meanwhile, so a long
 * table waits in the daemon. SIGINT during a request cancels it. There is no limit for an answer:
 * wgbgpd ends it where a daemon hangs; where wgbgpd itself does not answer a PING for 4 s, it ends
 * here, and what is asked right afterwards, too.
 */
#ifndef WGBGP_CLI_CLIENT_H
#define WGBGP_CLI_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct client;

struct client_sink {
	/* HEAD is borrowed; LIST is "" when no rows follow. */
	void (*head)(void *arg, const char *list, const json_t *head);
	/* TEXT is the row's JSON, not terminated. */
	void (*row)(void *arg, const char *text, size_t len);
};

/* Connects at the first request. */
struct client *client_new(const char *rundir);
void client_free(struct client *c);

/* `monitor`: an interrupt is the normal end. */
void client_endless(struct client *c, bool endless);

/* From a sink: what is still to come of the answer is not wanted; the request ends without an
 * error. */
void client_stop(struct client *c);
/* Requests and waiting hear an interrupt by themselves; this is for what is done between them. The
 * next of them ends by it. In pairs, one within the other. */
void client_hear_interrupt(struct client *c);
void client_hear_no_interrupt(struct client *c);
/* Whether a person interrupted anything since this was asked last. */
bool client_interrupted(struct client *c);

/* Waits MS. False: interrupted. */
bool client_wait(struct client *c, unsigned ms);

/* Sends REQUEST (borrowed) and hands the answer to SINK. 0, or -1 with ERROR filled in. */
int client_request(struct client *c, const json_t *request, const struct client_sink *sink,
		   void *arg, char *error, size_t size);

/* The same for short answers: the head with the rows put in under their name; owned by the caller.
 * NULL with an error. */
json_t *client_ask(struct client *c, const json_t *request, char *error, size_t size);

#endif
