/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said of prefixes that lost their last path, and of those that have one again: each is of
 * what is so when it is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "log.h"
#include "rib_lost.h"
#include "rig.h"
#include "tunnel.h"

#define MINUTE 60000
#define KEEP_MS 600000 /* keep-in-time */

void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...);

static char said[4096];

/* "lost" or "back", and the line. */
void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	static const char kind[] = "last-path-";
	size_t at = strlen(said), room = sizeof(said) - at;
	va_list ap;

	if (strncmp(event, kind, strlen(kind)) != 0)
		return;
	at += (size_t)snprintf(said + at, room, "%s ", event + strlen(kind));
	va_start(ap, fmt);
	vsnprintf(said + at, sizeof(said) - at, fmt, ap);
	va_end(ap);
	strncat(said, "\n", sizeof(said) - strlen(said) - 1);
}

/* The prefixes 10.1.0.0/16 and 10.2.0.0/16 by the peer p1 on wg0, 10.3.0.0/16 by p2 on wg1. */
static int setup(void **state)
{
	rig_begin();
	rig_configure("{'rib': {'keep-in-time': 600}, " RIG_PERMIT "}");
	rig_peer(1, RIG_WG0, "10.9.0.1", NULL, TUNNEL_UP);
	rig_peer(2, RIG_WG1, "10.9.1.1", NULL, TUNNEL_UP);
	rig_bgp("10.1.0.0/16", "10.9.0.1");
	rig_bgp("10.2.0.0/16", "10.9.0.1");
	rig_bgp("10.3.0.0/16", "10.9.1.1");
	rig_settle();
	said[0] = '\0';
	return 0;
}

/* Each prefix of CHANGES, like "1 -3 2*": 10.3.0.0/16 is withdrawn, 10.2.0.0/16 comes by p2. */
static void change(const char *changes)
{
	char prefix[32];

	for (const char *at = changes; *at; at++) {
		bool gone = *at == '-', other = at[1 + gone] == '*';

		at += gone;
		snprintf(prefix, sizeof(prefix), "10.%c.0.0/16", *at);
		rig_bgp(prefix, gone ? "" : other || *at == '3' ? "10.9.1.1" : "10.9.0.1");
		rig_settle();
		at += other + (at[1 + other] == ' ');
	}
}

struct step {
	const char *changes;
	unsigned ms;	    /* that go by then */
	const char *expect; /* what was said meanwhile */
};
#define P1 "peer=p1 interface=wg0 "
#define P2 "peer=p2 interface=wg1 "
#define LOST_1 "lost " P1 "prefixes=1 first=10.1.0.0/16\n"
#define BACK_1 "back " P1 "prefixes=1 first=10.1.0.0/16 lost=0\n"

static const struct {
	const char *what;
	struct step steps[8];
} rows[] = {
	{"gathered, once each",
	 {{"-1 -3", 0, ""},
	  {"", 1000, "lost " P1 "prefixes=2 first=10.1.0.0/16\n"},
	  {"", 2 * MINUTE, ""},
	  {"3 1", 0, ""},
	  {"", 1000, "back " P2 "prefixes=2 first=10.3.0.0/16 lost=0\n"},
	  {"", 2 * MINUTE, ""},
	  {"-1", 1000, LOST_1},
	  {"1", 1000, BACK_1}}},
	{"another tunnel has it, at once or soon",
	 {{"-1 -3 1*", 1000, "lost " P2 "prefixes=1 first=10.3.0.0/16\n"},
	  {"-1 1", 2 * MINUTE, ""}}},
	{"back by another tunnel",
	 {{"-1", 1000, LOST_1}, {"1*", 1000, "back " P2 "prefixes=1 first=10.1.0.0/16 lost=0\n"}}},
	{"not all of them",
	 {{"-1 -2 -3", 1000, "lost " P1 "prefixes=3 first=10.1.0.0/16\n"},
	  {"2", 1000, "back " P1 "prefixes=1 first=10.2.0.0/16 lost=2\n"},
	  {"1", MINUTE - 2000, ""},
	  {"3", 2000, "back " P1 "prefixes=2 first=10.1.0.0/16 lost=0\n"}}},
	{"lost again before it was said to be back",
	 {{"-1 -2", 1000, "lost " P1 "prefixes=2 first=10.1.0.0/16\n"},
	  {"1 2 -1", 1000, "back " P1 "prefixes=1 first=10.2.0.0/16 lost=1\n"},
	  {"", 2 * MINUTE, ""},
	  {"1", 1000, BACK_1},
	  {"1 -1 1", 2 * MINUTE, ""}}},
	{"all of them lost again before that",
	 {{"-1", 1000, LOST_1}, {"1 -1", 2 * MINUTE, ""}, {"1", 1000, BACK_1}}},
	{"what was never said to be lost is not back", {{"-1 1 -1 1", 2 * MINUTE, ""}}},
	{"one line a minute, of what is lost then",
	 {{"-1", 1000, LOST_1},
	  {"1", 1000, BACK_1},
	  {"-2 -1 2", 1000, ""},
	  {"-2", MINUTE, "lost " P1 "prefixes=2 first=10.1.0.0/16\n"},
	  {"2 1 -1 1 -1", 1000, "back " P1 "prefixes=1 first=10.2.0.0/16 lost=1\n"}}},
	{"keep-in-time ends",
	 {{"-1", 1000, LOST_1},
	  {"", KEEP_MS / 2, ""},
	  {"-3", 1000, "lost " P2 "prefixes=1 first=10.3.0.0/16\n"},
	  {"", KEEP_MS / 2, ""},
	  {"1 3", 1000, "back " P2 "prefixes=1 first=10.3.0.0/16 lost=0\n"}}},
};

static void row_run(const char *what, const struct step *s, const struct step *end)
{
	for (; s < end && s->changes; s++) {
		change(s->changes);
		rig_pass(s->ms);
		if (strcmp(said, s->expect) != 0)
			fail_msg("%s, \"%s\":\n%swanted:\n%s", what, s->changes, said, s->expect);
		said[0] = '\0';
	}
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		rig_end(state);
		setup(state);
		row_run(rows[i].what, rows[i].steps, rows[i].steps + ARRAY_SIZE(rows[i].steps));
	}
}

static unsigned said_lines(const char *kind)
{
	unsigned n = 0;

	for (const char *at = said; (at = strstr(at, kind)); at++)
		n++;
	return n;
}

/* Ten minutes of a tunnel that goes and comes each three seconds. */
static void test_flapping(void **state)
{
	for (int i = 0; i < 200; i++) {
		change("-1 -2");
		rig_pass(1500);
		change("1 2");
		rig_pass(1500);
	}
	rig_pass(MINUTE);
	assert_in_range(said_lines("lost peer"), 1, 10);
	assert_in_range(said_lines("back peer"), 1, 11);
	assert_string_equal(strrchr(said, '=') + 1, "0\n");
}

/* Somebody else has a route for it: it goes another way, and is not lost. */
static void test_other_route(void **state)
{
	rig_kernel(true, "10.1.0.0/16", RTPROT_STATIC, 5, RIG_U1, NULL);
	rig_pass(1000);
	assert_non_null(strstr(rig_told(), "10.1.0.0/16"));
	change("-1");
	rig_pass(2 * MINUTE);
	assert_string_equal(said, "");
}

static void test_cleared(void **state)
{
	struct prefix p = rig_prefix("10.2.0.0/16");

	change("-1 -2 -3");
	rig_pass(1000);
	rib_lost_forget(&p);
	rib_lost_forget(&p);
	said[0] = '\0';
	change("2 1");
	rig_pass(1000);
	assert_string_equal(said, "back " P1 "prefixes=1 first=10.1.0.0/16 lost=1\n");
	rib_lost_forget(NULL);
	said[0] = '\0';
	change("3");
	rig_pass(2 * MINUTE);
	assert_string_equal(said, "");
}

static void many(unsigned from, unsigned to, const char *by)
{
	char prefix[32];

	for (unsigned i = from; i < to; i++) {
		snprintf(prefix, sizeof(prefix), "10.%u.%u.0/24", 64 + i / 256, i % 256);
		rig_bgp(prefix, by);
	}
	rig_settle();
	rig_pass(1000);
}

/* There is an end to the names, not to what is counted as lost, and as back. */
static void test_many(void **state)
{
	many(0, 1500, "10.9.0.1");
	many(0, 1500, "");
	assert_non_null(strstr(said, "lost " P1 "prefixes=1500 "));
	said[0] = '\0';
	many(0, 1024, "10.9.0.1");
	assert_non_null(strstr(said, "back " P1 "prefixes=1024 "));
	assert_non_null(strstr(said, " lost=476\n"));
	said[0] = '\0';
	many(1024, 1500, "10.9.0.1");
	rig_pass(MINUTE);
	assert_non_null(strstr(said, "back " P1 "prefixes=476 "));
	assert_non_null(strstr(said, " lost=0\n"));
	many(0, 1500, "");
	said[0] = '\0';
	many(0, 1500, "10.9.0.1");
	rig_pass(MINUTE);
	assert_non_null(strstr(said, "back " P1 "prefixes=1500 "));
	assert_non_null(strstr(said, " lost=0\n"));
	rig_pass(MINUTE);
	said[0] = '\0';
	change("-1");
	rig_pass(1000);
	assert_string_equal(said, LOST_1);
}

/* Those without a name are forgotten, too. */
static void test_many_forgotten(void **state)
{
	many(0, 1500, "10.9.0.1");
	many(0, 1500, "");
	rib_lost_forget(NULL);
	said[0] = '\0';
	many(1024, 1500, "10.9.0.1");
	assert_string_equal(said, "");
	rig_pass(MINUTE);
	many(1024, 1500, "");
	many(0, 1024, "10.9.0.1");
	many(0, 1024, "");
	rig_pass(MINUTE + KEEP_MS);
	said[0] = '\0';
	many(0, 1500, "10.9.0.1");
	assert_string_equal(said, "");
}

/* Of those that were said to be lost the oldest lose their names. */
static void test_oldest_out(void **state)
{
	many(0, 1500, "10.9.0.1");
	many(0, 1000, "");
	rig_pass(MINUTE);
	many(1000, 1500, "");
	assert_non_null(strstr(said, "lost " P1 "prefixes=500 "));
	said[0] = '\0';
	many(1000, 1500, "10.9.0.1");
	assert_non_null(strstr(said, "back " P1 "prefixes=500 "));
	assert_non_null(strstr(said, " lost=1000\n"));
	many(0, 1000, "10.9.0.1");
	rig_pass(MINUTE);
	assert_non_null(strstr(said, "back " P1 "prefixes=1000 "));
	assert_non_null(strstr(said, " lost=0\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_CHECK(test_rows, setup),	       RIG_CHECK(test_flapping, setup),
		RIG_CHECK(test_cleared, setup),	       RIG_CHECK(test_many, setup),
		RIG_CHECK(test_other_route, setup),    RIG_CHECK(test_oldest_out, setup),
		RIG_CHECK(test_many_forgotten, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
