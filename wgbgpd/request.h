/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request: a request that is not yet answered to the end, and how it is answered: head, rows, end.
 * A request that monitors gets the events of the daemons and of the parent until it is cancelled.
 */
#ifndef WGBGP_REQUEST_H
#define WGBGP_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct ipc;

/* The client that asks; a part of what endpoint.c keeps of a client. */
struct request_to {
	struct ipc *ipc;
	LIST_HEAD(, request) requests;
	unsigned n;  /* of them */
	int64_t uid; /* of the client's process; -1: not known */
};

struct request {
	LIST_ENTRY(request) link, monitor;
	struct request_to *to;
	uint32_t id;   /* the client's */
	int daemon;    /* enum daemon_id; -1: answered here */
	bool events;   /* monitors */
	unsigned lost; /* events that it did not get, as its client does not read */
};

struct request *request_new(struct request_to *to, uint32_t id, int daemon);
void request_free(struct request *r);				  /* without a word */
struct request *request_find(struct request_to *to, uint32_t id); /* NULL: no such one */

/* Head and row take over the reference; LIST may be NULL. */
void request_head(struct request *r, json_t *head, const char *list);
void request_row(struct request *r, json_t *row);
void request_end(struct request *r, const char *error_or_null); /* frees it */
/* All of it: HEAD, the elements of ROWS as LIST, and the end. Takes over HEAD and ROWS. */
void request_list(struct request *r, json_t *head, const char *list, json_t *rows);
/* Head without a list, and the end. */
void request_object(struct request *r, json_t *object);
/* The end of what did not become a request. */
void request_refuse(struct request_to *to, uint32_t id, const char *error);

void request_monitor(struct request *r);
/* Sends EVENT to all clients that monitor, except those that do not read: how many were lost is
 * logged when such a client has read all that waited for it, or is gone. Takes over the reference.
 */
void request_tell(json_t *event);
unsigned request_monitors(void);    /* that there are now */
uint64_t request_events_lost(void); /* by all of them, since the start */

#endif
