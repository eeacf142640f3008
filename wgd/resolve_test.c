/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of endpoints against a name server that the test plays, on the loopback of a namespace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dut.h"
#include "log.h"
#include "resolve.h"

enum { A = 1, AAAA = 28, NOERROR = 0, NXDOMAIN = 3 };

static char hosts[] = "/tmp/wgbgp-hosts-XXXXXX", conf[] = "/tmp/wgbgp-conf-XXXXXX";
static int server = -1;
static unsigned asked;
static bool starting;
static char got[1024];
static const char *why; /* of the last answer; NULL: there are addresses */

/* What the server knows. */
static const struct row {
	const char *name;
	uint16_t type;
	const char *addr; /* NULL: no answer ever */
	uint32_t ttl;
} rows[] = {
	{"both.example", A, "192.0.2.1", 60},	    {"both.example", A, "192.0.2.2", 60},
	{"both.example", AAAA, "2001:db8::1", 30},  {"four.example", A, "192.0.2.4", 5},
	{"six.example", AAAA, "2001:db8::6", 7000}, {"many.example", A, "192.0.2.1", 9},
	{"many.example", A, "192.0.2.2", 9},	    {"many.example", A, "192.0.2.3", 9},
	{"many.example", A, "192.0.2.4", 9},	    {"many.example", A, "192.0.2.5", 9},
	{"many.example", AAAA, "2001:db8::1", 9},   {"many.example", AAAA, "2001:db8::2", 9},
	{"many.example", AAAA, "2001:db8::3", 9},   {"many.example", AAAA, "2001:db8::4", 9},
	{"many.example", AAAA, "2001:db8::5", 9},   {"silent.example", A, NULL, 0},
	{"blocked.example", A, "0.0.0.0", 60},	    {"blocked.example", AAAA, "::", 60},
	{"blocked.example", A, "127.0.0.1", 60},    {"blocked.example", A, "224.0.0.5", 60},
	{"some.example", A, "0.0.0.0", 60},	    {"some.example", A, "192.0.2.4", 60},
};

static void read_name(struct rd *r, char *out)
{
	uint8_t len;

	while ((len = rd_u8(r))) {
		memcpy(out, rd_take(r, len), len);
		out[len] = '.';
		out += len + 1;
	}
	out[-1] = '\0';
}

static unsigned put_answers(struct wr *w, const char *name, uint16_t type)
{
	unsigned n = 0;
	struct addr a;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strcasecmp(rows[i].name, name) != 0 || rows[i].type != type)
			continue;
		assert_int_equal(addr_parse(rows[i].addr, &a), 0);
		wr_u16(w, 0xc00c);
		wr_u16(w, type);
		wr_u16(w, 1);
		wr_u32(w, rows[i].ttl);
		wr_u16(w, (uint16_t)family_bytes(a.family));
		wr_bytes(w, a.b, family_bytes(a.family));
		n++;
	}
	return n;
}

static bool is_known(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcasecmp(rows[i].name, name) == 0)
			return true;
	return false;
}

/* One question, where there is one. */
static void serve(void)
{
	uint8_t q[512];
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(server, q, sizeof(q), 0, (struct sockaddr *)&from, &len);
	struct wr w = {0}, answers = {0};
	char name[256];
	struct rd r;
	uint16_t type;
	unsigned count;

	if (n < 12)
		return;
	asked++;
	rd_init(&r, q + 12, (size_t)n - 12);
	read_name(&r, name);
	type = rd_u16(&r);
	rd_u16(&r);
	if (strcasecmp(name, "silent.example") == 0)
		return;
	count = put_answers(&answers, name, type);
	wr_bytes(&w, q, 2);
	wr_u16(&w, (uint16_t)(0x8180 | (is_known(name) ? NOERROR : NXDOMAIN)));
	wr_u16(&w, 1);
	wr_u16(&w, (uint16_t)count);
	wr_u32(&w, 0);
	wr_bytes(&w, q + 12, (size_t)(r.at - (q + 12)));
	wr_bytes(&w, answers.data, answers.len);
	sendto(server, w.data, w.len, 0, (struct sockaddr *)&from, len);
	wr_free(&w);
	wr_free(&answers);
}

static void on_resolved(uint32_t id, unsigned slot, const char *host, const struct resolved *r)
{
	size_t at = strlen(got);

	assert_false(starting);
	at += (size_t)sprintf(got + at, "%u/%u %s", id, slot, host);
	for (unsigned i = 0; i < r->n; i++)
		at += (size_t)sprintf(got + at, " %s", ADDR_STR(&r->addr[i]));
	if (r->error)
		sprintf(got + at, " error\n");
	else
		sprintf(got + at, " for %u\n", r->ttl);
	assert_true((r->n == 0) == (r->error != NULL));
	why = r->error;
}

static void start(uint32_t id, unsigned slot, const char *host)
{
	starting = true;
	resolve_start(id, slot, host);
	starting = false;
}

/* Waits for N answers. */
static const char *wait_for(unsigned n)
{
	unsigned lines;

	DUT_AWAIT(({
		serve();
		lines = 0;
		for (const char *c = got; *c; c++)
			lines += *c == '\n';
		lines >= n;
	}));
	return got;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int begin(void **state)
{
	struct endpoint e;
	struct sockaddr_storage sa;
	socklen_t len;

	dut_namespace();
	close(mkstemp(hosts));
	close(mkstemp(conf));
	put(conf, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
	resolve_hosts_file = hosts;
	resolve_conf_file = conf;
	assert_int_equal(endpoint_parse("127.0.0.1:53", &e), 0);
	len = endpoint_to_sockaddr(&e, &sa);
	server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(server, (struct sockaddr *)&sa, len), 0);
	resolve_open(on_resolved);
	return 0;
}

static int end(void **state)
{
	resolve_close();
	loop_free();
	close(server);
	unlink(hosts);
	unlink(conf);
	return 0;
}

static void test_server(void **state)
{
	start(7, 3, "both.example");
	assert_string_equal(wait_for(1),
			    "7/3 both.example 2001:db8::1 192.0.2.1 192.0.2.2 for 30\n");
	assert_int_equal(asked, 2);
	got[0] = '\0';
	start(1, 0, "four.example");
	assert_string_equal(wait_for(1), "1/0 four.example 192.0.2.4 for 5\n");
	got[0] = '\0';
	start(1, 0, "six.example");
	assert_string_equal(wait_for(1), "1/0 six.example 2001:db8::6 for 7000\n");
	got[0] = '\0';
	/* Four of each are enough. */
	start(1, 0, "many.example");
	assert_string_equal(wait_for(1),
			    "1/0 many.example 2001:db8::1 2001:db8::2 2001:db8::3 2001:db8::4 "
			    "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 for 9\n");
	got[0] = '\0';
	start(1, 0, "none.example");
	assert_string_equal(wait_for(1), "1/0 none.example error\n");
	assert_string_equal(why, "name does not exist");
	got[0] = '\0';
	start(1, 0, "silent.example");
	assert_string_equal(wait_for(1), "1/0 silent.example error\n");
	assert_string_equal(why, "request timed out");
}

/* What is no host's address is no answer: those known before stay. */
static void test_blocked(void **state)
{
	start(1, 0, "blocked.example");
	assert_string_equal(wait_for(1), "1/0 blocked.example error\n");
	assert_string_equal(why, "the name has no address");
	got[0] = '\0';
	start(1, 0, "some.example");
	assert_string_equal(wait_for(1), "1/0 some.example 192.0.2.4 for 60\n");
}

/* One that cannot be asked for is answered, too. */
static void test_long_name(void **state)
{
	char name[400];

	memset(name, 'x', sizeof(name));
	strcpy(name + 300, ".example");
	start(1, 0, name);
	wait_for(1);
	assert_string_equal(why, "no name server can be asked");
	start(1, 0, name);
	start(2, 0, "four.example");
	wait_for(3);
	assert_non_null(strstr(got, ".example error\n"));
	assert_non_null(strstr(got, "2/0 four.example 192.0.2.4 for 5\n"));
}

static void test_hosts(void **state)
{
	put(hosts, "# 192.0.2.9 four.example\n192.0.2.7 other.example  FOUR.example # me\n\n"
		   "fe80::zz bad.example\n2001:db8::7\tx.example\ty.example\n"
		   "192.0.2.8 four.example.org\n192.0.2.10 four.example");
	start(1, 2, "four.example");
	start(1, 3, "y.example");
	start(1, 4, "x.example");
	assert_string_equal(wait_for(3), "1/2 four.example 192.0.2.7 192.0.2.10 for 0\n"
					 "1/3 y.example 2001:db8::7 for 0\n"
					 "1/4 x.example 2001:db8::7 for 0\n");
	assert_int_equal(asked, 0);
	/* Read again each time. */
	unlink(hosts);
	got[0] = '\0';
	start(1, 2, "four.example");
	assert_string_equal(wait_for(1), "1/2 four.example 192.0.2.4 for 5\n");
}

static void test_cancelled(void **state)
{
	start(1, 0, "four.example");
	start(2, 0, "four.example");
	start(1, 1, "six.example");
	resolve_cancel(1);
	start(3, 0, "six.example");
	wait_for(2);
	assert_non_null(strstr(got, "2/0 four.example 192.0.2.4 for 5\n"));
	assert_non_null(strstr(got, "3/0 six.example 2001:db8::6 for 7000\n"));
	assert_null(strstr(got, "1/"));
	put(hosts, "192.0.2.7 four.example\n");
	got[0] = '\0';
	start(4, 0, "four.example");
	start(5, 0, "four.example");
	resolve_cancel(4);
	assert_string_equal(wait_for(1), "5/0 four.example 192.0.2.7 for 0\n");
	/* Ends with questions open. */
	start(6, 0, "silent.example");
	resolve_close();
	start(7, 0, "four.example");
	for (int i = 0; i < 5; i++)
		dut_turn();
	assert_string_equal(got, "5/0 four.example 192.0.2.7 for 0\n");
}

/* Nobody to ask; another one is there by the next time. */
static void test_no_server(void **state)
{
	put(conf, "# nobody\n");
	start(1, 0, "four.example");
	wait_for(1);
	got[0] = '\0';
	put(conf, "nameserver 127.0.0.1\n");
	start(1, 0, "four.example");
	assert_string_equal(wait_for(1), "1/0 four.example 192.0.2.4 for 5\n");
}

/* What libevent says of name servers is for who looks closely, by our own log. */
static void test_log(void **state)
{
	char name[] = "/tmp/wgbgp-log-XXXXXX", text[4096];
	FILE *f;

	close(mkstemp(name));
	log_init("resolve_test");
	log_set_level(LOG_LEVEL_DEBUG);
	assert_non_null(freopen(name, "w", stderr));
	start(1, 0, "silent.example");
	wait_for(1);
	f = fopen(name, "r");
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	assert_non_null(strstr(text, " dns text=\""));
	unlink(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_server, begin, end),
		cmocka_unit_test_setup_teardown(test_blocked, begin, end),
		cmocka_unit_test_setup_teardown(test_long_name, begin, end),
		cmocka_unit_test_setup_teardown(test_hosts, begin, end),
		cmocka_unit_test_setup_teardown(test_cancelled, begin, end),
		cmocka_unit_test_setup_teardown(test_no_server, begin, end),
		cmocka_unit_test_setup_teardown(test_log, begin, end),
	};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
