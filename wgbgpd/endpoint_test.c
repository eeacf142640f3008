/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * endpoint: clients at the socket, and the daemons behind it: who is asked what, and every answer
 * as a line of text. parent.c is played, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ask.h"
#include "change.h"
#include "cli_sockets.h"
#include "config.h"
#include "conf_load.h"
#include "conf_parse.h"
#include "conf_schema.h"
#include "endpoint.h"
#include "endpoint_own.h"
#include "log.h"
#include "log_ring.h"
#include "played.h"
#include "supervise.h"

static char dir[] = "/tmp/endpoint_test.XXXXXX";
static struct ly_ctx *ctx;

/* ---- in the place of parent.c */

static commit_fn reload_done;
static void *reload_arg;
static json_t *reload_warnings;

void __wrap_change_reload(const struct change_ask *ask, commit_fn done, void *arg);
void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...);

static char events_lost[64]; /* as the log says it */

void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;

	if (!str_eq(event, "events-lost"))
		return;
	va_start(ap, fmt);
	vsnprintf(events_lost, sizeof(events_lost), fmt, ap);
	va_end(ap);
}

void __wrap_change_reload(const struct change_ask *ask, commit_fn done, void *arg)
{
	played_say("reload%s%s", ask->may_be_empty ? " empty" : "",
		   ask->unattended ? " unattended" : "");
	if (ask->seconds)
		played_say(" for %u s", ask->seconds);
	if (ask->comment)
		played_say(" by %s from %s: %s", ask->login, ask->from, ask->comment);
	played_say("\n");
	assert_string_equal(ask->how, "reload");
	assert_int_equal(ask->uid, getuid());
	reload_done = done;
	reload_arg = arg;
	reload_warnings = ask->warnings;
}

static void stop(const char *why)
{
	played_say("stop: %s\n", why);
}

static const struct endpoint_ops ops = {stop};

static void from_daemon(enum daemon_id id, const struct ipc_frame *f)
{
	if (f->type == MSG_CONFIG_DONE)
		commit_daemon_done(id, f);
	else if (f->type == MSG_EVENT)
		endpoint_event(id, f->body, f->len);
	else
		ask_frame(id, f);
}

/* ---- clients */

static struct client_end {
	int number;
	struct ipc *ipc;
	unsigned rows, ended, pongs;
	bool quiet; /* they are counted alone */
} ends[2];

/* A row without its time, which is checked. */
static void say_row(const struct client_end *c, const struct msg_reply *m)
{
	json_t *row = json_loadb(m->json, m->json_len, 0, NULL);
	char *text;

	if (json_object_get(row, "time"))
		assert_int_equal(json_string_length(json_object_get(row, "time")), 24);
	json_object_del(row, "time");
	text = json_dumps(row, JSON_COMPACT | JSON_SORT_KEYS);
	played_say("client %d row %u %s\n", c->number, m->id, text);
	free(text);
	json_decref(row);
}

static void hear(void *arg, const struct ipc_frame *f)
{
	struct client_end *c = arg;
	struct msg_reply m;

	assert_int_equal(f->generation, 0); /* of no configuration */
	if (f->type == MSG_PONG) {
		c->pongs++;
		return;
	}
	assert_int_equal(msg_get_reply(f->type, f->body, f->len, &m), 0);
	if (f->type == MSG_REPLY_ROW) {
		c->rows++;
		if (!c->quiet)
			say_row(c, &m);
	} else if (c->quiet) {
		c->ended += f->type == MSG_REPLY_END;
	} else if (f->type == MSG_REPLY_HEAD) {
		played_say("client %d head %u '%s' %.*s\n", c->number, m.id, m.list,
			   (int)m.json_len, m.json);
	} else {
		played_say("client %d end %u '%s'\n", c->number, m.id, m.error);
	}
}

static void lost(void *arg, const char *why)
{
	struct client_end *c = arg;

	ipc_free(c->ipc);
	c->ipc = NULL;
	played_say("client %d is out\n", c->number);
}

static int connect_to(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/cli.sock", dir);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	close(fd);
	return -errno;
}

static void open_client(int n)
{
	static const struct ipc_handlers handlers = {hear, lost, NULL};
	int fd = connect_to();

	assert_true(fd >= 0);
	ipc_free(ends[n].ipc);
	ends[n] = (struct client_end){.number = n};
	ends[n].ipc = ipc_new(fd, &handlers, &ends[n]);
}

static void request(int n, uint32_t id, const char *json)
{
	struct wr w = {0};

	msg_put_request(&w, id, json, strlen(json));
	ipc_send(ends[n].ipc, MSG_REQUEST, 0, w.data, w.len);
	wr_free(&w);
}

static void send_id(struct ipc *ipc, enum msg_type type, uint32_t id)
{
	struct wr w = {0};

	wr_u32(&w, id);
	ipc_send(ipc, type, 0, w.data, w.len);
	wr_free(&w);
}

static void reply_end(struct ipc *ipc, uint32_t id, const char *error)
{
	struct wr w = {0};

	msg_put_reply_end(&w, id, error);
	ipc_send(ipc, MSG_REPLY_END, 0, w.data, w.len);
	wr_free(&w);
}

static void reply_row(struct ipc *ipc, uint32_t id, const char *json)
{
	struct wr w = {0};

	msg_put_request(&w, id, json, strlen(json));
	ipc_send(ipc, MSG_REPLY_ROW, 0, w.data, w.len);
	wr_free(&w);
}

static void reply_head(struct ipc *ipc, uint32_t id, const char *list, const char *json)
{
	struct wr w = {0};

	msg_put_reply_head(&w, id, list, json, strlen(json));
	ipc_send(ipc, MSG_REPLY_HEAD, 0, w.data, w.len);
	wr_free(&w);
}

/* Until all that clients and daemons have said is heard. */
static void settle(void)
{
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
			unsigned pongs = ends[i].pongs;

			if (!ends[i].ipc)
				continue;
			ipc_send(ends[i].ipc, MSG_PING, 0, NULL, 0);
			PLAYED_AWAIT(!ends[i].ipc || ends[i].pongs == pongs + 1);
		}
		played_settle();
		for (int k = 0; k < 3; k++)
			event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	}
}

#define EXPECT(text)                                    \
	do {                                            \
		settle();                               \
		played_sort();                          \
		assert_string_equal(played_text, text); \
		played_text[0] = '\0';                  \
	} while (0)

/* What is missing is what privs.c finds to be: all, where nothing was looked up. */
static void test_privileges(void **state)
{
	static const char *const lost[] = {"net_admin", "net_raw", "net_bind_service", "setuid",
					   "kill"};
	char want[128];
	const char *at;

	open_client(0);
	request(0, 1, "{\"command\":\"privileges\"}");
	settle();
	assert_int_equal(ends[0].rows, ARRAY_SIZE(lost));
	at = strstr(played_text, "client 0 head 1 'missing' {\"user-kept\":false}\n");
	for (size_t i = 0; at && i < ARRAY_SIZE(lost); i++) {
		snprintf(want, sizeof(want), "client 0 row 1 {\"capability\":\"%s\",\"lost\":\"",
			 lost[i]);
		at = strstr(at, want);
	}
	assert_non_null(at);
	assert_non_null(strstr(at, "client 0 end 1 ''\n"));
	played_text[0] = '\0';
}

static unsigned open_descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Descriptors that nobody asked for are not kept, whoever sends them. */
static void test_unwanted_descriptors(void **state)
{
	static const char row[] = "\0\0\0\1{}";
	unsigned before;

	open_client(0);
	request(0, 1, "{\"command\":\"pins\"}");
	EXPECT("zebra-lite client request 1 {\"command\":\"pins\"}\n");
	before = open_descriptors();
	for (int i = 0; i < 3; i++) {
		ipc_send_fd(ends[0].ipc, MSG_PONG, 0, NULL, 0, 0);
		ipc_send_fd(played_client(DAEMON_ZEBRA), MSG_REPLY_ROW, 0, row, 6, 0);
	}
	EXPECT("client 0 row 1 {}\nclient 0 row 1 {}\nclient 0 row 1 {}\n");
	assert_int_equal(open_descriptors(), before);
}

/* ---- who answers */

static void test_who_answers(void **state)
{
	static const struct {
		const char *command, *daemon;
	} rows[] = {
		{"bgp-summary", "bgpd"},
		{"bgp-neighbors", "bgpd"},
		{"bgp-routes", "bgpd"},
		{"clear", "bgpd"},
		{"route", "zebra-lite"},
		{"nexthops", "zebra-lite"},
		{"rib-summary", "zebra-lite"},
		{"pins", "zebra-lite"},
		{"wireguard", "wgd"},
		{"tunnels", "wgd"},
		{"allowed-ips", "wgd"},
		{"rules", "zebra-lite"},
		{"bfd", "bfdd"},
		{"drain", "wgd"},
		{"undrain", "wgd"},
		{"uplinks", "zebra-lite"},
		{"planes", "zebra-lite"},
		{"nftables-sets", "zebra-lite"},
	};
	/* What each daemon answers of itself, and what only it knows. */
	static const char *const each[] = {"history", "debug", "debug-off", "debugs", "memory"};
	char json[128], want[256];

	open_client(0);
	for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++) {
		/* What the daemon is asked for by name goes by the command all the same. */
		snprintf(json, sizeof(json), "{\"command\":\"%s\",\"daemon\":\"bgpd\",\"x\":%u}",
			 rows[i].command, i);
		request(0, i, json);
		snprintf(want, sizeof(want), "%s client request %u %s\n", rows[i].daemon, i, json);
		EXPECT(want);
		for (int id = 0; id < DAEMON_COUNT; id++)
			if (str_eq(daemon_name(id), rows[i].daemon))
				reply_end(played_client(id), i, "");
		snprintf(want, sizeof(want), "client 0 end %u ''\n", i);
		EXPECT(want);
	}
	for (int id = 0; id < DAEMON_COUNT; id++)
		for (size_t i = 0; i < ARRAY_SIZE(each); i++) {
			snprintf(json, sizeof(json), "{\"command\":\"%s\",\"daemon\":\"%s\"}",
				 each[i], daemon_name(id));
			request(0, 77, json);
			snprintf(want, sizeof(want), "%s client request 77 %s\n", daemon_name(id),
				 json);
			EXPECT(want);
			reply_end(played_client(id), 77, "no");
			EXPECT("client 0 end 77 'no'\n");
		}
}

static void test_refused(void **state)
{
	static const struct {
		const char *json, *error;
	} rows[] = {
		{"{\"command\":\"memory\"}", "unknown command"},
		{"{\"command\":\"memory\",\"daemon\":\"init\"}", "unknown command"},
		{"{\"command\":\"history\"}", "unknown command"},
		{"{\"command\":\"debug\",\"daemon\":\"init\"}", "unknown command"},
		{"{\"command\":\"memory\",\"daemon\":7}", "unknown command"},
		{"{\"command\":\"memory\",\"daemon\":\"unknown\"}", "unknown command"},
		{"{\"command\":7}", "malformed request"},
		{"{}", "malformed request"},
		{"[]", "malformed request"},
		{"{", "malformed request"},
		{"", "malformed request"},
		{"{\"command\":\"configuration\"}", "no configuration is running yet"},
		{"{\"command\":\"configuration\",\"source\":\"running\"}",
		 "no configuration is running yet"},
		{"{\"command\":\"configuration\",\"source\":\"other\"}",
		 "no such configuration; expected running or rollback"},
		{"{\"command\":\"log-level\"}", "expected error, warning, info or debug"},
		{"{\"command\":\"log-level\",\"level\":\"loud\"}",
		 "expected error, warning, info or debug"},
		{"{\"command\":\"log-level\",\"level\":\"info\"}",
		 "another change is being applied"}, /* the first one is */
	};
	char want[128];

	open_client(0);
	for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++) {
		request(0, i, rows[i].json);
		snprintf(want, sizeof(want), "client 0 end %u '%s'\n", i, rows[i].error);
		EXPECT(want);
	}
	ipc_send(ends[0].ipc, MSG_REQUEST, 0, "x", 1); /* no number to answer to */
	ipc_send(ends[0].ipc, MSG_CANCEL, 0, "x", 1);
	send_id(ends[0].ipc, MSG_CANCEL, 4711);
	ipc_send(ends[0].ipc, MSG_ROUTES, 0, "x", 1);
	EXPECT("");
}

static void test_without_the_daemon(void **state)
{
	open_client(0);
	played_end(DAEMON_BGPD);
	played_silence(DAEMON_WGD, true);
	request(0, 1, "{\"command\":\"clear\"}");
	EXPECT("client 0 end 1 'bgpd is not running'\n");
	request(0, 1, "{\"command\":\"wireguard\"}");
	EXPECT("client 0 end 1 'wgd says nothing'\n");
	played_start(DAEMON_BGPD);
	played_silence(DAEMON_WGD, false);
	request(0, 1, "{\"command\":\"clear\"}");
	request(0, 2, "{\"command\":\"wireguard\"}");
	settle();
	assert_non_null(strstr(played_text, "wgd client request 2 "));
	assert_non_null(strstr(played_text, "bgpd client request 1 "));
}

/* ---- relayed */

static void test_answers(void **state)
{
	struct ipc *bgpd;

	open_client(0);
	open_client(1);
	request(0, 5, "{\"command\":\"bgp-routes\"}");
	EXPECT("bgpd client request 5 {\"command\":\"bgp-routes\"}\n");
	bgpd = played_client(DAEMON_BGPD);
	reply_head(bgpd, 5, "routes", "{\"a\":1}");
	reply_row(bgpd, 5, "{\"b\":2}");
	reply_row(bgpd, 6, "{\"c\":3}"); /* nobody asked */
	ipc_send(bgpd, MSG_REPLY_ROW, 0, "x", 1);
	reply_row(bgpd, 5, "{\"d\":4}");
	EXPECT("client 0 head 5 'routes' {\"a\":1}\nclient 0 row 5 {\"b\":2}\n"
	       "client 0 row 5 {\"d\":4}\n");
	request(0, 5, "{\"command\":\"version\"}"); /* it is still there */
	EXPECT("client 0 end 5 'too many requests at a time'\n");
	request(1, 5, "{\"command\":\"nonsense\"}"); /* another client's number */
	EXPECT("client 1 end 5 'unknown command'\n");
	reply_end(bgpd, 5, "");
	EXPECT("client 0 end 5 ''\n");
	reply_end(bgpd, 5, "");
	EXPECT("");
	request(0, 5, "{\"command\":\"clear\"}"); /* the channel is there already */
	EXPECT("bgpd client request 5 {\"command\":\"clear\"}\n");
	assert_ptr_equal(played_client(DAEMON_BGPD), bgpd);
	lost(&ends[0], "");
	EXPECT("bgpd lost its client\nclient 0 is out\n");
}

static void test_many_requests(void **state)
{
	char json[64], want[128];

	open_client(0);
	for (uint32_t i = 0; i < 32; i++) {
		snprintf(json, sizeof(json), "{\"command\":\"pins\",\"n\":%u}", i);
		request(0, i, json);
		snprintf(want, sizeof(want), "zebra-lite client request %u %s\n", i, json);
		EXPECT(want);
	}
	request(0, 99, "{\"command\":\"pins\"}");
	EXPECT("client 0 end 99 'too many requests at a time'\n");
	reply_end(played_client(DAEMON_ZEBRA), 7, "");
	EXPECT("client 0 end 7 ''\n");
	request(0, 99, "{\"command\":\"version\",\"x\":1}");
	settle();
	assert_non_null(strstr(played_text, "client 0 head 99 ''"));
}

static void test_cancel(void **state)
{
	open_client(0);
	request(0, 1, "{\"command\":\"pins\"}");
	request(0, 2, "{\"command\":\"rules\"}");
	request(0, 3, "{\"command\":\"monitor\"}");
	EXPECT("zebra-lite client request 1 {\"command\":\"pins\"}\n"
	       "zebra-lite client request 2 {\"command\":\"rules\"}\n"
	       "client 0 head 3 'events' {}\n");
	send_id(ends[0].ipc, MSG_CANCEL, 1);
	EXPECT("zebra-lite client cancel 1\nclient 0 end 1 'cancelled'\n");
	reply_row(played_client(DAEMON_ZEBRA), 1, "{}"); /* was on the way */
	reply_end(played_client(DAEMON_ZEBRA), 2, "");
	EXPECT("client 0 end 2 ''\n");
	send_id(ends[0].ipc, MSG_CANCEL, 3);
	EXPECT("client 0 end 3 'cancelled'\n");
	request_tell(json_pack("{s:s}", "event", "x"));
	EXPECT("");
}

static void test_daemon_that_goes(void **state)
{
	open_client(0);
	open_client(1);
	request(0, 1, "{\"command\":\"pins\"}");
	request(0, 2, "{\"command\":\"bfd\"}");
	request(1, 3, "{\"command\":\"rules\"}");
	request(1, 4, "{\"command\":\"rules\"}");
	request(1, 5, "{\"command\":\"monitor\"}");
	settle();
	played_text[0] = '\0';
	played_end(DAEMON_ZEBRA);
	endpoint_daemon_gone(DAEMON_ZEBRA);
	settle();
	assert_non_null(strstr(played_text, "client 0 end 1 'zebra-lite went away before its "
					    "answer was complete'\n"));
	assert_non_null(strstr(played_text, "client 1 end 3 'zebra-lite went"));
	assert_non_null(strstr(played_text, "client 1 end 4 'zebra-lite went"));
	assert_null(strstr(played_text, "end 2"));
	assert_null(strstr(played_text, "end 5"));
	played_text[0] = '\0';
	reply_end(played_client(DAEMON_BFDD), 2, "");
	EXPECT("client 0 end 2 ''\n");
	played_start(DAEMON_ZEBRA);
	request(0, 1, "{\"command\":\"pins\"}");
	EXPECT("zebra-lite client request 1 {\"command\":\"pins\"}\n");
	/* The channel alone goes. */
	played_hang_up(DAEMON_ZEBRA);
	PLAYED_AWAIT(strstr(played_text, "client 0 end 1 'zebra-lite went away before its answer "
					 "was complete'\n"));
}

static void test_daemon_that_is_silent(void **state)
{
	open_client(0);
	request(0, 1, "{\"command\":\"pins\"}");
	request(0, 2, "{\"command\":\"bfd\"}");
	settle();
	played_text[0] = '\0';
	endpoint_daemon_silent(DAEMON_ZEBRA);
	EXPECT("zebra-lite lost its client\nclient 0 end 1 'zebra-lite says nothing'\n");
}

/* ---- events */

static void test_events(void **state)
{
	struct wr w = {0};

	open_client(0);
	open_client(1);
	request(0, 1, "{\"command\":\"monitor\"}");
	request(1, 2, "{\"command\":\"monitor\"}");
	request(1, 3, "{\"command\":\"pins\"}");
	settle();
	played_text[0] = '\0';
	request_tell(json_pack("{s:s}", "event", "died"));
	EXPECT("client 0 row 1 {\"event\":\"died\"}\nclient 1 row 2 {\"event\":\"died\"}\n");
	wr_bytes(&w, "{\"event\":\"up\"}", 14);
	played_send(DAEMON_BFDD, MSG_EVENT, 1, &w);
	EXPECT("client 0 row 1 {\"daemon\":\"bfdd\",\"event\":\"up\"}\n"
	       "client 1 row 2 {\"daemon\":\"bfdd\",\"event\":\"up\"}\n");
	wr_bytes(&w, "[7]", 3);
	played_send(DAEMON_BFDD, MSG_EVENT, 1, &w);
	wr_bytes(&w, "{", 1);
	played_send(DAEMON_BFDD, MSG_EVENT, 1, &w);
	EXPECT("");
}

/* ---- clients that do not read, and many of them */

static void test_slow_reader(void **state)
{
	char row[1024], text[1100];
	struct ipc *bgpd;
	unsigned sent = 0;
	uint64_t before = request_events_lost();

	memset(row, 'x', sizeof(row) - 1);
	row[sizeof(row) - 1] = '\0';
	snprintf(text, sizeof(text), "{\"x\":\"%s\"}", row);
	open_client(0);
	ends[0].quiet = true;
	request(0, 1, "{\"command\":\"bgp-routes\"}");
	assert_int_equal(request_monitors(), 0);
	request(0, 2, "{\"command\":\"monitor\"}");
	settle();
	assert_int_equal(request_monitors(), 1);
	bgpd = played_client(DAEMON_BGPD);
	ipc_pause(ends[0].ipc);
	/* The daemon is stopped after what the channels hold, whatever there is to say. */
	for (unsigned idle = 0; idle < 30;) {
		if (ipc_full(bgpd)) {
			idle++;
			played_turn();
			continue;
		}
		idle = 0;
		reply_row(bgpd, 1, text);
		assert_true(++sent < 20000);
		event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	}
	/* Nor are events kept for it, nor is another daemon's channel read. */
	for (int i = 0; i < 1000; i++)
		request_tell(json_pack("{s:s}", "event", row));
	request(0, 3, "{\"command\":\"pins\"}");
	PLAYED_AWAIT(strstr(played_text, "zebra-lite client request 3"));
	reply_row(played_client(DAEMON_ZEBRA), 3, "{}");
	for (int i = 0; i < 10; i++)
		played_turn();
	assert_int_equal(ipc_queued(played_client(DAEMON_ZEBRA)), 0); /* in the socket */
	ipc_resume(ends[0].ipc);
	PLAYED_AWAIT(ends[0].rows == sent + 1);
	settle();
	assert_int_equal(ends[0].rows, sent + 1);
	assert_int_equal(ends[0].ended, 0);
	assert_string_equal(events_lost, "");
	assert_int_equal(request_events_lost(), before + 1000);
	/* It gets the next one, and what it did not get is counted, once. */
	request_tell(json_pack("{s:s}", "event", "x"));
	assert_non_null(strstr(events_lost, " count=1000"));
	events_lost[0] = '\0';
	request_tell(json_pack("{s:s}", "event", "x"));
	assert_string_equal(events_lost, "");
	PLAYED_AWAIT(ends[0].rows == sent + 3);
	reply_end(bgpd, 1, "");
	settle();
	assert_int_equal(ends[0].ended, 1);
}

static void ask_version(int fd)
{
	static const char json[] = "{\"command\":\"version\"}";
	struct wr w = {0};

	wr_u32(&w, 4 + sizeof(json) - 1);
	wr_u16(&w, MSG_REQUEST);
	wr_u16(&w, 0);
	wr_u32(&w, 0);
	msg_put_request(&w, 1, json, sizeof(json) - 1);
	assert_int_equal(write(fd, w.data, w.len), w.len);
	wr_free(&w);
}

static void test_many_clients(void **state)
{
	int fds[70];
	char c;

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = connect_to();
		assert_true(fds[i] >= 0);
		for (int k = 0; k < 3; k++)
			event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	}
	/* 64 of them are served; the next one when one has gone. */
	ask_version(fds[63]);
	PLAYED_AWAIT(recv(fds[63], &c, 1, MSG_PEEK) == 1);
	ask_version(fds[64]);
	for (int k = 0; k < 10; k++)
		played_turn();
	assert_int_equal(recv(fds[64], &c, 1, MSG_PEEK), -1);
	close(fds[0]);
	PLAYED_AWAIT(recv(fds[64], &c, 1, MSG_PEEK) == 1);
	for (size_t i = 1; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

/* ---- what the parent answers itself */

static void test_own(void **state)
{
	char want[512], host[256] = "";

	gethostname(host, sizeof(host) - 1);
	open_client(0);
	request(0, 1, "{\"command\":\"version\"}");
	snprintf(want, sizeof(want),
		 "client 0 head 1 '' "
		 "{\"version\":\"%s\",\"name\":\"wgbgp\",\"hostname\":\"%s\",\"warnings\":[]}\n"
		 "client 0 end 1 ''\n",
		 WGBGP_VERSION, host);
	EXPECT(want);
	request(0, 2, "{\"command\":\"daemons\"}");
	EXPECT("client 0 head 2 'daemons' {}\nclient 0 row 2 {\"name\":\"wgd\"}\n"
	       "client 0 row 2 {\"name\":\"zebra-lite\"}\nclient 0 row 2 {\"name\":\"bgpd\"}\n"
	       "client 0 row 2 {\"name\":\"bfdd\"}\nclient 0 end 2 ''\n");
}

/* A configuration that runs, with the number N. */
static void run_configuration(uint32_t n)
{
	static const char text[] = "system { hostname hub; log-level info; }";
	struct datastore_version *v = xcalloc(1, sizeof(*v));
	struct conf_errors errs = {0};

	assert_true(conf_load_text(ctx, "t", text, strlen(text), 0, &v->loaded, &errs));
	v->json = json_pack("{s:{s:s, s:s}}", "wgbgp-system:system", "hostname", "hub", "log-level",
			    "info");
	v->text = json_dumps(v->json, JSON_COMPACT);
	v->len = strlen(v->text);
	v->generation = n;
	datastore_set_running(v);
}

static void test_configuration(void **state)
{
	static const char text[] =
		"client 0 head 1 '' {\"text\":\"system {\\n    hostname hub;\\n    "
		"log-level info;\\n}\\n\"}\nclient 0 end 1 ''\n";

	run_configuration(3);
	open_client(0);
	request(0, 1, "{\"command\":\"configuration\"}");
	EXPECT(text);
	request(0, 1, "{\"command\":\"configuration\",\"format\":\"text\",\"source\":\"running\"}");
	EXPECT(text);
	request(0, 1, "{\"command\":\"configuration\",\"format\":\"json\"}");
	EXPECT("client 0 head 1 '' {\"wgbgp-system:system\":{\"hostname\":\"hub\",\"log-level\":"
	       "\"info\"}}\nclient 0 end 1 ''\n");
	request(0, 1, "{\"command\":\"version\"}");
	settle();
	assert_non_null(strstr(played_text, "\"hostname\":\"hub\""));
}

static void test_reload(void **state)
{
	run_configuration(3);
	open_client(0);
	request(0, 1, "{\"command\":\"reload\"}");
	EXPECT("reload\n");
	json_array_append_new(reload_warnings, json_string("beware"));
	reload_done(reload_arg, NULL);
	EXPECT("client 0 head 1 '' {\"commit\":null,\"changed\":0,\"statements\":\"\","
	       "\"confirm-seconds\":null,\"resets\":[],\"generation\":3,\"warnings\":[\"beware\"]}"
	       "\n"
	       "client 0 end 1 ''\n");
	request(0, 2, "{\"command\":\"reload\",\"empty\":\"true\"}");
	EXPECT("reload empty\n");
	reload_done(reload_arg, "t:1:1: not so");
	EXPECT("client 0 end 2 't:1:1: not so'\n");
	request(0, 2, "{\"command\":\"reload\",\"unattended\":\"true\"}");
	EXPECT("reload unattended\n");
	reload_done(reload_arg, "no");
	EXPECT("client 0 end 2 'no'\n");
	/* Its client does not wait for it. */
	request(0, 3, "{\"command\":\"reload\"}");
	EXPECT("reload\n");
	send_id(ends[0].ipc, MSG_CANCEL, 3);
	EXPECT("client 0 end 3 'cancelled'\n");
	reload_done(reload_arg, NULL);
	EXPECT("");
	request(0, 4, "{\"command\":\"reload\"}");
	EXPECT("reload\n");
	lost(&ends[0], "");
	EXPECT("client 0 is out\n");
	reload_done(reload_arg, NULL);
	for (int id = 0; id < DAEMON_COUNT; id++) {
		char want[64];

		open_client(0);
		played_silence(id, true);
		request(0, 5, "{\"command\":\"reload\"}");
		snprintf(want, sizeof(want), "client 0 end 5 '%s says nothing'\n", daemon_name(id));
		EXPECT(want);
		played_silence(id, false);
	}
}

/* Who, what for, and how long on trial. */
static void test_trials(void **state)
{
	static const struct {
		const char *text;
		unsigned seconds; /* 0: refused */
	} waits[] = {{"2", 120},    {"30s", 30}, {"1440", 86400},  {"86400s", 86400}, {"1441", 0},
		     {"0", 0},	    {"0s", 0},	 {"", 0},	   {"s", 0},	      {"5m", 0},
		     {"86401s", 0}, {"-5", 0},	 {"9999999999", 0}};

	run_configuration(3);
	open_client(0);
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		char json[128], want[128];

		snprintf(json, sizeof(json), "{\"command\":\"reload\",\"confirmed\":\"%s\"}",
			 waits[i].text);
		snprintf(want, sizeof(want), "reload for %u s\n", waits[i].seconds);
		request(0, 1, json);
		EXPECT(waits[i].seconds ? want
					: "client 0 end 1 'confirmed: expected minutes, or seconds "
					  "as in 30s, a day at most'\n");
		if (waits[i].seconds)
			reload_done(reload_arg, "no");
		settle();
		played_text[0] = '\0';
	}
	request(0, 1, "{\"command\":\"reload\",\"confirmed\":2}"); /* not a change for good */
	EXPECT("client 0 end 1 'confirmed: expected minutes, or seconds as in 30s, a day at "
	       "most'\n");
	request(0, 1,
		"{\"command\":\"reload\",\"login\":\"anna\",\"from\":\"198.51.100.7\","
		"\"comment\":\"new site\"}");
	EXPECT("reload by anna from 198.51.100.7: new site\n");
	reload_done(reload_arg, "no");
	settle();
	played_text[0] = '\0';
	request(0, 1,
		"{\"command\":\"reload\",\"login\":\"an\\u001b[2Jna\",\"from\":\"\\u009b2J\","
		"\"comment\":\"\\u00fcber\\n\\u007f\"}");
	EXPECT("reload by an?[2Jna from ??2J: \xc3\xbc"
	       "ber??\n");
	reload_done(reload_arg, "no");
	settle();
	played_text[0] = '\0';
	request(0, 1, "{\"command\":\"confirm\"}");
	EXPECT("client 0 end 1 'nothing waits for it'\n");
	request(0, 1, "{\"command\":\"rollback\",\"back\":\"x\"}");
	EXPECT("client 0 end 1 'expected how many commits back'\n");
	request(0, 1, "{\"command\":\"configuration\",\"source\":\"rollback\",\"back\":\"1\"}");
	EXPECT("client 0 end 1 'there is no commit 1 back'\n");
}

static void answer_all(uint32_t n)
{
	for (int id = 0; id < DAEMON_COUNT; id++)
		played_done(id, n, "");
	settle();
}

/* The level is another configuration, which the daemons get as any other. */
static void test_log_level(void **state)
{
	run_configuration(3);
	open_client(0);
	open_client(1);
	request(0, 1, "{\"command\":\"log-level\",\"level\":\"debug\"}");
	settle();
	assert_non_null(strstr(played_text,
			       "bgpd 1 config-check {\"wgbgp-system:system\":{\"hostname\":\"hub\","
			       "\"log-level\":\"debug\"}}\n"));
	played_text[0] = '\0';
	request(1, 2, "{\"command\":\"log-level\",\"level\":\"debug\"}");
	request(1, 3, "{\"command\":\"reload\"}");
	request(1, 4, "{\"command\":\"teardown\"}");
	EXPECT("client 1 end 2 'another change is being applied'\n"
	       "client 1 end 3 'another change is being applied'\n"
	       "client 1 end 4 'another change is being applied'\n");
	answer_all(1);
	assert_true(log_enabled(LOG_LEVEL_DEBUG));
	for (int i = 0; i < 5; i++)
		answer_all(1);
	assert_non_null(strstr(played_text,
			       "client 0 head 1 '' {\"generation\":1,\"warnings\":[]}\n"
			       "client 0 end 1 ''\n"));
	log_set_level(LOG_LEVEL_INFO);
}

static void put_line(int fd, const char *fmt, const char *text)
{
	char line[2000];

	snprintf(line, sizeof(line), fmt, text);
	assert_true(send(fd, line, strlen(line), 0) > 0);
}

static void test_logging(void **state)
{
	int bgpd_lines = log_ring_open(DAEMON_BGPD), wgd_lines = log_ring_open(DAEMON_WGD);

	put_line(bgpd_lines, "2 2026-11-30T19:00:01.000Z session-down neighbor=%s", "10.9.0.2");
	put_line(wgd_lines, "1 2026-11-30T19:00:02.000Z tunnel-state peer=%s to=down", "a");
	open_client(0);
	request(0, 1, "{\"command\":\"logging\",\"level\":\"warning\"}");
	EXPECT("client 0 head 1 'lines' {}\n"
	       "client 0 row 1 {\"daemon\":\"wgd\",\"event\":\"tunnel-state\","
	       "\"level\":\"warning\",\"text\":\"peer=a to=down\"}\nclient 0 end 1 ''\n");
	request(0, 2, "{\"command\":\"logging\",\"peer\":\"10.9.0.2\",\"count\":\"1\"}");
	EXPECT("client 0 head 2 'lines' {}\n"
	       "client 0 row 2 {\"daemon\":\"bgpd\",\"event\":\"session-down\","
	       "\"level\":\"info\",\"text\":\"neighbor=10.9.0.2\"}\nclient 0 end 2 ''\n");
	request(0, 3, "{\"command\":\"logging\",\"level\":\"loud\"}");
	request(0, 4, "{\"command\":\"logging\",\"count\":\"some\"}");
	request(0, 5, "{\"command\":\"logging\",\"event\":\"session-don\"}");
	EXPECT("client 0 end 3 'level: expected error, warning, info or debug'\n"
	       "client 0 end 4 'count: expected how many lines'\n"
	       "client 0 end 5 'there is no such event; wgbgp-log(7) has all of them'\n");
	close(bgpd_lines);
	close(wgd_lines);
	log_ring_free();
}

/* One that asks again and again and does not read the answers: what it asks stays with it, so that
 * no more than a bound is kept here. It gets all of them when it reads. */
static void test_answers_are_not_read(void **state)
{
	static const char *const commands[] = {"configuration", "commits", "daemons", "version",
					       "logging",	"drills",  "nonsense"};
	int lines = log_ring_open(DAEMON_BGPD);
	char json[1200];

	run_configuration(100);
	put_line(lines, "2 2026-11-30T19:00:01.000Z session-down neighbor=%s", "10.9.0.2");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		unsigned asked = 0;

		snprintf(json, sizeof(json), "{\"command\":\"%s\",\"pad\":\"%01000d\"}",
			 commands[i], 0);
		open_client(0);
		ends[0].quiet = true;
		ipc_pause(ends[0].ipc);
		while (asked < 20000 && !ipc_full(ends[0].ipc)) {
			request(0, ++asked, json);
			played_turn();
		}
		assert_true(ipc_full(ends[0].ipc)); /* it is not read any more */
		ipc_resume(ends[0].ipc);
		PLAYED_AWAIT(ends[0].ended == asked);
		settle();
	}
	close(lines);
	log_ring_free();
}

/* Who asked for a change and goes before anything of it is applied has given it up. */
static void test_change_of_one_that_goes(void **state)
{
	uint32_t n = 0;

	run_configuration(100);
	for (int leaves = 0; leaves < 2; leaves++)
		for (int applied = 0; applied < 2; applied++) {
			n++;
			open_client(0);
			request(0, 1, "{\"command\":\"log-level\",\"level\":\"info\"}");
			settle();
			if (applied)
				answer_all(n);
			if (leaves)
				lost(&ends[0], "");
			else
				send_id(ends[0].ipc, MSG_CANCEL, 1);
			settle();
			assert_int_equal(commit_busy(), applied);
			for (int i = 0; i < 5 && commit_busy(); i++)
				answer_all(n);
			assert_false(commit_busy());
			assert_int_equal(datastore_running()->generation == n, applied);
			played_text[0] = '\0';
		}
}

static void test_teardown_asked_for(void **state)
{
	run_configuration(3);
	open_client(0);
	request(0, 1, "{\"command\":\"teardown\"}");
	EXPECT("bgpd 3 teardown \n");
	played_done(DAEMON_BGPD, 3, "");
	EXPECT("zebra-lite 3 teardown \n");
	played_done(DAEMON_ZEBRA, 3, "");
	played_done(DAEMON_WGD, 3, "");
	EXPECT("wgd 3 teardown \n"
	       "client 0 head 1 '' {\"generation\":3,\"warnings\":[]}\nclient 0 end 1 ''\n"
	       "stop: teardown\n");
	request(0, 2, "{\"command\":\"teardown\"}");
	settle();
	played_done(DAEMON_BGPD, 3, "cannot");
	settle();
	played_done(DAEMON_ZEBRA, 3, "");
	settle();
	played_done(DAEMON_WGD, 3, "");
	settle();
	assert_null(strstr(played_text, "stop:"));
	assert_non_null(strstr(played_text, "client 0 end 2 'bgpd: cannot'\n"));
}

/* Who waits for a change is told when a daemon that it waits for is silent. */
static void test_silent_in_a_change(void **state)
{
	run_configuration(3);
	open_client(0);
	endpoint_own_silent(DAEMON_BGPD); /* nobody waits */
	request(0, 1, "{\"command\":\"log-level\",\"level\":\"info\"}");
	settle();
	played_text[0] = '\0';
	played_done(DAEMON_WGD, 1, "");
	settle();
	endpoint_daemon_silent(DAEMON_WGD); /* it has answered */
	EXPECT("");
	endpoint_daemon_silent(DAEMON_BGPD);
	EXPECT("client 0 end 1 'bgpd says nothing: nothing was changed'\n");
	assert_false(commit_busy());
	request(0, 2, "{\"command\":\"log-level\",\"level\":\"info\"}");
	settle();
	answer_all(2);
	played_text[0] = '\0';
	endpoint_daemon_silent(DAEMON_BGPD);
	EXPECT("");
	assert_true(commit_waits_for(DAEMON_BFDD));
	endpoint_daemon_silent(DAEMON_BFDD);
	EXPECT("client 0 end 2 'bfdd says nothing: the change is in force and goes on "
	       "without a word here'\n");
	assert_true(commit_busy());
}

/* A change needs all daemons: it is refused while any of them is silent. */
static void test_silent_before_a_change(void **state)
{
	run_configuration(3);
	open_client(0);
	for (int id = 0; id < DAEMON_COUNT; id++) {
		char want[256];

		played_silence(id, true);
		settle();
		played_text[0] = '\0';
		request(0, 1, "{\"command\":\"log-level\",\"level\":\"info\"}");
		request(0, 2, "{\"command\":\"reload\"}");
		settle();
		snprintf(want, sizeof(want), "client 0 end 1 '%s'\nclient 0 end 2 '%s'\n",
			 supervise_silence(id), supervise_silence(id));
		assert_string_equal(played_text, want);
		assert_false(commit_busy());
		played_silence(id, false);
	}
	played_text[0] = '\0';
	request(0, 1, "{\"command\":\"log-level\",\"level\":\"info\"}");
	settle();
	assert_true(commit_busy());
}

/* ---- the socket */

/* In the end every client's channel is closed, though requests are open; and where there is none,
 * there is an end, too. */
static void test_end(void **state)
{
	for (int n = 0; n < 3; n++) {
		for (int i = 0; i < n; i++) {
			open_client(i);
			request(i, 1, "{\"command\":\"monitor\"}");
		}
		settle();
		played_text[0] = '\0';
		endpoint_free();
		settle();
		played_sort();
		assert_string_equal(played_text, n == 0	  ? ""
						 : n == 1 ? "client 0 is out\n"
							  : "client 0 is out\nclient 1 is out\n");
		assert_int_equal(endpoint_start(dir), 0);
	}
}

static void test_socket(void **state)
{
	char *path = xasprintf("%s/cli.sock", dir), *gone = xasprintf("%s/gone", dir), *far;
	struct stat st;
	int fd;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	open_client(0);
	settle();
	cli_sockets_shut();
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(connect_to(), -ENOENT);
	request(0, 1, "{\"command\":\"nonsense\"}"); /* who is there is served */
	EXPECT("client 0 end 1 'unknown command'\n");
	cli_sockets_shut();
	assert_int_equal(endpoint_start(gone), -ENOENT);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC); /* as its own would have been */
	cli_sockets_shut();
	assert_true(fcntl(fd, F_GETFD) >= 0);
	close(fd);
	far = xasprintf("%s/%0100d", dir, 0);
	assert_int_equal(endpoint_start(far), -ENAMETOOLONG);
	assert_int_equal(endpoint_start(dir), 0);
	open_client(1);
	request(1, 1, "{\"command\":\"nonsense\"}");
	EXPECT("client 1 end 1 'unknown command'\n");
	free(path);
	free(gone);
	free(far);
}

static int setup(void **state)
{
	played_from_daemon = from_daemon;
	for (int id = 0; id < DAEMON_COUNT; id++)
		played_start(id);
	endpoint_own_open(&ops);
	return endpoint_start(dir);
}

static int teardown(void **state)
{
	commit_free();
	endpoint_free();
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		ipc_free(ends[i].ipc);
	played_free();
	datastore_set_running(NULL);
	loop_free();
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_unwanted_descriptors),
		TEST(test_privileges),
		TEST(test_who_answers),
		TEST(test_refused),
		TEST(test_without_the_daemon),
		TEST(test_answers),
		TEST(test_many_requests),
		TEST(test_cancel),
		TEST(test_daemon_that_goes),
		TEST(test_daemon_that_is_silent),
		TEST(test_events),
		TEST(test_slow_reader),
		TEST(test_many_clients),
		TEST(test_own),
		TEST(test_configuration),
		TEST(test_reload),
		TEST(test_trials),
		TEST(test_log_level),
		TEST(test_logging),
		TEST(test_answers_are_not_read),
		TEST(test_change_of_one_that_goes),
		TEST(test_teardown_asked_for),
		TEST(test_silent_in_a_change),
		TEST(test_silent_before_a_change),
		TEST(test_end),
		TEST(test_socket),
	};
	const char *srcdir = getenv("srcdir") ? getenv("srcdir") : ".";
	char *yang = xasprintf("%s/yang", srcdir);
	struct conf_errors errs = {0};
	int failed;

	signal(SIGPIPE, SIG_IGN);
	ctx = conf_schema_load(yang, &errs);
	if (!ctx || !mkdtemp(dir))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	ly_ctx_destroy(ctx);
	free(yang);
	return failed;
}
