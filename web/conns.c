/* SPDX-License-Identifier: BSD-2-Clause */
#include "conns.h"

#include <net/if.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "loop.h"
#include "util.h"

#define TICK_MS 1000

enum state { NONE, IDLE, HEAD, BUSY, TAKING };

struct conn {
	enum state state;
	int fd;
	uint64_t cookie;   /* of the socket */
	uint64_t since_ms; /* in that state */
};

static const uint64_t limits_ms[] = {[IDLE] = CONNS_IDLE_MS,
				     [HEAD] = CONNS_HEAD_MS,
				     [BUSY] = CONNS_BUSY_MS,
				     [TAKING] = CONNS_TAKING_MS};

static struct conn *conns;
static unsigned conns_max;
static struct bufferevent **fresh; /* they have no descriptor yet; never longer than one event */
static size_t n_fresh, cap_fresh;
static struct event *placing;
static struct timer tick;

/* 0: there is no such socket. */
static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0 ? cookie : 0;
}

/* evhttp closes without a word. */
static bool is_alive(const struct conn *c)
{
	return cookie_of(c->fd) == c->cookie;
}

static void change(struct conn *c, enum state state)
{
	c->state = state;
	c->since_ms = now_ms();
}

static void conn_end(struct conn *c)
{
	if (is_alive(c))
		shutdown(c->fd, SHUT_RDWR);
	c->state = NONE;
}

static void forget_dead(void)
{
	for (struct conn *c = conns; c < conns + conns_max; c++)
		if (c->state != NONE && !is_alive(c))
			c->state = NONE;
}

static struct conn *empty_place(void)
{
	for (struct conn *c = conns; c < conns + conns_max; c++)
		if (c->state == NONE)
			return c;
	return NULL;
}

/* Of two, the one whose client has kept us waiting for longer. */
static struct conn *worse_of(struct conn *a, struct conn *b)
{
	if ((a->state == BUSY) != (b->state == BUSY))
		return a->state == BUSY ? b : a;
	return a->since_ms <= b->since_ms ? a : b;
}

static struct conn *make_place(void)
{
	struct conn *worst = conns;

	for (struct conn *c = conns; c < conns + conns_max; c++)
		worst = worse_of(worst, c);
	conn_end(worst);
	return worst;
}

/* What a connection that lost its place had still in its socket may be counted for the next one
 * there, which has only less time by that. */
static void on_input(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *arg)
{
	struct conn *c = arg;

	if (info->n_added && c->state == IDLE)
		change(c, HEAD);
}

static void place(struct bufferevent *bev)
{
	struct conn *c = empty_place();

	if (!c)
		c = make_place();
	c->fd = bufferevent_getfd(bev);
	c->cookie = cookie_of(c->fd);
	change(c, IDLE);
	evbuffer_add_cb(bufferevent_get_input(bev), on_input, c);
}

/* Runs before anything is read from the new connections. */
static void on_placing(evutil_socket_t fd, short what, void *arg)
{
	if (!empty_place())
		forget_dead();
	for (size_t i = 0; i < n_fresh; i++)
		place(fresh[i]);
	n_fresh = 0;
	if (!timer_running(&tick))
		timer_start(&tick, TICK_MS);
}

static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
	struct bufferevent *bev = bufferevent_socket_new(base, -1, 0);

	if (!bev)
		return NULL;
	bufferevent_setwatermark(bev, EV_READ, 0, CONNS_INPUT_MAX);
	fresh = xgrow(fresh, n_fresh, &cap_fresh, sizeof(struct bufferevent *));
	fresh[n_fresh++] = bev;
	event_active(placing, 0, 0);
	return bev;
}

static void conns_on_tick(void *arg)
{
	uint64_t now = now_ms();

	forget_dead();
	for (struct conn *c = conns; c < conns + conns_max; c++)
		if (c->state != NONE && now >= c->since_ms + limits_ms[c->state])
			conn_end(c);
	if (conns_count())
		timer_start(&tick, TICK_MS);
}

/* NULL: it is not there any more. */
static struct conn *conn_of(struct evhttp_request *req)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(req);
	int fd = evcon ? bufferevent_getfd(evhttp_connection_get_bufferevent(evcon)) : -1;

	for (struct conn *c = conns; fd >= 0 && c < conns + conns_max; c++)
		if (c->state != NONE && c->fd == fd && is_alive(c))
			return c;
	return NULL;
}

static void on_complete(struct evhttp_request *req, void *arg)
{
	struct conn *c = conn_of(req);

	if (c)
		change(c, IDLE);
}

static void set_state(struct evhttp_request *req, enum state state)
{
	struct conn *c = conn_of(req);

	if (c)
		change(c, state);
}

bool conns_ahead(struct evhttp_request *req)
{
	struct evhttp_connection *evcon = evhttp_request_get_connection(req);

	return evcon && evbuffer_get_length(bufferevent_get_input(
				evhttp_connection_get_bufferevent(evcon))) > 0;
}

void conns_busy(struct evhttp_request *req)
{
	set_state(req, BUSY);
}

void conns_taking(struct evhttp_request *req, size_t len)
{
	struct conn *c = conn_of(req);

	if (c) {
		change(c, TAKING);
		c->since_ms += len / CONNS_TAKING_RATE;
	}
	evhttp_request_set_on_complete_cb(req, on_complete, NULL);
}

void conns_cut(struct evhttp_request *req)
{
	struct conn *c = conn_of(req);

	if (c)
		conn_end(c);
}

bool conns_bound(int fd, const char *interface)
{
	char name[IFNAMSIZ] = "";
	socklen_t len = sizeof(name);

	return getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len) == 0 &&
	       str_eq(name, interface);
}

void conns_cut_bound(const char *interface)
{
	for (struct conn *c = conns; c < conns + conns_max; c++)
		if (c->state != NONE && conns_bound(c->fd, interface))
			conn_end(c);
}

unsigned conns_count(void)
{
	unsigned n = 0;

	for (struct conn *c = conns; c < conns + conns_max; c++)
		n += c->state != NONE;
	return n;
}

void conns_open(struct evhttp *http, unsigned max)
{
	conns_max = max;
	conns = xcalloc(max, sizeof(*conns));
	timer_init(&tick, conns_on_tick, NULL);
	placing = event_new(loop_base(), -1, 0, on_placing, NULL);
	ensure(placing);
	evhttp_set_bevcb(http, on_connection, NULL);
}

void conns_close(void)
{
	timer_stop(&tick);
	event_free(placing);
	free(fresh);
	fresh = NULL;
	n_fresh = cap_fresh = 0;
	free(conns);
	conns = NULL;
	conns_max = 0;
}
