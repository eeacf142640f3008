/* SPDX-License-Identifier: BSD-2-Clause */
/* change_store and change_files: what is on the disk, and what is read of what somebody left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change_files.h"
#include "change_store.h"
#include "conf.h"
#include "scratch.h"
#include "util.h"

static struct change_index index_;

static unsigned mode(const char *name)
{
	struct stat st;

	assert_int_equal(stat(scratch_at(name), &st), 0);
	return st.st_mode & 07777;
}

static struct conf_texts texts_of(const char *main, const char *more)
{
	struct conf_texts t = {0};

	conf_texts_add(&t, scratch_at("conf"), xstrdup(main), strlen(main));
	if (more)
		conf_texts_add(&t, scratch_at("more"), xstrdup(more), strlen(more));
	return t;
}

/* ---- the store */

static uint32_t keep(const char *text, const char *state)
{
	uint32_t number = change_index_add(&index_, json_object(), state);
	struct conf_texts t = texts_of(text, NULL);

	assert_int_equal(change_store_put(number, &t), 0);
	conf_texts_free(&t);
	return number;
}

static void again(const char *main)
{
	change_store_close();
	change_index_free(&index_);
	assert_int_equal(change_store_open(main, &index_), 0);
}

static void test_kept(void **state)
{
	struct conf_texts t;

	index_.committed = keep("one", "committed");
	assert_int_equal(change_store_save(&index_), 0);
	keep("two", "applying"); /* and everything ends before the index has it */
	assert_int_equal(access(scratch_at("commits/2"), F_OK), 0);
	again("/c");
	assert_int_equal(index_.committed, 1);
	assert_int_equal(index_.last, 1);
	assert_int_equal(change_store_get(1, &t), 0);
	assert_string_equal(t.v[0].text, "one");
	conf_texts_free(&t);
	scratch_put("commits/index.new", "{");
	assert_int_equal(change_store_save(&index_), 0);
	assert_int_equal(change_store_get(2, &t), -ENOENT);
	assert_string_equal(scratch_text("commits/index.new"), "(none)");
	assert_int_equal(mode("commits"), 0700);
	assert_int_equal(mode("commits/1"), 0600);
	assert_int_equal(mode("commits/index"), 0600);
	scratch_put("commits/1", "damaged");
	assert_int_equal(change_store_get(1, &t), -EBADMSG);
}

static void test_fifty_are_kept(void **state)
{
	struct conf_texts t;
	char name[32];

	index_.pending.number = keep("trial", "pending");
	index_.committed = keep("old", "committed");
	for (int i = 0; i < 80; i++)
		keep("x", "committed");
	assert_int_equal(change_store_save(&index_), 0);
	assert_int_equal(json_array_size(index_.commits), CHANGE_RECORDS_MAX - 1);
	assert_true(CHANGE_RECORDS_MAX - 3 >= 50);
	for (uint32_t n = 1; n <= 2; n++) { /* what is needed stays */
		assert_int_equal(change_store_get(n, &t), 0);
		conf_texts_free(&t);
	}
	snprintf(name, sizeof(name), "commits/%d", 82 - (CHANGE_RECORDS_MAX - 3));
	assert_int_equal(access(scratch_at(name), F_OK), -1);
	snprintf(name, sizeof(name), "commits/%d", 83 - (CHANGE_RECORDS_MAX - 3));
	assert_int_equal(access(scratch_at(name), F_OK), 0);
}

/* Texts of a size that cannot be kept sixty times: fewer. */
static void test_large_ones(void **state)
{
	static const off_t half = CHANGE_BYTES_MAX / 2;

	index_.committed = keep("one", "committed");
	for (int i = 0; i < 5; i++)
		keep("x", "committed");
	for (uint32_t n = 3; n <= 6; n++) {
		char name[32];

		snprintf(name, sizeof(name), "commits/%u", n);
		assert_int_equal(truncate(scratch_at(name), half), 0);
	}
	assert_int_equal(change_store_save(&index_), 0);
	assert_int_equal(json_array_size(index_.commits), 3);
	assert_non_null(change_index_find(&index_, 6));
	assert_non_null(change_index_find(&index_, 5));
	assert_non_null(change_index_find(&index_, 1)); /* it is needed */
	assert_int_equal(access(scratch_at("commits/4"), F_OK), -1);
}

/* What cannot be read, or is of another configuration, is put aside. */
static void test_others_index(void **state)
{
	index_.committed = keep("one", "committed");
	change_store_save(&index_);
	again("/other");
	assert_int_equal(index_.committed, 0);
	assert_int_equal(access(scratch_at("commits/index.bad"), F_OK), 0);
	scratch_put("commits/index", "{\"format\":1,\"main\":\"/oth");
	again("/other");
	assert_int_equal(json_array_size(index_.commits), 0);
	assert_string_equal(scratch_text("commits/index.bad"), "{\"format\":1,\"main\":\"/oth");
}

/* Another process has it. */
static void test_one_at_a_time(void **state)
{
	int fds[2], status;
	char byte;
	pid_t pid;

	change_store_close();
	change_index_free(&index_);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		if (change_store_open("/c", &index_) == 0 && write(fds[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(fds[0], &byte, 1), 1);
	assert_int_equal(change_store_open("/c", &index_), -EWOULDBLOCK);
	assert_int_equal(change_store_error(), -EWOULDBLOCK);
	assert_int_equal(change_store_save(&index_), -EWOULDBLOCK);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(fds[0]);
	close(fds[1]);
	again("/c");
}

static void test_no_place(void **state)
{
	struct conf_texts t = texts_of("x", NULL);

	change_store_close();
	change_index_free(&index_);
	setenv("WGBGP_STATEDIR", "/proc/none", 1);
	assert_true(change_store_open("/c", &index_) < 0);
	assert_true(change_store_put(1, &t) < 0);
	assert_true(change_store_save(&index_) < 0);
	assert_int_equal(json_array_size(index_.commits), 0);
	conf_texts_free(&t);
}

/* ---- the files */

static void test_files(void **state)
{
	struct conf_texts t = texts_of("old\n", "same\n");
	struct stat before, after;
	char why[128];

	scratch_put("conf", "new\n");
	scratch_put("more", "same\n");
	chmod(scratch_at("conf"), 0604);
	stat(scratch_at("more"), &before);
	assert_int_equal(change_files_put(&t, why, sizeof(why)), 0);
	assert_string_equal(scratch_text("conf"), "old\n");
	assert_string_equal(scratch_text("conf.rejected"), "new\n");
	assert_string_equal(scratch_text("more.rejected"), "(none)");
	assert_int_equal(mode("conf"), 0604);
	assert_int_equal(mode("conf.rejected"), 0604);
	stat(scratch_at("more"), &after);
	assert_int_equal(before.st_ino, after.st_ino);
	/* Once more, as after a crash: what was kept stays. */
	assert_int_equal(change_files_put(&t, why, sizeof(why)), 0);
	assert_string_equal(scratch_text("conf.rejected"), "new\n");
	/* One that was removed. */
	unlink(scratch_at("more"));
	assert_int_equal(change_files_put(&t, why, sizeof(why)), 0);
	assert_string_equal(scratch_text("more"), "same\n");
	assert_int_equal(mode("more"), 0640);
	conf_texts_free(&t);
}

static void test_links_stay(void **state)
{
	struct conf_texts t = texts_of("old\n", NULL);
	char why[128], to[8] = "";

	scratch_put("real", "new\n");
	unlink(scratch_at("conf"));
	assert_int_equal(symlink("real", scratch_at("conf")), 0);
	assert_int_equal(change_files_put(&t, why, sizeof(why)), 0);
	assert_int_equal(readlink(scratch_at("conf"), to, sizeof(to) - 1), 4);
	assert_string_equal(scratch_text("real"), "old\n");
	assert_string_equal(scratch_text("real.rejected"), "new\n");
	unlink(scratch_at("conf"));
	conf_texts_free(&t);
}

/* Where one cannot be written none is changed; and nothing is left of it. */
static void test_files_in_halves(void **state)
{
	struct conf_texts t = texts_of("old\n", NULL);
	struct change_files f;
	char why[128];

	scratch_put("conf", "new\n");
	conf_texts_add(&t, scratch_at("none/there"), xstrdup("x"), 1);
	assert_int_equal(change_files_prepare(&t, &f, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "none/there: No such file"));
	assert_string_equal(scratch_text("conf"), "new\n");
	assert_string_equal(scratch_text("conf.wgbgp-new"), "(none)");
	conf_texts_free(&t);
	t = texts_of("old\n", NULL);
	assert_int_equal(change_files_prepare(&t, &f, why, sizeof(why)), 0);
	change_files_abort(&f);
	assert_string_equal(scratch_text("conf"), "new\n");
	assert_string_equal(scratch_text("conf.wgbgp-new"), "(none)");
	/* What somebody wrote meanwhile is what is kept. */
	assert_int_equal(change_files_prepare(&t, &f, why, sizeof(why)), 0);
	scratch_put("conf", "newer\n");
	assert_int_equal(change_files_commit(&f, why, sizeof(why)), 0);
	assert_string_equal(scratch_text("conf.rejected"), "newer\n");
	assert_string_equal(scratch_text("conf"), "old\n");
	conf_texts_free(&t);
}

static int setup(void **state)
{
	setenv("WGBGP_STATEDIR", scratch_dir(), 1);
	return change_store_open("/c", &index_);
}

static int teardown(void **state)
{
	change_store_close();
	change_index_free(&index_);
	return scratch_empty();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_kept),	 TEST(test_fifty_are_kept), TEST(test_large_ones),
		TEST(test_others_index), TEST(test_one_at_a_time),  TEST(test_no_place),
		TEST(test_files),	 TEST(test_links_stay),	    TEST(test_files_in_halves),
	};
	int failed;

	if (sodium_init() < 0 || !scratch_open())
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return failed + (scratch_close() != 0);
}
