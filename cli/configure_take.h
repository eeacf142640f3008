/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * configure_take: statements of another configuration come into the candidate, and its own go, by
 * edits of its texts: what is the same in both stays as it is written, comments too.
 */
#ifndef WGBGP_CLI_CONFIGURE_TAKE_H
#define WGBGP_CLI_CONFIGURE_TAKE_H

#include "candidate.h"

/* All of WANT. REPLACE: and nothing else. 0 or as candidate_edit(). */
int configure_take(struct candidate *c, const struct conf *want, bool replace,
		   struct conf_errors *errs);
/* The entry KEY becomes a copy of the entry AT. -EEXIST, or as candidate_edit(). */
int configure_take_copy(struct candidate *c, const struct configure_path *at, const char *key,
			struct conf_errors *errs);

#endif
