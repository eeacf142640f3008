/* SPDX-License-Identifier: BSD-2-Clause */
/* spared: which of the needed hosts are told to a played zebra-lite, when, and what is remembered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "change_journal.h"
#include "commit.h"
#include "conf.h"
#include "conf_nets.h"
#include "datastore.h"
#include "log.h"
#include "loop_fake.h"
#include "needed.h"
#include "spared.h"
#include "util.h"

static char dir[] = "/tmp/wgbgp-spared-XXXXXX";
static char *path;
static struct datastore_version version;
static bool is_running;	      /* VERSION */
static char told[1024] = "-"; /* the last list; "-": none since */
static ask_fn waiting;
static struct needed needed[NEEDED_MAX];
static unsigned n_needed, n_reads;
static bool busy; /* with a commit */
struct change_index change_journal;

bool commit_busy(void)
{
	return busy;
}

const struct datastore_version *datastore_running(void)
{
	return is_running ? &version : NULL;
}

unsigned needed_read(struct needed out[NEEDED_MAX], needed_fn is_wanted, void *arg)
{
	unsigned n = 0;

	n_reads++;
	for (unsigned i = 0; i < n_needed; i++)
		if (is_wanted(arg, &needed[i]))
			out[n++] = needed[i];
	return n;
}

/* 10.1.0.1/16 and 10.7.0.9/32 are addresses of the machine. */
void conf_nets_add_machines(struct nets *nets)
{
	static const char *const texts[] = {"10.1.0.0/16", "10.7.0.9/32"};

	nets->v = xcalloc(ARRAY_SIZE(texts), sizeof(*nets->v));
	for (; nets->n < ARRAY_SIZE(texts); nets->n++)
		assert_int_equal(prefix_parse(texts[nets->n], &nets->v[nets->n].prefix), 0);
}

void ask_daemon(enum daemon_id id, json_t *request, ask_fn fn, void *arg)
{
	const json_t *item;
	size_t i;

	assert_int_equal(id, DAEMON_ZEBRA);
	assert_string_equal(conf_str(request, "command", ""), "spare-in-keep-in");
	told[0] = '\0';
	json_array_foreach (conf_list(request, "addresses"), i, item)
		snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s%s", i ? " " : "",
			 json_string_value(item));
	waiting = fn;
	json_decref(request);
}

void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...);

void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	assert_string_equal(event, "keep-in-spared");
}

/* ADDRESS by INTERFACE is needed, too. */
static void need(const char *address, const char *interface, bool resolver)
{
	struct needed *to = &needed[n_needed++];

	assert_int_equal(addr_parse(address, &to->addr), 0);
	str_copy(to->interface, interface, sizeof(to->interface));
	str_copy(to->local, resolver ? "" : "u0", sizeof(to->local));
	to->resolver = resolver;
}

static const char *last_told(void)
{
	static char text[sizeof(told)];

	str_copy(text, told, sizeof(text));
	str_copy(told, "-", sizeof(told));
	return text;
}

static void answer(const char *error)
{
	waiting(NULL, NULL, error);
}

static void pass(unsigned ms)
{
	loop_fake_pass((uint64_t)ms * 1000);
	loop_fake_turn();
}

static json_t *config(const char *rib, const char *more, const char *permit)
{
	char *text = xasprintf(
		"{\"rib\": {%s}, \"wireguard\": {\"interface\": [{\"name\": \"wg0\", \"peer\": "
		"[{\"name\": \"a\"%s, \"permit\": [%s]}]}, {\"name\": \"wg1\", \"plane\": \"lan\", "
		"\"peer\": [{\"name\": \"b\", \"permit\": [\"172.16.0.0/12\"]}]}]}}",
		rib, more, permit);
	json_t *json = conf_read(text, strlen(text));

	assert_non_null(json);
	free(text);
	return json;
}

static void run(json_t *json)
{
	json_decref(version.json);
	version.json = json;
	is_running = true;
}

#define TEN "\"10.0.0.0/8\", \"fd00::/8\""

/* Those inside what may be kept in, and by no tunnel. */
static void test_which(void **state)
{
	static const char other[] = "{\"wireguard\": {\"interface\": [{\"name\": \"wg9\", "
				    "\"peer\": [{\"name\": \"a\", \"permit\": "
				    "[\"fd00::/8\"]}]}]}}";
	json_t *json = config("", "", TEN);

	need("10.7.0.1", "u0", false);
	need("10.7.0.2", "wg0", false);
	need("10.1.0.7", "lan0", false); /* in a network of the machine */
	need("203.0.113.1", "u0", false);
	need("fd07::1", "u1", true);
	need("172.16.0.1", "u0", false); /* the permit is another plane's */
	spared_open(json);
	pass(500);
	assert_string_equal(last_told(), "10.7.0.1 fd07::1");
	answer(NULL);
	run(json);
	pass(10000);
	assert_string_equal(last_told(), "-");
	/* Another one comes, and none goes with its session. */
	n_needed = 0;
	need("10.7.0.3", "u0", false);
	spared_look(version.json);
	assert_string_equal(last_told(), "10.7.0.3 10.7.0.1 fd07::1");
	answer(NULL);
	/* A configuration of which a part is not applied yet. */
	need("fd08::1", "wg9", true);
	json = conf_read(other, strlen(other));
	assert_non_null(json);
	spared_look(json);
	assert_string_equal(last_told(), "-");
	json_decref(json);
	/* What is kept in nowhere any more needs no exception. */
	run(config("", "", "\"fd00::/8\""));
	pass(10000);
	assert_string_equal(last_told(), "fd08::1 fd07::1");
	answer(NULL);
	run(config("\"keep-in\": \"off\"", "", TEN));
	pass(10000);
	assert_string_equal(last_told(), "");
	run(config("\"keep-in\": \"off\"", ", \"keep-in\": \"permit\"", TEN));
	pass(10000);
	assert_string_equal(last_told(), "10.7.0.3 fd08::1");
}

/* A name server to which a tunnel leads needs none, and one who has a session may come again. */
static void test_resolver_of_a_tunnel(void **state)
{
	run(config("", "", TEN));
	need("10.7.0.53", "u0", true);
	need("10.7.0.1", "u0", false);
	spared_open(version.json);
	pass(500);
	assert_string_equal(last_told(), "10.7.0.53 10.7.0.1");
	answer(NULL);
	n_needed = 0;
	need("10.7.0.53", "wg0", true);
	need("10.7.0.1", "wg0", false);
	n_reads = 0;
	pass(10000);
	assert_int_equal(n_reads, 1); /* of all connections there are */
	assert_string_equal(last_told(), "10.7.0.1");
	answer(NULL);
	n_needed = 0; /* the tunnel has ended, and nothing leads there */
	pass(10000);
	assert_string_equal(last_told(), "-");
	spared_close();
	spared_open(version.json);
	pass(500);
	assert_string_equal(last_told(), "10.7.0.1");
}

/* Of a session with a tunnel's address only the tunnel is the way. */
static void test_session_by_a_tunnel(void **state)
{
	run(config("", "", TEN));
	need("10.7.0.1", "u0", false);
	str_copy(needed[0].local, "wg0", sizeof(needed[0].local));
	spared_open(version.json);
	pass(10500);
	assert_string_equal(last_told(), "-");
}

/* Those of a configuration that is being applied, or may come back, are not dropped. */
static void test_change(void **state)
{
	json_t *next = config("", "", TEN);

	run(config("", "", "\"fd00::/8\""));
	need("10.7.0.1", "u0", false);
	spared_open(version.json);
	busy = true; /* the new one is being checked */
	spared_look(next);
	assert_string_equal(last_told(), "10.7.0.1");
	answer(NULL);
	pass(20000);
	assert_string_equal(last_told(), "-");
	run(next);
	busy = false;
	pass(10000);
	assert_string_equal(last_told(), "-");
	/* On trial. */
	change_journal.pending.number = 2;
	run(config("", "", "\"fd00::/8\""));
	pass(20000);
	assert_string_equal(last_told(), "-");
	change_journal.pending.number = 0; /* it was confirmed */
	pass(10000);
	assert_string_equal(last_told(), "");
}

/* A new zebra-lite is told again, and so is one that did not answer. */
static void test_again(void **state)
{
	need("10.7.0.1", "u0", false);
	spared_open(NULL);
	run(config("", "", TEN));
	pass(500);
	assert_string_equal(last_told(), "10.7.0.1");
	answer("a daemon is not running");
	pass(500);
	assert_string_equal(last_told(), "10.7.0.1");
	answer(NULL);
	spared_daemon_changed(DAEMON_BGPD);
	pass(500);
	assert_string_equal(last_told(), "-");
	spared_daemon_changed(DAEMON_ZEBRA);
	pass(500);
	assert_string_equal(last_told(), "10.7.0.1");
	spared_close();
	answer("the daemon went away");
	assert_true(loop_fake_rests());
}

/* One that refuses it is asked less and less often, and a new one soon. */
static void test_refused(void **state)
{
	unsigned ms = 500;

	run(config("", "", TEN));
	need("10.7.0.1", "u0", false);
	spared_open(version.json);
	pass(500);
	for (unsigned i = 0; i < 8; i++, ms = ms * 2 < 10000 ? ms * 2 : 10000) {
		assert_string_equal(last_told(), "10.7.0.1");
		answer("it is silent");
		pass(ms - 1);
		assert_string_equal(last_told(), "-");
		pass(1);
	}
	answer("it is silent");
	str_copy(told, "-", sizeof(told));
	spared_daemon_changed(DAEMON_ZEBRA);
	pass(500);
	assert_string_equal(last_told(), "10.7.0.1");
	answer("it is silent");
	pass(500);
	assert_string_equal(last_told(), "10.7.0.1");
	answer(NULL);
	pass(20000);
	assert_string_equal(last_told(), "-");
}

/* The next life knows them, the newest ones. */
static void test_remembered(void **state)
{
	char text[32];

	run(config("", "", TEN));
	need("10.7.0.1", "u0", false);
	spared_open(version.json);
	for (unsigned i = 0; i < SPARED_MAX; i++) {
		n_needed = 0;
		snprintf(text, sizeof(text), "10.8.0.%u", i);
		need(text, "u0", false);
		need("10.7.0.2", "u0", false);
		spared_look(version.json);
	}
	spared_close();
	n_needed = 0;
	spared_open(version.json);
	pass(500);
	assert_non_null(strstr(told, "10.8.0.63 10.7.0.2 10.8.0.62 "));
	assert_non_null(strstr(told, " 10.8.0.1"));
	assert_null(strstr(told, "10.7.0.1"));
	assert_null(strstr(told, "10.8.0.0 "));
}

static void need_strangers(unsigned first, unsigned count)
{
	char text[32];

	n_needed = 0;
	while (count--) {
		snprintf(text, sizeof(text), "203.0.113.%u", first++);
		need(text, "u0", false);
	}
}

/* Strangers do not push anybody off the list who is inside more than a default route. */
static void test_strangers(void **state)
{
	run(config("", "", "\"0.0.0.0/0\", \"10.0.0.0/8\""));
	need("10.7.0.1", "u0", false);
	spared_open(version.json);
	for (unsigned i = 0; i < SPARED_MAX + 5; i++) {
		need_strangers(i, 1);
		spared_look(version.json);
	}
	assert_non_null(strstr(told, "203.0.113.68 "));
	assert_null(strstr(told, "203.0.113.5 "));
	assert_non_null(strstr(told, " 10.7.0.1"));
	/* Those whose sessions last stay, and the others are not news at each look. */
	need_strangers(100, SPARED_MAX + 5);
	spared_look(version.json);
	assert_non_null(strstr(last_told(), " 10.7.0.1"));
	spared_look(version.json);
	assert_string_equal(last_told(), "-");
	need("10.7.0.2", "u0", false);
	spared_look(version.json);
	assert_non_null(strstr(told, "10.7.0.2 "));
	assert_non_null(strstr(last_told(), " 10.7.0.1"));
	spared_look(version.json);
	assert_string_equal(last_told(), "-");
	need_strangers(0, 1);
	need("10.7.0.2", "u0", false);
	spared_look(version.json);
	assert_non_null(strstr(told, "10.7.0.2 "));
	assert_non_null(strstr(told, " 10.7.0.1"));
}

static void test_warned(void **state)
{
	json_t *json = config("", "", "\"0.0.0.0/0\", \"10.0.0.0/8\"");
	struct conf_errors errs = {0};

	need("10.7.0.1", "u0", false);
	need("203.0.113.53", "u0", true); /* inside a default route, which is not kept in */
	need("10.7.0.53", "u0", true);
	spared_warn(json, &errs);
	assert_int_equal(errs.errors, 0);
	assert_int_equal(errs.n, 2);
	assert_string_equal(
		errs.v[0].text,
		"warning: wireguard interface wg0 peer a permit: 10.0.0.0/8 covers "
		"10.7.0.1, who has an SSH session here by u0: it is reached in the clear "
		"while no tunnel has a route there");
	assert_true(conf_errors_has(&errs, "covers 10.7.0.53, a name server by u0"));
	conf_errors_free(&errs);
	json_decref(json);
}

/* Where the default route is kept in, a public name server is one whatever leads to it now. */
static void test_resolvers(void **state)
{
	json_t *json = config("\"keep-in\": \"permit\"", "", "\"0.0.0.0/0\", \"172.20.0.0/16\"");
	struct conf_errors errs = {0};

	need("203.0.113.53", "wg0", true);
	need("203.0.113.54", "", true);
	need("10.9.9.53", "wg0", true); /* the far network's */
	need("192.168.7.53", "", true);
	need("172.20.0.53", "", true);	   /* inside more than a default route */
	need("203.0.113.9", "wg0", false); /* no name server */
	run(json);
	spared_open(version.json);
	pass(500);
	assert_string_equal(last_told(), "203.0.113.53 203.0.113.54");
	answer(NULL);
	pass(10000);
	assert_string_equal(last_told(), "-"); /* it is not dropped, as others are */
	spared_warn(version.json, &errs);
	assert_true(conf_errors_has(&errs, "0.0.0.0/0 covers 203.0.113.53, a name server by wg0"));
	assert_true(conf_errors_has(&errs, "203.0.113.54, a name server by no interface"));
	conf_errors_free(&errs);
}

static int setup(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	path = xasprintf("%s/spared", dir);
	return setenv("WGBGP_STATEDIR", dir, 1);
}

static int clean(void **state)
{
	spared_close();
	json_decref(version.json);
	version.json = NULL;
	is_running = false;
	n_needed = 0;
	busy = false;
	change_journal.pending.number = 0;
	unlink(path);
	str_copy(told, "-", sizeof(told));
	return 0;
}

static int teardown(void **state)
{
	free(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_which, clean),
		cmocka_unit_test_teardown(test_resolver_of_a_tunnel, clean),
		cmocka_unit_test_teardown(test_session_by_a_tunnel, clean),
		cmocka_unit_test_teardown(test_change, clean),
		cmocka_unit_test_teardown(test_again, clean),
		cmocka_unit_test_teardown(test_refused, clean),
		cmocka_unit_test_teardown(test_remembered, clean),
		cmocka_unit_test_teardown(test_strangers, clean),
		cmocka_unit_test_teardown(test_warned, clean),
		cmocka_unit_test_teardown(test_resolvers, clean),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
