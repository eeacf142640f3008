/* SPDX-License-Identifier: BSD-2-Clause */
/* What root takes for its own file of kept-in routes, and what not. */
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

#include "kept_file.h"
#include "util.h"

#define HEAD "# wgbgp keep-in 1\n"
#define ROUTE4 "192.168.2.0/24 table 254 proto 222 metric 4294967294\n"
#define ROUTE6 "fd00:2::/48 table 101 proto 222 metric 4294967294\n"
#define WHOLE HEAD ROUTE4 ROUTE6 "# end 2\n"

static char dir[] = "/tmp/wgbgp-kept-XXXXXX";
static char *path;
static char why[128];

static int setup(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	path = xasprintf("%s/keep-in", dir);
	return 0;
}

static int teardown(void **state)
{
	unlink(path);
	free(path);
	return rmdir(dir);
}

static void put(const char *text, size_t len)
{
	FILE *f = fopen(path, "we");

	fwrite(text, 1, len, f);
	fclose(f);
	chmod(path, 0600);
}

/* What reading says; the routes are gone again, their number stays. */
static int take(size_t *n)
{
	struct kept k;
	int err = kept_file_read(path, &k, why, sizeof(why));

	if (n)
		*n = k.n;
	kept_free(&k);
	return err;
}

static int take_text(const char *text)
{
	put(text, strlen(text));
	return take(NULL);
}

static struct kept_route route(const char *prefix, uint32_t table, uint32_t metric,
			       uint32_t protocol)
{
	struct kept_route r = {.table = table, .metric = metric, .protocol = protocol};

	prefix_parse(prefix, &r.prefix);
	return r;
}

static void test_round_trip(void **state)
{
	struct kept_route r[] = {route("192.168.2.0/24", 254, 4294967294U, 222),
				 route("fd00:2::/48", 101, 4294967294U, 222)};
	struct kept k = {0};
	struct stat st;
	char text[256];
	FILE *f;

	for (size_t i = 0; i < ARRAY_SIZE(r); i++)
		assert_true(kept_add(&k, &r[i]));
	assert_int_equal(kept_file_write(path, &k), 0);
	kept_free(&k);
	f = fopen(path, "re");
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(text, WHOLE);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(kept_file_read(path, &k, why, sizeof(why)), 0);
	assert_int_equal(k.n, ARRAY_SIZE(r));
	for (size_t i = 0; i < ARRAY_SIZE(r); i++) {
		assert_true(prefix_eq(&k.routes[i].prefix, &r[i].prefix));
		assert_int_equal(k.routes[i].table, r[i].table);
		assert_int_equal(k.routes[i].metric, r[i].metric);
		assert_int_equal(k.routes[i].protocol, r[i].protocol);
	}
	kept_free(&k);
}

static void test_many(void **state)
{
	struct kept k = {0};
	size_t n;

	for (unsigned i = 0; i < 10000; i++) {
		uint8_t b[4] = {10, (uint8_t)(i >> 8), (uint8_t)i};
		struct kept_route r = {prefix_make(AF_INET, b, 24), 254, 4294967294U, 222, 0};

		assert_true(kept_add(&k, &r));
	}
	assert_int_equal(kept_file_write(path, &k), 0);
	kept_free(&k);
	assert_int_equal(take(&n), 0);
	assert_int_equal(n, 10000);
}

/* A file that was cut anywhere is none. */
static void test_cut(void **state)
{
	for (size_t len = 0; len < strlen(WHOLE); len++) {
		put(WHOLE, len);
		if (take(NULL) != -EINVAL)
			fail_msg("cut to %zu bytes it is taken", len);
	}
	assert_int_equal(take_text(WHOLE), 0);
}

/* A byte that is another one is noticed, or is another route that would be written so. */
static void test_changed(void **state)
{
	for (size_t at = 0; at < strlen(WHOLE); at++)
		for (unsigned v = 0; v < 256; v += 5) {
			char text[] = WHOLE;
			struct kept k;

			text[at] = (char)v;
			put(text, strlen(WHOLE));
			if (kept_file_read(path, &k, why, sizeof(why)) == 0) {
				assert_int_equal(kept_file_write(path, &k), 0);
				char again[sizeof(WHOLE)] = "";
				FILE *f = fopen(path, "re");

				fread(again, 1, sizeof(again) - 1, f);
				fclose(f);
				assert_string_equal(again, text);
			}
			kept_free(&k);
		}
}

static void test_lines(void **state)
{
	static const char *const bad[] = {
		"0.0.0.0/0 table 254 proto 222 metric 4294967294",
		"::/0 table 254 proto 222 metric 4294967294",
		"0.0.0.0/0 table 254 proto 222 metric 4294967294 priority 32763",
		"0.0.0.0/0 table 253 proto 222 metric 4294967294 priority 32763",
		"0.0.0.0/0 table 22200 proto 222 metric 4294967294 priority 32764",
		"0.0.0.0/0 table 22200 proto 222 metric 4294967294 priority 0",
		"0.0.0.0/0 table 22200 proto 222 metric 4294967294 priority",
		"10.0.0.0/8 table 22200 proto 222 metric 4294967294 priority 32763",
		"127.0.0.0/8 table 254 proto 222 metric 4294967294",
		"127.1.0.0/16 table 254 proto 222 metric 4294967294",
		"224.0.0.5/32 table 254 proto 222 metric 4294967294",
		"fe80::/64 table 254 proto 222 metric 4294967294",
		"ff02::1/128 table 254 proto 222 metric 4294967294",
		"192.168.2.1/24 table 254 proto 222 metric 4294967294", /* host bits */
		"192.168.2.0 table 254 proto 222 metric 4294967294",
		"FD00:2::/48 table 254 proto 222 metric 4294967294",
		"192.168.2.0/24 table 0 proto 222 metric 4294967294",
		"192.168.2.0/24 table 255 proto 222 metric 4294967294", /* local */
		"192.168.2.0/24 table 4294967550 proto 222 metric 4294967294",
		"192.168.2.0/24 table 254 proto 2 metric 4294967294", /* the kernel's */
		"192.168.2.0/24 table 254 proto 4 metric 4294967294",
		"192.168.2.0/24 table 254 proto 256 metric 4294967294",
		"192.168.2.0/24 table 254 proto 222 metric 0",
		"192.168.2.0/24 table 254 proto 222 metric 1000",
		"192.168.2.0/24 table 254 proto 222 metric -2",
		"192.168.2.0/24 table 254 proto 222 metric 4294967294 ",
		" 192.168.2.0/24 table 254 proto 222 metric 4294967294",
		"192.168.2.0/24 table +254 proto 222 metric 4294967294",
		"192.168.2.0/24  table 254 proto 222 metric 4294967294",
		"192.168.2.0/24 table 254 proto 222 metric 4294967294; reboot",
		"192.168.2.0/24 dev eth0",
		"-force",
		"# comment",
		"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char *text = xasprintf(HEAD "%s\n# end 1\n", bad[i]);

		if (take_text(text) != -EINVAL)
			fail_msg("\"%s\" is taken", bad[i]);
		assert_string_equal(why, "line 2 is not as wgbgpd writes it");
		free(text);
	}
	assert_int_equal(take_text(ROUTE4 "# end 1\n"), -EINVAL); /* no head */
	assert_int_equal(take_text(HEAD ROUTE4 "# end 2\n"), -EINVAL);
	assert_int_equal(take_text(HEAD ROUTE4 "# end 1\n" ROUTE6), -EINVAL);
	assert_int_equal(take_text("# wgbgp keep-in 2\n" ROUTE4 "# end 1\n"), -EINVAL);
	assert_int_equal(take_text(HEAD "# end 0\n"), 0);
	/* A default route: of a plane, and of the main table. */
	assert_int_equal(take_text(HEAD "0.0.0.0/0 table 101 proto 222 metric 4294967294\n"
					"::/0 table 22200 proto 222 metric 4294967294 priority 5\n"
					"# end 2\n"),
			 0);
}

/* What somebody else than root could have written is not read. */
static void test_whose(void **state)
{
	char *other = xasprintf("%s/other", dir);

	unlink(path);
	assert_int_equal(take(NULL), -ENOENT);
	for (mode_t mode = 0; mode <= 0777; mode++) {
		bool readable = geteuid() == 0 || (mode & 0400);

		put(WHOLE, strlen(WHOLE));
		chmod(path, mode);
		assert_int_equal(take(NULL), !readable ? -EACCES : mode & 022 ? -EPERM : 0);
		unlink(path);
	}
	put(WHOLE, strlen(WHOLE));
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_int_equal(take(NULL), -EPERM);
		assert_int_equal(chown(path, 0, 0), 0);
	}
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(take(NULL), -ELOOP);
	unlink(path);
	unlink(other);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(take(NULL), -EPERM);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(take(NULL), -EPERM);
	rmdir(path);
	free(other);
}

/* The old file stays whole where the new one cannot be written. */
static void test_not_written(void **state)
{
	struct kept k = {0};
	char *tmp = xasprintf("%s.new", path);

	put(WHOLE, strlen(WHOLE));
	assert_int_equal(mkdir(tmp, 0700), 0);
	assert_int_equal(kept_file_write(path, &k), -EISDIR);
	assert_int_equal(rmdir(tmp), 0);
	assert_int_equal(take(NULL), 0);
	free(tmp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_many),
		cmocka_unit_test(test_cut),	    cmocka_unit_test(test_changed),
		cmocka_unit_test(test_lines),	    cmocka_unit_test(test_whose),
		cmocka_unit_test(test_not_written),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
