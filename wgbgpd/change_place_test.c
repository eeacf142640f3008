/* SPDX-License-Identifier: BSD-2-Clause */
/* change_place: which links are followed, and that what was found stays the same place. */
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

#include "change_place.h"
#include "scratch.h"
#include "util.h"

static void link_to(const char *target, const char *name)
{
	assert_int_equal(symlink(target, scratch_at(name)), 0);
}

static void directory(const char *name, mode_t mode)
{
	assert_int_equal(mkdir(scratch_at(name), 0700), 0);
	assert_int_equal(chmod(scratch_at(name), mode), 0);
}

/* What is found, from the test's directory on; or what is wrong. */
static const char *found(const char *name)
{
	static char text[128];
	struct change_place p;
	int err = change_place_find(scratch_at(name), &p);

	if (err) {
		assert_int_equal(p.dir, -1);
		return err == -ELOOP ? "not followed" : change_place_error(err);
	}
	assert_true(strncmp(p.path, scratch_dir(), strlen(scratch_dir())) == 0);
	str_copy(text, p.path + strlen(scratch_dir()) + 1, sizeof(text));
	assert_string_equal(strrchr(p.path, '/') + 1, p.name);
	change_place_free(&p);
	return text;
}

static void test_paths(void **state)
{
	directory("sub", 0755);
	scratch_put("file", "");
	assert_string_equal(found("file"), "file");
	assert_string_equal(found("none"), "none"); /* it need not exist */
	assert_string_equal(found("sub/none"), "sub/none");
	assert_string_equal(found("./sub/..//./file"), "file");
	assert_string_equal(found("sub/"), "sub");
	assert_string_equal(found("gone/file"), "No such file or directory");
	assert_string_equal(found("file/file"), "Not a directory");
}

static void test_relative(void **state)
{
	struct change_place p;

	assert_int_equal(chdir(scratch_dir()), 0);
	assert_int_equal(change_place_find("file", &p), 0);
	assert_string_equal(p.path, scratch_at("file"));
	change_place_free(&p);
	assert_int_equal(change_place_find("", &p), -EISDIR);
	assert_int_equal(change_place_find("/", &p), -EISDIR);
}

static void test_links_of_ours(void **state)
{
	directory("sub", 0755);
	directory("sub/deep", 0755);
	link_to("sub/file", "short");
	link_to(scratch_at("sub"), "whole");
	link_to("../short", "sub/up");
	link_to("deep", "sub/link");
	link_to("loop", "loop");
	assert_string_equal(found("short"), "sub/file");
	assert_string_equal(found("whole/file"), "sub/file");
	assert_string_equal(found("whole/up"), "sub/file");
	assert_string_equal(found("whole/link/../file"), "sub/file");
	assert_string_equal(found("loop"), "not followed");
	assert_string_equal(found("loop/file"), "not followed");
}

/* Links in directories that others may write, wherever they lead. */
static void test_links_of_others(void **state)
{
	static const mode_t modes[] = {0777, 0775, 0757};

	directory("ours", 0755);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		directory("open", modes[i]);
		directory("open/sub", 0755);
		link_to("../ours/file", "open/file");
		link_to("sub", "open/link");
		assert_string_equal(found("open/file"), "not followed");
		assert_string_equal(found("open/link/file"), "not followed");
		assert_string_equal(found("open/sub/file"), "open/sub/file");
		assert_string_equal(found("open/other"), "open/other");
		/* A sticky one keeps what is ours. */
		assert_int_equal(chmod(scratch_at("open"), 01000 | modes[i]), 0);
		assert_string_equal(found("open/file"), "ours/file");
		assert_string_equal(found("open/link/file"), "open/sub/file");
		scratch_empty();
		directory("ours", 0755);
	}
}

static void test_links_of_another_user(void **state)
{
	if (geteuid() != 0)
		skip();
	directory("sticky", 01777);
	directory("theirs", 0755);
	link_to("../file", "sticky/link");
	link_to("../file", "theirs/link");
	link_to("file", "link");
	assert_string_equal(found("sticky/link"), "file");
	assert_int_equal(lchown(scratch_at("sticky/link"), 65534, 65534), 0);
	assert_int_equal(lchown(scratch_at("link"), 65534, 65534), 0);
	assert_int_equal(chown(scratch_at("theirs"), 65534, 65534), 0);
	assert_string_equal(found("sticky/link"), "not followed");
	assert_string_equal(found("link"), "not followed");
	assert_string_equal(found("theirs/link"), "not followed");
	assert_string_equal(found("theirs/file"), "theirs/file");
}

/* What becomes of the path later changes nothing. */
static void test_stays(void **state)
{
	struct change_place p, other;
	struct stat st;

	directory("sub", 0755);
	scratch_put("sub/file", "right");
	directory("evil", 0755);
	scratch_put("evil/file", "wrong one");
	assert_int_equal(change_place_find(scratch_at("sub/file"), &p), 0);
	assert_int_equal(rename(scratch_at("sub"), scratch_at("moved")), 0);
	link_to("evil", "sub");
	assert_int_equal(fstatat(p.dir, p.name, &st, 0), 0);
	assert_int_equal(st.st_size, strlen("right"));
	assert_int_equal(change_place_find(scratch_at("moved/x"), &other), 0);
	assert_true(change_place_same_dir(&p, &other));
	change_place_free(&other);
	assert_int_equal(change_place_find(scratch_at("evil/x"), &other), 0);
	assert_false(change_place_same_dir(&p, &other));
	change_place_free(&other);
	change_place_free(&p);
}

static int setup(void **state)
{
	return scratch_empty();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(test_paths),
		TEST(test_relative),
		TEST(test_links_of_ours),
		TEST(test_links_of_others),
		TEST(test_links_of_another_user),
		TEST(test_stays),
	};
	int failed;

	if (!scratch_open())
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed + (scratch_close() != 0);
}
