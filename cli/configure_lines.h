/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * configure_lines: the commands of `configure` that statements of the configuration follow: set,
 * delete, edit, show, rename, copy; and `do`, which a command of the normal prompt follows.
 */
#ifndef WGBGP_CLI_CONFIGURE_LINES_H
#define WGBGP_CLI_CONFIGURE_LINES_H

#include "candidate.h"
#include "session.h"

/* One operator's `configure`. */
struct configure {
	struct ly_ctx *ctx;
	struct candidate *c;
	struct configure_path at; /* where `edit` went */
	bool left;		  /* it is over */
	bool exclusive;		  /* nobody else changes anything */
	bool failed; /* a line of a script: the rest of what was meant is not committed */
};

bool configure_lines_has(const char *verb);
/* WORDS are those of TEXT, the verb first. 0; -1 after the error was written; 1 with ERROR. */
int configure_lines_run(struct cli_session *s, struct configure *f, const char *verb,
			const char *text, const struct configure_words *words,
			struct cli_error *error);
/* The same of statements without a verb, which belong to HOME (configure_path_home()): `edit` of a
 * place, else `set`; where that is not where `edit` went, it is said. */
int configure_lines_bare(struct cli_session *s, struct configure *f,
			 const struct configure_path *home, const char *text,
			 const struct configure_words *words, struct cli_error *error);
/* What may follow WORDS[FROM] to WORDS[TO], which are statements of the place AT. False with ERROR.
 */
bool configure_lines_choices(struct configure *f, const struct configure_path *at,
			     const struct configure_words *words, size_t from, size_t to,
			     struct session_offers *out, struct cli_error *error);

/* Writes what an edit, which gave ERR and ERRS, came to; frees ERRS. 0 or -1. */
int configure_lines_said(struct cli_session *s, int err, struct conf_errors *errs);

#endif
