/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * played: for tests of the server as its clients see it, over real sockets, in one process with
 * them and with a wgbgpd of the test's own: it answers `daemons`, and anything else with as many
 * rows as the test says, as a daemon would: it stops while its channel is full. Tests that use it
 * are linked with now_ms() and timer_start() wrapped.
 */
#ifndef WGBGP_WEB_PLAYED_H
#define WGBGP_WEB_PLAYED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAYED_CLIENTS 256 /* as many are let in */

/* Time, which the test moves. */
extern uint64_t skipped_ms;

/* wgbgpd */
extern unsigned rows, rows_sent, requests; /* of an answer; of all; that came */
extern const char *ends_with;		   /* an error */
extern bool mute;			   /* nothing is answered */
extern bool held;			   /* not before release() */
void release(void);
unsigned channels_open(void);

/* Clients */
#define HEARD_MAX (1 << 23)
extern char heard[HEARD_MAX];
int client(void);
void turn(void); /* of the loop */
void say(int fd, const char *text);
/* Until the end of the connection, or UNTIL (may be NULL) is there; the number of bytes. */
size_t hear(int fd, const char *until);
/* The answer, which is in `heard`, too. */
const char *get(const char *what);
void has(const char *text, const char *part);

/* Around each test. */
int played_set_up(void **state);
int played_tear_down(void **state);
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, played_set_up, played_tear_down)

#endif
