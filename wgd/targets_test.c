/* SPDX-License-Identifier: BSD-2-Clause */
/* Which endpoint is tried, and when names are looked up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "targets.h"
#include "util.h"

static char *const abc[] = {"192.0.2.1:1", "[2001:db8::2]:2", "192.0.2.3:3"};

static const char *pick(struct targets *ts)
{
	static char text[ENDPOINT_STRLEN];
	struct endpoint e;

	return targets_pick(ts, &e) ? endpoint_str(&e, text) : "none";
}

static struct endpoint at(const char *text)
{
	struct endpoint e;

	assert_int_equal(endpoint_parse(text, &e), 0);
	return e;
}

/* Two addresses, good for TTL seconds. */
static struct resolved answer(const char *one, const char *two, uint32_t ttl)
{
	struct resolved r = {.ttl = ttl};

	assert_int_equal(addr_parse(one, &r.addr[r.n++]), 0);
	if (two)
		assert_int_equal(addr_parse(two, &r.addr[r.n++]), 0);
	return r;
}

static void test_order(void **state)
{
	struct targets ts = {.current = -1};
	struct endpoint b = at(abc[1]);

	assert_string_equal(pick(&ts), "none");
	assert_true(targets_set(&ts, abc, 3));
	assert_false(targets_set(&ts, abc, 3));
	assert_string_equal(pick(&ts), abc[0]);
	targets_failed(&ts);
	assert_string_equal(pick(&ts), abc[1]);
	targets_failed(&ts);
	assert_string_equal(pick(&ts), abc[2]);
	targets_failed(&ts);
	assert_string_equal(pick(&ts), abc[0]); /* round again */
	targets_failed(&ts);
	targets_worked(&ts, &b); /* it came in from there */
	assert_int_equal(ts.current, 1);
	assert_string_equal(pick(&ts), abc[1]); /* what worked stands in front */
	targets_failed(&ts);
	assert_string_equal(pick(&ts), abc[1]);
	targets_free(&ts);
}

static void test_other_list(void **state)
{
	char *const changed[] = {"192.0.2.9:9", "192.0.2.1:1"};
	struct targets ts = {.current = -1};
	struct endpoint a = at(abc[0]);

	targets_set(&ts, abc, 3);
	pick(&ts);
	targets_failed(&ts);
	assert_true(targets_set(&ts, changed, 2));
	assert_int_equal(ts.current, 1); /* it is the second one now */
	assert_int_equal(ts.t[1].failures, 1);
	assert_int_equal(targets_find(&ts, &a), 1);
	a.port++;
	assert_int_equal(targets_find(&ts, &a), -1);
	assert_string_equal(pick(&ts), changed[0]);
	assert_true(targets_set(&ts, NULL, 0));
	assert_string_equal(pick(&ts), "none");
	targets_free(&ts);
}

static void test_name(void **state)
{
	char *const list[] = {"vpn.example.net:51820", "192.0.2.9:9"};
	struct resolved r = answer("2001:db8::1", "192.0.2.1", 60);
	struct targets ts = {.current = -1};

	targets_set(&ts, list, 2);
	assert_string_equal(ts.t[0].host, "vpn.example.net");
	assert_int_equal(targets_due(&ts, 1000, false), 0);
	assert_int_equal(targets_due(&ts, 1000, false), -1); /* asked already */
	assert_string_equal(pick(&ts), list[1]);	     /* the other one meanwhile */
	assert_false(targets_resolved(&ts, 0, "other.example.net", &r, 1000));
	assert_false(targets_resolved(&ts, 7, "vpn.example.net", &r, 1000));
	assert_true(targets_resolved(&ts, 0, "vpn.example.net", &r, 1000));
	assert_string_equal(pick(&ts), "[2001:db8::1]:51820");
	targets_failed(&ts);
	targets_failed(&ts); /* of both addresses */
	ts.t[1].failures = 5;
	assert_string_equal(pick(&ts), "[2001:db8::1]:51820");
	targets_failed(&ts);
	assert_string_equal(pick(&ts), "192.0.2.1:51820");
	assert_int_equal(targets_due(&ts, 60999, true), -1);
	assert_int_equal(targets_due(&ts, 61000, true), 0); /* its TTL has run out */
	r = answer("192.0.2.1", NULL, 0);
	targets_resolved(&ts, 0, "vpn.example.net", &r, 61000);
	assert_int_equal(ts.t[0].n, 1);
	assert_int_equal(ts.t[0].failures, 3); /* the same address as before */
	assert_int_equal(targets_due(&ts, 61000 + TARGETS_TTL_MIN_MS - 1, true), -1);
	assert_int_equal(targets_due(&ts, 61000 + TARGETS_TTL_MIN_MS, true), 0);
	r = answer("192.0.2.2", NULL, 1000000);
	targets_resolved(&ts, 0, "vpn.example.net", &r, 70000);
	assert_int_equal(ts.t[0].failures, 0); /* it lives elsewhere now */
	assert_int_equal(ts.t[0].expires, 70000 + TARGETS_TTL_MAX_MS);
	assert_int_equal(targets_due(&ts, 99999, true), -1);
	assert_int_equal(targets_due(&ts, 66000 + TARGETS_DOWN_MS, false), 0);
	targets_free(&ts);
}

static void test_no_answer(void **state)
{
	char *const list[] = {"vpn.example.net:51820"};
	struct resolved none = {.error = "gone"}, r = answer("192.0.2.1", NULL, 60);
	struct targets ts = {.current = -1};
	uint64_t now = 1000, pause = TARGETS_RETRY_MS;

	targets_set(&ts, list, 1);
	targets_due(&ts, now, false);
	targets_resolved(&ts, 0, "vpn.example.net", &r, now);
	now = 100000;
	assert_int_equal(targets_due(&ts, now, true), 0);
	for (unsigned i = 0; i < 6; i++) {
		targets_resolved(&ts, 0, "vpn.example.net", &none, now);
		assert_string_equal(pick(&ts), "192.0.2.1:51820"); /* what was known stays */
		assert_int_equal(targets_due(&ts, now + pause - 1, false), -1);
		now += pause;
		assert_int_equal(targets_due(&ts, now, false), 0);
		pause = pause * 2 < TARGETS_RETRY_MAX_MS ? pause * 2 : TARGETS_RETRY_MAX_MS;
	}
	assert_string_equal(ts.t[0].error, "gone");
	targets_free(&ts);
}

static bool only_ipv4(void *arg, const struct addr *a)
{
	return a->family == AF_INET;
}

static void test_no_way(void **state)
{
	char *const list[] = {"vpn.example.net:51820"};
	struct resolved r = answer("2001:db8::1", "192.0.2.1", 60);
	struct targets ts = {.current = -1, .usable = only_ipv4};

	targets_set(&ts, list, 1);
	targets_due(&ts, 0, false);
	targets_resolved(&ts, 0, "vpn.example.net", &r, 0);
	assert_string_equal(pick(&ts), "192.0.2.1:51820");
	targets_free(&ts);
}

static void test_zone(void **state)
{
	char *const list[] = {"[fe80::1%lo]:5", "[fe80::1%no-such-if]:5"};
	struct targets ts = {.current = -1};

	targets_set(&ts, list, 2);
	assert_int_equal(ts.t[0].n, 1);
	assert_int_equal(ts.t[0].at[0].scope_id, 1);
	assert_int_equal(ts.t[1].n, 0);
	assert_null(ts.t[1].host);
	assert_int_equal(targets_due(&ts, 0, false), -1);
	targets_free(&ts);
}

/* --- lookups: the files */

static struct resolved got;
static unsigned n_got;

static void on_resolved(uint32_t id, unsigned slot, const char *host, const struct resolved *r)
{
	assert_int_equal(id, 7);
	assert_int_equal(slot, 3);
	got = *r;
	n_got++;
	loop_stop();
}

static void test_hosts(void **state)
{
	char path[] = "/tmp/wgbgp-hosts-XXXXXX";
	int fd = mkstemp(path);
	static const char text[] = "# 192.0.2.9 vpn\n192.0.2.1\tother VPN.example.net # x\n"
				   "nonsense vpn.example.net\n2001:db8::1 vpn.example.net vpn\n";

	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	resolve_hosts_file = path;
	resolve_open(on_resolved);
	resolve_start(7, 3, "vpn.example.net");
	assert_int_equal(n_got, 0); /* never at once */
	loop_run();
	assert_int_equal(n_got, 1);
	assert_int_equal(got.n, 2);
	assert_null(got.error);
	assert_string_equal(ADDR_STR(&got.addr[0]), "2001:db8::1");
	assert_string_equal(ADDR_STR(&got.addr[1]), "192.0.2.1");
	resolve_start(7, 3, "vpn.example.net");
	resolve_cancel(7);
	event_base_loop(loop_base(), EVLOOP_NONBLOCK);
	assert_int_equal(n_got, 1);
	resolve_close();
	unlink(path);
	loop_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),  cmocka_unit_test(test_other_list),
		cmocka_unit_test(test_name),   cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_no_way), cmocka_unit_test(test_zone),
		cmocka_unit_test(test_hosts),
	};

	log_init("targets_test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
