/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: whatever a value holds, the line reads back as the fields that were put in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "log_crowd.h"
#include "loop_fake.h"
#include "testing.h"
#include "util.h"

static char line[4096];
static FILE *sink;
static int stderr_before;

static int setup(void **state)
{
	sink = tmpfile();
	stderr_before = dup(STDERR_FILENO);
	log_init("test");
	log_set_level(LOG_LEVEL_INFO);
	return sink && stderr_before >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
	fclose(sink);
	close(stderr_before);
	return 0;
}

/* Around the call that logs: its one line is in `line`, without what stands before the event. */
static void begin(void)
{
	rewind(sink);
	assert_int_equal(ftruncate(fileno(sink), 0), 0);
	dup2(fileno(sink), STDERR_FILENO);
}

static void end(void)
{
	char whole[4096], *event;
	size_t n;

	dup2(stderr_before, STDERR_FILENO);
	rewind(sink);
	n = fread(whole, 1, sizeof(whole) - 1, sink);
	whole[n] = '\0';
	assert_true(n > 0 && whole[n - 1] == '\n');
	assert_ptr_equal(strchr(whole, '\n'), whole + n - 1); /* one line */
	whole[n - 1] = '\0';
	event = strstr(whole, "test");
	assert_non_null(event);
	event = strstr(event, ": ");
	assert_non_null(event);
	strcpy(line, event + 2);
}

struct field {
	char key[64], value[2048];
};

/* What a reader of logs does. */
static size_t parse(struct field *out, size_t max)
{
	const char *at = strchr(line, ' ');
	size_t n = 0;

	while (at && *at == ' ' && at[1]) {
		struct field *f = &out[n++];
		size_t k = 0;
		bool quoted;

		assert_true(n <= max);
		for (at++; *at && *at != '='; at++)
			f->key[k++] = *at;
		f->key[k] = '\0';
		assert_int_equal(*at++, '=');
		quoted = *at == '"';
		at += quoted;
		for (k = 0; *at && *at != (quoted ? '"' : ' '); at++) {
			unsigned c = (unsigned char)*at;

			if (quoted && c == '\\' && *++at == 'x') {
				assert_int_equal(sscanf(at + 1, "%2x", &c), 1);
				at += 2;
			} else if (quoted && c == '\\') {
				c = *at == 'n' ? '\n' : (unsigned char)*at;
			}
			f->value[k++] = (char)c;
		}
		f->value[k] = '\0';
		if (quoted)
			assert_int_equal(*at++, '"');
	}
	return n;
}

static void random_text(char *out, size_t size)
{
	static const char nasty[] = "\"\"\\\\==  \n\t\x1b\x7f\xc2\x9b'%nsx";
	size_t n = random() % size;

	for (size_t i = 0; i < n; i++)
		out[i] = random() % 2 ? nasty[random() % (sizeof(nasty) - 1)]
				      : (char)(1 + random() % 255);
	out[n] = '\0';
}

static void test_fields_read_back(void **state)
{
	unsigned seed = test_seed();

	srandom(seed);
	for (int round = 0; round < 3000; round++) {
		static struct field f[8];
		char one[40], two[40], three[40];
		unsigned number = (unsigned)random();

		random_text(one, sizeof(one));
		random_text(two, sizeof(two));
		random_text(three, sizeof(three));
		begin();
		log_info("event", "peer=%s error=\"%s: %s\" n=%u why=\"%s\"", one, two, three,
			 number, three);
		end();
		if (parse(f, 8) != 4)
			fail_msg("seed %u: %s", seed, line);
		assert_string_equal(f[0].key, "peer");
		assert_string_equal(f[0].value, one);
		assert_string_equal(f[1].key, "error");
		assert_memory_equal(f[1].value, two, strlen(two));
		assert_string_equal(f[1].value + strlen(two) + 2, three);
		assert_int_equal(strtoul(f[2].value, NULL, 10), number);
		assert_string_equal(f[3].value, three);
	}
}

/* None reaches the terminal of whoever reads the log. */
static void test_controls(void **state)
{
	begin();
	log_info("event", "%s a=%s b=\"%s\" c=%s", "\x1b[\xc2\x9b", "\xc2\x9b\x7f", "\xc2\x85",
		 "\xc2\xa0");
	end();
	assert_string_equal(line, "event ?[?? a=\"\\xc2\\x9b\\x7f\" b=\"\\xc2\\x85\" c=\xc2\xa0");
}

static void test_conversions(void **state)
{
	begin();
	errno = ENOENT;
	log_info(
		"event",
		"a=%d b=%u c=%zu d=%llu e=%5.1f f=%02x g=%s%s h=\"%m\" i=%c at=%s:%u j=100%% k=%ld",
		-3, 4u, (size_t)5, 6ULL, 1.25, 10, "x", " weak=yes", 'y', "::1", 7u, -8L);
	end();
	assert_string_equal(line,
			    "event a=-3 b=4 c=5 d=6 e=  1.2 f=0a g=x weak=yes h=\"No such file "
			    "or directory\" i=y at=::1:7 j=100% k=-8");
}

/* Too long: cut, one line all the same. */
static void test_long(void **state)
{
	char *text = xmalloc(10000);

	memset(text, '"', 9999);
	text[9999] = '\0';
	begin();
	log_info("event", "a=%s b=\"%s\"", text, text);
	end();
	assert_true(strlen(line) > 1900);
	free(text);
}

/* Wherever a line is cut, what is open is closed, and nothing comes behind. */
static void test_cut(void **state)
{
	char text[2200], whole[4096];
	bool was_cut = false;

	for (size_t len = 1800; len < sizeof(text) - 1; len++) {
		unsigned quotes = 0;
		size_t n;

		memset(text, 'x', len);
		text[len / 2] = '"';
		text[len] = '\0';
		begin();
		log_info("event", "a=%s b=\"%s\" c=%d d=%s", len % 2 ? text : "short text", text, 7,
			 "the last");
		rewind(sink);
		n = fread(whole, 1, sizeof(whole) - 1, sink);
		end();
		for (const char *c = line; *c; c++)
			quotes += *c == '"' && c[-1] != '\\';
		assert_int_equal(quotes % 2, 0);
		assert_in_range(n, 1800, 2048);
		was_cut = strcmp(line + strlen(line) - 10, "\"the last\"") != 0;
		if (was_cut)
			assert_in_range(n, 2045, 2048); /* an escape is whole or not there */
	}
	assert_true(was_cut);
}

/* With standard error as the journal's, or not. */
static void init(bool journal)
{
	char stream[64];
	struct stat st;

	begin();
	assert_int_equal(fstat(fileno(sink), &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino + !journal);
	setenv("JOURNAL_STREAM", stream, 1);
	log_init("test");
	dup2(stderr_before, STDERR_FILENO);
}

/* ---- what stands before the event, and which lines there are */

/* All lines that were written since begin(). */
static char *all_lines(void)
{
	static char text[8192];
	size_t n;

	dup2(stderr_before, STDERR_FILENO);
	rewind(sink);
	n = fread(text, 1, sizeof(text) - 1, sink);
	text[n] = '\0';
	return text;
}

static void write_levels(void)
{
	errno = ENOENT;
	log_error("e", "why=\"%m\"");
	log_warn("w", "n=%d", 2);
	log_info("i", "n=%d", 3);
	log_debug("d", "n=%d", 4);
}

static void test_levels(void **state)
{
	static const char *const lines[] = {"<3>test: e why=\"No such file or directory\"\n",
					    "<4>test: w n=2\n", "<6>test: i n=3\n",
					    "<7>test: d n=4\n"};
	char want[512] = "";

	init(true);
	for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
		begin();
		log_set_level(level);
		write_levels();
		strcat(want, lines[level]);
		assert_string_equal(all_lines(), want);
		for (int other = LOG_LEVEL_ERROR; other <= LOG_LEVEL_DEBUG; other++)
			assert_int_equal(log_enabled(other), other <= level);
	}
}

/* What somebody asked for is said whatever the level is. */
static void test_always(void **state)
{
	init(true);
	log_set_level(LOG_LEVEL_ERROR);
	begin();
	log_always(LOG_LEVEL_DEBUG, "d", "n=%d why=\"%s\"", 4, "a \"b\"");
	assert_string_equal(all_lines(), "<7>test: d n=4 why=\"a \\\"b\\\"\"\n");
}

static void test_host(void **state)
{
	static const char *const hosts[] = {"hub", "", NULL};

	init(true);
	begin();
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		log_set_host(hosts[i]);
		log_info("i", "n=%zu", i);
	}
	assert_string_equal(all_lines(), "<6>hub test: i n=0\n<6>test: i n=1\n<6>test: i n=2\n");
}

/* "2026-11-29T10:11:12.345Z hub test error: event" */
static void test_stamp(void **state)
{
	const char *shape = "dddd-dd-ddTdd:dd:dd.dddZ hub test error: event n=1\n";
	char stamp[LOG_TIME_LEN], before[LOG_TIME_LEN], *text;

	init(false);
	log_set_host("hub");
	log_time(before);
	begin();
	log_error("event", "n=1");
	text = all_lines();
	log_time(stamp);
	assert_int_equal(strlen(text), strlen(shape));
	for (size_t i = 0; shape[i]; i++)
		assert_true(shape[i] == 'd' && i < 23 ? isdigit((unsigned char)text[i])
						      : text[i] == shape[i]);
	text[24] = '\0';
	assert_true(strcmp(before, text) <= 0 && strcmp(text, stamp) <= 0);
	assert_true(time(NULL) - timegm(&(struct tm){.tm_year = atoi(text) - 1900,
						     .tm_mon = atoi(text + 5) - 1,
						     .tm_mday = atoi(text + 8),
						     .tm_hour = atoi(text + 11),
						     .tm_min = atoi(text + 14),
						     .tm_sec = atoi(text + 17)}) <
		    10);
}

/* Without the journal the time and the level are members; with it they are the journal's, too. */
static void test_json(void **state)
{
	char *text;

	log_set_host("hub");
	log_set_format(LOG_FORMAT_JSON);
	init(false);
	begin();
	errno = ENOENT;
	log_error("event", "n=%d error=\"%m\"", 1);
	text = all_lines();
	assert_memory_equal(text, "{\"time\":\"20", 11);
	assert_string_equal(text + strlen("{\"time\":\"2026-11-29T06:25:00.123Z"),
			    "\",\"level\":\"error\",\"host\":\"hub\",\"logger\":\"test\","
			    "\"event\":\"event\",\"n\":1,"
			    "\"error\":\"No such file or directory\"}\n");
	init(true);
	begin();
	log_warn("event", "n=%d", 2);
	log_set_format(LOG_FORMAT_LOGFMT);
	log_set_host(NULL);
	assert_memory_equal(all_lines(), "<4>{\"time\":", 11);
}

/* Ten at once, then one a second; the first one behind a gap says how many are missing. */
static void test_bucket(void **state)
{
	struct log_bucket bucket = {0};
	unsigned taken = 0;

	init(true);
	loop_fake_pass(1000 * 1000000);
	begin();
	for (int i = 0; i < 25; i++)
		taken += log_bucket_take(&bucket);
	assert_int_equal(taken, 10);
	assert_string_equal(all_lines(), "");
	loop_fake_pass(999999);
	assert_false(log_bucket_take(&bucket));
	begin();
	loop_fake_pass(1);
	assert_true(log_bucket_take(&bucket));
	assert_false(log_bucket_take(&bucket));
	assert_string_equal(all_lines(), "<4>test: log-suppressed lines=16\n");
	begin();
	loop_fake_pass(3 * 1000000);
	for (int i = 0; i < 3; i++)
		assert_true(log_bucket_take(&bucket));
	assert_false(log_bucket_take(&bucket));
	assert_string_equal(all_lines(), "<4>test: log-suppressed lines=1\n");
	loop_fake_pass(3600 * 1000000ULL); /* never more than ten */
	begin();
	for (int i = 0; i < 25; i++)
		taken += log_bucket_take(&bucket);
	assert_int_equal(taken, 20);
	all_lines();
}

/* Twenty in a second, then one line for all others; with the level debug all are written. */
static void test_crowd(void **state)
{
	static struct log_crowd crowd = {.what = "tunnel-state to=up"};
	static struct log_crowd grave = {.what = "session-down", .grave = true};
	char name[100];

	init(true);
	loop_fake_pass(1000 * 1000000);
	begin();
	for (unsigned i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "site-%03u", i);
		assert_int_equal(log_crowd_take(&crowd, name), i < LOG_CROWD_LINES);
	}
	loop_fake_turn();
	loop_fake_pass(999999);
	loop_fake_turn();
	assert_string_equal(all_lines(), "");
	begin();
	loop_fake_pass(1);
	loop_fake_turn();
	snprintf(line, sizeof(line), "%s", all_lines());
	assert_non_null(strstr(line, "<6>test: log-gathered what=\"tunnel-state to=up\" lines=480 "
				     "first=\"site-020 site-021 "));
	assert_non_null(strstr(line, " site-052\"\n")); /* as many names as have room */
	begin();
	assert_true(log_crowd_take(&crowd, "a"));
	loop_fake_pass(5 * 1000000);
	loop_fake_turn();
	assert_string_equal(all_lines(), "");
	begin();
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (unsigned i = 0; i <= LOG_CROWD_LINES; i++)
		log_crowd_take(&grave, i < LOG_CROWD_LINES ? name : "b");
	loop_fake_pass(1000000); /* the timer is late */
	assert_true(log_crowd_take(&grave, "c"));
	loop_fake_turn();
	assert_string_equal(all_lines(),
			    "<4>test: log-gathered what=\"session-down\" lines=1 first=\"b\"\n");
	log_set_level(LOG_LEVEL_DEBUG);
	for (unsigned i = 0; i < 100; i++)
		assert_true(log_crowd_take(&grave, "d"));
	log_set_level(LOG_LEVEL_INFO);
}

/* The macro writes what the bucket lets through. */
static void test_limited(void **state)
{
	struct log_bucket bucket = {0};
	unsigned lines = 0;

	init(true);
	begin();
	for (int i = 0; i < 12; i++)
		log_limited(&bucket, LOG_LEVEL_WARN, "much", "i=%d", i);
	for (const char *at = all_lines(); (at = strstr(at, "<4>test: much i=")); at++)
		lines++;
	assert_int_equal(lines, 10);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fields_read_back),
		TEST(test_controls),
		TEST(test_conversions),
		TEST(test_long),
		TEST(test_levels),
		TEST(test_always),
		TEST(test_host),
		TEST(test_stamp),
		TEST(test_json),
		TEST(test_bucket),
		TEST(test_crowd),
		TEST(test_limited),
		TEST(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
