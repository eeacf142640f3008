/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <unistd.h>

#include "attr_wire.h"
#include "loop.h"
#include "util.h"

#ifndef TCP_RTO_MAX_MS
#define TCP_RTO_MAX_MS 44 /* Linux 6.15, younger than the C library */
#endif

/* In one turn, in which others wait: some 750 prefixes, more than are decided in one. With fewer
 * there would be more and smaller writes to the neighbours. */
#define READ_BYTES (12 * 1024)
#define WRITE_BYTES_PER_TURN (256 * 1024)
#define SEGMENTS 64
#define FINISH_MS 2000
#define FINISHING_MAX 256

struct conn {
	TAILQ_ENTRY(conn) link; /* while finishing or parked */
	int fd;
	const struct conn_handlers *handlers;
	void *arg;
	struct watch rd_watch, wr_watch;
	struct timer finish;
	uint8_t *rest; /* of an unfinished message, BGP_MESSAGE_MAX bytes; NULL when none */
	size_t rest_len;
	struct wr own; /* the session's messages; own_at.. not yet written */
	size_t own_at;
	const struct conn_source *source;
	struct peer *pull; /* whose routes go out too, from there; NULL before ESTABLISHED */
	size_t skip;	   /* bytes left of a message of routes that was cut off: go first */
	uint64_t heard_ms, wrote_ms;
	uint64_t waits_ms; /* since when there is something to write, while wr_watch is on */
	bool connecting, busy, freed, finishing, parked;
};

static TAILQ_HEAD(, conn) finishing = TAILQ_HEAD_INITIALIZER(finishing);
static unsigned n_finishing;
static TAILQ_HEAD(, conn) parked = TAILQ_HEAD_INITIALIZER(parked); /* of held neighbours */

static void conn_on_readable(int fd, short what, void *arg);
static void on_writable(int fd, short what, void *arg);

/* Nagle's delay is not for us; and after a tunnel's return nothing may wait long for TCP's next
 * try, or the hold time ends first (kernels from 6.15 on can limit it; others say no). */
static void tune(int fd)
{
	int on = 1, retry_ms = 3000;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_RTO_MAX_MS, &retry_ms, sizeof(retry_ms));
}

struct conn *conn_new(int fd, bool connecting, const struct conn_handlers *handlers, void *arg)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	tune(fd);
	c->fd = fd;
	c->handlers = handlers;
	c->arg = arg;
	c->connecting = connecting;
	c->heard_ms = c->wrote_ms = now_ms();
	watch_init(&c->rd_watch, fd, EV_READ, conn_on_readable, c);
	watch_init(&c->wr_watch, fd, EV_WRITE, on_writable, c);
	if (connecting)
		watch_on(&c->wr_watch);
	else
		watch_on(&c->rd_watch);
	return c;
}

/* Something came that is not to be read now. */
static void park(struct conn *c)
{
	watch_off(&c->rd_watch);
	c->parked = true;
	TAILQ_INSERT_TAIL(&parked, c, link);
}

static void unpark(struct conn *c)
{
	if (!c->parked)
		return;
	c->parked = false;
	TAILQ_REMOVE(&parked, c, link);
	watch_on(&c->rd_watch);
}

void conn_hold_reading(struct peer *p, bool hold)
{
	struct conn *c;

	p->held = hold; /* and it is parked when something comes */
	TAILQ_FOREACH (c, &parked, link) {
		if (c->pull == p && !hold) {
			unpark(c);
			return;
		}
	}
}

static void conn_release(struct conn *c)
{
	free(c->rest);
	wr_free(&c->own);
	free(c);
}

void conn_free(struct conn *c)
{
	if (!c)
		return;
	unpark(c);
	watch_off(&c->rd_watch);
	watch_off(&c->wr_watch);
	timer_stop(&c->finish);
	if (c->finishing) {
		TAILQ_REMOVE(&finishing, c, link);
		n_finishing--;
	}
	close(c->fd);
	c->freed = true;
	if (!c->busy)
		conn_release(c);
}

/* Calls a handler, which may mark the connection as freed: look at that behind it. */
#define CALL(c, handler, ...)                                  \
	do {                                                   \
		(c)->busy = true;                              \
		(c)->handlers->handler((c)->arg, __VA_ARGS__); \
		(c)->busy = false;                             \
	} while (0)

static void closed(struct conn *c, int err)
{
	if (c->finishing) {
		conn_free(c);
		return;
	}
	CALL(c, closed, err);
	if (c->freed)
		conn_release(c);
}

/* RFC 4271 section 6.1. The message's whole length, 0 when the header is refused. */
static size_t check_header(const uint8_t *m, struct bgp_error *e)
{
	static const uint8_t marker[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t least[] = {0, 29, 23, 21, 19, 23};
	size_t len = get_u16(m + 16);
	uint8_t type = m[18];

	e->code = 1; /* nothing else: this is in every message's way */
	e->len = 0;
	if (memcmp(m, marker, sizeof(marker)) != 0) {
		e->subcode = 1;
		str_copy(e->text, "no marker in front of a message", sizeof(e->text));
		return 0;
	}
	if (type == 0 || type >= ARRAY_SIZE(least)) {
		e->subcode = 3;
		e->data[0] = type;
		e->len = 1;
		str_copy(e->text, "unknown type of message", sizeof(e->text));
		return 0;
	}
	if (len < least[type] || len > BGP_MESSAGE_MAX || (type == BGP_KEEPALIVE && len != 19)) {
		e->subcode = 2;
		memcpy(e->data, m + 16, 2);
		e->len = 2;
		str_copy(e->text, "illegal length of a message", sizeof(e->text));
		return 0;
	}
	return len;
}

/* Hands out the whole messages of DATA. Bytes used, or -1 when the connection is no longer ours. */
static ssize_t hand_out(struct conn *c, const uint8_t *data, size_t len)
{
	size_t at = 0, size;
	struct bgp_error e;

	while (len - at >= BGP_HEADER_BYTES) {
		size = check_header(data + at, &e);
		if (!size)
			CALL(c, malformed, &e);
		else if (size > len - at)
			break;
		else
			CALL(c, message, data[at + 18], data + at + BGP_HEADER_BYTES,
			     size - BGP_HEADER_BYTES);
		if (c->freed) {
			conn_release(c);
			return -1;
		}
		if (!size || c->finishing)
			return -1;
		at += size;
	}
	return at;
}

static void keep_rest(struct conn *c, const uint8_t *data, size_t len)
{
	if (len && !c->rest)
		c->rest = xmalloc(BGP_MESSAGE_MAX);
	if (len)
		memcpy(c->rest, data, len);
	else
		free(c->rest);
	if (!len)
		c->rest = NULL;
	c->rest_len = len;
}

static void read_some(struct conn *c)
{
	static uint8_t buffer[BGP_MESSAGE_MAX + READ_BYTES];
	size_t have = c->rest_len, at_once = READ_BYTES;
	ssize_t n, used;

	if (c->pull && c->pull->slowed_ms)
		at_once = BGP_MESSAGE_MAX;
	if (have)
		memcpy(buffer, c->rest, have);
	n = read(c->fd, buffer + have, at_once);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		closed(c, n == 0 ? 0 : errno);
		return;
	}
	c->heard_ms = now_ms();
	if (c->finishing)
		return;
	used = hand_out(c, buffer, have + n);
	if (used >= 0)
		keep_rest(c, buffer + used, have + n - used);
}

static void conn_on_readable(int fd, short what, void *arg)
{
	struct conn *c = arg;

	if (c->pull && c->pull->held)
		park(c);
	else
		read_some(c);
}

/* What is to be written next, at most MAX segments; *OWN says which of them is the session's. */
static int conn_gather(struct conn *c, struct iovec *out, int max, int *own)
{
	struct iovec routes[SEGMENTS];
	size_t left = c->skip;
	int n = 0, n_routes = 0, i = 0;

	*own = -1;
	if (c->pull)
		n_routes = c->source->next(c->pull, routes, max - 2);
	for (; left && i < n_routes; i++) {
		size_t part = MIN(routes[i].iov_len, left);

		out[n++] = (struct iovec){routes[i].iov_base, part};
		left -= part;
		if (part < routes[i].iov_len) {
			routes[i].iov_base = (uint8_t *)routes[i].iov_base + part;
			routes[i].iov_len -= part;
			break;
		}
	}
	if (left)
		return n; /* not yet at the end of the message */
	if (c->own_at < c->own.len) {
		*own = n;
		out[n++] = (struct iovec){c->own.data + c->own_at, c->own.len - c->own_at};
	}
	while (i < n_routes)
		out[n++] = routes[i++];
	return n;
}

/* Messages that began in the N bytes of routes at AT, which were written; their segment is whole
 * messages. */
static unsigned count_messages(struct conn *c, const uint8_t *at, size_t n)
{
	unsigned messages = 0;

	while (n > c->skip) {
		at += c->skip;
		n -= c->skip;
		c->skip = get_u16(at + 16);
		messages++;
	}
	c->skip -= n;
	return messages;
}

/* DONE bytes of the N segments were written. */
static void account(struct conn *c, const struct iovec *iov, int n, int own, size_t done)
{
	size_t routes = 0;
	unsigned updates = 0;

	c->wrote_ms = now_ms();
	for (int i = 0; i < n; i++) {
		size_t part = MIN(done, iov[i].iov_len);

		done -= part;
		if (i == own) {
			c->own_at += part;
			continue;
		}
		routes += part;
		updates += count_messages(c, iov[i].iov_base, part);
	}
	if (c->own_at == c->own.len) {
		wr_reset(&c->own);
		c->own_at = 0;
	}
	if (updates)
		peer_sent_updates(c->pull, updates, routes);
	if (routes)
		c->source->sent(c->pull, routes);
}

/* 1: all written, 0: the socket is full or the quantum used up, -1: the connection is gone. */
static int write_some(struct conn *c)
{
	size_t quantum = 0;

	while (quantum < WRITE_BYTES_PER_TURN) {
		struct iovec iov[SEGMENTS + 2];
		int own, n = conn_gather(c, iov, SEGMENTS, &own);
		ssize_t done;

		if (!n)
			return 1;
		done = writev(c->fd, iov, n);
		if (done < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (done < 0) {
			closed(c, errno);
			return -1;
		}
		account(c, iov, n, own, done);
		quantum += done;
	}
	return 0;
}

static void finish_connect(struct conn *c)
{
	int err = 0;
	socklen_t len = sizeof(err);

	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err) {
		closed(c, err);
		return;
	}
	c->connecting = false;
	watch_on(&c->rd_watch);
	c->busy = true;
	c->handlers->connected(c->arg);
	c->busy = false;
	if (c->freed)
		conn_release(c);
}

static void on_writable(int fd, short what, void *arg)
{
	struct conn *c = arg;

	if (c->connecting) {
		finish_connect(c);
		return;
	}
	switch (write_some(c)) {
	case 0:
		watch_on(&c->wr_watch);
		break;
	case 1:
		watch_off(&c->wr_watch);
		if (c->finishing)
			shutdown(c->fd, SHUT_WR);
	}
}

void conn_send(struct conn *c, const struct wr *w)
{
	wr_bytes(&c->own, w->data, w->len);
	conn_kick(c);
}

void conn_pull(struct conn *c, const struct conn_source *source, struct peer *p)
{
	c->source = source;
	c->pull = p;
	conn_kick(c);
}

void conn_kick(struct conn *c)
{
	if (!c->wr_watch.on)
		c->waits_ms = now_ms();
	watch_try(&c->wr_watch);
}

static void on_finish_time(void *arg)
{
	conn_free(arg);
}

void conn_finish(struct conn *c)
{
	/* Behind half a message of routes nothing can be said. */
	if (c->connecting || c->skip || n_finishing >= FINISHING_MAX) {
		conn_free(c);
		return;
	}
	unpark(c);
	c->pull = NULL;
	c->finishing = true;
	TAILQ_INSERT_TAIL(&finishing, c, link);
	n_finishing++;
	timer_init(&c->finish, on_finish_time, c);
	timer_start(&c->finish, FINISH_MS);
	conn_kick(c);
}

void conn_refuse(int fd, const struct bgp_error *e)
{
	struct conn *c = conn_new(fd, false, NULL, NULL); /* one that finishes calls nobody */
	struct wr w = {0};

	notification_put(&w, e);
	conn_send(c, &w);
	wr_free(&w);
	conn_finish(c);
}

void conn_finish_all(void)
{
	while (!TAILQ_EMPTY(&finishing))
		conn_free(TAILQ_FIRST(&finishing));
}

int conn_fd(const struct conn *c)
{
	return c->fd;
}

uint64_t conn_heard_ms(const struct conn *c)
{
	return c->heard_ms;
}

uint64_t conn_stuck_since_ms(const struct conn *c)
{
	if (!c->wr_watch.on)
		return 0;
	return c->waits_ms > c->wrote_ms ? c->waits_ms : c->wrote_ms;
}

void conn_reset_at_end(struct conn *c)
{
	static const struct linger reset = {.l_onoff = 1};

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

bool conn_unread(const struct conn *c)
{
	int n = 0;

	return ioctl(c->fd, FIONREAD, &n) == 0 && n > 0;
}

bool conn_idle(const struct conn *c)
{
	return c->own_at == c->own.len;
}
