/* SPDX-License-Identifier: BSD-2-Clause */
/* commands: what the speaker can be told; speaker.c has the list. Sessions, tables and what is
 * loaded belong to this module. */
#ifndef WGBGP_BENCH_COMMANDS_H
#define WGBGP_BENCH_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

enum { WORDS_MAX = 65536 };

struct command {
	char *words[WORDS_MAX]; /* the command and its arguments, in the caller's line */
	size_t nwords;
	char *options[64]; /* "key=value" */
	size_t noptions;
	json_t *reply;	 /* the caller's; fields of a good answer */
	char error[256]; /* empty: good */
	bool waits;	 /* not answered yet: command_poll() says when */
};

/* Runs one command; LINE is cut into words. True: it is done. */
bool command_run(struct command *c, char *line);
bool command_poll(struct command *c);
void commands_free(void);

#endif
