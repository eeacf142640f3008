/* SPDX-License-Identifier: BSD-2-Clause */
#include "states.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "asker.h"
#include "conf.h"
#include "log.h"
#include "loop.h"
#include "new_file.h"
#include "util.h"

#define KEEP_MS 1000 /* states that change together are written once */

static json_t *known; /* "tunnel wg0 site-a", "session 10.9.0.2": the state */
static json_t *seen;  /* keys of the answers; NULL: nothing is compared */
static char *path;    /* NULL: they are not kept */
static bool unkept;   /* which was said */
static struct timer keep;
static struct ask *tunnels, *sessions;
static void (*tell)(json_t *event);

/* ---- the file */

static void states_write(void *arg)
{
	struct new_file file;
	FILE *out;
	int err;

	if (!path)
		return;
	out = new_file_begin(&file, path);
	if (out)
		json_dumpf(known, out, JSON_INDENT(1) | JSON_SORT_KEYS);
	err = out ? new_file_end(&file, out, false) : -errno;
	if (err < 0 && !unkept)
		log_warn("states-not-kept", "file=%s error=\"%s\"", path, strerror(-err));
	unkept = err < 0;
}

static void states_read(void)
{
	json_error_t error;
	json_t *text = json_load_file(path, 0, &error), *value;
	const char *key;

	if (!text && json_error_code(&error) != json_error_cannot_open_file)
		log_warn("states-not-kept", "file=%s error=\"%s\"", path, error.text);
	json_object_foreach (text, key, value)
		if (json_is_string(value))
			json_object_set(known, key, value);
	json_decref(text);
}

/* ---- what is known */

static char *tunnel_key(const json_t *o)
{
	return xasprintf("tunnel %s %s", conf_str(o, "interface", ""), conf_str(o, "peer", ""));
}

static char *session_key(const char *neighbor)
{
	return xasprintf("session %s", neighbor);
}

/* The state before, or NULL; KEY is freed. The old text is valid until the next call. */
static const char *states_note(char *key, const char *state)
{
	static char before[32];
	const char *old = json_string_value(json_object_get(known, key));

	if (seen)
		json_object_set_new(seen, key, json_true());
	if (old)
		snprintf(before, sizeof(before), "%s", old);
	if (!str_eq(state, "never") && (!old || !str_eq(old, state))) {
		json_object_set_new(known, key, json_string(state));
		timer_start(&keep, KEEP_MS);
	}
	free(key);
	return old ? before : NULL;
}

bool states_hear(const json_t *event)
{
	const char *name = conf_str(event, "event", ""), *state, *before;

	if (str_eq(name, "tunnel-state")) {
		state = conf_str(event, "to", "");
		before = states_note(tunnel_key(event), state);
	} else if (str_eq(name, "bgp-session")) {
		state = conf_str(event, "state", "");
		before = states_note(session_key(conf_str(event, "neighbor", "")), state);
	} else {
		return true;
	}
	return !before || !str_eq(before, state);
}

/* ---- comparison */

static void meanwhile(json_t *event)
{
	char time[LOG_TIME_LEN];

	ensure(event);
	json_object_set_new(event, "time", json_string(log_time(time)));
	json_object_set_new(event, "meanwhile", json_true());
	tell(event);
}

void states_tunnel(const json_t *row)
{
	const char *state = conf_str(row, "state", ""), *before;

	before = states_note(tunnel_key(row), state);
	if (before && !str_eq(state, "never") && !str_eq(before, state))
		meanwhile(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "event", "tunnel-state",
				    "interface", conf_str(row, "interface", ""), "peer",
				    conf_str(row, "peer", ""), "from", before, "to", state,
				    "reason", conf_str(row, "reason", "")));
}

void states_session(const json_t *row)
{
	bool up = str_eq(conf_str(row, "state", ""), "established");
	const char *state = up ? "established" : "down", *before;
	const char *neighbor = conf_str(row, "address", "");

	before = states_note(session_key(neighbor), state);
	if (before && !str_eq(before, state))
		meanwhile(json_pack("{s:s, s:s, s:s, s:s, s:b, s:i}", "event", "bgp-session",
				    "neighbor", neighbor, "state", state, "why",
				    up ? "" : conf_str(row, "last-error", ""), "asked", false,
				    "silent-seconds", 0));
}

static void states_on_head(void *arg, const char *list, const char *json, size_t len)
{
}

static void states_on_row(void *arg, const char *json, size_t len)
{
	void (*const *take)(const json_t *row) = arg;
	json_t *row = conf_read(json, len);

	(*take)(row);
	json_decref(row);
}

/* What is no longer there has no state; only where both answers are whole. */
static void forget_unseen(void)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(known, next, key, value) if (!json_object_get(seen, key))
	{
		json_object_del(known, key);
		timer_start(&keep, KEEP_MS);
	}
}

static void seen_end(bool whole)
{
	if (whole)
		forget_unseen();
	json_decref(seen);
	seen = NULL;
}

static void states_on_sessions_end(void *arg, enum ask_end how, const char *error)
{
	sessions = NULL;
	seen_end(how == ASK_ANSWERED);
}

static void states_on_tunnels_end(void *arg, enum ask_end how, const char *error)
{
	static const struct ask_sink sink = {states_on_head, states_on_row, states_on_sessions_end};
	static void (*const take)(const json_t *row) = states_session;

	tunnels = NULL;
	if (how == ASK_ANSWERED)
		sessions = ask_start(CLASS_OWN, json_pack("{s:s}", "command", "bgp-summary"), &sink,
				     (void *)&take);
	else
		seen_end(false);
}

void states_compare(void)
{
	static const struct ask_sink sink = {states_on_head, states_on_row, states_on_tunnels_end};
	static void (*const take)(const json_t *row) = states_tunnel;

	if (seen)
		return;
	seen = json_object();
	tunnels = ask_start(CLASS_OWN, json_pack("{s:s}", "command", "tunnels"), &sink,
			    (void *)&take);
}

void states_open(const char *dir, void (*fn)(json_t *event))
{
	known = json_object();
	ensure(known);
	tell = fn;
	path = dir ? xasprintf("%s/states", dir) : NULL;
	timer_init(&keep, states_write, NULL);
	if (path)
		states_read();
}

void states_close(void)
{
	if (tunnels)
		ask_stop(tunnels);
	if (sessions)
		ask_stop(sessions);
	tunnels = sessions = NULL;
	if (timer_running(&keep))
		states_write(NULL);
	timer_stop(&keep);
	json_decref(seen);
	json_decref(known);
	free(path);
	seen = known = NULL;
	path = NULL;
}
