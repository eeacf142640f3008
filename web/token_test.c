/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "token.h"

#define TOKEN "0123456789abcdef~"

static char path[] = "/tmp/token_test.XXXXXX";
static char error[512];

static int read_text(const char *text, mode_t mode)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
	error[0] = '\0';
	return token_read(path, error, sizeof(error));
}

static bool basic(const char *user_and_password)
{
	char base64[1024] = "Basic ";

	sodium_bin2base64(base64 + 6, sizeof(base64) - 6, (const uint8_t *)user_and_password,
			  strlen(user_and_password), sodium_base64_VARIANT_ORIGINAL);
	return token_fits(base64);
}

static void test_none(void **state)
{
	assert_false(token_wanted());
	assert_true(token_fits(NULL));
	assert_true(token_fits("Bearer x"));
}

static void test_files(void **state)
{
	char longest[TOKEN_MAX + 2];

	assert_int_equal(token_read("/nonexistent/token", error, sizeof(error)), -ENOENT);
	assert_non_null(strstr(error, "/nonexistent/token: No such file"));
	assert_int_equal(read_text(TOKEN "\n", 0644), -EPERM);
	assert_non_null(strstr(error, "mode 644"));
	assert_int_equal(read_text("", 0600), -EINVAL);
	assert_int_equal(read_text("short\n", 0600), -EINVAL);
	assert_int_equal(read_text("0123456789 bcdef~\n", 0600), -EINVAL);
	assert_null(strstr(error, "0123456789")); /* it is not said */
	memset(longest, 'x', sizeof(longest));
	longest[TOKEN_MAX + 1] = '\0';
	assert_int_equal(read_text(longest, 0600), -EINVAL);
	assert_false(token_wanted());
	longest[TOKEN_MAX] = '\0';
	assert_int_equal(read_text(longest, 0600), 0);
	assert_int_equal(read_text(TOKEN, 0640), 0);
	assert_true(token_wanted());
}

static void test_fits(void **state)
{
	assert_int_equal(read_text(TOKEN "\nrest\n", 0600), 0);
	assert_true(token_fits("Bearer " TOKEN));
	assert_true(token_fits("bearer " TOKEN));
	assert_false(token_fits(NULL));
	assert_false(token_fits(""));
	assert_false(token_fits(TOKEN));
	assert_false(token_fits("Bearer " TOKEN " "));
	assert_false(token_fits("Bearer 0123456789abcdef"));
	assert_false(token_fits("Bearer  " TOKEN));
	assert_true(basic("anybody:" TOKEN));
	assert_true(basic(":" TOKEN));
	assert_false(basic("anybody:" TOKEN "x"));
	assert_false(basic(TOKEN));
	assert_false(basic("anybody:"));
	assert_false(token_fits("Basic %%%"));
	assert_false(token_fits("Digest " TOKEN));
}

static int set_up(void **state)
{
	int fd = mkstemp(path);

	return fd < 0 || close(fd) < 0;
}

static int tear_down(void **state)
{
	unlink(path);
	strcpy(path + strlen(path) - 6, "XXXXXX");
	return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_none), TEST(test_files), TEST(test_fits)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
