/* SPDX-License-Identifier: BSD-2-Clause */
#include "history.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asker.h"
#include "conf.h"
#include "hash.h"
#include "history_answers.h"
#include "history_store.h"
#include "log.h"
#include "loop.h"

#define PREFIXES_EACH 6	  /* samples */
#define EARLY_MS 20	  /* so much before its time a timer may fire */
#define READ_AGAIN_MS 500 /* counters that are newer by less are the same reading */

/* A tunnel of the last answer. */
struct known {
	struct hash_node node;
	char *interface, *peer;
	unsigned round;		    /* of the sample that it was seen in */
	int64_t rx_bytes, tx_bytes; /* of the last reading */
	int64_t read_ms;	    /* monotonic; 0: none */
	int64_t rx, tx;		    /* bytes a second, or HISTORY_NONE */
	int64_t prefixes, counted;  /* accepted; those of the answer that is coming in */
};

static struct history_store *store;
static struct hash_table table;
static struct history_sample *samples;
static size_t n_samples, cap_samples;
static unsigned round_now;
static struct timer timer;
static struct ask *asked;

/* ---- tunnels by name */

static uint32_t hash_of(const char *interface, const char *peer)
{
	return hash_bytes(interface, strlen(interface)) ^ hash_bytes(peer, strlen(peer)) * 3;
}

static struct known *known_find(const char *interface, const char *peer)
{
	struct hash_node *n = hash_find(&table, hash_of(interface, peer));

	for (; n; n = hash_find_next(n)) {
		struct known *k = container_of(n, struct known, node);

		if (str_eq(k->interface, interface) && str_eq(k->peer, peer))
			return k;
	}
	return NULL;
}

static struct known *known_new(const char *interface, const char *peer)
{
	struct known *k = xcalloc(1, sizeof(*k));

	k->interface = xstrdup(interface);
	k->peer = xstrdup(peer);
	k->rx = k->tx = k->prefixes = HISTORY_NONE;
	hash_insert(&table, &k->node, hash_of(interface, peer));
	return k;
}

static void known_free(struct known *k)
{
	hash_remove(&table, &k->node);
	free(k->interface);
	free(k->peer);
	free(k);
}

/* All but those of ROUND. */
static void forget_others(unsigned round)
{
	struct hash_node *n = hash_first(&table), *next;

	for (; n; n = next) {
		struct known *k = container_of(n, struct known, node);

		next = hash_next(&table, n);
		if (k->round != round)
			known_free(k);
	}
}

/* ---- a sample */

static double number_or(const json_t *row, const char *name, double otherwise)
{
	const json_t *value = json_object_get(row, name);

	return json_is_number(value) ? json_number_value(value) : otherwise;
}

static int64_t rate(int64_t before, int64_t now, int64_t ms)
{
	return now < before ? HISTORY_NONE : (now - before) * 1000 / ms;
}

/* The daemon reads counters now and then: a rate is over the time between two readings. */
static void take_counters(struct known *k, const json_t *row)
{
	int64_t at = (int64_t)now_ms() - (int64_t)(number_or(row, "counters-seconds", 0) * 1000);
	int64_t rx = (int64_t)number_or(row, "rx-bytes", 0),
		tx = (int64_t)number_or(row, "tx-bytes", 0);

	if (k->read_ms && at - k->read_ms < READ_AGAIN_MS)
		return;
	if (k->read_ms) {
		k->rx = rate(k->rx_bytes, rx, at - k->read_ms);
		k->tx = rate(k->tx_bytes, tx, at - k->read_ms);
	}
	k->rx_bytes = rx;
	k->tx_bytes = tx;
	k->read_ms = at;
}

/* HISTORY_NONE where the member is null. */
static int64_t scaled(const json_t *row, const char *name, double by)
{
	double value = number_or(row, name, -1);

	return value < 0 ? HISTORY_NONE : (int64_t)(value * by + 0.5);
}

static void on_tunnel(void *arg, const char *json, size_t len)
{
	json_t *row = conf_read(json, len);
	const char *interface = conf_str(row, "interface", ""), *peer = conf_str(row, "peer", "");
	enum history_state state = history_state_of(conf_str(row, "state", ""));
	struct known *k = known_find(interface, peer);

	if (*peer && state != HISTORY_STATES) {
		k = k ? k : known_new(interface, peer);
		k->round = round_now;
		take_counters(k, row);
		samples = xgrow(samples, n_samples, &cap_samples, sizeof(*samples));
		samples[n_samples++] = (struct history_sample){
			k->interface,
			k->peer,
			{k->rx, k->tx, scaled(row, "latency-ms", 1000),
			 scaled(row, "loss-percent", 100), k->prefixes, state}};
	}
	json_decref(row);
}

/* At the next full ten seconds of the wall clock; an answer that took long leaves one out. */
static void wait_for_next(void)
{
	struct timespec ts;
	uint64_t step = HISTORY_STEP_S * 1000, left;

	clock_gettime(CLOCK_REALTIME, &ts);
	left = step - ((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000) % step;
	timer_start(&timer, (left < step / 5 ? left + step : left) + EARLY_MS);
}

static void on_tunnels_end(void *arg, enum ask_end how, const char *error)
{
	asked = NULL;
	if (how == ASK_ANSWERED) {
		history_store_put(store, time(NULL), samples, n_samples);
		history_answers_renew();
		forget_others(round_now);
	}
	n_samples = 0;
	wait_for_next();
}

static void ask_tunnels(void)
{
	static const struct ask_sink sink = {NULL, on_tunnel, on_tunnels_end};

	n_samples = 0;
	round_now++;
	asked = ask_start(CLASS_OWN, json_pack("{s:s}", "command", "tunnels"), &sink, NULL);
}

static void on_neighbor(void *arg, const char *json, size_t len)
{
	json_t *row = conf_read(json, len);
	const json_t *tunnel = json_object_get(row, "tunnel");
	struct known *k =
		known_find(conf_str(tunnel, "interface", ""), conf_str(tunnel, "peer", ""));

	if (k)
		k->counted = (k->counted == HISTORY_NONE ? 0 : k->counted) +
			     (int64_t)number_or(row, "accepted-prefixes", 0);
	json_decref(row);
}

static void on_neighbors_end(void *arg, enum ask_end how, const char *error)
{
	struct hash_node *n = hash_first(&table);

	for (; n; n = hash_next(&table, n)) {
		struct known *k = container_of(n, struct known, node);

		k->prefixes = how == ASK_ANSWERED ? k->counted : HISTORY_NONE;
	}
	ask_tunnels();
}

static void ask_neighbors(void)
{
	static const struct ask_sink sink = {NULL, on_neighbor, on_neighbors_end};
	struct hash_node *n = hash_first(&table);

	for (; n; n = hash_next(&table, n))
		container_of(n, struct known, node)->counted = HISTORY_NONE;
	asked = ask_start(CLASS_OWN, json_pack("{s:s}", "command", "bgp-summary"), &sink, NULL);
}

static void on_timer(void *arg)
{
	if (round_now % PREFIXES_EACH == 1)
		ask_neighbors();
	else
		ask_tunnels();
}

void history_open(const char *dir)
{
	char *path = dir ? xasprintf("%s/history.db", dir) : NULL;
	char fault[256] = "no directory is given for it";

	if (path)
		store = history_store_open(path, fault, sizeof(fault));
	if (path && !store)
		log_error("history-failed", "what=\"open\" error=\"%s\"", fault);
	history_answers_open(store, fault);
	free(path);
}

void history_begin(void)
{
	timer_init(&timer, on_timer, NULL);
	if (store)
		ask_tunnels();
}

void history_close(void)
{
	if (asked)
		ask_stop(asked);
	asked = NULL;
	timer_stop(&timer);
	forget_others(round_now + 1);
	hash_clear(&table);
	free(samples);
	samples = NULL;
	n_samples = cap_samples = 0;
	history_answers_free();
	history_store_close(store);
	store = NULL;
}
