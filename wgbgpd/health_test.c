/* SPDX-License-Identifier: BSD-2-Clause */
/* health: which losses take a trial back, with a clock that is turned and far ends that are played.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "change_now.h"
#include "health.h"
#include "loop_fake.h"
#include "pinger.h"
#include "util.h"

#define TICK_MS 200

/* ---- far ends */

static struct far {
	struct pinger *pinger; /* NULL: it is closed */
	char to[ADDR_STRLEN], from[ADDR_STRLEN];
	bool answers;
	unsigned delay_ms;
	uint32_t asked[4096]; /* when, ms / TICK_MS */
	uint32_t n, told;
} fars[HEALTH_ADDRESSES_MAX];
static unsigned n_fars;
static bool refuse; /* a socket */

int __wrap_pinger_open(struct pinger *p, const struct addr *to, const struct addr *from,
		       void (*answered)(void *arg, uint32_t number), void *arg);
int __wrap_pinger_send(struct pinger *p, uint32_t number);
void __wrap_pinger_close(struct pinger *p);
void __wrap_change_now_warn(json_t *warnings, const char *text);

int __wrap_pinger_open(struct pinger *p, const struct addr *to, const struct addr *from,
		       void (*answered)(void *arg, uint32_t number), void *arg)
{
	struct far *f = &fars[n_fars];

	if (refuse)
		return -EPERM;
	n_fars++;
	*f = (struct far){.pinger = p, .answers = true};
	snprintf(f->to, sizeof(f->to), "%s", ADDR_STR(to));
	snprintf(f->from, sizeof(f->from), "%s", from && from->family ? ADDR_STR(from) : "");
	*p = (struct pinger){.answered = answered, .arg = arg};
	return 0;
}

static struct far *far_of(const struct pinger *p)
{
	for (unsigned i = 0; i < n_fars; i++)
		if (fars[i].pinger == p)
			return &fars[i];
	fail_msg("a closed one");
	return NULL;
}

int __wrap_pinger_send(struct pinger *p, uint32_t number)
{
	struct far *f = far_of(p);

	assert_int_equal(number, f->n);
	f->asked[f->n++] = (uint32_t)now_ms();
	return 0;
}

void __wrap_pinger_close(struct pinger *p)
{
	far_of(p)->pinger = NULL;
}

/* Nothing else is watched. */
void __wrap_steady_mind(const json_t *before, const json_t *after);
void __wrap_steady_pass(void (*done)(const char *error));
void __wrap_steady_begin(void (*fails)(const char *why));
void __wrap_steady_end(void);

void __wrap_steady_mind(const json_t *before, const json_t *after)
{
}

void __wrap_steady_pass(void (*done)(const char *error))
{
	done(NULL);
}

void __wrap_steady_begin(void (*fails)(const char *why))
{
}

void __wrap_steady_end(void)
{
}

static char warned[512];

void __wrap_change_now_warn(json_t *warnings, const char *text)
{
	snprintf(warned, sizeof(warned), "%s", text);
}

static void far_tell(struct far *f)
{
	for (; f->pinger && f->told < f->n; f->told++) {
		if (f->answers && now_ms() < f->asked[f->told] + f->delay_ms)
			return;
		if (f->answers)
			f->pinger->answered(f->pinger->arg, f->told);
	}
}

static void pass(unsigned ms)
{
	for (unsigned i = 0; i < ms; i += 20) {
		loop_fake_pass(20000);
		loop_fake_turn();
		for (unsigned k = 0; k < n_fars; k++)
			far_tell(&fars[k]);
	}
}

/* ---- what is said */

static char said[256];
static unsigned passed, failed;

static void on_passed(const char *error)
{
	assert_null(error);
	passed++;
}

static void on_failed(const char *why)
{
	failed++;
	snprintf(said, sizeof(said), "%s", why);
	health_end(); /* as who takes the trial back does */
}

/* Up to the change. */
static void begin(const char *expect, const char *from, const char *at)
{
	struct change_ask ask = {.seconds = 60, .expect = expect, .from = from, .at = at};
	char why[256];

	assert_true(health_mind(&ask, NULL, NULL, why, sizeof(why)));
	health_pass(on_passed);
}

static int setup(void **state)
{
	n_fars = passed = failed = 0;
	said[0] = warned[0] = '\0';
	refuse = false;
	return 0;
}

static int teardown(void **state)
{
	health_end();
	return 0;
}

static void test_loss(void **state)
{
	uint64_t cut;

	begin("10.0.0.1,10.0.0.2", NULL, NULL);
	assert_int_equal(passed, 0);
	pass(300);
	assert_int_equal(passed, 1);
	assert_string_equal(warned, "");
	assert_true(health_begin(on_failed));
	pass(60000);
	assert_int_equal(failed, 0);
	/* Four in a row are not enough, nor many that are not in a row. */
	fars[1].answers = false;
	pass(4 * TICK_MS);
	fars[1].answers = true;
	pass(5000);
	for (unsigned i = 0; i < 50; i++) {
		fars[1].answers = i % 5 == 0;
		pass(TICK_MS);
	}
	assert_int_equal(failed, 0);
	fars[1].answers = true;
	pass(5000);
	fars[1].answers = false;
	cut = now_ms();
	while (!failed && now_ms() < cut + 5000)
		pass(20);
	assert_in_range(now_ms() - cut, 1800, 2400);
	assert_int_equal(failed, 1);
	assert_string_equal(said, "10.0.0.2 does not answer any more: 5 echo requests in a row");
	assert_null(fars[0].pinger);
}

/* What a change cuts is found out at once, by as much as the way there and back allows. */
static void test_cut_by_the_change(void **state)
{
	static const struct {
		unsigned delay_ms, least, most; /* ms, to the end of it */
	} rows[] = {{0, 1000, 1500}, {100, 1000, 1600}, {200, 1200, 2000}, {700, 1200, 2400}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t cut;

		n_fars = failed = 0;
		begin("10.0.0.1", NULL, NULL);
		fars[0].delay_ms = rows[i].delay_ms;
		pass(2000);
		health_begin(on_failed);
		pass(100);
		fars[0].answers = false;
		cut = now_ms();
		while (!failed && now_ms() < cut + 5000)
			pass(20);
		if (now_ms() - cut < rows[i].least || now_ms() - cut > rows[i].most)
			fail_msg("row %zu: %u ms", i, (unsigned)(now_ms() - cut));
	}
}

/* A change that costs some requests, and answers that take longer from then on, are no loss. */
static void test_late_after_the_change(void **state)
{
	begin("10.0.0.1", NULL, NULL);
	pass(300);
	health_begin(on_failed);
	fars[0].answers = false;
	pass(4 * TICK_MS);
	fars[0].answers = true;
	fars[0].delay_ms = 250;
	pass(30000);
	assert_int_equal(failed, 0);
}

static void on_returning(const char *why)
{
	failed++;
	health_return();
}

/* While the change is taken back requests go on: with the last ones tunnels begin anew. */
static void test_return(void **state)
{
	uint32_t n;

	begin("10.0.0.1", NULL, NULL);
	pass(300);
	health_begin(on_returning);
	fars[0].answers = false;
	pass(3000);
	assert_int_equal(failed, 1);
	n = fars[0].n;
	pass(1000);
	assert_int_equal(failed, 1);
	assert_int_equal(fars[0].n, n + 1000 / TICK_MS);
	health_end();
	assert_int_equal(fars[0].n, n + 1000 / TICK_MS + 1);
	assert_null(fars[0].pinger);
}

/* What is lost while the change is being made counts as soon as it is. */
static void test_loss_meanwhile(void **state)
{
	begin("10.0.0.1", NULL, NULL);
	pass(300);
	fars[0].answers = false;
	pass(4000);
	assert_int_equal(failed, 0);
	health_begin(on_failed);
	pass(2 * TICK_MS);
	assert_int_equal(failed, 1);
}

/* It counts from its first answer on. */
static void test_silent_before(void **state)
{
	begin("10.0.0.1,10.0.0.2", NULL, NULL);
	fars[0].answers = false;
	pass(900);
	assert_int_equal(passed, 0);
	pass(400);
	assert_int_equal(passed, 1);
	assert_string_equal(warned,
			    "10.0.0.1 does not answer before the change: it counts from its first "
			    "answer on");
	health_begin(on_failed);
	pass(30000);
	assert_int_equal(failed, 0);
	fars[0].answers = true;
	pass(1000);
	fars[0].answers = false;
	pass(3000);
	assert_int_equal(failed, 1);
}

/* A round trip of most of a second. */
static void test_slow(void **state)
{
	begin("10.0.0.1", NULL, NULL);
	fars[0].delay_ms = 900;
	pass(1200);
	health_begin(on_failed);
	pass(30000);
	assert_int_equal(failed, 0);
}

/* Another life: tunnels come up first. */
static void test_resumed(void **state)
{
	begin("10.0.0.1,10.0.0.2", "10.0.0.3", NULL);
	fars[1].answers = false;
	pass(1200);
	health_begin(on_failed);
	assert_string_equal(health_watched(), "10.0.0.1,10.0.0.3");
	health_end();
	n_fars = 0;
	health_resume("10.0.0.1,10.0.0.3", "10.0.0.3", on_failed);
	fars[0].answers = fars[1].answers = false;
	pass(29000);
	assert_int_equal(failed, 0);
	fars[0].answers = true;
	pass(1400);
	assert_int_equal(failed, 1);
	assert_non_null(strstr(said, "your own path is cut, 10.0.0.3"));
	n_fars = 0;
	health_resume("10.0.0.1", NULL, on_failed);
	pass(60000);
	assert_int_equal(failed, 1);
	fars[0].answers = false;
	pass(3000);
	assert_int_equal(failed, 2);
	health_resume(NULL, NULL, on_failed);
	assert_string_equal(health_watched(), "");
}

static void test_own_path(void **state)
{
	begin(NULL, "198.51.100.7", "10.0.0.9");
	assert_string_equal(fars[0].to, "198.51.100.7");
	assert_string_equal(fars[0].from, "10.0.0.9");
	pass(300);
	health_begin(on_failed);
	fars[0].answers = false;
	pass(3000);
	assert_string_equal(said, "your own path is cut, 198.51.100.7 does not answer any more: 5 "
				  "echo requests in a row");
	/* Nobody asked for it: what cannot be watched is none. */
	begin(NULL, "a.example", NULL);
	assert_false(health_begin(on_failed));
	refuse = true;
	begin(NULL, "198.51.100.7", NULL);
	assert_false(health_begin(on_failed));
}

static void test_nothing(void **state)
{
	struct change_ask ask = {.expect = "10.0.0.1", .from = "10.0.0.2"};
	char why[256] = "", many[512] = "10.0.0.1";

	assert_true(health_mind(&ask, NULL, NULL, why, sizeof(why))); /* for good */
	health_pass(on_passed);
	assert_int_equal(passed, 1);
	assert_false(health_begin(on_failed));
	ask.seconds = 60;
	ask.expect = "10.0.0.1,nowhere";
	assert_false(health_mind(&ask, NULL, NULL, why, sizeof(why)));
	assert_string_equal(why, "expect: 'nowhere' is no address");
	refuse = true;
	ask.expect = "10.0.0.1";
	assert_false(health_mind(&ask, NULL, NULL, why, sizeof(why)));
	assert_non_null(strstr(why, "10.0.0.1 cannot be watched"));
	refuse = false;
	health_end();
	n_fars = 0;
	for (unsigned i = 1; i <= HEALTH_ADDRESSES_MAX; i++)
		strcat(many, ",10.0.0.1");
	ask.expect = many;
	assert_false(health_mind(&ask, NULL, NULL, why, sizeof(why)));
	assert_string_equal(why, "more than 16 addresses are expected");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_loss),
		TEST(test_loss_meanwhile),
		TEST(test_silent_before),
		TEST(test_cut_by_the_change),
		TEST(test_late_after_the_change),
		TEST(test_return),
		TEST(test_slow),
		TEST(test_resumed),
		TEST(test_own_path),
		TEST(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
