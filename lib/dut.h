/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dut: for tests: a whole daemon as a process of its own, in a network namespace of its own, whose
 * surroundings the test plays: the parent, the other daemons by their channels, a CLI.
 *
 * The daemon's main() comes in by `#define main` around `#include "main.c"`. Where there is no
 * right to make namespaces the test is skipped (77). Includes of cmocka's come before this header.
 */
#ifndef WGBGP_DUT_H
#define WGBGP_DUT_H

#include <jansson.h>

#include "ipc.h"
#include "loop.h"
#include "messages.h"
#include "testing.h"
#include "util.h"

#define DUT_AWAIT(cond)                                                                    \
	do {                                                                               \
		for (uint64_t until_ = now_ms() + test_patience_ms(); !(cond); dut_turn()) \
			if (now_ms() > until_)                                             \
				fail_msg("%s:%d: never: %s", __FILE__, __LINE__, #cond);   \
	} while (0)

void dut_turn(void); /* waits up to 10 ms for something to happen */

/* What main() of the test calls first: a namespace with lo up. Exits with 77 without the right to.
 */
void dut_namespace(void);
/* Signals that the first thread of this process has blocked, or that any other one has: bit 0 is
 * signal 1. */
uint64_t dut_blocked(bool first);
void dut_ip(const char *fmt, ...) PRINTF_LIKE(1, 2);	     /* `ip ...`, which must succeed */
void dut_link(const char *name);			     /* a link of that name that is up */
json_t *dut_ip_json(const char *fmt, ...) PRINTF_LIKE(1, 2); /* `ip -j ...`; owned */

void dut_start(int (*daemon_main)(int argc, char **argv), const char *rundir);
/* The parent is gone: the daemon ends with status 0 and touches nothing. */
void dut_stop(void);
void dut_kill(void); /* SIGKILL */
/* CHECK; what it says, "" when fine. CONFIG: ' for ". Valid until the next one. */
const char *dut_check(const char *config);
void dut_apply(const char *config); /* CHECK, APPLY and PRUNE, all of which must be fine */
void dut_teardown(void);
void dut_secret(const struct msg_secret *m);

/* A channel to PEER, whose frames FRAME gets. Owned by the caller. */
struct ipc *dut_channel(enum daemon_id peer, void (*frame)(void *arg, const struct ipc_frame *f));
void dut_say(struct ipc *channel, enum msg_type type, struct wr *w); /* frees W's bytes */

json_t *dut_show(const char *request); /* ' for "; the error is the member "error"; owned */
/* VALUE of the member of the first row of LIST whose member KEY is the text IS, as compact JSON;
 * "-" when there is no such row. Valid until the next four. */
const char *dut_cell(const char *request, const char *list, const char *key, const char *is,
		     const char *member);

#endif
