/* SPDX-License-Identifier: BSD-2-Clause */
#include "watcher.h"

#include <stdlib.h>
#include <string.h>

#include "asker.h"
#include "conf.h"
#include "conf_leaves.h"
#include "habit.h"
#include "habit_file.h"
#include "hash.h"
#include "hooks.h"
#include "log.h"
#include "loop.h"
#include "util.h"

#define ROUNDS_GONE 288	 /* a tunnel in none of so many answers is forgotten */
#define KEEP_MS 600000ul /* from one time that they are kept to the next */

struct watched {
	struct hash_node node; /* by interface and peer */
	struct habit *habit;
	unsigned round; /* it was seen in */
};

static struct conf_unusual limits;
static struct hash_table table;
static unsigned this_round;
static struct timer timer;
static struct ask *asked; /* NULL: nothing is */
static char *path;	  /* NULL: they are not kept */
static uint64_t kept_ms;  /* monotonic */
static bool changed;	  /* since then */
static bool unkept;	  /* which was said */

/* ---- who is watched */

static uint32_t hash_of(const char *interface, const char *peer)
{
	char *name = xasprintf("%s %s", interface, peer);
	uint32_t hash = hash_bytes(name, strlen(name));

	free(name);
	return hash;
}

static struct watched *watched_find(const char *interface, const char *peer)
{
	for (struct hash_node *n = hash_find(&table, hash_of(interface, peer)); n;
	     n = hash_find_next(n)) {
		struct watched *w = container_of(n, struct watched, node);

		if (str_eq(habit_interface(w->habit), interface) &&
		    str_eq(habit_peer(w->habit), peer))
			return w;
	}
	return NULL;
}

/* Takes over HABIT, of whom nobody is watched yet. */
static struct watched *watched_add(struct habit *habit)
{
	struct watched *w = xcalloc(1, sizeof(*w));

	w->habit = habit;
	w->round = this_round;
	hash_insert(&table, &w->node, hash_of(habit_interface(habit), habit_peer(habit)));
	return w;
}

static struct watched *watched_get(const char *interface, const char *peer)
{
	struct watched *w = watched_find(interface, peer);

	return w ? w : watched_add(habit_new(interface, peer));
}

/* Those that were not seen for ROUNDS rounds; 0: all. After a start of wgbgpd an answer may lack
 * tunnels that will be there. */
static void watched_forget(unsigned rounds)
{
	struct hash_node *n = hash_first(&table), *next;

	for (; n; n = next) {
		struct watched *w = container_of(n, struct watched, node);

		next = hash_next(&table, n);
		if (this_round - w->round < rounds)
			continue;
		hash_remove(&table, n);
		habit_free(w->habit);
		free(w);
	}
}

/* ---- over a restart */

static void watcher_keep(void)
{
	struct habit **habits = xcalloc(table.count + 1, sizeof(struct habit *));
	size_t n = 0;
	int err;

	for (struct hash_node *at = hash_first(&table); at; at = hash_next(&table, at))
		habits[n++] = container_of(at, struct watched, node)->habit;
	err = habit_file_write(path, habits, n);
	free(habits);
	if (err < 0 && !unkept)
		log_warn("states-not-kept", "file=%s error=\"%s\"", path, strerror(-err));
	unkept = changed = err < 0;
	kept_ms = now_ms();
}

static void watcher_remember(void)
{
	size_t n;
	struct habit **habits = habit_file_read(path, &n);

	for (size_t i = 0; i < n; i++) {
		if (watched_find(habit_interface(habits[i]), habit_peer(habits[i])))
			habit_free(habits[i]);
		else
			watched_add(habits[i]);
	}
	free(habits);
}

/* ---- what is asked */

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
	if (how != ASK_ANSWERED)
		return;
	changed = true;
	watched_forget(ROUNDS_GONE);
	if (path && now_ms() >= kept_ms + KEEP_MS)
		watcher_keep();
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

void watcher_open(const char *dir)
{
	path = dir ? xasprintf("%s/habits", dir) : NULL;
	kept_ms = now_ms();
	if (path)
		watcher_remember();
}

void watcher_free(void)
{
	timer_stop(&timer);
	if (asked)
		ask_stop(asked);
	asked = NULL;
	if (path && changed)
		watcher_keep();
	watched_forget(0);
	hash_clear(&table);
	free(path);
	path = NULL;
	changed = unkept = false;
}
