/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import: `wgbgp-cli import wg-quick FILE...` and `import running`: what others set up becomes
 * statements of our configuration, for `load merge` of `configure` or an editor, and a report of
 * what could not be carried over. Nothing that runs is changed, and nothing is written unless all
 * was understood and the text is a configuration. Needs no wgbgpd.
 */
#ifndef WGBGP_CLI_IMPORT_H
#define WGBGP_CLI_IMPORT_H

#include "session.h"

/* As a program of its own: ARGV[0] is "import". The exit status: 0, 1, or 2 for wrong usage. */
int import_main(int argc, char **argv);
/* As a command; 0, or -1 after the reason was written. */
int import_command(struct cli_session *s, const struct cli_line *line);

#endif
