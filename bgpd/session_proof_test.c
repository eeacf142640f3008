/* SPDX-License-Identifier: BSD-2-Clause */
/* The proof that a neighbour still knows a session that outlived its tunnel: what counts as one,
 * and when it is asked for. The connection is one end of a socket pair: what the other end has not
 * read stands for what was not acknowledged. The clock and the next hops are stand-ins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "conn.h"
#include "fsm.h"
#include "session.h"
#include "session_proof.h"
#include "session_say.h"

/* --- the clock --- */

static struct timer *timer;
static bool running;
static uint64_t waits_ms;

void timer_init(struct timer *t, timer_fn fn, void *arg)
{
	timer = t;
	t->fn = fn;
	t->arg = arg;
}

void timer_start(struct timer *t, uint64_t ms)
{
	assert_ptr_equal(t, timer);
	running = true;
	waits_ms = ms;
}

void timer_stop(struct timer *t)
{
	assert_ptr_equal(t, timer);
	running = false;
}

bool timer_running(const struct timer *t)
{
	assert_ptr_equal(t, timer);
	return running;
}

static void look(void)
{
	assert_true(running);
	assert_in_range(waits_ms, 1, 100);
	running = false;
	timer->fn(timer->arg);
}

/* --- the connection --- */

struct conn {
	int fd;
};

static int far_fd;
static unsigned keepalives, proved;
static struct conn conn;
static struct fsm machine;
static struct session session;
static struct peer peer;

int conn_fd(const struct conn *c)
{
	return c->fd;
}

void fsm_send_keepalive(struct fsm *f)
{
	assert_ptr_equal(f, session.up);
	assert_int_equal(write(f->conn->fd, "k", 1), 1);
	keepalives++;
}

static void on_proved(const struct peer *p)
{
	assert_ptr_equal(p, &peer);
	proved++;
}

const struct session_hooks *session_hooks = &(const struct session_hooks){.proved = on_proved};

static void far_reads(void)
{
	char buffer[16];

	assert_true(read(far_fd, buffer, sizeof(buffer)) > 0);
}

/* ESTABLISHED at 1,000 ms. */
static int begin(void **state)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	conn.fd = fds[0];
	far_fd = fds[1];
	machine = (struct fsm){.peer = &peer, .conn = &conn, .state = PEER_ESTABLISHED};
	session = (struct session){.peer = &peer, .up = &machine};
	peer = (struct peer){.session = &session, .up_since_ms = 1000};
	peer.count.messages_in = 7;
	keepalives = proved = 0;
	running = false;
	session_proof_init(&session);
	return 0;
}

static int end(void **state)
{
	close(conn.fd);
	close(far_fd);
	return 0;
}

/* --- the tests --- */

static void acknowledgement_is_proof(void **state)
{
	assert_true(session_prove(&peer, 2000));
	assert_int_equal(keepalives, 1);
	for (unsigned i = 0; i < 3; i++) {
		look();
		assert_int_equal(proved, 0);
	}
	far_reads();
	look();
	assert_int_equal(proved, 1);
	assert_false(running);
	assert_int_equal(keepalives, 1);
}

/* The neighbour's TCP may be slow to acknowledge; what it says counts as well. */
static void message_is_proof(void **state)
{
	assert_true(session_prove(&peer, 2000));
	look();
	assert_int_equal(proved, 0);
	peer.count.messages_in++;
	look();
	assert_int_equal(proved, 1);
	assert_false(running);
}

/* What was received before the question proves nothing about the time after it, also when there
 * was an earlier question. */
static void earlier_message_is_none(void **state)
{
	assert_true(session_prove(&peer, 2000));
	peer.count.messages_in++;
	look();
	assert_int_equal(proved, 1);
	assert_true(session_prove(&peer, 3000));
	assert_int_equal(keepalives, 2);
	look();
	assert_int_equal(proved, 1);
	assert_true(running);
}

static void asks_once(void **state)
{
	assert_true(session_prove(&peer, 2000));
	peer.count.messages_in++;
	/* The second one neither asks again nor forgets what came since the first. */
	assert_true(session_prove(&peer, 2001));
	assert_int_equal(keepalives, 1);
	look();
	assert_int_equal(proved, 1);
}

/* Made after the tunnel died, it went through the tunnel that is there now. */
static void younger_session_needs_none(void **state)
{
	assert_false(session_prove(&peer, 999));
	assert_int_equal(keepalives, 0);
	assert_false(running);
	assert_true(session_prove(&peer, 1000));
}

static void no_session_has_none(void **state)
{
	session.up = NULL;
	assert_false(session_prove(&peer, 2000));
	assert_int_equal(keepalives, 0);
	assert_false(running);
}

/* Nothing is left to wait for: the paths went with the session. */
static void end_of_session_ends_it(void **state)
{
	assert_true(session_prove(&peer, 2000));
	session.up = NULL;
	look();
	assert_int_equal(proved, 1);
	assert_false(running);
}

/* Where the kernel does not say what is acknowledged, nothing waits for ever. */
static void unknown_counts_as_acknowledged(void **state)
{
	int fd = conn.fd;

	assert_true(session_prove(&peer, 2000));
	conn.fd = -1;
	look();
	assert_int_equal(proved, 1);
	conn.fd = fd;
}

static void free_releases(void **state)
{
	assert_true(session_prove(&peer, 2000));
	session_proof_free(&session);
	assert_false(running);
	assert_int_equal(proved, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(acknowledgement_is_proof, begin, end),
		cmocka_unit_test_setup_teardown(message_is_proof, begin, end),
		cmocka_unit_test_setup_teardown(earlier_message_is_none, begin, end),
		cmocka_unit_test_setup_teardown(asks_once, begin, end),
		cmocka_unit_test_setup_teardown(younger_session_needs_none, begin, end),
		cmocka_unit_test_setup_teardown(no_session_has_none, begin, end),
		cmocka_unit_test_setup_teardown(end_of_session_ends_it, begin, end),
		cmocka_unit_test_setup_teardown(unknown_counts_as_acknowledged, begin, end),
		cmocka_unit_test_setup_teardown(free_releases, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
