/* SPDX-License-Identifier: BSD-2-Clause */
#include "drill.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "conf.h"
#include "drill_echo.h"
#include "drill_history.h"
#include "drill_routes.h"
#include "log.h"
#include "loop.h"

#define SECONDS 30	  /* default */
#define TICK_MS 100	  /* between two looks */
#define PROGRESS_MS 10000 /* between two lines while nothing happens */
#define ECHO_ANSWERS 5	  /* before it begins */
#define ECHO_PATIENCE_MS 3000
#define SETTLE_US 2000000     /* nothing moves for so long: it is over */
#define BACK_MAX_US 120000000 /* after the end of the cut */
#define ECHO_LATE_US 1000000  /* an answer may take that long */

#define SENTENCE_MAX 256
#define KEY_MAX 32

enum stage { NONE, CHECKING, WARMING, CUTTING, DOWN, BACK };

static struct {
	enum stage stage;
	struct request *request; /* of a drill that runs; NULL: its client is gone */
	bool headed;		 /* the head was sent */
	char interface[MSG_NAME_MAX], peer[MSG_NAME_MAX];
	uint32_t seconds;
	struct addr to; /* family 0: no echo stream */
	json_t *record;
	uint64_t begun_ms, said_ms;
	/* us, monotonic; 0: not yet */
	uint64_t cut, detected, down, withdrawn, restored, up;
	struct drill_moves away; /* when the cut ended */
	int64_t prefixes;
	struct timer tick;
} drill;

static const char *str(const json_t *obj, const char *key)
{
	const char *text = json_string_value(json_object_get(obj, key));

	return text ? text : "";
}

/* ---- what is said */

static void say(const char *step, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(const char *step, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	drill.said_ms = now_ms();
	if (drill.request && drill.headed)
		request_row(drill.request, json_pack("{s:s, s:s}", "step", step, "text", text));
}

static void put_ms(const char *key, uint64_t from, uint64_t at)
{
	json_object_set_new(drill.record, key,
			    from && at >= from ? json_real((at - from) / 1000.0) : json_null());
}

static void put_echo(const char *prefix, uint64_t from, uint64_t to)
{
	struct drill_echo_result r = drill_echo_result(from, to);
	char key[KEY_MAX];

	snprintf(key, sizeof(key), "%s-sent", prefix);
	json_object_set_new(drill.record, key, json_integer(r.sent));
	snprintf(key, sizeof(key), "%s-lost", prefix);
	json_object_set_new(drill.record, key, json_integer(r.lost));
	snprintf(key, sizeof(key), "%s-blackout-ms", prefix);
	json_object_set_new(drill.record, key, json_real(r.blackout_ms));
}

static void fill_record(void)
{
	struct drill_moves back = drill.restored ? drill_routes_back() : (struct drill_moves){0};
	struct drill_moves away = drill.restored ? drill.away : drill_routes_away();
	uint64_t now = now_us();

	put_ms("detection-ms", drill.cut, drill.detected);
	put_ms("down-ms", drill.cut, drill.down);
	put_ms("withdrawal-ms", drill.cut, drill.withdrawn);
	put_ms("first-move-ms", drill.cut, away.first);
	put_ms("last-move-ms", drill.cut, away.last);
	json_object_set_new(drill.record, "writes", json_integer(away.writes));
	put_ms("up-ms", drill.restored, drill.up);
	put_ms("first-return-ms", drill.restored, back.first);
	put_ms("last-return-ms", drill.restored, back.last);
	json_object_set_new(drill.record, "return-writes", json_integer(back.writes));
	if (!drill.to.family || !drill.cut)
		return;
	put_echo("echo", drill.cut, drill.restored ? drill.restored : now);
	if (drill.restored)
		put_echo("return-echo", drill.restored, now - ECHO_LATE_US);
}

/* ---- the end */

void drill_free(void)
{
	timer_stop(&drill.tick);
	drill_echo_stop();
	drill_routes_stop();
	json_decref(drill.record);
	drill.record = NULL;
	drill.stage = NONE;
}

/* Before anything was cut. */
static void refuse(const char *why)
{
	log_info("drill-refused", "peer=%s interface=%s why=\"%s\"", drill.peer, drill.interface,
		 why);
	if (drill.request)
		request_end(drill.request, why);
	drill_free();
}

static void drill_finish(const char *result)
{
	json_t *event;

	fill_record();
	json_object_set_new(drill.record, "result", json_string(result));
	drill_history_put(drill.record);
	log_info("drill", "peer=%s interface=%s result=\"%s\"", drill.peer, drill.interface,
		 result);
	event = json_copy(drill.record);
	json_object_set_new(event, "event", json_string("drill"));
	request_tell(event);
	if (drill.request) {
		request_row(drill.request, json_pack("{s:s, s:s, s:O}", "step", "result", "text",
						     result, "result", drill.record));
		request_end(drill.request, str_eq(result, "complete") ? NULL : result);
	}
	drill_free();
}

/* ---- the stages */

static bool is_back(uint64_t now)
{
	struct drill_moves back = drill_routes_back();
	uint64_t last = back.last > drill.up ? back.last : drill.up;

	if (!drill.detected) /* nobody noticed */
		return now - drill.restored > SETTLE_US;
	return drill.up && (back.writes || !drill.away.writes) && now - last > SETTLE_US;
}

static void look_back(void)
{
	uint64_t now = now_us();

	if (is_back(now))
		drill_finish(drill.detected ? "complete" : "the cut was not detected");
	else if (now - drill.restored > BACK_MAX_US)
		drill_finish(drill.up ? "the routes did not come back"
				      : "the tunnel did not come back");
}

static void on_cut(void *arg, const json_t *answer, const char *error)
{
	if (drill.stage != CUTTING)
		return;
	if (error) {
		refuse(error);
		return;
	}
	drill.cut = json_real_value(json_object_get(answer, "monotonic-ms")) * 1000;
	drill.stage = DOWN;
	drill_history_put(drill.record);
	log_warn("drill", "peer=%s interface=%s seconds=%u", drill.peer, drill.interface,
		 drill.seconds);
	say("cut", "%s on %s is cut for %u s", drill.peer, drill.interface, drill.seconds);
}

static void cut(void)
{
	drill.stage = CUTTING;
	ask_daemon(DAEMON_WGD,
		   json_pack("{s:s, s:s, s:s, s:i}", "command", "cut", "interface", drill.interface,
			     "peer", drill.peer, "seconds", (int)drill.seconds),
		   on_cut, NULL);
}

static void drill_tick(void *arg)
{
	uint64_t now = now_ms();

	timer_start(&drill.tick, TICK_MS);
	if (drill.stage == WARMING && drill_echo_received() >= ECHO_ANSWERS)
		cut();
	else if (drill.stage == WARMING && now - drill.begun_ms > ECHO_PATIENCE_MS)
		refuse("the address does not answer echo requests");
	else if (drill.stage == DOWN && now * 1000 > drill.cut + (drill.seconds + 10) * 1000000ull)
		drill_finish("wgd did not end the cut; the kernel has");
	else if (drill.stage == BACK)
		look_back();
	if (drill.stage >= DOWN && now - drill.said_ms > PROGRESS_MS)
		say("wait", drill.stage == DOWN ? "the tunnel is cut" : "waiting for the tunnel");
}

/* As much of it as there is room for. */
static void append(char text[MSG_ERROR_MAX], const char *word)
{
	size_t len = strlen(text);

	snprintf(text + len, MSG_ERROR_MAX - len, " %s", word);
}

static void refuse_without(const json_t *answer)
{
	json_t *prefixes = json_object_get(answer, "without"), *prefix;
	json_int_t n = json_integer_value(json_object_get(answer, "without-alternative"));
	char error[MSG_ERROR_MAX];
	size_t i;

	snprintf(error, sizeof(error),
		 "%lld of %lld prefixes have no other healthy path:", (long long)n,
		 (long long)json_integer_value(json_object_get(answer, "prefixes")));
	json_array_foreach (prefixes, i, prefix)
		append(error, json_string_value(prefix));
	if ((size_t)n > json_array_size(prefixes))
		append(error, "...");
	refuse(error);
}

static json_t *new_record(void)
{
	return json_pack("{s:I, s:s, s:s, s:i, s:I, s:o, s:s}", "time", (json_int_t)time(NULL),
			 "interface", drill.interface, "peer", drill.peer, "seconds",
			 (int)drill.seconds, "prefixes", (json_int_t)drill.prefixes, "to",
			 drill.to.family ? json_string(ADDR_STR(&drill.to)) : json_null(), "result",
			 "running");
}

static void drill_begin(const json_t *answer)
{
	int err =
		drill_routes_start(json_integer_value(json_object_get(answer, "ifindex")),
				   json_integer_value(json_object_get(answer, "protocol-number")));

	if (err == 0 && drill.to.family)
		err = drill_echo_start(&drill.to);
	if (err < 0) {
		refuse(strerror(-err));
		return;
	}
	drill.begun_ms = now_ms();
	drill.record = new_record();
	if (drill.request) {
		request_head(drill.request,
			     json_pack("{s:s, s:s, s:i, s:I}", "interface", drill.interface, "peer",
				       drill.peer, "seconds", (int)drill.seconds, "prefixes",
				       (json_int_t)drill.prefixes),
			     "steps");
		drill.headed = true;
	}
	say("check", "all %lld prefixes that use %s on %s have another healthy path",
	    (long long)drill.prefixes, drill.peer, drill.interface);
	timer_start(&drill.tick, TICK_MS);
	if (drill.to.family)
		drill.stage = WARMING;
	else
		cut();
}

static void on_alternatives(void *arg, const json_t *answer, const char *error)
{
	if (drill.stage != CHECKING)
		return;
	if (error) {
		refuse(error);
		return;
	}
	str_copy(drill.interface, str(answer, "interface"), sizeof(drill.interface));
	drill.prefixes = json_integer_value(json_object_get(answer, "prefixes"));
	if (json_integer_value(json_object_get(answer, "without-alternative")))
		refuse_without(answer);
	else if (!str_eq(str(answer, "state"), "up"))
		refuse("the tunnel is not up: there is nothing to be learned from a drill");
	else
		drill_begin(answer);
}

/* ---- what happens */

static bool about_us(const json_t *event)
{
	return str_eq(str(event, "interface"), drill.interface) &&
	       str_eq(str(event, "peer"), drill.peer);
}

static void on_tunnel_state(const json_t *event, uint64_t at)
{
	const char *to = str(event, "to");
	bool bad = str_eq(to, "down") || str_eq(to, "degraded");

	if (drill.stage == DOWN && bad && !drill.detected) {
		drill.detected = at;
		say("detected", "%.1f ms: the tunnel is %s (%s)", (at - drill.cut) / 1000.0, to,
		    str(event, "reason"));
	}
	if (drill.stage == DOWN && str_eq(to, "down") && !drill.down)
		drill.down = at;
	if (drill.stage == BACK && str_eq(to, "up")) {
		drill.up = at;
		say("up", "%.1f ms: the tunnel is up again", (at - drill.restored) / 1000.0);
	}
}

static void on_restored(const json_t *event, uint64_t at)
{
	drill.restored = at;
	drill.stage = BACK;
	drill.away = drill_routes_away();
	drill_routes_reset();
	if (drill.away.writes)
		say("moved", "%.1f to %.1f ms: routes went elsewhere, %u writes",
		    (drill.away.first - drill.cut) / 1000.0, (drill.away.last - drill.cut) / 1000.0,
		    drill.away.writes);
	say("restored", "the cut has ended: %s", str(event, "why"));
}

void drill_event(enum daemon_id id, const json_t *event)
{
	uint64_t at = json_number_value(json_object_get(event, "monotonic-ms")) * 1000;
	const char *name = str(event, "event");

	if (drill.stage < DOWN || !about_us(event))
		return;
	if (str_eq(name, "tunnel-state"))
		on_tunnel_state(event, at);
	else if (str_eq(name, "cut-end") && drill.stage == DOWN)
		on_restored(event, at);
	else if (str_eq(name, "nexthop") && drill.stage == DOWN && !drill.withdrawn &&
		 !str_eq(str(event, "state"), "up"))
		drill.withdrawn = at;
}

void drill_daemon_gone(enum daemon_id id)
{
	if (id == DAEMON_WGD && drill.stage >= DOWN)
		drill_finish("interrupted: wgd ended");
}

/* ---- requests */

void drill_request(struct request *r, const json_t *args)
{
	uint32_t seconds = conf_has(args, "seconds") ? conf_u32(args, "seconds", 0) : SECONDS;
	const char *to = str(args, "to");
	json_t *ask;

	if (drill.stage != NONE) {
		request_end(r, "a drill is running");
		return;
	}
	drill.to = (struct addr){0};
	if (seconds < 1 || seconds > 600 || (*to && addr_parse(to, &drill.to) < 0)) {
		request_end(r, "expected 1 to 600 seconds, and an address");
		return;
	}
	drill.request = r;
	drill.headed = false;
	drill.stage = CHECKING;
	drill.seconds = seconds;
	drill.cut = drill.detected = drill.down = drill.withdrawn = drill.restored = drill.up = 0;
	str_copy(drill.peer, str(args, "peer"), sizeof(drill.peer));
	str_copy(drill.interface, str(args, "interface"), sizeof(drill.interface));
	timer_init(&drill.tick, drill_tick, NULL);
	ask = json_pack("{s:s, s:s}", "command", "alternatives", "peer", drill.peer);
	if (drill.interface[0])
		json_object_set_new(ask, "interface", json_string(drill.interface));
	ask_daemon(DAEMON_ZEBRA, ask, on_alternatives, NULL);
}

static void on_stopped(void *arg, const json_t *answer, const char *error)
{
}

void drill_stop_request(struct request *r, const json_t *args)
{
	if (drill.stage != DOWN) {
		request_end(r, "no tunnel is cut");
		return;
	}
	ask_daemon(DAEMON_WGD, json_pack("{s:s}", "command", "cut-end"), on_stopped, NULL);
	request_object(r, json_object());
}

void drill_history_request(struct request *r, const json_t *args)
{
	json_t *record;
	size_t i;

	request_head(r, json_object(), "drills");
	json_array_foreach (drill_history(), i, record)
		request_row(r, json_incref(record));
	request_end(r, NULL);
}

void drill_forget(struct request *r)
{
	if (drill.request == r)
		drill.request = NULL;
}
