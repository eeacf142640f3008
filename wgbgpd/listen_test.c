/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listening sockets through changes of the configuration, on the loopback: who gets a connection.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "listen.h"
#include "log.h"
#include "tcp_md5.h"
#include "util.h"

static char dir[] = "/tmp/listen_test.XXXXXX";
static unsigned port;
static char error[256];
static const char *tunnel_address; /* of wg0, quoted */

static void write_file(const char *name, const char *text, mode_t mode)
{
	char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
	free(path);
}

/* A port that nobody has now. */
static unsigned free_port(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	close(fd);
	return ntohs(sin.sin_port);
}

/* BGP in JSON without its braces; @ is the directory. */
static int prepare(const char *bgp)
{
	char *text = xasprintf("{\"wgbgp-wireguard:wireguard\": {\"interface\": [{\"name\": \"wg0\", "
			       "\"address\": [%s]}]}, \"wgbgp-bgp:bgp\": {\"as\": 1, "
			       "\"listen-port\": %u, %s}}",
			       tunnel_address, port, bgp);
	json_t *config;
	int err;

	for (char *at; (at = strchr(text, '@'));) {
		char *whole;

		*at = '\0';
		whole = xasprintf("%s%s%s", text, dir, at + 1);
		free(text);
		text = whole;
	}
	config = json_loads(text, 0, NULL);
	assert_non_null(config);
	error[0] = '\0';
	err = listen_prepare(config, error, sizeof(error));
	json_decref(config);
	free(text);
	return err;
}

static void apply(const char *bgp)
{
	assert_int_equal(prepare(bgp), 0);
	listen_commit(NULL, 1);
	listen_commit(NULL, 1); /* as at the end of a change */
}

static bool is_connected(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	return info.tcpi_state == TCP_ESTABLISHED;
}

/* Whether a connection from ADDRESS to TO, signed with TEXT (NULL: not signed) comes up: on the
 * loopback it does before connect() returns, or never. */
static bool lets_in(const char *address, const char *to, const char *text)
{
	struct endpoint ends[2] = {{.port = 0}, {.port = (uint16_t)port}};
	struct sockaddr_storage ss;
	struct prefix whole;
	socklen_t len;
	bool in;
	int fd;

	assert_int_equal(addr_parse(address, &ends[0].addr), 0);
	assert_int_equal(addr_parse(to, &ends[1].addr), 0);
	fd = socket(ends[0].addr.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	len = endpoint_to_sockaddr(&ends[0], &ss);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	whole = prefix_make(ends[1].addr.family, ends[1].addr.b,
			    (uint8_t)family_bits(ends[1].addr.family));
	if (text)
		assert_int_equal(tcp_md5_set(fd, &whole, text, strlen(text)), 0);
	len = endpoint_to_sockaddr(&ends[1], &ss);
	connect(fd, (struct sockaddr *)&ss, len);
	in = is_connected(fd);
	close(fd);
	return in;
}

#define LO "127.0.0.1"
#define NEIGHBOR(address) "{\"address\": \"" address "\"}"
#define SECRET(address, file) \
	"{\"address\": \"" address "\", \"password-file\": \"@/" file "\"}"
#define RANGE(range, file)                                            \
	"{\"name\": \"g\", \"listen-range\": [\"" range "\"], " \
	"\"password-file\": \"@/" file "\"}"
#define NEIGHBORS(...) "\"neighbor\": [" __VA_ARGS__ "]"
#define GROUPS(...) ", \"neighbor-group\": [" __VA_ARGS__ "]"

/* What a socket asks of whom, through changes of files and statements. */
static void test_passwords(void **state)
{
	write_file("pw2", "two\n", 0600);
	write_file("pw3", "three\n", 0600);
	apply(NEIGHBORS(SECRET("127.0.0.2", "pw2") "," NEIGHBOR("127.0.0.4") "," SECRET(
		"fe80::1%lo", "pw3")) GROUPS(RANGE("127.0.3.0/24", "pw3")));
	assert_true(lets_in("127.0.0.2", LO, "two"));
	assert_false(lets_in("127.0.0.2", LO, "three") || lets_in("127.0.0.2", LO, NULL));
	assert_true(lets_in("127.0.3.9", LO, "three"));
	assert_false(lets_in("127.0.3.9", LO, "two") || lets_in("127.0.3.9", LO, NULL));
	assert_true(lets_in("127.0.0.4", LO, NULL));
	assert_false(lets_in("127.0.0.4", LO, "two"));
	/* A refused change leaves them as they are. */
	write_file("pw2", "deux\n", 0600);
	write_file("pw3", "drei\n", 0644);
	assert_int_equal(prepare(NEIGHBORS(SECRET("127.0.0.2", "pw2"))
					 GROUPS(RANGE("127.0.3.0/24", "pw3"))),
			 -EPERM);
	assert_non_null(strstr(error, "/pw3: has mode 0644"));
	listen_abort();
	assert_true(lets_in("127.0.0.2", LO, "two") && !lets_in("127.0.0.2", LO, "deux"));
	write_file("pw3", "drei\n", 0600);
	assert_int_equal(prepare(NEIGHBORS(SECRET("127.0.0.9", "pw2"))), 0);
	listen_abort();
	listen_commit(NULL, 1);
	assert_true(lets_in("127.0.0.2", LO, "two") && !lets_in("127.0.0.2", LO, "deux"));
	/* What is in the files now. */
	apply(NEIGHBORS(SECRET("127.0.0.2", "pw2")) GROUPS(RANGE("127.0.3.0/24", "pw3")));
	assert_true(lets_in("127.0.0.2", LO, "deux") && !lets_in("127.0.0.2", LO, "two"));
	assert_true(lets_in("127.0.3.9", LO, "drei") && !lets_in("127.0.3.9", LO, "three"));
	/* Gone from the configuration, gone from the socket. */
	apply(NEIGHBORS(NEIGHBOR("127.0.0.2") "," SECRET("127.0.0.4", "pw2")));
	assert_true(lets_in("127.0.0.2", LO, NULL) && !lets_in("127.0.0.2", LO, "deux"));
	assert_true(lets_in("127.0.3.9", LO, NULL) && !lets_in("127.0.3.9", LO, "drei"));
	assert_true(lets_in("127.0.0.4", LO, "deux") && !lets_in("127.0.0.4", LO, NULL));
	/* A new socket has them from its first moment. */
	port = free_port();
	apply(NEIGHBORS(SECRET("127.0.0.4", "pw2")));
	assert_true(lets_in("127.0.0.4", LO, "deux") && !lets_in("127.0.0.4", LO, NULL));
}

static void test_passwords_ipv6(void **state)
{
	write_file("pw2", "two\n", 0600);
	apply("\"listen-address\": [\"::1\"], " NEIGHBORS(SECRET("::1", "pw2")));
	assert_true(lets_in("::1", "::1", "two"));
	assert_false(lets_in("::1", "::1", NULL));
	apply("\"listen-address\": [\"::1\"], " NEIGHBORS() GROUPS(RANGE("::/64", "pw2")));
	assert_true(lets_in("::1", "::1", "two"));
	assert_false(lets_in("::1", "::1", NULL));
}

/* The ends of LO, a tunnel address and two others at which somebody is let in. */
static void expect_listening(bool lo, bool tunnel, bool local, bool other)
{
	assert_int_equal(lets_in("127.0.0.5", LO, NULL), lo);
	assert_int_equal(lets_in("127.0.0.5", "127.1.0.1", NULL), tunnel);
	assert_int_equal(lets_in("127.0.0.5", "127.2.0.1", NULL), local);
	assert_int_equal(lets_in("127.0.0.5", "127.3.0.1", NULL), other);
}

/* From all addresses to some and back, as neighbours come and go. */
static void test_addresses(void **state)
{
	tunnel_address = "\"127.1.0.1/16\"";
	apply(NEIGHBORS(NEIGHBOR("127.1.0.2")));
	expect_listening(false, true, false, false);
	apply(NEIGHBORS(NEIGHBOR("127.1.0.2") "," NEIGHBOR("127.9.0.1")));
	expect_listening(true, true, true, true);
	apply(NEIGHBORS(NEIGHBOR("127.1.0.2") ", {\"address\": \"127.9.0.1\", "
					      "\"local-address\": \"127.2.0.1\"}"));
	expect_listening(false, true, true, false);
	assert_int_equal(prepare(NEIGHBORS(NEIGHBOR("127.9.0.1"))), 0);
	listen_abort(); /* another part of the change was refused */
	expect_listening(false, true, true, false);
	tunnel_address = "\"127.3.0.1/16\"";
	apply(NEIGHBORS(NEIGHBOR("127.3.0.2")));
	expect_listening(false, false, false, true);
	apply("\"listen-address\": [\"127.0.0.1\"], " NEIGHBORS(NEIGHBOR("127.3.0.2")));
	expect_listening(true, false, false, false);
}

static int setup(void **state)
{
	tunnel_address = "";
	port = free_port();
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const names[] = {"pw2", "pw3"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *path = xasprintf("%s/%s", dir, names[i]);

		unlink(path);
		free(path);
	}
	listen_free();
	return rmdir(dir);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_passwords),
		T(test_passwords_ipv6),
		T(test_addresses),
	};

	assert_true(sodium_init() >= 0);
	log_set_level(getenv("VERBOSE") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
