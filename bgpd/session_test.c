/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A neighbour played by the test over socket pairs (it "connected to us") and, where we connect,
 * over a listening socket on the loopback; the tables are stubs that note what they are told.
 */
#include "config.h" /* accept4() */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "adjout.h"
#include "attr_wire.h"
#include "bgp.h"
#include "fsm.h"
#include "history.h"
#include "loop.h"
#include "neighbors.h"
#include "peer_way.h"
#include "policy.h"
#include "rib_session.h"
#include "session.h"
#include "session_calls.h"
#include "session_say.h"
#include "testing.h"
#include "util.h"

/* Stubs. */
static int ups, downs, updates, withdraws, eors, again, retained;
static enum reason down_reason; /* of the last one */
static struct wr routes;	/* what adjout has to send; routes_at.. not yet sent */
static size_t routes_at;

static int next_routes(struct peer *p, struct iovec *iov, int max)
{
	int n = 0;

	/* Segments of some messages of 100 bytes, cut differently each time. */
	for (size_t at = routes_at; at < routes.len && n < max; n++) {
		size_t rest = 100 - at % 100 + 100 * (rand() % 50);

		if (rest > routes.len - at)
			rest = routes.len - at;

		iov[n] = (struct iovec){routes.data + at, rest};
		at += rest;
	}
	return n;
}
static void sent_routes(struct peer *p, size_t n)
{
	routes_at += n;
	assert_true(routes_at <= routes.len);
}
void adjout_regroup(struct peer *p)
{
}
void rib_session_new(struct peer *p)
{
}
static void on_up(struct peer *p)
{
	ups++;
}
static void on_down(struct peer *p, bool retain, enum reason why)
{
	downs++;
	retained = retain;
	down_reason = why;
}
static void on_update(struct peer *p, const struct update *u)
{
	updates++;
	withdraws += u->treat_as_withdraw;
}
static void on_end_of_rib(struct peer *p, enum bgp_family family)
{
	eors++;
}
static void on_refresh(struct peer *p, enum bgp_family family)
{
	again++;
}
void adjout_leave(struct peer *p)
{
}
void rib_session_free(struct peer *p)
{
}
static bool tunnel_away, tunnel_gone, tunnel_down;
bool peer_way_is_tunnel(const struct peer *p)
{
	return false;
}

bool peer_way_nexthop(const struct peer *p, struct msg_nexthop *out)
{
	return false;
}

bool peer_way_tunnel_gone(const struct peer *p)
{
	return tunnel_gone;
}

bool peer_way_tunnel_down(const struct peer *p)
{
	return tunnel_down;
}

bool peer_way_tunnel_away(const struct peer *p)
{
	return tunnel_away;
}
static void on_proved(const struct peer *p)
{
}

void rib_rejudge(struct peer *p)
{
}
struct policy_chain *policy_chain_new(const json_t *config, const json_t *names)
{
	return NULL;
}
struct policy_chain *policy_chain_ref(struct policy_chain *c)
{
	return c;
}
void policy_chain_free(struct policy_chain *c)
{
}
bool policy_chain_eq(const struct policy_chain *a, const struct policy_chain *b)
{
	return a == b;
}

static const struct conn_source source = {next_routes, sent_routes};
static const struct session_hooks hooks = {
	.up = on_up,
	.down = on_down,
	.update_heard = on_update,
	.end_of_rib = on_end_of_rib,
	.refresh = on_refresh,
	.gone = neighbor_delete,
	.proved = on_proved,
	.out = &source,
};

/* The neighbour. */
static struct peer *peer;
static const struct open good = {.as = 65001,
				 .router_id = 0x0a000002,
				 .hold_time = 90,
				 .family = {true, true},
				 .four_octet = true,
				 .refresh = true};

static void apply(const char *options)
{
	char *text = xasprintf("{\"wgbgp-bgp:bgp\": {\"as\": 65000, \"router-id\": \"10.0.0.5\", "
			       "\"neighbor\": [{\"address\": \"127.0.0.1\", \"remote-as\": 65001 "
			       "%s}]}}",
			       options);
	json_t *config = json_loads(text, 0, NULL);

	assert_non_null(config);
	neighbors_apply(config);
	json_decref(config);
	free(text);
	peer = TAILQ_FIRST(&peers);
}

static int setup(void **state)
{
	ups = downs = updates = withdraws = eors = again = retained = 0;
	bgp.started_ms = now_ms();
	apply(", \"passive\": true");
	return 0;
}

static int teardown(void **state)
{
	neighbors_stop();
	conn_finish_all();
	wr_free(&routes);
	routes_at = 0;
	return 0;
}

static void turn(void)
{
	event_base_loop(loop_base(), EVLOOP_NONBLOCK);
}

#define AWAIT(cond)                                                                    \
	do {                                                                           \
		for (uint64_t until_ = now_ms() + test_patience_ms(); !(cond); turn()) \
			assert_true(now_ms() < until_);                                \
	} while (0)

/* A connection from the neighbour; the test's end. */
static int dial(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	session_accept(peer, fds[0]);
	return fds[1];
}

static void say(int fd, const struct wr *w)
{
	assert_int_equal(write(fd, w->data, w->len), w->len);
}

static void say_open(int fd, const struct open *o)
{
	struct wr w = {0};

	open_put(&w, o);
	say(fd, &w);
	wr_free(&w);
}

static void say_keepalive(int fd)
{
	struct wr w = {0};

	keepalive_put(&w);
	say(fd, &w);
	wr_free(&w);
}

static void say_update(int fd, const char *body, size_t len)
{
	struct wr w = {0};
	size_t mark = message_begin(&w, BGP_UPDATE);

	wr_bytes(&w, body, len);
	message_end(&w, mark);
	say(fd, &w);
	wr_free(&w);
}

/* Reads exactly N bytes while the loop runs. False at the end of the stream. */
static bool hear_bytes(int fd, uint8_t *out, size_t n)
{
	uint64_t until = now_ms() + test_patience_ms();

	for (size_t at = 0; at < n;) {
		ssize_t got = read(fd, out + at, n - at);

		if (got == 0 || (got < 0 && errno != EAGAIN))
			return false;
		if (got > 0)
			at += got;
		else
			turn();
		assert_true(now_ms() < until);
	}
	return true;
}

static uint8_t heard[BGP_MESSAGE_MAX];
static size_t heard_len;

/* The next message; 0 at the end. */
static int hear(int fd)
{
	if (!hear_bytes(fd, heard, BGP_HEADER_BYTES))
		return 0;
	heard_len = get_u16(heard + 16);
	assert_true(heard_len >= BGP_HEADER_BYTES && heard_len <= BGP_MESSAGE_MAX);
	assert_true(hear_bytes(fd, heard + BGP_HEADER_BYTES, heard_len - BGP_HEADER_BYTES));
	return heard[18];
}

static void expect_notification(int fd, uint8_t code, uint8_t subcode)
{
	int type;

	do
		type = hear(fd);
	while (type == BGP_KEEPALIVE || type == BGP_OPEN);
	assert_int_equal(type, BGP_NOTIFICATION);
	assert_int_equal(heard[19], code);
	assert_int_equal(heard[20], subcode);
	assert_int_equal(hear(fd), 0);
	close(fd);
}

static int establish(const struct open *o)
{
	int fd = dial();

	assert_int_equal(hear(fd), BGP_OPEN);
	say_open(fd, o);
	assert_int_equal(hear(fd), BGP_KEEPALIVE);
	assert_int_equal(peer->state, PEER_OPENCONFIRM);
	say_keepalive(fd);
	AWAIT(peer->state == PEER_ESTABLISHED);
	return fd;
}

static void test_establish(void **state)
{
	struct open ours;
	struct bgp_error e;
	int fd = dial();

	assert_int_equal(peer->state, PEER_OPENSENT);
	assert_int_equal(hear(fd), BGP_OPEN);
	assert_int_equal(open_decode(heard + 19, heard_len - 19, &ours, &e), 0);
	assert_int_equal(ours.as, 65000);
	assert_true(ours.four_octet && ours.refresh && ours.family[BGP_IPV4] &&
		    ours.family[BGP_IPV6]);
	assert_true(ours.gr && ours.gr_restarting && ours.gr_forwarding[BGP_IPV4]);
	close(fd);
	fd = establish(&good);
	assert_int_equal(ups, 1);
	assert_int_equal(peer->as, 65001);
	assert_true(peer->ebgp && peer->family[BGP_IPV6] && !peer->gr);
	/* End-of-RIB, a request for the table. */
	say_update(fd, "\0\0\0\0", 4);
	AWAIT(eors == 1);
	say(fd, &(struct wr){.data = (uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
						"\xff\xff\xff\xff\0\x17\5\0\1\0\1",
			     .len = 23});
	AWAIT(again == 1);
	close(fd);
	AWAIT(downs == 1);
	assert_false(retained);
	/* The second OPEN has no restart bit. */
	fd = dial();
	assert_int_equal(hear(fd), BGP_OPEN);
	assert_int_equal(open_decode(heard + 19, heard_len - 19, &ours, &e), 0);
	assert_false(ours.gr_restarting);
	close(fd);
}

static void test_byte_by_byte(void **state)
{
	struct wr w = {0};
	int fd = dial();

	open_put(&w, &good);
	keepalive_put(&w);
	for (int i = 0; i < 20; i++) {
		size_t mark = message_begin(&w, BGP_UPDATE);

		wr_bytes(&w, "\0\0\0\0", 4);
		message_end(&w, mark);
	}
	for (size_t i = 0; i < w.len; i++) {
		assert_int_equal(write(fd, w.data + i, 1), 1);
		turn();
	}
	AWAIT(eors == 20);
	assert_int_equal(updates, 20);
	wr_free(&w);
	close(fd);
}

static void test_bad_open(void **state)
{
	struct open o = good;
	struct wr w = {0};
	int fd;

	fd = dial();
	o.as = 65009;
	say_open(fd, &o);
	expect_notification(fd, 2, 2);
	fd = dial();
	o = good;
	o.router_id = 0;
	say_open(fd, &o);
	expect_notification(fd, 2, 3);
	peer->session->failures = 0;
	fd = dial();
	o = good;
	o.hold_time = 2;
	say_open(fd, &o);
	expect_notification(fd, 2, 6);
	peer->session->failures = 0;
	fd = dial();
	open_put(&w, &good);
	w.data[19] = 3;
	say(fd, &w);
	expect_notification(fd, 2, 1);
	assert_int_equal(get_u16(heard + 21), 4);
	peer->session->failures = 0;
	fd = dial();
	w.data[19] = 4;
	w.data[29] = 1; /* an authentication parameter */
	say(fd, &w);
	expect_notification(fd, 2, 4);
	wr_free(&w);
	assert_int_equal(ups, 0);
}

static void test_no_common_family(void **state)
{
	struct open o = good;
	int fd;

	apply(", \"passive\": true, \"ipv6-unicast\": false");
	fd = dial();
	o.family[BGP_IPV4] = false;
	say_open(fd, &o);
	expect_notification(fd, 2, 7);
	assert_memory_equal(heard + 21, "\1\4\0\1\0\1", 6);
}

static void test_bad_header(void **state)
{
	static const struct {
		uint8_t at, value, subcode;
	} rows[] = {{3, 0, 1}, {17, 18, 2}, {16, 0x20, 2}, {18, 9, 3}, {17, 20, 2}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct wr w = {0};
		int fd = dial();

		peer->session->failures = 0;
		keepalive_put(&w);
		w.data[rows[i].at] = rows[i].value;
		say(fd, &w);
		wr_free(&w);
		expect_notification(fd, 1, rows[i].subcode);
	}
}

static void test_unexpected(void **state)
{
	int fd = dial();

	say_keepalive(fd);
	expect_notification(fd, 5, 1);
	fd = dial();
	say_open(fd, &good);
	say_open(fd, &good);
	expect_notification(fd, 5, 2);
	fd = establish(&good);
	say_open(fd, &good);
	expect_notification(fd, 5, 3);
	assert_int_equal(downs, 1);
}

static void test_malformed_update(void **state)
{
	int fd = establish(&good);

	/* ORIGIN 3: the prefix is withdrawn, the session stays. */
	say_update(fd, "\0\0\0\4\x40\1\1\3\x18\xc0\xa8\1", 12);
	AWAIT(withdraws == 1);
	assert_int_equal(peer->state, PEER_ESTABLISHED);
	/* Prefix length 33. */
	say_update(fd, "\0\0\0\0\x21\1\2\3\4\5", 10);
	expect_notification(fd, 3, 10);
	assert_int_equal(downs, 1);
	assert_false(retained);
}

static void test_graceful_restart(void **state)
{
	struct open o = good;
	int fd, second;

	o.gr = true;
	o.gr_time = 60;
	o.gr_family[BGP_IPV4] = o.gr_forwarding[BGP_IPV4] = true;
	fd = establish(&o);
	assert_true(peer->gr_aware && peer->gr && peer->gr_family[BGP_IPV4] &&
		    !peer->gr_family[BGP_IPV6]);
	close(fd);
	AWAIT(downs == 1);
	assert_true(retained);
	/* A NOTIFICATION is no restart. */
	fd = establish(&o);
	say(fd, &(struct wr){.data = (uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
						"\xff\xff\xff\xff\0\x15\3\6\2",
			     .len = 21});
	AWAIT(downs == 2);
	assert_false(retained);
	close(fd);
	/* But one that resolves a collision speaks of the connection alone. */
	fd = establish(&o);
	say(fd, &(struct wr){.data = (uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
						"\xff\xff\xff\xff\0\x15\3\6\7",
			     .len = 21});
	AWAIT(downs == 3);
	assert_true(retained);
	close(fd);
	/* A new connection of a neighbour that we think to be there: it restarted. */
	fd = establish(&o);
	AWAIT(now_ms() > peer->up_since_ms + 2000); /* before that it would be a collision */
	second = dial();
	o.gr_restarting = true;
	assert_int_equal(hear(second), BGP_OPEN);
	say_open(second, &o);
	AWAIT(downs == 4);
	assert_true(retained);
	say_keepalive(second);
	AWAIT(ups == 5);
	assert_true(peer->gr_restarting);
	close(fd);
	close(second);
}

static void test_second_connection(void **state)
{
	int fd = establish(&good), second = dial();

	say_open(second, &good);
	expect_notification(second, 6, 7);
	assert_int_equal(peer->state, PEER_ESTABLISHED);
	assert_int_equal(downs, 0);
	close(fd);
}

/* One connection after the other: the older one hears why it ends. */
static void test_older_connection(void **state)
{
	int fd = dial(), second = dial();

	expect_notification(fd, 6, 7);
	assert_int_equal(hear(second), BGP_OPEN);
	close(second);
}

/* Whoever the neighbour is, N connections of it are refused with a Cease, and one line says so. */
static void expect_refused(int n)
{
	peer->session->refusal_said = false;
	while (n--) {
		expect_notification(dial(), 6, 5);
		assert_true(peer->session->refusal_said);
		assert_int_equal(peer->state, PEER_IDLE);
	}
}

static void test_four_errors(void **state)
{
	struct open o = good;

	o.as = 65009;
	for (int i = 0; i < 4; i++) {
		int fd = dial();

		say_open(fd, &o);
		expect_notification(fd, 2, 2);
	}
	expect_refused(10);
	session_clear(peer);
	close(establish(&good));
}

static void overflow(void)
{
	int fd = establish(&good);

	session_stop(peer, 1, "maximum number of prefixes reached");
	expect_notification(fd, 6, 1);
	expect_refused(10);
	assert_in_range(session_refusal_seconds(peer->session), 290, 300);
}

/* Each row: what the file says next, and whether that lets the neighbour in again. */
static void test_max_prefix(void **state)
{
	static const struct {
		const char *options[2];
		bool in;
	} rows[] = {
		{{", \"passive\": true, \"max-prefix\": 10"}, false},
		{{", \"passive\": true, \"max-prefix\": 9"}, false},
		{{", \"passive\": true, \"max-prefix\": 10, \"hold-time\": 30"}, false},
		{{", \"passive\": true, \"max-prefix\": 10, \"description\": \"x\""}, false},
		{{", \"passive\": true, \"max-prefix\": 11"}, true},
		{{", \"passive\": true"}, true},
		{{", \"passive\": true, \"max-prefix\": 10, \"disabled\": true",
		  ", \"passive\": true, \"max-prefix\": 10"},
		 true},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		apply(", \"passive\": true, \"max-prefix\": 10");
		session_clear(peer);
		overflow();
		for (int k = 0; k < 2 && rows[i].options[k]; k++)
			apply(rows[i].options[k]);
		if (rows[i].in)
			close(establish(&good));
		else
			expect_refused(2);
		assert_int_equal(session_refusal_seconds(peer->session) == 0, rows[i].in);
	}
	session_clear(peer);
	overflow();
	session_path_changed(peer, true);
	session_start(peer);
	expect_refused(2);
	session_clear(peer);
	close(establish(&good));
	AWAIT(peer->state != PEER_ESTABLISHED);
	overflow();
	timer_start(&peer->session->rest, 1); /* its end */
	AWAIT(peer->state == PEER_ACTIVE);
	close(establish(&good));
}

static void apply_range(int limit)
{
	json_t *config = json_pack("{s:{s:i, s:s, s:[{s:s, s:[s], s:s, s:i, s:i}]}}",
				   "wgbgp-bgp:bgp", "as", 65000, "router-id", "10.0.0.5",
				   "neighbor-group", "name", "sites", "listen-range", "10.9.0.0/16",
				   "remote-as", "external", "max-peers", 2, "max-prefix", limit);

	neighbors_apply(config);
	json_decref(config);
}

/* One that a range lets in is not forgotten while it rests. */
static void test_max_prefix_dynamic(void **state)
{
	struct addr a;

	addr_parse("10.9.0.1", &a);
	apply_range(10);
	peer = neighbor_from_range(&a, "");
	overflow();
	apply_range(10);
	expect_refused(2);
	apply_range(11);
	assert_ptr_equal(peer_find(&a), peer);
	overflow();
	session_clear(peer);
	AWAIT(peer_find(&a) == NULL);
	peer = neighbor_from_range(&a, "");
	overflow();
	timer_start(&peer->session->rest, 1);
	AWAIT(peer_find(&a) == NULL);
}

static int listener(uint16_t *port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*port = ntohs(sin.sin_port);
	return fd;
}

static int accept_from(int listening)
{
	int fd = -1;

	AWAIT((fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0);
	return fd;
}

/* Both connections in OPENCONFIRM: the one of the higher identifier stays (ours is 10.0.0.5). */
static void collide(uint32_t theirs, bool ours_stays)
{
	struct open o = good;
	uint16_t port;
	int listening = listener(&port), out, in;
	char options[64];

	neighbors_stop();
	snprintf(options, sizeof(options), ", \"port\": %u", port);
	apply(options);
	out = accept_from(listening);
	assert_int_equal(hear(out), BGP_OPEN);
	in = dial();
	assert_int_equal(hear(in), BGP_OPEN);
	o.router_id = theirs;
	say_open(out, &o);
	assert_int_equal(hear(out), BGP_KEEPALIVE);
	say_open(in, &o);
	if (ours_stays) {
		expect_notification(in, 6, 7);
		say_keepalive(out);
	} else {
		expect_notification(out, 6, 7);
		say_keepalive(in);
	}
	AWAIT(peer->state == PEER_ESTABLISHED);
	close(ours_stays ? out : in);
	close(listening);
}

static void test_collision(void **state)
{
	collide(0x0a000002, true);
	collide(0x0a000009, false);
	assert_int_equal(ups, 2);
}

/* To a tunnel's address only through the tunnel: without it a default route would take the
 * connection to whoever claims to be the neighbour. */
static void test_tunnel_away(void **state)
{
	uint16_t port;
	int listening = listener(&port), fd;
	char options[32];

	neighbors_stop();
	snprintf(options, sizeof(options), ", \"port\": %u", port);
	tunnel_away = true;
	apply(options);
	assert_int_equal(peer->state, PEER_ACTIVE);
	assert_non_null(strstr(peer->last_error, "tunnel"));
	assert_int_equal(accept4(listening, NULL, NULL, SOCK_NONBLOCK), -1);
	tunnel_away = false;
	session_path_changed(peer, true);
	fd = accept_from(listening);
	assert_int_equal(hear(fd), BGP_OPEN);
	close(fd);
	close(listening);
}

/* What is known for certain ends the session at once, and nobody waits for a restart. */
static void test_tunnel_dead(void **state)
{
	struct open o = good;
	int fd;

	o.gr = true;
	o.gr_time = 60;
	o.gr_family[BGP_IPV4] = o.gr_forwarding[BGP_IPV4] = true;
	fd = establish(&o);
	peer->conf.fast_failover = false;
	session_tunnel_dead(peer, REASON_BFD_EXPIRED);
	assert_int_equal(peer->state, PEER_ESTABLISHED);
	peer->conf.fast_failover = true;
	session_tunnel_dead(peer, REASON_BFD_EXPIRED);
	assert_int_equal(downs, 1);
	assert_false(retained);
	assert_int_equal(down_reason, REASON_TUNNEL_DOWN);
	expect_notification(fd, 6, 10);
	fd = establish(&o);
	tunnel_down = true;
	close(fd);
	AWAIT(downs == 2);
	tunnel_down = false;
	assert_false(retained);
}

/* Where the peer of the tunnel is being removed the neighbour may still be heard: a session would
 * have no way, and stand until its hold time. */
static void test_tunnel_gone(void **state)
{
	int half = dial(), fd;

	say_open(half, &good);
	assert_int_equal(hear(half), BGP_OPEN);
	tunnel_gone = true;
	session_tunnel_dead(peer, REASON_PEER_GONE);
	expect_notification(half, 6, 10);
	assert_int_equal(ups, 0);
	fd = dial();
	expect_notification(fd, 6, 5);
	assert_false(session_busy(peer));
	tunnel_gone = false;
	establish(&good);
	assert_int_equal(ups, 1);
}

static void test_hold_time(void **state)
{
	struct open o = good;
	int fd;

	o.hold_time = 3;
	fd = establish(&o);
	assert_int_equal(peer->hold_time, 3);
	assert_int_equal(peer->keepalive, 1);
	expect_notification(fd, 4, 0);
	assert_int_equal(downs, 1);
}

/* A neighbour that speaks and does not read: the session ends when nothing could be sent for the
 * send hold time, however much it says, and our half of the connection is not kept. */
static void test_send_hold(void **state)
{
	const int count = 20000;
	int fd;

	for (int i = 0; i < count; i++) {
		size_t mark = message_begin(&routes, BGP_UPDATE);

		wr_room(&routes, 100 - 19);
		message_end(&routes, mark);
	}
	peer->conf.send_hold = 1;
	fd = establish(&good);
	assert_int_equal(peer->send_hold, 1);
	session_kick(peer);
	for (uint64_t begin = now_ms(), said = begin; !downs; turn())
		if (now_ms() > said + 100) {
			say_keepalive(fd);
			said = now_ms();
			assert_true(said < begin + test_patience_ms());
		}
	assert_non_null(
		strstr(peer->last_error, "sent Send Hold Timer Expired: nothing could be sent"));
	assert_false(retained);
	assert_true(routes_at < routes.len);
	assert_true(timer_running(&peer->session->idle)); /* connects again, after a while */
	close(fd);
}

/* One that reads slowly, and one for which nothing waits, keep theirs. */
static void test_send_hold_progress(void **state)
{
	static uint8_t some[32768];
	uint64_t begin, last = 0;
	int fd;

	for (int i = 0; i < 20000; i++) {
		size_t mark = message_begin(&routes, BGP_UPDATE);

		wr_room(&routes, 100 - 19);
		message_end(&routes, mark);
	}
	peer->conf.send_hold = 1;
	fd = establish(&good);
	session_kick(peer);
	for (begin = now_ms(); now_ms() < begin + 1500; turn())
		if (now_ms() > last + 50 && read(fd, some, sizeof(some)) > 0)
			last = now_ms();
	assert_true(routes_at < routes.len);
	for (begin = now_ms(); routes_at < routes.len || now_ms() < begin + 1500; turn())
		while (read(fd, some, sizeof(some)) > 0)
			begin = now_ms();
	assert_int_equal(downs, 0);
	assert_int_equal(peer->state, PEER_ESTABLISHED);
	close(fd);
}

/* What is configured and negotiated, and the time that follows; RFC 9687 section 3.3. */
static void test_send_hold_time(void **state)
{
	static const struct {
		uint32_t configured;
		uint16_t hold;
		uint32_t time;
	} rows[] = {
		{SEND_HOLD_AUTO, 90, 480},
		{SEND_HOLD_AUTO, 240, 480},
		{SEND_HOLD_AUTO, 241, 482},
		{SEND_HOLD_AUTO, 65535, 131070},
		{SEND_HOLD_AUTO, 0, 0},
		{0, 90, 0},
		{30, 0, 0},
		{30, 90, 30},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct open o = good;
		int fd;

		peer->conf.send_hold = rows[i].configured;
		peer->conf.hold_time = o.hold_time = rows[i].hold;
		fd = establish(&o);
		assert_int_equal(peer->send_hold, rows[i].time);
		assert_int_equal(timer_running(&peer->session->up->send_hold), rows[i].time != 0);
		session_clear(peer);
		assert_int_equal(peer->send_hold, 0);
		close(fd);
	}
	/* A change is in force at once, and resets nothing. */
	apply(", \"passive\": true");
	close(establish(&good));
	AWAIT(peer->state != PEER_ESTABLISHED);
	downs = 0;
	int fd = establish(&good);

	apply(", \"passive\": true, \"send-hold-time\": 100");
	assert_int_equal(peer->send_hold, 100);
	apply(", \"passive\": true, \"send-hold-time\": 0");
	assert_false(timer_running(&peer->session->up->send_hold));
	assert_int_equal(downs, 0);
	close(fd);
}

static void test_no_hold_time(void **state)
{
	struct open o = good;
	int fd;

	o.hold_time = 0;
	fd = establish(&o);
	assert_false(timer_running(&peer->session->up->hold));
	assert_false(timer_running(&peer->session->up->keepalive));
	close(fd);
}

/* Who stays on the way to ESTABLISHED is sent away: without a hold time, or byte by byte. */
static void test_open_hold(void **state)
{
	static const uint8_t head[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x10, 0,    1};
	uint64_t usual = fsm_open_hold_ms, last = 0;
	struct open o = good;
	int fd;

	fsm_open_hold_ms = 50;
	fd = dial();
	o.hold_time = 0;
	say_open(fd, &o);
	expect_notification(fd, 4, 0);
	session_clear(peer);
	fd = dial();
	assert_int_equal(hear(fd), BGP_OPEN);
	assert_int_equal(write(fd, head, sizeof(head)), sizeof(head));
	for (int sent = sizeof(head); peer->session->in; turn()) {
		if (now_ms() == last)
			continue;
		assert_int_equal(write(fd, "", 1), 1);
		assert_true(++sent < BGP_MESSAGE_MAX);
		last = now_ms();
	}
	expect_notification(fd, 4, 0);
	fsm_open_hold_ms = usual;
}

static void test_operator(void **state)
{
	int fd = establish(&good);

	session_clear(peer);
	expect_notification(fd, 6, 4);
	fd = establish(&good);
	apply(", \"passive\": true, \"description\": \"new\"");
	turn();
	assert_int_equal(peer->state, PEER_ESTABLISHED);
	assert_string_equal(peer->conf.description, "new");
	apply(", \"passive\": true, \"hold-time\": 30");
	expect_notification(fd, 6, 6);
	fd = establish(&good);
	assert_int_equal(peer->hold_time, 30);
	apply(", \"passive\": true, \"hold-time\": 30, \"disabled\": true");
	expect_notification(fd, 6, 2);
	expect_refused(2);
	apply(", \"passive\": true");
	fd = establish(&good);
	bgp.as = 0;
	neighbors_apply(json_null());
	expect_notification(fd, 6, 3);
	assert_true(TAILQ_EMPTY(&peers));
}

/* UPDATEs sent, as the history has them; EVENTS: in so many of its events. */
static unsigned history_updates(unsigned *events)
{
	unsigned sum = 0;

	*events = 0;
	for (uint64_t i = 0; i < history_ring.n; i++) {
		const struct history_event *e = history_event(i);

		if (!e || e->kind != HISTORY_SENT || e->what != BGP_UPDATE)
			continue;
		sum += e->number;
		(*events)++;
	}
	return sum;
}

/* Routes through a socket that fills up again and again, with messages of the session between. */
static void test_partial_writes(void **state)
{
	const int count = 20000;
	int fd, seen = 0, refreshes = 0, asked = 0;
	unsigned events;

	for (int i = 0; i < count; i++) { /* messages of 100 bytes, numbered */
		size_t mark = message_begin(&routes, BGP_UPDATE);

		wr_u32(&routes, i);
		wr_room(&routes, 100 - 23);
		message_end(&routes, mark);
	}
	fd = establish(&good);
	session_kick(peer);
	while (seen < count) {
		int type = hear(fd);

		if (type == BGP_UPDATE)
			assert_int_equal(get_u32(heard + 19), seen++);
		else if (type == BGP_ROUTE_REFRESH)
			refreshes++;
		else
			fail_msg("message of type %d", type);
		if (seen % 501 == 0 && type == BGP_UPDATE) {
			session_refresh(peer, BGP_IPV4);
			asked++;
		}
		if (seen % 97 == 0)
			turn();
	}
	while (refreshes < asked) {
		assert_int_equal(hear(fd), BGP_ROUTE_REFRESH);
		refreshes++;
	}
	assert_int_equal(peer->count.updates_out, count);
	assert_int_equal(history_updates(&events), count);
	assert_in_range(events, 1, count / 10); /* an event a write, not a message */
	close(fd);
}

/* While reading is held back an ESTABLISHED neighbour is not read, its hold time passes without
 * harm and our keepalives go out; a connection that is being made goes on, and nothing is lost. */
static void test_held(void **state)
{
	struct open o = good;
	uint64_t begin;
	int fd;

	conn_hold_reading(peer, true);
	o.hold_time = 3;
	fd = establish(&o);
	begin = now_ms();
	say_keepalive(fd);
	say_update(fd, "\0\0\0\0", 4);
	while (now_ms() < begin + 4000)
		assert_int_equal(hear(fd), BGP_KEEPALIVE);
	assert_int_equal(peer->state, PEER_ESTABLISHED);
	assert_int_equal(eors, 0);
	conn_hold_reading(peer, false);
	AWAIT(eors == 1);
	conn_hold_reading(peer, true);
	say_update(fd, "\0\0\0\0", 4);
	close(fd);
	for (int i = 0; i < 10; i++)
		turn();
	assert_int_equal(eors, 1);
	assert_int_equal(downs, 0);
	session_stop(peer, 4, ""); /* a connection that is not read may go */
	conn_hold_reading(peer, false);
	assert_int_equal(downs, 1);
}

static void test_ranges(void **state)
{
	json_t *config =
		json_pack("{s:{s:i, s:s, s:[{s:s, s:[s], s:s, s:i}]}}", "wgbgp-bgp:bgp", "as",
			  65000, "router-id", "10.0.0.5", "neighbor-group", "name", "sites",
			  "listen-range", "10.9.0.0/16", "remote-as", "external", "max-peers", 2);
	struct addr a, b, c, out;

	addr_parse("10.9.0.1", &a);
	addr_parse("10.9.0.2", &b);
	addr_parse("10.9.0.3", &c);
	addr_parse("10.8.0.3", &out);
	neighbors_apply(config);
	assert_true(TAILQ_EMPTY(&peers));
	assert_null(neighbor_from_range(&out, ""));
	peer = neighbor_from_range(&a, "");
	assert_non_null(peer);
	assert_true(peer->dynamic);
	assert_non_null(neighbor_from_range(&b, ""));
	assert_null(neighbor_from_range(&c, "")); /* the group is full */
	/* One that comes and goes is forgotten. */
	close(establish(&good));
	AWAIT(peer_find(&a) == NULL);
	assert_non_null(peer_find(&b));
	json_decref(config);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_establish),
		T(test_byte_by_byte),
		T(test_bad_open),
		T(test_no_common_family),
		T(test_bad_header),
		T(test_unexpected),
		T(test_malformed_update),
		T(test_graceful_restart),
		T(test_second_connection),
		T(test_older_connection),
		T(test_four_errors),
		T(test_max_prefix),
		T(test_max_prefix_dynamic),
		T(test_open_hold),
		T(test_collision),
		T(test_tunnel_away),
		T(test_tunnel_gone),
		T(test_tunnel_dead),
		T(test_hold_time),
		T(test_send_hold),
		T(test_send_hold_progress),
		T(test_send_hold_time),
		T(test_no_hold_time),
		T(test_operator),
		T(test_partial_writes),
		T(test_held),
		T(test_ranges),
	};

	session_hooks_open(&hooks);
	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	log_set_level(getenv("VERBOSE") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
