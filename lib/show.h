/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show: a daemon's side of requests: answers are streamed, a row at a time.
 *
 * An answer is a head (one JSON object, which also names the list that the rows belong to), rows
 * (an object each), and an end with an error text or none. A command's start() may answer whole, or
 * set `state` and leave the rest to step(), which is called again and again while the channel has
 * room, so that a table of a million rows neither blocks the daemon nor is built in memory. The CLI
 * makes one JSON document of it: the head's members plus {"LIST": [rows]}.
 */
#ifndef WGBGP_SHOW_H
#define WGBGP_SHOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ipc.h"

struct show {
	uint32_t id;
	const json_t *args; /* the request; valid until the end */
	void *state;	    /* the command's */
	const struct show_command *command;
	struct ipc *ipc;
	bool ended;
	bool waits;	 /* step() has nothing to say before show_go_on() */
	struct job *job; /* that calls step() */
	struct show *next;
};

struct show_command {
	const char *name; /* "bgp-summary" */
	void (*start)(struct show *s);
	void (*step)(
		struct show *s); /* NULL where start() answers whole; emits a quantum of rows */
	void (*finish)(struct show *s); /* releases `state`; NULL when there is none */
};

/* Both take over the reference to the object. LIST may be NULL. */
void show_head(struct show *s, json_t *head, const char *list);
void show_row(struct show *s, json_t *row);
/* A row that is text already; lib/json_text.h. */
struct json_text;
void show_row_text(struct show *s, const struct json_text *row);
bool show_full(const struct show *s); /* leave step() now */
void show_go_on(struct show *s);      /* it waits no more, or was ended outside of step() */
void show_end(struct show *s,
	      const char *error_or_null); /* last call; s may still be read until return */
/* Head without a list, and the end. */
void show_object(struct show *s, json_t *object);

/* The daemon's glue: one server per control channel. Each table ends with a row without name;
 * COMMON: what every daemon answers, may be NULL. */
struct show_server;
struct show_server *show_server_new(struct ipc *ipc, const struct show_command *commands,
				    const struct show_command *common);
void show_server_free(struct show_server *server);
void show_server_frame(struct show_server *server,
		       const struct ipc_frame *frame); /* REQUEST, CANCEL */
void show_server_drained(struct show_server *server);

/* JSON of our value types, new references. */
json_t *json_addr(const struct addr *a);     /* null when family is 0 */
json_t *json_text_or_null(const char *text); /* null for NULL and "" */
json_t *json_prefix(const struct prefix *p);
json_t *json_prefixes(const struct prefix *list, size_t n);

#endif
