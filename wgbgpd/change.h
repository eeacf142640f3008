/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change: everything that makes another configuration the running one: the first one, a reload of
 * the files, a rollback, and the end of a trial.
 *
 *     texts of the files ─► read and checked ─► kept, journal first ─► commit.h ─► journal
 *
 * A change that is on trial (a confirmed commit) is taken back when its time is over, unless it is
 * confirmed: what was committed before is applied again, and its texts are put back into the files.
 * Until then nothing else is changed. The trial survives a crash and a reboot: change_index.h says
 * what a start makes of the journal.
 *
 * Where STATEDIR cannot be written a reload works as ever, but is not kept, and trials and
 * rollbacks are refused.
 */
#ifndef WGBGP_CHANGE_H
#define WGBGP_CHANGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "commit.h"
#include "datastore.h"

#define CHANGE_TRIAL_MAX_S 86400

/* Who changes what, and how. Texts are borrowed and may be NULL. */
struct change_ask {
	const char *how;		    /* reload, SIGHUP, rollback */
	int64_t uid;			    /* of the client; -1: not known */
	const char *login, *from, *comment; /* what the client says of itself */
	uint32_t seconds;		    /* of the trial; 0: for good */
	bool may_be_empty;		    /* also without any interface */
	json_t *warnings; /* what else there is to say, a string each; may be NULL */
};

/* What is to run first, of the file MAIN; NULL after errors. CHANGED hears of each configuration
 * that runs. */
struct datastore_version *change_first(const char *main, void (*changed)(void),
				       struct conf_errors *errs);
/* Applies it; takes it over. DONE as in commit.h, here and below. */
void change_begin_first(struct datastore_version *first, commit_fn done, void *arg);
void change_close(void);

/* Only while no change is under way. */
void change_reload(const struct change_ask *ask, commit_fn done, void *arg);
/* What a reload would change (change_answer()), and whether anybody would refuse it. */
void change_check(const struct change_ask *ask, commit_fn done, void *arg);
/* To what was committed BACK commits ago. 0 takes a trial back, or what nobody has applied out of
 * the files. */
void change_rollback(const struct change_ask *ask, unsigned back, commit_fn done, void *arg);
/* NULL: the trial is for good now; else why not. */
const char *change_confirm(void);
bool change_on_trial(void);

/* Of the last change: {"commit", "changed", "statements", "confirm-seconds"}; a new reference. */
json_t *change_answer(void);
/* The records, newest first; a new reference. */
json_t *change_list(void);
/* What was committed BACK commits ago, the caller's; NULL with WHY. */
struct datastore_version *change_version(unsigned back, char *why, size_t size);

#endif
