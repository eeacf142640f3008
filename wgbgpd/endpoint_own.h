/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * endpoint_own: requests that the parent answers itself, a row of a table each.
 */
#ifndef WGBGP_ENDPOINT_OWN_H
#define WGBGP_ENDPOINT_OWN_H

#include "messages.h"
#include "request.h"

/* What such a request may ask of the parent. */
struct endpoint_ops {
	/* Stops everything, after what is being sent. */
	void (*stop)(const char *why);
};
void endpoint_own_open(const struct endpoint_ops *ops);

/* False: no such command. The handler ends the request, now or later; a client that goes meanwhile
 * is told by endpoint_own_forget(). */
bool endpoint_own_run(struct request *r, const char *command, const json_t *args);
void endpoint_own_forget(struct request *r);
/* A client that is gone. */
void endpoint_own_left(const struct request_to *to);
void endpoint_own_silent(enum daemon_id id);

#endif
