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
#include "retry.h"
#include "util.h"

#define KEEP_MS 1000	 /* states that change together are written once */
#define SETTLE_MS 120000 /* neighbors have as long to come back before they are told as down */
#define AGAIN_MS 2000
#define AGAIN_MAX_MS 60000

static json_t *known; /* "tunnel wg0 site-a", "session 10.9.0.2": the state */
static json_t *seen;  /* keys of the answers; true: heard since the question; NULL: none is asked */
static char *path;    /* NULL: they are not kept */
static bool unkept;   /* which was said */
static struct timer keep;
static struct timer again;  /* an answer was not whole */
static struct timer settle; /* sessions are in doubt */
static unsigned failures;   /* answers in a row that were not whole */
static bool settled;	    /* this comparison is the second look: who is down is told */
static bool doubt;	    /* a session was established, and is not at the first look */
static bool anew;	    /* another gap since the question */
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

/* Soon, whatever else changes meanwhile. */
static void keep_soon(void)
{
	if (!timer_running(&keep))
		timer_start(&keep, KEEP_MS);
}

/* The state before, or NULL; KEY is freed. The old text is valid until the next call. */
static const char *states_note(char *key, const char *state)
{
	static char before[32];
	const char *old = json_string_value(json_object_get(known, key));

	if (old)
		snprintf(before, sizeof(before), "%s", old);
	if (!str_eq(state, "never") && (!old || !str_eq(old, state))) {
		json_object_set_new(known, key, json_string(state));
		keep_soon();
	}
	free(key);
	return old ? before : NULL;
}

/* A session that ended, of a neighbor that came by a range: there is no such neighbor any more, and
 * who comes next may have any other address of the range. */
static bool is_gone(const json_t *event)
{
	return json_is_true(json_object_get(event, "dynamic")) &&
	       str_eq(conf_str(event, "state", ""), "down");
}

bool states_hear(const json_t *event)
{
	const char *name = conf_str(event, "event", ""), *state, *before;
	char *key;

	if (str_eq(name, "tunnel-state")) {
		state = conf_str(event, "to", "");
		key = tunnel_key(event);
	} else if (str_eq(name, "bgp-session")) {
		state = conf_str(event, "state", "");
		key = session_key(conf_str(event, "neighbor", ""));
	} else {
		return true;
	}
	if (seen)
		json_object_set_new(seen, key, json_true());
	before = states_note(xstrdup(key), state);
	if (is_gone(event)) {
		json_object_del(known, key);
		keep_soon();
	}
	free(key);
	return !before || !str_eq(before, state);
}

/* ---- comparison */

static void meanwhile(json_t *event)
{
	ensure(event);
	json_object_set_new(event, "meanwhile", json_true());
	tell(event);
}

/* A row with KEY came. False: an event of it was heard since, which the row may be older than. */
static bool row_counts(const char *key)
{
	if (seen && json_is_true(json_object_get(seen, key)))
		return false;
	if (seen)
		json_object_set_new(seen, key, json_false());
	return true;
}

static void tell_session(const char *neighbor, bool up, const char *why)
{
	meanwhile(json_pack("{s:s, s:s, s:s, s:s, s:b, s:i}", "event", "bgp-session", "neighbor",
			    neighbor, "state", up ? "established" : "down", "why", up ? "" : why,
			    "asked", false, "silent-seconds", 0));
}

/* The session of KEY is not established now. True: it was, which the second look is to decide. */
static bool in_doubt(const char *key)
{
	const char *before = json_string_value(json_object_get(known, key));

	if (settled || !before || !str_eq(before, "established"))
		return false;
	doubt = true;
	return true;
}

void states_tunnel(const json_t *row)
{
	const char *state = conf_str(row, "state", ""), *before;
	char *key = tunnel_key(row);

	if (!row_counts(key)) {
		free(key);
		return;
	}
	before = states_note(key, state);
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

	char *key = session_key(neighbor);

	if (!row_counts(key) || (!up && in_doubt(key))) {
		free(key);
		return;
	}
	before = states_note(key, state);
	if (before && !str_eq(before, state))
		tell_session(neighbor, up, conf_str(row, "last-error", ""));
}

static void states_on_row(void *arg, const char *json, size_t len)
{
	void (*const *take)(const json_t *row) = arg;
	json_t *row = conf_read(json, len);

	(*take)(row);
	json_decref(row);
}

/* KEY is in none of two whole answers: it has no state any more. An established session is told
 * as down before, at the second look. False: it is in doubt until then. */
static bool may_forget(const char *key, const char *state)
{
	static const char kind[] = "session ";

	if (strncmp(key, kind, strlen(kind)) != 0 || !str_eq(state, "established"))
		return true;
	if (in_doubt(key))
		return false;
	tell_session(key + strlen(kind), false, "the neighbor is not there any more");
	return true;
}

static void forget_unseen(void)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(known, next, key, value)
	{
		if (json_object_get(seen, key) || !may_forget(key, json_string_value(value)))
			continue;
		json_object_del(known, key);
		keep_soon();
	}
}

static void seen_end(bool whole)
{
	if (whole)
		forget_unseen();
	json_decref(seen);
	seen = NULL;
	if (whole)
		failures = 0;
	if (!whole || anew)
		timer_start(&again, retry_delay_ms(AGAIN_MS, failures, AGAIN_MAX_MS));
	else if (doubt)
		timer_start(&settle, SETTLE_MS);
	if (!whole)
		failures++;
}

static void states_on_sessions_end(void *arg, enum ask_end how, const char *error)
{
	sessions = NULL;
	seen_end(how == ASK_ANSWERED);
}

static void states_on_tunnels_end(void *arg, enum ask_end how, const char *error)
{
	static const struct ask_sink sink = {NULL, states_on_row, states_on_sessions_end};
	static void (*const take)(const json_t *row) = states_session;

	tunnels = NULL;
	if (how == ASK_ANSWERED)
		sessions = ask_start(CLASS_OWN, json_pack("{s:s}", "command", "bgp-summary"), &sink,
				     (void *)&take);
	if (!sessions)
		seen_end(false);
}

static void states_look(bool second)
{
	static const struct ask_sink sink = {NULL, states_on_row, states_on_tunnels_end};
	static void (*const take)(const json_t *row) = states_tunnel;

	settled = second;
	doubt = anew = false;
	seen = json_object();
	ensure(seen);
	tunnels = ask_start(CLASS_OWN, json_pack("{s:s}", "command", "tunnels"), &sink,
			    (void *)&take);
	if (!tunnels)
		seen_end(false);
}

static void states_on_again(void *arg)
{
	states_look(false);
}

static void states_on_settle(void *arg)
{
	states_look(true);
}

void states_away(void)
{
	timer_stop(&settle);
	settled = false;
}

void states_compare(void)
{
	states_away();
	timer_stop(&again);
	failures = 0;
	if (seen)
		anew = true;
	else
		states_look(false);
}

void states_open(const char *dir, void (*fn)(json_t *event))
{
	known = json_object();
	ensure(known);
	tell = fn;
	path = dir ? xasprintf("%s/states", dir) : NULL;
	timer_init(&keep, states_write, NULL);
	timer_init(&again, states_on_again, NULL);
	timer_init(&settle, states_on_settle, NULL);
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
	timer_stop(&again);
	timer_stop(&settle);
	json_decref(seen);
	json_decref(known);
	free(path);
	seen = known = NULL;
	path = NULL;
}
