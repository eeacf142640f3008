/* SPDX-License-Identifier: BSD-2-Clause */
#include "asked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

struct ipc *asked_client, *asked_server;
struct show_server *asked_answers;
static void (*on_heard)(enum msg_type type, const struct msg_reply *m);

static void server_frame(void *arg, const struct ipc_frame *frame)
{
	show_server_frame(asked_answers, frame);
}

static void server_drained(void *arg)
{
	show_server_drained(asked_answers);
}

static void client_frame(void *arg, const struct ipc_frame *frame)
{
	struct msg_reply m;

	assert_int_equal(msg_get_reply(frame->type, frame->body, frame->len, &m), 0);
	on_heard(frame->type, &m);
}

static void closed(void *arg, const char *why)
{
}

void asked_start(const struct show_command *commands, const struct show_command *common,
		 void (*heard)(enum msg_type type, const struct msg_reply *m))
{
	static const struct ipc_handlers server_side = {server_frame, closed, server_drained};
	static const struct ipc_handlers client_side = {client_frame, closed, NULL};
	int fds[2];

	on_heard = heard;
	assert_int_equal(ipc_pair(fds), 0);
	asked_client = ipc_new(fds[0], &client_side, NULL);
	asked_server = ipc_new(fds[1], &server_side, NULL);
	asked_answers = show_server_new(asked_server, commands, common);
}

void asked_stop(void)
{
	show_server_free(asked_answers);
	ipc_free(asked_client);
	ipc_free(asked_server);
	asked_answers = NULL;
	asked_client = asked_server = NULL;
}

void asked_request(uint32_t id, const char *json)
{
	struct wr w = {0};

	msg_put_request(&w, id, json, strlen(json));
	ipc_send(asked_client, MSG_REQUEST, 0, w.data, w.len);
	wr_free(&w);
}

void asked_cancel(uint32_t id)
{
	struct wr w = {0};

	wr_u32(&w, id);
	ipc_send(asked_client, MSG_CANCEL, 0, w.data, w.len);
	wr_free(&w);
}
