/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said of prefixes that lost their last path: those that have none when it is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "rig.h"
#include "tunnel.h"

void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...);

static char said[1024];

void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	size_t at = strlen(said);
	va_list ap;

	if (strcmp(event, "last-path-lost") != 0)
		return;
	va_start(ap, fmt);
	vsnprintf(said + at, sizeof(said) - at, fmt, ap);
	va_end(ap);
	strncat(said, "\n", sizeof(said) - strlen(said) - 1);
}

static void expect(const char *lines)
{
	assert_string_equal(said, lines);
	said[0] = '\0';
}

static int setup(void **state)
{
	rig_begin();
	rig_configure("{'rib': {}, " RIG_PERMIT "}");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.1", NULL, TUNNEL_UP);
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_bgp("10.2.0.0/16", "10.9.0.1");
	rig_bgp("10.3.0.0/16", "10.9.1.1");
	rig_settle();
	said[0] = '\0';
	return 0;
}

static void lose(const char *prefix)
{
	rig_bgp(prefix, "");
	rig_settle();
}

static void test_said(void **state)
{
	lose("10.1.0.0/16");
	lose("10.3.0.0/16");
	expect("");
	rig_pass(1000);
	expect("peer=p1 interface=wg0 prefixes=2 first=10.1.0.0/16\n");
	rig_pass(120000);
	expect("");
}

/* Another tunnel has it, at once or soon. */
static void test_back_in_time(void **state)
{
	lose("10.1.0.0/16");
	lose("10.3.0.0/16");
	rig_bgp("10.1.0.0/16", "10.9.1.1");
	rig_pass(1000);
	expect("peer=p2 interface=wg1 prefixes=1 first=10.3.0.0/16\n");
}

/* A minute later it is of what is lost then, once each. */
static void test_of_now(void **state)
{
	lose("10.1.0.0/16");
	rig_pass(1000);
	expect("peer=p1 interface=wg0 prefixes=1 first=10.1.0.0/16\n");
	for (int i = 0; i < 3; i++) {
		rig_bgp("10.1.0.0/16", "10.9.0.1");
		rig_pass(1000);
		lose("10.1.0.0/16");
		rig_pass(1000);
	}
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_pass(60000);
	expect("");
	lose("10.2.0.0/16");
	lose("10.1.0.0/16");
	rig_bgp("10.2.0.0/16", "10.9.0.1");
	rig_settle();
	lose("10.2.0.0/16");
	rig_pass(1000);
	expect("peer=p1 interface=wg0 prefixes=2 first=10.1.0.0/16\n");
}

/* There is an end to what is remembered, not to what is counted. */
static void test_many(void **state)
{
	char prefix[32];

	for (int i = 0; i < 1500; i++) {
		snprintf(prefix, sizeof(prefix), "10.%d.%d.0/24", 64 + i / 256, i % 256);
		rig_bgp(prefix, "10.9.0.1");
	}
	rig_settle();
	for (int i = 0; i < 1500; i++) {
		snprintf(prefix, sizeof(prefix), "10.%d.%d.0/24", 64 + i / 256, i % 256);
		rig_bgp(prefix, "");
	}
	rig_pass(1000);
	assert_non_null(strstr(said, "prefixes=1500 "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_CHECK(test_said, setup),
		RIG_CHECK(test_back_in_time, setup),
		RIG_CHECK(test_of_now, setup),
		RIG_CHECK(test_many, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
