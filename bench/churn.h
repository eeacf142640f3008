/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * churn: steady updates over a table that stands, and how long each takes from one session to
 * another through whoever sits between them.
 *
 * Of four updates one withdraws a prefix, one announces again (with other attributes) what was
 * withdrawn half a second before, and two change the attributes of others; three announcements in
 * a row share their attributes. What is sent each millisecond is encoded before the start. The
 * clock of an update starts when it is due, whether or not the socket takes it (an open loop): a
 * side that stops reading does not make its own delays look small.
 *
 * A prefix that is updated while its last update has not come out yet is `merged`: the newest
 * state may overtake; its delay counts from the older one.
 */
#ifndef WGBGP_BENCH_CHURN_H
#define WGBGP_BENCH_CHURN_H

#include <jansson.h>

#include "routes.h"
#include "session.h"

struct churn;

/* From FROM to TO, over ROUTES, which FROM has announced and TO has received: all borrowed. Several
 * runs one after the other go on where the last one ended. */
struct churn *churn_new(struct session *from, struct session *to, const struct routes *routes);
void churn_free(struct churn *c);

/* RATE updates a second for so many seconds; -ERANGE: the table is too small for the rate. */
int churn_start(struct churn *c, unsigned rate, double seconds, const struct attrs_target *to);
/* True when everything has come out, or nothing did for ten seconds after the end; fills REPLY:
 * updates, delivered, merged, missing, delays in seconds (p50, p90, p99, p999, max), rate. */
bool churn_done(struct churn *c, json_t *reply);

#endif
