/* SPDX-License-Identifier: BSD-2-Clause */
#include "habit.h"

#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "conf_leaves.h"
#include "log.h"
#include "util.h"

#define RATES 288	/* intervals that are usual: of a day */
#define RATES_ENOUGH 12 /* to judge by */
#define NEVER_SILENT 72 /* intervals in a row in which something was received */
#define UNANSWERED 2	/* in which nobody answered */
#define SESSION_S 200	/* whoever sends has a younger handshake */
#define GAP_INTERVALS 2
#define OVER 2 /* intervals in a row of too much traffic */

struct habit {
	char *interface, *peer;
	struct habit_reading last; /* at_ms 0: none */
	uint64_t rates[RATES];	   /* bytes a second, a ring */
	unsigned n_rates, next_rate;
	unsigned over;			   /* intervals in a row that are much more */
	unsigned heard;			   /* intervals in a row, before what is unheard */
	uint64_t unheard_ms;		   /* up to now */
	unsigned unanswered;		   /* intervals in a row */
	bool spike, silent, many, missing; /* was said */
};

/* What there is between two readings. */
struct interval {
	uint64_t ms, rx, tx, handshakes;
	const struct habit_reading *now;
	const struct conf_unusual *limits;
	habit_fn fn;
};

static void tell(const struct habit *h, const struct interval *i, const char *event,
		 json_t *members)
{
	json_t *o = json_pack("{s:s, s:s, s:s}", "event", event, "interface", h->interface, "peer",
			      h->peer);

	ensure(o);
	if (members)
		json_object_update_missing(o, members);
	json_decref(members);
	i->fn(o);
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint64_t usual_rate(const struct habit *h)
{
	uint64_t sorted[RATES];

	memcpy(sorted, h->rates, sizeof(sorted));
	qsort(sorted, h->n_rates, sizeof(*sorted), by_size);
	return sorted[h->n_rates / 2];
}

static void traffic_end(struct habit *h, const struct interval *i, uint64_t rate, uint64_t usual)
{
	h->spike = false;
	log_info("traffic-normal", "peer=%s interface=%s rate=%" PRIu64 " usual=%" PRIu64, h->peer,
		 h->interface, rate, usual);
	tell(h, i, "traffic-normal", json_pack("{s:I}", "bytes-per-second", (json_int_t)rate));
}

static void judge_traffic(struct habit *h, const struct interval *i)
{
	uint64_t rate = (i->rx + i->tx) * 1000 / i->ms, usual, floor = i->limits->traffic_floor;
	uint64_t factor = i->limits->traffic_factor;

	if (h->n_rates >= RATES_ENOUGH) {
		usual = usual_rate(h);
		h->over = rate > floor && rate > factor * usual ? h->over + 1 : 0;
		if (!h->spike && h->over >= OVER) {
			h->spike = true;
			log_warn("traffic-spike",
				 "peer=%s interface=%s rate=%" PRIu64 " usual=%" PRIu64, h->peer,
				 h->interface, rate, usual);
			tell(h, i, "traffic-spike",
			     json_pack("{s:I, s:I}", "bytes-per-second", (json_int_t)rate,
				       "usual-bytes-per-second", (json_int_t)usual));
		} else if (h->spike && (2 * rate < floor || 2 * rate < factor * usual)) {
			traffic_end(h, i, rate, usual);
		}
	}
	h->rates[h->next_rate] = rate;
	h->next_rate = (h->next_rate + 1) % RATES;
	h->n_rates += h->n_rates < RATES;
}

static void silence_end(struct habit *h, const struct interval *i)
{
	h->silent = false;
	log_info("tunnel-heard", "peer=%s interface=%s seconds=%" PRIu64, h->peer, h->interface,
		 h->unheard_ms / 1000);
	tell(h, i, "tunnel-heard",
	     json_pack("{s:I}", "silent-seconds", (json_int_t)(h->unheard_ms / 1000)));
}

static void judge_silence(struct habit *h, const struct interval *i)
{
	if (i->rx) {
		if (h->silent)
			silence_end(h, i);
		h->heard = h->unheard_ms ? 1 : h->heard + 1;
		h->unheard_ms = 0;
		return;
	}
	h->unheard_ms += i->ms;
	if (i->now->down)
		h->heard = 0;
	if (h->silent || h->heard < NEVER_SILENT || !i->limits->silent ||
	    h->unheard_ms < i->limits->silent * 1000ull)
		return;
	h->silent = true;
	log_warn("tunnel-silent", "peer=%s interface=%s seconds=%" PRIu64, h->peer, h->interface,
		 h->unheard_ms / 1000);
	tell(h, i, "tunnel-silent",
	     json_pack("{s:I}", "silent-seconds", (json_int_t)(h->unheard_ms / 1000)));
}

static void judge_handshakes(struct habit *h, const struct interval *i)
{
	uint64_t most = i->limits->handshakes;
	json_t *members;

	if (h->many ? i->handshakes > most / 2 : i->handshakes <= most)
		return;
	h->many = !h->many;
	members = json_pack("{s:I, s:I}", "handshakes", (json_int_t)i->handshakes, "seconds",
			    (json_int_t)(i->ms / 1000));
	if (h->many)
		log_warn("handshakes-many",
			 "peer=%s interface=%s count=%" PRIu64 " seconds=%" PRIu64, h->peer,
			 h->interface, i->handshakes, i->ms / 1000);
	else
		log_info("handshakes-normal",
			 "peer=%s interface=%s count=%" PRIu64 " seconds=%" PRIu64, h->peer,
			 h->interface, i->handshakes, i->ms / 1000);
	tell(h, i, h->many ? "handshakes-many" : "handshakes-normal", members);
}

static void judge_missing(struct habit *h, const struct interval *i)
{
	int64_t age = i->now->handshake_s;
	bool session = age >= 0 && age <= SESSION_S;

	h->unanswered = i->tx && !session && !i->now->down ? h->unanswered + 1 : 0;
	if (h->missing && session) {
		h->missing = false;
		log_info("handshake-back", "peer=%s interface=%s", h->peer, h->interface);
		tell(h, i, "handshake-back", NULL);
	} else if (!h->missing && h->unanswered >= UNANSWERED) {
		h->missing = true;
		log_warn("handshake-missing", "peer=%s interface=%s", h->peer, h->interface);
		tell(h, i, "handshake-missing",
		     json_pack("{s:o}", "handshake-seconds",
			       age < 0 ? json_null() : json_integer(age)));
	}
}

void habit_read(struct habit *h, const struct habit_reading *r, const struct conf_unusual *limits,
		habit_fn fn)
{
	const struct habit_reading last = h->last;
	const struct interval i = {r->at_ms - last.at_ms,
				   r->rx - last.rx,
				   r->tx - last.tx,
				   r->handshakes - last.handshakes,
				   r,
				   limits,
				   fn};

	h->last = *r;
	if (!last.at_ms || !i.ms || i.ms > limits->interval * 1000ull * GAP_INTERVALS)
		return;
	if (r->rx < last.rx || r->tx < last.tx || r->handshakes < last.handshakes)
		return;
	judge_traffic(h, &i);
	judge_silence(h, &i);
	judge_handshakes(h, &i);
	judge_missing(h, &i);
}

struct habit *habit_new(const char *interface, const char *peer)
{
	struct habit *h = xcalloc(1, sizeof(*h));

	h->interface = xstrdup(interface);
	h->peer = xstrdup(peer);
	return h;
}

void habit_free(struct habit *h)
{
	if (!h)
		return;
	free(h->interface);
	free(h->peer);
	free(h);
}

const char *habit_interface(const struct habit *h)
{
	return h->interface;
}

const char *habit_peer(const struct habit *h)
{
	return h->peer;
}

/* ---- over a restart */

static const struct {
	const char *name;
	size_t at;
} flags[] = {
	{"spike", offsetof(struct habit, spike)},
	{"silent", offsetof(struct habit, silent)},
	{"many", offsetof(struct habit, many)},
	{"missing", offsetof(struct habit, missing)},
};

static json_int_t as_json_int(uint64_t n)
{
	return n < INT64_MAX ? (json_int_t)n : INT64_MAX;
}

json_t *habit_json(const struct habit *h)
{
	json_t *rates = json_array(), *o;

	for (unsigned i = 0; i < h->n_rates; i++)
		json_array_append_new(
			rates, json_integer(as_json_int(
				       h->rates[(h->next_rate + RATES - h->n_rates + i) % RATES])));
	o = json_pack("{s:s, s:s, s:I, s:I, s:o}", "interface", h->interface, "peer", h->peer,
		      "heard", (json_int_t)h->heard, "unheard-ms", as_json_int(h->unheard_ms),
		      "rates", rates);
	ensure(o);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		json_object_set_new(o, flags[i].name,
				    json_boolean(*(const bool *)((const char *)h + flags[i].at)));
	return o;
}

/* An integer from 0 to MOST. */
static bool number_read(const json_t *value, uint64_t most, uint64_t *out)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return *out <= most;
}

static bool rates_read(struct habit *h, const json_t *rates)
{
	json_t *rate;
	size_t i;

	if (!json_is_array(rates) || json_array_size(rates) > RATES)
		return false;
	json_array_foreach (rates, i, rate)
		if (!number_read(rate, INT64_MAX, &h->rates[i]))
			return false;
	h->n_rates = (unsigned)json_array_size(rates);
	h->next_rate = h->n_rates % RATES;
	return true;
}

static bool flags_read(struct habit *h, const json_t *o)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		const json_t *value = json_object_get(o, flags[i].name);

		if (!json_is_boolean(value))
			return false;
		*(bool *)((char *)h + flags[i].at) = json_is_true(value);
	}
	return true;
}

struct habit *habit_of_json(const json_t *o)
{
	const char *interface = json_string_value(json_object_get(o, "interface"));
	const char *peer = json_string_value(json_object_get(o, "peer"));
	uint64_t heard;
	struct habit *h;

	if (!interface || !*interface || !peer || !*peer)
		return NULL;
	h = habit_new(interface, peer);
	if (!number_read(json_object_get(o, "heard"), UINT_MAX, &heard) ||
	    !number_read(json_object_get(o, "unheard-ms"), INT64_MAX, &h->unheard_ms) ||
	    !rates_read(h, json_object_get(o, "rates")) || !flags_read(h, o)) {
		habit_free(h);
		return NULL;
	}
	h->heard = (unsigned)heard;
	if (!h->silent && h->unheard_ms)
		h->unheard_ms = 1; /* there was a hole, of no length that counts */
	return h;
}
