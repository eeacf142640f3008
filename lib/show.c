/* SPDX-License-Identifier: BSD-2-Clause */
#include "show.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "json_text.h"
#include "loop.h"
#include "messages.h"
#include "util.h"

struct show_server {
	struct ipc *ipc;
	const struct show_command *commands, *common;
	struct show *shows; /* running ones */
	struct job job;	    /* steps them */
};

static void send_json(struct show *s, enum msg_type type, const char *list, json_t *json)
{
	char *text = json_dumps(json, CONF_JSON_LINE);
	struct wr w = {0};

	json_decref(json);
	if (!text)
		fatal("JSON that cannot be printed");
	if (type == MSG_REPLY_HEAD)
		msg_put_reply_head(&w, s->id, list ? list : "", text, strlen(text));
	else
		msg_put_request(&w, s->id, text, strlen(text));
	ipc_send(s->ipc, type, 0, w.data, w.len);
	wr_free(&w);
	free(text);
}

void show_head(struct show *s, json_t *head, const char *list)
{
	send_json(s, MSG_REPLY_HEAD, list, head);
}

void show_row(struct show *s, json_t *row)
{
	send_json(s, MSG_REPLY_ROW, NULL, row);
}

void show_row_text(struct show *s, const struct json_text *row)
{
	struct wr w = {0};

	msg_put_request(&w, s->id, (const char *)row->out.data, row->out.len);
	ipc_send(s->ipc, MSG_REPLY_ROW, 0, w.data, w.len);
	wr_free(&w);
}

bool show_full(const struct show *s)
{
	return ipc_full(s->ipc);
}

void show_go_on(struct show *s)
{
	s->waits = false;
	job_start(s->job);
}

void show_end(struct show *s, const char *error_or_null)
{
	struct wr w = {0};

	msg_put_reply_end(&w, s->id, error_or_null ? error_or_null : "");
	ipc_send(s->ipc, MSG_REPLY_END, 0, w.data, w.len);
	wr_free(&w);
	s->ended = true;
}

void show_object(struct show *s, json_t *object)
{
	show_head(s, object, NULL);
	show_end(s, NULL);
}

static void finish(struct show *s)
{
	if (s->command->finish)
		s->command->finish(s);
	json_decref((json_t *)s->args);
	free(s);
}

/* One step of every running answer that waits for nothing; ended ones go. True while any can go on.
 */
static bool step_all(void *arg)
{
	struct show_server *server = arg;
	struct show **at = &server->shows;
	bool more = false;

	while (*at) {
		struct show *s = *at;

		if (ipc_full(server->ipc))
			return false; /* show_server_drained() starts us again */
		if (!s->ended && !s->waits)
			s->command->step(s);
		if (s->ended) {
			*at = s->next;
			finish(s);
		} else {
			more |= !s->waits;
			at = &s->next;
		}
	}
	return more;
}

struct show_server *show_server_new(struct ipc *ipc, const struct show_command *commands,
				    const struct show_command *common)
{
	struct show_server *server = xcalloc(1, sizeof(*server));

	server->ipc = ipc;
	server->commands = commands;
	server->common = common;
	job_init(&server->job, step_all, server);
	return server;
}

void show_server_free(struct show_server *server)
{
	if (!server)
		return;
	job_stop(&server->job);
	while (server->shows) {
		struct show *s = server->shows;

		server->shows = s->next;
		finish(s);
	}
	free(server);
}

static const struct show_command *find_in(const struct show_command *c, const char *name)
{
	for (; c && c->name; c++)
		if (str_eq(c->name, name))
			return c;
	return NULL;
}

static const struct show_command *find_command(const struct show_server *server, const char *name)
{
	const struct show_command *c = find_in(server->commands, name);

	return c ? c : find_in(server->common, name);
}

static void show_refuse(struct show_server *server, uint32_t id, const char *error)
{
	struct show s = {.id = id, .ipc = server->ipc};

	show_end(&s, error);
}

static void begin(struct show_server *server, uint32_t id, json_t *args)
{
	const char *name = json_string_value(json_object_get(args, "command"));
	const struct show_command *command = name ? find_command(server, name) : NULL;
	struct show *s;

	if (!command) {
		json_decref(args);
		show_refuse(server, id, "unknown command");
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->id = id;
	s->args = args;
	s->command = command;
	s->ipc = server->ipc;
	s->job = &server->job;
	command->start(s);
	if (s->ended) {
		finish(s);
		return;
	}
	ensure(command->step);
	s->next = server->shows;
	server->shows = s;
	job_start(&server->job);
}

static void cancel(struct show_server *server, uint32_t id)
{
	for (struct show **at = &server->shows; *at; at = &(*at)->next) {
		struct show *s = *at;

		if (s->id == id) {
			*at = s->next;
			if (!s->ended)
				show_end(s, "cancelled");
			finish(s);
			return;
		}
	}
}

void show_server_frame(struct show_server *server, const struct ipc_frame *frame)
{
	struct msg_reply m;
	uint32_t id;
	json_t *args;

	if (frame->type == MSG_CANCEL) {
		if (msg_get_u32(frame->body, frame->len, &id) == 0)
			cancel(server, id);
		return;
	}
	if (msg_get_reply(MSG_REQUEST, frame->body, frame->len, &m) < 0)
		return;
	args = conf_read(m.json, m.json_len);
	if (json_is_object(args)) {
		begin(server, m.id, args);
	} else {
		json_decref(args);
		show_refuse(server, m.id, "malformed request");
	}
}

void show_server_drained(struct show_server *server)
{
	if (server->shows)
		job_start(&server->job);
}

json_t *json_text_or_null(const char *text)
{
	return text && *text ? json_string(text) : json_null();
}

json_t *json_addr(const struct addr *a)
{
	return a->family ? json_string(ADDR_STR(a)) : json_null();
}

json_t *json_prefix(const struct prefix *p)
{
	return json_string(PREFIX_STR(p));
}

json_t *json_prefixes(const struct prefix *list, size_t n)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, json_prefix(&list[i]));
	return all;
}
