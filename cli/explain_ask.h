/* SPDX-License-Identifier: BSD-2-Clause */
/* explain_ask: facts of explain (explain_judge.h) while they are gathered, and how they are asked
 * for. */
#ifndef WGBGP_CLI_EXPLAIN_ASK_H
#define WGBGP_CLI_EXPLAIN_ASK_H

#include <jansson.h>
#include <stdbool.h>

#include "kernel_route.h"
#include "messages.h"
#include "prefix.h"

struct cli_session;

struct gathering {
	struct cli_session *s;
	struct prefix dst; /* as a host prefix */
	struct addr src;   /* family 0: none is named */
	const char *plane; /* borrowed */
	json_t *facts;	   /* see explain_judge.h */
	json_t *rows;	   /* of the request under way; borrowed */
	const struct prefix
		*covers; /* rows with a prefix are kept where it covers this; borrowed */
	char error[MSG_ERROR_MAX];
};

/* Runs a request, which is taken over; its rows are the fact NAME. Of tables of prefixes only what
 * covers ADDRESS is kept. False with g->error. */
bool explain_ask(struct gathering *g, const char *name, json_t *request,
		 const struct prefix *address);
/* What the kernel said, as a fact; ERR is 0 or -errno. */
json_t *explain_way_json(int err, const struct kernel_route *k);

#endif
