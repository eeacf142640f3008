/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "played.h"
#include "supervise.h"

char played_text[65536];
void (*played_from_daemon)(enum daemon_id id, const struct ipc_frame *frame);

#define CLIENTS 4

static struct daemon {
	enum daemon_id id;
	struct ipc *parents, *own; /* the two ends of the control channel */
	struct client {
		struct daemon *daemon;
		struct ipc *ipc; /* NULL: it has gone */
	} clients[CLIENTS];
	unsigned n_clients; /* that there were */
	bool silent;
	unsigned pings; /* of played_settle(), on the way */
} daemons[DAEMON_COUNT];

void played_say(const char *fmt, ...)
{
	size_t len = strlen(played_text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(played_text + len, sizeof(played_text) - len, fmt, ap);
	va_end(ap);
}

/* By who it was said to or by; equal ones stay as they came: both are pieces of one text. */
static int by_speaker(const void *a, const void *b)
{
	static const char *const order[] = {"wgd ",  "zebra-lite ", "bgpd ",
					    "bfdd ", "client 0 ",   "client 1 "};
	const char *const line[] = {*(char *const *)a, *(char *const *)b};
	size_t at[2] = {ARRAY_SIZE(order), ARRAY_SIZE(order)};

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < ARRAY_SIZE(order); i++)
			if (strncmp(line[k], order[i], strlen(order[i])) == 0)
				at[k] = i;
	if (at[0] != at[1])
		return at[0] < at[1] ? -1 : 1;
	return line[0] < line[1] ? -1 : 1;
}

void played_sort(void)
{
	char *copy = xstrdup(played_text), *lines[1024];
	size_t n = 0;

	for (char *at = strtok(copy, "\n"); at && n < ARRAY_SIZE(lines); at = strtok(NULL, "\n"))
		lines[n++] = at;
	qsort(lines, n, sizeof(*lines), by_speaker);
	played_text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		played_say("%s\n", lines[i]);
	free(copy);
}

void played_turn(void)
{
	struct timeval tv = {.tv_usec = 10000};

	event_base_loopexit(loop_base(), &tv);
	event_base_loop(loop_base(), EVLOOP_ONCE);
}

static void forget(void *arg, const char *why)
{
}

static void client_gone(void *arg, const char *why)
{
	struct client *c = arg;

	ipc_free(c->ipc);
	c->ipc = NULL;
	played_say("%s lost its client\n", daemon_name(c->daemon->id));
}

static void say_request(const struct daemon *d, const struct ipc_frame *f, const char *by)
{
	struct msg_reply m;

	assert_int_equal(f->generation, 0); /* of no configuration */
	assert_int_equal(msg_get_reply(MSG_REQUEST, f->body, f->len, &m), 0);
	played_say("%s %srequest %u %.*s\n", daemon_name(d->id), by, m.id, (int)m.json_len, m.json);
}

static void hear_client(void *arg, const struct ipc_frame *f)
{
	const struct daemon *d = ((struct client *)arg)->daemon;
	uint32_t id;

	if (f->type == MSG_REQUEST) {
		say_request(d, f, "client ");
	} else {
		assert_int_equal(f->type, MSG_CANCEL);
		assert_int_equal(f->generation, 0);
		assert_int_equal(msg_get_u32(f->body, f->len, &id), 0);
		played_say("%s client cancel %u\n", daemon_name(d->id), id);
	}
}

/* What stands behind the type in a line; what comes with a descriptor is told by itself. */
static void hear(void *arg, const struct ipc_frame *f)
{
	static const struct ipc_handlers handlers = {hear_client, client_gone, NULL};
	struct daemon *d = arg;
	struct msg_secret secret;
	struct endpoint at;
	struct client *c;

	switch (f->type) {
	case MSG_PING:
		d->pings--;
		break;
	case MSG_CLIENT:
		assert_int_equal(f->generation, 0);
		assert_true(f->fd >= 0);
		assert_true(d->n_clients < CLIENTS);
		c = &d->clients[d->n_clients++];
		*c = (struct client){d, ipc_new(f->fd, &handlers, c)};
		break;
	case MSG_REQUEST:
		say_request(d, f, "");
		break;
	case MSG_SECRET:
		assert_int_equal(msg_get_secret(f->body, f->len, &secret), 0);
		played_say("%s %u secret %s %02x%02x\n", daemon_name(d->id), f->generation,
			   strrchr(secret.path, '/') + 1, secret.key[0], secret.key[31]);
		break;
	case MSG_LISTEN:
		assert_true(f->fd >= 0);
		close(f->fd);
		assert_int_equal(msg_get_endpoint(f->body, f->len, &at), 0);
		played_say("%s %u listen %s\n", daemon_name(d->id), f->generation,
			   ENDPOINT_STR(&at));
		break;
	default:
		assert_int_equal(f->fd, -1);
		played_say("%s %u %s %.*s\n", daemon_name(d->id), f->generation, msg_name(f->type),
			   (int)f->len, (const char *)f->body);
	}
}

static void hear_daemon(void *arg, const struct ipc_frame *f)
{
	struct daemon *d = arg;

	if (f->type == MSG_PONG)
		d->pings--;
	else
		played_from_daemon(d->id, f);
}

void played_start(enum daemon_id id)
{
	static const struct ipc_handlers parents = {hear_daemon, forget, NULL},
					 own = {hear, forget, NULL};
	struct daemon *d = &daemons[id];
	int fds[2];

	played_end(id);
	d->id = id;
	assert_int_equal(ipc_pair(fds), 0);
	d->parents = ipc_new(fds[0], &parents, d);
	d->own = ipc_new(fds[1], &own, d);
}

void played_end(enum daemon_id id)
{
	struct daemon *d = &daemons[id];

	ipc_free(d->parents);
	ipc_free(d->own);
	for (unsigned i = 0; i < d->n_clients; i++)
		ipc_free(d->clients[i].ipc);
	*d = (struct daemon){.id = id};
}

void played_silence(enum daemon_id id, bool on)
{
	daemons[id].silent = on;
}

void played_free(void)
{
	for (int id = 0; id < DAEMON_COUNT; id++)
		played_end(id);
	played_text[0] = '\0';
}

/* A PING in each direction comes behind all that is on the way. Twice: what a daemon has said may
 * have made the parent say something. */
void played_settle(void)
{
	for (int pass = 0; pass < 2; pass++)
		for (int id = 0; id < DAEMON_COUNT; id++) {
			struct daemon *d = &daemons[id];

			if (!d->own)
				continue;
			d->pings = 1;
			ipc_send(d->own, MSG_PONG, 0, NULL, 0);
			PLAYED_AWAIT(!d->pings);
			d->pings = 1;
			ipc_send(d->parents, MSG_PING, 0, NULL, 0);
			PLAYED_AWAIT(!d->pings);
		}
}

void played_send(enum daemon_id id, enum msg_type type, uint32_t generation, struct wr *w)
{
	ipc_send(daemons[id].own, type, generation, w->data, w->len);
	wr_free(w);
}

void played_done(enum daemon_id id, uint32_t generation, const char *error)
{
	struct wr w = {0};

	msg_put_done(&w, error);
	played_send(id, MSG_CONFIG_DONE, generation, &w);
}

static struct client *last_client(enum daemon_id id)
{
	struct daemon *d = &daemons[id];

	return d->n_clients ? &d->clients[d->n_clients - 1] : NULL;
}

struct ipc *played_client(enum daemon_id id)
{
	return last_client(id) ? last_client(id)->ipc : NULL;
}

void played_hang_up(enum daemon_id id)
{
	ipc_free(last_client(id)->ipc);
	last_client(id)->ipc = NULL;
}

/* ---- in the place of supervise.c */

struct ipc *supervise_control(enum daemon_id id)
{
	return daemons[id].parents;
}

void supervise_configured(enum daemon_id id)
{
	played_say("%s may talk\n", daemon_name(id));
}

void supervise_kill(enum daemon_id id, const char *why)
{
	played_say("%s is killed: %s\n", daemon_name(id), why);
}

bool supervise_silent(enum daemon_id id)
{
	return daemons[id].silent;
}

const char *supervise_silence(enum daemon_id id)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s says nothing", daemon_name(id));
	return text;
}

json_t *supervise_status(enum daemon_id id)
{
	return json_pack("{s:s}", "name", daemon_name(id));
}
