/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * configure_commit: a candidate becomes the running configuration. The files that differ are
 * written beside the configuration's own, with the rights of who runs this program; wgbgpd looks
 * whether the others are still what was started from, applies all, and moves them to their places.
 * What it would do can be asked before (plan.h).
 */
#ifndef WGBGP_CLI_CONFIGURE_COMMIT_H
#define WGBGP_CLI_CONFIGURE_COMMIT_H

#include "candidate.h"
#include "session.h"

/* What the candidate would do. 0, or -1 after the error was written. */
int configure_plan(struct cli_session *s, const struct candidate *c, bool json);
/* ASK has "comment", "confirmed", "check" and so on of the request, where they were said; it is
 * taken over. What is lost by it is said first. 0, or -1 after the error was written. */
int configure_commit(struct cli_session *s, struct candidate *c, json_t *ask);

/* ON: nobody else changes the configuration, until it is switched off again. 1: others could until
 * now; -1 after the error was written. */
int configure_hold(struct cli_session *s, bool on);

/* Why a commit will be refused to this user: text to be freed; NULL: it will not. */
char *configure_commit_forbidden(const struct candidate *c);

/* Errors as a command's; warnings where WARNINGS. Frees ERRS. */
void configure_say(struct cli_session *s, struct conf_errors *errs, bool warnings);

#endif
