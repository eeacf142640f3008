/* SPDX-License-Identifier: BSD-2-Clause */
/* key_ages: what is said of files that are there, are not, and cannot be asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "datastore.h"
#include "key_ages.h"
#include "request.h"
#include "util.h"

static char dir[] = "/tmp/wgbgp-keys-XXXXXX";
static struct datastore_version *running;
static json_t *rows;
static unsigned ends;

const struct datastore_version *datastore_running(void)
{
	return running;
}

void request_head(struct request *r, json_t *head, const char *list)
{
	assert_string_equal(list, "keys");
	json_decref(head);
}

void request_row(struct request *r, json_t *row)
{
	json_array_append_new(rows, row);
}

void request_end(struct request *r, const char *error)
{
	assert_null(error);
	ends++;
}

static char *key_file(const char *name, mode_t mode, int64_t age)
{
	char *path = xasprintf("%s/%s", dir, name);
	struct timespec times[2] = {{.tv_sec = time(NULL) - age}, {.tv_sec = time(NULL) - age}};
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
	return path;
}

/* The answer to a request, where the keys are files OWN of an interface and SHARED of its peer. */
static void ask(const char *own, const char *shared)
{
	struct datastore_version v = {
		.json = json_pack("{s:{s:[{s:s, s:s, s:[{s:s, s:s}, {s:s}]}]}}", "wireguard",
				  "interface", "name", "wg0", "private-key-file", own, "peer",
				  "name", "a", "preshared-key-file", shared, "name", "b"),
	};

	json_decref(rows);
	rows = json_array();
	ends = 0;
	running = &v;
	key_ages_request(NULL, NULL);
	running = NULL;
	json_decref(v.json);
	assert_int_equal(ends, 1);
}

static void expect_row(size_t i, const char *peer, const char *kind, const char *file,
		       const char *mode, bool missing)
{
	json_t *row = json_array_get(rows, i);
	json_t *want =
		json_pack("{s:s, s:s?, s:s, s:s, s:O, s:b, s:s?}", "interface", "wg0", "peer", peer,
			  "kind", kind, "file", file, "age-seconds",
			  json_object_get(row, "age-seconds"), "missing", missing, "mode", mode);

	assert_true(json_equal(row, want));
	json_decref(want);
}

/* At least; the machine may be slow. */
static void expect_age(size_t i, int64_t least)
{
	const json_t *age = json_object_get(json_array_get(rows, i), "age-seconds");

	assert_true(json_is_integer(age));
	assert_in_range(json_integer_value(age), least, least + 3600);
}

static void test_files(void **state)
{
	char *own = key_file("own", 0600, 100000), *shared = key_file("shared", 04644, -100000);

	ask(own, shared);
	assert_int_equal(json_array_size(rows), 2);
	expect_row(0, NULL, "private", own, "0600", false);
	expect_age(0, 100000);
	expect_row(1, "a", "preshared", shared, "4644", false);
	expect_age(1, 0); /* of tomorrow */
	assert_in_range(key_age(own), 100000, 103600);
	unlink(own);
	unlink(shared);
	free(own);
	free(shared);
}

/* A file where a folder should be, say, is there for all that is known. */
static void test_none(void **state)
{
	char *file = key_file("file", 0600, 0), *below = xasprintf("%s/key", file);
	char *absent = xasprintf("%s/absent", dir);

	ask(absent, below);
	assert_int_equal(json_array_size(rows), 2);
	expect_row(0, NULL, "private", absent, NULL, true);
	expect_row(1, "a", "preshared", below, NULL, false);
	for (size_t i = 0; i < 2; i++)
		assert_true(json_is_null(json_object_get(json_array_get(rows, i), "age-seconds")));
	assert_int_equal(key_age(absent), -1);
	unlink(file);
	free(file);
	free(below);
	free(absent);
}

static void test_before_the_first_commit(void **state)
{
	json_decref(rows);
	rows = json_array();
	ends = 0;
	key_ages_request(NULL, NULL);
	assert_int_equal(json_array_size(rows), 0);
	assert_int_equal(ends, 1);
}

static int setup(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	json_decref(rows);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_before_the_first_commit),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
