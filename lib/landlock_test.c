/* SPDX-License-Identifier: BSD-2-Clause */
/* landlock: what a kernel of each age is asked, with a played kernel; sandbox_test asks the real
 * one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "landlock.h"
#include "util.h"

#define CREATE 444
#define ADD 445
#define RESTRICT 446

static char asked[1024];
static long abi;     /* of the kernel; < 0: it has no Landlock */
static long refused; /* this call fails */
static int ruleset = -1;

static void say(const char *fmt, ...) PRINTF_LIKE(1, 2);

static void say(const char *fmt, ...)
{
	size_t len = strlen(asked);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(asked + len, sizeof(asked) - len, fmt, ap);
	va_end(ap);
}

long __wrap_syscall(long nr, long a, long b, long c, long d);

static long create(const void *attr, size_t size, unsigned flags)
{
	uint64_t words[3] = {0};

	if (!attr) {
		assert_int_equal(size, 0);
		assert_int_equal(flags, 1);
		errno = abi < 0 ? EOPNOTSUPP : EAGAIN; /* stale where it succeeds */
		return abi < 0 ? -1 : abi;
	}
	assert_int_equal(flags, 0);
	memcpy(words, attr, size);
	say("forbid %zu: %llx %llx %llx\n", size, (unsigned long long)words[0],
	    (unsigned long long)words[1], (unsigned long long)words[2]);
	ruleset = refused == CREATE ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);
	return ruleset;
}

static long add(int set, int type, const void *rule, unsigned flags)
{
	char link[64], path[256] = "";
	uint64_t access;
	int32_t fd;

	assert_int_equal(set, ruleset);
	assert_int_equal(type, 1);
	assert_int_equal(flags, 0);
	memcpy(&access, rule, 8);
	memcpy(&fd, (const char *)rule + 8, 4);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	assert_true(readlink(link, path, sizeof(path) - 1) > 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	say("but %llx beneath %s\n", (unsigned long long)access, path);
	return refused == ADD ? -1 : 0;
}

long __wrap_syscall(long nr, long a, long b, long c, long d)
{
	errno = nr == refused ? EPERM : EAGAIN;
	switch (nr) {
	case CREATE:
		return create((const void *)a, (size_t)b, (unsigned)c);
	case ADD:
		return add((int)a, (int)b, (const void *)c, (unsigned)d);
	default:
		assert_int_equal(nr, RESTRICT);
		assert_int_equal(a, ruleset);
		assert_int_equal(b, 0);
		say("enter\n");
		return refused == RESTRICT ? -1 : 0;
	}
}

static int next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static int enter(void)
{
	static const struct landlock_rest rest[] = {{"/tmp", LANDLOCK_MARKERS},
						    {"/no-such-directory", LANDLOCK_READ},
						    {"/dev/null", LANDLOCK_READ},
						    {"/usr", LANDLOCK_READ}};
	int fd = next_fd(), err;

	asked[0] = '\0';
	err = landlock_enter(rest, ARRAY_SIZE(rest));
	assert_int_equal(next_fd(), fd); /* nothing is left open */
	return err;
}

#define RULES "but 122 beneath /tmp\nbut d beneath /usr\n"

/* All that each kernel can forbid, and no more than it knows. */
static void test_kernels(void **state)
{
	static const struct {
		long abi;
		const char *asked;
	} rows[] = {
		{1, "forbid 8: 1fff 0 0\n" RULES "enter\n"},
		{2, "forbid 8: 3fff 0 0\n" RULES "enter\n"},
		{3, "forbid 8: 7fff 0 0\n" RULES "enter\n"},
		{4, "forbid 8: 7fff 0 0\n" RULES "enter\n"},
		{5, "forbid 8: ffff 0 0\n" RULES "enter\n"},
		{6, "forbid 24: ffff 0 3\n" RULES "enter\n"},
		{7, "forbid 24: ffff 0 3\n" RULES "enter\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		abi = rows[i].abi;
		assert_int_equal(enter(), 0);
		assert_string_equal(asked, rows[i].asked);
	}
	abi = -1;
	assert_int_equal(enter(), -EOPNOTSUPP);
	assert_string_equal(asked, "");
}

/* Whatever the kernel refuses is told, and nothing is asked behind it. */
static void test_refusals(void **state)
{
	static const struct {
		long call;
		const char *asked;
	} rows[] = {
		{CREATE, "forbid 8: 1fff 0 0\n"},
		{ADD, "forbid 8: 1fff 0 0\nbut 122 beneath /tmp\n"},
		{RESTRICT, "forbid 8: 1fff 0 0\n" RULES "enter\n"},
	};

	abi = 1;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		refused = rows[i].call;
		assert_int_equal(enter(), -EPERM);
		assert_string_equal(asked, rows[i].asked);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
