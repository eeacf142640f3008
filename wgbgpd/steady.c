/* SPDX-License-Identifier: BSD-2-Clause */
#include "steady.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "ask.h"
#include "conf.h"
#include "loop.h"
#include "touch.h"
#include "util.h"

#define ASK_MS 2000 /* who has not answered then is not watched */
#define STEADY_S 15 /* so long it was well */
#define POLL_MS 2000
#define SLOW_POLL_MS 10000 /* where there are many tunnels */
#define MANY_TUNNELS 500
#define LOSS_PERCENT 20 /* more than before */
#define BAD_POLLS 2	/* in a row: one is none */

static struct {
	json_t *stays;	    /* touch_stays(); NULL: no change is watched */
	json_t *sessions;   /* {ADDRESS: true} that were well */
	json_t *tunnels;    /* {"INTERFACE PEER": loss-percent before, or null} */
	json_int_t refused; /* routes that are; -1: not known */
	unsigned asked;	    /* answers that are to come */
	uintptr_t round;
	void (*done)(const char *error);
	void (*failed)(const char *why); /* NULL: what is lost is not said yet, or was */
	unsigned lossy, rising;		 /* polls in a row */
	char lost[256];			 /* while the change is being made; "": nothing */
	struct timer poll;
	struct timer limit; /* of the question before it */
} steady;

static char *tunnel_key(const json_t *row)
{
	return xasprintf("%s %s", conf_str(row, "interface", ""), conf_str(row, "peer", ""));
}

static void steady_fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void steady_fail(const char *fmt, ...)
{
	void (*failed)(const char *why) = steady.failed;
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!failed) {
		if (!steady.lost[0])
			str_copy(steady.lost, text, sizeof(steady.lost));
		return;
	}
	steady.failed = NULL;
	failed(text);
}

/* ---- before it */

static bool for_a_while(const json_t *row, const char *seconds)
{
	return json_number_value(json_object_get(row, seconds)) >= STEADY_S;
}

static bool is_staying(const char *list, const char *key)
{
	return json_object_get(json_object_get(steady.stays, list), key) != NULL;
}

static void note_session(const json_t *row)
{
	const char *address = conf_str(row, "address", "");

	if (str_eq(conf_str(row, "state", ""), "established") && for_a_while(row, "up-seconds") &&
	    is_staying("neighbors", address))
		json_object_set_new(steady.sessions, address, json_true());
}

static void note_tunnel(const json_t *row)
{
	json_t *loss = json_object_get(row, "loss-percent");
	char *key = tunnel_key(row);

	if (str_eq(conf_str(row, "state", ""), "up") && for_a_while(row, "since-seconds") &&
	    is_staying("peers", key))
		json_object_set(steady.tunnels, key, loss);
	free(key);
}

static json_int_t refused_of(const json_t *answer)
{
	return answer ? json_integer_value(json_object_get(answer, "routes-refused")) : -1;
}

static bool is_answer_to_me(void *arg)
{
	return (uintptr_t)arg == steady.round && steady.stays;
}

static void steady_answered(void)
{
	void (*done)(const char *error) = steady.done;

	if (!done || --steady.asked)
		return;
	timer_stop(&steady.limit);
	steady.done = NULL;
	done(NULL);
}

static void on_sessions(void *arg, const json_t *answer, const char *error)
{
	json_t *row;
	size_t i;

	if (!is_answer_to_me(arg))
		return;
	json_array_foreach (json_object_get(answer, "neighbors"), i, row)
		note_session(row);
	steady_answered();
}

static void on_tunnels(void *arg, const json_t *answer, const char *error)
{
	json_t *row;
	size_t i;

	if (!is_answer_to_me(arg))
		return;
	json_array_foreach (json_object_get(answer, "tunnels"), i, row)
		note_tunnel(row);
	steady_answered();
}

static void on_rib_summary(void *arg, const json_t *answer, const char *error)
{
	if (!is_answer_to_me(arg))
		return;
	steady.refused = refused_of(answer);
	steady_answered();
}

static void ask(enum daemon_id id, const char *command, ask_fn fn)
{
	steady.asked++;
	ask_daemon(id, json_pack("{s:s}", "command", command), fn, (void *)steady.round);
}

void steady_mind(const json_t *before, const json_t *after)
{
	steady_end();
	steady.stays = touch_stays(before, after);
	steady.sessions = json_object();
	steady.tunnels = json_object();
	steady.refused = -1;
}

static void on_limit(void *arg)
{
	steady.asked = 1;
	steady_answered();
}

void steady_pass(void (*done)(const char *error))
{
	if (!steady.stays) {
		done(NULL);
		return;
	}
	steady.done = done;
	steady.asked = 1; /* until all are asked */
	timer_init(&steady.limit, on_limit, NULL);
	timer_start(&steady.limit, ASK_MS);
	ask(DAEMON_BGPD, "bgp-summary", on_sessions);
	ask(DAEMON_WGD, "tunnels", on_tunnels);
	ask(DAEMON_ZEBRA, "rib-summary", on_rib_summary);
	steady_answered();
}

/* ---- behind it */

/* The first one whose loss is so much more than before; NULL: none. */
static const json_t *find_lossy(const json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		char *key = tunnel_key(row);
		const json_t *before = json_object_get(steady.tunnels, key);
		const json_t *now = json_object_get(row, "loss-percent");

		free(key);
		if (json_is_number(before) && json_is_number(now) &&
		    json_number_value(now) >= json_number_value(before) + LOSS_PERCENT)
			return row;
	}
	return NULL;
}

static void on_loss(void *arg, const json_t *answer, const char *error)
{
	const json_t *rows = json_object_get(answer, "tunnels"), *row;

	if (!is_answer_to_me(arg) || !steady.failed)
		return;
	if (json_array_size(rows) > MANY_TUNNELS)
		timer_start(&steady.poll, SLOW_POLL_MS);
	row = find_lossy(rows);
	steady.lossy = row ? steady.lossy + 1 : 0;
	if (steady.lossy == BAD_POLLS)
		steady_fail("tunnel %s loses %.0f %% of the echo requests",
			    conf_str(row, "peer", ""),
			    json_number_value(json_object_get(row, "loss-percent")));
}

static void on_refused(void *arg, const json_t *answer, const char *error)
{
	json_int_t now = refused_of(answer);

	if (!is_answer_to_me(arg) || !steady.failed)
		return;
	steady.rising = steady.refused >= 0 && now > steady.refused ? steady.rising + 1 : 0;
	if (steady.rising == BAD_POLLS)
		steady_fail("routes are refused: %lld more than before",
			    (long long)(now - steady.refused));
}

static void on_poll(void *arg)
{
	void (*failed)(const char *why) = steady.failed;

	if (!failed)
		return; /* it was said */
	if (steady.lost[0]) {
		steady.failed = NULL;
		failed(steady.lost);
		return;
	}
	timer_start(&steady.poll, POLL_MS);
	ask(DAEMON_ZEBRA, "rib-summary", on_refused);
	ask(DAEMON_WGD, "tunnels", on_loss);
}

void steady_begin(void (*failed)(const char *why))
{
	if (!steady.stays)
		return;
	steady.failed = failed;
	timer_init(&steady.poll, on_poll, NULL);
	timer_start(&steady.poll, steady.lost[0] ? 0 : POLL_MS);
}

static void on_session_event(const json_t *event)
{
	const char *address = conf_str(event, "neighbor", "");

	if (json_object_get(steady.sessions, address) &&
	    str_eq(conf_str(event, "state", ""), "down"))
		steady_fail("the session with %s ended", address);
}

static void on_tunnel_event(const json_t *event)
{
	char *key = tunnel_key(event);

	if (json_object_get(steady.tunnels, key) && str_eq(conf_str(event, "to", ""), "down"))
		steady_fail("tunnel %s is down", conf_str(event, "peer", ""));
	free(key);
}

void steady_event(enum daemon_id id, const json_t *event)
{
	const char *name = conf_str(event, "event", "");

	if (id == DAEMON_BGPD && str_eq(name, "bgp-session"))
		on_session_event(event);
	else if (id == DAEMON_WGD && str_eq(name, "tunnel-state"))
		on_tunnel_event(event);
}

void steady_end(void)
{
	timer_stop(&steady.poll);
	timer_stop(&steady.limit);
	json_decref(steady.stays);
	json_decref(steady.sessions);
	json_decref(steady.tunnels);
	steady.stays = steady.sessions = steady.tunnels = NULL;
	steady.round++;
	steady.done = NULL;
	steady.failed = NULL;
	steady.lossy = steady.rising = 0;
	steady.lost[0] = '\0';
}
