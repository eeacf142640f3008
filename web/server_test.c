/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The server as its clients see it, over real sockets, in one process with them and with a wgbgpd
 * of the test's own: it answers `daemons`, and `route` with as many rows as the test says, as a
 * daemon would: it stops while its channel is full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "asker.h"
#include "conf.h"
#include "conns.h"
#include "doors.h"
#include "explained.h"
#include "ipc.h"
#include "loop.h"
#include "messages.h"
#include "pages.h"
#include "ports.h"
#include "server.h"
#include "util.h"

#define CLIENTS 256

/* ---- time, which the test moves */

static uint64_t skipped_ms;

uint64_t __real_now_ms(void);
uint64_t __wrap_now_ms(void);
uint64_t __wrap_now_ms(void)
{
	return __real_now_ms() + skipped_ms;
}

void __real_timer_start(struct timer *t, uint64_t ms);
void __wrap_timer_start(struct timer *t, uint64_t ms);
void __wrap_timer_start(struct timer *t, uint64_t ms)
{
	__real_timer_start(t, ms > 100 ? 10 : ms);
}

/* ---- wgbgpd */

#define ASKERS_MAX 64

static char dir[] = "/tmp/server_test.XXXXXX", path[64], page[64];
static int listening;
static struct watch accepting;
static struct asker_side {
	struct ipc *ipc;
	uint32_t id;
	unsigned left; /* rows of the answer */
	bool answering, endless, held;
} askers[ASKERS_MAX];
static size_t n_askers;
static unsigned rows = 3, rows_sent, requests;
static const char *ends_with; /* an error */
static bool mute;	      /* nothing is answered */
static bool held;	      /* not before release() */

static void send_reply(struct asker_side *s, enum msg_type type, const char *text)
{
	struct wr w = {0};

	if (type == MSG_REPLY_HEAD)
		msg_put_reply_head(&w, s->id, "rows", text, strlen(text));
	else if (type == MSG_REPLY_ROW)
		msg_put_request(&w, s->id, text, strlen(text));
	else
		msg_put_reply_end(&w, s->id, text);
	ipc_send(s->ipc, type, 0, w.data, w.len);
	wr_free(&w);
}

static void produce(struct asker_side *s)
{
	char row[128];

	while (s->left && !ipc_full(s->ipc)) {
		snprintf(row, sizeof(row), "{\"number\":%u,\"filled\":\"%080d\"}", rows - s->left,
			 0);
		send_reply(s, MSG_REPLY_ROW, row);
		s->left--;
		rows_sent++;
	}
	if (s->left)
		return;
	s->answering = false;
	if (s->endless)
		return;
	send_reply(s, MSG_REPLY_END, ends_with ? ends_with : "");
}

static void begin_answer(struct asker_side *s)
{
	s->held = false;
	send_reply(s, MSG_REPLY_HEAD, "{\"hostname\":\"here\"}");
	s->left = rows;
	s->answering = true;
	produce(s);
}

static void release(void)
{
	held = false;
	for (size_t i = 0; i < n_askers; i++)
		if (askers[i].ipc && askers[i].held)
			begin_answer(&askers[i]);
}

static void wgbgpd_frame(void *arg, const struct ipc_frame *frame)
{
	struct asker_side *s = arg;
	struct msg_reply m;
	json_t *request;

	if (frame->type == MSG_PING && !mute)
		ipc_send(s->ipc, MSG_PONG, 0, NULL, 0);
	requests += frame->type == MSG_REQUEST;
	if (frame->type != MSG_REQUEST || mute)
		return;
	assert_int_equal(msg_get_reply(MSG_REQUEST, frame->body, frame->len, &m), 0);
	s->id = m.id;
	request = conf_read(m.json, m.json_len);
	if (str_eq(conf_str(request, "command", ""), "daemons")) {
		send_reply(s, MSG_REPLY_HEAD, "{}");
		send_reply(s, MSG_REPLY_ROW, "{\"name\":\"bgpd\",\"state\":\"running\"}");
		send_reply(s, MSG_REPLY_END, ends_with ? ends_with : "");
	} else {
		s->endless = str_eq(conf_str(request, "command", ""), "monitor");
		s->held = true;
		if (!held)
			begin_answer(s);
	}
	json_decref(request);
}

static void wgbgpd_closed(void *arg, const char *why)
{
	struct asker_side *s = arg;

	ipc_free(s->ipc);
	s->ipc = NULL;
	s->answering = false;
}

static void wgbgpd_drained(void *arg)
{
	struct asker_side *s = arg;

	if (s->answering)
		produce(s);
}

static void on_accept(int fd, short what, void *arg)
{
	static const struct ipc_handlers handlers = {wgbgpd_frame, wgbgpd_closed, wgbgpd_drained};
	int got = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	assert_true(got >= 0 && n_askers < ASKERS_MAX);
	askers[n_askers] = (struct asker_side){0};
	askers[n_askers].ipc = ipc_new(got, &handlers, &askers[n_askers]);
	n_askers++;
}

static unsigned channels_open(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < n_askers; i++)
		n += askers[i].ipc != NULL;
	return n;
}

/* ---- clients */

static struct sockaddr_in at;

static int client(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_true(connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 || errno == EINPROGRESS);
	return fd;
}

static void turn(void)
{
	event_base_loop(loop_base(), EVLOOP_NONBLOCK);
}

static void say(int fd, const char *text)
{
	size_t len = strlen(text), sent = 0;

	while (sent < len) {
		ssize_t n = send(fd, text + sent, len - sent, MSG_NOSIGNAL);

		if (n > 0)
			sent += (size_t)n;
		else
			assert_true(n < 0 && (errno == EAGAIN || errno == ENOTCONN));
		turn();
	}
}

/* Until the end of the connection, or what is asked for is there; the number of bytes. */
static char heard[1 << 22];
static size_t hear(int fd, const char *until)
{
	size_t len = 0;
	ssize_t n;

	heard[0] = '\0';
	while (!(until && strstr(heard, until))) {
		n = recv(fd, heard + len, sizeof(heard) - 1 - len, 0);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			break;
		if (n > 0)
			len += (size_t)n;
		heard[len] = '\0';
		turn();
	}
	return len;
}

static const char *get(const char *what)
{
	char text[512];
	int fd = client();

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nConnection: close\r\n\r\n", what);
	say(fd, text);
	hear(fd, NULL);
	close(fd);
	return heard;
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no %s in %.2000s", part, text);
}

/* ---- tests */

static void test_health(void **state)
{
	has(get("/healthz"), "200");
	has(heard, "{\"healthy\":true,\"daemons\":{\"bgpd\":\"running\"},\"error\":null}");
	has(heard, "nosniff");
}

/* One answer for all who wait for it. */
static void test_health_is_shared(void **state)
{
	int fds[20];

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = client();
		say(fds[i], "GET /healthz HTTP/1.0\r\n\r\n");
	}
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		hear(fds[i], NULL);
		has(heard, "\"healthy\":true");
		close(fds[i]);
	}
	assert_in_range(channels_open(), 1, 1);
}

/* The fake wgbgpd knows of no metrics: what it says is no sample, and the scrape says so of itself.
 */
static void test_scrape(void **state)
{
	rows = 2;
	has(get("/metrics"), "text/plain; version=0.0.4");
	has(heard, "\nwgbgp_scrape_complete 1\n");
	has(heard, "# TYPE wgbgp_web_connections gauge\nwgbgp_web_connections 1\n");
	ends_with = "not here";
	skipped_ms += 1000;
	has(get("/metrics"), "\nwgbgp_scrape_complete 0\n");
	ends_with = NULL;
}

static int explain_client(unsigned last)
{
	char text[128];
	int fd = client();

	snprintf(text, sizeof(text), "GET /api/explain?destination=192.168.2.%u HTTP/1.0\r\n\r\n",
		 last);
	say(fd, text);
	return fd;
}

static void hear_explained(int fd, const char *part)
{
	hear(fd, NULL);
	has(heard, part);
	close(fd);
}

/* The fake wgbgpd has no such rows as are asked for: no route is among them. */
static void test_explain(void **state)
{
	rows = 2;
	has(get("/api/explain?destination=192.168.2.7"), " 200 ");
	has(heard, "\"destination\": \"192.168.2.7\"");
	has(heard, "\"stage\": \"bgp\"");
	has(get("/api/explain"), " 400 ");
	has(get("/api/explain?destination=x"), "destination: expected an address or a prefix");
	has(get("/api/explain?destination=10.0.0.1&from=x"), "from: expected an address");
	has(get("/api/explain?destination=10.0.0.1&from=fd00::1"), "different families");
	has(get("/api/explain?destination=10.0.0.1&probe=true"), "there are: destination from");
	ends_with = "not here";
	skipped_ms += 1000;
	has(get("/api/explain?destination=192.168.2.7"), " 502 ");
	has(heard, "{\n \"error\": \"not here\"\n}");
	ends_with = NULL;
}

/* One answer for all who ask the same, meanwhile or soon after. */
static void test_explain_is_shared(void **state)
{
	int fds[20];
	unsigned once;

	rows = 2;
	hear_explained(explain_client(1), " 200 ");
	once = requests;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = explain_client(2);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		hear_explained(fds[i], "192.168.2.2");
	assert_int_equal(requests, 2 * once);
	hear_explained(explain_client(1), "192.168.2.1");
	assert_int_equal(requests, 2 * once);
	skipped_ms += 1000;
	hear_explained(explain_client(1), "192.168.2.1");
	assert_int_equal(requests, 3 * once);
}

/* However many ask for something else each: one question is before the daemons. */
static void test_explain_one_at_a_time(void **state)
{
	int fds[EXPLAINED_MAX];
	char byte;

	mute = true;
	for (unsigned i = 0; i < EXPLAINED_MAX; i++)
		fds[i] = explain_client(i);
	hear_explained(explain_client(99), "too many ask");
	assert_int_equal(requests, 1);
	assert_int_equal(channels_open(), 1);
	for (unsigned i = 0; i < 100 && recv(fds[0], &byte, 1, MSG_PEEK) < 0; i++) {
		skipped_ms += 1000;
		usleep(2000);
		for (unsigned k = 0; k < 20 && recv(fds[0], &byte, 1, MSG_PEEK) < 0; k++)
			turn();
	}
	mute = false;
	hear_explained(fds[0], "does not answer");
	for (unsigned i = 1; i < EXPLAINED_MAX; i++)
		hear_explained(fds[i], " 200 ");
}

/* Who asked is gone before the answer. */
static void test_explain_client_goes(void **state)
{
	mute = true;
	for (unsigned i = 0; i < 8; i++) {
		int fd = explain_client(i);

		for (unsigned k = 0; k < 20; k++)
			turn();
		close(fd);
	}
	mute = false;
	has(get("/healthz"), "\"healthy\":true");
}

/* The fake wgbgpd's sessions have no state, and what it refuses is a finding, too. */
static void test_doctor(void **state)
{
	rows = 2;
	has(get("/api/doctor"), " 200 ");
	has(heard, "\"check\": \"session\"");
	has(heard, "\"healthy\": false");
	has(get("/api/doctor?all=true"), " 400 ");
	ends_with = "not here";
	has(get("/api/doctor"), "\"check\": \"session\""); /* still the same */
	skipped_ms += 100000;
	has(get("/api/doctor"), "\"text\": \"not here\"");
	ends_with = NULL;
}

/* Each table passes once, however many ask, for seconds. */
static void test_doctor_is_shared(void **state)
{
	int fds[20];
	unsigned once;

	rows = 2;
	get("/api/doctor");
	once = requests;
	skipped_ms += 1000;
	get("/api/doctor");
	assert_int_equal(requests, once);
	skipped_ms += 100000;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = client();
		say(fds[i], "GET /api/doctor HTTP/1.0\r\n\r\n");
	}
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		hear(fds[i], NULL);
		has(heard, "\"healthy\": false");
		close(fds[i]);
	}
	assert_int_equal(requests, 2 * once);
}

/* It hangs while it is asked: an answer all the same, and the next one is whole. */
static void test_doctor_hangs(void **state)
{
	char byte;
	int fd = client();

	mute = true;
	say(fd, "GET /api/doctor HTTP/1.0\r\n\r\n");
	for (unsigned i = 0; i < 100 && recv(fd, &byte, 1, MSG_PEEK) < 0; i++) {
		skipped_ms += 1000;
		usleep(2000);
		for (unsigned k = 0; k < 20 && recv(fd, &byte, 1, MSG_PEEK) < 0; k++)
			turn();
	}
	hear(fd, NULL);
	has(heard, " 503 ");
	close(fd);
	mute = false;
	rows = 2;
	skipped_ms += 10000000;
	has(get("/api/doctor"), " 200 ");
}

static void test_short_answer(void **state)
{
	rows = 2;
	has(get("/api/route"), "Content-Length: ");
	has(heard, "\r\n\r\n{\"hostname\":\"here\",\"rows\":[\n{\"number\":0,");
	has(heard, "\"},\n{\"number\":1,");
	has(heard, "\"}\n]}\n");
	rows = 0;
	has(get("/api/route"), "{\"hostname\":\"here\",\"rows\":[]}\n");
}

static void test_head(void **state)
{
	int fd = client();

	rows = 2;
	say(fd, "HEAD /api/route HTTP/1.1\r\nConnection: close\r\n\r\n");
	hear(fd, NULL);
	close(fd);
	has(heard, "200");
	assert_string_equal(strstr(heard, "\r\n\r\n"), "\r\n\r\n");
}

/* A head, and nothing behind it: what follows on the connection is the next answer. */
static void test_head_and_more(void **state)
{
	static const char *const paths[] = {"/healthz",	 "/metrics",	"/",	      "/nothing",
					    "/api/none", "/api/series", "/api/curves"};
	int fd = client();

	rows = 2;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		char text[128], length[64];
		size_t len;

		snprintf(text, sizeof(text), "HEAD %s HTTP/1.1\r\n\r\n", paths[i]);
		say(fd, text);
		hear(fd, "\r\n\r\n");
		assert_string_equal(strstr(heard, "\r\n\r\n"), "\r\n\r\n");
		has(heard, "Content-Length: ");
		str_copy(length, strtok(strstr(heard, "Content-Length: "), "\r"), sizeof(length));
		snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n\r\n", paths[i]);
		say(fd, text);
		len = hear(fd, "\r\n\r\n");
		assert_memory_equal(heard, "HTTP/1.1 ", 9);
		has(heard, length);
		for (size_t want = (size_t)(strstr(heard, "\r\n\r\n") + 4 - heard) +
				   strtoul(length + 16, NULL, 10);
		     len < want;) {
			ssize_t n = recv(fd, heard, sizeof(heard), 0);

			len += n > 0 ? (size_t)n : 0;
			turn();
		}
	}
	close(fd);
}

static void test_long_answer(void **state)
{
	int fd = client();
	json_t *doc;

	rows = 20000;
	say(fd, "GET /api/route HTTP/1.0\r\n\r\n"); /* no chunks */
	hear(fd, NULL);
	close(fd);
	has(heard, "{\"number\":19999,");
	doc = json_loads(strstr(heard, "\r\n\r\n") + 4, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(doc, "rows")), 20000);
	json_decref(doc);
	has(get("/api/route"), "chunked");
	has(heard, "]}\n\r\n0\r\n");
}

/* Where there are no chunks only the end of the connection says where a long answer ends. */
static void test_long_answer_of_old_clients(void **state)
{
	static const char *const keep[] = {"Connection: keep-alive\r\n",
					   "Connection: Keep-Alive\r\nConnection: keep-alive\r\n"};

	rows = 20000;
	for (size_t i = 0; i < ARRAY_SIZE(keep); i++) {
		char text[128];
		int fd = client();

		snprintf(text, sizeof(text), "GET /api/route HTTP/1.0\r\n%s\r\n", keep[i]);
		say(fd, text);
		hear(fd, NULL);
		close(fd);
		has(heard, "]}\n");
		strstr(heard, "\r\n\r\n")[0] = '\0';
		assert_null(strstr(heard, "Content-Length"));
		assert_null(strstr(heard, "keep-alive"));
	}
}

/* What is no UTF-8 does not take the sentence away that it is in. */
static void test_no_utf8(void **state)
{
	has(get("/api/tunnels?\xff=1"), "{\"error\":\"?: not known here;");
	has(get("/api/"
		"tunnels?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa4"
		"=1"),
	    "aaa?: not known here;");
	rows = 1;
	ends_with = "no \xff here";
	has(get("/healthz"), "\"error\":\"no ? here\"");
	has(get("/api/route"), "\"error\":\"no ? here\"");
	ends_with = NULL;
}

static void test_refusal(void **state)
{
	rows = 0;
	ends_with = "no \"such\" prefix";
	has(get("/api/route"), "502");
	has(heard, "\"rows\":[],\"error\":\"no \\\"such\\\" prefix\"}");
	rows = 5000;
	has(get("/api/route"), "],\"error\":\"no \\\"such\\\" prefix\"}");
	ends_with = NULL;
}

/* Who does not read holds up its daemon, and nobody else; it costs no memory. */
static void test_slow_reader(void **state)
{
	int fd = client(), size = 4096;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	rows = 1000000;
	rows_sent = 0;
	say(fd, "GET /api/route HTTP/1.1\r\n\r\n");
	for (unsigned i = 0; i < 2000; i++)
		turn();
	assert_in_range(rows_sent, 1000, 100000);
	rows = 2;
	has(get("/api/tunnels"), "200");
	has(get("/healthz"), "\"healthy\":true");
	skipped_ms += CONNS_TAKING_MS;
	for (unsigned i = 0; i < 200; i++)
		has(get("/healthz"), "\"healthy\":true");
	assert_in_range(channels_open(), 0, 3);
	close(fd);
}

/* However many do not read a table, it is read once; the next one waits for two seconds for each of
 * them at most, and who asks for something else for nobody. */
static void test_slow_readers(void **state)
{
	int fds[3], fd, size = 4096;

	rows = 1000000;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = client();
		setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		say(fds[i], "GET /api/route HTTP/1.1\r\n\r\n");
	}
	for (unsigned i = 0; i < 2000; i++)
		turn();
	assert_in_range(channels_open(), 1, 2);
	rows = 2;
	fd = client();
	say(fd, "GET /api/route HTTP/1.0\r\n\r\n");
	has(get("/api/tunnels"), "\"number\":1");
	has(get("/healthz"), "\"healthy\":true");
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		skipped_ms += 2500;
		for (unsigned k = 0; k < 200; k++) {
			usleep(200);
			turn();
		}
	}
	hear(fd, NULL);
	has(heard, "\"number\":1");
	close(fd);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

/* Those who ask the same meanwhile share the answer; who asks behind it gets no old one. */
static void test_same_question(void **state)
{
	int fds[40];

	rows = 2;
	held = true;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = client();
		say(fds[i], "GET /api/route HTTP/1.0\r\n\r\n");
	}
	while (!requests)
		turn();
	for (unsigned i = 0; i < 200; i++)
		turn();
	assert_int_equal(requests, 1);
	release();
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		hear(fds[i], NULL);
		has(heard, "\"number\":1,");
		close(fds[i]);
	}
	assert_int_equal(requests, 1);
	rows = 3;
	has(get("/api/route"), "\"number\":2,");
	assert_int_equal(requests, 2);
	has(get("/api/route?family=ipv6"), "\"number\":2,"); /* another one */
	assert_int_equal(requests, 3);
}

/* Who asks soon after waits until the daemons have rested. */
static void test_same_question_rests(void **state)
{
	int fds[40];

	rows = 2;
	get("/api/route");
	assert_int_equal(requests, 1);
	held = true;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = client();
		say(fds[i], "GET /api/route HTTP/1.0\r\n\r\n");
	}
	while (requests == 1)
		turn();
	for (unsigned i = 0; i < 200; i++)
		turn();
	assert_int_equal(requests, 2);
	release();
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		hear(fds[i], NULL);
		has(heard, "\"number\":1,");
		close(fds[i]);
	}
	assert_int_equal(requests, 2);
}

/* A table that does not fit: each gets it whole, one behind the other. */
static void test_same_table(void **state)
{
	int fds[3];

	rows = 20000;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = client();
		say(fds[i], "GET /api/route HTTP/1.0\r\n\r\n");
	}
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		hear(fds[i], NULL);
		has(heard, "{\"number\":19999,");
		has(heard, "]}\n");
		close(fds[i]);
	}
	rows = 2;
	has(get("/api/route"), "\"number\":1,"); /* it has become small */
}

/* Each event goes out at once, and a client that does not read them costs what it is sent, no more.
 */
static void test_events(void **state)
{
	int fds[ASKER_EVENTS_MAX], late;

	rows = 2;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = client();
		say(fds[i], "GET /api/monitor HTTP/1.1\r\n\r\n");
		hear(fds[i], "\"number\":1,");
		has(heard, "text/event-stream");
		has(heard, "data: {\"number\":0,");
	}
	late = client();
	say(late, "GET /api/monitor HTTP/1.0\r\n\r\n");
	hear(late, NULL);
	has(heard, "too many requests");
	close(late);
	has(get("/api/route"), "\"number\":1,"); /* the others' channels are free */
	close(fds[0]);
	for (unsigned i = 0; i < 2000 && channels_open() > ASKER_EVENTS_MAX + 1; i++) {
		usleep(100);
		turn();
	}
	late = client();
	say(late, "GET /api/monitor HTTP/1.0\r\n\r\n");
	hear(late, "\"number\":1,");
	close(late);
	for (size_t i = 1; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

/* A beat is due when a client goes that has left much of its events unread. */
static void test_beat_of_who_goes(void **state)
{
	const struct linger at_once = {.l_onoff = 1};
	int fd = client(), size = 4096;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	rows = 1000000;
	rows_sent = 0;
	say(fd, "GET /api/monitor HTTP/1.1\r\n\r\n");
	for (unsigned before = 0, still = 0; still < 100; before = rows_sent) {
		turn();
		still = rows_sent && rows_sent == before ? still + 1 : 0;
	}
	usleep(20000); /* longer than a beat takes here */
	close(fd);
	rows = 2;
	has(get("/api/route"), "\"number\":1");
}

static void test_client_goes(void **state)
{
	int fd;

	for (unsigned turns = 0; turns < 400; turns += 7) {
		fd = client();
		rows = 100000;
		say(fd, "GET /api/route HTTP/1.1\r\n\r\n");
		for (unsigned i = 0; i < turns; i++)
			turn();
		close(fd);
	}
	rows = 2;
	has(get("/api/route"), "\"number\":1");
}

/* A head that comes byte by byte ends after its time, however often a byte comes. */
static void test_slow_head(void **state)
{
	int fd = client();
	char byte;
	unsigned i;

	for (i = 0; i < 1000; i++) {
		ssize_t n = send(fd, "G", 1, MSG_NOSIGNAL);

		skipped_ms += 100;
		for (unsigned k = 0; k < 20; k++)
			turn();
		if (n < 0 && errno != EAGAIN && errno != ENOTCONN)
			break;
		usleep(1000);
	}
	assert_in_range(i, 50, 400);
	assert_true(recv(fd, &byte, 1, 0) <= 0);
	close(fd);
}

/* However many only sit there, who asks is answered. */
static void test_many(void **state)
{
	enum { MANY = CLIENTS + 100 };
	static int fds[MANY];
	unsigned open = 0;
	char byte;

	for (unsigned i = 0; i < MANY; i++) {
		fds[i] = client();
		say(fds[i], i % 2 ? "GET /heal" : "");
		has(i % 50 ? "\"healthy\":true" : get("/healthz"), "\"healthy\":true");
	}
	has(get("/healthz"), "\"healthy\":true");
	assert_in_range(conns_count(), CLIENTS - 2, CLIENTS);
	for (unsigned i = 0; i < MANY; i++) {
		ssize_t n = recv(fds[i], &byte, 1, 0);

		open += n < 0 && errno == EAGAIN;
		close(fds[i]);
	}
	assert_in_range(open, CLIENTS - 10, CLIENTS);
}

/* Requests sent ahead without end: the first one is answered, and the connection ends. */
static void test_pipeline(void **state)
{
	static const char text[] = "GET /healthz HTTP/1.1\r\n\r\n";
	int fd = client(), size = 4096;
	size_t sent = 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (unsigned i = 0; i < 20000; i++) {
		ssize_t n = send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		turn();
	}
	assert_true(sent > 0);
	has(get("/healthz"), "\"healthy\":true");
	close(fd);
	fd = client();
	say(fd, "GET /healthz HTTP/1.1\r\n\r\nGET /nothing HTTP/1.1\r\n\r\n");
	hear(fd, NULL);
	has(heard, "Connection: close");
	has(heard, "\"healthy\":true");
	assert_null(strstr(heard, "no such page"));
	close(fd);
}

static void test_rubbish(void **state)
{
	static const char *const lines[] = {
		"\r\n\r\n\r\n",
		"GET\r\n\r\n",
		"GET / HTTP/9.9\r\n\r\n",
		"\x16\x03\x01\x02\r\n\r\n",
		"GET /%00 HTTP/1.0\r\n\r\n",
		"GET /api/route?%zz=%1 HTTP/1.0\r\n\r\n",
		"GET http://[::1/ HTTP/1.0\r\n\r\n",
		"GET /api/route?=&&==& HTTP/1.0\r\n\r\n",
		"BREW / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"POST /healthz HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"POST /healthz HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\nx"};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		int fd = client();

		say(fd, lines[i]);
		shutdown(fd, SHUT_WR);
		hear(fd, NULL);
		if (strstr(heard, " 200 "))
			fail_msg("%s: %s", lines[i], heard);
		close(fd);
	}
	has(get("/healthz"), "\"healthy\":true");
}

static void test_other_name(void **state)
{
	static const struct {
		const char *target, *host;
		const char *status;
	} asked[] = {
		{"/healthz", "localhost:8179", " 200 "},
		{"/healthz", "LOCALHOST", " 200 "},
		{"/healthz", "127.0.0.1:8179", " 200 "},
		{"/healthz", "[::1]:8179", " 200 "},
		{"/healthz", "[::1]", " 200 "},
		{"/healthz", "10.0.0.1", " 200 "},
		{"/healthz", "evil.example", " 421 "},
		{"/healthz", "localhost.evil", " 421 "},
		{"/healthz", "127.0.0.1.nip.io:80", " 421 "},
		{"/healthz", "[::1", " 421 "},
		{"/healthz", "[::1]evil.example", " 421 "},
		{"/healthz", "[evil.example]", " 421 "},
		{"/healthz", "127.0.0.1:evil.example", " 421 "},
		{"/healthz", "localhost:1:2", " 421 "},
		{"/healthz", "", " 421 "},
		/* a name in the target counts for nothing */
		{"//127.0.0.1/healthz", "evil.example", " 400 "},
		{"//127.0.0.1/healthz", "127.0.0.1", " 400 "},
		{"///healthz", "evil.example", " 400 "},
		{"http://127.0.0.1/healthz", "evil.example", " 400 "},
		{"http://localhost/healthz", "localhost", " 400 "},
		{"x://localhost/healthz", "evil.example", " 400 "},
		{"http:/healthz", "evil.example", " 421 "},
	};

	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		char text[256];
		int fd = client();

		snprintf(text, sizeof(text), "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", asked[i].target,
			 asked[i].host);
		say(fd, text);
		hear(fd, NULL);
		if (!strstr(heard, asked[i].status))
			fail_msg("%s of %s: %s", asked[i].target, asked[i].host, heard);
		close(fd);
	}
}

static void test_pages(void **state)
{
	int fd;
	char tag[256], *end;

	has(get("/"), "text/html; charset=utf-8");
	has(heard, "default-src 'self'");
	has(heard, "\r\n\r\n<p>hello");
	end = strstr(heard, "ETag: ");
	assert_non_null(end);
	snprintf(tag, sizeof(tag), "GET /index.html HTTP/1.0\r\nIf-None-Match: %.*s\r\n\r\n",
		 (int)strcspn(end + 6, "\r"), end + 6);
	fd = client();
	say(fd, tag);
	hear(fd, NULL);
	has(heard, " 304 ");
	close(fd);
	has(get("/../server_test"), " 404 ");
	has(get("/nothing"), "there is no such page");
}

static void test_wgbgpd_hangs(void **state)
{
	int fd = client();

	mute = true;
	say(fd, "GET /api/route HTTP/1.0\r\n\r\n");
	for (unsigned i = 0; i < 100; i++) {
		skipped_ms += 1000;
		usleep(2000);
		for (unsigned k = 0; k < 20; k++)
			turn();
	}
	hear(fd, NULL);
	has(heard, " 503 ");
	has(heard, "does not answer");
	close(fd);
	mute = false;
}

static int set_up(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(at);
	char error[256];
	FILE *f;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/cli-read.sock", dir);
	snprintf(page, sizeof(page), "%s/index.html", dir);
	f = fopen(page, "we");
	fputs("<p>hello", f);
	fclose(f);
	assert_int_equal(pages_read(dir), 1);
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	str_copy(un.sun_path, path, sizeof(un.sun_path));
	assert_int_equal(bind(listening, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(listening, 64), 0);
	watch_init(&accepting, listening, EV_READ, on_accept, NULL);
	watch_on(&accepting);
	do {
		char address[32];

		snprintf(address, sizeof(address), "127.0.0.1:%u", port_any());
		fd = door_open(address, false, error, sizeof(error));
	} while (fd < 0);
	getsockname(fd, (struct sockaddr *)&at, &len);
	server_open(dir, CLIENTS);
	server_listen(fd);
	return 0;
}

static int tear_down(void **state)
{
	server_close();
	for (size_t i = 0; i < n_askers; i++)
		ipc_free(askers[i].ipc);
	watch_off(&accepting);
	close(listening);
	loop_free();
	unlink(path);
	unlink(page);
	rmdir(dir);
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_health),
		TEST(test_health_is_shared),
		TEST(test_scrape),
		TEST(test_short_answer),
		TEST(test_head),
		TEST(test_long_answer),
		TEST(test_refusal),
		TEST(test_slow_reader),
		TEST(test_slow_readers),
		TEST(test_events),
		TEST(test_client_goes),
		TEST(test_slow_head),
		TEST(test_many),
		TEST(test_pipeline),
		TEST(test_rubbish),
		TEST(test_other_name),
		TEST(test_pages),
		TEST(test_wgbgpd_hangs),
		TEST(test_head_and_more),
		TEST(test_long_answer_of_old_clients),
		TEST(test_no_utf8),
		TEST(test_beat_of_who_goes),
		TEST(test_explain),
		TEST(test_explain_is_shared),
		TEST(test_explain_one_at_a_time),
		TEST(test_explain_client_goes),
		TEST(test_doctor),
		TEST(test_same_question),
		TEST(test_same_question_rests),
		TEST(test_same_table),
		TEST(test_doctor_is_shared),
		TEST(test_doctor_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
