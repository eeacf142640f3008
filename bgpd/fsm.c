/* SPDX-License-Identifier: BSD-2-Clause */
#include "fsm.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "util.h"

#define GRACE_MS 2000 /* when bytes wait that we had no time to read */

uint64_t fsm_open_hold_ms = 240 * 1000;

uint64_t fsm_jitter(uint64_t ms)
{
	return ms - randombytes_uniform(ms / 4 + 1);
}

static struct bgp_error make_error(uint8_t code, uint8_t subcode, const char *text)
{
	struct bgp_error e = {.code = code, .subcode = subcode};

	str_copy(e.text, text, sizeof(e.text));
	return e;
}

/* Ends F with a NOTIFICATION of ours. */
static void fail(struct fsm *f, const struct bgp_error *e)
{
	f->ops->ended(f, FSM_SENT, e, e->text);
}

void fsm_send_keepalive(struct fsm *f)
{
	struct wr w = {0};

	keepalive_put(&w);
	conn_send(f->conn, &w);
	peer_sent(f->peer, BGP_KEEPALIVE, w.len);
	wr_free(&w);
}

static void on_keepalive_time(void *arg)
{
	struct fsm *f = arg;

	timer_start(&f->keepalive, fsm_jitter(f->keepalive_time * 1000ull));
	if (conn_idle(f->conn)) /* one that waits is enough */
		fsm_send_keepalive(f);
}

/* Messages do not touch the timer: what came last is looked at when it fires. On the way to
 * ESTABLISHED single bytes count for nothing, and no hold time lets nobody stay there. */
static void on_hold_time(void *arg)
{
	struct fsm *f = arg;
	bool wait = f->state == PEER_OPENSENT || !f->hold_time;
	uint64_t limit = wait ? fsm_open_hold_ms : f->hold_time * 1000ull;
	uint64_t since = now_ms() -
			 (f->state == PEER_ESTABLISHED ? conn_heard_ms(f->conn) : f->state_ms);
	struct bgp_error e;

	if (since < limit) {
		timer_start(&f->hold, limit - since);
		return;
	}
	if (conn_unread(f->conn)) {
		timer_start(&f->hold, GRACE_MS);
		return;
	}
	e = make_error(4, 0, "nothing heard within the hold time");
	fail(f, &e);
}

/* RFC 9687: nothing that waits could be sent for so long: the neighbour hears nothing of us, and
 * must not keep what it has heard. Messages do not touch this timer either. */
static void on_send_hold_time(void *arg)
{
	struct fsm *f = arg;
	uint64_t limit = f->send_hold_time * 1000ull, since = conn_stuck_since_ms(f->conn);
	uint64_t stuck = since ? now_ms() - since : 0;
	struct bgp_error e;
	char text[64];

	if (stuck < limit) {
		timer_start(&f->send_hold, limit - stuck);
		return;
	}
	snprintf(text, sizeof(text), "nothing could be sent for %u s", f->send_hold_time);
	e = make_error(8, 0, text);
	conn_reset_at_end(f->conn); /* nobody takes what waits */
	fail(f, &e);
}

#define SEND_HOLD_LEAST 480 /* seconds; RFC 9687 section 3.3 */

void fsm_send_hold_changed(struct fsm *f)
{
	uint32_t configured = f->peer->conf.send_hold;
	uint32_t usual = f->hold_time * 2u > SEND_HOLD_LEAST ? f->hold_time * 2u : SEND_HOLD_LEAST;

	timer_stop(&f->send_hold);
	f->send_hold_time = !f->hold_time ? 0 : configured == SEND_HOLD_AUTO ? usual : configured;
	if (f->send_hold_time)
		timer_start(&f->send_hold, f->send_hold_time * 1000ull);
}

static void enter(struct fsm *f, enum peer_state state)
{
	f->state = state;
	f->state_ms = now_ms();
}

static void send_open(struct fsm *f)
{
	struct wr w = {0};
	struct open o;

	f->ops->put_open(f->peer, &o);
	open_put(&w, &o);
	conn_send(f->conn, &w);
	peer_sent(f->peer, BGP_OPEN, w.len);
	wr_free(&w);
	enter(f, PEER_OPENSENT);
	timer_start(&f->hold, fsm_open_hold_ms);
}

void fsm_keepalive_changed(struct fsm *f)
{
	uint16_t configured = f->peer->conf.keepalive;

	f->keepalive_time = f->hold_time / 3;
	if (configured && configured < f->keepalive_time)
		f->keepalive_time = configured;
	if (f->hold_time)
		timer_start(&f->keepalive, fsm_jitter(f->keepalive_time * 1000ull));
}

static void negotiate_timers(struct fsm *f)
{
	const struct peer_conf *conf = &f->peer->conf;

	f->hold_time = MIN(f->open.hold_time, conf->hold_time);
	timer_start(&f->hold, f->hold_time ? f->hold_time * 1000ull
					   : fsm_open_hold_ms); /* until ESTABLISHED */
	fsm_keepalive_changed(f);
}

/* OPENSENT: section 8.2.2, event 19. */
static void on_open(struct fsm *f, const uint8_t *body, size_t len)
{
	struct bgp_error e = {0};

	if (open_decode(body, len, &f->open, &e) < 0) {
		fail(f, &e);
		return;
	}
	if (!f->ops->opened(f, &e)) {
		if (e.code)
			fail(f, &e);
		return;
	}
	enter(f, PEER_OPENCONFIRM);
	fsm_send_keepalive(f);
	negotiate_timers(f);
	f->ops->state_changed(f->peer);
}

static void on_notification(struct fsm *f, const uint8_t *body, size_t len)
{
	struct bgp_error e;

	notification_decode(body, len, &e);
	f->ops->ended(f, FSM_RECEIVED, &e, e.text);
}

static void on_keepalive(struct fsm *f, const uint8_t *body, size_t len)
{
	if (f->state != PEER_OPENCONFIRM)
		return;
	enter(f, PEER_ESTABLISHED);
	if (!f->hold_time)
		timer_stop(&f->hold);
	fsm_send_hold_changed(f);
	f->ops->established(f);
}

static void on_update(struct fsm *f, const uint8_t *body, size_t len)
{
	f->ops->update(f, body, len);
}

static void on_refresh(struct fsm *f, const uint8_t *body, size_t len)
{
	f->ops->refresh_asked(f, body, len);
}

/* Which messages are legal in which state; any other is an error of its state machine. */
static const struct {
	enum peer_state state;
	enum bgp_message type;
	void (*handler)(struct fsm *f, const uint8_t *body, size_t len);
} legal[] = {
	{PEER_OPENSENT, BGP_OPEN, on_open},
	{PEER_OPENSENT, BGP_NOTIFICATION, on_notification},
	{PEER_OPENCONFIRM, BGP_KEEPALIVE, on_keepalive},
	{PEER_OPENCONFIRM, BGP_NOTIFICATION, on_notification},
	{PEER_ESTABLISHED, BGP_UPDATE, on_update},
	{PEER_ESTABLISHED, BGP_KEEPALIVE, on_keepalive},
	{PEER_ESTABLISHED, BGP_ROUTE_REFRESH, on_refresh},
	{PEER_ESTABLISHED, BGP_NOTIFICATION, on_notification},
};

static void on_message(void *arg, enum bgp_message type, const uint8_t *body, size_t len)
{
	struct fsm *f = arg;
	struct bgp_error e;

	peer_heard(f->peer, type, len + BGP_HEADER_BYTES);
	for (unsigned i = 0; i < ARRAY_SIZE(legal); i++)
		if (legal[i].state == f->state && legal[i].type == type) {
			legal[i].handler(f, body, len);
			return;
		}
	/* RFC 6608: the subcode is the state, the data the type. */
	e = make_error(5, f->state - PEER_OPENSENT + 1, "message not expected in this state");
	e.data[0] = type;
	e.len = 1;
	fail(f, &e);
}

static void on_connected(void *arg)
{
	struct fsm *f = arg;

	send_open(f);
	f->ops->state_changed(f->peer);
}

static void on_malformed(void *arg, const struct bgp_error *error)
{
	fail(arg, error);
}

static void fsm_on_closed(void *arg, int err)
{
	struct fsm *f = arg;
	char why[128];

	if (f->state == PEER_CONNECT)
		snprintf(why, sizeof(why), "cannot connect: %s", strerror(err));
	else
		snprintf(why, sizeof(why), "connection lost: %s",
			 err ? strerror(err) : "closed by the neighbour");
	f->ops->ended(f, FSM_LOST, NULL, why);
}

struct fsm *fsm_new(const struct fsm_ops *ops, struct peer *p, int fd, bool outgoing)
{
	static const struct conn_handlers handlers = {on_connected, on_message, on_malformed,
						      fsm_on_closed};
	struct fsm *f = xcalloc(1, sizeof(*f));

	f->ops = ops;
	f->peer = p;
	f->outgoing = outgoing;
	f->state = PEER_CONNECT;
	f->started_ms = now_ms();
	timer_init(&f->hold, on_hold_time, f);
	timer_init(&f->keepalive, on_keepalive_time, f);
	timer_init(&f->send_hold, on_send_hold_time, f);
	f->conn = conn_new(fd, outgoing, &handlers, f);
	if (!outgoing)
		send_open(f);
	return f;
}

void fsm_close(struct fsm *f, const struct bgp_error *error)
{
	struct wr w = {0};

	timer_stop(&f->hold);
	timer_stop(&f->keepalive);
	timer_stop(&f->send_hold);
	if (error && f->state > PEER_CONNECT) {
		notification_put(&w, error);
		conn_send(f->conn, &w);
		peer_sent(f->peer, BGP_NOTIFICATION, w.len);
		wr_free(&w);
		conn_finish(f->conn);
	} else {
		conn_free(f->conn);
	}
	free(f);
}
