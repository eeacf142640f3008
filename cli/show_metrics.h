/* SPDX-License-Identifier: BSD-2-Clause */
/* show_metrics: view/metrics.h as a command, so that any scraper, or node_exporter's textfile
 * collector, can take it. */
#ifndef WGBGP_CLI_SHOW_METRICS_H
#define WGBGP_CLI_SHOW_METRICS_H

struct cli_line;
struct cli_session;

/* 0, or -1 when something did not answer: what there is was written nevertheless. */
int metrics_run(struct cli_session *s, const struct cli_line *line);

#endif
