/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drill: whole drills as a conversation (testdata/drill.golden), with played daemons, routes and
 * echo stream, a clock that is turned, and the history in a directory of its own:
 *
 *	@drill JSON, @stop, @drills	a client's request: "- " and what it is answered
 *	@answer JSON, @error TEXT	the daemon that was asked last answers: "? " and the request
 *	@event DAEMON JSON		an event of wgd, bgpd or zebra-lite
 *	@gone DAEMON
 *	@forget [other]			the client has gone
 *	@pass MS			time goes by, in steps of 100 ms
 *	@echo RECEIVED, @refuse CALL ERRNO
 *	@away FIRST LAST WRITES, @back FIRST LAST WRITES: the kernel's notifications; ms
 *	@file				what is in the history's file
 *	@restart			of wgbgpd
 *	@break, @mend			the history's directory
 *
 * Times in requests and records are ms since the beginning of the case.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ask.h"
#include "drill.h"
#include "drill_echo.h"
#include "drill_history.h"
#include "drill_routes.h"
#include "golden.h"
#include "log.h"
#include "loop_fake.h"
#include "util.h"

time_t __wrap_time(time_t *out);

time_t __wrap_time(time_t *out)
{
	return 1800000000;
}

static FILE *said; /* what comes of a block */

void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...);

void __wrap_log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	if (level <= LOG_LEVEL_WARN)
		fprintf(said, "! %s\n", event);
}
static uint64_t began_us;
static char dir[] = "/tmp/wgbgp-drill-XXXXXX";
static struct request client, other;

static void say_json(const char *what, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(12));

	fprintf(said, "%s%s\n", what, text);
	free(text);
	json_decref(json);
}

/* ---- clients and daemons */

void request_head(struct request *r, json_t *head, const char *list)
{
	fprintf(said, "- head of %s ", list);
	say_json("", head);
}

void request_row(struct request *r, json_t *row)
{
	assert_ptr_equal(r, &client);
	say_json("- ", row);
}

void request_end(struct request *r, const char *error)
{
	fprintf(said, "- end%s%s\n", error ? ": " : "", error ? error : "");
}

void request_object(struct request *r, json_t *object)
{
	say_json("- object ", object);
}

void request_tell(json_t *event)
{
	say_json("tell ", event);
}

static const char *const daemons[] = {"wgd", "zebra", "bgpd"};
static const enum daemon_id ids[] = {DAEMON_WGD, DAEMON_ZEBRA, DAEMON_BGPD};
static ask_fn asked;
static void *asked_arg;

static enum daemon_id daemon_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (str_eq(daemons[i], name))
			return ids[i];
	fail_msg("no daemon %s", name);
	return 0;
}

void ask_daemon(enum daemon_id id, json_t *request, ask_fn fn, void *arg)
{
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (ids[i] == id)
			fprintf(said, "? %s ", daemons[i]);
	say_json("", request);
	asked = fn;
	asked_arg = arg;
}

/* ---- the kernel */

static int routes_error, echo_error;
static uint32_t echo_count;
static struct drill_moves away, back;
static bool watching, streaming;

int drill_routes_start(uint32_t ifindex, uint8_t protocol)
{
	fprintf(said, "watch %u %u\n", ifindex, protocol);
	watching = !routes_error;
	return -routes_error;
}

struct drill_moves drill_routes_away(void)
{
	return away;
}

struct drill_moves drill_routes_back(void)
{
	return back;
}

void drill_routes_reset(void)
{
	away = back = (struct drill_moves){0};
}

void drill_routes_stop(void)
{
	if (watching)
		fprintf(said, "watch no more\n");
	watching = false;
}

int drill_echo_start(const struct addr *to)
{
	fprintf(said, "stream to %s\n", ADDR_STR(to));
	streaming = !echo_error;
	return -echo_error;
}

uint32_t drill_echo_received(void)
{
	return echo_count;
}

static double ms_of(uint64_t us)
{
	return (us - began_us) / 1000.0;
}

struct drill_echo_result drill_echo_result(uint64_t from, uint64_t to)
{
	fprintf(said, "lost from %.1f to %.1f?\n", ms_of(from), ms_of(to));
	return (struct drill_echo_result){(to - from) / 10000, 3, 31.25};
}

void drill_echo_stop(void)
{
	if (streaming)
		fprintf(said, "stream no more\n");
	streaming = false;
}

/* ---- blocks */

static void begin(void)
{
	char *path = xasprintf("%s/drills", dir);

	said = fopen("/dev/null", "we");
	drill_free();
	drill_history_close();
	fclose(said);
	unlink(path);
	free(path);
	routes_error = echo_error = 0;
	echo_count = 0;
	away = back = (struct drill_moves){0};
	began_us = now_us();
	drill_history_open();
}

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);

	if (!json)
		fail_msg("%s in %s", error.text, text);
	return json;
}

/* Times of daemons are those of the machine's clock. */
static json_t *parse_timed(const char *text)
{
	json_t *json = parse(text), *at = json_object_get(json, "monotonic-ms");

	if (at)
		json_object_set_new(json, "monotonic-ms",
				    json_real(json_number_value(at) + began_us / 1000.0));
	return json;
}

static void do_drill(const char *text)
{
	json_t *args = parse(text);

	drill_request(&client, args);
	json_decref(args);
}

static void do_answer(const char *text, const char *error)
{
	json_t *answer = error ? NULL : parse_timed(text);

	assert_non_null(asked);
	asked(asked_arg, answer, error);
	json_decref(answer);
}

static void do_event(char *words)
{
	enum daemon_id id = daemon_of(strsep(&words, " "));
	json_t *event = parse_timed(words);

	drill_event(id, event);
	json_decref(event);
}

static void do_pass(unsigned ms)
{
	for (unsigned i = 0; i < ms / 100; i++) {
		loop_fake_pass(100000);
		loop_fake_turn();
	}
}

static struct drill_moves moves(const char *text)
{
	struct drill_moves m;
	double first, last;

	assert_int_equal(sscanf(text, "%lf %lf %u", &first, &last, &m.writes), 3);
	m.first = began_us + (uint64_t)(first * 1000);
	m.last = began_us + (uint64_t)(last * 1000);
	return m;
}

static void do_file(void)
{
	char *path = xasprintf("%s/drills", dir);
	FILE *f = fopen(path, "re");
	int c;

	while (f && (c = getc(f)) != EOF)
		putc(c, said);
	if (f)
		fclose(f);
	free(path);
}

/* What is between the file and the directory that it lies in. */
static void set_broken(bool broken)
{
	char *tmp = xasprintf("%s/drills.new", dir);

	if (broken)
		assert_int_equal(mkdir(tmp, 0700), 0);
	else
		assert_int_equal(rmdir(tmp), 0);
	free(tmp);
}

static void do_restart(void)
{
	drill_free();
	drill_history_close();
	drill_history_open();
}

static void do_refuse(char *words)
{
	int *error = str_eq(strsep(&words, " "), "routes") ? &routes_error : &echo_error;

	*error = atoi(words);
}

static bool block(FILE *out, const char *head, const char *body)
{
	char *copy = xstrdup(head), *rest = copy;
	const char *what = strsep(&rest, " ");
	json_t *none = json_object();

	said = out;
	errno = EIO; /* of some other call */
	if (str_eq(what, "drill"))
		do_drill(rest);
	else if (str_eq(what, "stop"))
		drill_stop_request(&client, none);
	else if (str_eq(what, "drills"))
		drill_history_request(&client, none);
	else if (str_eq(what, "answer"))
		do_answer(rest, NULL);
	else if (str_eq(what, "error"))
		do_answer(NULL, rest);
	else if (str_eq(what, "event"))
		do_event(rest);
	else if (str_eq(what, "gone"))
		drill_daemon_gone(daemon_of(rest));
	else if (str_eq(what, "forget"))
		drill_forget(rest ? &other : &client);
	else if (str_eq(what, "pass"))
		do_pass(atoi(rest));
	else if (str_eq(what, "echo"))
		echo_count = atoi(rest);
	else if (str_eq(what, "refuse"))
		do_refuse(rest);
	else if (str_eq(what, "away"))
		away = moves(rest);
	else if (str_eq(what, "back"))
		back = moves(rest);
	else if (str_eq(what, "file"))
		do_file();
	else if (str_eq(what, "restart"))
		do_restart();
	else if (str_eq(what, "break") || str_eq(what, "mend"))
		set_broken(str_eq(what, "break"));
	else
		fail_msg("@%s?", head);
	json_decref(none);
	free(copy);
	return true;
}

static void test_drills(void **state)
{
	static const struct golden_play play = {begin, block};

	golden_run("wgbgpd/testdata/drill.golden", &play);
}

static int setup(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	return setenv("WGBGP_STATEDIR", dir, 1);
}

static int teardown(void **state)
{
	char *path = xasprintf("%s/drills", dir);

	unlink(path);
	free(path);
	path = xasprintf("%s/drills.new", dir);
	rmdir(path);
	free(path);
	rmdir(dir);
	return 0;
}

/* The fifty last ones are kept, over a restart, too; a line that is none is left out. */
static void test_history(void **state)
{
	char *path = xasprintf("%s/drills", dir);
	FILE *f = fopen(path, "we");
	char *text;
	size_t len;

	for (int i = 0; i < 60; i++)
		fprintf(f, "{\"time\":%d,\"result\":\"%s\"}\n", i, i % 2 ? "complete" : "running");
	fputs("no JSON\n[]\n{\"time\":60}\n", f);
	fclose(f);
	drill_history_open();
	said = open_memstream(&text, &len);
	drill_history_request(&client, NULL);
	fflush(said);
	assert_non_null(strstr(text, "- {\"time\":58,\"result\":\"interrupted: wgbgpd ended\"}\n"
				     "- {\"time\":59,\"result\":\"complete\"}\n- {\"time\":60}\n"
				     "- end\n"));
	drill_request(&client, NULL);
	do_answer("{\"interface\":\"wg0\",\"prefixes\":1,\"state\":\"up\"}", NULL);
	do_answer("{\"monotonic-ms\":1.0}", NULL);
	fflush(said);
	rewind(said);
	drill_history_request(&client, NULL);
	putc('\0', said);
	fflush(said);
	assert_non_null(strstr(text, "- head of drills {}\n- {\"time\":12,"));
	drill_free();
	drill_history_close();
	fclose(said);
	free(text);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_drills, setup, teardown),
		cmocka_unit_test_setup_teardown(test_history, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
