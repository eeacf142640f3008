/* SPDX-License-Identifier: BSD-2-Clause */
/* planned: what is said where a plan does not hold any more, by rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "change_now.h"
#include "datastore.h"
#include "loop_fake.h"
#include "planned.h"
#include "quoted.h"
#include "util.h"

static struct datastore_version running = {.generation = 7};
static ask_fn asked;
static void *asked_arg;
static char warned[512];
static unsigned passed;

void __wrap_ask_daemon(enum daemon_id id, json_t *request, ask_fn fn, void *arg);
const struct datastore_version *__wrap_datastore_running(void);
void __wrap_change_now_warn(json_t *warnings, const char *text);

void __wrap_ask_daemon(enum daemon_id id, json_t *request, ask_fn fn, void *arg)
{
	assert_int_equal(id, DAEMON_BGPD);
	json_decref(request);
	asked = fn;
	asked_arg = arg;
}

const struct datastore_version *__wrap_datastore_running(void)
{
	return &running;
}

void __wrap_change_now_warn(json_t *warnings, const char *text)
{
	size_t len = strlen(warned);

	snprintf(warned + len, sizeof(warned) - len, "%s\n", text);
}

static void on_passed(const char *error)
{
	assert_null(error);
	passed++;
}

static void answer(int epoch)
{
	json_t *json = epoch < 0 ? NULL : json_pack("{s:i}", "table-epoch", epoch);

	if (asked)
		asked(asked_arg, json, json ? NULL : "silent");
	json_decref(json);
}

static const struct {
	const char *planned; /* with ' for "; NULL: nothing was */
	int epoch;	     /* now; -1: bgpd does not say */
	const char *says;    /* NULL: nothing */
} rows[] = {
	{NULL, 5, NULL},
	{"{'generation': 7, 'table-epoch': 5}", 5, NULL},
	{"{'generation': 7, 'table-epoch': 5}", -1, NULL},
	{"{'generation': 7, 'table-epoch': null}", 5, NULL},
	{"{'generation': 6, 'table-epoch': 5}", 5, "another configuration has come into force"},
	{"{'generation': 7, 'table-epoch': 5}", 8, "other next hops 3 times"},
	{"{'generation': 7, 'table-epoch': 5}", 2, "bgpd was started again"},
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct change_ask ask = {0};
		json_t *json = rows[i].planned ? quoted(rows[i].planned) : NULL;

		ask.planned = json;
		warned[0] = '\0';
		passed = 0;
		asked = NULL;
		planned_mind(&ask);
		planned_pass(on_passed);
		answer(rows[i].epoch);
		assert_int_equal(passed, 1);
		if (rows[i].says ? !strstr(warned, rows[i].says) : warned[0] != '\0')
			fail_msg("row %zu: \"%s\"", i, warned);
		json_decref(json);
	}
}

/* Nobody waits for a bgpd that says nothing, nor is called when the change has ended. */
static void test_silence(void **state)
{
	json_t *json = json_pack("{s:i, s:i}", "generation", 7, "table-epoch", 5);
	const struct change_ask ask = {.planned = json};

	passed = 0;
	planned_mind(&ask);
	planned_pass(on_passed);
	loop_fake_pass(1100000);
	loop_fake_turn();
	assert_int_equal(passed, 1);
	answer(9);
	assert_int_equal(passed, 1);
	planned_mind(&ask);
	planned_pass(on_passed);
	planned_end();
	answer(9);
	loop_fake_pass(1100000);
	loop_fake_turn();
	assert_int_equal(passed, 1);
	assert_string_equal(warned, "");
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
