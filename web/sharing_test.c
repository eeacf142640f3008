/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What many ask for: the same question is put once, dear ones are put one behind the other, and
 * none of it depends on who reads, or goes. The wgbgpd is played.h's.
 */
#include "played.h"

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "asked.h"
#include "asker.h"
#include "explained.h"
#include "util.h"

static size_t kept_elsewhere; /* bytes of other answers */

size_t __real_texts_bytes(void);
size_t __wrap_texts_bytes(void);
size_t __wrap_texts_bytes(void)
{
	return __real_texts_bytes() + kept_elsewhere;
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
	skipped_ms += 1000; /* a failure is not kept */
	has(get("/api/doctor"), " 200 ");
}

/* However many do not read a table, few are under way; the next one waits for two seconds for each
 * of them at most, and who asks for something else for nobody. */
static void test_slow_readers(void **state)
{
	int fds[ASKER_TABLES_MAX + 2], fd, size = 4096;

	rows = 1000000;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = client();
		setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		say(fds[i], "GET /api/route HTTP/1.1\r\n\r\n");
	}
	for (unsigned i = 0; i < 2000; i++)
		turn();
	assert_in_range(channels_open(), 1, ASKER_TABLES_MAX + 1);
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

/* Who reads a table slowly but steadily keeps the next one waiting for twenty seconds. */
static void test_steady_readers(void **state)
{
	static char some[65536];
	int fds[ASKER_TABLES_MAX], fd, size = 65536;
	char byte;

	rows = 10000000;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = client();
		setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		say(fds[i], "GET /api/route HTTP/1.1\r\n\r\n");
	}
	for (unsigned i = 0; i < 2000; i++)
		turn();
	assert_true(channels_open() >= ASKER_TABLES_MAX);
	rows = 2;
	fd = client();
	say(fd, "GET /api/route HTTP/1.0\r\n\r\n");
	for (unsigned i = 0; i < 40 && recv(fd, &byte, 1, MSG_PEEK) < 0; i++) {
		skipped_ms += 1000;
		usleep(12000); /* a tick is shorter here */
		for (unsigned k = 0; k < 40; k++) {
			for (size_t j = 0; j < ARRAY_SIZE(fds); j++)
				recv(fds[j], some, sizeof(some), 0);
			turn();
		}
	}
	assert_true(recv(fd, &byte, 1, MSG_PEEK) == 1);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	hear(fd, NULL);
	has(heard, "\"number\":1");
	close(fd);
}

/* N clients ask for the same table. */
static void all_ask(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fds[i] = client();
		say(fds[i], "GET /api/route HTTP/1.0\r\n\r\n");
	}
}

/* The daemon was asked so often, and had the time to be asked once more. */
static void await_requests(unsigned n)
{
	while (requests < n)
		turn();
	for (unsigned i = 0; i < 200; i++)
		turn();
}

/* Each has an answer with PART, and goes. */
static void all_hear(const int *fds, size_t n, const char *part)
{
	for (size_t i = 0; i < n; i++) {
		hear(fds[i], NULL);
		has(heard, part);
		close(fds[i]);
	}
}

/* What has its place in memory is shared, though it is of thousands of rows. */
static void test_same_long_answer(void **state)
{
	int fds[10];

	rows = 20000;
	held = true;
	all_ask(fds, ARRAY_SIZE(fds));
	await_requests(1);
	release();
	all_hear(fds, ARRAY_SIZE(fds), "{\"number\":19999,");
	assert_int_equal(requests, 1);
}

/* Those who ask the same meanwhile share the answer; who asks behind it gets no old one. */
static void test_same_question(void **state)
{
	int fds[40];

	rows = 2;
	held = true;
	all_ask(fds, ARRAY_SIZE(fds));
	await_requests(1);
	assert_int_equal(requests, 1);
	release();
	all_hear(fds, ARRAY_SIZE(fds), "\"number\":1,");
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
	all_ask(fds, ARRAY_SIZE(fds));
	await_requests(2);
	assert_int_equal(requests, 2);
	release();
	all_hear(fds, ARRAY_SIZE(fds), "\"number\":1,");
	assert_int_equal(requests, 2);
}

/* A table that does not fit: each gets it whole, one behind the other. */
static void test_same_table(void **state)
{
	int fds[3];

	rows = 50000;
	all_ask(fds, ARRAY_SIZE(fds));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		hear(fds[i], NULL);
		has(heard, "{\"number\":49999,");
		has(heard, "]}\n");
		close(fds[i]);
	}
	rows = 2;
	has(get("/api/route"), "\"number\":1,"); /* it has become small */
}

/* As much as may wait for readers does, elsewhere: what is not small is each one's own, and shared
 * again when they have read, and what was large is forgotten. */
static void test_total(void **state)
{
	int fds[3];

	rows = 20000;
	kept_elsewhere = ASKED_TOTAL_MAX;
	held = true;
	all_ask(fds, ARRAY_SIZE(fds));
	await_requests(1);
	release();
	all_hear(fds, ARRAY_SIZE(fds), "{\"number\":19999,");
	assert_int_equal(requests, 1 + ARRAY_SIZE(fds));
	kept_elsewhere = 0;
	skipped_ms += ASKED_LARGE_MS;
	held = true;
	all_ask(fds, ARRAY_SIZE(fds));
	await_requests(2 + ARRAY_SIZE(fds));
	release();
	all_hear(fds, ARRAY_SIZE(fds), "{\"number\":19999,");
	assert_int_equal(requests, 2 + ARRAY_SIZE(fds));
}

/* What is small is shared all the same. */
static void test_total_and_small(void **state)
{
	int fds[3];

	rows = 2;
	kept_elsewhere = ASKED_TOTAL_MAX;
	held = true;
	all_ask(fds, ARRAY_SIZE(fds));
	await_requests(1);
	release();
	all_hear(fds, ARRAY_SIZE(fds), "\"number\":1,");
	assert_int_equal(requests, 1);
	kept_elsewhere = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_health_is_shared),
		TEST(test_explain),
		TEST(test_explain_is_shared),
		TEST(test_explain_one_at_a_time),
		TEST(test_explain_client_goes),
		TEST(test_doctor),
		TEST(test_doctor_is_shared),
		TEST(test_doctor_hangs),
		TEST(test_slow_readers),
		TEST(test_same_question),
		TEST(test_same_question_rests),
		TEST(test_same_table),
		TEST(test_steady_readers),
		TEST(test_same_long_answer),
		TEST(test_total),
		TEST(test_total_and_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
