/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * configure_verbs: the commands of `configure`. Those that statements of the configuration follow
 * (set, delete, show ...) are read by the schema (configure_lines.h), the others by a grammar.
 */
#ifndef WGBGP_CLI_CONFIGURE_VERBS_H
#define WGBGP_CLI_CONFIGURE_VERBS_H

#include "configure_lines.h"

extern const struct cli_grammar configure_verbs;

/* 0, or -1 after the error was written. */
int configure_verbs_run(struct cli_session *s, struct configure *f, const char *text);
/* For `?` and TAB. */
bool configure_verbs_choices(struct configure *f, const char *text, struct session_offers *out,
			     struct cli_error *error);
/* False: the operator stays. What is not committed is said, and lost. */
bool configure_verbs_leave(struct cli_session *s, struct configure *f);

#endif
