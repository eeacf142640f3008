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

#include "liveness.h"
#include "rig.h"

static struct liveness live;
static struct conf_liveness conf;
static struct liveness_input in;
static bool probing; /* a probe is sent when it is due */
static unsigned step;

static const struct conf_liveness usual = {.probe = true,
					     .poll_interval = 1000,
					     .probe_interval = 5000,
					     .probe_timeout = 15000,
					     .degraded_after = 160,
					     .stale_after = 180,
					     .up_hold = 2000,
					     .up_hold_max = 60000};

static void say(void)
{
	long long age = (long long)liveness_handshake_age(&live, in.now);
	unsigned long long deadline = liveness_deadline(&live, &conf);

	rig_note("%s %s%s hold %llu age %lld deadline %lld", tunnel_state_name(live.state),
		 reason_name(live.reason), live.weak ? " weak" : "",
		 (unsigned long long)liveness_hold(&live, &conf), age,
		 deadline ? (long long)(deadline - in.now) : -1);
}

static uint64_t deaths(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < LIVENESS_DEATHS; i++)
		sum += live.downs[i];
	return sum;
}

/* Whatever it goes down for, liveness_deaths has it. */
static void judge(bool read)
{
	bool weak = live.weak, was_down = live.state == TUNNEL_DOWN;
	uint64_t before = deaths();

	in.read = read;
	in.now = now_ms();
	if (liveness_update(&live, &conf, &in) || weak != live.weak)
		say();
	assert_int_equal(deaths() - before, live.state == TUNNEL_DOWN && !was_down);
	if (probing && liveness_probe_due(&live, &conf, in.now)) {
		rig_note("probe");
		liveness_probed(&live, in.now);
	}
}

static void pass(unsigned ms)
{
	for (unsigned t = 0; t < ms; t += step) {
		unsigned now = ms - t < step ? ms - t : step;

		loop_fake_pass(now * 1000ull);
		in.wall += now;
		judge(true);
	}
}

static void set_flag(const char *word)
{
	bool on = word[2] == '1';

	switch (word[1]) {
	case 'u':
		in.evidence.echo_unanswered = on;
		break;
	case 'd':
		in.evidence.echo_dead = on;
		break;
	case 'n':
		in.evidence.underlay_down = on;
		break;
	case 'r':
		in.evidence.refused = on;
		in.evidence.refused_silent = in.now;
		break;
	case 'l':
		in.evidence.lossy = on;
		break;
	case 'b':
		in.evidence.black_hole = on;
		break;
	case 's':
		in.evidence.echo_silent = in.evidence.bfd_silent = in.now;
		break;
	case 'a':
		in.evidence.echo_reply = in.now;
	}
	judge(false);
}

static void act(const char *word)
{
	int n = atoi(word + 1);

	switch (word[0]) {
	case '+': /* so many ms go by, with readings */
		pass((unsigned)n);
		break;
	case 'h': /* a handshake, so many seconds ago */
		in.handshake = in.wall - n * 1000;
		break;
	case 'r': /* bytes in and out */
		in.rx += (uint64_t)n;
		break;
	case 't':
		in.tx += (uint64_t)n;
		break;
	case 'z': /* the counters begin anew */
		in.rx = in.tx = 0;
		break;
	case 'b':
		in.evidence.bfd = (enum bfd_evidence)n;
		judge(false);
		break;
	case 'e':
		set_flag(word);
		break;
	case 'l':
		in.link_up = n;
		break;
	case 'x':
		in.present = n;
		break;
	case 'w': /* the wall clock steps by so many seconds */
		in.wall += n * 1000ll;
		break;
	case 'k':
		liveness_rekey(&live);
		break;
	case 'v':
		liveness_void_handshake(&live);
		break;
	case 'p':
		probing = n;
		break;
	default:
		fail_msg("%s", word);
	}
}

static void run(const char *script)
{
	char word[32];
	int n;

	for (; sscanf(script, " %31s%n", word, &n) == 1; script += n)
		act(word);
}

static void begin(void)
{
	conf = usual;
	step = 100;
	probing = false;
	rig_forget();
	in = (struct liveness_input){
		.now = now_ms(), .wall = 1700000000000, .link_up = true, .present = true};
	liveness_init(&live, now_ms());
	run("+1000");
	rig_forget();
}

/* Ages of the handshake: fresh, old, stale; with and without traffic. */
static void test_ages(void **state)
{
	begin();
	run("h0 +100 t100 r100 +100 t500 +170000 t500 +20000");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@14300\n"
		   "down probe-unanswered weak hold 2000 age 14300 deadline -1\n"
		   "@180100\n"
		   "down handshake-stale weak hold 2000 age 180100 deadline -1\n");
	begin();
	run("h0 +155000 t500 +10000 r500 +30000");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n");
	begin();
	run("h0 r500 +190000 t148 +3000 t148 +10000 r92 +1000");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@180200\n"
		   "idle no-traffic hold 2000 age 180200 deadline -1\n"
		   "@195600\n"
		   "down handshake-stale weak hold 2000 age 195600 deadline -1\n");
	begin();
	run("h0 r500 t500 +170000 t32 +20000 r32 +20000 +60000");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@170100\n"
		   "degraded handshake-old hold 2000 age 170100 deadline -1\n"
		   "@180100\n"
		   "degraded up-hold hold 2000 age 180100 deadline -1\n"
		   "@192100\n"
		   "up handshake-fresh hold 2000 age 192100 deadline -1\n");
	/* Who sent a minute ago sends no more. */
	begin();
	run("h0 r500 +150000 t32 +100000");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@210100\n"
		   "idle no-traffic hold 2000 age 210100 deadline -1\n");
	/* Keepalives go out and nothing comes in. */
	begin();
	run("h0 +100 r500 +120000 t32 +25000 t32 +25000 t32 +25000 t32 +25000");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@170200\n"
		   "degraded handshake-old hold 2000 age 170200 deadline -1\n"
		   "@180100\n"
		   "degraded up-hold hold 2000 age 180100 deadline -1\n"
		   "@200700\n"
		   "down handshake-stale weak hold 2000 age 200700 deadline -1\n");
}

/* What is data and what is not. */
static void test_data(void **state)
{
	static const int none[] = {148, 296, 92,  240, 388, 184, 332, 480, 32,	180, 328, 124, 272,
				   420, 216, 364, 512, 64,  212, 360, 156, 304, 452, 248, 396, 544};

	for (unsigned i = 0; i < ARRAY_SIZE(none); i++) {
		begin();
		run("h0 r500 +100 +1000");
		in.tx += (uint64_t)none[i];
		run("+100");
		assert_int_equal(live.waiting_since, 0);
		in.tx += (uint64_t)none[i] + 1;
		run("+100");
		assert_int_not_equal(live.waiting_since, 0);
	}
	rig_forget();
}

/* Growth of what comes in that is only the far end's handshakes. */
static void test_handshakes_only(void **state)
{
	begin();
	run("p1 h0 r500 +1000 p0 t500 +100 r148 +100 r92 +100 r296 +100 r240 +100");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "probe\n");
	begin();
	run("h0 r500 +1000 t500 +100 r148 +5000 r92 +5000 r296 +20000 r33 +10000");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@15100\n"
		   "down probe-unanswered weak hold 2000 age 15100 deadline -1\n"
		   "@31200\n"
		   "down up-hold weak hold 2000 age 31200 deadline -1\n"
		   "@33200\n"
		   "up handshake-fresh hold 2000 age 33200 deadline -1\n");
}

static void test_probes(void **state)
{
	begin();
	run("p1 h0 +30000");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "probe\n"
		   "@5100\n"
		   "probe\n"
		   "@10100\n"
		   "probe\n"
		   "@14200\n"
		   "down probe-unanswered weak hold 2000 age 14200 deadline -1\n"
		   "@15100\n"
		   "probe\n"
		   "@20100\n"
		   "probe\n"
		   "@25100\n"
		   "probe\n");
	begin();
	run("p1 h0 +4000 r100 +4000 r100 +4000 r100 +3000 r100 +40000");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "probe\n"
		   "@4100\n"
		   "probe\n"
		   "@8100\n"
		   "probe\n"
		   "@12100\n"
		   "probe\n"
		   "@15100\n"
		   "probe\n"
		   "@20100\n"
		   "probe\n"
		   "@25100\n"
		   "probe\n"
		   "@29200\n"
		   "down probe-unanswered weak hold 2000 age 29200 deadline -1\n"
		   "@30100\n"
		   "probe\n"
		   "@35100\n"
		   "probe\n"
		   "@40100\n"
		   "probe\n"
		   "@45100\n"
		   "probe\n"
		   "@50100\n"
		   "probe\n");
	begin();
	conf.probe_interval = 1000;
	conf.probe_timeout = 3000;
	conf.poll_interval = 100;
	run("p1 h0 +2000 r100 +2000 r100 +10000");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "probe\n"
		   "@1100\n"
		   "probe\n"
		   "@2100\n"
		   "probe\n"
		   "@3100\n"
		   "probe\n"
		   "@4100\n"
		   "probe\n"
		   "@5100\n"
		   "probe\n"
		   "@6100\n"
		   "probe\n"
		   "@7000\n"
		   "down probe-unanswered weak hold 2000 age 7000 deadline -1\n"
		   "@7100\n"
		   "probe\n"
		   "@8100\n"
		   "probe\n"
		   "@9100\n"
		   "probe\n"
		   "@10100\n"
		   "probe\n"
		   "@11100\n"
		   "probe\n"
		   "@12100\n"
		   "probe\n"
		   "@13100\n"
		   "probe\n");
	begin();
	conf.probe = false;
	run("p1 h0 +2000 t500 +40000");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n");
	/* A slow poll. */
	begin();
	step = 4000;
	run("p1 h0 +8000 r100 +40000 r100 +20000");
	rig_expect("@4000\n"
		   "up handshake-fresh hold 2000 age 4000 deadline -1\n"
		   "probe\n"
		   "@12000\n"
		   "probe\n"
		   "@20000\n"
		   "probe\n"
		   "@28000\n"
		   "down probe-unanswered weak hold 2000 age 28000 deadline -1\n"
		   "probe\n"
		   "@36000\n"
		   "probe\n"
		   "@44000\n"
		   "probe\n"
		   "@52000\n"
		   "down up-hold weak hold 2000 age 52000 deadline -1\n"
		   "probe\n"
		   "@56000\n"
		   "up handshake-fresh hold 2000 age 56000 deadline 10001\n"
		   "@60000\n"
		   "probe\n"
		   "@68000\n"
		   "down probe-unanswered weak hold 4000 age 68000 deadline -1\n"
		   "probe\n");
}

/* Down quickly, up slowly, ever slower; forgiven after a while. */
static void test_flapper(void **state)
{
	begin();
	conf.up_hold_max = 20000;
	run("h0 r100 +1000");
	for (int i = 0; i < 7; i++)
		run("b1 b3 +300 b1 r100 +9000 h0 r100");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@1000\n"
		   "down bfd-signalled hold 2000 age 1000 deadline -1\n"
		   "@1300\n"
		   "degraded up-hold hold 2000 age 1300 deadline -1\n"
		   "@3300\n"
		   "up handshake-fresh hold 2000 age 3300 deadline -1\n"
		   "@10300\n"
		   "down bfd-signalled hold 4000 age 10300 deadline -1\n"
		   "@10600\n"
		   "degraded up-hold hold 4000 age 300 deadline -1\n"
		   "@14600\n"
		   "up handshake-fresh hold 4000 age 4300 deadline -1\n"
		   "@19600\n"
		   "down bfd-signalled hold 8000 age 9300 deadline -1\n"
		   "@19900\n"
		   "degraded up-hold hold 8000 age 300 deadline -1\n"
		   "@27900\n"
		   "up handshake-fresh hold 8000 age 8300 deadline -1\n"
		   "@28900\n"
		   "down bfd-signalled hold 16000 age 9300 deadline -1\n"
		   "@29200\n"
		   "degraded up-hold hold 16000 age 300 deadline -1\n"
		   "@38200\n"
		   "down bfd-signalled hold 16000 age 9300 deadline -1\n"
		   "@38500\n"
		   "degraded up-hold hold 16000 age 300 deadline -1\n"
		   "@47500\n"
		   "down bfd-signalled hold 16000 age 9300 deadline -1\n"
		   "@47800\n"
		   "degraded up-hold hold 16000 age 300 deadline -1\n"
		   "@56800\n"
		   "down bfd-signalled hold 16000 age 9300 deadline -1\n"
		   "@57100\n"
		   "degraded up-hold hold 16000 age 300 deadline -1\n");
	run("+45000 h0 r100 b3 b1 r100 +30000");
	rig_expect("@7000\n"
		   "up handshake-fresh hold 16000 age 7000 deadline -1\n"
		   "@45000\n"
		   "down bfd-signalled hold 16000 age 45000 deadline -1\n"
		   "degraded up-hold hold 16000 age 45000 deadline -1\n"
		   "@61000\n"
		   "up handshake-fresh hold 16000 age 16000 deadline -1\n");
	run("+400000 h0 r100 +1000 b3 b1 r100 +30000");
	rig_expect("@150200\n"
		   "idle no-traffic hold 16000 age 180200 deadline -1\n"
		   "@400100\n"
		   "up handshake-fresh hold 16000 age 100 deadline -1\n"
		   "@401000\n"
		   "down bfd-signalled hold 20000 age 1000 deadline -1\n"
		   "degraded up-hold hold 20000 age 1000 deadline -1\n"
		   "@421000\n"
		   "up handshake-fresh hold 20000 age 21000 deadline -1\n");
	conf.up_hold_max = 1000;
	run("h0 r100 +60000 b3 b1 r100 +10000");
	rig_expect("@60000\n"
		   "down bfd-signalled hold 2000 age 60000 deadline -1\n"
		   "degraded up-hold hold 2000 age 60000 deadline -1\n"
		   "@62000\n"
		   "up handshake-fresh hold 2000 age 62000 deadline -1\n");
	conf.up_hold = 0;
	run("h0 r100 +60000 b3 b1 r100 +10000");
	rig_expect("@60000\n"
		   "down bfd-signalled hold 0 age 60000 deadline -1\n"
		   "up handshake-fresh hold 0 age 60000 deadline -1\n");
}

static void test_bfd(void **state)
{
	begin();
	run("h0 r100 +1000 b1 +1000 b2 +1000 es b2 +1000 b1 +500 b2 +100 b1 +1000 b1 +5000");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@2000\n"
		   "degraded bfd-expired hold 2000 age 2000 deadline -1\n"
		   "@3000\n"
		   "down bfd-expired hold 2000 age 3000 deadline -1\n"
		   "@4000\n"
		   "degraded up-hold hold 2000 age 4000 deadline -1\n"
		   "@4500\n"
		   "degraded bfd-expired hold 2000 age 4500 deadline -1\n"
		   "@4600\n"
		   "degraded up-hold hold 2000 age 4600 deadline -1\n"
		   "@6600\n"
		   "up handshake-fresh hold 2000 age 6600 deadline -1\n");
	begin();
	run("h0 r100 +1000 b1 +1000 es b2 +100 r100 +1000 b4 +5000 b0 +1000");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@2000\n"
		   "down bfd-expired hold 2000 age 2000 deadline -1\n"
		   "@2200\n"
		   "down up-hold hold 2000 age 2200 deadline -1\n"
		   "@4200\n"
		   "up handshake-fresh hold 2000 age 4200 deadline -1\n");
	begin();
	run("h0 r100 +1000 b1 b3 +1000 b4 +1000 b3 b0 +4000 r100 +4000");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@1000\n"
		   "down bfd-signalled hold 2000 age 1000 deadline -1\n"
		   "@7100\n"
		   "down up-hold hold 2000 age 7100 deadline -1\n"
		   "@9100\n"
		   "up handshake-fresh hold 2000 age 9100 deadline -1\n");
}

static void test_hints(void **state)
{
	static const char *const hints[] = {"en", "er", "el", "eb", "eu"};

	begin();
	run("h0 r100 +1000");
	for (unsigned i = 0; i < ARRAY_SIZE(hints); i++) {
		char script[64];

		sprintf(script, "%s1 +500 %s0 +3000 h0 r100 +100", hints[i], hints[i]);
		run(script);
	}
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@1000\n"
		   "degraded underlay-down hold 2000 age 1000 deadline -1\n"
		   "@1500\n"
		   "degraded up-hold hold 2000 age 1500 deadline -1\n"
		   "@3500\n"
		   "up handshake-fresh hold 2000 age 3500 deadline -1\n"
		   "@4600\n"
		   "degraded underlay-error hold 2000 age 100 deadline -1\n"
		   "@5100\n"
		   "degraded up-hold hold 2000 age 600 deadline -1\n"
		   "@7100\n"
		   "up handshake-fresh hold 2000 age 2600 deadline -1\n"
		   "@8200\n"
		   "degraded lossy hold 4000 age 100 deadline -1\n"
		   "@8700\n"
		   "degraded up-hold hold 4000 age 600 deadline -1\n"
		   "@11800\n"
		   "degraded mtu-black-hole hold 4000 age 100 deadline -1\n"
		   "@12300\n"
		   "degraded up-hold hold 4000 age 600 deadline -1\n"
		   "@15400\n"
		   "degraded echo-unanswered hold 4000 age 100 deadline -1\n"
		   "@15900\n"
		   "degraded up-hold hold 4000 age 600 deadline -1\n");
	/* The strongest one is told. */
	run("+60000 h0 r100 +100 el1 eb1 er1 en1 eu1 es b2 ed1 +500 r100 +500 ed0 b1 eu0 en0 r100 "
	    "+100 "
	    "er0 eb0 el0 +60000");
	rig_expect("@900\n"
		   "up handshake-fresh hold 4000 age 1000 deadline -1\n"
		   "@60100\n"
		   "degraded lossy hold 8000 age 100 deadline -1\n"
		   "degraded mtu-black-hole hold 8000 age 100 deadline -1\n"
		   "degraded underlay-error hold 8000 age 100 deadline -1\n"
		   "degraded underlay-down hold 8000 age 100 deadline -1\n"
		   "degraded echo-unanswered hold 8000 age 100 deadline -1\n"
		   "down bfd-expired hold 8000 age 100 deadline -1\n"
		   "@60700\n"
		   "down up-hold hold 8000 age 700 deadline -1\n"
		   "@61100\n"
		   "degraded echo-unanswered hold 8000 age 1100 deadline -1\n"
		   "degraded underlay-down hold 8000 age 1100 deadline -1\n"
		   "degraded mtu-black-hole hold 8000 age 1100 deadline -1\n"
		   "@61200\n"
		   "degraded lossy hold 8000 age 1200 deadline -1\n"
		   "degraded up-hold hold 8000 age 1200 deadline -1\n"
		   "@69200\n"
		   "up handshake-fresh hold 8000 age 9200 deadline -1\n");
	run("h0 r100 +100 eu1 es ed1 +500 ed0 ea +1000 eu0 ea +5000");
	rig_expect("@100\n"
		   "degraded echo-unanswered hold 16000 age 100 deadline -1\n"
		   "down echo-unanswered weak hold 16000 age 100 deadline -1\n"
		   "@1600\n"
		   "down up-hold weak hold 16000 age 1600 deadline -1\n"
		   "@3600\n"
		   "degraded up-hold hold 16000 age 3600 deadline -1\n");
}

static void test_link_and_peer(void **state)
{
	begin();
	run("l0 +500 l1 +500 h0 r100 +1000 l0 +500 l1 +500 x0 +500 x1 +500 t500 +5000 l0 +20000 l1 "
	    "+5000");
	rig_expect("@100\n"
		   "down interface-down hold 2000 age -1 deadline -1\n"
		   "@600\n"
		   "never handshake-never hold 2000 age -1 deadline -1\n"
		   "@1100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@2100\n"
		   "down interface-down hold 2000 age 1100 deadline -1\n"
		   "@2600\n"
		   "up handshake-fresh hold 2000 age 1600 deadline -1\n"
		   "@3100\n"
		   "down peer-gone hold 2000 age 2100 deadline -1\n"
		   "@3600\n"
		   "up handshake-fresh hold 2000 age 2600 deadline -1\n"
		   "@9100\n"
		   "down interface-down hold 2000 age 8100 deadline -1\n"
		   "@29100\n"
		   "up handshake-fresh hold 2000 age 28100 deadline -1\n");
	begin();
	run("h0 r100 t500 +5000 b1 b3 +100 l0 +1000 l1 +1000 b1 +5000");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@5000\n"
		   "down bfd-signalled hold 2000 age 5000 deadline -1\n"
		   "@5200\n"
		   "down interface-down hold 2000 age 5200 deadline -1\n"
		   "@6200\n"
		   "down bfd-signalled hold 2000 age 6200 deadline -1\n"
		   "@7100\n"
		   "degraded up-hold hold 2000 age 7100 deadline -1\n"
		   "@9100\n"
		   "up handshake-fresh hold 2000 age 9100 deadline -1\n");
}

static void test_keys(void **state)
{
	begin();
	run("h0 r100 +1000 v +1000 t500 +20000 h0 +1000");
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@1100\n"
		   "down handshake-never hold 2000 age -1 deadline -1\n"
		   "@22100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n");
	begin();
	run("k +1000 h0 +1000 v v +100 v +100 h0 +100");
	rig_expect("@1100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@2100\n"
		   "down handshake-never hold 2000 age -1 deadline -1\n"
		   "@2300\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n");
	begin();
	run("v +1000 h0 +1000");
	rig_expect("@1100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n");
}

/* At a start only a recent handshake says something; steps of the wall clock do not count. */
static void test_start(void **state)
{
	static const char *const ages[] = {"h0", "h100", "h170", "h180", "h181", "h100000", "h-50"};

	for (unsigned i = 0; i < ARRAY_SIZE(ages); i++) {
		conf = usual;
		step = 100;
		in = (struct liveness_input){.now = now_ms(),
					     .wall = 1700000000000,
					     .rx = 5000,
					     .tx = 5000,
					     .link_up = true,
					     .present = true};
		liveness_init(&live, now_ms());
		rig_note("%s", ages[i]);
		run(ages[i]);
		run("+1000 t500 +3000");
	}
	rig_expect("@1000000\n"
		   "h0\n"
		   "@1000100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@1004000\n"
		   "h100\n"
		   "@1004100\n"
		   "up handshake-fresh hold 2000 age 100100 deadline -1\n"
		   "@1008000\n"
		   "h170\n"
		   "@1008100\n"
		   "up handshake-fresh hold 2000 age 170100 deadline -1\n"
		   "@1009100\n"
		   "degraded handshake-old hold 2000 age 171100 deadline 13901\n"
		   "@1012000\n"
		   "h180\n"
		   "@1012100\n"
		   "idle no-traffic hold 2000 age 180100 deadline -1\n"
		   "@1016000\n"
		   "h181\n"
		   "@1016100\n"
		   "idle no-traffic hold 2000 age 181100 deadline -1\n"
		   "@1020000\n"
		   "h100000\n"
		   "@1020100\n"
		   "idle no-traffic hold 2000 age 100000100 deadline -1\n"
		   "@1024000\n"
		   "h-50\n"
		   "@1024100\n"
		   "up handshake-fresh hold 2000 age 0 deadline -1\n");
	begin();
	run("h0 r100 +1000 w-100000 +1000 w200000 +1000 h0 +1000 z0 r700 +1000 z0 +1000");
	say();
	rig_expect("@100\n"
		   "up handshake-fresh hold 2000 age 100 deadline -1\n"
		   "@6000\n"
		   "up handshake-fresh hold 2000 age 3000 deadline -1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_handshakes_only),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_flapper),
		cmocka_unit_test(test_bfd),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_link_and_peer),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
