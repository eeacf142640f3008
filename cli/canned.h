/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * canned: for tests of the CLI: a server of canned answers in the same event loop, a session that
 * speaks to it, and the kernel's answers.
 */
#ifndef WGBGP_CLI_CANNED_H
#define WGBGP_CLI_CANNED_H

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include "kernel_route.h"
#include "loop.h"
#include "session.h"

/* A command's answer: head, list and rows. Tests change rows of this table. */
struct canned {
	const char *command, *head, *list, *rows; /* rows: a JSON array; list NULL: an object */
	const char *error;			  /* the end's */
};

extern const struct canned canned_healthy[]; /* what the table is at the start of a test */
struct canned *answer_of(const char *command);

#define STREAM_ROWS 200000 /* of rib-summary */
extern unsigned streamed, interrupt_at;

extern struct kernel_route kernel_answer; /* but for the tunnel's endpoint */
extern int kernel_error;
extern struct kernel_route forwarded_answer; /* for packets that came in */
extern int forwarded_error;

/* Of machine.h: every knob below /proc/sys, every file's mode, the clock, the underlay's MTU. */
extern long machine_answer;
extern const char *tcp_count_name; /* of TCP's counters this one is 7; NULL: all are 0 */
extern const struct machine_flow *flow_answers; /* of conntrack */
extern size_t n_flow_answers;
extern time_t clock_answer;
extern uint32_t mtu_answer;
extern const char *ruleset_answer; /* of nft */

extern int listener;
extern struct watch accept_watch;
void server_closed(void *arg, const char *why);

/* Around each test. */
int canned_setup(void **state);
int canned_setup_with(const struct canned *table);
int canned_teardown(void **state);

struct cli_session *canned_session(void);
/* Runs a line; out_text and err_text are what it wrote. */
int run(const char *line);
extern char *out_text, *err_text;
void says(const char *text);
json_t *document(void); /* out_text, which must be one */

#endif
