/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether an interface carries packets now: what counts, and what was known before does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "rig.h"

#define OURS 0x80000000u
#define ENDPOINT ", 'endpoint': ['192.0.2.1:5']" RIG_QUIET
#define BOTH RIG_PEER_A(ENDPOINT) ", " RIG_PEER_B(RIG_QUIET)
#define ASK "{'command': 'prove', 'interface': 'wg0'}"

static void begin(void)
{
	rig_zebra();
	rig_apply(RIG_WG0("", BOTH));
	rig_handshake("wg0", 'a');
	rig_pass(5000);
	rig_mute("echo");
	rig_mute("zebra");
	rig_mute("event");
	rig_forget();
}

/* Time goes by, and at some moment the far end does something. */
static unsigned waits, at;
static void (*then)(void);

static void on_wait(void)
{
	rig_pass(250);
	if (++waits == at && then)
		then();
}

static void ask(unsigned when, void (*what)(void))
{
	waits = 0;
	at = when;
	then = what;
	rig.show_wait = on_wait;
	rig_show(ASK);
	rig.show_wait = NULL;
}

static uint32_t number_of(unsigned place)
{
	struct peer *p = TAILQ_FIRST(&TAILQ_FIRST(&devices)->peers);

	while (place--)
		p = TAILQ_NEXT(p, link);
	return p->owner.id;
}

static void echo_a(void)
{
	rig_echo("wg0", "10.9.0.2", number_of(0) | OURS, 0);
}

static void echo_from_elsewhere(void)
{
	rig_echo("wg0", "10.9.0.3", number_of(0) | OURS, 0);
}

static void bytes_of_b(void)
{
	rig_handshake("wg0", 'b');
}

static void link_goes(void)
{
	rig_link_gone("wg0");
	rig_link_event("wg0", 7);
}

static void test_answers(void **state)
{
	begin();
	ask(3, echo_a);
	rig_expect("@750\n"
		   "cli: {'by':'echo','peer':'a','why':null}\n");
	ask(20, bytes_of_b);
	rig_expect("@5500\n"
		   "cli: {'by':'received','peer':'b','why':null}\n");
}

/* It was up a moment ago. */
static void test_silence(void **state)
{
	begin();
	rig_alive("wg0", 'a');
	rig_pass(10);
	rig_forget();
	ask(0, NULL);
	rig_expect("@12250\n"
		   "cli: {'by':null,'peer':null,'why':'nothing came back in 12 s'}\n");
	ask(2, echo_from_elsewhere);
	rig_expect("@12250\n"
		   "cli: {'by':null,'peer':null,'why':'nothing came back in 12 s'}\n");
}

static void test_no_use(void **state)
{
	begin();
	rig_show("{'command': 'prove', 'interface': 'wg9'}");
	rig_show("{'command': 'prove'}");
	rig_expect("cli: {'by':null,'peer':null,'why':'there is no such interface'}\n"
		   "cli: expected an interface\n");
	/* It comes back, and has nothing to say. */
	rig_mute("wg0");
	rig_mute("link");
	rig_mute("create");
	ask(3, link_goes);
	rig_expect("@12250\n"
		   "cli: {'by':null,'peer':null,'why':'nothing came back in 12 s'}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_CHECK(test_answers),
		RIG_CHECK(test_silence),
		RIG_CHECK(test_no_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
