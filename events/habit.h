/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * habit: what is unusual for one tunnel, judged by its own past, at each reading (an interval of
 * `system unusual`, five minutes by default). A rule says something once when it begins to hold and
 * once when it no longer does; between the two limits nothing changes.
 *
 * - traffic-spike: in two intervals in a row more bytes a second than `traffic-floor`, and than
 *   `traffic-factor` times the median of the last 288 intervals (a day), of which there are 12 at
 *   least. traffic-normal: less than half of one of them.
 * - tunnel-silent: nothing received for `silent` seconds, after 72 intervals (six hours) in a row
 *   in each of which something was. tunnel-heard: something was received.
 * - handshakes-many: more than `handshakes` new sessions in an interval. handshakes-normal: half
 *   of it, or fewer.
 * - handshake-missing: packets were sent in two intervals in a row, and there is no session: the
 *   last handshake, if any, is older than 200 s. handshake-back: there is one.
 *
 * Of a tunnel that is down, tunnel-down says why: it is neither silent nor without a handshake. A
 * reading after a gap of more than two intervals, or of counters that began anew, is not judged.
 */
#ifndef WGBGP_EVENTS_HABIT_H
#define WGBGP_EVENTS_HABIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct conf_unusual;
struct habit;

struct habit_reading {
	uint64_t at_ms;	 /* monotonic */
	uint64_t rx, tx; /* bytes; counters */
	uint64_t handshakes;
	int64_t handshake_s; /* since the last one; -1: there was none */
	bool down;
};

/* A new object: event, interface, peer and what belongs to it; becomes the callee's. */
typedef void (*habit_fn)(json_t *event);

struct habit *habit_new(const char *interface, const char *peer);
void habit_free(struct habit *h);
const char *habit_interface(const struct habit *h);
const char *habit_peer(const struct habit *h);

/* What outlives a restart: the usual traffic, how long the tunnel was never silent, what was said
 * and is not over. No reading and no clock: the first reading afterwards is not judged, what counts
 * in a row begins anew, and so does the time of a silence that was not said. The caller's. */
json_t *habit_json(const struct habit *h);
/* NULL: it is not such an object. */
struct habit *habit_of_json(const json_t *o);
void habit_read(struct habit *h, const struct habit_reading *r, const struct conf_unusual *limits,
		habit_fn fn);

#endif
