/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan: what a reload of the files, or a candidate, would do, in words or as JSON, and as an exit
 * status.
 */
#ifndef WGBGP_CLI_PLAN_H
#define WGBGP_CLI_PLAN_H

#include <jansson.h>
#include <stdio.h>

#include "session.h"

/* Exit status of the program, after a plan; the others are main.c's. */
enum plan_status {
	PLAN_NOTHING = 0,
	PLAN_HARMLESS = 3,
	PLAN_DISRUPTIVE = 4, /* packets or a session may be lost */
	PLAN_REFUSED = 5,    /* by a check */
};

int plan_run(struct cli_session *s, const struct cli_line *line);
/* The same by REQUEST, which gets signed. */
int plan_ask(struct cli_session *s, json_t *request, bool json);
/* PLAN: the answer as one document. */
enum plan_status plan_status(const json_t *plan);
void plan_put(FILE *out, const json_t *plan);
/* What is lost by it, in a few lines. */
void plan_put_summary(FILE *out, const json_t *plan);

#endif
