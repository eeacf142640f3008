/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_others),
		cmocka_unit_test(test_own),	  cmocka_unit_test(test_path),
		cmocka_unit_test(test_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
