/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * supervise: the four daemons as processes: started, watched, restarted, connected with each
 * other.
 *
 * A daemon is a child with its control channel on descriptor 3. One that dies is started again: at
 * once for the first time in a minute, then after 100, 200, 300 ms. From the 21st death in a minute
 * on it is after 1, 2, 4 .. 30 s, until one has lived for a minute. A new one is only started when
 * the old one is reaped, so two never write to the same tables. Each has a session and a
 * process group of its own, which is killed with it: a copy that it made of itself does not outlive
 * it. Its program is the one that was there when all were started, though an upgrade may have put
 * another version there since: what the daemons say to each other is not the same in all versions.
 *
 * Two neighbours (wgd and zebra-lite, zebra-lite and bgpd, wgd and bfdd) get a new socket pair
 * when both have their configuration.
 *
 * A daemon that does not answer a PING is silent after 3 s: whoever waits for its answer is told
 * so. After 11 s it is hung, and killed; where it hangs in the kernel, it is left there, and that
 * is said.
 */
#ifndef WGBGP_SUPERVISE_H
#define WGBGP_SUPERVISE_H

#include <jansson.h>

#include "ipc.h"
#include "messages.h"

struct supervise_handlers {
	void (*started)(enum daemon_id id); /* a new process; its control channel takes messages */
	void (*gone)(enum daemon_id id);    /* its control channel is no more */
	void (*frame)(enum daemon_id id, const struct ipc_frame *frame);
	void (*silent)(enum daemon_id id); /* each second that it still does not answer */
	void (*drained)(void);		   /* all are gone after supervise_stop() */
};

/* Starts all. RUNDIR and HANDLERS must stay valid. Every daemon keeps LOCK open, and with it the
 * lock of a parent that died, until it has ended itself. */
void supervise_start(const char *rundir, int lock, const struct supervise_handlers *handlers);
/* Where its program is. */
void supervise_program(enum daemon_id id, char *path, size_t size);
/* The control channel; NULL while the daemon is not running. */
struct ipc *supervise_control(enum daemon_id id);
/* The daemon has been sent its configuration: from now on it may talk to its neighbours. */
void supervise_configured(enum daemon_id id);
/* Kills a daemon that hangs; it is restarted. */
void supervise_kill(enum daemon_id id, const char *why);
/* It runs, but has not answered for a while; silence() says so in a sentence (static memory). */
bool supervise_silent(enum daemon_id id);
const char *supervise_silence(enum daemon_id id);
/* Ends all, leaving what they installed; drained() follows. */
void supervise_stop(void);
void supervise_free(void);

/* {"name", "pid", "state", "uptime-seconds", "restarts", "last-exit"}; a new reference. */
json_t *supervise_status(enum daemon_id id);

#endif
