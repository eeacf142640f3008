/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listening sockets through changes of the configuration, on the loopback: who gets a connection.
 */
#include <errno.h>
#include <fcntl.h>
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
#include "loop.h"
#include "messages.h"
#include "ports.h"
#include "tcp_md5.h"
#include "util.h"

/* What the system refuses to whoever asks for sockets of one family, 0: nothing. */
static struct {
	int family, socket, bind, listen, md5;
} refuse;

int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol);
int __real_bind(int fd, const struct sockaddr *sa, socklen_t len);
int __wrap_bind(int fd, const struct sockaddr *sa, socklen_t len);
int __real_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog);
static int backlog_asked;

int __wrap_socket(int family, int type, int protocol)
{
	errno = refuse.socket;
	return refuse.socket && family == refuse.family ? -1
							: __real_socket(family, type, protocol);
}

int __wrap_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	errno = refuse.bind;
	return refuse.bind && sa->sa_family == refuse.family ? -1 : __real_bind(fd, sa, len);
}

int __wrap_listen(int fd, int backlog)
{
	backlog_asked = backlog;
	errno = refuse.listen;
	return refuse.listen ? -1 : __real_listen(fd, backlog);
}

int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (!refuse.md5 || level != IPPROTO_TCP)
		return __real_setsockopt(fd, level, name, value, len);
	errno = refuse.md5;
	return -1;
}

static unsigned wiped; /* times that something was, and how much */
static size_t wiped_bytes;

void __real_sodium_memzero(void *p, size_t len);
void __wrap_sodium_memzero(void *p, size_t len);

void __wrap_sodium_memzero(void *p, size_t len)
{
	wiped++;
	wiped_bytes += len;
	__real_sodium_memzero(p, len);
}

static char dir[] = "/tmp/listen_test.XXXXXX";
static unsigned port;
static char error[256];
static const char *tunnel_address; /* of wg0, quoted */
static bool no_as;

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

/* BGP in JSON without its braces; @ is the directory. */
static int prepare(const char *bgp)
{
	char *text =
		xasprintf("{\"wgbgp-wireguard:wireguard\": {\"interface\": [{\"name\": \"wg0\", "
			  "\"address\": [%s]}]}, \"wgbgp-bgp:bgp\": {%s"
			  "\"listen-port\": %u, %s}}",
			  tunnel_address, no_as ? "" : "\"as\": 1, ", port, bgp);
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
#define SECRET(address, file) "{\"address\": \"" address "\", \"password-file\": \"@/" file "\"}"
#define RANGE(range, file)                                      \
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
	assert_int_equal(
		prepare(NEIGHBORS(SECRET("127.0.0.2", "pw2")) GROUPS(RANGE("127.0.3.0/24", "pw3"))),
		-EPERM);
	assert_non_null(strstr(error, "/pw3: has mode 0644"));
	listen_abort();
	assert_true(lets_in("127.0.0.2", LO, "two") && !lets_in("127.0.0.2", LO, "deux"));
	/* One that is gone on with all the same: the way back must not wait for a file. */
	assert_int_equal(prepare(NEIGHBORS() GROUPS(RANGE("127.0.3.0/24", "pw3"))), -EPERM);
	listen_commit(NULL, 1);
	assert_true(lets_in("127.0.0.2", LO, "two") && !lets_in("127.0.0.2", LO, NULL));
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
	port = port_any();
	apply(NEIGHBORS(SECRET("127.0.0.4", "pw2")));
	assert_true(lets_in("127.0.0.4", LO, "deux") && !lets_in("127.0.0.4", LO, NULL));
	wiped = wiped_bytes = 0;
	listen_free();
	assert_true(wiped > 0 && wiped_bytes > strlen("deux"));
}

/* A kernel that takes no password is found out before anything changes. */
static void test_passwords_are_refused(void **state)
{
	static const struct {
		int errno_;
		const char *said;
	} rows[] = {
		{ENOPROTOOPT, "bgp: password-file: this kernel has no TCP MD5"},
		{ENOMEM, "bgp: password-file: too many passwords for net.core.optmem_max"},
		{EINVAL, "bgp: password-file: Invalid argument"},
	};

	write_file("pw2", "two\n", 0600);
	write_file("pw3", "three\n", 0600);
	apply(NEIGHBORS(SECRET("127.0.0.2", "pw2")));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int family = 0; family < 2; family++) {
			refuse.md5 = rows[i].errno_;
			assert_int_equal(prepare(family ? NEIGHBORS(SECRET("fe80::1%lo", "pw3"))
							: NEIGHBORS(SECRET("127.0.0.2", "pw3"))),
					 -rows[i].errno_);
			refuse.md5 = 0;
			assert_int_equal(strncmp(error, rows[i].said, strlen(rows[i].said)), 0);
			listen_abort();
			assert_true(lets_in("127.0.0.2", LO, "two"));
		}
}

/* Without a password there is nothing to try: a lack of descriptors is no reason to refuse. */
static void test_no_password_needs_no_socket(void **state)
{
	static const struct {
		const char *bgp;
		int err[2]; /* without sockets of IPv4, of IPv6 */
	} rows[] = {
		{NEIGHBORS(NEIGHBOR("127.0.0.2")), {0, 0}},
		{NEIGHBORS(SECRET("127.0.0.2", "pw2")), {-EMFILE, 0}},
		{NEIGHBORS(SECRET("fe80::1%lo", "pw2")), {0, -EMFILE}},
		{NEIGHBORS() GROUPS(RANGE("fe80::/64", "pw2")), {0, -EMFILE}},
	};

	write_file("pw2", "two\n", 0600);
	apply(NEIGHBORS(NEIGHBOR("127.0.0.2"))); /* the sockets that all of them need */
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int v6 = 0; v6 < 2; v6++) {
			int err;

			refuse.family = v6 ? AF_INET6 : AF_INET;
			refuse.socket = EMFILE;
			err = prepare(rows[i].bgp);
			memset(&refuse, 0, sizeof(refuse));
			listen_abort();
			if (err != rows[i].err[v6])
				fail_msg("row %zu, %d: %s", i, v6, error);
			assert_string_equal(error,
					    err ? "bgp: password-file: Too many open files" : "");
		}
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

/* ---- what bgpd is sent */

static char heard[1024];

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

/* A line: generation, address, and whatever of the socket is not as it has to be. */
static void hear(void *arg, const struct ipc_frame *f)
{
	size_t len = strlen(heard);
	struct endpoint at;

	assert_int_equal(f->type, MSG_LISTEN);
	assert_int_equal(msg_get_endpoint(f->body, f->len, &at), 0);
	assert_int_equal(at.port, port);
	snprintf(heard + len, sizeof(heard) - len, "%u %s%s%s%s%s%s\n", f->generation,
		 ADDR_STR(&at.addr),
		 option(f->fd, SOL_SOCKET, SO_ACCEPTCONN) == 1 ? "" : " does not listen",
		 option(f->fd, SOL_SOCKET, SO_REUSEADDR) == 1 ? "" : " waits for old ones",
		 option(f->fd, SOL_SOCKET, SO_REUSEPORT) == 0 ? "" : " shares its port",
		 option(f->fd, IPPROTO_IP, IP_FREEBIND) == 1 ? "" : " is bound",
		 at.addr.family == AF_INET || option(f->fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1
			 ? ""
			 : " takes IPv4, too");
	assert_true(fcntl(f->fd, F_GETFL) & O_NONBLOCK);
	close(f->fd);
}

static void closed(void *arg, const char *why)
{
	fail_msg("%s", why);
}

static struct ipc *bgpd, *parents;

#define EXPECT_HEARD(text)                                             \
	do {                                                           \
		for (int i_ = 0; i_ < 20; i_++)                        \
			event_base_loop(loop_base(), EVLOOP_NONBLOCK); \
		assert_string_equal(heard, text);                      \
		heard[0] = '\0';                                       \
	} while (0)

static void open_bgpd(void)
{
	static const struct ipc_handlers handlers = {hear, closed, NULL};
	int fds[2];

	assert_int_equal(ipc_pair(fds), 0);
	parents = ipc_new(fds[0], &handlers, NULL);
	bgpd = ipc_new(fds[1], &handlers, NULL);
}

#define LISTEN(addresses) "\"listen-address\": [" addresses "], \"neighbor\": []"

/* bgpd gets each socket once, and all of them that are in force when it starts anew. */
static void test_sent(void **state)
{
	open_bgpd();
	assert_int_equal(prepare(LISTEN("\"127.0.0.1\", \"::1\"")), 0);
	assert_int_equal(backlog_asked, 512);
	listen_send_all(parents, 6);
	EXPECT_HEARD("");
	listen_commit(parents, 7);
	EXPECT_HEARD("7 ::1\n7 127.0.0.1\n");
	assert_int_equal(prepare(LISTEN("\"127.0.0.1\", \"127.0.0.2\"")), 0);
	listen_send_all(parents, 7);
	EXPECT_HEARD("7 ::1\n7 127.0.0.1\n");
	listen_commit(parents, 8);
	EXPECT_HEARD("8 127.0.0.2\n");
	listen_commit(parents, 8);
	EXPECT_HEARD("");
	listen_send_all(parents, 9);
	EXPECT_HEARD("9 127.0.0.2\n9 127.0.0.1\n");
	assert_int_equal(prepare(NEIGHBORS(NEIGHBOR("127.9.0.1"))), 0);
	listen_commit(parents, 10);
	EXPECT_HEARD("10 ::\n10 0.0.0.0\n");
	no_as = true; /* no BGP any more */
	assert_int_equal(prepare(LISTEN("\"127.0.0.1\"")), 0);
	listen_commit(parents, 11);
	no_as = false;
	listen_send_all(parents, 11);
	EXPECT_HEARD("");
	ipc_free(bgpd);
	ipc_free(parents);
	loop_free();
}

/* ---- what the system does not grant */

#define ANY NEIGHBORS(NEIGHBOR("127.9.0.1"))
#define TUNNELS NEIGHBORS(NEIGHBOR("127.1.0.2") "," NEIGHBOR("fd01::2"))
#define WRITTEN LISTEN("\"127.0.0.1\", \"::1\"")

static const struct {
	const char *bgp;
	int family, socket, bind, listen, err;
	const char *where; /* it failed */
	const char *sent;
} refusals[] = {
	{ANY, 0, 0, 0, 0, 0, "", "1 ::\n1 0.0.0.0\n"},
	{ANY, AF_INET6, EAFNOSUPPORT, 0, 0, 0, "", "1 0.0.0.0\n"},
	{ANY, AF_INET6, 0, EADDRNOTAVAIL, 0, 0, "", "1 0.0.0.0\n"},
	{ANY, AF_INET6, 0, EACCES, 0, 0, "", "1 0.0.0.0\n"},
	{ANY, AF_INET6, 0, EADDRINUSE, 0, -EADDRINUSE, "[::]", ""},
	{ANY, AF_INET6, 0, EINVAL, 0, -EINVAL, "[::]", ""},
	{ANY, AF_INET, EAFNOSUPPORT, 0, 0, -EAFNOSUPPORT, "0.0.0.0", ""},
	{ANY, AF_INET, 0, EADDRNOTAVAIL, 0, -EADDRNOTAVAIL, "0.0.0.0", ""},
	{ANY, AF_INET, 0, EACCES, 0, 0, "", "1 ::\n"},
	{ANY, 0, 0, 0, EADDRINUSE, -EADDRINUSE, "0.0.0.0", ""},
	{TUNNELS, 0, 0, 0, 0, 0, "", "1 fd01::1\n1 127.1.0.1\n"},
	{TUNNELS, AF_INET6, EAFNOSUPPORT, 0, 0, 0, "", "1 127.1.0.1\n"},
	{TUNNELS, AF_INET, 0, EADDRNOTAVAIL, 0, 0, "", "1 fd01::1\n"},
	{TUNNELS, AF_INET, 0, EACCES, 0, 0, "", "1 fd01::1\n"},
	{TUNNELS, AF_INET, 0, EINVAL, 0, -EINVAL, "127.1.0.1", ""},
	{WRITTEN, 0, 0, 0, 0, 0, "", "1 ::1\n1 127.0.0.1\n"},
	{WRITTEN, AF_INET, 0, EACCES, 0, 0, "", "1 ::1\n"},
	{WRITTEN, AF_INET6, EAFNOSUPPORT, 0, 0, -EAFNOSUPPORT, "[::1]", ""},
	{WRITTEN, AF_INET, 0, EADDRNOTAVAIL, 0, -EADDRNOTAVAIL, "127.0.0.1", ""},
};

/* What may be missing is done without, the rest is there; else nothing of the change is. */
static void test_refusals(void **state)
{
	tunnel_address = "\"127.1.0.1/16\", \"fd01::1/64\"";
	open_bgpd();
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		char *want = xasprintf("bgp: cannot listen at %s:%u: %s", refusals[i].where, port,
				       strerror(-refusals[i].err));
		int err;

		refuse.family = refusals[i].family;
		refuse.socket = refusals[i].socket;
		refuse.bind = refusals[i].bind;
		refuse.listen = refusals[i].listen;
		err = prepare(refusals[i].bgp);
		memset(&refuse, 0, sizeof(refuse));
		if (err != refusals[i].err)
			fail_msg("row %zu: %d", i, err);
		assert_string_equal(error, err ? want : "");
		listen_commit(parents, 1);
		EXPECT_HEARD(refusals[i].sent);
		listen_free();
		free(want);
	}
	ipc_free(bgpd);
	ipc_free(parents);
	loop_free();
}

static int setup(void **state)
{
	tunnel_address = "";
	port = port_any();
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
		T(test_passwords_are_refused),
		T(test_no_password_needs_no_socket),
		T(test_addresses),
		T(test_sent),
		T(test_refusals),
	};

	assert_true(sodium_init() >= 0);
	log_set_level(getenv("VERBOSE") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
