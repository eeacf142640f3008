/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics: what the daemons count, as Prometheus reads it: for wgbgp-cli, which asks them one after
 * the other, and for wgbgp-web, which does not wait.
 *
 * What is asked are the requests of metrics_command(); their answers are the rows that samples are
 * made of. What did not answer has no samples. A value that a row has none for is 0; a time since
 * something that never was is infinite, so that no alert takes it for a moment ago.
 */
#ifndef WGBGP_VIEW_METRICS_H
#define WGBGP_VIEW_METRICS_H

#include <jansson.h>
#include <stdio.h>
#include <time.h>

struct metrics;

/* The requests, by number; NULL behind the last one. */
const char *metrics_command(size_t n);

/* NOW by the wall clock. */
struct metrics *metrics_new(time_t now);
void metrics_free(struct metrics *m);
/* The answer to request N: its head, and its rows under their name; borrowed. */
void metrics_take(struct metrics *m, size_t n, const json_t *answer);

/* In the text format, samples of a metric together. */
void metrics_write(struct metrics *m, FILE *out);
/* metrics: name, type, help, samples: labels, value (null: infinite). The caller's. */
json_t *metrics_json(struct metrics *m);

#endif
