/* SPDX-License-Identifier: BSD-2-Clause */
/* interfaces: what wgd says of them, as one text; whether all have had their word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "interfaces.h"
#include "util.h"

static unsigned changes;

static void on_change(void)
{
	changes++;
}

/* ERROR NULL: none. True: it was heard. */
static bool hear(enum daemon_id id, const char *event, const char *name, const char *state,
		 const char *error)
{
	unsigned before = changes;
	json_t *json = json_pack("{s:s*, s:s*, s:s*, s:s*}", "event", event, "interface", name,
				 "state", state, "error", error);

	interfaces_event(id, json);
	json_decref(json);
	return changes > before;
}

static bool word(const char *name, const char *state, const char *error)
{
	return hear(DAEMON_WGD, "interface-state", name, state, error);
}

static void assert_status(const char *want)
{
	char *got = interfaces_status();

	assert_string_equal(got, want);
	free(got);
}

static void test_status(void **state)
{
	interfaces_init(on_change);
	assert_status("Running");
	assert_true(word("wg0", "ready", NULL));
	assert_status("Running");
	assert_true(word("wg1", "refused", "no such key"));
	assert_true(word("wg2", "waiting", "no device"));
	assert_status("Running; interface wg1 is refused: no such key; interface wg2 is waiting: "
		      "no device");
	assert_true(word("wg1", "ready", NULL)); /* its last word counts */
	assert_true(word("wg0", "refused", "lost"));
	assert_status(
		"Running; interface wg2 is waiting: no device; interface wg0 is refused: lost");
	assert_true(word("wg2", "removed", "gone"));
	assert_status("Running; interface wg0 is refused: lost");
	interfaces_daemon_gone(DAEMON_BGPD);
	assert_status("Running; interface wg0 is refused: lost");
	interfaces_daemon_gone(DAEMON_WGD); /* its successor says it again */
	assert_status("Running");
	interfaces_free();
	changes = 0;
	word("wg0", "ready", NULL); /* nobody is told */
	assert_int_equal(changes, 0);
	interfaces_free();
}

static void test_not_a_word(void **state)
{
	interfaces_init(on_change);
	assert_false(hear(DAEMON_ZEBRA, "interface-state", "wg0", "refused", "x"));
	assert_false(hear(DAEMON_WGD, "interface", "wg0", "refused", "x"));
	assert_false(hear(DAEMON_WGD, NULL, "wg0", "refused", "x"));
	assert_false(hear(DAEMON_WGD, "interface-state", NULL, "refused", "x"));
	assert_false(hear(DAEMON_WGD, "interface-state", "wg0", NULL, "x"));
	assert_status("Running");
	interfaces_free();
}

static void test_settled(void **state)
{
	json_t *config = json_loads("{\"wireguard\":{\"interface\":[{\"name\":\"wg0\"},"
				    "{\"name\":\"wg1\"}]}}",
				    0, NULL),
	       *none = json_object();

	interfaces_init(on_change);
	assert_true(interfaces_settled(none));
	assert_false(interfaces_settled(config));
	word("wg1", "refused", "x");
	assert_false(interfaces_settled(config));
	word("wg0", "starting", NULL);
	assert_false(interfaces_settled(config));
	word("wg0", "ready", NULL);
	assert_true(interfaces_settled(config));
	word("wg1", "removed", NULL);
	assert_false(interfaces_settled(config));
	interfaces_free();
	json_decref(config);
	json_decref(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_not_a_word),
		cmocka_unit_test(test_settled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
