/* SPDX-License-Identifier: BSD-2-Clause */
/* The server as its clients see it; the wgbgpd is played.h's. What many ask for: sharing_test.c. */
#include "played.h"

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asker.h"
#include "conns.h"
#include "pages.h"
#include "util.h"

static void test_health(void **state)
{
	has(get("/healthz"), "200");
	has(heard, "{\"healthy\":true,\"daemons\":{\"bgpd\":\"running\"},\"error\":null}");
	has(heard, "nosniff");
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

	rows = 50000;
	say(fd, "GET /api/route HTTP/1.0\r\n\r\n"); /* no chunks */
	hear(fd, NULL);
	close(fd);
	has(heard, "{\"number\":49999,");
	doc = json_loads(strstr(heard, "\r\n\r\n") + 4, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(doc, "rows")), 50000);
	json_decref(doc);
	has(get("/api/route"), "chunked");
	has(heard, "]}\n\r\n0\r\n");
}

/* Where there are no chunks only the end of the connection says where a long answer ends. */
static void test_long_answer_of_old_clients(void **state)
{
	static const char *const keep[] = {"Connection: keep-alive\r\n",
					   "Connection: Keep-Alive\r\nConnection: keep-alive\r\n"};

	rows = 50000;
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
	enum { MANY = PLAYED_CLIENTS + 100 };
	static int fds[MANY];
	unsigned open = 0;
	char byte;

	for (unsigned i = 0; i < MANY; i++) {
		fds[i] = client();
		say(fds[i], i % 2 ? "GET /heal" : "");
		has(i % 50 ? "\"healthy\":true" : get("/healthz"), "\"healthy\":true");
	}
	has(get("/healthz"), "\"healthy\":true");
	assert_in_range(conns_count(), PLAYED_CLIENTS - 2, PLAYED_CLIENTS);
	for (unsigned i = 0; i < MANY; i++) {
		ssize_t n = recv(fds[i], &byte, 1, 0);

		open += n < 0 && errno == EAGAIN;
		close(fds[i]);
	}
	assert_in_range(open, PLAYED_CLIENTS - 10, PLAYED_CLIENTS);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_health),	  TEST(test_scrape),
		TEST(test_short_answer),  TEST(test_head),
		TEST(test_long_answer),	  TEST(test_refusal),
		TEST(test_slow_reader),	  TEST(test_events),
		TEST(test_client_goes),	  TEST(test_slow_head),
		TEST(test_many),	  TEST(test_pipeline),
		TEST(test_rubbish),	  TEST(test_other_name),
		TEST(test_pages),	  TEST(test_wgbgpd_hangs),
		TEST(test_head_and_more), TEST(test_long_answer_of_old_clients),
		TEST(test_no_utf8),	  TEST(test_beat_of_who_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
