/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets that we listen on: which of them a configuration leaves, who is let in by them, and what
 * happens when there are no descriptors left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listen.h"
#include "log.h"
#include "quoted.h"
#include "rig.h"
#include "rig_clock.h"
#include "util.h"

static int setup(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	rig_start("{'bgp': {'as': 65000, 'router-id': '10.0.0.5', 'graceful-restart': {'enabled': "
		  "false}, 'neighbor': [{'address': '10.9.0.13', 'remote-as': 65000, 'passive': "
		  "true}]}}");
	return 0;
}

static int teardown(void **state)
{
	rig_stop();
	rig_clock_reset();
	return 0;
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

static struct endpoint endpoint(const char *address, uint16_t port)
{
	struct endpoint e = {.port = port};

	assert_int_equal(addr_parse(address, &e.addr), 0);
	return e;
}

static void add(const char *address, uint16_t port)
{
	struct endpoint at = endpoint(address, port);
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&at, &sa);
	int fd = socket(at.addr.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (at.addr.family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(fd, 10), 0);
	listen_add(&at, fd);
}

/* Somebody listens there. */
static bool answers(const char *address, uint16_t port)
{
	struct endpoint at = endpoint(address, port);
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&at, &sa);
	int fd = socket(at.addr.family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes = connect(fd, (struct sockaddr *)&sa, len) == 0;

	close(fd);
	rig_turn();
	return yes;
}

static void apply(const char *text)
{
	json_t *config = quoted(text);

	listen_apply(config);
	json_decref(config);
}

static void test_apply(void **state)
{
	static const struct {
		const char *address, *reached_by;
		uint16_t port;
	} sockets[] = {
		{"10.9.0.7", "10.9.0.7", 179}, {"10.9.0.8", "10.9.0.8", 179},
		{"10.9.0.7", "10.9.0.7", 180}, {"0.0.0.0", "10.9.0.9", 181},
		{"::", "fd09::1", 181},	       {"10.9.0.8", "10.9.0.8", 1181},
	};
	static const struct {
		const char *config;
		bool left[6];
	} rows[] = {
		{"{'bgp': {'as': 1, 'listen-address': ['10.9.0.7', '10.9.0.8']}}",
		 {true, true, false, false, false, false}},
		{"{'bgp': {'as': 1, 'listen-address': ['10.9.0.8']}}",
		 {false, true, false, false, false, false}},
		{"{'bgp': {'as': 1, 'listen-address': ['10.9.0.7'], 'listen-port': 180}}",
		 {false, false, true, false, false, false}},
		{"{'bgp': {'as': 1, 'listen-port': 181}}",
		 {false, false, false, true, true, false}},
		{"{'bgp': {'as': 1, 'listen-port': 181, 'listen-address': ['10.9.0.9']}}",
		 {false, false, false, false, false, false}},
		{"{'bgp': {'as': 1}}", {false, false, false, false, false, false}},
		{"{'bgp': {'listen-address': ['10.9.0.7', '10.9.0.8']}}",
		 {false, false, false, false, false, false}},
		{"{}", {false, false, false, false, false, false}},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		listen_stop();
		for (unsigned k = 0; k < ARRAY_SIZE(sockets); k++)
			add(sockets[k].address, sockets[k].port);
		for (unsigned k = 0; k < ARRAY_SIZE(sockets); k++)
			assert_true(answers(sockets[k].reached_by, sockets[k].port));
		apply(rows[i].config);
		for (unsigned k = 0; k < ARRAY_SIZE(sockets); k++)
			if (answers(sockets[k].reached_by, sockets[k].port) != rows[i].left[k])
				fail_msg("row %u: socket %u: %d", i, k, !rows[i].left[k]);
	}
}

/* One that comes again takes the place of the one before. */
static void test_again(void **state)
{
	struct far *f;

	listen_stop();
	assert_false(answers("10.9.0.1", 179));
	add("10.9.0.1", 179);
	assert_true(answers("10.9.0.1", 179));
	listen_stop();
	assert_false(answers("10.9.0.1", 179));
	teardown(NULL);
	setup(NULL);
	f = far_up(13, &(struct far_open){.as = 65000});
	assert_false(f->ended);
	listen_stop();
	rig_settle();
	assert_false(f->ended); /* what was accepted stays */
}

/* A second socket for the same place takes the place of the first one; that is closed. */
static void test_replaced(void **state)
{
	unsigned before = descriptors();

	add("10.9.0.7", 179);
	add("10.9.0.7", 180);
	assert_int_equal(descriptors(), before + 2);
	for (int i = 0; i < 3; i++) {
		struct endpoint at = endpoint("10.9.0.7", i ? 179 : 180);

		listen_add(&at, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
		assert_int_equal(descriptors(), before + 2);
	}
}

/* lo, in the kernel's struct in6_ifreq */
static void add_local(const char *address)
{
	struct {
		struct in6_addr addr;
		uint32_t len;
		int ifindex;
	} request = {.len = 64, .ifindex = 1};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	inet_pton(AF_INET6, address, &request.addr);
	assert_true(ioctl(fd, SIOCSIFADDR, &request) == 0 || errno == EEXIST);
	close(fd);
}

/* A connection from FROM to TO on lo; whether it is let in. */
static bool let_in(const char *from, const char *to)
{
	struct endpoint a = endpoint(from, 0), b = endpoint(to, 179);
	struct sockaddr_storage sa, sb;
	int fd = socket(b.addr.family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len;
	char byte;
	bool yes;

	if (addr_is_link_local(&b.addr))
		a.scope_id = b.scope_id = 1;
	len = endpoint_to_sockaddr(&a, &sa);
	RIG_AWAIT(bind(fd, (struct sockaddr *)&sa, len) == 0); /* the address may be tentative */
	endpoint_to_sockaddr(&b, &sb);
	assert_int_equal(connect(fd, (struct sockaddr *)&sb, len), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	rig_settle();
	yes = recv(fd, &byte, 1, 0) == 1; /* an OPEN, or a reset */
	close(fd);
	rig_settle();
	return yes;
}

/* A link-local address is a neighbour's on its interface alone; where our address is configured it
 * is the one to come to. Who is not let in is counted. */
static void test_who(void **state)
{
	static const struct {
		const char *neighbor, *from, *to;
		bool in;
	} rows[] = {
		{"'address': 'fe80::2%lo'", "fe80::2", "fe80::1", true},
		{"'address': 'fe80::2%lo'", "fe80::3", "fe80::1", false},
		{"'address': 'fe80::2%wg0'", "fe80::2", "fe80::1", false},
		{"'address': 'fe80::2'", "fe80::2", "fe80::1", false},
		{"'address': '10.9.0.13'", "10.9.0.13", "10.9.0.1", true},
		{"'address': '10.9.0.13'", "10.9.0.14", "10.9.0.1", false},
		{"'address': '10.9.0.13', 'local-address': '10.9.0.1'", "10.9.0.13", "10.9.0.1",
		 true},
		{"'address': '10.9.0.13', 'local-address': '10.9.0.2'", "10.9.0.13", "10.9.0.1",
		 false},
	};
	struct endpoint at = endpoint("fe80::1", 179);
	struct sockaddr_storage sa;
	socklen_t len;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	for (int i = 1; i < 4; i++) {
		char text[24];

		snprintf(text, sizeof(text), "fe80::%d", i);
		add_local(text);
	}
	at.scope_id = 1;
	len = endpoint_to_sockaddr(&at, &sa);
	RIG_AWAIT(bind(fd, (struct sockaddr *)&sa, len) == 0); /* the address may be tentative */
	assert_int_equal(listen(fd, 10), 0);
	listen_add(&at, fd);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		char *config = xasprintf("{'bgp': {'as': 65000, 'router-id': '10.0.0.5', "
					 "'neighbor': [{%s, 'remote-as': 65000, 'passive': "
					 "true}]}}",
					 rows[i].neighbor);
		uint64_t before = listen_strangers();

		rig_config(config);
		rig_settle();
		free(config);
		if (let_in(rows[i].from, rows[i].to) != rows[i].in)
			fail_msg("row %u: let in %d", i, !rows[i].in);
		assert_int_equal(listen_strangers() - before, !rows[i].in);
	}
}

/* No descriptor is left: a pause, then it is tried again; meanwhile nothing spins. */
static void test_no_descriptors(void **state)
{
	struct rlimit before, few;
	struct far *f;
	int lowest;

	f = far_connect(13);
	far_open(f, &(struct far_open){.as = 65000});
	rig_settle();
	far_close(f);
	rig_settle();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	f = far_connect_only(13);
	lowest = dup(0);
	close(lowest);
	few = before;
	few.rlim_cur = (rlim_t)lowest;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	rig_settle();
	assert_int_equal(far_peer(f)->state, PEER_ACTIVE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	rig_settle();
	rig_pass(99);
	rig_settle();
	assert_int_equal(far_peer(f)->state, PEER_ACTIVE);
	rig_pass(1);
	rig_settle();
	assert_int_equal(far_peer(f)->state, PEER_OPENSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_apply, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_descriptors, setup, teardown),
	};

	return rig_run(tests, ARRAY_SIZE(tests));
}
