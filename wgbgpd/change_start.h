/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change_start: the first configuration of a life: that of the files, or what the journal says of a
 * trial, or of a change that a crash broke off (change_index.h).
 *
 * Files that are refused (edited while nothing ran) lock nobody out, nor do files of which a daemon
 * dies: what was committed runs, the files stay as they are, and change_refusal() says why until
 * another configuration runs. What has failed behind the check, at a start or before, is not tried
 * again by later starts, but by a reload; another edit is. So it is after three starts in a row
 * that did not come to their end, whatever it was that ended them. A start of another version of
 * wgbgp forgets both: it tries the files once more.
 */
#ifndef WGBGP_CHANGE_START_H
#define WGBGP_CHANGE_START_H

#include "commit.h"
#include "datastore.h"

/* What is to run first, of the file MAIN; NULL after errors: nothing was committed, or that is
 * refused as well. CHANGED hears of each configuration that runs. ERRS of files that do not run may
 * be there, too. */
struct datastore_version *change_first(const char *main, void (*changed)(void),
				       struct conf_errors *errs);
/* Applies it; takes it over. DONE as in commit.h. */
void change_begin_first(struct datastore_version *first, commit_fn done, void *arg);
void change_close(void);

#endif
