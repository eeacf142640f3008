/* SPDX-License-Identifier: BSD-2-Clause */
/* change_index: the journal as a document, its records, the time of a trial, and what a start makes
 * of each moment in which everything may have ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "change_index.h"
#include "conf.h"
#include "util.h"

static struct change_index index_;
static struct change_clock clock_ = {.wall = 100000, .boot_s = 5000, .boot_id = "this"};

static uint32_t add(const char *state)
{
	return change_index_add(&index_, json_pack("{s:s}", "how", "reload"), state);
}

static void trial(uint32_t number, uint32_t seconds)
{
	index_.pending.number = number;
	index_.pending.seconds = seconds;
	index_.pending.over = false;
	index_.pending.since = clock_;
}

static void test_records(void **state)
{
	assert_int_equal(change_index_back(&index_, 0), 0);
	assert_int_equal(add("committed"), 1);
	assert_int_equal(add("returned"), 2);
	assert_int_equal(add("committed"), 3);
	assert_int_equal(add("failed"), 4);
	assert_int_equal(add("applying"), 5);
	assert_int_equal(change_index_back(&index_, 0), 3);
	assert_int_equal(change_index_back(&index_, 1), 1);
	assert_int_equal(change_index_back(&index_, 2), 0);
	assert_int_equal(change_index_in(&index_, "applying"), 5);
	assert_int_equal(change_index_in(&index_, "pending"), 0);
	change_index_set(&index_, 5, "committed");
	assert_int_equal(change_index_back(&index_, 0), 5);
	change_index_drop(&index_, 3);
	assert_int_equal(change_index_back(&index_, 1), 1);
	assert_null(change_index_find(&index_, 3));
	assert_int_equal(add("applying"), 6); /* no number comes twice */
}

static void test_document(void **state)
{
	struct change_index other;
	json_t *json;

	add("committed");
	index_.committed = 1;
	index_.writing = add("pending");
	trial(2, 60);
	index_.pending.over = true;
	index_.starts = 3;
	json = change_index_json(&index_, "/etc/x");
	assert_false(change_index_read(&other, json, "/etc/y"));
	assert_int_equal(json_array_size(other.commits), 0);
	change_index_free(&other);
	assert_true(change_index_read(&other, json, "/etc/x"));
	json_decref(json);
	assert_true(json_equal(other.commits, index_.commits));
	assert_int_equal(other.last, 2);
	assert_int_equal(other.committed, 1);
	assert_int_equal(other.writing, 2);
	assert_int_equal(other.starts, 3);
	assert_memory_equal(&other.pending, &index_.pending, sizeof(other.pending));
	change_index_free(&other);
	assert_false(change_index_read(&other, NULL, "/etc/x"));
	change_index_free(&other);
}

static uint32_t left(int64_t wall, int64_t boot_s, const char *boot_id)
{
	struct change_clock now = {.wall = wall, .boot_s = (uint64_t)boot_s};

	str_copy(now.boot_id, boot_id, sizeof(now.boot_id));
	return change_left_s(&index_, &now);
}

/* The wall clock counts only where the machine was started anew. */
static void test_time(void **state)
{
	assert_int_equal(left(100000, 5000, "this"), 0);
	trial(1, 60);
	assert_int_equal(left(100000, 5000, "this"), 60);
	assert_int_equal(left(0, 5010, "this"), 50);
	assert_int_equal(left(200000, 5059, "this"), 1);
	assert_int_equal(left(100000, 5060, "this"), 0);
	assert_int_equal(left(100000, 4999, "this"), 0);
	assert_int_equal(left(100010, 3, "next"), 50);
	assert_int_equal(left(100060, 3, "next"), 0);
	assert_int_equal(left(99999, 3, "next"), 0); /* a machine whose clock begins in 1970 */
	assert_int_equal(left(100010, 5010, ""), 50);
	index_.pending.over = true;
	assert_int_equal(left(100000, 5000, "this"), 0);
}

static const char *begins(uint32_t files, const struct change_clock *now)
{
	static char text[64];
	struct change_begin b = change_begin(&index_, files, now);

	snprintf(text, sizeof(text), "run %u%s resume %u%s%s%s", b.run, b.write ? " write" : "",
		 b.resume, b.failed ? " failed" : "", b.record ? " record" : "",
		 b.returned ? " returned" : "");
	return text;
}

static void test_starts(void **state)
{
	struct change_clock later = clock_;

	later.boot_s += 100;
	/* The first one of all. */
	assert_string_equal(begins(0, &clock_), "run 0 resume 0 record");
	index_.committed = add("committed");
	assert_string_equal(begins(1, &clock_), "run 0 resume 0");
	assert_string_equal(begins(0, &clock_), "run 0 resume 0 record"); /* edited meanwhile */
	/* A reload that was broken off. */
	add("applying");
	assert_string_equal(begins(2, &clock_), "run 0 resume 2");
	assert_string_equal(begins(1, &clock_), "run 0 resume 0");
	assert_string_equal(begins(0, &clock_), "run 0 resume 0 record");
	/* A trial, whatever the files say. */
	trial(2, 60);
	for (uint32_t files = 0; files < 3; files++) {
		assert_string_equal(begins(files, &clock_), "run 2 resume 0");
		assert_string_equal(begins(files, &later), "run 1 write resume 0 returned");
	}
	/* It is being taken back. */
	index_.pending.over = true;
	index_.writing = 1;
	assert_string_equal(begins(2, &clock_), "run 1 write resume 0 returned");
	/* That has been done but for the files. */
	memset(&index_.pending, 0, sizeof(index_.pending));
	change_index_set(&index_, 2, "returned");
	assert_string_equal(begins(2, &clock_), "run 1 write resume 1");
	/* A rollback that was broken off, for good and on trial. */
	index_.writing = add("applying");
	assert_string_equal(begins(0, &clock_), "run 3 write resume 3");
	trial(3, 60);
	assert_string_equal(begins(0, &clock_), "run 3 write resume 0");
	assert_string_equal(begins(0, &later), "run 1 write resume 0 returned");
}

static uint32_t add_guarded(const char *guard)
{
	uint32_t number = add("applying");

	json_object_set_new(change_index_find(&index_, number), "guard", json_string(guard));
	return number;
}

/* A change whose guards had not answered was never begun: it does not run by itself, not even
 * where the files say it. One whose guards had is finished like any other. */
static void test_starts_unbegun(void **state)
{
	struct change_clock later = clock_;
	uint32_t asked;

	later.boot_s += 100;
	index_.committed = add("committed");
	asked = add_guarded(CHANGE_GUARD_ASKED);
	trial(asked, 60);
	index_.writing = asked;
	assert_int_equal(change_index_unbegun(&index_), asked);
	change_index_end_unbegun(&index_, asked);
	for (int again = 0; again < 2; again++) { /* at the next start, too */
		assert_int_equal(change_index_unbegun(&index_), 0);
		assert_int_equal(index_.pending.number, 0);
		assert_string_equal(begins(asked, &clock_), "run 0 resume 0 failed record");
		assert_string_equal(begins(asked, &later), "run 0 resume 0 failed record");
		assert_string_equal(begins(1, &clock_), "run 0 resume 0");
		assert_string_equal(begins(0, &clock_), "run 0 resume 0 record");
		assert_string_equal(conf_str(change_index_find(&index_, asked), "state", ""),
				    "failed");
	}
	add("committed"); /* nor behind the next one */
	assert_string_equal(begins(asked, &clock_), "run 0 resume 0 failed record");
	/* Behind its guards. */
	asked = add_guarded("up");
	assert_int_equal(change_index_unbegun(&index_), 0);
	assert_string_equal(begins(asked, &clock_), "run 0 resume 4");
	trial(asked, 60);
	assert_string_equal(begins(asked, &clock_), "run 4 resume 0");
	change_index_end_trial(&index_, "failed");
	assert_int_equal(change_index_unbegun(&index_), 0);
}

#define VERSION "2"

static uint32_t add_of(const char *state, const char *sha256)
{
	uint32_t number = add(state);
	json_t *record = change_index_find(&index_, number);

	json_object_set_new(record, CHANGE_SHA256, json_string(sha256));
	json_object_set_new(record, CHANGE_VERSION, json_string(VERSION));
	return number;
}

static uint32_t failed(const char *sha256)
{
	return change_index_failed(&index_, sha256, VERSION);
}

/* The newest change to the same texts counts, whatever came behind it. */
static void test_failed(void **state)
{
	json_t *rows;

	add("failed"); /* of a life that did not write it down */
	assert_int_equal(failed(""), 0);
	index_.committed = add_of("committed", "a");
	assert_int_equal(add_of("failed", "b"), 3);
	add_of("failed", "c");
	add_of("committed", "d");
	assert_int_equal(failed("a"), 0);
	assert_int_equal(failed("b"), 3);
	assert_int_equal(failed("e"), 0);
	add_of("committed", "b");
	assert_int_equal(failed("b"), 0);
	assert_int_equal(add_of("failed", "b"), 7);
	assert_int_equal(failed("b"), 7);
	assert_string_equal(begins(7, &clock_), "run 0 resume 0 failed record");
	assert_string_equal(begins(2, &clock_), "run 0 resume 0");
	rows = change_index_rows(&index_, &clock_);
	assert_null(json_object_get(json_array_get(rows, 0), CHANGE_SHA256));
	assert_null(json_object_get(json_array_get(rows, 0), CHANGE_VERSION));
	json_decref(rows);
}

/* What has failed with another version of wgbgp is tried again, but not what was never begun. */
static void test_failed_with_another_version(void **state)
{
	uint32_t old = add_of("failed", "a"), asked = add_of("failed", "b");
	json_t *record = change_index_find(&index_, old);

	json_object_set_new(change_index_find(&index_, asked), "guard",
			    json_string(CHANGE_GUARD_ASKED));
	assert_int_equal(failed("a"), old);
	assert_int_equal(change_index_failed(&index_, "a", "3"), 0);
	assert_int_equal(change_index_failed(&index_, "a", "1"), 0);
	assert_int_equal(change_index_failed(&index_, "b", "3"), asked);
	json_object_del(record, CHANGE_VERSION); /* of one that did not write it down */
	assert_int_equal(failed("a"), 0);
	/* The newest one is what counts. */
	assert_int_equal(add_of("failed", "a"), 3);
	assert_int_equal(failed("a"), 3);
}

static void test_starts_of_a_version(void **state)
{
	json_t *json;

	for (uint32_t i = 1; i <= 4; i++)
		assert_int_equal(change_index_start(&index_, "2"), i);
	json = change_index_json(&index_, "/main");
	change_index_free(&index_);
	assert_true(change_index_read(&index_, json, "/main"));
	json_decref(json);
	assert_int_equal(change_index_start(&index_, "2"), 5);
	assert_int_equal(change_index_start(&index_, "3"), 1);
	assert_int_equal(change_index_start(&index_, "3"), 2);
}

static int setup(void **state)
{
	change_index_init(&index_);
	return 0;
}

static int teardown(void **state)
{
	change_index_free(&index_);
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_records),
		TEST(test_document),
		TEST(test_time),
		TEST(test_starts),
		TEST(test_starts_unbegun),
		TEST(test_failed),
		TEST(test_starts),
		TEST(test_starts_unbegun),
		TEST(test_failed_with_another_version),
		TEST(test_starts),
		TEST(test_starts_unbegun),
		TEST(test_starts_of_a_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
