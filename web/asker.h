/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asker: questions to wgbgpd, over RUNDIR/cli-read.sock: the socket of those who change nothing.
 *
 * Each question has a channel of its own while it is answered, so that an answer that nobody takes
 * holds up no other one: its channel is not read, and the daemon stops producing. There are few
 * channels. What the web server itself wants to know (CLASS_OWN) has some that no client can take,
 * and so have answers without an end (CLASS_EVENTS), for which there is no line.
 * Questions of clients wait for theirs in a line; while somebody waits, an answer that was not
 * taken for two seconds ends. Large tables have channels and a line of their own (CLASS_TABLES),
 * and end after twenty seconds while somebody waits, however steadily they are read. How often
 * clients ask is limited, too: the daemons have other work.
 */
#ifndef WGBGP_WEB_ASKER_H
#define WGBGP_WEB_ASKER_H

#include <jansson.h>

#define ASKER_CLIENTS_MAX 8 /* channels; all are fewer than wgbgpd lets in */
#define ASKER_TABLES_MAX 3
#define ASKER_EVENTS_MAX 8
#define ASKER_OWN_MAX 2
#define ASKER_WAIT_MAX 64 /* questions in the line */
#define ASKER_RATE 50	  /* questions of clients in a second, on average */
#define ASKER_BURST 100

struct ask;

enum ask_class { CLASS_CLIENTS, CLASS_TABLES, CLASS_EVENTS, CLASS_OWN, ASK_CLASSES };
enum ask_end {
	ASK_ANSWERED,
	ASK_REFUSED, /* by who was asked */
	ASK_FAILED,  /* it is not running, hangs, or the answer was not taken */
};

/* JSON is not terminated, and valid during the call. */
struct ask_sink {
	/* LIST is "" when no rows follow. NULL: nobody wants to know. */
	void (*head)(void *arg, const char *list, const char *json, size_t len);
	void (*row)(void *arg, const char *json, size_t len); /* or NULL */
	/* ERROR is NULL with ASK_ANSWERED; nothing is called after it. */
	void (*end)(void *arg, enum ask_end how, const char *error);
};

/* Where wgbgpd is; kept. */
void asker_open(const char *rundir);
void asker_close(void); /* what is asked ends without a word */

/* REQUEST (taken over) is asked soon: SINK is never called from here. NULL: the line is full. */
struct ask *ask_start(enum ask_class whose, json_t *request, const struct ask_sink *sink,
		      void *arg);
void ask_stop(struct ask *ask); /* SINK hears nothing more */
void ask_pause(struct ask *ask);
void ask_resume(struct ask *ask);

#endif
