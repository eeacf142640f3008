/* SPDX-License-Identifier: BSD-2-Clause */
#include "client.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf.h"
#include "ipc.h"
#include "loop.h"
#include "messages.h"
#include "pulse.h"
#include "util.h"

#define DEAF_S 4
#define DEAF_MS (DEAF_S * 1000) /* wgbgpd itself says who else does not answer */
#define AGAIN_MS 2000		/* that long after it was deaf it is not asked again */

/* The first of these that may be opened: the second one answers what changes nothing. */
static const char *const sockets[] = {"cli.sock", "cli-read.sock"};

struct client {
	struct sockaddr_un at;
	const char *rundir;
	struct ipc *ipc;
	uint32_t id; /* of the running request */
	const struct client_sink *sink;
	void *sink_arg;
	bool ended, failed;
	bool endless;	  /* an interrupt is the normal end */
	bool interrupted; /* since that was asked last */
	char error[MSG_ERROR_MAX];
	struct pulse pulse;
	struct timer tick;
	uint64_t deaf_until_ms;
	struct event *interrupt;
	unsigned heard; /* by how many, one within the other */
};

static void fail(struct client *c, const char *why)
{
	str_copy(c->error, why, sizeof(c->error));
	c->ended = c->failed = true;
}

static void client_on_head(struct client *c, const struct msg_reply *m)
{
	json_t *head = conf_read(m->json, m->json_len);

	if (json_is_object(head))
		c->sink->head(c->sink_arg, m->list, head);
	else
		fail(c, "malformed answer");
	json_decref(head);
}

static void on_frame(void *arg, const struct ipc_frame *frame)
{
	struct client *c = arg;
	struct msg_reply m;

	if (frame->fd >= 0)
		close(frame->fd);
	pulse_heard(&c->pulse);
	if (frame->type != MSG_REPLY_HEAD && frame->type != MSG_REPLY_ROW &&
	    frame->type != MSG_REPLY_END)
		return;
	if (msg_get_reply(frame->type, frame->body, frame->len, &m) < 0) {
		fail(c, "malformed answer");
		return;
	}
	if (m.id != c->id || c->ended) /* the rest of a cancelled one */
		return;
	if (frame->type == MSG_REPLY_HEAD)
		client_on_head(c, &m);
	else if (frame->type == MSG_REPLY_ROW)
		c->sink->row(c->sink_arg, m.json, m.json_len);
	else if (m.error[0])
		fail(c, m.error);
	else
		c->ended = true;
}

static void on_closed(void *arg, const char *why)
{
	struct client *c = arg;

	ipc_free(c->ipc);
	c->ipc = NULL;
	if (!c->ended)
		fail(c, "wgbgpd closed the connection");
}

static const char deaf[] = "wgbgpd does not answer: it hangs, or is busy with too many clients";

/* wgbgpd answers a PING while daemons still work at the answer. */
static void on_tick(void *arg)
{
	struct client *c = arg;
	uint64_t now = now_ms();

	timer_start(&c->tick, PULSE_TICK_MS);
	if (c->ipc && pulse_tick(&c->pulse, now))
		ipc_send(c->ipc, MSG_PING, 0, NULL, 0);
	if (c->pulse.silent_ms < DEAF_MS)
		return;
	c->deaf_until_ms = now + AGAIN_MS;
	ipc_free(c->ipc);
	c->ipc = NULL;
	fail(c, deaf);
}

static void start_pulse(struct client *c)
{
	pulse_start(&c->pulse, now_ms());
	pulse_tick(&c->pulse, now_ms()); /* the first one asks */
	ipc_send(c->ipc, MSG_PING, 0, NULL, 0);
	timer_start(&c->tick, PULSE_TICK_MS);
}

static void cancel(struct client *c)
{
	struct wr w = {0};

	wr_u32(&w, c->id);
	if (c->ipc)
		ipc_send(c->ipc, MSG_CANCEL, 0, w.data, w.len);
	wr_free(&w);
}

static void client_on_interrupt(evutil_socket_t sig, short what, void *arg)
{
	struct client *c = arg;

	c->interrupted = true;
	cancel(c);
	if (c->endless)
		c->ended = true;
	else
		fail(c, "interrupted");
}

struct client *client_new(const char *rundir)
{
	struct client *c = xcalloc(1, sizeof(*c));

	c->at.sun_family = AF_UNIX;
	c->rundir = rundir;
	timer_init(&c->tick, on_tick, c);
	c->interrupt = evsignal_new(loop_base(), SIGINT, client_on_interrupt, c);
	return c;
}

void client_free(struct client *c)
{
	timer_stop(&c->tick);
	event_free(c->interrupt);
	ipc_free(c->ipc);
	free(c);
	loop_free();
}

void client_endless(struct client *c, bool endless)
{
	c->endless = endless;
}

void client_stop(struct client *c)
{
	cancel(c);
	c->ended = true;
}

void client_hear_interrupt(struct client *c)
{
	if (c->heard++ == 0)
		event_add(c->interrupt, NULL);
}

void client_hear_no_interrupt(struct client *c)
{
	if (--c->heard == 0)
		event_del(c->interrupt);
}

bool client_interrupted(struct client *c)
{
	bool was = c->interrupted;

	c->interrupted = false;
	return was;
}

/* A descriptor or -errno. */
static int open_socket(struct client *c, const char *name)
{
	static const struct timeval patience = {.tv_sec = DEAF_S};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	snprintf(c->at.sun_path, sizeof(c->at.sun_path), "%s/%s", c->rundir, name);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)); /* connect() */
	if (connect(fd, (struct sockaddr *)&c->at, sizeof(c->at)) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static int connect_to(struct client *c)
{
	static const struct ipc_handlers handlers = {on_frame, on_closed, NULL};
	int fd;

	if (c->ipc)
		return 0;
	fd = open_socket(c, sockets[0]);
	if (fd == -EACCES) {
		fd = open_socket(c, sockets[1]);
		fd = fd == -ENOENT || fd == -ECONNREFUSED ? -EACCES : fd;
	}
	if (fd < 0)
		return fd;
	c->ipc = ipc_new(fd, &handlers, c);
	return 0;
}

static void connect_error(const struct client *c, int err, char *error, size_t size)
{
	if (err == -ENOENT || err == -ECONNREFUSED)
		snprintf(error, size,
			 "wgbgpd is not running (nobody listens at %s; -r names another place)",
			 c->at.sun_path);
	else if (err == -EACCES)
		snprintf(error, size,
			 "no permission: root may use it, and the groups of `system "
			 "cli-read-group` and `cli-write-group`");
	else if (err == -EAGAIN)
		snprintf(error, size, "wgbgpd takes no more clients: it hangs, or has too many");
	else
		snprintf(error, size, "%s: %s", c->at.sun_path, strerror(-err));
}

int client_request(struct client *c, const json_t *request, const struct client_sink *sink,
		   void *arg, char *error, size_t size)
{
	struct wr w = {0};
	char *text;
	int err;

	if (now_ms() < c->deaf_until_ms) {
		str_copy(error, deaf, size);
		return -1;
	}
	if (c->ipc) /* wgbgpd may have been restarted since */
		event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	err = connect_to(c);
	if (err) {
		connect_error(c, err, error, size);
		return -1;
	}
	text = json_dumps(request, JSON_COMPACT);
	ensure(text);
	c->sink = sink;
	c->sink_arg = arg;
	c->ended = c->failed = false;
	msg_put_request(&w, ++c->id, text, strlen(text));
	ipc_send(c->ipc, MSG_REQUEST, 0, w.data, w.len);
	wr_free(&w);
	free(text);
	start_pulse(c);
	client_hear_interrupt(c);
	while (!c->ended)
		event_base_loop(loop_base(), EVLOOP_ONCE);
	client_hear_no_interrupt(c);
	timer_stop(&c->tick);
	if (c->failed)
		str_copy(error, c->error, size);
	return c->failed ? -1 : 0;
}

static void on_waited(void *arg)
{
	struct client *c = arg;

	c->ended = true;
}

bool client_wait(struct client *c, unsigned ms)
{
	struct timer timer;

	timer_init(&timer, on_waited, c);
	timer_start(&timer, ms);
	c->ended = c->failed = false;
	client_hear_interrupt(c);
	while (!c->ended)
		event_base_loop(loop_base(), EVLOOP_ONCE);
	client_hear_no_interrupt(c);
	timer_stop(&timer);
	return !c->failed;
}

struct gather {
	json_t *head, *rows;
};

static void gather_head(void *arg, const char *list, const json_t *head)
{
	struct gather *g = arg;

	json_decref(g->head);
	g->head = json_deep_copy(head);
	g->rows = NULL;
	if (*list) {
		g->rows = json_array();
		json_object_set_new(g->head, list, g->rows);
	}
}

static void gather_row(void *arg, const char *text, size_t len)
{
	struct gather *g = arg;
	json_t *row = conf_read(text, len);

	if (g->rows && row)
		json_array_append_new(g->rows, row);
	else
		json_decref(row);
}

json_t *client_ask(struct client *c, const json_t *request, char *error, size_t size)
{
	static const struct client_sink sink = {gather_head, gather_row};
	struct gather g = {0};

	if (client_request(c, request, &sink, &g, error, size) == 0)
		return g.head ? g.head : json_object();
	json_decref(g.head);
	return NULL;
}
