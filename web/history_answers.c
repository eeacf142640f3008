/* SPDX-License-Identifier: BSD-2-Clause */
#include "history_answers.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include <event2/keyvalq_struct.h>

#include "conf.h"
#include "history_store.h"
#include "query.h"
#include "reply.h"
#include "shared.h"
#include "util.h"

#define CURVE_POINTS 120 /* samples of a small curve */

static struct history_store *store;
static char fault[256]; /* why there is none */
static struct shared places[HISTORY_ANSWERS_MAX];

/* ---- documents */

/* What the store has as parts of 1/BY. */
static json_t *parts(int64_t value, double by)
{
	return value == HISTORY_NONE ? json_null() : json_real((double)value / by);
}

/* The numbers of a point; BY as in parts(), 0: a whole number. */
static const struct {
	const char *name;
	size_t at; /* in struct history_values: an int64_t */
	double by;
} numbers[] = {
	{"rx-bytes-per-second", offsetof(struct history_values, rx), 0},
	{"tx-bytes-per-second", offsetof(struct history_values, tx), 0},
	{"prefixes", offsetof(struct history_values, prefixes), 0},
	{"latency-ms", offsetof(struct history_values, latency_us), 1000},
	{"loss-percent", offsetof(struct history_values, loss_permyria), 100},
};

/* A column for each value: an array of as many as there are times. */
struct columns {
	json_t *time, *number[ARRAY_SIZE(numbers)], *state;
};

static json_t *new_column(json_t *doc, const char *name)
{
	json_t *column = json_array();

	json_object_set_new(doc, name, column);
	return column;
}

static void put_point(const struct columns *c, const struct history_point *p)
{
	json_array_append_new(c->time, json_integer(p->time));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		int64_t n = *(const int64_t *)((const char *)&p->values + numbers[i].at);

		json_array_append_new(c->number[i], numbers[i].by || n == HISTORY_NONE
							    ? parts(n, numbers[i].by)
							    : json_integer(n));
	}
	json_array_append_new(c->state, json_string(history_state_name(p->values.state)));
}

/* Takes no longer than the rows of a tier are many. */
static json_t *series(struct history_walk *w)
{
	json_t *doc = json_pack("{s:I}", "step-seconds", (json_int_t)w->step_s);
	struct columns c = {.time = new_column(doc, "time")};
	struct history_point p;
	int got;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		c.number[i] = new_column(doc, numbers[i].name);
	c.state = new_column(doc, "state");
	while ((got = history_walk_next(store, w, &p)) >= 0)
		if (got)
			put_point(&c, &p);
	if (got == -EIO) {
		json_decref(doc);
		return NULL;
	}
	return doc;
}

/* NULL with STATUS. */
static json_t *series_of(const json_t *asked, int *status)
{
	struct history_walk w;
	int err = history_walk_begin(store, conf_str(asked, "interface", ""),
				     conf_str(asked, "peer", ""), time(NULL),
				     json_integer_value(json_object_get(asked, "span")), &w);

	*status = err == -ENOENT ? HTTP_NOTFOUND : HTTP_SERVUNAVAIL;
	return err ? NULL : series(&w);
}

/* As many values as a curve has points, the newest one last; nothing of an unknown tunnel. */
static int put_curve(json_t *list, const char *interface, const char *peer, int64_t now)
{
	struct history_walk w;
	struct history_point p;
	int64_t span = CURVE_POINTS * HISTORY_STEP_S;
	int got = history_walk_begin(store, interface, peer, now, span, &w);
	json_t *latency, *loss;

	if (got)
		return got == -ENOENT ? 0 : got;
	latency = json_array();
	loss = json_array();
	while ((got = history_walk_next(store, &w, &p)) >= 0) {
		bool up = got && p.values.state != HISTORY_DOWN;

		json_array_append_new(latency, up ? parts(p.values.latency_us, 1000) : json_null());
		json_array_append_new(loss, got ? parts(p.values.loss_permyria, 100) : json_null());
	}
	json_array_append_new(list,
			      json_pack("{s:s, s:s, s:o, s:o}", "interface", interface, "peer",
					peer, "latency-ms", latency, "loss-percent", loss));
	return got == -ENOENT ? 0 : got;
}

/* NULL with STATUS. */
static json_t *curves_of(const json_t *asked, int *status)
{
	json_t *doc = json_pack("{s:i, s:[]}", "step-seconds", HISTORY_STEP_S, "curves"), *tunnel;
	int64_t now = time(NULL);
	size_t i;

	*status = HTTP_SERVUNAVAIL;
	json_array_foreach (json_object_get(asked, HISTORY_CURVES), i, tunnel)
		if (put_curve(json_object_get(doc, "curves"), conf_str(tunnel, "interface", ""),
			      conf_str(tunnel, "peer", ""), now) < 0) {
			json_decref(doc);
			return NULL;
		}
	return doc;
}

static void history_make(struct shared *s)
{
	json_t *asked = conf_read(s->key, strlen(s->key)), *doc;
	int status;

	doc = json_object_get(asked, HISTORY_CURVES) ? curves_of(asked, &status)
						     : series_of(asked, &status);
	if (doc)
		status = HTTP_OK;
	else
		doc = reply_error_doc(status == HTTP_NOTFOUND
					      ? "nothing is known of such a tunnel"
					      : "the history cannot be read: the log says why");
	json_decref(asked);
	shared_made(s, status, text_of_doc(doc, JSON_COMPACT | JSON_REAL_PRECISION(6)));
}

/* ---- questions */

/* ASKED is taken over. */
static void history_reply(struct evhttp_request *req, json_t *asked)
{
	static const struct shared like = {
		.make = history_make, .type = REPLY_JSON, .least_ms = HISTORY_STEP_S * 1000};
	char *key = json_dumps(asked, JSON_COMPACT);

	ensure(key);
	json_decref(asked);
	/* An answer is made at once: nobody waits for any. */
	shared_reply(shared_place(places, HISTORY_ANSWERS_MAX, sizeof(*places), key, &like), req);
	free(key);
}

/* False: it was answered. */
static bool history_members(struct evhttp_request *req, struct evkeyvalq *members)
{
	if (store)
		return query_members(req, members);
	reply_error(req, HTTP_SERVUNAVAIL, "there is no history: %s", fault);
	return false;
}

/* A name that is no UTF-8 is nobody's. */
static json_t *name_of(const char *text, size_t len)
{
	json_t *name = json_stringn(text, len);

	return name ? name : json_string("");
}

void history_series(struct evhttp_request *req)
{
	const char *interface, *peer, *span;
	struct evkeyvalq members;
	char *end = "";
	long long seconds = 3600;

	if (!history_members(req, &members))
		return;
	interface = evhttp_find_header(&members, "interface");
	peer = evhttp_find_header(&members, "peer");
	span = evhttp_find_header(&members, "span");
	if (span)
		seconds = strtoll(span, &end, 10);
	if (!interface || !peer)
		reply_error(req, HTTP_BADREQUEST, "members interface and peer are needed");
	else if (*end || seconds < HISTORY_STEP_S || seconds > HISTORY_KEPT_S)
		reply_error(req, HTTP_BADREQUEST, "span: expected a number from %d to %d",
			    HISTORY_STEP_S, HISTORY_KEPT_S);
	else
		history_reply(req,
			      json_pack("{s:o, s:o, s:I}", "interface",
					name_of(interface, strlen(interface)), "peer",
					name_of(peer, strlen(peer)), "span", (json_int_t)seconds));
	evhttp_clear_headers(&members);
}

/* Of MEMBERS one in front of MEMBER has the same value. */
static bool is_named_before(const struct evkeyvalq *members, const struct evkeyval *member)
{
	const struct evkeyval *before;

	for (before = TAILQ_FIRST(members); before != member; before = TAILQ_NEXT(before, next))
		if (str_eq(before->value, member->value))
			return true;
	return false;
}

/* What MEMBERS ask for; NULL: they are wrong. */
static json_t *curves_asked(const struct evkeyvalq *members)
{
	json_t *tunnels = json_array();
	const struct evkeyval *member;

	TAILQ_FOREACH (member, members, next) {
		const char *text = member->value, *peer = strchr(text, ' ');

		if (!str_eq(member->key, "tunnel") || !peer ||
		    json_array_size(tunnels) == HISTORY_CURVES_MAX ||
		    is_named_before(members, member)) {
			json_decref(tunnels);
			return NULL;
		}
		json_array_append_new(tunnels,
				      json_pack("{s:o, s:o}", "interface",
						name_of(text, (size_t)(peer - text)), "peer",
						name_of(peer + 1, strlen(peer + 1))));
	}
	return json_pack("{s:o}", HISTORY_CURVES, tunnels);
}

void history_curves(struct evhttp_request *req)
{
	struct evkeyvalq members;
	json_t *asked;

	if (!history_members(req, &members))
		return;
	asked = curves_asked(&members);
	if (asked)
		history_reply(req, asked);
	else
		reply_error(req, HTTP_BADREQUEST,
			    "expected tunnel=INTERFACE+PEER, at most %d different ones",
			    HISTORY_CURVES_MAX);
	evhttp_clear_headers(&members);
}

/* ---- begin and end */

void history_answers_open(struct history_store *with, const char *why)
{
	store = with;
	str_copy(fault, why, sizeof(fault));
}

void history_answers_renew(void)
{
	for (struct shared *s = places; s < places + HISTORY_ANSWERS_MAX; s++)
		s->fresh_ms = 0;
}

void history_answers_free(void)
{
	for (struct shared *s = places; s < places + HISTORY_ANSWERS_MAX; s++)
		shared_free(s);
	store = NULL;
}
