/* SPDX-License-Identifier: BSD-2-Clause */
/* edit: the interactive prompt: libedit with history, `?` for help and TAB for completion. */
#ifndef WGBGP_CLI_EDIT_H
#define WGBGP_CLI_EDIT_H

#include "session.h"

/* Runs until `exit` or end of file. */
void edit_run(struct cli_session *s);

#endif
