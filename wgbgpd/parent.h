/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parent: what the parts of the parent process may ask of the whole.
 */
#ifndef WGBGP_PARENT_H
#define WGBGP_PARENT_H

#include "commit.h"

/* Reads the file and applies it as one commit. DONE gets NULL, or one text that says why nothing
 * changed; WARNINGS (may be NULL) gets what else there is to say, one JSON string each. A file
 * without any interface, while some run, is refused unless MAY_BE_EMPTY. */
void parent_reload(commit_fn done, void *arg, json_t *warnings, bool may_be_empty);
/* Stops everything, after what is being sent. */
void parent_stop(const char *why);

/* Runs until SIGTERM or a teardown; the exit status. PATH: the configuration. */
int parent_run(const char *path, const char *rundir);

#endif
