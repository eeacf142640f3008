/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * endpoint_own: requests that the parent answers itself, a row of a table each.
 */
#ifndef WGBGP_ENDPOINT_OWN_H
#define WGBGP_ENDPOINT_OWN_H

#include "commit.h"
#include "request.h"

/* What such a request may ask of the parent. */
struct endpoint_ops {
	/* Reads the file and applies it as one commit. DONE gets NULL, or one text that says why
	 * nothing changed; WARNINGS (may be NULL) gets what else there is to say, one JSON string
	 * each. A file without any interface, while some run, is refused unless MAY_BE_EMPTY. */
	void (*reload)(commit_fn done, void *arg, json_t *warnings, bool may_be_empty);
	/* Stops everything, after what is being sent. */
	void (*stop)(const char *why);
};
void endpoint_own_open(const struct endpoint_ops *ops);

/* False: no such command. The handler ends the request, now or later; a client that goes meanwhile
 * is told by endpoint_own_forget(). */
bool endpoint_own_run(struct request *r, const char *command, const json_t *args);
void endpoint_own_forget(struct request *r);
void endpoint_own_silent(enum daemon_id id);

#endif
