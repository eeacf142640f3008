/* SPDX-License-Identifier: BSD-2-Clause */
/* Which files may hold a key: every mode, every length, and what is no file at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_key.h"
#include "util.h"

#define KEY "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="

static char path[] = "/tmp/wgbgp-key-XXXXXX";
static uint8_t key[CONF_KEY_BYTES];
static char why[256];

static int refuse_read; /* errno */

ssize_t __real_read(int fd, void *buf, size_t n);
ssize_t __wrap_read(int fd, void *buf, size_t n);

ssize_t __wrap_read(int fd, void *buf, size_t n)
{
	errno = refuse_read;
	return refuse_read ? -1 : __real_read(fd, buf, n);
}

static int setup(void **state)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, KEY "\n", 45), 45);
	close(fd);
	return 0;
}

static int teardown(void **state)
{
	unlink(path);
	return 0;
}

/* Nobody but the owner may do anything with it. */
static void test_modes(void **state)
{
	for (mode_t mode = 0; mode <= 0777; mode++) {
		bool open_to_owner = geteuid() == 0 || (mode & 0400);
		int err;

		assert_int_equal(chmod(path, mode), 0);
		if (!open_to_owner)
			continue;
		err = conf_key_read(path, key, why, sizeof(why));
		if (err != (mode & 077 ? -EPERM : 0))
			fail_msg("mode %04o: %d", (unsigned)mode, err);
	}
	assert_string_equal(why, "has mode 0777: others than its owner may use it; expected 0600");
}

static void test_owner(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
	assert_int_equal(conf_key_read(path, key, why, sizeof(why)), -EPERM);
	assert_string_equal(why, "belongs to user 12345; expected root");
}

static void test_content(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{KEY, true},
		{KEY "\n", true},
		{KEY "\r\n", true},
		{" " KEY, true},
		{KEY "\nmore", true},
		{"", false},
		{"\n" KEY, false},
		{KEY KEY, false},
		{KEY "x", false},
		{"dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LA==", false}, /* 31 bytes */
		{"dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo", false},
		{"dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LC!=", false},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		int fd = open(path, O_WRONLY | O_TRUNC), err;

		assert_int_equal(write(fd, rows[i].text, strlen(rows[i].text)),
				 strlen(rows[i].text));
		close(fd);
		err = conf_key_read(path, key, why, sizeof(why));
		if (err != (rows[i].good ? 0 : -EINVAL))
			fail_msg("row %u: %d %s", i, err, why);
		if (rows[i].good)
			assert_true(key[0] == 0x77 && key[31] == 0x2a);
	}
}

static void test_no_file(void **state)
{
	char missing[64];

	snprintf(missing, sizeof(missing), "%s.not", path);
	assert_int_equal(conf_key_read(missing, key, why, sizeof(why)), -ENOENT);
	assert_string_equal(why, "No such file or directory");
	assert_int_equal(conf_key_read("/tmp", key, why, sizeof(why)), -EINVAL);
	assert_string_equal(why, "is not a regular file");
	assert_int_equal(mkfifo(missing, 0600), 0);
	assert_int_equal(conf_key_read(missing, key, why, sizeof(why)), -EINVAL);
	unlink(missing);
}

/* No byte more than there is room for, with its NUL; what could not be read is empty. */
static void test_room(void **state)
{
	struct {
		char line[8], behind;
	} box = {.behind = 'x'};

	assert_int_equal(conf_secret_read(path, box.line, sizeof(box.line), why, sizeof(why)), 0);
	assert_string_equal(box.line, "dwdtCnM");
	assert_int_equal(box.behind, 'x');
	refuse_read = EIO;
	assert_int_equal(conf_secret_read(path, box.line, sizeof(box.line), why, sizeof(why)),
			 -EIO);
	assert_string_equal(why, "Input/output error");
	assert_string_equal(box.line, "");
	refuse_read = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_content, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_room, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
