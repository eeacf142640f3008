/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hook_run: a process of its own that carries one event out: it becomes the operator's program, or
 * posts to a URL with libcurl and ends. It leads a process group, so that it ends with all that it
 * started. The event is its standard input, a file without a name: it need not be read.
 */
#ifndef WGBGP_EVENTS_HOOK_RUN_H
#define WGBGP_EVENTS_HOOK_RUN_H

#include <stddef.h>
#include <sys/types.h>

struct hook_call {
	const char *program, *url; /* one of them is NULL */
	const char *word;	   /* of the event: WGBGP_EVENT */
	const char *text;	   /* its JSON */
	unsigned seconds;	   /* that a post may take; programs are ended by the caller */
};

/* The process, which the caller waits for; -errno. Its exit status is the program's. */
pid_t hook_run(const struct hook_call *call);
/* Ends it and what it started; it must still be waited for. */
void hook_run_kill(pid_t pid);
/* What a status of waitpid() says, in words; "" for success. */
const char *hook_run_failure(int status, char *out, size_t size);

#endif
