/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change_now: the change that is under way, one at a time; behind its end, the last one.
 */
#ifndef WGBGP_CHANGE_NOW_H
#define WGBGP_CHANGE_NOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "change_files.h"
#include "commit.h"
#include "datastore.h"

struct change_now {
	const char *how;
	uint32_t number; /* of its version; 0: it is not kept */
	bool fresh;	 /* which is a new one */
	bool trial;
	bool returns;	/* to what was committed; there is nothing else to go back to */
	bool writes;	/* FILES take their places behind it */
	uint32_t wrote; /* whose texts were being written before it */
	struct change_files files;
	json_t *warnings; /* borrowed; may be NULL */
	unsigned changed; /* statements */
	char what[1024];  /* which */
	json_t *resets;	  /* sessions that it ended: neighbor, why; NULL: none */
	commit_fn done;
	void *arg;
};
extern struct change_now change_now;

/* CHANGED hears of each configuration that runs. */
void change_now_open(void (*changed)(void));
void change_now_begin(const char *how, commit_fn done, void *arg);
/* TEXT is one of WARNINGS; NULL: nobody wants them. */
void change_now_warn(json_t *warnings, const char *text);
/* The event `commit` of the version NUMBER; WHY may be NULL. */
void change_now_tell(uint32_t number, const char *state, const char *why);
/* Another configuration runs. */
void change_now_changed(void);
/* An event of bgpd's: a session that the change under way ended is one of its resets. */
void change_now_session(const json_t *event);
/* Their neighbours, into OUT. */
const char *change_now_resets(char *out, size_t size);
void change_now_close(void);
/* A new reference; null for what is NULL or not UTF-8. */
json_t *change_now_string(const char *text);
/* Notes which statements AFTER says otherwise than BEFORE, which may be NULL. */
void change_now_note(const struct datastore_version *before, const struct datastore_version *after);

#endif
