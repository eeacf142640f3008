/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change: what makes another configuration the running one because somebody asks: a reload of the
 * files, a commit of `configure`, a rollback. The first one is change_start.h, the end of a trial
 * change_trial.h.
 *
 *     texts of the files ─► read and checked ─► kept, journal first ─► commit.h ─► journal
 *
 * A change that is on trial (a confirmed commit) is taken back when its time is over, unless it is
 * confirmed. Until then nothing else is changed.
 *
 * Where STATEDIR cannot be written a reload works as ever, but is not kept, and trials and
 * rollbacks are refused.
 */
#ifndef WGBGP_CHANGE_H
#define WGBGP_CHANGE_H

#include <jansson.h>

#include "change_ask.h"
#include "commit.h"
#include "datastore.h"

/* Only while no change is under way. DONE as in commit.h, here and below. */
void change_reload(const struct change_ask *ask, commit_fn done, void *arg);
/* What a client offers (change_offer.h) is applied, and takes its place in the files. */
void change_commit(const struct change_ask *ask, commit_fn done, void *arg);
/* What a reload, or the commit of an offer, would change (change_answer()), and whether anybody
 * would refuse it. */
void change_check(const struct change_ask *ask, commit_fn done, void *arg);
/* What was checked last, effective; a new reference, null where it could not be read. */
json_t *change_candidate(void);
/* To what was committed BACK commits ago. 0 takes a trial back, or what nobody has applied out of
 * the files. */
void change_rollback(const struct change_ask *ask, unsigned back, commit_fn done, void *arg);
/* What runs, with another log-level until the next change. It is not kept. Only while something
 * runs. */
void change_log_level(const char *level, commit_fn done, void *arg);
/* Has the daemons remove everything that they installed (commit_teardown()). */
void change_teardown(commit_fn done, void *arg);

/* Of the last change: {"commit", "changed", "statements", "confirm-seconds"}; a new reference. */
json_t *change_answer(void);
/* The records, newest first, before them files that were refused at the start; a new reference. */
json_t *change_list(void);
/* What was committed BACK commits ago, the caller's; NULL with WHY. */
struct datastore_version *change_version(unsigned back, char *why, size_t size);

#endif
