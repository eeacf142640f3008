/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When we connect to a neighbour and when we let it in, and what people are told where we do not:
 * each obstacle, each attempt that comes to nothing, each event that makes us try at once. The
 * clock stands until the test turns it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bgp.h"
#include "fsm.h"
#include "log.h"
#include "password.h"
#include "rig.h"
#include "rig_clock.h"
#include "session.h"
#include "util.h"

#define CALLED 16
#define S 1000ull
#define BGP "'as': 65000, 'router-id': '10.0.0.5'"
#define WIREGUARD                                                                              \
	"'wireguard': {'interface': [{'name': 'wg0', 'address': ['10.99.0.1/24'], 'peer': "    \
	"[{'name': 'a', 'tunnel-address': ['10.9.0.16'], 'permit': ['10.0.0.0/8']}, {'name': " \
	"'b', 'tunnel-address': ['10.9.0.140'], 'permit': ['10.0.0.0/8']}]}]}, "
#define POLICIES "'import': ['all'], 'export': ['all']"
#define NEIGHBOR "'address': '10.9.0.16', 'remote-as': 65016, " POLICIES
#define GROUP                                                                                   \
	"'neighbor-group': [{'name': 'sites', 'listen-range': ['10.9.0.128/25'], 'remote-as': " \
	"65000}]"

static int setup(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	rig_start("{'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'graceful-restart': {'enabled': "
		  "false}}}");
	rig_pass(200 * S);
	return 0;
}

static int teardown(void **state)
{
	rig_stop();
	rig_clock_reset();
	return 0;
}

static void again(void)
{
	teardown(NULL);
	setup(NULL);
}

static struct peer *peer(void)
{
	struct addr a = {.family = AF_INET, .b = {10, 9, 0, CALLED}};

	return peer_find(&a);
}

/* A neighbour with OPTIONS besides the usual ones; behind the tunnel `a` of wg0 or not. */
static void configure(bool tunnel, const char *options)
{
	char *config = xasprintf("{%s'bgp': {" BGP ", " GROUP ", 'neighbor': [{" NEIGHBOR "%s}]}}",
				 tunnel ? WIREGUARD : "", options);

	rig_config(config);
	rig_settle();
	free(config);
}

/* The next call comes within SECONDS, and not before 75 % of them. */
#define expect_call(listener, seconds) expect_call_at(__LINE__, listener, seconds)
static struct far *expect_call_at(int line, int listener, unsigned seconds)
{
	struct far *f;

	rig_pass(seconds * 750 - 1);
	if (far_try_accept(CALLED, listener))
		fail_msg("line %d: a call long before %u s", line, seconds);
	rig_pass(seconds * 250 + 1);
	f = far_try_accept(CALLED, listener);
	if (!f)
		fail_msg("line %d: no call after %u s: %s", line, seconds, peer()->last_error);
	return f;
}

static void open_as(struct far *f, uint32_t as)
{
	far_open(f, &(struct far_open){.as = as, .gr = true});
	rig_settle();
}

static void establish(struct far *f)
{
	open_as(f, 65016);
	far_keepalive(f);
	RIG_AWAIT(peer()->state == PEER_ESTABLISHED);
}

static void hang_up(struct far *f)
{
	far_close(f);
	rig_settle();
}

/* A listener whose queue is full: nobody answers who calls there. */
static int deaf_listener(int *filler)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(179),
				 .sin_addr.s_addr = htonl(0x0a090000 | CALLED)};
	int fd = far_listen(CALLED);

	assert_int_equal(listen(fd, 0), 0);
	*filler = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(*filler, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* It listens again. */
static void hear_again(int listener, int filler)
{
	int fd = accept(listener, NULL, NULL);

	assert_true(fd >= 0);
	close(fd);
	close(filler);
	assert_int_equal(listen(listener, 10), 0);
}

/* An attempt that nobody answers ends when the next one is due; people hear what may be wrong. */
static void test_no_answer(void **state)
{
	static const char *const rows[][2] = {
		{"", "cannot connect: no answer"},
		{", 'password-file': '/pw'",
		 "cannot connect: no answer (has it the same password?)"},
	};

	password_put("/pw", "secret");
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		int filler, listener = deaf_listener(&filler);
		uint64_t first;

		configure(false, rows[i][0]);
		assert_int_equal(peer()->state, PEER_CONNECT);
		assert_string_equal(peer()->last_error, "");
		first = peer()->session->out->started_ms;
		rig_pass(749);
		assert_int_equal(peer()->session->out->started_ms, first);
		rig_pass(251);
		assert_string_equal(peer()->last_error, rows[i][1]);
		assert_string_equal(peer()->last_notification, "");
		assert_int_equal(peer()->state, PEER_CONNECT);
		assert_true(peer()->session->out->started_ms > first);
		hear_again(listener, filler);
		if (i == 0) {
			rig_pass(2 * S);
			establish(far_accept(CALLED, listener));
		}
		close(listener);
		again();
	}
	password_sweep();
}

/* Between two attempts it says what it does: it waits for the neighbour to call. */
static void test_no_way_any_more(void **state)
{
	struct msg_nexthop m = {.addr = {.family = AF_INET, .b = {10, 9, 0, CALLED}},
				.reach = REACH_DOWN,
				.reason = REASON_INTERFACE_DOWN,
				.tunnel = true,
				.connected = true,
				.ifname = "wg0",
				.peer = "a"};
	int filler, listener = deaf_listener(&filler);

	configure(true, "");
	rig_tunnel("10.9.0.16", "wg0", "a", REACH_UP, REASON_NONE);
	assert_int_equal(peer()->state, PEER_CONNECT);
	rig_nexthop_is(&m);
	assert_int_equal(peer()->state, PEER_CONNECT);
	rig_pass(S);
	assert_string_equal(peer()->last_error, "not connecting: its tunnel is not there");
	assert_int_equal(peer()->state, PEER_ACTIVE);
	assert_null(peer()->session->out);
	close(filler);
	close(listener);
}

static unsigned descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Nobody is called where that cannot be, and the summary says why. */
static void test_obstacles(void **state)
{
	static const struct {
		const char *neighbor, *error;
	} rows[] = {
		{"'address': 'fe80::1%nope', 'remote-as': 1", "cannot connect: No such device"},
		{"'address': '10.9.0.16', 'remote-as': 1, 'local-address': 'fd09::1'",
		 "cannot connect: Address family not supported by protocol"},
		{"'address': '10.9.0.16', 'remote-as': 1, 'local-address': '192.0.2.77'",
		 "cannot connect: Cannot assign requested address"},
		{"'address': '192.0.2.1', 'remote-as': 1",
		 "cannot connect: Network is unreachable"},
		{"'address': '10.9.0.16', 'remote-as': 1, 'password-file': '/none'",
		 "not connecting: its password-file cannot be read"},
		{"'address': '10.9.0.16', 'remote-as': 1, 'password-file': '/long'",
		 "cannot connect: Invalid argument"},
		{"'address': '10.9.0.16', 'remote-as': 1, 'passive': true", ""},
		{"'address': '10.9.0.16', 'remote-as': 1", "cannot connect: Connection refused"},
	};
	char word[100] = "";

	memset(word, 'x', sizeof(word) - 1);
	password_put("/long", word);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		char *config =
			xasprintf("{'bgp': {" BGP ", 'neighbor': [{%s}]}}", rows[i].neighbor);
		const json_t *all, *row;
		unsigned before;

		rig_config(config);
		rig_settle();
		all = rig_ask("{'command': 'bgp-summary'}");
		row = json_array_get(json_object_get(all, "neighbors"), 0);
		assert_string_equal(rig_str(row, "state"), "active");
		if (!str_eq(json_string_value(json_object_get(row, "last-error")), rows[i].error) &&
		    rows[i].error[0])
			fail_msg("row %u: %s", i, rig_text(row, "last-error"));
		assert_true(json_is_null(json_object_get(row, "last-notification")));
		before = descriptors();
		rig_pass(100 * S);
		assert_int_equal(descriptors(), before);
		free(config);
		again();
	}
	password_sweep();
}

/* What is said to who calls while that lasts, and in the log, once. */
static void test_not_let_in(void **state)
{
	static const struct {
		const char *options, *why; /* NULL: it is let in */
	} rows[] = {
		{", 'disabled': true", "the neighbor is disabled"},
		{", 'password-file': '/none'", "its password-file cannot be read"},
		{", 'password-file': '/long'", "Invalid argument"},
		{"", NULL},
	};
	char word[100] = "";

	memset(word, 'x', sizeof(word) - 1);
	password_put("/long", word);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		char options[100], line[200], text[4096];
		FILE *log = tmpfile();
		int saved = dup(2);
		ssize_t n;

		snprintf(options, sizeof(options), ", 'passive': true%s", rows[i].options);
		configure(false, options);
		log_set_level(LOG_LEVEL_WARN);
		dup2(fileno(log), 2);
		for (int k = 0; k < 3; k++) {
			struct far *f = far_connect(CALLED);

			rig_settle();
			assert_int_equal(f->ended, rows[i].why != NULL);
			assert_int_equal(f->error.code, rows[i].why ? 6 : 0);
			assert_int_equal(f->error.subcode, rows[i].why ? 5 : 0);
			far_close(f);
		}
		dup2(saved, 2);
		close(saved);
		log_set_level(LOG_LEVEL_ERROR);
		n = pread(fileno(log), text, sizeof(text) - 1, 0);
		text[n > 0 ? n : 0] = '\0';
		fclose(log);
		snprintf(line, sizeof(line), "session-refused neighbor=10.9.0.16 why=\"%s\"\n",
			 rows[i].why ? rows[i].why : "");
		if (rows[i].why ? !strstr(text, line) : strstr(text, "session-refused") != NULL)
			fail_msg("row %u: %s", i, text);
		if (rows[i].why)
			assert_null(strstr(strstr(text, line) + 1, "session-refused"));
		again();
	}
	password_sweep();
}

/* Once more it is errors that count, until `clear`: 1, 2, 4 ... s, and never more than two minutes;
 * calls that come to nothing up to connect-retry, however long that is. */
static void test_waits(void **state)
{
	static const unsigned retry[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 256, 256},
			      idle[] = {1, 2, 4, 8, 16, 32, 64};
	int listener = far_listen(CALLED);
	struct far *f;

	configure(false, ", 'connect-retry': 1000");
	f = far_accept(CALLED, listener);
	for (int round = 0; round < 2; round++) {
		for (unsigned i = round; i < ARRAY_SIZE(retry) - round * 4; i++) {
			hang_up(f);
			f = expect_call(listener, retry[i]);
		}
		hang_up(f);
		rig_ask("{'command': 'clear', 'neighbor': '10.9.0.16'}");
		f = expect_call(listener, 1);
		hang_up(f);
		f = expect_call(listener, 2);
		rig_ask("{'command': 'clear', 'neighbor': '10.9.0.16'}");
		rig_settle();
		assert_true(f->ended);
		far_close(f);
		f = expect_call(listener, 1);
	}
	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < ARRAY_SIZE(idle); i++) {
			open_as(f, 65017);
			assert_true(f->ended);
			assert_int_equal(peer()->state, PEER_IDLE);
			far_close(f);
			f = expect_call(listener, idle[i]);
		}
		for (unsigned i = 0; i < 15; i++) {
			open_as(f, 65017);
			far_close(f);
			f = expect_call(listener, 120);
		}
		open_as(f, 65017);
		far_close(f);
		rig_ask("{'command': 'clear', 'neighbor': '10.9.0.16'}");
		assert_int_equal(peer()->state, PEER_ACTIVE);
		f = expect_call(listener, 1);
	}
	close(listener);
}

#define MARKER "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"

/* Who says that we sent too many prefixes would say so again: we call after five minutes. */
static void test_their_max_prefix(void **state)
{
	static const struct {
		const char *notification;
		unsigned seconds;
	} rows[] = {{MARKER "\0\x15\3\6\1", 300},
		    {MARKER "\0\x15\3\6\2", 1},
		    {MARKER "\0\x15\3\5\1", 1},
		    {MARKER "\0\x15\3\6\7", 1}};
	int listener = far_listen(CALLED);

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far *f;

		configure(false, "");
		f = far_accept(CALLED, listener);
		establish(f);
		far_say(f, &(struct wr){.data = (uint8_t *)rows[i].notification, .len = 21}, 0);
		rig_settle();
		assert_int_equal(peer()->state, i == 3 ? PEER_ACTIVE : PEER_IDLE);
		far_close(f);
		f = expect_call(listener, rows[i].seconds);
		again();
	}
	close(listener);
}

/* The session, ESTABLISHED first or not, ends with that NOTIFICATION; NULL: with one of ours. */
static void end_by(struct far *f, bool established, const char *notification)
{
	if (established)
		establish(f);
	if (notification)
		far_say(f, &(struct wr){.data = (uint8_t *)notification, .len = 21}, 0);
	else
		open_as(f, 65017);
	rig_settle();
	assert_int_equal(peer()->state, PEER_IDLE);
	far_close(f);
}

/* After some errors in a row it leaves the neighbour alone, and does not let it in either; but one
 * that ended the last connection by a Cease is let in whenever it calls, and called when the way to
 * it is there again. Two ends that turned each other away would never meet. */
static void test_called_while_idle(void **state)
{
	static const unsigned idle[] = {1, 2, 4, 8, 16};
	static const struct {
		const char *notification; /* NULL: its OPEN is wrong */
		bool established, let_in;
	} rows[] = {{MARKER "\0\x15\3\6\5", false, true},
		    {MARKER "\0\x15\3\6\2", true, true},
		    {MARKER "\0\x15\3\6\6", true, true},
		    {MARKER "\0\x15\3\2\2", false, false},
		    {NULL, false, false}};
	int listener = far_listen(CALLED);

	for (unsigned i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		unsigned row = i / 2;
		struct far *f;

		configure(false, "");
		f = far_accept(CALLED, listener);
		for (unsigned k = 0; k < ARRAY_SIZE(idle); k++) {
			f = k ? expect_call(listener, idle[k - 1]) : f;
			end_by(f, rows[row].established, rows[row].notification);
		}
		if (i % 2) {
			session_path_changed(peer(), true);
			f = far_try_accept(CALLED, listener);
		} else {
			f = far_connect(CALLED);
			rig_settle();
		}
		if ((f && !f->ended) != rows[row].let_in)
			fail_msg("row %u, called %u: let in %d", row, i % 2, f && !f->ended);
		if (rows[row].let_in)
			establish(f);
		if (f)
			hang_up(f);
		again();
	}
	close(listener);
}

/* What a neighbour that calls again and again does each time it is let in. */
enum churn { CEASES, CEASES_EARLY, HANGS_UP, HANGS_UP_EARLY, CALLS_ONCE_MORE, ERRS };

/* False: it was turned away, or hung up as no OPEN came. */
static bool churn(struct far **f, enum churn kind, unsigned last, const char *notification)
{
	struct far *before = *f, *call = far_connect(last);

	rig_settle();
	far_hear(call);
	if (call->ended || !call->heard) {
		far_close(call);
		return false;
	}
	if (kind == CALLS_ONCE_MORE) {
		if (before)
			far_close(before);
		*f = call;
		return true;
	}
	if (kind == CEASES || kind == HANGS_UP) {
		open_as(call, last == CALLED ? 65016 : 65000);
		far_keepalive(call);
		RIG_AWAIT(far_peer(call)->state == PEER_ESTABLISHED);
	}
	if (kind == ERRS)
		open_as(call, 65017);
	else if (kind != HANGS_UP && kind != HANGS_UP_EARLY)
		far_say(call, &(struct wr){.data = (uint8_t *)notification, .len = 21}, 0);
	rig_settle();
	far_close(call);
	rig_settle();
	return true;
}

/* How often it is let in within SECONDS, where it calls twice a second. */
static unsigned let_in(enum churn kind, unsigned last, const char *notification, unsigned seconds)
{
	struct far *f = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < seconds * 2; i++) {
		n += churn(&f, kind, last, notification);
		rig_pass(500);
	}
	if (f)
		hang_up(f);
	return n;
}

/* Whatever ends its connections: it is let in at once at first, which is all that a restart needs,
 * and more and more seldom then. */
static void test_let_in_again_and_again(void **state)
{
	static const struct {
		enum churn kind;
		const char *notification;
		unsigned at_once;
	} rows[] = {{CEASES, MARKER "\0\x15\3\6\2", 5},
		    {CEASES, MARKER "\0\x15\3\6\4", 5},
		    {CEASES, MARKER "\0\x15\3\6\7", 5},
		    {CEASES, MARKER "\0\x15\3\6\x9", 5},
		    {CEASES, MARKER "\0\x15\3\6\xa", 5},
		    {CEASES_EARLY, MARKER "\0\x15\3\6\5", 5},
		    {CEASES_EARLY, MARKER "\0\x15\3\6\7", 5},
		    {CEASES_EARLY, MARKER "\0\x15\3\2\2", 4},
		    {HANGS_UP, NULL, 5},
		    {HANGS_UP_EARLY, NULL, 5},
		    {CALLS_ONCE_MORE, NULL, 5},
		    {ERRS, NULL, 4}};

	for (unsigned n = 0; n < 2 * ARRAY_SIZE(rows); n++) {
		unsigned i = n / 2, last = n % 2 ? 140 : CALLED, first, minute, at_once = 0;
		bool up = rows[i].kind == CEASES || rows[i].kind == HANGS_UP;
		struct far *f = NULL;

		configure(false, ", 'passive': true");
		while (at_once < 20 && churn(&f, rows[i].kind, last, rows[i].notification))
			at_once++;
		if (at_once < rows[i].at_once || at_once > 7)
			fail_msg("row %u: let in %u times", n, at_once);
		if (f)
			hang_up(f);
		first = let_in(rows[i].kind, last, rows[i].notification, 30);
		minute = let_in(rows[i].kind, last, rows[i].notification, 60);
		if (first > 12 || minute > (up ? 13 : 6))
			fail_msg("row %u: let in %u, %u times", n, first, minute);
		again();
	}
}

static json_int_t shown(const char *key)
{
	const json_t *all = rig_ask("{'command': 'bgp-neighbors', 'neighbor': '10.9.0.16'}");
	const json_t *row = json_array_get(json_object_get(all, "neighbors"), 0);

	return json_integer_value(json_object_get(row, key));
}

/* So many sessions end that the next call waits; that call. */
static struct far *call_and_wait(const char *cease)
{
	struct far *f = NULL;

	assert_true(let_in(CEASES, CALLED, cease, 60) > 5);
	for (int i = 0; churn(&f, CEASES, CALLED, cease); i++)
		assert_in_range(i, 0, 5);
	f = far_connect(CALLED);
	rig_settle();
	return f;
}

/* A call that waits gets its session, and is not turned away; people see for how long. What was up
 * for some seconds, or is cleared, begins anew. */
static void test_called_while_held(void **state)
{
	static const char cease[] = MARKER "\0\x15\3\6\2";
	struct far *f;

	configure(false, ", 'passive': true");
	f = call_and_wait(cease);
	far_hear(f);
	assert_int_equal(f->heard, 0);
	assert_true(shown("early-ends") > 5);
	assert_in_range(shown("answer-delay-ms"), 1, 15000);
	rig_pass(15 * S);
	establish(f);
	rig_pass(11 * S);
	far_say(f, &(struct wr){.data = (uint8_t *)cease, .len = 21}, 0);
	rig_settle();
	far_close(f);
	assert_int_equal(shown("early-ends"), 1);
	f = NULL;
	for (int i = 0; i < 4; i++)
		assert_true(churn(&f, CEASES, CALLED, cease));
	/* The operator wants it now: the call that waits is answered. */
	f = call_and_wait(cease);
	rig_ask("{'command': 'clear', 'neighbor': '10.9.0.16'}");
	rig_pass(1);
	far_hear(f);
	assert_false(f->ended);
	establish(f);
	hang_up(f);
	assert_true(let_in(CEASES, CALLED, cease, 60) > 5);
	/* And where nobody is let in any more, it is not either. */
	f = far_connect(CALLED);
	configure(false, ", 'disabled': true");
	far_hear(f);
	assert_true(f->ended);
	far_close(f);
}

/* Our own call is ESTABLISHED first: the one that waits is no second one, and no restart. */
static void test_held_and_called(void **state)
{
	struct far *ours, *held;
	int listener;

	rig_config("{'bgp': {" BGP
		   ", 'graceful-restart': {'enabled': true}, 'neighbor': [{" NEIGHBOR "}]}}");
	let_in(HANGS_UP_EARLY, CALLED, NULL, 20);
	held = far_connect(CALLED);
	rig_settle();
	assert_true(peer()->session->held_fd >= 0);
	listener = far_listen(CALLED);
	session_path_changed(peer(), true);
	ours = far_accept(CALLED, listener);
	establish(ours);
	far_hear(held);
	assert_true(held->ended);
	assert_int_equal(held->error.subcode, 7);
	rig_pass(20 * S);
	assert_int_equal(peer()->state, PEER_ESTABLISHED);
	assert_false(ours->ended);
	far_close(held);
	close(listener);
}

/* The way to the neighbour is there again: who is called at once, and who is not. */
static void test_path_up(void **state)
{
	int listener, filler;
	struct far *f;
	uint64_t first;

	/* Nobody is called who calls us, is disabled, rests, or came by a range. */
	listener = far_listen(CALLED);
	configure(false, ", 'passive': true");
	session_path_changed(peer(), true);
	assert_null(far_try_accept(CALLED, listener));
	configure(false, ", 'disabled': true");
	session_path_changed(peer(), true);
	assert_null(far_try_accept(CALLED, listener));
	f = far_up(140, &(struct far_open){.as = 65000});
	session_path_changed(far_peer(f), true);
	assert_null(far_peer(f)->session->out);
	hang_up(f);
	again();
	/* At an error's end it is the first call; after four it has to wait. */
	configure(false, "");
	f = far_accept(CALLED, listener);
	for (int i = 0; i < 4; i++) {
		open_as(f, 65017);
		far_close(f);
		session_path_changed(peer(), false);
		assert_null(far_try_accept(CALLED, listener));
		session_path_changed(peer(), true);
		f = far_try_accept(CALLED, listener);
		if (!f != (i == 3))
			fail_msg("after %d errors", i + 1);
	}
	f = expect_call(listener, 8);
	/* One that is under way is left alone, whoever made it. */
	session_path_changed(peer(), true);
	assert_null(far_try_accept(CALLED, listener));
	assert_false(f->ended);
	establish(f);
	session_path_changed(peer(), true);
	assert_null(far_try_accept(CALLED, listener));
	assert_null(peer()->session->out);
	hang_up(f);
	again();
	close(listener);
	/* A call that nobody has answered for a second is made again. */
	listener = deaf_listener(&filler);
	configure(false, ", 'connect-retry': 100");
	first = peer()->session->out->started_ms;
	rig_pass(749);
	while (peer()->session->out->started_ms == first) /* the second one */
		rig_pass(1);
	first = peer()->session->out->started_ms;
	rig_pass(999);
	session_path_changed(peer(), true);
	assert_int_equal(peer()->session->out->started_ms, first);
	rig_pass(1);
	session_path_changed(peer(), true);
	assert_true(peer()->session->out->started_ms > first);
	hear_again(listener, filler);
	close(listener);
}

/* While it has called us we do not call. */
static void test_path_up_called(void **state)
{
	int listener;
	struct far *f;

	configure(false, ""); /* nobody listens */
	f = far_connect(CALLED);
	rig_settle();
	assert_int_equal(peer()->state, PEER_OPENSENT);
	listener = far_listen(CALLED);
	session_path_changed(peer(), true);
	assert_null(far_try_accept(CALLED, listener));
	rig_pass(60 * S);
	assert_null(far_try_accept(CALLED, listener));
	assert_false(f->ended);
	close(listener);
}

/* Nobody is called who is talking to us, whatever timer ends meanwhile. */
static void test_under_way(void **state)
{
	int listener = far_listen(CALLED);
	struct far *f;

	configure(false, ", 'connect-retry': 1");
	f = far_accept(CALLED, listener);
	open_as(f, 65017); /* an error: a second of rest */
	far_close(f);
	f = far_connect(CALLED);
	for (int i = 0; i < 60; i++) {
		rig_pass(S);
		assert_null(far_try_accept(CALLED, listener));
		assert_int_equal(peer()->state, PEER_OPENSENT);
	}
	hang_up(f);
	f = expect_call(listener, 1);
	for (int i = 0; i < 60; i++) {
		rig_pass(S);
		assert_null(far_try_accept(CALLED, listener));
		assert_int_equal(peer()->state, PEER_OPENSENT);
	}
	close(listener);
}

/* After max-prefix nobody is called for five minutes, though the way to it comes back. */
static void test_rest(void **state)
{
	int listener = far_listen(CALLED);
	struct far *f;

	configure(false, ", 'max-prefix': 1");
	f = far_accept(CALLED, listener);
	establish(f);
	far_announce(f, &(struct news){.prefix = "10.1.1.0/24 10.1.2.0/24",
				       .nexthop = "10.9.0.99",
				       .path = {65016}});
	assert_true(f->ended);
	far_close(f);
	assert_int_equal(peer()->state, PEER_IDLE);
	session_path_changed(peer(), true);
	assert_null(far_try_accept(CALLED, listener));
	rig_pass(300 * S - 1);
	session_path_changed(peer(), true);
	assert_null(far_try_accept(CALLED, listener));
	assert_int_equal(peer()->state, PEER_IDLE);
	rig_pass(1);
	establish(far_accept(CALLED, listener));
	close(listener);
}

/* Another port, time or direction: in force at once where no session is up, and only there. */
static void test_call_again(void **state)
{
	static const struct {
		const char *before, *after;
		bool called;
	} rows[] = {
		{", 'port': 1790", "", true},	    {", 'passive': true", "", true},
		{", 'connect-retry': 7", "", true}, {"", ", 'description': 'x'", false},
		{"", ", 'passive': true", false},
	};
	int listener;
	struct far *f;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		configure(false, rows[i].before);
		listener = far_listen(CALLED);
		configure(false, rows[i].after);
		f = far_try_accept(CALLED, listener);
		if (!f != !rows[i].called)
			fail_msg("row %u: called %d", i, f != NULL);
		if (f) {
			establish(f);
			configure(false, ", 'port': 1791");
			assert_false(f->ended);
			assert_int_equal(peer()->state, PEER_ESTABLISHED);
		}
		close(listener);
		again();
	}
}

/* A tunnel that dies under a connection that is being made: it ends where the way is gone for good,
 * and whom a range let in is forgotten with it. */
static void test_tunnel_gone_early(void **state)
{
	static const struct {
		enum reason why;
		bool ends;
	} rows[] = {{REASON_PEER_GONE, true},
		    {REASON_NO_PEER, true},
		    {REASON_ADMIN_DOWN, true},
		    {REASON_HANDSHAKE_STALE, false},
		    {REASON_INTERFACE_DOWN, false}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far *f;

		configure(true, ", 'passive': true");
		rig_tunnel("10.9.0.16", "wg0", "a", REACH_UP, REASON_NONE);
		f = far_connect(140);
		rig_tunnel("10.9.0.140", "wg0", "b", REACH_UP, REASON_NONE);
		rig_tunnel("10.9.0.140", "wg0", "b", REACH_DOWN, rows[i].why);
		if (f->ended != rows[i].ends)
			fail_msg("row %u: ended %d", i, f->ended);
		assert_int_equal(f->error.code, rows[i].ends ? 6 : 0);
		assert_int_equal(f->error.subcode, rows[i].ends ? 10 : 0);
		rig_pass(999);
		assert_non_null(far_peer(f));
		rig_pass(1);
		assert_int_equal(far_peer(f) == NULL, rows[i].ends);
		again();
	}
}

/* One that is up and shall not fail over stays, whatever becomes of its tunnel. */
static void test_no_failover(void **state)
{
	struct far *f;

	configure(true, ", 'passive': true, 'fast-failover': false");
	rig_tunnel("10.9.0.16", "wg0", "a", REACH_UP, REASON_NONE);
	f = far_up(CALLED, &(struct far_open){.as = 65016});
	rig_tunnel("10.9.0.16", "wg0", "a", REACH_DOWN, REASON_PEER_GONE);
	assert_false(f->ended);
	assert_int_equal(peer()->state, PEER_ESTABLISHED);
	/* The tunnel is taken out of the configuration while the neighbour is not there. */
	hang_up(f);
	assert_string_equal(peer()->last_error, "connection lost: closed by the neighbour");
	configure(false, ", 'passive': true, 'fast-failover': false");
	assert_string_equal(peer()->last_error, "connection lost: closed by the neighbour");
	assert_int_equal(peer()->state, PEER_ACTIVE);
}

/* RFC 4724 section 4.2: an OPEN of one that is up, by a connection made later, says that it
 * restarted; unless graceful restart is off, here or there, or both connections were under way at
 * once and its own was let in late. */
static void test_restarted(void **state)
{
	static const struct {
		bool ours, theirs;
		unsigned ms; /* from ESTABLISHED to the connection */
		bool replaces;
	} rows[] = {{true, true, 2001, true},  {true, true, 60000, true},
		    {true, true, 0, false},    {true, true, 1, false},
		    {true, true, 1900, false}, {true, false, 2001, false},
		    {false, true, 2001, false}};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct far_open o = {.as = 65016, .gr = rows[i].theirs};
		struct far *f, *second;
		unsigned before;

		rig_config(rows[i].ours ? "{'bgp': {" BGP ", 'neighbor': [{" NEIGHBOR
					  ", 'passive': true}]}}"
					: "{'bgp': {" BGP ", 'graceful-restart': {'enabled': "
					  "false}, 'neighbor': [{" NEIGHBOR
					  ", 'passive': true}]}}");
		f = far_up(CALLED, &o);
		rig_settle();
		rig_pass(rows[i].ms);
		far_hear(f);
		before = f->keepalives;
		second = far_connect(CALLED);
		rig_settle();
		far_hear(f);
		/* If its host has lost the connection the answer to this says so. */
		assert_int_equal(f->keepalives, before + 1);
		far_open(second, &o);
		rig_settle();
		far_hear(f);
		if (second->ended == rows[i].replaces || f->ended != rows[i].replaces)
			fail_msg("row %u: %d %d", i, f->ended, second->ended);
		assert_int_equal(second->error.code, rows[i].replaces ? 0 : 6);
		assert_int_equal(second->error.subcode, rows[i].replaces ? 0 : 7);
		far_close(f);
		again();
	}
}

/* RFC 4271 section 6.8, RFC 6286: the connection of the higher identifier stays; of equal ones that
 * of the higher AS. */
static void test_collision(void **state)
{
	static const struct {
		uint32_t router_id, as;
		bool ours;
	} rows[] = {
		{0x0a000004, 65016, true}, {0x0a000006, 65016, false}, {0x0a000005, 65016, false},
		{0x0a000005, 64999, true}, {0x0a000004, 64999, true},  {0x0a000006, 64999, false},
		{0x09ffffff, 65016, true}, {0xff000000, 64999, false},
	};

	for (unsigned n = 0; n < ARRAY_SIZE(rows) * 2; n++) {
		unsigned i = n / 2;
		struct far_open o = {.as = rows[i].as, .router_id = rows[i].router_id};
		int listener = far_listen(CALLED);
		struct far *out, *in, *first, *last;
		char *config = xasprintf("{'bgp': {" BGP ", 'neighbor': [{'address': '10.9.0.16', "
					 "'remote-as': %u, " POLICIES "}]}}",
					 rows[i].as);

		rig_config(config);
		free(config);
		out = far_accept(CALLED, listener);
		in = far_connect(CALLED);
		first = n % 2 ? in : out;
		last = n % 2 ? out : in;
		far_open(first, &o);
		rig_settle();
		far_open(last, &o);
		rig_settle();
		far_hear(out);
		if (out->ended == rows[i].ours || in->ended != rows[i].ours)
			fail_msg("row %u: %d %d", n, out->ended, in->ended);
		assert_int_equal((out->ended ? out : in)->error.code, 6);
		assert_int_equal((out->ended ? out : in)->error.subcode, 7);
		close(listener);
		far_close(out);
		again();
	}
}

/* Whom a range let in: kept while it is on its way, and forgotten when it was let in once more and
 * does not come. */
static void test_dynamic(void **state)
{
	struct addr a = {.family = AF_INET, .b = {10, 9, 0, 140}};
	struct far *f;

	configure(false, "");
	f = far_up(140, &(struct far_open){.as = 65000});
	hang_up(f);
	rig_pass(999);
	f = far_connect(140);
	rig_pass(5 * S);
	assert_false(f->ended);
	assert_int_equal(peer_find(&a)->state, PEER_OPENSENT);
	hang_up(f);
	rig_pass(999);
	assert_non_null(peer_find(&a));
	rig_pass(1);
	assert_null(peer_find(&a));
}

/* A reload ends its session, and it does not come back. */
static void test_dynamic_reset(void **state)
{
	struct addr a = {.family = AF_INET, .b = {10, 9, 0, 140}};
	struct far *f;

	configure(false, "");
	f = far_up(140, &(struct far_open){.as = 65000});
	rig_config("{'bgp': {" BGP ", 'neighbor-group': [{'name': 'sites', 'listen-range': "
		   "['10.9.0.128/25'], 'remote-as': 65001}]}}");
	rig_settle();
	assert_true(f->ended);
	rig_pass(999);
	assert_non_null(peer_find(&a));
	rig_pass(1);
	assert_null(peer_find(&a));
}

/* Of families that only one side speaks nothing is kept over a restart, and nothing asked. */
static void test_families(void **state)
{
	static const struct {
		const char *options;
		bool only4;
		bool gr[2];
		unsigned refreshes;
	} rows[] = {
		{"", false, {true, true}, 2},
		{"", true, {true, false}, 1},
		{", 'ipv4-unicast': false", false, {false, true}, 1},
		{", 'ipv6-unicast': false", false, {true, false}, 1},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		char options[100];
		struct far *f;

		snprintf(options, sizeof(options), ", 'passive': true%s", rows[i].options);
		configure(false, options);
		f = far_up(CALLED,
			   &(struct far_open){.as = 65016, .gr = true, .only4 = rows[i].only4});
		for (int k = 0; k < BGP_FAMILIES; k++) {
			assert_int_equal(peer()->family[k], rows[i].gr[k]);
			assert_int_equal(peer()->gr_family[k], rows[i].gr[k]);
			assert_int_equal(peer()->gr_forwarding[k], rows[i].gr[k]);
		}
		rig_ask("{'command': 'clear', 'neighbor': '10.9.0.16', 'soft': 'in'}");
		rig_settle();
		assert_int_equal(f->refreshes, rows[i].refreshes);
		again();
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_no_answer),
		T(test_no_way_any_more),
		T(test_obstacles),
		T(test_not_let_in),
		T(test_waits),
		T(test_their_max_prefix),
		T(test_called_while_idle),
		T(test_let_in_again_and_again),
		T(test_called_while_held),
		T(test_held_and_called),
		T(test_path_up),
		T(test_path_up_called),
		T(test_under_way),
		T(test_rest),
		T(test_call_again),
		T(test_tunnel_gone_early),
		T(test_no_failover),
		T(test_restarted),
		T(test_collision),
		T(test_dynamic),
		T(test_dynamic_reset),
		T(test_families),
	};

	if (sodium_init() < 0)
		return 77;
	return rig_run(tests, ARRAY_SIZE(tests));
}
