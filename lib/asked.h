/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asked: for tests of answers: one who asks and a server that answers, in this process, over a
 * channel. What the test calls and what comes back passes through the loop.
 */
#ifndef WGBGP_ASKED_H
#define WGBGP_ASKED_H

#include <jansson.h>

#include "ipc.h"
#include "messages.h"
#include "show.h"

extern struct ipc *asked_client, *asked_server; /* the ends of the channel */
extern struct show_server *asked_answers;

/* COMMON may be NULL; HEARD is called with each part of an answer, as it comes: REPLY_HEAD, _ROW,
 * _END. */
void asked_start(const struct show_command *commands, const struct show_command *common,
		 void (*heard)(enum msg_type type, const struct msg_reply *m));
void asked_stop(void);

/* Takes a part of an answer into *ANSWER, an object: its head, each row as one of the list that the
 * head names, an error as the member "error". True: it was the last one. */
bool asked_take(json_t **answer, enum msg_type type, const struct msg_reply *m);

void asked_request(uint32_t id, const char *json);
void asked_cancel(uint32_t id);

#endif
