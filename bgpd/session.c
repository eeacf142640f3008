/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: what belongs to the neighbour and not to one connection: when to connect, which of two
 * connections stays (RFC 4271 section 6.8), back-off, and what the tables are told.
 *
 * After an error IdleHold keeps the session quiet, 1 s at first and twice as long each time; a lost
 * connection is made again at once, and attempts that find nobody come more seldom, up to
 * ConnectRetry. A neighbour that connects is let in during a first IdleHold: it may be the only one
 * that can connect. One that sent a Cease is let in during any: it made no error, and calls when it
 * wants a session again; if it were turned away it would leave us alone in its turn, and two ends
 * could miss each other for good; if that goes on and on it waits for our OPEN (session_calls.h).
 * After max-prefix it rests: nobody connects, a dynamic one is kept in mind for so long, until
 * `clear` or a higher limit.
 */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bgp.h"
#include "fsm.h"
#include "peer_way.h"
#include "retry.h"
#include "session_calls.h"
#include "session_open.h"
#include "session_proof.h"
#include "session_say.h"
#include "session_socket.h"
#include "util.h"

#define FIRST_RETRY_MS 1000
#define RETRY_MOST_MS 256000
#define IDLE_MAX_MS 120000
#define PREFIX_LIMIT_MS 300000 /* after max-prefix: the same will come again */
#define STEADY_MS 60000	       /* up for so long: the errors before are forgotten */
#define LINGER_MS 1000	       /* of a dynamic neighbour that is not expected back */
#define COLLISION_MS 2000      /* ESTABLISHED for no longer: the neighbour need not know it yet */

static void connect_now(struct session *s);
static void let_in(struct session *s, int fd);

static enum peer_state session_state_of(const struct fsm *f)
{
	return f ? f->state : PEER_IDLE;
}

static void update_state(struct session *s)
{
	enum peer_state in = session_state_of(s->in), out = session_state_of(s->out);
	enum peer_state state = s->up ? PEER_ESTABLISHED : in > out ? in : out;

	if (state == PEER_IDLE && s->started && !timer_running(&s->idle) && !session_rests(s))
		state = PEER_ACTIVE;
	s->peer->state = state;
}

static void session_state_changed(struct peer *p)
{
	update_state(p->session);
}

static void start_retry(struct session *s)
{
	uint64_t most = s->peer->conf.connect_retry * 1000ull;

	most = most < RETRY_MOST_MS ? most : RETRY_MOST_MS;
	timer_start(&s->retry, fsm_jitter(retry_delay_ms(FIRST_RETRY_MS, s->tries, most)));
}

static void on_retry_time(void *arg)
{
	struct session *s = arg;

	if (s->out && s->out->state == PEER_CONNECT) {
		struct fsm *f = s->out;

		s->out = NULL;
		session_note_error(s->peer, FSM_LOST, NULL,
				   s->peer->conf.password
					   ? "cannot connect: no answer (has it the same password?)"
					   : "cannot connect: no answer");
		fsm_close(f, NULL);
	}
	if (!s->out && !s->in)
		connect_now(s);
	s->tries++;
	start_retry(s);
	update_state(s);
}

static void on_idle_time(void *arg)
{
	struct session *s = arg;

	session_start(s->peer);
}

static void on_gone_time(void *arg)
{
	struct session *s = arg;

	session_hooks->gone(s->peer);
}

static void on_rest_time(void *arg)
{
	struct session *s = arg;

	if (s->peer->dynamic)
		session_hooks->gone(s->peer);
	else
		session_start(s->peer);
}

static void on_held_time(void *arg)
{
	struct session *s = arg;
	int fd = session_calls_release(s);

	if (fd >= 0)
		let_in(s, fd);
}

static void start_rest(struct session *s)
{
	timer_start(&s->rest, PREFIX_LIMIT_MS);
	s->refusal_said = false;
}

static void start_idle(struct session *s, enum fsm_end end, const struct bgp_error *e)
{
	uint64_t ms = retry_delay_ms(FIRST_RETRY_MS, s->failures, IDLE_MAX_MS);

	if (session_is_cease(e, CEASE_MAX_PREFIX))
		ms = PREFIX_LIMIT_MS;
	s->failures++;
	s->ceased = end == FSM_RECEIVED && e->code == CEASE;
	s->refusal_said = false;
	timer_stop(&s->retry);
	timer_start(&s->idle, fsm_jitter(ms));
}

/* Life. */

void session_new(struct peer *p)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->peer = p;
	p->session = s;
	timer_init(&s->retry, on_retry_time, s);
	timer_init(&s->idle, on_idle_time, s);
	timer_init(&s->rest, on_rest_time, s);
	timer_init(&s->gone, on_gone_time, s);
	timer_init(&s->held, on_held_time, s);
	s->held_fd = -1;
	session_proof_init(s);
}

static void session_drop(struct fsm **slot, const struct bgp_error *e)
{
	struct fsm *f = *slot;

	*slot = NULL;
	if (f)
		fsm_close(f, e);
}

void session_free(struct peer *p)
{
	struct session *s = p->session;

	timer_stop(&s->retry);
	timer_stop(&s->idle);
	timer_stop(&s->rest);
	timer_stop(&s->gone);
	session_calls_drop(s);
	session_proof_free(s);
	session_drop(&s->up, NULL);
	session_drop(&s->in, NULL);
	session_drop(&s->out, NULL);
	free(s);
	p->session = NULL;
}

bool session_busy(const struct peer *p)
{
	return p->session->up || p->session->in || p->session->out;
}

void session_start(struct peer *p)
{
	struct session *s = p->session;

	timer_stop(&s->idle);
	if (p->conf.disabled)
		return;
	s->started = true;
	if (!s->up && !session_rests(s)) {
		if (!s->out && !s->in)
			connect_now(s);
		start_retry(s);
	}
	update_state(s);
}

/* The ESTABLISHED connection is over: the tables and people hear of it. */
static void went_down(struct session *s, bool retain, enum reason reason)
{
	struct peer *p = s->peer;

	if (now_ms() - p->up_since_ms > STEADY_MS)
		s->failures = 0;
	s->tries = 0;
	p->count.dropped++;
	session_say_down(p, retain, reason);
	update_state(s);
	session_hooks->down(p, retain, reason);
	p->hold_time = p->keepalive = p->send_hold = 0;
	p->up_since_ms = now_ms();
}

/* RFC 4724 section 4.2: without a NOTIFICATION the neighbour is thought to be restarting. One that
 * resolves a collision speaks of the connection alone: where its KEEPALIVE made us ESTABLISHED on
 * the one that then lost, the session goes on with the other. One whose tunnel is down is helped by
 * nobody: it cannot forward. */
static bool may_retain(const struct peer *p, enum fsm_end end, const struct bgp_error *e)
{
	bool collided = end == FSM_RECEIVED && session_is_cease(e, CEASE_COLLISION);

	return (end == FSM_LOST || collided) && bgp.graceful_restart.enabled && p->gr &&
	       !peer_way_tunnel_down(p);
}

/* A dynamic neighbour is kept in mind for MS, and while it would not be let in. */
static void linger(struct session *s, uint64_t ms)
{
	uint64_t left = session_calls_wait_ms(s);

	timer_start(&s->gone, (ms > left ? ms : left) + LINGER_MS);
}

/* What comes after a connection ended, when no other one is left. */
static void again(struct session *s, enum fsm_end end, const struct bgp_error *e, bool retained)
{
	struct peer *p = s->peer;

	if (end == FSM_SENT && session_is_cease(e, CEASE_MAX_PREFIX)) {
		start_rest(s);
	} else if (p->dynamic) {
		linger(s, retained ? p->gr_time * 1000ull : 0);
	} else if (s->started && !p->conf.disabled) {
		if (end == FSM_LOST || session_is_cease(e, CEASE_COLLISION))
			start_retry(s);
		else
			start_idle(s, end, e);
	}
	update_state(s);
}

static bool is_under_way(const struct session *s)
{
	return s->in || (s->out && s->out->state > PEER_CONNECT);
}

static void session_ended(struct fsm *f, enum fsm_end end, const struct bgp_error *error,
			  const char *why)
{
	struct peer *p = f->peer;
	struct session *s = p->session;
	bool was_up = f == s->up, retain = was_up && may_retain(p, end, error);
	bool theirs = !f->outgoing;
	uint64_t up_ms = was_up ? now_ms() - p->up_since_ms + 1 : 0;

	if (s->up == f)
		s->up = NULL;
	else if (s->in == f)
		s->in = NULL;
	else
		s->out = NULL;
	session_note_error(p, end, error, why);
	if (!was_up)
		log_limited(session_bucket(p), end == FSM_LOST ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN,
			    "session-error", "neighbor=%s state=%s error=\"%s\"", peer_name(p),
			    peer_state_name(f->state), p->last_error);
	fsm_close(f, end == FSM_SENT ? error : NULL);
	if (was_up)
		went_down(s, retain, REASON_SESSION_DOWN);
	if (theirs && !is_under_way(s))
		session_calls_ended(s, up_ms);
	if (!s->up && !s->in && !s->out)
		again(s, end, error, retain);
	else
		update_state(s);
}

/* OPEN. */

/* An OPEN while ESTABLISHED: a neighbour that restarted (RFC 4724 section 4.2), when it connected
 * well after that; else the later connection of a collision. Its call may have waited at our end:
 * for a restart the one would be ended here, the other there, and none would be left. */
static bool replaces_established(const struct session *s, const struct fsm *f)
{
	return bgp.graceful_restart.enabled && s->peer->gr &&
	       f->started_ms > s->peer->up_since_ms + COLLISION_MS;
}

static bool session_opened(struct fsm *f, struct bgp_error *error)
{
	struct session *s = f->peer->session;
	struct fsm *other = f == s->in ? s->out : s->in;
	struct bgp_error e = session_cease(CEASE_COLLISION, "another connection stands");

	s->peer->claimed_as = f->open.as;
	if (!session_judge_open(s->peer, &f->open, error))
		return false;
	if (s->up && replaces_established(s, f)) {
		session_ended(s->up, FSM_LOST, NULL, "the neighbour restarted");
		session_calls_ended(s, 1);
	} else if (s->up) {
		*error = e;
		return false;
	}
	if (!other || other->state != PEER_OPENCONFIRM)
		return true;
	if (session_ours_stays(&f->open) == f->outgoing) {
		session_drop(other == s->in ? &s->in : &s->out, &e);
		return true;
	}
	*error = e;
	return false;
}

/* ESTABLISHED. */

static void session_established(struct fsm *f)
{
	struct session *s = f->peer->session;
	struct peer *p = s->peer;
	struct bgp_error e = session_cease(CEASE_COLLISION, "another connection stands");

	if (s->in == f)
		s->in = NULL;
	else
		s->out = NULL;
	session_drop(&s->in, &e);
	session_drop(&s->out, &e);
	session_calls_refuse(s, &e);
	s->up = f;
	timer_stop(&s->retry);
	timer_stop(&s->idle);
	timer_stop(&s->gone);
	session_take_over(p, f);
	s->context = (struct update_context){
		.ebgp = p->ebgp,
		.four_octet = p->four_octet,
		.family = {p->family[BGP_IPV4], p->family[BGP_IPV6]},
		.as = p->as,
		.any_first_as = !p->conf.enforce_first_as,
		.aigp = p->conf.aigp,
		.extended_hop = p->extended_hop,
		.plane = p->conf.plane,
		.link_local = p->local_ll.family && peer_way_is_tunnel(p),
		.link = p->ifname,
	};
	p->count.established++;
	update_state(s);
	session_say_up(p);
	session_hooks->up(p);
	if (s->up == f)
		conn_pull(f->conn, session_hooks->out, p);
}

static void session_update(struct fsm *f, const uint8_t *body, size_t len)
{
	struct session *s = f->peer->session;
	struct peer *p = s->peer;
	struct bgp_error e;
	struct update u;

	p->count.updates_in++;
	if (update_decode(body, len, &s->context, &u, &e) < 0) {
		session_ended(f, FSM_SENT, &e, e.text);
		return;
	}
	if (e.text[0])
		log_limited(&p->bucket, LOG_LEVEL_WARN, "update-malformed",
			    "neighbor=%s action=%s error=\"%s\"", peer_name(p),
			    u.treat_as_withdraw ? "treat-as-withdraw" : "attribute-discard",
			    e.text);
	session_hooks->update_heard(p, &u);
	for (int i = 0; i < BGP_FAMILIES && s->up == f; i++)
		if (u.eor[i])
			session_hooks->end_of_rib(p, i);
	update_release(&u);
}

static void session_refresh_asked(struct fsm *f, const uint8_t *body, size_t len)
{
	struct peer *p = f->peer;
	enum bgp_family family = refresh_decode(body, len);

	if (family < BGP_FAMILIES && p->family[family])
		session_hooks->refresh(p, family);
}

static const struct fsm_ops fsm_ops = {
	.put_open = session_put_open,
	.opened = session_opened,
	.established = session_established,
	.update = session_update,
	.refresh_asked = session_refresh_asked,
	.ended = session_ended,
	.state_changed = session_state_changed,
};

static void connect_now(struct session *s)
{
	struct peer *p = s->peer;
	int fd;

	if (p->conf.passive || p->dynamic)
		return;
	if (peer_way_tunnel_away(p)) { /* session_path_changed() when it is there */
		str_copy(p->last_error, "not connecting: its tunnel is not there",
			 sizeof(p->last_error));
		return;
	}
	if (session_socket_obstacle(p)) {
		snprintf(p->last_error, sizeof(p->last_error), "not connecting: %s",
			 session_socket_obstacle(p));
		return;
	}
	fd = session_socket_connect(p);
	if (fd >= 0) {
		s->out = fsm_new(&fsm_ops, p, fd, true);
		return;
	}
	snprintf(p->last_error, sizeof(p->last_error), "cannot connect: %s", strerror(-fd));
	log_limited(&p->bucket, LOG_LEVEL_DEBUG, "session-connect", "neighbor=%s error=\"%s\"",
		    peer_name(p), strerror(-fd));
}

/* What others call. */

static void let_in(struct session *s, int fd)
{
	struct bgp_error e = session_cease(CEASE_COLLISION, "another connection was made");
	struct peer *p = s->peer;
	const char *why = session_refusal(s);
	int err = why ? 0 : session_socket_prepare(p, fd);

	if (why || err < 0) {
		session_refuse(s, fd, why ? why : strerror(-err));
		return;
	}
	if (s->in)
		session_calls_ended(s, 0);
	session_drop(&s->in, &e); /* an older one that got nowhere */
	timer_stop(&s->gone);
	/* If the neighbour's host lost the old connection its answer to this says so. */
	if (s->up)
		fsm_send_keepalive(s->up);
	s->in = fsm_new(&fsm_ops, p, fd, false);
	update_state(s);
}

void session_accept(struct peer *p, int fd)
{
	if (!session_refusal(p->session) && session_calls_wait_ms(p->session))
		session_calls_hold(p->session, fd);
	else
		let_in(p->session, fd);
}

/* Every connection ends with E. */
static void end_all(struct session *s, const struct bgp_error *e, enum reason reason)
{
	bool was_up = s->up != NULL;

	session_drop(&s->in, e);
	session_drop(&s->out, e);
	session_drop(&s->up, e);
	session_note_error(s->peer, FSM_SENT, e, e->text);
	if (was_up)
		went_down(s, false, reason);
	update_state(s);
}

void session_disable(struct peer *p, uint8_t subcode, const char *why)
{
	struct session *s = p->session;
	struct bgp_error e = session_cease(subcode, why);

	s->started = false;
	session_calls_drop(s);
	timer_stop(&s->retry);
	timer_stop(&s->idle);
	end_all(s, &e, REASON_SESSION_DOWN);
	if (p->dynamic && !session_rests(s))
		timer_start(&s->gone, LINGER_MS);
}

void session_call_again(struct peer *p)
{
	session_disable(p, 6, "configuration changed");
	session_start(p);
}

void session_clear(struct peer *p)
{
	struct session *s = p->session;
	struct bgp_error e = session_cease(CEASE_RESET, "cleared by the operator");

	if (!s->started)
		return;
	s->failures = s->tries = 0;
	session_calls_forget(s);
	timer_stop(&s->idle);
	timer_stop(&s->rest);
	end_all(s, &e, REASON_SESSION_DOWN);
	if (p->dynamic) {
		timer_start(&s->gone, LINGER_MS);
		return;
	}
	start_retry(s);
}

void session_limit_raised(struct peer *p)
{
	struct session *s = p->session;

	if (!session_rests(s))
		return;
	timer_stop(&s->rest);
	if (p->dynamic)
		timer_start(&s->gone, LINGER_MS);
	session_start(p);
}

void session_stop(struct peer *p, uint8_t subcode, const char *why)
{
	struct session *s = p->session;
	struct bgp_error e = session_cease(subcode, why);

	if (!session_busy(p))
		return;
	end_all(s, &e, REASON_SESSION_DOWN);
	again(s, FSM_SENT, &e, false);
}

void session_kick(struct peer *p)
{
	if (p->session && p->session->up)
		conn_kick(p->session->up->conn);
}

void session_refresh(struct peer *p, enum bgp_family family)
{
	struct wr w = {0};

	if (!p->refresh || !p->family[family])
		return;
	refresh_put(&w, family);
	conn_send(p->session->up->conn, &w);
	peer_sent(p, BGP_ROUTE_REFRESH, w.len);
	wr_free(&w);
}

void session_path_changed(struct peer *p, bool up)
{
	struct session *s = p->session;

	log_debug("session-path", "neighbor=%s state=%s", peer_name(p), up ? "up" : "down");
	if (!up || s->up || is_under_way(s) || !s->started || p->conf.passive || p->dynamic)
		return;
	if (session_shuns(s))
		return;
	if (s->out && now_ms() - s->out->started_ms < FIRST_RETRY_MS)
		return;
	session_drop(&s->out, NULL); /* its SYN may wait for long */
	s->tries = 0;
	session_start(p);
}

void session_tunnel_dead(struct peer *p, enum reason why)
{
	struct session *s = p->session;
	struct bgp_error e = session_cease(CEASE_BFD_DOWN, reason_text(why));

	if (!s->up && peer_way_tunnel_gone(p)) { /* nor becomes one established that has no way */
		end_all(s, &e, REASON_TUNNEL_DOWN);
		again(s, FSM_LOST, NULL, false);
	}
	if (!s->up || !p->conf.fast_failover)
		return;
	end_all(s, &e, REASON_TUNNEL_DOWN);
	again(s, FSM_LOST, NULL, false);
}
