/* SPDX-License-Identifier: BSD-2-Clause */
#include "steady.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "ask.h"
#include "blame.h"
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
#define ENDS_MAX 4096	/* of sessions and tunnels that are remembered */

static struct {
	json_t *stays;	    /* touch_stays(); NULL: no change is watched */
	json_t *sessions;   /* {ADDRESS: far end} that were well */
	json_t *tunnels;    /* {"INTERFACE PEER": loss-percent before, or null} */
	json_int_t refused; /* routes that are; -1: not known */
	unsigned asked;	    /* answers that are to come */
	uintptr_t round;
	void (*done)(const char *error);
	void (*failed)(const char *why); /* NULL: what is lost is not said yet, or was */
	struct blame blame;
	unsigned lossy, rising; /* polls in a row */
	char lost[256];		/* while the change is being made; "": nothing */
	struct timer poll;
	struct timer limit; /* of the question before it */
} steady;

/* {ADDRESS, or "INTERFACE PEER": [last, before that]}: what ended without being asked to, whether a
 * change was watched or not; ms. */
static json_t *ends;

static char *tunnel_key(const json_t *row)
{
	return xasprintf("%s %s", conf_str(row, "interface", ""), conf_str(row, "peer", ""));
}

static void steady_fail(const char *why)
{
	void (*failed)(const char *why) = steady.failed;

	if (!failed) {
		if (!steady.lost[0])
			str_copy(steady.lost, why, sizeof(steady.lost));
		return;
	}
	steady.failed = NULL;
	failed(why);
}

/* ---- what flaps */

static struct blame_ends ends_of(const char *key)
{
	const json_t *pair = json_object_get(ends, key);

	return (struct blame_ends){(uint64_t)json_integer_value(json_array_get(pair, 0)),
				   (uint64_t)json_integer_value(json_array_get(pair, 1))};
}

/* Dynamic neighbors come from many addresses. */
static void forget_ends(uint64_t now)
{
	const char *key;
	json_t *pair;
	void *next;

	json_object_foreach_safe(ends, next, key, pair) if (now - ends_of(key).last > BLAME_FLAP_MS)
		json_object_del(ends, key);
	if (json_object_size(ends) >= ENDS_MAX)
		json_object_clear(ends);
}

static void note_end(const char *key)
{
	uint64_t now = now_ms();

	if (!ends)
		ends = json_object();
	if (json_object_size(ends) >= ENDS_MAX)
		forget_ends(now);
	json_object_set_new(ends, key,
			    json_pack("[I, I]", (json_int_t)now, (json_int_t)ends_of(key).last));
}

/* ---- before it */

static bool was_steady(const json_t *row, const char *seconds, const char *key)
{
	struct blame_ends before = ends_of(key);

	return json_number_value(json_object_get(row, seconds)) >= STEADY_S &&
	       !blame_flaps(&before, now_ms());
}

static bool is_staying(const char *list, const char *key)
{
	return json_object_get(json_object_get(steady.stays, list), key) != NULL;
}

static void note_session(const json_t *row)
{
	const char *address = conf_str(row, "address", "");
	const char *peer = conf_str(json_object_get(row, "tunnel"), "peer", address);

	if (str_eq(conf_str(row, "state", ""), "established") && is_staying("neighbors", address) &&
	    was_steady(row, "up-seconds", address))
		json_object_set_new(steady.sessions, address, json_string(peer));
}

static void note_tunnel(const json_t *row)
{
	json_t *loss = json_object_get(row, "loss-percent");
	char *key = tunnel_key(row);

	if (str_eq(conf_str(row, "state", ""), "up") && is_staying("peers", key) &&
	    was_steady(row, "since-seconds", key))
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
	blame_begin(&steady.blame, now_ms());
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

/* What was lost is said as FMT. False: the change is not to blame. */
static bool steady_lost(const struct blame_loss *loss, const char *fmt, ...) PRINTF_LIKE(2, 3);
static bool steady_lost(const struct blame_loss *loss, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!blame_counts(&steady.blame, loss))
		return false;
	steady_fail(text);
	return true;
}

static double loss_of(const json_t *row)
{
	return json_number_value(json_object_get(row, "loss-percent"));
}

/* Its loss is so much more than before. */
static bool is_lossy(const json_t *row)
{
	char *key = tunnel_key(row);
	const json_t *before = json_object_get(steady.tunnels, key);

	free(key);
	return json_is_number(before) && json_is_number(json_object_get(row, "loss-percent")) &&
	       loss_of(row) >= json_number_value(before) + LOSS_PERCENT;
}

static bool has_lossy(const json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (is_lossy(row))
			return true;
	return false;
}

static void say_lossy(const json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const char *peer = conf_str(row, "peer", "");
		const struct blame_loss loss = {peer, now_ms() - BAD_POLLS * POLL_MS, false};

		if (steady.failed && is_lossy(row))
			steady_lost(&loss, "tunnel %s loses %.0f %% of the echo requests", peer,
				    loss_of(row));
	}
}

static void on_loss(void *arg, const json_t *answer, const char *error)
{
	const json_t *rows = json_object_get(answer, "tunnels");

	if (!is_answer_to_me(arg) || !steady.failed)
		return;
	if (json_array_size(rows) > MANY_TUNNELS)
		timer_start(&steady.poll, SLOW_POLL_MS);
	steady.lossy = has_lossy(rows) ? steady.lossy + 1 : 0;
	if (steady.lossy >= BAD_POLLS)
		say_lossy(rows);
}

static void on_refused(void *arg, const json_t *answer, const char *error)
{
	json_int_t now = refused_of(answer);
	char text[64];

	if (!is_answer_to_me(arg) || !steady.failed)
		return;
	steady.rising = steady.refused >= 0 && now > steady.refused ? steady.rising + 1 : 0;
	if (steady.rising < BAD_POLLS)
		return;
	snprintf(text, sizeof(text), "routes are refused: %lld more than before",
		 (long long)(now - steady.refused));
	steady_fail(text);
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
	const char *whose = json_string_value(json_object_get(steady.sessions, address));
	const struct blame_loss loss = {whose,
					now_ms() - 1000ULL * conf_u32(event, "silent-seconds", 0),
					conf_bool(event, "asked", false)};

	if (!str_eq(conf_str(event, "state", ""), "down"))
		return;
	if (whose && steady_lost(&loss, "the session with %s ended", address))
		return;
	if (!loss.asked)
		note_end(address);
}

static void on_tunnel_event(const json_t *event)
{
	const char *peer = conf_str(event, "peer", "");
	const struct blame_loss loss = {peer, now_ms(), false};
	char *key = tunnel_key(event);

	if (str_eq(conf_str(event, "to", ""), "down") &&
	    !(json_object_get(steady.tunnels, key) &&
	      steady_lost(&loss, "tunnel %s is down", peer)))
		note_end(key);
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
