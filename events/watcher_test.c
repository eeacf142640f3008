/* SPDX-License-Identifier: BSD-2-Clause */
/* When the tunnels are asked for: where there is a hook, each interval, whatever configurations
 * come in between; and what their rows lead to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watcher.h"

#include "asker.h"
#include "hooks.h"
#include "loop.h"
#include "log.h"
#include "util.h"

struct ask *__wrap_ask_start(enum ask_class whose, json_t *request, const struct ask_sink *sink,
			     void *arg);
void __wrap_ask_stop(struct ask *ask);
size_t __wrap_hooks_count(void);
void __wrap_hooks_tell_now(json_t *event);
uint64_t __wrap_now_ms(void);

static uint64_t now = 1000; /* of the readings: a slow machine changes nothing */
static unsigned asked, wanted;
static size_t n_hooks;
static const struct ask_sink *sink;
static char told[200];

struct ask *__wrap_ask_start(enum ask_class whose, json_t *request, const struct ask_sink *s,
			     void *arg)
{
	json_decref(request);
	sink = s;
	if (++asked == wanted)
		loop_stop();
	return (struct ask *)told;
}

void __wrap_ask_stop(struct ask *ask)
{
	sink = NULL;
}

uint64_t __wrap_now_ms(void)
{
	return now;
}

size_t __wrap_hooks_count(void)
{
	return n_hooks;
}

void __wrap_hooks_tell_now(json_t *event)
{
	snprintf(told, sizeof(told), "%s %s", json_string_value(json_object_get(event, "event")),
		 json_string_value(json_object_get(event, "peer")));
	json_decref(event);
}

static void configure(void)
{
	json_t *config = json_pack("{s:{s:{s:i}}}", "system", "unusual", "interval", 1);

	assert_non_null(config);
	watcher_set(config);
	json_decref(config);
}

/* The answer: B has sent TX bytes, and has no handshake. */
static void answer(unsigned tx)
{
	char *row = xasprintf("{\"interface\":\"wg0\",\"peer\":\"b\",\"state\":\"never\","
			      "\"handshake-seconds\":null,\"handshakes\":0,\"rx-bytes\":0,"
			      "\"tx-bytes\":%u}",
			      tx);

	now += 1000;
	sink->row(NULL, row, strlen(row));
	sink->end(NULL, ASK_ANSWERED, NULL);
	free(row);
}

static void until_asked(unsigned times)
{
	wanted = times;
	if (asked < times)
		loop_run();
	assert_int_equal(asked, times);
}

static void test_interval(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	configure(); /* there is no hook */
	assert_int_equal(asked, 0);
	n_hooks = 1;
	configure();
	until_asked(1);
	answer(100);
	configure();
	configure();
	assert_int_equal(asked, 1);
	until_asked(2);
	answer(200);
	assert_string_equal(told, "");
	until_asked(3);
	answer(300);
	assert_string_equal(told, "handshake-missing b");
	watcher_free();
	loop_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
