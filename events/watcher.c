/* SPDX-License-Identifier: BSD-2-Clause */
#include "watcher.h"

#include <stdlib.h>
#include <string.h>

#include "asker.h"
#include "conf.h"
#include "conf_leaves.h"
#include "habit.h"
#include "hash.h"
#include "hooks.h"
#include "loop.h"
#include "util.h"

struct watched {
	struct hash_node node;
	char *name; /* interface and peer */
	struct habit *habit;
	unsigned round; /* it was seen in */
};

static struct conf_unusual limits;
static struct hash_table table;
static unsigned this_round;
static struct timer timer;
static struct ask *asked; /* NULL: nothing is */

static struct watched *watched_get(const char *interface, const char *peer)
{
	char *name = xasprintf("%s %s", interface, peer);
	uint32_t hash = hash_bytes(name, strlen(name));
	struct watched *w;

	for (struct hash_node *n = hash_find(&table, hash); n; n = hash_find_next(n)) {
		w = container_of(n, struct watched, node);
		if (str_eq(w->name, name)) {
			free(name);
			return w;
		}
	}
	w = xcalloc(1, sizeof(*w));
	w->name = name;
	w->habit = habit_new(interface, peer);
	hash_insert(&table, &w->node, hash);
	return w;
}

/* All but those of ROUND. */
static void watched_forget(unsigned round)
{
	struct hash_node *n = hash_first(&table), *next;

	for (; n; n = next) {
		struct watched *w = container_of(n, struct watched, node);

		next = hash_next(&table, n);
		if (w->round == round)
			continue;
		hash_remove(&table, n);
		habit_free(w->habit);
		free(w->name);
		free(w);
	}
}

static uint64_t counter_of(const json_t *row, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(row, name));
}

static void watcher_on_tunnel(void *arg, const char *json, size_t len)
{
	json_t *row = conf_read(json, len);
	const char *interface = conf_str(row, "interface", ""), *peer = conf_str(row, "peer", "");
	const json_t *age = json_object_get(row, "handshake-seconds");
	struct habit_reading r = {now_ms(),
				  counter_of(row, "rx-bytes"),
				  counter_of(row, "tx-bytes"),
				  counter_of(row, "handshakes"),
				  json_is_number(age) ? (int64_t)json_number_value(age) : -1,
				  str_eq(conf_str(row, "state", ""), "down")};
	struct watched *w;

	if (*interface && *peer) {
		w = watched_get(interface, peer);
		w->round = this_round;
		habit_read(w->habit, &r, &limits, hooks_tell_now);
	}
	json_decref(row);
}

static void watcher_on_end(void *arg, enum ask_end how, const char *error)
{
	asked = NULL;
	if (how == ASK_ANSWERED)
		watched_forget(this_round);
}

static void watcher_on_timer(void *arg)
{
	static const struct ask_sink sink = {NULL, watcher_on_tunnel, watcher_on_end};

	timer_start(&timer, limits.interval * 1000ull);
	if (asked)
		return;
	this_round++;
	asked = ask_start(CLASS_OWN, json_pack("{s:s}", "command", "tunnels"), &sink, NULL);
}

void watcher_set(const json_t *config)
{
	unsigned before = limits.interval;

	if (!timer.ready)
		timer_init(&timer, watcher_on_timer, NULL);
	conf_leaves_read(conf_unusual_leaves, conf_get(conf_get(config, "system"), "unusual"),
			 &limits);
	if (!hooks_count())
		timer_stop(&timer);
	else if (!timer_running(&timer) || limits.interval != before)
		watcher_on_timer(NULL);
}

void watcher_free(void)
{
	timer_stop(&timer);
	if (asked)
		ask_stop(asked);
	asked = NULL;
	watched_forget(++this_round);
	hash_clear(&table);
}
