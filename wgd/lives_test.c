/* SPDX-License-Identifier: BSD-2-Clause */
/* What a wgd that dies leaves of its tunnels, and what the next one makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "lives.h"
#include "log.h"
#include "testing.h"
#include "util.h"
#include "wg.h"

#define PEERS 1000

static char dir[] = "/tmp/wgbgp-lives-XXXXXX";
static char path[64];
static uint32_t slots[PEERS];

static const uint8_t *key(unsigned i)
{
	static uint8_t k[WG_KEY_BYTES];

	memset(k, 0, sizeof(k));
	memcpy(k, &i, sizeof(i));
	return k;
}

static uint32_t take(unsigned i, struct liveness *l)
{
	return lives_take(i % 2 ? "wg0" : "wg1", key(i), l);
}

/* Peers 0 to N - 1 were judged AGO ms before. */
static void live_once(unsigned n, uint64_t ago)
{
	lives_open(dir);
	for (unsigned i = 0; i < n; i++) {
		struct liveness l = {0};

		slots[i] = take(i, &l);
		assert_int_not_equal(slots[i], 0);
		l.waiting_since = 1000 + i;
		l.read_at = now_ms() - ago;
		lives_note(slots[i], &l);
	}
}

static unsigned known(unsigned n)
{
	unsigned found = 0;

	for (unsigned i = 0; i < n; i++) {
		struct liveness l = {.waiting_since = 7};

		assert_int_not_equal(take(i, &l), 0);
		assert_true(l.waiting_since == 7 || l.waiting_since == 1000 + i);
		found += l.waiting_since != 7;
	}
	return found;
}

static int setup(void **state)
{
	static bool made;

	log_set_level(LOG_LEVEL_ERROR);
	if (!made)
		assert_non_null(mkdtemp(dir));
	made = true;
	snprintf(path, sizeof(path), "%s/lives", dir);
	return 0;
}

static int teardown(void **state)
{
	lives_close();
	unlink(path);
	rmdir(dir);
	return 0;
}

static void test_found_again(void **state)
{
	live_once(PEERS, 100);
	lives_close(); /* which writes nothing */
	lives_open(dir);
	assert_int_equal(known(PEERS), PEERS);
	assert_int_equal(known(PEERS), 0); /* each once */
}

static void test_too_old(void **state)
{
	live_once(10, 61000);
	lives_close();
	lives_open(dir);
	assert_int_equal(known(10), 0);
}

static void test_removed(void **state)
{
	live_once(10, 100);
	lives_drop(slots[3]);
	lives_close();
	lives_note(slots[4], &(struct liveness){0}); /* nothing of what comes later */
	lives_drop(slots[5]);
	lives_open(dir);
	assert_int_equal(known(10), 9);
}

/* Of another layout, cut short, or something else altogether. */
static void test_other_file(void **state)
{
	static const uint8_t junk[100000] = {1};
	int fd;

	for (unsigned bytes = 0; bytes <= sizeof(junk); bytes += sizeof(junk) / 10) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		assert_int_equal(write(fd, junk, bytes), bytes);
		close(fd);
		live_once(100, 100);
		lives_close();
		lives_open(dir);
		assert_int_equal(known(100), 100);
		lives_close();
	}
}

static void test_no_file(void **state)
{
	struct liveness l;

	lives_open("/nowhere");
	assert_int_equal(take(1, &l), 0);
	lives_note(0, &l);
	lives_drop(0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {T(test_found_again), T(test_too_old), T(test_removed),
					   T(test_other_file), T(test_no_file)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
