/* SPDX-License-Identifier: BSD-2-Clause */
/* Each rule: what it needs to begin, that it is said once, what ends it, and what is not judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "habit.h"

#include "conf_leaves.h"
#include "log.h"
#include "util.h"

#define STEP_S 300

static const struct conf_unusual limits = {.interval = STEP_S,
					   .traffic_factor = 10,
					   .traffic_floor = 1000,
					   .silent = 600,
					   .handshakes = 8};
static char said[2048];
static struct habit *h;
static struct habit_reading now;

static void on_event(json_t *event)
{
	size_t at = strlen(said);
	char *text;

	assert_string_equal(json_string_value(json_object_get(event, "interface")), "wg0");
	assert_string_equal(json_string_value(json_object_get(event, "peer")), "a");
	json_object_del(event, "interface");
	json_object_del(event, "peer");
	text = json_dumps(event, JSON_COMPACT);
	snprintf(said + at, sizeof(said) - at, "%s\n", text);
	free(text);
	json_decref(event);
}

static int setup(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	h = habit_new("wg0", "a");
	now = (struct habit_reading){.at_ms = 1000, .handshake_s = 60};
	habit_read(h, &now, &limits, on_event);
	said[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	habit_free(h);
	return 0;
}

/* N intervals, with RX and TX bytes a second and HANDSHAKES in each. */
static void pass(unsigned n, uint64_t rx, uint64_t tx, unsigned handshakes)
{
	while (n--) {
		now.at_ms += STEP_S * 1000;
		now.rx += rx * STEP_S;
		now.tx += tx * STEP_S;
		now.handshakes += handshakes;
		habit_read(h, &now, &limits, on_event);
	}
}

static void expect(const char *lines)
{
	assert_string_equal(said, lines);
	said[0] = '\0';
}

static void test_spike(void **state)
{
	pass(11, 50, 50, 2);
	pass(2, 900000, 0, 2); /* there is not enough to compare with */
	expect("");
	pass(20, 150, 50, 2);
	pass(1, 2001, 0, 2);
	pass(1, 150, 50, 2);
	pass(1, 2001, 0, 2); /* two, but not in a row */
	expect("");
	pass(4, 2000, 1, 2);
	expect("{\"event\":\"traffic-spike\",\"bytes-per-second\":2001,"
	       "\"usual-bytes-per-second\":200}\n");
	pass(2, 1000, 1, 2); /* between the limits */
	expect("");
	pass(1, 999, 0, 2);
	expect("{\"event\":\"traffic-normal\",\"bytes-per-second\":999}\n");
}

/* Ten times nearly nothing is nothing. */
static void test_floor(void **state)
{
	pass(20, 5, 5, 2);
	pass(5, 500, 500, 2);
	expect("");
	pass(2, 501, 500, 2);
	expect("{\"event\":\"traffic-spike\",\"bytes-per-second\":1001,"
	       "\"usual-bytes-per-second\":10}\n");
	pass(1, 250, 249, 2);
	expect("{\"event\":\"traffic-normal\",\"bytes-per-second\":499}\n");
}

/* What lasts becomes usual, by the ring of a day. */
static void test_new_level(void **state)
{
	pass(400, 1000, 0, 2);
	pass(2, 20000, 0, 2);
	expect("{\"event\":\"traffic-spike\",\"bytes-per-second\":20000,"
	       "\"usual-bytes-per-second\":1000}\n");
	pass(140, 20000, 0, 2);
	expect("");
	pass(20, 20000, 0, 2);
	expect("{\"event\":\"traffic-normal\",\"bytes-per-second\":20000}\n");
}

static void test_silence(void **state)
{
	pass(71, 1, 0, 2);
	pass(5, 0, 1, 2); /* it was not watched for long enough */
	pass(71, 1, 0, 2);
	pass(1, 0, 1, 2);
	pass(71, 1, 0, 2); /* a hole in between */
	pass(5, 0, 1, 2);
	expect("");
	pass(72, 1, 0, 2);
	pass(1, 0, 1, 2);
	expect("");
	pass(3, 0, 1, 2);
	expect("{\"event\":\"tunnel-silent\",\"silent-seconds\":600}\n");
	pass(1, 1, 0, 2);
	expect("{\"event\":\"tunnel-heard\",\"silent-seconds\":1200}\n");
	pass(5, 0, 1, 2);
	expect("");
	pass(72, 1, 0, 2);
	now.down = true; /* which is told by itself */
	pass(5, 0, 1, 0);
	now.down = false;
	pass(5, 0, 0, 0);
	expect("");
}

static void test_handshakes(void **state)
{
	pass(3, 1, 1, 8);
	expect("");
	pass(2, 1, 1, 9);
	expect("{\"event\":\"handshakes-many\",\"handshakes\":9,\"seconds\":300}\n");
	pass(2, 1, 1, 5);
	expect("");
	pass(2, 1, 1, 4);
	expect("{\"event\":\"handshakes-normal\",\"handshakes\":4,\"seconds\":300}\n");
}

static void test_missing(void **state)
{
	now.handshake_s = 201;
	pass(3, 0, 0, 0); /* nothing is sent */
	pass(1, 0, 1, 0);
	pass(1, 0, 0, 0);
	pass(1, 0, 1, 0);
	expect("");
	pass(3, 0, 1, 0);
	expect("{\"event\":\"handshake-missing\",\"handshake-seconds\":201}\n");
	now.handshake_s = 200;
	pass(2, 1, 1, 1);
	expect("{\"event\":\"handshake-back\"}\n");
	now.handshake_s = -1;
	pass(2, 0, 1, 0);
	expect("{\"event\":\"handshake-missing\",\"handshake-seconds\":null}\n");
	now.handshake_s = 0;
	pass(1, 0, 1, 1);
	expect("{\"event\":\"handshake-back\"}\n");
	now.handshake_s = 500;
	now.down = true;
	pass(9, 0, 1, 0);
	expect("");
}

/* After a gap, and where counters began anew, there is nothing to compare with. */
static void test_gaps(void **state)
{
	pass(20, 100, 0, 2);
	for (int i = 0; i < 2; i++) {
		now.at_ms += STEP_S * 2000 + 1;
		now.rx += 1000000000;
		now.handshakes += 100;
		habit_read(h, &now, &limits, on_event);
	}
	for (int i = 0; i < 2; i++) {
		now.rx = now.tx = now.handshakes = 0;
		pass(1, 0, 0, 0);
	}
	expect("");
	pass(1, 100, 0, 9);
	expect("{\"event\":\"handshakes-many\",\"handshakes\":9,\"seconds\":300}\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_spike),      TEST(test_floor),   TEST(test_new_level), TEST(test_silence),
		TEST(test_handshakes), TEST(test_missing), TEST(test_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
