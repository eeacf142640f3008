/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon: what bgpd, zebra-lite and wgd have in common.
 *
 * Each is started by the parent with the control channel on descriptor 3 and nothing else. When
 * that channel ends the daemon exits and touches nothing (whoever comes next finds everything
 * installed). The whole configuration arrives as JSON: check() may refuse it and changes nothing;
 * apply() reconciles additions and changes; prune() is called when the other daemons have let go,
 * for removals. What fails in them and is tried again by itself (a device that is not there yet) is
 * no error of the change; not_applied.h says what is.
 */
#ifndef WGBGP_DAEMON_H
#define WGBGP_DAEMON_H

#include <jansson.h>

#include "ipc.h"
#include "messages.h"
#include "sandbox.h"
#include "show.h"

struct daemon_ops {
	enum daemon_id id;
	enum sandbox_profile sandbox;	     /* from before start() on */
	const struct show_command *commands; /* ends with a row without name */
	/* RUNDIR: where ledgers and learned state are kept. Sets up; fatal on failure. */
	void (*start)(const char *rundir);
	/* 0, or -EINVAL with a text for the operator. Must not change anything. */
	int (*check)(const json_t *config, char *error, size_t size);
	void (*apply)(const json_t *config, uint32_t generation);
	void (*prune)(uint32_t generation);	      /* may be NULL */
	void (*channel)(enum daemon_id peer, int fd); /* a new channel; the old one is dead */
	void (*listening)(const struct endpoint *at, int fd);		/* may be NULL */
	void (*secret)(const char *path, const uint8_t key[KEY_BYTES]); /* may be NULL */
	void (*password)(const char *path, const char *text);		/* may be NULL */
	void (*teardown)(void); /* remove everything installed; may be NULL */
	void (*stop)(void);	/* free memory and descriptors, change nothing outside */
};

/*
 * Runs until the parent is gone or SIGTERM; returns the exit status. Usage:
 * DAEMON [-s] [-r RUNDIR]. -s: do not run without a sandbox (the user could not be changed).
 */
int daemon_run(const struct daemon_ops *ops, int argc, char **argv);

/* Sends a JSON event up for `monitor`, with the time (monotonic-ms); takes over the reference. */
void daemon_event(json_t *event);
/* `system hostname`, or the kernel's host name; valid until the next call. */
const char *daemon_hostname(void);
/* The generation of the configuration last applied. */
uint32_t daemon_generation(void);

#endif
