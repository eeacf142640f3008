/* SPDX-License-Identifier: BSD-2-Clause */
#include "listener.h"

#include <jansson.h>
#include <string.h>

#include "asker.h"
#include "conf.h"
#include "hooks.h"
#include "log.h"
#include "loop.h"
#include "retry.h"
#include "states.h"
#include "util.h"
#include "watcher.h"

#define AGAIN_MS 1000
#define AGAIN_MAX_MS 10000

static struct ask *monitor, *configuration; /* NULL: not asked for now */
static struct timer again;		    /* events are asked for */
static struct timer conf_again; /* and the configuration, which failed while they come */
static unsigned failures;	/* since wgbgpd was there */
static bool was_there;
static bool stale; /* the configuration changed while it was asked for */
static bool gap;   /* no events were heard: states are to be compared, when the hooks are known */

static void tell_of_wgbgpd(const char *event)
{
	hooks_tell_now(json_pack("{s:s}", "event", event));
}

/* ---- the configuration */

static void ask_configuration(void);

static void conf_on_head(void *arg, const char *list, const char *text, size_t len)
{
	json_t *config = conf_read(text, len);

	if (!config) {
		log_error("configuration", "error=\"wgbgpd's answer is no JSON\"");
		return;
	}
	conf_set_log(config);
	hooks_set(config);
	watcher_set(config);
	log_info("hooks", "count=%zu", hooks_count());
	if (gap)
		states_compare();
	gap = false;
	json_decref(config);
}

static void conf_on_end(void *arg, enum ask_end how, const char *error)
{
	configuration = NULL;
	if (how != ASK_ANSWERED && was_there) {
		log_warn("configuration", "error=\"%s\"", error);
		timer_start(&conf_again, AGAIN_MAX_MS);
	}
	if (stale)
		ask_configuration();
}

static void on_conf_again(void *arg)
{
	if (was_there)
		ask_configuration();
}

static void ask_configuration(void)
{
	static const struct ask_sink sink = {conf_on_head, NULL, conf_on_end};

	stale = configuration != NULL;
	if (!stale)
		configuration = ask_start(
			CLASS_OWN,
			json_pack("{s:s, s:s}", "command", "configuration", "format", "json"),
			&sink, NULL);
}

/* ---- events */

static void on_head(void *arg, const char *list, const char *text, size_t len)
{
	failures = 0;
	if (!was_there)
		tell_of_wgbgpd("wgbgpd-back");
	was_there = gap = true;
	ask_configuration();
}

static void on_event(void *arg, const char *text, size_t len)
{
	json_t *event = conf_read(text, len);

	if (!event)
		return;
	if (states_hear(event))
		hooks_tell(event);
	if (str_eq(conf_str(event, "event", ""), "commit"))
		ask_configuration();
	json_decref(event);
}

static void on_end(void *arg, enum ask_end how, const char *error)
{
	monitor = NULL;
	if (was_there || failures == 0)
		log_warn("wgbgpd-away", "why=\"%s\"", error ? error : "it ended the events");
	if (was_there)
		tell_of_wgbgpd("wgbgpd-away");
	was_there = false;
	states_away();
	timer_start(&again, retry_delay_ms(AGAIN_MS, failures, AGAIN_MAX_MS));
	failures++;
}

static void on_again(void *arg)
{
	static const struct ask_sink sink = {on_head, on_event, on_end};

	monitor = ask_start(CLASS_OWN, json_pack("{s:s}", "command", "monitor"), &sink, NULL);
}

void listener_open(const char *rundir, const char *dir)
{
	asker_open(rundir);
	states_open(dir, hooks_tell_now);
	watcher_open(dir);
	timer_init(&again, on_again, NULL);
	timer_init(&conf_again, on_conf_again, NULL);
	was_there = true; /* the first time is no return */
	failures = 0;
	on_again(NULL);
}

void listener_close(void)
{
	timer_stop(&again);
	timer_stop(&conf_again);
	if (monitor)
		ask_stop(monitor);
	if (configuration)
		ask_stop(configuration);
	monitor = configuration = NULL;
	watcher_free();
	states_close();
	asker_close();
}
