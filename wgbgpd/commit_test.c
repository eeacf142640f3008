/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * commit: who is sent what, when, and what comes of each answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commit.h"
#include "conf.h"
#include "listen.h"
#include "log.h"
#include "machine.h"
#include "played.h"
#include "ports.h"

static char key_path[] = "/tmp/commit_test.XXXXXX";
static char key_name[32];
static char said[256]; /* what DONE was told */
static unsigned port;

void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...);

/* What goes wrong with keys and passwords is said among what the daemons are sent. */
void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	if (str_eq(event, "key-file") || str_eq(event, "password-file"))
		played_say("! %s\n", event);
}

static void on_done(void *arg, const char *error)
{
	assert_ptr_equal(arg, said);
	snprintf(said, sizeof(said), "%s", error ? error : "applied");
}

/* What it was told since the last time. */
static const char *done(void)
{
	static char text[sizeof(said)];

	strcpy(text, said);
	said[0] = '\0';
	return text;
}

static void from_daemon(enum daemon_id id, const struct ipc_frame *frame)
{
	assert_int_equal(frame->type, MSG_CONFIG_DONE);
	commit_daemon_done(id, frame);
}

static int setup(void **state);
static int teardown(void **state);
static struct datastore_version *rich(uint32_t n, const char *address, bool forwarding);
static bool is_bound(const char *address);

/* A number that nothing has. */
static uint32_t datastore_renumbered(void)
{
	struct datastore_version v = {0};

	datastore_renumber(&v);
	return v.generation;
}

/* A version with the number N; its text is "{N}". */
static struct datastore_version *version(uint32_t n, json_t *json)
{
	struct datastore_version *v = xcalloc(1, sizeof(*v));

	v->json = json;
	v->text = xasprintf("{%u}", n);
	v->len = strlen(v->text);
	v->generation = n;
	return v;
}

static void start_json(uint32_t n, json_t *config)
{
	commit_start(version(n, config), on_done, said);
}

static void start(uint32_t n)
{
	start_json(n, json_object());
}

static void answer(enum daemon_id id, uint32_t n, const char *error)
{
	played_done(id, n, error);
	played_settle();
}

static void answer_all(uint32_t n)
{
	for (int id = 0; id < DAEMON_COUNT; id++)
		answer(id, n, "");
}

#define CHECKS(n)                                                                 \
	"wgd " n " config-check {" n "}\nzebra-lite " n " config-check {" n "}\n" \
	"bgpd " n " config-check {" n "}\nbfdd " n " config-check {" n "}\n"

#define EXPECT(text) PLAYED_EXPECT(text)

/* Whole, so that N is the running one. */
static void apply_json(uint32_t n, json_t *config)
{
	start_json(n, config);
	played_settle();
	answer_all(n);
	answer(DAEMON_WGD, n, "");
	answer(DAEMON_BFDD, n, "");
	answer(DAEMON_ZEBRA, n, "");
	answer(DAEMON_BGPD, n, "");
	answer(DAEMON_ZEBRA, n, "");
	answer(DAEMON_WGD, n, "");
	assert_string_equal(done(), "applied");
	assert_int_equal(datastore_running()->generation, n);
	played_text[0] = '\0';
}

static void apply(uint32_t n)
{
	apply_json(n, json_object());
}

static void test_steps(void **state)
{
	assert_false(commit_busy());
	start(1);
	assert_true(commit_busy());
	EXPECT(CHECKS("1"));
	for (int id = 0; id < DAEMON_COUNT; id++) {
		assert_true(commit_waits_for(id));
		EXPECT("");
		assert_null(datastore_running());
		answer(id, 1, "");
		assert_false(commit_waits_for(id) && id != DAEMON_BFDD);
	}
	assert_int_equal(datastore_running()->generation, 1);
	EXPECT("wgd may talk\nwgd 1 config-apply {1}\nbfdd may talk\nbfdd 1 config-apply {1}\n");
	assert_true(commit_waits_for(DAEMON_WGD));
	assert_false(commit_waits_for(DAEMON_ZEBRA));
	answer(DAEMON_BFDD, 1, "");
	EXPECT("");
	answer(DAEMON_BGPD, 1, ""); /* was not asked */
	EXPECT("");
	answer(DAEMON_WGD, 1, "");
	EXPECT("zebra-lite may talk\nzebra-lite 1 config-apply {1}\n");
	answer(DAEMON_ZEBRA, 1, "");
	EXPECT("bgpd may talk\nbgpd 1 config-apply {1}\n");
	answer(DAEMON_BGPD, 1, "");
	EXPECT("zebra-lite 1 config-prune \n");
	answer(DAEMON_ZEBRA, 1, "");
	EXPECT("wgd 1 config-prune \n");
	assert_string_equal(done(), "");
	assert_true(commit_busy());
	answer(DAEMON_WGD, 1, "");
	assert_string_equal(done(), "applied");
	assert_false(commit_busy());
	assert_false(commit_waits_for(DAEMON_WGD));
	EXPECT("");
}

static void test_refusals(void **state)
{
	apply(1);
	for (int id = 0; id < DAEMON_COUNT; id++) {
		char want[64];

		start(2 + id);
		played_settle();
		played_text[0] = '\0';
		for (int k = 0; k < DAEMON_COUNT; k++) { /* the first one that says why counts */
			assert_string_equal(done(), "");
			answer((id + k) % DAEMON_COUNT, 2 + id,
			       k == 0	? "no"
			       : k == 1 ? "nor"
					: "");
		}
		snprintf(want, sizeof(want), "%s: no", daemon_name(id));
		assert_string_equal(done(), want);
		EXPECT("");
		assert_false(commit_busy());
		assert_int_equal(datastore_running()->generation, 1);
	}
	apply(9);
}

static unsigned gates;	      /* asked */
static const char *gate_says; /* at once; NULL: later */

static void on_gate(void)
{
	gates++;
	if (gate_says)
		commit_gate_passed(*gate_says ? gate_says : NULL);
}

/* It is asked once, when all have said yes, and nothing is applied before it agrees. */
static void test_gate(void **state)
{
	gates = 0;
	gate_says = NULL;
	apply(1);
	commit_gate(on_gate);
	start(2);
	EXPECT(CHECKS("2"));
	for (int id = 0; id < DAEMON_COUNT; id++) {
		assert_int_equal(gates, 0);
		answer(id, 2, "");
	}
	assert_int_equal(gates, 1);
	EXPECT("");
	assert_true(commit_busy());
	commit_daemon_gone(DAEMON_BGPD); /* its successor checks it, too */
	commit_daemon_started(DAEMON_BGPD);
	commit_gate_passed(NULL);
	assert_int_equal(datastore_running()->generation, 1);
	played_settle();
	answer(DAEMON_BGPD, 1, ""); /* APPLY and PRUNE of what runs */
	answer(DAEMON_BGPD, 1, "");
	played_text[0] = '\0';
	answer(DAEMON_BGPD, 2, "");
	EXPECT("wgd may talk\nwgd 2 config-apply {2}\nbfdd may talk\nbfdd 2 config-apply {2}\n");
	commit_gate_passed("too late");
	for (int id = 0; id < DAEMON_COUNT; id++)
		answer(id == DAEMON_ZEBRA  ? DAEMON_BFDD
		       : id == DAEMON_BFDD ? DAEMON_ZEBRA
					   : id,
		       2, "");
	answer(DAEMON_BGPD, 2, "");
	answer(DAEMON_ZEBRA, 2, "");
	answer(DAEMON_WGD, 2, "");
	assert_string_equal(done(), "applied");
	assert_int_equal(gates, 1);
	played_text[0] = '\0';
}

static void test_gate_refuses(void **state)
{
	apply(1);
	for (int late = 0; late < 2; late++) {
		gates = 0;
		gate_says = late ? NULL : "not now";
		commit_gate(on_gate);
		if (late)
			start(2);
		else
			commit_check(version(2, json_object()), on_done, said);
		played_settle();
		answer_all(2);
		commit_gate_passed("not then");
		assert_string_equal(done(), late ? "not then" : "not now");
		assert_int_equal(datastore_running()->generation, 1);
	}
	/* A daemon's no comes first, and the next change has no gate of that one. */
	commit_gate(on_gate);
	start(3);
	played_settle();
	answer(DAEMON_WGD, 3, "no");
	for (int id = 1; id < DAEMON_COUNT; id++)
		answer(id, 3, "");
	assert_string_equal(done(), "wgd: no");
	assert_int_equal(gates, 1);
	/* Given up while it is asked. */
	commit_gate(on_gate);
	start(4);
	played_settle();
	answer_all(4);
	assert_true(commit_give_up("silent"));
	assert_string_equal(done(), "silent");
	commit_gate_passed(NULL);
	assert_false(commit_busy());
	played_text[0] = '\0';
	apply(5);
}

static void test_malformed_answer(void **state)
{
	struct wr w = {0};

	start(1);
	played_settle();
	wr_u8(&w, 0);
	played_send(DAEMON_ZEBRA, MSG_CONFIG_DONE, 1, &w);
	for (int id = 0; id < DAEMON_COUNT; id++)
		if (id != DAEMON_ZEBRA)
			answer(id, 1, "");
	assert_string_equal(done(), "zebra-lite: malformed answer");
}

/* Where nothing ran before it is too late to refuse behind the check. */
static void test_late_refusal(void **state)
{
	start(1);
	played_settle();
	answer_all(1);
	answer(DAEMON_WGD, 1, "no");
	answer(DAEMON_BFDD, 1, "no");
	answer(DAEMON_ZEBRA, 1, "no");
	answer(DAEMON_BGPD, 1, "no");
	answer(DAEMON_ZEBRA, 1, "no");
	answer(DAEMON_WGD, 1, "no");
	assert_string_equal(done(), "applied");
	assert_int_equal(datastore_running()->generation, 1);
}

/* ---- errors behind the check */

static const struct {
	enum daemon_id id;
	const char *name, *said; /* what the step sends it, for the change N */
} change_steps[] = {
	{DAEMON_WGD, "wgd", "wgd may talk\nwgd %u config-apply {%u}\n"},
	{DAEMON_BFDD, "bfdd", "bfdd may talk\nbfdd %u config-apply {%u}\n"},
	{DAEMON_ZEBRA, "zebra-lite", "zebra-lite may talk\nzebra-lite %u config-apply {%u}\n"},
	{DAEMON_BGPD, "bgpd", "bgpd may talk\nbgpd %u config-apply {%u}\n"},
	{DAEMON_ZEBRA, "zebra-lite", "zebra-lite %u config-prune \n"},
	{DAEMON_WGD, "wgd", "wgd %u config-prune \n"},
};

static void expect_step(size_t step, uint32_t generation, unsigned text)
{
	char want[256], more[128];

	snprintf(want, sizeof(want), change_steps[step].said, generation, text);
	if (step == 0) { /* two at once */
		snprintf(more, sizeof(more), change_steps[1].said, generation, text);
		strcat(want, more);
	}
	EXPECT(want);
}

/* Each daemon in each step says no: what ran before is applied again, by all steps but the check,
 * under a number of its own, and whatever is said then. */
static void test_errors_behind_the_check(void **state)
{
	for (size_t bad = 0; bad < ARRAY_SIZE(change_steps); bad++) {
		uint32_t back; /* above all that were given */
		char want[128];

		while ((back = datastore_renumbered()) < 10)
			;
		apply(1);
		start(2);
		EXPECT(CHECKS("2"));
		answer_all(2);
		for (size_t i = 0; i <= bad; i++) {
			if (i != 1)
				expect_step(i, 2, 2);
			answer(change_steps[i].id, 2, i == bad ? "no" : "");
		}
		if (bad == 0)
			answer(DAEMON_BFDD, 2, "");
		assert_int_equal(datastore_running()->generation, back + 1);
		for (size_t i = 0; i < ARRAY_SIZE(change_steps); i++) {
			if (i != 1)
				expect_step(i, back + 1, 1);
			assert_string_equal(done(), "");
			assert_true(commit_busy());
			answer(change_steps[i].id, 2, "late"); /* an answer to what is over */
			answer(change_steps[i].id, back + 1, "no again");
		}
		snprintf(want, sizeof(want), "the old configuration is in force again: %s: no",
			 change_steps[bad].name);
		assert_string_equal(done(), want);
		assert_true(commit_went_back());
		assert_false(commit_busy());
		assert_int_equal(datastore_running()->generation, back + 1);
		EXPECT("");
		teardown(state);
		setup(state);
	}
}

/* Nothing but the check; sockets that it made are let go. */
static void test_check_alone(void **state)
{
	apply(1);
	commit_check(rich(2, "127.0.0.9", false), on_done, said);
	played_settle();
	assert_true(commit_busy());
	assert_true(is_bound("127.0.0.9"));
	assert_non_null(strstr(played_text, "bgpd 2 config-check {2}"));
	played_text[0] = '\0';
	answer_all(2);
	assert_string_equal(done(), "applied");
	assert_false(commit_busy());
	assert_false(is_bound("127.0.0.9"));
	assert_int_equal(datastore_running()->generation, 1);
	commit_check(version(3, json_object()), on_done, said);
	EXPECT(CHECKS("3"));
	answer(DAEMON_BGPD, 3, "no");
	for (int id = 0; id < DAEMON_COUNT; id++)
		answer(id, 3, "");
	assert_string_equal(done(), "bgpd: no");
	EXPECT("");
	apply(4);
}

/* One that dies on the way back gets what ran before. */
static void test_death_on_the_way_back(void **state)
{
	apply(1);
	start(2);
	played_settle();
	answer_all(2);
	answer(DAEMON_BFDD, 2, "");
	answer(DAEMON_WGD, 2, "no");
	played_text[0] = '\0';
	played_end(DAEMON_WGD);
	commit_daemon_gone(DAEMON_WGD);
	answer(DAEMON_BFDD, datastore_running()->generation, "");
	assert_true(strstr(played_text, "zebra-lite may talk") && strstr(played_text, "{1}"));
	played_text[0] = '\0';
	played_start(DAEMON_WGD);
	commit_daemon_started(DAEMON_WGD);
	played_settle();
	assert_true(strstr(played_text, "config-apply {1}") && !strstr(played_text, "{2}"));
}

/* An answer to another change is none. */
static void test_other_generation(void **state)
{
	start(5);
	played_settle();
	for (uint32_t n = 4; n < 7; n += 2)
		answer(DAEMON_BGPD, n, "no");
	assert_true(commit_waits_for(DAEMON_BGPD));
	answer_all(5);
	assert_false(commit_waits_for(DAEMON_BGPD));
}

static void restart(enum daemon_id id)
{
	played_end(id);
	commit_daemon_gone(id);
	played_start(id);
	commit_daemon_started(id);
}

static void test_deaths_in_the_check(void **state)
{
	apply(1);
	start(2);
	EXPECT(CHECKS("2"));
	for (int death = 1; death < 3; death++) {
		restart(DAEMON_BGPD);
		/* It has what runs, and judges what is new. */
		EXPECT("bgpd may talk\nbgpd 1 config-apply {1}\nbgpd 1 config-prune \n"
		       "bgpd 2 config-check {2}\n");
		answer(DAEMON_BGPD, 1, "");
		answer(DAEMON_BGPD, 1, "not that either"); /* heard, and of no step */
		assert_true(commit_waits_for(DAEMON_BGPD));
	}
	played_end(DAEMON_BGPD);
	commit_daemon_gone(DAEMON_BGPD);
	assert_false(commit_waits_for(DAEMON_BGPD));
	assert_true(commit_waits_for(DAEMON_WGD));
	for (int id = 0; id < DAEMON_COUNT; id++)
		if (id != DAEMON_BGPD)
			answer(id, 2, "");
	assert_string_equal(done(), "bgpd: died while it checked the configuration");
	/* Deaths are counted for each change. */
	played_start(DAEMON_BGPD);
	commit_daemon_started(DAEMON_BGPD);
	answer(DAEMON_BGPD, 1, "");
	answer(DAEMON_BGPD, 1, "");
	start(3);
	restart(DAEMON_BGPD);
	restart(DAEMON_BGPD);
	answer(DAEMON_BGPD, 1, "");
	answer(DAEMON_BGPD, 1, "");
	answer_all(3);
	assert_int_equal(datastore_running()->generation, 3);
}

/* One that had answered already has to answer again by its successor. */
static void test_death_behind_its_answer(void **state)
{
	start(1);
	played_settle();
	answer(DAEMON_WGD, 1, "");
	restart(DAEMON_WGD);
	assert_true(commit_waits_for(DAEMON_WGD));
	for (int id = 1; id < DAEMON_COUNT; id++)
		answer(id, 1, "");
	assert_null(datastore_running());
	answer(DAEMON_WGD, 1, "");
	assert_int_equal(datastore_running()->generation, 1);
}

/* Later a daemon that dies is passed over; its successor gets what runs, which is the new one. */
static void test_death_in_apply(void **state)
{
	apply(1);
	start(2);
	played_settle();
	answer_all(2);
	answer(DAEMON_BFDD, 2, "");
	played_text[0] = '\0';
	played_end(DAEMON_WGD);
	commit_daemon_gone(DAEMON_WGD);
	EXPECT("zebra-lite may talk\nzebra-lite 2 config-apply {2}\n");
	played_start(DAEMON_WGD);
	commit_daemon_started(DAEMON_WGD);
	EXPECT("wgd may talk\nwgd 2 config-apply {2}\nwgd 2 config-prune \n");
	answer(DAEMON_ZEBRA, 2, "");
	answer(DAEMON_BGPD, 2, "");
	answer(DAEMON_ZEBRA, 2, "");
	/* The prune of the change comes behind that of its own beginning. */
	answer(DAEMON_WGD, 2, "");
	answer(DAEMON_WGD, 2, "");
	assert_string_equal(done(), "");
	answer(DAEMON_WGD, 2, "");
	assert_string_equal(done(), "applied");
}

/* ---- daemons that die applying it */

/* 1 does not run when 2 begins: it is what a start has for that. */
static bool at_a_start;

/* Change 2 over 1, up to the step BAD. */
static enum daemon_id go_up_to(size_t bad)
{
	enum daemon_id id = change_steps[bad].id;

	if (at_a_start) {
		commit_first(version(2, json_object()), version(1, json_object()), on_done, said);
	} else {
		apply(1);
		start(2);
	}
	played_settle();
	answer_all(2);
	for (size_t i = 0; i < bad; i++)
		answer(change_steps[i].id, 2, "");
	assert_true(commit_waits_for(id));
	return id;
}

/* Its daemon dies there. */
static enum daemon_id die_in(size_t bad)
{
	enum daemon_id id = go_up_to(bad);

	restart(id);
	return id;
}

/* Whoever has to answer does, but BUT. */
static void answer_on(int but)
{
	bool any = true;

	while (any && commit_busy()) {
		any = false;
		for (int id = 0; id < DAEMON_COUNT; id++)
			if (id != but && commit_waits_for(id)) {
				answer(id, datastore_running()->generation, "");
				any = true;
			}
	}
}

static void ends_in_the_old_one(enum daemon_id id, const char *why)
{
	char want[128];

	answer_on(-1);
	for (int i = 0; i < 2; i++) /* what it was sent at its start may be left */
		answer(id, datastore_running()->generation, "");
	snprintf(want, sizeof(want), "the old configuration is in force again: %s: %s",
		 daemon_name(id), why);
	assert_string_equal(done(), want);
	assert_true(commit_went_back());
	assert_string_equal(datastore_running()->text, "{1}");
	teardown(NULL);
	setup(NULL);
}

/* The configuration is what kills it: at once, or when all others have it already. */
static void test_dies_twice(void **state)
{
	for (size_t bad = 0; bad < ARRAY_SIZE(change_steps); bad++)
		for (int late = 0; late < 2; late++) {
			enum daemon_id id = die_in(bad);

			if (late)
				answer_on(id);
			assert_string_equal(done(), "");
			played_end(id);
			commit_daemon_gone(id);
			if (!late) /* the step that is under way is answered first */
				answer_on(id);
			played_text[0] = '\0';
			played_start(id);
			commit_daemon_started(id);
			played_settle();
			assert_true(strstr(played_text, "{1}") && !strstr(played_text, "{2}"));
			ends_in_the_old_one(id, "died twice while it applied the configuration");
		}
}

/* Chance: its successor applies it, and the change ends when that has. */
static void test_dies_once(void **state)
{
	for (size_t bad = 0; bad < ARRAY_SIZE(change_steps); bad++) {
		enum daemon_id id = die_in(bad);

		answer_on(id);
		assert_true(commit_busy() && commit_waits_for(id));
		answer(id, 2, "");
		assert_string_equal(done(), "");
		answer(id, 2, "");
		answer_on(-1);
		assert_string_equal(done(), "applied");
		assert_int_equal(datastore_running()->generation, 2);
		teardown(state);
		setup(state);
	}
}

static void test_successor_says_no(void **state)
{
	for (size_t bad = 0; bad < ARRAY_SIZE(change_steps); bad++) {
		enum daemon_id id = die_in(bad);

		answer(id, 2, "no");
		ends_in_the_old_one(id, "no");
	}
}

/* A start ends in what was committed before, as a change of what runs does. */
static void test_first_goes_back(void **state)
{
	at_a_start = true;
	test_dies_twice(state);
	test_dies_once(state);
	test_successor_says_no(state);
	for (size_t bad = 0; bad < ARRAY_SIZE(change_steps); bad++) {
		enum daemon_id id = go_up_to(bad);

		answer(id, 2, "no");
		ends_in_the_old_one(id, "no");
	}
	at_a_start = false;
	/* Not where the check refuses it: the caller has to say what runs then. */
	commit_first(version(2, json_object()), version(1, json_object()), on_done, said);
	played_settle();
	answer(DAEMON_WGD, 2, "no");
	for (int id = 1; id < DAEMON_COUNT; id++)
		answer(id, 2, "");
	assert_string_equal(done(), "wgd: no");
	assert_false(commit_went_back());
	assert_null(datastore_running());
}

/* There is nothing better than what a return leads to. */
static void test_return_goes_on(void **state)
{
	apply(1);
	commit_return(version(2, json_object()), on_done, said);
	played_settle();
	answer_all(2);
	restart(DAEMON_WGD);
	restart(DAEMON_WGD);
	answer(DAEMON_BFDD, 2, "no");
	answer(DAEMON_ZEBRA, 2, "no");
	answer(DAEMON_BGPD, 2, "no");
	answer(DAEMON_ZEBRA, 2, "no");
	for (int i = 0; i < 2; i++)
		answer(DAEMON_WGD, 2, "no");
	assert_string_equal(done(), "");
	answer(DAEMON_WGD, 2, "no");
	assert_string_equal(done(), "applied");
	assert_int_equal(datastore_running()->generation, 2);
	start(3);
	played_settle();
	answer_all(3);
	answer(DAEMON_WGD, 3, "no");
	answer(DAEMON_BFDD, 3, "");
	assert_string_equal(datastore_running()->text, "{2}");
}

/* What runs kills a daemon again and again: the way out of it does not wait for that. */
static void test_return_from_what_kills(void **state)
{
	apply(1);
	commit_return(version(2, json_object()), on_done, said);
	played_settle();
	for (int i = 0; i < 5; i++) {
		restart(DAEMON_BGPD);
		assert_true(commit_busy());
		assert_string_equal(done(), "");
	}
	played_end(DAEMON_BGPD);
	commit_daemon_gone(DAEMON_BGPD);
	answer(DAEMON_WGD, 2, "");
	answer(DAEMON_ZEBRA, 2, "");
	answer(DAEMON_BFDD, 2, "");
	assert_int_equal(datastore_running()->generation, 2);
	answer_on(-1);
	assert_string_equal(done(), "applied");
}

static void test_one_that_is_away(void **state)
{
	played_end(DAEMON_BFDD);
	start(1);
	EXPECT("wgd 1 config-check {1}\nzebra-lite 1 config-check {1}\nbgpd 1 config-check {1}\n");
	assert_false(commit_waits_for(DAEMON_BFDD));
	for (int id = 0; id < DAEMON_BFDD; id++)
		answer(id, 1, "");
	assert_int_equal(datastore_running()->generation, 1);
	EXPECT("wgd may talk\nwgd 1 config-apply {1}\n");
}

static void test_give_up(void **state)
{
	assert_false(commit_give_up("nothing to give up"));
	apply(1);
	start(2);
	played_settle();
	assert_true(commit_give_up("why not"));
	assert_string_equal(done(), "why not");
	assert_false(commit_busy());
	assert_int_equal(datastore_running()->generation, 1);
	answer_all(2); /* late */
	assert_string_equal(done(), "");
	start(3);
	played_settle();
	answer_all(3);
	assert_false(commit_give_up("too late"));
	assert_true(commit_busy());
	assert_string_equal(done(), "");
}

/* ---- time: a minute is 60 ms for those who wait for it */

static unsigned haste = 1;

void __real_timer_start(struct timer *t, uint64_t ms);
void __wrap_timer_start(struct timer *t, uint64_t ms);

void __wrap_timer_start(struct timer *t, uint64_t ms)
{
	__real_timer_start(t, ms / haste);
}

static void test_no_answer(void **state)
{
	haste = 1000;
	start(1);
	played_settle();
	played_text[0] = '\0';
	answer(DAEMON_WGD, 1, "");
	answer(DAEMON_BGPD, 1, "");
	PLAYED_AWAIT(strstr(played_text, "bfdd is killed"));
	assert_string_equal(played_text, "zebra-lite is killed: no answer to the configuration\n"
					 "bfdd is killed: no answer to the configuration\n");
	/* The successor has as long. */
	played_text[0] = '\0';
	restart(DAEMON_ZEBRA);
	restart(DAEMON_BFDD);
	PLAYED_AWAIT(strstr(played_text, "bfdd is killed"));
	assert_non_null(strstr(played_text, "zebra-lite is killed"));
	answer(DAEMON_ZEBRA, 1, "");
	answer(DAEMON_BFDD, 1, "");
	/* So has each step. */
	played_text[0] = '\0';
	PLAYED_AWAIT(strstr(played_text, "bfdd is killed"));
	assert_non_null(strstr(played_text, "wgd is killed"));
}

static void test_time_ends_with_it(void **state)
{
	haste = 1000;
	apply(1);
	for (int i = 0; i < 15; i++)
		played_turn();
	EXPECT("");
}

/* ---- teardown */

static void test_teardown(void **state)
{
	commit_teardown(on_done, said); /* of nothing */
	EXPECT("bgpd 0 teardown \n");
	answer(DAEMON_BGPD, 0, "");
	answer(DAEMON_ZEBRA, 0, "");
	answer(DAEMON_WGD, 0, "");
	assert_string_equal(done(), "applied");
	played_text[0] = '\0';
	apply(4);
	commit_teardown(on_done, said);
	assert_true(commit_busy());
	assert_false(commit_give_up("too late"));
	EXPECT("bgpd 4 teardown \n");
	answer(DAEMON_BGPD, 4, "");
	EXPECT("zebra-lite 4 teardown \n");
	restart(DAEMON_ZEBRA); /* nothing is wanted any more */
	EXPECT("wgd 4 teardown \n");
	answer(DAEMON_WGD, 4, "is stuck");
	assert_string_equal(done(), "wgd: is stuck");
	assert_false(commit_busy());
}

/* ---- what goes beside the configuration */

static struct datastore_version *rich(uint32_t n, const char *address, bool forwarding)
{
	return version(n, json_pack("{s:{s:i, s:i, s:[s]}, s:{s:[{s:s, s:[{s:s}, {}]}, {s:s}]}, "
				    "s:{s:s, s:s, s:b}}",
				    "bgp", "as", 1, "listen-port", port, "listen-address", address,
				    "wireguard", "interface", "private-key-file", key_path, "peer",
				    "preshared-key-file", key_path, "private-key-file", "/gone",
				    "system", "hostname", "hub", "log-level", "debug", "forwarding",
				    forwarding));
}

static char sysctl(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char c = '?';

	if (fd >= 0 && read(fd, &c, 1) != 1)
		c = '?';
	close(fd);
	return c;
}

static bool is_bound(const char *address)
{
	return !port_is_free(address, port);
}

#define INBOUND "/proc/sys/" ERRORS_KNOB

static void test_inbound_address(void **state)
{
	static const struct {
		const char *config;
		char is;
	} rows[] = {
		{"{\"plane\": [{\"name\": \"red\"}]}", '0'},
		{"{\"plane\": [{\"name\": \"red\", \"interface\": [\"lan0\"]}]}", '1'},
		{"{\"plane\": [{\"name\": \"red\", \"interface\": [\"lan0\"]}], "
		 "\"rib\": {\"kernel\": false}}",
		 '0'},
		{"{\"plane\": [{\"name\": \"red\"}], \"wireguard\": {\"interface\": "
		 "[{\"name\": \"wg1\", \"plane\": \"red\"}]}}",
		 '1'},
		{"{\"wireguard\": {\"interface\": [{\"name\": \"wg1\"}]}}", '0'},
		{"{\"plane\": [{\"name\": \"red\", \"interface\": [\"lan0\"]}]}", '1'},
	};
	FILE *f;

	if (unshare(CLONE_NEWNET) < 0)
		skip();
	for (uint32_t i = 0; i < ARRAY_SIZE(rows); i++) {
		apply_json(i + 1, json_loads(rows[i].config, 0, NULL));
		assert_int_equal(sysctl(INBOUND), rows[i].is);
	}
	commit_teardown(on_done, said);
	assert_int_equal(sysctl(INBOUND), '0');
	for (int id = DAEMON_COUNT; id-- > 0;)
		answer(id, ARRAY_SIZE(rows), "");
	answer(DAEMON_ZEBRA, ARRAY_SIZE(rows), "");
	answer(DAEMON_WGD, ARRAY_SIZE(rows), "");
	assert_string_equal(done(), "applied");
	/* Somebody else's setting stays. */
	f = fopen(INBOUND, "we");
	assert_non_null(f);
	assert_true(fputs("1\n", f) >= 0 && fclose(f) == 0);
	apply_json(8, json_loads(rows[1].config, 0, NULL));
	apply_json(9, json_object());
	assert_int_equal(sysctl(INBOUND), '1');
}

static void test_keys_and_sockets(void **state)
{
	bool alone = unshare(CLONE_NEWNET) == 0;
	char want[512];

	commit_start(rich(1, "127.0.0.1", true), on_done, said);
	snprintf(want, sizeof(want),
		 "wgd 1 secret %s 1aa5\nwgd 1 secret %s 1aa5\nwgd 1 config-check {1}\n"
		 "zebra-lite 1 config-check {1}\nbgpd 1 config-check {1}\nbfdd 1 config-check {1}\n"
		 "! key-file\n", /* one of the three files is not there */
		 key_name, key_name);
	EXPECT(want);
	assert_false(log_enabled(LOG_LEVEL_DEBUG));
	answer_all(1);
	assert_true(log_enabled(LOG_LEVEL_DEBUG));
	if (alone) {
		assert_int_equal(sysctl("/proc/sys/net/ipv4/ip_forward"), '1');
		assert_int_equal(sysctl("/proc/sys/net/ipv6/conf/all/forwarding"), '1');
		assert_int_equal(sysctl(INBOUND), '0');
	}
	assert_true(is_bound("127.0.0.1"));
	answer(DAEMON_WGD, 1, "");
	answer(DAEMON_BFDD, 1, "");
	played_text[0] = '\0';
	answer(DAEMON_ZEBRA, 1, "");
	snprintf(want, sizeof(want),
		 "bgpd may talk\nbgpd 1 listen 127.0.0.1:%u\nbgpd 1 config-apply {1}\n", port);
	EXPECT(want);
	answer(DAEMON_BGPD, 1, "");
	answer(DAEMON_ZEBRA, 1, "");
	answer(DAEMON_WGD, 1, "");
	assert_string_equal(done(), "applied");
	played_text[0] = '\0';
	/* A successor gets them again. */
	restart(DAEMON_WGD);
	restart(DAEMON_BGPD);
	snprintf(
		want, sizeof(want),
		"wgd may talk\nwgd 1 secret %s 1aa5\nwgd 1 secret %s 1aa5\nwgd 1 config-apply {1}\n"
		"wgd 1 config-prune \nbgpd may talk\nbgpd 1 listen 127.0.0.1:%u\n"
		"bgpd 1 config-apply {1}\nbgpd 1 config-prune \n! key-file\n",
		key_name, key_name, port);
	EXPECT(want);
	for (int i = 0; i < 2; i++) {
		answer(DAEMON_WGD, 1, "");
		answer(DAEMON_BGPD, 1, "");
	}
	/* A change that is refused leaves the sockets as they are. */
	commit_start(rich(2, "127.0.0.2", false), on_done, said);
	assert_true(is_bound("127.0.0.2"));
	played_settle();
	answer(DAEMON_WGD, 2, "no");
	for (int id = 1; id < DAEMON_COUNT; id++)
		answer(id, 2, "");
	assert_string_equal(done(), "wgd: no");
	assert_false(is_bound("127.0.0.2"));
	assert_true(is_bound("127.0.0.1"));
	listen_free();
}

/* Where bgpd is away when it has its turn, its sockets are there for the next one. */
static void test_sockets_without_bgpd(void **state)
{
	char want[256];

	commit_start(rich(1, "127.0.0.1", false), on_done, said);
	played_settle();
	answer_all(1);
	played_end(DAEMON_BGPD);
	commit_daemon_gone(DAEMON_BGPD);
	answer(DAEMON_WGD, 1, "");
	answer(DAEMON_BFDD, 1, "");
	answer(DAEMON_ZEBRA, 1, "");
	answer(DAEMON_ZEBRA, 1, "");
	answer(DAEMON_WGD, 1, "");
	assert_string_equal(done(), "applied");
	played_text[0] = '\0';
	played_start(DAEMON_BGPD);
	commit_daemon_started(DAEMON_BGPD);
	snprintf(want, sizeof(want),
		 "bgpd may talk\nbgpd 1 listen 127.0.0.1:%u\nbgpd 1 config-apply {1}\n"
		 "bgpd 1 config-prune \n",
		 port);
	EXPECT(want);
	listen_free();
}

static void (*begin)(struct datastore_version *, commit_fn, void *) = commit_start;

/* Whole, for sockets alone: what bgpd was sent, or why not. */
static const char *listen_at(uint32_t n, const char *addresses, bool as)
{
	static char out[1024];
	json_t *bgp = json_pack("{s:i}", "listen-port", port);
	json_t *list = addresses ? json_loads(addresses, 0, NULL) : NULL;

	if (list)
		json_object_set_new(bgp, "listen-address", list);
	if (as)
		json_object_set_new(bgp, "as", json_integer(1));
	begin(version(n, json_pack("{s:o}", "bgp", bgp)), on_done, said);
	for (int i = 0; i < 6; i++) {
		played_settle();
		if (commit_busy())
			answer_all(n);
	}
	str_copy(out, done(), sizeof(out));
	for (char *at = played_text; (at = strstr(at, " listen ")); at++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%.*s",
			 (int)strcspn(at, ":\n"), at);
	played_text[0] = '\0';
	return out;
}

/* What is new is made and handed over, what is no longer wanted is closed, the rest stays. */
static void test_sockets_change(void **state)
{
	if (unshare(CLONE_NEWNET) < 0)
		skip();
	assert_string_equal(listen_at(1, "[\"127.0.0.1\",\"127.0.0.2\"]", true),
			    "applied listen 127.0.0.2 listen 127.0.0.1");
	assert_true(is_bound("127.0.0.1") && is_bound("127.0.0.2"));
	assert_string_equal(listen_at(2, "[\"127.0.0.2\",\"127.0.0.3\"]", true),
			    "applied listen 127.0.0.3");
	assert_true(!is_bound("127.0.0.1") && is_bound("127.0.0.2") && is_bound("127.0.0.3"));
	port++;
	assert_string_equal(listen_at(3, "[\"127.0.0.2\"]", true), "applied listen 127.0.0.2");
	assert_true(is_bound("127.0.0.2"));
	port--;
	assert_false(is_bound("127.0.0.2"));
	/* Everywhere, by both families, and beside one address of the same port. */
	port++;
	assert_string_equal(listen_at(4, NULL, true), "applied listen [ listen 0.0.0.0");
	assert_true(is_bound("127.0.0.1"));
	assert_string_equal(listen_at(5, "[\"127.0.0.2\"]", true), "applied listen 127.0.0.2");
	assert_false(is_bound("127.0.0.1"));
	assert_string_equal(listen_at(7, NULL, false), "applied"); /* no BGP */
	assert_false(is_bound("127.0.0.2"));
	port--;
}

/* Two addresses, of which the second is somebody else's: the first one is let go. */
static void test_sockets_of_a_refusal(void **state)
{
	int fd = port_take("127.0.0.7", port);
	char want[128];

	snprintf(want, sizeof(want), "bgp: cannot listen at 127.0.0.7:%u: Address already in use",
		 port);
	assert_string_equal(listen_at(1, "[\"127.0.0.6\",\"127.0.0.7\",\"127.0.0.8\"]", true),
			    want);
	assert_false(is_bound("127.0.0.6"));
	assert_false(is_bound("127.0.0.8"));
	close(fd);
}

/* What ran before comes back without the one that cannot be had, and with all others. */
static void test_sockets_of_a_return(void **state)
{
	int fd = port_take("127.0.0.7", port);

	assert_string_equal(listen_at(1, "[\"127.0.0.5\"]", true), "applied listen 127.0.0.5");
	begin = commit_return;
	assert_string_equal(listen_at(2, "[\"127.0.0.6\",\"127.0.0.7\",\"127.0.0.8\"]", true),
			    "applied listen 127.0.0.8 listen 127.0.0.6");
	begin = commit_start;
	assert_true(is_bound("127.0.0.6"));
	assert_true(is_bound("127.0.0.8"));
	assert_false(is_bound("127.0.0.5"));
	close(fd);
	listen_free();
}

/* Nothing is asked where nobody could listen there. */
static void test_address_in_use(void **state)
{
	int fd = port_take("127.0.0.1", port);
	char want[128];

	commit_start(rich(1, "127.0.0.1", false), on_done, said);
	snprintf(want, sizeof(want), "bgp: cannot listen at 127.0.0.1:%u: Address already in use",
		 port);
	assert_string_equal(done(), want);
	assert_false(commit_busy());
	EXPECT("");
	close(fd);
}

static void test_log_levels(void **state)
{
	static const char *const names[] = {"error", "warning", "info", "debug", NULL};

	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++) {
		unsigned want = names[i] ? i : LOG_LEVEL_INFO;

		commit_start(
			version(1 + i, json_pack("{s:{s:s*}}", "system", "log-level", names[i])),
			on_done, said);
		played_settle();
		answer_all(1 + i);
		for (unsigned level = 0; level < 4; level++)
			assert_int_equal(log_enabled(level), level <= want);
		answer(DAEMON_WGD, 1 + i, "");
		answer(DAEMON_BFDD, 1 + i, "");
		answer(DAEMON_ZEBRA, 1 + i, "");
		answer(DAEMON_BGPD, 1 + i, "");
		answer(DAEMON_ZEBRA, 1 + i, "");
		answer(DAEMON_WGD, 1 + i, "");
		assert_string_equal(done(), "applied");
	}
}

static int setup(void **state)
{
	played_from_daemon = from_daemon;
	for (int id = 0; id < DAEMON_COUNT; id++)
		played_start(id);
	return 0;
}

static int teardown(void **state)
{
	commit_free();
	assert_false(commit_busy()); /* of whatever there was */
	listen_free();
	played_free();
	datastore_set_running(NULL);
	loop_free();
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_steps),
		TEST(test_refusals),
		TEST(test_gate),
		TEST(test_gate_refuses),
		TEST(test_malformed_answer),
		TEST(test_late_refusal),
		TEST(test_errors_behind_the_check),
		TEST(test_death_on_the_way_back),
		TEST(test_check_alone),
		TEST(test_other_generation),
		TEST(test_deaths_in_the_check),
		TEST(test_death_behind_its_answer),
		TEST(test_death_in_apply),
		TEST(test_dies_twice),
		TEST(test_dies_once),
		TEST(test_successor_says_no),
		TEST(test_first_goes_back),
		TEST(test_return_goes_on),
		TEST(test_return_from_what_kills),
		TEST(test_one_that_is_away),
		TEST(test_give_up),
		TEST(test_no_answer),
		TEST(test_time_ends_with_it),
		TEST(test_teardown),
		TEST(test_keys_and_sockets),
		TEST(test_inbound_address),
		TEST(test_sockets_without_bgpd),
		TEST(test_sockets_change),
		TEST(test_sockets_of_a_refusal),
		TEST(test_sockets_of_a_return),
		TEST(test_address_in_use),
		TEST(test_log_levels),
	};
	int failed, fd = mkstemp(key_path);

	if (fd < 0 || sodium_init() < 0 ||
	    dprintf(fd, "GtL7fZc/bLnqZldpVofMCD6hDjrK28SsdLxevJ+qtKU=\n") < 0)
		return 1;
	fchmod(fd, 0600);
	close(fd);
	strcpy(key_name, strrchr(key_path, '/') + 1);
	port = 20000 + (unsigned)getpid() % 10000;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(key_path);
	return failed;
}
