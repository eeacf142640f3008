/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread: a thread beside the loop, and the bell by which it calls the loop.
 *
 * A thread gets no signals: they are the loop's. What both look at is for their owners to lock.
 */
#ifndef WGBGP_THREAD_H
#define WGBGP_THREAD_H

#include <pthread.h>

#include "loop.h"

pthread_t thread_start(void *(*fn)(void *arg), void *arg); /* fatal on failure */
uint64_t thread_work_us(void); /* processor time that the calling thread had so far */

/* Rung by any thread, heard by the loop: several rings may be one call. All zero: not open. */
struct bell {
	struct watch watch;
	int fd; /* an eventfd; valid while OPEN */
	bool open;
	void (*rung)(void);
};
int bell_open(struct bell *b, void (*rung)(void)); /* 0 or -errno */
void bell_ring(const struct bell *b);
void bell_close(struct bell *b); /* also fine when it is not open */

#endif
