/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics: what the daemons count, in the text format of Prometheus, so that node_exporter's
 * textfile collector or any scraper can take it.
 *
 * A metric is a row of a table: name, type, help, the show request whose rows are its samples, and
 * the member that is the value. All samples of a metric stand together, as the format asks.
 */
#ifndef WGBGP_CLI_METRICS_H
#define WGBGP_CLI_METRICS_H

struct cli_line;
struct cli_session;

/* 0, or -1 when something did not answer: what there is was written nevertheless. */
int metrics_run(struct cli_session *s, const struct cli_line *line);

#endif
