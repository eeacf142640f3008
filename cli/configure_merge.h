/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * configure_merge: somebody else has changed the files since the candidate began: what this
 * operator changed is done to what they say now.
 */
#ifndef WGBGP_CLI_CONFIGURE_MERGE_H
#define WGBGP_CLI_CONFIGURE_MERGE_H

#include "candidate.h"
#include "session.h"

/* The files do not say any more what the candidate began with. */
bool configure_merge_needed(const struct candidate *c);
/* 0; or -1 after errors were written: what both changed to something else is named, and the
 * candidate is as it was. */
int configure_merge(struct cli_session *s, struct candidate *c);

#endif
