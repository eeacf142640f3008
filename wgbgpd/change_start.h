/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change_start: the first configuration of a life: that of the files, or what the journal says of a
 * trial, or of a change that a crash broke off (change_index.h).
 */
#ifndef WGBGP_CHANGE_START_H
#define WGBGP_CHANGE_START_H

#include "commit.h"
#include "datastore.h"

/* What is to run first, of the file MAIN; NULL after errors. CHANGED hears of each configuration
 * that runs. */
struct datastore_version *change_first(const char *main, void (*changed)(void),
				       struct conf_errors *errs);
/* Applies it; takes it over. DONE as in commit.h. */
void change_begin_first(struct datastore_version *first, commit_fn done, void *arg);
void change_close(void);

#endif
