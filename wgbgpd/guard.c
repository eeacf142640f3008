/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard.h"

#include <stdint.h>
#include <stdio.h>

#include "ask.h"
#include "change_journal.h"
#include "change_now.h"
#include "change_store.h"
#include "conf.h"
#include "log.h"
#include "loop.h"
#include "touch.h"
#include "util.h"

static struct {
	json_t *wanted; /* guard_wanted() of the change; NULL: none */
	size_t at;	/* whose guard is asked */
	uintptr_t round;
	void (*done)(const char *error);
	struct timer limit; /* of one question */
} guards;

json_t *guard_wanted(const json_t *before, const json_t *after)
{
	json_t *touched = touch_interfaces(before, after), *wanted = json_array(), *interface;
	size_t i;

	json_array_foreach (conf_list(conf_get(before, "wireguard"), "interface"), i, interface) {
		const char *name = conf_str(interface, "name", "");
		const char *what = conf_str(touched, name, NULL);
		const char *guard = conf_str(interface, "guard", NULL);

		if (what && guard)
			json_array_append_new(wanted,
					      json_pack("{s:s, s:s, s:s}", "interface", name,
							"guard", guard, "what", what));
	}
	json_decref(touched);
	return wanted;
}

/* Where there is no way back an operator who insists gets the change for good. */
static bool can_be_trial(const struct change_ask *ask)
{
	return !ask->override_guard || (!change_store_error() && change_journal.committed);
}

static void put_on_trial(struct change_ask *ask, const json_t *want)
{
	char text[320];

	if (ask->seconds || !can_be_trial(ask))
		return;
	ask->seconds = GUARD_TRIAL_S;
	snprintf(text, sizeof(text),
		 "interface %.16s has a guard, and %.200s touches it: this is on trial, for %u "
		 "minutes",
		 conf_str(want, "interface", ""), conf_str(want, "what", ""), GUARD_TRIAL_S / 60);
	change_now_warn(ask->warnings, text);
}

/* What is known of a guard before is no evidence of what is left of it behind the change. */
static void warn_of_both(const struct change_ask *ask, const json_t *wanted, const json_t *touched)
{
	json_t *want;
	char text[128];
	size_t i;

	json_array_foreach (wanted, i, want) {
		const char *guard = conf_str(want, "guard", "");

		if (!conf_has(touched, guard))
			continue;
		snprintf(text, sizeof(text),
			 "interface %.16s is touched together with its guard %.16s",
			 conf_str(want, "interface", ""), guard);
		change_now_warn(ask->warnings, text);
	}
}

void guard_close(void)
{
	timer_stop(&guards.limit);
	json_decref(guards.wanted);
	guards.wanted = NULL;
	guards.round++;
}

bool guard_mind(struct change_ask *ask, const json_t *before, const json_t *after, char *why,
		size_t size)
{
	json_t *wanted = guard_wanted(before, after), *touched;
	const json_t *first = json_array_get(wanted, 0);

	guard_close();
	if (first && ask->unattended) {
		snprintf(why, size,
			 "interface %s has a guard, and %s touches it: that is a trial, and nobody "
			 "would hear that it waits for `confirm`: `wgbgp-cli -c reload` says so",
			 conf_str(first, "interface", ""), conf_str(first, "what", ""));
		json_decref(wanted);
		return false;
	}
	if (first) {
		touched = touch_interfaces(before, after);
		warn_of_both(ask, wanted, touched);
		json_decref(touched);
		put_on_trial(ask, first);
		ask->guard = ask->override_guard ? "overridden" : CHANGE_GUARD_ASKED;
	}
	guards.wanted = wanted;
	if (!first || ask->override_guard)
		guard_close();
	if (first && ask->override_guard)
		log_warn("guard-overridden", "uid=%lld login=%s", (long long)ask->uid,
			 ask->login ? ask->login : "?");
	return true;
}

static void guard_end(const char *error)
{
	guard_close();
	guards.done(error);
}

static void guard_refuse(const json_t *want, const char *why)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "interface %.16s is touched (%.160s), and its guard %.16s is not up: %.160s; "
		 "`override-guard` behind `reload` or `commit` does not ask it",
		 conf_str(want, "interface", ""), conf_str(want, "what", ""),
		 conf_str(want, "guard", ""), why);
	guard_end(text);
}

static void guard_ask_next(void);

static void on_proved(void *arg, const json_t *answer, const char *error)
{
	const json_t *want = json_array_get(guards.wanted, guards.at);
	const char *peer = conf_str(answer, "peer", NULL);

	if ((uintptr_t)arg != guards.round)
		return;
	timer_stop(&guards.limit);
	if (!peer) {
		guard_refuse(want, error ? error : conf_str(answer, "why", "no word on it"));
		return;
	}
	log_info("guard", "interface=%s guard=%s peer=%s by=%s", conf_str(want, "interface", ""),
		 conf_str(want, "guard", ""), peer, conf_str(answer, "by", ""));
	guards.at++;
	guard_ask_next();
}

/* wgd lives, and has forgotten the question. */
static void on_guard_limit(void *arg)
{
	const json_t *want = json_array_get(guards.wanted, guards.at);

	guards.round++;
	guard_refuse(want, "wgd does not say what became of the question");
}

static void guard_ask_next(void)
{
	const json_t *want = json_array_get(guards.wanted, guards.at);

	timer_init(&guards.limit, on_guard_limit, NULL);
	if (want)
		timer_start(&guards.limit, GUARD_LIMIT_MS);
	if (want)
		ask_daemon(DAEMON_WGD,
			   json_pack("{s:s, s:s}", "command", "prove", "interface",
				     conf_str(want, "guard", "")),
			   on_proved, (void *)guards.round);
	else
		guard_end(NULL);
}

void guard_pass(void (*done)(const char *error))
{
	guards.round++;
	guards.at = 0;
	guards.done = done;
	guard_ask_next();
}
