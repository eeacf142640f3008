/* SPDX-License-Identifier: BSD-2-Clause */
#include "planned.h"

#include <stdint.h>
#include <stdio.h>

#include "ask.h"
#include "change_now.h"
#include "conf.h"
#include "datastore.h"
#include "loop.h"

#define ASK_MS 1000 /* then it is not said */

static struct {
	json_int_t epoch; /* of bgpd's table; -1: there is nothing to compare */
	json_t *warnings; /* borrowed, until DONE */
	uintptr_t round;
	void (*done)(const char *error); /* NULL: nobody waits */
	struct timer limit;
} planned = {.epoch = -1};

void planned_end(void)
{
	timer_stop(&planned.limit);
	planned.epoch = -1;
	planned.warnings = NULL;
	planned.done = NULL;
	planned.round++;
}

void planned_mind(const struct change_ask *ask)
{
	const json_t *epoch = json_object_get(ask->planned, "table-epoch");
	const struct datastore_version *running = datastore_running();

	planned_end();
	if (!ask->planned)
		return;
	if (running && running->generation != conf_u32(ask->planned, "generation", 0))
		change_now_warn(ask->warnings,
				"another configuration has come into force since the plan");
	if (json_is_integer(epoch))
		planned.epoch = json_integer_value(epoch);
	planned.warnings = ask->warnings;
}

static void planned_done(void)
{
	void (*done)(const char *error) = planned.done;

	planned_end();
	done(NULL);
}

static void planned_on_limit(void *arg)
{
	planned_done();
}

static void on_epoch(void *arg, const json_t *answer, const char *error)
{
	json_int_t now = json_integer_value(json_object_get(answer, "table-epoch"));
	char text[128];

	if ((uintptr_t)arg != planned.round || !planned.done)
		return;
	if (answer && now < planned.epoch)
		change_now_warn(planned.warnings, "bgpd was started again since the plan");
	snprintf(text, sizeof(text),
		 "the BGP table has changed since the plan: other next hops %lld times",
		 (long long)(now - planned.epoch));
	if (answer && now > planned.epoch)
		change_now_warn(planned.warnings, text);
	planned_done();
}

void planned_pass(void (*done)(const char *error))
{
	if (planned.epoch < 0) {
		done(NULL);
		return;
	}
	planned.done = done;
	timer_init(&planned.limit, planned_on_limit, NULL);
	timer_start(&planned.limit, ASK_MS);
	ask_daemon(DAEMON_BGPD, json_pack("{s:s}", "command", "plan-epoch"), on_epoch,
		   (void *)planned.round);
}
