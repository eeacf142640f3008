/* SPDX-License-Identifier: BSD-2-Clause */
/* util: texts and numbers at their limits; memory that is none is fatal and names the function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"

static void test_copies(void **state)
{
	char dst[6] = "......";

	assert_true(str_copy(dst, "", sizeof(dst)));
	assert_string_equal(dst, "");
	assert_int_equal(dst[1], '.');
	assert_true(str_copy(dst, "12345", sizeof(dst)));
	assert_string_equal(dst, "12345");
	assert_false(str_copy(dst, "abcdef", sizeof(dst)));
	assert_string_equal(dst, "abcde");
	assert_false(str_copy(dst, "xy", 2));
	assert_string_equal(dst, "x");
	assert_string_equal(dst + 2, "cde");
}

static void test_decimals(void **state)
{
	static const uint64_t values[] = {0, 1, 9, 10, 11, 99, 100, 4294967295, UINT64_MAX};
	char got[32], want[32];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		memset(got, '.', sizeof(got));
		*put_decimal(got, values[i]) = '\0';
		snprintf(want, sizeof(want), "%" PRIu64, values[i]);
		assert_string_equal(got, want);
	}
}

static void test_texts(void **state)
{
	char *text = xasprintf("%s %d", "a", 5), *copy = xstrdup(text),
	     *empty = xasprintf("%s", "");

	assert_string_equal(copy, "a 5");
	assert_string_equal(empty, "");
	free(text);
	free(copy);
	free(empty);
}

/* Nothing at all is asked for: still memory that can be freed, and zeroed where that was asked. */
static void test_memory(void **state)
{
	char *p[] = {xmalloc(0), xcalloc(0, 8), xcalloc(8, 0), xrealloc(NULL, 0)};
	char *zero = xcalloc(100, 3);

	for (size_t i = 0; i < ARRAY_SIZE(p); i++) {
		assert_non_null(p[i]);
		free(p[i]);
	}
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(zero[i], 0);
	zero = xrealloc(zero, 100000);
	memset(zero, 1, 100000);
	free(zero);
}

/* Grows when it is full only, then to twice its length; what is in it stays. */
static void test_grow(void **state)
{
	uint32_t *v = NULL;
	size_t cap = 0, last = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		v = xgrow(v, i, &cap, sizeof(*v));
		assert_true(cap > i);
		assert_true(cap == last || (last == i && (cap == 2 * last || !last)));
		last = cap;
		v[i] = i;
	}
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(v[i], i);
	free(v);
}

#ifndef __SANITIZE_ADDRESS__
static void no_malloc(void)
{
	free(xmalloc(SIZE_MAX / 2));
}

static void no_calloc(void)
{
	free(xcalloc(SIZE_MAX / 2, 8));
}

static void no_realloc(void)
{
	free(xrealloc(NULL, SIZE_MAX / 2));
}

#endif

static void broken(void)
{
	int two = 2;

	ensure(two == 3);
}

static void test_fatal(void **state)
{
	static const struct {
		void (*fn)(void);
		const char *says;
	} rows[] = {
#ifndef __SANITIZE_ADDRESS__ /* which ends the program its own way */
		{no_malloc, "fatal in=malloc why=\"out of memory\""},
		{no_calloc, "fatal in=malloc why=\"out of memory\""},
		{no_realloc, "fatal in=malloc why=\"out of memory\""},
#endif
		{broken, "fatal in=broken why=\"broken invariant: two == 3\""}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[512] = "";
		int fds[2], status;
		size_t n = 0;
		ssize_t got;

		assert_int_equal(pipe(fds), 0);
		fflush(NULL);
		if (fork() == 0) {
			signal(SIGABRT, SIG_DFL);
			dup2(fds[1], STDERR_FILENO);
			rows[i].fn();
			_exit(0);
		}
		close(fds[1]);
		while ((got = read(fds[0], text + n, sizeof(text) - 1 - n)) > 0)
			n += (size_t)got;
		close(fds[0]);
		assert_true(wait(&status) > 0);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
		if (!strstr(text, rows[i].says))
			fail_msg("%s", text);
	}
}

/* The example of RFC 1071, an odd length, and sums that carry more than once. */
static void test_checksum(void **state)
{
	static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	static uint8_t ones[65535];

	assert_int_equal(internet_checksum(example, sizeof(example)), 0x220d);
	assert_int_equal(internet_checksum(example, 3), (uint16_t)~0xf201);
	assert_int_equal(internet_checksum(NULL, 0), 0xffff);
	memset(ones, 0xff, sizeof(ones));
	assert_int_equal(internet_checksum(ones, 65534), 0);
	assert_int_equal(internet_checksum(ones, 65535), 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies),	 cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_texts),	 cmocka_unit_test(test_memory),
		cmocka_unit_test(test_grow),	 cmocka_unit_test(test_fatal),
		cmocka_unit_test(test_checksum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
