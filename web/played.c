/* SPDX-License-Identifier: BSD-2-Clause */
#include "played.h"

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf.h"
#include "doors.h"
#include "ipc.h"
#include "loop.h"
#include "messages.h"
#include "pages.h"
#include "ports.h"
#include "server.h"
#include "util.h"

/* ---- time, which the test moves */

uint64_t skipped_ms;

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
unsigned rows = 3, rows_sent, requests;
const char *ends_with;
bool mute;
bool held;

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

void release(void)
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

unsigned channels_open(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < n_askers; i++)
		n += askers[i].ipc != NULL;
	return n;
}

/* ---- clients */

static struct sockaddr_in at;

int client(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_true(connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 || errno == EINPROGRESS);
	return fd;
}

void turn(void)
{
	event_base_loop(loop_base(), EVLOOP_NONBLOCK);
}

void say(int fd, const char *text)
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

char heard[HEARD_MAX];

size_t hear(int fd, const char *until)
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

const char *get(const char *what)
{
	char text[512];
	int fd = client();

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nConnection: close\r\n\r\n", what);
	say(fd, text);
	hear(fd, NULL);
	close(fd);
	return heard;
}

void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no %s in %.2000s", part, text);
}

/* ---- around each test */

int played_set_up(void **state)
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
	server_open(dir, PLAYED_CLIENTS);
	server_listen(fd);
	return 0;
}

int played_tear_down(void **state)
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
