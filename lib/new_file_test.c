/* SPDX-License-Identifier: BSD-2-Clause */
/* new_file: the old file or the new one is there, and nothing beside it; what is durable, is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "new_file.h"
#include "util.h"

static char dir[] = "/tmp/wgbgp-new-file-XXXXXX", path[64], tmp[80];

/* What was brought to the disk last. */
static enum { NOTHING, A_FILE, ITS_NAME } synced;
int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	if (S_ISDIR(st.st_mode))
		assert_int_equal(access(tmp, F_OK), -1); /* it has its name already */
	synced = S_ISDIR(st.st_mode) ? ITS_NAME : A_FILE;
	return __real_fsync(fd);
}

static int put(const char *text, bool durable)
{
	struct new_file n;
	FILE *file = new_file_begin(&n, path);

	if (!file)
		return -errno;
	fputs(text, file);
	return new_file_end(&n, file, durable);
}

static void holds(const char *text)
{
	char found[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	found[fread(found, 1, sizeof(found) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(found, text);
	assert_int_equal(access(tmp, F_OK), -1);
}

static void test_replaces(void **state)
{
	struct stat st;

	assert_int_equal(put("one", false), 0);
	holds("one");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(put("second", true), 0);
	holds("second");
	assert_int_equal(put("", true), 0);
	holds("");
}

/* What an earlier one left half written is not in the way, nor in the new one. */
static void test_left_over(void **state)
{
	FILE *file = fopen(tmp, "w");

	assert_non_null(file);
	fputs("half of what was to be there", file);
	fclose(file);
	assert_int_equal(put("new", false), 0);
	holds("new");
}

/* A link that somebody has put there is not written through. */
static void test_link(void **state)
{
	char victim[80];
	struct stat st;

	snprintf(victim, sizeof(victim), "%s/victim", dir);
	assert_int_equal(symlink(victim, tmp), 0);
	assert_int_equal(put("new", false), 0);
	holds("new");
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(access(victim, F_OK), -1);
}

/* What is longer cannot be written. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_fails(void **state)
{
	int err;

	for (int durable = 0; durable < 2; durable++) {
		assert_int_equal(put("old", false), 0);
		limit_files(0);
		err = put("new", durable);
		limit_files(RLIM_INFINITY);
		assert_int_equal(err, -EFBIG);
		holds("old");
		assert_int_equal(mkdir(tmp, 0700), 0);
		assert_int_equal(put("new", durable), -EISDIR);
		assert_int_equal(rmdir(tmp), 0);
		holds("old");
		unlink(path);
		assert_int_equal(mkdir(path, 0700), 0);
		assert_int_equal(put("new", durable), -EISDIR);
		assert_int_equal(access(tmp, F_OK), -1);
		assert_int_equal(rmdir(path), 0);
	}
}

static void test_durable(void **state)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	synced = NOTHING;
	assert_int_equal(put("one", false), 0);
	assert_int_equal(synced, NOTHING);
	assert_int_equal(put("two", true), 0);
	assert_int_equal(synced, ITS_NAME);
	synced = NOTHING;
	assert_int_equal(new_file_put_at(AT_FDCWD, path, "three", 5, 0640), 0);
	assert_int_equal(synced, ITS_NAME);
	holds("three");
	synced = NOTHING;
	assert_int_equal(new_file_put_at(fd, "file", "four", 4, 0640), 0);
	assert_int_equal(synced, ITS_NAME);
	holds("four");
	assert_int_equal(mkdir(tmp, 0700), 0);
	assert_int_equal(new_file_put_at(fd, "file", "five", 4, 0640), -EISDIR);
	assert_int_equal(rmdir(tmp), 0);
	holds("four");
	close(fd);
}

static int open_dir(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/file", dir);
	snprintf(tmp, sizeof(tmp), "%s.new", path);
	return 0;
}

static int remove_dir(void **state)
{
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replaces), cmocka_unit_test(test_left_over),
		cmocka_unit_test(test_link),	 cmocka_unit_test(test_fails),
		cmocka_unit_test(test_durable),
	};

	return cmocka_run_group_tests(tests, open_dir, remove_dir);
}
