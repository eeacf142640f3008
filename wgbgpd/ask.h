/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ask: requests that the parent itself sends to a daemon, over the control channel. Answers are
 * gathered, so this is for short ones.
 */
#ifndef WGBGP_ASK_H
#define WGBGP_ASK_H

#include <jansson.h>

#include "ipc.h"
#include "messages.h"

/* ANSWER (borrowed): the head with the rows under their name; NULL with an ERROR. */
typedef void (*ask_fn)(void *arg, const json_t *answer, const char *error);

/* Takes over REQUEST. FN is called once, later; at once when the daemon is not running. */
void ask_daemon(enum daemon_id id, json_t *request, ask_fn fn, void *arg);
/* A frame from a daemon. 0 when it is an answer, also one to a request that was given up; else
 * -EBADMSG. */
int ask_frame(enum daemon_id id, const struct ipc_frame *frame);
void ask_daemon_gone(enum daemon_id id); /* or silent: requests to it fail */
void ask_free(void);			 /* nobody is called any more */

#endif
