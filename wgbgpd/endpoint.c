/* SPDX-License-Identifier: BSD-2-Clause */
#include "endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "change_now.h"
#include "cli_sockets.h"
#include "conf.h"
#include "drill.h"
#include "endpoint_own.h"
#include "interfaces.h"
#include "keep_in.h"
#include "log.h"
#include "loop.h"
#include "request.h"
#include "steady.h"
#include "supervise.h"

/* This client's channel to one daemon. */
struct relay {
	struct client *client;
	enum daemon_id id;
	struct ipc *ipc; /* NULL: not asked yet, or the daemon went away */
};

struct client {
	LIST_ENTRY(client) link;
	struct request_to to; /* its channel, what it asked */
	struct relay relays[DAEMON_COUNT];
	enum cli_access access;
	struct ucred who;
	bool expelled; /* the group that it came by is no longer the one */
};

static LIST_HEAD(, client) clients = LIST_HEAD_INITIALIZER(clients);
static unsigned n_clients[CLI_ACCESSES];
static const unsigned clients_max[CLI_ACCESSES] = {ENDPOINT_CLIENTS_MAX, ENDPOINT_READERS_MAX};

/* Which daemon answers what (-1: the parent, or whom the request names), and what of it changes
 * something. */
static const struct {
	const char *command;
	int id;
	bool changes;
} routes[] = {
#include "wgbgpd/request_rows.h" /* written by yang/requests from yang/wgbgp-requests.yang */
};

static int route_of(const char *command, const json_t *args)
{
	const char *name = json_string_value(json_object_get(args, "daemon"));

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		if (routes[i].id >= 0 && str_eq(routes[i].command, command))
			return routes[i].id;
	for (int id = 0; name && id < DAEMON_COUNT; id++)
		if (str_eq(name, daemon_name(id)))
			return id;
	return -1;
}

/* An unknown command is treated as one that changes something. */
static bool changes_something(const char *command)
{
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		if (str_eq(routes[i].command, command))
			return routes[i].changes;
	return true;
}

/* Why the client may not ask that, or NULL. */
static const char *forbidden(const struct client *client, const char *command)
{
	if (client->expelled)
		return "no permission any more: another group may use this socket now";
	if (client->access == CLI_READS && changes_something(command))
		return "no permission to change anything: root and the group of `system "
		       "cli-write-group` may";
	return NULL;
}

/* ---- the way to the daemons */

static void relay_close(struct relay *relay, const char *why)
{
	struct client *client = relay->client;
	struct request *r, *next;

	ipc_free(relay->ipc);
	relay->ipc = NULL;
	for (r = LIST_FIRST(&client->to.requests); r; r = next) {
		next = LIST_NEXT(r, link);
		if (r->daemon == (int)relay->id)
			request_end(r, why);
	}
}

static void on_relay_frame(void *arg, const struct ipc_frame *frame)
{
	struct relay *relay = arg;
	struct client *client = relay->client;
	struct request *r;
	struct msg_reply m;

	if (frame->fd >= 0)
		close(frame->fd);
	if (msg_get_reply(frame->type, frame->body, frame->len, &m) < 0)
		return;
	r = request_find(&client->to, m.id);
	if (!r)
		return; /* cancelled */
	ipc_send(client->to.ipc, frame->type, frame->generation, frame->body, frame->len);
	if (frame->type == MSG_REPLY_END)
		request_free(r);
	if (ipc_full(client->to.ipc))
		for (int i = 0; i < DAEMON_COUNT; i++)
			if (client->relays[i].ipc)
				ipc_pause(client->relays[i].ipc);
}

static void on_relay_closed(void *arg, const char *why)
{
	struct relay *relay = arg;
	char error[128];

	snprintf(error, sizeof(error), "%s went away before its answer was complete",
		 daemon_name(relay->id));
	relay_close(relay, error);
}

/* Opens the channel when there is none. False: the daemon is not running. */
static bool relay_open(struct relay *relay)
{
	static const struct ipc_handlers handlers = {on_relay_frame, on_relay_closed, NULL};
	struct ipc *control = supervise_control(relay->id);
	int fds[2];

	if (relay->ipc)
		return true;
	if (!control || ipc_pair(fds) < 0)
		return false;
	ipc_send_fd(control, MSG_CLIENT, 0, NULL, 0, fds[1]);
	close(fds[1]);
	relay->ipc = ipc_new(fds[0], &handlers, relay);
	if (ipc_full(relay->client->to.ipc))
		ipc_pause(relay->ipc);
	return true;
}

void endpoint_daemon_gone(enum daemon_id id)
{
	struct client *client;
	char error[128];

	snprintf(error, sizeof(error), "%s went away before its answer was complete",
		 daemon_name(id));
	LIST_FOREACH (client, &clients, link)
		relay_close(&client->relays[id], error);
}

/* What a client has asked meanwhile may wait in the channel, which is closed: its answer is not
 * wanted any more. */
void endpoint_daemon_silent(enum daemon_id id)
{
	struct client *client;

	LIST_FOREACH (client, &clients, link)
		relay_close(&client->relays[id], supervise_silence(id));
	endpoint_own_silent(id);
}

/* ---- the clients */

static void client_free(struct client *client)
{
	struct request *r;

	LIST_REMOVE(client, link);
	n_clients[client->access]--;
	while ((r = LIST_FIRST(&client->to.requests))) {
		endpoint_own_forget(r);
		request_free(r);
	}
	endpoint_own_left(&client->to);
	for (int i = 0; i < DAEMON_COUNT; i++)
		ipc_free(client->relays[i].ipc);
	ipc_free(client->to.ipc);
	cli_sockets_take(client->access, true);
	free(client);
}

static void ask_daemon(struct client *client, uint32_t id, int daemon,
		       const struct ipc_frame *frame)
{
	char error[64];

	if (supervise_silent(daemon)) {
		request_refuse(&client->to, id, supervise_silence(daemon));
		return;
	}
	if (!relay_open(&client->relays[daemon])) {
		snprintf(error, sizeof(error), "%s is not running", daemon_name(daemon));
		request_refuse(&client->to, id, error);
		return;
	}
	request_new(&client->to, id, daemon);
	ipc_send(client->relays[daemon].ipc, MSG_REQUEST, 0, frame->body, frame->len);
}

static void on_request(struct client *client, const struct ipc_frame *frame)
{
	struct msg_reply m;
	const char *command, *why;
	struct request *r;
	json_t *args;
	int daemon;

	if (msg_get_reply(MSG_REQUEST, frame->body, frame->len, &m) < 0)
		return;
	if (client->to.n >= ENDPOINT_REQUESTS_MAX || request_find(&client->to, m.id)) {
		request_refuse(&client->to, m.id, "too many requests at a time");
		return;
	}
	args = conf_read(m.json, m.json_len);
	command = json_string_value(json_object_get(args, "command"));
	daemon = command ? route_of(command, args) : -1;
	if (!command) {
		request_refuse(&client->to, m.id, "malformed request");
	} else if ((why = forbidden(client, command))) {
		request_refuse(&client->to, m.id, why);
	} else if (daemon >= 0) {
		ask_daemon(client, m.id, daemon, frame);
	} else {
		r = request_new(&client->to, m.id, -1);
		if (!endpoint_own_run(r, command, args))
			request_end(r, "unknown command");
	}
	json_decref(args);
}

static void on_cancel(struct client *client, const struct ipc_frame *frame)
{
	struct request *r;
	uint32_t id;

	if (msg_get_u32(frame->body, frame->len, &id) < 0)
		return;
	r = request_find(&client->to, id);
	if (!r)
		return;
	if (r->daemon >= 0 && client->relays[r->daemon].ipc)
		ipc_send(client->relays[r->daemon].ipc, MSG_CANCEL, 0, frame->body, frame->len);
	endpoint_own_forget(r);
	request_end(r, "cancelled");
}

/* Whoever does not read the answers is not read, either: what it asks waits on its side. */
static void on_client_frame(void *arg, const struct ipc_frame *frame)
{
	struct client *client = arg;

	if (frame->fd >= 0)
		close(frame->fd);
	if (frame->type == MSG_REQUEST)
		on_request(client, frame);
	else if (frame->type == MSG_CANCEL)
		on_cancel(client, frame);
	else if (frame->type == MSG_PING)
		ipc_send(client->to.ipc, MSG_PONG, 0, NULL, 0);
	if (ipc_full(client->to.ipc))
		ipc_pause(client->to.ipc);
}

static void on_client_closed(void *arg, const char *why)
{
	client_free(arg);
}

static void on_client_drained(void *arg)
{
	struct client *client = arg;

	ipc_resume(client->to.ipc);
	for (int i = 0; i < DAEMON_COUNT; i++)
		if (client->relays[i].ipc)
			ipc_resume(client->relays[i].ipc);
}

static void endpoint_on_accept(int fd, enum cli_access access)
{
	static const struct ipc_handlers handlers = {on_client_frame, on_client_closed,
						     on_client_drained};
	struct client *client = xcalloc(1, sizeof(*client));
	socklen_t len = sizeof(client->who);

	client->access = access;
	client->who.uid = (uid_t)-1;
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &client->who, &len);
	client->to.uid = client->who.uid == (uid_t)-1 ? -1 : (int64_t)client->who.uid;
	LIST_INIT(&client->to.requests);
	for (int i = 0; i < DAEMON_COUNT; i++) {
		client->relays[i].client = client;
		client->relays[i].id = i;
	}
	client->to.ipc = ipc_new(fd, &handlers, client);
	LIST_INSERT_HEAD(&clients, client, link);
	if (++n_clients[access] >= clients_max[access])
		cli_sockets_take(access, false); /* more of them wait in the backlog */
}

void endpoint_event(enum daemon_id id, const uint8_t *json, size_t len)
{
	json_t *event = conf_read(json, len);

	if (!json_is_object(event)) {
		json_decref(event);
		return;
	}
	drill_event(id, event);
	interfaces_event(id, event);
	keep_in_event(id, event);
	steady_event(id, event);
	if (id == DAEMON_BGPD)
		change_now_session(event);
	json_object_set_new(event, "daemon", json_string(daemon_name(id)));
	request_tell(event);
}

int endpoint_start(const char *rundir)
{
	return cli_sockets_start(rundir, endpoint_on_accept);
}

/* Clients of root, and of our own user, may use the socket without its group. */
static bool needs_group(const struct client *client)
{
	return client->who.uid != 0 && client->who.uid != geteuid();
}

void endpoint_groups(const json_t *config)
{
	unsigned changed = cli_sockets_groups(config);
	struct client *client;
	struct request *r, *next;

	LIST_FOREACH (client, &clients, link) {
		if (!(changed & 1u << client->access) || !needs_group(client))
			continue;
		client->expelled = true;
		for (r = LIST_FIRST(&client->to.requests); r; r = next) {
			next = LIST_NEXT(r, link);
			if (r->events)
				request_end(r, forbidden(client, ""));
		}
	}
}

void endpoint_free(void)
{
	cli_sockets_shut();
	while (!LIST_EMPTY(&clients))
		client_free(LIST_FIRST(&clients));
}
