/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * commit: one configuration becomes the running one, or nothing changes.
 *
 *     CHECK   all daemons at once; one refusal ends it; then the gate, if there is one
 *     APPLY   wgd, then zebra-lite, then bgpd: what is added is there before somebody uses it
 *     PRUNE   zebra-lite, then wgd: what is removed goes after nobody uses it
 *
 * An error behind the check makes the change fail: the configuration that ran before is applied
 * again by the same steps; at a start, the one that the caller has for that. What fails then is
 * logged and passed over, as it is where there is none, and in a return.
 *
 * A teardown goes the same way: bgpd, zebra-lite, wgd, one at a time. If a daemon dies in CHECK,
 * its successor is asked again; after the third death the configuration is refused, since it may be
 * what kills the daemon. A daemon that dies in APPLY or PRUNE is skipped: its successor gets the
 * whole running configuration, which is the new one from APPLY on, and the change ends when that
 * has applied it; where it dies as well the change fails. A daemon that does not answer in time is
 * killed.
 */
#ifndef WGBGP_COMMIT_H
#define WGBGP_COMMIT_H

#include "datastore.h"
#include "ipc.h"
#include "messages.h"

/* ERROR is NULL when it was applied; else one text, and the configuration is what it was. */
typedef void (*commit_fn)(void *arg, const char *error);

/* What else has to agree, behind the check of all daemons. Ends with commit_gate_passed(). */
typedef void (*commit_gate_fn)(void);

bool commit_busy(void);
bool commit_went_back(void); /* the last change failed behind its check */
/* Takes VERSION over. Only while not busy. DONE may be called before this returns. */
void commit_start(struct datastore_version *version, commit_fn done, void *arg);
/* The same with the first one of a life; INSTEAD, taken over as well, is applied where an error
 * behind the check makes it fail; NULL: there is none. */
void commit_first(struct datastore_version *version, struct datastore_version *instead,
		  commit_fn done, void *arg);
/* The same with what ran before: passwords that cannot be read, addresses where nobody can listen,
 * daemons that die, and all errors behind the check, are logged and passed over. */
void commit_return(struct datastore_version *version, commit_fn done, void *arg);
/* As commit_start(), but for the check alone: nothing changes. */
void commit_check(struct datastore_version *version, commit_fn done, void *arg);
/* The next one of commit_start() or commit_check() asks this before anything is applied. */
void commit_gate(commit_gate_fn ask);
/* ERROR: why not, or NULL. Does nothing where nobody waits for it any more. */
void commit_gate_passed(const char *error);
/* Has the daemons remove everything that they installed. Only while not busy. */
void commit_teardown(commit_fn done, void *arg);

/* It has not answered the current step. */
bool commit_waits_for(enum daemon_id id);
/* As if WHY were a refusal; false where it is too late for that. */
bool commit_give_up(const char *why);

/* What supervise says. */
void commit_daemon_started(enum daemon_id id); /* it gets the running one, and checks a new one */
void commit_daemon_gone(enum daemon_id id);
void commit_daemon_done(enum daemon_id id, const struct ipc_frame *frame); /* CONFIG_DONE */
void commit_free(void);

#endif
