/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * configure_load: configurations that are compared with the candidate, or come into it: files, what
 * is typed, what runs, and what was committed before.
 */
#ifndef WGBGP_CLI_CONFIGURE_LOAD_H
#define WGBGP_CLI_CONFIGURE_LOAD_H

#include "conf_tree.h"
#include "session.h"

/* For conf_free(); NULL after the error was written. */
struct conf *configure_load_file(struct cli_session *s, struct ly_ctx *ctx, const char *path);
/* Lines of standard input up to one that is a single dot, or to the end. */
struct conf *configure_load_typed(struct cli_session *s, struct ly_ctx *ctx);
/* SOURCE: running, or rollback with BACK. */
struct conf *configure_load_kept(struct cli_session *s, struct ly_ctx *ctx, const char *source,
				 const char *back);
/* 0 or -1. */
int configure_load_save(struct cli_session *s, const struct conf *conf, const char *path);

#endif
