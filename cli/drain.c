/* SPDX-License-Identifier: BSD-2-Clause */
#include "drain.h"

#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "loop.h"
#include "messages.h"
#include "session.h"
#include "table.h"
#include "util.h"

#define MS_PER_S 1000
#define WITHIN_S 60	/* default time limit */
#define QUIET_RATE 4000 /* bytes a second, each way: default of `below` */
#define LOOK_MS 1000	/* how often wgd is asked */
#define WINDOW_MS 2000	/* rates are taken over this time, or longer where wgd reads more rarely */
#define PREFIXES_SHOWN 10 /* of those that stay */

/* One that is to become quiet. */
struct draining {
	char interface[MSG_NAME_MAX], peer[MSG_NAME_MAX];
	int64_t rx, tx;		  /* bytes when the window began */
	int64_t read;		  /* ms: wgd read these then; 0: not yet */
	int64_t rx_rate, tx_rate; /* bytes a second over the last window */
	bool quiet;
};

struct drain {
	struct cli_session *s;
	bool json;
	struct draining *at;
	size_t n;
	int64_t below;
	uint64_t started; /* ms */
	bool measured;	  /* a window has ended since the last look */
	json_t *stuck;	  /* prefixes that use one of them because there is nothing else */
	size_t n_stuck;
	char error[MSG_ERROR_MAX];
};

static int64_t number(const struct cli_line *line, const char *key, int64_t otherwise)
{
	const char *text = json_string_value(json_object_get(line->request, key));

	return text ? strtoll(text, NULL, 10) : otherwise;
}

static struct draining *find(struct drain *d, const json_t *row)
{
	for (size_t i = 0; i < d->n; i++)
		if (str_eq(d->at[i].interface, str_of(row, "interface")) &&
		    str_eq(d->at[i].peer, str_of(row, "peer")))
			return &d->at[i];
	return NULL;
}

/* Which peers these are, as wgd answers. */
static bool begin(struct drain *d, const json_t *request)
{
	json_t *answer = client_ask(d->s->client, request, d->error, sizeof(d->error)), *row;
	json_t *rows = json_object_get(answer, "peers");
	size_t i;

	d->at = xcalloc(json_array_size(rows), sizeof(*d->at));
	json_array_foreach (rows, i, row) {
		struct draining *at = &d->at[d->n++];

		str_copy(at->interface, str_of(row, "interface"), sizeof(at->interface));
		str_copy(at->peer, str_of(row, "peer"), sizeof(at->peer));
	}
	json_decref(answer);
	return answer != NULL;
}

/* Counters that were not read anew say nothing: the window lasts until they are. Nor do counters
 * that went back, those of an interface that was made anew: the next window begins with them. */
static void judge(struct drain *d, struct draining *at, const json_t *row)
{
	int64_t age =
		(int64_t)(json_number_value(json_object_get(row, "counters-seconds")) * MS_PER_S);
	int64_t rx = int_of(row, "rx-bytes"), tx = int_of(row, "tx-bytes");
	int64_t read = (int64_t)now_ms() - age, ms = read - at->read;

	if (at->read && ms < WINDOW_MS)
		return;
	if (at->read && rx >= at->rx && tx >= at->tx) {
		at->rx_rate = (rx - at->rx) * MS_PER_S / ms;
		at->tx_rate = (tx - at->tx) * MS_PER_S / ms;
		at->quiet = at->rx_rate < d->below && at->tx_rate < d->below;
		d->measured = true;
	}
	at->rx = rx;
	at->tx = tx;
	at->read = read;
}

static bool drain_look(struct drain *d)
{
	json_t *request = json_pack("{s:s}", "command", "tunnels"), *row;
	json_t *answer = client_ask(d->s->client, request, d->error, sizeof(d->error));
	struct draining *at;
	size_t i;

	d->measured = false;
	json_array_foreach (json_object_get(answer, "tunnels"), i, row) {
		at = find(d, row);
		if (at)
			judge(d, at, row);
	}
	json_decref(request);
	json_decref(answer);
	return answer != NULL;
}

static bool all_quiet(const struct drain *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (!d->at[i].quiet)
			return false;
	return true;
}

static unsigned long long seconds_since_start(const struct drain *d)
{
	return (now_ms() - d->started) / MS_PER_S;
}

static void progress(const struct drain *d)
{
	if (d->json || !d->measured)
		return;
	for (size_t i = 0; i < d->n; i++)
		if (!d->at[i].quiet)
			fprintf(d->s->out, "%4llu s  %s on %s: %lld B/s received, %lld B/s sent\n",
				seconds_since_start(d), d->at[i].peer, d->at[i].interface,
				(long long)d->at[i].rx_rate, (long long)d->at[i].tx_rate);
	fflush(d->s->out);
}

/* ---- what stays */

static void drain_on_head(void *arg, const char *list, const json_t *head)
{
}

static void drain_on_route(void *arg, const char *text, size_t len)
{
	json_t *row = conf_read(text, len), *hop;
	struct drain *d = arg;
	size_t i;

	json_array_foreach (json_object_get(row, "next-hops"), i, hop)
		if (is_true(hop, "active") && is_true(row, "selected") && find(d, hop) &&
		    str_eq(str_of(row, "protocol"), "bgp") && d->n_stuck++ < PREFIXES_SHOWN)
			json_array_append(d->stuck, json_object_get(row, "prefix"));
	json_decref(row);
}

static void gather_stuck(struct drain *d)
{
	static const struct client_sink sink = {drain_on_head, drain_on_route};
	json_t *request = json_pack("{s:s}", "command", "route");
	char error[MSG_ERROR_MAX];

	client_request(d->s->client, request, &sink, d, error, sizeof(error));
	json_decref(request);
}

/* ---- the end */

static json_t *document(const struct drain *d, bool quiet)
{
	json_t *peers = json_array();

	for (size_t i = 0; i < d->n; i++)
		json_array_append_new(peers,
				      json_pack("{s:s, s:s, s:b, s:I, s:I}", "interface",
						d->at[i].interface, "peer", d->at[i].peer, "quiet",
						d->at[i].quiet, "rx-bytes-per-second",
						(json_int_t)d->at[i].rx_rate, "tx-bytes-per-second",
						(json_int_t)d->at[i].tx_rate));
	return json_pack("{s:b, s:I, s:o, s:I, s:O}", "quiet", quiet, "seconds",
			 (json_int_t)seconds_since_start(d), "peers", peers,
			 "prefixes-without-other-path", (json_int_t)d->n_stuck, "prefixes",
			 d->stuck);
}

static void drain_conclude(const struct drain *d, bool quiet)
{
	json_t *prefix;
	size_t i;

	if (d->json) {
		json_t *doc = document(d, quiet);

		json_dumpf(doc, d->s->out, JSON_INDENT(1));
		putc('\n', d->s->out);
		json_decref(doc);
		return;
	}
	fprintf(d->s->out,
		quiet ? "quiet after %llu s: less than %lld B/s each way\n"
		      : "not quiet after %llu s: %lld B/s or more; it stays drained (`undrain`)\n",
		seconds_since_start(d), (long long)d->below);
	if (d->n_stuck)
		fprintf(d->s->out, "%zu prefixes have no other path and stay:", d->n_stuck);
	json_array_foreach (d->stuck, i, prefix)
		fprintf(d->s->out, " %s", json_string_value(prefix));
	if (d->n_stuck)
		fprintf(d->s->out, "%s\n", d->n_stuck > PREFIXES_SHOWN ? " ..." : "");
}

static int watch_counters(struct drain *d, uint64_t limit)
{
	d->started = now_ms();
	if (!drain_look(d))
		return -1;
	while (now_ms() - d->started < limit) {
		if (!client_wait(d->s->client, LOOK_MS)) {
			str_copy(d->error, "interrupted; it stays drained (`undrain`)",
				 sizeof(d->error));
			return -1;
		}
		if (!drain_look(d))
			return -1;
		if (all_quiet(d))
			break;
		progress(d);
	}
	gather_stuck(d);
	drain_conclude(d, all_quiet(d));
	return all_quiet(d) ? 0 : -1;
}

int drain_run(struct cli_session *s, const struct cli_line *line)
{
	struct drain d = {.s = s,
			  .json = line->json,
			  .stuck = json_array(),
			  .below = number(line, "below", QUIET_RATE)};
	int64_t within = number(line, "within", WITHIN_S);
	int err = -1;

	json_object_del(line->request, "below"); /* these are no matter to wgd */
	json_object_del(line->request, "within");
	if (begin(&d, line->request))
		err = watch_counters(&d, within * MS_PER_S);
	if (d.error[0] && line->json)
		json_doc_end(&(struct json_doc){.out = s->out}, d.error);
	if (d.error[0])
		session_fail(s, d.error);
	json_decref(d.stuck);
	free(d.at);
	return err;
}
