/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What liveness, echo and quality conclude, step by step, from scripts of what is seen: whole
 * traces of their verdicts with the times at which they change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "echo.h"
#include "quality.h"
#include "rig.h"

static struct echo echo;
static struct conf_liveness echo_conf;
static struct quality quality;
static struct conf_quality quality_conf;
static char before[256];

static void say_echo(void)
{
	unsigned loss = quality_loss(&quality);
	char now[256];

	snprintf(now, sizeof(now), "%s%s%s%s%s%s needs %u", echo.outage ? " outage" : "",
		 echo_suspicious(&echo, &echo_conf, loss) ? " suspicious" : "",
		 echo_last_sent(&echo, &echo_conf, loss) ? " last" : "",
		 echo_dead(&echo, &echo_conf, loss) ? " dead" : "",
		 echo_large_due(&echo, &echo_conf, now_us()) ? " large-due" : "",
		 echo_black_hole(&echo, &echo_conf, loss) ? " black-hole" : "",
		 echo_needed(&echo_conf, loss));
	if (strcmp(now, before) != 0)
		rig_note("row %u lost %llu%s", echo.row, (unsigned long long)echo.lost, now);
	strcpy(before, now);
}

static void say_quality(void)
{
	if (quality_update(&quality, &quality_conf, echo_conf.degraded_loss, now_ms()))
		rig_note("cost %u%s latency %u jitter %u loss %u backoff %u", quality.cost,
			 quality.lossy ? " lossy" : "", quality.latency, quality.jitter,
			 quality_loss(&quality), quality.backoff);
}

static void send_one(bool large)
{
	echo_sent(&echo, now_us(), large);
	say_echo();
}

static void answer(uint16_t seq)
{
	struct echo_answer a = echo_received(&echo, seq, now_us());

	if (!a.known)
		rig_note("unknown");
	if (a.known && !a.first && !a.large) {
		quality_lost(&quality, a.lost);
		quality_answer(&quality, a.rtt);
	}
	if (a.lost)
		rig_note("lost %u", a.lost);
	say_echo();
	say_quality();
}

/* Each character is a request, 200 ms after the one before: `.` answered after MS ms, `x` not, `L`
 * a large one answered, `X` a large one not, `D` answered twice, `o` answered behind the next one.
 */
static void echoes(const char *script, unsigned ms)
{
	int late = -1;

	for (; *script; script++) {
		uint16_t seq = echo.next_seq;

		send_one(*script == 'L' || *script == 'X');
		loop_fake_pass(ms * 1000ull);
		if (strchr(".LD", *script))
			answer(seq);
		if (*script == 'D')
			answer(seq);
		if (late >= 0)
			answer((uint16_t)late);
		late = *script == 'o' ? seq : -1;
		loop_fake_pass((200 - ms) * 1000ull);
		echo_unanswered(&echo, &echo_conf, quality_loss(&quality), 50000, now_us());
		say_echo();
		say_quality();
	}
}

static void begin_echo(uint16_t seq)
{
	echo_conf = (struct conf_liveness){
		.echo = true, .echo_interval = 200, .echo_multiplier = 4, .degraded_loss = 3};
	quality_conf = (struct conf_quality){.latency_weight = 2,
					     .jitter_weight = 1,
					     .loss_weight = 3,
					     .step = 5,
					     .minimum_improvement = 20,
					     .hold = 3000};
	echo_init(&echo, seq);
	quality_init(&quality);
	before[0] = '\0';
	rig_forget();
}

static void test_echo(void **state)
{
	begin_echo(65530);
	echoes("xxxxxxxx..........xxxxxxxxxxxx......", 20);
	rig_expect("row 1 lost 0 needs 4\n"
		   "@2620\n"
		   "cost 40 latency 20000 jitter 0 loss 0 backoff 0\n"
		   "@4000\n"
		   "row 3 lost 0 suspicious needs 4\n"
		   "@4200\n"
		   "row 4 lost 0 suspicious last needs 4\n"
		   "@4400\n"
		   "row 4 lost 0 outage suspicious needs 4\n"
		   "@5000\n"
		   "row 8 lost 0 outage suspicious dead needs 4\n"
		   "@6020\n"
		   "row 0 lost 0 needs 4\n");
	begin_echo(0);
	echoes(".....o.o.x.x.xx.D.oo..", 20);
	answer(3);
	answer(60000);
	rig_expect("row 1 lost 0 needs 4\n"
		   "@1220\n"
		   "lost 1\n"
		   "row 0 lost 1 needs 7\n"
		   "cost 90 latency 20000 jitter 0 loss 166 backoff 0\n"
		   "unknown\n"
		   "@1620\n"
		   "lost 1\n"
		   "row 0 lost 2 needs 9\n"
		   "unknown\n"
		   "@2020\n"
		   "lost 1\n"
		   "row 0 lost 3 needs 10\n"
		   "cost 90 lossy latency 20000 jitter 0 loss 300 backoff 0\n"
		   "@2420\n"
		   "lost 1\n"
		   "row 0 lost 4 needs 11\n"
		   "@2800\n"
		   "cost 140 lossy latency 20000 jitter 0 loss 333 backoff 0\n"
		   "@3020\n"
		   "lost 2\n"
		   "row 0 lost 6 needs 13\n"
		   "@3220\n"
		   "row 0 lost 6 needs 12\n"
		   "unknown\n"
		   "@3820\n"
		   "row 0 lost 6 needs 11\n"
		   "@4020\n"
		   "lost 1\n"
		   "unknown\n"
		   "@4400\n"
		   "unknown\n"
		   "unknown\n");
	begin_echo(0);
	echo_conf.echo_size = 1400;
	echoes(".....X....X....X....X....X....L....XX..XX.", 20);
	rig_expect("row 1 lost 0 needs 4\n"
		   "@20\n"
		   "row 0 lost 0 large-due needs 4\n"
		   "@1000\n"
		   "row 0 lost 0 needs 4\n"
		   "@1220\n"
		   "cost 40 latency 20000 jitter 0 loss 0 backoff 0\n"
		   "@2000\n"
		   "row 0 lost 0 large-due needs 4\n"
		   "row 0 lost 0 needs 4\n"
		   "@3000\n"
		   "row 0 lost 0 large-due needs 4\n"
		   "row 0 lost 0 needs 4\n"
		   "@4000\n"
		   "row 0 lost 0 large-due needs 4\n"
		   "row 0 lost 0 needs 4\n"
		   "@5000\n"
		   "row 0 lost 0 large-due needs 4\n"
		   "row 0 lost 0 black-hole needs 4\n"
		   "@6000\n"
		   "row 0 lost 0 large-due black-hole needs 4\n"
		   "row 0 lost 0 black-hole needs 4\n"
		   "@6020\n"
		   "row 0 lost 0 needs 4\n"
		   "@7000\n"
		   "row 0 lost 0 large-due needs 4\n"
		   "row 0 lost 0 needs 4\n");
	begin_echo(0);
	echo_conf.echo_interval = 2000;
	echo_conf.echo_multiplier = 1;
	echoes("..xx....xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..", 20);
	rig_expect("row 1 lost 0 needs 1\n"
		   "@200\n"
		   "row 1 lost 0 suspicious last needs 1\n"
		   "@220\n"
		   "row 0 lost 0 needs 1\n"
		   "@400\n"
		   "row 1 lost 0 suspicious last needs 1\n"
		   "@600\n"
		   "row 1 lost 0 outage suspicious needs 1\n"
		   "row 2 lost 0 outage suspicious dead needs 1\n"
		   "@820\n"
		   "row 0 lost 0 needs 1\n"
		   "@1000\n"
		   "row 1 lost 0 suspicious last needs 1\n"
		   "@1020\n"
		   "row 0 lost 0 needs 1\n"
		   "@1200\n"
		   "row 1 lost 0 suspicious last needs 1\n"
		   "@1220\n"
		   "row 0 lost 0 needs 1\n"
		   "@1400\n"
		   "row 1 lost 0 suspicious last needs 1\n"
		   "@1420\n"
		   "row 0 lost 0 needs 1\n"
		   "@1600\n"
		   "row 1 lost 0 suspicious last needs 1\n"
		   "@1800\n"
		   "row 1 lost 0 outage suspicious needs 1\n"
		   "row 2 lost 0 outage suspicious dead needs 1\n"
		   "@7620\n"
		   "row 0 lost 0 needs 1\n"
		   "@7800\n"
		   "row 1 lost 0 suspicious last needs 1\n"
		   "@7820\n"
		   "row 0 lost 0 needs 1\n"
		   "cost 40 latency 20000 jitter 0 loss 0 backoff 0\n");
}

static void many(const char *script, unsigned ms, unsigned times)
{
	while (times--)
		echoes(script, ms);
}

static void test_quality(void **state)
{
	begin_echo(0);
	echoes("........", 20);
	many(".", 40, 40);
	many(".", 20, 60);
	many(".", 60, 20);
	many(".", 20, 200);
	rig_expect("row 1 lost 0 needs 4\n"
		   "@1020\n"
		   "cost 40 latency 20000 jitter 0 loss 0 backoff 0\n"
		   "@3440\n"
		   "cost 80 latency 34736 jitter 695 loss 0 backoff 0\n"
		   "@13420\n"
		   "cost 40 latency 21373 jitter 387 loss 0 backoff 0\n"
		   "@23460\n"
		   "cost 120 latency 49475 jitter 1407 loss 0 backoff 1\n"
		   "@32420\n"
		   "cost 40 latency 20343 jitter 349 loss 0 backoff 1\n");
	many("..x.", 20, 20);
	many(".", 20, 300);
	rig_expect("@620\n"
		   "lost 1\n"
		   "@1420\n"
		   "lost 1\n"
		   "@2220\n"
		   "lost 1\n"
		   "cost 40 lossy latency 20000 jitter 0 loss 11 backoff 1\n"
		   "@3020\n"
		   "lost 1\n"
		   "@3820\n"
		   "lost 1\n"
		   "@4620\n"
		   "lost 1\n"
		   "@5420\n"
		   "lost 1\n"
		   "@6220\n"
		   "lost 1\n"
		   "@7020\n"
		   "lost 1\n"
		   "@7820\n"
		   "lost 1\n"
		   "@8620\n"
		   "lost 1\n"
		   "@9420\n"
		   "lost 1\n"
		   "@10220\n"
		   "lost 1\n"
		   "@11020\n"
		   "lost 1\n"
		   "@11820\n"
		   "lost 1\n"
		   "row 0 lost 15 needs 5\n"
		   "@12620\n"
		   "lost 1\n"
		   "@13420\n"
		   "lost 1\n"
		   "@13620\n"
		   "cost 60 lossy latency 20000 jitter 0 loss 66 backoff 0\n"
		   "@14220\n"
		   "lost 1\n"
		   "@15020\n"
		   "lost 1\n"
		   "@15820\n"
		   "lost 1\n"
		   "@55620\n"
		   "row 0 lost 20 needs 4\n"
		   "@64420\n"
		   "cost 60 latency 20000 jitter 0 loss 11 backoff 0\n"
		   "@68220\n"
		   "cost 40 latency 20000 jitter 0 loss 0 backoff 0\n");
	many("x...........................................................", 20, 8);
	many(".", 20, 300);
	rig_expect("@220\n"
		   "lost 1\n"
		   "@12220\n"
		   "lost 1\n"
		   "@24220\n"
		   "lost 1\n"
		   "@36220\n"
		   "lost 1\n"
		   "@48220\n"
		   "lost 1\n"
		   "@60220\n"
		   "lost 1\n"
		   "@72220\n"
		   "lost 1\n"
		   "@84220\n"
		   "lost 1\n");
	for (int i = 0; i < 6; i++) {
		many(".", 80, 30);
		many(".", 20, 60 << (i < 3 ? i : 3));
	}
	rig_expect("@1880\n"
		   "cost 160 latency 64214 jitter 2095 loss 0 backoff 0\n"
		   "@9820\n"
		   "cost 40 latency 24073 jitter 1251 loss 0 backoff 0\n"
		   "@19880\n"
		   "cost 160 latency 64217 jitter 2138 loss 0 backoff 1\n"
		   "@30820\n"
		   "cost 40 latency 20546 jitter 474 loss 0 backoff 1\n"
		   "@49880\n"
		   "cost 160 latency 64214 jitter 2095 loss 0 backoff 2\n"
		   "@66820\n"
		   "cost 40 latency 20007 jitter 60 loss 0 backoff 2\n"
		   "@103880\n"
		   "cost 160 latency 64214 jitter 2095 loss 0 backoff 3\n"
		   "@132820\n"
		   "cost 40 latency 20000 jitter 0 loss 0 backoff 3\n"
		   "@205880\n"
		   "cost 160 latency 64214 jitter 2095 loss 0 backoff 4\n"
		   "@258820\n"
		   "cost 40 latency 20000 jitter 0 loss 0 backoff 4\n"
		   "@307880\n"
		   "cost 160 latency 64214 jitter 2095 loss 0 backoff 5\n");
	quality_conf.step = 0;
	quality_conf.latency_weight = 4000000000u;
	many(".", 100, 30);
	rig_expect("@1100\n"
		   "cost 4294967295 latency 64095 jitter 3619 loss 0 backoff 5\n");
	quality_conf.latency_weight = quality_conf.jitter_weight = quality_conf.loss_weight = 0;
	echo_conf.degraded_loss = 0;
	many("x.", 20, 30);
	rig_expect("@200\n"
		   "cost 0 latency 98541 jitter 764 loss 0 backoff 5\n"
		   "@220\n"
		   "lost 1\n"
		   "@620\n"
		   "lost 1\n"
		   "@1020\n"
		   "lost 1\n"
		   "@1420\n"
		   "lost 1\n"
		   "@1820\n"
		   "lost 1\n"
		   "@2220\n"
		   "lost 1\n"
		   "@2620\n"
		   "lost 1\n"
		   "@3020\n"
		   "lost 1\n"
		   "@3420\n"
		   "lost 1\n"
		   "@3820\n"
		   "lost 1\n"
		   "@4220\n"
		   "lost 1\n"
		   "@4620\n"
		   "lost 1\n"
		   "@5020\n"
		   "lost 1\n"
		   "@5420\n"
		   "lost 1\n"
		   "@5820\n"
		   "lost 1\n"
		   "row 0 lost 43 needs 5\n"
		   "@6220\n"
		   "lost 1\n"
		   "@6620\n"
		   "lost 1\n"
		   "@7020\n"
		   "lost 1\n"
		   "@7420\n"
		   "lost 1\n"
		   "@7820\n"
		   "lost 1\n"
		   "@8220\n"
		   "lost 1\n"
		   "@8620\n"
		   "lost 1\n"
		   "@9020\n"
		   "lost 1\n"
		   "@9420\n"
		   "lost 1\n"
		   "@9820\n"
		   "lost 1\n"
		   "@10220\n"
		   "lost 1\n"
		   "row 0 lost 54 needs 6\n"
		   "@10620\n"
		   "lost 1\n"
		   "@11020\n"
		   "lost 1\n"
		   "@11420\n"
		   "lost 1\n"
		   "@11820\n"
		   "lost 1\n");
	quality_outage(&quality);
	quality_conf.jitter_weight = 50;
	echoes("....", 20);
	many(".", 90, 1);
	many(".", 20, 100);
	rig_expect("@890\n"
		   "cost 218 latency 28750 jitter 4375 loss 117 backoff 5\n"
		   "@2020\n"
		   "cost 306 latency 23926 jitter 6136 loss 117 backoff 5\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_quality),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
