/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client: a played wgbgpd at the other end of the socket, in the same loop: what it gets, what the
 * sink gets, and how each way ends in which an answer does not come. The clock is turned: when
 * nothing is left to be read, the next timer is due.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"
#include "ipc.h"
#include "loop.h"
#include "messages.h"
#include "pulse.h"
#include "util.h"

/* ---- the clock, and the calls of the system that are played */

#define TIMERS_MAX 8
#define PATIENCE_MS 100000 /* of the turned clock: nothing takes so long */
#define PASSES 8	   /* of the loop, until all that was sent is read */

static struct {
	struct timer *timer;
	uint64_t due;
} timers[TIMERS_MAX];
static uint64_t clock_ms = 1000000;

uint64_t __wrap_now_ms(void);
void __wrap_timer_start(struct timer *t, uint64_t ms);
void __wrap_timer_stop(struct timer *t);
int __real_event_base_loop(struct event_base *base, int flags);
int __wrap_event_base_loop(struct event_base *base, int flags);
int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __real_connect(int fd, const struct sockaddr *at, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *at, socklen_t len);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);

uint64_t __wrap_now_ms(void)
{
	return clock_ms;
}

void __wrap_timer_stop(struct timer *t)
{
	for (size_t i = 0; i < TIMERS_MAX; i++)
		if (timers[i].timer == t)
			timers[i].timer = NULL;
}

void __wrap_timer_start(struct timer *t, uint64_t ms)
{
	size_t i = 0;

	__wrap_timer_stop(t);
	while (timers[i].timer)
		i++;
	assert_true(i < TIMERS_MAX);
	timers[i].timer = t;
	timers[i].due = clock_ms + ms;
}

static void turn_clock(void)
{
	size_t next = TIMERS_MAX;
	struct timer *t;

	for (size_t i = 0; i < TIMERS_MAX; i++)
		if (timers[i].timer && (next == TIMERS_MAX || timers[i].due < timers[next].due))
			next = i;
	if (next == TIMERS_MAX)
		fail_msg("nothing is waited for");
	t = timers[next].timer;
	clock_ms = timers[next].due;
	if (clock_ms > 1000000 + PATIENCE_MS)
		fail_msg("waits for ever");
	timers[next].timer = NULL;
	t->fn(t->arg);
}

/* Between two turns of the clock the client looks whether it has what it waits for. */
int __wrap_event_base_loop(struct event_base *base, int flags)
{
	static bool quiet;

	for (int i = 0; i < PASSES; i++)
		__real_event_base_loop(base, EVLOOP_NONBLOCK);
	if (flags != EVLOOP_ONCE)
		return 0;
	if (quiet)
		turn_clock();
	quiet = !quiet;
	return 0;
}

static int socket_error, connect_error, second_error; /* of the socket that only reads */
static struct timeval patience;

int __wrap_socket(int domain, int type, int protocol)
{
	errno = socket_error;
	return socket_error ? -1 : __real_socket(domain, type, protocol);
}

int __wrap_connect(int fd, const struct sockaddr *at, socklen_t len)
{
	bool second = strstr(((const struct sockaddr_un *)at)->sun_path, "/cli-read.sock");

	errno = second ? second_error : connect_error;
	return errno ? -1 : __real_connect(fd, at, len);
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (level == SOL_SOCKET && name == SO_SNDTIMEO)
		memcpy(&patience, value, sizeof(patience));
	return __real_setsockopt(fd, level, name, value, len);
}

/* ---- the played wgbgpd */

static char rundir[] = "/tmp/wgbgp-client-XXXXXX";
static int listener;
static struct watch accept_watch;
static struct ipc *far;
static char heard[1024], seen[1024]; /* what wgbgpd got, what the sink got */
static unsigned connections, pings;
static bool deaf;		    /* PINGs are not answered */
static void (*answer)(uint32_t id); /* of a request */
static struct timer late;
static uint32_t late_id;

static void note(char *to, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void note(char *to, const char *fmt, ...)
{
	size_t len = strlen(to);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(to + len, sizeof(heard) - len, fmt, ap);
	va_end(ap);
}

static void say(enum msg_type type, struct wr *w)
{
	ipc_send(far, type, 0, w->data, w->len);
	wr_free(w);
}

static void say_head(uint32_t id, const char *list, const char *head)
{
	struct wr w = {0};

	msg_put_reply_head(&w, id, list, head, strlen(head));
	say(MSG_REPLY_HEAD, &w);
}

static void say_row(uint32_t id, const char *row)
{
	struct wr w = {0};

	msg_put_request(&w, id, row, strlen(row));
	say(MSG_REPLY_ROW, &w);
}

static void say_end(uint32_t id, const char *error)
{
	struct wr w = {0};

	msg_put_reply_end(&w, id, error);
	say(MSG_REPLY_END, &w);
}

static void far_frame(void *arg, const struct ipc_frame *frame)
{
	struct msg_reply m;
	struct rd r = {0};

	assert_int_equal(frame->generation, 0); /* a client knows of none */
	if (frame->type == MSG_PING) {
		pings++;
		if (!deaf)
			ipc_send(far, MSG_PONG, 0, NULL, 0);
		return;
	}
	if (frame->type == MSG_CANCEL) {
		r = (struct rd){.at = frame->body, .end = frame->body + frame->len};
		note(heard, "cancel %u\n", rd_u32(&r));
		return;
	}
	assert_int_equal(frame->type, MSG_REQUEST);
	assert_int_equal(msg_get_reply(frame->type, frame->body, frame->len, &m), 0);
	note(heard, "request %u %.*s\n", m.id, (int)m.json_len, m.json);
	if (answer)
		answer(m.id);
}

static void hang_up(void)
{
	ipc_free(far);
	far = NULL;
}

static void far_closed(void *arg, const char *why)
{
	hang_up();
}

static void on_accept(int fd, short what, void *arg)
{
	static const struct ipc_handlers handlers = {far_frame, far_closed, NULL};

	connections++;
	hang_up();
	far = ipc_new(accept(fd, NULL, NULL), &handlers, NULL);
}

/* ---- the sink */

static void seen_head(void *arg, const char *list, const json_t *head)
{
	char *text = json_dumps(head, JSON_COMPACT);

	assert_string_equal(arg, "arg");
	note(seen, "head %s %s\n", list, text);
	free(text);
}

static void seen_row(void *arg, const char *text, size_t len)
{
	assert_string_equal(arg, "arg");
	note(seen, "row %.*s\n", (int)len, text);
}

static struct client *client;
static char error[64];

static int ask(const char *command)
{
	static const struct client_sink sink = {seen_head, seen_row};
	json_t *request = json_pack("{s:s}", "command", command);
	char arg[] = "arg";
	int err;

	strcpy(error, "none");
	err = client_request(client, request, &sink, arg, error, sizeof(error));
	json_decref(request);
	return err;
}

static void asked(const char *command, int err, const char *text)
{
	assert_int_equal(ask(command), err);
	assert_string_equal(error, text);
}

/* All that was heard and seen since the last call. */
static void told(const char *what_heard, const char *what_seen)
{
	__wrap_event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	assert_string_equal(heard, what_heard);
	assert_string_equal(seen, what_seen);
	heard[0] = seen[0] = '\0';
}

static void on_late(void *arg)
{
	say_end(late_id, "");
}

static int setup(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	strcpy(rundir + strlen(rundir) - 6, "XXXXXX");
	assert_non_null(mkdtemp(rundir));
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/cli.sock", rundir);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 5), 0);
	watch_init(&accept_watch, listener, EV_READ, on_accept, NULL);
	watch_on(&accept_watch);
	timer_init(&late, on_late, NULL);
	client = client_new(rundir);
	return 0;
}

static int teardown(void **state)
{
	char path[128];

	watch_off(&accept_watch);
	hang_up();
	close(listener);
	client_free(client); /* ends the loop */
	snprintf(path, sizeof(path), "%s/cli.sock", rundir);
	unlink(path);
	rmdir(rundir);
	return 0;
}

/* ---- answers */

static void answer_rows(uint32_t id)
{
	say_head(id, "routes", "{\"as\":7}");
	say_row(id, "{\"a\":1}");
	say_row(id, "not JSON");
	say_row(id, "{\"a\":2}");
	say_end(id, "");
	say_row(id, "{\"a\":3}"); /* behind the end */
}

static void test_answer(void **state)
{
	answer = answer_rows;
	asked("routes", 0, "none");
	told("request 1 {\"command\":\"routes\"}\n",
	     "head routes {\"as\":7}\nrow {\"a\":1}\nrow not JSON\nrow {\"a\":2}\n");
	asked("again", 0, "none");
	told("request 2 {\"command\":\"again\"}\n",
	     "head routes {\"as\":7}\nrow {\"a\":1}\nrow not JSON\nrow {\"a\":2}\n");
	assert_int_equal(connections, 1);
	assert_int_equal(patience.tv_sec, 4); /* for connect(), which has no other limit */
	assert_int_equal(patience.tv_usec, 0);
}

static void answer_error(uint32_t id)
{
	say_head(id, "", "{}");
	say_end(id, "it is not so");
}

static void answer_short_error(uint32_t id)
{
	say_end(id, "x");
}

static void test_error(void **state)
{
	answer = answer_short_error;
	asked("x", -1, "x");
	told("request 1 {\"command\":\"x\"}\n", "");
	answer = answer_error;
	asked("x", -1, "it is not so");
	told("request 2 {\"command\":\"x\"}\n", "head  {}\n");
	answer = answer_rows;
	asked("x", 0, "none");
}

/* What else comes is not of this request, or not for us. */
static void answer_others(uint32_t id)
{
	say_head(id - 1, "old", "{}");
	say_row(id + 1, "{}");
	say_end(id - 1, "old");
	ipc_send(far, MSG_ROUTES_SYNC, 0, "xyz", 3);
	say_row(id, "{}");
	say_end(id, "");
}

static void test_others(void **state)
{
	answer = answer_others;
	asked("x", 0, "none");
	told("request 1 {\"command\":\"x\"}\n", "row {}\n");
}

static void answer_array(uint32_t id)
{
	say_head(id, "", "[]");
}

static void answer_cut(uint32_t id)
{
	ipc_send(far, MSG_REPLY_END, 0, "xy", 2);
}

static void test_malformed(void **state)
{
	answer = answer_array;
	asked("x", -1, "malformed answer");
	answer = answer_cut;
	asked("x", -1, "malformed answer");
	told("request 1 {\"command\":\"x\"}\nrequest 2 {\"command\":\"x\"}\n", "");
}

/* ---- ends that are none */

static void answer_hang_up(uint32_t id)
{
	say_head(id, "", "{}");
	ipc_flush(far);
	hang_up();
}

static void test_closed(void **state)
{
	answer = answer_hang_up;
	asked("x", -1, "wgbgpd closed the connection");
	answer = answer_rows;
	asked("x", 0, "none"); /* a new one */
	assert_int_equal(connections, 2);
	hang_up(); /* between two commands: nobody needs to know */
	asked("x", 0, "none");
	assert_int_equal(connections, 3);
}

static void answer_and_hang_up(uint32_t id)
{
	say_end(id, "");
	ipc_flush(far);
	hang_up();
}

static void test_closed_behind_the_end(void **state)
{
	answer = answer_and_hang_up;
	asked("x", 0, "none");
	asked("x", 0, "none");
	assert_int_equal(connections, 2);
}

/* wgbgpd works at the answer for a while, and answers PINGs meanwhile. */
static void answer_late(uint32_t id)
{
	late_id = id;
	timer_start(&late, 30500);
}

static void test_slow(void **state)
{
	uint64_t began = clock_ms;

	answer = answer_late;
	asked("x", 0, "none");
	assert_int_equal(clock_ms - began, 30500);
	assert_int_equal(pings, 31); /* at once, then one a second */
	assert_int_equal(connections, 1);
}

/* Half of the answer came: the silence begins behind it. */
static void answer_half(uint32_t id)
{
	late_id = id;
	say_head(id, "", "{}");
	timer_start(&late, 3500);
}

static void answer_soon(uint32_t id)
{
	late_id = id;
	timer_start(&late, 2500);
}

/* It does not: 4 s, and what is asked right afterwards does not wait again. */
static void test_deaf(void **state)
{
	static const char sentence[] =
		"wgbgpd does not answer: it hangs, or is busy with too many ";
	uint64_t began = clock_ms;

	answer = NULL;
	deaf = true;
	assert_int_equal(ask("x"), -1);
	assert_memory_equal(error, sentence, strlen(sentence));
	assert_int_equal(clock_ms - began, 4000);
	assert_int_equal(pings, 1);
	assert_int_equal(ask("x"), -1);
	assert_memory_equal(error, sentence, strlen(sentence));
	clock_ms += 1999;
	assert_int_equal(ask("x"), -1);
	assert_int_equal(connections, 1);
	assert_int_equal(clock_ms - began, 5999);
	clock_ms += 1;
	answer = answer_soon; /* the silence before does not count */
	asked("x", 0, "none");
	assert_int_equal(clock_ms - began, 8500);
	deaf = false;
	answer = answer_rows;
	asked("x", 0, "none");
	assert_int_equal(connections, 2);
}

static void test_half_deaf(void **state)
{
	deaf = true;
	answer = answer_half;
	asked("x", 0, "none");
}

#define NO_PERMISSION                                                                \
	"no permission: root may use it, and the groups of `system cli-read-group` " \
	"and `cli-write-group`"

static void test_unreachable(void **state)
{
	static const struct {
		int error, second;
		const char *text;
	} rows[] = {
		{ENOENT, 0,
		 "wgbgpd is not running (nobody listens at RUNDIR/cli.sock; -r names another "
		 "place)"},
		{ECONNREFUSED, 0,
		 "wgbgpd is not running (nobody listens at RUNDIR/cli.sock; -r names "
		 "another place)"},
		{EACCES, EACCES, NO_PERMISSION},
		{EACCES, ENOENT, NO_PERMISSION},
		{EACCES, ECONNREFUSED, NO_PERMISSION},
		{EACCES, EAGAIN, "wgbgpd takes no more clients: it hangs, or has too many"},
		{EAGAIN, 0, "wgbgpd takes no more clients: it hangs, or has too many"},
		{ENOTDIR, 0, "RUNDIR/cli.sock: Not a directory"},
	};
	json_t *request = json_pack("{s:s}", "command", "x");
	char text[MSG_ERROR_MAX];
	int before, after;

	before = dup(0);
	close(before);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *place = strstr(rows[i].text, "RUNDIR");
		size_t front = place ? (size_t)(place - rows[i].text) : strlen(rows[i].text);
		char *want = xasprintf("%.*s%s%s", (int)front, rows[i].text, place ? rundir : "",
				       place ? place + strlen("RUNDIR") : "");

		connect_error = rows[i].error;
		second_error = rows[i].second;
		assert_null(client_ask(client, request, text, sizeof(text)));
		assert_string_equal(text, want);
		free(want);
	}
	connect_error = 0;
	socket_error = EMFILE;
	assert_null(client_ask(client, request, text, sizeof(text)));
	assert_non_null(strstr(text, ": Too many open files"));
	socket_error = 0;
	json_decref(request);
	after = dup(0);
	close(after);
	assert_int_equal(after, before); /* no descriptor was left open */
	answer = answer_rows;
	asked("x", 0, "none");
}

/* A descriptor that comes along is nothing for a client. */
static void answer_with_fd(uint32_t id)
{
	ipc_send_fd(far, MSG_ROUTES_SYNC, 0, NULL, 0, listener);
	say_end(id, "");
}

static void test_descriptor(void **state)
{
	int before, after;

	answer = answer_rows;
	asked("x", 0, "none");
	before = dup(0);
	close(before);
	answer = answer_with_fd;
	asked("x", 0, "none");
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

/* ---- a person interrupts */

static void answer_interrupt(uint32_t id)
{
	raise(SIGINT);
}

static void test_interrupt(void **state)
{
	answer = answer_interrupt;
	asked("x", -1, "interrupted");
	told("request 1 {\"command\":\"x\"}\ncancel 1\n", "");
	say_head(1, "", "{}"); /* what was under way */
	told("", "");
	client_endless(client, true);
	asked("x", 0, "none");
	told("request 2 {\"command\":\"x\"}\ncancel 2\n", "");
	client_endless(client, false);
	asked("x", -1, "interrupted");
	answer = answer_rows;
	asked("x", 0, "none");
}

static void interrupt(void *arg)
{
	raise(SIGINT);
}

static void test_wait(void **state)
{
	uint64_t began = clock_ms;
	struct timer timer;

	assert_true(client_wait(client, 2500));
	assert_int_equal(clock_ms - began, 2500);
	timer_init(&timer, interrupt, NULL);
	timer_start(&timer, 500);
	assert_false(client_wait(client, 2500));
	assert_int_equal(clock_ms - began, 3000);
	assert_true(client_wait(client, 1000)); /* as if nothing had been */
	assert_int_equal(clock_ms - began, 4000);
	client_hear_interrupt(client);
	assert_true(client_wait(client, 0));
	raise(SIGINT);
	assert_false(client_wait(client, 1000)); /* it was heard between the two */
	client_hear_no_interrupt(client);
	assert_true(client_interrupted(client));
	assert_int_equal(clock_ms - began, 4000);
	for (size_t i = 0; i < TIMERS_MAX; i++)
		assert_null(timers[i].timer);
}

/* ---- short answers as one object */

static void gathered(void (*how)(uint32_t id), const char *want)
{
	json_t *request = json_pack("{s:s}", "command", "x"), *doc;
	char *text;

	answer = how;
	doc = client_ask(client, request, error, sizeof(error));
	assert_non_null(doc);
	text = json_dumps(doc, JSON_COMPACT);
	assert_string_equal(text, want);
	free(text);
	json_decref(doc);
	json_decref(request);
}

static void answer_object(uint32_t id)
{
	say_head(id, "", "{\"as\":7}");
	say_row(id, "{\"a\":1}");
	say_end(id, "");
}

static void answer_two_heads(uint32_t id)
{
	say_head(id, "routes", "{\"as\":7}");
	say_row(id, "{\"a\":1}");
	say_head(id, "", "{\"as\":8}");
	say_row(id, "{\"a\":2}");
	say_end(id, "");
}

static void answer_nothing(uint32_t id)
{
	say_end(id, "");
}

static void test_ask(void **state)
{
	json_t *request = json_pack("{s:s}", "command", "x");

	gathered(answer_rows, "{\"as\":7,\"routes\":[{\"a\":1},{\"a\":2}]}");
	gathered(answer_object, "{\"as\":7}");
	gathered(answer_two_heads, "{\"as\":8}");
	gathered(answer_nothing, "{}");
	answer = answer_error;
	assert_null(client_ask(client, request, error, sizeof(error)));
	assert_string_equal(error, "it is not so");
	json_decref(request);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answer),	TEST(test_error),      TEST(test_others),
		TEST(test_malformed),	TEST(test_closed),     TEST(test_closed_behind_the_end),
		TEST(test_slow),	TEST(test_deaf),       TEST(test_half_deaf),
		TEST(test_unreachable), TEST(test_descriptor), TEST(test_interrupt),
		TEST(test_wait),	TEST(test_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
