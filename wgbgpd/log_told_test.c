/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log_told: which lines are told, with which members; a crowd of them is told as two events; what
 * the level of the log leaves out is told all the same, and not kept for `show logging`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log_told.h"

#include "conf.h"
#include "log.h"
#include "log_ring.h"
#include "loop.h"
#include "request.h"
#include "testing.h"

uint64_t __wrap_now_ms(void);
void __wrap_request_tell(json_t *event);
void __wrap_timer_init(struct timer *t, timer_fn fn, void *arg);
void __wrap_timer_start(struct timer *t, uint64_t ms);

static uint64_t now = 1000, due; /* due: 0: nothing */
static timer_fn on_time;
static char said[4096];
static int wgd = -1, own = -1;

uint64_t __wrap_now_ms(void)
{
	return now;
}

void __wrap_request_tell(json_t *event)
{
	size_t at = strlen(said);
	char *text;

	assert_true(json_is_real(json_object_get(event, "monotonic-ms")));
	json_object_del(event, "monotonic-ms");
	text = json_dumps(event, CONF_JSON_LINE | JSON_SORT_KEYS);
	snprintf(said + at, sizeof(said) - at, "%s\n", text);
	free(text);
	json_decref(event);
}

void __wrap_timer_init(struct timer *t, timer_fn fn, void *arg)
{
	on_time = fn;
}

void __wrap_timer_start(struct timer *t, uint64_t ms)
{
	due = now + ms;
}

static unsigned kept;

static void on_row(void *arg, json_t *row)
{
	kept++;
	json_decref(row);
}

/* Reads what was written. */
static void look(void)
{
	struct log_filter all = {.level = LOG_LEVEL_DEBUG, .count = 1000};

	kept = 0;
	log_ring_each(&all, on_row, NULL);
}

static void expect(const char *lines)
{
	look();
	assert_string_equal(said, lines);
	said[0] = '\0';
}

static void put(const char *text)
{
	assert_true(send(wgd, text, strlen(text), 0) > 0);
}

static int setup(void **state)
{
	wgd = log_ring_open(DAEMON_WGD);
	own = log_ring_open(LOG_RING_PARENT);
	log_told_open();
	log_copy_to(own);
	return wgd < 0 || own < 0;
}

static int teardown(void **state)
{
	log_copy_to(-1);
	log_told_close();
	close(wgd);
	close(own);
	log_ring_free();
	log_set_level(LOG_LEVEL_INFO);
	return 0;
}

static void test_members(void **state)
{
	put("1 T drift-repaired interface=wg0 what=allowed-ips missing=2 first=10.0.0.0/8");
	put("2 T drain peer=site-a interface=wg0");
	put("2 T reload generation=3 commit=7 statements=\"bgp as\" changed=1");
	put("2 T reload-ed");
	put("2 T last-path-back peer=b interface=wg0 prefixes=2 first=10.0.0.0/8 lost=0");
	expect("{\"daemon\":\"wgd\",\"event\":\"drift-repaired\",\"first\":\"10.0.0.0/8\","
	       "\"interface\":\"wg0\",\"missing\":2,\"more\":0,\"what\":\"allowed-ips\"}\n"
	       "{\"changed\":1,\"commit\":7,\"daemon\":\"wgd\",\"event\":\"reload\","
	       "\"generation\":3,\"more\":0,\"statements\":\"bgp as\"}\n"
	       "{\"daemon\":\"wgd\",\"event\":\"last-path-back\",\"first\":\"10.0.0.0/8\","
	       "\"interface\":\"wg0\",\"lost\":0,\"more\":0,\"peer\":\"b\",\"prefixes\":2}\n");
	assert_int_equal(kept, 5);
}

#define DRIFT(prefix, more)                                                                        \
	"{\"daemon\":\"wgd\",\"event\":\"drift-repaired\",\"more\":" #more ",\"prefix\":\"" prefix \
	"\"}\n"

static void test_crowd(void **state)
{
	put("1 T drift-repaired prefix=10.1.0.0/16");
	expect(DRIFT("10.1.0.0/16", 0));
	for (int i = 0; i < 9; i++)
		put("1 T drift-repaired prefix=10.2.0.0/16");
	put("1 T drift-repaired prefix=10.3.0.0/16");
	put("1 T reload-refused why=x"); /* waits for none */
	expect("{\"daemon\":\"wgd\",\"event\":\"reload-refused\",\"more\":0,\"why\":\"x\"}\n");
	assert_int_equal(due, now + 60000);
	now = due;
	on_time(NULL);
	expect(DRIFT("10.3.0.0/16", 9));
	now += 59999;
	put("1 T drift-repaired prefix=10.4.0.0/16");
	expect("");
	now++;
	on_time(NULL);
	expect(DRIFT("10.4.0.0/16", 0));
	now += 60000;
	put("1 T drift-repaired prefix=10.5.0.0/16");
	expect(DRIFT("10.5.0.0/16", 0));
}

static void test_level(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	log_info("reload", "generation=%u", 4);
	log_info("start", "version=1");
	expect("{\"daemon\":\"wgbgpd\",\"event\":\"reload\",\"generation\":4,\"more\":0}\n");
	assert_int_equal(kept, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_members, setup, teardown),
		cmocka_unit_test_setup_teardown(test_crowd, setup, teardown),
		cmocka_unit_test_setup_teardown(test_level, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
