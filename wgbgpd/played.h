/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * played: for tests of the parent's parts: the four daemons are played by the test, in its own
 * process, in the place of supervise.c. All that they are sent is one text, a line each: "NAME
 * GENERATION TYPE DETAIL". Includes of cmocka's come before this header.
 */
#ifndef WGBGP_PLAYED_H
#define WGBGP_PLAYED_H

#include "ipc.h"
#include "loop.h"
#include "messages.h"
#include "testing.h"
#include "util.h"

#define PLAYED_AWAIT(cond)                                                                      \
	do {                                                                                    \
		for (uint64_t until_ = now_ms() + test_patience_ms(); !(cond); played_turn())   \
			if (now_ms() > until_)                                                  \
				fail_msg("%s:%d: never: %s in:\n%s", __FILE__, __LINE__, #cond, \
					 played_text);                                          \
	} while (0)

/* All that was said since the last call is TEXT: first what wgd was sent, then zebra-lite, bgpd,
 * bfdd, the clients and whoever else, each in order. */
#define PLAYED_EXPECT(text)                             \
	do {                                            \
		played_settle();                        \
		played_sort();                          \
		assert_string_equal(played_text, text); \
		played_text[0] = '\0';                  \
	} while (0)

extern char played_text[65536];
void played_say(const char *fmt, ...) PRINTF_LIKE(1, 2); /* one more line of the text */

void played_turn(void); /* waits up to 10 ms for something to happen */
void played_sort(void); /* the text, by speaker */
void played_settle(
	void); /* until what was sent has arrived; a line of each that says nothing new */

/* What the parent does with the frames that the daemons send. */
extern void (*played_from_daemon)(enum daemon_id id, const struct ipc_frame *frame);

void played_start(enum daemon_id id); /* the daemon runs; supervise_control() has its channel */
void played_end(enum daemon_id id);   /* and runs no more */
void played_silence(enum daemon_id id, bool on); /* supervise_silent() says so */
void played_free(void);

/* The daemon says. */
void played_done(enum daemon_id id, uint32_t generation, const char *error);
void played_send(enum daemon_id id, enum msg_type type, uint32_t generation, struct wr *w);
/* The daemon's end of the channel to one client, that came last; NULL: none. */
struct ipc *played_client(enum daemon_id id);
void played_hang_up(enum daemon_id id); /* closes it */

#endif
