/* SPDX-License-Identifier: BSD-2-Clause */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "listen.h"
#include "util.h"

enum { OPEN = 1, UPDATE, NOTIFICATION, KEEPALIVE, ROUTE_REFRESH };
enum { HEADER_LEN = 19, MESSAGE_MAX = 4096, AS_TRANS = 23456 };
enum { READ_MAX = 1 << 18, READS_AN_EVENT = 4, IOV_MAX_HERE = 64 };
enum { WRITE_MAX = 1 << 18 };

static const char *const state_names[] = {"idle", "connect", "opensent", "openconfirm",
					  "established"};

const char *session_state_name(enum session_state state)
{
	return state_names[state];
}

uint64_t session_prefixes(const struct session *s)
{
	if (s->received)
		return s->received->count;
	return s->counts.announced > s->counts.withdrawn ? s->counts.announced - s->counts.withdrawn
							 : 0;
}

static void check_expected(struct session *s)
{
	uint64_t now = session_prefixes(s);

	if (!s->counts.reached_us && (s->expect_at_most ? now <= s->expect : now >= s->expect))
		s->counts.reached_us = now_us();
}

void session_expect(struct session *s, uint64_t prefixes, bool at_most)
{
	s->expect = prefixes;
	s->expect_at_most = at_most;
	s->counts.reached_us = 0;
	check_expected(s);
}

/* ---- output */

static void queue_pop(struct session *s)
{
	free(s->queue[s->first].owned);
	s->first++;
	if (--s->queued == 0)
		s->first = 0;
}

static void queue_clear(struct session *s)
{
	while (s->queued > 0)
		queue_pop(s);
}

static void queue_push(struct session *s, const uint8_t *data, size_t len, void *owned)
{
	if (s->first > 0 && s->first + s->queued == s->queue_cap) {
		memmove(s->queue, s->queue + s->first, s->queued * sizeof(*s->queue));
		s->first = 0;
	}
	if (s->queued == s->queue_cap) {
		s->queue_cap = s->queue_cap ? s->queue_cap * 2 : 16;
		s->queue = xrealloc(s->queue, s->queue_cap * sizeof(*s->queue));
	}
	s->queue[s->first + s->queued++] =
		(struct segment){.data = data, .len = len, .owned = owned};
}

static void queue_advance(struct session *s, size_t n)
{
	while (n > 0) {
		struct segment *seg = &s->queue[s->first];
		size_t part = n < seg->len ? n : seg->len;

		seg->data += part;
		seg->len -= part;
		n -= part;
		if (seg->len == 0)
			queue_pop(s);
	}
}

static void flush(struct session *s)
{
	struct iovec iov[IOV_MAX_HERE];
	size_t n = 0, total = 0;
	ssize_t done;

	for (; n < s->queued && n < IOV_MAX_HERE && total < WRITE_MAX; n++) {
		struct segment *seg = &s->queue[s->first + n];

		iov[n].iov_base = (void *)seg->data;
		iov[n].iov_len = seg->len < WRITE_MAX ? seg->len : WRITE_MAX;
		total += iov[n].iov_len;
		if (iov[n].iov_len < seg->len) {
			n++;
			break;
		}
	}
	done = n ? writev(s->fd, iov, n) : 0;
	if (done < 0 && errno != EAGAIN && errno != EINTR) {
		session_drop(s, strerror(errno));
		return;
	}
	if (done > 0)
		queue_advance(s, done);
	if (s->queued > 0) {
		watch_on(&s->writable);
	} else {
		watch_off(&s->writable);
		s->counts.sent_us = now_us();
	}
}

void session_send(struct session *s, const uint8_t *data, size_t len, void *owned)
{
	if (s->fd < 0) {
		free(owned);
		return;
	}
	queue_push(s, data, len, owned);
	watch_on(&s->writable);
}

static void send_message(struct session *s, uint8_t type, const void *body, size_t len)
{
	struct wr w = {0};

	memset(wr_room(&w, 16), 0xff, 16);
	wr_u16(&w, HEADER_LEN + len);
	wr_u8(&w, type);
	wr_bytes(&w, body, len);
	session_send(s, w.data, w.len, w.data);
}

static void put_capability(struct wr *w, uint8_t code, const void *value, uint8_t len)
{
	wr_u8(w, 2); /* parameter: capabilities */
	wr_u8(w, 2 + len);
	wr_u8(w, code);
	wr_u8(w, len);
	wr_bytes(w, value, len);
}

static void send_open(struct session *s)
{
	uint32_t as = htonl(s->opt.as);
	struct wr w = {0}, caps = {0};

	if (s->opt.ipv4)
		put_capability(&caps, 1, "\0\1\0\1", 4);
	if (s->opt.ipv6)
		put_capability(&caps, 1, "\0\2\0\1", 4);
	put_capability(&caps, 65, &as, 4);
	if (s->opt.gr)
		put_capability(&caps, 64, "\0\x78\0\1\1\x80\0\2\1\x80", s->opt.ipv6 ? 10 : 6);
	wr_u8(&w, 4);
	wr_u16(&w, s->opt.as > 65535 ? AS_TRANS : s->opt.as);
	wr_u16(&w, s->opt.hold);
	wr_u32(&w, s->opt.id);
	wr_u8(&w, caps.len);
	wr_bytes(&w, caps.data, caps.len);
	send_message(s, OPEN, w.data, w.len);
	wr_free(&w);
	wr_free(&caps);
	s->state = SESSION_OPENSENT;
}

static void keepalive_due(void *arg)
{
	struct session *s = arg;

	if (s->queued == 0)
		send_message(s, KEEPALIVE, NULL, 0);
	timer_start(&s->keepalive, s->opt.hold * 1000 / 3);
}

/* ---- input */

static size_t count_nlri(const uint8_t *at, size_t len)
{
	const uint8_t *end = at + len;
	size_t n = 0;

	for (; at < end; at += 1 + (*at + 7) / 8)
		n++;
	return n;
}

static bool read_nlri(struct rd *r, uint8_t family, struct prefix *out)
{
	uint8_t bytes[16] = {0}, len = rd_u8(r);

	if (r->bad || len > family_bits(family))
		return false;
	rd_bytes(r, bytes, (len + 7) / 8);
	*out = prefix_make(family, bytes, len);
	return !r->bad;
}

static void remember(struct session *s, uint8_t family, const uint8_t *at, size_t len,
		     const uint32_t *attrs)
{
	struct prefix p;
	struct rd r;

	rd_init(&r, at, len);
	while (rd_left(&r) > 0 && read_nlri(&r, family, &p)) {
		if (attrs)
			received_set(s->received, &p, *attrs);
		else
			received_remove(s->received, &p);
	}
}

static void tell_heard(struct session *s, uint8_t family, const uint8_t *at, size_t len)
{
	struct prefix p;
	struct rd r;

	rd_init(&r, at, len);
	while (rd_left(&r) > 0 && read_nlri(&r, family, &p))
		s->heard(s->heard_arg, &p);
}

static void take_nlri(struct session *s, uint8_t family, const uint8_t *at, size_t len,
		      const struct attrs *a)
{
	*(a ? &s->counts.announced : &s->counts.withdrawn) += count_nlri(at, len);
	if (s->heard)
		tell_heard(s, family, at, len);
	if (s->received && len > 0 && a) {
		uint32_t number = attrs_intern(s->pool, a);

		remember(s, family, at, len, &number);
	} else if (s->received && len > 0) {
		remember(s, family, at, len, NULL);
	}
}

static void handle_update(struct session *s, const uint8_t *body, size_t len)
{
	static struct wr scratch;
	struct mp_nlri mp = {0};
	struct attrs a = {0};
	const uint8_t *gone, *attrs;
	size_t gone_len, attrs_len;
	struct rd r;

	rd_init(&r, body, len);
	gone = rd_take(&r, gone_len = rd_u16(&r));
	attrs = rd_take(&r, attrs_len = rd_u16(&r));
	if (r.bad) {
		session_drop(s, "malformed UPDATE received");
		return;
	}
	s->counts.last_update_us = now_us();
	if (!s->counts.first_update_us)
		s->counts.first_update_us = s->counts.last_update_us;
	if ((s->received || s->opt.ipv6) && attrs_len &&
	    attrs_decode(attrs, attrs_len, ATTRS_AS4, &scratch, &a, &mp) < 0) {
		session_drop(s, "malformed attributes received");
		return;
	}
	take_nlri(s, AF_INET, gone, gone_len, NULL);
	if (mp.has_unreach && mp.family)
		take_nlri(s, mp.family, mp.unreach, mp.unreach_len, NULL);
	take_nlri(s, AF_INET, r.at, rd_left(&r), &a);
	if (mp.has_reach && mp.family)
		take_nlri(s, mp.family, mp.reach, mp.reach_len, &a);
	if (len == 4 || (mp.has_unreach && mp.unreach_len == 0 && !mp.has_reach))
		s->counts.end_of_rib_us = s->counts.last_update_us;
}

static void handle_notification(struct session *s, const uint8_t *body, size_t len)
{
	char why[64];

	snprintf(why, sizeof(why), "NOTIFICATION %u/%u received", len > 0 ? body[0] : 0,
		 len > 1 ? body[1] : 0);
	session_drop(s, why);
}

static void handle_message(struct session *s, uint8_t type, const uint8_t *body, size_t len)
{
	s->counts.messages++;
	if (type == UPDATE && s->state == SESSION_ESTABLISHED) {
		handle_update(s, body, len);
	} else if (type == OPEN && s->state == SESSION_OPENSENT) {
		send_message(s, KEEPALIVE, NULL, 0);
		s->state = SESSION_OPENCONFIRM;
	} else if (type == KEEPALIVE && s->state == SESSION_OPENCONFIRM) {
		s->state = SESSION_ESTABLISHED;
		s->counts.established_us = now_us();
		s->counts.ups++;
		if (s->opt.hold)
			timer_start(&s->keepalive, s->opt.hold * 1000 / 3);
	} else if (type == NOTIFICATION) {
		handle_notification(s, body, len);
	} else if (type != KEEPALIVE && type != ROUTE_REFRESH) {
		session_drop(s, "message out of place received");
	}
}

/* Takes whole messages; returns the bytes taken. */
static size_t handle_bytes(struct session *s, const uint8_t *data, size_t len)
{
	size_t at = 0;

	while (s->fd >= 0 && len - at >= HEADER_LEN) {
		size_t size = data[at + 16] << 8 | data[at + 17];

		if (size < HEADER_LEN || size > MESSAGE_MAX) {
			session_drop(s, "bad message length received");
			return len;
		}
		if (len - at < size)
			break;
		handle_message(s, data[at + 18], data + at + HEADER_LEN, size - HEADER_LEN);
		at += size;
	}
	return at;
}

static void read_some(int fd, short what, void *arg)
{
	static uint8_t buffer[READ_MAX + MESSAGE_MAX];
	struct session *s = arg;

	for (int i = 0; i < READS_AN_EVENT && s->fd >= 0; i++) {
		size_t have = s->partial_len, used;
		ssize_t n;

		memcpy(buffer, s->partial, have);
		n = read(s->fd, buffer + have, READ_MAX);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) {
			session_drop(s, n == 0 ? "closed by the far end" : strerror(errno));
			break;
		}
		s->counts.bytes += n;
		have += n;
		used = handle_bytes(s, buffer, have);
		if (s->fd < 0)
			break;
		s->partial_len = have - used;
		memcpy(s->partial, buffer + used, s->partial_len);
		if (n < READ_MAX)
			break;
	}
	check_expected(s);
}

/* ---- connections */

static void take_socket(struct session *s, int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	s->fd = fd;
	s->partial_len = 0;
	watch_init(&s->readable, fd, EV_READ, read_some, s);
}

static void connected(int fd, short what, void *arg)
{
	struct session *s = arg;

	if (s->state == SESSION_CONNECT) {
		int error = 0;
		socklen_t len = sizeof(error);

		getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error) {
			session_drop(s, strerror(error));
			return;
		}
		send_open(s);
		watch_on(&s->readable);
	}
	flush(s);
}

static void start_connect(struct session *s)
{
	struct endpoint local = {.addr = s->opt.local};
	struct endpoint remote = {.addr = s->opt.remote, .port = s->opt.port};
	struct sockaddr_storage ss;
	int fd = socket(s->opt.remote.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc = fd;

	if (fd < 0)
		fatal("socket: %s", strerror(errno));
	take_socket(s, fd);
	watch_init(&s->writable, fd, EV_WRITE, connected, s);
	s->state = SESSION_CONNECT;
	if (s->opt.local.family) {
		int on = 1;

		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		rc = bind(fd, (struct sockaddr *)&ss, endpoint_to_sockaddr(&local, &ss));
	}
	if (rc >= 0)
		rc = connect(fd, (struct sockaddr *)&ss, endpoint_to_sockaddr(&remote, &ss));
	if (rc < 0 && errno != EINPROGRESS) {
		session_drop(s, strerror(errno));
		return;
	}
	watch_on(&s->writable);
}

static void accepted(int fd, void *arg)
{
	struct session *s = arg;

	if (s->fd >= 0)
		session_drop(s, "replaced by a new connection");
	timer_stop(&s->retry);
	take_socket(s, fd);
	watch_init(&s->writable, fd, EV_WRITE, connected, s);
	send_open(s);
	watch_on(&s->readable);
}

static void retry_due(void *arg)
{
	start_connect(arg);
}

struct session *session_new(const struct session_options *opt, struct attrs_pool *pool)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->opt = *opt;
	s->fd = -1;
	s->pool = pool;
	s->partial = xmalloc(MESSAGE_MAX);
	if (opt->table)
		s->received = received_new(pool);
	timer_init(&s->retry, retry_due, s);
	timer_init(&s->keepalive, keepalive_due, s);
	if (opt->passive)
		listen_add(&opt->local, opt->port, &opt->remote, accepted, s);
	else
		start_connect(s);
	return s;
}

void session_drop(struct session *s, const char *why)
{
	if (s->fd < 0)
		return;
	watch_off(&s->readable);
	watch_off(&s->writable);
	close(s->fd);
	s->fd = -1;
	queue_clear(s);
	timer_stop(&s->keepalive);
	if (s->state == SESSION_ESTABLISHED)
		s->counts.downs++;
	s->state = SESSION_IDLE;
	s->partial_len = 0;
	s->counts.announced = s->counts.withdrawn = 0;
	if (s->received)
		received_clear(s->received);
	str_copy(s->error, why, sizeof(s->error));
	if (!s->closed && !s->opt.passive)
		timer_start(&s->retry, s->opt.retry_ms);
}

void session_close(struct session *s)
{
	s->closed = true;
	timer_stop(&s->retry);
	if (s->opt.passive)
		listen_remove(s);
	session_drop(s, "closed by us");
}

void session_stall(struct session *s, bool on)
{
	s->stalled = on;
	if (s->fd >= 0 && on)
		watch_off(&s->readable);
	else if (s->fd >= 0)
		watch_on(&s->readable);
}

void session_free(struct session *s)
{
	session_close(s);
	received_free(s->received);
	free(s->queue);
	free(s->partial);
	free(s);
}
