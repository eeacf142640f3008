/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "doors.h"
#include "ports.h"
#include "util.h"

static char error[512];

static int open_door(const char *address, bool guarded)
{
	error[0] = '\0';
	return door_open(address, guarded, error, sizeof(error));
}

static void refuses(const char *address, int err, const char *why)
{
	assert_int_equal(open_door(address, false), err);
	if (!strstr(error, why) || !strstr(error, address))
		fail_msg("%s: %s", address, error);
}

static void test_addresses(void **state)
{
	static const char *const bad[] = {"",
					  "127.0.0.1",
					  "127.0.0.1:0",
					  "127.0.0.1:99999",
					  ":80",
					  "localhost:80",
					  "::1:x",
					  "[::1",
					  "[::1]",
					  "x",
					  "@wg0"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (open_door(bad[i], false) != -EINVAL)
			fail_msg("%s", bad[i]);
	assert_null(door_interface("127.0.0.1:80"));
	assert_string_equal(door_interface("10.0.0.1:80@wg0"), "wg0");
	assert_null(door_interface("/run/x@y"));
}

/* Who may be reached by others. */
static void test_others(void **state)
{
	refuses("0.0.0.0:8179", -EACCES, "takes a token (-t)");
	refuses("[::]:8179", -EACCES, "takes a token");
	refuses("10.9.0.1:8179", -EACCES, "10.9.0.1:8179@INTERFACE");
	refuses("[fe80::1]:8179", -EACCES, "takes a token");
	refuses("[::ffff:127.0.0.1]:8179", -EACCES, "takes a token");
	refuses("128.0.0.1:8179", -EACCES, "takes a token");
}

static int listens(const char *address, bool guarded)
{
	int fd = open_door(address, guarded), on = 0;
	socklen_t len = sizeof(on);

	if (fd < 0)
		fail_msg("%s: %s", address, error);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len), 0);
	assert_true(on);
	return fd;
}

static void test_own(void **state)
{
	char address[64];
	unsigned port = port_any();
	int fd;

	snprintf(address, sizeof(address), "127.0.0.1:%u", port);
	fd = listens(address, false);
	refuses(address, -EADDRINUSE, "in use");
	close(fd);
	snprintf(address, sizeof(address), "0.0.0.0:%u", port);
	close(listens(address, true));
}

static void test_path(void **state)
{
	char dir[] = "/tmp/doors_test.XXXXXX", path[64], longest[200] = "/";
	struct stat st;
	FILE *f;
	int fd;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	fd = listens(path, false);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	refuses(path, -EADDRINUSE, "in use"); /* somebody listens */
	close(fd);
	close(listens(path, false)); /* nobody does any more */
	unlink(path);
	f = fopen(path, "we");
	fclose(f);
	refuses(path, -EADDRINUSE, "in use");
	assert_int_equal(stat(path, &st), 0); /* what is no socket stays */
	unlink(path);
	rmdir(dir);
	memset(longest + 1, 'x', sizeof(longest) - 2);
	refuses(longest, -ENAMETOOLONG, "too long");
}

static void test_interface(void **state)
{
	refuses("127.0.0.1:8179@nothing0", -ENODEV, "No such device");
}

/* An interface that is up, with an address of its own. */
static void make_interface(const char *name, const char *address)
{
	int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC), fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in at = {.sin_family = AF_INET};
	struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI};

	str_copy(r.ifr_name, name, sizeof(r.ifr_name));
	if (!str_eq(name, "lo"))
		assert_int_equal(ioctl(tun, TUNSETIFF, &r), 0);
	inet_pton(AF_INET, address, &at.sin_addr);
	memcpy(&r.ifr_addr, &at, sizeof(at));
	assert_int_equal(ioctl(fd, SIOCSIFADDR, &r), 0);
	r.ifr_flags = IFF_UP;
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &r), 0);
	close(fd); /* TUN stays open: with it the interface would go */
}

/* What listens at the same port at a time, in either order. */
static void test_pairs(void **state)
{
	static const struct {
		const char *a, *b;
		bool both;
	} rows[] = {
		{"127.0.0.1:81", "0.0.0.0:81@wg0", true},
		{"127.9.9.9:81", "0.0.0.0:81@wg0", true},
		{"127.0.0.1:81", "10.9.0.1:81@wg0", true},
		{"[::1]:81", "[::]:81@wg0", true},
		{"127.0.0.1:81", "[::]:81@wg0", true},
		{"0.0.0.0:81@wg0", "[::]:81@wg0", true},
		{"0.0.0.0:81@wg0", "0.0.0.0:81@wg1", true},
		{"[::]:81@wg0", "[::]:81@wg1", true},
		{"10.9.0.1:81@wg0", "0.0.0.0:81@wg1", true},
		{"127.0.0.1:81", "127.0.0.2:81", true},
		{"0.0.0.0:81@wg0", "10.9.0.1:81@wg0", false},
		{"0.0.0.0:81", "0.0.0.0:81@wg0", false},
		{"0.0.0.0:81", "10.9.0.1:81@wg0", false},
		{"0.0.0.0:81", "127.0.0.1:81", false},
		{"[::]:81", "[::1]:81", false},
	};

	if (access("/dev/net/tun", R_OK | W_OK) < 0 || unshare(CLONE_NEWNET) < 0) {
		skip();
		return;
	}
	make_interface("lo", "127.0.0.1");
	make_interface("wg0", "10.9.0.1");
	make_interface("wg1", "10.8.0.1");
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		const char *const of[] = {rows[i / 2].a, rows[i / 2].b};
		int one = listens(of[i % 2], true), other = open_door(of[!(i % 2)], true);

		if (other != -EADDRINUSE ? !rows[i / 2].both || other < 0 : rows[i / 2].both)
			fail_msg("%s, then %s: %s", of[i % 2], of[!(i % 2)], error);
		close(one);
		if (other >= 0)
			close(other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_others),
		cmocka_unit_test(test_own),	  cmocka_unit_test(test_path),
		cmocka_unit_test(test_interface), cmocka_unit_test(test_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
