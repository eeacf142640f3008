/* SPDX-License-Identifier: BSD-2-Clause */
/* notify: what systemd is told, and how often the watchdog hears of us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "loop_fake.h"
#include "notify.h"
#include "util.h"

static char told[4096];
static uint64_t period_us;
static int enabled;

int __wrap_sd_notify(int unset, const char *state);
int __wrap_sd_notifyf(int unset, const char *fmt, ...) PRINTF_LIKE(2, 3);
int __wrap_sd_watchdog_enabled(int unset, uint64_t *us);

int __wrap_sd_notify(int unset, const char *state)
{
	return __wrap_sd_notifyf(unset, "%s", state);
}

int __wrap_sd_notifyf(int unset, const char *fmt, ...)
{
	size_t len = strlen(told);
	va_list ap;

	assert_int_equal(unset, 0); /* children of ours are told as well */
	va_start(ap, fmt);
	len += (size_t)vsnprintf(told + len, sizeof(told) - len, fmt, ap);
	va_end(ap);
	snprintf(told + len, sizeof(told) - len, ";");
	return 1;
}

int __wrap_sd_watchdog_enabled(int unset, uint64_t *us)
{
	assert_int_equal(unset, 0);
	*us = period_us;
	return enabled;
}

static unsigned beats_in(unsigned ms)
{
	told[0] = '\0';
	for (unsigned i = 0; i < ms; i++) {
		loop_fake_pass(1000);
		loop_fake_turn();
	}
	return (unsigned)(strlen(told) / strlen("WATCHDOG=1;"));
}

/* Three times in its period, at once for the first time; never more often than each millisecond. */
static void test_watchdog(void **state)
{
	static const struct {
		int enabled;
		uint64_t us;
		unsigned beats; /* in 60 ms */
	} rows[] = {{0, 30000, 0}, {-1, 30000, 0}, {1, 0, 0},	 {1, 1, 60},	{1, 2999, 60},
		    {1, 3000, 60}, {1, 5999, 60},  {1, 6000, 30}, {1, 30000, 6}, {1, 180000, 1}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enabled = rows[i].enabled;
		period_us = rows[i].us;
		told[0] = '\0';
		notify_init();
		assert_string_equal(told, rows[i].beats ? "WATCHDOG=1;" : "");
		assert_int_equal(beats_in(60), rows[i].beats);
		notify_free();
		assert_int_equal(beats_in(60), 0);
	}
}

static void test_states(void **state)
{
	char want[512];

	told[0] = '\0';
	loop_fake_pass(1234);
	notify_ready("all is well");
	notify_status("100 % of it");
	notify_reloading();
	notify_stopping();
	snprintf(want, sizeof(want),
		 "READY=1\nSTATUS=all is well;STATUS=100 %% of it;RELOADING=1\n"
		 "MONOTONIC_USEC=%llu;STOPPING=1;",
		 (unsigned long long)now_us());
	assert_string_equal(told, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
